"""The flow of one request: middleware runs around the handler, and errors become responses.

An HTTPException becomes a response where it arises. That of a handler becomes one before any middleware sees it, that
of a middleware becomes one for the middleware around it. Any other exception is raised at the ``yield`` of each
middleware, and :func:`guarded` then asks the application for a response.

The same code serves ``def`` and ``async def`` handlers on both protocols. :func:`flow` gives the response. If something
has to be awaited before that, it gives a generator, which yields each awaitable and is sent its result; the caller runs
the generator and decides where to await. :func:`answer` makes a response of the result of a handler. A middleware may
be a generator or an async generator, around handlers of both kinds: :func:`_resume` is all that knows the difference.
"""

from __future__ import annotations

from functools import partial
from inspect import isasyncgen, isawaitable, iscoroutine, iscoroutinefunction, signature, unwrap
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from ._checks import kind_of
from ._closing import aclose_all
from ._exceptions import HTTPException
from ._response.base import BaseResponse
from ._response.outgoing import closed_together, closers_of
from ._waiting import is_cancellation

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from ._request.request import BaseRequest

    Function: TypeAlias = Callable[[Any], Any]
    """A handler, or the function of a middleware: both take the request."""
    OnError: TypeAlias = Callable[[Any, HTTPException], BaseResponse]

__all__ = [
    "Closing",
    "Delegate",
    "Served",
    "Steps",
    "answer",
    "expect_takes_request",
    "flow",
    "guarded",
    "is_async",
    "keeping_thread",
    "keeps_thread",
    "may_begin_early",
    "raiser",
    "response_in",
]

F = TypeVar("F", bound="Callable[..., Any]")

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

    def _adapter_answer_exception(self, request: Any, error: Exception, /) -> BaseResponse | None:
        """The response of the application to an exception that is no HTTPException, which is then logged; None if the
        exception is to be raised.
        """
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


def keeping_thread(handler: F) -> F:
    """Mark a ``def`` handler: it, the body of its response and what is called after that run in one thread."""
    handler.keeps_thread = True  # type: ignore[attr-defined]
    return handler


def keeps_thread(handler: object) -> bool:
    """Whether a handler is marked by :func:`keeping_thread`."""
    return getattr(handler, "keeps_thread", False) is True


def may_begin_early(handler: object, middleware: Sequence[Function]) -> bool:
    """Whether the response of a handler can be sent before the handler returns: nothing else takes it before."""
    return not middleware and (not isinstance(handler, Delegate) or handler.begins_early)


class Delegate:
    """A handler that answers by another flow: calling it gives the steps of that flow, whose errors are responses.

    ``keeps_thread``: the handler of that flow does. ``begins_early``: :func:`may_begin_early` of that flow.
    """

    __slots__ = ("_steps", "begins_early", "keeps_thread")

    def __init__(self, steps: Callable[[], Steps], *, keeps_thread: bool = False, begins_early: bool = False) -> None:
        self._steps = steps
        self.keeps_thread = keeps_thread
        self.begins_early = begins_early

    def __call__(self, request: Any) -> Steps:
        return self._steps()


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
    except TypeError as error:
        expect_takes_request(handler, request, error)
        raise
    if isinstance(result, BaseResponse):  # checked first, because isawaitable() is slower
        return result
    if isawaitable(result):
        return _awaited(result, request, handler, on_error)
    if isinstance(handler, Delegate):
        steps: Steps = result
        return steps
    return answer(result, request, handler, on_error)


def expect_takes_request(handler: Function, request: Any, error: TypeError) -> None:
    """Raise :exc:`TypeError` if ``handler``, whose call has raised ``error``, cannot be called with the request."""
    if (mistake := _unlike(handler, request)) is None:
        return
    if isinstance(handler, partial) and handler.args:
        taken = f"{_name_of(handler.func)}{signature(handler.func)}"
        given = ", ".join(map(kind_of, handler.args))
        raise TypeError(f"got the handler {taken}, which is called with {given} and the request, {_METHOD}") from error
    raise TypeError(f"got the handler {mistake}, {_TAKES_REQUEST}") from error


def guarded(start: Callable[[], BaseResponse | Steps], rescue: Callable[[Exception], BaseResponse | None]) -> Any:
    """Begin a flow by ``start``: its response or its steps, as :func:`flow` gives them.

    If the flow raises an exception, the response is that of ``rescue``. If this gives None, the exception is raised.
    """
    try:
        begun = start()
    except Exception as error:
        if (response := rescue(error)) is None:
            raise
        return response
    return begun if isinstance(begun, BaseResponse) else _guarded(begun, rescue)


