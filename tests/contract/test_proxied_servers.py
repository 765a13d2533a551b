"""``Mount`` and ``ProxyFix`` on real servers: every kind of server gives the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.servers import KINDS

from .conftest import ROOT

if TYPE_CHECKING:
    from tests.servers import ServerPool

FIELDS = {
    "X-Forwarded-For": "127.0.0.1, 203.0.113.9, 198.51.100.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "www.example.com",
    "X-Forwarded-Prefix": "/shop",
}


#: waitress that passes the fields of proxies on; otherwise it drops them
PROXIED = replace(
    KINDS["waitress"],
    name="waitress-proxied",
    arguments=lambda app, port: [
        *KINDS["waitress"].arguments(app, port)[:-1],
        "--no-clear-untrusted-proxy-headers",
        app,
    ],
)
#: the others are further workers of these servers
SERVERS = [
    "gunicorn", "waitress-proxied", "cheroot", "wsgiref", "granian-wsgi", "granian-asgi", "uvicorn", "hypercorn-trio",
    "daphne",
]  # fmt: skip


@pytest.mark.real_server
@pytest.mark.parametrize("kind", SERVERS)
def test_mounted_behind_proxies(kind: str, server_pool: ServerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefixes, addresses, hosts, forms and lifespans are right in all applications below the mount."""
    monkeypatch.setitem(KINDS, PROXIED.name, PROXIED)
    server = server_pool.get(kind, "tests.contract.proxied_app:app", app_dir=ROOT)
    with httpx.Client(base_url=server.url, timeout=100, headers=FIELDS) as client:
        assert client.post("/api/x?y=1", data={"a": "ä"}).json() == {
            "word": None if kind == "daphne" else "started",  # which has no lifespan
            "form": {"a": "ä"},
            "url": "https://www.example.com/shop/api/x?y=1",
            "root": "/shop/api",
            "route": ["203.0.113.9", "198.51.100.1"],
            "address": "203.0.113.9",
        }
        assert client.get("/old/x").text == "['/shop/old', '/x', 'www.example.com', '203.0.113.9']"
        assert client.get("/apiary").status_code == 404
