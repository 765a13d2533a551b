"""A body's chunks as bytes: text is UTF-8, any bytes-like object becomes bytes.

Takes iterables, sync and async, of text and bytes; raises :exc:`TypeError` for any other chunk, None included. Never
reads ahead, and adds no task and no generator of its own: what is closed here is closed in the iterable at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from ..buffers import as_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

    from ..buffers import Buffer

__all__ = ["END", "AsyncChunks", "closer", "encode"]

END: Final[Any] = object()
"""What ``next(chunks, END)`` gives after the last chunk. Not None: a program may yield that, which is an error."""


def encode(chunk: str | Buffer) -> bytes:
    """One chunk as bytes: the one place that says what a chunk may be, for sync and async bodies on both protocols."""
    if type(chunk) is bytes:
        return chunk
    if isinstance(chunk, str):
        return chunk.encode()
    try:
        return as_bytes(chunk)
    except TypeError:
        raise TypeError(f"got a chunk of type {type(chunk).__name__}, expected bytes or text") from None


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
