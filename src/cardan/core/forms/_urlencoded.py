"""``application/x-www-form-urlencoded`` (WHATWG URL section 5.1): a whole body, or a body in pieces.

A whole body: :func:`parse_urlencoded` takes the bytes of a form or of a query string and gives ``(name, value)`` pairs
of text in order. It never raises: ``%`` without two hexadecimal digits stays as it is, and bytes that are not UTF-8
read as U+FFFD. Only ``&`` separates pairs. It takes linear time and has no limit of its own.

A body in pieces: :class:`UrlencodedDecoder` takes pieces of any size and gives form events.

Percent-decoding goes through ``binascii.a2b_qp``, which decodes ``=41`` at the speed of C; so ``%`` is written as ``=``
first. Where ``a2b_qp`` reads something differently that is no escape (MIME has soft line breaks), its result is too
long, or it is not called at all.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import unquote_to_bytes

from .._buffers import CHUNK_SIZE, add_piece, as_bytes
from .._exceptions import HTTPException, MachineStateError, UrlencodedError
from ._body_reader import DEFAULTS
from ._events import Field
from ._plan import check_field, check_form_rules, check_parts, field_room

if TYPE_CHECKING:
    from .._buffers import Buffer
    from .._limits import Limits
    from ._events import FormEvent
    from ._plan import FormRules

__all__ = [
    "PairsDecoder",
    "UrlencodedDecoder",
    "has_strict_names",
    "is_strict",
    "parse_urlencoded",
    "percent_decode",
    "split_urlencoded",
    "usual_pairs",
]

_PLAIN: Final = bytes(c for c in range(256) if c not in b"&=\0\r\n")
_TO_NUL: Final = bytes.maketrans(b"&=+%", b"\0\0 =")
#: How many bytes are decoded at once. Most forms are smaller: they are decoded in one go, at their end.
BLOCK: Final = CHUNK_SIZE
#: The separators of most bodies are ``=&=&=``. This many bytes of them are made once.
SIGNATURE: Final = 2000
_SIGNATURE: Final = b"=&" * (SIGNATURE // 2)
_ESCAPE: Final = bytes.maketrans(b"%", b"=")
_MARKS: Final = bytes(c if c == 38 else 120 for c in range(256))
_DIGITS: Final = bytes(c if c == 37 else 104 if c in b"0123456789ABCDEFabcdef" else 120 for c in range(256))
_SEQUENCE: Final = re.compile(rb"[^&]+")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")

PAIRS: Final = "pairs"
FAILED: Final = "failed"
CLOSED: Final = "closed"


# --- whole ---


def percent_decode(data: bytes) -> bytes:
    """``data`` with each ``%XX`` replaced by its byte; everything else stays (WHATWG URL section 1.3)."""
    if 37 not in data:
        return data
    if b"=" in data or b"\n" in data or b"\r" in data:
        return unquote_to_bytes(data)
    decoded = _undo(data.translate(_ESCAPE))
    return unquote_to_bytes(data) if decoded is None else decoded


def _undo(quoted: bytes) -> bytes | None:
    """``quoted``, which has no CR or LF, with each ``=XX`` decoded; None if one ``=`` is not followed by two
    hexadecimal digits.

    ``a2b_qp`` leaves an ``=`` that begins no escape, and loses one that ends the data. So if the result has an ``=``,
    the escapes are counted: each that was decoded took two bytes away. (To count them always would be one more pass.)
    """
    if quoted.endswith(b"="):
        return None
    decoded = a2b_qp(quoted)
    return decoded if 61 not in decoded or len(decoded) == len(quoted) - 2 * quoted.count(b"=") else None


def _undo_blocks(body: bytes) -> bytes | None:
    """What :func:`_undo` gives, block by block, so that each block stays in the processor's cache."""
    blocks = []
    start = 0
    while start < len(body):
        end = start + BLOCK
        split = body.rfind(b"%", end - 2, end)  # an escape is not cut
        end = split if split >= 0 else end
        block = _undo(body[start:end].translate(_TO_NUL))
        if block is None:
            return None
        blocks.append(block)
        start = end
    return b"".join(blocks)


