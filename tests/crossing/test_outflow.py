"""Sync bodies on ASGI: a thread that is ahead of its client, but not far, and that is shared."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from cardan import Application, Mount, Request, Response
from cardan import _crossing as crossing
from cardan._crossing.outflow import Outflow
from cardan.core._buffers import CHUNK_SIZE
from tests.crossing.exchange import Exchange, chunk, http_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.anyio

BIG = b"x" * CHUNK_SIZE


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both event loops."""
    return str(request.param)


def bridge(site: Any, **options: Any) -> Any:
    return Application.from_wsgi(site, **options)


def stream(site: Callable[[], Iterator[bytes]], kind: str) -> Any:
    """An application that streams: by a handler of its own, or below a bridge."""
    if kind == "handler":
        return Application(lambda request: Response(site()))

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return site()

    return bridge(app)


kinds = pytest.mark.parametrize("kind", ["handler", "bridge"])


class Slow:
    """A client that takes a chunk when it is told to."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.sent: list[bytes] = []
        self.go_on = anyio.Event()
        self.is_sending = anyio.Event()

    async def run(self) -> None:
        async def send(message: Any) -> None:
            if message.get("body"):
                self.is_sending.set()
                await self.go_on.wait()
                self.sent.append(message["body"])

        await self.app(http_scope(method="GET"), anyio.sleep_forever, send)


@kinds
@pytest.mark.parametrize(("size", "most"), [(CHUNK_SIZE, 3), (1000, 70), (1, 1100)])
async def test_a_client_that_takes_nothing(kind: str, size: int, most: int) -> None:
    """The body is asked for little more than 64 KiB, small chunks counted with their weight, and later for the rest."""
    made: list[int] = []

    def body() -> Iterator[bytes]:
        for number in range(2 * most):
            made.append(number)
            yield b"x" * size

    client = Slow(stream(body, kind))
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(client.run)
            await client.is_sending.wait()
            await anyio.sleep(0.1)
            assert 0 < len(made) <= most
            client.go_on.set()
    assert b"".join(client.sent) == b"x" * size * 2 * most
    assert {len(data) for data in client.sent} == {size}


async def test_a_slow_client_holds_no_thread() -> None:
    """While a client takes nothing, the only thread for bodies is free for another one."""

    def body() -> Iterator[bytes]:
        for _ in range(4):
            yield BIG

    app = Application(lambda request: Response(body()), stream_threads=1)
    client = Slow(app)
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(client.run)
            await client.is_sending.wait()
            other = Exchange(app, chunk(b"", False), method="GET")
            await other.run()
            assert other.body == 4 * BIG
            assert client.sent == []
            client.go_on.set()
    assert client.sent == [BIG] * 4


@kinds
async def test_other_tasks_have_their_turn(kind: str) -> None:
    """A body that is always ready, and a ``send`` that never waits, do not keep the loop."""
    over = threading.Event()

    def body() -> Iterator[bytes]:
        while not over.is_set():
            yield b"x"

    sent: list[int] = []

    async def send(message: Any) -> None:
        sent.append(1)

    app = stream(body, kind)
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(app, http_scope(method="GET"), anyio.sleep_forever, send)
            while len(sent) < 1000:
                await anyio.sleep(0)
            over.set()


async def test_bodies_share_a_thread() -> None:
    """A body whose chunks are always ready gives its place to another one that waits for it."""
    over = threading.Event()

    def endless() -> Iterator[bytes]:
        while not over.is_set():
            yield b"x"

    def short() -> Iterator[bytes]:
        yield b"y"

    app = Application(lambda request: Response(endless() if request.path == "/endless" else short()), stream_threads=1)
    first, second = (Exchange(app, chunk(b"", False), method="GET", path=path) for path in ("/endless", "/"))
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(first.run)
            await first.sending.wait()
            await second.run()
            over.set()
    assert second.body == b"y"


@kinds
async def test_an_error_comes_after_the_chunks_before_it(kind: str) -> None:
    """What the body gave before it failed is sent."""

    def body() -> Iterator[bytes]:
        for _ in range(50):
            yield b"x"
        raise LookupError("no more")

    exchange = Exchange(stream(body, kind), chunk(b"", False), method="GET")
    with pytest.raises(LookupError, match="no more"):
        await exchange.run()
    assert exchange.body == b"x" * 50


@kinds
async def test_sending_fails(kind: str) -> None:
    """The body is closed, once, and an error of ``send`` that does not say that the client has left is raised."""
    closed: list[str] = []

    def body() -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            closed.append("closed")

    exchange = Exchange(stream(body, kind), chunk(b"", False), method="GET")
    exchange.send_error = LookupError("no socket")
    with anyio.fail_after(100), pytest.raises(LookupError, match="no socket"):
        await exchange.run()
    assert closed == ["closed"]


async def test_a_body_that_fails_after_sending_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    """The error of ``send`` is raised. That of the body is logged, because it cannot be raised as well."""
    failed = threading.Event()

    def body() -> Iterator[bytes]:
        yield b"x"
        assert failed.wait(100)
        raise ArithmeticError("no sum")

    async def send(message: Any) -> None:
        if message.get("body"):
            failed.set()
            raise LookupError("no socket")

    with anyio.fail_after(100), pytest.raises(LookupError, match="no socket"):
        await stream(body, "handler")(http_scope(method="GET"), anyio.sleep_forever, send)
    logged = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert [str(error) for error in logged] == ["no sum"]


async def test_a_body_whose_last_chunks_were_not_sent() -> None:
    """``step()`` returns False for a body whose last chunks were not sent, so that the response is not complete."""

    async def emit(given: bytes) -> None:
        raise AssertionError("nothing is sent")

    outflow = Outflow(iter([b"x"]), emit, lambda: False)
    outflow.wake = outflow.stop
    assert outflow.step() is False


async def leave_during(app: Any) -> None:
    """One request whose client takes one chunk and leaves, when the thread has given what it gives."""
    left = anyio.Event()
    taken: list[Any] = []
    incoming = [chunk(b"", False)]

    async def receive() -> Any:
        if incoming:
            return incoming.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if not message.get("body"):
            return
        if not taken:
            taken.append(message)
            return
        await anyio.sleep(0.1)
        left.set()
        await anyio.sleep_forever()

    await app(http_scope(method="GET"), receive, send)


@kinds
async def test_a_client_that_leaves_when_the_thread_has_gone(kind: str) -> None:
    """A thread that has ended its step works for other requests: they are not cancelled with the one that it was of,
    and the thread is used again.
    """

    def body() -> Iterator[bytes]:
        for _ in range(4):
            yield BIG

    def read(request: Request) -> Response:
        return Response(b"".join(request.stream))

    app, reading = stream(body, kind), Application(read)
    uploads = [Exchange(reading, headers=[(b"transfer-encoding", b"chunked")]) for _ in range(4)]
    before = threading.active_count()
    with anyio.fail_after(100):
        for _ in range(10):
            await leave_during(app)
        assert threading.active_count() - before < 8
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(leave_during, app)
            await anyio.sleep(0.05)  # their steps have ended
            for upload in uploads:
                group.start_soon(upload.run)
            await anyio.sleep(0.2)  # their clients have left
            for upload in uploads:
                upload.put.send_nowait(chunk(b"x", False))
    assert [(upload.status, upload.body) for upload in uploads] == [(200, b"x")] * 4


@kinds
async def test_a_client_that_leaves_while_a_body_ends(kind: str) -> None:
    """What was given and not sent is not missed: a body of the declared length raises nothing."""

    def body() -> Iterator[bytes]:
        yield from (b"x", b"y", b"z")
        ended.wait(10)

    ended = threading.Event()
    app: Any
    if kind == "handler":
        app = Application(lambda request: Response(body(), headers={"Content-Length": "3"}))
    else:

        def site(environ: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [("Content-Length", "3")])
            return body()

        app = bridge(site)
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(leave_during, app)
            await anyio.sleep(0.3)
            ended.set()


@kinds
async def test_sending_fails_after_the_body_has_failed(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """An error that a body raises while sending fails is logged, because nobody else gets it."""
    failing = threading.Event()

    def body() -> Iterator[bytes]:
        yield from (b"x", b"y")
        failing.wait(10)
        raise LookupError("no database")

    async def send(message: Any) -> None:
        if message.get("body") == b"y":
            await anyio.sleep(0.05)
            failing.set()
            await anyio.sleep(0.1)
            raise OSError("the client has left")

    app = stream(body, kind)
    with anyio.fail_after(100):
        await app(http_scope(method="GET"), anyio.sleep_forever, send)
    errors = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert [str(error) for error in errors] == ["no database"]


@pytest.mark.parametrize("door", ["bridge", "resolve"])
async def test_the_first_chunk_takes_no_place_of_a_handler(door: str) -> None:
    """Streams of a WSGI application that wait for their first chunk leave the only place of handlers to other requests:
    below a bridge, and where ``resolve`` returns an application that speaks WSGI only.
    """
    go_on = threading.Event()

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return waiting() if environ["PATH_INFO"] == "/wait" else iter([b"quick"])

    def waiting() -> Iterator[bytes]:
        go_on.wait(100)
        yield b"late"

    class Resolving(Application):
        def resolve(self, request: Any) -> Any:
            return Mount({"/": app})

    served: Any = bridge(app, threads=1) if door == "bridge" else Resolving(lambda request: Response(), threads=1)
    slow = [Exchange(served, chunk(b"", False), method="GET", path="/wait") for _ in range(5)]
    async with anyio.create_task_group() as group:
        for exchange in slow:
            group.start_soon(exchange.run)
        await anyio.sleep(0.05)
        for _ in range(3):
            quick = Exchange(served, chunk(b"", False), method="GET", path="/")
            with anyio.fail_after(100):
                await quick.run()
            assert quick.body == b"quick"
        go_on.set()
    assert [exchange.body for exchange in slow] == [b"late"] * 5


async def test_the_places_of_a_first_chunk() -> None:
    """The first chunk of a body gives its thread a place for bodies, else one for threads that wait for clients, else
    it keeps the place of the handler.
    """
    running, waiting, streaming = crossing.Places(3), crossing.Places(1), crossing.Places(1)
    leases = [crossing.Lease(running, waiting, streaming) for _ in range(3)]
    token = crossing.current_token()
    for lease in leases:
        await lease.take()
    assert [lease.begin_stream(token) for lease in leases] == [True, True, False]
    assert (running.free, waiting.free, streaming.free) == (2, 0, 0)
    assert [lease.begin_stream(token) for lease in leases] == [False, False, False]
    assert (running.free, waiting.free, streaming.free) == (2, 0, 0)
    for lease in leases[1], leases[0], leases[2]:
        before = running.free, waiting.free, streaming.free
        lease.end()
        lease.end()
        after = running.free, waiting.free, streaming.free
        place = (running, waiting, streaming)[[after[at] - before[at] for at in range(3)].index(1)]
        assert place is {leases[0]: streaming, leases[1]: waiting, leases[2]: running}[lease]
    assert (running.free, waiting.free, streaming.free) == (3, 1, 1)


async def test_a_body_comes_back_to_a_place_for_bodies() -> None:
    """A thread that is in a body, and has waited for its client there, does not take the place of a handler."""
    running, waiting, streaming = crossing.Places(1), crossing.Places(2), crossing.Places(1)
    lease = crossing.Lease(running, waiting, streaming)
    await lease.take()
    assert lease.begin_stream(crossing.current_token())
    assert lease.step_aside()
    assert (running.free, waiting.free, streaming.free) == (1, 1, 1)
    await lease.come_back()
    assert (running.free, waiting.free, streaming.free) == (1, 2, 0)
    lease.end()
    assert (running.free, waiting.free, streaming.free) == (1, 2, 1)


async def test_a_place_that_a_thread_gives_back() -> None:
    """A task that waits for the place gets it."""
    running, streaming = crossing.Places(1), crossing.Places(1)
    lease = crossing.Lease(running, crossing.Places(0), streaming)
    token = crossing.current_token()
    await lease.take()
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(running.take)
            while not running.waiting:
                await anyio.sleep(0)
            assert await anyio.to_thread.run_sync(lease.begin_stream, token)
    assert (running.free, streaming.free) == (0, 0)


@pytest.mark.parametrize("chunked", [True, False])
async def test_slow_uploads_below_a_bridge(chunked: bool) -> None:
    """Many slow uploads to a WSGI application leave its only place to quick requests, and are answered at their end."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        size = 0
        while data := environ["wsgi.input"].read(1000):
            size += len(data)
        start_response("200 OK", [])
        return [b"%d" % size]

    served = bridge(app, threads=1)
    headers = [(b"transfer-encoding", b"chunked")] if chunked else [(b"content-length", b"100000")]
    slow = [Exchange(served, chunk(b"x"), headers=headers) for _ in range(30)]
    async with anyio.create_task_group() as group:
        for exchange in slow:
            group.start_soon(exchange.run)
        await anyio.sleep(0.1)
        for _ in range(3):
            quick = Exchange(served, chunk(b"", False), method="GET")
            with anyio.fail_after(100):
                await quick.run()
            assert quick.body == b"0"
        for exchange in slow:
            await exchange.put.send(chunk(b"x" * 99_999, False))
    assert [exchange.body for exchange in slow] == [b"100000"] * 30


