"""Drives async bodies in an event loop, from their first step to their end, in the context of their request."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from ..core._response import pumping
from ..core._waiting import checkpoint
from .cancellation import asyncio_task
from .contexts import OwnContext
from .interruptible import Interruptible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .contexts import RequestContext

__all__ = ["pump"]


class _Within:
    """The async iterable ``body`` with each of its steps, and its end, run in ``context``."""

    __slots__ = ("_body", "_context", "_steps")

    def __init__(self, body: Any, context: RequestContext) -> None:
        self._body = body
        self._context = context
        self._steps: Any = None

    def __aiter__(self) -> Self:
        self._steps = self._context.call(aiter, self._body)
        return self

    def __anext__(self) -> Awaitable[Any]:
        return self._context.here(self._steps.__anext__())

    async def aclose(self) -> None:
        """End the iterator and the body, as far as they can be ended."""
        await self._context.here(pumping.end(self._body, self._steps))


async def _nothing() -> None:
    pass


async def pump(
    body: Any,
    emit: Callable[[Any], Awaitable[None]],
    context: RequestContext | None = None,
    *,
    run: Interruptible | None = None,
    begin: Callable[[], Awaitable[None]] = _nothing,
    finish: Callable[[], Awaitable[None]] = _nothing,
) -> None:
    """Drive an async iterable from its first step to ``aclose()``; each item goes to ``emit``.

    In the same task, ``begin()`` is awaited before the first step, and ``finish()`` at the end, unless the task was
    cancelled. The steps of the body run in ``context``, by default that of this task; ``begin``, ``emit`` and
    ``finish`` always run in the context of this task.

    When this task is cancelled, or ``run`` is interrupted, the body is ended at once and exactly once, and its cleanup
    is not cancelled; only a second :meth:`asyncio.Task.cancel` does that. On asyncio the body therefore has a task of
    its own. The iterator is closed, then the body itself if it is another object.
    """
    source = _Within(body, context) if isinstance(context, OwnContext) else body
    run = run or Interruptible()
    await run.run_apart(
        partial(_drive, run, source, emit, begin, finish), partial(_drive_in_scopes, source, emit, begin, finish)
    )


async def _drive(
    run: Interruptible,
    body: Any,
    emit: Callable[[Any], Awaitable[None]],
    begin: Callable[[], Awaitable[None]],
    finish: Callable[[], Awaitable[None]],
) -> None:
    """In a task of asyncio that is cancelled natively, once, and by no scope."""
    task = asyncio_task()
    assert task is not None
    is_told: Callable[[], int] = task.cancelling
    steps: Any = None
    count = 0
    try:
        try:
            await begin()
            steps = aiter(body)
            step = steps.__anext__
            # What ``emit`` awaits may swallow the cancellation. So may a body, and yield again: nobody takes the item.
            while not is_told():  # pragma: no branch: Python 3.11 traces no line after a throw into what is awaited
                try:
                    item = await step()
                except StopAsyncIteration:
                    break
                if not is_told():  # pragma: no branch: likewise
                    await emit(item)
                if (count := count + 1) % pumping.TURN == 0:
                    await checkpoint()
        finally:
            await run.uncut(pumping.end(body, steps))
        if is_told() or run.is_due:
            import asyncio

            raise asyncio.CancelledError  # in place of the one that the body has swallowed
        await finish()
    finally:
        del task, is_told  # the task refers to the traceback of its error, which holds this frame: no cycle


async def _drive_in_scopes(
    body: Any,
    emit: Callable[[Any], Awaitable[None]],
    begin: Callable[[], Awaitable[None]],
    finish: Callable[[], Awaitable[None]],
) -> None:
    """In a task that scopes cancel."""
    import anyio
    from anyio.lowlevel import checkpoint_if_cancelled

    if not await pumping.pump(body, emit, anyio, begin):
        await checkpoint_if_cancelled()  # raises the cancellation that the body has swallowed
    await finish()
