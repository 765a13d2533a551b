"""Referrer-Policy (W3C Referrer Policy): how much of its URL a document tells to the pages that it links to.

A field can name several policies, so that a browser that does not know the last one takes one before it. Parsing never
raises: a value without a known policy gives None.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from ._lists import split

__all__ = ["ReferrerPolicy"]


class ReferrerPolicy(StrEnum):
    """What a browser sends as Referer, and where (W3C Referrer Policy section 3)."""

    __module__ = "cardan.datastructures"

    NO_REFERRER = "no-referrer"
    NO_REFERRER_WHEN_DOWNGRADE = "no-referrer-when-downgrade"
    SAME_ORIGIN = "same-origin"
    ORIGIN = "origin"
    STRICT_ORIGIN = "strict-origin"
    ORIGIN_WHEN_CROSS_ORIGIN = "origin-when-cross-origin"
    STRICT_ORIGIN_WHEN_CROSS_ORIGIN = "strict-origin-when-cross-origin"
    UNSAFE_URL = "unsafe-url"

    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Return the last policy of a field value that is known (section 8.1), None if there is none."""
        known = cls._value2member_map_
        return next((cls(name) for member in reversed(split(value)) if (name := member.lower()) in known), None)

    def to_header(self) -> str:
        """Return the field value."""
        return self.value
