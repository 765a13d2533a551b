"""Body sources: where the bytes of a request body come from, for whoever uses core without an adapter.

A source has two verbs, ``read(size, whole)`` and ``await aread(size, whole)``, as :class:`~cardan.core.drive.Read`
says; after the end both give ``b""`` for good. The adapters bring their own, over ``wsgi.input`` and ``receive``.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Protocol, TypeAlias

from ..exceptions import WrongMode

__all__ = ["AsyncIterableSource", "BodyInput", "BytesSource", "IterableSource", "Source", "make_source"]

BodyInput: TypeAlias = "bytes | Iterable[bytes] | AsyncIterable[bytes]"
"""What ``core.Request`` takes as a body."""


class Source(Protocol):
    """Where a body comes from."""

    def read(self, size: int, whole: bool) -> bytes:
        """About ``size`` more bytes, ``b""`` at the end; blocks."""
        ...

    async def aread(self, size: int, whole: bool) -> bytes:
        """Likewise, awaiting."""
        ...


class BytesSource:
    """A body that is in memory already."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int, whole: bool) -> bytes:
        """All of it at once, then ``b""``."""
        data, self._data = self._data, b""
        return data

    async def aread(self, size: int, whole: bool) -> bytes:
        """All of it at once, then ``b""``."""
        return self.read(size, whole)


class IterableSource:
    """A body out of an iterable of bytes."""

    __slots__ = ("_chunks",)

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)

    def read(self, size: int, whole: bool) -> bytes:
        """The next chunk that is not empty, ``b""`` at the end."""
        return next((chunk for chunk in self._chunks if chunk), b"")

    async def aread(self, size: int, whole: bool) -> bytes:
        """Likewise; a synchronous iterable is expected not to block."""
        return self.read(size, whole)


class AsyncIterableSource:
    """A body out of an async iterable of bytes."""

    __slots__ = ("_chunks",)

    def __init__(self, chunks: AsyncIterable[bytes]) -> None:
        self._chunks = aiter(chunks)

    def read(self, size: int, whole: bool) -> bytes:
        """Raises :exc:`WrongMode`: nothing here can wait for an async iterable without awaiting."""
        raise WrongMode("got a blocking read of an async body, expected `await request.load()` or `aiter_data()`")

    async def aread(self, size: int, whole: bool) -> bytes:
        """The next chunk that is not empty, ``b""`` at the end."""
        async for chunk in self._chunks:
            if chunk:
                return chunk
        return b""

    async def aclose(self) -> None:
        """End an async generator that was not used up."""
        aclose = getattr(self._chunks, "aclose", None)
        if aclose is not None and not getattr(self._chunks, "ag_running", False):
            await aclose()


def make_source(body: BodyInput) -> Source:
    """The source over bytes, an iterable or an async iterable of bytes; :exc:`TypeError` for anything else."""
    if isinstance(body, (bytes, bytearray, memoryview)):
        return BytesSource(bytes(body))
    if isinstance(body, AsyncIterable):
        return AsyncIterableSource(body)
    if isinstance(body, Iterable) and not isinstance(body, str):
        return IterableSource(body)
    raise TypeError(f"got a body of type {type(body).__name__}, expected bytes or an iterable of bytes")
