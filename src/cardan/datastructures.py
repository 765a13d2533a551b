"""The containers and value classes of core, under the names that people know from Werkzeug.

A facade: it defines nothing. Fields' values can be read with ``from_header()`` and written with ``to_header()``.
"""

from __future__ import annotations

from .core.structures import (
    CallbackDict,
    CombinedMultiDict,
    EnvironHeaders,
    Headers,
    HeaderSet,
    HeadersView,
    ImmutableDict,
    ImmutableList,
    ImmutableMultiDict,
    ImmutableOrderedMultiDict,
    ImmutableTypeConversionDict,
    MultiDict,
    OrderedMultiDict,
    ScopeHeaders,
    TypeConversionDict,
)
from .core.structures.multidict_reader import iter_multi_items

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
