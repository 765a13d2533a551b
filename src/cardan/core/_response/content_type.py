"""Which Content-Type a response gets from its mimetype: text is sent as UTF-8 and says so.

Takes and gives field values. Raises :exc:`ValueError` or :exc:`TypeError` for a value that must not be sent, so that
the result need not be checked again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ..fields._syntax import OWS
from ..structures._header_rules import field_value

__all__ = ["checked", "of_file", "with_charset"]

#: application types that are text, and whose registrations have a charset parameter
_TEXT_TYPES: Final = frozenset({
    "application/ecmascript", "application/javascript", "application/sql", "application/xml", "application/xml-dtd",
    "application/xml-external-parsed-entity",
})  # fmt: skip


@lru_cache(64)  # the values come from the application, not from clients: there are few
def with_charset(mimetype: str) -> str:
    """``mimetype``, with ``; charset=utf-8`` if it is text (``text/*``, ``*+xml`` and similar) and has no charset."""
    mimetype = _text("mimetype", mimetype)
    kind = mimetype.partition(";")[0].strip(OWS).lower()
    if "charset=" in mimetype.lower():
        return mimetype
    is_xml = kind.startswith("application/") and kind.endswith("+xml")
    text = is_xml or kind.startswith("text/") or kind in _TEXT_TYPES
    return f"{mimetype}; charset=utf-8" if text else mimetype


@lru_cache(64)
def of_file(mimetype: str, charset: str | None) -> str:
    """``mimetype`` as the Content-Type of a file: ``text/*`` gets ``charset``, unless it has one.

    XML gets none: the declaration in the file names its encoding, and a parameter would override it (RFC 7303 section
    3).

    >>> of_file("text/plain", "utf-8"), of_file("text/xml", "utf-8"), of_file("image/svg+xml", "utf-8")
    ('text/plain; charset=utf-8', 'text/xml', 'image/svg+xml')
    """
    mimetype = _text("mimetype", mimetype)
    kind = mimetype.partition(";")[0].strip(OWS).lower()
    is_xml = kind.endswith("+xml") or kind in ("text/xml", "text/xml-external-parsed-entity")
    if charset is None or is_xml or not kind.startswith("text/") or "charset=" in mimetype.lower():
        return mimetype
    return f"{mimetype}; charset={charset}"


@lru_cache(64)
def checked(content_type: str) -> str:
    """``content_type`` unchanged, after a check that it may be sent."""
    return _text("content_type", content_type)


def _text(name: str, value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"got {name} = {value!r}, expected a str such as 'text/html'")
    return field_value("Content-Type", value)
