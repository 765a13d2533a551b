"""BodyReader: counts the bytes of a body, of a form or of anything else. bytes -> bytes.

Takes the declared length and the limits; returns each piece as it was fed. Raises
:exc:`~cardan.exceptions.RequestEntityTooLarge` for a body that exceeds ``max_content_length`` (at once if the
declared length does), :exc:`~cardan.exceptions.BadRequest` for more bytes than were declared, and
:exc:`~cardan.exceptions.ClientDisconnected` from :meth:`BodyReader.close` for fewer. It never cuts a body short.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

from .._buffers import as_bytes
from .._exceptions import BadRequest, ClientDisconnected, HTTPException, MachineStateError, RequestEntityTooLarge
from .._limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._buffers import Buffer

__all__ = ["DEFAULTS", "FAILED", "BodyReader", "parse_content_length"]

READING: Final = "reading"
COMPLETE: Final = "complete"
FAILED: Final = "failed"
CLOSED: Final = "closed"

#: The default limits. They are made once: to make a frozen dataclass of twelve fields takes longer than a small form.
DEFAULTS: Final = Limits()
#: The most digits that a Content-Length may have: 10**19 bytes are more than any file system holds.
MAX_DIGITS: Final = 19


def parse_content_length(value: str | None) -> int | None:
    """The value of a Content-Length field in bytes; None if ``value`` is None.

    Only ASCII digits are accepted (RFC 9110 section 8.6): ``-5``, ``+5``, ``1_0``, ``5, 5`` and the empty value raise
    :exc:`BadRequest`, although ``int()`` reads some of them. So does a number that no body can have.
    """
    if value is None:
        return None
    if value.isdecimal() and value.isascii() and len(value) <= MAX_DIGITS:  # nearly all of them
        return int(value)
    digits = value.strip(" \t")
    if not (digits.isascii() and digits.isdigit()):
        raise BadRequest(f"got Content-Length {value[:40]!r}, expected digits")
    if len(digits) > MAX_DIGITS and len(digits.lstrip("0")) > MAX_DIGITS:
        raise BadRequest(f"got a Content-Length of {len(digits)} digits, expected at most {MAX_DIGITS}")
    return int(digits)


class BodyReader:
    """Compares the size of a body with its declared length and ``max_content_length``. Exactly N bytes are allowed.

    ``content_length`` is the declared length in bytes, None if none was declared (a chunked body). ``limit``, a name
    and a number of bytes or None, may replace ``max_content_length``. :meth:`feed` returns the bytes that it gets.
    ``received`` is how many bytes were fed. If a piece is refused, ``accepted`` has its bytes before the first one too
    many.

    States: ``reading``, ``complete`` (all declared bytes were fed), ``failed`` (every later call raises the error
    again), ``closed``.
    """

    __module__ = "cardan.core.forms"
    __slots__ = ("_allowed", "_declared", "_error", "_limit", "_most", "accepted", "limits", "received", "state")

    def __init__(
        self,
        *,
        content_length: int | None,
        limits: Limits | None = None,
        limit: tuple[str, int | None] | None = None,
    ) -> None:
        self.limits = limits = limits or DEFAULTS
        self._limit, allowed = limit or ("max_content_length", limits.max_content_length)
        self.received: int = 0
        """How many bytes have come."""
        self.accepted: bytes = b""
        """After an error: the bytes of the last piece that belong to the body."""
        self._error: HTTPException | None = None
        self._declared = content_length
        self._allowed = allowed
        if content_length is not None and allowed is not None and content_length > allowed:
            raise RequestEntityTooLarge(limit=self._limit, allowed=allowed, received=content_length)
        self._most = allowed if content_length is None else content_length
        self.state: str = COMPLETE if content_length == 0 else READING
        """The name of the current state."""

    @property
    def want(self) -> int:
        """How many bytes to ask for at most: one more than are allowed, so that one too many is noticed."""
        return sys.maxsize if self._most is None else max(self._most - self.received, 0) + 1

    def feed(self, data: Buffer) -> bytes:
        """Count ``data``, any bytes-like object, and return it as bytes.

        Raises as the module says, and :exc:`MachineStateError` after :meth:`close`.
        """
        if type(data) is not bytes:
            data = as_bytes(data)
        return self._READERS[self.state](self, data)

    def close(self) -> bytes:
        """Note that the body has ended; returns ``b""``. Raises :exc:`ClientDisconnected` if bytes are missing."""
        if self._error is not None:
            raise self._error
        if self.state is CLOSED:
            raise MachineStateError("got close() in state 'closed', expected it once")
        if self.state is READING and self._declared is not None:
            self._fail(
                ClientDisconnected(f"the body ended too early: got {self.received} bytes, expected {self._declared}")
            )
        self.state = CLOSED
        return b""

    def _read_more(self, data: bytes) -> bytes:
        self.received = received = self.received + len(data)
        most = self._most
        if most is not None and received >= most:
            if received > most:
                self.accepted = data[: len(data) - (received - most)]
                self._too_much()
            if self._declared is not None:
                self.state = COMPLETE
        return data

    def _read_surplus(self, data: bytes) -> bytes:
        """All declared bytes were fed: an empty piece is accepted, any other one is too many."""
        if data:
            self.received += len(data)
            self._too_much()
        return data

    def _read_nothing(self, data: bytes) -> bytes:
        if self._error is not None:
            raise self._error
        raise MachineStateError("got feed() in state 'closed', expected no more")

    _READERS: ClassVar[dict[str, Callable[[BodyReader, bytes], bytes]]] = {
        READING: _read_more,
        COMPLETE: _read_surplus,
        FAILED: _read_nothing,
        CLOSED: _read_nothing,
    }

    def _too_much(self) -> NoReturn:
        if self._declared is None:
            allowed = self._allowed
            self._fail(RequestEntityTooLarge(limit=self._limit, allowed=allowed))
        self._fail(BadRequest(f"got more bytes than the Content-Length of {self._declared}"))

    def _fail(self, error: HTTPException) -> NoReturn:
        self._error = error
        self.state = FAILED
        raise error


parse_content_length.__module__ = "cardan.core.forms"  # help() and pickles name it as users import it
