"""The parts of the load. Each takes the size of the load, and gives rows: a figure, its bound, and whether it holds."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import asynccontextmanager
from statistics import median
from typing import TYPE_CHECKING

from tests.servers import Kind, gunicorn

from .clients import HEAD, TYPE, Connection, latencies, once, settled, state, upload
from .mixed import mixed_traffic
from .rows import Row, Size, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

__all__ = ["PARTS"]


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
        yield Row("streams that were not closed once", abs(after["streams"] - after["closed"]), "", 0)
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
        wrong = [answer for answer in answers if answer[:2] != (200, b"%d" % size.large)]
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
                    status, body, _ = await connection.ask("POST", "/blocking-upload", b"a=1", "text/plain")
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
        await asyncio.wait([in_flight])
        await asyncio.gather(*tasks)
        lost = sum(n for what, n in answers.items() if what not in ("200 1", "refused", "lost while it ended"))
        yield Row("requests", sum(answers.values()), "", float("inf"))
        yield Row("workers that were started", workers, "", float("inf"))
        yield Row("requests that were lost before SIGTERM", lost, "", 0)
        yield Row(
            "requests in progress at SIGTERM that got no answer",
            int(in_flight.exception() is not None or in_flight.result()[:2] != (200, b"slow")),
            "",
            0,
        )


PARTS = {
    part.__name__: part
    for part in (slow_uploads, event_streams, large_uploads, slow_handlers, mixed_traffic, gunicorn_turnover)
}
