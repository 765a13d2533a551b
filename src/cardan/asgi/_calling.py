"""Calling an ASGI application: gives its status, header fields, body and trailer fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _crossing as crossing
from ._messages import AppAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ._messages import Message, Receive

__all__ = ["UntilOver", "call_app"]


async def call_app(
    app: Callable[..., Awaitable[None]], scope: Any, receive: Callable[[], Awaitable[Any]] | None = None
) -> tuple[int, list[tuple[str, str]], list[bytes], list[tuple[str, str]] | None]:
    """Call ``app`` and wait until it returns; give status, header fields, chunks of the body and trailer fields.

    The application announces trailer fields if the extensions of ``scope`` offer it; None if it has announced none.

    Without ``receive`` the request has no body. After the response is complete, the application receives a disconnect.
    Raises the errors of the application, and :exc:`RuntimeError` if it sends no response, or sends messages out of
    order.
    """
    answer = AppAnswer()
    chunks: list[bytes] = []
    messages = UntilOver(receive or _Empty())

    async def send(message: Any) -> None:
        if chunk := answer.feed(message):
            chunks.append(chunk)
        if answer.has_body:
            messages.end()

    await app(scope, messages, send)
    answer.close()
    return answer.status, answer.headers, chunks, answer.trailers if answer.announces else None


class _Over(Exception):
    """Interrupts ``receive()``: no message is awaited any more."""


class UntilOver:
    """The ``receive`` of an application whose caller is no server: the messages of ``receive``, until :meth:`end`.

    From then on it gives a disconnect, as servers do after the response is complete (ASGI HTTP specification 2.5,
    "Disconnect"). Only the event loop uses it.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_over = False
        self._waiting: set[crossing.Interruptible] = set()
        """The calls that wait for a message."""

    async def __call__(self) -> Message:
        if not self._is_over:
            waiting = crossing.Interruptible()
            self._waiting.add(waiting)
            try:
                async with waiting:
                    return await self._receive()
            except _Over:
                pass
            finally:
                self._waiting.discard(waiting)
        return {"type": "http.disconnect"}

    def end(self) -> None:
        """Give a disconnect from now on, also to the calls that wait."""
        self._is_over = True
        for waiting in self._waiting:
            waiting.interrupt(_Over())


class _Empty:
    """The ``receive`` of a request without a body. The client stays."""

    def __init__(self) -> None:
        self._asked = False

    async def __call__(self) -> Message:
        if self._asked:
            await crossing.make_event().wait()  # until this call is interrupted
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}
