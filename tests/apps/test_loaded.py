"""``@loaded``: the body is loaded before one view of a router is called."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cardan import Application, Request, Response, core, loaded, middleware
from cardan.exceptions import NotFound
from cardan.testing import PROTOCOLS, Client

if TYPE_CHECKING:
    from cardan import Handler

both = pytest.mark.parametrize("protocol", PROTOCOLS)


@loaded
def form(request: Request, word: str) -> Response:
    """A ``def`` view."""
    return Response(f"{word} {request.form['a']}")


@loaded
async def aform(request: Request, word: str) -> Response:
    """An ``async def`` view."""
    return Response(f"{word} {request.form['a']}")


def passed_on(function: Any) -> Any:
    """A decorator that hides whether the view is async."""
    return lambda request, **options: function(request, **options)


class Views:
    """Views that are methods or objects."""

    @loaded
    async def method(self, request: Request, word: str) -> Response:
        """A method."""
        return Response(f"{word} {request.form['a']}")

    async def __call__(self, request: Request, word: str) -> Response:
        """An object with an async ``__call__``."""
        return Response(f"{word} {request.form['a']}")


VIEWS: dict[str, Any] = {
    "def": partial(form, word="def"),
    "async": partial(aform, word="async"),
    "a method": partial(Views().method, word="method"),
    "an object": partial(loaded(Views()), word="object"),
    "inside of another decorator": partial(passed_on(aform), word="inside"),
    "outside of another decorator": partial(loaded(passed_on(aform)), word="outside"),
    "a lambda": lambda request: aform(request, word="lambda"),
    "by keyword": lambda request: aform(word="keyword", request=request),
}


async def count(request: Request) -> Response:
    """A view that streams a body larger than a loaded one may be."""
    total = 0
    async for chunk in request.aiter_data():
        total += len(chunk)
    return Response(str(total))


@loaded
async def text(request: Request) -> Response:
    """A view for a body that is no form."""
    return Response(request.text)


class Small(Request):
    """Holds little in memory."""

    max_data_memory = 10
    max_form_memory_size = 10


class Router(Application[Small]):
    """A router."""

    def resolve(self, request: Small) -> Handler[Small]:
        """The view with the name in the path."""
        views: dict[str, Any] = {"/count": count, "/text": text, "/form": partial(aform, word="form")}
        if request.path not in views:
            raise NotFound
        found: Handler[Small] = views[request.path]
        return found


@both
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_of_any_kind(protocol: Any, name: str) -> None:
    """The form is parsed when the view is called. The decorator keeps what the view is, and its name."""
    view = VIEWS[name]
    with Client(Application(view), protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text.split()[1] == "1"
    assert (form.__name__, form.__doc__) == ("form", "A ``def`` view.")


@both
def test_other_views_stream(protocol: Any) -> None:
    """The limits on what is held in memory hold for the loaded view only. What it cannot load is a 413 of the view."""
    seen: list[int] = []

    @middleware
    def noted(request: Request) -> Any:
        response = yield
        seen.append(response.status_code)

    with Client(Router(middleware=[noted]), protocol=protocol) as client:
        assert client.post("/count", content=bytes(1000)).text == "1000"
        assert client.post("/text", content=b"short").text == "short"
        assert client.post("/text", content=bytes(1000)).status_code == 413
        assert client.post("/form", data={"a": "1"}).text == "form 1"
        assert client.post("/form", data={"a": "1" * 1000}).status_code == 413
        assert client.post("/none", content=bytes(1000)).status_code == 404
    assert seen == [200, 200, 413, 200, 413, 404]


@both
def test_on_one_application(protocol: Any) -> None:
    """Below ``@Request.application`` it does what ``load=True`` does."""

    @Request.application
    @loaded
    async def app(request: Request) -> Response:
        return Response(request.form["a"])

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "1"


def test_requests_of_the_core() -> None:
    """``@loaded`` needs no application: it loads any request of the core."""
    head = core.RequestHead("POST", "/", headers=[(b"content-type", b"application/x-www-form-urlencoded")])

    @loaded
    async def aview(request: core.Request) -> str:
        return request.form["a"]

    @loaded
    def view(request: core.Request) -> str:
        return request.form["a"]

    assert asyncio.run(aview(core.Request(head, b"a=1"))) == "1"
    assert view(core.Request(head, b"a=1")) == "1"


def test_mistakes() -> None:
    """An application, what cannot be called, and a call without a request raise a TypeError."""
    for wrong in (Application(form), Response("x"), 3):
        with pytest.raises(TypeError, match=r"expected the function of a view"):
            loaded(wrong)  # type: ignore[type-var]
    with pytest.raises(TypeError, match=r"^got a call of form without a request"):
        form(word="x")  # type: ignore[call-arg]
    view = partial(len)  # has no name of its own
    with pytest.raises(TypeError, match=r"^got a call of functools\.partial\(.*\) without a request"):
        loaded(view)("x")


@both
@pytest.mark.parametrize("whole", [False, True])
def test_an_async_view_that_does_not_look_so(protocol: Any, whole: bool) -> None:
    """An async view behind a plain ``def`` decorator works in an async router as well, whether the body was loaded
    before or not.
    """
    view: Any = loaded(passed_on(aform))

    async def route(request: Request) -> Response:
        if whole:
            await request.load()
        response: Response = await view(request, word="hidden")
        return response

    with Client(Application(route), protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "hidden 1"


@both
def test_a_def_view_in_async_code(protocol: Any) -> None:
    """A ``def`` view of an async router gives its response at once if the body was loaded before; else the result is
    awaited.
    """

    async def route(request: Request) -> Any:
        return (
            await form(request, word="first") if request.path == "/first" else form(await request.load(), word="then")
        )  # type: ignore[misc]

    with Client(Application(route), protocol=protocol) as client:
        assert client.post("/first", data={"a": "1"}).text == "first 1"
        assert client.post("/then", data={"a": "1"}).text == "then 1"
