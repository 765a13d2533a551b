"""The applications of cardan for :mod:`proof.disconnects`: responses that go on until their client leaves.

``app`` is for ASGI, ``wsgi_app`` for WSGI. Most responses have a plain close hook and an async one, and the generators
have a ``finally``. The path of a request names the program, its query the trial.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio

from cardan import Application, Handler, Request, Response, send_file
from cardan.exceptions import ClientDisconnected, NotFound

from .disconnects_layer import PIECE, STEP, Note, NotedFile, atick, large_file, note, tick, watch_asgi, watch_wsgi

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["app", "wsgi_app"]


def hooked(response: Response, noted: Note) -> Response:
    """Add a plain close hook and an async one."""
    noted.begin("hook")
    response.call_on_close(lambda: noted.end("hook"))
    noted.begin("async hook")

    async def hook() -> None:
        noted.end("async hook")

    response.call_on_close(hook)
    return response


def of(request: Request) -> Note:
    """The note of a request."""
    return note(request.query_string.decode())


async def agenerator(request: Request) -> Response:
    """An async generator."""
    return hooked(Response(atick(of(request), PIECE)), of(request))


def generator(request: Request) -> Response:
    """A generator of a ``def`` handler."""
    return hooked(Response(tick(of(request), PIECE)), of(request))


def file(request: Request) -> Response:
    """A file, which the client does not read to the end."""
    return hooked(send_file(large_file(), request), of(request))


def opened(request: Request) -> Response:
    """A file that the handler has opened."""
    return hooked(send_file(NotedFile(of(request)), None), of(request))


async def events(request: Request) -> Response:
    """An event stream that soon has no event any more: after each silence of 50 ms a comment is sent."""
    return hooked(Response.from_events(atick(of(request), "tick", 3), keep_alive=0.05), of(request))


async def silent(request: Request) -> Response:
    """A stream that sends three pieces, and then nothing more."""
    return hooked(Response(atick(of(request), PIECE, 3)), of(request))


async def upload(request: Request) -> Response:
    """A stream whose request has a body that nobody has read."""
    return hooked(Response(atick(of(request), PIECE)), of(request))


class Closing:
    """The iterable of a WSGI application, with ``close``."""

    def __init__(self, steps: Iterator[bytes], noted: Note) -> None:
        self._steps = steps
        self._note = noted
        noted.begin("close")

    def __iter__(self) -> Iterator[bytes]:
        return self._steps

    def close(self) -> None:
        """What the bridge calls."""
        self._steps.close()  # type: ignore[attr-defined]  # a generator
        self._note.end("close")


def foreign(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A WSGI application, which a bridge calls on ASGI."""
    noted = note(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closing(tick(noted, PIECE), noted)


async def waiting(request: Request) -> Response:
    """A handler that is cancelled before it has a response."""
    noted = of(request)
    noted.begin("finally")
    try:
        async with request.cancel_on_disconnect():
            await anyio.sleep_forever()
    finally:
        noted.end("finally")
    return Response()


def polling(request: Request) -> Response:
    """A ``def`` handler that polls ``request.disconnected``. It returns a response when the client has left."""
    noted = of(request)
    noted.begin("handler")
    while not request.disconnected:
        time.sleep(STEP)
    noted.end("handler")
    return hooked(Response(tick(noted, PIECE)), noted)


def reading(request: Request) -> Response:
    """A ``def`` handler that reads a body which never ends."""
    noted = of(request)
    noted.begin("handler")
    try:
        request.get_data()
    except ClientDisconnected:
        noted.end("handler")
        raise
    return Response()


HANDLERS: dict[str, Any] = {
    each.__name__: each
    for each in (agenerator, generator, file, opened, events, silent, upload, waiting, polling, reading)
}
bridged: Any = Application.from_wsgi(foreign)


class Leaving(Application[Request]):
    """Chooses the program by the path."""

    def resolve(self, request: Request) -> Handler[Request]:
        """The program of the path. Raises NotFound."""
        name = request.path.strip("/")
        if name == "bridge":
            return bridged  # type: ignore[no-any-return]
        if name not in HANDLERS:
            raise NotFound(f"no program {name!r}")
        handler: Handler[Request] = HANDLERS[name]
        return handler


leaving = Leaving()
app = watch_asgi(leaving.asgi_app)
wsgi_app = watch_wsgi(leaving.wsgi_app)
