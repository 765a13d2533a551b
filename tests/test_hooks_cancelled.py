"""A plain close hook runs even if asyncio cancels its task before the hook has started in its thread."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from cardan import Application, Response
from cardan._crossing import worker
from tests.test_crossing import Exchange, chunk

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Only asyncio's own cancellation passes through shielded scopes."""
    return "asyncio"


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_hook_that_is_cancelled_before_it_begins(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Each of three plain hooks runs once, no matter which of them is next when the second cancellation arrives."""
    log: list[int] = []
    starts = 0
    real = worker.start

    async def start(job: Any) -> Any:
        nonlocal starts
        starts += 1
        if starts == at:
            for _ in range(2):  # the first cancellation waits for the hooks, the second one interrupts this wait
                task.cancel()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        return await real(job)

    async def handler(request: Any) -> Response:
        response = Response("x")
        for number in range(3):
            response.call_on_close(lambda number=number: log.append(number))
        return response

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    monkeypatch.setattr(worker, "start", start)
    task = asyncio.create_task(exchange.run())
    with pytest.raises(asyncio.CancelledError):
        await task
    with anyio.fail_after(20):
        while len(log) < 3:
            await anyio.sleep(0.001)
    assert log == [0, 1, 2]
