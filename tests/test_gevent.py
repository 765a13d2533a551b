"""gunicorn's green threads: the loop of async handlers works in them, however late the standard library is patched."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.servers import KINDS, gunicorn, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Server

pytestmark = pytest.mark.real_server
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", params=[(), ("--preload",)], ids=["patched first", "preload"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """gunicorn with the worker of gevent, which patches the standard library before or after the application is
    imported.
    """
    kind = dataclasses.replace(KINDS["gunicorn"], arguments=gunicorn("gevent", *request.param))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "gunicorn", kind)
        server = start("gunicorn", "tests.green_app:app", app_dir=ROOT, log_dir=tmp_path_factory.mktemp("gevent"))
    yield server
    server.stop()
    assert not server.killed, server.log()


def test_handlers_and_bodies(server: Server) -> None:
    """``def`` and ``async def`` handlers answer and stream, many at the same time.

    The first requests wait for one lifespan.
    """
    expected = {
        "/agreet": "async body 1",
        "/astream": "0 1 2 ",
        "/greet": "def body 1",
        "/stream": "0 1 2 ",
    }

    def ask(path: str) -> str:
        return httpx.post(f"{server.url}{path}", content=b"body", timeout=100).text

    paths = list(expected) * 6
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, paths))
    assert answers == [expected[path] for path in paths], server.log()
    assert "gevent" in httpx.get(f"{server.url}/patched").text


def test_a_loop_of_ones_own(server: Server) -> None:
    """``asyncio.run()`` raises: asyncio believes that its loop runs in this green thread (docs/guides/gevent.md)."""
    httpx.post(f"{server.url}/agreet", timeout=100)
    assert httpx.get(f"{server.url}/own_loop").text == "asyncio.run() cannot be called from a running event loop"
