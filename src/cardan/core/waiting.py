"""Waiting, for code of core that stands between other code and an event loop: whichever loop runs.

Core imports no event loop. A loop that runs was imported by the program that runs it, so that asyncio or trio is found
among the loaded modules. Raises the loop's own cancellation, and :exc:`RuntimeError` where no loop runs.
"""

from __future__ import annotations

import sys
from contextvars import copy_context
from types import coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

__all__ = ["Background", "checkpoint", "make_event"]

T = TypeVar("T")


def _trio() -> Any:
    """The module trio where the caller runs in a task of it, else None."""
    trio: Any = sys.modules.get("trio")
    if trio is not None:
        try:
            trio.lowlevel.current_task()
        except RuntimeError:
            return None
    return trio


async def checkpoint() -> None:
    """Let other tasks run once, and raise the cancellation of this one where it has been cancelled.

    Does nothing where no loop runs: a coroutine that does not wait may be run without one.
    """
    trio = _trio()
    if trio is not None:
        await trio.lowlevel.checkpoint()
    elif _loop() is not None:
        await _pass_on()


def _loop() -> Any:
    """The loop of asyncio that runs in this thread, None for none."""
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@coroutine
def _pass_on() -> Generator[None, None, None]:
    yield  # what asyncio.sleep(0) does


def make_event() -> Any:
    """An event of the running loop, with ``set()`` and an async ``wait()``."""
    library = _trio() or sys.modules.get("asyncio")
    if library is None:
        raise RuntimeError("got no event loop of asyncio or trio, expected to be awaited in one")
    return library.Event()


class Background(Generic[T]):
    """A coroutine that runs in a task of its own: a task that waits for it may be cancelled, and another may wait on.

    To be made in a running loop, in whose current context the coroutine runs.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._event = make_event()
        self._value: Any = None
        self._error: BaseException | None = None
        self.done = False
        """Whether the coroutine has ended."""
        trio = _trio()
        if trio is None:
            self._task = _loop().create_task(self._run(work))
            self._scope: Any = None
        else:
            self._scope = trio.CancelScope()
            trio.lowlevel.spawn_system_task(self._run_in, self._scope, work, context=copy_context())

    async def _run_in(self, scope: Any, work: Coroutine[Any, Any, T]) -> None:
        with scope:
            await self._run(work)

    async def _run(self, work: Coroutine[Any, Any, T]) -> None:
        try:
            self._value = await work
        except Exception as error:
            self._error = error
        except BaseException as error:
            self._error = error
            raise
        finally:
            self.done = True
            self._event.set()

    async def wait(self) -> T:
        """What the coroutine returns; raises what it raises."""
        await self._event.wait()
        if self._error is not None:
            error, self._error = self._error, None
            try:
                raise error
            finally:
                del error  # its traceback holds this frame: no cycle
        value: T = self._value
        return value

    def cancel(self) -> None:
        """Cancel the coroutine."""
        (self._task if self._scope is None else self._scope).cancel()
