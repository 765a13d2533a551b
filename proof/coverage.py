"""Writes the figures of the last `make coverage`: ``python -m proof.coverage``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from .record import FOLDER, record


def main() -> int:
    """Read what was measured, and write how many of the lines and branches were run."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    command = [sys.executable, "-m", "coverage", "json", "-q", "-o", "-"]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"no measurements found; run `make coverage` first\n{done.stdout}{done.stderr}".rstrip(), file=sys.stderr)
        return 1
    found = json.loads(done.stdout)["totals"]
    lines, branches = found["num_statements"], found["num_branches"]
    rows: list[dict[str, object]] = [
        {"what": "lines", "figure": f"{found['covered_lines']:,} of {lines:,}"},
        {"what": "branches", "figure": f"{found['covered_branches']:,} of {branches:,}"},
        {"what": "lines that are not counted", "figure": f"{found['excluded_lines']:,}"},
    ]
    record("coverage", "make coverage", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
