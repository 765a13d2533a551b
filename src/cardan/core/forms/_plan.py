"""The limits on a form and what follows from them, for every way in which the bytes of a form are read.

A :class:`Plan` is made of the limits and the mode before the first byte is read. It tells which limits a form, or
parts, of a given size cannot exceed. The fast paths ask it once, after they have split the bytes
(:meth:`Plan.admits_form`, :meth:`Plan.admits_parts`). The state table calls a ``check_...()`` function for each field
and file, which raises :exc:`~cardan.exceptions.RequestEntityTooLarge`.

If a field exceeds two limits, the error names the limit that an earlier byte exceeds. So the error does not depend on
how many bytes of the field were fed at once.
"""

from __future__ import annotations

import sys
from copy import copy
from typing import TYPE_CHECKING, Final, Literal, get_args

from .._exceptions import MultipartError, RequestEntityTooLarge
from ._head import MEMO_HEAD_SIZE, choose_memo

if TYPE_CHECKING:
    from .._limits import Limits
    from ._events import FileStart

__all__ = [
    "WINDOW",
    "FormRules",
    "Plan",
    "check_boundary",
    "check_field",
    "check_file",
    "check_files",
    "check_form_rules",
    "check_parts",
    "field_room",
    "least_read",
    "plan_for",
    "want_part",
]

FormRules = Literal["default", "strict", "silent"]
"""How forms are read: ``silent`` decodes as ``default`` does, and :class:`FormReader` gives an empty form for a broken
one."""

_FORM_RULES: Final = get_args(FormRules)


def check_form_rules(value: object) -> None:
    """Raise :exc:`ValueError` if ``value`` is none of the values of :data:`FormRules`."""
    if value not in _FORM_RULES:
        raise ValueError(f"got form_rules = {value!r}, expected one of {', '.join(map(repr, _FORM_RULES))}")


#: How many bytes of a body are split into parts at once. It bounds what is copied, and what is decoded in vain if
#: the state table has to read the same bytes.
WINDOW: Final = 131_072
#: How many bytes of a part may wait undecoded for the rest of it.
WAIT: Final = 4096
#: The least number of bytes of a part besides its boundary: a header with an empty name, and the line ends around it.
LEAST_PART: Final = len(b"\r\nContent-Disposition:x;name=\r\n")
#: The least number of bytes of a header field.
LEAST_HEADER: Final = len(b"a:\r\n")
#: The longest boundary in strict mode (RFC 2046 section 5.1.1).
STRICT_BOUNDARY: Final = 70

_BCHARS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=? "
_PRINTABLE: Final = bytes(c for c in range(32, 127) if c not in b'"\\')
#: bytes for each allowed part that a body may have to be read before it is parsed: a short field of a urlencoded form
PART_SIZE: Final = 64
_NO_LIMIT: Final = sys.maxsize - 1


def _size(limit: int | None) -> int:
    return _NO_LIMIT if limit is None else limit


