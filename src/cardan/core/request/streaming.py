"""StreamingMixin: the doors that consume a body as it comes: ``iter_data``, ``iter_parts``, their twins, ``stream``.

Nothing is stored. Raises :exc:`BodyConsumed` where another door was first, 413 and 400 while reading,
:exc:`WrongMode` from the twin that does not fit. Iterators here are objects and not generators: one that is not used
up is no warning on trio, and refers to no request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ..drive import Pieces, arun, run
from ..exceptions import BodyConsumed, UnsupportedMediaType
from ..forms.body_reader import BodyReader
from ..forms.parts import Part, PartReader
from .bodies import BytesBody
from .body import FORM, Body, unless_empty
from .data_reader import DataReader
from .loading import BodyBase
from .perform import perform, performer
from .stream import BodyStream

if TYPE_CHECKING:
    import io
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

    from ..drive import Step
    from ..forms.events import Field, FileStart

__all__ = ["StreamingMixin"]


class StreamingMixin(BodyBase):
    """The body as a stream."""

    # --- bytes ---

    def iter_data(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body piece by piece, nothing stored: every piece but the last has ``chunk_size`` bytes.

        Without a size each piece is what came. Raises :exc:`BodyConsumed` where another door was first, 413 and
        400 while reading, :exc:`WrongMode` in async code (there: ``aiter_data``).
        """
        self._no_block("iter_data()", "aiter_data()")
        reader = self._data_reader("iter_data()", chunk_size)
        act = performer(reader.body)
        return iter(lambda: run(reader.next(), act), b"")

    def aiter_data(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """The awaiting twin of :meth:`iter_data`; :exc:`WrongMode` in sync code."""
        self._no_await("aiter_data()", "iter_data()")
        reader = self._data_reader("aiter_data()", chunk_size)
        act = perform(reader.body)
        return Pieces(lambda: arun(reader.next(), act))

    @property
    def stream(self) -> io.BufferedIOBase:
        """The body as a file, bounded by its length and the limits; empty after the form was parsed.

        One file a request: it is the door that consumes. Over a body that was kept each access is a new file. In
        async code it is there after ``load()``, before it :exc:`WrongMode`.
        """
        body = self._body
        body.check()
        if body.raw is not None:
            return BodyStream.over(self._admit_raw(body.raw, memory=False))
        if body.taken == FORM and not body.busy and body.reading is None:
            return BodyStream.over(b"")
        if body.waits:
            self._no_block("stream", "`await request.load()` before it, or aiter_data()")
        known: io.BufferedIOBase | None = self.__dict__.get("_stream")
        if known is None:
            reader = self._data_reader("stream", None)
            act = performer(body)
            known = self.__dict__["_stream"] = BodyStream.reading(lambda: run(reader.next(), act))
        return known

    def _data_reader(self, door: str, size: int | None) -> DataReader:
        if size is not None and size < 1:
            raise ValueError(f"got chunk size {size}, expected at least 1 byte")
        body = self._body
        body.check()
        if body.raw is not None:
            return DataReader(_replay(body, self), BodyReader(content_length=None, limits=self.limits), size)
        self._admit(body)
        reader = BodyReader(content_length=self._declared_length, limits=self.limits)
        _take(body, door)
        return DataReader(body, reader, size)

    # --- parts ---

    def iter_parts(self) -> Iterator[Part]:
        """The parts of a multipart form one by one, nothing stored; what is not read of a part is skipped.

        Raises 415 for another Content-Type, otherwise as :meth:`iter_data`.
        """
        self._no_block("iter_parts()", "aiter_parts()")
        body, reader, may_be_empty = self._parts("iter_parts()")
        act = performer(body)
        return _Parts(reader, body, may_be_empty, lambda steps: run(steps, act))

    def aiter_parts(self) -> AsyncIterator[Part]:
        """The awaiting twin of :meth:`iter_parts`."""
        self._no_await("aiter_parts()", "iter_parts()")
        body, reader, may_be_empty = self._parts("aiter_parts()")
        act = perform(body)
        return _AsyncParts(reader, body, may_be_empty, lambda steps: arun(steps, act), self._run_sync)

    def _parts(self, door: str) -> tuple[Body, PartReader, bool]:
        if self.mimetype != "multipart/form-data":
            self._body.check()
            raise UnsupportedMediaType(f"got Content-Type {self.mimetype!r}, expected multipart/form-data")
        body = self._body
        body.check()
        self._admit(body)
        length = self._declared_length
        reader = PartReader(
            self.headers.get("Content-Type", ""),
            length,
            limits=self.limits,
            forms=self.forms,
            part_class=self.part_class,
        )
        if body.raw is not None:
            body = _replay(body, self)
        else:
            _take(body, door)
        return body, reader, not self._announces_body(length)


class _PartsBase:
    """The parts of one body; ``drive`` runs a routine, by calling or by awaiting.

    ``may_be_empty``: no body was announced, so that one without a byte has no parts and is not broken.
    """

    __slots__ = ("_body", "_drive", "_ended", "_may_be_empty", "_reader", "_run_sync")

    def __init__(
        self,
        reader: PartReader,
        body: Body,
        may_be_empty: bool,
        drive: Callable[[Any], Any],
        run_sync: Any = None,
    ) -> None:
        self._reader = reader
        self._body = body
        self._may_be_empty = may_be_empty
        self._drive = drive
        self._run_sync = run_sync
        self._ended = False

    def _next_part(self) -> Generator[Step, Any, Field | FileStart | None]:
        if self._ended:
            return None
        steps = self._reader.next_part()
        if self._may_be_empty:
            self._may_be_empty = False
            steps = unless_empty(steps, None)
        start: Field | FileStart | None = yield from self._guarded(steps)
        self._ended = start is None
        return start

    def _guarded(self, steps: Generator[Step, Any, Any]) -> Generator[Step, Any, Any]:
        """The same steps; the body remembers what they raise, but for misuse."""
        try:
            return (yield from steps)
        except BaseException as error:
            if not isinstance(error, RuntimeError):
                self._body.fail(error)
            raise

    def _run(self, steps: Generator[Step, Any, Any]) -> Any:
        """What a part reads its data with."""
        return self._drive(self._guarded(steps))


class _Parts(_PartsBase):
    """What ``iter_parts`` gives."""

    __slots__ = ()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Part:
        start = self._drive(self._next_part())
        if start is None:
            raise StopIteration
        part = self._reader.current = self._reader.part_class(self._reader, start, "sync", self._run)
        return part


class _AsyncParts(_PartsBase):
    """What ``aiter_parts`` gives."""

    __slots__ = ()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Part:
        start = await self._drive(self._next_part())
        if start is None:
            raise StopAsyncIteration
        part = self._reader.current = self._reader.part_class(self._reader, start, "async", self._run, self._run_sync)
        return part


def _take(body: Body, door: str) -> None:
    if body.busy:
        raise BodyConsumed(f"got {door} while load() reads the body, expected it before or after that")
    body.take(door)


def _replay(body: Body, request: BodyBase) -> Body:
    """A body of its own over the bytes kept, so that a stream over them consumes nothing."""
    assert body.raw is not None
    return BytesBody(request._admit_raw(body.raw, memory=False))
