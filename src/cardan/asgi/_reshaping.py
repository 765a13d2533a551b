"""Answers of an ASGI application that change on their way to the server: their header fields, or their bodies.

The policies of core decide what changes. Messages that are not about the head or the body are passed on as they are.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final

from .. import _crossing as crossing
from ..core._buffers import CHUNK_SIZE
from ..core._request.head import announces_body
from ..core.structures._headers import pairs_of, trusted_headers
from ..core.structures._scope_headers import ScopeHeaders
from ._messages import body_of, encode_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..core._compression import CompressionPolicy, Encoder
    from ..core._origins import CORSPolicy, PreflightAnswer
    from ..core.structures._headers import Headers
    from ._messages import Receive, Scope, Send

__all__ = ["compressed", "preflight_answered", "with_cors"]

#: From this size a piece is compressed in a worker thread, because it would keep the event loop busy for a millisecond
#: or more. To change the thread takes a tenth of that.
_IN_THREAD: Final = 2 * CHUNK_SIZE


async def with_cors(
    app: Any, scope: Scope, receive: Receive, send: Send, policy: CORSPolicy, asked: ScopeHeaders
) -> None:
    """Call ``app``; its answer gets the header fields of a CORS policy. ``asked`` are the fields of the request."""

    async def changed(message: Any) -> None:
        if message["type"] == "http.response.start":
            # they are any iterable (ASGI specification, "Response Start")
            headers: list[tuple[bytes, bytes]] = [*(message.get("headers") or ())]
            added = policy.added(asked, [name.decode("latin-1").lower() for name, _ in headers])
            if added is not None:
                message = {**message, "headers": [*headers, *added.raw]}
            else:
                fields = _fields(headers)
                policy.apply(asked, fields)
                message = {**message, "headers": encode_headers(pairs_of(fields))}
        await send(message)

    await app(scope, receive, changed)


async def preflight_answered(answer: PreflightAnswer, send: Send, asked: ScopeHeaders) -> bool:
    """Send the answer to a preflight request; False, and nothing is sent, if the request has a body to be drained."""
    if announces_body(asked.get("Content-Length"), asked.get("Transfer-Encoding")):
        return False
    try:
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.sent.raw.copy()})
        await send({"type": "http.response.body", "body": answer.body})
    except OSError:  # the client has left
        pass
    return True


async def compressed(app: Any, scope: Scope, receive: Receive, send: Send, policy: CompressionPolicy) -> None:
    """Call ``app``; its answer is compressed as a policy says."""
    await app(scope, receive, _Answer(scope, send, policy).send)


class _Answer:
    """One answer on its way. Its head is held back until the body tells its length, or its first bytes."""

    __slots__ = ("_compressing", "_encoder", "_fields", "_head", "_send")

    def __init__(self, scope: Scope, send: Send, policy: CompressionPolicy) -> None:
        self._compressing = policy.compressing(scope["method"], ScopeHeaders(scope.get("headers") or ()))
        self._send = send
        self._head: Any = None
        self._fields: Headers
        self._encoder: Encoder | None = None

    async def send(self, message: Any) -> None:
        """The ``send`` of the application."""
        kind = message["type"]
        if kind == "http.response.start":
            self._fields = _fields(message.get("headers") or ())
            if self._compressing.head(message["status"], self._fields):
                self._head = message
                return
            self._encoder = self._compressing.begin(None)
            await self._send_head(message)
        elif kind == "http.response.body":
            await self._send_body(message)
        elif kind == "http.response.pathsend" and self._head is not None:
            await self._send_file(message)
        elif kind == "http.response.zerocopysend" and self._head is not None:
            await self._send_head(self._head)  # the server reads the body, so it cannot be compressed
            await self._send(message)
        else:
            await self._send(message)

    async def _send_body(self, message: Any) -> None:
        body, more = body_of(message), message.get("more_body", False)
        if self._head is not None:
            head = self._head
            is_whole = not more or self._compressing.is_whole(body)
            self._encoder = self._compressing.begin(body if is_whole else None)
            if self._encoder is not None and is_whole and not head.get("trailers"):  # trailers need chunks
                encoder, self._encoder = self._encoder, None
                if len(body) < _IN_THREAD:
                    body = encoder.take(body, self._fields)
                else:
                    body = await _in_thread(encoder.take, body, self._fields)
                message = {**message, "body": body}
            await self._send_head(head)
        if self._encoder is None:
            await self._send(message)
            return
        encode: Callable[[bytes], bytes] = self._encoder.feed
        if not more:
            encode, self._encoder = self._encoder.close, None
        data = encode(body) if len(body) < _IN_THREAD else await _in_thread(encode, body)
        await self._send({**message, "body": data})

    async def _send_file(self, message: Any) -> None:
        """Send the file that the server would read itself (ASGI specification, "Path Send"), if it is compressed."""
        self._encoder = self._compressing.begin(None)
        await self._send_head(self._head)
        if self._encoder is None:
            await self._send(message)
            return
        from anyio.lowlevel import checkpoint_if_cancelled

        opened: list[IO[bytes]] = []  # the task may be cancelled while a thread opens the file
        try:
            await crossing.run_file_work(_open, message["path"], opened)
            while piece := await crossing.run_file_work(opened[0].read, _IN_THREAD):
                await checkpoint_if_cancelled()  # file work is not cancelled, and a send may never wait
                await self.send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            for file in opened:
                await crossing.run_file_work(file.close)
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_head(self, head: Any) -> None:
        self._head = None
        await self._send({**head, "headers": encode_headers(pairs_of(self._fields))})


def _open(path: str, opened: list[IO[bytes]]) -> None:
    opened.append(open(path, "rb"))  # noqa: SIM115 - the caller closes it


async def _in_thread(encode: Callable[..., bytes], *args: Any) -> bytes:
    from anyio.to_thread import run_sync

    return await run_sync(encode, *args)


def _fields(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return trusted_headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])
