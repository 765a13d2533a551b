"""Calling an ASGI application: gives its status, header fields, body and trailer fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from ..core._buffers import as_bytes
from ._messages import TRAILERS, decode_headers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["call_app"]


async def call_app(
    app: Callable[..., Awaitable[None]], scope: Any, receive: Callable[[], Awaitable[Any]] | None = None
) -> tuple[int, list[tuple[str, str]], list[bytes], list[tuple[str, str]] | None]:
    """Call ``app`` and wait until it returns; give status, header fields, chunks of the body and trailer fields.

    The application announces trailer fields if the extensions of ``scope`` offer it; None if it has announced none.

    Without ``receive`` the request has no body, and the client stays until the response is complete. Raises the errors
    of the application, and :exc:`RuntimeError` if it sends no response, or sends messages out of order.
    """
    status: int | None = None
    headers: list[tuple[str, str]] = []
    chunks: list[bytes] = []
    trailers: list[tuple[str, str]] = []
    announced = False
    complete = anyio.Event()

    async def send(message: Any) -> None:
        nonlocal announced, status, headers
        kind = message["type"]
        if kind == "http.response.start" and status is None:
            status = int(message["status"])
            headers = decode_headers(message.get("headers", ()))
            announced = bool(message.get("trailers"))
        elif kind == "http.response.body" and status is not None and not complete.is_set():
            if body := message.get("body"):
                chunks.append(as_bytes(body))
            if not message.get("more_body", False):
                complete.set()
        elif kind == TRAILERS and announced and complete.is_set():
            trailers.extend(decode_headers(message.get("headers", ())))
        else:
            raise RuntimeError(f"got the message {kind!r} out of order")

    await app(scope, receive or _Empty(complete), send)
    if status is None or not complete.is_set():
        raise RuntimeError("got an application that returned before its response was complete")
    return status, headers, chunks, trailers if announced else None


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
