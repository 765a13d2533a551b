"""What a wrapper has to know of any application: which protocol it speaks, and how its lifespan starts on WSGI."""

from __future__ import annotations

import inspect
from functools import lru_cache
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from ._dual import DualCallable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..types import ProtocolName

__all__ = [
    "BOTH",
    "begin",
    "callable_of",
    "expect_application",
    "expect_protocol",
    "no_application",
    "protocol_in_place_of_handler",
    "protocols_of",
    "takes",
    "wrong_protocol",
    "wrong_side",
]

BOTH: Final[tuple[ProtocolName, ...]] = ("wsgi", "asgi")

_BY_NUMBER: Final[dict[int, tuple[ProtocolName, ...]]] = {2: ("wsgi",), 3: ("asgi",)}


def protocols_of(app: Callable[..., Any]) -> tuple[ProtocolName, ...]:
    """The protocols of an application: ``("wsgi",)``, ``("asgi",)``, both for a dual one; ``()`` if nothing shows it.

    An application of cardan knows its protocols. Another one is an ASGI application if it, or its ``__call__``, is an
    ``async def``, as servers decide as well. Otherwise its parameters tell, by their names or by their number: WSGI has
    ``environ`` and ``start_response`` (PEP 3333), ASGI has ``scope``, ``receive`` and ``send`` (ASGI specification,
    "Applications"). The parameters of a wrapper are its own, else those of the function that it wraps
    (``functools.wraps``). A ``def application(*args)`` around another kind of function is a WSGI application:
    Werkzeug's ``Request.application`` makes such ones. Raises :exc:`TypeError` if ``app`` cannot be called.
    """
    if isinstance(app, DualCallable):
        return app._protocols()
    if not callable(app):
        raise TypeError(f"got an application of type {type(app).__name__}, expected a WSGI or ASGI application")
    if shown := _by_own_call(app):
        return shown
    if inspect.iscoroutinefunction(app):
        return ("asgi",)
    # the ``__call__`` of a class is that of its objects
    if not isinstance(app, type) and inspect.iscoroutinefunction(getattr(app, "__call__", None)):  # noqa: B004
        return ("asgi",)
    try:
        own = inspect.signature(app, follow_wrapped=False)
        wrapped = inspect.signature(app)
    except (TypeError, ValueError):  # a callable of a C library, for example
        return ()
    if shown := _by_parameters(own) or _by_parameters(wrapped):
        return shown
    only_positions = [each.kind for each in own.parameters.values()] == [inspect.Parameter.VAR_POSITIONAL]
    return ("wsgi",) if only_positions and own != wrapped else ()


def _by_own_call(app: Any) -> tuple[ProtocolName, ...]:
    """The protocol that the ``__call__`` in the class of an object shows.

    It comes first, because an object may pass all attributes of another application on, as the lint does: it then looks
    like this application.
    """
    call = None if isinstance(app, type) else getattr(type(app), "__call__", None)  # noqa: B004
    if not isinstance(call, FunctionType):
        return ()
    if inspect.iscoroutinefunction(call):
        return ("asgi",)
    return _by_parameters(inspect.signature(MethodType(call, app), follow_wrapped=False))


def _by_parameters(signature: inspect.Signature) -> tuple[ProtocolName, ...]:
    """The protocol that parameters show by their names or their number."""
    parameters = signature.parameters.values()
    if {each.name for each in parameters} & {"receive", "send"}:
        return ("asgi",)
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    return _BY_NUMBER.get(sum(each.default is each.empty for each in positional), ())


def expect_protocol(app: Callable[..., Any], expected: ProtocolName) -> None:
    """Raise :exc:`TypeError` if an application shows that it does not speak the protocol ``expected``."""
    if shown := protocols_of(app):
        if expected not in shown:
            got, other = ("an ASGI", "from_asgi") if expected == "wsgi" else ("a WSGI", "from_wsgi")
            wanted = "a WSGI" if expected == "wsgi" else "an ASGI"
            raise TypeError(f"got {got} application, expected {wanted} application: Application.{other}() takes it")
    elif not takes(app, expected):
        raise TypeError(no_application(app, ""))


def expect_application(app: Callable[..., Any], where: str = "") -> tuple[ProtocolName, ...]:
    """The protocols of an application, as :func:`protocols_of` gives them.

    If nothing shows them, they are the protocols whose arguments the application takes: the validator of the standard
    library (:func:`wsgiref.validate.validator`) takes any arguments, and so do decorators of several libraries. Raises
    :exc:`ValueError` for a callable that can be called as neither kind of application, such as a handler, and for a
    class of applications in place of an object. ``where`` is for the text of the error.
    """
    if shown := protocols_of(app):
        return shown
    taken: tuple[ProtocolName, ...] = tuple(
        each for each in BOTH if takes(app, each) and takes(app, each, follow_wrapped=True)
    )
    if not taken or isinstance(app, type):
        raise ValueError(no_application(app, where))
    return taken


