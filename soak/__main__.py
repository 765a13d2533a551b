"""Runs the load tests: ``python -m soak [PART ...] [--quick] [--minutes 60] [--peer starlette]``.

The figures of each part are written to ``soak/results.json``, with the date; those of other parts stay. With
``--quick`` the load is small, and nothing is written. Nor are the figures of ``mixed_traffic`` written if it lasts less
than an hour. The exit status is 1 if a figure exceeds its bound.

With ``--peer`` another library gets the same load. Its figures are written to ``soak/peers.json``, and have no bounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from proof.record import SERVERS, load, origin

from .parts import COMPARED, PARTS
from .rows import CARDAN, PEERS, QUICK, Library, Row, Size

RESULTS = Path(__file__).with_name("results.json")
PEER_RESULTS = Path(__file__).with_name("peers.json")


async def rows_of(name: str, size: Size, library: Library = CARDAN) -> list[Row]:
    """The figures of one part."""
    if name in COMPARED:
        return [row async for row in COMPARED[name](size, library)]
    return [row async for row in PARTS[name](size)]


def record(file: Path, name: str, found: dict[str, object], rows: list[Row], library: Library = CARDAN) -> None:
    """Write the figures of one part with their origin ``found``, and leave those of the others as they are."""
    parts: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    values = [{"what": row.what, "value": round(row.value, 3), "unit": row.unit} for row in rows]
    if library is CARDAN:
        bounds = [{"most": row.most if isfinite(row.most) else None} for row in rows]
        parts[name] = {**found, "rows": [value | bound for value, bound in zip(values, bounds)]}
    else:
        others = parts.setdefault(name, {})
        others[library.name] = {**found, "rows": values}
        parts[name] = {peer.name: others[peer.name] for peer in PEERS.values() if peer.name in others}
    parts = {name: parts[name] for name in PARTS if name in parts}
    file.write_text(json.dumps(parts, indent=1) + "\n", "utf-8")


def shown(row: Row, judged: bool) -> str:
    """A figure as it is printed, with its bound, and with its note if it exceeds the bound."""
    bound = f"  (at most {row.most:g} {row.unit})" if isfinite(row.most) else ""
    wrong = f"  EXCEEDED {row.note}" if judged else "  exceeded, not judged here"
    return f"  {row.what}: {row.value:.4g} {row.unit}{bound}{'' if row.holds else wrong}"


def main() -> int:
    """Run the parts that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which parts (default: all): {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="little load; what depends on the machine is not judged")
    parser.add_argument("--minutes", type=float, default=60, help="how long the mixed traffic lasts")
    parser.add_argument("--peer", choices=PEERS, help="put the load on another library instead of cardan")
    options = parser.parse_args()
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"got the parts {', '.join(unknown)}, expected some of {', '.join(PARTS)}")
    size = QUICK if options.quick else replace(Size(), minutes=options.minutes)
    library = PEERS[options.peer] if options.peer else CARDAN
    exceeded = False
    for name in options.parts or (library.parts if options.peer else PARTS):
        if options.peer and name not in library.parts:
            parser.error(f"{library.name} has no part {name}; it has {', '.join(library.parts)}")
        print(f"{name}: {(PARTS[name].__doc__ or '').splitlines()[0]}", flush=True)
        started = load()
        rows = asyncio.run(rows_of(name, size, library))
        for row in rows:
            judged = not (options.peer or (row.timed and options.quick))
            exceeded = exceeded or (judged and not row.holds)
            print(shown(row, judged), flush=True)
        if options.quick or (name == "mixed_traffic" and size.minutes < Size().minutes):
            print("  not written: this is not the whole load", flush=True)
        else:
            file = PEER_RESULTS if options.peer else RESULTS
            extra = f" --minutes {options.minutes:g}" if name == "mixed_traffic" else ""
            extra += f" --peer {options.peer}" if options.peer else ""
            found = origin(f"python -m soak {name}{extra}", started, (*SERVERS, *filter(None, [options.peer])))
            record(file, name, found, rows, library)
            print(f"  written: soak/{file.name}", flush=True)
    return int(exceeded)


if __name__ == "__main__":
    sys.exit(main())
