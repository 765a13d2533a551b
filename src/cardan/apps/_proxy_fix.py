"""ProxyFix: tells an application which client has sent a request that came through proxies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..asgi import _rewriting as asgi_rewriting
from ..core._proxies import TrustedProxies
from ..wsgi import _rewriting as wsgi_rewriting
from ._wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ..core._proxies import Network
    from ..types import ASGIApplication, Receive, Scope, Send

__all__ = ["ProxyFix"]

#: The key of the environ or scope of the server in the one that the application gets.
_ORIGINAL: Final = "cardan.proxy_fix.original"


class ProxyFix(Wrapper):
    """A WSGI and ASGI application that calls ``app`` with requests as the first trusted proxy has received them.

    ``app`` is a WSGI, ASGI or dual application. Every proxy adds what it has seen at the right of a field. A client can
    send the same fields. The numbers say how many entries of each field are trusted, which is the number of your
    proxies that add one; 0 is for a field that your proxies do not set or pass on as the client sent it:

    - ``x_for``: ``X-Forwarded-For``, the address of the client: ``remote_addr`` and ``client``.
    - ``x_proto``: ``X-Forwarded-Proto``, the scheme: ``scheme``, ``is_secure`` and the URLs.
    - ``x_host``: ``X-Forwarded-Host``, the host: ``host``, the ``Host`` field, ``server`` and the URLs.
    - ``x_port``: ``X-Forwarded-Port``, the port of the host.
    - ``x_prefix``: ``X-Forwarded-Prefix``, which becomes ``root_path``.
    - ``forwarded``: ``Forwarded`` (RFC 7239). If it is not 0, this field is used in place of the first three, whose
      numbers then do not matter.
    - ``peers``: the networks that your last proxy connects from, such as ``["10.0.0.0/8"]``. Requests from other
      addresses keep what the server says. None trusts every peer: use it only if nobody can reach the server past the
      proxies. A server on a Unix socket does not tell addresses; nothing is trusted there unless ``peers`` is None.

    A field with fewer entries than expected is ignored, because the request did not pass all of the proxies. A value
    that is not valid is ignored. ``remote_addr`` is ``"unknown"``, or an obfuscated name such as ``"_hidden"``, if a
    proxy does not tell an address. ``X-Forwarded-For``, and with it ``access_route``, holds the trusted entries only.

    The application gets a copy of the environ or scope. It has the original one under ``"cardan.proxy_fix.original"``.
    Lifespans are passed on. Raises :exc:`TypeError` for a number that is not an int and for ``peers``
    that are not networks, and :exc:`ValueError` for a number below 0 and for text that is not a network.

    >>> from cardan import ProxyFix, Request, Response
    >>> @Request.application
    ... def site(request: Request) -> Response:
    ...     return Response(f"{request.remote_addr} {request.url}")
    >>> app = ProxyFix(site, x_for=1, x_proto=1, x_host=1)
    """

    __module__ = "cardan"

    def __init__(
        self,
        app: WSGIApplication | ASGIApplication,
        x_for: int = 1,
        x_proto: int = 1,
        x_host: int = 0,
        x_port: int = 0,
        x_prefix: int = 0,
        forwarded: int = 0,
        peers: Iterable[str | Network] | None = None,
    ) -> None:
        super().__init__(app)
        self._trusted = TrustedProxies(x_for, x_proto, x_host, x_port, x_prefix, forwarded, peers)

    def _serve_wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request (PEP 3333)."""
        app = self._wsgi_inside()
        return app(wsgi_rewriting.behind_proxies(environ, self._trusted, _ORIGINAL), start_response)

    async def _serve_asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        app = self._asgi_inside(scope)
        if scope["type"] in ("http", "websocket"):
            scope = asgi_rewriting.behind_proxies(scope, self._trusted, _ORIGINAL)
        await app(scope, receive, send)

    if not TYPE_CHECKING:  # for type checkers the attributes of Dual, which may be replaced
        wsgi_app, asgi_app = _serve_wsgi, _serve_asgi
