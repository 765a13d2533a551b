"""Which protocol an application speaks."""

from __future__ import annotations

import functools
import traceback
import wsgiref.validate
from typing import Any

import anyio
import flask
import pytest
import starlette.applications
import starlette.middleware.gzip
import werkzeug
import werkzeug.middleware.lint

from cardan import CORS, Application, Compression, Dual, Mount, ProxyFix, Request, Response, core
from cardan.apps._protocols import protocol_in_place_of_handler, protocols_of
from cardan.asgi import from_wsgi as asgi_side
from cardan.files import StaticFiles
from cardan.testing import Client, lint
from cardan.wsgi import from_asgi as wsgi_side
from tests.apps.doors import resolving


def wsgi(environ: Any, start_response: Any) -> Any:
    """A WSGI application."""


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application."""


def plain_asgi(scope: Any, receive: Any, send: Any) -> Any:
    """Gives an awaitable without being an ``async def``, as some wrappers do."""


def renamed(first: Any, second: Any) -> Any:
    """A WSGI application whose parameters have other names."""


def optional(environ: Any, start_response: Any, debug: bool = False) -> Any:
    """A WSGI application that takes more."""


def late_send(scope: Any, receive: Any = None, send: Any = None) -> Any:
    """An ASGI application whose parameters have defaults."""


def anything(*args: Any, **options: Any) -> Any:
    """Does not show what it takes."""


@functools.wraps(asgi)
def wrapped(*args: Any) -> Any:
    """A wrapper that shows what it wraps."""
    return asgi(*args)


class Iterated:
    """A class whose objects are the iterables (PEP 3333, "The Application/Framework Side")."""

    def __init__(self, environ: Any, start_response: Any) -> None: ...


class Callable:
    """An object with methods that are applications."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...
    def wsgi(self, environ: Any, start_response: Any) -> Any: ...
    def asgi(self, scope: Any, receive: Any, send: Any) -> Any: ...


flask_app = flask.Flask("x")
starlette_app = starlette.applications.Starlette()
both = Application(lambda request: Response())


@pytest.mark.parametrize(
    "app",
    [
        wsgi, renamed, optional, Iterated, Callable().wsgi, functools.partial(optional, debug=True), flask_app,
        flask_app.wsgi_app, lint.wsgi(wsgi), ProxyFix(wsgi), Mount({"/": flask_app}), ProxyFix(Mount({"/a": wsgi})),
    ],
)  # fmt: skip
def test_wsgi(app: Any) -> None:
    """Two parameters, or a wrapper of such an application."""
    assert protocols_of(app) == ("wsgi",)


@pytest.mark.parametrize(
    "app",
    [
        asgi, plain_asgi, late_send, wrapped, Callable(), Callable().asgi, functools.partial(asgi), starlette_app,
        starlette.middleware.gzip.GZipMiddleware(starlette_app), lint.asgi(asgi), ProxyFix(asgi),
        Mount({"/": starlette_app}),
    ],
)  # fmt: skip
def test_asgi(app: Any) -> None:
    """An ``async def``, three parameters, or a wrapper of such an application."""
    assert protocols_of(app) == ("asgi",)


@pytest.mark.parametrize(
    "app",
    [
        both, Response("x"), Dual(wsgi, asgi), StaticFiles("."), Mount({"/a": wsgi, "/b": asgi}), Mount({}),
        ProxyFix(both), Mount({"/": ProxyFix(both)}), Request.application(lambda request: Response()),
    ],
)  # fmt: skip
def test_dual(app: Any) -> None:
    """What cardan makes is an application for both protocols, unless it wraps one that is not."""
    assert protocols_of(app) == ("wsgi", "asgi")


@functools.wraps(lambda request: None)
def around_a_view(environ: Any, start_response: Any) -> Any: ...


@functools.wraps(lambda request: None)
def as_werkzeug(*args: Any) -> Any: ...


@functools.wraps(lambda request: None)
def decorated_view(*args: Any, **options: Any) -> Any: ...


@functools.wraps(asgi)
def around_asgi(*args: Any) -> Any: ...


def test_wrappers() -> None:
    """The parameters of a wrapper tell first, then those of the wrapped function. Werkzeug's `Request.application`
    makes a `def application(*args)` around a view, which is a WSGI application; a decorated view is none.
    """
    assert protocols_of(around_a_view) == ("wsgi",)
    assert protocols_of(as_werkzeug) == ("wsgi",)
    assert protocols_of(around_asgi) == ("asgi",)
    assert protocols_of(decorated_view) == ()


