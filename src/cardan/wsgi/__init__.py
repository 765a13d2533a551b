"""The WSGI adapter (PEP 3333): environ in, ``start_response`` and an iterable out. Knows nothing of ASGI."""

from ._head import EnvironHead

__all__ = ["EnvironHead"]


def __dir__() -> list[str]:
    return sorted(__all__)
