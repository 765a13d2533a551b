"""Body: what was read of one request body, and who consumed it; and the routines that read it.

One :class:`Body` stands behind all request objects over one source, so that nothing is read twice or lost. The
routines are generators of steps (:mod:`cardan.core.drive`): each door of a request, sync or async, runs the same one.

    nothing yet    -> read, and what was read is kept or handed on
    buffered       -> every door is served from ``raw``
    form parsed    -> fields and files are kept; the bytes are gone
    streaming      -> every other door raises BodyConsumed
    failed         -> every later access raises the same error again
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from ..body.body_reader import BodyReader
from ..drive import Read
from ..exceptions import BodyConsumed, HTTPException, RequestEntityTooLarge

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable

    from ..body.form import Form
    from ..drive import Step
    from ..limits import Limits
    from .sources import Source

__all__ = ["BATCH", "Body", "DataReader", "check_raw", "from_memory", "load_form", "load_raw"]

T = TypeVar("T")

#: bytes that a read which wants the whole body asks for: on ASGI one hop to the event loop each (DESIGN: 256 KiB or more)
BATCH = 256 * 1024


class Body:
    """The state of one body; see the module's table. Knows neither request nor environ nor scope: no cycle."""

    __slots__ = ("busy", "error", "forms", "raw", "source", "taken", "waiter")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.raw: bytes | None = None
        self.taken: str | None = None
        self.error: BaseException | None = None
        self.forms: dict[Hashable, Form | HTTPException] = {}
        self.busy = False
        self.waiter: Any = None

    @property
    def state(self) -> str:
        """``fresh``, ``buffered``, ``form``, ``failed``, or the name of the door that streams it."""
        if self.error is not None:
            return "failed"
        return "buffered" if self.raw is not None else self.taken or "fresh"

    def take(self, door: str) -> None:
        """``door`` is about to consume the body: raises what has to be raised where that is not possible."""
        if self.error is not None:
            raise self.error
        if self.taken is not None:
            raise BodyConsumed(f"got {door}, expected a body that is still there: it was consumed by {self.taken}")
        self.taken = door

    def fail(self, error: BaseException) -> None:
        """Remember why reading ended early. Only HTTP errors are the client's; after others the rest is just lost."""
        if not isinstance(error, HTTPException):
            cause, error = error, BodyConsumed("the body was not read to its end: reading was interrupted")
            error.__cause__ = cause
        self.error = error

    def close(self) -> None:
        """Close the files of all forms; each may be closed again."""
        forms, self.forms = self.forms, {}
        for form in forms.values():
            if not isinstance(form, HTTPException):
                form.close()


def check_raw(raw: bytes, limits: Limits, *, memory: bool) -> bytes:
    """``raw`` if ``limits`` allow it, even where another request object with other limits has read it; else 413."""
    size = len(raw)
    if limits.max_content_length is not None and size > limits.max_content_length:
        raise RequestEntityTooLarge(limit="max_content_length", allowed=limits.max_content_length, received=size)
    if memory and limits.max_data_memory is not None and size > limits.max_data_memory:
        raise RequestEntityTooLarge(limit="max_data_memory", allowed=limits.max_data_memory, received=size)
    return raw


def load_raw(body: Body, content_length: int | None, limits: Limits, *, keep: bool) -> Generator[Step, Any, bytes]:
    """The whole body as bytes, at most ``max_data_memory`` of them; kept for all other doors if ``keep``.

    Raises :exc:`RequestEntityTooLarge`, :exc:`ClientDisconnected`, :exc:`BadRequest`, :exc:`BodyConsumed`.
    """
    if body.error is not None:
        raise body.error
    if body.raw is not None:
        return check_raw(body.raw, limits, memory=True)
    if body.taken == "form":
        return b""  # the original design: a parsed form keeps no bytes
    reader = BodyReader(content_length=content_length, limits=limits)
    if content_length is not None and limits.max_data_memory is not None and content_length > limits.max_data_memory:
        raise RequestEntityTooLarge(
            limit="max_data_memory", allowed=limits.max_data_memory, received=content_length
        )  # refused unread
    body.take("get_data")
    try:
        raw = yield from _read_all(reader, limits.max_data_memory)
    except BaseException as error:
        body.fail(error)
        raise
    if keep:
        body.raw, body.taken = raw, None
    return raw


def _read_all(reader: BodyReader, allowed: int | None) -> Generator[Step, Any, bytes]:
    chunks: list[bytes] = []
    want = Read(BATCH)
    while data := (yield want):
        chunks.append(reader.feed(data))
        if allowed is not None and reader.received > allowed:
            raise RequestEntityTooLarge(limit="max_data_memory", allowed=allowed, received=reader.received)
    reader.close()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def from_memory(steps: Generator[Step, Any, T], raw: bytes) -> Generator[Step, Any, T]:
    """The same steps, with every read answered from ``raw``."""
    advance: Any = steps.send
    answer: Any = None
    try:
        while True:
            step = advance(answer)
            if type(step) is Read:
                advance, answer, raw = steps.send, raw, b""
                continue
            try:
                advance, answer = steps.send, (yield step)
            except Exception as error:
                advance, answer = steps.throw, error
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


def load_form(body: Body, key: Hashable, steps: Generator[Step, Any, Form]) -> Generator[Step, Any, Form]:
    """The parsed form: from what was parsed before under the same settings ``key``, from the bytes kept, or read."""
    known = body.forms.get(key)
    if known is not None:
        steps.close()
        if isinstance(known, HTTPException):
            raise known
        return known
    if body.raw is not None:
        try:
            form = yield from from_memory(steps, body.raw)
        except HTTPException as error:
            body.forms[key] = error
            raise
    else:
        body.take("form")
        try:
            form = yield from steps
        except BaseException as error:
            body.fail(error)
            raise
    body.forms[key] = form
    return form


class DataReader:
    """A body as a stream: :meth:`next` is the routine that gets its next piece, ``b""`` at the end.

    With a ``size`` every piece but the last has exactly that many bytes, without one each is what came.
    """

    __slots__ = ("_held", "_parts", "_reader", "_size", "_start", "body")

    def __init__(self, body: Body, reader: BodyReader, size: int | None) -> None:
        if size is not None and size < 1:
            raise ValueError(f"got chunk size {size}, expected at least 1 byte")
        self.body = body
        self._reader: BodyReader | None = reader
        self._size = size
        self._parts: deque[bytes] = deque()
        self._start = 0
        self._held = 0

    def next(self) -> Generator[Step, Any, bytes]:
        """Read on until a piece is there; raises as :func:`load_raw` does."""
        size = self._size
        want = Read(size or 65536, False)
        while self._reader is not None and (size is None or self._held < size):
            if self.body.error is not None:
                raise self.body.error
            try:
                data = yield want
                piece = self._reader.feed(data) if data else self._reader.close()
            except BaseException as error:
                self.body.fail(error)
                raise
            if not data:
                self._reader = None
            elif size is None:
                return piece
            else:
                self._parts.append(piece)
                self._held += len(piece)
        return self._cut(size) if size is not None else b""

    def _cut(self, size: int) -> bytes:
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
