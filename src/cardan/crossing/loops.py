"""The loop under threads: one for each process and backend, started at the first use, after fork, and ended at exit."""

from __future__ import annotations

import atexit
import os
from _thread import allocate_lock
from contextvars import Context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.from_thread import BlockingPortal

__all__ = ["Portal", "portal"]


class Portal:
    """One event loop in a daemon thread of this process; made by :func:`portal`."""

    _portal: BlockingPortal
    _token: Any

    def __init__(self, backend: str) -> None:
        import threading

        import anyio

        ready: SimpleQueue[BaseException | None] = SimpleQueue()

        async def main() -> None:
            _name_library(backend)
            async with anyio.from_thread.BlockingPortal() as self._portal:
                self._token = anyio.lowlevel.current_token()
                ready.put(None)
                await self._portal.sleep_until_stopped()

        def run() -> None:
            try:
                anyio.run(main, backend=backend)
            except BaseException as error:
                ready.put(error)

        self._thread = threading.Thread(target=run, name=f"cardan-{backend}", daemon=True)
        Context().run(self._thread.start)  # not that of the first request: on 3.14 threads may inherit it
        if (error := ready.get()) is not None:
            raise error

    def start(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None:
        """Start ``function`` as a task in the context of the caller."""
        self._portal.start_task_soon(function, *args)

    def do(self, function: Callable[[], Any]) -> None:
        """Call a plain function in this loop, and wait for it."""
        from anyio import from_thread

        from_thread.run_sync(function, token=self._token)

    def stop(self) -> None:
        """Cancel what still runs and end the thread."""
        if self._thread.is_alive():
            self._portal.call(self._portal.stop, True)
            self._thread.join(10)


def _name_library(backend: str) -> None:
    """Make the loop known for this thread: its tasks run in contexts that were made in other threads, where a variable
    of sniffio may name another library.
    """
    try:
        import sniffio
    except ImportError:
        return
    sniffio.thread_local.name = backend


_portals: dict[tuple[int, str], Portal] = {}
_portals_lock = allocate_lock()


def portal(backend: str) -> Portal:
    """This process's loop: made at the first use, after fork. The parent's stays referenced and untouched:
    dropping it in the child would wait for a thread that does not exist there.
    """
    key = (os.getpid(), backend)
    found = _portals.get(key)
    if found is None:
        with _portals_lock:
            found = _portals.get(key)
            if found is None:
                if not any(pid == key[0] for pid, _ in _portals):
                    atexit.register(_stop_portals)
                found = _portals[key] = Portal(backend)
    return found


def _stop_portals() -> None:
    for key in list(_portals):  # in one step: another thread may add one
        if key[0] == os.getpid():
            _portals.pop(key).stop()


def _renew_lock() -> None:
    global _portals_lock
    _portals_lock = allocate_lock()


os.register_at_fork(after_in_child=_renew_lock)  # another thread may have held it in the parent
