"""Clients in fixtures of pytest-asyncio, anyio and pytest-trio, and in more than one event loop."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cardan import Application, Request, Response
from cardan.testing import AsyncClient
from tests.testing.apps import echo_asgi, echo_wsgi, threads

ROOT = Path(__file__).parents[2]
OPTIONS = (
    "-c", "/dev/null", "--rootdir", ".", "--import-mode=importlib", "-q", "-p", "no:cacheprovider", "-W", "error",
    "-o", "pythonpath=.", "-o", "asyncio_mode=strict", "-o", "asyncio_default_fixture_loop_scope=function",
)  # fmt: skip


def test_fixtures_of_every_scope() -> None:
    """Clients work in the fixtures of three plugins: of every scope, in every loop that pytest-asyncio gives them.

    45 pairs of a fixture and a test of pytest-asyncio, a blocking client in such ones on both protocols, ten tests of
    anyio's plugin and one of pytest-trio's.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "tests/testing/fixtures_of_plugins.py"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=55, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^58 passed", run.stdout, re.MULTILINE), run.stdout


class Site:
    """An application with a lifespan, and what has happened to it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.app = Application(lambda request: Response(request.state["name"]), lifespan=self.lifespan)

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[dict[str, str]]:
        self.log.append("up")
        try:
            yield {"name": "Ada"}
        finally:
            self.log.append("down")


async def use(client: AsyncClient) -> str:
    return (await client.get("/")).text


def test_left_in_another_loop() -> None:
    """A client that is left in another loop than it was entered in says so: the lifespan cannot be ended from there."""
    site = Site()
    client = AsyncClient(site.app, "asgi")
    with asyncio.Runner() as one, asyncio.Runner() as another:
        one.run(client.__aenter__())
        assert another.run(use(client)) == "Ada"
        with pytest.raises(RuntimeError, match="expected the same one"):
            another.run(client.__aexit__())
    assert site.log == ["up", "down"]  # the end of the loop has ended it


def test_left_after_the_loop() -> None:
    """A client can be left after the end of its loop, which has ended the lifespan already."""
    site = Site()
    client = AsyncClient(site.app, "asgi")
    with asyncio.Runner() as one:
        one.run(client.__aenter__())
    assert site.log == ["up", "down"]
    asyncio.run(client.__aexit__())


@pytest.mark.parametrize("app", [echo_wsgi, echo_asgi], ids=["wsgi", "asgi"])
def test_a_loop_ends_in_the_middle_of_a_request(app: Any) -> None:
    """If a loop ends while a request body is being sent, the application sees a client that has left. Nothing hangs."""

    async def begin() -> None:
        is_asked = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            yield b"a"
            is_asked.set()
            await asyncio.Event().wait()

        tasks.append(asyncio.create_task(client.post("/", content=endless())))
        await is_asked.wait()

    tasks: list[asyncio.Task[Any]] = []
    client = AsyncClient(app)
    asyncio.run(client.__aenter__())
    asyncio.run(begin())
    assert tasks[0].cancelled()
    assert asyncio.run(echo(client)) == "text"
    asyncio.run(client.__aexit__())


@pytest.mark.parametrize("app", [echo_wsgi, echo_asgi], ids=["wsgi", "asgi"])
def test_a_loop_that_does_not_run_when_the_client_is_left(app: Any) -> None:
    """A request of another loop, which waits there for its upload, is told that the client has left. Nobody waits."""
    client = AsyncClient(app, grace=30)
    with asyncio.Runner() as one, asyncio.Runner() as another:
        one.run(client.__aenter__())
        tasks: list[asyncio.Task[Any]] = []

        async def begin() -> None:
            is_asked = asyncio.Event()

            async def endless() -> AsyncIterator[bytes]:
                yield b"a"
                is_asked.set()
                await asyncio.Event().wait()

            tasks.append(asyncio.create_task(client.post("/", content=endless())))
            await is_asked.wait()

        another.run(begin())
        started = threads()
        one.run(client.__aexit__())
        assert not [thread for thread in started & threads() if thread.name == "cardan-testing-wsgi"]

        async def end() -> None:
            with pytest.raises((RuntimeError, httpx.HTTPError, OSError, AssertionError)):
                await tasks[0]

        another.run(end())


async def echo(client: AsyncClient) -> str:
    return (await client.post("/", content=b"text")).text


def test_every_request_has_its_own_loop() -> None:
    """One client serves requests from two loops in turn; each request runs in the loop that it was sent in."""
    seen: list[Any] = []

    @Request.application
    async def app(request: Request) -> Response:
        seen.append(asyncio.get_running_loop())
        return Response("")

    client = AsyncClient(app, "asgi")
    with asyncio.Runner() as one, asyncio.Runner() as another:
        one.run(client.__aenter__())
        for runner in (one, another, one):
            runner.run(use(client))
        assert seen == [one.get_loop(), another.get_loop(), one.get_loop()]
        one.run(client.__aexit__())
