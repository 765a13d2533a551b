"""``werkzeug.wsgi``: helpers for WSGI applications (PEP 3333)."""

from __future__ import annotations

import io
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from wsgiref.util import FileWrapper

from ..._request import Request
from ...core._buffers import CHUNK_SIZE
from ...core._closing import close_all
from ...core._exceptions import ClientDisconnected, RequestEntityTooLarge, SecurityError
from ...files import wrap_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import WSGIEnvironment

    from _typeshed import WriteableBuffer

__all__ = [
    "ClosingIterator",
    "FileWrapper",
    "LimitedStream",
    "get_content_length",
    "get_current_url",
    "get_host",
    "get_input_stream",
    "get_path_info",
    "host_is_trusted",
    "responder",
    "wrap_file",
]


def responder(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function that returns an application: its result is called with the same arguments.

    A ``def`` function gives a WSGI application, an ``async def`` function an ASGI application. A response and an HTTP
    error are applications of both kinds.

    >>> from cardan.compat.werkzeug.wrappers import Response
    >>> @responder
    ... def application(environ, start_response):
    ...     return Response("Hello")
    """
    if iscoroutinefunction(f):

        @wraps(f)
        async def asgi(*args: Any) -> None:
            await (await f(*args))(*args[-3:])

        return asgi

    @wraps(f)
    def wsgi(*args: Any) -> Any:
        return f(*args)(*args[-2:])

    return wsgi


def _opened(environ: WSGIEnvironment, trusted_hosts: Iterable[str] | None = None) -> Request:
    request = Request({"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", **environ}, populate_request=False)
    if not request.environ.get("HTTP_HOST") and environ.get("SERVER_NAME"):
        request.environ["HTTP_HOST"] = f"{environ['SERVER_NAME']}:{environ.get('SERVER_PORT', '')}".rstrip(":")
    if trusted_hosts is not None:
        request.trusted_hosts = trusted_hosts
    return request


def get_current_url(
    environ: WSGIEnvironment,
    root_only: bool = False,
    strip_querystring: bool = False,
    host_only: bool = False,
    trusted_hosts: Iterable[str] | None = None,
) -> str:
    """The URL of the request in ``environ``, an IRI (RFC 3987).

    ``host_only`` gives only scheme and host, ``root_only`` adds the path of the application, and ``strip_querystring``
    leaves out the query. Raises :exc:`SecurityError` for a host that is not one of ``trusted_hosts``.
    """
    request = _opened(environ, trusted_hosts)
    if host_only:
        return request.host_url
    if root_only:
        return request.root_url
    return request.base_url if strip_querystring else request.url


def get_host(environ: WSGIEnvironment, trusted_hosts: Iterable[str] | None = None) -> str:
    """The host of the request, without the default port of the scheme; the name of the server if no Host was sent.

    Raises :exc:`SecurityError` for a host that is not one of ``trusted_hosts``.
    """
    return _opened(environ, trusted_hosts).host_url.partition("://")[2].rstrip("/")


def host_is_trusted(hostname: str | None, trusted_list: Iterable[str] | None = None) -> bool:
    """Whether ``hostname`` is one of ``trusted_list``. An entry with a leading dot includes subdomains.

    >>> host_is_trusted("api.example.com", [".example.com"])
    True
    """
    names = [trusted_list] if isinstance(trusted_list, str) else list(trusted_list or ())
    try:
        return bool(_opened({"HTTP_HOST": hostname}, names).host)
    except SecurityError:
        return False


def get_content_length(environ: WSGIEnvironment) -> int | None:
    """The declared length of the body in bytes; None if the body is chunked, or if no valid length was declared."""
    return _opened(environ).content_length


def get_path_info(environ: WSGIEnvironment) -> str:
    """PATH_INFO as text. Bytes that are not UTF-8 become U+FFFD."""
    path: str = environ.get("PATH_INFO", "")
    return path.encode("latin-1").decode("utf-8", "replace")


def get_input_stream(
    environ: WSGIEnvironment, safe_fallback: bool = True, max_content_length: int | None = None
) -> BinaryIO:
    """``wsgi.input``, bounded, so that no read waits for bytes that never come.

    It ends after the declared length. Without a length it is the input itself if the server ends it
    (``wsgi.input_terminated``), and otherwise empty, or with ``safe_fallback=False`` the input itself. Raises
    :exc:`RequestEntityTooLarge` if more than ``max_content_length`` bytes are declared; a stream without a declared
    length raises it when more are read.
    """
    stream: BinaryIO = environ["wsgi.input"]
    length = get_content_length(environ)
    if length is not None and max_content_length is not None and length > max_content_length:
        raise RequestEntityTooLarge(limit="max_content_length", allowed=max_content_length, received=length)
    if length is not None:
        return cast("BinaryIO", LimitedStream(stream, length))
    if not environ.get("wsgi.input_terminated"):
        return io.BytesIO() if safe_fallback else stream
    if max_content_length is None:
        return stream
    return cast("BinaryIO", LimitedStream(stream, max_content_length, is_max=True))


class LimitedStream(io.RawIOBase):
    """A file that gives at most ``limit`` bytes of another one. A WSGI server may not end its input by itself.

    ``limit`` is the declared length of the body. If the client sends fewer bytes, :exc:`ClientDisconnected` is raised.
    With ``is_max`` it is a limit on a body of unknown length instead: the stream may end earlier, and
    :exc:`RequestEntityTooLarge` is raised if the body is longer. A subclass can override :meth:`on_exhausted` and
    :meth:`on_disconnect`.

    >>> LimitedStream(io.BytesIO(b"abcdef"), 4).read()
    b'abcd'
    """

    def __init__(self, stream: BinaryIO, limit: int, is_max: bool = False) -> None:
        super().__init__()
        self.limit = limit
        self._source = stream
        self._is_max = is_max
        self._position = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether ``limit`` bytes were read."""
        return self._position >= self.limit

    def on_exhausted(self) -> None:
        """Called by a read after ``limit`` bytes were read. With ``is_max``, raises :exc:`RequestEntityTooLarge` if
        the body is longer than that.
        """
        if self._is_max and self._read(1):
            raise RequestEntityTooLarge(limit="max_content_length", allowed=self.limit)

    def on_disconnect(self, error: Exception | None = None) -> None:
        """Called if the body ends before ``limit``, or if reading it has raised ``error``.

        Raises :exc:`ClientDisconnected`. A body that simply ends may do so with ``is_max``.
        """
        if not self._is_max or error is not None:
            raise ClientDisconnected from error

    def exhaust(self) -> bytes:
        """Read and return what is left."""
        return b"" if self.is_exhausted else self.readall()

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read into ``buffer``, at most up to the limit. Returns the number of bytes."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self.limit - self._position)
        if wanted <= 0:
            if len(view):
                self.on_exhausted()
            return 0
        data = self._read(wanted)
        if data is None:
            return 0
        if not data:
            self.on_disconnect()
            return 0
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, size: int) -> bytes | None:
        """Read from the source. If that fails, and :meth:`on_disconnect` raises no error, the result is None."""
        try:
            return self._source.read(size)
        except (OSError, ValueError) as error:
            self.on_disconnect(error)
            return None

    def readall(self) -> bytes:
        """Read and return what is left."""
        chunks: list[bytes] = []
        while chunk := self.read(CHUNK_SIZE):
            chunks.append(chunk)
            if self.is_exhausted and not self._is_max:
                break
        return b"".join(chunks)

    def tell(self) -> int:
        """How many bytes were read."""
        return self._position

    def readable(self) -> bool:
        """True."""
        return True


class ClosingIterator:
    """An iterator over ``iterable``. Its ``close()``, which the server calls, closes the iterable and calls
    ``callbacks``: a function or several.

    All of them are called, whatever one of them raises; the first error is raised at the end.
    """

    def __init__(
        self, iterable: Iterable[bytes], callbacks: Callable[[], object] | Iterable[Callable[[], object]] | None = None
    ) -> None:
        self._iterator = iter(iterable)
        own = [callbacks] if callable(callbacks) else list(callbacks or ())
        close = getattr(iterable, "close", None)
        self._callbacks: list[Callable[[], object]] = own if close is None else [close, *own]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._iterator)

    def close(self) -> None:
        """Close the iterable and call the callbacks."""
        close_all(self._callbacks)


def __dir__() -> list[str]:
    return sorted(__all__)
