"""Content-Disposition of a response (RFC 6266): whether to show it, or to save it under a file name.

Parsing takes linear time and never raises (:func:`~cardan.core.fields._options.parse_options`); a value without a type
gives None. Writing, and the constructor, raise :exc:`ValueError` for a value that a header field must not contain. A
file name is given as it was sent: never use it as a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from .._pickling import slots_state
from ._options import dump_parameter, encode_extended, parse_options
from ._reading_back import check_reads_back, folded
from ._syntax import check_token, is_token, quote

__all__ = ["ContentDisposition"]

# Text that every recipient reads alike between quotes (RFC 6266 appendix D): without "\" and without "%41" and the like
_is_simple = re.compile(r"(?:[\x20-\x21\x23-\x24\x26-\x5b\x5d-\x7e]|%(?![0-9A-Fa-f]{2}))*").fullmatch
# "=?" begins text as RFC 2047 writes it, which some recipients decode
_not_fallback = re.compile(r'["\\%/]|=(?=\?)').sub


class ContentDisposition:
    """A disposition: ``type`` (``inline`` or ``attachment``, in lower case), ``filename``, other ``parameters``.

    The names of parameters are in lower case. Raises :exc:`ValueError` for a type that is not a token, for a file name
    that is also one of the parameters, and for what cannot be written, such as a control character or a name with ``*``
    (a value that is not ASCII is encoded by itself).

    >>> ContentDisposition("attachment", "report.pdf").to_header()
    'attachment; filename="report.pdf"'
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("filename", "parameters", "type")
    __getstate__ = slots_state

    def __init__(
        self, type: str = "attachment", filename: str | None = None, parameters: Mapping[str, str] | None = None
    ) -> None:
        self.type = check_token(type, "disposition type").lower()
        self.filename = filename
        self.parameters = folded((parameters or {}).items())
        check_reads_back(self)

    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Parse a field value. None, and a value without a disposition type, give None."""
        kind, parameters = parse_options(value)
        if not is_token(kind):
            return None
        self = cls.__new__(cls)
        self.type = kind.lower()
        self.filename = parameters.pop("filename", None)
        self.parameters = parameters
        return self

    def to_header(self) -> str:
        """Return the field value. Raises :exc:`ValueError` for a value that a header field must not contain.

        A file name that is not plain ASCII is written twice (RFC 6266 section 4.3): first as ``filename`` with its
        letters replaced by ASCII letters, for recipients that do not know ``filename*``; then as ``filename*`` in
        UTF-8. If no letter is left of a name, ``download`` stands for it, before its suffix.
        """
        out = self.type
        if self.filename is not None:
            if _is_simple(self.filename) and "=?" not in self.filename:
                out += f"; filename={quote(self.filename)}"
            else:
                extended = encode_extended(self.filename)
                out += f'; filename="{_fallback(self.filename)}"; filename*={extended}'
        for name, text in self.parameters.items():
            out += f"; {dump_parameter(check_token(name, 'parameter'), text)}"
        return out

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ContentDisposition):
            return NotImplemented
        return (self.type, self.filename, self.parameters) == (other.type, other.filename, other.parameters)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"


def _fallback(filename: str) -> str:
    is_hidden = filename.startswith(".")
    if not filename.isascii():
        from unicodedata import normalize  # loads tables of a megabyte

        # Each character is normalised by itself: sorting a long run of combining marks takes quadratic time. The marks
        # are not ASCII, so that their order does not matter.
        plain = [normalize("NFKD", char).encode("ascii", "ignore") for char in filename]
        filename = b"".join(plain).decode("ascii")
    filename = _not_fallback("_", filename).strip(" ").rstrip(".")
    if filename.startswith(".") and not is_hidden:  # only the suffix is left, which would be a hidden file
        filename = "download." + filename.lstrip(". ")
    return filename if filename.strip("._ ") else "download"
