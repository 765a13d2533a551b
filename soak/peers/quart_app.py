"""The application of :mod:`soak.app`, made with Quart."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from quart import Quart, Request, Response, request

from soak.process import LIMIT, count, figures, watch


class LoadRequest(Request):
    """The largest body has to be known from the beginning."""

    def __init__(self, *args: Any, max_content_length: int | None = None, **options: Any) -> None:
        super().__init__(*args, max_content_length=max_content_length, **options)
        if self.args.get("limit") == "max_content_length":
            super().__init__(*args, max_content_length=LIMIT, **options)


app = Quart(__name__)
app.request_class = LoadRequest
app.config.update(MAX_CONTENT_LENGTH=None, BODY_TIMEOUT=None, RESPONSE_TIMEOUT=None)


@app.get("/ping")
async def ping() -> str:
    """A short answer of the event loop."""
    return "pong"


@app.get("/blocking")
def blocking_ping() -> str:
    """A short answer of a worker thread."""
    return "pong"


@app.post("/upload")
async def upload() -> str:
    """Read a form."""
    count("begun")
    try:
        size = 0
        for file in (await request.files).values():
            size += file.stream.seek(0, 2)
        return str(size)
    finally:
        count("ended")


@app.post("/limited")
async def limited() -> str:
    """Read a form that must be small."""
    if request.args["limit"] == "max_form_memory_size":
        request.max_form_memory_size = LIMIT
    return await upload()


@app.get("/events")
async def events() -> Any:
    """Ten events a second, as long as the client wants them."""
    count("streams")

    async def made() -> AsyncIterator[bytes]:
        number = 0
        try:
            while True:
                number += 1
                yield f"data: {json.dumps({'number': number})}\n\n".encode()
                await asyncio.sleep(0.1)
        finally:
            count("closed")

    response = Response(made(), content_type="text/event-stream")
    response.timeout = None
    return response


@app.get("/slow")
def slow() -> str:
    """Holds its thread for a while."""
    time.sleep(float(request.args["seconds"]))
    return "slow"


@app.get("/state")
async def state() -> dict[str, Any]:
    """The state of the process."""
    return figures()


@app.while_serving
async def watching() -> AsyncGenerator[None, None]:
    """Measure the lateness of the event loop as long as the process runs."""
    task = asyncio.ensure_future(watch())
    yield
    task.cancel()
