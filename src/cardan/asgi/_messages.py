"""The messages of ASGI: made of a response that is sent whole, and read from an application that answers by them.

They are not in :mod:`._sending`, because that module loads anyio, which a response of one bytes object does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from ..core._buffers import as_bytes
from ..core._response.outgoing import whole_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping
    from typing import TypeAlias

    from ..core._response.base import BaseResponse
    from ..core._response.finalizer import End, Head

    Message: TypeAlias = MutableMapping[str, Any]
    Scope: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]

__all__ = [
    "PATHSEND",
    "TRAILERS",
    "AppAnswer",
    "NobodyTakes",
    "body_of",
    "closing",
    "comes_of_leaving",
    "data_of",
    "decode_headers",
    "encode_headers",
    "over",
    "start_message",
    "trailers_message",
    "whole_messages",
    "with_close",
]

#: the extension by which a server sends a file itself (ASGI specification, "Extensions")
PATHSEND: Final = "http.response.pathsend"

#: the extension by which a server sends trailer fields (ASGI specification, "Extensions"), and the type of its message
TRAILERS: Final = "http.response.trailers"

#: name -> the name as it is sent, at most 256 of them: an application sends a few, again and again
_NAMES: dict[str, bytes] = {}
#: field -> the field as it is sent, for fields whose values are no secrets and are few: at most 64 media types, and
#: lengths of at most three digits
_FIELDS: dict[tuple[str, str], tuple[bytes, bytes]] = {}


def encode_headers(fields: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Header fields as ASGI has them: lower-case names, latin-1."""
    known, encoded = _FIELDS, []
    for field in fields:  # before Python 3.12 a comprehension costs a call
        encoded.append(known.get(field) or _encode_field(field))  # noqa: PERF401
    return encoded


def _encode_field(field: tuple[str, str]) -> tuple[bytes, bytes]:
    name, value = field
    encoded = _NAMES.get(name) or _encode_name(name), value.encode("latin-1")
    if (name == "Content-Type" and len(_FIELDS) < 64) or (name == "Content-Length" and len(value) <= 3):
        _FIELDS[field] = encoded
    return encoded


def _encode_name(name: str) -> bytes:
    encoded = name.lower().encode("latin-1")
    if len(_NAMES) < 256:
        _NAMES[name] = encoded
    return encoded


def body_of(message: Message) -> bytes:
    """The piece of a body in a message, ``b""`` if it has none. Raises :exc:`TypeError` if it is not bytes."""
    data = message.get("body")
    return b"" if data is None else as_bytes(data)


def data_of(message: Message) -> bytes:
    """The bytes of the body in a message that a server gives for an HTTP request; ``b""`` for a disconnect.

    Raises :exc:`RuntimeError` for a message of another protocol, and :exc:`TypeError` for a body that is not bytes
    (ASGI HTTP specification 2.5, "Request").
    """
    kind = message["type"]
    if kind == "http.request":
        return body_of(message)
    if kind == "http.disconnect":
        return b""
    raise RuntimeError(f"got the message {kind!r} from receive(), expected 'http.request' or 'http.disconnect'")


def over(scope: Scope) -> str | None:
    """The HTTP version of a server that can send trailer fields; None for another server."""
    if TRAILERS not in (scope.get("extensions") or ()):
        return None
    return str(scope.get("http_version") or "1.1")


def start_message(head: Head) -> Message:
    """The message with the head of a response. It announces trailer fields, if there may be some."""
    message: Message = {"type": "http.response.start", "status": head.status, "headers": encode_headers(head.headers)}
    if head.trailers:
        message["trailers"] = True
    return message


def trailers_message(head: Head, end: End) -> Message:
    """The message with all trailer fields, for which a server waits if they were announced.

    If no field has a value, the first one is empty: the message has at least one field.
    """
    fields = end.trailers or [(head.trailers[0], "")]
    return {"type": TRAILERS, "headers": encode_headers(fields), "more_trailers": False}


