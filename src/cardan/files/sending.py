"""Sending files: one response for both protocols, never read into memory.

Takes paths and open binary files; gives responses with type, length, validators, ranges and Content-Disposition.
The file is opened, and looked at, when the response is made: what is sent is that file, whatever happens to its name.
Raises :exc:`OSError` for what cannot be opened; where the name came from a client, :exc:`NotFound` for what is not
there or may not be read. Blocks for an open and a stat; reading is done while sending, in a worker thread on ASGI.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .._response import Response
from ..core.exceptions import NotFound
from ..core.fields.content_disposition import ContentDisposition
from ..core.fields.dates import utc_now
from ..core.response.conditional import RequestLike
from ..core.response.etag import head_of, make_conditional_on
from .file_body import CHUNK, FileBody, number_of
from .file_types import guess_type
from .joining import safe_join
from .opening import is_missing, open_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

__all__ = ["complete", "guess_type", "send_file", "send_from_directory", "wrap_file"]


def send_file(
    path_or_file: str | os.PathLike[str] | BinaryIO,
    request: RequestLike | Mapping[str, Any] | None = None,
    *,
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | int | float | None = None,
    max_age: int | None = None,
    response_class: type[Response] = Response,
) -> Response:
    """A response that sends a file: a path, or a binary file from where it stands, which is closed afterwards.

    With a ``request`` it is conditional and serves ranges, unless ``conditional`` is False. ``download_name`` (default:
    the path's last part) gives the type (:func:`guess_type`), and the name in Content-Disposition where
    ``as_attachment``, or where it was given. ``etag``: True makes one of time and size, a string is taken. ``max_age``
    in seconds; without one caches must ask each time. Raises :exc:`OSError` for a path that cannot be opened or is no
    regular file, :exc:`ValueError` for a text file.
    """
    body, found = _open_body(path_or_file)
    name = download_name or _name_of(path_or_file)
    response = response_class(body, mimetype=mimetype or guess_type(name or ""))
    try:
        if as_attachment or download_name is not None:
            kind = "attachment" if as_attachment else "inline"
            response.headers["Content-Disposition"] = ContentDisposition(kind, name).to_header()
        complete(response, body, found, request if conditional else None, etag, last_modified, max_age)
    except BaseException:
        body.close()
        raise
    return response


def complete(
    response: Response,
    body: FileBody | _Stream,
    found: os.stat_result | None,
    request: RequestLike | Mapping[str, Any] | None = None,
    etag: bool | str = True,
    last_modified: datetime | int | float | None = None,
    max_age: int | None = None,
) -> None:
    """Give ``response`` the fields of a file and make it the answer to ``request``, if there is one.

    ``body`` is the body of the response, and ``found`` the status of its file where it has one.
    """
    _set_validators(response, found, etag, last_modified)
    if max_age is None:
        response.headers["Cache-Control"] = "no-cache"
    else:
        response.cache_control.max_age = max_age
    if isinstance(body, FileBody):
        response.headers["Content-Length"] = body.length
    if request is not None:
        method, headers = head_of(request)
        if method in ("GET", "HEAD"):  # no Date, which the server sets
            make_conditional_on(response, method, headers, isinstance(body, FileBody) and "bytes")


def _open_body(source: Any) -> tuple[Any, os.stat_result | None]:
    if isinstance(source, (str, os.PathLike)):
        fd, found = open_file(source)
        return FileBody(fd, found.st_size, path=os.path.abspath(source)), found
    if hasattr(source, "encoding"):
        raise ValueError("got a text file, expected a binary one: open(path, 'rb')")
    number = number_of(source)
    known = os.fstat(number) if number is not None else None
    if known is None and not (hasattr(source, "seek") and getattr(source, "seekable", lambda: True)()):
        return _Stream(source), None
    start = source.tell()
    length = known.st_size - start if known is not None else source.seek(0, 2) - start
    return FileBody(source, max(length, 0), start), known


class _Stream:
    """A file that cannot seek, a pipe: read in chunks until it ends."""

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
    """``file`` in the server's ``wsgi.file_wrapper`` (PEP 3333), or in one like it where the server has none.

    For ``Response(wrap_file(environ, file), direct_passthrough=True)``, over WSGI alone; :func:`send_file` serves both.
    """
    from wsgiref.util import FileWrapper

    wrapped: Iterable[bytes] = environ.get("wsgi.file_wrapper", FileWrapper)(file, buffer_size)
    return wrapped


def send_from_directory(
    directory: str | os.PathLike[str],
    path: str,
    request: RequestLike | Mapping[str, Any] | None = None,
    **options: Any,
) -> Response:
    """:func:`send_file` for a ``path`` that a client sent, below ``directory``; ``options`` as it takes them.

    Raises :exc:`NotFound` for a path that leads elsewhere (:func:`safe_join`), and for what is not there, is no file or
    may not be read; :exc:`OSError` for errors of the server's own, such as too many open files.
    """
    joined = safe_join(directory, path)
    if joined is None:
        raise NotFound
    try:
        return send_file(joined, request, **options)
    except OSError as error:
        if is_missing(error):
            raise NotFound from error
        raise
