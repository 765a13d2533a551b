"""Early answers on real servers: a client that reads nothing before it has sent its whole request sees the answers.

The clients are sockets, httpx over HTTP/2, and Chromium if it is installed. ``make early-answers`` tests more of them.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from interop.servers import SERVERS as INTEROP_SERVERS
from tests.servers import HOST, Server, start
from tests.test_browser import start_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium import webdriver

    from tests.servers import ServerPool

pytestmark = pytest.mark.real_server

ROOT = Path(__file__).parents[2]
KINDS = [
    "gunicorn-gthread",
    "granian-wsgi",
    "granian-asgi",
    "uvicorn",
    "uvicorn-httptools",
    "hypercorn",
    "hypercorn-trio",
]
SIZE = 3_000_000
SECONDS = 20


class Client:
    """A connection of HTTP/1.1. Like a browser, it sends a whole request before it reads anything."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((HOST, server.port), SECONDS)
        self.rest = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.socket.close()

    def upload(self, path: str, size: int = SIZE) -> tuple[int, dict[str, str], bytes]:
        """Send ``size`` bytes, then read the answer."""
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n"
        self.socket.sendall(head.encode() + bytes(size))
        return self.read()

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Send a request without a body and read the answer."""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        return self.read()

    def read(self) -> tuple[int, dict[str, str], bytes]:
        """Read an answer: its status, fields and body."""
        head = self.read_until(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
        body = b""
        if fields.get("transfer-encoding") == "chunked":
            while size := int(self.read_until(b"\r\n"), 16):
                body += self.read_bytes(size)
                self.read_bytes(2)
            self.read_bytes(2)
        else:
            body = self.read_bytes(int(fields["content-length"]))
        return int(lines[0].split()[1]), fields, body

    def read_until(self, mark: bytes) -> bytes:
        while mark not in self.rest:
            self.receive()
        found, _, self.rest = self.rest.partition(mark)
        return found + mark

    def read_bytes(self, size: int) -> bytes:
        while len(self.rest) < size:
            self.receive()
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def receive(self) -> None:
        data = self.socket.recv(1 << 20)
        assert data, f"the connection was closed after {self.rest[:200]!r}"
        self.rest += data


@pytest.fixture(params=["app", "async_app"])
def server(request: pytest.FixtureRequest, kind: str, server_pool: ServerPool) -> Server:
    """A server of this kind, with the handler as ``def`` and as ``async def``."""
    return server_pool.get(kind, f"tests.contract.early_app:{request.param}", app_dir=ROOT)


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_seen_and_the_connection_goes_on(server: Server) -> None:
    """Six answers to 3 MB that the handler does not read arrive on one connection, and the next request is served."""
    statuses = {"/200": 200, "/303": 303, "/401": 401, "/413": 413, "/nowhere": 404, "/stream": 200}
    with Client(server) as client:
        for path, status in statuses.items():
            assert client.upload(path)[0] == status, server.log()
            assert client.get("/200")[2] == b"early answer", server.log()


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_of_the_handler_is_seen(server: Server) -> None:
    """The server's own 500 reaches a client that has sent 3 MB."""
    head = f"POST /500 HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {SIZE}\r\n\r\n"
    with Client(server) as client:
        client.socket.sendall(head.encode() + bytes(SIZE))
        assert client.read_until(b"\r\n").split()[1] == b"500", server.log()


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_answer_to_a_large_request(server: Server) -> None:
    """There is no deadlock if both sides have more to send than the sockets hold."""
    with Client(server) as client:
        status, _, body = client.upload("/large", 8_000_000)
    assert (status, len(body)) == (200, 4_000_000), server.log()


def ends(connection: socket.socket) -> bool:
    """Read until the server closes or resets the connection; False if it does neither before the time-out."""
    try:
        while connection.recv(1 << 20):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["/narrow", "/broken"])
def test_the_connection_ends(server: Server, path: str) -> None:
    """If an upload exceeds the bounds, or the response fails, the server closes the connection after the last byte."""
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {SIZE}\r\n\r\n"
    with Client(server) as client:
        with suppress(ConnectionError):  # the server may have closed it under the upload
            client.socket.sendall(head.encode() + bytes(SIZE))
        with suppress(OSError):  # "not connected": it was closed already
            client.socket.shutdown(socket.SHUT_WR)
        assert ends(client.socket), server.log()


