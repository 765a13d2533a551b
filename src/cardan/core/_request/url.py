"""The URL of a request from the parts that its head has: path, host, and both together.

Takes text of the head; gives text, decoded and checked. Raises :exc:`~cardan.exceptions.SecurityError` for a host
that is not trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._exceptions import SecurityError
from .._urls import host_is_trusted, iri_path, valid_host

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["authority_of", "checked_host", "path_below_root", "root_url_of"]


def path_below_root(path: str) -> str:
    """``path`` with exactly one slash at its start."""
    if path[:1] == "/" and path[1:2] != "/":
        return path
    return "/" + path.lstrip("/")


def checked_host(sent: str, scheme: str, trusted: Iterable[str] | None) -> str:
    """The host that the client ``sent``, without the default port of ``scheme``; ``""`` if it is not valid.

    Raises :exc:`SecurityError` if ``trusted`` is not None and does not contain the host.
    """
    host = valid_host(sent, scheme)
    if trusted is not None and not host_is_trusted(sent, trusted):
        raise SecurityError(f"got host {sent!r}, expected one of the trusted hosts")
    return host


def authority_of(host: str, server: tuple[str, int | None] | None, scheme: str) -> str:
    """``host``, or what the server listens on if the client sent no valid host, or ``localhost``."""
    if host:
        return host
    name, port = server or ("localhost", None)
    name = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return valid_host(name if port is None else f"{name}:{port}", scheme) or "localhost"


def root_url_of(host_url: str, root_path: str) -> str:
    """``host_url`` with ``root_path`` and a slash at its end, an IRI."""
    return f"{host_url[:-1]}{iri_path(root_path).rstrip('/')}/" if root_path else host_url
