"""Strict-Transport-Security (RFC 6797): the browser uses only https for a host.

Parsing takes linear time and never raises: a value that the browser would ignore gives None. The constructor raises
:exc:`ValueError` for a negative time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from .._checks import check_type
from ._durations import MAX_SECONDS, delta_seconds, dump_age
from ._parameters import parse_parameters
from ._syntax import is_token

__all__ = ["StrictTransportSecurity"]


@dataclass(frozen=True, slots=True, init=False)
class StrictTransportSecurity:
    """For how long a browser uses only https for the host, and whether for all hosts below it as well.

    ``max_age`` is a number of seconds or a timedelta; 0 makes the browser forget the host. ``preload`` is the consent
    that browsers have the host in the list that they are delivered with; it is not part of RFC 6797. A browser ignores
    the field in an answer over http (section 8.1), and a server must not send it there (section 7.2).

    >>> StrictTransportSecurity(31_536_000, include_subdomains=True).to_header()
    'max-age=31536000; includeSubDomains'
    """

    max_age: int
    include_subdomains: bool
    preload: bool

    def __init__(self, max_age: int | timedelta, include_subdomains: bool = False, preload: bool = False) -> None:
        check_type("max_age", max_age, (int, timedelta), "a number of seconds or a timedelta")
        check_type("include_subdomains", include_subdomains, bool, "a bool")
        check_type("preload", preload, bool, "a bool")
        object.__setattr__(self, "max_age", min(int(dump_age(max_age)), MAX_SECONDS))
        object.__setattr__(self, "include_subdomains", include_subdomains)
        object.__setattr__(self, "preload", preload)

    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Parse a field value. None, and a value that the browser would ignore, give None (RFC 6797 section 8.1).

        That is a value without ``max-age``, with a directive that occurs twice, or with one that is no token. Unknown
        directives are ignored.
        """
        found: dict[str, str | None] = {}
        for name, text in parse_parameters(value or ""):
            if name in found or not is_token(name):
                return None
            found[name] = text
        seconds = delta_seconds(found.get("max-age"))
        if seconds is None or found.get("includesubdomains") is not None:
            return None
        return cls(seconds, "includesubdomains" in found, "preload" in found)

    def to_header(self) -> str:
        """Return the field value."""
        subdomains = "; includeSubDomains" if self.include_subdomains else ""
        return f"max-age={self.max_age}{subdomains}{'; preload' if self.preload else ''}"

    def __str__(self) -> str:
        return self.to_header()


StrictTransportSecurity.__module__ = "cardan.datastructures"
