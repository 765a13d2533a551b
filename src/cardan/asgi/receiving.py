"""The body of a request out of ``receive``: its reading, and the ``receive`` that replays it.

One owner of ``receive``: everything that wants messages goes through :class:`ReceiveBody`, in the event loop or,
by :func:`cardan._crossing.in_loop`, from a worker thread. One of its callers awaits ``receive`` at a time; the others
wait for what it gets. What a watcher receives of the body is kept for the readers.
"""

from __future__ import annotations

from _thread import get_ident
from contextlib import suppress
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

from .. import _crossing as crossing
from ..core.buffers import CHUNK_SIZE, as_bytes
from ..core.exceptions import ClientDisconnected, HTTPException, RequestTimeout, ServiceUnavailable
from ..core.request.body import Body
from ..core.request.exchange import NOBODY, StandIn, find_exchange

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, MutableMapping

    import anyio

    from ..core.request.exchange import Exchange

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

__all__ = ["AHEAD", "ReceiveBody", "ReplayReceive", "end_watching", "open_body", "replay_receive", "watch_body"]

#: bytes of a body that a watcher may hold before anybody reads them: it sees the body's end, and the client leave,
#: behind a small body that nobody has read
AHEAD = CHUNK_SIZE
#: seconds after which a client is told to try again when too many threads wait for clients
RETRY_AFTER = 5
#: seconds in which a message arrives that the server has already; longer than a few turns of a busy event loop
AT_ONCE = 0.1


class ReceiveBody(Body):
    """Reads ``receive``: bytes of ``http.request`` until ``more_body`` is false; a disconnect before is an error."""

    timeout: float | None = None
    """Seconds without a byte after which the request is a 408; None for no limit."""
    ahead: int = 0
    """Bytes that :meth:`watch` may hold for the readers; 0 before anybody asked whether the client is there."""
    watcher: crossing.BackgroundTask | None = None
    """The task that watches for ``request.disconnected``, once somebody asked."""
    _held: int = 0
    """Bytes that were received ahead since ``_ready`` was last found empty."""
    _failure: HTTPException | None = None
    _receiving: bool = False
    """Whether a task awaits ``receive`` at this moment."""
    _owes_end: bool = False
    """Whether a watcher has received the end of the body, of which :meth:`message` has not told yet."""
    _changed: anyio.Event | None = None

    def __init__(self, receive: Receive, exchange: Exchange) -> None:
        self.turn = [None]
        self.origin: Receive = receive
        self._exchange = ref(exchange)
        self._ready: list[bytes] = []
        """What was received before it was read. After it ``_failure`` is raised, if there is one."""

    def aread(self, size: int, whole: bool) -> Coroutine[Any, Any, bytes]:
        """The next message's bytes, ``b""`` at the end."""
        if self._ready or self._failure or self.ended:
            return self._take_ready()
        return self._receive_data() if self.timeout is None else self._more()

    async def _take_ready(self) -> bytes:
        self._tell()  # a watcher that held all it may hold goes on
        return self._take()

    def read(self, size: int, whole: bool) -> bytes:
        """From a worker thread: with ``whole`` one hop for ``size`` bytes, else one for each message."""
        ended = self.ended  # looked at first: a watcher in the loop adds what it received before it sets this
        if not self._ready:
            if ended:
                return b""
            if self._failure is None:
                exchange = self._exchange() or NOBODY
                own = exchange.lease is not None and exchange.lease.thread == get_ident()
                crossing.in_loop(self._fill, size if whole else 1, token=None if own else exchange.token)
        return self._take()

    async def preload(self) -> None:
        """Receive the whole of a small body; an error is raised by the read that reaches it."""
        while not self.ended and self._failure is None:
            await self._collect()

    async def watch(self) -> None:
        """Return when the client has left.

        Before the end of the body only up to ``ahead`` bytes are received, which the readers find. Any number of
        tasks may watch.
        """
        from anyio.lowlevel import checkpoint

        while not self.disconnected:
            if not self._ready:
                self._held = 0
            if self._receiving or not (self.ended or self._held < self.ahead):
                await self._change()
                continue
            await self._receive_ahead()
            await checkpoint()  # a receive that never waits must not keep the loop from the stream

    def let_watch(self, ahead: int) -> None:
        """Let :meth:`watch` receive up to ``ahead`` bytes of the body; to be called in the event loop."""
        if ahead > self.ahead:
            self.ahead = ahead
            self._tell()

    async def _receive_ahead(self) -> None:
        """Receive once, and keep what was received for later reads."""
        self._receiving = self.asked = True
        try:
            message = await self.origin()
            if body := message.get("body"):
                data = as_bytes(body)
                self._held += len(data)
                self._ready.append(data)  # before the end is noted: a thread may look at both
            elif not self.ended:
                self._owes_end = not message.get("more_body", False)
            self._note(message)
        finally:
            self._receiving = False
            self._tell()

    def _tell(self) -> None:
        """Wake the tasks that wait in :meth:`_change`."""
        if self._changed is not None:
            changed, self._changed = self._changed, None
            changed.set()

    async def _change(self) -> None:
        """Return when another task has received something, or failed to."""
        if self._changed is None:
            self._changed = crossing.make_event()
        await self._changed.wait()

    async def message(self) -> MutableMapping[str, Any]:
        """The next message as it is, for an application that takes ``receive`` itself."""
        while not (self._ready or self._owes_end):
            if self._receiving:
                await self._change()
            elif self.disconnected:
                return {"type": "http.disconnect"}
            else:
                return await self._receive()
        data = self._take() if self._ready else b""
        if self.ended:
            self._owes_end = False
        return {"type": "http.request", "body": data, "more_body": not self.ended}

    async def _receive(self) -> MutableMapping[str, Any]:
        """The next message of the server."""
        self._receiving = self.asked = True
        try:
            message = await self.origin()
            self._note(message)
        finally:
            self._receiving = False
            self._tell()
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
        self.asked = True
        while not self.ended:
            if self._receiving:
                await self._change()
                if self._ready:  # a watcher has received it
                    return self._take()
                continue
            if self.disconnected:
                raise ClientDisconnected
            self._receiving = True  # as _receive() does, without a coroutine for each message
            try:
                message = await self.origin()
                if not message.get("more_body", False):
                    self._note(message)
            finally:
                self._receiving = False
                if self._changed is not None:
                    self._tell()
            if message["type"] == "http.disconnect":
                raise ClientDisconnected
            if data := message.get("body"):
                return as_bytes(data)
        return b""

    def _note(self, message: MutableMapping[str, Any]) -> None:
        """What a message says of the connection, whoever received it."""
        if message["type"] == "http.disconnect":
            self.disconnected = True
        elif not message.get("more_body", False):
            self.ended = True

    async def _collect(self) -> int:
        """Receive once, into ``_ready``; an error is kept, and raised by the read that reaches it."""
        try:
            data = await self._more()
        except HTTPException as error:
            self._failure = error
            return 0
        if data:
            self._ready.append(data)
        return len(data)

    async def _fill(self, size: int) -> None:
        """Runs in the loop while a thread waits: its place among those that run is free meanwhile.

        Raises :exc:`ServiceUnavailable` where as many threads as are allowed to wait for their clients do so, unless
        the client has sent already what is wanted; a request without a body has.
        """
        lease: crossing.Lease | None = (self._exchange() or NOBODY).lease
        if lease is None:
            await self._collect_some(size)
            return
        import anyio

        try:
            with anyio.CancelScope() as scope:
                lease.wake = scope.cancel
                if lease.is_cancelled:
                    scope.cancel()
                if not lease.step_aside():
                    await self._collect_at_once(size, lease)
                    return
                await self._collect_some(size)
                if self.ended or not self.disconnected:
                    await lease.come_back()
                    return
        except anyio.get_cancelled_exc_class():
            pass
        except BaseException:
            lease.end()
            raise
        finally:
            lease.wake = None
        lease.end()  # whatever the handler does with the error, it does it without keeping others waiting
        if not self.disconnected:
            self.disconnected = True
            raise ClientDisconnected("the server cancelled this request")

    async def _collect_at_once(self, size: int, lease: crossing.Lease) -> None:
        """Without a place to wait in: receive what is there. Once for each lease: it keeps others from running."""
        import anyio

        if not lease.hurried:
            lease.hurried = True
            with anyio.move_on_after(AT_ONCE):
                await self._collect_some(size)
                return
        raise ServiceUnavailable("too many requests wait for their clients, try again later", retry_after=RETRY_AFTER)

    async def _collect_some(self, size: int) -> None:
        got = sum(map(len, self._ready))  # a watcher may have received it since the thread looked
        while got < size and not self.ended and self._failure is None:
            got += await self._collect()

    def _take(self) -> bytes:
        count = len(self._ready)
        ready = self._ready[:count]
        del self._ready[:count]  # and no more: a watcher in the loop may add to the list meanwhile
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


