"""A bridge: a WSGI application as a handler of requests that came over ASGI.

The handler is a ``def``: the application runs in a worker thread, where it may block. Its ``wsgi.input`` is the stream
of the request, and its iterable becomes the body of a response. So back-pressure, a client that leaves, the end of the
iterable, errors and the context of the request are those of every other handler.
"""

from __future__ import annotations

from _thread import get_ident
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes
from wsgiref.util import FileWrapper

from .._crossing import log_lost, turns_here
from ..asgi._hints import EXTENSION as EARLY_HINT
from ..core._environs import make_environ, server_of
from ..core._flow import keeping_thread
from ..core._request.exchange import find_exchange
from ..core._request.head import announces_body
from ..core._response.final_head import has_body
from ..core._response.of_application import response_of, without_length
from ..core._response.response import Response
from ..wsgi._calling import AppBody, call_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from wsgiref.types import WSGIApplication

    from .._crossing import Lease
    from .._request import Request
    from ..core._request.exchange import Exchange
    from ..core._request.request import BaseRequest
    from ..wsgi._calling import Written

__all__ = ["LateInput", "Writer", "begin_stream", "bridged", "environ_for"]


def bridged(app: WSGIApplication) -> Callable[[Request], Response]:
    """The handler that gives a request to ``app``."""

    def handler(request: Request) -> Response:
        environ = environ_for(request)
        announced = announces_body(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))
        environ["wsgi.input"] = request.stream if announced else LateInput(request)
        exchange = find_exchange(request.scope)
        writer = Writer(exchange, request.method)
        try:
            status, headers, body = call_app(app, environ, partial(begin_stream, exchange), writer)
        except BaseException as error:
            return writer.failed(error)
        if (begun := writer.end(body)) is not None:
            return begun
        response = _response(status, headers, body)
        without_length(response, request.method, lacks_bytes=writer.has_dropped)
        return response

    return keeping_thread(handler)


class LateInput:
    """The stream of a request that seems to have no body, opened at its first use: most applications do not read it."""

    __slots__ = ("_request", "_stream")

    def __init__(self, request: BaseRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        if name == "_stream":
            self._stream = self._request.stream
            return self._stream
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)


class Writer:
    """Sends what a WSGI application writes, in the thread that the application runs in.

    The first bytes begin the response: the handler's call in the worker thread ends with it, although the handler has
    not returned. Each later piece ends a step of the body. The application goes on when the server has taken the bytes.
    """

    __slots__ = ("_begun", "_exchange", "_method", "_thread", "has_dropped")

    def __init__(self, exchange: Exchange, method: str) -> None:
        self._exchange = exchange
        self._method = method
        self._thread = get_ident()
        self._begun: tuple[Response, AppBody] | None = None
        self.has_dropped = False
        """Whether the application has written a body that is not sent."""

    def __call__(self, status: str, headers: list[tuple[str, str]], data: bytes, written: Written) -> bool:
        """Send ``data``, as :class:`~cardan.wsgi._calling.Sends` says."""
        turns = turns_here()
        if turns is None or get_ident() != self._thread:
            return False
        call = turns.current
        if call is None or call.outflow is not None:
            turns.hand_over(_after(written, data))
        elif self._begun is None and self._exchange.begins_early:
            response = response_of(Response, body := AppBody.begun(_after(written, data), written), status, headers)
            if not has_body(self._method, response.status_code):
                self.has_dropped = True
                return True
            self._begun = response, body
            turns.pause(response)
        else:
            return False
        return True

    def end(self, rest: AppBody) -> Response | None:
        """The response that has begun, which goes on with what the application has returned; None if none has."""
        begun, self._begun = self._begun, None
        if begun is None:
            return None
        response, body = begun
        body.go_on(rest)
        return response

    def failed(self, error: BaseException) -> Response:
        """The response that has begun, which fails with ``error`` of the application. Raises it if none has begun."""
        begun, self._begun = self._begun, None
        try:
            if begun is None:
                raise error
            response, body = begun
            turns = turns_here()
            if turns is not None and turns.current is None:  # nobody takes the body any more
                log_lost("an error of a WSGI application after the end of its response", error)
            else:
                body.fail(error)
            return response
        finally:
            del error, begun  # the traceback of the error refers to this frame: no cycle


def _after(written: Written, data: bytes) -> bytes:
    """``data`` after what other threads of the application have written before."""
    return b"".join([*written.take(), data]) if written else data


def begin_stream(exchange: Exchange) -> None:
    """Leave the place of this thread to another handler, because the first chunk of a body may take long."""
    lease: Lease | None = exchange.lease
    if lease is not None and lease.thread == get_ident():
        lease.begin_stream(exchange.token)


def _response(status: str, headers: list[tuple[str, str]], body: AppBody) -> Response:
    """The response of an application. It is sent whole if the body can be had at once: each chunk of a stream has to
    be handed over to the loop. The first one is handed over together with the head.
    """
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    length = int(lengths[0]) if len(lengths) == 1 and lengths[0].isdecimal() and lengths[0].isascii() else None
    try:
        whole = body.take_whole(length)
        if whole is None:
            body.begin()
    except BaseException:
        body.close()
        raise
    if whole is None:
        return response_of(Response, body, status, headers)
    response = response_of(Response, whole, status, headers)
    if body.needs_end:
        response.call_on_close(body.finish)
    return response


def environ_for(request: Request) -> dict[str, Any]:
    """The environ of a request that was opened on an ASGI scope, without ``wsgi.input``; with it in ``asgi.scope``."""
    scope, head = request.scope, request.head
    root = head.root_path.encode()
    sent = head.raw_path if head.raw_path is not None else quote(root + head.path.encode()).encode()
    decoded = unquote_to_bytes(sent)
    # some servers leave the root path out of raw_path, and ProxyFix adds one that was never sent
    below = decoded.startswith(root) and decoded[len(root) :].decode("utf-8", "replace") == head.path
    environ = make_environ(
        head,
        path=decoded[len(root) :] if below else head.path.encode(),
        raw_path=sent,
        headers=scope.get("headers") or (),
        server=server_of(head, request.host),
    )
    environ["wsgi.file_wrapper"] = FileWrapper
    environ["asgi.scope"] = scope
    if EARLY_HINT in (scope.get("extensions") or {}):
        environ["wsgi.early_hints"] = partial(_send_hints, request)
    return environ


def _send_hints(request: Request, fields: list[tuple[str, str]]) -> None:
    """``wsgi.early_hints``: the links among ``fields`` are sent by the server of the scope, which knows no others."""
    request.send_early_hints([value for name, value in fields if name.lower() == "link"])
