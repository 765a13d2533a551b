"""Applications whose responses have trailer fields, for the real servers."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from cardan import Application, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PIECES = (b"hel", b"lo")


@Application
def plain(request: Request) -> Response:
    """A ``def`` handler. The path says which body: a stream, a whole one, or one whose trailer field is left out."""
    if request.path == "/whole":
        response = Response("hello")
        response.trailers["Server-Timing"] = "total;dur=12"
        return response
    digest = sha256()

    def chunks() -> Iterator[bytes]:
        for piece in PIECES:
            digest.update(piece)
            yield piece

    response = Response(chunks())
    response.trailers["X-Digest"] = lambda: digest.hexdigest() if request.path == "/stream" else None
    return response


@Application
async def awaiting(request: Request) -> Response:
    """The same in an ``async def`` handler."""
    if request.path == "/whole":
        response = Response("hello")
        response.trailers["Server-Timing"] = "total;dur=12"
        return response
    digest = sha256()

    async def chunks() -> AsyncIterator[bytes]:
        for piece in PIECES:
            digest.update(piece)
            yield piece

    response = Response(chunks())
    response.trailers["X-Digest"] = lambda: digest.hexdigest() if request.path == "/stream" else None
    return response
