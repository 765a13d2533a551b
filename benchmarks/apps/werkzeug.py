"""Werkzeug."""

from __future__ import annotations

import json as stdlib_json

from scenarios import LANGUAGES
from werkzeug.wrappers import Request, Response

PACKAGE = "werkzeug"


@Request.application
def hello(request: Request) -> Response:
    return Response("Hello, World!")


@Request.application
def page(request: Request) -> Response:
    args = request.args
    data = {
        "q": args["q"],
        "page": args.get("page", 1, type=int),
        "sort": args["sort"],
        "dir": args["dir"],
        "user": request.cookies["session"],
        "language": request.accept_languages.best_match(LANGUAGES),
    }
    response = Response(stdlib_json.dumps(data), mimetype="application/json")
    response.set_cookie("seen", "1", max_age=3600, httponly=True, samesite="Lax")
    response.set_etag("v42")
    return response


@Request.application
def form(request: Request) -> Response:
    fields = request.form
    return Response(f"{len(fields)} {fields['field0']} {fields['field9']}")


@Request.application
def upload(request: Request) -> Response:
    fields, file = request.form, request.files["file"]
    data = file.read()
    return Response(f"{fields['title']} {fields['text']} {fields['tag']} {file.filename} {len(data)}")


@Request.application
def json(request: Request) -> Response:
    return Response(stdlib_json.dumps({"items": request.json}), mimetype="application/json")


WSGI = {"hello": hello, "page": page, "form": form, "upload": upload, "json": json}
