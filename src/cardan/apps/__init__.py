"""Applications: objects that run a handler under every WSGI and ASGI server, with middleware and a lifespan.

This package takes handlers, middleware and a lifespan, and gives objects that are WSGI and ASGI applications at once.
:class:`Mount`, :class:`ProxyFix`, :class:`CORS` and :class:`Compression` wrap applications, also those of other
libraries. A name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from ._application import Application as Application
    from ._application import HandlerDecorator as HandlerDecorator
    from ._compression import Compression as Compression
    from ._cors import CORS as CORS
    from ._dual import Dual as Dual
    from ._foreign_errors import ForeignError as ForeignError
    from ._foreign_errors import foreign_error as foreign_error
    from ._mount import Mount as Mount
    from ._proxy_fix import ProxyFix as ProxyFix

_HOMES = {
    "Application": "_application",
    "CORS": "_cors",
    "Compression": "_compression",
    "Dual": "_dual",
    "ForeignError": "_foreign_errors",
    "HandlerDecorator": "_application",
    "Mount": "_mount",
    "ProxyFix": "_proxy_fix",
    "foreign_error": "_foreign_errors",
}

__all__ = [
    "CORS",
    "Application",
    "Compression",
    "Dual",
    "ForeignError",
    "HandlerDecorator",
    "Mount",
    "ProxyFix",
    "foreign_error",
]

if not TYPE_CHECKING:  # type checkers would take every name for one of this package's
    __getattr__, __dir__ = lazy(__name__, _HOMES)
