"""Sec-Fetch-*: what a browser says about where a request comes from (W3C Fetch Metadata Request Headers).

Takes field values, gives members of enumerations. Reading is total: a value that is not known, and what no browser
would send, is None. Servers should let unknown values pass (section 5), so None must never mean "refuse".
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

__all__ = ["FetchDest", "FetchMode", "FetchSite", "parse_fetch_user"]


class _Metadata(StrEnum):
    @classmethod
    def from_header(cls, value: str | None) -> Self | None:
        """Return the member that a field value names (a structured-field token: case counts), else None."""
        token = (value or "").partition(";")[0].strip(" ")
        return cls(token) if token in cls._value2member_map_ else None

    def to_header(self) -> str:
        """Return the field value."""
        return self.value


class FetchSite(_Metadata):
    """Sec-Fetch-Site (section 2.3): how the origin that asks is related to this one."""

    CROSS_SITE = "cross-site"
    SAME_ORIGIN = "same-origin"
    SAME_SITE = "same-site"
    NONE = "none"


class FetchMode(_Metadata):
    """Sec-Fetch-Mode (section 2.2): the mode of the request."""

    CORS = "cors"
    NAVIGATE = "navigate"
    NO_CORS = "no-cors"
    SAME_ORIGIN = "same-origin"
    WEBSOCKET = "websocket"


class FetchDest(_Metadata):
    """Sec-Fetch-Dest (section 2.1): what the response will be used as."""

    AUDIO = "audio"
    AUDIOWORKLET = "audioworklet"
    DOCUMENT = "document"
    EMBED = "embed"
    EMPTY = "empty"
    FENCEDFRAME = "fencedframe"
    FONT = "font"
    FRAME = "frame"
    IFRAME = "iframe"
    IMAGE = "image"
    JSON = "json"
    MANIFEST = "manifest"
    OBJECT = "object"
    PAINTWORKLET = "paintworklet"
    REPORT = "report"
    SCRIPT = "script"
    SERVICEWORKER = "serviceworker"
    SHAREDWORKER = "sharedworker"
    STYLE = "style"
    TRACK = "track"
    VIDEO = "video"
    WEBIDENTITY = "webidentity"
    WORKER = "worker"
    XSLT = "xslt"


def parse_fetch_user(text: str | None) -> bool:
    """Tell whether Sec-Fetch-User says that a user's act led to the navigation (section 2.4): ``?1``."""
    return text is not None and text.partition(";")[0].strip(" ") == "?1"
