"""Conversion of any bytes-like object (bytes, bytearray, memoryview, array, mmap) to bytes.

Servers, parsers and programs may reuse a buffer after they have passed it on. A copy as bytes cannot change. In a loop
over many small pieces, test ``type(data) is bytes`` before you call :func:`as_bytes`.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Final, Protocol, TypeGuard

__all__ = ["BATCH_SIZE", "CHUNK_SIZE", "READ_SIZE", "Buffer", "add_piece", "as_bytes", "is_bytes_like"]

#: How many bytes are read or copied at once: 64 KiB. A body of at most this size counts as small.
CHUNK_SIZE: Final = 65_536
#: How many bytes are asked for by a read that wants much: 256 KiB. It may have to cross from a thread to a loop.
READ_SIZE: Final = 262_144
#: How many bytes are collected before they are written or copied together: 1 MiB.
BATCH_SIZE: Final = 1_048_576
#: Two neighbours in a list of pieces have more bytes than this together.
SMALL_PIECES: Final = 4096


class Buffer(Protocol):
    """The type of bytes-like objects (PEP 688), for type checkers. At run time, use :func:`is_bytes_like`."""

    def __buffer__(self, flags: int, /) -> memoryview:
        """Return the memory of the object."""
        ...


def as_bytes(data: Buffer) -> bytes:
    """Return ``data`` if it is bytes, else a copy of its buffer as bytes.

    Raises :exc:`TypeError` for an object that is not bytes-like. Unlike ``bytes()``, it does not accept a number.
    """
    if type(data) is bytes:
        return data
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"got {type(data).__name__}, expected bytes") from None
    return view.tobytes()


def add_piece(pieces: MutableSequence[bytes], data: bytes) -> None:
    """Append ``data`` to ``pieces``; if the last piece and ``data`` are small, to the last piece.

    A client decides how small the pieces are, and each object takes some 40 bytes beside its data: a body that comes in
    pieces of two bytes would take twenty times its size.
    """
    if pieces and len(pieces[-1]) + len(data) <= SMALL_PIECES:
        pieces[-1] += data
    else:
        pieces.append(data)


def is_bytes_like(value: object) -> TypeGuard[Buffer]:
    """Return whether ``value`` is bytes-like, so that :func:`as_bytes` accepts it."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return True
    try:
        memoryview(value)  # type: ignore[arg-type]  # raises TypeError if it is not bytes-like
    except TypeError:
        return False
    return True
