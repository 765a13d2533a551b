"""Sending files: one response for both protocols, never read into memory.

Takes paths and open binary files; gives responses with type, length, validators, ranges and Content-Disposition.
The file is opened, and looked at, when the response is made: what is sent is that file, whatever happens to its name.
Raises :exc:`OSError` for what cannot be opened and :exc:`NotFound` where the name came from a client. Blocks for an
open and a stat; reading is done while sending, in a worker thread on ASGI.

The body is a :class:`FileBody`, which adapters know by its attributes: ``pathsend_path`` (a server may send the file of
that path itself), ``as_file`` (for ``wsgi.file_wrapper``), ``ranged`` (reading it blocks on a disk).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from .core.exceptions import NotFound
from .core.fields.content_disposition import ContentDisposition
from .core.fields.dates import utc_now
from .core.response.etag import head_of
from .core.response.finalizer import ContentLengthError
from .joining import safe_join
from .response import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

__all__ = ["FileBody", "SentFile", "guess_type", "open_file", "send_file", "send_from_directory", "wrap_file"]

#: Bytes for each read, which on ASGI is a hop to a worker thread of 50 to 150 us: 256 KiB make it a tenth of the copy.
CHUNK: Final = 256 * 1024

#: what a file is that was packed after it got its type: x.tar.gz is sent as it is, not as a tar with a coding
_PACKED: Final = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


class FileBody:
    """Part of an open file as a body: ``length`` bytes from ``start``. Reusable until it is closed.

    Files with a number are read at a position of their own (``pread``), so that several sendings do not disturb each
    other; a file that has become shorter gives fewer bytes than declared, which ends the connection, one that has
    become longer is cut.
    """

    def __init__(self, file: BinaryIO | int, length: int, start: int = 0, path: str | None = None) -> None:
        self._file = file
        self._closed = False
        self._fd = _number_of(file)
        self.length = length
        self._start = start
        self._path = path

    @property
    def pathsend_path(self) -> str | None:
        """The absolute path where this is a whole file with a name (ASGI ``http.response.pathsend``)."""
        return self._path

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks()

    def ranged(self, start: int, stop: int) -> FileBody:
        """The bytes from ``start`` up to ``stop``; closing it closes the file."""
        return _Part(self, start, stop)

    def _chunks(self) -> Iterator[bytes]:
        at, end = self._start, self._start + self.length
        while at < end:
            data = self._read(at, min(CHUNK, end - at))
            if not data:
                raise ContentLengthError(f"got a file of {at} bytes, expected {end}: it was cut while it was sent")
            at += len(data)
            yield data

    def _read(self, at: int, size: int) -> bytes:
        if self._closed:
            raise ValueError("got a read of a closed file, expected a response that was not sent before")
        if self._fd is not None and _pread is not None:
            return _pread(self._fd, size, at)
        file: Any = self._file
        if isinstance(file, int):
            os.lseek(file, at, os.SEEK_SET)
            return os.read(file, size)
        file.seek(at)
        data: bytes = file.read(size)
        return data

    def as_file(self, close: Callable[[], Any]) -> SentFile | None:
        """The whole file for ``wsgi.file_wrapper``, with ``close`` as its close; None where it is a part of one."""
        return SentFile(self, self._fd, close) if self._path is not None and self._fd is not None else None

    def close(self) -> None:
        """Close the file; may be called again."""
        if not self._closed:
            self._closed = True
            if isinstance(self._file, int):
                os.close(self._file)
            else:
                self._file.close()

    def __del__(self) -> None:
        self.close()  # a response that was made and never sent

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._path or self._file!r} {self.length} bytes from {self._start}>"


class _Part(FileBody):
    """A part of a :class:`FileBody`, which owns the file."""

    def __init__(self, whole: FileBody, start: int, stop: int) -> None:
        super().__init__(whole._file, stop - start, whole._start + start)
        self._whole = whole

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._whole.close()

    def __del__(self) -> None:
        pass  # its owner does


class SentFile:
    """A whole file as ``wsgi.file_wrapper`` wants it (PEP 3333): servers send it by its number, or read it.

    ``read`` ends at the declared length, ``fileno`` is at its start. Closing raises :exc:`ContentLengthError` if the
    file has become shorter, for servers that do not count what they send.
    """

    def __init__(self, body: FileBody, fd: int, close: Callable[[], Any]) -> None:
        self._body = body
        self._fd = fd
        self._close = close
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes more."""
        left = self._body.length - self._at
        data = self._body._read(self._at, min(size, left) if size >= 0 else left) if left else b""
        self._at += len(data)
        return data

    def fileno(self) -> int:
        """The number of the file."""
        return self._fd

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position; from the start, from here, from the end."""
        self._at = max(0, offset + (0, self._at, self._body.length)[whence])
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def close(self) -> None:
        """Close the response."""
        close, self._close = self._close, bool
        size = self._body.length if self._body._closed else os.fstat(self._fd).st_size
        close()
        if size < self._body.length:
            raise ContentLengthError(f"got a file of {size} bytes, expected {self._body.length}: it was cut while sent")


_pread: Callable[[int, int, int], bytes] | None = getattr(os, "pread", None)  # Windows has none


def _number_of(file: Any) -> int | None:
    if isinstance(file, int):
        return file
    try:
        fd = file.fileno()
    except (AttributeError, OSError):
        return None
    return fd if isinstance(fd, int) and stat.S_ISREG(os.fstat(fd).st_mode) else None


def open_file(path: str | os.PathLike[str]) -> tuple[int, os.stat_result]:
    """Open a regular file for reading: its number and what is known of it. Raises :exc:`OSError`.

    Never waits: a named pipe without a writer is refused, not waited for.
    """
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    fd = os.open(path, flags)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise IsADirectoryError(f"got {os.fspath(path)!r}, expected a regular file")
    except BaseException:
        os.close(fd)
        raise
    return fd, found


def guess_type(name: str) -> str:
    """The media type of a file by its name; ``application/octet-stream`` where it is not known."""
    import mimetypes  # reads the system's tables, hence not before it is needed

    kind, packed = mimetypes.guess_type(name)
    if packed is not None:
        return _PACKED.get(packed, "application/octet-stream")
    return kind or "application/octet-stream"


def send_file(
    path_or_file: str | os.PathLike[str] | BinaryIO,
    request: Any = None,
    *,
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | int | float | None = None,
    max_age: int | None = None,
    response_class: type[Response] = Response,
) -> Response:
    """A response that sends a file: a path, or a binary file from where it stands, which is closed afterwards.

    With a ``request`` it is conditional and serves ranges, unless ``conditional`` is False. ``download_name`` (default:
    the path's last part) gives the type, and the name in Content-Disposition where ``as_attachment``, or where it was
    given. ``etag``: True makes one of time and size, a string is taken. ``max_age`` in seconds; without one caches must
    ask each time. Raises :exc:`OSError` for a path that cannot be opened or is no regular file, :exc:`ValueError` for a
    text file.
    """
    body, found = _open_body(path_or_file)
    name = download_name or _name_of(path_or_file)
    response = response_class(body, mimetype=mimetype or guess_type(name or ""))
    try:
        if as_attachment or download_name is not None:
            kind = "attachment" if as_attachment else "inline"
            response.headers["Content-Disposition"] = ContentDisposition(kind, name).to_header()
        _set_validators(response, found, etag, last_modified)
        if max_age is None:
            response.cache_control.no_cache = True
        else:
            response.cache_control.max_age = max_age
        if isinstance(body, FileBody):
            response.headers["Content-Length"] = body.length
        if request is not None and conditional:
            method, headers = head_of(request)
            if method in ("GET", "HEAD"):  # no Date, which the server sets
                response._make_conditional(method, headers, isinstance(body, FileBody) and "bytes")
    except BaseException:
        body.close()
        raise
    return response


def _open_body(source: Any) -> tuple[Any, os.stat_result | None]:
    if isinstance(source, (str, os.PathLike)):
        fd, found = open_file(source)
        return FileBody(fd, found.st_size, path=os.path.abspath(source)), found
    if hasattr(source, "encoding"):
        raise ValueError("got a text file, expected a binary one: open(path, 'rb')")
    number = _number_of(source)
    known = os.fstat(number) if number is not None else None
    if known is None and not (hasattr(source, "seek") and getattr(source, "seekable", lambda: True)()):
        return _Stream(source), None
    start = source.tell()
    length = known.st_size - start if known is not None else source.seek(0, 2) - start
    return FileBody(source, max(length, 0), start), known


class _Stream:
    """A file that cannot seek, a pipe: read in chunks until it ends."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._file.read(CHUNK), b"")


def _name_of(source: Any) -> str | None:
    if isinstance(source, (str, os.PathLike)):
        return Path(source).name
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else None


def _set_validators(response: Response, found: os.stat_result | None, etag: bool | str, last_modified: Any) -> None:
    if last_modified is None and found is not None:
        last_modified = min(found.st_mtime, utc_now().timestamp())  # not in the future (RFC 9110 section 8.8.2.1)
    response.last_modified = last_modified
    if isinstance(etag, str):
        response.set_etag(etag)
    elif etag and found is not None:
        response.set_etag(f"{found.st_mtime_ns:x}-{found.st_size:x}")


def wrap_file(environ: dict[str, Any], file: BinaryIO, buffer_size: int = 8192) -> Iterable[bytes]:
    """``file`` in the server's ``wsgi.file_wrapper`` (PEP 3333), or in one like it where the server has none.

    For ``Response(wrap_file(environ, file), direct_passthrough=True)``, over WSGI alone; :func:`send_file` serves both.
    """
    from wsgiref.util import FileWrapper

    wrapped: Iterable[bytes] = environ.get("wsgi.file_wrapper", FileWrapper)(file, buffer_size)
    return wrapped


def send_from_directory(directory: str | os.PathLike[str], path: str, request: Any = None, **options: Any) -> Response:
    """:func:`send_file` for a ``path`` that a client sent, below ``directory``; ``options`` as it takes them.

    Raises :exc:`NotFound` for a path that leads elsewhere (:func:`safe_join`), and for what is no readable file.
    """
    joined = safe_join(directory, path)
    if joined is None:
        raise NotFound
    try:
        return send_file(joined, request, **options)
    except OSError as error:  # also a name that is too long, a file used as a directory, no permission
        raise NotFound from error
