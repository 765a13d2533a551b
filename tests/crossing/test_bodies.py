"""Bodies under an event loop: each ends once, also when the client leaves or the task is cancelled."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from cardan import Application, Request, Response, send_file
from cardan.core._buffers import CHUNK_SIZE
from cardan.exceptions import BodyConsumed
from tests.crossing.exchange import GONE, Exchange, chunk, http_scope

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both loops."""
    return str(request.param)


async def ticks(log: list[str], interval: float = 0.001) -> AsyncIterator[bytes]:
    """Never ends by itself; its cleanup awaits."""
    try:
        while True:
            yield b"tick"
            await anyio.sleep(interval)
    finally:
        await anyio.sleep(0.001)
        log.append("cleaned up")


@pytest.mark.parametrize("interval", [0.001, 3600], ids=["busy", "idle"])
@pytest.mark.parametrize("send_fails", [False, True])
async def test_client_leaves_a_stream(interval: float, send_fails: bool) -> None:
    """Noticed while busy and while idle; the generator is finalized once, its cleanup awaited; hooks run after it."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        response = Response(ticks(log, interval))
        response.call_on_close(lambda: log.append("hook"))
        return response

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(exchange.run)
            await exchange.sending.wait()
            await anyio.sleep(0.01)
            if send_fails:
                exchange.send_error = OSError("connection lost")
            if not send_fails or interval > 1:
                await exchange.put.send(GONE)
    assert log == ["cleaned up", "hook"]


MANY = 1000
"""Pieces of a body that ends by itself, so that a test of an endless one does not hang."""


async def always_ready() -> AsyncIterator[bytes]:
    """An async generator that never waits."""
    for _ in range(MANY):
        yield b"x"


def ready() -> Iterator[bytes]:
    """The same in sync code."""
    for _ in range(MANY):
        yield b"x"


def site(environ: Any, start_response: Any) -> Iterator[bytes]:
    """A WSGI application with such a body."""
    start_response("200 OK", [])
    return ready()


@pytest.mark.parametrize("body", ["async generator", "generator", "file", "open file", "bridge", "bare response"])
async def test_a_client_that_leaves_while_send_never_waits(body: str, tmp_path: Path) -> None:
    """A server may drop at once what is sent after the disconnect (ASGI HTTP spec before 2.4). The body ends then, too,
    and so does one whose server takes everything at once: other tasks have their turn meanwhile.
    """
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1000 * CHUNK_SIZE)
    ended: list[str] = []

    async def handler(request: Request) -> Response:
        response = make(request)
        response.call_on_close(lambda: ended.append("hook"))
        return response

    def make(request: Request) -> Response:
        if body == "file":
            return send_file(path, request)
        if body == "open file":
            return send_file(path.open("rb"), None)
        return Response(ready() if body == "generator" else always_ready())

    left = anyio.Event()
    sent = 0

    async def receive() -> Any:
        await left.wait()
        return GONE

    async def send(message: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == 10:
            left.set()

    bare = make(None) if body == "bare response" else None  # type: ignore[arg-type]
    app: Any = bare or (Application.from_wsgi(site) if body == "bridge" else Application(handler))
    with anyio.fail_after(100):
        await app(http_scope(method="GET"), receive, send)
    assert 10 <= sent < 100
    assert ended == ([] if body in ("bridge", "bare response") else ["hook"])


async def test_unread_body_is_not_received_while_streaming() -> None:
    """While a declared body is unread, only its reader receives. Only a failing send tells of a disconnect then."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            await anyio.sleep(0.01)
            async for data in request.aiter_data():
                yield data

        return Response(body())

    exchange = Exchange(Application(handler), chunk(b"a"), chunk(b"b", False), headers=[(b"content-length", b"2")])
    await exchange.run()
    assert exchange.body == b"firstab"
    assert log == []


