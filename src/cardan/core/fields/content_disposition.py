"""Content-Disposition of a message (RFC 6266): show it here, or offer it as a file of that name.

Takes and gives field values. Reading is linear and total (:func:`~cardan.core.fields.options.parse_options`);
a value without a type gives None. Writing raises :exc:`ValueError` for what must
not go on the wire. A file name is as it was sent, never a path that is safe to use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from .options import dump_parameter, encode_extended, parse_options
from .syntax import check_token, is_token, quote

__all__ = ["ContentDisposition"]

# what all recipients read alike between quotes (RFC 6266 appendix D): no "\" and nothing like "%41"
_is_simple = re.compile(r"(?:[\x20-\x21\x23-\x24\x26-\x5b\x5d-\x7e]|%(?![0-9A-Fa-f]{2}))*").fullmatch
_not_fallback = re.compile(r'["\\%/]').sub


class ContentDisposition:
    """``type`` (``inline``, ``attachment`` ..., in lower case), ``filename`` and other ``parameters``."""

    __slots__ = ("filename", "parameters", "type")

    def __init__(
        self, type: str = "attachment", filename: str | None = None, parameters: Mapping[str, str] | None = None
    ) -> None:
        self.type = check_token(type, "disposition type").lower()
        self.filename = filename
        self.parameters = dict(parameters or {})

    @classmethod
    def from_header(cls, value: str | None) -> Self | None:
        """Read a field value; None if there is none, or if it has no disposition type."""
        kind, parameters = parse_options(value)
        if not is_token(kind):
            return None
        return cls(kind, parameters.pop("filename", None), parameters)

    def to_header(self) -> str:
        """Return the field value.

        A name that is not plain ASCII is written twice (section 4.3): as ``filename*`` in UTF-8, and before it
        as ``filename`` in what ASCII has for its letters, for those who do not know the other.
        """
        out = self.type
        if self.filename is not None:
            if _is_simple(self.filename):
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
    if not filename.isascii():
        from unicodedata import normalize  # a table of a megabyte, for those who need it

        # each character by itself: to put combining marks in order takes quadratic time, and none of them is ASCII
        plain = [normalize("NFKD", char).encode("ascii", "ignore") for char in filename]
        filename = b"".join(plain).decode("ascii")
    return _not_fallback("_", filename) or "download"
