"""Answers that are sent before the body of the request was read: clients see them, within bounds, on both protocols."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
from contextlib import closing, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
import trio
import trio.testing

from cardan import Application, Request, Response, abort, middleware
from cardan._crossing import portal
from cardan.apps._asgi_bridge import served_by
from cardan.apps._wsgi_bridge import bridged
from cardan.asgi._receiving import ReceiveBody
from cardan.core._request.draining import Drain, DrainLimits
from cardan.exceptions import ClientDisconnected, NotFound
from cardan.files._sending import send_file
from cardan.files._static import StaticFiles
from cardan.testing import PROTOCOLS, Client, RequestBuilder
from cardan.wsgi._draining import _Cut

from .error_apps import cancelled_elsewhere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from cardan.types import ProtocolName

BACKENDS = ("asyncio", "trio")
#: the body that clients here send; a small one is received before a def handler gets its thread
PIECE = 100_000
PIECES = 8


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The event loop."""
    return str(request.param)


# --- the policy by itself ---


def test_a_drain_ends_at_its_bounds() -> None:
    """A drain reads until its limit of bytes is reached, and reads nothing after its time is over."""
    now = 10.0
    drain = Drain(DrainLimits(100, 5.0), clock=lambda: now)
    assert drain.wanted == 100
    drain.feed(60)
    assert drain.wanted == 40
    now = 14.9
    assert drain.wanted == 40
    now = 15.0
    assert drain.wanted == 0
    now = 10.0
    drain.feed(60)
    assert drain.wanted == 0


# --- what answers early ---


class Small(Request):
    """A limit that refuses a body by its declared length, or while it is read."""

    max_content_length = 10


def never(request: Request) -> Response:
    return Response("early")


def streams(request: Request) -> Response:
    return Response(iter([b"ea", b"rly"]))


def raises(request: Request) -> Response:
    abort(401)


def refuses(request: Request) -> Response:
    return Response(request.get_data())


def begins(request: Request) -> Response:
    next(iter(request.iter_data()))
    return Response("early")


def no_body(request: Request) -> Response:
    return Response(status=204)


async def anever(request: Request) -> Response:
    return Response("early")


