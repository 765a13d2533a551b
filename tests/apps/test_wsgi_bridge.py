"""Application.from_wsgi: a WSGI application, served over both protocols."""

from __future__ import annotations

import contextvars
import io
import sys
import threading
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import flask
import pytest

from cardan import CORS, Application, Compression, Mount, Request, Response, asgi
from cardan.core import ContentLengthError
from cardan.testing import PROTOCOLS, Client, RequestBuilder, lint
from cardan.wsgi._calling import call_app
from tests.apps.doors import resolving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from wsgiref.types import StartResponse

MB = 2**20
both = pytest.mark.parametrize("protocol", PROTOCOLS)
cors = partial(CORS, origins="*")


def site() -> flask.Flask:
    """An application that nobody here wrote, with a few views."""
    app = flask.Flask("site")

    @app.post("/form")
    def form() -> Any:
        upload = flask.request.files["file"]
        return {"title": flask.request.form["title"], "size": len(upload.read()), "name": upload.filename}

    @app.get("/cookies")
    def cookies() -> Any:
        response = flask.redirect(flask.url_for("form"))
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    @app.get("/about")
    def about() -> Any:
        request = flask.request
        return {"url": request.url, "address": request.remote_addr, "cookies": request.cookies.to_dict()}

    @app.post("/echo")
    def echo() -> Any:
        return flask.Response(flask.stream_with_context(iter(lambda: flask.request.stream.read(1000), b"")))

    return app


@both
def test_a_form_with_a_large_file(protocol: Any) -> None:
    """A form with a file of 20 MB arrives whole."""
    with Client(Application.from_wsgi(site()), protocol=protocol) as client:
        response = client.post("/form", data={"title": "ä"}, files={"file": ("f.bin", b"x" * 20 * MB)})
        assert response.json() == {"title": "ä", "size": 20 * MB, "name": "f.bin"}


@both
def test_the_head(protocol: Any) -> None:
    """URL, prefix, address and cookies are those of the request; each Set-Cookie stays a field of its own."""
    with Client(Application.from_wsgi(site()), protocol=protocol, root_path="/below", client=("1.2.3.4", 5)) as client:
        response = client.get("/about?x=%C3%A4", headers={"Cookie": "a=1; b=2"})
        assert response.json() == {
            "url": "http://testserver/below/about?x=ä",
            "address": "1.2.3.4",
            "cookies": {"a": "1", "b": "2"},
        }
        response = client.get("/cookies")
        assert (response.status_code, response.headers["Location"]) == (302, "/below/form")
        assert (
            response.headers.get_list("Set-Cookie") == ["a=1; Path=/below", "b=2; Path=/below"]
            or len(response.headers.get_list("Set-Cookie")) == 2
        )
        assert client.get("/none").status_code == 404
        assert client.head("/about").content == b""


@both
def test_a_body_that_is_answered_while_it_comes(protocol: Any) -> None:
    """The iterable may read the body of the request; a chunked body ends where it ends."""
    with Client(Application.from_wsgi(site()), protocol=protocol) as client:
        assert client.post("/echo", content=iter([b"a" * 1500, b"b" * 2000])).content == b"a" * 1500 + b"b" * 2000


