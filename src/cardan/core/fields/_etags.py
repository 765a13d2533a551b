"""Entity tags (RFC 9110 section 8.8.3) and the lists of If-Match and If-None-Match (section 13.1).

An entity tag is written ``"abc"`` (strong) or ``W/"abc"`` (weak); ``abc`` is the opaque tag. Parsing takes linear time
and never raises: list members that are not entity tags are skipped. Writing raises :exc:`ValueError` for an opaque tag
that contains quotes, spaces or control characters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from .._pickling import slots_state
from ._reading_back import check_reads_back
from ._syntax import OWS

__all__ = ["ETags", "is_opaque", "quote_etag", "unquote_etag"]

is_opaque = re.compile(r"[\x21\x23-\x7e\x80-\xff]*").fullmatch
_is_tag = re.compile(r'([Ww]/)?"([\x21\x23-\x7e\x80-\xff]*)"').fullmatch
# One member, from its start: an entity tag up to the next comma, or other text up to the next comma. The pattern
# matches at every position, the end included: a search that fails after each comma would take quadratic time.
_member = re.compile(r'[ \t,]*(?:([Ww]/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|\Z)|[^,]+|\Z)')


def quote_etag(etag: str, weak: bool = False) -> str:
    """Return an opaque tag as an entity tag: ``"abc"`` for ``abc``, or ``W/"abc"`` if ``weak``.

    Raises :exc:`ValueError` for quotes, spaces and control characters, and :exc:`TypeError` for anything but text.
    """
    if not isinstance(etag, str):
        raise TypeError(f"got etag = {etag!r}, expected a str")
    if not (etag.isalnum() and etag.isascii()) and not is_opaque(etag):  # most tags are letters and digits
        raise ValueError(f"got etag {etag!r}, expected no quotes, spaces or control characters")
    return f'W/"{etag}"' if weak else f'"{etag}"'


def unquote_etag(etag: str | None) -> tuple[str, bool] | tuple[None, None]:
    """Return the opaque tag and whether it is weak. None and an empty value give ``(None, None)``.

    Text without quotes is accepted as an opaque tag, because some servers forget the quotes.

    >>> unquote_etag('W/"abc"')
    ('abc', True)
    """
    if not etag or not (etag := etag.strip(OWS)):
        return None, None
    if found := _is_tag(etag):
        return found[2], found[1] is not None
    weak = etag[:2] in ("W/", "w/")
    return etag[2:].strip('"') if weak else etag.strip('"'), weak


class ETags(Collection[str]):
    """The entity tags of If-Match or If-None-Match: a set of strong and weak tags, or ``*``.

    Iteration and ``len()`` give the strong tags. ``in`` uses the strong comparison (RFC 9110 section 8.8.3.2);
    :meth:`contains_weak` uses the weak one. An object is true if it has a tag or is ``*``. All methods but
    :meth:`contains_raw` take opaque tags, without quotes. Raises :exc:`ValueError` for a tag with quotes, spaces or
    control characters. With ``star_tag`` the tags say nothing and are left out.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("_strong", "_weak", "star_tag")
    __getstate__ = slots_state

    star_tag: bool

    def __init__(
        self, strong_etags: Iterable[str] | None = None, weak_etags: Iterable[str] | None = None, star_tag: bool = False
    ) -> None:
        # a dict is used as a set that keeps the order of the field
        self._strong = {} if star_tag or not strong_etags else dict.fromkeys(_listed(strong_etags))
        self._weak = {} if star_tag or not weak_etags else dict.fromkeys(_listed(weak_etags))
        self.star_tag = star_tag
        if self._strong or self._weak:
            check_reads_back(self)

    @classmethod
    def from_header(cls, value: str | None, /) -> ETags:
        """Parse a field value. None and an invalid value give an object without tags. ``*`` must stand alone."""
        if not value:
            return cls()
        if (found := _is_tag(value)) is not None:  # the usual case: one tag
            return cls._made({}, {found[2]: None}) if found[1] else cls._made({found[2]: None}, {})
        return cls._read(value)

    @classmethod
    def _read(cls, value: str) -> ETags:
        if '"' not in value:
            return cls(star_tag=value.strip(OWS) == "*")
        strong: dict[str, None] = {}
        weak: dict[str, None] = {}
        for mark, tag in _member.findall(value):
            if tag:
                (weak if mark else strong)[tag[1:-1]] = None
        return cls._made(strong, weak)

    @classmethod
    def _made(cls, strong: dict[str, None], weak: dict[str, None]) -> ETags:
        self = cls.__new__(cls)
        self._strong = strong
        self._weak = weak
        self.star_tag = False
        return self

    def to_header(self) -> str:
        """Return the field value. Raises :exc:`ValueError` for a tag with quotes, spaces or control characters."""
        if self.star_tag:
            return "*"
        return ", ".join([*map(quote_etag, self._strong), *(quote_etag(tag, weak=True) for tag in self._weak)])

    def as_set(self, include_weak: bool = False) -> set[str]:
        """Return a new set of the strong tags, and of the weak tags if ``include_weak``."""
        return {*self._strong, *self._weak} if include_weak else set(self._strong)

    def is_strong(self, etag: str) -> bool:
        """Return whether ``etag`` is one of the strong tags."""
        return etag in self._strong

    def is_weak(self, etag: str) -> bool:
        """Return whether ``etag`` is one of the weak tags."""
        return etag in self._weak

    def contains(self, etag: str) -> bool:
        """Return whether this is ``*`` or one of the strong tags equals ``etag`` (strong comparison)."""
        return self.star_tag or etag in self._strong

    def contains_weak(self, etag: str) -> bool:
        """Return whether this is ``*`` or one of all tags equals ``etag`` (weak comparison)."""
        return self.star_tag or etag in self._strong or etag in self._weak

    def contains_raw(self, etag: str) -> bool:
        """Return whether an entity tag, ``"x"`` or ``W/"x"``, matches: a weak one by weak comparison, a strong one by
        strong comparison.
        """
        tag, weak = unquote_etag(etag)
        if tag is None:
            return False
        return self.contains_weak(tag) if weak else self.contains(tag)

    def __contains__(self, etag: object) -> bool:
        return self.star_tag or etag in self._strong

    def __iter__(self) -> Iterator[str]:
        return iter(self._strong)

    def __len__(self) -> int:
        return len(self._strong)

    def __bool__(self) -> bool:
        return bool(self.star_tag or self._strong or self._weak)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ETags):
            return NotImplemented
        return (self.star_tag, self._strong, self._weak) == (other.star_tag, other._strong, other._weak)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"


def _listed(tags: Iterable[str]) -> Iterable[str]:
    if isinstance(tags, str):
        raise TypeError(f"got {tags!r} as entity tags, expected an iterable of them")
    return tags
