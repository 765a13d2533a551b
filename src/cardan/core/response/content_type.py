"""Which Content-Type a response gets from its mimetype: text is sent as UTF-8 and says so.

Takes and gives field values that are ready for the wire; raises :exc:`ValueError` (:exc:`TypeError`) for those that
must not be sent, so that whoever keeps the result need not look at it again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ..structures.header_rules import field_value

__all__ = ["checked", "with_charset"]

#: application types that are text all the same, and whose registrations have a charset parameter
_TEXT_TYPES: Final = frozenset({
    "application/ecmascript", "application/javascript", "application/sql", "application/xml", "application/xml-dtd",
    "application/xml-external-parsed-entity",
})  # fmt: skip


@lru_cache(64)  # what applications send, never what users sent; a handful of strings in any program
def with_charset(mimetype: str) -> str:
    """``mimetype`` with ``; charset=utf-8`` where it is text (``text/*``, ``*+xml`` and the like) and has none."""
    mimetype = field_value("Content-Type", mimetype)
    kind = mimetype.partition(";")[0].strip().lower()
    if "charset=" in mimetype.lower():
        return mimetype
    is_xml = kind.startswith("application/") and kind.endswith("+xml")
    text = is_xml or kind.startswith("text/") or kind in _TEXT_TYPES
    return f"{mimetype}; charset=utf-8" if text else mimetype


@lru_cache(64)
def checked(content_type: str) -> str:
    """``content_type`` as it is, found fit for the wire."""
    return field_value("Content-Type", content_type)
