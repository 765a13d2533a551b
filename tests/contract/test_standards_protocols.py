"""What PEP 3333 and the ASGI specification require of an application and of what stands around one.

Rules that other files test are named in docs/explanation/standards.toml beside these.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.validate import validator

import anyio
import pytest

from cardan import CORS, Application, Compression, Mount, ProxyFix, Request, Response
from cardan.testing import Client, RequestBuilder, lint

FORM = {"form": {"a": "b"}, "files": {"f": ("name", b"12345")}}


def answer(request: Request) -> Response:
    """An answer to any request; a form is read."""
    return Response(f"{request.path} {len(request.form)} {len(request.files)}")


APPS: dict[str, Callable[[], Any]] = {
    "plain": lambda: Application(answer),
    "mount": lambda: Mount({"/a": Application(answer), "/": Application(answer)}),
    "proxy": lambda: ProxyFix(Application(answer)),
    "cors": lambda: CORS(Application(answer), origins=["https://a.example"]),
    "compression": lambda: Compression(Application(answer), minimum=1),
}
FIELDS = {"Origin": "https://a.example", "Accept-Encoding": "gzip", "X-Forwarded-For": "1.2.3.4"}


def called(app: Any, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """Call a WSGI application as a server does: status, fields and body."""
    started: list[Any] = []

    def start_response(status: str, fields: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [status, list(fields)]
        fields.append(("X-Of-The-Server", "1"))
        return lambda data: None

    iterable = app(environ, start_response)
    try:
        body = b"".join(iterable)
    finally:
        if hasattr(iterable, "close"):
            iterable.close()
    return started[0], started[1], body


def messages(app: Any, scope: dict[str, Any], receive: Any) -> list[dict[str, Any]]:
    """Call an ASGI application as a server does: the messages that it has sent."""
    seen: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        seen.append(message)

    anyio.run(lambda: app(scope, receive, send))
    return seen


# --- PEP 3333 ---


@pytest.mark.parametrize("name", APPS)
def test_the_streams_of_the_server_stay_open(name: str) -> None:
    """PEP 3333, "Input and Error Streams": neither stream is closed, also if a form was read or nothing was."""
    app = APPS[name]()
    for options in ({}, {"method": "POST", **FORM}):
        environ = RequestBuilder("/a/b", headers=FIELDS, **options).environ()
        streams = io.BytesIO(environ["wsgi.input"].read()), io.StringIO()
        environ["wsgi.input"], environ["wsgi.errors"] = streams
        assert called(app, environ)[0] == "200 OK"
        assert not any(stream.closed for stream in streams)


@pytest.mark.parametrize("name", APPS)
def test_the_list_of_fields_belongs_to_the_server(name: str) -> None:
    """PEP 3333, "The start_response() Callable": a server may change the list, and the next answer has a new one."""
    app = APPS[name]()
    first, second = (called(app, RequestBuilder("/a/b", headers=FIELDS).environ()) for _ in range(2))
    assert first == second
    assert "X-Of-The-Server" not in dict(second[1])


@pytest.mark.parametrize("missing", ["SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH"])
@pytest.mark.parametrize("name", APPS)
def test_what_may_be_empty_or_missing(name: str, missing: str) -> None:
    """PEP 3333, "environ Variables": these variables may be empty strings or not there."""
    answers = []
    for value in (None, ""):
        environ = RequestBuilder("/").environ()
        environ.pop(missing, None)
        if value is not None:
            environ[missing] = value
        answers.append(called(APPS[name](), environ)[::2])
    assert answers == [("200 OK", b"/ 0 0")] * 2


@pytest.mark.parametrize("name", APPS)
def test_the_environ_keeps_what_others_have_put_into_it(name: str) -> None:
    """PEP 3333, "environ Variables": variables of the server and of middleware reach the application unchanged."""
    mine = object()
    seen = []

    def handler(request: Request) -> Response:
        seen.append((request.environ["mine"], type(request.environ)))
        return Response()

    app = APPS[name]()
    for application in app.apps.values() if isinstance(app, Mount) else [getattr(app, "app", app)]:
        application.handler = handler
    environ = RequestBuilder("/a/b").environ()
    environ["mine"] = mine
    called(app, environ)
    assert seen == [(mine, dict)]
    assert environ["mine"] is mine


def test_the_input_is_a_file() -> None:
    """PEP 3333, "Input and Error Streams": read, readline with and without a size, readlines and iteration."""

    @Request.application
    def app(request: Request) -> Response:
        stream = request.stream
        return Response.from_json(
            [
                stream.readline(2).decode(),
                stream.readline().decode(),
                stream.read(1).decode(),
                [line.decode() for line in stream.readlines()],
                [line.decode() for line in stream],
                stream.read().decode(),
            ]
        )

    environ = RequestBuilder("/", method="POST", data=b"one\ntwo\nthree\nfour").environ()
    assert called(app, environ)[2] == b'["on","e\\n","t",["wo\\n","three\\n","four"],[],""]'


def test_an_application_answers_many_times_and_in_any_order() -> None:
    """PEP 3333, "The Application/Framework Side": an application is called again, also before an answer was taken."""

    @Request.application
    def app(request: Request) -> Response:
        def chunks() -> Iterator[str]:
            yield request.path
            yield "!"

        return Response(chunks())

    iterables = [app(RequestBuilder(path).environ(), lambda *args: lambda data: None) for path in ("/a", "/b")]
    assert [b"".join(each) for each in reversed(iterables)] == [b"/b!", b"/a!"]
    for each in iterables:
        each.close()  # type: ignore[attr-defined]


def test_an_application_iterates_over_nothing_before_it_is_asked() -> None:
    """PEP 3333, "Buffering and Streaming": a body runs to its first chunk at most before the server asks for one."""
    made = []

    @Request.application
    def app(request: Request) -> Response:
        def chunks() -> Iterator[str]:
            for number in range(3):
                made.append(number)
                yield str(number)

        return Response(chunks())

    iterable = app(RequestBuilder("/").environ(), lambda *args: lambda data: None)
    assert made in ([], [0])
    each = iter(iterable)
    for number in range(3):
        next(each)
        assert made == [*range(number + 1)]
    iterable.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_validators_find_nothing(name: str, method: str) -> None:
    """PEP 3333 and ASGI: wsgiref.validate and the lints accept each kind of application, with and without a form."""
    form = FORM if method == "POST" else {}
    for path in ("/a/b", "/nowhere"):
        builder = RequestBuilder(path, method=method, headers=FIELDS, **form)
        status, fields, _ = called(validator(lint.wsgi(APPS[name]())), builder.environ())
        start = messages(lint.asgi(APPS[name]()), builder.scope(), builder.receive())[0]
        assert status.startswith(f"{start['status']} ")
        assert sorted((field.lower().encode(), value.encode()) for field, value in fields) == sorted(start["headers"])


# --- RFC 3875: the environ that an application of WSGI gets over ASGI ---


def environ_of(scope: dict[str, Any]) -> dict[str, Any]:
    """The environ that a bridged application gets for a scope, with the body as ``read``."""
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> Any:
        seen.update(environ, read=environ["wsgi.input"].read())
        start_response("204 No Content", [])
        return []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"12345" if "content-length" in dict(names(scope)) else b""}

    messages(Application.from_wsgi(app), {**RequestBuilder("/").scope(), **scope}, receive)
    return seen


def names(scope: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The names of the fields of a scope as text, with their values."""
    return ((name.decode(), value) for name, value in scope.get("headers", ()))


