"""safe_join: joins a directory with a path that a client sent, or refuses the path.

It looks at the text only, never at the disk. It refuses on every system what is dangerous on any of them. A path that
it accepts cannot name a place outside the directory, unless there is a symbolic link in the directory:
:class:`~cardan.files.StaticFiles` checks links as well.
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
# what separates parts on Windows, what no system call accepts, and what no bytes of a name are decoded to (PEP 383)
_NOT_IN_NAME: Final = re.compile("[\\\\\0\ud800-\udc7f\udd00-\udfff]")


def safe_join(directory: str | os.PathLike[str], *paths: str) -> str | None:
    r"""Join ``directory`` with ``paths``; return None if they lead out of the directory.

    On every system, the result is None for a ``..`` that leads out of the directory, an absolute path, a backslash,
    NUL, a drive letter, the name of a Windows device (``CON``, ``NUL.txt``), a part that consists of dots and spaces
    (Windows removes these), and a lone surrogate that stands for no byte of a name (:func:`os.fsencode`).
    An empty path is the directory itself. Raises :exc:`TypeError` for a path that is not a str, and for a directory
    that is not a path.

    >>> safe_join("/srv/files", "css/main.css")
    '/srv/files/css/main.css'
    >>> safe_join("/srv/files", "../secret") is None
    True
    """
    if not isinstance(directory, (str, os.PathLike)):
        raise TypeError(f"got a directory of type {type(directory).__name__}, expected a str or a path")
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
    if path == ".." or path.startswith(("/", "../")) or _NOT_IN_NAME.search(path):
        return False
    return not any(_is_trick(part) for part in path.split("/"))


def _is_trick(part: str) -> bool:
    if part in ("", "."):
        return False
    return not part.strip(". ") or _DRIVE.match(part) is not None or _DEVICE.match(part) is not None


safe_join.__module__ = "cardan.files"  # help() and pickles name it as users import it
