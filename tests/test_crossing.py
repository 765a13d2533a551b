"""Between sync and async: threads that wait give their place back, bodies end once, portals survive."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

from cardan import Application, Request, Response
from cardan import _crossing as crossing
from cardan.exceptions import BodyConsumed, ClientDisconnected
from cardan.testing import Client

pytestmark = pytest.mark.anyio
BACKENDS = ["asyncio", "trio"]


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both loops."""
    return str(request.param)


def http_scope(**values: Any) -> dict[str, Any]:
    """A small HTTP scope."""
    base = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b"", "http_version": "1.1"}
    return {**base, **values}


class Exchange:
    """One request by hand: messages in when they are put, messages out in a list."""

    def __init__(self, app: Any, *incoming: dict[str, Any], **values: Any) -> None:
        self.app = app
        self.scope = http_scope(**values)
        self.put, self._get = anyio.create_memory_object_stream[dict[str, Any]](100)
        for message in incoming:
            self.put.send_nowait(message)
        self.sent: list[dict[str, Any]] = []
        self.send_error: Exception | None = None
        self.sending = anyio.Event()

    async def run(self) -> None:
        """Serve it."""

        async def send(message: dict[str, Any]) -> None:
            await anyio.lowlevel.checkpoint()
            if self.send_error is not None:
                raise self.send_error
            self.sent.append(message)
            self.sending.set()

        with self.put, self._get:
            await self.app(self.scope, self._get.receive, send)

    @property
    def body(self) -> bytes:
        """What was sent."""
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def status(self) -> int | None:
        """The status that was sent."""
        return next((m["status"] for m in self.sent if m["type"] == "http.response.start"), None)


def chunk(data: bytes, more: bool = True) -> dict[str, Any]:
    """A message with a piece of the body."""
    return {"type": "http.request", "body": data, "more_body": more}


GONE = {"type": "http.disconnect"}
UPLOAD = [(b"content-length", b"1000000")]


async def test_slow_uploads_do_not_starve_fast_requests() -> None:
    """Handlers that wait for slow clients give their place back: 41 of them leave the only one free."""

    def handler(request: Request) -> Response:
        return Response(str(len(request.get_data())))

    app = Application(handler, threads=1)
    slow = [Exchange(app, chunk(b"x"), headers=[(b"transfer-encoding", b"chunked")]) for _ in range(41)]
    async with anyio.create_task_group() as group:
        for exchange in slow:
            group.start_soon(exchange.run)
        for _ in range(20):
            await anyio.sleep(0.005)
        fast = Exchange(app, chunk(b"", False), method="GET")
        with anyio.fail_after(20):
            await fast.run()
        assert fast.body == b"0"
        for exchange in slow:
            await exchange.put.send(chunk(b"y", False))
    assert {exchange.body for exchange in slow} == {b"2"}


async def test_at_most_so_many_handlers() -> None:
    """``threads`` handlers run at once, and never one more; a handler that waited goes on when it has a place again."""
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3)  # three handlers meet here: so many do run at once

    def handler(request: Request) -> Response:
        nonlocal running, most
        request.get_data()
        with lock:
            running += 1
            most = max(most, running)
        together.wait(30)
        with lock:
            running -= 1
        return Response("x")

    app = Application(handler, threads=3)
    exchanges = [Exchange(app, chunk(b"1"), chunk(b"2", False), headers=[(b"expect", b"x")]) for _ in range(12)]
    async with anyio.create_task_group() as group:
        for exchange in exchanges:
            group.start_soon(exchange.run)
    assert most == 3
    assert all(exchange.status == 200 for exchange in exchanges)