async def test_cancelled_stream() -> None:
    """A server that cancels the task: the body is ended and its cleanup is not interrupted."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        return Response(ticks(log, 3600))

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    async with anyio.create_task_group() as group:
        group.start_soon(exchange.run)
        await exchange.sending.wait()
        group.cancel_scope.cancel()
    assert log == ["cleaned up"]


@pytest.mark.parametrize("send_waits", [False, True])
@pytest.mark.parametrize("then", ["yields", "returns"])
@pytest.mark.parametrize("how", ["the client leaves", "a scope"])
async def test_a_body_that_swallows_its_cancellation(how: str, then: str, send_waits: bool) -> None:
    """What a body yields when it was cancelled is not sent, and it is asked for nothing more. Nor is the end sent: the
    body is not whole.
    """
    log: list[str] = []

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            try:
                yield b"first"
                try:
                    await anyio.sleep_forever()
                except anyio.get_cancelled_exc_class():
                    log.append("swallowed")
                if then == "returns":
                    return
                yield b"second"
                log.append("asked again")
            finally:
                log.append("closed")

        return Response(body())

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    exchange.send_waits = send_waits
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(exchange.run)
            while not exchange.body:
                await anyio.sleep(0.001)
            if how == "a scope":
                group.cancel_scope.cancel()
            else:
                await exchange.put.send(GONE)
    assert log == ["swallowed", "closed"]
    assert exchange.body == b"first"
    assert all(message["more_body"] for message in exchange.sent[1:])


async def test_cancelled_load_leaves_no_file() -> None:
    """Cancelled while an upload is parsed: the file is closed, and later accesses say that the body is lost."""
    requests: list[Request] = []

    async def handler(request: Request) -> Response:
        requests.append(request)
        await request.load()
        return Response("x")

    head = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
    types = [(b"content-type", b"multipart/form-data; boundary=B"), (b"content-length", b"9000000")]
    before = len(os.listdir("/proc/self/fd"))
    exchange = Exchange(Application(handler), chunk(head + b"x" * 1_000_000), chunk(b"x" * 1_000_000), headers=types)
    async with anyio.create_task_group() as group:
        group.start_soon(exchange.run)
        await anyio.sleep(0.1)
        group.cancel_scope.cancel()
    del group
    assert len(os.listdir("/proc/self/fd")) <= before
    with pytest.raises(BodyConsumed):
        await requests[0].load()


async def test_sync_body_of_a_client_that_left() -> None:
    """A sync generator on ASGI whose client left is closed when its pending ``next`` returns."""
    log: list[str] = []

    def body() -> Iterator[bytes]:
        try:
            while True:
                yield b"tick"
                threading.Event().wait(0.005)
        finally:
            log.append("closed")

    exchange = Exchange(Application(lambda request: Response(body())), chunk(b"", False), method="GET")
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(exchange.run)
            await exchange.sending.wait()
            await exchange.put.send(GONE)
    assert log == ["closed"]


async def test_keep_alive() -> None:
    """A silent stream sends its filler, from the same connection, never in the middle of a chunk."""

    class Quiet(Response):
        keep_alive = 0.01
        _keep_alive_chunk = b":\n\n"

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            while exchange.body.count(b":\n\n") < 2:
                await anyio.sleep(0.001)
            yield b"data: 1\n\n"

        return Quiet(body())

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    with anyio.fail_after(100):
        await exchange.run()
    assert exchange.body.startswith(b":\n\n:\n\n")
    assert exchange.body.replace(b":\n\n", b"") == b"data: 1\n\n"


async def test_timeouts_of_the_body() -> None:
    """A body's own timeouts do not end it, and do not keep it from being ended when the client leaves."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            try:
                for number in range(3):
                    with anyio.move_on_after(0.005):
                        await anyio.sleep(3600)
                    yield b"%d" % number
                while True:
                    with anyio.move_on_after(0.005):
                        await anyio.sleep(3600)
            finally:
                await anyio.sleep(0.001)
                log.append("cleaned up")

        return Response(body())

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(exchange.run)
            while exchange.body != b"012":
                await anyio.sleep(0.005)
            await anyio.sleep(0.05)
            await exchange.put.send(GONE)
    assert log == ["cleaned up"]
