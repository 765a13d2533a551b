"""The parts of the load tests. Each takes the size of the load and a library, and yields figures with their bounds.

The docstring of a part is its text in ``docs/explanation/reliability.md``.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from tests.servers import Kind, gunicorn

from .clients import (
    CHUNKED,
    FIELD_HEAD,
    HEAD,
    TYPE,
    Answer,
    Connection,
    latencies,
    once,
    settled,
    state,
    upload,
)
from .mixed import mixed_traffic
from .process import LIMIT
from .rows import CARDAN, UVICORN, Library, Row, Size, serving
from .times import percentile
from .turnover import gunicorn_gevent, gunicorn_threads, server_shutdown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["COMPARED", "PARTS"]


async def slow_uploads(size: Size, library: Library = CARDAN) -> AsyncIterator[Row]:
    """9,500 clients at the same time begin an upload, send 1,000 bytes of its file, and then wait.

    The server is one process of uvicorn. "Uploads that are not held" are those whose handler has not begun, or has
    ended too early. "Memory of one" is the growth of the memory of the server, divided by the number of uploads. While
    the uploads wait, an ``async def`` handler and a ``def`` handler answer pings, which are short requests one after
    the other. In the end all clients leave, one half of them by a reset.
    """
    with serving(UVICORN, library.asgi) as server:
        port = server.port
        await latencies(port, "/blocking", 20)
        before = await state(port)
        held = []
        for _ in range(size.uploads):
            connection = await Connection.open(port)
            connection.send_head("POST", "/upload", f"Content-Type: {TYPE}", "Content-Length: 1000000")
            connection.writer.write(HEAD + bytes(500))
            held.append(connection)
        for connection in held:
            connection.writer.write(bytes(500))
        end = perf_counter() + 60
        while (during := await state(port))["begun"] - before["begun"] < size.uploads and perf_counter() < end:
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        during = await state(port)
        yield Row("uploads that are not held", size.uploads - during["begun"] + during["ended"], "", 0)
        yield Row("memory of one", (during["memory"] - before["memory"]) / size.uploads / 1024, "KiB", 25, timed=True)
        yield Row("median of an async ping", median(await latencies(port, "/ping", 200)), "ms", 2, timed=True)
        yield Row("median of a def ping", median(await latencies(port, "/blocking", 200)), "ms", 5, timed=True)
        for number, connection in enumerate(held):
            connection.leave(reset=number % 2 == 0)
        after = await settled(port, before)
        yield Row("descriptors that are left", after["descriptors"] - before["descriptors"], "", 0)
        yield Row("tasks that are left", after["tasks"] - before["tasks"], "", 0)
        yield Row("handlers that did not end", after["begun"] - after["ended"], "", 0)


class Listener:
    """A client of an event stream, which checks that the events are those that it expects."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.got = 0
        self.wrong = 0
        self.task = asyncio.ensure_future(self.listen())

    @classmethod
    async def open(cls, port: int) -> Listener:
        """Connect, and listen."""
        connection = await Connection.open(port)
        connection.send_head("GET", "/events")
        return cls(connection)

    async def listen(self) -> None:
        """Receive events until the connection is closed."""
        try:
            while line := await self.connection.reader.readline():
                if line.startswith(b"data: "):
                    self.got += 1
                    self.wrong += json.loads(line[6:]) != {"number": self.got}
        except OSError:
            pass


