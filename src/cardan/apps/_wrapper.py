"""Wrapper: what :class:`ProxyFix`, :class:`CORS` and :class:`Compression` have in common.

Each stands around one application of any library, and speaks the protocols that this application speaks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ._dual import Dual
from ._lifespan import run_once
from ._protocols import begin, callable_of, expect_application, wrong_protocol

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from ..types import ASGIApplication, ProtocolName, Scope

__all__ = ["Wrapper"]


class Wrapper(Dual):
    """An application around ``app``. A subclass defines ``wsgi_app`` and ``asgi_app``."""

    def __init__(self, app: WSGIApplication | ASGIApplication) -> None:
        self._app: Any = app
        self._spoken = expect_application(app)
        self._called = callable_of(app, self._where)

    @property
    def app(self) -> WSGIApplication | ASGIApplication:
        """The application that is called."""
        app: WSGIApplication | ASGIApplication = self._app
        return app

    def close(self) -> None:
        """Close the application, if it has a method ``close``. For tests and scripts."""
        close = getattr(self._app, "close", None)
        if close is not None:
            close()

    @property
    def _where(self) -> str:
        return f"the application behind {type(self).__name__}"

    def _wsgi_inside(self) -> WSGIApplication:
        """The application, for a request over WSGI. Raises :exc:`RuntimeError` if it does not speak WSGI."""
        if "wsgi" not in self._spoken:
            raise wrong_protocol(self._where, "asgi")
        app: WSGIApplication = self._called
        return app

    def _asgi_inside(self, scope: Scope) -> ASGIApplication:
        """What is called for an ASGI scope: the application, whose lifespan runs once below one mount.

        Raises :exc:`RuntimeError` if the application does not speak ASGI.
        """
        if "asgi" not in self._spoken:
            raise wrong_protocol(self._where, "wsgi")
        app: ASGIApplication = self._called
        return app if scope["type"] != "lifespan" else partial(run_once, app)

    def _begin(self) -> None:
        begin(self._app)

    def _lifespan_state(self) -> dict[str, Any]:
        return self._app._lifespan_state() if isinstance(self._app, Dual) else {}

    def _protocols(self) -> tuple[ProtocolName, ...]:
        return self._spoken
