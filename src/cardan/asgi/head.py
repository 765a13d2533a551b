"""ScopeHead: the head of a request out of an ASGI HTTP scope, each value decoded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.request.head import without_authority
from ..core.structures.scope_headers import ScopeHeaders

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..core.structures.headers import HeadersView

__all__ = ["ScopeHead"]


class ScopeHead:
    """What stands before the body; the attributes are those of :class:`~cardan.core.RequestHead`."""

    __slots__ = ("scope",)

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self.scope = scope

    @property
    def method(self) -> str:
        """``method``."""
        method: str = self.scope["method"]
        return method

    @property
    def path(self) -> str:
        """``path`` without ``root_path``, which is stripped only at a slash; a path that does not carry it is kept."""
        path: str = self.scope["path"]
        if path[:1] != "/":
            path = without_authority(path)
        root: str = (self.scope.get("root_path") or "").rstrip("/")
        if root and path.startswith(root) and path[len(root) :][:1] in ("", "/"):
            return path[len(root) :]
        return path

    @property
    def query_string(self) -> bytes:
        """``query_string``."""
        query: bytes = self.scope.get("query_string") or b""
        return query

    @property
    def headers(self) -> HeadersView:
        """A view over ``headers``, which the ASGI specification makes optional."""
        return ScopeHeaders(self.scope.get("headers") or ())

    @property
    def scheme(self) -> str:
        """``scheme``, ``http`` where the server does not tell."""
        scheme: str = self.scope.get("scheme") or "http"
        return scheme

    @property
    def http_version(self) -> str:
        """``http_version``; ``2.0`` reads as ``2``."""
        version: str = self.scope.get("http_version") or "1.1"
        return version[:1] if version[:1] in ("2", "3") else version

    @property
    def root_path(self) -> str:
        """``root_path`` without a slash at its end."""
        root: str = self.scope.get("root_path") or ""
        return root.rstrip("/")

    @property
    def raw_path(self) -> bytes | None:
        """``raw_path``, which some servers give; without a query, as the specification has it."""
        raw: bytes | None = self.scope.get("raw_path")
        if raw is None:
            return None
        path = raw.partition(b"?")[0]
        return path if path[:1] == b"/" else without_authority(path.decode("latin-1")).encode("latin-1")

    @property
    def server(self) -> tuple[str, int | None] | None:
        """``server``: host and port, or the path of a Unix socket and None."""
        server = self.scope.get("server")
        return (server[0], server[1]) if server else None

    @property
    def client(self) -> tuple[str, int] | None:
        """``client``: address and port."""
        client = self.scope.get("client")
        return (client[0], client[1]) if client and client[0] else None

    @property
    def remote_user(self) -> str | None:
        """None: ASGI has no word for it; what an authenticating middleware puts into the scope is its own."""
        return None

    @property
    def concurrency(self) -> tuple[bool, bool, bool]:
        """Handlers may run in threads; an ASGI server tells nothing of processes."""
        return True, False, False
