"""The application of :mod:`soak.app`, made with Starlette."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from soak.process import LIMIT, count, figures, watch


async def ping(request: Request) -> PlainTextResponse:
    """A short answer of the event loop."""
    return PlainTextResponse("pong")


def blocking_ping(request: Request) -> PlainTextResponse:
    """A short answer of a worker thread."""
    return PlainTextResponse("pong")


async def upload(request: Request) -> PlainTextResponse:
    """Read a form."""
    count("begun")
    try:
        limits = {"max_part_size": LIMIT} if "limit" in request.query_params else {}
        async with request.form(**limits) as form:
            return PlainTextResponse(str(sum(getattr(value, "size", 0) for value in form.values())))
    finally:
        count("ended")


async def events(request: Request) -> StreamingResponse:
    """Ten events a second, as long as the client wants them."""
    count("streams")

    async def made() -> AsyncIterator[str]:
        number = 0
        try:
            while True:
                number += 1
                yield f"data: {json.dumps({'number': number})}\n\n"
                await anyio.sleep(0.1)
        finally:
            count("closed")

    return StreamingResponse(made(), media_type="text/event-stream")


def slow(request: Request) -> PlainTextResponse:
    """Holds its thread for a while."""
    time.sleep(float(request.query_params["seconds"]))
    return PlainTextResponse("slow")


async def state(request: Request) -> JSONResponse:
    """The state of the process."""
    return JSONResponse(figures())


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Measure the lateness of the event loop as long as the process runs."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        yield
        tasks.cancel_scope.cancel()


app = Starlette(
    routes=[
        Route("/ping", ping),
        Route("/blocking", blocking_ping),
        Route("/upload", upload, methods=["POST"]),
        Route("/limited", upload, methods=["POST"]),
        Route("/events", events),
        Route("/slow", slow),
        Route("/state", state),
    ],
    lifespan=lifespan,
)
