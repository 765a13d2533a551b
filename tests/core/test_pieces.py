"""Pieces and boxed(): what the async twins are made of."""

from __future__ import annotations

from contextlib import aclosing

import anyio
import pytest

from cardan.core._pieces import Pieces, boxed


def test_boxed() -> None:
    """The result stands in a tuple, and the name of the function is kept."""
    call = boxed(int)
    assert (call("3"), call.__name__) == ((3,), "int")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_pieces_end_with_an_empty_one_or_when_they_are_closed(backend: str) -> None:
    """``b""`` ends the iteration; after ``aclose()`` nothing more is pulled."""

    async def use() -> list[list[bytes]]:
        left = [b"a", b"b", b"", b"c", b"d"]

        async def pull() -> bytes:
            return left.pop(0)

        found = [[piece async for piece in Pieces(pull)]]
        async with aclosing(Pieces(pull)) as pieces:
            assert repr(pieces) == "<the pieces of a body>"
            found.append([await anext(pieces)])
        assert repr(pieces) == "<the pieces of a body, closed>"
        return [*found, [piece async for piece in pieces], left]

    assert anyio.run(use, backend=backend) == [[b"a", b"b"], [b"c"], [], [b"d"]]
