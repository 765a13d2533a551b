"""Responses without a body on WSGI: some servers send nothing before the first chunk, even if that chunk is empty."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.util import FileWrapper

import httpx
import pytest

from cardan import Application, Request, Response, send_file
from cardan.testing import RequestBuilder

if TYPE_CHECKING:
    from tests.servers import ServerPool

ROOT = Path(__file__).parents[2]
HERE = Path(__file__)


def nothing() -> Iterator[bytes]:
    yield from ()


async def anothing() -> AsyncIterator[bytes]:
    for chunk in ():
        yield chunk


class Closing:
    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        pass


def with_hook(body: Any) -> Response:
    response = Response(body)
    response.call_on_close(lambda: None)
    return response


def not_modified(request: Request) -> Response:
    response = send_file(HERE, request)
    response.status_code = 304
    return response


BODIES: dict[str, Callable[[Request], Response]] = {
    "text": lambda request: Response("text"),
    "hook": lambda request: with_hook("text"),
    "stream": lambda request: Response(iter([b"a", b"b"])),
    "stream-hook": lambda request: with_hook(iter([b"a"])),
    "file": lambda request: send_file(HERE, request),
    "binary": lambda request: send_file(BytesIO(b"data"), request),
    "not-modified": not_modified,
    "empty-file": lambda request: send_file(HERE.with_name("empty.bin"), request),
    "empty": lambda request: Response(),
    "empty-list": lambda request: Response([]),
    "empty-passed": lambda request: Response([], direct_passthrough=True),
    "empty-generator": lambda request: Response(nothing()),
    "empty-async": lambda request: Response(anothing()),
    "empty-closing": lambda request: Response(Closing()),
    "only-empty-chunks": lambda request: Response(iter([b"", b""])),
    "heartbeats": lambda request: Response(iter([b"", b"a", b"", "", b"b", b""])),
    "kept-alive": lambda request: Response.from_events(nothing(), keep_alive=10),
    "no-content": lambda request: Response(iter([b"a"]), status=204),
    "reset-content": lambda request: Response(iter([b"a"]), status=205),
    "bare": lambda request: Response(nothing()),
}
#: what has a body, if it is asked for by GET
FULL = {"text", "hook", "stream", "stream-hook", "file", "binary", "heartbeats"}


@Application
def app(request: Request) -> Response:
    return BODIES[request.path[1:]](request)


def through_nothing(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """A wrapper that starts the response with the first chunk, as hypercorn does."""
    started: list[Any] = []
    for chunk in app(environ, lambda *head, exc_info=None: started.append(head)):
        if started:
            start_response(*started.pop())
        yield chunk


@pytest.fixture(autouse=True)
def empty_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.bin").touch()
    monkeypatch.setitem(BODIES, "empty-file", lambda request: send_file(tmp_path / "empty.bin", request))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("given", [[b"one"], [b"one", b"two"], (b"one",)])
def test_a_list_that_is_passed_on(given: Any, method: str) -> None:
    """A list with ``direct_passthrough`` is the iterable itself: a server may compute the Content-Length of a list of
    one chunk (PEP 3333, "Handling the Content-Length Header").
    """
    direct = Application(lambda request: Response(given, direct_passthrough=True))
    assert direct(RequestBuilder("/", method=method).environ(), lambda *head: None) is given


@pytest.mark.parametrize("wrapper", [None, FileWrapper], ids=["", "file_wrapper"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", BODIES)
def test_every_response_has_a_chunk(name: str, method: str, wrapper: Any) -> None:
    """A response without a body yields b"" once, because PEP 3333 lets a server send the head with the first chunk.
    Empty chunks of the program are given to the server, each as one. None is added to a body that has others.
    """
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": "/" + name, "SERVER_NAME": "a", "SERVER_PORT": "80", "SCRIPT_NAME": "",
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": BytesIO(), "wsgi.url_scheme": "http", "QUERY_STRING": "",
    }  # fmt: skip
    if wrapper is not None:
        environ["wsgi.file_wrapper"] = wrapper
    target: Any = BODIES[name](Request(environ)) if name == "bare" else app
    heads: list[Any] = []
    body = target(environ, lambda *head: heads.append(head))
    chunks = list(body)
    if hasattr(body, "close"):
        body.close()
    assert len(heads) == 1
    assert (b"".join(chunks) != b"") is (method == "GET" and name in FULL)
    if b"".join(chunks) == b"":
        assert chunks == [b""] * (2 if (name, method) == ("only-empty-chunks", "GET") else 1)
    else:
        assert chunks.count(b"") == (4 if name == "heartbeats" else 0)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_wsgi_response_has_a_chunk(method: str) -> None:
    """``get_wsgi_response`` gives such a chunk as well."""
    assert list(Response(nothing()).get_wsgi_response({"REQUEST_METHOD": method})[0]) == [b""]


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["hypercorn-wsgi", "gunicorn-gthread", "granian-wsgi", "waitress"])
def test_real_servers_answer(server_pool: ServerPool, kind: str) -> None:
    """Responses to HEAD, empty bodies and statuses without a body arrive, and the connection serves another request."""
    server = server_pool.get(kind, "tests.contract.test_empty_bodies:app", app_dir=ROOT)
    names = [name for name in BODIES if name != "empty-file"]
    with httpx.Client(base_url=server.url, timeout=100) as client:
        for name in names:
            for method in ("HEAD", "GET"):
                answer = client.request(method, "/" + name)
                assert answer.status_code in (200, 204, 205, 304), (name, method, answer.text)
                assert bool(answer.content) is (method == "GET" and name in FULL), (name, method, answer.content)
