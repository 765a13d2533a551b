"""Dates of HTTP: one format is written, three are read."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields import _dates as dates
from cardan.core.fields._dates import http_date, parse_date, to_timestamp, utc_now
from tests.corpora import corpus_json

MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
TEXT = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize("row", range(3))
def test_the_three_forms(row: int) -> None:
    """The three formats of RFC 9110 section 5.6.7 are read."""
    case = corpus_json("rfc-examples")["rfc9110_dates"][row]
    parsed = parse_date(case["in"])
    assert parsed is not None
    assert parsed.timestamp() == case["epoch"]
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "  " + TEXT + "\t",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 UTC",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov 06 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT; length=123",
        "Sunday, 06-Nov-94 08:49:37 GMT;Length=0 ",
        "Sun Nov  6 08:49:37 1994 ; length=123",
    ],
)
def test_liberties_in_reading(text: str) -> None:
    """Names in any case, a wrong or missing name of the day, a day with one digit, and the format of Netscape's
    cookies are read. So is a date with the length that old browsers and proxies add to If-Modified-Since.
    """
    assert parse_date(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "foo",
        "0",
        "Thu, 10 Dec 2009 13:57:29999999999999999999999 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT; length=x",
        "Sun, 06 Nov 1994 08:49:37 GMT; size=1",
        "Sun, 06 Nov 1994 08:49:37 GMT length=1",
        "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:61:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0200",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, ٠٦ Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Fri, 31 Dec 9999 23:59:60 GMT",
        "-1",
    ],
)
def test_what_is_no_date_is_none(text: str | None) -> None:
    """Numbers out of range, days that do not exist, and other text give None."""
    assert parse_date(text) is None


def test_leap_second() -> None:
    """``:60`` is a valid second (RFC 9110 section 5.6.7). A datetime cannot represent it, so that it gives the next
    second.
    """
    assert parse_date("Sat, 31 Dec 2016 23:59:60 GMT") == datetime(2017, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "text", "year"),
    [
        (2026, "Sunday, 06-Nov-94 08:49:37 GMT", 1994),
        (2026, "Sunday, 06-Nov-76 08:49:37 GMT", 2076),
        (2026, "Sunday, 06-Nov-77 08:49:37 GMT", 1977),
        (2026, "Thursday, 31-Dec-76 00:00:00 GMT", 1976),
        (2026, "Wednesday, 01-Jan-10 00:00:00 GMT", 2010),
        (2099, "Sunday, 06-Nov-10 00:00:00 GMT", 2110),
        (2099, "Sunday, 06-Nov-60 00:00:00 GMT", 2060),
    ],
)
def test_two_digits_are_windowed(monkeypatch: pytest.MonkeyPatch, now: int, text: str, year: int) -> None:
    """A year of two digits that is more than 50 years in the future is the most recent past year with these digits
    (RFC 9110 section 5.6.7).
    """
    moment = datetime(now, 11, 21, tzinfo=UTC).timestamp()
    monkeypatch.setattr(dates, "clock", lambda: moment)
    parsed = parse_date(text)
    assert parsed is not None
    assert parsed.year == year


@pytest.mark.parametrize(
    "when",
    [
        MOMENT,
        MOMENT.replace(tzinfo=None),
        MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))),
        784111777,
        784111777.9,
        time.gmtime(784111777),
        MOMENT.replace(microsecond=999_999),
    ],
)
def test_one_form_out(when: datetime | float | time.struct_time) -> None:
    """Every kind of time is written in the IMF-fixdate format. A naive datetime is in UTC."""
    assert http_date(when) == TEXT


def test_more_kinds_of_dates() -> None:
    """A date is written as its midnight. Times before 1970 and before the year 1000 can be written."""
    assert http_date(date(1994, 11, 6)) == "Sun, 06 Nov 1994 00:00:00 GMT"
    assert http_date(-1) == "Wed, 31 Dec 1969 23:59:59 GMT"
    assert http_date(-0.5) == "Wed, 31 Dec 1969 23:59:59 GMT"
    assert http_date(datetime(1, 1, 1)) == "Mon, 01 Jan 0001 00:00:00 GMT"


@pytest.mark.parametrize("when", [10**18, -(10**18), float("nan"), float("inf"), 1e300, -1e300])
def test_what_no_date_can_say_is_refused(when: float) -> None:
    """A time outside of the years 1 to 9999, NaN and infinity are refused."""
    with pytest.raises(ValueError, match=r"^got timestamp "):
        http_date(when)


@pytest.mark.parametrize("when", ["Sun, 06 Nov 1994 08:49:37 GMT", b"0", time, timedelta(0)])
def test_what_is_no_time_is_refused(when: Any) -> None:
    """Text is not read here, also if it is a date."""
    with pytest.raises(TypeError, match=r"^got .*, expected a datetime, a date, a number of seconds or a struct_time$"):
        http_date(when)


def test_the_clock_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """All code in core takes the time from one function."""
    monkeypatch.setattr(dates, "clock", lambda: 784111777.5)
    assert http_date() == http_date(None) == TEXT
    assert utc_now() == MOMENT


@given(st.datetimes(timezones=st.just(UTC)))
def test_dates_come_back(when: datetime) -> None:
    """A date that is written and read again is equal to the second. ``email.utils`` reads the same date."""
    from email.utils import format_datetime, parsedate_to_datetime

    text = http_date(when)
    assert parse_date(text) == when.replace(microsecond=0)
    assert text == format_datetime(when.replace(microsecond=0), usegmt=True)
    assert to_timestamp(when) == when.replace(microsecond=0).timestamp()
    assert parsedate_to_datetime(text) == parse_date(text) or when.year < 100


@pytest.mark.parametrize(("name", "read"), [("examples.json", 9), ("bsd-examples.json", 10)])
def test_cookie_dates(name: str, read: int) -> None:
    """Dates of cookies are read without an exception; the result is right, or None if the text is not an HTTP date."""
    parsed = [(parse_date(row["test"]), row["expected"]) for row in corpus_json("http-state", f"data/dates/{name}")]
    found = [(http_date(when), expected) for when, expected in parsed if when is not None]
    assert found == [(expected, expected) for _, expected in found]
    assert len(found) == read
    # every expected date can be written as Expires
    for row in corpus_json("http-state", f"data/dates/{name}"):
        if row["expected"]:
            assert http_date(parse_date(row["expected"])) == row["expected"]


@pytest.mark.parametrize(
    ("now", "text", "year"),
    [
        (datetime(2026, 11, 21), "Saturday, 21-Nov-76 00:00:00 GMT", 2076),
        (datetime(2026, 11, 21), "Sunday, 21-Nov-76 00:00:01 GMT", 1976),
        (datetime(2099, 11, 21), "Friday, 21-Nov-49 00:00:00 GMT", 2149),
        (datetime(2099, 11, 21), "Friday, 06-Nov-49 00:00:00 GMT", 2149),
        (datetime(2099, 11, 21), "Sunday, 21-Nov-49 00:00:01 GMT", 2049),
        (datetime(2099, 11, 21), "Friday, 06-Nov-50 00:00:00 GMT", 2050),
        (datetime(2050, 1, 1), "Saturday, 01-Jan-00 00:00:00 GMT", 2100),
        (datetime(2050, 1, 1), "Saturday, 01-Jan-00 00:00:01 GMT", 2000),
        (datetime(2000, 1, 1), "Saturday, 01-Jan-50 00:00:00 GMT", 2050),
        (datetime(2000, 1, 1), "Saturday, 01-Jan-50 00:00:01 GMT", 1950),
    ],
)
def test_the_window_ends_after_fifty_years(
    monkeypatch: pytest.MonkeyPatch, now: datetime, text: str, year: int
) -> None:
    """A year of two digits is the last one that makes a date of at most 50 years in the future, to the second (RFC 9110
    section 5.6.7), in every year of a century.
    """
    moment = now.replace(tzinfo=UTC).timestamp()
    monkeypatch.setattr(dates, "clock", lambda: moment)
    parsed = parse_date(text)
    assert parsed is not None
    assert parsed.year == year


def test_a_leap_second_is_written_as_the_second_before() -> None:
    """A ``struct_time`` may have the seconds 60 and 61, a date of HTTP that is written may not."""
    for second in (59, 60, 61):
        when = time.struct_time((2016, 12, 31, 23, 59, second, 5, 366, 0))
        assert http_date(when) == "Sat, 31 Dec 2016 23:59:59 GMT"


@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_and_day_of_the_week(month: int) -> None:
    """The names of months and days are those of RFC 9110 section 5.6.7; in reading their case does not matter."""
    name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month - 1]
    for day in range(1, 8):
        when = datetime(2023, month, day, 1, 2, 3, tzinfo=UTC)
        weekday = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][when.isoweekday() - 1]
        assert http_date(when) == f"{weekday}, 0{day} {name} 2023 01:02:03 GMT"
        for text in (
            f"{weekday}, 0{day} {name} 2023 01:02:03 GMT",
            f"{weekday}, {day} {name.upper()} 2023 01:02:03 UTC",
            f"{weekday}day, 0{day}-{name.lower()}-23 01:02:03 GMT",
            f"{weekday} {name}  {day} 01:02:03 2023",
        ):
            assert parse_date(text) == when
