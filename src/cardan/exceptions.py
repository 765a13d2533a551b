"""The HTTP errors and the errors of a program; see :mod:`cardan.core._exceptions` for the tree of classes."""

from __future__ import annotations

from .core import _exceptions as exceptions
from .core._exceptions import *  # noqa: F403

__all__: list[str] = []
__all__ += exceptions.__all__


def __dir__() -> list[str]:
    return sorted(__all__)
