"""Interruptible: async code that ends early when something happens elsewhere, on asyncio and on trio."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from . import cleanup
from .cancellation import asyncio_task, log_lost
from .cleanup import failure_of, note_cleaning, start_in_context, wait_for_task

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    import anyio
    from anyio.abc import TaskGroup

__all__ = ["Interruptible"]


class Interruptible:
    """Code that is cancelled as soon as ``await watch()`` returns, or :meth:`interrupt` is called, in the same loop.

    The code then raises ``make_error()``, or the error that :meth:`interrupt` was given, in place of the cancellation.
    Code that ends by itself is left alone, and an error that it raises is raised as it is. An error that ``watch``
    raises cancels the code and is raised.

    For one run of code: a block, ``async with Interruptible(watch, make_error):``, or a function, see :meth:`run_here`
    and :meth:`run_apart`.
    """

    __slots__ = (
        "_cancel",
        "_error",
        "_group",
        "_is_closing",
        "_make_error",
        "_scope",
        "_watch",
        "_watching",
        "is_due",
    )

    def __init__(
        self,
        watch: Callable[[], Awaitable[Any]] | None = None,
        make_error: Callable[[], Exception] = RuntimeError,
    ) -> None:
        self._watch = watch
        self._make_error = make_error
        self._error: Exception | None = None
        """The error of the first interruption."""
        self._cancel: Callable[[], object] | None = None
        """Cancels the code, while it runs."""
        self._is_closing = False
        self.is_due = False
        """True if the code was to be cancelled while it was in :meth:`uncut`. It then has to raise a cancellation."""
        self._group: TaskGroup
        self._scope: anyio.CancelScope
        self._watching: anyio.CancelScope

    def interrupt(self, error: Exception) -> None:
        """Cancel the code, which then raises ``error``. Code that has not begun is cancelled as soon as it begins.

        Only the first interruption counts.
        """
        if self._error is None:
            self._error = error
            if self._cancel is not None:
                self._cancel()

    def let_end(self) -> None:
        """Interrupt the code no more: it has come to its end, which it completes by itself."""
        self._cancel = None

    async def uncut(self, closing: Awaitable[Any]) -> None:
        """In a function that :meth:`run_apart` has started: await ``closing``, which an interruption or a first
        cancellation does not cut short; see :attr:`is_due`.
        """
        self._is_closing = True
        try:
            await closing
        finally:
            self._is_closing = False

    def _tell(self, inner: asyncio.Task[Any]) -> None:
        if self._is_closing:
            self.is_due = True
        else:
            inner.cancel()

    async def _wait_for_reason(self) -> None:
        assert self._watch is not None
        try:
            await self._watch()
        except Exception as error:
            self.interrupt(error)
        else:
            self.interrupt(self._make_error())

    def _raise(self) -> None:
        error, self._error = self._error, None
        try:
            if error is not None:
                raise error from None
        finally:
            del error  # its traceback holds this frame: no cycle

    # --- a block of code in this task ---

    async def __aenter__(self) -> None:
        import anyio

        if self._watch is not None:
            self._watching = anyio.CancelScope()
            self._group = anyio.create_task_group()
            await self._group.__aenter__()
            self._group.start_soon(self._watch_in_group)
        # a scope inside the group's: only what happens here may be taken for the cause of a cancellation
        self._scope = anyio.CancelScope()
        self._scope.__enter__()
        self._cancel = self._scope.cancel
        if self._error is not None:
            self._cancel()

    async def _watch_in_group(self) -> None:
        with self._watching:
            await self._wait_for_reason()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._cancel = None
        try:
            self._scope.__exit__(kind, error, traceback)
        finally:
            if self._watch is not None:
                self._watching.cancel()
                self._group.cancel_scope.shield = True  # a cancellation here would hide an error of the code
                await self._group.__aexit__(None, None, None)
        if self._scope.cancelled_caught:
            self._raise()
        return False

    # --- a function ---

    async def run_here(self, function: Callable[[], Awaitable[Any]]) -> None:
        """Run ``function`` in this task."""
        failure: Exception | None = None
        try:
            async with self:
                try:
                    await function()
                except Exception as error:  # raised outside: the cancelled task of the group would refer to it, a cycle
                    failure = error
            if failure is not None:
                raise failure
        finally:
            del failure  # its traceback holds this frame: no cycle

    async def run_apart(self, function: Callable[[], Awaitable[Any]], otherwise: Callable[[], Awaitable[Any]]) -> None:
        """On asyncio, run ``function`` in a task of its own, in the context of this task, which watches meanwhile.

        The function is cancelled natively, and once: by an interruption, or however this task is cancelled. What it
        awaits while it cleans up is then not cancelled again, and it finds no cancelled scope around it. After a second
        native cancellation of this task it is cancelled whenever it waits for more than :data:`.cleanup.PATIENCE`
        seconds. The cancellation of this task is raised when the function has ended.

        On trio, ``otherwise`` is run in this task, as by :meth:`run_here`.
        """
        outer = asyncio_task()
        inner = start_in_context(outer, function) if outer is not None else None
        if outer is None or inner is None:
            await self.run_here(otherwise)
            return
        cancelled = failure = None
        try:
            cancelled, is_native = await self._attend(outer, inner)
            failure = None if inner.cancelled() else failure_of(inner)
            if failure is not None and is_native:
                log_lost("an error after a request was cancelled", failure)
            elif failure is not None:
                raise failure
            if cancelled is not None:
                raise cancelled
            if inner.cancelled():
                self._raise()
                inner.result()  # the function itself awaited something that was cancelled elsewhere
        finally:
            self._cancel = None
            del cancelled, inner, failure  # their tracebacks hold this frame: no cycle

    async def _attend(self, outer: asyncio.Task[Any], inner: asyncio.Task[Any]) -> tuple[BaseException | None, bool]:
        """Wait until ``inner`` has ended, and watch meanwhile; cancel it if there is a reason.

        Gives what has cancelled ``outer`` meanwhile, or None, and whether ``outer`` was cancelled natively.
        """
        import asyncio

        import anyio

        told = False

        def cancel() -> None:
            nonlocal told
            if not told:
                told = True
                # in the next turn: a task that is cancelled before its first step never runs, and closes nothing
                outer.get_loop().call_soon(self._tell, inner)

        cancelled: BaseException | None = None
        native = int(outer.cancelling() > 0)
        self._cancel = cancel
        if self._error is not None:
            cancel()
        with anyio.CancelScope() as waiting:
            while not inner.done():
                try:
                    if self._watch is not None and self._error is None and cancelled is None:
                        await self._watch_until(inner)
                    elif native < 2:
                        await wait_for_task(inner)
                    else:
                        await wait_for_task(inner, cleanup.PATIENCE)
                        inner.cancel()
                except asyncio.CancelledError as error:
                    if cancelled is not None or anyio.current_effective_deadline() != -inf:
                        native += 1
                    if cancelled is None:
                        cancelled = error
                        waiting.shield = True
                        cancel()
                    if native:
                        note_cleaning(inner)
        try:
            return cancelled, native > 0
        finally:
            del cancelled  # its traceback holds this frame: no cycle

    async def _watch_until(self, inner: asyncio.Task[Any]) -> None:
        """Watch until there is a reason to interrupt ``inner``, or it has ended."""
        import anyio

        with anyio.CancelScope() as watching:

            def stop(task: asyncio.Task[Any]) -> None:
                watching.cancel()

            inner.add_done_callback(stop)
            try:
                await self._wait_for_reason()
            finally:
                inner.remove_done_callback(stop)
