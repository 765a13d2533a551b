"""The crossing: the way between sync and async code, in both directions, for both adapters.

Worker threads under an event loop (ASGI). A blocking function of a request runs in a thread, and the loop awaits it::

    event loop                                      worker threads
    request's task -- Worker.handle, stream, close -> handlers, bodies, hooks     worker.py, places.py
                   <-- Outflow ---------------------  the chunks of a body        outflow.py
                   -- run_file_work, run_spool_work -> files                      jobs.py, pool.py
                   <-- run_in_task, in_loop ---------  a handler that reads its body

An event loop under threads (WSGI). What a request awaits runs in the one loop of the process, and the thread waits::

    server's threads                                one event loop in a thread
    request's thread -- Conversation.call, iterate -->  async handlers and bodies  conversation.py, portals.py
                     <-- Conversation.run_sync -------  blocking functions of these

Both directions use the same parts:

- ``contexts.py``: the :class:`contextvars.Context` in which the code of a request runs on either side.
- ``bodies.py``: :func:`pump` drives an async body from its first step to its end.
- ``interruptible.py``: code that ends early when the client leaves or the server stops.
- ``cancellation.py`` and ``cleanup.py``: telling a cancellation from an error, and cleaning up in spite of one.
- ``background.py``: a task, a call or a timer that plain code starts in a loop.

This is the only package beside ``asgi`` that imports anyio, and it does so inside functions only: a WSGI program of
``def`` handlers never loads anyio. Nothing here knows requests or responses.
"""

from __future__ import annotations

from .background import (
    ApplicationTask,
    BackgroundTask,
    Silence,
    call_in_loop,
    call_soon,
    current_token,
    make_event,
)
from .bodies import pump
from .cancellation import NoDefect, as_error, is_cancellation, log_lost, shielded, unhidden
from .cleanup import PATIENCE, run_uncut, wait_until_clean
from .contexts import CallersContext, OwnContext, RequestContext, forget_library
from .conversation import IDLE, Conversation, ConversationTask, HeldTask
from .interruptible import Interruptible
from .places import Lease, Places
from .pool import run_in_task
from .portals import Portal, portal
from .turns import ClientGone, Turns, turns_here
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
    "IDLE",
    "PATIENCE",
    "SPOOL_THREADS",
    "STREAM_THREADS",
    "WAITING_THREADS",
    "ApplicationTask",
    "BackgroundTask",
    "CallersContext",
    "ClientGone",
    "Conversation",
    "ConversationTask",
    "HeldTask",
    "Interruptible",
    "Lease",
    "NoDefect",
    "OwnContext",
    "Places",
    "Portal",
    "RequestContext",
    "Silence",
    "Threads",
    "Turns",
    "Worker",
    "as_error",
    "call_in_loop",
    "call_soon",
    "current_token",
    "forget_library",
    "in_loop",
    "is_cancellation",
    "log_lost",
    "make_event",
    "portal",
    "pump",
    "run_file_work",
    "run_in_task",
    "run_spool_work",
    "run_uncut",
    "shielded",
    "turns_here",
    "unhidden",
    "wait_until_clean",
]
