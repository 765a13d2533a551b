"""Options that are assigned to an application, or set by its class, hold on both protocols."""

from __future__ import annotations

from contextlib import asynccontextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from cardan import Application, Dual, Request, Response, middleware
from cardan.exceptions import HTTPException, NotFound, Unauthorized
from cardan.testing import PROTOCOLS, Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

both = pytest.mark.parametrize("protocol", PROTOCOLS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])


def handler(request: Request) -> Response:
    """A ``def`` handler."""
    return Response(f"open {request.path}")


async def ahandler(request: Request) -> Response:
    """An ``async def`` handler."""
    return Response(f"open {request.path}")


HANDLERS: dict[str, Any] = {"def": handler, "async": ahandler}


def auth(request: Request) -> Any:
    """A middleware that refuses every request."""
    if request.path != "/public":
        return Unauthorized()
    return (yield)


def get(app: Any, protocol: Any, path: str = "/", **options: Any) -> Any:
    """The response to one request."""
    with Client(app, protocol=protocol) as client:
        return client.request(options.pop("method", "GET"), path, **options)


def assign(app: Any) -> None:
    """Assign a tuple."""
    app.middleware += (auth,)


def assign_list(app: Any) -> None:
    """Assign a list: any sequence works."""
    app.middleware = [auth]


@both
@kinds
@pytest.mark.parametrize("way", [assign, assign_list])
def test_middleware(protocol: Any, kind: str, way: Callable[[Any], None]) -> None:
    """A middleware that is added to an application is used at once, and one that is removed is not used any more."""
    app = Application(HANDLERS[kind])
    assert get(app, protocol).text == "open /"
    way(app)
    assert get(app, protocol).status_code == 401
    assert get(app, protocol, "/public").text == "open /public"
    assert get(copy(app), protocol).status_code == 401
    app.middleware = ()
    assert get(app, protocol).text == "open /"


@both
@kinds
def test_middleware_that_buffers(protocol: Any, kind: str) -> None:
    """``buffer`` of a middleware that is added later, and of the application, takes effect."""
    seen: list[bytes] = []

    @middleware(buffer=True)
    def reads(request: Request) -> Any:
        seen.append(request.get_data())
        return (yield)

    app = Application(HANDLERS[kind])
    app.middleware += (reads,)
    assert get(app, protocol, method="POST", content=b"body").text == "open /"
    assert seen == [b"body"]

    async def needs(request: Request) -> Response:
        return Response(request.text)

    app.handler, app.middleware, app.load = needs, (), True
    assert get(app, protocol, method="POST", content=b"body").text == "body"


@both
@pytest.mark.parametrize("before", ["def", "async"])
@pytest.mark.parametrize("after", ["def", "async"])
def test_handler(protocol: Any, before: str, after: str) -> None:
    """A handler of either kind can be replaced by a handler of either kind."""
    app = Application(HANDLERS[before])
    assert get(app, protocol).text == "open /"
    app.handler = HANDLERS[after]
    assert get(app, protocol, "/b").text == "open /b"
    app.handler = None
    app.resolve = lambda request: HANDLERS[after]
    assert get(app, protocol, "/c").text == "open /c"


@both
@kinds
def test_methods_of_one_object(protocol: Any, kind: str) -> None:
    """``resolve`` and ``on_error`` can be replaced on the object, and restored."""

    def resolve(request: Request) -> Any:
        raise NotFound

    def on_error(request: Request, error: HTTPException) -> Response:
        return Response(f"own {error.code}", error.code)

    app = Application(HANDLERS[kind])
    app.resolve, app.on_error = resolve, on_error
    assert get(app, protocol).text == "own 404"
    del app.resolve
    assert get(app, protocol).text == "open /"


@both
@kinds
def test_request_class(protocol: Any, kind: str) -> None:
    """The class of requests can be assigned."""

    class Mine(Request):
        @property
        def path(self) -> str:
            return "/mine"

    app = Application(HANDLERS[kind])
    app.request_class = Mine
    assert get(app, protocol).text == "open /mine"


