"""An application that ``resolve`` returns answers the request, inside the middleware of the outer application."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import flask
import pytest
import starlette.applications
from anyio.lowlevel import current_token

from cardan import Application, Dual, Mount, ProxyFix, Request, Response, StaticFiles, abort, middleware
from cardan.exceptions import HTTPException, NotFound
from cardan.testing import PROTOCOLS, Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from cardan import Flow

both = pytest.mark.parametrize("protocol", PROTOCOLS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])


class Small(Request):
    """Requests of at most ten bytes."""

    max_content_length = 10


@middleware
def guard(request: Request) -> Flow:
    """Refuses some requests, and marks every response."""
    if "refused" in request.args:
        abort(403)
    response = yield
    response.headers["X-Guard"] = str(response.status_code)


@middleware
def inner_mark(request: Request) -> Flow:
    """Belongs to the inner application."""
    response = yield
    response.headers["X-Inner"] = type(request).__name__


def inner(request: Request) -> Response:
    """The handler of the inner application."""
    if request.path == "/missing":
        raise NotFound
    if request.path == "/defect":
        raise ZeroDivisionError
    return Response(f"{request.path} {request.form.get('a')}")


async def ainner(request: Request) -> Response:
    """The same as an ``async def``."""
    await request.load()
    return inner(request)


class Inner(Application[Request]):
    """Marks its error responses."""

    def on_error(self, request: Request, error: HTTPException) -> Response:
        """The response with a mark."""
        response = super().on_error(request, error)
        response.headers["X-Inner-Error"] = str(error.code)
        return response


class Outer(Application[Request]):
    """Gives every request to another application."""

    def __init__(self, app: Any) -> None:
        super().__init__(middleware=[guard])
        self.app = app

    def resolve(self, request: Request) -> Any:
        """Another application."""
        return self.app


def made(kind: str, **options: Any) -> Inner:
    return Inner(inner if kind == "def" else ainner, middleware=[inner_mark], **options)


@both
def test_static_files(protocol: Any, tmp_path: Path) -> None:
    """Files are sent, with ranges and conditions. Middleware sees the response, or refuses the request."""
    (tmp_path / "a.txt").write_text("0123456789")
    with Client(Outer(StaticFiles(tmp_path)), protocol) as client:
        response = client.get("/a.txt", headers={"Range": "bytes=2-4"})
        assert (response.status_code, response.text, response.headers["X-Guard"]) == (206, "234", "206")
        assert client.get("/a.txt", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
        missing = client.get("/b.txt")
        assert (missing.status_code, missing.headers["X-Guard"]) == (404, "404")
        assert client.get("/a.txt?refused").status_code == 403


@both
@kinds
def test_an_application_answers_as_a_handler(protocol: Any, kind: str) -> None:
    """An application that ``resolve`` returns keeps its own middleware, ``on_error`` and request class. The middleware
    of the outer application is around it.
    """
    with Client(Outer(made(kind, request_class=Small)), protocol) as client:
        response = client.post("/x", data={"a": "b"})
        assert response.text == "/x b"
        assert (response.headers["X-Inner"], response.headers["X-Guard"]) == ("Small", "200")
        missing = client.get("/missing")
        assert (missing.headers["X-Inner-Error"], missing.headers["X-Guard"]) == ("404", "404")
        assert client.post("/x", data={"a": "too long for it"}).status_code == 413
        with pytest.raises(ZeroDivisionError):
            client.get("/defect")


@both
@kinds
@pytest.mark.parametrize("same_class", [False, True])
def test_it_loads_the_body_if_it_says_so(protocol: Any, kind: str, same_class: bool) -> None:
    """``load=True`` of the inner application; errors of loading are its own."""

    def loaded(request: Request) -> Response:
        return Response(request.form["a"])

    async def aloaded(request: Request) -> Response:
        return loaded(request)

    handler: Any = loaded if kind == "def" else aloaded
    app = Inner(handler, load=True, request_class=Request if same_class else Small)
    with Client(Outer(app), protocol) as client:
        assert client.post("/", data={"a": "b"}).text == "b"
        wrong = client.post(
            "/", headers={"Content-Type": "multipart/form-data; boundary=x"}, content=b"--x\r\nis wrong"
        )
        assert (wrong.status_code, wrong.headers["X-Inner-Error"]) == (
            400 if same_class else 413,
            str(wrong.status_code),
        )


@both
@kinds
@pytest.mark.parametrize("load", [False, True])
def test_it_keeps_the_bytes_if_its_middleware_needs_them(protocol: Any, kind: str, load: bool) -> None:
    """A middleware of the inner application with ``buffer=True`` reads the bytes of a form, which is parsed from them
    afterwards.
    """
    seen: list[bytes] = []

    @middleware(buffer=True)
    def signed(request: Request) -> Flow:
        seen.append(request.get_data())
        yield

    def loaded(request: Request) -> Response:
        return Response(request.form["a"])

    async def aloaded(request: Request) -> Response:
        await request.load()
        return loaded(request)

    app = Inner(loaded if kind == "def" else aloaded, load=load, middleware=[signed])
    with Client(Outer(app), protocol) as client:
        assert client.post("/", data={"a": "b"}).text == "b"
    assert seen == [b"a=b"]


@both
@kinds
def test_its_requests_are_of_its_class(protocol: Any, kind: str) -> None:
    """The requests of the inner application are exactly of its class: the limits of a class that the outer application
    derives from it do not hold. If both have the same class, both have the same object, with the attributes that
    middleware has set.
    """
    found: list[Any] = []

    @middleware
    def note(request: Any) -> Flow:
        request.noted = True
        yield

    def show(request: Request) -> Response:
        found.append((type(request), hasattr(request, "noted")))
        return Response(request.form["a"])

    async def ashow(request: Request) -> Response:
        await request.load()
        return show(request)

    for outer in (Request, Small):
        app = Outer(Application(show if kind == "def" else ashow, request_class=Request))
        app.request_class = outer
        app.middleware = [note]
        with Client(app, protocol) as client:
            assert client.post("/", data={"a": "longer than ten bytes"}).text == "longer than ten bytes"
    assert found == [(Request, True), (Request, False)]


@both
@kinds
def test_several_levels(protocol: Any, kind: str) -> None:
    """The application may itself give the request to another one."""
    with Client(Outer(Outer(made(kind))), protocol) as client:
        assert client.post("/x", data={"a": "b"}).text == "/x b"


@both
@kinds
def test_other_dual_applications(protocol: Any, kind: str) -> None:
    """A Mount, a ProxyFix and a Dual are called as servers call them."""
    app = made(kind)

    def wsgi_app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Foreign", "yes")])
        return [environ["wsgi.input"].read()]

    for given in (Mount({"/m": app}), ProxyFix(Mount({"/m": app})), Dual(Mount({"/m": app}), Mount({"/m": app}))):
        with Client(Outer(given), protocol) as client:
            response = client.post("/m/x", data={"a": "b"})
            assert (response.text, response.headers["X-Guard"]) == ("/x b", "200")
            assert client.get("/other").headers["X-Guard"] == "404"
    with Client(Outer(Application.from_wsgi(wsgi_app)), protocol) as client:
        response = client.post("/m/x", content=b"data")
        assert (response.text, response.headers["X-Foreign"], response.headers["X-Guard"]) == ("data", "yes", "200")
        assert client.post("/?refused", content=b"data").status_code == 403


@both
@kinds
def test_what_wraps_the_application_is_not_left_out(protocol: Any, kind: str) -> None:
    """An application whose sides were replaced is called through them, since they may check who asks."""
    app = made(kind)
    app_inside, asgi_inside = app.wsgi_app, app.asgi_app

    def checked(environ: Any, start_response: Any) -> Any:
        environ["PATH_INFO"] = "/checked"
        return app_inside(environ, start_response)

    async def achecked(scope: Any, receive: Any, send: Any) -> None:
        await asgi_inside({**scope, "path": "/checked"}, receive, send)

    app.wsgi_app = checked
    app.asgi_app = achecked
    with Client(Outer(app), protocol) as client:
        assert client.post("/x", data={"a": "b"}).text == "/checked b"


@both
def test_a_response(protocol: Any) -> None:
    """``resolve`` may return a response, because a response is an application."""
    with Client(Outer(Response("always")), protocol) as client:
        response = client.get("/")
    assert (response.text, response.headers["X-Guard"]) == ("always", "200")


@both
@kinds
def test_as_the_handler_of_an_application(protocol: Any, kind: str) -> None:
    """An application that is given as the handler is one that ``resolve`` returns."""
    with Client(Application(made(kind), middleware=[guard]), protocol) as client:  # type: ignore[arg-type]
        response = client.post("/x", data={"a": "b"})
    assert (response.text, response.headers["X-Guard"]) == ("/x b", "200")


@both
@kinds
def test_lifespan_and_on_exception_are_those_of_the_outer_application(protocol: Any, kind: str) -> None:
    """The inner application has no start-up of its own."""
    begun: list[str] = []

    @contextmanager
    def lifespan(app: Any) -> Iterator[None]:
        begun.append(app.name)
        yield

    class Named(Outer):
        name = "outer"

    given = made(kind, lifespan=lifespan)
    outer = Named(given)
    outer.lifespan = lifespan
    given.on_exception = lambda request, error: Response("inner", 500)
    outer.on_exception = lambda request, error: Response("outer", 500)
    with Client(outer, protocol, raise_app_exceptions=False) as client:
        assert client.get("/defect").text == "outer"
    assert begun == ["outer"]


@both
def test_static_files_on_a_class(protocol: Any, tmp_path: Path) -> None:
    """An application whose handler is a method of its own is an attribute as any other, and no method of the class."""
    (tmp_path / "a.txt").write_text("text")

    class Site(Application[Request]):
        files = StaticFiles(tmp_path)

        def resolve(self, request: Request) -> Any:
            return self.files

    with Client(Site(), protocol) as client:
        assert client.get("/a.txt").text == "text"


class ViewObject:
    """A handler that is an object."""

    def __call__(self, request: Request) -> Response:
        return Response("a view")


class AsyncViewObject:
    """The same as an ``async def``."""

    async def __call__(self, request: Request) -> Response:
        return Response("a view")


async def _coroutine() -> None:
    """What an ``async def resolve`` gives, and a ``resolve`` that calls an async handler."""


WRONG = {
    "Flask": (lambda: flask.Flask("x"), "Application.from_wsgi(app) makes it one for both protocols"),
    "Starlette": (starlette.applications.Starlette, "Application.from_asgi(app) makes it one for both protocols"),
    "coroutine": (
        _coroutine,
        "resolve() is a def, because it must not wait, and returns the handler without calling it",
    ),
    "NoneType": (lambda: None, ""),
    "str": (lambda: "a view", ""),
    "the class NotFound": (lambda: NotFound, ""),
    "the class Response": (lambda: Response, ""),
}


@both
@pytest.mark.parametrize("kind", WRONG)
def test_what_resolve_must_not_return(protocol: Any, kind: str) -> None:
    """An application of another library, which has to be bridged, and what is no handler, such as the class of what is
    meant: middleware sees the error.
    """
    make, remedy = WRONG[kind]
    seen: list[str] = []

    @middleware
    def watching(request: Request) -> Flow:
        try:
            yield
        except TypeError as error:
            seen.append(str(error))
            raise

    class Site(Application[Request]):
        def resolve(self, request: Request) -> Any:
            return make()

    with Client(Site(middleware=[watching]), protocol) as client, pytest.raises(TypeError) as caught:
        client.get("/")
    text = (
        f"got {kind} from {Site.resolve.__qualname__}, expected a handler, an application for both protocols, a"
        " Response or an HTTPException"
    )
    assert str(caught.value) == (f"{text}: {remedy}" if remedy else text)
    assert seen == [str(caught.value)]


@both
@pytest.mark.parametrize("gives", [NotFound(), Response("done"), "a view", ZeroDivisionError()], ids=repr)
def test_middleware_reads_the_body_where_no_handler_is_found(protocol: Any, gives: Any) -> None:
    """Without a handler the request is answered as by a ``def``: middleware may read the body without ``load()``."""
    seen: list[str] = []

    @middleware
    def reading(request: Request) -> Flow:
        try:
            yield
        finally:
            seen.append(request.form["a"])

    class Site(Application[Request]):
        def resolve(self, request: Request) -> Any:
            if isinstance(gives, ZeroDivisionError):
                raise gives
            return gives

    with Client(Site(middleware=[reading]), protocol, raise_app_exceptions=False) as client:
        client.post("/", data={"a": "b"})
    assert seen == ["b"]


@both
@pytest.mark.parametrize("view", [ViewObject(), AsyncViewObject(), partial(inner), partial(ViewObject())])
def test_objects_are_handlers(protocol: Any, view: Any) -> None:
    """An object that takes the request is a handler, for ``resolve`` and for the constructor."""
    for app in (Outer(view), Application(view)):
        with Client(app, protocol) as client:
            assert client.get("/").status_code == 200


@pytest.mark.parametrize("kind", ["Flask", "Starlette"])
def test_an_application_of_others_is_no_handler(kind: str) -> None:
    """An application as handler is a TypeError, when it is given to the constructor or assigned."""
    make, remedy = WRONG[kind]
    app = Application(inner)
    for place in (Application, partial(setattr, app, "handler"), Request.application):
        with pytest.raises(TypeError) as caught:
            place(make())  # type: ignore[operator]
        assert str(caught.value) == f"got {kind} as handler, expected a function that takes the request: {remedy}"


# --- an ASGI application of others, in a Mount: it runs in the event loop of the server ---


def asgi(function: Any) -> Outer:
    """The outer application around a mount with one ASGI application."""
    return Outer(Mount({"/m": function}))


def start(**fields: str) -> Any:
    headers = [(name.encode(), value.encode()) for name, value in fields.items()]
    return {"type": "http.response.start", "status": 200, "headers": headers}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_it_runs_in_the_loop_of_the_server(backend: Any) -> None:
    """An ASGI application that ``resolve`` returns runs in the event loop in which the outer lifespan was started, so
    that it can use a pool of connections which that lifespan has opened.
    """
    loops: list[Any] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, str]]:
        loops.append(current_token())
        yield {"pool": "open"}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        loops.append(current_token())
        await send(start(x=scope["state"]["pool"]))
        await send({"type": "http.response.body", "body": (await receive())["body"]})

    outer = asgi(app)
    outer.lifespan = lifespan
    with Client(outer, "asgi", backend=backend) as client:
        response = client.post("/m", content=b"sent")
    assert (response.text, response.headers["X"], response.headers["X-Guard"]) == ("sent", "open", "200")
    assert loops[0] == loops[1]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_it_streams_as_fast_as_the_client_reads(backend: Any) -> None:
    """``send()`` of an application that ``resolve`` returns waits until the chunk is taken. After the client has left,
    the application is told so.
    """
    log: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(start())
        try:
            for number in range(1000):
                await send({"type": "http.response.body", "body": b"%d," % number, "more_body": True})
                log.append(str(number))
        except OSError:
            log.append((await receive())["type"])
            raise

    with Client(asgi(app), "asgi", backend=backend) as client, client.stream("GET", "/m") as response:
        assert next(response.iter_raw()) == b"0,"
    assert log[-1] == "http.disconnect"
    assert len(log) < 100


def test_it_gets_a_body_that_middleware_has_read() -> None:
    """An application that ``resolve`` returns gets the body also if a middleware with ``buffer=True`` has read it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        await send(start())
        await send({"type": "http.response.body", "body": message["body"]})
        assert (await receive())["type"] == "http.disconnect"  # the response is complete

    @middleware(buffer=True)
    def reading(request: Request) -> Flow:
        response = yield
        response.headers["X-Read"] = str(len(request.data))

    outer = asgi(app)
    outer.middleware = [reading]
    with Client(outer, "asgi") as client:
        response = client.post("/m", content=b"data")
    assert (response.text, response.headers["X-Read"]) == ("data", "4")


