"""Starlette: its request and response classes alone, as :func:`starlette.routing.request_response` would use them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import python_multipart  # noqa: F401  # without it Starlette reads no form, and is left out
from scenarios import language
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

PACKAGE = "starlette"


async def hello(request: Request) -> Response:
    return PlainTextResponse("Hello, World!")


async def page(request: Request) -> Response:
    args = request.query_params
    data = {
        "q": args["q"],
        "page": int(args.get("page", 1)),
        "sort": args["sort"],
        "dir": args["dir"],
        "user": request.cookies["session"],
        "language": language(request.headers.get("accept-language")),
    }
    response = JSONResponse(data, headers={"ETag": '"v42"'})
    response.set_cookie("seen", "1", max_age=3600, httponly=True, samesite="lax")
    return response


async def form(request: Request) -> Response:
    async with request.form() as fields:
        return PlainTextResponse(f"{len(fields)} {fields['field0']} {fields['field9']}")


async def upload(request: Request) -> Response:
    async with request.form() as fields:
        file: Any = fields["file"]
        data = await file.read()
        text = f"{fields['title']} {fields['text']} {fields['tag']} {file.filename} {len(data)}"
        return PlainTextResponse(text)


async def json(request: Request) -> Response:
    return JSONResponse({"items": await request.json()})


def _app(handler: Callable[[Request], Awaitable[Response]]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


ASGI = {handler.__name__: _app(handler) for handler in (hello, page, form, upload, json)}
BARE_ASGI = ASGI
