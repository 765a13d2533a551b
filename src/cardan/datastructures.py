"""The containers, and the classes of header values.

A class of header values parses a field with ``from_header()``, which gives None or an empty object for an invalid
value, and writes it with ``to_header()``. All objects can be pickled and copied.

The functions that parse and write header fields are in :mod:`cardan.http`. Uploaded files are in :mod:`cardan.files`.
"""

from __future__ import annotations

from .core._response.trailers import Trailers
from .core.fields._accept import Accept, CharsetAccept, EncodingAccept
from .core.fields._accept_language import LanguageAccept
from .core.fields._accept_media import MIMEAccept
from .core.fields._alt_svc import AltService, AltServices
from .core.fields._authentication_info import AuthenticationInfo
from .core.fields._authorization import Authorization, Challenge
from .core.fields._cache_control import CacheControl, RequestCacheControl, ResponseCacheControl
from .core.fields._clear_site_data import ClearSiteData
from .core.fields._content_disposition import ContentDisposition
from .core.fields._content_range import ContentRange
from .core.fields._cors import COEP, COOP, CORP
from .core.fields._csp import ContentSecurityPolicy
from .core.fields._etags import ETags
from .core.fields._fetch_metadata import FetchDest, FetchMode, FetchSite
from .core.fields._forwarded import Forwarded, ForwardedElement
from .core.fields._header_set import HeaderSet
from .core.fields._links import Link, Links
from .core.fields._media_type_parameters import MediaTypeParameters
from .core.fields._media_types import MediaType
from .core.fields._prefer import Prefer, PreferenceApplied
from .core.fields._ranges import IfRange, Range
from .core.fields._referrer_policy import ReferrerPolicy
from .core.fields._server_timing import ServerTiming, ServerTimings
from .core.fields._transport_security import StrictTransportSecurity
from .core.fields._user_agent import UserAgent
from .core.fields._www_authenticate import WWWAuthenticate
from .core.structures._combined import CombinedMultiDict
from .core.structures._environ_headers import EnvironHeaders
from .core.structures._headers import Headers, HeadersView
from .core.structures._immutable import ImmutableDict, ImmutableList
from .core.structures._multidict import ImmutableMultiDict, MultiDict
from .core.structures._scope_headers import ScopeHeaders

__all__ = [
    "COEP",
    "COOP",
    "CORP",
    "Accept",
    "AltService",
    "AltServices",
    "AuthenticationInfo",
    "Authorization",
    "CacheControl",
    "Challenge",
    "CharsetAccept",
    "ClearSiteData",
    "CombinedMultiDict",
    "ContentDisposition",
    "ContentRange",
    "ContentSecurityPolicy",
    "ETags",
    "EncodingAccept",
    "EnvironHeaders",
    "FetchDest",
    "FetchMode",
    "FetchSite",
    "Forwarded",
    "ForwardedElement",
    "HeaderSet",
    "Headers",
    "HeadersView",
    "IfRange",
    "ImmutableDict",
    "ImmutableList",
    "ImmutableMultiDict",
    "LanguageAccept",
    "Link",
    "Links",
    "MIMEAccept",
    "MediaType",
    "MediaTypeParameters",
    "MultiDict",
    "Prefer",
    "PreferenceApplied",
    "Range",
    "ReferrerPolicy",
    "RequestCacheControl",
    "ResponseCacheControl",
    "ScopeHeaders",
    "ServerTiming",
    "ServerTimings",
    "StrictTransportSecurity",
    "Trailers",
    "UserAgent",
    "WWWAuthenticate",
]


def __dir__() -> list[str]:
    return sorted(__all__)
