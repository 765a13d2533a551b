"""RequestThread: the thread of one WSGI request, which waits for what the process's event loop does for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .. import _crossing as crossing
from ..core._closing import close_all
from ..core._flow import Closing
from ..core._request.body import close_async_files
from ..core._request.serving import is_async_request, load_in_thread, loads_in_thread, switch_mode
from ..core._response.base import BaseResponse
from ..core._response.outgoing import closers_of, keep_alive_chunk
from ..core.drive import run
from ..core.forms._files import closes_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from ..core._flow import Steps
    from ..core._request.exchange import Exchange
    from ..core._request.request import BaseRequest

__all__ = ["RequestThread"]


class RequestThread:
    """The thread of one WSGI request: runs the application's code, and awaits in the process's event loop.

    It is in ``context`` for one step of the application's code at a time, and outside of it while it waits: what is
    awaited in the loop runs in the same context. ``portal`` gives that loop, which is started at the first use.
    """

    __slots__ = ("_conversation", "_exchange", "_portal", "context")

    def __init__(
        self, portal: Callable[[], crossing.Portal], exchange: Exchange, context: crossing.RequestContext
    ) -> None:
        self._portal = portal
        self._exchange = exchange
        self._conversation: crossing.Conversation | None = None
        self.context = context

    def respond(self, request: BaseRequest, steps: BaseResponse | Steps) -> BaseResponse:
        """Run a flow to its end and return its response."""
        if isinstance(steps, BaseResponse):
            return steps
        within: Any = _StepsWithin(steps, self.context)
        response: BaseResponse = run(within, partial(self._await_for, request))
        return response

    def enter_async(self, request: BaseRequest) -> crossing.Conversation:
        """Switch ``request`` to async code, which this thread does the blocking work for."""
        conversation = self._conversation
        if conversation is None:
            conversation = self._talk()
            self._exchange.run_blocking(conversation.run_sync)
        if not is_async_request(request):
            switch_mode(request, "async")
        return conversation

    def load(self, request: BaseRequest, *, form: bool) -> None:
        """Load the body in this thread, unless a sink of the application's own may have to be awaited."""
        if loads_in_thread(request):
            self.context.call(partial(load_in_thread, request, form=form))
        else:
            self._talk().call(partial(request.load, form=form))

    def close(self, response: BaseResponse) -> None:
        """Close a response that is not sent."""
        close_all([partial(self.context.call, close) for close in closers_of(response)], self.wait)

    def _close_unsent(self, closing: Closing) -> None:
        """Close a response that is not sent. An error is logged if what ends the request is raised in its place."""
        try:
            self.close(closing.response)
        except Exception as error:
            if not closing.is_cancelled:
                raise
            crossing.log_lost("an error after a request was cancelled", error)

    def _await_for(self, request: BaseRequest, awaitable: Awaitable[Any]) -> Any:
        if type(awaitable) is Closing:
            return self._close_unsent(awaitable)
        was_async = is_async_request(request)
        try:
            return self.enter_async(request).wait(awaitable)
        finally:
            if not was_async:  # a def handler inside an async middleware
                switch_mode(request, "sync")

    def wait(self, awaitable: Awaitable[Any]) -> Any:
        """Await something in the process's loop, an async close hook for example."""
        return self._talk().wait(awaitable)

    def iterate(self, response: BaseResponse) -> tuple[Iterator[bytes], Callable[[], Any]]:
        """The chunks of an async body, and the function that ends it."""
        return self._talk().iterate(response.response, response.keep_alive, keep_alive_chunk(response))

    def lose(self) -> None:
        """Note that the client left before it had the whole response."""
        self._exchange.left = True

    def leave(self) -> None:
        """End the work for the request: a task that outlives it can no longer run anything in this thread."""
        exchange = self._exchange
        try:
            if exchange.holders <= 1 and any(map(closes_async, exchange.files)):
                self.wait(close_async_files(exchange.files))
        finally:
            if self._conversation is not None:
                self._conversation.leave()

    def _talk(self) -> crossing.Conversation:
        if self._conversation is None:
            self._conversation = crossing.Conversation(self._portal(), self.context)
        return self._conversation


class _StepsWithin:
    """The steps of a flow, each run in the context of the request; what they ask for is done outside of it."""

    __slots__ = ("send", "throw")

    def __init__(self, steps: Steps, context: crossing.RequestContext) -> None:
        self.send = partial(context.call, steps.send)
        self.throw = partial(context.call, steps.throw)
