"""Test clients and helpers for any WSGI or ASGI application. They need httpx (``pip install 'cardan[testing]'``).

`Client` and `AsyncClient` call an application in this process, over WSGI or ASGI, with streaming, back-pressure,
disconnects and lifespan. `RequestBuilder` makes an environ, a scope or core's `RequestHead` from the same arguments.
`lint` checks whether an application follows its protocol. The package does not import pytest.
"""

from __future__ import annotations

from . import lint
from ._builder import RequestBuilder
from ._client import PROTOCOLS, AsyncClient, Client

__all__ = ["PROTOCOLS", "AsyncClient", "Client", "RequestBuilder", "lint"]


def __dir__() -> list[str]:
    return sorted(__all__)
