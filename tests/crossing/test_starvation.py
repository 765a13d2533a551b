"""Slow clients and idle streams on real ASGI servers: other requests are answered, and the server can be stopped."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import httpx
import pytest

from tests.servers import HOST, KINDS, STOPPING_HYPERCORN, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Server, ServerPool

pytestmark = pytest.mark.real_server

ROOT = Path(__file__).parents[2]
LENGTH = 100_000  # a larger body than one that is received before the handler runs


@pytest.fixture
def many_files() -> Iterator[None]:
    """Raise the limit of open files to the maximum, for this process and the servers that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Upload:
    """A client that has sent the head of a request and one byte of its body."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((HOST, server.port), timeout=100)
        self.socket.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\nx" % LENGTH)

    def complete(self) -> None:
        """Send the rest of the body."""
        self.socket.sendall(b"x" * (LENGTH - 1))

    def answer(self) -> bytes:
        """The whole answer of the server."""
        data = b""
        while chunk := self.socket.recv(65536):
            data += chunk
        return data

    def head(self) -> bytes:
        """The head of an answer that the server sends before it has the rest of the body."""
        data = b""
        while b"\r\n\r\n" not in data and (chunk := self.socket.recv(65536)):
            data += chunk
        return data

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.socket.close()


def wait_until_begun(client: httpx.Client, number: int) -> None:
    """Wait until the handlers of so many uploads are running.

    Requests without a body, which are answered meanwhile, tell.
    """
    for _ in range(3000):
        if int(client.get("/").text) >= number:
            return
    raise AssertionError(f"expected {number} uploads to begin")


def start_impatient(kind: str, target: str, log_dir: Path) -> Server:
    """Start a server that waits one second for open connections when it is told to stop."""
    known = KINDS[kind]

    def arguments(target: str, port: int) -> list[str]:
        return ["1" if argument in ("3", "4") else argument for argument in known.arguments(target, port)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, kind, replace(known, arguments=arguments))
        return start(kind, target, app_dir=ROOT, log_dir=log_dir)


def get_at_once(server: Server, number: int) -> list[int]:
    """Send so many requests at the same time and return their statuses."""

    async def main() -> list[int]:
        limits = httpx.Limits(max_connections=number)
        async with httpx.AsyncClient(base_url=server.url, timeout=100, limits=limits) as client:
            return [
                response.status_code for response in await asyncio.gather(*(client.get("/") for _ in range(number)))
            ]

    return asyncio.run(main())


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize(
    ("kind", "name", "slow", "fast"),
    [
        ("uvicorn", "app", 1000, 45),
        *((kind, "small", 4, 6) for kind in STOPPING_HYPERCORN),
        ("hypercorn-trio", "small", 4, 6),
        ("granian-asgi", "small", 4, 6),
    ],
)
def test_slow_uploads(kind: str, name: str, slow: int, fast: int, tmp_path: Path) -> None:
    """With the maximum number of slow uploads, other requests are still served.

    Requests without a body are answered. One more upload gets a 503 with Retry-After. Completed uploads are answered.
    If clients disconnect, their places become free. SIGTERM ends the server.
    """
    server = start_impatient(kind, f"tests.crossing.starvation_app:{name}", tmp_path)
    try:
        with httpx.Client(base_url=server.url, timeout=100) as client, ExitStack() as stack:
            uploads = [stack.enter_context(Upload(server)) for _ in range(slow)]
            wait_until_begun(client, slow)
            assert get_at_once(server, fast) == [200] * fast
            with Upload(server) as refused:
                answer = refused.head()
            assert b" 503 " in answer.splitlines()[0]
            assert b"retry-after: 5\r\n" in answer.lower()
            for upload in uploads[: slow // 2]:
                upload.complete()
            for upload in uploads[: slow // 2]:
                assert upload.answer().endswith(b"\r\n\r\n%d" % LENGTH)
            for upload in uploads[slow // 2 :]:
                upload.socket.close()
            uploads = [stack.enter_context(Upload(server)) for _ in range(slow)]
            wait_until_begun(client, 2 * slow + 1)
            uploads[-1].complete()
            assert uploads[-1].answer().endswith(b"\r\n\r\n%d" % LENGTH)
            status = server.stop()
    finally:
        server.kill()
    assert not server.killed, server.log()
    assert status in (0, -signal.SIGTERM), server.log()


@pytest.mark.parametrize("kind", ["uvicorn", "hypercorn", "granian-asgi"])
def test_idle_streams(kind: str, server_pool: ServerPool) -> None:
    """With as many idle sync event streams as there are threads for them, handlers still run, also after the clients
    left.
    """
    server = server_pool.get(kind, "tests.crossing.starvation_app:small", app_dir=ROOT)
    with ExitStack() as stack:
        streams = [stack.enter_context(httpx.Client(timeout=100)) for _ in range(6)]
        for client in streams[:4]:
            response = stack.enter_context(client.stream("GET", f"{server.url}/events"))
            chunks = response.iter_raw()
            stack.callback(chunks.close)  # keeps the iterator; its deletion closes the response
            assert next(chunks) == b"data: first\n\n"
        assert get_at_once(server, 6) == [200] * 6
    assert get_at_once(server, 6) == [200] * 6


class Multiplexed:
    """One HTTP/2 connection with prior knowledge (RFC 9113 section 3.3)."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((HOST, server.port), timeout=100)
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="ascii"))
        self.connection.initiate_connection()
        self.statuses: dict[int, str] = {}
        self.ended: set[int] = set()

    def request(self, method: str, data: bytes = b"") -> int:
        """Begin a request, and return the number of its stream. A request with ``data`` is not complete."""
        stream = self.connection.get_next_available_stream_id()
        fields = [(":method", method), (":path", "/"), (":scheme", "http"), (":authority", "x")]
        if data:
            fields.append(("content-length", str(LENGTH)))
        self.connection.send_headers(stream, fields, end_stream=not data)
        if data:
            self.connection.send_data(stream, data)
        self.flush()
        return stream

    def flush(self) -> None:
        """Send all pending data."""
        self.socket.sendall(self.connection.data_to_send())

    def wait(self, *streams: int) -> list[str]:
        """The statuses of these streams, after all of them have ended."""
        while not self.ended.issuperset(streams):
            for event in self.connection.receive_data(self.socket.recv(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    self.statuses[event.stream_id] = dict(event.headers)[":status"]
                elif isinstance(event, h2.events.StreamEnded):
                    self.ended.add(event.stream_id)
            self.flush()
        return [self.statuses[stream] for stream in streams]


def test_slow_uploads_on_one_connection(server_pool: ServerPool) -> None:
    """With HTTP/2, all slow uploads can use one connection. The same holds, and closing it frees their places."""
    server = server_pool.get("hypercorn", "tests.crossing.starvation_app:small", app_dir=ROOT)
    for _ in range(3):
        client = Multiplexed(server)
        with client.socket:
            slow = [client.request("POST", b"x") for _ in range(4)]
            gets = [client.request("GET") for _ in range(6)]
            assert client.wait(*gets) == ["200"] * 6
            for stream in slow[:2]:
                client.connection.reset_stream(stream)
            client.flush()
            more = [client.request("GET") for _ in range(6)]
            assert client.wait(*more) == ["200"] * 6
