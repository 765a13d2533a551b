"""FilteredBody: a body whose bytes pass through the filter of a request class before anything else reads them.

It is made of the body that was sent, a :class:`BodyReader` that counts the bytes of that body, and a filter with
``feed(bytes) -> bytes`` and ``close() -> bytes``. It can be read in every way in which an ordinary body can. It raises
the errors of the :class:`BodyReader`, and :exc:`BadRequest` for any other exception of the filter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .._buffers import as_bytes
from .._exceptions import BadRequest, HTTPException
from .._waiting import in_event_loop
from ..drive import Read, arun, run
from ..forms._body_reader import FAILED
from .body import SharedBody
from .perform import perform, performer

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..drive import Step
    from ..forms._body_reader import BodyReader
    from .body import Body

__all__ = ["BodyFilter", "FilteredBody"]


class BodyFilter(Protocol):
    """The bytes of a body pass through it, piece by piece, before anything else reads them.

    :meth:`make_body_filter() <cardan.Request.make_body_filter>` of a request class returns one.
    """

    def feed(self, data: bytes, /) -> bytes:
        """Take the next bytes, and return what they become. That may be ``b""``."""
        ...

    def close(self) -> bytes:
        """Return the rest at the end of the body. Raises ValueError or an HTTP error if something is missing."""
        ...


class FilteredBody(SharedBody):
    """Reads ``sent`` through ``body_filter``. ``reader`` counts the bytes of ``sent`` and checks their limits."""

    def __init__(self, sent: Body, reader: BodyReader, body_filter: BodyFilter) -> None:
        self.turn = [None]
        self._sent = sent
        self.make_event = sent.make_event
        self._reader = reader
        self._filter = body_filter

    def read(self, size: int, whole: bool) -> bytes:
        """The filtered bytes of about ``size`` bytes that were sent; ``b""`` at the end."""
        return run(self._next(size, whole), performer(self._sent))

    async def aread(self, size: int, whole: bool) -> bytes:
        """The same as :meth:`read`, in async code."""

        async def read() -> bytes:
            return await arun(self._next(size, whole), perform(self._sent))

        # the tasks that wait are those of this body: the one that was sent does not know of them
        is_shared = self._sent.breaks_off and self.driven and in_event_loop()
        return await (self._read_shared(read) if is_shared else read())

    def abandon(self) -> None:
        """Note that no task will continue a cancelled read."""
        super().abandon()
        self._sent.abandon()

    def _next(self, size: int, whole: bool) -> Generator[Step, Any, bytes]:
        out = b""
        while not out and not self.ended:
            if self._reader.state is FAILED:  # the bytes after the last piece exceeded a limit
                self._reader.feed(b"")
            # read only what is there: the filter may turn a few bytes into more than any limit allows
            out = self._pass((yield Read(min(size, self._reader.want), False)))
        return out

    def _counted(self, data: bytes) -> bytes:
        """``data`` up to the limit. If it exceeds the limit, the bytes before that are returned, and the next
        call raises. It raises at once if there are none.
        """
        reader = self._reader
        try:
            return reader.feed(data)
        except HTTPException as error:
            if not reader.accepted:
                raise
            error.__traceback__ = None
            return reader.accepted

    def _pass(self, data: bytes) -> bytes:
        """What the filter returns for ``data``; ``b""`` is the end. Raises :exc:`TypeError` if that is not bytes."""
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


BodyFilter.__module__ = "cardan.core"