@both
def test_methods_as_applications(protocol: Any) -> None:
    """If a method is decorated as an application in a class, options assigned to it there hold for every object."""

    class Page:
        @Request.application
        def view(self, request: Request) -> Response:
            return Response("view")

        @Request.application
        async def aview(self, request: Request) -> Response:
            return Response("aview")

    page = Page()
    assert get(page.view, protocol).text == "view"
    Page.view.middleware += (auth,)
    Page.aview.middleware += (auth,)
    assert get(page.view, protocol).status_code == 401
    assert get(page.aview, protocol).status_code == 401
    alone: Any = page.aview
    alone.middleware = ()
    assert get(alone, protocol).text == "aview"
    assert get(page.aview, protocol).status_code == 401


@both
@kinds
def test_options_in_the_body_of_a_class(protocol: Any, kind: str) -> None:
    """A subclass can set options as class attributes. Arguments of the constructor take precedence."""

    class Guarded(Application[Request]):
        middleware = (auth,)
        threads = 3

    assert get(Guarded(HANDLERS[kind]), protocol).status_code == 401
    assert get(Guarded(HANDLERS[kind], middleware=[]), protocol).text == "open /"
    assert (Guarded(handler).threads, Guarded(handler)._adapter_worker_threads.count) == (3, 3)

    class Methods(Application[Request]):
        began: ClassVar[list[Any]] = []

        def handler(self, request: Request) -> Response:  # type: ignore[override]
            return Response(f"method {request.state['word']}")

        @asynccontextmanager
        async def lifespan(self) -> AsyncIterator[dict[str, Any]]:  # type: ignore[override]
            self.began.append(self)
            yield {"word": "mine"}

    app = Methods()
    assert get(app, protocol).text == "method mine"
    assert Methods.began == [app]


@both
@kinds
def test_options_as_properties(protocol: Any, kind: str) -> None:
    """An option that is a property is evaluated for each request."""

    class Varying(Application[Request]):
        closed = False

        @property
        def middleware(self) -> Any:
            return (auth,) if self.closed else ()

    app = Varying(HANDLERS[kind])
    assert get(app, protocol).text == "open /"
    app.closed = True
    assert get(app, protocol).status_code == 401


class Mine(Request):
    """A class of requests that says so."""

    word = "mine"


class Trusting(Request):
    """Trusts one host."""

    trusted_hosts = ("good.example",)


#: for each option that decides how a request is served: its values before and after, as a property gives them
VARYING: dict[str, tuple[Any, Any]] = {
    "handler": (lambda request: Response("first"), ahandler),
    "request_class": (Request, Mine),
    "load": (False, True),
    "middleware": ((), (auth,)),
    "resolve": (lambda request: handler, lambda request: ahandler),
}


@both
@pytest.mark.parametrize("name", VARYING)
def test_each_option_as_a_property(protocol: Any, name: str) -> None:
    """A property of a subclass decides anew for each request, whichever option it is."""

    class Varying(Application[Any]):
        changed = False

    def computed(app: Any) -> Any:
        return VARYING[name][app.changed]

    async def show(request: Any) -> Response:
        try:
            body = request.get_data().decode()
        except RuntimeError as error:
            body = type(error).__name__
        return Response(f"{getattr(request, 'word', 'usual')} {body}")

    # the option is in the class before the class is made: this is what a class statement does
    kind: Any = type(Application)(Varying.__name__, (Varying,), {name: property(computed), "__module__": __name__})
    app = kind() if name in ("handler", "resolve") else kind(show)
    answers = [get(app, protocol, method="POST", content=b"body")]
    app.changed = True
    answers.append(get(app, protocol, method="POST", content=b"body"))
    expected = {
        "handler": ["first", "open /"],
        "request_class": ["usual BodyNotLoaded", "mine BodyNotLoaded"],
        "load": ["usual BodyNotLoaded", "usual body"],
        "middleware": ["usual BodyNotLoaded", "401"],
        "resolve": ["open /", "open /"],
    }
    told = [answer.text if answer.is_success else str(answer.status_code) for answer in answers]
    assert told == expected[name]


