"""The application for tests of stopping on real servers: endless event streams that end when the process is told to
stop.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from cardan import Application, Handler, Request, Response, ServerSentEvent
from cardan.exceptions import NotFound

NOTES = os.environ.get("CARDAN_TEST_NOTES", os.devnull)
"""The file that says what has ended."""


def note(text: str) -> None:
    """Append a line to the file."""
    with Path(NOTES).open("a") as file:
        file.write(f"{text}\n")


async def events(request: Request) -> Response:
    """One event, then silence."""

    async def silence() -> AsyncIterator[ServerSentEvent]:
        try:
            yield ServerSentEvent("begun")
            await anyio.sleep_forever()
        finally:
            await anyio.sleep(0.01)
            note("events")

    response = Response.from_events(silence())
    response.call_on_close(lambda: note("hook"))
    return response


def ticks(request: Request) -> Response:
    """A sync body with an event now and then."""

    def body() -> Iterator[ServerSentEvent]:
        try:
            yield ServerSentEvent("begun")
            while True:
                time.sleep(0.05)
                yield ServerSentEvent("tick")
        finally:
            note("ticks")

    return Response.from_events(body())


async def download(request: Request) -> Response:
    """A body with a declared length: a server waits for its end."""

    async def body() -> AsyncIterator[bytes]:
        yield b"begun"
        await anyio.sleep(0.5)
        yield b" and whole"

    return Response(body(), headers={"Content-Length": 15})


VIEWS: dict[str, Any] = {"/events": events, "/ticks": ticks, "/download": download}


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Records its end."""
    yield
    note("lifespan")


class Stopping(Application[Request]):
    """Chooses the view by the path alone."""

    def resolve(self, request: Request) -> Handler[Request]:
        """The view for this path."""
        try:
            view: Handler[Request] = VIEWS[request.path]
        except KeyError:
            raise NotFound(f"no view {request.path}") from None
        return view


app = Stopping(lifespan=lifespan, end_streams_on_stop=True)
waiting = Stopping(lifespan=lifespan)
