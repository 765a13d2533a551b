"""What the page shows and runs: a function for the form, the limit of the form, and a function for the events."""

from __future__ import annotations

from hashlib import file_digest
from typing import TYPE_CHECKING

import anyio

from cardan import Request, Response, ServerSentEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["UploadRequest", "receipt", "turn"]

PAUSE = 0.25  # seconds


class UploadRequest(Request):
    """More than 100 MB is refused with a 413.

    The rest is received and discarded: a browser that is
    still sending would not see the answer.
    """

    max_content_length = 100_000_000
    max_drain_size = 1_000_000_000


def receipt(request: UploadRequest) -> Response:
    """What the library has read of the form."""
    files = [
        {
            "name": file.filename,
            "type": file.mimetype,
            "size": file.size,
            "sha256": file_digest(file, "sha256").hexdigest(),
        }
        for file in request.files.getlist("files")
        if file.filename
    ]
    fields = list(request.form.items(multi=True))
    return Response.from_json({"fields": fields, "files": files})


async def turn(request: UploadRequest) -> Response:
    """One turn of the joint: twelve events."""

    async def angles() -> AsyncIterator[ServerSentEvent]:
        for hour in range(1, 13):
            angle = {"angle": 30 * hour}
            yield ServerSentEvent(angle, id=str(hour))
            await anyio.sleep(PAUSE)

    return Response.from_events(angles())
