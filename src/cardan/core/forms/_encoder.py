"""MultipartEncoder: form events -> the bytes of a ``multipart/form-data`` body (RFC 7578).

Takes the events that the decoder returns; returns bytes. The data of files are passed on without a copy. Raises
ValueError for names and headers that no receiver could read back, and :exc:`MachineStateError` for events out of order.
"""

from __future__ import annotations

import re
from os import urandom
from typing import TYPE_CHECKING, Any, ClassVar, Final

from .._buffers import as_bytes, is_bytes_like
from .._exceptions import MachineStateError
from ._content_type import MULTIPART_TYPE
from ._events import Field, FileEnd, FileStart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._events import FormEvent

__all__ = ["MultipartEncoder"]

PARTS: Final = "parts"
FILE: Final = "file"
CLOSED: Final = "closed"

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
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
        if boundary is None:
            boundary = "cardan-" + urandom(16).hex()
        elif not _BOUNDARY.fullmatch(boundary):
            raise ValueError(f"got boundary {boundary!r}, expected 1 to 70 characters that RFC 2046 allows")
        self.boundary = boundary
        self._dash = b"--" + boundary.encode()
        self.state: str = PARTS
        """The name of the current state."""

    @property
    def content_type(self) -> str:
        """``multipart/form-data`` with the boundary."""
        boundary = self.boundary if _IS_TOKEN(self.boundary) else f'"{self.boundary}"'
        return f"{MULTIPART_TYPE}; boundary={boundary}"

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
        for key, value in headers.items() if headers is not None else ():
            if key.lower() == "content-disposition":
                continue
            if not _IS_TOKEN(key) or _NOT_IN_VALUE.search(value):
                raise ValueError(f"got header {key!r}: {value!r}, expected a token and a value without CR, LF and NUL")
            lines.append(f"{key}: {value}")
        return self._dash + b"\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n"


def _escape(text: str) -> str:
    """As browsers write names (WHATWG HTML, multipart/form-data encoding algorithm)."""
    if _AMBIGUOUS.search(text):
        raise ValueError(f"got {text!r}, expected a name without NUL, %22, %0D and %0A: they would be read as escapes")
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
