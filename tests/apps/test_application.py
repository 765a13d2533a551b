"""Application: one object for every server, with its lifespan, its middleware and its threads."""

from __future__ import annotations

import asyncio
import gc
import inspect
import io
import time
import warnings
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial, wraps
from itertools import product
from typing import Any

import anyio
import pytest

from cardan import Application, Dual, Flow, Mount, Request, Response, abort, middleware
from cardan.core._request.exchange import KEY, REQUEST_KEY
from cardan.exceptions import HTTPException, NotFound
from cardan.testing import PROTOCOLS, Client, lint

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
    """Ignores its arguments."""


@Request.application
def hello(request: Request) -> Response:
    """A ``def`` handler."""
    return Response("hello")


@Request.application
async def ahello(request: Request) -> Response:
    """An ``async def`` handler."""
    return Response("hello")


class Page:
    """Two handlers that are methods."""

    word = "page"

    @Request.application
    def view(self, request: Request) -> Response:
        """Gets the object first and the request last."""
        return Response(f"{self.word} {request.path}")

    @Request.application
    async def aview(self, request: Request) -> Response:
        """The same as ``async def``."""
        return Response(f"{self.word} {request.path}")

    @Request.application
    def __call__(self, request: Request) -> Response:
        """An object that is an application."""
        return Response("called")


@pytest.mark.parametrize("app", [hello, ahello, Response("x"), Page().view, Dual(hello, ahello)])
def test_looks_async(app: Any) -> None:
    """Servers check in two ways whether ``app.__call__`` is a coroutine function. Both give True."""
    assert inspect.iscoroutinefunction(app.__call__)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # deprecated since Python 3.14
        assert asyncio.iscoroutinefunction(app.__call__)
    assert not inspect.isclass(app)
    assert app._asgi_single_callable


@pytest.mark.parametrize("app", [hello, Response("x")])
def test_wrong_calls(app: Any) -> None:
    """A call without arguments raises TypeError and has no effect, since servers test for factories. Others say why."""
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
    """The decorator works on methods: the object is bound, and the request is the last argument."""
    page = Page()
    page.word = "mine"
    with Client(getattr(page, name), protocol=protocol) as client:
        assert client.get("/a").text == "mine /a"


def test_call_method() -> None:
    """A decorated ``__call__`` makes every object of the class an application."""
    assert list(Page()(environ(), start_response)) == [b"called"]  # type: ignore[operator]


def test_plain_response_is_a_list() -> None:
    """Without close hooks, the WSGI iterable is exactly ``[body]``, and the environ keeps nothing of the request."""
    values = environ()
    assert hello(values, start_response) == [b"hello"]
    assert REQUEST_KEY not in values


def test_hooks_are_not_on_a_list() -> None:
    """With close hooks, the iterable is not a list, because some servers never close a list."""
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
    """While the handler runs, the request is in the environ or scope. Then it is removed, and there is no cycle."""
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
    for _ in range(1000):  # a busy machine may not have let the thread of the handler go on yet
        gc.collect()
        if seen[0]() is None:
            break
        time.sleep(0.01)
    assert seen[0]() is None


@both
@pytest.mark.parametrize("name", ["def", "async", "partial", "object", "lambda"])
def test_kinds_of_handlers(protocol: Any, name: str) -> None:
    """A handler may be def, async def, a partial of it, an object with async ``__call__``, or a lambda."""

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
    """HTTP errors of ``resolve`` and of loading are passed to ``on_error``, like those of the handler."""

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


@both
def test_what_is_loaded_and_which_hosts_are_refused(protocol: Any) -> None:
    """``load``, and a middleware that asks for the bytes, read the body before the handler is called, and a host that
    is not trusted is refused, whichever other options an application has: all of them are combined here. The host is
    checked inside the middleware, which has its bytes then, and before ``load``.
    """

    class Small(Request):
        max_content_length = 3

    class Trusting(Small):
        trusted_hosts = ("a.example",)

    class Resolving(Application[Request]):
        def resolve(self, request: Request) -> Any:
            return self.handler

    def handler(request: Request) -> Response:
        return Response("called")

    async def ahandler(request: Request) -> Response:
        return Response("called")

    @middleware
    def plain(request: Request) -> Any:
        yield

    @middleware(buffer=True)
    def buffering(request: Request) -> Any:
        yield

    options = product(
        (Application, Resolving), (handler, ahandler), (False, True), ((), (plain,), (buffering,)), (Small, Trusting)
    )
    for cls, function, load, around, requests in options:
        app = cls(function, load=load, middleware=around, request_class=requests)
        with Client(app, protocol=protocol) as client:
            seen = [
                client.post("/", content=b"1234", headers={"Host": host}).status_code
                for host in ("a.example", "b.example")
            ]
        buffered = buffering in around
        known = 413 if load or buffered else 200
        other = 400 if requests is Trusting and not buffered else known
        assert seen == [known, other], (cls, function, load, around, requests)