class Recorded:
    """A WSGI application that notes what is done with its iterable, and in which thread."""

    def __init__(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        self.chunks = chunks
        self.closed = 0
        self.threads: set[int] = set()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Any:
        self.threads.add(threading.get_ident())
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks()

    def close(self) -> None:
        self.closed += 1


@both
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_iterable_is_closed_once(protocol: Any, backend: Any) -> None:
    """After the last chunk, after a client that left, and after an error."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b"tick\n"

    def broken() -> Iterator[bytes]:
        yield b"tick\n"
        raise LookupError("no more")

    for chunks in (lambda: iter([b"tick\n", b"tock\n"]), endless, broken):
        app = Recorded(chunks)
        fails = pytest.raises(LookupError, match="no more") if chunks is broken else nullcontext()
        with Client(Application.from_wsgi(app), protocol=protocol, backend=backend) as client, fails:
            with client.stream("GET", "/") as response:
                lines = response.iter_lines()
                assert next(lines) == "tick"
                if chunks is not endless:
                    assert list(lines) == ["tock"]
        assert app.closed == 1


@both
def test_write_and_a_late_start(protocol: Any) -> None:
    """What an application writes comes first; ``start_response`` may be called for the first chunk."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        write = start_response("201 Made up", [("X-A", "1")])
        write(b"written ")
        yield b"yielded"

    with Client(Application.from_wsgi(app), protocol=protocol) as client:
        response = client.get("/")
        assert (response.status_code, response.headers["X-A"], response.content) == (201, "1", b"written yielded")
        assert "Content-Type" not in response.headers


@both
@pytest.mark.parametrize("place", ["call", "iterable", "before the first chunk", "empty chunk"])
def test_a_start_that_is_replaced(protocol: Any, place: str) -> None:
    """Before anything is sent, ``exc_info`` replaces status and header fields (PEP 3333, "Error Handling")."""

    def body(start_response: Any) -> Iterator[bytes]:
        if place == "empty chunk":
            yield b""
        yield replaced(start_response)

    def replaced(start_response: Any) -> bytes:
        try:
            raise LookupError("no such thing")
        except LookupError:
            start_response("500 Sorry", [("X-B", "2")], sys.exc_info())
        return b"sorry"

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("X-A", "1")])
        if place == "call":
            return [replaced(start_response)]
        return map(replaced, [start_response]) if place == "iterable" else body(start_response)

    with Client(Application.from_wsgi(app), protocol=protocol) as client:
        response = client.get("/")
    assert (response.status_code, response.text) == (500, "sorry")
    assert ("X-A" in response.headers, response.headers["X-B"]) == (False, "2")


@both
def test_an_iterator_is_not_asked_again_after_its_end(protocol: Any) -> None:
    """An iterator that calls ``start_response`` before it ends at once is asked for one item."""

    class Ends:
        def __init__(self, start_response: Any) -> None:
            self.start_response = start_response

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            self.start_response("200 OK", [("X-A", "1")])
            raise StopIteration

    with Client(Application.from_wsgi(lambda _, start: Ends(start)), protocol=protocol) as client:
        response = client.get("/")
    assert (response.status_code, response.headers["X-A"], response.content) == (200, "1", b"")


@both
@pytest.mark.parametrize("by", ["write", "chunk"])
def test_a_start_that_comes_too_late(protocol: Any, by: str) -> None:
    """After something was sent, ``exc_info`` is raised again in the application, and breaks the response off.

    A second start without ``exc_info`` is an error at any time.
    """
    seen: list[BaseException] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        write = start_response("200 OK", [])
        with pytest.raises(Exception, match="expected"):
            start_response("200 OK", [])
        if by == "write":
            write(b"some")
        yield b"more"
        try:
            raise LookupError("no such thing")
        except LookupError:
            try:
                start_response("500 Sorry", [], sys.exc_info())
            except LookupError as error:
                seen.append(error)
                raise

    with Client(Application.from_wsgi(app), protocol=protocol) as client:
        with client.stream("GET", "/") as response:
            assert response.status_code == 200
            with pytest.raises(LookupError, match="no such thing"):
                b"".join(response.iter_raw())
    assert len(seen) == 1


@both
@pytest.mark.parametrize("wrap", [lambda app: app, cors, Compression, lambda app: Mount({"/": app})])
@pytest.mark.parametrize("written", [b"some", b""])
def test_a_start_after_write(protocol: Any, wrap: Any, written: bytes) -> None:
    """What was written counts as sent, so that ``exc_info`` is raised again, before the call returns as well. Nothing
    is sent by ``write(b"")``. It is the same behind wrappers.
    """

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])(written)
        try:
            raise LookupError("no such thing")
        except LookupError:
            start_response("500 Sorry", [], sys.exc_info())
        return [b"sorry"]

    with Client(Application.from_wsgi(wrap(app)), protocol=protocol) as client:
        if written:
            with pytest.raises(LookupError, match="no such thing"):
                client.get("/")
        else:
            answer = client.get("/")
            assert (answer.status_code, answer.text) == (500, "sorry")


