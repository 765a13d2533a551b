"""A plugin of pytest that checks each request of a run: ``pytest -p proof.lints_plugin tests/contract``.

It checks each call of an ``Application``, a ``Mount``, a wrapper of these or a ``Response``, over WSGI or ASGI, by a
client in the process, by a test with an environ of its own, and by a real server. What passes is not changed. The lints
are ``cardan.testing.lint.wsgi`` and ``wsgiref.validate`` for WSGI, ``cardan.testing.lint.asgi`` for ASGI, and httplint
for each complete response. Responses of real servers are checked by httplint once more, as clients of httpx get them.
The findings are written to the file that the variable ``CARDAN_LINTS_FILE`` names, one in a line; ``proof.lints``
compares them with ``proof/findings.toml``.
"""

from __future__ import annotations

import copy
import io
import json
import os
import re
import threading
import warnings
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from cardan.testing.lint._asgi_lint import HTTPCall
from cardan.testing.lint._lifespan_lint import LifespanCall
from cardan.testing.lint._wsgi_lint import Call, check_iterable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FILE", "TARGET", "Judged", "httplint_notes", "install"]

FILE = "CARDAN_LINTS_FILE"
"""The name of the variable that has the path of the file."""
TARGET = "CARDAN_LINTS_TARGET"
"""The name of the variable that has the target of a real server."""

inside: ContextVar[bool] = ContextVar("inside", default=False)
"""True in an exchange that is judged: an application inside of another one is not, because nobody sees its answers."""
lock = threading.Lock()


