"""Adapters between the two kinds of exchange and the two kinds of client.

An ASGI exchange runs in a task, and a WSGI exchange in a thread. A blocking client uses an ASGI exchange by
`OverPortal`. An async client uses an ASGI exchange by `InTask`, and a WSGI exchange by `OverThreads`. All have the
methods of the exchange: ``opened``, ``take`` and ``leave``.

An async client may be entered in one event loop and used in another, as the fixtures of pytest-asyncio do. So each
request belongs to the loop in which it was sent, and nothing of it to the loop in which the client was entered.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from .._crossing import BackgroundTask, call_soon, current_token, is_cancellation
from ..core._buffers import as_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from anyio.from_thread import BlockingPortal

    from ._asgi_exchange import ASGIExchange
    from ._wsgi_exchange import WSGIExchange

__all__ = ["AsyncPull", "Awaiting", "Blocking", "InTask", "OverPortal", "OverThreads", "hop", "iterate_in_threads"]

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
        with suppress(CancelledError):  # the application has awaited what was cancelled, and has ended
            self._task.result()
        return in_time


class InTask:
    """An ASGI exchange in a task of the running event loop, for an async client."""

    def __init__(self, exchange: ASGIExchange) -> None:
        self._exchange, self._token = exchange, current_token()
        self._task = BackgroundTask(exchange.run)

    async def opened(self, timeout: float | None) -> None:
        """As `ASGIExchange.opened`."""
        await self._exchange.opened(timeout)

    async def take(self, timeout: float | None) -> bytes | None:
        """As `ASGIExchange.take`."""
        return await self._exchange.take(timeout)

    async def leave(self, grace: float) -> bool:
        """As `ASGIExchange.leave`.

        In another event loop it does not wait, because the loop of the exchange is over, or does not run now.
        """
        if current_token().native_token is not self._token.native_token:
            self._leave_from_outside()
            return True
        in_time = await self._exchange.leave(grace)
        await self._task.wait()
        error = self._task.error
        if error is not None and not is_cancellation(error):
            raise error
        return in_time

    def _leave_from_outside(self) -> None:
        try:
            call_soon(self._exchange.disconnect, self._token)
        except RuntimeError:  # the loop is closed, and has ended all its tasks
            pass


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
    """Gives the items of an async iterator to another thread. To be made in the event loop that runs the iterator."""

    def __init__(self, iterator: AsyncIterator[bytes]) -> None:
        self._iterator, self._token = iterator, current_token()
        self._future: Future[bytes | None] | None = None
        self._task: BackgroundTask | None = None
        self._aborted = False

    def __call__(self) -> bytes | None:
        """The next item, or None at the end. Raises ConnectionError after `abort`."""
        future = self._future = Future[bytes | None]()
        if not self._aborted:
            try:
                call_soon(partial(self._start, future), self._token)
            except RuntimeError:  # the loop is closed
                self._aborted = True
        if self._aborted:
            _leave(future)
        return future.result()

    def abort(self) -> None:
        """Make a waiting call, and every later call, raise ConnectionError; from any thread.

        A waiting call does not wait for the event loop, which may be one that does not run now.
        """
        self._aborted = True
        if self._future is not None:
            _leave(self._future)
        try:
            call_soon(self._cancel, self._token)
        except RuntimeError:  # the loop is closed, and has ended all its tasks
            pass

    # in the event loop

    def _start(self, future: Future[bytes | None]) -> None:
        if not future.done():
            self._task = BackgroundTask(partial(self._next, future))

    def _cancel(self) -> None:
        if self._task is not None and not self._task.done:
            self._task.cancel()

    async def _next(self, future: Future[bytes | None]) -> None:
        try:
            chunk = as_bytes(await anext(self._iterator))
        except StopAsyncIteration:
            chunk = None
        except BaseException as error:
            if is_cancellation(error):  # of this task, or of all tasks of the loop
                _leave(future)
                raise
            with suppress(InvalidStateError):
                future.set_exception(error)
            return
        with suppress(InvalidStateError):  # the client has left meanwhile
            future.set_result(chunk)

    async def aclose(self) -> None:
        """Close the iterator if it is a generator. If a cancelled call still runs in it, that call ends it."""
        is_pulling = self._task is not None and not self._task.done
        if not is_pulling and isinstance(self._iterator, AsyncGenerator):
            await self._iterator.aclose()


def _leave(future: Future[bytes | None]) -> None:
    with suppress(InvalidStateError):
        future.set_exception(ConnectionError("the client has left"))
