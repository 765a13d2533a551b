"""Quart: hello alone, for servers.py."""

from __future__ import annotations

from quart import Quart, Response

PACKAGE = "quart"
hello = Quart("hello")


@hello.get("/")
async def _hello() -> Response:
    return Response("Hello, World!", mimetype="text/plain")


ASGI = {"hello": hello}
