"""The HTTP errors and the program's errors; see :mod:`cardan.core.exceptions` for the tree.

Imported from here an error's response is one that every server can send.
"""

from __future__ import annotations

from ._response import Response
from .core import exceptions
from .core.exceptions import *  # noqa: F403

__all__: list[str] = []
__all__ += exceptions.__all__

exceptions.HTTPException.response_class = Response
