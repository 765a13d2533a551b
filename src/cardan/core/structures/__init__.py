"""Containers: header fields, dicts with several values per key, and immutable lists and dicts.

Those that requests and responses use are in :mod:`cardan.datastructures`, too.
"""

from __future__ import annotations

from ..fields._header_set import HeaderSet
from ._callback_dict import CallbackDict
from ._combined import CombinedMultiDict
from ._environ_headers import EnvironHeaders
from ._headers import Headers, HeadersView
from ._immutable import ImmutableDict, ImmutableList, ImmutableTypeConversionDict, TypeConversionDict
from ._multidict import ImmutableMultiDict, ImmutableOrderedMultiDict, MultiDict, OrderedMultiDict
from ._multidict_reader import iter_multi_items
from ._scope_headers import ScopeHeaders

__all__ = [
    "CallbackDict",
    "CombinedMultiDict",
    "EnvironHeaders",
    "HeaderSet",
    "Headers",
    "HeadersView",
    "ImmutableDict",
    "ImmutableList",
    "ImmutableMultiDict",
    "ImmutableOrderedMultiDict",
    "ImmutableTypeConversionDict",
    "MultiDict",
    "OrderedMultiDict",
    "ScopeHeaders",
    "TypeConversionDict",
    "iter_multi_items",
]


def __dir__() -> list[str]:
    return sorted(__all__)
