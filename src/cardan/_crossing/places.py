"""Places: how many worker threads may do one kind of work at once in an event loop, and a thread's own place."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import anyio

__all__ = ["Lease", "PerLoop", "Places"]

V = TypeVar("V")


class PerLoop(Generic[V]):
    """One value for each event loop, made at its first use there, because events belong to one loop."""

    __slots__ = ("_make", "_vars")

    def __init__(self, make: Callable[[], V]) -> None:
        self._make = make
        self._vars: dict[str, Any] = {}

    def get(self) -> V:
        """The value of the running loop."""
        var = self._vars.get("var")
        if var is None:
            from anyio.lowlevel import RunVar

            # setdefault() is atomic: two loops that start at once in two threads agree on one variable
            var = self._vars.setdefault("var", RunVar("cardan.places"))
        value: V | None = var.get(None)
        if value is None:
            value = self._make()
            var.set(value)
        return value


class Places:
    """``total`` places in one event loop. Tasks that wait for one get it in the order in which they asked.

    Used by the tasks of that loop only. A place that is free is taken without a checkpoint.
    """

    __slots__ = ("_queue", "free", "total")

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total
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
        self._queue[given] = None
        try:
            await given.wait()
        except BaseException:
            if given.is_set():
                self.give_back()
            else:
                del self._queue[given]
            raise

    def give_back(self) -> None:
        """Give a place back. The task that has waited longest gets it."""
        if self._queue:
            self._queue.popitem(last=False)[0].set()
        else:
            self.free += 1


class Lease:
    """A thread's place among those that run. While the thread waits for its client it has one of the ``waiting`` places
    instead, so that slow clients do not keep other requests from running.

    There is no deadlock: no thread ever waits for a waiting place, and a thread that holds a waiting place waits for a
    running place, whose holders wait for no place at all.
    """

    __slots__ = ("_held", "_running", "_waiting", "hurried", "is_cancelled", "thread", "wake")

    def __init__(self, running: Places, waiting: Places) -> None:
        self._running = running
        self._waiting = waiting
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
