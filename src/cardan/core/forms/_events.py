"""The events of a form, which the decoders give and the encoder takes; and those of any multipart.

A text field is always one :class:`Field`, however its bytes were cut. A file is a :class:`FileStart`, its data as
``bytes`` (any number of pieces, none of them empty), and a :class:`FileEnd`. A part of another multipart is a
:class:`PartStart`, its data likewise, or the events of the parts in it, and a :class:`PartEnd`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from .._pickling import slots_state
from ._head import sent_filename

if TYPE_CHECKING:
    from ._head import PartHeaders

__all__ = ["Field", "FileEnd", "FileStart", "FormEvent", "PartEnd", "PartEvent", "PartStart"]


@dataclass(slots=True)
class Field:
    """A text field.

    ``value`` is ``raw`` decoded, with U+FFFD for bytes that are not text. ``headers`` is None in a urlencoded form.
    Fields of one name may share one ``headers`` object: it is read-only, and ``headers.copy()`` can be changed.
    """

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state

    name: str
    value: str
    raw: bytes
    headers: PartHeaders | None = None


@dataclass(slots=True)
class FileStart:
    """A file begins. ``filename`` is as it was sent (RFC 7578 section 4.2), ``""`` if no file was chosen."""

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state

    name: str
    filename: str
    headers: PartHeaders

    @property
    def filename_bytes(self) -> bytes:
        """The filename as it was sent, before it was decoded as UTF-8."""
        return sent_filename(self.headers, self.filename) or b""


@dataclass(slots=True)
class FileEnd:
    """The file that began last is complete."""

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state


FormEvent: TypeAlias = "Field | FileStart | bytes | FileEnd"
"""One event of a form: what :class:`MultipartDecoder` and :class:`UrlencodedDecoder` return lists of."""


@dataclass(slots=True)
class PartStart:
    """A part of any multipart begins. ``headers`` are its header fields as they were sent; there may be none."""

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state

    headers: PartHeaders


@dataclass(slots=True)
class PartEnd:
    """The part that began last, and has not ended, is complete."""

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state


PartEvent: TypeAlias = "PartStart | bytes | PartEnd"
"""One event of any multipart: what :class:`PartDecoder` returns lists of."""