@pytest.mark.parametrize("kind", ["gunicorn-gthread", "granian-asgi", "uvicorn", "hypercorn"])
def test_a_bare_response(kind: str, server_pool: ServerPool) -> None:
    """The answer of a response that is itself the application is seen, too."""
    server = server_pool.get(kind, "tests.contract.early_app:alone", app_dir=ROOT)
    with Client(server) as client:
        for _ in range(2):
            assert client.upload("/")[2] == b"early answer", server.log()


@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn-gthread", "wsgiref"])
def test_a_client_that_drips_holds_a_worker_for_the_time_only(kind: str, server_pool: ServerPool) -> None:
    """A client that sends very slowly and never ends its request occupies a worker for a limited time only.

    Then the only worker of gunicorn or wsgiref serves the next client.
    """
    server = server_pool.get(kind, "tests.contract.early_app:app", app_dir=ROOT)
    with ExitStack() as stack:
        dripping = [stack.enter_context(Client(server)) for _ in range(4)]  # gthread has four threads
        for client in dripping:
            client.socket.sendall(f"POST /hasty HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 500000\r\n\r\nx".encode())
        other = stack.enter_context(Client(server))
        other.socket.settimeout(0.05)
        other.socket.sendall(f"GET /200 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        deadline = time.monotonic() + SECONDS
        while not other.rest:
            assert time.monotonic() < deadline, f"the clients that drip were served for ever:\n{server.log()}"
            with suppress(TimeoutError):
                other.receive()
            for client in dripping:
                with suppress(OSError):  # its connection was closed
                    client.socket.send(b"x")
        assert other.rest.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")), other.rest


@pytest.fixture(scope="module")
def http2_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of hypercorn over TLS, with HTTP/2."""
    folder = tmp_path_factory.mktemp("http2")
    kind = INTEROP_SERVERS["hypercorn HTTP/2"].kind
    server = start(kind, "tests.contract.early_app:async_app", app_dir=ROOT, log_dir=folder, INTEROP_FOLDER=str(folder))
    yield server.url.replace("http", "https", 1)
    server.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Chromium. Skips the test if it is not installed."""
    browser = start_browser(tmp_path_factory.mktemp("profile"))
    browser.set_script_timeout(SECONDS)
    yield browser
    browser.quit()


UPLOAD = """
const [statuses, size, done] = arguments;
(async () => {
  const seen = [];
  for (const status of statuses) {
    const answer = await fetch(`/${status}`, {method: "POST", redirect: "manual", body: new Uint8Array(size)});
    seen.push(answer.type == "opaqueredirect" ? 303 : answer.status);
  }
  return seen;
})().then(done, error => done(String(error)));
"""


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["gunicorn-gthread", "uvicorn", "hypercorn", "HTTP/2"])
def test_chromium(
    kind: str, browser: webdriver.Chrome, request: pytest.FixtureRequest, server_pool: ServerPool
) -> None:
    """A page that uploads 3 MB with fetch() gets each answer, whatever its status."""
    if kind == "HTTP/2":
        url = request.getfixturevalue("http2_url")
    else:
        app = "app" if kind.startswith("gunicorn") else "async_app"
        url = server_pool.get(kind, f"tests.contract.early_app:{app}", app_dir=ROOT).url
    browser.get(f"{url}/page")
    statuses = [200, 303, 401, 413, 404]
    assert browser.execute_async_script(UPLOAD, statuses, SIZE) == statuses


def test_http2(http2_url: str) -> None:
    """Over HTTP/2, each answer to 3 MB arrives on one connection, and no answer says that it will be closed."""
    with httpx.Client(http2=True, verify=ssl._create_unverified_context(), timeout=SECONDS) as client:
        for status in (200, 303, 401, 413, 404, 200):
            response = client.post(f"{http2_url}/{status}", content=bytes(SIZE))
            assert (response.http_version, response.status_code) == ("HTTP/2", status)
            assert "connection" not in response.headers
