"""What ``receive`` gives, if it is not what the ASGI specification says: the error names what was got and expected."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from cardan import Application, Mount, Request, Response

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/",
    "query_string": b"",
    "headers": [(b"transfer-encoding", b"chunked")],
}
EXPECTED = "from receive(), expected 'http.request' or 'http.disconnect'"
MESSAGES = [
    ({"type": "websocket.receive", "bytes": b"abc"}, RuntimeError, f"got the message 'websocket.receive' {EXPECTED}"),
    ({"type": "websocket.disconnect"}, RuntimeError, f"got the message 'websocket.disconnect' {EXPECTED}"),
    ({"type": "lifespan.startup"}, RuntimeError, f"got the message 'lifespan.startup' {EXPECTED}"),
    ({"type": "http.response.start"}, RuntimeError, f"got the message 'http.response.start' {EXPECTED}"),
    ({"type": "http.request", "body": "abc"}, TypeError, "got str, expected bytes"),
    ({"type": "http.request", "body": "", "more_body": True}, TypeError, "got str, expected bytes"),
    ({"type": "http.request", "body": 3}, TypeError, "got int, expected bytes"),
]


async def loaded(request: Request) -> Response:
    await request.load()
    return Response(request.get_data())


async def streamed(request: Request) -> Response:
    return Response([chunk async for chunk in request.aiter_data()])


async def received(request: Request) -> Response:
    return Response((await request.receive())["body"])


def read(request: Request) -> Response:
    return Response(request.get_data())


async def watched(request: Request) -> Response:
    """Messages come to a watcher, and not to a reader."""
    for _ in range(20):
        assert request.disconnected in (False, True)
        await anyio.sleep(0)
    return Response("")


def serve(handler: Any, message: dict[str, Any], backend: str) -> bytes:
    sent: list[Any] = []

    async def receive() -> Any:
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(Application(handler), dict(SCOPE), receive, send, backend=backend)
    return b"".join(each.get("body", b"") for each in sent)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("handler", [loaded, streamed, received, read, watched])
@pytest.mark.parametrize(("message", "kind", "text"), MESSAGES)
def test_messages_that_are_wrong(
    handler: Any, message: dict[str, Any], kind: type[Exception], text: str, backend: str
) -> None:
    """A message of another protocol, and a body of text, are errors of the server, however the body is read.

    They are never an empty body (ASGI HTTP specification 2.5, "Request").
    """
    with pytest.raises(kind) as caught:
        serve(handler, message, backend)
    assert str(caught.value) == text


@pytest.mark.parametrize("handler", [loaded, streamed, received, read])
def test_what_may_be_left_out(handler: Any) -> None:
    """A message without a body is an empty piece, and any bytes-like object is a body."""
    assert serve(handler, {"type": "http.request", "body": bytearray(b"abc")}, "asyncio") == b"abc"
    for message in ({"type": "http.request"}, {"type": "http.request", "body": None}):
        assert serve(loaded, message, "asyncio") == b""


@pytest.mark.parametrize("app", [Application(loaded), Response("x"), Mount({"/": Application(loaded)})])
def test_a_lifespan(app: Any) -> None:
    """A lifespan begins with its startup, and ends with its shutdown (ASGI lifespan specification 2.0).

    The messages that a later specification may add are passed over, as the example in "Scope" does it.
    """

    def serve_lifespan(*kinds: str) -> list[str]:
        sent: list[str] = []
        messages = [{"type": kind} for kind in kinds]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        anyio.run(app, {"type": "lifespan", "state": {}}, receive, send)
        return sent

    assert serve_lifespan("lifespan.startup", "lifespan.shutdown") == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    added = "lifespan.added"
    assert serve_lifespan(added, "lifespan.startup", added, added, "lifespan.shutdown") == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    with pytest.raises(RuntimeError, match=r"got the message 'lifespan\.shutdown', expected 'lifespan\.startup'"):
        serve_lifespan(added, "lifespan.shutdown")
    with pytest.raises(RuntimeError, match=r"got the message 'lifespan\.startup', expected 'lifespan\.shutdown'"):
        serve_lifespan("lifespan.startup", "lifespan.startup")
    with pytest.raises(RuntimeError, match=r"got the message 'http\.request', expected 'lifespan\.startup'"):
        serve_lifespan("http.request")
    with pytest.raises(RuntimeError, match=r"got the message 'http\.request', expected 'lifespan\.shutdown'"):
        serve_lifespan("lifespan.startup", "http.request")
