"""Handling one HTTP scope: the flow of a request, in the loop for async handlers, in a worker thread for sync ones."""

from __future__ import annotations

from contextlib import nullcontext
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import _crossing as crossing
from ..core.drive import arun
from ..core.exceptions import HTTPException
from ..core.flow import answer, flow, raiser
from ..core.request.body import close_async_files
from ..core.request.draining import DEFAULTS, is_inert, limits_of, may_exceed
from ..core.request.exchange import KEY, REQUEST_KEY, Exchange, find_exchange
from ..core.response.base import BaseResponse
from ..core.response.outgoing import closers_of
from ..core.structures.scope_headers import ScopeHeaders
from .draining import BODILESS, PATIENCE, hold
from .messages import whole_messages
from .receiving import AHEAD, ReceiveBody, end_watching, open_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..core.flow import Steps
    from .draining import HeldSend

__all__ = ["deny_websocket", "handle", "send_alone"]

#: bytes of a declared body that are received before a sync handler gets its thread: each read from there would cross to
#: the event loop and back
PRELOAD = 65536

#: methods whose requests have no body over HTTP/2 unless their head announces one. ``draining.BODILESS`` is smaller:
#: for its methods the head is not even looked at
_UNLESS_ANNOUNCED = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})


async def handle(app: Any, scope: Any, receive: Any, send: Any) -> None:
    """Serve one ASGI scope; what middleware of that protocol wraps."""
    if scope["type"] != "http":
        await app._serve_other(scope, receive, send)
        return
    exchange: Exchange | None = scope.get(KEY)
    if exchange is None:
        exchange = scope[KEY] = Exchange()
    if app._asgi_state and exchange.state is None and "state" not in scope:
        exchange.state = app._asgi_state.copy()
    exchange.holders += 1
    request = held = None
    worker: crossing.Worker | None = None
    try:
        request = app.request_class(scope, receive, send)
        if app._straight_async:
            context = None
            try:  # here and not in a function of its own: each await of one costs 80 ns
                result = await app.handler(request)
            except HTTPException as error:
                response = answer(error, request, app.handler, app.on_error)
            else:
                response = (
                    result if isinstance(result, BaseResponse) else answer(result, request, app.handler, app.on_error)
                )
        else:
            worker = _worker(app, exchange)
            response, context = await _respond(app, request, exchange, worker)
        method = scope["method"]
        if not exchange.opened[-1].ended if exchange.opened else method not in BODILESS:
            held = _hold(request, exchange, send, response)
            send = held or send
        if (messages := whole_messages(response, method)) is not None:
            start, body = messages
            try:
                await send(start)
                await send(body)
            except OSError:  # nobody is there to be told
                pass
        else:
            from .sending import Sender  # loads anyio, which a WSGI program never needs

            worker = worker or _worker(app, exchange)
            sender = Sender(
                send,
                source=partial(_source, scope, receive, AHEAD),
                worker=worker,
                context=context or crossing.CallersContext(),
                root_url=partial(getattr, request, "root_url"),
                extensions=scope.get("extensions") if held is None else None,  # a server's own end is not held back
                lose=partial(setattr, exchange, "left", True),
                until=app._until_stop() if app.end_streams_on_stop else None,
            )
            await sender.send(response, method)
    except BaseException as error:
        ordinary = crossing.as_error(error)
        if isinstance(ordinary, Exception) and request is not None:
            await _drain_before_error(request, exchange, held)
        if ordinary is not error:
            raise ordinary from error
        raise
    finally:
        scope.pop(REQUEST_KEY, None)
        if worker is not None and worker.lags:
            await worker.finish(partial(_leave, exchange))
        else:  # as _leave() does, without a coroutine for each request
            exchange.holders -= 1
            if exchange.opened and not exchange.holders and (exchange.watched or exchange.files):
                await _end(exchange)
    if held is not None:
        await held.finish()


def _hold(request: Any, exchange: Exchange, send: Any, response: BaseResponse | None) -> HeldSend | None:
    """What holds back the end of a response whose request was not read to its end. The outermost application does."""
    if exchange.holders > 1:
        return None
    inert = response is not None and is_inert(response)
    return hold(request._scope, request._receive, send, limits_of(request), inert=inert)


async def _drain_before_error(request: Any, exchange: Exchange, held: HeldSend | None) -> None:
    """Drain what is left of an upload before an error is raised to the server. The server answers it, or breaks off a
    response that has begun: it may close the connection under the upload, or wait until there is room for more of it.
    """
    if held is None:
        held = _hold(request, exchange, None, None)
    if held is not None:
        await held.drain()


def _worker(app: Any, exchange: Exchange) -> crossing.Worker:
    """Runs what blocks of this request in worker threads of ``app``."""
    return crossing.Worker(app._threads, partial(setattr, exchange, "lease"))


async def _leave(exchange: Exchange) -> None:
    """The application is done with this request."""
    exchange.holders -= 1
    if exchange.opened and not exchange.holders and (exchange.watched or exchange.files):
        await _end(exchange)


async def _end(exchange: Exchange) -> None:
    """End what was begun for the bodies of a request: the watching for the client's leaving, and the files of forms."""
    try:
        if exchange.watched:
            await end_watching(exchange)
    finally:
        if files := exchange.files:
            await _close_files(exchange, files)


async def _close_files(exchange: Exchange, files: list[Any]) -> None:
    """Close the files of all forms: async ones are awaited, and closing one on disk may take milliseconds, so it is
    done in a worker thread, which is waited for.
    """
    try:
        if any(getattr(file, "closes_async", False) for file in files):
            await crossing.run_uncut(partial(close_async_files, files))
    finally:
        if any(getattr(file, "on_disk", True) for file in files):
            await crossing.run_spool_work(exchange.close)
        else:
            exchange.close()