async def event_streams(size: Size, library: Library = CARDAN) -> AsyncIterator[Row]:
    """1,000 clients read event streams of ten events a second, for a minute, from one process of uvicorn.

    Each second the client with the oldest connection leaves, every other time by a reset, and another client connects.
    The pings are those of the part ``slow_uploads``.
    """
    with serving(UVICORN, library.asgi) as server:
        port = server.port
        await latencies(port, "/ping", 5)
        before = await state(port)
        clients = [await Listener.open(port) for _ in range(size.streams)]
        begin = perf_counter()
        left = []
        for second in range(size.stream_seconds):
            await asyncio.sleep(1)
            left.append(client := clients.pop(0))
            client.connection.leave(reset=second % 2 == 0)
            await client.task
            clients.append(await Listener.open(port))
        due = 10 * size.streams * (perf_counter() - begin)
        got = sum(client.got for client in left + clients)
        yield Row("median of an async ping", median(await latencies(port, "/ping", 100)), "ms", 20, timed=True)
        while not clients[-1].got:  # it has just come
            await asyncio.sleep(0.05)
        for client in clients:
            client.connection.leave()
        await asyncio.gather(*(client.task for client in clients))
        after = await settled(port, before)
        everybody = left + clients
        yield Row("events", sum(client.got for client in everybody))
        yield Row("events that did not come in time", max(0, 100 * (1 - got / due)), "%", 10, timed=True)
        yield Row("clients without an event", sum(not client.got for client in everybody), "", 0)
        yield Row("events that were lost or repeated", sum(client.wrong for client in everybody), "", 0)
        yield Row("streams that were not closed once", abs(after["streams"] - after["closed"]), "", 0)
        yield Row("descriptors that are left", after["descriptors"] - before["descriptors"], "", 0)
        yield Row("tasks that are left", after["tasks"] - before["tasks"], "", 0)


async def large_uploads(size: Size, library: Library = CARDAN) -> AsyncIterator[Row]:
    """Four uploads of 256 MiB at the same time, to one process of uvicorn.

    The uploads must not block the event loop. A task in the server sleeps for 10 ms again and again. The lateness of
    the event loop is the time that a sleep takes beyond these 10 ms.
    """
    with serving(UVICORN, library.asgi) as server:
        port = server.port
        await upload(port, "/upload", 1 << 20)
        before = await state(port)
        begin = perf_counter()
        answers = await asyncio.gather(*(upload(port, "/upload", size.large) for _ in range(4)))
        taken = perf_counter() - begin
        lateness = (await state(port))["late"]
        after = await settled(port, before)
        wrong = [answer for answer in answers if answer[:2] != (200, b"%d" % size.large)]
        yield Row("wrong answers", len(wrong), "", 0, note=f"{wrong}")
        yield Row("time of all four", taken, "s")
        yield Row("lateness of the event loop, 99th percentile", lateness, "ms", 10, timed=True)
        yield Row("growth of the memory", (after["memory"] - before["memory"]) / (1 << 20), "MiB", 16, timed=True)
        yield Row("descriptors that are left", after["descriptors"] - before["descriptors"], "", 0)


async def slow_handlers(size: Size, library: Library = CARDAN) -> AsyncIterator[Row]:
    """40 clients keep the 40 worker threads busy: again and again they call a ``def`` handler that takes half a second.

    At the same time, an ``async def`` handler and a ``def`` handler answer pings, which are short requests one after
    the other. The ``def`` handler has to wait for a thread.
    """
    with serving(UVICORN, library.asgi) as server:
        port = server.port
        await latencies(port, "/blocking", 5)
        answers: Counter[str] = Counter()
        ends = False

        async def ask() -> None:
            while not ends:
                answer = await once(port, "GET", "/slow?seconds=0.5")
                answers[f"{answer.status} {answer.body!r}"] += 1

        tasks = [asyncio.ensure_future(ask()) for _ in range(size.slow)]
        await asyncio.sleep(0.2)
        async_pings = await latencies(port, "/ping", 100)
        def_pings = await latencies(port, "/blocking", 10)
        ends = True
        await asyncio.gather(*tasks)
        yield Row("median of an async ping", median(async_pings), "ms", 5, timed=True)
        yield Row("the longest wait for a def ping", def_pings[-1], "ms", 1200, timed=True)
        right = answers.pop("200 b'slow'", 0)
        yield Row("answers of slow handlers", right)
        yield Row("wrong answers of slow handlers", answers.total(), "", 0, note=f"{answers}")


