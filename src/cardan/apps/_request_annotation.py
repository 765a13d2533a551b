"""Finds the request class of an application in the annotations of its handlers and middleware.

If an application is made without ``request_class``, a type checker infers the class from these annotations. This module
does the same at run time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from inspect import Parameter, signature, unwrap
from typing import Annotated, Any, ForwardRef, TypeVar, get_args, get_origin

from .._request import BaseRequest, Request
from .._unread import UnreadRequest

__all__ = ["request_class_for"]

_FORMAT: dict[str, Any] = {"annotation_format": 3} if sys.version_info >= (3, 14) else {}  # names may be missing
_QUOTES = 2  # the text of an annotation may be in quotes itself
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def request_class_for(functions: Iterable[Callable[..., Any]]) -> type[BaseRequest]:
    """The most derived class of requests that the annotations of ``functions`` name, at least :class:`cardan.Request`.

    An annotation that names no class of requests says nothing, and neither does one that does not exist at run time.
    Raises :exc:`TypeError` if no class satisfies all functions.
    """
    best: type[BaseRequest] | None = None
    for function in functions:
        found = _annotated_class(function)
        if found is None or (best is not None and issubclass(best, found)):
            continue
        if best is not None and not issubclass(found, best):
            raise TypeError(
                f"got functions that take {best.__name__} and {found.__name__}, expected one class of requests: "
                "name it as request_class"
            )
        best = found
    return Request if best is None or issubclass(Request, best) else best


def _annotated_class(function: Any) -> type[BaseRequest] | None:
    """The class in the annotation of the request, which is the last argument of ``function``."""
    try:
        parameters = signature(function, **_FORMAT).parameters.values()
    except (TypeError, ValueError):  # of what is not callable, or has no signature
        return None
    given = [each for each in parameters if each.kind in _POSITIONAL and each.default is Parameter.empty]
    if not given:
        return None
    try:
        return _class_of(given[-1].annotation, function)
    except Exception:  # whatever the evaluation of a text raises
        return None


def _class_of(annotation: Any, function: Any) -> type[BaseRequest] | None:
    for _ in range(_QUOTES):
        if isinstance(annotation, ForwardRef):
            annotation = annotation.__forward_arg__
        if isinstance(annotation, str):
            annotation = eval(annotation, *_names(function))  # the text is in the source of the function
    if isinstance(annotation, TypeVar):
        return _class_of(annotation.__bound__, function)
    origin = get_origin(annotation)
    if origin in (Annotated, UnreadRequest):
        return _class_of(get_args(annotation)[0], function)
    found = origin or annotation
    return found if isinstance(found, type) and issubclass(found, BaseRequest) else None


def _names(function: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The global and the local names that an annotation of ``function`` may use."""
    while isinstance(function, partial):
        function = function.func
    function = unwrap(function)
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__globals__"):
        function = type(function).__call__
    function = unwrap(function)
    enclosed = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # of a name that the function around it assigns later
            enclosed[name] = cell.cell_contents
    return function.__globals__, enclosed
