"""The body of a request out of ``wsgi.input``: its length, its reading, and the file that replays it; the wait for a
read that finds that the client has left.
"""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from .. import _crossing as crossing
from ..core._buffers import CHUNK_SIZE, as_bytes
from ..core._exceptions import BadRequest, ClientDisconnected, HTTPException, LengthRequired
from ..core._request.body import Body, BytesBody
from ..core._request.exchange import StandIn, find_exchange
from ..core._waiting import checkpoint
from ..core.forms._body_reader import parse_content_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..core._request.exchange import Exchange

__all__ = ["InputBody", "LazyReplay", "ReplayInput", "open_body", "sent_length", "wait_for_leave"]


#: bytes that are asked for at least, if an input blocks until it has as many as were asked for
LEAST: Final = 1024
#: bytes: a body whose declared length is at most this is read by one call in async code
SMALL: Final = CHUNK_SIZE


class InputBody(Body):
    """Reads ``wsgi.input``, and never more than ``length`` bytes of it. None: the server ends the input itself.

    If the input raises an OSError, or ends before ``length`` bytes, :exc:`ClientDisconnected` is raised. Any other
    exception of the input becomes a :exc:`BadRequest`.
    """

    def __init__(self, stream: Any, length: int | None) -> None:
        self.turn = [None]
        self.origin = stream
        self._rest = length
        self.ended = length == 0

    blocks = True
    _kept: bytes | None = None
    """Bytes that were read for a task that was cancelled during the read. The next read returns them."""
    _came: int = 0
    """How many bytes were read so far."""

    def read(self, size: int, whole: bool) -> bytes:
        """Read at most ``size`` bytes. Blocks as ``wsgi.input.read`` does.

        If ``whole`` is false, the bytes that have arrived are enough, so that a stream continues as soon as the client
        does. An input that has ``read1`` returns them. An input that has only ``read`` waits for as many bytes as were
        asked for; it is asked for as many as have arrived so far, so that no read waits longer than the client has
        already taken.
        """
        kept, self._kept = self._kept, None
        if kept is not None:
            return kept
        rest = self._rest
        if rest is not None and rest < size:
            if not rest:
                return b""
            size = rest
        self.asked = True
        try:
            read = self.origin.read
            if not whole:
                read1 = getattr(self.origin, "read1", None)
                if read1 is not None:
                    read = read1
                else:
                    size = min(size, max(self._came, LEAST))
            data: bytes = read(size)
        except ClientDisconnected:  # of a request of core, whose body is the input
            self.disconnected = True
            raise
        except HTTPException:
            raise
        except OSError as error:
            self.disconnected = True
            raise ClientDisconnected from error
        except Exception as error:
            raise BadRequest("the body could not be read") from error
        if type(data) is not bytes:
            data = as_bytes(data)
        self._came += len(data)
        if rest is not None:
            self._rest = rest = rest - len(data)
            if not rest:
                self.ended = True
            elif not data:  # the input ended, though more bytes were declared: the client has disconnected
                self.disconnected = True
                if not self._came:
                    raise ClientDisconnected(
                        "got no byte of the body: the client disconnected, or other code has read the body before"
                    )
                raise ClientDisconnected
        elif not data:
            self.ended = True
        return data

    async def aread(self, size: int, whole: bool) -> bytes:
        """The same as :meth:`read`, run by ``run_sync`` in the thread of the request, which is waiting anyway.

        A read that blocks cannot be cancelled, so a time-out is only noticed between two reads. Therefore each read
        begins with a checkpoint, and only a small body is read by one call. If the task was cancelled during a read,
        the bytes are kept for the next read.
        """
        await checkpoint()
        assert self.run_sync is not None  # on WSGI, async code has a thread that does what blocks
        whole = whole and self._rest is not None and self._rest <= SMALL
        try:
            await self.run_sync(self._fetch, size, whole)
        finally:
            if self.disconnected and self.leave_event is not None:
                self.leave_event.set()
        data, self._kept = self._kept, None
        assert data is not None
        return data

    def _fetch(self, size: int, whole: bool) -> None:
        self._kept = self.read(size, whole)


class ReplayInput(io.RawIOBase):
    """Replaces ``wsgi.input`` after a request has opened it. It replays a body that was kept.

    If the body is unread, it reads the original input up to the end of the body, which consumes the body. If the body
    was consumed by something else, reading raises :exc:`BodyConsumed`.
    """

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body = body
        self._file: io.BytesIO | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the next bytes. Raises :exc:`BodyConsumed` if they are gone; after an error, raises that again."""
        body = self.body
        if body.raw is None:
            if body.taken != "wsgi.input":
                body.take("wsgi.input")
            data = body.read(len(buffer), False)
            buffer[: len(data)] = data
            return len(data)
        if self._file is None:
            self._file = io.BytesIO(body.raw)
        return self._file.readinto(buffer)


class LazyReplay(StandIn):
    """A buffered :class:`ReplayInput`, made at the first use. It is seldom used, and its buffer takes 64 KiB."""

    __slots__ = ("_file",)

    def __getattr__(self, name: str) -> Any:
        if name == "_file":
            self._file = io.BufferedReader(ReplayInput(self.body), CHUNK_SIZE)
            return self._file
        return getattr(self._file, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file)

    def __next__(self) -> bytes:
        return next(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.close()


async def wait_for_leave(exchange: Exchange, body: Body) -> None:
    """Return when a read of ``body`` has failed because the client disconnected, or when the request is over.

    To be awaited in the event loop.
    """
    event = exchange.leave_event
    if event is None:
        event = exchange.leave_event = crossing.make_event()
        exchange.release = partial(crossing.call_in_loop, lambda token: event.set(), crossing.current_token())
    body.leave_event = event
    if not (exchange.disconnected or exchange.over):
        await event.wait()


def sent_length(environ: dict[str, Any]) -> int | None:
    """The declared length of the body in bytes.

    None if no length was declared, or if a transfer coding overrides it (RFC 9112 section 6.3). Raises
    :exc:`BadRequest` for a Content-Length that is not a length.
    """
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    return parse_content_length(environ.get("CONTENT_LENGTH"))


def open_body(environ: dict[str, Any], length: int | None) -> Body:
    """The body of this environ, which its request objects share. It is made at the first access.

    ``length`` is its declared length in bytes, or None. From then on, ``wsgi.input`` is a file that replays the body,
    and ends where the body ends.
    """
    exchange = find_exchange(environ)
    stream = environ.get("wsgi.input")
    body = exchange.find(stream) if exchange.opened else None
    if body is None:
        # a body without a length can only be read if the server ends the input (``wsgi.input_terminated``)
        if stream is not None and (length is not None or environ.get("wsgi.input_terminated")):
            body = InputBody(stream, length)
            if exchange.run_sync is not None:
                body.run_sync = exchange.run_sync
        else:
            body = BytesBody(b"", stream)
            if "HTTP_TRANSFER_ENCODING" in environ:  # there is a body that cannot be read (RFC 9110 section 15.5.12)
                body.fail(LengthRequired("this server cannot read a body in a transfer coding; send a Content-Length"))
        body = exchange.open(body)
        environ["wsgi.input"] = LazyReplay(body)
        environ["wsgi.input_terminated"] = True
    return body
