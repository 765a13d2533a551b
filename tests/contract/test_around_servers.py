"""``Compression`` and ``CORS`` on real servers: every kind of server gives the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from .around_app import LINE
from .conftest import ROOT

if TYPE_CHECKING:
    from tests.servers import ServerPool

FIELDS = {"Origin": "https://www.example.com", "Accept-Encoding": "gzip"}

#: the others are further workers of these servers
SERVERS = [
    "gunicorn",
    "waitress",
    "cheroot",
    "wsgiref",
    "granian-wsgi",
    "granian-asgi",
    "uvicorn",
    "hypercorn",
    "daphne",
]


@pytest.mark.real_server
@pytest.mark.parametrize("kind", SERVERS)
def test_compressed_for_another_origin(kind: str, server_pool: ServerPool) -> None:
    """Whole, streamed and empty bodies, files, a range, HEAD, a 304, an error and a preflight request."""
    server = server_pool.get(kind, "tests.contract.around_app:app", app_dir=ROOT)
    name = f"/files/{Path(__file__).name}"
    text = Path(__file__).read_text("utf-8")
    with httpx.Client(base_url=server.url, timeout=100, headers=FIELDS) as client:
        for path, expected in (("/api/whole", LINE * 200), ("/api/stream", LINE * 200), (name, text)):
            answer = client.get(path)
            assert (answer.text, answer.headers["Content-Encoding"]) == (expected, "gzip")
            assert answer.headers["Access-Control-Allow-Origin"] == FIELDS["Origin"]
            assert answer.headers["Vary"] == "Accept-Encoding, Origin"
        tag = answer.headers["ETag"]
        assert tag.startswith("W/")
        answer = client.head(name)
        assert (answer.headers["Content-Encoding"], answer.headers["ETag"]) == ("gzip", tag)
        answer = client.get(name, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.headers["ETag"], answer.content) == (304, tag, b"")
        answer = client.get(name, headers={"Range": "bytes=3-6"})
        assert (answer.status_code, answer.text) == (206, text[3:7])
        answer = client.get(name, headers={"Accept-Encoding": "identity"})
        assert (answer.text, int(answer.headers["Content-Length"])) == (text, len(text.encode()))
        answer = client.get("/api/missing")
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, FIELDS["Origin"])
        for method, status in (("DELETE", 204), ("PUT", 403)):
            answer = client.options("/api/whole", headers={"Access-Control-Request-Method": method})
            assert answer.status_code == status