# --- Outflow alone ---


def unsent(data: bytes) -> Any:
    raise AssertionError(f"got {data!r}, which nobody asked for")


def test_the_loop_is_told_once() -> None:
    """Many small chunks, and one that is given by itself, need one call of the loop until it has sent them."""
    woken: list[str] = []
    outflow = Outflow(iter([b"a"] * 50), unsent, lambda: False)
    outflow.wake = lambda: woken.append("woken")
    assert outflow.step()
    outflow.give(b"b")
    assert woken == ["woken"]
    other = Outflow(iter([]), unsent, lambda: False)
    other.wake = outflow.wake
    other.give(b"b")
    assert woken == ["woken"] * 2


def test_a_step_ends_where_another_body_waits() -> None:
    """If another body waits for the thread, a step gives one chunk, and the body is not asked for the next one."""
    chunks = iter([b"a", b"b", b"c"])
    outflow = Outflow(chunks, unsent, lambda: True)
    assert not outflow.step()
    assert list(chunks) == [b"b", b"c"]


def test_nothing_is_taken_after_a_stop() -> None:
    """A body that was stopped is asked for nothing more, whether its thread works or waits for the client, and gives
    nothing by itself. It has not come to its end.
    """
    taken: list[str] = []

    def body() -> Iterator[bytes]:
        for name in "abc":
            taken.append(name)
            if stops_in_body:
                outflow.stop()
            yield BIG

    for stops_in_body in (True, False):
        taken.clear()
        outflow = Outflow(body(), unsent, lambda: False)
        if not stops_in_body:
            outflow.wake = lambda outflow=outflow: threading.Timer(0.01, outflow.stop).start()  # type: ignore[misc]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("cardan._crossing.outflow._MOMENT", 0.3)
                assert not outflow.step()
        else:
            assert not outflow.step()
        assert taken == ["a"]
        outflow.give(b"more")
        assert not outflow._ready


