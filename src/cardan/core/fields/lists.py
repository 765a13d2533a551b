"""Comma-separated lists (RFC 9110 section 5.6.1) and lists of ``key=value`` pairs.

Takes a field value, or None for a field that was not sent; gives lists, dicts and back. Reading is linear and
total: empty members, and members with control characters in them, are skipped; a quote that never closes ends
with the value. Writing raises :exc:`ValueError` for what must not go on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .syntax import check_token, is_text, quote, quote_if_needed, unescape, unquote

__all__ = ["dump_dict", "dump_list", "parse_dict", "parse_list", "parse_pairs", "split"]

# One member: runs without comma and quote, and quoted strings, of which the last may be open.
_member = re.compile(r'(?:[^",]+|"[^"\\]*(?:\\.[^"\\]*)*\\?"?)+', re.DOTALL)
_pair = re.compile(r'([^="]*)=[ \t]*(?:"([^"\\]*(?:\\.[^"\\]*)*)\\?"?|(.*))', re.DOTALL)

OWS = " \t"


def split(text: str | None) -> list[str]:
    """Return the members of a list as they stand, quotes included, without the white space around them."""
    if not text:
        return []
    if '"' in text:
        members = [member.strip(OWS) for member in _member.findall(text)]
    else:
        members = [member.strip(OWS) for member in text.split(",")]
    if is_text(text):
        return [member for member in members if member]
    return [member for member in members if member and is_text(member)]


def parse_list(text: str | None) -> list[str]:
    """Return the members of a list, quoted ones without their quotes: ``a, "b, c"`` gives ``["a", "b, c"]``."""
    return [unquote(member) for member in split(text)]


def dump_list(members: Iterable[str]) -> str:
    """Return a list field of ``members``, quoted where they are no tokens."""
    return ", ".join(map(quote_if_needed, members))


def parse_pairs(text: str | None) -> list[tuple[str, str | None]]:
    """Return the members of ``a=1, b="x, y", c`` in order: ``[("a", "1"), ("b", "x, y"), ("c", None)]``."""
    result: list[tuple[str, str | None]] = []
    for member in split(text):
        pair = _pair.match(member)
        if pair is None:
            result.append((unquote(member), None))
        elif name := pair[1].strip(OWS):
            result.append((name, pair[3].strip(OWS) if pair[2] is None else unescape(pair[2])))
    return result


def parse_dict(text: str | None) -> dict[str, str | None]:
    """Return the pairs of ``a=1, b="x, y", c``: ``{"a": "1", "b": "x, y", "c": None}``.

    Names keep their case; the last of equal names counts; a member without a name is skipped.
    """
    return dict(parse_pairs(text))


def dump_dict(pairs: Mapping[str, str | int | None], *, always_quote: bool = False) -> str:
    """Return ``pairs`` as :func:`parse_dict` reads them; None writes the bare name.

    Values are quoted where they are no tokens (``always_quote``: all of them). Raises :exc:`ValueError` for a
    name that is no token and for control characters in a value.
    """
    put = quote if always_quote else quote_if_needed
    return ", ".join(
        check_token(name) if value is None else f"{check_token(name)}={put(str(value))}"
        for name, value in pairs.items()
    )
