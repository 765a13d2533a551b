"""Response: core's response, callable as a WSGI and as an ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import core
from ._wire import WireMixin
from .apps.dual import DualCallable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .types import Receive, Send

__all__ = ["BaseResponse", "Response", "redirect"]


class BaseResponse(DualCallable, WireMixin):
    """A response that is an application: ``response(environ, start_response)``, or
    ``await response(scope, receive, send)``.

    See :class:`cardan.core.BaseResponse` for what it takes. It is finalized before anything is sent, so that errors
    surface first, and may be served any number of times.
    """

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        from .wsgi.handling import handle_response

        return handle_response(self, environ, start_response)

    async def _asgi(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            from .apps.lifespan import serve_lifespan

            await serve_lifespan(None, scope, receive, send, lambda state: None)
        elif scope["type"] == "websocket":
            from .asgi.handling import deny_websocket

            await deny_websocket(scope, receive, send)
        else:
            from .asgi.handling import handle_response

            await handle_response(self, scope, receive, send)


class Response(BaseResponse, core.Response):
    """The response with every mixin; the one to use."""


def redirect(location: str, code: int = 302, Response: Any = Response) -> Any:
    """A response that redirects to ``location``; see :func:`cardan.core.redirect`."""
    return core.redirect(location, code, Response)
