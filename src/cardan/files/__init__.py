"""Files: uploaded files, responses that send a file, and an application that serves a directory.

- :class:`FileStorage` is an uploaded file, and :class:`Part` one that is still arriving.
- :class:`BlockingFileStorage` is for frameworks whose async handlers read uploaded files without ``await``.
- :func:`send_file`, :func:`send_from_directory` and :func:`wrap_file` send a file; :func:`guess_type` gives its media
  type.
- :class:`StaticFiles` serves a directory; :func:`safe_join` joins a directory with a path that a client sent.

A name is imported when it is first used, so that an upload does not load the code that sends files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from ._file_types import guess_type as guess_type
    from ._joining import safe_join as safe_join
    from ._sending import send_file as send_file
    from ._sending import send_from_directory as send_from_directory
    from ._sending import wrap_file as wrap_file
    from ._spooling import BlockingFileStorage as BlockingFileStorage
    from ._spooling import FileStorage as FileStorage
    from ._spooling import Part as Part
    from ._static import StaticFiles as StaticFiles

_HOMES = {
    "BlockingFileStorage": "_spooling",
    "FileStorage": "_spooling",
    "Part": "_spooling",
    "StaticFiles": "_static",
    "guess_type": "_file_types",
    "safe_join": "_joining",
    "send_file": "_sending",
    "send_from_directory": "_sending",
    "wrap_file": "_sending",
}

__all__ = [
    "BlockingFileStorage",
    "FileStorage",
    "Part",
    "StaticFiles",
    "guess_type",
    "safe_join",
    "send_file",
    "send_from_directory",
    "wrap_file",
]

if not TYPE_CHECKING:  # type checkers would take every name for one of this package's
    __getattr__, __dir__ = lazy(__name__, _HOMES)
