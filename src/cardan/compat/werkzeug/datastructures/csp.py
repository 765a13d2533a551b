"""``werkzeug.datastructures.csp``: names of :mod:`cardan.compat.werkzeug.datastructures`."""

from __future__ import annotations

from . import ContentSecurityPolicy

__all__ = ["ContentSecurityPolicy"]


def __dir__() -> list[str]:
    return sorted(__all__)
