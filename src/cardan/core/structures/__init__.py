"""Containers: header fields, dicts with several values per key, and immutable lists and dicts."""

from __future__ import annotations

from ..fields.header_set import HeaderSet
from .callback_dict import CallbackDict
from .combined import CombinedMultiDict
from .environ_headers import EnvironHeaders
from .headers import Headers, HeadersView
from .immutable import ImmutableDict, ImmutableList, ImmutableTypeConversionDict, TypeConversionDict
from .multidict import ImmutableMultiDict, ImmutableOrderedMultiDict, MultiDict, OrderedMultiDict
from .scope_headers import ScopeHeaders

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
]