async def test_a_thread_waits_a_moment_for_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that a client takes as fast as it comes needs one step, and one thread, however large it is."""
    monkeypatch.setattr("cardan._crossing.outflow._MOMENT", 0.3)
    steps = 0
    real = Outflow.step

    def counted(outflow: Outflow) -> bool:
        nonlocal steps
        steps += 1
        return real(outflow)

    monkeypatch.setattr(Outflow, "step", counted)
    exchange = Exchange(Application(lambda request: Response(iter([BIG] * 30))), chunk(b"", False), method="GET")
    with anyio.fail_after(100):
        await exchange.run()
    assert exchange.body == BIG * 30
    assert steps == 1


async def test_other_tasks_run_while_chunks_are_sent() -> None:
    """A ``send`` that never waits, and chunks that come as fast, leave turns to other tasks: one for 16 chunks."""
    turns, over = 0, False

    async def emit(data: bytes) -> None:
        nonlocal left
        if left:
            left -= 1
            outflow.give(b"x")

    async def other() -> None:
        nonlocal turns
        while not over:
            turns += 1
            await anyio.lowlevel.checkpoint()

    left = 1600
    outflow = Outflow(iter([]), emit, lambda: False)
    outflow.give(b"x")
    for _ in range(15):
        outflow.give(b"x")
    async with anyio.create_task_group() as group:
        group.start_soon(other)
        await anyio.lowlevel.checkpoint()
        before = turns
        await outflow.drain()
        assert 90 <= turns - before <= 110
        over = True
    assert left == 0
