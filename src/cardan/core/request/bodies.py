"""Where the bytes of a request body come from, for whoever uses core without an adapter: a :class:`Body` for each.

Takes any bytes-like object, or an iterable or an async iterable of them, and keeps none of them: the caller may use
its buffers again. Raises :exc:`TypeError` for anything else. The adapters bring their own, over ``wsgi.input`` and
``receive``.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from ..buffers import as_bytes, is_bytes_like
from ..exceptions import BodyConsumed, ClientDisconnected, WrongMode
from ..waiting import Background, checkpoint
from .body import Body

if TYPE_CHECKING:
    from ..buffers import Buffer

__all__ = ["AsyncIterableBody", "BodyInput", "BytesBody", "IterableBody", "make_body"]

BodyInput: TypeAlias = "Buffer | Iterable[Buffer] | AsyncIterable[Buffer]"
"""What ``core.Request`` takes as a body."""


class BytesBody(Body):
    """A body that is in memory already."""

    def __init__(self, data: bytes, origin: object = None) -> None:
        self.turn = [None]
        self.origin = origin
        self._data = data
        self.ended = not data

    def read(self, size: int, whole: bool) -> bytes:
        """All of it at once, then ``b""``."""
        data, self._data = self._data, b""
        self.ended = True
        return data

    async def aread(self, size: int, whole: bool) -> bytes:
        """All of it at once, then ``b""``."""
        return self.read(size, whole)


class IterableBody(Body):
    """A body out of an iterable of bytes."""

    blocks = True

    def __init__(self, chunks: Iterable[Buffer]) -> None:
        self.turn = [None]
        self._chunks = iter(chunks)

    def read(self, size: int, whole: bool) -> bytes:
        """The next chunk that is not empty, ``b""`` at the end."""
        try:
            for chunk in self._chunks:
                if data := as_bytes(chunk):
                    return data
        except (ClientDisconnected, OSError):
            self.disconnected = True
            raise
        return b""

    async def aread(self, size: int, whole: bool) -> bytes:
        """Likewise; a synchronous iterable is expected not to block for long. Between two reads is a checkpoint."""
        await checkpoint()
        return self.read(size, whole)


class AsyncIterableBody(Body):
    """A body out of an async iterable of bytes."""

    _pending: Background[bytes] | None = None
    _closed: bool = False
    """Whether it was ended before its end was seen."""

    def __init__(self, chunks: AsyncIterable[Buffer]) -> None:
        self.turn = [None]
        self._chunks = aiter(chunks)

    def read(self, size: int, whole: bool) -> bytes:
        """Raises :exc:`WrongMode`: nothing here can wait for an async iterable without awaiting."""
        raise WrongMode("got a blocking read of an async body, expected `await request.load()` or `aiter_data()`")

    async def aread(self, size: int, whole: bool) -> bytes:
        """The next chunk that is not empty, ``b""`` at the end; raises :exc:`BodyConsumed` after :meth:`aclose`."""
        if self._closed:
            raise BodyConsumed("got a read of the body after aclose(), expected it before")
        return await (self._next_shared() if self.driven else self._next())

    async def _next_shared(self) -> bytes:
        """In ``load()``: the next chunk by a task of its own, because a cancellation ends an async generator, and what
        it would give is wanted by the other tasks that load.
        """
        pending = self._pending
        if pending is None:
            pending = self._pending = Background(self._next)
        try:
            await pending.wait()
            data = pending.result()
        except BaseException:
            if pending.done:
                self._pending = None
            elif not self.waiting:
                self.abandon()
            raise
        self._pending = None
        return data

    def abandon(self) -> None:
        """Cancel the step of the iterable that nobody waits for."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()

    async def _next(self) -> bytes:
        try:
            async for chunk in self._chunks:
                if data := as_bytes(chunk):
                    return data
        except (ClientDisconnected, OSError):
            self.disconnected = True
            raise
        self.ended = True
        return b""

    async def aclose(self) -> None:
        """End an async generator that was not used up. What was read until then stays; reading on is an error."""
        aclose = getattr(self._chunks, "aclose", None)
        if aclose is not None and not getattr(self._chunks, "ag_running", False):
            self._closed = not self.ended
            await aclose()


def make_body(body: BodyInput) -> Body:
    """The body over bytes, an iterable or an async iterable of bytes; :exc:`TypeError` for anything else."""
    if is_bytes_like(body):
        return BytesBody(as_bytes(body))
    if isinstance(body, AsyncIterable):
        return AsyncIterableBody(body)
    if isinstance(body, Iterable) and not isinstance(body, str):
        return IterableBody(body)
    raise TypeError(f"got a body of type {type(body).__name__}, expected bytes or an iterable of bytes")
