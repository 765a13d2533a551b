"""Mount: several applications side by side, each below a prefix of the path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from .._request import Request
from ..asgi import _rewriting as asgi_rewriting
from ..asgi._head import ScopeHead
from ..asgi._websockets import deny_websocket
from ..core._closing import close_all
from ..core._exceptions import NotFound
from ..core._mounting import checked_prefix, longest_prefix
from ..core._request.exchange import DIRECT
from ..wsgi import _rewriting as wsgi_rewriting
from ..wsgi._errors import answer_error
from ..wsgi._head import EnvironHead
from ._application import Application
from ._dual import Dual
from ._protocols import BOTH, begin, callable_of, expect_application, wrong_protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ..types import ASGIApplication, ProtocolName, Receive, Scope, Send

__all__ = ["Mount"]


def _nothing(request: Request) -> NoReturn:
    raise NotFound


async def _nothing_async(request: Request) -> NoReturn:
    raise NotFound


# The two kinds of handler, so that neither protocol has to change the thread for a 404.
_MISSING = Application(_nothing)
_MISSING_ASYNC = Application(_nothing_async)


def _where(prefix: str) -> str:
    return f"the application at {prefix or '/'!r}"


class Mount(Dual):
    """A WSGI and ASGI application that calls one of several applications, chosen by the path of the request.

    ``apps`` maps prefixes, which are decoded text, to applications: WSGI, ASGI and dual ones. The longest prefix that
    the path is below is chosen. A prefix ends at a slash of the path: ``/api`` holds ``/api`` and ``/api/x``, and not
    ``/apiary``. The prefix ``/`` holds all paths. If no prefix fits, the answer is a 404.

    The chosen application sees the prefix at the end of ``root_path`` (``SCRIPT_NAME`` on WSGI), and only the rest in
    ``path``. It gets a copy of the environ or scope; the original stays as it was.

    - Lifespan: the server starts the lifespans of all applications, in the order of ``apps``, and ends them in the
      reverse order. The requests of each application see the state of its own lifespan. An application that is
      mounted several times has one lifespan, also if one of the mounts is below another one or behind a wrapper such as
      :class:`CORS`. On WSGI, the first request of each process starts the lifespans of all applications of cardan, and
      :meth:`close` ends them.
    - Websockets are passed to ASGI and dual applications. Other websocket connections are refused with a 404.
    - An application that does not speak the protocol of the request cannot answer it: :exc:`RuntimeError` is raised.
      One that does not show its protocol, because it takes any arguments for example, gets the requests of both.

    Raises :exc:`ValueError` for a prefix that does not begin with exactly one slash, for one that occurs twice, and for
    what can be called as neither kind of application, such as a handler; :exc:`TypeError` for an application that
    cannot be called, and for ``apps`` that are no mapping.

    >>> from cardan import Mount, Request, Response
    >>> @Request.application
    ... def page(request: Request) -> Response:
    ...     return Response(f"{request.root_path} {request.path}")
    >>> app = Mount({"/api": page, "/": page})
    """

    __module__ = "cardan"

    def __init__(self, apps: Mapping[str, WSGIApplication | ASGIApplication]) -> None:
        if not isinstance(apps, Mapping):
            raise TypeError(f"got {type(apps).__name__}, expected a mapping of prefixes to applications")
        mounted: dict[str, Any] = {}
        spoken: dict[int, tuple[ProtocolName, ...]] = {}
        for given, app in apps.items():
            prefix = checked_prefix(given)
            if prefix in mounted:
                raise ValueError(f"got the prefix {given!r} twice, expected one application for each prefix")
            spoken[id(app)] = expect_application(app, f" at {given!r}")
            mounted[prefix] = app
        self._apps = {prefix: mounted[prefix] for prefix in sorted(mounted, key=len, reverse=True)}
        self._in_order = list({id(app): app for app in mounted.values()}.values())
        self._protocols_of = spoken
        self._called = {prefix: callable_of(app, _where(prefix)) for prefix, app in mounted.items()}
        self._key = f"cardan.mount.{id(self)}"
        self._states: dict[int, MutableMapping[str, Any]] = {}
        self._last_states = self._states
        self._began_in: int | None = None

    @property
    def apps(self) -> Mapping[str, Callable[..., Any]]:
        """The applications by their prefixes, the longest prefix first. ``""`` is the prefix of all paths."""
        return MappingProxyType(self._apps)

    def close(self) -> None:
        """Close every application that has a method ``close``, the last one first.

        All are closed even if closing one fails. The first error is raised afterwards. For tests and scripts.
        """
        self._began_in = None
        close_all([app.close for app in reversed(self._in_order) if getattr(app, "close", None) is not None])

    def _serve_wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request (PEP 3333)."""
        if self._began_in != os.getpid():
            try:
                self._begin()
            except BaseException as error:
                if (answer := answer_error(error, environ, start_response)) is None:
                    raise
                return answer
        prefix = longest_prefix(EnvironHead(environ).path, self._apps)
        if prefix is None:
            return _MISSING(environ, start_response)
        app = self._apps[prefix]
        if "wsgi" not in self._protocols_of[id(app)]:
            raise wrong_protocol(_where(prefix), "asgi")
        body: Iterable[bytes] = self._called[prefix](wsgi_rewriting.below(environ, prefix), start_response)
        return body

    async def _serve_asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._serve_lifespan(scope, receive, send)
            return
        if kind not in ("http", "websocket"):
            raise RuntimeError(f"got a scope of type {kind!r}, expected http, websocket or lifespan")
        prefix = longest_prefix(ScopeHead(scope).path, self._apps)
        app: Any = self._apps.get(prefix) if prefix is not None else None
        if prefix is None or "asgi" not in self._protocols_of[id(app)]:
            if kind == "websocket":
                await deny_websocket(scope, receive, send)
            elif prefix is None:
                await _MISSING_ASYNC(scope, receive, send)
            else:
                raise wrong_protocol(_where(prefix), "wsgi")
            return
        inner = asgi_rewriting.below(scope, prefix)
        state = scope.get("state") or {}
        states = state.get(self._key, self._states)
        if states or self._key in state:
            inner["state"] = {name: value for name, value in state.items() if name != self._key}
            inner["state"].update({**states.get(id(app), {}), **scope.get(DIRECT, {})})  # what a caller gave wins
        await self._called[prefix](inner, receive, send)

    if not TYPE_CHECKING:  # for type checkers the attributes of Dual, which may be replaced
        wsgi_app, asgi_app = _serve_wsgi, _serve_asgi

    async def _serve_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        from ._nested_lifespans import NestedLifespans

        apps = [app for app in self._in_order if "asgi" in self._protocols_of[id(app)]]
        states: dict[int, MutableMapping[str, Any]] = {}

        def keep(app: Any, state: MutableMapping[str, Any]) -> None:
            states[id(app)] = state

        if "state" in scope:  # the server brings it to the requests; several servers may run the same mount
            scope["state"][self._key] = states
        else:
            self._states = states
        self._last_states = states  # for arespond(), which no server brings a state
        await NestedLifespans(apps, scope, keep).run(receive, send)

    def _lifespan_state(self) -> dict[str, Any]:
        return {self._key: self._last_states} if self._last_states else {}

    def _begin(self) -> None:
        for app in self._in_order:
            begin(app)
        self._began_in = os.getpid()  # after all of them: an application that fails is tried again

    def _protocols(self) -> tuple[ProtocolName, ...]:
        spoken = {name for names in self._protocols_of.values() for name in names}
        return tuple(name for name in BOTH if name in spoken) or BOTH
