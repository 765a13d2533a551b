"""``werkzeug.formparser``: parse a form without a request object.

A request parses its form by itself: use ``request.form`` and ``request.files``. Do not use both for the same request,
because each of them reads the body.
"""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias, cast

from ..._request import Request
from ...core._pieces import Pieces
from ...core.forms._content_type import FORM_TYPES
from ...core.structures import iter_multi_items
from ...datastructures import MultiDict
from ...http import dump_options_header, parse_options_header
from .datastructures import FileStorage
from .wsgi import get_content_length, get_input_stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from wsgiref.types import WSGIEnvironment

    from ...types import Receive, Scope

__all__ = ["FormDataParser", "StreamFactory", "aparse_form_data", "default_stream_factory", "parse_form_data"]

Fields: TypeAlias = MultiDict[str, Any]

#: The size in bytes above which :func:`default_stream_factory` keeps a file on disk.
IN_MEMORY = 500 * 1024


class StreamFactory(Protocol):
    """A function that opens the file for an upload, such as :func:`default_stream_factory`."""

    def __call__(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None,
        content_length: int | None = None,
    ) -> Any:
        """A binary file that can be written and read."""
        ...


def default_stream_factory(
    total_content_length: int | None,
    content_type: str | None,
    filename: str | None,
    content_length: int | None = None,
) -> BinaryIO:
    """A temporary file that is in memory while it has at most 512,000 bytes, and on disk afterwards."""
    return cast("BinaryIO", SpooledTemporaryFile(IN_MEMORY, "w+b"))


def parse_form_data(
    environ: WSGIEnvironment,
    stream_factory: StreamFactory | None = None,
    max_form_memory_size: int | None = None,
    max_content_length: int | None = None,
    cls: type[Fields] | None = None,
    silent: bool = True,
    *,
    max_form_parts: int | None = None,
) -> tuple[BinaryIO, Fields, Fields]:
    """Parse the form in ``environ``. Returns a stream, the fields and the files.

    The stream has the body if that is not a form; otherwise the form was read from it. The arguments are those of
    :class:`FormDataParser`.
    """
    parser = FormDataParser(
        stream_factory, max_form_memory_size, max_content_length, cls, silent, max_form_parts=max_form_parts
    )
    return parser.parse_from_environ(environ)


async def aparse_form_data(
    scope: Scope,
    receive: Receive,
    stream_factory: StreamFactory | None = None,
    max_form_memory_size: int | None = None,
    max_content_length: int | None = None,
    cls: type[Fields] | None = None,
    silent: bool = True,
    *,
    max_form_parts: int | None = None,
) -> tuple[AsyncIterator[bytes], Fields, Fields]:
    """The awaiting twin of :func:`parse_form_data`, for an ASGI scope. The first value is an iterator over the body."""
    parser = FormDataParser(
        stream_factory, max_form_memory_size, max_content_length, cls, silent, max_form_parts=max_form_parts
    )
    request = _request_for(parser, scope, receive)
    if request.mimetype not in FORM_TYPES:
        return request.aiter_data(), parser.cls(), parser.cls()
    await request.load()
    return Pieces(_nothing), *request.parsed()


async def _nothing() -> bytes:
    return b""


class FormDataParser:
    """Parses forms.

    ``stream_factory`` opens a file for each upload. ``max_form_memory_size`` is the largest number of bytes of a field,
    ``max_content_length`` that of the body that :meth:`parse_from_environ` reads, and ``max_form_parts`` the largest
    number of fields and files; None: no limit. The results are of the class ``cls``, by default
    :class:`~cardan.datastructures.MultiDict`. With ``silent`` a form that is not valid is empty; otherwise
    :exc:`BadRequest` is raised. :exc:`RequestEntityTooLarge` is always raised.
    """

    def __init__(
        self,
        stream_factory: StreamFactory | None = None,
        max_form_memory_size: int | None = None,
        max_content_length: int | None = None,
        cls: type[Fields] | None = None,
        silent: bool = True,
        *,
        max_form_parts: int | None = None,
    ) -> None:
        self.stream_factory = stream_factory
        self.max_form_memory_size = max_form_memory_size
        self.max_content_length = max_content_length
        self.max_form_parts = max_form_parts
        self.cls: type[Fields] = cls or MultiDict
        self.silent = silent

    def parse_from_environ(self, environ: WSGIEnvironment) -> tuple[BinaryIO, Fields, Fields]:
        """Parse the form in ``environ``. Returns a stream, the fields and the files.

        A form in a content coding raises :exc:`UnsupportedMediaType`: its bytes are not those of a form.
        """
        stream = get_input_stream(environ, max_content_length=self.max_content_length)
        mimetype, options = parse_options_header(environ.get("CONTENT_TYPE"))
        coding = environ.get("HTTP_CONTENT_ENCODING")
        return self._parse(stream, mimetype.lower(), get_content_length(environ), options, coding)

    def parse(
        self,
        stream: BinaryIO,
        mimetype: str,
        content_length: int | None,
        options: Mapping[str, str] | None = None,
    ) -> tuple[BinaryIO, Fields, Fields]:
        """Parse the form in ``stream``, which must end by itself; see :func:`get_input_stream`.

        ``options`` are the parameters of the media type: the boundary of a multipart form. ``content_length`` is the
        declared length in bytes, None if it is not known. Returns the stream, the fields and the files.
        """
        return self._parse(stream, mimetype, content_length, options, None)

    def _parse(
        self,
        stream: BinaryIO,
        mimetype: str,
        content_length: int | None,
        options: Mapping[str, str] | None,
        coding: str | None,
    ) -> tuple[BinaryIO, Fields, Fields]:
        if mimetype not in FORM_TYPES:
            return stream, self.cls(), self.cls()
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": dump_options_header(mimetype, dict(options or {})),
            "wsgi.input": stream,
            "wsgi.input_terminated": True,
        }
        if content_length is not None:
            environ["CONTENT_LENGTH"] = str(content_length)
        if coding is not None:
            environ["HTTP_CONTENT_ENCODING"] = coding
        return stream, *_request_for(self, environ).parsed()


class _ParsedRequest(Request):
    """The request by which a :class:`FormDataParser` parses."""

    if not TYPE_CHECKING:
        file_storage_class = FileStorage

    def __init__(self, parser: FormDataParser, scope: Any, receive: Any = None) -> None:
        super().__init__(scope, receive, populate_request=False)
        self.parser = parser
        self.form_rules = "silent" if parser.silent else "default"
        self.parameter_storage_class = parser.cls
        self.max_form_memory_size = parser.max_form_memory_size
        self.max_form_parts = parser.max_form_parts
        self.max_content_length = parser.max_content_length

    def parsed(self) -> tuple[Fields, Fields]:
        """The fields and the files."""
        form: Any = self.form
        return form, self.parser.cls(iter_multi_items(self.files))


class _WithStreamFactory(_ParsedRequest):
    """The request of a parser with a ``stream_factory``."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> Any:
        factory: Any = self.parser.stream_factory
        return factory(
            total_content_length=total_content_length,
            content_type=content_type,
            filename=filename,
            content_length=content_length,
        )


def _request_for(parser: FormDataParser, scope: Any, receive: Any = None) -> _ParsedRequest:
    kind = _ParsedRequest if parser.stream_factory is None else _WithStreamFactory
    return kind(parser, scope, receive)


def __dir__() -> list[str]:
    return sorted(__all__)
