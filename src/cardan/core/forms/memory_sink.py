"""MemorySink: a file of a form that stays in memory. Takes its pieces, gives them back as a file.

Raises :exc:`~cardan.core.exceptions.RequestEntityTooLarge` where all files of one form together would hold more than
``max_spool_memory``: core has no disk to go to. Copies nothing before someone reads.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Self

from ..buffers import as_bytes
from ..exceptions import RequestEntityTooLarge

if TYPE_CHECKING:
    from ..buffers import Buffer
    from ..limits import Limits

__all__ = ["MemoryBudget", "MemorySink"]


class MemoryBudget:
    """What the files of one form hold in memory together: ``used`` of ``allowed`` bytes, None for no limit."""

    __slots__ = ("allowed", "used")

    def __init__(self, limits: Limits) -> None:
        self.allowed = limits.max_spool_memory
        self.used = 0

    def take(self, size: int) -> bool:
        """Count ``size`` bytes more if they fit; tells whether they do."""
        used = self.used + size
        if self.allowed is not None and used > self.allowed:
            return False
        self.used = used
        return True


class MemorySink:
    """Collects what is written; ``size`` in bytes, ``stream`` a file over it that can be read and sought."""

    __slots__ = ("_budget", "_chunks", "_stream", "size")

    on_disk = False
    rewinds = True
    """``stream`` is at its start when it is first asked for: nobody has to seek."""

    def __init__(self, budget: MemoryBudget | None = None) -> None:
        self._budget = budget
        self._chunks: list[bytes] = []
        self._stream: BinaryIO | None = None
        self.size = 0

    @classmethod
    def holding(cls, data: bytes) -> Self:
        """A sink that has ``data``, which somebody has counted, and is complete."""
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
        self._chunks.append(data)
        self.size += size
        return size

    def would_block(self, size: int) -> bool:
        """Never: memory does not."""
        return False

    def getvalue(self) -> bytes:
        """All that was written."""
        chunks = self._chunks
        if len(chunks) > 1:
            chunks[:] = [b"".join(chunks)]
        return chunks[0] if chunks else b""

    @property
    def stream(self) -> BinaryIO:
        """The data as a file, at its start when first asked for; one and the same each time."""
        if self._stream is None:
            self._stream = BytesIO(self.getvalue())
        return self._stream

    def close(self) -> None:
        """Let go of the data; ``stream`` is closed."""
        self._chunks = []
        if self._stream is None:
            self._stream = BytesIO()
        self._stream.close()