def _guarded(steps: Steps, rescue: Callable[[Exception], BaseResponse | None]) -> Steps:
    try:
        return (yield from steps)
    except Exception as error:
        if (response := rescue(error)) is None:
            raise
        return response


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
        error, result = result, _answer_of(on_error, request, result)
        # the frames of its traceback refer to the request and its body, and some of them to the error: a reference
        # cycle, which would keep all of it until the garbage collector runs
        error.__traceback__ = None
    if not isinstance(result, BaseResponse):
        raise _no_answer(result, source)
    return result


def _answer_of(on_error: OnError, request: Any, error: HTTPException) -> BaseResponse:
    """What ``on_error`` makes of an error. Another HTTPException would need ``on_error`` again, perhaps for ever."""
    try:
        result: Any = on_error(request, error)
    except HTTPException as raised:
        raise _no_response(raised, on_error) from raised
    if not isinstance(result, BaseResponse):
        raise _no_response(result, on_error)
    return result


def _no_response(result: Any, on_error: OnError) -> TypeError:
    remedy = ": super().on_error(request, error) makes one of an error" if isinstance(result, HTTPException) else ""
    return TypeError(f"got {kind_of(result)} from {_name_of(on_error)}, expected a Response{remedy}")


def _no_answer(result: Any, source: Any) -> TypeError:
    return TypeError(f"got {kind_of(result)} from {_name_of(source)}, expected a Response or an HTTPException")


def _name_of(function: Any) -> str:
    return getattr(function, "__qualname__", None) or repr(function)


_TAKES_REQUEST: Final = (
    "expected a function that takes the request: Application.from_asgi() and Application.from_wsgi() take applications"
)
_METHOD: Final = (
    "expected one that takes both: in the body of a class an application is a method,"
    " unless it is a staticmethod(Application(...))"
)
_MEANT: Final = "expected a generator function that takes the request: `response = yield` calls the handler"


def _begin(middleware: Function, request: Any) -> Any:
    """Call the function of a middleware: its generator. Raises :exc:`TypeError` that tells what is wrong with it."""
    try:
        around = middleware(request)
    except TypeError as error:
        if (mistake := _wrong_call(middleware, request)) is None:
            raise
        raise TypeError(f"got the middleware {mistake}, {_MEANT}") from error
    if (hasattr(around, "__next__") and hasattr(around, "send")) or isasyncgen(around):
        return around
    if isinstance(unwrap(middleware), type):
        mistake = f"{_name_of(middleware)}, which is a class"
    elif iscoroutine(around):
        around.close()
        mistake = f"{_name_of(middleware)}, an async def without a yield"
    elif isinstance(around, (BaseResponse, HTTPException)):
        mistake = f"{_name_of(middleware)}, which returned {type(around).__name__} and has no yield"
        raise TypeError(f"got the middleware {mistake}, {_MEANT}, and a return before it answers without the handler")
    else:
        mistake = f"{_name_of(middleware)}, which returned {type(around).__name__} and has no yield"
    raise TypeError(f"got the middleware {mistake}, {_MEANT}")


def _wrong_call(middleware: Any, request: Any) -> str | None:
    """What is wrong with a middleware that cannot be called with the request alone; None if it can."""
    function, name = unwrap(middleware), _name_of(middleware)
    if not callable(function):
        return f"{function!r}, which cannot be called"
    if isinstance(function, type):
        return f"{name}, which is a class"
    return _unlike(middleware, request)


def _unlike(function: Any, request: Any) -> str | None:
    """The name and the parameters of a function that cannot be called with the request alone; None if it can."""
    try:
        parameters = signature(function)
    except (TypeError, ValueError):
        return None
    try:
        parameters.bind(request)
    except TypeError:
        return f"{_name_of(function)}{parameters}"
    return None


async def _awaited_step(step: Callable[..., Any], value: Any) -> tuple[bool, Any]:
    try:
        return False, await step(value)
    except StopAsyncIteration:
        return True, None


def _resume(around: Any, is_async: bool, value: Any, error: BaseException | None = None) -> Generator[Any, Any, Any]:
    """Run the generator of a middleware to its next ``yield``: whether it has ended, and what it gave.

    It is sent ``value``, or gets ``error`` raised at its ``yield``.
    """
    try:
        if not is_async:
            try:
                return False, around.send(value) if error is None else around.throw(error)
            except StopIteration as stop:
                return True, stop.value
        if isinstance(error, GeneratorExit):  # nothing can be awaited any more; the event loop closes the generator
            raise error
        try:
            return (yield _awaited_step(around.asend, value) if error is None else _awaited_step(around.athrow, error))
        except GeneratorExit:
            raise
        except BaseException as raised:
            if not isinstance(raised, Exception):  # a cancellation, perhaps before the generator was resumed
                yield from _close(around, is_async)
            raise
    finally:
        del error, value  # the traceback of an error holds this frame


