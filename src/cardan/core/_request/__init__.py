"""Requests: the head as a value, the body that is read once, header fields as attributes."""

from __future__ import annotations

from .fields import (
    AcceptMixin,
    AuthorizationMixin,
    CommonRequestDescriptorsMixin,
    CORSRequestMixin,
    ETagRequestMixin,
    FetchMetadataMixin,
    UserAgentMixin,
)
from .head import HeadLike, RequestHead
from .request import BaseRequest, Request

__all__ = [
    "AcceptMixin",
    "AuthorizationMixin",
    "BaseRequest",
    "CORSRequestMixin",
    "CommonRequestDescriptorsMixin",
    "ETagRequestMixin",
    "FetchMetadataMixin",
    "HeadLike",
    "Request",
    "RequestHead",
    "UserAgentMixin",
]
