"""Calls and timers in a loop, and what waits there in spite of a cancellation."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import anyio
import pytest

from cardan import _crossing as crossing
from cardan._crossing.cancellation import wait_out, wait_uncut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both event loops."""
    return str(request.param)


@pytest.fixture(params=["asyncio", "trio"])
def other(request: pytest.FixtureRequest) -> Iterator[crossing.Portal]:
    """Another loop, in a thread of its own."""
    portal = crossing.Portal(request.param)
    yield portal
    portal.stop()


async def test_a_call_in_another_loop(other: crossing.Portal) -> None:
    """From a thread in which a loop runs, a call can be made in the loop of another thread, or in its own."""

    def where(token: Any) -> tuple[int, bool]:
        return threading.get_ident(), token.native_token is crossing.current_token().native_token

    here, there = crossing.current_token(), other._token
    assert crossing.call_in_loop(where) == (threading.get_ident(), True)
    assert crossing.call_in_loop(where, here) == (threading.get_ident(), True)
    assert crossing.call_in_loop(where, there) == (other._thread.ident, True)
    with pytest.raises(ZeroDivisionError):
        crossing.call_in_loop(lambda token: 1 / 0, there)


async def test_a_silence_that_has_ended_while_its_timer_went_off() -> None:
    """The function is not called after the end, although the loop had begun to run the timer."""
    calls: list[str] = []
    silence = crossing.Silence(0.0, lambda: calls.append("called"))
    silence._look()
    assert calls == ["called"]
    silence.end()
    silence._look()
    silence.end()
    await anyio.sleep(0.01)
    assert calls == ["called"]


async def test_a_silence_that_its_own_function_ends() -> None:
    """A silence that its own function ends starts no further timer."""
    calls: list[str] = []

    def function() -> None:
        calls.append("called")
        silence.end()

    silence = crossing.Silence(0.0, function)
    with anyio.fail_after(100):  # only prevents the test from hanging
        while not calls:
            await anyio.sleep(0.001)
    await anyio.wait_all_tasks_blocked()
    assert calls == ["called"]


class Timers:
    """Stands in for the timers of a loop: counts them, and goes to the next one when it is told."""

    def __init__(self, silence: crossing.Silence) -> None:
        self.now = 0.0
        self.set: list[float] = []
        self.due: list[tuple[float, Callable[[], object]]] = []
        silence._clock = lambda: self.now
        silence._call_later = self.call_later
        silence._last = 0.0
        assert silence._cancel is not None
        silence._cancel()  # the real timer
        silence._cancel = self.call_later(silence._seconds, silence._look).cancel

    def call_later(self, seconds: float, function: Callable[[], object]) -> Any:
        entry = (self.now + seconds, function)
        self.set.append(seconds)
        self.due.append(entry)
        return SimpleNamespace(cancel=lambda: self.due.remove(entry))

    def run_to(self, time: float) -> None:
        """Let the timers go off that are due until ``time``."""
        while self.due and min(self.due)[0] <= time:
            entry = min(self.due)
            self.due.remove(entry)
            self.now = entry[0]
            entry[1]()
        self.now = time


async def test_a_silence_wakes_once_in_its_time() -> None:
    """One timer is set for each time of silence, however often it is broken meanwhile. The function is called when the
    whole time has passed since the last break, and after each further time.
    """
    calls: list[float] = []
    silence = crossing.Silence(10.0, lambda: calls.append(timers.now))
    timers = Timers(silence)
    timers.run_to(4.0)
    for _ in range(100):
        silence.broken()
    timers.run_to(13.9)
    assert (calls, timers.set) == ([], [10.0, 4.0])
    timers.run_to(14.0)
    assert (calls, timers.set) == ([14.0], [10.0, 4.0, 10.0])
    timers.run_to(34.0)
    assert (calls, timers.set) == ([14.0, 24.0, 34.0], [10.0, 4.0, 10.0, 10.0, 10.0])
    assert len(timers.due) == 1
    silence.end()
    assert timers.due == []


async def test_a_task_is_ended_in_a_cancelled_scope() -> None:
    """The cleanup of a background task is waited for, although the task that ends it is cancelled."""
    log: list[str] = []

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.01)
            log.append("clean")

    task = crossing.BackgroundTask(work)
    await anyio.wait_all_tasks_blocked()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await task.end()
        log.append("ended")
    assert log == ["clean", "ended"]
    assert task.done


class OnlyAsyncio:
    """Cancellation by asyncio itself."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"


class TestWaiting(OnlyAsyncio):
    """Waiting for an event in spite of a native cancellation."""

    @pytest.mark.parametrize("wait", [wait_out, wait_uncut])
    async def test_however_often_the_task_is_cancelled(self, wait: Callable[[anyio.Event], Any]) -> None:
        """The wait ends when the event is set, and not before; then it tells of the first cancellation."""
        event = anyio.Event()
        told: list[BaseException | None] = []

        async def main() -> None:
            try:
                told.append(await wait(event))
            except asyncio.CancelledError as error:
                told.append(error)

        task = asyncio.create_task(main())
        for number in range(3):
            await anyio.wait_all_tasks_blocked()
            assert not told
            task.cancel(number)
        await anyio.wait_all_tasks_blocked()
        assert not told
        event.set()
        await task
        assert [type(error) for error in told] == [asyncio.CancelledError]
        assert told[0] is not None
        assert told[0].args == (0,)

    @pytest.mark.parametrize("wait", [wait_out, wait_uncut])
    async def test_other_errors_pass_through(self, wait: Callable[[Any], Any]) -> None:
        """A Ctrl-C, which trio raises in a task that waits, ends the wait."""

        class Interrupted:
            async def wait(self) -> NoReturn:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await wait(Interrupted())
