"""The flow of one request: middleware runs around the handler, and errors become responses.

An HTTPException becomes a response where it arises. That of a handler becomes one before any middleware sees it, that
of a middleware becomes one for the middleware around it. Any other exception is raised at the ``yield`` of each
middleware.

The same code serves ``def`` and ``async def`` handlers on both protocols. :func:`flow` gives the response. If something
has to be awaited before that, it gives a generator, which yields each awaitable and is sent its result; the caller runs
the generator and decides where to await. :func:`answer` makes a response of the result of a handler.
"""

from __future__ import annotations

from functools import partial
from inspect import isawaitable, iscoroutine, iscoroutinefunction
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ._exceptions import HTTPException
from ._response.base import BaseResponse
from ._response.outgoing import closed_together, closers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ._request.request import BaseRequest

    Function: TypeAlias = Callable[[Any], Any]
    """A handler, or the function of a middleware: both take the request."""
    OnError: TypeAlias = Callable[[Any, HTTPException], BaseResponse]

__all__ = ["Served", "Steps", "answer", "flow", "is_async", "raiser"]

Steps: TypeAlias = "Generator[Any, Any, BaseResponse]"
"""A generator that yields what has to be awaited, one after the other, and returns the response."""


class Served(Protocol):
    """What both adapters ask of the application whose requests they handle; :class:`cardan.Application` is one.

    Each adapter adds what only its protocol has, see :mod:`cardan.wsgi._handling` and :mod:`cardan.asgi._handling`. The
    names that are not options of an application are for the adapters only.
    """

    @property
    def request_class(self) -> Callable[..., BaseRequest]:
        """Makes the request of an environ, or of scope, receive and send."""
        ...

    @property
    def middleware(self) -> Sequence[Function]:
        """The functions of the middleware, from the outermost to the innermost."""
        ...

    @property
    def on_error(self) -> OnError:
        """Makes the response to an HTTPException."""
        ...

    def _adapter_find_handler(self, request: Any, /) -> tuple[Function, bool, tuple[bool, ...]]:
        """The handler of a request, whether it is async, and how the body is loaded before it is called: the argument
        ``form`` of each ``load()``, none for a body that is not loaded.
        """
        ...


def is_async(handler: Any) -> bool:
    """Whether a handler is ``async def``: the function, the function in a partial, or the ``__call__`` of an object."""
    while isinstance(handler, partial):
        handler = handler.func
    return iscoroutinefunction(handler) or (
        not hasattr(handler, "__code__") and iscoroutinefunction(getattr(type(handler), "__call__", None))  # noqa: B004
    )


def raiser(error: Exception) -> Function:
    """A handler that raises ``error``, once. Middleware sees an error that occurred before the handler in this way."""
    errors = [error]

    def handler(request: Any) -> Any:
        raise errors.pop()  # its traceback holds this frame: no cycle

    return handler


def flow(
    request: Any,
    handler: Function,
    middleware: Sequence[Function],
    on_error: OnError,
) -> BaseResponse | Steps:
    """Run ``handler`` inside ``middleware``: the response, or the generator that yields awaitables and returns it.

    ``on_error`` makes a response of an HTTPException. A result that is neither raises :exc:`TypeError`. No generator is
    made for a handler that returns its response at once: that saves half a microsecond for most requests.
    """
    if middleware:
        return _through(request, handler, middleware, on_error)
    try:
        result = handler(request)
    except HTTPException as error:
        return answer(error, request, handler, on_error)
    if isinstance(result, BaseResponse):  # checked first, because isawaitable() is slower
        return result
    if isawaitable(result):
        return _awaited(result, request, handler, on_error)
    return answer(result, request, handler, on_error)


def _awaited(awaitable: Any, request: Any, handler: Function, on_error: OnError) -> Steps:
    """The response of a handler whose result has to be awaited."""
    try:
        result = yield awaitable
    except HTTPException as error:
        return answer(error, request, handler, on_error)
    return answer(result, request, handler, on_error)


