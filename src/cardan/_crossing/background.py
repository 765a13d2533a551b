"""A task that plain code can start, where no task group was opened for it in advance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import anyio

__all__ = ["BackgroundTask", "call_in_loop", "call_soon", "current_token"]

T = TypeVar("T")


class BackgroundTask:
    """Runs ``function`` in a task of its own in the running event loop, until it returns or :meth:`end` ends it.

    ``error`` is what the function raised, None where it did not. Whoever starts the task must end it: on asyncio it is
    a plain task, on trio a system task.
    """

    __slots__ = ("_function", "_over", "_stop", "error")

    def __init__(self, function: Callable[[], Awaitable[Any]]) -> None:
        import anyio
        from anyio.lowlevel import current_token

        self._function = function
        self._over = anyio.Event()
        self.error: Exception | None = None
        loop: Any = current_token().native_token
        self._stop: Callable[[], Any]
        if hasattr(loop, "create_task"):  # asyncio: its token is the loop itself
            task = loop.create_task(self._run())
            # not in the coroutine's ``finally``: a task that is cancelled before its first step never runs
            task.add_done_callback(lambda task: self._over.set())
            self._stop = task.cancel
        else:
            from contextvars import copy_context

            from trio.lowlevel import spawn_system_task

            scope = anyio.CancelScope()
            spawn_system_task(self._run_in, scope, context=copy_context())
            self._stop = scope.cancel

    async def _run_in(self, scope: anyio.CancelScope) -> None:
        try:
            with scope:
                await self._run()
        finally:
            self._over.set()

    async def _run(self) -> None:
        try:
            await self._function()
        except Exception as error:
            self.error = error

    @property
    def is_over(self) -> bool:
        """Whether the task has ended."""
        return self._over.is_set()

    def cancel(self) -> None:
        """Cancel the task, without waiting for its end; to be called in its loop."""
        self._stop()

    async def end(self) -> None:
        """Cancel the task and return when it has ended, also where the caller is cancelled."""
        self._stop()
        await self.wait()

    async def wait(self) -> None:
        """Return when the task has ended, also where the caller is cancelled."""
        import anyio

        with anyio.CancelScope(shield=True):
            await self._over.wait()


def current_token() -> Any:
    """What :func:`call_in_loop` finds the running event loop by."""
    from anyio.lowlevel import current_token

    return current_token()


def call_in_loop(function: Callable[[Any], T], token: Any = None) -> T:
    """Call ``function(token)`` in the event loop: in the running one, else from this thread in that of ``token``.

    Without a ``token`` the thread must be one of anyio's worker threads. Raises :exc:`RuntimeError` where no loop is
    known, or it has ended.
    """
    from anyio import from_thread
    from anyio.lowlevel import current_token

    try:
        here = current_token()
    except RuntimeError:  # no loop runs in this thread
        return from_thread.run_sync(lambda: function(current_token()), token=token)
    if token is not None and token.native_token is not here.native_token:
        return from_thread.run_sync(function, token, token=token)
    return function(here)


def call_soon(function: Callable[[], Any], token: Any) -> None:
    """Have the event loop of ``token`` call a plain function; from any thread, and from a handler of a signal."""
    loop = token.native_token
    if hasattr(loop, "call_soon_threadsafe"):  # asyncio
        loop.call_soon_threadsafe(function)
    else:
        loop.run_sync_soon(function)
