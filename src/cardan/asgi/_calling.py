"""Calling an ASGI application: gives its status, header fields, body and trailer fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from ._messages import AppAnswer

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
    answer = AppAnswer()
    chunks: list[bytes] = []
    has_body = anyio.Event()

    async def send(message: Any) -> None:
        if chunk := answer.feed(message):
            chunks.append(chunk)
        if answer.has_body:
            has_body.set()

    await app(scope, receive or _Empty(has_body), send)
    answer.close()
    return answer.status, answer.headers, chunks, answer.trailers if answer.announces else None


class _Empty:
    """The ``receive`` of a request without a body."""

    def __init__(self, has_body: anyio.Event) -> None:
        self._has_body = has_body
        self._asked = False

    async def __call__(self) -> Any:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._has_body.wait()
        return {"type": "http.disconnect"}