def answer(result: Any, request: Any, source: Any, on_error: OnError) -> BaseResponse:
    """The response for ``result``, which is what ``source`` returned, or the HTTPException that it raised.

    Raises :exc:`TypeError` for anything else.
    """
    if isinstance(result, HTTPException):
        error, result, source = result, on_error(request, result), on_error
        # the frames of its traceback refer to the request and its body, and some of them to the error: a reference
        # cycle, which would keep all of it until the garbage collector runs
        error.__traceback__ = None
    if not isinstance(result, BaseResponse):
        raise _no_answer(result, source)
    return result


def _no_answer(result: Any, source: Any) -> TypeError:
    name = getattr(source, "__qualname__", None) or repr(source)
    return TypeError(f"got {type(result).__name__} from {name}, expected a Response or an HTTPException")


def _no_generator(result: Any, source: Any) -> TypeError:
    if iscoroutine(result):
        result.close()
    name = getattr(source, "__qualname__", None) or repr(source)
    return TypeError(
        f"got {type(result).__name__} from the middleware {name}, expected a generator: a middleware is a def"
        " that takes the request and has one yield, which gives the response"
    )


def _through(
    request: Any,
    handler: Function,
    middleware: Sequence[Function],
    on_error: OnError,
) -> Steps:
    """Run the outermost middleware around the others. Each is sent the response, or gets the error, of what it wraps.

    A middleware that ends without a result after its ``yield`` means the response that it was sent. If another one is
    sent, or an error is raised, the response that it was sent is closed as well: its hooks own files and connections.
    """
    outer, *rest = middleware
    response: BaseResponse | None = None
    thrown: BaseException | None = None
    try:
        around = outer(request)
        if not hasattr(around, "__next__"):
            raise _no_generator(around, outer)
        next(around)
    except StopIteration as stop:
        return answer(stop.value, request, outer, on_error)
    except HTTPException as error:
        return answer(error, request, outer, on_error)
    try:
        inner = flow(request, handler, rest, on_error)
        response = inner if isinstance(inner, BaseResponse) else (yield from inner)
    except BaseException as error:  # also a cancellation: the middleware closes now what it has opened
        thrown = error
    try:
        result = _end(around, outer, response, thrown, request, on_error)
    except BaseException:
        if response is not None:
            yield from _closing(response)
        raise
    finally:
        del thrown  # its traceback holds this frame
    return result if response is None or result is response else closed_together(result, response)


def _end(
    around: Any,
    outer: Function,
    response: BaseResponse | None,
    thrown: BaseException | None,
    request: Any,
    on_error: OnError,
) -> BaseResponse:
    """Send ``response``, or raise ``thrown``, at the ``yield`` of a middleware: what it answers."""
    try:
        around.send(response) if thrown is None else around.throw(thrown)
    except (StopIteration, HTTPException) as end:
        if thrown is not None and not isinstance(thrown, Exception):
            raise thrown from None  # a middleware cannot turn a cancellation into a response
        if isinstance(end, HTTPException):
            return answer(end, request, outer, on_error)
        if end.value is not None:
            return answer(end.value, request, outer, on_error)
        if response is None:
            raise _no_answer(None, outer) from thrown
        return response
    finally:
        del thrown  # its traceback holds this frame
    around.close()
    raise TypeError(f"got a second yield from {getattr(outer, '__qualname__', outer)!r}, expected a return")


def _closing(response: BaseResponse) -> Generator[Any, Any, None]:
    """Close ``response``, which is not sent because a middleware has raised an error. Yields what has to be awaited.

    The first error is raised after all has been closed.
    """
    first: BaseException | None = None
    for close in closers_of(response):
        try:
            done = close()
            if isawaitable(done):
                yield done
        except GeneratorExit:
            raise
        except BaseException as error:
            first = first or error
    if first is not None:
        try:
            raise first
        finally:
            del first  # its traceback holds this frame: no cycle
