"""``werkzeug.datastructures.cache_control``: names of :mod:`cardan.compat.werkzeug.datastructures`."""

from __future__ import annotations

from . import RequestCacheControl, ResponseCacheControl

__all__ = ["RequestCacheControl", "ResponseCacheControl"]


def __dir__() -> list[str]:
    return sorted(__all__)
