"""Async bodies: driven by one task from the first step to the last, and told once that it is over.

What only an event loop can do is taken from the ``library`` that is given: :mod:`trio`, or :mod:`anyio` on asyncio and
trio.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from .closing import aclose_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["AsyncLibrary", "Shielding", "end", "pump"]


class AsyncLibrary(Protocol):
    """What is used of :mod:`trio` or :mod:`anyio`; either module is one."""

    @property
    def CancelScope(self) -> Callable[..., Any]:
        """A scope that can be cancelled, and that can shield."""
        ...

    @property
    def Event(self) -> Callable[[], Any]:
        """What a task can wait for."""
        ...

    @property
    def move_on_after(self) -> Callable[[float], Any]:
        """A scope that is cancelled after some seconds."""
        ...

    @property
    def current_effective_deadline(self) -> Callable[[], float]:
        """When the running task will be cancelled; minus infinity where it is."""
        ...


class Shielding:
    """Awaits one step of an async body that may clean up in ``finally``, awaiting: it is told once that it is over, and
    then left in peace.

    Every await of the step passes here. After a cancellation was thrown into it, ``scope`` shields the awaits that
    follow for as long as something around it stays cancelled. Its own timeouts are none of our business: once they are
    over nothing is cancelled, and nothing is shielded.
    """

    __slots__ = ("_awaitable", "_library", "_scope")

    def __init__(self, awaitable: Any, scope: Any, library: AsyncLibrary) -> None:
        self._awaitable = awaitable
        self._scope = scope
        self._library = library

    def __await__(self) -> Any:
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
                told = self._scope.shield = self._library.current_effective_deadline() == -inf
            try:
                answer, resume = (yield trap), steps.send
                error = getattr(answer, "error", None)  # trio sends its exceptions in, wrapped in an outcome
            except BaseException as thrown:
                error = answer = thrown
                resume = steps.throw
            told = told or _cancels(error)


def _cancels(error: BaseException | None) -> bool:
    """Whether ``error`` cancels a task: the classes of asyncio and trio are no :exc:`Exception`."""
    return error is not None and not isinstance(error, (Exception, GeneratorExit, KeyboardInterrupt, SystemExit))


async def pump(body: Any, emit: Callable[[Any], Awaitable[None]], library: AsyncLibrary) -> None:
    """Drive an async iterable in this task, from its first step to ``aclose()``; each item goes to ``emit``.

    When the task is cancelled the body is ended at once, exactly once, and its cleanup is not interrupted.
    """
    steps: Any = None
    with library.CancelScope() as scope:
        try:
            steps = aiter(body)
            while not scope.shield:
                try:
                    item = await Shielding(steps.__anext__(), scope, library)
                except StopAsyncIteration:
                    break
                await emit(item)
        finally:
            with library.CancelScope(shield=True):
                await end(body, steps)


async def end(body: Any, steps: Any) -> None:
    """End ``steps``, the iterator of an async iterable, then ``body`` itself where that is another object."""
    ends = [body] if steps is body else [steps, body]
    await aclose_all([one.aclose for one in ends if hasattr(one, "aclose")])
