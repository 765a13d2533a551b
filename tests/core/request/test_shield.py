"""``core.Request(shield=...)``: the sink of an upload that is cancelled is left, also where that has to be awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import anyio
import pytest
import trio

from cardan import core

pytestmark = pytest.mark.anyio

HEAD = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + b"x" * 1000


class Sink:
    """A sink of the kind that object stores have."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    async def write(self, data: bytes) -> None:
        await anyio.sleep(0)

    async def abort(self) -> None:
        self.seen.append("aborting")
        await anyio.sleep(0.001)
        self.seen.append("aborted")


@pytest.mark.parametrize(
    ("backend", "scope"), [("asyncio", anyio.CancelScope), ("trio", anyio.CancelScope), ("trio", trio.CancelScope)]
)
def test_a_cancelled_upload_aborts_its_sink(backend: str, scope: Any) -> None:
    """Without a shield the first await of ``abort()`` would be cancelled as well."""
    seen: list[str] = []
    loading: anyio.CancelScope

    async def body() -> AsyncIterator[bytes]:
        yield HEAD
        loading.cancel()
        await anyio.sleep_forever()

    async def main() -> None:
        nonlocal loading
        loading = anyio.CancelScope()
        head = core.RequestHead.from_target(
            "POST", "/", [(b"Host", b"a"), (b"Content-Type", b"multipart/form-data; boundary=B")]
        )
        request = core.Request(head, body(), make_file=lambda: Sink(seen), shield=partial(scope, shield=True))
        with loading:
            await request.load()
        await request.aclose()

    anyio.run(main, backend=backend)
    assert seen == ["aborting", "aborted"]


FILE = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n'
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Closing(Sink):
    """A file of an async library, which is closed by awaiting."""

    def read(self) -> bytes:
        return b"x"

    async def close(self) -> None:
        self.seen.append("closing")
        await anyio.sleep(0)


@BACKENDS
def test_without_a_shield_each_sink_is_told(backend: str) -> None:
    """A cancellation that cuts off the ``abort()`` of one sink does not keep it from the others."""
    seen: list[str] = []
    loading: anyio.CancelScope

    async def body() -> AsyncIterator[bytes]:
        yield FILE * 3
        loading.cancel()
        await anyio.sleep_forever()

    async def main() -> None:
        nonlocal loading
        loading = anyio.CancelScope()
        head = core.RequestHead("POST", headers={"Content-Type": "multipart/form-data; boundary=B"})
        request = core.Request(head, body(), make_file=lambda: Sink(seen))
        with loading:
            await request.load()
        assert loading.cancelled_caught
        await request.aclose()

    anyio.run(main, backend=backend)
    assert seen == ["aborting"] * 3


@BACKENDS
def test_without_a_shield_each_file_is_closed(backend: str) -> None:
    """A cancellation that cuts off the closing of one file at the end of its request does not keep it from the others,
    and is not lost.
    """
    seen: list[str] = []

    async def main() -> None:
        head = core.RequestHead("POST", headers={"Content-Type": "multipart/form-data; boundary=B"})
        request = core.Request(head, FILE * 3 + b"--B--", make_file=lambda: Closing(seen))
        await request.load()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await request.aclose()
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    assert seen == ["closing"] * 3


class Failing(Closing):
    """A file whose end fails."""

    async def close(self) -> None:
        self.seen.append("failing")
        raise OSError("the disk is full")


@BACKENDS
@pytest.mark.parametrize("kinds", [(Failing, Closing), (Closing, Failing), (Failing, Closing, Failing)])
def test_an_error_of_closing_hides_no_cancellation(kinds: tuple[type[Closing], ...], backend: str) -> None:
    """A task that was cancelled ends as such, whichever file fails to close before or after: else its scope would not
    end, or its task group would report the error of a task that it has cancelled.
    """
    seen: list[str] = []
    sinks = iter(kinds)

    async def main() -> None:
        head = core.RequestHead("POST", headers={"Content-Type": "multipart/form-data; boundary=B"})
        request = core.Request(head, FILE * len(kinds) + b"--B--", make_file=lambda: next(sinks)(seen))
        await request.load()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await request.aclose()
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    assert seen == ["failing" if kind is Failing else "closing" for kind in kinds]
