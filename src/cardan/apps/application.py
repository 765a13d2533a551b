"""Application: one handler made into the one object that every server can run.

Takes a handler, ``def`` or ``async def``, and serves it over WSGI and ASGI. What happens to a request is in
:mod:`.flow`; here it is decided which thread or loop each step runs in:

    =========  =============================  ==================================
    handler    WSGI                           ASGI
    =========  =============================  ==================================
    def        the request's thread           a worker thread
    async def  the process's loop (portal)    the server's loop
    =========  =============================  ==================================
"""

from __future__ import annotations

from contextvars import copy_context
from copy import copy
from functools import partial
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol

from .. import _crossing as crossing
from .._request import BaseRequest, Request
from ..asgi.handling import deny_websocket, handle
from ..core.drive import run
from ..core.exceptions import HTTPException
from ..core.flow import flow, is_async, raiser
from ..core.request.body import close_async_files
from ..core.request.exchange import KEY, REQUEST_KEY, Exchange
from ..core.response.base import BaseResponse
from ..wsgi.draining import count_reads, drain_before_error, drained
from ..wsgi.errors import answer_error, ends_more
from ..wsgi.sending import send, send_whole
from .dual import Dual
from .lifespan import ProcessLifespan, serve_lifespan
from .stopping import Stopping

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from typing_extensions import TypeVar

    from ..core.flow import Steps
    from ..types import ASGIApplication, Handler, Lifespan, Middleware, Receive, Send

    R = TypeVar("R", bound=BaseRequest, default=Request)
    D = TypeVar("D", bound=BaseRequest)
else:
    from typing import TypeVar

    R = TypeVar("R")
    D = TypeVar("D")

__all__ = ["Application", "HandlerDecorator", "RequestThread", "send_alone"]


#: the attributes of an application that decide how its requests are served
_DECISIVE: Final = frozenset({"handler", "middleware", "load", "resolve"})
_THREADS: Final = frozenset({"threads", "waiting_threads", "stream_threads"})
_DERIVING: Final = _DECISIVE | _THREADS | {"lifespan"}


def _is_property(cls: type, name: str) -> bool:
    return hasattr(getattr_static(cls, name), "__set__")


class HandlerDecorator(Protocol[D]):
    """What ``Request.application(load=True)`` gives: turns a handler into an application."""

    def __call__(self, handler: Handler[D], /) -> Application[D]:
        """The application of ``handler``."""
        ...


