"""Import time: how long ``import cardan`` and importing its names take, in new interpreters that take turns.

    python benchmarks/import_time.py [--quick] [--json FILE]

Printed are milliseconds, as medians, minus those of an interpreter that imports nothing; the bytecode is cached.
``cardan`` imports lazily, so the second row is the time of an application. The benchmark also checks that a WSGI
application with ``def`` handlers does not load anyio.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent))

from timing import Turn, arguments, interleave, machine, print_table, write_json

SERVED = """
from cardan import Request, Response
@Request.application
def app(request): return Response("hello")
list(app({"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "a", "SERVER_PORT": "80"}, lambda *start: None))
import sys
assert "anyio" not in sys.modules and "asyncio" not in sys.modules
"""
STATEMENTS = {
    "import cardan": "import cardan",
    "from cardan import Request, Response": "from cardan import Request, Response",
    "cardan, one WSGI request served": SERVED,
    "import cardan.core": "import cardan.core",
    "werkzeug: Request, Response": "from werkzeug.wrappers import Request, Response",
    "starlette: Request, Response": "from starlette.requests import Request; from starlette.responses import Response",
    "falcon": "import falcon",
    "falcon.asgi": "import falcon.asgi",
    "webob": "import webob",
    "bottle": "import bottle",
    "baize.wsgi": "import baize.wsgi",
    "import asyncio": "import asyncio",
}


def interpreter(code: str) -> Turn:
    def turn(number: int) -> float:
        start = perf_counter()
        for _ in range(number):
            subprocess.run([sys.executable, "-c", code], check=True)
        return perf_counter() - start

    return turn


def installed(code: str) -> bool:
    names = [word.partition(".")[0].rstrip(";") for word in code.replace("from ", "import ").split("import ")[1:2]]
    return all(find_spec(name.split()[0]) is not None for name in names)


def main() -> None:
    options = arguments(__doc__)
    rounds = 1 if options.smoke else 5 if options.quick else 15
    turns = {"nothing": interpreter("pass")}
    turns |= {name: interpreter(code) for name, code in STATEMENTS.items() if installed(code.strip())}
    times = interleave(turns, rounds=rounds, seconds=0.0)
    result = {name: (seconds - times["nothing"]) * 1e3 for name, seconds in times.items() if name != "nothing"}
    print(", ".join(machine().values()))
    print_table(["import time, ms", ""], [[name, f"{value:.1f}"] for name, value in result.items()])
    write_json(options.json, {"unit": "ms", "imports": result})


if __name__ == "__main__":
    main()
