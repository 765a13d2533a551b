"""What is written reads back: the law for the constructors of all classes of field values.

A constructor folds what reading folds: it gives names in lower case, for example. It accepts a value only if reading
what is written of it gives an equal value. Parsers make their objects without this check, because everything that was
read can be written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

__all__ = ["check_reads_back", "differs", "folded"]

V = TypeVar("V")


class _Written(Protocol):
    def to_header(self) -> str: ...


def folded(items: Iterable[tuple[str, V]]) -> dict[str, V]:
    """Return the items with their names in lower case, as reading gives them.

    If a name occurs more than once, the first item counts, as it does in a field. Raises :exc:`TypeError` for a name
    that is not text.

    >>> folded([("Max-Age", "1"), ("max-age", "2")])
    {'max-age': '1'}
    """
    found: dict[str, V] = {}
    for name, value in items:
        if not isinstance(name, str):
            raise TypeError(f"got the name {name!r}, expected a str")
        found.setdefault(name.lower(), value)
    return found


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
