"""``Application.on_exception`` answers exceptions that are no HTTPException, on both protocols."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import nullcontext
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import CORS, Application, Request, Response, abort, middleware
from cardan.exceptions import HTTPException, ServiceUnavailable
from cardan.testing import PROTOCOLS, Client, RequestBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardan import Flow, Handler

both = pytest.mark.parametrize("protocol", PROTOCOLS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])
with_middleware = pytest.mark.parametrize("around", ["bare", "middleware"])

PLACE: ContextVar[str] = ContextVar("PLACE", default="")
#: where an exception can arise, other than in the handler
ELSEWHERE = ("resolve", "on_error", "before", "after", "no response")


class Defect(Exception):
    """A fault of the program."""


def handler(request: Request) -> Any:
    """Fails in the way that the path says."""
    PLACE.set("set by the handler")
    way = request.path.strip("/")
    if way == "handler":
        raise Defect(way)
    if way == "oserror":
        raise OSError(way)
    if way == "stop":
        raise StopIteration(way)
    if way in ("on_error", "refused"):
        abort(404)
    return 17 if way == "no response" else Response("well")


async def ahandler(request: Request) -> Any:
    """The same as an ``async def``."""
    return handler(request)


HANDLERS: dict[str, Handler[Request]] = {"def": handler, "async": ahandler}


@middleware
def mark(request: Request) -> Flow:
    """Fails before or after its ``yield`` if the path says so."""
    if request.path == "/before":
        raise Defect("before")
    response = yield
    if request.path == "/after":
        raise Defect("after")
    response.headers["X-Mark"] = "seen"


class App(Application[Request]):
    """Answers unexpected exceptions, and notes what it was given."""

    def __init__(self, kind: str, around: str = "bare") -> None:
        super().__init__(HANDLERS[kind], middleware=[mark] if around == "middleware" else [])
        self.seen: list[tuple[str, BaseException, str, str]] = []

    def on_error(self, request: Request, error: HTTPException) -> Response:
        """Fails for one path."""
        if request.path == "/on_error":
            raise Defect("on_error")
        return super().on_error(request, error)

    def on_exception(self, request: Request, error: Exception) -> Response | None:
        """Notes the error, the context and the thread."""
        self.seen.append((request.path, error, PLACE.get(), threading.current_thread().name))
        if request.headers.get("X-Answer") == "none":
            return None
        if request.headers.get("X-Answer") == "raise":
            raise ServiceUnavailable(retry_after=5)
        if request.headers.get("X-Answer") == "wrong":
            return "text"  # type: ignore[return-value]
        return Response(f"sorry: {type(error).__name__}", 500, {"X-Sorry": "yes"})


class Routed(App):
    """Its ``resolve`` fails for one path."""

    def resolve(self, request: Request) -> Any:
        """The handler, or a defect."""
        if request.path == "/resolve":
            raise Defect("resolve")
        return super().resolve(request)


def records(caplog: pytest.LogCaptureFixture) -> Iterator[logging.LogRecord]:
    """What was logged to the logger ``cardan``."""
    return (record for record in caplog.records if record.name == "cardan")


@both
@kinds
@with_middleware
def test_its_response_is_sent_and_the_error_is_logged_once(
    protocol: Any, kind: str, around: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the traceback. The hook runs in the context of the handler."""
    app = App(kind, around)
    with Client(app, protocol, raise_app_exceptions=False) as client:
        response = client.get("/handler")
    assert (response.status_code, response.text) == (500, "sorry: Defect")
    assert response.headers["X-Sorry"] == "yes"
    [(path, error, place, _)] = app.seen
    assert (path, str(error), place) == ("/handler", "handler", "set by the handler")
    [record] = records(caplog)
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert record.getMessage() == "GET '/handler' failed, and on_exception gave the response 500: Defect"


