"""Runs all tests in random orders, one order for each run: ``python -m proof.order --runs 20``.

With ``--alone`` they run in one process, otherwise in several, as `make test` does. Each version of Python and each of
these two ways has a row of its own, to which each run is added: delete `proof/order.json` to begin anew. The first seed
is the one after the highest of the row, unless ``--first`` says which. The page of the figures is written after each
run: one of the tests compares it with them.
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

__all__ = ["added", "passes", "seeds_of"]

PARALLEL = ("-n", str((os.cpu_count() or 1) + 1), "--maxprocesses", "8", "--dist", "loadfile", "--no-loadscope-reorder")


def passes(seed: str, *options: str) -> bool:
    """Whether all tests pass in the order that belongs to ``seed``. What fails is printed."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--random-order", seed, *options]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"order {seed}:\n{done.stdout[-20_000:]}\n{done.stderr[-2_000:]}", flush=True)
    return done.returncode == 0


def seeds_of(text: str) -> list[int]:
    """The seeds that a row names: ``"1 to 3, 21"`` are 1, 2, 3 and 21."""
    found: list[int] = []
    for part in filter(None, text.split(", ")):
        first, _, last = part.partition(" to ")
        found += range(int(first), int(last or first) + 1)
    return found


def named(seeds: list[int]) -> str:
    """The text of ``seeds`` for a row, see :func:`seeds_of`."""
    runs: list[list[int]] = []
    for seed in sorted(seeds):
        if runs and seed <= runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(f"{run[0]} to {run[-1]}" if run[-1] > run[0] else str(run[0]) for run in runs)


def added(rows: list[dict[str, Any]], what: str, seed: int, passed: bool) -> list[dict[str, Any]]:
    """``rows`` with one more run in the row of ``what``. The rows are in the order of their names."""
    row: dict[str, Any] = {"seeds": "", "trials": 0, "differences": 0}
    row = next((row for row in rows if row["what"] == what), row)
    new = {
        "what": what,
        "seeds": named([*seeds_of(row["seeds"]), seed]),
        "trials": row["trials"] + 1,
        "differences": row["differences"] + (not passed),
    }
    return sorted([*(row for row in rows if row["what"] != what), new], key=lambda row: row["what"])


def main() -> int:
    """Run the tests, and write how often they passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="how many orders (default: %(default)s)")
    parser.add_argument("--first", type=int, help="the seed of the first one (default: the next of the row)")
    parser.add_argument("--alone", action="store_true", help="in one process")
    options = parser.parse_args()
    what = f"{machine().rpartition(', ')[2]}, {'in one process' if options.alone else 'in parallel'}"
    command = f"python -m proof.order --runs {options.runs}{' --alone' if options.alone else ''}"
    tried = [seed for row in known() if row["what"] == what for seed in seeds_of(row["seeds"])]
    first = max(tried, default=0) + 1 if options.first is None else options.first
    failed = 0
    for seed in range(first, first + options.runs):
        passed = passes(str(seed), *(() if options.alone else PARALLEL))
        failed += not passed
        record("order", command, added(known(), what, seed, passed))
        PAGE.write_text(written(), encoding="utf-8")
        print(f"{what}: seed {seed} {'passed' if passed else 'failed'}", flush=True)
    return int(failed > 0)


def known() -> list[dict[str, Any]]:
    """The rows of earlier commands."""
    file = FOLDER / "order.json"
    rows: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["rows"] if file.exists() else []
    return rows


if __name__ == "__main__":
    sys.exit(main())
