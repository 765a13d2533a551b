"""Lists of header fields belong to the one who gets them: a server may change the list of an answer in any way (PEP
3333, "The start_response() Callable"), and the list of an application stays as the application made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import CORS, Application, Compression, Mount, Request, Response, StaticFiles, wsgi
from cardan.exceptions import NotFound
from cardan.testing import RequestBuilder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SITE = "https://a.example"
TEXT = "a text that is long enough to be compressed " * 20
SHARED = Response(TEXT, mimetype="text/plain", headers={"X-Name": "a"})
MISSING = NotFound()


def shared(request: Request) -> Response:
    return SHARED


def missing(request: Request) -> Response:
    raise MISSING


#: applications whose answers are made of objects that outlive a request
APPS: dict[str, Callable[[Path], Any]] = {
    "a shared response": lambda path: Application(shared),
    "a bare response": lambda path: SHARED,
    "a shared error": lambda path: Application(missing),
    "a file": lambda path: StaticFiles(path),
    "cors": lambda path: CORS(Application(shared), [SITE]),
    "compression": lambda path: Compression(Application(shared)),
    "nothing mounted": lambda path: Mount({"/at": Application(shared)}),
}
ASK = {"Origin": SITE, "Accept-Encoding": "gzip"}
REQUESTS: dict[str, dict[str, Any]] = {
    "GET": {"headers": ASK},
    "HEAD": {"method": "HEAD", "headers": ASK},
    "preflight": {"method": "OPTIONS", "headers": {**ASK, "Access-Control-Request-Method": "POST"}},
}


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_a_server_may_change_the_list(protocol: str, kind: str, app: str, tmp_path: Path) -> None:
    """The next answer has all of its fields all the same, and nothing of what the server has added."""
    (tmp_path / "a.txt").write_text(TEXT)
    served = APPS[app](tmp_path)
    heads: list[Any] = []

    def start_response(status: str, headers: list[Any], exc_info: Any = None) -> None:
        heads.append((status, headers[:]))
        headers.clear()
        headers.append(("X-Server", "a"))

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            heads.append((message["status"], list(message["headers"])))
            message["headers"].clear()
            message["headers"].append((b"x-server", b"a"))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    for _ in range(3):
        builder = RequestBuilder("/a.txt", **REQUESTS[kind])
        if protocol == "wsgi":
            body = served(builder.environ(), start_response)
            for _chunk in body:
                pass
            getattr(body, "close", lambda: None)()
        else:
            anyio.run(served, builder.scope(), receive, send)
    assert len(heads) == 3
    assert len(heads[0][1]) > 1
    assert heads[1] == heads[2] == heads[0]


def calling(headers: list[Any]) -> Any:
    """A WSGI application that gives always the same list."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", headers)
        return [TEXT.encode()]

    return app


def sending(headers: list[Any]) -> Any:
    """An ASGI application that sends always the same list."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": TEXT.encode()})

    return app


def of_response(make: str) -> Any:
    """A handler that makes a response of the application, and changes its fields."""

    def wrap(app: Any) -> Any:
        if make == "from_app":

            def handler(request: Request) -> Response:
                response = Response.from_app(app, RequestBuilder("/").environ())
                response.headers["X-Name"] = "changed"
                return response

            return Application(handler)

        async def ahandler(request: Request) -> Response:
            response = await Response.afrom_app(app, RequestBuilder("/").scope())
            response.headers["X-Name"] = "changed"
            return response

        return Application(ahandler)

    return wrap


WRAPPERS: dict[str, tuple[Any, Any]] = {
    "cors": (calling, lambda app: CORS(app, [SITE])),
    "asgi cors": (sending, lambda app: CORS(app, [SITE])),
    "compression": (calling, Compression),
    "asgi compression": (sending, Compression),
    "bridge": (calling, Application.from_wsgi),
    "asgi bridge": (sending, wsgi.from_asgi),
    "from_app": (calling, of_response("from_app")),
    "afrom_app": (sending, of_response("afrom_app")),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_the_list_of_an_application_is_not_changed(name: str) -> None:
    """Whatever stands around it adds and removes fields in a list of its own."""
    make, wrap = WRAPPERS[name]
    fields = [("Content-Type", "text/plain"), ("Vary", "Cookie"), ("ETag", '"a"'), ("X-Name", "a")]
    given: list[Any] = fields[:]
    if make is sending:
        given = [(key.lower().encode(), value.encode()) for key, value in fields]
    before = given[:]
    app = wrap(make(given))
    builder = RequestBuilder("/", headers=ASK)
    is_asgi = make is sending and name in ("asgi cors", "asgi compression")
    for _ in range(2):
        heads: list[Any] = []
        if is_asgi or name == "bridge":

            async def send(message: Any, heads: list[Any] = heads) -> None:
                heads.append(message.get("headers"))

            async def receive() -> Any:
                return {"type": "http.request", "body": b"", "more_body": False}

            anyio.run(app, builder.scope(), receive, send)
        else:
            body = app(builder.environ(), lambda status, headers, exc_info=None, heads=heads: heads.append(headers))
            for _chunk in body:
                pass
            getattr(body, "close", lambda: None)()
        assert heads[0]
        assert heads[0] is not given
        assert given == before
