"""Waiting in spite of a cancellation, and telling what a cancellation means."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cardan._crossing import ClientGone, NoDefect, as_error, log_lost, shielded, unhidden
from cardan._crossing.cancellation import wait_out, wait_uncut
from cardan.exceptions import NotFound

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both loops."""
    return str(request.param)


async def turns(count: int) -> None:
    """Let other tasks run so many times, also in a scope that is cancelled."""
    with anyio.CancelScope(shield=True):
        for _ in range(count):
            await anyio.lowlevel.checkpoint()


async def test_a_wait_goes_on_in_a_cancelled_scope() -> None:
    """The wait returns when the event is set, and not before. What is awaited next is cancelled."""
    event = anyio.Event()
    log: list[str] = []

    async def wait() -> None:
        with scope:
            await wait_out(event)
            log.append("waited")
            await anyio.lowlevel.checkpoint()
            log.append("went on")

    scope = anyio.CancelScope()
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await turns(3)
            scope.cancel()
            await turns(10)
            assert log == []
            event.set()
    assert scope.cancelled_caught
    assert log == ["waited"]


async def test_a_shield_keeps_scopes_away() -> None:
    """Code in a shielded block runs to its end in a cancelled scope."""
    log: list[str] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        with shielded():
            await anyio.sleep(0.001)
            log.append("clean")
        await anyio.sleep(0.001)
        log.append("went on")
    assert log == ["clean"]


async def test_the_cancellation_of_a_scope_does_not_hide_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """The error is raised as it is, with its own context, and is not logged. Where there is none, the cancellation is
    raised.
    """
    error = LookupError("before")
    error.__context__ = context = KeyError("context")

    async def clean(before: BaseException | None) -> bool:
        with anyio.CancelScope() as scope:
            scope.cancel()
            with unhidden(before):
                await anyio.sleep(3600)
        return scope.cancelled_caught

    with pytest.raises(LookupError) as raised:
        await clean(error)
    assert raised.value is error
    assert error.__context__ is context
    assert not caplog.records
    assert await clean(None)


class TestNative:
    """What only asyncio has: ``Task.cancel()``, and code of the loop outside of tasks."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Its event loop."""
        return "asyncio"

    @pytest.mark.parametrize("how", ["Task.cancel()", "a scope, then Task.cancel()", "Task.cancel(), then a scope"])
    async def test_both_kinds_of_cancellation(self, how: str) -> None:
        """A wait is ended neither by ``Task.cancel()`` nor by a scope, in whatever order they come. A cancellation by
        ``Task.cancel()`` is raised at the end.
        """
        event = anyio.Event()
        scope = anyio.CancelScope()
        log: list[str] = []

        async def wait() -> None:
            with scope:
                try:
                    await wait_out(event)
                finally:
                    log.append("waited")

        task = asyncio.create_task(wait())
        await turns(3)
        for step in how.split(", then "):
            if step == "a scope":
                scope.cancel()
            else:
                task.cancel()
            await turns(5)
        if "scope" not in how:
            task.cancel()
            await turns(5)
        assert log == []
        event.set()
        await asyncio.wait([task])
        assert log == ["waited"]
        if "scope" not in how:
            assert task.cancelled()

    async def test_an_error_ends_a_wait(self) -> None:
        """An error that is no cancellation is raised at once."""

        class Broken:
            async def wait(self) -> None:
                raise LookupError("of the event")

        event: Any = Broken()
        for wait in (wait_out, wait_uncut):
            with pytest.raises(LookupError, match="of the event"):
                await wait(event)

    async def test_outside_of_a_task(self) -> None:
        """In a callback of the loop nobody can know who is cancelled: the cancellation stays one."""
        error = asyncio.CancelledError()
        found: list[BaseException] = []
        asyncio.get_running_loop().call_soon(lambda: found.append(as_error(error)))
        await turns(2)
        assert found == [error]

    async def test_a_task_that_was_cancelled_natively(self) -> None:
        """A task that was cancelled by ``Task.cancel()``, and goes on all the same, is asked to end: a cancellation in
        it stays one, unless only the cancellations of scopes count.
        """
        found: list[BaseException] = []

        async def goes_on() -> None:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError as error:
                found.extend([error, as_error(error), as_error(error, native=False)])

        task = asyncio.create_task(goes_on())
        await turns(2)
        task.cancel()
        await asyncio.wait([task])
        error, native, of_scopes = found
        assert native is error
        assert (type(of_scopes), of_scopes.__cause__) == (RuntimeError, error)

    @pytest.mark.parametrize("shield", [False, True])
    async def test_the_first_of_several_cancellations_is_raised(self, shield: bool) -> None:
        """A task that was cancelled several times while it waited is told of the first time, which says why."""
        event = anyio.Event()
        told: list[BaseException | None] = []

        async def wait() -> None:
            if shield:
                with shielded():
                    told.append(await wait_uncut(event))
                return
            try:
                await wait_out(event)
            except asyncio.CancelledError as error:
                told.append(error)

        task = asyncio.create_task(wait())
        for text in ("first", "second", "third"):
            await turns(3)
            task.cancel(text)
        await turns(3)
        event.set()
        await asyncio.wait([task])
        assert [str(error) for error in told] == ["first"]

    async def test_a_wait_leaves_nothing(self) -> None:
        """A cancelled wait leaves no cycle: the exception is freed with the last reference to it."""
        gc.collect()
        gc.disable()
        try:
            for wait in (wait_out, wait_uncut):
                event = anyio.Event()
                task = asyncio.create_task(wait(event))
                await turns(3)
                task.cancel()
                await turns(3)
                event.set()
                await asyncio.wait([task])
                gone = weakref.ref(event)
                del task, event
                await turns(2)
                assert gone() is None
        finally:
            gc.enable()


async def test_what_is_no_defect_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An error that cannot be raised is logged, unless it is an answer to the client, or tells that it has left."""
    for error in (NotFound(), ClientGone(), NoDefect()):
        log_lost("lost", error)
    assert not caplog.records
    log_lost("lost", LookupError("defect"))
    log_lost("lost", GeneratorExit())
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [LookupError, GeneratorExit]
