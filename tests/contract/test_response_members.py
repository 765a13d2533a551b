"""Every member of the original design's response, on both protocols: what a handler does, and what the client gets."""

from __future__ import annotations

import copy
import pickle
from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import anyio
import httpx
import pytest

from cardan import Application, Request, Response, redirect
from cardan.core import ContentLengthError
from cardan.core import Response as CoreResponse
from cardan.testing import Client, RequestBuilder, lint

TRANSPORTS = ("wsgi", "asgi-asyncio", "asgi-trio")
Answer = Callable[[httpx.Response], bool]
ROWS: dict[str, tuple[Callable[[Request], Any], Answer]] = {}


def row(name: str, answer: Answer) -> Callable[[Callable[[Request], Any]], Callable[[Request], Any]]:
    """The handler shows the member ``name``; ``answer`` checks the response of the client."""

    def add(handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        assert name not in ROWS
        ROWS[name] = (handler, answer)
        return handler

    return add


def stream(*chunks: Any) -> Iterator[Any]:
    yield from chunks


async def astream(*chunks: Any) -> AsyncIterator[Any]:
    for chunk in chunks:
        yield chunk


def legacy(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    write = start_response("202 Accepted", [("X-App", "old"), ("Content-Type", "text/x")])
    write(b"written, ")
    return [b"returned"]


async def modern(scope: Any, receive: Any, send: Any) -> None:
    assert (await receive())["more_body"] is False
    await send({"type": "http.response.start", "status": 202, "headers": [(b"x-app", b"new")]})
    await send({"type": "http.response.body", "body": b"sent", "more_body": True})
    await send({"type": "http.response.body"})


@row(
    "constructor",
    lambda r: (r.status_code, r.text, r.headers["x-a"], r.headers["content-type"]) == (201, "aä", "1", "a/b"),
)
def constructor(request: Request) -> Response:
    return Response(["a", "ä"], 201, [("X-A", "1")], None, "a/b", False)


@row("async iterable", lambda r: r.content == b"ab" and "content-length" not in r.headers)
def async_iterable(request: Request) -> Response:
    return Response(astream("a", b"b"))


@row("mimetype vs content_type", lambda r: r.headers["content-type"] == "text/css; charset=utf-8")
def mimetype(request: Request) -> Response:
    assert Response("", content_type="text/css").content_type == "text/css"
    return Response("", mimetype="text/css")


@row("response", lambda r: r.text == "abc")
def body_list(request: Request) -> Response:
    response = Response("a")
    response.response.append("bc")
    return response


@row("headers", lambda r: r.headers.get_list("x-a") == ["1", "2"])
def headers(request: Request) -> Response:
    response = Response("x", headers={"X-A": "1"})
    response.headers.add("X-A", "2")
    return response


@row("status_code", lambda r: r.status_code == 418)
def status_code(request: Request) -> Response:
    response = Response("x")
    response.status_code = 418
    return response


@row("status", lambda r: r.status_code == 409)
def status(request: Request) -> Response:
    response = Response("x", HTTPStatus.IM_USED)
    response.status = "409 custom"
    return response


@row("direct_passthrough", lambda r: r.content == b"passed" and r.headers["x-hook"] == "registered")
def passthrough(request: Request) -> Response:
    response = Response(iter([b"passed"]), direct_passthrough=True, headers={"X-Hook": "registered"})
    response.call_on_close(lambda: ENDED.append("passthrough"))
    return response


@row("_ensure_sequence", lambda r: r.headers["content-length"] == "2")
def ensure_sequence(request: Request) -> Response:
    response = Response(stream("a", "b"))
    response._ensure_sequence()
    return response


@row("autocorrect_location_header", lambda r: r.headers["location"] == "http://testserver/app/x")
def autocorrect(request: Request) -> Response:
    response = redirect("/app/x")
    response.autocorrect_location_header = True
    return response


@row("a corrected location is joined with the URL", lambda r: r.headers["location"] == f"{r.request.url}?page=2")
def autocorrect_relative(request: Request) -> Response:
    response = redirect("?page=2")
    response.autocorrect_location_header = True
    return response


@row("location is relative by default", lambda r: r.headers["location"] == "x/%C3%A4")
def location(request: Request) -> Response:
    return redirect("x/ä")


@row("automatically_set_content_length", lambda r: r.content == b"abc")
def no_length(request: Request) -> Response:
    response = Response("abc")
    response.automatically_set_content_length = False
    return response


@row("calculate_content_length", lambda r: r.headers["content-length"] == "3")
def calculate(request: Request) -> Response:
    response = Response(stream("a", "bc"))
    assert response.calculate_content_length() == 3
    return response


@row("call_on_close", lambda r: r.text == "x")
def call_on_close(request: Request) -> Response:
    response = Response("x")

    @response.call_on_close
    async def asynchronous() -> None:
        ENDED.append("async hook")

    response.call_on_close(lambda: ENDED.append("hook"))
    return response


@row("close(), with", lambda r: r.text == "closed")
def closing(request: Request) -> Response:
    with Response("x") as response:
        response.call_on_close(lambda: ENDED.append("with"))
    assert ENDED.pop() == "with"
    return Response("closed")


@row("data, get_data, set_data", lambda r: (r.text, r.headers["content-length"]) == ("ab!", "3"))
def data(request: Request) -> Response:
    response = Response(stream("a", "b"))
    response.set_data(response.get_data(as_text=True) + "!")
    return response


@row(
    "charset, default_mimetype, default_status",
    lambda r: (r.status_code, r.headers["content-type"]) == (203, "text/x; charset=utf-8"),
)
def defaults(request: Request) -> Response:
    class Mine(Response):
        default_status = 203
        default_mimetype = "text/x"

    assert Mine.charset == "utf-8"
    return Mine("x")


@row(
    "set_cookie, delete_cookie",
    lambda r: [c.partition(";")[0] for c in r.headers.get_list("set-cookie")] == ["a=1", "b="],
)
def cookies(request: Request) -> Response:
    response = Response("x")
    response.set_cookie("a", "1", secure=True, httponly=True, samesite="Strict")
    response.delete_cookie("b")
    return response


@row("force_type", lambda r: r.text == "core")
def force_type(request: Request) -> Response:
    response = Response.force_type(CoreResponse("core"))
    assert type(response) is Response
    return response


@row("core's response is served", lambda r: r.text == "core")
def core_response(request: Request) -> CoreResponse:
    return CoreResponse("core")


@row("freeze, pickle, copy, deepcopy", lambda r: r.text == "ab" and r.headers["etag"].startswith('"'))
def freeze(request: Request) -> Response:
    response = pickle.loads(pickle.dumps(Response(stream("a", "b")).freeze()))
    return copy.deepcopy(copy.copy(response))


@row("from_app", lambda r: (r.status_code, r.text, r.headers["x-app"]) == (202, "written, returned", "old"))
def from_app(request: Request) -> Response:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    assert Response.from_app(legacy, environ, buffered=True).data == b"written, returned"
    assert Response.force_type(legacy, environ).status_code == 202
    return Response.from_app(legacy, environ)


@row("afrom_app", lambda r: (r.status_code, r.text, r.headers["x-app"]) == (202, "sent", "new"))
async def afrom_app(request: Request) -> Response:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    assert (await Response.aforce_type(modern, scope)).data == b"sent"
    return await Response.afrom_app(modern, scope)


@row("implicit_sequence_conversion", lambda r: r.text == "ab")
def implicit(request: Request) -> Response:
    response = Response(stream("a", "b"))
    response.implicit_sequence_conversion = False
    with pytest.raises(RuntimeError):
        response.get_data()
    return response


@row("is_sequence, is_streamed", lambda r: r.text == "a")
def kinds(request: Request) -> Response:
    response = Response(astream("a"))
    assert response.is_streamed
    assert not response.is_sequence
    return response


@row("iter_encoded", lambda r: r.text == "äb")
def iter_encoded(request: Request) -> Response:
    return Response(Response(stream("ä", b"b")).iter_encoded())


@row("aiter_encoded", lambda r: r.text == "äb")
def aiter_encoded(request: Request) -> Response:
    return Response(Response(astream("ä", b"b")).aiter_encoded())


@row("make_sequence", lambda r: r.headers["content-length"] == "1")
def make_sequence(request: Request) -> Response:
    response = Response(stream("a"))
    response.make_sequence()
    return response


@row("amake_sequence, afreeze, aget_data", lambda r: r.text == "ab" and "etag" in r.headers)
async def awaiting(request: Request) -> Response:
    response = await Response(astream("a", "b")).afreeze()
    assert await response.aget_data() == response.data == b"ab"
    return response


@row("text, json", lambda r: r.json() == {"a": "ä"})
def json(request: Request) -> Response:
    response = Response.from_json({"a": "ä"})
    assert response.json == {"a": "ä"}
    return response


@row("ResponseStreamMixin.stream", lambda r: (r.text, r.headers["content-length"]) == ("ab", "2"))
def stream_mixin(request: Request) -> Response:
    response = Response("a")
    response.stream.write("b")
    return response


@row(
    "ETagResponseMixin",
    lambda r: (r.headers["etag"], r.headers["accept-ranges"]) == ('W/"x"', "bytes") and "date" in r.headers,
)
def etag(request: Request) -> Response:
    response = Response("a")
    response.set_etag("x", weak=True)
    response.cache_control.max_age = 3
    return response.make_conditional(request, accept_ranges=True)


@row(
    "CommonResponseDescriptorsMixin",
    lambda r: (
        (r.headers["allow"], r.headers["vary"], r.headers["age"], r.headers["retry-after"], r.headers["expires"])
        == ("GET, HEAD", "Accept", "5", "60", "Thu, 01 Jan 2026 00:00:00 GMT")
    ),
)
def descriptors(request: Request) -> Response:
    response = Response("a")
    response.allow = ["GET", "HEAD"]  # type: ignore[assignment]
    response.vary.add("Accept")
    response.age = 5  # type: ignore[assignment]
    response.retry_after = 60  # type: ignore[assignment]
    response.expires = datetime(2026, 1, 1, tzinfo=UTC)
    return response


@row("WWWAuthenticateMixin", lambda r: r.headers["www-authenticate"].lower().startswith("basic"))
def www_authenticate(request: Request) -> Response:
    response = Response(status=401)
    response.www_authenticate.set_basic("here")
    return response


@row("retains its app-ness: __call__", lambda r: r.text == "itself")
def itself(request: Request) -> Response:
    return Response("itself")


@row("304 and 205", lambda r: (r.status_code, r.content, r.headers["content-length"]) == (205, b"", "0"))
def reset(request: Request) -> Response:
    return Response("x", 205)


ENDED: list[str] = []


def _client(handler: Any, transport: str) -> Client:
    application = handler if isinstance(handler, Response) else Application(handler)
    protocol, _, backend = transport.partition("-")
    checked = lint.wsgi(application) if protocol == "wsgi" else lint.asgi(application)
    return Client(checked, protocol=protocol, backend=backend or "asyncio")  # type: ignore[arg-type]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", ROWS)
def test_row(name: str, transport: str) -> None:
    """The check of the member passes on this transport, and the response passes the protocol's lint."""
    handler, answer = ROWS[name]
    ENDED.clear()
    with _client(handler, transport) as client:
        response = client.get("http://testserver/app/")
        assert answer(response), (response.status_code, response.headers, response.text)
    expected = {"direct_passthrough": ["passthrough"], "call_on_close": ["async hook", "hook"]}
    assert expected.get(name, []) == ENDED


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_response_is_an_application(transport: str, method: str) -> None:
    """The member __call__: a response is an application, and can be sent any number of times."""
    with _client(Response("itself", 202, {"X-A": "1"}), transport) as client:
        for _ in range(2):
            response = client.request(method, "/")
            assert (response.status_code, response.headers["content-length"], response.headers["x-a"]) == (
                202,
                "6",
                "1",
            )
            assert response.text == ("itself" if method == "GET" else "")


def test_get_wsgi_response() -> None:
    """get_wsgi_headers, get_app_iter and get_wsgi_response use the finalizer. HEAD and 304 give an empty body."""
    for method, status, body in (("GET", 200, b"ab"), ("HEAD", 200, b""), ("GET", 304, b"")):
        environ = {"REQUEST_METHOD": method}
        response = Response(["a", "b"], status)
        app_iter, line, fields = response.get_wsgi_response(environ)
        assert (b"".join(app_iter), line) == (body, response.status)
        assert fields == response.get_wsgi_headers(environ).to_wsgi_list()
        assert ("Content-Length" in dict(fields)) is (status == 200)
    raw = Response(iter([b"a"]), direct_passthrough=True)
    assert raw.get_app_iter({"REQUEST_METHOD": "GET"}) is raw.response


def test_get_wsgi_headers_is_a_copy() -> None:
    """get_wsgi_headers gives a corrected copy."""
    response = Response("a")
    response.get_wsgi_headers({"REQUEST_METHOD": "GET"})["X-A"] = "1"
    assert "X-A" not in response.headers


def test_the_environ_and_the_scope_are_left_as_they_are() -> None:
    """The URL of the request is asked for to make Location absolute. Nothing is stored in the environ or scope for it,
    in which another request object may be stored.
    """
    response = Response("", 302, {"Location": "there"})
    response.autocorrect_location_header = True
    environ = Request.from_values("/here", "http://a.example/app/").environ
    scope = {**Request.from_values("/here", "http://a.example/app/", protocol="asgi").scope}
    for carrier in (environ, scope):
        carrier["cardan.request"] = None
    before, ascope = {**environ}, {**scope}
    assert response.get_wsgi_headers(environ)["Location"] == "http://a.example/app/there"
    assert dict(response.get_asgi_headers(scope))[b"location"] == b"http://a.example/app/there"
    assert environ == before
    assert scope == ascope


@pytest.mark.anyio
async def test_get_asgi_messages() -> None:
    """The ASGI versions give the headers as bytes, and the messages that would be sent."""
    scope = {"type": "http", "method": "GET", "headers": []}
    messages = [message async for message in Response(["a", "b"]).get_asgi_messages(scope)]
    assert [message["type"] for message in messages] == ["http.response.start"] + ["http.response.body"] * 3
    assert b"".join(message.get("body", b"") for message in messages) == b"ab"
    assert messages[-1]["more_body"] is False
    assert messages[0]["headers"] == Response(["a", "b"]).get_asgi_headers(scope)


def _late(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield b"x"


def _never(environ: Any, start_response: Any) -> list[bytes]:
    return [b"x"][:0]


def _twice(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    start_response("500 No", [])
    return []


def _instead(environ: Any, start_response: Any) -> list[bytes]:
    import sys

    start_response("200 OK", [])
    try:
        raise KeyError
    except KeyError:
        start_response("500 No", [("X-A", "1")], sys.exc_info())
    return [b"no"]


def _raises(environ: Any, start_response: Any) -> list[bytes]:
    raise LookupError("early")


@pytest.mark.parametrize(("app", "error"), [(_never, RuntimeError), (_twice, RuntimeError), (_raises, LookupError)])
def test_from_app_errors(app: Any, error: type[Exception]) -> None:
    """An application that raises, that never starts, or that starts twice gives an error."""
    with pytest.raises(error):
        Response.from_app(app, {})


def test_from_app_kinds() -> None:
    """A generator may start late, and use exc_info before anything was sent. The iterable is closed once."""
    assert Response.from_app(_late, {}).data == b"x"
    instead = Response.from_app(_instead, {})
    assert (instead.status, instead.headers.get("X-A"), instead.data) == ("500 No", "1", b"no")
    closed: list[int] = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(1)

    def app(environ: Any, start_response: Any) -> Body:
        start_response("200 OK", [])
        return Body([b"a", b"b"])

    response = Response.from_app(app, {})
    assert response.data == b"ab"
    response.close()
    response.close()
    assert closed == [1]
    Response.from_app(app, {}, buffered=True).close()
    assert closed == [1, 1]


def _breaks(start_response: Any) -> None:
    """Replace the head after an error, as an application does (PEP 3333, "Error Handling")."""
    import sys

    try:
        raise KeyError
    except KeyError:
        start_response("500 No", [("X-A", "1")], sys.exc_info())


def _after_empty_blocks(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield b""
    _breaks(start_response)
    yield b""
    yield b"no"


def _after_an_empty_write(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])(b"")

    def body() -> Iterator[bytes]:
        _breaks(start_response)
        yield b"no"

    return body()


@pytest.mark.parametrize("app", [_instead, _after_empty_blocks, _after_an_empty_write])
@pytest.mark.parametrize("buffered", [False, True])
def test_from_app_with_another_head(app: Any, buffered: bool) -> None:
    """The head can be replaced until the first bytes of the body: empty blocks are no output (PEP 3333)."""
    response = Response.from_app(app, {}, buffered)
    assert (response.status, response.headers.get("X-A"), response.data) == ("500 No", "1", b"no")


def test_from_app_with_another_head_too_late() -> None:
    """After the first bytes the error of the application is raised from its own call (PEP 3333)."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x"
        _breaks(start_response)
        yield b"y"

    response = Response.from_app(app, {})
    assert response.status == "200 OK"
    with pytest.raises(KeyError):
        list(response.iter_encoded())


def test_from_app_keeps_the_order_of_what_is_written() -> None:
    """What an application writes while its iterable runs comes before the block that it yields afterwards, and what it
    writes last comes at the end. After the end, or after the response was closed, writing is an error.
    """
    writes: list[Any] = []

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        write = start_response("200 OK", [])
        writes.append(write)
        write(b"a")
        yield b"b"
        write(b"c")
        write(b"d")
        yield b"e"
        write(b"f")

    whole = Response.from_app(app, {})
    assert b"".join(whole.iter_encoded()) == b"abcdef"
    begun = Response.from_app(app, {})
    assert next(iter(begun.iter_encoded())) == b"a"
    begun.close()
    for write in writes:
        with pytest.raises(RuntimeError, match="after the end of the response"):
            write(b"g")


def failing(error: type[BaseException], closed: list[int], *blocks: bytes) -> Any:
    """A WSGI application whose iterable raises ``error`` after some blocks. ``closed`` notes each call of ``close``."""

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield from blocks
            raise error

        def close(self) -> None:
            closed.append(1)

    def app(environ: Any, start_response: Any) -> Body:
        start_response("200 OK", [])
        return Body()

    return app


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt, SystemExit, GeneratorExit, CancelledError])
def test_from_app_closes_what_fails_at_once(error: type[BaseException]) -> None:
    """Whatever ends the iterable before its first block, it is closed (PEP 3333, "Specification Details")."""
    closed: list[int] = []
    with pytest.raises(error):
        Response.from_app(failing(error, closed), {})
    assert closed == [1]


def test_from_app_closes_once_what_cannot_be_closed() -> None:
    """An iterable whose ``close`` raises is closed once, too."""
    closed: list[int] = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(1)
            raise LookupError

    def app(environ: Any, start_response: Any) -> Body:
        start_response("200 OK", [])
        return Body([b"a"])

    response = Response.from_app(app, {})
    body: Any = response.response
    for raises in (True, False):
        with pytest.raises(LookupError) if raises else nullcontext():
            body.close()
    response.close()
    assert closed == [1]


def test_from_app_takes_the_fields_as_they_were_given() -> None:
    """A list of fields that the application changes after its call of ``start_response`` does not change the head."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        fields = [("X-A", "1")]
        start_response("200 OK", fields)
        fields.append(("X-B", "2"))
        yield b"x"

    assert "X-B" not in Response.from_app(app, {}).headers


def test_from_app_calls_the_application_with_the_environ_itself() -> None:
    """What an application puts into its environ is seen by the caller, as by a middleware (PEP 3333)."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        environ["app.seen"] = True
        start_response("200 OK", [])
        return []

    environ: dict[str, Any] = {}
    Response.from_app(app, environ)
    assert environ == {"app.seen": True}


def test_from_app_gives_each_block() -> None:
    """One block for each block, none of them joined with another (PEP 3333, "Middleware Handling of Block Boundaries").

    What was written comes before what is given.
    """

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        write = start_response("200 OK", [])
        write(b"a")
        write(b"b")
        return iter([b"", b"c", b"d", b"", b"e"])

    assert list(Response.from_app(app, {}).iter_encoded()) == [b"a", b"b", b"", b"c", b"d", b"", b"e"]
    assert list(Response.from_app(app, {}).get_app_iter({})) == [b"a", b"b", b"", b"c", b"d", b"", b"e"]
    sent = Response.from_app(app, {})({"REQUEST_METHOD": "GET"}, lambda status, headers, exc_info=None: print)
    assert [block for block in sent if block] == [b"a", b"b", b"c", b"d", b"e"]


def test_from_app_closes_what_cannot_be_iterated() -> None:
    """An iterable is closed as well if its ``__iter__`` raises (PEP 3333: close() is called however it ends)."""
    closed: list[int] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            raise LookupError("no iterator")

        def close(self) -> None:
            closed.append(1)

    def app(environ: Any, start_response: Any) -> Body:
        start_response("200 OK", [])
        return Body()

    with pytest.raises(LookupError, match="no iterator"):
        Response.from_app(app, {})  # type: ignore[arg-type]
    assert closed == [1]


@pytest.mark.parametrize("blocks", [["a"], ["", b"a"], [b"", "a"], [3], [None]])
@pytest.mark.parametrize("kind", [list, iter])
def test_from_app_takes_no_text(blocks: list[Any], kind: Any) -> None:
    """The blocks of a WSGI application are bytes: text is not encoded, also not if it is empty (PEP 3333, "Unicode
    Issues").
    """

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return kind(blocks)

    with pytest.raises(TypeError, match=r"got (str|int|NoneType), expected bytes"):
        Response.from_app(app, {}, buffered=True)
    with pytest.raises(TypeError, match=r"got (str|int|NoneType), expected bytes"):
        list(Response.from_app(app, {}).iter_encoded())


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_cookies_that_are_set_again(protocol: Any) -> None:
    """RFC 6265bis section 4.1.1: a response has one Set-Cookie for a cookie. A second one with the same name, domain
    and path replaces the first, a deletion too; cookies of another domain or path, and partitioned ones, are others.
    """

    @Application
    def app(request: Request) -> Response:
        response = Response("a")
        response.set_cookie("a", "1", max_age=5)
        response.set_cookie("a", "2", path="/x")
        response.set_cookie("a", "3", domain=".Example.org")
        response.set_cookie("a", "4", partitioned=True)
        response.set_cookie("A", "5")
        response.set_cookie("ab", "6")
        response.set_cookie("a", "7", secure=True, samesite="Lax")
        response.set_cookie("a", "8", domain="example.org", path="/")
        response.delete_cookie("ab")
        response.headers.add("Set-Cookie", "c=1;path=/x ; Domain=a.example")
        response.set_cookie("c", "2", path="/x", domain="a.example")
        return response

    with Client(app, protocol=protocol) as client:
        sent = client.get("/").headers.get_list("Set-Cookie")
    assert sent == [
        "a=2; Path=/x", "a=4; Secure; Path=/; Partitioned", "A=5; Path=/", "a=7; Secure; Path=/; SameSite=Lax",
        "a=8; Domain=example.org; Path=/", "ab=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/",
        "c=2; Domain=a.example; Path=/x",
    ]  # fmt: skip


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize(
    ("key", "options", "attributes"),
    [
        ("__Host-a", {}, "Secure; Path=/"),
        ("__host-a", {"path": "/x", "domain": "a.example"}, "Secure; Path=/"),
        ("__Secure-a", {"path": "/x", "domain": "a.example"}, "Secure; Path=/x"),
        ("__Http-a", {}, "Secure; HttpOnly; Path=/"),
        ("__Host-Http-a", {"path": None}, "Secure; HttpOnly; Path=/"),
        ("__Host-a", {"partitioned": True, "samesite": "None"}, "Secure; Path=/; SameSite=None; Partitioned"),
        ("a", {}, "Path=/"),
    ],
)
def test_a_cookie_with_a_prefix_is_deleted(protocol: Any, key: str, options: dict[str, Any], attributes: str) -> None:
    """RFC 6265bis section 4.1.3: delete_cookie() sets what the prefix of the name demands; a browser ignores the field
    without it.
    """

    @Application
    def app(request: Request) -> Response:
        response = Response("a")
        response.delete_cookie(key, **options)
        return response

    with Client(app, protocol=protocol) as client:
        found, *written = client.get("/").headers["Set-Cookie"].split("; ")
    assert found == f"{key}="
    assert [each for each in written if not each.startswith(("Expires=", "Max-Age=0", "Domain="))] == attributes.split(
        "; "
    )
    assert ("Domain=a.example" in written) is (key == "__Secure-a")


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_hosts_in_another_script(protocol: Any) -> None:
    """UTS 46: a host is encoded in the same way in Set-Cookie, in Location and in ``trusted_hosts``."""

    class Trusting(Request):
        trusted_hosts = ["faß.de"]

    @Application[Trusting]
    def app(request: Trusting) -> Response:
        response = redirect("https://faß.de/ü")
        response.set_cookie("a", domain="faß.de")
        return response

    with Client(app, protocol=protocol, base_url="http://xn--fa-hia.de") as client:
        answer = client.get("/", follow_redirects=False)
        assert answer.headers["Location"] == "https://xn--fa-hia.de/%C3%BC"
        assert answer.headers["Set-Cookie"] == "a=; Domain=xn--fa-hia.de; Path=/"
        assert client.get("http://fass.de/", follow_redirects=False).status_code == 400
    with pytest.raises(ValueError, match="expected a name that IDNA can encode"):
        type("Wrong", (Request,), {"trusted_hosts": ["a.de", ".ü..de"]})


WAYS_TO_A_LOCATION: dict[str, Any] = {
    "redirect": redirect,
    "attribute": lambda url: assigned("location", url),
    "headers": lambda url: Response(status=302, headers={"Location": url}),
    "item": lambda url: assigned("headers", {"Location": url}),
}


def assigned(name: str, value: Any) -> Response:
    """A redirect one of whose attributes is set; the items of a dict become items of the attribute."""
    response = Response(status=302)
    if isinstance(value, dict):
        for key, item in value.items():
            getattr(response, name)[key] = item
    else:
        setattr(response, name, value)
    return response


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize("way", WAYS_TO_A_LOCATION)
@pytest.mark.parametrize(
    ("iri", "uri"),
    [
        ("/caf\xe9/€", "/caf%C3%A9/%E2%82%AC"),
        ("/path[x]?a[]=1", "/path%5Bx%5D?a%5B%5D=1"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_every_location_is_a_uri(protocol: Any, way: str, iri: str, uri: str) -> None:
    """Location is a URI reference (RFC 9110 section 10.2.2, RFC 3986), by whichever way an IRI was set."""

    @Application
    def app(request: Request) -> Response:
        made: Response = WAYS_TO_A_LOCATION[way](iri)
        return made

    with Client(app, protocol=protocol) as client:
        assert client.get("/", follow_redirects=False).headers["Location"] == uri


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize("way", WAYS_TO_A_LOCATION)
@pytest.mark.parametrize(
    "url", ["http:///evil.example/x", "///evil.example", "http:evil.example", "http://u:p@a.example"]
)
def test_a_location_without_a_host_is_not_sent(protocol: Any, way: str, url: str) -> None:
    """An http URI has a host and no user information (RFC 9110 sections 4.2.1 and 4.2.4). ``.location =`` and
    ``redirect()`` raise ValueError at once; a field that was set directly is an error when it is sent.
    """
    seen: list[str] = []

    @Application
    def app(request: Request) -> Response:
        try:
            made: Response = WAYS_TO_A_LOCATION[way](url)
        except ValueError as error:
            seen.append(str(error))
            return Response("refused", 400)
        return made

    with Client(app, protocol=protocol, raise_app_exceptions=False) as client:
        answer = client.get("/", follow_redirects=False)
    assert "Location" not in answer.headers
    assert answer.status_code == (400 if way in ("redirect", "attribute") else 500)
    assert bool(seen) is (way in ("redirect", "attribute"))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_bare_response_with_a_relative_location(transport: str) -> None:
    """``autocorrect_location_header`` holds without an Application, too: the URL of the request completes the field."""
    response = Response("", 302, {"Location": "x?a=b"})
    response.autocorrect_location_header = True
    with _client(response, transport) as client:
        assert client.get("/app/y", follow_redirects=False).headers["location"] == "http://testserver/app/x?a=b"


@pytest.mark.anyio
async def test_the_location_in_what_would_be_sent() -> None:
    """The URL of the request completes Location in ``get_wsgi_headers()`` and ``get_asgi_messages()``, too."""
    response = Response("", 302, {"Location": "x"})
    response.autocorrect_location_header = True
    builder = RequestBuilder("/app/y", base_url="https://a.example")
    assert response.get_wsgi_headers(builder.environ())["Location"] == "https://a.example/app/x"
    messages = [message async for message in response.get_asgi_messages(builder.scope())]
    assert (b"location", b"https://a.example/app/x") in messages[0]["headers"]


def test_closing_get_app_iter() -> None:
    """To close the iterable closes the response, with its body and its hooks."""
    log: list[str] = []

    def body() -> Iterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            log.append("body")

    response = Response(body())
    response.call_on_close(lambda: log.append("hook"))
    chunks: Any = response.get_app_iter({"REQUEST_METHOD": "GET"})
    assert next(iter(chunks)) == b"a"
    chunks.close()
    assert log == ["body", "hook"]


@pytest.mark.anyio
async def test_what_is_no_asgi_application() -> None:
    """afrom_app says what it got. aforce_type takes an application only with a scope."""
    with pytest.raises(TypeError, match="got an application of type str, expected an ASGI application"):
        await Response.afrom_app("app", {})  # type: ignore[arg-type]
    made = await Response.aforce_type(CoreResponse("of core", 201))
    assert (type(made), made.status_code, made.text) == (Response, 201, "of core")
    with pytest.raises(TypeError):
        await Response.aforce_type(modern)


def test_get_app_iter_says_what_a_server_needs() -> None:
    """An empty body is one empty block, without which some servers send nothing. A body that is shorter than its
    Content-Length is an error. A body that is not sent is not run.
    """
    get, head = RequestBuilder("/").environ(), RequestBuilder("/", method="HEAD").environ()
    assert list(Response(stream()).get_app_iter(get)) == [b""]
    assert list(Response(stream("a", "", "b")).get_app_iter(get)) == [b"a", b"", b"b"]
    short = Response(stream("a"), headers={"Content-Length": "2"})
    blocks = iter(short.get_app_iter(get))
    assert next(blocks) == b"a"
    with pytest.raises(ContentLengthError):
        next(blocks)
    begun: list[str] = []
    body = (begun.append(each) for each in "ab")
    assert b"".join(Response(body).get_app_iter(head)) == b""
    assert not begun


def test_a_buffered_body_that_fails_is_closed() -> None:
    """The iterable of the application is closed once, and its error is raised."""
    closed: list[int] = []
    with pytest.raises(LookupError):
        Response.from_app(failing(LookupError, closed, b"a"), RequestBuilder("/").environ(), buffered=True)
    assert closed == [1]


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize("declared", [None, "5"])
def test_the_answer_of_another_application_to_head(protocol: str, declared: str | None) -> None:
    """Another application may leave out the body in its answer to HEAD. cardan does not make a Content-Length of 0 of
    that, and keeps one that was declared (RFC 9110 section 8.6).
    """
    fields = [("Content-Type", "text/plain")] + ([("Content-Length", declared)] if declared else [])

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", fields)
        return []

    async def aapp(scope: Any, receive: Any, send: Any) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in fields]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    builder = RequestBuilder("/", method="HEAD")
    if protocol == "wsgi":
        response = Response.from_app(app, builder.environ(), buffered=True)
        sent = response.get_wsgi_headers(builder.environ())
    else:
        response = anyio.run(Response.afrom_app, aapp, builder.scope())
        sent = response.get_wsgi_headers(builder.environ())
    assert sent.get("Content-Length") == declared


def test_an_application_of_the_other_protocol_is_named_with_its_cause() -> None:
    """The error says which method takes it, and the error of the call is its cause."""

    async def aapp(scope: Any, receive: Any, send: Any) -> None: ...

    builder = RequestBuilder("/")
    with pytest.raises(TypeError, match=r"afrom_app\(\) takes an ASGI application") as caught:
        Response.from_app(aapp, builder.environ())  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, TypeError)
    with pytest.raises(TypeError, match=r" from_app\(\) takes a WSGI application") as caught:
        anyio.run(Response.afrom_app, legacy, builder.scope())
    assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_messages_that_are_not_all_taken_close_the_response(backend: str) -> None:
    """When the generator of the messages is closed, the body has ended and the hooks have run."""
    log: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            log.append("body")

    async def main() -> None:
        response = Response(body())
        response.call_on_close(lambda: log.append("hook"))
        messages = response.get_asgi_messages(RequestBuilder("/").scope())
        assert [(await anext(messages))["type"] for _ in range(2)] == ["http.response.start", "http.response.body"]
        await messages.aclose()
        assert log == ["body", "hook"]

    anyio.run(main, backend=backend)
