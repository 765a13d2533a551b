"""A request object that a helper makes of its own, over the environ or scope that an application handles.

It takes the mode of that request: the same helper works in the handler's code, on both protocols.
"""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

from cardan import Application, Request, Response, middleware
from cardan.exceptions import BodyNotLoaded, WrongMode
from cardan.testing import Client, RequestBuilder

from .conftest import IN_PROCESS

pytestmark = pytest.mark.parametrize("place", IN_PROCESS)


class Own(Request):
    """The request class of a helper."""


def own(request: Request) -> Own:
    """A request of one's own, over the same environ or scope."""
    if request._wsgi_environ is not None:
        return Own(request.environ)
    return Own(request.scope, request.receive)


def field(request: Request) -> str:
    """A helper for sync code."""
    return own(request).form["a"]


async def afield(request: Request) -> str:
    """The same helper for async code."""
    mine = own(request)
    await mine.load()
    return mine.form["a"]


def handler(request: Request) -> Response:
    return Response(field(request))


async def ahandler(request: Request) -> Response:
    return Response(await afield(request))


def lambda_around_async(request: Request) -> Any:
    """A plain function that makes its own request and gives it to an async view."""
    mine = own(request)

    async def view() -> Response:
        await mine.load()
        return Response(mine.form["a"])

    return view()


class Routed(Application[Request]):
    """Its handler is chosen for each request, and sees a request that was made before that."""

    view: Any = None

    def resolve(self, request: Request) -> Any:
        mine = own(request)
        if self.view == "def":
            return lambda request: Response(mine.form["a"])

        async def view(request: Request) -> Response:
            await mine.load()
            return Response(mine.form["a"])

        return view


def routed(kind: str) -> Routed:
    app = Routed()
    app.view = kind
    return app


def streamed(request: Request) -> Response:
    """The body of the response reads the body of the request, by a request of its own."""

    def body() -> Any:
        yield field(request)

    return Response(body())


async def astreamed(request: Request) -> Response:
    async def body() -> Any:
        yield await afield(request)

    return Response(body())


@middleware
def looks(request: Request) -> Any:
    """Makes its own request before the handler, and reads with it after the body was read."""
    mine = own(request)
    response = yield
    response.headers["X-Field"] = mine.form["a"]
    return response


APPS: dict[str, Any] = {
    "def": Application(handler),
    "async def": Application(ahandler),
    "def, loaded": Application(handler, load=True),
    "async def, loaded": Application(ahandler, load=True),
    "a function around an async view": Application(lambda_around_async),
    "def, by resolve": routed("def"),
    "async def, by resolve": routed("async"),
    "def, streamed": Application(streamed),
    "async def, streamed": Application(astreamed),
    "def in middleware": Application(handler, middleware=[looks]),
    "async def in middleware": Application(ahandler, middleware=[looks]),
}


def client_of(app: Any, place: str) -> Client:
    protocol, _, backend = place.partition("-")
    return Client(app, protocol=protocol, backend=backend or "asyncio")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("files", [{}, {"f": ("x", b"1" * 600_000)}])
def test_a_helper_works_in_the_mode_of_the_handler(place: str, name: str, files: Any) -> None:
    """A request that a helper makes can read the form in the mode of the handler, wherever it is made and used while
    the application handles the request.
    """
    with client_of(APPS[name], place) as client:
        response = client.post("/", data={"a": "1"}, files=files)
    assert response.text == "1"
    assert response.headers.get("X-Field") == ("1" if "middleware" in name else None)


def test_the_other_twins_raise(place: str) -> None:
    """The mode is that of the handler for every name: each twin for the other mode raises when it is called."""

    @Application
    def app(request: Request) -> Response:
        mine = own(request)
        for call in (mine.load, mine.aiter_data, mine.aiter_parts, mine.wait_disconnected, mine.aclose):
            with pytest.raises(WrongMode):
                call()
        return Response(mine.get_data())

    @Application
    async def aapp(request: Request) -> Response:
        mine = own(request)
        for call in (mine.iter_data, mine.iter_parts):
            with pytest.raises(WrongMode):
                call()
        with pytest.raises(BodyNotLoaded):
            mine.get_data()
        await mine.load()
        return Response(mine.get_data())

    for each in (app, aapp):
        with client_of(each, place) as client:
            assert client.post("/", content=b"abc").text == "abc"


def test_the_files_of_a_helper_have_the_mode(place: str) -> None:
    """Files that the request of a helper parses have the mode of the handler: the other twins raise WrongMode."""

    @Application
    def app(request: Request) -> Response:
        file = own(request).files["f"]
        with pytest.raises(WrongMode):
            file.aread()
        return Response(file.read())

    @Application
    async def aapp(request: Request) -> Response:
        mine = own(request)
        await mine.load()
        file = mine.files["f"]
        with pytest.raises(WrongMode):
            file.read()
        return Response(await file.aread())

    for each in (app, aapp):
        with client_of(each, place) as client:
            assert client.post("/", files={"f": ("x", b"file")}).text == "file"


