"""The encoders: form events -> the bytes of a ``multipart/form-data`` body (RFC 7578), and part events -> those of any
other multipart (RFC 2046 section 5.1).

They take the events that the decoders return; they return bytes. The data of files and parts are passed on without a
copy. They raise ValueError for names, headers and boundaries that no receiver could read back, and
:exc:`MachineStateError` for events out of order.
"""

from __future__ import annotations

import re
from os import urandom
from typing import TYPE_CHECKING, Any, ClassVar, Final

from .._buffers import as_bytes, is_bytes_like
from .._exceptions import MachineStateError, MultipartError
from ._content_type import MULTIPART_TYPE
from ._events import Field, FileEnd, FileStart, PartEnd, PartStart
from ._part_decoder import boundary_within

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._events import FormEvent, PartEvent
    from ._head import PartHeaders

__all__ = ["MultipartEncoder", "PartEncoder"]

PARTS: Final = "parts"
FILE: Final = "file"
DATA: Final = "data"
CLOSED: Final = "closed"

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_IS_MULTIPART: Final = re.compile(r"multipart/[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.IGNORECASE).fullmatch
_IS_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_AMBIGUOUS: Final = re.compile(r"%22|%0D|%0A|\0")
_NOT_IN_VALUE: Final = re.compile(r"[\r\n\0]")


class MultipartEncoder:
    """Encodes one body. ``content_type`` is the field to send with it; ``boundary`` is random unless given.

    A boundary that is given must not occur in the data; this is not checked. States: ``parts``, ``file``, ``closed``.
    """

    __module__ = "cardan.core.forms"
    __slots__ = ("_dash", "boundary", "state")

    _EVENTS: ClassVar[dict[str, dict[type, str]]] = {
        PARTS: {Field: PARTS, FileStart: FILE},
        FILE: {bytes: FILE, FileEnd: PARTS},
        CLOSED: {},
    }
    """State -> the events that are allowed in it, each with the state that follows."""

    def __init__(self, boundary: str | None = None) -> None:
        self.boundary = _usable(boundary)
        self._dash = b"--" + self.boundary.encode()
        self.state: str = PARTS
        """The name of the current state."""

    @property
    def content_type(self) -> str:
        """``multipart/form-data`` with the boundary."""
        return _content_type(MULTIPART_TYPE, self.boundary)

    def feed(self, events: Iterable[FormEvent]) -> list[bytes]:
        """The bytes of ``events``, in pieces. The data of files may be any bytes-like objects; bytes are not copied."""
        pieces: list[bytes] = []
        for event in events:
            kind = type(event)
            after = self._EVENTS[self.state].get(kind)
            if after is None:
                if self.state is FILE and is_bytes_like(event):
                    pieces.append(as_bytes(event))
                    continue
                raise MachineStateError(f"got {kind.__name__} in state {self.state!r}, expected another event")
            if type(event) is bytes:
                pieces.append(event)
            elif type(event) is FileEnd:
                pieces.append(b"\r\n")
            elif type(event) is FileStart:
                pieces.append(self._head(event.name, event.filename, event.headers))
            else:
                assert type(event) is Field
                pieces += self._head(event.name, None, event.headers), as_bytes(event.raw), b"\r\n"
            self.state = after
        return pieces

    def close(self) -> list[bytes]:
        """The closing boundary."""
        if self.state is not PARTS:
            raise MachineStateError(f"got close() in state {self.state!r}, expected 'parts'")
        self.state = CLOSED
        return [self._dash + b"--\r\n"]

    def _head(self, name: str, filename: str | None, headers: Any) -> bytes:
        lines = [f'Content-Disposition: form-data; name="{_escape(name)}"']
        if filename is not None:
            lines[0] += f'; filename="{_escape(filename)}"'
        if headers is not None:
            lines += [_line(key, value) for key, value in headers.items() if key.lower() != "content-disposition"]
        return self._dash + b"\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n"


class PartEncoder:
    r"""Encodes one body of any multipart type: the opposite of :class:`PartDecoder`.

    ``content_type`` is the field to send with it, ``media_type`` with the ``boundary``, which is random unless given.
    A type with other parameters is written behind it: ``encoder.content_type + '; type="text/xml"'``.

    A part whose Content-Type is a multipart with a boundary may have parts in place of data, which are encoded with
    that boundary. A boundary that is given must not occur in the data; this is not checked. States: ``parts`` (none is
    open), ``data``, ``closed``.

    >>> encoder = PartEncoder("multipart/mixed", "B")
    >>> events = [PartStart({"A": "1"}), b"data", PartEnd()]
    >>> b"".join(encoder.feed(events) + encoder.close())
    b'--B\r\nA: 1\r\n\r\ndata\r\n--B--\r\n'
    """

    __module__ = "cardan.core.forms"
    __slots__ = ("_open", "boundary", "media_type", "state")

    def __init__(self, media_type: str = "multipart/mixed", boundary: str | None = None) -> None:
        if not _IS_MULTIPART(media_type):
            raise ValueError(f"got media type {media_type!r}, expected one such as 'multipart/mixed'")
        self.media_type = media_type
        self.boundary = _usable(boundary)
        self._open: list[_Open] = []
        self.state: str = PARTS
        """The name of the current state."""

    @property
    def content_type(self) -> str:
        """``media_type`` with the boundary."""
        return _content_type(self.media_type, self.boundary)

    def feed(self, events: Iterable[PartEvent]) -> list[bytes]:
        """The bytes of ``events``, in pieces. The data of parts may be any bytes-like objects; bytes are not copied."""
        pieces: list[bytes] = []
        for event in events:
            if type(event) is PartStart:
                pieces += self._begin(event.headers)
            elif self.state is DATA and type(event) is PartEnd:
                pieces += self._open.pop().end()
                self.state = DATA if self._open else PARTS
            elif self.state is DATA and is_bytes_like(event) and not self._open[-1].has_parts:
                if data := as_bytes(event):
                    self._open[-1].has_data = True
                    pieces.append(data)
            else:
                raise self._unexpected(event)
        return pieces

    def close(self) -> list[bytes]:
        """The closing boundary."""
        if self.state is not PARTS:
            raise MachineStateError(f"got close() in state {self.state!r}, expected 'parts'")
        self.state = CLOSED
        return [b"--%s--\r\n" % self.boundary.encode()]

    def _begin(self, headers: PartHeaders) -> list[bytes]:
        boundary: str | None = self.boundary
        around = self._open[-1] if self._open else None
        if around is not None:
            boundary = None if around.has_data else around.boundary
        if boundary is None or self.state is CLOSED:
            raise self._unexpected(PartStart())
        head = "\r\n".join([_line(key, value) for key in headers for value in headers.getlist(key)])
        inner = _boundary_within(headers)
        for outer in (self.boundary, *(part.boundary for part in self._open)):
            if inner is not None and outer is not None and inner.startswith(outer):
                raise ValueError(f"got boundary {inner!r} in {outer!r}, expected one that does not begin as it")
        if around is not None:
            around.has_parts = True
        self._open.append(_Open(inner))
        self.state = DATA
        return [b"--%s\r\n%s\r\n" % (boundary.encode(), head.encode() + b"\r\n" if head else b"")]

    def _unexpected(self, event: object) -> MachineStateError:
        why = ""
        if self._open and type(event) is PartStart:
            why = "; a part has parts if its Content-Type is a multipart with a boundary, and before it has data"
        return MachineStateError(f"got {type(event).__name__} in state {self.state!r}, expected another event{why}")


class _Open:
    """A part that has begun. ``boundary`` is that of the parts in it, if it is a multipart."""

    __slots__ = ("boundary", "has_data", "has_parts")

    def __init__(self, boundary: str | None) -> None:
        self.boundary = boundary
        self.has_data = self.has_parts = False

    def end(self) -> list[bytes]:
        if self.boundary is None or self.has_data:
            return [b"\r\n"]
        return [b"--%s--\r\n" % self.boundary.encode()]


def _usable(boundary: str | None) -> str:
    """``boundary``, or a random one."""
    if boundary is None:
        return "cardan-" + urandom(16).hex()
    if not _BOUNDARY.fullmatch(boundary):
        raise ValueError(f"got boundary {boundary!r}, expected 1 to 70 characters that RFC 2046 allows")
    return boundary


def _boundary_within(headers: PartHeaders) -> str | None:
    """The boundary of the parts that the decoder finds in a part with these ``headers``."""
    try:
        return boundary_within(headers)
    except MultipartError as error:
        raise ValueError(error.description) from None


def _content_type(media_type: str, boundary: str) -> str:
    return f"{media_type}; boundary={boundary}" if _IS_TOKEN(boundary) else f'{media_type}; boundary="{boundary}"'


def _line(key: str, value: str) -> str:
    """A header field of a part."""
    if not _IS_TOKEN(key) or _NOT_IN_VALUE.search(value):
        raise ValueError(f"got header {key!r}: {value!r}, expected a token and a value without CR, LF and NUL")
    return f"{key}: {value}"


def _escape(text: str) -> str:
    """As browsers write names (WHATWG HTML, multipart/form-data encoding algorithm)."""
    if _AMBIGUOUS.search(text):
        raise ValueError(f"got {text!r}, expected a name without NUL, %22, %0D and %0A: they would be read as escapes")
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
