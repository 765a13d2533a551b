"""A request that is cancelled while its body is loaded before the handler."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from cardan import Application, Request, Response, middleware

seen: list[str] = []


@middleware(buffer=True)
def buffering(request: Request) -> Any:
    seen.append("middleware")
    yield


def handler(request: Request) -> Response:
    seen.append("handler")
    return Response()


async def async_handler(request: Request) -> Response:
    seen.append("handler")
    return Response()


@pytest.mark.anyio
@pytest.mark.parametrize("view", [handler, async_handler])
@pytest.mark.parametrize("options", [{"load": True}, {"middleware": [buffering]}])
async def test_a_cancellation_goes_on(view: Any, options: dict[str, Any]) -> None:
    """A cancellation while the body is loaded ends the request: it is no error that a middleware could answer, no code
    of the application runs, and nothing is sent.
    """
    app: Application[Request] = Application(view, **options)
    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"100")]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    messages = [{"type": "http.request", "body": b"a=1", "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:
        if not messages:
            scopes[0].cancel()
            await anyio.sleep_forever()
        return messages.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    seen.clear()
    with anyio.CancelScope() as cancelled:
        scopes = [cancelled]
        await app(scope, receive, send)
        raise AssertionError("got an end of the request, expected a cancellation")
    assert cancelled.cancelled_caught
    assert (seen, sent) == ([], [])
