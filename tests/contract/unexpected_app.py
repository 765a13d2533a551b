"""The application of the tests of ``on_exception`` on real servers. It fails as the path says, with the query."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio

from cardan import Application, Flow, Request, Response, middleware
from cardan.types import Handler

log = logging.getLogger("cardan")
output = logging.StreamHandler()
output.setFormatter(logging.Formatter("cardan: %(message)s"))
log.addHandler(output)
log.propagate = False


class Defect(Exception):
    """A fault of the program."""


def fail(request: Request) -> Response:
    """Raise an exception, or give a response whose body raises one."""
    text = request.query_string.decode()
    match request.path.rpartition("/")[2]:
        case "handler":
            raise Defect(text)
        case "missing":
            raise FileNotFoundError(text)
        case "group":
            raise ExceptionGroup(text, [Defect(text), OSError(text)])
        case "cancelled":
            raise asyncio.CancelledError(text)
        case "first":
            return Response(chunks(text, before=True))
        case "second":
            return Response(chunks(text, before=False))
        case "async-second":
            return Response(achunks(text))
    return Response("well")


def chunks(text: str, before: bool) -> Iterator[bytes]:
    if before:
        raise Defect(text)
    yield b"some"
    raise Defect(text)


async def achunks(text: str) -> AsyncIterator[bytes]:
    yield b"some"
    await anyio.sleep(0)
    raise Defect(text)


async def afail(request: Request) -> Response:
    return fail(request)


@middleware
def around(request: Request) -> Flow:
    """Fails before or after its ``yield``."""
    place = request.path.rpartition("/")[2]
    if place == "before":
        raise Defect(request.query_string.decode())
    yield
    if place == "after":
        raise Defect(request.query_string.decode())


class Answering(Application[Request]):
    """Its handler is a ``def`` or an ``async def``, as the path says. It answers unexpected exceptions."""

    def resolve(self, request: Request) -> Handler[Request]:
        return afail if request.path.startswith("/async/") else fail

    def on_exception(self, request: Request, error: Exception) -> Response | None:
        return Response(f"sorry: {type(error).__name__}", 500, {"X-Sorry": "yes"})


app: Any = Answering(fail, middleware=[around])
