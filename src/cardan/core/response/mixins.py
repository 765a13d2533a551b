"""The header fields of a response as attributes: one line each. Mixed into :class:`~cardan.core.response.Response`.

Each mixin works on any class with ``headers``. Setting writes the field at once, None removes it; lists and directives
are live: changes on them are written back. Reading never raises.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ..descriptors import header_field, live_field
from ..fields.cors import COEP, COOP, CORP, dump_credentials, parse_credentials, parse_max_age
from ..fields.csp import ContentSecurityPolicy
from ..fields.dates import http_date, parse_date
from ..fields.durations import dump_age, dump_retry_after, parse_age, parse_retry_after
from ..fields.header_set import HeaderSet
from ..fields.links import Links
from ..fields.media_type_parameters import MediaTypeParameters
from ..fields.syntax import parse_integer
from ..fields.www_authenticate import WWWAuthenticate
from ..urls import iri_to_uri

__all__ = ["CORSResponseMixin", "CommonResponseDescriptorsMixin", "SecurityPolicyMixin", "WWWAuthenticateMixin"]

_dump_date: Callable[[datetime | date | int | float], str] = http_date


class _URIField:
    """A field that holds a URI reference: an IRI becomes one when it is set, and a bad one raises then."""

    def __init__(self, name: str, doc: str) -> None:
        self._name = name
        self.__doc__ = doc

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else obj.headers.get(self._name)

    def __set__(self, obj: Any, value: str | None) -> None:
        obj.headers[self._name] = None if value is None else iri_to_uri(value)

    def __delete__(self, obj: Any) -> None:
        obj.headers.remove(self._name)


class CommonResponseDescriptorsMixin:
    """Fields that many responses have."""

    if TYPE_CHECKING:
        location: str | None
        content_location: str | None
    else:
        location = _URIField("Location", "Where it is, or to go (RFC 9110 section 10.2.2); set with a URI or an IRI.")
        content_location = _URIField("Content-Location", "Whose representation this is (RFC 9110 section 8.7).")

    age = header_field("Age", parse_age, dump_age, doc="Time in caches, a timedelta; set also with seconds (9111 5.1).")
    allow = live_field("Allow", HeaderSet, doc="The methods that there are (RFC 9110 section 10.2.1).")
    content_encoding = header_field("Content-Encoding", doc="The content codings (RFC 9110 section 8.4).")
    content_language = live_field("Content-Language", HeaderSet, doc="For whom it is (RFC 9110 section 8.5).")
    content_length = header_field("Content-Length", parse_integer, doc="Bytes of the body, as declared (RFC 9110 8.6).")
    content_md5 = header_field("Content-MD5", doc="A digest of the body (RFC 2616; obsolete).")
    date = header_field("Date", parse_date, _dump_date, doc="When it was made (RFC 9110 section 6.6.1).")
    expires = header_field("Expires", parse_date, _dump_date, doc="When it is stale (RFC 9111 section 5.3).")
    last_modified = header_field("Last-Modified", parse_date, _dump_date, doc="RFC 9110 section 8.8.2.")
    mimetype_params = live_field("Content-Type", MediaTypeParameters, doc="The parameters of the Content-Type.")
    retry_after = header_field(
        "Retry-After", parse_retry_after, dump_retry_after,
        doc="When to ask again, a datetime; set also with seconds or a timedelta (RFC 9110 section 10.2.3).",
    )  # fmt: skip
    vary = live_field("Vary", HeaderSet, doc="What the choice of this response depended on (RFC 9110 section 12.5.5).")
    link = live_field("Link", Links, doc="Links (RFC 8288).")


class WWWAuthenticateMixin:
    """The challenges of a 401."""

    www_authenticate = live_field("WWW-Authenticate", WWWAuthenticate, doc="RFC 9110 section 11.6.1.")


class CORSResponseMixin:
    """The response fields of CORS (WHATWG Fetch section 3.3.3)."""

    access_control_allow_origin = header_field("Access-Control-Allow-Origin", doc="Who may read: an origin, ``*``.")
    access_control_allow_credentials = header_field(
        "Access-Control-Allow-Credentials", parse_credentials, dump_credentials, default=False,
        doc="Whether who sent credentials may read.",
    )  # fmt: skip
    access_control_allow_headers = live_field(
        "Access-Control-Allow-Headers", HeaderSet, doc="Fields that a request may have."
    )
    access_control_allow_methods = live_field(
        "Access-Control-Allow-Methods", HeaderSet, doc="Methods that a request may have."
    )
    access_control_expose_headers = live_field(
        "Access-Control-Expose-Headers", HeaderSet, doc="Fields that a script may read."
    )
    access_control_max_age = header_field(
        "Access-Control-Max-Age", parse_max_age, doc="Seconds that a preflight may be remembered."
    )


class SecurityPolicyMixin:
    """What a document may do and who may have it."""

    content_security_policy = live_field("Content-Security-Policy", ContentSecurityPolicy, doc="W3C CSP 3.")
    content_security_policy_report_only = live_field(
        "Content-Security-Policy-Report-Only", ContentSecurityPolicy, doc="What is only reported (W3C CSP 3)."
    )
    cross_origin_opener_policy = header_field(
        "Cross-Origin-Opener-Policy", COOP.from_header, default=COOP.UNSAFE_NONE,
        doc="Which windows share a group (HTML section 7.1.3).",
    )  # fmt: skip
    cross_origin_embedder_policy = header_field(
        "Cross-Origin-Embedder-Policy", COEP.from_header, default=COEP.UNSAFE_NONE,
        doc="What may be embedded (HTML section 7.1.4).",
    )  # fmt: skip
    cross_origin_resource_policy = header_field(
        "Cross-Origin-Resource-Policy", CORP.from_header, doc="Who may embed it (Fetch section 3.8)."
    )
