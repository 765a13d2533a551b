"""Containers of header fields and of values with several per key."""

from __future__ import annotations

from .environ_headers import EnvironHeaders
from .headers import Headers, HeadersView
from .scope_headers import ScopeHeaders

__all__ = ["EnvironHeaders", "Headers", "HeadersView", "ScopeHeaders"]
