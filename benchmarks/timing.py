"""Measures times for all benchmarks. The libraries take turns in one run, so a busy machine affects all of them.

The functions take turns, which make a number of calls and return their seconds, and give medians. In one round each
library has one turn. Many short turns are compared by their medians, so short disturbances do not matter.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from time import perf_counter
from typing import Any

__all__ = ["arguments", "calls", "interleave", "machine", "print_table", "versions", "write_json"]

Turn = Callable[[int], float]
"""Does its work that many times, returns the seconds it took."""


def calls(function: Callable[[], object]) -> Turn:
    """A turn that calls a plain function."""

    def turn(number: int) -> float:
        repeat = range(number)
        start = perf_counter()
        for _ in repeat:
            function()
        return perf_counter() - start

    return turn


def interleave(turns: Mapping[str, Turn], *, rounds: int = 15, seconds: float = 0.02) -> dict[str, float]:
    """The median seconds of one call of each.

    A turn takes about ``seconds``. The garbage collector is off during a turn.
    """
    if rounds == 1:  # a smoke run checks the answers and measures no times
        return {name: turn(1) for name, turn in turns.items()}
    numbers = {}
    for name, turn in turns.items():
        turn(2)  # what is imported, compiled or remembered at the first call is not measured
        once = min(turn(3), turn(3)) / 3
        numbers[name] = max(1, int(seconds / max(once, 1e-9)))
    times: dict[str, list[float]] = {name: [] for name in turns}
    names = list(turns)
    gc.collect()
    gc.freeze()  # what was imported is not looked at again: collecting between turns is quick
    gc.disable()
    try:
        for at in range(rounds):
            for name in (
                names[at % len(names) :] + names[: at % len(names)]
            ):  # each library is the first one in some rounds
                times[name].append(turns[name](numbers[name]) / numbers[name])
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return {name: median(values) for name, values in times.items()}


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The versions of the installed libraries."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    """Date, interpreter and machine, for the head of a table."""
    model = ""
    try:
        with open("/proc/cpuinfo") as lines:
            model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        pass
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores {model}".strip(),
    }


def arguments(doc: str | None) -> argparse.Namespace:
    """``--quick`` (a short run), ``--smoke`` (each benchmark once, to check the answers), and ``--json FILE``."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a short form")
    parser.add_argument("--smoke", action="store_true", help="each thing once: wrong answers fail, times mean nothing")
    parser.add_argument("--json", metavar="FILE", help="write the numbers to FILE, - for standard output")
    return parser.parse_args()


def chosen(doc: str | None, servers: Mapping[str, object]) -> list[str]:
    """The servers that the command names; all of them if it names none."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    names = ", ".join(map(repr, servers))
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=f"which servers (default: all): {names}")
    named: list[str] = parser.parse_args().servers
    if unknown := [name for name in named if name not in servers]:
        parser.error(f"got the server {unknown[0]!r}, expected one of: {names}")
    return named or list(servers)


def write_json(target: str | None, result: dict[str, Any]) -> None:
    """Write ``result`` and :func:`machine` to the file of ``--json``, if there is one."""
    if target is None:
        return
    text = json.dumps({**machine(), **result}, indent=1)
    if target == "-":
        sys.stdout.write(text + "\n")
    else:
        with open(target, "w") as file:
            file.write(text + "\n")


def print_table(head: list[str], rows: Iterable[list[str]]) -> None:
    """Print columns. The first one is aligned to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))]
        print("  ".join(cells).rstrip())
