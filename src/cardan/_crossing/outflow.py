"""Outflow: the chunks of a sync body on their way from a worker thread to the event loop.

The thread makes further chunks while the loop sends: each chunk is sent as soon as the loop can, and several small ones
are handed over together. The thread is never far ahead. When :data:`WINDOW` bytes wait to be sent, the thread waits for
a moment. If the client does not take them in this time, the step ends: a slow client holds no thread.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from ..core._buffers import CHUNK_SIZE
from ..core._waiting import checkpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

__all__ = ["UNSENT", "Outflow", "nobody"]

#: bytes that may be waiting to be sent before the body is asked for more. So at most one large chunk waits
WINDOW: Final = CHUNK_SIZE
#: bytes that a chunk counts for besides its own: many tiny ones take memory as well
_WEIGHT: Final = 64
#: chunks that are sent before other tasks of the loop have their turn
_TURN: Final = 16
#: seconds that a thread waits for the client to take what it has given
_MOMENT: Final = 0.02
#: the log message of an error of a body, if the error of sending is raised in its place
UNSENT: Final = "a body failed after sending it had failed"


class Outflow:
    """Takes the chunks of a sync body in a thread, and sends them by ``emit`` in the loop.

    :meth:`step` runs in the thread, again and again until it gives True. Meanwhile the loop awaits :meth:`drain`
    whenever the function of :attr:`wake` was called, and once more after the step. ``is_wanted()`` tells a step to end
    because other bodies wait for a thread.
    """

    __slots__ = (
        "_chunks",
        "_emit",
        "_given",
        "_is_told",
        "_is_wanted",
        "_ready",
        "_room",
        "_sent",
        "_waits",
        "source",
        "step_ended",
        "stopped",
        "wake",
    )

    def __init__(
        self,
        chunks: Iterator[Any],
        emit: Callable[[Any], Awaitable[None]],
        is_wanted: Callable[[], object],
        source: object = None,
    ) -> None:
        self._chunks = chunks
        self.source = source
        """The body that the chunks come from."""
        self._emit = emit
        self._is_wanted = is_wanted
        self._ready: deque[Any] = deque()
        self._given = self._sent = 0  # the first is written in the thread only, the second in the loop only
        self._is_told = False
        self._room = allocate_lock()
        self._room.acquire()
        self._waits = False
        self.stopped = False
        """True if no further chunk is to be taken: sending has failed, or was cancelled."""
        self.wake: Callable[[], object] = nobody
        """Called in the thread: has the loop await :meth:`drain`."""
        self.step_ended: Callable[[], object] = nobody
        """Called in the loop as soon as a step has ended, while its last chunks are still being sent."""

    # --- in the thread ---

    def step(self) -> bool:
        """Take chunks. True if there are no more, False if the client has to take some first."""
        ready = self._ready
        for chunk in self._chunks:
            if self.stopped:
                return False
            self._given += len(chunk) + _WEIGHT
            ready.append(chunk)
            del chunk  # the next one is made when this one was sent
            if not self._is_told:
                self._is_told = True
                self.wake()
            if self._is_wanted() or (self._given - self._sent >= WINDOW and not self._has_room()):
                return False
        return not self.stopped  # what was given at last may not have been sent

    def give(self, chunk: Any) -> None:
        """Give a chunk that does not come from the iterator, in a step that ends then."""
        if not self.stopped:
            self._given += len(chunk) + _WEIGHT
            self._ready.append(chunk)
            if not self._is_told:
                self._is_told = True
                self.wake()

    def _has_room(self) -> bool:
        """Whether the client takes what was given, within a moment."""
        while self._given - self._sent >= WINDOW:
            self._waits = True  # before the next look: the loop looks in the other order
            if self._given - self._sent >= WINDOW and not self._room.acquire(timeout=_MOMENT):
                self._waits = False
                return False
        self._waits = False
        return not self.stopped

    # --- in the loop ---

    async def drain(self) -> None:
        """Send the chunks that were given."""
        ready = self._ready
        while ready:
            self._is_told = True
            for _ in range(min(len(ready), _TURN)):
                chunk = ready.popleft()
                await self._emit(chunk)
                self._sent += len(chunk) + _WEIGHT
                del chunk
                if self._waits and self._room.locked():
                    self._room.release()
            await checkpoint()  # a send that never waits must not keep the loop
            self._is_told = False  # before the last look at the chunks: the thread looks in the other order

    def stop(self) -> None:
        """Have the step end after its chunk, and send nothing more."""
        self.stopped = True
        self._ready.clear()
        if self._room.locked():
            self._room.release()


def nobody() -> None:
    """What the functions of an outflow are while nobody waits: before and after a step."""
