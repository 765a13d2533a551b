"""The application for the tests of early answers: it answers before it has read the body of the request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cardan import Application, Request, Response, abort, redirect
from cardan.exceptions import NotFound


class EarlyRequest(Request):
    """A request whose limit gives a 413, and whose bounds for draining are small on some paths."""

    max_content_length = 1000

    @property
    def drain_timeout(self) -> float:  # type: ignore[override]
        """One second for the clients that only check that draining ends."""
        return 0.3 if self.path == "/hasty" else Request.drain_timeout

    @property
    def max_drain_size(self) -> int:  # type: ignore[override]
        """On /narrow, less than the client uploads."""
        return 1_000_000 if self.path == "/narrow" else Request.max_drain_size


def broken() -> Iterator[str]:
    """A body that fails after its first chunk."""
    yield "begun"
    raise RuntimeError("a defect")


def handler(request: EarlyRequest) -> Response:
    """Answer according to the path, and read nothing."""
    match request.path:
        case "/page":
            return Response("<!doctype html><title>page</title>", mimetype="text/html")
        case "/303":
            return redirect("/200", 303)
        case "/401":
            abort(401)
        case "/413":
            request.get_data()
        case "/500":
            raise RuntimeError("a defect")
        case "/stream":
            return Response(iter([b"early ", b"answer"]), content_type="text/plain")
        case "/large":
            return Response(bytes(4_000_000))
        case "/broken":
            return Response(broken())
        case "/200" | "/hasty" | "/narrow":
            return Response("early answer")
    raise NotFound


async def async_handler(request: EarlyRequest) -> Response:
    """The same as ``async def``."""
    if request.path == "/413":
        await request.load()
    return handler(request)


app: Application[Any] = Application(handler, request_class=EarlyRequest)
async_app: Application[Any] = Application(async_handler, request_class=EarlyRequest)
alone = Response("early answer")