def _through(
    request: Any,
    handler: Function,
    middleware: Sequence[Function],
    on_error: OnError,
) -> Steps:
    """Run the outermost middleware around the others. Each is sent the response, or gets the error, of what it wraps.

    If a middleware ends without a result after its ``yield``, the response that it was sent is the answer. An async
    generator cannot return another response, so it yields it. If the middleware gives another response, or raises an
    error, the response that it was sent is closed as well: its hooks own files and connections.
    """
    outer, *rest = middleware
    response: BaseResponse | None = None
    thrown: BaseException | None = None
    try:
        around = _begin(outer, request)
        is_async = not hasattr(around, "__next__")
        ended, given = yield from _resume(around, is_async, None)
        if given is not None and not ended:
            ended = yield from _take_yielded(given, around, is_async, outer)
        if ended:
            return answer(given, request, outer, on_error)
    except HTTPException as error:
        return answer(error, request, outer, on_error)
    try:
        inner = flow(request, handler, rest, on_error)
        response = inner if isinstance(inner, BaseResponse) else (yield from inner)
    except BaseException as error:  # also a cancellation: the middleware closes now what it has opened
        thrown = error
    try:
        result = yield from _end(around, is_async, outer, response, thrown, request, on_error)
    except GeneratorExit:  # nothing can be awaited any more
        raise
    except BaseException as error:
        if response is not None:
            yield from _close_unsent(response, error)
        raise
    finally:
        del thrown  # its traceback holds this frame
    return result if response is None or result is response else closed_together(result, response)


def _end(
    around: Any,
    is_async: bool,
    outer: Function,
    response: BaseResponse | None,
    thrown: BaseException | None,
    request: Any,
    on_error: OnError,
) -> Steps:
    """Send ``response``, or raise ``thrown``, at the ``yield`` of a middleware: what it answers."""
    is_final = thrown is not None and not isinstance(thrown, Exception)
    try:
        ended, given = yield from _resume(around, is_async, response, thrown)
        if given is not None and not ended and not is_final:
            ended = yield from _take_yielded(given, around, is_async, outer)
        if is_final and thrown is not None:  # a middleware cannot turn a cancellation into a response
            try:
                if not ended:
                    yield from _close(around, is_async)
            finally:
                if isinstance(given, BaseResponse) and not isinstance(thrown, GeneratorExit):
                    yield from _close_unsent(given, thrown)
            raise thrown
        if not ended:
            yield from _close(around, is_async)
            raise TypeError(f"got a second yield from {_name_of(outer)!r}, expected a return")
        if given is not None:
            return answer(given, request, outer, on_error)
        if response is None:
            raise _no_answer(None, outer) from thrown
        return response
    except HTTPException as error:
        if is_final and thrown is not None:
            raise thrown from None
        return answer(error, request, outer, on_error)
    finally:
        del thrown  # its traceback holds this frame


class Closing:
    """What a flow yields to have a response closed that is not sent. It can be awaited as it is.

    Code that runs a flow in an event loop closes :attr:`response` as one that was sent: to the end, also if the task is
    cancelled. ``is_cancelled``: a cancellation, or another error that is no :exc:`Exception`, is the reason. It is
    raised afterwards, in place of an error of closing.
    """

    __slots__ = ("is_cancelled", "response")

    def __init__(self, response: BaseResponse, reason: BaseException) -> None:
        self.response = response
        self.is_cancelled = not isinstance(reason, Exception)

    def __await__(self) -> Generator[Any, Any, None]:
        return aclose_all(closers_of(self.response)).__await__()


def _close_unsent(response: BaseResponse, error: BaseException) -> Generator[Any, Any, None]:
    """Have a response closed, before ``error`` is raised.

    A cancellation meanwhile does not replace an :exc:`Exception`, which nobody would see then.
    """
    try:
        yield Closing(response, error)
    except BaseException as other:
        if isinstance(error, Exception) and is_cancellation(other):
            return
        raise
    finally:
        del error  # its traceback holds this frame


def response_in(answer: Any) -> BaseResponse | None:
    """The response in an answer that a flow was not sent, because its task was cancelled; None if there is none."""
    given: Iterable[Any] = answer if type(answer) is tuple else (answer,)
    return next((each for each in given if isinstance(each, BaseResponse)), None)


def _take_yielded(given: Any, around: Any, is_async: bool, middleware: Any) -> Generator[Any, Any, bool]:
    """End a middleware that has yielded a value, which is its answer if it is an async generator: True."""
    try:
        yield from _close(around, is_async)
    except GeneratorExit:  # nothing can be awaited any more
        raise
    except BaseException as error:
        if isinstance(given, BaseResponse):
            yield from _close_unsent(given, error)
        raise
    if is_async:
        return True
    raise TypeError(
        f"got {type(given).__name__} from a yield of the middleware {_name_of(middleware)},"
        " expected a yield without a value: a return gives the answer"
    )


def _close(around: Any, is_async: bool) -> Generator[Any, Any, None]:
    if is_async:
        yield around.aclose()
    else:
        around.close()
