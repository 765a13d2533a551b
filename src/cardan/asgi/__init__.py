"""The ASGI adapter (HTTP and lifespan specifications): scope, receive and send. Knows nothing of WSGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._head import ScopeHead

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from ..types import ASGIApplication

__all__ = ["ScopeHead", "from_wsgi"]


def from_wsgi(app: WSGIApplication, /, *, threads: int = 40) -> ASGIApplication:
    """An ASGI application from any WSGI application (PEP 3333), which runs in at most ``threads`` worker threads.

    It is the ASGI side of :meth:`cardan.Application.from_wsgi`, where the behaviour is described.

    >>> def hello(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "text/plain")])
    ...     return [b"Hello"]
    >>> app = from_wsgi(hello)
    """
    from ..apps._application import Application

    return Application.from_wsgi(app, threads=threads).asgi_app


def __dir__() -> list[str]:
    return sorted(__all__)
