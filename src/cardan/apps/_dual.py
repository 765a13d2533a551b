"""Dual: one object that is a WSGI and an ASGI application.

The arguments of a call tell the protocol: three arguments mean ASGI, and two of which the first is a dict mean WSGI.
Servers treat an application as ASGI if ``iscoroutinefunction(app.__call__)`` is true. :func:`coroutine_function` makes
this true for a plain function, which returns the coroutine of ``asgi_app`` or the iterable of ``wsgi_app``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeVar, overload

from ..types import ASGIApplication, Receive, Send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication

    from .. import core
    from .._response import Response

__all__ = ["Dual", "DualCallable", "async_face", "coroutine_function"]

MISSING: Any = object()
_APPS: Final = ("wsgi_app", "asgi_app")
_EXPECTED: Final = {
    "wsgi_app": "a WSGI application, which is called with (environ, start_response)",
    "asgi_app": "an ASGI application, which is called with (scope, receive, send)",
}


async def async_face(self: Any, scope: Any, receive: Any, send: Any) -> None:
    """Its attributes are copied to objects that :func:`inspect.iscoroutinefunction` must recognise as ``async def``."""


C = TypeVar("C", bound="Callable[..., Any]")


def coroutine_function(function: C) -> C:
    """Mark a plain function as one that returns a coroutine, so that servers treat it as ``async def``.

    They call :func:`inspect.iscoroutinefunction`, which before Python 3.12 only looks at a flag of the code object.
    """
    if sys.version_info >= (3, 12):  # pragma: no cover - on one version of Python only one of the two ways is taken
        from inspect import markcoroutinefunction

        return markcoroutinefunction(function)
    else:  # pragma: no cover - likewise
        code = function.__code__
        function.__code__ = code.replace(co_flags=code.co_flags | 0x80)  # CO_COROUTINE
        return function


@coroutine_function
def _call_dual(self: Any, scope: Any, receive: Any = MISSING, send: Any = MISSING) -> Any:
    """The ``__call__`` of an object that has ``_wsgi(environ, start_response)`` and ``_asgi(scope, receive, send)``."""
    if send is not MISSING:
        return self._asgi(scope, receive, send)
    if isinstance(scope, dict) and receive is not MISSING:
        return self._wsgi(scope, receive)
    raise _not_dual(scope)


@coroutine_function
def _call_wrapped(self: Any, scope: Any, receive: Any = MISSING, send: Any = MISSING) -> Any:
    """The ``__call__`` of an object that has ``wsgi_app`` and ``asgi_app``, each of which may be replaced."""
    if send is not MISSING:
        return self.asgi_app(scope, receive, send) if self._replaced != "wsgi_app" else self._refuse("asgi_app")
    if isinstance(scope, dict) and receive is not MISSING:
        return self.wsgi_app(scope, receive) if self._replaced != "asgi_app" else self._refuse("wsgi_app")
    raise _not_dual(scope)


def _only(names: set[str]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None


def _not_dual(scope: object) -> TypeError:
    return TypeError(
        f"got {type(scope).__name__} and no send, expected a WSGI environ or an ASGI scope:"
        " started as RSGI; use --interface asgi"
    )


class DualCallable:
    """An object that can be called over either protocol, with the types that servers expect."""

    _asgi_single_callable = True  # asgiref: not an ASGI 2 application

    if TYPE_CHECKING:

        @overload
        def __call__(self, environ: dict[str, Any], start_response: StartResponse, /) -> Iterable[bytes]: ...
        @overload
        async def __call__(self, scope: Any, receive: Receive, send: Send) -> None: ...
        def __call__(self, *args: Any, **options: Any) -> Any: ...

    else:
        __call__ = _call_dual

    def _protocols(self) -> tuple[Literal["wsgi", "asgi"], ...]:
        """The protocols that the object answers. A wrapper of one application answers what this application does."""
        return ("wsgi", "asgi")

    def _begin(self) -> None:
        """Start the lifespans of the object in this process, unless they have started. For mounts, on WSGI."""

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a WSGI request. A subclass defines it."""
        raise NotImplementedError

    def _asgi(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer an ASGI scope. A subclass defines it."""
        raise NotImplementedError


class Dual(DualCallable):
    """A WSGI and an ASGI application in one object. ``Dual(wsgi_app, asgi_app)`` combines two existing ones.

    To wrap it with middleware of a protocol, replace the attributes ``wsgi_app`` and ``asgi_app``. A subclass may
    override them as methods. If only one of them was replaced, calls over the other protocol raise :exc:`RuntimeError`,
    because the middleware, which may check the authentication, would be missing there.

    Raises :exc:`TypeError` for an application that cannot be called.
    """

    __module__ = "cardan"

    wsgi_app: Callable[[dict[str, Any], Any], Iterable[bytes]]
    """Serves WSGI requests (PEP 3333). Replace it to wrap the application with WSGI middleware."""
    asgi_app: ASGIApplication
    """Serves ASGI scopes. Replace it to wrap the application with ASGI middleware."""

    _replaced: str | None = None
    """The name of the application that was replaced, if only one of the two was."""
    _overridden: frozenset[str] = frozenset()
    """The names that the class overrides, if its base has both."""
    _given: dict[str, Any] = {}
    """The applications that the object was made from."""

    if not TYPE_CHECKING:
        __call__ = _call_wrapped

    def __init__(self, wsgi_app: WSGIApplication, asgi_app: ASGIApplication) -> None:
        self._given = {"wsgi_app": wsgi_app, "asgi_app": asgi_app}
        self.wsgi_app = wsgi_app
        self.asgi_app = asgi_app

    def respond(self, request: core.BaseRequest) -> Response:
        """The response to a request of core: the application without a server, for h11, Lambda or a test.

        ``request`` is made of a head and a body, and the handler gets a request of its own class with the same values.
        It works as on WSGI: a ``def`` handler runs in this thread, an ``async def`` handler in the event loop of the
        process, and the lifespan is started by the first request. An application of another library, which a
        :class:`Mount` or :class:`CORS` may hold, is called as by a server of WSGI.

        ``response.iter_events(request.method)`` gives what is to be sent, and closes the response; otherwise close it.
        Raises the error of the application, unless :meth:`Application.on_exception` gives a response, and
        :exc:`WrongMode` for a request whose body is an async iterable.

        >>> from cardan import Application, Response, core
        >>> app = Application(lambda request: Response("Hello " + request.args["name"]))
        >>> response = app.respond(core.Request(core.RequestHead(query_string=b"name=a")))
        >>> response.status, response.get_data()
        ('200 OK', b'Hello a')
        """
        from ._responding import respond

        return respond(self, request)

    async def arespond(self, request: core.BaseRequest) -> Response:
        """The response to a request of core, in async code on asyncio or trio.

        It works as on ASGI: an ``async def`` handler runs in this event loop, a ``def`` handler in a worker thread. A
        server that runs the lifespan passes the state on. ``response.aiter_events(request.method)`` gives what is to be
        sent, and closes the response; otherwise await ``aclose()``. A chunk is asked of the application when the one
        before it was taken. Raises the error of the application, unless :meth:`Application.on_exception` gives a
        response.
        """
        from ._responding import arespond

        return await arespond(self, request, self._lifespan_state())

    def _lifespan_state(self) -> dict[str, Any]:
        """What a lifespan has yielded, if it was run over ASGI and the server keeps no state."""
        app = self._given.get("asgi_app")
        return app._lifespan_state() if isinstance(app, Dual) else {}

    def close(self) -> None:
        """End the lifespan that this process has started on WSGI, if the WSGI application was made by cardan.

        For tests and scripts; a server ends lifespans at exit.
        """
        app = self._given.get("wsgi_app")
        if isinstance(app, Dual):
            app.close()

    def _begin(self) -> None:
        app = self._given.get("wsgi_app")
        if isinstance(app, DualCallable):
            app._begin()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        overridden: set[str] = set()
        for base in cls.__mro__:
            own = {name for name in _APPS if name in base.__dict__}
            if len(own) == len(_APPS):
                break
            overridden |= own
        else:
            overridden.clear()  # no class has both, so there is nothing to override
        cls._overridden = frozenset(overridden)
        cls._replaced = _only(overridden)

    if not TYPE_CHECKING:  # a checker that saw this method would accept the assignment of any name

        def __setattr__(self, name: str, value: object) -> None:
            if name in _APPS and not callable(value):
                raise TypeError(f"got {value!r} as {name}, expected {_EXPECTED[name]}")
            super().__setattr__(name, value)
            if name in _APPS:  # checked when it changes, and not in every call
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
            f"only {self._replaced} of this application was wrapped, and this request is for {name}: wrap {name} too,"
            " or use a middleware of Application, which runs on both protocols"
        )
