"""Crossing: between sync and async, for both adapters. Worker threads under an event loop, and a loop under threads.

The one module beside ``asgi`` that imports anyio, and only inside functions: a WSGI program of ``def`` handlers
never loads it. Nothing here knows of requests or responses.

Under an event loop (ASGI): :class:`Threads` runs handlers, :func:`run_file_work` file work, each with a limit of its
own, so that slow uploads cannot starve either; :func:`in_loop` goes back from a thread.
Under threads (WSGI): :class:`Portal` is one event loop per process, :class:`Conversation` one task in it.
"""

from __future__ import annotations

import atexit
import os
from _thread import allocate_lock
from math import inf
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from contextlib import AbstractContextManager

    import anyio

__all__ = [
    "DEFAULT_THREADS",
    "FILE_THREADS",
    "WAITING_THREADS",
    "Conversation",
    "HeldTask",
    "Lease",
    "Portal",
    "Shielding",
    "Threads",
    "in_loop",
    "make_event",
    "portal",
    "pump",
    "run_file_work",
    "shielded",
]

T = TypeVar("T")

#: worker threads for file work, per event loop; handlers have their own (40 by default)
FILE_THREADS: Final = 16
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
    import anyio
    from anyio import to_thread

    with anyio.CancelScope(shield=True):
        return await to_thread.run_sync(function, *args, limiter=_file_threads.get())
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


async def pump(body: Any, emit: Callable[[Any], Awaitable[None]]) -> None:
    """Drive an async iterable in this task, from its first step to ``aclose()``; each item goes to ``emit``.

    When the task is cancelled the body is ended at once, exactly once, and its cleanup is not interrupted.
    """
    import anyio

    cancelled = anyio.get_cancelled_exc_class()
    with anyio.CancelScope() as scope:
        steps = aiter(body)
        try:
            while not scope.shield:
                try:
                    item = await Shielding(steps.__anext__(), scope, cancelled)
                except StopAsyncIteration:
                    break
                await emit(item)
        finally:
            if (aclose := getattr(steps, "aclose", None)) is not None:
                with anyio.CancelScope(shield=True):
                    await aclose()


class _Job:
    """A blocking call that async code wants done by the request's own thread."""

    __slots__ = ("_call", "done", "error", "result")

    def __init__(self, call: Callable[[], Any], done: anyio.Event) -> None:
        self._call = call
        self.done = done
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._call()
        except BaseException as error:
            self.error = error


