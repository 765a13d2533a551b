"""The events of a form, which the decoders give and the encoder takes; and those of any multipart.

A text field is always one :class:`Field`, however its bytes were cut. A file is a :class:`FileStart`, its data as
``bytes`` (any number of pieces, none of them empty), and a :class:`FileEnd`. A part of another multipart is a
:class:`PartStart`, its data likewise, or the events of the parts in it, and a :class:`PartEnd`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from .._checks import check_type
from .._pickling import slots_state
from ._head import OneLineHeaders, PartHeaders, sent_filename, written_codec, written_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Field", "FileEnd", "FileStart", "FormEvent", "PartEnd", "PartEvent", "PartStart"]


_OF_PARTS: Final = (OneLineHeaders, PartHeaders)


@dataclass(slots=True, init=False, eq=False)
class Field:
    """A text field.

    ``value`` is ``raw`` decoded, with U+FFFD for bytes that are not text. ``headers`` is None in a urlencoded form.
    Fields of one name may share one ``headers`` object: it is read-only, and ``headers.copy()`` can be changed.

    A field to encode needs a name and a value: unless ``raw`` is given, it is the value in UTF-8, or in the charset
    that a Content-Type among ``headers`` declares, if the decoder knows that charset. ``headers`` are the header fields
    besides Content-Disposition, as a mapping. Raises :exc:`ValueError` for a value that cannot be encoded so, and
    :exc:`TypeError` for a name or a value that is not text.

    Fields are equal if all of this is equal; how the Content-Disposition was written does not count.

    >>> Field("a", "1").raw
    b'1'
    """

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state

    name: str
    value: str
    raw: bytes
    headers: PartHeaders | None

    def __init__(
        self, name: str, value: str, raw: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.value = value
        self.raw = raw  # type: ignore[assignment]
        self.headers = headers  # type: ignore[assignment]
        # the decoder gives all of it; isinstance() takes long for a class with an abstract base
        if raw is None or (headers is not None and headers.__class__ not in _OF_PARTS):
            check_type("name", name, str, "text")
            check_type("value", value, str, "text")
            self.headers = None if headers is None else written_headers(headers)
            self.raw = value.encode(written_codec(self.headers)) if raw is None else raw

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Field):
            return NotImplemented
        return (self.name, self.value, self.raw) == (other.name, other.value, other.raw) and _say_the_same(
            self.headers, other.headers
        )

    __hash__ = None  # type: ignore[assignment]  # it can be changed


@dataclass(slots=True, init=False, eq=False)
class FileStart:
    """A file begins. ``filename`` is as it was sent (RFC 7578 section 4.2), ``""`` if no file was chosen.

    The start of a file to encode takes its other header fields as a mapping. Two are equal as two fields are.

    >>> FileStart("f", "a.txt", {"Content-Type": "text/plain"}).headers["Content-Type"]
    'text/plain'
    """

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state

    name: str
    filename: str
    headers: PartHeaders

    def __init__(self, name: str, filename: str, headers: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.filename = filename
        if type(headers) is PartHeaders:  # the decoder gives it
            self.headers = headers
            return
        check_type("name", name, str, "text")
        check_type("filename", filename, str, "text")
        self.headers = written_headers(headers or {})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileStart):
            return NotImplemented
        return (self.name, self.filename) == (other.name, other.filename) and _say_the_same(self.headers, other.headers)

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    @property
    def filename_bytes(self) -> bytes:
        """The filename as it was sent, before it was decoded as UTF-8."""
        return sent_filename(self.headers, self.filename) or b""


@dataclass(slots=True)
class FileEnd:
    """The file that began last is complete."""

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state


def _say_the_same(one: PartHeaders | None, other: PartHeaders | None) -> bool:
    """Whether the header fields are equal, but for Content-Disposition, which the name and the filename tell."""
    return one is other or _without_disposition(one) == _without_disposition(other)


def _without_disposition(headers: PartHeaders | None) -> dict[str, str]:
    if headers is None:
        return {}
    return {name: value for name, value in headers.items() if name != "Content-Disposition"}


FormEvent: TypeAlias = "Field | FileStart | bytes | FileEnd"
"""One event of a form: what :class:`MultipartDecoder` and :class:`UrlencodedDecoder` return lists of."""


@dataclass(slots=True, init=False)
class PartStart:
    """A part of any multipart begins. ``headers`` are its header fields as they were sent; there may be none."""

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state

    headers: PartHeaders

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self.headers = headers if type(headers) is PartHeaders else written_headers(headers or {})


@dataclass(slots=True)
class PartEnd:
    """The part that began last, and has not ended, is complete."""

    __module__ = "cardan.core.forms"
    __getstate__ = slots_state


PartEvent: TypeAlias = "PartStart | bytes | PartEnd"
"""One event of any multipart: what :class:`PartDecoder` returns lists of."""
