"""The application for the tests of disconnects on real servers: its handlers wait until their client disconnects."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio

from cardan import Application, Handler, Request, Response
from cardan.exceptions import ClientDisconnected, NotFound

BEGUN: list[str] = []
TOLD: list[str] = []
PATIENCE = 20
"""Seconds after which a handler gives up."""


def _begin(request: Request) -> str:
    name = request.args["name"]
    BEGUN.append(name)
    return name


def poll(request: Request) -> Response:
    """A ``def`` handler that asks ``disconnected`` again and again."""
    if "load" in request.args:
        request.get_data()
    name = _begin(request)
    end = time.monotonic() + PATIENCE
    while not request.disconnected and time.monotonic() < end:
        time.sleep(0.005)
    TOLD.append(f"{name}: {request.disconnected}")
    return Response("nobody reads this")


async def apoll(request: Request) -> Response:
    """An ``async def`` handler that does the same."""
    if "load" in request.args:
        await request.load()
    name = _begin(request)
    with anyio.move_on_after(PATIENCE):
        while not request.disconnected:
            await anyio.sleep(0.005)
    TOLD.append(f"{name}: {request.disconnected}")
    return Response("nobody reads this")


async def acancel(request: Request) -> Response:
    """A handler whose block is cancelled when the client disconnects."""
    if "load" in request.args:
        await request.load()
    name = _begin(request)
    try:
        async with request.cancel_on_disconnect():
            await anyio.sleep(PATIENCE)
    except ClientDisconnected:
        TOLD.append(f"{name}: True")
        raise
    return Response("the client stayed")


def stream(request: Request) -> Response:
    """The body of the response asks ``disconnected``: on WSGI a failed write makes it True."""
    name = _begin(request)

    def body() -> Iterator[bytes]:
        try:
            for _ in range(PATIENCE * 100):
                yield b"x" * 100_000
        finally:
            TOLD.append(f"{name}: {request.disconnected}")

    return Response(body())


async def astream(request: Request) -> Response:
    """A body that sends little and never ends by itself."""
    name = _begin(request)

    async def body() -> AsyncIterator[bytes]:
        try:
            for _ in range(PATIENCE * 100):
                yield b"x"
                await anyio.sleep(0.01)
        finally:
            TOLD.append(f"{name}: {request.disconnected}")

    return Response(body())


def told(request: Request) -> Response:
    """The notes that handlers and bodies have made so far."""
    return Response.from_json({"begun": BEGUN, "told": TOLD})


VIEWS: dict[str, Any] = {
    "/def": poll,
    "/async": apoll,
    "/cancel": acancel,
    "/stream": stream,
    "/astream": astream,
    "/told": told,
}


class Leaving(Application[Request]):
    """Chooses the view by the path alone."""

    def resolve(self, request: Request) -> Handler[Request]:
        """The view for this path."""
        try:
            view: Handler[Request] = VIEWS[request.path]
        except KeyError:
            raise NotFound(f"no view {request.path}") from None
        return view


app = Leaving()
