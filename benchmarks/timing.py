"""Timing for all benchmarks: contestants take turns in one run, so that a noisy machine is noisy for each of them.

Takes functions that do a number of calls and give the seconds these took; returns medians. One round is one turn of
each; what is compared are medians of many short turns, in which a neighbour's burst of work is an outlier.
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
    """A plain function as a turn."""

    def turn(number: int) -> float:
        repeat = range(number)
        start = perf_counter()
        for _ in repeat:
            function()
        return perf_counter() - start

    return turn


def interleave(turns: Mapping[str, Turn], *, rounds: int = 15, seconds: float = 0.02) -> dict[str, float]:
    """The median seconds of one call of each; a turn takes about ``seconds``, with the collector off inside it."""
    if rounds == 1:  # a smoke run: the answers count, not the times
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
            for name in names[at % len(names) :] + names[: at % len(names)]:  # nobody is always the first
                times[name].append(turns[name](numbers[name]) / numbers[name])
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return {name: median(values) for name, values in times.items()}


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The installed versions; one that is not installed is left out."""
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
    """``--quick`` (a short form), ``--smoke`` (each thing once: only the answers count), ``--json FILE``."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a short form")
    parser.add_argument("--smoke", action="store_true", help="each thing once: wrong answers fail, times mean nothing")
    parser.add_argument("--json", metavar="FILE", help="write the numbers to FILE, - for standard output")
    return parser.parse_args()


def write_json(target: str | None, result: dict[str, Any]) -> None:
    """Write ``result`` with :func:`machine` where ``--json`` says, if it says."""
    if target is None:
        return
    text = json.dumps({**machine(), **result}, indent=1)
    if target == "-":
        sys.stdout.write(text + "\n")
    else:
        with open(target, "w") as file:
            file.write(text + "\n")


def print_table(head: list[str], rows: Iterable[list[str]]) -> None:
    """Print columns, the first to the left and the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))]
        print("  ".join(cells).rstrip())
