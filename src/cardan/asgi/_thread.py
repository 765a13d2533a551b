"""A sync handler under an event loop: its flow runs in a worker thread, and the loop awaits what the flow yields."""

from __future__ import annotations

from contextlib import nullcontext
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from .. import _crossing as crossing
from ..core._buffers import CHUNK_SIZE
from ..core._flow import Closing, response_in
from ..core._request.serving import may_receive, open_body, switch_mode
from ..core._response.base import BaseResponse
from ..core._response.outgoing import closers_of
from ._receiving import ReceiveBody

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
    return await _run_in_thread(start, request, context, worker), context


async def _run_in_thread(
    start: Callable[[], BaseResponse | Steps],
    request: BaseRequest,
    context: crossing.OwnContext,
    worker: crossing.Worker,
) -> BaseResponse:
    """A sync handler that returns an awaitable is awaited here, in the loop, with the body in async mode."""
    from ._sending import close_here, close_response, close_unsent

    has_begun = False

    def advance(resume: Any, answers: list[Any]) -> tuple[bool, Any]:
        nonlocal has_begun
        has_begun = True
        try:
            return False, context.call(resume, answers.pop())  # kept, an error would refer to itself by this frame
        except StopIteration as stop:
            return True, stop.value

    async def perform(value: Any, close: Callable[..., Awaitable[None]] = close_unsent) -> Any:
        if type(value) is Closing:
            return await close(value, worker, context)
        switch_mode(request, "async")
        try:
            return await context.here(value)
        finally:
            switch_mode(request, "sync")

    async def discard(result: Any) -> None:
        """End what a thread has returned after the task of its request was cancelled: a response, or a flow."""
        if isinstance(result, tuple):
            await end(*result)
        elif isinstance(result, BaseResponse):
            await close_response(closers_of(result), worker, context)
        else:
            await worker.close(context.call, result.close)

    async def end(done: bool, value: Any) -> None:
        """Run a flow, which waits for ``value``, to its end, and close its response.

        It gets the cancellation in place of the first thing that it awaits. A response that is not sent is closed.
        """
        import asyncio  # only a task of asyncio leaves its thread

        is_told = False
        resume = answer = None
        try:
            while not done:
                if type(value) is Closing or is_told:
                    try:
                        resume, answer = steps.send, await perform(value, close_here)
                    except BaseException as error:
                        resume, answer = steps.throw, error
                else:
                    is_told = True
                    getattr(value, "close", lambda: None)()  # a coroutine that is not awaited
                    resume, answer = steps.throw, asyncio.CancelledError()
                done, value = await worker.close(advance, resume, [answer])
            await close_response(closers_of(value), worker, context)
        except BaseException as error:
            if not crossing.is_cancellation(error):
                raise
        finally:
            answer = None  # the traceback of an error holds this frame: a cycle

    steps: Any = await worker.handle(lambda: context.call(start), discard=discard)
    if isinstance(steps, BaseResponse):
        return steps
    resume, answer = steps.send, None
    is_cancelled = False
    try:
        while True:
            has_begun = False
            # a flow that was cancelled is run to its end: its middleware closes what it has opened
            with crossing.shielded() if is_cancelled else nullcontext():
                try:
                    advanced = await worker.handle(advance, resume, [answer], discard=discard)
                except BaseException as error:
                    if has_begun or not crossing.is_cancellation(error):
                        raise
                    unsent, is_cancelled = response_in(answer), True
                    resume, answer = steps.throw, error
                    if unsent is not None:
                        try:
                            await close_unsent(Closing(unsent, error), worker, context)
                        except BaseException as again:  # a second cancellation
                            answer = again
                    continue
            if isinstance(advanced, BaseResponse):  # it has begun to be sent, and the flow goes on in its thread
                return advanced
            done, value = advanced
            if done:
                response: BaseResponse = value
                return response
            try:
                resume, answer = steps.send, await perform(value)
            except BaseException as error:
                resume, answer = steps.throw, crossing.as_error(error)
                is_cancelled = is_cancelled or crossing.is_cancellation(answer)
    finally:
        answer = None  # the traceback of an error refers to this frame: a cycle
