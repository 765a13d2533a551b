"""Files: uploaded files, responses that send a file, and an application that serves a directory.

- :class:`FileStorage` and :class:`Part` are uploaded files; :class:`Spooler` and :class:`SpoolSink` keep their data in
  memory while it is small, and on disk afterwards.
- :func:`send_file`, :func:`send_from_directory` and :func:`wrap_file` send a file; :func:`guess_type` gives its media
  type.
- :class:`StaticFiles` serves a directory; :func:`safe_join` joins a directory with a path that a client sent.

A name is imported when it is first used, so that an upload does not load the code that sends files.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._file_types import guess_type as guess_type
    from ._joining import safe_join as safe_join
    from ._sending import send_file as send_file
    from ._sending import send_from_directory as send_from_directory
    from ._sending import wrap_file as wrap_file
    from ._spooling import FileStorage as FileStorage
    from ._spooling import Part as Part
    from ._spooling import Spooler as Spooler
    from ._spooling import SpoolSink as SpoolSink
    from ._static import StaticFiles as StaticFiles

_HOMES = {
    "FileStorage": "_spooling",
    "Part": "_spooling",
    "SpoolSink": "_spooling",
    "Spooler": "_spooling",
    "StaticFiles": "_static",
    "guess_type": "_file_types",
    "safe_join": "_joining",
    "send_file": "_sending",
    "send_from_directory": "_sending",
    "wrap_file": "_sending",
}

__all__ = [
    "FileStorage",
    "Part",
    "SpoolSink",
    "Spooler",
    "StaticFiles",
    "guess_type",
    "safe_join",
    "send_file",
    "send_from_directory",
    "wrap_file",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
