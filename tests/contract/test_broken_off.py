"""Uploads that are aborted: the client closes its socket in the middle. Nothing is left open on a real server."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from .conftest import REAL, ROOT
from .test_basics import files_closed, open_files

if TYPE_CHECKING:
    from tests.servers import Server, ServerPool

pytestmark = pytest.mark.real_server

HEAD = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
DATA = b"x" * 1_000_000


@pytest.fixture(params=REAL)
def server(request: pytest.FixtureRequest, server_pool: ServerPool) -> Server:
    """A real server with the application of the contract tests."""
    return server_pool.get(str(request.param), "tests.contract.apps:app", app_dir=ROOT)


def send(server: Server, path: str, *pieces: bytes) -> None:
    """Send ``pieces`` and close the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=100) as connection:
        for piece in pieces:
            connection.sendall(piece)


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("kind", ["def", "async"])
def test_upload_breaks_off(server: Server, kind: str, framing: str) -> None:
    """The client disconnects in the middle of a file that is on disk already: the file is closed, and the server works
    on.
    """
    start = f"POST /{kind}/form HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\n".encode()
    with httpx.Client(base_url=server.url, timeout=100) as client:
        before = open_files(client)
        for _ in range(3):
            if framing == "length":
                send(server, kind, start + b"Content-Length: 9000000\r\n\r\n", HEAD, DATA, DATA)
            else:
                chunk = b"%x\r\n%b\r\n"
                pieces = [chunk % (len(data), data) for data in (HEAD, DATA, DATA)]
                send(server, kind, start + b"Transfer-Encoding: chunked\r\n\r\n", *pieces)
        assert client.post(f"/{kind}/form", files={"f": b"whole"}).json()["files"][0][3] == 5
        assert files_closed(client, before)
