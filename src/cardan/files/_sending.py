"""Responses that send a file, over both protocols, without reading the file into memory.

The functions take a path or an open binary file, and give a response with type, length, validators, ranges and
Content-Disposition. The file is opened when the response is made. That file is sent, even if its path names another one
later. Making the response blocks for an open and a stat; the file is read while it is sent, on ASGI in a worker thread.
"""

from __future__ import annotations

import os
import re
from datetime import date, timedelta
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, TypeVar, overload

from .._response import Response
from ..core._buffers import is_bytes_like
from ..core._checks import check_type
from ..core._exceptions import NotFound
from ..core._response.base import BaseResponse as CoreResponse
from ..core._response.conditional import SAFE, RequestLike
from ..core._response.content_type import of_file
from ..core._response.etag import head_of, make_conditional_on
from ..core.fields._content_disposition import ContentDisposition
from ..core.fields._dates import utc_now
from ._file_body import CHUNK, FileBody, number_of
from ._file_types import coding_of, guess_type
from ._joining import safe_join
from ._opening import is_missing, open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import TypedDict, Unpack

    class FileOptions(TypedDict, total=False):
        """The options of :func:`send_file`, other than the class of the response."""

        mimetype: str | None
        as_attachment: bool
        download_name: str | None
        conditional: bool
        etag: bool | str
        last_modified: datetime | int | float | None
        max_age: MaxAge
        charset: str | None


__all__ = [
    "MaxAge",
    "answer",
    "check_charset",
    "check_max_age",
    "describe",
    "guess_type",
    "send_file",
    "send_from_directory",
    "wrap_file",
]

R = TypeVar("R", bound=Response)

MaxAge: TypeAlias = "int | timedelta | Callable[[str | None], int | timedelta | None] | None"
"""How long caches may use a file without asking: seconds, a timedelta, None, or a function of the file's path."""

_is_charset = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]*").fullmatch  # as IANA names them (RFC 2978 section 2.3)
_controls = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+").sub


@overload
def send_file(
    path_or_file: str | os.PathLike[str] | BinaryIO,
    request: RequestLike | Mapping[str, Any] | None,
    **options: Unpack[FileOptions],
) -> Response: ...
@overload
def send_file(
    path_or_file: str | os.PathLike[str] | BinaryIO,
    request: RequestLike | Mapping[str, Any] | None,
    *,
    response_class: type[R],
    **options: Unpack[FileOptions],
) -> R: ...
def send_file(
    path_or_file: str | os.PathLike[str] | BinaryIO,
    request: RequestLike | Mapping[str, Any] | None,
    *,
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | int | float | None = None,
    max_age: int | timedelta | Callable[[str | None], int | timedelta | None] | None = None,
    charset: str | None = "utf-8",
    response_class: type[Response] = Response,
) -> Response:
    """Return a response that sends a file, given by its path or as an open binary file.

    An open file is sent from its present position and closed afterwards. ``request`` is the request that is answered, a
    WSGI environ or an ASGI scope: the response is conditional and serves ranges (RFC 9110 sections 13 and 14), unless
    ``conditional`` is False. Give None if there is no request; the file is then sent whole.

    ``mimetype`` is guessed from ``download_name`` (:func:`guess_type`), which is the last part of the path by default.
    A file named ``.svgz`` is sent as an image with ``Content-Encoding: gzip``, but as an attachment without it, because
    the browser saves the file as it is. ``text/*`` gets ``charset``, unless
    ``mimetype`` names one; None claims none. XML gets none, because the file declares its encoding (RFC 7303 section
    3). With ``as_attachment`` browsers save the file under ``download_name`` (Content-Disposition, RFC 6266); control
    characters in it become ``_``.
    ``etag=True`` makes an entity tag of the file's time and size; a str is used as it is. ``max_age`` is how
    long caches may use the file without asking, in seconds or as a timedelta; None makes them ask each time. It may be
    a function, which gets the path as a str, None for an open file. ``response_class`` is the class of the response.

    Raises :exc:`OSError` for a path that cannot be opened, :exc:`IsADirectoryError` for one that is no regular file,
    :exc:`ValueError` for a text file, for a negative ``max_age`` and for a ``charset`` that is no name of one, and
    :exc:`TypeError` for an argument of another type.
    """
    for option, value in (("mimetype", mimetype), ("download_name", download_name)):
        check_type(option, value, (str, NoneType), "a str or None")
    check_type("etag", etag, (bool, str), "a bool or a str")
    check_type("last_modified", last_modified, (date, int, float, NoneType), "a datetime, a timestamp or None")
    check_charset(charset)
    if not callable(max_age):
        check_max_age(max_age)
    if not (isinstance(response_class, type) and issubclass(response_class, CoreResponse)):
        raise TypeError(f"got response_class = {response_class!r}, expected a class of responses")
    if request is not None:
        head_of(request)  # raises TypeError for what is no request, before the file is opened
    body, found = _open_body(path_or_file)
    try:
        own_name = _name_of(path_or_file)
        name = download_name or own_name
        kind = mimetype or guess_type(name or "")
        response = response_class(body, content_type=of_file(kind, charset))
        stays = as_attachment and coding_of(name or "") is not None  # it is saved under the name of a packed file
        coding = coding_of(name or "", mimetype or None) or coding_of(own_name or "", kind)
        if coding is not None and not stays:
            response.content_encoding = coding
        if as_attachment or download_name is not None:
            kind = "attachment" if as_attachment else "inline"
            shown = None if name is None else _controls("_", name)
            response.headers["Content-Disposition"] = ContentDisposition(kind, shown).to_header()
        path = os.fspath(path_or_file) if isinstance(path_or_file, (str, os.PathLike)) else None
        describe(response, found, etag, last_modified, max_age, path)
        if request is not None and conditional:
            answer(response, request)
    except BaseException:
        body.close()
        raise
    return response


