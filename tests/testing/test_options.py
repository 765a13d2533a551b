"""The options of both clients, on both protocols."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import flask
import httpx
import pytest

from cardan import Application, Dual, Mount, ProxyFix, Request, Response
from cardan.testing import PROTOCOLS, AsyncClient, Client
from cardan.testing._async_transports import AsyncASGITransport, AsyncWSGITransport
from cardan.testing._client import chosen
from cardan.testing._sync_transports import ASGITransport, WSGITransport
from tests.testing.apps import ECHO, chunk, only_http, start

both = pytest.mark.parametrize("protocol", PROTOCOLS)


@only_http
async def where_asgi(scope: Any, receive: Any, send: Any) -> None:
    await start(send, 200, [(b"set-cookie", b"a=1")])
    root, path = scope["root_path"], scope["path"]
    await chunk(send, repr((root, path[len(root) :], scope["query_string"])).encode(), more=False)


def where_wsgi(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Set-Cookie", "a=1")])
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    return [repr((environ["SCRIPT_NAME"], path, environ["QUERY_STRING"].encode("latin-1"))).encode()]


WHERE = {"asgi": where_asgi, "wsgi": where_wsgi}


@pytest.mark.parametrize(
    ("app", "protocol"),
    [
        (where_wsgi, "wsgi"),
        (flask.Flask("x").wsgi_app, "wsgi"),
        (ProxyFix(where_wsgi), "wsgi"),
        (where_asgi, "asgi"),
        (Mount({"/": where_asgi}), "asgi"),
        # an application for both protocols is called as servers call it
        (Response("x"), "asgi"),
        (Application(lambda request: Response()), "asgi"),
        (Dual(where_wsgi, where_asgi), "asgi"),
    ],
)
def test_the_protocol_is_that_of_the_application(app: Any, protocol: str) -> None:
    """Without ``protocol`` both clients see which one the application speaks, as servers do."""
    assert chosen(app, None) == protocol
    with Client(app) as client:
        assert isinstance(client._transport, WSGITransport if protocol == "wsgi" else ASGITransport)
    assert isinstance(AsyncClient(app)._transport, AsyncWSGITransport if protocol == "wsgi" else AsyncASGITransport)


@both
def test_the_protocol_is_the_second_argument(protocol: Any) -> None:
    """``Client(app, "wsgi")`` calls an application for both protocols over WSGI."""

    @Request.application
    def app(request: Request) -> Response:
        return Response("wsgi" if hasattr(request, "environ") else "asgi")

    with Client(app, protocol) as client:
        assert client.get("/").text == protocol


def test_an_application_that_shows_no_protocol() -> None:
    """A handler, or a callable that takes anything, needs ``protocol``; what cannot be called is a TypeError."""
    for app in (lambda request: Response(), lambda *args: None):
        with pytest.raises(ValueError, match=r"neither \(environ, start_response\) nor \(scope, receive, send\)"):
            Client(app)
        with pytest.raises(ValueError, match="expected protocol='wsgi' or protocol='asgi'"):
            AsyncClient(app)
    with pytest.raises(TypeError, match="got an application of type str, expected a WSGI or ASGI application"):
        Client("hello:app")  # type: ignore[arg-type]
    with Client(lambda *args: where_wsgi(*args), "wsgi") as client:
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_an_application_of_the_other_protocol(client: Any) -> None:
    """An application that shows its protocol is not called over the other one. The error names the bridge."""
    for app in (where_wsgi, flask.Flask("x"), ProxyFix(where_wsgi)):
        with pytest.raises(TypeError) as caught:
            client(app, "asgi")
        assert str(caught.value) == (
            "got a WSGI application, expected an ASGI application: Application.from_wsgi() takes it"
        )
    for app in (where_asgi, Mount({"/": where_asgi}).asgi_app):
        with pytest.raises(TypeError) as caught:
            client(app, "wsgi")
        assert str(caught.value) == (
            "got an ASGI application, expected a WSGI application: Application.from_asgi() takes it"
        )
    for protocol in PROTOCOLS:
        with pytest.raises(TypeError, match=r"neither \(environ, start_response\) nor \(scope, receive, send\)"):
            client(lambda request: Response(), protocol)


@both
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/", "('/api', '/', b'')"),
        ("/x?y=z", "('/api', '/x', b'y=z')"),
        ("/api", "('/api', '/api', b'')"),
        ("http://testserver/api", "('/api', '', b'')"),
        ("http://other/api/a%2Fb%C3%A9", "('/api', '/a/bé', b'')"),
    ],
)
def test_root_path(protocol: Any, url: str, expected: str) -> None:
    """A mounted application sees its root path, and the path below it."""
    with Client(WHERE[protocol], protocol=protocol, root_path="/api") as client:
        assert client.get(url).text == expected


@both
def test_outside_of_the_root(protocol: Any) -> None:
    """A URL outside the root path never reaches the application."""
    with Client(WHERE[protocol], protocol=protocol, root_path="/api") as client:
        with pytest.raises(httpx.ConnectError, match="got path '/apiary', expected one under root_path '/api'"):
            client.get("http://testserver/apiary")


@both
@pytest.mark.parametrize(
    ("target", "expected"),
    [(b"/%zz/%ff?\xff", "('', '/%zz/�', b'\\xff')"), (b"//host/x", "('', '//host/x', b'')"), (b"*", "('', '*', b'')")],
)
def test_exact_target(protocol: Any, target: bytes, expected: str) -> None:
    """The request extension ``target`` is sent unchanged, without the rules for URLs."""
    with Client(WHERE[protocol], protocol=protocol) as client:
        assert client.get("/", extensions={"target": target}).text == expected


@both
def test_it_is_httpx(protocol: Any) -> None:
    """Cookies, headers, hooks and redirects work as in httpx."""
    seen: list[httpx.Request] = []
    with Client(
        WHERE[protocol], protocol=protocol, headers={"x": "y"}, event_hooks={"request": [seen.append]}
    ) as client:
        client.get("/")
        client.get("/")
    assert [request.headers.get("cookie") for request in seen] == [None, "a=1"]
    assert seen[0].headers["x"] == "y"
    assert isinstance(client, httpx.Client)


@both
def test_methods_and_lengths(protocol: Any) -> None:
    """A response to HEAD has no body. Content-Length is passed on, and checked."""
    with Client(ECHO[protocol], protocol=protocol) as client:
        assert client.head("/").headers["x-method"] == "HEAD"
        assert client.request("QUERY", "/", content=b"abc").content == b"abc"


@both
@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"client": ("a", "b")}, TypeError, "got client[1] = 'b', expected a port as an int"),
        ({"client": (1, 2)}, TypeError, "got client[0] = 1, expected a host as a str"),
        ({"client": "a"}, TypeError, "got client = 'a', expected a tuple of host and port"),
        ({"http_version": "x"}, ValueError, "got http_version = 'x', expected a version such as '1.1'"),
        ({"client": ("a", True)}, TypeError, "got client[1] = True, expected a port as an int"),
        ({"client": ("a", 70000)}, ValueError, "got client[1] = 70000, expected a port from 0 to 65535"),
        ({"client": ("a", -1)}, ValueError, "got client[1] = -1, expected a port from 0 to 65535"),
        (
            {"base_url": "http://a:70000"},
            ValueError,
            "got base_url = 'http://a:70000', expected a port from 0 to 65535",
        ),
        (
            {"base_url": "http://a:65536"},
            ValueError,
            "got base_url = 'http://a:65536', expected a port from 0 to 65535",
        ),
        ({"client": ("a", 65536)}, ValueError, "got client[1] = 65536, expected a port from 0 to 65535"),
        ({"base_url": 5}, TypeError, "got base_url = 5, expected a str or an httpx.URL"),
        ({"root_path": b"/x"}, TypeError, "got root_path = b'/x', expected a str"),
        ({"root_path": "x"}, ValueError, "got root_path = 'x', expected '' or a path such as '/site'"),
        ({"root_path": "/x/"}, ValueError, "got root_path = '/x/', expected '' or a path such as '/site'"),
        ({"spec_version": 2.4}, ValueError, "got spec_version = 2.4, expected a version such as '2.4'"),
        ({"spec_version": "2."}, ValueError, "got spec_version = '2.', expected a version such as '2.4'"),
        ({"raise_app_exceptions": 1}, TypeError, "got raise_app_exceptions = 1, expected a bool"),
        ({"extensions": ["x"]}, TypeError, "got extensions = ['x'], expected a mapping of names or None"),
        ({"http_version": 2}, TypeError, "got http_version = 2, expected a str such as '1.1'"),
        ({"grace": True}, TypeError, "got grace = True, expected a number of seconds"),
        ({"grace": -1}, ValueError, "got grace = -1, expected 0 to "),
        ({"grace": float("nan")}, ValueError, "got grace = nan, expected 0 to "),
        ({"grace": float("inf")}, ValueError, "got grace = inf, expected 0 to "),
        ({"timeout": True}, TypeError, "got timeout = True, expected a number of seconds"),
        ({"timeout": "5"}, TypeError, "got timeout = '5', expected a number of seconds"),
        ({"timeout": -1}, ValueError, "got timeout = -1, expected 0 to "),
        ({"timeout": (5, True, 5, 5)}, TypeError, "got timeout = True, expected a number of seconds"),
        ({"timeout": httpx.Timeout(5, read=1e300)}, ValueError, "got timeout = 1e+300, expected 0 to "),
        ({"extensions": {1: {}}}, TypeError, "got a name in extensions = 1, expected a str"),
        ({"extensions": {"x": 5}}, TypeError, "got extensions['x'] = 5, expected a mapping or None"),
    ],
)
def test_options_are_checked_where_the_client_is_made(
    protocol: Any, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    """A wrong option is an error of the constructor, of both clients, which says what came and what was expected."""
    for client in (Client, AsyncClient):
        with pytest.raises(error, match=re.escape(text)):
            client(WHERE[protocol], protocol, **options)


def test_wrong_options() -> None:
    """An unknown name of a protocol or of a backend raises ValueError, and options of a wrong type raise TypeError."""
    with pytest.raises(ValueError, match="got 'http', expected 'wsgi' or 'asgi'"):
        Client(WHERE["wsgi"], protocol="http")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="got 'curio', expected 'asyncio' or 'trio'"):
        Client(WHERE["asgi"], protocol="asgi", backend="curio")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="got '', expected 'wsgi' or 'asgi'"):
        AsyncClient(WHERE["wsgi"], protocol="")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"got backend_options = \[\], expected a dict or None"):
        Client(WHERE["asgi"], backend_options=[])  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # the generator of the view is left open
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_starlette(backend: Any) -> None:
    """A Starlette application: state of the lifespan, streaming, a background task."""
    from contextlib import asynccontextmanager

    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Route

    log: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> Any:
        yield {"name": "Ada"}
        log.append("down")

    async def hello(request: Any) -> Any:
        await request.body()
        return PlainTextResponse(request.state.name, background=BackgroundTask(log.append, "background"))

    async def stream(request: Any) -> Any:
        async def ticks() -> Any:
            try:
                while True:
                    yield b"tick\n"
            finally:
                log.append("stopped")

        return StreamingResponse(ticks())

    app = Starlette(routes=[Route("/", hello, methods=["POST"]), Route("/stream", stream)], lifespan=lifespan)
    with Client(app, protocol="asgi", backend=backend) as client:
        assert client.post("/", json=1).text == "Ada"
        assert log.pop() == "background"
        with client.stream("GET", "/stream") as response:
            assert next(response.iter_lines()) == "tick"
    assert log[-1] == "down"


def test_flask() -> None:
    """A Flask application: form, upload, streaming, an error in a view."""
    from flask import Flask, request

    app = Flask(__name__)
    app.testing = True
    log: list[str] = []

    @app.post("/")
    def upload() -> Any:
        return {"title": request.form["title"], "size": len(request.files["photo"].read())}

    @app.get("/stream")
    def stream() -> Any:
        def ticks() -> Any:
            try:
                while True:
                    yield b"tick\n"
            finally:
                log.append("stopped")

        return ticks()

    @app.get("/error")
    def error() -> Any:
        raise LookupError("broken")

    with Client(app, protocol="wsgi") as client:
        assert client.post("/", data={"title": "x"}, files={"photo": b"12345"}).json() == {"title": "x", "size": 5}
        with client.stream("GET", "/stream") as response:
            assert next(response.iter_lines()) == "tick"
        assert log == ["stopped"]
        with pytest.raises(LookupError, match="broken"):
            client.get("/error")


def test_imports() -> None:
    """The package imports neither pytest nor trio. Without httpx, a client says what to install."""
    code = "import sys, cardan.testing; print(sorted({'pytest', 'trio', '_pytest'} & set(sys.modules)))"
    assert run(code).stdout.strip() == "[]"
    code = "import sys; sys.modules['httpx'] = sys.modules['httpx2'] = None; from cardan.testing import Client"
    assert "ImportError: cardan.testing needs httpx: pip install 'cardan[testing]'" in run(code).stderr


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), timeout=60
    )


@both
def test_the_bounds_of_options(protocol: Any) -> None:
    """The first and the last port, no time at all, and versions of one or more numbers."""
    for made in (Client, AsyncClient):
        for options in (
            {"client": ("a", 0)},
            {"client": ("a", 65535)},
            {"base_url": "http://a:65535"},
            {"grace": 0},
            {"timeout": 0},
            {"timeout": None},
            {"http_version": "2"},
            {"spec_version": "2.5.1"},
        ):
            assert isinstance(made(WHERE[protocol], protocol, **options), (httpx.Client, httpx.AsyncClient))


@pytest.mark.parametrize(
    ("version", "raises"), [("2.0", False), ("2.3", False), ("2.4", True), ("2.5", True), ("2.10", True), ("3.0", True)]
)
def test_sending_to_a_client_that_has_left(version: str, raises: bool) -> None:
    """Since version 2.4 of the ASGI HTTP specification ``send`` raises OSError; before, it did nothing."""
    seen: list[str] = []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["asgi"]["spec_version"] == version
        await start(send)
        await chunk(send, b"first")
        while (await receive())["type"] != "http.disconnect":
            pass
        try:
            await chunk(send, b"second")
        except OSError:
            seen.append("OSError")
        else:
            seen.append("nothing")

    with Client(app, "asgi", spec_version=version) as client:
        with client.stream("GET", "/") as response:
            assert next(response.iter_raw()) == b"first"
    assert seen == ["OSError" if raises else "nothing"]


def test_a_lifespan_ends_whatever_closing_a_response_raises() -> None:
    """A response that is still open raises the error of its application when the client is left. The lifespan is shut
    down all the same.
    """
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for name in ("startup", "shutdown"):
                await receive()
                seen.append(name)
                await send({"type": f"lifespan.{name}.complete"})
            return
        await start(send)
        await chunk(send, b"first")
        while (await receive())["type"] != "http.disconnect":
            pass
        raise LookupError("in the end")

    def leave() -> None:
        with Client(app, "asgi") as client:
            response = client.send(client.build_request("GET", "/"), stream=True)
            assert next(response.iter_raw()) == b"first"

    with pytest.raises(LookupError, match="in the end"):
        leave()
    assert seen == ["startup", "shutdown"]
