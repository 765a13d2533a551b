"""A thread that one request keeps for all of its jobs, from the first to the last.

No other request runs in the thread meanwhile. Values in a :class:`threading.local` that one job of the request has
stored are therefore there in its later jobs. On asyncio the thread is one of the pool. Elsewhere it is a worker thread
of anyio, which a background task holds until the request gives it back.
"""

from __future__ import annotations

import queue  # its names are looked up when they are used: gevent may replace them after the import
from contextlib import suppress
from contextvars import Context, copy_context
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .background import BackgroundTask, call_soon, current_token, make_event
from .cancellation import is_cancellation, log_lost, shielded
from .outflow import UNSENT, nobody
from .pool import UNLIMITED, Keeper, is_possible, run_in_pool
from .turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from .jobs import Job
    from .outflow import Outflow

__all__ = ["KeptThread"]

T = TypeVar("T")


class KeptThread:
    """The thread of one request. The first job asks for it."""

    __slots__ = ("_keeper", "_lent")

    def __init__(self) -> None:
        self._keeper = Keeper()
        self._lent: _LentThread | None = None

    async def run(self, job: Job[T], outflow: Outflow | None = None) -> T:
        """Have the thread do ``job``, as :func:`~cardan._crossing.jobs.start` does."""
        if is_possible():
            return cast("T", await run_in_pool(job, outflow, self._keeper))
        if self._lent is None:
            self._lent = _LentThread()
        return await self._lent.run(job, outflow)

    def give_back(self) -> None:
        """In the loop: give the thread back, because the request needs it no more."""
        self._keeper.give_back()
        lent, self._lent = self._lent, None
        if lent is not None:
            lent.end()


class _LentCall:
    """A call that the thread is to make, and the error that it has raised. ``tell()`` tells the loop of its end."""

    __slots__ = ("_context", "_job", "error", "outflow", "tell")

    def __init__(self, job: Job[Any], outflow: Outflow | None, tell: Callable[[], None]) -> None:
        self._context = copy_context()
        self._job = job
        self.outflow = outflow
        self.tell = tell
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._context.run(self._job)
        except BaseException as error:
            self.error = error

    def begin(self) -> bool:
        return self._job.begin()

    def end(self, result: Any, error: BaseException | None = None) -> None:
        self.error = error
        self._job.end(result, error)


class _LentThread:
    """A worker thread of anyio that makes one call after the other, until it is ended."""

    __slots__ = ("_failure", "_queue", "_shield", "_token")

    def __init__(self) -> None:
        from anyio import CancelScope

        self._token = current_token()
        self._shield = CancelScope(shield=True)
        """It stands in a scope that is cancelled. Taking the shield away cancels what a call awaits in the loop."""
        self._failure: Exception | None = None
        """Why there is no thread, if the system has started none."""
        self._queue: queue.SimpleQueue[_LentCall | None] = queue.SimpleQueue()
        # not in the context of the request, which would be kept as long as the thread
        Context().run(BackgroundTask, self._lend)

    async def _lend(self) -> None:
        from anyio import CancelScope, to_thread

        with CancelScope() as around:
            around.cancel()
            with self._shield:
                try:
                    await to_thread.run_sync(self._serve, limiter=UNLIMITED)
                except Exception as error:  # the calls do not raise there: no thread was started
                    self._failure = error.with_traceback(None)
                    self._refuse_calls()

    def _refuse_calls(self) -> None:
        """In the loop: end the calls that wait for a thread which does not start."""
        with suppress(queue.Empty):
            while (call := self._queue.get_nowait()) is not None:
                call.error = copy(self._failure)
                call.tell()

    def _serve(self) -> None:
        """In the thread: make the calls."""
        turns = Turns(self._queue.get, self._tell_end)
        while (call := self._queue.get()) is not None:
            turns.make(call)
            del call  # nothing is kept while the thread waits for the next call

    def _tell_end(self, call: _LentCall) -> None:
        """In the thread: a call has ended."""
        call_soon(call.tell, self._token)

    async def run(self, job: Job[T], outflow: Outflow | None) -> T:
        """Make a call. If the task is cancelled meanwhile, what the thread awaits in the loop is cancelled as well."""
        from anyio.lowlevel import checkpoint_if_cancelled

        await checkpoint_if_cancelled()
        if self._failure is not None:
            raise copy(self._failure)
        told, has_ended = make_event(), False
        failure: BaseException | None = None

        def poke() -> None:
            told.set()

        def end() -> None:
            nonlocal has_ended, failure
            has_ended = True
            failure, call.error = call.error, None
            self._shield.shield = True  # also if this call was cancelled, the next one is not
            if outflow is not None:
                outflow.step_ended()
            told.set()

        if outflow is not None:
            outflow.wake = partial(call_soon, poke, self._token)
        call = _LentCall(job, outflow, end)
        self._queue.put(call)
        try:
            while not has_ended:
                await told.wait()
                told = make_event()
                if outflow is not None:
                    await outflow.drain()
            if outflow is not None:
                await outflow.drain()
        except BaseException as error:
            if outflow is not None:
                outflow.stop()
            cancelled = is_cancellation(error)
            if cancelled and not has_ended:
                if job.withdraw():
                    raise
                # the thread runs, and goes on: only what it awaits in the loop is cancelled
                self._shield.shield = False
            with shielded():
                while not has_ended:
                    await told.wait()
                    told = make_event()
            if not cancelled:  # sending has failed
                if failure is not None:
                    log_lost(UNSENT, failure)
                raise
            if failure is not None and is_cancellation(failure):
                raise  # the cancellation of this task, in place of that of the one that lends the thread
            # else the outcome of the job counts: a scope raises its cancellation again at what is awaited next
        finally:
            if outflow is not None:
                outflow.wake = nobody  # the other one refers to this frame: no cycle
            call.tell = nobody  # so does this one
            failure, raised = None, failure  # the traceback of an error holds this frame: no cycle
        try:
            if raised is not None:
                raise raised
        finally:
            del raised
        return job.result

    def end(self) -> None:
        """End the thread when it has made its last call."""
        self._queue.put(None)
