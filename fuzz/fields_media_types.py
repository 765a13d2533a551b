"""Fuzzes Content-Type and X-Content-Type-Options.

The rule: a media type that is written and read again is equal. If a field has no comma, reading it alone and reading it
as one of several give the same. Nothing raises.
"""

from __future__ import annotations

from typing import Any

from _fields import fuzz, same_again

from cardan.core.fields._media_types import extract_media_type, parse_media_type

SEEDS = [
    "text/html; charset=utf-8",
    'multipart/form-data; boundary="a b"',
    "a/b;c=d;c=e",
    "text/html, text/plain",
    'x/x;x="\\"',
]


def law(text: str, value: Any) -> None:
    if value is not None:
        same_again(text, value, parse_media_type)
        if "," not in text and value.essence != "*/*" and not set(text) & set("\x00\r\n\x7f\x85\x1f"):
            again = extract_media_type(value.to_header())
            assert again == value or "," in value.to_header()


def total(text: str, value: Any) -> None:
    repr(value)


if __name__ == "__main__":
    laws = {"media_type": law, "media_type.extract": total, "media_type.parameters": total, "nosniff": total}
    fuzz(__doc__ or "", SEEDS, laws)
