"""StaticFiles: an application that serves the files of a directory, over both protocols.

It sends files with validators, ranges and precompressed variants. It answers 404 if there is no such file, or if the
file must not be named or read, and 405 to other methods than GET and HEAD. It raises :exc:`OSError` for troubles of the
server itself, such as too many open files. It never leaves the directory, never lists it, and never waits for a pipe.

Symbolic links are followed if they lead to a place inside the directory; ``follow_symlinks=True`` lets them lead
anywhere. Links are checked while the file is opened, so that a path that changes at that moment cannot lead out. A
server that offers ``http.response.pathsend`` opens the path of a large file itself, a moment after the last check.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from .._request import Request
from .._response import Response, redirect
from ..apps._application import Application
from ..core._buffers import CHUNK_SIZE
from ..core._checks import check_type
from ..core._exceptions import MethodNotAllowed, NotFound
from ..core._response.conditional import Conditions, Representation, decide
from ..core._response.content_type import of_file
from ..core._response.prepared import PreparedFields, PreparedResponse, prepare
from ..core.structures._header_rules import remember
from ._file_body import FileBody, identity_of
from ._file_types import coding_of, guess_type
from ._joining import safe_join
from ._opening import is_missing, open_below, open_file, resolve_below
from ._sending import answer, check_charset, check_max_age, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

__all__ = ["StaticFiles", "safe_join"]

#: content coding -> the suffix of a file in that coding
_SUFFIXES: Final = {"br": ".br", "gzip": ".gz", "zstd": ".zst"}


#: the size in bytes up to which a file that was served before is read at once
SMALL: Final = CHUNK_SIZE

#: the attributes that decide what is answered
#: the options whose type is checked when they are set
_TYPES: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "index": ((str, NoneType), "the name of a file or None"),
    "follow_symlinks": ((bool,), "a bool"),
    "hidden": ((bool,), "a bool"),
}
_OPTIONS: Final = frozenset({"directory", "index", "precompressed", "max_age", "charset", "follow_symlinks", "hidden"})
_UNCONDITIONAL: Final = Conditions()


class _Known(NamedTuple):
    """A small file that was served, and the fields of its answer."""

    path: str
    suffixes: tuple[str, ...]
    """The suffixes of the precompressed variants that were looked for, and not found."""
    identity: tuple[int, ...]
    fields: PreparedFields
    there: Representation


class _KnownFile(PreparedResponse, Response):
    """The answer for a file whose fields were checked before."""


class StaticFiles(Application[Request]):
    """An application that serves the files below ``directory``; the path of a request is the path of the file.

    ``index`` is the name of the file that is sent for a directory; with None a directory is a 404. ``precompressed``
    lists content codings, the preferred one first: ``file.br`` or ``file.gz`` is sent in place of ``file`` if it exists
    and the client accepts it. One coding may be given as a str. ``max_age`` is how long caches may use the file without
    asking, and ``charset`` is that of ``text/*``, both as for :func:`send_file`; a function as ``max_age`` gets the
    path of the file. ``hidden=True`` also serves files and directories whose names start with a dot; ``.well-known``
    (RFC 8615) is always served. Raises :exc:`ValueError` if there is no such directory, for a content coding other than
    ``br``, ``gzip`` and ``zstd``, for a negative ``max_age`` and for a ``charset`` that is no name of one.

    >>> import tempfile
    >>> from cardan.files import StaticFiles
    >>> app = StaticFiles(tempfile.gettempdir(), max_age=3600)
    """

    __module__ = "cardan"

    directory: str
    precompressed: Sequence[str]
    _known: dict[str, _Known]

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        index: str | None = "index.html",
        precompressed: Sequence[str] = ("br", "gzip"),
        max_age: int | timedelta | Callable[[str | None], int | timedelta | None] | None = None,
        charset: str | None = "utf-8",
        follow_symlinks: bool = False,
        hidden: bool = False,
    ) -> None:
        super().__init__(self._serve)
        self.directory = directory  # type: ignore[assignment]  # kept as an absolute path
        self.index = index
        self.precompressed = precompressed
        self.max_age = max_age
        self.charset = charset
        self.follow_symlinks = follow_symlinks
        self.hidden = hidden

    if not TYPE_CHECKING:  # a checker that saw this method would accept the assignment of any name

        def __setattr__(self, name: str, value: object) -> None:
            if name == "directory":
                value = _checked_directory(value)
            elif name == "precompressed":
                value = _checked_codings(value)
            elif name == "max_age" and not callable(value):
                check_max_age(value)
            elif name == "charset":
                check_charset(value)
            elif name in _TYPES:
                check_type(name, value, *_TYPES[name])
            super().__setattr__(name, value)
            if name in _OPTIONS:  # drop what was prepared under other options; requests under way keep it
                self.__dict__["_known"] = {}

    def _serve(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
        known = self._known
        response = self._answer_known(request, known)
        if response is not None:
            return response
        try:
            return self._answer(request, known)
        except OSError as error:
            if is_missing(error):
                raise NotFound from error
            raise

    def _answer_known(self, request: Request, known: dict[str, _Known]) -> Response | None:
        """The fast path of :meth:`_answer`: the answer for a small file that was served before and has not changed.

        The file is opened, read and closed here, so that on ASGI one job in a worker thread does all of it. Gives None
        if anything is unusual: another method, a range, a file that changed, an error.
        """
        file = known.get(request.path)
        if file is None or request.method != "GET":
            return None
        asked = Conditions.from_headers(request.headers)
        for suffix in file.suffixes:
            if os.access(file.path + suffix, os.F_OK):
                return None
        try:
            fd, found = self._open(file.path)
        except (OSError, NotFound):
            return None
        try:
            if identity_of(found) != file.identity:
                return None
            if asked != _UNCONDITIONAL:
                status = decide("GET", asked, file.there).status
                if status == 304:
                    unchanged = _KnownFile(file.fields, b"")
                    unchanged.status_code = 304
                    return unchanged
                if status is not None:
                    return None
            data = os.read(fd, found.st_size + 1)
        except OSError:
            return None
        finally:
            os.close(fd)
        return _KnownFile(file.fields, data) if len(data) == found.st_size else None

    def _answer(self, request: Request, known: dict[str, _Known]) -> Response:
        path = request.path.removeprefix("/")
        found = self._find(path)
        if stat.S_ISDIR(_mode(found)):
            if self.index is None:
                raise NotFound
            found = os.path.join(found, self.index)
            if path and not path.endswith("/"):
                self._check(found)
                if not stat.S_ISREG(_mode(found)):
                    raise NotFound
                return _with_slash(request)
        elif path.endswith("/"):
            raise NotFound
        return self._send(found, request, known)

    def _find(self, path: str) -> str:
        """The path on disk for the path of a request. Raises :exc:`NotFound` if the client must not name it."""
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not self.hidden and any(part.startswith(".") and part != ".well-known" for part in parts):
            raise NotFound
        joined = safe_join(self.directory, path)
        if joined is None:
            raise NotFound
        return joined

    def _check(self, path: str) -> None:
        """Raise :exc:`NotFound` if ``path`` leads out of the directory now. Serve only what :meth:`_open` gives."""
        if not self.follow_symlinks:
            resolve_below(self.directory, path)

    def _open(self, path: str) -> tuple[int, os.stat_result]:
        return open_file(path) if self.follow_symlinks else open_below(self.directory, path)

    def _send(self, path: str, request: Request, known: dict[str, _Known]) -> Response:
        coding, chosen, varies = self._choose(path, request)
        # validators are those of the file that is sent: each variant has its own
        fd, found = self._open(chosen)
        body = FileBody(fd, found.st_size, path=chosen, found=found)
        own = coding_of(path)
        try:
            response = Response(body, content_type=of_file(guess_type(path), self.charset))
            describe(response, found, max_age=self.max_age, path=path)
            response.accept_ranges = "bytes"
            if own is not None:
                response.content_encoding = own
            small = found.st_size <= SMALL and found.st_mtime <= time.time()
            if small and not varies and not callable(self.max_age):
                self._remember(known, request.path, path, found, response)
            answer(response, request)
            if varies:
                response.vary.add("Accept-Encoding")
        except BaseException:
            body.close()
            raise
        if coding is not None and response.status_code in (200, 206, 304):
            response.content_encoding = coding if own is None else f"{own}, {coding}"
        return response

    def _remember(
        self, known: dict[str, _Known], name: str, path: str, found: os.stat_result, response: Response
    ) -> None:
        """Keep the fields of a file for its next request.

        A file with a time in the future is not kept: its Last-Modified is the present time.
        """
        fields = prepare(response)
        assert fields is not None  # the status is 200, and the length of a file is declared
        there = Representation(
            etag=response.headers["ETag"], last_modified=response.last_modified, length=found.st_size
        )
        suffixes = tuple(_SUFFIXES[coding] for coding in self.precompressed)
        remember(known, name, _Known(path, suffixes, identity_of(found), fields, there))

    def _choose(self, path: str, request: Request) -> tuple[str | None, str, bool]:
        """The content coding, the path of the file to send, and whether other clients may get another variant."""
        variants = [
            (coding, path + _SUFFIXES[coding])
            for coding in self.precompressed
            if self._is_variant(path + _SUFFIXES[coding])
        ]
        if not variants or not stat.S_ISREG(_mode(path)):
            return None, path, False
        self._check(path)  # a variant is not sent in place of a file that leads out of the directory
        accepts = request.accept_encodings
        # a client that sends no Accept-Encoding asked for no coding; several ranges are sent of the file itself only
        if not accepts.provided or "," in request.headers.get("Range", ""):
            return None, path, True
        best, chosen, coding = accepts.quality("identity"), path, None
        for name, variant in reversed(variants):  # of equal qualities the first of precompressed wins
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


def _checked_directory(directory: Any) -> str:
    """The absolute path of a directory, without symbolic links. Raises an exception for what is none."""
    check_type("directory", directory, (str, os.PathLike), "a path")
    real: str = os.path.realpath(directory)
    if not os.path.isdir(real):
        raise ValueError(f"got {os.fspath(directory)!r}, expected a directory")
    return real


def _checked_codings(codings: Any) -> tuple[str, ...]:
    """The content codings as a tuple. Raises an exception for one whose files have no suffix here."""
    known = ", ".join(map(repr, _SUFFIXES))
    if not isinstance(codings, Iterable):
        raise TypeError(f"got precompressed = {codings!r}, expected some of {known}")
    checked = (codings,) if isinstance(codings, str) else tuple(codings)
    for coding in checked:
        if coding not in _SUFFIXES:
            raise ValueError(f"got the content coding {coding!r}, expected one of {known}")
    return checked


def _mode(path: str) -> int:
    """``st_mode`` of ``path``, 0 if there is no such file. Raises :exc:`OSError` if the system cannot tell."""
    try:
        return os.stat(path).st_mode
    except OSError as error:
        if is_missing(error):
            return 0
        raise


def _with_slash(request: Request) -> Response:
    """Redirect to the path with a slash at its end. The location is relative: neither ``//host`` in the path nor the
    Host field can lead to another server.
    """
    name = request.path.rstrip("/").rpartition("/")[2]
    query = request.head.query_string.decode("latin-1")
    location = f"./{quote(name, safe='')}/" + (f"?{query}" if query else "")
    return redirect(location, 308)
