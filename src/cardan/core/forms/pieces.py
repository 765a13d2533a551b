"""Pieces: the async iterator over something that gives bytes, ``b""`` at the end.

An object and not an async generator: the check for the right mode is made when it is asked for, and one that is not
used up is no warning on trio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Pieces"]


class Pieces:
    """Awaits ``pull()`` for each piece, until it gives ``b""``."""

    __slots__ = ("_pull",)

    def __init__(self, pull: Callable[[], Awaitable[bytes]]) -> None:
        self._pull = pull

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._pull()
        if not piece:
            raise StopAsyncIteration
        return piece
