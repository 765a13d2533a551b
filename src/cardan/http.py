"""Header fields as functions, under the names that people know from Werkzeug, and all value classes.

A facade over :mod:`cardan.core.fields`: takes and gives field values, text with one character for each byte; None is
a field that was not sent. Readers never raise; writers raise :exc:`ValueError` for what must not go on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar, overload

from .core.fields.accept import Accept, CharsetAccept, EncodingAccept
from .core.fields.accept_language import LanguageAccept
from .core.fields.accept_media import MIMEAccept
from .core.fields.authorization import Authorization, Challenge
from .core.fields.cache_control import CacheControl, RequestCacheControl, ResponseCacheControl
from .core.fields.content_disposition import ContentDisposition
from .core.fields.cookies import dump_cookie
from .core.fields.cookies import parse_cookie as _cookies
from .core.fields.cors import COEP, COOP, CORP, parse_origin
from .core.fields.csp import ContentSecurityPolicy
from .core.fields.dates import http_date, parse_date
from .core.fields.durations import dump_age, dump_retry_after, parse_age, parse_retry_after
from .core.fields.etags import ETags, quote_etag, unquote_etag
from .core.fields.fetch_metadata import FetchDest, FetchMode, FetchSite
from .core.fields.forwarded import Forwarded, ForwardedElement
from .core.fields.links import Link, Links
from .core.fields.lists import dump_dict, dump_list
from .core.fields.lists import parse_dict as parse_dict_header
from .core.fields.lists import parse_list as parse_list_header
from .core.fields.media_types import MediaType, extract_media_type, parse_media_type
from .core.fields.options import dump_options
from .core.fields.options import parse_options as parse_options_header
from .core.fields.ranges import ContentRange, IfRange, Range
from .core.fields.syntax import quote, quote_if_needed
from .core.fields.syntax import unquote as unquote_header_value
from .core.fields.www_authenticate import WWWAuthenticate
from .core.structures import Headers, HeaderSet, MultiDict

__all__ = [
    "COEP",
    "COOP",
    "CORP",
    "Accept",
    "Authorization",
    "CacheControl",
    "Challenge",
    "CharsetAccept",
    "ContentDisposition",
    "ContentRange",
    "ContentSecurityPolicy",
    "ETags",
    "EncodingAccept",
    "FetchDest",
    "FetchMode",
    "FetchSite",
    "Forwarded",
    "ForwardedElement",
    "HeaderSet",
    "IfRange",
    "LanguageAccept",
    "Link",
    "Links",
    "MIMEAccept",
    "MediaType",
    "Range",
    "RequestCacheControl",
    "ResponseCacheControl",
    "WWWAuthenticate",
    "dump_age",
    "dump_cookie",
    "dump_header",
    "dump_options_header",
    "dump_retry_after",
    "extract_media_type",
    "generate_etag",
    "http_date",
    "is_byte_range_valid",
    "is_entity_header",
    "is_hop_by_hop_header",
    "is_resource_modified",
    "parse_accept_header",
    "parse_age",
    "parse_cache_control_header",
    "parse_content_range_header",
    "parse_cookie",
    "parse_csp_header",
    "parse_date",
    "parse_dict_header",
    "parse_etags",
    "parse_if_range_header",
    "parse_list_header",
    "parse_media_type",
    "parse_options_header",
    "parse_origin",
    "parse_range_header",
    "parse_retry_after",
    "parse_set_header",
    "quote_etag",
    "quote_header_value",
    "remove_entity_headers",
    "remove_hop_by_hop_headers",
    "unquote_etag",
    "unquote_header_value",
]

A = TypeVar("A", bound=Accept)
C = TypeVar("C", bound=CacheControl)

# RFC 9110 section 8, with those of RFC 2616 that have gone since
_ENTITY: Final = frozenset(
    [
        "allow",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-md5",
        "content-range",
        "content-type",
        "expires",
        "last-modified",
    ]
)
# RFC 9110 section 7.6.1, with those of RFC 2616 section 13.5.1
_HOP_BY_HOP: Final = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)


def quote_header_value(value: object, allow_token: bool = True) -> str:
    """Return ``value`` as a quoted-string (RFC 9110 section 5.6.4); a token stays one if ``allow_token``."""
    return quote_if_needed(str(value)) if allow_token else quote(str(value))


def dump_header(iterable: Mapping[str, Any] | Iterable[Any]) -> str:
    """Return a list field; of a mapping, ``name=value`` pairs, the bare name for None."""
    return dump_dict(iterable) if isinstance(iterable, Mapping) else dump_list(map(str, iterable))


def dump_options_header(header: str | None, options: Mapping[str, Any]) -> str:
    """Return ``header`` with its parameters (RFC 9110 section 5.6.6); those that are None are left out."""
    if header is None:
        return dump_options("", options).removeprefix("; ")
    return dump_options(header, options)


@overload
def parse_accept_header(value: str | None) -> Accept: ...
@overload
def parse_accept_header(value: str | None, cls: type[A]) -> A: ...
def parse_accept_header(value: str | None, cls: Any = Accept) -> Any:
    """Return what one of the Accept fields says, as ``cls``."""
    return cls.from_header(value)


@overload
def parse_cache_control_header(value: str | None) -> RequestCacheControl: ...
@overload
def parse_cache_control_header(value: str | None, *, cls: type[C]) -> C: ...
def parse_cache_control_header(value: str | None, *, cls: Any = RequestCacheControl) -> Any:
    """Return the directives of Cache-Control, as ``cls`` (RFC 9111 section 5.2)."""
    return cls.from_header(value)


def parse_csp_header(value: str | None) -> ContentSecurityPolicy:
    """Return the policies of Content-Security-Policy."""
    return ContentSecurityPolicy.from_header(value)


def parse_set_header(value: str | None) -> HeaderSet:
    """Return the members of a list field as a set without case."""
    return HeaderSet.from_header(value)


def parse_if_range_header(value: str | None) -> IfRange:
    """Return what If-Range says (RFC 9110 section 13.1.5)."""
    return IfRange.from_header(value)


def parse_range_header(value: str | None) -> Range | None:
    """Return what Range says (RFC 9110 section 14.2), None if it is invalid."""
    return Range.from_header(value)


def parse_content_range_header(value: str | None) -> ContentRange | None:
    """Return what Content-Range says (RFC 9110 section 14.4), None if it is invalid."""
    return ContentRange.from_header(value) or None


def is_byte_range_valid(start: int | None, stop: int | None, length: int | None) -> bool:
    """Tell whether bytes ``start`` to ``stop`` (not included) of ``length`` make a Content-Range."""
    try:
        ContentRange("bytes", start, stop, length)
    except ValueError:
        return False
    return True


def parse_etags(value: str | None) -> ETags:
    """Return the entity tags of If-Match or If-None-Match (RFC 9110 section 13.1)."""
    return ETags.from_header(value)


def generate_etag(data: bytes) -> str:
    """Return an opaque tag for ``data``. How it is computed may change."""
    from hashlib import blake2b

    return blake2b(data, digest_size=16, usedforsecurity=False).hexdigest()


def is_resource_modified(
    environ: Mapping[str, Any],
    etag: str | None = None,
    data: bytes | None = None,
    last_modified: datetime | str | None = None,
) -> bool:
    """Tell whether a GET or HEAD of a WSGI environ is to be answered with the content (RFC 9110 section 13.2.2).

    False where the answer is 304 or 412. ``etag`` is with or without quotes; ``data`` is content to compute one of.
    Raises :exc:`TypeError` if both are given.
    """
    from .core.response.conditional import Conditions, Representation, decide

    if data is not None:
        if etag is not None:
            raise TypeError("got both etag and data, expected one of them")
        etag = quote_etag(generate_etag(data))
    if isinstance(last_modified, str):
        last_modified = parse_date(last_modified)
    get = environ.get
    asked = Conditions(
        get("HTTP_IF_MATCH"),
        get("HTTP_IF_UNMODIFIED_SINCE"),
        get("HTTP_IF_NONE_MATCH"),
        get("HTTP_IF_MODIFIED_SINCE"),
    )
    there = Representation(etag=etag, last_modified=last_modified)
    return decide(get("REQUEST_METHOD", "GET"), asked, there).status is None


def parse_cookie(header: str | Mapping[str, Any] | None, cls: Any = MultiDict) -> MultiDict[str, str]:
    """Return the cookies of a Cookie field value, or of a WSGI environ, as a ``cls`` of pairs (RFC 6265bis)."""
    text = header if header is None or isinstance(header, str) else header.get("HTTP_COOKIE")
    cookies: MultiDict[str, str] = cls(_cookies(text))
    return cookies


def is_entity_header(header: str) -> bool:
    """Tell whether a field describes the content of a message (RFC 9110 section 8)."""
    return header.lower() in _ENTITY


def is_hop_by_hop_header(header: str) -> bool:
    """Tell whether a field is for one connection only (RFC 9110 section 7.6.1); PEP 3333 forbids these."""
    return header.lower() in _HOP_BY_HOP


def remove_entity_headers(
    headers: Headers | list[tuple[str, str]], allowed: Iterable[str] = ("expires", "content-location")
) -> None:
    """Remove the fields that describe the content, in place, but for ``allowed``."""
    keep = {name.lower() for name in allowed}
    headers[:] = [field for field in _pairs(headers) if not is_entity_header(field[0]) or field[0].lower() in keep]


def remove_hop_by_hop_headers(headers: Headers | list[tuple[str, str]]) -> None:
    """Remove the fields that are for one connection only, in place."""
    headers[:] = [field for field in _pairs(headers) if not is_hop_by_hop_header(field[0])]


def _pairs(headers: Headers | list[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return headers.items() if isinstance(headers, Headers) else headers
