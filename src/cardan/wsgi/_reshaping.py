"""Answers of a WSGI application that change on their way to the server: their header fields, or their bodies.

The policies of core decide what changes. An answer that keeps its body is passed on as it is, so that a server still
knows its own file wrapper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core._buffers import CHUNK_SIZE
from ..core._request.exchange import KEY, find_exchange
from ..core._request.head import announces_body
from ..core._response.encoding import END
from ..core.structures._environ_headers import EnvironHeaders
from ..core.structures._headers import trusted_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import WSGIApplication

    from ..core._compression import CompressionPolicy, Encoder
    from ..core._origins import CORSPolicy, PreflightAnswer
    from ..core.structures._headers import Headers

__all__ = ["compressed", "preflight_answered", "with_cors"]


def with_cors(
    app: WSGIApplication, environ: dict[str, Any], start_response: Callable[..., Any], policy: CORSPolicy
) -> Iterable[bytes]:
    """Call ``app``; its answer gets the header fields of a CORS policy."""
    asked = EnvironHeaders(environ)

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        added = policy.added(asked, [name.lower() for name, _ in headers])
        if added is not None:
            sent = [*headers, *added.pairs]
        else:
            fields = trusted_headers(list(headers))
            policy.apply(asked, fields)
            sent = fields.to_wsgi_list()
        return _start(start_response, status, sent, exc_info)

    return app(environ, start)


def preflight_answered(
    answer: PreflightAnswer, environ: dict[str, Any], start_response: Callable[..., Any]
) -> list[bytes] | None:
    """Send the answer to a preflight request; None, and nothing is sent, if the request has a body to be drained."""
    if KEY in environ or announces_body(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")):
        return None
    start_response(answer.reason, answer.sent.pairs.copy())
    return [answer.body]


def compressed(
    app: WSGIApplication, environ: dict[str, Any], start_response: Callable[..., Any], policy: CompressionPolicy
) -> Iterable[bytes]:
    """Call ``app``; its answer is compressed as a policy says."""
    answer = _Answer(environ, start_response, policy)
    find_exchange(environ)
    inner = {**environ}
    if "wsgi.file_wrapper" in environ:
        inner["wsgi.file_wrapper"] = _FileWrapper
    return answer.passed(app(inner, answer.start), environ)


class _FileWrapper:
    """What the application gets as ``wsgi.file_wrapper`` (PEP 3333).

    It is iterated here if the body is compressed. Otherwise the server's own wrapper takes the file.
    """

    __slots__ = ("block_size", "close", "file")

    def __init__(self, file: Any, block_size: int = CHUNK_SIZE) -> None:
        self.file = file
        self.block_size = block_size
        self.close: Callable[[], Any] = getattr(file, "close", _nothing)

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self.block_size), b"")


def _nothing() -> None:
    """Close a file that cannot be closed."""


def _start(start_response: Callable[..., Any], status: str, headers: list[tuple[str, str]], exc_info: Any) -> Any:
    """Call ``start_response``, without ``exc_info`` where there is none: some servers take two arguments only."""
    return start_response(status, headers) if exc_info is None else start_response(status, headers, exc_info)


class _Answer:
    """One answer on its way. Its head is held back until the body tells its length, or its first bytes.

    PEP 3333 demands that as well: an application may replace the head until it gives the first bytes.
    """

    __slots__ = (
        "_begun",
        "_chunks",
        "_close",
        "_compressing",
        "_encoder",
        "_fields",
        "_first",
        "_may_encode",
        "_start_response",
        "_status",
        "_write",
    )

    def __init__(self, environ: dict[str, Any], start_response: Callable[..., Any], policy: CompressionPolicy) -> None:
        self._compressing = policy.compressing(environ["REQUEST_METHOD"], EnvironHeaders(environ))
        self._start_response = start_response
        self._status: str | None = None
        self._fields: Headers
        self._may_encode = False
        self._begun = False
        self._encoder: Encoder | None = None
        self._first: bytes | None = None
        self._write: Any = None
        self._close: Callable[[], Any] = _nothing

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """The ``start_response`` of the application."""
        if self._begun:  # it is too late: the server raises what is in exc_info
            return _start(self._start_response, status, headers, exc_info)
        if self._status is not None and exc_info is None:
            raise RuntimeError("got a second start_response() without exc_info, expected one call")
        self._status = status
        self._fields = trusted_headers(list(headers))
        self._may_encode = self._compressing.head(_code(status), self._fields)
        return self.write

    def write(self, data: bytes) -> None:
        """The ``write`` of PEP 3333: what is written is sent at once."""
        if data:
            self._begin()
            self._write(self._encoder.feed(data) if self._encoder is not None else data)

    def passed(self, body: Any, environ: dict[str, Any]) -> Iterable[bytes]:
        """What the server gets for the ``body`` that the application gave."""
        if not self._begun and self._status is not None:
            if not self._may_encode:
                self._begin()
            elif type(body) in (list, tuple):  # a subclass may have a close()
                return self._begin_whole(b"".join(body))
        if self._begun and self._encoder is None:
            if isinstance(body, _FileWrapper):
                wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](body.file, body.block_size)
                return wrapped
            passed: Iterable[bytes] = body
            return passed
        self._close = getattr(body, "close", _nothing)
        try:
            self._chunks = iter(body)
            self._first = self._step()  # some servers look for the head when the application returns
        except BaseException:
            self.close()
            raise
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data, self._first = self._first, None
        if data is None and (data := self._step()) is None:
            raise StopIteration
        return data

    def _step(self) -> bytes | None:
        """The next bytes that are sent, None at the end."""
        chunk: Any
        while (chunk := next(self._chunks, END)) is not END:
            if chunk:
                if not self._begun and self._compressing.is_whole(chunk):
                    return self._begin_whole(chunk)[0]
                self._begin()
                return self._encoder.feed(chunk) if self._encoder is not None else chunk
        if not self._begun:  # the body is empty
            if self._status is None:
                raise RuntimeError("got the end of the body without start_response(), expected a call before it")
            return self._begin_whole(b"")[0]
        encoder, self._encoder = self._encoder, None
        return encoder.close() if encoder is not None else None

    def close(self) -> None:
        """Close the body of the application."""
        close, self._close = self._close, _nothing
        close()

    def _begin_whole(self, body: bytes) -> list[bytes]:
        encoder = self._compressing.begin(body)
        if encoder is not None:
            body = encoder.take(body, self._fields)
        self._begun = True
        self._write = self._start_response(self._status, self._fields.to_wsgi_list())
        return [body]

    def _begin(self) -> None:
        if self._begun:
            return
        if self._status is None:
            raise RuntimeError("got bytes of the body before start_response(), expected a call before them")
        self._encoder = self._compressing.begin(None)
        self._begun = True
        self._write = self._start_response(self._status, self._fields.to_wsgi_list())


def _code(status: str) -> int:
    """The code of a status line (PEP 3333); 0 for text that has none, which the server refuses."""
    code = status[:3]
    return int(code) if code.isascii() and code.isdigit() else 0
