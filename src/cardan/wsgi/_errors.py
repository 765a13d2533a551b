"""Errors that have another meaning to a WSGI server than to the application.

A server calls the application and writes to its socket in the same place. There an :exc:`OSError` or a
:exc:`StopIteration` means that the connection has ended. PEP 3333 does not say what a server does with an exception
that is not an :exc:`Exception`, such as a cancellation. Therefore such errors never leave an application. Before the
head is sent, they are logged and answered with a 500. Afterwards :exc:`BrokenResponse` is raised in their place. All
other errors are raised to the server, which logs them and answers 500, or ends the connection.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BrokenResponse", "answer_error", "ends_more", "is_misread", "throws_errors"]

#: keys of the environ by which a test client or a debugger asks for the errors themselves: the key of the WSGI
#: specification "throw_errors" (wsgi.readthedocs.io), and an older key, which WebTest sets
_THROW_KEYS: Final = ("x-wsgiorg.throw_errors", "paste.throw_errors")

#: packages whose exceptions end a green thread, or are a time-out that was set outside of the application
_GREEN: Final = frozenset({"greenlet", "gevent", "eventlet"})

_BODY: Final = b"Internal Server Error\n"


class BrokenResponse(RuntimeError):
    """An error has ended the response after its head was sent. The error is the ``__cause__``.

    For this ordinary exception every WSGI server logs the traceback and ends the connection, so that the client sees
    that the response is not complete.
    """


def throws_errors(environ: dict[str, Any]) -> bool:
    """Whether the caller of the application, such as a debugger, wants its errors to be raised.

    It then sets ``environ["x-wsgiorg.throw_errors"]`` or ``environ["paste.throw_errors"]`` to a true value.
    """
    return any(environ.get(key) for key in _THROW_KEYS)


def is_misread(error: BaseException) -> bool:
    """Whether a WSGI server would take ``error`` for one of its own, or would not catch it.

    True for OSError, for StopIteration, and for an error that is not an Exception. False for errors that end more than
    the request: KeyboardInterrupt, SystemExit and the exceptions of green threads.
    """
    if isinstance(error, Exception):
        return isinstance(error, (OSError, StopIteration))
    return not ends_more(error)


def _stands_in(error: BaseException) -> bool:
    """Whether ``error`` was made from another one: by Python from a StopIteration (PEP 479), by the crossing from a
    cancellation.
    """
    cause = error.__cause__ if type(error) is RuntimeError else None
    return cause is not None and not isinstance(cause, OSError) and is_misread(cause)


def ends_more(error: BaseException) -> bool:
    """Whether ``error`` ends more than the request: the process, or a green thread."""
    if isinstance(error, BaseExceptionGroup):
        return any(ends_more(each) for each in error.exceptions)
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return True
    return any(cls.__module__.partition(".")[0] in _GREEN for cls in type(error).__mro__)


def answer_error(
    error: BaseException, environ: dict[str, Any], start_response: Callable[..., Any]
) -> list[bytes] | None:
    """Log ``error`` (logger ``cardan``) and answer a plain 500. None if the error has to be raised to the server.

    A RuntimeError that was made from a StopIteration or a cancellation is treated like that error, so that ``def`` and
    ``async def`` handlers behave in the same way.

    Call it in the ``except`` block for ``error``, before the head is sent. The third argument of ``start_response``
    lets the 500 replace a head that was given already (PEP 3333, "Error Handling").
    """
    if not (is_misread(error) or _stands_in(error)) or throws_errors(environ):
        return None
    from logging import getLogger  # imports threading, which most programs never need here

    method, path = environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", "")
    getLogger("cardan").error("%s %r was answered with 500: %s", method, path, type(error).__name__, exc_info=error)
    fields = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(_BODY)))]
    start_response("500 Internal Server Error", fields, sys.exc_info())
    return [b"" if method == "HEAD" else _BODY]
