"""Errors of other libraries become errors of cardan by one line."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException as WerkzeugError
from werkzeug.routing import Map, Rule

from cardan import Application, Flow, Request, Response, middleware
from cardan.apps import foreign_error
from cardan.exceptions import Conflict, HTTPException, MethodNotAllowed, NotFound
from cardan.testing import PROTOCOLS, Client

both = pytest.mark.parametrize("protocol", PROTOCOLS)

URLS = Map([Rule("/item/<int:number>", endpoint="item", methods=["GET"]), Rule("/folder/", endpoint="item")])


def item(request: Request, number: int = 0) -> Response:
    """The only view."""
    return Response(f"item {number}")


@middleware
def mark(request: Request) -> Flow:
    """Marks every response."""
    response = yield
    response.headers["X-Mark"] = str(response.status_code)


class Site(Application[Request]):
    """Chooses its views by a foreign router."""

    def __init__(self) -> None:
        super().__init__(middleware=[mark])
        self.errors_seen: list[HTTPException] = []

    def resolve(self, request: Request) -> Any:
        """The view, or what the router answers."""
        try:
            endpoint, values = URLS.bind("shop.example").match(request.path, request.method)
        except WerkzeugError as error:
            return foreign_error(error, request)
        return partial({"item": item}[endpoint], **values)

    def on_error(self, request: Request, error: HTTPException) -> Response:
        """Notes the error."""
        self.errors_seen.append(error)
        return super().on_error(request, error)


@both
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_redirect(protocol: Any, method: str) -> None:
    """The response of the router is sent, and seen by middleware."""
    site = Site()
    with Client(site, protocol) as client:
        response = client.request(method, "/folder")
    assert (response.status_code, response.headers["X-Mark"]) == (308, "308")
    assert response.headers["Location"] == "http://shop.example/folder/"
    assert [error.code for error in site.errors_seen] == [308]


@both
@pytest.mark.parametrize(
    ("method", "path", "kind", "fields"),
    [("GET", "/none", NotFound, {}), ("POST", "/item/1", MethodNotAllowed, {"Allow": "GET, HEAD"})],
)
def test_an_error_has_the_class_of_its_code(
    protocol: Any, method: str, path: str, kind: type[HTTPException], fields: dict[str, str]
) -> None:
    """``on_error`` may look at it; by default the response of the router is sent with its fields."""
    site = Site()
    with Client(site, protocol) as client:
        response = client.request(method, path)
    assert (response.status_code, type(site.errors_seen[0])) == (kind.code, kind)
    assert {name: ", ".join(sorted(response.headers[name].split(", "))) for name in fields} == fields
    assert "werkzeug" not in response.text
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@both
def test_what_the_router_finds(protocol: Any) -> None:
    """A view is called as always."""
    with Client(Site(), protocol) as client:
        assert client.get("/item/17").text == "item 17"


class Own(Exception):
    """An error of some library: a code, and a response that is a WSGI application."""

    code: int | None = 409

    def get_response(self, environ: dict[str, Any]) -> Any:
        """Tells what it was given."""

        def app(environ_of_app: dict[str, Any], start_response: Any) -> Any:
            write = start_response("409 Conflict", [("X-Path", environ["PATH_INFO"])])
            write(b"by write, ")
            yield environ_of_app["REQUEST_METHOD"].encode()

        return app


@both
@pytest.mark.parametrize("code", [409, None, 799])
def test_any_object_with_these_two_names(protocol: Any, code: int | None) -> None:
    """The error gets an environ, which is made of the scope on ASGI. The handler may raise such an error as well."""
    seen: list[HTTPException] = []

    def handler(request: Request) -> Any:
        error = Own()
        error.code = code
        seen.append(foreign_error(error, request))
        raise seen[0]

    with Client(Application(handler), protocol) as client:
        response = client.post("/där", content=b"x")
    assert (response.status_code, response.text) == (409, "by write, GET")
    assert response.headers["X-Path"] == "/där"
    assert "Content-Type" not in response.headers
    assert type(seen[0]) is (Conflict if code == 409 else HTTPException)
    assert seen[0].code == code


@both
@pytest.mark.parametrize("fails", [False, True])
def test_the_response_of_the_error_is_closed(protocol: Any, fails: bool) -> None:
    """The iterable is closed once (PEP 3333, "Specification Details"), also if it fails halfway. It finds no body."""
    log: list[Any] = []

    class Page:
        """The iterable of an error page."""

        def __init__(self, environ: dict[str, Any]) -> None:
            self.environ = environ

        def __iter__(self) -> Any:
            yield b"page"
            log.append(self.environ["wsgi.input"].read())
            if fails:
                raise LookupError("halfway")

        def close(self) -> None:
            log.append("closed")

    class Closing(Own):
        def get_response(self, environ: dict[str, Any]) -> Any:
            def app(environ_of_app: dict[str, Any], start_response: Any) -> Any:
                start_response("409 Conflict", [])
                return Page(environ_of_app)

            return app

    def handler(request: Request) -> Any:
        error = foreign_error(Closing(), request)
        log.append(request.get_data())  # the body is left to the handler
        return error

    with Client(Application(handler), protocol) as client:
        if fails:
            with pytest.raises(LookupError, match="halfway"):
                client.post("/", content=b"x")
        else:
            assert client.post("/", content=b"x").text == "page"
    assert log == [b"", "closed", *([] if fails else [b"x"])]
