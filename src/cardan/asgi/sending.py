"""Sending a response over ASGI: the finalizer's events become ``send`` messages.

While a body streams, somebody listens for ``http.disconnect`` (once the end of the request's body was seen) and
for silence (keep-alive comments). A client that left ends the body at once; its cleanup and the close hooks run.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from .. import _crossing as crossing
from ..core.response.closing import aclose_all
from ..core.response.encoding import END
from ..core.response.finalizer import End, Head, ResponseFinalizer
from ..core.response.outgoing import closers_of
from .messages import encode_headers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from ..core.buffers import Buffer
    from ..core.response.base import BaseResponse
    from .messages import Message, Send
    from .receiving import ReceiveBody

__all__ = ["ClientLeft", "Sender", "close_response"]


class ClientLeft(Exception):
    """``send`` failed: the client is gone (ASGI HTTP spec 2.4: an OSError)."""


class Sender:
    """Sends responses of one request to ``send``.

    ``source`` gives what receives for this request, where it may be listened to; ``worker`` runs what blocks in
    worker threads; ``context`` is what the body and the hooks run in, here and there; ``extensions`` are those of the
    scope; ``lose`` is told where sending fails because the client left; ``until`` returns when streams without a
    Content-Length are to be ended.
    """

    __slots__ = ("_context", "_lose", "_pathsend", "_root_url", "_send", "_source", "_until", "_worker")

    def __init__(
        self,
        send: Send,
        *,
        source: Callable[[], Awaitable[ReceiveBody | None]],
        worker: crossing.Worker,
        context: crossing.RequestContext,
        root_url: Callable[[], str] | None,
        extensions: Mapping[str, Any] | None = None,
        lose: Callable[[], None] | None = None,
        until: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._send = send
        self._source = source
        self._worker = worker
        self._context = context
        self._root_url = root_url
        self._lose = lose
        self._until = until
        self._pathsend = extensions is not None and "http.response.pathsend" in extensions

    async def send(self, response: BaseResponse, method: str) -> None:
        """Send ``response``; its close hooks have run when this returns, however it ends.

        Raises what the body raises, after the start too: the server then ends the connection.
        """
        closers = closers_of(response)
        try:
            outgoing = response.outgoing(method, self._root_url)
            if isinstance(outgoing, ResponseFinalizer):
                await self._stream(response, outgoing, closers)
            else:
                headers = encode_headers(outgoing.headers)
                try:
                    await self._send({"type": "http.response.start", "status": outgoing.status, "headers": headers})
                    await self._send({"type": "http.response.body", "body": outgoing.body})
                except OSError:  # the client has left; the close hooks run all the same
                    self._note_left()
        finally:
            if closers:
                await self._worker.finish(partial(close_response, closers, self._worker, self._context))

    async def _stream(
        self, response: BaseResponse, finalizer: ResponseFinalizer, closers: list[Callable[[], Any]]
    ) -> None:
        wire = _Wire(self._send, finalizer, self._note_left)
        path = getattr(response.response, "pathsend_path", None) if self._pathsend else None
        try:
            if not finalizer.sends_body:
                await wire.end()
            elif path is not None:
                await wire.send_path(path)
            else:
                await self._watched(response, wire, closers)
        except ClientLeft:
            pass

    def _note_left(self) -> None:
        if self._lose is not None:
            self._lose()

    async def _watched(self, response: BaseResponse, wire: _Wire, closers: list[Callable[[], Any]]) -> None:
        """Send the body while somebody listens for the client's leaving, and for silence."""
        failure: BaseException | None = None
        stopped = False
        # each listener is ended by a scope of its own: what is cancelled with the group leaves a cycle of its frames
        listening: list[anyio.CancelScope] = []
        async with anyio.create_task_group() as group:

            async def listen(scope: anyio.CancelScope, wait: Callable[..., Awaitable[None]], *args: Any) -> None:
                with scope:
                    await wait(*args)
                    group.cancel_scope.cancel()

            async def stop(until: Callable[[], Awaitable[None]]) -> None:
                nonlocal stopped
                await until()
                stopped = True

            def listen_for(wait: Callable[..., Awaitable[None]], *args: Any) -> None:
                """Wait beside the body for a reason to end it."""
                listening.append(anyio.CancelScope())
                group.start_soon(listen, listening[-1], wait, *args)

            try:
                if (receiving := await self._source()) is not None:
                    listen_for(receiving.watch)
                if response.keep_alive is not None:
                    await wire.emit(b"")
                    listen_for(_keep_alive, wire, response)
                if self._until is not None and not wire.declares_length:
                    listen_for(stop, self._until)
                await self._send_body(response, wire, closers)
                await wire.end()
            except BaseException as error:  # raised outside the group, which would wrap it, or take it for its own end
                failure = crossing.as_error(error)
                if not isinstance(failure, Exception):
                    failure = None  # its traceback holds this frame: no cycle
                    raise
            for scope in listening:
                scope.cancel()
        try:
            if failure is not None:
                raise failure
        finally:
            del failure  # its traceback holds this frame: no cycle
        if stopped:
            await wire.end()  # the body was ended by us: for the client it is complete

    async def _send_body(self, response: BaseResponse, wire: _Wire, closers: list[Callable[[], Any]]) -> None:
        if response.is_async:
            del closers[: hasattr(response.response, "aclose")]  # the pump ends what it drives
            await crossing.pump(response.response, wire.emit, self._context)
            return
        # reading a file is not the handlers' business
        run = crossing.run_file_work if hasattr(response.response, "ranged") else self._worker.step
        chunks = _begun_late(response)
        chunk: Any
        while (chunk := await _run_within(self._context, run, next, chunks, END)) is not END:
            await wire.emit(chunk)


