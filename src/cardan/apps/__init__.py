"""Applications: a handler that every server can run, on both protocols, and what stands around it.

Takes handlers, middleware and a lifespan; gives objects that are WSGI and ASGI applications at once.
"""

from __future__ import annotations

from .application import Application, HandlerDecorator
from .dual import Dual

__all__ = ["Application", "Dual", "HandlerDecorator"]
