"""PartDecoder: the parts of any multipart (RFC 2046 section 5.1), and of the multiparts in it. bytes -> part events.

Adds to :class:`~cardan.core.forms._framing.Framing` the header fields of a part and multiparts in parts. Raises what
the framing raises; :exc:`~cardan.exceptions.MultipartError` also for a part whose header fields cannot be read. A
multipart in a part is read by a decoder of its own, which is fed the data of that part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from .._exceptions import HTTPException, MultipartError, RequestEntityTooLarge
from ._body_reader import DEFAULTS
from ._content_type import parse_boundary
from ._events import PartEnd, PartEvent, PartStart
from ._framing import DATA, Framing
from ._head import parse_part_headers
from ._plan import check_parts, plan_for

if TYPE_CHECKING:
    from .._limits import Limits
    from ._head import PartHeaders

__all__ = ["PartDecoder", "boundary_within"]

#: The values of Content-Transfer-Encoding that leave the data as they are (RFC 2045 section 6.2).
_IDENTITY: Final = ("7bit", "8bit", "binary")
#: The largest ``max_depth``: each multipart in another one takes a few frames of Python's stack.
MOST_DEPTH: Final = 100


class PartDecoder(Framing[PartEvent]):
    r"""Decodes one body of any multipart type: ``mixed``, ``related``, ``byteranges``, ``form-data`` or another.

    ``boundary`` is the parameter of the Content-Type, as :func:`parse_boundary` gives it. :meth:`feed` and
    :meth:`close` return events: a :class:`PartStart`, the data as ``bytes`` (any number of pieces, none of them empty),
    and a :class:`PartEnd` for each part. A part that is a multipart itself has the events of its own parts in place of
    data. The data are as they were sent: no ``Content-Transfer-Encoding`` is decoded.

    ``max_depth`` is how many multiparts may stand in each other, the body included: 1 to 100. A deeper one raises
    413. Four of the ``limits`` apply: ``max_form_parts``, which counts the parts of all multiparts together,
    ``max_part_header_size``, ``max_part_headers`` and ``max_boundary_size``. The size of the data has no limit here,
    because the decoder stores none.

    ``state`` is one of ``preamble``, ``delimiter``, ``head``, ``data``, ``close-delimiter``, ``epilogue``, ``failed``
    and ``closed``. An error is raised again by every later call; ``accepted`` has the events before it.

    >>> decoder = PartDecoder("B")
    >>> events = decoder.feed(b"--B\r\nA: 1\r\n\r\ndata\r\n--B--")
    >>> [type(event).__name__ for event in events]
    ['PartStart', 'bytes', 'PartEnd']
    """

    __module__ = "cardan.core.forms"
    __slots__ = ("_depth", "_inner", "_max_depth", "_tally")

    _skips_within: ClassVar[bool] = True

    def __init__(self, boundary: str | bytes, *, limits: Limits | None = None, max_depth: int = 5) -> None:
        self._start(boundary, plan_for(limits or DEFAULTS, strict=False))
        if type(max_depth) is not int or not 1 <= max_depth <= MOST_DEPTH:
            raise ValueError(f"got max_depth = {max_depth!r}, expected an int from 1 to {MOST_DEPTH}")
        self._max_depth = max_depth
        self._depth = 1
        self._inner: PartDecoder | None = None  # what reads the data of the part, if it is a multipart
        self._tally = _Tally()

    def _begin(self, block: bytes, events: list[PartEvent]) -> None:
        check_parts(self.limits, self._tally.parts)
        headers = parse_part_headers(block, self.limits)
        self._inner = self._decoder_for(headers)
        self._tally.parts += 1
        self._count += 1
        events.append(PartStart(headers))
        self.state = DATA

    def _add_data(self, data: bytes, events: list[PartEvent]) -> None:
        if self._inner is None:
            events.append(data)
            return
        try:
            events += self._inner.feed(data)
        except HTTPException:
            events += self._inner.accepted
            raise

    def _end_data(self, events: list[PartEvent]) -> None:
        if self._inner is not None:
            self._inner.close()
        events.append(PartEnd())

    def _decoder_for(self, headers: PartHeaders) -> PartDecoder | None:
        """The decoder for the data of a part with these ``headers``. None if it is not a multipart, or is encoded."""
        boundary = boundary_within(headers)
        if boundary is None:
            return None
        if self._depth == self._max_depth:
            raise RequestEntityTooLarge(
                f"got multiparts nested deeper than {self._max_depth}, expected at most that (max_depth)"
            )
        inner = _Inner(boundary, limits=self.limits, max_depth=self._max_depth)
        inner._depth = self._depth + 1
        inner._tally = self._tally
        return inner


def boundary_within(headers: PartHeaders) -> str | None:
    """The boundary of the parts in a part with these ``headers``. None if it is not a multipart, or is encoded.

    Raises :exc:`MultipartError` for a type that is not clear, and for a multipart in a transfer encoding.
    """
    types = headers.getlist("Content-Type")
    if len(types) > 1:
        raise MultipartError("got two Content-Type headers in a part, expected one")
    boundary = parse_boundary(types[0]) if types else None
    if boundary is None or headers.get("Content-Encoding", "identity").lower() != "identity":
        return None
    encoding = headers.get("Content-Transfer-Encoding", "binary")
    if encoding.lower() not in _IDENTITY:
        raise MultipartError(
            f"got a multipart in Content-Transfer-Encoding {encoding[:40]!r}, expected none (RFC 2045 section 6.4)"
        )
    return boundary


class _Inner(PartDecoder):
    """Decodes a multipart that is the data of a part of another one."""

    __slots__ = ()

    _noun: ClassVar[str] = "a multipart in a part"


class _Tally:
    """How many parts the multiparts of one body have together."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts = 0
