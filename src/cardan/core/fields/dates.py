"""Dates of HTTP (RFC 9110 section 5.6.7).

Takes a datetime, a timestamp or a field value; gives IMF-fixdate text or an aware datetime in UTC. Reading is
total: text that is no date, or a date that does not exist, gives None. Writing raises :exc:`ValueError` for
what no IMF-fixdate can say (a year beyond 1 to 9999, NaN). The clock is :data:`clock`, to be replaced in tests.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

__all__ = ["http_date", "parse_date", "to_timestamp", "utc_now"]

#: gives the present time as seconds since 1970; everything in core that asks for the time asks here
clock: Callable[[], float] = time.time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBER = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"

# IMF-fixdate, rfc850-date and the form of Netscape's cookies, with their usual liberties: day name missing or
# wrong, one digit in the day, UTC for GMT. Names in any case, as RFC 9110 asks of nobody and all clients expect.
_is_date = re.compile(
    rf"(?:[a-z]{{3,9}},?[ ]+)?([0-9]{{1,2}})[ -]({_MONTH})[ -]([0-9]{{4}}|[0-9]{{2}})"
    r"[ ]+([0-9]{2}):([0-9]{2}):([0-9]{2})[ ]+(?:gmt|utc)",
    re.IGNORECASE | re.ASCII,
).fullmatch
_is_asctime = re.compile(
    rf"[a-z]{{3}}[ ]+({_MONTH})[ ]+([0-9]{{1,2}})[ ]+([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}})[ ]+([0-9]{{4}})",
    re.IGNORECASE | re.ASCII,
).fullmatch


def utc_now() -> datetime:
    """Return the present time, aware, in UTC, to the second: as precise as HTTP can say it."""
    return _EPOCH + timedelta(seconds=int(clock()))


def http_date(when: datetime | date | int | float | time.struct_time | None = None) -> str:
    """Return ``when`` as IMF-fixdate: ``Sun, 06 Nov 1994 08:49:37 GMT``.

    Takes an aware datetime, a naive one (which is UTC), a date (its midnight, UTC), seconds since 1970, a
    ``struct_time`` in UTC, or None for now. Fractions of a second are cut off.
    """
    if when is None:
        return _format(int(clock()))
    if isinstance(when, int):
        return _format(when)
    return _format(to_timestamp(when))


def to_timestamp(when: datetime | date | int | float | time.struct_time) -> int:
    """Return ``when``, as :func:`http_date` takes it, in whole seconds since 1970."""
    if isinstance(when, (int, float)):
        try:
            return int(when // 1)
        except (OverflowError, ValueError):
            raise ValueError(f"got timestamp {when!r}, expected a finite number") from None
    if isinstance(when, time.struct_time):
        when = datetime(*when[:5], min(when.tm_sec, 59), tzinfo=UTC)
    elif not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day, tzinfo=UTC)
    elif when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - _EPOCH) // timedelta(seconds=1)


@lru_cache(maxsize=256)  # a server writes few dates again and again: now, and when its files changed
def _format(seconds: int) -> str:
    try:
        when = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError(f"got timestamp {seconds!r}, expected one in the years 1 to 9999") from None
    return (
        f"{_DAYS[when.weekday()]}, {when.day:02} {_MONTHS[when.month - 1]} {when.year:04} "
        f"{when.hour:02}:{when.minute:02}:{when.second:02} GMT"
    )


def parse_date(text: str | None) -> datetime | None:
    """Return the date that ``text`` is, aware, in UTC, else None. All three forms of RFC 9110 are read.

    A year of two digits that would lie more than 50 years ahead is the last one past that ends so. A leap
    second (``:60``) is the first second of the next minute.
    """
    if not text:
        return None
    if found := _is_date(text.strip(" \t")):
        day, month, year, hour, minute, second = found.groups()
    elif found := _is_asctime(text.strip(" \t")):
        month, day, hour, minute, second, year = found.groups()
    else:
        return None
    try:
        leap = second == "60"
        number = int(year)
        moment = (_NUMBER[month.lower()], int(day), int(hour), int(minute), 59 if leap else int(second))
        when = _windowed(number, *moment) if len(year) == 2 else datetime(number, *moment, tzinfo=UTC)
        return when + timedelta(seconds=1) if leap else when
    except (ValueError, OverflowError):
        return None


def _windowed(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime:
    now = utc_now()
    year += now.year // 100 * 100
    if year < now.year - 50:  # at the end of a century the near future begins with the next one
        year += 100
    # RFC 9110: more than 50 years in the future is the most recent year in the past with the same digits
    if (year - 50, month, day, hour, minute, second) > now.timetuple()[:6]:
        year -= 100
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