# --- middleware


@middleware
def stamp(request: Request) -> Any:
    """A middleware that answers an exception and marks responses, also those to HTTP errors. It returns nothing."""
    if request.args.get("stop"):
        return Response("stopped", 403)
    try:
        response = yield
    except ZeroDivisionError:
        return Response("handled", 200)
    response.headers.add("X-Stamp", "outer")


@middleware(buffer=True)
def check(request: Request) -> Any:
    """A middleware that reads the body. The handler can read it as well."""
    if request.get_data() == b"bad":
        abort(400, "bad body")
    response = yield
    response.headers.add("X-Stamp", f"inner {len(request.get_data())}")
    return response


def wrapped_sync(request: Request) -> Response:
    """Raises the exception that the query names."""
    if request.args.get("defect"):
        raise ZeroDivisionError
    if request.args.get("missing"):
        raise NotFound
    return Response(request.text)


async def wrapped_async(request: Request) -> Response:
    """The same as ``async def``."""
    await request.load()
    return wrapped_sync(request)


async def _foreign_asgi(scope: Any, receive: Any, send: Any) -> None:
    pass


def _foreign_wsgi(environ: Any, start_response: Any) -> list[bytes]:
    return []


@both
@pytest.mark.parametrize("foreign", [_foreign_asgi, _foreign_wsgi])
def test_a_function_that_does_not_take_the_request(protocol: Any, foreign: Any) -> None:
    """The error shows what the function takes, and how an application becomes one that ``resolve`` may return."""

    class Site(Application[Request]):
        def resolve(self, request: Request) -> Any:
            return foreign

    for app in (
        Site(),
        Application(foreign),
        Application(foreign, middleware=[stamp]),
        Application(foreign, load=True),
    ):
        with Client(app, protocol=protocol) as client, pytest.raises(TypeError) as caught:
            client.get("/")
        assert f"got the handler {foreign.__name__}(" in str(caught.value)
        assert "Application.from_asgi() and Application.from_wsgi() take applications" in str(caught.value)


def view(request: Request) -> Response:
    return Response("view")


async def async_view(request: Request) -> Response:
    return Response("view")


@both
@pytest.mark.parametrize("function", [view, async_view])
def test_an_application_in_the_body_of_a_class(protocol: Any, function: Any) -> None:
    """An application in the body of a class is a method, unless it is in a staticmethod. The error for a function that
    takes only the request names the function, the arguments that it is called with, and the way out.
    """

    class Site(Application[Request]):
        admin = Application(function)
        public = staticmethod(Application(function))

        def resolve(self, request: Request) -> Any:
            return self.public if request.path == "/" else self.admin

    message = (
        f"got the handler {function.__name__}(request: 'Request') -> 'Response', which is called with Site and the"
        " request, expected one that takes both: in the body of a class an application is a method, unless it is a"
        " staticmethod(Application(...))"
    )
    with Client(Site(), protocol=protocol) as client:
        assert client.get("/").text == "view"
        with pytest.raises(TypeError) as caught:
            client.get("/admin")
    assert str(caught.value) == message


@both
def test_a_type_error_of_a_handler_stays_as_it_is(protocol: Any) -> None:
    def handler(request: Request) -> Response:
        return Response(len(5))  # type: ignore[arg-type]

    with Client(Application(handler), protocol=protocol) as client, pytest.raises(TypeError, match="has no len"):
        client.get("/")


