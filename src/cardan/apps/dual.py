"""Dual: one object that is a WSGI and an ASGI application.

Servers decide by ``iscoroutinefunction(app.__call__)``; :class:`DualCall` is a class-level descriptor that answers
yes, and dispatches by what it is called with: three arguments are ASGI, two of which the first is a dict are WSGI.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, Final, NoReturn, overload

from ..types import ASGIApplication, Receive, Send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication

__all__ = ["Dual", "DualCall", "DualCallable", "WrappedCall"]

MISSING: Any = object()
_APPS: Final = ("wsgi_app", "asgi_app")


async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> None:
    """The face that servers inspect; never called."""


class DualCall:
    """The ``__call__`` of a dual object that has ``_wsgi(environ, start_response)`` and
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
        raise _not_dual(scope)


class WrappedCall(DualCall):
    """The same for what has ``wsgi_app`` and ``asgi_app``, each of which may be replaced."""

    def __call__(self, obj: Any, scope: Any, receive: Any = MISSING, send: Any = MISSING) -> Any:
        if send is not MISSING:
            return obj.asgi_app(scope, receive, send) if obj._replaced != "wsgi_app" else obj._refuse("asgi_app")
        if isinstance(scope, dict) and receive is not MISSING:
            return obj.wsgi_app(scope, receive) if obj._replaced != "asgi_app" else obj._refuse("wsgi_app")
        raise _not_dual(scope)


def _only(names: set[str]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None


def _not_dual(scope: object) -> TypeError:
    return TypeError(
        f"got {type(scope).__name__} and no send, expected a WSGI environ or an ASGI scope:"
        " started as RSGI; use --interface asgi"
    )


class DualCallable:
    """Callable by either protocol, with the types that servers ask for."""

    _asgi_single_callable = True  # asgiref: not an ASGI 2 application

    if TYPE_CHECKING:

        @overload
        def __call__(self, environ: dict[str, Any], start_response: StartResponse, /) -> Iterable[bytes]: ...
        @overload
        async def __call__(self, scope: Any, receive: Receive, send: Send) -> None: ...
        def __call__(self, *args: Any, **options: Any) -> Any: ...

    else:
        __call__ = DualCall()

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a WSGI request. A subclass defines it."""
        raise NotImplementedError

    def _asgi(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer an ASGI scope. A subclass defines it."""
        raise NotImplementedError


class Dual(DualCallable):
    """A WSGI and an ASGI application in one; ``Dual(wsgi_app, asgi_app)`` pairs two that exist.

    ``wsgi_app`` and ``asgi_app`` are attributes to wrap with middleware of either protocol, and methods that a
    subclass may override. Where only one of them was replaced, calls over the other raise :exc:`RuntimeError`:
    one-sided authentication is a hole.
    """

    wsgi_app: Callable[[dict[str, Any], Any], Iterable[bytes]]
    asgi_app: ASGIApplication

    _replaced: str | None = None
    """Which one was replaced, where it is only one."""
    _overridden: frozenset[str] = frozenset()
    """Those that the class overrides where its base has both."""
    _given: dict[str, Any] = {}
    """Those that the object was made of."""

    if not TYPE_CHECKING:
        __call__ = WrappedCall()

    def __init__(self, wsgi_app: WSGIApplication, asgi_app: ASGIApplication) -> None:
        self._given = {"wsgi_app": wsgi_app, "asgi_app": asgi_app}
        self.wsgi_app = wsgi_app
        self.asgi_app = asgi_app

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        overridden: set[str] = set()
        for base in cls.__mro__:
            own = {name for name in _APPS if name in base.__dict__}
            if len(own) == len(_APPS):
                break
            overridden |= own
        else:
            overridden.clear()  # no class has both: there is nothing to override
        cls._overridden = frozenset(overridden)
        cls._replaced = _only(overridden)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _APPS:  # looked at where it changes, not at every call
            self._note_replaced()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in _APPS:
            self._note_replaced()

    def _note_replaced(self) -> None:
        own, given = self.__dict__, self._given
        self._replaced = _only({
            name for name in _APPS if name in self._overridden or (name in own and own[name] is not given.get(name))
        })  # fmt: skip

    def _refuse(self, name: str) -> NoReturn:
        raise RuntimeError(
            f"only {self._replaced} of this application was wrapped: wrap {name} too, or use dual middleware"
        )
