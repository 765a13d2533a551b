"""The body of a request out of ``wsgi.input``: its source, its shared state, and the file that replays it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ..core.exceptions import BadRequest, BodyConsumed, ClientDisconnected, HTTPException
from ..core.request.body import Body
from ..core.request.exchange import KEY, Exchange
from ..core.request.sources import BytesSource

if TYPE_CHECKING:
    from ..core.request.sources import Source

__all__ = ["InputSource", "ReplayInput", "find_body", "open_body"]


class InputSource:
    """Reads ``wsgi.input``: never past ``length``, which is None where the server ends the input itself.

    OSError from the input is :exc:`ClientDisconnected`, anything else that it raises a :exc:`BadRequest`.
    """

    __slots__ = ("_exchange", "_input", "_rest")

    def __init__(self, stream: Any, length: int | None, exchange: Exchange) -> None:
        self._input = stream
        self._rest = length
        self._exchange = exchange

    def read(self, size: int, whole: bool) -> bytes:
        """At most ``size`` bytes; blocks as ``wsgi.input.read`` does."""
        rest = self._rest
        if rest is not None and rest < size:
            if not rest:
                return b""
            size = rest
        try:
            data: bytes = self._input.read(size)
        except HTTPException:
            raise
        except OSError as error:
            self._exchange.disconnected = True
            raise ClientDisconnected(f"the client disconnected: {error}") from error
        except Exception as error:
            raise BadRequest(f"the body could not be read: {error}") from error
        if rest is not None:
            self._rest = rest - len(data)
        return data

    async def aread(self, size: int, whole: bool) -> bytes:
        """The same, read by the request's own thread, which is waiting anyway."""
        run_sync = self._exchange.run_sync
        if run_sync is None:
            return self.read(size, whole)
        data: bytes = await run_sync(self.read, size, whole)
        return data


class ReplayInput(io.RawIOBase):
    """What ``wsgi.input`` is after a request was opened on it: replays a buffered body, refuses a consumed one."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange
        self._file: io.BytesIO | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read on; :exc:`BodyConsumed` where the bytes are gone."""
        body = self._exchange.body
        assert body is not None
        if body.raw is None:
            if body.taken not in (None, "wsgi.input"):
                raise BodyConsumed(f"got a read of wsgi.input, expected none: the body was consumed by {body.taken}")
            body.taken = "wsgi.input"
            data = body.source.read(len(buffer), False)
            buffer[: len(data)] = data
            return len(data)
        if self._file is None:
            self._file = io.BytesIO(body.raw)
        return self._file.readinto(buffer)


def find_body(environ: dict[str, Any]) -> tuple[Exchange | None, Any]:
    """The exchange that belongs to this environ's input, if there is one, and the input."""
    exchange: Exchange | None = environ.get(KEY)
    stream = environ.get("wsgi.input")
    if exchange is None or exchange.body is None or stream is exchange.replay or stream is exchange.origin:
        return exchange, stream
    return None, stream  # a middleware put another input in its place: another body


def open_body(environ: dict[str, Any]) -> Body:
    """The shared state of this environ's body, made at the first access."""
    exchange, stream = find_body(environ)
    if exchange is None:
        exchange = environ[KEY] = Exchange()
    if exchange.body is None:
        exchange.body = Body(_make_source(environ, stream, exchange))
        exchange.origin = stream
        replay = exchange.replay = io.BufferedReader(ReplayInput(exchange), 65536)
        environ["wsgi.input"] = replay
        environ["wsgi.input_terminated"] = True
    return exchange.body


def _make_source(environ: dict[str, Any], stream: Any, exchange: Exchange) -> Source:
    """Without a length only an input that the server terminates can be read at all (PEP 3333, input_terminated)."""
    declared: str = (environ.get("CONTENT_LENGTH") or "").strip(" \t")
    if declared.isascii() and declared.isdigit() and len(declared) < 20:
        return InputSource(stream, int(declared), exchange)
    if not declared and environ.get("wsgi.input_terminated") and stream is not None:
        return InputSource(stream, None, exchange)
    return BytesSource(b"")