def test_a_wrapper_that_passes_all_attributes_on() -> None:
    """An object whose class has a ``__call__`` is called by it, whatever it has from the application that it wraps."""

    class Passing:
        def __init__(self, app: Any) -> None:
            self.app = app

        def __getattr__(self, name: str) -> Any:
            return getattr(self.app, name)

    class OverWSGI(Passing):
        def __call__(self, environ: Any, start_response: Any) -> Any: ...

    class OverASGI(Passing):
        def __call__(self, scope: Any, receive: Any, send: Any) -> Any: ...

    class Late(Passing):
        async def __call__(self, *args: Any) -> None: ...

    for app in (both, wsgi, asgi):
        assert protocols_of(OverWSGI(app)) == protocols_of(lint.wsgi(app)) == ("wsgi",)
        assert protocols_of(OverASGI(app)) == protocols_of(lint.asgi(app)) == protocols_of(Late(app)) == ("asgi",)


def test_an_application_of_werkzeug_can_be_mounted() -> None:
    """What Werkzeug's `Request.application` makes of a function or of a method is mounted as it is."""

    @werkzeug.Request.application
    def page(request: Any) -> Any:
        return werkzeug.Response(f"{request.root_path} {request.path}")

    class Pages:
        @werkzeug.Request.application
        def page(self, request: Any) -> Any:
            return werkzeug.Response(f"{request.root_path} {request.path}")

    with Client(Mount({"/x": page, "/y": Pages().page})) as client:
        assert [client.get(path).text for path in ("/x/a", "/y/b")] == ["/x /a", "/y /b"]


@pytest.mark.parametrize("app", [anything, lambda: None, lambda request: None, dict])
def test_unknown(app: Any) -> None:
    """A callable with other parameters does not show its protocol."""
    assert protocols_of(app) == ()


@pytest.mark.parametrize("app", [None, "app:app", 3])
def test_not_an_application(app: Any) -> None:
    """What cannot be called is no application."""
    with pytest.raises(TypeError, match=f"got an application of type {type(app).__name__}, expected a WSGI or ASGI"):
        protocols_of(app)


