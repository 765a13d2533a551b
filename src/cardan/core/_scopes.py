"""Makes an ASGI HTTP scope (ASGI HTTP specification 2.5, "HTTP Connection Scope") of the head of a request.

:mod:`._environs` is its twin for WSGI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._request.head import Told

__all__ = ["make_scope"]


def make_scope(
    head: Told,
    *,
    path: str,
    raw_path: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    server: tuple[str, int | None] | None,
    spec_version: str = "2.4",
) -> dict[str, Any]:
    """A new scope.

    ``path`` and ``raw_path`` begin with the ``root_path`` of ``head``: the one is decoded, the other as it was sent.
    ``headers`` are pairs of bytes; the scope has their names in lower case. ``spec_version`` is the version of the
    specification: from 2.4 on, ``send()`` raises OSError when the client has left.
    """
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": spec_version},
        "http_version": head.http_version,
        "method": head.method,
        "scheme": head.scheme,
        "path": path,
        "raw_path": raw_path,
        "query_string": head.query_string,
        "root_path": head.root_path,
        "headers": [(name.lower(), value) for name, value in headers],
        "client": head.client,
        "server": server,
    }
