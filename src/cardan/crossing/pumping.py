"""Async bodies: driven by one task from the first step to the last, and told once that it is over."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from .contexts import CallersContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import anyio

    from .contexts import RequestContext

__all__ = ["Shielding", "pump"]


class Shielding:
    """Awaits one step of an async body that may clean up in ``finally``, awaiting: it is told once that it is over, and
    then left in peace.

    Every await of the step passes here. After a cancellation was thrown into it, ``scope`` shields the awaits that
    follow for as long as something around it stays cancelled. Its own timeouts are none of our business: once they are
    over nothing is cancelled, and nothing is shielded.
    """

    __slots__ = ("_awaitable", "_cancelled", "_scope")

    def __init__(self, awaitable: Any, scope: anyio.CancelScope, cancelled: type[BaseException]) -> None:
        self._awaitable = awaitable
        self._scope = scope
        self._cancelled = cancelled

    def __await__(self) -> Any:
        from anyio import current_effective_deadline

        steps = self._awaitable.__await__()
        resume, answer = steps.send, None
        told = False
        while True:
            try:
                trap = resume(answer)
            except StopIteration as stop:
                return stop.value
            if told:
                self._scope.shield = False
                told = self._scope.shield = current_effective_deadline() == -inf
            try:
                answer, resume = (yield trap), steps.send
                error = getattr(answer, "error", None)  # trio sends its exceptions in, wrapped in an outcome
            except BaseException as thrown:
                error = answer = thrown
                resume = steps.throw
            told = told or isinstance(error, self._cancelled)


async def pump(body: Any, emit: Callable[[Any], Awaitable[None]], context: RequestContext | None = None) -> None:
    """Drive an async iterable in this task, from its first step to ``aclose()``; each item goes to ``emit``.

    The steps of the body run in ``context``, by default that of the task, in which ``emit`` runs always.
    When the task is cancelled the body is ended at once, exactly once, and its cleanup is not interrupted.
    """
    import anyio

    cancelled = anyio.get_cancelled_exc_class()
    context = context or CallersContext()
    with anyio.CancelScope() as scope:
        steps = context.call(aiter, body)
        try:
            while not scope.shield:
                try:
                    item = await Shielding(context.here(steps.__anext__()), scope, cancelled)
                except StopAsyncIteration:
                    break
                await emit(item)
        finally:
            if (aclose := getattr(steps, "aclose", None)) is not None:
                with anyio.CancelScope(shield=True):
                    await context.here(aclose())
