"""RequestHead: the request line and the header fields of a request, and what is known of the connection.

Anything that has the values can make a :class:`RequestHead`: a server, a framework, a test. The ``EnvironHead`` and
``ScopeHead`` of the adapters have the same attributes, and decode each of them when it is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self, get_type_hints
from urllib.parse import unquote_to_bytes

from .._buffers import as_bytes
from .._checks import check_type
from .._exceptions import BadRequest
from .._pickling import slots_state
from ..forms._body_reader import parse_content_length
from ..structures._headers import HeadersView
from ..structures._scope_headers import received_headers

if TYPE_CHECKING:
    from .._buffers import Buffer
    from ..structures._scope_headers import ReceivedHeaders

__all__ = [
    "CONTENTLESS",
    "HeadLike",
    "RequestHead",
    "Told",
    "announces_body",
    "below_root",
    "may_have_body",
    "port_of",
    "rooted",
    "without_authority",
]

#: The methods to whose content RFC 9110 section 9.3 gives no meaning. Over HTTP/2 their requests are taken to have no
#: body unless they announce one.
CONTENTLESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})

_is_scheme: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*").fullmatch  # RFC 3986 section 3.1


class HeadLike(Protocol):
    """The attributes that a request expects of its head."""

    @property
    def method(self) -> str:
        """The method as it was sent."""
        ...

    @property
    def path(self) -> str:
        """The decoded path below ``root_path``. Bytes that are not UTF-8 become U+FFFD."""
        ...

    @property
    def query_string(self) -> bytes:
        """The part of the URL after the ``?``, still encoded."""
        ...

    @property
    def headers(self) -> HeadersView:
        """The header fields, read-only."""
        ...

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        ...

    @property
    def http_version(self) -> str:
        """``1.0``, ``1.1``, ``2`` or ``3``."""
        ...

    @property
    def root_path(self) -> str:
        """The decoded prefix that the application is mounted under, without a slash at its end."""
        ...

    @property
    def raw_path(self) -> bytes | None:
        """The path as it was sent, still encoded; None if the server does not tell."""
        ...

    @property
    def server(self) -> tuple[str, int | None] | None:
        """Name or address of the server, and its port (None for a Unix socket). None if it is not known."""
        ...

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer; None if the server does not tell."""
        ...

    @property
    def remote_user(self) -> str | None:
        """The user that the server has authenticated; None if it has not."""
        ...

    @property
    def concurrency(self) -> tuple[bool, bool, bool]:
        """Three flags of PEP 3333: multithread, multiprocess, run_once.

        Whether other threads, and whether other processes, may run the same application at the same time; and whether
        the application runs only once.
        """
        ...


