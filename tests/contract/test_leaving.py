"""Clients that disconnect while the handler works:

``disconnected``, ``wait_disconnected`` and ``cancel_on_disconnect``.
"""

from __future__ import annotations

import asyncio
import gc
import io
import threading
from collections import deque
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest

from cardan import Application, Request, Response
from cardan import _crossing as crossing
from cardan.asgi import _receiving as receiving
from cardan.asgi._draining import hold
from cardan.core._buffers import READ_SIZE
from cardan.core._request.draining import DrainLimits
from cardan.core._request.exchange import Exchange
from cardan.exceptions import ClientDisconnected, WrongMode
from cardan.files import send_file
from cardan.testing import PROTOCOLS, Client, RequestBuilder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

END = {"type": "http.request", "body": b"", "more_body": False}
GUARD = 20
"""Seconds after which a test that hangs fails."""


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Server:
    """The server's side of one ASGI request: ``receive`` gives ``messages``, then ``http.disconnect`` after leave()."""

    def __init__(self, *messages: dict[str, Any], method: str = "GET", **headers: str) -> None:
        self.scope = RequestBuilder("/", method=method, headers=headers).scope()
        if method == "POST" and "Content-Length" not in headers:
            self.scope["http_version"] = "2"  # HTTP/2 does not need a length for a body
            self.scope["headers"] = [pair for pair in self.scope["headers"] if pair[0] != b"content-length"]
        self.messages = deque(messages)
        self.sent: list[dict[str, Any]] = []
        self.pending = 0
        """How many calls of receive() wait."""
        self.most = 0
        """How many tasks awaited receive() at once at most: the protocol allows one."""
        self._left = anyio.Event()
        self._more = anyio.Event()

    def leave(self) -> None:
        self._left.set()

    def give(self, *messages: dict[str, Any]) -> None:
        self.messages.extend(messages)
        self._more.set()
        self._more = anyio.Event()

    async def receive(self) -> dict[str, Any]:
        self.pending += 1
        self.most = max(self.most, self.pending)
        try:
            await anyio.lowlevel.checkpoint()
            while not self.messages and not self._left.is_set():
                async with anyio.create_task_group() as group:
                    for event in (self._left, self._more):
                        group.start_soon(self._wait, event, group.cancel_scope)
            return self.messages.popleft() if self.messages else {"type": "http.disconnect"}
        finally:
            self.pending -= 1

    async def _wait(self, event: anyio.Event, scope: anyio.CancelScope) -> None:
        await event.wait()
        scope.cancel()

    async def send(self, message: Any) -> None:
        self.sent.append(dict(message))

    async def serve(self, app: Callable[..., Awaitable[None]]) -> None:
        """Call the application. No task may await receive() after it has returned."""
        with anyio.fail_after(GUARD):
            await app(self.scope, self.receive, self.send)
        assert self.pending == 0
        assert self.most <= 1


