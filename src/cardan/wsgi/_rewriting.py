"""Copies of a WSGI environ whose head differs, for an application behind a mount or behind proxies.

The copy and the environ of the server share the exchange, so that a body that was read through one of them is known to
the requests over the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core._environs import server_name
from ..core._mounting import move_prefix
from ..core._proxies import look_behind
from ..core._request.exchange import find_exchange
from ..core._request.head import without_authority
from ._head import EnvironHead, encode

if TYPE_CHECKING:
    from ..core._proxies import TrustedProxies

__all__ = ["behind_proxies", "below"]


def below(environ: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The environ for the application that is mounted at ``prefix``, which the path is below."""
    path = environ.get("PATH_INFO", "")
    if path[:1] != "/":
        path = without_authority(path)
    root, rest = move_prefix(environ.get("SCRIPT_NAME", ""), path, encode(prefix))
    find_exchange(environ)
    return {**environ, "SCRIPT_NAME": root, "PATH_INFO": rest}


def behind_proxies(environ: dict[str, Any], trusted: TrustedProxies, key: str) -> dict[str, Any]:
    """The environ as the first trusted proxy has seen the request. ``key`` is that of the original environ in it."""
    before = EnvironHead(environ)
    after = look_behind(before, trusted)
    find_exchange(environ)
    seen = {**environ, key: environ, "wsgi.url_scheme": after.scheme}
    if after.host is not None:
        seen["HTTP_HOST"] = after.host
    if after.route is not None:
        seen["HTTP_X_FORWARDED_FOR"] = after.route
    else:
        seen.pop("HTTP_X_FORWARDED_FOR", None)
    if after.route is not None and after.client is not None:
        address, port = after.client
        seen["REMOTE_ADDR"] = address
        seen["REMOTE_PORT"] = str(port) if port else ""
    if after.server != before.server and after.server is not None:
        name, number = after.server
        seen["SERVER_NAME"] = server_name(name)
        seen["SERVER_PORT"] = str(number)
    if after.root_path != before.root_path:
        seen["SCRIPT_NAME"] = encode(after.root_path)
    return seen