def open_body(scope: MutableMapping[str, Any], receive: Any) -> ReceiveBody:
    """The shared state of the body that comes from ``receive``, made at the first access."""
    if receive is None:
        raise RuntimeError("got a request without receive, expected one: only the head can be read")
    exchange = find_exchange(scope)
    # a receive, and what stands in for one, are of bodies that were opened here
    body: ReceiveBody | None = exchange.find(receive) if exchange.opened else None  # type: ignore[assignment]
    if body is None:
        body = exchange.open(ReceiveBody(receive, exchange))
    return body


def watch_body(exchange: Exchange, body: ReceiveBody, ahead: int) -> None:
    """Have a task watch ``body`` until the request ends; from the event loop, or from a thread of the request.

    Does nothing where no event loop runs, or none is known. Raises what ``receive`` raised where that ended the
    watching.
    """
    watcher = body.watcher
    if watcher is not None:
        if watcher.error is not None:
            raise copy(watcher.error)
        if not watcher.done:
            return
    with suppress(RuntimeError):  # anyio's NoEventLoopError and RunFinishedError, neither of them in all its releases
        crossing.call_in_loop(partial(_start_watcher, exchange, body, ahead), exchange.token)


def _start_watcher(exchange: Exchange, body: ReceiveBody, ahead: int, token: Any) -> None:
    if exchange.token is None:
        exchange.token = token
    body.let_watch(ahead)
    if body.watcher is None or body.watcher.done:  # two threads may ask at once
        exchange.watched = True
        body.watcher = crossing.BackgroundTask(body.watch)


async def end_watching(exchange: Exchange) -> None:
    """End the tasks that :func:`watch_body` started for this request."""
    for body in exchange.opened:
        if isinstance(body, ReceiveBody) and body.watcher is not None:
            watcher, body.watcher = body.watcher, None
            await watcher.end()


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
