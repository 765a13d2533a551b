"""Websockets (ASGI specification of WebSocket): a handshake is passed to an application, or refused.

WSGI has no websockets, so :mod:`cardan.wsgi` has no such module.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from .. import _crossing as crossing
from ..core._exceptions import HTTPException
from ..core._flow import answer
from ..core._waiting import checkpoint
from ._handling import _request_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..core._request.request import BaseRequest
    from ..core._response.base import BaseResponse
    from ._handling import ServedOverASGI
    from ._messages import Message, Receive, Scope, Send

__all__ = ["deny_websocket", "deny_with", "serve_websocket"]

#: The extension by which a server sends an HTTP response to a websocket handshake (ASGI specification, "Extensions").
DENIAL: Final = "websocket.http.response"


async def serve_websocket(
    app: ServedOverASGI,
    websocket: Callable[[Scope, Receive, Send], Awaitable[None]],
    request: BaseRequest,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Serve a websocket. ``request`` is the head of its handshake.

    An HTTPException refuses the handshake with its response, if ``websocket`` has sent nothing before.
    """
    has_sent = False

    async def noted(message: Message) -> None:
        nonlocal has_sent
        has_sent = True
        await send(message)

    try:
        await websocket(scope, receive, noted)
    except HTTPException as error:
        if has_sent:
            raise
        await deny_with(answer(error, request, websocket, app.on_error), scope, receive, send)


async def deny_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a websocket handshake: 404 if the server supports websocket denial responses, else 403."""
    kind = (await receive())["type"]
    if kind == "websocket.disconnect":  # the client has left before its handshake was answered
        return
    if kind != "websocket.connect":
        raise RuntimeError(f"got the message {kind!r}, expected 'websocket.connect'")
    with suppress(OSError):  # the client has left
        if DENIAL in (scope.get("extensions") or {}):
            await send({"type": f"{DENIAL}.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": f"{DENIAL}.body", "body": b""})
        else:
            await send({"type": "websocket.close", "code": 1000})


async def deny_with(response: BaseResponse, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a websocket handshake with ``response`` (ASGI extension ``websocket.http.response``).

    A server without this extension answers 403, whatever the response is. If the client leaves while the body is
    streamed, the body is closed at once.
    """
    from ._sending import Sender

    offered = DENIAL in (scope.get("extensions") or {})

    async def deny(message: Message) -> None:
        if offered:
            await send({**message, "type": message["type"].replace("http.response", DENIAL)})
        elif message["type"] == "http.response.start":
            await send({"type": "websocket.close", "code": 1000})

    async def watch() -> None:
        # whether the application has received that the websocket connects is not known here
        while (await receive())["type"] != "websocket.disconnect":
            await checkpoint()  # a receive that never waits must not block the event loop

    sender = Sender(
        deny,
        watch=watch,
        worker=crossing.Worker(crossing.DEFAULT_THREADS),
        context=crossing.CallersContext(),
        request_url=partial(_request_url, scope),
    )
    await sender.send(response, "GET" if offered else "HEAD")
