"""Starts a task, a call or a timer in an event loop, for plain code that has no task group."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from ..core._waiting import Asked, Background, make_event
from .cancellation import shielded
from .contexts import forget_library

if TYPE_CHECKING:
    from collections.abc import Callable

    import trio

__all__ = ["ApplicationTask", "BackgroundTask", "Silence", "call_in_loop", "call_soon", "current_token", "make_event"]

T = TypeVar("T")


class BackgroundTask(Background[Any]):
    """A task that plain code can start without a task group. Cleanup can wait for its end."""

    __slots__ = ()

    async def wait(self) -> None:
        """Return when the task has ended, also if the caller is cancelled by a scope."""
        with shielded():
            await super().wait()

    async def end(self) -> None:
        """Cancel the task and return when it has ended, also if the caller is cancelled by a scope."""
        self.cancel()
        await self.wait()


class ApplicationTask(BackgroundTask, Asked[Any]):
    """A background task that runs code of an application, and whose :meth:`result` is asked for."""

    __slots__ = ()

    async def end_soon(self, seconds: float) -> None:
        """Return when the task has ended, as :meth:`wait` does. After so many ``seconds`` it is cancelled."""
        from anyio import move_on_after

        try:
            with move_on_after(seconds, shield=True):
                await Asked.wait(self)
        finally:  # a native cancellation of this task ends the wait
            if not self.done:
                self.cancel()
        await self.wait()


class Silence:
    """Calls a plain ``function`` in the running loop after each ``seconds`` in which :meth:`broken` was not called.

    The function must not raise, and :meth:`end` must be called at the end.
    """

    __slots__ = ("_call_later", "_cancel", "_clock", "_function", "_last", "_seconds")

    def __init__(self, seconds: float, function: Callable[[], object]) -> None:
        loop = current_token().native_token
        self._clock: Callable[[], float]
        self._call_later: Callable[[float, Callable[[], object]], Any]
        if hasattr(loop, "call_later"):  # asyncio
            self._clock, self._call_later = loop.time, loop.call_later
        else:
            from trio import current_time

            self._clock, self._call_later = current_time, _trio_call_later
        self._function: Callable[[], object] | None = function
        self._seconds = seconds
        self._last = self._clock()
        self._cancel: Callable[[], object] | None = self._call_later(seconds, self._look).cancel

    def broken(self) -> None:
        """Count the silence from now on."""
        self._last = self._clock()

    def _look(self) -> None:
        left = self._last + self._seconds - self._clock()
        if left <= 0:
            self._last = self._clock()
            if self._function is not None:
                self._function()
            left = self._seconds
        if self._cancel is not None:
            self._cancel = self._call_later(left, self._look).cancel

    def end(self) -> None:
        """Call the function no more."""
        self._function = None  # it may refer to this object: no cycle
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()


def _trio_call_later(seconds: float, function: Callable[[], object]) -> trio.CancelScope:
    """Do what ``loop.call_later()`` of asyncio does."""
    import trio

    scope = trio.CancelScope()

    async def wait() -> None:
        with scope:
            await trio.sleep(seconds)
            function()

    trio.lowlevel.spawn_system_task(wait, context=copy_context())
    return scope


def current_token() -> Any:
    """A token of the running event loop, for :func:`call_in_loop`."""
    from anyio.lowlevel import current_token

    return current_token()


def call_in_loop(function: Callable[[Any], T], token: Any = None) -> T:
    """Call ``function(token)`` in the running event loop, or from another thread in the loop of ``token``.

    Without a ``token`` the thread must be a worker thread of anyio. Raises :exc:`RuntimeError` if no loop is known, or
    if it has ended.
    """
    from anyio import from_thread
    from anyio.lowlevel import current_token

    try:
        here = current_token()
    except RuntimeError:  # no loop runs in this thread
        return from_thread.run_sync(lambda: function(current_token()), token=token)
    if token is not None and token.native_token is not here.native_token:
        return _call_there(function, token)
    return function(here)


def _call_there(function: Callable[[Any], T], token: Any) -> T:
    """Do as :func:`call_in_loop` in a thread that runs another loop, in which anyio does not wait for one of trio."""
    from concurrent.futures import Future

    result: Future[T] = Future()
    context = copy_context()
    forget_library(context)

    def call() -> None:
        try:
            result.set_result(context.run(function, token))
        except BaseException as error:
            result.set_exception(error)

    call_soon(call, token)
    return result.result()


def call_soon(function: Callable[[], Any], token: Any) -> None:
    """Have the event loop of ``token`` call a plain function; from any thread, and from a handler of a signal."""
    loop = token.native_token
    if hasattr(loop, "call_soon_threadsafe"):  # asyncio
        loop.call_soon_threadsafe(function)
    else:
        loop.run_sync_soon(function)
