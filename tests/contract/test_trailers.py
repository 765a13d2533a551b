"""Trailer fields (RFC 9110 section 6.5) of a response, in the process and on the servers that send them."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Compression, Mount, Request, Response, core, middleware
from cardan.asgi import from_wsgi
from cardan.testing import AsyncClient, Client, RequestBuilder, lint
from cardan.wsgi import from_asgi
from tests.h2_client import exchange, get

from . import trailers_app
from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.servers import ServerPool

OFFERED: Any = {"http.response.trailers": {}}
DIGEST = ("x-digest", sha256(b"hello").hexdigest())
TIMING = ("server-timing", "total;dur=12")
APPS = [trailers_app.plain, trailers_app.awaiting]


def seen(app: Any, path: str = "/stream", method: str = "GET", **values: Any) -> tuple[str | None, bytes, Any]:
    """The announced names, the body and the trailer fields that a client gets. The lint checks the messages."""
    values = {"http_version": "2", "extensions": OFFERED, **values}
    content, headers = values.pop("content", None), values.pop("headers", None)
    with Client(lint.asgi(app), "asgi", **values) as client:
        response = client.request(method, path, content=content, headers=headers)
        return response.headers.get("Trailer"), response.content, response.extensions["trailers"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("app", APPS, ids=["def", "async"])
def test_where_the_server_sends_them(app: Any, backend: str) -> None:
    """The head announces the names, and the values follow the body; also those that are known at its end only."""
    assert seen(app, backend=backend) == ("X-Digest", b"hello", [DIGEST])
    assert seen(app, "/whole", backend=backend) == ("Server-Timing", b"hello", [TIMING])
    assert seen(app, http_version="1.1", backend=backend) == ("X-Digest", b"hello", [DIGEST])


@pytest.mark.parametrize("app", APPS, ids=["def", "async"])
@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/stream", {"method": "HEAD"}),
        ("/whole", {"method": "HEAD"}),
        ("/whole", {"http_version": "1.1"}),
        ("/stream", {"http_version": "1.0"}),
        ("/stream", {"extensions": None}),
        ("/whole", {"extensions": {"http.response.early_hint": {}}}),
    ],
)
def test_where_none_are_sent(app: Any, path: str, values: Any) -> None:
    """Trailer fields are not sent to HEAD, with a Content-Length on HTTP/1.1, on HTTP/1.0, or without the extension."""
    name, body, fields = seen(app, path, **values)
    assert (name, body, fields) == (None, b"" if values.get("method") == "HEAD" else b"hello", [])


@pytest.mark.parametrize("app", APPS, ids=["def", "async"])
@pytest.mark.parametrize("path", ["/stream", "/whole"])
def test_over_wsgi(app: Any, path: str) -> None:
    """WSGI has none: they are not announced either, and nothing is an error."""
    with Client(lint.wsgi(app), "wsgi") as client:
        response = client.get(path)
    assert (response.headers.get("Trailer"), response.text) == (None, "hello")
    assert response.extensions["trailers"] == []


@pytest.mark.parametrize("app", APPS, ids=["def", "async"])
def test_no_field_has_a_value(app: Any) -> None:
    """A server waits for the message, and some fail at one without fields: an announced field is empty then."""
    assert seen(app, "/none") == ("X-Digest", b"hello", [("x-digest", "")])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("app", [*APPS, Response(["hel", "lo"])], ids=["def", "async", "bare"])
def test_behind_an_upload_that_is_not_read(app: Any, backend: str) -> None:
    """The end of an early answer waits until the upload was received; its trailer fields come after that end."""
    expected = [DIGEST]
    if isinstance(app, Response):
        app.trailers["Server-Timing"] = TIMING[1]
        expected = [TIMING]
    for size in (10, 300_000):
        assert seen(app, "/stream", "POST", content=b"x" * size, backend=backend)[1:] == (b"hello", expected)


def test_from_middleware() -> None:
    """A middleware adds a field to every response, also to those to errors."""

    @middleware
    def timed(request: Request) -> Any:
        response = yield
        response.trailers["Server-Timing"] = lambda: TIMING[1]

    app = Application(lambda request: Response("hello") if request.path == "/" else core.abort(404), middleware=[timed])
    assert seen(app, "/") == ("Server-Timing", b"hello", [TIMING])
    assert seen(app, "/none")[2] == [TIMING]


NAME: ContextVar[str] = ContextVar("NAME")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_where_a_function_runs(backend: str) -> None:
    """In the context of the request: in the event loop for an async body, else in a worker thread."""
    threads: list[str] = []

    def told() -> str:
        threads.append(threading.current_thread().name)
        return NAME.get()

    def answer(body: Any) -> Response:
        NAME.set("a")
        response = Response(body)
        response.trailers["X-Name"] = told
        return response

    async def chunks() -> AsyncIterator[str]:
        threads.append(threading.current_thread().name)
        yield "a"

    @Application
    async def awaiting(request: Request) -> Response:
        return answer(chunks())

    for app in (Application(lambda request: answer(iter(["a"]))), Application(lambda request: answer(chunks()))):
        assert seen(app, backend=backend)[2] == [("x-name", "a")]
    assert seen(awaiting, backend=backend)[2] == [("x-name", "a")]
    in_thread, loop, in_loop, loop2, in_loop2 = threads
    assert in_thread != loop
    assert (in_loop, in_loop2) == (loop, loop2)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_function_that_fails(is_async: bool) -> None:
    """An error of a function that computes a trailer field is raised to the server, like an error of the body."""

    def fail() -> str:
        raise LookupError("broken")

    async def chunks() -> AsyncIterator[str]:
        yield "a"

    @Application
    def app(request: Request) -> Response:
        response = Response(chunks() if is_async else iter(["a"]))
        response.trailers["X"] = fail
        return response

    with pytest.raises(LookupError, match="broken"):
        seen(app)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_server_that_stops(is_async: bool) -> None:
    """A stream that is ended by the server's stop has no trailer fields: none is asked for its value."""
    from cardan import _crossing as crossing
    from cardan.asgi._sending import Sender

    stops: list[Any] = []
    sent: list[Any] = []

    def endless() -> Iterator[str]:
        while True:
            yield "a"

    async def aendless() -> AsyncIterator[str]:
        while True:
            yield "a"

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            stops[0]()
        await anyio.lowlevel.checkpoint()

    def when_stopped(function: Any) -> Any:
        stops.append(function)
        return stops.clear

    response = Response(aendless() if is_async else endless())
    response.trailers["X"] = lambda: pytest.fail("called")

    async def main() -> None:
        sender = Sender(
            send,
            watch=anyio.sleep_forever,
            worker=crossing.Worker(crossing.DEFAULT_THREADS),
            context=crossing.CallersContext(),
            request_url=None,
            trailers_over="2",
            when_stopped=when_stopped,
        )
        with anyio.fail_after(100):
            await sender.send(response, "GET")

    anyio.run(main)
    assert sent[-1] == {"type": "http.response.trailers", "headers": [(b"x", b"")], "more_trailers": False}
    assert sent[-2] == {"type": "http.response.body", "body": b"", "more_body": False}


