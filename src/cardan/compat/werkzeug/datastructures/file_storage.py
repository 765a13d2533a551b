"""``werkzeug.datastructures.file_storage``: names of :mod:`cardan.compat.werkzeug.datastructures`."""

from __future__ import annotations

from . import FileMultiDict, FileStorage

__all__ = ["FileMultiDict", "FileStorage"]


def __dir__() -> list[str]:
    return sorted(__all__)
