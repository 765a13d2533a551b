"""Cleanup that ends: what runs on although its task is cancelled, also by :meth:`asyncio.Task.cancel`.

A scope of anyio or trio that is cancelled does not reach into a shielded one. asyncio's own cancellation does
(``asyncio.wait_for``, ``asyncio.timeout``, a ``TaskGroup``, a server that gives up on a request): it is thrown into
whatever the task awaits. Only what runs in another task is safe from it.
"""

from __future__ import annotations

import gc
import sys
from contextvars import Context, ContextVar
from math import inf
from typing import TYPE_CHECKING, Any, Final

from .cancelling import is_cancellation

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    import anyio

__all__ = ["PATIENCE", "asyncio_task", "log_lost", "run_uncut", "steer", "wait_out", "wait_uncut", "wait_until_clean"]

#: seconds that a task that was cancelled waits for a thread, or after a second cancellation for one step of cleanup
PATIENCE: Final = 0.5
#: turns of a loop in which a task that was cancelled has begun to clean up
_TURNS: Final = 10

_cleaning: Final[set[asyncio.Task[Any]]] = set()
"""Tasks that clean up after a cancellation."""
_PROBE: Final[ContextVar[object]] = ContextVar("cardan.probe")


def asyncio_task() -> asyncio.Task[Any] | None:
    """The running task of asyncio; None on trio, where nothing cancels a task but its scopes."""
    asyncio = sys.modules.get("asyncio")
    try:
        return None if asyncio is None else asyncio.current_task()
    except RuntimeError:  # another loop runs
        return None


def log_lost(message: str, error: BaseException) -> None:
    """Log an error that cannot be raised, because a cancellation is raised or nobody waits any more.

    An HTTPException would have been an answer to the client and is no defect.
    """
    import logging

    from ..core.exceptions import HTTPException

    if isinstance(error, HTTPException):
        return
    logging.getLogger("cardan").error(message, exc_info=error)


async def wait_uncut(event: anyio.Event) -> BaseException | None:
    """Return when ``event`` is set, and not before: what cancels the task meanwhile, for the caller to raise.

    The caller is inside a shielded scope.
    """
    cancelled: BaseException | None = None
    try:
        while True:
            try:
                await event.wait()
            except BaseException as error:
                if not is_cancellation(error):
                    raise
                cancelled = cancelled or error
            else:
                return cancelled
    finally:
        del cancelled  # its traceback holds this frame: no cycle


async def wait_out(event: anyio.Event) -> None:
    """Return when ``event`` is set, and not before; raise then what cancelled the task meanwhile."""
    import anyio

    cancelled: BaseException | None = None
    try:
        with anyio.CancelScope(shield=True):
            cancelled = await wait_uncut(event)
        if cancelled is not None:
            raise cancelled
    finally:
        del cancelled  # its traceback holds this frame: no cycle


async def run_uncut(function: Callable[[], Awaitable[Any]], patience: Callable[[], float | None] | None = None) -> None:
    """Run an async function that cleans up, in the context of this task, to its end.

    No scope cancels it. After the first :meth:`asyncio.Task.cancel` of this task it still runs to its end; after a
    second one what it awaits is cut whenever that takes more than :data:`PATIENCE` seconds. The cancellation is raised
    then. Where the task was cancelled and ``patience()`` is not None, because a thread runs, this waits for so many
    seconds at most, and the function goes on in a task of its own. What it raises is raised, or logged (logger
    ``cardan``) where a cancellation is.
    """
    import anyio

    outer = asyncio_task()
    inner = _start(outer, function) if outer is not None else None
    if outer is None or inner is None:
        with anyio.CancelScope(shield=True):
            await function()
        return
    import asyncio

    cancelled: BaseException | None = None
    times = min(outer.cancelling(), 1)
    is_raising = times > 0 and is_cancellation(sys.exception()) and anyio.current_effective_deadline() != -inf
    try:
        with anyio.CancelScope(shield=True):
            while not inner.done():
                if times:
                    _cleaning.add(inner)
                thread = patience() if times and patience is not None else None
                try:
                    await _wait(inner, thread if times < 2 or thread is not None else PATIENCE)
                except asyncio.CancelledError as error:
                    cancelled = error
                    times += 1
                else:
                    if patience is not None and thread is not None and patience() == 0:
                        break
                    if times > 1:
                        inner.cancel()
                if times > 2:
                    break
        if inner.done() and not is_raising and cancelled is None:
            inner.result()
        else:
            inner.add_done_callback(_log_failure)
        if not inner.done():
            _show(inner)
        if cancelled is not None:
            raise cancelled
    finally:
        del cancelled, inner  # their tracebacks hold this frame: no cycle


