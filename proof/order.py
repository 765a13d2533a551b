"""Runs all tests in random orders, one order for each run: ``python -m proof.order --runs 20``.

With ``--alone`` they run in one process, otherwise in several, as `make test` does. Each version of Python and each of
these two ways has a row of its own; a run replaces its own row only. The page of the figures is written after each run:
one of the tests compares it with them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from .page import PAGE, written
from .record import FOLDER, machine, record

__all__ = ["passes"]

PARALLEL = ("-n", str((os.cpu_count() or 1) + 1), "--maxprocesses", "8", "--dist", "loadfile", "--no-loadscope-reorder")


def passes(seed: str, *options: str) -> bool:
    """Whether all tests pass in the order that belongs to ``seed``. What fails is printed."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--random-order", seed, *options]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"order {seed}:\n{done.stdout[-20_000:]}\n{done.stderr[-2_000:]}", flush=True)
    return done.returncode == 0


def main() -> int:
    """Run the tests, and write how often they passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="how many orders (default: %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the seed of the first one (default: %(default)s)")
    parser.add_argument("--alone", action="store_true", help="in one process")
    options = parser.parse_args()
    what = f"{machine().rpartition(', ')[2]}, {'in one process' if options.alone else 'in parallel'}"
    command = f"python -m proof.order --runs {options.runs}{' --alone' if options.alone else ''}"
    failed = 0
    for number in range(options.runs):
        failed += not passes(str(options.first + number), *(() if options.alone else PARALLEL))
        rows: list[dict[str, Any]] = [row for row in known() if row["what"] != what]
        seeds = f"{options.first} to {options.first + number}" if number else str(options.first)
        rows.append({"what": what, "seeds": seeds, "trials": number + 1, "differences": failed})
        record("order", command, sorted(rows, key=lambda row: row["what"]))
        PAGE.write_text(written(), encoding="utf-8")
        print(f"{what}: {number + 1} runs, {failed} failed", flush=True)
    return int(failed > 0)


def known() -> list[dict[str, Any]]:
    """The rows of earlier commands."""
    file = FOLDER / "order.json"
    rows: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["rows"] if file.exists() else []
    return rows


if __name__ == "__main__":
    sys.exit(main())
