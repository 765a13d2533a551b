"""Body: the body of one request, and which access consumed it. Also the bodies for core without an adapter.

One :class:`Body` stands behind all request objects over one request, so that no byte is read twice or lost. It is in
one of these states:

    fresh           nothing was read of it yet
    buffered        all of it was read and kept: every access gets its bytes from ``raw``
    form            it was parsed: the fields and files are kept, the bytes are gone
    ``iter_data()`` and other names     that access streams it: every other access raises BodyConsumed
    failed          reading it failed: every later access raises the same error

:func:`make_body` makes a body from bytes, an iterable or an async iterable of bytes. The adapters have their own, over
``wsgi.input`` and ``receive``.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from copy import copy
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from .._buffers import as_bytes, is_bytes_like
from .._exceptions import BodyConsumed, ClientDisconnected, HTTPException, WrongMode
from .._waiting import Asked, checkpoint, in_event_loop, make_event
from ..forms._files import arelease, closes_async, release_all
from ..forms._form import Form

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Hashable

    from .._buffers import Buffer
    from .._waiting import Event

__all__ = [
    "FORM",
    "AsyncIterableBody",
    "Body",
    "BodyInput",
    "BytesBody",
    "IterableBody",
    "SharedBody",
    "UnfinishedRead",
    "close_async_files",
    "drop_frames",
    "make_body",
    "parsed_before",
]

FORM = "form"
"""The value of :attr:`Body.taken` after the body was parsed as a form."""

BodyInput: TypeAlias = "Buffer | Iterable[Buffer] | AsyncIterable[Buffer]"
"""What ``core.Request`` takes as a body."""


class UnfinishedRead(Protocol):
    """A read of the whole body that several tasks wait for; see :mod:`~cardan.core._request.sharing`."""

    is_over: bool

    async def run(self) -> None:
        """Continue the read, until it ends or the task is cancelled."""
        ...

    def protect(self) -> None:
        """Shield the work on a sink that is being done, if there is some, as long as other tasks wait for the body."""
        ...

    async def abandon(self, error: BaseException) -> None:
        """End the read with ``error``, which cancelled the last task that could have continued it."""
        ...


class Body:
    """One body: a subclass knows where its bytes come from, this class knows its state (see the module).

    It refers to neither request nor environ nor scope, which would be a reference cycle. A body is made for every
    request that has one, so attributes that seldom change have their defaults in the class.
    """

    origin: Any = None
    """What it was opened on (``wsgi.input`` or ``receive``); other request objects find the body by it."""
    ended: bool = False
    """Whether the end was seen, so that no byte follows; False also if that is not known."""
    run_sync: Callable[..., Awaitable[Any]] | None = None
    """Runs a blocking read for async code, if that is needed."""
    blocks: bool = False
    """Whether no cancellation ends :meth:`aread` while it waits: a time-out is then noticed between two reads."""
    breaks_off: bool = False
    """Whether a cancellation in the middle of :meth:`aread` may end the source, so that what follows is lost."""
    disconnected: bool = False
    """Whether the client is known to have left."""
    leave_event: Any = None
    """The event to set when a read finds that the client has left, if a task waits for that."""
    asked: bool = False
    """Whether the source was asked for bytes: a client that waits for ``100 Continue`` may send the body then."""
    fresh: bool = True
    """Whether nothing was read of it yet, and no access has consumed it."""
    raw: bytes | None = None
    """The whole body, if it was read and kept; see :meth:`keep`."""
    taken: str | None = None
    """The name of the access that consumed the body, None if it is still there."""
    error: BaseException | None = None
    """Why reading failed; :meth:`check` raises it."""
    forms: tuple[tuple[object, Form | HTTPException], ...] = ()
    """Pairs of the settings that the body was parsed with, and the form, or the error that parsing raised."""
    reading: str | None = None
    """The name of the access that reads the body as a whole at this moment, see :meth:`begin`."""
    turn: list[None]
    """Has one item while no access reads the body. Popping it is atomic, so only one of several threads gets it."""
    driven: bool = False
    """Whether a task runs ``load()``. Other tasks that call ``load()`` wait for :attr:`waiter`."""
    unfinished: UnfinishedRead | None = None
    """The read that a ``load()`` has begun and not finished; the next task continues it."""
    waiter: Any = None
    """The event that tasks wait for while another one runs ``load()``."""
    make_event: Callable[[], Event] = staticmethod(make_event)
    """Makes an event of the event loop that runs."""
    waiting: int = 0
    """How many tasks wait for :attr:`waiter`."""
    filtered: dict[Hashable, Body] | None = None
    """This body behind each filter, by the function that makes the filter."""

    def read(self, size: int, whole: bool) -> bytes:
        """About ``size`` more bytes as :class:`~cardan.core.drive.Read` says, ``b""`` at the end; blocks."""
        raise NotImplementedError

    def aread(self, size: int, whole: bool) -> Coroutine[Any, Any, bytes]:
        """The awaiting twin of :meth:`read`."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Called when a task was cancelled in a read that no other task will continue."""

    @property
    def busy(self) -> bool:
        """Whether a ``load()`` has begun and is not over."""
        return self.driven or self.unfinished is not None

    @property
    def waits(self) -> bool:
        """Whether nothing was read yet, or a ``load()`` is not over."""
        return self.fresh or self.driven or self.unfinished is not None

    def check(self) -> None:
        """Raise the error that reading failed with, if it failed: a copy, which has a traceback of its own."""
        if self.error is not None:
            raise copy(self.error)

    def begin(self, access: str) -> None:
        """Say that ``access`` (``get_data()``, for instance) reads the body from now on, until :meth:`end`.

        If several threads begin at once, one of them reads; the others get a :exc:`BodyConsumed` that says so.
        """
        try:
            self.turn.pop()
        except IndexError:
            raise BodyConsumed(
                f"got {access} while {self.reading or 'something'} reads the body in another thread or task, "
                "expected one reader at a time"
            ) from None
        self.reading = access

    def end(self) -> None:
        """Say that the access that called :meth:`begin` no longer reads, whether it succeeded or failed."""
        self.reading = None
        self.turn.append(None)

    def take(self, access: str) -> None:
        """Let ``access`` consume the body. Raises :exc:`BodyConsumed`, or the error that reading failed with."""
        self.begin(access)
        try:
            self.take_begun(access)
        finally:
            self.end()

    def take_begun(self, access: str) -> None:
        """Do the same as :meth:`take`; to be called between :meth:`begin` and :meth:`end`."""
        self.check()
        if self.taken is not None:
            if self.taken == FORM != access:
                raise parsed_before(access)
            other = "parsed as a form by a request with other settings"
            why = other if self.taken == FORM else f"consumed by {self.taken}"
            raise BodyConsumed(f"got {access}, expected a body that is still there: it was {why}")
        self.taken = access
        self.fresh = False

    def keep(self, raw: bytes) -> None:
        """Keep ``raw``, which is the whole body: every access is served from it."""
        self.raw = raw
        self.taken = None
        self.fresh = False

    def fail(self, error: BaseException) -> None:
        """Remember why reading ended early. An HTTP error is raised again; any other becomes BodyConsumed.

        The error is kept without its traceback, whose frames would keep alive all that the request holds.
        """
        self.fresh = False
        if isinstance(error, (HTTPException, BodyConsumed)):
            self.error = copy(error)
        else:
            self.error = BodyConsumed(f"the body was not read to its end: {type(error).__name__} interrupted it")

    def form_of(self, settings: object) -> Form | HTTPException | None:
        """The form, or the error, of parsing with equal ``settings``; None if the body was not parsed with them."""
        for known, form in self.forms:  # one or two: comparing them is quicker than hashing
            if known == settings:
                return form
        return None

    def take_form(self, settings: object, form: Form) -> None:
        """Say that all of a fresh body was read and parsed with ``settings``."""
        self.taken = FORM
        self.fresh = False
        self.forms = ((settings, form),)

    def keep_form(self, settings: object, form: Form | HTTPException) -> None:
        """Remember the result of parsing with ``settings``."""
        self.forms = (*self.forms, (settings, form))

    def close(self) -> None:
        """Close the files of all forms. The forms stay, and what was read of the body stays.

        All files are closed even if closing one fails. The first error is raised afterwards.
        """
        release_all(self.files)

    @property
    def files(self) -> list[Any]:
        """The files of all forms."""
        found: list[Any] = []
        for _, form in self.forms:
            if isinstance(form, Form) and form.files:
                found += [file for _, file in form.files]
        if self.filtered:
            for body in self.filtered.values():
                found += body.files
        return found


