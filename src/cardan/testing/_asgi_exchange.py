"""One request to an ASGI application: `receive` and `send` for the application, and methods for the client that waits.

Everything runs on one event loop of asyncio or trio, and only its thread uses the state. The application runs in a task
of its own, :meth:`ASGIExchange.run`, which never raises an exception of the application. Nothing is buffered: `send`
returns when the client has taken the chunk, and `receive` reads one piece of the request body at a time.
"""

from __future__ import annotations

from collections import deque
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel

from ..core._buffers import CHUNK_SIZE, as_bytes
from ._changes import Changes
from ._exchange import Answer, ClientLeft, Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    ASGIApp = Callable[[Any, Any, Any], Awaitable[Any]]
    Body = bytes | AsyncGenerator[bytes, None]

__all__ = ["ASGIExchange"]

#: the messages of extensions that are parts of a response, and come between its start and its end
PARTS = ("http.response.pathsend", "http.response.trailers", "http.response.zerocopysend")


class ASGIExchange(Exchange):
    """Connects one run of ``app`` on ``scope`` with a client.

    ``body`` is the request body: bytes, which become one message, or an async generator of bytes, each of which becomes
    one message. ``length`` is the declared Content-Length. If the body ends before this length, `receive` returns
    `http.disconnect`, as with a real server. ``silent`` decides about `send` after the client has disconnected: if True
    it returns without an effect, as before version 2.4 of the ASGI HTTP specification; otherwise it raises OSError.
    """

    def __init__(
        self, app: ASGIApp, scope: dict[str, Any], body: Body, *, length: int | None = None, silent: bool = False
    ) -> None:
        super().__init__(scope["method"])
        self._app, self._scope = app, scope
        self._body, self._length = body, length
        self._silent = silent
        self._inbox: deque[dict[str, Any]] = deque()
        self._messages: list[dict[str, Any]] = []
        self._fields: list[tuple[str, str]] = []
        """The trailer fields."""
        self._wanted = self._body_ended = self._trailers = self._killed = False
        self._truncated = isinstance(body, bytes) and length is not None and len(body) < length
        self._changes = Changes()
        self._cancel: anyio.CancelScope | None = None

    # the client's side

    async def opened(self, timeout: float | None) -> None:
        """Wait until `is_open`; TimeoutError after ``timeout`` seconds."""
        with anyio.fail_after(timeout):
            await self._changes.until(self.is_open)

    async def take(self, timeout: float | None) -> bytes | None:
        """Wait for a chunk and take it, None at the end; TimeoutError after ``timeout`` seconds."""
        with anyio.fail_after(timeout):
            await self._changes.until(self.is_readable)
        chunk = self.take_chunk()
        self._changes.notify()
        return chunk

    def disconnect(self) -> None:
        """Tell the application that the client has left."""
        self.left = True
        self._changes.notify()

    async def leave(self, grace: float) -> bool:
        """Disconnect, and wait until the application has ended.

        If it has not ended after ``grace`` seconds, cancel it and return False; otherwise return True.
        """
        self.disconnect()
        in_time = False
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(grace):
                await self._changes.until(lambda: self.ended)
            in_time = self.ended
            if not in_time:
                self._kill()
                await self._changes.until(lambda: self.ended)
        return in_time

    def _kill(self) -> None:
        self._killed = True
        if self._cancel is not None:
            self._cancel.cancel()

    # the application's side

    async def run(self) -> None:
        """Run the application. An exception that it raises is stored in ``error``."""
        try:
            async with AsyncExitStack() as stack:
                if not isinstance(self._body, bytes):
                    group = await stack.enter_async_context(anyio.create_task_group())
                    stack.callback(group.cancel_scope.cancel)
                    group.start_soon(self._pump, self._body)
                await self._call()
        finally:
            self.ended = True
            self._changes.notify()

    async def _call(self) -> None:
        with anyio.CancelScope() as self._cancel:
            if self._killed:
                self._cancel.cancel()
            try:
                await self._app(self._scope, self.receive, self.send)
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as error:  # also KeyboardInterrupt: the client raises it, not the event loop
                self.error = error

    async def _pump(self, body: AsyncGenerator[bytes, None]) -> None:
        """Read one piece of the request body each time that `receive` needs one.

        This runs in a task of its own, so that no piece is lost if a `receive` is cancelled.
        """
        seen = 0
        try:
            async with aclosing(body):
                await self._changes.until(lambda: self._wanted)
                async for piece in body:
                    chunk = as_bytes(piece)
                    seen += len(chunk)
                    self._put_request(chunk, more=True)
                    await self._changes.until(lambda: self._wanted)
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:  # also KeyboardInterrupt: the client raises it, not the event loop
            self.fault = error
            self.left = True
        self._truncated = self._length is not None and seen < self._length
        self._put_request(b"", more=False)

    def _put_request(self, chunk: bytes, *, more: bool) -> None:
        self._wanted = False
        self._inbox.append({"type": "http.request", "body": chunk, "more_body": more})
        self._changes.notify()

    def _is_over(self) -> bool:
        return self.left or self.complete

    async def receive(self) -> dict[str, Any]:
        """The `receive` of the application.

        Like uvicorn's, it does not yield to the event loop if a message is ready.
        """
        if isinstance(self._body, bytes) and not self._body_ended and not self._is_over():
            self._body_ended = True
            return {"type": "http.request", "body": self._body, "more_body": self._truncated}
        if not self._body_ended and not self._is_over():
            if not self._inbox:
                self._wanted = True
                self._changes.notify()
                await self._changes.until(lambda: bool(self._inbox) or self._is_over())
            if self._inbox and not self._is_over():
                return self._next_request()
        await self._changes.until(lambda: self._truncated or self._is_over())
        return {"type": "http.disconnect"}

    def _next_request(self) -> dict[str, Any]:
        message = self._inbox.popleft()
        self._body_ended = not message["more_body"]
        return {"type": "http.disconnect"} if self._body_ended and self._truncated else message

    async def send(self, message: Mapping[str, Any]) -> None:
        """The `send` of the application. As with servers, a message in the wrong order raises RuntimeError."""
        kind = message["type"]
        if self.left and not self.complete:
            await self._send_too_late()
        elif kind == "http.response.start":
            self._send_start(message)
        elif (offered := kind in self._scope.get("extensions", ())) and kind not in PARTS:
            await self._send_extension(kind, message)
        elif self.answer is None:
            raise RuntimeError(f"got {kind!r}, expected 'http.response.start'")
        elif self.complete:
            raise RuntimeError(f"got {kind!r} after the response was complete, expected nothing")
        elif offered:
            await self._send_extension(kind, message)
        elif kind != "http.response.body":
            raise RuntimeError(f"got {kind!r}, expected 'http.response.body'")
        else:
            await self._send_body(message)

    async def _send_too_late(self) -> None:
        if not self._silent:
            raise ClientLeft("the client has left")
        await anyio.lowlevel.checkpoint()

    def _send_start(self, message: Mapping[str, Any]) -> None:
        if self.answer is not None:
            raise RuntimeError("got 'http.response.start' twice, expected it once")
        headers = [(as_bytes(name), as_bytes(value)) for name, value in message.get("headers") or ()]
        self._trailers = bool(message.get("trailers"))
        self.begin(Answer(message["status"], headers, {"asgi": self._messages, "trailers": self._fields}))
        self._changes.notify()

    async def _send_body(self, message: Mapping[str, Any]) -> None:
        chunk = as_bytes(message.get("body", b""))
        if chunk and not self.is_bodiless():
            await self._changes.until(lambda: self.chunk is None or self.left)
            self.chunk = chunk
            self._changes.notify()
            await self._changes.until(lambda: self.chunk is None or self.left)
            if self.chunk is not None:
                self.chunk = None
                return await self._send_too_late()
        if not message.get("more_body", False) and not self._trailers:
            self.complete = True
            self._changes.notify()
        return None

    async def _send_extension(self, kind: str, message: Mapping[str, Any]) -> None:
        """Handle a message of an extension (ASGI specification, "Extensions").

        All of them are stored in the response extension `asgi`; pathsend and trailers are also carried out. The trailer
        fields are in the response extension `trailers`.
        """
        self._messages.append(dict(message))
        if kind == "http.response.pathsend":
            await self._send_file(message["path"])
        elif kind == "http.response.trailers":
            self._fields += [
                (as_bytes(name).decode("latin-1"), as_bytes(value).decode("latin-1"))
                for name, value in message.get("headers") or ()
            ]
            if not message.get("more_trailers", False):
                self.complete = True
                self._changes.notify()

    async def _send_file(self, path: str) -> None:
        async with await anyio.open_file(path, "rb") as file:
            while chunk := await file.read(CHUNK_SIZE):
                await self._send_body({"body": chunk, "more_body": True})
        await self._send_body({})
