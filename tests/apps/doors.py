"""The doors by which a WSGI application is served over ASGI, and what a server calls them with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from cardan import CORS, Application, Compression, Mount, ProxyFix, asgi, wsgi


class Resolving(Application):
    """An application whose ``resolve()`` returns another one."""

    inner: Any

    def resolve(self, request: Any) -> Any:
        return self.inner


def resolving(inner: Any) -> Any:
    app = Resolving(lambda request: None)  # type: ignore[arg-type,return-value]
    app.inner = inner
    return app


DOORS: dict[str, Callable[[Any], Any]] = {
    "from_wsgi": Application.from_wsgi,
    "asgi.from_wsgi": asgi.from_wsgi,
    "mounted": lambda site: Mount({"/at": Application.from_wsgi(site)}),
    "behind a proxy": lambda site: ProxyFix(Application.from_wsgi(site)),
    "compressed": lambda site: Compression(CORS(Application.from_wsgi(site), origins=["https://a.example"])),
    "resolved": lambda site: resolving(Application.from_wsgi(site)),
    "resolved, the ASGI side alone": lambda site: resolving(asgi.from_wsgi(site)),
    "resolved by one that is resolved": lambda site: resolving(resolving(asgi.from_wsgi(site))),
    "resolved in a wrapper": lambda site: resolving(ProxyFix(Application.from_wsgi(site))),
    "resolved, which speaks WSGI only": lambda site: resolving(Mount({"/at": site})),
    "resolved by one that is resolved, which speaks WSGI only": lambda site: resolving(resolving(Mount({"/at": site}))),
    "two bridges": lambda site: asgi.from_wsgi(wsgi.from_asgi(asgi.from_wsgi(site))),
}


def scope_of(path: str) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": path, "headers": [], "http_version": "1.1", "query_string": b""}


def exchange(path: str, send: Any) -> tuple[dict[str, Any], Any, Any]:
    """Scope, receive and send of a request whose body has ended and whose client stays."""
    given = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if given:
            return given.pop()
        await anyio.sleep_forever()
        raise AssertionError("nobody wakes this task")

    return scope_of(path), receive, send
