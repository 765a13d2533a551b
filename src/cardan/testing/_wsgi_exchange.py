"""One request to a WSGI application, which runs in a thread of its own, and methods for the client that waits.

The application, the iteration over its result and ``close()`` run in one thread, as with a threaded server. The thread
ends with the exchange. Nothing is buffered: the next chunk is requested when the client has taken the last one, and
`wsgi.input` reads one piece of the request body at a time. ``close()`` is always called exactly once (PEP 3333,
"Specification Details").
"""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any

from ._exchange import Answer, ClientLeft, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from _typeshed import WriteableBuffer

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
    WSGIApp = Callable[[Any, Any], Iterable[bytes]]
    Pull = Callable[[], bytes | None]

__all__ = ["RequestBody", "WSGIExchange"]


class RequestBody(io.RawIOBase):
    """The raw file that `wsgi.input` reads from. ``pull()`` gives the next piece of the body, or None at the end."""

    def __init__(self, pull: Pull) -> None:
        self._pull = pull
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read at most one piece into ``buffer``; returns the number of bytes, 0 at the end."""
        while not self._rest:
            piece = self._pull()
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        into = memoryview(buffer)
        size = min(len(into), len(self._rest))
        into[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


class WSGIExchange(Exchange):
    """Connects one run of ``app`` on ``environ`` with a client.

    ``pull`` gives the next piece of the request body, or None at the end. ``abort`` makes a waiting ``pull`` return.
    """

    def __init__(
        self, app: WSGIApp, environ: dict[str, Any], pull: Pull, abort: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__(environ["REQUEST_METHOD"])
        self._app, self._environ = app, environ
        self._pull, self._abort = pull, abort
        self._changed = threading.Condition()
        self._body_read = False
        self._head: Answer | None = (
            None  # the arguments of start_response; the head is sent with the first byte of the body
        )
        environ["wsgi.input"] = io.BufferedReader(RequestBody(self._read_request))
        self._thread = threading.Thread(target=self._run, name="cardan-testing-wsgi", daemon=True)

    def start(self) -> None:
        """Start the thread of the application."""
        self._thread.start()

    # the client's side

    def opened(self, timeout: float | None) -> None:
        """Wait until `is_open`; TimeoutError after ``timeout`` seconds."""
        with self._changed:
            if not self._changed.wait_for(self.is_open, timeout):
                raise TimeoutError

    def take(self, timeout: float | None) -> bytes | None:
        """Wait for a chunk and take it, None at the end; TimeoutError after ``timeout`` seconds."""
        with self._changed:
            if not self._changed.wait_for(self.is_readable, timeout):
                raise TimeoutError
            self._changed.notify_all()
            return self.take_chunk()

    def leave(self, grace: float) -> bool:
        """Disconnect, and wait for the application. False if it has not ended after ``grace`` seconds.

        A thread cannot be cancelled, so the application may still run then.
        """
        with self._changed:
            self.left = True
            self._changed.notify_all()
        self._abort()
        self._thread.join(grace)
        return not self._thread.is_alive()

    # the application's side

    def _set(self, name: str, value: object) -> None:
        with self._changed:
            setattr(self, name, value)
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:  # also SystemExit: the client raises it, not the thread
            self._set("error", error)
        finally:
            self._set("ended", True)

    def _serve(self) -> None:
        iterable = self._app(self._environ, self._start_response)
        try:
            for chunk in iterable:
                if self.left:
                    return
                self._put(chunk)
            self._send_head()
            self._set("complete", True)
        except ClientLeft:
            pass
        finally:
            close = getattr(iterable, "close", None)
            if close is not None:
                close()

    def _read_request(self) -> bytes | None:
        """The next piece of the request body, or None at its end. Raises ClientLeft if the client has disconnected."""
        if self._body_read:
            return None
        try:
            piece = None if self.left else self._pull()
        except BaseException as error:  # also SystemExit: the client raises it, not the application
            if not self.left:
                self._set("fault", error)
                self._set("left", True)
            raise ClientLeft("the client broke its request off") from error
        if self.left:
            raise ClientLeft("the client has left")
        self._body_read = piece is None
        return piece

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """PEP 3333, "The start_response() Callable"."""
        if exc_info is not None:
            if self.answer is not None:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._head is not None:
            raise RuntimeError("got start_response twice, expected exc_info the second time")
        code, _, reason = status.partition(" ")
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._head = Answer(int(code), pairs, {"reason_phrase": reason.encode("latin-1")})
        return self._put

    def _send_head(self) -> None:
        if self._head is None:
            raise RuntimeError("got a body, expected start_response before it")
        if self.answer is None:
            with self._changed:
                self.begin(self._head)
                self._changed.notify_all()

    def _put(self, chunk: bytes) -> None:
        """Send one chunk; `write` is this method, too. Raises ClientLeft if the client has disconnected."""
        if not isinstance(chunk, bytes):
            raise TypeError(f"got a chunk of type {type(chunk).__name__}, expected bytes")
        if not chunk:
            return
        self._send_head()
        with self._changed:
            if self.is_bodiless():
                return
            self.chunk = chunk
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.chunk is None or self.left)
            if self.chunk is not None:
                self.chunk = None
                raise ClientLeft("the client has left")
