"""``werkzeug.wrappers.request``: names of :mod:`cardan.compat.werkzeug.wrappers`."""

from __future__ import annotations

from . import Request

__all__ = ["Request"]


def __dir__() -> list[str]:
    return sorted(__all__)
