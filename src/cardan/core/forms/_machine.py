"""MultipartMachine: the fields and files of a ``multipart/form-data`` body (RFC 7578). bytes -> form events.

Adds to :class:`~cardan.core.forms._framing.Framing` what makes a multipart a form: names, text fields and files, the
limits on them, and what *strict* forbids. Raises what the framing raises; :exc:`~cardan.exceptions.MultipartError`
also for a part that is not one of a form. The machine stores at most one text field, or what the framing stores.

::

    preamble ---> delimiter ---> head ---> field ---> delimiter
                      |            `-----> file ----> delimiter
                      `---> close-delimiter ---> epilogue

This is the slow path of :class:`~cardan.core.forms._decoder.MultipartDecoder`, and its oracle: the decoder reads usual
parts faster and leaves all others to these readers. Only they refuse a body.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar, Final

from .._buffers import add_piece
from .._exceptions import MultipartError
from ._body_reader import DEFAULTS
from ._events import Field, FileEnd, FileStart, FormEvent
from ._framing import DATA, DELIMITER, HEAD, PREAMBLE, Framing
from ._head import PartHead, read_head
from ._plan import (
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
    from typing import Any

    from .._limits import Limits
    from ._plan import FormRules

__all__ = ["FIELD", "FILE", "MultipartMachine"]

FIELD: Final = "field"
FILE: Final = "file"

_BEFORE_DATA: Final = (PREAMBLE, DELIMITER, HEAD, FIELD)
_USUAL_PLAN: Final = plan_for(DEFAULTS, strict=False)


class MultipartMachine(Framing[FormEvent]):
    """Decodes one body. ``boundary`` as the Content-Type has it, without quotes; at most ``max_boundary_size``.

    :meth:`feed` and :meth:`close` return events; ``state`` is one of the names in the module's drawing, ``failed``
    or ``closed``. Every later call raises an error again. If a piece is refused, ``accepted`` has its events before
    the error.
    """

    __slots__ = ("_files", "_head", "_held", "_pieces", "_total")

    # Unset until a part begins; they are not read before.
    _head: PartHead
    _held: int
    _pieces: list[bytes]

    _passed: ClassVar[str] = FILE

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
        self._start(boundary, plan)
        self._files = self._total = 0

    @property
    def want(self) -> int:
        """How many bytes to ask for at most, so that a limit that is exceeded is noticed at once.

        In the data of a field or file the number is at least as large as the data that were fed of it, unless its limit
        allows less, and in the preamble as large as what was skipped of it. So the reads of large data become large.
        """
        limits, state, tail = self.limits, self.state, len(self._tail)
        if state is PREAMBLE:
            return max(self._want_part() if tail else self._plan.want, self._before)
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
            least=self._least,
        )

    # --- the readers of the data of a part ---

    def _read_field(self, events: list[FormEvent]) -> bool:
        data, pos = self._data, self._pos
        end = data.find(self._delimiter, pos)
        stop = end if end >= 0 else self._undecided(data, pos)
        piece = data[pos:stop]
        self._pos = stop
        add_piece(self._pieces, piece)
        self._held += len(piece)
        self._check_field(self._held)
        if end < 0:
            return False
        self._pos = end + len(self._delimiter)
        self._end_field(events)
        return True

    _READERS: ClassVar[dict[str, Callable[[Any, list[Any]], bool]]] = {
        **{state: reader for state, reader in Framing._READERS.items() if state is not DATA},
        FIELD: _read_field,
        FILE: Framing._read_data,
    }

    # --- what the readers share ---

    def _begin(self, block: bytes, events: list[FormEvent]) -> None:
        check_parts(self.limits, self._count)
        head = read_head(block, self._plan.memo, self._plan.strict, self.limits)
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

    def _end_data(self, events: list[FormEvent]) -> None:
        self._check_length(self._held)
        events.append(FileEnd())

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
