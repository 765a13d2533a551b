"""The WSGI adapter (PEP 3333): environ in, ``start_response`` and an iterable out. Knows nothing of ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._head import EnvironHead

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from ..types import ASGIApplication, Backend

__all__ = ["EnvironHead", "from_asgi"]


def from_asgi(app: ASGIApplication, /, *, backend: Backend = "asyncio") -> WSGIApplication:
    """A WSGI application (PEP 3333) from any ASGI application, which runs in the event loop ``backend``.

    It is the WSGI side of :meth:`cardan.Application.from_asgi`, where the behaviour is described. The lifespan of
    ``app`` ends with the process.

    >>> async def hello(scope, receive, send):
    ...     headers = [(b"content-type", b"text/plain")]
    ...     await send({"type": "http.response.start", "status": 200, "headers": headers})
    ...     await send({"type": "http.response.body", "body": b"Hello"})
    >>> app = from_asgi(hello)
    """
    from ..apps._application import Application

    return Application.from_asgi(app, backend=backend).wsgi_app


def __dir__() -> list[str]:
    return sorted(__all__)
