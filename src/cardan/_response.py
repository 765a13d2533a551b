"""Response: core's response, callable as a WSGI and as an ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, overload

from . import core
from ._wire import WireMixin
from .apps._dual import DualCallable
from .asgi import _handling as asgi_handling
from .asgi import _websockets as asgi_websockets
from .wsgi import _handling as wsgi_handling

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from .types import Receive, Scope, Send

__all__ = ["BaseResponse", "Response", "redirect"]

R = TypeVar("R", bound=core.Response)


class BaseResponse(DualCallable, WireMixin):
    """A response that is an application: ``response(environ, start_response)``, or
    ``await response(scope, receive, send)``.

    See :class:`cardan.core.BaseResponse` for its arguments. It is checked before anything is sent, so that errors are
    raised first. It may be sent any number of times. On a websocket scope it refuses the handshake and is what the
    client gets; a server without the extension ``websocket.http.response`` sends a 403 in its place.
    """

    __module__ = "cardan"

    def _wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return wsgi_handling.handle_response(self, environ, start_response)

    def _asgi(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            return asgi_handling.handle_response(self, scope, receive, send)
        if scope["type"] == "websocket":
            return asgi_websockets.deny_with(self, scope, receive, send)
        return _serve_other(scope, receive, send)


async def _serve_other(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve an ASGI scope that is not an HTTP request, for a response that a server runs as an application."""
    if scope["type"] == "lifespan":
        from .apps._lifespan import serve_lifespan

        await serve_lifespan(None, scope, receive, send, lambda state: None)
    else:
        raise RuntimeError(f"got a scope of type {scope['type']!r}, expected http, websocket or lifespan")


class Response(BaseResponse, core.Response):
    """The response class to use: :class:`BaseResponse` with every mixin."""

    __module__ = "cardan"


@overload
def redirect(location: str, status: int = ...) -> Response: ...
@overload
def redirect(location: str, status: int = ..., *, response_class: type[R]) -> R: ...
def redirect(location: str, status: int = 302, *, response_class: type[core.Response] = Response) -> core.Response:
    """A response that redirects to ``location``; see :func:`cardan.core.redirect`."""
    return core.redirect(location, status, response_class=response_class)
