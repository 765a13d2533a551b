"""Werkzeug."""

from __future__ import annotations

import json as stdlib_json
from collections.abc import Callable
from typing import Any

from scenarios import LANGUAGES
from werkzeug.wrappers import Request, Response

PACKAGE = "werkzeug"


def hello(request: Request) -> Response:
    return Response("Hello, World!")


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


def form(request: Request) -> Response:
    fields = request.form
    return Response(f"{len(fields)} {fields['field0']} {fields['field9']}")


def upload(request: Request) -> Response:
    fields, file = request.form, request.files["file"]
    data = file.read()
    return Response(f"{fields['title']} {fields['text']} {fields['tag']} {file.filename} {len(data)}")


def json(request: Request) -> Response:
    return Response(stdlib_json.dumps({"items": request.json}), mimetype="application/json")


def _bare(handler: Callable[[Request], Response]) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        return handler(Request(environ))(environ, start_response)

    return app


HANDLERS = (hello, page, form, upload, json)
WSGI = {handler.__name__: Request.application(handler) for handler in HANDLERS}
BARE_WSGI = {handler.__name__: _bare(handler) for handler in HANDLERS}
