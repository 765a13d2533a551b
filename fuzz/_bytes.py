"""Shared code of all fuzzers: make inputs, and check the rule for each of them.

A fuzzer calls :func:`fuzz` with its rule, which is a function of bytes that raises AssertionError if the rule is
broken, and with inputs to begin with. If atheris is installed (a coverage-guided fuzzer, ``pip install atheris``), it
makes the inputs. Without it, or with ``--plain``, they are made at random from the first ones, and ``--seed`` repeats a
run exactly. An input that breaks the rule is printed, and the exit status is 1. :func:`fuzz` adds one rule for all
fuzzers: no input takes a second of processor time.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

__all__ = ["fuzz"]

Law = Callable[[bytes], None]


def grow(pool: list[bytes], tokens: list[bytes], rand: random.Random) -> Iterable[bytes]:
    """Endless inputs, made from ``pool``."""
    while True:
        body = rand.choice(pool)
        for _ in range(rand.randrange(8)):
            at = rand.randrange(len(body) + 1)
            kind = rand.randrange(5)
            if kind == 0:
                body = body[:at] + rand.choice(tokens) + body[at:]
            elif kind == 1:
                body = body[:at] + body[at + rand.randrange(1, 9) :]
            elif kind == 2:
                body = body[:at] + rand.choice(pool) + body[at:]
            elif kind == 3:
                body = body[:at] + body[at : at + 30] * rand.randrange(1, 4) + body[at:]
            else:
                body = body[:at] + bytes([rand.randrange(256)]) + body[at + 1 :]
        body = body[:2000]
        if rand.random() < 0.02:
            pool[rand.randrange(len(pool))] = body
        yield body


def fuzz(doc: str | None, law: Law, seeds: list[bytes], tokens: list[bytes]) -> None:
    """Check ``law`` for inputs until the time is over."""

    def rule(data: bytes) -> None:
        begin = time.process_time()
        law(data)
        taken = time.process_time() - begin
        assert taken < 1, f"got {taken:.1f} seconds of processor time, expected less than one"

    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run without atheris")
    parser.add_argument("--plain", action="store_true", help="without atheris")
    options = parser.parse_args()
    if not options.plain and options.seed is None and _with_atheris(rule, options.seconds, seeds, tokens):
        return
    seed = random.randrange(2**32) if options.seed is None else options.seed
    end = time.monotonic() + options.seconds
    count = 0
    for count, body in enumerate(grow(list(seeds), tokens, random.Random(seed))):
        try:
            rule(body)
        except Exception as error:
            notes = "\n".join(getattr(error, "__notes__", ()))
            sys.exit(f"seed {seed}, input {count}: {body!r}\n{type(error).__name__}: {error}\n{notes}")
        if time.monotonic() > end:
            break
    print(f"{count + 1} inputs, seed {seed}: the rule holds")


def _with_atheris(law: Law, seconds: float, seeds: list[bytes], tokens: list[bytes]) -> bool:
    """Let atheris make the inputs, guided by which lines of cardan they reach. False if it is not installed."""
    try:
        import atheris
    except ImportError:
        return False
    for code in functions_of("cardan"):
        atheris.instrument_func(code)
    with TemporaryDirectory() as folder:
        if (child := os.fork()) == 0:  # libFuzzer ends its process
            for number, seed in enumerate(seeds):
                Path(folder, str(number)).write_bytes(seed)
            words = Path(folder, "words.dict")
            escaped = ("".join(f"\\x{byte:02x}" for byte in token) for token in tokens)
            words.write_text("".join(f'"{word}"\n' for word in escaped if word))
            options = [f"-max_total_time={max(1, int(seconds))}", f"-dict={words}", "-max_len=2000"]
            options.append(f"-artifact_prefix={folder}/")  # what breaks the rule is printed, too
            atheris.Setup([sys.argv[0], *options, folder], law)
            atheris.Fuzz()
        _, status = os.waitpid(child, 0)
    if status:
        sys.exit(1)
    return True


def functions_of(package: str) -> Iterable[FunctionType]:
    """Every function and method of the modules of a package that are loaded."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package:
            for value in list(vars(module).values()):
                members = vars(value).values() if isinstance(value, type) and value.__module__ == name else [value]
                for member in members:
                    found = getattr(member, "__func__", getattr(member, "fget", member))
                    if isinstance(found, FunctionType) and found.__module__ == name:
                        yield found
