"""Test clients and helpers, for any WSGI or ASGI application; needs httpx (``pip install 'cardan[testing]'``).

`Client` and `AsyncClient` serve an application in this process, over either protocol, with streaming, back-pressure,
disconnects and lifespan. Does not import pytest.
"""

from __future__ import annotations

from .client import PROTOCOLS, AsyncClient, Client

__all__ = ["PROTOCOLS", "AsyncClient", "Client"]
