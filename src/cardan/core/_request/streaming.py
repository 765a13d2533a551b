"""Reading the body of a request as a stream: ``iter_data``, ``iter_parts``, their awaiting twins, and ``stream``.

Each function takes the request and gives an iterator or a file. Nothing is stored. They raise
:exc:`~cardan.exceptions.BodyConsumed` if another access has consumed the body, and 413 and 400 while reading.

The iterators are objects and not generators: trio warns about an async generator that was not read to its end. They do
not refer to the request.
"""

from __future__ import annotations

import io
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Self

from .._buffers import BATCH_SIZE, CHUNK_SIZE, add_piece
from .._exceptions import BodyConsumed, UnsupportedMediaType
from .._pieces import Pieces
from ..drive import Read, arun, run
from ..forms._body_reader import FAILED, BodyReader
from ..forms._content_type import MULTIPART_TYPE
from ..forms._parts import Part, PartReader
from .body import FORM, Body, BytesBody, drop_frames
from .perform import perform, performer
from .reading import announces_body, check_kept, gone, no_block, opened, refuse_coded, refuse_unread, unless_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ..drive import AsyncStream, Step
    from ..forms._events import Field, FileStart
    from .state import ReadableRequest, RequestState

__all__ = ["BodyStream", "DataReader", "aiter_data", "aiter_parts", "iter_data", "iter_parts", "stream_of"]


def iter_data(request: ReadableRequest, chunk_size: int | None) -> Iterator[bytes]:
    """The pieces of the body, read by blocking."""
    reader = _data_reader(request, "iter_data()", chunk_size)
    act = performer(reader.body)
    return iter(lambda: run(reader.next(), act), b"")


def aiter_data(request: ReadableRequest, chunk_size: int | None) -> AsyncStream[bytes]:
    """The pieces of the body, read by awaiting."""
    reader = _data_reader(request, "aiter_data()", chunk_size)
    act = perform(reader.body)
    return Pieces(lambda: arun(reader.next(), act))


def stream_of(request: ReadableRequest) -> io.BufferedIOBase:
    """The body as a file. Over a body that was kept each call gives a new file, else there is one for each request."""
    state = opened(request)
    body = state.body
    body.check()
    if body.raw is not None:
        return io.BytesIO(check_kept(body.raw, state, memory=False))
    if body.taken == FORM and not body.busy and body.reading is None:
        return io.BytesIO(gone(request, "stream"))
    if body.waits:
        no_block(request, "stream", "`await request.load()` before it, or aiter_data()")
    if state.stream is None:
        reader = _data_reader(request, "stream", None)
        act = performer(body)
        state.stream = io.BufferedReader(BodyStream(lambda whole: run(reader.next(whole), act)))
    return state.stream


def _data_reader(request: ReadableRequest, access: str, size: int | None) -> DataReader:
    if size is not None and size < 1:
        raise ValueError(f"got chunk size {size}, expected at least 1 byte")
    state = opened(request)
    body = state.body
    body.check()
    length = state.length
    if body.raw is not None:
        return DataReader(_replay(state), BodyReader(content_length=None, limits=state.limits), size)
    refuse_unread(state)
    reader = BodyReader(content_length=length, limits=state.limits)
    _take(body, access)
    return DataReader(body, reader, size)


def iter_parts(request: ReadableRequest, part_class: type[Part]) -> Iterator[Part]:
    """The parts of a multipart form as objects of ``part_class``, read by blocking."""
    body, reader, may_be_empty = _part_reader(request, part_class, "iter_parts()")
    act = performer(body)
    return _Parts(reader, body, may_be_empty, lambda steps: run(steps, act))


def aiter_parts(request: ReadableRequest, part_class: type[Part]) -> AsyncStream[Part]:
    """The parts of a multipart form as objects of ``part_class``, read by awaiting."""
    body, reader, may_be_empty = _part_reader(request, part_class, "aiter_parts()")
    act = perform(body)
    return _AsyncParts(reader, body, may_be_empty, lambda steps: arun(steps, act), request._run_sync)


def _part_reader(request: ReadableRequest, part_class: type[Part], access: str) -> tuple[Body, PartReader, bool]:
    state = opened(request)
    body = state.body
    body.check()
    if request.mimetype != MULTIPART_TYPE:
        raise UnsupportedMediaType(f"got Content-Type {request.mimetype!r}, expected {MULTIPART_TYPE}")
    refuse_coded(state)
    length = state.length
    refuse_unread(state)
    reader = PartReader(
        request.content_type,
        length,
        limits=state.limits,
        form_rules=request.form_rules,
        part_class=part_class,
    )
    if body.raw is not None:
        body = _replay(state)
    else:
        _take(body, access)
    return body, reader, not announces_body(request, length)


