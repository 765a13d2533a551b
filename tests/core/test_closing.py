"""Closing: everything once, in order, whatever one of them raises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from cardan.core import Response
from cardan.core._closing import aclose_all, call_all, close_all
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
    """``close()`` raises WrongMode for an async close hook, after the other hooks ran."""
    order: list[str] = []
    response = Response("x")

    @response.call_on_close
    async def hook() -> None:
        order.append("never")

    response.call_on_close(lambda: order.append("other"))
    with pytest.raises(WrongMode, match=r"got the async close hook .* expected aclose\(\)"):
        response.close()
    assert order == ["other"]


@pytest.mark.parametrize("close", [call_all, close_all])
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_every_function_is_called(close: Any, kind: type[BaseException]) -> None:
    """All functions are called, whatever one of them raises, and the first error is raised."""
    called: list[str] = []

    def function(name: str, error: BaseException | None = None) -> Any:
        def call() -> None:
            called.append(name)
            if error is not None:
                raise error

        return call

    with pytest.raises(kind, match="first"):
        close([function("a"), function("b", kind("first")), function("c", ValueError("second")), function("d")])
    assert called == ["a", "b", "c", "d"]


async def test_where_functions_are_called() -> None:
    """``run_sync`` runs the plain functions in a worker thread; an ``async def`` is called where it is awaited, because
    its call does nothing that blocks. What a function gives to be awaited is awaited by ``here``, also if a plain
    function gives it.
    """
    called: list[str] = []

    async def later() -> None:
        called.append("later")

    def plain() -> None:
        called.append("plain")

    async def run_sync(function: Any, *args: Any) -> Any:
        called.append("in a thread")
        return function(*args)

    async def here(awaitable: Any) -> None:
        called.append("here")
        await awaitable

    await aclose_all([later, plain, lambda: later()], run_sync, here)
    assert called == ["here", "later", "in a thread", "plain", "in a thread", "here", "later"]


async def test_context_managers() -> None:
    """Row close(), with: both kinds."""
    order: list[Any] = []
    with Response("x") as response:
        response.call_on_close(lambda: order.append(1))
    async with Response("x") as response:
        response.call_on_close(lambda: order.append(2))
    assert order == [1, 2]


class Body:
    """An iterable, sync or async, that is closed by an error."""

    def __init__(self, order: list[str], error: BaseException) -> None:
        self.order = order
        self.error = error

    def _end(self) -> None:
        self.order.append("body")
        raise self.error


class SyncBody(Body):
    def __iter__(self) -> Iterator[bytes]:
        return iter([b"x"])

    def close(self) -> None:
        self._end()


class AsyncBody(Body):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"x"

    async def aclose(self) -> None:
        self._end()


async def _close(response: Response) -> None:
    response.close()


async def _aclose(response: Response) -> None:
    await response.aclose()


async def _leave(response: Response) -> None:
    async with response:
        pass


async def _send(response: Response) -> None:
    async for _ in response.aiter_events("GET"):
        pass


async def _send_in_sync_code(response: Response) -> None:
    list(response.iter_events("GET"))


WAYS = {"close": _close, "aclose": _aclose, "with": _leave, "events": _send, "sync events": _send_in_sync_code}


@pytest.mark.parametrize("error", [LookupError("body"), KeyboardInterrupt("body"), SystemExit("body")], ids=repr)
@pytest.mark.parametrize("kind", [SyncBody, AsyncBody])
async def test_an_error_of_the_body_skips_no_hook(kind: type[Body], error: BaseException) -> None:
    """The hooks own files and locks: they run although the body could not be closed, whatever was raised. The error is
    raised afterwards, the first of several.
    """
    for way in ["aclose", "with", "events"] + ([] if kind is AsyncBody else ["close", "sync events"]):
        order: list[str] = []
        body: Any = kind(order, error)
        response = Response(body)
        response.call_on_close(lambda order=order: order.append("hook"))

        def broken(order: list[str] = order) -> None:
            order.append("broken")
            raise ValueError("another error")

        response.call_on_close(broken)
        response.call_on_close(lambda order=order: order.append("last"))
        with pytest.raises(type(error), match="body"):
            await WAYS[way](response)
        assert order == ["body", "hook", "broken", "last"]


@pytest.mark.parametrize("way", ["events", "sync events"])
async def test_an_error_of_the_sending_is_not_lost(way: str) -> None:
    """The body breaks and its close hook runs: what the body raised is raised."""
    order: list[str] = []

    def broken() -> Iterator[bytes]:
        yield b"x"
        raise LookupError("the body")

    response = Response(broken())
    response.call_on_close(lambda: order.append("hook"))
    with pytest.raises(LookupError, match="the body"):
        await WAYS[way](response)
    assert order == ["hook"]


async def test_a_body_that_breaks_while_it_is_collected_is_closed() -> None:
    """``amake_sequence()`` closes the async iterable that it collects, also if that raises."""
    order: list[str] = []

    class Broken(AsyncBody):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"x"
            raise ValueError("in the body")

        async def aclose(self) -> None:
            self.order.append("body")

    response = Response(Broken(order, ValueError()))
    response.call_on_close(lambda: order.append("hook"))
    with pytest.raises(ValueError, match="in the body"):
        await response.amake_sequence()
    assert order == ["body"]
    await response.aclose()
    assert order[-1] == "hook"
