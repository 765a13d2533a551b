"""Body: what was read of one request body, and who consumed it; and the routines that read it whole.

One :class:`Body` stands behind all request objects over one request, so that nothing is read twice or lost. The
routines are generators of steps (:mod:`cardan.core.drive`): each door of a request, sync or async, runs the same one.

    fresh          -> it is read, and what was read is kept or handed on
    buffered       -> every door is served from ``raw``
    form           -> fields and files are kept; the bytes are gone
    <a door>       -> it streams: every other door raises BodyConsumed
    failed         -> every later access raises the same error again
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from ..drive import Read
from ..exceptions import BodyConsumed, HTTPException, RequestEntityTooLarge
from ..forms.body_reader import BodyReader
from ..forms.form import Form

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator, Hashable

    from ..drive import Step
    from ..limits import Limits
    from .sharing import SharedRead

__all__ = [
    "BATCH",
    "FORM",
    "Body",
    "check_raw",
    "check_size",
    "close_async_files",
    "drop_frames",
    "load_form",
    "load_raw",
    "resumed",
    "tightest",
    "unless_empty",
]

T = TypeVar("T")

#: bytes that a read which wants the whole body asks for: on ASGI one hop to the event loop each
BATCH = 256 * 1024

#: what ``taken`` says of a body that was parsed
FORM = "form"


class Body:
    """One body: where its bytes come from, which a subclass knows, and its state; see the module's table.

    Refers to neither request nor environ nor scope: no cycle. What most bodies never have are class attributes: one of
    these is made for every body.
    """

    origin: Any = None
    """What it was opened on (``wsgi.input`` or ``receive``), by which other request objects find it."""
    ended: bool = False
    """Whether the end was seen, so that nothing more can come; False also where that is not known."""
    run_sync: Callable[..., Awaitable[Any]] | None = None
    """Runs a blocking read for async code, where that is needed."""
    blocks: bool = False
    """Whether :meth:`aread` waits in a way that no cancellation ends: a time-out is noticed between two reads."""
    disconnected: bool = False
    """Whether the client is known to have left."""
    leave_event: Any = None
    """The event to set when a read finds that the client has left, where somebody waits for that."""
    asked: bool = False
    """Whether the source was asked for bytes: a client that waits for ``100 Continue`` may send the body then."""
    fresh: bool = True
    """Whether nobody has touched it."""
    raw: bytes | None = None
    """What was read and kept, see :meth:`keep`."""
    taken: str | None = None
    """The door that consumed the body, None while it is there."""
    error: BaseException | None = None
    """Why reading failed; :meth:`check` raises it."""
    forms: tuple[tuple[object, Form | HTTPException], ...] = ()
    """What was parsed of it, or why that failed, beside the settings that it was parsed with."""
    reading: str | None = None
    """What reads the body as a whole at this moment, see :meth:`begin`; None for nothing."""
    turn: list[None]
    """Has one item while nothing reads the body: to take that is one operation, between which no other thread comes."""
    driven: bool = False
    """Whether a task runs ``load()``; others wait for ``waiter``."""
    unfinished: SharedRead | None = None
    """What a ``load()`` has begun to read and not finished; the next task goes on with it."""
    waiter: Any = None
    waiting: int = 0
    """How many tasks wait in ``load()`` for the one that runs it."""
    filtered: dict[Hashable, Body] | None = None
    """The bodies that this one becomes behind filters, by what makes them."""

    def read(self, size: int, whole: bool) -> bytes:
        """About ``size`` more bytes as :class:`~cardan.core.drive.Read` says, ``b""`` at the end; blocks."""
        raise NotImplementedError

    def aread(self, size: int, whole: bool) -> Coroutine[Any, Any, bytes]:
        """Likewise, awaiting."""
        raise NotImplementedError

    def abandon(self) -> None:
        """No task goes on with a read that one of them has begun."""

    @property
    def state(self) -> str:
        """``fresh``, ``buffered``, ``form``, ``failed``, or the name of the door that streams it."""
        if self.error is not None:
            return "failed"
        return "buffered" if self.raw is not None else self.taken or "fresh"

    @property
    def busy(self) -> bool:
        """Whether a ``load()`` has begun and is not over."""
        return self.driven or self.unfinished is not None

    @property
    def waits(self) -> bool:
        """Whether nothing was read yet, or a ``load()`` is still at it."""
        return self.fresh or self.driven or self.unfinished is not None

    def check(self) -> None:
        """Raise the error that reading failed with, if it did: a copy, whose traceback is the reader's own."""
        if self.error is not None:
            raise copy(self.error)

    def begin(self, door: str) -> None:
        """Note that the access named ``door`` (``get_data()``, say) reads the body from now on, until :meth:`end`.

        If several threads begin at once, one of them reads; the others get a :exc:`BodyConsumed` that says so.
        """
        try:
            self.turn.pop()
        except IndexError:
            raise BodyConsumed(
                f"got {door} while {self.reading or 'something'} reads the body in another thread or task, "
                "expected one reader at a time"
            ) from None
        self.reading = door

    def end(self) -> None:
        """Note that the access that called :meth:`begin` no longer reads, whether it succeeded or failed."""
        self.reading = None
        self.turn.append(None)

    def take(self, door: str) -> None:
        """``door`` is about to consume the body: raises what has to be raised where that is not possible."""
        self.begin(door)
        try:
            self.take_begun(door)
        finally:
            self.end()

    def take_begun(self, door: str) -> None:
        """The same, between :meth:`begin` and :meth:`end`."""
        self.check()
        if self.taken is not None:
            why = (
                "parsed as a form by a request with other settings"
                if door == FORM == self.taken
                else f"consumed by {self.taken}"
            )
            raise BodyConsumed(f"got {door}, expected a body that is still there: it was {why}")
        self.taken = door
        self.fresh = False

    def keep(self, raw: bytes) -> None:
        """All of it was read: every door is served from ``raw``."""
        self.raw = raw
        self.taken = None
        self.fresh = False

    def fail(self, error: BaseException) -> None:
        """Remember why reading ended early. Only HTTP errors are the client's; after others the rest is just lost.

        What is kept has no traceback: its frames would keep alive all that the request holds.
        """
        self.fresh = False
        if isinstance(error, (HTTPException, BodyConsumed)):
            self.error = copy(error)
        else:
            self.error = BodyConsumed(f"the body was not read to its end: {type(error).__name__} interrupted it")

    def form_of(self, settings: object) -> Form | HTTPException | None:
        """What was parsed with equal ``settings``. There are one or two: comparing is quicker than hashing."""
        for known, form in self.forms:
            if known == settings:
                return form
        return None

    def take_form(self, settings: object, form: Form) -> None:
        """All of a body that nobody has touched was read and parsed."""
        self.taken = FORM
        self.fresh = False
        self.forms = ((settings, form),)

    def keep_form(self, settings: object, form: Form | HTTPException) -> None:
        """Remember what was parsed with ``settings``."""
        self.forms = (*self.forms, (settings, form))

    def close(self) -> None:
        """Close the files of all forms; each may be closed again. The forms stay: what was read is still there."""
        for _, form in self.forms:
            if isinstance(form, Form):
                form.close()
        for body in self.filtered.values() if self.filtered else ():
            body.close()

    @property
    def files(self) -> list[Any]:
        """The files of all forms."""
        found = [file for _, form in self.forms if isinstance(form, Form) for _, file in form.files]
        if self.filtered:
            for body in self.filtered.values():
                found += body.files
        return found


