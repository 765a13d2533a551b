"""UrlencodedDecoder: an ``application/x-www-form-urlencoded`` body, decoded as it comes. bytes -> form events.

Takes the body in pieces of any size; returns lists of :class:`~cardan.core.forms.events.Field`. Raises
:exc:`~cardan.core.exceptions.RequestEntityTooLarge` past a limit, as early as it can be known;
:exc:`~cardan.core.exceptions.UrlencodedError` in strict mode only, for what no browser sends: in default mode every
body is a form (WHATWG URL section 5.1). Holds what is not decoded yet: some 64 KiB and the pair that is still open.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Final, NoReturn

from ..buffers import as_bytes
from ..exceptions import HTTPException, MachineStateError, RequestEntityTooLarge, UrlencodedError
from .body_reader import DEFAULTS
from .events import Field
from .part_limits import check_field, field_room
from .urlencoded import split_urlencoded, usual_pairs

if TYPE_CHECKING:
    from ..buffers import Buffer
    from ..limits import Limits
    from .decoder import Forms
    from .events import FormEvent

__all__ = ["PairsDecoder", "UrlencodedDecoder", "has_strict_names", "is_strict"]

PAIRS: Final = "pairs"
FAILED: Final = "failed"
CLOSED: Final = "closed"

#: What is collected before it is decoded: most forms are decoded in one go, at their end.
BATCH: Final = 65_536
_MARKS: Final = bytes(c if c == 38 else 120 for c in range(256))
_SEQUENCE: Final = re.compile(rb"[^&]+")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class UrlencodedDecoder:
    """Decodes one body. :meth:`feed` and :meth:`close` return events.

    States: ``pairs``, ``failed`` (the error is raised again by every later call), ``closed``.
    """

    __slots__ = ("_chunks", "_count", "_error", "_held", "_next", "_open", "_strict", "_total", "limits", "state")

    def __init__(self, *, limits: Limits | None = None, forms: Forms = "default") -> None:
        self.limits = limits or DEFAULTS
        self._strict = forms == "strict"
        self._chunks: list[bytes] = []
        self._held = self._open = self._count = self._total = 0
        self._next = min(BATCH, field_room(self.limits, 0, 0) + 1)
        self._error: HTTPException | None = None
        self.state = PAIRS

    @property
    def want(self) -> int:
        """How many bytes to ask for at most: a limit that is exceeded is noticed as soon as these have come."""
        allowed = self.limits.max_form_parts
        until_count = self._next if allowed is None else 2 * (allowed - self._count - self._open)
        return max(1, min(self._next - self._held, until_count))

    def feed(self, data: Buffer) -> list[FormEvent]:
        """The fields that were decoded with ``data``, any bytes-like object; see the module for what it raises."""
        self._check_state("feed()", "no more")
        if type(data) is not bytes:
            data = as_bytes(data)
        if not data:
            return []
        self._chunks.append(data)
        self._held += len(data)
        allowed = self.limits.max_form_parts
        if allowed is not None and 38 in data:  # one that is there is found at once, to count them is a slow pass
            self._open += data.count(b"&")
        if self._held < self._next and (allowed is None or self._count + self._open < allowed):
            return []
        return self.flush()

    def flush(self) -> list[FormEvent]:
        """The fields that are complete, decoded now. Raises as :meth:`feed` does, also for the pair that is still open:
        what is wrong with a body is judged in the order of its bytes, whatever ends it.
        """
        if self._error is not None:
            raise self._error
        body = b"".join(self._chunks)
        complete, _, rest = body.rpartition(b"&")
        self._chunks = [rest]
        self._held = len(rest)
        self._open = 0
        try:
            events = self._decode(complete)
            room = self._check_open_pair(rest)
        except HTTPException as error:
            self._fail(error)
        # grows with what is open: linear, however it is cut
        self._next = len(rest) + min(max(BATCH, len(rest) // 2), room + 1)
        return events

    def close(self) -> list[FormEvent]:
        """The body has ended: the fields that are left."""
        self._check_state("close()", "it once")
        try:
            events = self._decode(b"".join(self._chunks))
        except HTTPException as error:
            self._fail(error)
        self._chunks = []
        self.state = CLOSED
        return events

    def _check_state(self, call: str, expected: str) -> None:
        if self._error is not None:
            raise self._error
        if self.state is CLOSED:
            raise MachineStateError(f"got {call} in state 'closed', expected {expected}")

    def _decode(self, body: bytes) -> list[FormEvent]:
        if self._has_too_many(body) or (self._strict and not is_strict(body)):
            return self._decode_each(body)
        if not self._strict and len(body) <= field_room(self.limits, self._total, 0):
            return self._events(body)  # decoding makes bytes fewer, never more
        events: list[FormEvent] = []
        for name, value in split_urlencoded(body):
            check_field(self.limits, self._total + len(name), len(value))
            self._total += len(name) + len(value)
            events.append(self._field(name, value))
        self._count += len(events)
        return events

    def _decode_each(self, body: bytes) -> list[FormEvent]:
        """Decode pair by pair, up to the first one that is refused. A million pairs cost one pass over the bytes and no
        more objects than ``max_form_parts``.
        """
        events: list[FormEvent] = []
        allowed = self.limits.max_form_parts
        for match in _SEQUENCE.finditer(body):
            if allowed is not None and self._count >= allowed:
                raise RequestEntityTooLarge(limit="max_form_parts", allowed=allowed)
            ((name, value),) = split_urlencoded(match[0])
            check_field(self.limits, self._total + len(name), len(value))
            if self._strict:
                _check_strictly(match[0])
            self._total += len(name) + len(value)
            self._count += 1
            events.append(self._field(name, value))
        return events

    def _has_too_many(self, body: bytes) -> bool:
        """Whether ``body`` has more pairs than there may be; they are counted before anything is decoded."""
        allowed = self.limits.max_form_parts
        if allowed is None or self._count + body.count(b"&") < allowed:
            return False
        return self._count + _count_pairs(body) > allowed

    def _events(self, body: bytes) -> list[FormEvent]:
        """The fields of a batch in which no limit is passed."""
        pairs = split_urlencoded(body)
        self._count += len(pairs)
        self._total += sum(map(len, chain.from_iterable(pairs)))
        return [Field(n.decode("utf-8", "replace"), v.decode("utf-8", "replace"), v) for n, v in pairs]

    def _field(self, name: bytes, value: bytes) -> Field:
        if not self._strict:
            return Field(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"), value)
        if not name or b"\0" in name:
            raise UrlencodedError("got a pair without a name or with NUL in it, expected a name")
        try:
            return Field(name.decode(), value.decode(), value)
        except UnicodeDecodeError:
            raise UrlencodedError("got a pair that is not UTF-8, expected UTF-8") from None

    def _check_open_pair(self, rest: bytes) -> int:
        """Check the pair that is still open, by the least that it can be once decoded: three bytes may become one.

        Returns how many bytes may be added to it before it exceeds a limit.
        """
        limits, allowed = self.limits, self.limits.max_form_parts
        if rest and allowed is not None and self._count >= allowed:
            raise RequestEntityTooLarge(limit="max_form_parts", allowed=allowed)
        name, _, value = rest.partition(b"=")
        used = self._total + len(name) - 2 * name.count(b"%")
        least = len(value) - 2 * value.count(b"%")
        check_field(limits, used, least)
        return field_room(limits, used, least)

    def _fail(self, error: HTTPException) -> NoReturn:
        self._error = error
        self.state = FAILED
        self._chunks = []
        raise error


class PairsDecoder(UrlencodedDecoder):
    """The same for :class:`FormReader`, which wants pairs: a field is one where its bytes say no more."""

    __slots__ = ()

    def _events(self, body: bytes) -> list[FormEvent]:
        pairs = usual_pairs(body)
        if pairs is None:
            return super()._events(body)
        self._count += len(pairs)
        if self.limits.max_form_memory_total is not None:
            text = "".join(chain.from_iterable(pairs))
            self._total += len(text) if text.isascii() else len(text.encode())
        return pairs  # type: ignore[return-value]  # FormBuilder takes them, too


def _count_pairs(body: bytes) -> int:
    """How many of the sequences between ``&`` are not empty: those that begin after ``&`` or at the start."""
    marks = b"&" + body.translate(_MARKS)
    return marks.count(b"&x")


def is_strict(body: bytes) -> bool:
    """Whether ``body`` is ASCII, and each ``%`` in it begins an escape."""
    return body.isascii() and _BAD_ESCAPE.search(body) is None


def has_strict_names(pairs: list[tuple[str, str]]) -> bool:
    """Whether each pair has a name that strict mode accepts: not empty, and without NUL."""
    return all(name and "\0" not in name for name, _ in pairs)


def _check_strictly(body: bytes) -> None:
    if not body.isascii():
        raise UrlencodedError("got a byte above 127, expected it percent-encoded")
    if _BAD_ESCAPE.search(body):
        raise UrlencodedError("got '%' without two hexadecimal digits, expected it as '%25'")
