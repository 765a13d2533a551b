"""Request: core's request, opened on a WSGI environ or on an ASGI scope.

``Request(environ)`` is in sync mode, ``Request(scope, receive, send)`` in async mode; an
:class:`~cardan.application.Application` sets the mode by the handler that gets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self, overload

from . import core, crossing
from .asgi import receiving
from .asgi.head import ScopeHead
from .core.request.exchange import REQUEST_KEY, Exchange
from .core.request.mixins import (
    AcceptMixin,
    AuthorizationMixin,
    CommonRequestDescriptorsMixin,
    CORSRequestMixin,
    ETagRequestMixin,
    FetchMetadataMixin,
    UserAgentMixin,
)
from .files import FileStorage, Part, Spooler, SpoolSink
from .wsgi import input as wsgi_input
from .wsgi.head import EnvironHead

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    from .application import Application, HandlerDecorator
    from .core.request.body import Body
    from .core.structures import ImmutableMultiDict
    from .types import Handler, Lifespan, Middleware, Receive, Result, Send

__all__ = [
    "AcceptMixin",
    "AuthorizationMixin",
    "BaseRequest",
    "CORSRequestMixin",
    "CommonRequestDescriptorsMixin",
    "ETagRequestMixin",
    "FetchMetadataMixin",
    "Request",
    "UserAgentMixin",
]


class BaseRequest(core.BaseRequest):
    """A request on a WSGI environ (PEP 3333), ``Request(environ)``, or on an ASGI HTTP scope,
    ``Request(scope, receive, send)``; without ``receive`` only the head can be read.

    ``populate_request`` stores the request in environ or scope under ``cardan.request``; a ``shallow`` one refuses
    whatever would consume the body, and is never stored. Raises :exc:`TypeError` for anything else.
    """

    file_storage_class = FileStorage
    part_class = Part
    body_timeout: float | None = None
    """Seconds without a byte of the body after which reading it is a 408 (:exc:`RequestTimeout`), on ASGI; None for no
    limit. On WSGI it is the server's business. Settable as the limits are."""

    _shield = staticmethod(crossing.shielded)
    _spooler: Spooler | None = None
    _receive: Receive | None = None

    if TYPE_CHECKING:

        @property
        def files(self) -> ImmutableMultiDict[str, FileStorage]:  # type: ignore[override]  # the subclass made here
            """The files of a multipart form."""

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Receive | None = None,
        send: Send | None = None,
        /,
        *,
        populate_request: bool = True,
        shallow: bool = False,
    ) -> None:
        values = self.__dict__  # past __setattr__, which looks for limits
        if "REQUEST_METHOD" in scope:
            values["head"] = EnvironHead(scope)  # type: ignore[arg-type]
            values["_mode"] = "sync"
        elif "type" in scope and scope["type"] == "http":
            values["head"] = ScopeHead(scope)
            values["_mode"] = "async"
            values["_receive"] = receive
        else:
            raise TypeError(f"got {_describe(scope)}, expected a WSGI environ or an ASGI http scope")
        if shallow:
            values["shallow"] = True
        elif populate_request:
            scope[REQUEST_KEY] = self

    @classmethod
    def from_values(cls, *args: Any, protocol: Literal["wsgi", "asgi"] = "wsgi", **options: Any) -> Self:
        """A request from values: a path, ``method=``, ``headers=``, ``json=``, ``form=``, ``files=`` ...

        For scripts and the shell; takes what :class:`cardan.testing.RequestBuilder` takes, and ``protocol``. To test
        an application, use :class:`cardan.testing.Client`. Needs the extra ``cardan[testing]``.
        """
        from .testing import RequestBuilder

        builder = RequestBuilder(*args, **options)
        return cls(builder.environ()) if protocol == "wsgi" else cls(builder.scope(), builder.receive())

    # --- what it was opened on ---

    @property
    def environ(self) -> dict[str, Any]:
        """The WSGI environ; AttributeError on ASGI."""
        if type(self.head) is not EnvironHead:
            raise AttributeError("this request was opened on an ASGI scope: use request.scope")
        return self.head.environ

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """The ASGI scope; AttributeError on WSGI."""
        if type(self.head) is not ScopeHead:
            raise AttributeError("this request was opened on a WSGI environ: use request.environ")
        return self.head.scope

    @property
    def _on_wsgi(self) -> bool:
        return type(self.head) is EnvironHead

    def _exchange(self) -> Exchange:
        return wsgi_input.find_exchange(self.environ) if self._on_wsgi else receiving.find_exchange(self.scope)

    @property
    def receive(self) -> Receive:
        """What to pass on to an ASGI application downstream: replays a body that was buffered here.

        AttributeError on WSGI, where ``environ["wsgi.input"]`` replays.
        """
        if self._on_wsgi:
            raise AttributeError("this request was opened on a WSGI environ: its wsgi.input replays")
        return receiving.replay_receive(self.scope, self._receive)

    @property
    def input_stream(self) -> Any:
        """The raw ``wsgi.input``, not bounded by anything; AttributeError on ASGI."""
        return self.environ["wsgi.input"]

    @property
    def state(self) -> MutableMapping[str, Any]:
        """What the lifespan yielded: a shallow copy for this request, shared by all its Request objects."""
        if not self._on_wsgi:
            state: MutableMapping[str, Any] | None = self.scope.get("state")
            if state is not None:
                return state
        exchange = self._exchange()
        if exchange.state is None:
            exchange.state = {}
        return exchange.state

    @property
    def disconnected(self) -> bool:
        """Whether the client is known to have left. On WSGI only a failed read tells."""
        return self._exchange().disconnected

    # --- what core asks of whoever opens a request ---

    def _open_body(self) -> Body:
        head = self.head
        if type(head) is EnvironHead:
            return wsgi_input.open_body(head.environ)
        body = receiving.open_body(self.scope, self._receive)
        if self.body_timeout is not None:
            body.source.timeout = self.body_timeout  # type: ignore[attr-defined]
        return body

    def _known_body(self) -> Body | None:
        known: Body | None = self.__dict__.get("_opened")
        if known is not None:
            return known
        if self._on_wsgi:
            return wsgi_input.known_body(self.environ)
        return receiving.known_body(self.scope, self._receive)

    @property
    def _run_sync(self) -> Callable[..., Awaitable[Any]] | None:
        exchange = self._exchange()
        if exchange.run_sync is None and not self._on_wsgi:
            return crossing.run_file_work
        return exchange.run_sync

    @property
    def _run_write(self) -> Callable[..., Awaitable[Any]] | None:
        run = self._run_sync
        return _write_in_thread if run is crossing.run_file_work else run

    def _make_event(self) -> Any:
        return crossing.make_event()

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> Any:
        """The sink of one uploaded file: in memory, on disk past ``max_file_memory``. The hook to override."""
        spooler = self._spooler
        if spooler is None:
            spooler = self.__dict__["_spooler"] = Spooler(self.limits)
        return spooler.open()

    def close(self) -> None:
        """Close the files of the form, unless an application around this call still holds them."""
        exchange = self._exchange()
        if not exchange.holders:
            super().close()

    async def aclose(self) -> None:
        """The awaiting twin of :meth:`close`."""
        if not self._exchange().holders:
            await super().aclose()

    # --- the decorator ---

    @overload
    @classmethod
    def application(cls, handler: Handler[Self], /) -> Application[Self]: ...
    @overload
    @classmethod
    def application(cls, method: Callable[[Any, Self], Result], /) -> Application[Self]: ...
    @overload
    @classmethod
    def application(
        cls, /, *, load: bool = False, lifespan: Lifespan | None = None, middleware: Sequence[Middleware] = ()
    ) -> HandlerDecorator[Self]: ...
    @classmethod
    def application(cls, handler: Any = None, /, **options: Any) -> Any:
        """Make a handler, ``def`` or ``async def``, into an :class:`Application` for every server.

        The handler gets the request as its last argument and returns a response or an HTTPException. With options:
        ``@Request.application(load=True, lifespan=..., middleware=[...])``.
        """
        from .application import Application

        if handler is not None:
            return Application(handler, request_class=cls, **options)
        return lambda function: Application(function, request_class=cls, **options)


class Request(BaseRequest, core.Request):  # pyright: ignore[reportIncompatibleMethodOverride]  # files, see above
    """The request with every mixin; the one to use."""


async def _write_in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Spooling is the processor's work, and limited by it; a sink of the application's own may wait for a network."""
    spools = isinstance(getattr(function, "__self__", None), SpoolSink)
    return await (crossing.run_spool_work if spools else crossing.run_file_work)(function, *args)


def _describe(scope: Any) -> str:
    kind = scope.get("type") if hasattr(scope, "get") else None
    return f"an ASGI scope of type {kind!r}" if kind else f"a {type(scope).__name__}"
