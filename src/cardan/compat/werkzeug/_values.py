"""Values of a request, and the environ, the scope and the body that are made of them."""

from __future__ import annotations

import io
import json as jsonlib
import sys
from collections.abc import Iterable, Mapping
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeAlias
from urllib.parse import quote, unquote, unquote_to_bytes, urlencode, urlsplit

from ...core._urls import iri_to_uri
from ...core.forms import Field, FileEnd, FileStart, MultipartEncoder
from ...core.forms._content_type import MULTIPART_TYPE, URLENCODED_TYPE
from ...core.forms._head import PartHeaders
from ...core.structures import CallbackDict, iter_multi_items
from ...datastructures import Authorization, EnvironHeaders, Headers, MultiDict
from ...http import dump_options_header, parse_options_header
from .datastructures import FileMultiDict
from .formparser import IN_MEMORY
from .utils import get_content_type

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from ...types import Receive, Scope

__all__ = ["ValuesBuilder", "encode_multipart", "stream_encode_multipart"]

#: The characters of a path and of a query that are not percent-encoded (RFC 3986 section 3.3; a % begins an escape).
PATH_SAFE = "/%:;=@!$&'()*+,~"

Data: TypeAlias = "str | bytes | BinaryIO | Mapping[str, Any]"


# --- bodies ---


def stream_encode_multipart(
    data: Mapping[str, Any], use_tempfile: bool = True, threshold: int = IN_MEMORY, boundary: str | None = None
) -> tuple[BinaryIO, int, str]:
    """The body of a multipart form (RFC 7578) as a file, its length in bytes, and its boundary.

    The values are texts and files; a list stands for several of them. The file is in memory: ``use_tempfile`` and
    ``threshold`` have no effect.
    """
    boundary, body = encode_multipart(data, boundary)
    return io.BytesIO(body), len(body), boundary


def encode_multipart(values: Mapping[str, Any], boundary: str | None = None) -> tuple[str, bytes]:
    """A boundary, and the body of a multipart form (RFC 7578) with it. The values are texts and files.

    A file without a filename becomes a field. The type of one that has no ``content_type`` is guessed from its name.
    """
    encoder = MultipartEncoder(boundary)
    pieces: list[bytes] = []
    for name, value in _pairs_of(values):
        filename = getattr(value, "filename", getattr(value, "name", None)) if hasattr(value, "read") else None
        if filename is None:
            value = value.read() if hasattr(value, "read") else value
            raw = value if isinstance(value, bytes) else str(value).encode()
            pieces += encoder.feed([Field(name, raw.decode("utf-8", "replace"), raw)])
            continue
        kind = getattr(value, "content_type", None) or guess_type(str(filename))[0] or "application/octet-stream"
        headers = {"Content-Type": kind, **dict(getattr(value, "headers", None) or {})}
        block = "\r\n".join(f"{key}: {text}" for key, text in headers.items()).encode()
        pieces += encoder.feed([FileStart(name, str(filename), PartHeaders(block)), value.read() or b"", FileEnd()])
    return encoder.boundary, b"".join([*pieces, *encoder.close()])


def _pairs_of(values: Any) -> Iterable[tuple[str, Any]]:
    """Names and values. A list stands for several values, and a tuple for one: a file."""
    if isinstance(values, MultiDict) or not isinstance(values, Mapping):
        yield from iter_multi_items(values)
        return
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one


# --- environs ---


