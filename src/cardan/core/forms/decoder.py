"""MultipartDecoder: a ``multipart/form-data`` body, decoded as it comes. bytes -> form events.

Takes and gives as :class:`~cardan.core.forms.machine.MultipartMachine`, whose states it has, and whose table
decides. Beside it stand straight ways for what most bodies consist of: parts that lie whole in what was fed, data of a
file, what comes before the first and after the last boundary. Where anything is out of the ordinary they leave all as
it was, and to the table; a property test holds them to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from ..buffers import as_bytes
from ..exceptions import HTTPException
from .events import FileEnd
from .machine import BLANK, CLOSE, DELIMITER, EPILOGUE, FIELD, FILE, HEAD, PREAMBLE, Forms, MultipartMachine
from .near_parts import CLOSINGS, take_known, take_parts, take_whole
from .plan import WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..buffers import Buffer
    from .events import FormEvent

__all__ = ["Forms", "MultipartDecoder"]


#: A file's data in a large chunk go on in slices of this size: what follows a file is copied.
LARGE: Final = 1_048_576
#: So much may be looked at again for each piece, however small it is: the last piece of a form often is.
LITTLE: Final = 128


class MultipartDecoder(MultipartMachine):
    """Decodes one body. ``boundary`` as the Content-Type has it, without quotes; at most ``max_boundary_size``.

    :meth:`feed` and :meth:`close` return events; ``state`` is one of the names in the drawing of
    :mod:`.multipart_machine`, ``failed`` or ``closed``. An error is raised again by every later call.
    """

    __slots__ = ()

    def feed(self, data: Buffer) -> list[FormEvent]:
        """The events that are complete with ``data``, any bytes-like object; see :mod:`.multipart_machine` for what it
        raises.
        """
        if type(data) is not bytes:
            data = as_bytes(data)
        state = self.state
        if state is PREAMBLE and not self._tail:
            if not self._before:  # most forms come whole
                whole = take_whole(self._delimiter, data, self._plan)
                if whole is not None:
                    self.state = CLOSE if data[-1] == 45 else EPILOGUE
                    return whole
            # no "-", which is found several times as fast as many bytes are, and no line end before one that may come
            elif 45 not in data and data[-1:] > b"\r":
                return []
        elif state is EPILOGUE and not self._plan.strict:
            return []
        way = self._ways.get(state)
        events = way(self, data) if way is not None else None
        return self._feed_table(data) if events is None else events

    def _feed_table(self, data: bytes) -> list[FormEvent]:
        """Let the table read, up to a boundary that the straight way may go on from."""
        if self.state is FIELD and self._waits():
            self.state = DELIMITER
        events = self._read(data, DELIMITER if self._plan.window else None)
        rest = self._tail
        if self.state is DELIMITER and rest and self._plan.window:
            return self._join_events(events, self._go_on_from, rest)
        return events

    def _go_on_from(self, rest: bytes) -> list[FormEvent]:
        """The events of the tail, which begins after a boundary."""
        taken = None if self._before and not self._count else self._take_parts(rest, rest)
        return self._read(b"") if taken is None else taken

    def _join_events(
        self, events: list[FormEvent], decode: Callable[[bytes], list[FormEvent]], data: bytes
    ) -> list[FormEvent]:
        """``events``, then those of ``data``; where decoding fails, they are among what was accepted."""
        try:
            events += decode(data)
        except HTTPException:
            self.accepted = events + self.accepted
            raise
        return events

    # --- the straight ways: each gives the events of all of ``data``, or None ---

    def _begin_form(self, data: bytes) -> list[FormEvent] | None:
        """The first parts of a form that nothing comes before."""
        dash = self._delimiter[2:]
        if self._tail or self._before or not data.startswith(dash):
            return None
        window = self._plan.window
        if len(data) > window:
            return self._take_slices(data, len(dash)) if window else None
        return self._take_parts(data[len(dash) :], data)

    def _go_on(self, data: bytes) -> list[FormEvent] | None:
        """What was left begins a part; it is looked at again with what came, unless it is large and that is little."""
        tail = self._tail
        if len(tail) > len(data) + LITTLE or (self.state is FIELD and not self._waits()):
            return None
        if self._before and not self._count:
            return None
        return self._take_parts(tail + data if tail else data, data)

    def _take_parts(self, data: bytes, fed: bytes) -> list[FormEvent] | None:
        """All parts of ``data``, which begins after a boundary and has ``fed`` at its end."""
        plan = self._plan
        if len(data) > plan.window:
            return self._take_slices(data, 0) if plan.window else None
        delimiter = self._delimiter
        pieces = data.split(delimiter, plan.parts - self._count + 1)
        rest = pieces.pop()
        size = len(data) - len(rest) - len(pieces) * len(delimiter)
        events = self._count_parts(pieces, size) if pieces else []
        if events is None:
            self._plan = plan.for_table()  # what follows is the table's
            return None
        self._tail = b""
        if len(rest) <= len(fed) and (state := self._state_of(rest)) is not None:
            self.state = state
            self._seen = 0
            self._tail = rest
        elif rest in CLOSINGS:
            self.state = EPILOGUE if len(rest) > 2 else CLOSE
        else:
            self.state = DELIMITER
            return self._join_events(events, self._read, rest)
        return events

    def _count_parts(self, pieces: list[bytes], size: int) -> list[FormEvent] | None:
        """The events of ``pieces``, ``size`` bytes in all, which are counted.

        None where one is no usual part, or a limit is passed.
        """
        plan = self._plan
        count = self._count + len(pieces)
        if count > plan.parts or (size > plan.part and max(map(len, pieces)) > plan.part):
            return None
        try:
            taken = take_known(pieces, size, plan) or take_parts(pieces, plan)
        except HTTPException:
            return None
        if taken is None:
            return None
        events, text, files = taken
        total = self._total + text
        files += self._files
        if files > plan.files or total > plan.total:
            return None
        self._count, self._files, self._total = count, files, total
        return events

    def _take_slices(self, data: bytes, pos: int) -> list[FormEvent]:
        """A large chunk in slices from ``pos`` on: what is split, and may have to be taken back, stays small."""
        self.state = DELIMITER
        self._tail = b""
        events: list[FormEvent] = []
        while pos < len(data):
            stop = pos + (LARGE if self.state is FILE else WINDOW)
            self._join_events(events, self.feed, data[pos:stop])
            pos = stop
        return events

    def _state_of(self, rest: bytes) -> str | None:
        """The state after ``rest``, a part that has begun at the end of a chunk, where it may wait for the next one.

        In small chunks that is faster than to read it in two halves. A head waits until it is whole, a known text
        field until it is complete, unless a limit may refuse it.
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
        """Whether the tail is a whole part, up to now, whose state is shown but was not entered.

        What the table leaves of a field's data may begin a boundary, all of it.
        """
        return not self._delimiter.startswith(self._tail)

    def _pass_data(self, data: bytes) -> list[FormEvent] | None:
        """A file's data; None where they may end with a boundary that has begun in the chunk before."""
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
            events.append(data[:stop])  # the very object that was fed, where all of it is data
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
    """State -> its straight way."""


#: what may begin a part, or the end, and is too short to tell
_BEGINNINGS: Final = (b"", b"\r", b"-")
#: what a field's data may begin with, where the line end before it may be a boundary's
_BEFORE_BOUNDARY: Final = (b"", b"-", b"--")
