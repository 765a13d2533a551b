"""A time-out around reads takes effect between two reads, even if a read itself blocks and cannot be cancelled."""

from __future__ import annotations

import io
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread
import httpx
import pytest

from cardan import Application, FileStorage, Request, Response, core
from cardan import _crossing as crossing
from cardan.asgi._receiving import ReceiveBody
from cardan.core._request.exchange import Exchange
from cardan.exceptions import RequestTimeout
from cardan.testing import RequestBuilder

from .limit_apps import ASYNC_WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import ServerPool

ROOT = Path(__file__).parents[2]
MULTIPART = "multipart/form-data; boundary=B"
FILE = b'--B\r\nContent-Disposition: form-data; name="a"; filename="x"\r\n\r\n' + b"x" * 5000 + b"\r\n--B--\r\n"
BODIES = {"iter_parts": FILE, "skip_parts": FILE, "part_data": FILE, "form": FILE, "files": FILE}

backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])
ways = pytest.mark.parametrize("way", ASYNC_WAYS)


def body_of(way: str) -> tuple[str, bytes]:
    """A Content-Type, and a body of a few kilobytes."""
    return (MULTIPART, FILE) if way in BODIES else ("text/plain", b"x" * 5000)


@backends
@pytest.mark.parametrize("first", ["load", "thread", "ahead"])
def test_a_read_after_a_time_out(first: str, backend: str) -> None:
    """The error is raised by one read. The next one waits for the client anew, in the event loop and in a thread."""
    asked = 0

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            await anyio.sleep_forever()
        return {"type": "http.request", "body": b"late", "more_body": True}

    async def main() -> None:
        body = ReceiveBody(receive, exchange := Exchange())
        exchange.token = crossing.current_token()
        body.timeout = 0.0
        if first == "ahead":
            await body.preload()
            body.timeout = None
        for expected in ("408", b"late", b"late"):
            try:
                if first == "thread":
                    got: Any = await anyio.to_thread.run_sync(body.read, 10, False)
                else:
                    got = await body.aread(10, False)
            except RequestTimeout as error:
                got = str(error.code)
            assert got == expected
            body.timeout = None

    anyio.run(main, backend=backend)
    assert asked == 3