@both
def test_one_context(protocol: Any) -> None:
    """The call, the iterable and its ``close()`` run in one context, which the next request does not see."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")
    seen: list[str] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            for number in range(2):
                seen.append(variable.get())
                variable.set(f"chunk {number}")
                yield b"chunk"

        def close(self) -> None:
            seen.append(variable.get())

    def app(environ: dict[str, Any], start_response: Any) -> Body:
        seen.append(variable.get())
        variable.set("call")
        start_response("200 OK", [])
        return Body()

    with Client(Application.from_wsgi(app), protocol=protocol) as client:
        for _ in range(2):
            assert client.get("/").text == "chunkchunk"
            assert seen == ["", "call", "chunk 0", "chunk 1"]
            seen.clear()


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ({}, ["websocket.close"]),
        ({"websocket.http.response": {}}, ["websocket.http.response.start", "websocket.http.response.body"]),
    ],
)
def test_websockets_are_refused(extensions: Any, expected: list[str]) -> None:
    """A WSGI application has none: the server answers the handshake with a 403, or with a 404 if it can."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": [], "extensions": extensions}
    for app in (Application.from_wsgi(site()), asgi.from_wsgi(site()), Mount({"/": Application.from_wsgi(site())})):
        sent.clear()
        anyio.run(app, dict(scope), receive, send)
        assert [message["type"] for message in sent] == expected
        assert sent[0].get("status", 404) == 404


def test_a_lifespan_over_asgi() -> None:
    """A WSGI application has no lifespan. A server that runs one sees it start and end."""
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    anyio.run(Application.from_wsgi(site()), {"type": "lifespan", "state": {}}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@both
def test_errors(protocol: Any) -> None:
    """An error before the start reaches the server, and an application that never starts is one."""

    def broken(environ: dict[str, Any], start_response: Any) -> Any:
        raise LookupError("no such thing")

    with Client(Application.from_wsgi(broken), protocol=protocol) as client:
        with pytest.raises(LookupError, match="no such thing"):
            client.get("/")
    with Client(Application.from_wsgi(broken), protocol=protocol, raise_app_exceptions=False) as client:
        assert client.post("/", content=b"x" * MB).status_code == 500


def test_over_asgi_it_is_a_proper_wsgi_call() -> None:
    """The linter for WSGI finds nothing in the environ, nor the one for ASGI in the messages."""
    app = lint.asgi(Application.from_wsgi(lint.wsgi(site())))
    with Client(app, protocol="asgi") as client:
        assert client.get("/about").status_code == 200
        assert client.post("/form", data={"title": "a"}, files={"file": ("f", b"12345")}).json()["size"] == 5


def test_the_scope_can_be_reached() -> None:
    """Over ASGI the environ has the scope. Header fields with an underscore are left out, others are joined."""
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ, read=environ["wsgi.input"].read())
        start_response("204 No Content", [])
        return []

    fields = [("X_A", "1"), ("X-A", "2"), ("X-A", "3"), ("Cookie", "a=1"), ("Cookie", "b=2")]
    with Client(Application.from_wsgi(app), protocol="asgi") as client:
        assert client.get("/%E4/b", headers=fields).status_code == 204
    assert seen["asgi.scope"]["type"] == "http"
    assert (seen["HTTP_X_A"], seen["HTTP_COOKIE"], seen["PATH_INFO"]) == ("2, 3", "a=1; b=2", "/\xe4/b")
    assert seen["read"] == b""


