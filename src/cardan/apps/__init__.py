"""Applications: objects that run a handler under every WSGI and ASGI server, with middleware and a lifespan.

This package takes handlers, middleware and a lifespan, and gives objects that are WSGI and ASGI applications at once.
"""

from __future__ import annotations

from ._application import Application, HandlerDecorator
from ._dual import Dual

__all__ = ["Application", "Dual", "HandlerDecorator"]


def __dir__() -> list[str]:
    return sorted(__all__)
