"""Runs all fuzzers in turn, and writes how many inputs they tried: ``python -m proof.fuzz --inputs 10000000``.

The fuzzers are in ``fuzz/``. ``--workers`` says how many of them run at the same time, each in a process of its own.
The run ends when all of them together have tried the number of inputs that ``--inputs`` names. With atheris (``pip
install atheris``) the inputs are chosen by the lines of code that they reach.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from .record import FOLDER, record

__all__ = ["FUZZERS", "tried", "turn"]

FUZZ = FOLDER.parent / "fuzz"
FUZZERS = sorted(path.stem for path in FUZZ.glob("[!_]*.py"))
"""The fuzzers by the names of their files."""

_count = re.compile(r"^(?:Done (\d+) runs in|(\d+) inputs, seed)", re.MULTILINE)


def tried(name: str, seconds: float, *options: str) -> tuple[int, bool]:
    """Run a fuzzer. Returns how many inputs it has tried, and whether one broke the rule, which is printed then."""
    command = [sys.executable, str(FUZZ / f"{name}.py"), "--seconds", str(seconds), *options]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    output = done.stdout + done.stderr
    counts = _count.findall(output)
    if done.returncode or not counts:
        print("\n".join(line for line in output.splitlines() if not line.startswith("#")))
        return 0, True
    return sum(int(guided or plain) for guided, plain in counts), False


def turn(names: list[str], workers: int, seconds: float, *options: str) -> dict[str, tuple[int, bool]]:
    """Run each of the fuzzers once, ``workers`` of them at the same time. Returns what :func:`tried` does, by name."""
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(names, pool.map(lambda name: tried(name, seconds, *options), names), strict=True))


def main() -> int:
    """Run the fuzzers, and write their numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many at least (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="for a turn of one fuzzer (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="fuzzers at the same time (default: one for each core)"
    )
    options = parser.parse_args()
    counts = dict.fromkeys(FUZZERS, 0)
    broken: set[str] = set()
    while sum(counts.values()) < options.inputs and broken < counts.keys():
        names = [name for name in FUZZERS if name not in broken]
        for name, (count, wrong) in turn(names, options.workers, options.seconds).items():
            counts[name] += count
            broken |= {name} if wrong else set()
        rows: list[dict[str, object]] = [
            {"what": name, "trials": count, "differences": int(name in broken)} for name, count in counts.items()
        ]
        record("fuzz", f"python -m proof.fuzz --inputs {options.inputs}", rows)
        print(f"{sum(counts.values())} inputs, broken: {sorted(broken) or 'none'}", flush=True)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
