"""The options of an application: their names, what may be the value of each, and the error for a misspelt one.

The functions take the name and the value of an option, from the constructor, an assignment or the body of a class.
"""

from __future__ import annotations

from collections.abc import Iterable
from inspect import getattr_static, signature
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from .._request import BaseRequest
from ..core._checks import check_type, kind_of, near_miss
from ..core._exceptions import HTTPException
from ..core._problem import ERROR_FORMATS
from ..core._request.limits import LIMIT_NAMES
from ..core._response.base import BaseResponse
from ..types import ApplicationOptions
from ._dual import DualCallable
from ._protocols import protocol_in_place_of_handler, takes

if TYPE_CHECKING:
    from ..types import ProtocolName

__all__ = [
    "CHECKED",
    "DECISIVE",
    "DERIVING",
    "KNOWN",
    "OPTIONS",
    "THREADS",
    "WORDS",
    "checked_option",
    "computes",
    "expect_no_setting_of_requests",
    "expect_three_arguments",
    "is_property",
    "is_request_class",
    "misspelt",
    "remedy_for",
    "unknown_option",
]

#: The attributes of an application that decide how its requests are served.
DECISIVE: Final = frozenset({"handler", "request_class", "middleware", "load", "resolve"})
#: The options that are numbers of threads.
THREADS: Final = frozenset({"threads", "waiting_threads", "stream_threads"})
#: The attributes from which others are derived when they are set.
DERIVING: Final = DECISIVE | THREADS | {"lifespan"}
#: The names of the options of the constructor.
OPTIONS: Final = tuple(ApplicationOptions.__annotations__)
_BACKENDS: Final = ("asyncio", "trio")
_CALLABLES: Final = {
    "lifespan": "a function that takes the application and gives a context manager",
    "websocket": "an ASGI application",
}
#: The attributes whose values are checked.
CHECKED: Final = frozenset({"handler", "request_class", *OPTIONS})
#: What a subclass may set or override.
KNOWN: Final = (*CHECKED, "resolve", "on_error", "on_exception", "wsgi_app", "asgi_app", "close")
#: Settings of requests that an application would have in vain: without an error, nothing would be limited or checked.
OF_REQUESTS: Final = frozenset({
    *LIMIT_NAMES, "max_drain_size", "drain_timeout", "body_timeout", "trusted_hosts", "form_rules",
})  # fmt: skip
#: Names that a subclass may well have and that are no misspelt options.
WORDS: Final = frozenset({
    "handle", "handled", "handles", "handlers", "resolved", "resolver", "resolvers", "resolves", "loads", "closed",
    "closes", "closer", "backends", "websockets", "lifespans", "request_classes", "on_errors",
})  # fmt: skip


def is_property(cls: type, name: str) -> bool:
    """Whether an attribute of a class is computed when it is read: a property, for example."""
    return hasattr(getattr_static(cls, name), "__set__")


def computes(value: object) -> bool:
    """Whether the value in the body of a class is not what an object of the class has: a property, for example."""
    if isinstance(value, (staticmethod, classmethod)) or hasattr(type(value), "__set__"):
        return True
    return hasattr(type(value), "__get__") and not callable(value)


def is_request_class(found: Any) -> bool:
    """Whether ``found`` is a class of requests."""
    return isinstance(found, type) and issubclass(found, BaseRequest)


def checked_option(name: str, value: Any) -> Any:
    """Return the value of an option as it is stored: middleware, which may be an iterator, as a tuple.

    Raises :exc:`TypeError` or :exc:`ValueError` for what cannot be the value of the option.
    """
    if name in ("load", "end_streams_on_stop"):
        check_type(name, value, bool, "a bool")
    elif name in THREADS:
        check_type(name, value, int, "a number of threads")
    elif name == "backend":
        if value not in _BACKENDS:
            raise ValueError(f"got the backend {value!r}, expected 'asyncio' or 'trio'")
    elif name == "errors":
        if value not in ERROR_FORMATS:
            raise ValueError(f"got errors={value!r}, expected 'auto', 'problem', 'html' or 'text'")
    elif name == "request_class":
        if not callable(value) or (isinstance(value, type) and not issubclass(value, BaseRequest)):
            raise TypeError(f"got request_class = {value!r}, expected a class derived from Request")
    elif name == "middleware":
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            raise TypeError(f"got {kind_of(value)} as middleware, expected a list of functions")
        value = tuple(value)
        for each in value:
            _check_function("middleware", each, "a generator function that takes the request")
    elif name == "handler":
        if value is not None and not isinstance(value, (DualCallable, BaseResponse)):
            _check_function("handler", value, "a function that takes the request")
    elif value is not None and not callable(value):
        raise TypeError(f"got {kind_of(value)} as {name}, expected {_CALLABLES[name]}")
    return value


def expect_three_arguments(websocket: Any) -> None:
    """Raise :exc:`TypeError` for a function that cannot be an ASGI application, such as one that takes a request.

    In the body of a class it takes the application as well, so that only what an object has can be looked at. Of an
    object the ``__call__`` counts, because the object may look like a function of other parameters: those of cardan do,
    and so does one that passes all attributes of another application on.
    """
    kind = type(websocket)
    call = getattr_static(kind, "__call__", None)
    called = call.__get__(websocket, kind) if isinstance(call, (FunctionType, classmethod, staticmethod)) else websocket
    if websocket is not None and not takes(called, "asgi"):
        name = getattr(websocket, "__qualname__", kind_of(websocket))
        raise TypeError(
            f"got {name}{signature(called)} as websocket, expected an ASGI application, which takes (scope, receive,"
            " send)"
        )


def expect_no_setting_of_requests(where: str, name: str, value: object) -> None:
    """Raise :exc:`TypeError` for a setting of requests that an application, or its class, is given as a plain value."""
    if name in OF_REQUESTS and not callable(value) and not hasattr(type(value), "__get__"):
        raise TypeError(f"got {name} in {where}, expected it in a class of requests: class ApiRequest(Request)")


def misspelt(name: str) -> str | None:
    """The option or method that was probably meant by ``name``, None if there is none."""
    return None if name.startswith("_") or name in WORDS else near_miss(name, KNOWN)


def remedy_for(spoken: ProtocolName) -> str:
    """What to do with an application that was given in place of a handler, for the text of an error."""
    return f"Application.from_{spoken}(app) makes it one for both protocols"


def _check_function(name: str, value: Any, expected: str) -> None:
    kind = value if isinstance(value, type) else type(value)
    if not callable(value) or issubclass(kind, (DualCallable, BaseResponse, HTTPException)):
        raise TypeError(f"got {kind_of(value)} as {name}, expected {expected}")
    if (spoken := protocol_in_place_of_handler(value)) is not None:
        raise TypeError(f"got {kind_of(value)} as {name}, expected {expected}: {remedy_for(spoken)}")


def unknown_option(name: str) -> TypeError:
    """The error for an option that does not exist: it names the one that was meant, or all of them."""
    from difflib import get_close_matches

    if name in OF_REQUESTS:
        return TypeError(f"got the option {name!r}, expected it in a class of requests: class ApiRequest(Request)")
    close = get_close_matches(name, OPTIONS, 1)
    known = ", ".join(map(repr, close or OPTIONS))
    return TypeError(f"got the option {name!r}, expected {known if close else f'one of {known}'}")
