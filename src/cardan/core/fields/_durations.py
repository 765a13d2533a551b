"""Durations in header fields: Age (RFC 9111 section 5.1), Retry-After (RFC 9110 section 10.2.3), max-age and others.

Parsing never raises: text that is not a number of ASCII digits gives None. A duration above 2**31 seconds gives 2**31
(RFC 9111 section 1.2.2), so that sums cannot overflow. Writing raises :exc:`ValueError` for a negative duration.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from ._dates import http_date, parse_date, utc_now
from ._syntax import OWS, parse_integer

__all__ = ["delta_seconds", "dump_age", "dump_retry_after", "parse_age", "parse_retry_after"]

MAX_SECONDS: Final = 2**31


def delta_seconds(text: str | None) -> int | None:
    """Parse a number of seconds (RFC 9111 section 1.2.2). None and invalid text give None."""
    seconds = parse_integer(text)
    return None if seconds is None else min(seconds, MAX_SECONDS)


def parse_age(text: str | None) -> timedelta | None:
    """Parse the value of Age, a number of seconds. None and invalid text give None."""
    seconds = delta_seconds(text.strip(OWS) if text else None)
    return None if seconds is None else timedelta(seconds=seconds)


def dump_age(age: timedelta | int) -> str:
    """Return a duration, a timedelta or a number of seconds, as a field value. Fractions are cut off.

    Raises :exc:`ValueError` for a negative duration, and for a text that is no number.
    """
    number: Any = age // timedelta(seconds=1) if isinstance(age, timedelta) else age
    try:
        if isinstance(number, str) and parse_integer(number) is None:  # int() takes other digits, and underscores
            raise ValueError
        seconds = int(number)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"got duration {age!r}, expected a timedelta or a number of seconds") from None
    if seconds < 0 or (isinstance(number, float) and number < 0):
        raise ValueError(f"got duration {age!r}, expected none below zero")
    return str(seconds)


def parse_retry_after(text: str | None) -> datetime | None:
    """Parse the value of Retry-After, a number of seconds from now or a date. None and invalid text give None."""
    after = parse_age(text)
    return parse_date(text) if after is None else utc_now() + after


def dump_retry_after(when: datetime | timedelta | int) -> str:
    """Return a Retry-After field value. A datetime is written as a date, a timedelta or a number as seconds.

    Raises :exc:`ValueError` for a negative duration.
    """
    return http_date(when) if isinstance(when, datetime) else dump_age(when)
