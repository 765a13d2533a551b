"""Parsers and writers of header fields. Each module holds one family of fields.

A parser takes a field value as both protocols deliver it: a string with one character (U+0000 to U+00FF) for each
byte, or None if the field was not sent. Every parser takes time linear in the length of its input and never raises
an exception: an invalid value gives None or an empty object. The classes read with ``from_header()`` and write with
``to_header()``. Every writer raises :exc:`ValueError` for a value that a header field must not contain.

A value that can be changed is live (:mod:`~cardan.core.fields._live`): when it is bound to headers, it reads the field
before each use and writes the field after each change.

This module imports none of its submodules, so that a program loads only those that it uses. :mod:`cardan.http` gives
all public names.
"""

from __future__ import annotations

__all__: list[str] = []


def __dir__() -> list[str]:
    return sorted(__all__)
