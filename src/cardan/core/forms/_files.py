"""FileStorage: one uploaded file, in memory or on disk.

Takes the head of the file and the object with its data (a sink of a form, or any binary file). The data are read by
plain methods in sync code, and in async code by their twins with an ``a`` before the name. Raises what the file raises,
and :exc:`~cardan.exceptions.WrongMode` from the twin for the other mode, if the mode is known. The twins for async
code never touch the disk on the event loop: they use ``run_sync``, a callable like ``trio.to_thread.run_sync``.
"""

from __future__ import annotations

from functools import partial
from inspect import iscoroutinefunction
from io import BytesIO
from types import BuiltinMethodType
from typing import IO, TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal, NoReturn, Protocol, Self, TypeAlias

from .._buffers import BATCH_SIZE
from .._closing import call_all
from .._exceptions import WrongMode
from .._pieces import Pieces
from .._waiting import checkpoint
from ..fields._options import parse_options
from ..fields._syntax import OWS
from ..structures._immutable import ImmutableDict
from ._file_methods import FileMethods
from ._filenames import safe_filename
from ._head import sent_filename

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping

    from ..drive import AsyncStream
    from ..structures._headers import HeadersView
    from ._events import FileStart

__all__ = [
    "COPY_SIZE",
    "FileLike",
    "FileStorage",
    "RunSync",
    "Writer",
    "arelease",
    "bind",
    "call_blocking",
    "closes_async",
    "declared_length",
    "is_async_file",
    "is_on_disk",
    "may_block",
    "release_all",
    "writer",
]

# those of anyio, trio and asyncio differ in their keywords
RunSync: TypeAlias = "Callable[..., Awaitable[Any]] | None"

#: How many bytes are copied at once: so many that the time of a call in a worker thread (some 100 us) does not matter.
COPY_SIZE = BATCH_SIZE


class Writer(Protocol):
    """An object to which a file is saved: a binary file, or one whose ``write`` is async."""

    def write(self, data: bytes, /) -> object:
        """Write all of ``data``."""
        ...


class FileLike(Protocol):
    """The least that a file object of a :class:`FileStorage` has. Other methods are those that its user calls."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes; all that are left for -1."""
        ...


