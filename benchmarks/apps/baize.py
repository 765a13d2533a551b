"""baize, over both protocols."""

from __future__ import annotations

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


@wsgi.request_response
def hello(request: wsgi.Request) -> wsgi.Response:
    return wsgi.PlainTextResponse("Hello, World!")


@wsgi.request_response
def page(request: wsgi.Request) -> wsgi.Response:
    response: wsgi.Response = _cookie(wsgi.JSONResponse(_page(request), headers={"etag": '"v42"'}))
    return response


@wsgi.request_response
def form(request: wsgi.Request) -> wsgi.Response:
    fields = request.form
    return wsgi.PlainTextResponse(f"{len(fields)} {fields['field0']} {fields['field9']}")


@wsgi.request_response
def upload(request: wsgi.Request) -> wsgi.Response:
    fields: Any = request.form
    file = fields["file"]
    return wsgi.PlainTextResponse(_upload(fields, file, file.read()))


@wsgi.request_response
def json(request: wsgi.Request) -> wsgi.Response:
    return wsgi.JSONResponse({"items": request.json})


@asgi.request_response
async def hello_async(request: asgi.Request) -> asgi.Response:
    return asgi.PlainTextResponse("Hello, World!")


@asgi.request_response
async def page_async(request: asgi.Request) -> asgi.Response:
    response: asgi.Response = _cookie(asgi.JSONResponse(_page(request), headers={"etag": '"v42"'}))
    return response


@asgi.request_response
async def form_async(request: asgi.Request) -> asgi.Response:
    fields = await request.form
    return asgi.PlainTextResponse(f"{len(fields)} {fields['field0']} {fields['field9']}")


@asgi.request_response
async def upload_async(request: asgi.Request) -> asgi.Response:
    fields: Any = await request.form
    file = fields["file"]
    return asgi.PlainTextResponse(_upload(fields, file, await file.aread()))


@asgi.request_response
async def json_async(request: asgi.Request) -> asgi.Response:
    return asgi.JSONResponse({"items": await request.json})


WSGI = {"hello": hello, "page": page, "form": form, "upload": upload, "json": json}
ASGI = {"hello": hello_async, "page": page_async, "form": form_async, "upload": upload_async, "json": json_async}