async def close_async_files(files: list[Any]) -> None:
    """Close those of ``files`` whose end has to be awaited and that were not detached; the others are left alone.

    The first error is raised after all were closed, or a cancellation, if there was one.
    """
    first: BaseException | None = None
    for file in files:
        if closes_async(file):
            try:
                await arelease(file)
            except BaseException as error:
                if first is None or isinstance(first, Exception) > isinstance(error, Exception):
                    first = error
    if first is not None:
        try:
            raise first
        finally:
            del first  # its traceback holds this frame: no cycle


def parsed_before(access: str) -> BodyConsumed:
    """The error for ``access``, which wants the bytes of a body after it was parsed as a form."""
    return BodyConsumed(
        f"got {access} after the body was parsed as a form, expected it before: a parsed form keeps no bytes. "
        "Use form and files, or keep the bytes first: by get_data() in sync code, by `await request.load(form=False)` "
        "in async code, by @middleware(buffer=True) around an application"
    )


def drop_frames(error: BaseException) -> None:
    """Remove the traceback of an HTTP error that the machine which raised it keeps: they would be a reference cycle."""
    if isinstance(error, HTTPException):
        error.__traceback__ = None


# --- bodies for core without an adapter ---


def make_body(body: BodyInput) -> Body:
    """The body over bytes, an iterable or an async iterable of bytes; :exc:`TypeError` for anything else.

    Any bytes-like object may stand for bytes. It is copied: the caller may use its buffer again.
    """
    if is_bytes_like(body):
        return BytesBody(as_bytes(body))
    if isinstance(body, AsyncIterable):
        return AsyncIterableBody(body)
    if isinstance(body, Iterable) and not isinstance(body, str):
        return IterableBody(body)
    raise TypeError(f"got a body of type {type(body).__name__}, expected bytes or an iterable of bytes")


