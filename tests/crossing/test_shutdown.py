"""Servers that cancel open requests when they stop: the body and the hooks of these requests end exactly once."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.crossing.test_starvation import Upload, start_impatient
from tests.servers import STOPPING_HYPERCORN

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_server


@pytest.mark.parametrize("kind", ["uvicorn", "uvicorn-httptools", *STOPPING_HYPERCORN, "hypercorn-trio"])
def test_cancelled_requests(kind: str, tmp_path: Path) -> None:
    """A sync and an async generator are closed, and then their hooks run.

    A ``def`` handler that waits for its body ends, so that the process can end.
    """
    server = start_impatient(kind, "tests.crossing.shutdown_app:app", tmp_path)
    try:
        with ExitStack() as stack:
            stack.enter_context(Upload(server))
            server.wait_for_log("upload begins")
            client = stack.enter_context(httpx.Client(timeout=100))
            for name in ("sync", "async"):
                response = stack.enter_context(client.stream("GET", f"{server.url}/{name}"))
                chunks = response.iter_raw()
                stack.callback(chunks.close)
                assert next(chunks) == b"tick\n"
            status = server.stop()
    finally:
        server.kill()
    assert not server.killed, server.log()
    assert status in (0, -signal.SIGTERM), server.log()
    lines = server.log().splitlines()
    assert lines.count("upload ends: ClientDisconnected") == 1, server.log()
    for name in ("sync", "async"):
        said = [line for line in lines if line.startswith(f"{name} ")]
        assert said == [f"{name} body closed", f"{name} plain hook", f"{name} async hook"], server.log()
