"""Request: the request of core, made from a WSGI environ or an ASGI scope.

``Request(environ)`` is in sync mode, ``Request(scope, receive, send)`` in async mode. An
:class:`~cardan.apps._application.Application` sets the mode to that of its handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import GenericAlias
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal, Never, Self, overload

from . import _crossing as crossing
from . import core
from .asgi import _hints as asgi_hints
from .asgi import _receiving as receiving
from .asgi._head import ScopeHead
from .core._exceptions import ClientDisconnected
from .core._informational import early_links
from .core._request import draining
from .core._request.cached import cached
from .core._request.exchange import KEY, REQUEST_KEY, STATE_KEY, Exchange, find_exchange, follow, known_body
from .core._request.fields import (
    AcceptMixin,
    AuthorizationMixin,
    CommonRequestDescriptorsMixin,
    CORSRequestMixin,
    ETagRequestMixin,
    FetchMetadataMixin,
    UserAgentMixin,
)
from .core._request.reading import no_await, no_block
from .core._request.serving import has_own_sinks
from .core._request.state import MISSING
from .core._response.content_type import with_charset
from .core.forms._body_reader import parse_content_length
from .core.structures._environ_headers import EnvironHeaders
from .core.structures._scope_headers import ScopeHeaders
from .files._spooling import FileStorage, Part, Spooler, SpoolSink
from .wsgi import _hints as wsgi_hints
from .wsgi import _input as wsgi_input
from .wsgi._head import EnvironHead, query_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, MutableMapping
    from contextlib import AbstractAsyncContextManager
    from typing import Generic, Protocol, Unpack

    from typing_extensions import TypeVar

    from .apps._application import Application, HandlerDecorator
    from .core._request.body import Body
    from .core._request.head import HeadLike
    from .core._request.request import FilesAttribute, GivesParts
    from .core._request.state import Mode
    from .core.drive import AsyncStream
    from .core.fields._links import Link
    from .core.forms._parts import Part as CorePart
    from .core.structures._headers import HeadersView
    from .testing._bodies import Content, Values
    from .testing._builder import Fields, SupportsHeader
    from .testing._carriers import ErrorsStream
    from .types import ApplicationOptions, Handler, Receive, Result, Send

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


if TYPE_CHECKING:
    State_co = TypeVar("State_co", covariant=True, default=object)
    S = TypeVar("S", bound=Mapping[str, Any])
    R_co = TypeVar("R_co", covariant=True)
    P_co = TypeVar("P_co", bound=CorePart, covariant=True)

    class Loads(Protocol[R_co]):
        """A request that was not read yet."""

        def load(self, *, form: bool = True) -> Coroutine[Any, Any, R_co]: ...

    class StateAttribute:
        """The type of ``state``: ``S`` for a ``Request[S]``, else a mapping that can be changed.

        The type variable of requests is covariant, and its default is ``object``. So a function for a ``Request``
        takes a ``Request[S]``, too.
        """

        @overload
        def __get__(self, obj: None, owner: type | None = None) -> Self: ...
        @overload
        def __get__(self, obj: BaseRequest[S], owner: type | None = None) -> S: ...
        @overload
        def __get__(self, obj: BaseRequest, owner: type | None = None) -> MutableMapping[str, Any]: ...
        @overload
        def __get__(self, obj: Loads[BaseRequest[S]], owner: type | None = None) -> S: ...
        @overload
        def __get__(self, obj: object, owner: type | None = None) -> MutableMapping[str, Any]: ...
        def __get__(self, obj: Any, owner: type | None = None) -> Any: ...
        def __set__(self, obj: object, value: Never) -> None: ...

    class Stated(core.BaseRequest, Generic[State_co]):
        """For type checkers, a request is generic in its state."""

else:
    from typing import TypeVar

    State_co = TypeVar("State_co", covariant=True)

    class Stated:
        """Gives the base class of a request at run time, so that no class of its own stands in the MRO."""

        def __class_getitem__(cls, state: object) -> type[core.BaseRequest]:
            return core.BaseRequest


class BaseRequest(Stated[State_co]):
    """A request made from a WSGI environ (PEP 3333) or from an ASGI HTTP scope.

    Call it as ``Request(environ)`` or as ``Request(scope, receive, send)``. Without ``receive`` it reads the body as
    the request that is stored in the scope, for example that of an :class:`Application`; if none is stored, only the
    head can be read. ``populate_request`` stores the request in the environ or scope under ``"cardan.request"``. A
    ``shallow`` request refuses every access that would consume the body, and is never stored. Raises :exc:`TypeError`
    for anything that is neither an environ nor an HTTP or websocket scope.

    ``Request(scope)`` with a websocket scope is the head of the handshake: cookies, header fields, arguments and URL,
    for code that has to know who connects. Its method is GET (RFC 6455 section 4.1), its scheme ``ws`` or ``wss``.
    ``receive`` is not used; reading a body raises :exc:`RuntimeError`.

    ``BaseRequest[S]`` and ``Request[S]`` are requests whose :attr:`state` has the type ``S``, for example a
    :class:`~typing.TypedDict`. At run time they are the same class.
    """

    __module__ = "cardan"

    if TYPE_CHECKING:
        files = FilesAttribute[FileStorage]()  # type: ignore[assignment]
        state: ClassVar[StateAttribute] = StateAttribute()  # pyright: ignore[reportIncompatibleMethodOverride]

        @overload
        def iter_parts(self: GivesParts[P_co]) -> Iterator[P_co]: ...
        @overload
        def iter_parts(self) -> Iterator[Part]: ...
        def iter_parts(self) -> Iterator[Any]: ...
        @overload
        def aiter_parts(self: GivesParts[P_co]) -> AsyncStream[P_co]: ...
        @overload
        def aiter_parts(self) -> AsyncStream[Part]: ...
        def aiter_parts(self) -> AsyncStream[Any]: ...
    else:
        __class_getitem__ = classmethod(GenericAlias)
        file_storage_class = FileStorage
        part_class = Part
        """The class of the parts that ``iter_parts`` gives."""
        _shield = staticmethod(crossing.shielded)
    body_timeout: float | None = None
    """For how many seconds a read of the body waits for a byte on ASGI before it raises :exc:`RequestTimeout` (408).

    None for no limit. On WSGI the server decides. It may be set where limits may be set."""
    max_drain_size: int = draining.DEFAULTS.size
    """How many bytes of an unread body are received and discarded before the response ends, so that the client sees the
    response; 0 for none. It may be set on a request until its response is returned."""
    drain_timeout: float = draining.DEFAULTS.seconds
    """For how many seconds at most an unread body is received and discarded; 0 for not at all."""

    # the constructor sets only what differs from the defaults, because it runs for every request
    _wsgi_environ: dict[str, Any] | None = None
    _asgi_scope: MutableMapping[str, Any]
    _asgi_receive: Receive | None = None
    _asgi_send: Send | None = None
    _mode: Mode = "sync"

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
        values = self.__dict__  # __setattr__ would look for limits
        try:
            is_environ = "REQUEST_METHOD" in scope
        except TypeError:  # it is no container
            raise _not_a_request(scope) from None
        if is_environ:
            values["_wsgi_environ"] = scope
        elif "type" in scope and scope["type"] == "http":
            values["_asgi_scope"] = scope
            if receive is None:  # a request of a helper reads as the one that was made of this scope before
                known = scope.get(REQUEST_KEY)
                receive = getattr(known, "_asgi_receive", None)
                send = send or getattr(known, "_asgi_send", None)
            values["_asgi_receive"] = receive
            values["_asgi_send"] = send
            values["_mode"] = "async"
        elif "type" in scope and scope["type"] == "websocket":  # it has no body: ``receive`` gives messages
            values["_asgi_scope"] = scope
            values["_asgi_send"] = send
            values["_mode"] = "async"
        else:
            raise _not_a_request(scope)
        if REQUEST_KEY in scope:  # there is another object
            follow(scope.get(KEY), self)
        if shallow:
            values["shallow"] = True
        elif populate_request:
            scope[REQUEST_KEY] = self

    @classmethod
    def from_values(
        cls,
        path: str | bytes = "/",
        base_url: str | None = None,
        query_string: str | bytes | Values | None = None,
        method: str = "GET",
        input_stream: BinaryIO | None = None,
        content_type: str | None = None,
        content_length: int | None = None,
        errors_stream: ErrorsStream | None = None,
        multithread: bool = True,
        multiprocess: bool = False,
        run_once: bool = False,
        headers: Fields | None = None,
        data: Content | Mapping[str, object] | None = None,
        environ_base: Mapping[str, Any] | None = None,
        environ_overrides: Mapping[str, Any] | None = None,
        mimetype: str | None = None,
        json: object = MISSING,
        auth: tuple[str, str] | str | SupportsHeader | None = None,
        *,
        protocol: Literal["wsgi", "asgi"] = "wsgi",
        form: Values | None = None,
        files: Values | None = None,
        cookies: Values | None = None,
        root_path: str | None = None,
        http_version: str = "1.1",
        client: tuple[str, int] = ("127.0.0.1", 49152),
    ) -> Self:
        """A request from values: a path, ``method=``, ``headers=``, ``json=``, ``form=``, ``files=`` ...

        For scripts and the shell. ``protocol`` says whether the request is made from an environ or from a scope. What
        is not described here is described by :class:`cardan.testing.RequestBuilder`, which has the same parameters. To
        test an application, use :class:`cardan.testing.Client`.

        ``mimetype`` is a Content-Type that gets ``; charset=utf-8`` if it is text. ``content_length`` is the length in
        bytes that is declared, whatever the body has. ``input_stream`` is a binary file with the body, which is not
        read before the request is. ``errors_stream`` is the text file ``wsgi.errors``; ``multithread``,
        ``multiprocess`` and ``run_once`` say how the server calls the application. A scope has no place for these four.

        ``environ_base`` has keys of the environ that the request itself does not set, such as REMOTE_USER, and
        ``environ_overrides`` keys that it may set (PEP 3333, "environ Variables"). A scope is made that says the same.

        Raises :exc:`TypeError` for values of other types and if two kinds of body are given, and :exc:`ValueError` for
        another protocol, a negative length, or a query that is given twice or in ``base_url``.
        """
        from .testing._builder import RequestBuilder
        from .testing._carriers import declare_body, environ_for, scope_and_receive_for

        if protocol not in ("wsgi", "asgi"):
            raise ValueError(f"got protocol = {protocol!r}, expected 'wsgi' or 'asgi'")
        if mimetype is not None:
            if content_type is not None:
                raise TypeError("got content_type and mimetype, expected one of them")
            content_type = with_charset(mimetype)
        if input_stream is not None and not (data is form is files is None and json is MISSING):
            raise TypeError("got input_stream and another body, expected one of them")
        builder = RequestBuilder(
            path,
            base_url=base_url,
            query_string=query_string,
            method=method,
            headers=headers,
            data=data,
            form=form,
            files=files,
            auth=auth,
            cookies=cookies,
            content_type=content_type,
            root_path=root_path,
            http_version=http_version,
            client=client,
            **({} if json is MISSING else {"json": json}),
        )
        body = declare_body(builder, input_stream, content_length)
        environ = environ_for(
            builder,
            body,
            errors_stream=errors_stream,
            flags={"multithread": multithread, "multiprocess": multiprocess, "run_once": run_once},
            base=environ_base,
            overrides=environ_overrides,
        )
        if protocol == "wsgi":
            return cls(environ)
        is_changed = environ_base is not None or environ_overrides is not None
        return cls(*scope_and_receive_for(builder, environ, translate=is_changed))

    # --- environ, scope, receive, and the client ---

    @property
    def environ(self) -> dict[str, Any]:
        """The WSGI environ. Raises AttributeError on ASGI."""
        environ = self._wsgi_environ
        if environ is None:
            raise AttributeError("this request was opened on an ASGI scope: use request.scope")
        return environ

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """The ASGI scope. Raises AttributeError on WSGI."""
        if self._wsgi_environ is not None:
            raise AttributeError("this request was opened on a WSGI environ: use request.environ")
        return self._asgi_scope

    def _exchange(self) -> Exchange:
        return find_exchange(self._asgi_scope if self._wsgi_environ is None else self._wsgi_environ)

    @property
    def receive(self) -> Receive:
        """The ``receive`` to pass to another ASGI application. It replays a body that this request has buffered.

        Raises AttributeError on WSGI, where ``environ["wsgi.input"]`` replays the body.
        """
        if self._wsgi_environ is not None:
            raise AttributeError("this request was opened on a WSGI environ: its wsgi.input replays")
        return receiving.replay_receive(self._asgi_scope, self._asgi_receive)

    @property
    def send(self) -> Send:
        """The ``send`` that the request was made with, for messages of ASGI extensions. The response is sent by cardan.

        Raises AttributeError on WSGI, and if the request was made without it.
        """
        if self._wsgi_environ is not None:
            raise AttributeError("this request was opened on a WSGI environ: it has no send")
        if self._asgi_send is None:
            raise AttributeError("this request was made without send: Request(scope, receive, send)")
        return self._asgi_send

    @property
    def input_stream(self) -> BinaryIO:
        """The raw ``wsgi.input``, without any limit. Raises AttributeError on ASGI."""
        stream: BinaryIO = self.environ["wsgi.input"]
        return stream

    if not TYPE_CHECKING:  # see StateAttribute

        @property
        def state(self) -> MutableMapping[str, Any]:
            """The state that the lifespan yielded: a shallow copy, shared by all Request objects of this request.

            For type checkers it has the type ``S`` in a ``Request[S]``.
            """
            environ, state = self._wsgi_environ, None
            if environ is None:
                state = self._asgi_scope.get("state")
            elif STATE_KEY in environ:
                state = environ[STATE_KEY]
            if state is not None:
                return state
            exchange = self._exchange()
            if exchange.state is None:
                exchange.state = {}
            return exchange.state

    @property
    def disconnected(self) -> bool:
        """Whether the client is known to have left. It may become true while the handler runs.

        On ASGI the first access starts a task that waits for ``http.disconnect`` until the request ends. The server
        sends this message only after the end of the request's body was received. The task itself receives up to 64 KiB
        of an unread body. A larger body has to be read by the handler, and so has a body that the client announces with
        ``Expect``. The first access must happen in the event loop, in a sync handler or in a worker thread of anyio; in
        another thread it cannot start the task. WSGI has no such message: the value becomes true only if a read of the
        body or a write of the response has failed.

        A bare request (one that no :class:`Application` serves) ends the task in ``aclose()``.
        """
        exchange = self._exchange()
        if self._wsgi_environ is None and self._asgi_receive is not None and not exchange.disconnected:
            body = receiving.open_body(self._asgi_scope, self._asgi_receive)
            receiving.watch_body(exchange, body, self._ahead)
        return exchange.disconnected

    def wait_disconnected(self) -> Coroutine[Any, Any, None]:
        """Return when the client has left. See :attr:`disconnected` for when this becomes known.

        Await it in a task of its own, beside the work. On WSGI a server does not report that a client has left: there
        it returns when a read of the body fails, or when the request is over. Raises :exc:`WrongMode` in sync code.
        """
        no_await(self, "wait_disconnected()", "disconnected")
        return self._wait_disconnected()

    async def _wait_disconnected(self) -> None:
        if self._wsgi_environ is not None:
            await wsgi_input.wait_for_leave(self._exchange(), self._open_body())
        elif self._asgi_receive is None:
            raise RuntimeError("got a request without receive, expected one: only the head can be read")
        else:
            body = receiving.open_body(self._asgi_scope, self._asgi_receive)
            body.let_watch(self._ahead)
            await body.watch()

    def cancel_on_disconnect(self) -> AbstractAsyncContextManager[None]:
        """``async with request.cancel_on_disconnect():`` cancels the block when the client leaves.

        The block then raises :exc:`ClientDisconnected`, or the error that its cleanup raises. See
        :attr:`disconnected` for when a disconnect becomes known. Raises :exc:`WrongMode` in sync code::

            async with request.cancel_on_disconnect():
                answer = await model.generate(prompt)
        """
        no_await(self, "cancel_on_disconnect()", "disconnected")
        return crossing.Interruptible(self.wait_disconnected, ClientDisconnected)

    # --- early hints ---

    def send_early_hints(self, links: Iterable[Link | str]) -> None:
        """Send ``103 Early Hints`` (RFC 8297): the client can fetch what ``links`` name while the handler still works.

        Each link is a :class:`~cardan.datastructures.Link` or the text of one. Nothing is sent where the server has no
        way to do it, and to clients of HTTP/1.0. Servers tell by ``wsgi.early_hints`` in the environ (gunicorn), and by
        the extension ``http.response.early_hint`` in the scope (hypercorn and uvicorn, on HTTP/2). Hints are for
        handlers and middleware: after the response was returned, nothing is sent, for example from its body.

        Raises :exc:`WrongMode` in async code, :exc:`TypeError` for anything else than links, and :exc:`ValueError` for
        a link that a header field must not contain, and for text such as ``/style.css``: the value of the field is
        ``</style.css>; rel=preload`` (RFC 8288 section 3)::

            request.send_early_hints([Link("/style.css", rel="preload", **{"as": "style"})])
        """
        no_block(self, "send_early_hints()", "await asend_early_hints()")
        send = self._early_hints(links)
        if send is None:
            return
        if self._wsgi_environ is not None:
            send()
        else:
            crossing.in_loop(send, token=self._exchange().token)

    def asend_early_hints(self, links: Iterable[Link | str]) -> Coroutine[Any, Any, None]:
        """The awaiting twin of :meth:`send_early_hints`. Raises :exc:`WrongMode` in sync code."""
        no_await(self, "asend_early_hints()", "send_early_hints()")
        return self._asend_early_hints(self._early_hints(links))

    async def _asend_early_hints(self, send: Callable[[], Any] | None) -> None:
        if send is None:
            return
        if self._wsgi_environ is None:
            await send()
        else:
            run_sync = self._exchange().run_sync
            assert run_sync is not None  # on WSGI, async code has a thread that does what blocks
            await run_sync(send)

    def _early_hints(self, links: Iterable[Link | str]) -> Callable[[], Any] | None:
        """The function that sends hints: a plain one on WSGI, an async one on ASGI. None if nothing is to be sent."""
        values = early_links(links, self.head.http_version)
        exchange = self._exchange()
        if not values or exchange.answered:
            return None
        if self._wsgi_environ is not None:
            hint = self._wsgi_environ.get("wsgi.early_hints")
            return None if hint is None else partial(wsgi_hints.send_early_hints, hint, values, exchange)
        send = self._asgi_send
        if send is None or asgi_hints.EXTENSION not in (self._asgi_scope.get("extensions") or {}):
            return None
        return partial(asgi_hints.send_early_hints, send, values, exchange)

    @property
    def _ahead(self) -> int:
        """How many bytes of the body may be received before the application reads it.

        The number is 0 if the client waits for ``100 Continue`` (RFC 9110 section 10.1.1): receiving would send that.
        """
        return 0 if "Expect" in self.headers else receiving.AHEAD

    # --- what core needs of a request ---

    def _set_mode(self, mode: Mode) -> None:
        self.__dict__["_mode"] = mode
        self._exchange().switch(mode)

    @cached
    def head(self) -> HeadLike:
        """The request line and the header fields, from the environ or scope."""
        return ScopeHead(self._asgi_scope) if self._wsgi_environ is None else EnvironHead(self._wsgi_environ)

    # these are read so often that they do not go through the head

    @property
    def query_string(self) -> bytes:
        """The part of the URL after the ``?``, still encoded."""
        environ = self._wsgi_environ
        return query_of(environ) if environ is not None else self._asgi_scope.get("query_string") or b""

    @cached
    def headers(self) -> HeadersView:
        """The header fields, read-only. Names are found in any case; values are decoded when they are read."""
        environ = self._wsgi_environ
        return ScopeHeaders(self._asgi_scope.get("headers") or ()) if environ is None else EnvironHeaders(environ)

    @cached
    def content_type(self) -> str | None:
        """The Content-Type as sent, None without one."""
        environ = self._wsgi_environ
        # in an environ it is not an HTTP_ variable, and may be empty if there is none (PEP 3333)
        return self.headers.get("Content-Type") if environ is None else environ.get("CONTENT_TYPE") or None

    @cached
    def _announced(self) -> tuple[int | None, str | None]:
        environ = self._wsgi_environ
        if environ is None:
            find = self.headers.get
            length = parse_content_length(find("Content-Length"))
            return None if find("Transfer-Encoding") is not None else length, find("Content-Encoding")
        length = parse_content_length(environ.get("CONTENT_LENGTH") or None)
        return None if "HTTP_TRANSFER_ENCODING" in environ else length, environ.get("HTTP_CONTENT_ENCODING")

    def _open_body(self) -> Body:
        if self._wsgi_environ is not None:
            return wsgi_input.open_body(self._wsgi_environ, self._announced[0])
        body = receiving.open_body(self._asgi_scope, self._asgi_receive)
        if self.body_timeout is not None:
            body.timeout = self.body_timeout
        return body

    def _known_body(self) -> Body | None:
        known = super()._known_body()
        if known is not None:
            return known
        if self._wsgi_environ is not None:
            return known_body(self._wsgi_environ, self._wsgi_environ.get("wsgi.input"))
        return known_body(self._asgi_scope, self._asgi_receive)

    @property
    def _run_sync(self) -> Callable[..., Awaitable[Any]] | None:
        exchange = self._exchange()
        if exchange.run_sync is None and self._wsgi_environ is None:
            return crossing.run_file_work
        return exchange.run_sync

    @property
    def _run_write(self) -> Callable[..., Awaitable[Any]] | None:
        run = self._run_sync
        return _write_in_thread if run is crossing.run_file_work else run

    def _open_sink(self) -> SpoolSink:
        return self._spooler.open()

    def _hold(self, files: list[bytes]) -> list[Any] | None:
        return None if has_own_sinks(self) else self._spooler.hold(files)

    @cached
    def _spooler(self) -> Spooler:
        """Opens the sinks of this request."""
        return Spooler(self.limits)

    def close(self) -> None:
        """Close the files of the form, unless an application is still handling the request."""
        exchange = self._exchange()
        if not exchange.holders:
            super().close()

    def aclose(self) -> Coroutine[Any, Any, None]:
        """The awaiting twin of :meth:`close`. It also ends the task that :attr:`disconnected` has started.

        Raises :exc:`WrongMode` in the sync code of an :class:`Application`. It closes every bare request, whatever
        protocol it came by.
        """
        if self._exchange().holders:
            no_await(self, "aclose()", "close()")
        return super().aclose()

    async def _aclose(self) -> None:
        exchange = self._exchange()
        if not exchange.holders:
            try:
                if exchange.watched:
                    await receiving.end_watching(exchange)
            finally:
                await super()._aclose()

    # --- the decorator ---

    @overload
    @classmethod
    def application(
        cls, handler: Handler[Self], /, **options: Unpack[ApplicationOptions[Self]]
    ) -> Application[Self]: ...
    @overload
    @classmethod
    def application(
        cls, method: Callable[[Any, Self], Result], /, **options: Unpack[ApplicationOptions[Self]]
    ) -> Application[Self]: ...
    @overload
    @classmethod
    def application(cls, /, **options: Unpack[ApplicationOptions[Self]]) -> HandlerDecorator[Self]: ...
    @classmethod
    def application(cls, handler: Any = None, /, **options: Any) -> Any:
        """Make a handler, ``def`` or ``async def``, into an :class:`Application` for every server.

        The handler gets the request as its last argument and returns a response or an HTTPException. With options,
        which are those of :class:`Application`: ``@Request.application(load=True, lifespan=..., middleware=[...])``.
        """
        from .apps._application import Application

        if handler is not None:
            return Application(handler, request_class=cls, **options)
        return lambda function: Application(function, request_class=cls, **options)


# files and state, see above
class Request(  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]
    BaseRequest[State_co], core.Request
):
    """The request class to use: :class:`BaseRequest` with an attribute for every usual header field."""

    __module__ = "cardan"


async def _write_in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Run a write of a sink: spooling has few threads, because it is work for the processor; another sink may wait
    longer.
    """
    method = getattr(function, "__wrapped__", function)  # the result of a method of a sink is boxed
    spools = isinstance(getattr(method, "__self__", None), SpoolSink)
    return await (crossing.run_spool_work if spools else crossing.run_file_work)(function, *args)


def _not_a_request(scope: Any) -> TypeError:
    kind = scope.get("type") if isinstance(scope, Mapping) else None
    got = f"an ASGI scope of type {kind!r}" if kind else type(scope).__name__
    return TypeError(f"got {got}, expected a WSGI environ or an ASGI http or websocket scope")
