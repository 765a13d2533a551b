"""Context variables: all code of one request runs in one context, so one place can reset what another place has set."""

from __future__ import annotations

import contextvars
import io
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from wsgiref.util import FileWrapper

import anyio
import pytest

from cardan import Application, Flow, Request, Response, abort
from cardan import _crossing as crossing
from cardan.core._response import BaseResponse
from cardan.exceptions import HTTPException
from cardan.testing import Client, RequestBuilder

VAR: contextvars.ContextVar[Any] = contextvars.ContextVar("VAR", default="nothing")
#: protocol and backend; the backend of WSGI is that of the loop for async code
PAIRS = [(protocol, backend) for protocol in ("wsgi", "asgi") for backend in ("asyncio", "trio")]


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The protocol and the event loop."""
    pair: tuple[str, str] = request.param
    return pair


def asyncified(handler: Callable[[Request], Any], kind: str) -> Callable[[Request], Any]:
    """``handler`` as a ``def``, as an ``async def``, or as a ``def`` that returns a coroutine."""
    if kind == "def":
        return handler

    async def twin(request: Request) -> Any:
        await anyio.sleep(0)
        return handler(request)

    return twin if kind == "async" else lambda request: twin(request)


def get(app: Any, pair: tuple[str, str], **options: Any) -> Any:
    """GET / from ``app``, with the event loop of ``pair`` for async code."""
    protocol, backend = pair
    app._backend = backend
    with Client(app, protocol=protocol, backend=backend if protocol == "asgi" else "asyncio", **options) as client:
        return client.get("/")


class Places:
    """The places in the code of one request. The place named ``chosen`` resets the token that the handler has made."""

    def __init__(self, chosen: str) -> None:
        self.chosen = chosen
        self.token: Any = None
        self.outcome = "not reached"
        self.trail: list[str] = []

    def visit(self, name: str) -> None:
        """Record the value of the variable at this place."""
        self.trail.append(f"{name} sees {VAR.get()}")
        if name == self.chosen:
            try:
                VAR.reset(self.token)
            except ValueError:
                self.outcome = "another context"
                VAR.set(name)
            else:
                self.outcome = "reset"

    def sync_body(self) -> Iterator[bytes]:
        """A sync body."""
        self.visit("sync body")
        yield b"x"
        self.visit("sync body's second step")

    async def async_body(self) -> AsyncIterator[bytes]:
        """An async body."""
        await anyio.sleep(0)
        self.visit("async body")
        yield b"x"
        await anyio.sleep(0)
        self.visit("async body's second step")

    async def async_hook(self) -> None:
        """An ``async def`` hook."""
        await anyio.sleep(0)
        self.visit("async hook")

    async def __call__(self) -> None:
        """A hook that is an object with an async ``__call__``."""
        await anyio.sleep(0)
        self.visit("object hook")

    async def lambda_hook(self) -> None:
        """What a lambda calls."""
        await anyio.sleep(0)
        self.visit("lambda hook")

    def app(self, kind: str) -> Application[Request]:
        """An application with all places."""

        def middleware(request: Request) -> Flow:
            response = yield
            self.visit("middleware")
            return response

        def handler(request: Request) -> Response:
            self.token = VAR.set("handler")
            if self.chosen == "on_error":
                abort(409)
            response = Response(self.sync_body() if self.chosen.startswith("sync body") else self.async_body())
            response.call_on_close(lambda: self.visit("sync hook"))
            response.call_on_close(self.async_hook)
            response.call_on_close(lambda: self.lambda_hook())
            response.call_on_close(self)
            return response

        class App(Application[Request]):
            def on_error(app, request: Request, error: HTTPException) -> BaseResponse:
                self.visit("on_error")
                return super().on_error(request, error)

        return App(asyncified(handler, kind), middleware=[middleware])


PLACES = [
    "middleware", "on_error", "sync body", "sync body's second step", "async body", "async body's second step",
    "sync hook", "async hook", "lambda hook", "object hook",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["def", "async", "returns a coroutine"])
def test_a_token_of_the_handler_is_reset_anywhere(pair: tuple[str, str], kind: str, place: str) -> None:
    """The handler, middleware, on_error, each step of the body and each hook run in one Context object.

    The exception is sync code of a body or a hook after an ``async def`` handler on ASGI: the server's task runs in
    this context, so the code runs in a copy. In the copy it sees all values, and the following code sees the values
    that it sets.
    """
    places = Places(place)
    get(places.app(kind), pair)
    in_copy = pair[0] == "asgi" and kind == "async" and place.startswith("sync")
    assert places.outcome == ("another context" if in_copy else "reset")
    before, after = places.trail[: (at := [t.partition(" sees ")[0] for t in places.trail].index(place)) + 1], at + 1
    assert all(line.endswith(" sees handler") for line in before)
    value = place if in_copy else "nothing"
    assert all(line.endswith(f" sees {value}") for line in places.trail[after:])
    hooks = [] if place == "on_error" else ["sync hook", "async hook", "lambda hook", "object hook"]
    assert [line.partition(" sees ")[0] for line in places.trail if " hook " in line] == hooks


@pytest.mark.parametrize("kind", ["def", "async", "returns a coroutine"])
def test_what_one_place_sets_the_next_one_sees(pair: tuple[str, str], kind: str) -> None:
    """Each place sees the value that the place before it has set, in sync and async code.

    Other requests see nothing of it.
    """
    seen: list[Any] = []

    def step(name: str) -> None:
        VAR.set((*VAR.get(), name) if VAR.get() != "nothing" else (name,))
        seen.append(VAR.get())

    def middleware(request: Request) -> Flow:
        step("before")
        response = yield
        step("after")
        return response

    def handler(request: Request) -> Response:
        step("handler")

        def body() -> Iterator[bytes]:
            step("first")
            yield b"x"
            step("second")

        async def hook() -> None:
            await anyio.sleep(0)
            step("async hook")

        response = Response(body())
        response.call_on_close(lambda: step("hook"))
        response.call_on_close(hook)
        response.call_on_close(lambda: step("last hook"))
        return response

    app = Application(asyncified(handler, kind), middleware=[middleware])
    for _ in range(2):
        seen.clear()
        assert get(app, pair).content == b"x"
        trail = ("before", "handler", "after", "first", "second", "hook", "async hook", "last hook")
        assert seen == [trail[: n + 1] for n in range(len(trail))]


@pytest.mark.parametrize("begun", ["async", "sync"])
@pytest.mark.parametrize("kind", ["def", "async", "returns a coroutine"])
def test_a_generator_that_was_begun_in_the_handler(pair: tuple[str, str], kind: str, begun: str) -> None:
    """A generator that the handler starts resets in ``finally`` the token that it made while the handler ran."""
    ended: list[str] = []

    def generator() -> Iterator[bytes]:
        token = VAR.set("body")
        try:
            yield b"first "
            yield b"second"
        finally:
            VAR.reset(token)
            ended.append(VAR.get())

    async def agenerator() -> AsyncIterator[bytes]:
        token = VAR.set("body")
        try:
            yield b"first "
            await anyio.sleep(0)
            yield b"second"
        finally:
            VAR.reset(token)
            ended.append(VAR.get())

    async def ahandler(request: Request) -> Response:
        abody = agenerator()
        await anext(abody)
        return Response(abody)

    def handler(request: Request) -> Any:
        body = generator()
        next(body)
        return Response(body)

    if begun == "async":
        chosen: Any = ahandler if kind == "async" else lambda request: ahandler(request)
    else:
        chosen = asyncified(handler, kind)
    in_copy = begun == "sync" and kind == "async" and pair[0] == "asgi"
    if in_copy:  # the exception in the guide: the generator has started in the context of the loop's task
        with pytest.raises(ValueError, match="different Context"):
            get(Application(chosen), pair)
    else:
        assert get(Application(chosen), pair).content == b"second"
        assert ended == ["nothing"]


@pytest.mark.parametrize("kind", ["def", "async"])
def test_silence_in_a_stream_changes_no_context(pair: tuple[str, str], kind: str) -> None:
    """Keep-alive comments do not change the context: the body's steps, its end and the hooks run in one context."""
    ended: list[str] = []
    commented = threading.Event()

    def handler(request: Request) -> Response:
        async def ticks() -> AsyncIterator[str]:
            token = VAR.set("body")
            try:
                while not commented.is_set():
                    await anyio.sleep(0.005)
                yield "tick"
            finally:
                ended.append(VAR.get())
                VAR.reset(token)

        response = Response.from_events(ticks(), keep_alive=0.01)
        response.call_on_close(lambda: ended.append(VAR.get()))
        return response

    protocol, backend = pair
    app = Application(asyncified(handler, kind), backend=backend)
    with Client(app, protocol=protocol, backend=backend) as client, client.stream("GET", "/") as response:
        for line in response.iter_lines():
            if line == ":":
                commented.set()
    assert ended == ["body", "nothing"]


