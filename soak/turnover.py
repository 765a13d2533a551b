"""The parts in which servers replace or end their processes while requests are in progress."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from tests.servers import STOPPING_HYPERCORN, Kind, Server, gunicorn, hypercorn, uvicorn

from .app import BYTES, PIECES
from .clients import CHECKED_HEAD, TAIL, TYPE, Answer, Connection
from .rows import Row, Size, processes, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["gunicorn_gevent", "gunicorn_threads", "server_shutdown"]

SECONDS = 120
"""How many seconds one step may take, also on a busy machine."""
GRACE = "60"
"""How long the servers wait for requests that are in progress, in seconds."""
ENDS = (0, -signal.SIGTERM)
"""The exit statuses of a server that was told to end: uvicorn sends itself the signal again."""
MEGABYTE = BYTES * PIECES
DATA = bytes(range(100)) * 3000
NAMES = itertools.count()


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait until something is true. Raises AssertionError if it does not become true."""
    end = perf_counter() + SECONDS
    while not true():
        assert perf_counter() < end, f"in {SECONDS} s this did not happen: {what}"
        await asyncio.sleep(0.02)


class InProgress(NamedTuple):
    """A request whose handler has begun, and which waits for :meth:`finish`."""

    connection: Connection
    pid: int
    rest: bytes
    """What is not sent yet."""
    expected: bytes
    path: str

    @classmethod
    async def begin(cls, server: Server, path: str, *, is_upload: bool = False, expected: bytes = b"") -> InProgress:
        """Begin a request, and wait until its handler runs."""
        connection = await Connection.open(server.port)
        name = f"held{next(NAMES)}"
        target = f"{path}{'&' if '?' in path else '?'}id={name}"
        rest = b""
        if is_upload:
            body = CHECKED_HEAD + DATA + TAIL
            connection.send_head("POST", target, f"Content-Type: {TYPE}", f"Content-Length: {len(body)}")
            half = len(body) // 2
            connection.writer.write(body[:half])
            rest = body[half:]
            expected = b"%d %d" % (len(DATA), crc32(DATA))
        else:
            connection.send_head("GET", target)
        note = server.log_file.with_name(name)
        await until(lambda: note.is_file() and note.read_text("ascii").endswith("\n"), f"the beginning of {path}")
        return cls(connection, int(note.read_text("ascii")), rest, expected, path)

    async def finish(self) -> str:
        """Send the rest, and receive the answer. Gives what is wrong with it, or nothing."""
        try:
            self.connection.writer.write(self.rest)
            async with asyncio.timeout(SECONDS):
                answer = await self.connection.receive()
        except (OSError, EOFError) as error:
            return f"{self.path}: {error!r}"
        finally:
            self.connection.leave()
        return "" if answer[:2] == (200, self.expected) else f"{self.path}: {answer.status} {answer.body[:100]!r}"


async def begun(server: Server) -> list[InProgress]:
    """Requests of several kinds that are in progress."""
    upload = InProgress.begin(server, "/upload", is_upload=True)
    uploads = [InProgress.begin(server, "/blocking-upload", is_upload=True) for _ in range(3)]
    slow = [InProgress.begin(server, "/slow?seconds=2", expected=b"slow") for _ in range(2)]
    streams = [InProgress.begin(server, f"/{name}?seconds=0.03", expected=MEGABYTE) for name in ("stream", "astream")]
    return list(await asyncio.gather(upload, *uploads, *slow, *streams))


async def finished(requests: list[InProgress]) -> list[str]:
    """What is wrong with the answers to these requests."""
    return list(filter(None, await asyncio.gather(*(request.finish() for request in requests))))


