"""Wrappers that check an application against its protocol: `lint.wsgi(app)` and `lint.asgi(app)`.

Both take an application and return one that behaves the same, and raises AssertionError with a sentence at the first
rule that is broken. An error that the application catches is raised again when it has ended. They judge the
application, not the server, and change nothing.
"""

from __future__ import annotations

from .asgi_lint import asgi
from .wsgi_lint import wsgi

__all__ = ["asgi", "wsgi"]
