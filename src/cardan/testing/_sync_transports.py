"""The transports of `Client`. They run a WSGI application in threads, an ASGI application in tasks of an event loop.

Both take an `httpx.Request` with a sync stream, and return an `httpx.Response` whose stream gives the body piece by
piece. Closing this stream disconnects the client, and returns when the application has ended. A transport that is used
as a context manager runs the lifespan of the application. Otherwise each request starts and stops its own event loop.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core._buffers import as_bytes
from ._asgi_exchange import ASGIExchange
from ._crossings import OverPortal, iterate_in_threads
from ._httpx import httpx
from ._lifespan import Lifespan
from ._loops import LoopThread
from ._options import Options, body_length, known_body, read_timeout, response_of, too_late
from ._wsgi_exchange import WSGIExchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from anyio.from_thread import BlockingPortal

    from ._crossings import Blocking
    from ._exchange import Exchange

__all__ = ["ASGITransport", "SyncStream", "SyncTransport", "WSGITransport"]

STARTUP_TIMEOUT = 60.0  # seconds; it only prevents a test from hanging for ever


class SyncStream(httpx.SyncByteStream):
    """The body of one response. ``release()`` is called when the application has ended."""

    def __init__(self, exchange: Exchange, line: Blocking, options: Options, release: Callable[[], object]) -> None:
        self._exchange, self._line = exchange, line
        self._options, self._release = options, release
        self._request: httpx.Request | None = None
        self._closed = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Wait until the application has sent the head of the response, and return the response."""
        self._request = request
        try:
            self._line.opened(read_timeout(request))
        except TimeoutError:
            raise too_late(request) from None
        return response_of(self._exchange.answer_for_client(raising=self._options.raising), self, self._options)

    def __iter__(self) -> Iterator[bytes]:
        while (chunk := self._take()) is not None:
            yield chunk

    def _take(self) -> bytes | None:
        assert self._request is not None
        try:
            chunk = self._line.take(read_timeout(self._request))
        except TimeoutError:
            raise too_late(self._request) from None
        return self._exchange.chunk_for_client(chunk, raising=self._options.raising)

    def close(self) -> None:
        """Disconnect.

        Raises an exception that the application has raised meanwhile, unless the disconnect caused it.
        """
        self._leave(raising=self._options.raising)

    def _leave(self, *, raising: bool) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            in_time = self._line.leave(self._options.grace)
        finally:
            self._release()
        self._exchange.finish(in_time=in_time, grace=self._options.grace, raising=raising)

    def abandon(self) -> None:
        """Disconnect because of an exception that is already being raised; raises nothing itself."""
        self._leave(raising=False)


class SyncTransport(httpx.BaseTransport):
    """The base class of the two transports: it keeps track of the open responses."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._streams: dict[int, SyncStream] = {}

    @abstractmethod
    def connect(self, request: httpx.Request) -> SyncStream:
        """Start the application with ``request``."""

    def _stream(self, exchange: Exchange, line: Blocking, release: Callable[[], object] = lambda: None) -> SyncStream:
        def forget() -> None:
            self._streams.pop(id(exchange), None)
            release()

        stream = self._streams[id(exchange)] = SyncStream(exchange, line, self.options, forget)
        return stream

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` to the application. `Exchange` describes which exceptions are raised."""
        stream = self.connect(request)
        try:
            return stream.answer(request)
        except BaseException:
            stream.abandon()
            raise

    def close(self) -> None:
        """Close every response that is still open. Raises the last exception that one of them raised."""
        with ExitStack() as stack:
            for stream in self._streams.values():
                stack.callback(stream.close)


class WSGITransport(SyncTransport):
    """Runs a WSGI application, each request in its own thread. Leaving it calls ``close()`` of the application."""

    def connect(self, request: httpx.Request) -> SyncStream:
        """Start the thread of the application."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        pull = partial(next, map(as_bytes, request.stream), None)
        exchange = WSGIExchange(self.options.app, self.options.environ(request), pull)
        exchange.start()
        return self._stream(exchange, exchange)

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        try:
            self.close()
        finally:
            close = getattr(self.options.app, "close", None)
            if callable(close):
                close()


class ASGITransport(SyncTransport):
    """Runs an ASGI application, each request in its own task of an event loop, which runs in a separate thread."""

    def __init__(self, options: Options, backend: str, backend_options: dict[str, Any] | None) -> None:
        super().__init__(options)
        self._loop = LoopThread(backend, backend_options)
        self._portal: BlockingPortal | None = None
        self._lifespan: Lifespan | None = None

    def connect(self, request: httpx.Request) -> SyncStream:
        """Start the task of the application."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        state = self._lifespan.state if self._lifespan is not None else None
        scope = self.options.scope(request, state)
        known = known_body(request)
        body = iterate_in_threads(map(as_bytes, request.stream)) if known is None else known
        silent = self.options.is_silent()
        exchange = ASGIExchange(self.options.app, scope, body, length=body_length(request), silent=silent)
        portal = self._loop.__enter__()
        return self._stream(exchange, OverPortal(exchange, portal), self._loop.__exit__)

    def __enter__(self) -> Self:
        portal = self._portal = self._loop.__enter__()
        lifespan = Lifespan(self.options.app)
        portal.start_task_soon(lifespan.run)
        error = portal.call(lifespan.startup, STARTUP_TIMEOUT)
        if error is not None:
            self._loop.__exit__()
            raise error
        self._lifespan = lifespan
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        try:
            self.close()
        finally:
            error = self._end_lifespan()
        if error is not None:
            raise error

    def _end_lifespan(self) -> BaseException | None:
        lifespan, portal = self._lifespan, self._portal
        self._lifespan = self._portal = None
        if lifespan is None or portal is None:
            return None
        try:
            return portal.call(lifespan.shutdown, STARTUP_TIMEOUT)
        finally:
            self._loop.__exit__()
