"""Fuzzes Accept, Accept-Charset, Accept-Encoding and Accept-Language.

The rule: any field can be read. Qualities are between 0 and 1, and in order. A value that is written and read again is
equal. The chosen value is an offer that the client does not refuse.
"""

from __future__ import annotations

from typing import Any

from _fields import fuzz

OFFERS = {
    "accept": ["a", "b"],
    "accept_charset": ["utf-8", "latin1"],
    "accept_encoding": ["gzip", "identity", "br"],
    "accept_language": ["en", "de-AT", "a"],
    "accept_media": ["text/html", "a/b", "a/b;c=d"],
}
SEEDS = [
    "a;q=0.5, b",
    "*;q=0, identity",
    "en-US,en;q=0.9,*;q=0",
    "text/html;level=1;q=0.3, text/*, */*;q=0.1",
    'a/b;c="d,e";q=1',
]


def law(name: str) -> Any:
    def check(text: str, value: Any) -> None:
        qualities = [quality for _, quality in value]
        assert qualities == sorted(qualities, reverse=True)
        assert all(0 <= quality <= 1 for quality in qualities)
        again = type(value).from_header(value.to_header())
        assert list(again.values()) == list(value.values()), value.to_header()
        chosen = value.best_match(OFFERS[name])
        assert chosen is None or chosen in OFFERS[name]
        if chosen is not None and name != "accept_language":
            assert value.quality(chosen) == max(map(value.quality, OFFERS[name])) > 0

    return check


if __name__ == "__main__":
    fuzz(__doc__ or "", SEEDS, {name: law(name) for name in OFFERS})