def test_a_server_that_tells_little() -> None:
    """A scope needs no ``raw_path``, ``server`` or ``client``."""
    from cardan.apps._wsgi_bridge import environ_for

    scope = RequestBuilder("/a%20b", headers={"Host": "example.com"}).scope()
    for name in ("raw_path", "server", "client"):
        del scope[name]
    environ = environ_for(Request(scope, RequestBuilder("/").receive()))
    assert (environ["PATH_INFO"], environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("/a b", "example.com", "80")
    assert "REMOTE_ADDR" not in environ


def test_over_wsgi_nothing_stands_between() -> None:
    """The application gets the very environ and ``start_response`` of the server."""
    environ = {"REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO()}
    seen: list[Any] = []

    def app(*args: Any) -> list[bytes]:
        seen.extend(args)
        return [b"x"]

    assert Application.from_wsgi(app)(environ, print) == [b"x"]
    assert seen[0] is environ
    assert seen[1] is print


@both
def test_what_runs_after_the_last_chunk(protocol: Any) -> None:
    """A body that has its declared length is sent at once. The iterable still runs to its end, empty chunks included,
    and is closed after that; an error in it, or more bytes than were declared, is an error.
    """
    seen: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        write = start_response("200 OK", [("Content-Length", "5")])
        try:
            yield b"hello"
            yield b""
            seen.append("ended")
            if environ["PATH_INFO"] == "/more":
                yield b"more"
            if environ["PATH_INFO"] == "/write":
                write(b"more")
        finally:
            seen.append("closed")

    with Client(Application.from_wsgi(app), protocol=protocol) as client:
        assert client.get("/").content == b"hello"
        assert seen == ["ended", "closed"]
    if protocol == "asgi":
        with Client(Application.from_wsgi(app), protocol=protocol) as client, pytest.raises(RuntimeError, match="more"):
            client.get("/more")
        with Client(Application.from_wsgi(app), protocol=protocol) as client, pytest.raises(RuntimeError, match="more"):
            client.get("/write")
        assert seen == ["ended", "closed"] * 3


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_that_is_not_as_long_as_declared(kind: Any) -> None:
    """A list or a tuple is sent whole, with its length; one that is not as long as declared is an error, but not for
    HEAD.
    """

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "5")] if environ["PATH_INFO"] == "/declared" else [])
        return kind([b"he", b"l"])  # type: ignore[no-any-return]

    with Client(Application.from_wsgi(app), protocol="asgi") as client:
        response = client.get("/")
        assert (response.content, response.headers["Content-Length"]) == (b"hel", "3")
        assert client.head("/declared").headers["Content-Length"] == "5"
        with pytest.raises(RuntimeError, match="declared"):
            client.get("/declared")
        received: list[bytes] = []
        with client.stream("GET", "/declared") as streamed, pytest.raises(RuntimeError, match="declared"):
            received.extend(streamed.iter_raw())
        assert b"".join(received) == b"hel"  # what there is was sent


@both
@pytest.mark.parametrize("times", [1, 2])
def test_a_head_without_a_length(protocol: Any, times: int) -> None:
    """An application that leaves the body of a GET out of its answer to a HEAD, and declares no length, gets none: a
    Content-Length has to be the one of the GET (RFC 9110 section 8.6). A declared length is kept.
    """

    def wsgi(environ: dict[str, Any], start_response: StartResponse) -> Any:
        declared = [("Content-Length", "5")] if environ["PATH_INFO"] == "/declared" else []
        start_response("200 OK", [("Content-Type", "text/plain"), *declared])
        if environ["REQUEST_METHOD"] == "HEAD":
            return {"/empty": [b""], "/iterator": iter(())}.get(environ["PATH_INFO"], [])
        return [b"Hello"]

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        declared = [(b"content-length", b"5")] if scope["path"] == "/declared" else []
        await send({"type": "http.response.start", "status": 200, "headers": declared})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else b"Hello"})

    for app in (Application.from_wsgi(wsgi), Application.from_asgi(asgi)):
        bridged = app
        if times == 2:
            bridged = Application.from_asgi(app) if app.asgi_app is not asgi else Application.from_wsgi(app)
        with Client(bridged, protocol) as client:
            for path in ("/", "/empty", "/iterator"):
                assert "Content-Length" not in client.head(path).headers
            assert client.head("/declared").headers["Content-Length"] == "5"
            assert client.get("/").text == "Hello"


