"""Cancellation: telling what a ``CancelledError`` means, and waiting for something in spite of one.

A ``CancelledError`` can mean two things. If the running task is cancelled, the error is the cancellation, and must pass
through. If the task awaits another task or a future, which other code has cancelled, the error says only that. A server
would take it for a cancellation of the request, and end the connection or say nothing at all, so :func:`as_error` makes
an ordinary error of it.

There are two kinds of cancellation. That of a *scope* of anyio or trio does not reach into a shielded scope. A *native*
cancellation of asyncio does: it is thrown into whatever the task awaits. It comes from :meth:`asyncio.Task.cancel`,
which is also called by ``asyncio.wait_for``, ``asyncio.timeout``, a ``TaskGroup``, and a server that gives up on a
request.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from math import inf
from typing import TYPE_CHECKING, Any

from ..core._waiting import in_event_loop, is_cancellation

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import anyio

__all__ = [
    "NoDefect",
    "as_error",
    "asyncio_task",
    "is_asked",
    "is_cancellation",
    "log_lost",
    "shielded",
    "unhidden",
    "wait_out",
    "wait_uncut",
]


class NoDefect(Exception):
    """The base of exceptions that tell what has happened outside of the program, such as that the client has left."""


def asyncio_task() -> asyncio.Task[Any] | None:
    """The running task of asyncio; None on trio, where only scopes cancel a task."""
    asyncio = sys.modules.get("asyncio")
    try:
        return None if asyncio is None else asyncio.current_task()
    except RuntimeError:  # another loop runs in this thread
        return None


def is_asked(*, native: bool = True) -> bool:
    """In a loop: True if the running task was cancelled by a scope of anyio or trio.

    With ``native`` a cancellation by :meth:`asyncio.Task.cancel` counts as well. Outside of a task this cannot be
    known, and the answer is True.
    """
    from anyio import current_effective_deadline

    if current_effective_deadline() == -inf:
        return True
    asyncio = sys.modules.get("asyncio")
    if not native or asyncio is None:
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:  # another loop runs: trio has no cancellation but that of its scopes
        return False
    return task is None or task.cancelling() > 0


def as_error(error: BaseException, *, native: bool = True) -> BaseException:
    """In a loop, where ``error`` was caught: the error to raise in its place, which usually is ``error`` itself.

    If the running task itself was not cancelled (see :func:`is_asked`), a cancellation becomes a :exc:`RuntimeError`
    whose cause is ``error``.
    """
    if not is_cancellation(error) or is_asked(native=native):
        return error
    ordinary = RuntimeError(
        f"got {type(error).__name__} from something that was cancelled elsewhere; the task that awaited it is not"
    )
    ordinary.__cause__ = error
    return ordinary


def log_lost(message: str, error: BaseException) -> None:
    """Log ``error``, which cannot be raised: a cancellation is raised in its place, or no task waits for it any more.

    An HTTPException is not logged: it would have been an answer to the client, and is no defect. Nor is a
    :class:`NoDefect`.
    """
    import logging

    from ..core._exceptions import HTTPException

    if isinstance(error, (HTTPException, NoDefect)):
        return
    logging.getLogger("cardan").error(message, exc_info=error)


@contextmanager
def unhidden(error: BaseException | None) -> Iterator[None]:
    """Do what the block does before ``error`` is raised. A cancellation in the block does not hide an ordinary error.

    The error is raised in place of the cancellation of a scope, which cancels again what is awaited next. If the task
    is cancelled natively, the cancellation is raised, and the error is logged.
    """
    try:
        yield
    except BaseException as other:
        if isinstance(error, Exception) and is_cancellation(other):
            if is_asked(native=False):
                context = error.__context__
                try:
                    raise error
                finally:
                    error.__context__ = context
            log_lost("an error before a request was cancelled", error)
        raise
    finally:
        del error  # its traceback holds this frame: no cycle


def shielded() -> AbstractContextManager[Any]:
    """A scope of the running loop which the scopes around it do not cancel: for cleanup.

    A coroutine that something else than a loop drives cannot be cancelled, and needs none.
    """
    if not in_event_loop():
        return nullcontext()
    import anyio

    return anyio.CancelScope(shield=True)


async def wait_uncut(event: anyio.Event) -> BaseException | None:
    """Return when ``event`` is set, and not before, also if the task is cancelled natively.

    The caller is inside a shielded scope. Gives the first cancellation that came meanwhile, which the caller has to
    raise, or None.
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
    """Return when ``event`` is set, and not before; the first native cancellation that came meanwhile is raised then.

    That of a scope is raised by what the task awaits next.
    """
    cancelled: BaseException | None = None
    try:
        try:
            await event.wait()
        except BaseException as error:
            if not is_cancellation(error):
                raise
            cancelled = error
            with shielded():
                await wait_uncut(event)
            from anyio import current_effective_deadline

            if current_effective_deadline() != -inf:
                raise cancelled from None
    finally:
        del cancelled  # its traceback holds this frame: no cycle
