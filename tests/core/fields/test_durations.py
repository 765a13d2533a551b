"""Durations in header fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields import _dates as dates
from cardan.core.fields._durations import delta_seconds, dump_age, dump_retry_after, parse_age, parse_retry_after

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "clock", NOW.timestamp)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), (" 60 ", 60), ("9" * 100, 2**31), *((text, None) for text in (None, "", "-1", "x", "1.5", "1_0", "٣"))],
)
def test_ages(text: str | None, seconds: int | None) -> None:
    """A number above 2**31 gives 2**31 (RFC 9111 section 1.2.2). Text that is not a number gives None."""
    assert parse_age(text) == (None if seconds is None else timedelta(seconds=seconds))
    assert delta_seconds(text.strip() if text else text) == seconds


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("120", NOW + timedelta(seconds=120)),
        ("9" * 30, NOW + timedelta(seconds=2**31)),
        ("Fri, 31 Dec 1999 23:59:59 GMT", datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("soon", None),
        (None, None),
        ("-5", None),
    ],
)
def test_retry_after(text: str | None, when: datetime | None) -> None:
    """Retry-After is a number of seconds from now or a date (RFC 9110 section 10.2.3). A large number does not
    overflow.
    """
    assert parse_retry_after(text) == when


@pytest.mark.parametrize(
    ("when", "text"),
    [(5, "5"), (timedelta(minutes=2), "120"), (datetime(1999, 12, 31, tzinfo=UTC), "Fri, 31 Dec 1999 00:00:00 GMT")],
)
def test_writing_retry_after(when: datetime | timedelta | int, text: str) -> None:
    """A number and a timedelta are written as seconds, a datetime as a date."""
    assert dump_retry_after(when) == text


@pytest.mark.parametrize("age", [-1, timedelta(seconds=-1), timedelta(milliseconds=-1), -0.5])
def test_negative_durations_are_refused(age: Any) -> None:
    """A negative duration is refused: HTTP has none."""
    with pytest.raises(ValueError, match=r"^got duration .*, expected none below zero$"):
        dump_age(age)


@pytest.mark.parametrize("age", ["", "-1", "+1", "1_0", " 1", "1\n", "1.5", "\u0661", "ten"])
def test_text_that_is_no_duration(age: Any) -> None:
    """Text is a duration if it has ASCII digits only (RFC 9111 section 1.2.2), although ``int()`` takes more."""
    with pytest.raises(ValueError, match=r"^got duration .*, expected a timedelta or a number of seconds$"):
        dump_age(age)


@given(st.integers(0, 2**31))
def test_durations_come_back(seconds: int) -> None:
    """A duration that is written and parsed again is equal."""
    assert parse_age(dump_age(seconds)) == timedelta(seconds=seconds)
    assert parse_age(dump_age(timedelta(seconds=seconds, microseconds=5))) == timedelta(seconds=seconds)
