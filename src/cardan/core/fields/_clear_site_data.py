"""Clear-Site-Data (W3C Clear Site Data section 3.1): what the browser deletes of a site.

The names of the kinds of data are quoted, and their case matters. Parsing never raises; a kind that is not known is
skipped, as a browser skips it. Writing raises :exc:`ValueError` for such a kind, which would have no effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSet
from typing import Final

from ._lists import split
from ._live import Live

__all__ = ["ClearSiteData"]

#: The kinds of data, in the order in which they are written.
KINDS: Final = (
    "*", "cache", "clientHints", "cookies", "executionContexts", "prefetchCache", "prerenderCache", "storage",
)  # fmt: skip


class ClearSiteData(Live[tuple[str, ...]], MutableSet[str]):
    """A set of kinds of data, such as ``cache``, ``cookies`` and ``storage``; ``*`` is every kind.

    It is live: every change is written to the field. A kind that is not known raises :exc:`ValueError`.

    >>> ClearSiteData(["cookies", "storage"]).to_header()
    '"cookies", "storage"'
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    def __init__(self, kinds: Iterable[str] = ()) -> None:
        super().__init__(_in_order([kinds] if isinstance(kinds, str) else kinds))

    @classmethod
    def parse(cls, text: str, /) -> tuple[str, ...]:
        members = split(text)
        return tuple(kind for kind in KINDS if f'"{kind}"' in members)

    @classmethod
    def serialize(cls, state: tuple[str, ...], /) -> str:
        return ", ".join(f'"{kind}"' for kind in state)

    def add(self, value: str) -> None:
        """Add a kind of data. Raises :exc:`ValueError` if it is not known."""
        self.state = _in_order([*self.state, value])

    def discard(self, value: str) -> None:
        """Remove a kind of data, if it is there."""
        self.state = tuple(kind for kind in self.state if kind != value)

    def __contains__(self, value: object) -> bool:
        return value in self.state

    def __iter__(self) -> Iterator[str]:
        return iter(self.state)

    def __len__(self) -> int:
        return len(self.state)

    def __bool__(self) -> bool:
        return len(self.state) > 0


def _in_order(kinds: Iterable[str]) -> tuple[str, ...]:
    given = list(kinds)
    for kind in given:
        if kind not in KINDS:
            raise ValueError(f"got {kind!r}, expected one of {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in given)
