"""KeptAlive: an async body with a filler after each silence.

It serves code that sends a response's events without an adapter. The body runs in a task of its own, so that a step of
the body can continue while a filler is sent.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Self

from .._waiting import Background
from .pumping import pump

if TYPE_CHECKING:
    from .pumping import AsyncLibrary

__all__ = ["KeptAlive"]


class KeptAlive:
    """The items of ``body``, and ``filler`` after each ``interval`` seconds without one.

    One task drives the body from its first step to its end, a step when the next item is asked for; :meth:`aclose` ends
    it, and returns when the body's cleanup has run. Raises what the body raises.
    """

    __slots__ = (
        "_asked",
        "_body",
        "_error",
        "_filler",
        "_interval",
        "_item",
        "_library",
        "_over",
        "_scope",
        "_state",
        "_task",
        "_told",
    )

    def __init__(self, body: Any, interval: float, filler: bytes, library: AsyncLibrary) -> None:
        self._body = body
        self._interval = interval
        self._filler = filler
        self._library = library
        self._task: Background[None] | None = None
        self._scope = library.CancelScope()
        self._asked, self._told, self._over = library.Event(), library.Event(), library.Event()
        self._item: Any = None
        self._error: BaseException | None = None
        self._state = "fresh"

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._state == "fresh":
            self._state = "waiting"
            self._task = Background(self._drive)
        elif self._state == "idle":
            self._state = "waiting"
            self._asked.set()
        with self._library.move_on_after(self._interval):
            await self._told.wait()
        if not self._told.is_set():
            return self._filler
        if self._over.is_set():
            self._raise()
            raise StopAsyncIteration
        self._told = self._library.Event()
        self._state = "idle"
        item, self._item = self._item, None
        return item

    async def aclose(self) -> None:
        """End the body. An error of its cleanup is raised."""
        if self._state == "fresh":
            self._state = "closed"
            self._over.set()
            self._told.set()
            if (aclose := getattr(self._body, "aclose", None)) is not None:
                await aclose()
        elif not self._over.is_set():
            self._scope.cancel()
            with self._library.CancelScope(shield=True):
                await self._over.wait()
            self._raise()

    def _raise(self) -> None:
        error, self._error = self._error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback holds this frame: no cycle

    async def _drive(self) -> None:
        try:
            with self._scope:
                await pump(self._body, self._emit, self._library)
        except BaseException as error:  # raised where the items are asked for: else the body would look whole
            self._error = error
            if self._library.current_effective_deadline() == -inf:  # the event loop itself ends
                raise
        finally:
            self._over.set()
            self._told.set()

    async def _emit(self, item: Any) -> None:
        self._item = item
        self._told.set()
        await self._asked.wait()
        self._asked = self._library.Event()