@pytest.mark.parametrize("streamed", [False, True])
def test_compression(streamed: bool) -> None:
    """Trailer fields follow a compressed body. A body whose digest is announced stays as it is."""

    def make(name: str) -> Any:
        @Application
        def app(request: Request) -> Response:
            response = Response(iter(["hello "] * 500) if streamed else "hello " * 500)
            response.trailers[name] = "a"
            return response

        return Compression(app)

    with Client(lint.asgi(make("X-Name")), "asgi", http_version="2", extensions=OFFERED) as client:
        response = client.get("/")
    assert response.headers["Content-Encoding"] in ("gzip", "br", "zstd")
    assert (response.text, response.extensions["trailers"]) == ("hello " * 500, [("x-name", "a")])
    with Client(lint.asgi(make("Content-Digest")), "asgi", http_version="2", extensions=OFFERED) as client:
        response = client.get("/")
    assert "Content-Encoding" not in response.headers
    assert response.extensions["trailers"] == [("content-digest", "a")]


async def foreign(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application of nobody: it asks for the extension, or sends trailer fields all the same on /rude."""
    assert scope["type"] == "http"
    offered = "http.response.trailers" in (scope.get("extensions") or ()) or scope["path"].endswith("/rude")
    headers = [(b"content-type", b"text/plain"), (b"trailer", b"X-Name")] if offered else []
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": offered})
    await send({"type": "http.response.body", "body": b"hello"})
    if offered:
        await send({"type": "http.response.trailers", "headers": [(b"x-name", b"a")], "more_trailers": True})
        await send({"type": "http.response.trailers", "headers": [(b"x-name", b"b")]})


def test_an_asgi_application_that_is_mounted() -> None:
    """What an ASGI application sends below a Mount, or as one side of an application for both, is passed on."""
    pairs = [("x-name", "a"), ("x-name", "b")]
    for app in (Mount({"/": foreign}), Application.from_asgi(foreign), Mount({"/": Application.from_asgi(foreign)})):
        assert seen(app, "/") == ("X-Name", b"hello", pairs)


@pytest.mark.parametrize("path", ["/", "/rude"])
def test_an_asgi_application_on_wsgi(path: str) -> None:
    """The bridge offers none, and drops what an application sends all the same."""
    with Client(from_asgi(foreign), "wsgi") as client:
        assert client.get(path).text == "hello"


def test_a_wsgi_application_on_asgi() -> None:
    """A response that crosses to WSGI and back has none."""
    assert seen(from_wsgi(trailers_app.plain)) == (None, b"hello", [])


@pytest.mark.parametrize("app", [foreign, *APPS], ids=["foreign", "def", "async"])
def test_a_response_made_of_an_application(app: Any) -> None:
    """``afrom_app`` gives a response with the trailer fields, which sends them on. Values of one name are one list."""
    pairs = {foreign: ("X-Name", [("x-name", "a, b")])}.get(app, ("X-Digest", [DIGEST]))

    async def main() -> tuple[Response, list[Any]]:
        scope = RequestBuilder("/stream").scope()
        assert not (await Response.afrom_app(app, scope)).trailers
        scope = {**RequestBuilder("/stream").scope(), "http_version": "2", "extensions": OFFERED}
        response = await Response.afrom_app(app, scope)
        return response, [message async for message in response.get_asgi_messages(scope)]

    response, messages = anyio.run(main)
    assert (b"trailer", pairs[1][0][0].encode()) in messages[0]["headers"]
    scope = {**RequestBuilder("/").scope(), "http_version": "2", "extensions": OFFERED}
    assert response.get_asgi_headers(scope) == messages[0]["headers"]
    assert messages[0]["trailers"] is True
    assert messages[-1]["headers"] == [tuple(text.encode() for text in pair) for pair in pairs[1]]
    assert seen(response)[2] == pairs[1]


def test_an_application_that_announces_none_in_the_end() -> None:
    """The ``Trailer`` of an application that has sent none does not stay in its response."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"trailer", b"X")]
        await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})
        await send({"type": "http.response.body", "body": b"hello"})
        await send({"type": "http.response.trailers", "headers": []})

    scope = {**RequestBuilder("/").scope(), "extensions": OFFERED}
    response = anyio.run(Response.afrom_app, app, scope)
    assert ("Trailer" in response.headers, dict(response.trailers)) == (False, {})


