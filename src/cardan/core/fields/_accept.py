"""What a client accepts: Accept-Charset, Accept-Encoding, and the base of the other Accept fields (RFC 9110
section 12.5). Accept lives in :mod:`~cardan.core.fields._accept_media`, Accept-Language in
:mod:`~cardan.core.fields._accept_language`.

A member of such a field is a value with a quality from 0 (not acceptable) to 1. Parsing takes linear time and never
raises; a member with an invalid quality is skipped. The objects are immutable, so that requests with equal fields
share one object.

A field that was not sent accepts everything (section 12.4.1): :meth:`Accept.quality` is then 1 for every value, and
:meth:`Accept.best_match` returns its default, or the first offer if there is no default. ``in`` is true only for a
value that matches a member.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, ClassVar, Final, Self, TypeVar, overload

from .._pickling import slots_state
from ._lists import split
from ._options import dump_parameter
from ._reading_back import check_reads_back
from ._syntax import OWS, check_token, check_value

__all__ = ["Accept", "CharsetAccept", "EncodingAccept", "offered", "read_quality", "write_member"]

T = TypeVar("T")

#: The lowest quality of what is acceptable. ``identity`` has it if Accept-Encoding does not mention it: every named
#: coding is then better.
LEAST_QUALITY: Final = 0.001

# Text of this alphabet contains no quoted string, so that every comma in it separates two members.
_is_plain = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z/;=, \t]*").fullmatch
_is_quality = re.compile(r"[01](?:\.[0-9]*)?|\.[0-9]+").fullmatch
_QUALITIES: Final = {f"q={n}": float(n) for n in ("0", "0.0", "1", "1.0", *(f"0.{tenth}" for tenth in range(1, 10)))}
# A browser sends the same few values with every request, so that parsed fields are kept. A field longer than
# _MEMO_LENGTH characters is not usual and is not kept.
_MEMO_ENTRIES: Final = 512
_MEMO_LENGTH: Final = 200
# The choice among at most this many offers is kept (see Accept._chosen).
_MOST_OFFERS: Final = 32


class Accept:
    """The members of an Accept field, as pairs of value and quality, sorted by descending quality.

    Among members of equal quality the more specific one comes first, then the one that was sent first.
    ``accept[0]`` is a pair, ``accept["x"]`` the quality of a value. ``provided`` is False if the field was not sent.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("_chosen", "_items", "_normalised", "provided")
    __getstate__ = slots_state

    _items: tuple[tuple[str, float], ...]
    #: The offers of the last call to best_match(), and the choice. Most applications always make the same offers.
    _chosen: tuple[tuple[str, ...], str | None] | None
    _normalised: tuple[tuple[str, float, int], ...] | None
    provided: bool
    """Whether the field was sent."""
    #: The member that matches every value.
    _anything: ClassVar[str] = "*"

    def __init__(self, values: Iterable[tuple[str, float]] | None = ()) -> None:
        """Take pairs of value and quality (0 to 1), in any order. None stands for a field that was not sent.

        A quality is rounded to three digits after the point, which is what a field can say (RFC 9110 section 12.4.2);
        one above 0 stays above 0. Raises :exc:`ValueError` for a value that reading would not give, such as one with a
        comma, and for NaN.
        """
        self.provided = values is not None
        self._items = self._sorted([self._member(value, quality) for value, quality in values or ()])
        self._normalised = self._chosen = None
        if self._items:
            check_reads_back(self)

    @classmethod
    def _member(cls, value: str, quality: float) -> tuple[str, float]:
        """Return a pair that the program gives as reading gives it."""
        if not 0 <= quality <= 1:
            if quality != quality:
                raise ValueError(f"got quality {quality!r} for {value!r}, expected a number from 0 to 1")
            quality = min(max(quality, 0.0), 1.0)
        return cls._folded(value.strip(OWS)), _rounded(quality)

    @classmethod
    def _folded(cls, value: str) -> str:
        return value

    @classmethod
    def _sorted(cls, items: list[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
        if len(items) > 1:
            items.sort(key=lambda item: (-item[1], -cls._specificity(item[0])))
        return tuple(items)

    @classmethod
    def from_header(cls, value: str | None, /) -> Self:
        """Parse a field value. None stands for a field that was not sent, which accepts everything."""
        if value is None or len(value) > _MEMO_LENGTH:
            return cls._parsed(value)
        kind: Any = cls
        self: Self = _remembered(kind, value)
        return self

    @classmethod
    def _parsed(cls, value: str | None) -> Self:
        self = cls.__new__(cls)
        self.provided = value is not None
        self._items = cls._sorted(cls._read(value)) if value else ()
        self._normalised = self._chosen = None
        return self

    @property
    def _ranges(self) -> tuple[tuple[str, float, int], ...]:
        """The members in the form that is compared: normalised value, quality, specificity."""
        if self._normalised is None:
            self._normalised = tuple((self._normal(v), q, self._specificity(v)) for v, q in self._items)
        return self._normalised

    @classmethod
    def _read(cls, text: str) -> list[tuple[str, float]]:
        items = []
        for member in text.split(",") if _is_plain(text) else split(text):
            value, semicolon, rest = member.partition(";")
            quality: float | None = 1.0
            if semicolon:
                quality = _QUALITIES.get(rest)
                if quality is None:
                    value, quality = cls._read_member(value, rest)
            if quality is not None and (value := value.strip(OWS)) and '"' not in value.partition(";")[0]:
                items.append((value, quality))
        return items

    @classmethod
    def _read_member(cls, value: str, parameters: str) -> tuple[str, float | None]:
        for parameter in parameters.split(";"):
            name, _, weight = parameter.partition("=")
            if name.strip(OWS) in ("q", "Q"):
                return value, read_quality(weight.strip(OWS))
        return value, 1.0

    def to_header(self) -> str:
        """Return the field value. Raises :exc:`ValueError` for a member that a header field must not contain."""
        return ", ".join(
            self._write(value) if quality == 1 else f"{self._write(value)};q={_weight(quality)}"
            for value, quality in self._items
        )

    @classmethod
    def _write(cls, value: str) -> str:
        return check_value(value)

    @classmethod
    def _specificity(cls, value: str) -> int:
        """Return how specific a member is: 0 for the one that matches every value, more for a narrower one."""
        return 0 if value == cls._anything else 1

    @classmethod
    def _normal(cls, value: str) -> str:
        return value.lower()

    def _match(self, value: str) -> tuple[int, float] | None:
        """Return specificity and quality of the most specific member that matches ``value``, None if none does."""
        wanted = self._normal(value)
        best: tuple[int, float] | None = None
        for item, quality, specificity in self._ranges:  # of equally specific ones, the best comes first
            if (item == wanted or item == self._anything) and (best is None or specificity > best[0]):
                best = (specificity, quality)
        return best

    def quality(self, key: str) -> float:
        """Return the quality of a value, from 0 (not acceptable) to 1. It is 1 if the field was not sent."""
        if not self.provided:
            return 1.0
        match = self._match(key)
        return 0.0 if match is None else match[1]

    @overload
    def best_match(self, matches: Iterable[str]) -> str | None: ...
    @overload
    def best_match(self, matches: Iterable[str], default: T) -> str | T: ...
    def best_match(self, matches: Iterable[str], default: Any = None) -> Any:
        """Return the offer in ``matches`` with the highest quality, ``default`` if none is acceptable.

        Among offers of equal quality, the one that a more specific member matches is chosen, then the first one. If
        the field was not sent, the result is ``default``, or the first offer if ``default`` is None.

        >>> Accept.from_header("br;q=0.5, gzip").best_match(["br", "gzip"])
        'gzip'
        """
        offers = offered(matches)
        if not self.provided:
            return default if default is not None else next(iter(offers), None)
        last = self._chosen
        if last is None or last[0] != offers:
            last = offers, self._choose(offers)
            if len(offers) <= _MOST_OFFERS:
                self._chosen = last
        return default if last[1] is None else last[1]

    def _choose(self, offers: tuple[str, ...]) -> str | None:
        best: str | None = None
        highest = (0.0, -1)
        for offer in offers:
            match = self._match(offer)
            if match is not None and (rank := (match[1], match[0])) > highest and match[1] > 0:
                best, highest = offer, rank
        return best

    @property
    def best(self) -> str | None:
        """The value with the highest quality, None if no value is acceptable."""
        return self._items[0][0] if self._items and self._items[0][1] > 0 else None

    def values(self) -> Iterator[str]:
        """Iterate over the values, in descending order of quality."""
        return (value for value, _ in self._items)

    def index(self, key: str | tuple[str, float]) -> int:
        """Return the position of a member, given as a value or a pair. Raises :exc:`ValueError` if there is none."""
        if (position := self.find(key)) < 0:
            raise ValueError(f"{key!r} is not in {self!r}")
        return position

    def find(self, key: str | tuple[str, float]) -> int:
        """Return the position of a member, given as a value or a pair; -1 if there is none."""
        if not isinstance(key, str):
            return self._items.index(key) if key in self._items else -1
        wanted = self._normal(key)
        return next((index for index, (item, _, _) in enumerate(self._ranges) if item == wanted), -1)

    @overload
    def __getitem__(self, key: str) -> float: ...
    @overload
    def __getitem__(self, key: int) -> tuple[str, float]: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[tuple[str, float], ...]: ...
    def __getitem__(self, key: str | int | slice) -> float | tuple[str, float] | tuple[tuple[str, float], ...]:
        return self.quality(key) if isinstance(key, str) else self._items[key]

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return key in self._items
        match = self._match(key)
        return match is not None and match[1] > 0

    def __iter__(self) -> Iterator[tuple[str, float]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Accept):
            return NotImplemented
        return type(self) is type(other) and (self._items, self.provided) == (other._items, other.provided)

    def __hash__(self) -> int:
        return hash((type(self), self._items, self.provided))

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self._items) if self.provided else None!r})"


