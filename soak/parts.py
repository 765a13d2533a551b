"""The parts of the load. Each takes the size of the load, and gives rows: a figure, its bound, and whether it holds."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from tests.servers import Kind, Server, gunicorn, start, uvicorn

from .clients import HEAD, TYPE, Connection, latencies, once, settled, state, upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

__all__ = ["PARTS", "QUICK", "Row", "Size"]

ROOT = Path(__file__).parents[1]
UVICORN = Kind("uvicorn", "asgi", ("uvicorn",), uvicorn("httptools"))


@dataclass(frozen=True)
class Size:
    """How much load: the whole one, or a short form that shows that the parts work."""

    uploads: int = 9500
    streams: int = 1000
    stream_seconds: int = 60
    large: int = 256 << 20
    slow: int = 40
    minutes: float = 60
    requests: int = 3000


QUICK = Size(uploads=60, streams=20, stream_seconds=3, large=4 << 20, slow=8, minutes=0.08, requests=150)


@dataclass(frozen=True)
class Row:
    """A figure. ``timed`` ones depend on the machine: the short form does not judge them."""

    what: str
    value: float
    unit: str
    most: float
    timed: bool = False

    @property
    def holds(self) -> bool:
        """Whether the figure keeps its bound."""
        return self.value <= self.most


@contextmanager
def serving(kind: Kind = UVICORN) -> Iterator[Server]:
    """A server with the application."""
    with TemporaryDirectory() as folder:
        server = start(kind, "soak.app:app", app_dir=ROOT, log_dir=Path(folder))
        try:
            yield server
        finally:
            server.stop()


@asynccontextmanager
async def in_background(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do ``work`` again and again until the block ends."""

    async def repeat() -> None:
        while True:
            await work()

    task = asyncio.ensure_future(repeat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def slow_uploads(size: Size) -> AsyncIterator[Row]:
    """Uploads of clients that send a little, and then wait; all at once on one process."""
    with serving() as server:
        port = server.port
        await latencies(port, "/blocking", 20)
        before = await state(port)
        held = []
        for _ in range(size.uploads):
            connection = await Connection.open(port)
            connection.send_head("POST", "/upload", f"Content-Type: {TYPE}", "Content-Length: 1000000")
            connection.writer.write(HEAD + bytes(1000))
            held.append(connection)
        await asyncio.sleep(1)
        during = await state(port)
        connected = during["descriptors"] - before["descriptors"]
        yield Row("uploads that are held, and those that are not", size.uploads - connected, "", 1)
        yield Row("memory of one", (during["memory"] - before["memory"]) / size.uploads / 1024, "KiB", 25, timed=True)
        yield Row("median of an async ping", median(await latencies(port, "/ping", 200)), "ms", 2, timed=True)
        yield Row("median of a def ping", median(await latencies(port, "/blocking", 200)), "ms", 5, timed=True)
        for number, connection in enumerate(held):
            connection.leave(reset=number % 2 == 0)
        after = await settled(port, before)
        yield Row("descriptors that are left", after["descriptors"] - before["descriptors"], "", 0)
        yield Row("tasks that are left", after["tasks"] - before["tasks"], "", 0)


async def event_streams(size: Size) -> AsyncIterator[Row]:
    """Event streams; each second the oldest client leaves, half of them by a reset, and another one comes."""
    with serving() as server:
        port = server.port
        before = await state(port)

        async def listen() -> tuple[Connection, asyncio.Task[int]]:
            connection = await Connection.open(port)
            connection.send_head("GET", "/events")

            async def count() -> int:
                number = 0
                try:
                    while await connection.reader.readline():
                        number += 1
                except (OSError, asyncio.IncompleteReadError):
                    pass
                return number

            return connection, asyncio.ensure_future(count())

        clients = [await listen() for _ in range(size.streams)]
        for second in range(size.stream_seconds):
            await asyncio.sleep(1)
            connection, lines = clients.pop(0)
            connection.leave(reset=second % 2 == 0)
            assert await lines, "a client got nothing"
            clients.append(await listen())
        yield Row("median of an async ping", median(await latencies(port, "/ping", 100)), "ms", 20, timed=True)
        for connection, _ in clients:
            connection.leave()
        silent = sum(not number for number in await asyncio.gather(*(lines for _, lines in clients)))
        after = await settled(port, before)
        yield Row("clients without an event", silent, "", 1)  # the last one has just come
        yield Row("streams that were not closed once", abs(after["streams"] - after["ended"]), "", 0)
        yield Row("descriptors that are left", after["descriptors"] - before["descriptors"], "", 0)


async def large_uploads(size: Size) -> AsyncIterator[Row]:
    """Four large uploads at once: other requests are answered meanwhile."""
    with serving() as server:
        port = server.port
        await upload(port, "/upload", 1 << 20)
        before = await state(port)
        answers = await asyncio.gather(*(upload(port, "/upload", size.large) for _ in range(4)))
        lateness = (await state(port))["late"]
        after = await settled(port, before)
        wrong = [answer for answer in answers if answer != (200, b"%d" % size.large)]
        yield Row("wrong answers", len(wrong), "", 0)
        yield Row("lateness of the event loop, 99th percentile", lateness, "ms", 10, timed=True)
        yield Row("growth of the memory", (after["memory"] - before["memory"]) / (1 << 20), "MiB", 16, timed=True)
        yield Row("descriptors that are left", after["descriptors"] - before["descriptors"], "", 0)


async def slow_handlers(size: Size) -> AsyncIterator[Row]:
    """As many slow ``def`` handlers as there are threads, again and again: they starve nobody."""
    with serving() as server:
        port = server.port

        async def ask() -> None:
            await asyncio.gather(*(once(port, "GET", "/slow?seconds=0.5") for _ in range(size.slow)))

        async with in_background(ask):
            await asyncio.sleep(0.2)
            yield Row("median of an async ping", median(await latencies(port, "/ping", 100)), "ms", 5, timed=True)
            waited = (await latencies(port, "/blocking", 4))[-1]
            yield Row("the longest wait for a def ping", waited, "ms", 1200, timed=True)


EXPECTED = {200, 400, 404, 413, 415}


async def mixed_traffic(size: Size) -> AsyncIterator[Row]:
    """Requests of all kinds, also bad ones and broken off ones: memory and descriptors stay flat."""
    with serving() as server:
        port = server.port
        choose = random.Random(7)
        statuses: Counter[int | str] = Counter()

        async def leave_early(path: str, *, reset: bool) -> tuple[int, bytes]:
            connection = await Connection.open(port)
            connection.send_head("POST", path, f"Content-Type: {TYPE}", "Content-Length: 100000")
            connection.writer.write(HEAD + bytes(choose.randrange(60_000)))
            await asyncio.sleep(0.01)
            connection.leave(reset=reset)
            return 200, b""

        async def cut() -> tuple[int, bytes]:
            try:
                await once(port, "GET", "/broken")
            except (EOFError, OSError):
                return 200, b""
            return 500, b"a stream that fails looked like a whole one"

        form = "application/x-www-form-urlencoded"
        kinds: list[Callable[[], Awaitable[tuple[int, bytes]]]] = [
            lambda: once(port, "GET", "/ping"),
            lambda: once(port, "GET", "/blocking"),
            lambda: once(port, "GET", "/stream"),
            lambda: once(port, "GET", "/none"),
            lambda: once(port, "POST", "/json", b'{"a": [1, 2]}', "application/json"),
            lambda: once(port, "POST", "/json", b'{"a"', "application/json"),
            lambda: once(port, "POST", "/json", b"a", "text/plain"),
            lambda: once(port, "POST", "/upload", b"a=1&b=2", form),
            lambda: once(port, "POST", "/upload", b"a=" + bytes(200_000), form),
            lambda: once(port, "POST", "/upload", b"--x", "multipart/form-data; boundary=x"),
            lambda: upload(port, "/upload", 700_000),
            lambda: upload(port, "/blocking-upload", 700_000),
            lambda: leave_early("/upload", reset=True),
            lambda: leave_early("/blocking-upload", reset=False),
            cut,
        ]

        async def work(end: float) -> None:
            while perf_counter() < end:
                try:
                    status, _ = await choose.choice(kinds)()
                except (OSError, EOFError, asyncio.IncompleteReadError) as error:
                    statuses[f"{type(error).__name__}"] += 1
                else:
                    statuses[status] += 1

        before = await state(port)
        samples = []
        begin = perf_counter()
        end = begin + 60 * size.minutes
        tasks = [asyncio.ensure_future(work(end)) for _ in range(16)]
        while perf_counter() < end:
            await asyncio.sleep(max(0.2, size.minutes))  # sixty samples
            samples.append((await state(port))["memory"])
        await asyncio.gather(*tasks)
        third = len(samples) // 3
        growth = (max(samples[-third or -1 :]) - max(samples[third : 2 * third] or samples)) / (1 << 20)
        after = await settled(port, before)
        yield Row("requests", sum(statuses.values()), "", float("inf"))
        yield Row("unexpected answers", sum(n for each, n in statuses.items() if each not in EXPECTED), "", 0)
        yield Row("growth of the memory, last third against the one before", growth, "MiB", 5, timed=True)
        yield Row("descriptors that are left", after["descriptors"] - before["descriptors"], "", 0)
        yield Row("tasks that are left", after["tasks"] - before["tasks"], "", 0)


async def gunicorn_turnover(size: Size) -> AsyncIterator[Row]:
    """Gunicorn replaces its workers, by ``--max-requests`` and by SIGHUP, and ends by SIGTERM under load."""
    options = ("--threads", "8", "--workers", "2", "--preload", "--max-requests", str(size.requests // 6))
    kind = Kind("gunicorn", "wsgi", ("gunicorn",), gunicorn("gthread", *options))
    with serving(kind) as server:
        port, ended = server.port, asyncio.Event()
        answers: Counter[str] = Counter()

        async def work() -> None:
            while not ended.is_set():
                try:
                    connection = await Connection.open(port)
                except OSError:
                    answers["refused"] += 1
                    return
                try:
                    status, body = await connection.ask("POST", "/blocking-upload", b"a=1", "text/plain")
                    answers[f"{status} {len(body)}"] += 1
                except (OSError, EOFError, asyncio.IncompleteReadError) as error:
                    answers["lost while it ended" if ended.is_set() else f"lost: {type(error).__name__}"] += 1
                finally:
                    connection.leave()

        tasks = [asyncio.ensure_future(work()) for _ in range(8)]
        while sum(answers.values()) < size.requests / 2:
            await asyncio.sleep(0.05)
        server.process.send_signal(signal.SIGHUP)
        while sum(answers.values()) < size.requests:
            await asyncio.sleep(0.05)
        workers = server.log().count("Booting worker")
        in_flight = asyncio.ensure_future(once(port, "GET", "/slow?seconds=1"))
        await asyncio.sleep(0.3)
        ended.set()
        server.process.send_signal(signal.SIGTERM)
        answer = await asyncio.gather(in_flight, return_exceptions=True)
        await asyncio.gather(*tasks)
        lost = sum(n for what, n in answers.items() if what not in ("200 1", "refused", "lost while it ended"))
        yield Row("requests", sum(answers.values()), "", float("inf"))
        yield Row("workers that were started", workers, "", float("inf"))
        yield Row("requests that were lost before SIGTERM", lost, "", 0)
        yield Row("requests in progress at SIGTERM that got no answer", int(answer != [(200, b"slow")]), "", 0)


PARTS = {
    part.__name__: part
    for part in (slow_uploads, event_streams, large_uploads, slow_handlers, mixed_traffic, gunicorn_turnover)
}
