"""The ASGI adapter (HTTP and lifespan specifications): scope, receive and send. Knows nothing of WSGI."""

from ._head import ScopeHead

__all__ = ["ScopeHead"]


def __dir__() -> list[str]:
    return sorted(__all__)
