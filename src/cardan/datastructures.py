"""The containers and the classes of header values, under the names of Werkzeug.

The code is in :mod:`cardan.core.structures` and :mod:`cardan.core.fields`. A class of header values parses a field with
``from_header()``, which gives None or an empty object for an invalid value, and writes it with ``to_header()``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .core.fields._accept import Accept, CharsetAccept, EncodingAccept
from .core.fields._accept_language import LanguageAccept
from .core.fields._accept_media import MIMEAccept
from .core.fields._authorization import Authorization, Challenge
from .core.fields._cache_control import RequestCacheControl, ResponseCacheControl
from .core.fields._content_disposition import ContentDisposition
from .core.fields._csp import ContentSecurityPolicy
from .core.fields._etags import ETags
from .core.fields._forwarded import Forwarded, ForwardedElement
from .core.fields._links import Link, Links
from .core.fields._media_types import MediaType
from .core.fields._ranges import ContentRange, IfRange, Range
from .core.fields._www_authenticate import WWWAuthenticate
from .core.structures import (
    CallbackDict,
    CombinedMultiDict,
    EnvironHeaders,
    Headers,
    HeaderSet,
    HeadersView,
    ImmutableDict,
    ImmutableList,
    ImmutableMultiDict,
    ImmutableOrderedMultiDict,
    ImmutableTypeConversionDict,
    MultiDict,
    OrderedMultiDict,
    ScopeHeaders,
    TypeConversionDict,
)
from .core.structures._multidict_reader import iter_multi_items

if TYPE_CHECKING:
    from .files._spooling import FileStorage

__all__ = [
    "Accept",
    "Authorization",
    "CallbackDict",
    "Challenge",
    "CharsetAccept",
    "CombinedMultiDict",
    "ContentDisposition",
    "ContentRange",
    "ContentSecurityPolicy",
    "ETags",
    "EncodingAccept",
    "EnvironHeaders",
    "FileStorage",
    "Forwarded",
    "ForwardedElement",
    "HeaderSet",
    "Headers",
    "HeadersView",
    "IfRange",
    "ImmutableDict",
    "ImmutableList",
    "ImmutableMultiDict",
    "ImmutableOrderedMultiDict",
    "ImmutableTypeConversionDict",
    "LanguageAccept",
    "Link",
    "Links",
    "MIMEAccept",
    "MediaType",
    "MultiDict",
    "OrderedMultiDict",
    "Range",
    "RequestCacheControl",
    "ResponseCacheControl",
    "ScopeHeaders",
    "TypeConversionDict",
    "WWWAuthenticate",
    "iter_multi_items",
]

if not TYPE_CHECKING:  # type checkers would take every name for one of this module's

    def __getattr__(name: str) -> Any:
        # FileStorage imports modules for temporary files, so that it is imported only when it is used
        if name == "FileStorage":
            from .files._spooling import FileStorage

            return FileStorage
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
