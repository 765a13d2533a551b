"""Dual middleware: one generator around every handler, on both protocols.

::

    @middleware(load=True)
    def timed(request):
        start = perf_counter()
        response = yield
        response.headers["Server-Timing"] = f"app;dur={(perf_counter() - start) * 1e3:.1f}"
        return response
"""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..types import Flow

__all__ = ["MiddlewareFactory", "middleware"]


class MiddlewareFactory:
    """A middleware function with its option ``load``: whether the body is loaded before it starts."""

    __name__: str

    def __init__(self, function: Callable[[Any], Flow], *, load: bool = False) -> None:
        self.function = function
        self.load = load
        update_wrapper(self, function)

    def __call__(self, request: Any) -> Flow:
        return self.function(request)


@overload
def middleware(function: Callable[[Any], Flow], /) -> MiddlewareFactory: ...
@overload
def middleware(*, load: bool = False) -> Callable[[Callable[[Any], Flow]], MiddlewareFactory]: ...
def middleware(function: Any = None, /, *, load: bool = False) -> Any:
    """Make a generator function with one ``yield`` into a middleware for ``Application(middleware=[...])``.

    The ``yield`` gives the response of the handler, or raises its exception. The generator returns the response that is
    sent. If it returns before the ``yield``, this is the answer, and the handler is not called. With ``load``, the body
    is read into memory first, so that ``request.get_data()`` also works if the handler is async.
    """
    if function is not None:
        return MiddlewareFactory(function, load=load)
    return lambda function: MiddlewareFactory(function, load=load)