def test_its_errors_are_seen_by_middleware() -> None:
    """An application that fails before its response, or that sends none, raises its error at the ``yield`` of the
    middleware.
    """
    seen: list[str] = []

    @middleware
    def watching(request: Request) -> Flow:
        try:
            yield
        except Exception as error:
            seen.append(type(error).__name__)
            raise

    async def failing(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await send(start())

    for app, error in ((failing, ZeroDivisionError), (silent, RuntimeError)):
        outer = asgi(app)
        outer.middleware = [watching]
        with Client(outer, "asgi") as client, pytest.raises(error):
            client.get("/m")
    assert seen == ["ZeroDivisionError", "RuntimeError"]


def test_a_response_that_middleware_does_not_send() -> None:
    """If middleware sends another response, the application is told that its client has left, although the server's
    client has not.
    """
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(start())
        try:
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
        except OSError:
            told.append((await receive())["type"])

    @middleware
    def replacing(request: Request) -> Flow:
        yield
        return Response("other")

    outer = asgi(app)
    outer.middleware = [replacing]
    with Client(outer, "asgi") as client:
        assert client.get("/m").text == "other"
    assert told == ["http.disconnect"]


@both
def test_trailer_fields(protocol: Any) -> None:
    """Trailer fields of the inner application are sent if the server can send any, else left out without an error."""

    def page(request: Request) -> Response:
        response = Response(iter(["a", "b"]))
        response.trailers["X-Sum"] = lambda: "2"
        return response

    outer = Outer(Mount({"/": Application(page)}))
    with Client(outer, protocol, extensions={"http.response.trailers": {}}) as client:
        response = client.get("/")
    assert response.text == "ab"
    assert response.extensions.get("trailers", []) == ([("x-sum", "2")] if protocol == "asgi" else [])


def wsgi_site(environ: Any, start_response: Any) -> list[bytes]:
    """Answers with the length of its input."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(environ["wsgi.input"].read())).encode()]


@both
@pytest.mark.parametrize("app", [Mount({"/": wsgi_site}), Application.from_wsgi(wsgi_site), ProxyFix(wsgi_site)])
def test_the_input_of_a_wsgi_application_has_no_limits(protocol: Any, app: Any) -> None:
    """What a WSGI application reads is the body as it was sent: limits and filters are those of the requests of the
    outer application, on both protocols.
    """

    class Strict(Small):
        def make_body_filter(self) -> Any:
            raise AssertionError

    outer = Outer(app)
    outer.request_class = Strict
    with Client(outer, protocol) as client:
        assert client.post("/", content=b"x" * 200_000).text == "200000"


def test_an_application_that_speaks_the_other_protocol_only() -> None:
    """On WSGI, a mount of ASGI applications cannot answer: the error names what was returned, and its protocol."""

    async def asgi_only(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("got a call, expected none")

    class Outer(Application[Request]):
        def resolve(self, request: Request) -> Any:
            return Mount({"/": asgi_only})

    with Client(Outer(), "wsgi") as client, pytest.raises(RuntimeError, match="over WSGI for the Mount that resolve"):
        client.get("/")


@both
def test_an_application_without_a_handler(protocol: Any) -> None:
    """resolve() of such an application says what is missing; one that overrides it needs no handler."""

    class Choosing(Application[Request]):
        def resolve(self, request: Request) -> Any:
            return inner if request.path == "/own" else super().resolve(request)

    with Client(Choosing(), protocol) as client:
        assert client.get("/own").text == "/own None"
        with pytest.raises(TypeError, match=r"Choosing has no handler: give it one, or override resolve\(\)"):
            client.get("/")


@pytest.mark.parametrize("half", ["wsgi_app", "asgi_app"])
def test_half_a_wrapper_is_not_left_out(half: str) -> None:
    """An application of which only one protocol is wrapped is called through the wrapper, and refuses the other one."""
    calls: list[str] = []
    inside = Application(inner)
    original = getattr(inside, half)

    def wrapped(*args: Any) -> Any:
        calls.append(half)
        return original(*args)

    setattr(inside, half, wrapped)
    own, other = ("wsgi", "asgi") if half == "wsgi_app" else ("asgi", "wsgi")
    with Client(Outer(inside), own) as client:  # type: ignore[arg-type]
        assert client.get("/x").text == "/x None"
    assert calls == [half]
    with Client(Outer(inside), other) as client, pytest.raises(RuntimeError, match=f"only {half}"):  # type: ignore[arg-type]
        client.get("/x")


def speaks_asgi(app: Any) -> Any:
    """An application that ``resolve`` returns, and whose ASGI side is ``app``."""

    def wsgi(environ: Any, start_response: Any) -> Any:
        raise AssertionError("got a request of WSGI")

    return Outer(Dual(wsgi, app))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("given", [{}, {"extensions": None}, {"extensions": {}}, {"http_version": "2"}], ids=repr)
@pytest.mark.parametrize("offers", [False, True])
def test_the_scope_of_an_application_inside(offers: bool, given: dict[str, Any], backend: str) -> None:
    """The scope is a copy, without the request object of the application around it: what the application inside puts
    there stays its own. Of the extensions for responses it has those that a response object can hold, and all others.
    """
    seen: list[Any] = []
    sent: list[Any] = []

    async def site(scope: Any, receive: Any, send: Any) -> None:
        seen.append((set(scope["extensions"]), "cardan.request" in scope))
        scope.update(path="/changed", own=1)
        await send({"type": "http.response.start", "status": 200, "trailers": offers})
        await send({"type": "http.response.body", "body": b"x"})
        if offers:
            await send({"type": "http.response.trailers", "headers": [(b"x-a", b"1")]})

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/at", "headers": [], "query_string": b"", **given}
    names = ["tls", "http.request.own", "http.response.trailers", "http.response.pathsend", "http.response.own"]
    if offers:
        scope["extensions"] = {name: {} for name in names}

    async def main() -> None:
        with anyio.fail_after(100):
            await speaks_asgi(site)(scope, receive, send)

    anyio.run(main, backend=backend)
    assert seen == [(set(names[:3]) if offers else set(), False)]
    assert (scope["path"], "own" in scope) == ("/at", False)
    assert b"".join(message.get("body", b"") for message in sent) == b"x"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_hint_of_an_application_inside_that_was_not_offered(backend: Any) -> None:
    """A server that does not offer early hints takes none: the message is out of order, as on the server itself."""

    async def site(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.early_hint", "links": [b"</a.css>"]})

    with (
        Client(speaks_asgi(site), "asgi", backend=backend) as client,
        pytest.raises(RuntimeError, match=r"'http\.response\.early_hint' out of order"),
    ):
        client.get("/")
