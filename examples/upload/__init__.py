"""The demo: an upload page that shows the request as the library has read it. Every server can serve ``upload:app``."""

from __future__ import annotations

from .app import app

__all__ = ["app"]
