"""Test clients and helpers for any WSGI or ASGI application.

`Client` and `AsyncClient` call an application in this process, over WSGI or ASGI, with streaming, back-pressure,
disconnects and lifespan. They need httpx (``pip install 'cardan[testing]'``). `RequestBuilder` makes an environ, a
scope or core's `RequestHead` from the same arguments. `lint` checks whether an application follows its protocol. The
package does not import pytest. A name is imported when it is first used: only the clients import httpx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from . import lint as lint
    from ._builder import RequestBuilder as RequestBuilder
    from ._client import PROTOCOLS as PROTOCOLS
    from ._client import AsyncClient as AsyncClient
    from ._client import Client as Client

_HOMES = {
    "PROTOCOLS": "_client",
    "AsyncClient": "_client",
    "Client": "_client",
    "RequestBuilder": "_builder",
}

__all__ = ["PROTOCOLS", "AsyncClient", "Client", "RequestBuilder", "lint"]

if not TYPE_CHECKING:  # type checkers would take every name for one of this package's
    __getattr__, __dir__ = lazy(__name__, _HOMES, ["lint"])
