"""Early answers over ASGI: the end of a response waits until the body of its request was received and discarded.

The bounds are those of :mod:`cardan.core._request.draining`. The client has its answer before that, by its
Content-Length: what is held back is the last, empty message, after which a server may close the connection.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from .. import _crossing as crossing
from ..core._buffers import CHUNK_SIZE
from ..core._request.draining import DEFAULTS, LARGE, NOTHING, Drain, closes, expects_continue, may_exceed
from ..core._request.exchange import GIVEN_ON
from ..core._request.head import may_have_body
from ..core.structures._scope_headers import ScopeHeaders
from ._messages import PATHSEND, with_close
from ._receiving import ReceiveBody, open_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from ..core._request.draining import DrainLimits
    from ._messages import Message, Receive, Scope, Send

__all__ = ["BODILESS", "PATIENCE", "HeldSend", "hold"]

#: Methods whose requests are not looked at by :func:`hold` (RFC 9110 sections 9.3.1 and 9.3.2). Nearly none of them has
#: a body, and to ask :func:`~cardan.core._request.head.may_have_body` would cost a tenth of a small request.
BODILESS: Final = frozenset({"GET", "HEAD"})

#: Seconds that a drain waits for a message if other code may have read the body before a bare response is sent.
PATIENCE: Final = 0.1

#: A body of at most this many bytes needs no drain in that case: every server buffers as much.
_SMALL: Final = CHUNK_SIZE

#: The extension by which granian is recognized. It ends a response as soon as it has the bytes of its Content-Length,
#: and then closes the connection during the upload. So the last byte is held back.
_ENDS_BY_LENGTH: Final = PATHSEND

#: Seconds that a drain waits for the next message on such a server. A client that stops its upload when it sees an
#: error (as curl does) waits for the last byte, and would otherwise wait until the time of the drain is over.
_SILENCE: Final = 1.0

#: Seconds after which a ``send`` is assumed to wait for room in the server's queue of messages.
_WAITS: Final = 0.1


def hold(
    scope: Scope,
    receive: Receive,
    send: Send,
    limits: DrainLimits,
    *,
    inert: bool = False,
    patience: float | None = None,
) -> HeldSend | None:
    """The ``send`` for a response whose request has an unread body; None if the body was read to its end.

    ``inert``: the body of the response does not read that of the request, which may be drained while the response is
    sent. ``patience``: other code may have read the body from ``receive``, which then waits until the client leaves. In
    that case the drain ends if no message arrives in this many seconds, and a small body is not drained.
    """
    if GIVEN_ON in scope:
        return None
    body = open_body(scope, receive)
    if not isinstance(body, ReceiveBody) or body.ended or body.disconnected:
        return None
    headers = ScopeHeaders(scope.get("headers") or ())
    version: str = scope.get("http_version") or "1.1"
    if not may_have_body(scope["method"], version, headers):
        return None
    if body.asked:
        patience = None
    elif expects_continue(headers):  # the client was not told to send the body
        limits = NOTHING
    elif patience is not None and "Content-Length" in headers and not may_exceed(headers, _SMALL):
        return None
    return HeldSend(
        send,
        body,
        limits,
        inert=inert,
        patience=patience,
        closes=lambda status: closes(status, version, headers, limits),
        kept=int(_ENDS_BY_LENGTH in (scope.get("extensions") or ())),
    )


class HeldSend:
    """A ``send`` that holds back the end of the response; :meth:`finish` drains the body, then sends that end.

    ``patience`` is how many seconds the first message may take; None: as long as the whole drain. ``closes`` tells
    whether a response with a status gets the field ``Connection: close``. ``kept`` is how many bytes of the last
    message are held back together with the end.

    Some clients read nothing before they have sent their whole body; a large response could not be sent to them. An
    ``inert`` response is therefore sent while the body is drained.
    """

    __slots__ = (
        "_after",
        "_body",
        "_closes",
        "_drained",
        "_held",
        "_inert",
        "_kept",
        "_limits",
        "_patience",
        "_send",
    )

    def __init__(
        self,
        send: Send,
        body: ReceiveBody,
        limits: DrainLimits,
        *,
        inert: bool,
        patience: float | None,
        closes: Callable[[int], bool],
        kept: int,
    ) -> None:
        self._send = send
        self._body = body
        self._limits = limits
        self._inert = inert
        self._patience = patience
        self._closes = closes
        self._kept = kept
        self._drained = limits.size <= 0
        self._held: bytes | None = None
        self._after: list[Message] = []
        """What follows the end that is held back: trailer fields."""

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            if self._closes(message["status"]):
                message = with_close(message)
        elif kind == "http.response.body" and self._limits.size <= 0 and not message.get("more_body", False):
            await self._make_room_while(partial(self._send, message))
            return
        elif kind == "http.response.body" and not self._drained:
            data = message.get("body", b"")
            if self._inert and len(data) >= LARGE:
                await self._drain_while(message)
            elif not message.get("more_body", False):
                cut = len(data) - self._kept if data else 0
                await self._send({**message, "body": data[:cut], "more_body": True})
                self._held = data[cut:]
            else:
                await self._send(message)
            return
        elif self._held is not None:
            self._after.append(message)
            return
        await self._send(message)

    async def _drain_while(self, message: Message) -> None:
        """Send ``message`` and drain, side by side; its end waits for both."""
        from anyio import create_task_group

        data, more = message["body"], message.get("more_body", False)
        cut = len(data) - self._kept
        failure: Exception | None = None
        async with create_task_group() as group:
            group.start_soon(self.drain)
            try:
                await self._send({**message, "body": data[:cut], "more_body": True})
            except Exception as error:  # raised outside of the group, which would wrap it
                failure = error
                group.cancel_scope.shield = True  # a cancellation here would hide the error
                group.cancel_scope.cancel()
        self._drained = True  # also if sending failed, which ends the drain
        try:
            if failure is not None:
                raise failure
        finally:
            del failure  # its traceback holds this frame: no cycle
        await self._send({**message, "body": data[cut:], "more_body": more})

    async def finish(self) -> None:
        """Drain, then send the end of the response, if it was reached."""
        if self._held is None:
            return
        await self.drain()
        if self._body.ended or self._body.disconnected:
            await self._send_end(self._held)
        else:
            await self._make_room_while(partial(self._send_end, self._held))

    async def _make_room_while(self, send: Callable[[], Awaitable[None]]) -> None:
        """Await ``send()``, and receive meanwhile if that waits."""
        from anyio import create_task_group

        failure: Exception | None = None
        async with create_task_group() as group:
            group.start_soon(self._make_room)
            try:
                await send()
            except Exception as error:  # raised outside of the group, which would wrap it
                failure = error
                group.cancel_scope.shield = True  # a cancellation here would hide the error
            group.cancel_scope.cancel()
        try:
            if failure is not None:
                raise failure
        finally:
            del failure  # its traceback holds this frame: no cycle

    async def _send_end(self, data: bytes) -> None:
        with suppress(OSError):  # the client has left
            await self._send({"type": "http.response.body", "body": data, "more_body": False})
            for message in self._after:
                await self._send(message)

    async def _make_room(self) -> None:
        """Receive while the end is sent, if that waits; for as long as a drain at most.

        An upload that goes on past a bound fills the queue of hypercorn, which ends a response only when there is room.
        """
        from anyio import move_on_after, sleep
        from anyio.lowlevel import checkpoint

        body = self._body
        await sleep(_WAITS)
        with _suppressed(), move_on_after(self._limits.seconds or DEFAULTS.seconds):
            while not (body.ended or body.disconnected):
                await body.message()
                await checkpoint()  # a receive that never waits must not keep the loop

    async def drain(self) -> None:
        """Receive and discard messages until the body ends, the client leaves, or a bound is reached; once only."""
        if self._drained:
            return
        from anyio import CancelScope, current_time
        from anyio.lowlevel import checkpoint

        body, limits = self._body, self._limits
        drain = Drain(limits)
        silence = min(limits.seconds, _SILENCE) if self._kept else limits.seconds
        end = current_time() + limits.seconds
        patience = silence if self._patience is None else self._patience
        with _suppressed(), CancelScope(deadline=current_time() + patience) as scope:
            while drain.wanted and not body.ended and not body.disconnected:
                message = await body.message()
                drain.feed(len(message.get("body") or b""))
                scope.deadline = min(end, current_time() + silence)
                await checkpoint()  # a receive that never waits must not keep the loop
        self._drained = True


@contextmanager
def _suppressed() -> Iterator[None]:
    """Suppress the errors of ``receive()``: they say that the client has left. A cancellation of something that it
    awaited is one of these errors.
    """
    try:
        yield
    except BaseException as error:
        if not isinstance(crossing.as_error(error), Exception):
            raise