def test_a_head_without_a_length_of_an_application_that_was_called() -> None:
    """A response that is made of what an application sends for a HEAD has no other length either."""

    def wsgi(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def awaited(request: Request) -> Response:
        return await Response.afrom_app(asgi, request.scope)

    called = Application[Request](lambda request: Response.from_app(wsgi, request.environ, buffered=True))
    for app, protocol in ((called, "wsgi"), (Application[Request](awaited), "asgi")):
        with Client(app, protocol) as client:
            assert "Content-Length" not in client.head("/").headers
            assert client.get("/").headers["Content-Length"] == "0"


def test_the_input_of_a_request_that_seems_to_have_no_body() -> None:
    """``wsgi.input`` is opened at its first use, and is like every other file: it can be read, asked and iterated."""
    seen: list[Any] = []

    def app(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        stream = environ["wsgi.input"]
        seen.append((stream.readable(), list(stream), stream.read(), stream.readline()))
        start_response("200 OK", [])
        return [b"x"]

    with Client(Application.from_wsgi(app), "asgi") as client:
        assert client.get("/").content == b"x"
    assert seen == [(True, [], b"", b"")]


@both
@pytest.mark.parametrize("step", ["iter", "next"])
def test_a_body_that_fails_at_once(protocol: Any, step: str) -> None:
    """The error is raised to the server, and the body is closed, once."""
    log: list[str] = []

    class Body:
        def __iter__(self) -> Body:
            if step == "iter":
                raise LookupError("of the body")
            return self

        def __next__(self) -> bytes:
            raise LookupError("of the body")

        def close(self) -> None:
            log.append("closed")

    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        start_response("200 OK", [])
        return Body()

    with Client(Application.from_wsgi(app), protocol) as client, pytest.raises(LookupError, match="of the body"):
        client.get("/")
    assert log == ["closed"]


@pytest.mark.parametrize("empty", [0, 1])
@pytest.mark.parametrize("length", [None, "1"])
def test_a_body_that_fails_before_it_has_bytes(length: str | None, empty: int) -> None:
    """The iterable is closed, and the error is raised before anything was sent, so that the client gets a 500."""
    log: list[str] = []

    class Failing:
        def __init__(self) -> None:
            self.chunks = iter([b""] * empty)

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            for chunk in self.chunks:
                return chunk
            raise LookupError("no first chunk")

        def close(self) -> None:
            log.append("closed")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", length)] if length else [])
        return Failing()

    sent: list[Any] = []

    async def main() -> None:
        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            sent.append(message)

        with pytest.raises(LookupError, match="no first chunk"):
            await Application.from_wsgi(app)(RequestBuilder("/").scope(), receive, send)

    anyio.run(main)
    assert (sent, log) == ([], ["closed"])


def test_a_list_of_something_else_than_bytes() -> None:
    """PEP 3333: a body is bytes. Text is an error before anything was sent, and the list is closed."""
    log: list[str] = []

    class Closing(list[Any]):
        def close(self) -> None:
            log.append("closed")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Closing([b"bytes", "text"])

    with Client(Application.from_wsgi(app), "asgi") as client, pytest.raises(TypeError):
        client.get("/")
    assert log == ["closed"]


# --- the call by itself ---


class Steps:
    """An iterable of ``chunks`` that notes what is asked of it. An exception among them is raised."""

    def __init__(self, *chunks: bytes | BaseException) -> None:
        self.chunks = iter(chunks)
        self.log: list[str] = []

    def __iter__(self) -> Steps:
        return self

    def __next__(self) -> bytes:
        self.log.append("next")
        chunk = next(self.chunks)
        if isinstance(chunk, BaseException):
            raise chunk
        return chunk

    def close(self) -> None:
        self.log.append("close")


def test_what_is_written_does_not_wait_for_the_iterable() -> None:
    """What an application writes before it returns is given before the iterable is asked for its first item."""
    steps = Steps(b"def")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "6")])(b"abc")
        return steps

    _, _, body = call_app(app, {})
    assert body.take_whole(6) is None
    chunks = iter(body)
    assert (next(chunks), steps.log) == (b"abc", [])
    assert b"".join(chunks) == b"def"
    body.close()
    body.close()
    assert steps.log == ["next", "next", "close"]


