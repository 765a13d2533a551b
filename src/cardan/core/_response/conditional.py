"""Conditional requests and ranges: one pure decision (RFC 9110 sections 13 and 14).

Takes the request's method and fields, and what is known of the representation; gives a :class:`Decision`. It follows
the order of section 13.2.2. Nothing that a client sends raises an error or takes more than linear time.

    method       precondition that fails, or holds                      decision
    GET, HEAD    If-Match, If-Unmodified-Since fail                      412
    GET, HEAD    If-None-Match matches; else If-Modified-Since           304
    GET          a Range that If-Range does not void                     206, 416, or all of it
    others       If-Match, If-Unmodified-Since, If-None-Match fail       412
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol, Self, get_type_hints

from .._pickling import slots_state
from ..fields._dates import parse_date, utc_now
from ..fields._etags import ETags, unquote_etag
from ..fields._live import HasHeaders
from ..fields._ranges import IfRange, Range, merge_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_RANGES", "SAFE", "Conditions", "Decision", "Representation", "RequestLike", "decide"]

#: The largest number of parts in one answer, after ranges that overlap or touch were merged. A request for more gets
#: the whole representation (RFC 9110 section 14.2 allows it). Apache allows 200, nginx any number, and Go limits only
#: the size of the answer. Players and download managers ask for one to eight.
MAX_RANGES: Final = 16
#: About so many bytes stand around each part of multipart/byteranges. They count if there are more than _FEW parts.
_AROUND_PART: Final = 100
_FEW: Final = 4

_SECOND: Final = timedelta(seconds=1)

#: methods that change nothing, and that select a representation (RFC 9110 section 9.2.1, RFC 10008 section 2)
SAFE: Final = frozenset({"GET", "HEAD", "QUERY"})
# section 13.2.1: methods that neither select nor modify a representation
_WITHOUT_PRECONDITIONS: Final = frozenset({"CONNECT", "OPTIONS", "TRACE"})


@dataclass(slots=True)
class Conditions:
    """The fields of a request that make it conditional, as they were sent; None for a field that was not sent.

    They are those of RFC 9110 sections 13.1 and 14.2. :func:`decide` takes them.

    >>> Conditions.from_headers({"If-None-Match": '"v1"'}).if_none_match
    '"v1"'
    """

    __getstate__ = slots_state

    if_match: str | None = None
    if_unmodified_since: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_range: str | None = None
    range: str | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self:
        """The conditions in ``headers``: those of a request, or another mapping with these spellings of the names."""
        get = headers.get
        return cls(
            get("If-Match"), get("If-Unmodified-Since"), get("If-None-Match"), get("If-Modified-Since"),
            get("If-Range"), get("Range"),
        )  # fmt: skip


@dataclass(slots=True)
class Representation:
    """What would be sent without conditions: the status, the validators, and the length in bytes if it is known.

    ``etag`` is a field value, ``"x"`` or ``W/"x"``. ``exists`` is False if there is no representation yet. If
    ``length`` is None, ranges are not served. ``any_order``: the body can give its ranges in any order, not only in
    ascending order. ``date`` is the time in the field Date, None for the current time. A naive datetime is in UTC, and
    fractions of a second of ``last_modified`` are dropped. :func:`decide` takes it.

    >>> Representation(etag='W/"v1"', length=1000).status
    200
    """

    __getstate__ = slots_state

    status: int = 200
    etag: str | None = None
    last_modified: datetime | None = None
    length: int | None = None
    exists: bool = True
    any_order: bool = True
    date: datetime | None = None

    def __post_init__(self) -> None:
        when, date = self.last_modified, self.date
        if when is not None:  # a date of HTTP has no fractions of a second, and a naive datetime is in UTC
            self.last_modified = when.replace(microsecond=0, tzinfo=when.tzinfo or UTC)
        if date is not None and date.tzinfo is None:
            self.date = date.replace(tzinfo=UTC)


@dataclass(slots=True)
class Decision:
    """``status`` is 304, 412, 416 or 206, or None to answer as without conditions.

    ``ranges`` are for 206: pairs (start, stop) of positions in bytes, each range ending before ``stop``. If there are
    several, the answer is ``multipart/byteranges`` (RFC 9110 section 15.3.7.2). :func:`decide` makes it.

    >>> Decision(206, [(0, 5)]).ranges
    [(0, 5)]
    """

    __getstate__ = slots_state

    status: int | None = None
    ranges: list[tuple[int, int]] = field(default_factory=list)


def decide(method: str, asked: Conditions, there: Representation) -> Decision:
    """Return how to answer a request with ``method`` and the conditions ``asked``, about the representation ``there``.

    It follows RFC 9110 section 13.2.2 and raises nothing, whatever a client has sent.
    :meth:`make_conditional() <cardan.Response.make_conditional>` decides by it and changes the response.

    >>> there = Representation(etag='"v1"', length=1000)
    >>> decide("GET", Conditions(if_none_match='"v1"'), there).status
    304
    >>> decide("PUT", Conditions(if_match='"v0"'), there).status
    412
    >>> decide("GET", Conditions(range="bytes=0-99"), there)
    Decision(status=206, ranges=[(0, 100)])
    """
    if method in _WITHOUT_PRECONDITIONS or not 200 <= there.status < 300:
        return Decision()
    if not _may_go_on(asked, there):
        return Decision(412)
    safe = method in SAFE
    if asked.if_none_match is not None:
        if _is_among(ETags.from_header(asked.if_none_match), there):
            return Decision(304 if safe else 412)
    elif safe and _is_unmodified(asked.if_modified_since, there):
        return Decision(304)
    if method == "GET" and asked.range is not None and there.status == 200 and there.length is not None:
        return _decide_range(asked.range, asked.if_range, there, there.length)
    return Decision()


def _may_go_on(asked: Conditions, there: Representation) -> bool:
    """Whether If-Match (section 13.1.1) holds; without it, whether If-Unmodified-Since (section 13.1.4) holds."""
    if asked.if_match is not None:
        tags = ETags.from_header(asked.if_match)
        if tags.star_tag:
            return there.exists
        tag, weak = unquote_etag(there.etag)
        return there.exists and tag is not None and not weak and tags.is_strong(tag)
    since = parse_date(asked.if_unmodified_since)
    return since is None or there.last_modified is None or there.last_modified <= since


def _is_among(tags: ETags, there: Representation) -> bool:
    """Whether one of ``tags`` matches by weak comparison (section 13.1.2)."""
    if tags.star_tag:
        return there.exists
    tag, _ = unquote_etag(there.etag)
    return tag is not None and tags.contains_weak(tag)


def _is_unmodified(field_value: str | None, there: Representation) -> bool:
    since = parse_date(field_value)
    return since is not None and there.last_modified is not None and there.last_modified <= since


def _decide_range(value: str, if_range: str | None, there: Representation, length: int) -> Decision:
    asked = Range.from_header(value)
    if asked is None or asked.units != "bytes":
        return Decision()
    if if_range is not None:
        wanted = IfRange.from_header(if_range)
        if not wanted or not _is_same(wanted, there):  # an empty field names no representation
            return Decision()
    ranges = asked.resolve(length)
    if not ranges:
        # Ranges that reach the beginning of an empty representation ask for all of it, and no Content-Range can express
        # that (sections 14.1.2 and 14.4). (0, 0) is bytes=-0, which is never satisfiable.
        reach = not length and any(start <= 0 and stop != 0 for start, stop in asked.ranges)
        return Decision() if reach else Decision(416)
    if len(ranges) == 1:
        return Decision(206, ranges)
    merged = _merged(ranges)
    if _is_wasteful(ranges, merged, length) or not (there.any_order or merged == sorted(merged)):
        return Decision()
    return Decision(206, merged)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge ranges that overlap or touch. A merged range takes the place of its first member (section 15.3.7.2)."""
    merged = merge_ranges(ranges)
    starts = [start for start, _ in merged]
    return list(dict.fromkeys(merged[bisect_right(starts, start) - 1] for start, _ in ranges))