@pytest.mark.parametrize("backend", ["", "asyncio", "trio"])
@pytest.mark.parametrize("over", ["1.1", "2", None])
@pytest.mark.parametrize("path", ["/stream", "/whole", "/none"])
@pytest.mark.parametrize("app", APPS, ids=["def", "async"])
def test_without_a_server(app: Any, path: str, over: str | None, backend: str) -> None:
    """``respond`` and ``arespond`` give a response with the names and, when the body was taken, the values."""
    request = core.Request(core.RequestHead("GET", path, http_version=over or "1.1"))

    async def main() -> list[Any]:
        response = await app.arespond(request)
        return [event async for event in response.aiter_events("GET", trailers_over=over)]

    if backend:
        head, *chunks, end = anyio.run(main, backend=backend)
    else:
        head, *chunks, end = app.respond(request).iter_events("GET", trailers_over=over)
    assert b"".join(chunk.data for chunk in chunks) == b"hello"
    name, value = {"/stream": DIGEST, "/whole": TIMING, "/none": ("x-digest", None)}[path]
    sent = over == "2" or (over is not None and path != "/whole")
    # an ASGI server waits for a field; a caller that takes none gets none
    values = [value] if value is not None else [""] if backend else []
    assert [(each.lower(), text) for each, text in end.trailers] == [(name, each) for each in values if sent]
    assert [each.lower() for each in head.trailers] == ([name] if sent else [])
    assert [field for field, _ in head.headers if field.lower() == "trailer"] == (["Trailer"] if sent else [])


