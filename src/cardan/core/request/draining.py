"""Early answers: how much of a request's body is read and discarded when the response is sent before it was read.

Most clients read the response only after they have sent the whole request (RFC 9112 section 9.5 asks them to look
earlier; browsers do not). A server that ends the response meanwhile closes the connection under the upload, and the
client sees an error in place of the answer, or uploads for ever. So the adapters send all of the response but its end,
read and discard what is left of the body, within the bounds of :class:`DrainLimits`, and only then end the response.

Policy alone: nothing here reads or sends.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..buffers import CHUNK_SIZE
from ..exceptions import BadRequest
from ..forms.body_reader import parse_content_length

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..structures.headers import HeadersView

__all__ = [
    "DEFAULTS",
    "LARGE",
    "NOTHING",
    "Drain",
    "DrainLimits",
    "closes",
    "expects_continue",
    "is_inert",
    "limits_of",
    "may_exceed",
]


class DrainLimits(NamedTuple):
    """How much of an unread body is discarded: at most ``size`` bytes, for at most ``seconds``."""

    size: int
    seconds: float


DEFAULTS: Final = DrainLimits(100_000_000, 5.0)
"""A browser that still uploads when a bound is reached seldom shows the answer. 64 MB cost a server 0.02 to 0.2 seconds
of one processor to discard; in 5 seconds a line of 100 Mbit/s carries as much.
"""

LARGE: Final = CHUNK_SIZE
"""Bytes of an answer from which on sending may wait until the client reads, which may wait until its upload is read."""

NOTHING: Final = DrainLimits(0, 0.0)
"""No drain at all."""


def limits_of(request: Any) -> DrainLimits:
    """The bounds that a request has by its class or by itself; :exc:`ValueError` for what is no number."""
    size, seconds = request.max_drain_size, request.drain_timeout
    for name, value in (("max_drain_size", size), ("drain_timeout", seconds)):
        if not isinstance(value, (int, float)):
            raise ValueError(f"got {name} = {value!r}, expected a number; 0 for no drain")
    return DrainLimits(size, seconds) if size > 0 and seconds > 0 else NOTHING


class Drain:
    """The bounds of one drain; its time starts when it is made.

    ``wanted`` is the number of bytes that may still be read: 0 when a bound is reached. :meth:`feed` is told how many
    bytes were read. ``clock`` gives seconds.

    >>> drain = Drain(DrainLimits(size=100, seconds=5))
    >>> drain.feed(60)
    >>> drain.wanted
    40
    """

    __slots__ = ("_clock", "_deadline", "_left")

    def __init__(self, limits: DrainLimits, clock: Callable[[], float] = monotonic) -> None:
        self._left = limits.size
        self._clock = clock
        self._deadline = clock() + limits.seconds

    @property
    def wanted(self) -> int:
        """The bytes that may still be read; 0 when enough was read, or when the time is over."""
        return max(self._left, 0) if self._clock() < self._deadline else 0

    def feed(self, size: int) -> None:
        """``size`` bytes were read and discarded."""
        self._left -= size


def is_inert(response: Any) -> bool:
    """Whether the body of ``response`` is text, bytes or a file: sending it cannot read the body of the request."""
    return not response.is_streamed or hasattr(response.response, "ranged")


def expects_continue(headers: HeadersView) -> bool:
    """Whether the client waits for ``100 Continue`` before it sends the body (RFC 9110 section 10.1.1)."""
    return headers.get("Expect", "").strip().lower() == "100-continue"


def closes(status: int, http_version: str, headers: HeadersView, limits: DrainLimits) -> bool:
    """Whether a response should say ``Connection: close``, because its request's body may exceed the byte limit.

    The field ends an upload that nobody reads. Only an error has it: browsers take an error seriously whose connection
    was closed during the upload, and no other answer. HTTP/2 has no such field (RFC 9113 section 8.2.2).
    """
    return status >= 400 and http_version.startswith("1") and may_exceed(headers, limits.size)


def may_exceed(headers: HeadersView, size: int) -> bool:
    """Whether the body of a request may have more than ``size`` bytes: nobody knows of a chunked one."""
    return "Transfer-Encoding" in headers or (_length_of(headers) or 0) > size


def _length_of(headers: HeadersView) -> int | None:
    try:
        return parse_content_length(headers.get("Content-Length"))
    except BadRequest:
        return None
