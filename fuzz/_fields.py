"""Shared code of the fuzzers of header fields: make a field, read it, check the rule, and repeat.

Takes the readers of one family. Prints the first text that breaks the rule and the seed that leads to it, and exits
with 1. The texts are made from the shapes in tests/core/fields/readers.py by cutting, joining, repeating and changing
characters. No compiled fuzzer is needed, and the same seed gives exactly the same run.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "core" / "fields"))

from readers import READERS, WORST

__all__ = ["Law", "fuzz", "same_again"]

Law = Callable[[str, Any], None]
"""Looks at a text and at what was read from it; raises AssertionError if that breaks the law."""

CHARACTERS = "ab=;,\"\\'*%01 \t/-:<>[]()qWZé\x85\xa0\x00\r\n\x7f"


def mutations(pool: list[str], rng: random.Random) -> Iterable[str]:
    """Endless texts, made from ``pool``."""
    while True:
        text = rng.choice(pool)
        for _ in range(rng.randrange(6)):
            at = rng.randrange(len(text) + 1)
            kind = rng.randrange(5)
            if kind == 0:
                text = text[:at] + rng.choice(CHARACTERS) + text[at:]
            elif kind == 1:
                text = text[:at] + text[at + rng.randrange(1, 4) :]
            elif kind == 2:
                text = text[:at] + rng.choice(pool) + text[at:]
            elif kind == 3:
                text = text[:at] + text[at : at + 8] * rng.randrange(1, 5) + text[at:]
            else:
                text = text[:at] + chr(rng.randrange(256)) + text[at + 1 :]
        text = text[:500]
        if rng.random() < 0.01:
            pool[rng.randrange(len(pool))] = text
        yield text


def fuzz(doc: str, seeds: Iterable[str], laws: dict[str, Law]) -> None:
    """Run until the time is over. ``laws`` maps the name of a reader to the check of its results."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run")
    options = parser.parse_args()
    seed = random.randrange(2**32) if options.seed is None else options.seed
    rng = random.Random(seed)
    pool = [*seeds, *(head + unit * 3 + tail for head, unit, tail in WORST)]
    end = time.monotonic() + options.seconds
    for count, text in enumerate(mutations(pool, rng)):
        for name, law in laws.items():
            try:
                law(text, READERS[name](text))
            except Exception as error:
                sys.exit(f"seed {seed}, text {count}: {name}({text!r})\n{type(error).__name__}: {error}")
        if time.monotonic() > end:
            print(f"{count + 1} texts, seed {seed}: the law holds")
            return


def same_again(text: str, value: Any, read: Callable[[str], Any]) -> None:
    """If a value is written and read again, it is equal."""
    header = value.to_header()
    assert not set(header) & set("\r\n\0"), header
    assert read(header) == value, header
