"""The flow of one request: middleware around the handler, errors become answers. Once for all four pairs.

:func:`flow` is a generator that yields what has to be awaited and is sent the result; who runs it decides where.
"""

from __future__ import annotations

from inspect import isawaitable, iscoroutinefunction
from functools import partial
from typing import TYPE_CHECKING, Any

from .exceptions import HTTPException
from .response.base import BaseResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["flow", "is_async", "raiser"]


def is_async(handler: Any) -> bool:
    """Whether a handler is ``async def``: itself, what a partial wraps, or a callable object's ``__call__``."""
    while isinstance(handler, partial):
        handler = handler.func
    return iscoroutinefunction(handler) or (
        not hasattr(handler, "__code__") and iscoroutinefunction(getattr(handler, "__call__", None))
    )


def raiser(error: HTTPException) -> Callable[[Any], Any]:
    """A handler that raises ``error``: what went wrong before the handler is an error of the flow all the same."""

    def handler(request: Any) -> Any:
        raise error

    return handler


def flow(
    request: Any,
    handler: Callable[[Any], Any],
    middleware: tuple[Callable[[Any], Any], ...],
    on_error: Callable[[Any, HTTPException], BaseResponse],
) -> Generator[Any, Any, BaseResponse]:
    """Run ``handler`` inside ``middleware``; yields awaitables, returns the response.

    An HTTPException becomes a response by ``on_error``; anything that is no answer is a :exc:`TypeError`.
    """
    try:
        if middleware:
            return (yield from _through(request, handler, middleware, on_error))
        result = handler(request)
        if isawaitable(result):
            result = yield result
    except HTTPException as error:
        result = error
    if isinstance(result, BaseResponse):
        return result
    return _answer(result, request, handler, on_error)


def _answer(result: Any, request: Any, source: Any, on_error: Callable[[Any, HTTPException], BaseResponse]) -> BaseResponse:
    if isinstance(result, HTTPException):
        result = on_error(request, result)
    if not isinstance(result, BaseResponse):
        name = getattr(source, "__qualname__", None) or repr(source)
        raise TypeError(f"got {type(result).__name__} from {name}, expected a Response or an HTTPException")
    return result


def _through(
    request: Any,
    handler: Callable[[Any], Any],
    middleware: tuple[Callable[[Any], Any], ...],
    on_error: Callable[[Any, HTTPException], BaseResponse],
) -> Generator[Any, Any, BaseResponse]:
    """The outermost middleware around the rest; each is sent the response of what it wraps, or thrown its error."""
    outer, *rest = middleware
    steps = outer(request)
    try:
        next(steps)
    except StopIteration as stop:
        return _answer(stop.value, request, outer, on_error)
    try:
        if rest:
            response = yield from _through(request, handler, tuple(rest), on_error)
        else:
            result = handler(request)
            if isawaitable(result):
                result = yield result
            response = _answer(result, request, handler, on_error)
    except Exception as error:
        resume = partial(steps.throw, error)
    else:
        resume = partial(steps.send, response)
    try:
        resume()
    except StopIteration as stop:
        return _answer(stop.value, request, outer, on_error)
    steps.close()
    raise TypeError(f"got a second yield from {getattr(outer, '__qualname__', outer)!r}, expected a return")
