"""The header fields of a request as attributes, mixed into :class:`~cardan.core._request.Request`.

Each mixin works on any class with ``headers``. The request keeps the parsed values of fields that are slow to parse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, NoReturn

from .._deprecated import deprecated
from .._structured_fields.descriptor import DictionaryField, StructuredField, structured_field
from .._structured_fields.known import Priority, byte_sequences, inner_lists, preferences
from .._structured_fields.values import InnerList
from ..fields._accept import CharsetAccept, EncodingAccept
from ..fields._accept_language import LanguageAccept
from ..fields._accept_media import MIMEAccept
from ..fields._authorization import Authorization
from ..fields._cache_control import RequestCacheControl
from ..fields._content_range import ContentRange
from ..fields._cors import parse_origin
from ..fields._dates import parse_date
from ..fields._descriptors import HeaderField, header_field, value_field
from ..fields._etags import ETags
from ..fields._fetch_metadata import FetchDest, FetchMode, FetchSite, parse_fetch_user
from ..fields._forwarded import Forwarded
from ..fields._live import sealed
from ..fields._prefer import Prefer
from ..fields._ranges import IfRange, Range
from ..fields._syntax import utf8_text
from ..fields._user_agent import UserAgent
from ..structures import HeaderSet
from .cached import cached

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "AcceptMixin",
    "AuthorizationMixin",
    "CORSRequestMixin",
    "CommonRequestDescriptorsMixin",
    "ETagRequestMixin",
    "FetchMetadataMixin",
    "UserAgentMixin",
]


_NO_BYTES, _NO_LISTS, _NO_PREFERENCES = byte_sequences({}), inner_lists({}), preferences({})


class _Tokens(HeaderSet):
    """A :class:`HeaderSet` that cannot be changed, because the headers of a request cannot."""

    __slots__ = ()

    def _change(self, state: dict[str, str]) -> NoReturn:
        raise TypeError("the header fields of a request cannot be changed; change a HeaderSet of them")


def _digits(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


class AcceptMixin:
    """What the client prefers (RFC 9110 section 12.5)."""

    accept_mimetypes: ClassVar[HeaderField[MIMEAccept, MIMEAccept | str]] = value_field(
        "Accept", MIMEAccept, cached=True, doc="The accepted media types (RFC 9110 section 12.5.1)."
    )
    if TYPE_CHECKING:

        @property
        @deprecated("browsers no longer send the field")
        def accept_charsets(self) -> CharsetAccept: ...
    else:
        accept_charsets = value_field(
            "Accept-Charset",
            CharsetAccept,
            cached=True,
            doc="The accepted charsets (RFC 9110 section 12.5.2). Deprecated: browsers no longer send the field.",
        )
    accept_encodings: ClassVar[HeaderField[EncodingAccept, EncodingAccept | str]] = value_field(
        "Accept-Encoding", EncodingAccept, cached=True, doc="The accepted content codings (RFC 9110 section 12.5.3)."
    )
    accept_languages: ClassVar[HeaderField[LanguageAccept, LanguageAccept | str]] = value_field(
        "Accept-Language", LanguageAccept, cached=True, doc="The accepted languages (RFC 9110 section 12.5.4)."
    )


class AuthorizationMixin:
    """The credentials of a request."""

    authorization: ClassVar[HeaderField[Authorization | None, Authorization]] = header_field(
        "Authorization",
        Authorization.from_header,
        cached=True,
        doc="The credentials (RFC 9110 section 11.6.2), None if they are missing or invalid.",
    )


class ETagRequestMixin:
    """Preconditions, ranges and caching (RFC 9110 sections 13 and 14, RFC 9111)."""

    cache_control: ClassVar[HeaderField[RequestCacheControl, RequestCacheControl | str]] = value_field(
        "Cache-Control", RequestCacheControl, cached=True, doc="The cache directives (RFC 9111 section 5.2.1)."
    )
    if_match: ClassVar[HeaderField[ETags, ETags | str]] = value_field(
        "If-Match", ETags, cached=True, doc="The entity tags of If-Match (RFC 9110 section 13.1.1)."
    )
    if_none_match: ClassVar[HeaderField[ETags, ETags | str]] = value_field(
        "If-None-Match", ETags, cached=True, doc="The entity tags of If-None-Match (RFC 9110 section 13.1.2)."
    )
    if_modified_since: ClassVar[HeaderField[datetime | None, datetime]] = header_field(
        "If-Modified-Since",
        parse_date,
        cached=True,
        doc="The date of If-Modified-Since, an aware datetime or None (RFC 9110 section 13.1.3).",
    )
    if_unmodified_since: ClassVar[HeaderField[datetime | None, datetime]] = header_field(
        "If-Unmodified-Since",
        parse_date,
        cached=True,
        doc="The date of If-Unmodified-Since, an aware datetime or None (RFC 9110 section 13.1.4).",
    )
    if_range: ClassVar[HeaderField[IfRange, IfRange | str]] = value_field(
        "If-Range", IfRange, cached=True, doc="The entity tag or the date of If-Range (RFC 9110 section 13.1.5)."
    )
    range: ClassVar[HeaderField[Range | None, Range]] = header_field(
        "Range",
        Range.from_header,
        cached=True,
        doc="The requested ranges, None if they are missing or invalid (RFC 9110 section 14.2).",
    )
    content_range: ClassVar[HeaderField[ContentRange, ContentRange | str]] = value_field(
        "Content-Range",
        sealed(ContentRange),
        cached=True,
        doc="Which part of a representation the body is; false if there is no field (RFC 9110 sections 14.4 and 14.5).",
    )


class UserAgentMixin:
    """The name and version of the client."""

    user_agent_class: ClassVar[type[UserAgent]] = UserAgent
    """The class of :attr:`user_agent`. It is called with the text of the field, ``""`` if it was not sent."""

    if TYPE_CHECKING:
        user_agent: ClassVar[HeaderField[UserAgent, UserAgent]]
    else:

        @cached
        def user_agent(self) -> UserAgent:
            """The User-Agent field as it was sent, ``""`` if it is missing (RFC 9110 section 10.1.5).

            It is of the class :attr:`user_agent_class`.
            """
            text = self.headers.get("User-Agent", "")
            try:
                return self.user_agent_class(text)
            except ValueError:  # a control character, which some servers let through: reading never raises
                return self.user_agent_class.from_header(text)


class CORSRequestMixin:
    """The request fields of CORS (WHATWG Fetch section 3.3.2)."""

    access_control_request_method: ClassVar[HeaderField[str | None, str]] = header_field(
        "Access-Control-Request-Method", doc="The method of the request that a preflight request announces."
    )

    access_control_request_headers: ClassVar[HeaderField[HeaderSet, HeaderSet | str]] = value_field(
        "Access-Control-Request-Headers",
        _Tokens,
        cached=True,
        doc="The header fields of the request that a preflight request announces.",
    )


class FetchMetadataMixin:
    """What a browser tells about the origin and the purpose of a request (W3C Fetch Metadata)."""

    sec_fetch_site: ClassVar[HeaderField[FetchSite | None, FetchSite]] = header_field(
        "Sec-Fetch-Site",
        FetchSite.from_header,
        doc="How the origin that makes the request is related to this one; None if it is unknown.",
    )
    sec_fetch_mode: ClassVar[HeaderField[FetchMode | None, FetchMode]] = header_field(
        "Sec-Fetch-Mode", FetchMode.from_header, doc="The mode of the request; None if it is unknown."
    )
    sec_fetch_dest: ClassVar[HeaderField[FetchDest | None, FetchDest]] = header_field(
        "Sec-Fetch-Dest", FetchDest.from_header, doc="How the browser will use the response; None if it is unknown."
    )
    sec_fetch_user: ClassVar[HeaderField[bool, bool]] = header_field(
        "Sec-Fetch-User", parse_fetch_user, default=False, doc="Whether an action of the user caused the navigation."
    )


class CommonRequestDescriptorsMixin:
    """The fields that many requests have. It includes :class:`CORSRequestMixin` and :class:`FetchMetadataMixin`."""

    content_encoding: ClassVar[HeaderField[str | None, str]] = header_field(
        "Content-Encoding", doc="The content codings of the body, which is not decoded (RFC 9110 section 8.4)."
    )
    if TYPE_CHECKING:

        @property
        @deprecated("the field is obsolete; Repr-Digest (RFC 9530) replaces it")
        def content_md5(self) -> str | None: ...
    else:
        content_md5 = header_field(
            "Content-MD5",
            doc="A digest of the body (RFC 2616 section 14.15). Deprecated: Repr-Digest (RFC 9530) replaces it.",
        )
    date: ClassVar[HeaderField[datetime | None, datetime]] = header_field(
        "Date", parse_date, cached=True, doc="When the request was made, a datetime (RFC 9110 section 6.6.1)."
    )
    max_forwards: ClassVar[HeaderField[int | None, int]] = header_field(
        "Max-Forwards", _digits, doc="How many times TRACE or OPTIONS may be forwarded (RFC 9110 section 7.6.2)."
    )
    referrer: ClassVar[HeaderField[str | None, str]] = header_field(
        "Referer", doc="The URL of the page that led to the request (RFC 9110 section 10.1.3)."
    )
    origin: ClassVar[HeaderField[str | None, str]] = header_field(
        "Origin", parse_origin, doc="The origin that makes the request (RFC 6454 section 7); None if it is invalid."
    )
    forwarded: ClassVar[HeaderField[Forwarded, Forwarded | str]] = value_field(
        "Forwarded",
        Forwarded,
        cached=True,
        doc="What proxies tell about the request (RFC 7239). A client can send any value.",
    )
    content_digest: ClassVar[DictionaryField[Mapping[str, bytes]]] = structured_field(
        "Content-Digest",
        dict,
        byte_sequences,
        default=_NO_BYTES,
        cached=True,
        doc="The digests of the body as it was sent, by algorithm: ``sha-256``, ``sha-512`` (RFC 9530 section 2).",
    )
    repr_digest: ClassVar[DictionaryField[Mapping[str, bytes]]] = structured_field(
        "Repr-Digest",
        dict,
        byte_sequences,
        default=_NO_BYTES,
        cached=True,
        doc="The digests of the whole representation, by algorithm (RFC 9530 section 3).",
    )
    want_content_digest: ClassVar[DictionaryField[Mapping[str, int]]] = structured_field(
        "Want-Content-Digest",
        dict,
        preferences,
        default=_NO_PREFERENCES,
        cached=True,
        doc="Which algorithms the client prefers for Content-Digest: 0 to 10, 0 is never (RFC 9530 section 4).",
    )
    want_repr_digest: ClassVar[DictionaryField[Mapping[str, int]]] = structured_field(
        "Want-Repr-Digest",
        dict,
        preferences,
        default=_NO_PREFERENCES,
        cached=True,
        doc="Which algorithms the client prefers for Repr-Digest: 0 to 10, 0 is never (RFC 9530 section 4).",
    )
    priority: ClassVar[DictionaryField[Priority]] = structured_field(
        "Priority",
        dict,
        Priority.from_dictionary,
        default=Priority(),
        cached=True,
        doc="How urgent the client takes the response for (RFC 9218 section 5).",
    )
    signature: ClassVar[DictionaryField[Mapping[str, bytes]]] = structured_field(
        "Signature",
        dict,
        byte_sequences,
        default=_NO_BYTES,
        cached=True,
        doc="The signatures of the message, by label (RFC 9421 section 4.2).",
    )
    signature_input: ClassVar[DictionaryField[Mapping[str, InnerList]]] = structured_field(
        "Signature-Input",
        dict,
        inner_lists,
        default=_NO_LISTS,
        cached=True,
        doc="What each signature covers: inner lists of components, by label (RFC 9421 section 4.1).",
    )
    prefer: ClassVar[HeaderField[Prefer, Prefer | str]] = value_field(
        "Prefer", Prefer, cached=True, doc="How the client would like the request to be handled (RFC 7240)."
    )
    early_data: ClassVar[HeaderField[bool, bool]] = header_field(
        "Early-Data",
        lambda text: True,  # an invalid value counts as 1
        default=False,
        doc="Whether the request was sent in TLS early data, so that it may be a replay (RFC 8470 section 5.1).",
    )
    idempotency_key: ClassVar[StructuredField[str | None, str]] = structured_field(
        "Idempotency-Key",
        str,
        doc="The key by which a request that is sent again is known (draft-ietf-httpapi-idempotency-key-header).",
    )
    last_event_id: ClassVar[HeaderField[str | None, str]] = header_field(
        "Last-Event-ID",
        utf8_text,
        doc="The id of the last event that the client got, which it sends in UTF-8 (WHATWG HTML section 9.2.4).",
    )

    if TYPE_CHECKING:

        @property
        @deprecated("use cache_control")
        def pragma(self) -> HeaderSet: ...
    else:
        pragma = value_field(
            "Pragma",
            _Tokens,
            cached=True,
            doc="The directives of HTTP/1.0 (RFC 9111 section 5.4). Deprecated: use cache_control.",
        )

    access_control_request_method: ClassVar[HeaderField[str | None, str]] = (
        CORSRequestMixin.access_control_request_method
    )
    access_control_request_headers: ClassVar[HeaderField[HeaderSet, HeaderSet | str]] = (
        CORSRequestMixin.access_control_request_headers
    )
    sec_fetch_site: ClassVar[HeaderField[FetchSite | None, FetchSite]] = FetchMetadataMixin.sec_fetch_site
    sec_fetch_mode: ClassVar[HeaderField[FetchMode | None, FetchMode]] = FetchMetadataMixin.sec_fetch_mode
    sec_fetch_dest: ClassVar[HeaderField[FetchDest | None, FetchDest]] = FetchMetadataMixin.sec_fetch_dest
    sec_fetch_user: ClassVar[HeaderField[bool, bool]] = FetchMetadataMixin.sec_fetch_user
