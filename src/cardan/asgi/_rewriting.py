"""Copies of an ASGI scope whose head differs, for an application behind a mount or behind proxies.

The copy and the scope of the server share the exchange, so that a body that was read through one of them is known to
the requests over the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core._mounting import move_prefix
from ..core._proxies import look_behind
from ..core._request.exchange import find_exchange
from ._head import ScopeHead

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..core._proxies import TrustedProxies
    from ._messages import Scope

__all__ = ["behind_proxies", "below"]


def below(scope: Scope, prefix: str) -> MutableMapping[str, Any]:
    """The scope for the application that is mounted at ``prefix``, which the path is below.

    ``path`` includes ``root_path``, as the specification has it, also if the server left it out.
    """
    head = ScopeHead(scope)
    root, rest = move_prefix(head.root_path, head.path, prefix)
    path = root + rest if rest[:1] in ("", "/") else rest  # the asterisk of OPTIONS is below nothing
    return {**_shared(scope), "root_path": root, "path": path}


def behind_proxies(scope: Scope, trusted: TrustedProxies, key: str) -> MutableMapping[str, Any]:
    """The scope as the first trusted proxy has seen the request. ``key`` is that of the original scope in it."""
    before = ScopeHead(scope)
    after = look_behind(before, trusted)
    told = (
        {b"x-forwarded-for": after.route}
        if after.host is None
        else {b"host": after.host, b"x-forwarded-for": after.route}
    )
    pairs = [(name, value) for name, value in scope.get("headers") or () if name.lower() not in told]
    pairs += [(name, value.encode("latin-1", "replace")) for name, value in told.items() if value is not None]
    seen = {**_shared(scope), key: scope, "headers": pairs, "scheme": after.scheme}
    if after.route is not None:
        seen["client"] = after.client
    if after.server != before.server:
        seen["server"] = after.server
    if after.root_path != before.root_path:
        seen["root_path"] = after.root_path
        seen["path"] = after.root_path + before.path
    return seen


def _shared(scope: Scope) -> Scope:
    if scope["type"] == "http":
        find_exchange(scope)
    return scope
