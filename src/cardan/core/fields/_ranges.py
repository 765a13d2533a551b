"""Range and If-Range (RFC 9110 sections 14.2 and 13.1.5).

Positions count bytes as Python slices do: a range ends *before* ``stop``. Parsing takes linear time and never raises:
an invalid ``ranges-specifier`` gives None, and the server then ignores the field (section 14.2). A constructor raises
:exc:`ValueError` for contradictory positions, and for what the field cannot say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Self

from .._pickling import slots_state
from ._content_range import ContentRange
from ._dates import http_date, parse_date
from ._etags import is_opaque, quote_etag, unquote_etag
from ._reading_back import check_reads_back
from ._syntax import OWS, check_token, is_token, parse_integer

__all__ = ["ContentRange", "IfRange", "Range", "merge_ranges"]

#: A field with more ranges is ignored. RFC 9110 section 14.2 allows this, section 17.15 recommends it.
MAX_RANGES: Final = 1000

# the usual case: one range of bytes
_is_simple = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})").fullmatch
_spec = re.compile(r"[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*").fullmatch


class Range:
    """The ranges that a client requests: ``units`` (in lower case) and ``ranges``, a list of pairs of start and stop.

    ``(0, 500)`` means the first 500 bytes, ``(500, None)`` all bytes after these, ``(-500, None)`` the last 500 bytes.
    ``(0, 0)`` is the empty range of ``bytes=-0``, which cannot be satisfied. Raises :exc:`ValueError` if a range does
    not start before its stop, without a range, and for more than 1000 ranges, because reading gives None for these.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("ranges", "units")
    __getstate__ = slots_state

    units: str
    ranges: list[tuple[int, int | None]]

    def __init__(self, units: str, ranges: Sequence[tuple[int, int | None]]) -> None:
        self.ranges = [(start, stop) for start, stop in ranges]
        if not 0 < len(self.ranges) <= MAX_RANGES:
            raise ValueError(f"got {len(self.ranges)} ranges, expected 1 to {MAX_RANGES}")
        for start, stop in self.ranges:
            if stop is not None and (start < 0 or stop <= start) and (start, stop) != (0, 0):
                raise ValueError(f"got range {(start, stop)!r}, expected start below stop")
        self.units = check_token(units, "range unit").lower()
        check_reads_back(self)

    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Parse a field value. None, an invalid value, and a value with more than 1000 ranges give None."""
        if not value:
            return None
        if (found := _is_simple(value)) is not None:
            start, stop = int(found[1]), int(found[2]) + 1 if found[2] else None
            return cls._made("bytes", [(start, stop)]) if stop is None or start < stop else None
        return cls._read(value)

    @classmethod
    def _made(cls, units: str, ranges: list[tuple[int, int | None]]) -> Self:
        self = cls.__new__(cls)
        self.units = units
        self.ranges = ranges
        return self

    @classmethod
    def _read(cls, value: str) -> Self | None:
        units, equals, specs = value.partition("=")
        units = units.strip(OWS)
        if not equals or not is_token(units) or specs.count(",") >= MAX_RANGES:
            return None
        ranges = []
        for spec in specs.split(","):
            if not spec.strip(OWS):  # empty members of a list are skipped (RFC 9110 section 5.6.1.2)
                continue
            if (pair := _read_spec(spec)) is None:
                return None
            ranges.append(pair)
        return cls._made(units.lower(), ranges) if ranges else None

    def to_header(self) -> str:
        """Return the field value."""
        return f"{self.units}={','.join(map(_write_spec, self.ranges))}"

    def resolve(self, length: int) -> list[tuple[int, int]]:
        """Return the ranges that a representation of ``length`` bytes can satisfy, in order, as ``(start, stop)``.

        Each stop is at most ``length``.
        """
        result = []
        for start, stop in self.ranges:
            if start < 0:
                start = max(start + length, 0)
            stop = length if stop is None else min(stop, length)
            if start < stop:
                result.append((start, stop))
        return result

    def range_for_length(self, length: int | None) -> tuple[int, int] | None:
        """Return start and stop if there is exactly one range of bytes and ``length`` bytes satisfy it, else None."""
        if self.units != "bytes" or length is None or len(self.ranges) != 1:
            return None
        resolved = self.resolve(length)
        return resolved[0] if resolved else None

    def make_content_range(self, length: int | None) -> ContentRange | None:
        """Return :meth:`range_for_length` as a :class:`ContentRange`, None if it is None."""
        pair = self.range_for_length(length)
        return None if pair is None else ContentRange(self.units, *pair, length)

    def to_content_range_header(self, length: int | None) -> str | None:
        """Return :meth:`range_for_length` as a Content-Range field value, None if it is None."""
        content_range = self.make_content_range(length)
        return None if content_range is None else content_range.to_header()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return (self.units, self.ranges) == (other.units, other.ranges)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"


def _read_spec(spec: str) -> tuple[int, int | None] | None:
    found = _spec(spec)
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        return (-_position(suffix), None) if suffix.strip("0") else (0, 0)
    start = _position(first)
    if not last:
        return (start, None)
    stop = _position(last) + 1
    return (start, stop) if start < stop else None


def _position(digits: str) -> int:
    return int(digits) if len(digits) <= 18 else parse_integer(digits) or 0


def _write_spec(pair: tuple[int, int | None]) -> str:
    start, stop = pair
    if start < 0:
        return str(start)
    if stop is None:
        return f"{start}-"
    return f"{start}-{stop - 1}" if stop else "-0"


def merge_ranges(ranges: Sequence[tuple[int, int]], gap: int = 0) -> list[tuple[int, int]]:
    """Sort resolved ranges, and merge those that overlap or are at most ``gap`` bytes apart.

    RFC 9110 section 14.2 allows this. No byte is then sent twice.
    """
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if merged and start <= merged[-1][1] + gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
        else:
            merged.append((start, stop))
    return merged


class IfRange:
    """The value of If-Range: an entity tag (``etag`` and ``weak``), a ``date``, or neither.

    A date is kept in UTC without fractions of a second, as the field says it; a naive one is in UTC. Raises
    :exc:`ValueError` for both a tag and a date, for ``weak`` without a tag, and for a tag that is none.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("date", "etag", "weak")
    __getstate__ = slots_state

    def __init__(self, etag: str | None = None, date: datetime | None = None, weak: bool = False) -> None:
        if date is not None:
            if etag is not None:
                raise ValueError("got an entity tag and a date, expected one of them (RFC 9110 section 13.1.5)")
            date = parse_date(http_date(date))
        self.etag = etag
        self.date = date
        self.weak = weak
        check_reads_back(self)

    @classmethod
    def _made(cls, etag: str | None, date: datetime | None, weak: bool) -> Self:
        self = cls.__new__(cls)
        self.etag = etag
        self.date = date
        self.weak = weak
        return self

    @classmethod
    def from_header(cls, value: str | None, /) -> Self:
        """Parse a field value. None gives an empty object; an invalid value gives one that never matches."""
        if not value:
            return cls._made(None, None, False)
        if (date := parse_date(value)) is not None:
            return cls._made(None, date, False)
        etag, weak = unquote_etag(value)
        if etag is not None and not is_opaque(etag):  # an invalid value must never match
            etag, weak = "", True
        return cls._made(etag, None, bool(weak))

    def to_header(self) -> str:
        """Return the field value, ``""`` for an empty object."""
        if self.date is not None:
            return http_date(self.date)
        return "" if self.etag is None else quote_etag(self.etag, self.weak)

    def matches(self, etag: str | None = None, last_modified: datetime | None = None) -> bool:
        """Return whether a representation is still the one of which the client has a part.

        ``etag`` is the ETag field value of the representation; it is compared strongly (RFC 9110 section 8.8.3.2).
        ``last_modified`` must be equal to the second. If the representation lacks the value to compare, the result is
        False. An empty If-Range always matches.
        """
        if self.date is not None:
            return last_modified is not None and http_date(last_modified) == http_date(self.date)
        if self.etag is None:
            return True
        tag, weak = unquote_etag(etag)
        return not self.weak and not weak and tag == self.etag

    def __bool__(self) -> bool:
        return self.etag is not None or self.date is not None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IfRange):
            return NotImplemented
        return (self.etag, self.date, self.weak) == (other.etag, other.date, other.weak)

    def __hash__(self) -> int:
        return hash((self.etag, self.date, self.weak))

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"
