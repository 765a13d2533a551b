"""The threads of a loop of asyncio: they look like anyio's own to the code they run, and no task waits for them."""

from __future__ import annotations

import asyncio
import functools
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cardan import Application, Request, Response
from cardan import _crossing as crossing
from cardan._crossing import jobs, pool, turns_here
from tests.crossing.exchange import UPLOAD, Exchange, chunk

pytestmark = pytest.mark.anyio

# A loop that is stopped, as Twisted's reactor does it: no task is cancelled.
STOPPED = """
import asyncio
from cardan import Application, Response

app = Application(lambda request: Response("x"))
scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "http_version": "1.1"}

async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}

async def send(message):
    if message["type"] == "http.response.body":
        print(message["body"].decode())

async def main():
    await app(dict(scope), receive, send)
    loop.stop()

loop = asyncio.new_event_loop()
task = loop.create_task(main())
loop.run_forever()
"""


def get(app: Any) -> Exchange:
    """A request without a body."""
    return Exchange(app, chunk(b"", False), method="GET")


class TestBothLoops:
    """What anyio promises to the code in its worker threads holds in handlers."""

    @pytest.fixture(params=["asyncio", "trio"])
    def anyio_backend(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    async def test_a_handler_calls_the_loop_without_a_token(self) -> None:
        """``anyio.from_thread`` finds the loop, for async functions and for plain ones."""

        async def double(number: int) -> int:
            await anyio.sleep(0)
            return 2 * number

        def handler(request: Request) -> Response:
            return Response(str(anyio.from_thread.run(double, 4) + anyio.from_thread.run_sync(int, "1")))

        for _ in range(3):
            exchange = get(Application(handler))
            await exchange.run()
            assert exchange.body == b"9"

    @pytest.mark.parametrize("kind", ["def", "async def"])
    async def test_code_in_a_thread_may_run_a_loop_of_its_own(self, kind: str) -> None:
        """``anyio.run()`` works in a handler, in a body and in a close hook that run in a thread, although the loop of
        the server is named by a variable of sniffio. An async hook after them is in the loop of the server.
        """
        here: list[bool] = []
        loop_thread = threading.get_ident()

        async def note() -> None:
            await anyio.sleep(0)
            here.append(threading.get_ident() == loop_thread)

        def body() -> Iterator[bytes]:
            anyio.run(note)
            yield b"x"

        def handler(request: Request) -> Response:
            if kind == "def":
                anyio.run(note)
            response = Response(body())
            response.call_on_close(lambda: anyio.run(note))
            response.call_on_close(note)
            return response

        async def async_handler(request: Request) -> Response:
            return handler(request)

        exchange = get(Application(handler if kind == "def" else async_handler))
        await exchange.run()
        assert (exchange.body, here) == (b"x", [False] * (3 if kind == "def" else 2) + [True])

    async def test_what_a_handler_awaits_is_cancelled_with_its_request(self) -> None:
        """``check_cancelled`` tells so afterwards; the thread is waited for, and the next request gets a sound one."""
        log: list[str] = []
        waits = anyio.Event()

        async def wait() -> None:
            waits.set()
            await anyio.sleep(3600)

        def handler(request: Request) -> Response:
            for function in (lambda: anyio.from_thread.run(wait), anyio.from_thread.check_cancelled):
                try:
                    function()
                except BaseException as error:
                    log.append(type(error).__name__.removesuffix("Error"))
                with suppress(BaseException):  # trio tells the thread when its task waits for it again
                    anyio.from_thread.run(anyio.lowlevel.checkpoint)
            log.append("handler ended")
            return Response("late")

        async with anyio.create_task_group() as group:
            group.start_soon(get(Application(handler)).run)
            await waits.wait()
            group.cancel_scope.cancel()
        assert log == ["Cancelled", "Cancelled", "handler ended"]

        exchange = get(Application(lambda request: Response(str(anyio.from_thread.run(anyio.sleep, 0)))))
        await exchange.run()
        assert exchange.body == b"None"

    async def test_a_handler_that_raises_stop_iteration(self) -> None:
        """A StopIteration of a handler is raised as a RuntimeError, because no coroutine may raise it."""

        def handler(request: Request) -> Response:
            raise StopIteration

        with pytest.raises(RuntimeError, match="StopIteration"):
            await get(Application(handler)).run()


class TestAsyncio:
    """The pool itself."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    async def test_a_thread_is_used_again(self) -> None:
        """Requests one after the other are handled by one thread; so many at once by as many threads."""
        threads: list[int] = []
        barrier = threading.Barrier(3)

        def handler(request: Request) -> Response:
            threads.append(threading.get_ident())
            return Response("x")

        def handler_at_once(request: Request) -> Response:
            barrier.wait(20)
            return handler(request)

        for _ in range(5):
            await get(Application(handler)).run()
        assert len(set(threads)) == 1
        threads.clear()
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(get(Application(handler_at_once)).run)
        assert len(set(threads)) == 3

    async def test_the_task_of_the_request_reads_for_its_thread(self) -> None:
        """A piece of an upload that a handler asks for is received without a task of its own."""
        tasks: list[Any] = []
        log: list[Any] = []

        async def look(error: Exception | None = None) -> None:
            tasks.append(asyncio.current_task())
            if error is not None:
                raise error

        def handler(request: Request) -> Response:
            log.append(crossing.run_in_task(look))
            try:
                crossing.run_in_task(look, LookupError("of the function"))
            except LookupError as error:
                log.append(str(error))
            thread = threading.Thread(target=lambda: log.append(crossing.run_in_task(look)))
            thread.start()
            thread.join(100)
            return Response(b"".join(request.iter_data()))

        async def asked(receive: Any) -> Any:
            tasks.append(asyncio.current_task())
            return await receive()

        application = Application(handler)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await application(scope, lambda: asked(receive), send)

        exchange = Exchange(app, chunk(b"a"), chunk(b"b"), chunk(b"c", False), headers=[(b"expect", b"x")])
        await exchange.run()
        assert exchange.body == b"abc"
        assert log == [True, "of the function", False]  # no other thread has a task that waits for it
        assert set(tasks) == {asyncio.current_task()}
        assert pool._calls == {}

    @pytest.mark.parametrize("native", [False, True])
    async def test_a_request_that_is_cancelled_while_it_reads(self, native: bool) -> None:
        """The handler gets an error that says so, as often as it reads; its task is cancelled all the same."""
        log: list[str] = []
        reads = asyncio.Event()
        over = threading.Event()

        async def receive() -> Any:
            reads.set()
            await asyncio.sleep(3600)

        def handler(request: Request) -> Response:
            for _ in range(2):
                try:
                    request.stream.read(1)
                except Exception as error:
                    log.append(type(error).__name__)
            over.set()
            return Response("late")

        async def app(scope: Any, _: Any, send: Any) -> None:
            await Application(handler)(scope, receive, send)

        exchange = Exchange(app, headers=UPLOAD)
        if native:
            task = asyncio.create_task(exchange.run())
            await reads.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            async with anyio.create_task_group() as group:
                group.start_soon(exchange.run)
                await reads.wait()
                group.cancel_scope.cancel()
        assert await asyncio.to_thread(over.wait, 20)
        assert log == ["ClientDisconnected", "ClientDisconnected"]
        assert exchange.sent == []
        threads = pool._pools.get().threads
        for _ in range(1000):  # the thread says a little later that its job is over
            if not pool._calls and all(not thread._jobs for thread in threads):
                break
            await asyncio.sleep(0.01)
        assert pool._calls == {}

    async def test_a_cancellation_of_something_else(self) -> None:
        """A receive that awaits what was cancelled elsewhere is an error of the read; the request goes on."""

        async def receive() -> Any:
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

        def handler(request: Request) -> Response:
            try:
                request.stream.read(1)
            except Exception as error:
                return Response(type(error).__name__)
            return Response("read")

        async def app(scope: Any, _: Any, send: Any) -> None:
            await Application(handler)(scope, receive, send)

        exchange = Exchange(app, headers=UPLOAD)
        await exchange.run()
        assert exchange.body == b"ClientDisconnected"

    async def test_what_ends_the_task_while_it_reads(self) -> None:
        """An exception that is no Exception, such as KeyboardInterrupt, ends the task that reads for a handler,
        whatever the handler makes of its error.
        """

        class End(BaseException):
            pass

        async def receive() -> Any:
            raise End

        def handler(request: Request) -> Response:
            with suppress(BaseException):
                request.stream.read(1)
            return Response("late")

        async def app(scope: Any, _: Any, send: Any) -> None:
            await Application(handler)(scope, receive, send)

        exchange = Exchange(app, headers=UPLOAD)
        with pytest.raises(End):
            await exchange.run()
        assert exchange.sent == []

    async def test_an_error_of_what_the_task_awaits_is_gone(self) -> None:
        """An error that the task of a request has passed to its thread is in no reference cycle there."""

        class Defect(Exception):
            pass

        errors: list[weakref.ref[Defect]] = []
        left: list[Defect | None] = []

        async def fail() -> None:
            raise Defect

        def read() -> None:
            try:
                crossing.run_in_task(fail)
            except Defect as error:
                errors.append(weakref.ref(error))

        def handler(request: Request) -> Response:
            gc.disable()
            try:
                read()
                left.extend(error() for error in errors)
            finally:
                gc.enable()
            return Response("x")

        await get(Application(handler)).run()
        assert left == [None]

    async def test_a_thread_asks_when_its_task_has_gone(self) -> None:
        """A task that asyncio has cancelled natively does nothing more for its thread, which is told so at once."""
        begun, go_on, over = threading.Event(), threading.Event(), threading.Event()
        log: list[bool] = []

        async def look() -> None:
            raise AssertionError("nobody awaits this")

        def work() -> None:
            begun.set()
            assert go_on.wait(100)
            log.append(crossing.run_in_task(look))
            over.set()

        task = asyncio.create_task(pool.run_in_pool(work))
        assert await asyncio.to_thread(begun.wait, 100)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        assert await asyncio.to_thread(over.wait, 20)
        assert log == [False]

    async def test_a_thread_that_is_given_back_while_it_works(self) -> None:
        """A thread that a request has given back before its job has ended does the jobs of others after that, and is
        listed as idle once.
        """
        begun, go_on = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            assert go_on.wait(100)

        keeper = pool.Keeper()
        task = asyncio.create_task(pool.run_in_pool(work, keeper=keeper))
        assert await asyncio.to_thread(begun.wait, 100)
        thread, idle = keeper.take(asyncio.get_running_loop()), pool._pools.get().idle
        keeper.give_back()
        listed = [idle.count(thread)]
        go_on.set()
        await task
        listed.append(idle.count(thread))
        assert listed == [0, 1]

    async def test_a_kept_thread_of_a_cancelled_request_is_given_back(self) -> None:
        """The thread that a site keeps serves others when the site has ended, although its task was cancelled before,
        and did not wait for it.
        """
        begun, go_on = threading.Event(), threading.Event()

        def site(environ: Any, start_response: Any) -> Any:
            begun.set()
            assert go_on.wait(100)
            start_response("200 OK", [])
            return [b"late"]

        before = set(pool._pools.get().threads)
        task = asyncio.create_task(get(Application.from_wsgi(site)).run())
        assert await asyncio.to_thread(begun.wait, 100)
        (thread,) = [each for each in pool._pools.get().threads if each.is_kept and each not in before]
        task.cancel()
        while not task.done():
            await asyncio.sleep(0.001)
        assert thread.is_kept
        go_on.set()
        with anyio.fail_after(20):
            while thread.is_kept:
                await asyncio.sleep(0.001)

    async def test_a_cancellation_in_the_turn_in_which_the_thread_ends(self) -> None:
        """The result is neither lost nor waited for twice."""
        log: list[str] = []

        def handler(request: Request) -> Response:
            response = Response("x")
            response.call_on_close(lambda: log.append("closed"))
            begun.set()
            return response

        for turns in range(6):
            begun = threading.Event()
            log.clear()
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(get(Application(handler)).run)
                    while not begun.is_set():
                        await asyncio.sleep(0)
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    scope.cancel()
            assert log == ["closed"]

    async def test_a_late_loop_tells_of_a_cancellation_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a job awaits is told again that it is cancelled, however late the loop is: no task fails meanwhile."""
        monkeypatch.setattr(pool, "_AGAIN", 0)  # it is late at every turn
        failed: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: failed.append(context["message"]))
        begun = asyncio.Event()
        goes_on = threading.Event()

        def handler(request: Request) -> Response:
            anyio.from_thread.run_sync(begun.set)
            goes_on.wait(20)
            return Response("late")

        async def let_it_go_on() -> None:
            for _ in range(30):
                await asyncio.sleep(0)
            goes_on.set()

        async with anyio.create_task_group() as group:
            group.start_soon(get(Application(handler)).run)
            await begun.wait()
            task = asyncio.create_task(let_it_go_on())
            group.cancel_scope.cancel()
        await task
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
        assert failed == []

    async def test_a_job_that_does_not_end_leaves_the_loop_to_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Between two times that a job is told of its cancellation there is a pause, so that the loop may be idle."""
        pauses: list[float] = []
        loop = asyncio.get_running_loop()
        call_later = loop.call_later

        def noted(delay: float, function: Any, *args: Any, **options: Any) -> Any:
            if getattr(function, "__name__", "") == "_tell":
                pauses.append(delay)
                if len(pauses) == 2:
                    goes_on.set()
            return call_later(delay, function, *args, **options)

        monkeypatch.setattr(loop, "call_later", noted)
        begun = asyncio.Event()
        goes_on = threading.Event()

        def handler(request: Request) -> Response:
            anyio.from_thread.run_sync(begun.set)
            assert goes_on.wait(100)
            return Response("late")

        async with anyio.create_task_group() as group:
            group.start_soon(get(Application(handler)).run)
            await begun.wait()
            group.cancel_scope.cancel()
        assert len(pauses) >= 2
        assert min(pauses) > 0

    async def test_an_anyio_that_is_not_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The threads are anyio's own then."""
        names: list[str] = []

        def handler(request: Request) -> Response:
            names.append(threading.current_thread().name)
            return Response("x")

        await get(Application(handler)).run()
        monkeypatch.setattr(jobs, "is_possible", lambda: False)
        await get(Application(handler)).run()
        assert names == ["cardan worker thread", "AnyIO worker thread"]


