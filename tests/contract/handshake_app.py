"""An application whose websockets need a cookie, for the real servers."""

from __future__ import annotations

from typing import Any

from cardan import Application, Request, Response


async def websocket(scope: Any, receive: Any, send: Any) -> None:
    """Accepts a client that has signed in."""
    request: Request = scope["cardan.request"]
    if "session" not in request.cookies:
        await Response(f"sign in at {request.host}", 401)(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 1000})


app = Application(lambda request: Response("hello"), websocket=websocket)
