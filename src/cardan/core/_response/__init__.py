"""Responses: the classes that an application uses, and the finalizer that decides what is sent.

::

    BaseResponse                          status, headers, body, close hooks; any number of sendings
     +-- ETagResponseMixin                validators, make_conditional
    CommonResponseDescriptorsMixin, CORSResponseMixin, SecurityPolicyMixin, WWWAuthenticateMixin, ResponseStreamMixin
    Response                              BaseResponse with all of them; from_json, from_events, from_ndjson
"""

from __future__ import annotations

from .base import BaseResponse
from .body import ResponseBody
from .etag import ETagResponseMixin
from .events import ServerSentEvent
from .finalizer import Chunk, ContentLengthError, End, Head, ResponseEvent, ResponseFinalizer
from .mixins import CommonResponseDescriptorsMixin, CORSResponseMixin, SecurityPolicyMixin, WWWAuthenticateMixin
from .outgoing import WholeAnswer
from .redirecting import redirect
from .response import Response
from .stream import ResponseStream, ResponseStreamMixin
from .trailers import Trailers

__all__ = [
    "BaseResponse",
    "CORSResponseMixin",
    "Chunk",
    "CommonResponseDescriptorsMixin",
    "ContentLengthError",
    "ETagResponseMixin",
    "End",
    "Head",
    "Response",
    "ResponseBody",
    "ResponseEvent",
    "ResponseFinalizer",
    "ResponseStream",
    "ResponseStreamMixin",
    "SecurityPolicyMixin",
    "ServerSentEvent",
    "Trailers",
    "WWWAuthenticateMixin",
    "WholeAnswer",
    "redirect",
]
