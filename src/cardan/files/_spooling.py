"""Uploaded files: their data are kept in memory while they are small, and in unnamed temporary files afterwards.

Both adapters use it. Everything here blocks and knows no event loop: ``would_block`` tells the caller if the next write
touches the disk, so that an async caller can run it in a worker thread. Raises :exc:`OSError` for troubles of the disk.
"""

from __future__ import annotations

import os
from functools import partial
from io import BytesIO, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..core._buffers import BATCH_SIZE, add_piece, as_bytes
from ..core.forms._files import FileStorage as CoreFileStorage
from ..core.forms._files import call_blocking, is_async_file
from ..core.forms._parts import Part as CorePart
from ..core.forms._parts import call_beside
from ..core.forms._sinks import MemoryBudget
from ._temporary import DiskFile, MemoryFile, MovedFile, open_temporary, write_all

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ..core._buffers import Buffer
    from ..core._limits import Limits
    from ..core.forms._files import RunSync, Writer

__all__ = ["BlockingFileStorage", "FileStorage", "Part", "SpoolSink", "Spooler"]

#: Bytes that a sink on disk collects before it writes them; each write is a job for a worker thread.
BATCH = BATCH_SIZE


class Spooler:
    """Opens the sinks of one form. All of them together keep at most ``max_spool_memory`` bytes in memory."""

    __slots__ = ("_budget", "limits")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._budget = MemoryBudget(limits)

    def open(self) -> SpoolSink:
        """A sink for one more file."""
        return SpoolSink(self.limits, self._budget)

    def hold(self, files: list[bytes]) -> list[SpoolSink] | None:
        """A complete sink for each of ``files``, which are the data of whole files; None if they must go to disk."""
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
    """Keeps the data of one uploaded file.

    The data are in memory while the file has at most ``max_file_memory`` bytes and all files of the form together have
    at most ``max_spool_memory`` in memory. Afterwards they are in an unnamed temporary file, which is written in
    pieces of 1 MiB. ``size`` is the number of bytes; ``stream`` is the file to read from.
    """

    __slots__ = ("_allowed", "_budget", "_chunks", "_file", "_held", "_stream", "size")

    rewinds = True
    """``stream`` is at its start at the first access, so that the caller need not seek."""

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
        """True if the data are on disk, so that reading may block."""
        return self._file is not None or type(self._stream) is MovedFile

    def would_block(self, size: int) -> bool:
        """True if a write of ``size`` bytes touches the disk; 0 asks the same of :meth:`finish`."""
        if self._file is not None:
            return self._held + size >= BATCH or size == 0
        return size > 0 and self._is_too_much(size)

    def write(self, data: Buffer) -> int:
        """Add ``data``, any bytes-like object. Return its length in bytes."""
        if type(data) is not bytes:
            data = as_bytes(data)
        size = len(data)
        if self._file is None:
            if self._is_too_much(size):
                self._roll_over()
            elif self._budget is not None:
                self._budget.take(size)
        add_piece(self._chunks, data)
        self._held += size
        self.size += size
        if self._file is not None and self._held >= BATCH:
            self._flush()
        return size

    def finish(self) -> None:
        """End the file. If it is on disk, the bytes that were collected are written."""
        if self._file is not None:
            self._flush()
            self._file.seek(0)

    @property
    def stream(self) -> BinaryIO:
        """The data as a file, the same object each time; at its start at the first access."""
        stream = self._stream
        if stream is None:
            if self._file is not None:
                self._flush()
                self._file.seek(0)
                stream = DiskFile(FileIO(self._file.fileno(), "r+", closefd=False))
            else:
                stream = MemoryFile(b"".join(self._chunks))
                self._chunks = []
            self._stream = stream
        return stream

    def close(self) -> None:
        """Release the data in memory and on disk. It may be called again."""
        self._chunks = []
        if self._stream is None:
            self._stream = BytesIO()
        try:
            self._stream.close()  # moves the position of the file back, which may fail
        finally:
            if self._file is not None:
                self._file.close()

    abort = close

    def _is_too_much(self, size: int) -> bool:
        if self._allowed is not None and self.size + size > self._allowed:
            return True
        budget = self._budget
        return budget is not None and budget.allowed is not None and budget.used + size > budget.allowed

    def _roll_over(self) -> None:
        """Move the data to disk. They no longer count for ``max_spool_memory``."""
        self._file = open_temporary()
        if self._budget is not None:
            self._budget.used -= self._held
        self._flush()

    def _flush(self) -> None:
        assert self._file is not None
        chunks, self._chunks = self._chunks, []
        self._held = 0
        if chunks:
            write_all(self._file, chunks)


