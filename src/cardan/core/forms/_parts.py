"""PartReader and Part: read a multipart body part by part. Nothing is stored.

:class:`PartReader` takes what :class:`~cardan.core.forms._reader.FormReader` takes and gives :class:`Part` objects in
turn. The data of a part is read when it is asked for, and skipped otherwise. Both raise what the machines raise, and
:exc:`~cardan.exceptions.BodyConsumed` for a part that is read after the next one was asked for.

Every operation is written once, as a generator of steps (:mod:`cardan.core.drive`). Its two twins differ in how the
steps are run: ``run(steps)`` calls, ``arun(steps)`` awaits.
"""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Literal

from .._buffers import CHUNK_SIZE, add_piece
from .._exceptions import BodyConsumed, HTTPException, MultipartError, RequestEntityTooLarge, WrongMode
from .._pieces import Pieces
from ..drive import Read
from ..fields._options import parse_options
from ..fields._syntax import OWS
from ..structures._immutable import ImmutableDict
from ._body_reader import DEFAULTS, BodyReader
from ._content_type import parse_form_type
from ._decoder import MultipartDecoder
from ._events import Field, FileStart
from ._filenames import safe_filename
from ._files import COPY_SIZE, Writer, may_block, writer
from ._head import sent_filename
from ._plan import least_read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator, Mapping

    from .._limits import Limits
    from ..drive import AsyncStream, Step
    from ..structures._headers import HeadersView
    from ._events import FormEvent
    from ._files import RunSync
    from ._plan import FormRules

__all__ = ["Part", "PartReader", "call_beside"]

READ_SIZE: Final = CHUNK_SIZE
_EMPTY: Final[tuple[FormEvent, ...]] = ()


class Part:
    """A text field (``filename`` is None) or a file. Its data can be read once, before the next part is asked for.

    Async code uses the methods with an ``a`` before the name; the others raise
    :exc:`~cardan.exceptions.WrongMode` there.
    """

    __module__ = "cardan.core.forms"
    __slots__ = ("_held", "_limits", "_mode", "_reader", "_run", "_run_sync", "_whole", "filename", "headers", "name")

    def __init__(
        self,
        reader: PartReader,
        start: Field | FileStart,
        mode: Literal["sync", "async"],
        run: Callable[[Any], Any],
        run_sync: RunSync = None,
    ) -> None:
        self.name: str = start.name
        """The name of the field."""
        self.headers: HeadersView = start.headers  # type: ignore[assignment]  # a part of a multipart has them
        """The header fields of the part."""
        self.filename: str | None = None
        """The name that the client sent, None for a field that is no file. Never use it as a path."""
        self._whole: bytes | None = None
        if type(start) is Field:
            self._held = start.raw
            self._whole = start.raw
        else:
            self._held = b""
            self.filename = start.filename  # type: ignore[union-attr]
        self._reader = reader
        self._mode = mode
        self._run = run
        self._run_sync = run_sync

    @property
    def content_type(self) -> str | None:
        """The Content-Type as it was sent."""
        return self.headers.get("Content-Type")

    @property
    def mimetype(self) -> str:
        """The Content-Type without parameters, in lower case; ``""`` if none was sent."""
        return (self.content_type or "").partition(";")[0].strip(OWS).lower()

    @property
    def mimetype_params(self) -> Mapping[str, str]:
        """The parameters of the Content-Type (RFC 9110 section 8.3.1), names in lower case; read-only."""
        return ImmutableDict(parse_options(self.content_type or "")[1])

    @property
    def filename_bytes(self) -> bytes | None:
        """The bytes of the filename that the client sent, which need not be UTF-8; None for a text field."""
        return sent_filename(self.headers, self.filename)

    @property
    def safe_filename(self) -> str:
        """A name to store the file under; see :func:`~cardan.core.forms.safe_filename`."""
        return safe_filename(self.filename)

    def __repr__(self) -> str:
        return f"<Part {self.name!r} filename={self.filename!r}>"

    # --- sync ---

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes, fewer only at the end; all that are left for -1.

        If all that are left exceed ``max_data_memory``, a file raises 413; a field has the limits of forms.
        """
        self._check("sync", "read()", "aread()")
        data: bytes = self._run(self._read(size))
        return data

    def iter_data(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The rest of the data: pieces of ``chunk_size`` bytes (the last may be shorter), or by default as received."""
        self._check("sync", "iter_data()", "aiter_data()")
        return iter(lambda: self._run(self._next(chunk_size)), b"")

    def save(self, dst: Writer) -> None:
        """Write the rest of the data to ``dst``, an object with ``write(bytes)``."""
        self._check("sync", "save()", "asave()")
        self._save(dst)

    def _save(self, dst: Any) -> None:
        write = writer(dst)
        for data in self.iter_data():
            write(data)

    # --- async: plain functions, which raise in sync code when they are called, and not only when they are awaited ---

    def aread(self, size: int = -1) -> Coroutine[Any, Any, bytes]:
        """The awaiting twin of :meth:`read`."""
        self._check("async", "aread()", "read()")
        reading: Coroutine[Any, Any, bytes] = self._run(self._read(size))
        return reading

    def aiter_data(self, chunk_size: int | None = None) -> AsyncStream[bytes]:
        """The awaiting twin of :meth:`iter_data`."""
        self._check("async", "aiter_data()", "iter_data()")
        return Pieces(lambda: self._run(self._next(chunk_size)))

    def asave(self, dst: Writer) -> Coroutine[Any, Any, None]:
        """The awaiting twin of :meth:`save`; ``dst.write`` may be async, else it is called in a worker thread.

        Raises :exc:`RuntimeError` if it may block and the request of core was made without ``run_sync``.
        """
        self._check("async", "asave()", "save()")
        return self._asave(dst)

    async def _asave(self, dst: Any) -> None:
        write = writer(dst)
        blocks = may_block(dst)
        async for data in self.aiter_data(COPY_SIZE):
            if iscoroutinefunction(write):
                await write(data)
            elif blocks:
                await self._call(write, data)
            else:
                write(data)

    async def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        """``function(*args)``, which may block, in a worker thread."""
        if self._run_sync is None:
            raise RuntimeError("got a target that may block in async code, expected a request made with run_sync=")
        return await self._run_sync(function, *args)

    # --- the routines ---

    def _check(self, mode: str, call: str, twin: str) -> None:
        if self._mode != mode:
            raise WrongMode(f"got {call} in {self._mode} code, expected {twin}")

    def _piece(self) -> Generator[Step, Any, bytes]:
        """The next piece, as it was received."""
        if self._reader.current is not self:
            raise BodyConsumed(f"got a read of part {self.name!r}, expected it before the next part was asked for")
        data, self._held = self._held, b""
        if not data and self._whole is None:
            data = yield from self._reader.next_data()
        return data

    def _read(self, wanted: int) -> Generator[Step, Any, bytes]:
        if wanted == 0:
            return b""
        if wanted > 0:
            return (yield from self._next(wanted))
        allowed = None if self.filename is None else self._reader.limits.max_data_memory
        pieces: list[bytes] = []
        size = 0
        while data := (yield from self._piece()):
            add_piece(pieces, data)
            size += len(data)
            if allowed is not None and size > allowed:
                raise RequestEntityTooLarge(limit="max_data_memory", allowed=allowed)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _next(self, size: int | None) -> Generator[Step, Any, bytes]:
        """The next ``size`` bytes, fewer only at the end."""
        if size is None:
            return (yield from self._piece())
        if size < 1:
            raise ValueError(f"got chunk size {size}, expected at least 1 byte")
        pieces: list[bytes] = []
        held = 0
        while held < size and (data := (yield from self._piece())):
            add_piece(pieces, data)
            held += len(data)
        whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._held = whole[size:]
        return whole[:size]


