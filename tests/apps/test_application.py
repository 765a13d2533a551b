"""Application: one object for every server, its lifespan, its middleware, its threads."""

from __future__ import annotations

import asyncio
import gc
import inspect
import io
import warnings
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import anyio
import pytest

from cardan import Application, Dual, Request, Response, abort, middleware
from cardan.core.request.exchange import KEY, REQUEST_KEY
from cardan.exceptions import Conflict, HTTPException, NotFound
from cardan.testing import PROTOCOLS, Client

both = pytest.mark.parametrize("protocol", PROTOCOLS)


def environ(**values: Any) -> dict[str, Any]:
    """A small WSGI environ."""
    base = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(),
    }
    return {**base, "wsgi.url_scheme": "http", **values}


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
    """Takes what it is given."""


@Request.application
def hello(request: Request) -> Response:
    """A def."""
    return Response("hello")


@Request.application
async def ahello(request: Request) -> Response:
    """An async def."""
    return Response("hello")


class Page:
    """A handler as a method, twice."""

    word = "page"

    @Request.application
    def view(self, request: Request) -> Response:
        """Passes the object first, the request last."""
        return Response(f"{self.word} {request.path}")

    @Request.application
    async def aview(self, request: Request) -> Response:
        """The same, async."""
        return Response(f"{self.word} {request.path}")

    @Request.application
    def __call__(self, request: Request) -> Response:
        """An object that is an application."""
        return Response("called")


@pytest.mark.parametrize("app", [hello, ahello, Response("x"), Page().view, Dual(hello, ahello)])
def test_looks_async(app: Any) -> None:
    """Servers ask whether ``app.__call__`` is a coroutine function: yes, for both ways of asking."""
    assert inspect.iscoroutinefunction(app.__call__)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # since Python 3.14
        assert asyncio.iscoroutinefunction(app.__call__)
    assert not inspect.isclass(app)
    assert app._asgi_single_callable


@pytest.mark.parametrize("app", [hello, Response("x")])
def test_wrong_calls(app: Any) -> None:
    """No arguments: TypeError without effect (servers probe for factories); two that are no environ: it says why."""
    with pytest.raises(TypeError):
        app()
    with pytest.raises(TypeError, match="--interface asgi"):
        app(object(), object())


def test_keywords() -> None:
    """A server may pass the three arguments by name."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(ahello(scope=scope, receive=receive, send=send))  # type: ignore[call-overload]
    assert sent == ["http.response.start", "http.response.body"]


@both
@pytest.mark.parametrize("name", ["view", "aview"])
def test_methods(protocol: Any, name: str) -> None:
    """The decorator works on methods: bound to the object, the request last."""
    page = Page()
    page.word = "mine"
    with Client(getattr(page, name), protocol=protocol) as client:
        assert client.get("/a").text == "mine /a"


def test_call_method() -> None:
    """A decorated ``__call__`` makes every object of the class an application."""
    assert list(Page()(environ(), start_response)) == [b"called"]  # type: ignore[operator]


def test_plain_response_is_a_list() -> None:
    """With nothing to close the WSGI iterable is exactly ``[body]``; nothing of the request stays in the environ."""
    values = environ()
    assert hello(values, start_response) == [b"hello"]
    assert REQUEST_KEY not in values


def test_hooks_are_not_on_a_list() -> None:
    """With something to close it is no list: there are servers that never close one."""
    closed: list[str] = []

    @Request.application
    def app(request: Request) -> Response:
        response = Response("x")
        response.call_on_close(lambda: closed.append("hook"))
        return response

    body = app(environ(), start_response)
    assert not isinstance(body, (list, tuple))
    assert list(body) == [b"x"]
    assert closed == []
    body.close()  # type: ignore[attr-defined]
    body.close()  # type: ignore[attr-defined]
    assert closed == ["hook"]


@both
def test_populate(protocol: Any) -> None:
    """While the handler runs the request is in environ or scope; afterwards it is not, and no cycle keeps it."""
    seen: list[Any] = []

    @Request.application
    def app(request: Request) -> Response:
        where = request.environ if protocol == "wsgi" else request.scope
        assert where[REQUEST_KEY] is request
        assert KEY in where
        seen.append(weakref.ref(request))
        return Response(request.data)

    with Client(app, protocol=protocol) as client:
        assert client.post("/", content=b"1").text == "1"
    gc.collect()
    assert seen[0]() is None


@both
@pytest.mark.parametrize("name", ["def", "async", "partial", "object", "lambda"])
def test_kinds_of_handlers(protocol: Any, name: str) -> None:
    """def, async def, a partial of one, an object with an async ``__call__``, a lambda that returns an awaitable."""

    def sync(word: str, request: Request) -> Response:
        return Response(f"{word} {len(request.data)}")

    async def asynchronous(word: str, request: Request) -> Response:
        await request.load()
        return sync(word, request)

    class Handler:
        async def __call__(self, request: Request) -> Response:
            return await asynchronous("object", request)

    handlers: dict[str, Any] = {
        "def": lambda request: sync("def", request),
        "async": lambda request: asynchronous("async", request),
        "partial": partial(asynchronous, "partial"),
        "object": Handler(),
        "lambda": lambda request: partial(asynchronous, "lambda")(request),
    }
    with Client(Application(handlers[name]), protocol=protocol) as client:
        assert client.post("/", content=b"123").text == f"{name} 3"


@both
def test_errors_of_resolve_and_load(protocol: Any) -> None:
    """An HTTP error of ``resolve``, and one of loading, go through ``on_error`` like the handler's own."""

    class App(Application[Request]):
        def resolve(self, request: Request) -> Any:
            if request.path == "/no":
                raise NotFound("here is nothing")
            return lambda request: Response("x")

        def on_error(self, request: Request, error: HTTPException) -> Response:
            return Response(f"{error.code} for {request.path}", error.code)

    class Small(Request):
        max_content_length = 3

    with Client(App(load=True, request_class=Small), protocol=protocol) as client:
        assert client.get("/no").text == "404 for /no"
        assert client.post("/", content=b"1234").text == "413 for /"


