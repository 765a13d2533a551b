"""Request and response in one process, without a socket: five scenarios on both protocols.

    python benchmarks/request_response.py [--quick] [--json FILE] [--only hello,page] [--protocol wsgi]

Every answer is checked before anything is timed. Printed are microseconds per request, as the median of turns, and
microseconds above the floor. The floor is the raw protocol (making the environ or scope, reading the body, answering)
and the calls of the standard library that every library needs (``json.loads``, ``json.dumps``). A difference of up to
10 % is a tie. ``cardan def`` on ASGI is a ``def`` handler in a worker thread; the other columns for ASGI are
``async def``. The last lines are the cost of ``Request(environ)`` and ``Request(scope, ...)``, minus that of an object
of an empty class.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from scenarios import SCENARIOS, asgi_turn, ask_asgi, ask_wsgi, check, wsgi_turn
from timing import Turn, calls, interleave, machine, print_table, versions, write_json

PEERS = {
    "wsgi": ("cardan", "falcon", "webob", "baize", "bottle", "werkzeug"),
    "asgi": ("cardan", "starlette", "falcon", "baize"),
}
ALONE = "cardan def"


def contestants(protocol: str, peers: Sequence[str], bare: bool = False) -> dict[str, dict[str, Any]]:
    """The applications of all installed libraries for one protocol.

    With ``bare``, they use only the request and response classes, without an application.
    """
    attribute = f"BARE_{protocol.upper()}" if bare else protocol.upper()
    found = {"raw": getattr(import_module("apps.raw"), attribute)}
    for name in peers:
        try:
            module = import_module(f"apps.{name}")
        except ImportError as error:
            if name == "cardan":
                raise
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        found[name] = getattr(module, attribute)
        if name == "cardan" and protocol == "asgi" and not bare:
            found[ALONE] = module.ASGI_DEF
    return found


def turns(
    protocol: str, scenario_name: str, loop: asyncio.AbstractEventLoop, peers: Sequence[str], bare: bool = False
) -> dict[str, Turn]:
    """One turn for each library. A wrong answer raises."""
    scenario = SCENARIOS[scenario_name]
    found: dict[str, Turn] = {}
    for name, apps in contestants(protocol, peers, bare).items():
        app = apps[scenario_name]
        answer = ask_wsgi(app, scenario) if protocol == "wsgi" else ask_asgi(app, scenario, loop)
        if name != "raw":
            try:
                check(scenario, answer)
            except AssertionError as error:
                raise AssertionError(f"{name} on {protocol}: {error}") from None
        found[name] = wsgi_turn(app, scenario) if protocol == "wsgi" else asgi_turn(app, scenario, loop)
    if scenario.floor is not None:
        found["floor"] = calls(scenario.floor)
    return found


def measure(
    protocol: str,
    scenario: str,
    loop: asyncio.AbstractEventLoop,
    rounds: int,
    seconds: float,
    peers: Sequence[str],
    bare: bool = False,
) -> dict[str, float]:
    """Microseconds per request of each library, and of the ``floor``."""
    times = interleave(turns(protocol, scenario, loop, peers, bare), rounds=rounds, seconds=seconds)
    row = {name: value * 1e6 for name, value in times.items()}
    row["floor"] = row["raw"] + row.get("floor", 0.0)
    return row


class Empty:
    """A class that does nothing, to measure the cost of an object."""

    def __init__(self, scope: Any, receive: Any = None, send: Any = None) -> None:
        pass


def measure_opening(rounds: int, seconds: float) -> dict[str, float]:
    """Microseconds for making a request object, minus those for an object of an empty class, on both protocols."""
    from cardan import Request

    environ, scope = SCENARIOS["hello"].environ(), SCENARIOS["hello"].scope()
    times = interleave(
        {
            "empty wsgi": calls(lambda: Empty(environ)),
            "wsgi": calls(lambda: Request(environ)),
            "empty asgi": calls(lambda: Empty(scope, None, None)),
            "asgi": calls(lambda: Request(scope, None, None)),
        },
        rounds=rounds,
        seconds=seconds,
    )
    return {kind: (times[kind] - times[f"empty {kind}"]) * 1e6 for kind in ("wsgi", "asgi")}


def show(title: str, rows: dict[str, dict[str, float]]) -> None:
    """Print one protocol as two tables: microseconds, and microseconds above the floor."""
    names = [name for name in next(iter(rows.values())) if name != "floor"]
    peers = [name for name in names if name not in ("raw", "cardan", ALONE)]
    print(f"\n{title}: us per request")
    body = []
    for scenario, row in rows.items():
        best = min((row[name] for name in peers), default=float("nan"))
        ratios = [f"{row['cardan'] / row['raw']:.2f}", f"{best / row['cardan']:.2f}"]
        body.append([scenario, *(f"{row[name]:.1f}" for name in names), *ratios])
    print_table(["", *names, "cardan:raw", "best:cardan"], body)
    print(f"\n{title}: us above the floor")
    body = []
    for scenario, row in rows.items():
        over = {name: row[name] - row["floor"] for name in names if name != "raw"}
        best = min((over[name] for name in peers), default=float("nan"))
        body.append(
            [
                scenario,
                f"{row['floor']:.1f}",
                *(f"{value:.1f}" for value in over.values()),
                f"{best / over['cardan']:.2f}",
            ]
        )
    print_table(["", "floor", *(name for name in names if name != "raw"), "best:cardan"], body)


def parse_arguments(doc: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a short form")
    parser.add_argument("--smoke", action="store_true", help="each thing once: wrong answers fail, times mean nothing")
    parser.add_argument("--json", metavar="FILE", help="write the numbers to FILE, - for standard output")
    parser.add_argument("--only", help="scenarios, separated by commas", default=",".join(SCENARIOS))
    parser.add_argument("--protocol", choices=["wsgi", "asgi"], help="only one of them")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments(__doc__)
    rounds, seconds = (1, 0.0) if options.smoke else (25, 0.003) if options.quick else (201, 0.003)
    loop = asyncio.new_event_loop()
    result: dict[str, Any] = {"unit": "us per request", "versions": versions(["cardan", *PEERS["wsgi"], "starlette"])}
    print(", ".join(machine().values()))
    print(", ".join(f"{name} {number}" for name, number in result["versions"].items()))
    try:
        for protocol in [options.protocol] if options.protocol else PEERS:
            rows = {
                name: measure(protocol, name, loop, rounds, seconds, PEERS[protocol])
                for name in options.only.split(",")
            }
            show(protocol.upper(), rows)
            result[protocol] = rows
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    result["opening"] = measure_opening(rounds, seconds)
    cost = ", ".join(f"{kind} {value:.2f}" for kind, value in result["opening"].items())
    print(f"\nopening a request, us beyond an object of an empty class: {cost}")
    write_json(options.json, result)


if __name__ == "__main__":
    main()