def no_application(app: Callable[..., Any], where: str) -> str:
    """The text of the error for what can be called as neither kind of application."""
    if isinstance(app, type) and issubclass(app, DualCallable):
        return f"got the class {app.__name__}{where}, expected an object of it, which is the application"
    return (
        f"got an application{where} that takes neither (environ, start_response) nor (scope, receive, send), expected a"
        " WSGI or ASGI application (Request.application makes one of a handler)"
    )


def protocol_in_place_of_handler(given: object) -> ProtocolName | None:
    """The protocol of an application that was given where a handler is expected; None for what may be a handler.

    The class of an object shows it by what its ``__call__`` takes. Functions are not looked at.
    """
    kind: Any = type(given)
    return _protocol_of_objects(kind)


@lru_cache(maxsize=64)
def _protocol_of_objects(kind: Any) -> ProtocolName | None:
    try:
        names = inspect.signature(kind.__call__).parameters.keys()
    except (AttributeError, TypeError, ValueError):
        return None
    if "start_response" in names:
        return "wsgi"
    return "asgi" if {"receive", "send"} <= names else None


def takes(app: Callable[..., Any], protocol: ProtocolName, *, follow_wrapped: bool = False) -> bool:
    """Whether a callable can be called with the arguments of the protocol, as far as its signature tells."""
    try:
        signature = inspect.signature(app, follow_wrapped=follow_wrapped)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*("environ", "start_response") if protocol == "wsgi" else ("scope", "receive", "send"))
    except TypeError:
        return False
    return True


def begin(app: object) -> None:
    """Start the lifespans of an application of cardan in this process (WSGI)."""
    if isinstance(app, DualCallable):
        app._begin()


def wrong_protocol(where: str, spoken: ProtocolName) -> RuntimeError:
    """The error for a request over the other protocol than the one that an application speaks."""
    got, expected = ("WSGI", "ASGI") if spoken == "asgi" else ("ASGI", "WSGI")
    return RuntimeError(
        f"got a request over {got} for {where}, expected one over {expected}, which is all it speaks:"
        f" Application.from_{spoken}(app) makes it speak both"
    )


def wrong_side(given: str, spoken: ProtocolName) -> RuntimeError:
    """The error for a request over the other protocol than the one for which ``cardan.asgi.from_wsgi()``, or
    ``cardan.wsgi.from_asgi()``, gives one side of a bridge.
    """
    got, expected, served = ("WSGI", "ASGI", "wsgi") if spoken == "asgi" else ("ASGI", "WSGI", "asgi")
    return RuntimeError(
        f"got a request over {got} for what cardan.{given}() gave, expected one over {expected}:"
        f" Application.from_{served}(app) speaks both"
    )


def callable_of(app: Any, where: str) -> Any:
    """What a mount or a wrapper calls for ``app``: itself, if it shows its protocol. ``where`` is for the text of an
    error.
    """
    return app if protocols_of(app) else _Unshown(app, where)


class _Unshown:
    """An application that does not show its protocol, and is called over that of the request.

    If it speaks only the other one, its error gets a note that says so, because the text of the error may say anything.
    """

    def __init__(self, app: Callable[..., Any], where: str) -> None:
        self._app = app
        self._where = where

    def __call__(self, *args: Any) -> Any:
        return self._over_wsgi(*args) if len(args) == 2 else self._over_asgi(*args)

    def _over_wsgi(self, environ: Any, start_response: Any) -> Any:
        try:
            result = self._app(environ, start_response)
        except TypeError as error:  # what Python raises for the wrong number of arguments
            error.add_note(self._note("WSGI", "an ASGI", "from_asgi"))
            raise
        if inspect.iscoroutine(result):
            result.close()
            raise wrong_protocol(self._where, "asgi")
        return result

    async def _over_asgi(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            awaitable = self._app(scope, receive, send)
        except Exception as error:  # an ASGI application begins to run when it is awaited
            error.add_note(self._note("ASGI", "a WSGI", "from_wsgi"))
            raise
        if not inspect.isawaitable(awaitable):
            raise wrong_protocol(self._where, "wsgi")
        await awaitable

    def _note(self, protocol: str, other: str, bridge: str) -> str:
        return (
            f"{self._where} does not show its protocol, and was called over {protocol}: if it is {other} application,"
            f" Application.{bridge}(app) makes it speak both; Request.application makes one of a handler"
        )
