"""Parts that lie whole in what was fed: what stands between boundaries, read without the table of states.

Takes what a split at the boundary left; gives events (:func:`take_parts`), or fields and files where no events are
wanted (:func:`take_form`). Returns None, or raises, where anything is out of the ordinary: then the table decides,
which alone refuses. Held to it by property tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..exceptions import HTTPException
from .events import Field, FileEnd, FileStart
from .part_headers import OneLineHeaders
from .part_memo import MEMO_NEW, read_head, read_usual, remember, spare

if TYPE_CHECKING:
    from .events import FormEvent
    from .head import PartHead
    from .plan import Plan

__all__ = ["CLOSINGS", "split_whole", "take_form", "take_known", "take_parts", "take_whole"]

BLANK: Final = b"\r\n\r\n"
#: what follows the last boundary of a usual form
CLOSINGS: Final = (b"--\r\n", b"--")


def split_whole(delimiter: bytes, body: bytes, plan: Plan) -> list[bytes] | None:
    """What stands between the boundaries of a whole small body; None: it is none."""
    if len(body) > plan.whole or not body.endswith(CLOSINGS):
        return None
    pieces = body.split(delimiter)
    if pieces.pop() not in CLOSINGS or not pieces or len(pieces) > plan.parts:
        return None
    first = pieces[0]
    pieces[0] = first.removeprefix(delimiter[2:])
    return pieces if len(pieces[0]) < len(first) else None


def take_whole(delimiter: bytes, body: bytes, plan: Plan) -> list[FormEvent] | None:
    """The events of a whole small body of usual parts; else None."""
    pieces = split_whole(delimiter, body, plan) if len(body) <= plan.sure else None
    if pieces is None:
        return None
    known = plan.memo
    events: list[FormEvent] = []
    try:  # as take_known, but nothing is counted, and that is a call less
        for piece in pieces:
            head, blank, value = piece.partition(BLANK)
            name, headers, _ = known[head]
            if not blank:
                return None
            events.append(Field(name, value.decode(), value, headers))
    except (KeyError, UnicodeDecodeError):
        try:
            taken = take_parts(pieces, plan)
        except HTTPException:
            return None
        return taken[0] if taken is not None and taken[2] <= plan.files else None
    return events


def take_known(pieces: list[bytes], size: int, plan: Plan) -> tuple[list[FormEvent], int, int] | None:
    """As :func:`take_parts`, where all ``pieces`` are text fields in UTF-8 whose heads are known; None: look closer.

    ``size`` is that of all pieces.
    """
    known = plan.memo
    events: list[FormEvent] = []
    try:
        for piece in pieces:
            head, blank, value = piece.partition(BLANK)
            name, headers, uncounted = known[head]
            if not blank:
                return None
            events.append(Field(name, value.decode(), value, headers))
            size -= uncounted
    except (KeyError, UnicodeDecodeError):
        return None
    return events, size, 0


def take_parts(pieces: list[bytes], plan: Plan) -> tuple[list[FormEvent], int, int] | None:
    """The events of ``pieces``, the bytes of text among them, and how many are files.

    None where one is no usual part. Raises as :func:`parse_part_head`.
    """
    memo = plan.memo
    known = memo.get
    events: list[FormEvent] = []
    text = files = new = 0
    for piece in pieces:
        head, blank, value = piece.partition(BLANK)
        entry = known(head)
        if entry is None or not blank:
            if not blank:
                return None
            entry = read_usual(head, plan.usual)
            if entry is None:
                part = _read_part(head, plan)
                if part is None:
                    return None
                if part.filename is not None:
                    files += 1
                    events.append(FileStart(part.name, part.filename, part.headers))
                    if value:
                        events.append(value)
                    events.append(FileEnd())
                    continue
                entry = part.name, part.headers, spare(head, part)
            elif new < MEMO_NEW:
                new += 1
                remember(head, entry, memo)
        name, headers, uncounted = entry
        try:
            events.append(Field(name, value.decode(), value, headers))
        except UnicodeDecodeError:
            if plan.strict:
                return None
            events.append(Field(name, value.decode("utf-8", "replace"), value, headers))
        text += len(piece) - uncounted
    return events, text, files


def take_form(pieces: list[bytes], plan: Plan) -> tuple[list[tuple[str, str]], list[tuple[FileStart, bytes]]] | None:
    """Name and value of the text fields among ``pieces``, start and data of the files; None: look closer.

    What :func:`take_parts` gives, without the events: they are the larger part of the cost, where nobody asks for them.
    Only usual fields: UTF-8, with a Content-Disposition alone. Raises as :func:`parse_part_head`, and for what is not
    UTF-8 UnicodeDecodeError.
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
            entry = read_usual(head, plan.usual)
            if entry is None:
                part = _read_part(head, plan)
                if part is None or part.filename is None:
                    return None
                files.append((FileStart(part.name, part.filename, part.headers), value))
                continue
            if new < MEMO_NEW:
                new += 1
                remember(head, entry, memo)
        if type(entry[1]) is not OneLineHeaders:
            return None
        pairs.append((entry[0], value.decode()))
    return pairs, files


def _read_part(head: bytes, plan: Plan) -> PartHead | None:
    """A head that is not the usual one of a field; None where the part's data are not to be taken as they are."""
    part = read_head(head, plan.memo, plan.strict, plan.limits)
    return part if part.length is None and part.codec == "utf-8" else None
