"""Reading the body of a request from ``receive``, and the replacement for ``receive`` that replays the body.

:class:`ReceiveBody` is the only owner of ``receive``. Everything that needs messages calls it, in the event loop, or
from a worker thread by :func:`cardan._crossing.in_loop`. Only one caller awaits ``receive`` at a time; the others wait
for the message that it gets. A *watcher* waits for the client to disconnect. The bytes of the body that a watcher
receives are kept for the readers.
"""

from __future__ import annotations

from _thread import get_ident
from contextlib import suppress
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

from .. import _crossing as crossing
from ..core._buffers import CHUNK_SIZE
from ..core._exceptions import ClientDisconnected, HTTPException, RequestTimeout, ServiceUnavailable
from ..core._request.body import Body
from ..core._request.exchange import NOBODY, StandIn, find_exchange
from ..core._waiting import Background
from ._messages import PATHSEND, data_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, MutableMapping

    import anyio

    from ..core._request.exchange import Exchange

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

__all__ = [
    "AHEAD",
    "OngoingReceive",
    "ReceiveBody",
    "ReplayReceive",
    "end_receiving",
    "end_watching",
    "open_body",
    "replay_receive",
    "watch_body",
]

#: bytes of an unread body that a watcher may receive and keep: enough to get past a small body to the message that says
#: that the client has disconnected
AHEAD = CHUNK_SIZE
#: seconds after which a client is asked to try again if too many threads wait for clients
RETRY_AFTER = 5
#: seconds within which a message arrives that the server has already received; a few turns of a busy event loop
#: take less
AT_ONCE = 0.1
#: messages that are collected at most for one read: each takes some 40 bytes beside its data, which may be one byte
MESSAGES = 1024


