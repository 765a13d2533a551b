"""The fast paths of forms: whole forms, and parts that are complete in one chunk, are read without the state tables.

Each function takes bytes and the :class:`~cardan.core.forms._plan.Plan`, and gives what the state tables would give for
the same bytes. If it meets anything unusual it changes nothing and returns None. It may also raise, as
:func:`~cardan.core.forms._head.parse_part_head` and ``bytes.decode`` do; the caller treats that as None. The state
tables then read the same bytes, and only they refuse a form. The caller asks the plan whether a limit is exceeded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from ._events import Field, FileEnd, FileStart
from ._form import Form
from ._head import BLANK, FIELD_PREFIX, MEMO_NEW, OneLineHeaders, read_head, remember
from ._urlencoded import has_strict_names, is_strict, usual_pairs

if TYPE_CHECKING:
    from ._events import FormEvent
    from ._head import Entry
    from ._plan import Plan

__all__ = ["CLOSINGS", "Taken", "take_form", "take_pairs", "take_parts"]

#: What follows the last boundary of a usual form.
CLOSINGS: Final = (b"--\r\n", b"--")

Taken: TypeAlias = "tuple[Form, list[tuple[FileStart, bytes]]]"
"""A form with its fields, and the start and the data of each of its files, which are not in it yet."""
_NO_FILES: Final[list[tuple[FileStart, bytes]]] = []


def take_pairs(body: bytes, plan: Plan) -> Taken | None:
    """The form in a whole urlencoded body."""
    if len(body) >= 2 * plan.parts and body.count(b"&") >= plan.parts:  # a pair has at least a byte, and an "&"
        return None  # before any of very many pairs is decoded
    if plan.strict and not is_strict(body):
        return None
    pairs = usual_pairs(body)
    if pairs is None or (plan.strict and not has_strict_names(pairs)):
        return None
    return Form(pairs), _NO_FILES


def take_form(delimiter: bytes, body: bytes, plan: Plan) -> Taken | None:
    """The form in a whole multipart body.

    It makes no events, because making them would be most of the work.
    """
    if not body.endswith(CLOSINGS):
        return None
    pieces = body.split(delimiter, plan.parts + 1)
    if pieces.pop() not in CLOSINGS or not pieces or not pieces[0].startswith(delimiter[2:]):
        return None
    pieces[0] = pieces[0][len(delimiter) - 2 :]
    known = plan.memo.get
    fields: list[tuple[str, str]] = []
    files: list[tuple[FileStart, bytes]] = []
    special: dict[int, Field] | None = None
    new = 0
    for piece in pieces:
        head, blank, value = piece.partition(BLANK)
        entry = known(head)
        if entry is None or not blank:
            part = _read_part(head, plan, new < MEMO_NEW) if blank else None
            if part is None:
                return None
            new += 1
            if isinstance(part, FileStart):
                files.append((part, value))
                continue
            entry = part
        name, headers, _ = entry
        text = value.decode()
        if type(headers) is not OneLineHeaders and not headers._is_one_line:
            special = special or {}
            special[len(fields)] = Field(name, text, value, headers)
        fields.append((name, text))
    return Form(fields, None, special), files


def take_parts(pieces: list[bytes], size: int, plan: Plan) -> tuple[list[FormEvent], int, int] | None:
    """The events of whole parts, how many bytes of text they have, and how many of them are files.

    ``pieces`` are what stands between boundaries, ``size`` bytes together.
    """
    known = plan.memo.get
    events: list[FormEvent] = []
    files = new = 0
    for piece in pieces:
        head, blank, value = piece.partition(BLANK)
        entry = known(head)
        if entry is None or not blank:
            part = _read_part(head, plan, new < MEMO_NEW) if blank else None
            if part is None:
                return None
            new += 1
            if isinstance(part, FileStart):
                files += 1
                size -= len(piece)
                events.append(part)
                if value:
                    events.append(value)
                events.append(FileEnd())
                continue
            entry = part
        name, headers, spare = entry
        try:
            events.append(Field(name, value.decode(), value, headers))
        except UnicodeDecodeError:
            if plan.strict:
                return None
            events.append(Field(name, value.decode("utf-8", "replace"), value, headers))
        size -= spare
    return events, size, files


def _read_part(head: bytes, plan: Plan, remembers: bool) -> Entry | FileStart | None:
    """Read a head that is not in the memo: gives the entry of a text field, or the start of a file.

    None if the data of the part need more than decoding as UTF-8, or the head is too large.
    """
    size = len(head)
    if head[:40] == FIELD_PREFIX and 40 < size <= plan.usual_head and head[-1] == 34 and head.isascii():
        name = head[40:-1].decode()
        # each of these tests is one call into C: together they are faster than one translate() that removes what is
        # plain
        if name.isprintable() and '"' not in name and "\\" not in name and "%" not in name:
            entry = name, OneLineHeaders(head[2:]), 45
            if remembers:
                remember(head, entry, plan.memo)
            return entry
    if size > plan.head:
        return None
    part = read_head(head, plan.memo, plan.strict, plan.limits)
    if part.length is not None or part.codec != "utf-8":
        return None
    if part.filename is not None:
        return FileStart(part.name, part.filename, part.headers)
    return part.name, part.headers, size + 4 - part.cost
