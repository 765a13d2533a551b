"""Fuzzes whole responses: a random program makes a response, which is sent over both protocols.

The rule: the program gives the same status, header fields and body, or the same error, on WSGI, on ASGI (asyncio), as
events of the core in sync and in async code, and with every fast path off. Both lints accept what is sent, and h11
accepts it as HTTP/1.1. Errors are documented ones: TypeError, ValueError (which ContentLengthError is), WrongMode, or
the error of the body itself.

An input is a program in bytes: each byte chooses the next step, and its operands. See ``Steps``.
"""

from __future__ import annotations

import asyncio
import io
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import h11
from _bytes import fuzz

from cardan import Request, Response, redirect, send_file
from cardan.core import Chunk, End, Head
from cardan.exceptions import WrongMode
from cardan.testing import RequestBuilder, lint
from tests.fast_paths import FAST_PATHS, switched_off

TEXTS = [
    "", "a", "ä", "€", "a b", "a, b", 'a"b', "x" * 300, "a\r\nb", "a\nb", "\0", "\x7f", "no-store, max-age=5", "W/x",
    '"x"', 'W/"x"', "bytes", "bytes 0-1/3", "0", "1", "3", "-1", "1e3", "chunked", "close", "gzip", "text/html",
    "text/plain; charset=utf-8", "multipart/x", "Thu, 01 Jan 2026 00:00:00 GMT", "http://a.de/ä b", "//evil", "/x?y=ä",
    "\ud800", "*", "Accept", "a=1; Path=/",
]  # fmt: skip
NAMES = [
    "X-A", "x-a", "Content-Length", "Content-Type", "ETag", "Last-Modified", "Cache-Control", "Vary", "Location",
    "Set-Cookie", "Content-Range", "Accept-Ranges", "Transfer-Encoding", "Connection", "Date", "Content-Encoding",
    "Trailer", "Content-Location", "WWW-Authenticate", "Retry-After", "Upgrade", "Keep-Alive", "", "a b", "ä",
]  # fmt: skip
CODES = [
    100,
    101,
    103,
    199,
    200,
    200,
    200,
    201,
    202,
    204,
    205,
    206,
    226,
    301,
    302,
    304,
    307,
    400,
    404,
    412,
    416,
    426,
    500,
    599,
]
ASKED = ["Range", "If-Range", "If-None-Match", "If-Match", "If-Modified-Since", "If-Unmodified-Since", "Accept"]
ASKED_VALUES = [
    "bytes=0-0", "bytes=0-1,2-2", "bytes=-1", "bytes=9-", "bytes=2-1", "items=0-1", "*", '"x"', 'W/"x"', '"y", "x"',
    "Thu, 01 Jan 2026 00:00:00 GMT", "x",
]  # fmt: skip
METHODS = ["GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE", "PUT"]
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
FILE = Path(__file__)


class Broken(Exception):
    """What a body raises."""


