"""Worker threads under an event loop: handlers and file work, each with a limit of its own for each loop."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractContextManager

    import anyio

__all__ = [
    "DEFAULT_THREADS",
    "FILE_THREADS",
    "SPOOL_THREADS",
    "WAITING_THREADS",
    "Lease",
    "Threads",
    "in_loop",
    "make_event",
    "run_file_work",
    "run_spool_work",
    "shielded",
]

T = TypeVar("T")

#: worker threads for file work, per event loop; handlers have their own (40 by default)
FILE_THREADS: Final = 16
#: worker threads that spool uploads: with as many as there are processors the loop's other tasks wait for one (four
#: uploads of 256 MiB on two processors: 15 to 25 ms at the 99th percentile with two threads, 1 to 3 ms with one)
SPOOL_THREADS: Final = max(1, min(FILE_THREADS, (os.cpu_count() or 2) - 1))
#: worker threads that handlers may hold in all, those included that wait for a slow client
WAITING_THREADS: Final = 1000


class _LoopLimiter:
    """A limiter for each event loop: one made on another loop cannot be waited for here."""

    __slots__ = ("_name", "_total", "_var")

    def __init__(self, name: str, total: int) -> None:
        self._name = name
        self._total = total
        self._var: Any = None

    def get(self) -> anyio.CapacityLimiter:
        """The limiter of the running loop."""
        import anyio
        from anyio.lowlevel import RunVar

        if self._var is None:
            self._var = RunVar(self._name)
        limiter: anyio.CapacityLimiter | None = self._var.get(None)
        if limiter is None:
            limiter = anyio.CapacityLimiter(self._total)
            self._var.set(limiter)
        return limiter


_spool_threads: Final = _LoopLimiter("cardan.spool_threads", SPOOL_THREADS)
_file_threads: Final = _LoopLimiter("cardan.file_threads", FILE_THREADS)
_waiting_threads: Final = _LoopLimiter("cardan.waiting_threads", WAITING_THREADS)


def in_loop(function: Callable[..., Coroutine[Any, Any, T]], *args: Any, token: Any = None) -> T:
    """From any thread: run an async function in the event loop of ``token`` and wait for it."""
    from anyio import from_thread

    return from_thread.run(function, *args, token=token)


def make_event() -> anyio.Event:
    """An event of the running loop."""
    import anyio

    return anyio.Event()


def shielded() -> AbstractContextManager[Any]:
    """A scope of the running loop in which nothing is cancelled: for cleanup."""
    import anyio

    return anyio.CancelScope(shield=True)


async def run_file_work(function: Callable[..., T], *args: Any) -> T:
    """Run a blocking file operation in a worker thread, also in a task that is cancelled: it may be what cleans up."""
    return await _run_shielded(_file_threads, function, *args)


async def run_spool_work(function: Callable[..., T], *args: Any) -> T:
    """Likewise for spooling, which copies to the page cache: one processor is left to the event loop."""
    return await _run_shielded(_spool_threads, function, *args)


async def _run_shielded(threads: _LoopLimiter, function: Callable[..., T], *args: Any) -> T:
    import anyio
    from anyio import to_thread

    with anyio.CancelScope(shield=True):
        return await to_thread.run_sync(function, *args, limiter=threads.get())
    raise AssertionError  # pragma: no cover - a scope that nobody cancels lets nothing pass


class Lease:
    """A handler's place among the ``threads`` handlers that run at once; free while it waits for its client."""

    __slots__ = ("_held", "_limiter", "_over")

    def __init__(self, limiter: anyio.CapacityLimiter) -> None:
        self._limiter = limiter
        self._held = self._over = False

    async def take(self) -> None:
        """Wait for a place; none is taken any more once the handler has returned."""
        if not self._over:
            await self._limiter.acquire_on_behalf_of(self)
            self._held = True

    def give_back(self) -> bool:
        """Free the place, if there is one; tells whether to take it again."""
        held, self._held = self._held, False
        if held:
            self._limiter.release_on_behalf_of(self)
        return held

    def end(self) -> None:
        """The handler has returned."""
        self._over = True
        self.give_back()


class Threads:
    """Runs handlers in worker threads, at most ``count`` of them at once in each event loop."""

    __slots__ = ("_places", "count")

    def __init__(self, count: int) -> None:
        self.count = count
        self._places = _LoopLimiter("cardan.threads", count)

    async def run(self, function: Callable[..., T], *args: Any, lend: Callable[[Lease], None] | None = None) -> T:
        """Run ``function``; ``lend`` is told of its lease, so that a wait for the client can give it back."""
        from anyio import to_thread

        lease = Lease(self._places.get())
        await lease.take()
        try:
            if lend is not None:
                lend(lease)
            return await to_thread.run_sync(function, *args, limiter=_waiting_threads.get())
        finally:
            lease.end()


#: for what no application owns: a response that is served by itself
DEFAULT_THREADS: Final = Threads(40)