@both
@pytest.mark.parametrize("handler", [wrapped_sync, wrapped_async])
def test_middleware(protocol: Any, handler: Any) -> None:
    """One generator works around def and async def handlers. Exceptions of the handler are raised at its yield."""
    app = Application(handler, middleware=[stamp, check])
    with Client(app, protocol=protocol) as client:
        response = client.post("/", content=b"abc")
        assert response.text == "abc"
        assert response.headers.get_list("x-stamp") == ["inner 3", "outer"]
        assert client.post("/?stop=1").text == "stopped"
        assert client.post("/?defect=1").text == "handled"
        missing = client.post("/?missing=1")
        assert (missing.status_code, missing.headers.get_list("x-stamp")) == (404, ["inner 0", "outer"])
        bad = client.post("/", content=b"bad")
        assert (bad.status_code, bad.headers.get_list("x-stamp")) == (400, ["outer"])


@both
def test_middleware_that_is_wrong(protocol: Any) -> None:
    """A second yield, and an answer that is not a response, raise a TypeError that names the middleware.

    Returning nothing before the ``yield`` is a mistake as well.
    """

    def twice(request: Request) -> Any:
        yield
        yield

    def text(request: Request) -> Any:
        yield
        return "text"

    def nothing(request: Request) -> Any:
        if request.method != "GET":
            yield

    for wrong in (twice, text, nothing):
        with Client(Application(wrapped_sync, middleware=[wrong]), protocol=protocol) as client:
            with pytest.raises(TypeError, match=wrong.__name__):
                client.get("/")


@pytest.mark.parametrize(("attribute", "other"), [("wsgi_app", "asgi"), ("asgi_app", "wsgi")])
def test_one_sided_middleware(attribute: str, other: Any) -> None:
    """If only one protocol was wrapped, the other one is refused, because authentication would be missing there."""
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
    """Of the three callables only ``asgi_app`` is a coroutine function, by which servers recognise ASGI 3."""
    app = Application(wrapped_sync)
    assert inspect.iscoroutinefunction(app.asgi_app)
    assert inspect.iscoroutinefunction(type(app).asgi_app)
    assert not inspect.iscoroutinefunction(app.wsgi_app)


@both
def test_methods_that_a_subclass_overrides(protocol: Any) -> None:
    """If a subclass overrides ``wsgi_app`` and ``asgi_app``, its methods are called."""
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
    """A lifespan that records its calls."""

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
    """A lifespan is entered and left once. Each request gets a copy of the state that the lifespan yields."""
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


async def _async_generator(app: Any) -> AsyncIterator[None]:
    yield None


def _generator(app: Any) -> Iterator[None]:
    yield None


async def _coroutine(app: Any) -> None:
    pass


@both
@pytest.mark.parametrize(
    ("lifespan", "message"),
    [
        (_async_generator, "got async_generator from the lifespan, .* @contextlib.asynccontextmanager makes one"),
        (_generator, "got generator from the lifespan, .* @contextlib.contextmanager makes one"),
        (_coroutine, "got coroutine from the lifespan"),
        (lambda app: None, "got NoneType from the lifespan"),
        (
            contextmanager(lambda app: (number for number in (5,))),
            "got int as the state of the lifespan, expected a mapping or None",
        ),
    ],
)
def test_what_is_no_lifespan(protocol: Any, lifespan: Any, message: str) -> None:
    app = Application(lambda request: Response("x"), lifespan=lifespan)
    with pytest.raises(TypeError, match=message), Client(app, protocol=protocol) as client:
        client.get("/")


def test_lifespan_that_fails_on_wsgi() -> None:
    """If the lifespan cannot start, the request gets the error, and the next request tries again."""
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
    """The messages that an application sends when it receives ``messages``."""
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
    """Without a lifespan, start-up and shutdown are reported as complete (ASGI lifespan specification)."""
    sent = asgi_messages(app, {"type": "lifespan"}, list(UP_AND_DOWN))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_lifespan_that_fails_on_asgi() -> None:
    """A lifespan that cannot start sends a message with the reason to the server."""

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
    """Without a websocket application the answer is 404 if the server supports it; else the handshake is refused."""
    connect = {"type": "websocket.connect"}
    assert asgi_messages(hello, {"type": "websocket"}, [connect]) == [{"type": "websocket.close", "code": 1000}]
    extended = {"type": "websocket", "extensions": {"websocket.http.response": {}}}
    assert asgi_messages(hello, extended, [connect])[0]["status"] == 404


def _of_a_request(request: Any) -> Response:
    return Response("a")


