"""Bridges between WSGI and ASGI: cardan, a2wsgi and asgiref, around the same small applications.

    python benchmarks/bridges.py [--quick] [--smoke] [--json FILE]

No server is involved: the bridge is called as a server calls it, so that the figures are those of the bridge. The
bridges take turns in one run. The rows in microseconds are medians:

- the processor time, of all threads, of a small response, a form of a few hundred bytes, an upload of 1 MB that is
  read at once, the same upload that is read in pieces of 64 KiB, and a response of 100 chunks;
- the time by the clock until the first of these chunks is there.

The rows in KiB are the memory that Python holds, measured by tracemalloc:

- the most during an upload of 20 MB that the application reads in pieces of 64 KiB;
- the most while a response of 100 MB, in chunks of 64 KiB, is sent to a client that takes its time;
- for each of eight such responses at once whose clients take nothing after the first chunk. asgiref serves one request
  at a time, so it has no figure.

A long run, without an option, writes its tables into docs/guides/bridges.md. asgiref has no bridge from ASGI to WSGI,
and keeps an upload in a file on disk, which is not counted.
"""

from __future__ import annotations

import asyncio
import gc
import io
import threading
import tracemalloc
from collections import deque
from pathlib import Path
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
SIZE = 2**16
#: how many chunks of this size a large response has, and how many pieces a large upload
LARGE = {"response": 1600, "upload": 320}
AT_ONCE = 8
FORM = b"title=hello&text=" + b"x" * 300
UPLOAD = b"x" * 2**20
PAGE = Path(__file__).parents[1] / "docs" / "guides" / "bridges.md"
MARKS = "<!-- tables: written by benchmarks/bridges.py -->", "<!-- end of tables -->"


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
    if path == "/pieces":
        count, read = 0, environ["wsgi.input"].read
        while data := read(SIZE):
            count += len(data)
            del data
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"%d" % count]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (b"chunk\n" for _ in range(CHUNKS)) if path == "/chunks" else (b"x" * SIZE for _ in range(LARGE["response"]))


async def asgi_site(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] != "http":
        return
    path = scope["path"]
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
    if path == "/hello":
        answer = b"hello"
    elif path in ("/read", "/pieces"):
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message["body"])
            more = message.get("more_body", False)
            del message
        answer = b"%d" % size
    else:
        await send(start)
        unit, times, count = (b"chunk\n", 1, CHUNKS) if path == "/chunks" else (b"x", SIZE, LARGE["response"])
        for _ in range(count):
            await send({"type": "http.response.body", "body": unit * times, "more_body": True})
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

    def chunks(self, builder: RequestBuilder, pause: float = 0, body: Any = None) -> list[tuple[bytes, float]]:
        """The chunks, each with the time at which it came, without the data of large ones.

        ``body`` replaces the body of the request: pieces, which may be made while they are asked for.
        """
        raise NotImplementedError

    def held(self, builder: RequestBuilder) -> float:
        """Bytes that Python holds for each of several responses whose clients take nothing after the first chunk."""
        raise NotImplementedError


