"""Framing: how the parts of any multipart stand in its body (RFC 2046 section 5.1.1). bytes -> events.

Takes the boundary, then the body in pieces of any size; returns lists of events. Raises
:exc:`~cardan.exceptions.MultipartError` for a body whose parts cannot be told apart,
:exc:`~cardan.exceptions.RequestEntityTooLarge` for one that exceeds a limit, and :exc:`MachineStateError` for
misuse. The result does not depend on where the input is cut. The machine stores at most one header block, or as many
bytes of data as a boundary has.

::

    preamble ---> delimiter ---> head ---> data ---> delimiter
                      |
                      `---> close-delimiter ---> epilogue

A subclass says what a part is: it reads the head, names the state that follows, and makes the events.
:class:`~cardan.core.forms._part_decoder.PartDecoder` gives the parts of any multipart, and
:class:`~cardan.core.forms._machine.MultipartMachine` the fields and files of a form. What *strict* forbids here, data
and padding outside of the parts, is forbidden in forms only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final, Generic, NoReturn, TypeVar, cast

from .._buffers import CHUNK_SIZE, as_bytes
from .._exceptions import HTTPException, MachineStateError, MultipartError, RequestEntityTooLarge
from ._head import BLANK, MAX_PADDING
from ._plan import check_boundary

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._buffers import Buffer
    from .._limits import Limits
    from ._plan import Plan

__all__ = ["CLOSE", "DATA", "DELIMITER", "EPILOGUE", "HEAD", "PREAMBLE", "Framing"]

PREAMBLE: Final = "preamble"
DELIMITER: Final = "delimiter"
HEAD: Final = "head"
DATA: Final = "data"
CLOSE: Final = "close-delimiter"
EPILOGUE: Final = "epilogue"
FAILED: Final = "failed"
CLOSED: Final = "closed"

_LINE_END: Final = re.compile(rb"([ \t]*)(?:\r(\n)?)?")
#: The places in a body where it must not end, except for the states that a subclass adds.
_WHERE: Final = {
    DELIMITER: "after a boundary",
    HEAD: "within the head of a part",
    DATA: "within the data of a part",
}
AFTER_LAST: Final = "got data after the last boundary, expected CRLF or nothing"

#: A head of this size, which only a program without ``max_part_header_size`` reads, is collected in a bytearray.
LONG_HEAD: Final = CHUNK_SIZE
#: From this size on CPython's search is linear, whatever the needle.
LINEAR: Final = 30_000

Event = TypeVar("Event")
"""What a subclass gives for the bytes of a body."""


class Framing(Generic[Event]):
    """Reads one body. :meth:`feed` and :meth:`close` return events; ``state`` is one of the names in the module's
    drawing, ``failed`` or ``closed``. Every later call raises an error again. If a piece is refused, ``accepted`` has
    its events before the error.

    A subclass calls :meth:`_start`, and defines :meth:`_begin`, :meth:`_add_data` and :meth:`_end_data`.
    """

    __slots__ = (
        "_before", "_count", "_data", "_delimiter", "_error", "_least", "_plan", "_pos", "_seen", "_tail", "accepted",
        "limits", "state",
    )  # fmt: skip

    # Unset until a piece is read or an error is raised; they are not read before.
    _data: bytes
    _pos: int
    _error: HTTPException
    accepted: list[Event]
    """After an error: the events of the last piece before it."""

    _passed: ClassVar[str] = DATA
    """The state in which data are passed on as they arrive."""
    _noun: ClassVar[str] = "the body"
    """What is read, for the texts of errors."""
    _skips_within: ClassVar[bool] = False
    """Whether a boundary within a line of the preamble is skipped as other data are. If not, it is refused."""

    def _start(self, boundary: str | bytes, plan: Plan) -> None:
        self._plan = plan
        self.limits: Limits = plan.limits
        value = boundary.encode() if isinstance(boundary, str) else boundary
        if len(value) > plan.boundary or not value.strip(b"-").isalnum():  # as Plan.is_usual_boundary, without a call
            check_boundary(value, plan)
        self._delimiter = b"\r\n--" + value
        self.state: str = PREAMBLE
        """The name of the current state."""
        self._before = 0  # how many bytes were skipped before the first boundary
        self._tail = b""
        self._count = 0
        self._least = 0  # the least that `want` asks for when a limit on a number is near: see least_read()
        self._seen = 0  # how many bytes of a head are known to contain neither its end nor a boundary

    # --- what a subclass defines ---

    def _begin(self, block: bytes, events: list[Event]) -> None:
        """A part begins with the header ``block``, which is without its last line end. Sets the state that follows."""
        raise NotImplementedError

    def _add_data(self, data: bytes, events: list[Event]) -> None:
        """``data`` of the part, at least one byte, in the state in which they are passed on."""
        raise NotImplementedError

    def _end_data(self, events: list[Event]) -> None:
        """The data of the part that were passed on are complete."""
        raise NotImplementedError

    # --- the machine ---

    def feed(self, data: Buffer) -> list[Event]:
        """The events that are complete with ``data``, any bytes-like object; see the module for what it raises."""
        return self._read(as_bytes(data))

    def _read(self, data: bytes, stop: str | None = None) -> list[Event]:
        """Read ``data`` up to the next change to the state ``stop``; the bytes after that are kept as the tail."""
        events: list[Event] = []
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
        data, pos = self._data, self._pos
        self._tail = (data[pos:] if pos else data) if pos < len(data) else b""
        self._data = b""
        return events

    def close(self) -> list[Event]:
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
            self._fail(MultipartError(f"{self._noun} ended {self._where()}, expected the closing boundary before that"))
        self.state = CLOSED
        return []

    def _where(self) -> str:
        """Where in the body the machine is, for a client, which does not know the names of the states."""
        if self.state is PREAMBLE:  # all of the body may be there, with another boundary than the Content-Type names
            return f"without the boundary {self._delimiter[2:].decode()!r}"
        return _WHERE.get(self.state) or f"within a {self.state}"

    # --- the readers: each reads some bytes and returns True, or returns False if it needs more ---

    def _read_preamble(self, events: list[Event]) -> bool:
        data, dash = self._data, self._delimiter[2:]
        hyphen = data.find(b"-")  # one byte is found several times as fast as many
        found = _find_linearly(data, dash, hyphen) if hyphen >= 0 else -1
        if self._skips_within and (found > 0 or (found == 0 and self._before)):
            line = data.find(self._delimiter)
            found = line + 2 if line >= 0 else -1
        if found < 0:
            if len(data) > len(dash) + 1:
                if self._plan.strict:
                    raise MultipartError("got data before the first boundary, expected the boundary")
                end = data[-len(dash) - 1 :]
                self._pos = len(data) - (len(end) if 13 in end or 45 in end else 0)
                self._before += self._pos
            return False
        follows = data[found - 2 : found] == b"\r\n"
        if self._plan.strict and (found or self._before) and not (found == 2 and follows):
            raise MultipartError("got data before the first boundary, expected the boundary")
        if (found or self._before) and not follows:
            raise MultipartError("got the boundary within a line, expected it at the start of one that follows CRLF")
        self._before += 0 if found in (0, 2) else found
        self._pos = found + len(dash)
        self.state = DELIMITER
        return True

    def _read_delimiter(self, events: list[Event]) -> bool:
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

    def _read_head(self, events: list[Event]) -> bool:
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
        if isinstance(data, bytearray):
            data = self._data = bytes(data)
        follow = data[end + 2 : end + 2 + len(delimiter)]
        if delimiter.startswith(follow):
            if len(follow) < len(delimiter):
                return False
            if self._plan.strict:
                raise MultipartError(_unended(b""))
            # a part may end with its header: then the line end before the boundary follows it (RFC 2046 section 5.1.1)
            self._begin(data[pos:end], events)
            self._pos = end + 2
            return True
        self._begin(data[pos:end], events)
        self._pos = end + 4
        return True

    def _read_data(self, events: list[Event]) -> bool:
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
        self._end_data(events)
        self.state = DELIMITER
        return True

    def _read_close(self, events: list[Event]) -> bool:
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

    def _read_epilogue(self, events: list[Event]) -> bool:
        if self._plan.strict and self._pos < len(self._data):
            raise MultipartError("got data after the last boundary, expected none")
        self._pos = len(self._data)
        return False

    def _read_nothing(self, events: list[Event]) -> bool:
        if self.state is FAILED:
            raise self._error
        raise MachineStateError("got feed() in state 'closed', expected no more")

    _READERS: ClassVar[dict[str, Callable[[Any, list[Any]], bool]]] = {
        PREAMBLE: _read_preamble,
        DELIMITER: _read_delimiter,
        HEAD: _read_head,
        DATA: _read_data,
        CLOSE: _read_close,
        EPILOGUE: _read_epilogue,
        FAILED: _read_nothing,
        CLOSED: _read_nothing,
    }
    """State -> its reader. A subclass may have other states for the data of a part."""

    # --- what the readers share ---

    def _join(self, data: bytes, events: list[Event]) -> bytes:
        """The tail and ``data``. Nothing is copied if data are passed on and ``data`` do not continue a boundary."""
        tail = self._tail
        delimiter = self._delimiter
        if self.state is not self._passed or len(data) < len(delimiter) or data.startswith(delimiter[len(tail) :]):
            if self.state is HEAD and len(tail) >= LONG_HEAD:
                grown = tail if isinstance(tail, bytearray) else bytearray(tail)
                grown += data  # in place: a head without a limit takes linear time, however small its pieces are
                return cast("bytes", grown)
            return tail + data
        self._add_data(tail, events)
        return data

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
