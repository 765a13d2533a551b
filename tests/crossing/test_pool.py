"""The threads of a loop of asyncio: they look like anyio's own to the code they run, and no task waits for them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import Any

import anyio
import pytest

from cardan import Application, Request, Response
from cardan._crossing import jobs
from tests.crossing.exchange import Exchange, chunk

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

    async def test_what_a_handler_awaits_is_cancelled_with_its_request(self) -> None:
        """So is every later await of the handler; the thread is waited for, and the next request gets a sound one."""
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
        """It is an ordinary error: no coroutine may raise it."""

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
        thread.join(20)
        assert not thread.is_alive()


def test_a_process_ends_although_its_loop_has_cancelled_nothing() -> None:
    """Idle threads of a loop that was only stopped do not keep the interpreter from ending."""
    process = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True, timeout=60, check=True)
    assert process.stdout == "x\n"
