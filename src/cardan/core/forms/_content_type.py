"""The Content-Type of a form: which decoder its body needs, and with which boundary.

Takes the value of the field as text; returns a :class:`FormType`, or None if it is not the type of a form. Raises
:exc:`~cardan.exceptions.MultipartError` for a multipart form without a boundary that can be used, and in strict mode
:exc:`~cardan.exceptions.UrlencodedError` for a form that declares another charset than UTF-8.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, get_type_hints

from .._exceptions import MultipartError, UrlencodedError
from ._head import declared_codecs

__all__ = [
    "FORM_TYPES",
    "MULTIPART_TYPE",
    "URLENCODED",
    "URLENCODED_TYPE",
    "FormType",
    "parse_boundary",
    "parse_form_type",
]

MULTIPART_TYPE: Final = "multipart/form-data"
"""The media type of a form with files (RFC 7578)."""
URLENCODED_TYPE: Final = "application/x-www-form-urlencoded"
"""The media type of a form without files (WHATWG URL section 5)."""
FORM_TYPES: Final = frozenset({MULTIPART_TYPE, URLENCODED_TYPE})
"""The media types of forms."""

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# RFC 9110 section 5.6.6; a value without quotes runs up to ";": boundaries with "/", ":" or "=" are common in the wild.
# A comma ends it only if another parameter follows: some clients part parameters by commas.
_COMMA: Final = rf",(?=[ \t]*+{_TOKEN}+[ \t]*+=)"
_PARAM: Final = re.compile(
    rf'[ \t]*+({_TOKEN}+)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"[ \t]*+|((?:[^";,]|(?!{_COMMA}),)*+))(;|{_COMMA}|$)'
)
_IS_TOKEN: Final = re.compile(_TOKEN).fullmatch


class FormType(NamedTuple):
    """``kind`` of form, and its ``boundary`` if it is multipart."""

    kind: Literal["multipart", "urlencoded"]
    boundary: str = ""


# type hints are looked up in the module of the class, which is not this one
FormType.__annotations__.update(get_type_hints(FormType, globals()))
FormType.__module__ = "cardan.core.forms"


def parse_form_type(content_type: str | None, *, strict: bool = False) -> FormType | None:
    """The kind of form that ``content_type`` announces, None for any other type; see the module.

    ``strict`` accepts a boundary without quotes only if it is a token (RFC 9110 section 5.6.2), only a semicolon
    between parameters (section 5.6.6), and a urlencoded form only in UTF-8 (WHATWG URL section 5.1).

    >>> parse_form_type("multipart/form-data; boundary=B")
    FormType(kind='multipart', boundary='B')
    """
    if not content_type:
        return None
    kind, _, params = content_type.partition(";")
    if kind != MULTIPART_TYPE and kind != URLENCODED_TYPE:
        kind = kind.strip(" \t").lower()
        if kind != MULTIPART_TYPE and kind != URLENCODED_TYPE:
            return None
    if kind == URLENCODED_TYPE:
        if strict and params and any(codec != "utf-8" for codec in declared_codecs(f";{params}".lower())):
            raise UrlencodedError(f"got {content_type[:80]!r}, expected no charset but utf-8 (WHATWG URL section 5.1)")
        return URLENCODED
    if params.startswith(" boundary=") and params.isascii():
        boundary = params[10:]
        if boundary.strip("-").isalnum() or _IS_TOKEN(boundary):  # hyphens, letters, digits: nearly every boundary
            return FormType("multipart", boundary)
    return FormType("multipart", _boundary(params, strict))


URLENCODED: Final = FormType("urlencoded")


def parse_boundary(content_type: str | None) -> str | None:
    """The boundary of any multipart type (RFC 2046 section 5.1); None for a type that is not multipart.

    Raises :exc:`~cardan.exceptions.MultipartError` for a multipart type without a boundary that can be read.

    >>> parse_boundary('multipart/byteranges; boundary="=_1"')
    '=_1'
    """
    kind, _, params = (content_type or "").partition(";")
    main, _, subtype = kind.strip(" \t").partition("/")
    if main.lower() != "multipart" or not _IS_TOKEN(subtype):
        return None
    return _boundary(params, False)


def _boundary(params: str, strict: bool) -> str:
    """The one boundary among the parameters."""
    found: str | None = None
    pos, end = 0, len(params.rstrip(" \t;"))
    while pos < end:
        match = _PARAM.match(params, pos)
        if match is None:
            raise MultipartError("got a Content-Type that cannot be read, expected boundary=... among its parameters")
        pos = match.end()
        if strict and match[4] == ",":
            raise MultipartError("got parameters parted by a comma, expected a semicolon (RFC 9110 section 5.6.6)")
        if match[1].lower() != "boundary":
            continue
        if found is not None:
            raise MultipartError("got two boundary parameters, expected one")
        quoted, token = match[2], match[3]
        value: str = token.strip(" \t") if quoted is None else quoted
        if strict and quoted is None and not _IS_TOKEN(value):
            raise MultipartError(f"got boundary={value[:80]}, expected a token or a quoted string")
        found = value
    if found is None:
        raise MultipartError("got a multipart Content-Type without a boundary, expected one (RFC 2046 section 5.1.1)")
    return found


parse_form_type.__module__ = parse_boundary.__module__ = (
    "cardan.core.forms"  # help() and pickles name it as users import it
)
