"""FilteredBody: a body behind a filter, for a request class that reads another body than the one that was sent.

Takes the body as it comes, who counts its bytes, and a machine with ``feed(bytes) -> bytes`` and ``close() -> bytes``;
is a body for every door. Raises what the counting raises, and :exc:`BadRequest` for whatever the filter does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..buffers import as_bytes
from ..drive import Read, arun, run
from ..exceptions import BadRequest, HTTPException
from ..forms.body_reader import FAILED
from .body import Body
from .perform import perform, performer

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..drive import Step
    from ..forms.body_reader import BodyReader

__all__ = ["BodyFilter", "FilteredBody"]


class BodyFilter(Protocol):
    """A machine that the bytes of a body pass through."""

    def feed(self, data: bytes, /) -> bytes:
        """What becomes of the next bytes, maybe nothing yet."""
        ...

    def close(self) -> bytes:
        """The body has ended: what is left. Raises :exc:`ValueError` or an HTTP error where something is missing."""
        ...


class FilteredBody(Body):
    """Reads ``sent`` through ``body_filter``; ``reader`` counts what was sent."""

    def __init__(self, sent: Body, reader: BodyReader, body_filter: BodyFilter) -> None:
        self.turn = [None]
        self._sent = sent
        self.blocks = sent.blocks
        self._reader = reader
        self._filter = body_filter

    def read(self, size: int, whole: bool) -> bytes:
        """What becomes of about ``size`` bytes that were sent; ``b""`` at the end."""
        return run(self._next(size, whole), performer(self._sent))

    async def aread(self, size: int, whole: bool) -> bytes:
        """Likewise, awaiting."""
        return await arun(self._next(size, whole), perform(self._sent))

    def abandon(self) -> None:
        """No task goes on with a read."""
        self._sent.abandon()

    def _next(self, size: int, whole: bool) -> Generator[Step, Any, bytes]:
        out = b""
        while not out and not self.ended:
            if self._reader.state is FAILED:  # by what came after the last piece
                self._reader.feed(b"")
            # what is there: a few bytes may become more than any limit allows
            out = self._pass((yield Read(min(size, self._reader.want), False)))
        return out

    def _counted(self, data: bytes) -> bytes:
        """``data`` up to the limit. Where that leaves some of it, the next step raises that it was too much."""
        reader = self._reader
        try:
            return reader.feed(data)
        except HTTPException as error:
            if not reader.accepted:
                raise
            error.__traceback__ = None
            return reader.accepted

    def _pass(self, data: bytes) -> bytes:
        """What the filter makes of ``data``; of nothing it makes the end. :exc:`TypeError` where that is not bytes."""
        return as_bytes(self._filtered(data))

    def _filtered(self, data: bytes) -> bytes:
        try:
            if data:
                return self._filter.feed(self._counted(data))
            self.ended = True
            self._reader.close()
            return self._filter.close()
        except HTTPException:
            raise
        except Exception as error:
            raise BadRequest("the body could not be decoded") from error
