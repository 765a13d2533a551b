"""Lifespan: start-up and shutdown of an application. Both run in one task, on both protocols."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Generator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .. import _crossing as crossing
from .._crossing import as_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..types import Receive, Send

    Manager = AbstractAsyncContextManager[Mapping[str, Any] | None] | AbstractContextManager[Mapping[str, Any] | None]

__all__ = ["SHARED", "ProcessLifespan", "expect_message", "run_once", "serve_lifespan"]

#: the key of a lifespan scope for the states of the applications that have started, by their identity. A mount sets it,
#: so that everything below it has the same.
SHARED: Final = "cardan.lifespans"

#: the messages of a server (ASGI lifespan specification 2.0)
_MESSAGES: Final = ("lifespan.startup", "lifespan.shutdown")

#: seconds that the end of a lifespan waits (ASGI) for the cleanup of requests that the server has cancelled
CLEANUP_SECONDS: Final = 5.0


async def _hold(manager: Any, until: Callable[[dict[str, Any]], Awaitable[Any]]) -> None:
    """Enter ``manager``, await ``until(state)``, and leave the manager."""
    if _is_async(manager):
        async with manager as state:
            await until(_checked_state(state))
    else:
        with manager as state:
            await until(_checked_state(state))


def _is_async(manager: object) -> bool:
    """Whether ``manager``, what a lifespan returned, is async. Raises :exc:`TypeError` if it is no context manager."""
    if isinstance(manager, AbstractAsyncContextManager):
        return True
    if isinstance(manager, AbstractContextManager):
        return False
    if isinstance(manager, Coroutine):
        manager.close()  # otherwise it warns that it was never awaited
    decorator = "contextmanager" if isinstance(manager, Generator) else "asynccontextmanager"
    raise TypeError(
        f"got {type(manager).__name__} from the lifespan, expected a context manager:"
        f" @contextlib.{decorator} makes one of a function with a yield"
    )


def _checked_state(state: object) -> dict[str, Any]:
    if not isinstance(state, Mapping | None):
        raise TypeError(f"got {type(state).__name__} as the state of the lifespan, expected a mapping or None")
    return dict(state or {})


async def serve_lifespan(
    make: Callable[[], Manager] | None, scope: Any, receive: Receive, send: Send, keep: Callable[[dict[str, Any]], None]
) -> None:
    """Serve a lifespan scope (ASGI lifespan specification). ``keep`` is called with the state of the lifespan."""
    await expect_message("lifespan.startup", receive)
    started = False

    async def until(state: dict[str, Any]) -> None:
        nonlocal started
        keep(state)
        if "state" in scope:
            scope["state"].update(state)
        await send({"type": "lifespan.startup.complete"})
        started = True
        await expect_message("lifespan.shutdown", receive)
        # a server that has cancelled requests may end the process as soon as this is answered
        await crossing.wait_until_clean(CLEANUP_SECONDS)

    try:
        if make is None:
            await until({})
        else:
            await _hold(make(), until)
    except BaseException as caught:
        error = as_error(caught)
        if not isinstance(error, Exception):
            raise
        phase = "shutdown" if started else "startup"
        await send({"type": f"lifespan.{phase}.failed", "message": f"{type(error).__name__}: {error}"})
        if error is caught:
            raise
        raise error from caught
    await send({"type": "lifespan.shutdown.complete"})


async def expect_message(kind: str, receive: Receive) -> None:
    """Receive the message ``kind``. Raises :exc:`RuntimeError` if the server gives another one.

    Messages of a lifespan that the specification does not have are passed over, as its example does.
    """
    while (received := (await receive())["type"]) != kind:
        if received in _MESSAGES or not received.startswith("lifespan."):
            raise RuntimeError(f"got the message {received!r}, expected {kind!r}")


async def run_once(
    app: Any, scope: Any, receive: Receive, send: Send, run: Callable[..., Awaitable[None]] | None = None
) -> None:
    """Run the lifespan of ``app`` by ``run(scope, receive, send)``; without ``run`` by ``app`` itself.

    If it runs already, because the application is mounted elsewhere below the same mount, its state is taken over.
    """
    serve: Callable[..., Awaitable[None]] = app if run is None else run
    if SHARED not in scope:
        await serve(scope, receive, send)
        return
    states: dict[int, Any] = scope[SHARED]
    if id(app) in states:
        await expect_message("lifespan.startup", receive)
        scope["state"].update(states[id(app)])
        await send({"type": "lifespan.startup.complete"})
        await expect_message("lifespan.shutdown", receive)
        await send({"type": "lifespan.shutdown.complete"})
        return

    async def send_and_note(message: Any) -> None:
        await send(message)
        if message["type"] == "lifespan.startup.complete":
            states[id(app)] = scope["state"]

    await serve(scope, receive, send_and_note)


class ProcessLifespan:
    """A lifespan on WSGI, where no server runs one. The first request of each process starts it; :meth:`close` ends it.

    An async lifespan is held open by one task of the portal's event loop. A sync one is entered and left by plain
    calls. Both have a context of their own, so they do not see the context of the first request.
    """

    def __init__(self, make: Callable[[], Manager], portal: Callable[[], Any]) -> None:
        self._make = make
        self._portal = portal
        self._locks: dict[int, Any] = {}
        self._pid = 0
        self._state: dict[str, Any] = {}
        self._end: Callable[[], None] | None = None

    @property
    def begun(self) -> bool:
        """True if the lifespan has started in this process and has not ended."""
        return self._pid == os.getpid()

    def state(self) -> dict[str, Any]:
        """A copy of the state. Starts the lifespan if it has not started in this process."""
        pid = os.getpid()
        if self._pid != pid:
            with self._lock():
                if self._pid != pid:
                    self._start(Context())
                    self._pid = pid
        return self._state.copy()

    def _lock(self) -> Any:
        """A lock for this process, because the parent process may hold its own.

        It is made at the first use, because gevent may replace locks before that.
        """
        import _thread

        return self._locks.setdefault(os.getpid(), _thread.allocate_lock())

    def _start(self, context: Context) -> None:
        import atexit

        manager = context.run(self._make)
        end = context.run(self._start_async if _is_async(manager) else self._start_sync, manager)
        self._end = partial(context.run, end)
        atexit.register(self.close)

    def _start_sync(self, manager: Any) -> Callable[[], None]:
        state = manager.__enter__()
        try:
            self._state = _checked_state(state)
        except TypeError as error:
            manager.__exit__(type(error), error, error.__traceback__)
            raise
        return lambda: manager.__exit__(None, None, None)

    def _start_async(self, manager: Any) -> Callable[[], None]:
        from .._crossing import HeldTask

        held = HeldTask(self._portal(), lambda until: _hold(manager, until))
        self._state = held.started()
        return held.end

    def close(self) -> None:
        """End the lifespan in the process that has started it. May be called again."""
        if self._pid != os.getpid():
            return  # also in a forked child, in which the lock may never be released
        with self._lock():
            end, self._end = self._end, None
            self._pid = 0
        if end is not None:
            import atexit

            atexit.unregister(self.close)  # which would keep the application until the end of the process
            end()
