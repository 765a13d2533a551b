"""An error that the library makes of another one has that one as its cause (PEP 3134): a log shows both."""

from __future__ import annotations

import errno
import socket
from functools import partial
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import pytest

from cardan import Request, Response
from cardan.core._flow import flow
from cardan.exceptions import BadRequest, ClientDisconnected, HTTPException, NotFound
from cardan.files import StaticFiles, send_file, send_from_directory
from cardan.structured import structured_field
from cardan.testing import RequestBuilder

DEEP = b"[" * 200_000


class Counted(Response):
    """A response with a field whose function expects a value of another type."""

    things = structured_field("X-Things", list, dump=lambda value: value.things)


class Inflated(Request):
    """A request whose filter fails."""

    def make_body_filter(self) -> Any:
        return self

    def feed(self, data: bytes) -> bytes:
        raise LookupError

    def close(self) -> bytes:
        return b""


class Failing:
    """A server's input whose reading fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, size: int = -1) -> bytes:
        raise self.error


def asked(
    path: str = "/", *, body: bytes | None = None, server_input: Any = None, cls: type[Request] = Request
) -> Request:
    """A request on WSGI: a GET, or a POST with ``body``, which is read from ``server_input`` if that is given."""
    kind = {} if body is None else {"Content-Type": "application/json"}
    environ = RequestBuilder(path, method="GET" if body is None else "POST", data=body, headers=kind).environ()
    if server_input is not None:
        environ["wsgi.input"] = server_input
    return cls(environ)


def refuse(request: Any, error: HTTPException) -> Response:
    raise error


def takes_none() -> Response:
    raise AssertionError("called without arguments")


def takes_one(request: Any) -> Response:
    raise NotFound


def ended(handler: Any, *middleware: Any, on_error: Any = refuse) -> None:
    """Run a flow that awaits nothing."""
    steps = flow("request", handler, middleware, on_error)
    if not isinstance(steps, Response):
        next(steps)


def read_json(body: bytes) -> None:
    _ = asked(body=body).json


def assign(name: str) -> None:
    setattr(Counted(), name, object())


def serve(place: Path) -> None:
    StaticFiles(place)._serve(asked("/missing.txt"))


CALLS: dict[str, tuple[Any, type[BaseException], type[BaseException]]] = {
    "a field of another type": (partial(assign, "expires"), TypeError, TypeError),
    "a live field of another type": (partial(assign, "cache_control"), TypeError, TypeError),
    "a structured field of another type": (partial(assign, "things"), TypeError, AttributeError),
    "no JSON": (partial(read_json, b"["), BadRequest, JSONDecodeError),
    "deep JSON": (partial(read_json, DEEP), BadRequest, RecursionError),
    "a filter": (lambda: asked(body=b"a", cls=Inflated).get_data(), BadRequest, LookupError),
    "an input that is cut off": (
        lambda: asked(body=b"a", server_input=Failing(ConnectionResetError())).get_data(),
        ClientDisconnected,
        ConnectionResetError,
    ),
    "an input that fails": (
        lambda: asked(body=b"a", server_input=Failing(KeyError())).get_data(),
        BadRequest,
        KeyError,
    ),
    "a handler without a parameter": (partial(ended, takes_none), TypeError, TypeError),
    "a handler that has its argument": (partial(ended, partial(takes_one, 1)), TypeError, TypeError),
    "middleware without a parameter": (partial(ended, takes_one, takes_none), TypeError, TypeError),
    "an on_error that raises": (partial(ended, takes_one), TypeError, NotFound),
}


@pytest.mark.parametrize("case", CALLS)
def test_the_cause_of_an_error_is_the_error_that_it_was_made_of(case: str) -> None:
    """PEP 3134: ``__cause__`` is set by ``raise from`` only. A server that logs the error of the library shows what
    the JSON parser, the filter, the input or the function of the application has raised.
    """
    call, kind, cause = CALLS[case]
    with pytest.raises(kind) as caught:
        call()
    assert (type(caught.value), type(caught.value.__cause__)) == (kind, cause)


def test_the_cause_of_a_missing_file_is_the_error_of_the_disk(tmp_path: Path) -> None:
    """A client is told 404 only; the cause tells the program whether the file was missing or may not be read."""
    for call in (
        partial(send_from_directory, tmp_path, "missing.txt", None),
        partial(serve, tmp_path),
    ):
        with pytest.raises(NotFound) as caught:
            call()
        assert type(caught.value.__cause__) is FileNotFoundError


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets in the file system")
def test_the_cause_of_a_socket_that_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket is no regular file: open(2) says ENXIO, which is the cause of the IsADirectoryError."""
    monkeypatch.chdir(tmp_path)  # the path of a socket has at most 108 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(IsADirectoryError) as caught:
            send_file(tmp_path / "s", None)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENXIO
