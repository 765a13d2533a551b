"""The application that every server runs: pages below ``/def`` have ``def`` handlers, those below ``/async`` others."""

from __future__ import annotations

import zlib
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import anyio

from cardan import Application, Handler, Request, Response
from cardan.exceptions import NotFound
from cardan.files import send_file
from interop.marks import ALPHABET, LIMIT, LONGEST, PATIENCE, PAUSE, Marks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

# --- pages of both kinds ---


def hello(request: Request) -> Response:
    """A short text."""
    return Response("hello\n")


def form(request: Request) -> Response:
    """The field ``title`` of a form."""
    return Response(request.form["title"])


async def aform(request: Request) -> Response:
    """The same as :func:`form`."""
    await request.load()
    return form(request)


def upload(request: Request) -> Response:
    """Name, size and checksum of a file."""
    file = request.files["file"]
    return Response(f"{file.filename} {file.size} {zlib.crc32(file.read())}")


async def aupload(request: Request) -> Response:
    """The same as :func:`upload`."""
    await request.load()
    file = request.files["file"]
    return Response(f"{file.filename} {file.size} {zlib.crc32(await file.aread())}")


def alphabet(request: Request) -> Response:
    """A file, whole or in part or not at all."""
    return send_file(ALPHABET, request, etag="alphabet")


def limited(request: Request) -> Response:
    """A body that must not be longer than LIMIT."""
    request.max_content_length = LIMIT
    return Response(request.get_data())


async def alimited(request: Request) -> Response:
    """The same as :func:`limited`."""
    request.max_content_length = LIMIT
    await request.load()
    return Response(request.get_data())


def error(request: Request) -> Response:
    """An error before the start of the response."""
    raise LookupError("before the start")


def nothing(request: Request) -> Response:
    """A response without a body."""
    return Response(status=204)


def unchanged(request: Request) -> Response:
    """A response without a body, although the method is GET."""
    return Response(status=304, headers={"ETag": '"alphabet"'})


# --- bodies ---


def lines() -> Iterator[bytes]:
    """Two lines, without a length."""
    yield b"first\n"
    yield b"second\n"


def broken(marks: Marks) -> Iterator[bytes]:
    """One line, and an error when the client has seen it."""
    yield b"first\n"
    marks.wait()
    raise LookupError("after the start")


def stream(marks: Marks) -> Iterator[bytes]:
    """Two lines. Before the second one it waits until the client has seen the first."""
    yield b"first\n"
    yield b"second\n" if marks.wait() else b"held back\n"


def events(marks: Marks) -> Iterator[str]:
    """Events until the client leaves."""
    how = "left"
    try:
        end = monotonic() + LONGEST
        while monotonic() < end:
            yield "tick"
            sleep(PAUSE)
        how = "ended"
    finally:
        marks.close(how)


async def released(marks: Marks) -> bool:
    """Wait until the client has seen the first line; False if it has not within PATIENCE."""
    with anyio.move_on_after(PATIENCE):
        while not marks.released:
            await anyio.sleep(PAUSE)
    return marks.released


async def alines() -> AsyncIterator[bytes]:
    """The same as :func:`lines`."""
    for line in lines():
        yield line


async def abroken(marks: Marks) -> AsyncIterator[bytes]:
    """The same as :func:`broken`."""
    yield b"first\n"
    await released(marks)
    raise LookupError("after the start")


async def astream(marks: Marks) -> AsyncIterator[bytes]:
    """The same as :func:`stream`."""
    yield b"first\n"
    yield b"second\n" if await released(marks) else b"held back\n"


async def aevents(marks: Marks) -> AsyncIterator[str]:
    """The same as :func:`events`."""
    how = "left"
    try:
        end = monotonic() + LONGEST
        while monotonic() < end:
            yield "tick"
            await anyio.sleep(PAUSE)
        how = "ended"
    finally:
        marks.close(how)


def marks_of(request: Request) -> Marks:
    """The marks of this exchange."""
    return Marks(request.args["mark"])


# --- the application ---

PLAIN = (hello, alphabet, error, nothing, unchanged)


def unloaded(view: Any) -> Handler[Request]:
    """``view`` as an ``async def`` handler that does not read the body."""

    async def aview(request: Request) -> Response:
        response: Response = view(request)
        return response

    return aview


VIEWS: dict[str, Handler[Request]] = {
    **{f"/def/{view.__name__}": view for view in (*PLAIN, form, upload, limited)},
    **{f"/async/{view.__name__}": unloaded(view) for view in PLAIN},
    "/async/form": aform,
    "/async/upload": aupload,
    "/async/limited": alimited,
    "/def/lines": lambda request: Response(lines()),
    "/async/lines": unloaded(lambda request: Response(alines())),
    "/def/broken": lambda request: Response(broken(marks_of(request))),
    "/async/broken": unloaded(lambda request: Response(abroken(marks_of(request)))),
    "/def/stream": lambda request: Response(stream(marks_of(request))),
    "/async/stream": unloaded(lambda request: Response(astream(marks_of(request)))),
    "/def/events": lambda request: Response.from_events(events(marks_of(request))),
    "/async/events": unloaded(lambda request: Response.from_events(aevents(marks_of(request)))),
}


class Site(Application[Request]):
    """Chooses the view by the path alone."""

    def resolve(self, request: Request) -> Handler[Request]:
        """The view for this path."""
        try:
            return VIEWS[request.path]
        except KeyError:
            raise NotFound(f"no view {request.path}") from None


app = Site()
