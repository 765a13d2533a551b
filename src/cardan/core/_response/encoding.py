"""The chunks of a body as bytes: text is encoded as UTF-8, any bytes-like object becomes bytes.

Takes sync and async iterables of text and bytes. Raises :exc:`TypeError` for any other chunk, also for None. Nothing is
read ahead, and no task or generator is added, so that closing takes effect in the iterable at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from .._buffers import as_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

    from .._buffers import Buffer

__all__ = ["END", "AsyncChunks", "closer", "encode"]

END: Final[Any] = object()
"""The result of ``next(chunks, END)`` after the last chunk.

It is not None, because a body that yields None is wrong.
"""


def encode(chunk: str | Buffer) -> bytes:
    """One chunk as bytes. Sync and async bodies on both protocols go through this function."""
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

    ``aclose`` ends the pass. It does not close an iterable that is its own iterator: closing the body does that.
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
    """The method that closes ``body``, ``aclose`` or ``close``; None if it has neither."""
    close = getattr(body, "aclose", None) if is_async else None
    return close if close is not None else getattr(body, "close", None)
