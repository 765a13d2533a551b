"""Sec-Fetch-*: what a browser tells about the origin of a request (W3C Fetch Metadata Request Headers).

Field values are read as members of enumerations. Parsing never raises: an unknown or invalid value gives None. Servers
should accept requests with unknown values (section 5), so do not refuse a request because a value is None.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

__all__ = ["FetchDest", "FetchMode", "FetchSite", "parse_fetch_user"]


class _Metadata(StrEnum):
    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Return the member that a field value names, None if there is none. Case matters (RFC 9651 section 3.3.4)."""
        token = (value or "").partition(";")[0].strip(" ")
        return cls(token) if token in cls._value2member_map_ else None

    def to_header(self) -> str:
        """Return the field value."""
        return self.value


class FetchSite(_Metadata):
    """Sec-Fetch-Site (section 2.3): how the origin that makes the request is related to the origin of the URL."""

    __module__ = "cardan.datastructures"

    CROSS_SITE = "cross-site"
    SAME_ORIGIN = "same-origin"
    SAME_SITE = "same-site"
    NONE = "none"


class FetchMode(_Metadata):
    """Sec-Fetch-Mode (section 2.2): the mode of the request."""

    __module__ = "cardan.datastructures"

    CORS = "cors"
    NAVIGATE = "navigate"
    NO_CORS = "no-cors"
    SAME_ORIGIN = "same-origin"
    WEBSOCKET = "websocket"


class FetchDest(_Metadata):
    """Sec-Fetch-Dest (section 2.1): how the browser will use the response."""

    __module__ = "cardan.datastructures"

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
    """Return True if Sec-Fetch-User is ``?1``: an action of the user caused the navigation (section 2.4)."""
    return text is not None and text.partition(";")[0].strip(" ") == "?1"
