"""Test clients and helpers, for any WSGI or ASGI application; needs httpx (``pip install 'cardan[testing]'``).

`Client` and `AsyncClient` serve an application in this process, over either protocol, with streaming, back-pressure,
disconnects and lifespan. `RequestBuilder` makes an environ, a scope or core's head from the same arguments;
`lint` checks an application against its protocol. Does not import pytest.
"""

from __future__ import annotations

from . import lint
from .builder import RequestBuilder
from .client import PROTOCOLS, AsyncClient, Client

__all__ = ["PROTOCOLS", "AsyncClient", "Client", "RequestBuilder", "lint"]