class FileStorage(CoreFileStorage):
    """An uploaded file, which may be on disk. :meth:`save` also takes a path."""

    __module__ = "cardan"
    __slots__ = ()

    def save(self, dst: str | os.PathLike[str] | Writer) -> None:
        """Copy the file from its present position to ``dst``.

        ``dst`` is a path, which is created or overwritten, or an object with ``write(bytes)``. Build the path with
        :attr:`safe_filename`, never with ``filename``. Raises :exc:`OSError` for a path that cannot be written.
        """
        target: Any = dst  # _copy() takes paths, too
        super().save(target)

    def asave(self, dst: str | os.PathLike[str] | Writer, *, run_sync: RunSync = None) -> Coroutine[Any, Any, None]:
        """Async twin of :meth:`save`; ``dst.write`` may be async. ``run_sync`` runs what blocks in a worker thread."""
        target: Any = dst  # _asave() takes paths, too
        return super().asave(target, run_sync=run_sync)

    async def _asave(self, dst: Any, run_sync: RunSync) -> None:
        if hasattr(dst, "write") or not is_async_file(self):
            await super()._asave(dst, run_sync)
            return
        opened: list[FileIO] = []
        try:
            await call_blocking(self, run_sync, partial(_open_into, opened, dst))
            await super()._asave(_Whole(opened[0]), run_sync)
        finally:
            for file in opened:
                file.close()

    def _copy(self, dst: Any) -> None:
        if hasattr(dst, "write"):
            super()._copy(dst)
            return
        with Path(dst).open("wb", buffering=0) as file:
            super()._copy(_Whole(file))


class BlockingFileStorage(FileStorage):
    """An uploaded file whose blocking methods, such as ``read()``, may also be called in async code.

    For frameworks whose handlers read files without ``await``: they set ``file_storage_class = BlockingFileStorage`` in
    the class of their requests. A file on disk then blocks the event loop while it is read.
    """

    __module__ = "cardan.files"
    __slots__ = ()
    _guarded = False


class Part(CorePart):
    """A part of a multipart body. :meth:`save` also takes a path."""

    __module__ = "cardan"
    __slots__ = ()

    def save(self, dst: str | os.PathLike[str] | Writer) -> None:
        """Write the rest of the part to ``dst``.

        ``dst`` is a path, which is created or overwritten, or an object with ``write(bytes)``. Build the path with
        :attr:`safe_filename`, never with ``filename``. Raises :exc:`OSError` for a path that cannot be written.
        """
        target: Any = dst  # _save() takes paths, too
        super().save(target)

    def _save(self, dst: Any) -> None:
        if hasattr(dst, "write"):
            super()._save(dst)
            return
        with Path(dst).open("wb", buffering=0) as file:
            super()._save(_Whole(file))

    def asave(self, dst: str | os.PathLike[str] | Writer) -> Coroutine[Any, Any, None]:
        """Async twin of :meth:`save`; ``dst.write`` may be async. Files are written in worker threads."""
        target: Any = dst  # _asave() takes paths, too
        return super().asave(target)

    async def _asave(self, dst: Any) -> None:
        if hasattr(dst, "write"):
            await super()._asave(dst)
            return
        opened: list[FileIO] = []
        try:
            await call_beside(self, partial(_open_into, opened, dst))
            await super()._asave(_Whole(opened[0]))
        finally:
            for file in opened:
                file.close()


def _open_into(opened: list[FileIO], path: str | os.PathLike[str]) -> None:
    """Open a file to write, and add it to ``opened``: if a cancellation replaces the result, it can be closed still."""
    opened.append(Path(path).open("wb", buffering=0))  # noqa: SIM115 - the caller closes it


class _Whole:
    """A raw file whose ``write`` writes all of it."""

    __slots__ = ("_file",)

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def write(self, data: bytes, /) -> None:
        write_all(self._file, [data])