def _log_failure(task: asyncio.Task[Any]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log_lost("an error after a request was cancelled", error)


async def steer(function: Callable[[], Awaitable[Any]]) -> None:
    """Run an async function that ends at a cancellation and then cleans up, in the context of this task.

    However this task is cancelled, the function is cancelled by a scope: once, for as long as it cleans up, and what it
    awaits then is not cut. After a second :meth:`asyncio.Task.cancel` it is cut whenever it takes more than
    :data:`PATIENCE` seconds. Raises the cancellation after its end.
    """
    import anyio

    outer = asyncio_task()
    scope = anyio.CancelScope()

    async def main() -> None:
        with scope:
            await function()

    inner = _start(outer, main) if outer is not None else None
    if outer is None or inner is None:
        await function()
        return
    import asyncio

    told: BaseException | None = None
    native = int(outer.cancelling() > 0)
    try:
        with anyio.CancelScope() as waiting:
            while not inner.done():
                try:
                    await _wait(inner, PATIENCE if native > 1 else None)
                except asyncio.CancelledError as error:
                    by_scope = told is None and anyio.current_effective_deadline() == -inf
                    native += not by_scope
                    if told is None:
                        told = error
                        waiting.shield = True
                        scope.cancel()
                    if native:
                        _cleaning.add(inner)
                else:
                    if native > 1:
                        inner.cancel()
        if told is None or not native:
            inner.result()
        else:
            inner.add_done_callback(_log_failure)
        if told is not None:
            raise told
    finally:
        del told, inner  # their tracebacks hold this frame: no cycle


def _start(outer: asyncio.Task[Any], function: Callable[[], Awaitable[Any]]) -> asyncio.Task[None] | None:
    """A task that runs ``function`` in the very context that this code runs in; None where that cannot be had."""
    import asyncio

    context = _context_of(outer)
    if context is None:
        return None
    # not by the loop's factory: an eager task would enter the context while it is entered here
    task = asyncio.Task(_call(function), loop=outer.get_loop(), context=context)
    task.add_done_callback(_cleaning.discard)
    # A server that ends its loop cancels all tasks that the loop knows. It must cancel the task that waits for this
    # one, which then decides how long the cleanup may take, and not this one.
    asyncio._unregister_task(task)
    return task


def _show(inner: asyncio.Task[Any]) -> None:
    """Start a task that waits for ``inner`` and that the loop knows, so that a loop which waits for its tasks ends
    after the cleanup. The task that waited before has been cancelled.
    """
    import asyncio

    task = asyncio.Task(_wait_for(inner), loop=inner.get_loop())
    _cleaning.add(task)
    task.add_done_callback(_cleaning.discard)


async def _wait(inner: asyncio.Task[Any], seconds: float | None) -> None:
    """Return when ``inner`` has ended, or after so many seconds; cancelling this leaves ``inner`` alone."""
    import asyncio

    if seconds is not None:
        await asyncio.wait((inner,), timeout=seconds)
        return
    waiter = inner.get_loop().create_future()  # a quarter of what asyncio.wait() costs

    def wake(task: asyncio.Task[Any]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    inner.add_done_callback(wake)
    try:
        await waiter
    finally:
        inner.remove_done_callback(wake)


async def _wait_for(inner: asyncio.Task[Any]) -> None:
    import asyncio

    while not inner.done():
        try:
            await _wait(inner, None)
        except asyncio.CancelledError:
            continue


async def wait_until_clean(seconds: float) -> None:
    """Wait until the cleanup of requests that asyncio has cancelled in this loop has ended, ``seconds`` at most.

    On trio there is nothing to wait for: whatever cancels a task there waits for its end.
    """
    outer = asyncio_task()
    if outer is None:
        return
    import asyncio

    loop = outer.get_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        cleaning = [task for task in list(_cleaning) if task.get_loop() is loop]
        if not cleaning:
            return
        await asyncio.wait(cleaning, timeout=max(until - loop.time(), 0))


async def _call(function: Callable[[], Awaitable[Any]]) -> None:
    await function()


def _context_of(task: asyncio.Task[Any]) -> Context | None:
    """The Context object of the running task, if the code that runs here runs in it."""
    get: Callable[[], Context] | None = getattr(task, "get_context", None)
    # Python 3.11 does not tell the context of a task; the collector does
    candidates = [get()] if get is not None else [each for each in gc.get_referents(task) if type(each) is Context]
    token = _PROBE.set(task)
    try:
        return next((each for each in candidates if each.get(_PROBE) is task), None)
    finally:
        _PROBE.reset(token)
