"""Hazards of responses: what must not be sent, and what must run even after an error, on both protocols."""

from __future__ import annotations

import io
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from wsgiref.util import FileWrapper

import anyio
import anyio.lowlevel
import httpx
import pytest

from cardan import Application, Request, Response, redirect
from cardan.core import ContentLengthError
from cardan.exceptions import HTTPException, NotFound
from cardan.testing import Client, RequestBuilder

pytestmark = pytest.mark.anyio
ENDED: list[str] = []


@pytest.fixture(params=["wsgi", "asgi-asyncio", "asgi-trio"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def serve(transport: str) -> Callable[..., Client]:
    """``serve(handler)`` is a client of it, over each transport."""
    protocol, _, backend = transport.partition("-")
    ENDED.clear()

    def start(handler: Any, **options: Any) -> Client:
        return Client(Application(handler), protocol=protocol, backend=backend or "asyncio", **options)  # type: ignore[arg-type]

    return start


def _with(**options: Any) -> Response:
    response = Response("body")
    for name, value in options.items():
        setattr(response, name, value)
    return response


def _raw(name: str, value: str) -> Response:
    response = Response("body")
    response.headers._list.append((name, value))  # only the finalizer checks it
    return response


REFUSED: dict[str, Callable[[], Response]] = {
    "CR LF in a value": lambda: _raw("X", "a\r\nSet-Cookie: b=c"),
    "NUL in a value": lambda: _raw("X", "a\0"),
    "a control character in a value": lambda: _raw("X", "a\x01b"),
    "DEL in a value": lambda: _raw("X", "\x7f"),
    "two entity tags": lambda: Response("body", headers=[("ETag", '"a"'), ("ETag", '"b"')]),
    "two types": lambda: _raw("Content-Type", "text/html"),
    "LF in a name": lambda: _raw("X\nY", "a"),
    "a value beyond latin-1": lambda: _raw("X", "\u2603"),
    "a bad Location": lambda: _raw("Location", "http://[::1/"),
    "a Location without a host": lambda: Response("body", 302, {"Location": "http:///evil.example/x"}),
    "a Content-Location with a password": lambda: Response("body", headers={"Content-Location": "//a:b@c.example"}),
    "a Content-Length that is none": lambda: _raw("Content-Length", "abc"),
    "a wrong Content-Length of a list": lambda: Response(["abc"], headers={"Content-Length": "2"}),
    "status 1xx": lambda: _with(status_code=103),
    "a chunk that is no text": lambda: Response([1]),  # type: ignore[list-item]
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_anything_is_sent(serve: Callable[..., Client], name: str) -> None:
    """The client gets the server's 500 and nothing of the response, and the close hooks run."""

    def handler(request: Request) -> Response:
        response = REFUSED[name]()
        response.call_on_close(lambda: ENDED.append("hook"))
        return response

    with serve(handler, raise_app_exceptions=False) as client:
        response = client.get("/")
    assert response.status_code == 500
    assert not {"x", "set-cookie", "location"} & response.headers.keys()
    assert ENDED == ["hook"]


def _assigned(name: str, value: object) -> Callable[[Response], object]:
    return lambda response: setattr(response, name, value)


def _raises(error: type[HTTPException] = NotFound, **options: Any) -> Callable[[Response], object]:
    return lambda response: error(**options)


#: each way to set a field or the reason phrase, with a control character; \x0c is one that ``str.strip()`` removes
SETTERS: dict[str, Callable[[Response], object]] = {
    "item": lambda response: response.headers.__setitem__("X", "a\x01b"),
    "position": lambda response: response.headers.__setitem__(0, ("X", "a\x01b")),
    "slice": lambda response: response.headers.__setitem__(slice(0, 1), [("X", "a\x01b")]),
    "set": lambda response: response.headers.set("X", "\x01b"),
    "add": lambda response: response.headers.add("X", "a\x7f"),
    "setlist": lambda response: response.headers.setlist("X", ["a", "\x1f"]),
    "setdefault": lambda response: response.headers.setdefault("X", "a\x08"),
    "setlistdefault": lambda response: response.headers.setlistdefault("X", ["a\x0c"]),
    "extend": lambda response: response.headers.extend([("X", "\x0b")]),
    "update": lambda response: response.headers.update(X="a\x0e"),
    "or": lambda response: response.headers | {"X": "a\x01"},
    "a name": lambda response: response.headers.add("X\x01", "a"),
    "constructor": lambda response: Response("", headers={"X": "a\x01b"}),
    "headers": _assigned("headers", {"X": "a\x01b"}),
    "mimetype": _assigned("mimetype", "text/plain\x01"),
    "content_type": lambda response: Response("", content_type="text/\x7fplain"),
    "location": _assigned("location", "/a\x01"),
    "a typed field": _assigned("content_encoding", "gzip\x01"),
    "a live set": lambda response: response.vary.add("a\x01"),
    "a dictionary": lambda response: response.cache_control.__setitem__("private", "a\x01"),
    "etag": lambda response: response.set_etag("a\x01"),
    "trailers": lambda response: response.trailers.__setitem__("X", "a\x01"),
    "cookie path": lambda response: response.set_cookie("a", path="/\x01"),
    "cookie domain": lambda response: response.set_cookie("a", domain="a.example\x01"),
    "redirect": lambda response: redirect("/a\x01"),
    "status": _assigned("status", "200 a\x01b"),
    "status of the constructor": lambda response: Response("", "404 not\x7fhere"),
    "headers of an error": _raises(headers={"X": "a\x01b"}),
    "pairs of an error": _raises(headers=[("X", "a\x7fb")]),
    "a name of an error": _raises(headers={"X\x01": "a"}),
    "a class of errors": lambda response: type("Own", (NotFound,), {"headers": {"X": "\x01"}}),
}


@pytest.mark.parametrize("way", SETTERS)
def test_control_characters_are_refused_where_they_are_set(way: str) -> None:
    """RFC 9110 section 5.5, RFC 9112 section 4: fields and reason phrases have no control characters other than the
    tab. Whatever sets one raises ValueError, and changes nothing.
    """
    response = Response("body", headers={"Y": "z"})
    before = response.status, response.headers.to_wsgi_list()
    with pytest.raises(ValueError, match="got "):
        SETTERS[way](response)
    assert (response.status, response.headers.to_wsgi_list()) == before


def test_the_fields_of_the_connection_are_not_sent(serve: Callable[..., Client]) -> None:
    """RFC 9110 section 7.6.1, PEP 3333, RFC 9113 section 8.2.2: the connection is the server's. What a program sets of
    it is left out, of buffered and of streamed bodies and of errors.
    """
    fields = {"Connection": "close, X-Own", "Keep-Alive": "timeout=5", "Upgrade": "h2c", "Proxy-Connection": "close"}

    def handler(request: Request) -> Response:
        if request.path == "/error":
            raise NotFound(headers=fields | {"X-Sent": "yes"})
        return Response("a" if request.path == "/whole" else iter("ab"), headers=fields | {"X-Sent": "yes"})

    with serve(handler) as client:
        for path in ("/whole", "/stream", "/error"):
            sent = client.get(path).headers
            assert sent["X-Sent"] == "yes"
            assert not {name.lower() for name in fields} & {name.lower() for name in sent}


@pytest.mark.parametrize("length", [3, 5])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_stream_of_another_length_than_declared(serve: Callable[..., Client], kind: str, length: int) -> None:
    """If a stream is longer or shorter than declared, the connection is ended, and the hooks run."""

    def handler(request: Request) -> Response:
        def body() -> Iterator[bytes]:
            yield b"12"
            yield b"34"

        async def abody() -> AsyncIterator[bytes]:
            for chunk in body():
                yield chunk

        response = Response(body() if kind == "sync" else abody(), headers={"Content-Length": str(length)})
        response.call_on_close(lambda: ENDED.append("hook"))
        return response

    with serve(handler, raise_app_exceptions=False) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get("/")
    assert ENDED == ["hook"]


class Body:
    """A body whose close() fails."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"body"

    def close(self) -> None:
        ENDED.append("body")
        raise OSError("close")


def test_failing_closers(serve: Callable[..., Client]) -> None:
    """After an error in close() or in a hook, the other hooks run, and the answer stays the same."""

    def handler(request: Request) -> Response:
        response = Response(Body())

        @response.call_on_close
        def fails() -> None:
            ENDED.append("first")
            raise ValueError("hook")

        @response.call_on_close
        async def runs() -> None:
            ENDED.append("second")

        return response

    with serve(handler, raise_app_exceptions=False) as client:
        assert client.get("/").content == b"body"
    assert ENDED == ["body", "first", "second"]


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_keep_alive(serve: Callable[..., Client], transport: str, kind: str) -> None:
    """Comments are sent while a stream is silent; for sync iterables only on ASGI. The stream waits for one."""
    heard = threading.Event()

    def handler(request: Request) -> Response:
        def ticks() -> Iterator[str]:
            yield "a"
            assert heard.wait(100)
            yield "b"

        async def aticks() -> AsyncIterator[str]:
            yield "a"
            while not heard.is_set():
                await anyio.sleep(0.005)
            yield "b"

        return Response.from_events(ticks() if kind == "sync" else aticks(), keep_alive=0.01)

    with serve(handler) as client, client.stream("GET", "/") as response:
        lines = response.iter_lines()
        assert next(line for line in lines if line not in ("", ":")) == "data: a"
        if kind == "sync" and transport == "wsgi":
            heard.set()
        else:
            assert next(line for line in lines if line) == ":"
            heard.set()
        assert next(line for line in lines if line not in ("", ":")) == "data: b"


def _app(kind: str) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        if kind == "raises before":
            raise LookupError(kind)
        write = start_response("200 OK", [("Content-Type", "text/plain"), ("X-App", kind)])
        if kind == "write":
            write(b"ab")
            return [b"c"]
        if kind == "file wrapper":
            import io

            return FileWrapper(io.BytesIO(b"abc"))
        return [b"ab", b"c"] if kind == "list" else generator()

    def generator() -> Iterator[bytes]:
        try:
            yield b"ab"
            if kind == "raises after":
                raise LookupError(kind)
            yield b"c"
        finally:
            ENDED.append("app")

    return app


@pytest.mark.parametrize("kind", ["list", "generator", "file wrapper", "write", "raises before", "raises after"])
def test_wrapped_applications(serve: Callable[..., Client], kind: str) -> None:
    """The answer of another application is passed on, its exceptions are raised, and its iterable is closed once."""

    def handler(request: Request) -> Response:
        return Response.from_app(_app(kind), RequestBuilder("/").environ())

    with serve(handler, raise_app_exceptions=False) as client:
        if kind == "raises after":
            with pytest.raises(httpx.RemoteProtocolError):
                client.get("/")
        else:
            response = client.get("/")
            assert response.status_code == (500 if kind == "raises before" else 200)
            assert response.text == "abc" or kind == "raises before"
    assert (["app"] if kind in ("generator", "raises after") else []) == ENDED


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("streamed", [False, True])
async def test_send_that_raises(at: int, streamed: bool) -> None:
    """If the client has disconnected, body and hooks are ended once, and nothing is raised (ASGI specification 2.4)."""
    ENDED.clear()

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            ENDED.append("body")

    async def handler(request: Request) -> Response:
        response = Response(body() if streamed else "ab")
        response.call_on_close(lambda: ENDED.append("hook"))
        return response

    sent: list[Any] = []

    async def send(message: Any) -> None:
        if len(sent) == at:
            raise OSError("gone")
        sent.append(message)

    async def receive() -> Any:
        await anyio.sleep_forever()

    scope = RequestBuilder("/", headers={"Content-Length": "5"}).scope()
    with anyio.fail_after(100):
        await Application(handler)(scope, receive, send)
    assert (["body", "hook"] if streamed else ["hook"]) == ENDED


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_uploaded_file_is_read_while_the_response_streams(serve: Callable[..., Client], kind: str) -> None:
    """The file is open until the response has ended, and is closed then."""
    files: list[Any] = []

    def handler(request: Request) -> Response:
        file = request.files["f"]
        files.append(file)

        def body() -> Iterator[bytes]:
            while chunk := file.read(1000):
                yield chunk

        return Response(body())

    async def async_handler(request: Request) -> Response:
        await request.load()
        file = request.files["f"]
        files.append(file)

        async def body() -> AsyncIterator[bytes]:
            while chunk := await file.aread(1000):
                yield chunk

        return Response(body())

    data = bytes(range(256)) * 3000
    with serve(handler if kind == "sync" else async_handler) as client:
        assert client.post("/", files={"f": ("name", data)}).content == data
    assert files[0].stream.closed


# --- sends that fail ---


def at_message(number: int, error: Exception) -> Any:
    """A ``send`` that raises ``error`` at the message of this number, and the list of what was sent before."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        await anyio.lowlevel.checkpoint()
        if len(sent) == number:
            raise error
        sent.append(message)

    return send, sent


async def gone() -> Any:
    await anyio.sleep_forever()


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("kind", ["whole", "stream"])
async def test_a_bare_response_to_a_client_that_has_left(kind: str, number: int) -> None:
    """If ``send`` raises an OSError, the client has left: no error is raised, and the response is closed."""
    log: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        try:
            for _ in range(10):
                yield b"x"
        finally:
            log.append("body")

    response = Response(b"whole") if kind == "whole" else Response(body())
    if kind == "stream":
        response.call_on_close(lambda: log.append("hook"))
    send, sent = at_message(number, OSError("the client has left"))
    await response(RequestBuilder("/").scope(), gone, send)
    assert len(sent) == (number if kind == "stream" else min(number, 2))
    assert log == (["body", "hook"] if number and kind == "stream" else log)


async def test_a_filler_that_cannot_be_sent() -> None:
    """An error of the server's own while a silence is broken ends the body, and is raised."""
    log: list[str] = []

    async def body() -> AsyncIterator[str]:
        try:
            yield "first"
            await anyio.sleep_forever()
        finally:
            log.append("ended")

    async def handler(request: Request) -> Response:
        return Response.from_events(body(), keep_alive=0.01)

    async def send(message: Any) -> None:
        await anyio.lowlevel.checkpoint()
        if message.get("body", b"").startswith(b":"):
            raise LookupError("of the server")

    incoming = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        if (message := next(incoming, None)) is None:
            await anyio.sleep_forever()
        return message

    with anyio.fail_after(100), pytest.raises(LookupError, match="of the server"):
        await Application(handler)(RequestBuilder("/").scope(), receive, send)
    assert log == ["ended"]


def test_wsgi_a_stream_is_given_chunk_by_chunk() -> None:
    """A server gets each chunk of a stream and nothing else; one empty chunk if the stream has none."""
    for chunks in ([b"one"], [b"one", b"two"], [b""], []):
        app: Any = Response(iter(chunks))
        assert list(app(RequestBuilder("/").environ(), lambda *_: print)) == (chunks or [b""])


@pytest.mark.parametrize("first", [True, False], ids=["first chunk", "later chunk"])
def test_wsgi_a_body_that_is_too_long_tells_of_no_disconnect(first: bool) -> None:
    """More bytes than were declared are an error of the program: ``disconnected`` stays False for the close hooks."""
    seen: list[bool] = []

    @Request.application
    def app(request: Request) -> Response:
        response = Response(iter([b"four"] if first else [b"f", b"our"]), headers={"Content-Length": "3"})
        response.call_on_close(lambda: seen.append(request.disconnected))
        return response

    def serve() -> None:
        body: Any = app(RequestBuilder("/").environ(), lambda *_: print)  # type: ignore[call-overload]
        try:
            list(body)
        finally:
            body.close()

    with pytest.raises(ContentLengthError):
        serve()
    assert seen == [False]


def test_wsgi_a_stream_whose_head_is_refused_ends_the_request() -> None:
    """A head that cannot be sent is an error. The files of the request are closed, which the body might have read."""
    files: list[Any] = []

    @Request.application
    def app(request: Request) -> Response:
        files.append(request.files["f"])
        response = Response(chunk for chunk in [b"body"])
        response.headers._list.append(("X", "a\0"))  # only the finalizer checks it
        return response

    environ = RequestBuilder("/", method="POST", data={"f": (io.BytesIO(b"data"), "a")}).environ()
    with pytest.raises(ValueError, match="got"):
        app(environ, lambda *_: print)  # type: ignore[call-overload]
    assert files[0].stream.closed
