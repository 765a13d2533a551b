"""Types for annotations of handlers, middleware, lifespans and ASGI applications."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, TypeAlias, TypeVar

from .core._exceptions import HTTPException
from .core._response import BaseResponse, Response

__all__ = ["ASGIApplication", "Flow", "Handler", "Lifespan", "Middleware", "Receive", "Result", "Scope", "Send"]

R = TypeVar("R")

Scope: TypeAlias = MutableMapping[str, Any]
"""The ``scope`` of an ASGI application."""
Receive: TypeAlias = Callable[[], Awaitable[Any]]
"""The ``receive`` function of an ASGI application."""
Send: TypeAlias = Callable[[Any], Awaitable[None]]
"""The ``send`` function of an ASGI application."""
ASGIApplication: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application (ASGI specification, version 3)."""
Answer: TypeAlias = BaseResponse | HTTPException
"""A response or an HTTP error."""
Result: TypeAlias = Answer | Awaitable[Answer]
"""The result of a handler: a response or an HTTP error, or an awaitable of one (``async def``)."""
Handler: TypeAlias = Callable[[R], Answer | Awaitable[Answer]]
"""A handler: a function that takes a request of type ``R`` and returns a :data:`Result`."""
Flow: TypeAlias = Generator[None, Response, Answer]
"""The result of a middleware function: a generator that yields once, receives the response from this ``yield``, and
returns a response."""
Middleware: TypeAlias = Callable[[Any], Flow]
"""A middleware: a generator function that takes a request, or the result of :func:`cardan.middleware`."""
Lifespan: TypeAlias = Callable[
    [Any],
    AbstractAsyncContextManager[Mapping[str, Any] | None] | AbstractContextManager[Mapping[str, Any] | None],
]
"""A lifespan: a function that takes the application and returns a context manager, sync or async. The context manager
yields the lifespan state, a mapping or None."""


def __dir__() -> list[str]:
    return sorted(__all__)