@both
@kinds
def test_trusted_hosts_of_a_class_that_is_a_property(protocol: Any, kind: str) -> None:
    """If a property gives a class with ``trusted_hosts``, hosts are checked from then on, and no longer afterwards."""

    class Varying(Application[Any]):
        guarded = False

        @property
        def request_class(self) -> Any:
            return Trusting if self.guarded else Request

    app = Varying(HANDLERS[kind])
    assert get(app, protocol).text == "open /"
    app.guarded = True
    assert get(app, protocol).status_code == 400
    assert get(app, protocol, headers={"Host": "good.example"}).text == "open /"
    app.guarded = False
    assert get(app, protocol).text == "open /"


@both
@kinds
def test_trusted_hosts_of_a_class_that_is_assigned(protocol: Any, kind: str) -> None:
    """If a class with ``trusted_hosts`` is assigned, hosts are checked from then on: no request for another host is
    served by what was chosen before.
    """
    app = Application(HANDLERS[kind])
    assert get(app, protocol).text == "open /"
    app.request_class = Trusting
    assert get(app, protocol).status_code == 400
    app.request_class = Request
    assert get(app, protocol).text == "open /"


def test_numbers_of_threads_go_to_their_places() -> None:
    """Each of the three numbers limits its own kind of work, from the constructor, a class and an assignment."""

    class Own(Application[Request]):
        threads = 3
        waiting_threads = 4
        stream_threads = 5

    made = Application(handler, threads=3, waiting_threads=4, stream_threads=5)
    assigned = Application(handler)
    assigned.threads, assigned.waiting_threads, assigned.stream_threads = 3, 4, 5
    for app in (made, assigned, Own(handler)):
        worker = app._adapter_worker_threads
        assert (worker.count, worker.waiting, worker.streaming) == (3, 4, 5)
    assert Application.from_wsgi(lambda environ, start_response: [], threads=3).asgi_app.threads == 3  # type: ignore[attr-defined]


def test_numbers_of_threads_as_properties() -> None:
    """Numbers that are all properties are read when the application is made."""

    class Own(Application[Request]):
        threads = property(lambda app: 3)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        waiting_threads = property(lambda app: 4)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        stream_threads = property(lambda app: 5)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    worker = Own(handler)._adapter_worker_threads
    assert (worker.count, worker.waiting, worker.streaming) == (3, 4, 5)


@both
@kinds
def test_a_lifespan_that_is_a_property(protocol: Any, kind: str) -> None:
    """A property of a subclass may give the lifespan. It is called with the application, and its state is that of the
    requests.
    """

    class Own(Application[Request]):
        @property
        def lifespan(self) -> Any:  # type: ignore[override]
            @asynccontextmanager
            async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
                yield {"app": app}

            return lifespan

    def show(request: Request) -> Response:
        return Response(type(request.state["app"]).__name__)

    async def ashow(request: Request) -> Response:
        return show(request)

    assert get(Own(show if kind == "def" else ashow), protocol).text == "Own"


@both
def test_lifespan(protocol: Any) -> None:
    """A lifespan can be assigned until one has begun.

    After that, the assignment raises, because it would have no effect.
    """
    log: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        log.append("up")
        yield
        log.append("down")

    app = Application(handler)
    app.lifespan = lifespan
    with Client(app, protocol=protocol) as client:
        assert client.get("/").text == "open /"
        with pytest.raises(RuntimeError, match="before the first request"):
            app.lifespan = None
    assert log == ["up", "down"]
    app.lifespan = None
    assert get(app, protocol).text == "open /"
    assert log == ["up", "down"]


