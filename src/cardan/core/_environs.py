"""Makes a WSGI environ (PEP 3333, "environ Variables") of the parts of a request, without ``wsgi.input``.

A bridge from ASGI to WSGI and the clients of the tests pass such an environ to an application.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["make_environ"]


def make_environ(
    method: str,
    *,
    root: bytes,
    path: bytes,
    target: bytes,
    query_string: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    scheme: str,
    http_version: str,
    server: tuple[str, int],
    client: tuple[str, int] | None,
) -> dict[str, Any]:
    """A new environ.

    ``root`` and ``path`` are percent-decoded; ``path`` does not begin with ``root``. ``target`` is what was sent in
    the request line. The environ says that ``wsgi.input`` ends at the end of the body (``wsgi.input_terminated``).
    """
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": root.decode("latin-1"),
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query_string.decode("latin-1"),
        "REQUEST_URI": target.decode("latin-1"),
        "RAW_URI": target.decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    if client is not None:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    _add_fields(environ, headers)
    return environ


def _add_fields(environ: dict[str, Any], headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Add header fields to an environ, as servers do.

    The values of fields with the same name are joined (RFC 9110, section 5.3; for cookies RFC 6265, section 5.4).
    Fields with an underscore in their name are left out, because the application could not distinguish them from fields
    with a hyphen.
    """
    values: dict[str, list[str]] = {}
    for raw_name, raw_value in headers:
        if b"_" not in raw_name:
            name = raw_name.decode("latin-1").upper().replace("-", "_")
            key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
            values.setdefault(key, []).append(raw_value.decode("latin-1"))
    for key, several in values.items():
        environ[key] = ("; " if key == "HTTP_COOKIE" else ", ").join(several)
