"""Early answers: how much of a request's body is read and discarded if the response is sent before it was read.

Most clients read the response only after they have sent the whole request. (RFC 9112 section 9.5 asks them to look
earlier, but browsers do not.) If the server ends the response during the upload, it closes the connection, and the
client sees an error instead of the answer, or never stops its upload. Therefore the adapters send the response except
for its end. Then they read and discard the rest of the body, within the bounds of :class:`DrainLimits`, and only then
they end the response.

This module only decides. It reads and sends nothing.
"""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._buffers import CHUNK_SIZE
from .._exceptions import BadRequest
from ..fields._syntax import OWS
from ..forms._body_reader import parse_content_length

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..structures._headers import HeadersView

__all__ = [
    "DEFAULTS",
    "LARGE",
    "NOTHING",
    "Drain",
    "DrainLimits",
    "closes",
    "drain_limits_of",
    "expects_continue",
    "is_inert",
    "may_exceed",
]


class DrainLimits(NamedTuple):
    """How much of an unread body is discarded: at most ``size`` bytes, for at most ``seconds``."""

    size: int
    seconds: float


DEFAULTS: Final = DrainLimits(100_000_000, 5.0)
"""The bounds are large, because a browser whose upload is cut off seldom shows the answer. Discarding 64 MB costs a
server 0.02 to 0.2 seconds of one processor, and a line of 100 Mbit/s carries about as much in 5 seconds.
"""

LARGE: Final = CHUNK_SIZE
"""Size in bytes from which an answer is large. Sending a large answer may block until the client reads, and the client
may not read before its upload is received.
"""

NOTHING: Final = DrainLimits(0, 0.0)
"""The bounds that turn draining off."""


def drain_limits_of(request: Any) -> DrainLimits:
    """The bounds that are set on a request or on its class. Raises :exc:`ValueError` if one of them is not a number."""
    size, seconds = request.max_drain_size, request.drain_timeout
    for name, value in (("max_drain_size", size), ("drain_timeout", seconds)):
        if not isinstance(value, (int, float)):
            raise ValueError(f"got {name} = {value!r}, expected a number; 0 for no drain")
    if not (size > 0 and seconds > 0):
        return NOTHING
    return DrainLimits(int(size) if size < inf else size, seconds)  # a source reads whole bytes


class Drain:
    """Counts the bytes and the time of one drain. The time starts when the object is made.

    ``wanted`` is the number of bytes that may still be read, and 0 after a bound is reached. Call :meth:`feed` with the
    number of bytes after each read. ``clock`` returns the time in seconds.

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
        """The number of bytes that may still be read; 0 if enough was read, or if the time is over."""
        return max(self._left, 0) if self._clock() < self._deadline else 0

    def feed(self, size: int) -> None:
        """Note that ``size`` bytes were read and discarded."""
        self._left -= size


def is_inert(response: Any) -> bool:
    """Whether ``response`` cannot read the body of the request, because its own body is text, bytes or a file."""
    return not response.is_streamed or hasattr(response.response, "ranged")


def expects_continue(headers: HeadersView) -> bool:
    """Whether the client waits for ``100 Continue`` before it sends the body (RFC 9110 section 10.1.1)."""
    return headers.get("Expect", "").strip(OWS).lower() == "100-continue"


def closes(status: int, http_version: str, headers: HeadersView, limits: DrainLimits) -> bool:
    """Whether a response should have ``Connection: close``, because the body may be larger than what is drained.

    The field tells the client to stop its upload. Only errors get it: if the connection is closed during the upload,
    browsers show an error page, but no other answer. HTTP/2 has no such field (RFC 9113 section 8.2.2).
    """
    return status >= 400 and http_version.startswith("1") and may_exceed(headers, limits.size)


def may_exceed(headers: HeadersView, size: int) -> bool:
    """Whether the body of a request may have more than ``size`` bytes. The size of a chunked body is not known."""
    return "Transfer-Encoding" in headers or (_length_of(headers) or 0) > size


def _length_of(headers: HeadersView) -> int | None:
    try:
        return parse_content_length(headers.get("Content-Length"))
    except BadRequest:
        return None
