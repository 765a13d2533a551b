"""PartReader and Part: a multipart body part by part, nothing stored.

Takes what :class:`~cardan.core.forms.reader.FormReader` takes; hands out :class:`Part` objects in turn, whose
data is read when asked for and skipped otherwise. Raises what the machines raise, and
:exc:`~cardan.core.exceptions.BodyConsumed` for a part that was passed. What is done stands once, as generators of
steps; the twins differ in who runs them: ``run(steps)`` by calling, ``arun(steps)`` by awaiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..drive import Read
from ..exceptions import HTTPException, MultipartError
from .body_reader import DEFAULTS, BodyReader
from .content_type import parse_form_type
from .decoder import Forms, MultipartDecoder
from .events import Field, FileEnd, FileStart
from .part import Part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator

    from ..drive import Step
    from ..limits import Limits
    from .events import FormEvent

__all__ = ["Part", "PartReader"]

READ_SIZE = 65_536
_EMPTY: tuple[FormEvent, ...] = ()


class PartReader:
    """Reads one multipart body. :meth:`next_part` and :meth:`next_data` are the routines; :meth:`iter` and
    :meth:`aiter` run them.

    ``current`` is the part whose data may be read, None before the first and after the last.
    """

    __slots__ = (
        "_at",
        "_decoder",
        "_ended",
        "_error",
        "_events",
        "_in_file",
        "_reader",
        "_want",
        "current",
        "limits",
        "part_class",
    )

    def __init__(
        self,
        content_type: str | None,
        content_length: int | None,
        *,
        limits: Limits | None = None,
        forms: Forms = "default",
        part_class: type[Part] = Part,
    ) -> None:
        self.limits = limits = limits or DEFAULTS
        kind = parse_form_type(content_type, strict=forms == "strict")
        if kind is None or kind.kind != "multipart":
            raise MultipartError(f"got Content-Type {str(content_type)[:80]!r}, expected multipart/form-data")
        self._decoder = MultipartDecoder(kind.boundary, limits=limits, forms=forms)
        self.part_class = part_class
        self._reader = BodyReader(content_length=content_length, limits=limits)
        self._events: list[FormEvent] | tuple[FormEvent, ...] = _EMPTY
        self._at = 0
        self._ended = content_length == 0
        self._in_file = False
        self._error: HTTPException | None = None
        self._want = Read(READ_SIZE, False)
        self.current: Part | None = None

    def iter(self, run: Callable[[Any], Any]) -> Iterator[Part]:
        """The parts; ``run(steps)`` runs a routine by calling and returns what it returns."""
        while (start := run(self.next_part())) is not None:
            self.current = part = self.part_class(self, start, "sync", run)
            yield part

    async def aiter(self, arun: Callable[[Any], Awaitable[Any]], run_sync: Any = None) -> AsyncIterator[Part]:
        """The parts; ``arun(steps)`` runs a routine by awaiting. ``run_sync`` is where parts are saved to files."""
        while (start := await arun(self.next_part())) is not None:
            self.current = part = self.part_class(self, start, "async", arun, run_sync)
            yield part

    def next_part(self) -> Generator[Step, Any, Field | FileStart | None]:
        """The routine that gets the next part; None after the last. What is left of this one is skipped."""
        self.current = None
        while True:
            event = yield from self._next()
            if event is None:
                return None
            kind = type(event)
            if kind is FileStart:
                self._in_file = True
                return event  # type: ignore[return-value]
            if kind is Field:
                return event  # type: ignore[return-value]
            if kind is FileEnd:
                self._in_file = False

    def next_data(self) -> Generator[Step, Any, bytes]:
        """The routine that gets the next piece of the current file's data, ``b""`` at its end."""
        if not self._in_file:
            return b""
        event = yield from self._next()
        if type(event) is bytes:
            return event
        self._in_file = False
        return b""

    def _decode(self, data: bytes) -> None:
        """Decode ``data``. An error waits until what comes before it was handed out: it does not matter how a body is
        cut.
        """
        reader, decoder = self._reader, self._decoder
        try:
            data = reader.feed(data)
        except HTTPException as error:
            self._error = error
            data = reader.accepted
        try:
            self._events = decoder.feed(data) if data else _EMPTY
        except HTTPException as error:
            self._error = error
            self._events = decoder.accepted

    def _next(self) -> Generator[Step, Any, FormEvent | None]:
        while self._at >= len(self._events):
            error, self._error = self._error, None
            if error is not None:
                try:
                    raise error
                finally:
                    del error
            if self._ended:
                return None
            size = min(self._want.size, self._reader.want, self._decoder.want)
            data = yield self._want if size == self._want.size else Read(size, False)
            self._at = 0
            self._events = _EMPTY
            if data:
                self._decode(data)
            else:
                self._reader.close()
                self._events = self._decoder.close()
                self._ended = True
        event = self._events[self._at]
        self._at += 1
        return event
