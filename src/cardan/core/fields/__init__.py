"""Header fields as attributes: the descriptors, and the base classes of values that write their changes to the field.

The values themselves are in :mod:`cardan.datastructures`, and the functions that parse and write fields are in
:mod:`cardan.http`. The code of both is in the private modules of this package, one for each family of fields.

A parser takes a field value as both protocols deliver it: a string with one character (U+0000 to U+00FF) for each
byte, or None if the field was not sent. Every parser takes time linear in the length of its input and never raises
an exception: an invalid value gives None or an empty object. The classes read with ``from_header()`` and write with
``to_header()``. Every writer raises :exc:`ValueError` for a value that a header field must not contain.

A value that can be changed is live (:class:`Live`): when it is bound to headers, it reads the field before each use and
writes the field after each change.
"""

from __future__ import annotations

from ._descriptors import (
    CachedHeaderField,
    FieldValue,
    HeaderField,
    LiveField,
    header_field,
    live_field,
    value_field,
)
from ._live import HasHeaders, HeaderStore, Live, LiveDict, LiveMapping, LiveSequence

__all__ = [
    "CachedHeaderField",
    "FieldValue",
    "HasHeaders",
    "HeaderField",
    "HeaderStore",
    "Live",
    "LiveDict",
    "LiveField",
    "LiveMapping",
    "LiveSequence",
    "header_field",
    "live_field",
    "value_field",
]


def __dir__() -> list[str]:
    return sorted(__all__)
