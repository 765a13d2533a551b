"""What a middleware sees at its ``yield``, on both protocols and around handlers of both kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cardan import Application, Request, Response, abort, middleware
from cardan.exceptions import Conflict, HTTPException
from cardan.testing import PROTOCOLS, Client

if TYPE_CHECKING:
    from cardan import Flow, Handler

both = pytest.mark.parametrize("protocol", PROTOCOLS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])


class Small(Request):
    """Requests of at most ten bytes."""

    max_content_length = 10


def handler(request: Small) -> Any:
    """Does what the query says."""
    place = request.args.get("place")
    if place == "raised":
        raise Conflict("raised")
    if place == "returned":
        return Conflict("returned")
    if place == "response":
        abort(Response("a response", 418))
    if place == "defect":
        raise ZeroDivisionError
    return Response(f"body {request.get_data()!r}")


async def ahandler(request: Small) -> Any:
    """The same as an ``async def``."""
    if request.args.get("place") != "load":
        await request.load()
    return handler(request)


HANDLERS: dict[str, Handler[Small]] = {"def": handler, "async": ahandler}


class App(Application[Small]):
    """An application whose errors are marked by ``on_error``."""

    kind = "def"

    def resolve(self, request: Small) -> Handler[Small] | HTTPException:
        """The handler of the wanted kind."""
        if request.args.get("place") == "resolve":
            raise Conflict("resolve")
        if request.args.get("place") == "returned by resolve":
            return Conflict("returned by resolve")
        return HANDLERS[self.kind]

    def on_error(self, request: Small, error: HTTPException) -> Response:
        """Marks the response."""
        response = super().on_error(request, error)
        response.headers.add("X-On-Error", error.description or "")
        return response


@middleware
def outer(request: Small) -> Flow:
    """Marks every response. Returns nothing."""
    try:
        response = yield
    except ZeroDivisionError:
        return Response("a defect", 500, {"X-Outer": "threw"})
    response.headers["X-Outer"] = str(response.status_code)


@middleware
def inner(request: Small) -> Flow:
    """Raises or returns an HTTPException before or after its ``yield``, if the query says so."""
    place = request.args.get("place")
    if place == "before":
        abort(409, "before")
    if place == "returned before":
        return Conflict("returned before")
    response = yield
    if place == "after":
        abort(409, "after")
    if place == "returned after":
        return Conflict("returned after")
    response.headers["X-Inner"] = "seen"


INSIDE = ("raised", "returned", "resolve", "returned by resolve")
MIDDLEWARE = ("before", "returned before", "after", "returned after")


def app_of(kind: str, **options: Any) -> App:
    """The application with handlers of one kind."""
    app = App(middleware=[outer, inner], **options)
    app.kind = kind
    return app


@both
@kinds
@pytest.mark.parametrize("place", INSIDE + MIDDLEWARE)
def test_it_is_sent_the_response_to_an_http_error(protocol: Any, kind: str, place: str) -> None:
    """``on_error`` makes it where the error arises: innermost for the handler and for ``resolve``, and around the
    middleware for an error of a middleware. Each error is given to ``on_error`` once.
    """
    with Client(app_of(kind), protocol=protocol) as client:
        response = client.get("/", params={"place": place})
    assert response.status_code == 409
    assert response.headers["X-Outer"] == "409"
    assert response.headers.get_list("X-On-Error") == [place]
    assert ("X-Inner" in response.headers) == (place in INSIDE)


@both
@kinds
def test_it_is_sent_the_response_of_an_error(protocol: Any, kind: str) -> None:
    """An error that was given a response of its own has that response."""
    with Client(app_of(kind), protocol=protocol) as client:
        response = client.get("/", params={"place": "response"})
    assert (response.status_code, response.text) == (418, "a response")
    assert (response.headers["X-Outer"], response.headers["X-Inner"]) == ("418", "seen")


@both
@kinds
@pytest.mark.parametrize("load", [False, True])
def test_it_is_sent_the_response_to_a_body_that_cannot_be_loaded(protocol: Any, kind: str, load: bool) -> None:
    """Errors of loading count as those of the handler, whether the handler loads or the application does."""
    with Client(app_of(kind, load=load), protocol=protocol) as client:
        response = client.post("/", content=b"more than ten")
    assert response.status_code == 413
    assert (response.headers["X-Outer"], response.headers["X-Inner"]) == ("413", "seen")


@both
@kinds
def test_it_gets_other_exceptions(protocol: Any, kind: str) -> None:
    """They are raised at the ``yield``."""
    with Client(app_of(kind), protocol=protocol) as client:
        response = client.get("/", params={"place": "defect"})
    assert (response.status_code, response.text, response.headers["X-Outer"]) == (500, "a defect", "threw")


@both
@kinds
def test_returning_nothing_means_the_response_that_was_sent(protocol: Any, kind: str) -> None:
    """Both middlewares return nothing."""
    with Client(app_of(kind), protocol=protocol) as client:
        response = client.post("/", content=b"ten")
    assert (response.status_code, response.text) == (200, "body b'ten'")
    assert (response.headers["X-Outer"], response.headers["X-Inner"]) == ("200", "seen")
