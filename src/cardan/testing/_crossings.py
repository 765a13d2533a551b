"""Adapters between the two kinds of exchange and the two kinds of client.

An ASGI exchange runs in a task, and a WSGI exchange in a thread. `OverPortal` lets a blocking client use an ASGI
exchange, and `OverThreads` lets an async client use a WSGI exchange. Both have the methods of the exchange: ``opened``,
``take`` and ``leave``.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from ..core._buffers import as_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from anyio.from_thread import BlockingPortal

    from ._asgi_exchange import ASGIExchange
    from ._wsgi_exchange import WSGIExchange

__all__ = ["AsyncPull", "Awaiting", "Blocking", "OverPortal", "OverThreads", "hop", "iterate_in_threads"]

T = TypeVar("T")


class Blocking(Protocol):
    """What a blocking client needs of an exchange."""

    def opened(self, timeout: float | None) -> None:
        """Wait until the exchange is open. Raises TimeoutError after ``timeout`` seconds."""

    def take(self, timeout: float | None) -> bytes | None:
        """Wait for a chunk and return it, or None at the end. Raises TimeoutError after ``timeout`` seconds."""

    def leave(self, grace: float) -> bool:
        """Disconnect. True if the application has ended by itself within ``grace`` seconds."""
        ...


class Awaiting(Protocol):
    """What an async client needs of an exchange."""

    async def opened(self, timeout: float | None) -> None:
        """Wait until the exchange is open. Raises TimeoutError after ``timeout`` seconds."""

    async def take(self, timeout: float | None) -> bytes | None:
        """Wait for a chunk and return it, or None at the end. Raises TimeoutError after ``timeout`` seconds."""

    async def leave(self, grace: float) -> bool:
        """Disconnect. True if the application has ended by itself within ``grace`` seconds."""
        ...


class OverPortal:
    """An ASGI exchange on the event loop of a portal, for a blocking client."""

    def __init__(self, exchange: ASGIExchange, portal: BlockingPortal) -> None:
        self._exchange, self._portal = exchange, portal
        self._task = portal.start_task_soon(exchange.run)

    def opened(self, timeout: float | None) -> None:
        """As `ASGIExchange.opened`."""
        self._portal.call(self._exchange.opened, timeout)

    def take(self, timeout: float | None) -> bytes | None:
        """As `ASGIExchange.take`."""
        return self._portal.call(self._exchange.take, timeout)

    def leave(self, grace: float) -> bool:
        """As `ASGIExchange.leave`."""
        in_time = self._portal.call(self._exchange.leave, grace)
        self._task.result()
        return in_time


class OverThreads:
    """A WSGI exchange for an async client. Each wait uses one worker thread. ``pull`` is closed at the end."""

    def __init__(self, exchange: WSGIExchange, pull: AsyncPull) -> None:
        self._exchange, self._pull = exchange, pull

    async def opened(self, timeout: float | None) -> None:
        """As `WSGIExchange.opened`."""
        await hop(partial(self._exchange.opened, timeout))

    async def take(self, timeout: float | None) -> bytes | None:
        """As `WSGIExchange.take`."""
        return await hop(partial(self._exchange.take, timeout))

    async def leave(self, grace: float) -> bool:
        """As `WSGIExchange.leave`."""
        in_time = False
        with CancelScope(shield=True):
            in_time = await to_thread.run_sync(self._exchange.leave, grace, limiter=CapacityLimiter(math.inf))
            await self._pull.aclose()
        return in_time


async def hop(call: Callable[[], T]) -> T:
    """Run ``call`` in a worker thread, without a limit on their number. A cancelled caller does not wait for it."""
    return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=CapacityLimiter(math.inf))


async def iterate_in_threads(iterator: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The items of ``iterator``. Each `next` runs in a worker thread, because it may block."""
    pull = partial(next, iterator, None)
    while (chunk := await hop(pull)) is not None:
        yield chunk


class AsyncPull:
    """Gives the items of an async iterator to another thread. The iterator runs on the event loop of a portal."""

    def __init__(self, iterator: AsyncIterator[bytes], portal: BlockingPortal) -> None:
        self._iterator, self._portal = iterator, portal
        self._future: Future[bytes | None] | None = None
        self._aborted = self._pulling = False

    def __call__(self) -> bytes | None:
        """The next item, or None at the end. Raises ConnectionError after `abort`."""
        future = self._future = self._portal.start_task_soon(self._next)
        if self._aborted:
            future.cancel()
        try:
            return future.result()
        except CancelledError:
            raise ConnectionError("the client has left") from None

    def abort(self) -> None:
        """Make a waiting call, and every later call, raise ConnectionError."""
        self._aborted = True
        future = self._future
        if future is not None:
            future.cancel()

    async def _next(self) -> bytes | None:
        self._pulling = True
        try:
            return as_bytes(await anext(self._iterator))
        except StopAsyncIteration:
            return None
        finally:
            self._pulling = False

    async def aclose(self) -> None:
        """Close the iterator if it is a generator. If a cancelled call still runs in it, that call ends it."""
        if not self._pulling and isinstance(self._iterator, AsyncGenerator):
            await self._iterator.aclose()