def with_fields(*fields: tuple[bytes, bytes], **values: Any) -> dict[str, Any]:
    return {"headers": list(fields), **values}


VARIABLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "4.1.2 length": (
        with_fields((b"content-length", b"5"), method="POST"),
        {"CONTENT_LENGTH": "5", "HTTP_CONTENT_LENGTH": None, "read": b"12345"},
    ),
    "4.1.2 no length": (with_fields(), {"CONTENT_LENGTH": None, "read": b""}),
    "4.1.3 type": (with_fields((b"content-type", b"a/b")), {"CONTENT_TYPE": "a/b", "HTTP_CONTENT_TYPE": None}),
    "4.1.5 path": (
        {"path": "/a b/ü", "raw_path": b"/a%20b/%C3%BC"},
        {"PATH_INFO": "/a b/\xc3\xbc", "SCRIPT_NAME": ""},
    ),
    "4.1.7 query": ({"query_string": b"a=%20b&c"}, {"QUERY_STRING": "a=%20b&c"}),
    "4.1.7 no query": ({"query_string": b""}, {"QUERY_STRING": ""}),
    "4.1.8 address": ({"client": ("fe80::1", 5)}, {"REMOTE_ADDR": "fe80::1", "REMOTE_PORT": "5"}),
    "4.1.12 method": ({"method": "Purge"}, {"REQUEST_METHOD": "Purge"}),
    "4.1.13 prefix": (
        {"root_path": "/r\xfc", "path": "/r\xfc/x", "raw_path": b"/r%C3%BC/x"},
        {"SCRIPT_NAME": "/r\xc3\xbc", "PATH_INFO": "/x"},
    ),
    "4.1.14 name": ({"server": ("a.example", 8000)}, {"SERVER_NAME": "a.example"}),
    "4.1.14 IPv6": ({"server": ("::1", 8000)}, {"SERVER_NAME": "[::1]"}),
    "4.1.14 Unix socket": ({"server": ("/run/a:b", None)}, {"SERVER_NAME": "/run/a:b", "SERVER_PORT": "80"}),
    "4.1.15 port": ({"server": ("a.example", 8000)}, {"SERVER_PORT": "8000"}),
    "4.1.16 version": ({"http_version": "2"}, {"SERVER_PROTOCOL": "HTTP/2"}),
    "4.1.18 several fields": (
        with_fields((b"x-a", b"1"), (b"x-a", b"2"), (b"cookie", b"a=1"), (b"cookie", b"b=2")),
        {"HTTP_X_A": "1, 2", "HTTP_COOKIE": "a=1; b=2"},
    ),
    "4.1.18 underscore": (with_fields((b"x_real_ip", b"1")), {"HTTP_X_REAL_IP": None}),
}


