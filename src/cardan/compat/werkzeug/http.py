"""``werkzeug.http``: the functions of :mod:`cardan.http` that parse and write header fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ... import http as _http
from ...core.fields._cors import COEP, COOP
from ...datastructures import Authorization, ContentSecurityPolicy, HeaderSet, WWWAuthenticate
from ...http import (
    dump_age,
    dump_cookie,
    dump_header,
    dump_options_header,
    generate_etag,
    http_date,
    is_byte_range_valid,
    is_entity_header,
    is_hop_by_hop_header,
    is_resource_modified,
    parse_accept_header,
    parse_age,
    parse_cache_control_header,
    parse_content_range_header,
    parse_cookie,
    parse_csp_header,
    parse_dict_header,
    parse_etags,
    parse_if_range_header,
    parse_list_header,
    parse_options_header,
    parse_range_header,
    quote_etag,
    quote_header_value,
    remove_entity_headers,
    remove_hop_by_hop_headers,
    unquote_etag,
    unquote_header_value,
)

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "COEP",
    "COOP",
    "HTTP_STATUS_CODES",
    "dump_age",
    "dump_cookie",
    "dump_csp_header",
    "dump_header",
    "dump_options_header",
    "generate_etag",
    "http_date",
    "is_byte_range_valid",
    "is_entity_header",
    "is_hop_by_hop_header",
    "is_resource_modified",
    "parse_accept_header",
    "parse_age",
    "parse_authorization_header",
    "parse_cache_control_header",
    "parse_content_range_header",
    "parse_cookie",
    "parse_csp_header",
    "parse_date",
    "parse_dict_header",
    "parse_etags",
    "parse_if_range_header",
    "parse_list_header",
    "parse_options_header",
    "parse_range_header",
    "parse_set_header",
    "parse_www_authenticate_header",
    "quote_etag",
    "quote_header_value",
    "remove_entity_headers",
    "remove_hop_by_hop_headers",
    "unquote_etag",
    "unquote_header_value",
]

HTTP_STATUS_CODES: Final[Mapping[int, str]] = {status.value: status.phrase for status in HTTPStatus}
"""Maps each status code to its reason phrase, as the standard library knows them."""


def parse_date(value: str | None) -> datetime | None:
    """Parse a date as :func:`cardan.http.parse_date` does, or as :mod:`email.utils` does (RFC 5322 section 3.3).

    The second also reads dates of another time zone than GMT. The result is aware. None and an invalid date give None.

    >>> parse_date("Sun, 06 Nov 1994 09:49:37 +0100").isoformat()
    '1994-11-06T09:49:37+01:00'
    """
    when = _http.parse_date(value)
    if when is not None or not value:
        return when
    try:
        when = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)


def dump_csp_header(header: ContentSecurityPolicy) -> str:
    """The text of a Content-Security-Policy (W3C CSP Level 3).

    >>> dump_csp_header(parse_csp_header("default-src 'self'"))
    "default-src 'self'"
    """
    return header.to_header()


def parse_set_header(value: str | None, on_update: Callable[[HeaderSet], object] | None = None) -> HeaderSet:
    """Parse a list field (RFC 9110 section 5.6.1) into a set that ignores case. ``on_update`` is called with the set
    after each change.
    """
    return HeaderSet(HeaderSet.from_header(value), on_update)


def parse_authorization_header(value: str | None) -> Authorization | None:
    """Parse Authorization (RFC 9110 section 11.6.2). None and an invalid value give None."""
    return Authorization.from_header(value)


def parse_www_authenticate_header(value: str | None) -> WWWAuthenticate | None:
    """Parse WWW-Authenticate (RFC 9110 section 11.6.1). None and an invalid value give None."""
    return WWWAuthenticate.from_header(value) or None


def __dir__() -> list[str]:
    return sorted(__all__)
