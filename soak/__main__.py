"""Runs the load: ``python -m soak [PART ...] [--quick] [--minutes 60]``. Exits with 1 if a figure exceeds its bound.

The figures of each part that was run are written to ``soak/results.json``, with their date; those of other parts stay.
With ``--quick`` nothing is written.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from proof.record import machine

from .parts import PARTS
from .rows import QUICK, Row, Size

RESULTS = Path(__file__).with_name("results.json")


async def rows_of(name: str, size: Size) -> list[Row]:
    """The figures of one part."""
    return [row async for row in PARTS[name](size)]


def record(file: Path, name: str, command: str, rows: list[Row]) -> None:
    """Write the figures of one part, and leave those of the others as they are."""
    parts: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    parts[name] = {
        "text": (PARTS[name].__doc__ or "").strip(),
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "rows": [
            {
                "what": row.what,
                "value": round(row.value, 3),
                "unit": row.unit,
                "most": row.most if isfinite(row.most) else None,
            }
            for row in rows
        ],
    }
    parts = {name: parts[name] for name in PARTS if name in parts}
    file.write_text(json.dumps(parts, indent=1) + "\n", "utf-8")


def shown(row: Row) -> str:
    """A figure, its bound, and what is wrong."""
    bound = f"  (at most {row.most:g} {row.unit})" if isfinite(row.most) else ""
    return f"  {row.what}: {row.value:.4g} {row.unit}{bound}{'' if row.holds else f'  EXCEEDED {row.note}'}"


def main() -> int:
    """Run the parts that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts (default: all)")
    parser.add_argument("--quick", action="store_true", help="little load; what depends on the machine is not judged")
    parser.add_argument("--minutes", type=float, default=60, help="how long the mixed traffic lasts")
    options = parser.parse_args()
    size = QUICK if options.quick else replace(Size(), minutes=options.minutes)
    exceeded = False
    for name in options.parts or PARTS:
        print(f"{name}: {(PARTS[name].__doc__ or '').splitlines()[0]}", flush=True)
        rows = asyncio.run(rows_of(name, size))
        for row in rows:
            exceeded = exceeded or not (row.holds or (row.timed and options.quick))
            print(shown(row), flush=True)
        if not options.quick:
            minutes = f" --minutes {options.minutes:g}" if name == "mixed_traffic" else ""
            record(RESULTS, name, f"python -m soak {name}{minutes}", rows)
    return int(exceeded)


if __name__ == "__main__":
    sys.exit(main())
