"""Targeted cache control (RFC 9213): directives for one kind of cache, such as those of content delivery networks.

The value is a Dictionary (RFC 9651), which is read strictly: an invalid one counts as missing, and the cache then obeys
Cache-Control (section 2.1). A directive with a value of the wrong type is skipped. Writing raises :exc:`ValueError` for
one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from ..fields._cache_control import ResponseCacheControl
from ..fields._descriptors import LiveField, Written, live_field
from .bare_items import BareItem, Token
from .parser import parse_dictionary
from .values import Item
from .writer import dump_dictionary

__all__ = ["TargetedCacheControl", "targeted_cache_control"]

Directives: TypeAlias = Mapping[str, str | None] | Iterable[tuple[str, str | None]]

_SECONDS: Final = frozenset(["max-age", "s-maxage", "stale-if-error", "stale-while-revalidate"])
_FLAGS: Final = frozenset([
    "immutable", "must-revalidate", "must-understand", "no-store", "no-transform", "proxy-revalidate", "public",
])  # fmt: skip
_FIELDS: Final = frozenset(["no-cache", "private"])
_is_number = re.compile(r"0|-?[1-9][0-9]{0,14}").fullmatch
_is_word = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~:/0-9A-Za-z]*").fullmatch


class TargetedCacheControl(ResponseCacheControl):
    """The directives for one kind of cache. They are those of :class:`~cardan.datastructures.ResponseCacheControl`.

    It is live: every change is written to the field.

    >>> cache = TargetedCacheControl({"must-revalidate": None})
    >>> cache.max_age = 600
    >>> cache.to_header()
    'must-revalidate, max-age=600'
    """

    __module__ = "cardan.structured"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str, /) -> dict[str, str | None]:
        try:
            members = parse_dictionary(text)
        except ValueError:
            return {}
        state: dict[str, str | None] = {}
        for name, member in members.items():
            if isinstance(member, Item) and _is_fit(name, member.value):
                state[name] = None if member.value is True else str(member.value)
        return state

    @classmethod
    def serialize(cls, state: dict[str, str | None], /) -> str:
        return dump_dictionary({name: _value(name, text) for name, text in state.items()})


def targeted_cache_control(
    name: str, *, doc: str | None = None
) -> LiveField[TargetedCacheControl, Directives | Written | str | None]:
    """Return a descriptor for a targeted field (RFC 9213 section 2), such as that of one content delivery network.

    >>> from cardan import Response
    >>> class SiteResponse(Response):
    ...     example_cdn = targeted_cache_control("ExampleCDN-Cache-Control")
    >>> response = SiteResponse()
    >>> response.example_cdn.max_age = 60
    >>> response.headers["ExampleCDN-Cache-Control"]
    'max-age=60'
    """
    return live_field(name, TargetedCacheControl, doc=doc)


def _is_fit(name: str, value: BareItem) -> bool:
    """Whether a directive may have this value (RFC 9213 section 2.1)."""
    if name in _SECONDS:
        return type(value) is int and value >= 0
    if name in _FLAGS:
        return value is True
    if name in _FIELDS:
        return value is True or type(value) is str
    return value is True or type(value) in (int, str, Token)


def _value(name: str, text: str | None) -> BareItem:
    value: BareItem = True
    if text is not None:
        if name not in _FIELDS and _is_number(text):
            value = int(text)
        elif name in _FIELDS or not _is_word(text):
            value = text
        else:
            value = Token(text)
    if not _is_fit(name, value):
        raise ValueError(f"got {name}={text!r}, expected {_EXPECTED[name in _SECONDS]}")
    return value


_EXPECTED: Final = {True: "a number of seconds", False: "no value"}
