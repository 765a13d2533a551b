"""An application behind Compression and CORS, for real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from cardan import CORS, Compression, Mount, Request, Response, StaticFiles
from cardan.exceptions import NotFound

LINE = "a line of some text\n"


@Request.application(load=True)
async def api(request: Request) -> Response:
    """Whole and streamed answers, and an error."""

    async def lines() -> AsyncIterator[str]:
        for _ in range(200):
            yield LINE

    if request.path == "/whole":
        return Response(LINE * 200)
    if request.path == "/stream":
        return Response(lines())
    raise NotFound


app = CORS(
    Compression(Mount({"/api": api, "/files": StaticFiles(Path(__file__).parent)})),
    origins=["https://www.example.com"],
    methods=["GET", "DELETE"],
)
