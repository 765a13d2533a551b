"""``werkzeug.datastructures.headers``: names of :mod:`cardan.compat.werkzeug.datastructures`."""

from __future__ import annotations

from . import EnvironHeaders, Headers

__all__ = ["EnvironHeaders", "Headers"]


def __dir__() -> list[str]:
    return sorted(__all__)