class Excess(NamedTuple):
    """A way in which a request is too large: its limit, whether its length is declared, the head of its body."""

    what: str
    limit: str
    fields: str
    head: bytes | None
    """None: the length says it."""


EXCESSES = (
    Excess("declared length", "max_content_length", f"Content-Length: {LIMIT + 1}", None),
    Excess("too many bytes", "max_content_length", CHUNKED, FIELD_HEAD),
    Excess("large field", "max_form_memory_size", "Content-Length: 1000000", FIELD_HEAD),
    Excess("large file", "max_file_size", "Content-Length: 1000000", HEAD),
)
MORE = {"uvicorn": 500, "gunicorn": 65_536}
"""The number of bytes beyond the limit that the client sends. gunicorn waits for whole blocks of a body."""


async def refused(port: int, path: str, excess: Excess, more: int) -> tuple[float, Answer]:
    """How many ms a refusal takes from the moment when the server can know of the excess; and the answer.

    The client sends nothing more until it has the answer.
    """
    connection = await Connection.open(port)
    try:
        if excess.head is None:
            begin = perf_counter()
        connection.send_head("POST", f"{path}?limit={excess.limit}", f"Content-Type: {TYPE}", excess.fields)
        if excess.head is not None:
            send = connection.send_chunk if excess.fields == CHUNKED else connection.writer.write
            send(excess.head + bytes(LIMIT - 500))
            await asyncio.sleep(0.02)
            begin = perf_counter()
            send(bytes(500 + more))
        async with asyncio.timeout(60):
            answer = await connection.receive()
    except TimeoutError:
        answer = Answer(0, b"it waits for more of the body")
    finally:
        connection.leave()
    return 1000 * (perf_counter() - begin), answer


async def refusals(size: Size, library: Library = CARDAN) -> AsyncIterator[Row]:
    """Requests that are too large are refused at once, 500 of each kind, on uvicorn and on gunicorn with threads.

    The limits are 10,000 bytes. A request exceeds one of them by its declared length, by too many bytes in a chunked
    body, by a large form field or by a large file. The time begins when the server can know this, and ends with the
    answer. The client sends 500 bytes beyond the limit on uvicorn and 64 KiB on gunicorn, and nothing more until it has
    the answer. Other libraries have figures only for the kinds that they refuse, whatever the status.
    """
    threads = Kind("gunicorn", "wsgi", ("gunicorn",), gunicorn("gthread", "--threads", "8"))
    for kind, target, path in (
        (UVICORN, library.asgi, "/limited"),
        (threads, library.wsgi, "/blocking-limited"),
    ):
        if not target:
            continue
        wrong: Counter[str] = Counter()
        with serving(kind, target) as server:
            for excess in EXCESSES:
                if excess.what not in library.refuses:
                    continue
                taken = []
                for number in range(size.refusals + 5):
                    time, answer = await refused(server.port, path, excess, MORE[kind.name])
                    if number >= 5:  # the first ones warm the server up
                        taken.append(time)
                    names_it = excess.limit.encode() in answer.body or library is not CARDAN
                    if answer.status not in library.refusal or not names_it:
                        wrong[f"{excess.what}: {answer.status} {answer.body!r}"] += 1
                yield Row(f"{excess.what}, {kind.name}: median", median(taken), "ms", 10, timed=True)
                last = percentile(taken, 0.99)
                yield Row(f"{excess.what}, {kind.name}: 99th percentile", last, "ms", 10, timed=True)
        yield Row(f"not refused, {kind.name}", wrong.total(), "", 0, note=f"{wrong}")


COMPARED = {part.__name__: part for part in (slow_uploads, event_streams, large_uploads, slow_handlers, refusals)}
"""The parts for which other libraries have an application as well."""

PARTS = {
    **COMPARED,
    "mixed_traffic": mixed_traffic,
    "gunicorn_threads": gunicorn_threads,
    "gunicorn_gevent": gunicorn_gevent,
    "server_shutdown": server_shutdown,
}
"""All parts by their names."""
