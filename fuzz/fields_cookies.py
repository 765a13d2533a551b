"""Fuzzes cookies.

The rule: any Cookie field can be read. Only ";" separates cookies. A name has a prefix such as __Host- only if the
client wrote it in the name. Any value that was read can be sent as a cookie, if it has no more than 250 characters, and
is equal when it is read again.
"""

from __future__ import annotations

from typing import Any

from _fields import fuzz

from cardan.core.fields._cookies import dump_cookie, parse_cookie

SEEDS = [
    "a=b; c=d",
    'a="b c"; x={"y": 1}',
    "=__Host-a=b",
    "__Secure-a=b",
    'a="\\303\\251"',
    "a=\xc3\xa9",
    "\x85__Host-a=b",
]


def law(text: str, cookies: Any) -> None:
    assert len(cookies) <= text.count(";") + 1
    for name, value in cookies:
        assert ";" not in name
        if name.lower().startswith(("__host-", "__secure-")):
            starts = [part.strip(" \t").lower() for part in text.split(";")]
            assert any(start.startswith(("__host-", "__secure-")) for start in starts), name
        if len(value) <= 250:  # each of at most four bytes, each byte written as four: a cookie has at most 4096
            assert parse_cookie(dump_cookie("k", value, path=None)) == [("k", value)], value


if __name__ == "__main__":
    fuzz(__doc__ or "", SEEDS, {"cookies": law})
