"""The names for annotations: what handlers, middleware, lifespans and ASGI callables look like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, TypeAlias, TypeVar

from .core.exceptions import HTTPException
from .core.response import BaseResponse, Response

__all__ = ["ASGIApplication", "Flow", "Handler", "Lifespan", "Middleware", "Receive", "Result", "Scope", "Send"]

R = TypeVar("R")

Scope: TypeAlias = MutableMapping[str, Any]
"""An ASGI scope."""
Receive: TypeAlias = Callable[[], Awaitable[Any]]
"""An ASGI receive."""
Send: TypeAlias = Callable[[Any], Awaitable[None]]
"""An ASGI send."""
ASGIApplication: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application (ASGI specification, version 3)."""
Answer: TypeAlias = BaseResponse | HTTPException
"""A response or an HTTP error."""
Result: TypeAlias = Answer | Awaitable[Answer]
"""What a handler returns: an answer, or, ``async def``, an awaitable of one."""
Handler: TypeAlias = Callable[[R], Answer | Awaitable[Answer]]
"""A handler of requests of type ``R``."""
Flow: TypeAlias = Generator[None, Response, Answer]
"""What a middleware function returns: a generator that yields once, is sent the response and returns one."""
Middleware: TypeAlias = Callable[[Any], Flow]
"""A middleware: the generator function, or what :func:`cardan.middleware` made of it."""
Lifespan: TypeAlias = Callable[
    [Any],
    AbstractAsyncContextManager[Mapping[str, Any] | None] | AbstractContextManager[Mapping[str, Any] | None],
]
"""A lifespan: takes the application, gives a context manager, sync or async, that yields the state or None."""
