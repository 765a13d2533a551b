"""Fuzzes values with parameters, Content-Disposition and the encoding of RFC 8187.

The rule: any field can be read. Names are tokens in lower case, and no value has control characters. A value that is
written and read again is equal.
"""

from __future__ import annotations

from typing import Any

from _fields import fuzz, same_again

from cardan.core.fields._content_disposition import ContentDisposition
from cardan.core.fields._options import decode_extended, dump_options, encode_extended, parse_options
from cardan.core.fields._syntax import is_token

SEEDS = [
    'attachment; filename="a b.txt"',
    "attachment; filename*=UTF-8''%e2%82%ac",
    "a; b*0=x; b*1*=%41",
    "a; b*0*=UTF-8''x; b*1=y",
    "form-data; name=x; filename*0*=iso-8859-1''%e4",
]


def options(text: str, result: Any) -> None:
    _, parameters = result
    for name, value in parameters.items():
        assert is_token(name), name
        assert name == name.lower()
        assert not set(value) & set("\r\n\0"), value
    assert parse_options(dump_options("x", parameters)) == ("x", parameters)


def disposition(text: str, value: Any) -> None:
    if value is not None:
        same_again(text, value, ContentDisposition.from_header)


def extended(text: str, value: Any) -> None:
    if value is not None:
        assert decode_extended(encode_extended(value)) == value


if __name__ == "__main__":
    fuzz(__doc__ or "", SEEDS, {"options": options, "content_disposition": disposition, "extended": extended})
