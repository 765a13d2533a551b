"""Link (RFC 8288): relations to other resources.

Takes and gives field values. Reading is linear and total: what has no ``<target>`` of ASCII is skipped, of equal
parameters the first counts, ``title*`` (RFC 8187) wins over ``title``. Writing raises :exc:`ValueError` for what must
not go on the wire. Targets are taken as they are: relative ones stay relative.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableSequence
from typing import Any, overload

from .live import Live
from .options import dump_options, parse_options
from .syntax import is_token

__all__ = ["Link", "Links"]

# A target, then parameters to the next comma that stands outside of quotes. A target ends at the latest with the
# next "<", so that a search for a ">" that never comes is never repeated over the same text.
_link = re.compile(r'[ \t,]*(?:(<([^<>]*)>)((?:[^",]+|"[^"\\]*(?:\\.[^"\\]*)*\\?"?)*)|[^,]+|\Z)', re.DOTALL)
_is_target = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x7e]*").fullmatch


class Link:
    """A target with its ``rel`` (relation types, separated by spaces) and other ``parameters``."""

    __slots__ = ("parameters", "target")

    def __init__(self, target: str, rel: str | None = None, **parameters: str | None) -> None:
        self.target = target
        self.parameters: Mapping[str, str] = {
            name.lower().replace("_", "-"): value
            for name, value in {"rel": rel, **parameters}.items()
            if value is not None
        }

    @property
    def rel(self) -> str:
        """The relation types, separated by spaces."""
        return self.parameters.get("rel", "")

    def has_rel(self, relation: str) -> bool:
        """Tell whether ``relation`` is one of the relation types; case does not count."""
        return relation.lower() in self.rel.lower().split()

    def to_header(self) -> str:
        """Return the link; raises :exc:`ValueError` for a target that is no URI reference in ASCII."""
        if not _is_target(self.target):
            raise ValueError(f"got target {self.target!r}, expected ASCII without spaces, quotes and angle brackets")
        _, _, parameters = dump_options("", self.parameters).partition("; ")
        return f"<{self.target}>; {parameters}" if parameters else f"<{self.target}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Link):
            return NotImplemented
        return (self.target, self.parameters) == (other.target, other.parameters)

    def __hash__(self) -> int:
        return hash((self.target, frozenset(self.parameters.items())))

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"


class Links(Live[tuple[Link, ...]], MutableSequence[Link]):
    """The links of a message, in order. Live: every change is written to the field."""

    __slots__ = ()

    def __init__(self, links: Iterable[Link] = ()) -> None:
        state = tuple(links)
        self._write(state)
        super().__init__(state)

    @classmethod
    def _read(cls, text: str | None) -> tuple[Link, ...]:
        return tuple(
            _made(target, rest) for found, target, rest in _link.findall(text or "") if found and _is_target(target)
        )

    @classmethod
    def _write(cls, state: tuple[Link, ...]) -> str:
        return ", ".join(link.to_header() for link in state)

    def find(self, relation: str) -> Link | None:
        """Return the first link of that relation type, None if there is none."""
        return next((link for link in self._get() if link.has_rel(relation)), None)

    def insert(self, index: int, value: Link) -> None:
        """Put a link before that position."""
        links = list(self._get())
        links.insert(index, value)
        self._set(tuple(links))

    @overload
    def __getitem__(self, key: int) -> Link: ...
    @overload
    def __getitem__(self, key: slice) -> list[Link]: ...
    def __getitem__(self, key: Any) -> Any:
        part = self._get()[key]
        return list(part) if isinstance(part, tuple) else part

    @overload
    def __setitem__(self, key: int, value: Link) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: Iterable[Link]) -> None: ...
    def __setitem__(self, key: Any, value: Any) -> None:
        links = list(self._get())
        links[key] = value
        self._set(tuple(links))

    def __delitem__(self, key: int | slice) -> None:
        links = list(self._get())
        del links[key]
        self._set(tuple(links))

    def __iter__(self) -> Iterator[Link]:
        return iter(self._get())

    def __len__(self) -> int:
        return len(self._get())


def _made(target: str, rest: str) -> Link:
    link = Link(target)
    _, parameters = parse_options(";" + rest.partition(";")[2])
    link.parameters = {name: value for name, value in parameters.items() if is_token(name)}
    return link
