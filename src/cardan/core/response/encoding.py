"""A body's chunks as bytes: text is UTF-8, buffers become bytes.

Takes iterables, sync and async, of text and bytes; raises :exc:`TypeError` for any other chunk. Never reads ahead, and
adds no task and no generator of its own: what is closed here is closed in the iterable at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

__all__ = ["AsyncChunks", "closer", "encode"]


def encode(chunk: str | bytes) -> bytes:
    """One chunk as bytes."""
    if isinstance(chunk, str):
        return chunk.encode()
    if isinstance(chunk, (bytes, bytearray, memoryview)):
        return chunk if type(chunk) is bytes else bytes(chunk)
    raise TypeError(f"got a chunk of type {type(chunk).__name__}, expected bytes or text")


class AsyncChunks:
    """One pass over an async iterable, each chunk as bytes.

    ``aclose`` ends the pass; an iterable that is its own iterator is left to whoever closes the body.
    """

    __slots__ = ("_source", "_steps")

    def __init__(self, source: AsyncIterable[Any]) -> None:
        self._source = source
        self._steps = aiter(source)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return encode(await self._steps.__anext__())

    async def aclose(self) -> None:
        """Close the iterator of this pass, if it can be closed."""
        if self._steps is not self._source:
            close = getattr(self._steps, "aclose", None)
            if close is not None:
                await close()


def closer(body: Any, is_async: bool) -> Callable[[], Any] | None:
    """What closes ``body``: its ``aclose``, its ``close``, or nothing."""
    close = getattr(body, "aclose", None) if is_async else None
    return close if close is not None else getattr(body, "close", None)
