"""The body of a request out of ``wsgi.input``: its source, its shared state, and the file that replays it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Self

from ..core.body.body_reader import parse_content_length
from ..core.exceptions import BadRequest, ClientDisconnected, HTTPException
from ..core.request.body import Body
from ..core.request.exchange import KEY, Exchange, reference
from ..core.request.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..core.request.sources import Source

__all__ = ["InputSource", "LazyReplay", "ReplayInput", "find_exchange", "known_body", "open_body"]


class InputSource:
    """Reads ``wsgi.input``: never past ``length``, which is None where the server ends the input itself.

    OSError from the input is :exc:`ClientDisconnected`, anything else that it raises a :exc:`BadRequest`.
    """

    __slots__ = ("_exchange", "_input", "_rest")

    def __init__(self, stream: Any, length: int | None, exchange: Exchange) -> None:
        self._input = stream
        self._rest = length
        self._exchange = reference(exchange)

    def read(self, size: int, whole: bool) -> bytes:
        """At most ``size`` bytes; blocks as ``wsgi.input.read`` does.

        Without ``whole``, and where the input has ``read1``, what is there: a stream goes on when the client does.
        """
        rest = self._rest
        if rest is not None and rest < size:
            if not rest:
                return b""
            size = rest
        try:
            read = self._input.read if whole else getattr(self._input, "read1", self._input.read)
            data: bytes = read(size)
        except HTTPException:
            raise
        except OSError as error:
            self._exchange().disconnected = True
            raise ClientDisconnected(f"the client disconnected: {error}") from error
        except Exception as error:
            raise BadRequest(f"the body could not be read: {error}") from error
        if rest is not None:
            self._rest = rest - len(data)
            if not data:
                self._exchange().disconnected = True
        return data

    async def aread(self, size: int, whole: bool) -> bytes:
        """The same, read by the request's own thread, which is waiting anyway."""
        run_sync = self._exchange().run_sync
        if run_sync is None:
            return self.read(size, whole)
        data: bytes = await run_sync(self.read, size, whole)
        return data


class ReplayInput(io.RawIOBase):
    """What ``wsgi.input`` is after a request was opened on it: replays a buffered body, refuses a consumed one.

    Of a body that nobody has touched it is the input itself, up to the body's end; that consumes it.
    """

    def __init__(self, body: Body) -> None:
        super().__init__()
        self._body = body
        self._file: io.BytesIO | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read on; :exc:`BodyConsumed` where the bytes are gone, what went wrong where reading failed."""
        body = self._body
        if body.raw is None:
            if body.taken != "wsgi.input":
                body.take("wsgi.input")
            data = body.source.read(len(buffer), False)
            buffer[: len(data)] = data
            return len(data)
        if self._file is None:
            self._file = io.BytesIO(body.raw)
        return self._file.readinto(buffer)


class LazyReplay:
    """A buffered :class:`ReplayInput`, made when somebody reads it: hardly anybody does, and it takes 64 KiB."""

    __slots__ = ("_body", "_file")

    def __init__(self, body: Body) -> None:
        self._body = body

    def __getattr__(self, name: str) -> Any:
        if name == "_file":
            self._file = io.BufferedReader(ReplayInput(self._body), 65536)
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


def find_exchange(environ: dict[str, Any]) -> Exchange:
    """What the request objects over this environ share."""
    exchange: Exchange | None = environ.get(KEY)
    if exchange is None:
        exchange = environ[KEY] = Exchange()
    return exchange


def known_body(environ: dict[str, Any]) -> Body | None:
    """The state of this environ's body if it was opened."""
    exchange: Exchange | None = environ.get(KEY)
    found = exchange.find(environ.get("wsgi.input")) if exchange is not None else None
    return found.body if found is not None else None


def open_body(environ: dict[str, Any]) -> Body:
    """The shared state of this environ's body, made at the first access.

    From then on ``wsgi.input`` is a file that replays it, and ends where the body ends.
    """
    exchange = find_exchange(environ)
    stream = environ.get("wsgi.input")
    opened = exchange.find(stream)
    if opened is None:
        body = Body(_make_source(environ, stream, exchange))
        opened = exchange.open(body, stream)
        opened.replay = environ["wsgi.input"] = LazyReplay(body)
        environ["wsgi.input_terminated"] = True
    return opened.body


def _make_source(environ: dict[str, Any], stream: Any, exchange: Exchange) -> Source:
    """Without a length only an input that the server terminates can be read at all (PEP 3333, input_terminated)."""
    try:
        length = parse_content_length(environ.get("CONTENT_LENGTH") or None)
    except BadRequest:  # raised when the body is read
        return BytesSource(b"")
    if stream is not None and (length is not None or environ.get("wsgi.input_terminated")):
        return InputSource(stream, length, exchange)
    return BytesSource(b"")
