"""The application of tests/crossing/test_shutdown.py: endless streams that print a line to stdout when they end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import anyio

from cardan import Application, Request, Response


def say(text: str) -> None:
    """One line of the server's log."""
    print(text, flush=True)


def ticks() -> Iterator[str]:
    """A sync generator whose steps take a while."""
    try:
        while True:
            yield "tick\n"
            time.sleep(0.3)
    finally:
        say("sync body closed")


async def aticks() -> AsyncIterator[str]:
    """An async generator whose cleanup awaits."""
    try:
        while True:
            yield "tick\n"
            await anyio.sleep(3600)
    finally:
        await anyio.sleep(0.1)
        say("async body closed")


def handler(request: Request) -> Response:
    """/sync, /async, and POST / which waits for its body."""
    if request.method == "POST":
        say("upload begins")
        try:
            request.get_data()
        except BaseException as error:
            say(f"upload ends: {type(error).__name__}")
            raise
    kind = request.path[1:]
    response = Response(ticks() if kind == "sync" else aticks())
    response.call_on_close(lambda: say(f"{kind} plain hook"))

    @response.call_on_close
    async def hook() -> None:
        await anyio.sleep(0.1)
        say(f"{kind} async hook")

    return response


app = Application(handler)
