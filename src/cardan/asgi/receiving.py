"""The body of a request out of ``receive``: its source, its shared state, and the ``receive`` that replays it.

One owner of ``receive``: everything that wants messages goes through :class:`ReceiveSource`, in the event loop or,
by :func:`cardan.crossing.in_loop`, from a worker thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import crossing
from ..core.exceptions import ClientDisconnected, HTTPException, RequestTimeout
from ..core.request.body import Body
from ..core.request.exchange import KEY, Exchange, Opened, reference

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    import anyio

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

__all__ = ["ReceiveSource", "ReplayReceive", "find_exchange", "known_body", "open_body", "replay_receive"]


class ReceiveSource:
    """Reads ``receive``: bytes of ``http.request`` until ``more_body`` is false; a disconnect before is an error."""

    __slots__ = ("_end", "_error", "_exchange", "_ready", "_receive", "ended", "timeout")

    def __init__(self, receive: Receive, exchange: Exchange) -> None:
        self._receive = receive
        self._exchange = reference(exchange)
        self._ready: list[bytes] = []
        self._error: HTTPException | None = None
        self._end: anyio.Event | None = None
        self.ended = False
        """Whether the body's end was seen: only then may anyone wait for ``http.disconnect``."""
        self.timeout: float | None = None
        """Seconds without a byte after which the request is a 408; None for no limit."""

    async def aread(self, size: int, whole: bool) -> bytes:
        """The next message's bytes, ``b""`` at the end."""
        if self._ready or self._error:
            return self._take()
        if self.ended:
            return b""
        return await (self._receive_data() if self.timeout is None else self._more())

    def read(self, size: int, whole: bool) -> bytes:
        """From a worker thread: with ``whole`` one hop for ``size`` bytes, else one for each message."""
        if not self._ready:
            if self.ended:
                return b""
            if self._error is None:
                crossing.in_loop(self._fill, size if whole else 1, token=self._exchange().token)
        return self._take()

    async def preload(self) -> None:
        """Receive the whole of a small body; what goes wrong is told to whoever reads it."""
        while not self.ended and self._error is None:
            await self._collect()

    async def watch(self) -> None:
        """Return when the client has left; receives nothing before the body's end was seen: it has one owner."""
        from anyio.lowlevel import checkpoint

        if not self.ended:
            self._end = crossing.make_event()
            await self._end.wait()
        while not self._exchange().disconnected:
            self._note(await self._receive())
            await checkpoint()  # a receive that never waits must not keep the loop from the stream

    async def peek(self) -> None:
        """Receive the one message that says that there is no body, where none was announced."""
        if not (self.ended or self._ready or self._error or self._exchange().disconnected):
            message = await self._receive()
            self._note(message)
            if data := message.get("body"):
                self._ready.append(data)

    async def message(self) -> MutableMapping[str, Any]:
        """The next message as it is, for an application that takes ``receive`` itself."""
        if self._ready:
            return {"type": "http.request", "body": self._take(), "more_body": not self.ended}
        message = await self._receive()
        self._note(message)
        return message

    async def _more(self) -> bytes:
        """The next bytes; an empty message is none. A body that stands still for ``timeout`` seconds is a 408."""
        if self.timeout is None or self.ended:
            return await self._receive_data()
        import anyio

        with anyio.move_on_after(self.timeout):
            return await self._receive_data()
        raise RequestTimeout(f"no byte of the body came in {self.timeout:g} seconds")

    async def _receive_data(self) -> bytes:
        while not self.ended:
            if self._exchange().disconnected:
                raise ClientDisconnected
            message = await self._receive()
            if not message.get("more_body", False):
                self._note(message)
                if message["type"] == "http.disconnect":
                    raise ClientDisconnected
            if data := message.get("body"):
                body: bytes = data
                return body
        return b""

    def _note(self, message: MutableMapping[str, Any]) -> None:
        """What a message says of the connection, whoever received it."""
        if message["type"] == "http.disconnect":
            self._exchange().disconnected = True
        elif not message.get("more_body", False):
            self.ended = True
            if self._end is not None:
                self._end.set()

    async def _collect(self) -> int:
        """Receive once, into ``_ready``; an error is kept for whoever reads so far."""
        try:
            data = await self._more()
        except HTTPException as error:
            self._error = error
            return 0
        if data:
            self._ready.append(data)
        return len(data)

    async def _fill(self, size: int) -> None:
        """Runs in the loop while a handler's thread waits: its place among the handlers is free meanwhile."""
        got = 0
        lease = self._exchange().lease
        given_back = lease is not None and lease.give_back()
        try:
            while got < size and not self.ended and self._error is None:
                got += await self._collect()
        finally:
            if lease is not None and given_back:
                await lease.take()

    def _take(self) -> bytes:
        ready, self._ready = self._ready, []
        if not ready and self._error is not None:
            error, self._error = self._error, None
            raise error
        return ready[0] if len(ready) == 1 else b"".join(ready)


class ReplayReceive:
    """A ``receive`` for applications downstream: a buffered body once more, then what the server sends.

    Of a body that nobody has touched it is the server's own, and consumes it; after a form or a stream took the bytes
    it raises :exc:`BodyConsumed`, where reading failed that error.
    """

    __slots__ = ("_body", "_replayed", "_source")

    def __init__(self, body: Body, source: ReceiveSource) -> None:
        self._body = body
        self._source = source
        self._replayed = False

    async def __call__(self) -> MutableMapping[str, Any]:
        body = self._body
        if body.raw is not None:
            if self._replayed:
                return await self._source.message()
            self._replayed = True
            return {"type": "http.request", "body": body.raw, "more_body": False}
        if body.taken != "receive()":
            body.take("receive()")
        return await self._source.message()


def find_exchange(scope: MutableMapping[str, Any], receive: Any = None) -> Exchange:
    """What the request objects over this scope share."""
    exchange: Exchange | None = scope.get(KEY)
    if exchange is None:
        exchange = scope[KEY] = Exchange()
    return exchange


def known_body(scope: MutableMapping[str, Any], receive: Any) -> Body | None:
    """The state of the body that comes from ``receive`` if it was opened."""
    exchange: Exchange | None = scope.get(KEY)
    found = exchange.find(receive) if exchange is not None else None
    return found.body if found is not None else None


def open_body(scope: MutableMapping[str, Any], receive: Any) -> Body:
    """The shared state of the body that comes from ``receive``, made at the first access."""
    return _open(scope, receive).body


def replay_receive(scope: MutableMapping[str, Any], receive: Any) -> ReplayReceive:
    """The ``receive`` that stands in for ``receive``, one for each."""
    opened = _open(scope, receive)
    if opened.replay is None:
        opened.replay = ReplayReceive(opened.body, opened.body.source)  # type: ignore[arg-type]
    replay: ReplayReceive = opened.replay
    return replay


def _open(scope: MutableMapping[str, Any], receive: Any) -> Opened:
    if receive is None:
        raise RuntimeError("got a request without receive, expected one: only the head can be read")
    exchange = find_exchange(scope)
    opened = exchange.find(receive)
    if opened is None:
        opened = exchange.open(Body(ReceiveSource(receive, exchange)), receive)
    return opened
