"""safe_filename: a name under which a file may be stored, made of the one that a client sent.

Takes any text; returns one path component that is a plain file name on every system. Never empty, never raises.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize

__all__ = ["safe_filename"]

#: ext4, APFS and NTFS allow 255 (bytes, bytes, UTF-16 units); what is left is room for a prefix of the application's
MAX_BYTES: Final = 200
MAX_SUFFIX: Final = 32
#: At most four characters become one in NFC (an iota subscript, a breathing and an accent on a letter): what is left of
#: this many is no shorter than MAX_BYTES, and of a suffix this long no shorter than MAX_SUFFIX.
LOOK_AT: Final = 4 * MAX_BYTES
LOOK_AT_SUFFIX: Final = 4 * MAX_SUFFIX

_SEPARATORS: Final = re.compile(r"[/\\]")
# controls (C0, DEL, C1), what Windows forbids, and the marks that turn the direction of what is read
_FORBIDDEN: Final = re.compile(
    '[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]+'
)
# device names on Windows, whatever follows after a dot; the superscript digits count there, too
_DEVICE: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])[ ]*(?:\.|$)", re.IGNORECASE
)


def safe_filename(filename: str | None, *, default: str = "file") -> str:
    r"""One path component made of ``filename``, which is never trusted to be one (RFC 7578 section 4.2).

    The last component after ``/`` or ``\\``, in NFC; without control characters, marks of direction and
    ``< > : " | ? *``; without dots and spaces at its ends, so never ``.``, ``..`` or hidden; with ``_`` before a name
    that is a device on Windows; at most 200 bytes of UTF-8, the extension kept. ``default`` where nothing is left.
    """
    name = _SEPARATORS.split(filename or "")[-1]
    name = " ".join(_FORBIDDEN.sub("", name).split()).strip(". ")
    if len(name) > LOOK_AT:  # to put combining marks in order takes quadratic time
        name = _cut(name)
    name = normalize("NFC", name)
    if _DEVICE.match(name):
        name = "_" + name
    if len(name.encode()) > MAX_BYTES:
        name = _shorten(name)
    return name or default


def _cut(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem[:LOOK_AT] + dot + suffix if stem and len(suffix) <= LOOK_AT_SUFFIX else name[:LOOK_AT]


def _shorten(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > MAX_SUFFIX:
        stem, dot, suffix = name, "", ""
    room = MAX_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + suffix