class Application(Dual, Generic[R]):
    """A handler as a WSGI and ASGI application.

    The options are described at the attributes of the same names. A subclass may override :meth:`resolve` (a router)
    and :meth:`on_error`.

    Every option is an attribute, too, and what is assigned to one later holds for the requests that begin afterwards,
    on both protocols: ``app.middleware += (authenticated,)``. A subclass may give options in its body; what the
    constructor is given wins. Assigning ``lifespan`` raises :exc:`RuntimeError` once it has begun.
    """

    handler: Handler[R] | None = None
    """The original function."""
    request_class: type[Any] = Request
    """The class of the requests that the handler gets."""
    load: bool = False
    """Whether the body is loaded before middleware and handler run."""
    lifespan: Lifespan | None = None
    """A sync or async context manager function around all requests; it gets the application."""
    middleware: Sequence[Middleware] = ()
    """From the outermost to the innermost."""
    websocket: ASGIApplication | None = None
    """An ASGI application for websocket scopes, which are denied without one."""
    threads: int = 40
    """How many sync handlers run at once under one event loop (ASGI), and as many close hooks beside them."""
    waiting_threads: int = crossing.WAITING_THREADS
    """How many more sync handlers may wait for a slow client under one event loop (ASGI). Beyond that number a handler
    that needs more of its body raises :exc:`ServiceUnavailable`, a 503."""
    stream_threads: int = crossing.STREAM_THREADS
    """How many steps of sync response bodies run at once under one event loop (ASGI)."""
    backend: str = "asyncio"
    """The event loop of async handlers on WSGI, ``asyncio`` or ``trio``."""
    end_streams_on_stop: bool = False
    """Whether, on ASGI, response bodies without a Content-Length are ended when the process is told to stop (SIGTERM,
    SIGINT), so that the server need not wait for event streams. The body is closed, its cleanup and the close hooks
    run, and the response is complete for its client. It needs a server that has a lifespan, in the main thread, and
    that handles the signal itself."""

    _varies = False
    """Whether one of the options that decide how a request is served is a property."""
    _straight_sync = _straight_async = _loads = False
    _is_async: bool | None = None
    _process: ProcessLifespan | None = None
    _began = False

    # asyncio and inspect look at these on what a decorated ``__call__`` method leaves in its class
    __name__ = Dual.__call__.__name__
    __code__ = Dual.__call__.__code__
    __defaults__ = Dual.__call__.__defaults__
    __kwdefaults__ = Dual.__call__.__kwdefaults__

    def __init__(
        self,
        handler: Handler[R] | None = None,
        *,
        request_class: type[R] | None = None,
        load: bool | None = None,
        lifespan: Lifespan | None = None,
        middleware: Sequence[Middleware] | None = None,
        websocket: ASGIApplication | None = None,
        threads: int | None = None,
        waiting_threads: int | None = None,
        stream_threads: int | None = None,
        backend: str | None = None,
        end_streams_on_stop: bool | None = None,
    ) -> None:
        self._asgi_state: dict[str, Any] = {}
        self._stopping: dict[Any, Stopping] = {}
        self._take("handler", handler)
        self._take("request_class", request_class)
        self._take("load", load)
        self._take("lifespan", lifespan)
        self._take("middleware", middleware)
        self._take("websocket", websocket)
        self._take("threads", threads)
        self._take("waiting_threads", waiting_threads)
        self._take("stream_threads", stream_threads)
        self._take("backend", backend)
        self._take("end_streams_on_stop", end_streams_on_stop)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._varies = any(_is_property(cls, name) for name in _DECISIVE)

    # --- options, and what follows from them ---

    def _take(self, name: str, value: Any) -> None:
        """Set an option to what the constructor was given, or to what the class says, so that it is kept here."""
        if value is None:
            if _is_property(type(self), name):
                if name in _DERIVING:
                    self._derive(name)
                return
            value = getattr(self, name)
            if name == "lifespan":  # is called with the application: as a method of its class it is that already
                value = getattr(value, "__func__", value)
        setattr(self, name, value)

    # nothing here asks for __dict__: attributes of an object whose dict was made are slower to read, with each request

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _DECISIVE:
            self._straight_sync = self._straight_async = False  # first: requests may be under way
            if name == "middleware":
                value = tuple(value)
        elif name == "lifespan" and self._has_begun() and value is not self.lifespan:
            raise RuntimeError("got a lifespan while another one has begun, expected it before the first request")
        super().__setattr__(name, value)
        if name in _DERIVING:
            self._derive(name)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in _DERIVING:
            self._derive(name)

    def _derive(self, name: str) -> None:
        """Set what follows from the option ``name``."""
        if name in _THREADS:
            self._threads = crossing.Threads(self.threads, self.waiting_threads, self.stream_threads)
        elif name == "lifespan":
            make = self._make_lifespan()
            self._process = ProcessLifespan(make, self._portal) if make is not None else None
        elif not self._varies:  # else it is chosen for each request
            self._choose_way()

    def _choose_way(self) -> None:
        """One handler of a known kind, and nothing to load before it: such requests are served on a straight path."""
        loads = bool(self.load) or any(getattr(each, "load", False) for each in self.middleware)
        routes = getattr(self.resolve, "__func__", None) is not Application.resolve
        kind = None if routes or self._varies else is_async(self.handler)
        straight = self.handler is not None and kind is not None and not loads
        self._loads = loads
        self._is_async = kind
        self._straight_sync = straight and not kind
        self._straight_async = straight and bool(kind) and not self.middleware

    def _make_lifespan(self) -> Callable[[], Any] | None:
        return partial(self.lifespan, self) if self.lifespan is not None else None

    def _has_begun(self) -> bool:
        return self._began or (self._process is not None and self._process.begun)

    # --- what a subclass may change ---

    def resolve(self, request: R) -> Handler[R]:
        """The handler of this request; override it to route. Sees the head, must not block, may raise HTTPException."""
        if self.handler is None:
            raise TypeError(f"{type(self).__name__} has no handler: give it one, or override resolve()")
        return self.handler

    def on_error(self, request: R, error: HTTPException) -> BaseResponse:
        """The response to an HTTP error; problem+json, HTML or text as the client prefers. Override to change it."""
        response: BaseResponse = error.get_response(request)
        return response

    def close(self) -> None:
        """End the lifespan that WSGI began in this process; for tests and scripts, servers end it at exit."""
        if self._process is not None:
            self._process.close()

    # --- one handler, as a function and as a method ---

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None or self.handler is None:
            return self
        bound = copy(self)
        bound.__dict__["handler"] = partial(self.handler, obj)  # of the same kind: nothing else follows from it
        return bound

    def _portal(self) -> crossing.Portal:
        return crossing.portal(self.backend)

    def _resolve(self, request: Any) -> tuple[Any, bool]:
        """The handler and whether it is async; an HTTP error of ``resolve`` is raised inside the flow."""
        if self._varies:
            self._choose_way()
        try:
            handler = self.resolve(request)
        except HTTPException as error:
            return raiser(error), False
        kind = self._is_async
        return handler, is_async(handler) if kind is None else kind

    # --- WSGI ---

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one WSGI request (PEP 3333); what middleware of that protocol wraps.

        An error that a server would take for its own (:mod:`.wsgi.errors`) is logged (logger ``cardan``) and answered
        with a plain 500 before the head is sent, and ends the response as an ordinary error afterwards. All other
        errors are raised. ``environ["x-wsgiorg.throw_errors"]``: all errors are raised, for debuggers and tests.
        """
        try:
            exchange = environ.get(KEY)
            if exchange is None:
                exchange = environ[KEY] = Exchange()
            if self._process is not None:
                exchange.state = self._process.state()
            exchange.holders += 1
            held = False
            thread = request = None
            has_body = environ.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" in environ
            try:
                if has_body and not environ.get("wsgi.input_terminated"):
                    count_reads(environ)
                request = self.request_class(environ)
                context = copy_context()
                steps = None
                if self._straight_sync:
                    steps = context.run(flow, request, self.handler, self.middleware, self.on_error)  # type: ignore[arg-type]
                    if isinstance(steps, BaseResponse):
                        body = send_whole(steps, environ, start_response)
                        if body is not None:  # nothing is held: an answer in one piece cannot read the request's body
                            if not has_body or (exchange.opened and exchange.opened[-1].ended):
                                return body
                            return drained(body, environ, steps, request)
                thread = RequestThread(self, exchange, crossing.OwnContext(context))
                response = thread.respond(request, steps)
                held = bool(exchange.opened) or response.is_streamed  # a body may read the request's
                after: list[Callable[[], Any]] = [thread.leave, partial(_leave, environ, exchange)] if held else []
                root_url = partial(getattr, request, "root_url")
                iterable = send(response, environ, start_response, thread, root_url, after)
                return drained(iterable, environ, response, request) if has_body else iterable
            except BaseException as error:
                if has_body and not ends_more(error):
                    drain_before_error(environ, request)
                raise
            finally:
                if not held:
                    try:
                        if thread is not None:
                            thread.leave()
                    finally:
                        _leave(environ, exchange)
        except BaseException as error:
            if (answer := answer_error(error, environ, start_response)) is None:
                raise
            return answer

    # --- ASGI ---

    if TYPE_CHECKING:

        async def asgi_app(self, scope: Any, receive: Receive, send: Send) -> None:
            """Serve one ASGI scope; what middleware of that protocol wraps."""

    else:
        asgi_app = handle  # not a method around it, whose coroutine each request would pay for

    async def _serve_other(self, scope: Any, receive: Receive, send: Send) -> None:
        """What ``handle`` leaves: the scopes that are no requests."""
        kind = scope["type"]
        if kind == "lifespan":
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
        elif kind != "websocket":
            raise RuntimeError(f"got a scope of type {kind!r}, expected http, websocket or lifespan")
        elif self.websocket is not None:
            await self.websocket(scope, receive, send)
        else:
            await deny_websocket(scope, receive, send)

    def _start(self, loop: Any, state: dict[str, Any]) -> None:
        """The lifespan has started in ``loop``, with this state."""
        self._asgi_state.update(state)
        if (stopping := self._stopping.get(loop)) is not None:
            stopping.begin()

    def _until_stop(self) -> Callable[[], Awaitable[None]] | None:
        """What returns when the process was told to stop; None where nothing listens for that."""
        stopping = self._stopping.get(crossing.current_token())
        return None if stopping is None else stopping.wait


def _leave(environ: dict[str, Any], exchange: Exchange) -> None:
    """The application is done with this request: nothing of it stays in the environ."""
    exchange.holders -= 1
    environ.pop(REQUEST_KEY, None)
    if exchange.release is not None:
        exchange.end()
    if exchange.opened and exchange.files:
        exchange.close()


class RequestThread:
    """The thread of one WSGI request: runs the flow, and waits for what it has to await in the process's loop.

    It is in ``context`` for one step of the application's code at a time, and outside of it while it waits: what is
    awaited in the loop runs in the same context.
    """

    __slots__ = ("_app", "_conversation", "_exchange", "context")

    def __init__(self, app: Any, exchange: Exchange, context: crossing.RequestContext) -> None:
        self._app = app
        self._exchange = exchange
        self._conversation: crossing.Conversation | None = None
        self.context = context

    def respond(self, request: Any, steps: BaseResponse | Steps | None) -> BaseResponse:
        """The response to ``request``; ``steps`` where its flow has begun."""
        if steps is None:
            steps = self._begin(request)
        if isinstance(steps, BaseResponse):
            return steps
        within: Any = _StepsWithin(steps, self.context)
        response: BaseResponse = run(within, partial(self._await_handler, request))
        return response

    def _begin(self, request: Any) -> BaseResponse | Steps:
        app = self._app
        call = self.context.call
        handler, is_async = call(app._resolve, request)
        if is_async:
            self._open(request)
        if app._loads:
            try:
                self._load(request, app.load)
            except HTTPException as error:
                handler = raiser(error)
        steps: BaseResponse | Steps = call(flow, request, handler, app.middleware, app.on_error)
        return steps

    def _open(self, request: Any) -> crossing.Conversation:
        conversation = self._conversation
        if conversation is None:
            conversation = self._talk()
            self._exchange.run_blocking(conversation.run_sync)
        if request._mode != "async":
            request._enter("async")
        return conversation

    def _load(self, request: Any, form: bool) -> None:
        """Load in this thread, unless a sink of the application's own might have to be awaited."""
        if request._mode == "sync" or type(request)._get_file_stream is BaseRequest._get_file_stream:
            self.context.call(request._load_sync, request._body, form and request.want_form_data_parsed)
        else:
            self._talk().call(partial(request.load, form=form))

    def _await_handler(self, request: Any, awaitable: Any) -> Any:
        return self._open(request).wait(awaitable)

    def wait(self, awaitable: Any) -> Any:
        """Await something in the process's loop, an async close hook say."""
        return self._talk().wait(awaitable)

    def iterate(self, response: BaseResponse) -> tuple[Iterator[bytes], Callable[[], Any]]:
        """The chunks of an async body, and what ends it."""
        return self._talk().iterate(response.response, response.keep_alive, response.keep_alive_chunk)

    def lose(self) -> None:
        """Note that the client has left before it had the whole response."""
        self._exchange.left = True

    def leave(self) -> None:
        """The request is over: a task that outlives it gets nothing done here any more."""
        if self._conversation is None:
            return
        exchange = self._exchange
        try:
            if exchange.holders <= 1 and any(getattr(file, "closes_async", False) for file in exchange.files):
                self.wait(close_async_files(exchange.files))
        finally:
            self._conversation.leave()

    def _talk(self) -> crossing.Conversation:
        if self._conversation is None:
            self._conversation = crossing.Conversation(self._app._portal(), self.context)
        return self._conversation


class _StepsWithin:
    """The steps of a flow, each run in the context of the request; what they ask for is done outside of it."""

    __slots__ = ("send", "throw")

    def __init__(self, steps: Steps, context: crossing.RequestContext) -> None:
        self.send = partial(context.call, steps.send)
        self.throw = partial(context.call, steps.throw)


def send_alone(response: BaseResponse, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Send a response that is itself the application; its errors are treated as those of an application.

    It has no context of its own, the caller's is used.
    """
    thread = RequestThread(_ALONE, Exchange(), crossing.CallersContext())
    try:
        iterable = send(
            response, environ, start_response, thread, lambda: Request(environ, populate_request=False).root_url, []
        )
        return drained(iterable, environ, response, None)
    except BaseException as error:
        if (answer := answer_error(error, environ, start_response)) is None:
            raise
        return answer


_ALONE: Application[Any] = Application(request_class=Request)
