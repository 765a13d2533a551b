"""MultipartDecoder: decodes a ``multipart/form-data`` body as it arrives. bytes -> form events.

Takes and gives what :class:`~cardan.core.forms._machine.MultipartMachine` takes and gives, and has its states. Two fast
paths avoid the state table for most bytes of most bodies: one for parts that are complete in what was fed, one for the
data of a file. If one of them meets anything unusual it changes nothing and returns None; the state table then reads
the same bytes. A property test compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from .._buffers import BATCH_SIZE, as_bytes
from .._exceptions import HTTPException
from ._events import FileEnd
from ._fast import CLOSINGS, take_parts
from ._framing import CLOSE, DELIMITER, EPILOGUE, HEAD, PREAMBLE
from ._head import BLANK
from ._machine import FIELD, FILE, MultipartMachine
from ._plan import WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._buffers import Buffer
    from ._events import FormEvent

__all__ = ["MultipartDecoder"]

#: The size of the slices in which the data of a file in a large chunk are decoded, because what follows a file is
#: copied.
LARGE: Final = BATCH_SIZE
#: How many waiting bytes may be read again for each chunk, even for a small one: the last piece of a form is often
#: small.
LITTLE: Final = 128
#: The bytes after a boundary that are too few to tell whether a part begins or the form ends.
_BEGINNINGS: Final = (b"", b"\r", b"-")
#: The beginnings of a field's data with which the line end before them may belong to a boundary.
_BEFORE_BOUNDARY: Final = (b"", b"-", b"--")


class MultipartDecoder(MultipartMachine):
    """Decodes one body. ``boundary`` as the Content-Type has it, without quotes; at most ``max_boundary_size`` bytes.

    :meth:`feed` and :meth:`close` return events; ``state`` is one of the names in the drawing of
    :mod:`.machine`, ``failed`` or ``closed``. An error is raised again by every later call.
    """

    __module__ = "cardan.core.forms"
    __slots__ = ()

    def feed(self, data: Buffer) -> list[FormEvent]:
        """The events that are complete with ``data``, any bytes-like object; see :mod:`.machine` for what it raises."""
        if type(data) is not bytes:
            data = as_bytes(data)
        state = self.state
        if state is EPILOGUE and not self._plan.strict:
            return []
        way = self._ways.get(state)
        events = way(self, data) if way is not None else None
        return self._feed_table(data) if events is None else events

    def _feed_table(self, data: bytes) -> list[FormEvent]:
        """Let the state table read, up to a boundary after which whole parts may follow."""
        if self.state is FIELD and self._waits():
            self.state = DELIMITER
        events = self._read(data, DELIMITER if self._plan.window else None)
        rest = self._tail
        if self.state is DELIMITER and rest and self._plan.window:
            return self._join_events(events, self._go_on_from, rest)
        return events

    def _go_on_from(self, rest: bytes) -> list[FormEvent]:
        """The events of the tail, which begins after a boundary."""
        taken = None if self._before and not self._count else self._take_parts(rest, 0, len(rest))
        return self._read(b"") if taken is None else taken

    def _join_events(
        self, events: list[FormEvent], decode: Callable[[bytes], list[FormEvent]], data: bytes
    ) -> list[FormEvent]:
        """``events``, then those of ``data``. If decoding fails, ``events`` are among the accepted ones."""
        try:
            events += decode(data)
        except HTTPException:
            self.accepted = events + self.accepted
            raise
        return events

    # --- whole parts: the events of all of ``data``, or None ---

    def _begin_form(self, data: bytes) -> list[FormEvent] | None:
        """The first parts of a form, if nothing precedes the first boundary."""
        if self._tail:
            return None
        delimiter = self._delimiter
        if self._before:
            # one byte is found several times as fast as many; and no line end that may belong to a boundary
            if 45 in data or data[-1:] <= b"\r":
                return None
            self._before += len(data)
            return []
        return self._take_parts(data, len(delimiter) - 2, len(data)) if data.startswith(delimiter[2:]) else None

    def _go_on(self, data: bytes) -> list[FormEvent] | None:
        """The parts of the tail, which begins a part, and of ``data``.

        The tail is looked at again with each chunk, unless it is large and the chunk is small.
        """
        tail = self._tail
        if len(tail) > len(data) + LITTLE or (self.state is FIELD and not self._waits()):
            return None
        if self._before and not self._count:
            return None
        return self._take_parts(b"".join((tail, data)) if tail else data, 0, len(data))

    def _take_parts(self, data: bytes, begin: int, fed: int) -> list[FormEvent] | None:
        """The events of all parts in ``data``. A boundary ends at ``begin``; the last ``fed`` bytes are new."""
        plan = self._plan
        if len(data) > plan.window:
            return self._take_slices(data, begin) if plan.window else None
        delimiter = self._delimiter
        before = self._count
        pieces = data.split(delimiter, plan.parts - before + 1)
        if begin:
            pieces[0] = pieces[0][begin:]
        rest = pieces.pop()
        events: list[FormEvent] = []
        files = text = 0
        if pieces:
            size = len(data) - begin - len(rest) - len(pieces) * len(delimiter)
            try:
                taken = take_parts(pieces, size, plan)
            except HTTPException:
                taken = None
            if taken is not None:
                events, text, files = taken
                if before:
                    files += self._files
                    text += self._total
            if taken is None or not plan.admits_parts(pieces, size, before + len(pieces), files, text):
                self._plan = plan.for_table()  # the state table reads what follows
                return None
            self._count = before + len(pieces)
            self._files = files
            self._total = text
        self._tail = b""
        if rest in CLOSINGS:
            self.state = EPILOGUE if len(rest) > 2 else CLOSE
        elif len(rest) <= fed and (state := self._state_of(rest)) is not None:
            self.state = state
            self._seen = 0
            self._tail = rest
        else:
            self.state = DELIMITER
            return self._join_events(events, self._read, rest)
        return events

    def _take_slices(self, data: bytes, pos: int) -> list[FormEvent]:
        """The events of a large chunk from ``pos`` on. Slices are decoded, so that little is split in vain."""
        self.state = DELIMITER
        self._tail = b""
        events: list[FormEvent] = []
        while pos < len(data):
            stop = pos + (LARGE if self.state is FILE else WINDOW)
            self._join_events(events, self.feed, data[pos:stop])
            pos = stop
        return events

    def _state_of(self, rest: bytes) -> str | None:
        """The state after ``rest``, a part that has begun at the end of a chunk, if it may wait for the next chunk.

        With small chunks that is faster than to read the part in two halves. A head waits until it is whole, a known
        text field until it is complete. A part that may exceed a limit does not wait.
        """
        plan = self._plan
        if len(rest) > plan.wait or self._count >= plan.parts:
            return None
        if not rest.startswith(b"\r\n"):
            return DELIMITER if rest in _BEGINNINGS else None
        head, blank, value = rest.partition(BLANK)
        if not blank:
            return HEAD
        if head not in plan.memo or self._total + len(rest) > plan.total or value[:2] in _BEFORE_BOUNDARY:
            return None
        return FIELD

    @property
    def _is_entered(self) -> bool:
        return not self._waits()

    def _waits(self) -> bool:
        """Whether the tail is a whole beginning of a part, which the state table has not read yet.

        If the state table has read the head, the tail is a rest of the field's data that may begin a boundary.
        """
        return not self._delimiter.startswith(self._tail)

    # --- the data of a file ---

    def _pass_data(self, data: bytes) -> list[FormEvent] | None:
        """The events of a file's data; None if a boundary may end them that has begun in the chunk before."""
        tail, delimiter = self._tail, self._delimiter
        if self._plan.strict or (tail and (len(data) < len(delimiter) or data.startswith(delimiter[len(tail) :]))):
            return None
        begin = data.find(b"\r")  # one byte is found several times as fast as many, and much data has none
        end = data.find(delimiter, begin) if begin >= 0 else -1
        stop = end if end >= 0 else self._undecided(data, begin) if begin >= 0 else len(data)
        held, most = self._held + len(tail) + stop, self.limits.max_file_size
        if most is not None and held > most:
            return None
        self._held = held
        events: list[FormEvent] = [tail] if tail else []
        if stop:
            events.append(data[:stop])  # if all of it is data, this is the object that was fed
        if end < 0:
            self._tail = data[stop:]
            return events
        self._tail = b""
        self.state = DELIMITER
        events.append(FileEnd())
        rest = data[end + len(delimiter) :]
        return self._join_events(events, self.feed, rest) if rest else events

    _ways: ClassVar[dict[str, Callable[[MultipartDecoder, bytes], list[FormEvent] | None]]] = {
        PREAMBLE: _begin_form,
        DELIMITER: _go_on,
        HEAD: _go_on,
        FIELD: _go_on,
        FILE: _pass_data,
    }
    """State -> the fast path that begins in it."""