class Told(Protocol):
    """What of the head of a request is the same in an environ and in a scope. See :class:`HeadLike`."""

    @property
    def method(self) -> str:
        """The method."""
        ...

    @property
    def query_string(self) -> bytes:
        """The part of the URL after the ``?``."""
        ...

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        ...

    @property
    def http_version(self) -> str:
        """The version of HTTP."""
        ...

    @property
    def root_path(self) -> str:
        """The decoded path of the application."""
        ...

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the client."""
        ...


@dataclass(slots=True, init=False)
class RequestHead:
    """A request head as values (RFC 9112 section 2). The names are those of an ASGI scope.

    ``path`` is decoded and does not include ``root_path``; ``query_string`` and ``raw_path`` are still encoded.
    ``headers`` may be given as a mapping of text, as pairs of bytes, as HTTP parsers produce them, as pairs of text, or
    as any other header fields of cardan. Text is encoded as latin-1 (PEP 3333), or as UTF-8 if it has other characters.
    Raises :exc:`TypeError` for anything else, and for bytes in place of text, as parsers have them for the version.

    >>> RequestHead("POST", "/notes", headers=[(b"Host", b"a.example")]).headers["host"]
    'a.example'
    >>> RequestHead(headers={"Accept": "text/html"}).headers["accept"]
    'text/html'
    """

    __module__ = "cardan.core"
    __getstate__ = slots_state

    method: str
    path: str
    query_string: bytes
    headers: HeadersView
    scheme: str
    http_version: str
    root_path: str
    raw_path: bytes | None
    server: tuple[str, int | None] | None
    client: tuple[str, int] | None
    remote_user: str | None
    concurrency: tuple[bool, bool, bool]

    def __init__(
        self,
        method: str = "GET",
        path: str = "/",
        query_string: bytes = b"",
        headers: ReceivedHeaders = (),
        scheme: str = "http",
        http_version: str = "1.1",
        root_path: str = "",
        raw_path: bytes | None = None,
        server: tuple[str, int | None] | None = None,
        client: tuple[str, int] | None = None,
        remote_user: str | None = None,
        concurrency: tuple[bool, bool, bool] = (False, False, False),
    ) -> None:
        kind = type(method)
        if not (kind is type(path) is type(scheme) is type(http_version) is type(root_path) is str):
            texts = (method, path, scheme, http_version, root_path)
            for name, text in zip(("method", "path", "scheme", "http_version", "root_path"), texts, strict=True):
                check_type(name, text, str, "text")
        check_type("query_string", query_string, bytes, "bytes")
        self.method = method
        self.path = path
        self.query_string = query_string
        self.headers = received_headers(headers)
        self.scheme = scheme
        self.http_version = http_version
        self.root_path = root_path
        self.raw_path = raw_path
        self.server = server
        self.client = client
        self.remote_user = remote_user
        self.concurrency = concurrency

    @classmethod
    def from_target(
        cls,
        method: str | Buffer,
        target: str | Buffer,
        headers: ReceivedHeaders = (),
        *,
        http_version: str = "1.1",
        scheme: str = "http",
        root_path: str = "",
        server: tuple[str, int | None] | None = None,
        client: tuple[str, int] | None = None,
        remote_user: str | None = None,
        concurrency: tuple[bool, bool, bool] = (False, False, False),
    ) -> Self:
        """The head for a request line, whose ``target`` may have any of the four forms of RFC 9112 section 3.2.

        These are the origin form (``/a?b``), the absolute form (``http://host/a?b``, whose scheme and authority
        override ``scheme`` and ``Host``), the authority form (of CONNECT) and the asterisk form (of OPTIONS). The last
        two have the path ``""`` and ``"*"``. ``root_path`` is decoded, and begins with a slash; another one raises
        :exc:`ValueError`. It is removed from the beginning of the path if it ends at a slash there; a path that is not
        below it is kept as it is, as for an ASGI scope. The other parameters are the attributes of the head.

        >>> fields, target = {"Host": "a.example"}, "/dev/notes?page=2"
        >>> head = RequestHead.from_target("GET", target, fields, root_path="/dev")
        >>> head.root_path, head.path, head.query_string
        ('/dev', '/notes', b'page=2')
        """
        check_type("root_path", root_path, str, "text")
        line = target.encode("utf-8", "surrogatepass") if isinstance(target, str) else as_bytes(target)
        verb = method if isinstance(method, str) else as_bytes(method).decode("latin-1")
        fields = received_headers(headers)
        path, _, query = line.partition(b"?")
        if not line.startswith(b"/"):
            before, mark, rest = path.partition(b"://")
            if mark and _is_scheme(before.decode("latin-1")):
                authority, slash, path = rest.partition(b"/")
                path = slash + path or b"/"
                scheme = before.decode("ascii").lower()
                others = [(name, value) for name, value in fields.items() if name.lower() != "host"]
                fields = received_headers([("host", authority.decode("latin-1")), *others])
            elif verb == "CONNECT":
                path, query = b"", b""
        root = root_path.rstrip("/")
        if root and not root.startswith("/"):
            raise ValueError(f"got root_path {root_path!r}, expected an empty one or one that begins with a slash")
        return cls(
            method=verb,
            path=below_root(unquote_to_bytes(path).decode("utf-8", "replace"), root),
            query_string=query,
            headers=fields,
            scheme=scheme,
            http_version=http_version,
            root_path=root,
            raw_path=path,
            server=server,
            client=client,
            remote_user=remote_user,
            concurrency=concurrency,
        )


def below_root(path: str, root: str) -> str:
    """``path`` without ``root``, which has no slash at its end. A path that is not below ``root`` is kept as it is.

    >>> below_root("/dev/notes", "/dev"), below_root("/devices", "/dev")
    ('/notes', '/devices')
    """
    if root and path.startswith(root) and path[len(root) :][:1] in ("", "/"):
        return path[len(root) :]
    return path


def rooted(root: str) -> str:
    """``root`` with a slash at its beginning and none at its end, or ``""``.

    Servers pass on a root path as they were started with it: ``uvicorn --root-path api``.

    >>> rooted("api"), rooted("/api/"), rooted("/")
    ('/api', '/api', '')
    """
    root = root.rstrip("/")
    return root if root[:1] in ("", "/") else f"/{root}"


def port_of(value: object) -> int | None:
    """The port in a value of an environ or scope, which is a number or text; None if it tells no port.

    An environ has text and a scope a number (PEP 3333, ASGI specification), but servers and bridges also put either
    into the other. For a Unix socket, some tell the port 0, or the path of the socket.

    >>> port_of("8000"), port_of(8000), port_of("0"), port_of("/run/socket"), port_of(None)
    (8000, 8000, None, None, None)
    """
    if type(value) is int:
        return value or None
    text = str(value)
    return (int(text) or None) if text.isascii() and text.isdigit() else None


# type hints are looked up in the module of the class, which is not this one
RequestHead.__annotations__.update(get_type_hints(RequestHead, globals()))


def without_authority(path: str) -> str:
    """The path alone, if ``path`` is a whole request target in absolute form; else ``path`` itself.

    Every server has to accept that form (RFC 9112 section 3.2.2), and some pass it on to the application.

    >>> without_authority("http://a.example/x")
    '/x'
    """
    scheme, mark, rest = path.partition("://")
    if not (mark and _is_scheme(scheme)):
        return path
    return "/" + rest.partition("/")[2]


def announces_body(content_length: str | None, transfer_encoding: str | None) -> bool:
    """Whether the head of a request says that a body follows (RFC 9112 section 6.3).

    The arguments are the values of the two header fields, None for a field that was not sent. A Content-Length of 0
    announces no body. Neither does one that is not a length, because the end of such a body is unknown.

    >>> announces_body("3", None), announces_body("0", None), announces_body(None, "chunked")
    (True, False, True)
    """
    if transfer_encoding is not None:
        return True
    if not content_length:
        return False
    try:
        return bool(parse_content_length(content_length))
    except BadRequest:
        return False


def may_have_body(method: str, http_version: str, headers: HeadersView) -> bool:
    """Whether a body may follow the head of a request, which may have announced it or not.

    HTTP/1 requires a request to announce its body (RFC 9112 section 6.3). HTTP/2 and HTTP/3 do not (RFC 9113 section
    8.1): there the method decides, unless the request has a Content-Length.
    """
    length = headers.get("Content-Length")
    if announces_body(length, headers.get("Transfer-Encoding")):
        return True
    return not (http_version.startswith("1") or length is not None or method in CONTENTLESS)


HeadLike.__module__ = "cardan.core"
