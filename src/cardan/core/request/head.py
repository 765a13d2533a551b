"""RequestHead: what stands before the body, as a plain value.

:class:`RequestHead` is made by whoever has the values (a server, a framework, a test). The adapters'
``EnvironHead`` and ``ScopeHead`` offer the same attributes, each decoded when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote_to_bytes

from ..buffers import as_bytes
from ..exceptions import BadRequest
from ..forms.body_reader import parse_content_length
from ..structures.headers import HeadersView
from ..structures.scope_headers import ScopeHeaders

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CONTENTLESS", "HeadLike", "RequestHead", "announces_body", "may_have_body", "without_authority"]

#: The methods to whose content RFC 9110 section 9.3 gives no meaning. Over HTTP/2 their requests are taken to have no
#: body unless they announce one.
CONTENTLESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})


class HeadLike(Protocol):
    """The attributes that a request reads its head from."""

    @property
    def method(self) -> str:
        """The method, as it was sent."""
        ...

    @property
    def path(self) -> str:
        """The decoded path below ``root_path``; U+FFFD for what is not UTF-8."""
        ...

    @property
    def query_string(self) -> bytes:
        """What stands behind the ``?``, still encoded."""
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
        """The path as it was sent, where the server tells."""
        ...

    @property
    def server(self) -> tuple[str, int | None] | None:
        """Name or address and port that the server listens on; None as port: a Unix socket."""
        ...

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer."""
        ...

    @property
    def remote_user(self) -> str | None:
        """The user whom the server authenticated."""
        ...

    @property
    def concurrency(self) -> tuple[bool, bool, bool]:
        """Whether other threads and processes may run the same application, and whether it runs once (PEP 3333)."""
        ...


@dataclass(slots=True)
class RequestHead:
    """A request head as values (RFC 9112 section 2; the names are those of an ASGI scope).

    ``path`` is decoded and lies below ``root_path``; ``query_string`` and ``raw_path`` are as sent. ``headers`` may be
    given as pairs of bytes, too, as HTTP parsers have them.
    """

    method: str = "GET"
    path: str = "/"
    query_string: bytes = b""
    headers: HeadersView = field(default_factory=lambda: ScopeHeaders([]))
    scheme: str = "http"
    http_version: str = "1.1"
    root_path: str = ""
    raw_path: bytes | None = None
    server: tuple[str, int | None] | None = None
    client: tuple[str, int] | None = None
    remote_user: str | None = None
    concurrency: tuple[bool, bool, bool] = (False, False, False)

    def __post_init__(self) -> None:
        if not isinstance(self.headers, HeadersView):  # pairs of bytes, as HTTP parsers give them
            self.headers = ScopeHeaders(self.headers)

    @classmethod
    def from_target(
        cls,
        method: str | bytes,
        target: str | bytes,
        headers: Iterable[tuple[bytes, bytes]],
        *,
        http_version: str = "1.1",
        scheme: str = "http",
        **values: Any,
    ) -> RequestHead:
        """The head of a request line: ``target`` in any of RFC 9112 section 3.2's four forms.

        Origin form (``/a?b``), absolute form (``http://host/a?b``; its scheme and authority win over ``Host``),
        authority form (CONNECT) and asterisk form (OPTIONS); the last two have the path ``""`` and ``"*"``.
        ``headers`` are pairs of bytes as an HTTP parser gives them; ``values`` are further fields of the head.
        """
        line = target.encode("utf-8", "surrogatepass") if isinstance(target, str) else as_bytes(target)
        verb = method if isinstance(method, str) else as_bytes(method).decode("latin-1")
        pairs = [(as_bytes(name), as_bytes(value)) for name, value in headers]
        path, _, query = line.partition(b"?")
        if not line.startswith(b"/"):
            before, mark, rest = path.partition(b"://")
            if mark and before.isalnum():
                authority, slash, path = rest.partition(b"/")
                path = slash + path or b"/"
                scheme = before.decode("ascii").lower()
                pairs = [(b"host", authority), *((n, v) for n, v in pairs if n.lower() != b"host")]
            elif verb == "CONNECT":
                path, query = b"", b""
        return cls(
            method=verb,
            path=unquote_to_bytes(path).decode("utf-8", "replace"),
            query_string=query,
            headers=ScopeHeaders(pairs),
            scheme=scheme,
            http_version=http_version,
            raw_path=path,
            **values,
        )


def without_authority(path: str) -> str:
    """The path of ``path`` where a server left a request target in absolute form in it, as some do.

    RFC 9112 section 3.2.2 has every server accept that form; what comes before the path is not part of it.
    """
    scheme, mark, rest = path.partition("://")
    if not (mark and scheme.isascii() and scheme.isalnum()):
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
