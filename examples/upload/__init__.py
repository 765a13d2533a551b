"""The demo: an upload page that shows what the library saw. ``upload:app`` is the object that every server serves."""

from __future__ import annotations

from .app import app

__all__ = ["app"]
