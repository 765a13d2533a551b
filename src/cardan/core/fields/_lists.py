"""Comma-separated lists (RFC 9110 section 5.6.1) and lists of ``key=value`` pairs.

The parsers take a field value, or None for a field that was not sent. They take linear time and never raise. Empty
members and members that contain control characters are skipped. A quoted string without a closing quote ends at the
end of the value. The writers raise :exc:`ValueError` for a name or value that a header field must not contain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ._syntax import OWS, check_token, is_text, quote, quote_if_needed, unescape, unquote

__all__ = ["dump_dict", "dump_list", "parse_dict", "parse_list", "parse_pairs", "split"]

# One member: text without commas and quotes, and quoted strings. The last quoted string may lack its closing quote.
# Here and in the other patterns with quoted strings, a repeated group is possessive ("++"). Otherwise the pattern would
# remember each repetition, which takes hundreds of bytes.
_member = re.compile(r'(?:[^",]+|"[^"\\]*(?:\\.[^"\\]*)*+\\?"?)++', re.DOTALL)
_pair = re.compile(r'([^="]*)=[ \t]*(?:"([^"\\]*(?:\\.[^"\\]*)*+)\\?"?|(.*))', re.DOTALL)


def split(text: str | None) -> list[str]:
    """Return the members of a list, with their quotes but without the white space around them."""
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
    """Return the members of a list without their quotes: ``a, "b, c"`` gives ``["a", "b, c"]``."""
    return [unquote(member) for member in split(text)]


def dump_list(members: Iterable[str]) -> str:
    """Return ``members`` as the value of a list field. A member that is not a token is quoted."""
    return ", ".join(map(quote_if_needed, members))


def parse_pairs(text: str | None) -> list[tuple[str, str | None]]:
    """Return the members of a list as pairs of name and value, in order. A member without ``=`` has the value None.

    ``a=1, b="x, y", c`` gives ``[("a", "1"), ("b", "x, y"), ("c", None)]``.
    """
    result: list[tuple[str, str | None]] = []
    for member in split(text):
        pair = _pair.match(member)
        if pair is None:
            result.append((unquote(member), None))
        elif name := pair[1].strip(OWS):
            result.append((name, pair[3] if pair[2] is None else unescape(pair[2])))
    return result


def parse_dict(text: str | None) -> dict[str, str | None]:
    """Return the members of a list as a dict: ``a=1, b="x, y", c`` gives ``{"a": "1", "b": "x, y", "c": None}``.

    Names keep their case. If a name occurs more than once, its last value counts. A member without a name is skipped.
    """
    return dict(parse_pairs(text))


def dump_dict(pairs: Mapping[str, str | int | None], *, always_quote: bool = False) -> str:
    """Return ``pairs`` as a field value, which :func:`parse_dict` reads back. A value of None writes only the name.

    A value that is not a token is quoted; with ``always_quote``, every value is. Raises :exc:`ValueError` for a name
    that is not a token and for control characters in a value.
    """
    put = quote if always_quote else quote_if_needed
    return ", ".join(
        check_token(name) if value is None else f"{check_token(name)}={put(str(value))}"
        for name, value in pairs.items()
    )
