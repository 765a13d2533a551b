"""Middleware sees every error that arises before the handler runs, not only those that are HTTP errors."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from cardan import Application, Request, Response, middleware
from cardan.exceptions import HTTPException, NotFound
from cardan.testing import PROTOCOLS, Client


class FullDisk(Request):
    def make_file_sink(self, part: Any) -> Any:
        raise OSError("the disk is full")


class AsyncSink:
    async def write(self, data: bytes) -> None: ...
    async def aclose(self) -> None: ...


class AsyncSinks(Request):
    def make_file_sink(self, part: Any) -> Any:
        return AsyncSink()


class LateSinks(Request):
    async def make_file_sink(self, part: Any) -> Any:
        return AsyncSink()


class Interrupted(Request):
    def make_body_filter(self) -> Any:
        raise KeyError("filter")


def handler(request: Request) -> Response:
    return Response("the handler ran")


async def async_handler(request: Request) -> Response:
    return Response("the handler ran")


class Broken(Application[Request]):
    def resolve(self, request: Request) -> Any:
        raise KeyError("route")


class Unrouted(Application[AsyncSinks]):
    def resolve(self, request: AsyncSinks) -> Any:
        raise NotFound()


@middleware
def seeing(request: Request) -> Any:
    try:
        yield
    except (OSError, KeyError, TypeError) as error:
        return Response(f"saw {type(error).__name__}")


@middleware(buffer=True)
def buffering(request: Request) -> Any:
    yield


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("app", "seen"),
    [
        (Application(handler, request_class=FullDisk, load=True, middleware=[seeing]), "saw OSError"),
        (Application(async_handler, request_class=FullDisk, load=True, middleware=[seeing]), "saw OSError"),
        (Application(handler, request_class=Interrupted, load=True, middleware=[seeing]), "saw KeyError"),
        (Application(async_handler, request_class=Interrupted, middleware=[seeing, buffering]), "saw KeyError"),
        (Application(handler, request_class=FullDisk, load=True, middleware=[seeing, buffering]), "saw OSError"),
        (Broken(middleware=[seeing]), "saw KeyError"),
        (Broken(middleware=[buffering, seeing], load=True), "saw KeyError"),
    ],
)
def test_an_error_of_loading_buffering_or_resolve_is_raised_at_the_yield(
    protocol: str, app: Application[Any], seen: str
) -> None:
    """An exception of `load=True`, of `buffer=True` or of `resolve()` is raised at the `yield`, as one of the handler
    is.
    """
    with Client(app, protocol=protocol) as client:
        assert client.post("/", files={"f": ("a.txt", b"1")}).text == seen


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("request_class", [AsyncSinks, LateSinks])
def test_a_def_handler_takes_no_async_sink(protocol: str, request_class: type[Request]) -> None:
    """With `load=True` an async sink before a `def` handler is a TypeError on both protocols: the handler could not
    read what was written to it. An `async def` handler takes it.
    """
    with_def = Application(handler, request_class=request_class, load=True, middleware=[seeing])
    with_async_def = Application(async_handler, request_class=request_class, load=True, middleware=[seeing])
    for app, text in (with_def, "saw TypeError"), (with_async_def, "the handler ran"):
        with Client(app, protocol=protocol) as client:
            assert client.post("/", files={"f": ("a.txt", b"1")}).text == text


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_form_is_parsed_for_a_request_without_a_handler(protocol: str) -> None:
    """If `resolve()` has answered with an error, no sink is opened for a form that no handler needs."""
    with Client(Unrouted(request_class=AsyncSinks, load=True), protocol=protocol) as client:
        assert client.post("/", files={"f": ("a.txt", b"1")}).status_code == 404


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_other_middleware_may_be_assigned_while_the_body_is_loaded(protocol: str) -> None:
    """Assigned middleware is for later requests: a request whose body is being loaded keeps the middleware it had."""

    class Assigning(Request):
        @property
        def want_form_data_parsed(self) -> bool:
            app.middleware = ()
            return True

    @middleware
    def stamped(request: Any) -> Any:
        response = yield
        response.headers["X-Stamp"] = "1"

    app = Application(handler, request_class=Assigning, load=True, middleware=[stamped])
    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).headers.get("X-Stamp") == "1"
        assert client.post("/", data={"a": "1"}).headers.get("X-Stamp") is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_error_is_no_reference_cycle(protocol: str) -> None:
    """The request is freed with its error, without the garbage collector."""
    requests: list[weakref.ref[Request]] = []

    class Watched(FullDisk):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            requests.append(weakref.ref(self))

    app = Application(handler, request_class=Watched, load=True, middleware=[seeing])
    gc.collect()
    gc.disable()
    try:
        with Client(app, protocol=protocol) as client:
            assert client.post("/", files={"f": ("a.txt", b"1")}).text == "saw OSError"
        assert requests
        assert [request() for request in requests] == [None]
    finally:
        gc.enable()


GIVEN: dict[str, Any] = {
    "a response": lambda: Response("of resolve", 418),
    "an error": lambda: HTTPException(description="of resolve", response=Response("of resolve", 418)),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("buffer", [False, True])
@pytest.mark.parametrize("kind", GIVEN)
@pytest.mark.parametrize("raised", [False, True])
def test_a_form_that_nobody_needs_is_not_parsed(protocol: Any, buffer: bool, kind: str, raised: bool) -> None:
    """If ``resolve()`` gives an answer, no handler needs the form: what is wrong with it changes nothing, also where a
    middleware has the bytes kept.
    """

    class Site(Application[Request]):
        def resolve(self, request: Request) -> Any:
            given = GIVEN[kind]()
            if raised and isinstance(given, HTTPException):
                raise given
            return given

    @middleware(buffer=buffer)
    def passing(request: Request) -> Any:
        yield

    app = Site(load=True, middleware=[passing])
    with Client(app, protocol) as client:
        answer = client.post("/", content=b"no form", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.text) == (418, "of resolve")
