"""What asks for the end of the program (``SystemExit``, ``KeyboardInterrupt``) in code that has a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import pytest

from cardan import Request, Response, core
from cardan.core import RequestHead
from tests.crossing.exchange import Exchange, chunk

exits = pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])


def in_handler(leave: Callable[[], Any]) -> Response:
    leave()
    raise AssertionError


def in_sync_body(leave: Callable[[], Any]) -> Response:
    def body() -> Iterator[bytes]:
        yield b"a"
        leave()

    return Response(body())


def in_async_body(leave: Callable[[], Any]) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        leave()

    return Response(body())


def in_kept_alive_body(leave: Callable[[], Any]) -> Response:
    response = in_async_body(leave)
    response.keep_alive = 1000
    return response


def in_cleanup_of_a_body(leave: Callable[[], Any]) -> Response:
    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"a"
        finally:
            leave()

    return Response(body())


def in_plain_hook(leave: Callable[[], Any]) -> Response:
    response = Response("x")
    response.call_on_close(leave)
    return response


def in_async_hook(leave: Callable[[], Any]) -> Response:
    async def hook() -> None:
        leave()

    response = Response("x")
    response.call_on_close(hook)
    return response


PLACES = {
    function.__name__: function
    for function in (
        in_handler,
        in_sync_body,
        in_async_body,
        in_kept_alive_body,
        in_cleanup_of_a_body,
        in_plain_hook,
        in_async_hook,
    )
}


@exits
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
def test_it_is_raised_in_the_task_of_the_request(kind: type[BaseException], place: str, is_async: bool) -> None:
    """A SystemExit or KeyboardInterrupt is raised to the server, wherever it arises. It does not end the event loop
    behind the server's back: another request gets its answer, and the other hooks of the response run.
    """
    closed: list[str] = []
    held, go_on = asyncio.Event(), asyncio.Event()

    def leave() -> None:
        raise kind("enough")

    def answer(request: Request) -> Response:
        response = PLACES[place](leave)
        response.call_on_close(lambda: closed.append("hook"))
        return response

    async def handler(request: Request) -> Response:
        return answer(request)

    async def neighbour(request: Request) -> Response:
        held.set()
        await go_on.wait()
        return Response("neighbour")

    async def main() -> bytes:
        other = Exchange(Request.application(neighbour), chunk(b"", False), method="GET")
        task = asyncio.create_task(other.run())
        await held.wait()
        left = Exchange(Request.application(handler if is_async else answer), chunk(b"", False), method="GET")
        with pytest.raises(kind, match="enough"):
            await left.run()
        go_on.set()
        await task
        return other.body

    assert asyncio.run(main()) == b"neighbour"
    assert closed == ([] if place == "in_handler" else ["hook"])


@exits
def test_a_body_that_several_tasks_load(kind: type[BaseException]) -> None:
    """The chunks of such a body come from a task of their own: those who load it get the exit, and the loop goes on."""

    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        raise kind("enough")

    async def main() -> list[str]:
        head = RequestHead("POST", "/", headers=[("Transfer-Encoding", "chunked")])
        request = core.Request(head, body())
        seen = []
        try:
            await request.load()
        except kind as error:
            seen.append(str(error))
        await anyio.lowlevel.checkpoint()
        return seen

    assert asyncio.run(main()) == ["enough"]
