"""``werkzeug.datastructures.etag``: names of :mod:`cardan.compat.werkzeug.datastructures`."""

from __future__ import annotations

from . import ETags

__all__ = ["ETags"]


def __dir__() -> list[str]:
    return sorted(__all__)
