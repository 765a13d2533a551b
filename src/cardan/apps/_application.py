"""Application: makes one handler into an object that every server can run.

Takes a handler, ``def`` or ``async def``, and serves it over WSGI and ASGI. The handler runs here:

    =========  =============================  ==================================
    handler    WSGI                           ASGI
    =========  =============================  ==================================
    def        the request's thread           a worker thread
    async def  the process's loop (portal)    the server's loop
    =========  =============================  ==================================
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from copy import copy
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any, Generic, Protocol, overload

from .. import _crossing as crossing
from .._request import BaseRequest, Request
from ..asgi import _handling as asgi_handling
from ..asgi import _websockets as asgi_websockets
from ..core._checks import check_spelling, kind_of
from ..core._exceptions import HTTPException, response_to
from ..core._flow import answer, is_async, raiser
from ..core._request.exchange import REQUEST_KEY, find_exchange
from ..core._request.request import check_request_class, expect_trusted_host
from ..core._response.base import BaseResponse
from ..types import ApplicationOptions
from ..wsgi import _handling as wsgi_handling
from ._delegation import delegated
from ._dual import Dual, DualCallable, async_face
from ._lifespan import ProcessLifespan, run_once, serve_lifespan
from ._options import (
    CHECKED,
    DECISIVE,
    DERIVING,
    KNOWN,
    OPTIONS,
    THREADS,
    WORDS,
    checked_option,
    computes,
    expect_no_setting_of_requests,
    expect_three_arguments,
    is_property,
    is_request_class,
    misspelt,
    remedy_for,
    unknown_option,
)
from ._protocols import expect_protocol, protocol_in_place_of_handler
from ._request_annotation import request_class_for
from ._stopping import Stopping
from ._type_argument import check_argument, class_in, own_argument
from ._wsgi_bridge import bridged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self, Unpack
    from wsgiref.types import WSGIApplication

    from typing_extensions import TypeVar

    from .._response import Response
    from ..core._problem import ErrorFormat
    from ..types import (
        ASGIApplication,
        Backend,
        Handler,
        Lifespan,
        Middleware,
        Receive,
        Result,
        Scope,
        Send,
    )

    R = TypeVar("R", bound=BaseRequest, default=Request)
    D = TypeVar("D", bound=BaseRequest)
else:
    from typing import TypeVar

    R = TypeVar("R")
    D = TypeVar("D")

__all__ = ["Application", "HandlerDecorator"]


def _is_plain(app: DualCallable) -> bool:
    """Whether ``app`` is an Application that answers by its handler: nothing wraps it on either protocol."""
    return isinstance(app, Application) and all(
        name not in app.__dict__ and getattr(type(app), name) is getattr(Application, name)
        for name in ("wsgi_app", "asgi_app")
    )


def _itself(response: BaseResponse, request: object) -> BaseResponse:
    return response


async def _on_trusted_host(
    request: BaseRequest, websocket: ASGIApplication, scope: Scope, receive: Receive, send: Send
) -> None:
    expect_trusted_host(request)
    await websocket(scope, receive, send)


class HandlerDecorator(Protocol[D]):
    """The result of ``Request.application(load=True)``: a decorator that makes a handler into an application."""

    @overload
    def __call__(self, handler: Handler[D], /) -> Application[D]: ...
    @overload
    def __call__(self, method: Callable[[Any, D], Result], /) -> Application[D]: ...
    def __call__(self, handler: Any, /) -> Any:
        """The application for ``handler``, which is a function or, in the body of a class, a method."""
        ...


class Application(Dual, Generic[R]):
    """A WSGI and ASGI application that calls a handler for each request.

    The arguments of the constructor are described at the attributes of the same names. A subclass may override
    :meth:`resolve` to choose the handler, :meth:`on_error` to change the responses to HTTP errors, and
    :meth:`on_exception` to answer unexpected exceptions.

    Each option can also be assigned later. The new value holds for all requests that begin afterwards, on both
    protocols: ``app.middleware = [*app.middleware, authenticated]``. A subclass may set options as class attributes;
    arguments of the constructor take precedence. Assigning ``lifespan`` raises :exc:`RuntimeError` after the lifespan
    has begun.
    """

    __module__ = "cardan"

    handler: Handler[R] | None = None
    """The original function."""
    request_class: type[R] = Request  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    """The class of the requests that the handler gets.

    A subclass names it once, in brackets: the requests of ``class App(Application[ApiRequest])`` are ApiRequests. The
    argument of the constructor, and an attribute of a subclass, take precedence. If none of them names it, it is the
    class in the annotations of the handler and the middleware, which is also what type checkers infer:
    ``def handler(request: ApiRequest)``. An annotation that exists for type checkers only is not seen.

    If the class has ``trusted_hosts`` when the application is made, a request for another host gets a 400 from
    :meth:`on_error`, inside the middleware and before :meth:`resolve`. So does the handshake of a websocket."""
    load: bool = False
    """Whether the body is loaded before middleware and handler run: a form is parsed, any other body is kept. It is not
    parsed if :meth:`resolve` has no handler for the request.

    A middleware that needs the bytes of a form says so, by ``@middleware(buffer=True)``: then the body is kept first,
    and the form is parsed from what was kept."""
    lifespan: Lifespan | None = None
    """A function that takes the application and gives a context manager, sync or async. It is entered at start-up, and
    left at shutdown."""
    middleware: Sequence[Middleware[R]] = ()
    """The middleware, from the outermost to the innermost."""
    websocket: ASGIApplication | None = None
    """An ASGI application for websocket scopes. Without one, websocket connections are refused.

    ``scope["cardan.request"]`` is the head of the handshake, of the application's ``request_class``, with the state of
    the lifespan: code that checks cookies or the origin works as for every other request. A response refuses the
    handshake, and so does an HTTPException that is raised before anything was sent. Middleware does not run::

        async def chat(scope, receive, send):
            request = scope["cardan.request"]
            if request.cookies.get("session") not in sessions:
                return await Response("sign in first", 401)(scope, receive, send)
            await send({"type": "websocket.accept"})

        app = Application(handler, websocket=chat)
    """
    threads: int = 40
    """The number of sync handlers that may run at the same time under one event loop (ASGI).

    As many close hooks may run in addition."""
    waiting_threads: int = crossing.WAITING_THREADS
    """The number of further sync handlers that may wait for a slow client under one event loop (ASGI). If so many are
    waiting, a handler that has to wait for its body raises :exc:`ServiceUnavailable`, a 503. A bridged WSGI application
    that streams its body has one of these threads from its first step to the last."""
    stream_threads: int = crossing.STREAM_THREADS
    """The number of steps of sync response bodies that may run at the same time under one event loop (ASGI)."""
    backend: Backend = "asyncio"
    """The event loop for async handlers on WSGI: ``"asyncio"`` or ``"trio"``."""
    end_streams_on_stop: bool = False
    """If True, response bodies without a Content-Length are ended when the process is told to stop (ASGI).

    So the server does not have to wait for event streams after SIGTERM or SIGINT. The body is closed, its cleanup and
    the close hooks run, and the response is complete for its client. The server must run the lifespan in the main
    thread and handle the signal itself.
    """
    errors: ErrorFormat = "auto"
    """The format of the responses to HTTP errors that :meth:`on_error` makes.

    ``"auto"`` is what the client prefers, as :meth:`HTTPException.get_response` says. ``"problem"`` is a problem
    document (RFC 9457), ``"html"`` a page, ``"text"`` plain text; then Accept is not looked at. An error that has a
    response, or whose class makes its own, is not changed by this."""

    _names_class = False
    """Whether the class says itself which class the requests have."""
    _varies = False
    """Whether one of the options that decide how a request is served is a property."""
    _adapter_sync_handler: Handler[R] | None = None
    """For the adapters: the handler, if it is a ``def``, handles every request, and nothing is loaded before it."""
    _adapter_async_handler: Handler[R] | None = None
    """For the adapters: the handler, if it is an ``async def``, handles every request without middleware, and nothing
    is loaded before it."""
    _adapter_start_lifespan: Callable[[], dict[str, Any]] | None = None
    """For the adapters: starts the lifespan in this process, once, and gives a copy of its state (WSGI)."""
    _adapter_lifespan_state: dict[str, Any]
    """For the adapters: what the lifespan has yielded; copied for each request (ASGI)."""
    _adapter_worker_threads: crossing.Threads
    """For the adapters: the worker threads of sync handlers, close hooks and bodies (ASGI)."""

    _loads: tuple[bool, ...] = ()
    """How the body is loaded before middleware and handler run: the argument ``form`` of each ``load()``.

    ``(False, True)`` keeps the bytes of the body first, and then parses the form from them."""
    _loads_without_handler: tuple[bool, ...] = ()
    """The same for a request for which :meth:`resolve` gave an error or a response: no form is parsed."""
    _checks_host = False
    """Whether the host of each request is checked before its handler is chosen."""
    _is_async: bool | None = None
    _process: ProcessLifespan | None = None
    _began = False

    # asyncio and inspect look at these on an application that decorates the method ``__call__`` of a class
    __name__ = async_face.__name__
    __code__ = async_face.__code__
    __defaults__ = async_face.__defaults__
    __kwdefaults__ = async_face.__kwdefaults__

    def __init__(
        self,
        handler: Handler[R] | None = None,
        *,
        request_class: type[R] | None = None,
        **options: Unpack[ApplicationOptions[R]],
    ) -> None:
        for name in options:
            if name not in OPTIONS:
                raise unknown_option(name)
        given: dict[str, Any] = {"handler": handler, "request_class": request_class, **options}
        for name, value in given.items():
            if value is not None:
                given[name] = checked_option(name, value)
        self._adapter_lifespan_state = {}
        self._replaced = type(self)._replaced  # an attribute of the object is faster to read than one of its class
        self._stopping: dict[Any, Stopping] = {}
        self._has_class = request_class is not None
        if request_class is None and not self._names_class:
            given["request_class"] = request_class_for(self._functions(handler, given.get("middleware")))
        for name in ("handler", "request_class", *OPTIONS):
            self._take(name, given.get(name))
        if isinstance(self.request_class, type):
            check_request_class(self.request_class)  # something may have been assigned to it after it was made

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_spelling(cls, KNOWN, WORDS)
        for name, value in cls.__dict__.items():
            expect_no_setting_of_requests(cls.__name__, name, value)
        for name in CHECKED & cls.__dict__.keys():
            if not computes(value := cls.__dict__[name]):
                checked_option(name, value)
        cls._varies = any(is_property(cls, name) for name in DECISIVE)
        if "request_class" not in cls.__dict__:
            found = own_argument(cls, Application)
            if is_request_class(found):
                cls.request_class = found
        cls._names_class = cls._names_class or "request_class" in cls.__dict__

    if not TYPE_CHECKING:

        def __class_getitem__(cls, item):
            alias = super().__class_getitem__(item)
            check_argument(alias, Application, BaseRequest)
            return alias

    def _functions(
        self, handler: Handler[R] | None, middleware: Iterable[Middleware[R]] | None
    ) -> list[Callable[..., Any]]:
        """The functions that will get the requests."""
        own = type(self)
        if middleware is None:
            middleware = () if is_property(own, "middleware") else self.middleware
        if handler is None and not is_property(own, "handler"):
            handler = self.handler
        return [*([handler] if handler is not None else ()), *middleware]

    # --- options, and what follows from them ---

    def _take(self, name: str, value: Any) -> None:
        """Set an option to the argument of the constructor, or to the value of the class."""
        if value is None:
            if is_property(type(self), name):
                if name in DERIVING:
                    self._derive(name)
                return
            value = getattr(self, name)
            if name == "lifespan":  # it is called with the application, which a method of the class gets anyway
                value = getattr(value, "__func__", value)
        setattr(self, name, value)

    # do not use __dict__ here: after that, Python reads the attributes of the object more slowly

    if not TYPE_CHECKING:  # a checker that saw this method would accept the assignment of any name

        def __setattr__(self, name: str, value: Any) -> None:
            if name in CHECKED:
                value = checked_option(name, value)
                if name == "websocket":
                    expect_three_arguments(value)
            elif not hasattr(self, name):
                expect_no_setting_of_requests(type(self).__name__, name, value)
                if (meant := misspelt(name)) is not None:
                    raise TypeError(f"got {name}, which is no option: did you mean {meant}?")
            if name in DECISIVE:
                self._adapter_sync_handler = self._adapter_async_handler = (
                    None  # first of all, because requests may be running
                )
            elif name == "lifespan" and self._has_begun() and value is not self.lifespan:
                raise RuntimeError("got a lifespan while another one has begun, expected it before the first request")
            elif name == "__orig_class__" and not self._has_class:  # of ``Application[ApiRequest](handler)``
                found = class_in(value, Application)
                if is_request_class(found):
                    self.request_class = found
            super().__setattr__(name, value)
            if name in DERIVING:
                self._derive(name)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in DERIVING:
            self._derive(name)

    def _derive(self, name: str) -> None:
        """Set the attributes that follow from the option ``name``."""
        if name in THREADS:
            self._adapter_worker_threads = crossing.Threads(self.threads, self.waiting_threads, self.stream_threads)
        elif name == "lifespan":
            make = self._make_lifespan()
            self._process = ProcessLifespan(make, self._adapter_portal) if make is not None else None
            self._adapter_start_lifespan = self._process.state if self._process is not None else None
        elif not self._varies:  # otherwise it is chosen for each request
            self._choose_way()

    def _choose_way(self) -> None:
        """Set the handler that the adapters call directly, if all requests have the same one and nothing is loaded
        before.
        """
        buffers = any(getattr(each, "buffer", False) for each in self.middleware)
        loads = ((False,) if buffers else ()) + ((True,) if self.load else ())
        routes = getattr(self.resolve, "__func__", None) is not Application.resolve
        routes = routes or isinstance(self.handler, DualCallable)
        kind = None if routes or self._varies else is_async(self.handler)
        self._checks_host = getattr(self.request_class, "trusted_hosts", None) is not None
        handler = self.handler if kind is not None and not loads and not self._checks_host else None
        self._loads = loads
        self._loads_without_handler = (False,) if buffers else ()
        self._is_async = kind
        self._adapter_sync_handler = None if kind else handler
        self._adapter_async_handler = handler if kind and not self.middleware else None

    def _make_lifespan(self) -> Callable[[], Any] | None:
        return partial(self.lifespan, self) if self.lifespan is not None else None

    def _begin(self) -> None:
        if self._process is not None:
            self._process.state()

    def _has_begun(self) -> bool:
        return self._began or (self._process is not None and self._process.begun)

    # --- what a subclass may change ---

    def resolve(self, request: R) -> Handler[R] | DualCallable | BaseResponse | HTTPException:
        """The handler for this request. A subclass overrides it to choose the handler, for example by the path.

        It sees only the request line and the headers. It must not block. What it raises counts as the handler's: for an
        HTTPException, which it may also return, middleware is sent the response; any other exception is raised at the
        ``yield`` of middleware.

        It may return an application for both protocols, such as :class:`StaticFiles` or a :class:`Mount`, which then
        answers this request inside the middleware. A response is such an application. An Application answers as if it
        were a handler: its own ``resolve()``, middleware, ``load`` and ``on_error`` hold for the request, and its
        ``lifespan`` and ``on_exception`` do not, because the outer application has these.

        Any other one, such as a Mount, is called over the protocol of the request: on ASGI in the event loop of the
        server, as if it were an ``async def`` handler, so the middleware runs there, too. One that speaks WSGI only is
        called in a worker thread. On ASGI, the lifespans of the applications inside are not run: the server runs that
        of the outer application, and knows no other. On WSGI, the first request starts them, as that of any mount
        does, and ``close()`` of the mount ends them. Websockets are not passed on.
        """
        if self.handler is None:
            raise TypeError(f"{type(self).__name__} has no handler: give it one, or override resolve()")
        return self.handler

    def on_error(self, request: R, error: HTTPException) -> Response:
        """The response to an HTTP error: a problem document, HTML or text, as the client prefers. May be overridden.

        It is called where the error arises, so that middleware sees the response: for an error of :meth:`resolve`, of
        loading the body or of the handler inside all middleware; for an error of a middleware, inside the middleware
        around it. To answer as for another error, pass that one on; an HTTPException that the method raises or returns
        is a :exc:`TypeError`::

            def on_error(self, request, error):
                if error.code == 403:
                    error = NotFound()
                return super().on_error(request, error)
        """
        return response_to(error, request, self.errors)

    def on_exception(self, request: R, error: Exception) -> Response | None:
        """The response to an exception that is no HTTPException; None leaves it to the server. May be overridden.

        It is called outside all middleware, for what the handler, :meth:`resolve`, :meth:`on_error`, loading the body
        or a middleware raises, where the handler runs: in its thread or event loop. The body of a response is sent
        afterwards; an error in it goes to the server. The cancellation of a request is not passed, nor is what ends the
        process: KeyboardInterrupt, SystemExit, and a group that holds one of them. If what an ``async def`` handler
        awaits was cancelled elsewhere, it gets a RuntimeError.

        Without a response, as by default, the server logs the exception and answers. (On WSGI, an exception that
        servers would take for their own is logged and answered with a plain 500.) With a response, the exception is
        logged once, with its traceback, to the logger ``cardan``. On ASGI, it is also raised to the server after the
        response was sent, so that the log of the server, test clients and error trackers around the application see
        it; a server may end the connection then, so the response has ``Connection: close``. On WSGI, it is not raised,
        because a server would then send its own answer, unless ``environ["x-wsgiorg.throw_errors"]`` asks for it.
        :meth:`respond` and :meth:`arespond` give the response, and do not raise the exception. The test clients raise
        it, or with ``raise_app_exceptions=False`` give the response. The method may raise or return an HTTPException,
        too::

            def on_exception(self, request, error):
                return problem_response(request, InternalServerError())
        """
        return None

    @staticmethod
    def from_wsgi(app: WSGIApplication, /, *, threads: int = 40) -> Dual:
        """An application for both protocols from any WSGI application, such as a Flask or Django site.

        Over WSGI it is ``app`` itself. Over ASGI each request runs in a worker thread, of which there are at most
        ``threads``, and ``app`` gets an environ made of the scope (``environ["asgi.scope"]``). Bodies are streamed in
        both directions, and the iterable of ``app`` is closed once, also when the client leaves. There is no lifespan,
        and websockets are refused.

        :func:`cardan.asgi.from_wsgi` gives the ASGI side alone.

        >>> def hello(environ, start_response):
        ...     start_response("200 OK", [("Content-Type", "text/plain")])
        ...     return [b"Hello"]
        >>> app = Application.from_wsgi(hello)
        """
        expect_protocol(app, "wsgi")
        return Dual(app, Application(bridged(app), threads=threads))

    @staticmethod
    def from_asgi(app: ASGIApplication, /, *, backend: Backend = "asyncio") -> Dual:
        """An application for both protocols from any ASGI application, such as a Starlette or Quart site.

        Over ASGI it is ``app`` itself. Over WSGI ``app`` runs in the event loop of the process, ``backend``, and gets a
        scope made of the environ (``scope["wsgi.environ"]``). Bodies are streamed in both directions: ``send()``
        returns when the server asks for more. After its last message ``app`` may go on, with a background task for
        example; the thread of the request waits for it.

        WSGI does not tell when a client has left before the next chunk is sent. Then ``receive()`` gives
        ``http.disconnect``, ``send()`` raises an OSError, and if ``app`` waits for anything else it is cancelled.

        The lifespan of ``app`` is started by the first request of each process. The method ``close()`` of the result,
        or the end of the process, ends it.

        :func:`cardan.wsgi.from_asgi` gives the WSGI side alone.

        >>> async def hello(scope, receive, send):
        ...     headers = [(b"content-type", b"text/plain")]
        ...     await send({"type": "http.response.start", "status": 200, "headers": headers})
        ...     await send({"type": "http.response.body", "body": b"Hello"})
        >>> app = Application.from_asgi(hello)
        """
        from ._asgi_bridge import lifespan_of, served_by

        expect_protocol(app, "asgi")
        handler = served_by(app, partial(crossing.portal, backend))
        return Dual(Application(handler, lifespan=lambda _: lifespan_of(app), backend=backend), app)

    def close(self) -> None:
        """End the lifespan that this process has started on WSGI. For tests and scripts; a server ends it at exit."""
        if self._process is not None:
            self._process.close()

    # --- one handler, as a function and as a method ---

    def __get__(self, obj: object, owner: type | None = None) -> Self:
        method: Any = self.handler
        if obj is None or method is None or isinstance(method, MethodType):  # such a handler has its object
            return self
        bound = copy(self)
        handler = partial(method, obj)
        bound.__dict__["handler"] = handler  # it is of the same kind, so nothing else changes
        if self._adapter_sync_handler is not None:
            bound.__dict__["_adapter_sync_handler"] = handler
        elif self._adapter_async_handler is not None:
            bound.__dict__["_adapter_async_handler"] = handler
        return bound

    # --- each request: the adapters take it from the server to the handler and back ---

    # For type checkers these are the attributes of Dual, which may be replaced. They are no methods that call the
    # functions, because each request would need one more call.
    if not TYPE_CHECKING:
        wsgi_app = wsgi_handling.handle
        asgi_app = asgi_handling.handle

    # --- what the adapters ask: see the protocol Served in :mod:`cardan.core._flow` ---

    def _adapter_find_handler(self, request: Any) -> tuple[Any, bool, tuple[bool, ...]]:
        """For the adapters: the handler of a request, whether it is async, and how the body is loaded before it: the
        argument ``form`` of each ``load()``.

        An error that :meth:`resolve` raises, or an HTTPException that it returns, is raised by the handler, so that
        middleware sees it. Then the body is not parsed: no handler needs it.
        """
        if self._varies:
            self._choose_way()
        handler: Any
        try:
            if self._checks_host:
                expect_trusted_host(request)
            handler = self.resolve(request)
        except Exception as error:
            return raiser(error), False, self._loads_without_handler
        if isinstance(handler, HTTPException):
            return raiser(handler), False, self._loads_without_handler
        if isinstance(handler, BaseResponse):
            return partial(_itself, handler), False, self._loads_without_handler
        if isinstance(handler, DualCallable):
            handler, delegates_async = delegated(handler, request, in_flow=_is_plain(handler))
            return handler, delegates_async, self._loads
        kind = self._is_async
        if kind is None:
            if not hasattr(handler, "__code__") and (wrong := self._wrong_handler(handler)) is not None:
                return raiser(wrong), False, self._loads_without_handler
            kind = is_async(handler)
        return handler, kind, self._loads

    def _wrong_handler(self, given: object) -> TypeError | None:
        """The error for an object from :meth:`resolve` that is no function; None if it may be a handler."""
        spoken = protocol_in_place_of_handler(given)
        no_handler = isinstance(given, type) and issubclass(given, (DualCallable, BaseResponse, HTTPException))
        if callable(given) and spoken is None and not no_handler:
            return None
        remedy = f": {remedy_for(spoken)}" if spoken is not None else ""
        if isinstance(given, Coroutine):
            given.close()  # otherwise it warns that it was never awaited
            remedy = ": resolve() is a def, because it must not wait, and returns the handler without calling it"
        return TypeError(
            f"got {kind_of(given)} from {self.resolve.__qualname__}, expected a handler, an application for both"
            f" protocols, a Response or an HTTPException{remedy}"
        )

    def _adapter_answer_exception(self, request: Any, error: Exception) -> BaseResponse | None:
        """For the adapters: the response of :meth:`on_exception`, None if there is none. If there is one, the exception
        is logged. An HTTPException that the hook raises or returns becomes its response.
        """
        result: Any
        try:
            result = self.on_exception(request, error)
        except HTTPException as raised:
            result = raised
        if result is None:
            return None
        response = answer(result, request, self.on_exception, self.on_error)
        from logging import getLogger  # imports threading, which most programs never need here

        getLogger("cardan").error(
            "%s %r failed, and on_exception gave the response %s: %s",
            request.method, request.path, response.status_code, type(error).__name__, exc_info=error,
        )  # fmt: skip
        return response

    def _adapter_portal(self) -> crossing.Portal:
        """For the adapters: the event loop for async handlers on WSGI. There is one for each process and backend."""
        return crossing.portal(self.backend)

    def _adapter_when_stopped(self) -> Callable[[Callable[[], None]], Callable[[], object]] | None:
        """For the adapters: ``_adapter_when_stopped()(function)`` calls a function when the process is told to stop.

        It returns a callable that cancels this. None if streams do not end then.
        """
        if not self.end_streams_on_stop:
            return None
        stopping = self._stopping.get(crossing.current_token())
        return None if stopping is None else stopping.when_told

    def _lifespan_state(self) -> dict[str, Any]:
        return self._adapter_lifespan_state

    async def _adapter_serve_scope(self, scope: Scope, receive: Receive, send: Send) -> None:
        """For the adapters: serve an ASGI scope that is not an HTTP request."""
        kind = scope["type"]
        if kind == "lifespan":
            await run_once(self, scope, receive, send, self._serve_lifespan)
        elif kind != "websocket":
            raise RuntimeError(f"got a scope of type {kind!r}, expected http, websocket or lifespan")
        elif self.websocket is not None:
            exchange = find_exchange(scope)
            if self._adapter_lifespan_state and "state" not in scope:
                exchange.take_state(self._adapter_lifespan_state)
            request = scope[REQUEST_KEY] = self.request_class(scope, receive, send)
            try:
                websocket = partial(_on_trusted_host, request, self.websocket) if self._checks_host else self.websocket
                await asgi_websockets.serve_websocket(self, websocket, request, scope, receive, send)
            finally:
                scope.pop(REQUEST_KEY, None)
        else:
            await asgi_websockets.deny_websocket(scope, receive, send)

    async def _serve_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._began = True
        loop = None
        if self.end_streams_on_stop:
            loop = crossing.current_token()
            self._stopping[loop] = Stopping()
        try:
            await serve_lifespan(self._make_lifespan(), scope, receive, send, partial(self._start, loop))
        finally:
            self._began = False
            if (stopping := self._stopping.pop(loop, None)) is not None:
                stopping.end()

    def _start(self, loop: Any, state: dict[str, Any]) -> None:
        """Store that the lifespan has started in ``loop`` with this state."""
        known = self._adapter_lifespan_state  # the copies that __get__() has made have the same dict
        known.update(state)
        for name in known.keys() - state.keys():  # of a lifespan before
            del known[name]
        if (stopping := self._stopping.get(loop)) is not None:
            stopping.begin()


HandlerDecorator.__module__ = "cardan.apps"
