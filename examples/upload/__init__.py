"""The demo: a page that sends one form over two servers and compares what they answer.

Every server can serve ``upload:app``. `make demo` runs it on two at once.
"""

from __future__ import annotations

from .app import app

__all__ = ["app"]