def test_a_function_runs_in_the_context_of_the_request() -> None:
    """``respond`` calls the function in this context for every kind of body, also with ``direct_passthrough``."""

    async def chunks() -> AsyncIterator[str]:
        yield "a"

    def answer(request: Request) -> Response:
        NAME.set(request.path)
        body: Any = chunks() if request.path == "/async" else iter([b"a"])
        response = Response(body, direct_passthrough=request.path == "/passed")
        response.trailers["X-Name"] = NAME.get
        return response

    for path in ("/def", "/async", "/passed"):
        response = Application(answer).respond(core.Request(core.RequestHead("GET", path)))
        *_, end = response.iter_events("GET", trailers_over="1.1")
        assert end.trailers == [("X-Name", path)]


def test_in_async_code() -> None:
    """The client of async code shows them, too."""

    async def main() -> Any:
        async with AsyncClient(trailers_app.plain, "asgi", http_version="2", extensions=OFFERED) as client:
            response = await client.get("/stream")
            return response.extensions["trailers"]

    assert anyio.run(main) == [DIGEST]


SERVERS = ["uvicorn-h2", "hypercorn-h2", "hypercorn-trio-h2", "gunicorn-asgi-h2"]


@pytest.mark.real_server
@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("name", ["plain", "awaiting"])
def test_over_http_2(kind: str, name: str, server_pool: ServerPool) -> None:
    """Over HTTP/2, trailer fields are sent to a client that asks for them (``TE: trailers``), with every kind of body.

    An upload that was not read changes nothing. Only gunicorn sends them to a client that does not ask.
    """
    port = server_pool.get(kind, "tests.contract.h2_app:app", app_dir=ROOT).port
    te = [("te", "trailers")]
    for path, expected in {"/stream": DIGEST, "/whole": TIMING, "/none": ("x-digest", "")}.items():
        answer = get(port, f"/trailers/{name}{path}", te)
        assert (answer.body, answer.trailers) == (b"hello", [expected])
        assert dict(answer.headers)["trailer"].lower() == expected[0]
    answer = exchange(port, "POST", f"/trailers/{name}/stream", te, b"x" * 10_000)
    assert (answer.body, answer.trailers) == (b"hello", [DIGEST])
    for path in ("/stream", "/whole"):
        answer = exchange(port, "HEAD", f"/trailers/{name}{path}", te)
        assert (answer.body, answer.trailers, "trailer" in dict(answer.headers)) == (b"", [], False)
    answer = get(port, f"/trailers/{name}/stream")
    assert (answer.body, answer.trailers) == (b"hello", [DIGEST] if kind.startswith("gunicorn") else [])


@pytest.mark.real_server
def test_over_http_2_and_wsgi(server_pool: ServerPool) -> None:
    """The WSGI workers of gunicorn speak HTTP/2, but WSGI has no trailer fields."""
    port = server_pool.get("gunicorn-h2", "tests.contract.h2_app:app", app_dir=ROOT).port
    answer = get(port, "/trailers/plain/stream", [("te", "trailers")])
    assert (answer.body, answer.trailers, "trailer" in dict(answer.headers)) == (b"hello", [], False)
