"""ResponseStream: a write-only file. The data that are written to it become the body of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .encoding import encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._buffers import Buffer
    from .base import BaseResponse

__all__ = ["ResponseStream", "ResponseStreamMixin"]


class ResponseStream:
    """``response.stream``: data that are written to it are appended to the body. Text is encoded as UTF-8.

    Writing removes a Content-Length that was set before. Raises :exc:`ValueError` after it was closed, and
    :exc:`RuntimeError` if the body cannot be collected.
    """

    mode = "wb+"
    """The mode of the file: it is written only, and in bytes."""
    encoding = "utf-8"
    """How text is encoded."""

    def __init__(self, response: BaseResponse) -> None:
        self.response = response
        self.closed: bool = False
        """Whether the file was closed."""

    def __repr__(self) -> str:
        return f"<the stream of {self.response!r}>"

    def write(self, value: str | Buffer) -> int:
        """Append ``value``, text or any bytes-like object; returns its length in characters or bytes."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        response = self.response
        response._ensure_sequence(mutable=True)
        data = encode(value)
        chunks: Any = response.response
        chunks.append(data)
        response.headers.remove("Content-Length")
        return len(value) if isinstance(value, str) else len(data)

    def writelines(self, values: Iterable[str | Buffer]) -> None:
        """Append each of ``values``."""
        for value in values:
            self.write(value)

    def close(self) -> None:
        """Close the file: later writes raise :exc:`ValueError`."""
        self.closed = True

    def flush(self) -> None:
        """Do nothing. Raises :exc:`ValueError` if the file is closed."""
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def isatty(self) -> bool:
        """False."""
        return False

    def writable(self) -> bool:
        """True."""
        return True

    def readable(self) -> bool:
        """False."""
        return False

    def seekable(self) -> bool:
        """False."""
        return False

    def tell(self) -> int:
        """The number of bytes in the body."""
        self.response._ensure_sequence()
        return self.response._buffered_length() or 0


class ResponseStreamMixin:
    """Adds ``stream``."""

    _stream: ResponseStream
    """The file. It is made at the first access."""

    @property
    def stream(self) -> ResponseStream:
        """The body as a write-only file; the same object each time."""
        known: Any = self.__dict__.get("_stream")
        if known is None:
            known = self.__dict__.setdefault("_stream", ResponseStream(self))  # type: ignore[arg-type]  # a mixin
        return known  # type: ignore[no-any-return]
