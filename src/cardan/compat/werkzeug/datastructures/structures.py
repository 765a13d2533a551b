"""``werkzeug.datastructures.structures``: names of :mod:`cardan.compat.werkzeug.datastructures`."""

from __future__ import annotations

from . import (
    CallbackDict,
    CombinedMultiDict,
    HeaderSet,
    ImmutableDict,
    ImmutableList,
    ImmutableMultiDict,
    ImmutableTypeConversionDict,
    MultiDict,
    TypeConversionDict,
    iter_multi_items,
)

__all__ = [
    "CallbackDict",
    "CombinedMultiDict",
    "HeaderSet",
    "ImmutableDict",
    "ImmutableList",
    "ImmutableMultiDict",
    "ImmutableTypeConversionDict",
    "MultiDict",
    "TypeConversionDict",
    "iter_multi_items",
]


def __dir__() -> list[str]:
    return sorted(__all__)