@backends
@ways
@pytest.mark.parametrize("has_read1", [False, True])
def test_on_wsgi(way: str, has_read1: bool, backend: str) -> None:
    """No read follows the one during which the time ran out."""
    content_type, body = body_of(way)
    scope: Any = None
    token: Any = None
    reads = 0

    class Input:
        def __init__(self) -> None:
            self.rest = body

        def read(self, size: int = -1) -> bytes:
            nonlocal reads
            reads += 1
            if reads == 2:
                anyio.from_thread.run_sync(scope.cancel, token=token)
            data, self.rest = self.rest[: min(size, 300)], self.rest[min(size, 300) :]
            return data

    class Input1(Input):
        read1 = Input.read

    async def handler(request: Request) -> Response:
        nonlocal scope, token
        token = anyio.lowlevel.current_token()
        with anyio.CancelScope() as scope:
            await ASYNC_WAYS[way](request)
        return Response(str(scope.cancelled_caught))

    environ = RequestBuilder(method="POST").environ({"wsgi.input": Input1() if has_read1 else Input()})
    environ.pop("CONTENT_LENGTH", None)
    environ |= {"CONTENT_TYPE": content_type, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    parts = Application(handler, backend=backend).wsgi_app(environ, lambda *args: None)
    assert (b"".join(parts), reads) == (b"True", 2)


@pytest.mark.parametrize(
    ("size", "declared", "expected"),
    [(5000, True, "read"), (65_536, True, "read"), (65_537, True, "read1"), (5000, False, "read1")],
)
def test_on_wsgi_a_large_body_is_read_in_pieces(size: int, declared: bool, expected: str) -> None:
    """``read`` waits for all bytes that it is asked for, and no time-out ends it. So async code calls it for a body
    that is known to be small, once, and otherwise takes what has arrived.
    """
    calls: list[str] = []

    class Input(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            calls.append("read")
            return super().read(size)

        def read1(self, size: int | None = -1) -> bytes:
            calls.append("read1")
            return super().read1(size)

    async def handler(request: Request) -> Response:
        await request.load()
        return Response(str(len(request.get_data())))

    environ = RequestBuilder("/", method="POST", data=b"x").environ()
    environ |= {"wsgi.input": Input(bytes(size)), "wsgi.input_terminated": True, "CONTENT_LENGTH": str(size)}
    if not declared:
        del environ["CONTENT_LENGTH"]
    app: Any = Application(handler)
    assert b"".join(app(environ, lambda *_: print)) == str(size).encode()
    assert set(calls) == {expected}
    assert expected == "read1" or len(calls) == 1


@backends
def test_a_small_body_is_kept_by_a_load_that_is_cancelled(backend: str) -> None:
    """A small declared body is read at once.

    If the time runs out meanwhile, the time-out is raised and no data is lost.
    """
    scope: Any = None
    token: Any = None

    class Input:
        def read(self, size: int = -1) -> bytes:
            anyio.from_thread.run_sync(scope.cancel, token=token)
            return b"12345"

    async def handler(request: Request) -> Response:
        nonlocal scope, token
        token = anyio.lowlevel.current_token()
        with anyio.CancelScope() as scope:
            await request.load()
        assert scope.cancelled_caught
        return Response((await request.load()).data)

    environ = RequestBuilder(method="POST").environ({"wsgi.input": Input(), "CONTENT_LENGTH": "5"})
    environ["CONTENT_TYPE"] = "text/plain"
    assert b"".join(Application(handler, backend=backend).wsgi_app(environ, lambda *args: None)) == b"12345"


@backends
@ways
@pytest.mark.parametrize("filtered", [False, True])
def test_in_core(way: str, filtered: bool, backend: str) -> None:
    """A time-out takes effect between two reads also for a request of core, whose iterable of pieces awaits nothing."""
    content_type, body = body_of(way)
    reads = 0

    class Same:
        def feed(self, data: bytes) -> bytes:
            return data

        def close(self) -> bytes:
            return b""

    class Filtering(core.Request):
        def make_body_filter(self) -> Any:
            return Same() if filtered else None

    async def main() -> None:
        with anyio.CancelScope() as scope:

            def pieces() -> Iterator[bytes]:
                nonlocal reads
                for at in range(0, len(body), 300):
                    reads += 1
                    if reads == 3:
                        scope.cancel()
                    yield body[at : at + 300]

            fields = [(b"Content-Type", content_type.encode()), (b"Transfer-Encoding", b"chunked")]
            head = core.RequestHead("POST", headers=fields)
            await ASYNC_WAYS[way](Filtering(head, pieces()))  # type: ignore[arg-type]
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    assert reads == 3


@backends
@pytest.mark.parametrize("way", ["aiter_data", "asave"])
def test_files_in_memory(way: str, backend: str) -> None:
    """Reading a file in memory awaits nothing itself, but a time-out still takes effect."""
    seen: list[int] = []

    class Sink:
        def __init__(self, scope: anyio.CancelScope) -> None:
            self.scope = scope

        async def write(self, data: bytes) -> None:
            seen.append(len(data))
            self.scope.cancel()

    async def main() -> None:

        file = FileStorage(io.BytesIO(b"x" * 5_000_000), "x")
        with anyio.CancelScope() as scope:
            if way == "asave":
                await file.asave(Sink(scope))
            async for data in file.aiter_data(1000):
                seen.append(len(data))
                scope.cancel()
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    assert len(seen) == 1


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["gunicorn-gthread", "uvicorn"])
@pytest.mark.parametrize("way", ["iter_data", "get_data"])
def test_a_dripping_client(server_pool: ServerPool, kind: str, way: str) -> None:
    """A client that sends very slowly gets a 408. It does not occupy the handler until it has sent everything."""
    server = server_pool.get(kind, "tests.contract.limit_apps:patient", app_dir=ROOT)
    head = (
        f"POST /{way}?seconds=0.3 HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port), 30) as client:
        client.sendall(head.encode())
        client.setblocking(False)
        answer = b""
        for _ in range(400):  # 20 seconds, much less than the whole body would take
            try:
                client.send(b"800\r\n" + b"x" * 2048 + b"\r\n")
            except OSError:
                pass  # the server has closed the connection after its answer
            time.sleep(0.05)
            try:
                answer = client.recv(65536)
            except BlockingIOError:
                continue
            break
    assert answer[:12] == b"HTTP/1.1 408"
