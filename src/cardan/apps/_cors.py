"""CORS: lets scripts of other origins use an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._response import Response
from ..asgi import _reshaping as asgi_reshaping
from ..core._origins import CORSPolicy
from ..core.structures._environ_headers import EnvironHeaders
from ..core.structures._scope_headers import ScopeHeaders
from ..wsgi import _reshaping as wsgi_reshaping
from ._wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from re import Pattern
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ..core._origins import PreflightAnswer
    from ..types import ASGIApplication, Receive, Scope, Send

__all__ = ["CORS"]


class CORS(Wrapper):
    """A WSGI and ASGI application that calls ``app``, and tells browsers which other origins may use it.

    ``app`` is a WSGI, ASGI or dual application. The policy is that of WHATWG Fetch section 3.3:

    - ``origins``: the origins whose scripts may read the answers. ``"*"`` allows every origin. Otherwise give each
      origin by its name, as browsers send it (``"https://www.example.com"``), or a compiled pattern that matches the
      whole origin. ``"null"`` is the origin of a document that has none, such as a sandboxed frame. Any site can make
      such a document, also a hostile one.
    - ``methods``: the methods that a request may have, or ``"*"``. Browsers ask before any other method than GET, HEAD
      and POST.
    - ``headers``: the fields that a request may have, or ``"*"``. Browsers ask before they send any other field than a
      few simple ones. ``Content-Type`` is needed for requests with JSON.
    - ``expose``: the fields of the answer that a script may read, besides a few simple ones; or ``"*"``.
    - ``credentials``: whether cookies and authentication of the user go with the request. The origins must then be
      named.
    - ``max_age``: for how many seconds, or which :class:`~datetime.timedelta`, browsers remember the answer to a
      preflight request. With None, browsers choose the time.
    - ``private_network``: whether public sites may use an application in a private network (W3C Private Network
      Access).

    A preflight request, by which a browser asks for permission, is answered here, by a 204 or by a 403 that says in its
    text what is not allowed. The application never sees it. Every other answer gets the fields of the policy, whatever
    its status is. An answer that has an ``Access-Control-Allow-Origin`` already keeps it, so that a handler can make an
    exception. ``Vary: Origin`` is added unless the origin is ``"*"``.

    CORS protects users of browsers from reading by other sites. It does not keep a request from reaching the
    application. Websockets are not covered: check :attr:`cardan.Request.origin` there.

    Raises :exc:`ValueError` for text that can be no origin or no name, for a method such as ``"get"``, which browsers
    send in upper case, and for ``"*"`` with ``credentials``; :exc:`TypeError` for values of other types.

    >>> from cardan import CORS, Request, Response
    >>> @Request.application
    ... def api(request: Request) -> Response:
    ...     return Response.from_json({"hello": "world"})
    >>> origins, methods = ["https://www.example.com"], ["GET", "POST", "DELETE"]
    >>> app = CORS(api, origins=origins, methods=methods)
    """

    __module__ = "cardan"

    def __init__(
        self,
        app: WSGIApplication | ASGIApplication,
        origins: Iterable[str | Pattern[str]] | str,
        methods: Iterable[str] | str = ("GET", "HEAD", "POST"),
        headers: Iterable[str] | str = ("Content-Type",),
        expose: Iterable[str] | str = (),
        credentials: bool = False,
        max_age: timedelta | int | None = 600,
        private_network: bool = False,
    ) -> None:
        super().__init__(app)
        self._policy = CORSPolicy(origins, methods, headers, expose, credentials, max_age, private_network)

    def _serve_wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request (PEP 3333)."""
        app = self._wsgi_inside()
        answer = self._policy.preflight(environ["REQUEST_METHOD"], EnvironHeaders(environ))
        if answer is not None:
            sent = wsgi_reshaping.preflight_answered(answer, environ, start_response)
            return sent if sent is not None else _response(answer)(environ, start_response)
        return wsgi_reshaping.with_cors(app, environ, start_response, self._policy)

    async def _serve_asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        app = self._asgi_inside(scope)
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        asked = ScopeHeaders(scope.get("headers") or ())
        answer = self._policy.preflight(scope["method"], asked)
        if answer is None:
            await asgi_reshaping.with_cors(app, scope, receive, send, self._policy, asked)
        elif not await asgi_reshaping.preflight_answered(answer, send, asked):
            await _response(answer)(scope, receive, send)

    if not TYPE_CHECKING:  # for type checkers the attributes of Dual, which may be replaced
        wsgi_app, asgi_app = _serve_wsgi, _serve_asgi


def _response(answer: PreflightAnswer) -> Response:
    return Response(answer.text, answer.status, answer.headers)
