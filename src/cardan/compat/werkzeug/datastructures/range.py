"""``werkzeug.datastructures.range``: names of :mod:`cardan.compat.werkzeug.datastructures`."""

from __future__ import annotations

from . import ContentRange, IfRange, Range

__all__ = ["ContentRange", "IfRange", "Range"]


def __dir__() -> list[str]:
    return sorted(__all__)
