"""The application of tests/test_doors.py, once as ``def`` and once as ``async def``, and its doors."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from doors import cgi, rsgi

from cardan import Application, Request, Response, send_file
from cardan.exceptions import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["APPS", "FORM", "async_rsgi_app", "rsgi_app"]

FORM = "application/x-www-form-urlencoded"


def pages(request: Request) -> Response:
    """One page for each way that a request or a response may take."""
    if request.path == "/form":
        return Response(f"{request.form['name']} {request.url} {request.remote_addr} {request.http_version}")
    if request.path == "/upload":
        return Response(str(sum(map(len, request.iter_data()))))
    if request.path == "/rows":
        return Response(f"{number}\n" for number in range(3))
    if request.path == "/cookies":
        response = Response(" ".join(f"{name}={value}" for name, value in request.cookies.items()))
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        response.vary.update(["Cookie", "Accept"])
        return response
    if request.path == "/args":
        return Response(repr(request.args.to_dict(flat=False)))
    if request.path == "/file":
        return send_file(__file__, request)
    if request.path == "/empty":
        return Response(status=204)
    if request.path == "/event":
        return Response(f"{request.state['event']['version']} {request.state['context']}")
    if request.path == "/error":
        raise LookupError("an error of the handler")
    if request.path == "/broken":
        return Response(broken())
    if request.path == "/collect":
        return Response(str(gc.collect()))
    raise NotFound


async def async_pages(request: Request) -> Response:
    """The same for an ``async def`` handler."""
    if request.path == "/upload":
        size = 0
        async for chunk in request.aiter_data():
            size += len(chunk)
        return Response(str(size))
    await request.load()
    return pages(request)


def broken() -> Iterator[str]:
    yield "a" * 100_000
    raise LookupError("an error of the body")


APPS = [Application(pages), Application(async_pages)]
rsgi_app, async_rsgi_app = map(rsgi.Door, APPS)

if __name__ == "__main__":
    cgi.answer(APPS[0])