class Plan:
    """What follows from ``limits`` and the mode. All attributes but ``parts`` and ``files`` are numbers of bytes.

    ``whole``: the largest body that is parsed at once; no body of this size exceeds ``max_content_length``.
    ``window``: how much is split into parts at once, 0 if everything is left to the state table.
    ``wait``: how much of a part that has begun may wait for the rest of it.
    ``safe_form``: no form of this size can exceed a limit on the size of fields or files.
    ``safe_body``: the same, and no body of this size exceeds ``max_content_length`` or ``max_data_memory``. It has no
    more than ``PART_SIZE`` bytes for each part that is allowed: a body with too many parts is not read to its end.
    ``safe_part``: no part of this size, header included, can exceed the limit on one field or one file.
    ``parts`` and ``files``: how many are allowed. ``total``: how much all fields may have together.
    ``head``: how much a header block may have; ``usual_head``: the same for one line that goes into the memo.
    ``boundary``: how long a boundary may be. ``want``: how much the first read asks for.
    ``memo``: the memo of heads to use.
    """

    __slots__ = (
        "_for_table", "boundary", "files", "head", "limits", "memo", "parts", "safe_body", "safe_form", "safe_part",
        "strict", "total", "usual_head", "wait", "want", "whole", "window",
    )  # fmt: skip

    def __init__(self, limits: Limits, strict: bool) -> None:
        self.limits = limits
        self.strict = strict
        self.memo = choose_memo(strict, limits)
        self.parts = _size(limits.max_form_parts)
        self.files = _size(limits.max_files)
        self.total = _size(limits.max_form_memory_total)
        self.head = _size(limits.max_part_header_size)
        self.usual_head = 0 if limits.max_part_headers == 0 else min(MEMO_HEAD_SIZE, self.head)
        field = _size(limits.max_form_memory_size)
        self.safe_part = min(field, _size(limits.max_file_size))
        self.safe_form = min(self.safe_part, self.total)
        self.whole = min(WINDOW, _size(limits.max_content_length))
        self.safe_body = min(self.safe_form, self.whole, _size(limits.max_data_memory), self.parts * PART_SIZE)
        self.window = WINDOW
        self.wait = min(WAIT, field, self.head)
        boundary = _size(limits.max_boundary_size)
        self.boundary = min(boundary, STRICT_BOUNDARY) if strict else boundary
        self.want = want_part(limits)
        self._for_table: Plan | None = None

    def for_table(self) -> Plan:
        """The same plan, but with everything left to the state table."""
        plan = self._for_table
        if plan is None:
            plan = copy(self)
            plan.window = 0
            self._for_table = plan  # last, when it is complete: threads share plans
        return plan

    def is_usual_boundary(self, boundary: bytes) -> bool:
        """Whether ``boundary`` is short enough and consists of letters and digits after hyphens, as clients write it.

        This takes half the time of a look at each byte. A boundary for which it is false may still be a good one.
        """
        return len(boundary) <= self.boundary and boundary.strip(b"-").isalnum()

    def admits_form(self, size: int, fields: list[tuple[str, str]], files: list[tuple[FileStart, bytes]]) -> bool:
        """Whether a whole form exceeds no limit. ``size`` is the size of its body, which is not larger than ``whole``.

        It checks all limits on fields and files of a form that is parsed at once. Names and values must be in UTF-8.
        """
        if len(fields) + len(files) > self.parts or len(files) > self.files:
            return False
        if size <= self.safe_form:
            return True
        limits = self.limits
        most = _size(limits.max_form_memory_size)
        total = 0
        for name, value in fields:
            length = len(value.encode())
            if length > most:
                return False
            total += len(name.encode()) + length
        most = _size(limits.max_file_size)
        return total <= self.total and all(len(data) <= most for _, data in files)

    def admits_parts(self, pieces: list[bytes], size: int, parts: int, files: int, total: int) -> bool:
        """Whether whole ``pieces`` of a form, of ``size`` bytes together, exceed no limit.

        ``parts``, ``files`` and ``total`` (bytes of all fields) count these pieces and the parts before them. It checks
        all limits on fields and files of parts that are decoded together. False does not mean that a limit is exceeded:
        the state table then reads the same bytes and decides.
        """
        if parts > self.parts or files > self.files or total > self.total:
            return False
        return size <= self.safe_part or max(map(len, pieces)) <= self.safe_part


_MAX_PLANS: Final = 64
_plans: Final[dict[int, Plan]] = {}


def plan_for(limits: Limits, strict: bool) -> Plan:
    """The plan for limits and mode. Plans are kept: all requests of a class have the same limits."""
    key = -id(limits) if strict else id(limits)
    plan = _plans.get(key)  # it keeps its limits, so that no other object has their id
    if plan is None:
        if len(_plans) >= _MAX_PLANS:
            _plans.clear()
        plan = _plans[key] = Plan(limits, strict)
    return plan


