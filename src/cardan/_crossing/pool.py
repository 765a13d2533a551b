"""Pool: the worker threads of one event loop of asyncio, each of which does one job after the other.

A thread of the pool gets its jobs by a queue, which takes half the time of ``anyio.to_thread.run_sync``. To the code
that it runs it looks like a worker thread of anyio: ``anyio.from_thread.run()`` works without a token, and is cancelled
with the task that waits for the thread.
"""

from __future__ import annotations

import queue  # its names are looked up when they are used: gevent may replace them after the import
import threading
from _thread import allocate_lock, get_ident
from collections import deque
from contextlib import suppress
from contextvars import Context, copy_context
from functools import cache, partial
from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from weakref import WeakValueDictionary, ref

from .cancellation import asyncio_task, is_asked, is_cancellation, log_lost
from .outflow import UNSENT, nobody
from .places import PerLoop
from .turns import Turns

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Awaitable, Callable

    import anyio

    from .outflow import Outflow
    from .turns import KeptJob

__all__ = ["UNLIMITED", "Keeper", "is_possible", "run_in_pool", "run_in_task"]

T = TypeVar("T")

#: seconds after which a thread without a job may be ended; anyio has the same
_IDLE_SECONDS: Final = 10
#: seconds after which a cancelled job is told again
_AGAIN: Final = 0.01
#: the name, in anyio.from_thread, of the variables of a thread by which anyio (4.11 and later) knows its worker threads
_KNOWN: Final = "threadlocals"


