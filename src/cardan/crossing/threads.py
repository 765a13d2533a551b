"""Worker threads under an event loop: handlers, bodies, hooks and file work, each with places of its own."""

from __future__ import annotations

import os
from _thread import get_ident
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from .places import Lease, PerLoop, Places

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractContextManager

    import anyio

__all__ = [
    "DEFAULT_THREADS",
    "FILE_THREADS",
    "SPOOL_THREADS",
    "STREAM_THREADS",
    "WAITING_THREADS",
    "Threads",
    "Worker",
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
#: worker threads that may wait for a slow client at once, beside the handlers that run
WAITING_THREADS: Final = 1000
#: worker threads for the steps of sync response bodies: an event stream holds one for as long as it has no event
STREAM_THREADS: Final = 200

_spool_places: Final = PerLoop(lambda: Places(SPOOL_THREADS))
_file_places: Final = PerLoop(lambda: Places(FILE_THREADS))


class _Unlimited:
    """A limiter that lets everybody pass: the places are counted before a thread is asked for.

    It has what anyio (``async with``) and trio (the ``_on_behalf_of`` methods) ask of a limiter.
    """

    __slots__ = ()

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        pass

    def release_on_behalf_of(self, borrower: object) -> None:
        pass


_UNLIMITED: Final = cast("anyio.CapacityLimiter", _Unlimited())


def in_loop(function: Callable[..., Coroutine[Any, Any, T]], *args: Any, token: Any = None) -> T:
    """From any thread: run an async function in the event loop of ``token`` and wait for it.

    Without a token, in a worker thread: in the loop that the thread works for. It is then cancelled with the task that
    waits for the thread.
    """
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
    return await _run_shielded(_file_places.get(), function, *args)


async def run_spool_work(function: Callable[..., T], *args: Any) -> T:
    """Likewise for spooling, which copies to the page cache: one processor is left to the event loop."""
    return await _run_shielded(_spool_places.get(), function, *args)


async def _run_shielded(places: Places, function: Callable[..., T], *args: Any) -> T:
    import anyio
    from anyio import to_thread

    with anyio.CancelScope(shield=True):
        await places.take()
        try:
            return await to_thread.run_sync(function, *args, limiter=_UNLIMITED)
        finally:
            places.give_back()
    raise AssertionError  # pragma: no cover - a scope that nobody cancels lets nothing pass


class _LoopPlaces:
    """The places of one application in one event loop."""

    __slots__ = ("closing", "running", "streaming", "waiting")

    def __init__(self, count: int, waiting: int, streaming: int) -> None:
        self.running = Places(count)
        self.waiting = Places(waiting)
        self.streaming = Places(streaming)
        self.closing = Places(count)


class Threads:
    """How many worker threads an application may use in each event loop.

    ``count`` handlers run at once, and as many close hooks, which have places of their own: handlers may wait for what
    a hook gives back, a database connection for instance. ``waiting`` threads more may wait for a slow client;
    ``streaming`` threads are in a step of a sync response body.
    """

    __slots__ = ("count", "places", "streaming", "waiting")

    def __init__(self, count: int, waiting: int = WAITING_THREADS, streaming: int = STREAM_THREADS) -> None:
        for name, number, least in (
            ("threads", count, 1),
            ("waiting_threads", waiting, 0),
            ("stream_threads", streaming, 1),
        ):
            if number < least:
                raise ValueError(f"got {name}={number!r}, expected at least {least}")
        self.count = count
        self.waiting = waiting
        self.streaming = streaming
        self.places: PerLoop[_LoopPlaces] = PerLoop(partial(_LoopPlaces, count, waiting, streaming))


class Worker:
    """Runs the blocking functions of one request in worker threads, one after the other.

    ``lend`` is told of the place of each thread, which a wait for the client exchanges for another one.
    """

    __slots__ = ("_lend", "_places")

    def __init__(self, threads: Threads, lend: Callable[[Lease], None] | None = None) -> None:
        self._places = threads.places.get()
        self._lend = lend

    async def handle(self, function: Callable[..., T], *args: Any) -> T:
        """Run the handler, or a part of it."""
        return await self._run(self._places.running, function, args)

    async def step(self, function: Callable[..., T], *args: Any) -> T:
        """Run a step of a sync response body."""
        return await self._run(self._places.streaming, function, args)

    async def close(self, function: Callable[..., T], *args: Any) -> T:
        """Run a close hook, or the end of a body."""
        return await self._run(self._places.closing, function, args)

    async def _run(self, places: Places, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        from anyio import to_thread

        lease = Lease(places, self._places.waiting)
        await lease.take()
        try:
            if self._lend is not None:
                self._lend(lease)
            return await to_thread.run_sync(_run_with, lease, function, args, limiter=_UNLIMITED)
        finally:
            lease.end()


def _run_with(lease: Lease, function: Callable[..., T], args: tuple[Any, ...]) -> T:
    lease.thread = get_ident()
    return function(*args)


#: for what no application owns: a response that is served by itself
DEFAULT_THREADS: Final = Threads(40)
