"""Fuzzes entity tags, If-Range, Range, Content-Range, dates and durations.

The rule: any field can be read. A value that is written and read again is equal. Resolved ranges are inside the
representation. A date that is written and read again is the same second.
"""

from __future__ import annotations

from typing import Any

from _fields import fuzz, same_again

from cardan.core.fields._dates import http_date, parse_date
from cardan.core.fields._etags import ETags
from cardan.core.fields._ranges import ContentRange, IfRange, Range, merge_ranges

SEEDS = [
    '"a", W/"b", *',
    "bytes=0-499, -500, 9-",
    "bytes 0-1/2",
    "bytes */10",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "120",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "items=1-2",
]


def ranges(text: str, value: Any) -> None:
    if value is not None:
        same_again(text, value, Range.from_header)
        resolved = value.resolve(100)
        assert all(0 <= start < stop <= 100 for start, stop in resolved)
        assert sum(stop - start for start, stop in merge_ranges(resolved)) <= 100


def date(text: str, value: Any) -> None:
    assert value is None or parse_date(http_date(value)) == value


def again(read: Any) -> Any:
    return lambda text, value: same_again(text, value, read)


def total(text: str, value: Any) -> None:
    repr(value)


if __name__ == "__main__":
    laws: Any = {
        "etags": again(ETags.from_header),
        "if_range": again(IfRange.from_header),
        "range": ranges,
        "date": date,
        "content_range": again(ContentRange.from_header),
        "age": total,
        "retry_after": total,
        "integer": total,
        "etag": total,
    }
    fuzz(__doc__ or "", SEEDS, laws)