def decode_headers(pairs: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """The header fields of a message as text."""
    return [(as_bytes(name).decode("latin-1"), as_bytes(value).decode("latin-1")) for name, value in pairs]


def whole_messages(response: BaseResponse, method: str) -> tuple[Message, Message] | None:
    """The two messages of a response that can be sent at once; None for others, see :func:`whole_answer`."""
    answer = whole_answer(response, method)
    if answer is None:
        return None
    return (
        {"type": "http.response.start", "status": answer.status, "headers": encode_headers(answer.headers)},
        {"type": "http.response.body", "body": answer.body},
    )


def with_close(message: Message) -> Message:
    """The message that starts a response, with the field ``Connection: close`` (RFC 9112 section 9.6)."""
    headers = list(message.get("headers", ()))
    if any(name.lower() == b"connection" for name, _ in headers):
        return message
    return {**message, "headers": [*headers, (b"connection", b"close")]}


def closing(scope: Scope, send: Send) -> Send:
    """The ``send`` for a response after which the server ends the connection: the response tells the client so.

    HTTP/2 has no such field (RFC 9113 section 8.2.2).
    """
    if not (scope.get("http_version") or "1.1").startswith("1"):
        return send

    async def send_closing(message: Message) -> None:
        await send(with_close(message) if message["type"] == "http.response.start" else message)

    return send_closing


#: what the last message of a kind says, by the state of :class:`AppAnswer`
_LAST: Final = {"start": "", "body": " with a false more_body", "trailers": " with a false more_trailers"}


class AppAnswer:
    """The messages that an ASGI application sends for one request, as its caller reads them. It is no server, but makes
    a response of them.

    It is a machine: :meth:`feed` takes the messages in the order of the specification (ASGI HTTP specification 2.5,
    "Response Start" and "Response Body"; "Extensions", "HTTP Trailers"), and raises :exc:`RuntimeError` for one that is
    out of order. Trailers follow the body if the start has announced them.
    """

    __slots__ = ("announces", "headers", "state", "status", "trailers")

    status: int
    """The status code, after the state "start"."""

    def __init__(self) -> None:
        self.state = "start"
        self.headers: list[tuple[str, str]] = []
        self.announces = False
        """Whether the start says that trailer fields follow the body."""
        self.trailers: list[tuple[str, str]] = []

    @property
    def has_body(self) -> bool:
        """Whether the whole body was sent."""
        return self.state in ("trailers", "done")

    def feed(self, message: Message) -> bytes:
        """Take a message. Gives its piece of the body, empty for a message without one."""
        expected = self._READERS.get(self.state)
        if expected is None or message["type"] != expected[0]:
            kind = "none after the last one" if expected is None else repr(expected[0])
            raise RuntimeError(f"got the message {message['type']!r} out of order, expected {kind}")
        return expected[1](self, message)

    def _read_start(self, message: Message) -> bytes:
        self.status = _status(message)
        self.headers = decode_headers(message.get("headers") or ())
        self.announces = bool(message.get("trailers"))
        self.state = "body"
        return b""

    def _read_body(self, message: Message) -> bytes:
        chunk = body_of(message)
        if not message.get("more_body", False):
            self.state = "trailers" if self.announces else "done"
        return chunk

    def _read_trailers(self, message: Message) -> bytes:
        self.trailers += decode_headers(message.get("headers") or ())
        if not message.get("more_trailers", False):
            self.state = "done"
        return b""

    _READERS: ClassVar[dict[str, tuple[str, Callable[[AppAnswer, Message], bytes]]]] = {
        "start": ("http.response.start", _read_start),
        "body": ("http.response.body", _read_body),
        "trailers": (TRAILERS, _read_trailers),
    }
    """State -> the type of the message that is expected in it, and its reader. In the state ``done`` none is."""

    def close(self) -> None:
        """Raise :exc:`RuntimeError` if a message is missing: the application has ended."""
        if self.state != "done":
            raise RuntimeError(
                "got an application that returned before its response was complete, expected a message"
                f" 'http.response.{self.state}'" + _LAST[self.state]
            )


def _status(message: Message) -> int:
    status = message.get("status")
    if isinstance(status, int):
        return int(status)
    raise TypeError(f"got the message 'http.response.start' with the status {status!r}, expected an int")


class NobodyTakes(OSError):
    """What ``send()`` raises when the rest of a response is not taken any more (ASGI HTTP specification 2.4)."""


def comes_of_leaving(error: BaseException | None) -> bool:
    """Whether an error is, or was raised because of, the :exc:`NobodyTakes` that ``send()`` has raised."""
    while error is not None:
        if isinstance(error, NobodyTakes):
            return True
        if isinstance(error, BaseExceptionGroup):
            return all(map(comes_of_leaving, error.exceptions))
        error = error.__cause__ or error.__context__
    return False