class _Unlimited:
    """A limiter that never makes a task wait: the places are counted before a thread is asked for.

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


UNLIMITED: Final = cast("anyio.CapacityLimiter", _Unlimited())


class _Errand:
    """An async function that the task of a call awaits for its thread, which waits for the end."""

    __slots__ = ("_args", "_function", "_told", "error", "is_done")

    def __init__(self, function: Callable[..., Awaitable[None]], args: tuple[Any, ...]) -> None:
        self._function = function
        self._args = args
        self._told = allocate_lock()
        self._told.acquire()
        self.is_done = False
        """False if the task does nothing more for its thread, because it was cancelled."""
        self.error: Exception | None = None

    def wait(self) -> bool:
        """In the thread: wait for the end. Raises what the function has raised. Gives :attr:`is_done`."""
        self._told.acquire()
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback holds this frame: no cycle
        return self.is_done

    async def run(self) -> None:
        """In the loop: await the function. Raises only what ends the task; an error is kept for the thread."""
        try:
            await self._function(*self._args)
            self.is_done = True
        except Exception as error:
            self.error = error
        except BaseException as error:
            if not is_cancellation(error) or is_asked():  # else it is that of something else
                raise
        finally:
            self._told.release()

    def refuse(self) -> None:
        """In the loop: the task does not run it."""
        self._told.release()


class _Call:
    """A function that a thread is to call, and how the call has ended."""

    __slots__ = ("_errand", "context", "error", "function", "has_host", "is_over", "outflow", "result", "waiter")

    def __init__(
        self, function: Callable[[], Any], waiter: asyncio.Future[None], outflow: Outflow | None = None
    ) -> None:
        self.context = copy_context()
        self.function = function
        self.outflow = outflow
        self.waiter = waiter
        """Set, in the loop, when the call has ended."""
        self.is_over = False
        self.has_host = outflow is None
        """True while the task that waits for the end awaits errands meanwhile. A task that sends a body awaits none."""
        self._errand: _Errand | None = None
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """In the thread: make the call."""
        try:
            self.result = self.context.run(self.function)
        except BaseException as error:
            self.error = error

    def begin(self) -> bool:
        """In the thread: begin the call without making it. False if it was withdrawn. The function is a job."""
        return cast("KeptJob", self.function).begin()

    def end(self, result: Any, error: BaseException | None = None) -> None:
        """In the thread: note how the call has ended, although it was not made, or has not returned."""
        self.result, self.error = result, error
        cast("KeptJob", self.function).end(result, error)

    def wake(self) -> None:
        """In the loop: the call has ended."""
        self.is_over = True
        if self.outflow is not None:
            self.outflow.step_ended()
        if not self.waiter.done():  # else the task was cancelled
            self.waiter.set_result(None)

    def ask(self, function: Callable[..., Awaitable[None]], *args: Any) -> bool:
        """In the thread: have the task await ``function(*args)``. Gives False, soon, if the task is cancelled."""
        if not self.has_host:
            return False
        errand = _Errand(function, args)
        try:
            self.waiter.get_loop().call_soon_threadsafe(self._accept, errand)
        except RuntimeError:  # the loop is closed
            return False
        return errand.wait()

    def _accept(self, errand: _Errand) -> None:
        """In the loop: take an errand, or refuse it if no task awaits errands any more."""
        if not self.has_host:
            errand.refuse()
            return
        self._errand = errand
        if not self.waiter.done():  # else the task was cancelled
            self.waiter.set_result(None)

    async def serve(self) -> None:
        """In the loop: await the errands, until the call has ended."""
        await self.waiter
        while self._errand is not None:
            errand, self._errand = self._errand, None
            self.waiter = self.waiter.get_loop().create_future()
            await errand.run()
            del errand
            await self.waiter

    def leave(self) -> None:
        """In the loop: the task awaits no further errand."""
        self.has_host = False
        errand, self._errand = self._errand, None
        if errand is not None:
            errand.refuse()

    def poke(self) -> None:
        """In the loop: something waits to be sent."""
        if not self.waiter.done():
            self.waiter.set_result(None)

    async def drain(self, outflow: Outflow) -> None:
        """In the loop: send what the function gives, until the call has ended."""
        while not self.is_over:
            self.waiter = self.waiter.get_loop().create_future()
            await outflow.drain()
            await self.waiter
        await outflow.drain()

    def outcome(self) -> Any:
        """What the function has returned; raises what it has raised."""
        error, self.error = self.error, None
        try:
            if isinstance(error, StopIteration):  # a coroutine must not raise it
                raise RuntimeError("got StopIteration from a function in a worker thread") from error
            if error is not None:
                raise error
        finally:
            del error  # its traceback holds this frame: no cycle
        return self.result


async def _enter(scope: anyio.CancelScope) -> None:
    """Enter a scope that was cancelled: anyio cancels the tasks in it while a task is its host."""
    from anyio import sleep_forever

    with scope:
        await sleep_forever()


class _Thread:
    """One worker thread, and the scope in which everything runs that the thread awaits in the loop."""

    __slots__ = ("_jobs", "_loop", "_pool", "_queue", "_scope", "_token", "idle_since", "is_kept", "is_spent")

    def __init__(self, pool: _Pool, loop: asyncio.AbstractEventLoop) -> None:
        from anyio import CancelScope
        from anyio.lowlevel import current_token

        self._pool = pool
        self._loop = loop
        self._token = current_token()
        self._queue: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._scope = CancelScope()
        self._jobs = 0
        self.is_kept = False
        """True while a request keeps the thread for its further jobs."""
        self.is_spent = False
        """True if the thread ends as soon as it is free: after its job, or when the request that keeps it is over."""
        self.idle_since = 0.0
        """The loop's time at which its last job ended."""
        # not in the context of the first request, which would be kept as long as the thread
        Context().run(threading.Thread(target=self._serve, name="cardan worker thread").start)

    def _serve(self) -> None:
        """In the thread: do jobs until told to end."""
        from anyio import from_thread

        known = getattr(from_thread, _KNOWN)
        known.current_token = self._token
        turns = Turns(self._get, self._tell_end)
        while (call := self._get()) is not None:
            if self.is_kept:
                turns.make(call)
            else:
                call.run()
                self._tell_end(call)
            del call  # nothing of a request is kept while the thread waits for the next one

    def _get(self) -> _Call | None:
        """In the thread: wait for a job. None if there is none any more, also when it is asked for again."""
        from anyio import from_thread

        while True:
            try:
                call = self._queue.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                if self._loop.is_closed():
                    return None
                continue
            if call is None:
                self._queue.put(None)
            else:
                getattr(from_thread, _KNOWN).current_cancel_scope = self._scope
                _calls[get_ident()] = call
            return call

    def _tell_end(self, call: _Call) -> None:
        """In the thread: a job has ended."""
        _calls.pop(get_ident(), None)
        try:
            self._loop.call_soon_threadsafe(self._report, call)
        except RuntimeError:  # the loop is closed: no task waits any more
            self._queue.put(None)

    def _report(self, call: _Call) -> None:
        """In the loop: the thread has done its job."""
        self._jobs -= 1
        if not self.is_kept:
            self._free()
        call.wake()

    def _free(self) -> None:
        """In the loop: the thread has done the last job that it had."""
        if self.is_spent:
            self.end()
        else:
            self.idle_since = self._loop.time()
            self._pool.idle.append(self)

    def let_go(self) -> None:
        """In the loop: no request keeps the thread any more."""
        self.is_kept = False
        if not self._jobs:
            self._free()

    def put(self, call: _Call) -> None:
        """In the loop: have the thread do a job."""
        self._jobs += 1
        self._queue.put(call)

    def cancel(self, call: _Call) -> None:
        """In a task: cancel what the job awaits there. Only a request that keeps the thread gives it another job."""
        from anyio import CancelScope

        self.is_spent = True
        cancelled, self._scope = self._scope, CancelScope()  # a later job has the other one
        cancelled.cancel()
        self._tell(cancelled, call, None)

    def _tell(self, cancelled: anyio.CancelScope, call: _Call, task: asyncio.Task[None] | None) -> None:
        """In the loop: tell what the job awaits there that it is cancelled, also what it will await later: anyio tells
        what is in a scope when a task enters it. ``task`` entered it the last time; it is still in it if the loop is
        late, and a scope cannot be entered twice.
        """
        if not call.is_over:
            if task is None or task.done():
                task = self._loop.create_task(_enter(cancelled), context=Context())
            self._loop.call_later(_AGAIN, self._tell, cancelled, call, task)

    def end(self) -> None:
        """In the loop: end the thread when it has done its job."""
        self.is_spent = True
        self._pool.threads.discard(self)
        self.stop()

    def stop(self) -> None:
        """From any thread: have the thread take no more jobs."""
        self._queue.put(None)


