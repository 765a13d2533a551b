"""Compression: sends the answers of an application compressed to clients that accept this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..asgi import _reshaping as asgi_reshaping
from ..core._compression import COMPRESSIBLE, CompressionPolicy
from ..wsgi import _reshaping as wsgi_reshaping
from ._wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ..types import ASGIApplication, Receive, Scope, Send

__all__ = ["Compression"]


class Compression(Wrapper):
    """A WSGI and ASGI application that calls ``app``, and compresses the bodies of its answers.

    ``app`` is a WSGI, ASGI or dual application.

    - ``minimum``: the least length in bytes of a body that is compressed. A body whose length is not known is
      compressed whatever its length.
    - ``codings``: which codings are used, the preferred one first, and the level of each: ``{"br": 5, "gzip": 6}``.
      The codings are ``"gzip"`` (levels 1 to 9), ``"br"`` (0 to 11, with the module ``brotli`` or ``brotlicffi``) and
      ``"zstd"`` (1 to 19, with Python 3.14 or the module ``backports.zstd`` or ``zstandard``). None, the default, uses
      all that are installed.
    - ``types``: the media types that are compressed: ``"application/json"``, ``"text/*"`` or ``"*+json"``.
      :attr:`default_types` has those of text, of JSON and XML, and a few others. An event stream is compressed only if
      ``"text/event-stream"`` is named.

    The client chooses the coding by ``Accept-Encoding`` (RFC 9110 section 12.5.3). If it gives several codings the
    highest quality, the one that comes first in ``codings`` is used. An answer to a client that sends no such field is
    not compressed.

    An answer stays as it is if it has a ``Content-Encoding`` already, if it is a range of a body (a 206), if its
    ``Cache-Control`` has ``no-transform``, or if one of its fields is a digest of its body. A handler that shows
    secrets beside text that the client sent sets ``no-transform``: the length of the compressed answer would tell
    something about the secret.

    A compressed answer gets ``Content-Encoding`` and ``Vary: Accept-Encoding``. Its ``ETag`` becomes weak, and
    ``Accept-Ranges`` is removed. Each chunk of a streamed body can be decompressed at once by the client.

    Raises :exc:`ValueError` for a coding that is unknown or not installed, for a level that a coding does not have, and
    for text that is no media type; :exc:`TypeError` for values of other types.

    >>> from cardan import Compression, Request, Response
    >>> @Request.application
    ... def site(request: Request) -> Response:
    ...     return Response("a long text " * 1000)
    >>> app = Compression(site)
    """

    __module__ = "cardan"

    default_types: tuple[str, ...] = COMPRESSIBLE
    """The media types that are compressed unless ``types`` is given."""

    def __init__(
        self,
        app: WSGIApplication | ASGIApplication,
        minimum: int = 500,
        codings: Mapping[str, int] | None = None,
        types: Iterable[str] | None = None,
    ) -> None:
        super().__init__(app)
        self._policy = CompressionPolicy(minimum, codings, self.default_types if types is None else types)

    def _serve_wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request (PEP 3333)."""
        return wsgi_reshaping.compressed(self._wsgi_inside(), environ, start_response, self._policy)

    async def _serve_asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        app = self._asgi_inside(scope)
        if scope["type"] == "http":
            await asgi_reshaping.compressed(app, scope, receive, send, self._policy)
        else:
            await app(scope, receive, send)

    if not TYPE_CHECKING:  # for type checkers the attributes of Dual, which may be replaced
        wsgi_app, asgi_app = _serve_wsgi, _serve_asgi
