"""loaded: the body of a request is loaded before one view of a router is called."""

from __future__ import annotations

from functools import update_wrapper
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..core._exceptions import BodyNotLoaded
from ..core._flow import is_async
from ..core._request.request import BaseRequest
from ._dual import DualCallable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["loaded"]

V = TypeVar("V", bound="Callable[..., Any]")


def loaded(view: V) -> V:
    """Load the body of the request before ``view`` is called. A decorator for a function, a method or a callable.

    It does for one view of a router what ``load=True`` does for all requests of an application, so that other views can
    stream their bodies. A form is parsed, every other body is kept in memory. The view is ``def`` or ``async def``; the
    request may be any of its arguments. An HTTP error of loading (400, 408, 413 ...) is raised where the view is
    called, like an error of the view. Middleware has already begun when the body is loaded: a middleware that needs the
    body says so by an option of its own (:func:`middleware`).

    The view may also be a ``def`` that returns what an ``async def`` gives, as other decorators make it. In async code
    its result then has to be awaited.

    ::

        @app.route("/notes")
        @loaded
        async def add_note(request: Request) -> Response:
            return Response(request.form["text"])

    Raises :exc:`TypeError` for what is not callable, and for an application: decorate the function first. A call
    without a request raises it, too.
    """
    if not callable(view) or isinstance(view, DualCallable):
        raise TypeError(f"got {type(view).__name__}, expected the function of a view: put @loaded next to it")

    async def call_async(*args: Any, **options: Any) -> Any:
        await _request_in(args, options, view).load()
        result = view(*args, **options)
        return await result if isawaitable(result) else result

    def call(*args: Any, **options: Any) -> Any:
        try:
            _request_in(args, options, view).get_data(parse_form_data=True)
        except BodyNotLoaded:  # in async code: the view is an ``async def`` that is not recognised as one
            return call_async(*args, **options)
        return view(*args, **options)

    return cast("V", update_wrapper(call_async if is_async(view) else call, view))


def _request_in(args: tuple[Any, ...], options: dict[str, Any], view: Any) -> BaseRequest:
    for value in (*args, *options.values()):
        if isinstance(value, BaseRequest):
            return value
    name = getattr(view, "__qualname__", None) or repr(view)
    raise TypeError(f"got a call of {name} without a request, expected one: @loaded has nothing to load")


loaded.__module__ = "cardan"  # help() and pickles name it as users import it
