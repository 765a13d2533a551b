"""Cancellations: one that was asked of a task passes through it; one that comes out of something else is an error.

Code that awaits a task or a future that was cancelled elsewhere gets its ``CancelledError``, which looks like a
cancellation of the code itself. Servers believe it: they end the connection, or say nothing at all.
"""

from __future__ import annotations

import sys
from math import inf

__all__ = ["as_error", "is_asked", "is_cancellation"]


def is_cancellation(error: BaseException | None) -> bool:
    """Whether ``error`` is the exception by which asyncio or trio cancels, whatever loop runs here."""
    if error is None or isinstance(error, Exception):
        return False
    for library, name in (("asyncio", "CancelledError"), ("trio", "Cancelled")):
        kind = getattr(sys.modules.get(library), name, None)
        if kind is not None and isinstance(error, kind):
            return True
    return False


def is_asked(*, native: bool = True) -> bool:
    """In a loop: whether the running task has been asked to end, by a scope of anyio or trio that is cancelled.

    With ``native`` also by :meth:`asyncio.Task.cancel`. Outside of a task this cannot be known, and the answer is True.
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
    """In a loop, where ``error`` was caught: what is to be raised in its place, or ``error`` itself.

    A cancellation that nobody asked of the running task (:func:`is_asked`) is a :exc:`RuntimeError`, caused by it.
    """
    if not is_cancellation(error) or is_asked(native=native):
        return error
    ordinary = RuntimeError(
        f"got {type(error).__name__} from something that was cancelled elsewhere; this request is not cancelled"
    )
    ordinary.__cause__ = error
    return ordinary
