"""ResponseFinalizer: the machine that decides what is sent, for both protocols.

Takes the request's method, the status, the header fields and the length of the body if it is known. It is fed the
chunks of the body, and gives :class:`Head`, :class:`Chunk` and :class:`End`. A body that is longer or shorter than its
Content-Length raises :exc:`ContentLengthError`, before a byte too many is sent. It does no I/O.

    state     feed(chunk)                    close()
    head      Head, then as body             Head, End
    body      Chunk (nothing for b"")        End
    done      MachineStateError              nothing
    failed    the same error again           the same error again
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn, TypeAlias

from .._exceptions import MachineStateError
from .._pickling import slots_state
from .._status import PHRASES, is_phrase
from .._urls import reference_to_uri
from ..fields import _dates
from ..fields._dates import http_date, parse_date, to_timestamp
from ..fields._syntax import is_text, is_token
from ..structures._header_rules import remember
from .encoding import encode
from .trailers import Trailers, takes_trailers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .._buffers import Buffer

__all__ = [
    "Chunk",
    "ContentLengthError",
    "End",
    "Head",
    "ResponseEvent",
    "ResponseFinalizer",
    "check_length",
    "final_fields",
    "has_body",
    "opens_tunnel",
]

HeaderPair: TypeAlias = "tuple[str, str]"

# name -> the name in lower case, for names that are known to be tokens; bounded
_lower_names: dict[str, str] = {}

#: The fields of the connection, which belongs to the server (RFC 9110 section 7.6.1). They are not sent: PEP 3333
#: forbids them ("Other HTTP Features"), HTTP/2 calls a response with one malformed (RFC 9113 section 8.2.2), and a
#: Transfer-Encoding beside a Content-Length breaks the framing (RFC 9112 section 6.3).
_OF_CONNECTION: Final = (
    "connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade",
)  # fmt: skip

#: The fields that are no lists, so that a response has each of them at most once (RFC 9110 section 5.3; the grammar of
#: each field). Clients disagree on which of two values counts.
_ONCE: Final = (
    # RFC 9110, RFC 9111, RFC 6266
    "age", "content-disposition", "content-md5", "content-range", "content-type", "date", "etag", "expires",
    "retry-after", "server",
    # Fetch, HTML, Service Workers, RFC 4918, RFC 6797, RFC 7089, RFC 8594, RFC 9745
    "access-control-allow-credentials", "access-control-allow-origin", "access-control-max-age",
    "cross-origin-embedder-policy", "cross-origin-embedder-policy-report-only", "cross-origin-opener-policy",
    "cross-origin-opener-policy-report-only", "cross-origin-resource-policy", "deprecation", "lock-token",
    "memento-datetime", "origin-agent-cluster", "refresh", "service-worker-allowed", "sourcemap",
    "strict-transport-security", "sunset",
)  # fmt: skip

#: the fields with rules of their own, and the rule
_RULES: Final = (
    dict.fromkeys(_OF_CONNECTION, "drop")
    | dict.fromkeys(_ONCE, "once")
    | dict.fromkeys(("location", "content-location"), "url")
    | {"content-length": "length", "last-modified": "past"}
)

#: the fields that a 304 does not have (RFC 9110 section 15.4.5): metadata of the representation that updates no cache
_NOT_IN_304: Final = frozenset({
    "content-type", "content-encoding", "content-language", "content-range", "content-digest", "content-md5",
})  # fmt: skip


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


def has_body(method: str, status: int) -> bool:
    """Whether a response to ``method`` with ``status`` may carry content (RFC 9110 sections 6.4.1 and 9.3.2).

    Methods are case-sensitive (section 9.1): ``head`` is another method than ``HEAD``.
    """
    return status not in (204, 205, 304) and method != "HEAD" and status >= 200 and not opens_tunnel(method, status)


def opens_tunnel(method: str, status: int) -> bool:
    """Whether the connection becomes a tunnel: a 2xx in answer to CONNECT (RFC 9110 section 9.3.6)."""
    return method == "CONNECT" and 200 <= status < 300


def final_fields(
    method: str, status: int, headers: Iterable[HeaderPair], length: int | None
) -> tuple[list[HeaderPair], int | None]:
    """The header fields as they are sent in answer to ``method``, a new list, and the Content-Length in them.

    ``length`` is the length of the body in bytes, None if it is not known. Fields of the connection are left out.
    A Last-Modified is written as an IMF-fixdate; one in the future becomes the current time. Raises :exc:`ValueError`
    for a status or field that must not be sent, for a Last-Modified that is no date, and for two fields of a name that
    is no list.
    """
    if not 200 <= status < 600:
        raise ValueError(f"got final status {status}, expected a code from 200 to 599")
    fields: list[HeaderPair] = []
    declared: int | None = None
    once: set[str] = set()
    for pair in headers:
        name, value = pair
        lower = _lower_names.get(name) or _checked_name(name)
        if not (value.isascii() and value.isprintable()) and not is_text(value):
            raise ValueError(f"got header field {name!r}: {value!r}, expected latin-1 text without control characters")
        rule = _RULES.get(lower)
        if rule is not None:
            if rule == "length":
                known, declared = declared, _parse_length(value)
                if known is not None and known != declared:
                    raise ValueError(f"got Content-Length {known} and {declared}, expected one")
                continue
            if rule == "drop":
                continue
            if lower in once:
                raise ValueError(f"got header field {name!r} twice, expected it once")
            once.add(lower)
            if rule == "url":
                pair = name, reference_to_uri(value)
            elif rule == "past":
                pair = name, _past_date(value)
        fields.append(pair)
    if status in (204, 205, 304):
        return _bodiless(status, fields), 0 if status == 205 else None
    if declared is None:
        declared = length
    if declared is not None:
        if opens_tunnel(method, status):  # it must not have the field (RFC 9110 section 8.6)
            return fields, None
        fields.append(("Content-Length", str(declared)))
    return fields, declared


def _checked_name(name: str) -> str:
    if not is_token(name):
        raise ValueError(f"got header field name {name!r}, expected a token")
    return remember(_lower_names, name, name.lower())


def _past_date(value: str) -> str:
    """A Last-Modified as it is sent: an IMF-fixdate (RFC 9110 section 5.6.7), the current time if it is later (section
    8.8.2.1).
    """
    read = _read_date(value)
    if read is None:
        raise ValueError(f"got Last-Modified {value!r}, expected a date such as 'Sun, 06 Nov 1994 08:49:37 GMT'")
    modified, text = read
    return text if modified <= _dates.clock() else http_date()


@lru_cache(maxsize=256)  # a server sends few different dates, those of its files
def _read_date(value: str) -> tuple[int, str] | None:
    """The timestamp of a date, and the date as it is written; None for what is no date."""
    when = parse_date(value)
    return None if when is None else (to_timestamp(when), http_date(when))


def _parse_length(value: str) -> int:
    """The number in a Content-Length: ASCII digits (RFC 9110 section 8.6). A list of equal numbers must not be sent."""
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"got Content-Length {value!r}, expected ASCII digits")
    return int(value)


def _bodiless(status: int, fields: list[HeaderPair]) -> list[HeaderPair]:
    """The fields of a response without a body.

    A 204 has no Content-Length (RFC 9110 section 8.6), a 205 has the length 0 (section 15.3.6), a 304 no representation
    fields (section 15.4.5). The standard library's validator for PEP 3333 refuses a 204 with a Content-Type.
    """
    if status == 204:
        fields = [pair for pair in fields if pair[0].lower() != "content-type"]
    if status == 304:
        drop = _NOT_IN_304
        if any(name.lower() == "etag" for name, _ in fields):
            drop = drop | {"last-modified"}
        fields = [pair for pair in fields if pair[0].lower() not in drop]
    if status == 205:
        fields.append(("Content-Length", "0"))
    return fields


def check_length(length: int | None, declared: int | None) -> None:
    """Raise :exc:`ContentLengthError` if the ``length`` of a body is known and is not the declared one."""
    if length is not None and declared != length:
        raise ContentLengthError(f"got a body of {length} bytes, expected {declared} as declared")


class ResponseFinalizer:
    """The machine for one sending of a response; see the module.

    ``headers`` are pairs of text. ``length`` is the length of the body in bytes, None if it is not known. ``trailers``
    are sent if ``trailers_over``, the HTTP version of a server that can send trailer fields, allows them after this
    body: HTTP/2 and later, or HTTP/1.1 without a Content-Length. Raises :exc:`ValueError` for a status or field that
    must not be sent, and :exc:`ContentLengthError` for a known length that is not the declared one.
    """

    __module__ = "cardan.core"
    __slots__ = ("_announced", "_declared", "_error", "_sent", "_trailers", "head", "sends_body", "state")

    readers: ClassVar[dict[str, Callable[[ResponseFinalizer, bytes], list[ResponseEvent]]]]

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
        fields, self._declared = final_fields(method, status, headers, length)
        self.sends_body = has_body(method, status)
        """Whether chunks are sent. If not, the body need not be produced."""
        if self.sends_body:
            check_length(length, self._declared)
        if reason is not None and not is_phrase(reason):
            raise ValueError(f"got reason phrase {reason!r}, expected latin-1 text without control characters")
        self.head = Head(status, reason or PHRASES.get(status, "Unknown"), fields)
        self._trailers = trailers
        self._announced = {name.lower() for name in trailers} if trailers else ()
        if trailers and self.sends_body and takes_trailers(trailers_over, self._declared):
            self.head.trailers = tuple(trailers)
            if not any(name.lower() == "trailer" for name, _ in fields):
                fields.append(("Trailer", ", ".join(trailers)))
        self._sent = 0
        self._error: Exception | None = None
        self.state = "head"

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