def describe(
    response: Response,
    found: os.stat_result | None,
    etag: bool | str = True,
    last_modified: datetime | int | float | None = None,
    max_age: MaxAge = None,
    path: str | None = None,
) -> None:
    """Set the fields that tell caches of a file: validators, Cache-Control, and Content-Length if it is known.

    ``found`` is the status of the file that is the body of ``response``, None if the body has none. ``max_age`` may be
    a function, which gets ``path``.
    """
    _set_validators(response, found, etag, last_modified)
    if callable(max_age):
        max_age = max_age(path)
        check_max_age(max_age)
    if max_age is None:
        response.headers["Cache-Control"] = "no-cache"
    else:
        response.cache_control.max_age = max_age
    body = response.response
    if isinstance(body, FileBody):
        response.headers["Content-Length"] = body.length


def check_max_age(max_age: object) -> None:
    """Raise :exc:`TypeError` or :exc:`ValueError` for what is no time that caches may use a file."""
    expected = "a number of seconds, a timedelta, None, or a function that gives one of them"
    check_type("max_age", max_age, (int, timedelta, NoneType), expected)
    zero = timedelta() if isinstance(max_age, timedelta) else 0
    if isinstance(max_age, (int, timedelta)) and max_age < zero:  # type: ignore[operator]  # both are of one type
        raise ValueError(f"got max_age = {max_age!r}, expected none below zero")


def check_charset(charset: object) -> None:
    """Raise :exc:`TypeError` or :exc:`ValueError` for what is no name of a charset."""
    check_type("charset", charset, (str, NoneType), "the name of a charset or None")
    if isinstance(charset, str) and not _is_charset(charset):
        raise ValueError(f"got charset = {charset!r}, expected a name such as 'utf-8'")


def answer(response: Response, request: RequestLike | Mapping[str, Any]) -> None:
    """Make ``response``, which sends a file, the answer to a request that may have conditions or ask for ranges."""
    method, headers = head_of(request)
    if method in SAFE:  # no Date, which the server sets
        make_conditional_on(response, method, headers, isinstance(response.response, FileBody) and "bytes")


