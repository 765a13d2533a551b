"""The transports of `AsyncClient`. They run an ASGI application in tasks of the running loop, a WSGI one in threads.

This is the async version of `_sync_transports`, for asyncio and trio. A transport must be entered before it is used,
so that it is also left: leaving it ends what is still open. It is not bound to a task: it may be entered in one task
and left in another. A request runs in the event loop in which it was sent, and the lifespan in the one in which the
transport was entered.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from .._crossing import BackgroundTask, current_token
from ._asgi_exchange import ASGIExchange
from ._crossings import AsyncPull, InTask, OverThreads
from ._httpx import httpx
from ._lifespan import Lifespan
from ._options import Options, agenerate, body_length, known_body, read_timeout, response_of, too_late
from ._sync_transports import STARTUP_TIMEOUT
from ._wsgi_exchange import WSGIExchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType
    from typing import Self

    from ._crossings import Awaiting
    from ._exchange import Exchange

__all__ = ["AsyncASGITransport", "AsyncStream", "AsyncTransport", "AsyncWSGITransport"]

ELSEWHERE = (
    "got a client that is left in another event loop than it was entered in, expected the same one:"
    " the lifespan of the application runs there"
)
NOT_ENTERED = "got a request outside of the client's context, expected `async with AsyncClient(...) as client:`"


class AsyncStream(httpx.AsyncByteStream):
    """The body of one response. It is its own iterator, because trio warns about generators that are not used up."""

    def __init__(self, exchange: Exchange, line: Awaiting, transport: AsyncTransport) -> None:
        self._exchange, self._line = exchange, line
        self._transport, self._options = transport, transport.options
        self._request: httpx.Request | None = None
        self._closed = False

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Wait until the application has sent the head of the response, and return the response."""
        self._request = request
        try:
            await self._line.opened(read_timeout(request))
        except TimeoutError:
            raise too_late(request) from None
        return response_of(self._exchange.answer_for_client(raising=self._options.raising), self, self._options)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._take()
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def _take(self) -> bytes | None:
        assert self._request is not None
        try:
            chunk = await self._line.take(read_timeout(self._request))
        except TimeoutError:
            raise too_late(self._request) from None
        return self._exchange.chunk_for_client(chunk, raising=self._options.raising)

    async def aclose(self) -> None:
        """Disconnect.

        Raises an exception that the application has raised meanwhile, unless the disconnect caused it.
        """
        await self._leave(raising=self._options.raising)

    async def _leave(self, *, raising: bool) -> None:
        if self._closed:
            return
        self._closed = True
        in_time = await self._line.leave(self._options.grace)
        self._transport.streams.discard(self)
        self._exchange.finish(in_time=in_time, grace=self._options.grace, raising=raising)

    async def abandon(self) -> None:
        """Disconnect because of an exception that is already being raised; raises nothing itself."""
        await self._leave(raising=False)


class AsyncTransport(httpx.AsyncBaseTransport):
    """The base class of the two transports: it keeps track of the open responses."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.streams: set[AsyncStream] = set()

    @abstractmethod
    def connect(self, request: httpx.Request) -> AsyncStream:
        """Start the application with ``request``."""

    def _stream(self, exchange: Exchange, line: Awaiting) -> AsyncStream:
        stream = AsyncStream(exchange, line, self)
        self.streams.add(stream)
        return stream

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` to the application. `Exchange` describes which exceptions are raised."""
        stream = self.connect(request)
        try:
            return await stream.answer(request)
        except BaseException:
            await stream.abandon()
            raise

    async def aclose(self) -> None:
        """Close every response that is still open. Raises the last exception that one of them raised."""
        async with AsyncExitStack() as stack:
            for stream in list(self.streams):
                stack.push_async_callback(stream.aclose)


class AsyncWSGITransport(AsyncTransport):
    """Runs a WSGI application, each request in its own thread. Leaving it calls ``close()`` of the application."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._is_entered = False

    def connect(self, request: httpx.Request) -> AsyncStream:
        """Start the thread of the application. The request body is read on the event loop."""
        if not self._is_entered:
            raise RuntimeError(NOT_ENTERED)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        pull = AsyncPull(aiter(request.stream))
        exchange = WSGIExchange(self.options.app, self.options.environ(request), pull, pull.abort)
        exchange.start()
        return self._stream(exchange, OverThreads(exchange, pull))

    async def __aenter__(self) -> Self:
        self._is_entered = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._is_entered = False
        try:
            await self.aclose()
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._close_application)

    def _close_application(self) -> None:
        close = getattr(self.options.app, "close", None)
        if callable(close):
            close()


class AsyncASGITransport(AsyncTransport):
    """Runs an ASGI application, each request in its own task of the running event loop."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._lifespan: Lifespan | None = None
        self._task: BackgroundTask | None = None
        self._token: Any = None

    def connect(self, request: httpx.Request) -> AsyncStream:
        """Start the task of the application."""
        if self._lifespan is None:
            raise RuntimeError(NOT_ENTERED)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        scope = self.options.scope(request, self._lifespan.state)
        known = known_body(request)
        body = agenerate(aiter(request.stream)) if known is None else known
        silent = self.options.is_silent()
        exchange = ASGIExchange(self.options.app, scope, body, length=body_length(request), silent=silent)
        return self._stream(exchange, InTask(exchange))

    async def __aenter__(self) -> Self:
        lifespan = Lifespan(self.options.app)
        self._token = current_token()
        self._task = BackgroundTask(lifespan.run)
        try:
            error = await lifespan.startup(STARTUP_TIMEOUT)
        except BaseException as interruption:
            error = interruption
        if error is not None:
            await self._task.end()
            raise error
        self._lifespan = lifespan
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        lifespan, self._lifespan = self._lifespan, None
        error = None
        try:
            await self.aclose()
        finally:
            if lifespan is not None and self._task is not None:
                if not self._task.done and current_token().native_token is not self._token.native_token:
                    raise RuntimeError(ELSEWHERE)
                error = await lifespan.shutdown(STARTUP_TIMEOUT)
                await self._task.end()
        if error is not None:
            raise error
