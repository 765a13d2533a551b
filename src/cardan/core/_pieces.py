"""Helpers of the async twins: an async iterator over pieces of a body, and calls in a worker thread.

They do no I/O and know no event loop: what is awaited comes from the caller.
"""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Pieces", "boxed"]

T = TypeVar("T")


class Pieces:
    """An async iterator of bytes, which awaits ``pull()`` for each piece until the result is ``b""``.

    It is not an async generator, for two reasons: a caller can check the mode before it returns the iterator, and an
    iterator that is not exhausted causes no warning on trio.
    """

    __slots__ = ("_pull",)

    def __init__(self, pull: Callable[[], Awaitable[bytes]]) -> None:
        self._pull: Callable[[], Awaitable[bytes]] | None = pull

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._pull() if self._pull is not None else b""
        if not piece:
            raise StopAsyncIteration
        return piece

    def __repr__(self) -> str:
        return "<the pieces of a body>" if self._pull is not None else "<the pieces of a body, closed>"

    async def aclose(self) -> None:
        """End the iteration: nothing more is read. It may be called again."""
        self._pull = None


def boxed(function: Callable[..., T]) -> Callable[..., tuple[T]]:
    """Return ``function`` with its result in a tuple, because trio refuses a coroutine as the result of a thread."""

    def call(*args: Any) -> tuple[T]:
        return (function(*args),)

    return update_wrapper(call, function)
