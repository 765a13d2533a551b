"""The body of a request out of ``wsgi.input``: its length, its reading, and the file that replays it; the wait for a
read that finds that the client has left.
"""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from .. import _crossing as crossing
from ..core.buffers import CHUNK_SIZE, as_bytes
from ..core.exceptions import BadRequest, ClientDisconnected, HTTPException, LengthRequired
from ..core.forms.body_reader import parse_content_length
from ..core.request.body import Body, BytesBody
from ..core.request.exchange import StandIn, find_exchange
from ..core.waiting import checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..core.request.exchange import Exchange

__all__ = ["InputBody", "LazyReplay", "ReplayInput", "open_body", "sent_length", "wait_for_leave"]


#: what is asked for at least, where an input blocks until it has all of it
LEAST: Final = 1024
#: a declared body of at most this size is read at once
SMALL: Final = CHUNK_SIZE


class InputBody(Body):
    """Reads ``wsgi.input``: never past ``length``, which is None where the server ends the input itself.

    An OSError from the input, or its end before ``length`` bytes, is a :exc:`ClientDisconnected`; anything else that it
    raises is a :exc:`BadRequest`.
    """

    def __init__(self, stream: Any, length: int | None) -> None:
        self.turn = [None]
        self.origin = stream
        self._rest = length
        self.ended = length == 0

    blocks = True
    _kept: bytes | None = None
    """What was read for a task that was cancelled meanwhile."""
    _came: int = 0
    """How many bytes were read."""

    def read(self, size: int, whole: bool) -> bytes:
        """At most ``size`` bytes; blocks as ``wsgi.input.read`` does.

        Without ``whole``, and where the input has ``read1``, what is there: a stream goes on when the client does. An
        input that has only ``read`` waits until all came that was asked for: so it is asked for as much as has come
        until then, and no read waits longer than the client has already taken.
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
            elif not data:  # the server has nothing more, though more was declared: the client has left
                self.disconnected = True
                raise ClientDisconnected
        elif not data:
            self.ended = True
        return data

    async def aread(self, size: int, whole: bool) -> bytes:
        """The same, run by ``run_sync``: in the request's own thread, which is waiting anyway.

        A read that blocks cannot be cancelled, so that a time-out is noticed between two of them: before each is a
        checkpoint, and only a small body is read at once. What a read gives to a task that was cancelled meanwhile is
        kept for the next one.
        """
        await checkpoint()
        if self.run_sync is None:
            return self.read(size, whole)
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
    """What ``wsgi.input`` is after a request was opened on it: replays a buffered body, refuses a consumed one.

    Of a body that nobody has touched it is the input itself, up to the body's end; that consumes it.
    """

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body = body
        self._file: io.BytesIO | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read on; :exc:`BodyConsumed` where the bytes are gone, what went wrong where reading failed."""
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
    """A buffered :class:`ReplayInput`, made when somebody reads it: hardly anybody does, and it takes 64 KiB."""

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
    """In the event loop: return when a read of ``body`` has failed because the client left, or the request is over."""
    event = exchange.leave_event
    if event is None:
        event = exchange.leave_event = crossing.make_event()
        exchange.release = partial(crossing.call_in_loop, lambda token: event.set(), crossing.current_token())
    body.leave_event = event
    if not (exchange.disconnected or exchange.over):
        await event.wait()


def sent_length(environ: dict[str, Any]) -> int | None:
    """The declared length of the body in bytes; None where none was declared, or where a transfer coding overrides it
    (RFC 9112 section 6.3). Raises :exc:`BadRequest` for a Content-Length that is no length.
    """
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    return parse_content_length(environ.get("CONTENT_LENGTH") or None)


def open_body(environ: dict[str, Any], length: int | None) -> Body:
    """The shared state of this environ's body, ``length`` bytes if that was declared; made at the first access.

    From then on ``wsgi.input`` is a file that replays it, and ends where the body ends.
    """
    exchange = find_exchange(environ)
    stream = environ.get("wsgi.input")
    body = exchange.find(stream) if exchange.opened else None
    if body is None:
        # without a length only an input that the server terminates can be read at all (PEP 3333, input_terminated)
        if stream is not None and (length is not None or environ.get("wsgi.input_terminated")):
            body = InputBody(stream, length)
            if exchange.run_sync is not None:
                body.run_sync = exchange.run_sync
        else:
            body = BytesBody(b"", stream)
            if "HTTP_TRANSFER_ENCODING" in environ:  # there is a body, and no way to it (RFC 9110 section 15.5.12)
                body.fail(LengthRequired("this server cannot read a body in a transfer coding; send a Content-Length"))
        body = exchange.open(body)
        environ["wsgi.input"] = LazyReplay(body)
        environ["wsgi.input_terminated"] = True
    return body
