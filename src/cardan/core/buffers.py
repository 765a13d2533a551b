"""Pieces from outside: any bytes-like object (bytes, bytearray, memoryview, array, mmap) as bytes of our own.

Takes what a server, a parser or a program hands over; gives bytes, which nobody can change afterwards: the sender may
use its buffer again. Raises :exc:`TypeError` for anything else, text included. Where pieces are many and small, the
caller looks at ``type(data) is bytes`` first.
"""

from __future__ import annotations

from typing import Protocol, TypeGuard

__all__ = ["Buffer", "as_bytes", "is_bytes_like"]


class Buffer(Protocol):
    """The type of bytes-like objects (PEP 688), for type checkers; :func:`is_bytes_like` tells at run time."""

    def __buffer__(self, flags: int, /) -> memoryview:
        """The memory of the object."""
        ...


def as_bytes(data: Buffer) -> bytes:
    """``data`` itself if it is bytes, else a copy of its buffer. Never what ``bytes(3)`` makes of a number."""
    if type(data) is bytes:
        return data
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"got {type(data).__name__}, expected bytes") from None
    return view.tobytes()


def is_bytes_like(value: object) -> TypeGuard[Buffer]:
    """Whether :func:`as_bytes` takes ``value``."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return True
    try:
        memoryview(value)  # type: ignore[arg-type]  # that is the question
    except TypeError:
        return False
    return True
