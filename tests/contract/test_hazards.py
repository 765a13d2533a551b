"""Hazards of request heads, bodies and concurrency, on WSGI and ASGI. The id of a test names the hazard."""

from __future__ import annotations

import io
import random
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from cardan import Application, Request, Response
from cardan.exceptions import BodyConsumed, ClientDisconnected, HTTPException, RequestEntityTooLarge
from cardan.testing import Client, RequestBuilder

from .conftest import IN_PROCESS
from .request_apps import READERS, aask, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

PROTOCOLS = ("wsgi", "asgi")
PUBLIC = [
    name
    for name in dir(Request)
    if not name.startswith("_")
    and name not in ("environ", "scope", "receive", "send", "input_stream", "stream")
    and (isinstance(getattr(Request, name), property) or "HeaderField" in type(getattr(Request, name)).__name__)
]


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never has to wait."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


def read_all(request: Request) -> int:
    """Read every public property and return their number.

    Only HTTP errors are allowed, and the one that says that a form was parsed, whose bytes are gone.
    """
    read = 0
    if request._mode == "async":
        try:
            finish(request.load())
        except HTTPException:
            pass
    for name in PUBLIC:
        try:
            value = getattr(request, name)
            if name in TEXTUAL:
                str(value), repr(value)
            read += 1
        except (HTTPException, BodyConsumed):
            pass
    return read


TEXTUAL = {"headers", "authorization", "accept_mimetypes", "cache_control", "if_match", "range", "if_range", "pragma"}

# --- 30,000 hostile requests ---

NAMES = [
    "Host", "Cookie", "Content-Type", "Content-Length", "Accept", "Accept-Language", "Accept-Charset",
    "Accept-Encoding", "Authorization", "If-Match", "If-None-Match", "If-Range", "If-Modified-Since",
    "If-Unmodified-Since", "Range", "Date", "Cache-Control", "Pragma", "Max-Forwards", "Referer", "Origin",
    "User-Agent", "X-Forwarded-For", "X-Requested-With", "Transfer-Encoding", "Content-Encoding", "Content-MD5",
    "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-User", "Last-Event-ID", "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
]  # fmt: skip
PIECES = [
    b'"', b"\\", b";", b",", b"=", b"*", b"/", b":", b"%", b"%zz", b"%C3", b"\xff", b"\x00", b"\x85", b"\x1c", b" ",
    b"\t", b"q=", b"q=1.0000", b"W/", b"bytes=", b"-", b"0-0", b"9" * 30, b"Basic ", b"Bearer ", b"Digest a=", b"[::",
    b"]", b"@", b"?", b"#", b"a", b"utf-8''", b"*0*=", b"*1=", b"text/html", b"multipart/form-data; boundary=",
    b"application/json", b"application/x-www-form-urlencoded", b"Thu, 01 Jan 2026 00:00:00 GMT", b"Sunday, 06-Nov-94",
    b"99999", b"__Host-", b"http://", b"\xe2\x82\xac", b"(", b")", b"<", b"max-age", b"de-", b"identity", b"chunked",
    b"MQ==", b"\n", b"\r\n",
]  # fmt: skip


def hostile(choose: random.Random) -> bytes:
    """A few pieces of syntax, or an empty text."""
    if choose.random() < 0.15:
        return choose.randbytes(choose.randrange(12))
    return b"".join(choose.choices(PIECES, k=choose.randrange(1, 7)))


