"""Content-Range."""

from __future__ import annotations

import pytest

from cardan.core.fields._content_range import ContentRange
from cardan.core.structures import Headers
from tests.corpora import corpus_json


@pytest.mark.parametrize("row", range(5))
def test_content_range_of_the_rfc(row: int) -> None:
    """The valid examples of RFC 9110 section 14.4 are parsed, and the invalid ones give an unset object."""
    case = corpus_json("rfc-examples")["rfc9110_content_range"][row]
    content_range = ContentRange.from_header(case["in"])
    if "invalid" in case:
        assert not content_range
        return
    stop = content_range.stop
    assert (content_range.start, None if stop is None else stop - 1) == (case["start"], case["last"])
    assert (content_range.length, content_range.units) == (case["length"], "bytes")
    assert content_range.to_header() == case["in"]


@pytest.mark.parametrize(
    "header", [None, "", "bytes", "bytes 1-2", "bytes */*", "bytes 1-/5", "a;b 1-2/5", "bytes 0-1/x"]
)
def test_content_range_that_is_none(header: str | None) -> None:
    """A missing or invalid field gives an object that is false."""
    content_range = ContentRange.from_header(header)
    assert not content_range
    assert (content_range.units, content_range.start, content_range.stop, content_range.length) == (None,) * 4
    assert content_range.to_header() == ""


def test_content_range_is_live() -> None:
    """Setting and unsetting the object changes the headers; two live objects of one field see each other's changes."""
    headers = Headers()
    one = ContentRange.bound(headers, "Content-Range")
    two = ContentRange.bound(headers, "Content-Range")
    one.set(0, 5, 10)
    assert headers["Content-Range"] == "bytes 0-4/10"
    two.length = None
    assert headers["Content-Range"] == "bytes 0-4/*"
    two.units = "items"
    assert one.units == "items"
    with pytest.raises(ValueError, match=r"^got range 5 to 5 of 10, expected start < stop <= length$"):
        one.set(5, 5, 10)
    assert headers["Content-Range"] == "items 0-4/*"
    one.set(None, None, 10)
    assert headers["Content-Range"] == "bytes */10"
    one.unset()
    assert "Content-Range" not in headers
    one.set(0, 5, 10)
    two.units = None
    assert "Content-Range" not in headers
    assert not one


def test_what_it_cannot_say() -> None:
    """A range starts before its stop, and stops within the length, which is not negative (RFC 9110 section 14.4). An
    unsatisfied range has a length.
    """
    for arguments in ((0, 0, 5), (3, 2, 5), (-1, 2, 5), (0, 6, 5), (None, None, -1), (None, None, None), (0, None, 5)):
        with pytest.raises(ValueError, match=r"^got range .*, expected start < stop <= length$"):
            ContentRange("bytes", *arguments)
    assert ContentRange("bytes", 4, 5, 5).to_header() == "bytes 4-4/5"
    assert ContentRange("bytes", None, None, 0).to_header() == "bytes */0"


def test_units_are_in_lower_case() -> None:
    """The name of a range unit ignores case (RFC 9110 section 14.1). It is ``bytes`` by default."""
    value = ContentRange("Bytes", 0, 1)
    assert (value.units, value.to_header()) == ("bytes", "bytes 0-0/*")
    value.units = "Items"
    assert value.to_header() == "items 0-0/*"
    value.set(2, 4, 9)
    assert value.to_header() == "bytes 2-3/9"
    value.set(2, 4, 9, units="Lines")
    assert value.to_header() == "lines 2-3/9"
