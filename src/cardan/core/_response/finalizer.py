"""ResponseFinalizer: the machine that turns the chunks of a body into what is sent, for both protocols.

It takes the request's method, the status, the header fields and the length of the body if it is known, and lets
``final_head.py`` decide on the head. It is fed the chunks of the body, and gives :class:`Head`, :class:`Chunk` and
:class:`End`. A body that is longer or shorter than its Content-Length raises :exc:`ContentLengthError`, before a byte
too many is sent. It does no I/O.

    state     feed(chunk)                    close()
    head      Head, then as body             Head, End
    body      Chunk (nothing for b"")        End
    done      MachineStateError              nothing
    failed    the same error again           the same error again
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NoReturn, TypeAlias

from .._checks import check_type
from .._exceptions import MachineStateError
from .._pickling import slots_state
from .._status import PHRASES, is_phrase
from .encoding import encode
from .final_head import final_fields, has_body
from .trailers import Trailers, takes_trailers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .._buffers import Buffer
    from .final_head import HeaderPair

__all__ = [
    "Chunk",
    "ContentLengthError",
    "End",
    "Head",
    "ResponseEvent",
    "ResponseFinalizer",
    "check_length",
]


class ContentLengthError(RuntimeError):
    """The body is longer or shorter than its Content-Length: framing would break (RFC 9112 section 6.3)."""

    __module__ = "cardan.core"


@dataclass(slots=True)
class Head:
    """The response starts: status code, reason phrase, header fields as they are sent.

    ``trailers`` are the names of the fields that :class:`End` may have, as the field ``Trailer`` announces them.
    """

    __module__ = "cardan.core"
    __getstate__ = slots_state

    status: int
    reason: str
    headers: list[tuple[str, str]]
    trailers: tuple[str, ...] = ()


@dataclass(slots=True)
class Chunk:
    """A piece of the body, never empty."""

    __module__ = "cardan.core"
    __getstate__ = slots_state

    data: bytes


@dataclass(slots=True)
class End:
    """The response is complete. ``trailers`` are the fields that follow the body (RFC 9110 section 6.5)."""

    __module__ = "cardan.core"
    __getstate__ = slots_state

    trailers: list[tuple[str, str]] = field(default_factory=list)


ResponseEvent: TypeAlias = "Head | Chunk | End"
"""The events that a finalizer gives."""


def check_length(length: int | None, declared: int | None) -> None:
    """Raise :exc:`ContentLengthError` if the ``length`` of a body is known and is not the declared one."""
    if length is not None and declared != length:
        raise ContentLengthError(f"got a body of {length} bytes, expected {declared} as declared")


class ResponseFinalizer:
    """The machine for one sending of a response; see the module.

    ``headers`` are pairs of text. ``length`` is the length of the body in bytes, None if it is not known. ``trailers``
    are sent if ``trailers_over``, the HTTP version of a server that can send trailer fields, allows them after this
    body: HTTP/2 and later, or HTTP/1.1 without a Content-Length. Raises :exc:`ValueError` for a status or field that
    must not be sent, :exc:`ContentLengthError` for a known length that is not the declared one, and :exc:`TypeError`
    for a method that is not text.
    """

    __module__ = "cardan.core"
    __slots__ = ("_announced", "_declared", "_error", "_sent", "_trailers", "head", "sends_body", "state")

    readers: ClassVar[dict[str, Callable[[ResponseFinalizer, bytes], list[ResponseEvent]]]]
    """What reads a chunk in each state."""

    def __init__(
        self,
        method: str,
        status: int,
        headers: Iterable[HeaderPair],
        *,
        length: int | None = None,
        reason: str | None = None,
        trailers: Trailers | None = None,
        trailers_over: str | None = None,
    ) -> None:
        if type(method) is not str:  # b"HEAD" is no "HEAD": a body would follow the head
            check_type("method", method, str, "text")
        if trailers:
            headers = list(headers)
        fields, self._declared = final_fields(method, status, headers, length)
        self.sends_body: bool = has_body(method, status)
        """Whether chunks are sent. If not, the body need not be produced."""
        if self.sends_body:
            check_length(length, self._declared)
        if reason is not None and not is_phrase(reason):
            raise ValueError(f"got reason phrase {reason!r}, expected latin-1 text without control characters")
        self.head: Head = Head(status, reason or PHRASES.get(status, "Unknown"), fields)
        """The status and the fields, the first event."""
        self._trailers = trailers
        self._announced = {name.lower() for name in trailers} if trailers else ()
        if trailers and self.sends_body and takes_trailers(trailers_over, self._declared):
            self.head.trailers = tuple(trailers)
            own = [value for name, value in headers if name.lower() == "trailer"]
            fields.append(("Trailer", ", ".join(own or trailers)))
        self._sent = 0
        self._error: Exception | None = None
        self.state: str = "head"
        """The name of the current state."""

    def feed(self, chunk: str | Buffer) -> list[ResponseEvent]:
        """The events for ``chunk``, text or any bytes-like object. Raises :exc:`TypeError` for anything else.

        An empty chunk gives only the head, if that was not given before.
        """
        if self._error is not None:
            raise self._error
        try:
            data = encode(chunk)
        except (TypeError, ValueError) as error:  # ValueError: a lone surrogate, a memoryview that was released
            self._fail(error)
        return self.readers[self.state](self, data)

    def close(self) -> list[ResponseEvent]:
        """The last events. Raises :exc:`ContentLengthError` if fewer bytes were fed than were declared.

        Calls the functions that give values of trailer fields, if these are sent, and raises what they raise. Raises
        :exc:`RuntimeError` for a trailer field that was named after the head was made, which cannot announce it.
        """
        if self._error is not None:
            raise self._error
        if self.state == "done":
            return []
        events = self.feed(b"")
        if self.sends_body and self._declared is not None and self._sent < self._declared:
            self._fail(ContentLengthError(f"got a body of {self._sent} bytes, expected {self._declared} as declared"))
        events.append(End(self._last_fields()) if self._trailers is not None else End())
        self.state = "done"
        return events

    def drop_trailers(self) -> None:
        """Send no trailer fields: the body does not come to its own end."""
        self._trailers = None

    def _last_fields(self) -> list[HeaderPair]:
        """The trailer fields."""
        assert self._trailers is not None
        if late := [name for name in self._trailers if name.lower() not in self._announced]:
            names = ", ".join(late)
            self._fail(RuntimeError(f"got the trailer field {names} after the head was made, expected it before"))
        if not self.head.trailers:
            return []
        try:
            return self._trailers.to_list()
        except Exception as error:
            self._fail(error)

    @property
    def declared(self) -> int | None:
        """The Content-Length that the head declares, in bytes; None if it declares none."""
        return self._declared

    @property
    def has_all(self) -> bool:
        """Whether nothing more has to be sent: :meth:`close` was called, or all declared bytes were fed."""
        return self.state == "done" or not self.sends_body or self._sent == self._declared

    def _read_head(self, chunk: bytes) -> list[ResponseEvent]:
        self.state = "body"
        return [self.head, *self._read_body(chunk)]

    def _read_body(self, chunk: bytes) -> list[ResponseEvent]:
        if not chunk or not self.sends_body:
            return []
        self._sent += len(chunk)
        if self._declared is not None and self._sent > self._declared:
            self._fail(ContentLengthError(f"got a body of at least {self._sent} bytes, expected {self._declared}"))
        return [Chunk(chunk)]

    def _read_done(self, chunk: bytes) -> list[ResponseEvent]:
        raise MachineStateError("got a chunk after close(), expected none")

    def _fail(self, error: Exception) -> NoReturn:
        self._error = error
        self.state = "failed"
        raise error


ResponseFinalizer.readers = {
    "head": ResponseFinalizer._read_head,
    "body": ResponseFinalizer._read_body,
    "done": ResponseFinalizer._read_done,
}