def chunk(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await anyio.sleep(0.001)


async def left(server: Server, over: list[str]) -> AsyncIterator[bytes]:
    """A body that never ends: the client leaves when it has the first chunk. ``over`` notes the end of the body."""
    try:
        yield b"one"
        server.leave()
        await anyio.sleep_forever()
    finally:
        over.append("body")


def wait_in_thread(request: Request) -> None:
    """Ask ``disconnected`` again and again, as a ``def`` handler does. Hangs if it never becomes True."""
    pause = threading.Event()
    for _ in range(GUARD * 1000):
        if request.disconnected:
            return
        pause.wait(0.001)
    raise AssertionError("disconnected never became true")


BODIES = {
    "no body": ("GET", {}, [END]),
    "no body, and no message of it": ("GET", {}, []),
    "small body": ("POST", {"Content-Length": "5"}, [chunk(b"hello")]),
    "small body in pieces": ("POST", {"Content-Length": "5"}, [chunk(b"he", more=True), chunk(b"llo")]),
    "length not announced": ("POST", {}, [chunk(b"he", more=True), chunk(b"llo", more=True), END]),
}


@pytest.mark.parametrize("first", ["nothing", "load"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["def", "async"])
async def test_disconnected_tells_while_the_handler_works(kind: str, body: str, first: str) -> None:
    """``disconnected`` becomes True while the handler works, with and without a body, whether it was read or not."""
    method, headers, messages = BODIES[body]
    if body == "no body, and no message of it" and first == "load":
        messages = [END]
    server = Server(*messages, method=method, **headers)
    seen: list[Any] = []

    @Request.application
    def in_thread(request: Request) -> Response:
        if first == "load":
            seen.append(request.get_data())
        seen.append(request.disconnected)
        anyio.from_thread.run_sync(server.leave)
        wait_in_thread(request)
        return Response("nobody reads this")

    @Request.application
    async def in_loop(request: Request) -> Response:
        if first == "load":
            seen.append((await request.load()).get_data())
        seen.append(request.disconnected)
        await anyio.wait_all_tasks_blocked()
        seen.append(request.disconnected)
        server.leave()
        await until(lambda: request.disconnected)
        return Response("nobody reads this")

    await server.serve(in_thread if kind == "def" else in_loop)
    sent = b"hello" if "Content-Length" in headers or body == "length not announced" else b""
    assert seen == [*[sent] * (first == "load"), *[False] * (1 if kind == "def" else 2)]


@pytest.mark.parametrize("own", ["asyncio", "trio"])
async def test_a_handler_that_runs_a_loop_of_its_own(own: str) -> None:
    """``request.disconnected`` is true there, too, soon after the client has left, whichever loop the server runs."""
    server = Server(END)
    seen: list[bool] = []

    @Request.application
    def handler(request: Request) -> Response:
        async def ask() -> None:
            seen.append(request.disconnected)
            crossing.call_soon(server.leave, loop)
            with anyio.fail_after(GUARD):
                await until(lambda: request.disconnected)
            seen.append(request.disconnected)

        anyio.run(ask, backend=own)
        return Response("nobody reads this")

    loop = crossing.current_token()
    await server.serve(handler)
    assert seen == [False, True]


@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize("body", BODIES)
async def test_the_watching_takes_nothing_from_the_readers(kind: str, body: str) -> None:
    """Messages that were received while a task waited for the disconnect can be read later, complete and in order."""
    method, headers, messages = BODIES[body]
    server = Server(*messages or [END], method=method, **headers)
    read: list[bytes] = []

    @Request.application
    def in_thread(request: Request) -> Response:
        assert not request.disconnected
        anyio.from_thread.run(anyio.wait_all_tasks_blocked)
        read.append(b"".join(request.iter_data()))
        return Response("")

    @Request.application
    async def in_loop(request: Request) -> Response:
        assert not request.disconnected
        await anyio.wait_all_tasks_blocked()
        read.append(b"".join([data async for data in request.aiter_data()]))
        assert not request.disconnected
        return Response("")

    await server.serve(in_thread if kind == "def" else in_loop)
    assert read == [b"hello" if "Content-Length" in headers or body == "length not announced" else b""]


async def test_a_reader_and_a_watcher_share_one_receive() -> None:
    """A body is read while a task waits for the disconnect: each piece arrives once, with one call of receive() at a
    time.
    """
    server = Server(method="POST", **{"Content-Length": "30"})
    read: list[bytes] = []

    @Request.application
    async def app(request: Request) -> Response:
        async with request.cancel_on_disconnect(), anyio.create_task_group() as group:
            group.start_soon(request.wait_disconnected)
            pieces = request.aiter_data()
            for number in range(3):
                assert not request.disconnected
                await anyio.wait_all_tasks_blocked()
                server.give(chunk(b"%d" % number * 10, more=number < 2))
                read.append(await anext(pieces))
            group.cancel_scope.cancel()
        return Response("")

    await server.serve(app)
    assert b"".join(read) == b"0" * 10 + b"1" * 10 + b"2" * 10
    assert server.sent[0]["status"] == 200


async def test_watching_holds_a_bounded_part_of_a_large_body() -> None:
    """Only a small part of an unread body is received. Behind a larger one, a disconnect cannot be seen."""
    piece = b"x" * 20_000
    server = Server(*[chunk(piece, more=True)] * 50, END, method="POST", **{"Content-Length": str(50 * len(piece))})
    left: list[int] = []

    @Request.application
    async def app(request: Request) -> Response:
        assert not request.disconnected
        await anyio.wait_all_tasks_blocked()
        left.append(len(server.messages))
        server.leave()
        await anyio.wait_all_tasks_blocked()
        assert not request.disconnected
        assert len((await request.load()).get_data()) == 50 * len(piece)
        await until(lambda: request.disconnected)
        return Response("")

    await server.serve(app)
    assert left == [51 - 4]


async def test_asking_does_not_invite_a_body_that_waits_for_100_continue() -> None:
    """With ``Expect: 100-continue``, receiving would invite the body, so only reading receives."""
    server = Server(chunk(b"hello"), method="POST", **{"Content-Length": "5", "Expect": "100-continue"})

    @Request.application
    async def app(request: Request) -> Response:
        assert not request.disconnected
        await anyio.wait_all_tasks_blocked()
        assert len(server.messages) == 1
        await request.load()
        server.leave()
        await until(lambda: request.disconnected)
        return Response("")

    await server.serve(app)


@pytest.mark.parametrize("read", ["before", "within", "not"])
async def test_cancel_on_disconnect(read: str) -> None:
    """When the client disconnects, the block is cancelled, its cleanup runs, and ClientDisconnected is raised."""
    server = Server(chunk(b"hello"), method="POST", **{"Content-Length": "5"})
    seen: list[Any] = []

    @Request.application
    async def app(request: Request) -> Response:
        if read == "before":
            await request.load()
        try:
            async with request.cancel_on_disconnect():
                if read == "within":
                    seen.append((await request.load()).get_data())
                server.leave()
                try:
                    await anyio.sleep_forever()
                finally:
                    seen.append("cleaned up")
        except ClientDisconnected:
            seen.append("raised")
            raise
        raise AssertionError("not cancelled")

    await server.serve(app)
    assert seen == [*[b"hello"] * (read == "within"), "cleaned up", "raised"]


async def raised_by(request: Request, block: Callable[[], Awaitable[Any]], *, nested: bool = False) -> str:
    """The name of the exception that the block raises."""
    try:
        async with request.cancel_on_disconnect():
            if nested:
                return await raised_by(request, block)
            await block()
    except Exception as error:
        return type(error).__name__
    return "nothing"


async def test_a_client_that_breaks_off_within_the_block() -> None:
    """If a read in the block finds the disconnect, exactly one ClientDisconnected is raised."""
    server = Server(chunk(b"he", more=True), method="POST", **{"Content-Length": "5"})
    seen: list[str] = []

    @Request.application
    async def app(request: Request) -> Response:
        server.leave()
        seen.append(await raised_by(request, request.load))
        return Response("")

    await server.serve(app)
    assert seen == ["ClientDisconnected"]


async def test_blocks_may_be_nested_and_an_error_of_the_block_wins() -> None:
    """An inner block ends the outer one as well. An exception of the block is raised unchanged, not in a group."""
    server = Server(END)
    seen: list[str] = []

    async def fail() -> None:
        raise KeyError("mine")

    async def rest() -> None:
        await anyio.sleep(0)

    async def leave() -> None:
        server.leave()
        await anyio.sleep_forever()

    async def fail_in_cleanup() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise KeyError("cleanup")

    async def work_in_a_group() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)

    @Request.application
    async def app(request: Request) -> Response:
        for block in (fail, rest):
            seen.append(await raised_by(request, block))
            seen.append(await raised_by(request, block, nested=True))
        seen.append(await raised_by(request, leave, nested=True))
        for block in (leave, fail_in_cleanup, work_in_a_group):
            seen.append(await raised_by(request, block))
        return Response("")

    await server.serve(app)
    gone = "ClientDisconnected"
    assert seen == ["KeyError", "KeyError", "nothing", "nothing", gone, gone, "KeyError", gone]


async def test_a_cancellation_from_outside_is_not_taken_for_the_client() -> None:
    """A time-out around the block is raised as a time-out."""
    server = Server(END)

    @Request.application
    async def app(request: Request) -> Response:
        with anyio.move_on_after(0.01) as scope:
            async with request.cancel_on_disconnect():
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        return Response("")

    await server.serve(app)
    assert server.sent[0]["status"] == 200


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_a_native_cancellation_passes() -> None:
    """``Task.cancel()`` ends the block with CancelledError; neither the block nor the waiting task continues."""
    server = Server(END)

    @Request.application
    async def app(request: Request) -> Response:
        assert not request.disconnected
        async with request.cancel_on_disconnect():
            await asyncio.sleep(3600)
        raise AssertionError

    before = asyncio.all_tasks()
    task = asyncio.create_task(app(server.scope, server.receive, server.send))
    await until(lambda: server.pending == 1)
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.pending == 0
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize("ending", ["answer", "error", "cancelled"])
async def test_no_task_is_left(kind: str, ending: str) -> None:
    """When the application returns, no task waits in receive(), however it ends."""
    server = Server(END)

    def end(request: Request) -> Response:
        if ending == "error":
            raise RuntimeError("a defect")
        return Response("")

    @Request.application
    def in_thread(request: Request) -> Response:
        assert not request.disconnected
        anyio.from_thread.run(anyio.wait_all_tasks_blocked)
        if ending == "cancelled":
            anyio.from_thread.run_sync(scope.cancel)
            pause = threading.Event()
            pause.wait(0.01)
        return end(request)

    @Request.application
    async def in_loop(request: Request) -> Response:
        assert not request.disconnected
        await anyio.wait_all_tasks_blocked()
        if ending == "cancelled":
            scope.cancel()
            await anyio.sleep_forever()
        return end(request)

    error: list[BaseException] = []
    with anyio.CancelScope() as scope:
        try:
            await server.serve(in_thread if kind == "def" else in_loop)
        except RuntimeError as raised:
            error.append(raised)
    assert [type(each) for each in error] == [RuntimeError] * (ending == "error")
    assert server.pending == 0


@pytest.mark.parametrize("kind", ["sync body", "async body"])
async def test_streaming_goes_on_beside_the_watcher(kind: str) -> None:
    """The body of a response may ask as well: one call of receive() waits, and the disconnect ends the stream."""
    server = Server(END)
    seen: list[Any] = []

    @Request.application
    async def app(request: Request) -> Response:
        seen.append(request.disconnected)

        def sync_body() -> Iterator[bytes]:
            yield b"one"
            seen.append(request.disconnected)
            anyio.from_thread.run_sync(server.leave)
            wait_in_thread(request)
            seen.append("told")
            yield b"two"

        async def async_body() -> AsyncIterator[bytes]:
            try:
                yield b"one"
                seen.append(request.disconnected)
                server.leave()
                await anyio.sleep_forever()
            finally:
                seen.append("told" if request.disconnected else "not told")

        response = Response(sync_body() if kind == "sync body" else async_body())
        response.call_on_close(lambda: seen.append(request.disconnected))
        return response

    await server.serve(app)
    assert seen == [False, False, "told", True]


@pytest.mark.parametrize("kind", ["sync body", "async body"])
@pytest.mark.parametrize("handler", ["def", "async def"])
async def test_a_stream_ends_whose_request_has_a_small_body_that_nobody_reads(handler: str, kind: str) -> None:
    """The end of the request's body comes before the disconnect, so it is received while the response is streamed."""
    server = Server(chunk(b"unread", more=True), END, method="POST", **{"Transfer-Encoding": "chunked"})
    server.scope["http_version"] = "1.1"
    over: list[str] = []

    def sync_body() -> Iterator[bytes]:
        try:
            yield b"one"
            anyio.from_thread.run_sync(server.leave)
            for _ in range(GUARD * 100):
                anyio.from_thread.run(anyio.sleep, 0.01)
                yield b"more"
        finally:
            over.append("body")

    def respond(request: Request) -> Response:
        response = Response(sync_body() if kind == "sync body" else left(server, over))
        response.call_on_close(lambda: over.append(f"hook {request.disconnected}"))
        return response

    async def arespond(request: Request) -> Response:
        return respond(request)

    with anyio.fail_after(GUARD / 4):
        await server.serve(Application(respond if handler == "def" else arespond))
    assert over == ["body", "hook True"]
    assert server.most == 1


async def test_a_stream_does_not_invite_a_body_that_waits_for_100_continue() -> None:
    """While a response is streamed, nothing is received of a request that waits for 100 Continue."""
    server = Server(method="POST", Expect="100-continue", **{"Content-Length": "5"})

    @Request.application
    async def app(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"one"
            await anyio.wait_all_tasks_blocked()
            yield b"two"

        return Response(body())

    await server.serve(app)
    assert server.most == 0


@pytest.mark.parametrize("headers", [{"Expect": "100-continue", "Content-Length": "9"}, {"Content-Length": "999999"}])
async def test_a_stream_ends_whose_request_was_read_in_part(headers: dict[str, str]) -> None:
    """When the handler has asked for the body, a client that waits for 100 Continue was invited, and receiving has
    begun: from then on a client that leaves ends the stream of every request.
    """
    server = Server(chunk(b"first", more=True), method="POST", **headers)
    over: list[str] = []

    @Request.application
    async def app(request: Request) -> Response:
        async for piece in request.aiter_data():
            assert piece == b"first"
            break
        return Response(left(server, over))

    await server.serve(app)
    assert over == ["body"]


async def test_a_stream_that_reads_the_request_misses_nothing() -> None:
    """A body that reads the request late gets everything that was received before."""
    pieces = [b"%05d" % number * 4000 for number in range(20)]
    messages = [chunk(piece, more=True) for piece in pieces]
    server = Server(*messages, END, method="POST")

    @Request.application
    async def app(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"echo:"
            await anyio.wait_all_tasks_blocked()
            assert 0 < len(server.messages) < len(messages)
            async for piece in request.aiter_data():
                await anyio.lowlevel.checkpoint()
                yield piece

        return Response(body())

    await server.serve(app)
    assert b"".join(message.get("body", b"") for message in server.sent) == b"echo:" + b"".join(pieces)
    assert server.most == 1


@pytest.mark.parametrize("kind", ["bare", "def", "async def"])
async def test_a_stream_does_not_wait_for_a_request_that_others_have_received(kind: str) -> None:
    """If other code has received the only message of a request without a body, the next one is the disconnect."""
    server = Server()
    over: list[str] = []

    def respond(request: Any = None) -> Response:
        return Response(left(server, over))

    async def arespond(request: Request) -> Response:
        return respond()

    apps: dict[str, Any] = {"bare": respond(), "def": Application(respond), "async def": Application(arespond)}
    with anyio.fail_after(GUARD / 4):
        await server.serve(apps[kind])
    assert [message.get("body") for message in server.sent][:2] == [None, b"one"]
    assert over == ["body"]


async def test_a_failed_send_tells() -> None:
    """If ``send`` fails because the client has disconnected, the cleanup and the hooks see ``disconnected`` as True."""
    server = Server(chunk(b"unread", more=True), method="POST", **{"Content-Length": "500000"})
    seen: list[bool] = []

    async def send(message: Any) -> None:
        raise OSError("gone")

    server.send = send  # type: ignore[method-assign]

    @Request.application
    async def app(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            try:
                yield b"one"
                await anyio.sleep_forever()
            finally:
                seen.append(request.disconnected)

        response = Response(body())
        response.call_on_close(lambda: seen.append(request.disconnected))
        return response

    await server.serve(app)
    assert seen == [True, True]


async def test_several_requests_share_one_watcher() -> None:
    """A middleware, an application that takes ``receive``, and the handler share one call of receive()."""
    server = Server(chunk(b"hello"), method="POST", **{"Content-Length": "5"})
    seen: list[Any] = []

    @Request.application
    async def inner(request: Request) -> Response:
        seen.append(request.disconnected)
        await anyio.wait_all_tasks_blocked()
        seen.append((await request.load()).get_data())
        server.leave()
        await until(lambda: request.disconnected)
        return Response("")

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        async with Request(scope, receive) as request:
            seen.append(request.disconnected)
            await anyio.wait_all_tasks_blocked()
            await inner(scope, request.receive, send)
            assert request.disconnected

    await server.serve(outer)
    assert seen == [False, False, b"hello"]


async def test_an_application_downstream_receives_what_was_received_ahead() -> None:
    """``request.receive`` gives each message once, including the end of the body and the disconnect."""
    server = Server(chunk(b"he", more=True), chunk(b"llo", more=True), END, method="POST")
    got: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with Request(scope, receive) as request:
            assert not request.disconnected
            await anyio.wait_all_tasks_blocked()
            while True:
                message = await request.receive()
                got.append(message)
                if not message["more_body"]:
                    break
            server.leave()
            got.append(await request.receive())

    await server.serve(app)
    assert b"".join(message["body"] for message in got[:-1]) == b"hello"
    assert got[-1] == {"type": "http.disconnect"}


async def test_threads_that_know_no_loop() -> None:
    """A thread of your own cannot start the waiting task. Once the task runs, the thread sees the disconnect."""
    server = Server(END)
    answers: list[bool] = []

    @Request.application
    async def app(request: Request) -> Response:
        async def ask_in_thread() -> None:
            thread = threading.Thread(target=lambda: answers.append(request.disconnected))
            thread.start()
            await anyio.to_thread.run_sync(thread.join)

        server.leave()
        await ask_in_thread()
        await until(lambda: request.disconnected)
        await ask_in_thread()
        return Response("")

    await server.serve(app)
    assert answers == [False, True]


async def test_sync_code_has_the_property_alone() -> None:
    """In a ``def`` handler, the names that must be awaited raise an error that names ``disconnected``."""
    server = Server(END)

    @Request.application
    def app(request: Request) -> Response:
        with pytest.raises(WrongMode, match="disconnected"):
            request.cancel_on_disconnect()
        return Response("")

    await server.serve(app)
    assert server.sent[0]["status"] == 200


async def test_nothing_waits_for_the_collector() -> None:
    """A request for which a task has waited is freed by reference counting when it is answered."""
    server = Server(END)
    app = Application(watching)
    await server.serve(app)
    await anyio.wait_all_tasks_blocked()
    gc.collect()
    gc.disable()
    known = sum(type(each) is Request for each in gc.get_objects())  # the parameters of other tests keep some
    try:
        again = Server(END)
        await again.serve(app)
        del again
        await anyio.sleep(0)
        assert sum(type(each) is Request for each in gc.get_objects()) == known
    finally:
        gc.enable()


async def watching(request: Request) -> Response:
    assert not request.disconnected
    async with request.cancel_on_disconnect():
        await anyio.sleep(0)
    return Response("")


class Broken(io.RawIOBase):
    """A ``wsgi.input`` whose client disconnects in the middle."""

    def read(self, size: int = -1, /) -> bytes:
        raise ConnectionResetError("gone")


def wsgi(app: Application[Request], stream: Any = None) -> list[str]:
    """Serve one request over WSGI, and return the status line and the body."""
    environ = RequestBuilder("/", method="POST", data=b"hello").environ()
    if stream is not None:
        environ["wsgi.input"] = stream
    answer: list[str] = []
    body = app(environ, lambda status, headers, exc_info=None: answer.append(status))  # type: ignore[call-overload]
    try:
        answer.append(b"".join(body).decode())
    finally:
        getattr(body, "close", lambda: None)()
    return answer


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["def", "async"])
def test_a_body_that_fails_tells_of_no_disconnect(protocol: Any, kind: str) -> None:
    """An error of the program in the body of a response is no client that has left: ``disconnected`` stays False."""
    seen: list[bool] = []

    def body() -> Iterator[bytes]:
        yield b"one"
        raise LookupError("broken")

    async def abody() -> AsyncIterator[bytes]:
        yield b"one"
        raise LookupError("broken")

    def handler(request: Request) -> Response:
        response = Response(body() if kind == "def" else abody())
        response.call_on_close(lambda: seen.append(request.disconnected))
        return response

    with Client(Application(handler), protocol) as client, pytest.raises(LookupError, match="broken"):
        client.get("/")
    assert seen == [False]


@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize(("length", "has_left"), [(None, True), (6, True), (3, False)])
def test_on_wsgi_a_close_before_the_end_tells(length: int | None, has_left: bool, kind: str) -> None:
    """A WSGI server that closes a body before its end tells that the client has left (PEP 3333, "Buffering and
    Streaming"). A server that has got as many bytes as were declared need not ask for the end.
    """
    seen: list[bool] = []

    def body() -> Iterator[bytes]:
        yield b"one"
        yield b"two"

    async def abody() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    def handler(request: Request) -> Response:
        response = Response(body() if kind == "def" else abody())
        response.content_length = length
        response.call_on_close(lambda: seen.append(request.disconnected))
        return response

    iterable: Any = Application(handler)(RequestBuilder("/").environ(), lambda status, headers, exc_info=None: print)
    assert next(iter(iterable)) == b"one"
    iterable.close()
    assert seen == [has_left]


@pytest.mark.parametrize("error", [LookupError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("kind", ["whole", "stream", "async"])
def test_on_wsgi_a_head_that_is_not_taken_closes_the_response(kind: str, error: type[BaseException]) -> None:
    """If ``start_response`` raises, the server has no iterable that it could close: the close hooks run at once, also
    if the process is about to end.
    """
    closed: list[None] = []

    async def abody() -> AsyncIterator[bytes]:
        yield b"one"

    def handler(request: Request) -> Response:
        response = Response({"whole": b"one", "stream": iter([b"one"]), "async": abody()}[kind])
        response.call_on_close(lambda: closed.append(None))
        return response

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        raise error

    with pytest.raises(error):
        Application(handler)(RequestBuilder("/").environ(), start_response)
    assert closed == [None]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_on_wsgi_nothing_tells_and_nothing_hangs(backend: str) -> None:
    """On WSGI a block runs to its end, and tasks that wait for a disconnect end with the request."""
    outlived: list[bool] = []
    ended = threading.Event()

    async def outlive(request: Request) -> None:
        await request.wait_disconnected()
        outlived.append(request.disconnected)
        ended.set()

    async def handler(request: Request) -> Response:
        assert not request.disconnected
        with anyio.move_on_after(0.01) as scope:
            await request.wait_disconnected()
        assert scope.cancelled_caught
        async with request.cancel_on_disconnect():
            await request.load()
        task = crossing.BackgroundTask(partial(outlive, request))
        await anyio.wait_all_tasks_blocked()
        assert not task.done
        return Response(request.get_data())

    assert await anyio.to_thread.run_sync(wsgi, Application(handler, backend=backend)) == ["200 OK", "hello"]
    assert await anyio.to_thread.run_sync(ended.wait, GUARD)
    assert outlived == [False]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("waited", [False, True], ids=["the first to wait", "another one has waited"])
async def test_on_wsgi_to_wait_after_the_request(waited: bool, backend: str) -> None:
    """A task that outlives the request and waits for a disconnect only then does not wait: the request is over."""
    over, ended = threading.Event(), threading.Event()

    async def outlive(request: Request) -> None:
        while not over.is_set():
            await anyio.sleep(0.001)
        await request.wait_disconnected()
        ended.set()

    async def handler(request: Request) -> Response:
        if waited:
            with anyio.move_on_after(0.01):
                await request.wait_disconnected()
        crossing.BackgroundTask(partial(outlive, request))
        return Response("hello")

    assert await anyio.to_thread.run_sync(wsgi, Application(handler, backend=backend)) == ["200 OK", "hello"]
    over.set()
    assert await anyio.to_thread.run_sync(ended.wait, GUARD)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_on_wsgi_to_wait_in_the_second_application(backend: str) -> None:
    """If code of the server's side gives a request to one application after the other, it is not over for the second
    one: what it cancels on a disconnect runs to its end.
    """

    async def first(request: Request) -> Response:
        with anyio.move_on_after(0.01):
            await request.wait_disconnected()
        return Response("not here", 404)

    async def second(request: Request) -> Response:
        async with request.cancel_on_disconnect():
            await anyio.sleep(0.001)
        with anyio.move_on_after(0.01) as scope:
            await request.wait_disconnected()
        return Response(str(scope.cancelled_caught))

    def cascade(environ: Any, start_response: Any) -> Any:
        for application in (first, second):
            app: Any = Application(application, backend=backend)
            body = app(environ, start_response)
            answer = b"".join(body)
            getattr(body, "close", lambda: None)()
        return [answer]

    assert await anyio.to_thread.run_sync(wsgi, cascade) == ["404 Not Found", "200 OK", "True"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_on_wsgi_to_wait_after_a_failed_read(backend: str) -> None:
    """A task that begins to wait when a read has already failed does not wait: the client has left."""
    seen: list[bool] = []

    async def handler(request: Request) -> Response:
        with suppress(ClientDisconnected):
            await request.load()
        await request.wait_disconnected()
        seen.append(request.disconnected)
        return Response("")

    await anyio.to_thread.run_sync(wsgi, Application(handler, backend=backend), Broken())
    assert seen == [True]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_on_wsgi_a_failed_read_tells(backend: str) -> None:
    """After a failed read, ``disconnected`` is True, waiting tasks end, and a block around other work is cancelled."""
    seen: list[Any] = []

    async def handler(request: Request) -> Response:
        async def read() -> None:
            with suppress(ClientDisconnected):
                await request.load()

        async with anyio.create_task_group() as group:
            group.start_soon(request.wait_disconnected)
            try:
                async with request.cancel_on_disconnect():
                    await read()
                    await anyio.sleep_forever()
            except ClientDisconnected:
                seen.append(request.disconnected)
        return Response("")

    await anyio.to_thread.run_sync(wsgi, Application(handler, backend=backend), Broken())
    assert seen == [True]


@pytest.mark.parametrize("kind", ["sync body", "async body"])
@pytest.mark.parametrize("ending", ["whole", "left", "failed"])
async def test_on_wsgi_a_response_that_is_closed_early_tells(kind: str, ending: str) -> None:
    """PEP 3333: an early close() by the server means a disconnect, except after an error or the last chunk."""
    seen: list[bool] = []

    @Request.application
    def app(request: Request) -> Response:
        def fail() -> None:
            if ending == "failed":
                raise RuntimeError("a defect")

        def sync_body() -> Iterator[bytes]:
            try:
                yield b"one"
                fail()
                yield b"two"
            finally:
                seen.append(request.disconnected)

        async def async_body() -> AsyncIterator[bytes]:
            try:
                yield b"one"
                fail()
                yield b"two"
            finally:
                seen.append(request.disconnected)

        response = Response(sync_body() if kind == "sync body" else async_body())
        response.call_on_close(lambda: seen.append(request.disconnected))
        return response

    def serve() -> None:
        body: Any = app(RequestBuilder("/").environ(), lambda *args: None)  # type: ignore[call-overload]
        with closing(body):
            for _ in body:
                if ending == "left":
                    break

    if ending == "failed":
        with pytest.raises(RuntimeError, match="a defect"):
            await anyio.to_thread.run_sync(serve)
    else:
        await anyio.to_thread.run_sync(serve)
    assert seen == [ending == "left"] * 2


@pytest.mark.parametrize("kind", ["sync body", "async body", "async body with keep_alive"])
@pytest.mark.parametrize("headers", [{}, {"Content-Length": "1"}])
async def test_the_end_is_not_cut_by_the_disconnect_that_it_causes(kind: str, headers: dict[str, str]) -> None:
    """A server may tell of a disconnect while it takes the last message, and close the connection within the same
    ``send()``. This ``send()`` runs to its end.
    """
    server = Server(END)
    closed: list[str] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            server.leave()
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            closed.append("connection")

    async def chunks() -> AsyncIterator[bytes]:
        await anyio.sleep(0)
        yield b"a"

    def app(request: Request) -> Response:
        body: Any = iter([b"a"]) if kind == "sync body" else chunks()
        response = Response(body, headers=headers)
        response.keep_alive = 10 if "keep_alive" in kind else None
        response.call_on_close(lambda: closed.append("response"))
        return response

    with anyio.fail_after(GUARD):
        await Application[Request](app)(server.scope, server.receive, send)
    assert closed == ["connection", "response"]


@pytest.mark.parametrize("kind", ["whole", "sync body", "async body", "file", "bare"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("size", [1, 200_000])
async def test_over_http_2_a_send_that_waits_for_a_client_that_has_left_is_ended(
    kind: str, method: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may wait for a client to allow more data (RFC 9113 section 5.2), and not notice that it has left: the
    response is closed all the same, and the request ends.
    """
    monkeypatch.setattr("cardan.asgi._sending.PATIENCE", 0.0)
    server = Server(*([] if method == "GET" else [chunk(b"a", more=True)]), method=method)
    server.scope["http_version"] = "2"
    (tmp_path / "file").write_bytes(bytes(size))
    closed: list[str] = []

    async def send(message: dict[str, Any]) -> None:
        waits = message["type"] == "http.response.body" and (not message.get("more_body") or size > 100_000)
        if waits or method == "POST":  # a drain, which comes before the end, notices that the client has left
            server.leave()
        if waits:
            await anyio.sleep_forever()

    async def chunks() -> AsyncIterator[bytes]:
        await anyio.sleep(0)
        yield bytes(size)

    def app(request: Request) -> Response:
        if kind == "file":
            response = send_file(tmp_path / "file", request)
        else:
            response = Response({"sync body": iter([bytes(size)]), "async body": chunks()}.get(kind, bytes(size)))
        response.call_on_close(lambda: closed.append("response"))
        return response

    bare = Response(bytes(size))
    bare.call_on_close(lambda: closed.append("response"))
    with anyio.fail_after(GUARD):
        await (bare if kind == "bare" else Application[Request](app))(server.scope, server.receive, send)
    assert closed == ["response"]


async def test_over_http_2_trailers_that_wait_for_a_client_that_has_left_are_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that sends trailer fields may wait with them until the client has taken the body."""
    monkeypatch.setattr("cardan.asgi._sending.PATIENCE", 0.0)
    server = Server()
    server.scope |= {"http_version": "2", "extensions": {"http.response.trailers": {}}}
    server.scope["headers"].append((b"te", b"trailers"))
    closed: list[str] = []
    waited: list[str] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.trailers":
            waited.append("trailers")
            server.leave()
            await anyio.sleep_forever()

    def app(request: Request) -> Response:
        response = Response(iter([b"a"]))
        response.trailers["X-Sum"] = "1"
        response.call_on_close(lambda: closed.append("response"))
        return response

    with anyio.fail_after(GUARD):
        await Application[Request](app)(server.scope, server.receive, send)
    assert (waited, closed) == (["trailers"], ["response"])


async def test_over_http_2_an_error_of_receive_does_not_end_a_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """If ``receive()`` fails while the end of a response is sent, nothing is known of the client: the end is sent."""
    monkeypatch.setattr("cardan.asgi._sending.PATIENCE", 0.0)
    server = Server()
    server.scope["http_version"] = "2"
    failed = anyio.Event()

    async def receive() -> Any:
        failed.set()
        raise RuntimeError("a fault of the server")

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await failed.wait()
            await anyio.wait_all_tasks_blocked()
        server.sent.append(message)

    with anyio.fail_after(GUARD):
        await Application[Request](lambda request: Response("a"))(server.scope, receive, send)
    assert [message["type"] for message in server.sent] == ["http.response.start", "http.response.body"]


async def test_two_threads_that_ask_at_once() -> None:
    """One task watches for the disconnect, also if a second thread asks before it has seen the task of the first."""
    waits: list[str] = []

    async def receive() -> Any:
        waits.append("waits")
        await anyio.sleep_forever()

    exchange = Exchange()
    body = receiving.ReceiveBody(receive, exchange)
    exchange.open(body)
    token = crossing.current_token()
    for _ in range(2):
        receiving._start_watcher(exchange, body, 1, token)
    watcher = body.watcher
    await anyio.wait_all_tasks_blocked()
    assert waits == ["waits"]
    assert watcher is not None
    await receiving.end_watching(exchange)
    assert watcher.done


async def test_a_watch_that_may_receive_more() -> None:
    """A task that watches, and has received as much as it may, goes on as soon as it may receive more."""
    messages = iter([10, 10, 10])

    async def receive() -> Any:
        if (size := next(messages, 0)) == 0:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": bytes(size), "more_body": True}

    body = receiving.ReceiveBody(receive, Exchange())
    held: list[int] = []
    async with anyio.create_task_group() as group:
        for ahead in (0, 5, 3, 20, 100):
            body.let_watch(ahead)
            if not held:
                group.start_soon(body.watch)
            await anyio.wait_all_tasks_blocked()
            held.append(sum(map(len, body._ready)))
        group.cancel_scope.cancel()
    assert held == [0, 10, 10, 20, 30]
    assert body.disconnected


async def test_a_watch_goes_on_when_what_it_kept_was_read() -> None:
    """The bound of a watch is on what it keeps. When this was read, the watch goes on by itself, however much was
    received before, and sees that the client has left.
    """
    messages = iter([10] * 5)

    async def receive() -> Any:
        if (size := next(messages, 0)) == 0:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": bytes(size), "more_body": True}

    body = receiving.ReceiveBody(receive, Exchange())
    body.let_watch(15)
    body.let_watch(5)  # another task that needs less takes nothing away
    read: list[int] = []
    async with anyio.create_task_group() as group:
        group.start_soon(body.watch)
        for _ in range(3):
            await anyio.wait_all_tasks_blocked()
            read.append(len(await body.aread(100, False)))
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert read == [20, 20, 10]
    assert body.disconnected


async def test_a_thread_that_reads_what_a_watch_has_kept() -> None:
    """The bytes that a task which watches has received meanwhile count: no further message is waited for. Bytes that it
    adds while they are taken are kept for the next read.
    """

    async def receive() -> Any:
        raise AssertionError("got a call of receive(), expected none")

    class Growing(list[bytes]):
        def __getitem__(self, key: Any) -> Any:
            found = super().__getitem__(key)
            if not late:
                late.append(b"late")
                self += late
            return found

    late: list[bytes] = []
    body = receiving.ReceiveBody(receive, Exchange())
    body._ready = Growing([b"kept"])
    await body._fill(1)
    assert await anyio.to_thread.run_sync(body.read, 1, False) == b"kept"
    assert await anyio.to_thread.run_sync(body.read, 1, False) == b"late"


async def test_each_one_who_asks_gets_an_error_of_its_own() -> None:
    """An error of ``receive`` ends the watching. Each time it is raised, it is another object: its traceback does not
    grow, and no request that asks sees the frames of another one.
    """

    async def receive() -> Any:
        raise LookupError("of the server")

    exchange = Exchange()
    body = receiving.ReceiveBody(receive, exchange)
    exchange.open(body)
    receiving.watch_body(exchange, body, 1)
    assert body.watcher is not None
    await body.watcher.wait()
    raised: list[LookupError] = []
    for _ in range(2):
        with pytest.raises(LookupError, match="of the server") as caught:
            receiving.watch_body(exchange, body, 1)
        raised.append(caught.value)
    assert raised[0] is not raised[1]


@pytest.mark.parametrize("ended", [True, False])
async def test_the_place_of_a_handler_that_has_waited_for_its_client(ended: bool) -> None:
    """A handler takes its place back after it has waited for the body, also if the client has left after the end of the
    body. If the client has left before, the place stays free for other handlers.
    """

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    class Lease:
        hurried = False

        def step_aside(self) -> bool:
            calls.append("aside")
            return True

        async def come_back(self) -> None:
            calls.append("back")

        def end(self) -> None:
            calls.append("end")

    calls: list[str] = []
    lease: Any = Lease()
    body = receiving.ReceiveBody(receive, Exchange())
    body.disconnected, body.ended = True, ended
    await body._fill_in_task(1, lease)
    assert calls == ["aside", "back" if ended else "end"]


async def test_a_read_after_the_disconnect() -> None:
    """Nothing more is asked of the server: it may not answer a second time."""
    messages = [{"type": "http.disconnect"}]

    async def receive() -> Any:
        return messages.pop()

    exchange = Exchange()
    body = receiving.ReceiveBody(receive, exchange)
    for _ in range(2):
        with pytest.raises(ClientDisconnected):
            await body.aread(10, False)
    assert body.disconnected


async def test_a_body_is_drained_once() -> None:
    """After a drain that has reached its bound, no further one receives anything."""
    asked: list[int] = []

    async def receive() -> Any:
        asked.append(1)
        return {"type": "http.request", "body": bytes(1000), "more_body": True}

    async def send(message: Any) -> None:
        raise AssertionError("got a message, expected none")

    scope = RequestBuilder("/", method="POST").scope()
    scope["http_version"] = "2"
    scope["headers"] = []
    held = hold(scope, receive, send, DrainLimits(3000, 20.0))
    assert held is not None
    await held.drain()
    before = len(asked)
    assert before in (3, 4)
    await held.drain()
    assert len(asked) == before


async def test_a_file_ends_soon_where_sending_never_waits(tmp_path: Path) -> None:
    """If a server takes every chunk at once, no ``send()`` notices that the client has left: the rest of a file is not
    read and sent to nobody.
    """
    path = tmp_path / "large"
    path.write_bytes(bytes(200 * READ_SIZE))
    left, chunks, told = anyio.Event(), 0, iter([END])

    async def receive() -> Any:
        if (message := next(told, None)) is None:
            await left.wait()
            message = {"type": "http.disconnect"}
        return message

    async def send(message: Any) -> None:
        nonlocal chunks
        chunks += bool(message.get("body"))
        left.set()

    app = Application(lambda request: send_file(path, request))
    with anyio.fail_after(GUARD):
        await app(RequestBuilder("/").scope(), receive, send)
    assert chunks < 100


async def test_a_receive_that_never_waits_leaves_the_loop_to_others() -> None:
    """A server may give any number of empty messages at once: the task that watches for a disconnect does not keep the
    event loop from sending the response.
    """
    received, sent = 0, []

    async def receive() -> Any:
        nonlocal received
        received += 1
        assert received < 10_000
        return {"type": "http.request", "body": b"", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message.get("body"))

    async def body() -> AsyncIterator[bytes]:
        for chunk in (b"a", b"b", b"c"):
            await anyio.lowlevel.checkpoint()
            yield chunk

    async def handler(request: Request) -> Response:
        return Response(body())

    with anyio.fail_after(GUARD):
        await Application(handler)(RequestBuilder("/").scope(), receive, send)
    assert sent == [None, b"a", b"b", b"c", b""]


async def test_a_watch_ends_although_a_file_cannot_be_closed() -> None:
    """The error of the file is raised, and no task waits for a disconnect any more."""
    waits: list[str] = []

    class Sink:
        def __init__(self) -> None:
            self.stream = io.BytesIO()
            self.write = self.stream.write

        def close(self) -> None:
            raise LookupError("of the file")

    class Uploads(Request):
        def make_file_sink(self, part: Any) -> Any:
            return Sink()

    async def handler(request: Request) -> Response:
        assert (await request.load()).files["f"]
        assert not request.disconnected
        await anyio.wait_all_tasks_blocked()
        assert waits == ["begun"]
        return Response("done")

    builder = RequestBuilder("/", files={"f": ("x.txt", b"data")}, method="POST")
    messages = iter([{"type": "http.request", "body": builder.body, "more_body": False}])

    async def receive() -> Any:
        if (message := next(messages, None)) is not None:
            return message
        waits.append("begun")
        try:
            await anyio.sleep_forever()
        finally:
            waits.append("ended")

    async def send(message: Any) -> None:
        await anyio.lowlevel.checkpoint()

    with anyio.fail_after(GUARD), pytest.raises(LookupError, match="of the file"):
        await Application(handler, request_class=Uploads)(builder.scope(), receive, send)
    assert waits == ["begun", "ended"]
