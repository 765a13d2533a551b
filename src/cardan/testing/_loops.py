"""The event loop of a blocking client. It runs in a thread of its own while it is needed."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from anyio.from_thread import BlockingPortal, BlockingPortalProvider

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["LoopThread", "join_workers"]

PATIENCE = 1.0  # seconds to wait for a worker thread that was told to stop


class LoopThread:
    """A context manager that starts an event loop in a thread and gives a portal to it.

    It may be entered many times at once, from any thread. The first entry starts the loop. The last exit stops the
    loop, and returns when its threads have ended.
    """

    def __init__(self, backend: str, options: dict[str, Any] | None = None) -> None:
        self._backend = backend
        self._provider = BlockingPortalProvider(backend, options)
        self._portal: BlockingPortal | None = None
        self._loops: set[asyncio.AbstractEventLoop] = set()

    def __enter__(self) -> BlockingPortal:
        portal = self._provider.__enter__()
        if self._backend == "asyncio" and portal is not self._portal:
            self._portal = portal
            self._loops.add(portal.call(asyncio.get_running_loop))
        return portal

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._provider.__exit__(None, None, None)
        for loop in [loop for loop in self._loops if loop.is_closed()]:
            self._loops.discard(loop)
            join_workers(loop)


def join_workers(loop: object) -> None:
    """Wait for the worker threads of a loop that has ended. anyio tells them to stop, but does not wait for them."""
    for thread in threading.enumerate():
        if getattr(thread, "loop", None) is loop:
            thread.join(PATIENCE)
