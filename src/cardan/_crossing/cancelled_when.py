"""A block of async code that something else may end: cancelled when that happens, on asyncio and on trio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    import anyio
    from anyio.abc import TaskGroup

__all__ = ["CancelledWhen"]


class CancelledWhen:
    """``async with CancelledWhen(wait, make_error):`` cancels the block as soon as ``await wait()`` returns.

    The block then raises ``make_error()`` in place of the cancellation. A block that ends by itself is left alone, and
    an error that it raises is raised as it is. What ``wait`` raises cancels the block and is raised.
    """

    __slots__ = ("_failure", "_group", "_happened", "_make_error", "_scope", "_wait", "_waiting")

    def __init__(self, wait: Callable[[], Awaitable[Any]], make_error: Callable[[], Exception]) -> None:
        self._wait = wait
        self._make_error = make_error
        self._happened = False
        self._failure: Exception | None = None
        self._group: TaskGroup
        self._scope: anyio.CancelScope
        self._waiting: anyio.CancelScope

    async def __aenter__(self) -> None:
        import anyio

        self._waiting = anyio.CancelScope()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._listen)
        # a scope inside the group's: only what happens here may be taken for the cause of a cancellation
        self._scope = anyio.CancelScope()
        self._scope.__enter__()

    async def _listen(self) -> None:
        try:
            with self._waiting:
                await self._wait()
                self._happened = True
        except Exception as error:  # raised in the block's own task: the group would wrap it
            self._failure = error
        if self._happened or self._failure is not None:
            self._scope.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        try:
            self._scope.__exit__(kind, error, traceback)
        finally:
            self._waiting.cancel()
            await self._group.__aexit__(None, None, None)
        if not self._scope.cancelled_caught:
            return False
        failure, self._failure = self._failure, None
        raise (failure if failure is not None else self._make_error()) from None
