"""What a client accepts: Accept, -Charset, -Encoding and -Language (RFC 9110 section 12.5, RFC 4647).

Takes field values, gives qualities and choices. Reading is linear and total: a member whose weight is no weight
is skipped. The objects never change, so that one object serves all requests that say the same.

A field that was not sent accepts everything (section 12.4.1): :meth:`Accept.quality` is 1 then, and
:meth:`Accept.best_match` gives its default, else the first offer. ``in`` is true only for what a member names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, ClassVar, Final, Self, TypeVar, overload

from .lists import OWS, split
from .options import dump_parameter
from .syntax import check_token, check_value, is_token

__all__ = ["Accept", "CharsetAccept", "EncodingAccept", "read_quality", "write_member"]

T = TypeVar("T")

#: what a client that does not mention ``identity`` thinks of it: acceptable, after everything that it names
LEAST_QUALITY: Final = 0.001

# Members of this alphabet have no parameters but q that could hold a comma: splitting is parsing.
_is_plain = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z/;=, \t]*").fullmatch
_is_quality = re.compile(r"[01](?:\.[0-9]*)?|\.[0-9]+").fullmatch
_QUALITIES: Final = {f"q={n}": float(n) for n in ("0", "0.0", "1", "1.0", *(f"0.{tenth}" for tenth in range(1, 10)))}
# Browsers send few different values, each with every request. Longer ones are nobody's usual value.
_MEMO_ENTRIES: Final = 512
_MEMO_LENGTH: Final = 200
#: offers that are remembered with what was chosen of them, at most
_MOST_OFFERS: Final = 32


class Accept:
    """The members of one of the fields, as pairs of value and quality, the most wanted first.

    Of equal quality, the more specific one comes first, then the one that was named first. ``accept[0]`` is a
    pair, ``accept["x"]`` the quality of a value. ``provided`` tells whether there was a field.
    """

    __slots__ = ("_chosen", "_items", "_normalised", "provided")

    _items: tuple[tuple[str, float], ...]
    #: what was offered last, and what of it was chosen: an application offers the same again and again
    _chosen: tuple[tuple[str, ...], str | None] | None
    _normalised: tuple[tuple[str, float, int], ...] | None
    provided: bool
    #: the range that stands for everything
    _anything: ClassVar[str] = "*"

    def __init__(self, values: Iterable[tuple[str, float]] | None = ()) -> None:
        """Take pairs of value and quality (0 to 1), in any order. None: there was no field."""
        self.provided = values is not None
        items = [(value, min(max(quality, 0.0), 1.0)) for value, quality in values or ()]
        self._items = self._sorted(items)
        self._normalised = self._chosen = None

    @classmethod
    def _sorted(cls, items: list[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
        if len(items) > 1:
            items.sort(key=lambda item: (-item[1], -cls._specificity(item[0])))
        return tuple(items)

    @classmethod
    def from_header(cls, value: str | None) -> Self:
        """Read a field value; None is a field that was not sent, which accepts everything."""
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
        """The members as they are compared: normal form, quality, specificity."""
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
        """Return the field value; raises :exc:`ValueError` for a member that cannot be written."""
        return ", ".join(
            self._write(value) if quality == 1 else f"{self._write(value)};q={_weight(quality)}"
            for value, quality in self._items
        )

    @classmethod
    def _write(cls, value: str) -> str:
        return check_token(value, "value") if is_token(value) else check_value(value)

    @classmethod
    def _specificity(cls, value: str) -> int:
        """How much ``value`` narrows down; 0 for everything."""
        return 0 if value == cls._anything else 1

    @classmethod
    def _normal(cls, value: str) -> str:
        return value.lower()

    def _match(self, value: str) -> tuple[int, float] | None:
        """Return specificity and quality of the member that speaks for ``value``: the most specific one."""
        wanted = self._normal(value)
        best: tuple[int, float] | None = None
        for item, quality, specificity in self._ranges:
            if (item == wanted or item == self._anything) and (best is None or (specificity, quality) > best):
                best = (specificity, quality)
        return best

    def quality(self, key: str) -> float:
        """Return how much ``key`` is wanted: 0 (not acceptable) to 1; 1 where there was no field."""
        if not self.provided:
            return 1.0
        match = self._match(key)
        return 0.0 if match is None else match[1]

    @overload
    def best_match(self, matches: Iterable[str]) -> str | None: ...
    @overload
    def best_match(self, matches: Iterable[str], default: T) -> str | T: ...
    def best_match(self, matches: Iterable[str], default: Any = None) -> Any:
        """Return the one of ``matches`` that is wanted most, ``default`` if none is acceptable.

        Of equal quality, the one that a more specific member names, then the first of ``matches``. Where there
        was no field: ``default`` if it is not None, else the first of ``matches``.
        """
        offers = tuple(matches)
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
        """The value that is wanted most, None if there is none."""
        return self._items[0][0] if self._items and self._items[0][1] > 0 else None

    def values(self) -> Iterator[str]:
        """Iterate over the values, the most wanted first."""
        return (value for value, _ in self._items)

    def index(self, key: str | tuple[str, float]) -> int:
        """Return the position of the member that names ``key``; raises :exc:`ValueError` if none does."""
        if (position := self.find(key)) < 0:
            raise ValueError(f"{key!r} is not in {self!r}")
        return position

    def find(self, key: str | tuple[str, float]) -> int:
        """Return the position of the member that names ``key``, -1 if none does."""
        if not isinstance(key, str):
            return self._items.index(key) if key in self._items else -1
        wanted = self._normal(key)
        return next((place for place, (item, _, _) in enumerate(self._ranges) if item == wanted), -1)

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
    """Return the weight that ``text`` is (RFC 9110 section 12.4.2), None if it is none; more than 1 is 1."""
    return min(float(text[:8]), 1.0) if _is_quality(text) else None


def _weight(quality: float) -> str:
    return f"{quality:.3f}".rstrip("0").rstrip(".")


def write_member(value: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return ``value`` with parameters, as a member of a list."""
    return value + "".join(f";{dump_parameter(check_token(name), text)}" for name, text in parameters)


class CharsetAccept(Accept):
    """Accept-Charset (RFC 9110 section 12.5.2): names are compared by their usual aliases."""

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
    """Accept-Encoding (RFC 9110 section 12.5.3).

    ``identity`` is acceptable unless a member says otherwise: not mentioned, its quality is 0.001, the least
    there is. ``x-gzip`` and ``x-compress`` are ``gzip`` and ``compress``.
    """

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

    def __contains__(self, key: object) -> bool:
        """Tell whether a member names ``key``; ``identity`` is acceptable without being named."""
        if isinstance(key, str) and self._normal(key) == "identity":
            return self.quality(key) > 0
        return super().__contains__(key)
