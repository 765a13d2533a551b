"""FileBody: an open file, or a part of one, as the body of a response.

It gives the bytes of the file a chunk at a time, never more than were declared. It raises
:exc:`~cardan.core.ContentLengthError` for a file that became shorter while it was sent. The adapters recognize it by
its attributes: ``path_to_send`` gives the path that a server may send itself, ``as_file`` gives an object for
``wsgi.file_wrapper``, and ``ranged`` shows that reading may block on a disk.
"""

from __future__ import annotations

import os
import stat
from io import BufferedRandom, BufferedReader, FileIO
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from ..core._buffers import READ_SIZE
from ..core._response.finalizer import ContentLengthError
from ..wsgi._errors import BrokenResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FileBody", "SentFile", "identity_of", "number_of"]

#: Bytes for each read, which on ASGI is a hop to a worker thread of 50 to 150 us: 256 KiB make it a tenth of the copy.
CHUNK: Final = READ_SIZE


class FileBody:
    """``length`` bytes of an open file from ``start``, as the body of a response. It may be sent until it is closed.

    A file with a descriptor is read by position (``pread``), so that several responses may send it at once. A file that
    became shorter raises an error, which ends the connection. Of a file that became longer only ``length`` bytes are
    sent. ``path`` is the absolute path of a whole file, and ``found`` its status when it was opened.
    """

    def __init__(
        self,
        file: BinaryIO | int,
        length: int,
        start: int = 0,
        path: str | None = None,
        found: os.stat_result | None = None,
    ) -> None:
        self._file = file
        self._open = [file]
        self._fd = number_of(file)
        self.length = length
        self._start = start
        self._path = path
        self._found = found

    @property
    def _closed(self) -> bool:
        return not self._open

    def path_to_send(self) -> str | None:
        """The absolute path of a whole file, which a server may open itself (ASGI ``http.response.pathsend``).

        None if the path does not name the open file any more, or if the file was changed since it was opened: the head
        of the response describes the file as it was then. Blocks for a stat.
        """
        if self._path is None or self._found is None:
            return None
        try:
            same = identity_of(os.stat(self._path)) == identity_of(self._found)
        except OSError:
            return None
        return self._path if same else None

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
        if self._closed or getattr(self._file, "closed", False):  # its number may be that of another file by now
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
        """The whole file for ``wsgi.file_wrapper``; closing it calls ``close``.

        None for a part of a file, and for an empty file: a wrapper gives no chunk of it, and some servers send not even
        the head of a response without a chunk.
        """
        return (
            SentFile(self, self._fd, close) if self._path is not None and self._fd is not None and self.length else None
        )

    def close(self) -> None:
        """Close the file; may be called again."""
        try:
            file = self._open.pop()  # one step: if two threads closed a descriptor, the second might close another file
        except IndexError:
            return
        if isinstance(file, int):
            os.close(file)
        else:
            file.close()

    def __del__(self) -> None:
        self.close()  # for a response that was never sent

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._path or self._file!r} {self.length} bytes from {self._start}>"


def identity_of(found: os.stat_result) -> tuple[int, ...]:
    """The values by which another file, or another state of the file, is recognized."""
    return found.st_mode, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class _Part(FileBody):
    """A part of a :class:`FileBody`. The file belongs to the whole body: it is open as long as that is."""

    def __init__(self, whole: FileBody, start: int, stop: int) -> None:
        super().__init__(whole._file, stop - start, whole._start + start)
        self._whole = whole

    @property
    def _closed(self) -> bool:
        return self._whole._closed

    def close(self) -> None:
        self._whole.close()

    def __del__(self) -> None:
        pass  # the whole body closes the file


class SentFile:
    """A whole file for ``wsgi.file_wrapper`` (PEP 3333). Servers send it by its descriptor, or read it.

    ``read`` ends at the declared length; the position of ``fileno`` is the start of the file. If the disk cannot be
    read, it raises :exc:`~cardan.wsgi._errors.BrokenResponse`, because a server takes an :exc:`OSError` for an error of
    the connection. ``close`` raises :exc:`ContentLengthError` if the file became shorter, for servers that do not count
    what they send.
    """

    def __init__(self, body: FileBody, fd: int, close: Callable[[], Any]) -> None:
        self._body = body
        self._fd = fd
        self._close = close
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes more."""
        left = max(self._body.length - self._at, 0)
        try:
            data = self._body._read(self._at, min(size, left) if size >= 0 else left) if left else b""
        except OSError as error:
            raise BrokenResponse("got an error of the disk while a file was sent") from error
        self._at += len(data)
        return data

    def fileno(self) -> int:
        """The descriptor of the file."""
        return self._fd

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position, relative to the start (``whence`` 0), the present position (1) or the end (2)."""
        self._at = max(0, offset + (0, self._at, self._body.length)[whence])
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def close(self) -> None:
        """Close the response, once."""
        close, self._close = self._close, bool
        try:
            size = self._body.length if self._body._closed else os.fstat(self._fd).st_size
        finally:
            close()
        if size < self._body.length:
            raise ContentLengthError(f"got a file of {size} bytes, expected {self._body.length}: it was cut while sent")


_pread: Callable[[int, int, int], bytes] | None = getattr(os, "pread", None)  # Windows has none


def number_of(file: Any) -> int | None:
    """The descriptor of a regular file; None for every other file.

    Only the files that ``open()`` and :mod:`tempfile` give are asked. Another one may have the descriptor of other
    bytes: a :class:`gzip.GzipFile` has that of the compressed ones. A file in memory may be moved to disk by asking it.
    """
    if isinstance(file, int):
        return file
    if type(file).__module__ == "tempfile":
        file = getattr(file, "file", file)  # what NamedTemporaryFile() wraps
    raw = file.raw if isinstance(file, (BufferedReader, BufferedRandom)) else file
    if not isinstance(raw, FileIO):
        return None
    fd: int = file.fileno()
    return fd if stat.S_ISREG(os.fstat(fd).st_mode) else None