def check_boundary(value: bytes, plan: Plan) -> None:
    """Raise :exc:`MultipartError` for bytes that cannot be a boundary, 413 for too many of them.

    RFC 2046 section 5.1.1 says which characters are allowed; default mode accepts any printable ASCII but quote and
    backslash.
    """
    allowed = plan.boundary
    if len(value) > allowed:
        raise RequestEntityTooLarge(limit="max_boundary_size", allowed=allowed, received=len(value))
    if not value or value[-1] == 32 or value.translate(None, _BCHARS if plan.strict else _PRINTABLE):
        raise MultipartError(f"got boundary {value[:80]!r}, expected 1 to 70 characters that RFC 2046 allows")


# --- the checks of the state tables ---


def check_parts(limits: Limits, before: int) -> None:
    """Raise 413 if one more part, or pair, after ``before`` others exceeds ``max_form_parts``."""
    allowed = limits.max_form_parts
    if allowed is not None and before >= allowed:
        raise RequestEntityTooLarge(limit="max_form_parts", allowed=allowed)


def check_files(limits: Limits, files: int) -> None:
    """Raise 413 if a form of ``files`` files exceeds ``max_files``."""
    allowed = limits.max_files
    if allowed is not None and files > allowed:
        raise RequestEntityTooLarge(limit="max_files", allowed=allowed)


def check_file(limits: Limits, size: int) -> None:
    """Raise 413 if a file of ``size`` bytes exceeds ``max_file_size``."""
    allowed = limits.max_file_size
    if allowed is not None and size > allowed:
        raise RequestEntityTooLarge(limit="max_file_size", allowed=allowed)


def check_field(limits: Limits, used: int, value: int) -> None:
    """Raise 413 if a field exceeds ``max_form_memory_size`` or, with those before it, ``max_form_memory_total``.

    ``value`` is the size of its value as far as it is known, ``used`` that of all fields before it and of its name.
    """
    most, total = limits.max_form_memory_size, limits.max_form_memory_total
    room = sys.maxsize if total is None else total - used
    if most is not None and value > most <= room:
        raise RequestEntityTooLarge(limit="max_form_memory_size", allowed=most)
    if value > room:
        raise RequestEntityTooLarge(limit="max_form_memory_total", allowed=total)


# --- how much to read ---


def field_room(limits: Limits, used: int, value: int) -> int:
    """How many bytes may be added to the value of a field before a limit is exceeded; see :func:`check_field`."""
    most, total = limits.max_form_memory_size, limits.max_form_memory_total
    room = sys.maxsize if total is None else total - used
    return min(room, sys.maxsize if most is None else most) - value


def least_read(received: int) -> int:
    """The least number of bytes that a read asks for after ``received`` bytes.

    When a limit on a number of parts, files or header fields is reached, the next byte may exceed it. A form that stays
    at the limit would be read byte by byte. So each read asks for 1/4096 of what has arrived: a client that has
    exceeded the limit gets the 413 only after so many further bytes.
    """
    return received >> 12


def want_part(
    limits: Limits,
    *,
    used: int = 0,
    value: int = 0,
    head: int = 0,
    lines: int = 0,
    parts: int = 0,
    files: int = 0,
    least: int = 0,
) -> int:
    """How many more bytes are needed at least, and no less than 1, before a part can exceed a limit that has not begun
    or whose head is not complete.

    ``head`` bytes and ``lines`` line ends of its head were fed; ``value`` of these bytes may be the beginning of its
    value. The parts before it are ``parts`` parts, ``files`` of them files, with fields of ``used`` bytes. ``least`` is
    what :func:`least_read` gives.
    """
    want = field_room(limits, used, value) + 1
    if limits.max_part_headers is not None:
        want = min(want, (limits.max_part_headers + 2 - lines) * LEAST_HEADER)
    rest = max(1, LEAST_PART - head)  # of the part that has begun; each of the parts after it has LEAST_PART or more
    if limits.max_form_parts is not None:
        want = min(want, (limits.max_form_parts - parts) * LEAST_PART + rest)
    if limits.max_files is not None:
        want = min(want, (limits.max_files - files) * LEAST_PART + rest)
    want = max(want, least)
    if limits.max_part_header_size is not None:
        want = min(want, limits.max_part_header_size + 4 - head)
    return max(1, want)
