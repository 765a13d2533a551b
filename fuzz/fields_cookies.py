# The law: any Cookie field is read; only ";" separates; no name has a prefix that the client did not write as a name;
# whatever value comes out can be sent as a cookie and comes back the same.
"""Fuzzes cookies."""

from __future__ import annotations

from typing import Any

from _fields import fuzz

from cardan.core.fields.cookies import dump_cookie, parse_cookie

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
        if len(value) < 500:
            assert parse_cookie(dump_cookie("k", value, path=None)) == [("k", value)], value


if __name__ == "__main__":
    fuzz(__doc__ or "", SEEDS, {"cookies": law})
