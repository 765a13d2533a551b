"""User-Agent as text. It is not parsed: the names of browsers change, and browsers imitate each other."""

from __future__ import annotations

from typing import Self

__all__ = ["UserAgent"]


class UserAgent(str):
    """The User-Agent field (RFC 9110 section 10.1.5) as a string; ``""`` if it was not sent.

    :attr:`string` and :meth:`to_header` also give the text. A subclass that parses the text can override them.

    >>> UserAgent("curl/8.5.0").startswith("curl/")
    True
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    @classmethod
    def from_header(cls, value: str | None, /) -> Self:
        """Return a field value as an object; None gives the empty text."""
        return cls(value or "")

    @property
    def string(self) -> str:
        """The text."""
        return str(self)

    def to_header(self) -> str:
        """Return the field value."""
        return str(self)

    def __str__(self) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str.__repr__(self)})"
