"""cardan: one Request/Response API for WSGI and ASGI, on a sans-IO core.

>>> from cardan import Request, Response
>>> @Request.application
... def app(request: Request) -> Response:
...     return Response(f"Hello {request.args.get('name', 'World')}!")

Each name is imported when it is first used, so that a WSGI program never loads the code for ASGI. The public modules
need no import of their own: ``import cardan`` is enough for ``cardan.exceptions.NotFound``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import lazy

if TYPE_CHECKING:
    from . import apps as apps
    from . import asgi as asgi
    from . import compat as compat
    from . import core as core
    from . import datastructures as datastructures
    from . import exceptions as exceptions
    from . import files as files
    from . import http as http
    from . import structured as structured
    from . import testing as testing
    from . import types as types
    from . import wsgi as wsgi
    from ._request import BaseRequest as BaseRequest
    from ._request import Request as Request
    from ._response import BaseResponse as BaseResponse
    from ._response import Response as Response
    from ._response import redirect as redirect
    from .apps import CORS as CORS
    from .apps import Application as Application
    from .apps import Compression as Compression
    from .apps import Dual as Dual
    from .apps import Mount as Mount
    from .apps import ProxyFix as ProxyFix
    from .apps._loaded import loaded as loaded
    from .apps._middleware_decorator import middleware as middleware
    from .core import Limits as Limits
    from .core import ServerSentEvent as ServerSentEvent
    from .core import header_field as header_field
    from .exceptions import HTTPException as HTTPException
    from .exceptions import abort as abort
    from .exceptions import problem_response as problem_response
    from .files import FileStorage as FileStorage
    from .files import Part as Part
    from .files import StaticFiles as StaticFiles
    from .files import safe_join as safe_join
    from .files import send_file as send_file
    from .structured import structured_field as structured_field
    from .types import AsyncFlow as AsyncFlow
    from .types import Flow as Flow
    from .types import Handler as Handler
    from .types import Lifespan as Lifespan
    from .types import Middleware as Middleware

__version__ = "0.1.0"

_HOMES = {
    "Application": "apps",
    "AsyncFlow": "types",
    "BaseRequest": "_request",
    "BaseResponse": "_response",
    "CORS": "apps",
    "Compression": "apps",
    "Dual": "apps",
    "FileStorage": "files",
    "Flow": "types",
    "HTTPException": "exceptions",
    "Handler": "types",
    "Lifespan": "types",
    "Limits": "core",
    "Middleware": "types",
    "Mount": "apps",
    "Part": "files",
    "ProxyFix": "apps",
    "Request": "_request",
    "Response": "_response",
    "ServerSentEvent": "core",
    "StaticFiles": "files",
    "abort": "exceptions",
    "header_field": "core",
    "loaded": "apps._loaded",
    "middleware": "apps._middleware_decorator",
    "problem_response": "exceptions",
    "redirect": "_response",
    "safe_join": "files",
    "send_file": "files",
    "structured_field": "structured",
}
_MODULES = (
    "apps",
    "asgi",
    "compat",
    "core",
    "datastructures",
    "exceptions",
    "files",
    "http",
    "structured",
    "testing",
    "types",
    "wsgi",
)

__all__ = [
    "CORS",
    "Application",
    "AsyncFlow",
    "BaseRequest",
    "BaseResponse",
    "Compression",
    "Dual",
    "FileStorage",
    "Flow",
    "HTTPException",
    "Handler",
    "Lifespan",
    "Limits",
    "Middleware",
    "Mount",
    "Part",
    "ProxyFix",
    "Request",
    "Response",
    "ServerSentEvent",
    "StaticFiles",
    "abort",
    "header_field",
    "loaded",
    "middleware",
    "problem_response",
    "redirect",
    "safe_join",
    "send_file",
    "structured_field",
]

if not TYPE_CHECKING:  # type checkers would take every name for one of this package's
    __getattr__, __dir__ = lazy(__name__, _HOMES, _MODULES)
