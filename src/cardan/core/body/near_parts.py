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
from .part_head import FIELD_PREFIX, PartHead, parse_part_head
from .part_headers import OneLineHeaders, PartHeaders

if TYPE_CHECKING:
    from ..limits import Limits
    from .boundary import Plan
    from .events import FormEvent

__all__ = ["BLANK", "Memo", "are_narrow", "choose_memo", "read_head", "split_whole", "take_form", "take_parts"]

BLANK: Final = b"\r\n\r\n"

MEMO_HEADS: Final = 512
MEMO_HEAD_SIZE: Final = 192
MEMO_LINES: Final = 4
#: New heads that one chunk may bring: a form of more is no site's own, and would only drive out those that are
#: (the benchmark's 900 names that nobody sent before: faster than to remember them).
MEMO_NEW: Final = 64

Entry = tuple[str, PartHeaders, int]
"""A text field in UTF-8: its name, its header fields, and how many bytes its name counts."""
Memo = dict[bytes, Entry]
"""Header block, as it stands after a boundary -> what it says."""

_MEMO: Final[Memo] = {}
_STRICT_MEMO: Final[Memo] = {}


def choose_memo(strict: bool, limits: Limits) -> Memo:
    """The shared memo; one of its own where the limits would refuse a head that the shared one may hold."""
    if are_narrow(limits):
        return {}
    return _STRICT_MEMO if strict else _MEMO


def are_narrow(limits: Limits) -> bool:
    """Whether the limits may refuse a head that this module takes for usual: then its path is not for them."""
    size, lines = limits.max_part_header_size, limits.max_part_headers
    return (size is not None and size < MEMO_HEAD_SIZE) or (lines is not None and lines < MEMO_LINES)


def split_whole(delimiter: bytes, body: bytes, plan: Plan) -> list[bytes] | None:
    """What stands between the boundaries of a whole small body, the last of them too; None: it is none."""
    if len(body) > plan.whole or not body.startswith(delimiter[2:]):
        return None
    pieces = body.split(delimiter)
    last = pieces.pop()
    if (last != b"--\r\n" and last != b"--") or len(pieces) > plan.parts:
        return None
    pieces[0] = pieces[0][len(delimiter) - 2 :]
    return pieces


def take_parts(pieces: list[bytes], events: list[FormEvent], plan: Plan) -> tuple[int, int, int] | None:
    """Append the events of ``pieces``; returns how many were taken, how many of them are files, and the bytes of text.

    It stops before a piece that begins with ``--``: the body has ended there. Raises as :func:`parse_part_head`.
    """
    memo = plan.memo
    known = memo.get
    append = events.append
    text = files = new = 0
    for piece in pieces:
        head, blank, value = piece.partition(BLANK)
        entry = known(head)
        if entry is None or not blank:
            if not blank:
                return (_position(pieces, piece), files, text) if piece.startswith(b"--") else None
            entry = _read_usual(head)
            if entry is None:
                part = read_head(head, memo, plan.strict, plan.limits)
                if part.length is not None or part.codec != "utf-8":
                    return None
                if part.filename is not None:
                    files += 1
                    append(FileStart(part.name, part.filename, part.headers))
                    if value:
                        append(value)
                    append(FileEnd())
                    continue
                entry = part.name, part.headers, part.cost
            elif new < MEMO_NEW:
                new += 1
                _remember(head, entry, memo)
        name, headers, cost = entry
        try:
            append(Field(name, value.decode(), value, headers))
        except UnicodeDecodeError:
            if plan.strict:
                return None
            append(Field(name, value.decode("utf-8", "replace"), value, headers))
        text += cost + len(value)
    return len(pieces), files, text


def take_form(pieces: list[bytes], plan: Plan) -> tuple[list[tuple[str, str]], list[tuple[FileStart, bytes]]] | None:
    """Name and value of the text fields among ``pieces``, start and data of the files; None: look closer.

    What :func:`take_parts` gives, without the events: they are the larger part of the cost, where nobody asks for them.
    Only usual fields: UTF-8, with a Content-Disposition alone. Raises as :func:`parse_part_head`.
    """
    memo = plan.memo
    known = memo.get
    pairs = []
    files: list[tuple[FileStart, bytes]] = []
    new = 0
    for piece in pieces:
        head, blank, value = piece.partition(BLANK)
        entry = known(head)
        if entry is None or not blank:
            if not blank:
                return None
            entry = _read_usual(head)
            if entry is None:
                part = parse_part_head(head, strict=plan.strict, limits=plan.limits)
                if part.filename is None or part.length is not None:
                    return None
                files.append((FileStart(part.name, part.filename, part.headers), value))
                continue
            if new < MEMO_NEW:
                new += 1
                _remember(head, entry, memo)
        if type(entry[1]) is not OneLineHeaders:
            return None
        pairs.append((entry[0], value.decode()))
    return pairs, files


def _read_usual(head: bytes) -> Entry | None:
    """The head that browsers write for a field in plain ASCII; None: read on."""
    if head[:40] != FIELD_PREFIX or len(head) > MEMO_HEAD_SIZE or not head.isascii() or head[-1] != 34:
        return None
    # in this order faster than one translate() that takes out what is plain: each of these is one call in C
    name = head[40:-1].decode()
    if not name.isprintable() or '"' in name or "\\" in name or "%" in name:
        return None
    return name, OneLineHeaders(head[2:]), len(name)


def _remember(head: bytes, entry: Entry, memo: Memo) -> Entry:
    if len(memo) >= MEMO_HEADS:
        memo.clear()
    memo[head] = entry
    return entry


def read_head(head: bytes, memo: Memo, strict: bool, limits: Limits) -> PartHead:
    """What ``head`` says, and a note of it in the memo. Raises as :func:`parse_part_head`, and 413 for its size."""
    entry = memo.get(head)
    if entry is not None:
        return PartHead(entry[0], None, entry[1])
    allowed = limits.max_part_header_size
    if allowed is not None and len(head) > allowed:
        raise RequestEntityTooLarge(limit="max_part_header_size", allowed=allowed, received=len(head))
    part = parse_part_head(head, strict=strict, limits=limits)
    if part.filename is None and _is_usual(head, part):
        _remember(head, (part.name, part.headers, part.cost), memo)
    return part


def _is_usual(head: bytes, part: PartHead) -> bool:
    if len(head) > MEMO_HEAD_SIZE or part.codec != "utf-8" or part.length is not None:
        return False
    return head.startswith(b"\r\n") and head.count(b"\r\n") <= MEMO_LINES


def _position(pieces: list[bytes], piece: bytes) -> int:
    return next(index for index, other in enumerate(pieces) if other is piece)
