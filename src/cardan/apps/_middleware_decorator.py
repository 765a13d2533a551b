"""Dual middleware: one generator around every handler, on both protocols.

::

    @middleware
    def timed(request):
        start = perf_counter()
        response = yield
        response.headers["Server-Timing"] = f"app;dur={(perf_counter() - start) * 1e3:.1f}"
"""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..types import AsyncFlow, Flow

R = TypeVar("R", contravariant=True)

__all__ = ["MiddlewareFactory", "middleware"]


class MiddlewareFactory(Generic[R]):
    """A middleware function with its option ``buffer``: whether the bytes of the body are kept before it starts."""

    __name__: str

    def __init__(self, function: Callable[[R], Flow | AsyncFlow], *, buffer: bool = False) -> None:
        self.function = function
        self.buffer = buffer
        update_wrapper(self, function)

    def __call__(self, request: R) -> Any:
        return self.function(request)


@overload
def middleware(function: Callable[[R], Flow | AsyncFlow], /) -> MiddlewareFactory[R]: ...
@overload
def middleware(*, buffer: bool = False) -> Callable[[Callable[[R], Flow | AsyncFlow]], MiddlewareFactory[R]]: ...
def middleware(function: Any = None, /, *, buffer: bool = False) -> Any:
    """Make a generator function with one ``yield`` into a middleware for ``Application(middleware=[...])``.

    The ``yield`` gives the response of the handler. This may be the response to an HTTP error: of the handler, of
    :meth:`Application.resolve`, or of loading the body. Any other exception is raised at the ``yield``. The generator
    ends without a result if this response is to be sent, or returns another one. If it returns a response or an
    HTTPException before the ``yield``, this is the answer, and the handler is not called. It may raise an HTTPException
    at any time, whose response is given to the middleware around it.

    The function may also be an ``async def`` with a ``yield``, which awaits what it needs, around handlers of both
    kinds and on both protocols. Such a function cannot return a value. It yields a response or an HTTPException where
    a ``def`` would return it::

        @middleware
        async def cached(request):
            if (known := await cache.get(request.path)) is not None:
                yield known                       # the answer; the handler is not called
                return
            response = yield
            await cache.set(request.path, response)

    On WSGI, its steps before and after the ``yield`` run in the event loop of the process, and not in the same task:
    leave task groups and cancel scopes before the ``yield``.

    With ``buffer``, the application first reads the body into memory and keeps its bytes, whatever its Content-Type is:
    ``request.get_data()`` then gives them around ``def`` and ``async def`` handlers, and a form is parsed from them
    afterwards. The cost: such an application refuses a body that exceeds ``max_data_memory`` with 413, also an upload.
    """
    if function is not None:
        return MiddlewareFactory(function, buffer=buffer)
    return lambda function: MiddlewareFactory(function, buffer=buffer)