# --- middleware


@middleware
def stamp(request: Request) -> Any:
    """Notes errors, stamps responses."""
    if request.args.get("stop"):
        return Response("stopped", 403)
    try:
        response = yield
    except Conflict:
        return Response("handled", 200)
    response.headers.add("X-Stamp", "outer")
    return response


@middleware(load=True)
def check(request: Request) -> Any:
    """Looks at the body, which the handler sees all the same."""
    if request.get_data() == b"bad":
        abort(400, "bad body")
    response = yield
    response.headers.add("X-Stamp", f"inner {len(request.get_data())}")
    return response


def wrapped_sync(request: Request) -> Response:
    """Raises what it is told to."""
    if request.args.get("conflict"):
        raise Conflict
    if request.args.get("missing"):
        raise NotFound
    return Response(request.text)


async def wrapped_async(request: Request) -> Response:
    """The same."""
    await request.load()
    return wrapped_sync(request)


@both
@pytest.mark.parametrize("handler", [wrapped_sync, wrapped_async])
def test_middleware(protocol: Any, handler: Any) -> None:
    """One generator around def and async def: around it, in its place; errors are thrown in at the yield."""
    app = Application(handler, middleware=[stamp, check])
    with Client(app, protocol=protocol) as client:
        response = client.post("/", content=b"abc")
        assert response.text == "abc"
        assert response.headers.get_list("x-stamp") == ["inner 3", "outer"]
        assert client.post("/?stop=1").text == "stopped"
        assert client.post("/?conflict=1").text == "handled"
        assert client.post("/?missing=1").status_code == 404
        assert client.post("/", content=b"bad").status_code == 400


@both
def test_middleware_that_is_wrong(protocol: Any) -> None:
    """A second yield, and an answer that is none, are TypeErrors that name the middleware."""

    def twice(request: Request) -> Any:
        yield
        yield

    def nothing(request: Request) -> Any:
        yield

    for wrong in (twice, nothing):
        with Client(Application(wrapped_sync, middleware=[wrong]), protocol=protocol) as client:
            with pytest.raises(TypeError, match=wrong.__name__):
                client.get("/")


@pytest.mark.parametrize(("attribute", "other"), [("wsgi_app", "asgi"), ("asgi_app", "wsgi")])
def test_one_sided_middleware(attribute: str, other: Any) -> None:
    """Where only one protocol was wrapped, the other refuses: one-sided authentication is a hole."""
    app = Application(wrapped_sync)
    original = getattr(app, attribute)
    setattr(app, attribute, lambda *args: original(*args))
    with Client(app, protocol=other) as client, pytest.raises(RuntimeError, match=f"only {attribute}"):
        client.get("/")
    with Client(app, protocol="wsgi" if other == "asgi" else "asgi") as client:
        assert client.get("/").status_code == 200
    delattr(app, attribute)
    with Client(app, protocol=other) as client:
        assert client.get("/").status_code == 200


def test_what_servers_and_frameworks_inspect() -> None:
    """``asgi_app`` alone is a coroutine function, which is how an ASGI 3 application is told."""
    app = Application(wrapped_sync)
    assert inspect.iscoroutinefunction(app.asgi_app)
    assert inspect.iscoroutinefunction(type(app).asgi_app)
    assert not inspect.iscoroutinefunction(app.wsgi_app)


