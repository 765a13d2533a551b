"""Runs the load: ``python -m soak [PART ...] [--quick] [--minutes 60]``. Exits with 1 if a figure exceeds its bound."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proof.record import machine

from .parts import PARTS, QUICK, Row, Size

RESULTS = Path(__file__).with_name("results.json")


async def rows_of(name: str, size: Size) -> list[Row]:
    """The figures of one part."""
    return [row async for row in PARTS[name](size)]


def main() -> int:
    """Run the parts that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts (default: all)")
    parser.add_argument("--quick", action="store_true", help="little load; what depends on the machine is not judged")
    parser.add_argument("--minutes", type=float, default=60, help="how long the mixed traffic lasts")
    options = parser.parse_args()
    size = QUICK if options.quick else replace(Size(), minutes=options.minutes)
    found: dict[str, list[dict[str, Any]]] = {}
    exceeded = False
    for name in options.parts or PARTS:
        print(f"{name}: {(PARTS[name].__doc__ or '').splitlines()[0]}", flush=True)
        for row in asyncio.run(rows_of(name, size)):
            judged = not (row.timed and options.quick)
            exceeded = exceeded or (judged and not row.holds)
            bound = "" if row.most == float("inf") else f"  (at most {row.most:g} {row.unit})"
            print(f"  {row.what}: {row.value:.4g} {row.unit}{bound}{'' if row.holds else '  EXCEEDED'}", flush=True)
            found.setdefault(name, []).append({"what": row.what, "value": round(row.value, 3), "unit": row.unit})
    if not options.quick and not options.parts:
        date = datetime.now(UTC).date().isoformat()
        written = {"date": date, "machine": machine(), "minutes": options.minutes, "parts": found}
        RESULTS.write_text(json.dumps(written, indent=1) + "\n", "utf-8")
    return int(exceeded)


if __name__ == "__main__":
    sys.exit(main())