def _is_wasteful(ranges: list[tuple[int, int]], merged: list[tuple[int, int]], length: int) -> bool:
    """Whether the whole is sent in place of ranges: they are too many, or they have more bytes than the whole (sections
    14.2 and 17.15).
    """
    count = len(merged)
    if count > MAX_RANGES or sum(stop - start for start, stop in ranges) > length:
        return True
    return count > _FEW and sum(stop - start for start, stop in merged) + count * _AROUND_PART > length


def _is_same(wanted: IfRange, there: Representation) -> bool:
    """Whether If-Range holds (section 13.1.5).

    A date has to be a strong validator: what was modified in the second of Date may be modified once more in that
    second (section 8.8.2.2).
    """
    if not wanted.matches(there.etag, there.last_modified):
        return False
    modified = there.last_modified
    # a difference, because the sum would be out of range at the end of the year 9999
    return wanted.date is None or modified is None or (there.date or utc_now()) - modified >= _SECOND


class RequestLike(HasHeaders, Protocol):
    """A request of any class of cardan."""

    @property
    def method(self) -> str:
        """The method."""
        ...


# typing.get_type_hints() looks for names in the public module, where datetime is none
Representation.__annotations__.update(get_type_hints(Representation, globals()))
Conditions.__module__ = Representation.__module__ = Decision.__module__ = "cardan.core"
