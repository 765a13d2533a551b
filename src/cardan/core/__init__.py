"""cardan.core: the part of cardan without I/O. It takes bytes and values, and gives events and values.

The core uses no I/O, no event loop and no threads. A server, a framework or a test can use it without the adapters for
WSGI and ASGI.

This module has what is needed to make a request of a head and a body, to decide on its conditions, and to send a
response as events. More is in
:mod:`cardan.core.forms` (the machines that parse and write forms), :mod:`cardan.core.fields` (header fields as
attributes), :mod:`cardan.core.structures` (containers) and :mod:`cardan.core.drive` (the steps by which a body is
read). :mod:`cardan.exceptions`, :mod:`cardan.datastructures` and :mod:`cardan.http` need no I/O either.
"""

from __future__ import annotations

from . import drive as drive
from . import fields as fields
from . import forms as forms
from . import structures as structures
from ._exceptions import HTTPException, MethodNotAllowed, NotFound, abort
from ._informational import Informational
from ._limits import Limits
from ._proxies import TrustedProxies, seen_by_proxies
from ._request import BaseRequest, HeadLike, Request, RequestHead
from ._request.filtering import BodyFilter
from ._request.in_thread import call_in_thread
from ._response import (
    BaseResponse,
    Chunk,
    ContentLengthError,
    End,
    Head,
    Response,
    ResponseBody,
    ResponseEvent,
    ResponseFinalizer,
    ServerSentEvent,
    redirect,
)
from ._response.conditional import Conditions, Decision, Representation, decide
from ._response.pumping import AsyncLibrary
from ._waiting import Event
from .fields import Live, header_field, live_field, value_field
from .forms import FileStorage, Part
from .structures import HeadersView

__all__ = [
    "AsyncLibrary",
    "BaseRequest",
    "BaseResponse",
    "BodyFilter",
    "Chunk",
    "Conditions",
    "ContentLengthError",
    "Decision",
    "End",
    "Event",
    "FileStorage",
    "HTTPException",
    "Head",
    "HeadLike",
    "HeadersView",
    "Informational",
    "Limits",
    "Live",
    "MethodNotAllowed",
    "NotFound",
    "Part",
    "Representation",
    "Request",
    "RequestHead",
    "Response",
    "ResponseBody",
    "ResponseEvent",
    "ResponseFinalizer",
    "ServerSentEvent",
    "TrustedProxies",
    "abort",
    "call_in_thread",
    "decide",
    "header_field",
    "live_field",
    "redirect",
    "seen_by_proxies",
    "value_field",
]


def __dir__() -> list[str]:
    return sorted({*__all__, "drive", "fields", "forms", "structures"})
