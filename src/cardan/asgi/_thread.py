"""A sync handler under an event loop: its flow runs in a worker thread, and the loop awaits what the flow yields."""

from __future__ import annotations

from contextlib import nullcontext
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .. import _crossing as crossing
from ..core._buffers import CHUNK_SIZE
from ..core._flow import Closing, response_in
from ..core._request.serving import may_receive, open_body, switch_mode
from ..core._response.base import BaseResponse
from ..core._response.outgoing import closers_of
from ._receiving import ReceiveBody

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core._flow import Steps
    from ..core._request.exchange import Exchange
    from ..core._request.request import BaseRequest

__all__ = ["PRELOAD", "respond_in_thread"]

#: bytes of a declared body that are received before a sync handler gets its thread: each read from there would cross to
#: the event loop and back
PRELOAD: Final = CHUNK_SIZE


async def respond_in_thread(
    start: Callable[[], BaseResponse | Steps],
    request: BaseRequest,
    exchange: Exchange,
    worker: crossing.Worker,
    *,
    preload: bool,
) -> tuple[BaseResponse, crossing.OwnContext]:
    """Begin a flow by ``start`` in a thread of ``worker`` and run it to its end.

    Gives the response, and the context that its body and its hooks run in. ``preload``: a small body is received
    before the thread is asked for.
    """
    from anyio.lowlevel import current_token

    own = copy_context()
    crossing.forget_library(own)
    context = crossing.OwnContext(own)
    switch_mode(request, "sync")
    exchange.token = current_token()
    length = request.content_length or 0 if preload else 0
    if 0 < length <= PRELOAD and "Expect" not in request.headers and may_receive(request, length):
        body = open_body(request)
        if isinstance(body, ReceiveBody):
            await body.preload()
    steps = await worker.handle(lambda: own.run(start), discard=partial(_discard, worker, context))
    if isinstance(steps, BaseResponse):
        return steps, context
    return await _Flow(steps, request, worker, context).run(), context


async def _discard(worker: crossing.Worker, context: crossing.OwnContext, begun: BaseResponse | Steps) -> None:
    """End what a thread has begun when the task of its request was cancelled: a response, or a flow."""
    if isinstance(begun, BaseResponse):
        from ._sending import close_response

        await close_response(closers_of(begun), worker, context)
    else:
        await worker.close(context.call, begun.close)


class _Flow:
    """A flow whose steps run in threads of ``worker``, in ``context``. What they yield is awaited in the loop, with the
    body in async mode.

    The step that runs when the task of the request is cancelled natively goes on without it: :meth:`_end_left`.
    """

    __slots__ = ("_context", "_has_begun", "_request", "_steps", "_worker")

    def __init__(
        self, steps: Steps, request: BaseRequest, worker: crossing.Worker, context: crossing.OwnContext
    ) -> None:
        self._steps = steps
        self._request = request
        self._worker = worker
        self._context = context
        self._has_begun = False
        """Whether a thread has begun with the step that was asked for at last."""

    async def run(self) -> BaseResponse:
        """Run the flow to its end. One that is cancelled is not given up: its middleware closes what it has opened."""
        resume, answer = self._steps.send, None
        is_cancelled = False
        try:
            while True:
                self._has_begun = False
                with crossing.shielded() if is_cancelled else nullcontext():
                    try:
                        advanced = await self._worker.handle(self._advance, resume, [answer], discard=self._end_left)
                    except BaseException as error:
                        if self._has_begun or not crossing.is_cancellation(error):
                            raise
                        is_cancelled = True
                        resume, answer = self._steps.throw, await self._take_back(answer, error)
                        continue
                if isinstance(advanced, BaseResponse):  # it has begun to be sent, and the flow goes on in its thread
                    return advanced
                done, value = advanced
                if done:
                    response: BaseResponse = value
                    return response
                try:
                    resume, answer = self._steps.send, await self._perform(value)
                except BaseException as error:
                    resume, answer = self._steps.throw, crossing.as_error(error)
                    is_cancelled = is_cancelled or crossing.is_cancellation(answer)
        finally:
            answer = None  # the traceback of an error refers to this frame: a cycle

    def _advance(self, resume: Callable[[Any], Any], answers: list[Any]) -> tuple[bool, Any]:
        """In a thread: run one step. Gives whether the flow has ended, and its response or what has to be awaited.

        The step gets the one of ``answers``, which is kept nowhere: an error among them would refer to itself.
        """
        self._has_begun = True
        try:
            return False, self._context.call(resume, answers.pop())
        except StopIteration as stop:
            return True, stop.value

    async def _perform(self, value: Any) -> Any:
        """Await what a step has yielded."""
        if type(value) is Closing:
            from ._sending import close_unsent

            return await close_unsent(value, self._worker, self._context)
        switch_mode(self._request, "async")
        try:
            return await self._context.here(value)
        finally:
            switch_mode(self._request, "sync")

    async def _take_back(self, answer: Any, error: BaseException) -> BaseException:
        """Close the response in an ``answer`` that no step got, because of the cancellation ``error``.

        Gives the cancellation that the flow gets in its place: a second one, if there was one meanwhile.
        """
        unsent = response_in(answer)
        try:
            if unsent is not None:
                from ._sending import close_unsent

                await close_unsent(Closing(unsent, error), self._worker, self._context)
        except BaseException as again:
            return again
        return error

    async def _end_left(self, advanced: Any) -> None:
        """Run a flow that its task has left to its end, and close its response. ``advanced`` is what a step gave last.

        The flow gets the cancellation in place of the first thing that it awaits.
        """
        import asyncio  # only a task of asyncio leaves its thread

        from ._sending import close_here, close_response

        done, value = (True, advanced) if isinstance(advanced, BaseResponse) else advanced
        is_told = False
        resume = answer = None
        try:
            while not done:
                resume, answer = self._steps.send, None
                try:
                    if type(value) is Closing:
                        await close_here(value, self._worker, self._context)
                    elif is_told:
                        answer = await self._perform(value)
                    else:
                        is_told = True
                        getattr(value, "close", lambda: None)()  # a coroutine that is not awaited
                        raise asyncio.CancelledError
                except BaseException as error:
                    resume, answer = self._steps.throw, error
                done, value = await self._worker.close(self._advance, resume, [answer])
            await close_response(closers_of(value), self._worker, self._context)
        except BaseException as error:
            if not crossing.is_cancellation(error):
                raise
        finally:
            answer = None  # the traceback of an error holds this frame: a cycle
