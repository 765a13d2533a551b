"""Types for annotations of handlers, middleware, lifespans and ASGI applications."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypedDict

from ._unread import UnreadRequest
from .core._exceptions import HTTPException
from .core._problem import ErrorFormat
from .core._response.base import BaseResponse
from .core.drive import AsyncStream

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from ._request import Request
    from ._response import Response

    R = TypeVar("R", default=Request)
else:
    from typing import TypeVar

    from .core._response.response import Response

    R = TypeVar("R")

__all__ = [
    "ASGIApplication",
    "ApplicationOptions",
    "AsyncFlow",
    "AsyncStream",
    "Flow",
    "Handler",
    "Lifespan",
    "Middleware",
    "ProtocolName",
    "Receive",
    "Result",
    "Scope",
    "Send",
    "UnreadRequest",
]

Scope: TypeAlias = MutableMapping[str, Any]
"""The ``scope`` of an ASGI application."""
Receive: TypeAlias = Callable[[], Awaitable[Any]]
"""The ``receive`` function of an ASGI application."""
Send: TypeAlias = Callable[[Any], Awaitable[None]]
"""The ``send`` function of an ASGI application."""
ASGIApplication: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application (ASGI specification, version 3)."""
ProtocolName: TypeAlias = Literal["wsgi", "asgi"]
"""The name of a protocol, as the clients of :mod:`cardan.testing` and ``Request.from_values`` take it."""
Answer: TypeAlias = BaseResponse | HTTPException
"""A response or an HTTP error."""
Result: TypeAlias = Answer | Awaitable[Answer]
"""The result of a handler: a response or an HTTP error, or an awaitable of one (``async def``)."""
Handler: TypeAlias = Callable[[R], Answer | Awaitable[Answer]]
"""A handler: a function that takes a request of type ``R`` and returns a :data:`Result`.

It returns nothing else: text, bytes, a dict or a tuple of a body and a status raise :exc:`TypeError`.

``Handler`` alone is ``Handler[Request]``."""
Flow: TypeAlias = Generator[None, Response, Any]
"""The result of a middleware function: a generator that yields once and is sent the response.

It returns a response or an HTTP error, or None if the response that it was sent stays. The type of this is Any, because
mypy misses a ``return`` at the end of a generator function with any other type than None."""
AsyncFlow: TypeAlias = AsyncGenerator[Any, Response]
"""The result of an ``async def`` middleware: an async generator that yields once and is sent the response.

It may yield a response or an HTTP error before, which is then the answer, or afterwards, in place of the response that
it was sent. (An async generator cannot return a value.) What it yields has the type Any, because mypy asks for a value
after every ``yield`` of a generator with any other type than None."""
Middleware: TypeAlias = Callable[
    [R], Generator[None, Response, Answer | None] | AsyncGenerator[Answer | None, Response]
]
"""A middleware: a function that takes a request of type ``R``, or the result of :func:`cardan.middleware`.

It is a generator function, ``def`` or ``async def``.

``Middleware`` alone is ``Middleware[Request]``."""
#: the event loops that :attr:`ApplicationOptions.backend` can name
Backend: TypeAlias = Literal["asyncio", "trio"]
Lifespan: TypeAlias = Callable[
    [Any],
    AbstractAsyncContextManager[Mapping[str, Any] | None] | AbstractContextManager[Mapping[str, Any] | None],
]
"""A lifespan: a function that takes the application and returns a context manager, sync or async. The context manager
yields the lifespan state, a mapping or None."""


class ApplicationOptions(TypedDict, Generic[R], total=False):
    """The options of an application, whose requests are of type ``R``.

    They are keywords of :class:`cardan.Application` and of :meth:`cardan.Request.application`, and are described at the
    attributes of an application with the same names. None stands for an option that is not given. For a constructor of
    your own::

        def __init__(self, **options: Unpack[ApplicationOptions[Request]]) -> None:
            super().__init__(**options)
    """

    load: bool | None
    lifespan: Lifespan | None
    middleware: Sequence[Middleware[R]] | None
    websocket: ASGIApplication | None
    threads: int | None
    waiting_threads: int | None
    stream_threads: int | None
    backend: Backend | None
    end_streams_on_stop: bool | None
    errors: ErrorFormat | None


def __dir__() -> list[str]:
    return sorted(__all__)