class Portal:
    """One event loop in a daemon thread of this process; made by :func:`portal`."""

    def __init__(self, backend: str) -> None:
        import threading

        import anyio

        ready: SimpleQueue[BaseException | None] = SimpleQueue()

        async def main() -> None:
            async with anyio.from_thread.BlockingPortal() as self._portal:
                self._token = anyio.lowlevel.current_token()
                ready.put(None)
                await self._portal.sleep_until_stopped()

        def run() -> None:
            try:
                anyio.run(main, backend=backend)
            except BaseException as error:
                ready.put(error)

        self._thread = threading.Thread(target=run, name=f"cardan-{backend}", daemon=True)
        self._thread.start()
        if (error := ready.get()) is not None:
            raise error

    def start(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None:
        """Start ``function`` as a task in the context of the caller."""
        self._portal.start_task_soon(function, *args)

    def do(self, function: Callable[[], Any]) -> None:
        """Call a plain function in this loop, and wait for it."""
        from anyio import from_thread

        from_thread.run_sync(function, token=self._token)

    def stop(self) -> None:
        """Cancel what still runs and end the thread."""
        if self._thread.is_alive():
            self._portal.call(self._portal.stop, True)
            self._thread.join(10)


_portals: dict[tuple[int, str], Portal] = {}
_portals_lock = allocate_lock()


def portal(backend: str) -> Portal:
    """This process's loop: made at the first use, after fork. The parent's stays referenced and untouched:
    dropping it in the child would wait for a thread that does not exist there.
    """
    key = (os.getpid(), backend)
    found = _portals.get(key)
    if found is None:
        with _portals_lock:
            found = _portals.get(key)
            if found is None:
                if not any(pid == key[0] for pid, _ in _portals):
                    atexit.register(_stop_portals)
                found = _portals[key] = Portal(backend)
    return found


def _stop_portals() -> None:
    for key in [key for key in _portals if key[0] == os.getpid()]:
        _portals.pop(key).stop()


def _renew_lock() -> None:
    global _portals_lock
    _portals_lock = allocate_lock()


os.register_at_fork(after_in_child=_renew_lock)  # another thread may have held it in the parent


class Conversation:
    """One WSGI request and the tasks that it has in the loop: its thread waits, and does what blocks for them."""

    __slots__ = ("_inbox", "_portal")

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._inbox: SimpleQueue[Any] = SimpleQueue()

    async def run_sync(self, function: Callable[..., T], *args: Any) -> T:
        """In the loop: have the request's own thread run ``function``, and await the result."""
        import anyio

        job = _Job(lambda: function(*args), anyio.Event())
        self._inbox.put(job)
        with anyio.CancelScope(shield=True):
            await job.done.wait()
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def call(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """In the thread: run an async function to its end."""
        task = self._start(function, *args)
        try:
            while self._listen(None) is not _ENDED:
                pass
        except BaseException:  # Ctrl-C, or a server that gives up on this thread
            task.cancel()
            raise
        result: T = task.outcome()
        return result

    def wait(self, awaitable: Awaitable[T]) -> T:
        """In the thread: await ``awaitable`` in the loop."""

        async def main() -> T:
            return await awaitable

        return self.call(main)

    def iterate(
        self, body: Any, idle: float | None = None, filler: bytes = b""
    ) -> tuple[Iterator[Any], Callable[[], None]]:
        """In the thread: the items of an async iterable, and what ends it.

        The body runs in one task, a step at a time, as the items are asked for; ``filler`` is given after ``idle``
        seconds without one. Ending it cancels the step that it waits in and returns when its cleanup is done.
        """
        relay = _Relay(self, body)
        return relay.items(idle, filler), relay.end

    def _start(self, function: Callable[..., Awaitable[Any]], *args: Any) -> _Task:
        task = _Task(self._portal, self._inbox)
        self._portal.start(task.main, function, *args)
        return task

    def _listen(self, timeout: float | None) -> Any:
        """The next message of the task, doing the jobs that come before it."""
        while True:
            try:
                message = self._inbox.get(timeout=timeout)
            except Empty:
                return _IDLE
            if type(message) is not _Job:
                return message
            message.run()
            self._portal.do(message.done.set)


_ENDED: Final = object()
_IDLE: Final = object()


class _Task:
    """A task of a conversation: tells the inbox when it has ended, and keeps how."""

    __slots__ = ("_error", "_inbox", "_portal", "_result", "_scope", "ended")

    def __init__(self, portal: Portal, inbox: SimpleQueue[Any]) -> None:
        self._portal = portal
        self._inbox = inbox
        self._scope: anyio.CancelScope | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self.ended = False

    async def main(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None:
        import anyio

        try:
            with anyio.CancelScope() as self._scope:
                try:
                    self._result = await function(*args)
                except anyio.get_cancelled_exc_class() as error:
                    self._error = error
                    raise
                except BaseException as error:  # told to the thread that waits for it, not to the loop
                    self._error = error
        finally:
            self.ended = True
            self._inbox.put(_ENDED)

    def cancel(self) -> None:
        """From the thread: cancel the task. It has ended when the inbox says so."""
        self._portal.do(lambda: self._scope.cancel() if self._scope is not None else None)

    def outcome(self) -> Any:
        """The result of the ended task, or its error."""
        if self._error is not None:
            error, self._error = self._error, None  # the traceback holds this frame: no cycle
            raise error
        return self._result


class _Relay:
    """Hands the items of an async body from its task to the request's thread, one each time it is asked."""

    __slots__ = ("_asked", "_body", "_conversation", "_task")

    def __init__(self, conversation: Conversation, body: Any) -> None:
        self._conversation = conversation
        self._body = body
        self._asked: anyio.Event | None = None
        self._task: _Task | None = None

    def items(self, idle: float | None, filler: bytes) -> Iterator[Any]:
        """In the thread: the items, each step of the body taken when the next one is asked for."""
        listen = self._conversation._listen
        self._task = task = self._conversation._start(pump, self._body, self._emit)
        while (item := listen(idle)) is not _ENDED:
            yield filler if item is _IDLE else item
            if item is not _IDLE:
                self._ask()
        task.outcome()

    def _ask(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            self._conversation._portal.do(asked.set)

    async def _emit(self, item: Any) -> None:
        import anyio

        asked = self._asked = anyio.Event()
        self._conversation._inbox.put(item)
        await asked.wait()

    def end(self) -> None:
        """Cancel the task and wait until it has ended; a body that never started is closed all the same."""
        task = self._task
        if task is None:
            if (aclose := getattr(self._body, "aclose", None)) is not None:
                self._conversation.wait(aclose())
        elif not task.ended:
            task.cancel()
            while self._conversation._listen(None) is not _ENDED:
                pass


class HeldTask:
    """A task in a portal's loop that is inside something until :meth:`end`: entered and left in one task."""

    def __init__(self, portal: Portal, hold: Callable[[Callable[[Any], Awaitable[None]]], Awaitable[None]]) -> None:
        self._portal = portal
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._stop: anyio.Event | None = None
        self._task = _Task(portal, self._inbox)
        portal.start(self._task.main, hold, self._until)

    async def _until(self, value: Any) -> None:
        self._stop = make_event()
        self._inbox.put((value,))
        await self._stop.wait()

    def started(self) -> Any:
        """What it yielded, once it is inside; its error where it did not get there."""
        message = self._inbox.get()
        if message is _ENDED:
            self._task.outcome()
            raise RuntimeError("got a lifespan that ended without yielding, expected it to yield once")
        return message[0]

    def end(self) -> None:
        """Let it leave, and wait until it has; raises what leaving raises."""
        if self._stop is not None and not self._task.ended:
            self._portal.do(self._stop.set)
            self._inbox.get()
        self._task.outcome()
