"""Range and If-Range."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._content_range import ContentRange
from cardan.core.fields._ranges import IfRange, Range, merge_ranges
from tests.corpora import corpus_json

DEVIATIONS = json.loads((Path(__file__).parent / "deviations.json").read_text(encoding="utf-8"))
MODIFIED = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize("row", range(8))
def test_examples_of_the_rfc(row: int) -> None:
    """The examples of RFC 9110 section 14.1.2 give the bytes that they name, with adjacent ranges merged."""
    case = corpus_json("rfc-examples")["rfc9110_ranges"][row]
    ranges = Range.from_header(case["range"])
    assert ranges is not None
    assert [[start, stop - 1] for start, stop in merge_ranges(ranges.resolve(case["length"]))] == case["bytes"]


def test_the_corpus_of_browsers() -> None:
    """wpt-fetch: ranges of blob: URLs give the bytes that browsers give, except the rows in deviations.json, where RFC
    9110 differs.
    """
    deviations = DEVIATIONS["wpt-blob-range"]["rows"]
    rows = corpus_json("wpt-fetch", "blob-range.json")
    for row in rows:
        ranges = Range.from_header(row["range"])
        length = len(row["data"])
        found = None if ranges is None or ranges.units != "bytes" else ranges.resolve(length)
        if row["range"] in deviations:
            expected = deviations[row["range"]]
            assert found == (None if expected is None else [tuple(pair) for pair in expected]), row["range"]
        elif row["status"] == 206:
            assert found is not None
            assert [ContentRange("bytes", *pair, length).to_header() for pair in found] == [row["content_range"]]
            assert row["data"][slice(*found[0])] == row["result"]
        else:
            assert found is None, row["range"]
    assert len(rows) == 27
    assert deviations.keys() <= {row["range"] for row in rows}


@pytest.mark.parametrize(
    ("header", "units", "ranges"),
    [
        ("bytes=0-499", "bytes", [(0, 500)]),
        ("bytes=500-", "bytes", [(500, None)]),
        ("bytes=-500", "bytes", [(-500, None)]),
        ("bytes=-0", "bytes", [(0, 0)]),
        ("bytes=-00", "bytes", [(0, 0)]),
        ("Bytes=0-0", "bytes", [(0, 1)]),
        ("bytes= 0-0 ,\t1-2 , , -3", "bytes", [(0, 1), (1, 3), (-3, None)]),
        ("items=1-2", "items", [(1, 3)]),
        ("bytes=0-99999999999999999999999999", "bytes", [(0, 10**18 + 1)]),
        ("bytes=5-5,1-1", "bytes", [(5, 6), (1, 2)]),
    ],
)
def test_reading(header: str, units: str, ranges: list[tuple[int, int | None]]) -> None:
    """Ranges are parsed by RFC 9110 section 14.1.1. A range ends before ``stop``."""
    parsed = Range.from_header(header)
    assert parsed == Range(units, ranges)
    assert parsed is not None
    assert Range.from_header(parsed.to_header()) == parsed


@pytest.mark.parametrize(
    "header",
    [
        None, "", "bytes", "bytes=", "bytes=,", "=0-1", "bytes 0-1", "bytes=x", "bytes=5", "bytes=5-1", "bytes=5-4",
        "bytes=1-2,5-4", "bytes=--1", "bytes=1--2", "bytes=+1-2", "bytes=1_0-", "bytes=٣-", "bytes=1 -2",
        "bytes=0-1;2-3", "a b=0-1", "bytes=\x0b0-1", "bytes=0-1\n", "bytes=0-1,\x0b", "bytes=\xa0,0-1",
        "bytes=0-1,\x1c,2-3", "bytes=0-1,\x85",
    ],
)  # fmt: skip
def test_what_is_invalid_is_ignored(header: str | None) -> None:
    """A field with one invalid range gives None (RFC 9110 section 14.2)."""
    assert Range.from_header(header) is None


@pytest.mark.parametrize(
    ("header", "length", "resolved"),
    [
        ("bytes=-1000", 10, [(0, 10)]),
        ("bytes=-0", 10, []),
        ("bytes=100-", 10, []),
        ("bytes=9-", 10, [(9, 10)]),
        ("bytes=10-", 10, []),
        ("bytes=0-", 0, []),
        ("bytes=-5", 0, []),
        ("bytes=0-0,20-30,5-100", 10, [(0, 1), (5, 10)]),
    ],
)
def test_resolving(header: str, length: int, resolved: list[tuple[int, int]]) -> None:
    """``resolve()`` gives the ranges that a representation can satisfy, cut to its length."""
    ranges = Range.from_header(header)
    assert ranges is not None
    assert ranges.resolve(length) == resolved


def test_too_many_ranges_are_ignored() -> None:
    """A field with too many ranges gives None (RFC 9110 section 17.15)."""
    assert Range.from_header("bytes=" + "0-0," * 999 + "0-0") is not None
    assert Range.from_header("bytes=" + "0-0," * 1000 + "0-0") is None


def test_one_range() -> None:
    """One range gives a Content-Range. Several ranges, other units and an unknown length give None."""
    one = Range("bytes", [(2, None)])
    assert one.range_for_length(10) == (2, 10)
    assert one.to_content_range_header(10) == "bytes 2-9/10"
    content_range = one.make_content_range(10)
    assert content_range is not None
    assert (content_range.start, content_range.stop, content_range.length) == (2, 10, 10)
    assert one.range_for_length(None) is None
    assert one.range_for_length(2) is None
    assert one.make_content_range(2) is None
    assert one.to_content_range_header(2) is None
    assert Range("items", [(0, 1)]).range_for_length(5) is None
    assert Range("bytes", [(0, 1), (2, 3)]).range_for_length(5) is None


@pytest.mark.parametrize("pair", [(5, 5), (5, 4), (-1, 5)])
def test_ranges_that_make_no_sense_are_refused(pair: tuple[int, int]) -> None:
    """A range without a byte is refused."""
    with pytest.raises(ValueError, match=r"^got range "):
        Range("bytes", [pair])
    with pytest.raises(ValueError, match=r"^got range unit "):
        Range("a b", [(0, 1)])


def test_ranges_are_those_that_were_given() -> None:
    """A list of ranges that the caller changes afterwards does not change the object, and other sequences will do."""
    given = [(0, 1)]
    ranges = Range("bytes", given)
    given.append((2, 3))
    assert ranges == Range("bytes", ((0, 1),))
    assert ranges.to_header() == "bytes=0-0"


pairs = st.tuples(st.integers(0, 10**17), st.integers(1, 10**17)).map(lambda pair: (pair[0], pair[0] + pair[1]))
specs = pairs | st.integers(-(10**17), 10**17).map(lambda start: (start, None)) | st.just((0, 0))


@given(st.lists(specs, min_size=1, max_size=50), st.integers(0, 10**18))
def test_ranges_come_back(ranges: list[Any], length: int) -> None:
    """Ranges that are written and parsed again are equal. Resolved ranges lie inside of the representation. Merged
    ranges are sorted and separate and contain the same bytes.
    """
    parsed = Range("bytes", ranges)
    assert Range.from_header(str(parsed)) == parsed
    resolved = parsed.resolve(length)
    assert all(0 <= start < stop <= length for start, stop in resolved)
    merged = merge_ranges(resolved)
    assert all(one[1] < two[0] for one, two in pairwise(merged))
    assert all(any(start <= pair[0] and pair[1] <= stop for start, stop in merged) for pair in resolved)
    assert parsed.ranges == ranges
    assert parsed != ranges
    assert repr(parsed).startswith("<Range 'bytes=")


small = st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))
small_specs = small | st.integers(-40, 40).map(lambda start: (start, None))


@given(st.lists(small_specs, min_size=1, max_size=8), st.integers(0, 50), st.integers(0, 5))
def test_ranges_say_the_bytes_of_a_representation(specs: list[tuple[int, int | None]], length: int, gap: int) -> None:
    """Each range says the bytes that a slice of the representation has; a suffix that is longer says all of it (RFC
    9110 section 14.1.2). Merged ranges say these bytes, and those between two that are at most ``gap`` bytes apart.
    """
    parsed = Range("bytes", specs)
    slices = [range(length)[start:stop] for start, stop in parsed.ranges]
    resolved = parsed.resolve(length)
    assert [range(start, stop) for start, stop in resolved] == [each for each in slices if each]
    wanted = {number for each in slices for number in each}
    for number in sorted(wanted):
        following = next((other for other in range(number + 1, number + gap + 2) if other in wanted), number)
        wanted.update(range(number, following))
    merged = merge_ranges(resolved, gap)
    assert [number for start, stop in merged for number in range(start, stop)] == sorted(wanted)
    assert all(one[1] + gap < two[0] for one, two in pairwise(merged))


def test_merging_with_a_gap() -> None:
    """Ranges that are closer than the gap are merged (RFC 9110 section 14.2)."""
    assert merge_ranges([(10, 20), (0, 5)], gap=4) == [(0, 5), (10, 20)]
    assert merge_ranges([(10, 20), (0, 5)], gap=5) == [(0, 20)]


@pytest.mark.parametrize(
    ("header", "etag", "modified", "result"),
    [
        (None, None, None, True),
        ('"a"', '"a"', None, True),
        ('"a"', '"b"', None, False),
        ('"a"', 'W/"a"', None, False),
        ('W/"a"', 'W/"a"', None, False),
        ('"a"', None, MODIFIED, False),
        (DATE, None, MODIFIED, True),
        (DATE, None, MODIFIED.replace(microsecond=5), True),
        (DATE, None, MODIFIED.replace(second=38), False),
        (DATE, '"a"', None, False),
    ],
)
def test_if_range(header: str | None, etag: str | None, modified: datetime | None, result: bool) -> None:
    """An entity tag is compared strongly, and a date must be equal (RFC 9110 section 13.1.5)."""
    if_range = IfRange.from_header(header)
    assert if_range.matches(etag, modified) == result
    assert if_range.to_header() == (header or "")
    assert bool(if_range) == (header is not None)
    assert if_range == IfRange.from_header(str(if_range))
    assert hash(if_range) == hash(IfRange.from_header(header))
    assert if_range != header
    assert repr(if_range) == f"<IfRange {header or ''!r}>"


@pytest.mark.parametrize(
    ("field", "etag", "fits"),
    [
        ('"a"', '"a"', True),
        ('"a"', "a", True),
        ('"a"', 'W/"a"', False),
        ('W/"a"', '"a"', False),
        ('W/"a"', 'W/"a"', False),
        ('"a"', '"b"', False),
        ('"a"', None, False),
        ('""', '""', True),
        ('"a b"', '"a b"', False),
        ('"a b"', '""', False),
        ('"a b"', 'W/""', False),
        ("a b", "a b", False),
    ],
)
def test_an_entity_tag_matches_strongly(field: str, etag: str | None, fits: bool) -> None:
    """If-Range compares strongly: a weak tag matches nothing (RFC 9110 sections 8.8.3.2 and 13.1.5). A value that is
    neither a tag nor a date matches nothing, so that the whole representation is sent.
    """
    value = IfRange.from_header(field)
    assert value.matches(etag) is fits
    assert not value.matches(None, datetime(1994, 11, 6, tzinfo=UTC))
    assert IfRange.from_header(value.to_header()).matches(etag) is fits


def test_a_date_matches_to_the_second() -> None:
    """A date of If-Range is that of the representation, exactly (RFC 9110 section 13.1.5)."""
    when = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    value = IfRange(date=when)
    assert value.matches(None, when.replace(microsecond=5))
    assert not value.matches(None, when.replace(second=38))
    assert not value.matches(None, when.replace(second=36))
    assert not value.matches('"a"')


def test_a_date_before_1970() -> None:
    """Every date of the years 1 to 9999 can be named. One beyond them, in UTC, is refused."""
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert IfRange(date=first).date == first
    assert IfRange(date=last).date == last
    with pytest.raises(ValueError, match=r"^got timestamp \d+, expected one in the years 1 to 9999$"):
        IfRange(date=last.replace(tzinfo=timezone(timedelta(hours=-1))))


@pytest.mark.parametrize(
    "arguments", [{"weak": True}, {"etag": "a b"}, {"etag": "a", "date": datetime(2000, 1, 1)}, {"etag": 'a"'}]
)
def test_what_if_range_cannot_say(arguments: dict[str, Any]) -> None:
    """A weak value without a tag, a tag with a space, and both a tag and a date are refused."""
    with pytest.raises(ValueError, match=r"^got "):
        IfRange(**arguments)


def test_the_number_of_ranges() -> None:
    """A field with 1000 ranges is read, one with more is ignored (RFC 9110 section 17.15), and none is written."""
    most = ",".join(f"{start}-{start}" for start in range(0, 2000, 2))
    read = Range.from_header(f"bytes={most}")
    assert read is not None
    assert len(read.ranges) == 1000
    assert Range("bytes", read.ranges) == read
    assert Range.from_header(f"bytes={most},3000-") is None
    for ranges in ([], [*read.ranges, (3000, None)]):
        with pytest.raises(ValueError, match=rf"^got {len(ranges)} ranges, expected 1 to 1000$"):
            Range("bytes", ranges)


def test_ranges_side_by_side_are_one() -> None:
    """Ranges that touch are merged; those with a byte between them only if the gap may be as large."""
    assert merge_ranges([(5, 6), (0, 5)]) == [(0, 6)]
    assert merge_ranges([(0, 5), (6, 7)]) == [(0, 5), (6, 7)]
    assert merge_ranges([(0, 5), (6, 7)], 1) == [(0, 7)]
    assert merge_ranges([(0, 5), (7, 8)], 1) == [(0, 5), (7, 8)]
    assert merge_ranges([(0, 9), (2, 3)]) == [(0, 9)]