def test_what_is_written_after_the_end() -> None:
    """``write()`` is refused as soon as the iterable has ended, because nobody would send the bytes."""
    kept: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        kept.append(start_response("200 OK", []))
        return Steps(b"abc")

    _, _, body = call_app(app, {})
    assert b"".join(body) == b"abc"
    with pytest.raises(RuntimeError, match="after the end of the response"):
        kept[0](b"late")


def test_the_fields_are_those_of_the_call() -> None:
    """The list of header fields belongs to the application, which may change it after ``start_response``."""

    def app(environ: Any, start_response: Any) -> Any:
        fields = [("X-A", "1")]
        start_response("200 OK", fields)
        fields.clear()
        return []

    assert call_app(app, {})[1] == [("X-A", "1")]


@pytest.mark.parametrize("error", [None, LookupError(), SystemExit()])
def test_the_iterable_is_closed_after_its_last_chunk(error: BaseException | None) -> None:
    """An iterable whose body was taken whole is closed once, whether it then gives more than was declared or raises an
    error.
    """
    steps = Steps(b"abc", b"more" if error is None else error)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "3")])
        return steps

    _, _, body = call_app(app, {})
    assert body.take_whole(3) == b"abc"
    with pytest.raises(ContentLengthError if error is None else type(error)):
        body.finish()
    assert steps.log == ["next", "next", "close"]


@pytest.mark.parametrize("error", [LookupError, SystemExit])
def test_an_iterable_whose_first_item_fails_is_closed(error: type[BaseException]) -> None:
    """An iterable that was asked for its first item, with any error, is closed: nobody else has it."""
    steps = Steps(error())

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "3")])
        return steps

    with pytest.raises(error):
        call_app(app, {})
    assert steps.log == ["next", "close"]


class ClosingList(list[bytes]):
    """A list that has to be closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("status", ["200 OK", "99 Wrong"])
def test_a_list_that_has_to_be_closed(status: str) -> None:
    """Over ASGI it is closed once, also if the status that comes with it cannot be sent."""
    chunks = ClosingList([b"abc"])

    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, [])
        return chunks

    with Client(Application.from_wsgi(app), "asgi") as client:
        if status == "200 OK":
            assert client.get("/").content == b"abc"
        else:
            with pytest.raises(ValueError, match="99"):
                client.get("/")
    assert chunks.closed == 1


def test_an_iterator_without_close_runs_to_its_end() -> None:
    """What a program does after the last chunk is done, also if its iterable has no close()."""
    seen: list[str] = []

    def chunks() -> Iterator[bytes]:
        yield b"abc"
        seen.append("after")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "3")])
        return map(bytes, chunks())

    with Client(Application.from_wsgi(app), "asgi") as client:
        assert client.get("/").content == b"abc"
    assert seen == ["after"]


def test_a_raw_path_without_the_prefix() -> None:
    """Some servers leave the root path out of ``raw_path``. PATH_INFO is what is below it in any case."""
    seen: list[tuple[str, str]] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append((environ["SCRIPT_NAME"], environ["PATH_INFO"]))
        start_response("200 OK", [])
        return []

    async def send(message: Any) -> None: ...

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    for raw_path in (b"/below/the/page", b"/the/page"):
        scope = RequestBuilder("/").scope() | {"root_path": "/below", "path": "/below/the/page", "raw_path": raw_path}
        anyio.run(Application.from_wsgi(app), scope, receive, send)
    assert seen == [("/below", "/the/page")] * 2


def _reads(how: str, stream: Any) -> bytes:
    if how == "lines":
        return b"".join(stream)
    if how == "read1":
        return b"".join(iter(lambda: stream.read1(1000), b""))
    if how == "readinto":
        buffer = bytearray(1000)
        return b"".join(bytes(buffer[:size]) for size in iter(lambda: stream.readinto(buffer), 0))
    data: bytes = stream.read() if how == "read" else stream.readline() + stream.read(300_000)
    return data


UPLOAD = 200_000


def _cut_off(app: Any, size: int, backend: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body of the answer of ``app`` to an upload that ends after ``size`` bytes; over ASGI. The status is 0
    if nothing is sent.
    """
    builder = RequestBuilder("/", method="POST", data=b"x" * UPLOAD, headers=headers)
    scope = builder.scope()
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"x" * size, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(app, scope, receive, send, backend=backend)
    return sent[0]["status"] if sent else 0, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("how", ["read", "read1", "readline", "lines", "readinto"])
