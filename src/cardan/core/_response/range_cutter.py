"""RangeCutter: cuts ranges out of the chunks of a body, in the form in which they are sent (RFC 9110 section 14).

Takes a :class:`Plan` and the chunks of the body; gives the bytes to send: one range unchanged, several ranges as
multipart/byteranges (section 14.6). Nothing is stored: bytes outside of the ranges are dropped at once. The ranges are
ascending and do not overlap.

    state     feed(chunk)                                close()
    before    nothing, until the next range starts       as end
    inside    its bytes                                  as end
    end       nothing                                    nothing; a body that was too short is cut short here as well
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._buffers import as_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._buffers import Buffer

__all__ = ["Piece", "Plan", "RangeCutter", "plan_ranges"]


def _random_boundary() -> str:
    return os.urandom(16).hex()


#: makes the boundary of multipart/byteranges: 128 random bits, which occur in no file; tests replace it
make_boundary: Callable[[], str] = _random_boundary


@dataclass(slots=True)
class Piece:
    """One range: the bytes from ``start`` up to ``stop``, and what is sent before them."""

    prefix: bytes
    start: int
    stop: int


@dataclass(slots=True)
class Plan:
    """What a 206 consists of: its pieces, the bytes that end it, its length in bytes, and its header fields."""

    pieces: list[Piece]
    suffix: bytes
    length: int
    content_type: str | None
    content_range: str | None


def plan_ranges(
    ranges: Sequence[tuple[int, int]], total: int, content_type: str | None, content_encoding: str | None = None
) -> Plan:
    """How to send ``ranges`` of ``total`` bytes of ``content_type``: one unchanged, several as multipart/byteranges.

    Of several ranges each part has its own Content-Type and Content-Range, and the head has not (section 14.6).
    """
    if len(ranges) == 1:
        ((start, stop),) = ranges
        return Plan([Piece(b"", start, stop)], b"", stop - start, content_type, f"bytes {start}-{stop - 1}/{total}")
    boundary = make_boundary()
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    kind += f"Content-Encoding: {content_encoding}\r\n" if content_encoding else ""
    pieces: list[Piece] = []
    for start, stop in ranges:
        lead = "\r\n" if pieces else ""
        head = f"{lead}--{boundary}\r\n{kind}Content-Range: bytes {start}-{stop - 1}/{total}\r\n\r\n"
        pieces.append(Piece(head.encode("latin-1"), start, stop))
    suffix = f"\r\n--{boundary}--\r\n".encode()
    length = sum(len(piece.prefix) + piece.stop - piece.start for piece in pieces) + len(suffix)
    return Plan(pieces, suffix, length, f"multipart/byteranges; boundary={boundary}", None)


class RangeCutter:
    """The machine; see the module."""

    __slots__ = ("_at", "_next", "_plan", "state")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._at = 0  # the position of the next byte that is fed
        self._next = 0  # the index of the piece that comes next, or that has begun
        self.state = "before"

    def feed(self, chunk: Buffer) -> list[bytes]:
        """The bytes to send for ``chunk``, any bytes-like object.

        When ``state`` is ``"end"``, no more chunks are needed.
        """
        chunk = as_bytes(chunk)
        out: list[bytes] = []
        begin, self._at = self._at, self._at + len(chunk)
        while self.state != "end":
            piece = self._plan.pieces[self._next]
            if self.state == "before":
                if piece.start >= self._at:
                    break
                self.state = "inside"
                if piece.prefix:
                    out.append(piece.prefix)
            part = chunk[max(piece.start - begin, 0) : piece.stop - begin]
            if part:
                out.append(part)
            if piece.stop > self._at:
                break
            self._end_piece(out)
        return out

    def _end_piece(self, out: list[bytes]) -> None:
        self._next += 1
        self.state = "before"
        if self._next == len(self._plan.pieces):
            self.state = "end"
            if self._plan.suffix:
                out.append(self._plan.suffix)

    def close(self) -> list[bytes]:
        """Note that the body has ended. The finalizer notices a body that is too short, by the Content-Length."""
        self.state = "end"
        return []
