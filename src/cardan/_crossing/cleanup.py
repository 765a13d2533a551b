"""Cleanup: async code that runs to its end although its task is cancelled.

A shielded scope of anyio protects the cleanup from the cancellation of other scopes, but not from a native cancellation
of asyncio (see :mod:`.cancellation`). On asyncio the cleanup therefore runs in a task of its own, in the context of the
request. The task of the request waits for it, and native cancellations are raised there instead of in the cleanup.
"""

from __future__ import annotations

import gc
import sys
from contextvars import Context, ContextVar
from math import inf
from typing import TYPE_CHECKING, Any, Final

from .cancellation import asyncio_task, is_cancellation, log_lost, shielded

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

__all__ = [
    "PATIENCE",
    "failure_of",
    "note_cleaning",
    "run_uncut",
    "start_in_context",
    "wait_for_task",
    "wait_until_clean",
]

#: seconds that a cancelled task waits for a thread; after a second cancellation also for one step of the cleanup
PATIENCE: Final = 0.5
#: turns of a loop after which a task that was cancelled has begun to clean up
_TURNS: Final = 10

_cleaning: Final[set[asyncio.Task[Any]]] = set()
"""The tasks of all loops that clean up after a native cancellation."""
_PROBE: Final[ContextVar[object]] = ContextVar("cardan.probe")


async def run_uncut(function: Callable[[], Awaitable[Any]], patience: Callable[[], float | None] | None = None) -> None:
    """Run ``function``, which cleans up, in the context of this task, to its end.

    No scope cancels it. Native cancellations of this task count:

    - after the first one the function still runs to its end;
    - after a second one it is cancelled whenever it waits for more than :data:`PATIENCE` seconds;
    - after a third one it goes on in a task of its own, and is not waited for.

    The cancellation is raised at the end. ``patience()`` tells for how many seconds a task that was cancelled may still
    wait, because a worker thread runs, and None where no thread runs. When they are over the function goes on in a task
    of its own as well. An error that the function raises is raised here. If a cancellation is raised in its place, the
    error is logged (logger ``cardan``).
    """
    outer = asyncio_task()
    inner = start_in_context(outer, function) if outer is not None else None
    if outer is None or inner is None:
        with shielded():
            await function()
        return
    import asyncio

    from anyio import current_effective_deadline

    cancelled = error = None
    cancellations = min(outer.cancelling(), 1)
    is_raising = cancellations > 0 and is_cancellation(sys.exception()) and current_effective_deadline() != -inf
    try:
        with shielded():
            while not inner.done() and cancellations < 3:
                seconds = None
                if cancellations:
                    note_cleaning(inner)
                    seconds = patience() if patience is not None else None
                waits_for_thread = seconds is not None
                if cancellations > 1 and not waits_for_thread:
                    seconds = PATIENCE
                try:
                    await wait_for_task(inner, seconds)
                except asyncio.CancelledError as raised:
                    cancelled = raised
                    cancellations += 1
                    continue
                if waits_for_thread and patience is not None and patience() == 0:
                    break
                if cancellations > 1:
                    inner.cancel()
        if inner.done() and not is_raising and cancelled is None:
            if (error := failure_of(inner)) is not None:
                raise error
        else:
            inner.add_done_callback(_log_failure)
        if not inner.done():
            _make_loop_wait(inner)
        if cancelled is not None:
            raise cancelled
    finally:
        error = None
        del cancelled, inner, error  # their tracebacks hold this frame: no cycle


def _log_failure(task: asyncio.Task[Any]) -> None:
    error = None if task.cancelled() else failure_of(task)
    if error is not None:
        log_lost("an error after a request was cancelled", error)


def failure_of(task: asyncio.Task[BaseException | None]) -> BaseException | None:
    """The error of the function that :func:`start_in_context` was given, when the task has ended; None without one.

    Raises :exc:`asyncio.CancelledError` if the task was cancelled.
    """
    return task.exception() or task.result()


def start_in_context(
    outer: asyncio.Task[Any], function: Callable[[], Awaitable[Any]]
) -> asyncio.Task[BaseException | None] | None:
    """Start a task that runs ``function`` in the very Context object of ``outer``, which is the running task.

    None if that object cannot be found. The loop does not list the new task: a server that ends its loop cancels all
    tasks that the loop lists, and must cancel the task that waits for this one, which then decides how long the cleanup
    may take.
    """
    import asyncio

    context = _context_of(outer)
    if context is None:
        return None
    # not by the loop's task factory: an eager task would enter the context while it is entered here
    task = asyncio.Task(_call(function), loop=outer.get_loop(), context=context)
    task.add_done_callback(_cleaning.discard)
    asyncio._unregister_task(task)
    return task


async def _call(function: Callable[[], Awaitable[Any]]) -> BaseException | None:
    try:
        await function()
    except (KeyboardInterrupt, SystemExit) as error:
        return error  # raised in this task, it would end the event loop, and with it everything else that runs there
    return None


def _context_of(task: asyncio.Task[Any]) -> Context | None:
    """The Context object of ``task``, if the code that runs here runs in it, else None."""
    get: Callable[[], Context] | None = getattr(task, "get_context", None)
    # Python 3.11 does not tell the context of a task; the collector does
    candidates = [get()] if get is not None else [each for each in gc.get_referents(task) if type(each) is Context]
    token = _PROBE.set(task)
    try:
        return next((each for each in candidates if each.get(_PROBE) is task), None)
    finally:
        _PROBE.reset(token)


async def wait_for_task(task: asyncio.Task[Any], seconds: float | None = None) -> None:
    """Return when ``task`` has ended, or after so many seconds. Cancelling this leaves ``task`` alone."""
    import asyncio

    if seconds is not None:
        await asyncio.wait((task,), timeout=seconds)
        return
    waiter = task.get_loop().create_future()  # a quarter of what asyncio.wait() costs

    def wake(task: asyncio.Task[Any]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    task.add_done_callback(wake)
    try:
        await waiter
    finally:
        task.remove_done_callback(wake)


def _make_loop_wait(inner: asyncio.Task[Any]) -> None:
    """Start a task that waits for ``inner`` and that the loop lists.

    A loop that waits for its tasks then ends after the cleanup. The task that waited before was cancelled.
    """
    import asyncio

    asyncio.Task(_wait_in_spite(inner), loop=inner.get_loop())  # kept alive by the callback on ``inner``


async def _wait_in_spite(inner: asyncio.Task[Any]) -> None:
    import asyncio

    while not inner.done():
        try:
            await wait_for_task(inner)
        except asyncio.CancelledError:
            continue


def note_cleaning(task: asyncio.Task[Any]) -> None:
    """Have :func:`wait_until_clean` wait for ``task``, which :func:`start_in_context` has started."""
    _cleaning.add(task)


async def wait_until_clean(seconds: float) -> None:
    """Wait until the requests that were cancelled natively in this loop have cleaned up, ``seconds`` at most.

    On trio there is nothing to wait for: code that cancels a task there waits for its end.
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
