"""Early answers over WSGI: the unread rest of a request's body is read and discarded when the response is closed.

The bounds are those of :mod:`cardan.core._request.draining`. A blocking read has no timeout of its own. gunicorn gives
the application the socket of the connection, whose reading side is shut down when the time is over; on other servers
the clock is checked between small reads.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..core._buffers import CHUNK_SIZE
from ..core._request.draining import (
    DEFAULTS,
    LARGE,
    NOTHING,
    Drain,
    drain_limits_of,
    expects_continue,
    is_inert,
)
from ..core._request.exchange import GIVEN_ON, KEY
from ..core._request.head import announces_body
from ..core.structures._environ_headers import EnvironHeaders
from ._errors import ends_more
from ._input import InputBody, open_body, sent_length

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Iterator

    from ..core._request.body import Body
    from ..core._request.draining import DrainLimits
    from ..core._request.exchange import Exchange
    from ..core._response.base import BaseResponse

__all__ = ["count_reads", "drain_before_error", "drained"]

#: Bytes of one read. Where the time cannot cut a read short, a client that sends slowly holds it for so many bytes.
_PIECE: Final = CHUNK_SIZE
_SMALL_PIECE: Final = 1024

#: The key under which gunicorn gives the socket of the connection.
_SOCKET: Final = "gunicorn.socket"


def count_reads(environ: dict[str, Any]) -> Body:
    """Open the body that a request announces before its handler runs: the bytes that any code reads are counted.

    Without the count the body could not be drained on a server that does not end its input (PEP 3333,
    ``wsgi.input_terminated``): a read past the end of the body would wait for bytes that never arrive.
    """
    return open_body(environ, sent_length(environ))


def drained(
    iterable: Iterable[bytes], environ: dict[str, Any], response: BaseResponse, request: Any
) -> Iterable[bytes]:
    """Give ``iterable``, or an iterable around it that also drains the body of the request, if that has an unread rest.

    Only the outermost application drains. ``request`` is None for a bare response.
    """
    drain = _make_drain(environ, request)
    return iterable if drain is None else _Drained(iterable, drain, is_inert(response))


def drain_before_error(environ: dict[str, Any], request: Any) -> None:
    """Drain the body of the request before an error is raised to the server.

    The server answers the error, and may close the connection while the client still uploads.
    """
    if (drain := _make_drain(environ, request)) is not None:
        drain()


def _make_drain(environ: dict[str, Any], request: Any) -> Callable[[], None] | None:
    if GIVEN_ON in environ:
        return None
    exchange: Exchange | None = environ.get(KEY)
    body = None
    if exchange is not None:
        if exchange.holders > (request is not None):
            return None
        body = exchange.find(environ.get("wsgi.input")) if exchange.opened else None
    if body is None:
        announced = announces_body(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))
        if not (announced and environ.get("wsgi.input_terminated")):
            return None
        body = open_body(environ, sent_length(environ))
    if not isinstance(body, InputBody) or body.ended or body.disconnected:
        return None
    limits = DEFAULTS if request is None else drain_limits_of(request)
    # gunicorn answers 100 Continue before it calls the application, so that the client sends the body in any case
    if not body.asked and _SOCKET not in environ and expects_continue(EnvironHeaders(environ)):
        return None
    sock = environ.get(_SOCKET) if environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1") else None
    return partial(_drain, body, limits, sock) if limits is not NOTHING else None


class _Drained:
    """The iterable of a response whose request has an unread body: :meth:`close` closes the response, then drains.

    It is not a list, because some servers do not call ``close`` on lists. A response whose body raises ends without a
    drain. Some clients read nothing before they have sent their whole body; a large response could not be sent to
    them. So the body is drained before the first large chunk, if the response is ``inert``.
    """

    def __init__(self, iterable: Iterable[bytes], drain: Callable[[], None], inert: bool) -> None:
        self._iterable = iterable
        self._drain = drain
        self._inert = inert
        self._is_due = True

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._iterable:
                if self._inert and self._is_due and len(chunk) >= LARGE:
                    self._is_due = False
                    self._drain()
                yield chunk
        except GeneratorExit:  # the server takes no more, after the answer to HEAD for example
            raise
        except BaseException:  # also what ends more than the request
            self._is_due = False
            raise

    def close(self) -> None:
        """Close the iterable, then drain, unless closing raises what ends more than the request."""
        is_due, self._is_due = self._is_due, False
        try:
            if (close := getattr(self._iterable, "close", None)) is not None:
                close()
        except BaseException as error:
            is_due = is_due and not ends_more(error)
            raise
        finally:
            if is_due:
                self._drain()


def _drain(body: InputBody, limits: DrainLimits, sock: Any) -> None:
    piece = _PIECE if sock is not None or hasattr(body.origin, "read1") else _SMALL_PIECE
    drain = Drain(limits)
    # an error here is no news: the client has left, or the body that it sends is malformed
    with suppress(Exception), _Cut(sock, limits.seconds) if sock is not None else nullcontext():
        while (size := drain.wanted) and (data := body.read(min(size, piece), False)):
            drain.feed(len(data))


class _Cut:
    """While the block runs: shuts down the reading side of a socket after ``seconds``; a waiting read ends as well."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        import threading

        self._sock = sock
        self._lock = threading.Lock()
        self._over = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def _cut(self) -> None:
        import socket

        with self._lock, suppress(OSError):
            if not self._over:
                # not the method of a TLS socket, which would also forget its encryption
                socket.socket.shutdown(self._sock, socket.SHUT_RD)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *exc_info: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
