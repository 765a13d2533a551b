"""Responses pass all checkers: wsgiref.validate, the lints of both protocols, and httplint."""

from __future__ import annotations

import io
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import anyio
import pytest

from cardan import Application, Request, Response, abort, redirect, send_file
from cardan.core.fields._dates import http_date
from cardan.files._static import StaticFiles
from cardan.testing import RequestBuilder, lint

FILE = Path(__file__)

Handler = Callable[[Request], Any]
HANDLERS: dict[str, Handler] = {}


def handler(function: Handler) -> Handler:
    """Register ``function`` as a handler whose answer is checked."""
    HANDLERS[function.__name__] = function
    return function


@handler
def text(request: Request) -> Response:
    return Response("text")


@handler
def empty(request: Request) -> Response:
    return Response()


@handler
def json(request: Request) -> Response:
    return Response.from_json({"a": "ä"})


@handler
def stream(request: Request) -> Response:
    def chunks() -> Iterator[str]:
        yield "a"
        yield ""
        yield "ä"

    return Response(chunks())


@handler
def async_stream(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    return Response(chunks(), mimetype="text/html")


@handler
def events(request: Request) -> Response:
    return Response.from_events([{"a": 1}, "b"], retry=1)


@handler
def ndjson(request: Request) -> Response:
    return Response.from_ndjson([1, 2])


@handler
def no_content(request: Request) -> Response:
    return Response("dropped", 204)


@handler
def reset_content(request: Request) -> Response:
    return Response("dropped", 205)


@handler
def redirected(request: Request) -> Response:
    return redirect("/ä b", 303)


@handler
def not_found(request: Request) -> Response:
    abort(404, "nothing")


@handler
def unauthorized(request: Request) -> Response:
    response = Response("who?", 401)
    response.www_authenticate.set_basic("here")
    return response


@handler
def cookies(request: Request) -> Response:
    response = Response("x")
    response.set_cookie("a", "1 2;3", max_age=60, httponly=True, secure=True, samesite="Lax")
    response.delete_cookie("b")
    return response


@handler
def cached(request: Request) -> Response:
    response = Response("x")
    response.cache_control.max_age = 60
    response.vary.add("Accept")
    response.last_modified = 1_000_000_000  # type: ignore[assignment]
    response.add_etag()
    return response.make_conditional(request, accept_ranges=True)


@handler
def file(request: Request) -> Response:
    return send_file(FILE, request, as_attachment=True, download_name="naïve.py")


FIELDS: list[dict[str, str]] = [{}, {"Range": "bytes=0-0"}, {"Range": "bytes=9999999-"}, {"If-None-Match": "*"}]
CASES = [
    pytest.param(method, name, fields, id=f"{method}-{name}-{','.join(fields)}")
    for name in HANDLERS
    for method in ("GET", "HEAD")
    for fields in (FIELDS if name in ("cached", "file") else FIELDS[:1])
]


@pytest.mark.parametrize("judge", [validator, lint.wsgi])
@pytest.mark.parametrize(("method", "name", "fields"), CASES)
def test_wsgi(method: str, name: str, fields: dict[str, str], judge: Any) -> None:
    """wsgiref.validate and our own lint accept the response (PEP 3333)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of wsgiref.validate about environs
        environ = RequestBuilder("/", method=method, headers=fields).environ()
        errors = environ["wsgi.errors"] = io.StringIO()
        body = judge(Application(HANDLERS[name]))(environ, lambda status, headers, exc_info=None: bool)
        b"".join(body)
        body.close()
    assert errors.getvalue() == ""


async def _ask(app: Any, method: str, fields: dict[str, str]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    sent: list[Any] = []
    incoming = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        if (message := next(incoming, None)) is None:
            await anyio.sleep_forever()
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    await app(RequestBuilder("/", method=method, headers=fields).scope(), receive, send)
    return sent[0]["status"], sent[0]["headers"], b"".join(message["body"] for message in sent[1:])


@pytest.mark.anyio
@pytest.mark.parametrize(("method", "name", "fields"), CASES)
async def test_asgi(method: str, name: str, fields: dict[str, str]) -> None:
    """Our lint accepts the response: it raises AssertionError if a rule of the ASGI specification is broken."""
    await _ask(lint.asgi(Application(HANDLERS[name])), method, fields)


#: notes of httplint about responses without fields for caching
MEANT = "allows caches to assign their own freshness lifetimes"


@pytest.mark.parametrize(("method", "name", "fields"), CASES)
def test_httplint(method: str, name: str, fields: dict[str, str]) -> None:
    """httplint reports no error, and only warnings about fields that the handler has not set.

    The test adds Date itself.
    """
    from httplint import HttpRequestLinter, HttpResponseLinter, levels

    status, headers, body = anyio.run(_ask, Application(HANDLERS[name]), method, fields)
    server = [(b"date", http_date().encode())] if b"date" not in dict(headers) else []
    asked = HttpRequestLinter()
    asked.process_request_topline(method.encode(), b"http://testserver/", b"HTTP/1.1")
    asked.process_headers([(name.encode(), value.encode()) for name, value in fields.items()])
    linter = HttpResponseLinter()
    linter.request, linter.is_head_response = asked, method == "HEAD"
    linter.process_response_topline(b"HTTP/1.1", b"%d" % status, b"")
    linter.process_headers([*headers, *server])
    linter.feed_content(body)
    linter.finish_content(True)
    bad = [str(note) for note in linter.notes if note.level in (levels.BAD, levels.WARN)]
    assert [note for note in bad if MEANT not in note] == []


def test_static_files_pass(tmp_path: Path) -> None:
    """wsgiref.validate accepts StaticFiles. tests/files/test_static.py checks it with both lints."""
    (tmp_path / "a.txt").write_text("a")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        environ = RequestBuilder("/a.txt").environ()
        body = validator(StaticFiles(tmp_path))(environ, lambda status, headers, exc_info=None: bool)
        assert b"".join(body) == b"a"
        body.close()
