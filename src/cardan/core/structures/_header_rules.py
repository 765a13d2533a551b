"""Checks of header names and values, and the conversions between the names of HTTP, WSGI and ASGI.

The checks return the text that is sent, raise TypeError for a wrong type and ValueError for text that a header field
must not contain.

The conversions keep their results in memos. Clients choose some of the names, so that a memo must not be a way to fill
the memory of the server: it holds at most ``MEMO_ENTRIES`` names of at most ``MEMO_NAME_LENGTH`` characters, and a full
memo is emptied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from .._urls import iri_to_uri
from ..fields._syntax import OWS, is_text, is_token

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

#: The most names in a memo. IANA lists a few hundred field names.
MEMO_ENTRIES: Final = 1024
#: The longest name in a memo, in characters.
MEMO_NAME_LENGTH: Final = 64

#: The fields whose value is a URL, in lower case.
_URLS: Final = frozenset({"location", "content-location"})

_known_names: dict[str, str] = {}
_wire_names: dict[str, bytes] = {}
_environ_keys: dict[str, str] = {}
_wire_titles: dict[bytes, str] = {}
_environ_titles: dict[str, str] = {}


def remember(memo: dict[K, V], name: K, value: V) -> V:
    """Store ``value`` under ``name`` in a memo, within its bounds. Return ``value``."""
    if len(name) <= MEMO_NAME_LENGTH:
        if len(memo) >= MEMO_ENTRIES:
            memo.clear()
        memo[name] = value
    return value


def field_name(name: str) -> str:
    """Return a field name unchanged if it is valid: a token (RFC 9110 section 5.1).

    Raises TypeError if it is not a str, ValueError if it is not a token.
    """
    try:
        return _known_names[name]
    except (KeyError, TypeError):
        if not isinstance(name, str):
            raise TypeError(f"got a field name of type {type(name).__name__}, expected str") from None
    if not is_token(name):
        raise ValueError(f"got field name {name!r}, expected a token (RFC 9110 section 5.6.2)")
    return remember(_known_names, name, str.__str__(name))


def field_value(name: str, value: str | int) -> str:
    """Return a field value as a string if it is valid (RFC 9110 section 5.5). ``name`` is used in the error text.

    An int is converted to decimal digits, and an IRI as the value of Location or Content-Location to a URI. Spaces and
    tabs around the value are removed. Raises TypeError for another type (bool and bytes included), ValueError for
    control characters other than the tab, and for characters above U+00FF, because both protocols send one byte for
    each character.
    """
    if type(value) is not str:
        value = _as_text(name, value)
    if value.isascii() and value.isprintable():  # almost all values are
        return value.strip(" ")
    if not value.isascii() and name.lower() in _URLS:
        value = iri_to_uri(value)
    if not is_text(value):
        if max(value) > "\xff":
            raise ValueError(f"got {value!r} for {name}, expected characters up to U+00FF (ISO 8859-1)")
        raise ValueError(f"got {value!r} for {name}, expected no control characters")
    return value.strip(OWS)


def _as_text(name: str, value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__repr__(value)
    raise TypeError(f"got a value of type {type(value).__name__} for {name}, expected str or int")


def wire_name(name: str) -> bytes:
    """Return a field name in the form of ASGI: lower-case bytes."""
    try:
        return _wire_names[name]
    except KeyError:
        return remember(_wire_names, name, name.encode("latin-1", "replace").lower())


def environ_key(name: str) -> str:
    """Return the key of a field in a WSGI environ (PEP 3333, RFC 3875 section 4.1.18).

    A name with an underscore gives ``""``, which is never a key: its key would be that of the name with a hyphen, and a
    client could smuggle in one field as another.
    """
    try:
        return _environ_keys[name]
    except KeyError:
        key = "" if "_" in name else name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key if key else ""
        return remember(_environ_keys, name, key)


def wire_title(name: bytes) -> str:
    """Return a field name of ASGI in Title-Case: the form that iteration gives on both protocols."""
    try:
        return _wire_titles[name]
    except KeyError:
        return remember(_wire_titles, name, name.title().decode("latin-1"))


def environ_title(key: str) -> str:
    """Return the field name of an environ's key (``HTTP_...`` or ``CONTENT_...``) in Title-Case.

    A key that :func:`environ_key` never gives (``HTTP_x``) has the name ``""``. Iteration leaves it out, so that each
    name that iteration gives can be looked up.
    """
    try:
        return _environ_titles[key]
    except KeyError:
        name = (key[5:] if key.startswith("HTTP_") else key).replace("_", "-")
        # bytes.title() knows only ASCII letters
        name = name.encode("latin-1", "replace").title().decode("latin-1")
        return remember(_environ_titles, key, name if environ_key(name) == key else "")


def join_values(name: str, values: list[str]) -> str:
    """Join the values of several fields of one name (in lower case): RFC 9110 section 5.3, RFC 9113 section 8.2.3.

    The values of Set-Cookie cannot be joined (RFC 9110 section 5.3): the first one is returned.
    """
    if name == "set-cookie":
        return values[0]
    return ("; " if name == "cookie" else ", ").join(values)


def convert(value: V, default: D, type: Callable[[V], T]) -> T | D:
    """Return ``type(value)``, or ``default`` if that raises ValueError or TypeError."""
    try:
        return type(value)
    except (ValueError, TypeError):
        return default
