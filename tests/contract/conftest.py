"""The transports: WSGI in process, ASGI in process on asyncio and on trio, real gunicorn and uvicorn over loopback.

In the tests, a *transport* is how an application is called, such as ``"asgi-trio"`` or ``"gunicorn"``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from cardan.testing import Client

from . import apps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers import ServerPool

ROOT = Path(__file__).parents[2]
IN_PROCESS = ("wsgi", "asgi-asyncio", "asgi-trio")
REAL = ("gunicorn", "uvicorn")
TRANSPORTS = [*IN_PROCESS, *(pytest.param(kind, marks=pytest.mark.real_server) for kind in REAL)]


@pytest.fixture(params=["def", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    """``"def"`` or ``"async"``: the kind of the handler."""
    return str(request.param)


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """How the application is called."""
    return str(request.param)


@pytest.fixture
def serve(transport: str, request: pytest.FixtureRequest) -> Iterator[Callable[..., httpx.Client]]:
    """``serve("small")`` is a client of ``apps.small`` over this transport."""
    clients: list[Any] = []

    def start(name: str = "app", **options: Any) -> httpx.Client:
        if transport in REAL:
            pool: ServerPool = request.getfixturevalue("server_pool")
            server = pool.get(transport, f"tests.contract.apps:{name}", app_dir=ROOT)
            client: httpx.Client = httpx.Client(base_url=server.url, timeout=100)
        else:
            protocol, _, backend = transport.partition("-")
            client = Client(getattr(apps, name), protocol=protocol, backend=backend or "asyncio", **options)
        clients.append(client)
        client.__enter__()
        return client

    yield start
    for client in reversed(clients):
        client.__exit__(None, None, None)


@pytest.fixture
def client(serve: Callable[..., httpx.Client]) -> httpx.Client:
    """A client of the application that has all views."""
    return serve(raise_app_exceptions=False)