async def close_response(
    closers: list[Callable[[], Any]], worker: crossing.Worker, context: crossing.RequestContext
) -> None:
    """Run the closers of a response, plain ones in the threads of ``worker``, all of them in ``context``."""

    async def run(function: Callable[..., Any], *args: Any) -> Any:
        await worker.settle()
        return await _run_within(context, worker.close, function, *args)

    async def here(awaitable: Awaitable[Any]) -> Any:
        await worker.settle()
        return await context.here(awaitable)

    await aclose_all(closers, run, here)


async def _run_within(
    context: crossing.RequestContext, run: Callable[..., Awaitable[Any]], function: Callable[..., Any], *args: Any
) -> Any:
    """Run a plain callable by ``run``, in its thread, in the context of the request."""
    lent = context.lend()
    try:
        return await run(lent.run, function, *args)
    finally:
        context.take_back()


def _begun_late(response: BaseResponse) -> Iterator[bytes]:
    """The chunks of a sync body, which is asked for its iterator where its steps run: in the thread, in the context."""
    yield from response.iter_encoded()


class _Wire:
    """One response on its way to ``send``: one message at a time, whoever has one."""

    def __init__(self, send: Send, finalizer: ResponseFinalizer, lose: Callable[[], None]) -> None:
        self._send = send
        self._lose = lose
        self._finalizer = finalizer
        self._lock = anyio.Lock()
        self.last = anyio.current_time()

    @property
    def declares_length(self) -> bool:
        """Whether the head says how long the body is."""
        return self._finalizer.declared is not None

    async def emit(self, chunk: str | Buffer) -> None:
        """Send what the finalizer makes of ``chunk``, which it checks."""
        async with self._lock:
            await self._send_events(self._finalizer.feed(chunk))

    async def end(self) -> None:
        """Send the end."""
        async with self._lock:
            await self._send_events(self._finalizer.close())

    async def send_path(self, path: str) -> None:
        """Have the server send the file of ``path`` as the body (extension ``http.response.pathsend``)."""
        await self.emit(b"")
        try:
            await self._send({"type": "http.response.pathsend", "path": path})
        except OSError as error:
            self._lose()  # before the body is closed: its cleanup may ask
            raise ClientLeft from error

    async def _send_events(self, events: list[Any]) -> None:
        for event in events:
            kind = type(event)
            if kind is Head:
                headers = encode_headers(event.headers)
                message: Message = {"type": "http.response.start", "status": event.status, "headers": headers}
            elif kind is End:
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            else:
                message = {"type": "http.response.body", "body": event.data, "more_body": True}
            try:
                await self._send(message)
            except OSError as error:
                self._lose()
                raise ClientLeft from error
        self.last = anyio.current_time()


async def _keep_alive(wire: _Wire, response: BaseResponse) -> None:
    """Send the filler after each silence; return where that finds nobody there: the stream is over."""
    assert response.keep_alive is not None
    interval = response.keep_alive
    while True:
        await anyio.sleep_until(wire.last + interval)
        if anyio.current_time() >= wire.last + interval:
            try:
                await wire.emit(response.keep_alive_chunk)
            except ClientLeft:
                return
