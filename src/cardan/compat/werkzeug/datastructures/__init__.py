"""``werkzeug.datastructures``: the containers and the classes of header values of :mod:`cardan.datastructures`.

:class:`FileStorage` can also be used like the file in it, and :class:`FileMultiDict` exists only here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...._lazy import lazy
from ....core.forms._files import COPY_SIZE, Writer
from ....core.structures import (
    CallbackDict,
    ImmutableOrderedMultiDict,
    ImmutableTypeConversionDict,
    OrderedMultiDict,
    TypeConversionDict,
    iter_multi_items,
)
from ....datastructures import (
    Accept,
    Authorization,
    CharsetAccept,
    CombinedMultiDict,
    ContentRange,
    ContentSecurityPolicy,
    EnvironHeaders,
    ETags,
    Headers,
    HeaderSet,
    IfRange,
    ImmutableDict,
    ImmutableList,
    ImmutableMultiDict,
    LanguageAccept,
    MIMEAccept,
    MultiDict,
    Range,
    RequestCacheControl,
    ResponseCacheControl,
    WWWAuthenticate,
)
from ....files._file_types import guess_type
from ....files._spooling import FileStorage as MainFileStorage

__all__ = [
    "Accept",
    "Authorization",
    "CallbackDict",
    "CharsetAccept",
    "CombinedMultiDict",
    "ContentRange",
    "ContentSecurityPolicy",
    "ETags",
    "EnvironHeaders",
    "FileMultiDict",
    "FileStorage",
    "HeaderSet",
    "Headers",
    "IfRange",
    "ImmutableDict",
    "ImmutableList",
    "ImmutableMultiDict",
    "ImmutableOrderedMultiDict",
    "ImmutableTypeConversionDict",
    "LanguageAccept",
    "MIMEAccept",
    "MultiDict",
    "OrderedMultiDict",
    "Range",
    "RequestCacheControl",
    "ResponseCacheControl",
    "TypeConversionDict",
    "WWWAuthenticate",
    "iter_multi_items",
]


class FileStorage(MainFileStorage):
    """An uploaded file; see :class:`cardan.FileStorage`. Every other attribute is that of the file in ``stream``."""

    __slots__ = ()

    def save(self, dst: str | os.PathLike[str] | Writer, buffer_size: int = COPY_SIZE) -> None:
        """Copy the file from its present position to ``dst``, a path or an object with ``write(bytes)``.

        ``buffer_size`` has no effect: the size of the copied pieces does not matter.
        """
        super().save(dst)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.stream, name)


class FileMultiDict(MultiDict[str, Any]):
    """A :class:`~cardan.datastructures.MultiDict` of files, to make a request from."""

    __slots__ = ()

    def add_file(self, name: str, file: Any, filename: str | None = None, content_type: str | None = None) -> None:
        """Add a file under ``name``: a :class:`FileStorage`, an open binary file, or the path of a file, which is read.

        ``content_type`` is guessed from ``filename``, which is by default the name of the file.
        """
        if not isinstance(file, MainFileStorage):
            if isinstance(file, (str, os.PathLike)):
                filename = filename or os.fspath(file)
                file = Path(file).open("rb")  # noqa: SIM115 - the builder closes it
            else:
                own = getattr(file, "name", None)
                filename = filename or (own if isinstance(own, str) else None)
            if filename and content_type is None:
                content_type = guess_type(filename)
            file = FileStorage(file, filename, name, content_type)
        self.add(name, file)


_MODULES = ("accept", "auth", "cache_control", "csp", "etag", "file_storage", "headers", "range", "structures")

if not TYPE_CHECKING:
    __getattr__ = lazy(__name__, {}, _MODULES)[0]


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
