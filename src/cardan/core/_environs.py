"""Makes a WSGI environ (PEP 3333, "environ Variables") of the head of a request, without ``wsgi.input``.

A bridge from ASGI to WSGI, ``respond()`` and the clients of the tests pass such an environ to an application.
:mod:`._scopes` is its twin for ASGI.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ._urls import DEFAULT_PORTS, split_host

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._request.head import HeadLike, Told

__all__ = ["make_environ", "server_name", "server_of"]


def server_of(head: HeadLike, host: str) -> tuple[str, int]:
    """Name and port of the server. Where the head tells none, the name is that in ``host``, the Host of the request,
    and the port is that of the scheme.
    """
    parts = split_host(host)
    name, port = head.server or (parts[0] if parts is not None else "localhost", None)
    return name, DEFAULT_PORTS.get(head.scheme, 80) if port is None else port


def server_name(name: str) -> str:
    """The SERVER_NAME of a server. An IPv6 address stands between brackets (RFC 3875 section 4.1.14)."""
    return f"[{name}]" if ":" in name and name[0] not in "[/" else name  # a Unix socket is a path


def make_environ(
    head: Told, *, path: bytes, raw_path: bytes, headers: Iterable[tuple[bytes, bytes]], server: tuple[str, int]
) -> dict[str, Any]:
    """A new environ.

    ``path`` is percent-decoded, and does not begin with the ``root_path`` of ``head``. ``raw_path`` is the whole path
    as it was sent. The environ says that ``wsgi.input`` ends at the end of the body (``wsgi.input_terminated``).
    """
    query_string = head.query_string.decode("latin-1")
    target = raw_path.decode("latin-1") + (f"?{query_string}" if query_string else "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": head.root_path.encode().decode("latin-1"),
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query_string,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "SERVER_NAME": server_name(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{head.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": head.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    if (client := head.client) is not None:
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
            name = raw_name.upper().decode("latin-1").replace("-", "_")  # upper() of text makes "SS" of one character
            key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
            values.setdefault(key, []).append(raw_value.decode("latin-1"))
    for key, several in values.items():
        environ[key] = ("; " if key == "HTTP_COOKIE" else ", ").join(several)
