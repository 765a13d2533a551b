"""The request line and the headers of a test request, and the environ and the scope that a server makes of them.

:class:`Opening` holds the values that a client sends. ``environ()`` and ``scope()`` give what a server would pass to an
application (PEP 3333, "environ Variables"; ASGI HTTP spec 2.5, "HTTP Connection Scope"). ``head()`` gives core's
`RequestHead`. The body is not part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from ..core._checks import check_type
from ..core._environs import make_environ
from ..core._scopes import make_scope
from ..core._urls import DEFAULT_PORTS, MAX_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from ..core._request.head import RequestHead

__all__ = ["Opening", "check_connection", "is_version", "target_of"]

is_version = re.compile(r"[0-9]+(\.[0-9]+)*").fullmatch


def check_connection(client: Any, http_version: Any) -> None:
    """Raise TypeError or ValueError for what is no address of a client, or no version of HTTP."""
    if not isinstance(client, tuple) or len(client) != 2:
        raise TypeError(f"got client = {client!r}, expected a tuple of host and port")
    host, port = client
    check_type("client[0]", host, str, "a host as a str")
    check_type("client[1]", port, int, "a port as an int")
    if not 0 <= port <= MAX_PORT:
        raise ValueError(f"got client[1] = {port}, expected a port from 0 to {MAX_PORT}")
    check_type("http_version", http_version, str, "a str such as '1.1'")
    if not is_version(http_version):
        raise ValueError(f"got http_version = {http_version!r}, expected a version such as '1.1'")


def target_of(request: httpx.Request) -> bytes:
    """The request target as bytes: the request extension ``target`` unchanged (as in httpcore), or that of the URL."""
    target = request.extensions.get("target")
    return target if isinstance(target, bytes) else request.url.raw_path


@dataclass(slots=True)
class Opening:
    """The request line, the headers and the addresses of a request.

    ``raw_path`` is percent-encoded and begins with ``root_path``. ``root_path`` itself is text that is not
    percent-encoded. ``headers`` are pairs of bytes, as they are sent. ``server`` and ``client`` are host and port.
    """

    method: str = "GET"
    raw_path: bytes = b"/"
    query_string: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    scheme: str = "http"
    http_version: str = "1.1"
    root_path: str = ""
    server: tuple[str, int] = ("testserver", 80)
    client: tuple[str, int] = ("127.0.0.1", 49152)

    @classmethod
    def from_request(
        cls,
        request: httpx.Request,
        *,
        root_path: str = "",
        client: tuple[str, int] = ("127.0.0.1", 49152),
        http_version: str = "1.1",
    ) -> Opening:
        """The opening of an httpx request. Raises ``httpx.ConnectError`` if its path is not under ``root_path``."""
        raw_path, _, query = target_of(request).partition(b"?")
        url = request.url
        opening = cls(
            request.method, raw_path, query, list(request.headers.raw), url.scheme, http_version, root_path,
            (url.host, url.port or DEFAULT_PORTS.get(url.scheme, 80)), client,
        )  # fmt: skip
        if not opening.is_mounted():
            from ._httpx import httpx

            raise httpx.ConnectError(f"got path {url.path!r}, expected one under root_path {root_path!r}")
        return opening

    def path_bytes(self) -> bytes:
        """The whole path, percent-decoded."""
        return unquote_to_bytes(self.raw_path)

    def is_mounted(self) -> bool:
        """True if the path is ``root_path`` or is below it."""
        root = self.root_path.encode()
        return self.path_bytes() == root or self.path_bytes().startswith(root + b"/") or not root

    def environ(self, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A new WSGI environ (PEP 3333) without ``wsgi.input``. ``overrides`` replace or add keys."""
        path = self.path_bytes()[len(self.root_path.encode()) :]
        environ = make_environ(self, path=path, raw_path=self.raw_path, headers=self.headers, server=self.server)
        environ["wsgi.file_wrapper"] = FileWrapper
        environ.update(overrides or {})
        return environ

    def scope(self, overrides: Mapping[str, Any] | None = None, *, spec_version: str = "2.4") -> dict[str, Any]:
        """A new ASGI HTTP connection scope, with header names in lower case, as the specification requires.

        ``overrides`` replace or add keys.
        """
        path = self.path_bytes().decode("utf-8", "replace")
        scope = make_scope(
            self, path=path, raw_path=self.raw_path, headers=self.headers, server=self.server, spec_version=spec_version
        )
        scope.update(overrides or {})
        return scope

    def head(self) -> RequestHead:
        """Core's `RequestHead` with the same values."""
        from ..core._request.head import RequestHead
        from ..core.structures._scope_headers import ScopeHeaders

        return RequestHead(
            method=self.method,
            path=self.path_bytes()[len(self.root_path.encode()) :].decode("utf-8", "replace"),
            query_string=self.query_string,
            headers=ScopeHeaders([(name.lower(), value) for name, value in self.headers]),
            scheme=self.scheme,
            http_version=self.http_version,
            root_path=self.root_path,
            raw_path=self.raw_path,
            server=self.server,
            client=self.client,
            concurrency=(True, False, False),
        )
