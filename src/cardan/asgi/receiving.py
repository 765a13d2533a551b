"""The body of a request out of ``receive``: its source, its shared state, and the ``receive`` that replays it.

One owner of ``receive``: everything that wants messages goes through :class:`ReceiveSource`, in the event loop or,
by :func:`cardan.crossing.in_loop`, from a worker thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import crossing
from ..core.exceptions import BodyConsumed, ClientDisconnected
from ..core.request.body import Body
from ..core.request.exchange import KEY, Exchange

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    import anyio

__all__ = ["ReceiveSource", "ReplayReceive", "find_exchange", "open_body"]


class ReceiveSource:
    """Reads ``receive``: bytes of ``http.request`` until ``more_body`` is false; a disconnect before is an error."""

    __slots__ = ("_end", "_exchange", "_ready", "_receive", "ended")

    def __init__(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]], exchange: Exchange) -> None:
        self._receive = receive
        self._exchange = exchange
        self._ready: list[bytes] = []
        self._end: anyio.Event | None = None
        self.ended = False
        """Whether the body's end was seen: only then may anyone wait for ``http.disconnect``."""

    async def aread(self, size: int, whole: bool) -> bytes:
        """The next message's bytes, ``b""`` at the end."""
        if self._ready:
            return self._take()
        while not self.ended:
            if data := await self._message():
                return data
        return b""

    def read(self, size: int, whole: bool) -> bytes:
        """From a worker thread: with ``whole`` one hop for ``size`` bytes, else one for each message."""
        if not self._ready:
            if self.ended:
                return b""
            crossing.in_loop(self._fill, size if whole else 1, token=self._exchange.token)
        return self._take()

    async def preload(self) -> None:
        """Receive the whole of a small body; what goes wrong is told to whoever reads it."""
        try:
            while not self.ended:
                if data := await self._message():
                    self._ready.append(data)
        except ClientDisconnected:
            pass

    async def watch(self) -> None:
        """Return when the client has left; receives nothing before the body's end was seen: it has one owner."""
        if not self.ended:
            self._end = crossing.make_event()
            await self._end.wait()
        while not self._exchange.disconnected:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._exchange.disconnected = True

    async def peek(self) -> None:
        """Receive the one message that says that there is no body, where none was announced."""
        if not self.ended and not self._ready and not self._exchange.disconnected:
            try:
                if data := await self._message():
                    self._ready.append(data)
            except ClientDisconnected:
                pass

    async def _message(self) -> bytes:
        if self._exchange.disconnected:
            raise ClientDisconnected
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._exchange.disconnected = True
            raise ClientDisconnected
        if not message.get("more_body", False):
            self.ended = True
            if self._end is not None:
                self._end.set()
        data: bytes = message.get("body") or b""
        return data

    async def _fill(self, size: int) -> None:
        """Runs in the loop while a handler's thread waits: its place among the handlers is free meanwhile."""
        got = 0
        lease = self._exchange.lease
        given_back = lease is not None and lease.give_back()
        try:
            while got < size and not self.ended:
                data = await self._message()
                if data:
                    got += len(data)
                    self._ready.append(data)
        except ClientDisconnected:
            if not self._ready:
                raise
        finally:
            if given_back:
                await lease.take()

    def _take(self) -> bytes:
        ready, self._ready = self._ready, []
        return ready[0] if len(ready) == 1 else b"".join(ready)


class ReplayReceive:
    """A ``receive`` for applications downstream: a buffered body once more, then what the server sends.

    Before anything was read it is the server's own; after a form or a stream took the bytes it raises
    :exc:`BodyConsumed`.
    """

    __slots__ = ("_exchange", "_receive", "_replayed")

    def __init__(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]], exchange: Exchange) -> None:
        self._receive = receive
        self._exchange = exchange
        self._replayed = False

    async def __call__(self) -> MutableMapping[str, Any]:
        body = self._exchange.body
        if body is None or self._replayed:
            return await self._receive()
        self._replayed = True
        if body.raw is not None:
            return {"type": "http.request", "body": body.raw, "more_body": False}
        if body.taken is not None:
            raise BodyConsumed(f"got a receive(), expected none: the body was consumed by {body.taken}")
        body.taken = "receive()"
        return await self._receive()


def find_exchange(scope: MutableMapping[str, Any], receive: Any) -> Exchange:
    """What the request objects over this scope and ``receive`` share; another ``receive`` is another body."""
    exchange: Exchange | None = scope.get(KEY)
    if exchange is not None:
        if exchange.origin is None and receive is not None:
            exchange.origin = receive
        if receive is None or receive is exchange.origin or receive is exchange.replay:
            return exchange
    fresh = scope[KEY] = Exchange()
    fresh.origin = receive
    if exchange is not None:
        fresh.state, fresh.token, fresh.lease = exchange.state, exchange.token, exchange.lease
    return fresh


def open_body(scope: MutableMapping[str, Any], receive: Any) -> Body:
    """The shared state of this request's body, made at the first access."""
    exchange = find_exchange(scope, receive)
    if exchange.body is None:
        if exchange.origin is None:
            raise RuntimeError("got a request without receive, expected one: only the head can be read")
        exchange.body = Body(ReceiveSource(exchange.origin, exchange))
    return exchange.body
