"""Waiting in whichever loop runs: asyncio, trio, or none."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest
import trio

from cardan.core._waiting import Background, checkpoint, in_event_loop, make_event

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[Callable[[], Any]], Any]


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    return (lambda function: asyncio.run(function())) if request.param == "asyncio" else trio.run


def test_a_checkpoint_lets_others_run(run: Run) -> None:
    """A task that is ready runs before the one that called it goes on."""
    order = []

    async def other() -> None:
        order.append("other")

    async def main() -> None:
        background = Background(other)
        for _ in range(3):
            await checkpoint()
        order.append("main")
        await background.wait()

    run(main)
    assert order == ["other", "main"]


def test_without_a_loop_a_checkpoint_does_nothing() -> None:
    """A coroutine that does not wait can be run by hand."""
    with pytest.raises(StopIteration):
        checkpoint().send(None)


def test_a_library_that_is_not_imported_runs_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody imports asyncio or trio to learn that it does not run: what was not imported runs nothing."""

    async def main() -> bool:
        await checkpoint()
        return in_event_loop()

    monkeypatch.delitem(sys.modules, "trio")
    assert asyncio.run(main()) is True
    monkeypatch.delitem(sys.modules, "asyncio")
    assert in_event_loop() is False
    with pytest.raises(StopIteration):
        checkpoint().send(None)
    assert not {"asyncio", "trio"} & set(sys.modules)


def test_an_event_needs_a_loop(run: Run) -> None:
    """``make_event()`` gives an event of the library whose loop runs, asyncio or trio."""

    async def main() -> Any:
        event = make_event()
        event.set()
        await event.wait()
        return event

    assert type(run(main)).__module__.partition(".")[0] in ("asyncio", "trio")


def test_background(run: Run) -> None:
    """The task runs beside the one that made it; its error is kept, and any number of tasks may wait for its end."""

    async def fails() -> None:
        await checkpoint()
        raise ValueError("no")

    async def main() -> Background[None]:
        background = Background(fails)
        assert not background.done
        await background.wait()
        await background.wait()
        return background

    ended = run(main)
    assert (ended.done, str(ended.error)) == (True, "no")


def test_background_is_cancelled(run: Run) -> None:
    """``cancel()`` ends it, also before its first step; the cancellation is its error."""

    async def main() -> Background[None]:
        background = Background(trio.sleep_forever if run is trio.run else lambda: asyncio.sleep(3600))
        background.cancel()
        await background.wait()
        return background

    ended = run(main)
    assert ended.done
    assert type(ended.error).__name__ in ("CancelledError", "Cancelled")
