"""cardan's own applications under `lint`, with each client on each protocol."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from cardan import Request, Response
from cardan.testing import PROTOCOLS, AsyncClient, Client, lint

both = pytest.mark.parametrize("protocol", PROTOCOLS)
backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])
LINT: dict[str, Any] = {"wsgi": lint.wsgi, "asgi": lint.asgi}


@Request.application
def sync_app(request: Request) -> Response:
    return Response(f"{request.method} {request.get_data(as_text=True)}")


@Request.application(load=True)
async def async_app(request: Request) -> Response:
    return Response(f"{request.method} {request.get_data(as_text=True)}")


@both
@backends
@pytest.mark.parametrize("app", [sync_app, async_app], ids=["sync", "async"])
def test_every_pair(app: Any, protocol: Any, backend: Any) -> None:
    """`def` and `async def` handlers give one answer on WSGI and ASGI, and break no rule of the protocol."""
    with Client(LINT[protocol](app), protocol=protocol, backend=backend) as client:
        response = client.post("/", content=b"abc")
        assert (response.status_code, response.text) == (200, "POST abc")
        assert client.post("/", content=iter([b"a", b"bc"])).text == "POST abc"
        assert client.head("/").headers["content-length"] == "5"


@both
@backends
@pytest.mark.parametrize("app", [sync_app, async_app], ids=["sync", "async"])
def test_every_pair_awaiting(app: Any, protocol: Any, backend: Any) -> None:
    """`def` and `async def` handlers give one answer on WSGI and ASGI with the async client, and break no rule."""

    async def main() -> str:
        async with AsyncClient(LINT[protocol](app), protocol=protocol) as client:
            return (await client.post("/", content=b"abc")).text

    assert anyio.run(main, backend=backend) == "POST abc"


@both
@backends
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_leaving_a_stream(kind: str, protocol: Any, backend: Any) -> None:
    """When the client has disconnected, the generator of the response has ended."""
    ended: list[str] = []

    def ticks() -> Any:
        try:
            while True:
                yield b"tick"
        finally:
            ended.append("sync")

    async def async_ticks() -> Any:
        try:
            while True:
                yield b"tick"
                await anyio.sleep(0.001)
        finally:
            ended.append("async")

    @Request.application
    def app(request: Request) -> Response:
        return Response({"sync": ticks, "async": async_ticks}[kind]())

    with Client(LINT[protocol](app), protocol=protocol, backend=backend) as client:
        with client.stream("GET", "/") as response:
            assert next(response.iter_raw()) == b"tick"
        assert ended == [kind]


@both
@backends
def test_lifespan(protocol: Any, backend: Any) -> None:
    """The lifespan runs from entering to leaving the client, on both protocols."""
    log: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> Any:
        log.append("up")
        yield {"name": "Ada"}
        log.append("down")

    @Request.application(lifespan=lifespan)
    def app(request: Request) -> Response:
        return Response(request.state["name"])

    with Client(LINT[protocol](app), protocol=protocol, backend=backend) as client:
        assert client.get("/").text == "Ada"
        assert log == ["up"]
    assert log == ["up", "down"]
