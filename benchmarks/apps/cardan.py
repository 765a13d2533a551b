"""cardan: each handler as ``async def`` for ASGI and as ``def`` for WSGI; ``ASGI_DEF`` serves the latter over ASGI.

``BARE_WSGI`` and ``BARE_ASGI`` call the same handlers with the request and response classes alone, without an
``Application``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from scenarios import LANGUAGES

from cardan import FileStorage, Request, Response

PACKAGE = "cardan"


def hello(request: Request) -> Response:
    return Response("Hello, World!")


def page(request: Request) -> Response:
    args = request.args
    response = Response.from_json(
        {
            "q": args["q"],
            "page": args.get("page", 1, type=int),
            "sort": args["sort"],
            "dir": args["dir"],
            "user": request.cookies["session"],
            "language": request.accept_languages.best_match(LANGUAGES),
        }
    )
    response.set_cookie("seen", "1", max_age=3600, httponly=True, samesite="Lax")
    response.set_etag("v42")
    return response


def form(request: Request) -> Response:
    fields = request.form
    return Response(f"{len(fields)} {fields['field0']} {fields['field9']}")


def upload(request: Request) -> Response:
    fields, file = request.form, request.files["file"]
    return _uploaded(fields, file, file.read())


def _uploaded(fields: Any, file: FileStorage, data: bytes) -> Response:
    return Response(f"{fields['title']} {fields['text']} {fields['tag']} {file.filename} {len(data)}")


def json(request: Request) -> Response:
    return Response.from_json({"items": request.json})


async def hello_async(request: Request) -> Response:
    return hello(request)


async def page_async(request: Request) -> Response:
    return page(request)


async def form_async(request: Request) -> Response:
    await request.load()
    return form(request)


async def upload_async(request: Request) -> Response:
    await request.load()
    fields, file = request.form, request.files["file"]
    return _uploaded(fields, file, await file.aread())


async def json_async(request: Request) -> Response:
    await request.load()
    return json(request)


def _bare_wsgi(handler: Callable[[Request], Response]) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        return handler(Request(environ))(environ, start_response)

    return app


def _bare_asgi(handler: Callable[[Request], Awaitable[Response]]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


HANDLERS = {handler.__name__: handler for handler in (hello, page, form, upload, json)}
ASYNC_HANDLERS = {
    handler.__name__.removesuffix("_async"): handler
    for handler in (hello_async, page_async, form_async, upload_async, json_async)
}
WSGI = {name: Request.application(handler) for name, handler in HANDLERS.items()}
ASGI = {name: Request.application(handler) for name, handler in ASYNC_HANDLERS.items()}
ASGI_DEF = WSGI
BARE_WSGI = {name: _bare_wsgi(handler) for name, handler in HANDLERS.items()}
BARE_ASGI = {name: _bare_asgi(handler) for name, handler in ASYNC_HANDLERS.items()}
