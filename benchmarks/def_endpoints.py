"""``def`` handlers on ASGI, in process: each framework runs them in a worker thread, all contestants in one run.

    python benchmarks/def_endpoints.py [--quick] [--json FILE]

Starlette and FastAPI run a ``def`` endpoint in a thread of anyio's; Falcon and asgiref in one of asyncio's executor or
of their own. The rows are two requests of request_response.py that have no body, for a ``def`` endpoint of Starlette
cannot read one. Printed are microseconds per request, the medians of turns that were taken one after the other.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from scenarios import SCENARIOS, asgi_turn, ask_asgi, check, language
from timing import Turn, arguments, interleave, machine, print_table, versions, write_json

ROWS = ("hello", "page")
PACKAGES = ["cardan", "anyio", "starlette", "fastapi", "falcon", "asgiref"]


def _cardan() -> dict[str, Any]:
    from apps.cardan import ASGI_DEF

    return ASGI_DEF


def _starlette_handlers() -> dict[str, Callable[[Any], Any]]:
    from starlette.responses import JSONResponse, PlainTextResponse

    def hello(request: Any) -> Any:
        return PlainTextResponse("Hello, World!")

    def page(request: Any) -> Any:
        args = request.query_params
        data = {
            "q": args["q"],
            "page": int(args.get("page", 1)),
            "sort": args["sort"],
            "dir": args["dir"],
            "user": request.cookies["session"],
            "language": language(request.headers.get("accept-language")),
        }
        response = JSONResponse(data, headers={"ETag": '"v42"'})
        response.set_cookie("seen", "1", max_age=3600, httponly=True, samesite="lax")
        return response

    return {"hello": hello, "page": page}


def _starlette() -> dict[str, Any]:
    from starlette.applications import Starlette
    from starlette.routing import Route

    return {name: Starlette(routes=[Route("/", handler)]) for name, handler in _starlette_handlers().items()}


def _fastapi() -> dict[str, Any]:
    from fastapi import FastAPI, Request

    found = {}
    for name, handler in _starlette_handlers().items():
        handler.__annotations__["request"] = Request
        handler.__annotations__.pop("return", None)
        app: Any = FastAPI()
        app.get("/", response_model=None)(handler)
        found[name] = app
    return found


def _falcon() -> dict[str, Any]:
    import falcon.asgi
    from apps.falcon import Hello, Page
    from falcon.util import wrap_sync_to_async

    found = {}
    for name, kind in (("hello", Hello), ("page", Page)):
        resource: Any = kind()
        resource.on_get = wrap_sync_to_async(resource.on_get)
        app: Any = falcon.asgi.App()
        app.add_route("/", resource)
        found[name] = app
    return found


def _asgiref() -> dict[str, Any]:
    """Starlette's request and response classes, with the handler run by asgiref."""
    from asgiref.sync import sync_to_async
    from starlette.requests import Request

    def make(handler: Callable[[Any], Any]) -> Any:
        run: Any = sync_to_async(handler, thread_sensitive=False)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await (await run(Request(scope, receive, send)))(scope, receive, send)

        return app

    return {name: make(handler) for name, handler in _starlette_handlers().items()}


CONTESTANTS: dict[str, Callable[[], dict[str, Any]]] = {
    "cardan": _cardan,
    "starlette": _starlette,
    "fastapi": _fastapi,
    "falcon": _falcon,
    "asgiref": _asgiref,
}


def contestants() -> dict[str, dict[str, Any]]:
    """The applications of all libraries that are installed."""
    found = {}
    for name, make in CONTESTANTS.items():
        try:
            found[name] = make()
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def measure(scenario_name: str, loop: asyncio.AbstractEventLoop, rounds: int, seconds: float) -> dict[str, float]:
    """Microseconds per request of each library. A wrong answer raises."""
    scenario, turns = SCENARIOS[scenario_name], dict[str, Turn]()
    for name, apps in contestants().items():
        app = apps[scenario_name]
        try:
            check(scenario, ask_asgi(app, scenario, loop))
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
        turns[name] = asgi_turn(app, scenario, loop)
    return {name: value * 1e6 for name, value in interleave(turns, rounds=rounds, seconds=seconds).items()}


def main() -> None:
    options = arguments(__doc__)
    rounds, seconds = (1, 0.0) if options.smoke else (25, 0.01) if options.quick else (101, 0.01)
    loop = asyncio.new_event_loop()
    result: dict[str, Any] = {"unit": "us per request", "versions": versions(PACKAGES)}
    print(", ".join(machine().values()))
    print(", ".join(f"{name} {number}" for name, number in result["versions"].items()))
    try:
        rows = result["asgi"] = {name: measure(name, loop, rounds, seconds) for name in ROWS}
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    names = list(next(iter(rows.values())))
    body = []
    for scenario, row in rows.items():
        best = min((row[name] for name in names if name != "cardan"), default=float("nan"))
        body.append([scenario, *(f"{row[name]:.1f}" for name in names), f"{best / row['cardan']:.2f}"])
    print("\nASGI, def handlers: us per request")
    print_table(["", *names, "best:cardan"], body)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