def parse_urlencoded(body: bytes) -> list[tuple[str, str]]:
    """The pairs of ``body`` as text; see the module.

    >>> parse_urlencoded(b"a=1&b=x+y%21")
    [('a', '1'), ('b', 'x y!')]
    """
    usual = usual_pairs(body)
    if usual is not None:
        return usual
    return [(n.decode("utf-8", "replace"), v.decode("utf-8", "replace")) for n, v in split_urlencoded(body)]


def usual_pairs(body: bytes) -> list[tuple[str, str]] | None:
    """The pairs of ``body`` as text, decoded together; None if they are not UTF-8 or unusual.

    It is the fast path of :func:`split_urlencoded` and decoding.
    """
    try:
        if 37 not in body:
            text = body.replace(b"+", b" ").decode()
            return [(n, v) for n, e, v in map(str.partition, text.split("&"), repeat("=")) if n or e]
        decoded = _decode_all(body)
        if decoded is None:
            return None
        items = decoded[0].decode().split("\0")
    except UnicodeDecodeError:
        return None
    each = iter(items)
    return [*zip(each, each)] if len(items) == decoded[1] else None


def split_urlencoded(body: bytes) -> list[tuple[bytes, bytes]]:
    """The pairs of ``body`` as bytes, before they are read as UTF-8."""
    decoded = _decode_all(body)
    if decoded is not None:
        items = decoded[0].split(b"\0")
        if len(items) == decoded[1]:
            each = iter(items)
            return [*zip(each, each)]
    return _split_each(body)


