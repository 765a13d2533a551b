"""baize, over both protocols."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from baize import asgi, wsgi
from scenarios import language

PACKAGE = "baize"


def _page(request: Any) -> dict[str, Any]:
    args = request.query_params
    return {
        "q": args["q"],
        "page": int(args.get("page", 1)),
        "sort": args["sort"],
        "dir": args["dir"],
        "user": request.cookies["session"],
        "language": language(request.headers.get("accept-language")),
    }


def _cookie(response: Any) -> Any:
    response.set_cookie("seen", "1", max_age=3600, httponly=True, samesite="lax", path="/")
    return response


def _upload(fields: Any, file: Any, data: bytes) -> str:
    return f"{fields['title']} {fields['text']} {fields['tag']} {file.filename} {len(data)}"


def hello(request: wsgi.Request) -> wsgi.Response:
    return wsgi.PlainTextResponse("Hello, World!")


def page(request: wsgi.Request) -> wsgi.Response:
    response: wsgi.Response = _cookie(wsgi.JSONResponse(_page(request), headers={"etag": '"v42"'}))
    return response


def form(request: wsgi.Request) -> wsgi.Response:
    fields = request.form
    return wsgi.PlainTextResponse(f"{len(fields)} {fields['field0']} {fields['field9']}")


def upload(request: wsgi.Request) -> wsgi.Response:
    fields: Any = request.form
    file = fields["file"]
    return wsgi.PlainTextResponse(_upload(fields, file, file.read()))


def json(request: wsgi.Request) -> wsgi.Response:
    return wsgi.JSONResponse({"items": request.json})


async def hello_async(request: asgi.Request) -> asgi.Response:
    return asgi.PlainTextResponse("Hello, World!")


async def page_async(request: asgi.Request) -> asgi.Response:
    response: asgi.Response = _cookie(asgi.JSONResponse(_page(request), headers={"etag": '"v42"'}))
    return response


async def form_async(request: asgi.Request) -> asgi.Response:
    fields = await request.form
    return asgi.PlainTextResponse(f"{len(fields)} {fields['field0']} {fields['field9']}")


async def upload_async(request: asgi.Request) -> asgi.Response:
    fields: Any = await request.form
    file = fields["file"]
    return asgi.PlainTextResponse(_upload(fields, file, await file.aread()))


async def json_async(request: asgi.Request) -> asgi.Response:
    return asgi.JSONResponse({"items": await request.json})


def _bare_wsgi(handler: Callable[[wsgi.Request], wsgi.Response]) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        return handler(wsgi.Request(environ))(environ, start_response)

    return app


def _bare_asgi(handler: Callable[[asgi.Request], Awaitable[asgi.Response]]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        response = await handler(asgi.Request(scope, receive, send))
        await response(scope, receive, send)

    return app


HANDLERS = {handler.__name__: handler for handler in (hello, page, form, upload, json)}
ASYNC_HANDLERS = {
    handler.__name__.removesuffix("_async"): handler
    for handler in (hello_async, page_async, form_async, upload_async, json_async)
}
WSGI = {name: wsgi.request_response(handler) for name, handler in HANDLERS.items()}
ASGI = {name: asgi.request_response(handler) for name, handler in ASYNC_HANDLERS.items()}
BARE_WSGI = {name: _bare_wsgi(handler) for name, handler in HANDLERS.items()}
BARE_ASGI = {name: _bare_asgi(handler) for name, handler in ASYNC_HANDLERS.items()}
