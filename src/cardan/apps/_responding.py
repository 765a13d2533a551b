"""An application without a server: takes a request of core, and gives the response.

The request becomes an environ or a scope, and the application is called as a server would call it. Request class,
middleware, lifespan and limits therefore work as usual. The body of the response is streamed.
"""

from __future__ import annotations

from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final

from .. import _crossing as crossing
from .. import core
from .._response import Response
from ..asgi._calling import UntilOver
from ..asgi._hints import EXTENSION as EARLY_HINT
from ..asgi._messages import TRAILERS, AppAnswer, NobodyTakes, comes_of_leaving
from ..core._checks import check_type
from ..core._environs import make_environ, server_of
from ..core._exceptions import ClientDisconnected
from ..core._informational import Informational, early_hints
from ..core._request.exchange import DIRECT, REQUEST_KEY, find_exchange, state_of
from ..core._request.serving import inform_of
from ..core._response.kept_trailers import KEPT, KeptTrailers
from ..core._response.of_application import response_of
from ..core._response.trailers import announced
from ..core._scopes import make_scope
from ..core._urls import whole_raw_path
from ..core._waiting import checkpoint
from ..wsgi._calling import call_app
from ._wsgi_bridge import LateInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from .._request import Request
    from ..asgi._messages import Message, Receive, Scope, Send
    from ..core.drive import AsyncStream

__all__ = ["answer_over_asgi", "arespond", "respond"]

#: the text of the OSError of ``send()``
_CLOSED: Final = "the response was closed"


def respond(app: Callable[..., Any], request: core.BaseRequest) -> Response:
    """The response of a WSGI application. It has to be closed. Raises the errors of ``app``."""
    check_type("request", request, core.BaseRequest, "a request of core")
    head = request.head
    raw_path = whole_raw_path(head.root_path, head.path, head.raw_path)
    environ = make_environ(
        head,
        path=head.path.encode(),
        raw_path=raw_path,
        headers=_fields(request),
        server=server_of(head, request.host),
    )
    if (inform := inform_of(request)) is not None:
        environ["wsgi.early_hints"] = lambda fields: inform(Informational(103, fields))
    environ["wsgi.input"] = LateInput(request)  # a bad Content-Length is for the application to answer
    environ["x-wsgiorg.throw_errors"] = True  # an error that is not answered is for the caller, and not for a log
    if given := state_of(request):
        find_exchange(environ).state = {**given}
    environ[DIRECT] = given
    kept = environ[KEPT] = KeptTrailers(head.http_version)
    status, headers, body = call_app(app, environ)
    response = response_of(Response, body, status, headers, body.close)
    kept.hand_on(response)
    return response


async def arespond(app: Callable[..., Any], request: core.BaseRequest, state: dict[str, Any]) -> Response:
    """The response of an ASGI application. It has to be closed. Raises the errors of ``app``."""
    check_type("request", request, core.BaseRequest, "a request of core")
    head = request.head
    raw_path = whole_raw_path(head.root_path, head.path, head.raw_path)
    scope: Scope = make_scope(
        head,
        path=head.root_path + head.path,
        raw_path=raw_path,
        headers=_fields(request),
        server=server_of(head, request.host),
    )
    given = state_of(request)
    scope.update({"extensions": {TRAILERS: {}}, "state": {**state, **given}, DIRECT: given})
    hint = None
    if (inform := inform_of(request)) is not None:
        scope["extensions"][EARLY_HINT] = {}
        hint = partial(_inform, inform)
    messages = _Messages(request.aiter_data)
    return await _called(app, scope, messages, hint, messages)


async def _inform(inform: Callable[[Informational], object], message: Message) -> None:
    sent = inform(early_hints([link.decode("latin-1") for link in message["links"]]))
    if isawaitable(sent):
        await sent


async def answer_over_asgi(app: Callable[..., Any], request: Request) -> Response:
    """The response of an ASGI application to a request that came over ASGI, in this event loop.

    It gets a copy of the scope, and the messages that :attr:`Request.receive` gives. Its early hints are sent to the
    client. The response has to be closed. Raises the errors of ``app``.
    """
    scope: Scope = {**request.scope}
    scope.pop(REQUEST_KEY, None)
    scope["extensions"] = {  # a body is all that the response can hold: no path of a file, for example
        name: value
        for name, value in (scope.get("extensions") or {}).items()
        if name in (TRAILERS, EARLY_HINT) or not name.startswith("http.response.")
    }
    hint = request.send if EARLY_HINT in scope["extensions"] else None
    return await _called(app, scope, request.receive, hint)


async def _called(
    app: Callable[..., Any],
    scope: Scope,
    receive: Receive,
    hint: Send | None = None,
    body: _Messages | None = None,
) -> Response:
    call = _Call(app, scope, receive, hint, body)
    try:
        await call.begin()
        answer = call.answer
        response = response_of(Response, call, answer.status, answer.headers)
    except BaseException:  # also a cancellation of the caller
        await call.cancel()
        raise
    response.call_on_close(call.finish)
    if answer.announces:
        kept = KeptTrailers(scope.get("http_version") or "1.1")
        kept.names = announced([value for name, value in answer.headers if name.lower() == "trailer"])
        kept.fields = answer.trailers  # they come later
        kept.hand_on(response)
    return response


