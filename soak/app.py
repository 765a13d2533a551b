"""The application of cardan for the load tests. ``/state`` answers with that of its process (:mod:`soak.process`)."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from zlib import crc32

import anyio

from cardan import Application, Handler, Request, Response, send_file
from cardan.exceptions import NotFound

from .process import LIMIT, count, figures, watch


class LoadRequest(Request):
    """A request without a limit on the size of uploads, and with small ones on the others."""

    max_content_length = max_file_size = max_spool_memory = None
    max_form_memory_size = 100_000


BYTES = bytes(range(256)) * 64
"""The piece of which the bodies of ``/stream``, ``/astream`` and ``/file`` consist."""
PIECES = 64


def note(request: LoadRequest, suffix: str = "") -> None:
    """Write the number of this process to the file that the query names: so the client learns that the handler runs."""
    if name := request.args.get("id"):
        with open(os.path.join(os.environ["SOAK_FOLDER"], name + suffix), "a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")


@contextmanager
def counted(request: LoadRequest) -> Iterator[None]:
    """Count the beginning and the end of a handler that takes a while."""
    count("begun")
    note(request)
    try:
        yield
    finally:
        count("ended")


async def ping(request: LoadRequest) -> Response:
    """A short answer of the event loop."""
    return Response("pong")


def blocking_ping(request: LoadRequest) -> Response:
    """A short answer of a worker thread."""
    return Response("pong")


async def upload(request: LoadRequest) -> Response:
    """Read a form. The answer has the size of its files, and the checksum of the file ``c``."""
    with counted(request):
        await request.load()
        size = sum(file.size for file in request.files.values())
        file = request.files.get("c")
        return Response(f"{size} {crc32(await file.aread())}" if file else str(size))


def blocking_upload(request: LoadRequest) -> Response:
    """The same in a thread."""
    with counted(request):
        size = sum(file.size for file in request.files.values())
        file = request.files.get("c")
        return Response(f"{size} {crc32(file.read())}" if file else str(size))


async def limited(request: LoadRequest) -> Response:
    """Read a form that must be small."""
    limit(request)
    return await upload(request)


def blocking_limited(request: LoadRequest) -> Response:
    """The same in a thread."""
    limit(request)
    return blocking_upload(request)


def limit(request: LoadRequest) -> None:
    """Set the limit that the query names to a small value."""
    setattr(request, request.args["limit"], LIMIT)


async def events(request: LoadRequest) -> Response:
    """Ten events a second, as long as the client wants them."""
    count("streams")
    note(request)

    async def made() -> AsyncIterator[dict[str, Any]]:
        number = 0
        while True:
            number += 1
            yield {"number": number}
            await anyio.sleep(0.1)

    response = Response.from_events(made())
    response.call_on_close(lambda: count("closed"))
    response.call_on_close(lambda: note(request, ".closed"))
    return response


def slow(request: LoadRequest) -> Response:
    """Holds its thread for a while."""
    with counted(request):
        time.sleep(float(request.args["seconds"]))
        return Response("slow")


def json(request: LoadRequest) -> Response:
    """Read JSON, and write it."""
    return Response.from_json({"got": request.json})


def stream(request: LoadRequest) -> Response:
    """A megabyte in pieces. The query may ask for a pause between them."""
    count("streams")
    note(request)
    seconds = float(request.args.get("seconds", 0))

    def chunks() -> Iterator[bytes]:
        for _ in range(PIECES):
            yield BYTES
            time.sleep(seconds)

    response = Response(chunks())
    response.call_on_close(lambda: count("closed"))
    return response


async def astream(request: LoadRequest) -> Response:
    """The same by an event loop."""
    count("streams")
    note(request)
    seconds = float(request.args.get("seconds", 0))

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(PIECES):
            yield BYTES
            await anyio.sleep(seconds)

    response = Response(chunks())
    response.call_on_close(lambda: count("closed"))
    return response


def file(request: LoadRequest) -> Response:
    """A megabyte from a file: ranges, conditions."""
    return send_file(os.path.join(os.environ["SOAK_FOLDER"], "file.bin"), request)


def broken(request: LoadRequest) -> Response:
    """A stream that fails."""

    def chunks() -> Iterator[bytes]:
        yield bytes(100)
        raise RuntimeError("broken on purpose")

    return Response(chunks())


async def failing(request: LoadRequest) -> Response:
    """A handler that fails."""
    raise RuntimeError("failing on purpose")


async def state(request: LoadRequest) -> Response:
    """The state of the process."""
    return Response.from_json(figures(objects="objects" in request.args))


HANDLERS: dict[str, Handler[LoadRequest]] = {
    "/ping": ping,
    "/blocking": blocking_ping,
    "/upload": upload,
    "/blocking-upload": blocking_upload,
    "/limited": limited,
    "/blocking-limited": blocking_limited,
    "/events": events,
    "/slow": slow,
    "/json": json,
    "/stream": stream,
    "/astream": astream,
    "/file": file,
    "/broken": broken,
    "/failing": failing,
    "/state": state,
}


class Load(Application[LoadRequest]):
    """Chooses the handler by the path."""

    request_class = LoadRequest

    def resolve(self, request: LoadRequest) -> Handler[LoadRequest]:
        """The handler of the path. Raises NotFound."""
        handler = HANDLERS.get(request.path)
        if handler is None:
            raise NotFound()
        return handler


@asynccontextmanager
async def lifespan(app: Application[LoadRequest]) -> AsyncIterator[None]:
    """Measure the lateness of the event loop as long as the process runs."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        yield
        tasks.cancel_scope.cancel()


app = Load(lifespan=lifespan)
stopping = Load(lifespan=lifespan, end_streams_on_stop=True)
