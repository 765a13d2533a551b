"""Async bodies: one task drives a body from the first step to the last, and it is cancelled at most once.

The caller gives the ``library`` that knows the event loop: :mod:`trio`, or :mod:`anyio` on asyncio and trio.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final, Protocol

from .._closing import aclose_all
from .._waiting import checkpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["TURN", "AsyncLibrary", "Shielding", "end", "pump"]

#: After this many items other tasks get their turn: a body and an ``emit`` that never wait must not block the loop.
TURN: Final = 16


class AsyncLibrary(Protocol):
    """What :meth:`~cardan.Response.aiter_events` needs of an async library; the modules trio and anyio are such."""

    @property
    def CancelScope(self) -> Callable[..., Any]:
        """A scope that can be cancelled, and that can shield its block from the scopes around it."""
        ...

    @property
    def Event(self) -> Callable[[], Any]:
        """An event that tasks can wait for."""
        ...

    @property
    def move_on_after(self) -> Callable[[float], Any]:
        """A scope that is cancelled after some seconds."""
        ...

    @property
    def current_effective_deadline(self) -> Callable[[], float]:
        """The time at which the running task will be cancelled; minus infinity if it is cancelled already."""
        ...


AsyncLibrary.__module__ = "cardan.core"


class Shielding:
    """Awaits one step of an async body. The step is cancelled at most once, and may then await while it cleans up.

    Every await of the step passes through this object. After a cancellation was thrown into the step, ``scope`` shields
    the awaits that follow, for as long as a scope around it stays cancelled. A time-out that the body itself has set
    changes nothing for later awaits: once it is over nothing is cancelled, and nothing is shielded.
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
            except (StopIteration, StopAsyncIteration) as end:
                if told:
                    self._is_cancelled()
                if isinstance(end, StopIteration):
                    return end.value
                raise
            if told:
                told = self._is_cancelled()
            try:
                answer, resume = (yield trap), steps.send
                error = getattr(answer, "error", None)  # trio sends its exceptions in, wrapped in an outcome
            except BaseException as thrown:
                error = answer = thrown
                resume = steps.throw
            told = told or _cancels(error)

    def _is_cancelled(self) -> bool:
        """Whether a scope around the step is still cancelled; if so, ``scope`` shields from it."""
        self._scope.shield = False
        self._scope.shield = cancelled = self._library.current_effective_deadline() == -inf
        return cancelled


def _cancels(error: BaseException | None) -> bool:
    """True if ``error`` cancels a task. The classes of asyncio and trio are not subclasses of :exc:`Exception`."""
    return error is not None and not isinstance(error, (Exception, GeneratorExit, KeyboardInterrupt, SystemExit))


async def pump(
    body: Any,
    emit: Callable[[Any], Awaitable[None]],
    library: AsyncLibrary,
    begin: Callable[[], Awaitable[None]] | None = None,
) -> bool:
    """Drive an async iterable in this task, from its first step to ``aclose()``; each item goes to ``emit``.

    ``begin()`` is awaited before the first step. When the task is cancelled the body is ended at once, exactly once,
    and its cleanup is not interrupted. Returns False if the body was ended in this way and has raised no error: then
    the caller has to raise the cancellation.
    """
    steps: Any = None
    is_whole = False
    count = 0
    with library.CancelScope() as scope:
        try:
            if begin is not None:
                await begin()
            steps = aiter(body)
            while True:
                try:
                    item = await Shielding(steps.__anext__(), scope, library)
                except StopAsyncIteration:
                    is_whole = not scope.shield
                    break
                if scope.shield:  # a body may swallow its cancellation, and yield again: nobody takes the item
                    break
                await emit(item)
                if (count := count + 1) % TURN == 0:
                    await checkpoint()
        finally:
            with library.CancelScope(shield=True):
                await end(body, steps)
    return is_whole


async def end(body: Any, steps: Any) -> None:
    """End ``steps``, the iterator of an async iterable, then ``body`` itself if it is another object."""
    ends = [body] if steps is body else [steps, body]
    await aclose_all([one.aclose for one in ends if hasattr(one, "aclose")])
