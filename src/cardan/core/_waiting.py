"""What core needs of the running event loop of asyncio or trio: a checkpoint, an event, a task.

Core imports no event loop. A loop that runs was imported by the program that runs it, so that asyncio or trio is found
among the loaded modules. Raises the loop's own cancellation, and :exc:`RuntimeError` where no loop runs.
"""

from __future__ import annotations

import sys
from contextvars import copy_context
from types import coroutine
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

__all__ = [
    "Asked",
    "Background",
    "Event",
    "checkpoint",
    "in_event_loop",
    "is_cancellation",
    "make_event",
    "raise_if_cancelled",
    "running_loop",
]

T = TypeVar("T")


class Event(Protocol):
    """What tasks wait for: an event of asyncio, trio or anyio, or of another event loop."""

    def set(self) -> object:
        """Wake all tasks that wait, and let later ones pass."""
        ...

    async def wait(self) -> object:
        """Return when :meth:`set` was called."""
        ...


Event.__module__ = "cardan.core"


def _trio() -> Any:
    """The module trio if the caller runs in a task of trio, else None."""
    trio: Any = sys.modules.get("trio")
    if trio is not None:
        try:
            trio.lowlevel.current_task()
        except RuntimeError:
            return None
    return trio


async def checkpoint() -> None:
    """Let other tasks run once, and raise the cancellation of this one if it was cancelled.

    Does nothing where no loop runs: a coroutine that does not wait may be run without one.
    """
    trio = _trio()
    if trio is not None:
        await trio.lowlevel.checkpoint()
    elif running_loop() is not None:
        await _pass_on()


async def raise_if_cancelled() -> None:
    """Raise the cancellation of a task of trio that was cancelled already. On asyncio the next await raises it.

    To be awaited before a scope whose ``shield`` another task may set: trio does not expect that a cancellation goes
    away while it is being raised.
    """
    trio = _trio()
    if trio is not None:
        await trio.lowlevel.checkpoint_if_cancelled()


def running_loop() -> Any:
    """The loop of asyncio that runs in this thread, or None."""
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def in_event_loop() -> bool:
    """Whether the caller runs in an event loop of asyncio or trio, and not in a thread without one."""
    return running_loop() is not None or _trio() is not None


@coroutine
def _pass_on() -> Generator[None, None, None]:
    yield  # what asyncio.sleep(0) does


def make_event() -> Any:
    """An event of the running loop, with ``set()`` and an async ``wait()``."""
    library = _trio() or (sys.modules["asyncio"] if running_loop() is not None else None)
    if library is None:
        raise RuntimeError("got no event loop of asyncio or trio, expected one, or a request made with make_event=")
    return library.Event()


def is_cancellation(error: BaseException | None) -> bool:
    """True if ``error`` is the exception by which asyncio or trio cancels a task, whichever loop runs here."""
    if error is None or isinstance(error, Exception):
        return False
    for library, name in (("asyncio", "CancelledError"), ("trio", "Cancelled")):
        kind = getattr(sys.modules.get(library), name, None)
        if kind is not None and isinstance(error, kind):
            return True
    return False


class Background(Generic[T]):
    """Runs ``await function()`` in a task of its own, in a copy of the current context, beside the task that made it.

    To be made in a running loop: in a task, or on asyncio also in a callback. The code that makes it has to end it, by
    :meth:`cancel`, or must know that it ends: on asyncio it is a plain task, on trio a system task.
    """

    __slots__ = ("_cancel", "_event", "_value", "done", "error")

    def __init__(self, function: Callable[[], Awaitable[T]]) -> None:
        self._event = make_event()
        self._value: Any = None
        self.error: BaseException | None = None
        """The error that the function raised, or that cancelled it; None while it runs, and if it returned."""
        self.done = False
        """Whether the task has ended."""
        trio = _trio()
        if trio is None:
            task = running_loop().create_task(self._run(function))
            # not in the coroutine's ``finally``: a task that is cancelled before its first step never runs
            task.add_done_callback(self._end)
            self._cancel: Callable[[], object] = task.cancel
        else:
            scope = trio.CancelScope()
            trio.lowlevel.spawn_system_task(self._run_in, scope, function, context=copy_context())
            self._cancel = scope.cancel

    async def _run_in(self, scope: Any, function: Callable[[], Awaitable[T]]) -> None:
        try:
            with scope:
                await self._run(function)
        finally:
            self._end()

    async def _run(self, function: Callable[[], Awaitable[T]]) -> None:
        try:
            self._value = await function()
        except Exception as error:
            self.error = error
        except BaseException as error:
            self.error = error
            raise

    def _end(self, task: Any = None) -> None:
        if task is not None and task.cancelled() and self.error is None:  # before its first step
            self.error = sys.modules["asyncio"].CancelledError()
        self.done = True
        self._event.set()

    def cancel(self) -> None:
        """Cancel the task, without waiting for its end; to be called in its loop."""
        self._cancel()

    async def wait(self) -> None:
        """Return when the task has ended. Any number of tasks may wait."""
        await self._event.wait()

    def result(self) -> T:
        """The result of the function, once the task has ended; raises its error, the first time."""
        if self.error is not None:
            error, self.error = self.error, None
            try:
                raise error
            finally:
                del error  # its traceback holds this frame: no cycle
        value: T = self._value
        return value


class Asked(Background[T]):
    """A background task whose :meth:`result` is asked for.

    An exit (:exc:`SystemExit`, :exc:`KeyboardInterrupt`) that the code raises is raised by :meth:`result`, as other
    errors are. Raised in the task itself, it would end the event loop, and with it everything else that runs there.
    """

    __slots__ = ()

    async def _run(self, function: Callable[[], Awaitable[T]]) -> None:
        try:
            self._value = await function()
        except BaseException as error:
            self.error = error
            if is_cancellation(error):
                raise
