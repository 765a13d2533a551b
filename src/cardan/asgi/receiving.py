"""The body of a request out of ``receive``: its reading, and the ``receive`` that replays it.

One owner of ``receive``: everything that wants messages goes through :class:`ReceiveBody`, in the event loop or,
by :func:`cardan.crossing.in_loop`, from a worker thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

from .. import crossing
from ..core.exceptions import ClientDisconnected, HTTPException, RequestTimeout
from ..core.request.body import Body
from ..core.request.exchange import NOBODY, StandIn, find_exchange

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, MutableMapping

    import anyio

    from ..core.request.exchange import Exchange

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

__all__ = ["ReceiveBody", "ReplayReceive", "open_body", "replay_receive"]


class ReceiveBody(Body):
    """Reads ``receive``: bytes of ``http.request`` until ``more_body`` is false; a disconnect before is an error."""

    timeout: float | None = None
    """Seconds without a byte after which the request is a 408; None for no limit."""
    _failure: HTTPException | None = None
    _end: anyio.Event | None = None

    def __init__(self, receive: Receive, exchange: Exchange) -> None:
        self.origin: Receive = receive
        self._exchange = ref(exchange)
        self._ready: list[bytes] = []
        """What was received ahead of whoever reads; then comes ``_failure``, if something went wrong."""

    def aread(self, size: int, whole: bool) -> Coroutine[Any, Any, bytes]:
        """The next message's bytes, ``b""`` at the end."""
        if self._ready or self._failure or self.ended:
            return self._take_ready()
        return self._receive_data() if self.timeout is None else self._more()

    async def _take_ready(self) -> bytes:
        return self._take()

    def read(self, size: int, whole: bool) -> bytes:
        """From a worker thread: with ``whole`` one hop for ``size`` bytes, else one for each message."""
        if not self._ready:
            if self.ended:
                return b""
            if self._failure is None:
                crossing.in_loop(self._fill, size if whole else 1, token=(self._exchange() or NOBODY).token)
        return self._take()

    async def preload(self) -> None:
        """Receive the whole of a small body; what goes wrong is told to whoever reads it."""
        while not self.ended and self._failure is None:
            await self._collect()

    async def watch(self) -> None:
        """Return when the client has left; receives nothing before the body's end was seen: it has one owner."""
        from anyio.lowlevel import checkpoint

        if not self.ended:
            self._end = crossing.make_event()
            await self._end.wait()
        while not self.disconnected:
            self._note(await self.origin())
            await checkpoint()  # a receive that never waits must not keep the loop from the stream

    async def peek(self) -> None:
        """Receive the one message that says that there is no body, where none was announced."""
        if not (self.ended or self._ready or self._failure or self.disconnected):
            message = await self.origin()
            self._note(message)
            if data := message.get("body"):
                self._ready.append(data)

    async def message(self) -> MutableMapping[str, Any]:
        """The next message as it is, for an application that takes ``receive`` itself."""
        if self._ready:
            return {"type": "http.request", "body": self._take(), "more_body": not self.ended}
        message = await self.origin()
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
            if self.disconnected:
                raise ClientDisconnected
            message = await self.origin()
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
            self.disconnected = True
        elif not message.get("more_body", False):
            self.ended = True
            if self._end is not None:
                self._end.set()

    async def _collect(self) -> int:
        """Receive once, into ``_ready``; an error is kept for whoever reads so far."""
        try:
            data = await self._more()
        except HTTPException as error:
            self._failure = error
            return 0
        if data:
            self._ready.append(data)
        return len(data)

    async def _fill(self, size: int) -> None:
        """Runs in the loop while a handler's thread waits: its place among the handlers is free meanwhile."""
        got = 0
        lease = (self._exchange() or NOBODY).lease
        given_back = lease is not None and lease.give_back()
        try:
            while got < size and not self.ended and self._failure is None:
                got += await self._collect()
        finally:
            if lease is not None and given_back:
                await lease.take()

    def _take(self) -> bytes:
        ready, self._ready = self._ready, []
        if not ready and self._failure is not None:
            error, self._failure = self._failure, None
            raise error
        return ready[0] if len(ready) == 1 else b"".join(ready)


class ReplayReceive(StandIn):
    """A ``receive`` for applications downstream: a buffered body once more, then what the server sends.

    Of a body that nobody has touched it is the server's own, and consumes it; after a form or a stream took the bytes
    it raises :exc:`BodyConsumed`, where reading failed that error.
    """

    __slots__ = ("_replayed",)

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._replayed = False

    async def __call__(self) -> MutableMapping[str, Any]:
        body = self.body
        if body.raw is not None and not self._replayed:
            self._replayed = True
            return {"type": "http.request", "body": body.raw, "more_body": False}
        if body.raw is None and body.taken != "receive()":
            body.take("receive()")
        message: MutableMapping[str, Any] = await body.message()  # type: ignore[attr-defined]  # a ReceiveBody
        return message


def open_body(scope: MutableMapping[str, Any], receive: Any) -> Body:
    """The shared state of the body that comes from ``receive``, made at the first access."""
    if receive is None:
        raise RuntimeError("got a request without receive, expected one: only the head can be read")
    exchange = find_exchange(scope)
    body = exchange.find(receive) if exchange.opened else None
    if body is None:
        body = ReceiveBody(receive, exchange)
        exchange.opened = (*exchange.opened, body)
    return body


def replay_receive(scope: MutableMapping[str, Any], receive: Any) -> ReplayReceive:
    """The ``receive`` that stands in for ``receive``, one for each."""
    body = open_body(scope, receive)
    exchange = find_exchange(scope)
    for known in exchange.replays:
        if known.body is body:
            replay: ReplayReceive = known
            return replay
    replay = ReplayReceive(body)
    exchange.replays = (*exchange.replays, replay)
    return replay
