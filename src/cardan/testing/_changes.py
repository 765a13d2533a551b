"""Waiting until a condition is true that depends on plain attributes, on one event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Changes"]


class Changes:
    """Code that changes an attribute calls ``notify``; code that waits for a change awaits ``until``.

    Call both only in the thread of the event loop, so that nothing can change between the check and the wait. The
    object itself can be made in any thread.
    """

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def notify(self) -> None:
        """Make all waiting tasks check their conditions again."""
        event, self._event = self._event, None
        if event is not None:
            event.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition()`` is true. If it is true already, return without yielding to the event loop."""
        while not condition():
            event = self._event = self._event or anyio.Event()
            await event.wait()
