"""Bottle."""

from __future__ import annotations

import json as stdlib_json
from typing import Any

import bottle
from scenarios import language

PACKAGE = "bottle"
request, response = bottle.request, bottle.response


def hello() -> str:
    response.content_type = "text/plain; charset=utf-8"
    return "Hello, World!"


def page() -> str:
    args = request.query
    data = {
        "q": args["q"],
        "page": args.get("page", 1, type=int),
        "sort": args["sort"],
        "dir": args["dir"],
        "user": request.get_cookie("session"),
        "language": language(request.get_header("Accept-Language")),
    }
    response.content_type = "application/json"
    response.set_cookie("seen", "1", max_age=3600, httponly=True, samesite="lax", path="/")
    response.set_header("ETag", '"v42"')
    return stdlib_json.dumps(data)


def form() -> str:
    fields = request.forms
    response.content_type = "text/plain; charset=utf-8"
    return f"{len(fields)} {fields['field0']} {fields['field9']}"


def upload() -> str:
    fields, file = request.forms, request.files["file"]
    data = file.file.read()
    response.content_type = "text/plain; charset=utf-8"
    return f"{fields['title']} {fields['text']} {fields['tag']} {file.filename} {len(data)}"


def json() -> dict[str, Any]:
    return {"items": request.json}


def _app(handler: Any, method: str) -> bottle.Bottle:
    app = bottle.Bottle()
    app.route("/", method, handler)
    return app


WSGI = {
    handler.__name__: _app(handler, "GET" if handler in (hello, page) else "POST")
    for handler in (hello, page, form, upload, json)
}
