"""Handling one ASGI scope: from the server to the handler and back.

:mod:`cardan.wsgi._handling` does the same for WSGI; the two can be read side by side.

An ``async def`` handler runs in the event loop of the server, a ``def`` handler in a worker thread of it
(:mod:`cardan.asgi._thread`). A response that is one bytes object and has nothing to be closed after it needs no worker
and no context. Each await of a coroutine of our own costs about 80 ns: :func:`handle` therefore awaits the handler and
``send`` itself for an ordinary request.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from .. import _crossing as crossing
from ..core._exceptions import HTTPException, ServiceUnavailable
from ..core._flow import (
    Closing,
    Served,
    answer,
    expect_takes_request,
    flow,
    guarded,
    keeps_thread,
    may_begin_early,
    raiser,
)
from ..core._request.body import close_async_files
from ..core._request.draining import DEFAULTS, drain_limits_of, is_inert, may_exceed
from ..core._request.exchange import DIRECT, KEY, REQUEST_KEY, Exchange
from ..core._request.head import may_have_body
from ..core._request.serving import known_body, load
from ..core._response.base import BaseResponse
from ..core._response.outgoing import closers_of
from ..core.drive import arun
from ..core.forms._files import closes_async, is_on_disk, release_all
from ..core.structures._scope_headers import ScopeHeaders
from ._draining import BODILESS, PATIENCE, HeldSend, hold
from ._messages import PATHSEND, closing, over, whole_messages
from ._receiving import AHEAD, end_receiving, end_watching, open_body
from ._thread import respond_in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..core._flow import Function
    from ..core._request.request import BaseRequest
    from ..core._request.state import Mode
    from ._messages import Receive, Scope, Send
    from ._sending import Sender

__all__ = ["ServedOverASGI", "handle", "handle_response"]


class ServedOverASGI(Served, Protocol):
    """What this module needs of an application, besides what both protocols need."""

    @property
    def _adapter_async_handler(self) -> Function | None:
        """The handler, if it is an ``async def``, handles every request without middleware, and nothing is loaded
        before it. None: ask :meth:`_adapter_find_handler`.
        """
        ...

    @property
    def _adapter_lifespan_state(self) -> dict[str, Any]:
        """What the lifespan has yielded; each request has a copy."""
        ...

    @property
    def _adapter_worker_threads(self) -> crossing.Threads:
        """The worker threads for what blocks."""
        ...

    def _adapter_when_stopped(self) -> Callable[[Callable[[], None]], Callable[[], object]] | None:
        """Registers a function that is called in the loop when the process is told to stop and streams have to end.

        ``_adapter_when_stopped()(function)`` gives a callable that cancels this. None if streams need not end.
        """
        ...

    async def _adapter_serve_scope(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a scope that is not an HTTP request."""
        ...