class BytesBody(Body):
    """A body that is in memory already."""

    def __init__(self, data: bytes, origin: object = None) -> None:
        self.turn = [None]
        self.origin = origin
        self._data = data
        self.ended = not data

    def read(self, size: int, whole: bool) -> bytes:
        """All of the body at once, then ``b""``."""
        data, self._data = self._data, b""
        self.ended = True
        return data

    async def aread(self, size: int, whole: bool) -> bytes:
        """All of the body at once, then ``b""``."""
        return self.read(size, whole)


class IterableBody(Body):
    """A body from an iterable of bytes."""

    blocks = True

    def __init__(self, chunks: Iterable[Buffer]) -> None:
        self.turn = [None]
        self._chunks = iter(chunks)

    def read(self, size: int, whole: bool) -> bytes:
        """The next chunk that is not empty, ``b""`` at the end."""
        try:
            for chunk in self._chunks:
                if data := as_bytes(chunk):
                    return data
        except (ClientDisconnected, OSError):
            self.disconnected = True
            raise
        return b""

    async def aread(self, size: int, whole: bool) -> bytes:
        """The same as :meth:`read`, after a checkpoint. A sync iterable is expected not to block for long."""
        await checkpoint()
        return self.read(size, whole)


class SharedBody(Body):
    """A body of which other tasks, that wait for it in ``load()``, need what a cancelled read would lose."""

    _pending: Asked[bytes] | None = None

    async def _read_shared(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        """The result of ``await read()``, in a task of its own, which a cancellation of this one does not end."""
        pending = self._pending
        if pending is None:
            pending = self._pending = Asked(read)
        try:
            await pending.wait()
        except BaseException:  # if it is done nevertheless, the next read takes its chunk
            if not pending.done and not self.waiting:
                self.abandon()
            raise
        self._pending = None
        return pending.result()

    def abandon(self) -> None:
        """Cancel the task that reads the next chunk."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()


class AsyncIterableBody(SharedBody):
    """A body from an async iterable of bytes."""

    breaks_off = True
    _closed: bool = False
    """Whether it was closed before its end was seen."""
    wait: Callable[..., Any] | None = None
    """Lets the event loop await an async function, while a worker thread has the request."""

    def __init__(self, chunks: AsyncIterable[Buffer]) -> None:
        self.turn = [None]
        self._chunks = aiter(chunks)

    def read(self, size: int, whole: bool) -> bytes:
        """The next chunk that is not empty, which the event loop reads for this thread; ``b""`` at the end.

        Raises :exc:`WrongMode` if the request is in no thread: nothing can await the chunk.
        """
        if self.wait is None:
            raise WrongMode(
                "got a sync read of an async body, expected `await request.load()`, `aiter_data()` or call_in_thread"
            )
        data: bytes = self.wait(self.aread, size, whole)
        return data

    async def aread(self, size: int, whole: bool) -> bytes:
        """The next chunk that is not empty, ``b""`` at the end; raises :exc:`BodyConsumed` after :meth:`aclose`."""
        if self._closed:
            raise BodyConsumed("got a read of the body after aclose(), expected it before")
        # in another event loop than asyncio and trio, a cancellation ends the generator
        return await (self._read_shared(self._next) if self.driven and in_event_loop() else self._next())

    async def _next(self) -> bytes:
        try:
            async for chunk in self._chunks:
                if data := as_bytes(chunk):
                    return data
        except (ClientDisconnected, OSError):
            self.disconnected = True
            raise
        self.ended = True
        return b""

    async def aclose(self) -> None:
        """Close an async generator that was not read to its end. What was read stays; a later read is an error."""
        aclose = getattr(self._chunks, "aclose", None)
        if aclose is not None and not getattr(self._chunks, "ag_running", False):
            self._closed = not self.ended
            await aclose()
