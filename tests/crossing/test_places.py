"""On ASGI no kind of work blocks another one: handlers, threads that wait for clients, bodies and close hooks."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Request, Response
from cardan._crossing import Lease, Places
from tests.crossing.exchange import GONE, UPLOAD, Exchange, chunk, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both event loops."""
    return str(request.param)


async def run_until_answered(exchange: Exchange) -> None:
    """Serve a client that disconnects when it has the head of the answer, before it has sent its whole body."""
    async with anyio.create_task_group() as group:
        group.start_soon(exchange.run)
        await until(lambda: exchange.status)
        await exchange.put.send(GONE)


class Uploads:
    """An application whose handler reads the body, and records when it begins and how it ends."""

    def __init__(self, **options: Any) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.app = Application(self.handle, **options)

    def handle(self, request: Request) -> Response:
        """Answer with the length of the body."""
        self.begun.append(request.path)
        try:
            length = len(request.get_data())
        except Exception as error:
            self.ended.append(f"{request.path} {type(error).__name__}")
            raise
        self.ended.append(request.path)
        return Response(str(length))

    def upload(self, path: str) -> Exchange:
        """A client that declares 1,000,000 bytes and has sent one."""
        return Exchange(self.app, chunk(b"x"), headers=UPLOAD, path=path)

    def get(self, path: str = "/get") -> Exchange:
        """A GET request without a body."""
        return Exchange(self.app, chunk(b"", False), method="GET", path=path)


LAST = chunk(b"x" * 999_999, False)


async def test_completed_uploads_are_answered() -> None:
    """As many slow uploads as may wait, plus more requests than may run, are all answered when the uploads end."""
    uploads = Uploads(threads=1, waiting_threads=2)
    slow = [uploads.upload(f"/{number}") for number in range(2)]
    fast = [uploads.get() for _ in range(3)]
    async with anyio.create_task_group() as group:
        for exchange in slow:
            group.start_soon(exchange.run)
        await until(lambda: len(uploads.begun) == 2)
        for exchange in fast:
            group.start_soon(exchange.run)
        await until(lambda: all(exchange.status for exchange in fast))
        for exchange in slow:
            await exchange.put.send(LAST)
        await until(lambda: all(exchange.status for exchange in slow))
    assert [exchange.body for exchange in slow + fast] == [b"1000000"] * 2 + [b"0"] * 3


async def test_past_the_waiting_places() -> None:
    """If all waiting places are taken, the next waiting handler raises a 503 with Retry-After. Others still run."""
    uploads = Uploads(threads=2, waiting_threads=1)
    first, second, third, get = uploads.upload("/1"), uploads.upload("/2"), uploads.upload("/3"), uploads.get()
    async with anyio.create_task_group() as group:
        group.start_soon(first.run)
        await until(lambda: uploads.app._adapter_worker_threads.places.get().waiting.free == 0)
        await run_until_answered(second)
        with anyio.fail_after(100):
            await get.run()
        await first.put.send(LAST)
        await until(lambda: first.status)
        group.start_soon(third.run)
        await third.put.send(LAST)
    assert [exchange.status for exchange in (first, second, third, get)] == [200, 503, 200, 200]
    assert int(dict(second.sent[0]["headers"])[b"retry-after"]) > 0
    assert "/2 ServiceUnavailable" in uploads.ended


async def test_no_waiting_places_at_all() -> None:
    """With ``waiting_threads=0`` no handler can wait for a client, but bodies that are received before it starts still
    work.
    """
    uploads = Uploads(waiting_threads=0)
    large, small = (
        uploads.upload("/large"),
        Exchange(uploads.app, chunk(b"abc", False), headers=[(b"content-length", b"3")]),
    )
    await run_until_answered(large)
    with anyio.fail_after(100):
        await small.run()
    assert (large.status, small.body) == (503, b"3")


@pytest.mark.parametrize("end", ["disconnect", "cancel"])
async def test_a_client_that_left_holds_nothing(end: str) -> None:
    """If the client disconnects, its handler ends at once although all places are taken, and its places become free."""
    uploads = Uploads(threads=1, waiting_threads=1)
    go_on = threading.Event()

    def block(request: Request) -> Response:
        uploads.begun.append("block")
        go_on.wait(100)
        return Response("x")

    handlers = {"/block": block}
    uploads.app.resolve = lambda request: handlers.get(request.path, uploads.handle)  # type: ignore[method-assign]
    left, blocking, later = uploads.upload("/left"), uploads.get("/block"), uploads.upload("/later")
    try:
        async with anyio.create_task_group() as group:
            leaving = anyio.CancelScope()

            async def leave() -> None:
                with leaving:
                    await left.run()

            group.start_soon(leave)
            await until(lambda: uploads.begun == ["/left"])
            group.start_soon(blocking.run)
            await until(lambda: "block" in uploads.begun)
            if end == "disconnect":
                await left.put.send(GONE)
            else:
                leaving.cancel()
            await until(lambda: uploads.ended == ["/left ClientDisconnected"])
            go_on.set()
            group.start_soon(later.run)
            await later.put.send(LAST)
    finally:
        go_on.set()
    assert later.status == 200