def hostile_environ(choose: random.Random) -> dict[str, Any]:
    """An environ that no real server would make."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": choose.choice(["GET", "POST", "get", "", "\xff"]),
        "PATH_INFO": hostile(choose).decode("latin-1"),
        "SCRIPT_NAME": choose.choice(["", "/", "/a", "\xff", "a//"]),
        "QUERY_STRING": hostile(choose).decode("latin-1"),
        "SERVER_NAME": hostile(choose).decode("latin-1"),
        "SERVER_PORT": choose.choice(["80", "", "x", "99999", "\u0661"]),
        "SERVER_PROTOCOL": choose.choice(["HTTP/1.1", "", "HTTP/2", "x/"]),
        "REMOTE_ADDR": choose.choice(["", "1.1.1.1", "\xff"]),
        "REMOTE_PORT": choose.choice(["", "x", "5"]),
        "wsgi.url_scheme": choose.choice(["http", "https", "ws", ""]),
        "wsgi.input": io.BytesIO(hostile(choose)),
    }
    if choose.random() < 0.5:
        environ["wsgi.input_terminated"] = True
    for name in choose.sample(NAMES, k=choose.randrange(6)):
        key = name.upper().replace("-", "_")
        environ[key if key.startswith("CONTENT_") else f"HTTP_{key}"] = hostile(choose).decode("latin-1")
    return environ


def hostile_scope(choose: random.Random) -> tuple[dict[str, Any], Callable[[], Any]]:
    """A scope that no real server would make, and a body."""
    scope = {
        "type": "http",
        "method": choose.choice(["GET", "POST", "get", "", "\xff"]),
        "path": hostile(choose).decode("utf-8", choose.choice(["replace", "surrogateescape"])),
        "root_path": choose.choice(["", "/", "/a", "\xff", "a//", "\ud800"]),
        "query_string": hostile(choose),
        "raw_path": choose.choice([None, hostile(choose)]),
        "scheme": choose.choice(["http", "https", "ws", ""]),
        "http_version": choose.choice(["1.0", "1.1", "2", "3", "", "x"]),
        "server": choose.choice([None, ("a", 80), ["::1", 8000], ("/run/x", None), ("", 0)]),
        "client": choose.choice([None, ("1.1.1.1", 5), ["", 0]]),
        "headers": [
            (choose.choice([name.lower().encode(), name.encode(), hostile(choose)]), hostile(choose))
            for name in choose.choices(NAMES, k=choose.randrange(7))
        ],
    }
    messages = [
        {"type": "http.request", "body": hostile(choose), "more_body": True} for _ in range(choose.randrange(3))
    ]
    last = choose.choice(
        [{"type": "http.request"}, {"type": "http.request", "body": b"x"}, {"type": "http.disconnect"}]
    )
    answers = iter([*messages, last])

    async def receive() -> Any:
        return next(answers)

    return scope, receive


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_hostile_random_requests(protocol: str) -> None:
    """5,000 random requests on each protocol: every public property gives a value or an HTTP error."""
    assert len(PUBLIC) >= 70
    choose = random.Random(20_261)
    read = 0
    for _ in range(5000):
        if protocol == "wsgi":
            read += read_all(Request(hostile_environ(choose)))
        else:
            read += read_all(Request(*hostile_scope(choose)))
    assert read > 5000 * 55


# --- request heads ---


def head(protocol: str, *headers: tuple[bytes, bytes], **options: Any) -> Request:
    """A request with this head."""
    builder = RequestBuilder(options.pop("path", "/"), headers=list(headers), **options)
    return Request(builder.environ()) if protocol == "wsgi" else Request(builder.scope(), builder.receive())


both = pytest.mark.parametrize("protocol", PROTOCOLS)


@both
def test_underscore_beside_hyphen(protocol: str) -> None:
    """`X_Forwarded_For` is never taken for `X-Forwarded-For`, and never joined with it."""
    request = head(protocol, (b"X-Forwarded-For", b"1.1.1.1"), (b"X_Forwarded_For", b"6.6.6.6"))
    assert request.access_route == ["1.1.1.1"]
    assert not head(protocol, (b"X_Requested_With", b"XMLHttpRequest")).is_xhr


@both
def test_ten_thousand_fields_of_one_name(protocol: str) -> None:
    """The values are joined once, however often the field is read."""
    request = head(protocol, *[(b"X-A", b"1")] * 10_000)
    for _ in range(1000):
        assert len(request.headers["X-A"]) >= 19_999


@pytest.mark.parametrize("name", [b"host", b"Host", b"HOST"])
def test_upper_case_names_in_a_scope(name: bytes) -> None:
    """Names in a scope should be in lower case, but they are found in any case."""
    assert Request({"type": "http", "method": "GET", "path": "/", "headers": [(name, b"a.de")]}).host == "a.de"


@both
def test_two_cookie_fields(protocol: str) -> None:
    """HTTP/2 may divide cookies into several fields. They are joined with `; `."""
    assert head(protocol, (b"Cookie", b"a=1"), (b"Cookie", b"b=2")).cookies.to_dict() == {"a": "1", "b": "2"}


@both
@pytest.mark.parametrize("byte", [b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xa0"])
def test_bytes_that_splitlines_splits_at(protocol: str, byte: bytes) -> None:
    """Bytes at which ``str.splitlines()`` splits are part of a field's value, on both protocols."""
    assert head(protocol, (b"X-A", b"a" + byte + b"b: c")).headers["X-A"] == f"a{byte.decode('latin-1')}b: c"