class Pieces(io.RawIOBase):
    """An upload that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces

    def read(self, size: int = -1) -> bytes:
        """The next piece: all are asked for in the size that they have."""
        return next(self._pieces, b"")

    read1 = read


class CallsWSGI(Calls):
    """Calls a WSGI application."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def chunks(self, builder: RequestBuilder, pause: float = 0, body: Any = None) -> list[tuple[bytes, float]]:
        """Take one chunk after the other."""
        environ = builder.environ()
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read()) if body is None else Pieces(body)
        iterable = self.app(environ, lambda *_: print)
        try:
            found = []
            for data in iterable:
                if pause:  # the memory is measured: that of a list of many chunks would be added
                    sleep(pause)
                else:
                    found.append((data, perf_counter()))
            return found
        finally:
            if (close := getattr(iterable, "close", None)) is not None:
                close()

    def held(self, builder: RequestBuilder) -> float:
        """Each response has a thread, as a server gives it one."""
        begun, over = threading.Semaphore(0), threading.Event()

        def serve() -> None:
            iterable = iter(self.app(builder.environ(), lambda *_: print))
            next(iterable)
            begun.release()
            over.wait()
            deque(iterable, 0)
            iterable.close()  # type: ignore[attr-defined]

        before = tracemalloc.get_traced_memory()[0]
        threads = [threading.Thread(target=serve) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for _ in range(AT_ONCE):
            begun.acquire()
        sleep(0.2)
        held = tracemalloc.get_traced_memory()[0] - before
        over.set()
        for thread in threads:
            thread.join()
        return held / AT_ONCE


class CallsASGI(Calls):
    """Calls an ASGI application in one event loop."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.app = app
        self.loop = loop

    def chunks(self, builder: RequestBuilder, pause: float = 0, body: Any = None) -> list[tuple[bytes, float]]:
        """Take one message after the other. The client stays connected until the answer is complete."""
        return self.loop.run_until_complete(self._chunks(builder, pause, body))

    async def _chunks(self, builder: RequestBuilder, pause: float, pieces: Any) -> list[tuple[bytes, float]]:
        found: list[tuple[bytes, float]] = []
        if pieces is None:
            body = builder.environ()["wsgi.input"].read()
            pieces = (body[at : at + SIZE] for at in range(0, len(body), SIZE))
        over = asyncio.Event()
        ended = False

        async def receive() -> Any:
            nonlocal ended
            if ended:
                await over.wait()
                return {"type": "http.disconnect"}
            data = next(pieces, b"")
            ended = len(data) < SIZE
            return {"type": "http.request", "body": data, "more_body": not ended}

        async def send(message: Any) -> None:
            if "body" in message:
                if pause:
                    await asyncio.sleep(pause)
                else:
                    found.append((message["body"], perf_counter()))

        await self.app(builder.scope(), receive, send)
        return found

    def held(self, builder: RequestBuilder) -> float:
        """Each response has a task."""
        return self.loop.run_until_complete(self._held(builder))

    async def _held(self, builder: RequestBuilder) -> float:
        over = asyncio.Event()
        begun = [asyncio.Event() for _ in range(AT_ONCE)]

        async def serve(told: asyncio.Event) -> None:
            pieces = iter([b""])

            async def receive() -> Any:
                for data in pieces:
                    return {"type": "http.request", "body": data, "more_body": False}
                await over.wait()
                return {"type": "http.disconnect"}

            async def send(message: Any) -> None:
                if message.get("body"):
                    told.set()
                    await over.wait()

            await self.app(builder.scope(), receive, send)

        before = tracemalloc.get_traced_memory()[0]
        tasks = [self.loop.create_task(serve(each)) for each in begun]
        for each in begun:
            await each.wait()
        await asyncio.sleep(0.2)
        held = tracemalloc.get_traced_memory()[0] - before
        over.set()
        await asyncio.gather(*tasks)  # to the end: what follows when a client leaves is not measured here
        return held / AT_ONCE


def rows_of(call: Calls) -> dict[str, tuple[Callable[[], Any], Any]]:
    """What is called for each row, and the right answer."""
    hello, chunks = RequestBuilder("/hello"), RequestBuilder("/chunks")
    form, upload = (RequestBuilder("/read", method="POST", data=data) for data in (FORM, UPLOAD))
    pieces = RequestBuilder("/pieces", method="POST", data=UPLOAD)
    return {
        "hello": (lambda: call.whole(hello), b"hello"),
        "form": (lambda: call.whole(form), b"%d" % len(FORM)),
        "upload of 1 MB": (lambda: call.whole(upload), b"%d" % len(UPLOAD)),
        "upload of 1 MB in pieces of 64 KiB": (lambda: call.whole(pieces), b"%d" % len(UPLOAD)),
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


def memory_of(call: Calls, name: str) -> dict[str, float | None]:
    """The rows in KiB."""
    call.whole(RequestBuilder("/hello"))
    upload = RequestBuilder("/pieces", method="POST", headers={"Content-Length": str(LARGE["upload"] * SIZE)})

    def pieces() -> Iterator[bytes]:
        return (b"x" * SIZE for _ in range(LARGE["upload"]))

    return {
        "upload of 20 MB": peak_of(lambda: call.chunks(upload, body=pieces())),
        "response of 100 MB": peak_of(lambda: call.chunks(RequestBuilder("/large"), pause=0.0002)),
        "each response that waits": None if name == "asgiref" else held_of(call),
    }


def peak_of(function: Callable[[], object]) -> float:
    """The largest memory in KiB, above what was held before."""
    function()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    function()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak / 1024


def held_of(call: Calls) -> float:
    """The memory in KiB for each response."""
    gc.collect()
    tracemalloc.start()
    held = call.held(RequestBuilder("/large"))
    tracemalloc.stop()
    return held / 1024


def write_page(tables: list[tuple[list[str], list[list[str]]]]) -> None:
    """Replace the text between the marks in the guide."""
    lines = [f"One run of {machine()['date']}: {machine()['python']}, {machine()['machine']}; {_versions()}.", ""]
    for head, rows in tables:
        cells = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
        lines += ["| " + " | ".join(each) + " |" for each in cells] + [""]
    before, _, rest = PAGE.read_text().partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text(f"{before}{MARKS[0]}\n" + "\n".join(lines) + f"{MARKS[1]}{after}")


def _versions() -> str:
    return ", ".join(f"{name} {number}" for name, number in versions(PACKAGES).items() if name != "cardan")


def main() -> None:
    """Measure both directions and print a table of each."""
    options = arguments(__doc__)
    rounds = 1 if options.smoke else 5 if options.quick else 15
    if options.smoke:
        LARGE.update(response=16, upload=16)
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
    tables = []
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
        times["first of 100 chunks, by the clock"] = interleave(turns, rounds=rounds)
        memory = {name: memory_of(call, name) for name, call in contestants.items()}
        rows = [[f"{row}, us", *(f"{1e6 * value:.0f}" for value in each.values())] for row, each in times.items()]
        for row in next(iter(memory.values())):
            found = [each[row] for each in memory.values()]
            rows.append([f"{row}, KiB", *("" if value is None else f"{value:.0f}" for value in found)])
        print_table([title, *contestants], rows)
        tables.append(([title, *contestants], rows))
        numbers[title] = {"seconds": times, "memory": memory}
    if not (options.quick or options.smoke):
        write_page(tables)
    loop.close()
    write_json(options.json, {"versions": versions(PACKAGES), "bridges": numbers})


if __name__ == "__main__":
    main()
