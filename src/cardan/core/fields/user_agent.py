"""UserAgent: what a client says it is, as text. Parses nothing: products come and go, and all of them lie."""

from __future__ import annotations

from typing import Self

__all__ = ["UserAgent"]


class UserAgent(str):
    """The User-Agent field (RFC 9110 section 10.1.5) as text; ``""`` where none was sent.

    ``string`` and :meth:`to_header` give the same text, under the names that a parsing subclass would have.

    >>> UserAgent("curl/8.5.0").startswith("curl/")
    True
    """

    __slots__ = ()

    @classmethod
    def from_header(cls, value: str | None, /) -> Self:
        """The field value, or the empty one for None."""
        return cls(value or "")

    @property
    def string(self) -> str:
        """The text."""
        return str(self)

    def to_header(self) -> str:
        """The field value."""
        return str(self)

    def __str__(self) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str.__repr__(self)})"
