"""Early hints (RFC 8297): links that a client may fetch before it has the response. Takes links, gives values.

The adapters send them, where the server can: :meth:`cardan.Request.send_early_hints`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._checks import listed
from ..fields._links import Link
from ..structures._header_rules import field_value

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["early_links"]


def early_links(links: Iterable[Link | str], http_version: str) -> list[str]:
    """The values of the Link fields of a 103; none for HTTP/1.0, whose clients do not know it (RFC 9110 section 15.2).

    Raises :exc:`TypeError` for anything that is not a link, and :exc:`ValueError` for a link that a header field must
    not contain, and for text that is no value of the field Link, such as a path without ``<`` and ``>`` (RFC 8288
    section 3).

    >>> early_links([Link("/style.css", rel="preload", **{"as": "style"})], "1.1")
    ['</style.css>; rel=preload; as=style']
    """
    values = [_value(link) for link in listed("links", links, "an iterable of links")]
    return values if not http_version.startswith(("0", "1.0")) else []


def _value(link: Link | str) -> str:
    if isinstance(link, Link):
        return field_value("Link", link.to_header())
    if isinstance(link, str):
        if not link.lstrip(" \t").startswith("<"):
            raise ValueError(f"got the link {link!r}, expected a value of the field Link: '</style.css>; rel=preload'")
        return field_value("Link", link)
    raise TypeError(f"got a link of type {type(link).__name__}, expected Link or str")
