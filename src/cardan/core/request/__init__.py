"""Requests: the head as a value, the body behind its doors, header fields as attributes."""

from __future__ import annotations

from .base import BaseRequest
from .head import HeadLike, RequestHead
from .mixins import (
    AcceptMixin,
    AuthorizationMixin,
    CommonRequestDescriptorsMixin,
    CORSRequestMixin,
    ETagRequestMixin,
    FetchMetadataMixin,
    UserAgentMixin,
)

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


class Request(
    BaseRequest,
    AcceptMixin,
    AuthorizationMixin,
    ETagRequestMixin,
    UserAgentMixin,
    CommonRequestDescriptorsMixin,
    CORSRequestMixin,
    FetchMetadataMixin,
):
    """The request with every mixin. ``Request(head, body=b"", *, run_sync=None, make_file=None, shield=None)``."""
