"""Calls in worker threads: they are made once, however their task is cancelled, and their end is told once."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan._crossing import Places, jobs
from cardan._crossing.jobs import Job, run_to_end

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Only asyncio leaves a thread alone."""
    return "asyncio"


# --- the end of a call whose task does not wait for it ---


@pytest.mark.parametrize("error", [None, LookupError("of the job")])
async def test_a_call_that_ends_before_it_returns(error: Exception | None, caplog: pytest.LogCaptureFixture) -> None:
    """The loop is told that the thread is free. An error is logged, because no task waits for it any more."""
    told = anyio.Event()
    job: Job[str] = Job(str, ())
    assert job.begin()
    job.when_ended(told.set)
    await anyio.wait_all_tasks_blocked()
    assert not told.is_set()
    job.end("result", error)
    with anyio.fail_after(100):
        await told.wait()
    assert (job.result, job.has_ended, job.has_raised) == ("result", True, error is not None)
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [error] * (error is not None)


@pytest.mark.parametrize("way", ["returns", "raises", "ends before it returns"])
async def test_a_job_has_ended_when_its_end_is_told(way: str) -> None:
    """The loop may look at the job as soon as it is told: the job says then that it has ended."""
    seen: list[bool] = []
    job: Job[Any] = Job([].pop if way == "raises" else str, ())
    job._tell = lambda: seen.append(job.has_ended)
    if way == "ends before it returns":
        job.end("result")
    else:
        with suppress(IndexError):
            job()
    assert seen == [True]


async def test_a_job_that_ends_while_the_loop_begins_to_wait() -> None:
    """The end is told as well if the thread ends just after the loop has looked whether it has ended."""

    class Ending(Job[str]):
        looks = 0

        @property
        def has_ended(self) -> bool:
            self.looks += 1
            if self.looks == 1 and self._tell is not None:
                self._tell()
            return self.looks > 1

        @has_ended.setter
        def has_ended(self, value: bool) -> None: ...

    calls: list[str] = []
    job = Ending(str, ())
    job.when_ended(lambda: calls.append("told"))
    await anyio.wait_all_tasks_blocked()
    assert calls == ["told"]


async def test_the_end_is_told_once() -> None:
    """The end of a job is told once, although the thread may end just while the loop begins to wait for it, so that
    both notice the end.
    """
    calls: list[str] = []
    job: Job[str] = Job(str, ())
    job()
    job.when_ended(lambda: calls.append("told"))
    assert calls == ["told"]
    assert job._tell is not None
    job._tell()
    await anyio.wait_all_tasks_blocked()
    assert calls == ["told"]


def test_a_loop_that_was_closed_meanwhile() -> None:
    """A thread that ends after its loop was closed ends without an error, and nothing is called."""
    calls: list[str] = []
    job: Job[str] = Job(lambda: "result", ())

    async def main() -> None:
        job.when_ended(lambda: calls.append("told"))

    asyncio.run(main())
    assert job() == "result"
    assert calls == []


# --- work that is done although its task is cancelled ---


