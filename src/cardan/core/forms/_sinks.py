"""Sinks: the objects that the files of a form are written to, and the sink in memory.

A sink may be of any kind (:class:`io.BytesIO`, a temporary file, an object with a ``stream``, an async file). The
functions here say where a file begins in a sink, whether the sink stays open for the file's reader, and rewind it. They
raise what the sink raises: a ``seek`` that has to write what was buffered may meet a full disk.

:class:`MemorySink` keeps a file in memory. It raises :exc:`~cardan.exceptions.RequestEntityTooLarge` if all files
of one form together would hold more than ``max_spool_memory``: core has no disk to write to.
"""

from __future__ import annotations

from errno import ESPIPE
from functools import partial
from inspect import iscoroutinefunction
from io import BytesIO, UnsupportedOperation
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Self

from .._buffers import add_piece, as_bytes
from .._exceptions import RequestEntityTooLarge
from ..drive import run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .._buffers import Buffer
    from .._limits import Limits

__all__ = [
    "MemoryBudget",
    "MemorySink",
    "Sink",
    "blocks",
    "is_async",
    "is_awaited",
    "rewind",
    "rewinding",
    "start_of",
    "stays_open",
]


class Sink(Protocol):
    """What the data of an uploaded file is written to. Only ``write`` is needed.

    See :meth:`cardan.Request.make_file_sink` for the other methods that are used if the sink has them.
    """

    def write(self, data: bytes, /) -> object:
        """Take the next piece of the file. An ``async def`` is awaited."""
        ...


def start_of(sink: Any) -> int:
    """The position in ``sink`` at which the next file will begin; 0 if the sink cannot tell.

    A ``stream`` is asked only if it is an attribute of the object itself: a property may make the file when it is
    first read, of the data that was written until then. A ``tell`` that has to be awaited is left to async code.
    """
    tell = getattr(_own_stream(sink), "tell", None)
    if tell is None or iscoroutinefunction(tell):
        return 0
    try:
        start = tell()
    except (OSError, ValueError):  # a pipe, a closed file: rewinding will say so, if it matters
        return 0
    return start if type(start) is int else 0


def _own_stream(sink: Any) -> Any:
    return getattr(sink, "__dict__", {}).get("stream", sink)


def stays_open(sink: Any) -> bool:
    """Whether ``sink`` stays open when its file is complete: it has a ``stream``, or can be read itself."""
    if getattr(sink, "rewinds", False) or hasattr(sink, "stream"):  # ``stream`` may take time to make
        return True
    if not hasattr(sink, "read") or getattr(sink, "closed", False) is True:
        return False
    readable = getattr(sink, "readable", None)  # a file that is open for writing has a read() as well, which raises
    return readable is None or iscoroutinefunction(readable) or readable() is not False


def is_awaited(sink: Any) -> bool:
    """Whether writing to ``sink``, or leaving it, has to be awaited."""
    return iscoroutinefunction(getattr(sink, "write", None)) or hasattr(type(sink), "__aexit__")


def blocks(sink: Any, size: int) -> bool:
    """Whether writing ``size`` bytes may block. A sink of a user's own, which cannot tell, is assumed to."""
    would_block = getattr(sink, "would_block", None)
    return type(sink) is not BytesIO if would_block is None else bool(would_block(size))


def is_async(sink: Any) -> bool:
    """Whether seeking in what ``sink`` is read from has to be awaited."""
    seek = getattr(getattr(sink, "stream", sink), "seek", None)
    return seek is not None and iscoroutinefunction(seek)


def rewinding(sink: Any, start: int) -> Generator[Callable[[], Any], Any, None]:
    """Yields the calls that bring a complete file back to its ``start``; the caller makes them.

    There are no calls for a sink that does not stay open, that was closed, or that cannot seek. Do not use it for a
    sink with a true attribute ``rewinds``: its ``stream`` is at its start at the first access, and
    asking for the stream may take time.
    """
    if not stays_open(sink):
        return
    stream = getattr(sink, "stream", sink)
    seek = getattr(stream, "seek", None)
    if seek is None or getattr(stream, "closed", False) is True:
        return
    seekable = getattr(stream, "seekable", None)
    try:
        if seekable is None or (yield seekable):
            yield partial(seek, start)
    except OSError as error:
        if error.errno != ESPIPE and not isinstance(error, UnsupportedOperation):
            raise  # a full disk, say: what was buffered is lost


def rewind(sink: Any, start: int) -> None:
    """Make the calls of :func:`rewinding`, unless they have to be awaited. Blocks if the sink blocks."""
    if not is_async(sink):
        run(rewinding(sink, start), _call)


def _call(function: Callable[[], Any]) -> Any:
    return function()


class MemoryBudget:
    """How much memory the files of one form use together: ``used`` of ``allowed`` bytes; None means no limit."""

    __module__ = "cardan.core.forms"
    __slots__ = ("allowed", "used")

    def __init__(self, limits: Limits) -> None:
        self.allowed: int | None = limits.max_spool_memory
        """How many bytes the files may use together; None for no limit."""
        self.used: int = 0
        """How many bytes they use."""

    def take(self, size: int) -> bool:
        """Count ``size`` more bytes, if they are allowed; returns whether they are."""
        used = self.used + size
        if self.allowed is not None and used > self.allowed:
            return False
        self.used = used
        return True


class MemorySink:
    """Collects the data of one file: ``size`` in bytes, and ``stream``, a file over the data that can seek."""

    __module__ = "cardan.core.forms"
    __slots__ = ("_budget", "_chunks", "_stream", "size")

    on_disk = False
    """Whether the data are in a file."""
    rewinds = True
    """``stream`` is at its start at the first access, so that no ``seek`` is needed."""

    def __init__(self, budget: MemoryBudget | None = None) -> None:
        self._budget = budget
        self._chunks: list[bytes] = []
        self._stream: BinaryIO | None = None
        self.size: int = 0
        """How many bytes were written."""

    @classmethod
    def holding(cls, data: bytes) -> Self:
        """A complete sink with ``data``, which the caller has counted."""
        sink = cls()
        sink._chunks.append(data)
        sink.size = len(data)
        return sink

    def write(self, data: Buffer) -> int:
        """Keep ``data``, any bytes-like object; returns its length in bytes."""
        if type(data) is not bytes:
            data = as_bytes(data)
        size = len(data)
        budget = self._budget
        if budget is not None and not budget.take(size):
            raise RequestEntityTooLarge(limit="max_spool_memory", allowed=budget.allowed)
        add_piece(self._chunks, data)
        self.size += size
        return size

    def would_block(self, size: int) -> bool:
        """False: memory does not block."""
        return False

    def getvalue(self) -> bytes:
        """All data that was written."""
        chunks = self._chunks
        if len(chunks) > 1:
            chunks[:] = [b"".join(chunks)]
        return chunks[0] if chunks else b""

    @property
    def stream(self) -> BinaryIO:
        """The data as a file, the same object each time; at its start at the first access."""
        if self._stream is None:
            self._stream = BytesIO(self.getvalue())
        return self._stream

    def close(self) -> None:
        """Free the data and close ``stream``."""
        self._chunks = []
        if self._stream is None:
            self._stream = BytesIO()
        self._stream.close()


Sink.__module__ = "cardan.core.forms"