@pytest.mark.parametrize("row", VARIABLES)
def test_variables(row: str) -> None:
    """RFC 3875: each variable has the value that its section says."""
    scope, expected = VARIABLES[row]
    environ = environ_of(scope)
    assert {name: environ.get(name) for name in expected} == expected


# --- ASGI ---


@pytest.mark.parametrize("name", APPS)
def test_the_scope_of_the_server_is_not_changed(name: str) -> None:
    """ASGI, "Middleware": what changes the scope changes a copy, so that code in front of it sees the first one."""
    builder = RequestBuilder("/a/b", method="POST", headers=FIELDS, **FORM)
    scope = builder.scope()
    scope["mine"] = mine = {"a": ["b"]}
    before = copy.deepcopy(scope)
    assert messages(APPS[name](), scope, builder.receive())[0]["status"] == 200
    assert {key: value for key, value in scope.items() if not key.startswith("cardan.")} == before
    assert scope["mine"] is mine


@pytest.mark.parametrize("name", APPS)
def test_the_messages_of_an_answer(name: str) -> None:
    """ASGI, "Response Start" and "Response Body": one start, then body messages, of which only the last one ends."""
    builder = RequestBuilder("/a/b", headers=FIELDS)
    start, *bodies = messages(APPS[name](), builder.scope(), builder.receive())
    assert start["type"] == "http.response.start"
    assert type(start["status"]) is int
    for field, value in start["headers"]:
        assert (type(field), type(value), field) == (bytes, bytes, field.lower())
    assert {message["type"] for message in bodies} == {"http.response.body"}
    assert [message.get("more_body", False) for message in bodies] == [True] * (len(bodies) - 1) + [False]


@pytest.mark.parametrize("status", [200, 204, 304])
def test_an_answer_without_content_has_one_body_message(status: int) -> None:
    """ASGI, "Response Body": at least one such message is sent, also if there is no content."""
    builder = RequestBuilder("/")
    sent = messages(Application(lambda request: Response(status=status)), builder.scope(), builder.receive())
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[1].get("body", b"") == b""


def test_nothing_is_received_that_nobody_asks_for() -> None:
    """ASGI, "Request": a server sends 100 Continue when receive() is called, so it is called for a reader only."""
    calls = []

    async def receive() -> dict[str, Any]:
        calls.append(1)
        return {"type": "http.request", "body": b"12345"}

    scope = RequestBuilder("/", method="POST", headers={"Expect": "100-continue", "Content-Length": "5"}).scope()
    assert messages(Application(lambda request: Response("no")), scope, receive)[1]["body"] == b"no"
    assert calls == []


@pytest.mark.parametrize("name", APPS)
def test_the_state_reaches_the_application(name: str) -> None:
    """ASGI, "Lifespan State": the state in the scope is that of the server, and may be changed by the request."""
    seen = []

    def handler(request: Request) -> Response:
        seen.append(dict(request.state))
        request.state["mine"] = 1
        return Response()

    app = APPS[name]()
    for application in app.apps.values() if isinstance(app, Mount) else [getattr(app, "app", app)]:
        application.handler = handler
    for _ in range(2):
        builder = RequestBuilder("/a/b")
        scope = builder.scope()
        scope["state"] = {"of": "the server"}
        messages(app, scope, builder.receive())
    assert seen == [{"of": "the server"}] * 2


@pytest.mark.parametrize("extensions", [None, {}, {"http.response.trailers": None, "other": {}}])
def test_extensions_may_be_missing(extensions: Any) -> None:
    """ASGI, "Extensions": the key may be missing, None or have extensions that nobody knows."""
    builder = RequestBuilder("/")
    scope = builder.scope()
    scope["extensions"] = extensions
    assert messages(Application(answer), scope, builder.receive())[0]["status"] == 200
    del scope["extensions"]
    assert messages(Application(answer), scope, builder.receive())[0]["status"] == 200


# --- RFC 8297 ---


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_hints_are_no_fields_of_the_answer(protocol: Any) -> None:
    """RFC 8297 section 2: what a 103 says is a hint; the final answer has its own fields, and only these."""

    @Request.application
    def app(request: Request) -> Response:
        request.send_early_hints(["</a.css>; rel=preload"])
        return Response("x")

    def serving(environ: Any, start_response: Any) -> Any:
        environ["wsgi.early_hints"] = lambda fields: None
        return app(environ, start_response)

    options = {"extensions": {"http.response.early_hint": {}}} if protocol == "asgi" else {}
    with Client(app if protocol == "asgi" else serving, protocol, **options) as client:
        assert "Link" not in client.get("/").headers
