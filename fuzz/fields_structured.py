"""Fuzzes structured fields (RFC 9651) and the fields of targeted caches (RFC 9213).

The rule: a text is read as a whole or refused by ValueError. What was read can be written, and reads as the same again;
what was written stays the same text. Another parser refuses the same texts, but for the base64 in them.
"""

from __future__ import annotations

from typing import Any

import http_sf
from _fields import fuzz, same_again

from cardan.core._structured_fields.parser import parse_dictionary, parse_item, parse_list
from cardan.core._structured_fields.targeted import TargetedCacheControl
from cardan.structured import dump_dictionary, dump_item, dump_list

SEEDS = [
    "a=1, b;x, c=(1 2.5;y=?0);z, d=:aGk=:",
    '"a b";c=@1659578233, tok/en:1',
    '%"f%c3%bc", 1.5, -999999999999999',
    "max-age=60, stale-while-revalidate=5, no-store",
    "(), (a);b=?1",
]


def law(read: Any, write: Any, kind: str) -> Any:
    def check(text: str, value: Any) -> None:
        if text.strip(" "):  # http-sf refuses an empty list and an empty dictionary, which RFC 9651 section 4.2 accepts
            try:
                http_sf.parse(text.encode("latin-1"), tltype=kind)
            except (http_sf.StructuredFieldError, UnicodeError):
                theirs = False
            else:
                theirs = True
            # bytes are decoded strictly here (RFC 4648 section 3.3): the other parser skips characters
            assert theirs == (value is not None) or (theirs and ":" in text), f"read by the other parser: {theirs}"
        if value is not None:
            written = write(value)
            assert read(written) == value, written
            assert write(read(written)) == written

    return check


def targeted(text: str, value: Any) -> None:
    same_again(text, value, TargetedCacheControl.from_header)


if __name__ == "__main__":
    laws: Any = {
        "structured.dictionary": law(parse_dictionary, dump_dictionary, "dictionary"),
        "structured.list": law(parse_list, dump_list, "list"),
        "structured.item": law(parse_item, dump_item, "item"),
        "targeted_cache_control": targeted,
    }
    fuzz(__doc__ or "", SEEDS, laws)
