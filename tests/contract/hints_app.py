"""Applications that send early hints, for the real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardan import Request, Response
from cardan.datastructures import Link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

STYLE = Link("/a.css", rel="preload", **{"as": "style"})


@Request.application
def plain(request: Request) -> Response:
    """Sends hints twice from a ``def`` handler, and from the body of its response, where nothing is sent any more."""
    request.send_early_hints([STYLE])
    request.send_early_hints(["</b.js>; rel=preload", "</c.js>; rel=preload"])
    if request.path != "/stream":
        return Response("hello")

    def chunks() -> Iterator[bytes]:
        request.send_early_hints([STYLE])
        yield b"hel"
        request.send_early_hints([STYLE])
        yield b"lo"

    return Response(chunks())


@Request.application
async def awaiting(request: Request) -> Response:
    """Does the same in an ``async def`` handler."""
    await request.asend_early_hints([STYLE])
    await request.asend_early_hints(["</b.js>; rel=preload", "</c.js>; rel=preload"])
    if request.path != "/stream":
        return Response("hello")

    async def chunks() -> AsyncIterator[bytes]:
        await request.asend_early_hints([STYLE])
        yield b"hel"
        await request.asend_early_hints([STYLE])
        yield b"lo"

    return Response(chunks())
