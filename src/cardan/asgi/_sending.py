"""Sending a response over ASGI: the finalizer's events become ``send`` messages.

While a body is streamed, a task waits for ``http.disconnect``, once the end of the request's body was received, and a
filler is sent after each silence of a response with ``keep_alive``. If the client leaves, the body is closed at once,
and its cleanup and the close hooks run. So it is from the first message on. Only the last message of a response is not
interrupted, see :func:`_end_uncut`; the body of a whole answer and the path of a file come with the last one.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .. import _crossing as crossing
from ..core._buffers import CHUNK_SIZE
from ..core._closing import aclose_all
from ..core._response.encoding import END, encode
from ..core._response.finalizer import Chunk, End, Head, ResponseFinalizer
from ..core._response.outgoing import closers_of, keep_alive_chunk
from ._messages import TRAILERS, encode_headers, start_message, trailers_message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import anyio

    from ..core._buffers import Buffer
    from ..core._flow import Closing
    from ..core._response.base import BaseResponse
    from ..core._response.finalizer import ResponseEvent
    from ._messages import Message, Send

__all__ = ["ClientLeft", "Sender", "close_here", "close_response", "close_unsent", "until_left"]

#: seconds after which a ``send()`` on HTTP/2 is taken to wait for its client, and as many after this client has left
PATIENCE: Final = 5.0


class ClientLeft(crossing.NoDefect):
    """The client has left: ``send`` raised an OSError (ASGI HTTP spec 2.4), or ``receive`` gave a disconnect."""


class _Stopped(Exception):
    """The server stops. The stream is ended as if it were complete."""


class Sender:
    """Sends responses of one request to ``send``.

    ``watch`` returns when the client has left; it is awaited while a body is streamed. ``worker`` runs blocking
    functions in worker threads. ``context`` is the context in which the body and the hooks run, in the loop and in
    threads. ``sends_files``: the server sends a file itself, by the extension ``http.response.pathsend``.
    ``trailers_over`` is the HTTP version of a server that sends trailer fields, by ``http.response.trailers``, else
    None. ``lose`` is called if sending fails because the client has left.
    ``when_stopped(function)`` registers a function that is called when streams without a Content-Length have to end; it
    gives a callable that cancels this.
    """

    __slots__ = (
        "_context",
        "_lose",
        "_request_url",
        "_send",
        "_sends_files",
        "_trailers_over",
        "_watch",
        "_when_stopped",
        "_worker",
    )

    def __init__(
        self,
        send: Send,
        *,
        watch: Callable[[], Awaitable[object]],
        worker: crossing.Worker,
        context: crossing.RequestContext,
        request_url: Callable[[], str] | None,
        sends_files: bool = False,
        trailers_over: str | None = None,
        lose: Callable[[], None] | None = None,
        when_stopped: Callable[[Callable[[], None]], Callable[[], object]] | None = None,
    ) -> None:
        self._send = send
        self._watch = watch
        self._worker = worker
        self._context = context
        self._request_url = request_url
        self._lose = lose
        self._when_stopped = when_stopped
        self._sends_files = sends_files
        self._trailers_over = trailers_over

    async def send(self, response: BaseResponse, method: str) -> None:
        """Send ``response``. When this returns or raises, its close hooks have run.

        An error of the body is raised, also after the start of the response: the server then ends the connection.
        """
        closers = closers_of(response)
        has_failed = True
        try:
            outgoing = response.outgoing(method, self._request_url, trailers_over=self._trailers_over)
            if isinstance(outgoing, ResponseFinalizer):
                await self._stream(response, outgoing, closers)
            else:
                headers = encode_headers(outgoing.headers)
                try:
                    await self._send({"type": "http.response.start", "status": outgoing.status, "headers": headers})
                    await self._send({"type": "http.response.body", "body": outgoing.body})
                except OSError:  # the client has left; the close hooks run all the same
                    self._note_left()
            has_failed = False
        finally:
            if closers:
                with crossing.unhidden(sys.exception() if has_failed else None):  # else it is one that a caller handles
                    await self._worker.finish(partial(close_response, closers, self._worker, self._context))

    async def _stream(
        self, response: BaseResponse, finalizer: ResponseFinalizer, closers: list[Callable[[], Any]]
    ) -> None:
        wire = _Wire(self._send, finalizer, self._note_left)
        # trailer fields come after the end of a body, which is not seen if the server sends a file
        passes = self._sends_files and not finalizer.head.trailers
        find_path = getattr(response.response, "path_to_send", None) if passes and finalizer.sends_body else None
        try:
            path = await crossing.run_file_work(find_path) if find_path is not None else None
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
        """Send the body, and end it early when the client leaves or the server stops; break the silence meanwhile."""
        run = crossing.Interruptible(self._watch, ClientLeft)
        keep_alive = forget = None
        try:
            if response.keep_alive is not None:
                keep_alive = wire.keep_alive(response.keep_alive, keep_alive_chunk(response), run)
            if self._when_stopped is not None and not wire.declares_length:
                forget = self._when_stopped(partial(run.interrupt, _Stopped()))
            if response.is_async:
                del closers[: hasattr(response.response, "aclose")]  # the pump ends what it drives
                begin = partial(_begin, response, wire)
                finish = partial(_end_uncut, wire, run, self._call_here)
                await crossing.pump(response.response, wire.emit, self._context, run=run, begin=begin, finish=finish)
            else:
                await run.run_here(partial(self._send_steps, response, wire, run))
        except _Stopped:
            if keep_alive is not None:
                await keep_alive.end()  # a client that takes no filler keeps the end waiting
            await wire.cut()  # for the client the body is complete
        finally:
            if forget is not None:
                forget()
            if keep_alive is not None:
                await keep_alive.end()

    async def _send_steps(self, response: BaseResponse, wire: _Wire, run: crossing.Interruptible) -> None:
        """Send a sync body, which runs in worker threads, and the end."""
        await _begin(response, wire)
        chunks = _begun_late(response)
        within = partial(_run_within, self._context)
        is_file = hasattr(response.response, "ranged")  # reading one takes no place of a handler
        step = crossing.run_file_work if is_file else self._worker.step
        if is_file:
            from anyio.lowlevel import checkpoint_if_cancelled

            chunk: Any
            while (chunk := await within(step, next, chunks, END)) is not END:
                await checkpoint_if_cancelled()  # file work is not cancelled, and a send may never wait
                await wire.emit(chunk)
        else:
            await self._worker.stream(chunks, wire.emit, within, response.response)
        await _end_uncut(wire, run, partial(within, step))

    async def _call_here(self, function: Callable[[], Any]) -> Any:
        """Call a function in this task, in the context of the request."""
        return self._context.call(function)


async def _begin(response: BaseResponse, wire: _Wire) -> None:
    """Send what can be sent before the next step of the body."""
    if response.keep_alive is not None:
        await wire.emit(b"")  # the client is told at once that the stream is open
    take_first: Callable[[], bytes] | None = getattr(response.response, "take_first", None)
    if take_first is not None and (first := take_first()):  # of a body that a handler's thread has begun
        await wire.emit(first)


async def _end_uncut(
    wire: _Wire, run: crossing.Interruptible, call: Callable[[Callable[[], Any]], Awaitable[Any]]
) -> None:
    """Send the end of a body. It is not interrupted: a server may tell of a disconnect while it takes the end, and
    close the connection within the same ``send()``. On HTTP/2, :func:`until_left` bounds the time.
    """
    await wire.filled()
    run.let_end()
    await wire.end(call)


def until_left(send: Send, watch: Callable[[], Awaitable[object]]) -> Send:
    """The ``send`` for a request over HTTP/2. It raises an OSError if it still waits when the client has left.

    There a server may wait until the client allows more data (RFC 9113 section 5.2), also for the end of a response. If
    the client resets the stream, or leaves, meanwhile, not every server goes on; what the request has opened would stay
    open. ``watch`` returns when the client has left. Small messages with more to come are sent as they are: there is
    room for them.
    """
    from anyio import sleep, sleep_forever

    async def left() -> None:
        await sleep(PATIENCE)  # most messages are taken at once; nothing is received for them
        try:
            await watch()
        except Exception:  # nothing is known of the client, and it may take the message
            await sleep_forever()
        await sleep(PATIENCE)  # the end of the response may have caused the disconnect

    async def send_until_left(message: Message) -> None:
        kind = message["type"]
        is_small = message.get("more_body", False) and len(message.get("body", b"")) < CHUNK_SIZE
        if kind == TRAILERS or (kind == "http.response.body" and not is_small):
            run = crossing.Interruptible(left, partial(OSError, "got no end of send(), although the client has left"))
            await run.run_here(partial(send, message))
        else:
            await send(message)

    return send_until_left


async def close_response(
    closers: list[Callable[[], Any]], worker: crossing.Worker, context: crossing.RequestContext
) -> None:
    """Run the closers of a response in ``context``. Plain ones run in the threads of ``worker``."""

    async def run(function: Callable[..., Any], *args: Any) -> Any:
        await worker.settle()
        return await _run_within(context, worker.close, function, *args)

    async def here(awaitable: Awaitable[Any]) -> Any:
        await worker.settle()
        return await context.here(awaitable)

    await aclose_all(closers, run, here)


async def close_unsent(closing: Closing, worker: crossing.Worker, context: crossing.RequestContext) -> None:
    """Close a response that is not sent, to the end. Raises the first error, unless a cancellation is the reason."""
    if closers_of(closing.response):
        await worker.finish(partial(close_here, closing, worker, context))


async def close_here(closing: Closing, worker: crossing.Worker, context: crossing.RequestContext) -> None:
    """Do as :func:`close_unsent` in a task that nothing cancels."""
    try:
        await close_response(closers_of(closing.response), worker, context)
    except Exception as error:
        if not closing.is_cancelled:
            raise
        crossing.log_lost("an error after a request was cancelled", error)


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
    """The chunks of a sync body. Its iterator is made when the first step runs: in the thread, in the context."""
    yield from map(encode, response.iter_encoded())


class _Wire:
    """One response on its way to ``send``, one message at a time."""

    __slots__ = ("_filler", "_finalizer", "_is_sending", "_lose", "_send", "_silence")

    def __init__(self, send: Send, finalizer: ResponseFinalizer, lose: Callable[[], None]) -> None:
        self._send = send
        self._lose = lose
        self._finalizer = finalizer
        self._is_sending = False
        self._silence: crossing.Silence | None = None
        self._filler: anyio.Event | None = None
        """Set when the filler was sent."""

    @property
    def declares_length(self) -> bool:
        """Whether the head says how long the body is."""
        return self._finalizer.declared is not None

    async def emit(self, chunk: str | Buffer) -> None:
        """Send the events that the finalizer gives for ``chunk``."""
        if self._filler is not None:  # as filled() does, without a coroutine for each chunk
            await self._filler.wait()
        self._is_sending = True  # as _send_events() does, likewise
        try:
            for event in self._finalizer.feed(chunk):
                await self._send(_message(event))
        except OSError as error:
            self._lose()
            raise ClientLeft from error
        finally:
            self._is_sending = False
        if self._silence is not None:
            self._silence.broken()

    async def filled(self) -> None:
        """Wait until the filler is sent, if one is on its way."""
        if self._filler is not None:
            await self._filler.wait()

    async def end(self, run: Callable[[Callable[[], Any]], Awaitable[Any]] | None = None) -> None:
        """Send the end, unless it was sent. If there are trailer fields, ``run`` calls the functions that give them."""
        close = self._finalizer.close
        await self._send_events(close() if run is None or not self._finalizer.head.trailers else await run(close))

    async def cut(self) -> None:
        """Send the end of a body that has not come to its own end. No trailer field speaks about it."""
        self._finalizer.drop_trailers()
        await self.end()

    async def send_path(self, path: str) -> None:
        """Have the server send the file of ``path`` as the body (extension ``http.response.pathsend``)."""
        await self.emit(b"")
        try:
            await self._send({"type": "http.response.pathsend", "path": path})
        except OSError as error:
            self._lose()  # before the body is closed, because its cleanup may read ``disconnected``
            raise ClientLeft from error

    def keep_alive(self, seconds: float, chunk: bytes, run: crossing.Interruptible) -> _KeepAlive:
        """Send ``chunk`` after each silence of ``seconds``, until :meth:`_KeepAlive.end` is called.

        If the client has left, ``run`` is interrupted.
        """
        keep_alive = _KeepAlive(self, chunk, run)
        self._silence = keep_alive.silence = crossing.Silence(seconds, keep_alive.fill)
        return keep_alive

    def begin_filler(self) -> bool:
        """Make later chunks wait until :meth:`fill` has sent the filler. False if something is being sent now."""
        if self._is_sending or self._filler is not None:
            return False
        self._filler = crossing.make_event()
        return True

    async def fill(self, chunk: bytes) -> None:
        """Send ``chunk``, after :meth:`begin_filler`."""
        try:
            await self._send_events(self._finalizer.feed(chunk))
        finally:
            self.end_filler()

    def end_filler(self) -> None:
        """Let later chunks wait no more."""
        filler, self._filler = self._filler, None
        if filler is not None:
            filler.set()

    async def _send_events(self, events: list[ResponseEvent]) -> None:
        self._is_sending = True
        try:
            for event in events:
                await self._send(_message(event))
                if type(event) is End and self._finalizer.head.trailers:
                    await self._send(trailers_message(self._finalizer.head, event))
        except OSError as error:
            self._lose()
            raise ClientLeft from error
        finally:
            self._is_sending = False


def _message(event: ResponseEvent) -> Message:
    if type(event) is Chunk:
        return {"type": "http.response.body", "body": event.data, "more_body": True}
    if type(event) is End:
        return {"type": "http.response.body", "body": b"", "more_body": False}
    assert type(event) is Head
    return start_message(event)


class _KeepAlive:
    """Sends a filler whenever a response has been silent, in a task that lives only as long as that takes."""

    __slots__ = ("_chunk", "_run", "_task", "_wire", "silence")

    silence: crossing.Silence

    def __init__(self, wire: _Wire, chunk: bytes, run: crossing.Interruptible) -> None:
        self._wire = wire
        self._chunk = chunk
        self._run = run
        self._task: crossing.BackgroundTask | None = None

    def fill(self) -> None:
        """The response has been silent."""
        if self._wire.begin_filler():
            self._task = crossing.BackgroundTask(self._fill)

    async def _fill(self) -> None:
        try:
            await self._wire.fill(self._chunk)
        except Exception as error:
            self._run.interrupt(error)

    async def end(self) -> None:
        """Send no more fillers. One that is on its way is cancelled."""
        self.silence.end()
        if self._task is not None and not self._task.done:
            await self._task.end()
            self._wire.end_filler()  # on asyncio, a task that is cancelled before its first step never runs
