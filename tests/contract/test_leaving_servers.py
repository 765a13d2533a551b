"""Clients that disconnect from real servers."""

from __future__ import annotations

import socket
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.servers import Server, ServerPool

pytestmark = pytest.mark.real_server

ROOT = Path(__file__).parents[2]
GUARD = 20
NUMBERS = count()


@pytest.fixture(params=["uvicorn", "uvicorn-httptools", "hypercorn", "hypercorn-trio", "granian-asgi"])
def server(request: pytest.FixtureRequest, server_pool: ServerPool) -> Server:
    """An ASGI server."""
    return server_pool.get(str(request.param), "tests.contract.leaving_app:app", app_dir=ROOT)


def leave(server: Server, path: str, body: bytes | None, query: str = "") -> list[str]:
    """Request ``path``, disconnect when its handler works, and wait for its note."""
    name = f"{path}-{next(NUMBERS)}"
    framing = "" if body is None else f"Content-Length: {len(body)}\r\n"
    method = "GET" if body is None else "POST"
    head = f"{method} {path}?name={name}{query} HTTP/1.1\r\nHost: x\r\n{framing}\r\n"
    with httpx.Client(base_url=server.url, timeout=GUARD) as client:

        def wait_for(list_name: str) -> list[str]:
            end = time.monotonic() + GUARD
            while time.monotonic() < end:
                found: list[str] = [note for note in client.get("/told").json()[list_name] if note.startswith(name)]
                if found:
                    return [note.removeprefix(name) for note in found]
                time.sleep(0.01)
            raise AssertionError(f"nothing noted in {list_name}:\n{server.log()}")

        with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as connection:
            connection.sendall(head.encode() + (body or b""))
            assert wait_for("begun") == [""]
        return wait_for("told")


@pytest.mark.parametrize("query", ["", "&load=1"], ids=["unread", "loaded"])
@pytest.mark.parametrize("body", [None, b"hello"], ids=["GET", "POST"])
@pytest.mark.parametrize("path", ["/def", "/async", "/cancel"])
def test_a_handler_is_told(server: Server, path: str, body: bytes | None, query: str) -> None:
    """The client disconnects while the handler works: ``disconnected`` becomes True, and the block is cancelled."""
    assert leave(server, path, body, query) == [": True"]


@pytest.mark.parametrize("body", [None, b"hello"], ids=["GET", "POST"])
def test_a_stream_ends_when_its_client_leaves(server: Server, body: bytes | None) -> None:
    """A stream ends when its client disconnects, even if the body of the request was not read."""
    assert leave(server, "/astream", body) == [": True"]


@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn-gthread"])
def test_on_wsgi_a_failed_write_tells(server_pool: ServerPool, kind: str) -> None:
    """The body of the response is closed before its end, and its cleanup sees ``disconnected`` as True."""
    server = server_pool.get(kind, "tests.contract.leaving_app:app", app_dir=ROOT)
    if kind == "gunicorn":  # its one worker serves no other request meanwhile
        name = f"/stream-{next(NUMBERS)}"
        with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as connection:
            connection.sendall(f"GET /stream?name={name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert connection.recv(1000)
        notes = httpx.get(f"{server.url}/told", timeout=GUARD).json()["told"]
        assert [note for note in notes if note.startswith(name)] == [f"{name}: True"]
    else:
        assert leave(server, "/stream", None) == [": True"]
