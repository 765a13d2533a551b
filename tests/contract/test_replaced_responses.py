"""A response that a middleware does not send is closed all the same: its hooks own files and connections."""

from __future__ import annotations

from typing import Any

import pytest

from cardan import Application, Request, Response, middleware
from cardan.exceptions import Conflict
from cardan.testing import PROTOCOLS, Client

log: list[str] = []
SHARED = Response("shared")


def chunks() -> Any:
    try:
        yield b"a"
        yield b"b"
    finally:
        log.append("body")


async def async_chunks() -> Any:
    try:
        yield b"a"
        yield b"b"
    finally:
        log.append("body")


def answer(body: Any) -> Response:
    response = Response(body)
    response.call_on_close(lambda: log.append("hook"))

    @response.call_on_close
    async def async_hook() -> None:
        log.append("async hook")

    return response


def handler(request: Request) -> Response:
    body = chunks()
    next(body)
    return answer(body)


async def async_handler(request: Request) -> Response:
    body = async_chunks()
    await anext(body)
    return answer(body)


@middleware
def replacing(request: Request) -> Any:
    yield
    return SHARED


@middleware
def raising_http(request: Request) -> Any:
    yield
    raise Conflict()


@middleware
def failing(request: Request) -> Any:
    yield
    raise KeyError("middleware")


@middleware
def twice(request: Request) -> Any:
    yield
    yield


@middleware
def seeing(request: Request) -> Any:
    try:
        yield
    except (KeyError, TypeError) as error:
        log.append(type(error).__name__)
        return Response("caught")


@middleware
def forcing(request: Request) -> Any:
    class Own(Response):
        pass

    return Own.force_type((yield))


CLOSED = ["body", "hook", "async hook"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("view", [handler, async_handler])
@pytest.mark.parametrize(
    ("around", "status", "text", "events"),
    [
        ([replacing], 200, "shared", CLOSED),
        ([replacing, raising_http], 200, "shared", CLOSED),
        ([raising_http], 409, None, CLOSED),
        ([seeing, failing], 200, "caught", [*CLOSED, "KeyError"]),
        ([seeing, twice], 200, "caught", [*CLOSED, "TypeError"]),
        ([forcing], 200, "b", CLOSED),
    ],
)
def test_what_is_not_sent_is_closed_once(
    protocol: str, view: Any, around: Any, status: int, text: str | None, events: list[str]
) -> None:
    """The body and the hooks of a response that a middleware replaces are closed, each once, in order. A response that
    is shared by many requests gets no hooks.
    """
    app: Application[Any] = Application(view, middleware=around)
    with Client(app, protocol=protocol) as client:
        for _ in range(2):
            log.clear()
            response = client.get("/")
            assert (response.status_code, response.text if text else None) == (status, text)
            assert log == events


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_body_that_is_made_of_the_replaced_one_is_sent_first(protocol: str) -> None:
    """A response whose body reads that of the response it replaces is sent whole, and then both are closed."""

    @middleware
    def upper(request: Request) -> Any:
        response = yield
        return Response(chunk.upper() for chunk in response.response)

    with Client(Application(handler, middleware=[upper]), protocol=protocol) as client:
        log.clear()
        assert client.get("/").text == "B"
        assert sorted(log) == sorted(CLOSED)
