"""PartHeaders: the header fields of one part, read when asked for.

Takes a header block that :mod:`.part_head` has accepted; returns text, UTF-8 with U+FFFD for what is not.
Read-only, so that the parts of all requests may share one. Never raises but as every headers object does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..structures.header_rules import join_values
from ..structures.headers import HeadersView, ImmutableHeadersMixin

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OneLineHeaders", "PartHeaders", "unfold"]


def unfold(block: bytes) -> bytes:
    """``block`` with folded lines joined by one space.

    RFC 9112 section 5.2: a line that begins with a space or a tab continues the one before; the white space on both
    sides of the line end reads as one space. Each line is looked at once: a pattern that begins with white space would
    try every space of a long run as its start.
    """
    if b"\r\n " not in block and b"\r\n\t" not in block:
        return block
    first, *lines = block.split(b"\r\n")
    joined = [first]
    for line in lines:
        if line.startswith((b" ", b"\t")):
            joined[-1] = joined[-1].rstrip(b" \t")
            joined += b" ", line.lstrip(b" \t")
        else:
            joined += b"\r\n", line
    return b"".join(joined)


class PartHeaders(ImmutableHeadersMixin, HeadersView):
    """The header fields of a part, over ``block``: its lines, parted by CRLF."""

    __slots__ = ("_block", "_pairs")

    _pairs: list[tuple[str, str]]
    """Unset until a field is asked for: one of these is made for every part of every form."""

    def __init__(self, block: bytes) -> None:
        self._block = block

    @property
    def plain(self) -> bool:
        """Whether there is but one line, which then is the Content-Disposition."""
        return b"\r\n" not in self._block

    @property
    def raw(self) -> bytes:
        """The header block as it was sent, without its last line end."""
        return self._block

    def _list(self) -> list[tuple[str, str]]:
        try:
            return self._pairs
        except AttributeError:
            lines = [line.partition(b":") for line in unfold(self._block).split(b"\r\n")]
            pairs = [(name.decode("ascii", "replace"), _text(value)) for name, colon, value in lines if colon]
            self._pairs = pairs
            return pairs

    def _find_all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self._list() if key.lower() == wanted]

    def _find(self, name: str) -> str | None:
        values = self._find_all(name)
        return join_values(name, values) if values else None

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.title() for name, _ in self._list()))

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self._list()})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PartHeaders):
            return self._block == other._block
        return super().__eq__(other)

    __hash__ = None

    def __reduce__(self) -> Any:
        return type(self), (self._block,)


class OneLineHeaders(PartHeaders):
    """The same, where it is known that there is but one line: most fields have but a Content-Disposition."""

    __slots__ = ()


def _text(value: bytes) -> str:
    return value.strip(b" \t").decode("utf-8", "replace")
