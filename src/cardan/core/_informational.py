"""Informational responses (RFC 9110 section 15.2), which are sent before the final response: early hints (RFC 8297).

:func:`early_links` takes links and gives values of the field Link. The adapters send them if the server can. A server
that is built on core gets an :class:`Informational`: see :meth:`cardan.core.BaseRequest.send_early_hints`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._checks import listed
from ._pickling import slots_state
from .fields._links import Link, Links
from .structures._header_rules import field_value

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Informational", "early_hints", "early_links"]


@dataclass(slots=True)
class Informational:
    """A response that is sent before the final one: a status code from 100 to 199, and header fields as they are sent.

    A server sends it at once. It has no body, and does not end the request (RFC 9110 section 15.2).
    """

    __module__ = "cardan.core"
    __getstate__ = slots_state

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)


def early_hints(values: list[str]) -> Informational:
    """A 103 (Early Hints) whose fields Link have these values."""
    return Informational(103, [("Link", value) for value in values])


def early_links(links: Iterable[Link | str], http_version: str) -> list[str]:
    """The values of the Link fields of a 103. An empty list for HTTP/1.0: its clients do not know such a response (RFC
    9110 section 15.2).

    Raises :exc:`TypeError` for anything that is not a link. Raises :exc:`ValueError` for a link that a header field
    must not contain, and for text that is not a value of the field Link, such as a path without ``<`` and ``>`` (RFC
    8288 section 3).

    >>> early_links([Link("/style.css", rel="preload", **{"as": "style"})], "1.1")
    ['</style.css>; rel=preload; as=style']
    """
    values = [_value(link) for link in listed("links", links, "an iterable of links")]
    return values if not http_version.startswith(("0", "1.0")) else []


def _value(link: Link | str) -> str:
    if isinstance(link, Link):
        return field_value("Link", link.to_header())
    if isinstance(link, str):
        text = field_value("Link", link)
        if not Links.from_header(text):  # a target beyond ASCII is none, either
            raise ValueError(f"got the link {link!r}, expected a value of the field Link: '</style.css>; rel=preload'")
        return text
    raise TypeError(f"got a link of type {type(link).__name__}, expected Link or str")