def test_an_upload_that_breaks_off_is_an_oserror(how: str, backend: str) -> None:
    """``wsgi.input`` of a client that has left raises an OSError, as that of a WSGI server does. If the application
    lets it pass, the answer is a 400.
    """
    seen: list[str] = []

    def app(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        try:
            _reads(how, environ["wsgi.input"])
        except OSError as error:
            seen.append(str(error))
            if environ.get("HTTP_X_PASS"):
                raise
        start_response("200 OK", [])
        return [b"answered"]

    for size in (1, 100, 150_000, UPLOAD - 1):
        for bridge in (
            Application.from_wsgi(app),
            asgi.from_wsgi(app),
            Mount({"/": Application.from_wsgi(app)}),
            resolving(Mount({"/": app})),
        ):
            # what is streamed is not sent, because the client has left
            assert _cut_off(bridge, size, backend, {}) in ((200, b"answered"), (0, b""))
            status, text = _cut_off(bridge, size, backend, {"X-Pass": "1"})
            assert (status, b"the client disconnected" in text) == (400, True)
            assert seen == ["400 Bad Request: the client disconnected before the request was complete"] * 2
            seen.clear()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("view", ["get_data", "form", "stream"])
def test_an_upload_that_breaks_off_is_no_error_of_a_site(
    view: str, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A site of another library answers a client that has left by itself, as under a WSGI server, and logs no error."""
    app = flask.Flask("site")

    @app.post("/")
    def upload() -> str:
        if view == "form":
            return str(len(flask.request.form))
        return str(len(flask.request.get_data() if view == "get_data" else flask.request.stream.read()))

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    for size in (1, 150_000):
        for bridge in (Application.from_wsgi(app), Application.from_wsgi(Application.from_wsgi(app).wsgi_app)):
            status, text = _cut_off(bridge, size, backend, headers)
            assert (status, b"Bad Request" in text) == (400, True)
        # what is streamed is sent only if it comes before the message that the client has left
        assert _cut_off(resolving(Mount({"/": app})), size, backend, headers)[0] in (0, 400)
    assert caplog.records == []


def test_what_says_where_the_input_ends() -> None:
    """A body without a Content-Length ends where the input ends (``wsgi.input_terminated``). A declared length says it
    otherwise; the input ends there, too.
    """

    def app(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        said = "wsgi.input_terminated" in environ, environ.get("CONTENT_LENGTH")
        return [repr((*said, len(environ["wsgi.input"].read()))).encode()]

    for bridge in (Application.from_wsgi(app), resolving(Mount({"/": app}))):
        with Client(bridge, "asgi") as client:
            assert client.post("/", content=b"x" * 200_000).text == "(False, '200000', 200000)"
            assert client.post("/", content=iter([b"x" * 200_000])).text == "(True, None, 200000)"
            assert client.get("/").text == "(True, None, 0)"


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"x" * 200_000])
@pytest.mark.parametrize("bridge", [Application.from_wsgi, asgi.from_wsgi])
def test_a_body_that_was_kept_before(bridge: Any, content: bytes) -> None:
    """If a middleware has loaded the body, ``wsgi.input`` is a file with all of it, once more for each application."""

    def app(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    async def loading(scope: Any, receive: Any, send: Any) -> None:
        assert (await Request(scope, receive).load()).get_data() == content
        await bridge(app)(scope, receive, send)

    with Client(loading, "asgi") as client:
        assert client.post("/", content=content).content == content
