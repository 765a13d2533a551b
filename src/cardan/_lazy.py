"""Lazy packages: each name of a package is imported when it is first used.

So a program loads only the code that it needs: a WSGI program never loads the code for ASGI.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["lazy"]


def lazy(
    package: str, homes: Mapping[str, str], modules: Iterable[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions ``__getattr__`` and ``__dir__`` of a package (PEP 562).

    ``homes`` has the module inside the package that each name comes from. ``modules`` are the public modules inside the
    package: they are attributes of it without having been imported. ``dir()`` gives these names and modules only.
    """
    inside = frozenset(modules)

    def get(name: str) -> Any:
        if name in inside:
            return import_module(f"{package}.{name}")  # the import itself sets the attribute
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{home}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*homes, *inside})

    return get, names
