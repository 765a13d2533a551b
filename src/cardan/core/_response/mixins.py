"""The header fields of a response as attributes, mixed into :class:`~cardan.core._response.Response`.

Each mixin works on any class with ``headers``. Setting an attribute writes the field at once, and None removes it.
Lists and directives are live: every change of them is written to the field. Reading never raises.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from .._deprecated import deprecated
from .._structured_fields.descriptor import structured_field
from .._structured_fields.known import Priority, byte_sequences, inner_lists, only, preferences, strings
from .._structured_fields.targeted import targeted_cache_control
from .._urls import reference_to_uri
from ..fields._alt_svc import AltServices
from ..fields._authentication_info import AuthenticationInfo
from ..fields._clear_site_data import ClearSiteData
from ..fields._cors import COEP, COOP, CORP, dump_credentials, parse_credentials, parse_max_age
from ..fields._csp import ContentSecurityPolicy
from ..fields._dates import http_date, parse_date, to_timestamp, utc_now
from ..fields._descriptors import HeaderField, dump_text, header_field, live_field
from ..fields._durations import dump_age, dump_retry_after, parse_age, parse_retry_after
from ..fields._header_set import HeaderSet
from ..fields._links import Links
from ..fields._media_type_parameters import MediaTypeParameters
from ..fields._prefer import PreferenceApplied
from ..fields._referrer_policy import ReferrerPolicy
from ..fields._server_timing import ServerTimings
from ..fields._syntax import parse_integer
from ..fields._transport_security import StrictTransportSecurity
from ..fields._www_authenticate import WWWAuthenticate

__all__ = ["CORSResponseMixin", "CommonResponseDescriptorsMixin", "SecurityPolicyMixin", "WWWAuthenticateMixin"]

_dump_date: Callable[[datetime | date | int | float], str] = http_date


_NO_BYTES, _NO_LISTS, _NO_PREFERENCES = byte_sequences({}), inner_lists({}), preferences({})
_NO_STRINGS = strings({})
_only_bytes = only(byte_sequences, "bytes")
_only_lists = only(inner_lists, "an inner list")
_only_preferences = only(preferences, "an int from 0 to 10")
_only_strings = only(strings, "a str")


class _URIField:
    """A field whose value is a URI reference. An IRI is converted when it is set; an invalid one raises ValueError."""

    def __init__(self, name: str, doc: str) -> None:
        self._name = name
        self.__doc__ = doc

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else obj.headers.get(self._name)

    def __set__(self, obj: Any, value: str | None) -> None:
        if value is not None and not isinstance(value, str):
            raise TypeError(f"got {self._name} = {value!r}, expected a URL as a str")
        obj.headers[self._name] = None if value is None else reference_to_uri(value)

    def __delete__(self, obj: Any) -> None:
        obj.headers.remove(self._name)


def _dump_past(when: datetime | date | int | float) -> str:
    text, now = http_date(when), utc_now()
    return text if to_timestamp(when) <= to_timestamp(now) else http_date(now)


def _dump_policy(policy: str) -> str:
    return ReferrerPolicy(policy).to_header()


class _LastModified(HeaderField["datetime | None", "datetime | date | int | float | str"]):
    """Last-Modified: text is a date of HTTP or raises ValueError; a time in the future is written as now."""

    def __set__(self, obj: Any, value: datetime | date | int | float | str | None) -> None:
        if isinstance(value, str):
            when = parse_date(value)
            if when is None:
                raise ValueError(f"got {self.attribute} = {value!r}, expected a date of HTTP")
            value = when
        super().__set__(obj, value)


class CommonResponseDescriptorsMixin:
    """The fields that many responses have."""

    if TYPE_CHECKING:
        location: str | None
        content_location: str | None
    else:
        location = _URIField(
            "Location", "The URL of the resource, or of a redirect (RFC 9110 section 10.2.2). Set a URI or an IRI."
        )
        content_location = _URIField(
            "Content-Location", "The URL of the resource that the body represents (RFC 9110 section 8.7)."
        )

    age = header_field(
        "Age", parse_age, dump_age,
        doc="The time in caches, a timedelta. It can be set to a number of seconds (RFC 9111 section 5.1).",
    )  # fmt: skip
    allow = live_field("Allow", HeaderSet, doc="The allowed methods (RFC 9110 section 10.2.1).")
    content_encoding = header_field("Content-Encoding", doc="The content codings (RFC 9110 section 8.4).")
    content_language = live_field(
        "Content-Language", HeaderSet, doc="The languages of the intended audience (RFC 9110 section 8.5)."
    )
    content_length = header_field(
        "Content-Length",
        parse_integer,
        dump_text,
        doc="The declared length of the body in bytes (RFC 9110 section 8.6).",
    )
    if TYPE_CHECKING:

        @property
        @deprecated("the field is obsolete; Repr-Digest (RFC 9530) replaces it")
        def content_md5(self) -> str | None: ...
        @content_md5.setter
        @deprecated("the field is obsolete; Repr-Digest (RFC 9530) replaces it")
        def content_md5(self, value: str | None) -> None: ...
    else:
        content_md5 = header_field(
            "Content-MD5",
            doc="A digest of the body (RFC 2616 section 14.15). Deprecated: Repr-Digest (RFC 9530) replaces it.",
        )
    date = header_field(
        "Date", parse_date, _dump_date, doc="When the response was made, a datetime (RFC 9110 section 6.6.1)."
    )
    expires = header_field(
        "Expires", parse_date, _dump_date, doc="When the response becomes stale, a datetime (RFC 9111 section 5.3)."
    )
    last_modified = _LastModified(
        "Last-Modified", parse_date, _dump_past, None, read_only=False, wants_none=False,
        doc="When the content was last modified, a datetime. A time in the future is written as the current time, text "
        "that is no date raises ValueError (RFC 9110 section 8.8.2).",
    )  # fmt: skip
    mimetype_params = live_field("Content-Type", MediaTypeParameters, doc="The parameters of Content-Type.")
    retry_after = header_field(
        "Retry-After", parse_retry_after, dump_retry_after,
        doc="When to try again, a datetime. It can be set to seconds or a timedelta (RFC 9110 section 10.2.3).",
    )  # fmt: skip
    vary = live_field(
        "Vary", HeaderSet, doc="The request fields that influenced this response (RFC 9110 section 12.5.5)."
    )
    content_digest = structured_field(
        "Content-Digest", dict, byte_sequences, _only_bytes, default=_NO_BYTES,
        doc="The digests of the body as it is sent, by algorithm: ``sha-256``, ``sha-512`` (RFC 9530 section 2).",
    )  # fmt: skip
    repr_digest = structured_field(
        "Repr-Digest", dict, byte_sequences, _only_bytes, default=_NO_BYTES,
        doc="The digests of the whole representation, by algorithm (RFC 9530 section 3).",
    )  # fmt: skip
    want_content_digest = structured_field(
        "Want-Content-Digest", dict, preferences, _only_preferences, default=_NO_PREFERENCES,
        doc="Which algorithms are preferred for Content-Digest: 0 to 10, 0 is never (RFC 9530 section 4).",
    )  # fmt: skip
    want_repr_digest = structured_field(
        "Want-Repr-Digest", dict, preferences, _only_preferences, default=_NO_PREFERENCES,
        doc="Which algorithms are preferred for Repr-Digest: 0 to 10, 0 is never (RFC 9530 section 4).",
    )  # fmt: skip
    priority = structured_field(
        "Priority", dict, Priority.from_dictionary, Priority.to_dictionary, default=None,
        doc="How urgent this response is, None if that is as the client has said (RFC 9218 section 5).",
    )  # fmt: skip
    signature = structured_field(
        "Signature", dict, byte_sequences, _only_bytes, default=_NO_BYTES,
        doc="The signatures of the message, by label (RFC 9421 section 4.2).",
    )  # fmt: skip
    signature_input = structured_field(
        "Signature-Input", dict, inner_lists, _only_lists, default=_NO_LISTS,
        doc="What each signature covers: inner lists of components, by label (RFC 9421 section 4.1).",
    )  # fmt: skip
    accept_query = structured_field(
        "Accept-Query", list, doc="The media types of bodies that the method QUERY may have here (RFC 10008 section 3)."
    )
    cache_status = structured_field("Cache-Status", list, doc="What each cache did with the request (RFC 9211).")
    deprecation = structured_field(
        "Deprecation", datetime, doc="Since when the resource is deprecated, or will be (RFC 9745)."
    )
    sunset = header_field(
        "Sunset", parse_date, _dump_date, doc="When the resource is expected to go away, a datetime (RFC 8594)."
    )
    link = live_field("Link", Links, doc="Relations to other resources (RFC 8288).")
    cdn_cache_control = targeted_cache_control(
        "CDN-Cache-Control", doc="What the caches of content delivery networks obey (RFC 9213 section 3)."
    )
    preference_applied = live_field(
        "Preference-Applied",
        PreferenceApplied,
        doc="Which preferences were followed (RFC 7240 section 3).",
    )
    server_timing = live_field(
        "Server-Timing", ServerTimings, doc="How long the parts of the work have taken (W3C Server Timing)."
    )
    alt_svc = live_field("Alt-Svc", AltServices, doc="Where else the origin can be reached (RFC 7838 section 3).")


class WWWAuthenticateMixin:
    """The challenges of a 401 response, and what is told after the authentication."""

    www_authenticate = live_field(
        "WWW-Authenticate", WWWAuthenticate, doc="The challenges of the response (RFC 9110 section 11.6.1)."
    )
    authentication_info = live_field(
        "Authentication-Info", AuthenticationInfo,
        doc="What is told after the authentication has succeeded (RFC 9110 section 11.6.3).",
    )  # fmt: skip
    proxy_authentication_info = live_field(
        "Proxy-Authentication-Info", AuthenticationInfo,
        doc="What a proxy tells after the authentication has succeeded (RFC 9110 section 11.7.3).",
    )  # fmt: skip


class CORSResponseMixin:
    """The response fields of CORS (WHATWG Fetch section 3.3.3)."""

    access_control_allow_origin = header_field(
        "Access-Control-Allow-Origin", doc="The origin whose scripts may read the response, or ``*``."
    )
    access_control_allow_credentials = header_field(
        "Access-Control-Allow-Credentials", parse_credentials, dump_credentials, default=False,
        doc="Whether scripts may read the response to a request with credentials.",
    )  # fmt: skip
    access_control_allow_headers = live_field(
        "Access-Control-Allow-Headers", HeaderSet, doc="The header fields that a request may have."
    )
    access_control_allow_methods = live_field(
        "Access-Control-Allow-Methods", HeaderSet, doc="The methods that a request may have."
    )
    access_control_expose_headers = live_field(
        "Access-Control-Expose-Headers", HeaderSet, doc="The header fields of the response that scripts may read."
    )
    access_control_max_age = header_field(
        "Access-Control-Max-Age", parse_max_age, dump_age,
        doc="For how many seconds a browser may cache a preflight response. It can be set to a timedelta.",
    )  # fmt: skip


class SecurityPolicyMixin:
    """The fields that restrict what a document may do, and which documents may use a resource."""

    content_security_policy = live_field(
        "Content-Security-Policy", ContentSecurityPolicy, doc="The policies that apply (W3C CSP Level 3)."
    )
    content_security_policy_report_only = live_field(
        "Content-Security-Policy-Report-Only", ContentSecurityPolicy,
        doc="The policies whose violations are only reported (W3C CSP Level 3).",
    )  # fmt: skip
    permissions_policy = structured_field(
        "Permissions-Policy", dict, doc="Which features of the browser a document may use (W3C Permissions Policy)."
    )
    reporting_endpoints = structured_field(
        "Reporting-Endpoints", dict, strings, _only_strings, default=_NO_STRINGS,
        doc="The URLs that reports are sent to, by name (W3C Reporting API section 3.2).",
    )  # fmt: skip
    strict_transport_security = header_field(
        "Strict-Transport-Security", StrictTransportSecurity.from_header, StrictTransportSecurity.to_header,
        doc="For how long a browser uses only https for this host, None if it is not said (RFC 6797).",
    )  # fmt: skip
    referrer_policy = header_field(
        "Referrer-Policy", ReferrerPolicy.from_header, _dump_policy,
        doc="How much of its URL a document tells others (W3C Referrer Policy). Text can name several policies; the "
        "last one that a browser knows counts.",
    )  # fmt: skip
    clear_site_data = live_field(
        "Clear-Site-Data", ClearSiteData, doc="What the browser deletes of this site (W3C Clear Site Data)."
    )
    cross_origin_opener_policy = header_field(
        "Cross-Origin-Opener-Policy", COOP.from_header, dump_text, default=COOP.UNSAFE_NONE,
        doc="Which documents share a browsing context group (HTML section 7.1.3).",
    )  # fmt: skip
    cross_origin_embedder_policy = header_field(
        "Cross-Origin-Embedder-Policy", COEP.from_header, dump_text, default=COEP.UNSAFE_NONE,
        doc="Which resources a document may embed (HTML section 7.1.4).",
    )  # fmt: skip
    cross_origin_resource_policy = header_field(
        "Cross-Origin-Resource-Policy",
        CORP.from_header,
        dump_text,
        doc="Which documents may embed it (Fetch section 3.8).",
    )
