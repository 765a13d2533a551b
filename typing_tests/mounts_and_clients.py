"""Types of what servers and other libraries ask of applications, and of what wrappers such as ``Mount`` take."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from ipaddress import IPv4Network, ip_network
from typing import Any, assert_type
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import asgiref.typing
import flask
import hypercorn.typing
import starlette.applications
import starlette.middleware.gzip
import starlette.routing
import starlette.types
from werkzeug.middleware.profiler import ProfilerMiddleware

import cardan.asgi
import cardan.wsgi
from cardan import CORS, Application, Compression, Dual, Mount, ProxyFix, Request, Response, core
from cardan.files import StaticFiles
from cardan.testing import AsyncClient, Client
from cardan.types import ASGIApplication, ProtocolName, Receive, Scope, Send


def wsgi_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A WSGI application."""
    start_response("204 No Content", [])
    return []


async def asgi_app(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application."""


def handler(request: Request) -> Response:
    """A handler, which is no application."""
    return Response()


def servers(
    app: Application[Request],
    response: Response,
    files: StaticFiles,
    dual: Dual,
    mount: Mount,
    proxied: ProxyFix,
    cors: CORS,
    small: Compression,
) -> None:
    """Every application of cardan has the types that servers and libraries ask for, on both protocols."""
    for each in (app, response, files, dual, mount, proxied, cors, small):
        wsgi: WSGIApplication = each
        asgi: ASGIApplication = each
        starlette_app: starlette.types.ASGIApp = each
        asgi3: asgiref.typing.ASGI3Application = each
        framework: hypercorn.typing.ASGIFramework = each
        other_framework: hypercorn.typing.WSGIFramework = each
        starlette.routing.Mount("/x", app=each)
        del wsgi, asgi, starlette_app, asgi3, framework, other_framework


def around(app: Application[Request]) -> None:
    """What the wrappers take."""
    CORS(app, "*")
    CORS(wsgi_app, ["https://a.example", re.compile(".*")], "*", ["X-A"], max_age=timedelta(hours=1), credentials=True)
    CORS(app, origins=[1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    CORS(handler, "*")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Compression(asgi_app, minimum=0, codings={"gzip": 6}, types=["text/*", "*+json"])
    Compression(app, codings=["gzip"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(Compression(app).app, WSGIApplication | ASGIApplication)


def wrapped(
    app: Application[Request], files: StaticFiles, mount: Mount, proxied: ProxyFix, cors: CORS, small: Compression
) -> None:
    """Middleware of another library replaces the side of its protocol."""
    for each in (app, files, mount, proxied, cors, small):
        each.wsgi_app = ProfilerMiddleware(each.wsgi_app)
        each.asgi_app = starlette.middleware.gzip.GZipMiddleware(each.asgi_app)
        each.wsgi_app = asgi_app  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


class Counted(Mount):
    """A subclass overrides them as methods."""

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """A WSGI request."""
        return super().wsgi_app(environ, start_response)

    async def asgi_app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI scope."""
        await super().asgi_app(scope, receive, send)


def calls(app: Mount, environ: dict[str, Any], start_response: StartResponse, receive: Receive, send: Send) -> None:
    """A call has the result of the protocol that its arguments belong to."""
    assert_type(app(environ, start_response), Iterable[bytes])
    called: Awaitable[None] = app(environ, receive, send)
    del called
    app(environ)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def mounts(app: Application[Request], old: flask.Flask, other: starlette.applications.Starlette) -> None:
    """WSGI, ASGI and dual applications can be mounted, also those of other libraries."""
    mount = Mount({"/a": app, "/b": wsgi_app, "/c": asgi_app, "/d": old, "/e": other, "/": Mount({"/": app})})
    assert_type(mount.apps, Mapping[str, Callable[..., Any]])
    by_prefix: dict[str, flask.Flask] = {"/": old}
    Mount(by_prefix)
    Mount({"/api": app, "/": Application.from_wsgi(old)})
    assert_type(Application.from_wsgi(old, threads=10), Dual)
    assert_type(Application.from_asgi(other, backend="trio"), Dual)
    assert_type(cardan.asgi.from_wsgi(old), ASGIApplication)
    assert_type(cardan.wsgi.from_asgi(other), WSGIApplication)
    Application.from_asgi(other, backend="uvloop")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Mount({"/": handler})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    Mount({"/": "hello:app"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    Mount({1: app})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    Mount([("/", app)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    mount.apps["/x"] = app  # type: ignore[index]  # pyright: ignore[reportIndexIssue]


async def without_a_server(request: core.Request) -> None:
    """Every application for both protocols answers a request of core."""
    app: Dual
    for app in (Mount({"/": wsgi_app}), CORS(asgi_app, "*"), Compression(wsgi_app), ProxyFix(wsgi_app)):
        assert_type(app.respond(request), Response)
        assert_type(await app.arespond(request), Response)


def proxies(app: Application[Request], old: flask.Flask) -> None:
    """The numbers are ints, the networks text or networks."""
    ProxyFix(app, 1, 1, 1, 1, 1, 0, ["10.0.0.0/8", IPv4Network("192.168.0.0/16"), ip_network("::/0")])
    ProxyFix(old, x_for=2, forwarded=1, peers=("10.0.0.1",))
    ProxyFix(wsgi_app)
    ProxyFix(asgi_app)
    assert_type(ProxyFix(app).app, WSGIApplication | ASGIApplication)
    ProxyFix(handler)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ProxyFix(app, x_for="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ProxyFix(app, x_fro=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ProxyFix(app, peers=[10])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def clients(app: Application[Request]) -> None:
    """The protocol need not be named. It is one of two, by position or by name."""
    for client in (Client(app), Client(app, "wsgi"), Client(app, protocol="asgi", backend="trio"), Client(wsgi_app)):
        assert_type(client, Client)
    AsyncClient(app, "wsgi")
    Client(app, "http")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Client(app, protocol="WSGI")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Client(app, "asgi", "trio")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Client(app, backend="curio")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncClient(app, "http")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def a_parameter_of_a_test(app: Mount, protocol: ProtocolName) -> None:
    assert_type(Client(app, protocol), Client)
    assert_type(Request.from_values("/", protocol=protocol), Request)
