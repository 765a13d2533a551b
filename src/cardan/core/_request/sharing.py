"""Several tasks in ``load()`` over one body: one of them reads, the others wait for it.

:class:`SharedRead` runs the steps of a read. If the task that runs them is cancelled while it waits for the client, and
other tasks wait for the same body, the steps stay where they are, and one of the other tasks continues them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from .._waiting import raise_if_cancelled
from ..drive import Close, Open, Read, Write
from ..forms._sinks import blocks, is_awaited

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from ..drive import Step
    from .body import Body, UnfinishedRead

__all__ = ["SharedRead", "go_on", "let_others_load", "wait_for_load"]


class SharedRead:
    """Runs ``steps`` over ``body``; :attr:`is_over` tells whether they have ended."""

    __slots__ = ("_advance", "_answer", "_body", "_perform", "_scope", "_shield", "_step", "_steps", "is_over")

    def __init__(
        self,
        body: Body,
        steps: Generator[Step, Any, Any],
        perform: Callable[[Step], Awaitable[Any]],
        shield: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self._body = body
        self._steps = steps
        self._perform = perform
        self._shield = shield
        self._scope: Any = None
        self._advance: Callable[[Any], Step] = steps.send
        self._answer: Any = None
        self._step: Step | None = None
        self.is_over = False

    async def run(self) -> None:
        """Run the steps to their end, or until the task is cancelled in a read that another task can continue."""
        step: Step | None
        answer: Any = None
        try:
            while True:
                step = self._step
                if step is None:
                    step = self._step = self._next()
                begun = False
                try:
                    if self._waits_for_sink(step):
                        if not (isinstance(step, Close) and step.error):  # after an error each sink is closed
                            await raise_if_cancelled()
                        begun = True
                        answer = await self._perform_whole(step)
                    else:
                        begun = not isinstance(step, Read)
                        answer = await self._perform(step)
                except BaseException as error:
                    if not begun and not isinstance(error, Exception) and self._body.waiting:
                        raise  # nothing was read or written: the task that continues does this step
                    self._advance, self._answer = self._steps.throw, error
                else:
                    self._advance, self._answer = self._steps.send, answer
                self._step = None
        except StopIteration:
            self.is_over = True
        except BaseException:
            self.is_over = self._step is None
            raise
        finally:
            step = answer = None

    def _next(self) -> Step:
        advance, answer = self._advance, self._answer
        self._answer = None  # an error has frames of this object: a cycle
        try:
            return advance(answer)
        finally:
            del answer

    def _waits_for_sink(self, step: Step) -> bool:
        """Whether ``step`` may be in the middle of its work when the task is cancelled."""
        if isinstance(step, Read):
            return False
        if self._body.waiting or isinstance(step, Open):
            return True
        return is_awaited(step.sink) or blocks(step.sink, len(step.data) if isinstance(step, Write) else 0)

    async def _perform_whole(self, step: Step) -> Any:
        """Work on a sink is not cancelled if other tasks wait for the body: half of it could not be done again."""
        with self._shield() as self._scope:
            self.protect()
            try:
                return await self._perform(step)
            finally:
                self._scope = None

    def protect(self) -> None:
        """Shield the work on a sink that is being done, if there is some, as long as other tasks wait for the body."""
        if hasattr(self._scope, "shield"):
            self._scope.shield = bool(self._body.waiting)

    async def abandon(self, error: BaseException) -> None:
        """End the steps with ``error``, which cancelled the last task that could have continued them."""
        self._advance, self._answer, self._step = self._steps.throw, error, None
        try:
            await self.run()
        except type(error):
            pass


async def go_on(body: Body, read: UnfinishedRead) -> None:
    """Run ``read``, which other tasks can continue if this one is cancelled."""
    body.unfinished = read
    try:
        await read.run()
    except BaseException:
        if read.is_over:
            body.unfinished = None
        raise
    body.unfinished = None


async def wait_for_load(body: Body) -> None:
    """Wait until no other task loads ``body``: it was loaded, that failed, or the other task was cancelled."""
    if body.waiter is None:
        body.waiter = body.make_event()
    body.waiting += 1
    if body.unfinished is not None:
        body.unfinished.protect()
    try:
        await body.waiter.wait()
    except BaseException as error:
        if body.waiting == 1 and not body.driven and body.unfinished is not None:  # no other task is left
            body.driven = True
            try:
                body.abandon()
                await body.unfinished.abandon(error)
            finally:
                body.unfinished = None
                let_others_load(body)
        raise
    finally:
        body.waiting -= 1
        if body.unfinished is not None:
            body.unfinished.protect()


def let_others_load(body: Body) -> None:
    """Say that this task no longer loads ``body``, and wake the tasks that wait for it."""
    body.driven = False
    if body.waiter is not None:
        waiter, body.waiter = body.waiter, None
        waiter.set()
