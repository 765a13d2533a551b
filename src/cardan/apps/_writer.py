"""What a WSGI application sends by ``write()`` before it returns (PEP 3333, "The write() Callable").

A server of WSGI has a ``write()`` of its own. Where a handler calls the application, on ASGI or for another
application, the thread of the request sends the bytes: see :mod:`cardan._crossing.turns`.
"""

from __future__ import annotations

from _thread import get_ident
from functools import partial
from typing import TYPE_CHECKING

from .._crossing import log_lost, turns_here
from ..core._response.final_head import has_body
from ..core._response.of_application import response_of, without_length
from ..core._response.response import Response
from ..wsgi._calling import AppBody, call_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from wsgiref.types import WSGIApplication

    from .._crossing import Lease
    from ..core._request.exchange import Exchange
    from ..wsgi._calling import Written

__all__ = ["answer_writing"]


def answer_writing(
    app: WSGIApplication,
    environ: dict[str, Any],
    exchange: Exchange,
    method: str,
    respond: Callable[[str, list[tuple[str, str]], AppBody], Response],
) -> Response:
    """Call ``app``, and return its response. It may have begun to be sent, if the application has called ``write()``.

    ``respond`` makes the response of an application that has not, of the status, the header fields and the body. Raises
    the errors of the application and of ``respond``.
    """
    writer = _Writer(exchange, method)
    try:
        status, headers, body = call_app(app, environ, partial(_begin_stream, exchange), writer)
    except BaseException as error:
        return writer.failed(error)
    if (begun := writer.end(body)) is not None:
        return begun
    response = respond(status, headers, body)
    without_length(response, method, lacks_bytes=writer.has_dropped)
    return response


class _Writer:
    """Sends what a WSGI application writes, in the thread that the application runs in.

    The first bytes begin the response: the handler's call in the worker thread ends with it, although the handler has
    not returned. Each later piece ends a step of the body. The application goes on when the server has taken the bytes.
    Where other code stands between this application and the server, which takes its response or its body, the bytes go
    the way of what the application returns.
    """

    __slots__ = ("_begins_early", "_begun", "_body", "_method", "_thread", "has_dropped")

    def __init__(self, exchange: Exchange, method: str) -> None:
        # only the outermost application of a thread may begin: another one gives its response to the code around it
        self._begins_early, exchange.begins_early = exchange.begins_early, False
        self._method = method
        self._thread = get_ident()
        self._begun: Response | None = None
        self._body: AppBody | None = None
        self.has_dropped = False
        """Whether the application has written bytes that are not sent, because the response has no body."""

    def __call__(self, status: str, headers: list[tuple[str, str]], data: bytes, written: Written) -> bool:
        """Send ``data``, as :class:`~cardan.wsgi._calling.Sends` says."""
        turns = turns_here()
        if turns is None or get_ident() != self._thread:
            return False
        call = turns.current
        if call is None or (call.outflow is not None and call.outflow.source is self._body):
            turns.hand_over(_after(written, data))
        elif self._begins_early:
            body = AppBody.begun(_after(written, data), written)
            response = response_of(Response, body, status, headers)
            if not has_body(self._method, response.status_code):
                self.has_dropped = True
                return True
            self._begins_early = False
            self._begun, self._body = response, body
            turns.pause(response)
        else:
            return False
        return True

    def end(self, rest: AppBody) -> Response | None:
        """The response that has begun; its body goes on with ``rest``, which the application has returned. None if no
        response has begun.
        """
        self._begins_early = False
        begun, self._begun = self._begun, None
        if begun is None or self._body is None:
            self._body = rest
        else:
            self._body.go_on(rest)
        return begun

    def failed(self, error: BaseException) -> Response:
        """The response that has begun; its body fails with ``error``, which the application has raised. If no response
        has begun, ``error`` is raised.
        """
        begun, self._begun = self._begun, None
        body, self._body = self._body, None
        try:
            if begun is None or body is None:
                raise error
            turns = turns_here()
            if turns is not None and turns.current is None:  # nobody takes the body any more
                log_lost("an error of a WSGI application after the end of its response", error)
            else:
                body.fail(error)
            return begun
        finally:
            del error, begun, body  # the traceback of the error refers to this frame: no cycle


def _after(written: Written, data: bytes) -> bytes:
    """``data`` after what other threads of the application have written before."""
    return b"".join([*written.take(), data]) if written else data


def _begin_stream(exchange: Exchange) -> None:
    """Leave the place of this thread to another handler, because the first chunk of a body may take long."""
    lease: Lease | None = exchange.lease
    if lease is not None and lease.thread == get_ident():
        lease.begin_stream(exchange.token)
