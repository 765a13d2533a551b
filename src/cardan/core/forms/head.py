"""PartHead: what the header block of one part says. bytes -> PartHead.

Takes the block as it stands after the boundary: transport padding, CRLF, the header lines parted by CRLF. Returns a
:class:`PartHead`. Raises :exc:`~cardan.core.exceptions.MultipartError` for a header block that is not valid and
:exc:`~cardan.core.exceptions.RequestEntityTooLarge` past ``max_part_headers``. Linear.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn

from ..exceptions import MultipartError, RequestEntityTooLarge
from .disposition import parse_disposition
from .part_headers import OneLineHeaders, PartHeaders, unfold

if TYPE_CHECKING:
    from ..limits import Limits

__all__ = ["FIELD_PREFIX", "MAX_PADDING", "PLAIN", "PartHead", "parse_part_head"]

#: RFC 2046 section 5.1.1 lets gateways pad the boundary line; nobody was seen to send more than a few spaces
MAX_PADDING: Final = 64

_LINE: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\0\r\n]*)")
_CHARSET: Final = re.compile(r';[ \t]*charset[ \t]*=[ \t]*"?([^\s";]*)', re.IGNORECASE)
# a form names its encoding for old clients' sake; these are what browsers ever posted in, latin-1 as its label says
_CODECS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}
_IDENTITY: Final = frozenset({b"7bit", b"8bit", b"binary"})  # RFC 2045 section 6.2: no transformation

FIELD_PREFIX: Final = b'\r\nContent-Disposition: form-data; name="'
_FIELD_START: Final = FIELD_PREFIX[:-1]
_FILE_TYPE: Final = b"\r\nContent-Type: "
# printable ASCII without quote, backslash and percent, and what may be UTF-8
PLAIN: Final = bytes(c for c in range(32, 256) if c not in b'"\\%\x7f')
_PLAIN_TYPE: Final = bytes(c for c in range(32, 127) if c not in b'"\\;,')


class PartHead:
    """Name, filename (None for a text field), headers; the codec of a text field; its declared length (strict only)."""

    __slots__ = ("codec", "cost", "filename", "headers", "length", "name")

    def __init__(
        self, name: str, filename: str | None, headers: PartHeaders, codec: str = "utf-8", length: int | None = None
    ) -> None:
        self.name = name
        self.filename = filename
        self.headers = headers
        self.codec = codec
        self.length = length
        self.cost = len(name) if name.isascii() else len(name.encode())  # what the name counts in the form's memory


def parse_part_head(block: bytes, *, strict: bool, limits: Limits) -> PartHead:
    """What ``block`` says, see the module. The size of the block is the caller's to check."""
    allowed = limits.max_part_headers
    if allowed is None or allowed > 1:
        plain = _plain_head(block, strict)
        if plain is not None:
            return plain
    block = block[2:] if block.startswith(b"\r\n") else _after_padding(block, strict)
    if b"\r\n " in block or b"\r\n\t" in block:
        if strict:
            raise MultipartError("got a folded header line in a part, expected one line (RFC 9112 section 5.2)")
        lines = unfold(block).split(b"\r\n")
    else:
        lines = block.split(b"\r\n")
    if allowed is not None and len(lines) > allowed:
        raise RequestEntityTooLarge(limit="max_part_headers", allowed=allowed)
    return _read_fields(block, lines, strict)


def _plain_head(block: bytes, strict: bool) -> PartHead | None:
    """The heads that browsers send, where nothing is escaped; None: look closer."""
    pieces = block.split(b'"')
    if pieces[0] != _FIELD_START or len(pieces) not in (3, 5) or pieces[1].translate(None, PLAIN):
        return None
    rest = pieces[-1]
    try:
        if len(pieces) == 3:
            return None if rest else PartHead(pieces[1].decode(), None, OneLineHeaders(block[2:]))
        filename = pieces[3]
        if pieces[2] != b"; filename=" or filename.translate(None, PLAIN):
            return None
        if rest and (not rest.startswith(_FILE_TYPE) or rest[16:].translate(None, _PLAIN_TYPE)):
            return None
        if strict and rest[16:26].lower() == b"multipart/":
            return None
        return PartHead(pieces[1].decode(), filename.decode(), PartHeaders(block[2:]))
    except UnicodeDecodeError:
        return None


def _after_padding(block: bytes, strict: bool) -> bytes:
    lines = block.lstrip(b" \t")
    padding = len(block) - len(lines)
    if strict or padding > MAX_PADDING or not lines.startswith(b"\r\n"):
        raise MultipartError(f"got {block[:20]!r} after a boundary, expected CRLF")
    return lines[2:]


def _read_fields(block: bytes, lines: list[bytes], strict: bool) -> PartHead:
    fields: dict[bytes, bytes] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            _bad_line(line)
        key = match[1].lower()
        if key not in fields:
            fields[key] = match[2].strip(b" \t")
        elif key == b"content-disposition":
            raise MultipartError("got two Content-Disposition headers in a part, expected one")
    disposition = fields.get(b"content-disposition")
    if disposition is None:
        raise MultipartError("got a part without Content-Disposition, expected one (RFC 7578 section 4.2)")
    name, filename = parse_disposition(_text(disposition, strict), strict=strict)
    kind = fields.get(b"content-type", b"").decode("latin-1").lower()
    length = _check_strictly(fields, kind) if strict else None
    codec = "utf-8" if filename is not None else _codec(kind, strict)
    return PartHead(name, filename, PartHeaders(block), codec, length)


def _bad_line(line: bytes) -> NoReturn:
    if b"\n" in line or b"\r" in line:
        raise MultipartError("got a bare CR or LF in a part's header, expected lines that end with CRLF")
    if b"\0" in line:
        raise MultipartError("got NUL in a part's header, expected none")
    raise MultipartError(f"got the part header {line[:40]!r}, expected name: value")


def _text(value: bytes, strict: bool) -> str:
    if not strict:
        return value.decode("utf-8", "replace")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise MultipartError("got a name that is not UTF-8, expected UTF-8 (RFC 7578 section 5.1)") from None


def _codec(kind: str, strict: bool) -> str:
    match = _CHARSET.search(kind)
    if match is None:
        return "utf-8"
    codec = _CODECS.get(match[1], "")
    if strict and codec != "utf-8":
        raise MultipartError(f"got charset {match[1][:40]!r} in a part, expected utf-8")
    return codec or "utf-8"


def _check_strictly(fields: dict[bytes, bytes], kind: str) -> int | None:
    """What strict mode forbids; returns the declared length of the part (RFC 7578 section 4.8), if there is one."""
    encoding = fields.get(b"content-transfer-encoding")
    if encoding is not None and encoding.lower() not in _IDENTITY:
        raise MultipartError(f"got Content-Transfer-Encoding {encoding[:40]!r}, expected none (RFC 7578 section 4.7)")
    if kind.startswith("multipart/"):
        raise MultipartError("got a multipart inside a part, expected none (RFC 7578 section 4.3)")
    length = fields.get(b"content-length")
    if length is None:
        return None
    if not length.isdigit() or len(length) > 19:
        raise MultipartError(f"got Content-Length {length[:40]!r} in a part, expected digits")
    return int(length)