class Steps:
    """Reads a program, byte by byte. After its end every byte is 0."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        """The next byte."""
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def of(self, values: list[Any]) -> Any:
        """One of several values."""
        return values[self.byte() % len(values)]


def body_of(steps: Steps, is_async: bool) -> Any:
    """A body; a stream is an async one for async code."""
    kind = steps.byte() % 9
    if kind == 0:
        return None
    if kind == 1:
        return steps.of(TEXTS)
    if kind == 2:
        return steps.of(TEXTS).encode("utf-8", "surrogatepass")
    pieces = [steps.of(TEXTS) for _ in range(steps.byte() % 4)]
    encoded = [piece.encode("utf-8", "replace") for piece in pieces]
    if kind == 3:
        return encoded
    if kind == 4:
        return io.BytesIO(b"".join(encoded))
    if kind == 5:
        return (piece for piece in pieces)
    fails = kind == 6

    def stream() -> Iterator[bytes]:
        yield from encoded
        if fails:
            raise Broken

    async def astream() -> AsyncIterator[bytes]:
        for piece in encoded:
            yield piece
        if fails:
            raise Broken

    return astream() if is_async else stream()


def program(data: bytes, is_async: bool = False) -> Callable[[Request], Response]:
    """The handler that an input is."""

    def handler(request: Request) -> Response:
        steps = Steps(data)
        asked(steps)
        way = steps.byte() % 12
        response: Response
        if way == 0:
            response = redirect(steps.of(TEXTS), steps.of(CODES))
        elif way == 1:
            response = Response.from_json([steps.of(TEXTS), steps.byte()], steps.of(CODES))
        elif way == 2:
            response = Response.from_events([{"a": steps.of(TEXTS)}, steps.of(TEXTS)])
        elif way == 3:
            response = send_file(
                FILE, request, as_attachment=bool(steps.byte() % 2), download_name=steps.of(TEXTS) or "a"
            )
        else:
            response = Response(body_of(steps, is_async), steps.of(CODES))
        for _ in range(steps.byte() % 5):
            change(response, request, steps)
        return response

    return handler


def change(response: Response, request: Request, steps: Steps) -> None:
    """One change of a response."""
    way = steps.byte() % 15
    if way == 0:
        response.headers[steps.of(NAMES)] = steps.of(TEXTS)
    elif way == 1:
        response.headers.add(steps.of(NAMES), steps.of(TEXTS))
    elif way == 2:
        response.set_cookie(steps.of(TEXTS), steps.of(TEXTS), max_age=steps.byte(), secure=bool(steps.byte() % 2))
    elif way == 3:
        response.status = steps.of([*CODES, "404 Gone fishing", "200", "2x", "299 ä", "200 a\r\nb"])
    elif way == 4:
        response.set_etag("x", weak=bool(steps.byte() % 2))
    elif way == 5:
        response.add_etag()
    elif way == 6:
        response.last_modified = WHEN + timedelta(days=steps.byte() - 100)
    elif way == 7:
        response.make_conditional(request, accept_ranges=bool(steps.byte() % 2), complete_length=steps.of([None, 3]))
    elif way == 8:
        response.cache_control.max_age = steps.byte()
        response.vary.add("Accept")
    elif way == 9:
        response.content_length = steps.byte() % 9
    elif way == 10:
        response.mimetype = steps.of(TEXTS)
    elif way == 11:
        response.location = steps.of(TEXTS)
    elif way == 12:
        response.www_authenticate.set_basic(steps.of(TEXTS))
    elif way == 13:
        response.delete_cookie(steps.of(TEXTS))
    else:
        del response.headers[steps.of(NAMES)]


def asked(steps: Steps) -> tuple[str, dict[str, str]]:
    """The method and the header fields of the request."""
    method = steps.of(METHODS)
    return method, {steps.of(ASKED): steps.of(ASKED_VALUES) for _ in range(steps.byte() % 3)}


Answer = tuple[int, list[tuple[str, str]], bytes] | str


def outcome(answer: Callable[[], Answer]) -> Answer:
    """What is sent, or the class of a documented error."""
    try:
        return answer()
    except (TypeError, ValueError, RuntimeError, Broken) as error:
        return f"{type(error).__name__}: {error}"


def by_wsgi(builder: RequestBuilder, app: Any) -> Answer:
    """Over WSGI, with its lint."""
    heads: list[Any] = []
    written = io.BytesIO()

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        heads[:] = [(int(status[:3]), list(headers))]
        return written.write

    with closing(lint.wsgi(app)(builder.environ(), start_response)) as chunks:
        sent = b"".join(chunks)
    return *heads[0], sent


async def by_asgi(builder: RequestBuilder, app: Any) -> Answer:
    """Over ASGI, with its lint."""
    sent: list[Any] = []

    async def receive() -> Any:
        if sent and sent[-1] == "received":
            await asyncio.sleep(3600)
        sent.append("received")
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await lint.asgi(app)(builder.scope(), receive, send)
    start, *chunks = [message for message in sent if message != "received"]
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    return start["status"], fields, b"".join(message.get("body", b"") for message in chunks)


def by_events(response: Response, method: str) -> Answer:
    """As events of the core."""
    with closing(response.iter_events(method)) as events:
        return gathered(list(events))


async def by_async_events(response: Response, method: str) -> Answer:
    """As events of the core, in async code."""
    async with aclosing(response.aiter_events(method)) as events:
        return gathered([event async for event in events])


def gathered(events: list[Any]) -> Answer:
    """The status, the fields and the body that events tell."""
    head, *rest = events
    assert isinstance(head, Head)
    assert isinstance(rest[-1], End)
    chunks = [event.data for event in rest if isinstance(event, Chunk)]
    return head.status, list(head.headers), b"".join(chunks)


def judged(method: str, answer: Answer) -> None:
    """h11 sends the answer as a server does, and another h11 receives the same one."""
    if isinstance(answer, str):
        return
    status, fields, body = answer
    server, client = h11.Connection(h11.SERVER), h11.Connection(h11.CLIENT)
    server.receive_data(client.send(h11.Request(method=method, target="/", headers=[("Host", "a")])) or b"")
    server.receive_data(client.send(h11.EndOfMessage()) or b"")
    while server.next_event() is not h11.NEED_DATA and server.their_state is not h11.DONE:
        pass
    head = h11.Response(
        status_code=status, headers=[(name.encode(), value.encode("latin-1")) for name, value in fields]
    )
    wire = (
        (server.send(head) or b"")
        + (server.send(h11.Data(data=body)) or b"")
        + (server.send(h11.EndOfMessage()) or b"")
    )
    client.receive_data(wire)
    client.receive_data(b"")
    received, data = None, b""
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            received = event.status_code
        elif isinstance(event, h11.Data):
            data += event.data
        assert event not in (h11.NEED_DATA, h11.PAUSED), (answer, event)
    assert (received, data) == (status, body if method != "HEAD" else b""), (answer, received, data)


def plain(answer: Answer) -> Answer:
    """``answer`` in a form in which answers of both protocols are equal: names have no case."""
    if isinstance(answer, str):
        return answer
    fields = sorted((name.lower(), value) for name, value in answer[1] if name.lower() != "date")  # it may be now
    return answer[0], fields, answer[2]


def law(data: bytes) -> None:
    """One program in six ways."""
    method, fields = asked(Steps(data))
    builder = RequestBuilder("/", method=method, headers=fields)

    request = Request(builder.environ())

    def direct(is_async: bool = False) -> Response:
        return program(data, is_async)(request)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of cookies that are too large
        try:
            direct().close()
        except (TypeError, ValueError) as error:
            if "expected" not in str(error) and not isinstance(error, UnicodeEncodeError):  # of a lone surrogate
                raise
            return
        except Broken:
            return
        expected = plain(outcome(lambda: by_wsgi(builder, direct())))
        with switched_off(FAST_PATHS):
            same("slow paths", expected, plain(outcome(lambda: by_wsgi(builder, direct()))))
        for is_async in (False, True):
            make = partial(direct, is_async)
            try:
                RUNNER.run(make().aclose())
            except WrongMode:
                continue  # an entity tag of an async stream needs amake_sequence() first
            same("asgi", expected, plain(outcome(lambda: RUNNER.run(by_asgi(builder, make())))))  # noqa: B023
            found = outcome(lambda: RUNNER.run(by_async_events(make(), method)))  # noqa: B023
            same("async events", expected, plain(found))
        same("events", expected, plain(outcome(lambda: by_events(direct(), method))))
        judged(method, expected)


def same(way: str, expected: Answer, found: Answer) -> None:
    """Raise AssertionError if another way gave something else."""
    assert found == expected, (way, expected, found)


if __name__ == "__main__":
    RUNNER = asyncio.Runner()
    seeds = [bytes(step * factor % 256 for step in range(20)) for factor in range(1, 200)]
    fuzz(__doc__, law, seeds, [bytes([number]) for number in range(256)])
