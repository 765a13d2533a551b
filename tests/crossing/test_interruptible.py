"""Interruptible code: it ends early with the error of the interruption, once, and not if it has ended by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
import pytest

from cardan._crossing import Interruptible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both loops."""
    return str(request.param)


class Code:
    """An async function that waits for ever, or returns at once, and then cleans up, awaiting."""

    def __init__(self, *, waits: bool) -> None:
        self.log: list[str] = []
        self._waits = waits

    async def __call__(self) -> None:
        try:
            if self._waits:
                await anyio.sleep(3600)
            self.log.append("returns")
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.001)
            self.log.append("clean")


async def run(kind: str, run: Interruptible, code: Code) -> None:
    """Run the code in one of the three ways."""
    if kind == "block":
        async with run:
            await code()
    elif kind == "here":
        await run.run_here(code)
    else:
        await run.run_apart(code, code)


@pytest.mark.parametrize("kind", ["block", "here", "apart"])
async def test_the_first_interruption_counts(kind: str) -> None:
    """Before the code begins or while it waits, by the watching or by a call: its cleanup ends, the error is raised."""

    async def watch() -> None:
        await anyio.sleep(0.001)

    by_watching = Interruptible(watch, lambda: LookupError("watched"))
    code = Code(waits=True)
    with pytest.raises(LookupError, match="watched"):
        await run(kind, by_watching, code)
    assert code.log == ["clean"]

    before = Interruptible(anyio.sleep_forever, LookupError)
    before.interrupt(KeyError("first"))
    before.interrupt(KeyError("second"))
    code = Code(waits=True)
    with pytest.raises(KeyError, match="first"):
        await run(kind, before, code)
    assert code.log == ["clean"]


@pytest.mark.parametrize("kind", ["block", "here", "apart"])
async def test_an_error_of_the_watching(kind: str) -> None:
    """An error of the function that watches interrupts the code, and is raised unchanged."""

    async def watch() -> None:
        raise ValueError("of the watching")

    code = Code(waits=True)
    with pytest.raises(ValueError, match="of the watching"):
        await run(kind, Interruptible(watch), code)
    assert code.log == ["clean"]


@pytest.mark.parametrize("kind", ["block", "here", "apart"])
async def test_code_that_ends_by_itself(kind: str) -> None:
    """The watching ends with it."""
    code = Code(waits=False)
    with anyio.fail_after(100):
        await run(kind, Interruptible(anyio.sleep_forever), code)
    assert code.log == ["returns", "clean"]


@pytest.mark.parametrize("kind", ["here", "apart"])
async def test_an_error_in_a_cancelled_scope(kind: str) -> None:
    """An error of the code is raised, although the scope around it is cancelled before the watching has ended."""

    async def code() -> None:
        try:
            await anyio.sleep(3600)
        finally:
            raise LookupError("of the code")

    async def in_a_cancelled_scope() -> None:
        run = Interruptible(anyio.sleep_forever)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await (run.run_here(code) if kind == "here" else run.run_apart(code, code))

    with pytest.raises(LookupError, match="of the code"), anyio.fail_after(100):
        await in_a_cancelled_scope()


class TestNativeCancellation:
    """``Task.cancel()``, which only asyncio has, and code in a task of its own."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    async def run(self, code: Callable[[], Awaitable[None]], times: int) -> asyncio.Task[None]:
        """Run ``code``, cancel its task so many times while it waits, and return when it has ended."""
        task = asyncio.create_task(Interruptible().run_apart(code, code))
        for _ in range(times):
            await anyio.wait_all_tasks_blocked()
            task.cancel()
        await asyncio.wait([task], timeout=100)
        assert task.done()
        return task

    async def test_an_error_of_the_cleanup(self, caplog: pytest.LogCaptureFixture) -> None:
        """The cancellation is raised, and the error of the cleanup is logged."""

        async def code() -> None:
            try:
                await anyio.sleep(3600)
            finally:
                raise LookupError("of the cleanup")

        task = await self.run(code, 1)
        assert task.cancelled()
        assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [LookupError]

    async def test_something_that_was_cancelled_elsewhere(self) -> None:
        """If the code awaits it, the cancellation is raised as the code raises it; nobody was cancelled here."""
        future = asyncio.get_running_loop().create_future()
        future.cancel("elsewhere")

        async def code() -> None:
            await future

        with pytest.raises(asyncio.CancelledError, match="elsewhere"):
            await Interruptible().run_apart(code, code)

    async def test_an_error_of_the_cleanup_after_a_scope_was_cancelled(self, caplog: pytest.LogCaptureFixture) -> None:
        """An error of the cleanup is raised. A scope cancels its task at every turn of the loop, but the code is
        cancelled once.
        """
        log: list[str] = []

        async def code() -> None:
            try:
                await anyio.sleep(3600)
            except asyncio.CancelledError:
                log.append("is cancelled")
                for _ in range(20):
                    await asyncio.sleep(0)
                raise LookupError("of the cleanup") from None

        with anyio.CancelScope() as scope:
            asyncio.get_running_loop().call_soon(scope.cancel)
            with pytest.raises(LookupError, match="of the cleanup"):
                await Interruptible().run_apart(code, code)
        assert log == ["is cancelled"]
        assert caplog.records == []

    @pytest.mark.parametrize("times", [1, 2, 3])
    async def test_cleanup_that_does_not_end(self, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """After one cancellation the cleanup has all its time. After the second one, it is cancelled at each wait that
        is longer than the patience.
        """
        monkeypatch.setattr("cardan._crossing.cleanup.PATIENCE", 0.001)
        log: list[str] = []

        async def code() -> None:
            try:
                await anyio.sleep(3600)
            finally:
                for number in range(3):
                    try:
                        await asyncio.sleep(0.05 if times == 1 else 3600)
                        log.append(f"{number} waits")
                    except asyncio.CancelledError:
                        log.append(f"{number} is cancelled")

        task = await self.run(code, times)
        assert task.cancelled()
        assert log == [f"{number} {'waits' if times == 1 else 'is cancelled'}" for number in range(3)]
