"""Plain applications for the tests of the clients. They use no framework, and not cardan."""

from __future__ import annotations

import threading
from typing import Any


async def read_all(receive: Any) -> bytes:
    body: bytes = b""
    while True:
        message: dict[str, Any] = await receive()
        assert message["type"] == "http.request"
        body += message["body"]
        if not message["more_body"]:
            return body


async def start(send: Any, status: int = 200, headers: Any = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def chunk(send: Any, data: bytes, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


def only_http(handler: Any) -> Any:
    """An ASGI application without lifespan."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await handler(scope, receive, send)

    return app


@only_http
async def echo_asgi(scope: Any, receive: Any, send: Any) -> None:
    body = await read_all(receive)
    await start(send, 200, [(b"content-length", b"%d" % len(body)), (b"X-Method", scope["method"].encode())])
    await chunk(send, body, more=False)


def echo_wsgi(environ: Any, start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("content-length", str(len(body))), ("X-Method", environ["REQUEST_METHOD"])])
    return [body]


ECHO = {"asgi": echo_asgi, "wsgi": echo_wsgi}


def threads() -> set[threading.Thread]:
    """All threads, except those that trio keeps for 10 seconds for the whole process, not for a client."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("Trio thread")}