def test_two_requests_have_two_contexts(pair: tuple[str, str]) -> None:
    """A task that the handler starts inherits the context of its request. Another request has another context."""

    async def handler(request: Request) -> Response:
        before = VAR.get()
        VAR.set(request.args["n"])
        seen: list[str] = []

        async def child() -> None:
            await anyio.sleep(0)
            seen.append(VAR.get())
            VAR.set("child")

        async with anyio.create_task_group() as group:
            group.start_soon(child)
        seen.append(await anyio.to_thread.run_sync(VAR.get))
        return Response(f"{before} {seen} {VAR.get()}")

    protocol, backend = pair
    app = Application(handler, backend=backend)
    with Client(app, protocol=protocol, backend=backend) as client:
        for n in ("1", "2"):
            assert client.get("/", params={"n": n}).text == f"nothing ['{n}', '{n}'] {n}"


def test_cancel_scopes_in_the_context_of_a_request(pair: tuple[str, str]) -> None:
    """Time-outs, shields, task groups and functions of the running loop work as in any task."""
    variable: anyio.lowlevel.RunVar[str] = anyio.lowlevel.RunVar("tests.contexts")

    async def handler(request: Request) -> Response:
        VAR.set("handler")
        variable.set("run")
        with anyio.move_on_after(0.01) as scope:
            await anyio.sleep_forever()
        with pytest.raises(TimeoutError), anyio.fail_after(0.01):
            await anyio.sleep_forever()
        cleaned = ""
        with anyio.CancelScope() as outer:
            outer.cancel()
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(0.001)
                    cleaned = VAR.get()
        task = anyio.get_current_task()
        await anyio.sleep(0)
        same = task == anyio.get_current_task()
        return Response(f"{scope.cancelled_caught} {cleaned} {same} {variable.get()} {VAR.get()}")

    assert get(Application(handler), pair).text == "True handler True run handler"


