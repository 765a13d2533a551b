"""Compression and CORS around the same application, in process, beside Starlette's middleware.

    python benchmarks/wrappers.py [--quick] [--json FILE]

The application inside is the raw protocol: a page of 27 KB, or the same page in 20 chunks. Rows: the page with gzip at
level 6, the chunks with gzip, the page for a client that does not accept gzip, the page for another origin, and a
preflight request. The column *inside* is the application without a wrapper. Starlette's ``GZipMiddleware`` and
``CORSMiddleware`` exist on ASGI only. Printed are microseconds per request, the medians of turns that were taken one
after the other. Every answer is checked before anything is timed.
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from _static_peers import FILE
from scenarios import Answer, Scenario, asgi_turn, ask_asgi, ask_wsgi, wsgi_turn
from timing import Turn, arguments, interleave, machine, print_table, versions, write_json

ORIGIN = "https://www.example.com"
LEVEL = 6
STEP = len(FILE) // 20
CHUNKS = [FILE[at : at + STEP] for at in range(0, len(FILE), STEP)]
HEADERS = [("Content-Type", "text/css; charset=utf-8")]
WITH_LENGTH = [*HEADERS, ("Content-Length", str(len(FILE)))]
ASKED = (("Origin", ORIGIN), ("Access-Control-Request-Method", "DELETE"))
#: the name of a row -> the wrapper, whether the body comes in chunks, and the request
ROWS = {
    "gzip, page": ("gzip", False, Scenario("gzip", "GET", FILE)),
    "gzip, chunks": ("gzip", True, Scenario("gzip", "GET", FILE)),
    "not accepted": ("gzip", False, Scenario("plain", "GET", FILE, fields=(("Accept-Encoding", "identity"),))),
    "cors, page": ("cors", False, Scenario("cors", "GET", FILE, fields=ASKED[:1])),
    "cors, preflight": ("cors", False, Scenario("preflight", "OPTIONS", b"", fields=ASKED)),
}


def inside(protocol: str, chunked: bool) -> Any:
    """The application that is wrapped."""
    headers = HEADERS if chunked else WITH_LENGTH
    chunks = CHUNKS if chunked else [FILE]
    if protocol == "wsgi":

        def wsgi(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", list(headers))
            return iter(chunks) if chunked else [FILE]

        return wsgi
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(raw)})
        last = len(chunks) - 1
        for number, chunk in enumerate(chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": number < last})

    return asgi


def contestants(protocol: str, wrapper: str, app: Any) -> dict[str, Any]:
    """``app`` in the wrapper of each library."""
    from cardan import CORS, Compression

    methods = ["GET", "HEAD", "POST", "DELETE"]
    found = {"inside": app}
    if wrapper == "gzip":
        found["cardan"] = Compression(app, codings={"gzip": LEVEL})
    else:
        found["cardan"] = CORS(app, origins=[ORIGIN], methods=methods)
    if protocol == "asgi":
        try:
            from starlette.middleware.cors import CORSMiddleware
            from starlette.middleware.gzip import GZipMiddleware
        except ImportError as error:
            print(f"starlette is left out: {error}", file=sys.stderr)
        else:
            if wrapper == "gzip":
                found["starlette"] = GZipMiddleware(app, compresslevel=LEVEL)
            else:
                found["starlette"] = CORSMiddleware(app, allow_origins=[ORIGIN], allow_methods=methods)
    return found


def check(name: str, scenario: Scenario, answer: Answer) -> None:
    """Raise :exc:`AssertionError` if a wrapper has not done its work."""
    fields = {field.lower(): value for field, value in answer.headers}
    body = answer.body
    if scenario.name == "gzip":
        assert fields.get("content-encoding") == "gzip", f"{name}: got {answer.headers}"
        body = zlib.decompress(body, 16 + zlib.MAX_WBITS)
    elif scenario.name != "plain":
        assert fields.get("access-control-allow-origin") == ORIGIN, f"{name}: got {answer.headers}"
    if scenario.name == "preflight":
        assert "DELETE" in fields["access-control-allow-methods"], f"{name}: got {answer.headers}"
    else:
        assert (answer.status, body) == (200, FILE), f"{name}: got {answer.status} and {len(body)} bytes"


class Asked(Scenario):
    """A request whose own header fields replace the usual ones of the same name."""

    def environ(self) -> dict[str, Any]:
        environ = super().environ()
        environ.update({"HTTP_" + name.upper().replace("-", "_"): value for name, value in self.fields})
        return environ

    def scope(self) -> dict[str, Any]:
        scope = super().scope()
        own = {name.lower().encode(): value.encode() for name, value in self.fields}
        scope["headers"] = [*(pair for pair in scope["headers"] if pair[0] not in own), *own.items()]
        return scope


def measure(protocol: str, row: str, loop: asyncio.AbstractEventLoop, rounds: int, seconds: float) -> dict[str, float]:
    """Microseconds per request of each library. A wrong answer raises."""
    wrapper, chunked, scenario = ROWS[row]
    asked = Asked(scenario.name, scenario.method, scenario.expected, fields=scenario.fields)
    turns = dict[str, Turn]()
    for name, app in contestants(protocol, wrapper, inside(protocol, chunked)).items():
        answer = ask_wsgi(app, asked) if protocol == "wsgi" else ask_asgi(app, asked, loop)
        if name != "inside":
            check(f"{name} on {protocol}, {row}", scenario, answer)
        turns[name] = wsgi_turn(app, asked) if protocol == "wsgi" else asgi_turn(app, asked, loop)
    return {name: value * 1e6 for name, value in interleave(turns, rounds=rounds, seconds=seconds).items()}


def main() -> None:
    options = arguments(__doc__)
    rounds, seconds = (1, 0.0) if options.smoke else (25, 0.005) if options.quick else (201, 0.005)
    loop = asyncio.new_event_loop()
    result: dict[str, Any] = {"unit": "us per request", "versions": versions(["cardan", "starlette"])}
    print(", ".join(machine().values()))
    print(", ".join(f"{name} {number}" for name, number in result["versions"].items()))
    try:
        for protocol in ("wsgi", "asgi"):
            rows = {row: measure(protocol, row, loop, rounds, seconds) for row in ROWS}
            result[protocol] = rows
            names = list(next(iter(rows.values())))
            body = []
            for title, row in rows.items():
                ratio = [f"{row['starlette'] / row['cardan']:.2f}"] if "starlette" in row else []
                body.append([title, *(f"{row[name]:.1f}" for name in names), *ratio])
            print(f"\n{protocol.upper()}, wrappers: us per request")
            print_table(["", *names, *(["starlette:cardan"] if "starlette" in names else [])], body)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    write_json(options.json, result)


if __name__ == "__main__":
    main()