class Short:
    """Short requests without a pause, each on a connection of its own. All must be answered until the server ends."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.answers: Counter[str] = Counter()
        self.ends = False

    @asynccontextmanager
    async def running(self, clients: int = 6) -> AsyncIterator[None]:
        """Make requests until the server ends, or the block does."""
        tasks = [asyncio.ensure_future(self.work()) for _ in range(clients)]
        try:
            yield
        finally:
            self.ends = True
            await asyncio.gather(*tasks)

    async def work(self) -> None:
        """Make requests, one after the other."""
        while not self.ends:
            name = f"short{next(NAMES)}"
            note = self.server.log_file.with_name(name)
            try:
                connection = await Connection.open(self.server.port)
            except OSError as error:
                self.answers["refused at the end" if self.ends else f"refused: {error!r}"] += 1
                continue
            try:
                async with asyncio.timeout(SECONDS):
                    answer: Answer = await connection.ask("POST", f"/blocking-upload?id={name}", b"a=1")
                self.answers[f"{answer.status} {answer.body!r}"[:100]] += 1
            except (OSError, EOFError) as error:
                # at its end a server may close connections that it has not accepted; what has begun is answered
                is_free = self.ends and not note.is_file()
                self.answers["not accepted at the end" if is_free else f"lost: {error!r}"] += 1
            finally:
                connection.leave()
                note.unlink(missing_ok=True)

    def lost(self) -> Counter[str]:
        """The requests that should have got an answer, and did not."""
        right = ("200 b'0'", "refused at the end", "not accepted at the end")
        return Counter({what: count for what, count in self.answers.items() if what not in right})


async def ended(server: Server) -> int:
    """The exit status of a server that was told to end."""
    await until(lambda: server.process.poll() is not None, "the end of the server")
    return server.process.wait()


def lost(when: str, server: str, wrong: list[str]) -> Row:
    """How many requests were in progress and got no answer, or not the whole one."""
    return Row(f"not answered at {when}, {server}", len(wrong), "", 0, note=f"{wrong[:10]}")


def lost_meanwhile(server: str, lost: Counter[str]) -> Row:
    """How many of the short requests were lost."""
    return Row(f"lost short requests, {server}", lost.total(), "", 0, note=f"{lost}")


async def replaced(server: Server, requests: list[InProgress]) -> set[int]:
    """Wait until the workers of these requests have ended. Gives their process numbers."""
    workers = {request.pid for request in requests}
    await until(lambda: workers.isdisjoint(processes(server)), "the end of the old workers")
    return workers


def has_said(server: Server, text: str, workers: set[int]) -> bool:
    """Whether each of these workers has written this into the log."""
    log = server.log()
    return all(f"[{pid}] [INFO] {text}" in log for pid in workers)


def mentions(server: Server, text: str, times: int) -> bool:
    """Whether the log has a text this many times or more."""
    return server.log().count(text) >= times


async def gunicorn_threads(size: Size) -> AsyncIterator[Row]:
    """Gunicorn with threads replaces its workers and ends while requests are in progress: each gets its whole answer.

    It replaces its workers at SIGHUP and by ``--max-requests``, and ends at SIGTERM. The requests in progress are
    uploads of which one half was sent, slow handlers and streams. At the same time there are short requests. A short
    request is lost if it gets no answer, unless the server was ending and the handler had not begun.
    """
    async for row in turnover(size, "gthread", "--threads", "16"):
        yield row


async def gunicorn_gevent(size: Size) -> AsyncIterator[Row]:
    """Gunicorn with gevent replaces its workers and ends, as in the part ``gunicorn_threads``."""
    async for row in turnover(size, "gevent"):
        yield row


async def turnover(size: Size, name: str, *more: str) -> AsyncIterator[Row]:
    """All ways in which gunicorn replaces a kind of workers."""
    options = ("--workers", "2", "--preload", "--max-requests", "100", "--graceful-timeout", GRACE, "--timeout", "300")
    with serving(Kind("gunicorn", "wsgi", ("gunicorn",), gunicorn(name, *options, *more))) as server:
        short = Short(server)
        wrong: dict[str, list[str]] = {"--max-requests": [], "SIGHUP": [], "SIGTERM": []}
        in_progress: Counter[str] = Counter()
        async with short.running():
            for _ in range(size.turnovers):
                requests = await begun(server)
                in_progress["--max-requests"] += len(requests)
                workers = {request.pid for request in requests}
                await until(partial(has_said, server, "Autorestarting worker", workers), "--max-requests")
                wrong["--max-requests"] += await finished(requests)
                in_progress["workers"] += len(await replaced(server, requests))

                requests = await begun(server)
                in_progress["SIGHUP"] += len(requests)
                booted = server.log().count("Booting worker")
                server.process.send_signal(signal.SIGHUP)
                await until(partial(mentions, server, "Booting worker", booted + 2), "new workers after SIGHUP")
                wrong["SIGHUP"] += await finished(requests)
                in_progress["workers"] += len(await replaced(server, requests))

            requests = await begun(server)
            in_progress["SIGTERM"] += len(requests)
            short.ends = True
            server.process.send_signal(signal.SIGTERM)
            await until(partial(mentions, server, "Handling signal: term", 1), "SIGTERM")
            await asyncio.sleep(0.2)
            wrong["SIGTERM"] += await finished(requests)
        status = await ended(server)
        yield Row(f"workers that were replaced during these requests, {name}", in_progress.pop("workers"))
        for when, count in in_progress.items():
            yield Row(f"requests in progress at {when}, {name}", count)
            yield lost(when, name, wrong[when])
        yield Row(f"short requests meanwhile, {name}", short.answers.total())
        yield lost_meanwhile(name, short.lost())
        yield Row(f"exit status, {name}", abs(status), "", 0)


SERVERS = [
    Kind(
        "uvicorn",
        "asgi",
        ("uvicorn", "httptools"),
        lambda target, port: [*uvicorn("httptools")(target, port), "--timeout-graceful-shutdown", GRACE],
    ),
    Kind(
        "hypercorn, trio",
        "asgi",
        ("hypercorn", "trio"),
        lambda target, port: [*hypercorn("trio")(target, port), "--graceful-timeout", GRACE],
    ),
]
if STOPPING_HYPERCORN:
    SERVERS.append(
        Kind(
            "hypercorn",
            "asgi",
            ("hypercorn",),
            lambda target, port: [*hypercorn("asyncio")(target, port), "--graceful-timeout", GRACE],
        )
    )


async def server_shutdown(size: Size) -> AsyncIterator[Row]:
    """ASGI servers get SIGTERM while uploads, slow handlers and streams are in progress: each gets its whole answer.

    At the same time there are short requests. "Other ends than by SIGTERM" counts the servers whose exit status is
    neither 0 nor that of the signal. On uvicorn there are also event streams. ``end_streams_on_stop`` ends them, so
    that their answers are complete.
    """
    for kind in SERVERS:
        wrong: list[str] = []
        meanwhile = Counter[str]()
        count = wrong_ends = 0
        for _ in range(size.turnovers):
            with serving(kind) as server:
                short = Short(server)
                async with short.running():
                    requests = await begun(server)
                    count += len(requests)
                    short.ends = True
                    server.process.send_signal(signal.SIGTERM)
                    await asyncio.sleep(0.5)
                    wrong += await finished(requests)
                meanwhile += short.lost()
                wrong_ends += await ended(server) not in ENDS
        yield Row(f"requests in progress at SIGTERM, {kind.name}", count)
        yield lost("SIGTERM", kind.name, wrong)
        yield lost_meanwhile(kind.name, meanwhile)
        yield Row(f"other ends than by SIGTERM, {kind.name}", wrong_ends, "", 0)
    with serving(SERVERS[0], "soak.app:stopping") as server:
        streams = [await InProgress.begin(server, "/events") for _ in range(min(size.streams, 100))]
        server.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*(each.connection.receive() for each in streams), return_exceptions=True)
        await ended(server)
        cut = [repr(answer) for answer in answers if not isinstance(answer, Answer)]
        closed = len(list(server.log_file.parent.glob("*.closed")))
        yield Row("event streams at SIGTERM, uvicorn", len(streams))
        yield Row("of these were cut off", len(cut), "", 0, note=f"{cut[:5]}")
        yield Row("of these were not closed", len(streams) - closed, "", 0)
        for each in streams:
            each.connection.leave()