def test_threads_and_backend() -> None:
    """The number of threads and the event loop can be assigned as well."""
    app = Application(ahandler)
    app.threads = 7
    assert app._adapter_worker_threads.count == 7

    async def which(request: Request) -> Response:
        import sniffio

        return Response(sniffio.current_async_library())

    app.handler, app.backend = which, "trio"
    assert get(app, "wsgi").text == "trio"


def refuses(app: Any, protocol: Any, replaced: str) -> None:
    """The protocol that was not replaced is refused, and the other one is served."""
    other = "wsgi" if protocol == "asgi" else "asgi"
    with pytest.raises(RuntimeError, match=f"only {replaced}"):
        get(app, protocol)
    assert get(app, other).text == "open /"


@pytest.mark.parametrize(("attribute", "other"), [("wsgi_app", "asgi"), ("asgi_app", "wsgi")])
def test_one_half_of_a_dual(attribute: str, other: Any) -> None:
    """If only one of the two applications of a Dual was wrapped, the other protocol is refused."""
    app = Dual(Application(handler), Application(ahandler))
    assert get(app, other).text == "open /"
    original = getattr(app, attribute)
    setattr(app, attribute, lambda *args: original(*args))
    refuses(app, other, attribute)
    refuses(copy(app), other, attribute)
    setattr(app, attribute, original)
    assert get(app, other).text == "open /"


def test_one_half_of_a_class() -> None:
    """If a class overrides only one of ``wsgi_app`` and ``asgi_app``, the other protocol is refused. The other method
    may be overridden by a second base class, or assigned.
    """

    class Half(Application[Request]):
        def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
            return super().wsgi_app(environ, start_response)

    class OtherHalf(Application[Request]):
        async def asgi_app(self, scope: Any, receive: Any, send: Any) -> None:
            await super().asgi_app(scope, receive, send)

    class Whole(Half, OtherHalf):
        pass

    refuses(Half(handler), "asgi", "wsgi_app")
    refuses(OtherHalf(handler), "wsgi", "asgi_app")
    for protocol in PROTOCOLS:
        assert get(Whole(handler), protocol).text == "open /"
    completed = Half(handler)
    completed.asgi_app = completed.asgi_app
    for protocol in PROTOCOLS:
        assert get(completed, protocol).text == "open /"


@both
@kinds
def test_an_option_that_is_deleted(protocol: Any, kind: str) -> None:
    """The value of the class holds again, from the next request on."""

    class Site(Application[Request]):
        pass

    Site.handler = staticmethod(HANDLERS[kind])
    app = Site(lambda request: Response("own"), middleware=[auth], load=True)
    wrong: Any = {"content": b"no form", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}
    assert get(app, protocol).status_code == 401
    del app.middleware
    assert get(app, protocol).text == "own"
    assert get(app, protocol, method="POST", **wrong).status_code == 400
    del app.load
    assert get(app, protocol, method="POST", **wrong).text == "own"
    del app.handler
    assert get(app, protocol).text == "open /"


@both
@kinds
def test_middleware_that_is_assigned_while_a_body_is_loaded(protocol: Any, kind: str) -> None:
    """A request keeps the middleware that the application had when it began; the next request has the other one."""
    seen: list[str] = []

    def noting(name: str) -> Any:
        @middleware
        def note(request: Request) -> Any:
            seen.append(name)
            yield

        return note

    class Assigning(Request):
        def make_form_data_parser(self, *args: Any) -> Any:
            app.middleware = [noting("new")]
            return super().make_form_data_parser(*args)

    app: Any = Application(HANDLERS[kind], request_class=Assigning, load=True, middleware=[noting("old")])
    for _ in range(2):
        assert get(app, protocol, method="POST", data={"a": "b"}).status_code == 200
    assert seen == ["old", "new"]
