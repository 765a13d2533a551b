"""The grammar that all header fields share: tokens, quoted strings, integers (RFC 9110 section 5.6).

Takes and returns text as it stands in a field value: characters up to U+00FF, one for each byte on the wire.
The readers are total: what is not what it should be gives None, never an exception. The writers raise
:exc:`ValueError` for what must not go on the wire. Everything here is linear in its input.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "MAX_INTEGER",
    "check_token",
    "check_value",
    "is_text",
    "is_token",
    "parse_integer",
    "quote",
    "quote_if_needed",
    "unescape",
    "unquote",
]

#: tchar of RFC 9110 section 5.6.2, to be put inside ``[...]``
TOKEN_CHARS: Final = r"!#$%&'*+\-.^_`|~0-9A-Za-z"

#: larger integers read as this one: beyond every length, age and date that anybody means, and well inside 64 bits
MAX_INTEGER: Final = 10**18

is_token = re.compile(rf"[{TOKEN_CHARS}]+").fullmatch
is_text = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch
_is_digits = re.compile(r"[0-9]+").fullmatch
_escape = re.compile(r'(["\\])').sub
_unescape = re.compile(r"\\(.)", re.DOTALL).sub


def check_token(text: str, what: str = "name") -> str:
    """Return ``text`` if it is a token (RFC 9110 section 5.6.2), else raise :exc:`ValueError`."""
    if not is_token(text):
        raise ValueError(f"got {what} {text!r}, expected a token")
    return text


def check_value(text: str, what: str = "value") -> str:
    """Return ``text`` if it may stand in a field value (RFC 9110 section 5.5), else raise :exc:`ValueError`.

    Refused are all control characters but the tab, and what is not latin-1.
    """
    if not is_text(text):
        raise ValueError(f"got {what} {text!r}, expected no control characters and nothing beyond latin-1")
    return text


def parse_integer(text: str | None) -> int | None:
    """Return the non-negative integer that ``text`` is, else None. ASCII digits only: no sign, no ``_``, no spaces.

    What is above :data:`MAX_INTEGER` reads as that: recipients must expect large numbers (RFC 9110 section 8.6),
    and long runs of digits must not cost quadratic time.
    """
    if text is None or not _is_digits(text):
        return None
    if len(text) > 18 and len(text := text.lstrip("0") or "0") > 18:
        return MAX_INTEGER
    return int(text)


def quote(text: str) -> str:
    """Return ``text`` as a quoted-string (RFC 9110 section 5.6.4); raises :exc:`ValueError` for control characters."""
    return '"' + _escape(r"\\\1", check_value(text)) + '"'


def quote_if_needed(text: str) -> str:
    """Return ``text`` itself if it is a token, else as :func:`quote` gives it."""
    return text if is_token(text) else quote(text)


def unquote(text: str) -> str:
    """Return the content of a quoted-string; what does not stand between quotes is returned as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return unescape(text[1:-1])


def unescape(text: str) -> str:
    """Return the inside of a quoted-string with its backslash escapes undone."""
    return _unescape(r"\1", text) if "\\" in text else text
