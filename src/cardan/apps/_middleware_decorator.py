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
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from ..core._checks import check_type

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from ..types import AsyncFlow, Flow

R = TypeVar("R", contravariant=True)

__all__ = ["MiddlewareDecorator", "MiddlewareFactory", "middleware"]


class MiddlewareFactory(Generic[R]):
    """A middleware function with its option ``buffer``: whether the bytes of the body are kept before it starts.

    In the body of a class it is a method, as a function is: ``app.middleware = [tenants.known]``.
    """

    __name__: str

    def __init__(self, function: Callable[[R], Flow | AsyncFlow], *, buffer: bool = False) -> None:
        update_wrapper(self, function)  # first: the attributes of a middleware that is decorated again are its own
        self.function = function
        self.buffer = buffer

    def __call__(self, request: R) -> Any:
        return self.function(request)

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", None) or repr(self.function)
        return f"<middleware {name}>"

    def __get__(self, obj: object, owner: type | None = None) -> Self:
        bind = getattr(self.function, "__get__", None)
        bound = self.function if bind is None else bind(obj, owner)
        return self if bound is self.function else type(self)(bound, buffer=self.buffer)


class MiddlewareDecorator(Protocol):
    """The result of ``middleware(buffer=True)``: a decorator for a function, or for a method in the body of a class."""

    @overload
    def __call__(self, function: Callable[[R], Flow | AsyncFlow], /) -> MiddlewareFactory[R]: ...
    @overload
    def __call__(self, method: Callable[[Any, R], Flow | AsyncFlow], /) -> MiddlewareFactory[R]: ...
    def __call__(self, function: Any, /) -> Any:
        """The middleware of ``function``."""
        ...


@overload
def middleware(function: Callable[[R], Flow | AsyncFlow], /) -> MiddlewareFactory[R]: ...
@overload
def middleware(method: Callable[[Any, R], Flow | AsyncFlow], /) -> MiddlewareFactory[R]: ...
@overload
def middleware(*, buffer: bool = False) -> MiddlewareDecorator: ...
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
    The body is read for a request that gets an error before its handler, too (an unknown path, or a host that is not
    trusted), because the middleware runs around that error.

    In the body of a class it makes a method: the function takes ``self`` and the request, and the attribute of an
    object is the middleware.

    Raises :exc:`TypeError` for what is no function, and for an ``async def`` without a ``yield``.
    """
    check_type("buffer", buffer, bool, "a bool")
    if function is not None:
        return MiddlewareFactory(_checked(function), buffer=buffer)
    return lambda function: MiddlewareFactory(_checked(function), buffer=buffer)


def _checked(function: Any) -> Any:
    if not callable(function):
        raise TypeError(f"got {type(function).__name__}, expected a generator function that takes the request")
    if iscoroutinefunction(function):
        name = getattr(function, "__qualname__", None) or repr(function)
        raise TypeError(f"got the async def {name} without a yield, expected a function with one yield")
    return function