class PartReader:
    """Reads one multipart body. :meth:`next_part` and :meth:`next_data` are generators of steps; :meth:`iter` and
    :meth:`aiter` run them.

    ``current`` is the part whose data may be read, None before the first part and after the last.
    """

    __module__ = "cardan.core.forms"
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
        form_rules: FormRules = "default",
        part_class: type[Part] = Part,
    ) -> None:
        self.limits = limits = limits or DEFAULTS
        kind = parse_form_type(content_type, strict=form_rules == "strict")
        if kind is None or kind.kind != "multipart":
            raise MultipartError(f"got Content-Type {str(content_type)[:80]!r}, expected multipart/form-data")
        self._decoder = MultipartDecoder(kind.boundary, limits=limits, form_rules=form_rules)
        self.part_class = part_class
        self._reader = BodyReader(content_length=content_length, limits=limits)
        self._events: list[FormEvent] | tuple[FormEvent, ...] = _EMPTY
        self._at = 0
        self._ended = content_length == 0
        self._in_file = False
        self._error: HTTPException | None = None
        self._want = Read(READ_SIZE, False)
        self.current: Part | None = None
        """The part that was given last, None before the first one and after the last one."""

    def iter(self, run: Callable[[Any], Any]) -> Iterator[Part]:
        """The parts. ``run(steps)`` runs a generator of steps by calling, and returns what the generator returns."""
        while (start := run(self.next_part())) is not None:
            self.current = part = self.part_class(self, start, "sync", run)
            yield part

    async def aiter(self, arun: Callable[[Any], Awaitable[Any]], run_sync: RunSync = None) -> AsyncIterator[Part]:
        """The parts. ``arun(steps)`` runs a generator of steps by awaiting. ``run_sync`` runs blocking writes
        when a part is saved to a file.
        """
        while (start := await arun(self.next_part())) is not None:
            self.current = part = self.part_class(self, start, "async", arun, run_sync)
            yield part

    def next_part(self) -> Generator[Step, Any, Field | FileStart | None]:
        """The steps that give the start of the next part, None after the last; they skip the rest of this one."""
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

    def next_data(self) -> Generator[Step, Any, bytes]:
        """The steps that give the next piece of the data of the current file, ``b""`` at its end."""
        if not self._in_file:
            return b""
        event = yield from self._next()
        if type(event) is bytes:
            return event
        self._in_file = False
        return b""

    def _decode(self, data: bytes) -> None:
        """Decode ``data``. An error is raised after the events before it were given, so that it does not matter how
        the body is cut.
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
            self._decoder._least = least_read(self._reader.received)
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


def call_beside(part: Part, function: Callable[[], Any]) -> Awaitable[Any]:
    """Call a function that may block, in the thread in which the part makes its own blocking calls."""
    return part._call(function)
