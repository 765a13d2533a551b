"""The grammar that all header fields share: tokens, quoted strings, integers (RFC 9110 section 5.6).

Field values are strings with one character (at most U+00FF) for each byte. A parser returns None for invalid text and
never raises. A function that checks or writes raises :exc:`ValueError` for text that a header field must not contain.
Every function takes time linear in the length of its input.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "MAX_INTEGER",
    "OWS",
    "check_token",
    "check_value",
    "is_text",
    "is_token",
    "key_of",
    "parse_integer",
    "quote",
    "quote_if_needed",
    "unescape",
    "unquote",
    "utf8_text",
]

#: The characters of a token (``tchar``, RFC 9110 section 5.6.2), written for use inside ``[...]`` of a pattern.
TOKEN_CHARS: Final = r"!#$%&'*+\-.^_`|~0-9A-Za-z"

#: Optional white space: what may surround the members of a field value (RFC 9110 section 5.6.3).
OWS: Final = " \t"

#: :func:`parse_integer` returns this number for every larger one. It exceeds every real length, age and date, and it
#: fits into 64 bits.
MAX_INTEGER: Final = 10**18

is_token = re.compile(rf"[{TOKEN_CHARS}]+").fullmatch
is_text = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch
_is_digits = re.compile(r"[0-9]+").fullmatch
_escape = re.compile(r'(["\\])').sub
_unescape = re.compile(r"\\(.)", re.DOTALL).sub


def check_token(text: str, what: str = "name") -> str:
    """Return ``text`` if it is a token (RFC 9110 section 5.6.2), else raise :exc:`ValueError`.

    The error text calls it ``what``.
    """
    if not is_token(text):
        raise ValueError(f"got {what} {text!r}, expected a token")
    return text


def check_value(text: str, what: str = "value") -> str:
    """Return ``text`` if a field value may contain it (RFC 9110 section 5.5), else raise :exc:`ValueError`.

    A field value may contain the tab, but no other control character, and no character beyond U+00FF. The error text
    calls the value ``what``.
    """
    if not is_text(text):
        raise ValueError(f"got {what} {text!r}, expected no control characters and nothing beyond latin-1")
    return text


def key_of(name: object) -> str:
    """Return the name by which a mapping is asked in lower case. Raise :exc:`KeyError` for what is no text."""
    if not isinstance(name, str):
        raise KeyError(name)
    return name.lower()


def parse_integer(text: str | None) -> int | None:
    """Parse a non-negative integer of ASCII digits. Return None for None, and for text with any other character.

    A number above :data:`MAX_INTEGER` gives :data:`MAX_INTEGER`: recipients must expect large numbers (RFC 9110
    section 8.6), and ``int()`` would take quadratic time for a long run of digits.
    """
    if text is None or not _is_digits(text):
        return None
    if len(text) > 18 and len(text := text.lstrip("0") or "0") > 18:
        return MAX_INTEGER
    return int(text)


def utf8_text(text: str) -> str:
    """Return a field value whose bytes are UTF-8 as text. Bytes that are not UTF-8 become U+FFFD.

    A value with characters beyond U+00FF, which no server gives, is returned unchanged.
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text


def quote(text: str) -> str:
    """Return ``text`` as a quoted-string (RFC 9110 section 5.6.4).

    Raises :exc:`ValueError` for control characters and for characters beyond U+00FF.
    """
    return '"' + _escape(r"\\\1", check_value(text)) + '"'


def quote_if_needed(text: str) -> str:
    """Return ``text`` unchanged if it is a token, else as a quoted-string. Raises as :func:`quote` does."""
    return text if is_token(text) else quote(text)


def unquote(text: str) -> str:
    """Return the content of a quoted-string. Text without quotes around it is returned unchanged."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return unescape(text[1:-1])


def unescape(text: str) -> str:
    r"""Replace each ``\x`` in the content of a quoted-string by ``x``."""
    return _unescape(r"\1", text) if "\\" in text else text