HOSTS = [b"a/b", b"a?b", b"a#b", b"evil@a", b"a b", b"a:99999", b"a:abc", b"[::\x83]:800", b"[::1]x", b"", b"a\x00"]


@both
@pytest.mark.parametrize("host", HOSTS)
def test_host_of_no_host(protocol: str, host: bytes) -> None:
    """CVE-2026-48710: an invalid Host is ignored, and never changes the path or the query of the URL."""
    request = head(protocol, (b"Host", host), path="/real?q=1")
    assert request.host == ""
    assert request.url == "http://testserver/real?q=1"


@both
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/%ff\xff", "/\ufffd\ufffd"),
        (b"//host/x", "/host/x"),
        (b"/%2F", "//"),
        (b"/%00", "/\x00"),
        (b"/a%3Fb", "/a?b"),
    ],
)
def test_paths(protocol: str, path: bytes, expected: str) -> None:
    """Paths with invalid UTF-8, several slashes (no open redirect), encoded slashes and NUL."""
    request = head(protocol, (b"Host", b"a.de"), path=path)
    assert request.path == ("/" if expected == "//" else expected)
    assert request.url.startswith("http://a.de/")
    assert "?" not in request.url.removeprefix("http://a.de/")


@both
def test_raw_bytes_never_raise(protocol: str) -> None:
    """A raw byte that is not UTF-8 never raises, in the query, in a cookie or in any field."""
    request = head(protocol, (b"Cookie", b"a=\xff"), (b"X-A", b"\xff"), (b"Host", b"\xff"), path=b"/?a=\xff")
    assert (request.args["a"], request.query_string, request.headers["X-A"]) == ("\ufffd", b"a=\xff", "\xff")
    assert read_all(request) > 55


@both
@pytest.mark.parametrize("version", ["1.0", "1.1", "2", "3"])
def test_http_versions(protocol: str, version: str) -> None:
    """The version has the same form on both protocols. A request of HTTP/1.0 may have no Host."""
    assert head(protocol, http_version=version).http_version == version
    builder = RequestBuilder("/x", http_version=version)
    builder.opening.headers.clear()
    place = builder.environ() if protocol == "wsgi" else builder.scope()
    assert Request(place).url == "http://testserver/x"


# --- bodies and limits ---


class Small(Request):
    """A limit that is small enough for a test."""

    max_content_length = 1000


LIMIT_WAYS = [
    "data",
    "get_data",
    "get_data(cache=False)",
    "text",
    "json",
    "form",
    "values",
    "stream",
    "iter_data",
    "iter_parts",
]


def limit_handler(request: Small) -> Response:
    """Read the body in the way of the field X-Way. An exception is the answer."""
    way = request.headers["X-Way"]
    if way == "json":
        return Response(str(len(request.json)))
    value = READERS[way](request)
    return Response("ok" if value is not None else "none")


async def alimit_handler(request: Small) -> Response:
    """The same in async code."""
    way = request.headers["X-Way"]
    if way in ("iter_data", "iter_parts"):
        found = await aask(request, way)
        return Response(found[1] if found[0] == "raise" else "ok", 413 if found[1] == "RequestEntityTooLarge" else 200)
    await request.load(form=way not in ("get_data", "get_data(cache=False)", "text", "json", "stream"))
    return limit_handler(request)


def body_for(way: str, size: int) -> tuple[bytes, str]:
    """A body of exactly ``size`` bytes that can be read in this way."""
    if way == "json":
        return b'"' + b"x" * (size - 2) + b'"', "application/json"
    if way == "iter_parts":
        frame = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n%s\r\n--B--\r\n'
        return frame % (b"x" * (size - len(frame) + 2)), "multipart/form-data; boundary=B"
    if way in ("form", "values"):
        return b"a=" + b"x" * (size - 2), "application/x-www-form-urlencoded"
    return b"x" * size, "text/plain"


