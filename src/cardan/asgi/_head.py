"""ScopeHead: the head of a request in an ASGI HTTP or websocket scope. Each value is decoded when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core._request.head import below_root, port_of, rooted, without_authority
from ..core.structures._scope_headers import ScopeHeaders

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..core.structures._headers import HeadersView

__all__ = ["ScopeHead"]


class ScopeHead:
    """The head of an ASGI request. It has the attributes of :class:`~cardan.core.RequestHead`."""

    __module__ = "cardan.asgi"
    __slots__ = ("scope",)

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self.scope = scope

    @property
    def method(self) -> str:
        """``method``. A websocket scope has none: its handshake is a GET (RFC 6455 section 4.1)."""
        scope = self.scope
        method: str = "GET" if scope.get("type") == "websocket" else scope["method"]
        return method

    @property
    def path(self) -> str:
        """``path`` without ``root_path``. A path that is not below ``root_path`` is kept as it is."""
        path: str = self.scope["path"]
        root = self.root_path
        return below_root(path if path[:1] == "/" else _from_slash(path, root), root)

    @property
    def query_string(self) -> bytes:
        """``query_string``."""
        query: bytes = self.scope.get("query_string") or b""
        return query

    @property
    def headers(self) -> HeadersView:
        """A view over ``headers``, which is optional in the ASGI specification."""
        return ScopeHeaders(self.scope.get("headers") or ())

    @property
    def scheme(self) -> str:
        """``scheme``; ``http``, or ``ws`` for a websocket, if the server does not tell."""
        scope = self.scope
        scheme: str = scope.get("scheme") or ("ws" if scope.get("type") == "websocket" else "http")
        return scheme

    @property
    def http_version(self) -> str:
        """``http_version``; ``2.0`` becomes ``2``."""
        version: str = self.scope.get("http_version") or "1.1"
        return version[:1] if version[:1] in ("2", "3") else version

    @property
    def root_path(self) -> str:
        """``root_path`` without a slash at its end."""
        root: str = self.scope.get("root_path") or ""
        return rooted(root) if root else root

    @property
    def raw_path(self) -> bytes | None:
        """``raw_path`` without a query, as the specification requires. None on servers that do not set it."""
        raw: bytes | None = self.scope.get("raw_path")
        if raw is None:
            return None
        path = raw.partition(b"?")[0]
        return path if path[:1] == b"/" else _from_slash(path.decode("latin-1"), self.root_path).encode("latin-1")

    @property
    def server(self) -> tuple[str, int | None] | None:
        """``server``: the host and the port, or the path of a Unix socket and None."""
        server = self.scope.get("server")
        return (server[0], port_of(server[1])) if server and server[0] else None

    @property
    def client(self) -> tuple[str, int] | None:
        """``client``: address and port; the port is 0 if the server does not tell it."""
        client = self.scope.get("client")
        return (client[0], port_of(client[1]) or 0) if client and client[0] else None

    @property
    def remote_user(self) -> str | None:
        """None. ASGI does not define it, and each authenticating middleware has its own key in the scope."""
        return None

    @property
    def concurrency(self) -> tuple[bool, bool, bool]:
        """Handlers may run in threads. An ASGI server does not tell whether there are other processes."""
        return True, False, False


def _from_slash(path: str, root: str) -> str:
    """A path that does not begin with a slash. ``uvicorn --root-path api`` puts ``api`` before the path."""
    path = without_authority(path)
    return f"/{path}" if root and f"{path}/".startswith(f"{root[1:]}/") else path
