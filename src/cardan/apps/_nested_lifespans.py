"""The lifespans of several ASGI applications as one lifespan (ASGI lifespan specification 2.0).

The lifespans are nested, as the blocks of several ``with`` statements are: each application is started after those
before it, and is shut down before them. While an application waits for its shutdown, the next one runs, inside this
call of ``receive``. So everything happens in the one task in which the server runs the lifespan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._lifespan import SHARED, expect_message, run_once

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

    from ..types import ASGIApplication, Receive, Scope, Send

__all__ = ["NestedLifespans"]

#: what an application may send in a lifespan
_MESSAGES: Final = (
    "lifespan.startup.complete",
    "lifespan.startup.failed",
    "lifespan.shutdown.complete",
    "lifespan.shutdown.failed",
)


class NestedLifespans:
    """Runs the lifespans of ``apps``. ``keep(app, state)`` is called with the state of each one that has started.

    If an application fails to start, those before it are shut down, and the server is told about the failure. If one
    fails to shut down, the others are shut down all the same. The first error is raised at the end. An application that
    raises or returns before it has sent a message has no lifespan, as the specification says. An application that is
    below another one of ``apps`` as well has one lifespan (:func:`.run_once`).
    """

    def __init__(
        self, apps: Sequence[ASGIApplication], scope: Scope, keep: Callable[[Any, MutableMapping[str, Any]], None]
    ) -> None:
        self._apps = apps
        self._scope = {SHARED: {}, **scope}  # that of a mount around this one, if there is one
        self._keep = keep
        self._error: Exception | None = None
        self._failed: dict[str, Any] | None = None
        """The message for the server about the first failure."""
        self._started = False

    async def run(self, receive: Receive, send: Send) -> None:
        """Start the applications, wait until the server shuts down, and shut the applications down."""
        await expect_message("lifespan.startup", receive)

        async def until_shutdown() -> None:
            if self._failed is None:
                self._started = True
                await send({"type": "lifespan.startup.complete"})
                await expect_message("lifespan.shutdown", receive)

        await self._enter(0, until_shutdown)
        await send(self._failed or {"type": "lifespan.shutdown.complete"})
        if self._error is not None:
            raise self._error

    async def _enter(self, index: int, inner: Callable[[], Any]) -> None:
        """Start the application at ``index``, run those after it, then ``inner``, and shut it down."""
        if index == len(self._apps):
            await inner()
            return
        one = _Lifespan(self, index, inner)
        await one.run(self._apps[index])

    def fail(self, message: str, error: Exception | None = None) -> None:
        """Note the first failure."""
        if self._failed is None:
            phase = "shutdown" if self._started else "startup"
            self._failed = {"type": f"lifespan.{phase}.failed", "message": message}
        if self._error is None:
            self._error = error


class _Lifespan:
    """The lifespan of one application."""

    def __init__(self, owner: NestedLifespans, index: int, inner: Callable[[], Any]) -> None:
        self._owner = owner
        self._index = index
        self._inner = inner
        self._state: MutableMapping[str, Any] = {}
        self._said = ""
        self._asked = 0
        self._went_on = False

    async def run(self, app: ASGIApplication) -> None:
        owner = self._owner
        try:
            await run_once(app, {**owner._scope, "state": self._state}, self._receive, self._send)
        except Exception as error:
            if self._said and self._said != "lifespan.shutdown.complete":
                owner.fail(f"{type(error).__name__}: {error}", error)
        if self._said != "lifespan.startup.failed":
            await self._go_on()

    async def _go_on(self) -> None:
        if not self._went_on:
            self._went_on = True
            await self._owner._enter(self._index + 1, self._inner)

    async def _receive(self) -> dict[str, Any]:
        self._asked += 1
        if self._asked == 1:
            return {"type": "lifespan.startup"}
        if self._asked > 2:
            raise RuntimeError("got a call of receive() after the shutdown, expected the application to return")
        if self._said != "lifespan.startup.failed":
            await self._go_on()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Any) -> None:
        kind = message["type"]
        if kind not in _MESSAGES:  # of an application that does not look at the type of the scope: it has no lifespan
            raise RuntimeError(f"got the message {kind!r} in a lifespan, expected one of {', '.join(_MESSAGES)}")
        self._said = kind
        if kind == "lifespan.startup.complete":
            self._owner._keep(self._owner._apps[self._index], self._state)
        elif kind.endswith(".failed"):
            self._owner.fail(message.get("message", ""))