class OngoingReceive:
    """A ``receive`` whose call goes on when the task that awaits it is cancelled: the next call gets the message.

    It is put around that of granian, which takes a message out of its queue before it wakes the task that awaits it. If
    this task was cancelled meanwhile, the message would be lost. (The ASGI specification does not say what a server
    does.) Only one task may call it at a time.
    """

    __slots__ = ("_receive", "_task")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task: Background[MutableMapping[str, Any]] | None = None

    async def __call__(self) -> MutableMapping[str, Any]:
        task = self._task
        if task is None:
            task = self._task = Background(self._receive)
        await task.wait()
        if task is not self._task:  # ended meanwhile: the request is over
            return {"type": "http.disconnect"}
        self._task = None
        return task.result()

    def end(self) -> None:
        """End a call that goes on, because the request is over."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()


class ReceiveBody(Body):
    """Reads the bytes of ``http.request`` messages until ``more_body`` is false.

    Raises :exc:`ClientDisconnected` for a disconnect before that.
    """

    timeout: float | None = None
    """Seconds without a byte after which :exc:`RequestTimeout` (408) is raised; None for no limit."""
    ahead: int = 0
    """Bytes that :meth:`watch` may receive and keep for the readers; 0 until a watcher is needed."""
    ongoing: OngoingReceive | None = None
    """What is called in place of ``receive``, if that loses a message when it is cancelled."""
    watcher: crossing.BackgroundTask | None = None
    """The task that watches for ``request.disconnected``, started at the first access to it."""
    _held: int = 0
    """Bytes that watchers have received since ``_ready`` was last empty."""
    _failure: HTTPException | None = None
    _receiving: bool = False
    """Whether a task is awaiting ``receive``."""
    _owes_end: bool = False
    """Whether a watcher has received the end of the body, and :meth:`message` has not returned it yet."""
    _changed: anyio.Event | None = None

    def __init__(self, receive: Receive, exchange: Exchange, *, ongoing: bool = False) -> None:
        self.turn = [None]
        self.origin: Receive = receive
        self._next_message: Receive = receive
        if ongoing:
            self._next_message = self.ongoing = OngoingReceive(receive)
        self._exchange = ref(exchange)
        self._ready: list[bytes] = []
        """Bytes that were received and not read yet. After them, ``_failure`` is raised, if it is set."""

    def aread(self, size: int, whole: bool) -> Coroutine[Any, Any, bytes]:
        """The bytes of the next message; ``b""`` at the end of the body."""
        if self._ready or self._failure or self.ended:
            return self._take_ready()
        return self._receive_data() if self.timeout is None else self._more()

    async def _take_ready(self) -> bytes:
        self._tell()  # a watcher that has kept as much as it may can continue
        return self._take()

    def read(self, size: int, whole: bool) -> bytes:
        """Read from a worker thread. A call into the event loop gets ``size`` bytes if ``whole``, else a message."""
        ended = self.ended  # read this before _ready: a watcher in the loop adds the bytes before it sets this
        if not self._ready:
            if ended:
                return b""
            if self._failure is None:
                exchange = self._exchange() or NOBODY
                lease: crossing.Lease | None = exchange.lease
                size = size if whole else 1
                if lease is None or lease.thread != get_ident():
                    crossing.in_loop(self._fill, size, token=exchange.token)
                elif lease.is_cancelled or not crossing.run_in_task(self._fill_in_task, size, lease):
                    crossing.in_loop(self._fill, size)
        return self._take()

    async def preload(self) -> None:
        """Receive the whole of a small body. An error is raised by the read that reaches it."""
        while not self.ended and self._failure is None:
            await self._collect()

    async def watch(self) -> None:
        """Return when the client has disconnected.

        Of an unread body, only up to ``ahead`` bytes are received; they are kept for the readers. Any number of tasks
        may watch.
        """
        from anyio.lowlevel import checkpoint

        while not self.disconnected:
            if not self._ready:
                self._held = 0
            if self._receiving or not (self.ended or self._held < self.ahead):
                await self._change()
                continue
            await self._receive_ahead()
            await checkpoint()  # a receive that never waits must not block the event loop

    def let_watch(self, ahead: int) -> None:
        """Let :meth:`watch` receive up to ``ahead`` bytes of the body. To be called in the event loop."""
        if ahead > self.ahead:
            self.ahead = ahead
            self._tell()

    async def _receive_ahead(self) -> None:
        """Receive one message, and keep its bytes for later reads."""
        self._receiving = self.asked = True
        try:
            message = await self._next_message()
            if data := data_of(message):
                self._held += len(data)
                self._ready.append(data)  # before _note() sets ``ended``: a thread reads both, in the other order
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
        """Return when another task has received a message, or has failed to."""
        changed = self._changed
        if changed is None:
            changed = self._changed = crossing.make_event()
        await changed.wait()

    async def message(self) -> MutableMapping[str, Any]:
        """The next message, for an application that calls ``receive`` itself."""
        while not (self._ready or self._owes_end):
            if self._receiving:
                await self._change()
            elif self.disconnected:
                return {"type": "http.disconnect"}
            else:
                return await self._receive()
        data = self._take() if self._ready else b""
        self._owes_end = False
        return {"type": "http.request", "body": data, "more_body": not self.ended}

    async def _receive(self) -> MutableMapping[str, Any]:
        """Receive the next message of the server."""
        self._receiving = self.asked = True
        try:
            message = await self._next_message()
            data_of(message)
            self._note(message)
        finally:
            self._receiving = False
            self._tell()
        return message

    async def _more(self) -> bytes:
        """The next bytes; empty messages are skipped. After ``timeout`` seconds without any: :exc:`RequestTimeout`."""
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
                if self._ready:  # a watcher has received bytes
                    return self._take()
                continue
            if self.disconnected:
                raise ClientDisconnected
            self._receiving = True  # the same as _receive(), without the cost of a coroutine for each message
            try:
                message = await self._next_message()
                kind, data = message["type"], message.get("body", b"")
                if kind != "http.request" or type(data) is not bytes:
                    data = data_of(message)
                if not message.get("more_body", False):
                    self._note(message)
            finally:
                self._receiving = False
                if self._changed is not None:
                    self._tell()
            if kind == "http.disconnect":
                raise ClientDisconnected
            if data:
                return data
        return b""

    def _note(self, message: MutableMapping[str, Any]) -> None:
        """Note whether a message ends the body or says that the client has disconnected."""
        if message["type"] == "http.disconnect":
            self.disconnected = True
        elif not message.get("more_body", False):
            self.ended = True

    async def _collect(self) -> int:
        """Receive one message into ``_ready``, and return its size. An error is kept for the read that reaches it."""
        try:
            data = await self._more()
        except HTTPException as error:
            self._failure = error
            return 0
        if data:
            self._ready.append(data)
        return len(data)

    async def _fill(self, size: int) -> None:
        """Receive ``size`` bytes in the event loop, while the thread of a handler waits for them.

        The place of that thread among the running ones is free for another handler meanwhile. Raises
        :exc:`ServiceUnavailable` if the maximum number of threads already waits for clients, unless the bytes have
        arrived already. For a request without a body, they have.
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
        lease.end()  # the handler may go on after the error; it must not keep other handlers waiting
        if not self.disconnected:
            self.disconnected = True
            raise ClientDisconnected("the server cancelled this request")

    async def _fill_in_task(self, size: int, lease: crossing.Lease) -> None:
        """Do as :meth:`_fill`, in the task of the request. If that is cancelled, :meth:`_fill` goes on and tells the
        thread.
        """
        try:
            if not lease.step_aside():
                await self._collect_at_once(size, lease)
                return
            await self._collect_some(size)
            if self.ended or not self.disconnected:
                await lease.come_back()
            else:  # the handler may go on after the error; it must not keep other handlers waiting
                lease.end()
        except Exception:
            lease.end()
            raise

    async def _collect_at_once(self, size: int, lease: crossing.Lease) -> None:
        """Receive what has arrived, without giving up the place. This keeps other handlers from running, so it is
        done only once for each lease.
        """
        import anyio

        if not lease.hurried:
            lease.hurried = True
            with anyio.move_on_after(AT_ONCE):
                await self._collect_some(size)
                return
        raise ServiceUnavailable("too many requests wait for their clients, try again later", retry_after=RETRY_AFTER)

    async def _collect_some(self, size: int) -> None:
        got = sum(map(len, self._ready))  # a watcher may have received bytes since the thread looked
        while got < size and len(self._ready) < MESSAGES and not self.ended and self._failure is None:
            got += await self._collect()

    def _take(self) -> bytes:
        count = len(self._ready)
        ready = self._ready[:count]
        del self._ready[:count]  # not clear(): a watcher in the loop may add to the list meanwhile
        if not ready and self._failure is not None:
            error, self._failure = self._failure, None
            raise error
        return ready[0] if len(ready) == 1 else b"".join(ready)


