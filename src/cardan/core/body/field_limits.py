"""The limits on fields that are not files: one field against ``max_form_memory_size``, all against
``max_form_memory_total``.

Takes sizes in bytes; raises :exc:`~cardan.core.exceptions.RequestEntityTooLarge`, or says how much more may come. Where
a field exceeds both limits, the error names the one that is exceeded by an earlier byte: so it does not depend on how
much of the field came at once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..exceptions import RequestEntityTooLarge

if TYPE_CHECKING:
    from ..limits import Limits

__all__ = ["check_field", "field_room"]


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
