"""Blocking file work that both adapters use: spooling uploads to disk, saving them.

Takes the limits of a form and the data of its files; keeps what is small in memory and the rest in unnamed temporary
files. Raises :exc:`OSError` where the disk does. Never knows an event loop: ``would_block`` tells the caller, who does,
when a write is one for a worker thread.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from io import BytesIO, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..core.buffers import as_bytes
from ..core.forms.files import FileStorage as CoreFileStorage
from ..core.forms.files import call_blocking, is_async_file
from ..core.forms.parts import Part as CorePart
from ..core.forms.parts import call_beside
from ..core.forms.sinks import MemoryBudget

if TYPE_CHECKING:
    from ..core.buffers import Buffer
    from ..core.forms.files import RunSync, Writer
    from ..core.limits import Limits

__all__ = ["FileStorage", "Part", "SpoolSink", "Spooler"]

#: What a sink on disk collects before it writes: one hop to a worker thread for each of these.
BATCH = 1024 * 1024


class Spooler:
    """Opens the sinks of one form, which share ``max_spool_memory``."""

    __slots__ = ("_budget", "limits")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._budget = MemoryBudget(limits)

    def open(self) -> SpoolSink:
        """A sink for one more file."""
        return SpoolSink(self.limits, self._budget)

    def hold(self, files: list[bytes]) -> list[SpoolSink] | None:
        """A complete sink for the data of each of ``files``, where all of them may stay in memory; else None."""
        sizes = list(map(len, files))
        most = self.limits.max_file_memory
        if (most is not None and max(sizes) > most) or not self._budget.take(sum(sizes)):
            return None
        sinks = [self.open() for _ in files]
        for sink, data, size in zip(sinks, files, sizes):
            sink._chunks.append(data)
            sink._held = sink.size = size
        return sinks


class SpoolSink:
    """The data of one file: in memory up to ``max_file_memory``, and while all files of the form together hold no
    more than ``max_spool_memory``; past either, in an unnamed temporary file.

    On disk it collects some 1 MiB before it writes. ``size`` in bytes; ``stream`` is the file to read from.
    """

    __slots__ = ("_allowed", "_budget", "_chunks", "_file", "_held", "_stream", "size")

    rewinds = True
    """``stream`` is at its start when it is first asked for: nobody has to seek."""

    def __init__(self, limits: Limits, budget: MemoryBudget | None = None) -> None:
        self._budget = budget
        self._allowed = limits.max_file_memory
        self._chunks: list[bytes] = []
        self._held = 0
        self._file: FileIO | None = None
        self._stream: BinaryIO | None = None
        self.size = 0

    @property
    def on_disk(self) -> bool:
        """Whether the data are (or are about to be) on disk, so that reading may block."""
        return self._file is not None

    def would_block(self, size: int) -> bool:
        """Whether a write of ``size`` bytes, or for 0 finishing, touches the disk."""
        if self._file is not None:
            return self._held + size >= BATCH or size == 0
        return size > 0 and self._is_too_much(size)

    def write(self, data: Buffer) -> int:
        """Take ``data``, any bytes-like object; returns its length in bytes."""
        if type(data) is not bytes:
            data = as_bytes(data)
        size = len(data)
        if self._file is None:
            if self._is_too_much(size):
                self._roll_over()
            elif self._budget is not None:
                self._budget.take(size)
        self._chunks.append(data)
        self._held += size
        self.size += size
        if self._file is not None and self._held >= BATCH:
            self._flush()
        return size

    def finish(self) -> None:
        """The file is complete: what is left goes to disk, if the rest is there."""
        if self._file is not None:
            self._flush()
            self._file.seek(0)

    @property
    def stream(self) -> BinaryIO:
        """The data as a file, at its start when first asked for; one and the same each time."""
        stream = self._stream
        if stream is None:
            if self._file is not None:
                self._flush()
                self._file.seek(0)
                stream = os.fdopen(self._file.fileno(), "r+b", closefd=False)
            else:
                stream = BytesIO(b"".join(self._chunks))
                self._chunks = []
            self._stream = stream
        return stream

    def close(self) -> None:
        """Let go of the data, in memory and on disk; may be called again."""
        self._chunks = []
        if self._stream is None:
            self._stream = BytesIO()
        self._stream.close()
        if self._file is not None:
            self._file.close()

    abort = close

    def _is_too_much(self, size: int) -> bool:
        if self._allowed is not None and self.size + size > self._allowed:
            return True
        budget = self._budget
        return budget is not None and budget.allowed is not None and budget.used + size > budget.allowed

    def _roll_over(self) -> None:
        """What is in memory goes to disk, and no longer counts."""
        self._file = _open_temporary()
        if self._budget is not None:
            self._budget.used -= self._held
        self._flush()

    def _flush(self) -> None:
        assert self._file is not None
        chunks, self._chunks = self._chunks, []
        self._held = 0
        if chunks:
            _write_all(self._file, chunks)


def _write_all(file: FileIO, chunks: list[bytes]) -> None:
    """All of ``chunks``, in as few system calls as there may be; a short write (a full disk) is written on."""
    if len(chunks) == 1 or not hasattr(os, "writev"):
        data = memoryview(chunks[0] if len(chunks) == 1 else b"".join(chunks))
        while data:
            data = data[file.write(data) :]
        return
    for start in range(0, len(chunks), _IOV_MAX):
        part = chunks[start : start + _IOV_MAX]
        written = os.writev(file.fileno(), part)
        if written < sum(map(len, part)):
            _write_all(file, [b"".join(part)[written:]])


_O_TMPFILE: int = getattr(os, "O_TMPFILE", 0)  # Linux
_IOV_MAX = 1024  # what Linux and macOS take at once (POSIX: at least 16; IOV_MAX)


def _open_temporary() -> FileIO:
    """An unnamed file: with O_TMPFILE it never had a name, and costs half of ``tempfile.TemporaryFile``."""
    if _O_TMPFILE:
        flags = os.O_RDWR | os.O_EXCL | os.O_CLOEXEC | _O_TMPFILE
        try:
            return FileIO(os.open(tempfile.gettempdir(), flags, 0o600), "r+")
        except OSError:
            pass  # a file system that cannot
    file = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115 - it is the sink's to close
    return getattr(file, "file", file)  # Windows wraps it


class FileStorage(CoreFileStorage):
    """An uploaded file that may be on disk; :meth:`save` takes paths, too."""

    __slots__ = ()

    def save(self, dst: str | os.PathLike[str] | Writer) -> None:
        """Copy what is left of the file to ``dst``: a path, which is created or overwritten, or an object with
        ``write(bytes)``. Build the path with :attr:`safe_filename`, never with ``filename``.
        """
        target: Any = dst  # _copy() takes paths, too
        super().save(target)

    async def asave(self, dst: str | os.PathLike[str] | Writer, *, run_sync: RunSync = None) -> None:
        """The awaiting twin of :meth:`save`; ``dst.write`` may be async."""
        target: Any = dst  # _copy() takes paths, too
        if hasattr(dst, "write") or not is_async_file(self):
            await super().asave(target, run_sync=run_sync)
            return
        file = await call_blocking(self, run_sync, partial(Path(target).open, "wb", buffering=0))
        try:
            await super().asave(_Whole(file), run_sync=run_sync)
        finally:
            file.close()

    def _copy(self, dst: Any) -> None:
        if hasattr(dst, "write"):
            super()._copy(dst)
            return
        with Path(dst).open("wb", buffering=0) as file:
            super()._copy(_Whole(file))


class Part(CorePart):
    """A part of a multipart body; :meth:`save` takes paths, too."""

    __slots__ = ()

    def save(self, dst: str | os.PathLike[str] | Writer) -> None:
        """Write what is left to ``dst``: a path, which is created or overwritten, or an object with ``write(bytes)``.

        Build the path with :attr:`safe_filename`, never with ``filename``.
        """
        target: Any = dst
        if hasattr(dst, "write"):
            super().save(target)
            return
        with Path(target).open("wb", buffering=0) as file:
            super().save(_Whole(file))

    async def asave(self, dst: str | os.PathLike[str] | Writer) -> None:
        """The awaiting twin of :meth:`save`; ``dst.write`` may be async. The disk is for worker threads."""
        target: Any = dst
        if hasattr(dst, "write"):
            await super().asave(target)
            return
        file = await call_beside(self, lambda: Path(target).open("wb", buffering=0))  # noqa: SIM115 - opened in a thread
        try:
            await super().asave(_Whole(file))
        finally:
            file.close()


class _Whole:
    """A raw file whose ``write`` writes all of it."""

    __slots__ = ("_file",)

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def write(self, data: bytes, /) -> None:
        _write_all(self._file, [data])
