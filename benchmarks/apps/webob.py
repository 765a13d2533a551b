"""WebOb."""

from __future__ import annotations

from typing import Any

from scenarios import LANGUAGES
from webob import Response
from webob.dec import wsgify

PACKAGE = "webob"


@wsgify
def hello(request: Any) -> Response:
    return Response(text="Hello, World!", content_type="text/plain")


@wsgify
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


@wsgify
def form(request: Any) -> Response:
    fields = request.POST
    return Response(text=f"{len(fields)} {fields['field0']} {fields['field9']}", content_type="text/plain")


@wsgify
def upload(request: Any) -> Response:
    fields = request.POST
    file = fields["file"]
    data = file.file.read()
    text = f"{fields['title']} {fields['text']} {fields['tag']} {file.filename} {len(data)}"
    return Response(text=text, content_type="text/plain")


@wsgify
def json(request: Any) -> Response:
    return Response(json_body={"items": request.json}, content_type="application/json")


WSGI = {"hello": hello, "page": page, "form": form, "upload": upload, "json": json}
