"""Values with parameters, ``value; name=value; ...`` (RFC 9110 section 5.6.6, RFC 8187, RFC 6266).

Takes and gives field values. Reading is linear and total, and as lenient as browsers are: a value without quotes
reaches to the next ``;``, a quote that never closes ends with the value, of equal names the first counts, a
parameter without ``=``, without a value, with an impossible name or with control characters is skipped.
``name*=UTF-8''...`` (RFC 8187) wins over the continuations ``name*0=...; name*1=...`` (RFC 2231), these win over
the plain ``name``. Writing raises :exc:`ValueError` for what must not go on the wire.

Content-Type follows other rules: :mod:`~cardan.core.fields.media_types`; and so do the parts of a multipart body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .syntax import check_token, check_value, is_text, is_token, quote_if_needed, unescape

__all__ = ["decode_extended", "dump_options", "dump_parameter", "encode_extended", "parse_options"]

# A name up to "=" or ";", then a quoted string (its first quote kept) and what follows it to the next ";", or a
# plain value. Whatever it starts with it can end with, so that no search ever goes back.
_parameter = re.compile(r';[ \t]*([^;=]*)(?:=[ \t]*(?:("[^"\\]*(?:\\.[^"\\]*)*)\\?"?[^;]*|([^;]*)))?', re.DOTALL)
_is_extended = re.compile(r"([A-Za-z0-9!#$%&+\-^_`{}~]+)'[^']*'(.*)").fullmatch
_is_encoded = re.compile(r"[\x21-\x24\x26-\x7e]*(?:%[0-9A-Fa-f]{2}[\x21-\x24\x26-\x7e]*)*").fullmatch
_is_section = re.compile(r"([^*]+)\*(0|[1-9][0-9]{0,2})(\*?)").fullmatch
_has_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_escapes = re.compile(rb"%([0-9A-Fa-f]{2})").sub
_not_attr = re.compile(rb"[^A-Za-z0-9!#$&+\-.^_`|~]").sub
# ISO 8859-1 has no characters there (what computers call latin-1 has controls): they read as "?"
_not_8859_1 = re.compile(r"[^\x20-\x7e\xa0-\xff]").sub
OWS = " \t"


def parse_options(text: str | None) -> tuple[str, dict[str, str]]:
    """Return the value, as it stands, and its parameters, their names in lower case.

    ``attachment; filename="x.txt"`` gives ``("attachment", {"filename": "x.txt"})``.
    """
    if not text:
        return "", {}
    end = text.find(";")
    if end < 0:
        return text.strip(OWS), {}
    plain: dict[str, str] = {}
    starred: dict[str, str] = {}
    clean = is_text(text)
    for name, quoted, bare in _parameter.findall(text, end):
        name = name.strip(OWS)
        if not is_token(name) or not (clean or is_text(quoted or bare)):
            continue
        name = name.lower()
        if "*" in name:
            starred.setdefault(name, quoted or bare.strip(OWS))
        elif quoted:
            plain.setdefault(name, unescape(quoted[1:]))
        elif bare := bare.strip(OWS):
            plain.setdefault(name, bare)
    if starred:
        plain.update(_extended(starred))
    return text[:end].strip(OWS), plain


def dump_options(value: str, parameters: Mapping[str, str | int | None]) -> str:
    """Return ``value`` with its parameters, quoted where they are no tokens; those that are None are left out.

    What ASCII cannot say is written as ``name*=UTF-8''...`` (RFC 8187). Raises :exc:`ValueError` for
    control characters, a name that is no token, and a ``;`` in ``value``.
    """
    if ";" in value:
        raise ValueError(f"got value {value!r}, expected no ';'")
    out = check_value(value)
    for name, item in parameters.items():
        if item is not None:
            out += f"; {dump_parameter(check_token(name, 'parameter'), str(item))}"
    return out


def dump_parameter(name: str, value: str) -> str:
    """Return one ``name=value``, or ``name*=UTF-8''...`` where ``value`` is not ASCII."""
    if value.isascii():
        return f"{name}={quote_if_needed(value)}"
    return f"{name}*={encode_extended(value)}"


def encode_extended(text: str) -> str:
    """Return ``text`` as the value of a ``name*`` parameter (RFC 8187 section 3.2): ``UTF-8''%e2%82%ac``.

    Raises :exc:`ValueError` for control characters, which would be percent-encoded but help nobody.
    """
    if _has_control(text):
        raise ValueError(f"got parameter {text!r}, expected no control characters")
    data = _not_attr(lambda found: b"%%%02X" % found[0][0], text.encode("utf-8", "replace"))
    return f"UTF-8''{data.decode('ascii')}"


def decode_extended(value: str) -> str | None:
    """Return the text of a ``name*`` value (RFC 8187 section 3.2), None if it is none.

    The charset must be UTF-8, ISO-8859-1 or US-ASCII; bytes that are not of it read as U+FFFD or ``?``. Text with
    control characters is none.
    """
    found = _is_extended(value)
    if found is None or not _is_encoded(found[2]):
        return None
    return _checked(_decode(found[1], _percent_decode(found[2])))


def _checked(text: str | None) -> str | None:
    # nobody means a line break in a name; whoever sends one hopes that it is believed
    return None if text is None or _has_control(text) else text


def _percent_decode(text: str) -> bytes:
    return _escapes(lambda found: bytes((int(found[1], 16),)), text.encode("latin-1"))


def _decode(charset: str, data: bytes) -> str | None:
    charset = charset.lower()
    if charset == "utf-8":
        return data.decode("utf-8", "replace")
    if charset == "iso-8859-1":
        return _not_8859_1("?", data.decode("latin-1"))
    if charset == "us-ascii":
        return data.decode("ascii", "replace")
    return None


def _extended(starred: dict[str, str]) -> dict[str, str]:
    # name -> section number -> text as it stands, and whether it is percent-encoded
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    whole: dict[str, str] = {}
    for name, value in starred.items():
        if found := _is_section(name):
            sections.setdefault(found[1], {}).setdefault(int(found[2]), (value, bool(found[3])))
        elif name.find("*") == len(name) - 1 > 0 and (text := decode_extended(value)) is not None:
            whole[name[:-1]] = text
    for name, parts in sections.items():
        if name not in whole and (joined := _join(parts)) is not None:
            whole[name] = joined
    return whole


def _join(parts: dict[int, tuple[str, bool]]) -> str | None:
    # RFC 2231 section 4.1: charset and language stand in section 0, and only if that is encoded
    if 0 not in parts:
        return None
    charset = ""
    data = bytearray()
    for number in range(len(parts)):
        if number not in parts:
            break
        value, encoded = parts[number]
        if not encoded:
            value = unescape(value[1:].removesuffix('"')) if value.startswith('"') else value
            data += value.encode("latin-1", "replace")
            continue
        if number == 0:
            if not (found := _is_extended(value)):
                return None
            charset, value = found[1], found[2]
        if not charset or not _is_encoded(value):
            return None
        data += _percent_decode(value)
    return _checked(_decode(charset, bytes(data)) if charset else data.decode("latin-1"))
