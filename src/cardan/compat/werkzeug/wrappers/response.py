"""``werkzeug.wrappers.response``: names of :mod:`cardan.compat.werkzeug.wrappers`."""

from __future__ import annotations

from . import Response, ResponseStream

__all__ = ["Response", "ResponseStream"]


def __dir__() -> list[str]:
    return sorted(__all__)