def _take(body: Body, access: str) -> None:
    if body.busy:
        raise BodyConsumed(f"got {access} while load() reads the body, expected it before or after that")
    body.take(access)


def _replay(state: RequestState) -> Body:
    """A body of its own over the bytes that were kept, so that a stream over them consumes nothing."""
    assert state.body.raw is not None
    return BytesBody(check_kept(state.body.raw, state, memory=False))


#: bytes that a read asks for if the caller gave no size: what a server takes from a socket at once
READ_SIZE = CHUNK_SIZE


class DataReader:
    """A body piece by piece. With a ``size`` every piece but the last has exactly that many bytes; without one a piece
    is what one read gave. ``reader`` counts the bytes against the limits.
    """

    __slots__ = ("_held", "_parts", "_reader", "_size", "_start", "body")

    def __init__(self, body: Body, reader: BodyReader, size: int | None) -> None:
        self.body = body
        self._reader: BodyReader | None = reader
        self._size = size
        self._parts: deque[bytes] = deque()
        self._start = 0
        self._held = 0

    def next(self, whole: bool = False) -> Generator[Step, Any, bytes]:
        """The next piece, ``b""`` at the end and after it.

        ``whole``: the caller wants all that is left, so that the source may wait until it has a large piece. This
        counts only without a size.
        """
        size = self._size
        wanted = size or (BATCH_SIZE if whole else READ_SIZE)
        self.body.check()
        while (reader := self._reader) is not None and (size is None or self._held < size):
            try:
                if reader.state is FAILED:  # by the bytes after the last piece
                    reader.feed(b"")
                data = yield Read(min(wanted, reader.want), whole)
                piece = reader.feed(data) if data else reader.close()
            except BaseException as error:
                data = piece = reader.accepted
                reader.accepted = b""
                if not piece:
                    self.body.fail(error)
                    self._reader = None
                    drop_frames(error)
                    raise
                drop_frames(error)  # the next call raises it: the bytes before it are still within the limit
            if not data:
                self._reader = None
            elif size is None:
                return piece
            else:
                add_piece(self._parts, piece)
                self._held += len(piece)
        return self._cut(size) if size is not None else b""

    def _cut(self, size: int) -> bytes:
        """``size`` of the bytes that are held; fewer only if there are no more."""
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


_NOTHING: Final = memoryview(b"")


class BodyStream(io.RawIOBase):
    """A readable raw file over a function that gives the next bytes, ``b""`` at the end.

    The function gets True if all that is left is wanted, so that one call may give much of it. What it raises (413, a
    lost client) is raised by the read; nothing is ever cut off silently.
    """

    def __init__(self, pull: Callable[[bool], bytes]) -> None:
        super().__init__()
        self._pull = pull
        self._rest = _NOTHING

    def wrap(self, wrapper: Callable[[Callable[[bool], bytes]], Callable[[bool], bytes]]) -> None:
        """Replace the function by what ``wrapper`` makes of it."""
        self._pull = wrapper(self._pull)

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` with the next bytes; returns their number, 0 at the end."""
        if not self._rest:
            self._rest = memoryview(self._pull(False))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:] if size < len(self._rest) else _NOTHING  # an empty rest would keep its piece
        return size

    def readall(self) -> bytes:
        """All bytes that are left. They are in memory once, and the piece that was read last once more."""
        rest, self._rest = self._rest, _NOTHING
        first = bytes(rest) or self._pull(True)
        if not (data := first and self._pull(True)):
            return first
        whole = io.BytesIO()
        whole.write(first)
        del first
        while data:
            whole.write(data)
            data = self._pull(True)
        return whole.getvalue()


class _PartsBase:
    """The parts of one body; ``drive`` runs a routine, by calling or by awaiting.

    ``may_be_empty``: the head announces no body, so that a body without a byte has no parts and is not broken.
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
        start: Field | FileStart | None = yield from self._guarded(self._steps())
        self._ended = start is None
        return start

    def _steps(self) -> Generator[Step, Any, Field | FileStart | None]:
        if not self._may_be_empty:
            return (yield from self._reader.next_part())
        self._may_be_empty = False
        return (yield from unless_empty(self._reader.next_part(), None))

    def _guarded(self, steps: Generator[Step, Any, Any]) -> Generator[Step, Any, Any]:
        """The same steps; the body remembers the error that they raise, unless it is a mistake in the program."""
        try:
            return (yield from steps)
        except BaseException as error:
            if not isinstance(error, RuntimeError):
                self._body.fail(error)
            raise

    def _run(self, steps: Generator[Step, Any, Any]) -> Any:
        """Run the steps by which a part reads its data."""
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

    async def aclose(self) -> None:
        """End the iteration: no other part is read. The part that was given last can still be read."""
        self._ended = True
