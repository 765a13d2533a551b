"""The flow of one request: middleware around a handler, errors that become responses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cardan.core import HTTPException, NotFound, Response
from cardan.core._flow import flow, is_async, raiser

if TYPE_CHECKING:
    from collections.abc import Generator


def on_error(request: Any, error: HTTPException) -> Response:
    return Response(f"{request}: {error.code}")


def finish(steps: Any) -> Any:
    """Run what :func:`flow` gives to its end: each awaitable is run as a coroutine that never waits."""
    if not hasattr(steps, "send"):
        return steps
    answer = None
    while True:
        try:
            awaitable = steps.send(answer)
        except StopIteration as stop:
            return stop.value
        try:
            awaitable.send(None)
        except StopIteration as stop:
            answer = stop.value


def text(handler: Any, *middleware: Any) -> str:
    found: str = finish(flow("request", handler, middleware, on_error)).get_data(as_text=True)
    return found


async def hello(request: Any) -> Response:
    return Response("hello")


def test_a_handler_that_answers_at_once_needs_no_generator() -> None:
    """The response itself is given."""
    response = Response("x")
    assert flow("request", lambda request: response, (), on_error) is response


@pytest.mark.parametrize("handler", [hello, lambda request: Response("hello")], ids=["async def", "def"])
def test_middleware_stands_around_a_handler(handler: Any) -> None:
    """The outermost begins first and ends last; each may answer with another response."""
    order = []

    def noting(name: str, request: Any) -> Generator[None, Response, Response]:
        order.append(f"{name} begins")
        response = yield
        order.append(f"{name} ends")
        return Response(response.get_data(as_text=True) + name)

    assert text(handler, partial(noting, "a"), partial(noting, "b")) == "helloba"
    assert order == ["a begins", "b begins", "b ends", "a ends"]


def test_middleware_that_returns_before_its_yield_answers_in_place_of_the_handler() -> None:
    """Neither the handler nor the middleware inside is called."""

    def refusing(request: Any) -> Generator[None, Response, Response]:
        return Response("no")
        yield

    assert text(lambda request: 1 / 0, refusing, lambda request: 1 / 0) == "no"


@pytest.mark.parametrize("way", ["raised", "returned", "raiser"])
def test_an_http_error_becomes_a_response(way: str) -> None:
    """Raised or returned, by the handler or for it, an HTTPException is answered by ``on_error``."""

    def handler(request: Any) -> Any:
        if way == "raised":
            raise NotFound
        return NotFound()

    assert text(raiser(NotFound()) if way == "raiser" else handler) == "request: 404"


def test_the_error_of_a_handler_is_raised_at_the_yield() -> None:
    """Middleware can answer it, or raise another one."""

    def catching(request: Any) -> Generator[None, Response, Response]:
        try:
            yield
        except ZeroDivisionError:
            raise NotFound from None
        raise AssertionError

    assert text(lambda request: 1 / 0, catching) == "request: 404"


def test_what_is_no_answer_is_an_error() -> None:
    """A handler returns a response or an HTTPException; the error names the handler."""

    def handler(request: Any) -> Any:
        return "text"

    expected = r"^got str from .*handler, expected a Response or an HTTPException$"
    with pytest.raises(TypeError, match=expected):
        text(handler)


def test_a_second_yield_is_an_error() -> None:
    """Middleware yields once."""

    def twice(request: Any) -> Generator[None, Response, Response]:
        yield
        yield
        raise AssertionError

    with pytest.raises(TypeError, match=r"^got a second yield from .*twice'?, expected a return$"):
        text(hello, twice)


def test_is_async() -> None:
    """True for a coroutine function, a partial of one, and an object whose ``__call__`` is one."""

    class Callable_:
        async def __call__(self, request: Any) -> None: ...

    assert [is_async(found) for found in (hello, partial(hello), partial(partial(hello)), Callable_())] == [True] * 4
    assert [is_async(found) for found in (lambda request: hello(request), print, Callable_)] == [False] * 3
