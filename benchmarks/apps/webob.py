"""WebOb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenarios import LANGUAGES
from webob import Request, Response
from webob.dec import wsgify

PACKAGE = "webob"


def hello(request: Any) -> Response:
    return Response(text="Hello, World!", content_type="text/plain")


def page(request: Any) -> Response:
    args = request.GET
    response = Response(
        json_body={
            "q": args["q"],
            "page": int(args.get("page", 1)),
            "sort": args["sort"],
            "dir": args["dir"],
            "user": request.cookies["session"],
            "language": request.accept_language.lookup(LANGUAGES, default="en"),
        },
        content_type="application/json",
    )
    response.set_cookie("seen", "1", max_age=3600, httponly=True, samesite="Lax")
    response.etag = "v42"
    return response


def form(request: Any) -> Response:
    fields = request.POST
    return Response(text=f"{len(fields)} {fields['field0']} {fields['field9']}", content_type="text/plain")


def upload(request: Any) -> Response:
    fields = request.POST
    file = fields["file"]
    data = file.file.read()
    text = f"{fields['title']} {fields['text']} {fields['tag']} {file.filename} {len(data)}"
    return Response(text=text, content_type="text/plain")


def json(request: Any) -> Response:
    return Response(json_body={"items": request.json}, content_type="application/json")


def _bare(handler: Callable[[Any], Response]) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        return handler(Request(environ))(environ, start_response)

    return app


HANDLERS = (hello, page, form, upload, json)
WSGI = {handler.__name__: wsgify(handler) for handler in HANDLERS}
BARE_WSGI = {handler.__name__: _bare(handler) for handler in HANDLERS}
