"""Seconds in fields: Age (RFC 9111 section 5.1), Retry-After (RFC 9110 section 10.2.3), max-age and the like.

Takes and gives field values. Reading is total: what is no number of ASCII digits gives None, more than 2**31
seconds is 2**31 (RFC 9111 section 1.2.2), so that no sum overflows. Writing raises :exc:`ValueError` for
negative durations.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from .dates import http_date, parse_date, utc_now
from .syntax import parse_integer

__all__ = ["delta_seconds", "dump_age", "dump_retry_after", "parse_age", "parse_retry_after"]

MAX_SECONDS: Final = 2**31


def delta_seconds(text: str | None) -> int | None:
    """Return the seconds that ``text`` says (RFC 9111 section 1.2.2), None if it says none."""
    seconds = parse_integer(text)
    return None if seconds is None else min(seconds, MAX_SECONDS)


def parse_age(text: str | None) -> timedelta | None:
    """Return the duration that ``text`` says, None if it says none."""
    seconds = delta_seconds(text.strip(" \t") if text else None)
    return None if seconds is None else timedelta(seconds=seconds)


def dump_age(age: timedelta | int) -> str:
    """Return a duration (a timedelta, or seconds) as field value; fractions are cut off."""
    seconds = age // timedelta(seconds=1) if isinstance(age, timedelta) else int(age)
    if seconds < 0:
        raise ValueError(f"got duration {age!r}, expected none below zero")
    return str(seconds)


def parse_retry_after(text: str | None) -> datetime | None:
    """Return the time that Retry-After says, in seconds from now or as a date; None if it says none."""
    after = parse_age(text)
    return parse_date(text) if after is None else utc_now() + after


def dump_retry_after(when: datetime | timedelta | int) -> str:
    """Return a Retry-After field value: a datetime as a date, a timedelta or a number as seconds."""
    return http_date(when) if isinstance(when, datetime) else dump_age(when)
