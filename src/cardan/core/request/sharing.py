"""SharedRead: the steps of one ``load()``, which its callers share and one of them runs.

Takes the steps and what performs one; raises what they raise. Where the task that runs them is cancelled while it waits
for the client, and others wait for the same body, the steps stay where they are: another one goes on with them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ..drive import Open, Read
from ..forms.sinks import is_awaited

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from ..drive import Step
    from .body import Body

__all__ = ["SharedRead"]


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
        """Go on to the end of the steps, or until the task is cancelled in a read that others may go on with."""
        step: Step | None
        answer: Any = None
        try:
            while True:
                step = self._step
                if step is None:
                    step = self._step = self._next()
                try:
                    answer = await (self._perform_whole(step) if self._waits_for_sink(step) else self._perform(step))
                except BaseException as error:
                    if type(step) is Read and not isinstance(error, Exception) and self._body.waiting:
                        raise  # this read has taken nothing: the task that goes on reads again
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
        return bool(self._body.waiting) or (not isinstance(step, Open) and is_awaited(step.sink))

    async def _perform_whole(self, step: Step) -> Any:
        """Work on a sink is finished where others wait for the body: half of it could not be done again."""
        with self._shield() as self._scope:
            self.protect()
            try:
                return await self._perform(step)
            finally:
                self._scope = None

    def protect(self) -> None:
        """Shield the work on a sink that is being done, if there is some, for as long as others wait for the body."""
        if hasattr(self._scope, "shield"):
            self._scope.shield = bool(self._body.waiting)

    async def abandon(self, error: BaseException) -> None:
        """End the steps with ``error``, which cancelled the last task that could have gone on with them."""
        self._advance, self._answer, self._step = self._steps.throw, error, None
        try:
            await self.run()
        except type(error):
            pass
