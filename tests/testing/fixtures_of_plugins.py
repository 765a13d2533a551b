"""Tests that use clients in fixtures of three pytest plugins: pytest-asyncio, anyio and pytest-trio.

`test_plugins.py` runs them in a pytest of its own, so that the plugins do not meet those of this suite. All warnings
are errors there: a task, a generator or a thread that is left behind fails a test.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
import pytest
import pytest_asyncio
import pytest_trio

from cardan import Application, Request, Response
from cardan.testing import PROTOCOLS, AsyncClient, Client
from tests.testing.apps import echo_asgi, echo_wsgi, threads

SCOPES = ("function", "class", "module", "package", "session")
ended: list[str] = []
lifespans: list[str] = []


class Site:
    """The lifespan of one application, and whether it runs."""

    is_up = False

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[dict[str, str]]:
        self.is_up = True
        lifespans.append("up")
        yield {"name": "Ada"}
        lifespans.append("down")
        self.is_up = False


async def ticks() -> AsyncIterator[bytes]:
    try:
        while True:
            yield b"tick"
            await anyio.sleep(0.001)
    finally:
        ended.append("ticks")


async def handler(request: Request) -> Response:
    if request.path == "/ticks":
        return Response(ticks())
    await request.load()
    return Response(f"{request.state['name']} {request.text}")


def def_handler(request: Request) -> Response:
    return Response(f"{request.state['name']} {request.get_data(as_text=True)}")


@asynccontextmanager
async def clients() -> AsyncIterator[list[tuple[AsyncClient, str]]]:
    """Clients of applications of cardan and of plain ones, and with which word each of them begins its answers."""
    sites = [Site() for _ in range(4)]
    async with AsyncExitStack() as stack:
        given: list[tuple[AsyncClient, str]] = []
        functions = (handler, def_handler) * 2
        for site, function, protocol in zip(sites, functions, ("wsgi", "wsgi", "asgi", "asgi"), strict=True):
            client = AsyncClient(Application(function, lifespan=site.lifespan), protocol)
            given.append((await stack.enter_async_context(client), "Ada "))
        for plain in (echo_wsgi, echo_asgi):
            given.append((await stack.enter_async_context(AsyncClient(plain)), ""))
        yield given
    assert not any(site.is_up for site in sites)


async def use(clients: list[tuple[AsyncClient, str]]) -> None:
    """Send bodies, stream an answer and leave it, leave another one open: the fixture has to end that one."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    for client, greeting in clients:
        assert (await client.post("/", content=b"text")).text == greeting + "text"
        assert (await client.post("/", content=pieces())).text == greeting + "ab"
    for client, _ in (clients[0], clients[2]):  # the `async def` handler on each protocol
        ended.clear()
        for _ in range(2):
            response = await client.send(client.build_request("GET", "/ticks"), stream=True)
            body = response.stream._stream  # trio warns about the client's own generators
            assert await anext(body) == b"tick"
            if not ended:
                await response.aclose()
                assert ended == ["ticks"]


# pytest-trio: a fixture and a test are two tasks of one loop. These tests come first, as no loop of anyio may run then


@pytest_trio.trio_fixture
async def of_trio() -> AsyncIterator[list[tuple[AsyncClient, str]]]:
    async with clients() as given:
        yield given


@pytest.mark.trio
async def test_trio(of_trio: list[tuple[AsyncClient, str]]) -> None:
    await use(of_trio)


# pytest-asyncio: the fixture runs in the loop of its loop_scope, in one task to set up and in another one to tear down.
# The test runs in a third task, perhaps in another loop.


def asyncio_fixture(scope: Any, loop_scope: Any) -> str:
    name = f"clients_{scope}_{loop_scope}"

    async def fixture() -> AsyncIterator[list[tuple[AsyncClient, str]]]:
        async with clients() as given:
            yield given

    globals()[name] = pytest_asyncio.fixture(fixture, scope=scope, loop_scope=loop_scope, name=name)
    return name


def asyncio_test(fixture: str, loop_scope: Any) -> None:
    async def test(request: pytest.FixtureRequest) -> None:
        await use(request.getfixturevalue(fixture))

    marked: Callable[..., Any] = pytest.mark.usefixtures(fixture)(test)
    globals()[f"test_{fixture}_in_{loop_scope}"] = pytest.mark.asyncio(loop_scope=loop_scope)(marked)


# a fixture cannot have a loop that ends before it: pytest itself refuses that
for number, scope in enumerate(SCOPES):
    for loop_scope in SCOPES[number:]:
        name = asyncio_fixture(scope, loop_scope)
        for of_the_test in ("function", "module", "session"):
            asyncio_test(name, of_the_test)


@pytest.fixture(scope="session", params=PROTOCOLS)
def blocking(request: pytest.FixtureRequest) -> Any:
    with Client(Application(handler, lifespan=Site().lifespan), request.param) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def blocking_in_async() -> AsyncIterator[Client]:
    with Client(Application(handler, lifespan=Site().lifespan), "asgi", backend="trio") as client:
        yield client


@pytest.mark.asyncio
async def test_blocking_clients(blocking: Client, blocking_in_async: Client) -> None:
    """A blocking client works in any fixture and any test, since its event loop is its own."""
    for client in (blocking, blocking_in_async):
        assert client.post("/", content=b"text").text == "Ada text"


# anyio: a fixture runs in one task, beside the test's, in one loop for as long as any fixture needs it


@pytest.fixture(scope="session", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def anyio_fixture(scope: Any) -> None:
    async def fixture(anyio_backend: str) -> AsyncIterator[list[tuple[AsyncClient, str]]]:
        async with clients() as given:
            yield given

    globals()[f"of_anyio_{scope}"] = pytest.fixture(fixture, scope=scope, name=f"of_anyio_{scope}")


for scope in SCOPES:
    anyio_fixture(scope)


@pytest.mark.anyio
@pytest.mark.usefixtures(*(f"of_anyio_{scope}" for scope in SCOPES))
@pytest.mark.parametrize("scope", SCOPES)
async def test_anyio(scope: str, request: pytest.FixtureRequest) -> None:
    await use(request.getfixturevalue(f"of_anyio_{scope}"))


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left() -> Any:
    """When all fixtures have ended, no thread of a client runs, every lifespan has ended, and nothing was logged."""
    before = threads()
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logging.getLogger("cardan").addHandler(handler)
    yield
    assert not records
    assert not [thread.name for thread in threads() - before if "cardan-testing" in thread.name]
    assert lifespans.count("up") == lifespans.count("down") > 0
