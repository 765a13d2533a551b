"""A thread that a request keeps: each job runs there, in its context, however an earlier job was cancelled."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from cardan._crossing import in_loop
from cardan._crossing.jobs import Job
from cardan._crossing.kept import KeptThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

VALUE: ContextVar[str] = ContextVar("value", default="none")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both loops."""
    return str(request.param)


@pytest.fixture
async def kept(anyio_backend: str) -> AsyncIterator[KeptThread]:
    """A thread, which is given back at the end."""
    thread = KeptThread()
    yield thread
    thread.give_back()


async def run(kept: KeptThread, function: Any, *args: Any) -> Any:
    """Run a job, as cleanup does."""
    with anyio.fail_after(100), anyio.CancelScope(shield=True):
        return await kept.run(Job(function, args))


async def test_one_thread_in_the_context_of_each_job(kept: KeptThread) -> None:
    """Each job has the variables of the task that asks for it. What it raises is raised there."""
    threads = set()
    for value in ("a", "b"):
        VALUE.set(value)
        assert await run(kept, VALUE.get) == value
        threads.add(await run(kept, threading.get_ident))
    with pytest.raises(ZeroDivisionError):
        await run(kept, lambda: 1 / 0)
    threads.add(await run(kept, threading.get_ident))
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


async def test_the_thread_ends_when_it_is_given_back(anyio_backend: str) -> None:
    """The next request that keeps a thread has it, or it has ended. It may be given back without a job, and twice."""
    KeptThread().give_back()
    kept = KeptThread()
    thread = await run(kept, threading.current_thread)
    kept.give_back()
    kept.give_back()
    other = KeptThread()
    again = await run(other, threading.current_thread)
    other.give_back()
    with anyio.fail_after(100):
        while not (again is thread or not _works(thread)):
            await anyio.sleep(0.001)


def _works(thread: threading.Thread) -> bool:
    """Whether the thread runs code of cardan."""
    import sys

    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith("cardan."):
            return True
        frame = frame.f_back
    return False


async def test_a_job_of_a_task_that_was_cancelled_before(kept: KeptThread) -> None:
    """The job of a task that was cancelled before is not done; the thread does later ones."""
    made: list[str] = []
    for _ in range(2):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await kept.run(Job(made.append, ("made",)))
        assert scope.cancelled_caught
    assert made == []
    await run(kept, made.append, "later")
    assert made == ["later"]


async def test_a_job_that_works_when_its_task_is_cancelled(kept: KeptThread) -> None:
    """The end of the job is waited for, its result is given, and the cancellation is raised by what is awaited next."""
    begun, go_on = threading.Event(), threading.Event()
    log: list[str] = []

    def work() -> str:
        begun.set()
        assert go_on.wait(100)
        log.append("worked")
        return "result"

    async def ask() -> None:
        with scope:
            log.append(await kept.run(Job(work, ())))
            await anyio.lowlevel.checkpoint()
            log.append("went on")

    scope = anyio.CancelScope()
    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        while not begun.is_set():
            await anyio.sleep(0.001)
        scope.cancel()
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        assert log == []
        go_on.set()
    assert log == ["worked", "result"]
    assert scope.cancelled_caught


async def test_a_job_that_awaits_in_the_loop_when_its_task_is_cancelled(kept: KeptThread) -> None:
    """If the task is cancelled, what a job awaits in the loop is cancelled. Later jobs of the request, such as its
    close hooks, can await there again.
    """
    log: list[str] = []
    waits = anyio.Event()

    async def forever() -> None:
        waits.set()
        await anyio.sleep_forever()

    def work() -> None:
        try:
            in_loop(forever)
        except BaseException as error:
            log.append(type(error).__name__)
            raise
        finally:
            log.append("ended")

    async def shortly() -> str:
        await anyio.sleep(0.001)
        return "done"

    async def ask() -> None:
        with scope:
            await kept.run(Job(work, ()))
            log.append("went on")

    scope = anyio.CancelScope()
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await waits.wait()
            scope.cancel()
    assert scope.cancelled_caught
    assert log[0] in ("CancelledError", "Cancelled")
    assert log[1:] == ["ended"]
    for _ in range(2):
        assert await run(kept, partial(in_loop, shortly)) == "done"