@both
@kinds
@pytest.mark.parametrize("place", ELSEWHERE)
def test_it_gets_what_anything_of_the_application_raises(protocol: Any, kind: str, place: str) -> None:
    """``resolve``, ``on_error``, a middleware before and after its ``yield``, and a result that is no response."""
    app = Routed(kind, "middleware")
    with Client(app, protocol, raise_app_exceptions=False) as client:
        response = client.get(f"/{place}")
    assert response.text == ("sorry: TypeError" if place == "no response" else "sorry: Defect")
    assert len(app.seen) == 1
    assert "X-Mark" not in response.headers  # it is outside all middleware


@both
@kinds
@pytest.mark.parametrize("place", ["oserror", "stop"])
def test_it_gets_what_servers_take_for_their_own(protocol: Any, kind: str, place: str) -> None:
    """An OSError and a StopIteration are answered by it as well."""
    app = App(kind)
    with Client(app, protocol, raise_app_exceptions=False) as client:
        response = client.get(f"/{place}")
    assert (response.status_code, response.headers["X-Sorry"]) == (500, "yes")


@both
@kinds
@with_middleware
def test_none_leaves_the_error_to_the_server(
    protocol: Any, kind: str, around: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The error is raised as without the hook, and nothing is logged by cardan."""
    app = App(kind, around)
    with Client(app, protocol) as client, pytest.raises(Defect, match="handler"):
        client.get("/handler", headers={"X-Answer": "none"})
    assert len(app.seen) == 1
    assert list(records(caplog)) == []


@both
@kinds
@with_middleware
def test_test_clients_see_the_error(protocol: Any, kind: str, around: str) -> None:
    """On ASGI it is raised after the response was sent, on WSGI because the environ asks for errors."""
    app = App(kind, around)
    with Client(app, protocol) as client, pytest.raises(Defect, match="handler"):
        client.get("/handler")
    assert len(app.seen) == 1


@both
@kinds
def test_it_may_raise_an_http_exception(protocol: Any, kind: str) -> None:
    """An HTTPException that ``on_exception`` raises becomes its response by ``on_error``."""
    with Client(App(kind), protocol, raise_app_exceptions=False) as client:
        response = client.get("/handler", headers={"X-Answer": "raise"})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@both
@kinds
def test_anything_else_is_an_error(protocol: Any, kind: str) -> None:
    """A result that is no response is a TypeError, which goes to the server, with the first error as its context."""
    with (
        Client(App(kind), protocol) as client,
        pytest.raises(TypeError, match=r"got str from App\.on_exception") as caught,
    ):
        client.get("/handler", headers={"X-Answer": "wrong"})
    assert isinstance(caught.value.__context__, Defect)


LEAVING = {
    "interrupt": KeyboardInterrupt("stop"),
    "exit": SystemExit("stop"),
    "group": BaseExceptionGroup("both", [KeyboardInterrupt("stop"), Defect("x")]),
    "nested group": BaseExceptionGroup("both", [BaseExceptionGroup("inner", [SystemExit("stop")]), Defect("x")]),
}


@both
@kinds
@with_middleware
@pytest.mark.parametrize("name", LEAVING)
def test_what_ends_the_process_is_not_answered(
    protocol: Any, kind: str, around: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """KeyboardInterrupt and SystemExit, also in a group, are raised to the server. The hook is not called."""
    error = LEAVING[name]
    app = App(kind, around)

    def leave(request: Request) -> Response:
        raise error

    async def aleave(request: Request) -> Response:
        raise error

    app.handler = leave if kind == "def" else aleave
    with Client(app, protocol) as client, pytest.raises(type(error)) as caught:
        client.get("/")
    assert caught.value is error
    assert app.seen == []
    assert list(records(caplog)) == []


@both
@kinds
@with_middleware
def test_a_group_of_exceptions_is_one_exception(
    protocol: Any, kind: str, around: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A task group raises an ExceptionGroup, which is answered and logged once as a whole."""
    app = App(kind, around)
    error = ExceptionGroup("tasks", [Defect("one"), OSError("two")])

    def fails(request: Request) -> Response:
        raise error

    async def afails(request: Request) -> Response:
        raise error

    app.handler = fails if kind == "def" else afails
    with Client(app, protocol, raise_app_exceptions=False) as client:
        assert client.get("/").text == "sorry: ExceptionGroup"
    [record] = records(caplog)
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@both
@with_middleware
def test_a_cancellation_of_something_else_is_an_error(protocol: Any, around: str) -> None:
    """If what an ``async def`` handler awaits was cancelled elsewhere, the hook gets a RuntimeError with that cause."""
    app = App("async", around)

    async def cancelled(request: Request) -> Response:
        task = asyncio.ensure_future(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(task.cancel)
        await task
        return Response("")

    app.handler = cancelled
    with Client(app, protocol, raise_app_exceptions=False) as client:
        assert client.get("/").text == "sorry: RuntimeError"
    [(_, error, _, _)] = app.seen
    assert isinstance(error.__cause__, asyncio.CancelledError)


@pytest.mark.parametrize("native", [True, False], ids=["task", "scope"])
@with_middleware
@kinds
def test_the_cancellation_of_the_request_passes(kind: str, around: str, native: bool) -> None:
    """A server or a test that cancels the request sees it end. The hook is not called."""
    app = App("async", around)

    async def cancelled(request: Request) -> Response:
        started.set()
        await anyio.sleep(60)
        return Response("")

    def blocked(request: Request) -> Response:
        anyio.from_thread.run(cancelled, request)
        return Response("")

    app.handler = blocked if kind == "def" else cancelled
    started = threading.Event()

    async def main() -> None:
        nonlocal started
        begun = started = anyio.Event()  # type: ignore[assignment]

        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            raise AssertionError(message)

        if native:
            task = asyncio.ensure_future(app(RequestBuilder("/").scope(), receive, send))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return
        async with anyio.create_task_group() as group:
            group.start_soon(app, RequestBuilder("/").scope(), receive, send)
            await begun.wait()
            group.cancel_scope.cancel()

    anyio.run(main)
    assert app.seen == []


@both
@kinds
def test_an_error_in_the_body_is_not_answered(protocol: Any, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """An error of a body is raised to the server, before or after the first chunk. The hook is not called."""
    for chunks in ((), (b"some",)):

        def body(chunks: Any = chunks) -> Iterator[bytes]:
            yield from chunks
            raise Defect("body")

        async def abody(chunks: Any = chunks) -> Any:
            for chunk in chunks:
                yield chunk
            raise Defect("body")

        for make in (body, abody):
            app = App(kind)
            app.handler = partial(streaming if kind == "def" else astreaming, make)
            with Client(app, protocol) as client, pytest.raises(Defect, match="body"):
                client.get("/")
            assert app.seen == []
    assert list(records(caplog)) == []


def streaming(make: Any, request: Request) -> Response:
    return Response(make())


async def astreaming(make: Any, request: Request) -> Response:
    return Response(make())


@kinds
@with_middleware
@pytest.mark.parametrize(("version", "expected"), [("1.0", "close"), ("1.1", "close"), ("2", None)])
def test_the_connection_ends_on_asgi(kind: str, around: str, version: str, expected: str | None) -> None:
    """A server that gets the error after the response may end the connection, as uvicorn does: the client is told so.

    Otherwise its next request could be sent on that connection and be lost. HTTP/2 has no such field.
    """
    with Client(App(kind, around), "asgi", raise_app_exceptions=False, http_version=version) as client:
        assert client.get("/handler").headers.get("Connection") == expected
        assert "Connection" not in client.get("/well").headers
    with Client(App(kind, around), "wsgi", raise_app_exceptions=False) as client:
        assert "Connection" not in client.get("/handler").headers


@both
@kinds
def test_other_requests_do_not_reach_it(protocol: Any, kind: str) -> None:
    """Neither a response nor an HTTPException of the handler is given to ``on_exception``."""
    app = App(kind, "middleware")
    with Client(app, protocol) as client:
        assert client.get("/well").headers["X-Mark"] == "seen"
        assert client.get("/refused").status_code == 404
    assert app.seen == []


@both
@kinds
@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_its_response_is_sent_as_every_response(protocol: Any, kind: str, method: str) -> None:
    """The response is sent after an upload that nobody read, and without a body for HEAD."""
    app = App(kind)
    content = {"content": bytes(300_000)} if method == "POST" else {}
    with Client(app, protocol, raise_app_exceptions=False) as client:
        response = client.request(method, "/handler", **content)  # type: ignore[arg-type]
    assert response.text == ("" if method == "HEAD" else "sorry: Defect")
    assert response.headers["Content-Length"] == "13"


@both
@kinds
def test_its_response_may_be_streamed(protocol: Any, kind: str) -> None:
    """The body of the response is closed at the end."""
    closed: list[str] = []

    def chunks() -> Iterator[str]:
        yield "a"
        yield "b"

    def on_exception(request: Request, error: Exception) -> Response:
        response = Response(chunks(), 500)
        response.call_on_close(lambda: closed.append("closed"))
        return response

    app = Application(HANDLERS[kind])
    app.on_exception = on_exception  # type: ignore[method-assign]
    with Client(app, protocol, raise_app_exceptions=False) as client:
        assert client.get("/handler").text == "ab"
    assert closed == ["closed"]


@both
@kinds
def test_a_sink_that_fails_while_the_body_is_loaded(protocol: Any, kind: str) -> None:
    """An error of loading that is no HTTPException counts as the handler's: middleware gets it, then the hook."""
    caught: list[str] = []

    class Uploads(Request):
        def make_file_sink(self, part: Any) -> Any:
            raise Defect("disk")

    @middleware
    def watch(request: Uploads) -> Flow:
        try:
            yield
        except Defect as error:
            caught.append(str(error))
            raise

    app = Application(HANDLERS[kind], request_class=Uploads, middleware=[watch], load=True)
    app.on_exception = lambda request, error: Response("sorry", 500)  # type: ignore[method-assign]
    with Client(app, protocol, raise_app_exceptions=False) as client:
        response = client.post("/well", files={"f": ("a.txt", b"data")})
    assert (response.text, caught) == ("sorry", ["disk"])


@both
def test_its_response_passes_what_stands_around_the_application(protocol: Any) -> None:
    """The response of ``on_exception`` gets the fields of ``CORS``, so that scripts of a browser can read it."""

    class Answering(Application[Request]):
        def on_exception(self, request: Request, error: Exception) -> Response:
            return Response("sorry", 500)

    def fails(request: Request) -> Response:
        raise KeyError("x")

    app = CORS(Answering(fails), origins=["https://a.example"])
    with Client(app, protocol=protocol, raise_app_exceptions=False) as client:
        answer = client.get("/", headers={"Origin": "https://a.example"})
    assert (answer.status_code, answer.text) == (500, "sorry")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"


@both
@kinds
@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("streamed", [True, False])
def test_its_response_is_closed_also_if_the_error_is_raised(
    protocol: Any, kind: str, raises: bool, streamed: bool
) -> None:
    """The body and the hooks of the response are closed once: after it was sent, or if it is not sent because the error
    is raised in its place.
    """
    closed: list[str] = []

    class Body:
        def __iter__(self) -> Iterator[str]:
            return iter(["sorry"])

        def close(self) -> None:
            closed.append("body")

    async def close() -> None:
        closed.append("async hook")

    def on_exception(request: Request, error: Exception) -> Response:
        response = Response(Body() if streamed else "sorry", 500)
        response.call_on_close(lambda: closed.append("hook"))
        response.call_on_close(close)
        return response

    app = Application(HANDLERS[kind])
    app.on_exception = on_exception  # type: ignore[method-assign]
    with Client(app, protocol, raise_app_exceptions=raises) as client:
        with pytest.raises(Defect) if raises else nullcontext():
            client.get("/handler")
    assert closed == ["body", "hook", "async hook"][not streamed :]
