"""Makes the k-th call fail, for :mod:`proof.torture`: one of the system, the server, or the program's own code.

A :class:`Faults` counts the calls of one trial, and raises the error. :func:`counted_system` is a block in which the
functions and the file class by which cardan reaches the disk are replaced: each call is counted, and fails if it is the
k-th one. A ``close`` that fails has closed its file before, as on Linux.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from cardan.files import _file_body, _spooling, _temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Defect", "Failure", "Faults", "counted_system"]

#: calls that cardan replaces by other ones if they fail: nobody has to see their error
RECOVERED = {"open a file without a name", "stat"}


class Failure(OSError):
    """The error of a call to the system, or of a connection whose client has left."""


class Defect(Exception):
    """Any other error."""


class Faults:
    """Counts calls; the one with the number ``at`` fails, and if ``lasting``, all later ones fail as well."""

    def __init__(self, at: int = 0, *, lasting: bool = False, kind: type[Exception] = Defect) -> None:
        self.at = at
        self.lasting = lasting
        self.kind = kind
        self.count = 0
        self.what: str | None = None
        """The first call that failed and was not done in another way."""
        self.error: Exception | None = None
        """The error that it raised."""
        self.failed: list[str] = []
        self._lock = threading.Lock()

    def call(self, what: str, kind: type[Exception] | None = None) -> None:
        """Count one call. Raises if it is its turn."""
        with self._lock:
            self.count += 1
            if self.count != self.at and not (self.lasting and 0 < self.at < self.count):
                return
            kind = kind or self.kind
            error = kind(errno.EIO, f"call {self.count}: {what}") if kind is Failure else kind(what, self.count)
            self.failed.append(what)
            if self.error is None and what not in RECOVERED:
                self.what, self.error = what, error
        raise error


def _by_cardan() -> bool:
    """Whether the caller of a replaced function is code of cardan."""
    return str(sys._getframe(2).f_globals.get("__name__", "")).partition(".")[0] == "cardan"


@contextmanager
def counted_system(current: Callable[[], Faults], left: list[str]) -> Iterator[None]:
    """Count the system calls of cardan in ``current()``. A file that nobody has closed adds a line to ``left``."""

    class CountedFile(io.FileIO):
        """A raw file whose calls are counted."""

        def __init__(self, *args: Any, **options: Any) -> None:
            self._owns = options.get("closefd", True)
            super().__init__(*args, **options)

        def read(self, *args: Any) -> Any:
            current().call("read", Failure)
            return super().read(*args)

        def readinto(self, *args: Any) -> Any:
            current().call("read", Failure)
            return super().readinto(*args)

        def readall(self) -> bytes:
            current().call("read", Failure)
            return super().readall()

        def write(self, *args: Any) -> Any:
            current().call("write", Failure)
            return super().write(*args)

        def seek(self, *args: Any) -> int:
            current().call("seek", Failure)
            return super().seek(*args)

        def close(self) -> None:
            was_open = not self.closed
            super().close()
            if was_open:
                current().call("close", Failure)

        def __del__(self) -> None:
            if not self.closed and self._owns:
                left.append(f"a file was not closed: {self!r}")
                super().close()

    def counted(real: Callable[..., Any], what: str, *, after: bool = False) -> Callable[..., Any]:
        def function(*args: Any, **options: Any) -> Any:
            if not _by_cardan():
                return real(*args, **options)
            name = what
            flags = args[1] if what == "open" and len(args) > 1 and isinstance(args[1], int) else 0
            if flags & _temporary._O_TMPFILE == _temporary._O_TMPFILE != 0:
                name = "open a file without a name"
            if after:
                try:
                    return real(*args, **options)
                finally:
                    current().call(name, Failure)
            current().call(name, Failure)
            return real(*args, **options)

        return function

    def temporary(*args: Any, **options: Any) -> Any:
        current().call("open", Failure)
        with real_temporary(*args, **options) as file:
            return CountedFile(os.dup(file.fileno()), "r+")

    class CountedPath(type(Path())):  # type: ignore[misc]
        """A path by which cardan opens files."""

        def open(self, mode: str = "r", buffering: int = -1, *args: Any, **options: Any) -> Any:
            current().call("open", Failure)
            return CountedFile(os.fspath(self), mode.replace("b", ""))

    real_temporary = tempfile.TemporaryFile
    with (
        mock.patch.object(os, "open", counted(os.open, "open")),
        mock.patch.object(os, "close", counted(os.close, "close", after=True)),
        mock.patch.object(os, "read", counted(os.read, "read")),
        mock.patch.object(os, "lseek", counted(os.lseek, "seek")),
        mock.patch.object(os, "writev", counted(os.writev, "write")),
        mock.patch.object(os, "fstat", counted(os.fstat, "fstat")),
        mock.patch.object(os, "stat", counted(os.stat, "stat")),
        mock.patch.object(_file_body, "_pread", counted(os.pread, "read")),
        mock.patch.object(_temporary, "FileIO", CountedFile),
        mock.patch.object(_spooling, "FileIO", CountedFile),
        mock.patch.object(_spooling, "Path", CountedPath),
        mock.patch.object(tempfile, "TemporaryFile", temporary),
    ):
        yield
