"""The server's side of the lifespan of an ASGI application (ASGI lifespan specification 2.0).

The application runs in one task, :meth:`Lifespan.run`, from its start-up to its shutdown. Other tasks of the same event
loop call ``startup`` and ``shutdown``. These methods do not raise the exceptions of the application, but return them,
so that the client can raise them in the code of the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from ._changes import Changes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._asgi_exchange import ASGIApp

__all__ = ["Lifespan"]

ORDER = {
    "": ("lifespan.startup.complete", "lifespan.startup.failed"),
    "lifespan.startup.complete": ("lifespan.shutdown.complete", "lifespan.shutdown.failed"),
}


class Lifespan:
    """Start-up and shutdown of ``app``. ``state`` is filled by the application; it is None if there is no lifespan."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._changes = Changes()
        self._cancel: anyio.CancelScope | None = None
        self._said, self._text = "", ""
        self._asked = 0
        self._stopping = self._told = self._ended = False
        self._error: BaseException | None = None
        self.state: dict[str, Any] | None = {}

    async def run(self) -> None:
        """Run the application with a lifespan scope. An exception that it raises is stored."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            with anyio.CancelScope() as self._cancel:
                await self._app(scope, self._receive, self._send)
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:
            self._error = error
        finally:
            self._ended = True
            self._changes.notify()

    async def startup(self, timeout: float) -> BaseException | None:
        """Wait for the start-up. Returns the exception if it fails, otherwise None.

        If an application raises or returns before it sends a message, it does not support lifespan. This is not a
        failure (ASGI lifespan specification, "Scope").
        """
        in_time = await self._wait(lambda: bool(self._said) or self._ended, timeout)
        if not in_time:
            await self._stop(0)
            return TimeoutError(f"the lifespan did not start within {timeout:g} seconds")
        if self._said == "lifespan.startup.failed":
            # the application ends, or, as in the example of the specification, waits for the next message
            await self._wait(lambda: self._ended or self._asked > 1, timeout)
            await self._stop(0)
            return self._error or RuntimeError(f"the lifespan failed at startup: {self._text}")
        if not self._said:
            self.state, self._error = None, None
        return None

    async def shutdown(self, timeout: float) -> BaseException | None:
        """Ask for the shutdown, and wait until the application has ended.

        Returns the exception if it fails, or None.
        """
        self._stopping = True
        self._changes.notify()
        in_time = await self._stop(timeout)
        if self._error is None and self._said == "lifespan.shutdown.failed":
            return RuntimeError(f"the lifespan failed at shutdown: {self._text}")
        if not in_time:
            return TimeoutError(f"the lifespan did not shut down within {timeout:g} seconds")
        return self._error

    async def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        with anyio.move_on_after(timeout):
            await self._changes.until(condition)
        return condition()

    async def _stop(self, timeout: float) -> bool:
        """Wait until the application has ended.

        If it takes longer than ``timeout`` seconds, cancel it; return False.
        """
        in_time = False
        with anyio.CancelScope(shield=True):
            in_time = await self._wait(lambda: self._ended, timeout)
            if not in_time and self._cancel is not None:
                self._cancel.cancel()
                await self._changes.until(lambda: self._ended)
        return in_time

    async def _receive(self) -> dict[str, Any]:
        self._asked += 1
        if self._asked == 1:
            return {"type": "lifespan.startup"}
        self._changes.notify()
        await self._changes.until(lambda: self._stopping and not self._told)
        self._told = True
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        expected = ORDER.get(self._said, ())
        if kind not in expected:
            raise RuntimeError(f"got {kind!r}, expected {' or '.join(map(repr, expected)) or 'nothing'}")
        self._said, self._text = kind, message.get("message", "")
        self._changes.notify()
