"""Conversation: the tasks of one WSGI request in the event loop of the process.

The thread of the request waits for these tasks, and calls their blocking functions.
"""

from __future__ import annotations

import queue  # its names are looked up when they are used: gevent may replace them after the import
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .background import make_event
from .bodies import pump
from .cancellation import as_error, is_cancellation, wait_out
from .contexts import CallersContext, Within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextvars import Context

    import anyio

    from .contexts import RequestContext
    from .portals import Portal

__all__ = ["IDLE", "Conversation", "ConversationTask", "HeldTask"]

T = TypeVar("T")


class _Job:
    """A blocking call that the request's own thread makes for async code."""

    __slots__ = ("_call", "done", "error", "result")

    def __init__(self, call: Callable[[], Any], done: anyio.Event) -> None:
        self._call = call
        self.done = done
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._call()
        except BaseException as error:
            self.error = error


class Conversation:
    """One WSGI request and its tasks in the loop. The thread waits for them, and makes their blocking calls.

    The tasks run in ``context``, which the thread must not be in while it waits; by default in a copy of the thread's
    own, from which what they set is carried back.
    """

    __slots__ = ("_context", "_inbox", "_left", "_portal")

    def __init__(self, portal: Portal, context: RequestContext | None = None) -> None:
        self._portal = portal
        self._context = context or CallersContext()
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._left = False

    async def run_sync(self, function: Callable[..., T], *args: Any) -> T:
        """In the loop: have the request's own thread run ``function``, and await the result.

        Raises RuntimeError in a task that outlives the request, because the thread then serves another request.
        """
        # in a copy: the task's own context may be entered by another task of the request meanwhile
        job = _Job(partial(copy_context().run, function, *args), make_event())
        self._inbox.put(job)
        if self._left:  # checked after the put: leave() sees a job that was put before
            raise _over()
        await wait_out(job.done)  # the thread still uses the objects of the task
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def call(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """In the thread: run an async function to its end."""
        task = self.start(function, *args)
        try:
            self._wait_for(task)
        except BaseException:  # Ctrl-C, or a server that gives up on this thread
            self.end(task)  # close hooks follow, in the context that it may still be in
            raise
        finally:
            self._context.take_back()
        result: T = task.outcome()
        return result

    def _wait_for(self, task: ConversationTask) -> None:
        while self.listen(None) is not task:
            pass

    def end(self, task: ConversationTask) -> None:
        """In the thread: cancel a task, and return when it has ended. What it says meanwhile is dropped."""
        task.cancel()
        self._wait_for(task)

    def wait(self, awaitable: Awaitable[T]) -> T:
        """In the thread: await ``awaitable`` in the loop."""

        async def main() -> T:
            return await awaitable

        return self.call(main)

    def iterate(
        self, body: Any, idle: float | None = None, filler: bytes = b""
    ) -> tuple[Iterator[Any], Callable[[], None]]:
        """In the thread: an iterator over the items of an async iterable, and a function that ends the iterable.

        The body runs in one task, a step at a time, as the items are asked for; ``filler`` is given after ``idle``
        seconds without one. Ending it cancels the step that it waits in and returns when its cleanup is done.
        """
        relay = _Relay(self, body)
        return relay.items(idle, filler), relay.end

    def leave(self) -> None:
        """In the thread: end the conversation. Blocking calls that are still asked for are refused."""
        self._left = True
        while not self._inbox.empty():
            message = self._inbox.get()
            if type(message) is _Job:
                message.error = _over()
                self._portal.do(message.done.set)

    def start(self, function: Callable[..., Awaitable[Any]], *args: Any) -> ConversationTask:
        """In the thread: start an async function as a task. :meth:`listen` gives the task when it has ended."""
        task = ConversationTask(self._portal, self._inbox)
        self._portal.start(task.main, _within, self._context.lend(), function, *args, failed=task.fail)
        return task

    def put(self, message: Any) -> None:
        """In the loop: give ``message`` to the thread, which gets it by :meth:`listen`."""
        self._inbox.put(message)

    def do(self, function: Callable[[], Any]) -> None:
        """In the thread: call a plain function in the loop, and wait for it."""
        self._portal.do(function)

    def post(self, function: Callable[[], Any]) -> None:
        """In the thread: have the loop call a plain function, without waiting for it."""
        self._portal.post(function)

    def listen(self, timeout: float | None = None) -> Any:
        """In the thread: the next message of the tasks, or ``IDLE`` after ``timeout`` seconds without one.

        Makes the blocking calls that come before the message.
        """
        while True:
            try:
                message = self._inbox.get(timeout=timeout)
            except queue.Empty:
                return IDLE
            if type(message) is not _Job:
                return message
            message.run()
            self._portal.post(message.done.set)


async def _within(context: Context, function: Callable[..., Awaitable[T]], *args: Any) -> T:
    result: T = await Within(_call(function, *args), context)
    return result


async def _call(function: Callable[..., Awaitable[T]], *args: Any) -> T:
    return await function(*args)


IDLE: Final = object()


def _over() -> RuntimeError:
    return RuntimeError("got blocking work on a request that is over, expected it before the response was sent")


class ConversationTask:
    """A task of a conversation. It keeps its result or error, and puts itself into the inbox when it has ended."""

    __slots__ = ("_cancelled", "_error", "_inbox", "_portal", "_result", "_scope", "ended")

    def __init__(self, portal: Portal, inbox: queue.SimpleQueue[Any]) -> None:
        self._portal = portal
        self._inbox = inbox
        self._scope: anyio.CancelScope | None = None
        self._cancelled = False
        self._result: Any = None
        self._error: BaseException | None = None
        self.ended = False

    async def main(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None:
        """In the loop: run ``function`` to its end. Raises only what ends more than the task."""
        import anyio

        try:
            with anyio.CancelScope() as self._scope:
                if self._cancelled:
                    self._scope.cancel()
                try:
                    self._result = await function(*args)
                except BaseException as error:  # told to the thread that waits for it, not to the loop
                    # only the application can have called Task.cancel(): cardan ends these tasks by scopes
                    self._error = as_error(error, native=False)
                    if self._error is error and isinstance(error, anyio.get_cancelled_exc_class()):
                        raise
        finally:
            self.ended = True
            self._inbox.put(self)

    def fail(self, error: BaseException) -> None:
        """In the loop: end before the start, with ``error``."""
        self._error = error
        self.ended = True
        self._inbox.put(self)

    def cancel(self) -> None:
        """From the thread: cancel the task. It has ended when the inbox says so."""
        self._portal.do(self._cancel)

    def _cancel(self) -> None:
        self._cancelled = True  # trio takes new tasks in any order: it may not be in its scope yet
        if self._scope is not None:
            self._scope.cancel()

    def outcome(self) -> Any:
        """The result of the ended task, or its error."""
        if self._error is not None:
            error, self._error = self._error, None
            try:
                raise error
            finally:
                del error  # its traceback holds this frame: no cycle
        return self._result


class _Relay:
    """Hands the items of an async body from its task to the request's thread, one each time it is asked."""

    __slots__ = ("_asked", "_body", "_conversation", "_task")

    def __init__(self, conversation: Conversation, body: Any) -> None:
        self._conversation = conversation
        self._body = body
        self._asked: anyio.Event
        """Set when the next item is asked for; there is one for each item."""
        self._task: ConversationTask | None = None

    def items(self, idle: float | None, filler: bytes) -> Iterator[Any]:
        """In the thread: the items. A step of the body is taken when the next item is asked for."""
        listen, take_back = self._conversation.listen, self._conversation._context.take_back
        self._task = task = self._conversation.start(pump, self._body, self._emit)
        while (item := listen(idle)) is not task:
            if item is IDLE:
                yield filler
            else:
                take_back()
                yield item
                self._conversation.post(self._asked.set)
        take_back()
        task.outcome()

    async def _emit(self, item: Any) -> None:
        asked = self._asked = make_event()
        self._conversation._inbox.put(item)
        await asked.wait()

    def end(self) -> None:
        """Cancel the task and wait until it has ended; a body that never started is closed all the same."""
        task = self._task
        if task is None:
            if (aclose := getattr(self._body, "aclose", None)) is not None:
                self._conversation.wait(aclose())
        elif not task.ended:
            self._conversation.end(task)
            self._conversation._context.take_back()


class HeldTask:
    """A task in a portal's loop that enters a context manager, and leaves it at :meth:`end`, both in one task."""

    def __init__(self, portal: Portal, hold: Callable[[Callable[[Any], Awaitable[None]]], Awaitable[None]]) -> None:
        self._portal = portal
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stop: anyio.Event | None = None
        self._task = ConversationTask(portal, self._inbox)
        portal.start(self._task.main, hold, self._until, failed=self._task.fail)

    async def _until(self, value: Any) -> None:
        stop = self._stop = make_event()
        self._inbox.put((value,))
        await stop.wait()

    def started(self) -> Any:
        """Wait until the manager is entered and return its value, or raise its error."""
        message = self._inbox.get()
        if message is self._task:
            self._task.outcome()
            raise RuntimeError("got a lifespan that ended without yielding, expected it to yield once")
        return message[0]

    def end(self) -> None:
        """Leave the manager and wait until it is left. An error of leaving is raised.

        If the loop has ended before, it has cancelled the task, and so the manager was left then.
        """
        has_ended = self._task.ended
        if self._stop is not None and not has_ended:
            self._portal.do(self._stop.set)
            self._inbox.get()
        try:
            self._task.outcome()
        except BaseException as error:
            if not (has_ended and is_cancellation(error)):
                raise