class _Pool:
    """The threads of one loop.

    The thread that was used last is used next, so that surplus threads stay idle and end.
    """

    def __init__(self) -> None:
        from asyncio import get_running_loop

        self.threads: set[_Thread] = set()
        self.idle: deque[_Thread] = deque()
        self._loop = ref(get_running_loop())
        _pools_of_process[id(self)] = self
        # not a task: programs that wait for all tasks of a loop before they close it would wait for ever
        self._until_end: AsyncGenerator[None, None] | None = _end_with_loop(self)
        with suppress(StopIteration):  # begins it, in this loop
            self._until_end.__anext__().send(None)

    @property
    def is_closed(self) -> bool:
        """Whether the loop is closed."""
        loop = self._loop()
        return loop is None or loop.is_closed()

    def end(self) -> None:
        """End all threads. Nothing of the pool refers to the loop afterwards, unless it is used again."""
        for thread in list(self.threads):
            thread.end()
        self.idle.clear()
        self._until_end = None

    def take(self, loop: asyncio.AbstractEventLoop) -> _Thread:
        """A thread without a job, a new one if there is none."""
        if self.idle:
            thread = self.idle.pop()
            while self.idle and loop.time() - self.idle[0].idle_since > _IDLE_SECONDS:
                self.idle.popleft().end()
            return thread
        thread = _Thread(self, loop)
        self.threads.add(thread)
        return thread


async def _end_with_loop(pool: _Pool) -> AsyncGenerator[None, None]:
    """Ends the pool when its loop closes its asynchronous generators, as ``asyncio.run()`` has it do at its end."""
    try:
        yield
    finally:
        pool.end()


def _new_pool() -> _Pool:
    """A pool for the running loop. The pools of loops that were closed without ``shutdown_asyncgens()`` are ended."""
    _stop_at_exit()
    for pool in _known_pools():
        if pool.is_closed:
            pool.end()
    return _Pool()


_pools: Final = PerLoop(_new_pool)
_pools_of_process: Final[WeakValueDictionary[int, _Pool]] = WeakValueDictionary()