def _open_body(source: Any) -> tuple[Any, os.stat_result | None]:
    if isinstance(source, (str, os.PathLike)):
        check_type("path", os.fspath(source), str, "a str")
        fd, found = open_file(source)
        return FileBody(fd, found.st_size, path=os.path.abspath(source), found=found), found
    if not hasattr(source, "read"):
        hint = ": Response(data) sends bytes" if is_bytes_like(source) else ""
        raise TypeError(f"got {type(source).__name__}, expected a path or an open binary file{hint}")
    if hasattr(source, "encoding"):
        raise ValueError("got a text file, expected a binary one: open(path, 'rb')")
    try:
        number = number_of(source)
        known = os.fstat(number) if number is not None else None
        if known is None and not (hasattr(source, "seek") and getattr(source, "seekable", lambda: True)()):
            return _Stream(source), None
        start = source.tell()
        length = known.st_size - start if known is not None else source.seek(0, 2) - start
    except BaseException:
        source.close()
        raise
    return FileBody(source, max(length, 0), start), known


class _Stream:
    """The body of a file that cannot seek, such as a pipe: it is read in chunks until it ends."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._file.read(CHUNK), b"")


def _name_of(source: Any) -> str | None:
    if isinstance(source, (str, os.PathLike)):
        return Path(source).name
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else None


def _set_validators(response: Response, found: os.stat_result | None, etag: bool | str, last_modified: Any) -> None:
    if last_modified is None and found is not None:
        last_modified = min(found.st_mtime, utc_now().timestamp())  # not in the future (RFC 9110 section 8.8.2.1)
    response.last_modified = last_modified
    if isinstance(etag, str):
        response.set_etag(etag)
    elif etag and found is not None:
        response.set_etag(f"{found.st_mtime_ns:x}-{found.st_size:x}")


def wrap_file(environ: dict[str, Any], file: BinaryIO, buffer_size: int = 8192) -> Iterable[bytes]:
    """Wrap ``file`` in the server's ``wsgi.file_wrapper`` (PEP 3333), or in a similar one if the server has none.

    The result is the body of ``Response(wrap_file(environ, file), direct_passthrough=True)``, on WSGI only.
    :func:`send_file` serves both protocols. ``buffer_size`` is the number of bytes of each read.
    """
    from wsgiref.util import FileWrapper

    wrapped: Iterable[bytes] = environ.get("wsgi.file_wrapper", FileWrapper)(file, buffer_size)
    return wrapped


@overload
def send_from_directory(
    directory: str | os.PathLike[str],
    path: str,
    request: RequestLike | Mapping[str, Any] | None,
    **options: Unpack[FileOptions],
) -> Response: ...
@overload
def send_from_directory(
    directory: str | os.PathLike[str],
    path: str,
    request: RequestLike | Mapping[str, Any] | None,
    *,
    response_class: type[R],
    **options: Unpack[FileOptions],
) -> R: ...
def send_from_directory(
    directory: str | os.PathLike[str],
    path: str,
    request: RequestLike | Mapping[str, Any] | None,
    *,
    response_class: type[Response] = Response,
    **options: Unpack[FileOptions],
) -> Response:
    """Return the response of :func:`send_file` for a ``path`` that a client sent, below ``directory``.

    ``options`` are the other keyword arguments of :func:`send_file`. Raises :exc:`NotFound` for a path that leads out
    of the directory (:func:`safe_join`), and if there is no such file or it may not be read. Raises :exc:`OSError` for
    troubles of the server itself, such as too many open files. Symbolic links in the directory are followed.
    """
    check_type("directory", os.fspath(directory), str, "a str")
    joined = safe_join(directory, path)
    if joined is None:
        raise NotFound
    try:
        return send_file(joined, request, response_class=response_class, **options)
    except OSError as error:
        if is_missing(error):
            raise NotFound from error
        raise


wrap_file.__module__ = "cardan.files"  # help() and pickles name it as users import it
