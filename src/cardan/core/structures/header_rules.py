"""What may stand in a header field, and the memos of names that are asked for again and again.

Takes the name or the value that a program wants to send; returns it, ready for the wire; raises TypeError
for a wrong type and ValueError for text that must not be sent. Never changes the meaning of what it is given.

The memos are bounded twice, in entries and in the length of a name, and emptied when full: names come from
clients too, and a memo must not be a way to fill the server's memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

__all__ = [
    "convert",
    "environ_key",
    "environ_title",
    "field_name",
    "field_value",
    "join_values",
    "remember",
    "wire_name",
    "wire_title",
]

D = TypeVar("D")
K = TypeVar("K", str, bytes)
T = TypeVar("T")
V = TypeVar("V")

# a few hundred field names are registered with IANA; nobody uses a thousand
MEMO_ENTRIES = 1024
MEMO_NAME_LENGTH = 64

# RFC 9110 section 5.6.2
_is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch

_known_names: dict[str, str] = {}
_wire_names: dict[str, bytes] = {}
_environ_keys: dict[str, str] = {}
_wire_titles: dict[bytes, str] = {}
_environ_titles: dict[str, str] = {}


def remember(memo: dict[K, V], name: K, value: V) -> V:
    """Put ``value`` under ``name`` into a bounded memo, and return it."""
    if len(name) <= MEMO_NAME_LENGTH:
        if len(memo) >= MEMO_ENTRIES:
            memo.clear()
        memo[name] = value
    return value


def field_name(name: str) -> str:
    """Check a field name (RFC 9110 section 5.1: a token) and return it as it was given.

    Raises TypeError if it is no str, ValueError if it is no token.
    """
    try:
        return _known_names[name]
    except (KeyError, TypeError):
        if not isinstance(name, str):
            raise TypeError(f"got a field name of type {type(name).__name__}, expected str") from None
    if not _is_token(name):
        raise ValueError(f"got field name {name!r}, expected a token (RFC 9110 section 5.6.2)")
    return remember(_known_names, name, str.__str__(name))


def field_value(name: str, value: str | int) -> str:
    """Check a field value (RFC 9110 section 5.5) and return it as text; ``name`` is for the error's sake.

    An int becomes its decimal digits. Spaces and tabs around a value are not part of it and are taken off.
    Raises TypeError for other types (bool and bytes too), ValueError for CR, LF, NUL and for characters above
    U+00FF, which a field cannot carry: both protocols send one octet per character.
    """
    if type(value) is not str:
        value = _as_text(name, value)
    if value.isascii() and value.isprintable():  # nearly all of them
        return value.strip(" ")
    if "\r" in value or "\n" in value or "\0" in value:
        raise ValueError(f"got {value!r} for {name}, expected a value without CR, LF and NUL")
    if not value.isascii() and max(value) > "\xff":
        raise ValueError(f"got {value!r} for {name}, expected characters up to U+00FF (ISO 8859-1)")
    return value.strip(" \t")


def _as_text(name: str, value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__repr__(value)
    raise TypeError(f"got a value of type {type(value).__name__} for {name}, expected str or int")


def wire_name(name: str) -> bytes:
    """The name as ASGI gives it: lower-case bytes."""
    try:
        return _wire_names[name]
    except KeyError:
        return remember(_wire_names, name, name.encode("latin-1", "replace").lower())


def environ_key(name: str) -> str:
    """The environ's key for a field name (PEP 3333, after RFC 3875 section 4.1.18).

    A name with an underscore has none: its key would be that of the name with a hyphen, which is how one
    header is smuggled in as another. The key returned for it is no environ's.
    """
    try:
        return _environ_keys[name]
    except KeyError:
        key = "" if "_" in name else name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key if key else ""
        return remember(_environ_keys, name, key)


def wire_title(name: bytes) -> str:
    """A name as ASGI gives it, in Title-Case: what iteration gives on both protocols."""
    try:
        return _wire_titles[name]
    except KeyError:
        return remember(_wire_titles, name, name.title().decode("latin-1"))


def environ_title(key: str) -> str:
    """The name of an environ's key (``HTTP_...`` or ``CONTENT_...``) in Title-Case.

    Empty for a key by which no name is looked up (``HTTP_x``): what iteration gives can be asked for.
    """
    try:
        return _environ_titles[key]
    except KeyError:
        name = (key[5:] if key.startswith("HTTP_") else key).replace("_", "-")
        # as bytes, whose title() is that of ASCII
        name = name.encode("latin-1", "replace").title().decode("latin-1")
        return remember(_environ_titles, key, name if environ_key(name) == key else "")


def join_values(name: str, values: list[str]) -> str:
    """Several fields of one (lower-case) name as one value: RFC 9110 section 5.3, RFC 9113 section 8.2.3.

    Set-Cookie is the field that cannot be joined (RFC 9110 section 5.3): its first value is given.
    """
    if name == "set-cookie":
        return values[0]
    return ("; " if name == "cookie" else ", ").join(values)


def convert(value: V, default: D, type: Callable[[V], T]) -> T | D:
    """``type(value)``, or ``default`` where it raises ValueError or TypeError."""
    try:
        return type(value)
    except (ValueError, TypeError):
        return default
