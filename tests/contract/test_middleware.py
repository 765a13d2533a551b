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
    """An exception that is no HTTPException is raised at the ``yield``."""
    with Client(app_of(kind), protocol=protocol) as client:
        response = client.get("/", params={"place": "defect"})
    assert (response.status_code, response.text, response.headers["X-Outer"]) == (500, "a defect", "threw")


@both
@kinds
def test_returning_nothing_means_the_response_that_was_sent(protocol: Any, kind: str) -> None:
    """If a middleware returns nothing, the response that it was sent goes on, also through several of them."""
    with Client(app_of(kind), protocol=protocol) as client:
        response = client.post("/", content=b"ten")
    assert (response.status_code, response.text) == (200, "body b'ten'")
    assert (response.headers["X-Outer"], response.headers["X-Inner"]) == ("200", "seen")


def returns(request: Request) -> Any:
    """No generator function."""
    return Response("early")


async def awaits(request: Request) -> Any:
    """No async generator function."""
    return Response("early")


def takes_next(request: Request, call_next: Any) -> Any:
    """The signature of other libraries."""
    return call_next(request)


def yields(request: Request) -> Any:
    """Yields what it should return."""
    yield Response("early")


class Wrapper:
    """A class that wraps an application, as other libraries have it."""

    def __init__(self, app: Any, option: int) -> None:
        self.app = app


class OneArgument:
    """A class that can be called with one argument."""

    def __init__(self, app: Any) -> None:
        self.app = app


GENERATOR = "expected a generator function that takes the request: `response = yield` calls the handler"
EARLY = ", and a return before it answers without the handler"
MISTAKES: list[tuple[Any, str]] = [
    (returns, f"got the middleware returns, which returned Response and has no yield, {GENERATOR}{EARLY}"),
    (takes_next, f"got the middleware takes_next(request: 'Request', call_next: 'Any') -> 'Any', {GENERATOR}"),
    (Wrapper, f"got the middleware Wrapper, which is a class, {GENERATOR}"),
    (OneArgument, f"got the middleware OneArgument, which is a class, {GENERATOR}"),
    (lambda request: None, f"got the middleware <lambda>, which returned NoneType and has no yield, {GENERATOR}"),
    (lambda request: iter(()), f"middleware <lambda>, which returned tuple_iterator and has no yield, {GENERATOR}"),
    (yields, "of the middleware yields, expected a yield without a value: a return gives the answer"),
]


@both
@kinds
@pytest.mark.parametrize(
    ("mistaken", "message", "decorated"),
    [(*mistake, decorated) for mistake in MISTAKES for decorated in (False, True)]
    + [(awaits, f"got the middleware awaits, an async def without a yield, {GENERATOR}", False)],  # or by @middleware
)
def test_mistakes_are_named(protocol: Any, kind: str, decorated: bool, mistaken: Any, message: str) -> None:
    """The error says what the middleware is and what it should be."""
    app = Application(HANDLERS[kind], request_class=Small)
    app.middleware = [middleware(mistaken) if decorated else mistaken]
    with Client(app, protocol=protocol) as client, pytest.raises(TypeError) as caught:
        client.get("/")
    assert str(caught.value).endswith(message)


@both
def test_a_type_error_inside_a_middleware_is_not_a_mistake_of_its_signature(protocol: Any) -> None:
    """A function that calls another one is told apart from one that cannot be called."""

    def delegates(request: Request) -> Any:
        return len(17)  # type: ignore[arg-type]

    app = Application(handler, request_class=Small, middleware=[delegates])
    with Client(app, protocol=protocol) as client, pytest.raises(TypeError, match=r"object of type 'int' has no len"):
        client.get("/")
