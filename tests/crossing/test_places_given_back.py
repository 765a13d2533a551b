"""However a function in a thread ends, its place among the running ones is free again: failures starve nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import anyio
import anyio.from_thread
import pytest

from cardan import Application, Request, Response, abort
from cardan.testing import AsyncClient

pytestmark = pytest.mark.anyio


def failing(request: Request) -> Response:
    """An error that nobody expects."""
    raise LookupError("broken")


def refusing(request: Request) -> Response:
    """An HTTP error."""
    abort(409)


def awaiting(request: Request) -> Response:
    """An error of what the thread awaits."""

    async def fail() -> None:
        raise LookupError("broken")

    anyio.from_thread.run(fail)
    raise AssertionError


def failing_body(request: Request) -> Response:
    """An error after the response has begun."""

    def body() -> Iterator[bytes]:
        yield b"a"
        raise LookupError("broken")

    return Response(body())


def failing_hook(request: Request) -> Response:
    """An error of a close hook."""
    response = Response("a")

    @response.call_on_close
    def fail() -> None:
        raise LookupError("broken")

    return response


def broken_upload(request: Request) -> Response:
    """An error of the bytes that the thread waits for."""
    return Response(request.get_data())


async def upload() -> AsyncIterator[bytes]:
    yield b"a"
    raise LookupError("broken")


HANDLERS = [failing, refusing, awaiting, failing_body, failing_hook, broken_upload]


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.__name__)
async def test_places_are_given_back(handler: Callable[[Request], Response]) -> None:
    """With one thread at a time, three requests that fail are followed by one that is answered."""

    def view(request: Request) -> Response:
        return Response("fine") if request.path == "/fine" else handler(request)

    app = Application(view, threads=1, waiting_threads=1, stream_threads=1)
    with anyio.fail_after(100):
        async with AsyncClient(app) as client:
            for _ in range(3):
                content: Any = upload() if handler is broken_upload else b""
                with suppress(LookupError):
                    await client.post("/", content=content)
            assert (await client.get("/fine")).text == "fine"
