r"""The Content-Disposition of a part: the value of the field as text -> its name and filename.

Raises :exc:`~cardan.exceptions.MultipartError` for a value that cannot be read. Takes linear time.

Names are read as browsers write them (WHATWG HTML, multipart/form-data encoding algorithm): ``%22``, ``%0D`` and
``%0A`` are escapes, a backslash is a backslash. They are also read as older clients wrote them: in a value that
contains ``\"``, both ``\"`` and ``\\`` are quoted-pairs (RFC 822). RFC 7578 section 4.2 forbids ``filename*``; it
is used only if there is no ``filename``, and ``filename*0``, ``filename*1`` (RFC 2231) only if there is neither. The
same holds for ``name*``. Strict mode refuses them, and every disposition type but ``form-data``.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from .._exceptions import MultipartError
from ..fields._options import join_sections, section_of

__all__ = ["filename_bytes", "parse_disposition"]

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# Possessive quantifiers everywhere: nothing is tried twice, so that no value takes more than one pass.
_NAME = rf"[ \t]*+({_TOKEN}+)([ \t]*+)=([ \t]*+)"
# RFC 9110 section 5.6.6, the quoted-pair reading: a quote after a backslash does not close
_QUOTED_PAIR: Final = re.compile(_NAME + r'(?:"((?:[^"\\]|\\.)*+)"[ \t]*+|([^";]*+))(?:;|$)')
# the browsers' reading: a backslash is data, the quote that is followed by ";" or the end closes
_LITERAL: Final = re.compile(_NAME + r'(?:"(.*?)"[ \t]*+(?:;|$)|([^";]*+)(?:;|$))')
_PLAIN: Final = re.compile(r'form-data; name="([^"\\%\x00-\x1f\x7f]*)"(?:; filename="([^"\\%\x00-\x1f\x7f]*)")?')
_IS_TOKEN: Final = re.compile(_TOKEN).fullmatch
_PAIR: Final = re.compile(r'\\(["\\])')
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_CHARSETS: Final = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}  # RFC 8187 section 3.2.1: the ones a receiver knows
_DRIVE: Final = re.compile(r"[A-Za-z]:\\|\\\\")


def parse_disposition(value: str, *, strict: bool = False) -> tuple[str, str | None]:
    """Name and filename of ``form-data; name="..."; filename="..."``; the filename is None for a text field.

    >>> parse_disposition('form-data; name="photo"; filename="a.jpg"')
    ('photo', 'a.jpg')
    """
    if plain := _PLAIN.fullmatch(value):
        return plain[1], plain[2]
    kind, _, rest = value.partition(";")
    kind = kind.strip(" \t")
    if kind.lower() != "form-data" and (strict or not _IS_TOKEN(kind)):
        raise MultipartError(f"got Content-Disposition {kind[:40]!r}, expected form-data (RFC 7578 section 4.2)")
    params = _parameters(rest, strict)
    name = params.get("name")
    text = _unescape(name) if name is not None else None if strict else _encoded(params, "name")
    if text is None:
        raise MultipartError("got a part without a name, expected name= in its Content-Disposition")
    return text, _filename(params, strict)


def filename_bytes(value: bytes) -> bytes | None:
    r"""The bytes of the filename in a value that :func:`parse_disposition` accepts; None if there is none.

    They are read as the text is: escapes are undone, and of ``filename*`` they are what its escapes stand for.

    >>> filename_bytes(b'form-data; name="photo"; filename="caf\xe9.jpg"')
    b'caf\xe9.jpg'
    """
    params = _parameters(value.decode("utf-8", "surrogateescape").partition(";")[2], False)
    extended = params.get("filename*")
    if extended is not None and "filename" not in params:
        return unquote_to_bytes(extended.split("'", 2)[-1].encode("utf-8", "surrogateescape"))
    text = _filename(params, False)
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _parameters(text: str, strict: bool) -> dict[str, str]:
    found = _scan(_QUOTED_PAIR, text, strict)
    if found is None:
        found = _scan(_LITERAL, text, strict)
    if found is None:
        raise MultipartError("got a Content-Disposition that cannot be read, expected name=value pairs parted by ';'")
    params: dict[str, str] = {}
    for key, value in found:
        if key in params:
            raise MultipartError(f"got two {key} parameters in a Content-Disposition, expected one")
        params[key] = value
    return params


def _scan(pattern: re.Pattern[str], text: str, strict: bool) -> list[tuple[str, str]] | None:
    """The parameters in ``text`` as ``pattern`` reads them; None if it does not match."""
    found = []
    pos, end = 0, len(text.rstrip(" \t;" if not strict else " \t"))
    while pos < end:
        match = pattern.match(text, pos)
        if match is None:
            return None
        key, before, after, quoted, token = match.groups()
        wrong = not _IS_TOKEN(token.rstrip(" \t")) if quoted is None else '"' in quoted.replace('\\"', "")
        if strict and (before or after or wrong):
            raise MultipartError(f"got parameter {match[0][:40]!r}, expected name=value (RFC 9110 section 5.6.6)")
        found.append((key.lower(), token.strip(" \t") if quoted is None else quoted))
        pos = match.end()
    return found


def _unescape(text: str) -> str:
    if (plain := _without_pairs(text)) is not text:
        return plain
    if "%" in text:
        return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
    return text


def _without_pairs(text: str) -> str:
    """``text`` without the backslashes of its quoted-pairs; ``text`` itself if it has none."""
    return _PAIR.sub(r"\1", text) if '\\"' in text else text


def _filename(params: dict[str, str], strict: bool) -> str | None:
    if strict and any("*" in key for key in params):
        raise MultipartError("got an extended parameter, expected none (RFC 7578 section 4.2)")
    filename = params.get("filename")
    if filename is None:
        return _encoded(params, "filename")
    filename = _unescape(filename)
    if strict and _CONTROL.search(filename):
        raise MultipartError("got a control character in a filename, expected none")
    if _DRIVE.match(filename):  # Internet Explorer sent the whole path
        filename = filename.rpartition("\\")[2] or filename
    return filename


def _encoded(params: dict[str, str], name: str) -> str | None:
    """The text of a parameter that is sent encoded, or in sections; None without one."""
    extended = params.get(f"{name}*")
    return _in_sections(params, name) if extended is None else _extended(name, extended)


def _extended(name: str, value: str) -> str:
    """The text of an ext-value (RFC 8187 section 3.2.1), which urllib3 before 1.25, aiohttp and .NET send."""
    charset, _, rest = value.partition("'")
    codec = _CHARSETS.get(charset.strip().lower())
    if codec is None or "'" not in rest:
        raise MultipartError(f"got {name}*={value[:40]!r}, expected UTF-8''... (RFC 8187)")
    text = unquote_to_bytes(rest.partition("'")[2]).decode(codec, "replace")
    if "\0" in text:
        raise MultipartError(f"got NUL in {name}*, expected none")
    return text


def _in_sections(params: dict[str, str], name: str) -> str | None:
    """The text of a parameter that is sent in sections, which mail programs do (RFC 2231 section 3); None without."""
    found = [(section, value) for key, value in params.items() if (section := section_of(key)) and section[0] == name]
    if not found:
        return None
    pieces = {number: (value if encoded else _without_pairs(value), encoded) for (_, number, encoded), value in found}
    text = join_sections(pieces)
    if text is None:
        raise MultipartError(
            f"got sections of {name} that cannot be joined, expected {name}*0=... (RFC 2231 section 3)"
        )
    return text
