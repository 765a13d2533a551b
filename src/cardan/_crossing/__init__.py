"""Crossing: between sync and async, for both adapters. Worker threads under an event loop, and a loop under threads.

The one room beside ``asgi`` that imports anyio, and only inside functions: a WSGI program of ``def`` handlers never
loads it. Nothing here knows of requests or responses.

Under an event loop (ASGI): a :class:`Worker` runs handlers, steps of bodies and close hooks, :func:`run_file_work` file
work, each with :class:`Places` of its own, so that none can starve another; :func:`in_loop` goes back from a thread.
Under threads (WSGI): :class:`Portal` is one event loop per process, :class:`Conversation` one request's tasks in it.
On both: :func:`pump` drives an async body, :class:`BackgroundTask` is a task beside everything else.
:class:`OwnContext` and :class:`CallersContext` say which context the code of a request runs in.
"""

from __future__ import annotations

from .background import BackgroundTask, Silence, call_in_loop, call_soon, current_token, make_event
from .bodies import pump
from .cancellation import as_error, is_cancellation, shielded
from .cleanup import run_uncut, wait_until_clean
from .contexts import CallersContext, OwnContext, RequestContext
from .conversation import Conversation, HeldTask
from .interruptible import Interruptible
from .places import Lease, Places
from .portals import Portal, portal
from .worker import (
    DEFAULT_THREADS,
    FILE_THREADS,
    SPOOL_THREADS,
    STREAM_THREADS,
    WAITING_THREADS,
    Threads,
    Worker,
    in_loop,
    run_file_work,
    run_spool_work,
)

__all__ = [
    "DEFAULT_THREADS",
    "FILE_THREADS",
    "SPOOL_THREADS",
    "STREAM_THREADS",
    "WAITING_THREADS",
    "BackgroundTask",
    "CallersContext",
    "Conversation",
    "HeldTask",
    "Interruptible",
    "Lease",
    "OwnContext",
    "Places",
    "Portal",
    "RequestContext",
    "Silence",
    "Threads",
    "Worker",
    "as_error",
    "call_in_loop",
    "call_soon",
    "current_token",
    "in_loop",
    "is_cancellation",
    "make_event",
    "portal",
    "pump",
    "run_file_work",
    "run_spool_work",
    "run_uncut",
    "shielded",
    "wait_until_clean",
]
