"""Temporary files without a name, and the file objects that an uploaded file is read by: in memory, and on disk.

A :class:`MemoryFile` moves to disk when its descriptor is asked for, as a :class:`tempfile.SpooledTemporaryFile` does.
Every function here may block. If the disk fails, :exc:`OSError` is raised, and a file in memory stays what it was.
"""

from __future__ import annotations

import os
import tempfile
from io import BufferedRandom, BytesIO, FileIO
from typing import Any

__all__ = ["DiskFile", "MemoryFile", "MovedFile", "open_temporary", "write_all"]

_O_TMPFILE: int = getattr(os, "O_TMPFILE", 0)  # Linux
_IOV_MAX = 1024  # how many buffers Linux and macOS take in one call; POSIX guarantees 16 only


def open_temporary() -> FileIO:
    """Open an unnamed file. Where O_TMPFILE works, this takes half of the time of ``tempfile.TemporaryFile``."""
    if _O_TMPFILE:
        flags = os.O_RDWR | os.O_EXCL | os.O_CLOEXEC | _O_TMPFILE
        try:
            return FileIO(os.open(tempfile.gettempdir(), flags, 0o600), "r+")
        except OSError:
            pass  # the file system does not know O_TMPFILE
    file = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115 - the caller closes it
    return getattr(file, "file", file)  # Windows wraps it


def write_all(file: FileIO, chunks: list[bytes]) -> None:
    """Write all ``chunks`` in as few system calls as possible. If one writes only a part, the next writes the rest."""
    if len(chunks) == 1 or not hasattr(os, "writev"):
        data = memoryview(chunks[0] if len(chunks) == 1 else b"".join(chunks))
        while data:
            data = data[file.write(data) :]
        return
    for start in range(0, len(chunks), _IOV_MAX):
        part = chunks[start : start + _IOV_MAX]
        written = os.writev(file.fileno(), part)
        if written < sum(map(len, part)):
            write_all(file, [b"".join(part)[written:]])


class DiskFile(BufferedRandom):
    """A file on disk. Its descriptor is at the position of the file, even if more was read into the buffer."""

    @property
    def mode(self) -> str:  # type: ignore[override]
        """``"rb"``; see :class:`MemoryFile`."""
        return "rb"

    def fileno(self) -> int:
        self.flush()  # gives back what was read ahead
        return super().fileno()

    def rollover(self) -> None:
        """Do nothing: the file is on disk already."""

    def getvalue(self) -> bytes:
        """All bytes of the file. The position does not change."""
        here = self.tell()
        self.seek(0)
        data = self.read()
        self.seek(here)
        return data


class MemoryFile(BytesIO):
    """A file in memory. :meth:`fileno` moves it to disk, where it goes on at the same position."""

    @property
    def mode(self) -> str:
        """``"rb"``, for libraries that ask how the file was opened, such as :mod:`wave`. It can be written, too."""
        return "rb"

    @property
    def name(self) -> int | None:
        """None. For a file that was moved to disk, the descriptor, as for every unnamed temporary file."""
        return None

    def fileno(self) -> int:
        self.rollover()
        return self.fileno()  # that of MovedFile

    def rollover(self) -> None:
        """Move the file to disk."""
        here = self.tell()
        file = open_temporary()
        try:
            write_all(file, [self.getvalue()])
            disk = DiskFile(file)
            disk.seek(here)
        except BaseException:
            file.close()
            raise
        # Code that holds this object, such as a TextIOWrapper, goes on with the file on disk. Code that holds one of
        # its methods goes on in memory, where the data stay until the file is closed.
        self.__class__ = MovedFile  # pyright: ignore[reportAttributeAccessIssue]  # it is a class of the same layout
        self._disk = disk


class MovedFile(MemoryFile):
    """A :class:`MemoryFile` that was moved to disk. Each method calls that of the :class:`DiskFile` in ``_disk``."""

    _disk: DiskFile

    @property
    def name(self) -> int | None:
        return self._disk.raw.fileno()

    @property
    def closed(self) -> bool:
        return self._disk.closed

    def close(self) -> None:
        try:
            self._disk.close()  # writes what was buffered, which may fail
        finally:
            BytesIO.close(self)

    def getbuffer(self) -> memoryview:
        """The bytes of the file, read-only: changes of memory would not change the file."""
        return memoryview(self.getvalue())


def _on_disk(name: str) -> Any:
    def method(self: MovedFile, *args: Any) -> Any:
        return getattr(self._disk, name)(*args)

    method.__name__ = name
    method.__doc__ = f"``{name}`` of the file on disk."
    return method


for _name in (
    "__iter__", "__next__", "fileno", "flush", "getvalue", "isatty", "read", "read1", "readable", "readinto",
    "readinto1", "readline", "readlines", "rollover", "seek", "seekable", "tell", "truncate", "writable", "write",
    "writelines",
):  # fmt: skip
    setattr(MovedFile, _name, _on_disk(_name))