@both
def test_methods_that_a_subclass_overrides(protocol: Any) -> None:
    """What a subclass makes of ``wsgi_app`` and ``asgi_app`` is what is called."""
    seen: list[str] = []

    class Counting(Application[Request]):
        def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
            seen.append(environ["REQUEST_METHOD"])
            return super().wsgi_app(environ, start_response)

        async def asgi_app(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                seen.append(scope["method"])
            await super().asgi_app(scope, receive, send)

    with Client(Counting(wrapped_sync), protocol=protocol) as client:
        assert client.get("/").status_code == 200
    assert seen == ["GET"]


# --- lifespan


def make_lifespan(log: list[str], asynchronous: bool) -> Any:
    """A lifespan that notes what happens to it."""

    @asynccontextmanager
    async def alifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
        log.append("up")
        await anyio.sleep(0)
        yield {"list": log}
        await anyio.sleep(0)
        log.append("down")

    @contextmanager
    def lifespan(app: Any) -> Iterator[dict[str, Any]]:
        log.append("up")
        yield {"list": log}
        log.append("down")

    return alifespan if asynchronous else lifespan


@both
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_lifespan(protocol: Any, asynchronous: bool, backend: Any) -> None:
    """Entered once, left once; what it yields is the state: a copy for each request, shared by all objects over it."""
    log: list[str] = []

    def handler(request: Request) -> Response:
        assert request.state["list"] is log
        request.state["mine"] = request.path
        where = request.environ if protocol == "wsgi" else request.scope
        other = Request(where)
        return Response(other.state["mine"])

    app = Application(handler, lifespan=make_lifespan(log, asynchronous), backend=backend)
    with Client(app, protocol=protocol, backend=backend) as client:
        assert client.get("/a").text == "/a"
        assert client.get("/b").text == "/b"
        assert log == ["up"]
    assert log == ["up", "down"]


def test_lifespan_that_fails_on_wsgi() -> None:
    """A lifespan that cannot start is the error of the request that wanted it, and is tried again by the next one."""
    tries: list[int] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no database")
        yield

    app = Application(lambda request: Response("x"), lifespan=lifespan)
    with pytest.raises(OSError, match="no database"):
        app(environ(**{"x-wsgiorg.throw_errors": True}), start_response)
    assert list(app(environ(), start_response)) == [b"x"]
    app.close()
    app.close()


def asgi_messages(app: Any, scope: dict[str, Any], incoming: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What an application sends for what it receives."""
    sent: list[dict[str, Any]] = []

    async def main() -> None:
        async def receive() -> Any:
            return incoming.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)

    asyncio.run(main())
    return sent


UP_AND_DOWN = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]


@pytest.mark.parametrize("app", [hello, Response("x")])
def test_lifespan_is_answered(app: Any) -> None:
    """Also without one: start-up and shutdown are complete (ASGI lifespan specification)."""
    sent = asgi_messages(app, {"type": "lifespan"}, list(UP_AND_DOWN))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_lifespan_that_fails_on_asgi() -> None:
    """A lifespan that cannot start says so to the server, with a message."""

    @contextmanager
    def lifespan(app: Any) -> Iterator[None]:
        raise OSError("no database")
        yield

    sent: list[Any] = []

    async def main() -> None:
        async def receive() -> Any:
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            sent.append(message)

        with pytest.raises(OSError, match="no database"):
            await Application(wrapped_sync, lifespan=lifespan)({"type": "lifespan"}, receive, send)

    asyncio.run(main())
    assert sent == [{"type": "lifespan.startup.failed", "message": "OSError: no database"}]


# --- other scopes


def test_websockets_are_denied() -> None:
    """Without an application for them: 404 where the server can say it, else the handshake is refused."""
    connect = {"type": "websocket.connect"}
    assert asgi_messages(hello, {"type": "websocket"}, [connect]) == [{"type": "websocket.close", "code": 1000}]
    extended = {"type": "websocket", "extensions": {"websocket.http.response": {}}}
    assert asgi_messages(hello, extended, [connect])[0]["status"] == 404


def test_websocket_application() -> None:
    """A user's ASGI application gets the websocket scopes, if one was given."""

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    app = Application(wrapped_sync, websocket=websocket)
    assert asgi_messages(app, {"type": "websocket"}, []) == [{"type": "websocket.accept"}]


def test_unknown_scope() -> None:
    """Any other scope is an error that names it, which servers expect of applications that do not support it."""
    with pytest.raises(RuntimeError, match="'telnet'"):
        asgi_messages(hello, {"type": "telnet"}, [])


def test_request_of_something_else() -> None:
    """A request opens on an environ or an http scope, on nothing else."""
    with pytest.raises(TypeError, match="expected a WSGI environ or an ASGI http scope"):
        Request({"type": "websocket"})
    with pytest.raises(TypeError):
        Request({})