def _decode_all(body: bytes) -> tuple[bytes, int] | None:
    """All names and values, decoded together and parted by NUL, and how many they are; None if that is not certain.

    It is certain if every pair has exactly one ``=`` and the body contains neither line ends, for which MIME has rules,
    nor NUL. If an escape stands for NUL, the caller finds more items than the number says.
    """
    signature = body.translate(None, _PLAIN)
    borders = len(signature)
    if signature != (_SIGNATURE[:borders] if borders < SIGNATURE else b"=&" * (borders // 2) + b"=") or not borders & 1:
        return None
    decoded = _undo(body.translate(_TO_NUL)) if len(body) <= BLOCK else _undo_blocks(body)
    return None if decoded is None else (decoded, borders + 1)


def _split_each(body: bytes) -> list[tuple[bytes, bytes]]:
    """The algorithm as the standard writes it, pair by pair."""
    pairs = []
    for sequence in body.replace(b"+", b" ").split(b"&"):
        if sequence:
            name, _, value = sequence.partition(b"=")
            pairs.append((percent_decode(name), percent_decode(value)))
    return pairs


# --- in pieces ---


class UrlencodedDecoder:
    """Decodes one body. :meth:`feed` and :meth:`close` return events.

    States: ``pairs``, ``failed`` (the error is raised again by every later call), ``closed``.
    """

    __module__ = "cardan.core.forms"
    __slots__ = (
        "_chunks", "_count", "_error", "_held", "_least", "_next", "_open", "_strict", "_total", "limits", "state",
    )  # fmt: skip

    def __init__(self, *, limits: Limits | None = None, form_rules: FormRules = "default") -> None:
        if form_rules != "default":
            check_form_rules(form_rules)
        self.limits = limits or DEFAULTS
        self._strict = form_rules == "strict"
        self._chunks: list[bytes] = []
        self._held = self._open = self._count = self._total = 0
        self._next = min(BLOCK, field_room(self.limits, 0, 0) + 1)
        self._error: HTTPException | None = None
        self._least = 0  # the least that `want` asks for when a limit on a number is near: see least_read()
        self.state: str = PAIRS
        """The name of the current state."""

    @property
    def want(self) -> int:
        """How many bytes to ask for at most: a limit that is exceeded is noticed as soon as these were fed."""
        allowed = self.limits.max_form_parts
        until_count = self._next if allowed is None else 2 * (allowed - self._count - self._open)
        return max(1, min(self._next - self._held, max(until_count, self._least)))

    def feed(self, data: Buffer) -> list[FormEvent]:
        """The fields that are complete with ``data``, any bytes-like object.

        Raises :exc:`RequestEntityTooLarge` as soon as it is certain that a limit is exceeded, and in strict mode
        :exc:`UrlencodedError` for a body that no browser sends. In default mode every body is a form (WHATWG URL
        section 5.1).
        """
        self._check_state("feed()", "no more")
        if type(data) is not bytes:
            data = as_bytes(data)
        if not data:
            return []
        add_piece(self._chunks, data)
        self._held += len(data)
        allowed = self.limits.max_form_parts
        if allowed is not None and 38 in data:  # finding one is fast, counting all of them is slow
            self._open += data.count(b"&")
        if self._held < self._next and (allowed is None or self._count + self._open < allowed):
            return []
        return self.flush()

    def flush(self) -> list[FormEvent]:
        """Decode what is complete; returns its fields.

        Raises as :meth:`feed`, also for the pair that is not complete: so the first error in the order of the bytes is
        raised, whatever ended the body.
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
        # grows with the pair that is not complete: so the time is linear, however the body is cut
        self._next = len(rest) + min(max(BLOCK, len(rest) // 2), room + 1)
        return events

    def close(self) -> list[FormEvent]:
        """Note that the body has ended; returns the last fields. Raises as :meth:`feed`."""
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
            self._refuse(body)
        if not self._strict and len(body) <= field_room(self.limits, self._total, 0):
            return self._events(body)  # decoding makes bytes fewer, never more
        events: list[FormEvent] = []
        for name, value in split_urlencoded(body):
            check_field(self.limits, self._total + len(name), len(value))
            self._total += len(name) + len(value)
            events.append(self._field(name, value))
        self._count += len(events)
        return events

    def _refuse(self, body: bytes) -> NoReturn:
        """Raise the error of the first pair that is refused.

        So a million pairs cost one pass over the bytes, and no more objects than ``max_form_parts``.
        """
        limits = self.limits
        pairs = _SEQUENCE.finditer(body)
        while True:
            pair = next(pairs)[0]
            check_parts(limits, self._count)
            ((name, value),) = split_urlencoded(pair)
            check_field(limits, self._total + len(name), len(value))
            if self._strict:
                _check_strictly(pair)
            self._field(name, value)
            self._total += len(name) + len(value)
            self._count += 1

    def _has_too_many(self, body: bytes) -> bool:
        """Whether ``body`` has more pairs than there may be; they are counted before anything is decoded."""
        allowed = self.limits.max_form_parts
        if allowed is None or self._count + body.count(b"&") < allowed:
            return False
        return self._count + _count_pairs(body) > allowed

    def _events(self, body: bytes) -> list[FormEvent]:
        """The fields of pairs that cannot exceed a limit."""
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
        """Compare the pair that is not complete with the limits; returns how many bytes may be added to it.

        It is counted with the smallest size that it can have when it is decoded: an escape of three bytes becomes one.
        """
        limits = self.limits
        if rest:
            check_parts(limits, self._count)
        name, _, value = rest.partition(b"=")
        used = self._total + _least_size(name)
        least = _least_size(value)
        check_field(limits, used, least)
        # if the next byte shows that an escape has not begun after all, the pair is two bytes longer
        return field_room(limits, used, least) - (rest[-2:].translate(_DIGITS) == b"%h")

    def _fail(self, error: HTTPException) -> NoReturn:
        self._error = error
        self.state = FAILED
        self._chunks = []
        raise error


class PairsDecoder(UrlencodedDecoder):
    """The decoder that :class:`FormReader` uses.

    It gives a pair of text in place of a :class:`Field`, if the bytes say no more than the pair.
    """

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


def _least_size(data: bytes) -> int:
    """The smallest size that a text which begins with ``data`` has when it is decoded.

    A ``%`` that begins no escape is a byte like any other. The last two bytes may be the beginning of an escape.
    """
    if 37 not in data:
        return len(data)
    marks = data.translate(_DIGITS)
    return len(data) - 2 * marks.count(b"%hh") - marks.endswith(b"%h")


def _count_pairs(body: bytes) -> int:
    """How many of the sequences between ``&`` are not empty."""
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


parse_urlencoded.__module__ = "cardan.core.forms"  # help() and pickles name it as users import it
