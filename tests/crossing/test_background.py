"""Calls and timers in a loop, and what waits there in spite of a cancellation."""

from __future__ import annotations

import asyncio
import threading
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
    """It starts no further timer."""
    calls: list[str] = []

    def function() -> None:
        calls.append("called")
        silence.end()

    silence = crossing.Silence(0.0, function)
    await anyio.sleep(0.01)
    assert calls == ["called"]


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
        # wait_out gives the last one, which is raised as if it had come when the event was set
        assert told[0] is not None
        assert told[0].args == ((0,) if wait is wait_uncut else (1,))

    @pytest.mark.parametrize("wait", [wait_out, wait_uncut])
    async def test_other_errors_pass_through(self, wait: Callable[[Any], Any]) -> None:
        """A Ctrl-C, which trio raises in a task that waits, ends the wait."""

        class Interrupted:
            async def wait(self) -> NoReturn:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await wait(Interrupted())