class FileStorage(FileMethods):
    """An uploaded file. ``stream`` is the file object to read from.

    ``filename`` is the name that the client sent. Never use it as a path.

    The object is true if the user chose a file: if not, browsers send an empty file named ``""``.

    It is a binary file itself, for libraries that read one: ``zipfile.ZipFile(file)``. In async code the methods that
    may block raise :exc:`~cardan.exceptions.WrongMode`, and ``stream`` is the file for such a library, in a worker
    thread: ``await anyio.to_thread.run_sync(zipfile.ZipFile, file.stream)``.
    """

    __module__ = "cardan.core.forms"
    __slots__ = ("_declared", "_detached", "_headers", "_mode", "_run_sync", "_sink", "_size", "filename", "name")

    _guarded: ClassVar[bool] = True
    """Whether the methods that may block raise WrongMode in async code."""

    def __init__(
        self,
        stream: IO[bytes] | FileLike | None = None,
        filename: str | None = None,
        name: str | None = None,
        content_type: str | None = None,
        content_length: int | None = None,
        headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
    ) -> None:
        self._sink: Any = BytesIO() if stream is None else stream
        self.filename = filename
        self.name = name
        if headers is None or content_type is not None:
            headers = _make_headers(headers, content_type)
        self._headers: Any = headers
        self._declared = content_length
        self._size: int | None = None
        self._mode: Literal["sync", "async"] | None = None
        self._run_sync: RunSync = None
        self._detached = False

    @classmethod
    def from_part(cls, part: FileStart, sink: Any, size: int) -> Self:
        """The file that a form gives: ``part`` is its head, ``sink`` has its data, ``size`` bytes."""
        self = cls.__new__(cls)
        self._sink = sink
        self.filename = part.filename
        self.name = part.name
        self._headers = part.headers
        self._size = size
        self._declared = self._mode = self._run_sync = None
        self._detached = False
        return self

    # --- description ---

    @property
    def headers(self) -> HeadersView:
        """The header fields of the part."""
        headers: HeadersView = self._headers
        return headers

    @property
    def content_type(self) -> str | None:
        """The Content-Type as it was sent."""
        return self._headers.get("Content-Type")  # type: ignore[no-any-return]

    @property
    def mimetype(self) -> str:
        """The Content-Type without parameters, in lower case; ``""`` if none was sent."""
        return (self.content_type or "").partition(";")[0].strip(OWS).lower()

    @property
    def mimetype_params(self) -> Mapping[str, str]:
        """The parameters of the Content-Type (RFC 9110 section 8.3.1), names in lower case; read-only."""
        return ImmutableDict(parse_options(self.content_type or "")[1])

    @property
    def content_length(self) -> int:
        """The Content-Length that was declared for the part, else 0. Few clients send it; use ``size``."""
        if self._declared is not None:
            return self._declared
        return declared_length(self._headers)

    @property
    def filename_bytes(self) -> bytes | None:
        """The bytes of the filename that the client sent, which need not be UTF-8; None if there is no filename."""
        return sent_filename(self._headers, self.filename)

    @property
    def safe_filename(self) -> str:
        """A name to store the file under; see :func:`~cardan.core.forms.safe_filename`."""
        return safe_filename(self.filename)

    @property
    def size(self) -> int:
        """How many bytes the file has, whatever its headers say."""
        if self._size is None:
            stream = self.stream
            here = stream.tell()
            self._size = stream.seek(0, 2)
            stream.seek(here)
        return self._size

    def _forget_size(self) -> None:
        self._size = None

    @property
    def stream(self) -> BinaryIO:
        """The file object with the data. It is at its start when the handler gets it."""
        stream: BinaryIO = getattr(self._sink, "stream", self._sink)
        return stream

    @property
    def sink(self) -> Any:
        """What the data were written to: the object that ``make_file_sink`` of the request has returned.

        It knows what your program has made of the upload, such as its key in a store. Of a file that is made without a
        form it is ``stream``.
        """
        return self._sink

    def __bool__(self) -> bool:
        return bool(self.filename)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.filename!r} ({self.mimetype})>"

    # --- reading ---

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes from the current position; all that are left for -1."""
        self._sync("read()", "await aread()")
        return self.stream.read(size)

    def iter_data(self, chunk_size: int = COPY_SIZE) -> Iterator[bytes]:
        """The rest of the file in pieces of ``chunk_size`` bytes; the last one may be shorter."""
        self._sync("iter_data()", "aiter_data()")
        return iter(lambda: self.stream.read(_positive(chunk_size)), b"")

    def save(self, dst: Writer) -> None:
        """Copy the rest of the file to ``dst``, an object with ``write(bytes)``."""
        self._sync("save()", "await asave()")
        self._copy(dst)

    def _copy(self, dst: Any) -> None:
        write = writer(dst)
        while data := self.stream.read(COPY_SIZE):
            write(data)

    # the twins for async code are plain functions: called in sync code they raise, and not only when they are awaited

    def aread(self, size: int = -1, *, run_sync: RunSync = None) -> Coroutine[Any, Any, bytes]:
        """The awaiting twin of :meth:`read`."""
        self._async("aread()", "read()")
        return self._call(run_sync, self.stream.read, size)

    def aiter_data(self, chunk_size: int = COPY_SIZE, *, run_sync: RunSync = None) -> AsyncStream[bytes]:
        """The awaiting twin of :meth:`iter_data`."""
        self._async("aiter_data()", "iter_data()")
        size = _positive(chunk_size)

        async def read() -> bytes:
            await checkpoint()  # a file in memory is read without waiting for anything
            data: bytes = await self._call(run_sync, self.stream.read, size)
            return data

        return Pieces(read)

    def aseek(self, offset: int, whence: int = 0, *, run_sync: RunSync = None) -> Coroutine[Any, Any, int]:
        """The awaiting twin of :meth:`seek`."""
        self._async("aseek()", "seek()")
        return self._call(run_sync, self.stream.seek, offset, whence)

    def asave(self, dst: Writer, *, run_sync: RunSync = None) -> Coroutine[Any, Any, None]:
        """The awaiting twin of :meth:`save`; ``dst.write`` may be async."""
        self._async("asave()", "save()")
        return self._asave(dst, run_sync)

    async def _asave(self, dst: Any, run_sync: RunSync) -> None:
        blocks = may_block(dst)
        if not (self._is_async or iscoroutinefunction(getattr(dst, "write", None))):
            await self._call(run_sync, self._copy, dst, blocks=blocks)
            return
        write = writer(dst)
        while data := await self._call(run_sync, self.stream.read, COPY_SIZE):
            await checkpoint()
            await self._call(run_sync, write, data, blocks=blocks)

    @property
    def _is_async(self) -> bool:
        """Whether the file is async: its ``read`` has to be awaited."""
        return iscoroutinefunction(getattr(self.stream, "read", None))

    async def _call(self, run_sync: RunSync, function: Callable[..., Any], *args: Any, blocks: bool = False) -> Any:
        """Call ``function(*args)``: await it if it is async, run it in a worker thread if it may block."""
        # a function in C, such as the read() of a file in memory, is no coroutine function
        if type(function) is not BuiltinMethodType and iscoroutinefunction(function):
            return await function(*args)
        if not (blocks or is_on_disk(self)):
            return function(*args)
        run_sync = run_sync or self._run_sync
        if run_sync is None:
            what = "a file on disk" if is_on_disk(self) else "a target that may block"
            raise RuntimeError(f"got {what} in async code, expected run_sync= (trio.to_thread.run_sync, say)")
        waiting: Awaitable[Any] = run_sync(function, *args)
        return await waiting

    def _sync(self, call: str, instead: str = "") -> None:
        if self._mode == "async" and self._guarded:
            if not instead:
                raise WrongMode(f"got {call} in async code, expected file.stream.{call} in a worker thread")
            library = "file.stream for a library that wants a blocking file"
            raise WrongMode(f"got {call} in async code, expected {instead}; {library}")

    def _async(self, call: str, twin: str) -> None:
        if self._mode == "sync":
            raise WrongMode(f"got {call} in sync code, expected {twin}")

    # --- the end ---

    def detach(self) -> Self:
        """Keep the file open after the end of the request; the caller has to close it. Returns the file."""
        self._detached = True
        return self

    def close(self) -> None:
        """Close the file; may be called again. An async file is closed only by :meth:`aclose`."""
        sink = self._sink
        close = getattr(sink, "close", None)
        if close is not None and (getattr(sink, "rewinds", False) or not iscoroutinefunction(close)):
            close()

    def aclose(self, *, run_sync: RunSync = None) -> Coroutine[Any, Any, None]:
        """The awaiting twin of :meth:`close`: an async file is awaited, one on disk is closed in a worker thread."""
        self._async("aclose()", "close()")
        return self._aclose(run_sync)

    async def _aclose(self, run_sync: RunSync) -> None:
        if closes_async(self):
            sink: Any = self._sink
            await (getattr(sink, "aclose", None) or sink.close)()
            return
        run_sync = run_sync or self._run_sync
        if run_sync is not None and is_on_disk(self):
            await run_sync(self.close)
        else:
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("got an uploaded file to copy or pickle, expected its bytes: file.read() or await file.aread()")


def _make_headers(headers: Any, content_type: str | None) -> Any:
    from ..structures._headers import Headers

    headers = Headers(headers)
    if content_type is not None:
        headers["Content-Type"] = content_type
    return headers


def declared_length(headers: Mapping[str, str]) -> int:
    """The Content-Length in the ``headers`` of a part, 0 if there is none that is valid."""
    value = (headers.get("Content-Length") or "").strip(OWS)
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else 0


def _positive(size: int) -> int:
    if size < 1:
        raise ValueError(f"got chunk size {size}, expected at least 1 byte")
    return size


def writer(dst: Any) -> Callable[[bytes], Any]:
    """The ``write`` of a target to save to. Raises TypeError for a path, because core opens no files."""
    write: Callable[[bytes], Any] | None = getattr(dst, "write", None)
    if write is None:
        raise TypeError(f"got {type(dst).__name__}, expected an object with write(); cardan's own takes paths, too")
    return write


def may_block(dst: object) -> bool:
    """Whether writing to a target may block. That of a plain file in memory does not."""
    return type(dst) is not BytesIO


def is_async_file(file: FileStorage) -> bool:
    """True if the ``read`` of the file has to be awaited."""
    return file._is_async


def call_blocking(file: FileStorage, run_sync: RunSync, function: Callable[[], Any]) -> Awaitable[Any]:
    """Call a function that may block, where the file makes its own blocking calls, or by ``run_sync`` if given."""
    return file._call(run_sync, function, blocks=True)


# --- for requests and adapters: functions, so that users do not see them when they complete ``file.`` ---


def bind(file: FileStorage, mode: Literal["sync", "async"] | None, run_sync: RunSync = None) -> None:
    """Set the ``mode`` of the code that uses the file, and what runs blocking work there."""
    file._mode = mode
    file._run_sync = run_sync


def is_on_disk(file: object) -> bool:
    """Whether reading and closing a file of a form may touch the disk; also true for a file that does not say."""
    sink = file._sink if isinstance(file, FileStorage) else file
    return bool(getattr(sink, "on_disk", not isinstance(sink, BytesIO)))


def closes_async(file: object) -> bool:
    """Whether closing a file of a form has to be awaited. False for a file that is no :class:`FileStorage`."""
    if not isinstance(file, FileStorage):
        return False
    sink = file._sink
    if getattr(sink, "rewinds", False):  # a sink of cardan
        return False
    return any(iscoroutinefunction(getattr(sink, name, None)) for name in ("aclose", "close"))


def release_all(files: Iterable[Any]) -> None:
    """Close the files of forms at the end of the request, those that were not detached. The first error is raised after
    all were closed.
    """
    call_all([partial(_release, file) for file in files])


def _release(file: Any) -> None:
    if not (isinstance(file, FileStorage) and file._detached):
        file.close()


async def arelease(file: FileStorage) -> None:
    """Close a file of a form in async code, unless it was detached."""
    if not file._detached:
        await file._aclose(None)
