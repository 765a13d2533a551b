"""Instructions per request, counted by callgrind: a number that a busy machine does not change, for reviews.

    python benchmarks/instructions.py [--write] [--peers] [--only hello,form,"bare hello",static]

Counts two runs of a process of its own, one with more requests than the other; the difference is the requests.
``--write`` records the counts of this interpreter in ``benchmarks/instructions.json``, where a diff shows what a
change cost; without it they are compared with what is recorded. Needs valgrind, and says so where there is none.

A row ``bare hello`` is ``hello`` by the request and response classes alone, without an application; ``static`` is a
file of 27 KB that an application serves out of a folder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import _static_peers
from _static_peers import SCENARIO as STATIC
from scenarios import SCENARIOS, Scenario, asgi_turn, wsgi_turn
from timing import print_table

ROWS = (*SCENARIOS, *(f"bare {name}" for name in SCENARIOS), "static")
PEERS = {"wsgi": ("raw", "falcon"), "asgi": ("raw", "starlette", "falcon")}
BARE_PEERS = {"wsgi": ("raw", "werkzeug", "webob", "baize"), "asgi": ("raw", "starlette", "baize")}
STATIC_PEERS = {"wsgi": ("whitenoise", "falcon", "baize"), "asgi": ("starlette", "falcon", "baize")}
RECORD = Path(__file__).with_suffix(".json")
FEW, MORE = 200, 700


def application(protocol: str, contestant: str, row: str, folder: Path) -> tuple[Any, Scenario]:
    """The application and the scenario of a row. ``folder`` contains the static files."""
    if row == "static":
        return {"wsgi": _static_peers.WSGI, "asgi": _static_peers.ASGI}[protocol][contestant](folder), STATIC
    name = row.removeprefix("bare ")
    apps = getattr(import_module(f"apps.{contestant}"), ("" if name == row else "BARE_") + protocol.upper())
    return apps[name], SCENARIOS[name]


def child(protocol: str, contestant: str, row: str, number: int) -> None:
    """Serve this many requests. Everything is imported before the requests that are counted."""
    folder = _static_peers.make_folder()
    loop = asyncio.new_event_loop()
    try:
        app, scenario = application(protocol, contestant, row, folder)
        turn = wsgi_turn(app, scenario) if protocol == "wsgi" else asgi_turn(app, scenario, loop)
        turn(number)
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
        shutil.rmtree(folder)


def collect(protocol: str, contestant: str, scenario: str, number: int) -> int:
    """The number of instructions of one process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, __file__]
    command += ["--child", protocol, contestant, scenario, str(number)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"callgrind failed:\n{done.stderr}")
    return int(found[1])


def count(protocol: str, contestant: str, scenario: str) -> int:
    """The number of instructions of one request."""
    with ThreadPoolExecutor(2) as threads:
        few, more = threads.map(lambda number: collect(protocol, contestant, scenario, number), (FEW, MORE))
    return round((more - few) / (MORE - FEW))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"record the counts in {RECORD.name}")
    parser.add_argument("--peers", action="store_true", help="count the raw protocol and the peers, too")
    parser.add_argument("--only", default=",".join(ROWS), help="rows, separated by commas")
    parser.add_argument("--protocol", choices=["wsgi", "asgi"], help="only one of them")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child[:3], int(options.child[3]))
        return
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: nothing is counted")
        return
    python = ".".join(platform.python_version_tuple()[:2])
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    rows = []
    for protocol in [options.protocol] if options.protocol else ["wsgi", "asgi"]:
        for scenario in options.only.split(","):
            table = STATIC_PEERS if scenario == "static" else BARE_PEERS if scenario.startswith("bare ") else PEERS
            for contestant in ["cardan", *(table[protocol] if options.peers else ())]:
                name = f"{protocol} {scenario}" + ("" if contestant == "cardan" else f" ({contestant})")
                number, before = count(protocol, contestant, scenario), recorded.get(python, {}).get(name)
                rows.append([name, str(number), "" if before is None else f"{(number / before - 1) * 100:+.1f} %"])
                if options.write:
                    recorded.setdefault(python, {})[name] = number
    print_table([f"Python {python}", "instructions", "recorded"], rows)
    if options.write:
        RECORD.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
