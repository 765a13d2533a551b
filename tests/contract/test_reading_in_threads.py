"""Over ASGI, bodies that are read by threads and watched by tasks which no handler of an Application has."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from cardan import _crossing as crossing
from cardan.asgi._handling import _leave
from cardan.asgi._receiving import open_body, watch_body
from cardan.core._request.exchange import Exchange, find_exchange
from cardan.testing import RequestBuilder

pytestmark = pytest.mark.anyio

GONE = {"type": "http.disconnect"}


async def test_a_thread_that_no_handler_has() -> None:
    """A body that a worker thread without a handler reads comes from the event loop. It takes no place."""
    messages = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.request", "body": b"b"}]

    async def receive() -> Any:
        await anyio.lowlevel.checkpoint()
        return messages.pop(0)

    body = open_body(RequestBuilder("/", method="POST", data=b"ab").scope(), receive)
    assert await anyio.to_thread.run_sync(body.read, 5, True) == b"ab"


async def test_a_watch_that_is_over_is_begun_again() -> None:
    """A task that watches for the disconnect ends when it has come. Who asks later gets another one, and an answer."""

    async def receive() -> Any:
        return GONE

    scope = RequestBuilder("/").scope()
    body, exchange = open_body(scope, receive), find_exchange(scope)
    for _ in range(2):
        watch_body(exchange, body, 1)
        watcher = body.watcher
        assert watcher is not None
        await watcher.wait()
        assert watcher.done
        assert body.disconnected


async def test_the_inner_one_of_two_applications_ends_last() -> None:
    """A request that another application has given on stays that application's: nothing of it is ended."""
    exchange = Exchange()
    exchange.holders = 1
    exchange.begin()
    await _leave(exchange, crossing.Worker(crossing.DEFAULT_THREADS), has_failed=False)
    assert (exchange.holders, exchange.answered) == (1, False)
    await _leave(exchange, crossing.Worker(crossing.DEFAULT_THREADS), has_failed=False)
    assert (exchange.holders, exchange.answered) == (0, True)
