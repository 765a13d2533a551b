"""Bridges between WSGI and ASGI: cardan, a2wsgi and asgiref, around the same small applications.

    python benchmarks/bridges.py [--quick] [--smoke] [--json FILE]

No server is involved: the bridge is called as a server calls it, so that the figures are those of the bridge. The rows
are the processor time, of all threads, of a small response, a form of a few hundred bytes, an upload of 1 MB and a
response of 100 chunks, and the time by the clock until the first of these chunks is there. *Memory* is the largest
amount of memory that Python holds while a response of 64 MB in chunks of 64 KiB is sent to a client that takes its
time.

asgiref has no bridge from ASGI to WSGI.
"""

from __future__ import annotations

import asyncio
import io
import tracemalloc
from time import perf_counter, process_time, sleep
from typing import TYPE_CHECKING, Any

from a2wsgi import ASGIMiddleware, WSGIMiddleware
from asgiref.wsgi import WsgiToAsgi
from timing import arguments, interleave, machine, print_table, versions, write_json

from cardan import Application
from cardan.testing import RequestBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGES = ("cardan", "a2wsgi", "asgiref")
CHUNKS = 100
PIECE = b"x" * 2**16
LARGE = 1024
FORM = b"title=hello&text=" + b"x" * 300
UPLOAD = b"x" * 2**20


# --- the applications ---


def wsgi_site(environ: dict[str, Any], start_response: Any) -> Iterator[bytes] | list[bytes]:
    """The WSGI application."""
    path = environ["PATH_INFO"]
    if path == "/hello":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        return [b"hello"]
    if path == "/read":
        size = b"%d" % len(environ["wsgi.input"].read())
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(size)))])
        return [size]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (b"chunk\n" for _ in range(CHUNKS)) if path == "/chunks" else (PIECE for _ in range(LARGE))


async def asgi_site(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] != "http":
        return
    path = scope["path"]
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
    if path == "/hello":
        answer = b"hello"
    elif path == "/read":
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message["body"])
            more = message.get("more_body", False)
        answer = b"%d" % size
    else:
        await send(start)
        piece, count = (b"chunk\n", CHUNKS) if path == "/chunks" else (PIECE, LARGE)
        for _ in range(count):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    start["headers"] = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(answer))]
    await send(start)
    await send({"type": "http.response.body", "body": answer})


# --- how a server calls them ---


class Calls:
    """Calls one application: ``whole`` gives the body of an answer, ``first`` the seconds until its first chunk."""

    def whole(self, builder: RequestBuilder) -> bytes:
        """The body of the answer."""
        return b"".join(data for data, _ in self.chunks(builder))

    def first(self, builder: RequestBuilder) -> float:
        """The seconds until the first chunk. The rest is taken as well, and not counted."""
        begun = perf_counter()
        return next(at for data, at in self.chunks(builder) if data) - begun

    def chunks(self, builder: RequestBuilder, pause: float = 0) -> list[tuple[bytes, float]]:
        """The chunks, each with the time at which it came, without the data of large ones."""
        raise NotImplementedError


def kept(data: bytes) -> bytes:
    """The data of a small chunk."""
    return bytes(data) if len(data) < len(PIECE) else b""


class CallsWSGI(Calls):
    """Calls a WSGI application."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def chunks(self, builder: RequestBuilder, pause: float = 0) -> list[tuple[bytes, float]]:
        """Take one chunk after the other."""
        environ = builder.environ()
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read())
        iterable = self.app(environ, lambda *_: print)
        try:
            found = []
            for data in iterable:
                found.append((kept(data), perf_counter()))
                if pause:
                    sleep(pause)
            return found
        finally:
            if (close := getattr(iterable, "close", None)) is not None:
                close()


class CallsASGI(Calls):
    """Calls an ASGI application in one event loop."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.app = app
        self.loop = loop

    def chunks(self, builder: RequestBuilder, pause: float = 0) -> list[tuple[bytes, float]]:
        """Take one message after the other. The client stays connected until the answer is complete."""
        return self.loop.run_until_complete(self._chunks(builder, pause))

    async def _chunks(self, builder: RequestBuilder, pause: float) -> list[tuple[bytes, float]]:
        found: list[tuple[bytes, float]] = []
        body = builder.environ()["wsgi.input"].read()
        parts = [body[at : at + len(PIECE)] for at in range(0, len(body), len(PIECE))] or [b""]
        over = asyncio.Event()

        async def receive() -> Any:
            if parts:
                return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if "body" in message:
                found.append((kept(message["body"]), perf_counter()))
                if pause:
                    await asyncio.sleep(pause)

        await self.app(builder.scope(), receive, send)
        return found


