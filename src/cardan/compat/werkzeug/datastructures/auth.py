"""``werkzeug.datastructures.auth``: names of :mod:`cardan.compat.werkzeug.datastructures`."""

from __future__ import annotations

from . import Authorization, WWWAuthenticate

__all__ = ["Authorization", "WWWAuthenticate"]


def __dir__() -> list[str]:
    return sorted(__all__)