@lru_cache(maxsize=_MEMO_ENTRIES)
def _remembered(cls: Any, value: str) -> Any:
    return cls._parsed(value)


def read_quality(text: str) -> float | None:
    """Parse a quality value (RFC 9110 section 12.4.2). Invalid text gives None; a number above 1 gives 1.

    A quality has three digits after the point. More of them are rounded, and a quality above 0 stays above 0.
    """
    if not _is_quality(text):
        return None
    # of a longer number the first digits are enough, unless they are zeros
    return _rounded(min(float(text[:8]), 1.0)) or (LEAST_QUALITY if text.strip("0.") else 0.0)


def _rounded(quality: float) -> float:
    return max(round(quality, 3), LEAST_QUALITY) if quality > 0 else 0.0


def _weight(quality: float) -> str:
    return f"{quality:.3f}".rstrip("0").rstrip(".")


def write_member(value: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return ``value`` with its parameters, in the form of a list member: ``value;name=text``."""
    return value + "".join(f";{dump_parameter(check_token(name), text)}" for name, text in parameters)


class CharsetAccept(Accept):
    """The members of Accept-Charset (RFC 9110 section 12.5.2). Common aliases (``utf8``, ``latin1``) compare equal."""

    __module__ = "cardan.datastructures"
    __slots__ = ()

    _ALIASES: ClassVar[dict[str, str]] = {
        "utf8": "utf-8",
        "latin1": "iso-8859-1",
        "latin-1": "iso-8859-1",
        "iso8859-1": "iso-8859-1",
        "ascii": "us-ascii",
        "cp1252": "windows-1252",
    }

    @classmethod
    def _normal(cls, value: str) -> str:
        name = value.lower().replace("_", "-")
        return cls._ALIASES.get(name, name)


class EncodingAccept(Accept):
    """The members of Accept-Encoding (RFC 9110 section 12.5.3).

    ``identity`` is acceptable unless a member forbids it. If no member mentions it, its quality is 0.001, the lowest
    possible one. ``x-gzip`` and ``x-compress`` equal ``gzip`` and ``compress``.

    If the field was not sent, every coding is acceptable, but none is asked for: :meth:`best_match` then chooses no
    coding but ``identity``.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    @classmethod
    def _normal(cls, value: str) -> str:
        return value.lower().removeprefix("x-")

    def _match(self, value: str) -> tuple[int, float] | None:
        match = super()._match(value)
        if self._normal(value) != "identity" or (match is not None and (match[0] or not match[1])):
            return match
        # section 12.5.3, rule 2: only "identity;q=0" or "*;q=0" without identity make it unacceptable
        return (0, LEAST_QUALITY)

    @overload
    def best_match(self, matches: Iterable[str]) -> str | None: ...
    @overload
    def best_match(self, matches: Iterable[str], default: T) -> str | T: ...
    def best_match(self, matches: Iterable[str], default: Any = None) -> Any:
        """Return the coding in ``matches`` with the highest quality, ``default`` if none is acceptable.

        If the field was not sent, the result is ``default``. If there is no default it is ``identity`` if that is among
        the offers, else None: a client that asks for no coding may be unable to decode one.

        >>> EncodingAccept.from_header(None).best_match(["br", "identity"])
        'identity'
        """
        offers = offered(matches)
        if self.provided or default is not None:
            return super().best_match(offers, default)
        return next((offer for offer in offers if self._normal(offer) == "identity"), None)


def offered(matches: Iterable[str]) -> tuple[str, ...]:
    """The offers that a program makes. Raises :exc:`TypeError` for a str, which is an iterable of letters."""
    if isinstance(matches, str):
        raise TypeError(f"got {matches!r} as the offers, expected an iterable of them")
    return tuple(matches)
