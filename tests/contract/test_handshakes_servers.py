"""Websocket handshakes on real servers: the application reads the head, and accepts or refuses."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from tests.servers import ServerPool


def handshake(port: int, *fields: str) -> str:
    """The head of the server's answer to a handshake (RFC 6455 section 4.1), and what follows it at once."""
    lines = [
        "GET /chat HTTP/1.1",
        "Host: a.example",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *fields,
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        data = b""
        while b"\r\n\r\n" not in data or (b" 401 " in data and b"sign in at a.example" not in data):
            piece = connection.recv(65536)
            if not piece:
                break
            data += piece
    return data.decode("latin-1")


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["uvicorn", "hypercorn", "hypercorn-trio"])
def test_a_response_refuses_a_handshake(kind: str, server_pool: ServerPool) -> None:
    """A client without the cookie gets the response; one with the cookie gets its websocket."""
    server = server_pool.get(kind, "tests.contract.handshake_app:app", app_dir=ROOT)
    refused = handshake(server.port)
    assert refused.startswith("HTTP/1.1 401 ")
    assert "sign in at a.example" in refused
    assert handshake(server.port, "Cookie: session=a").startswith("HTTP/1.1 101 ")
