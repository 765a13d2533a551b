"""Enters and leaves an async context manager in one task of its own.

A task group must be left in the same task that has entered it. But pytest-asyncio sets up a fixture in one task and
tears it down in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

from .._crossing import BackgroundTask

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

__all__ = ["Held"]

T = TypeVar("T")


class Held(Generic[T]):
    """Holds ``manager`` open in a task of its own, from :meth:`enter` to :meth:`leave`."""

    def __init__(self, manager: AbstractAsyncContextManager[T]) -> None:
        self._manager = manager
        self._value: list[T] = []
        self._entered, self._leaving = anyio.Event(), anyio.Event()
        self._task: BackgroundTask | None = None

    async def enter(self) -> T:
        """Enter the manager. Returns the value that the manager gives, or raises its exception."""
        self._task = BackgroundTask(self._hold)
        try:
            await self._entered.wait()
        except BaseException:
            await self.leave()
            raise
        if self._task.error is not None:
            raise self._task.error
        return self._value[0]

    async def leave(self) -> None:
        """Leave the manager, and wait for it even if the caller is cancelled. Raises the exception of the manager."""
        task, self._task = self._task, None
        if task is None:
            return
        self._leaving.set()
        await task.wait()
        if task.error is not None:
            raise task.error

    async def _hold(self) -> None:
        try:
            async with self._manager as value:
                self._value.append(value)
                self._entered.set()
                await self._leaving.wait()
        finally:
            self._entered.set()
