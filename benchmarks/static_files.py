"""Static files, in process, without a socket: a file of 27 KB from a folder, all contestants in one run.

    python benchmarks/static_files.py [--quick] [--json FILE]

Rows: the whole file, and an answer of 304 to a client that has it (``If-Modified-Since``). WhiteNoise reads the folder
once, when it is made; all others look at the disk for each request. Printed are microseconds per request, the medians
of turns that were taken one after the other. Every answer is checked before anything is timed.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from _static_peers import ASGI, SCENARIO, WSGI, make_folder
from scenarios import asgi_turn, ask_asgi, ask_wsgi, check, wsgi_turn
from timing import Turn, arguments, interleave, machine, print_table, versions, write_json

SCENARIOS = {
    "27 KB": SCENARIO,
    "not modified": replace(
        SCENARIO,
        name="not modified",
        expected=b"",
        status=304,
        fields=(("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),),
    ),
}
PEERS = {"wsgi": WSGI, "asgi": ASGI}
PACKAGES = ["cardan", "whitenoise", "starlette", "falcon", "baize", "werkzeug"]


def contestants(protocol: str, folder: Path) -> dict[str, Any]:
    """The applications of all installed libraries for one protocol."""
    found = {}
    for name, make in PEERS[protocol].items():
        try:
            found[name] = make(folder)
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def measure(
    protocol: str, scenario: str, folder: Path, loop: asyncio.AbstractEventLoop, rounds: int, seconds: float
) -> dict[str, float]:
    """Microseconds per request of each library. A wrong answer raises."""
    asked, turns = SCENARIOS[scenario], dict[str, Turn]()
    for name, app in contestants(protocol, folder).items():
        answer = ask_wsgi(app, asked) if protocol == "wsgi" else ask_asgi(app, asked, loop)
        try:
            check(asked, answer)
        except AssertionError as error:
            raise AssertionError(f"{name} on {protocol}: {error}") from None
        turns[name] = wsgi_turn(app, asked) if protocol == "wsgi" else asgi_turn(app, asked, loop)
    times = interleave(turns, rounds=rounds, seconds=seconds)
    return {name: value * 1e6 for name, value in times.items()}


def main() -> None:
    options = arguments(__doc__)
    rounds, seconds = (1, 0.0) if options.smoke else (25, 0.005) if options.quick else (201, 0.005)
    loop = asyncio.new_event_loop()
    folder = make_folder()
    result: dict[str, Any] = {"unit": "us per request", "versions": versions(PACKAGES)}
    print(", ".join(machine().values()))
    print(", ".join(f"{name} {number}" for name, number in result["versions"].items()))
    try:
        for protocol in PEERS:
            rows = {name: measure(protocol, name, folder, loop, rounds, seconds) for name in SCENARIOS}
            result[protocol] = rows
            names = list(next(iter(rows.values())))
            body = []
            for scenario, row in rows.items():
                best = min((row[name] for name in names if name != "cardan"), default=float("nan"))
                body.append([scenario, *(f"{row[name]:.1f}" for name in names), f"{best / row['cardan']:.2f}"])
            print(f"\n{protocol.upper()}, static files: us per request")
            print_table(["", *names, "best:cardan"], body)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        rmtree(folder)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
