"""Values with parameters, ``value; name=value; ...`` (RFC 9110 section 5.6.6, RFC 8187, RFC 6266).

The parsers take linear time, never raise, and are as lenient as browsers:

* A value without quotes ends at the next ``;``.
* A quoted string without a closing quote ends at the end of the field value.
* If a name occurs more than once, the first parameter counts.
* A parameter is skipped if it has no ``=`` or no value, if its name is not a token, or if it contains control
  characters or lone surrogates. Text beyond latin-1, which no header field has but the headers of parts have, is kept.
* ``name*=UTF-8''...`` (RFC 8187) takes precedence over the continuations ``name*0=...; name*1=...`` (RFC 2231), and
  these take precedence over ``name``. One that is damaged does not: if its bytes are not of its charset, or if a
  section is missing, it counts only if there is no ``name``.

The writers raise :exc:`ValueError` for a name or value that a header field must not contain.

Content-Type follows other rules (:mod:`~cardan.core.fields._media_types`), and so do the headers of multipart parts
(:mod:`cardan.core.forms._disposition`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._syntax import OWS, check_token, check_value, is_token, quote_if_needed, unescape

__all__ = [
    "decode_extended",
    "dump_options",
    "dump_parameter",
    "encode_extended",
    "join_sections",
    "parse_options",
    "section_of",
]

# A name up to "=" or ";". Then either a quoted string (its opening quote is captured) and any text up to the next ";",
# or a value without quotes. The pattern matches from every ";", so that findall() never backtracks.
_parameter = re.compile(r';([^;=]*)(?:=[ \t]*(?:("[^"\\]*(?:\\.[^"\\]*)*+)[^;]*|([^;]*)))?', re.DOTALL)
_is_extended = re.compile(r"([^']+)'[^']*'(.*)").fullmatch
_is_encoded = re.compile(r"[\x21-\x24\x26-\x7e]*(?:%[0-9A-Fa-f]{2}[\x21-\x24\x26-\x7e]*)*").fullmatch
_is_section = re.compile(r"([^*]+)\*(0|[1-9][0-9]{0,2})(\*?)").fullmatch
_has_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_is_clean = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*").fullmatch
_escapes = re.compile(rb"%([0-9A-Fa-f]{2})").sub
_not_attr = re.compile(rb"[^A-Za-z0-9!#$&+\-.^_`|~]").sub
# ISO 8859-1 defines no characters at 0x00-0x1f and 0x7f-0x9f, although Python's latin-1 codec maps these bytes to
# control characters. They are decoded as "?".
_not_8859_1 = re.compile(r"[^\x20-\x7e\xa0-\xff]").sub


def parse_options(text: str | None) -> tuple[str, dict[str, str]]:
    """Return the value (unchanged) and its parameters (names in lower case). None gives ``("", {})``.

    ``attachment; filename="x.txt"`` gives ``("attachment", {"filename": "x.txt"})``.
    """
    if not text:
        return "", {}
    end = text.find(";")
    if end < 0:
        return text.strip(OWS), {}
    plain: dict[str, str] = {}
    starred: dict[str, str] = {}
    clean = _is_clean(text)
    for name, quoted, bare in _parameter.findall(text, end):
        name = name.strip(OWS)
        if not is_token(name) or not (clean or _is_clean(quoted or bare)):
            continue
        name = name.lower()
        if "*" in name:
            starred.setdefault(name, quoted or bare.strip(OWS))
        elif quoted:
            plain.setdefault(name, unescape(quoted[1:]))
        elif bare := bare.strip(OWS):
            plain.setdefault(name, bare)
    if starred:
        plain.update(_extended(starred, plain))
    return text[:end].strip(OWS), plain


def dump_options(value: str, parameters: Mapping[str, str | int | None]) -> str:
    """Return ``value`` with its parameters as a field value. A parameter that is None is left out.

    A parameter value that is not a token is quoted; one that is not ASCII is written as ``name*=UTF-8''...``
    (RFC 8187). The name may also be given as ``name*``, with text or with an encoded value. Raises
    :exc:`ValueError` for control characters, for lone surrogates, for a name that is not a token or would be written
    twice (RFC 6266 section 4.1), and for a ``;`` in ``value``.
    """
    if ";" in value:
        raise ValueError(f"got value {value!r}, expected no ';'")
    out = check_value(value)
    written = set[str]()
    for name, item in parameters.items():
        if item is not None:
            parameter = dump_parameter(check_token(name, "parameter"), str(item))
            name = parameter.partition("=")[0].lower()
            if name in written:
                raise ValueError(f"got parameter {name!r} twice, expected it once")
            written.add(name)
            out += f"; {parameter}"
    return out


def dump_parameter(name: str, value: str) -> str:
    """Return one parameter: ``name=value``, or ``name*=UTF-8''...`` if ``value`` is not ASCII.

    A name that ends with ``*`` takes text, or a value that is already encoded (RFC 8187), which is not encoded twice.
    """
    if name.endswith("*"):
        if name == "*" or ("*" in name[:-1] and not _is_section(name)):
            raise ValueError(f"got parameter {name!r}, expected a name before one '*'")
        return f"{name}={value if decode_extended(value) is not None else encode_extended(value)}"
    if value.isascii():
        return f"{name}={quote_if_needed(value)}"
    return f"{name}*={encode_extended(value)}"


def encode_extended(text: str) -> str:
    """Return ``text`` as the value of a ``name*`` parameter (RFC 8187 section 3.2): ``UTF-8''%e2%82%ac``.

    Raises :exc:`ValueError` for control characters, which could be percent-encoded, but no recipient should get them,
    and for lone surrogates, which UTF-8 cannot express.
    """
    if _has_control(text):
        raise ValueError(f"got parameter {text!r}, expected no control characters")
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"got parameter {text!r}, expected text without lone surrogates") from None
    data = _not_attr(lambda found: b"%%%02X" % found[0][0], encoded)
    return f"UTF-8''{data.decode('ascii')}"


def decode_extended(value: str, undamaged: bool = False) -> str | None:
    """Return the text of a ``name*`` parameter (RFC 8187 section 3.2), None if the value is invalid.

    The charset must be UTF-8, ISO-8859-1 or US-ASCII. Bytes that are invalid in this charset are decoded as U+FFFD or
    ``?``; if the value has to be ``undamaged``, it is then invalid. A value whose text contains control characters is
    invalid.
    """
    found = _is_extended(value)
    if found is None or not _is_encoded(found[2]):
        return None
    data = _percent_decode(found[2])
    return None if undamaged and not _is_of(found[1], data) else _checked(_decode(found[1], data))


def _is_of(charset: str, data: bytes) -> bool:
    """Whether ``data`` is text in one of the charsets of :func:`decode_extended`."""
    if charset.lower() == "iso-8859-1":
        return _not_8859_1("?", data.decode("latin-1")).encode("latin-1") == data
    try:
        data.decode("utf-8" if charset.lower() == "utf-8" else "ascii")
    except UnicodeDecodeError:
        return False
    return True


def _checked(text: str | None) -> str | None:
    # No honest client sends a line break in a parameter; it would be an attempt to inject headers.
    return None if text is None or _has_control(text) else text


def _percent_decode(text: str) -> bytes:
    return _escapes(lambda found: bytes((int(found[1], 16),)), text.encode("latin-1"))


def _decode(charset: str, data: bytes) -> str | None:
    charset = charset.lower()
    if charset == "utf-8":
        return data.decode("utf-8", "replace")
    if charset == "iso-8859-1":
        return _not_8859_1("?", data.decode("latin-1"))
    if charset in ("us-ascii", "ascii"):
        return data.decode("ascii", "replace")
    return None


def _extended(starred: dict[str, str], plain: Mapping[str, str]) -> dict[str, str]:
    """The texts of the parameters that are encoded or in sections; of damaged ones only if ``plain`` lacks the name."""
    # name -> section number -> (text without quotes, whether it is percent-encoded)
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    whole: dict[str, str] = {}
    for name, value in starred.items():
        if section := section_of(name):
            piece = unescape(value[1:]) if value.startswith('"') and not section[2] else value
            sections.setdefault(section[0], {}).setdefault(section[1], (piece, section[2]))
        elif name.find("*") == len(name) - 1 > 0 and (text := decode_extended(value, name[:-1] in plain)) is not None:
            whole[name[:-1]] = text
    for name, parts in sections.items():
        if name not in whole and (joined := join_sections(parts, name in plain)) is not None:
            whole[name] = joined
    return whole


def section_of(name: str) -> tuple[str, int, bool] | None:
    """What ``name*1*`` is a section of (RFC 2231 section 3): name, number, and whether it is percent-encoded.

    None for the name of another parameter.
    """
    found = _is_section(name)
    return (found[1], int(found[2]), bool(found[3])) if found else None


def join_sections(parts: Mapping[int, tuple[str, bool]], undamaged: bool = False) -> str | None:
    """Join the sections of one parameter (RFC 2231 section 3): number to text, and whether it is percent-encoded.

    Sections after a missing one are left out. None without a section 0, if the charset is unknown or a section is not
    encoded well, and if the text contains control characters. The charsets are those of :func:`decode_extended`. If the
    parameter has to be ``undamaged``, it is None also if a section is missing, or if bytes are not of the charset.
    """
    if 0 not in parts or (undamaged and max(parts) >= len(parts)):
        return None
    charset = ""
    texts: list[str] = []
    data = bytearray()  # one character may be divided between two sections
    for number in range(len(parts)):
        if number not in parts:
            break
        value, encoded = parts[number]
        if not encoded:
            if undamaged and data and not _is_of(charset, bytes(data)):
                return None
            texts += _decode(charset, bytes(data)) or "", value
            data.clear()
            continue
        if number == 0:  # RFC 2231 section 4.1: it begins with charset and language, but only if it is percent-encoded
            if not (found := _is_extended(value)) or _decode(found[1], b"") is None:
                return None
            charset, value = found[1], found[2]
        if not charset or not _is_encoded(value):
            return None
        data += _percent_decode(value)
    if undamaged and data and not _is_of(charset, bytes(data)):
        return None
    return _checked("".join([*texts, _decode(charset, bytes(data)) or ""]))