def hello(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return iter([b"hello"])


async def async_hello(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello"})


class Decorator:
    """A decorator that is an object, as some libraries have it: its parameters say nothing."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def __call__(self, first: Any, *more: Any, **options: Any) -> Any:
        return self.page(first, *more)


HIDDEN_WSGI = [wsgiref.validate.validator(hello), werkzeug.middleware.lint.LintMiddleware(hello), Decorator(hello)]
WRAPS: list[Any] = [lambda app: Mount({"/": app}), ProxyFix, functools.partial(CORS, origins="*"), Compression]


@pytest.mark.parametrize("wrap", [*WRAPS, Client])
def test_a_class_in_place_of_an_application(wrap: Any) -> None:
    """If the parentheses behind a class of applications are forgotten, the error names the class."""

    class Site(Application[Request]):
        pass

    with pytest.raises((TypeError, ValueError), match=r"^got the class Site(| at '/'), expected an object of it"):
        wrap(Site)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize(
    ("app", "protocol"), [*((each, "wsgi") for each in HIDDEN_WSGI), (Decorator(async_hello), "asgi")]
)
def test_an_application_that_does_not_show_its_protocol(app: Any, protocol: Any, wrap: Any) -> None:
    """Validators take any arguments, and objects may hide what they take. What can be called as an application is
    mounted and wrapped, and gets the requests of both protocols.
    """
    assert protocols_of(app) == ()
    assert protocols_of(wrap(app)) == ("wsgi", "asgi")
    with Client(wrap(app), protocol) as client:
        assert client.get("/").text == "hello"


def test_an_application_that_takes_two_arguments_at_most() -> None:
    """An application that can be called with two arguments at most is a WSGI application, whatever its parameters are
    named. One that takes keyword arguments only is refused.
    """

    def app(*, name: str = "") -> Any: ...
    def one_default(environ: Any, start: Any = None) -> Any: ...

    assert protocols_of(Mount({"/": one_default})) == ("wsgi",)
    with pytest.raises(ValueError, match="takes neither"):
        Mount({"/": app})  # type: ignore[dict-item]


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("app", [lambda: None, lambda request: None, decorated_view, dict])
def test_what_is_no_application(app: Any, wrap: Any) -> None:
    """A handler is neither mounted nor wrapped, also with a decorator around it; nor is a class of other objects."""
    with pytest.raises(ValueError, match="takes neither"):
        wrap(app)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize(
    ("app", "protocol"), [*((each, "asgi") for each in HIDDEN_WSGI), (Decorator(async_hello), "wsgi")]
)
def test_the_wrong_protocol_of_such_an_application(app: Any, protocol: Any, wrap: Any) -> None:
    """The application raises an error of its own, which may say anything. A note on the error says what to do."""
    with Client(wrap(app), protocol) as client:
        with pytest.raises((TypeError, AssertionError, Warning)) as caught:
            client.get("/")
    told = "".join(traceback.format_exception_only(caught.value))
    assert "does not show its protocol, and was called over " + protocol.upper() in told
    assert f"Application.{'from_wsgi' if protocol == 'asgi' else 'from_asgi'}(app) makes it speak both" in told


def test_a_result_of_the_wrong_protocol() -> None:
    """An application that gives the result of the other protocol is told apart by it."""

    class Mixed:
        def __call__(self, *args: Any, **options: Any) -> Any:
            return async_hello(*args, None) if len(args) == 2 else [b"hello"]

    for protocol, spoken in (("wsgi", "ASGI"), ("asgi", "WSGI")):
        with Client(Mount({"/a": Mixed()}), protocol) as client:  # type: ignore[call-overload]
            with pytest.raises(RuntimeError, match=f"for the application at '/a', expected one over {spoken}"):
                client.get("/a")


@pytest.mark.parametrize("around", [lambda app: app, resolving], ids=["alone", "resolved"])
@pytest.mark.parametrize(("side", "protocol"), [(asgi_side(hello), "wsgi"), (wsgi_side(async_hello), "asgi")])
def test_one_side_of_a_bridge_over_the_other_protocol(side: Any, protocol: Any, around: Any) -> None:
    """A call of one side of a bridge over the other protocol raises an error that says what takes both."""
    name = "from_wsgi" if protocol == "wsgi" else "from_asgi"
    with Client(around(side), protocol) as client, pytest.raises(RuntimeError) as caught:
        client.get("/")
    assert f"got a request over {protocol.upper()} for what cardan." in str(caught.value)
    assert str(caught.value).endswith(f": Application.{name}(app) speaks both")


@pytest.mark.parametrize("wrap", [*WRAPS, Application.from_asgi])
@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_messages_of_the_least_length(wrap: Any, protocol: Any) -> None:
    """``headers``, ``body`` and ``more_body`` may be left out (ASGI HTTP specification), so every place takes their
    defaults: wrappers, mounts, bridges, and the calls without a server.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 202})
        await send({"type": "http.response.body"})

    wrapped = wrap(app)
    with Client(Application.from_asgi(wrapped), protocol) as client:
        answer = client.get("/", headers={"Origin": "https://a.example", "Accept-Encoding": "gzip"})
        assert (answer.status_code, answer.content) == (202, b"")


def test_messages_of_the_least_length_without_a_server() -> None:
    """Without a server, ``headers``, ``body`` and ``more_body`` of a response have the same defaults."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 202})
        await send({"type": "http.response.body"})

    async def main() -> None:
        dual = Application(lambda request: Response())
        dual.asgi_app = dual.wsgi_app = app  # type: ignore[assignment, method-assign]
        async with await dual.arespond(core.Request(core.RequestHead())) as response:
            assert (response.status_code, await response.aget_data()) == (202, b"")
        made = await Response.afrom_app(app, {"type": "http", "method": "GET", "headers": []})
        assert (made.status_code, made.get_data()) == (202, b"")

    anyio.run(main)


class Elsewhere:
    """An object whose class shows nothing, and whose own ``__call__`` is a coroutine function."""

    def __init__(self) -> None:
        async def call(*args: Any) -> None:
            raise AssertionError("got a call, expected none")

        self.__call__ = call

    def __call__(self, *args: Any) -> Any:
        raise AssertionError("got a call, expected none")


def test_an_async_call_of_the_object() -> None:
    """An async ``__call__`` shows that the object is an ASGI application."""
    assert protocols_of(Elsewhere()) == ("asgi",)


def test_a_handler_whose_class_tells_nothing() -> None:
    """A class without a signature of its ``__call__`` may be that of a handler."""

    class Silent:
        __call__ = property(lambda self: None)

    assert protocol_in_place_of_handler(Silent()) is None
    assert protocol_in_place_of_handler(5) is None
