"""``@middleware`` on a method: the attribute of an object is the middleware."""

from __future__ import annotations

from typing import Any

import pytest

from cardan import Application, Flow, Request, Response, middleware
from cardan.exceptions import Forbidden
from cardan.testing import PROTOCOLS, Client

both = pytest.mark.parametrize("protocol", PROTOCOLS)


class Tenants:
    """Middleware that are methods."""

    def __init__(self, name: str) -> None:
        self.name = name

    @middleware
    def known(self, request: Request) -> Flow:
        """Adds the name of the object."""
        response = yield
        response.headers["X-Tenant"] = self.name

    @middleware(buffer=True)
    def signed(self, request: Request) -> Flow:
        """Needs the bytes."""
        if not request.get_data().startswith(self.name.encode()):
            raise Forbidden()
        yield

    @middleware
    @staticmethod
    def plain(request: Request) -> Flow:
        """Needs no object."""
        response = yield
        response.headers["X-Plain"] = "1"


@both
def test_a_method_is_bound(protocol: Any) -> None:
    """The function gets its object and the request, with its option ``buffer``."""

    @Request.application(middleware=[Tenants("a").known, Tenants("a").signed, Tenants("b").plain], load=True)
    async def app(request: Request) -> Response:
        return Response(request.form["a"])

    with Client(app, protocol=protocol) as client:
        response = client.post("/", data={"a": "1"})
        assert (response.text, response.headers["X-Tenant"], response.headers["X-Plain"]) == ("1", "a", "1")
        assert client.post("/", data={"b": "1"}).status_code == 403


@both
def test_a_middleware_that_is_decorated_again(protocol: Any) -> None:
    """The option ``buffer`` of the outer decorator holds: a middleware of another module can be given the bytes."""
    texts: list[str] = []

    @middleware
    def told(request: Request) -> Flow:
        texts.append(request.get_data(as_text=True))
        yield

    @Request.application(middleware=[middleware(buffer=True)(told)], load=True)
    async def app(request: Request) -> Response:
        return Response(request.form["a"])

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "1"
    assert texts == ["a=1"]


@both
def test_methods_of_an_application(protocol: Any) -> None:
    """An application may have its own methods as middleware."""

    class App(Application[Request]):
        tenant = "a"

        def __init__(self) -> None:
            super().__init__(lambda request: Response("x"), middleware=[self.stamped])

        @middleware
        def stamped(self, request: Request) -> Flow:
            response = yield
            response.headers["X-Tenant"] = self.tenant

    with Client(App(), protocol=protocol) as client:
        assert client.get("/").headers["X-Tenant"] == "a"


def test_names() -> None:
    """A bound middleware has the name and the docstring of its function; on the class it is the middleware itself."""
    bound = Tenants("a").known
    assert (bound.__name__, bound.__doc__, bound.buffer) == ("known", "Adds the name of the object.", False)
    assert Tenants("a").signed.buffer
    assert Tenants.known is vars(Tenants)["known"]
