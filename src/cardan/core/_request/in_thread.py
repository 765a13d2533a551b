"""A request with an async body in sync code: a worker thread runs the code, and the event loop reads for it.

:func:`call_in_thread` takes the two functions that cross between a thread and an event loop. Every library for async
code has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .body import AsyncIterableBody
from .reading import enter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .request import BaseRequest

__all__ = ["call_in_thread"]

R = TypeVar("R", bound="BaseRequest")
T = TypeVar("T")


async def call_in_thread(
    function: Callable[[R], T],
    request: R,
    *,
    run_sync: Callable[..., Awaitable[Any]],
    wait: Callable[..., Any],
) -> T:
    """Call ``function(request)`` in a worker thread, as sync code that may read an async body. Return its result.

    A server that runs in an event loop offers ``def`` handlers by it. In the thread, the request belongs to sync code:
    ``request.form`` and ``request.iter_data()`` block until the event loop has read the bytes, and
    ``request.send_early_hints()`` until it has sent them. Afterwards the request belongs to async code again.

    ``run_sync(function, request)`` is awaited; it calls the function in a thread. ``wait(function, *arguments)`` is
    called in that thread; it lets the event loop await an async function, and returns the result. anyio and trio have
    both: ``anyio.to_thread.run_sync`` and ``anyio.from_thread.run``. If the task is cancelled while the thread waits
    for bytes, these two cancel the read, and the thread gets the cancellation as an exception. Raises what ``function``
    raises, and :exc:`RuntimeError` if the request is in a thread already::

        response = await core.call_in_thread(
            handler, request, run_sync=anyio.to_thread.run_sync, wait=anyio.from_thread.run
        )

    The body of the response may read the request as well, such as ``Response(request.iter_data())``. It runs when
    the response is sent, so let each of its steps be called in the same way::

        def in_thread(function, *args):
            return core.call_in_thread(
                lambda _: function(*args),
                request,
                run_sync=anyio.to_thread.run_sync,
                wait=anyio.from_thread.run,
            )

        events = response.aiter_events(request.method, run_sync=in_thread, library=anyio)
    """
    body = request._open_body()  # not opened yet: the handler gets the error for a bad Content-Length
    mode = request._mode
    if mode == "sync":
        raise RuntimeError("got a request that sync code handles, expected one that async code handles")
    if isinstance(body, AsyncIterableBody):
        body.wait = wait
    request.__dict__["_wait"] = wait
    enter(request, "sync")
    try:
        result: T = await run_sync(function, request)
        return result
    finally:
        enter(request, mode)
        request.__dict__["_wait"] = None
        if isinstance(body, AsyncIterableBody):
            body.wait = None


call_in_thread.__module__ = "cardan.core"