class ReplayReceive(StandIn):
    """A ``receive`` for applications downstream. It gives a kept body again, and then the messages of the server.

    If the body is unread, it passes on all messages of the server, which consumes the body. After a form or a stream
    has taken the bytes, it raises :exc:`BodyConsumed`. After reading has failed, it raises the same error.
    """

    __slots__ = ("_replayed",)

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._replayed = False

    def __repr__(self) -> str:
        return "<receive, which gives the kept body again>"

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
    """The body that is read from ``receive``, which the request objects share. It is made at the first access.

    Raises :exc:`RuntimeError` if ``receive`` is None.
    """
    if receive is None:
        if scope.get("type") == "websocket":
            raise RuntimeError("got a websocket scope, expected an http scope: a websocket has a head, and no body")
        raise RuntimeError("got a request without receive, expected one: only the head can be read")
    exchange = find_exchange(scope)
    # whatever was opened on a receive, or on its replacement, was opened here
    body: ReceiveBody | None = exchange.find(receive) if exchange.opened else None  # type: ignore[assignment]
    if body is None:
        # only granian has the extension; it is recognized by that
        ongoing = PATHSEND in (scope.get("extensions") or ())
        body = exchange.open(ReceiveBody(receive, exchange, ongoing=ongoing))
        if ongoing:
            exchange.ongoing = True
    return body


def watch_body(exchange: Exchange, body: ReceiveBody, ahead: int) -> None:
    """Start a task that watches ``body`` until the request ends, unless there is one.

    To be called in the event loop, or in a thread of the request. Does nothing if no event loop is known or running.
    Raises the exception of ``receive`` if one has ended the task.
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
    if body.watcher is None or body.watcher.done:  # two threads may call this at once
        exchange.watched = True
        body.watcher = crossing.BackgroundTask(body.watch)


async def end_watching(exchange: Exchange) -> None:
    """End the tasks that :func:`watch_body` has started for this request."""
    watchers: list[crossing.BackgroundTask] = []
    for body in exchange.opened:
        if isinstance(body, ReceiveBody) and body.watcher is not None:
            watcher, body.watcher = body.watcher, None
            watcher.cancel()  # all before the first wait, which a native cancellation ends
            watchers.append(watcher)
    for watcher in watchers:
        await watcher.wait()


def end_receiving(exchange: Exchange) -> None:
    """End the calls of ``receive`` that go on, see :class:`OngoingReceive`. To be called when the request is over."""
    for body in exchange.opened:
        if isinstance(body, ReceiveBody) and body.ongoing is not None:
            body.ongoing.end()


def replay_receive(scope: MutableMapping[str, Any], receive: Any) -> ReplayReceive:
    """The replacement for ``receive``; always the same one for the same body."""
    body = open_body(scope, receive)
    exchange = find_exchange(scope)
    for known in exchange.replays:
        if known.body is body:
            replay: ReplayReceive = known
            return replay
    replay = ReplayReceive(body)
    exchange.replays = (*exchange.replays, replay)
    return replay
