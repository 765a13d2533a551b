"""What a multipart decoder knows before its first byte: whether its boundary will do, and what its limits come to.

Takes the boundary as bytes, limits and mode. Raises :exc:`~cardan.core.exceptions.MultipartError` for a boundary that
cannot be one and :exc:`~cardan.core.exceptions.RequestEntityTooLarge` for one that is too long.
"""

from __future__ import annotations

import sys
from copy import copy
from typing import TYPE_CHECKING, Final

from ..exceptions import MultipartError, RequestEntityTooLarge
from .body_reader import DEFAULTS
from .part_limits import want_part
from .part_memo import choose_memo, usual_size

if TYPE_CHECKING:
    from ..limits import Limits
    from .events import FileStart

__all__ = ["USUAL_BOUNDARY", "USUAL_PLAN", "Plan", "check_boundary", "plan_for"]

STRICT_BOUNDARY: Final = 70  # RFC 2046 section 5.1.1
_BCHARS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=? "
USUAL_BOUNDARY: Final = _BCHARS[:-1]
_PRINTABLE: Final = bytes(c for c in range(32, 127) if c not in b'"\\')

#: How much of a chunk the straight path takes at once: bounds what it copies and what it may have to take back.
WINDOW: Final = 131_072
#: How much of a text field may wait undecoded until the rest of it comes.
WAIT: Final = 4096


def check_boundary(value: bytes, strict: bool, allowed: int) -> None:
    """RFC 2046 section 5.1.1; in default mode any printable ASCII but quote and backslash."""
    if len(value) > allowed:
        raise RequestEntityTooLarge(limit="max_boundary_size", allowed=allowed, received=len(value))
    if not value or value[-1] == 32 or value.translate(None, _BCHARS if strict else _PRINTABLE):
        raise MultipartError(f"got boundary {value[:80]!r}, expected 1 to 70 characters that RFC 2046 allows")


class Plan:
    """What limits and mode come to: the memo, how much the straight path may take at once, the longest boundary.

    ``whole``: the largest body that is parsed at once; none of this size exceeds ``max_content_length``. ``sure``: no
    body of at most so many bytes can exceed a limit on the size of fields and files. ``part``: likewise for a single
    part, header included. ``window``: how much is split into parts at once. ``parts``, ``files`` and ``total`` (bytes
    of all fields) are the most that are allowed. The first read asks for ``want``.
    """

    __slots__ = (
        "_for_table", "boundary", "files", "limits", "memo", "part", "parts", "strict", "sure", "total", "usual",
        "wait", "want", "whole", "window",
    )  # fmt: skip

    def __init__(self, limits: Limits, strict: bool) -> None:
        self.limits = limits
        self.strict = strict
        self.memo = choose_memo(strict, limits)
        self.usual = usual_size(limits)
        field = sys.maxsize if limits.max_form_memory_size is None else limits.max_form_memory_size
        head = sys.maxsize if limits.max_part_header_size is None else limits.max_part_header_size
        self.total = sys.maxsize if limits.max_form_memory_total is None else limits.max_form_memory_total
        self.part = field if limits.max_file_size is None else min(field, limits.max_file_size)
        self.sure = min(self.part, self.total)
        self.window = WINDOW
        self.wait = min(WAIT, field, head)
        self.whole = WINDOW if limits.max_content_length is None else min(WINDOW, limits.max_content_length)
        self.parts = sys.maxsize - 1 if limits.max_form_parts is None else limits.max_form_parts
        self.files = sys.maxsize if limits.max_files is None else limits.max_files
        boundary = sys.maxsize if limits.max_boundary_size is None else limits.max_boundary_size
        self.boundary = min(boundary, STRICT_BOUNDARY) if strict else boundary
        self.want = want_part(limits)
        self._for_table: Plan | None = None

    def for_table(self) -> Plan:
        """The same, but that nothing of a body goes on the straight path."""
        plan = self._for_table
        if plan is None:
            plan = copy(self)
            plan.window = plan.wait = plan.whole = 0  # nothing at once
            self._for_table = plan  # when it is complete: threads share plans
        return plan

    def takes(self, boundary: bytes) -> bool:
        """Whether ``boundary`` is short enough and letters and digits after hyphens, as clients write it.

        Half the time of a look at each byte; False says nothing against it.
        """
        return len(boundary) <= self.boundary and boundary.strip(b"-").isalnum()

    def admits(self, fields: list[tuple[str, str]], files: list[tuple[FileStart, bytes]]) -> bool:
        """Whether no field, no file, and not all fields together, exceed a limit on sizes.

        To be asked only for forms of more than ``sure`` bytes: it looks at each of them.
        """
        limits, total = self.limits, 0
        for name, value in fields:
            size = len(value.encode())
            total += len(name.encode()) + size
            if limits.max_form_memory_size is not None and size > limits.max_form_memory_size:
                return False
        return total <= self.total and (
            limits.max_file_size is None or all(len(data) <= limits.max_file_size for _, data in files)
        )


USUAL_PLAN: Final = Plan(DEFAULTS, strict=False)
_plans: Final[dict[tuple[int, bool], Plan]] = {}
_MAX_PLANS: Final = 64


def plan_for(limits: Limits, strict: bool) -> Plan:
    """The plan for limits and mode: made once for each, because all requests of a class have the same limits."""
    key = id(limits), strict
    plan = _plans.get(key)  # which keeps its limits, so that no others have their id
    if plan is None:
        if len(_plans) >= _MAX_PLANS:
            _plans.clear()
        plan = _plans[key] = Plan(limits, strict)
    return plan