def test_nothing_is_left_of_a_loop_that_has_ended() -> None:
    """No task is pending after a request, and the threads end with the loop: programs may wait for all tasks."""
    pending: set[Any] = set()

    async def main() -> None:
        await get(Application(lambda request: Response("x"))).run()
        pending.update(asyncio.all_tasks() - {asyncio.current_task()})

    before = set(threading.enumerate())
    asyncio.run(main())
    assert pending == set()
    for thread in set(threading.enumerate()) - before:
        thread.join(100)
        assert not thread.is_alive()


def test_a_process_ends_although_its_loop_has_cancelled_nothing() -> None:
    """Idle threads of a loop that was only stopped do not keep the interpreter from ending."""
    process = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True, timeout=60, check=True)
    assert process.stdout == "x\n"


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that nobody ends as ``asyncio.run()`` does."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def serve_in(loop: asyncio.AbstractEventLoop) -> threading.Thread:
    """Serve a request, and give the thread in which its handler ran."""
    threads: list[threading.Thread] = []

    def handler(request: Request) -> Response:
        threads.append(threading.current_thread())
        return Response("x")

    async def main() -> None:
        exchange = get(Application(handler))
        await exchange.run()
        assert exchange.body == b"x"

    loop.run_until_complete(main())
    [thread] = threads
    return thread


