"""Checks an application against the ASGI lifespan specification 2.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._rules import Judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...types import Receive, Send

__all__ = ["LifespanCall"]

ANSWERS = {
    "lifespan.startup": ("lifespan.startup.complete", "lifespan.startup.failed"),
    "lifespan.shutdown": ("lifespan.shutdown.complete", "lifespan.shutdown.failed"),
}
KEYS = {"type", "message"}


class LifespanCall:
    """Checks the messages of one lifespan. An application that raises or returns at once does not support lifespan."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.judge = Judge()
        self._receive, self._send = receive, send
        self._asked = ""

    async def receive(self) -> Mapping[str, Any]:
        """The application's `receive`."""
        message: Mapping[str, Any] = await self._receive()
        self._asked = message["type"]
        return message

    async def send(self, message: Any) -> None:
        """The application's `send`."""
        must = self.judge.must
        must(isinstance(message, dict), f"got a message of type {type(message).__name__}, expected dict")
        kind, expected = message.get("type"), ANSWERS.get(self._asked, ())
        must(kind in expected, f"got {kind!r}, expected {' or '.join(map(repr, expected)) or 'nothing'}")
        unknown = set(message) - KEYS
        must(not unknown, f"got key {min(unknown, key=str, default='')!r} in {kind!r}, expected none such")
        text = message.get("message", "")
        must(type(text) is str, f"got message {text!r}, expected str")
        self._asked = kind
        await self._send(message)

    def end(self) -> None:
        """The application has returned."""
        self.judge.close()
        self.judge.must(
            self._asked not in ANSWERS, f"got the application's end, expected an answer to {self._asked!r} before it"
        )