async def test_a_body_that_waits_for_its_client() -> None:
    """A step of a response body that reads the request waits like a handler, and occupies no place of other steps."""
    app = Application(lambda request: Response(request.iter_data()), waiting_threads=2, stream_threads=1)
    echoes = [Exchange(app, chunk(b"a"), headers=[(b"transfer-encoding", b"chunked")]) for _ in range(2)]
    async with anyio.create_task_group() as group:
        for exchange in echoes:
            group.start_soon(exchange.run)
        await until(lambda: all(exchange.body == b"a" for exchange in echoes))
        for exchange in reversed(echoes):
            await exchange.put.send(chunk(b"b", False))
            await until(lambda exchange=exchange: exchange.body == b"ab")


@pytest.mark.parametrize("left", [False, True], ids=["there", "left"])
async def test_idle_streams_do_not_block_handlers(left: bool) -> None:
    """Event streams that wait in next() do not block handlers or hooks, also after their clients have disconnected."""
    go_on = threading.Event()
    log: list[str] = []
    waiting = [0]

    def events() -> Iterator[str]:
        yield "first"
        waiting[0] += 1
        go_on.wait(100)
        yield "last"

    def handler(request: Request) -> Response:
        response = Response(events() if request.path == "/events" else "fast")
        response.call_on_close(lambda: log.append(request.path))
        return response

    app = Application(handler, threads=2, stream_threads=3)
    streams = [Exchange(app, chunk(b"", False), method="GET", path="/events") for _ in range(5)]
    fast = [Exchange(app, chunk(b"", False), method="GET", path=f"/{number}") for number in range(4)]
    try:
        async with anyio.create_task_group() as group:
            for exchange in streams:
                group.start_soon(exchange.run)
            await until(lambda: waiting[0] == 3)
            for exchange in streams:
                if left:
                    await exchange.put.send(GONE)
            for exchange in fast:
                with anyio.fail_after(100):
                    await exchange.run()
            assert [exchange.body for exchange in fast] == [b"fast"] * 4
            assert log == ["/0", "/1", "/2", "/3"] or left
            go_on.set()
    finally:
        go_on.set()
    assert sorted(log) == ["/0", "/1", "/2", "/3", *["/events"] * 5]


async def test_hooks_do_not_wait_for_handlers() -> None:
    """Hooks have their own places: a handler that waits for a hook to give back a connection, for example, gets it."""
    given_back = threading.Semaphore(0)

    begun: list[str] = []

    def handler(request: Request) -> Response:
        begun.append(request.path[1:])
        response = Response("x")
        if request.path == "/has":
            response.call_on_close(given_back.release)
        else:
            assert given_back.acquire(timeout=100)
        return response

    app = Application(handler, threads=1)
    may_send = anyio.Event()

    async def slow_client(scope: Any, receive: Any, send: Any) -> None:
        async def send_later(message: dict[str, Any]) -> None:
            await may_send.wait()
            await send(message)

        await app(scope, receive, send_later)

    has = Exchange(slow_client, chunk(b"", False), method="GET", path="/has")
    wants = Exchange(app, chunk(b"", False), method="GET", path="/wants")
    async with anyio.create_task_group() as group:
        group.start_soon(has.run)
        await until(lambda: "has" in begun)
        group.start_soon(wants.run)
        await until(lambda: "wants" in begun)
        may_send.set()
    assert (has.status, wants.status) == (200, 200)


@pytest.mark.parametrize("name", ["threads", "waiting_threads", "stream_threads"])
def test_numbers_of_threads(name: str) -> None:
    """Too small a number of threads raises a ValueError that names the option."""
    with pytest.raises(ValueError, match=f"got {name}=-1, expected at least"):
        Application(lambda request: Response("x"), **{name: -1})


# --- Places and Lease ---


async def test_places_are_given_in_turn() -> None:
    """A free place goes to the task that has waited longest. A task that is cancelled while it waits takes no place."""
    places, order = Places(1), list[int]()

    async def take(number: int) -> None:
        await places.take()
        order.append(number)

    await places.take()
    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(take, number)
            await until(lambda number=number: places.waiting == number + 1)
        async with anyio.create_task_group() as cancelled:
            cancelled.start_soon(take, 3)
            await until(lambda: places.waiting == 4)
            cancelled.cancel_scope.cancel()
        assert places.waiting == 3
        for number in range(3):
            places.give_back()
            await until(lambda number=number: len(order) == number + 1)
        places.give_back()
    assert order == [0, 1, 2]
    assert places.free == 1


