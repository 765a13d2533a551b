"""Waiting on one event loop for a condition over plain state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Changes"]


class Changes:
    """Whoever changes state calls ``notify``; whoever needs it otherwise awaits ``until``.

    Both only in the loop's thread, so that nothing happens between a look and a wait. Can be made anywhere.
    """

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def notify(self) -> None:
        """Let everyone who waits look again."""
        event, self._event = self._event, None
        if event is not None:
            event.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once ``condition()`` is true; at once, without a checkpoint, when it is already."""
        while not condition():
            event = self._event = self._event or anyio.Event()
            await event.wait()
