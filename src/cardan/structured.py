"""Structured fields (RFC 9651): the values of new header fields, and the functions that parse and write them.

A field is defined as an Item, a List or a Dictionary. Each kind has a parser and a writer. Parsers are strict: an
invalid value raises :exc:`ValueError`, which says what is wrong and where. :func:`structured_field` makes an attribute
from such a field; its value is the default if the field is missing or invalid.

>>> parse_dictionary("u=1, i")
ImmutableDict({'u': Item(1), 'i': Item(True)})
>>> dump_dictionary({"geolocation": (), "camera": (Token("self"), "https://example.com")})
'geolocation=(), camera=(self "https://example.com")'
"""

from __future__ import annotations

from .core._structured_fields import (
    DisplayString,
    InnerList,
    Item,
    Priority,
    StructuredField,
    TargetedCacheControl,
    Token,
    dump_dictionary,
    dump_item,
    dump_list,
    parse_dictionary,
    parse_item,
    parse_list,
    structured_field,
    targeted_cache_control,
)

__all__ = [
    "DisplayString",
    "InnerList",
    "Item",
    "Priority",
    "StructuredField",
    "TargetedCacheControl",
    "Token",
    "dump_dictionary",
    "dump_item",
    "dump_list",
    "parse_dictionary",
    "parse_item",
    "parse_list",
    "structured_field",
    "targeted_cache_control",
]


def __dir__() -> list[str]:
    return sorted(__all__)
