"""The head of a response as it is sent: which header fields it has, which Content-Length, and whether a body follows.

Takes the request's method, the status, the header fields and the length of the body if it is known. Gives the fields
that are sent. A streamed body and a whole answer follow these rules alike. A field that must not be sent raises
:exc:`ValueError`, with the reason.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from .._urls import reference_to_uri
from ..fields import _dates
from ..fields._dates import http_date, parse_date, to_timestamp
from ..fields._syntax import is_text, is_token
from ..structures._header_rules import remember

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HeaderPair", "final_fields", "has_body", "opens_tunnel"]

HeaderPair: TypeAlias = "tuple[str, str]"

# name -> the name in lower case and its rule, for names that are known to be tokens; bounded
_known_names: dict[str, tuple[str, str | None]] = {}

#: The fields of the connection, which belongs to the server (RFC 9110 section 7.6.1). They are not sent: PEP 3333
#: forbids them ("Other HTTP Features"), HTTP/2 calls a response with one malformed (RFC 9113 section 8.2.2), and a
#: Transfer-Encoding beside a Content-Length breaks the framing (RFC 9112 section 6.3).
_OF_CONNECTION: Final = (
    "connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade",
    # announces what only a server can send: the finalizer adds it where trailer fields follow
    "trailer",
)  # fmt: skip

#: The fields that are no lists, so that a response has each of them at most once (RFC 9110 section 5.3; the grammar of
#: each field). Clients disagree on which of two values counts.
_ONCE: Final = (
    # RFC 9110, RFC 9111, RFC 6266
    "age", "content-disposition", "content-md5", "content-range", "content-type", "date", "etag", "expires",
    "retry-after", "server",
    # Fetch, HTML, Service Workers, RFC 4918, RFC 6797, RFC 7089, RFC 8594, RFC 9745
    "access-control-allow-credentials", "access-control-allow-origin", "access-control-max-age",
    "cross-origin-embedder-policy", "cross-origin-embedder-policy-report-only", "cross-origin-opener-policy",
    "cross-origin-opener-policy-report-only", "cross-origin-resource-policy", "deprecation", "lock-token",
    "memento-datetime", "origin-agent-cluster", "refresh", "service-worker-allowed", "sourcemap",
    "strict-transport-security", "sunset",
)  # fmt: skip

#: the fields with rules of their own, and the rule
_RULES: Final = (
    dict.fromkeys(_OF_CONNECTION, "drop")
    | dict.fromkeys(_ONCE, "once")
    | dict.fromkeys(("location", "content-location"), "url")
    | {"content-length": "length", "last-modified": "past"}
)

#: the fields that a 304 does not have (RFC 9110 section 15.4.5): metadata of the representation that updates no cache
_NOT_IN_304: Final = frozenset({
    "content-type", "content-encoding", "content-language", "content-range", "content-digest", "content-md5",
})  # fmt: skip


def has_body(method: str, status: int) -> bool:
    """Whether a response to ``method`` with ``status`` may carry content (RFC 9110 sections 6.4.1 and 9.3.2).

    Methods are case-sensitive (section 9.1): ``head`` is another method than ``HEAD``.
    """
    return status not in (204, 205, 304) and method != "HEAD" and status >= 200 and not opens_tunnel(method, status)


def opens_tunnel(method: str, status: int) -> bool:
    """Whether the connection becomes a tunnel: a 2xx in answer to CONNECT (RFC 9110 section 9.3.6)."""
    return method == "CONNECT" and 200 <= status < 300


def final_fields(
    method: str, status: int, headers: Iterable[HeaderPair], length: int | None
) -> tuple[list[HeaderPair], int | None]:
    """The header fields as they are sent in answer to ``method``, a new list, and the Content-Length in them.

    ``length`` is the length of the body in bytes, None if it is not known. Fields of the connection are left out.
    A Last-Modified is written as an IMF-fixdate; one in the future becomes the current time. Raises :exc:`ValueError`
    for a status or field that must not be sent, for a Last-Modified that is no date, and for two fields of a name that
    is no list.
    """
    if not 200 <= status < 600:
        raise ValueError(f"got final status {status}, expected a code from 200 to 599")
    fields: list[HeaderPair] = []
    declared: int | None = None
    once: dict[str, str] = {}
    for pair in headers:
        name, value = pair
        lower, rule = _known_names.get(name) or _checked_name(name)
        if not (value.isascii() and value.isprintable()) and not is_text(value):
            raise ValueError(f"got header field {name!r}: {value!r}, expected latin-1 text without control characters")
        if rule is not None:
            if rule == "length":
                known, declared = declared, _parse_length(value)
                if known is not None and known != declared:
                    raise ValueError(f"got Content-Length {known} and {declared}, expected one")
                continue
            if rule == "drop":
                continue
            if lower in once:
                raise ValueError(f"got header field {name!r} twice, expected it once")
            once[lower] = name
            if rule == "url":
                pair = name, reference_to_uri(value)
            elif rule == "past":
                pair = name, _past_date(value)
        fields.append(pair)
    if status in (204, 205, 304):
        return _bodiless(status, fields), 0 if status == 205 else None
    if declared is None:
        declared = length
    if declared is not None:
        if opens_tunnel(method, status):  # it must not have the field (RFC 9110 section 8.6)
            return fields, None
        fields.append(("Content-Length", str(declared)))
    return fields, declared


def _checked_name(name: str) -> tuple[str, str | None]:
    if not is_token(name):
        raise ValueError(f"got header field name {name!r}, expected a token")
    lower = name.lower()
    return remember(_known_names, name, (lower, _RULES.get(lower)))


def _past_date(value: str) -> str:
    """A Last-Modified as it is sent: an IMF-fixdate (RFC 9110 section 5.6.7), the current time if it is later (section
    8.8.2.1).
    """
    read = _read_date(value)
    if read is None:
        raise ValueError(f"got Last-Modified {value!r}, expected a date such as 'Sun, 06 Nov 1994 08:49:37 GMT'")
    modified, text = read
    return text if modified <= _dates.clock() else http_date()


@lru_cache(maxsize=256)  # a server sends few different dates, those of its files
def _read_date(value: str) -> tuple[int, str] | None:
    """The timestamp of a date, and the date as it is written; None for what is no date."""
    when = parse_date(value)
    return None if when is None else (to_timestamp(when), http_date(when))


def _parse_length(value: str) -> int:
    """The number in a Content-Length: ASCII digits (RFC 9110 section 8.6). A list of equal numbers must not be sent."""
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"got Content-Length {value!r}, expected ASCII digits")
    return int(value)


def _bodiless(status: int, fields: list[HeaderPair]) -> list[HeaderPair]:
    """The fields of a response without a body.

    A 204 has no Content-Length (RFC 9110 section 8.6), a 205 has the length 0 (section 15.3.6), a 304 no representation
    fields (section 15.4.5). The standard library's validator for PEP 3333 refuses a 204 with a Content-Type.
    """
    if status == 204:
        fields = [pair for pair in fields if pair[0].lower() != "content-type"]
    if status == 304:
        drop = _NOT_IN_304
        if any(name.lower() == "etag" for name, _ in fields):
            drop = drop | {"last-modified"}
        fields = [pair for pair in fields if pair[0].lower() not in drop]
    if status == 205:
        fields.append(("Content-Length", "0"))
    return fields
