"""The HTTP errors and the errors of a program; see :mod:`cardan.core.exceptions` for the tree of classes."""

from __future__ import annotations

from .core import exceptions
from .core.exceptions import *  # noqa: F403

__all__: list[str] = []
__all__ += exceptions.__all__
