"""The state of one request and its answer, shared by the application and the client.

The application fills an :class:`Exchange`, and the client takes data out of it. The two subclasses implement how one
side waits for the other: with tasks in `_asgi_exchange`, and with threads in `_wsgi_exchange`. This module decides, for
both protocols, what the client gets if the answer is incomplete, if the application raises an exception, or if the
Content-Length is wrong.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

from ._httpx import httpx

__all__ = ["Answer", "ClientLeft", "Exchange", "comes_from_leaving"]


class ClientLeft(OSError):
    """Raised in the application when it sends after the client has disconnected (ASGI HTTP spec 2.4, "send")."""


@dataclass(slots=True)
class Answer:
    """The head of a response: status, header fields as bytes, and extensions for httpx, such as `reason_phrase`."""

    status: int
    headers: list[tuple[bytes, bytes]]
    extensions: dict[str, Any] = field(default_factory=dict)

    def declared_length(self) -> int | None:
        """The Content-Length, or None if there is none, if it is invalid, or if there are different ones."""
        values = {value for name, value in self.headers if name.lower() == b"content-length"}
        value = values.pop() if len(values) == 1 else b""
        return int(value) if value.isdigit() else None


class Exchange:
    """The state of one request and its answer.

    - ``answer``: the head of the response, or None before the application has sent it.
    - ``chunk``: the piece of the body that the application has sent and the client has not yet taken.
    - ``complete``: True if the application has sent the end of the body.
    - ``ended``: True if the application has returned.
    - ``left``: True if the client has disconnected.
    - ``error``: the exception that the application has raised.
    - ``fault``: the exception that the client's own request body has raised.
    """

    def __init__(self, method: str) -> None:
        self.method = method
        self.answer: Answer | None = None
        self.chunk: bytes | None = None
        self.complete = self.left = self.ended = False
        self.error: BaseException | None = None
        self.fault: BaseException | None = None
        self._seen = 0

    def is_open(self) -> bool:
        """True if the status is known, or if it is known that there will be none."""
        return self.answer is not None or self.ended or self.fault is not None

    def is_readable(self) -> bool:
        """True if there is a chunk for the client, or if the body has ended."""
        return self.chunk is not None or self.complete or self.ended or self.fault is not None

    def is_bodiless(self) -> bool:
        """True if the response cannot have a body (RFC 9110, section 6.4.1). Then the body is dropped."""
        status = self.answer.status if self.answer else 200
        opens_tunnel = self.method == "CONNECT" and 200 <= status < 300
        return self.method == "HEAD" or opens_tunnel or status in (204, 304)

    def begin(self, answer: Answer) -> None:
        """Store the head of the response, which the application has sent."""
        self.answer = answer

    def take_chunk(self) -> bytes | None:
        """Take the chunk out of the exchange and return it; None if there is none."""
        chunk, self.chunk = self.chunk, None
        return chunk

    # what the client gets

    def answer_for_client(self, *, raising: bool) -> Answer:
        """The head of the response. Call it only when `is_open` is true.

        An exception of the client's request body is raised. If the application has raised an exception before it
        answered, this exception is raised if ``raising`` is true; otherwise the head is the 500 of a server.
        """
        if self.fault is not None:
            raise self.fault
        if self.answer is None:
            error, self.error = self.error, None
            if raising:
                raise error or RuntimeError("the application ended without an answer")
            self.answer = Answer(500, [(b"content-type", b"text/plain; charset=utf-8")])
            self.chunk, self.complete = b"Internal Server Error", True
        return self.answer

    def chunk_for_client(self, chunk: bytes | None, *, raising: bool) -> bytes | None:
        """``chunk``, or None at the end of the body.

        If the body is incomplete, the exception that ended it is raised, as in `answer_for_client`. Otherwise
        ``httpx.RemoteProtocolError`` is raised if the body is incomplete (RFC 9112, section 8) or longer than its
        Content-Length.
        """
        if chunk is not None:
            self._seen += len(chunk)
        elif self.fault is not None:
            raise self.fault
        elif not self.complete:
            self._broken_off(raising)
        self._check_length(at_end=chunk is None)
        return chunk

    def _broken_off(self, raising: bool) -> None:
        error, self.error = self.error, None
        if raising and error is not None:
            raise error
        raise httpx.RemoteProtocolError("the application ended before the response was complete") from error

    def _check_length(self, *, at_end: bool) -> None:
        declared = self.answer.declared_length() if self.answer and not self.is_bodiless() else None
        if declared is not None and (self._seen > declared or (at_end and self._seen < declared)):
            more = "" if at_end else " or more"
            raise httpx.RemoteProtocolError(f"got a body of {self._seen} bytes{more}, expected {declared}")

    def finish(self, *, in_time: bool, grace: float, raising: bool) -> None:
        """Report what the client does not know yet, when the exchange is over.

        Raises the exception of the application if ``raising`` is true, unless the disconnect caused it. Gives a
        RuntimeWarning if the application did not end in time.
        """
        error, self.error = self.error, None
        if raising and error is not None and not comes_from_leaving(error):
            raise error
        if not in_time:
            text = f"the application did not end within {grace:g} seconds after the client had left"
            warnings.warn(text, RuntimeWarning, stacklevel=2)


def comes_from_leaving(error: BaseException | None) -> bool:
    """True if the disconnect of the client has caused ``error``.

    This is so if ``error`` or its cause is a `ClientLeft`, or if this holds for all exceptions of a group. It is also
    so if ``error`` was raised while a `ClientLeft` was handled, and its class is not a built-in one: frameworks have
    their own exceptions for a disconnect, such as Starlette's ClientDisconnect. A built-in exception, such as a
    NameError in a `finally` block, is a defect.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ClientLeft):
            return True
        if isinstance(error, BaseExceptionGroup):
            return all(comes_from_leaving(one) for one in error.exceptions)
        is_defect = type(error).__module__ == "builtins" and not isinstance(error, OSError)
        hidden = is_defect or error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)
    return False
