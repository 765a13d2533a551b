"""The part ``mixed_traffic``: requests of all kinds on four servers at the same time, for an hour by default.

``ASKS`` is the table of the requests and their expected answers.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from tests.servers import Kind, Server, gunicorn, hypercorn, uvicorn

from .app import BYTES, PIECES
from .clients import (
    CHECKED_HEAD,
    CHUNKED,
    CLOSE,
    FIELD_HEAD,
    HEAD,
    TAIL,
    TYPE,
    Answer,
    Connection,
    is_idle,
    once,
    state,
)
from .process import LIMIT
from .rows import Row, Size, descriptors, memory, processes, processor_seconds, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

__all__ = ["ASKS", "Ask", "mixed_traffic", "servers", "unexpected_errors"]

WORKERS = 2
THREADED = ("--preload", "--workers", str(WORKERS), "--threads", "8", "--timeout", "300")
GREEN = ("--preload", "--workers", "1", "--timeout", "300")


def servers(keep_alive: int) -> list[Kind]:
    """The servers under load: an event loop of asyncio, one of trio, processes with threads, and green threads.

    ``keep_alive`` is short, because a closed connection may count as a descriptor until this time is over.
    """
    kept = ("--keep-alive", str(keep_alive))
    return [
        Kind(
            "uvicorn",
            "asgi",
            ("uvicorn", "httptools"),
            lambda target, port: [*uvicorn("httptools")(target, port), "--timeout-keep-alive", str(keep_alive)],
        ),
        Kind(
            "hypercorn, trio",
            "asgi",
            ("hypercorn", "trio"),
            lambda target, port: ["-m", "hypercorn", *kept, *hypercorn("trio")(target, port)[2:]],
        ),
        Kind("gunicorn, gthread", "wsgi", ("gunicorn",), gunicorn("gthread", *THREADED, *kept)),
        Kind("gunicorn, gevent", "wsgi", ("gunicorn", "gevent"), gunicorn("gevent", *GREEN, *kept)),
    ]


SECONDS = 180
"""How long a client waits for one answer, and a round for all requests to end: longer than a busy machine takes."""
LOST = "never retrieved|never awaited|destroyed but it is pending|Exception ignored|ResourceWarning"
"""What Python writes of errors, coroutines, tasks and files that nobody has taken care of."""
EXPECTED_ERRORS = ("RuntimeError: broken on purpose", "RuntimeError: failing on purpose")
LEFT = Answer(0, b"left")
"""Stands for the answer if the client has left before."""

choose = random.Random(7)


class Ask(NamedTuple):
    """A kind of request, and what is expected of its answer."""

    name: str
    make: Callable[[int], Awaitable[Answer]]
    """What is to be done at a port."""
    status: int
    body: bytes | Callable[[bytes], bool]
    """The body, or what checks it."""

    def expects(self, answer: Answer) -> bool:
        """Whether this is the answer."""
        right = self.body(answer.body) if callable(self.body) else self.body == answer.body
        return right and answer.status == self.status


def plain(
    name: str,
    status: int,
    expected: bytes | Callable[[bytes], bool],
    method: str,
    path: str,
    body: bytes = b"",
    kind: str = "text/plain",
    *fields: str,
) -> Ask:
    """One request on a connection of its own."""
    return Ask(name, lambda port: once(port, method, path, body, kind, *fields), status, expected)


def saying(words: str) -> Callable[[bytes], bool]:
    """Checks an answer that is an error: it has these words."""
    return lambda body: words.encode() in body


async def checked_upload(port: int, path: str, size: int, *, chunked: bool) -> Answer:
    """An upload of random bytes, whose checksum comes back.

    The body of the answer is ``right`` if it has that of the file.
    """
    data = choose.randbytes(size)
    connection = await Connection.open(port)
    try:
        length = len(CHECKED_HEAD) + size + len(TAIL)
        connection.send_head("POST", path, f"Content-Type: {TYPE}", CHUNKED if chunked else f"Content-Length: {length}")
        send = connection.send_chunk if chunked else connection.writer.write
        send(CHECKED_HEAD)
        at = 0
        while at < size:
            step = choose.randint(1, 100_000)
            send(data[at : at + step])
            await connection.writer.drain()
            at += step
        send(TAIL)
        if chunked:
            send(b"")
        answer = await connection.receive()
    finally:
        connection.leave()
    return answer._replace(body=b"right") if answer.body == b"%d %d" % (size, crc32(data)) else answer


async def leave_early(port: int, path: str, *, reset: bool) -> Answer:
    """An upload whose client leaves in the middle."""
    connection = await Connection.open(port)
    connection.send_head("POST", path, f"Content-Type: {TYPE}", "Content-Length: 900000")
    connection.writer.write(HEAD + bytes(choose.choice([0, 1000, 60_000, 700_000])))
    await asyncio.sleep(0.01)
    connection.leave(reset=reset)
    return LEFT


async def leave_stream(port: int, path: str, *, reset: bool) -> Answer:
    """A client that leaves a stream after its first bytes."""
    connection = await Connection.open(port)
    connection.send_head("GET", path)
    answer = await connection.receive_head()
    if answer.status != 200:
        return answer
    await connection.reader.readexactly(1000)
    connection.leave(reset=reset)
    return LEFT


async def listen(port: int) -> Answer:
    """A client that leaves after three events."""
    connection = await Connection.open(port)
    connection.send_head("GET", "/events")
    answer = await connection.receive_head()
    got: list[Any] = []
    while len(got) < 3:
        line = await connection.line()
        if line.startswith(b"data: "):
            got.append(json.loads(line[6:]))
    connection.leave(reset=choose.random() < 0.5)
    return answer._replace(body=json.dumps(got).encode())


async def cut(port: int) -> Answer:
    """A stream that fails must not look like one that is complete."""
    try:
        return await once(port, "GET", "/broken")
    except (EOFError, OSError):
        return Answer(0, b"cut")


async def several(port: int) -> Answer:
    """Several requests on one connection. The bodies of the answers are joined.

    A server may close a connection that was idle for too long, because the machine was busy: then all begins again.
    """
    connection = await Connection.open(port)
    shown = []
    try:
        for arguments in SEVERAL:
            begin = perf_counter()
            answer = await connection.ask(*arguments)
            shown.append(f"{answer.status} {len(answer.body) if len(answer.body) > 20 else answer.body!r}")
    except (OSError, EOFError):
        if perf_counter() - begin > 1:
            return await several(port)
        raise
    finally:
        connection.leave()
    return Answer(0, "; ".join(shown).encode())


async def pipelined(port: int) -> Answer:
    """Two requests at once on one connection: two answers in their order."""
    connection = await Connection.open(port)
    try:
        connection.send_head("GET", "/ping")
        connection.send_head("GET", "/none", CLOSE)
        answers = [await connection.receive(), await connection.receive()]
    finally:
        connection.leave()
    return Answer(0, b"%d %d" % (answers[0].status, answers[1].status))


URL = "application/x-www-form-urlencoded"
MEGABYTE = BYTES * PIECES
RANGE = "Range: bytes=1000-1999"
SEVERAL: list[tuple[Any, ...]] = [
    ("GET", "/ping"),
    ("POST", "/json", b"[1]", "application/json"),
    ("POST", "/upload", b"a=1", URL),
    ("GET", "/none"),
    ("HEAD", "/file"),
    ("GET", "/astream"),
    ("GET", "/blocking", b"", "", CLOSE),
]
SEVERAL_ANSWERS = rb"""200 b'pong'; 200 b'{"got":\[1\]}'; 200 b'0'; 404 \d+; 200 b''; 200 1048576; 200 b'pong'"""
ASKS = [
    plain("ping", 200, b"pong", "GET", "/ping"),
    plain("ping of a def handler", 200, b"pong", "GET", "/blocking"),
    plain("stream", 200, MEGABYTE.__eq__, "GET", "/stream"),
    plain("async stream", 200, MEGABYTE.__eq__, "GET", "/astream"),
    plain("file", 200, MEGABYTE.__eq__, "GET", "/file"),
    plain("range of a file", 206, MEGABYTE[1000:2000], "GET", "/file", b"", "", RANGE),
    plain("range beyond a file", 416, bool, "GET", "/file", b"", "", "Range: bytes=9000000-"),
    plain("condition on a file", 304, b"", "GET", "/file", b"", "", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"),
    plain("no such page", 404, saying("Not Found"), "GET", "/none"),
    plain("failing handler", 500, lambda body: b"on purpose" not in body, "GET", "/failing"),
    plain("JSON", 200, b'{"got":{"a":[1,2]}}', "POST", "/json", b'{"a": [1, 2]}', "application/json"),
    plain("broken JSON", 400, saying("Bad Request"), "POST", "/json", b'{"a"', "application/json"),
    plain("JSON of another type", 415, saying("text/plain"), "POST", "/json", b"a", "text/plain"),
    plain("form", 200, b"0", "POST", "/upload", b"a=1&b=2", URL),
    plain(
        "form that is too large", 413, saying("max_form_memory_size"), "POST", "/upload", b"a=" + b"x" * 200_000, URL
    ),
    plain(
        "form that ends too early", 400, saying("ended"), "POST", "/upload", b"--x", "multipart/form-data; boundary=x"
    ),
    plain(
        "body that is too large",
        413,
        saying("max_content_length"),
        "POST",
        "/limited?limit=max_content_length",
        b"a" * (LIMIT + 1),
        URL,
    ),
    plain(
        "field that is too large",
        413,
        saying("max_form_memory_size"),
        "POST",
        "/blocking-limited?limit=max_form_memory_size",
        FIELD_HEAD + b"x" * (LIMIT + 1) + TAIL,
        TYPE,
    ),
    Ask("upload", lambda port: checked_upload(port, "/upload", 30_000, chunked=False), 200, b"right"),
    Ask("large upload", lambda port: checked_upload(port, "/upload", 900_000, chunked=False), 200, b"right"),
    Ask("chunked upload", lambda port: checked_upload(port, "/upload", 200_000, chunked=True), 200, b"right"),
    Ask("upload to def", lambda port: checked_upload(port, "/blocking-upload", 30_000, chunked=True), 200, b"right"),
    Ask(
        "large upload to def",
        lambda port: checked_upload(port, "/blocking-upload", 900_000, chunked=False),
        200,
        b"right",
    ),
    Ask("upload that is reset", lambda port: leave_early(port, "/upload", reset=True), *LEFT[:2]),
    Ask("upload to def that is closed", lambda port: leave_early(port, "/blocking-upload", reset=False), *LEFT[:2]),
    Ask("stream that is left", lambda port: leave_stream(port, "/stream", reset=True), *LEFT[:2]),
    Ask("async stream that is left", lambda port: leave_stream(port, "/astream", reset=False), *LEFT[:2]),
    Ask("events", listen, 200, b'[{"number": 1}, {"number": 2}, {"number": 3}]'),
    Ask("stream that fails", cut, 0, b"cut"),
    Ask("several requests", several, 0, lambda body: re.fullmatch(SEVERAL_ANSWERS, body) is not None),
    Ask("pipelined requests", pipelined, 0, b"200 404"),
]
"""Every kind of request, each with its own status and body."""


def unexpected_errors(log: str, expected: tuple[str, ...] = EXPECTED_ERRORS) -> list[str]:
    """The errors in a log that are not expected: those at the end of tracebacks, and what Python says of lost ones."""
    found = re.findall(f"^.*(?:{LOST}).*$", log, re.MULTILINE)
    for traceback in log.split("Traceback (most recent call last):")[1:]:
        error = re.search(r"^(?: *\| )?([\w.]+(?:: .*)?)$", traceback, re.MULTILINE)
        if error is None or error[1] not in expected:
            found.append(error[1] if error else traceback[:200])
    return found


@dataclass
class Watched:
    """A server under load, and what was seen of it."""

    server: Server
    workers: int
    before: dict[str, int] = field(default_factory=dict)
    rounds: list[dict[str, int]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    processes: set[int] = field(default_factory=set)

    async def make(self, ask: Ask) -> None:
        """Make one request, and count what came of it."""
        self.answers[ask.name] += 1
        try:
            async with asyncio.timeout(SECONDS):
                answer = await ask.make(self.server.port)
        except (OSError, EOFError, ValueError) as error:
            self.unexpected[f"{self.server.kind.name}, {ask.name}: {error!r}"[:300]] += 1
        else:
            if not ask.expects(answer):
                self.unexpected[f"{self.server.kind.name}, {ask.name}: {answer.status} {answer.body[:100]!r}"] += 1

    async def work(self, end: float, pause: float) -> None:
        """Make requests at random."""
        while perf_counter() < end:
            await self.make(choose.choice(ASKS))
            await asyncio.sleep(choose.expovariate(1 / pause))

    async def held(self) -> dict[str, int]:
        """What all processes of the server hold together."""
        found: dict[int, dict[str, Any]] = {}
        while len(found) < self.workers:
            for each in await asyncio.gather(*(state(self.server.port, objects=True) for _ in range(self.workers))):
                found[each["pid"]] = each
        states = found.values()
        return {
            "busy": sum(not is_idle(each) for each in states),
            "tasks": sum(each["tasks"] for each in states),
            "objects": sum(each["objects"] for each in states),
            "descriptors": descriptors(self.server),
            "memory": memory(self.server),
        }

    async def settle(self) -> dict[str, int]:
        """What it holds, when that is no more than before the load, or after a while."""
        end = perf_counter() + SECONDS
        while True:
            async with asyncio.timeout(SECONDS):
                found = await self.held()
            least = self.before or found
            has_left = all(found[name] <= least[name] for name in ("descriptors", "tasks"))
            if (has_left and not found["busy"]) or perf_counter() > end:
                return found
            await asyncio.sleep(0.3)

    async def warm_up(self, keep_alive: int) -> None:
        """Make each request some times, and note what the server holds when they have ended."""
        for _ in range(self.workers):
            await asyncio.gather(*map(self.make, ASKS))
        await asyncio.sleep(keep_alive + 1)
        previous: dict[str, int] = {}
        while True:
            found = await self.settle()
            if found["descriptors"] == previous.get("descriptors") and found["tasks"] == previous.get("tasks"):
                break
            previous = found
            await asyncio.sleep(1)
        self.before = found
        self.processes = processes(self.server)

    def values(self, name: str) -> list[int]:
        """What the server held after each round."""
        return [found[name] for found in self.rounds]

    def growth(self, name: str) -> float:
        """By how much the middle of the last third of the rounds exceeds that of the third before."""
        values = self.values(name)
        if len(values) < 2:
            return 0
        third = max(1, len(values) // 3)
        return median(values[-third:]) - median(values[-2 * third : -third])

    def left(self, name: str) -> int:
        """After how many rounds the server held more than before the load."""
        return sum(found[name] > self.before[name] for found in self.rounds)


async def mixed_traffic(size: Size) -> AsyncIterator[Row]:
    """Four servers get requests of all kinds, also wrong ones, and some clients leave in the middle of a request.

    A round is a minute of load. After it the clients pause until all requests have ended; then the servers must hold no
    more descriptors and tasks than before the first round. The growth of the memory, or of the number of Python
    objects, is the difference between two medians: that of the last third of all rounds, and that of the third before.
    """
    with ExitStack() as stack:
        all_watched = [
            Watched(stack.enter_context(serving(kind)), WORKERS if "gthread" in kind.name else 1)
            for kind in servers(size.keep_alive)
        ]
        await asyncio.gather(*(each.warm_up(size.keep_alive) for each in all_watched))
        begin, used = perf_counter(), process_time() + sum(processor_seconds(each.server) for each in all_watched)
        rounds = max(1, round(size.minutes))
        for number in range(rounds):
            end = max(begin + 60 * size.minutes * (number + 1) / rounds, perf_counter() + 1)
            await asyncio.gather(*(each.work(end, size.pause) for each in all_watched for _ in range(4)))
            for each, found in zip(all_watched, await asyncio.gather(*(each.settle() for each in all_watched))):
                each.rounds.append(found)
            print(f"  round {number + 1} of {rounds}: {[each.rounds[-1] for each in all_watched]}", file=sys.stderr)
        used = process_time() + sum(processor_seconds(each.server) for each in all_watched) - used
        yield Row("use of one core by servers and clients", 100 * used / (perf_counter() - begin), "%")
        yield Row("kinds of requests", len(ASKS))
        for each in all_watched:
            yield Row(f"requests on {each.server.kind.name}", each.answers.total())
        unexpected = sum((each.unexpected for each in all_watched), Counter[str]())
        yield Row("unexpected answers", unexpected.total(), "", 0, note=f"{unexpected.most_common(20)}")
        errors = Counter(error for each in all_watched for error in unexpected_errors(each.server.log()))
        yield Row("unexpected errors in the logs", errors.total(), "", 0, note=f"{errors.most_common(20)}")
        for name, what in (("descriptors", "descriptors"), ("tasks", "tasks"), ("busy", "requests that did not end")):
            note = f"{[(each.server.kind.name, each.before[name], each.values(name)) for each in all_watched]}"
            left = sum(each.left(name) for each in all_watched)
            yield Row(f"rounds after which {what} were left", left, "", 0, note=note)
        changed = sum(len(each.processes ^ processes(each.server)) for each in all_watched)
        yield Row("processes that ended or came", changed, "", 0)
        for each in all_watched:
            name = each.server.kind.name
            yield Row(f"memory of {name}", each.rounds[-1]["memory"] / (1 << 20), "MiB")
            grown = each.growth("memory") / (1 << 20)
            yield Row(f"growth of the memory of {name}", grown, "MiB", 5, True, f"{each.values('memory')}")
            grown = each.growth("objects")
            yield Row(f"growth of the number of objects of {name}", grown, "", 1000, True, f"{each.values('objects')}")
