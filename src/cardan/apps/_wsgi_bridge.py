"""A bridge: a WSGI application as a handler of requests that came over ASGI.

The handler is a ``def``: the application runs in a worker thread, where it may block. Its ``wsgi.input`` is the stream
of the request, and its iterable becomes the body of a response. A slow client, a client that leaves, the end of the
iterable, errors and the context of the request are therefore treated as for every other handler. ``_writer.py`` sends
what the application writes by ``write()``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes
from wsgiref.util import FileWrapper

from ..asgi._hints import EXTENSION as EARLY_HINT
from ..core._environs import make_environ, server_of
from ..core._exceptions import ClientDisconnected
from ..core._flow import keeping_thread
from ..core._request.exchange import GIVEN_ON, find_exchange
from ..core._request.head import announces_body
from ..core._request.streaming import BodyStream
from ..core._response.of_application import response_of
from ..core._response.response import Response
from ..core.fields._syntax import parse_integer
from ._protocols import wrong_side
from ._writer import answer_writing

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator
    from wsgiref.types import WSGIApplication

    from .._request import Request
    from ..core._request.request import BaseRequest
    from ..wsgi._calling import AppBody

__all__ = ["LateInput", "bridged", "environ_for", "whole_environ_for"]


def bridged(app: WSGIApplication) -> Callable[[Request], Response]:
    """The handler that gives a request to ``app``."""

    def handler(request: Request) -> Response:
        if not hasattr(request, "scope"):
            raise wrong_side("asgi.from_wsgi", "asgi")
        return answer_writing(app, whole_environ_for(request), find_exchange(request.scope), request.method, _response)

    return keeping_thread(handler)


def whole_environ_for(request: Request) -> dict[str, Any]:
    """The environ of a request that was opened on an ASGI scope, for code in a thread. Its ``wsgi.input`` is the stream
    of the request, whose limits hold.
    """
    environ = environ_for(request)
    announced = announces_body(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))
    environ["wsgi.input"] = _input_of(request) if announced else LateInput(request)
    environ[GIVEN_ON] = True
    if request.content_length is not None:
        # Werkzeug handles an OSError only of an input that it bounds itself, by the declared length
        del environ["wsgi.input_terminated"]
    return environ


class _InputBroken(ClientDisconnected, OSError):
    """The client has broken off its upload. It is an OSError, because other libraries expect one of ``wsgi.input``. If
    the application does not handle it, the answer is a 400, as of every handler that reads such a body.
    """


def _input_of(request: BaseRequest) -> io.BufferedIOBase:
    """The stream of a request, which raises :exc:`_InputBroken` when the client has left."""
    stream = request.stream
    raw = getattr(stream, "raw", None)  # a body that was kept has none: it is whole
    if isinstance(raw, BodyStream):
        raw.wrap(_telling_oserror)
    return stream


def _telling_oserror(pull: Callable[[bool], bytes]) -> Callable[[bool], bytes]:
    def telling(whole: bool) -> bytes:
        try:
            return pull(whole)
        except ClientDisconnected as error:
            raise _InputBroken(error.description) from error

    return telling


class LateInput:
    """The stream of a request that seems to have no body, opened at its first use: most applications do not read it."""

    __slots__ = ("_request", "_stream")

    def __init__(self, request: BaseRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        if name == "_stream":
            self._stream = _input_of(self._request)
            return self._stream
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)


def _response(status: str, headers: list[tuple[str, str]], body: AppBody) -> Response:
    """The response of an application. If the whole body is there at once, it is sent whole, because each chunk of a
    stream has to be handed over to the loop. The first chunk of a stream is handed over together with the head.
    """
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    length = parse_integer(lengths[0]) if len(lengths) == 1 else None
    try:
        whole = body.take_whole(length)
        if whole is None:
            body.begin()
    except BaseException:
        body.close()
        raise
    if whole is None:
        return response_of(Response, body, status, headers, body.close)
    response = response_of(Response, whole, status, headers, body.close)
    if body.needs_end:
        response.call_on_close(body.finish)
    return response


def environ_for(request: Request) -> dict[str, Any]:
    """The environ of a request that was opened on an ASGI scope. It has that scope, but no ``wsgi.input``."""
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
    """``wsgi.early_hints``. Sends only the links among ``fields``, because the ASGI extension has no other fields."""
    request.send_early_hints([value for name, value in fields if name.lower() == "link"])
