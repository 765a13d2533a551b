"""Handling one WSGI request (PEP 3333): from the server to the handler and back.

:mod:`cardan.asgi._handling` does the same for ASGI; the two can be read side by side.

A ``def`` handler runs in the thread of the request, an ``async def`` handler in the event loop of the process, for
which the thread waits (:mod:`cardan.wsgi._thread`). A response that is one bytes object and has nothing to be closed
after it needs neither.
"""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .. import _crossing as crossing
from ..core._flow import Served, flow, raiser
from ..core._request.exchange import DIRECT, KEY, REQUEST_KEY, STATE_KEY, Exchange
from ..core._request.head import announces_body
from ..core._response.base import BaseResponse
from ..core._response.outgoing import closers_of
from ..core.forms._files import closes_async, release_all
from ._draining import count_reads, drain_before_error, drained
from ._errors import answer_error, ends_more, throws_errors
from ._sending import send, send_whole
from ._thread import RequestThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from ..core._flow import Function
    from ..core._request.body import Body
    from ..core._request.request import BaseRequest

__all__ = ["ServedOverWSGI", "handle", "handle_response"]


class ServedOverWSGI(Served, Protocol):
    """What this module needs of an application, besides what both protocols need."""

    @property
    def _adapter_sync_handler(self) -> Function | None:
        """The handler, if it is a ``def``, handles every request, and nothing is loaded before it. None: ask
        :meth:`_adapter_find_handler`.
        """
        ...

    @property
    def _adapter_start_lifespan(self) -> Callable[[], dict[str, Any]] | None:
        """Starts the lifespan in this process, once, and gives a copy of its state; None without a lifespan."""
        ...

    def _adapter_portal(self) -> crossing.Portal:
        """The event loop of async code in this process."""
        ...


def handle(app: ServedOverWSGI, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Serve one WSGI request (PEP 3333). Wrap it to put middleware of that protocol around the application.

    An error for which ``on_exception`` of the application gives a response is logged, and not raised: a WSGI server
    would answer it. Another error that a server would take for its own, such as an :exc:`OSError`, is logged (logger
    ``cardan``). It is answered with a plain 500 before the head is sent, and ends the response as an ordinary error
    afterwards. All other errors are raised. ``environ["x-wsgiorg.throw_errors"]``: all errors are raised, for debuggers
    and tests; but not those that ``on_exception`` has answered, if no server calls (:data:`DIRECT`).
    """
    try:
        return _handle(app, environ, start_response)
    except BaseException as error:
        if (answer := answer_error(error, environ, start_response)) is None:
            raise
        return answer


def handle_response(response: BaseResponse, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Send a response that is itself the application. It runs in the caller's context.

    Its errors are treated as those of an application.
    """
    try:
        body: Iterable[bytes] | None = send_whole(response, environ, start_response)
        if body is None:
            portal = partial(crossing.portal, "asyncio")
            thread = RequestThread(portal, Exchange(), crossing.CallersContext())
            body = send(response, environ, start_response, thread, partial(_request_url, environ), [])
        has_body = announces_body(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))
        return drained(body, environ, response, None) if has_body or KEY in environ else body
    except BaseException as error:
        if (answer := answer_error(error, environ, start_response)) is None:
            raise
        return answer


def _handle(app: ServedOverWSGI, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    exchange: Exchange | None = environ.get(KEY)
    if exchange is None:
        exchange = environ[KEY] = Exchange()
        exchange.holders = 1
    else:
        exchange.begin()
    request: BaseRequest | None = None
    thread: RequestThread | None = None
    counted: Body | None = None
    held = False
    has_body = announces_body(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))
    try:
        if app._adapter_start_lifespan is not None:
            state = app._adapter_start_lifespan()
            if environ.get(DIRECT):
                state.update(environ[DIRECT])
            if exchange.outer:  # the application around this one has its own, in the environ that it knows
                environ = {**environ, STATE_KEY: state}
            else:
                exchange.take_state(state)
        if has_body and not environ.get("wsgi.input_terminated"):
            counted = count_reads(environ)
        request = app.request_class(environ)
        context = copy_context()
        steps = None
        try:
            if (handler := app._adapter_sync_handler) is not None:
                steps = context.run(flow, request, handler, app.middleware, app.on_error)
            if isinstance(steps, BaseResponse):
                response = steps
            else:
                thread = RequestThread(app._adapter_portal, exchange, crossing.OwnContext(context))
                response = _respond(app, request, thread) if steps is None else thread.respond(request, steps)
        except Exception as error:
            rescued = context.run(app._adapter_answer_exception, request, error)
            if rescued is None:
                raise
            if throws_errors(environ) and DIRECT not in environ:
                thread = thread or RequestThread(app._adapter_portal, exchange, crossing.OwnContext(context))
                thread.close(rescued)  # the error is raised in its place
                raise
            response = rescued
        body: Iterable[bytes] | None = send_whole(response, environ, start_response)
        if body is None:
            thread = thread or RequestThread(app._adapter_portal, exchange, crossing.OwnContext(context))
            exchange.answered = True
            # the body of the response, or a close hook, may read that of the request
            held = bool(exchange.opened) or response.is_streamed or bool(closers_of(response))
            after: list[Callable[[], Any]] = [partial(_leave, app, environ, exchange, thread)] if held else []
            request_url = partial(getattr, request, "url")
            body = send(response, environ, start_response, thread, request_url, after)
        if not has_body or (counted is not None and counted.ended):
            return body
        return drained(body, environ, response, request)
    except BaseException as error:
        if has_body and not ends_more(error):
            drain_before_error(environ, request)
        raise
    finally:
        if not held:
            _leave(app, environ, exchange, thread)


def _respond(app: ServedOverWSGI, request: BaseRequest, thread: RequestThread) -> BaseResponse:
    """The response to a request whose handler is chosen or awaited, or whose body is loaded first."""
    call = thread.context.call
    middleware = app.middleware  # those of this request, also if others are assigned while the body is loaded
    handler, is_async, loads = call(app._adapter_find_handler, request)
    if is_async:
        thread.enter_async(request)
    if loads:
        handler = _load(request, handler, loads, thread)
    return thread.respond(request, call(flow, request, handler, middleware, app.on_error))


def _load(request: BaseRequest, handler: Function, loads: tuple[bool, ...], thread: RequestThread) -> Function:
    """Load the body: gives the handler to call, which raises the error if that failed, so that middleware sees it."""
    try:
        for form in loads:
            thread.load(request, form=form)
    except Exception as error:
        return raiser(error)
    return handler


def _leave(app: ServedOverWSGI, environ: WSGIEnvironment, exchange: Exchange, thread: RequestThread | None) -> None:
    """End what the application has begun for this request; nothing of it stays in the environ."""
    files = exchange.files if exchange.opened else []
    try:
        # an application inside may have made files whose end has to be awaited
        if files and thread is None and any(map(closes_async, files)):
            thread = RequestThread(app._adapter_portal, exchange, crossing.OwnContext(copy_context()))
        if thread is not None:
            thread.leave()
            files = exchange.files
    finally:
        exchange.holders -= 1
        if exchange.holders:
            exchange.go_back()
        else:
            exchange.answered = exchange.over = True
        environ.pop(REQUEST_KEY, None)
        if exchange.release is not None:
            exchange.wake()
        if files and not exchange.holders:
            release_all(files)


def _request_url(environ: WSGIEnvironment) -> str:
    from ..core._request.request import BaseRequest
    from ._head import EnvironHead

    return BaseRequest(EnvironHead(environ)).url
