"""An upload that is continued where it broke off: PUT requests with Content-Range (RFC
9110 section 14.5).

    PUT /films/a.mp4                          308, Range: bytes=0-4999999
    Content-Range: bytes 0-4999999/9000000

    The next request breaks off. The client asks what has arrived:

    PUT /films/a.mp4                          308, Range: bytes=0-6291455
    Content-Range: bytes */9000000

    PUT /films/a.mp4                          201
    Content-Range: bytes 6291456-8999999/9000000

``bytes */9000000`` asks how much is there. What has arrived is kept although the client
disconnected, because it is written as it arrives.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import anyio

from cardan import Application, Request, Response
from cardan.exceptions import BadRequest, Conflict
from cardan.http import parse_content_range_header

# every process of the server continues the uploads of the others, also after a restart
FOLDER = Path(os.environ.get("UPLOADS", "uploads"))
MAX_SIZE = 10 * 1024**3


def path_of(request: Request) -> Path:
    """The file of an upload. Its name is not taken from the client as it is."""
    return FOLDER / sha256(request.path.encode()).hexdigest()


def total_of(request: Request, received: int) -> int:
    """The size that the whole upload will have.

    Raises an HTTP error unless the body continues what is there.
    """
    sent = parse_content_range_header(request.headers.get("Content-Range"))
    if sent is None or sent.units != "bytes":
        raise BadRequest("expected Content-Range: bytes first-last/size")
    if sent.length is None or sent.length > MAX_SIZE:
        raise BadRequest(f"expected a size of at most {MAX_SIZE}")
    if received > sent.length:
        raise Conflict(f"got {sent.length} as the size, expected at least {received}")
    if sent.start is not None and sent.start != received:
        raise Conflict(f"got bytes from {sent.start} on, expected {received} on")
    # a longer body is refused with 413, and any body of a request that only asks
    start, stop = sent.start, sent.stop
    request.max_content_length = 0 if start is None or stop is None else stop - start
    return sent.length


def size_of(path: Path) -> int:
    """How many bytes have arrived."""
    return path.stat().st_size if path.exists() else 0


def begin(path: Path) -> None:
    """Make an empty file, if nothing has arrived yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def answer(received: int, total: int) -> Response:
    """201 if the upload is complete, otherwise what is there."""
    if received == total:
        return Response(status=201)
    headers = {"Range": f"bytes=0-{received - 1}"} if received else {}
    return Response(status=308, headers=headers)


def put(request: Request) -> Response:
    """The handler for threads."""
    path = path_of(request)
    received = size_of(path)
    total = total_of(request, received)
    begin(path)
    with path.open("r+b", buffering=0) as file:
        file.seek(received)  # the rest of a request before may still be arriving
        for data in request.iter_data():
            file.write(data)
    return answer(size_of(path), total)


async def aput(request: Request) -> Response:
    """The handler for the event loop."""
    path = path_of(request)
    received = size_of(path)
    total = total_of(request, received)
    begin(path)
    async with await anyio.open_file(path, "r+b", buffering=0) as file:
        await file.seek(received)
        async for data in request.aiter_data():
            await file.write(data)
    return answer(size_of(path), total)


sync_app = Application(put)
app = Application(aput)
