"""The header fields of a request as attributes: one line each. Mixed into :class:`~cardan.core.request.Request`.

Each mixin works on any class with ``headers``; what was parsed once is kept on the request.
"""

from __future__ import annotations

from typing import NoReturn

from ..descriptors import header_field, value_field
from ..fields.accept import CharsetAccept, EncodingAccept
from ..fields.accept_language import LanguageAccept
from ..fields.accept_media import MIMEAccept
from ..fields.authorization import Authorization
from ..fields.cache_control import RequestCacheControl
from ..fields.cors import parse_origin
from ..fields.dates import parse_date
from ..fields.etags import ETags
from ..fields.fetch_metadata import FetchDest, FetchMode, FetchSite, parse_fetch_user
from ..fields.forwarded import Forwarded
from ..fields.ranges import IfRange, Range
from ..fields.user_agent import UserAgent
from ..structures import HeaderSet

__all__ = [
    "AcceptMixin",
    "AuthorizationMixin",
    "CORSRequestMixin",
    "CommonRequestDescriptorsMixin",
    "ETagRequestMixin",
    "FetchMetadataMixin",
    "UserAgentMixin",
]


class _Tokens(HeaderSet):
    """A :class:`HeaderSet` that cannot be changed, as nothing of a request can."""

    __slots__ = ()

    def _set(self, state: dict[str, str]) -> NoReturn:
        raise TypeError("the header fields of a request cannot be changed; change a HeaderSet of them")


def _digits(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


class AcceptMixin:
    """What the client prefers (RFC 9110 section 12.5)."""

    accept_mimetypes = value_field("Accept", MIMEAccept, cached=True, doc="Media types (RFC 9110 section 12.5.1).")
    accept_charsets = value_field("Accept-Charset", CharsetAccept, cached=True, doc="Charsets (section 12.5.2).")
    accept_encodings = value_field("Accept-Encoding", EncodingAccept, cached=True, doc="Content codings (12.5.3).")
    accept_languages = value_field("Accept-Language", LanguageAccept, cached=True, doc="Languages (12.5.4).")


class AuthorizationMixin:
    """The credentials of a request."""

    authorization = header_field(
        "Authorization", Authorization.from_header, cached=True, doc="Credentials (RFC 9110 section 11.6.2), or None."
    )


class ETagRequestMixin:
    """Preconditions, ranges and caching (RFC 9110 sections 13 and 14, RFC 9111)."""

    cache_control = value_field(
        "Cache-Control", RequestCacheControl, cached=True, doc="Directives (RFC 9111 section 5.2.1)."
    )
    if_match = value_field("If-Match", ETags, cached=True, doc="Entity tags (RFC 9110 section 13.1.1).")
    if_none_match = value_field("If-None-Match", ETags, cached=True, doc="Entity tags (RFC 9110 section 13.1.2).")
    if_modified_since = header_field(
        "If-Modified-Since", parse_date, cached=True, doc="An aware datetime or None (RFC 9110 section 13.1.3)."
    )
    if_unmodified_since = header_field(
        "If-Unmodified-Since", parse_date, cached=True, doc="An aware datetime or None (RFC 9110 section 13.1.4)."
    )
    if_range = value_field("If-Range", IfRange, cached=True, doc="An entity tag or a date (RFC 9110 section 13.1.5).")
    range = header_field("Range", Range.from_header, cached=True, doc="The ranges, or None (RFC 9110 section 14.2).")


class UserAgentMixin:
    """Who the client says it is."""

    user_agent = header_field(
        "User-Agent", UserAgent, default=UserAgent(), cached=True, doc='As sent, ``""`` without one (10.1.5).'
    )


class CORSRequestMixin:
    """The request fields of CORS (WHATWG Fetch section 3.3.2)."""

    access_control_request_method = header_field(
        "Access-Control-Request-Method", doc="The method that a preflight asks for."
    )

    access_control_request_headers = value_field(
        "Access-Control-Request-Headers", _Tokens, cached=True, doc="The header fields that a preflight asks for."
    )


class FetchMetadataMixin:
    """What a browser says of why it asks (W3C Fetch Metadata)."""

    sec_fetch_site = header_field("Sec-Fetch-Site", FetchSite.from_header, doc="Whose page asks, or None.")
    sec_fetch_mode = header_field("Sec-Fetch-Mode", FetchMode.from_header, doc="The mode of the request, or None.")
    sec_fetch_dest = header_field("Sec-Fetch-Dest", FetchDest.from_header, doc="What it is for, or None.")
    sec_fetch_user = header_field("Sec-Fetch-User", parse_fetch_user, default=False, doc="Whether a user did it.")


class CommonRequestDescriptorsMixin:
    """Fields that many requests have; those of :class:`CORSRequestMixin` and :class:`FetchMetadataMixin` among them."""

    content_encoding = header_field("Content-Encoding", doc="Codings of the body, which is not decoded (8.4).")
    content_md5 = header_field("Content-MD5", doc="A digest of the body (RFC 2616; obsolete).")
    date = header_field("Date", parse_date, cached=True, doc="When the request was made (RFC 9110 section 6.6.1).")
    max_forwards = header_field("Max-Forwards", _digits, doc="Hops that TRACE or OPTIONS may take (7.6.2).")
    referrer = header_field("Referer", doc="Where the request came from (RFC 9110 section 10.1.3).")
    origin = header_field("Origin", parse_origin, doc="The origin (RFC 6454 section 7), or None.")
    forwarded = value_field(
        "Forwarded", Forwarded, cached=True, doc="What proxies say of the hops (RFC 7239); not to be trusted by itself."
    )
    last_event_id = header_field("Last-Event-ID", doc="Where an event stream goes on (WHATWG HTML section 9.2.4).")

    pragma = value_field("Pragma", _Tokens, cached=True, doc="Directives of HTTP/1.0 (RFC 9111 section 5.4; obsolete).")

    access_control_request_method = CORSRequestMixin.access_control_request_method
    access_control_request_headers = CORSRequestMixin.access_control_request_headers
    sec_fetch_site = FetchMetadataMixin.sec_fetch_site
    sec_fetch_mode = FetchMetadataMixin.sec_fetch_mode
    sec_fetch_dest = FetchMetadataMixin.sec_fetch_dest
    sec_fetch_user = FetchMetadataMixin.sec_fetch_user
