"""The framework of ``examples/framework.py``, by the site that is made with it, on both protocols."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import framework
import notes_site
import pytest

from cardan import Request, Response
from cardan.testing import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardan.types import ProtocolName

ADA = {"Cookie": "user=Ada"}


@pytest.fixture(params=["wsgi", "asgi"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(notes_site, "NOTES", {1: "buy milk"})
    with Client(notes_site.site, request.param, raise_app_exceptions=False) as client:
        yield client


def test_views(client: Client) -> None:
    """Plain views and views for async code get the request of the site's class, and the values in the path."""
    assert client.get("/").text == "Hello stranger"
    assert client.get("/", headers=ADA).text == "Hello Ada"
    assert client.get("/notes/1", headers=ADA).json() == {"note": "buy milk"}
    assert client.head("/notes/1", headers=ADA).status_code == 200
    added = client.post("/notes/", data={"text": "call Bob"}, headers=ADA, follow_redirects=False)
    assert (added.status_code, added.headers["Location"]) == (303, "/notes/2")
    assert client.get("/notes/2", headers=ADA).json() == {"note": "call Bob"}
    assert client.delete("/notes/2", headers=ADA).status_code == 204


def test_hooks(client: Client) -> None:
    """A hook before the views of a blueprint answers in their place. A hook of the site sees every response."""
    refused = client.get("/notes/1")
    assert (refused.status_code, refused.headers["X-Notes"]) == (403, "1")
    assert client.get("/nowhere").headers["X-Notes"] == "1"


def test_errors(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The site's pages hold for its blueprints. Of an unexpected error the client gets what its rescue says."""
    for path in ("/nowhere", "/notes/7", "/notes/x", "/notes/1/more"):
        answer = client.get(path, headers=ADA)
        assert (answer.status_code, answer.text) == (404, f"Nothing is at {path}\n")
    wrong = client.put("/notes/1", headers=ADA)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, DELETE, HEAD")
    with caplog.at_level(logging.CRITICAL, "cardan"):
        rescued = client.delete("/notes/7", headers=ADA)
    assert (rescued.status_code, rescued.text) == (400, "There is no 7\n")
    too_much = client.post("/notes/", data={"text": "x" * 20_000}, headers=ADA)
    assert too_much.status_code == 413


def test_an_application_inside(client: Client) -> None:
    """Any application may be mounted. Hooks of the site stand around it, too."""
    answer = client.get("/source/notes_site.py")
    assert answer.text == Path(notes_site.__file__).read_text("utf-8")
    assert "X-Notes" in answer.headers


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_blueprints_in_blueprints(protocol: ProtocolName) -> None:
    """A blueprint may include others. Its own pages and hooks come first."""
    site, outer, inner = (framework.Routes(prefix, request_class=Request) for prefix in ("", "/a", "/a/b"))
    site.include(outer)
    outer.include(inner)

    @inner.route("/<rest:path>", "GET")
    def show(request: Request, rest: str) -> Response:
        return Response(rest)

    @outer.page(404)
    def missing(request: Request, error: Any) -> Response:
        return Response("outer", 404)

    @inner.after
    def stamp(request: Request, response: Response) -> None:
        response.headers["X-Inner"] = "yes"

    with Client(site, protocol) as client:
        answer = client.get("/a/b/c/d")
        assert (answer.text, answer.headers["X-Inner"]) == ("c/d", "yes")
        assert client.get("/a/b").text == "outer"
        assert client.get("/a/x").text == "outer"
        assert "X-Inner" not in client.get("/a/x").headers
        assert client.get("/ab").text != "outer"


def test_paths() -> None:
    """What stands between the values of a path is plain text, and a value is of the kind that is asked for."""
    route: framework.Route[Request] = framework.Route("/a.b/<name>/<number:int>")
    assert route.match("/a.b/x y/007") == {"name": "x y", "number": 7}
    for path in ("/aXb/x/7", "/a.b/x/y", "/a.b/x/7/", "/a.b//7", "/a.b/x/7\n"):
        assert route.match(path) is None


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_methods(protocol: ProtocolName) -> None:
    """A view is for GET if it names no method. HEAD may have a view of its own. Several routes may lead to one path,
    each for other methods, and ``Allow`` names all of them once.
    """
    site = framework.Routes(request_class=Request)

    @site.route("/notes/<name>")
    def show(request: Request, name: str) -> Response:
        return Response(name)

    @site.route("/notes/new", "POST", "HEAD")
    async def add(request: Request) -> Response:
        return Response(headers={"X-View": "add"})

    @site.route("/notes/<name>", "HEAD")
    def peek(request: Request, name: str) -> Response:
        return Response(headers={"X-View": "peek"})

    with Client(site, protocol) as client:
        assert client.get("/notes/new").text == "new"
        assert client.post("/notes/new").headers["X-View"] == "add"
        assert client.head("/notes/new").headers["X-View"] == "peek"
        assert client.put("/notes/new").headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_rescues(protocol: ProtocolName) -> None:
    """The rescue of the nearest class answers, in whatever order they were written."""
    site = framework.Routes(request_class=Request)

    @site.rescue(Exception)
    def for_all(request: Request, error: Exception) -> Response:
        return Response("all", 500)

    @site.rescue(LookupError)
    def for_lookups(request: Request, error: LookupError) -> Response:
        return Response("lookup", 400)

    @site.route("/<what>")
    def fail(request: Request, what: str) -> Response:
        raise KeyError if what == "key" else ValueError

    with Client(site, protocol, raise_app_exceptions=False) as client:
        assert client.get("/key").text == "lookup"
        assert client.get("/value").text == "all"


def test_a_line_end_in_a_path() -> None:
    """A line end is a character of the path like others, and never ends it."""
    whole: framework.Route[Request] = framework.Route("/files/<rest:path>")
    assert whole.match("/files/a\nb/c\n") == {"rest": "a\nb/c\n"}
    assert framework.Route[Request]("/<number:int>").match("/7\n") is None
