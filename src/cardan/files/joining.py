"""safe_join: a path that a client sent, below a directory, or nothing.

Takes text; gives a path, or None. Looks at the text alone, never at the disk, so that every system refuses what is a
trick on any: what passes here cannot name a place outside of the directory (a symbolic link there may: that is the
directory's owner's doing).
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import Final

__all__ = ["safe_join"]

# Windows: a drive (C:, C:x), an alternate stream of a device (NUL:)
_DRIVE: Final = re.compile(r"[A-Za-z]:")
# devices on Windows, in any directory, whatever follows after a dot, a colon or spaces
_DEVICE: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])[ ]*(?:[.:]|$)", re.IGNORECASE
)


def safe_join(directory: str | os.PathLike[str], *paths: str) -> str | None:
    r"""``directory`` joined with ``paths``, or None where they lead out of it.

    None for ``..`` beyond the directory, absolute paths, backslashes, NUL, drive letters, names of devices on Windows
    (``CON``, ``NUL.txt``), and parts of dots and spaces alone (which Windows cuts off), on every system. An empty path
    is the directory itself. Raises :exc:`TypeError` for a path that is no text.
    """
    root = os.fspath(directory) or "."
    parts: list[str] = []
    for path in paths:
        if not isinstance(path, str):
            raise TypeError(f"got a path of type {type(path).__name__}, expected str")
        if path:
            path = posixpath.normpath(path)
        if not _is_safe(path):
            return None
        if path not in ("", "."):
            parts.append(path)
    return posixpath.join(root, *parts)


def _is_safe(path: str) -> bool:
    if path == ".." or path.startswith(("/", "../")) or "\\" in path or "\0" in path:
        return False
    return not any(_is_trick(part) for part in path.split("/"))


def _is_trick(part: str) -> bool:
    if part in ("", "."):
        return False
    return not part.strip(". ") or _DRIVE.match(part) is not None or _DEVICE.match(part) is not None
