"""The header block of one part: bytes -> :class:`PartHead`, with its fields as :class:`PartHeaders`.

Takes the block as it stands after a boundary: transport padding, CRLF, the header lines parted by CRLF. Raises
:exc:`~cardan.exceptions.MultipartError` for a block that is refused (docs/explanation/strange-forms.md lists the
cases) and :exc:`~cardan.exceptions.RequestEntityTooLarge` for one that exceeds ``max_part_headers``. Takes linear time.

Usual heads are read once and remembered in a *memo*, because a site's forms send the same few heads again and again: a
look-up in a dict takes a tenth of the time of reading one. The memo is shared by all requests of the process. It is
bounded in entries and in the length of each, it is emptied when it is full, and it never holds a filename: filenames
belong to one client.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn

from .._exceptions import MultipartError, RequestEntityTooLarge
from ..structures._header_rules import join_values
from ..structures._headers import HeadersView, ImmutableHeadersMixin
from ._disposition import filename_bytes, parse_disposition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._limits import Limits

__all__ = [
    "BLANK",
    "FIELD_PREFIX",
    "MAX_PADDING",
    "MEMO_HEADS",
    "MEMO_HEAD_SIZE",
    "MEMO_NEW",
    "Entry",
    "Memo",
    "OneLineHeaders",
    "PartHead",
    "PartHeaders",
    "choose_memo",
    "declared_codecs",
    "parse_part_head",
    "parse_part_headers",
    "read_head",
    "remember",
    "sent_filename",
    "unfold",
    "written_codec",
    "written_headers",
]

#: What ends a header block.
BLANK: Final = b"\r\n\r\n"
#: The longest padding that is accepted after a boundary. RFC 2046 section 5.1.1 lets gateways pad the boundary line;
#: none was seen to send more than a few spaces.
MAX_PADDING: Final = 64
#: How many heads a memo holds.
MEMO_HEADS: Final = 512
#: The size of the largest head that a memo holds, in bytes.
MEMO_HEAD_SIZE: Final = 192
#: How many header lines a head in a memo has at most.
MEMO_LINES: Final = 4
#: How many new heads the parts of one chunk may add to a memo. A site does not send a form with more new names again
#: and again. Its heads would only replace useful ones.
MEMO_NEW: Final = 64

_LINE: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\0\r\n]*)")
_CHARSET: Final = re.compile(r'[;,][ \t]*charset[ \t]*=[ \t]*"?([^\s";]*)', re.IGNORECASE)
# The encodings that browsers ever posted forms in. "latin-1" is read as its label says, not as windows-1252.
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

#: How browsers begin the head of a text field.
FIELD_PREFIX: Final = b'\r\nContent-Disposition: form-data; name="'
_FIELD_START: Final = FIELD_PREFIX[:-1]
_FILE_TYPE: Final = b"\r\nContent-Type: "
# printable ASCII without quote, backslash and percent, and every byte that may belong to a character in UTF-8
_PLAIN: Final = bytes(c for c in range(32, 256) if c not in b'"\\%\x7f')
_PLAIN_TYPE: Final = bytes(c for c in range(32, 127) if c not in b'"\\;,')


# --- the header fields of a part ---


def unfold(block: bytes) -> bytes:
    """``block`` with folded lines joined by one space.

    RFC 9112 section 5.2: a line that begins with a space or a tab continues the one before; the white space on both
    sides of the line end reads as one space. Each line is looked at once: a pattern that begins with white space would
    try every space of a long run as its start.
    """
    if b"\r\n " not in block and b"\r\n\t" not in block:
        return block
    first, *lines = block.split(b"\r\n")
    joined = [first]
    for line in lines:
        if line.startswith((b" ", b"\t")):
            joined[-1] = joined[-1].rstrip(b" \t")
            joined += b" ", line.lstrip(b" \t")
        else:
            joined += b"\r\n", line
    return b"".join(joined)


class PartHeaders(ImmutableHeadersMixin, HeadersView):
    """The header fields of one part, as text: UTF-8, with U+FFFD for bytes that are not.

    ``block`` is a header block that :func:`parse_part_head` has accepted: its lines, parted by CRLF. It is parsed when
    a field is first asked for. The object is read-only, so that the parts of all requests may share one.
    """

    __module__ = "cardan.core.forms"

    __slots__ = ("_block", "_pairs")

    _pairs: list[tuple[str, str]]
    """Unset until a field is asked for: one of these objects is made for every part of every form."""

    def __init__(self, block: bytes) -> None:
        self._block = block

    @property
    def _is_one_line(self) -> bool:
        """Whether there is nothing but the Content-Disposition."""
        block = self._block
        return b"\r\n" not in block and (not block or block[:20].lower() == b"content-disposition:")

    @property
    def raw(self) -> bytes:
        """The header block as it was sent, without its last line end."""
        return self._block

    def _list(self) -> list[tuple[str, str]]:
        try:
            return self._pairs
        except AttributeError:
            lines = [line.partition(b":") for line in unfold(self._block).split(b"\r\n")]
            pairs = [(name.decode("ascii", "replace"), _field_text(value)) for name, colon, value in lines if colon]
            self._pairs = pairs
            return pairs

    def _find_all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self._list() if key.lower() == wanted]

    def _find(self, name: str) -> str | None:
        values = self._find_all(name)
        return join_values(name, values) if values else None

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.title() for name, _ in self._list()))

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self._list()})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PartHeaders) and self._block == other._block:
            return True
        return super().__eq__(other)

    __hash__ = None

    def __reduce__(self) -> tuple[object, ...]:
        return PartHeaders, (self._block,)  # the class below is known to this package only


def written_headers(fields: Mapping[str, str]) -> PartHeaders:
    """The header fields of a part that is not read, but made.

    Raises :exc:`ValueError` for a name that is no token, and for a value with CR, LF or NUL.
    """
    if isinstance(fields, PartHeaders):
        return fields
    lines = []
    for name, value in fields.items():
        line = f"{name}: {value}".encode()
        if _LINE.fullmatch(line) is None or ":" in name:
            raise ValueError(f"got header {name!r}: {value!r}, expected a token and a value without CR, LF and NUL")
        lines.append(line)
    return PartHeaders(b"\r\n".join(lines))


def written_codec(headers: PartHeaders | None) -> str:
    """The codec in which a text field with these ``headers`` is read, in default mode."""
    return "utf-8" if headers is None else _codec(headers.get("Content-Type", "").lower(), False)


def sent_filename(headers: object, filename: str | None) -> bytes | None:
    """The bytes of ``filename`` as they stand in the ``headers`` of a part; None for a text field.

    A file that no form has given has no such headers: its filename is encoded.
    """
    if filename is None:
        return None
    if isinstance(headers, PartHeaders):
        for line in unfold(headers.raw).split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-disposition":
                sent = filename_bytes(value.strip(b" \t"))
                if sent is not None:
                    return sent
    return filename.encode("utf-8", "surrogatepass")


class OneLineHeaders(PartHeaders):
    """The headers of a part that are known to be one line, the Content-Disposition: most text fields have no other."""

    __slots__ = ()


def _field_text(value: bytes) -> str:
    return value.strip(b" \t").decode("utf-8", "replace")


# --- reading a head ---


class PartHead:
    """What the header block of a part says.

    ``name``; ``filename``, None for a text field; ``headers``; ``codec`` of a text field; ``length``: the declared
    length in bytes, in strict mode only; ``cost``: how many bytes the name counts in the memory of the form.
    """

    __slots__ = ("codec", "cost", "filename", "headers", "length", "name")

    def __init__(
        self, name: str, filename: str | None, headers: PartHeaders, codec: str = "utf-8", length: int | None = None
    ) -> None:
        self.name = name
        self.filename = filename
        self.headers = headers
        self.codec = codec
        self.length = length
        self.cost = len(name) if name.isascii() else len(name.encode())


def parse_part_head(block: bytes, *, strict: bool, limits: Limits) -> PartHead:
    """What ``block`` says; see the module. The caller has checked its size against ``max_part_header_size``."""
    allowed = limits.max_part_headers
    if allowed is None or allowed > 1:
        plain = _plain_head(block, strict)
        if plain is not None:
            return plain
    block, lines = _lines(block, strict, allowed)
    return _read_fields(block, lines, strict)


def parse_part_headers(block: bytes, limits: Limits) -> PartHeaders:
    """The header fields of a part of any multipart, which needs none (RFC 2046 section 5.1).

    ``block`` is as for :func:`parse_part_head`, and empty if the part has no fields.
    """
    if not block:
        return PartHeaders(block)
    block, lines = _lines(block, False, limits.max_part_headers)
    for line in lines:
        if _LINE.fullmatch(line) is None:
            _bad_line(line)
    return PartHeaders(block)


def _lines(block: bytes, strict: bool, allowed: int | None) -> tuple[bytes, list[bytes]]:
    """``block`` without what precedes its first line, and its lines, unfolded: at most ``allowed``."""
    block = block[2:] if block.startswith(b"\r\n") else _after_padding(block, strict)
    if b"\r\n " in block or b"\r\n\t" in block:
        if strict:
            raise MultipartError("got a folded header line in a part, expected one line (RFC 9112 section 5.2)")
        lines = unfold(block).split(b"\r\n")
    else:
        lines = block.split(b"\r\n")
    if allowed is not None and len(lines) > allowed:
        raise RequestEntityTooLarge(limit="max_part_headers", allowed=allowed)
    return block, lines


def _plain_head(block: bytes, strict: bool) -> PartHead | None:
    """What ``block`` says, if it is written as browsers write it and nothing in it is escaped; else None."""
    pieces = block.split(b'"')
    if pieces[0] != _FIELD_START or len(pieces) not in (3, 5) or pieces[1].translate(None, _PLAIN):
        return None
    rest = pieces[-1]
    try:
        if len(pieces) == 3:
            return None if rest else PartHead(pieces[1].decode(), None, OneLineHeaders(block[2:]))
        filename = pieces[3]
        if pieces[2] != b"; filename=" or filename.translate(None, _PLAIN):
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


def declared_codecs(kind: str) -> list[str]:
    """The codecs of the charsets that a Content-Type in lower case declares; ``""`` for one that is not known."""
    return [_CODECS.get(label, "") for label in _CHARSET.findall(kind)]


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


# --- the memo ---

Entry = tuple[str, PartHeaders, int]
"""A text field in UTF-8: its name, its header fields, and how many bytes of the part, from boundary to boundary, count
neither as its name nor as its value."""
Memo = dict[bytes, Entry]
"""Header block, as it stands after a boundary -> the field that it begins."""

_MEMO: Final[Memo] = {}
_STRICT_MEMO: Final[Memo] = {}


def choose_memo(strict: bool, limits: Limits) -> Memo:
    """The shared memo of the mode; a new one if ``limits`` refuse heads that the shared one may hold."""
    size, lines = limits.max_part_header_size, limits.max_part_headers
    if (size is not None and size < MEMO_HEAD_SIZE) or (lines is not None and lines < MEMO_LINES):
        return {}
    return _STRICT_MEMO if strict else _MEMO


def remember(head: bytes, entry: Entry, memo: Memo) -> None:
    """Put ``entry`` into ``memo``, which is emptied first if it is full."""
    if len(memo) >= MEMO_HEADS:
        memo.clear()
    memo[head] = entry


def read_head(head: bytes, memo: Memo, strict: bool, limits: Limits) -> PartHead:
    """What ``head`` says. Looks into ``memo`` first, and remembers there a usual head of a text field.

    Raises as :func:`parse_part_head`. The caller has checked the size of the head.
    """
    entry = memo.get(head)
    if entry is not None:
        return PartHead(entry[0], None, entry[1])
    part = parse_part_head(head, strict=strict, limits=limits)
    if part.filename is None and _may_be_remembered(head, part):
        remember(head, (part.name, part.headers, len(head) + 4 - part.cost), memo)
    return part


def _may_be_remembered(head: bytes, part: PartHead) -> bool:
    if len(head) > MEMO_HEAD_SIZE or part.codec != "utf-8" or part.length is not None:
        return False
    return head.startswith(b"\r\n") and head.count(b"\r\n") <= MEMO_LINES