def environ() -> dict[str, Any]:
    """A small environ (PEP 3333)."""
    return {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "x",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip


@pytest.mark.parametrize("body", ["whole", "stream"])
def test_a_bare_response_has_the_callers_context_on_wsgi(body: str) -> None:
    """The body and the hooks run in the context in which the server iterates and closes, so its tokens can be reset."""
    seen: list[str] = []

    def serve() -> str:
        token = VAR.set("caller")

        def chunks() -> Iterator[str]:
            yield VAR.get()
            VAR.set("body")

        async def hook() -> None:
            await anyio.sleep(0)
            seen.append(VAR.get())
            VAR.set("async hook")

        response = Response(chunks() if body == "stream" else "caller")
        response.call_on_close(hook)
        response.call_on_close(lambda: seen.append(VAR.get()))
        response.call_on_close(lambda: VAR.reset(token))
        iterable: Any = response(environ(), lambda status, headers: None)
        assert b"".join(iterable) == b"caller"
        iterable.close()
        return str(VAR.get())

    assert contextvars.copy_context().run(serve) == "nothing"
    assert seen == ["body" if body == "stream" else "caller", "async hook"]


def test_an_async_body_of_a_bare_response_on_wsgi() -> None:
    """On WSGI, the async body of a bare response runs in one copy of the caller's context. The values that it sets are
    copied back with each chunk.
    """
    seen: list[str] = []

    def serve() -> None:
        VAR.set("caller")

        async def chunks() -> AsyncIterator[str]:
            token = VAR.set("body")
            yield "one"
            await anyio.sleep(0)
            VAR.reset(token)
            yield "two"

        response = Response(chunks())
        iterable: Any = response(environ(), lambda status, headers: None)
        for chunk in iterable:
            seen.append(f"{chunk.decode()} {VAR.get()}")
        iterable.close()

    contextvars.copy_context().run(serve)
    assert seen == ["one body", "two caller"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_bare_response_has_the_callers_context_on_asgi(backend: str) -> None:
    """Async hooks run in the caller's task. The values that a plain hook sets in its thread are copied back."""
    seen: list[str] = []

    async def main() -> None:
        token = VAR.set("caller")

        async def hook() -> None:
            seen.append(VAR.get())
            VAR.reset(token)

        response = Response("x")
        response.call_on_close(lambda: VAR.set("plain hook"))
        response.call_on_close(hook)
        response.call_on_close(lambda: seen.append(VAR.get()))
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}

        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            pass

        await response(scope, receive, send)
        seen.append(VAR.get())

    anyio.run(main, backend=backend)
    assert seen == ["plain hook", "nothing", "nothing"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("manager", ["sync", "async"])
def test_a_lifespan_has_a_context_of_its_own_on_wsgi(manager: str, backend: str) -> None:
    """The lifespan does not see the first request. Its start, its end and its tasks share one context."""
    seen: list[Any] = []

    @contextmanager
    def life(app: Any) -> Iterator[None]:
        seen.append(VAR.get())
        token = VAR.set("lifespan")
        yield
        seen.append(VAR.get())
        VAR.reset(token)

    @asynccontextmanager
    async def alife(app: Any) -> AsyncIterator[None]:
        async def child() -> None:
            seen.append(VAR.get())

        with life(app):
            async with anyio.create_task_group() as group:
                group.start_soon(child)
            yield

    async def handler(request: Request) -> Response:
        return Response(VAR.get())

    app = Application(handler, lifespan=life if manager == "sync" else alife, backend=backend)

    def visit() -> bytes:
        VAR.set("first user")
        return b"".join(app(environ(), lambda status, headers: None))

    assert contextvars.copy_context().run(visit) == b"first user"
    assert contextvars.copy_context().run(visit) == b"first user"
    contextvars.copy_context().run(lambda: (VAR.set("closing"), app.close()))
    assert seen == ["nothing", *(["lifespan"] if manager == "async" else []), "lifespan"]


def test_the_portals_thread_inherits_no_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """If threads inherit a context (an option of Python 3.14), the loop still does not inherit the first request's."""
    seen: list[Any] = []
    start = threading.Thread.start

    def recording(thread: threading.Thread) -> None:
        if thread.name.startswith("cardan"):
            seen.append(VAR.get())
        start(thread)

    def serve() -> None:
        VAR.set("first user")
        portal = crossing.Portal("asyncio")
        portal.stop()

    monkeypatch.setattr(threading.Thread, "start", recording)
    contextvars.copy_context().run(serve)
    assert seen == ["nothing"]


def test_a_body_that_is_passed_on_is_iterated_in_the_context_of_the_request() -> None:
    """WSGI: a body with ``direct_passthrough`` that is no file wrapper of the server finds what the handler has set, in
    the call that makes its iterator and at each step.
    """

    class Passed:
        def __iter__(self) -> Iterator[bytes]:
            made = VAR.get()
            return (f"{made} {VAR.get()}".encode() for _ in range(1))

    def handler(request: Request) -> Response:
        VAR.set("set")
        return Response(Passed(), direct_passthrough=True)

    environ = RequestBuilder("/").environ() | {"wsgi.file_wrapper": FileWrapper}
    assert b"".join(Application(handler)(environ, lambda *_: None)) == b"set set"
