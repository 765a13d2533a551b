"""`AsyncClient` in a fixture: entered in one task, used in another, left in a third, as with pytest-asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from cardan import Application, Request, Response, ServerSentEvent
from cardan._crossing import BackgroundTask
from cardan.testing import PROTOCOLS, AsyncClient
from cardan.types import ProtocolName

pytestmark = pytest.mark.anyio

GUARD = 20


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def in_a_task(function: Callable[[], Awaitable[Any]]) -> Any:
    """Await ``function`` in a new task. Returns its result or raises its exception."""
    results: list[Any] = []

    async def main() -> None:
        results.append(await function())

    task = BackgroundTask(main)
    await task.wait()
    if task.error is not None:
        raise task.error
    return results[0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_fixture_is_left_in_another_task(protocol: ProtocolName) -> None:
    """Requests, an open stream and the lifespan end when another task leaves the client."""
    ended: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"name": "state"}
        ended.append("lifespan")

    async def ticks() -> AsyncIterator[ServerSentEvent]:
        try:
            while True:
                yield ServerSentEvent("tick")
                await anyio.sleep(0.001)
        finally:
            await anyio.sleep(0)
            ended.append("ticks")

    async def handler(request: Request) -> Response:
        await request.load()
        if request.path == "/events":
            return Response.from_events(ticks())
        return Response(f"{request.state['name']} {request.text}")

    app = Application(handler, lifespan=lifespan)

    async def fixture() -> AsyncIterator[AsyncClient]:
        async with AsyncClient(app, protocol=protocol) as client:
            yield client

    with anyio.fail_after(GUARD):
        steps = fixture()
        client = await in_a_task(steps.__anext__)
        assert (await client.post("/", content=b"text")).text == "state text"
        assert (await in_a_task(lambda: client.post("/", content=b"text"))).text == "state text"
        response = await client.send(client.build_request("GET", "/events"), stream=True)
        pieces = response.stream._stream  # trio warns about the client's own generators
        assert await anext(pieces) == b"data: tick\n\n"
        with pytest.raises(StopAsyncIteration):
            await in_a_task(steps.__anext__)
    assert ended == ["ticks", "lifespan"]


async def test_a_start_that_fails_leaves_nothing() -> None:
    """An error at the start of the lifespan is raised where the client is entered, in whichever task."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        raise LookupError("no database")
        yield

    client = AsyncClient(Application(lambda request: Response(""), lifespan=lifespan), protocol="asgi")
    with anyio.fail_after(GUARD), pytest.raises(LookupError, match="no database"):
        await in_a_task(client.__aenter__)
    await anyio.wait_all_tasks_blocked()


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_cancelled_test_leaves_the_client(protocol: ProtocolName) -> None:
    """If a test is cancelled inside the client's block, it ends, and so do the tasks of the application."""
    ended: list[str] = []

    async def handler(request: Request) -> Response:
        try:
            async with request.cancel_on_disconnect():
                await anyio.sleep(0.05 if protocol == "wsgi" else GUARD)
        finally:
            ended.append("handler")
        return Response("")

    with anyio.fail_after(GUARD):
        with anyio.move_on_after(0.01) as scope:
            async with AsyncClient(Application(handler), protocol=protocol) as client:
                await client.get("/")
    assert scope.cancelled_caught
    assert ended == ["handler"]
