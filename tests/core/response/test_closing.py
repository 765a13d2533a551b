"""Closing: everything once, in order, whatever one of them raises."""

from __future__ import annotations

from typing import Any

import pytest

from cardan.core import Response
from cardan.exceptions import WrongMode

pytestmark = pytest.mark.anyio


def _response(order: list[str]) -> Response:
    response = Response(["x"])

    @response.call_on_close
    def first() -> None:
        order.append("first")
        raise ValueError("first")

    @response.call_on_close
    async def second() -> None:
        order.append("second")
        raise KeyError("second")

    response.call_on_close(lambda: order.append("third"))
    assert first.__name__ == "first"  # row call_on_close: returns the function
    return response


async def test_all_run_and_the_first_error_is_raised() -> None:
    """Sync and async hooks, in order, also when another one fails."""
    order: list[str] = []
    with pytest.raises(ValueError, match="first"):
        await _response(order).aclose()
    assert order == ["first", "second", "third"]


def test_async_hook_in_sync_code() -> None:
    """It is not forgotten silently: WrongMode, after the others ran; no coroutine is left unawaited."""
    order: list[str] = []
    response = Response("x")

    @response.call_on_close
    async def hook() -> None:
        order.append("never")

    response.call_on_close(lambda: order.append("other"))
    with pytest.raises(WrongMode, match=r"got the async close hook .* expected aclose\(\)"):
        response.close()
    assert order == ["other"]


async def test_context_managers() -> None:
    """Row close(), with: both kinds."""
    order: list[Any] = []
    with Response("x") as response:
        response.call_on_close(lambda: order.append(1))
    async with Response("x") as response:
        response.call_on_close(lambda: order.append(2))
    assert order == [1, 2]