async def handle(app: ServedOverASGI, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one ASGI scope. Wrap it to put middleware of that protocol around the application.

    An error for which ``on_exception`` of the application gives a response is logged, and raised to the server after
    this response was sent. The response tells the client that the connection ends. If no server calls
    (:data:`DIRECT`), it is only logged.
    """
    if scope["type"] != "http":
        await app._adapter_serve_scope(scope, receive, send)
        return
    exchange: Exchange | None = scope.get(KEY)
    if exchange is None:
        exchange = scope[KEY] = Exchange()
        exchange.holders = 1
    else:
        exchange.begin()
    if app._adapter_lifespan_state and "state" not in scope:
        if exchange.outer:  # the application around this one has its own, in the scope that it knows
            scope = {**scope, "state": app._adapter_lifespan_state.copy()}
        else:
            exchange.take_state(app._adapter_lifespan_state)
    request: BaseRequest | None = None
    worker: crossing.Worker | None = None
    held: HeldSend | None = None
    failure: BaseException | None = None
    has_failed = True
    try:
        request = app.request_class(scope, receive, send)
        context: crossing.OwnContext | None = None
        if (handler := app._adapter_async_handler) is not None:
            try:
                try:
                    response = await handler(request)
                except HTTPException as error:
                    response = answer(error, request, handler, app.on_error)
                except TypeError as error:
                    expect_takes_request(handler, request, error)
                    raise
                if not isinstance(response, BaseResponse):
                    response = answer(response, request, handler, app.on_error)
            except BaseException as error:
                failure = crossing.as_error(error)
                rescued = app._adapter_answer_exception(request, failure) if isinstance(failure, Exception) else None
                if rescued is None:
                    raise
                response = rescued
        else:
            worker = _make_worker(app, exchange)
            response, context, failure = await _respond(app, request, exchange, worker)
        if failure is not None and DIRECT in scope:
            failure = None
        elif failure is not None:
            send = closing(scope, send)  # servers that get an error after the response, such as uvicorn, do so
        if not (scope.get("http_version") or "1").startswith("1"):
            send = _until_left(send, scope, receive, AHEAD)
        if exchange.opened or scope["method"] not in BODILESS:
            held = _hold(request, exchange, scope, receive, send, response)
            send = held or send
        if (messages := whole_messages(response, scope["method"])) is not None:
            try:
                await send(messages[0])
                await send(messages[1])
            except OSError:  # the client has left, and cannot be told
                pass
        else:
            worker = worker or _make_worker(app, exchange)
            sender = _make_sender(app, request, exchange, scope, receive, send, worker, context)
            await sender.send(response, scope["method"])
        has_failed = False
    except BaseException as error:
        failure = None  # its traceback holds this frame: no cycle
        if request is not None and isinstance(crossing.as_error(error), Exception):
            held = held or _hold(request, exchange, scope, receive, send)
        held, drained = None, held
        await _fail(error, drained)
    finally:
        scope.pop(REQUEST_KEY, None)
        if worker is not None and worker.lags:
            await worker.finish(partial(_leave, exchange, worker, has_failed))
        else:  # as _leave() does, without a coroutine for each request
            if worker is not None:
                worker.give_thread_back()
            exchange.holders -= 1
            if exchange.holders:
                exchange.go_back()
            else:
                exchange.answered = True
                if exchange.opened and ((files := exchange.files) or exchange.watched):
                    await _end(exchange, files, has_failed)
        if held is None and exchange.ongoing and not exchange.holders:
            end_receiving(exchange)
    try:
        if held is not None:
            try:
                await held.finish()
            finally:
                end_receiving(exchange)
        if failure is not None:
            raise failure  # the client has its answer; the server, and what stands around the application, log it
    finally:
        del failure  # its traceback holds this frame: no cycle


async def handle_response(response: BaseResponse, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response that is itself the application. It runs in the caller's context.

    Its errors are treated as those of an application.
    """
    exchange: Exchange | None = scope.get(KEY)
    held: HeldSend | None = None
    if not (scope.get("http_version") or "1").startswith("1"):
        send = _until_left(send, scope, receive)
    if (exchange is None or not exchange.holders) and (
        _is_left(exchange, scope, receive, scope.get(REQUEST_KEY))
        if exchange is not None and exchange.opened
        else scope["method"] not in BODILESS
    ):
        held = hold(scope, receive, send, DEFAULTS, inert=is_inert(response), patience=PATIENCE)
        send = held or send
    try:
        if (messages := whole_messages(response, scope["method"])) is not None:
            try:
                await send(messages[0])
                await send(messages[1])
            except OSError:  # the client has left, and cannot be told
                pass
        else:
            from ._sending import Sender

            sender = Sender(
                send,
                watch=partial(_watch, scope, receive),
                worker=crossing.Worker(crossing.DEFAULT_THREADS),
                context=crossing.CallersContext(),
                request_url=partial(_request_url, scope),
                # if the server sends a file itself, the end cannot be held back
                sends_files=held is None and PATHSEND in (scope.get("extensions") or ()),
                trailers_over=over(scope),
            )
            await sender.send(response, scope["method"])
        if held is not None:
            await held.finish()
    except BaseException as error:
        await _fail(error, held)
    finally:
        if (exchange := scope.get(KEY)) is not None and exchange.ongoing and not exchange.holders:
            end_receiving(exchange)


async def _respond(
    app: ServedOverASGI, request: BaseRequest, exchange: Exchange, worker: crossing.Worker
) -> tuple[BaseResponse, crossing.OwnContext | None, Exception | None]:
    """The response to a request whose handler is chosen, or runs in a thread, or whose body is loaded first.

    Gives also the context that the response's body and its hooks run in, if it is not that of this task, and the error
    that was answered by ``on_exception``.
    """
    middleware = app.middleware  # those of this request, also if others are assigned while the body is loaded
    handler, is_async, loads = app._adapter_find_handler(request)
    if loads:
        handler = await _load(request, handler, loads, "async" if is_async else "sync")
    failures: list[Exception] = []

    def rescue(error: Exception) -> BaseResponse | None:
        response = app._adapter_answer_exception(request, error)
        if response is not None:
            failures.append(error)
        return response

    start = partial(guarded, partial(flow, request, handler, middleware, app.on_error), rescue)
    response: BaseResponse
    context: crossing.OwnContext | None = None
    if is_async:
        steps = start()
        response = steps if isinstance(steps, BaseResponse) else await arun(steps, partial(_perform, worker))
    else:
        if keeps_thread(handler):
            worker.keep_thread()
            exchange.begins_early = may_begin_early(handler, middleware)
        response, context = await respond_in_thread(start, request, exchange, worker, preload=not loads)
        if worker.keeps_thread:
            response = await _thread_kept(app, request, response, worker, context)
    return response, context, failures.pop() if failures else None  # ``rescue`` is in its traceback: no cycle


async def _thread_kept(
    app: ServedOverASGI,
    request: BaseRequest,
    response: BaseResponse,
    worker: crossing.Worker,
    context: crossing.OwnContext,
) -> BaseResponse:
    """The response of a handler that keeps its thread: 503 if it is a stream, and too many threads wait for clients.

    A response that is whole and has nothing to be closed gives its thread back.
    """
    closers = closers_of(response)
    if not closers and response.is_sequence:
        worker.give_thread_back()
    elif not worker.park_thread() and not response.is_sequence:  # a whole one only has to be closed
        from ._sending import close_response

        await close_response(closers, worker, context)
        worker.give_thread_back()
        return app.on_error(request, ServiceUnavailable("too many responses wait for their clients", retry_after=1))
    return response


async def _load(request: BaseRequest, handler: Function, loads: tuple[bool, ...], mode: Mode) -> Function:
    """Load the body: gives the handler to call, which raises the error if that failed, so that middleware sees it."""
    try:
        for form in loads:
            await _await(load(request, form=form, handled_in=mode))
    except Exception as error:
        return raiser(error)
    return handler


async def _perform(worker: crossing.Worker, step: Any) -> Any:
    """Await a step of a flow. A response that is not sent is closed as one that was sent."""
    if type(step) is Closing:
        from ._sending import close_unsent

        return await close_unsent(step, worker, crossing.CallersContext())
    return await _await(step)


async def _await(awaitable: Awaitable[Any]) -> Any:
    """Await ``awaitable``. If it was cancelled elsewhere, an ordinary error is raised, which middleware can catch."""
    try:
        return await awaitable
    except BaseException as error:
        await _fail(error, None)


async def _fail(error: BaseException, held: HeldSend | None) -> NoReturn:
    """Raise ``error``; an ordinary error in its place if it is a cancellation of something else than this request.

    Before an ordinary error, the body of the request is drained by ``held``.
    """
    ordinary = crossing.as_error(error)
    try:
        if held is not None and isinstance(ordinary, Exception):
            with crossing.unhidden(ordinary):
                await held.drain()
        raise ordinary
    finally:
        del error, ordinary  # their tracebacks hold this frame: no cycle


def _hold(
    request: BaseRequest,
    exchange: Exchange,
    scope: Scope,
    receive: Receive,
    send: Send,
    response: BaseResponse | None = None,
) -> HeldSend | None:
    """The ``send`` that holds back the end of a response, if the body of its request was not read to the end.

    Without a response, the result only drains that body, before an error is raised to the server. The server answers
    the error, or ends a response that has begun; it may close the connection during the upload, or wait until there is
    room for more of the upload. Only the outermost application holds back and drains.
    """
    if exchange.holders > 1 or (exchange.opened and not _is_left(exchange, scope, receive, request)):
        return None
    inert = response is not None and is_inert(response)
    return hold(scope, receive, send, drain_limits_of(request), inert=inert)


def _make_worker(app: ServedOverASGI, exchange: Exchange) -> crossing.Worker:
    """Runs the blocking functions of this request in worker threads of ``app``."""
    return crossing.Worker(app._adapter_worker_threads, partial(setattr, exchange, "lease"))


def _make_sender(
    app: ServedOverASGI,
    request: BaseRequest,
    exchange: Exchange,
    scope: Scope,
    receive: Receive,
    send: Send,
    worker: crossing.Worker,
    context: crossing.OwnContext | None,
) -> Sender:
    """Sends a response that is streamed, or has something to be closed after it."""
    exchange.answered = True
    from ._sending import Sender  # loads anyio, which a WSGI program never needs

    return Sender(
        send,
        watch=partial(_watch, scope, receive, AHEAD),
        worker=worker,
        context=context or crossing.CallersContext(),
        request_url=partial(getattr, request, "url"),
        sends_files=not isinstance(send, HeldSend) and PATHSEND in (scope.get("extensions") or ()),
        trailers_over=over(scope),
        lose=partial(setattr, exchange, "left", True),
        when_stopped=app._adapter_when_stopped(),
    )


def _is_left(exchange: Exchange, scope: Scope, receive: Receive, request: BaseRequest | None) -> bool:
    """Whether the body that the client sends may have an unread rest. Code may have opened others of its own, and the
    ``request`` may read that of the client through a ``receive`` of its own, as one that counts the bytes does.
    """
    body = exchange.find(receive)
    if body is None and request is not None:
        body = known_body(request)
    return scope["method"] not in BODILESS if body is None else not body.ended


async def _leave(exchange: Exchange, worker: crossing.Worker, has_failed: bool) -> None:
    """End what the application has begun for this request."""
    worker.give_thread_back()
    exchange.holders -= 1
    if exchange.holders:
        exchange.go_back()
        return
    exchange.answered = True
    if exchange.opened:
        await _end(exchange, exchange.files, has_failed)


async def _end(exchange: Exchange, files: list[Any], has_failed: bool) -> None:
    """End the tasks that watch for a disconnect, and close the ``files`` of forms."""
    if not (exchange.watched or any(map(closes_async, files)) or any(map(is_on_disk, files))):
        release_all(files)  # nothing is awaited, so that nothing is cancelled
        return
    with crossing.unhidden(sys.exception() if has_failed else None):  # else it is one that a caller handles
        try:
            if exchange.watched:
                await end_watching(exchange)
        finally:
            if files:
                await _close_files(files)


async def _close_files(files: list[Any]) -> None:
    """Close the files of all forms: async ones are awaited, and closing one on disk may take milliseconds, so it is
    done in a worker thread, which is waited for.
    """
    try:
        if any(map(closes_async, files)):
            await crossing.run_uncut(partial(close_async_files, files))
    finally:
        if any(map(is_on_disk, files)):
            await crossing.run_spool_work(release_all, files)
        else:
            release_all(files)


async def _watch(scope: Scope, receive: Receive, ahead: int = 0) -> None:
    """Return when the client has left, while a response is streamed.

    The messages of an unread body precede the message that the client has disconnected. Up to ``ahead`` bytes of the
    body may be received early; they are kept for later reads through a request. A response without an ``Application``
    passes 0, because its iterable may call ``receive`` itself and would miss these bytes.
    """
    body = open_body(scope, receive)
    headers = ScopeHeaders(scope.get("headers") or ())
    if not may_have_body(scope["method"], scope.get("http_version") or "1.1", headers):
        body.let_watch(ahead or 1)  # receive the message that the body is empty, unless other code has received it
    # receiving would send 100 Continue; the end of a large body is not reached
    elif body.asked or not ("Expect" in headers or ("Transfer-Encoding" not in headers and may_exceed(headers, ahead))):
        body.let_watch(ahead)
    await body.watch()


def _until_left(send: Send, scope: Scope, receive: Receive, ahead: int = 0) -> Send:
    """The ``send`` for HTTP/2, see :func:`~._sending.until_left`."""
    from ._sending import until_left

    return until_left(send, partial(_watch, scope, receive, ahead))


def _request_url(scope: Scope) -> str:
    from ..core._request.request import BaseRequest
    from ._head import ScopeHead

    return BaseRequest(ScopeHead(scope)).url
