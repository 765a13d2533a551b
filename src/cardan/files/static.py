"""StaticFiles: a directory as an application, over both protocols.

Takes a directory and requests; gives its files with validators, ranges and precompressed variants, 404 for what is not
there or must not be named or read, 405 for other methods than GET and HEAD. Raises :exc:`OSError` for the server's own
trouble, such as too many open files. Never leaves the directory, never lists it, never waits for a pipe.

Symbolic links are followed where they lead to a place inside of the directory; ``follow_symlinks=True`` lets them lead
anywhere. Whoever can write into the directory while it is served decides what is served.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from .._request import Request
from .._response import Response, redirect
from ..apps.application import Application
from ..core.exceptions import MethodNotAllowed, NotFound
from .joining import safe_join
from .sending import guess_type, is_missing, send_file

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["StaticFiles", "safe_join"]

#: content coding -> what the file's name ends with then
_SUFFIXES: Final = {"br": ".br", "gzip": ".gz", "zstd": ".zst"}


class StaticFiles(Application[Request]):
    """Serves the files below ``directory``; ``root / path`` for a request's path.

    ``index``: the file that stands for a directory, None: none does. ``precompressed``: content codings, the preferred
    one first, of which ``file.br`` or ``file.gz`` is sent in place of ``file`` where the client accepts it. ``max_age``
    in seconds as for :func:`send_file`. ``hidden``: also files and directories whose names start with a dot (but for
    ``.well-known``, RFC 8615, which is always served). Raises :exc:`ValueError` where there is no such directory.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        index: str | None = "index.html",
        precompressed: Sequence[str] = ("br", "gzip"),
        max_age: int | None = None,
        follow_symlinks: bool = False,
        hidden: bool = False,
    ) -> None:
        super().__init__(self._serve)
        self.directory = os.path.realpath(directory)
        if not os.path.isdir(self.directory):
            raise ValueError(f"got {os.fspath(directory)!r}, expected a directory")
        self.index = index
        self.precompressed = tuple(precompressed)
        self.max_age = max_age
        self.follow_symlinks = follow_symlinks
        self.hidden = hidden

    def _serve(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
        try:
            return self._answer(request)
        except OSError as error:
            if is_missing(error):
                raise NotFound from error
            raise
        except ValueError as error:  # a name that no system call takes
            raise NotFound from error

    def _answer(self, request: Request) -> Response:
        path = request.path.removeprefix("/")
        found = self._find(path)
        if stat.S_ISDIR(_mode(found)):
            if self.index is None:
                raise NotFound
            found = os.path.join(found, self.index)
            self._check(found)
            if path and not path.endswith("/"):
                if not stat.S_ISREG(_mode(found)):
                    raise NotFound
                return _with_slash(request)
        elif path.endswith("/"):
            raise NotFound
        return self._send(found, request)

    def _find(self, path: str) -> str:
        """The place that ``path`` names; :exc:`NotFound` where it must not be named."""
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not self.hidden and any(part.startswith(".") and part != ".well-known" for part in parts):
            raise NotFound
        joined = safe_join(self.directory, path)
        if joined is None:
            raise NotFound
        self._check(joined)
        return joined

    def _check(self, path: str) -> None:
        if not self.follow_symlinks:
            real = os.path.realpath(path)
            if os.path.commonpath([real, self.directory]) != self.directory:
                raise NotFound

    def _send(self, path: str, request: Request) -> Response:
        coding, chosen, varies = self._choose(path, request)
        # validators are those of the file that is sent: each variant has its own
        response = send_file(chosen, request, mimetype=guess_type(path), max_age=self.max_age)
        if varies:
            response.vary.add("Accept-Encoding")
        if coding is not None and response.status_code in (200, 206, 304):
            response.content_encoding = coding
        return response

    def _choose(self, path: str, request: Request) -> tuple[str | None, str, bool]:
        """The content coding and the file to send, and whether another client may get another."""
        variants = [
            (coding, path + suffix)
            for coding in self.precompressed
            if (suffix := _SUFFIXES.get(coding)) is not None and self._is_variant(path + suffix)
        ]
        if not variants or not stat.S_ISREG(_mode(path)):
            return None, path, False
        if "," in request.headers.get("Range", ""):  # parts of a multipart answer are of the file itself
            return None, path, True
        accepts = request.accept_encodings
        best, chosen, coding = accepts.quality("identity"), path, None
        for name, variant in reversed(variants):  # of equals the first one of precompressed wins
            quality = accepts.quality(name)
            if quality > 0 and quality >= best:
                best, chosen, coding = quality, variant, name
        return coding, chosen, True

    def _is_variant(self, path: str) -> bool:
        if not stat.S_ISREG(_mode(path)):
            return False
        try:
            self._check(path)
        except NotFound:
            return False
        return True


def _mode(path: str) -> int:
    """The kind of what is under ``path`` (``st_mode``), 0 where nothing is. :exc:`OSError` if that is unknown."""
    try:
        return os.stat(path).st_mode
    except OSError as error:
        if is_missing(error):
            return 0
        raise


def _with_slash(request: Request) -> Response:
    """To the directory's own address: relative, so that neither ``//host`` nor a Host field can lead elsewhere."""
    name = request.path.rstrip("/").rpartition("/")[2]
    query = request.head.query_string.decode("latin-1")
    location = f"./{quote(name, safe='')}/" + (f"?{query}" if query else "")
    response: Response = redirect(location, 308, Response)
    return response
