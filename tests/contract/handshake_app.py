"""An application whose websockets need a cookie, in several places, for the real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from cardan import CORS, Application, Compression, Flow, Mount, ProxyFix, Request, Response, middleware
from cardan.exceptions import NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: the queries of the handshakes whose refusals were closed
NOTES: list[bytes] = []


async def websocket(scope: Any, receive: Any, send: Any) -> None:
    """Accepts a client that has signed in, and sends one text: who it is, and the URL that it has asked for."""
    request: Request = scope["cardan.request"]
    if request.path == "/none":
        raise NotFound("there is no such room")
    if "session" not in request.cookies:
        await Response(f"sign in at {request.host}", 401, {"WWW-Authenticate": "Basic"})(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": f"{request.cookies['session']} {request.remote_addr} {request.url}"})
    await send({"type": "websocket.close", "code": 1000})


async def held(scope: Any, receive: Any, send: Any) -> None:
    """Refuses with a body that has no end, and notes that it was closed."""
    query = scope["query_string"]

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"refused"
            await anyio.sleep_forever()
        finally:
            NOTES.append(query)

    await Response(chunks(), 403)(scope, receive, send)


async def closed(request: Request) -> Response:
    """Answers when the refusal of the handshake with the same query is closed."""
    while request.query_string not in NOTES:
        await anyio.sleep(0.01)
    return Response("closed")


@middleware
def stamped(request: Request) -> Flow:
    """A middleware of requests, which no websocket passes."""
    response = yield
    response.headers["X-Seen"] = "yes"


chat = Application(lambda request: Response("hello"), websocket=websocket, middleware=[stamped])
app = Mount({
    "/": chat,
    "/mounted": Mount({"/deep": chat}),
    "/around": CORS(Compression(chat), origins="*"),
    "/proxied": ProxyFix(chat, x_for=1, x_proto=1, x_host=1),
    "/refused": Application(lambda request: Response("no websockets here")),
    "/held": Application(closed, websocket=held),
})  # fmt: skip
