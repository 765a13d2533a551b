"""One request and its answer, as both sides see it: the state, and what the client makes of it.

The application's side fills an :class:`Exchange`, the client's side empties it; how each waits for the other is the
business of the two subclasses (tasks in `asgi_exchange`, threads in `wsgi_exchange`). What an unfinished answer, an
error of the application or a dishonest Content-Length mean to the client is decided here, once for both protocols.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

from ._httpx import httpx

__all__ = ["Answer", "ClientLeft", "Exchange", "comes_from_leaving"]


class ClientLeft(OSError):
    """What the application is told when it writes to a client that has left (ASGI HTTP spec 2.4, "send")."""


@dataclass(slots=True)
class Answer:
    """Status, header fields as bytes, and the response extensions of httpx (`reason_phrase` ...)."""

    status: int
    headers: list[tuple[bytes, bytes]]
    extensions: dict[str, Any] = field(default_factory=dict)

    def declared_length(self) -> int | None:
        """The one valid Content-Length, or None."""
        values = {value for name, value in self.headers if name.lower() == b"content-length"}
        value = values.pop() if len(values) == 1 else b""
        return int(value) if value.isdigit() else None


class Exchange:
    """The state of one exchange.

    ``chunk`` is the one piece of the body that is under way. ``complete``: the application has said that the body
    ends; ``ended``: it has returned; ``left``: the client has gone; ``error``: what the application raised;
    ``fault``: what the client's own request body raised.
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
        """Tells whether the client can learn the status, or that there will be none."""
        return self.answer is not None or self.ended or self.fault is not None

    def is_readable(self) -> bool:
        """Tells whether the client can get a chunk, or the end."""
        return self.chunk is not None or self.complete or self.ended or self.fault is not None

    def is_bodiless(self) -> bool:
        """Tells whether the answer cannot have a body (RFC 9110, section 6.4.1): what is sent as one is dropped."""
        status = self.answer.status if self.answer else 200
        return self.method == "HEAD" or status in (204, 304)

    def begin(self, answer: Answer) -> None:
        """Store the answer's head, sent by the application."""
        self.answer = answer

    def take_chunk(self) -> bytes | None:
        """The chunk under way, which is then taken; None when there is none."""
        chunk, self.chunk = self.chunk, None
        return chunk

    # what the client makes of it

    def answer_for_client(self, *, raising: bool) -> Answer:
        """The answer's head, once `is_open`.

        Raises what the request body raised; what the application raised before it answered if ``raising``, else
        gives the 500 that a server would send.
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

        Raises what broke the body off, as `answer_for_client`; ``httpx.RemoteProtocolError`` where a client would
        find the message incomplete (RFC 9112, section 8), or longer than its Content-Length.
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
        """The client is done and the application has ended, or should have: raise or warn of what is left to tell."""
        error, self.error = self.error, None
        if raising and error is not None and not comes_from_leaving(error):
            raise error
        if not in_time:
            text = f"the application did not end within {grace:g} seconds after the client had left"
            warnings.warn(text, RuntimeWarning, stacklevel=2)


def comes_from_leaving(error: BaseException | None) -> bool:
    """Tells whether the client's leaving is at the root of ``error``: itself, its cause, or all of a group.

    Also one that was raised in the handling of that, if its class is no built-in one: frameworks have exceptions of
    their own for it (Starlette's ClientDisconnect), while a NameError in a `finally` is a defect.
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