async def close_async_files(files: list[Any]) -> None:
    """Close those of ``files`` whose end has to be awaited and that nobody has detached; the others are left.

    The first error is raised after all were closed.
    """
    first: Exception | None = None
    for file in files:
        if getattr(file, "closes_async", False):
            try:
                await file.arelease()
            except Exception as error:
                first = first or error
    if first is not None:
        raise first


def drop_frames(error: BaseException) -> None:
    """Let an HTTP error forget the frames of the machine that raised it and keeps it: a cycle, with the request in."""
    if isinstance(error, HTTPException):
        error.__traceback__ = None


def check_raw(raw: bytes, declared: int | None, limits: Limits, *, memory: bool) -> bytes:
    """``raw`` if ``limits`` allow it, even where another request object with other limits has read it; else 413."""
    check_size(len(raw), declared, limits, memory=memory)
    return raw


def check_size(size: int, declared: int | None, limits: Limits, *, memory: bool) -> None:
    """Raise 413 if a body of ``size`` bytes exceeds ``max_content_length``, or ``max_data_memory`` where it is held in
    ``memory``. The error names the smaller of the two, which is exceeded first however the body is cut.
    """
    limit, allowed = tightest(limits, memory=memory)
    if allowed is not None and size > allowed:
        raise RequestEntityTooLarge(limit=limit, allowed=allowed, received=declared)


