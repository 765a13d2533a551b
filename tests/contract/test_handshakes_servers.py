"""Websocket handshakes on real servers: the application reads the head, and accepts or refuses."""

from __future__ import annotations

import socket
from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from tests.servers import Server, ServerPool

#: The servers, and whether they send the response that refuses a handshake (``websocket.http.response``).
SERVERS = {
    "uvicorn": True,
    "uvicorn-httptools": True,
    "hypercorn": True,
    "hypercorn-trio": True,
    "daphne": False,
    "granian-asgi": True,
}
COOKIE = "Cookie: session=ada"
NUMBERS = count()


def request_lines(path: str, *fields: str) -> bytes:
    """The bytes of a handshake, with these header fields more."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: a.example",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *fields,
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def handshake(port: int, path: str, *fields: str) -> tuple[str, str]:
    """The head of the server's answer to a handshake (RFC 6455 section 4.1), and what follows it until the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
        connection.sendall(request_lines(path, *fields))
        data = b""
        while not is_complete(data) and (piece := connection.recv(65536)):
            data += piece
    head, _, rest = data.decode("latin-1").partition("\r\n\r\n")
    return head, rest


def is_complete(data: bytes) -> bool:
    """Whether ``data`` has everything that the tests look at: a close frame, or the body of a response."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 101 "):
        return b"\x88" in rest
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return rest.endswith(b"0\r\n\r\n")
    _, _, length = lower.partition(b"content-length:")
    return bool(end) and len(rest) >= int(length.split(b"\r\n")[0] or 0)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, server_pool: ServerPool) -> Server:
    """A server with the application."""
    return server_pool.get(request.param, "tests.contract.handshake_app:app", app_dir=ROOT)


@pytest.mark.real_server
@pytest.mark.parametrize("path", ["/", "/room", "/mounted/deep/room", "/around/room", "/proxied/room"])
def test_a_handshake_with_a_cookie(server: Server, path: str) -> None:
    """One with the cookie gets its websocket: directly, below mounts, and behind each of the wrappers."""
    head, frames = handshake(server.port, f"{path}?a=b", COOKIE)
    assert head.startswith("HTTP/1.1 101 ")
    assert f"ada 127.0.0.1 ws://a.example{path}?a=b" in frames


@pytest.mark.real_server
@pytest.mark.parametrize("path", ["/", "/mounted/deep/room", "/around/room", "/proxied/room"])
def test_a_response_refuses_a_handshake(server: Server, path: str) -> None:
    """A client without the cookie gets the response, with its fields; a plain 403 of a server that sends none.

    Middleware is for requests: none of it sees the response.
    """
    head, body = handshake(server.port, path)
    if SERVERS[server.kind.name]:
        assert head.startswith("HTTP/1.1 401 ")
        assert "\r\nwww-authenticate: basic" in head.lower()
        assert "sign in at a.example" in body
    else:
        assert head.startswith("HTTP/1.1 403 ")
        assert "sign in" not in body
    assert "x-seen" not in head.lower()


@pytest.mark.real_server
def test_an_http_error_refuses_a_handshake(server: Server) -> None:
    """An HTTPException that leaves ``websocket=`` becomes its response, as one of a handler does."""
    head, body = handshake(server.port, "/none", COOKIE)
    expected = (404, True) if SERVERS[server.kind.name] else (403, False)
    assert (int(head.split()[1]), "there is no such room" in body) == expected


@pytest.mark.real_server
def test_an_application_without_websockets(server: Server) -> None:
    """An application that has none refuses: 404, or 403 of a server that sends no response."""
    head, _ = handshake(server.port, "/refused", COOKIE)
    assert int(head.split()[1]) == (404 if SERVERS[server.kind.name] else 403)


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["uvicorn", "uvicorn-httptools", "hypercorn", "hypercorn-trio"])
def test_a_client_that_leaves_during_a_refusal(server_pool: ServerPool, kind: str) -> None:
    """A streamed refusal is closed when its client has left, and not only at its next chunk, which may never come.

    granian is not among them: the body of a refusal is one message there.
    """
    server = server_pool.get(kind, "tests.contract.handshake_app:app", app_dir=ROOT)
    name = f"client={next(NUMBERS)}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=100) as connection:
        connection.sendall(request_lines(f"/held/room?{name}"))
        data = b""
        while b"refused" not in data:
            piece = connection.recv(65536)
            assert piece, data
            data += piece
    assert httpx.get(f"{server.url}/held?{name}", timeout=20).text == "closed"


@pytest.mark.real_server
def test_behind_a_proxy(server: Server) -> None:
    """ProxyFix shows the handshake its client, its host, and that it is a secure one."""
    fields = ["X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: b.example"]
    head, frames = handshake(server.port, "/proxied/room", COOKIE, *fields)
    assert head.startswith("HTTP/1.1 101 ")
    assert "ada 192.0.2.7 wss://b.example/proxied/room" in frames
