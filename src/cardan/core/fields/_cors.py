"""Fields of cross-origin requests: Origin and Access-Control-* (Fetch, section 3.3), Cross-Origin-Opener-Policy and
Cross-Origin-Embedder-Policy (HTML), Cross-Origin-Resource-Policy (Fetch, section 3.8).

Parsing never raises. Writing raises :exc:`ValueError` for a value that is not allowed. The fields that hold lists, such
as ``Access-Control-Allow-Headers``, use :class:`~cardan.core.structures.HeaderSet`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

from ._syntax import OWS, parse_integer

__all__ = [
    "COEP",
    "COOP",
    "CORP",
    "dump_credentials",
    "dump_origin",
    "parse_credentials",
    "parse_max_age",
    "parse_origin",
]

# scheme://host[:port], as browsers serialise an origin (HTML, section 7.1.1): in ASCII, without a path. Hosts are in
# lower case; those of other schemes, such as that of an extension, keep their case.
_is_origin = re.compile(
    r"(?!https?://[^A-Z]*[A-Z])[a-z][a-z0-9+\-.]*://(?:[^\x00-\x20\x7f-\U0010ffff/?#@:\[\]\\]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
).fullmatch


def parse_origin(text: str | None) -> str | None:
    """Return ``text`` if it is an origin (``https://example.org`` or ``null``), else None."""
    if text is None or not (text == "null" or _is_origin(text)):
        return None
    return text


def dump_origin(origin: str) -> str:
    """Return ``origin`` as the value of Access-Control-Allow-Origin.

    Raises :exc:`ValueError` unless it is ``*``, ``null`` or one origin.
    """
    if origin != "*" and parse_origin(origin) is None:
        raise ValueError(f"got origin {origin!r}, expected '*', 'null' or scheme://host[:port]")
    return origin


def parse_credentials(text: str | None) -> bool:
    """Return True if Access-Control-Allow-Credentials is exactly ``true``, in lower case (Fetch section 3.3.3)."""
    return text == "true"


def dump_credentials(allowed: bool) -> str | None:
    """Return the value of Access-Control-Allow-Credentials: ``true``, or None (no field) for False.

    Raises :exc:`TypeError` for anything else.
    """
    if not isinstance(allowed, bool):
        raise TypeError(f"got {allowed!r}, expected a bool")
    return "true" if allowed else None


def parse_max_age(text: str | None) -> int | None:
    """Return the number of seconds in Access-Control-Max-Age, None if the value is invalid or missing."""
    return parse_integer(text.strip(OWS) if text else None)


class _Policy(StrEnum):
    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Return the policy that a field value names. Parameters are ignored. An unknown policy gives None."""
        token = (value or "").partition(";")[0].strip(OWS)
        return cls(token) if token in cls._value2member_map_ else None

    def to_header(self) -> str:
        """Return the field value."""
        return self.value


class COOP(_Policy):
    """Cross-Origin-Opener-Policy (HTML, section 7.1.3): which documents share a browsing context group."""

    __module__ = "cardan.datastructures"

    UNSAFE_NONE = "unsafe-none"
    SAME_ORIGIN_ALLOW_POPUPS = "same-origin-allow-popups"
    SAME_ORIGIN = "same-origin"
    NOOPENER_ALLOW_POPUPS = "noopener-allow-popups"


class COEP(_Policy):
    """Cross-Origin-Embedder-Policy (HTML, section 7.1.4): which resources a document may embed."""

    __module__ = "cardan.datastructures"

    UNSAFE_NONE = "unsafe-none"
    REQUIRE_CORP = "require-corp"
    CREDENTIALLESS = "credentialless"


class CORP(_Policy):
    """Cross-Origin-Resource-Policy (Fetch, section 3.8): which documents may embed a resource."""

    __module__ = "cardan.datastructures"

    SAME_SITE = "same-site"
    SAME_ORIGIN = "same-origin"
    CROSS_ORIGIN = "cross-origin"
