"""Portals: the event loop under threads. Each process has one for each backend, from its first use to the exit.

Locks, queues and threads, which gevent replaces, are looked up when they are used, and none is made at import:
``gunicorn -k gevent --preload`` imports the application first and patches the standard library afterwards.
"""

from __future__ import annotations

import _thread
import atexit
import os
import queue
import threading
from contextvars import Context, copy_context
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from .background import call_soon

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import anyio

__all__ = ["Portal", "portal"]


class Portal:
    """One event loop in a thread of this process; made by :func:`portal`.

    The thread is a daemon. If the interpreter allows no daemons (an isolated subinterpreter), it is an ordinary thread,
    which is ended when the interpreter ends. Raises :exc:`RuntimeError` if the interpreter allows no threads at all.
    """

    _group: anyio.abc.TaskGroup
    _stopped: anyio.Event
    _token: Any

    def __init__(self, backend: str) -> None:
        import anyio

        ready: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

        # anyio's BlockingPortal asks for the thread by a name that it binds at import: with gevent all green threads
        # would be the loop's own
        async def main() -> None:
            _name_library(backend)
            self._stopped = anyio.Event()
            async with anyio.create_task_group() as self._group:
                self._token = anyio.lowlevel.current_token()
                ready.put(None)
                await self._stopped.wait()
                self._group.cancel_scope.cancel()

        def run() -> None:
            try:
                anyio.run(main, backend=backend)
            except BaseException as error:
                ready.put(error)
            finally:
                # a task may have ended the loop, by a SystemExit: the next request gets a new one
                _forget(self)

        daemon = _allows_daemons()
        self._thread = threading.Thread(target=run, name=f"cardan-{backend}", daemon=daemon)
        try:
            Context().run(self._thread.start)  # not that of the first request: on 3.14 threads may inherit it
        except RuntimeError as refused:
            raise RuntimeError(
                f"the event loop of async handlers needs a thread, which could not be started ({refused}); def handlers"
                " need none"
            ) from refused
        if not daemon:
            # atexit's functions run when all ordinary threads have ended; these run before (concurrent.futures does so)
            threading._register_atexit(self.stop)  # type: ignore[attr-defined]
        if (error := ready.get()) is not None:
            raise error

    def start(
        self, function: Callable[..., Awaitable[Any]], *args: Any, failed: Callable[[BaseException], object]
    ) -> None:
        """Have this loop start ``function`` as a task in a copy of the caller's context, without waiting for it.

        The function must not raise. ``failed(error)`` is called in the loop if the task cannot be started, because the
        loop is about to end.
        """
        context = copy_context()
        start = cast("Callable[..., Any]", self._group.start_soon)

        def begin() -> None:
            try:
                context.run(start, function, *args)
            except BaseException as error:
                failed(error)

        self.post(begin)

    def do(self, function: Callable[..., Any], *args: Any) -> None:
        """Call a plain function in this loop, and wait for it."""
        from anyio import from_thread

        from_thread.run_sync(function, *args, token=self._token)

    def post(self, function: Callable[[], Any]) -> None:
        """Have this loop call a plain function, without waiting for it."""
        call_soon(function, self._token)

    def stop(self) -> None:
        """Cancel the tasks that still run and end the thread. May be called again."""
        if self._thread.is_alive():
            self.do(self._stopped.set)
            self._thread.join(10)


def _allows_daemons() -> bool:
    """False in isolated subinterpreters since Python 3.12; older versions do not tell."""
    allowed: Callable[[], bool] | None = getattr(_thread, "daemon_threads_allowed", None)
    return allowed is None or allowed()


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
_locks: dict[int, _thread.LockType] = {}


def portal(backend: str) -> Portal:
    """The portal of this process, made at the first use, after a fork. The portal of the parent process stays
    referenced and untouched: to drop it here would wait for a thread that does not exist in this process.
    """
    key = (os.getpid(), backend)
    found = _portals.get(key)
    if found is None:
        # a lock for each process: the parent's may be held by a thread of the parent
        with _locks.setdefault(key[0], _thread.allocate_lock()):
            found = _portals.get(key)
            if found is None:
                _stop_at_exit()
                found = _portals[key] = Portal(backend)
    return found


@cache
def _stop_at_exit() -> None:
    """Have the portals stopped when the process ends. Lifespans, which need them, are registered later, and so they end
    first. This is done once, for the portals that come later, too; a fork takes it over.
    """
    atexit.register(_stop_portals)


def _forget(portal: Portal) -> None:
    for key, each in list(_portals.items()):  # in one step: another thread may add one
        if each is portal:
            _portals.pop(key, None)


def _stop_portals() -> None:
    for (pid, _), each in list(_portals.items()):
        if pid == os.getpid():
            each.stop()
