"""User-Agent as text. It is not parsed: the names of browsers change, and browsers imitate each other."""

from __future__ import annotations

from typing import Self

from ._syntax import check_value

__all__ = ["UserAgent"]


class UserAgent(str):
    """The User-Agent field (RFC 9110 section 10.1.5) as a string; ``""`` if it was not sent.

    :attr:`string` and :meth:`to_header` also give the text. A subclass that parses the text can override them. Raises
    :exc:`ValueError` for text that a header field must not contain.

    >>> UserAgent("curl/8.5.0").startswith("curl/")
    True
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    def __new__(cls, text: str = "") -> Self:
        return super().__new__(cls, check_value(text, "user agent"))

    @classmethod
    def from_header(cls, value: str | None, /) -> Self:
        """Return a field value as an object; None gives the empty text."""
        return str.__new__(cls, value or "")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).from_header, (str.__str__(self),)

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
