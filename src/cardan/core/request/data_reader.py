"""DataReader: a body piece by piece, nothing stored. The routine behind ``iter_data``, ``aiter_data`` and ``stream``.

Takes the body, who counts its bytes, and the size of a piece; :meth:`DataReader.next` yields reads and returns bytes.
Raises what the counting raises (400, 413); the body remembers it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ..drive import Read
from ..forms.body_reader import FAILED
from .body import drop_frames

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..drive import Step
    from ..forms.body_reader import BodyReader
    from .body import Body

__all__ = ["DataReader"]

#: what a read without a size of its own asks for: what a server takes from a socket at once
READ_SIZE = 65536


class DataReader:
    """With a ``size`` every piece but the last has exactly that many bytes, without one each is what came.

    Raises :exc:`ValueError` for a size below 1.
    """

    __slots__ = ("_held", "_parts", "_reader", "_size", "_start", "body")

    def __init__(self, body: Body, reader: BodyReader, size: int | None) -> None:
        self.body = body
        self._reader: BodyReader | None = reader
        self._size = size
        self._parts: deque[bytes] = deque()
        self._start = 0
        self._held = 0

    def next(self) -> Generator[Step, Any, bytes]:
        """The next piece, ``b""`` at the end and after it."""
        size = self._size
        self.body.check()
        while (reader := self._reader) is not None and (size is None or self._held < size):
            try:
                if reader.state is FAILED:  # by what came after the last piece
                    reader.feed(b"")
                data = yield Read(min(size or READ_SIZE, reader.want), False)
                piece = reader.feed(data) if data else reader.close()
            except BaseException as error:
                data = piece = reader.accepted
                reader.accepted = b""
                if not piece:
                    self.body.fail(error)
                    self._reader = None
                    drop_frames(error)
                    raise
                drop_frames(error)  # it is raised by the next step: what comes before it was not too much
            if not data:
                self._reader = None
            elif size is None:
                return piece
            else:
                self._parts.append(piece)
                self._held += len(piece)
        return self._cut(size) if size is not None else b""

    def _cut(self, size: int) -> bytes:
        """``size`` bytes of what is held, fewer only where there are no more."""
        pieces: list[bytes] = []
        need = min(size, self._held)
        self._held -= need
        while need:
            first, start = self._parts[0], self._start
            end = start + need
            if end < len(first):
                self._start = end
            else:
                self._parts.popleft()
                self._start = 0
            piece = first[start:end]
            pieces.append(piece)
            need -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
