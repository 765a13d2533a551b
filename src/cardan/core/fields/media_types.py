"""Content-Type as browsers read it (WHATWG MIME Sniffing, sections 4 and 5; Fetch, section 2.2.2).

Takes and gives field values, one character for each byte. Reading is linear and total: what is no media type
gives None, a parameter that is none is skipped, of equal names the first counts. Writing raises
:exc:`ValueError` for what must not go on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from .lists import split
from .syntax import is_token, quote, quote_if_needed, unescape

__all__ = ["MediaType", "extract_media_type", "is_nosniff", "parse_media_type"]

_WHITESPACE: Final = " \t\r\n"
# Few types come again and again. Longer values have a boundary, which is new with every request.
_MEMO_LENGTH: Final = 48
_is_plain = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)/([!#$%&'*+\-.^_`|~0-9A-Za-z]+)").fullmatch
# A name up to "=" or ";", then a quoted string (its first quote kept) and what follows it to the next ";", or a
# plain value. Whatever it starts with it can end with, so that no search ever goes back.
_parameter = re.compile(r';[ \t\r\n]*([^;=]*)(?:=(?:("[^"\\]*(?:\\.[^"\\]*)*\\?)"?[^;]*|([^;]*)))?', re.DOTALL)
_is_value = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch


class MediaType:
    """A media type: ``type``, ``subtype`` (lower case) and ``parameters`` (names in lower case); never changes."""

    __slots__ = ("parameters", "subtype", "type")

    type: str
    subtype: str
    parameters: Mapping[str, str]

    def __init__(self, type: str, subtype: str, parameters: Mapping[str, str] | None = None) -> None:
        self.type = type
        self.subtype = subtype
        self.parameters = MappingProxyType({} if parameters is None else dict(parameters))

    @classmethod
    def from_header(cls, value: str | None) -> MediaType | None:
        """Return the media type that ``value`` is, else None."""
        if not value:
            return None
        kind: Any = cls
        return _remembered(kind, value) if len(value) <= _MEMO_LENGTH else cls._parsed(value)

    @classmethod
    def _parsed(cls, value: str) -> MediaType | None:
        essence, semicolon, _ = value.partition(";")
        found = _is_plain(essence.strip(_WHITESPACE))
        if found is None:
            return None
        kind, subtype = found[1].lower(), found[2].lower()
        if not semicolon:
            return cls(kind, subtype)
        return cls(kind, subtype, _read_parameters(value.rstrip(_WHITESPACE), len(essence)))

    def to_header(self) -> str:
        """Return the field value (section 4.5); raises :exc:`ValueError` for what no field value may hold."""
        out = self.essence
        if not _is_plain(out):
            raise ValueError(f"got media type {out!r}, expected type/subtype")
        for name, value in self.parameters.items():
            if not is_token(name):
                raise ValueError(f"got parameter {name!r}, expected a token")
            out += f";{name}={quote_if_needed(value) if value else quote(value)}"
        return out

    @property
    def essence(self) -> str:
        """``type/subtype``, in lower case, without parameters."""
        return f"{self.type}/{self.subtype}"

    @property
    def charset(self) -> str | None:
        """The ``charset`` parameter, in lower case, None if there is none."""
        charset = self.parameters.get("charset")
        return None if charset is None else charset.lower()

    @property
    def is_json(self) -> bool:
        """Whether this is JSON: ``application/json``, ``text/json``, ``*/*+json``."""
        return self.subtype.endswith("+json") or self.essence in ("application/json", "text/json")

    @property
    def is_xml(self) -> bool:
        """Whether this is XML: ``application/xml``, ``text/xml``, ``*/*+xml``."""
        return self.subtype.endswith("+xml") or self.essence in ("application/xml", "text/xml")

    @property
    def is_javascript(self) -> bool:
        """Whether this is one of the sixteen names of JavaScript."""
        return self.essence in _JAVASCRIPT

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MediaType):
            return NotImplemented
        return self.essence == other.essence and self.parameters == other.parameters

    def __hash__(self) -> int:
        return hash((self.essence, frozenset(self.parameters.items())))

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"


_SCRIPTS = ("ecmascript", "javascript", "x-ecmascript", "x-javascript")
_JAVASCRIPT: Final = frozenset(
    [f"{kind}/{name}" for kind in ("application", "text") for name in _SCRIPTS]
    + ["text/jscript", "text/livescript"]
    + ["text/javascript1." + minor for minor in "012345"]
)


def _read_parameters(value: str, start: int) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, quoted, bare in _parameter.findall(value, start):
        # a backslash at the very end of an open quote stands for itself
        text = unescape(quoted[1:]) if quoted else bare.rstrip(_WHITESPACE)
        if is_token(name) and (text or quoted) and _is_value(text):
            parameters.setdefault(name.lower(), text)
    return parameters


@lru_cache(maxsize=128)
def _remembered(cls: Any, value: str) -> Any:
    return cls._parsed(value)


def parse_media_type(text: str | None) -> MediaType | None:
    """Return the media type that ``text`` is, None where it is none: :meth:`MediaType.from_header`."""
    return MediaType.from_header(text)


def extract_media_type(text: str | None) -> MediaType | None:
    """Return the media type of Content-Type fields joined by ``", "`` (Fetch, "extract a MIME type").

    The last one that is a media type counts; it inherits the charset of an earlier one of the same essence.
    """
    result: MediaType | None = None
    charset: str | None = None
    for member in split(text):
        media_type = MediaType.from_header(member)
        if media_type is None or media_type.essence == "*/*":
            continue
        if result is None or media_type.essence != result.essence:
            charset = media_type.parameters.get("charset")
        elif charset is not None and "charset" not in media_type.parameters:
            media_type = MediaType(media_type.type, media_type.subtype, {**media_type.parameters, "charset": charset})
        result = media_type
    return result


def is_nosniff(values: str | Iterable[str] | None) -> bool:
    """Tell whether X-Content-Type-Options says ``nosniff`` (Fetch, section 3.5): its first member decides."""
    if values is None:
        return False
    text = values if isinstance(values, str) else ",".join(values)
    return text.partition(",")[0].strip(_WHITESPACE).lower() == "nosniff"
