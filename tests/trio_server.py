"""A server of trio that runs in a thread while a test asks it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from types import ModuleType
    from typing import Self

    import pytest

__all__ = ["Watched", "impatient", "running"]


@contextmanager
def running(serve: Callable[..., Any]) -> Iterator[int]:
    """Run ``serve(task_status=...)``, which starts as :func:`trio.serve_tcp` does; gives its port."""
    told: Any = {}
    ready = threading.Event()

    async def main() -> None:
        try:
            async with trio.open_nursery() as nursery:
                listeners = await nursery.start(serve)
                told.update(port=listeners[0].socket.getsockname()[1], stop=nursery.cancel_scope.cancel)
                told["token"] = trio.lowlevel.current_trio_token()
                ready.set()
        finally:
            ready.set()

    thread = threading.Thread(target=trio.run, args=[main])
    thread.start()
    assert ready.wait(100)
    try:
        yield told["port"]
    finally:
        trio.from_thread.run_sync(told["stop"], trio_token=told["token"])
        thread.join(100)
    assert not thread.is_alive()


def impatient(monkeypatch: pytest.MonkeyPatch, module: ModuleType, owner: type, name: str) -> None:
    """From the first call of a method of ``owner`` on, the server waits for 10 ms only. Before, it waits as long as a
    busy machine takes.
    """
    method = getattr(owner, name)

    def called(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(module, "PATIENCE", 0.01)
        return method(*args, **options)

    monkeypatch.setattr(owner, name, called)


class Watched:
    """The body of a request, which says when it is closed."""

    def __init__(self, body: AsyncGenerator[bytes, None], closed: threading.Event) -> None:
        self._body = body
        self._closed = closed

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._body)

    async def aclose(self) -> None:
        await self._body.aclose()
        self._closed.set()
