"""The application that is put under load. It tells what its process holds: memory, descriptors, tasks, threads."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cardan import Application, Handler, Request, Response
from cardan.exceptions import NotFound


class LoadRequest(Request):
    """A request without a limit on the size of uploads, and with small ones on the others."""

    max_content_length = max_file_size = max_spool_memory = None
    max_form_memory_size = 100_000


counts = {"streams": 0, "ended": 0}
late: list[float] = []


async def ping(request: LoadRequest) -> Response:
    """What an event loop answers at once."""
    return Response("pong")


def blocking_ping(request: LoadRequest) -> Response:
    """What needs a thread."""
    return Response("pong")


async def upload(request: LoadRequest) -> Response:
    """Read a form."""
    await request.load()
    return Response(str(sum(file.size for file in request.files.values())))


def blocking_upload(request: LoadRequest) -> Response:
    """The same in a thread."""
    return Response(str(sum(file.size for file in request.files.values())))


async def events(request: LoadRequest) -> Response:
    """Ten events a second, as long as the client wants them."""
    counts["streams"] += 1

    async def made() -> AsyncIterator[dict[str, Any]]:
        number = 0
        while True:
            number += 1
            yield {"number": number}
            await asyncio.sleep(0.1)

    response = Response.from_events(made())

    @response.call_on_close
    def count() -> None:
        counts["ended"] += 1

    return response


def slow(request: LoadRequest) -> Response:
    """Holds its thread for a while."""
    time.sleep(float(request.args["seconds"]))
    return Response("slow")


def json(request: LoadRequest) -> Response:
    """Read JSON, and write it."""
    return Response.from_json({"got": request.json})


def stream(request: LoadRequest) -> Response:
    """A megabyte in pieces."""
    return Response(bytes(16_384) for _ in range(64))


def broken(request: LoadRequest) -> Response:
    """A stream that fails."""

    def chunks() -> Any:
        yield bytes(100)
        raise RuntimeError("broken")

    return Response(chunks())


async def state(request: LoadRequest) -> Response:
    """What the process holds; the lateness of its event loop since the last call, in ms."""
    lateness = sorted(late)
    late.clear()
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    return Response.from_json(
        {
            "pid": os.getpid(),
            "memory": pages * os.sysconf("SC_PAGE_SIZE"),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "tasks": len(asyncio.all_tasks()),
            "threads": threading.active_count(),
            "late": 1000 * lateness[int(len(lateness) * 0.99)] if lateness else 0,
            **counts,
        }
    )


async def watch() -> None:
    """Note by how many seconds the event loop is late, a hundred times a second."""
    while True:
        begin = time.perf_counter()
        await asyncio.sleep(0.01)
        late.append(time.perf_counter() - begin - 0.01)


HANDLERS: dict[str, Handler[LoadRequest]] = {
    "/ping": ping,
    "/blocking": blocking_ping,
    "/upload": upload,
    "/blocking-upload": blocking_upload,
    "/events": events,
    "/slow": slow,
    "/json": json,
    "/stream": stream,
    "/broken": broken,
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
    """The watch runs as long as the process."""
    task = asyncio.ensure_future(watch())
    yield
    task.cancel()


app = Load(lifespan=lifespan)
