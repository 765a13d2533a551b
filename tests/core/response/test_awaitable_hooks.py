"""Close hooks and sinks that return an awaitable, under a worker thread's ``run_sync`` of trio and of anyio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest
import trio

from cardan.core import Request, RequestHead, Response

RUNNERS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "trio": (trio.run, trio.to_thread.run_sync),
    "asyncio": (anyio.run, anyio.to_thread.run_sync),
}


class Noting:
    """An object with an async ``__call__``, and an async method."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(self) -> None:
        await anyio.sleep(0)
        self.seen.append("object")

    async def note(self, name: str) -> None:
        """Note ``name`` after a checkpoint."""
        await anyio.sleep(0)
        self.seen.append(name)


@pytest.mark.parametrize("runner", RUNNERS)
def test_hooks_that_return_an_awaitable(runner: str) -> None:
    """A lambda, a partial and an object with an async call are awaited once, in order, whatever thread calls them."""
    run, run_sync = RUNNERS[runner]
    noting = Noting()

    async def main() -> None:
        response = Response(iter(["a"]))
        response.call_on_close(lambda: noting.note("lambda"))
        response.call_on_close(noting)
        response.call_on_close(lambda: noting.seen.append("plain"))
        events = response.aiter_events("GET", run_sync=run_sync)
        async for _ in events:
            pass

    run(main)
    assert noting.seen == ["lambda", "object", "plain"]


@pytest.mark.parametrize("runner", RUNNERS)
def test_sinks_whose_plain_methods_return_an_awaitable(runner: str) -> None:
    """What ``write`` and ``close`` of a file's sink return is awaited: no byte is lost."""
    run, run_sync = RUNNERS[runner]
    written: list[bytes] = []
    noting = Noting()

    class Sink:
        def write(self, data: bytes) -> Any:
            async def write() -> None:
                await anyio.sleep(0)
                written.append(bytes(data))

            return write()

        def close(self) -> Any:
            return noting.note("closed")

    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\ndata\r\n--b--\r\n'
    head = RequestHead(
        method="POST",
        path="/",
        headers=[(b"content-type", b"multipart/form-data; boundary=b"), (b"content-length", b"%d" % len(body))],
    )

    async def pieces() -> Any:
        yield body

    async def main() -> None:
        request = Request(head, pieces(), run_sync=run_sync, make_file=Sink)
        await request.load()

    run(main)
    assert (b"".join(written), noting.seen) == (b"data", ["closed"])
