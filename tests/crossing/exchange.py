"""One ASGI request by hand, and a wait, for the tests of the crossing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio


def http_scope(**values: Any) -> dict[str, Any]:
    """A small HTTP scope."""
    base = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b"", "http_version": "1.1"}
    return {**base, **values}


class Exchange:
    """One request by hand: messages in when they are put, messages out in a list."""

    def __init__(self, app: Any, *incoming: dict[str, Any], **values: Any) -> None:
        self.app = app
        self.scope = http_scope(**values)
        self.put, self._get = anyio.create_memory_object_stream[dict[str, Any]](100)
        for message in incoming:
            self.put.send_nowait(message)
        self.sent: list[dict[str, Any]] = []
        self.send_error: Exception | None = None
        self.send_waits = True
        self.sending = anyio.Event()

    async def run(self) -> None:
        """Serve it."""

        async def send(message: dict[str, Any]) -> None:
            if self.send_waits:
                await anyio.lowlevel.checkpoint()
            if self.send_error is not None:
                raise self.send_error
            self.sent.append(message)
            self.sending.set()

        with self.put, self._get:
            await self.app(self.scope, self._get.receive, send)

    @property
    def body(self) -> bytes:
        """What was sent."""
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def status(self) -> int | None:
        """The status that was sent."""
        return next((m["status"] for m in self.sent if m["type"] == "http.response.start"), None)


async def until(condition: Callable[[], object]) -> None:
    """Wait until the condition is true. The time-out only prevents a test from hanging."""
    with anyio.fail_after(100):
        while not condition():
            await anyio.sleep(0.001)


def chunk(data: bytes, more: bool = True) -> dict[str, Any]:
    """A message with a piece of the body."""
    return {"type": "http.request", "body": data, "more_body": more}


GONE = {"type": "http.disconnect"}
UPLOAD = [(b"content-length", b"1000000")]
