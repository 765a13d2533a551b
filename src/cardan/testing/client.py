"""The two clients: httpx's own, on transports that run an application in this process.

Takes any WSGI or ASGI application, cardan's or not. Everything else is httpx: requests, responses, cookies,
redirects, exceptions. Never opens a socket; leaves no thread, task or event loop behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from ..core.buffers import as_bytes, is_bytes_like
from ._httpx import httpx
from .async_transports import AsyncASGITransport, AsyncTransport, AsyncWSGITransport
from .options import Options
from .sync_transports import ASGITransport, SyncTransport, WSGITransport

__all__ = ["PROTOCOLS", "AsyncClient", "Client", "ProtocolName", "check", "mounted"]

ProtocolName: TypeAlias = Literal["wsgi", "asgi"]
"""The protocol over which a client talks to its application."""

PROTOCOLS: tuple[ProtocolName, ...] = ("wsgi", "asgi")
"""Both protocols, for ``pytest.mark.parametrize("protocol", PROTOCOLS)``."""

CLIENT = ("127.0.0.1", 49152)  # the first dynamic port, RFC 6335, section 6


def _as_content(content: Any) -> Any:
    """What httpx takes as content: it takes bytes, and would iterate over the numbers of another bytes-like object."""
    return as_bytes(content) if is_bytes_like(content) else content


class Client(httpx.Client):
    """A blocking `httpx.Client` that serves ``app`` itself.

    As a context manager it runs the application's lifespan: on ASGI start-up and shutdown, with the state in each
    scope; on WSGI it calls ``app.close()`` on leaving where there is one. Used without, there is no lifespan.

    ``protocol``: "wsgi" or "asgi". ``backend``: the event loop of ASGI applications, in a thread of its own, and
    ``backend_options`` for `anyio.run`. ``raise_app_exceptions``: what the application raises is raised by the client,
    else it is a 500 before the start of the response, a broken response after it. ``root_path``: where the application
    is mounted; it is added to a ``base_url`` that has no path. ``client``: the peer's host and port. ``http_version``:
    "1.0", "1.1", "2" ... ``extensions``: the ASGI extensions that the server is to offer. ``spec_version``: of ASGI
    HTTP; below "2.4" `send` to a client that has left is silent. ``grace``: seconds that a response may go on after
    the client has left before it is cancelled, with a RuntimeWarning. ``timeout``: as in httpx, a guard against
    hanging: ``httpx.ReadTimeout``. All other options as in `httpx.Client`.

    Raises, at a request, what the application raised; TypeError or ValueError for a wrong ``protocol`` or ``backend``.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        *,
        protocol: ProtocolName,
        backend: Literal["asyncio", "trio"] = "asyncio",
        base_url: str | httpx.URL = "http://testserver",
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: tuple[str, int] = CLIENT,
        http_version: str = "1.1",
        extensions: Mapping[str, Any] | None = None,
        spec_version: str = "2.4",
        grace: float = 10.0,
        timeout: float | httpx.Timeout | None = 30.0,
        backend_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        told = Options(app, raise_app_exceptions, root_path, client, http_version, extensions, spec_version, grace)
        transport: SyncTransport
        if check(protocol, PROTOCOLS) == "wsgi":
            transport = WSGITransport(told)
        else:
            transport = ASGITransport(told, check(backend, ("asyncio", "trio")), backend_options)
        super().__init__(transport=transport, base_url=mounted(base_url, root_path), timeout=timeout, **options)

    def build_request(self, method: str, url: httpx.URL | str, *, content: Any = None, **options: Any) -> httpx.Request:
        """As httpx; ``content`` may be any bytes-like object."""
        return super().build_request(method, url, content=_as_content(content), **options)


class AsyncClient(httpx.AsyncClient):
    """An `httpx.AsyncClient` that serves ``app`` itself, on the running event loop, asyncio's or trio's.

    Only to be used as an async context manager, also in fixtures: it may be entered in one task and left in another, as
    pytest-asyncio does. Over "wsgi" the application runs in a thread per request. All options
    as in `Client`; there is no ``backend``.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        *,
        protocol: ProtocolName,
        base_url: str | httpx.URL = "http://testserver",
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: tuple[str, int] = CLIENT,
        http_version: str = "1.1",
        extensions: Mapping[str, Any] | None = None,
        spec_version: str = "2.4",
        grace: float = 10.0,
        timeout: float | httpx.Timeout | None = 30.0,
        **options: Any,
    ) -> None:
        told = Options(app, raise_app_exceptions, root_path, client, http_version, extensions, spec_version, grace)
        transport: AsyncTransport
        transport = AsyncWSGITransport(told) if check(protocol, PROTOCOLS) == "wsgi" else AsyncASGITransport(told)
        super().__init__(transport=transport, base_url=mounted(base_url, root_path), timeout=timeout, **options)

    def build_request(self, method: str, url: httpx.URL | str, *, content: Any = None, **options: Any) -> httpx.Request:
        """As httpx; ``content`` may be any bytes-like object."""
        return super().build_request(method, url, content=_as_content(content), **options)


def check(value: str, allowed: tuple[str, ...]) -> str:
    """``value``; ValueError when it is none of ``allowed``."""
    if value not in allowed:
        raise ValueError(f"got {value!r}, expected {' or '.join(map(repr, allowed))}")
    return value


def mounted(base_url: str | httpx.URL, root_path: str) -> httpx.URL:
    """``base_url``, with ``root_path`` as its path where it has none."""
    url = httpx.URL(base_url)
    return url.copy_with(path=quote(root_path)) if root_path and url.path == "/" else url
