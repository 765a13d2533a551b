"""The bodies of a 206: ranges of a stream, or of a body that can give any part of itself.

Closing one of them closes the body that it was made from, once. They do not read ahead. A stream is not read beyond its
last range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .._closing import aclose_all
from .encoding import AsyncChunks, closer, encode
from .range_cutter import RangeCutter

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

    from .range_cutter import Plan

__all__ = ["AsyncCutBody", "CutBody", "PartsBody", "Seekable"]


@runtime_checkable
class Seekable(Protocol):
    """A body that can give any part of itself, such as a file."""

    @property
    def length(self) -> int:
        """Its length in bytes."""
        ...

    def ranged(self, start: int, stop: int) -> Iterable[bytes]:
        """The bytes from ``start`` up to ``stop``."""
        ...

    def close(self) -> None:
        """Release the resource that it reads from."""


class PartsBody:
    """Ranges of a :class:`Seekable` body, in any order."""

    def __init__(self, source: Seekable, plan: Plan) -> None:
        self._source = source
        self._plan = plan

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._plan.pieces:
            if piece.prefix:
                yield piece.prefix
            yield from self._source.ranged(piece.start, piece.stop)
        if self._plan.suffix:
            yield self._plan.suffix

    def close(self) -> None:
        """Close the whole body."""
        self._source.close()


class CutBody:
    """Ranges of an iterable, cut out while it is read."""

    def __init__(self, source: Iterable[Any], plan: Plan) -> None:
        self._source = source
        self._plan = plan

    def __iter__(self) -> Iterator[bytes]:
        cutter = RangeCutter(self._plan)
        for chunk in self._source:
            yield from cutter.feed(encode(chunk))
            if cutter.state == "end":
                break

    def close(self) -> None:
        """Close the iterable."""
        close, self._source = closer(self._source, False), ()
        if close is not None:
            close()


class AsyncCutBody:
    """Ranges of an async iterable, cut out while it is read."""

    def __init__(self, source: AsyncIterable[Any], plan: Plan) -> None:
        self._source = source
        self._plan = plan
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        cutter = RangeCutter(self._plan)
        chunks = AsyncChunks(self._source)
        try:
            async for chunk in chunks:
                for data in cutter.feed(chunk):
                    yield data
                if cutter.state == "end":
                    break
        finally:
            await chunks.aclose()

    async def aclose(self) -> None:
        """Close the iterable."""
        if not self._closed:
            self._closed = True
            close = closer(self._source, True)
            await aclose_all([close] if close is not None else [])
