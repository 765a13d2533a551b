"""Environs and scopes as servers send them, in the forms that no test client makes: every layer passes on what a
request reads of the carrier itself.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import anyio
import pytest

from cardan import CORS, Application, Compression, Mount, ProxyFix, Request, Response


class Resolving(Application[Request]):
    """Gives every request to another application."""

    inner: Any

    def resolve(self, request: Request) -> Any:
        return self.inner


def resolving(inner: Any) -> Any:
    app = Resolving()
    app.inner = inner
    return app


@Request.application
def show(request: Request) -> Response:
    """What the request says."""
    told: dict[str, Any] = {
        name: getattr(request, name)
        for name in ("method", "url", "http_version", "remote_addr", "content_length", "content_type", "is_secure")
    }
    told["whole path"] = request.root_path + request.path
    told["query"] = request.query_string.decode()
    told["body"] = request.get_data().decode()
    return Response.from_json(told)


def wsgi_of(environ: Any, start_response: Any) -> Any:
    """A WSGI application that shows no other protocol."""
    return show(environ, start_response)


async def asgi_of(scope: Any, receive: Any, send: Any) -> None:
    """The same for ASGI, which keeps nothing of the layers around it."""
    await show({name: value for name, value in scope.items() if not name.startswith("cardan.")}, receive, send)


LAYERS: dict[str, Any] = {
    "the application": show,
    "a mount": Mount({"/a": show}),
    "mounts": Mount({"/": Mount({"/a": show})}),
    "wrappers": ProxyFix(Compression(CORS(show, "*")), x_for=0, x_proto=0),
    "a WSGI application": Application.from_wsgi(wsgi_of),
    "an ASGI application": Application.from_asgi(asgi_of),
    "a mounted WSGI application": Mount({"/a": Application.from_wsgi(wsgi_of)}),
    "a mounted ASGI application": Mount({"/a": Application.from_asgi(asgi_of)}),
    "a resolved mount": resolving(Mount({"/a": Application.from_wsgi(wsgi_of)})),
    "a resolved wrapper": resolving(ProxyFix(Application.from_asgi(asgi_of), x_for=0, x_proto=0)),
}
layers = pytest.mark.parametrize("layer", LAYERS)

USUAL = {
    "method": "GET",
    "url": "http://a.example/site/a/x?q=1",
    "http_version": "1.1",
    "remote_addr": "192.0.2.1",
    "content_length": None,
    "content_type": None,
    "is_secure": False,
    "whole path": "/site/a/x",
    "query": "q=1",
    "body": "",
}
UPLOAD = {"method": "POST", "content_length": 4, "content_type": "text/plain", "body": "body"}

#: what a server puts into the environ, or leaves out (None), and what differs from USUAL
ENVIRONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("usual", {}, {}),
    ("HTTP/2.0", {"SERVER_PROTOCOL": "HTTP/2.0"}, {"http_version": "2"}),
    ("HTTP/2", {"SERVER_PROTOCOL": "HTTP/2"}, {"http_version": "2"}),
    ("HTTP/3", {"SERVER_PROTOCOL": "HTTP/3"}, {"http_version": "3"}),
    ("HTTP/1.0", {"SERVER_PROTOCOL": "HTTP/1.0"}, {"http_version": "1.0"}),
    ("no protocol", {"SERVER_PROTOCOL": None}, {}),
    ("a script name with a slash", {"SCRIPT_NAME": "/site/"}, {}),
    ("no script name", {"SCRIPT_NAME": None}, {"whole path": "/a/x", "url": "http://a.example/a/x?q=1"}),
    ("a script name that is a slash", {"SCRIPT_NAME": "/"}, {"whole path": "/a/x", "url": "http://a.example/a/x?q=1"}),
    ("the absolute form", {"PATH_INFO": "http://a.example/a/x"}, {}),
    ("an empty length and type", {"CONTENT_LENGTH": "", "CONTENT_TYPE": ""}, {}),
    ("an upload", {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "4", "CONTENT_TYPE": "text/plain"}, UPLOAD),
    ("a number for a port", {"SERVER_PORT": 80, "REMOTE_PORT": 5000}, {}),
    ("no ports", {"SERVER_PORT": None, "REMOTE_PORT": None}, {}),
    ("nothing about the client", {"REMOTE_ADDR": None}, {"remote_addr": None}),
    ("a client without an address", {"REMOTE_ADDR": ""}, {"remote_addr": None}),
    ("https", {"wsgi.url_scheme": "https"}, {"is_secure": True, "url": "https://a.example/site/a/x?q=1"}),
    ("no query", {"QUERY_STRING": None}, {"query": "", "url": "http://a.example/site/a/x"}),
    ("bytes as latin-1", {"PATH_INFO": "/a/\xc3\xa9"}, {"whole path": "/site/a/é", "url": "http://a.example/site/a/é?q=1"}),
    ("a path that was sent", {"RAW_URI": "/site/a/x?q=1", "REQUEST_URI": "/site/a/x?q=1"}, {}),
]  # fmt: skip

SENT = [(b"host", b"a.example"), (b"content-length", b"4"), (b"content-type", b"text/plain")]

#: the same for a scope
SCOPES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("usual", {}, {}),
    ("2.0", {"http_version": "2.0"}, {"http_version": "2"}),
    ("2", {"http_version": "2"}, {"http_version": "2"}),
    ("3", {"http_version": "3"}, {"http_version": "3"}),
    ("1.0", {"http_version": "1.0"}, {"http_version": "1.0"}),
    ("no version", {"http_version": ...}, {}),
    ("a root path with a slash", {"root_path": "/site/"}, {}),
    ("no root path", {"root_path": ..., "path": "/a/x", "raw_path": b"/a/x"}, {"whole path": "/a/x", "url": "http://a.example/a/x?q=1"}),
    ("None for a root path", {"root_path": None, "path": "/a/x", "raw_path": None}, {"whole path": "/a/x", "url": "http://a.example/a/x?q=1"}),
    ("a root path that is a slash", {"root_path": "/", "path": "/a/x", "raw_path": ...}, {"whole path": "/a/x", "url": "http://a.example/a/x?q=1"}),
    ("a path without the root path", {"path": "/a/x", "raw_path": b"/a/x"}, {}),
    ("the absolute form", {"path": "http://a.example/site/a/x", "raw_path": ...}, {}),
    ("no raw path", {"raw_path": ...}, {}),
    ("None for the raw path", {"raw_path": None}, {}),
    ("a raw path with the query", {"raw_path": b"/site/a/x?q=1"}, {}),
    ("None for what is optional", {"extensions": None, "state": None, "client": None}, {"remote_addr": None}),
    ("None for the query", {"query_string": None}, {"query": "", "url": "http://a.example/site/a/x"}),
    ("a client of a Unix socket", {"client": ("", 0)}, {"remote_addr": None}),
    ("a server on a Unix socket", {"server": ("/run/site.sock", None)}, {}),
    ("no server", {"server": ...}, {}),
    ("lists for pairs", {"client": ["192.0.2.1", 5000], "server": ["a.example", 80]}, {}),
    ("https", {"scheme": "https"}, {"is_secure": True, "url": "https://a.example/site/a/x?q=1"}),
    ("no scheme", {"scheme": ...}, {}),
    ("an upload", {"method": "POST", "headers": SENT}, UPLOAD),
    ("text beyond ASCII", {"path": "/site/a/é", "raw_path": b"/site/a/%C3%A9"}, {"whole path": "/site/a/é", "url": "http://a.example/site/a/é?q=1"}),
]  # fmt: skip


def over_wsgi(app: Any, changes: dict[str, Any]) -> Any:
    """What the application answers to an environ."""
    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/site", "PATH_INFO": "/a/x", "QUERY_STRING": "q=1",
        "SERVER_NAME": "a.example", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "a.example",
        "REMOTE_ADDR": "192.0.2.1", "wsgi.url_scheme": "http", "wsgi.input": BytesIO(b"body and more"),
        "wsgi.errors": None, "wsgi.version": (1, 0), "x-wsgiorg.throw_errors": True,
        **changes,
    }  # fmt: skip
    given = {name: value for name, value in environ.items() if value is not None}
    iterable = app(given, lambda *head: None)
    try:
        return json.loads(b"".join(iterable))
    finally:
        getattr(iterable, "close", lambda: None)()


def over_asgi(app: Any, changes: dict[str, Any]) -> Any:
    """What the application answers to a scope."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "method": "GET", "root_path": "/site", "path": "/site/a/x",
        "raw_path": b"/site/a/x", "query_string": b"q=1", "http_version": "1.1", "scheme": "http",
        "headers": [(b"host", b"a.example")], "client": ("192.0.2.1", 5000), "server": ("a.example", 80),
        **changes,
    }  # fmt: skip
    body = b"body" if scope["method"] == "POST" else b""
    given = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if given:
            return given.pop()
        await anyio.sleep_forever()
        raise AssertionError("nobody wakes this task")

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(app, {name: value for name, value in scope.items() if value is not ...}, receive, send)
    return json.loads(b"".join(message.get("body", b"") for message in sent))


@layers
@pytest.mark.parametrize(("changes", "told"), [row[1:] for row in ENVIRONS], ids=[row[0] for row in ENVIRONS])
def test_environs(layer: str, changes: dict[str, Any], told: dict[str, Any]) -> None:
    """PEP 3333, "environ Variables": a variable may be missing or empty."""
    assert over_wsgi(LAYERS[layer], changes) == {**USUAL, **told}


@layers
@pytest.mark.parametrize(("changes", "told"), [row[1:] for row in SCOPES], ids=[row[0] for row in SCOPES])
def test_scopes(layer: str, changes: dict[str, Any], told: dict[str, Any]) -> None:
    """ASGI HTTP specification, "HTTP Connection Scope": what is optional may be missing, or None."""
    assert over_asgi(LAYERS[layer], changes) == {**USUAL, **told}
