"""Dual: one object that is a WSGI and an ASGI application.

Servers decide by ``iscoroutinefunction(app.__call__)``; :class:`DualCall` is a class-level descriptor that answers
yes, and dispatches by what it is called with: three arguments are ASGI, two of which the first is a dict are WSGI.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, overload

from .types import ASGIApplication, Receive, Send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication

__all__ = ["Dual", "DualCall", "DualCallable"]

MISSING: Any = object()


async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> None:
    """The face that servers inspect; never called."""


class DualCall:
    """The ``__call__`` of everything dual. The object has ``_wsgi(environ, start_response)`` and
    ``_asgi(scope, receive, send)``.

    It carries the attributes of an ``async def``, which is how :func:`inspect.iscoroutinefunction` and asyncio's look
    at what is no function: on the class, so that an object costs nothing and makes no cycle.
    """

    __name__ = __call__.__name__
    __code__ = __call__.__code__
    __defaults__ = __call__.__defaults__
    __kwdefaults__ = __call__.__kwdefaults__
    __annotations__ = __call__.__annotations__

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else MethodType(self, obj)

    def __call__(self, obj: Any, scope: Any, receive: Any = MISSING, send: Any = MISSING) -> Any:
        if send is not MISSING:
            return obj._asgi(scope, receive, send)
        if isinstance(scope, dict) and receive is not MISSING:
            return obj._wsgi(scope, receive)
        raise TypeError(
            f"got {type(scope).__name__} and no send, expected a WSGI environ or an ASGI scope:"
            " started as RSGI; use --interface asgi"
        )


class DualCallable:
    """Callable by either protocol: what dispatches to ``_wsgi`` and ``_asgi``, with the types that servers ask for."""

    _asgi_single_callable = True  # asgiref: not an ASGI 2 application

    if TYPE_CHECKING:

        @overload
        def __call__(self, environ: dict[str, Any], start_response: StartResponse, /) -> Iterable[bytes]: ...
        @overload
        async def __call__(self, scope: Any, receive: Receive, send: Send) -> None: ...
        def __call__(self, *args: Any, **options: Any) -> Any: ...

    else:
        __call__ = DualCall()


class Dual(DualCallable):
    """A WSGI and an ASGI application in one; ``Dual(wsgi_app, asgi_app)`` pairs two that exist.

    ``wsgi_app`` and ``asgi_app`` are attributes to wrap with middleware of either protocol. Where only one of them
    was replaced, calls over the other raise :exc:`RuntimeError`: one-sided authentication is a hole.
    """

    wsgi_app: Callable[[dict[str, Any], Any], Iterable[bytes]]
    asgi_app: ASGIApplication

    def __init__(self, wsgi_app: WSGIApplication, asgi_app: ASGIApplication) -> None:
        self.wsgi_app = wsgi_app
        self.asgi_app = asgi_app

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        values = self.__dict__
        if "asgi_app" in values and "wsgi_app" not in values:
            raise RuntimeError(
                "only asgi_app of this application was wrapped: wrap wsgi_app too, or use dual middleware"
            )
        return self.wsgi_app(environ, start_response)

    def _asgi(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        values = self.__dict__
        if "wsgi_app" in values and "asgi_app" not in values:
            raise RuntimeError(
                "only wsgi_app of this application was wrapped: wrap asgi_app too, or use dual middleware"
            )
        return self.asgi_app(scope, receive, send)