async def _respond(
    app: Any, request: Any, exchange: Exchange, worker: crossing.Worker
) -> tuple[BaseResponse, crossing.OwnContext | None]:
    """The response, and the context that its body and its hooks run in, where it is not that of this task."""
    handler, is_async = app._resolve(request)
    if app._loads:
        try:
            await request.load(form=app.load)
        except HTTPException as error:
            handler = raiser(error)
    start = partial(flow, request, handler, app.middleware, app.on_error)
    if is_async:
        steps = start()
        response = steps if isinstance(steps, BaseResponse) else await arun(steps, _await)
        return response, None
    from anyio.lowlevel import current_token

    context = crossing.OwnContext(copy_context())
    request._enter("sync")
    exchange.token = current_token()
    length = 0 if app._loads else request.content_length or 0
    if 0 < length <= PRELOAD and "Expect" not in request.headers and request._may_receive(length):
        body = request._open_body()
        if isinstance(body, ReceiveBody):
            await body.preload()
    return await _run_in_thread(start, request, context, worker), context


async def _await(awaitable: Awaitable[Any]) -> Any:
    """Await it; what was cancelled elsewhere is an ordinary error, for the middleware around a handler as well."""
    try:
        return await awaitable
    except BaseException as error:
        if (ordinary := crossing.as_error(error)) is not error:
            raise ordinary from error
        raise


async def _run_in_thread(
    start: Callable[[], BaseResponse | Steps],
    request: Any,
    context: crossing.OwnContext,
    worker: crossing.Worker,
) -> BaseResponse:
    """A sync handler that returns an awaitable is awaited here, in the loop, with the body in async mode."""

    def advance(resume: Any, answer: Any) -> tuple[bool, Any]:
        try:
            return False, context.call(resume, answer)
        except StopIteration as stop:
            return True, stop.value

    async def discard(result: Any) -> None:
        """Close what a thread has returned after the task of its request was cancelled: a response, or a flow that
        waits for a coroutine.
        """
        from .sending import close_response

        if isinstance(result, tuple):
            done, result = result
            if not done:
                getattr(result, "close", lambda: None)()  # a coroutine that nobody will await
                result = steps
        if isinstance(result, BaseResponse):
            await close_response(closers_of(result), worker, context)
        else:
            await worker.close(context.call, result.close)

    steps: BaseResponse | Steps = await worker.handle(lambda: context.call(start), discard=discard)
    if isinstance(steps, BaseResponse):
        return steps
    resume, answer = steps.send, None
    while True:
        with crossing.shielded() if crossing.is_cancellation(answer) else nullcontext():
            done, value = await worker.handle(advance, resume, answer, discard=discard)
        if done:
            response: BaseResponse = value
            return response
        request._enter("async")
        try:
            resume, answer = steps.send, await context.here(value)
        except BaseException as error:
            resume, answer = steps.throw, crossing.as_error(error)
        request._enter("sync")


async def _source(scope: Any, receive: Any, ahead: int = 0) -> ReceiveBody | None:
    """The body through which the client's leaving is noticed while the response streams.

    The messages of an unread body come before the one that says that the client left. Up to ``ahead`` bytes of it may
    be received early; they are kept for later reads through a request. A response without an ``Application`` passes 0:
    its iterable may call ``receive`` itself, and would miss them.
    """
    body = open_body(scope, receive)
    if not isinstance(body, ReceiveBody):
        return None
    headers = ScopeHeaders(scope.get("headers") or ())
    chunked = "Transfer-Encoding" in headers
    announced = chunked or "Content-Length" in headers
    if not announced and (scope["method"] in _UNLESS_ANNOUNCED or (scope.get("http_version") or "1.1").startswith("1")):
        body.let_watch(ahead or 1)  # the one message that says that there is no body, unless others have taken it
    # receiving would invite a body that waits for 100 Continue; of a large one the end is not reached
    elif body.asked or not ("Expect" in headers or (not chunked and may_exceed(headers, ahead))):
        body.let_watch(ahead)
    return body


async def send_alone(response: BaseResponse, scope: Any, receive: Any, send: Any) -> None:
    """Send a response that is itself the application: it has no context of its own, the caller's is used."""
    from .sending import Sender

    held = None if find_exchange(scope).holders else _hold_alone(response, scope, receive, send)
    sender = Sender(
        held or send,
        source=partial(_source, scope, receive),
        worker=crossing.Worker(crossing.DEFAULT_THREADS),
        context=crossing.CallersContext(),
        root_url=lambda: _root_url(scope),
        extensions=scope.get("extensions") if held is None else None,
    )
    try:
        await _await(sender.send(response, scope["method"]))
    except Exception:
        if held is not None:
            await held.drain()
        raise
    if held is not None:
        await held.finish()


def _hold_alone(response: BaseResponse, scope: Any, receive: Any, send: Any) -> HeldSend | None:
    return hold(scope, receive, send, DEFAULTS, inert=is_inert(response), patience=PATIENCE)


def _root_url(scope: Any) -> str:
    from ..core.request.base import BaseRequest
    from .head import ScopeHead

    return BaseRequest(ScopeHead(scope)).root_url


async def deny_websocket(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a websocket handshake: 404 where the server can say so (websocket denial response), else 403."""
    message = await receive()
    if message["type"] != "websocket.connect":
        return
    if "websocket.http.response" in (scope.get("extensions") or {}):
        headers = [(b"content-length", b"0")]
        await send({"type": "websocket.http.response.start", "status": 404, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b""})
    else:
        await send({"type": "websocket.close", "code": 1000})
