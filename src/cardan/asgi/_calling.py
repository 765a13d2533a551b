"""Calling an ASGI application: gives its status, header fields and body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from ..core._buffers import as_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["call_app"]


async def call_app(
    app: Callable[..., Awaitable[None]], scope: Any, receive: Callable[[], Awaitable[Any]] | None = None
) -> tuple[int, list[tuple[str, str]], list[bytes]]:
    """Call ``app`` and wait until it returns; give the status, the header fields and the chunks of the body.

    Without ``receive`` the request has no body, and the client stays until the response is complete. Raises the errors
    of the application, and :exc:`RuntimeError` if it sends no response, or sends messages out of order.
    """
    status: int | None = None
    headers: list[tuple[str, str]] = []
    chunks: list[bytes] = []
    complete = anyio.Event()

    async def send(message: Any) -> None:
        nonlocal status, headers
        kind = message["type"]
        if kind == "http.response.start" and status is None:
            status = int(message["status"])
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ())]
        elif kind == "http.response.body" and status is not None and not complete.is_set():
            if body := message.get("body"):
                chunks.append(as_bytes(body))
            if not message.get("more_body", False):
                complete.set()
        else:
            raise RuntimeError(f"got the message {kind!r} out of order")

    await app(scope, receive or _Empty(complete), send)
    if status is None or not complete.is_set():
        raise RuntimeError("got an application that returned before its response was complete")
    return status, headers, chunks


class _Empty:
    """The ``receive`` of a request without a body."""

    def __init__(self, complete: anyio.Event) -> None:
        self._complete = complete
        self._asked = False

    async def __call__(self) -> Any:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._complete.wait()
        return {"type": "http.disconnect"}
