"""Content-Range (RFC 9110 section 14.4).

Positions count bytes as Python slices do: a range ends *before* ``stop``. Parsing takes linear time and never raises:
an invalid or contradictory value gives an unset object. Writing raises :exc:`ValueError` for contradictory positions.
"""

from __future__ import annotations

import re

from ._live import Live
from ._syntax import OWS, check_token, is_token, parse_integer

__all__ = ["ContentRange"]

_content_range = re.compile(r"([^ \t]+)[ \t]+(?:([0-9]+)-([0-9]+)|\*)/([0-9]+|\*)").fullmatch

_Extent = tuple[str | None, int | None, int | None, int | None]


class ContentRange(Live[_Extent]):
    """The part of a representation that a message contains, from ``start`` to before ``stop``, of ``length``.

    ``start`` and ``stop`` are None for an unsatisfied range (``bytes */10``). ``length`` is None if it is not known.
    ``units`` is None if there is no field; the object is then false. The object is live: every change is written to
    the field.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    def __init__(
        self,
        units: str | None = None,
        start: int | None = None,
        stop: int | None = None,
        length: int | None = None,
    ) -> None:
        state = _folded(units, start, stop, length)
        super().__init__(state)

    @classmethod
    def parse(cls, text: str, /) -> _Extent:
        found = _content_range(text.strip(OWS))
        if found is None or not is_token(found[1]):
            return (None, None, None, None)
        first, last = parse_integer(found[2]), parse_integer(found[3])
        length = parse_integer(found[4])
        stop = None if last is None else last + 1
        if not _makes_sense(first, stop, length):
            return (None, None, None, None)
        return (found[1].lower(), first, stop, length)

    @classmethod
    def serialize(cls, state: _Extent, /) -> str:
        units, start, stop, length = state
        if units is None:
            return ""
        check_token(units, "range unit")
        if not _makes_sense(start, stop, length):
            raise ValueError(f"got range {start!r} to {stop!r} of {length!r}, expected start < stop <= length")
        extent = "*" if start is None or stop is None else f"{start}-{stop - 1}"
        return f"{units} {extent}/{'*' if length is None else length}"

    def set(self, start: int | None, stop: int | None, length: int | None = None, units: str | None = "bytes") -> None:
        """Set all four attributes at once. Raises :exc:`ValueError` if they contradict each other."""
        self.state = _folded(units, start, stop, length)

    def unset(self) -> None:
        """Remove the field."""
        self.state = (None, None, None, None)

    @property
    def units(self) -> str | None:
        """The range unit, usually ``bytes``; None if there is no field. Setting None removes the field."""
        return self.state[0]

    @units.setter
    def units(self, units: str | None) -> None:
        if units is None:
            self.unset()
        else:
            self.state = _folded(units, *self.state[1:])

    @property
    def start(self) -> int | None:
        """The first position, None for an unsatisfied range."""
        return self.state[1]

    @property
    def stop(self) -> int | None:
        """The position after the last one, None for an unsatisfied range."""
        return self.state[2]

    @property
    def length(self) -> int | None:
        """The length of the whole representation, None if it is not known."""
        return self.state[3]

    @length.setter
    def length(self, length: int | None) -> None:
        self.state = (*self.state[:3], length)

    def __bool__(self) -> bool:
        return self.units is not None


def _folded(units: str | None, start: int | None, stop: int | None, length: int | None) -> _Extent:
    return (None if units is None else units.lower(), start, stop, length)


def _makes_sense(start: int | None, stop: int | None, length: int | None) -> bool:
    if start is None or stop is None:
        return start is stop and length is not None and length >= 0
    return 0 <= start < stop and (length is None or stop <= length)
