"""Jobs: a job is one call in a worker thread, and knows when the call has really ended.

``anyio.to_thread.run_sync`` cannot tell: :meth:`asyncio.Task.cancel` makes it return while the thread still runs, even
in a shielded scope.
"""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .background import call_soon, current_token, make_event
from .cancellation import is_cancellation, log_lost, wait_uncut
from .outflow import UNSENT, nobody
from .pool import UNLIMITED, is_possible, run_in_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from .outflow import Outflow
    from .places import Lease, Places

__all__ = ["Job", "run_to_end", "run_without_thread", "start"]

T = TypeVar("T")


class Job(Generic[T]):
    """A call of ``function``, to be made by a worker thread."""

    __slots__ = ("_args", "_begun", "_function", "_tell", "_withdrawn", "has_ended", "has_raised", "lease", "result")

    result: T

    def __init__(self, function: Callable[..., T], args: tuple[Any, ...]) -> None:
        self._function = function
        self._args = args
        self._withdrawn = False
        self.lease: Lease | None = None
        """The place of the thread; its ``thread`` is set when the job begins."""
        self._begun = allocate_lock()
        self._tell: Callable[[], Any] | None = None
        self.has_ended = self.has_raised = False

    def __call__(self) -> T | None:
        """In the thread: make the call, unless the job was withdrawn."""
        if not self.begin():
            return None
        try:
            self.result = result = self._function(*self._args)
        except BaseException as error:
            self.has_raised = True
            if self._tell is not None:
                log_lost("an error in a thread whose request was cancelled", error)
            raise
        else:
            return result
        finally:
            self.has_ended = True
            if self._tell is not None:
                self._tell()

    def begin(self) -> bool:
        """In the thread: prevent that the job is withdrawn. False if it was."""
        if not self._begun.acquire(False):
            return False
        if self.lease is not None:
            self.lease.thread = get_ident()
        return True

    def end(self, result: Any, error: BaseException | None = None) -> None:
        """In the thread: note how the job has ended, although the call was not made, or has not returned."""
        self.result = result
        self.has_raised = error is not None
        self.has_ended = True
        if self._tell is not None:
            if error is not None:
                log_lost("an error in a thread whose request was cancelled", error)
            self._tell()

    def withdraw(self) -> bool:
        """Prevent the call if it has not begun. True if it is prevented, also by an earlier call of this method."""
        self._withdrawn = self._withdrawn or self._begun.acquire(False)
        return self._withdrawn

    def when_ended(self, function: Callable[[], Any]) -> None:
        """In the loop of asyncio: have it call ``function`` once, when the thread has ended."""
        import asyncio

        loop = asyncio.get_running_loop()
        pending = [function]

        def call() -> None:
            if pending:
                pending.pop()()

        def tell() -> None:
            try:
                loop.call_soon_threadsafe(call)
            except RuntimeError:  # the loop is closed: no task waits any more
                pass

        self._tell = tell
        if self.has_ended:  # checked after the assignment: a job that ends later calls it
            call()


async def start(job: Job[T], outflow: Outflow | None = None) -> T:
    """Have a worker thread do ``job``, whatever the number of threads. What it gives to ``outflow`` is sent meanwhile.

    A scope that is cancelled while the thread runs is noticed after its end. A native cancellation of asyncio is raised
    at once, and the thread may be running then.
    """
    if is_possible():
        return cast("T", await run_in_pool(job, outflow))
    return await (_run_in_thread(job) if outflow is None else _start_beside(job, outflow))


def run_without_thread(job: Job[T], error: BaseException) -> T:
    """Do ``job`` in the event loop, because ``error`` says that the system starts no thread. The error is logged."""
    log_lost("no worker thread could be started", error)
    job()
    return job.result


async def _run_in_thread(job: Job[T]) -> T:
    """Do as :func:`start` where the threads are anyio's own."""
    from anyio import to_thread

    errors: list[BaseException] = []

    def call() -> None:
        try:
            job()
        except BaseException as error:
            errors.append(error)

    await to_thread.run_sync(call, limiter=UNLIMITED)
    if errors:  # not raised by ``call``: a frame of trio refers to what it raises, which would be a cycle
        raise errors.pop()
    return job.result


async def _start_beside(job: Job[T], outflow: Outflow) -> T:
    """Do as :func:`start` where the threads are anyio's own: a second task sends."""
    from anyio import create_task_group

    poked, over = make_event(), False
    failure: BaseException | None = None

    def poke() -> None:
        poked.set()

    async def send() -> None:
        nonlocal poked, failure
        try:
            while not over:
                await poked.wait()
                poked = make_event()
                await outflow.drain()
            await outflow.drain()
        except BaseException as error:
            outflow.stop()
            if not isinstance(error, Exception):
                raise
            if failure is not None:  # the body has failed before
                log_lost(UNSENT, failure)
            failure = error

    outflow.wake = partial(call_soon, poke, current_token())
    try:
        try:
            async with create_task_group() as group:
                group.start_soon(send)
                try:
                    await _run_in_thread(job)
                except Exception as error:
                    if failure is None:
                        failure = error
                    else:
                        log_lost(UNSENT, error)
                outflow.step_ended()
                over = True
                poked.set()
        except BaseException as error:
            # if the thread has ended, a cancellation is raised again by what is awaited next
            if failure is None and (not job.has_ended or job.has_raised or not is_cancellation(error)):
                raise
        if failure is not None:
            raise failure
        return job.result
    finally:
        outflow.wake = nobody  # the other one refers to this frame: no cycle
        del failure  # its traceback holds this frame: no cycle


async def run_to_end(places: Places, function: Callable[..., T], *args: Any) -> T:
    """Call ``function`` in a worker thread that has one of ``places``, and return when the thread has ended.

    The call is made, and its end is waited for, even if the task is cancelled; that is raised then. Use it
    for short work, such as file operations, that must not continue after the task has ended. If the system starts no
    thread, the call is made in the event loop: it may be one that closes a file.
    """
    import anyio

    cancelled: BaseException | None = None
    job: Job[T] | None = None
    try:
        with anyio.CancelScope(shield=True):
            while job is None:
                try:
                    await places.take()
                    job = Job(function, args)
                except BaseException as error:
                    if not is_cancellation(error):
                        raise
                    cancelled = cancelled or error
            try:
                while not job.has_ended:
                    try:
                        await start(job)
                    except BaseException as error:
                        lacks_thread = isinstance(error, Exception)  # not so a KeyboardInterrupt or GeneratorExit
                        if job.has_raised or not (job.withdraw() if lacks_thread else is_cancellation(error)):
                            raise
                        if lacks_thread:
                            job = Job(function, args)
                            run_without_thread(job, error)
                            break
                        cancelled = cancelled or error
                        if not job.has_ended:
                            if job.withdraw():
                                job = Job(function, args)
                            else:
                                ended = anyio.Event()
                                job.when_ended(ended.set)
                                await wait_uncut(ended)
            finally:
                places.give_back()
        assert job is not None
        if cancelled is not None:
            raise cancelled
        return job.result
    finally:
        del cancelled  # its traceback holds this frame: no cycle
