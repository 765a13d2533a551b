"""safe_filename: a name under which a file may be stored, made of the one that a client sent.

Takes any text; returns one path component that is a plain file name on every system. Never empty, never raises.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize

__all__ = ["safe_filename"]

#: ext4, APFS and NTFS allow 255 (bytes, bytes, UTF-16 units). The rest is room for a prefix of the application
MAX_BYTES: Final = 200
MAX_SUFFIX: Final = 32
#: At most four characters become one in NFC (an iota subscript, a breathing and an accent on a letter): what is left of
#: this many is no shorter than MAX_BYTES, and of a suffix this long no shorter than MAX_SUFFIX.
LOOK_AT: Final = 4 * MAX_BYTES
LOOK_AT_SUFFIX: Final = 4 * MAX_SUFFIX

_SEPARATORS: Final = re.compile(r"[/\\]")
# control characters (C0, DEL, C1), what Windows forbids, and the marks that change the direction of text
_FORBIDDEN: Final = re.compile(
    '[\x00-\x1f\x7f-\x9f<>:"|?*\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]+'
)
# device names on Windows, also with a suffix; Windows accepts superscript digits in them, too
_DEVICE: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])[ ]*(?:\.|$)", re.IGNORECASE
)


def safe_filename(filename: str | None, *, default: str = "file") -> str:
    r"""One path component made from ``filename``, which a client chose (RFC 7578 section 4.2).

    It is the last component after ``/`` or ``\\``, in NFC, without control characters, marks of direction and
    ``< > : " | ? *``. It has no dots and spaces at its ends, so it is never ``.``, ``..`` or hidden. The name of a
    device on Windows gets a ``_`` before it. The result has at most 200 bytes of UTF-8; a long name keeps its
    extension. If nothing is left, the result is ``default``.
    """
    name = _SEPARATORS.split(filename or "")[-1]
    name = " ".join(_FORBIDDEN.sub("", name).split()).strip(". ")
    if len(name) > LOOK_AT:  # NFC takes quadratic time to order combining marks
        name = _cut(name)
    name = normalize("NFC", name)
    if _DEVICE.match(name):
        name = "_" + name
    if len(name.encode()) > MAX_BYTES:
        name = _shorten(name)
    return name or default


def _cut(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    if stem and len(suffix) <= LOOK_AT_SUFFIX:
        return stem[:LOOK_AT] + dot + suffix
    return name[:LOOK_AT].rstrip(". ")


def _shorten(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > MAX_SUFFIX:
        stem, dot, suffix = name, "", ""
    room = MAX_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + suffix


safe_filename.__module__ = "cardan.core.forms"  # help() and pickles name it as users import it
