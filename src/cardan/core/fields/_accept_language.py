"""Accept-Language: the languages that a client prefers (RFC 9110 section 12.5.4, RFC 4647).

The class follows the rules of :mod:`~cardan.core.fields._accept`. Language tags are compared without regard to case,
and ``_`` in a tag equals ``-``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, overload

from ._accept import Accept, offered

__all__ = ["LanguageAccept", "matches_extended"]

T = TypeVar("T")

#: Longer language ranges are not looked up: no real tag is as long, and shortening one step by step takes quadratic
#: time.
MAX_TAG = 128


class LanguageAccept(Accept):
    """The language ranges of Accept-Language.

    :meth:`quality` and ``in`` use basic filtering (RFC 4647 section 3.3.1: the range ``en`` matches the tag
    ``en-US``). :meth:`lookup` uses lookup (section 3.4: the range ``en-US`` finds the tag ``en``). :meth:`best_match`
    uses both.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    @classmethod
    def _normal(cls, value: str) -> str:
        return value.lower().replace("_", "-")

    @classmethod
    def _specificity(cls, value: str) -> int:
        return 0 if value == "*" else 1 + value.count("-") + value.count("_")

    def _match(self, value: str) -> tuple[int, float] | None:
        tag = self._normal(value) + "-"
        best: tuple[int, float] | None = None
        for item, quality, specificity in self._ranges:
            if (not specificity or tag.startswith(item + "-")) and (best is None or (specificity, quality) > best):
                best = (specificity, quality)
        return best

    def _choose(self, offers: tuple[str, ...]) -> str | None:
        """Return the offered tag for the first range, in descending order of quality, that has one.

        For each range this is the tag that equals it, else the first tag that filtering gives, else the tag that
        lookup finds. A tag that a range excludes (``q=0``) is never chosen.
        """
        tags: dict[str, str] = {}
        for tag in offers:
            tags.setdefault(self._normal(tag), tag)
        if self._items and not self._items[-1][1]:
            tags = {name: tag for name, tag in tags.items() if not self._excludes(name)}
        for item, quality, _ in self._ranges:
            if quality and (found := _find(item, tags)) is not None:
                return tags[found]
        return None

    def _excludes(self, tag: str) -> bool:
        match = self._match(tag)
        return match is not None and not match[1]

    @overload
    def lookup(self, matches: Iterable[str]) -> str | None: ...
    @overload
    def lookup(self, matches: Iterable[str], default: T) -> str | T: ...
    def lookup(self, matches: Iterable[str], default: Any = None) -> Any:
        """Return the tag in ``matches`` that lookup finds (RFC 4647 section 3.4), ``default`` if there is none.

        Lookup shortens each range from its end until it equals a tag. The range ``*`` finds nothing.

        >>> LanguageAccept.from_header("de-AT, en;q=0.5").lookup(["en", "de"])
        'de'
        """
        offers = {self._normal(tag): tag for tag in offered(matches)}
        for item, quality, _ in self._ranges:
            found = _truncated(item, offers) if quality else None
            if found is not None and not self._excludes(found):
                return offers[found]
        return default

    def filter(self, tags: Iterable[str], *, extended: bool = False) -> list[str]:
        """Return the tags that a range matches, in the order of the ranges.

        Filtering is basic (RFC 4647 section 3.3.1) or, with ``extended``, extended (section 3.3.2). A tag that a
        range excludes (``q=0``) is left out.
        """
        left = [tag for tag in offered(tags) if not self._excludes(tag)]
        result: list[str] = []
        for item, quality in self._items:
            if quality:
                taken = [tag for tag in left if self._filters(item, tag, extended)]
                result += taken
                left = [tag for tag in left if tag not in taken]
        return result

    def _filters(self, item: str, tag: str, extended: bool) -> bool:
        if extended:
            return matches_extended(item, tag)
        return item == "*" or (self._normal(tag) + "-").startswith(self._normal(item) + "-")


def _find(item: str, tags: Mapping[str, str]) -> str | None:
    if item in tags:
        return item
    if item == "*":
        return next(iter(tags), None)
    prefix = item + "-"
    for tag in tags:
        if tag.startswith(prefix):
            return tag
    return _truncated(item, tags) if "-" in item else None


def _truncated(item: str, tags: Mapping[str, str]) -> str | None:
    if len(item) > MAX_TAG:
        return None
    while item not in tags:
        item = item.rpartition("-")[0]
        if item[-2:-1] == "-":  # a single letter goes together with the subtag that it introduced: zh-x-private
            item = item[:-2]
        if not item:
            return None
    return item


def matches_extended(language_range: str, tag: str) -> bool:
    """Return whether an extended range, such as ``de-*-DE``, matches a tag (RFC 4647 section 3.3.2)."""
    wanted = language_range.lower().replace("_", "-").split("-")
    parts = tag.lower().replace("_", "-").split("-")
    if wanted[0] not in ("*", parts[0]):
        return False
    index = 1
    for part in wanted[1:]:
        if part == "*":
            continue
        while index < len(parts) and parts[index] != part:
            if len(parts[index]) == 1:
                return False
            index += 1
        if index == len(parts):
            return False
        index += 1
    return True