def rows_of(call: Calls) -> dict[str, tuple[Callable[[], Any], Any]]:
    """What is called for each row, and the right answer."""
    hello, chunks = RequestBuilder("/hello"), RequestBuilder("/chunks")
    form, upload = (RequestBuilder("/read", method="POST", data=data) for data in (FORM, UPLOAD))
    return {
        "hello": (lambda: call.whole(hello), b"hello"),
        "form": (lambda: call.whole(form), b"%d" % len(FORM)),
        "upload of 1 MB": (lambda: call.whole(upload), b"%d" % len(UPLOAD)),
        "100 chunks": (lambda: call.whole(chunks), b"chunk\n" * CHUNKS),
    }


def processor_turn(function: Callable[[], Any]) -> Callable[[int], float]:
    """A turn that measures processor time: what other programs do meanwhile does not count."""

    def turn(number: int) -> float:
        begun = process_time()
        for _ in range(number):
            function()
        return process_time() - begun

    return turn


def first_turn(call: Calls) -> Callable[[int], float]:
    """A turn that measures the time until the first chunk."""
    chunks = RequestBuilder("/chunks")
    return lambda number: sum(call.first(chunks) for _ in range(number))


def peak_of(call: Calls) -> float:
    """The largest memory in MB, above what was held before, while a large response is sent slowly."""
    call.whole(RequestBuilder("/hello"))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    call.chunks(RequestBuilder("/large"), pause=0.0002)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak / 2**20


def main() -> None:
    """Measure both directions and print a table of each."""
    options = arguments(__doc__)
    rounds = 1 if options.smoke else 5 if options.quick else 15
    print(", ".join(machine().values()))
    loop = asyncio.new_event_loop()
    directions: dict[str, dict[str, Calls]] = {
        "A WSGI application on ASGI": {
            "cardan": CallsASGI(Application.from_wsgi(wsgi_site), loop),
            "a2wsgi": CallsASGI(WSGIMiddleware(wsgi_site), loop),  # type: ignore[arg-type]
            "asgiref": CallsASGI(WsgiToAsgi(wsgi_site), loop),
        },
        "An ASGI application on WSGI": {
            "cardan": CallsWSGI(Application.from_asgi(asgi_site)),
            "a2wsgi": CallsWSGI(ASGIMiddleware(asgi_site)),
        },
    }
    numbers: dict[str, Any] = {}
    for title, contestants in directions.items():
        times: dict[str, dict[str, float]] = {}
        for row in rows_of(next(iter(contestants.values()))):
            functions = {name: rows_of(call)[row] for name, call in contestants.items()}
            for name, (function, right) in functions.items():
                if (answer := function()) != right:
                    raise AssertionError(f"{name}, {row}: got {answer[:50]!r}")
            turns = {name: processor_turn(function) for name, (function, _) in functions.items()}
            times[row] = interleave(turns, rounds=rounds)
        turns = {name: first_turn(call) for name, call in contestants.items()}
        times["first of 100 chunks"] = interleave(turns, rounds=rounds)
        peaks = {name: peak_of(call) for name, call in contestants.items()}
        rows = [[row, *(f"{1e6 * value:.0f}" for value in each.values())] for row, each in times.items()]
        rows.append(["memory, MB", *(f"{value:.1f}" for value in peaks.values())])
        print_table([f"{title}, us", *contestants], rows)
        numbers[title] = {"seconds": times, "memory": peaks}
    loop.close()
    write_json(options.json, {"versions": versions(PACKAGES), "bridges": numbers})


if __name__ == "__main__":
    main()
