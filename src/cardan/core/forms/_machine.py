"""MultipartMachine: the states of a ``multipart/form-data`` body and a reader for each. bytes -> form events.

Takes the boundary, then the body in pieces of any size; returns lists of :mod:`.events`. Raises
:exc:`~cardan.exceptions.MultipartError` for a body that is not a form (RFC 7578, RFC 2046 section 5.1.1),
:exc:`~cardan.exceptions.RequestEntityTooLarge` for one that exceeds a limit, and :exc:`MachineStateError` for
misuse. The result does not depend on where the input is cut. The machine stores at most one text field, or one header
block, or as many bytes of a file as a boundary has.

::

    preamble ---> delimiter ---> head ---> field ---> delimiter
                      |            `-----> file ----> delimiter
                      `---> close-delimiter ---> epilogue

This is the slow path of :class:`~cardan.core.forms._decoder.MultipartDecoder`, and its oracle: the decoder reads usual
parts faster and leaves all others to these readers. Only they refuse a body.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

from .._buffers import as_bytes
from .._exceptions import HTTPException, MachineStateError, MultipartError, RequestEntityTooLarge
from ._body_reader import DEFAULTS
from ._events import Field, FileEnd, FileStart
from ._head import BLANK, MAX_PADDING, PartHead, read_head
from ._plan import (
    check_boundary,
    check_field,
    check_file,
    check_files,
    check_form_rules,
    check_parts,
    field_room,
    plan_for,
    want_part,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._buffers import Buffer
    from .._limits import Limits
    from ._events import FormEvent
    from ._plan import FormRules

__all__ = ["CLOSE", "DELIMITER", "EPILOGUE", "FIELD", "FILE", "HEAD", "PREAMBLE", "MultipartMachine"]

PREAMBLE: Final = "preamble"
DELIMITER: Final = "delimiter"
HEAD: Final = "head"
FIELD: Final = "field"
FILE: Final = "file"
CLOSE: Final = "close-delimiter"
EPILOGUE: Final = "epilogue"
FAILED: Final = "failed"
CLOSED: Final = "closed"

_LINE_END: Final = re.compile(rb"([ \t]*)(?:\r(\n)?)?")
AFTER_LAST: Final = "got data after the last boundary, expected CRLF or nothing"

_USUAL_PLAN: Final = plan_for(DEFAULTS, strict=False)

#: From this size on CPython's search is linear, whatever the needle.
LINEAR: Final = 30_000


class MultipartMachine:
    """Decodes one body. ``boundary`` as the Content-Type has it, without quotes; at most ``max_boundary_size``.

    :meth:`feed` and :meth:`close` return events; ``state`` is one of the names in the module's drawing, ``failed``
    or ``closed``. Every later call raises an error again. If a piece is refused, ``accepted`` has its events before
    the error.
    """

    __slots__ = (
        "_before", "_count", "_data", "_delimiter", "_error", "_files", "_head", "_held", "_pieces", "_plan", "_pos",
        "_seen", "_tail", "_total", "accepted", "limits", "state",
    )  # fmt: skip

    # Unset until a part begins, a piece is read or an error is raised; they are not read before.
    _head: PartHead
    _held: int
    _pieces: list[bytes]
    _data: bytes
    _pos: int
    _error: HTTPException
    accepted: list[FormEvent]

    def __init__(
        self, boundary: str | bytes, *, limits: Limits | None = None, form_rules: FormRules = "default"
    ) -> None:
        if form_rules != "default":
            check_form_rules(form_rules)
        plan = (
            _USUAL_PLAN
            if limits is None and form_rules == "default"
            else plan_for(limits or DEFAULTS, form_rules == "strict")
        )
        self._plan = plan
        self.limits = plan.limits
        value = boundary.encode() if isinstance(boundary, str) else boundary
        if len(value) > plan.boundary or not value.strip(b"-").isalnum():  # as Plan.is_usual_boundary, without a call
            check_boundary(value, plan)
        self._delimiter = b"\r\n--" + value
        self.state = PREAMBLE
        self._before = False  # whether any data precede the first boundary
        self._tail = b""
        self._count = self._files = self._total = 0
        self._seen = 0  # how many bytes of a head are known to contain neither its end nor a boundary

    def feed(self, data: Buffer) -> list[FormEvent]:
        """The events that are complete with ``data``, any bytes-like object; see the module for what it raises."""
        return self._read(as_bytes(data))

    def _read(self, data: bytes, stop: str | None = None) -> list[FormEvent]:
        """Read ``data`` up to the next change to the state ``stop``; the bytes after that are kept as the tail."""
        events: list[FormEvent] = []
        readers = self._READERS
        try:
            if self._tail:
                data = self._join(data, events)
            self._data = data
            self._pos = 0
            while readers[self.state](self, events) and self.state is not stop:
                pass
        except HTTPException as error:
            self.accepted = events
            self._fail(error)
        self._tail = data[self._pos :] if self._pos < len(data) else b""
        self._data = b""
        return events

    def close(self) -> list[FormEvent]:
        """Note that the body has ended; returns no events. Raises :exc:`MultipartError` if it ended too early."""
        state = self.state
        if state is EPILOGUE:  # first, because nearly every body ends so
            self.state = CLOSED
            return []
        if state is FAILED:
            raise self._error
        if state is CLOSED:
            raise MachineStateError("got close() in state 'closed', expected it once")
        if state is CLOSE and self._plan.strict and self._tail:
            self._fail(MultipartError(AFTER_LAST))
        if state is not CLOSE:
            self._fail(MultipartError(f"the body ended in state {state!r}, expected the closing boundary before"))
        self.state = CLOSED
        return []

    @property
    def want(self) -> int:
        """How many bytes to ask for at most, so that a limit that is exceeded is noticed at once.

        In the data of a field or file the number is at least as large as the data that were fed of it, unless its limit
        allows less. So the reads of large data become large.
        """
        limits, state, tail = self.limits, self.state, len(self._tail)
        if state is PREAMBLE and not tail:
            return self._plan.want
        if state is FILE:
            most = limits.max_file_size
            own = sys.maxsize if most is None else most - self._held - tail
        elif state is FIELD and self._is_entered:
            own = field_room(limits, self._total + self._head.cost, self._held + tail)
        else:
            return self._want_part() if state in _BEFORE_DATA else sys.maxsize
        return max(1, min(own + 1, max(self._held, self._want_part())))

    @property
    def _is_entered(self) -> bool:
        """Whether the head of the part was read. It always was, in this class."""
        return True

    def _want_part(self) -> int:
        """How many more bytes are needed at least before a part that has not begun, or whose head is not complete, can
        exceed a limit.
        """
        tail = len(self._tail)
        # the bytes that may begin a value; if the state is that of data, only those that may also begin a boundary
        waits = self.state is FIELD and not self._is_entered
        value = tail if waits else min(tail, len(self._delimiter))
        return want_part(
            self.limits,
            used=self._total,
            value=value,
            head=tail,
            lines=self._tail.count(b"\r\n"),
            parts=self._count,
            files=self._files,
        )

    # --- the readers: each reads some bytes and returns True, or returns False if it needs more ---

    def _read_preamble(self, events: list[FormEvent]) -> bool:
        data, dash = self._data, self._delimiter[2:]
        hyphen = data.find(b"-")  # one byte is found several times as fast as many
        found = _find_linearly(data, dash, hyphen) if hyphen >= 0 else -1
        if found < 0:
            if len(data) > len(dash) + 1:
                if self._plan.strict:
                    raise MultipartError("got data before the first boundary, expected the boundary")
                end = data[-len(dash) - 1 :]
                self._pos = len(data) - (len(end) if 13 in end or 45 in end else 0)
                self._before = True
            return False
        follows = data[found - 2 : found] == b"\r\n"
        if self._plan.strict and (found or self._before) and not (found == 2 and follows):
            raise MultipartError("got data before the first boundary, expected the boundary")
        if (found or self._before) and not follows:
            raise MultipartError("got the boundary within a line, expected it at the start of one that follows CRLF")
        self._before = self._before or found not in (0, 2)
        self._pos = found + len(dash)
        self.state = DELIMITER
        return True

    def _read_delimiter(self, events: list[FormEvent]) -> bool:
        data, pos = self._data, self._pos
        if data.startswith(b"--", pos):
            if self._before and self._count == 0:
                raise MultipartError("got the closing boundary after other data and no part, expected a part")
            self._pos = pos + 2
            self.state = CLOSE
            return True
        if data.startswith(b"\r\n", pos):
            self.state = HEAD
            self._seen = 0
            return True
        return self._skip_padding(data, pos)

    def _skip_padding(self, data: bytes, pos: int) -> bool:
        """RFC 2046 section 5.1.1: between a boundary and its CRLF there may be spaces and tabs."""
        match = _LINE_END.match(data, pos)
        assert match is not None
        padding = match.end(1) - pos
        if padding > MAX_PADDING or (padding and self._plan.strict):
            raise MultipartError("got padding after a boundary, expected CRLF")
        if match[2]:
            self._pos = match.end(1)
            self.state = HEAD
            self._seen = 0
            return True
        rest = data[match.end() : match.end() + 2]
        if not rest or (rest == b"-" and match.end() == pos):
            return False
        if rest.startswith(b"\n"):
            raise MultipartError("got a boundary that ends with LF, expected CRLF")
        raise MultipartError(f"got {rest[:1]!r} after a boundary, expected CRLF")

    def _read_head(self, events: list[FormEvent]) -> bool:
        data, pos, delimiter = self._data, self._pos, self._delimiter
        begin = pos + self._seen  # bytes that were searched before are not searched again
        end = data.find(BLANK, begin)
        allowed = self.limits.max_part_header_size
        size = (end if end >= 0 else len(data) - 3) - pos
        is_too_long = allowed is not None and size > allowed
        stop = pos + allowed + 3 if is_too_long else end if end >= 0 else len(data)  # type: ignore[operator]
        boundary = data.find(delimiter, begin, stop)  # the first of several errors is raised
        if boundary >= 0:
            raise MultipartError(_unended(data[pos:boundary]))
        if is_too_long:
            raise RequestEntityTooLarge(limit="max_part_header_size", allowed=allowed)
        if end < 0:
            self._seen = max(len(data) - pos - len(delimiter) + 1, 0)
            return False
        follow = data[end + 2 : end + 2 + len(delimiter)]
        if delimiter.startswith(follow):
            if len(follow) < len(delimiter):
                return False
            if self._plan.strict:
                raise MultipartError(_unended(b""))
            # a part may end with its header: then the line end before the boundary follows it (RFC 2046 section 5.1.1)
            self._begin(self._parse_head(data[pos:end]), events)
            self._pos = end + 2
            return True
        self._begin(self._parse_head(data[pos:end]), events)
        self._pos = end + 4
        return True

    def _read_field(self, events: list[FormEvent]) -> bool:
        data, pos = self._data, self._pos
        end = data.find(self._delimiter, pos)
        stop = end if end >= 0 else self._undecided(data, pos)
        piece = data[pos:stop]
        self._pos = stop
        self._pieces.append(piece)
        self._held += len(piece)
        self._check_field(self._held)
        if end < 0:
            return False
        self._pos = end + len(self._delimiter)
        self._end_field(events)
        return True

    def _read_file(self, events: list[FormEvent]) -> bool:
        data, pos = self._data, self._pos
        begin = data.find(b"\r", pos)  # one byte is found several times as fast as many, and much data has none
        end = data.find(self._delimiter, begin) if begin >= 0 else -1
        stop = end if end >= 0 else self._undecided(data, begin) if begin >= 0 else len(data)
        self._pos = stop
        if stop > pos:
            self._add_data(data[pos:stop], events)  # if all of it is data, this is the object that was fed
        if end < 0:
            return False
        self._pos = end + len(self._delimiter)
        self._check_length(self._held)
        events.append(FileEnd())
        self.state = DELIMITER
        return True

    def _read_close(self, events: list[FormEvent]) -> bool:
        rest = self._data[self._pos : self._pos + 2]
        if self._plan.strict:
            if not b"\r\n".startswith(rest):
                raise MultipartError(AFTER_LAST)
            if rest != b"\r\n":
                return False
            self._pos += 2
            self.state = EPILOGUE
            return True
        if not rest:
            return False
        if rest[0] not in b"\r \t":
            raise MultipartError(AFTER_LAST)
        self._pos = len(self._data)
        self.state = EPILOGUE
        return False

    def _read_epilogue(self, events: list[FormEvent]) -> bool:
        if self._plan.strict and self._pos < len(self._data):
            raise MultipartError("got data after the last boundary, expected none")
        self._pos = len(self._data)
        return False

    def _read_nothing(self, events: list[FormEvent]) -> bool:
        if self.state is FAILED:
            raise self._error
        raise MachineStateError("got feed() in state 'closed', expected no more")

    _READERS: ClassVar[dict[str, Callable[[MultipartMachine, list[FormEvent]], bool]]] = {
        PREAMBLE: _read_preamble,
        DELIMITER: _read_delimiter,
        HEAD: _read_head,
        FIELD: _read_field,
        FILE: _read_file,
        CLOSE: _read_close,
        EPILOGUE: _read_epilogue,
        FAILED: _read_nothing,
        CLOSED: _read_nothing,
    }

    # --- what the readers share ---

    def _parse_head(self, block: bytes) -> PartHead:
        check_parts(self.limits, self._count)
        return read_head(block, self._plan.memo, self._plan.strict, self.limits)

    def _begin(self, head: PartHead, events: list[FormEvent]) -> None:
        self._count += 1
        self._head = head
        self._held = 0
        if head.filename is None:
            self._pieces = []
            self._check_field(0)
            self.state = FIELD
            return
        self._files += 1
        check_files(self.limits, self._files)
        events.append(FileStart(head.name, head.filename, head.headers))
        self.state = FILE

    def _join(self, data: bytes, events: list[FormEvent]) -> bytes:
        """The tail and ``data``. Nothing is copied if the state is ``file`` and ``data`` do not continue a boundary."""
        tail = self._tail
        delimiter = self._delimiter
        if self.state is not FILE or len(data) < len(delimiter) or data.startswith(delimiter[len(tail) :]):
            return tail + data
        self._add_data(tail, events)
        return data

    def _check_field(self, size: int) -> None:
        check_field(self.limits, self._total + self._head.cost, size)

    def _add_data(self, data: bytes, events: list[FormEvent]) -> None:
        """Add data of a file to ``events``. If they exceed the limit, the bytes before are still added."""
        allowed = self.limits.max_file_size
        if allowed is not None and self._held < allowed < self._held + len(data):
            events.append(data[: allowed - self._held])
        check_file(self.limits, self._held + len(data))
        self._held += len(data)
        events.append(data)

    def _end_field(self, events: list[FormEvent]) -> None:
        head, pieces = self._head, self._pieces
        value = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._check_length(len(value))
        self._total += head.cost + len(value)
        events.append(Field(head.name, self._text(value, head.codec), value, head.headers))
        self.state = DELIMITER

    def _text(self, value: bytes, codec: str) -> str:
        if not self._plan.strict:
            return value.decode(codec, "replace")
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise MultipartError("got a text field that is not UTF-8, expected UTF-8") from None

    def _check_length(self, size: int) -> None:
        """In strict mode the size of a part must be its Content-Length, which RFC 7578 section 4.8 says to ignore."""
        length = self._head.length
        if length is not None and length != size:
            raise MultipartError(f"got a part of {size} bytes, expected the {length} of its Content-Length")

    def _undecided(self, data: bytes, pos: int) -> int:
        """The position at the end of ``data`` at which a boundary may begin; ``len(data)`` if none can begin there."""
        delimiter = self._delimiter
        begin = data.rfind(b"\r", max(pos, len(data) - len(delimiter) + 1))
        return begin if begin >= 0 and delimiter.startswith(data[begin:]) else len(data)

    def _fail(self, error: HTTPException) -> NoReturn:
        self._error = error
        self.state = FAILED
        self._tail = self._data = b""
        raise error


_BEFORE_DATA: Final = (PREAMBLE, DELIMITER, HEAD, FIELD)


def _find_linearly(data: bytes, needle: bytes, start: int) -> int:
    """``data.find(needle, start)`` for a needle that a client chose.

    In less than 30,000 bytes CPython's search may take a step for each byte of the needle at each byte of the data. In
    longer data it does not (Objects/stringlib/fastsearch.h), so short data are made longer. A delimiter, which begins
    with CRLF, does not need this.
    """
    if 2 * len(needle) < len(data) < LINEAR and not data.startswith(needle):
        data += bytes(LINEAR - len(data))
    return data.find(needle, start)


def _unended(block: bytes) -> str:
    if b"\n" in block.replace(b"\r\n", b""):
        return "got a part's header with bare LF, expected lines that end with CRLF"
    return "got a boundary within a part's header, expected an empty line before"
