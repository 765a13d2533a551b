"""Flask: hello alone, for servers.py."""

from __future__ import annotations

from flask import Flask, Response

PACKAGE = "flask"
hello = Flask("hello")


@hello.get("/")
def _hello() -> Response:
    return Response("Hello, World!", mimetype="text/plain")


WSGI = {"hello": hello}
