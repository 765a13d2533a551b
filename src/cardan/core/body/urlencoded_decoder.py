"""UrlencodedDecoder: an ``application/x-www-form-urlencoded`` body, decoded as it comes. bytes -> form events.

Takes the body in pieces of any size; returns lists of :class:`~cardan.core.body.events.Field`. Raises
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
from .urlencoded import split_urlencoded, usual_pairs

if TYPE_CHECKING:
    from ..buffers import Buffer
    from ..limits import Limits
    from .events import FormEvent
    from .multipart_decoder import Forms

__all__ = ["PairsDecoder", "UrlencodedDecoder"]

PAIRS: Final = "pairs"
FAILED: Final = "failed"
CLOSED: Final = "closed"

#: What is collected before it is decoded: most forms are decoded in one go, at their end.
BATCH: Final = 65_536
_MARKS: Final = bytes(c if c == 38 else 120 for c in range(256))
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
        self._next = BATCH
        self._error: HTTPException | None = None
        self.state = PAIRS

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
        if self._held < self._next and (allowed is None or self._count + self._open <= allowed):
            return []
        body = b"".join(self._chunks)
        complete, _, rest = body.rpartition(b"&")
        self._chunks = [rest]
        self._held = len(rest)
        self._open = 0
        self._next = len(rest) + max(BATCH, len(rest) // 2)  # grows with what is open: linear, however it is cut
        try:
            events = self._decode(complete)
            self._check_open_pair(rest)
        except HTTPException as error:
            self._fail(error)
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
        limits = self.limits
        allowed = limits.max_form_parts
        if allowed is not None and self._count + body.count(b"&") >= allowed:
            self._check_count(body, allowed)
        if self._strict:
            _check_strictly(body)
        if not self._strict and self._fits(len(body)):
            return self._events(body)
        events: list[FormEvent] = []
        most = limits.max_form_memory_size
        for name, value in split_urlencoded(body):
            if most is not None and len(value) > most:
                raise RequestEntityTooLarge(limit="max_form_memory_size", allowed=most, received=len(value))
            self._total += len(name) + len(value)
            self._check_total(self._total)
            events.append(self._field(name, value))
        self._count += len(events)
        return events

    def _fits(self, size: int) -> bool:
        """Whether nothing in ``size`` bytes can pass a limit: decoding makes them fewer, never more."""
        most, total = self.limits.max_form_memory_size, self.limits.max_form_memory_total
        return (most is None or size <= most) and (total is None or self._total + size <= total)

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

    def _check_count(self, body: bytes, allowed: int) -> None:
        """Counts before anything is decoded: a million pairs cost one pass, not a million objects."""
        pairs = self._count + _count_pairs(body)
        if pairs > allowed:
            raise RequestEntityTooLarge(limit="max_form_parts", allowed=allowed, received=pairs)

    def _check_total(self, total: int) -> None:
        allowed = self.limits.max_form_memory_total
        if allowed is not None and total > allowed:
            raise RequestEntityTooLarge(limit="max_form_memory_total", allowed=allowed, received=total)

    def _check_open_pair(self, rest: bytes) -> None:
        """The pair that is still open, by the least that it can be once decoded: three bytes may become one."""
        if self._fits(len(rest)):
            return
        name, equals, value = rest.partition(b"=")
        least = len(value) - 2 * value.count(b"%")
        most = self.limits.max_form_memory_size
        if equals and most is not None and least > most:
            raise RequestEntityTooLarge(limit="max_form_memory_size", allowed=most, received=least)
        self._check_total(self._total + least + len(name) - 2 * name.count(b"%"))

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


def _check_strictly(body: bytes) -> None:
    if not body.isascii():
        raise UrlencodedError("got a byte above 127, expected it percent-encoded")
    if _BAD_ESCAPE.search(body):
        raise UrlencodedError("got '%' without two hexadecimal digits, expected it as '%25'")
