"""BodyStream: a request body as a file, for code that knows files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BodyStream"]


class BodyStream(io.RawIOBase):
    """A readable raw file over a function that gives the next bytes, ``b""`` at the end.

    What the function raises (413, a lost client) is raised by the read; nothing is ever cut off silently.
    """

    def __init__(self, pull: Callable[[], bytes]) -> None:
        super().__init__()
        self._pull = pull
        self._rest = memoryview(b"")

    @classmethod
    def reading(cls, pull: Callable[[], bytes]) -> io.BufferedReader:
        """A buffered file over ``pull``."""
        return io.BufferedReader(cls(pull), 65536)

    @staticmethod
    def over(data: bytes) -> io.BytesIO:
        """A file over bytes that are in memory."""
        return io.BytesIO(data)

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` with what is there next; 0 at the end."""
        if not self._rest:
            self._rest = memoryview(self._pull())
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
