"""The class of an application's requests is named once, in the brackets of ``Application[...]``."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Generic, TypeVar

import pytest

from cardan import Application, BaseRequest, Request, Response, abort
from cardan.testing import PROTOCOLS, Client

both = pytest.mark.parametrize("protocol", PROTOCOLS)

R = TypeVar("R", bound=BaseRequest)
U = TypeVar("U")
T = TypeVar("T", bound=MutableMapping[str, Any])


class ApiRequest(Request):
    """The class in the brackets."""


class OtherRequest(Request[T]):
    """Another class, which is generic in the type of its state."""


def handler(request: BaseRequest) -> Response:
    """Says which class its request has."""
    return Response(type(request).__name__)


class App(Application[ApiRequest]):
    """Names its request class in brackets."""


class Further(App):
    """Inherits it."""


class Router(Generic[U, R], Application[R]):
    """A generic class between the two."""


class Routed(Router[int, ApiRequest]):
    """Names it in the brackets of the generic class."""


class Own(Application[ApiRequest]):
    """The attribute takes precedence."""

    request_class = OtherRequest


class BelowOwn(Own):
    """Inherits the attribute, and not what stands in the brackets of its base."""


class Changed(Own, Router[int, ApiRequest]):
    """Names it anew."""


MADE: dict[str, tuple[Any, type]] = {
    "a subclass": (lambda: App(handler), ApiRequest),
    "a subclass of it": (lambda: Further(handler), ApiRequest),
    "through a generic class": (lambda: Routed(handler), ApiRequest),
    "a generic class without brackets": (lambda: Router(handler), Request),
    "an argument": (lambda: App(handler, request_class=OtherRequest), OtherRequest),
    "an attribute": (lambda: Own(handler), OtherRequest),
    "an inherited attribute": (lambda: BelowOwn(handler), OtherRequest),
    "brackets below an attribute": (lambda: Changed(handler), ApiRequest),
    "a call of brackets": (lambda: Application[ApiRequest](handler), ApiRequest),
    "a call of generic brackets": (lambda: Router[int, ApiRequest](handler), ApiRequest),
    "a call of brackets with an argument": (
        lambda: Application[ApiRequest](handler, request_class=OtherRequest), OtherRequest,
    ),
    "a base class of requests": (lambda: Application[BaseRequest](handler), BaseRequest),
    "a class with its state": (lambda: Application[OtherRequest[dict[str, int]]](handler), OtherRequest),
    "a type": (lambda: Application[Any](handler), Request),
    "no brackets": (lambda: Application(handler), Request),
    "the decorator": (lambda: ApiRequest.application(handler), ApiRequest),
}  # fmt: skip


@both
@pytest.mark.parametrize("name", MADE)
def test_requests_of_the_class_in_the_brackets(protocol: Any, name: str) -> None:
    """``class App(Application[ApiRequest])`` makes ApiRequests. An argument and an attribute take precedence."""
    make, expected = MADE[name]
    app = make()
    assert app.request_class is expected
    with Client(app, protocol=protocol) as client:
        assert client.get("/").text == expected.__name__


def test_a_name_in_quotes_is_an_error() -> None:
    """The class cannot be found by its name at this time, and requests of another class would be made in silence."""
    with pytest.raises(TypeError, match="got the name 'ApiRequest' in Application"):

        class Quoted(Application["ApiRequest"]): ...


@both
def test_a_property_may_give_what_makes_requests(protocol: Any) -> None:
    """A property of a subclass is asked for each request. What it gives need not be a class."""

    class App(Application[Request]):
        def handler(self, request: Request) -> Response:
            return Response(type(request).__name__)

        @property
        def request_class(self) -> Any:  # type: ignore[override]
            return lambda *carrier: ApiRequest(*carrier)

    with Client(App(), protocol) as client:
        assert client.get("/").text == "ApiRequest"


@both
def test_a_property_may_give_an_option_that_decides_nothing(protocol: Any) -> None:
    """``on_error`` as a property: each error page is made by what it gives then."""

    class App(Application[Request]):
        status = 400

        def handler(self, request: Request) -> Response:
            abort(404)

        @property
        def on_error(self) -> Any:  # type: ignore[override]
            return lambda request, error: Response(f"{error.code}", self.status)

    app = App()
    with Client(app, protocol) as client:
        assert client.get("/").status_code == 400
        app.status = 409
        assert client.get("/").status_code == 409


def test_what_makes_requests_may_bring_another_body() -> None:
    """A request that was made of something else than the carrier has its own body; that of the client is left alone."""

    class App(Application[Request]):
        def handler(self, request: Request) -> Response:
            return Response(request.get_data())

        @property
        def request_class(self) -> Any:  # type: ignore[override]
            return lambda *carrier: Request.from_values("/x", method="POST", data=b"own")

    with Client(App(), "asgi") as client:
        assert client.post("/", content=b"sent").text == "own"


@both
def test_a_property_may_say_how_errors_are_told(protocol: Any) -> None:
    """``errors`` as a property: each error page has the format that it gives then."""

    class App(Application[Request]):
        kind = "html"

        def handler(self, request: Request) -> Response:
            abort(404)

        @property
        def errors(self) -> Any:  # type: ignore[override]
            return self.kind

    app = App()
    with Client(app, protocol) as client:
        assert client.get("/").headers["content-type"].startswith("text/html")
        app.kind = "problem"
        assert client.get("/").headers["content-type"] == "application/problem+json"
