"""The URL of a request: path, host, and what they make together. Everything here looks at the head only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exceptions import SecurityError
from ..urls import host_is_trusted, iri_path, iri_query, valid_host
from .cached import cached

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..structures.headers import HeadersView
    from .head import HeadLike

__all__ = ["URLMixin"]


class URLMixin:
    """The URL and host properties of a request."""

    trusted_hosts: Iterable[str] | None = None
    """Hosts that are believed; an entry with a leading dot covers subdomains, None trusts every host, ``[]`` none.

    On a class, or on a request before its host is first asked for.
    """

    if TYPE_CHECKING:

        @property
        def head(self) -> HeadLike:
            """What stands before the body."""
            ...

        @property
        def headers(self) -> HeadersView:
            """The header fields."""
            ...

    @cached
    def path(self) -> str:
        """The decoded path below ``root_path``, with exactly one slash at its start."""
        path = self.head.path
        if path[:1] == "/" and path[1:2] != "/":
            return path
        return "/" + path.lstrip("/")

    @property
    def raw_path(self) -> bytes | None:
        """The path as it was sent, still encoded, where the server tells; else None."""
        return self.head.raw_path

    @property
    def root_path(self) -> str:
        """The decoded prefix that the application is mounted under, without a slash at its end."""
        return self.head.root_path

    @property
    def script_root(self) -> str:
        """``root_path`` under its WSGI name (PEP 3333, SCRIPT_NAME)."""
        return self.head.root_path

    @property
    def query_string(self) -> bytes:
        """What stands behind the ``?``, still encoded."""
        return self.head.query_string

    @cached
    def full_path(self) -> str:
        """Path and query as text, always with a ``?``."""
        return f"{self.path}?{iri_query(self.query_string)}"

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return self.head.scheme

    @property
    def is_secure(self) -> bool:
        """Whether the scheme is ``https`` (or ``wss``)."""
        return self.head.scheme in ("https", "wss")

    @cached
    def host(self) -> str:
        """The Host (RFC 9110 section 7.2), without the scheme's own port; ``""`` where it is missing or not valid.

        Raises :exc:`SecurityError` where ``trusted_hosts`` is set and does not name it.
        """
        sent = self.headers.get("Host", "")
        host = valid_host(sent, self.head.scheme)
        trusted = self.trusted_hosts
        if trusted is not None and not host_is_trusted(sent, trusted):
            raise SecurityError(f"got host {sent!r}, expected one of the trusted hosts")
        return host

    @property
    def server(self) -> tuple[str, int | None] | None:
        """Name or address and port that the server listens on, where it tells."""
        return self.head.server

    @cached
    def _authority(self) -> str:
        host = self.host
        if host:
            return host
        name, port = self.head.server or ("localhost", None)
        name = f"[{name}]" if ":" in name and not name.startswith("[") else name
        return valid_host(name if port is None else f"{name}:{port}", self.head.scheme) or "localhost"

    @cached
    def host_url(self) -> str:
        """Scheme and host with a slash, an IRI: ``http://example.com/``."""
        return f"{self.head.scheme}://{self._authority}/"

    @cached
    def root_url(self) -> str:
        """Scheme, host and ``root_path`` with a slash, an IRI."""
        root = self.head.root_path
        return f"{self.host_url[:-1]}{iri_path(root).rstrip('/')}/" if root else self.host_url

    @property
    def url_root(self) -> str:
        """``root_url`` under its older name."""
        return self.root_url

    @cached
    def base_url(self) -> str:
        """The URL without its query, an IRI."""
        return self.root_url + iri_path(self.path[1:])

    @cached
    def url(self) -> str:
        """The whole URL as an IRI (RFC 3987)."""
        query = self.query_string
        return f"{self.base_url}?{iri_query(query)}" if query else self.base_url
