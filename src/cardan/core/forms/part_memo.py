"""The memo of part heads: what the header blocks of usual text fields say.

Takes a block as it stands after a boundary; gives what it says, and remembers it. Process-wide, because real sites send
the same few heads again and again, and a look-up in a dict is ten times cheaper than reading one. Bounded in entries
and in the length of each, emptied when full, and never with a filename in it: that is a client's own. Raises what
:func:`~cardan.core.forms.head.parse_part_head` raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..exceptions import RequestEntityTooLarge
from .head import FIELD_PREFIX, PartHead, parse_part_head
from .part_headers import OneLineHeaders, PartHeaders

if TYPE_CHECKING:
    from ..limits import Limits

__all__ = ["MEMO_NEW", "Memo", "choose_memo", "read_head", "read_usual", "remember", "spare", "usual_size"]

MEMO_HEADS: Final = 512
MEMO_HEAD_SIZE: Final = 192
MEMO_LINES: Final = 4
#: New heads that one chunk may bring: a form of more is no site's own, and would only drive out those that are
#: (the benchmark's 900 names that nobody sent before: faster than to remember them).
MEMO_NEW: Final = 64

Entry = tuple[str, PartHeaders, int]
"""A text field in UTF-8: its name, its header fields, and the bytes of the part, from boundary to boundary, that count
neither as its name nor as its value."""
Memo = dict[bytes, Entry]
"""Header block, as it stands after a boundary -> what it says."""

_MEMO: Final[Memo] = {}
_STRICT_MEMO: Final[Memo] = {}


def choose_memo(strict: bool, limits: Limits) -> Memo:
    """The shared memo; one of its own where the limits would refuse a head that the shared one may hold."""
    size, lines = limits.max_part_header_size, limits.max_part_headers
    if (size is not None and size < MEMO_HEAD_SIZE) or (lines is not None and lines < MEMO_LINES):
        return {}
    return _STRICT_MEMO if strict else _MEMO


def usual_size(limits: Limits) -> int:
    """The largest head of one line that no limit refuses, if it is no larger than the memo may hold; see
    :func:`read_usual`.
    """
    if limits.max_part_headers == 0:
        return 0
    return MEMO_HEAD_SIZE if limits.max_part_header_size is None else min(MEMO_HEAD_SIZE, limits.max_part_header_size)


def read_usual(head: bytes, most: int) -> Entry | None:
    """What the head says, if it is one that browsers write for a field in plain ASCII, of at most ``most`` bytes; else
    None: read on.
    """
    if head[:40] != FIELD_PREFIX or not 40 < len(head) <= most or not head.isascii() or head[-1] != 34:
        return None
    # in this order faster than one translate() that takes out what is plain: each of these is one call in C
    name = head[40:-1].decode()
    if not name.isprintable() or '"' in name or "\\" in name or "%" in name:
        return None
    return name, OneLineHeaders(head[2:]), 44 + 1


def spare(head: bytes, part: PartHead) -> int:
    """What does not count of a part with this head; see :data:`Entry`."""
    return len(head) + 4 - part.cost


def remember(head: bytes, entry: Entry, memo: Memo) -> None:
    """Put ``entry`` into ``memo``."""
    if len(memo) >= MEMO_HEADS:
        memo.clear()
    memo[head] = entry


def read_head(head: bytes, memo: Memo, strict: bool, limits: Limits) -> PartHead:
    """What ``head`` says, and a note of it in the memo. Raises as :func:`parse_part_head`, and 413 for its size."""
    entry = memo.get(head)
    if entry is not None:
        return PartHead(entry[0], None, entry[1])
    allowed = limits.max_part_header_size
    if allowed is not None and len(head) > allowed:
        raise RequestEntityTooLarge(limit="max_part_header_size", allowed=allowed)
    part = parse_part_head(head, strict=strict, limits=limits)
    if part.filename is None and _is_usual(head, part):
        remember(head, (part.name, part.headers, spare(head, part)), memo)
    return part


def _is_usual(head: bytes, part: PartHead) -> bool:
    if len(head) > MEMO_HEAD_SIZE or part.codec != "utf-8" or part.length is not None:
        return False
    return head.startswith(b"\r\n") and head.count(b"\r\n") <= MEMO_LINES
