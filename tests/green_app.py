"""The application of tests/test_gevent.py: all kinds of handlers and bodies, and a lifespan that takes a moment.

With ``--preload``, gunicorn imports the application first, so anyio is imported before the standard library is patched.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from cardan import Application, Request, Response

STARTED: list[str] = []


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Takes a moment, so that the first requests have to wait for it."""
    await anyio.sleep(0.05)
    STARTED.append("up")
    yield {"starts": STARTED}


async def agreet(request: Request) -> Response:
    """Reads, waits, answers."""
    await request.load()
    await anyio.sleep(0.05)
    return Response(f"async {request.text} {len(request.state['starts'])}")


async def astream(request: Request) -> Response:
    """A streamed body that waits, and a hook that does."""

    async def body() -> AsyncIterator[str]:
        for number in range(3):
            await anyio.sleep(0.01)
            yield f"{number} "

    response = Response(body())

    @response.call_on_close
    async def hook() -> None:
        await anyio.sleep(0)

    return response


def greet(request: Request) -> Response:
    """A ``def``."""
    return Response(f"def {request.text} {len(request.state['starts'])}")


def stream(request: Request) -> Response:
    """A streamed body."""

    def body() -> Iterator[str]:
        for number in range(3):
            yield f"{number} "

    return Response(body())


def own_loop(request: Request) -> Response:
    """Runs a loop of its own, which cannot be where green threads share one thread with a loop that runs."""

    async def main() -> str:
        return "ran"

    waiting = main()
    try:
        return Response(asyncio.run(waiting))
    except RuntimeError as error:
        waiting.close()
        return Response(str(error))


def patched(request: Request) -> Response:
    """Whether threads are green."""
    return Response(threading.Thread.__init__.__module__ + " " + type(threading.Lock()).__module__)


VIEWS: dict[str, Any] = {f"/{view.__name__}": view for view in (agreet, astream, greet, stream, own_loop, patched)}


class Green(Application[Request]):
    """Routes by path."""

    def resolve(self, request: Request) -> Any:
        """The view of this path."""
        return VIEWS[request.path]


app = Green(lifespan=lifespan)