class Work:
    """Counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> None:
        self.done += 1


async def test_cancelled_while_it_waits_for_a_place() -> None:
    """The work is done once, when it gets a place, and then the cancellation is raised. The place is given back."""
    places, work = Places(1), Work()
    await places.take()
    task = asyncio.create_task(run_to_end(places, work))
    for number in range(2):
        await anyio.wait_all_tasks_blocked()
        assert (work.done, places.waiting) == (0, 1)
        task.cancel(number)
    await anyio.wait_all_tasks_blocked()
    assert (work.done, places.waiting) == (0, 1)
    places.give_back()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (work.done, places.free) == (1, 1)


async def test_an_exit_while_it_waits_for_a_place() -> None:
    """What ends the whole program is raised at once, and the work is not done."""
    work = Work()

    class Ending(Places):
        __slots__ = ()

        async def take(self) -> None:
            raise SystemExit(3)

    with pytest.raises(SystemExit):
        await run_to_end(Ending(1), work)
    assert work.done == 0


def cancelled_before(job: Job[Any]) -> None:
    """The cancellation comes before the thread has begun."""


def cancelled_during(job: Job[Any]) -> None:
    """It comes while the thread runs."""
    assert job.begin()

    def rest() -> None:
        job._function()
        job.end(None)

    threading.Timer(0.01, rest).start()


def cancelled_after(job: Job[Any]) -> None:
    """It comes in the turn of the loop in which the thread has ended."""
    job()


@pytest.mark.parametrize("moment", [cancelled_before, cancelled_during, cancelled_after])
async def test_cancelled_around_the_call(moment: Callable[[Job[Any]], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the thread has done by then, the work is done once, and the cancellation is raised after that."""
    places, work = Places(1), Work()
    real = jobs.start
    starts = 0

    async def start(job: Job[Any]) -> Any:
        nonlocal starts
        starts += 1
        if starts > 1:
            return await real(job)
        moment(job)
        raise asyncio.CancelledError("of the task")

    monkeypatch.setattr(jobs, "start", start)
    with pytest.raises(asyncio.CancelledError, match="of the task"):
        await run_to_end(places, work)
    assert (work.done, places.free) == (1, 1)
    assert starts == (2 if moment is cancelled_before else 1)


async def test_a_scope_that_is_cancelled_while_it_waits_for_a_place() -> None:
    """The task asks for a place once, and sleeps until it gets one."""
    work, asked = Work(), 0

    class Counted(Places):
        __slots__ = ()

        async def take(self) -> None:
            nonlocal asked
            asked += 1
            await super().take()

    places = Counted(1)
    assert places.take_nowait()

    async def main() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await run_to_end(places, work)

    task = asyncio.create_task(main())
    for _ in range(20):
        await asyncio.sleep(0)
    assert (work.done, asked) == (0, 1)
    places.give_back()
    await task
    assert (work.done, places.free, asked) == (1, 1, 1)


@pytest.mark.parametrize("kind", ["Task.cancel()", "a scope"])
async def test_cancelled_while_the_thread_works(kind: str) -> None:
    """The end of the thread is waited for, however often the task is cancelled. Then its place is given back."""
    places, begun, go_on = Places(1), threading.Event(), threading.Event()
    scope = anyio.CancelScope()
    done: list[str] = []

    def work() -> str:
        begun.set()
        assert go_on.wait(100)
        done.append("work")
        return "result"

    async def main() -> None:
        with scope:
            try:
                await run_to_end(places, work)
            finally:
                done.append("over")

    task = asyncio.create_task(main())
    while not begun.is_set():
        await asyncio.sleep(0.001)
    for _ in range(3):
        if kind == "a scope":
            scope.cancel()
        else:
            task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
    assert (done, places.free) == ([], 0)
    go_on.set()
    await asyncio.wait([task])
    assert (done, places.free) == (["work", "over"], 1)
    assert task.cancelled() or scope.cancel_called


async def test_work_that_fails() -> None:
    """The error of the work is raised, also if it is a cancellation of something else, and the place of the work is
    given back.
    """
    places = Places(1)
    for error in (LookupError("of the work"), asyncio.CancelledError("of the work")):

        def work(error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error), match="of the work"):
            await run_to_end(places, work)
        assert places.free == 1


async def test_an_error_of_work_that_nobody_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    """An error of work that nobody waits for is logged once, and told as the end of the work."""
    ended: list[str] = []

    def work() -> None:
        raise LookupError("of the work")

    job: Job[None] = Job(work, ())
    job.when_ended(lambda: ended.append("ended"))
    with pytest.raises(LookupError):
        job()
    await anyio.wait_all_tasks_blocked()
    assert (job.has_ended, job.has_raised, ended) == (True, True, ["ended"])
    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [LookupError]


def test_a_job_that_is_withdrawn() -> None:
    """A job that was withdrawn is not begun, and can be withdrawn again. One that has begun cannot be withdrawn."""
    work = Work()
    job: Job[None] = Job(work, ())
    assert job.withdraw()
    assert job.withdraw()
    assert not job.begin()
    assert job() is None
    assert work.done == 0
    other: Job[None] = Job(work, ())
    other()
    assert not other.withdraw()
    assert work.done == 1