def test_a_thread_whose_loop_was_closed(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle thread looks from time to time whether its loop is still there. It ends if the loop is closed."""
    looks: list[bool] = []
    real = loop.is_closed

    def is_closed() -> bool:
        looks.append(real())
        return looks[-1]

    monkeypatch.setattr(pool, "_IDLE_SECONDS", 0.005)
    thread = serve_in(loop)
    loop.is_closed = is_closed  # type: ignore[method-assign]
    for _ in range(20_000):
        if len(looks) > 2:
            break
        threading.Event().wait(0.001)
    assert looks[:2] == [False, False]
    assert thread.is_alive()
    loop.close()
    thread.join(100)
    assert not thread.is_alive()


def test_a_request_after_the_threads_were_ended(loop: asyncio.AbstractEventLoop) -> None:
    """A loop that has closed its asynchronous generators may go on: the next request gets a new thread."""
    first = serve_in(loop)
    assert serve_in(loop) is first
    loop.run_until_complete(loop.shutdown_asyncgens())
    first.join(100)
    assert not first.is_alive()
    assert serve_in(loop) is not first


@pytest.mark.parametrize("keeps", [False, True])
def test_threads_that_were_ended_while_they_worked(loop: asyncio.AbstractEventLoop, keeps: bool) -> None:
    """No other request gets such a thread, also if a request has kept it until then: it takes no more jobs."""
    goes_on = threading.Event()

    async def main() -> None:
        keeper = pool.Keeper() if keeps else None
        begun = asyncio.Event()

        def job() -> threading.Thread:
            loop.call_soon_threadsafe(begun.set)
            goes_on.wait(100)
            return threading.current_thread()

        task = asyncio.create_task(pool.run_in_pool(job, keeper=keeper))
        await begun.wait()
        [first] = pool._pools.get().threads
        await loop.shutdown_asyncgens()
        goes_on.set()
        thread = await task
        if keeper is not None:
            keeper.give_back()
        assert pool._pools.get().take(loop) is not first
        await asyncio.to_thread(thread.join, 100)
        assert not thread.is_alive()
        for other in list(pool._pools.get().threads):
            other.end()

    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())


def test_threads_without_a_job_end(loop: asyncio.AbstractEventLoop) -> None:
    """Threads that were idle for some seconds end with the next request, which takes the one that was used last.
    Nothing is kept of them.
    """

    async def main() -> None:
        barrier = threading.Barrier(3)

        def job() -> threading.Thread:
            barrier.wait(100)
            return threading.current_thread()

        threads = await asyncio.gather(*(pool.run_in_pool(job) for _ in range(3)))
        known = pool._pools.get()
        assert len(known.idle) == len(known.threads) == 3
        last = known.idle[-1]
        for thread in known.idle:
            thread.idle_since -= pool._IDLE_SECONDS + 1
        still = await pool.run_in_pool(threading.current_thread)
        assert list(known.idle) == list(known.threads) == [last]
        for thread in set(threads) - {still}:
            await asyncio.to_thread(thread.join, 100)
            assert not thread.is_alive()
        assert still.is_alive()
        last.end()

    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())


def test_a_thread_that_is_told_to_end_in_the_middle_of_a_job(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kept thread whose job has paused, as in ``write()`` of a WSGI application, ends with the loop: the job goes on
    with an error, and the thread waits for no further one.
    """
    monkeypatch.setattr(pool, "_IDLE_SECONDS", 10_000)
    seen: list[Any] = []

    def function() -> None:
        turns = turns_here()
        assert turns is not None
        seen.append(threading.current_thread())
        try:
            turns.pause("begun")
        except OSError:
            seen.append("told")
            raise

    async def main() -> None:
        keeper = pool.Keeper()
        assert await pool.run_in_pool(jobs.Job(function, ()), keeper=keeper) == "begun"
        await loop.shutdown_asyncgens()

    loop.run_until_complete(main())
    seen[0].join(100)
    assert not seen[0].is_alive()
    assert seen[1:] == ["told"]


def test_the_end_of_the_interpreter(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the interpreter ends the threads of all loops, also of those that are not closed, before it waits for
    threads.
    """
    pools: Any = pool.WeakValueDictionary()
    monkeypatch.setattr(pool, "_pools_of_process", pools)
    monkeypatch.setattr(pool, "_stop_at_exit", functools.cache(pool._stop_at_exit.__wrapped__))
    at_exit: list[Any] = []
    monkeypatch.setattr(pool.threading, "_register_atexit", at_exit.append)
    other = asyncio.new_event_loop()
    threads = [serve_in(loop), serve_in(other)]
    [stop] = at_exit
    stop()
    for thread in threads:
        thread.join(100)
        assert not thread.is_alive()
    other.close()


def test_a_thread_asks_a_loop_that_was_closed(loop: asyncio.AbstractEventLoop) -> None:
    """A thread that asks a closed loop for something is told at once that nobody does it."""
    begun: list[str] = []

    async def errand() -> None:
        begun.append("errand")

    call = pool._Call(lambda: None, loop.create_future())
    loop.close()
    assert not call.ask(errand)
    assert begun == []


def test_a_thread_asks_just_before_the_task_is_cancelled(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the task awaits no errands any more when the loop gets one, the thread is told so at once."""
    begun: list[str] = []
    answers: list[bool] = []
    handed_over = threading.Event()
    hand_over = loop.call_soon_threadsafe

    async def errand() -> None:
        begun.append("errand")

    def signalling(*args: Any) -> asyncio.Handle:
        handle = hand_over(*args)
        handed_over.set()
        return handle

    monkeypatch.setattr(loop, "call_soon_threadsafe", signalling)
    call = pool._Call(lambda: None, loop.create_future())
    thread = threading.Thread(target=lambda: answers.append(call.ask(errand)))
    thread.start()
    assert handed_over.wait(100)
    call.leave()
    loop.run_until_complete(asyncio.sleep(0))
    thread.join(100)
    assert (answers, begun) == ([False], [])


def test_a_thread_asks_while_the_task_is_cancelled(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the task was cancelled in the same turn of the loop, what the thread asks for is refused when the task ends,
    and the loop has no error to tell of.
    """
    begun: list[str] = []
    errors: list[Any] = []

    async def errand() -> None:
        begun.append("errand")

    async def main() -> None:
        call = pool._Call(lambda: None, loop.create_future())
        task = asyncio.create_task(call.serve())
        await asyncio.sleep(0)
        asks = pool._Errand(errand, ())
        task.cancel()
        call._accept(asks)
        await asyncio.wait([task])
        call.leave()
        assert not asks.wait()

    loop.set_exception_handler(lambda _, context: errors.append(context))
    loop.run_until_complete(main())
    assert (begun, errors) == ([], [])


def test_a_job_that_ends_after_its_loop_was_closed(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread of a task that was cancelled by ``Task.cancel()`` goes on. If nobody is left whom it could tell
    that its job is done, it ends, and does not wait for a further one.
    """
    monkeypatch.setattr(pool, "_IDLE_SECONDS", 10_000)  # it is told to end, and need not look whether the loop is there
    began, may_end = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def job() -> None:
        threads.append(threading.current_thread())
        began.set()
        may_end.wait(100)

    async def main() -> None:
        task = asyncio.create_task(pool.run_in_pool(job))
        while not began.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    loop.run_until_complete(main())
    loop.close()
    may_end.set()
    [thread] = threads
    thread.join(100)
    assert not thread.is_alive()
