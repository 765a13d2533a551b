"""`lint.asgi` checks an application against the ASGI specifications: core 3.0, HTTP 2.5 and lifespan 2.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core._response.trailers import may_follow
from ._lifespan_lint import LifespanCall
from ._rules import BodyRules, Judge, check_field, check_fields, check_final_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...types import ASGIApplication, Receive, Scope, Send

__all__ = ["ASGILint", "HTTPCall", "asgi", "check_keys", "checked_headers"]

EMPTY: Mapping[str, Any] = {}
KEYS = {
    "http.response.start": {"type", "status", "headers", "trailers"},
    "http.response.body": {"type", "body", "more_body"},
}


def asgi(app: ASGIApplication) -> ASGILint:
    """An application that behaves like ``app`` and checks the messages that it sends: their order, keys and types.

    Raises AssertionError as soon as a rule is broken. Websocket connections are not checked.
    """
    return ASGILint(app)


class ASGILint:
    """An ASGI application that wraps and checks ``app``. It has the attributes of ``app``."""

    def __init__(self, app: ASGIApplication) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        if name == "_app":  # of an object that is being copied: it has no attributes yet
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._app, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with one scope, and check it."""
        call: HTTPCall | LifespanCall
        if scope["type"] == "http":
            call = HTTPCall(scope, receive, send)
        elif scope["type"] == "lifespan":
            call = LifespanCall(receive, send)
        else:
            return await self._app(scope, receive, send)
        await self._app(scope, call.receive, call.send)
        return call.end()


class HTTPCall:
    """Checks the messages of one request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.judge = Judge()
        self._receive, self._send = receive, send
        self._method = str(scope["method"])
        self._extensions = scope.get("extensions") or EMPTY
        self._closable = str(scope.get("http_version") or "1.1").startswith("1")
        self._body: BodyRules | None = None
        self._complete = self._trailers = self._gone = self._ended = False

    async def receive(self) -> Mapping[str, Any]:
        """The application's `receive`."""
        self.judge.must(not self._ended, "got receive() after the application had returned, expected none")
        message: Mapping[str, Any] = await self._receive()
        self._gone = self._gone or message["type"] == "http.disconnect"
        return message

    async def send(self, message: Any) -> None:
        """The application's `send`."""
        must = self.judge.must
        must(not self._ended, "got send() after the application had returned, expected none")
        must(isinstance(message, dict), f"got a message of type {type(message).__name__}, expected dict")
        kind = message.get("type")
        must(type(kind) is str, f"got message type {kind!r}, expected str")
        check_keys(self.judge, message, KEYS.get(kind))
        if kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.body":
            self._feed(message)
        else:
            self._extend(kind, message)
        try:
            await self._send(message)
        except OSError:
            self._gone = True
            raise

    def _start(self, message: Any) -> None:
        must = self.judge.must
        must(self._body is None, "got 'http.response.start' twice, expected it once")
        status = message.get("status")
        must(type(status) is int, f"got status {status!r}, expected int")
        check_final_status(self.judge, status)
        trailers = message.get("trailers", False)
        must(type(trailers) is bool, f"got trailers {trailers!r}, expected bool")
        offered = "http.response.trailers" in self._extensions
        must(offered or not trailers, "got trailers, expected none: the server does not offer them")
        self._trailers = trailers
        fields = checked_headers(self.judge, message.get("headers", ()))
        if trailers:  # only then the application may announce their names (RFC 9110 section 6.6.2)
            fields = [(name, value) for name, value in fields if name != "trailer"]
        if self._closable:  # servers of HTTP/1 heed it (RFC 9112 section 9.6); the specification does not forbid it
            fields = [field for field in fields if field != ("connection", "close")]
        declared = check_fields(self.judge, fields, status)
        self._body = BodyRules(self.judge, self._method, status, declared)

    def _feed(self, message: Any) -> None:
        must = self.judge.must
        if self._body is None:
            self.judge.fail("got 'http.response.body', expected 'http.response.start' before it")
        must(not self._complete, "got 'http.response.body' after the last one, expected nothing")
        data, more_body = message.get("body", b""), message.get("more_body", False)
        must(type(data) is bytes, f"got a body of type {type(data).__name__}, expected bytes")
        must(type(more_body) is bool, f"got more_body {more_body!r}, expected bool")
        self._body.feed(len(data))
        if not more_body:
            self._complete = True
            self._body.close()

    def _extend(self, kind: str, message: Any) -> None:
        known = kind.startswith("http.response.") and kind in self._extensions
        self.judge.must(known, f"got message {kind!r}, expected one of HTTP or of an extension in the scope")
        if kind in ("http.response.pathsend", "http.response.zerocopysend"):
            self.judge.must(self._body is not None, f"got {kind!r}, expected 'http.response.start' before it")
            self._complete = self._complete or not message.get("more_body", False)
        elif kind == "http.response.trailers":
            self.judge.must(self._trailers, "got trailers, expected them to be announced in 'http.response.start'")
            self.judge.must(self._complete, "got trailers, expected the last 'http.response.body' before them")
            for name, value in checked_headers(self.judge, message.get("headers", ())):
                check_field(self.judge, name, value)
                good = may_follow(name)
                self.judge.must(
                    good, f"got the trailer field {name}, expected none that a client needs before the body"
                )
            self._trailers = bool(message.get("more_trailers", False))

    def end(self) -> None:
        """The application has returned."""
        self._ended = True
        self.judge.close()
        if not self._gone:
            self.judge.must(self._body, "got the application's end, expected a response before it")
            self.judge.must(self._complete, "got the application's end, expected the last 'http.response.body'")
            self.judge.must(not self._trailers, "got the application's end, expected the trailers before it")


def check_keys(judge: Judge, message: Any, known: set[str] | None) -> None:
    """A message may only have keys that the specification names; otherwise a typing error would stay unnoticed."""
    unknown = set(message) - known if known is not None else set()
    judge.must(not unknown, f"got key {min(unknown, key=str, default='')!r} in {message['type']!r}, expected none such")


def checked_headers(judge: Judge, headers: Any) -> list[tuple[str, str]]:
    """The header fields as text. They must be pairs of bytes, with lower-case names (HTTP spec, "Response Start")."""
    judge.must(hasattr(headers, "__iter__"), f"got headers of type {type(headers).__name__}, expected an iterable")
    judge.must(iter(headers) is not headers, "got headers that can be read once only, expected a list")
    judge.must(not isinstance(headers, (dict, str, bytes)), f"got headers {headers!r}, expected an iterable of pairs")
    fields = []
    for pair in headers:
        judge.must(isinstance(pair, (tuple, list)) and len(pair) == 2, f"got header {pair!r}, expected name and value")
        name, value = pair
        judge.must(type(name) is bytes, f"got header name {name!r}, expected bytes")
        judge.must(type(value) is bytes, f"got {value!r} as {name!r}, expected bytes")
        judge.must(name == name.lower(), f"got header name {name!r}, expected it lower-case")
        fields.append((name.decode("latin-1"), value.decode("latin-1")))
    return fields
