"""Worker threads under an event loop: handlers, bodies, hooks and file work, each with places of its own."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from . import cleanup
from .background import make_event
from .cancellation import is_asked, is_cancellation, shielded, wait_out, wait_uncut
from .cleanup import run_uncut
from .jobs import Job, run_to_end, run_without_thread, start
from .kept import KeptThread
from .outflow import Outflow
from .places import Lease, PerLoop, Places

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

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
    "run_file_work",
    "run_spool_work",
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


def in_loop(function: Callable[..., Coroutine[Any, Any, T]], *args: Any, token: Any = None) -> T:
    """From any thread: run an async function in the event loop of ``token`` and wait for it.

    Without a token the caller must be in a worker thread. The function then runs in the loop that the thread works for,
    and is cancelled with the task that waits for the thread.
    """
    from anyio import from_thread

    return from_thread.run(function, *args, token=token)


async def run_file_work(function: Callable[..., T], *args: Any) -> T:
    """Run a blocking file operation in a worker thread, also if the task is cancelled: it may be cleanup."""
    return await run_to_end(_file_places.get(), function, *args)


async def run_spool_work(function: Callable[..., T], *args: Any) -> T:
    """Do the same for spooling, which copies to the page cache, in so few threads that the loop keeps a processor."""
    return await run_to_end(_spool_places.get(), function, *args)


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

    A task that asyncio cancels natively leaves a thread that still runs. The worker then starts nothing before that
    thread has ended; what has to follow it goes through :meth:`finish`.
    """

    __slots__ = (
        "_deadline",
        "_ended",
        "_in_thread",
        "_is_cancelled",
        "_is_parked",
        "_kept",
        "_lend",
        "_tail",
        "_threads",
    )

    def __init__(self, threads: Threads, lend: Callable[[Lease], None] | None = None) -> None:
        self._threads = threads
        self._lend = lend
        self._in_thread = False
        self._kept: KeptThread | None = None
        self._is_cancelled = False
        """True if the task of the request was cancelled: what still runs of it must not wait for its client."""
        self._is_parked = False
        self._deadline: float | None = None
        self._ended: anyio.Event | None = None
        self._tail: anyio.Event | None = None

    @property
    def is_busy(self) -> bool:
        """True if a thread still runs although its task, which was cancelled, does not wait for it."""
        return self._ended is not None and not self._ended.is_set()

    @property
    def lags(self) -> bool:
        """True if a thread or cleanup of the request still runs although its task does not wait for it."""
        return self.is_busy or (self._tail is not None and not self._tail.is_set())

    @property
    def keeps_thread(self) -> bool:
        """True if all functions run in the same thread, and no other request runs there meanwhile."""
        return self._kept is not None

    def keep_thread(self) -> None:
        """Run all functions in the same thread, until :meth:`give_thread_back`. To be called before the first one."""
        self._kept = KeptThread()

    def park_thread(self) -> bool:
        """Let the thread that is kept wait for a slow client, between the functions, among those that wait.

        Returns False if as many wait as may.
        """
        if not self._is_parked:
            self._is_parked = self._threads.places.get().waiting.take_nowait()
        return self._is_parked

    def give_thread_back(self) -> None:
        """Keep the thread no longer, if it is kept."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.give_back()
        if self._is_parked:
            self._is_parked = False
            self._threads.places.get().waiting.give_back()

    async def handle(
        self,
        function: Callable[..., T],
        *args: Any,
        discard: Callable[[T], Awaitable[Any]],
    ) -> T:
        """Run the handler, or a part of it. After a cancellation ``discard`` gets its result, to end it."""
        return await self._run(self._threads.places.get().running, Job(function, args), discard)

    async def step(self, function: Callable[..., T], *args: Any) -> T:
        """Run code that belongs to a sync response body."""
        return await self._run(self._threads.places.get().streaming, Job(function, args))

    async def stream(
        self,
        chunks: Iterator[Any],
        emit: Callable[[Any], Awaitable[None]],
        within: Callable[..., Awaitable[bool]],
        source: object,
    ) -> None:
        """Send the chunks of ``source``, a sync response body, by ``emit``.

        They are taken in steps. ``within(run, function)`` awaits ``run(function)``, which runs a step, in the context
        of the request.
        """
        places = self._threads.places.get().streaming
        outflow = Outflow(chunks, emit, places.is_wanted, source)

        async def step(function: Callable[..., bool], *args: Any) -> bool:
            return await self._run(places, Job(function, args), outflow=outflow)

        while not await within(step, outflow.step):
            pass
        if outflow.stopped:  # by a cancellation, which start() has not raised; what was taken at last was not sent
            from anyio.lowlevel import checkpoint_if_cancelled

            await checkpoint_if_cancelled()

    async def close(self, function: Callable[..., T], *args: Any) -> T:
        """Run a close hook, or the end of a body.

        It is begun however the task is cancelled; what was cancelled before is raised afterwards. If the system starts
        no thread, it runs in the event loop: it may give back what others wait for.
        """
        cancelled: BaseException | None = None
        job = Job(function, args)
        try:
            with shielded():
                while True:
                    try:
                        result = await self._run(self._threads.places.get().closing, job)
                        break
                    except BaseException as error:
                        lacks_thread = isinstance(error, Exception)  # not so a KeyboardInterrupt or GeneratorExit
                        if job.has_raised or not (lacks_thread or is_cancellation(error)) or not job.withdraw():
                            raise
                        job = Job(function, args)
                        if lacks_thread:
                            result = run_without_thread(job, error)
                            break
                        cancelled = error
            if cancelled is not None:
                raise cancelled
            return result
        finally:
            del cancelled  # its traceback holds this frame: no cycle

    async def _run(
        self,
        places: Places,
        job: Job[T],
        discard: Callable[[T], Awaitable[Any]] | None = None,
        outflow: Outflow | None = None,
    ) -> T:
        await self.settle()
        all_places = self._threads.places.get()
        lease = job.lease = Lease(places, all_places.waiting, all_places.streaming)
        lease.is_cancelled = self._is_cancelled
        await lease.take()
        if self._lend is not None:
            self._lend(lease)
        self._in_thread = True
        if outflow is not None:
            outflow.step_ended = lease.end  # a client that is slow to take the last chunks keeps no place
        try:
            result = await (start(job, outflow) if self._kept is None else self._kept.run(job, outflow))
        except BaseException as error:
            if job.has_raised or not is_cancellation(error) or (not job.has_ended and job.withdraw()):
                lease.end()
                raise
            self._leave(job, lease)
            if discard is not None:
                await self.finish(partial(_discard, job, discard))
            raise
        finally:
            self._in_thread = False
        lease.end()
        return result

    def _leave(self, job: Job[Any], lease: Lease) -> None:
        """Keep the place of a thread until it ends. Its task was cancelled natively, and cannot wait for it."""
        ended = self._ended = make_event()
        self._is_cancelled = True

        def end() -> None:
            lease.end()
            ended.set()

        job.when_ended(end)
        lease.cancel()

    async def settle(self) -> None:
        """Wait for the end of a thread that still runs (:attr:`is_busy`). A cancellation is raised after that."""
        if self._ended is not None and not self._ended.is_set():
            await wait_out(self._ended)

    async def finish(self, function: Callable[[], Awaitable[Any]]) -> None:
        """Run an async function that cleans up, when the thread and the cleanup before it have ended; see
        :func:`run_uncut` for what happens when the task is cancelled meanwhile.
        """
        before, after = self._tail, make_event()
        self._tail = after
        self._is_cancelled = self._is_cancelled or is_asked()

        async def in_turn() -> None:
            try:
                if before is not None:
                    await wait_uncut(before)
                if self._ended is not None:
                    await wait_uncut(self._ended)
                await function()
            finally:
                after.set()

        await run_uncut(in_turn, self._patience)

    def _patience(self) -> float | None:
        """How many seconds a cancelled task still waits for a thread; None if no thread runs."""
        import anyio

        if not (self.is_busy or self._in_thread):
            return None
        if self._deadline is None:
            self._deadline = anyio.current_time() + cleanup.PATIENCE
        return max(self._deadline - anyio.current_time(), 0)


async def _discard(job: Job[T], discard: Callable[[T], Awaitable[Any]]) -> None:
    if not job.has_raised:
        await discard(job.result)


#: for what no application owns: a response that is served by itself
DEFAULT_THREADS: Final = Threads(40)
