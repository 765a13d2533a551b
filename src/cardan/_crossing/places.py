"""Places: how many threads may do one kind of work at once in an event loop. A lease is the place of one thread."""

from __future__ import annotations

from _thread import allocate_lock
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from .background import call_soon, current_token
from .cancellation import asyncio_task

if TYPE_CHECKING:
    from collections.abc import Callable

    import anyio

__all__ = ["Lease", "PerLoop", "Places"]

V = TypeVar("V")


class PerLoop(Generic[V]):
    """One value for each event loop, made at its first use there, because events belong to one loop.

    Nothing keeps a value when its loop or the :class:`PerLoop` is gone. A value that refers to its loop keeps the loop.
    """

    __slots__ = ("_loops", "_make")

    def __init__(self, make: Callable[[], V]) -> None:
        self._make = make
        self._loops: WeakKeyDictionary[Any, V] = WeakKeyDictionary()

    def get(self) -> V:
        """The value of the running loop."""
        task = asyncio_task()
        # anyio takes ten times as long to find out which loop runs
        loop = current_token().native_token if task is None else task.get_loop()
        value = self._loops.get(loop)
        if value is None:
            value = self._loops[loop] = self._make()
        return value


class Places:
    """``total`` places in one event loop. Tasks that wait for one get it in the order in which they asked.

    Used by the tasks of that loop; :meth:`take_nowait` and :meth:`give_back_nowait` by any thread. A place that is free
    is taken without a checkpoint.
    """

    __slots__ = ("_lock", "_queue", "free", "total")

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total
        self._lock = allocate_lock()
        self._queue: OrderedDict[anyio.Event, None] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many tasks wait for a place."""
        return len(self._queue)

    def is_wanted(self) -> bool:
        """Whether a task waits for a place; may be asked from any thread."""
        return bool(self._queue)

    def take_nowait(self) -> bool:
        """Take a place and return True, or return False if none is free."""
        with self._lock:
            if self.free <= 0:
                return False
            self.free -= 1
            return True

    async def take(self) -> None:
        """Take a place; wait if none is free. A task that is cancelled while it waits has taken none."""
        if self.take_nowait():
            return
        import anyio

        given = anyio.Event()
        with self._lock:
            if self.free > 0:  # another thread has given one back
                self.free -= 1
                return
            self._queue[given] = None
        try:
            await given.wait()
        except BaseException:
            if given.is_set():
                self.give_back()
            else:
                with self._lock:
                    del self._queue[given]
            raise

    def give_back(self) -> None:
        """Give a place back. The task that has waited longest gets it."""
        if not self.give_back_nowait():
            self._queue.popitem(last=False)[0].set()

    def give_back_nowait(self) -> bool:
        """Give a place back and return True, or return False if a task waits for one, which has to be told."""
        with self._lock:
            if self._queue:
                return False
            self.free += 1
            return True


class Lease:
    """A thread's place among those that run. While the thread waits for its client it has one of the ``waiting`` places
    instead, so that slow clients do not keep other requests from running.

    There is no deadlock: no thread ever waits for a waiting place, and a thread that holds a waiting place waits for a
    running place, whose holders wait for no place at all.
    """

    __slots__ = ("_held", "_running", "_streaming", "_waiting", "hurried", "is_cancelled", "thread", "wake")

    def __init__(self, running: Places, waiting: Places, streaming: Places) -> None:
        self._running = running
        self._waiting = waiting
        self._streaming = streaming
        self._held: Places | None = None
        self.hurried = False
        """True if the thread has waited for its client once without giving up its place."""
        self.is_cancelled = False
        """True if the task that waits for the thread was cancelled, so that the thread must not wait for its client."""
        self.thread: int | None = None
        """The identity of the thread that has this place (``threading.get_ident()``)."""
        self.wake: Callable[[], object] | None = None
        """Ends the current wait for the client, if there is one."""

    async def take(self) -> None:
        """Wait for a place among those that run."""
        await self._running.take()
        self._held = self._running

    def step_aside(self) -> bool:
        """Exchange the running place for a waiting place, because the thread is about to wait for its client.

        Returns False, and keeps the running place, if no waiting place is free.
        """
        if self._held is self._running:
            if not self._waiting.take_nowait():
                return False
            self._held = self._waiting
            self._running.give_back()
        return True

    async def come_back(self) -> None:
        """Wait for a running place and then free the waiting place, because the client has sent something."""
        if self._held is self._waiting:
            try:
                await self._running.take()
            except BaseException:
                self.end()
                raise
            if self._held is self._waiting:
                self._waiting.give_back()
                self._held = self._running
            else:  # the thread has ended meanwhile
                self._running.give_back()

    def begin_stream(self, token: Any) -> bool:
        """In the thread: exchange the running place for one of those for bodies, because the thread is about to take
        the first chunk of a body, for which it may have to wait long. If none is free, for one of those that wait.

        ``token`` is that of the loop. Returns False, and keeps the running place, if there is no free place at all.
        """
        running = self._running
        if self._held is not running:
            return False
        for places in (self._streaming, self._waiting):
            if places.take_nowait():
                self._held, self._running = places, self._streaming
                if not running.give_back_nowait():
                    call_soon(running.give_back, token)
                return True
        return False

    def cancel(self) -> None:
        """End the wait for the client and allow no other one, because the task of the request was cancelled."""
        self.is_cancelled = True
        if self.wake is not None:
            self.wake()

    def end(self) -> None:
        """Free the place that is held: the thread has ended, or continues without a place after its client left."""
        held, self._held = self._held, None
        if held is not None:
            held.give_back()
