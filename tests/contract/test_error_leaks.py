"""Nothing of an exception reaches the client, whatever code has raised it, on both protocols."""

from __future__ import annotations

from typing import Any

import pytest

from cardan import Application, Request, Response
from cardan.exceptions import BadRequest, InternalServerError
from cardan.testing import PROTOCOLS, Client, RequestBuilder

SECRET = "postgres://user:password@host"

both = pytest.mark.parametrize("protocol", PROTOCOLS)


@both
@pytest.mark.parametrize("accept", ["application/json", "text/html", "text/plain"])
def test_original_exception(protocol: Any, accept: str) -> None:
    """Only ``on_error`` sees the exception that a handler gives as ``original_exception``."""
    seen: list[Any] = []

    class App(Application[Request]):
        def on_error(self, request: Request, error: Any) -> Any:
            seen.append(error.original_exception)
            return super().on_error(request, error)

    async def handler(request: Request) -> Response:
        try:
            raise ConnectionError(SECRET)
        except ConnectionError as error:
            raise InternalServerError(original_exception=error) from error

    with Client(App(handler), protocol=protocol) as client:
        response = client.get("/", headers={"Accept": accept})
    assert response.status_code == 500
    assert SECRET not in response.text
    assert [str(each) for each in seen] == [SECRET]


class Filter:
    """A body filter that raises an exception."""

    def feed(self, data: bytes) -> bytes:
        raise KeyError(SECRET)

    def close(self) -> bytes:
        return b""


@both
def test_a_filter_that_fails(protocol: Any) -> None:
    """The exception of a body filter is the ``__cause__`` of the 400. Its text is not sent."""

    class Filtered(Request):
        def make_body_filter(self) -> Any:
            return Filter()

    async def handler(request: Request) -> Response:
        await request.load()
        return Response(request.get_data())

    with Client(Application(handler, request_class=Filtered), protocol=protocol) as client:
        response = client.post("/", content=b"body")
    assert response.status_code == 400
    assert SECRET not in response.text


@pytest.mark.parametrize("kind", [OSError, ValueError])
def test_an_input_that_fails(kind: type[Exception]) -> None:
    """The exception of a WSGI server's input is the ``__cause__`` of the 400. Its text is not sent."""
    error = kind(28, "No space left", SECRET)

    class Input:
        def read(self, size: int = -1) -> bytes:
            raise error

    environ = RequestBuilder("/", method="POST", data=b"body").environ()
    environ["wsgi.input"] = Input()
    with pytest.raises(BadRequest) as caught:
        Request(environ).get_data()
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is error
