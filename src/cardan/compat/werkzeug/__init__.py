"""The names of Werkzeug, for programs that move from it.

Replace ``from werkzeug.`` by ``from cardan.compat.werkzeug.`` in their imports.

The modules ``wrappers``, ``datastructures``, ``http``, ``exceptions``, ``wsgi``, ``formparser``, ``test``, ``utils``,
``sansio.request`` and ``sansio.response`` have the names of the modules of Werkzeug, and so has ``routing``, which
needs Werkzeug itself. Most names are cardan's own classes and functions. The others take the arguments of Werkzeug, or
exist only here, because programs that are written today do not need them.

New code imports from :mod:`cardan`. These modules work for the whole of 1.x, and get no new names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._lazy import lazy

if TYPE_CHECKING:
    from . import datastructures as datastructures
    from . import exceptions as exceptions
    from . import formparser as formparser
    from . import http as http
    from . import routing as routing
    from . import sansio as sansio
    from . import test as test
    from . import utils as utils
    from . import wrappers as wrappers
    from . import wsgi as wsgi
    from .test import Client as Client
    from .wrappers import Request as Request
    from .wrappers import Response as Response

_HOMES = {"Client": "test", "Request": "wrappers", "Response": "wrappers"}
_MODULES = (
    "datastructures", "exceptions", "formparser", "http", "routing", "sansio", "test", "utils", "wrappers", "wsgi",
)  # fmt: skip

__all__ = ["Client", "Request", "Response"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, _HOMES, _MODULES)
