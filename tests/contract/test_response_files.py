"""Files on both protocols: in process, on real servers, and with the extensions that servers offer."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import anyio
import httpx
import pytest

from cardan import Application, Request, Response, send_file
from cardan.core import ContentLengthError
from cardan.files._sending import wrap_file
from cardan.testing import Client, RequestBuilder

ROOT = Path(__file__).parents[2]
SIZE = 3_000_000

pytestmark = pytest.mark.anyio


def file_app(request: Request) -> Response:
    """Send the file that the query names. The hook records its call in FILE_ENDED."""
    response = send_file(request.args["path"], request)
    response.call_on_close(lambda: ENDED.append("hook"))
    return response


async def async_file_app(request: Request) -> Response:
    """The same in async code."""
    return file_app(request)


ENDED: list[str] = []
app = Application(file_app)
async_app = Application(async_file_app)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(SIZE))
    ENDED.clear()
    return file


@pytest.fixture(params=["wsgi", "asgi-asyncio", "asgi-trio"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["app", "async_app"])
def client(transport: str, request: pytest.FixtureRequest) -> Iterator[Client]:
    protocol, _, backend = transport.partition("-")
    with Client(globals()[request.param], protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
        yield client


def check(client: httpx.Client, path: Path) -> None:
    """Ask for the whole file, one range, several ranges, an unchanged file, an invalid range, and with HEAD."""
    data, params = path.read_bytes(), {"path": str(path)}
    whole = client.get("/", params=params)
    assert (whole.status_code, whole.content == data) == (200, True)
    part = client.get("/", params=params, headers={"Range": "bytes=1000-2000999"})
    assert (part.status_code, part.content == data[1000:2_001_000]) == (206, True)
    several = client.get("/", params=params, headers={"Range": "bytes=-5,0-4"})
    assert data[-5:] + b"\r\n--" in several.content
    assert data[:5] + b"\r\n--" in several.content
    merged = client.get("/", params=params, headers={"Range": "bytes=0-4095,4090-8191"})
    assert (merged.status_code, merged.content) == (206, data[:8192])
    assert merged.headers["content-range"] == f"bytes 0-8191/{SIZE}"
    assert client.get("/", params=params, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert client.get("/", params=params, headers={"Range": f"bytes={SIZE}-"}).status_code == 416
    assert client.head("/", params=params).headers["content-length"] == str(SIZE)


def test_ranges_of_an_empty_file(client: Client, tmp_path: Path) -> None:
    """All of an empty file is a 200; a range behind its beginning is a 416 (RFC 9110 section 14.1.2)."""
    file = tmp_path / "empty.bin"
    file.touch()
    for value, status in [("bytes=0-", 200), ("bytes=0-499", 200), ("bytes=-5", 200), ("bytes=1-", 416)]:
        answer = client.get("/", params={"path": str(file)}, headers={"Range": value})
        assert (answer.status_code, answer.headers.get("content-range")) == (
            status,
            None if status == 200 else "bytes */0",
        )


def test_in_process(client: Client, path: Path) -> None:
    """One handler serves both protocols. Hooks run once for each answer, and no file stays open."""
    check(client, path)
    assert ENDED == ["hook"] * 7
    assert not any(os.readlink(f"/proc/self/fd/{fd}") == str(path) for fd in _fds())


def _fds() -> list[str]:
    return [fd for fd in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{fd}")]


@pytest.mark.real_server
@pytest.mark.parametrize("server", ["gunicorn", "gunicorn-gthread", "waitress", "wsgiref", "granian-asgi", "uvicorn"])
def test_real_servers(server: str, path: Path, server_pool: Any) -> None:
    """gunicorn sends the file by its descriptor, wsgiref and waitress by their file wrappers, granian by its path."""
    started = server_pool.get(server, "tests.contract.test_response_files:app", app_dir=ROOT)
    with httpx.Client(base_url=started.url, timeout=100) as client:
        check(client, path)
        check(client, path)


def test_file_wrapper(path: Path) -> None:
    """wsgi.file_wrapper gets the whole file, and its close closes the response. A range is sent without it."""
    started: list[Any] = []
    environ = RequestBuilder("/", query_string={"path": str(path)}).environ()
    environ["wsgi.file_wrapper"] = FileWrapper
    body: Any = app(environ, lambda *args: started.append(args))
    assert type(body) is FileWrapper
    assert b"".join(body) == path.read_bytes()
    assert ENDED == []
    body.close()
    assert ENDED == ["hook"]
    environ = RequestBuilder("/", query_string={"path": str(path)}, headers={"Range": "bytes=0-9"}).environ()
    environ["wsgi.file_wrapper"] = FileWrapper
    body = app(environ, lambda *args: started.append(args))
    assert type(body) is not FileWrapper
    assert b"".join(body) == path.read_bytes()[:10]
    body.close()


def test_direct_passthrough(path: Path) -> None:
    """The row ``direct_passthrough``: the server gets its own file wrapper unchanged; with hooks, an iterable that runs
    them.
    """
    started: list[Any] = []
    environ = RequestBuilder("/").environ()
    environ["wsgi.file_wrapper"] = FileWrapper
    for hooks in (False, True):
        response = Response(wrap_file(environ, path.open("rb")), direct_passthrough=True)
        if hooks:
            response.call_on_close(lambda: ENDED.append("hook"))
        body: Any = response(environ, lambda *args: started.append(args))
        assert (body is response.response) is not hooks
        assert b"".join(body) == path.read_bytes()
        body.close()
        assert response.response.filelike.closed
    assert ENDED == ["hook"]
    with path.open("rb") as file:
        assert isinstance(wrap_file({}, file), FileWrapper)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304), ("GET", 204)])
@pytest.mark.parametrize("is_async", [False, True])
def test_direct_passthrough_of_no_body(method: str, status: int, is_async: bool) -> None:
    """Where an answer has no body, the server gets none, and what would have been passed on is closed."""
    closed: list[str] = []

    class Passed:
        def __iter__(self) -> Iterator[bytes]:
            yield b"body"

        def close(self) -> None:
            closed.append("closed")

    class AsyncPassed:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"body"

        async def aclose(self) -> None:
            closed.append("closed")

    response = Response(AsyncPassed() if is_async else Passed(), status, direct_passthrough=True)
    body: Any = response(RequestBuilder("/", method=method).environ(), lambda *args: None)
    assert b"".join(body) == b""
    body.close()
    assert closed == ["closed"]


def test_direct_passthrough_of_an_async_body() -> None:
    """A server of WSGI cannot iterate an async body, so that it is sent as every other one."""

    class Passed:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"one "
            yield b"two"

    for passed in (Passed(), aiter(Passed())):
        body: Any = Response(passed, direct_passthrough=True)(RequestBuilder("/").environ(), lambda *args: None)
        assert b"".join(body) == b"one two"
        body.close()


def test_direct_passthrough_knows_the_wrapper_of_the_server(path: Path) -> None:
    """An iterable is passed on unchanged if the server may know it: if the server has no file wrapper that is a class,
    or if the iterable is of this class. The file of ``send_file`` goes through the wrapper in any case.
    """

    def passed(iterable: Any, wrapper: Any) -> Any:
        environ = RequestBuilder("/").environ()
        environ.pop("wsgi.file_wrapper", None)
        if wrapper is not None:
            environ["wsgi.file_wrapper"] = wrapper
        return Response(iterable, direct_passthrough=True)(environ, lambda *args: None)

    class Opaque:
        def __iter__(self) -> Iterator[bytes]:
            yield b"some"

    opaque = Opaque()
    assert passed(opaque, None) is opaque
    assert passed(opaque, lambda file, size: opaque) is opaque
    assert passed(opaque, Opaque) is opaque
    other = passed(opaque, FileWrapper)
    assert other is not opaque
    assert b"".join(other) == b"some"

    environ = RequestBuilder("/").environ()
    environ["wsgi.file_wrapper"] = FileWrapper
    response = send_file(path, None)
    response.direct_passthrough = True
    body: Any = response(environ, lambda *args: None)
    assert type(body) is FileWrapper
    assert b"".join(body) == path.read_bytes()
    body.close()


async def _messages(path: Path, **fields: str) -> list[Any]:
    scope = RequestBuilder("/", query_string={"path": str(path)}, headers=fields).scope()
    scope["extensions"] = {"http.response.pathsend": {}}
    sent: list[Any] = []
    incoming = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        if (message := next(incoming, None)) is None:
            await anyio.sleep_forever()
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_pathsend(path: Path) -> None:
    """With the extension http.response.pathsend, the path is sent in place of the body. A range is sent as bytes."""
    start, sent = await _messages(path)
    assert start["type"] == "http.response.start"
    assert (b"content-length", b"%d" % SIZE) in start["headers"]
    assert sent == {"type": "http.response.pathsend", "path": str(path)}
    assert ENDED == ["hook"]
    kinds = {message["type"] for message in await _messages(path, Range="bytes=0-9")}
    assert kinds == {"http.response.start", "http.response.body"}


@pytest.mark.parametrize("how", ["replaced", "gone", "changed"])
async def test_pathsend_of_another_file(path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the path does not name the open file any more, or the file was changed, the server does not get the path: it
    would send other bytes than the head describes. The open file is sent.
    """
    data = path.read_bytes()

    def replace(request: Request) -> Response:
        response = send_file(path, request)
        if how == "replaced":
            path.with_name("new").write_bytes(b"new" * 1_000_000)
            path.with_name("new").replace(path)
        elif how == "gone":
            path.unlink()
        else:
            path.write_bytes(b"new" * 1_000_000)
        return response

    monkeypatch.setitem(globals(), "app", Application(replace))
    start, *messages = await _messages(path)
    assert {message["type"] for message in messages} == {"http.response.body"}
    sent = b"".join(message["body"] for message in messages)
    assert sent == (b"new" * 1_000_000 if how == "changed" else data)
    assert (b"content-length", b"%d" % len(sent)) in start["headers"]