def _known_pools() -> list[_Pool]:
    """The pools of all loops of the process."""
    # valuerefs() copies in one step: another thread may begin a pool
    return [pool for each in _pools_of_process.valuerefs() if (pool := each()) is not None]


@cache
def _stop_at_exit() -> None:
    """Have all threads stopped when the interpreter ends. This is done once."""
    # atexit's functions run when all ordinary threads have ended; these run before (concurrent.futures does so)
    threading._register_atexit(_stop_pools)  # type: ignore[attr-defined]


def _stop_pools() -> None:
    """Stop all threads: the interpreter ends, and would wait for the threads of a loop that was not ended."""
    for pool in _known_pools():
        for thread in list(pool.threads):
            thread.stop()


def is_possible() -> bool:
    """True under asyncio, with an anyio whose worker threads are known in the way that this module relies on."""
    from anyio import from_thread

    return asyncio_task() is not None and hasattr(from_thread, _KNOWN)


class Keeper:
    """Keeps the thread of its first job for all jobs that follow, until :meth:`give_back`."""

    __slots__ = ("_thread",)

    def __init__(self) -> None:
        self._thread: _Thread | None = None

    def take(self, loop: asyncio.AbstractEventLoop) -> _Thread:
        """The thread of the next job."""
        thread = self._thread
        if thread is None:
            thread = self._thread = _pools.get().take(loop)
            thread.is_kept = True
        return thread

    def give_back(self) -> None:
        """In the loop: there is no further job."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.let_go()


#: What each thread of the pools does now, by the identity of the thread.
_calls: Final[dict[int, _Call]] = {}


def run_in_task(function: Callable[..., Awaitable[None]], *args: Any) -> bool:
    """In a worker thread: have the task that waits for the thread await ``function(*args)``, and wait for its end.

    This takes a third of the time of a new task. Gives False if there is no such task, or if it was cancelled, which
    may have cut ``function`` short. The caller then calls :func:`~cardan._crossing.in_loop`; that is cancelled, too.

    Raises the errors of ``function``.
    """
    call = _calls.get(get_ident())
    return call is not None and call.ask(function, *args)


async def run_in_pool(function: Callable[[], T], outflow: Outflow | None = None, keeper: Keeper | None = None) -> T:
    """Under asyncio: call ``function`` in a worker thread, in a copy of the current context.

    The thread is the one of ``keeper``, if there is one. What it gives to ``outflow`` is sent meanwhile. If sending
    fails, the end of the thread is waited for.

    If a scope around the task is cancelled meanwhile, the thread is waited for all the same, and its result is given.
    A native cancellation (:meth:`asyncio.Task.cancel`) is raised at once, and the thread may be running then.
    """
    import asyncio

    from anyio import CancelScope, current_effective_deadline
    from anyio.lowlevel import checkpoint_if_cancelled

    await checkpoint_if_cancelled()
    loop = asyncio.get_running_loop()
    thread = _pools.get().take(loop) if keeper is None else keeper.take(loop)
    call = _Call(function, loop.create_future(), outflow)
    if outflow is not None:
        outflow.wake = partial(loop.call_soon_threadsafe, call.poke)
    thread.put(call)
    try:
        await call.serve()
        if outflow is not None:
            await call.drain(outflow)
    except BaseException as error:
        call.leave()
        if outflow is not None:
            outflow.stop()
        if isinstance(error, asyncio.CancelledError):
            if current_effective_deadline() != -inf:
                raise
            if not call.is_over:  # else the thread is idle, or works for another request
                thread.cancel(call)
        while not call.is_over:
            call.waiter = loop.create_future()
            with CancelScope(shield=True):
                await call.waiter
        if not isinstance(error, asyncio.CancelledError):
            failure, call.error = call.error, None  # the traceback of an error refers to the call: no cycle
            if failure is not None:
                log_lost(UNSENT, failure)
            del failure
            raise
    finally:
        if outflow is not None:
            outflow.wake = nobody  # the other one refers to the call, whose function refers to the outflow: no cycle
    result: T = call.outcome()
    return result
