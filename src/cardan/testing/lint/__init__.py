"""Wrappers that check an application against its protocol: `lint.wsgi(app)` and `lint.asgi(app)`.

Both take an application and return an application that behaves in the same way, but raises AssertionError as soon as a
rule is broken; the message describes the rule. If the application catches the error, it is raised again when the
application has ended. Only the application is checked, not the server, and no message is changed.
"""

from __future__ import annotations

from ._asgi_lint import asgi
from ._wsgi_lint import wsgi

__all__ = ["asgi", "wsgi"]


def __dir__() -> list[str]:
    return sorted(__all__)
