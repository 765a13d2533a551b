"""The straight path of :class:`~cardan.core.body.multipart_decoder.MultipartDecoder`: parts that lie whole in a chunk.

Takes what stands between boundaries; appends the events of these parts. Returns None where anything is out of the
ordinary: then the decoder takes the events back and lets its readers decide, which alone refuse. Held to them by a
property test.

Heads are remembered, process-wide: real sites send the same few again and again, and a look-up in a dict is ten
times cheaper than reading one. The memo is bounded, is emptied when full, and never holds a filename: that is a
client's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..exceptions import RequestEntityTooLarge
from .events import Field, FileEnd, FileStart
from .part_head import PartHead, parse_part_head

if TYPE_CHECKING:
    from ..limits import Limits
    from .events import FormEvent

__all__ = ["BLANK", "Memo", "choose_memo", "read_head", "take_parts"]

BLANK: Final = b"\r\n\r\n"

MEMO_HEADS: Final = 512
MEMO_HEAD_SIZE: Final = 192
MEMO_LINES: Final = 4

Memo = dict[bytes, PartHead]
"""Header block, as it stands after a boundary -> what it says; text fields in UTF-8 only."""

_MEMO: Final[Memo] = {}
_STRICT_MEMO: Final[Memo] = {}


def choose_memo(strict: bool, limits: Limits) -> Memo:
    """The shared memo; one of its own where the limits would refuse a head that the shared one may hold."""
    size, lines = limits.max_part_header_size, limits.max_part_headers
    if (size is not None and size < MEMO_HEAD_SIZE) or (lines is not None and lines < MEMO_LINES):
        return {}
    return _STRICT_MEMO if strict else _MEMO


def take_parts(
    pieces: list[bytes], events: list[FormEvent], memo: Memo, strict: bool, limits: Limits
) -> tuple[int, int, int] | None:
    """Append the events of ``pieces``; returns how many were taken, how many of them are files, and the bytes of text.

    It stops before a piece that begins with ``--``: the body has ended there. Raises as :func:`parse_part_head`.
    """
    known = memo.get
    append = events.append
    text = files = 0
    for piece in pieces:
        head, blank, value = piece.partition(BLANK)
        part = known(head)
        if part is None or not blank:
            if not blank:
                return (_position(pieces, piece), files, text) if piece.startswith(b"--") else None
            part = read_head(head, memo, strict, limits)
            if part.length is not None or part.codec != "utf-8":
                return None
            if part.filename is not None:
                files += 1
                append(FileStart(part.name, part.filename, part.headers))
                if value:
                    append(value)
                append(FileEnd())
                continue
        try:
            append(Field(part.name, value.decode(), value, part.headers))
        except UnicodeDecodeError:
            if strict:
                return None
            append(Field(part.name, value.decode("utf-8", "replace"), value, part.headers))
        text += part.cost + len(value)
    return len(pieces), files, text


def read_head(head: bytes, memo: Memo, strict: bool, limits: Limits) -> PartHead:
    """What ``head`` says, and a note of it in the memo. Raises as :func:`parse_part_head`, and 413 for its size."""
    allowed = limits.max_part_header_size
    if allowed is not None and len(head) > allowed:
        raise RequestEntityTooLarge(limit="max_part_header_size", allowed=allowed, received=len(head))
    part = parse_part_head(head, strict=strict, limits=limits)
    if part.filename is None and _is_usual(head, part):
        if len(memo) >= MEMO_HEADS:
            memo.clear()
        memo[head] = part
    return part


def _is_usual(head: bytes, part: PartHead) -> bool:
    if len(head) > MEMO_HEAD_SIZE or part.codec != "utf-8" or part.length is not None:
        return False
    return head.startswith(b"\r\n") and head.count(b"\r\n") <= MEMO_LINES


def _position(pieces: list[bytes], piece: bytes) -> int:
    return next(index for index, other in enumerate(pieces) if other is piece)
