"""Delegation: an application that ``resolve`` has returned answers one request of another application.

An :class:`~cardan.Application` that nothing wraps runs in the flow of the request, in the same thread or event loop.
Any other application for both protocols is called over the protocol of the request: on ASGI as an ``async def`` handler
in the event loop of the server, on WSGI as a ``def`` handler that may block. An application that speaks WSGI only gets
an environ that is made of the scope.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._request import Request
from ..core._flow import Delegate, flow, keeping_thread, keeps_thread, may_begin_early, raiser
from ..core._request.exchange import find_exchange
from ..core._request.serving import load_in_thread
from ..core._response.base import BaseResponse
from ..core._response.of_application import response_of
from ..core._response.response import Response
from ._protocols import wrong_protocol
from ._responding import answer_over_asgi
from ._writer import answer_writing
from ._wsgi_bridge import environ_for, whole_environ_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core._flow import Steps
    from ..wsgi._calling import AppBody
    from ._dual import DualCallable

__all__ = ["delegated", "environ_of"]


def delegated(app: DualCallable, request: Any, *, in_flow: bool) -> tuple[Callable[[Any], Any], bool]:
    """The handler that gives this request to ``app``, and whether it is async.

    ``in_flow``: ``app`` is an Application that nothing wraps.
    """
    if in_flow:
        return _in_flow(app, request)
    spoken = app._protocols()
    if "asgi" in spoken and _own_environ(request) is None:
        return partial(_over_asgi, app), True
    if "wsgi" not in spoken:
        raise wrong_protocol(f"the {type(app).__name__} that resolve() returned, which is called", "asgi")
    return _over_wsgi(app), False


def _in_flow(app: Any, request: Any) -> tuple[Callable[[Any], Any], bool]:
    inner = request if app.request_class is type(request) else _opened_again(app.request_class, request)
    middleware = app.middleware  # those of this request, also if others are assigned while the body is loaded
    handler, is_async, loads = app._adapter_find_handler(inner)

    def steps() -> Steps:
        chosen = handler
        try:
            for form in loads:
                if is_async:
                    yield inner.load(form=form)
                else:
                    load_in_thread(inner, form=form)
        except Exception as error:
            chosen = raiser(error)
        begun = flow(inner, chosen, middleware, app.on_error)
        return begun if isinstance(begun, BaseResponse) else (yield from begun)

    early = may_begin_early(handler, middleware)
    return Delegate(steps, keeps_thread=keeps_thread(handler), begins_early=early), is_async


def _opened_again(request_class: Callable[..., Any], request: Any) -> Any:
    """The same request as an object of another class. Both share the body."""
    environ = _own_environ(request)
    if environ is not None:
        return request_class(environ)
    return request_class(request.scope, request.receive, getattr(request, "send", None))


def _own_environ(request: Any) -> dict[str, Any] | None:
    """The environ of a request that came over WSGI, None for another one."""
    try:
        environ: dict[str, Any] = request.environ
    except AttributeError:
        return None
    return environ


def environ_of(request: Any) -> dict[str, Any]:
    """The environ of a request: its own on WSGI. On ASGI one that is made of the scope, without ``wsgi.input``."""
    environ = _own_environ(request)
    return environ_for(request) if environ is None else environ


async def _over_asgi(app: Any, request: Any) -> Response:
    return await answer_over_asgi(app, request)


def _over_wsgi(app: Any) -> Callable[[Any], Response]:
    def handler(request: Any) -> Response:
        environ = _own_environ(request)
        if environ is None:  # as on WSGI, the limits of the outer application are not those of the input
            environ = whole_environ_for(_opened_again(Request, request))
        exchange = find_exchange(environ.get("asgi.scope") or environ)
        return answer_writing(app, environ, exchange, request.method, _streamed)

    return keeping_thread(handler)


def _streamed(status: str, headers: list[tuple[str, str]], body: AppBody) -> Response:
    return response_of(Response, body, status, headers, body.close)
