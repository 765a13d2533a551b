"""Server-sent events: every client gets an event in each interval, from an async generator of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio

INTERVAL = float(os.environ.get("EVENTS_INTERVAL", "0.5"))
TEXT = "the price of tea is 4.20 today"


async def _texts() -> AsyncIterator[str]:
    while True:
        yield TEXT
        await anyio.sleep(INTERVAL)


async def _encoded() -> AsyncIterator[str]:
    async for text in _texts():
        yield f"data: {text}\n\n"


def _cardan() -> Any:
    from cardan import Request, Response

    @Request.application
    async def app(request: Request) -> Response:
        return Response.from_events(_texts())

    return app


def _starlette() -> Any:
    """A plain stream: no keep-alive comments."""
    from starlette.responses import StreamingResponse

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await StreamingResponse(_encoded(), media_type="text/event-stream")(scope, receive, send)

    return app


def _sse_starlette() -> Any:
    from sse_starlette.sse import EventSourceResponse

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await EventSourceResponse(_texts())(scope, receive, send)

    return app


CONTESTANTS: dict[str, Callable[[], Any]] = {
    "cardan": _cardan,
    "starlette": _starlette,
    "sse-starlette": _sse_starlette,
}


def app() -> Any:
    """The contestant that the environment names; for ``uvicorn --factory``."""
    return CONTESTANTS[os.environ["EVENTS_CONTESTANT"]]()
