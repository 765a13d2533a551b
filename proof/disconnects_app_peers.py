"""The streams of :mod:`proof.disconnects_app`, made with other libraries: Starlette on ASGI, Flask on WSGI."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask import request as flask_request
from flask import send_file as flask_send_file
from starlette.applications import Starlette
from starlette.background import BackgroundTasks
from starlette.requests import Request
from starlette.responses import FileResponse, StreamingResponse
from starlette.routing import Route

from .disconnects_layer import PIECE, Note, NotedFile, atick, large_file, note, tick, watch_asgi, watch_wsgi

__all__ = ["app", "wsgi_app"]


def background(noted: Note) -> BackgroundTasks:
    """Two tasks that run after the response: a plain one and an async one."""
    noted.begin("hook")
    noted.begin("async hook")

    async def hook() -> None:
        noted.end("async hook")

    tasks = BackgroundTasks()
    tasks.add_task(noted.end, "hook")
    tasks.add_task(hook)
    return tasks


async def agenerator(request: Request) -> StreamingResponse:
    """An async generator."""
    noted = note(request.url.query)
    return StreamingResponse(atick(noted, PIECE), background=background(noted))


def generator(request: Request) -> StreamingResponse:
    """A generator of a ``def`` handler."""
    noted = note(request.url.query)
    return StreamingResponse(tick(noted, PIECE), background=background(noted))


def file(request: Request) -> FileResponse:
    """A file, which the client does not read to the end."""
    return FileResponse(large_file(), background=background(note(request.url.query)))


async def events(request: Request) -> StreamingResponse:
    """An event stream that soon has no event any more."""
    noted = note(request.url.query)
    body = atick(noted, b"data: tick\n\n", 3)
    return StreamingResponse(body, media_type="text/event-stream", background=background(noted))


app = watch_asgi(Starlette(routes=[Route(f"/{each.__name__}", each) for each in (agenerator, generator, file, events)]))

flask_app = Flask(__name__)


def hooked(response: Any, noted: Note) -> Any:
    """Add a close hook."""
    noted.begin("hook")
    response.call_on_close(lambda: noted.end("hook"))
    return response


@flask_app.get("/generator")
def flask_generator() -> Any:
    """A generator."""
    noted = note(flask_request.query_string.decode())
    return hooked(flask_app.response_class(tick(noted, PIECE)), noted)


@flask_app.get("/file")
def flask_file() -> Any:
    """A file, which is closed when it is sent."""
    file = NotedFile(note(flask_request.query_string.decode()))
    return flask_send_file(file, mimetype="application/octet-stream")


wsgi_app = watch_wsgi(flask_app.wsgi_app)