async def _of_a_websocket(websocket: Any) -> None:
    pass


@pytest.mark.parametrize("wrong", [_of_a_request, _of_a_websocket, _foreign_wsgi])
def test_a_websocket_application_takes_three_arguments(wrong: Any) -> None:
    """A function that cannot be an ASGI application is no ``websocket``: the program is told before a client asks."""

    class Site(Application[Request]):
        websocket = staticmethod(wrong)

    site = Application(_of_a_request)
    for set_it in (
        lambda: Application(_of_a_request, websocket=wrong),
        lambda: Site(_of_a_request),
        lambda: setattr(site, "websocket", wrong),
    ):
        with pytest.raises(TypeError, match=r"^got _.* as websocket, expected an ASGI"):
            set_it()


def test_a_websocket_application_that_is_wrapped() -> None:
    """A ``websocket`` that a decorator has made of another function takes what the decorator says."""

    @wraps(_of_a_websocket)
    async def websocket(*args: Any) -> None:
        await args[2]({"type": "websocket.accept"})

    app = Application(_of_a_request, websocket=websocket)
    assert asgi_messages(app, {"type": "websocket"}, []) == [{"type": "websocket.accept"}]


@pytest.mark.parametrize("wrap", [lambda app: app, lambda app: Mount({"/": app}), lint.asgi])
def test_a_websocket_application_that_is_an_object(wrap: Any) -> None:
    """A ``websocket`` may be another application of cardan, or an object that passes all attributes of one on."""

    async def accept(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})

    app = Application(_of_a_request, websocket=wrap(Application(_of_a_request, websocket=accept)))
    messages = asgi_messages(app, {"type": "websocket", "path": "/"}, [{"type": "websocket.connect"}])
    assert messages == [{"type": "websocket.accept"}]


@pytest.mark.parametrize("kind", [staticmethod, classmethod])
def test_a_websocket_application_whose_call_is_no_method_of_the_object(kind: Any) -> None:
    """The ``__call__`` of a ``websocket`` may be a static method or one of the class."""

    async def of_class(cls: Any, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def static(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    websocket = type("Site", (), {"__call__": kind(static if kind is staticmethod else of_class)})()
    app = Application(_of_a_request, websocket=websocket)
    assert asgi_messages(app, {"type": "websocket"}, []) == [{"type": "websocket.accept"}]


def test_an_object_that_is_no_websocket_application() -> None:
    """The ``__call__`` of an object is looked at as a function is."""

    class Endpoint:
        async def __call__(self, websocket: Any) -> None:
            pass

    with pytest.raises(TypeError, match=r"^got Endpoint\(websocket.* as websocket, expected an ASGI"):
        Application(_of_a_request, websocket=Endpoint())  # type: ignore[arg-type]


def test_a_websocket_application_that_is_a_method() -> None:
    """In the body of a class, a ``websocket`` takes the application, too."""

    class Site(Application[Request]):
        async def websocket(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})

    assert asgi_messages(Site(_of_a_request), {"type": "websocket"}, []) == [{"type": "websocket.accept"}]


def test_websocket_application() -> None:
    """A websocket scope is passed to the ASGI application that was given for it."""

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    app = Application(wrapped_sync, websocket=websocket)
    assert asgi_messages(app, {"type": "websocket"}, []) == [{"type": "websocket.accept"}]


def test_unknown_scope() -> None:
    """Any other scope raises an error that names it, as servers expect."""
    with pytest.raises(RuntimeError, match="'telnet'"):
        asgi_messages(hello, {"type": "telnet"}, [])


def test_request_of_something_else() -> None:
    """A request can be made only of an environ, or of an http or websocket scope."""
    with pytest.raises(TypeError, match="expected a WSGI environ or an ASGI http or websocket scope"):
        Request({"type": "lifespan"})
    with pytest.raises(TypeError):
        Request({})


def test_what_a_middleware_shows() -> None:
    """The name of its function; that of an object that is called is its ``repr``."""

    class Flows:
        def __call__(self, request: Request) -> Flow:
            yield

        def __repr__(self) -> str:
            return "Flows()"

    @middleware
    def named(request: Request) -> Flow:
        yield

    assert repr(named).endswith("named>")
    assert repr(named).startswith("<middleware ")
    assert repr(middleware(Flows())) == "<middleware Flows()>"