class ValuesBuilder:
    """What :class:`cardan.compat.werkzeug.test.EnvironBuilder` is without a class of requests."""

    server_protocol = "HTTP/1.1"
    """The key ``SERVER_PROTOCOL`` of the environ."""
    wsgi_version = (1, 0)
    """The key ``wsgi.version`` of the environ."""
    json_dumps = staticmethod(jsonlib.dumps)

    script_root: str
    """The path under which the application is mounted, without a slash at its end."""
    host: str
    """The host, with its port if it has one."""
    url_scheme: str
    """``http`` or ``https``."""

    def __init__(
        self,
        path: str = "/",
        base_url: str | None = None,
        query_string: Mapping[str, Any] | str | None = None,
        method: str = "GET",
        input_stream: BinaryIO | None = None,
        content_type: str | None = None,
        content_length: int | None = None,
        errors_stream: Any = None,
        multithread: bool = False,
        multiprocess: bool = False,
        run_once: bool = False,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        data: Data | None = None,
        environ_base: Mapping[str, Any] | None = None,
        environ_overrides: Mapping[str, Any] | None = None,
        mimetype: str | None = None,
        json: object = None,
        auth: Any = None,
    ) -> None:
        if "?" in path:
            if query_string is not None:
                raise ValueError("got a query in path and a query_string, expected one of them")
            query_string = urlsplit(path).query
        self.request_uri: str = path
        """The path as it was given."""
        self.path = iri_to_uri(urlsplit(path).path)
        self.base_url = base_url
        self._query_string: str | None = None
        self._args: MultiDict[str, str] | None = None
        if isinstance(query_string, str):
            self.query_string = query_string
        else:
            self.args = MultiDict(query_string or {})
        self.method = method.upper()
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.errors_stream = errors_stream or sys.stderr
        self.multithread = multithread
        self.multiprocess = multiprocess
        self.run_once = run_once
        self.environ_base = environ_base
        self.environ_overrides = environ_overrides
        self.input_stream = input_stream
        self.closed: bool = False
        """Whether the builder was closed, with its files."""
        if content_type is not None:
            self.content_type = content_type
        if content_length is not None:
            self.content_length = content_length
        if auth is not None:
            self._set_auth(auth)
        if json is not None:
            if data is not None:
                raise TypeError("got data and json, expected one of them")
            data = self.json_dumps(json)
            if self.content_type is None:
                self.content_type = "application/json"
        if data:
            self._set_data(data)
        if mimetype is not None:
            self.mimetype = mimetype

    def _set_auth(self, auth: Any) -> None:
        if isinstance(auth, tuple):
            auth = Authorization("basic", {"username": auth[0], "password": auth[1]})
        self.headers["Authorization"] = auth.to_header()

    def _set_data(self, data: Any) -> None:
        if self.input_stream is not None:
            raise TypeError("got data and input_stream, expected one of them")
        if hasattr(data, "read"):
            data = data.read()
        if isinstance(data, str):
            data = data.encode()
        if isinstance(data, bytes):
            self.input_stream = io.BytesIO(data)
            if self.content_length is None:
                self.content_length = len(data)
            return
        for name, value in _pairs_of(data):
            if isinstance(value, tuple):
                self.files.add_file(name, *value)
            elif hasattr(value, "read"):
                self.files.add_file(name, value)
            else:
                self.form.add(name, value)

    @classmethod
    def from_environ(cls, environ: WSGIEnvironment, **kwargs: Any) -> Self:
        """A builder with the values of ``environ``. ``kwargs`` are parameters that replace them."""
        headers = Headers(EnvironHeaders(environ))
        host = headers.pop("Host", None) or environ["SERVER_NAME"]
        root = quote(environ.get("SCRIPT_NAME", "").encode("latin-1"))
        values: dict[str, Any] = {
            "path": quote(environ.get("PATH_INFO", "").encode("latin-1"), safe=PATH_SAFE.replace("%", "")),
            "base_url": f"{environ['wsgi.url_scheme']}://{host}{root}/",
            "query_string": environ.get("QUERY_STRING", ""),
            "method": environ["REQUEST_METHOD"],
            "input_stream": environ["wsgi.input"],
            "content_type": headers.pop("Content-Type", None),
            "content_length": headers.pop("Content-Length", None),
            "errors_stream": environ["wsgi.errors"],
            "multithread": environ["wsgi.multithread"],
            "multiprocess": environ["wsgi.multiprocess"],
            "run_once": environ["wsgi.run_once"],
            "headers": headers,
        }
        return cls(**{**values, **kwargs})

    # --- the URL ---

    @property
    def base_url(self) -> str:
        """Scheme, host, and the path under which the application is mounted. It ends with a slash."""
        return f"{self.url_scheme}://{self.host}{self.script_root}/"

    @base_url.setter
    def base_url(self, value: str | None) -> None:
        url = urlsplit(iri_to_uri(value or "http://localhost/"))
        if url.query or url.fragment:
            raise ValueError(f"got base_url {value!r}, expected one without query and fragment")
        self.script_root = url.path.rstrip("/")
        self.host = url.netloc.rpartition("@")[2]
        self.url_scheme = url.scheme

    @property
    def server_name(self) -> str:
        """The host without its port. Set ``host`` to change it."""
        return urlsplit(f"//{self.host}").hostname or ""

    @property
    def server_port(self) -> int:
        """The port of the host, or the default port of the scheme. Set ``host`` to change it."""
        try:
            port = urlsplit(f"//{self.host}").port
        except ValueError:
            port = None
        return port or (443 if self.url_scheme == "https" else 80)

    @property
    def query_string(self) -> str:
        """The query as text. If it is set, ``args`` cannot be used."""
        return _urlencoded(self._args) if self._query_string is None else self._query_string

    @query_string.setter
    def query_string(self, value: str | None) -> None:
        self._query_string = value
        self._args = None

    @property
    def args(self) -> MultiDict[str, str]:
        """The parameters of the query. Raises AttributeError if the query was given as text."""
        if self._query_string is not None:
            raise AttributeError("the query was given as text: set query_string to None to use args")
        if self._args is None:
            self._args = MultiDict()
        return self._args

    @args.setter
    def args(self, value: MultiDict[str, str] | None) -> None:
        self._query_string = None
        self._args = value

    # --- the header fields that belong to the body ---

    @property
    def content_type(self) -> str | None:
        """The Content-Type; if it was not set, that of ``form`` and ``files``."""
        kind = self.headers.get("Content-Type")
        if kind is None and self._input_stream is None:
            return MULTIPART_TYPE if self._files else URLENCODED_TYPE if self._form else None
        return kind

    @content_type.setter
    def content_type(self, value: str | None) -> None:
        self.headers["Content-Type"] = value

    @property
    def mimetype(self) -> str | None:
        """The media type without parameters. Setting a type of text adds ``; charset=utf-8``."""
        kind = self.content_type
        return kind.partition(";")[0].strip(" \t") if kind else None

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        self.content_type = get_content_type(value, "utf-8")

    @property
    def mimetype_params(self) -> CallbackDict[str, str]:
        """The parameters of the Content-Type. Changes are written to it."""

        def write(params: Any) -> None:
            self.content_type = dump_options_header(self.mimetype, params)

        return CallbackDict(parse_options_header(self.headers.get("Content-Type", ""))[1], write)

    @property
    def content_length(self) -> int | None:
        """The Content-Length in bytes. A body that is given as data or as a form sets it."""
        return self.headers.get("Content-Length", type=int)

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        self.headers["Content-Length"] = value

    # --- the body ---

    @property
    def input_stream(self) -> BinaryIO | None:
        """The body as a file, None if it is a form. Setting it clears ``form`` and ``files``."""
        return self._input_stream

    @input_stream.setter
    def input_stream(self, value: BinaryIO | None) -> None:
        self._input_stream = value
        self._form: MultiDict[str, str] | None = None
        self._files: FileMultiDict | None = None

    @property
    def form(self) -> MultiDict[str, str]:
        """The fields of the form. Raises AttributeError if there is an ``input_stream``."""
        self._check_form()
        if self._form is None:
            self._form = MultiDict()
        return self._form

    @form.setter
    def form(self, value: MultiDict[str, str]) -> None:
        self._input_stream = None
        self._form = value

    @property
    def files(self) -> FileMultiDict:
        """The files of the form. Raises AttributeError if there is an ``input_stream``."""
        self._check_form()
        if self._files is None:
            self._files = FileMultiDict()
        return self._files

    @files.setter
    def files(self, value: FileMultiDict) -> None:
        self._input_stream = None
        self._files = value

    def _check_form(self) -> None:
        if self._input_stream is not None:
            raise AttributeError("the body was given as input_stream: set it to None to use form and files")

    def close(self) -> None:
        """Close all files of the form."""
        for file in list(iter_multi_items(self._files or {})):
            file[1].close()
        self.closed = True

    # --- results ---

    def get_environ(self) -> WSGIEnvironment:
        """A new environ (PEP 3333)."""
        stream, length, kind = self._body()
        environ: WSGIEnvironment = {
            **(self.environ_base or {}),
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": _as_native(unquote(self.script_root)),
            "PATH_INFO": _as_native(unquote(self.path)),
            "QUERY_STRING": _as_native(self.query_string),
            "REQUEST_URI": _as_native(self.request_uri),
            "RAW_URI": _as_native(self.request_uri),
            "SERVER_NAME": self.server_name,
            "SERVER_PORT": str(self.server_port),
            "SERVER_PROTOCOL": self.server_protocol,
            "HTTP_HOST": self.host,
            "wsgi.version": self.wsgi_version,
            "wsgi.url_scheme": self.url_scheme,
            "wsgi.input": stream,
            "wsgi.errors": self.errors_stream,
            "wsgi.multithread": self.multithread,
            "wsgi.multiprocess": self.multiprocess,
            "wsgi.run_once": self.run_once,
        }
        if kind is not None:
            environ["CONTENT_TYPE"] = kind
        if length is not None:
            environ["CONTENT_LENGTH"] = str(length)
        lines: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            key = f"HTTP_{name.upper().replace('-', '_')}"
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
                lines.setdefault(key, []).append(value)
        fields = {key: ("; " if key == "HTTP_COOKIE" else ", ").join(values) for key, values in lines.items()}
        return {**environ, **fields, **(self.environ_overrides or {})}

    def get_scope(self) -> tuple[Scope, Receive]:
        """A new ASGI scope with the same values, and a ``receive`` that gives the body in one message."""
        environ = self.get_environ()
        body = environ["wsgi.input"].read()
        encoded = environ["SCRIPT_NAME"].encode("latin-1"), environ["PATH_INFO"].encode("latin-1")
        raw = self.script_root + self.path
        if unquote_to_bytes(raw) != b"".join(encoded):  # environ_overrides has another path
            raw = quote(b"".join(encoded))
        root, path = (part.decode("utf-8", "replace") for part in encoded)
        address, port = environ.get("REMOTE_ADDR"), environ.get("REMOTE_PORT")
        headers = EnvironHeaders(environ)
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": environ["SERVER_PROTOCOL"].partition("/")[2],
            "method": environ["REQUEST_METHOD"],
            "scheme": environ["wsgi.url_scheme"],
            "path": root + path,
            "raw_path": raw.encode("ascii"),
            "query_string": environ["QUERY_STRING"].encode("latin-1"),
            "root_path": root,
            "headers": [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()],
            "client": None if address is None else (address, int(port or 0)),
            "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        }
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            return next(messages, {"type": "http.disconnect"})

        return scope, receive

    def _body(self) -> tuple[BinaryIO, int | None, str | None]:
        """The body, its length in bytes, and its Content-Type."""
        stream, kind = self.input_stream, self.content_type
        if stream is not None:
            if not getattr(stream, "seekable", lambda: True)():
                return stream, self.content_length, kind
            start = stream.tell()
            length = stream.seek(0, 2) - start
            stream.seek(start)
            return stream, length, kind
        if self.mimetype == MULTIPART_TYPE:
            stream, length, boundary = stream_encode_multipart(_together(self.form, self.files))
            return stream, length, f'{MULTIPART_TYPE}; boundary="{boundary}"'
        if self.mimetype == URLENCODED_TYPE:
            body = _urlencoded(self.form).encode()
            return io.BytesIO(body), len(body), kind
        return io.BytesIO(), self.content_length, kind


def _urlencoded(values: Any) -> str:
    return urlencode(list(iter_multi_items(values or {})))


def _together(form: MultiDict[str, Any], files: MultiDict[str, Any]) -> MultiDict[str, Any]:
    return MultiDict([*iter_multi_items(form), *iter_multi_items(files)])


def _as_native(text: str) -> str:
    """Text as an environ has it: one character for each byte of UTF-8 (PEP 3333, "Unicode Issues")."""
    return text.encode().decode("latin-1")
