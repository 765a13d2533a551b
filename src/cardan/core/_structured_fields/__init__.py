"""Structured fields (RFC 9651): what new header fields are made of. :mod:`cardan.structured` has the public names.

Bare items, values that consist of them, parser, writer, and the descriptor that makes a field an attribute: each has a
module, and each uses only those before it. ``known.py`` has what well-known fields hold, ``targeted.py`` the fields of
targeted cache control.
"""

from __future__ import annotations

from .bare_items import DisplayString, Token
from .descriptor import StructuredField, structured_field
from .known import Priority
from .parser import parse_dictionary, parse_item, parse_list
from .targeted import TargetedCacheControl, targeted_cache_control
from .values import InnerList, Item
from .writer import dump_dictionary, dump_item, dump_list

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
