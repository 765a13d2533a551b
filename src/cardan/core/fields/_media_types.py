"""Content-Type as browsers read it (WHATWG MIME Sniffing, sections 4 and 5; Fetch, section 2.2.2).

Parsing takes linear time and never raises: an invalid media type gives None, an invalid parameter is skipped, and if a
parameter occurs more than once, the first one counts. The constructor raises :exc:`ValueError` for a value that a
header field must not contain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from ._lists import split
from ._reading_back import check_reads_back, folded
from ._syntax import is_token, quote_if_needed, unescape

__all__ = ["MediaType", "extract_media_type", "is_nosniff", "parse_media_type"]

_WHITESPACE: Final = " \t\r\n"
# Clients send few different types, so that parsed ones are kept. A longer value usually has a boundary, which differs
# in every request.
_MEMO_LENGTH: Final = 48
_is_plain = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)/([!#$%&'*+\-.^_`|~0-9A-Za-z]+)").fullmatch
# A name up to "=" or ";". Then either a quoted string (its opening quote is captured) and any text up to the next ";",
# or a value without quotes. The pattern matches from every ";", so that findall() never backtracks.
_parameter = re.compile(r';[ \t\r\n]*([^;=]*)(?:=(?:("[^"\\]*(?:\\.[^"\\]*)*+\\?)"?[^;]*|([^;]*)))?', re.DOTALL)
_is_value = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch


class MediaType:
    """A media type: ``type``, ``subtype`` (both in lower case) and ``parameters`` (names in lower case). Immutable.

    Raises :exc:`ValueError` for a type, a subtype or the name of a parameter that is not a token, and for a value that
    a header field must not contain.

    >>> MediaType.from_header("Text/HTML; charset=UTF-8").charset
    'utf-8'
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("parameters", "subtype", "type")

    type: str
    subtype: str
    parameters: Mapping[str, str]

    def __init__(self, type: str, subtype: str, parameters: Mapping[str, str] | None = None) -> None:
        self.type = type.lower()
        self.subtype = subtype.lower()
        self.parameters = MappingProxyType(folded((parameters or {}).items()))
        check_reads_back(self)

    @classmethod
    def _made(cls, type: str, subtype: str, parameters: dict[str, str]) -> MediaType:
        """Return an object without a check of the arguments: a parser has made them."""
        self = cls.__new__(cls)
        self.type = type
        self.subtype = subtype
        self.parameters = MappingProxyType(parameters)
        return self

    @classmethod
    def from_header(cls, value: str | None, /) -> MediaType | None:
        """Parse a field value. None and an invalid value give None."""
        if not value:
            return None
        kind: Any = cls  # mypy takes the class for unhashable, because its objects have a __hash__ of their own
        return _remembered(kind, value) if len(value) <= _MEMO_LENGTH else cls._parsed(value)

    @classmethod
    def _parsed(cls, value: str) -> MediaType | None:
        essence, semicolon, _ = value.partition(";")
        found = _is_plain(essence.strip(_WHITESPACE))
        if found is None:
            return None
        kind, subtype = found[1].lower(), found[2].lower()
        if not semicolon:
            return cls._made(kind, subtype, {})
        return cls._made(kind, subtype, _read_parameters(value.rstrip(_WHITESPACE), len(essence)))

    def to_header(self) -> str:
        """Return the field value (WHATWG MIME Sniffing, section 4.5).

        Raises :exc:`ValueError` for a value that a header field must not contain.
        """
        out = self.essence
        if not _is_plain(out):
            raise ValueError(f"got media type {out!r}, expected type/subtype")
        for name, value in self.parameters.items():
            if not is_token(name):
                raise ValueError(f"got parameter {name!r}, expected a token")
            out += f";{name}={quote_if_needed(value)}"
        return out

    @property
    def essence(self) -> str:
        """The media type without its parameters, ``type/subtype``, in lower case."""
        return f"{self.type}/{self.subtype}"

    @property
    def charset(self) -> str | None:
        """The ``charset`` parameter in lower case, None if there is none."""
        charset = self.parameters.get("charset")
        return None if charset is None else charset.lower()

    @property
    def is_json(self) -> bool:
        """True for JSON: ``application/json``, ``text/json``, and subtypes that end with ``+json``."""
        return self.subtype.endswith("+json") or self.essence in ("application/json", "text/json")

    @property
    def is_xml(self) -> bool:
        """True for XML: ``application/xml``, ``text/xml``, and subtypes that end with ``+xml``."""
        return self.subtype.endswith("+xml") or self.essence in ("application/xml", "text/xml")

    @property
    def is_javascript(self) -> bool:
        """True for one of the sixteen media types of JavaScript (WHATWG MIME Sniffing, section 4.6)."""
        return self.essence in _JAVASCRIPT

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.type, self.subtype, dict(self.parameters))

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
        # a backslash at the end of a quoted string without a closing quote is kept
        text = unescape(quoted[1:]) if quoted else bare.rstrip(_WHITESPACE)
        if is_token(name) and (text or quoted) and _is_value(text):
            parameters.setdefault(name.lower(), text)
    return parameters


@lru_cache(maxsize=128)
def _remembered(cls: type[MediaType], value: str) -> MediaType | None:
    return cls._parsed(value)


def parse_media_type(text: str | None) -> MediaType | None:
    """Parse a Content-Type field value, as :meth:`MediaType.from_header` does. An invalid value gives None."""
    return MediaType.from_header(text)


def extract_media_type(text: str | None) -> MediaType | None:
    """Parse several Content-Type fields, joined by ``", "`` (Fetch, "extract a MIME type").

    The last valid media type counts. It inherits the charset of an earlier one with the same type and subtype.
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
            parameters = {**media_type.parameters, "charset": charset}
            media_type = MediaType._made(media_type.type, media_type.subtype, parameters)
        result = media_type
    return result


def is_nosniff(values: str | Iterable[str] | None) -> bool:
    """Return whether the first member of X-Content-Type-Options is ``nosniff`` (Fetch, section 3.5)."""
    if values is None:
        return False
    text = values if isinstance(values, str) else ",".join(values)
    return text.partition(",")[0].strip(_WHITESPACE).lower() == "nosniff"