def write(kind: str, what: str, text: str) -> None:
    """Add a line to the file: who judges, what was found, and where."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0] or os.environ.get(TARGET, "")
    line = json.dumps({"lint": kind, "kind": what, "test": test, "text": text[:300]}) + "\n"
    with lock:
        fd = os.open(os.environ[FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, line.encode())
        os.close(fd)


class Judged:
    """One exchange: the lint that looks at it, until it finds something, and the response for httplint."""

    def __init__(self, protocol: str, method: str, asked: list[tuple[bytes, bytes]]) -> None:
        self.protocol, self.method, self.asked = protocol, method, asked
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: list[bytes] = []
        self.found = False

    def check(self, step: Callable[[], Any]) -> None:
        """Let the lint see a step."""
        if self.found:
            return
        try:
            step()
        except AssertionError as error:
            self.found = True
            write(self.protocol, sentence(str(error)), str(error))
        except Exception:  # an event that the test has made wrong itself
            self.found = True

    def over(self, complete: bool) -> None:
        """The exchange has ended."""
        write(f"{self.protocol} exchanges", "", "")
        if complete and self.status:
            judge_response(self.method, self.asked, self.status, self.headers, b"".join(self.chunks), "httplint")


def sentence(text: str) -> str:
    """A text without the values in it."""
    known = re.split(r"(?<=in headers) ", text)[0]  # wsgiref.validate shows all of them
    return re.sub(r"b?'[^']*'|\b[0-9]+\b", "...", known)[:100]


def judge_response(
    method: str,
    asked: list[tuple[bytes, bytes]],
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    who: str,
) -> None:
    """Write what httplint says of a response, and that there was one."""
    write(f"{who} responses", "", "")
    try:
        notes = httplint_notes(method, (*map(tuple, asked),), status, (*map(tuple, headers),), body)
    except Exception as error:  # an error of the lint is a finding, too
        return write(who, f"error: {type(error).__name__}", repr(error))
    for kind, subject, text in notes:
        write(who, kind, f"{subject}: {text}; {method} {status} {headers}")
    return None


@lru_cache(2000)  # many tests ask the same again and again
def httplint_notes(
    method: str, asked: tuple[Any, ...], status: int, headers: tuple[Any, ...], body: bytes
) -> list[tuple[str, str, str]]:
    """The errors and warnings of httplint. Servers add Date, so a response without it gets one."""
    from httplint import HttpRequestLinter, HttpResponseLinter, levels

    from cardan.core.fields._dates import http_date

    if not any(name.lower() == b"date" for name, _ in headers):
        headers = (*headers, (b"date", http_date().encode()))
    request = HttpRequestLinter()
    request.process_request_topline(method.encode(), b"http://testserver/", b"HTTP/1.1")
    request.process_headers(list(asked))
    linter = HttpResponseLinter()
    linter.request, linter.is_head_response = request, method == "HEAD"
    linter.process_response_topline(b"HTTP/1.1", b"%d" % status, b"")
    linter.process_headers(list(headers))
    linter.feed_content(body)
    linter.finish_content(True)
    return [
        (type(note).__name__, note.subject, str(note))
        for note in linter.notes
        if note.level in (levels.BAD, levels.WARN)
    ]


# --- WSGI ---


class Watched:
    """The iterable of an application, which is looked at while the server takes it."""

    def __init__(self, exchange: WSGIExchange, iterable: Any) -> None:
        self._exchange, self._iterable = exchange, iterable
        self._iterator: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._iterable, name)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._iterator is None:
            self._iterator = iter(self._iterable)
        try:
            chunk: bytes = next(self._iterator)
        except StopIteration:
            self._exchange.ended()
            raise
        self._exchange.chunk(chunk)
        return chunk

    def close(self) -> None:
        """Close the iterable, and judge."""
        try:
            close = getattr(self._iterable, "close", None)
            if close is not None:
                close()
        finally:
            self._exchange.closed()


class WatchedWithLength(Watched):
    """Servers ask an iterable that has a length for it (PEP 3333, "Handling the Content-Length Header")."""

    def __len__(self) -> int:
        return len(self._iterable)


class WSGIExchange(Judged):
    """An exchange on WSGI."""

    def __init__(self, environ: dict[str, Any]) -> None:
        method = str(environ.get("REQUEST_METHOD", "GET"))
        super().__init__("wsgi", method, request_fields(environ))
        self.call = Call(environ, lambda *args: lambda data: None)
        self.write_line: Any = None
        self.events: list[tuple[str, Any]] = []
        self.complete = self.judged = False

    def starting(self, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """The ``start_response`` that the application gets."""

        def started(*args: Any, **keywords: Any) -> Any:
            self.events.append(("start", tuple(copy.copy(arg) if type(arg) is list else arg for arg in args)))

            def check() -> None:
                self.write_line = self.call.start_response(*args, **keywords)

            self.check(check)
            with suppress(Exception):
                self.status = int(args[0][:3])
                self.headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in args[1]]
            written = start_response(*args, **keywords)

            def write_chunk(data: bytes) -> Any:
                self.events.append(("write", data))
                self.chunks.append(data)
                self.check(lambda: self.write_line(data))
                return written(data)

            return write_chunk

        return started

    def returned(self, iterable: Any) -> Any:
        """The application has returned."""
        self.check(lambda: check_iterable(self.call.judge, iterable))
        self.events.append(("return", type(iterable)))
        if not hasattr(iterable, "__iter__"):
            return iterable
        return (WatchedWithLength if hasattr(iterable, "__len__") else Watched)(self, iterable)

    def chunk(self, data: bytes) -> None:
        """A chunk of the body."""
        self.events.append(("chunk", data))
        self.check(lambda: self.call.feed(data))
        if isinstance(data, bytes):
            self.chunks.append(data)

    def ended(self) -> None:
        """The body has ended."""
        if not self.complete:
            self.complete = True
            self.check(self.call.end)

    def closed(self) -> None:
        """The server has closed the iterable."""
        if not self.judged:
            self.judged = True
            self.over(self.complete)
            self.found = False
            self.protocol = "wsgiref.validate"
            self.check(self.validate)

    def validate(self) -> None:
        """Do the same once more under ``wsgiref.validate``."""
        environ: dict[str, Any] = {}
        setup_testing_defaults(environ)
        environ |= {"REQUEST_METHOD": self.method, "wsgi.errors": io.StringIO()}
        before = self.events[: self.place("return")]
        chunks = [data for kind, data in self.events[self.place("return") :] if kind == "chunk"]
        late = [event for event in self.events[self.place("return") :] if event[0] == "start"]

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            def run(events: list[tuple[str, Any]]) -> None:
                line: Any = None
                for kind, value in events:
                    if kind == "start":
                        line = start_response(*value)
                    elif line is not None:
                        line(value)

            def body() -> Iterator[bytes]:
                run(late)
                yield from chunks

            run(before)
            return body()

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about methods of extensions
            iterable: Any = validator(app)(environ, lambda *args: lambda data: None)
            try:
                for _ in iterable:
                    pass
            finally:
                iterable.close()

    def place(self, kind: str) -> int:
        """Where the first event of this kind is."""
        return next((n for n, event in enumerate(self.events) if event[0] == kind), len(self.events))


def request_fields(environ: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """The header fields in an environ."""
    names = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}
    names |= {key: key[5:].replace("_", "-").lower() for key in environ if str(key).startswith("HTTP_")}
    return [
        (name.encode(), value.encode("latin-1", "replace"))
        for key, name in names.items()
        if isinstance(value := environ.get(key), str) and value
    ]


def door_wsgi(original: Callable[..., Any]) -> Callable[..., Any]:
    """A WSGI application of cardan, with its exchanges judged."""

    @wraps(original)
    def wsgi_app(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        if inside.get() or not isinstance(environ, dict):
            return original(self, environ, start_response)
        exchange = WSGIExchange(environ)
        token = inside.set(True)
        try:
            iterable = original(self, environ, exchange.starting(start_response))
        except BaseException:
            exchange.closed()
            raise
        finally:
            inside.reset(token)
        return exchange.returned(iterable)

    return wsgi_app


# --- ASGI ---


def at_once(coroutine: Any) -> None:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()


class ASGIExchange(Judged):
    """An exchange on ASGI."""

    def __init__(self, scope: Any) -> None:
        super().__init__("asgi", scope.get("method", ""), list(scope.get("headers") or ()))
        self.received: Any = None
        self.complete = False
        kind = HTTPCall if scope["type"] == "http" else None
        self.call: Any = kind(scope, self._receive, self._send) if kind else LifespanCall(self._receive, self._send)

    async def _receive(self) -> Any:
        return self.received

    async def _send(self, message: Any) -> None:
        pass

    def send(self, message: Any) -> None:
        """A message of the application."""
        self.check(lambda: at_once(self.call.send(message)))
        with suppress(Exception):
            if message["type"] == "http.response.start":
                self.status, self.headers = message["status"], [(name, value) for name, value in message["headers"]]
            elif message["type"] == "http.response.body":
                self.chunks.append(bytes(message.get("body", b"")))
                self.complete = not message.get("more_body", False)

    def receive(self, message: Any) -> None:
        """A message of the server."""
        self.received = message
        self.check(lambda: at_once(self.call.receive()))

    def gone(self) -> None:
        """The server does not take messages any more."""
        self.call._gone = True


def door_asgi(original: Callable[..., Any]) -> Callable[..., Any]:
    """An ASGI application of cardan, with its exchanges judged."""

    @wraps(original)
    def asgi_app(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        if inside.get() or not isinstance(scope, dict) or scope.get("type") not in ("http", "lifespan"):
            return original(self, scope, receive, send)
        return judged(self, scope, receive, send)

    async def judged(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        exchange = ASGIExchange(scope)

        async def received() -> Any:
            message = await receive()
            exchange.receive(message)
            return message

        async def sent(message: Any) -> Any:
            exchange.send(message)
            try:
                return await send(message)
            except BaseException:
                exchange.gone()
                raise

        token = inside.set(True)
        try:
            result = await original(self, scope, received, sent)
        except BaseException:
            exchange.over(complete=False)
            raise
        finally:
            with suppress(ValueError):  # the coroutine was closed in another context
                inside.reset(token)
        exchange.check(exchange.call.end)
        exchange.over(exchange.complete)
        return result

    return asgi_app


def install() -> None:
    """Wrap the entry points of all applications and responses of cardan in this process."""
    from cardan import CORS, Application, Compression, Mount, ProxyFix
    from cardan._response import BaseResponse

    for kind in (Application, Mount, CORS, Compression, ProxyFix):
        for name, door in (("wsgi_app", door_wsgi), ("asgi_app", door_asgi)):
            setattr(kind, name, door(kind.__dict__[name]))
    BaseResponse._wsgi = door_wsgi(BaseResponse._wsgi)  # type: ignore[method-assign]
    BaseResponse._asgi = door_asgi(BaseResponse._asgi)  # type: ignore[method-assign]


# --- real servers ---


def judge_clients() -> None:
    """Judge the answers that clients of httpx get from real servers."""
    import httpx

    for kind, name in ((httpx.HTTPTransport, "handle_request"), (httpx.AsyncHTTPTransport, "handle_async_request")):
        setattr(kind, name, judged_transport(getattr(kind, name)))


def judged_transport(original: Any) -> Any:
    """The method of a transport, whose responses are judged when they were read."""
    import inspect

    def whole(request: Any, response: Any) -> Any:
        chunks: list[bytes] = []
        stream = response.stream

        def end() -> None:
            judge_response(request.method, request.headers.raw, response.status_code, response.headers.raw,
                           b"".join(chunks), "httplint on servers")  # fmt: skip

        if hasattr(stream, "__aiter__"):
            iterate = type(stream).__aiter__

            async def chunks_of(self: Any) -> Any:
                async for chunk in iterate(stream):
                    chunks.append(chunk)
                    yield chunk
                end()

            names = {"__aiter__": chunks_of}
        else:

            def chunks_of_sync(self: Any) -> Any:
                for chunk in type(stream).__iter__(stream):
                    chunks.append(chunk)
                    yield chunk
                end()

            names = {"__iter__": chunks_of_sync}
        kind: Any = type("Judged" + type(stream).__name__, (type(stream),), names)
        response.stream = kind.__new__(kind)
        response.stream.__dict__.update(stream.__dict__)
        return response

    if inspect.iscoroutinefunction(original):

        async def handle_async(self: Any, request: Any) -> Any:
            return whole(request, await original(self, request))

        return handle_async

    def handle(self: Any, request: Any) -> Any:
        return whole(request, original(self, request))

    return handle


def judge_servers() -> None:
    """Let real servers serve ``proof.lints_served``, which calls :func:`install` in their processes."""
    from pathlib import Path

    from tests import servers

    original = servers.start
    root = str(Path(__file__).parents[1])

    def start(name: Any, target: str, *, app_dir: Path, log_dir: Path, **env: str) -> Any:
        path = os.pathsep.join(filter(None, [root, env.pop("PYTHONPATH", ""), os.environ.get("PYTHONPATH", "")]))
        attribute = target.partition(":")[2]
        if not attribute.isidentifier():
            return original(name, target, app_dir=app_dir, log_dir=log_dir, **env)
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = path
        try:
            return original(name, "proof.lints_served:app", app_dir=app_dir, log_dir=log_dir, **{TARGET: target}, **env)
        finally:
            if before is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = before

    servers.start = start


def pytest_configure(config: pytest.Config) -> None:
    """Begin, before any module of the tests is imported."""
    if FILE not in os.environ:
        raise pytest.UsageError(f"got no {FILE}, expected the path of a file for the findings")
    install()
    judge_clients()
    judge_servers()