@pytest.fixture(scope="module", params=[(place, kind) for place in IN_PROCESS for kind in ("def", "async")])
def small(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of the handlers above."""
    place, kind = request.param
    protocol, _, backend = place.partition("-")
    app = Small.application(limit_handler if kind == "def" else alimit_handler)
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:
        yield client


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("way", LIMIT_WAYS)
def test_limit_through_every_way(small: Client, way: str, chunked: bool) -> None:
    """A body of exactly the limit is accepted, one more byte is a 413: in every way, with and without a length."""
    for size, status in ((1000, 200), (1001, 413)):
        body, kind = body_for(way, size)
        assert len(body) == size
        content: Any = iter([body[:600], body[600:]]) if chunked else body
        answer = small.post("/", content=content, headers={"Content-Type": kind, "X-Way": way})
        assert answer.status_code == status, answer.text


async def load(cls: type[Request], body: bytes, content_type: str, step: int = 10_000_000, **headers: str) -> Request:
    """An ASGI request with ``body`` in pieces, loaded."""
    request, _ = unloaded(cls, body, content_type, step, **headers)
    return await request.load()


async def load_and_close(cls: type[Request], body: bytes, content_type: str) -> None:
    """Load a request, then close the files that are on disk."""
    async with await load(cls, body, content_type, 65536):
        pass


def unloaded(
    cls: type[Request], body: bytes, content_type: str, step: int, **headers: str
) -> tuple[Request, list[int]]:
    """The same, not loaded, and the messages that were received so far."""
    received: list[int] = []

    async def receive() -> Any:
        start = sum(received)
        piece = body[start : start + step]
        received.append(len(piece))
        return {"type": "http.request", "body": piece, "more_body": sum(received) < len(body)}

    fields = [(b"content-type", content_type.encode())]
    if "content_length" not in headers:
        fields.append((b"transfer-encoding", b"chunked"))
    fields += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return cls({"type": "http", "method": "POST", "path": "/", "headers": fields}, receive), received


def on_wsgi(cls: type[Request], body: bytes, content_type: str) -> Request:
    """A WSGI request with ``body``, without a length."""
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": content_type, "wsgi.input": io.BytesIO(body)}
    return cls({**environ, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"})


URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
FIELD = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
FILE = b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'


def limit_of(protocol: str, body: bytes, content_type: str, cls: type[Request] = Request) -> str | None:
    """The limit that refuses a form."""
    try:
        if protocol == "wsgi":
            with on_wsgi(cls, body, content_type) as request:
                assert request.form is not None
        else:
            anyio.run(load_and_close, cls, body, content_type)
    except RequestEntityTooLarge as error:
        return error.limit
    return None


@both
@pytest.mark.parametrize(
    ("row", "body", "content_type", "limit"),
    [
        ("CVE-2024-47874", FIELD + b"x" * 3_000_000 + b"\r\n--B--\r\n", MULTIPART, "max_form_memory_size"),
        ("GHSA-q34m-jh98-gwm2", FIELD + b"x" * 500_001 + b"\r\n--B--\r\n", MULTIPART, "max_form_memory_size"),
        ("CVE-2026-54283-fields", b"f=v&" * 1_000_000, URLENCODED, "max_form_parts"),
        ("CVE-2026-54283-value", b"f=" + b"v" * 5_000_000, URLENCODED, "max_form_memory_size"),
        ("CVE-2023-25577", (FIELD + b"\r\n") * 20_000 + b"--B--\r\n", MULTIPART, "max_form_parts"),
        ("CVE-2023-24580", (FILE + b"\r\n") * 5_000 + b"--B--\r\n", MULTIPART, "max_files"),
        (
            "200-fields-of-900",
            b"&".join(b"%d=%s" % (n, b"x" * 900) for n in range(200)),
            URLENCODED,
            "max_form_memory_total",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_form_limits(protocol: str, row: str, body: bytes, content_type: str, limit: str) -> None:
    """Limits hold for multipart and urlencoded forms, also if they are chunked."""

    class Total(Request):
        max_form_memory_total = 100_000 if limit == "max_form_memory_total" else 5_000_000

    assert limit_of(protocol, body, content_type, Total) == limit


def test_a_refused_body_is_not_read_on() -> None:
    """After the limit, nothing more is received: refusing 50 MB after 500 kB receives 600 kB."""
    request, received = unloaded(Request, FIELD + b"x" * 50_000_000, MULTIPART, 65536)
    with pytest.raises(RequestEntityTooLarge):
        finish(request.load())
    assert sum(received) < 700_000


@both
def test_a_field_limit_refuses_no_file(protocol: str) -> None:
    """A limit on fields that is smaller than one read does not refuse files."""

    class Tiny(Request):
        max_form_memory_size = 10
        max_form_memory_total = 20

    body = FILE + b"x" * 1_000_000 + b"\r\n--B--\r\n"
    assert limit_of(protocol, body, MULTIPART, Tiny) is None


@both
def test_separator_is_the_ampersand(protocol: str) -> None:
    """python-multipart#290: only `&` separates pairs."""
    request = Request.from_values(method="POST", data=b"a=1;b=2", content_type=URLENCODED, protocol=protocol)  # type: ignore[arg-type]
    if protocol == "asgi":
        finish(request.load())
    assert request.form.to_dict() == {"a": "1;b=2"}


@both
@pytest.mark.parametrize("length", ["-1", "-5", "5, 5", "+5", "1_0", "0x5", " ", "5 5", "1" + "0" * 30, "\xb2", "1e1"])
def test_content_lengths(protocol: str, length: str) -> None:
    """python-multipart#297: a Content-Length that is not a number is a 400; the input is never read to its end."""
    stream = io.BytesIO(b"12345 and the next request")
    if protocol == "wsgi":
        request = Request({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": length, "wsgi.input": stream})
        with pytest.raises(HTTPException) as caught:
            request.get_data()
    else:
        request, _ = unloaded(Request, b"12345", "text/plain", 5, content_length=length)
        with pytest.raises(HTTPException) as caught:
            finish(request.load())
    assert caught.value.code == 400
    assert stream.tell() == 0


def test_understated_length() -> None:
    """If there are more bytes than declared, WSGI reads the declared ones, and ASGI answers 400."""
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"12345")}
    assert Request(environ).data == b"123"
    request, _ = unloaded(Request, b"12345", "text/plain", 2, content_length="3")
    with pytest.raises(HTTPException) as caught:
        finish(request.load())
    assert type(caught.value).__name__ == "BadRequest"


FORM_BODY = FIELD + b"1\r\n" + FILE + b"2345\r\n--B--\r\n"


@both
def test_multipart_cut_at_every_offset(protocol: str) -> None:
    """CVE-2024-30251: a body that ends early is a 400 at every offset. It gives no partial form and never hangs."""
    whole = 0
    for cut in range(1, len(FORM_BODY) + 1):
        found = form_of(protocol, FORM_BODY[:cut])
        assert found in (400, ("1", 4))
        whole += found != 400
    assert 1 <= whole <= 5  # only line breaks and the last hyphens are missing


def form_of(protocol: str, body: bytes) -> Any:
    """The values of a form, or the status of its error."""
    try:
        if protocol == "wsgi":
            request = on_wsgi(Request, body, MULTIPART)
        else:
            request = finish(load(Request, body, MULTIPART, 7))
        return request.form["a"], request.files["f"].size
    except HTTPException as error:
        return error.code


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("empty", [False, True], ids=["", "empty-messages"])
def test_cuts(step: int, empty: bool) -> None:
    """One byte in each message, empty messages between them, and an empty last message: the form is the same."""
    pieces = [FORM_BODY[at : at + step] for at in range(0, len(FORM_BODY), step)]
    messages = [piece for each in pieces for piece in ([each, b"", b""] if empty else [each])]
    answers = iter([{"type": "http.request", "body": piece, "more_body": True} for piece in messages])

    async def receive() -> Any:
        return next(answers, {"type": "http.request", "body": b"", "more_body": False})

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", MULTIPART.encode())]}
    request = finish(Request(scope, receive).load())
    assert (request.form["a"], request.files["f"].size) == ("1", 4)


def test_disconnect_at_every_message() -> None:
    """`http.disconnect` in place of any message raises ClientDisconnected in every way to read, and gives no partial
    value.
    """
    for left in range(len(FORM_BODY) // 20):
        for way in ("load", "raw", "data", "parts"):
            pieces = [FORM_BODY[at * 20 : at * 20 + 20] for at in range(left)]
            answers = iter([{"type": "http.request", "body": piece, "more_body": True} for piece in pieces])

            async def receive(answers: Any = answers) -> Any:
                return next(answers, {"type": "http.disconnect"})

            scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", MULTIPART.encode())]}
            request = Request(scope, receive)
            with pytest.raises(ClientDisconnected):
                finish(_read(request, way))
            assert request.disconnected


async def _read(request: Request, way: str) -> None:
    if way == "load":
        await request.load()
    elif way == "raw":
        await request.load(form=False)
    elif way == "data":
        async for _ in request.aiter_data(10):
            pass
    else:
        async for part in request.aiter_parts():
            await part.aread()


# --- concurrency ---


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_slow_uploads_do_not_stop_others(backend: str) -> None:
    """While 45 sync handlers wait for their clients, a 46th is served: ``threads=40`` counts only running handlers."""

    @Application
    def app(request: Request) -> Response:
        return Response(str(len(request.get_data())))

    async def main() -> None:
        release = anyio.Event()
        waiting = 0
        done: list[int] = []

        async def slow() -> None:
            pieces = [b"x", b"y"]

            async def receive() -> Any:
                nonlocal waiting
                if len(pieces) == 1:
                    waiting += 1
                    await release.wait()
                return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

            await run(receive)

        async def run(receive: Any) -> None:
            headers = [(b"transfer-encoding", b"chunked"), (b"host", b"a")]
            scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "http_version": "1.1"}
            await app(scope, receive, send)

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                done.append(message["status"])

        async def nothing() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async with anyio.create_task_group() as group:
            for _ in range(45):
                group.start_soon(slow)
            with anyio.fail_after(100):
                while waiting < 45:
                    await anyio.sleep(0.01)
                await run(nothing)
            assert done == [200]
            release.set()
        assert done == [200] * 46

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancellation_at_every_message(backend: str) -> None:
    """A request that is cancelled while it waits for a message, whichever it is, leaves no open file and no thread."""
    builder = RequestBuilder(method="POST", files={"f": ("x", b"1" * 700_000)})
    pieces = [builder.body[at : at + 100_000] for at in range(0, len(builder.body), 100_000)]
    spooled: list[Any] = []

    class Watching(Request):
        def make_file_sink(self, part: Any) -> Any:
            spooled.append(super().make_file_sink(part))
            return spooled[-1]

    async def one(stop: int) -> None:
        count = 0

        async def receive() -> Any:
            nonlocal count
            if count == stop:
                scope.cancel()
                await anyio.lowlevel.checkpoint()
            count += 1
            return {"type": "http.request", "body": pieces[count - 1], "more_body": True}

        with anyio.CancelScope() as scope:
            await Watching(builder.scope(), receive).load()
        assert scope.cancelled_caught

    async def main() -> None:
        for stop in range(len(pieces)):
            await one(stop)

    before = threading.active_count()
    anyio.run(main, backend=backend)
    assert len(spooled) == len(pieces) - 1
    assert all(sink.stream.closed for sink in spooled)
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("place", IN_PROCESS)
def test_a_defect_leaves_the_next_request_alone(place: str) -> None:
    """An exception in one request does not end the loop or the threads."""
    protocol, _, backend = place.partition("-")

    @Application
    async def app(request: Request) -> Response:
        if request.path == "/bad":
            raise RuntimeError("a defect")
        await request.load()
        return Response(request.get_data())

    with Client(app, protocol=protocol, backend=backend or "asyncio", raise_app_exceptions=False) as client:  # type: ignore[arg-type]
        for _ in range(3):
            assert client.post("/bad", content=b"1").status_code == 500
            assert client.post("/good", content=b"1").text == "1"


def test_ask() -> None:
    """The functions that read the body in these tests work."""
    assert ask(on_wsgi(Request, b"x", "text/plain"), "data") == ["ok", "x"]


def test_a_server_port_that_is_an_int() -> None:
    """An environ whose SERVER_PORT is an int, where PEP 3333 has a string: the URL can be read."""
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/p", "wsgi.url_scheme": "http", "HTTP_HOST": "a.de",
        "SERVER_NAME": "srv", "SERVER_PORT": 8000,
    }  # fmt: skip
    request = Request(environ)
    assert (request.server, request.url) == (("srv", 8000), "http://a.de/p")
