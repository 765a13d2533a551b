"""`lint.wsgi` checks an application against PEP 3333."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ._rules import BodyRules, Judge, check_fields, check_final_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication

__all__ = [
    "Call",
    "Checked",
    "WSGILint",
    "check_exc_info",
    "check_iterable",
    "checked_headers",
    "checked_status",
    "close",
    "wsgi",
]

_STATUS = re.compile(r"[0-9]{3} [^\x00-\x08\x0a-\x1f\x7f]*")


def wsgi(app: WSGIApplication) -> WSGILint:
    """An application that behaves like ``app`` and checks it.

    The arguments of ``start_response`` and ``write``, the returned iterable, and the order of the calls are checked.
    AssertionError is raised as soon as a rule is broken. The server must close the returned iterable: if the garbage
    collector finds one that is not closed, this is an error as well.
    """
    return WSGILint(app)


class WSGILint:
    """A WSGI application that wraps and checks ``app``. It has the attributes of ``app``."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        if name == "_app":  # of an object that is being copied: it has no attributes yet
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._app, name)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Checked:
        """Call the application with one request, and check it."""
        call = Call(environ, start_response)
        iterable = self._app(environ, call.start_response)
        try:
            call.judge.close()
            check_iterable(call.judge, iterable)
        except AssertionError:
            close(iterable)
            raise
        return Checked(call, iterable)


class Call:
    """Checks the calls of one request."""

    def __init__(self, environ: dict[str, Any], start_response: StartResponse) -> None:
        self.judge = Judge()
        self.body: BodyRules | None = None
        self._method = str(environ.get("REQUEST_METHOD", "GET"))
        self._start_response = start_response

    def start_response(self, *args: Any, **keywords: Any) -> Callable[[bytes], None]:
        """Check the arguments of the application, then pass them to the server."""
        must = self.judge.must
        must(not keywords, "got start_response with keywords, expected positional arguments")
        must(2 <= len(args) <= 3, f"got start_response with {len(args)} arguments, expected 2 or 3")
        status, exc_info = args[0], args[2] if len(args) == 3 else None
        check_exc_info(self.judge, exc_info)
        must(self.body is None or exc_info, "got start_response twice, expected exc_info the second time")
        code = checked_status(self.judge, status)
        declared = check_fields(self.judge, checked_headers(self.judge, args[1]), code)
        write = self._start_response(*args)
        self.body = BodyRules(self.judge, self._method, code, declared)
        return self._checked_write(write)

    def _checked_write(self, write: Callable[[bytes], Any]) -> Callable[[bytes], None]:
        def checked(data: bytes) -> None:
            self.feed(data)
            write(data)

        return checked

    def feed(self, data: Any) -> None:
        """Check one chunk of the body, from ``write`` or from the iterable."""
        self.judge.must(type(data) is bytes, f"got a chunk of type {type(data).__name__}, expected bytes")
        if data and self.body is None:
            self.judge.fail("got a body, expected start_response before it")
        if self.body is not None:
            self.body.feed(len(data))

    def end(self) -> None:
        """Check the complete body, when the iterable has ended."""
        if self.body is None:
            self.judge.fail("got the end of the body, expected start_response before it")
        self.body.close()
        self.judge.close()


def check_exc_info(judge: Judge, exc_info: object) -> None:
    """``exc_info`` must be None, or the result of `sys.exc_info()` while an exception is handled."""
    good = exc_info is None or (
        isinstance(exc_info, tuple) and len(exc_info) == 3 and isinstance(exc_info[1], BaseException)
    )
    judge.must(good, f"got exc_info {exc_info!r}, expected None or the three values of sys.exc_info()")


def checked_status(judge: Judge, status: object) -> int:
    """The code in a status such as ``"200 OK"`` (PEP 3333, "The start_response() Callable")."""
    judge.must(type(status) is str, f"got a status of type {type(status).__name__}, expected str")
    text = str(status)
    judge.must(_STATUS.fullmatch(text), f"got status {text!r}, expected three digits, a space and a reason")
    check_final_status(judge, int(text[:3]))
    return int(text[:3])


def checked_headers(judge: Judge, headers: Any) -> list[tuple[str, str]]:
    """The header fields. They must be a list of pairs of str in Latin-1 (PEP 3333, "Unicode Issues")."""
    judge.must(type(headers) is list, f"got headers of type {type(headers).__name__}, expected a list")
    fields: list[tuple[str, str]] = headers
    for pair in fields:
        judge.must(type(pair) is tuple and len(pair) == 2, f"got header {pair!r}, expected a tuple of name and value")
        for text in pair:
            judge.must(type(text) is str, f"got {text!r} in a header, expected str")
            judge.must(all(char <= "\xff" for char in text), f"got {text!r} in a header, expected Latin-1")
        judge.must(pair[0].lower() != "status", "got header Status, expected the status in its own argument")
    return fields


def check_iterable(judge: Judge, iterable: object) -> None:
    """Check the value that an application returns (PEP 3333, "Specification Details")."""
    kind = type(iterable).__name__
    judge.must(iterable is not None, "got None from the application, expected an iterable")
    judge.must(
        not isinstance(iterable, (str, bytes)), f"got {kind} from the application, expected an iterable of bytes"
    )
    judge.must(hasattr(iterable, "__iter__"), f"got {kind} from the application, expected an iterable")


def close(iterable: object) -> None:
    """Call ``close()`` if ``iterable`` has this method."""
    method = getattr(iterable, "close", None)
    if method is not None:
        method()


class Checked:
    """The iterable of the application, with checks. The server must close it exactly once, even if it stops early."""

    def __init__(self, call: Call, iterable: Iterable[bytes]) -> None:
        self._call, self._iterable = call, iterable
        self._iterator: Iterator[bytes] = iter(iterable)
        self._closed = False

    def __iter__(self) -> Checked:
        return self

    def __next__(self) -> bytes:
        self._call.judge.must(not self._closed, "got a request for a chunk after close(), expected none")
        try:
            chunk = next(self._iterator)
        except StopIteration:
            self._call.end()
            raise
        self._call.feed(chunk)
        return chunk

    def close(self) -> None:
        """Close the application's iterable."""
        self._call.judge.must(not self._closed, "got close() twice, expected it once")
        self._closed = True
        close(self._iterable)

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            raise AssertionError("got an iterable that was never closed, expected close() to be called")