async def astreams(request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"ea"
        yield b"rly"

    return Response(body())


async def araises(request: Request) -> Response:
    abort(401)


async def arefuses(request: Request) -> Response:
    await request.load()
    return Response("read")


async def abegins(request: Request) -> Response:
    async for _ in request.aiter_data():
        break
    return Response("early")


@middleware
def guard(request: Request) -> Iterator[Any]:
    return Response("log in", 303, {"Location": "/login"})
    yield


class Router(Application[Request]):
    """An application that knows no path."""

    def resolve(self, request: Request) -> Any:
        """Raise NotFound."""
        raise NotFound


EARLY: dict[str, tuple[Callable[[Path], Any], int]] = {
    "def": (lambda folder: Application(never), 200),
    "async def": (lambda folder: Application(anever), 200),
    "def, streamed": (lambda folder: Application(streams), 200),
    "async def, streamed": (lambda folder: Application(astreams), 200),
    "def, 401": (lambda folder: Application(raises), 401),
    "async def, 401": (lambda folder: Application(araises), 401),
    "def, 413": (lambda folder: Application(refuses, request_class=Small), 413),
    "async def, 413": (lambda folder: Application(arefuses, request_class=Small), 413),
    "load, 413": (lambda folder: Application(never, request_class=Small, load=True), 413),
    "def, read in part": (lambda folder: Application(begins), 200),
    "async def, read in part": (lambda folder: Application(abegins), 200),
    "no content": (lambda folder: Application(no_body), 204),
    "middleware": (lambda folder: Application(never, middleware=[guard]), 303),
    "resolve": (lambda folder: Router(), 404),
    "static files": (lambda folder: StaticFiles(folder), 405),
}


@pytest.fixture(params=EARLY)
def early(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, int]:
    """An application that answers before it has read the body, and the status of its answer."""
    make, status = EARLY[request.param]
    return make(tmp_path), status


# --- ASGI ---


class Connection:
    """The two callables of an ASGI server. Records all calls in their order."""

    def __init__(self, pieces: int = PIECES, data: bytes = b"x" * PIECE, *, silent: bool = False) -> None:
        self.pieces = pieces
        self.data = data
        self.silent = silent
        self.notes: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        """The next piece of the body. After the last piece, and if the client is silent, it waits for ever."""
        self.notes.append("receive")
        if self.silent or not self.pieces:
            await anyio.sleep_forever()
        self.pieces -= 1
        return {"type": "http.request", "body": self.data, "more_body": self.pieces > 0}

    async def send(self, message: dict[str, Any]) -> None:
        """Record the message."""
        self.notes.append(message)

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The messages that were sent."""
        return [note for note in self.notes if note != "receive"]

    @property
    def received(self) -> int:
        """The number of calls of receive()."""
        return self.notes.count("receive")

    @property
    def fields(self) -> dict[bytes, bytes]:
        """The header fields of the response."""
        return dict(self.sent[0]["headers"])


def scope(
    length: int | None = PIECE * PIECES, method: str = "POST", version: str = "1.1", **fields: str
) -> dict[str, Any]:
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": version, "method": method, "scheme": "http",
        "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "", "headers": headers,
    }  # fmt: skip


def serve(app: Any, scope: dict[str, Any], connection: Connection, backend: str = "asyncio") -> Connection:
    async def main() -> None:
        with anyio.fail_after(100):
            await app(scope, connection.receive, connection.send)

    anyio.run(main, backend=backend)
    return connection


def test_asgi_ends_the_response_after_the_body(early: tuple[Any, int], backend: str) -> None:
    """Head and body of an early answer are sent first. Then the whole request is received. Then the end is sent."""
    app, status = early
    connection = serve(app, scope(), Connection(), backend)
    start, *bodies, last = connection.sent
    assert start["status"] == status
    assert bodies
    assert all(body["more_body"] for body in bodies)
    assert last == {"type": "http.response.body", "body": b"", "more_body": False}
    assert connection.notes[-1] is last
    assert connection.received == PIECES
    if b"content-length" in connection.fields:
        assert sum(len(body["body"]) for body in bodies) == int(connection.fields[b"content-length"])
        assert connection.notes.index(bodies[-1]) < len(connection.notes) - 2, "the answer waited for the body"


@pytest.mark.parametrize(
    "app", [Response("early"), Application(never), Application(anever)], ids=["bare", "def", "async"]
)
def test_asgi_a_bare_response_drains_as_an_application_does(app: Any, backend: str) -> None:
    """A bare response drains a large body in the same way as an Application."""
    connection = serve(app, scope(100_000), Connection(10, bytes(10_000)), backend)
    assert connection.received == 10
    assert [message.get("more_body") for message in connection.sent] == [None, True, False]


async def part_then_bare(scope: Any, receive: Any, send: Any) -> None:
    async for _ in Request(scope, receive, send).aiter_data():
        break
    await Response("early")(scope, receive, send)


async def all_then_bare(scope: Any, receive: Any, send: Any) -> None:
    await Request(scope, receive, send).load()
    await Response("early")(scope, receive, send)


class Wrapped:
    """The ``receive`` of a server, as a method of a class: each access to it gives another object."""

    def __init__(self, receive: Any) -> None:
        self._receive = receive

    async def receive(self) -> Any:
        """Pass one message on."""
        return await self._receive()


async def all_then_bare_by_methods(scope: Any, receive: Any, send: Any) -> None:
    wrapped = Wrapped(receive)
    for _ in range(2):
        request = Request(scope, wrapped.receive, send)
        await request.load()
        assert len(request.get_data()) == PIECE * PIECES
    await Response("early")(scope, wrapped.receive, send)


class Counting(Request):
    """A request whose class reads the body through a ``receive`` of its own."""

    def __init__(self, scope: Any, receive: Any = None, send: Any = None, **options: Any) -> None:
        async def own() -> Any:
            return await receive()

        super().__init__(scope, own, send, **options)


async def all_by_its_class_then_bare(scope: Any, receive: Any, send: Any) -> None:
    await Counting(scope, receive, send).load()
    await Response("early")(scope, receive, send)


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
@pytest.mark.parametrize(
    ("app", "ends"),
    [
        (part_then_bare, [None, True, False]),
        (Application(begins), [None, True, False]),
        (Application(abegins), [None, True, False]),
        (all_then_bare, [None, None]),
        (all_then_bare_by_methods, [None, None]),
        (Application(refuses), [None, None]),
        (Application(arefuses), [None, None]),
        (Application(refuses, request_class=Counting), [None, None]),
        (Application(arefuses, request_class=Counting), [None, None]),
        (all_by_its_class_then_bare, [None, None]),
    ],
    ids=[
        "part, bare",
        "part, def",
        "part, async",
        "all, bare",
        "all, bare, by methods",
        "all, def",
        "all, async",
        "all by its class, def",
        "all by its class, async",
        "all by its class, bare",
    ],
)
def test_asgi_what_is_left_of_a_body_is_drained(app: Any, ends: list[Any], method: str, backend: str) -> None:
    """If the body was read in part, the rest is received before the end of the response is sent, whatever the method
    is. After a body that was read to its end the response is two messages. A ``receive`` that is a method is the same
    one at each access, and the class of a request may have one of its own.
    """
    connection = serve(app, scope(method=method), Connection(), backend)
    assert connection.received == PIECES
    assert [message.get("more_body") for message in connection.sent] == ends


def test_asgi_an_error_after_a_body_that_its_class_has_read_is_raised_at_once(backend: str) -> None:
    """After the whole body was read, nothing is received before an error is raised, whatever ``receive`` it was read
    through.
    """

    async def fails(request: Request) -> Response:
        await request.load()
        raise LookupError

    for request_class in (Request, Counting):
        connection = Connection()
        with pytest.raises(LookupError):
            serve(Application(fails, request_class=request_class), scope(), connection, backend)
        assert connection.notes == ["receive"] * PIECES


def test_asgi_a_bare_response_waits_for_no_body_that_others_read(backend: str) -> None:
    """If other code has read the body before a bare response is called, the response ends at once or after a moment."""
    small = serve(Response("x"), scope(50_000), Connection(silent=True), backend)
    assert [message.get("more_body") for message in small.sent] == [None, None]
    assert small.received == 0
    large = Connection(silent=True)

    async def main() -> float:
        began = trio.current_time()
        await Response("x")(scope(100_000), large.receive, large.send)
        return trio.current_time() - began

    assert trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0)) < 1
    assert large.received == 1


def test_asgi_a_bare_response_is_patient_with_a_body_that_it_knows(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a request object has read a part of the body, no other code has: the next message may take as long as with an
    Application.
    """

    class Slow(Connection):
        async def receive(self) -> dict[str, Any]:
            for _ in range(10):
                await anyio.lowlevel.checkpoint()
            return await super().receive()

    monkeypatch.setattr("cardan.asgi._handling.PATIENCE", 0)
    connection = serve(part_then_bare, scope(), Slow(), backend)
    assert connection.received == PIECES
    assert connection.sent[-1]["more_body"] is False


def test_asgi_what_was_read_costs_nothing(backend: str) -> None:
    """If the request was read to its end, or has no body, the response is sent in two messages, as usual."""

    async def reads(request: Request) -> Response:
        await request.load()
        return Response("read")

    read = serve(Application(reads), scope(), Connection(), backend)
    assert (read.received, len(read.sent)) == (PIECES, 2)
    for method, length in (("GET", None), ("POST", None), ("POST", 0), ("HEAD", None)):
        none = serve(Application(anever), scope(length, method), Connection(), backend)
        assert (none.received, len(none.sent)) == (0, 2)


@pytest.mark.parametrize("data", [bytes(1000), b""], ids=["fast", "empty"])
def test_asgi_the_bounds_hold_however_fast_the_client_is(backend: str, data: bytes) -> None:
    """If receive never waits, the bounds on bytes and time still hold, and other tasks can run."""

    class Bounded(Request):
        max_drain_size = 20_000
        drain_timeout = 0.05

    connection = Connection(10**9, data)
    ticks: list[int] = []

    async def tick() -> None:
        while True:
            ticks.append(connection.received)
            await anyio.sleep(0)

    async def main() -> None:
        with anyio.fail_after(100):
            async with anyio.create_task_group() as group:
                group.start_soon(tick)
                await Application(anever, request_class=Bounded)(
                    scope(None, transfer_encoding="chunked"), connection.receive, connection.send
                )
                group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert connection.sent[-1]["more_body"] is False
    if data:
        assert connection.received == 20
    assert len(set(ticks)) > 5, "no other task ran"


@pytest.mark.parametrize("app", [Application(anever), Application(never)], ids=["async", "def"])
def test_asgi_a_silent_client_is_waited_for_until_the_time_is_over(app: Any, backend: str) -> None:
    """The end is sent when the time is over. A handler may set the time."""

    class Patient(Request):
        drain_timeout = 0.05

    connection = serve(Application(app.handler, request_class=Patient), scope(), Connection(silent=True), backend)
    assert connection.received == 1
    assert connection.sent[-1]["more_body"] is False


@pytest.mark.parametrize(
    ("kept", "late", "patience", "expected"), [(False, 4, 5, 5), (True, 0.5, 5, 1.5), (True, 1000, 0.25, 0.25)]
)
def test_asgi_the_time_of_a_drain_does_not_begin_anew(
    kept: bool, late: float, patience: float, expected: float
) -> None:
    """A message that comes late does not make the drain longer. Where the last byte is held back, a client that stops
    its upload in the middle gets it soon after its last message. The clock of trio is set forward by the test.
    """

    class Patient(Request):
        drain_timeout = patience

    class Late(Connection):
        """A client that sends something late, and then nothing more."""

        async def receive(self) -> dict[str, Any]:
            await trio.sleep(late if self.pieces == PIECES else 1000)
            return await super().receive()

    async def main() -> float:
        began = trio.current_time()
        extensions = {"extensions": {"http.response.pathsend": {}} if kept else {}}
        await Application(anever, request_class=Patient)(scope() | extensions, connection.receive, connection.send)
        return trio.current_time() - began

    connection = Late()
    seconds = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert connection.received == (late < patience)
    assert expected <= seconds < expected + 0.5


@pytest.mark.parametrize("name", ["drain_timeout", "max_drain_size"])
def test_asgi_a_handler_may_refuse_to_drain(backend: str, name: str) -> None:
    """If one of the bounds is 0, nothing is received, and an error closes the connection."""

    async def handler(request: Request) -> Response:
        setattr(request, name, 0)
        return Response("no", 403)

    connection = serve(Application(handler), scope(), Connection(), backend)
    assert connection.received == 0
    assert connection.fields[b"connection"] == b"close"


def test_a_bound_that_is_no_number_is_named() -> None:
    """A bound that is not a number raises an error that names it: there is no drain without bounds.

    The value of an attribute is checked when the class is made, that of a property when it is used.
    """
    with pytest.raises(ValueError, match="got drain_timeout = None, expected a number"):
        type("Own", (Request,), {"drain_timeout": None})
    bound: Any = property(lambda self: None)

    class Wrong(Request):
        drain_timeout = bound

    with pytest.raises(ValueError, match="got drain_timeout = None, expected a number"):
        call(Application(never, request_class=Wrong), environ())
    with pytest.raises(ValueError, match="got drain_timeout = None, expected a number"):
        serve(Application(never, request_class=Wrong), scope(), Connection())


@pytest.mark.parametrize(("length", "received"), [(0, 0), (None, PIECES)])
@pytest.mark.parametrize("app", [Application(anever), Response("early")], ids=["application", "bare"])
def test_asgi_http2_need_not_announce_a_body(app: Any, backend: str, length: int | None, received: int) -> None:
    """Over HTTP/2, a request without a length may have a body. A request with the length 0 has none."""
    connection = serve(app, scope(length, version="2"), Connection(), backend)
    assert connection.received == received


@pytest.mark.parametrize("handler", [refuses, arefuses])
def test_asgi_a_body_that_is_too_long_is_not_received_first(handler: Any, backend: str) -> None:
    """A body whose declared length exceeds a limit is refused before anything of it is received, also by a ``def``
    handler, for which small bodies are received in advance.
    """

    class Strict(Small):
        max_drain_size = 0

    connection = serve(Application(handler, request_class=Strict), scope(11), Connection(1, bytes(11)), backend)
    assert (connection.sent[0]["status"], connection.received) == (413, 0)


def test_asgi_a_drain_can_be_cancelled(backend: str) -> None:
    """If the application is cancelled while it drains, it ends at once and does not wait for the client."""
    connection = Connection(silent=True)

    async def main() -> None:
        with anyio.fail_after(100):
            async with anyio.create_task_group() as group:
                group.start_soon(Application(anever), scope(), connection.receive, connection.send)
                while not connection.received:
                    await anyio.sleep(0.001)
                group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert connection.sent[-1]["more_body"] is True


@pytest.mark.parametrize("handler", [never, anever, astreams])
@pytest.mark.parametrize(
    ("backend", "native"), [("asyncio", False), ("asyncio", True), ("trio", False)], ids=["asyncio", "native", "trio"]
)
def test_asgi_a_request_that_is_cancelled_is_not_drained(backend: str, native: bool, handler: Any) -> None:
    """If the application is cancelled while its answer is sent, it ends at once, and nothing is received."""
    connection = Connection()

    async def send(message: dict[str, Any]) -> None:
        await connection.send(message)
        if message["type"] == "http.response.body":
            await anyio.sleep_forever()

    async def main() -> None:
        app = Application(handler, request_class=VeryPatient)
        expects = scope(expect="100-continue") if handler is astreams else scope()  # a stream looks for a disconnect
        with anyio.fail_after(100):
            async with anyio.create_task_group() as group:
                if native:
                    task = asyncio.ensure_future(app(expects, connection.receive, send))
                else:
                    group.start_soon(app, expects, connection.receive, send)
                while len(connection.sent) < 2:
                    await anyio.sleep(0.001)
                if native:
                    task.cancel()
                    await asyncio.wait([task])
                group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert connection.received == 0


def test_asgi_a_drain_holds_no_thread_of_a_handler(backend: str) -> None:
    """While a request is drained, its handler's thread can run another handler."""
    app = Application(never, threads=1)
    silent, other = Connection(silent=True), Connection()

    async def main() -> None:
        with anyio.fail_after(100):
            async with anyio.create_task_group() as group:
                group.start_soon(app, scope(), silent.receive, silent.send)
                while not silent.received:
                    await anyio.sleep(0.001)
                await app(scope(), other.receive, other.send)
                group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert other.sent[-1]["more_body"] is False


@pytest.mark.parametrize(
    ("status", "version", "length", "field"),
    [
        (413, "1.1", 210_000, True),
        (500, "1.0", 210_000, True),
        (413, "1.1", None, True),
        (413, "1.1", 200_000, False),
        (200, "1.1", 210_000, False),
        (303, "1.1", 210_000, False),
        (413, "2", 210_000, False),
    ],
)
def test_asgi_connection_close(status: int, version: str, length: int | None, field: bool) -> None:
    """Over HTTP/1, an error closes the connection if the body may exceed the bound of bytes. Other answers do not."""

    class Bounded(Request):
        max_drain_size = 200_000

    app = Application(lambda request: Response("x", status), request_class=Bounded)
    fields = {} if length is not None else {"transfer_encoding": "chunked"}
    connection = serve(app, scope(length, version=version, **fields), Connection(30, bytes(10_000)))
    assert (connection.fields.get(b"connection") == b"close") is field
    assert connection.received == 20


@pytest.mark.parametrize("asks", [False, True])
def test_asgi_expect(backend: str, asks: bool) -> None:
    """If a client waits for 100 Continue, the body is drained only if the application has asked for it."""

    async def handler(request: Request) -> Response:
        if asks:
            async for _ in request.aiter_data():
                break
        return Response("no", 403)

    connection = serve(Application(handler), scope(expect="100-continue"), Connection(), backend)
    assert connection.received == (PIECES if asks else 0)
    assert (b"connection" in connection.fields) is not asks


@pytest.mark.parametrize("kind", ["def", "async"])
def test_asgi_the_server_answers_an_error_after_the_body(backend: str, kind: str) -> None:
    """An exception of the handler is raised after the request was received, so that the server's 500 is not lost."""

    def fails(request: Request) -> Response:
        raise RuntimeError("a defect")

    async def afails(request: Request) -> Response:
        raise RuntimeError("a defect")

    connection = Connection()
    with pytest.raises(RuntimeError, match="a defect"):
        serve(Application(fails if kind == "def" else afails), scope(), connection, backend)
    assert (connection.received, connection.sent) == (PIECES, [])


@pytest.mark.parametrize("place", ["handler", "middleware", "body"])
def test_asgi_a_cancellation_of_something_else_is_raised_after_the_body(place: str) -> None:
    """If an application awaits what was cancelled elsewhere, that is an error as every other one: the rest of the
    request is received before it is raised.
    """

    async def wait() -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    async def body() -> AsyncIterator[bytes]:
        yield b"some"
        await wait()

    async def handler(request: Request) -> Response:
        if place == "handler":
            await wait()
        return Response(body() if place == "body" else "x")

    @middleware
    async def around(request: Request) -> AsyncIterator[Any]:
        yield
        await wait()

    app = Application(handler, middleware=[around] if place == "middleware" else [])
    connection = Connection()
    with pytest.raises(RuntimeError, match="cancelled elsewhere"):
        serve(app, scope(), connection, "asyncio")
    assert connection.received == PIECES
    assert len(connection.sent) == (2 if place == "body" else 0)


@pytest.mark.parametrize("alone", [False, True])
def test_asgi_a_body_that_fails_breaks_off_after_the_request(backend: str, alone: bool) -> None:
    """After the head, an error ends the response when the rest of the request was received.

    Otherwise a server that ends the connection during an upload may wait for room in its queue of messages, as
    hypercorn does.
    """

    async def body() -> AsyncIterator[bytes]:
        yield b"some"
        raise RuntimeError("a defect")

    async def handler(request: Request) -> Response:
        return Response(body())

    connection = Connection()
    with pytest.raises(RuntimeError, match="a defect"):
        serve(Response(body()) if alone else Application(handler), scope(), connection, backend)
    assert connection.received == PIECES
    assert [message["type"] for message in connection.sent] == ["http.response.start", "http.response.body"]


def large(request: Request) -> Response:
    return Response(bytes(300_000))


@pytest.mark.parametrize("kind", ["def", "async", "bare", "file"])
def test_asgi_a_large_answer_and_a_large_request_do_not_wait_for_each_other(
    kind: str, backend: str, tmp_path: Path
) -> None:
    """A client that reads nothing before it has sent everything gets a large answer, too."""
    (tmp_path / "large").write_bytes(bytes(300_000))

    async def alarge(request: Request) -> Response:
        return large(request)

    async def sends(request: Request) -> Response:
        return send_file(tmp_path / "large", None)

    app = {"def": Application(large), "async": Application(alarge), "bare": Response(bytes(300_000))}.get(kind)
    connection = Connection()
    uploaded = anyio.Event()

    async def receive() -> dict[str, Any]:
        message = await connection.receive()
        if not message["more_body"]:
            uploaded.set()
        return message

    async def send(message: dict[str, Any]) -> None:
        await connection.send(message)
        if len(message.get("body", b"")) > 60_000:
            await uploaded.wait()

    async def main() -> None:
        with anyio.fail_after(100):
            await (app or Application(sends))(scope(), receive, send)

    anyio.run(main, backend=backend)
    assert connection.pieces == 0
    assert sum(len(message.get("body", b"")) for message in connection.sent) == 300_000
    assert [message.get("more_body") for message in connection.sent[-2:]] == [True, False]


def test_asgi_a_client_that_leaves_during_a_large_answer_ends_it(backend: str) -> None:
    """An error of send() ends the drain that runs at the same time. It is not an error of the application."""
    connection = Connection(silent=True)

    async def send(message: dict[str, Any]) -> None:
        await connection.send(message)
        if message.get("body"):
            raise OSError("the client has left")

    async def main() -> None:
        with anyio.fail_after(100):
            await Application(large)(scope(), connection.receive, send)

    anyio.run(main, backend=backend)
    assert len(connection.sent) == 2


@pytest.mark.parametrize("size", [PIECE, 100 * PIECE * PIECES], ids=["not drained", "drained"])
@pytest.mark.parametrize("bare", [False, True], ids=["application", "bare"])
def test_asgi_an_error_of_the_end_is_raised_as_it_is(bare: bool, size: int, backend: str) -> None:
    """What ``send()`` raises for the end of a response is not wrapped, whether the body has ended before or not."""

    class Bounded(Request):
        max_drain_size = size

    connection = Connection(pieces=10**6 if size == PIECE else PIECES)

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            raise LookupError("of send()")
        await connection.send(message)

    async def main() -> None:
        app: Any = Response("early") if bare else Application(never, request_class=Bounded)
        with anyio.fail_after(100):
            await app(scope(), connection.receive, send)

    with pytest.raises(LookupError, match=r"of send\(\)"):
        anyio.run(main, backend=backend)


def test_asgi_a_request_is_drained_once(backend: str) -> None:
    """If sending fails after a drain beside a large answer has reached its bound, nothing more is received."""

    class Bounded(Request):
        max_drain_size = 3 * PIECE

    connection = Connection(pieces=10**6)

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            received.append(connection.received)
            raise LookupError("of send()")
        await connection.send(message)

    async def main() -> None:
        with anyio.fail_after(100):
            await Application(large, request_class=Bounded)(chunked, connection.receive, send)

    chunked = scope(None, transfer_encoding="chunked")
    received: list[int] = []
    with pytest.raises(LookupError, match=r"of send\(\)"):
        anyio.run(main, backend=backend)
    assert received == [connection.received]
    assert received[0] > 0


def test_asgi_a_stream_keeps_the_body_that_it_may_read(backend: str) -> None:
    """Nothing is received before a generator has ended, however much it yields, because it may read the request."""

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield bytes(300_000)
            yield b"%d" % len(b"".join([piece async for piece in request.aiter_data()]))

        return Response(body())

    connection = serve(Application(handler), scope(), Connection(), backend)
    assert connection.sent[2]["body"] == b"%d" % (PIECE * PIECES)


@pytest.mark.parametrize("size", [5, 300_000])
def test_asgi_the_last_byte_waits_where_the_server_ends_by_length(backend: str, size: int) -> None:
    """granian ends a response when it has the bytes of its Content-Length, so the last byte is sent after the drain."""
    extensions = {"extensions": {"http.response.pathsend": {}}}
    app = Application(lambda request: Response(b"x" * size))
    connection = serve(app, scope() | extensions, Connection(), backend)
    *_, before, last = connection.sent
    assert (len(before["body"]), before["more_body"]) == (size - 1, True)
    assert (len(last["body"]), last.get("more_body", False)) == (1, False)
    assert connection.received == PIECES
    assert connection.notes[-1] is last


@pytest.mark.parametrize("bare", [False, True])
def test_asgi_a_file_is_sent_as_bytes_while_the_end_waits(bare: bool, tmp_path: Path, backend: str) -> None:
    """A server that sends a file itself would send its end as well, before the request was received: it gets the bytes
    of the file, of which the last one waits.
    """
    path = tmp_path / "file"
    path.write_bytes(b"some text")

    async def alone(scope: Any, receive: Any, send: Any) -> None:
        await send_file(path, Request(scope))(scope, receive, send)

    app: Any = alone if bare else Application(lambda request: send_file(path, request))
    connection = serve(app, scope() | {"extensions": {"http.response.pathsend": {}}}, Connection(), backend)
    assert b"".join(message.get("body", b"") for message in connection.sent) == b"some text"
    assert connection.received == PIECES
    assert connection.notes[-1] == connection.sent[-1]
    assert connection.sent[-1]["more_body"] is False


def test_asgi_the_end_of_a_response_makes_room_for_itself(backend: str) -> None:
    """If the server's send() of the end waits for room in its queue of messages, messages are received meanwhile.

    They are received even beyond a bound, but no more of them after the end was sent.
    """

    class Narrow(Request):
        max_drain_size = 2 * PIECE

    class Queue(Connection):
        """A server that sends the end when half of the pieces were received."""

        async def send(self, message: dict[str, Any]) -> None:
            self.notes.append(message)
            while not message.get("more_body", True) and self.pieces > PIECES // 2:
                await anyio.sleep(0.01)

    connection = serve(Application(anever, request_class=Narrow), scope(), Queue(), backend)
    assert connection.sent[-1]["more_body"] is False
    assert PIECES // 2 <= connection.received <= PIECES


@pytest.mark.parametrize("kind", ["Expect", "Expect, bare", "Expect, stream", "max_drain_size", "drain_timeout"])
def test_asgi_the_end_of_a_response_makes_room_for_itself_also_without_a_drain(kind: str, backend: str) -> None:
    """A client may send its body although it was not told to, or because the server itself has told it: if nothing is
    drained, and the end of the response waits for room in the server's queue, messages are received all the same.
    """

    class Undrained(Request):
        max_drain_size = 0 if kind == "max_drain_size" else 1000
        drain_timeout = 0.0 if kind == "drain_timeout" else 20.0

    class Queue(Connection):
        """A server that sends the end when two pieces were received."""

        async def send(self, message: dict[str, Any]) -> None:
            self.notes.append(message)
            is_end = message["type"] == "http.response.body" and not message.get("more_body")
            while is_end and self.pieces > PIECES - 2:
                await anyio.sleep(0.01)

    app: Any = Application(
        lambda request: Response(iter([b"a"]) if kind == "Expect, stream" else b"a"), request_class=Undrained
    )
    fields = {"expect": "100-continue"} if "Expect" in kind else {}
    connection = serve(Response(b"a") if "bare" in kind else app, scope(**fields), Queue(), backend)
    assert connection.sent[-1].get("more_body", False) is False
    assert connection.received >= 2


def test_asgi_room_is_made_for_no_longer_than_the_end_waits(backend: str) -> None:
    """A client that sends without a pause, whose messages are received without a wait, does not keep the end of the
    response from being sent.
    """

    class Narrow(Request):
        max_drain_size = PIECE

    class Flooded(Connection):
        """A server that sends the end when some more pieces were received."""

        async def send(self, message: dict[str, Any]) -> None:
            self.notes.append(message)
            while not message.get("more_body", True) and self.pieces > 990:
                await anyio.lowlevel.checkpoint()

    connection = serve(Application(anever, request_class=Narrow), scope(1000 * PIECE), Flooded(1000), backend)
    assert connection.sent[-1]["more_body"] is False
    assert connection.received < 100


async def resets() -> dict[str, Any]:
    raise ConnectionResetError


async def fails_in_the_server() -> dict[str, Any]:
    raise RuntimeError("the connection is closed")


async def awaits_what_was_cancelled() -> dict[str, Any]:
    await cancelled_elsewhere()
    raise AssertionError("that was no cancellation")


async def tells() -> dict[str, Any]:
    return {"type": "http.disconnect"}


#: what the ``receive()`` of a server does when the client has left
LEAVES = [resets, fails_in_the_server, awaits_what_was_cancelled, tells]


class Leaving(Connection):
    """A client that leaves after so many pieces."""

    def __init__(self, pieces: int, leaves: Callable[[], Any]) -> None:
        super().__init__(pieces + 1)
        self.leaves = leaves
        self.has_left = anyio.Event()

    async def receive(self) -> dict[str, Any]:
        """The next piece, or what the server does after the last one."""
        if self.pieces > 1:
            return await super().receive()
        self.notes.append("receive")
        self.has_left.set()
        message: dict[str, Any] = await self.leaves()
        return message


class VeryPatient(Request):
    """A request whose client is waited for longer than a test runs."""

    max_drain_size = 1000 * PIECE
    drain_timeout = 3600


async def adefect(request: Request) -> Response:
    raise LookupError("a defect")


@pytest.mark.parametrize("leaves", LEAVES)
@pytest.mark.parametrize("handler", [anever, never, large, adefect])
def test_asgi_a_client_that_leaves_during_a_drain_ends_it(handler: Any, leaves: Any, backend: str) -> None:
    """Whatever ``receive()`` does when the client leaves while the rest of the upload is discarded: nothing more is
    received, the client is not waited for, and the response, or the error of the handler, is that of every request.
    """
    connection = Leaving(2, leaves)
    app = Application(handler, request_class=VeryPatient)
    if handler is adefect:
        with pytest.raises(LookupError, match="a defect"):
            serve(app, scope(), connection, backend)
        assert connection.sent == []
    else:
        serve(app, scope(), connection, backend)
        assert [message.get("more_body") for message in connection.sent] == [None, True, False]
    assert connection.received == 3


@pytest.mark.parametrize("leaves", LEAVES)
def test_asgi_a_client_that_leaves_while_room_is_made(
    leaves: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the client leaves while the end of a response waits for room in the queue of a server, nothing more is asked
    of the server, and what its ``receive()`` raises is no error of the application.
    """
    asked: list[ReceiveBody] = []
    message = ReceiveBody.message

    async def counted(body: ReceiveBody) -> Any:
        asked.append(body)
        return await message(body)

    class Narrow(VeryPatient):
        max_drain_size = PIECE

    class Queue(Leaving):
        """A server that sends the end some turns of the loop after the client has left."""

        async def send(self, message: dict[str, Any]) -> None:
            self.notes.append(message)
            if not message.get("more_body", True):
                await self.has_left.wait()
                for _ in range(50):
                    await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(ReceiveBody, "message", counted)
    connection = serve(Application(anever, request_class=Narrow), scope(), Queue(4, leaves), backend)
    assert connection.sent[-1]["more_body"] is False
    assert (connection.received, len(asked)) == (5, 5)


def test_asgi_room_is_made_for_as_long_as_a_drain(backend: str) -> None:
    """While the end of a response waits for room, a silent client is waited for until the time of a drain is over: no
    call of ``receive()`` is left then.
    """

    class Narrow(Request):
        max_drain_size = PIECE
        drain_timeout = 0.05

    class Queue(Connection):
        """A server that sends the end when nobody receives any more."""

        given_up = anyio.Event()

        async def receive(self) -> dict[str, Any]:
            if self.pieces > PIECES - 2:
                return await super().receive()
            try:
                await anyio.sleep_forever()
            finally:
                self.given_up.set()
            raise AssertionError("nobody wakes this task")

        async def send(self, message: dict[str, Any]) -> None:
            self.notes.append(message)
            if not message.get("more_body", True):
                await self.given_up.wait()

    connection = serve(Application(anever, request_class=Narrow), scope(), Queue(), backend)
    assert connection.sent[-1]["more_body"] is False


def test_asgi_a_client_that_stops_its_upload_gets_the_last_byte(backend: str) -> None:
    """A client that stops its upload when it sees an error gets the last byte soon.

    If the last byte is held back, the client does not have to wait until the time of the drain is over.
    """

    class Patient(Request):
        drain_timeout = 600

    extensions = {"extensions": {"http.response.pathsend": {}}}
    app = Application(lambda request: Response(b"refused", 401), request_class=Patient)
    connection = serve(app, scope() | extensions, Connection(silent=True), backend)
    assert connection.received == 1
    assert (connection.sent[-1]["body"], connection.sent[-1]["more_body"]) == (b"d", False)


def test_asgi_only_the_outermost_application_drains(backend: str) -> None:
    """If an application calls another one, the inner answer is not held back from the outer application."""
    inner = Application(anever)

    async def handler(request: Request) -> Response:
        response = await Response.afrom_app(inner, request.scope, request.receive)
        connection.notes.append("answered")
        return response

    connection = Connection()
    serve(Application(handler), scope(), connection, backend)
    assert connection.notes[0] == "answered"
    assert connection.received == PIECES


# --- WSGI ---


class Input(io.BytesIO):
    """A ``wsgi.input`` that counts its reads."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)

    def read1(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read1(size)


def environ(length: int | None = PIECE * PIECES, size: int = PIECE * PIECES, **more: Any) -> dict[str, Any]:
    made = {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "x",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        "wsgi.input": Input(bytes(size)), "wsgi.input_terminated": True,
    }  # fmt: skip
    if length is not None:
        made["CONTENT_LENGTH"] = str(length)
    return made | more


class Started:
    """A ``start_response`` that stores its arguments."""

    def __init__(self) -> None:
        self.status = 0
        self.fields: dict[str, str] = {}

    def __call__(self, status: str, fields: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status, self.fields = int(status[:3]), dict(fields)


def call(app: Any, env: dict[str, Any]) -> tuple[Started, Any]:
    started = Started()
    return started, app(env, started)


def test_wsgi_reads_the_rest_when_it_is_closed(early: tuple[Any, int]) -> None:
    """The whole answer is given before the rest of the request is read. close() of the iterable reads it."""
    app, status = early
    stream = Input(bytes(PIECE * PIECES))
    started, iterable = call(app, environ(**{"wsgi.input": stream}))
    assert not isinstance(iterable, list), "there are servers that do not call close() on lists"
    body = b"".join(iterable)
    before = stream.tell()
    iterable.close()
    assert started.status == status
    assert "Connection" not in started.fields
    assert len(body) == int(started.fields.get("Content-Length", len(body)))
    assert stream.tell() == PIECE * PIECES
    assert before < PIECE * PIECES or stream.reads == 1  # a body that was read in part may have been read in one piece
    reads = stream.reads
    iterable.close()
    assert stream.reads == reads, "a second close() reads nothing"


def test_wsgi_a_bare_response_reads_the_rest() -> None:
    """A bare response drains if the server ends its input.

    On other servers it does not: other code may have read the body, and reading more might block for ever.
    """
    stream = Input(bytes(100))
    _, iterable = call(Response("early"), environ(100, **{"wsgi.input": stream}))
    list(iterable)
    iterable.close()
    assert stream.tell() == 100
    stream = Input(bytes(100))
    _, iterable = call(Response("early"), environ(100, **{"wsgi.input": stream, "wsgi.input_terminated": False}))
    assert iterable == [b"early"]


def test_wsgi_a_bare_response_reads_the_rest_of_a_body_without_a_length() -> None:
    """A server that ends its input need not tell the length of a body, as over HTTP/2: what a request has begun to read
    is read to its end.
    """

    def application(environ: Any, start_response: Any) -> Any:
        assert len(Request(environ).stream.read(10)) == 10
        return Response("early")(environ, start_response)

    stream = Input(bytes(100_000))
    _, iterable = call(application, environ(None, **{"wsgi.input": stream}))
    list(iterable)
    iterable.close()
    assert stream.tell() == 100_000


def wsgi_part_then_bare(environ: Any, start_response: Any) -> Any:
    next(iter(Request(environ).iter_data()))
    return Response("early")(environ, start_response)


def wsgi_all_then_bare(environ: Any, start_response: Any) -> Any:
    Request(environ).get_data()
    return Response("early")(environ, start_response)


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
@pytest.mark.parametrize(
    ("app", "is_left"),
    [
        (wsgi_part_then_bare, True),
        (Application(begins), True),
        (Application(abegins), True),
        (wsgi_all_then_bare, False),
        (Application(refuses), False),
        (Application(arefuses), False),
    ],
    ids=["part, bare", "part, def", "part, async", "all, bare", "all, def", "all, async"],
)
def test_wsgi_what_is_left_of_a_body_is_drained(app: Any, is_left: bool, method: str) -> None:
    """If the body was read in part, the rest is read when the response is closed, whatever the method is. After a body
    that was read to its end the response is a list.
    """
    stream = Input(bytes(PIECE * PIECES))
    _, iterable = call(app, environ(REQUEST_METHOD=method, **{"wsgi.input": stream}))
    assert isinstance(iterable, list) == (not is_left)
    list(iterable)
    getattr(iterable, "close", lambda: None)()
    assert stream.tell() == PIECE * PIECES


def test_wsgi_what_was_read_costs_nothing() -> None:
    """If the request was read to its end, or has no body, the response is a list, as usual."""
    for app, env in (
        (Application(refuses), environ()),
        (Application(never), environ(None, 0)),
        (Application(never), environ(0, 0)),
        (Application(never), environ(None, 0, CONTENT_LENGTH="")),
        (wsgi_all_then_bare, environ(0, 0)),
    ):
        assert isinstance(call(app, env)[1], list)
    chunked = Application(refuses)
    assert isinstance(call(chunked, environ(None, HTTP_TRANSFER_ENCODING="chunked"))[1], list)


def test_wsgi_the_bounds_hold() -> None:
    """No more bytes than the bound are read, and nothing is read after the time is over."""

    class Bounded(Request):
        max_drain_size = 2500

    class Hasty(Request):
        drain_timeout = 1e-9

    for request_class, expected in ((Bounded, 2500), (Hasty, 0)):
        stream = Input(bytes(8000))
        _, iterable = call(Application(never, request_class=request_class), environ(**{"wsgi.input": stream}))
        list(iterable)
        iterable.close()
        assert stream.tell() == expected


def test_wsgi_reads_in_pieces_where_nothing_can_cut_a_read_short() -> None:
    """An input without read1() is read in small pieces, so that the time is checked between them."""

    class Blocking:
        sizes: list[int] = []

        def __init__(self) -> None:
            self.file = io.BytesIO(bytes(8000))

        def read(self, size: int = -1) -> bytes:
            self.sizes.append(size)
            return self.file.read(size)

    _, iterable = call(Application(never), environ(8000, **{"wsgi.input": Blocking()}))
    list(iterable)
    iterable.close()
    assert sum(Blocking.sizes) == 8000
    assert max(Blocking.sizes) <= 1024


@pytest.mark.parametrize(
    "app", [Application(never), Application(anever), Response("early")], ids=["def", "async", "bare"]
)
def test_wsgi_a_body_of_unknown_length_is_drained(app: Any) -> None:
    """A body in a transfer coding has no declared length. It is drained on a server that ends its input."""
    stream = Input(bytes(PIECE))
    _, iterable = call(app, environ(None, HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input": stream}))
    list(iterable)
    iterable.close()
    assert stream.tell() == PIECE


def test_wsgi_a_large_answer_is_drained_once(tmp_path: Path) -> None:
    """The bounds of a drain hold for the whole response, however many large chunks it has."""
    (tmp_path / "large").write_bytes(bytes(600_000))
    stream = Input(bytes(8000))
    app = Application(lambda request: send_file(tmp_path / "large", None), request_class=Little)
    _, iterable = call(app, environ(8000, **{"wsgi.input": stream}))
    assert len(list(iterable)) > 2
    iterable.close()
    assert stream.tell() == 1000


@pytest.mark.parametrize("size", [5, 300_000], ids=["small", "large"])
def test_wsgi_an_interrupted_drain_is_not_repeated(size: int) -> None:
    """What ends more than the request, while a body is drained, is raised, and close() does not drain again."""
    reads: list[int] = []

    class Interrupted(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            reads.append(size)
            raise KeyboardInterrupt

    _, iterable = call(
        Application(lambda request: Response(bytes(size))), environ(8000, **{"wsgi.input": Interrupted()})
    )
    chunks = iter(iterable)
    with pytest.raises(KeyboardInterrupt):
        next(chunks) if size > PIECE else iterable.close()
    iterable.close()
    assert len(reads) == 1


def test_wsgi_a_server_that_does_not_take_the_whole_body_drains() -> None:
    """A server may end the iteration early without an error, after the answer to HEAD for example: close() drains."""
    stream = Input(bytes(8000))
    _, iterable = call(Application(streams), environ(8000, **{"wsgi.input": stream}))
    chunks = iter(iterable)
    next(chunks)
    chunks.close()
    iterable.close()
    assert stream.tell() == 8000


def test_wsgi_a_handler_may_refuse_to_drain() -> None:
    """If draining is turned off, the server gets the response as it is: a list."""

    class Off(Request):
        max_drain_size = 0

    stream = Input(bytes(8000))
    _, iterable = call(Application(never, request_class=Off), environ(8000, **{"wsgi.input": stream}))
    assert iterable == [b"early"]
    assert stream.tell() == 0


@pytest.mark.parametrize("kind", ["socket", "read1"])
def test_wsgi_reads_large_pieces_if_a_read_ends_in_time(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that waits for a slow client is cut short on gunicorn, and an input with read1() gives what has arrived:
    neither needs small pieces.
    """

    class Blocking:
        def __init__(self) -> None:
            self.sizes: list[int] = []
            self.file = io.BytesIO(bytes(PIECE))

        def read(self, size: int = -1) -> bytes:
            self.sizes.append(size)
            return self.file.read(size)

    class Ready(Blocking):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("this waits for all bytes that are asked for")

        def read1(self, size: int = -1) -> bytes:
            return super().read(size)

    monkeypatch.setattr("cardan.wsgi._draining._Cut", lambda sock, seconds: nullcontext())
    stream = Blocking() if kind == "socket" else Ready()
    more = {"gunicorn.socket": object()} if kind == "socket" else {}
    _, iterable = call(Application(never), environ(PIECE, **{"wsgi.input": stream}, **more))
    list(iterable)
    iterable.close()
    assert stream.file.tell() == PIECE
    assert max(stream.sizes) > 1024


@pytest.mark.parametrize(
    ("more", "rest"), [({}, 0), ({"gunicorn.socket": None}, 8000)], ids=["not asked for", "gunicorn has asked"]
)
def test_wsgi_expect(more: dict[str, Any], rest: int) -> None:
    """If a client waits for 100 Continue, the body is drained only if it was sent: gunicorn sends it at once."""
    stream = Input(bytes(8000))
    _, iterable = call(Application(never), environ(HTTP_EXPECT="100-continue", **{"wsgi.input": stream}, **more))
    list(iterable)
    getattr(iterable, "close", lambda: None)()
    assert stream.tell() == rest


def test_wsgi_a_body_that_was_opened_and_not_read_is_not_invited() -> None:
    """A client that waits for 100 Continue is told to send by a read. To open a stream reads nothing."""

    def opens(request: Request) -> Response:
        assert request.stream.readable()
        return Response("early")

    stream = Input(bytes(8000))
    _, iterable = call(Application(opens), environ(8000, HTTP_EXPECT="100-continue", **{"wsgi.input": stream}))
    list(iterable)
    getattr(iterable, "close", lambda: None)()
    assert stream.reads == 0


@pytest.mark.parametrize("expect", ["", "100-continue"])
def test_wsgi_a_body_that_was_read_in_part_is_drained(expect: str) -> None:
    """Once a handler has read a part of a body, the client has been told to send it, and the rest is drained."""
    stream = Input(bytes(PIECE * PIECES))
    _, iterable = call(Application(begins), environ(HTTP_EXPECT=expect, **{"wsgi.input": stream}))
    assert stream.tell() < PIECE * PIECES
    iterable.close()
    assert stream.tell() == PIECE * PIECES


def test_wsgi_nothing_is_read_of_a_client_that_has_left() -> None:
    """After a read that has found that the client left, the body is not read again."""
    reads: list[int] = []

    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            reads.append(size)
            raise OSError("connection reset")

    def handler(request: Request) -> Response:
        with pytest.raises(ClientDisconnected):
            request.stream.read(1)
        return Response("early")

    _, iterable = call(Application(handler), environ(8000, **{"wsgi.input": Broken()}))
    getattr(iterable, "close", lambda: None)()
    assert len(reads) == 1


class Little(Request):
    """A request of which little is drained."""

    max_drain_size = 1000


def test_wsgi_a_body_is_drained_once() -> None:
    """The bounds of a drain hold also if the server closes the iterable twice."""
    stream = Input(bytes(8000))
    app = Application(streams, request_class=Little)
    _, iterable = call(app, environ(8000, **{"wsgi.input": stream}))
    for _ in range(2):
        iterable.close()
        assert stream.tell() == 1000


def test_wsgi_an_error_of_a_close_hook_does_not_keep_a_body_from_being_drained() -> None:
    """The body is drained after the response was closed, whatever its hooks raise."""
    stream = Input(bytes(8000))

    def handler(request: Request) -> Response:
        response = Response("early")
        response.call_on_close(lambda: 1 / 0)
        return response

    _, iterable = call(Application(handler), environ(8000, **{"wsgi.input": stream}))
    with pytest.raises(ZeroDivisionError):
        iterable.close()
    assert stream.tell() == 8000


@pytest.mark.parametrize(("version", "cuts"), [("HTTP/1.1", 1), ("HTTP/1.0", 1), ("HTTP/2", 0), ("HTTP/3.0", 0)])
def test_wsgi_gunicorn_cuts_connections_of_http_1_only(
    version: str, cuts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On HTTP/2 other requests share the connection, so that a drain never shuts down its reading side."""
    cut: list[object] = []

    def recorded(sock: object, seconds: float) -> Any:
        cut.append(sock)
        return nullcontext()

    monkeypatch.setattr("cardan.wsgi._draining._Cut", recorded)
    env = environ(**{"gunicorn.socket": object(), "SERVER_PROTOCOL": version})
    _, iterable = call(Application(never), env)
    iterable.close()
    assert len(cut) == cuts
    assert env["wsgi.input"].read() == b""


@pytest.mark.parametrize("read", ["stream", "wsgi.input"])
def test_wsgi_never_reads_past_the_body(read: str) -> None:
    """On a server that does not end its input (wsgiref), the bytes that the application has read itself are counted."""

    class Endless(io.RawIOBase):
        left = PIECE * PIECES

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            assert self.left > 0, "read past the end of the body: a socket would wait for ever"
            count = min(len(buffer), self.left)
            self.left -= count
            return count

        def read1(self, size: int = -1) -> bytes:
            return bytes(self.readinto(bytearray(size)))

    def handler(request: Request) -> Response:
        stream = request.stream if read == "stream" else request.environ["wsgi.input"]
        assert len(stream.read(3000)) == 3000
        return Response("early")

    stream = Endless()
    _, iterable = call(Application(handler), environ(**{"wsgi.input": stream, "wsgi.input_terminated": False}))
    list(iterable)
    iterable.close()
    assert stream.left == 0


@pytest.mark.parametrize("error", [RuntimeError("a defect"), OSError("a defect")], ids=["error", "OSError"])
def test_wsgi_the_server_answers_an_error_after_the_body(error: Exception) -> None:
    """An exception of the handler is raised, or its plain 500 is sent, after the request was read."""

    def fails(request: Request) -> Response:
        raise error

    stream = Input(bytes(8000))
    env = environ(**{"wsgi.input": stream})
    if isinstance(error, RuntimeError):
        with pytest.raises(RuntimeError, match="a defect"):
            call(Application(fails), env)
    else:
        started, _ = call(Application(fails), env)
        assert started.status == 500
    assert stream.tell() == 8000


def test_wsgi_what_ends_the_process_waits_for_no_client() -> None:
    """A KeyboardInterrupt is no exception of the program: it is raised at once, without a drain, and ``on_exception``
    is not asked.
    """

    class Rescuing(Application[Request]):
        def on_exception(self, request: Request, error: Exception) -> Any:
            return Response("rescued", 500)

    def interrupted(request: Request) -> Response:
        raise KeyboardInterrupt

    stream = Input(bytes(8000))
    with pytest.raises(KeyboardInterrupt):
        call(Rescuing(interrupted), environ(8000, **{"wsgi.input": stream}))
    assert stream.reads == 0


@pytest.mark.parametrize("where", ["body", "close hook"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_wsgi_what_ends_the_process_while_the_answer_is_sent_waits_for_no_client(
    kind: type[BaseException], where: str
) -> None:
    """A KeyboardInterrupt after the head is raised at once, too: close(), which every server calls, does not drain."""

    def interrupted(request: Request) -> Response:
        def fail() -> None:
            raise kind

        def body() -> Iterator[bytes]:
            yield b"some"
            if where == "body":
                fail()

        response = Response(body())
        if where != "body":
            response.call_on_close(fail)
        return response

    stream = Input(bytes(8000))
    _, iterable = call(Application(interrupted), environ(8000, **{"wsgi.input": stream}))
    with pytest.raises(kind), closing(iterable):
        list(iterable)
    assert stream.reads == 0


def test_wsgi_a_body_that_fails_breaks_off_at_once() -> None:
    """After the head, an error ends the response at once; nothing is read before that."""

    def handler(request: Request) -> Response:
        def body() -> Iterator[bytes]:
            yield b"some"
            raise RuntimeError("a defect")

        return Response(body())

    stream = Input(bytes(8000))
    _, iterable = call(Application(handler), environ(**{"wsgi.input": stream}))
    with pytest.raises(RuntimeError, match="a defect"):
        list(iterable)
    iterable.close()
    assert stream.tell() == 0


@pytest.mark.parametrize("kind", ["bytes", "file", "stream"])
def test_wsgi_a_large_answer_is_sent_after_the_request(kind: str, tmp_path: Path) -> None:
    """A client that reads nothing before it has sent everything gets a large answer.

    A stream may read the request first.
    """
    (tmp_path / "large").write_bytes(bytes(300_000))
    stream = Input(bytes(PIECE * PIECES))

    def handler(request: Request) -> Response:
        if kind == "file":
            return send_file(tmp_path / "large", None)
        return Response(iter([bytes(300_000)]) if kind == "stream" else bytes(300_000))

    _, iterable = call(Application(handler), environ(**{"wsgi.input": stream}))
    iterator = iter(iterable)
    assert next(iterator)
    assert stream.tell() == (0 if kind == "stream" else PIECE * PIECES)
    list(iterator)
    reads = stream.reads
    iterable.close()
    assert stream.tell() == PIECE * PIECES
    assert stream.reads == reads or kind == "stream"


def test_wsgi_hooks_run_before_the_drain() -> None:
    """The close hooks run before a slow client is waited for."""
    noted: list[int] = []
    stream = Input(bytes(8000))

    def handler(request: Request) -> Response:
        response = Response("early")
        response.call_on_close(lambda: noted.append(stream.tell()))
        return response

    _, iterable = call(Application(handler), environ(**{"wsgi.input": stream}))
    list(iterable)
    iterable.close()
    assert (noted, stream.tell()) == ([0], 8000)


def test_asgi_hooks_run_before_the_drain(backend: str) -> None:
    """The close hooks run before a slow client is waited for."""
    noted: list[int] = []
    connection = Connection()

    async def handler(request: Request) -> Response:
        response = Response("early")
        response.call_on_close(lambda: noted.append(connection.received))
        return response

    serve(Application(handler), scope(), connection, backend)
    assert (noted, connection.received) == ([0], PIECES)


@pytest.mark.parametrize("error", [OSError("the client has left"), LookupError("a defect of the server")], ids=repr)
@pytest.mark.parametrize("kept", [False, True])
def test_asgi_a_client_that_leaves_while_a_large_answer_is_sent(kept: bool, error: Exception, backend: str) -> None:
    """When the answer cannot be sent, the drain beside it ends at once and is not begun anew, whatever ``send()``
    raises: nothing more is received.
    """
    received: list[int] = []
    before: list[int] = []

    async def receive() -> Any:
        received.append(1)
        await anyio.lowlevel.checkpoint()
        return {"type": "http.request", "body": bytes(1000), "more_body": True}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            while len(received) < 3:
                await anyio.lowlevel.checkpoint()
            before.append(len(received))
            raise error

    scope = RequestBuilder("/", method="POST", headers={"Content-Length": str(PIECE * PIECES)}).scope()
    scope["extensions"] = {"http.response.pathsend": {}} if kept else {}
    app = Application(lambda request: Response(bytes(1_000_000)))

    async def main() -> None:
        with anyio.fail_after(100), suppress(LookupError):
            await app(scope, receive, send)

    anyio.run(main, backend=backend)
    assert len(received) <= before[0] + 1


class Hasty(Request):
    """A request that is drained for a moment only."""

    drain_timeout = 0.02


@pytest.mark.parametrize("sent", [100, PIECE], ids=["stops", "goes on"])
def test_wsgi_gunicorn_ends_a_read_that_waits(sent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """gunicorn gives the socket. When the time of the drain is over, its reading side is shut down, so that a read
    which waits for a slow client ends. The response can still be sent. A client that has sent everything is left alone.
    """
    # the clock of the drain stands still, so that on a slow machine, too, it does not end before its read waits
    monkeypatch.setattr("cardan.wsgi._draining.Drain", partial(Drain, clock=lambda: 0.0))
    server, client = socket.socketpair()
    with server, client:
        client.sendall(bytes(sent))
        stream = server.makefile("rb")
        request_class = Hasty if sent < PIECE else Request
        env = environ(PIECE, **{"wsgi.input": stream, "gunicorn.socket": server})
        _, iterable = call(Application(never, request_class=request_class), env)
        list(iterable)
        iterable.close()
        if sent < PIECE:
            assert stream.read(1) == b"", "the reading side is shut down"
        server.sendall(b"the response")
        assert client.recv(100) == b"the response"
        if sent == PIECE:
            client.sendall(b"the next request")
            assert server.recv(100) == b"the next request"
        stream.close()


@pytest.mark.parametrize("answer", [never, streams])
def test_wsgi_gunicorn_no_timer_is_left(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is drained before its time is over ends its timer, whose thread would wait for all that time."""
    timers: list[str] = []

    class Timer:
        daemon = False

        def __init__(self, seconds: float, function: Callable[[], None]) -> None:
            timers.append("made")

        def start(self) -> None:
            timers.append("started" if self.daemon else "started, and keeps the process from ending")

        def cancel(self) -> None:
            timers.append("cancelled")

    monkeypatch.setattr(threading, "Timer", Timer)
    server, client = socket.socketpair()
    with server, client, server.makefile("rb") as stream:
        client.sendall(bytes(PIECE))
        _, iterable = call(Application(answer), environ(PIECE, **{"wsgi.input": stream, "gunicorn.socket": server}))
        list(iterable)
        iterable.close()
    assert timers == ["made", "started", "cancelled"]


def test_wsgi_a_time_that_is_over_just_after_the_drain() -> None:
    """The socket then belongs to the next request of the connection, and is left alone."""
    server, client = socket.socketpair()
    with server, client:
        late = _Cut(server, 3600)
        with late:
            pass
        late._cut()
        client.sendall(b"the next request")
        assert server.recv(100) == b"the next request"


def test_wsgi_a_connection_that_has_ended_when_the_time_is_over() -> None:
    """There is nothing left to cut, which is no error."""
    server, client = socket.socketpair()
    late = _Cut(server, 3600)
    with client, late:
        server.close()
        late._cut()


def test_wsgi_a_cut_leaves_tls_alone() -> None:
    """Only the reading side of the connection below is shut down, because ssl.SSLSocket.shutdown() forgets the
    encryption: the response would be sent as plain text.
    """

    class Encrypted(socket.socket):
        def shutdown(self, how: int) -> None:
            raise AssertionError("this ends the encryption")

    server, client = socket.socketpair()
    with client, Encrypted(fileno=server.detach()) as encrypted:
        cut = _Cut(encrypted, 3600)
        with cut:
            cut._cut()
        assert encrypted.recv(1) == b""
        encrypted.sendall(b"the response")
        assert client.recv(100) == b"the response"


@pytest.mark.parametrize(("length", "status"), [("nonsense", 400), ("0", 200), ("-1", 400)])
def test_wsgi_a_length_by_which_nothing_can_be_counted(length: str, status: int) -> None:
    """On a server that does not end its input: nothing is read of it, and a wrong length is the client's error."""
    stream = Input(bytes(100))

    def handler(request: Request) -> Response:
        return Response(str(len(request.get_data())))

    env = environ(None, CONTENT_LENGTH=length, **{"wsgi.input": stream, "wsgi.input_terminated": False})
    started, iterable = call(Application(handler), env)
    list(iterable)
    getattr(iterable, "close", lambda: None)()
    assert (started.status, stream.reads) == (status, 0)


@pytest.mark.parametrize("length", ["nonsense", "-1", "0"])
def test_wsgi_a_body_in_a_coding_with_a_length(length: str) -> None:
    """On a server that does not end its input, nothing is read of a body whose end cannot be known."""
    stream = Input(bytes(100))
    coded = environ(None, CONTENT_LENGTH=length, HTTP_TRANSFER_ENCODING="chunked")
    env = coded | {"wsgi.input": stream, "wsgi.input_terminated": False}
    started, iterable = call(Application(lambda request: Response("x")), env)
    list(iterable)
    getattr(iterable, "close", lambda: None)()
    assert stream.reads == 0
    assert started.status == 200


@pytest.mark.parametrize("reads", [True, False])
def test_a_body_that_was_read_is_not_drained(reads: bool) -> None:
    """A WSGI server gets the list of a whole response as it is, unless a body is left that has to be drained."""

    def handler(request: Request) -> Response:
        return Response(request.get_data() if reads else b"x")

    environ = RequestBuilder("/", method="POST", data=b"x").environ()
    answer: Any = Application(handler)(environ, lambda *_: print)
    assert isinstance(answer, list) == reads
    assert b"".join(answer) == b"x"


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize("kind", ["whole", "hook", "stream"])
def test_a_bare_response_inside_an_application_drains_nothing(protocol: str, kind: str) -> None:
    """A handler that calls a response, to see what it sends, can read the body of its request afterwards. Only the
    outermost application drains.
    """
    body = b"x" * 100_000
    seen: list[int] = []

    def inner() -> Response:
        response = Response((each for each in ("a", "b")) if kind == "stream" else "ab")
        if kind == "hook":
            response.call_on_close(lambda: None)
        return response

    def handler(request: Request) -> Response:
        sent: Any = inner()(request.environ, lambda status, headers, exc_info=None: lambda data: None)
        assert b"".join(sent) == b"ab"
        getattr(sent, "close", lambda: None)()
        seen.append(len(request.get_data()))
        return Response("outer")

    async def ahandler(request: Request) -> Response:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await inner()(request.scope, request.receive, send)
        assert b"".join(message.get("body", b"") for message in sent) == b"ab"
        assert not sent[-1].get("more_body")
        seen.append(len((await request.load()).get_data()))
        return Response("outer")

    app = Application(handler if protocol == "wsgi" else ahandler)
    with Client(app, protocol) as client:  # type: ignore[arg-type]
        assert client.post("/", content=iter([body[:50_000], body[50_000:]])).text == "outer"
    assert seen == [len(body)]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("read", ["whole", "in part"])
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("kind", ["wsgi", "asgi", "asgi, bare"])
def test_the_body_of_the_client_is_the_one_that_is_drained(kind: str, begun: bool, read: str, method: str) -> None:
    """A handler may make a request of its own, with another body, as it does for an application that it calls. However
    much of that body is read, the body that the client sends is drained, and the other one is not.
    """
    data = b"x" * PIECE
    small = io.BytesIO(data)
    receives: list[None] = []
    first = method == "GET"  # a body to a GET is known when it was opened

    def handler(request: Request) -> Response:
        if begun or first:
            next(iter(request.iter_data()))
        other = Request({**request.environ, "wsgi.input": small, "CONTENT_LENGTH": str(len(data))})
        assert other.stream.read(-1 if read == "whole" else 5) == data[: None if read == "whole" else 5]
        return Response("early")

    async def ahandler(request: Request) -> Response:
        async def receive() -> Any:
            receives.append(None)
            return {"type": "http.request", "body": data, "more_body": read != "whole"}

        if begun or first:
            async for _ in request.aiter_data():
                break
        other = Request({**request.scope, "headers": []}, receive)
        if read == "whole":
            await other.load()
        else:
            async for _ in other.aiter_data():
                break
        return Response("early")

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        await (await ahandler(Request(scope, receive, send)))(scope, receive, send)

    if kind == "wsgi":
        stream = Input(bytes(PIECE * PIECES))
        _, iterable = call(Application(handler), environ(REQUEST_METHOD=method, **{"wsgi.input": stream}))
        assert list(iterable) == [b"early"]
        at = small.tell()
        getattr(iterable, "close", lambda: None)()
        assert stream.tell() == PIECE * PIECES
        assert small.tell() == at
    else:
        connection = serve(bare if kind == "asgi, bare" else Application(ahandler), scope(method=method), Connection())
        assert connection.received == PIECES
        assert [message.get("body") for message in connection.sent] == [None, b"early", b""]
        assert len(receives) == 1


# --- applications inside bridges ---


@pytest.mark.parametrize("answers", ["whole", "streams", "raises"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_only_the_application_that_a_server_calls_drains(protocol: ProtocolName, answers: str) -> None:
    """An application that is called by a bridge drains nothing, because its reads of the body have no time-out: the
    application with the bridge drains, within its own bounds. Here these are 0, so that the body stays unread.
    """

    class Undrained(Request):
        drain_timeout = 0

    def handler(request: Request) -> Response:
        if answers == "raises":
            raise LookupError
        return Response("early" if answers == "whole" else iter(["early"]))

    inner = Application(handler)
    bridge: Any = bridged(inner) if protocol == "asgi" else served_by(inner, partial(portal, "asyncio"))
    app: Any = Application(bridge, request_class=Undrained)
    read: list[bytes] = []
    fields = {"Content-Length": str(PIECE * PIECES)}
    builder = RequestBuilder("/", method="POST", headers=fields)
    if protocol == "wsgi":

        class Input(io.RawIOBase):
            def read(self, size: int = -1) -> bytes:
                read.append(bytes(min(size, PIECE)))
                return read[-1]

        environ = {**builder.environ(), "wsgi.input": Input()}
        with nullcontext() if answers != "raises" else pytest.raises(LookupError):
            answer = app(environ, lambda status, headers, exc_info=None: None)
            assert b"".join(answer) == b"early"
            getattr(answer, "close", lambda: None)()
    else:
        sent: list[Any] = []

        async def receive() -> Any:
            read.append(bytes(PIECE))
            if len(read) > PIECES:
                await anyio.sleep_forever()
            return {"type": "http.request", "body": read[-1], "more_body": True}

        async def send(message: Any) -> None:
            sent.append(message)

        async def main() -> None:
            with anyio.fail_after(100):
                await app(builder.scope(), receive, send)

        with nullcontext() if answers != "raises" else pytest.raises(LookupError):
            anyio.run(main)
            assert b"".join(message.get("body", b"") for message in sent) == b"early"
    assert read == []
