"""cardan: one Request/Response API for WSGI and ASGI, on a sans-IO core.

>>> from cardan import Request, Response
>>> @Request.application
... def app(request: Request) -> Response:
...     return Response(f"Hello {request.args.get('name', 'World')}!")

Each name is imported when it is first used, so that a WSGI program never loads the code for ASGI.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._request import BaseRequest as BaseRequest
    from ._request import Request as Request
    from ._response import BaseResponse as BaseResponse
    from ._response import Response as Response
    from ._response import redirect as redirect
    from .apps import Application as Application
    from .apps import Dual as Dual
    from .apps._middleware_decorator import middleware as middleware
    from .core import ServerSentEvent as ServerSentEvent
    from .core import header_field as header_field
    from .core._exceptions import abort as abort
    from .files import FileStorage as FileStorage
    from .files import send_file as send_file
    from .types import ASGIApplication as ASGIApplication
    from .types import Flow as Flow
    from .types import Handler as Handler
    from .types import Lifespan as Lifespan
    from .types import Middleware as Middleware
    from .types import Receive as Receive
    from .types import Result as Result
    from .types import Scope as Scope
    from .types import Send as Send

__version__ = "0.1.0"

_HOMES = {
    "ASGIApplication": "types",
    "Application": "apps",
    "BaseRequest": "_request",
    "BaseResponse": "_response",
    "Dual": "apps",
    "FileStorage": "files",
    "Flow": "types",
    "Handler": "types",
    "Lifespan": "types",
    "Middleware": "types",
    "Receive": "types",
    "Request": "_request",
    "Response": "_response",
    "Result": "types",
    "Scope": "types",
    "Send": "types",
    "ServerSentEvent": "core",
    "abort": "exceptions",
    "header_field": "core",
    "middleware": "apps._middleware_decorator",
    "redirect": "_response",
    "send_file": "files",
}

__all__ = [
    "ASGIApplication",
    "Application",
    "BaseRequest",
    "BaseResponse",
    "Dual",
    "FileStorage",
    "Flow",
    "Handler",
    "Lifespan",
    "Middleware",
    "Receive",
    "Request",
    "Response",
    "Result",
    "Scope",
    "Send",
    "ServerSentEvent",
    "abort",
    "header_field",
    "middleware",
    "redirect",
    "send_file",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
