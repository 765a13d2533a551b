"""Falcon (the compiled build where its wheel has one), over both protocols."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.asgi
from scenarios import language

PACKAGE = "falcon"


def _page(req: Any, resp: Any) -> None:
    resp.media = {
        "q": req.get_param("q"),
        "page": req.get_param_as_int("page"),
        "sort": req.get_param("sort"),
        "dir": req.get_param("dir"),
        "user": req.cookies["session"],
        "language": language(req.get_header("Accept-Language")),
    }
    resp.set_cookie("seen", "1", max_age=3600, http_only=True, same_site="Lax", path="/", secure=False)
    resp.etag = "v42"


def _form(fields: Any, resp: Any) -> None:
    resp.content_type = falcon.MEDIA_TEXT
    resp.text = f"{len(fields)} {fields['field0']} {fields['field9']}"


def _upload(fields: dict[str, str], filename: str, data: bytes, resp: Any) -> None:
    resp.content_type = falcon.MEDIA_TEXT
    resp.text = f"{fields['title']} {fields['text']} {fields['tag']} {filename} {len(data)}"


class Hello:
    def on_get(self, req: Any, resp: Any) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "Hello, World!"


class Page:
    def on_get(self, req: Any, resp: Any) -> None:
        _page(req, resp)


class Form:
    def on_post(self, req: Any, resp: Any) -> None:
        _form(req.get_media(), resp)


class Upload:
    def on_post(self, req: Any, resp: Any) -> None:
        fields, filename, data = {}, "", b""
        for part in req.get_media():
            if part.filename:
                filename, data = part.filename, part.stream.read()
            else:
                fields[part.name] = part.text
        _upload(fields, filename, data, resp)


class Json:
    def on_post(self, req: Any, resp: Any) -> None:
        resp.media = {"items": req.get_media()}


class AsyncHello:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "Hello, World!"


class AsyncPage:
    async def on_get(self, req: Any, resp: Any) -> None:
        _page(req, resp)


class AsyncForm:
    async def on_post(self, req: Any, resp: Any) -> None:
        _form(await req.get_media(), resp)


class AsyncUpload:
    async def on_post(self, req: Any, resp: Any) -> None:
        fields, filename, data = {}, "", b""
        async for part in await req.get_media():
            if part.filename:
                filename, data = part.filename, await part.stream.read()
            else:
                fields[part.name] = await part.text
        _upload(fields, filename, data, resp)


class AsyncJson:
    async def on_post(self, req: Any, resp: Any) -> None:
        resp.media = {"items": await req.get_media()}


def _app(kind: Any, resource: Any) -> Any:
    app = kind()
    app.add_route("/", resource)
    return app


WSGI = {
    name: _app(falcon.App, resource())
    for name, resource in (("hello", Hello), ("page", Page), ("form", Form), ("upload", Upload), ("json", Json))
}
ASGI = {
    name: _app(falcon.asgi.App, resource())
    for name, resource in (
        ("hello", AsyncHello),
        ("page", AsyncPage),
        ("form", AsyncForm),
        ("upload", AsyncUpload),
        ("json", AsyncJson),
    )
}
