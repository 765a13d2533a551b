"""Cross-origin requests: Origin and Access-Control-* (Fetch, section 3.3), and the cross-origin policies of
documents and resources: Cross-Origin-Opener-, -Embedder- and -Resource-Policy (HTML, Fetch section 3.8).

Takes and gives field values. Reading is total, writing raises :exc:`ValueError` for what must not go on the wire.
The lists (``Access-Control-Allow-Headers`` ...) are :class:`~cardan.core.structures.HeaderSet`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

from .syntax import parse_integer

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

# scheme://host[:port], as browsers serialise an origin (HTML, section 7.1.1): lower case, no path
_is_origin = re.compile(
    r"[a-z][a-z0-9+\-.]*://(?:[^\x00-\x20\x7f-\xff/?#@:\[\]\\]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
).fullmatch


def parse_origin(text: str | None) -> str | None:
    """Return the origin that ``text`` is: ``https://example.org``, or ``null``; None if it is none."""
    if text is None or not (text == "null" or _is_origin(text)):
        return None
    return text


def dump_origin(origin: str) -> str:
    """Return the value of Access-Control-Allow-Origin: ``*``, ``null`` or one origin, else :exc:`ValueError`."""
    if origin != "*" and parse_origin(origin) is None:
        raise ValueError(f"got origin {origin!r}, expected '*', 'null' or scheme://host[:port]")
    return origin


def parse_credentials(text: str | None) -> bool:
    """Tell whether Access-Control-Allow-Credentials says ``true``: exactly so, case counts (Fetch section 3.3.3)."""
    return text == "true"


def dump_credentials(allowed: bool) -> str | None:
    """Return the value of Access-Control-Allow-Credentials; None, no field, for False."""
    return "true" if allowed else None


def parse_max_age(text: str | None) -> int | None:
    """Return the seconds that Access-Control-Max-Age says, None if it says none."""
    return parse_integer(text.strip(" \t") if text else None)


class _Policy(StrEnum):
    @classmethod
    def from_header(cls, value: str | None) -> Self | None:
        """Return the policy that a field value names, without its parameters; None for none that is known."""
        token = (value or "").partition(";")[0].strip(" \t")
        return cls(token) if token in cls._value2member_map_ else None

    def to_header(self) -> str:
        """Return the field value."""
        return self.value


class COOP(_Policy):
    """Cross-Origin-Opener-Policy (HTML, section 7.1.3): who shares a browsing context group."""

    UNSAFE_NONE = "unsafe-none"
    SAME_ORIGIN_ALLOW_POPUPS = "same-origin-allow-popups"
    SAME_ORIGIN = "same-origin"
    NOOPENER_ALLOW_POPUPS = "noopener-allow-popups"


class COEP(_Policy):
    """Cross-Origin-Embedder-Policy (HTML, section 7.1.4): what a document may embed."""

    UNSAFE_NONE = "unsafe-none"
    REQUIRE_CORP = "require-corp"
    CREDENTIALLESS = "credentialless"


class CORP(_Policy):
    """Cross-Origin-Resource-Policy (Fetch, section 3.8): who may embed a resource."""

    SAME_SITE = "same-site"
    SAME_ORIGIN = "same-origin"
    CROSS_ORIGIN = "cross-origin"
