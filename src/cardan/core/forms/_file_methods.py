"""FileMethods: the methods that libraries call on a binary file, over the file object in ``stream``.

With them an uploaded file can be passed to whatever reads a file: :class:`zipfile.ZipFile`, :class:`io.TextIOWrapper`,
:func:`hashlib.file_digest` and others. The methods that read, write or seek raise
:exc:`~cardan.exceptions.WrongMode` in async code, because they may block. All raise what the file object raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from .._waiting import in_event_loop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .._buffers import Buffer

__all__ = ["FileMethods"]

# For type checkers an uploaded file is a binary file, as the objects are that open() returns.
if TYPE_CHECKING:
    _File = BinaryIO
else:
    _File = object


class FileMethods(_File):
    """What a binary file has, except for ``read``, ``close`` and the methods of a context manager."""

    __slots__ = ()

    # Not the mode of the file object: temporary files say "w+b", which gzip takes for a file to write.
    mode: ClassVar[str] = "rb"  # pyright: ignore[reportIncompatibleMethodOverride]
    """``"rb"``, for libraries that ask how the file was opened."""

    if TYPE_CHECKING:
        name: str | None  # pyright: ignore[reportIncompatibleMethodOverride]

        @property
        def stream(self) -> BinaryIO: ...

    def _sync(self, call: str, instead: str = "") -> None:
        """Raise WrongMode for ``call`` in async code. ``instead`` is what async code uses."""
        raise NotImplementedError

    def _forget_size(self) -> None:
        """Note that the size may have changed."""
        raise NotImplementedError

    # --- reading ---

    def readinto(self, buffer: Buffer, /) -> int:
        """Read into ``buffer``, a writable bytes-like object. Returns how many bytes were read, 0 at the end."""
        self._sync("readinto()", "await aread()")
        stream: Any = self.stream
        if hasattr(stream, "readinto"):
            return stream.readinto(buffer)  # type: ignore[no-any-return]
        with memoryview(buffer) as view, view.cast("B") as target:
            data = stream.read(len(target))
            target[: len(data)] = data
        return len(data)

    def read1(self, size: int = -1, /) -> bytes:
        """As ``read()``, with at most one call of the operating system: the result may be shorter than asked for."""
        self._sync("read1()", "await aread()")
        stream: Any = self.stream
        data: bytes = getattr(stream, "read1", stream.read)(size)
        return data

    def readinto1(self, buffer: Buffer, /) -> int:
        """As :meth:`readinto`, with at most one call of the operating system."""
        self._sync("readinto1()", "await aread()")
        return getattr(self.stream, "readinto1", self.readinto)(buffer)

    def getvalue(self) -> bytes:
        """All bytes of the file, whatever the present position, which stays. The file has to be seekable."""
        self._sync("getvalue()", "await aread()")
        stream = self.stream
        here = stream.tell()
        stream.seek(0)
        data = stream.read()
        stream.seek(here)
        return data

    def readline(self, size: int = -1, /) -> bytes:
        """The rest of the present line with its line feed, at most ``size`` bytes; ``b""`` at the end of the file."""
        self._sync("readline()", "await aread()")
        return self.stream.readline(size)

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        """The rest of the file as lines. No further line is read after ``hint`` bytes, if that is positive."""
        self._sync("readlines()", "await aread()")
        return self.stream.readlines(hint)

    def __iter__(self) -> Iterator[bytes]:
        # An async handler may return a file as the body of its response, which is iterated in a worker thread.
        if in_event_loop():
            self._sync("iteration", "aiter_data()")
        return iter(self.stream)

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    # --- the position ---

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a position, and return it in bytes from the start.

        ``offset`` counts from the start, or from the present position if ``whence`` is 1, or from the end if it is 2.
        """
        self._sync("seek()", "await aseek()")
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        """The present position in bytes. For an async file use ``await aseek(0, 1)``."""
        return self.stream.tell()

    # --- writing, which few programs do ---

    def write(self, data: Buffer, /) -> int:
        """Write ``data`` at the present position, if the file object can be written. Returns how many bytes."""
        self._sync("write()")
        self._forget_size()
        return self.stream.write(data)

    def writelines(self, lines: Iterable[Buffer], /) -> None:
        """Write each of ``lines``; see :meth:`write`."""
        for line in lines:
            self.write(line)

    def truncate(self, size: int | None = None, /) -> int:
        """Cut the file to ``size`` bytes, by default at the present position. Returns the new size."""
        self._sync("truncate()")
        self._forget_size()
        return self.stream.truncate(size)

    def flush(self) -> None:
        """Write what the file object has buffered. For most files there is nothing to do."""
        flush = getattr(self.stream, "flush", None)
        if flush is not None:
            flush()

    # --- what kind of file it is ---

    @property
    def closed(self) -> bool:
        """Whether the file was closed."""
        return bool(getattr(self.stream, "closed", False))

    def readable(self) -> bool:
        """Whether the file can be read."""
        stream: Any = self.stream
        return bool(stream.readable()) if hasattr(stream, "readable") else hasattr(stream, "read")

    def seekable(self) -> bool:
        """Whether the position can be changed."""
        stream: Any = self.stream
        return bool(stream.seekable()) if hasattr(stream, "seekable") else hasattr(stream, "seek")

    def writable(self) -> bool:
        """Whether the file can be written."""
        stream: Any = self.stream
        return bool(stream.writable()) if hasattr(stream, "writable") else hasattr(stream, "write")

    def isatty(self) -> bool:
        """False: it is no terminal."""
        return False

    def fileno(self) -> int:
        """The file descriptor, for programs that read one: ``subprocess.run(["wc"], stdin=file)``.

        A file in memory is moved to a temporary file first. The descriptor is at the present position, and is closed
        with the file. Raises :exc:`OSError` if there is none: ``cardan.core`` itself has no files on disk, and a
        ``stream`` of another kind may have no descriptor.
        """
        self._sync("fileno()")
        return self.stream.fileno()

    def rollover(self) -> None:
        """Move a file that is in memory to disk, as :meth:`fileno` does."""
        self._sync("rollover()")
        self.stream.fileno()
