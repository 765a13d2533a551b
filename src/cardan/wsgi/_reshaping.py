"""Answers of a WSGI application that change on their way to the server: their header fields, or their bodies.

The policies of core decide what changes. An answer that keeps its body is passed on as it is, so that a server still
knows its own file wrapper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core._buffers import CHUNK_SIZE
from ..core._request.exchange import find_exchange
from ..core._response.encoding import END
from ..core.structures._environ_headers import EnvironHeaders
from ..core.structures._headers import trusted_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import WSGIApplication

    from ..core._compression import CompressionPolicy, Encoder
    from ..core._origins import CORSPolicy

__all__ = ["compressed", "with_cors"]


def with_cors(
    app: WSGIApplication, environ: dict[str, Any], start_response: Callable[..., Any], policy: CORSPolicy
) -> Iterable[bytes]:
    """Call ``app``; its answer gets the header fields of a CORS policy."""
    asked = EnvironHeaders(environ)

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        fields = trusted_headers(list(headers))
        policy.apply(asked, fields)
        return _start(start_response, status, fields.to_wsgi_list(), exc_info)

    return app(environ, start)


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

    __slots__ = ("_begun", "_chunks", "_close", "_encoder", "_first", "_head", "_policy", "_start_response", "_write")

    def __init__(self, environ: dict[str, Any], start_response: Callable[..., Any], policy: CompressionPolicy) -> None:
        self._policy = policy.compressing(environ["REQUEST_METHOD"], EnvironHeaders(environ))
        self._start_response = start_response
        self._head: tuple[str, list[tuple[str, str]]] | None = None
        self._begun = False
        self._encoder: Encoder | None = None
        self._first: bytes | None = None
        self._write: Any = None
        self._close: Callable[[], Any] = _nothing

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """The ``start_response`` of the application."""
        if self._begun:  # it is too late: the server raises what is in exc_info
            return _start(self._start_response, status, headers, exc_info)
        if self._head is not None and exc_info is None:
            raise RuntimeError("got a second start_response() without exc_info, expected one call")
        self._head = status, list(headers)
        return self.write

    def write(self, data: bytes) -> None:
        """The ``write`` of PEP 3333: what is written is sent at once."""
        if data:
            self._begin()
            encoded = self._encoder.feed(data) if self._encoder is not None else data
            if encoded:
                self._write(encoded)

    def passed(self, body: Any, environ: dict[str, Any]) -> Iterable[bytes]:
        """What the server gets for the ``body`` that the application gave."""
        if not self._begun and self._head is not None:
            if not self._may_encode():
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
                self._begin()
                if self._encoder is None:
                    return chunk  # type: ignore[no-any-return]
                if encoded := self._encoder.feed(chunk):
                    return encoded
        if not self._begun:  # the body is empty
            if self._head is None:
                raise RuntimeError("got the end of the body without start_response(), expected a call before it")
            return self._begin_whole(b"")[0]
        encoder, self._encoder = self._encoder, None
        return encoder.close() if encoder is not None else None

    def close(self) -> None:
        """Close the body of the application."""
        close, self._close = self._close, _nothing
        close()

    def _may_encode(self) -> bool:
        assert self._head is not None
        status, headers = self._head
        return self._policy.may_encode(_code(status), trusted_headers(list(headers)))

    def _begin_whole(self, body: bytes) -> list[bytes]:
        assert self._head is not None
        status, headers = self._head
        fields = trusted_headers(headers)
        encoder = self._policy.begin(_code(status), fields, body)
        if encoder is not None:
            body = encoder.take(body, fields)
        self._begun = True
        self._start_response(status, fields.to_wsgi_list())
        return [body]

    def _begin(self) -> None:
        if self._begun:
            return
        if self._head is None:
            raise RuntimeError("got bytes of the body before start_response(), expected a call before them")
        status, headers = self._head
        fields = trusted_headers(headers)
        self._encoder = self._policy.begin(_code(status), fields, None)
        self._begun = True
        self._write = self._start_response(status, fields.to_wsgi_list())


def _code(status: str) -> int:
    """The code of a status line (PEP 3333); 0 for text that has none, which the server refuses."""
    code = status[:3]
    return int(code) if code.isascii() and code.isdigit() else 0