async def test_a_place_given_to_a_task_that_is_cancelled() -> None:
    """If a task is cancelled just as it gets a place, the next task gets this place."""
    places = Places(1)
    await places.take()
    async with anyio.create_task_group() as group:
        group.start_soon(places.take)
        await until(lambda: places.waiting == 1)
        places.give_back()
        group.cancel_scope.cancel()
    assert (places.free, places.waiting) in {(1, 0), (0, 0)}
    if not places.free:
        places.give_back()
    assert places.take_nowait()
    assert not places.take_nowait()


async def test_a_lease_holds_one_place_at_a_time() -> None:
    """A lease has a running or a waiting place, both only while it exchanges them, and none after its end."""
    running, waiting, streaming = Places(1), Places(1), Places(1)
    lease = Lease(running, waiting, streaming)
    await lease.take()
    assert (running.free, waiting.free) == (0, 1)
    assert lease.step_aside()
    assert lease.step_aside()
    assert (running.free, waiting.free) == (1, 0)
    other = Lease(running, waiting, streaming)
    await other.take()
    assert not other.step_aside()
    other.end()
    await lease.come_back()
    assert (running.free, waiting.free) == (0, 1)
    lease.end()
    lease.end()
    await lease.come_back()
    assert lease.step_aside()
    assert (running.free, waiting.free) == (1, 1)


async def test_a_place_that_is_given_back_while_a_task_gets_ready_to_wait() -> None:
    """A thread may give a place back between the look for a free place and the wait: the task takes this place."""
    looks = 0

    class Watched(Places):
        __slots__ = ()

        def take_nowait(self) -> bool:
            nonlocal looks
            looks += 1
            taken = super().take_nowait()
            self.give_back_nowait()
            return taken

    places = Watched(0)
    with anyio.fail_after(100):
        await places.take()
    assert (looks, places.free, places.waiting) == (1, 0, 0)


async def test_a_lease_whose_task_is_cancelled_on_the_way_back() -> None:
    """A lease has no place any more if its task is cancelled while it waits for a running place."""
    running, waiting = Places(1), Places(1)
    lease, other = Lease(running, waiting, Places(1)), Lease(running, waiting, Places(1))
    await lease.take()
    assert lease.step_aside()
    await other.take()
    async with anyio.create_task_group() as group:
        group.start_soon(lease.come_back)
        await until(lambda: running.waiting == 1)
        group.cancel_scope.cancel()
    assert (running.free, running.waiting, waiting.free) == (0, 0, 1)
    other.end()
    assert (running.free, waiting.free) == (1, 1)


async def test_a_thread_that_ends_while_its_task_waits_for_the_way_back() -> None:
    """The running place that the task gets then is free again at once."""
    running, waiting = Places(1), Places(1)
    lease, other = Lease(running, waiting, Places(1)), Lease(running, waiting, Places(1))
    await lease.take()
    assert lease.step_aside()
    await other.take()
    async with anyio.create_task_group() as group:
        group.start_soon(lease.come_back)
        await until(lambda: running.waiting == 1)
        lease.end()
        other.end()
    assert (running.free, running.waiting, waiting.free) == (1, 0, 1)


class TestNativeCancellation:
    """``Task.cancel()``, which only asyncio has."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    async def test_a_place_that_was_given_already(self) -> None:
        """A task that is cancelled after it was given a place, and before it runs again, gives the place back."""
        places = Places(1)
        await places.take()
        task = asyncio.create_task(places.take())
        await until(lambda: places.waiting == 1)
        places.give_back()
        assert (places.free, places.waiting) == (0, 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (places.free, places.waiting) == (1, 0)


async def test_a_thread_hurries_once() -> None:
    """Where no place is free for those that wait, a handler gets what has arrived already, once. After that it gets a
    503, so that it cannot keep the others waiting again and again.
    """
    read: list[bytes] = []
    app = Application(lambda request: read_two(request, read), waiting_threads=0, threads=1)
    exchange = Exchange(app, chunk(b"x" * 100_000), headers=UPLOAD)
    async with anyio.create_task_group() as group:
        group.start_soon(exchange.run)
        await until(lambda: exchange.status)
        group.cancel_scope.cancel()
    assert exchange.status == 503
    assert b"".join(read) == b"x" * 100_000


def read_two(request: Request, read: list[bytes]) -> Response:
    """Read what there is, and then more."""
    read.append(request.stream.read(100_000))
    read.append(request.stream.read(100_000))
    return Response("late")
