"""Files: uploads that are spooled to disk, and files that are sent.

Takes paths, open files and the limits of a form; gives uploaded files, responses that send a file, and an application
that serves a folder. Everything is imported when it is first asked for: spooling needs none of the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .file_types import guess_type as guess_type
    from .joining import safe_join as safe_join
    from .sending import send_file as send_file
    from .sending import send_from_directory as send_from_directory
    from .sending import wrap_file as wrap_file
    from .spooling import FileStorage as FileStorage
    from .spooling import Part as Part
    from .spooling import Spooler as Spooler
    from .spooling import SpoolSink as SpoolSink
    from .static import StaticFiles as StaticFiles

_HOMES = {
    "FileStorage": "spooling",
    "Part": "spooling",
    "SpoolSink": "spooling",
    "Spooler": "spooling",
    "StaticFiles": "static",
    "guess_type": "file_types",
    "safe_join": "joining",
    "send_file": "sending",
    "send_from_directory": "sending",
    "wrap_file": "sending",
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