def tightest(limits: Limits, *, memory: bool) -> tuple[str, int | None]:
    """Name and value of the limit that a body exceeds first: ``max_content_length``, or ``max_data_memory`` where it is
    smaller and the body is held in ``memory``.
    """
    allowed, most = limits.max_content_length, limits.max_data_memory
    if memory and most is not None and (allowed is None or most < allowed):
        return "max_data_memory", most
    return "max_content_length", allowed


def load_raw(
    body: Body, content_length: int | None, limits: Limits, *, keep: bool, begun: bool = False
) -> Generator[Step, Any, bytes]:
    """The whole body as bytes, at most ``max_data_memory`` of them; kept for all other doors if ``keep``.

    ``begun``: the caller has called ``body.begin()``; it is ended here. Raises :exc:`RequestEntityTooLarge`,
    :exc:`ClientDisconnected`, :exc:`BadRequest`, :exc:`BodyConsumed`.
    """
    door = "get_data()" if keep else "get_data(cache=False)"
    if not begun:
        body.begin(door)
    try:
        body.check()
        if body.raw is not None:
            return body.raw
        if body.taken == FORM:
            return b""  # the original design: a parsed form keeps no bytes
        limit = None if content_length is not None else tightest(limits, memory=True)
        reader = BodyReader(content_length=content_length, limits=limits, limit=limit)
        body.take_begun(door)
        try:
            raw = yield from _read_all(reader)
        except BaseException as error:
            body.fail(error)
            del reader
            drop_frames(error)
            raise
        if keep:
            body.keep(raw)
        return raw
    finally:
        body.end()


def _read_all(reader: BodyReader) -> Generator[Step, Any, bytes]:
    chunks: list[bytes] = []
    while data := (yield Read(min(BATCH, reader.want))):
        chunks.append(reader.feed(data))
    reader.close()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def load_form(
    body: Body, settings: object, steps: Generator[Step, Any, Form], *, announced: bool, begun: bool = False
) -> Generator[Step, Any, Form]:
    """The parsed form: from what was parsed before under the same ``settings``, from the bytes kept, or read.

    Where no body was ``announced`` (RFC 9112 section 6.3) and none comes, the form is empty and not broken. ``begun``
    as for :func:`load_raw`.
    """
    if not begun and body.form_of(settings) is None and body.raw is None:
        body.begin(FORM)
        begun = True
    try:
        return (yield from _load_form(body, settings, steps, announced))
    finally:
        if begun:
            body.end()


def _load_form(
    body: Body, settings: object, steps: Generator[Step, Any, Form], announced: bool
) -> Generator[Step, Any, Form]:
    known = body.form_of(settings)
    if known is not None:
        steps.close()
        if isinstance(known, HTTPException):
            raise copy(known)
        return known
    body.check()
    if body.raw is None:
        body.take_begun(FORM)
        try:
            form = yield from (steps if announced else unless_empty(steps, Form()))
        except BaseException as error:
            body.fail(error)
            drop_frames(error)
            raise
    elif not body.raw and not announced:
        form = Form()
    else:
        try:
            form = yield from resumed(steps, body.raw, more=False)
        except HTTPException as error:
            body.keep_form(settings, copy(error))
            drop_frames(error)
            raise
    body.keep_form(settings, form)
    return form


def unless_empty(steps: Generator[Step, Any, T], empty: T) -> Generator[Step, Any, T]:
    """The same steps, but ``empty`` where the body has not a single byte."""
    try:
        step = next(steps)
    except StopIteration as stop:
        result: T = stop.value
        return result
    first = yield step  # a read: nothing comes before it
    if not first:
        steps.close()
        return empty
    return (yield from _answered(steps, first))


def _answered(steps: Generator[Step, Any, T], answer: Any) -> Generator[Step, Any, T]:
    """The rest of ``steps``, whose first step was performed with ``answer``."""
    advance: Any = steps.send
    try:
        while True:
            step = advance(answer)
            try:
                advance, answer = steps.send, (yield step)
            except BaseException as error:  # a cancellation, too: the parser closes its files
                advance, answer = steps.throw, error
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


def resumed(steps: Generator[Step, Any, T], first: bytes, *, more: bool) -> Generator[Step, Any, T]:
    """The same steps, with the first read answered by ``first`` and, without ``more``, the others by the end."""
    advance: Any = steps.send
    answer: Any = None
    pending = True
    try:
        while True:
            step = advance(answer)
            if type(step) is Read and (pending or not more):
                advance, answer, pending = steps.send, first if pending else b"", False
                continue
            try:
                advance, answer = steps.send, (yield step)
            except BaseException as error:  # a cancellation, too: the parser closes its files
                advance, answer = steps.throw, error
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()
