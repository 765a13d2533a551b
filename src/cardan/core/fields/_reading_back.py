"""What is written reads back: the law for the constructors of all classes of field values.

A constructor folds what reading folds: it gives names in lower case, for example. It accepts a value only if reading
what is written of it gives an equal value. Parsers make their objects without this check, because everything that was
read can be written.
"""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["check_reads_back", "differs"]


class _Written(Protocol):
    def to_header(self) -> str: ...


def check_reads_back(value: _Written) -> None:
    """Raise :exc:`ValueError` unless reading what is written of ``value`` gives an equal object.

    Raises what its ``to_header()`` raises for a value that a header field must not contain.
    """
    kind: Any = type(value)
    text = value.to_header()
    if kind.from_header(text) != value:
        raise differs(kind, text)


def differs(kind: type, text: str) -> ValueError:
    """The error for a value that would be written as ``text`` and read as another one."""
    return ValueError(f"got a {kind.__name__} that is written as {text!r}, expected one that reads back equal")
