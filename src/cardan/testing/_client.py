"""The two test clients: clients of httpx with transports that call an application in this process.

The application may be any WSGI or ASGI application. Requests, responses, cookies, redirects and exceptions are those of
httpx. The clients never open a socket. When a client is closed, its threads, tasks and event loops have ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from types import NoneType
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from ..apps._protocols import expect_protocol, no_application, protocols_of
from ..core._buffers import Buffer, as_bytes, is_bytes_like
from ..core._checks import check_type
from ..core._urls import MAX_PORT
from ..types import ProtocolName
from ._async_transports import AsyncASGITransport, AsyncTransport, AsyncWSGITransport
from ._httpx import httpx
from ._options import Options, check_seconds
from ._sync_transports import ASGITransport, SyncTransport, WSGITransport

__all__ = ["PROTOCOLS", "AsyncClient", "Client", "RequestContent", "check", "check_timeout", "chosen", "mounted"]

PROTOCOLS: tuple[ProtocolName, ...] = ("wsgi", "asgi")
"""Both protocols, for ``pytest.mark.parametrize("protocol", PROTOCOLS)``."""

RequestContent: TypeAlias = str | Buffer | Iterable[bytes] | AsyncIterable[bytes]
"""The body of a request: text, any bytes-like object, or an iterable of bytes, sync or async."""

CLIENT = ("127.0.0.1", 49152)  # the first dynamic port, RFC 6335, section 6


def _as_content(content: RequestContent | None) -> Any:
    """``content`` for httpx: a bytes-like object is converted to bytes, since httpx would iterate over its numbers."""
    return as_bytes(content) if is_bytes_like(content) else content


class Client(httpx.Client):
    """An `httpx.Client` that calls ``app`` in this process.

    Used as a context manager, it runs the lifespan of the application. On ASGI, this is start-up and shutdown, and each
    scope gets the state. On WSGI, ``app.close()`` is called at the end, if the application has this method. A client
    that is not used as a context manager runs no lifespan.

    - ``protocol``: "wsgi" or "asgi". Without it, the client calls the application as a server would: an application
      for both protocols, and one whose ``__call__`` is an ``async def``, over ASGI; any other one by its parameters,
      which are ``(environ, start_response)`` on WSGI and ``(scope, receive, send)`` on ASGI.
    - ``backend``: the event loop for ASGI applications, which runs in a separate thread: "asyncio" or "trio".
      ``backend_options`` are passed to `anyio.run`.
    - ``raise_app_exceptions``: if True, the client raises the exceptions of the application, also one that
      ``on_exception`` has answered. If False, the client gives that answer; any other exception gives a 500, or an
      incomplete response if the response has started.
    - ``root_path``: the path under which the application is mounted. It is added to ``base_url`` if that has no path.
    - ``client``: host and port of the client, as the application sees them.
    - ``http_version``: the version that the application sees, such as "1.0", "1.1" or "2".
    - ``extensions``: the ASGI extensions that the server offers, by name.
    - ``spec_version``: the version of the ASGI HTTP specification. Before "2.4", `send` does nothing after the client
      has disconnected; since "2.4" it raises OSError.
    - ``grace``: seconds that the application may continue after the client has disconnected. Then it is cancelled, and
      a RuntimeWarning is given.
    - ``timeout``: as in httpx. A request that takes longer raises ``httpx.ReadTimeout``, so that no test hangs.

    All other options are those of `httpx.Client`.

    A request raises the exception that the application has raised. A wrong ``protocol``, ``backend`` or ``root_path``
    raises ValueError, and so does a number out of range, and an application that does not show its protocol. One that
    shows that it does not speak ``protocol`` raises TypeError, and so does one that cannot be called, and an option of
    a wrong type.
    """

    __module__ = "cardan.testing"

    def __init__(
        self,
        app: Callable[..., Any],
        protocol: ProtocolName | None = None,
        *,
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
        common = Options(app, raise_app_exceptions, root_path, client, http_version, extensions, spec_version, grace)
        transport: SyncTransport
        if chosen(app, protocol) == "wsgi":
            transport = WSGITransport(common)
        else:
            check_type("backend_options", backend_options, (dict, NoneType), "a dict or None")
            transport = ASGITransport(common, check(backend, ("asyncio", "trio")), backend_options)
        check_timeout(timeout)
        super().__init__(transport=transport, base_url=mounted(base_url, root_path), timeout=timeout, **options)

    def build_request(
        self, method: str, url: httpx.URL | str, *, content: RequestContent | None = None, **options: Any
    ) -> httpx.Request:
        """The same as in httpx, but ``content`` may also be any bytes-like object."""
        return super().build_request(method, url, content=_as_content(content), **options)


class AsyncClient(httpx.AsyncClient):
    """An `httpx.AsyncClient` that calls ``app`` in this process, on the running event loop of asyncio or trio.

    It must be used as an async context manager. With "wsgi", each request runs in its own thread. The options are those
    of `Client`, without ``backend`` and ``backend_options``.

    It may be entered in one task and left in another, and may be used in other event loops than the one in which it was
    entered: fixtures of pytest-asyncio do both. Each request runs in the event loop in which it was sent. The lifespan
    runs in the event loop in which the client was entered: leaving the client in another one raises RuntimeError,
    unless the first one is closed. When the client is left, responses that are still open end; the client does not wait
    for those of other event loops.
    """

    __module__ = "cardan.testing"

    def __init__(
        self,
        app: Callable[..., Any],
        protocol: ProtocolName | None = None,
        *,
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
        common = Options(app, raise_app_exceptions, root_path, client, http_version, extensions, spec_version, grace)
        transport: AsyncTransport
        transport = AsyncWSGITransport(common) if chosen(app, protocol) == "wsgi" else AsyncASGITransport(common)
        check_timeout(timeout)
        super().__init__(transport=transport, base_url=mounted(base_url, root_path), timeout=timeout, **options)

    def build_request(
        self, method: str, url: httpx.URL | str, *, content: RequestContent | None = None, **options: Any
    ) -> httpx.Request:
        """The same as in httpx, but ``content`` may also be any bytes-like object."""
        return super().build_request(method, url, content=_as_content(content), **options)


def chosen(app: Callable[..., Any], protocol: ProtocolName | None) -> str:
    """The protocol to call ``app`` over: ``protocol``, or the one that the application shows.

    Raises :exc:`TypeError` if the application shows that it does not speak ``protocol``, and :exc:`ValueError` if there
    is neither.
    """
    if protocol is not None:
        check(protocol, PROTOCOLS)
        expect_protocol(app, protocol)
        return protocol
    shown = protocols_of(app)
    if not shown:
        if isinstance(app, type):
            raise ValueError(no_application(app, ""))
        raise ValueError(
            "got an application that takes neither (environ, start_response) nor (scope, receive, send),"
            " expected protocol='wsgi' or protocol='asgi'"
        )
    return "asgi" if "asgi" in shown else "wsgi"


def check(value: str, allowed: tuple[str, ...]) -> str:
    """Return ``value``. Raises ValueError if it is not in ``allowed``."""
    if value not in allowed:
        raise ValueError(f"got {value!r}, expected {' or '.join(map(repr, allowed))}")
    return value


def check_timeout(timeout: Any) -> None:
    """Raise an error for a ``timeout`` that httpx takes and for which nothing can wait."""
    for seconds in httpx.Timeout(timeout).as_dict().values():
        if seconds is not None:
            check_seconds("timeout", seconds)


def mounted(base_url: str | httpx.URL, root_path: str) -> httpx.URL:
    """``base_url``. If it has no path, ``root_path`` becomes its path. Checks both."""
    check_type("base_url", base_url, (str, httpx.URL), "a str or an httpx.URL")
    check_type("root_path", root_path, str, "a str")
    if root_path and (root_path[0] != "/" or root_path[-1] == "/"):
        raise ValueError(f"got root_path = {root_path!r}, expected '' or a path such as '/site'")
    url = httpx.URL(base_url)
    if url.port is not None and url.port > MAX_PORT:
        raise ValueError(f"got base_url = {str(base_url)!r}, expected a port from 0 to {MAX_PORT}")
    return url.copy_with(path=quote(root_path)) if root_path and url.path == "/" else url
