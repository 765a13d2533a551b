"""Async bodies under anyio: driven by :func:`cardan.core.response.pumping.pump`, in the context of their request."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from ..core.response import pumping
from .uncut import steer

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


async def pump(body: Any, emit: Callable[[Any], Awaitable[None]], context: RequestContext | None = None) -> None:
    """Drive an async iterable in this task, from its first step to ``aclose()``; each item goes to ``emit``.

    The steps of the body run in ``context``, by default that of the task, in which ``emit`` runs always.
    When the task is cancelled the body is ended at once, exactly once, and its cleanup is not interrupted; only a
    second :meth:`asyncio.Task.cancel` does that. On asyncio the body therefore has a task of its own. What is closed is
    the iterator, then the body itself where that is another object.
    """
    import anyio

    await steer(partial(pumping.pump, body if context is None else _Within(body, context), emit, anyio))
