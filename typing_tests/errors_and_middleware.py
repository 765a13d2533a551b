"""Unexpected errors, formats of errors, and middleware that is ``async def``."""

from __future__ import annotations

from typing import assert_type

from cardan import (
    Application,
    AsyncFlow,
    HTTPException,
    Middleware,
    Request,
    Response,
    StaticFiles,
    middleware,
    problem_response,
)
from cardan.apps import foreign_error


class Foreign(Exception):
    """An error of some library."""

    code = 404

    def get_response(self, environ: dict[str, object], /) -> Response:
        """A response is a WSGI application."""
        return Response("missing", 404)


@middleware
async def cached(request: Request) -> AsyncFlow:
    """Yields an answer, or is sent one."""
    if request.path == "/known":
        yield Response("known")
        return
    response = yield
    assert_type(response, Response)


async def plain(request: Request) -> AsyncFlow:
    """Without the decorator."""
    yield


several: list[Middleware] = [cached, plain]


class Site(Application[Request]):
    """Overrides the hooks."""

    errors = "problem"
    files = StaticFiles(".")

    def resolve(self, request: Request) -> StaticFiles | HTTPException:
        """An application, or an error."""
        return foreign_error(Foreign(), request) if request.path == "/" else self.files

    def on_exception(self, request: Request, error: Exception) -> Response:
        """Always answers."""
        return Response("sorry", 500)

    def on_error(self, request: Request, error: HTTPException) -> Response:
        """A problem document."""
        return assert_type(problem_response(request, error), Response)


app = Site(middleware=[cached], errors="html")
assert_type(app.on_exception(Request({}), ValueError()), Response)
