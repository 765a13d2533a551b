"""The limits on the parts of a form: which one is exceeded, and how much may come until one is.

Takes sizes in bytes and counts; raises :exc:`~cardan.core.exceptions.RequestEntityTooLarge`, or says how much more may
come. Where a field exceeds two limits, the error names the one that is exceeded by an earlier byte: so it does not
depend on how much of the field came at once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from ..exceptions import RequestEntityTooLarge

if TYPE_CHECKING:
    from ..limits import Limits

__all__ = ["check_field", "field_room", "want_part"]

#: The least that a part takes beside its boundary: its header with an empty name, and the line ends around it.
LEAST_PART: Final = len(b"\r\nContent-Disposition:form-data;name=\r\n\r\n")
#: The least that a header field takes.
LEAST_HEADER: Final = len(b"a:\r\n")


def check_field(limits: Limits, used: int, value: int) -> None:
    """Raise 413 if a field exceeds a limit.

    ``value`` is the size of its value as far as it is known, ``used`` that of all fields before it and of its name.
    """
    most, total = limits.max_form_memory_size, limits.max_form_memory_total
    room = sys.maxsize if total is None else total - used
    if most is not None and value > most <= room:
        raise RequestEntityTooLarge(limit="max_form_memory_size", allowed=most)
    if value > room:
        raise RequestEntityTooLarge(limit="max_form_memory_total", allowed=total)


def field_room(limits: Limits, used: int, value: int) -> int:
    """How many bytes may be added to the value of a field before a limit is exceeded; see :func:`check_field`."""
    most, total = limits.max_form_memory_size, limits.max_form_memory_total
    room = sys.maxsize if total is None else total - used
    return min(room, sys.maxsize if most is None else most) - value


def want_part(
    limits: Limits, *, used: int = 0, value: int = 0, head: int = 0, lines: int = 0, parts: int = 0, files: int = 0
) -> int:
    """How many bytes it takes at least until a part that has not begun, or whose head is not complete, exceeds a limit;
    at least 1.

    Of its head ``head`` bytes and ``lines`` line ends have come, ``value`` of them may be the beginning of its value.
    Before it there were ``parts``, ``files`` of them files, and fields of ``used`` bytes.
    """
    want = field_room(limits, used, value) + 1
    if limits.max_part_header_size is not None:
        want = min(want, limits.max_part_header_size + 4 - head)
    if limits.max_part_headers is not None:
        want = min(want, (limits.max_part_headers + 2 - lines) * LEAST_HEADER)
    if limits.max_form_parts is not None:
        want = min(want, (limits.max_form_parts - parts + 1) * LEAST_PART - head)
    if limits.max_files is not None:
        want = min(want, (limits.max_files - files + 1) * LEAST_PART - head)
    return max(1, want)