class _Messages:
    """The ``receive`` for a body that is read from a stream. After its end it waits: the client stays.

    If the stream raises that the client has left, the messages are from then on those of a client that has left.
    """

    def __init__(self, open_body: Callable[[], AsyncStream[bytes]]) -> None:
        self._open: Callable[[], AsyncStream[bytes]] | None = open_body
        self._body: AsyncStream[bytes] | None = None
        self.failure: ClientDisconnected | OSError | None = None
        """The error by which the stream has told that the client has left."""

    async def __call__(self) -> Message:
        if self._open is not None:  # not before: a bad Content-Length is for the application to answer
            opened, self._open = self._open, None
            self._body = opened()
        if self._body is not None:
            try:
                async for chunk in self._body:
                    return {"type": "http.request", "body": chunk, "more_body": True}
            except (ClientDisconnected, OSError) as error:
                self.failure = error
            self._body = None
            if self.failure is None:
                return {"type": "http.request", "body": b"", "more_body": False}
        if self.failure is None:
            await crossing.make_event().wait()  # until this call is interrupted
        return {"type": "http.disconnect"}


def _fields(request: core.BaseRequest) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()]


class _Call:
    """One call of an ASGI application in a task of its own, and the body of its response: an async iterator.

    ``send()`` returns when the chunk was taken. ``receive()`` gives the messages of ``receive``, and a disconnect after
    the response is complete or closed. Only the event loop uses the state.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        scope: Scope,
        receive: Receive,
        hint: Send | None = None,
        body: _Messages | None = None,
    ) -> None:
        self.answer = AppAnswer()
        self._app = app
        self._scope = scope
        self._messages = UntilOver(receive)
        self._hint = hint
        """Sends early hints, if the extensions of the scope offer them."""
        self._body = body
        """What tells that the client has left; None if a server tells it."""
        self._chunk = b""
        self._left = False
        self._news = crossing.make_event()
        self._asked: Any = None
        """The event that a chunk was taken and the next one is wanted, while ``send()`` waits for that."""
        self._task: crossing.ApplicationTask | None = None

    async def begin(self) -> None:
        """Start the application. Returns when the first chunk of its body has come, or the end of it."""
        self._task = crossing.ApplicationTask(self._run)
        await self._wait()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not (self._chunk or self._is_complete):
            self._ask()
            await self._wait()
        chunk, self._chunk = self._chunk, b""
        if chunk:
            return chunk
        raise StopAsyncIteration

    @property
    def _is_complete(self) -> bool:
        return self.answer.state == "done"

    def _ask(self) -> None:
        """Let ``send()`` go on."""
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.set()

    async def _wait(self) -> None:
        """Wait for a chunk, or for the end. Raises the error of the application, or that it has returned too early."""
        await self._news.wait()
        self._news = crossing.make_event()
        if self._task is not None and not (self._chunk or self._is_complete):
            await self._task.wait()
            self._task.result()
            failure = self._body.failure if self._body is not None else None
            if isinstance(failure, ClientDisconnected):
                raise failure
            if failure is not None:
                raise ClientDisconnected from failure
            self.answer.close()

    async def cancel(self) -> None:
        """Cancel the application, if it has not ended."""
        task, self._task = self._task, None
        if task is not None:
            await task.end()

    async def aclose(self) -> None:
        """Before the end of the response: let the application see a client that has left, and wait for its end.

        If it then waits for something else it is cancelled: nobody else can do that, because it has a task of its own.
        Raises the error of the application, unless it comes of this. After the end of the response, :meth:`finish` does
        what is left, because the body is closed before its end is sent.
        """
        if self._is_complete or self._task is None:
            return
        task, self._task = self._task, None
        self._left = True
        self._messages.end()
        self._ask()
        await task.end_soon(crossing.PATIENCE)
        try:
            task.result()
        except BaseException as error:
            if not (crossing.is_cancellation(error) or comes_of_leaving(error)):
                raise

    async def finish(self) -> None:
        """Wait for the end of the application, which may go on after its response. Raises its error.

        It is a close hook, so a cancellation of the request does not interrupt the application any more.
        """
        task, self._task = self._task, None
        if task is not None:
            await task.wait()
            task.result()

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._messages, self._send)
        finally:
            self._messages.end()
            self._news.set()

    async def _send(self, message: Message) -> None:
        while self._asked is not None:  # another task of the application sends as well
            await self._asked.wait()
        if self._left:
            raise NobodyTakes(_CLOSED)
        starts = self.answer.state == "start"
        if self._hint is not None and message["type"] == EARLY_HINT:
            if starts:  # later, few servers would take it
                await self._hint(message)
            return
        self._chunk = self.answer.feed(message)
        if self._is_complete:
            self._messages.end()
            self._news.set()
        elif self._chunk:
            asked = self._asked = crossing.make_event()
            self._news.set()
            await asked.wait()
            if self._left:
                raise NobodyTakes(_CLOSED)
        elif not starts:  # there is nothing to hand over; other tasks must have their turn
            await checkpoint()