async def test_one_hop_for_many_messages() -> None:
    """What wants the whole body crosses once for 256 KiB or the end, not once for each message."""
    hops: list[int] = []
    original = crossing.in_loop

    def counting(function: Any, *args: Any, token: Any = None) -> Any:
        hops.append(1)
        return original(function, *args, token=token)

    app = Application(lambda request: Response(str(len(request.get_data()))))
    messages = [chunk(b"x" * 1000) for _ in range(90)]
    exchange = Exchange(app, *messages, chunk(b"", False), headers=[(b"transfer-encoding", b"chunked")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossing, "in_loop", counting)
        await exchange.run()
    assert exchange.body == b"90000"
    assert len(hops) == 1


async def test_streams_take_each_message_as_it_comes() -> None:
    """What streams gets the first message before the second was sent."""
    seen: list[bytes] = []
    first = threading.Event()

    def handler(request: Request) -> Response:
        for data in request.iter_data():
            seen.append(data)
            first.set()
        return Response("x")

    exchange = Exchange(Application(handler), chunk(b"one"), headers=[(b"transfer-encoding", b"chunked")])
    async with anyio.create_task_group() as group:
        group.start_soon(exchange.run)
        with anyio.fail_after(20):
            while not first.is_set():
                await anyio.sleep(0.001)
        assert seen == [b"one"]
        await exchange.put.send(chunk(b"two", False))
    assert seen == [b"one", b"two"]


async def test_foreign_threads() -> None:
    """The body can be read from any thread that the handler started."""

    def handler(request: Request) -> Response:
        result: list[bytes] = []
        thread = threading.Thread(target=lambda: result.append(request.get_data()))
        thread.start()
        thread.join(20)
        return Response(result[0])

    exchange = Exchange(Application(handler), chunk(b"a"), chunk(b"b", False), headers=[(b"expect", b"x")])
    await exchange.run()
    assert exchange.body == b"ab"


async def test_preload_spares_the_hop() -> None:
    """A small declared body is received before the handler gets its thread; not with Expect: 100-continue."""
    app = Application(lambda request: Response("x"))
    plain = Exchange(app, chunk(b"abc", False), headers=[(b"content-length", b"3")])
    await plain.run()
    expecting = Exchange(app, headers=[(b"content-length", b"3"), (b"expect", b"100-continue")])
    with anyio.fail_after(20):
        await expecting.run()
    assert plain.status == expecting.status == 200


@pytest.mark.parametrize("kind", ["def", "async"])
async def test_disconnect_while_reading(kind: str) -> None:
    """A client that leaves before its body is complete: ClientDisconnected, and every later access says so again."""
    caught: list[BaseException] = []

    def look(request: Request) -> None:
        try:
            request.get_data()
        except ClientDisconnected as error:
            caught.append(error)
            assert request.disconnected
            raise

    def handler(request: Request) -> Response:
        for _ in range(2):
            with pytest.raises(ClientDisconnected):
                look(request)
        return Response("x")

    async def ahandler(request: Request) -> Response:
        for _ in range(2):
            with pytest.raises(ClientDisconnected):
                await request.load()
        with pytest.raises(ClientDisconnected):
            look(request)
        return Response("x")

    app = Application(handler if kind == "def" else ahandler)
    await Exchange(app, chunk(b"half"), GONE, headers=UPLOAD).run()
    assert caught


async def ticks(log: list[str], interval: float = 0.001) -> AsyncIterator[bytes]:
    """Never ends by itself; its cleanup awaits."""
    try:
        while True:
            yield b"tick"
            await anyio.sleep(interval)
    finally:
        await anyio.sleep(0.001)
        log.append("cleaned up")


@pytest.mark.parametrize("interval", [0.001, 3600], ids=["busy", "idle"])
@pytest.mark.parametrize("send_fails", [False, True])
async def test_client_leaves_a_stream(interval: float, send_fails: bool) -> None:
    """Noticed while busy and while idle; the generator is finalized once, its cleanup awaited; hooks run after it."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        response = Response(ticks(log, interval))
        response.call_on_close(lambda: log.append("hook"))
        return response

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(exchange.run)
            await exchange.sending.wait()
            await anyio.sleep(0.01)
            if send_fails:
                exchange.send_error = OSError("connection lost")
            if not send_fails or interval > 1:
                await exchange.put.send(GONE)
    assert log == ["cleaned up", "hook"]


async def test_unread_body_is_not_received_while_streaming() -> None:
    """While a declared body is unread nobody but its reader receives: only send errors tell."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            await anyio.sleep(0.01)
            async for data in request.aiter_data():
                yield data

        return Response(body())

    exchange = Exchange(Application(handler), chunk(b"a"), chunk(b"b", False), headers=[(b"content-length", b"2")])
    await exchange.run()
    assert exchange.body == b"firstab"
    assert log == []


async def test_cancelled_stream() -> None:
    """A server that cancels the task: the body is ended and its cleanup is not interrupted."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        return Response(ticks(log, 3600))

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    async with anyio.create_task_group() as group:
        group.start_soon(exchange.run)
        await exchange.sending.wait()
        group.cancel_scope.cancel()
    assert log == ["cleaned up"]


async def test_cancelled_load_leaves_no_file() -> None:
    """Cancelled while an upload is parsed: the file is closed, and later accesses say that the body is lost."""
    requests: list[Request] = []

    async def handler(request: Request) -> Response:
        requests.append(request)
        await request.load()
        return Response("x")

    head = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
    types = [(b"content-type", b"multipart/form-data; boundary=B"), (b"content-length", b"9000000")]
    before = len(os.listdir("/proc/self/fd"))
    exchange = Exchange(Application(handler), chunk(head + b"x" * 1_000_000), chunk(b"x" * 1_000_000), headers=types)
    async with anyio.create_task_group() as group:
        group.start_soon(exchange.run)
        await anyio.sleep(0.1)
        group.cancel_scope.cancel()
    del group
    assert len(os.listdir("/proc/self/fd")) <= before
    with pytest.raises(BodyConsumed):
        await requests[0].load()


async def test_sync_body_of_a_client_that_left() -> None:
    """A sync generator on ASGI whose client left is closed when its pending ``next`` returns."""
    log: list[str] = []

    def body() -> Iterator[bytes]:
        try:
            while True:
                yield b"tick"
                threading.Event().wait(0.005)
        finally:
            log.append("closed")

    exchange = Exchange(Application(lambda request: Response(body())), chunk(b"", False), method="GET")
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(exchange.run)
            await exchange.sending.wait()
            await exchange.put.send(GONE)
    assert log == ["closed"]


async def test_keep_alive() -> None:
    """A silent stream sends its filler, from the same connection, never in the middle of a chunk."""

    class Quiet(Response):
        keep_alive = 0.01
        keep_alive_chunk = b":\n\n"

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            await anyio.sleep(0.1)
            yield b"data: 1\n\n"

        return Quiet(body())

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    await exchange.run()
    assert exchange.body.startswith(b":\n\n:\n\n")
    assert exchange.body.replace(b":\n\n", b"") == b"data: 1\n\n"


async def test_timeouts_of_the_body() -> None:
    """A body's own timeouts do not end it, and do not keep it from being ended when the client leaves."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            try:
                for number in range(3):
                    with anyio.move_on_after(0.005):
                        await anyio.sleep(3600)
                    yield b"%d" % number
                while True:
                    with anyio.move_on_after(0.005):
                        await anyio.sleep(3600)
            finally:
                await anyio.sleep(0.001)
                log.append("cleaned up")

        return Response(body())

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(exchange.run)
            while exchange.body != b"012":
                await anyio.sleep(0.005)
            await anyio.sleep(0.05)
            await exchange.put.send(GONE)
    assert log == ["cleaned up"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_body_that_is_ended_before_it_began(backend: str) -> None:
    """On WSGI, a body that is ended as soon as its task was started is over, whichever task the loop runs first."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield b"x"

    conversation = crossing.Conversation(crossing.portal(backend))
    for _ in range(300):
        generator = body()
        items, end = conversation.iterate(generator, 0.0, b"filler")
        assert next(items) in (b"x", b"filler")
        end()
        assert generator.ag_frame is None, "the body was not closed"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_is_awaited_after_a_body_that_ended_unseen(backend: str) -> None:
    """On WSGI: the end of one task is not taken for the end of the next one."""
    go_on = threading.Event()

    async def body() -> AsyncIterator[bytes]:
        while not go_on.is_set():
            await anyio.sleep(0.001)
        return
        yield

    async def hook() -> str:
        await anyio.sleep(0.01)
        return "hook"

    portal = crossing.portal(backend)
    conversation = crossing.Conversation(portal)
    items, end = conversation.iterate(body(), 0.001, b"filler")
    assert next(items) == b"filler"
    go_on.set()
    crossing.Conversation(portal).wait(anyio.sleep(0.05))
    end()
    assert conversation.wait(hook()) == "hook"


def test_a_task_that_outlives_its_request() -> None:
    """On WSGI what it asks of the request's thread is refused; it does not wait for ever."""
    told: list[str] = []
    over, done = threading.Event(), threading.Event()

    async def handler(request: Request) -> Response:
        await request.load()
        file = request.files["f"]

        async def late() -> None:
            try:
                while not over.is_set():
                    await anyio.sleep(0.001)
                await file.aread()
            except RuntimeError as error:
                told.append(str(error))
            finally:
                done.set()

        tasks.append(asyncio.get_running_loop().create_task(late()))
        return Response("sent")

    tasks: list[asyncio.Task[None]] = []
    with Client(Application(handler), protocol="wsgi") as client:
        assert client.post("/", files={"f": ("x", bytes(600_000))}).text == "sent"
    over.set()
    assert done.wait(20)
    assert told == ["got blocking work on a request that is over, expected it before the response was sent"]
