"""Part: one part of a multipart body, while it comes in."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Literal

from ..exceptions import BodyConsumed, RequestEntityTooLarge, WrongMode
from .events import Field, FileStart
from .filenames import safe_filename
from .files import COPY_SIZE, writer
from .pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

    from ..drive import Step
    from ..structures.headers import HeadersView
    from .parts import PartReader

__all__ = ["Part"]


class Part:
    """A text field (``filename`` is None) or a file; its data can be read once, before the next part is asked for.

    In async code the names with an ``a`` before them; the others raise :exc:`~cardan.core.exceptions.WrongMode`.
    """

    __slots__ = ("_held", "_limits", "_mode", "_reader", "_run", "_run_sync", "_whole", "filename", "headers", "name")

    def __init__(
        self,
        reader: PartReader,
        start: Field | FileStart,
        mode: Literal["sync", "async"],
        run: Callable[[Any], Any],
        run_sync: Any = None,
    ) -> None:
        self.name = start.name
        self.headers: HeadersView = start.headers  # type: ignore[assignment]  # a part of a multipart has them
        self.filename: str | None = None
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
        """The Content-Type without parameters, in lower case; ``""`` where none was sent."""
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def safe_filename(self) -> str:
        """A name to store the file under; see :func:`~cardan.core.forms.filenames.safe_filename`."""
        return safe_filename(self.filename)

    def __repr__(self) -> str:
        return f"<Part {self.name!r} filename={self.filename!r}>"

    # --- sync ---

    def read(self) -> bytes:
        """What is left of the part. A field is bounded by the form's limits, a file by ``max_data_memory``: 413."""
        self._check("sync", "read()", "aread()")
        data: bytes = self._run(self._read())
        return data

    def iter_data(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """What is left, piece by piece: each of ``chunk_size`` bytes but the last, without a size each as it came."""
        self._check("sync", "iter_data()", "aiter_data()")
        return iter(lambda: self._run(self._next(chunk_size)), b"")

    def save(self, dst: Any) -> None:
        """Write what is left to ``dst``, an object with ``write(bytes)``."""
        write = writer(dst)
        for data in self.iter_data():
            write(data)

    # --- async ---

    async def aread(self) -> bytes:
        """The awaiting twin of :meth:`read`."""
        self._check("async", "aread()", "read()")
        data: bytes = await self._run(self._read())
        return data

    def aiter_data(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """The awaiting twin of :meth:`iter_data`."""
        self._check("async", "aiter_data()", "iter_data()")
        return Pieces(lambda: self._run(self._next(chunk_size)))

    async def asave(self, dst: Any) -> None:
        """The awaiting twin of :meth:`save`; ``dst.write`` may be async, else it is called in a worker thread."""
        write = writer(dst)
        async for data in self.aiter_data(COPY_SIZE):
            if iscoroutinefunction(write):
                await write(data)
            else:
                await self._call(write, data)

    async def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        """``function(*args)``, in a worker thread where there is a way to one."""
        return function(*args) if self._run_sync is None else await self._run_sync(function, *args)

    # --- the routines ---

    def _check(self, mode: str, call: str, twin: str) -> None:
        if self._mode != mode:
            raise WrongMode(f"got {call} in {self._mode} code, expected {twin}")

    def _piece(self) -> Generator[Step, Any, bytes]:
        """The next piece, as it comes."""
        if self._reader.current is not self:
            raise BodyConsumed(f"got a read of part {self.name!r}, expected it before the next part was asked for")
        data, self._held = self._held, b""
        if not data and self._whole is None:
            data = yield from self._reader.next_data()
        return data

    def _read(self) -> Generator[Step, Any, bytes]:
        allowed = None if self.filename is None else self._reader.limits.max_data_memory
        pieces, size = [], 0
        while data := (yield from self._piece()):
            pieces.append(data)
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
        pieces, held = [], 0
        while held < size and (data := (yield from self._piece())):
            pieces.append(data)
            held += len(data)
        whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._held = whole[size:]
        return whole[:size]
