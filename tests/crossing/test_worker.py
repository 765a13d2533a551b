"""Handlers in worker threads: how many run at once, and how they read a body that arrives in the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cardan import Application, Request, Response
from cardan import _crossing as crossing
from cardan._crossing import places
from cardan.exceptions import ClientDisconnected
from tests.crossing.exchange import GONE, UPLOAD, Exchange, chunk

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both loops."""
    return str(request.param)


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
        with anyio.fail_after(100):
            await fast.run()
        assert fast.body == b"0"
        for exchange in slow:
            await exchange.put.send(chunk(b"y", False))
    assert {exchange.body for exchange in slow} == {b"2"}


async def test_the_least_numbers_of_threads() -> None:
    """A handler and a body need at least one thread each. No thread need be able to wait for a slow client."""
    given = {"threads": "count", "waiting_threads": "waiting", "stream_threads": "streaming"}
    for option, least in {"threads": 1, "waiting_threads": 0, "stream_threads": 1}.items():
        values = {"count": 5, given[option]: least}
        assert getattr(crossing.Threads(**values), given[option]) == least
        message = f"^got {option}={least - 1}, expected at least {least}$"
        with pytest.raises(ValueError, match=message):
            crossing.Threads(**{**values, given[option]: least - 1})
        with pytest.raises(ValueError, match=message):
            Application(lambda request: Response("x"), **{option: least - 1})  # type: ignore[arg-type, misc]
        app = Application(lambda request: Response(iter([b"x"])), **{option: least})  # type: ignore[arg-type, misc]
        exchange = Exchange(app, chunk(b"", False), method="GET")
        with anyio.fail_after(100):
            await exchange.run()
        assert exchange.body == b"x"


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
    in_loop, run_in_task = crossing.in_loop, crossing.run_in_task

    def counting(function: Any, *args: Any, token: Any = None) -> Any:
        hops.append(1)
        return in_loop(function, *args, token=token)

    def counting_in_task(function: Any, *args: Any) -> bool:
        done = run_in_task(function, *args)
        hops.extend([1] * done)
        return done

    app = Application(lambda request: Response(str(len(request.get_data()))))
    messages = [chunk(b"x" * 1000) for _ in range(90)]
    exchange = Exchange(app, *messages, chunk(b"", False), headers=[(b"transfer-encoding", b"chunked")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossing, "in_loop", counting)
        patch.setattr(crossing, "run_in_task", counting_in_task)
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
        with anyio.fail_after(100):
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
        thread.join(100)
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
    with anyio.fail_after(100):
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


# --- Worker ---


async def test_a_thread_is_parked_once() -> None:
    """A thread that is kept has at most one of the places for slow clients, until it is given back."""
    threads = crossing.Threads(1, waiting=1)
    worker, other = crossing.Worker(threads), crossing.Worker(threads)
    for each in (worker, other):
        each.keep_thread()
    assert worker.park_thread()
    assert worker.park_thread()
    assert not other.park_thread()
    worker.give_thread_back()
    worker.give_thread_back()
    assert other.park_thread()
    other.give_thread_back()
    assert threads.places.get().waiting.free == 1


async def test_a_hook_in_a_cancelled_scope() -> None:
    """A hook in a cancelled scope runs, once, and what follows it is cancelled."""
    log: list[str] = []
    worker = crossing.Worker(crossing.Threads(1))
    with anyio.fail_after(100), anyio.CancelScope() as scope:
        scope.cancel()
        await worker.close(log.append, "hook")
        await anyio.lowlevel.checkpoint()
        log.append("went on")
    assert log == ["hook"]


async def test_middleware_around_a_coroutine_in_a_cancelled_scope() -> None:
    """The coroutine of a ``def`` handler is cancelled: each middleware around it sees that, and comes to its end in a
    thread.
    """
    log: list[object] = []
    waits = anyio.Event()

    def around(request: Request) -> Iterator[Any]:
        try:
            yield
        except cancelled:
            log.append("told")
            raise
        finally:
            log.append(threading.get_ident() != loop)

    async def wait() -> Response:
        waits.set()
        await anyio.sleep_forever()
        return Response("never")

    loop = threading.get_ident()
    cancelled = anyio.get_cancelled_exc_class()
    app = Application(lambda request: wait(), middleware=[around, around])  # type: ignore[list-item]
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(Exchange(app, chunk(b"", False), method="GET").run)
            await waits.wait()
            group.cancel_scope.cancel()
    assert log == ["told", True, "told", True]


async def test_the_places_of_a_loop_are_found_without_anyio(
    anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On asyncio anyio is not asked for the running loop, because it takes long to tell."""
    asked = 0
    real = places.current_token

    def counted() -> Any:
        nonlocal asked
        asked += 1
        return real()

    monkeypatch.setattr(places, "current_token", counted)
    threads = crossing.Threads(1)
    assert len({id(threads.places.get()) for _ in range(5)}) == 1
    assert asked == (0 if anyio_backend == "asyncio" else 5)


class TestNativeCancellation:
    """``Task.cancel()``, which only asyncio has, leaves a thread that still runs."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    async def test_what_follows_waits_for_the_thread(self) -> None:
        """The worker begins nothing else before the thread has ended."""
        log: list[str] = []
        begun, gate = threading.Event(), threading.Event()

        def block() -> None:
            begun.set()
            assert gate.wait(100)
            log.append("first")

        async def discard(result: object) -> None:
            log.append("discarded")

        threads = crossing.Threads(2, streaming=3)
        worker = crossing.Worker(threads)
        task = asyncio.create_task(worker.handle(block, discard=discard))
        while not begun.is_set():
            await anyio.sleep(0.001)
        for _ in range(3):  # after the third cancellation the task does not wait any more
            task.cancel()
            await anyio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert worker.is_busy
        following = asyncio.create_task(worker.step(log.append, "second"))
        await anyio.wait_all_tasks_blocked()
        assert log == []
        free = threads.places.get()
        assert (free.running.free, free.streaming.free) == (1, 3)
        gate.set()
        await following
        assert not worker.is_busy
        assert log.index("first") < log.index("second")
        while worker.lags:
            await anyio.sleep(0.001)
        assert sorted(log) == ["discarded", "first", "second"]
        assert (free.running.free, free.streaming.free) == (2, 3)

    async def test_cleanup_that_goes_on_by_itself(self) -> None:
        """A worker lags while its cleanup runs, although the task does not wait any more and no thread is busy."""
        worker = crossing.Worker(crossing.Threads(1))
        gate = anyio.Event()
        task = asyncio.create_task(worker.finish(gate.wait))
        for _ in range(3):
            await anyio.wait_all_tasks_blocked()
            task.cancel()
        await asyncio.wait([task])
        assert (worker.is_busy, worker.lags) == (False, True)
        gate.set()
        await anyio.wait_all_tasks_blocked()
        assert not worker.lags

    async def test_a_hook_that_is_cancelled_while_it_waits_for_its_turn(self) -> None:
        """A hook that is cancelled while it waits runs, once, when the thread before it has ended. Then the
        cancellation is raised.
        """
        log: list[str] = []
        begun, gate = threading.Event(), threading.Event()

        def block() -> None:
            begun.set()
            assert gate.wait(100)

        threads = crossing.Threads(1)
        first = asyncio.create_task(crossing.Worker(threads).close(block))
        while not begun.is_set():
            await anyio.sleep(0.001)
        task = asyncio.create_task(crossing.Worker(threads).close(log.append, "hook"))
        for _ in range(2):
            await anyio.wait_all_tasks_blocked()
            assert not task.done()
            task.cancel()
        await anyio.wait_all_tasks_blocked()
        assert log == []
        gate.set()
        await first
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log == ["hook"]
        assert threads.places.get().closing.free == 1
