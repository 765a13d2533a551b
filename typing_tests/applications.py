"""Types of applications, handlers and middleware: whose requests, which options, which responses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Literal, TypedDict, Unpack, assert_type

from cardan import Application, Flow, Handler, Middleware, Request, Response, abort, core, loaded, middleware
from cardan.apps import HandlerDecorator
from cardan.exceptions import HTTPException, NotFound
from cardan.types import ApplicationOptions


class ApiRequest(Request):
    """A request class of an application."""

    tenant = "nobody"


# --- middleware


@middleware
def stamped(request: Request) -> Flow:
    """What is sent at the ``yield`` is a response as users import it. Nothing has to be returned."""
    response = yield
    assert_type(response, Response)
    response.headers["X-Path"] = request.path


class Stamping:
    """The middleware of an object."""

    @middleware
    def stamped(self, request: ApiRequest) -> Flow:
        """A method."""
        yield

    @middleware(buffer=True)
    def signed(self, request: ApiRequest) -> Flow:
        """A method with an option."""
        yield


def methods(handler: Handler[ApiRequest], simple: Handler[Request]) -> None:
    """A middleware that is a method is for the requests that the method takes."""
    Application(handler, request_class=ApiRequest, middleware=[Stamping().stamped, Stamping().signed])
    Application[Request](simple, middleware=[Stamping().stamped])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Application[Request](simple, middleware=[Stamping().signed])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


@middleware()
def refusing(request: ApiRequest) -> Flow:
    """A middleware may answer in place of the handler, and raise or return an HTTPException."""
    if request.tenant == "nobody":
        return Response("no", 403)
    if request.tenant == "somebody":
        return NotFound()
    if request.tenant == "anybody":
        return abort(403)
    response = yield
    return core.Response(response.get_data())


def plain(request: Request) -> Generator[None, Response, Response]:
    """A middleware that always returns a response."""
    return (yield)


def handler(request: ApiRequest) -> Response:
    """A handler for requests of the class ApiRequest."""
    return Response(request.tenant)


def simple(request: Request) -> Response:
    """A handler for all requests."""
    return Response()


def alone(one: Handler, each: Middleware, app: Application) -> None:
    """``Handler``, ``Middleware`` and ``Application`` alone are those of ``Request``."""
    assert_type(one, Handler[Request])
    assert_type(each, Middleware[Request])
    assert_type(app, Application[Request])


def of_api_requests() -> None:
    """An application takes middleware for its own requests, and for those of a base class."""
    Application(handler, request_class=ApiRequest, middleware=[stamped, refusing, plain])
    Application(simple, middleware=[stamped, plain])
    mine: Middleware[ApiRequest] = refusing
    Request.application(simple, middleware=[mine])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Application[Request](simple, middleware=[refusing])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


# --- applications


class App(Application[ApiRequest]):
    """A router. Its constructor passes the options on."""

    def __init__(self, name: str, **options: Unpack[ApplicationOptions[ApiRequest]]) -> None:
        super().__init__(**options)
        self.name = name

    def resolve(self, request: ApiRequest) -> Handler[ApiRequest] | HTTPException:
        """A handler may take the requests of a base class. An HTTPException may be returned in place of a handler."""
        if not request.tenant:
            return NotFound()
        return handler if request.tenant == "nobody" else simple

    def on_error(self, request: ApiRequest, error: HTTPException) -> Response:
        """The response of the base class is one as users import it."""
        response = super().on_error(request, error)
        assert_type(response, Response)
        return response


class Narrow(Application[Request]):
    """A router that always finds a handler."""

    def resolve(self, request: Request) -> Handler[Request]:
        """The type of the result may say so."""
        return simple


class State(TypedDict):
    """What a lifespan yields."""

    greeting: str


@asynccontextmanager
async def lifespan(app: Application[ApiRequest]) -> AsyncIterator[State]:
    """A lifespan with a state of its own type."""
    yield {"greeting": "Hello"}


@contextmanager
def sync_lifespan(app: object) -> Iterator[None]:
    """A sync lifespan without a state."""
    yield


def options() -> None:
    """``Application``, its subclasses and ``Request.application`` take the same options, and find wrong ones."""
    backend: Literal["asyncio", "trio"] = "trio"
    App("x", load=True, lifespan=lifespan, middleware=[refusing], threads=3, backend=backend)
    App("x").backend = "asyncio"
    assert_type(App("x").request_class, type[ApiRequest])
    decorator = ApiRequest.application(
        load=True,
        lifespan=sync_lifespan,
        middleware=[stamped],
        threads=3,
        waiting_threads=5,
        stream_threads=5,
        backend="trio",
        end_streams_on_stop=True,
    )
    assert_type(decorator, HandlerDecorator[ApiRequest])
    assert_type(decorator(handler), Application[ApiRequest])
    assert_type(ApiRequest.application(handler, load=True), Application[ApiRequest])
    App("x", backend="tokio")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    App("x").backend = "tokio"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    App("x", lod=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Application(simple, lod=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Request.application(lod=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Request.application(load=1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


class Page:
    """Applications that are methods, with and without options."""

    @Request.application
    def view(self, request: Request) -> Response:
        """A ``def``."""
        return Response(request.path)

    @Request.application(load=True)
    async def aview(self, request: Request) -> Response:
        """An ``async def`` with options."""
        return Response(request.path)

    @ApiRequest.application(middleware=[stamped])
    @loaded
    async def both(self, request: ApiRequest) -> Response:
        """With a request class, options and another decorator."""
        return Response(request.tenant)


def on_a_class(page: Page) -> None:
    """An application on a class is an application, on the class and on its objects."""
    assert_type(Page.view, Application[Request])
    assert_type(page.view, Application[Request])
    assert_type(page.aview, Application[Request])
    assert_type(page.both, Application[ApiRequest])
    Page.view.middleware = [*Page.view.middleware, stamped]


# --- views


@loaded
async def view(request: Request, name: str) -> Response:
    """``@loaded`` keeps the signature of a view."""
    return Response(name)


def resolve(request: Request) -> Handler[Request]:
    """So that a mistake in it is found."""
    partial(view, nam="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    return partial(view, name="x")


def behind_proxies(head: core.RequestHead) -> None:
    """A head becomes another head."""
    assert_type(core.seen_by_proxies(head, core.TrustedProxies(x_host=1, peers=["10.0.0.0/8"])), core.RequestHead)


async def without_a_server(app: Application, request: core.Request) -> None:
    """A request of core is answered with a response."""
    assert_type(app.respond(request), Response)
    assert_type(await app.arespond(request), Response)