def test_request_objects_that_are_gone_are_forgotten(place: str) -> None:
    """A handler may make any number of them, of any class; the exchange keeps none alive."""

    class Equal(Own):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return True

    @Application
    def app(request: Request) -> Any:
        for _ in range(1_000):
            last = Equal(request.environ) if place == "wsgi" else Equal(request.scope, request.receive)
        exchange = request._exchange()
        assert exchange.followers is not None
        assert list(exchange.followers.values()) == [last]

        async def view() -> Response:
            await last.load()
            return Response(last.form["a"])

        return view()

    with client_of(app, place) as client:
        assert client.post("/", data={"a": "1"}).text == "1"


# --- the code around an application goes on in its own mode ---


@pytest.mark.parametrize("name", ["def", "async def", "def, streamed", "async def, streamed"])
def test_the_code_of_the_server_keeps_its_mode(place: str, name: str) -> None:
    """A request that middleware of the protocol has made has the mode of its own code: before, during and after.

    A request that is made when no application handles it has that mode, too.
    """
    inner, seen = APPS[name], []

    def outer(environ: Any, start_response: Any) -> Any:
        mine = Request(environ)

        def begin(*args: Any) -> Any:
            seen.append(mine._mode)
            return start_response(*args)

        body = inner(environ, begin)
        seen.append(mine.form["a"])
        try:
            yield from body
        finally:
            getattr(body, "close", lambda: None)()
        seen.append(Request(environ).form["a"])

    async def aouter(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        mine = Request(scope, receive)

        async def note(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.append(mine._mode)
            await send(message)

        await inner(scope, receive, note)
        await mine.load()
        seen.append(mine.form["a"])
        after = Request(scope, receive)
        await after.load()
        seen.append(after.form["a"])

    app: Any = outer if place == "wsgi" else aouter
    with client_of(app, place) as client:
        assert client.post("/", data={"a": "1"}).text == "1"
    assert seen == ["sync" if place == "wsgi" else "async", "1", "1"]


def test_an_application_inside_another_one(place: str) -> None:
    """An application that a handler calls has its own mode. The outer one goes on in its own after the inner one has
    answered.
    """
    protocol = place.partition("-")[0]

    @Application
    def outer(request: Request) -> Response:
        response = Response.from_app(APPS["async def"], request.environ)
        return Response(f"{field(request)} {response.get_data(as_text=True)}")

    @Application
    async def aouter(request: Request) -> Response:
        await request.load(form=False)
        builder = RequestBuilder(method="POST", form={"a": "2"})
        scope = {**builder.scope(), "cardan.exchange": request.scope["cardan.exchange"]}
        response = await Response.afrom_app(APPS["def"], scope, builder.receive())
        return Response(f"{await afield(request)} {response.get_data(as_text=True)}")

    with client_of(outer if protocol == "wsgi" else aouter, place) as client:
        assert client.post("/", data={"a": "1"}).text == ("1 1" if protocol == "wsgi" else "1 2")


def test_applications_one_after_the_other(place: str) -> None:
    """The mode of the first one, which has answered that there is nothing, is not that of the second one."""

    @Application
    async def nothing(request: Request) -> Response:
        await request.load()
        return Response(status=404)

    @Application
    def no(request: Request) -> Response:
        request.form
        return Response(status=404)

    first = nothing if place == "wsgi" else no
    for second in (APPS["def"], APPS["async def"]):

        def cascade(environ: Any, start_response: Any, second: Any = second) -> Any:
            b"".join(first(environ, lambda *args: io.BytesIO().write))
            return second(environ, start_response)

        async def acascade(scope: Any, receive: Any, send: Any, second: Any = second) -> None:
            async def drop(message: Any) -> None: ...

            if scope["type"] == "http":
                await first(scope, receive, drop)
            await second(scope, receive, send)

        app: Any = cascade if place == "wsgi" else acascade
        with client_of(app, place) as client:
            assert client.post("/", data={"a": "1"}).text == "1"


def test_without_receive(place: str) -> None:
    """Law: a request that a helper makes of the scope alone reads the body, as one that is made of an environ does."""

    def carrier(request: Request) -> Any:
        return request.environ if request._wsgi_environ is not None else request.scope

    def view(request: Request) -> Response:
        return Response(Own(carrier(request)).form["a"] + Own(carrier(request)).form["a"])

    async def aview(request: Request) -> Response:
        mine = Own(carrier(request))
        await mine.load()
        again = Own(carrier(request))
        await again.load()
        return Response(mine.form["a"] + again.form["a"])

    for handler in (view, aview):
        with client_of(Application(handler), place) as client:
            assert client.post("/", data={"a": "1"}).text == "11"


def test_async_code_below_sync_code(place: str) -> None:
    """Law: the error of load() says that sync code handles the request, where that code has started an event loop."""

    def view(request: Request) -> Response:
        async def inner() -> str:
            with pytest.raises(WrongMode, match=r"in sync code, expected .* \(an event loop runs here, but sync code"):
                await own(request).load()
            return own(request).form["a"]

        return Response(asyncio.run(inner()))

    with client_of(Application(view), place) as client:
        assert client.post("/", data={"a": "1"}).text == "1"