def test_cut_while_it_is_sent(client: Client, path: Path) -> None:
    """If the file shrinks while it is sent, the connection is ended and the hooks run. It never looks complete."""
    received = 0

    def read() -> None:
        nonlocal received
        with client.stream("GET", "/", params={"path": str(path)}) as response:
            for chunk in response.iter_raw():
                received += len(chunk)
                os.truncate(path, 1000)

    with pytest.raises((ContentLengthError, httpx.HTTPError)):
        read()
    assert received < SIZE
    assert ENDED == ["hook"]


@pytest.mark.parametrize("declared", [0, 8, SIZE - 1, SIZE + 1])
async def test_a_file_of_another_length_than_declared(path: Path, transport: str, declared: int) -> None:
    """A file with a wrong Content-Length raises ContentLengthError before anything is sent. A server that sends the
    file itself, by ``wsgi.file_wrapper`` or ``http.response.pathsend``, would send more or fewer bytes than it says,
    and the client would take the rest for the next answer (RFC 9112 section 6.3)."""
    response = send_file(path, None)
    response.content_length = declared
    started: list[Any] = []
    message = f"^got a body of {SIZE} bytes, expected {declared} as declared$"
    if transport == "wsgi":
        environ = RequestBuilder("/").environ() | {"wsgi.file_wrapper": FileWrapper}
        with pytest.raises(ContentLengthError, match=message):
            response(environ, lambda *head: started.append(head))
    else:
        scope = RequestBuilder("/").scope() | {"extensions": {"http.response.pathsend": {}}}

        async def receive() -> Any:
            await anyio.sleep_forever()

        async def send(message: Any) -> None:
            started.append(message)

        with pytest.raises(ContentLengthError, match=message):
            await response(scope, receive, send)
    assert started == []


async def test_a_client_that_leaves_before_its_file_is_sent(path: Path) -> None:
    """On a server that sends the file itself: hooks see that the client has left, and no error is raised."""
    seen: list[Any] = []

    def handler(request: Request) -> Response:
        response = send_file(path, request)
        response.call_on_close(lambda: seen.append(request.disconnected))
        seen.append(response.response)
        return response

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.pathsend":
            raise OSError("the client has left")

    scope = RequestBuilder("/").scope()
    scope["extensions"] = {"http.response.pathsend": {}}
    await Application(handler).asgi_app(scope, receive, send)
    body, disconnected = seen
    assert disconnected is True
    assert body._closed
