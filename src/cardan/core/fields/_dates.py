"""Dates of HTTP (RFC 9110 section 5.6.7).

Dates are written in the IMF-fixdate format and read as aware datetimes in UTC. Parsing never raises: text in another
format, and a date that does not exist, give None. Writing raises :exc:`ValueError` for a time outside of the years 1
to 9999 and for NaN. Tests may replace :data:`clock`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from ._syntax import OWS

__all__ = ["http_date", "parse_date", "to_timestamp", "utc_now"]

#: Returns the current time in seconds since 1970. All code in core takes the time from here.
clock: Callable[[], float] = time.time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBER = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"

# Old browsers and proxies add the length of what they have to If-Modified-Since. It says nothing about the date.
_LENGTH = r"(?:[ \t]*;[ \t]*length=[0-9]*)?"
# IMF-fixdate, rfc850-date and the format of Netscape's cookies, with the usual deviations: the name of the day is
# missing or wrong, the day has one digit, "UTC" stands for "GMT". The case of names is ignored, although RFC 9110 does
# not require it.
_is_date = re.compile(
    rf"(?:[a-z]{{3,9}},?[ ]+)?([0-9]{{1,2}})[ -]({_MONTH})[ -]([0-9]{{4}}|[0-9]{{2}})"
    rf"[ ]+([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}})[ ]+(?:gmt|utc){_LENGTH}",
    re.IGNORECASE | re.ASCII,
).fullmatch
_is_asctime = re.compile(
    rf"[a-z]{{3}}[ ]+({_MONTH})[ ]+([0-9]{{1,2}})[ ]+([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}})[ ]+([0-9]{{4}}){_LENGTH}",
    re.IGNORECASE | re.ASCII,
).fullmatch


def utc_now() -> datetime:
    """Return the current time as an aware datetime in UTC, without fractions of a second: HTTP dates have none."""
    return _EPOCH + timedelta(seconds=int(clock()))


def http_date(when: datetime | date | int | float | time.struct_time | None = None) -> str:
    """Return a time in the IMF-fixdate format (RFC 9110 section 5.6.7).

    ``when`` is an aware datetime, a naive datetime in UTC, a date (its midnight in UTC), a number of seconds since
    1970, a ``struct_time`` in UTC, or None for the current time. Fractions of a second are cut off. Raises
    :exc:`ValueError` for a time outside of the years 1 to 9999, and :exc:`TypeError` for a value of another type.

    >>> http_date(784111777)
    'Sun, 06 Nov 1994 08:49:37 GMT'
    """
    if when is None:
        return _format(int(clock()))
    if isinstance(when, int):
        return _format(when)
    return _format(to_timestamp(when))


def to_timestamp(when: datetime | date | int | float | time.struct_time) -> int:
    """Return a time in whole seconds since 1970. ``when`` is as for :func:`http_date`, but not None.

    Raises :exc:`ValueError` for NaN and infinity.
    """
    if isinstance(when, (int, float)):
        try:
            return int(when // 1)
        except (OverflowError, ValueError):
            raise ValueError(f"got timestamp {when!r}, expected a finite number") from None
    if isinstance(when, time.struct_time):
        when = datetime(*when[:5], min(when.tm_sec, 59), tzinfo=UTC)
    elif isinstance(when, datetime):
        when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    elif isinstance(when, date):
        when = datetime(when.year, when.month, when.day, tzinfo=UTC)
    else:
        raise TypeError(f"got {when!r}, expected a datetime, a date, a number of seconds or a struct_time")
    return (when - _EPOCH) // timedelta(seconds=1)


@lru_cache(maxsize=256)  # a server writes few different dates: the current time, and the times of its files
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
    """Parse a date in one of the three formats of RFC 9110 section 5.6.7. Return an aware datetime in UTC.

    None and an invalid date give None. ``; length=123`` after a date is ignored. A year of two digits is the one
    that lies at most 50 years in the future. A leap second (``:60``) gives the first second of the next minute.

    >>> parse_date("Sunday, 06-Nov-94 08:49:37 GMT")
    datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.timezone.utc)
    """
    if not text:
        return None
    if found := _is_date(text.strip(OWS)):
        day, month, year, hour, minute, second = found.groups()
    elif found := _is_asctime(text.strip(OWS)):
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
    if year <= now.year - 50:  # near the end of a century, the next years belong to the next century
        year += 100
    # RFC 9110: a date more than 50 years in the future is the most recent year in the past with the same digits
    if (year - 50, month, day, hour, minute, second) > now.timetuple()[:6]:
        year -= 100
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
