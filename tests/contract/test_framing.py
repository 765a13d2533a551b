"""Where a body ends: Content-Length with Transfer-Encoding, invalid lengths, and inputs that cannot be read."""

from __future__ import annotations

import io
import socket
from asyncio import CancelledError
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from cardan import Application, Request, Response, core
from cardan.exceptions import BodyConsumed, ClientDisconnected, LengthRequired, RequestEntityTooLarge
from cardan.testing import RequestBuilder
from cardan.wsgi._input import InputBody, open_body

from .request_apps import READERS

if TYPE_CHECKING:
    from tests.servers import ServerPool

ROOT = Path(__file__).parents[2]
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
FORM = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nsome text of a field\r\n--B--\r\n'
BODIES = {"text/plain": b"0123456789" * 5, URLENCODED: b"a=some+text+of+a+field", MULTIPART: FORM}
#: ways to a body, and a Content-Type with which each reads it
WAYS = {
    name: {"json": "application/json", "iter_parts": MULTIPART, "form": URLENCODED, "files": MULTIPART}.get(
        name, URLENCODED if name == "values" else "text/plain"
    )
    for name in READERS
}

both = pytest.mark.parametrize("protocol", ["wsgi", "asgi"])


def environ_of(body: bytes, content_type: str, **fields: str) -> dict[str, Any]:
    """An environ whose input does not end by itself, unless ``wsgi.input_terminated`` is set."""
    environ = RequestBuilder(method="POST").environ({"wsgi.input": io.BytesIO(body), "CONTENT_TYPE": content_type})
    for name in ("CONTENT_LENGTH", "wsgi.input_terminated", "HTTP_TRANSFER_ENCODING"):
        environ.pop(name, None)
    return environ | fields


def scope_of(content_type: str, **fields: str) -> dict[str, Any]:
    """A scope with only these header fields."""
    scope: dict[str, Any] = dict(RequestBuilder(method="POST").scope())
    names = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in fields.items()]
    return scope | {"headers": [(b"host", b"localhost"), (b"content-type", content_type.encode()), *names]}


def receive_of(*pieces: bytes) -> Any:
    """A ``receive`` that gives ``pieces``."""
    rest = list(pieces)

    async def receive() -> Any:
        piece = rest.pop(0) if rest else b""
        return {"type": "http.request", "body": piece, "more_body": bool(rest)}

    return receive


def answer(app: Any, protocol: str, environ: dict[str, Any], scope: dict[str, Any], receive: Any) -> tuple[int, bytes]:
    """Status and body of the answer of ``app`` on ``protocol``."""
    if protocol == "wsgi":
        lines: list[str] = []
        parts = app.wsgi_app(environ, lambda status, headers, exc_info=None: lines.append(status))
        body = b"".join(parts)
        getattr(parts, "close", bool)()
        return int(lines[0][:3]), body
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(app.asgi_app, scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def app_of(kind: str, way: str) -> Application[Request]:
    """An application that reads the body in one way, as ``def`` or as ``async def``."""

    def view(request: Request) -> Response:
        return Response.from_json([request.content_length, READERS[way](request)])

    async def aview(request: Request) -> Response:
        if way in ("iter_data", "stream"):
            data = b"".join([piece async for piece in request.aiter_data()])
            return Response.from_json([request.content_length, data.decode()])
        if way == "iter_parts":
            names = [[part.name, part.filename] async for part in request.aiter_parts()]
            return Response.from_json([request.content_length, names])
        await request.load(form=way not in ("get_data", "get_data(cache=False)"))
        return view(request)

    return Application(view if kind == "def" else aview)


@both
@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize("way", ["get_data", "text", "form", "iter_data", "iter_parts", "stream"])
@pytest.mark.parametrize("length", ["3", "0", "999"])
def test_transfer_encoding_overrides_content_length(protocol: str, kind: str, way: str, length: str) -> None:
    """RFC 9112 section 6.3: if there is a Transfer-Encoding, Content-Length is ignored."""
    content_type = WAYS[way]
    body = BODIES[content_type]
    environ = environ_of(body, content_type, CONTENT_LENGTH=length, HTTP_TRANSFER_ENCODING="chunked")
    environ["wsgi.input_terminated"] = True
    scope = scope_of(content_type, Content_Length=length, Transfer_Encoding="chunked")
    alone = answer(app_of(kind, way), protocol, environ, scope, receive_of(body[:7], body[7:]))
    said = {"form": [["a", "some text of a field"]], "iter_parts": [["a", None]]}.get(way, body.decode())
    assert alone == (200, Response.from_json([None, said]).data)


def test_transfer_encoding_overrides_content_length_in_core() -> None:
    """A request of core ignores its Content-Length if there is a Transfer-Encoding."""
    fields = [(b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked")]
    request = core.Request(core.RequestHead("POST", headers=fields), [b"01234", b"56789"])
    assert (request.content_length, request.get_data()) == (None, b"0123456789")


@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize("length", [None, "3"])
@pytest.mark.parametrize("way", WAYS)
def test_a_chunked_body_that_cannot_be_read_is_411(way: str, length: str | None, kind: str) -> None:
    """If a WSGI server does not end its input, a chunked body cannot be read: 411 (RFC 9110 section 15.5.12).

    It is never read as an empty body, and no byte is taken from the connection.
    """
    content_type = WAYS[way]
    environ = environ_of(BODIES.get(content_type, b"[1]"), content_type, HTTP_TRANSFER_ENCODING="chunked")
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    stream = environ["wsgi.input"]
    status, _ = answer(app_of(kind, way), "wsgi", environ, {}, None)
    assert (status, stream.tell()) == (411, 0)


def test_a_chunked_body_that_cannot_be_read_is_411_downstream() -> None:
    """An application behind a middleware that has asked for the body gets the error, too.

    One that does not ask gets none.
    """
    environ = environ_of(b"x", "text/plain", HTTP_TRANSFER_ENCODING="chunked")
    for _ in range(2):
        with pytest.raises(LengthRequired, match="send a Content-Length"):
            Request(environ).get_data()
    with pytest.raises(LengthRequired):
        environ["wsgi.input"].read()
    environ = environ_of(b"x", "text/plain", HTTP_TRANSFER_ENCODING="chunked")
    app = Application(lambda request: Response(request.path))
    assert answer(app, "wsgi", environ, {}, None)[0] == 200


def test_an_input_without_any_length_is_empty() -> None:
    """A request without Content-Length and Transfer-Encoding has no body (RFC 9112 section 6.3)."""
    assert Request(environ_of(b"the next request", "text/plain")).get_data() == b""


@both
@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("length", ["+5", "5, 5", "1_0", "-1", "1" + "0" * 30])
def test_a_length_that_is_none_is_400(protocol: str, kind: str, way: str, length: str) -> None:
    """An invalid length is a 400, on both protocols, in every way to read, even in one that would read nothing."""
    for content_type in (WAYS[way], "text/plain"):
        environ = environ_of(b"12345", content_type, CONTENT_LENGTH=length)
        scope = scope_of(content_type, Content_Length=length)
        assert answer(app_of(kind, way), protocol, environ, scope, receive_of(b"12345"))[0] == 400
        assert environ["wsgi.input"].tell() == 0


# --- refusals are remembered ---


class Small(Request):
    """Limits that are small enough for a test."""

    max_content_length = 30
    max_data_memory = 10


@both
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("first", "size"),
    # 11 bytes exceed only the limit on data in memory
    [*product(["data", "text", "get_data"], [11, 31]), ("form", 31), ("iter_data", 31)],
)
def test_a_413_is_remembered(protocol: str, chunked: bool, first: str, size: int) -> None:
    """A request raises its 413 again in every way to read, whether the size was declared or found while reading."""
    kind = URLENCODED if first == "form" else "text/plain"
    body = b"x" * size
    seen: list[str] = []

    def ask(request: Request, name: str) -> None:
        with pytest.raises(RequestEntityTooLarge) as caught:
            READERS[name](request)
        assert caught.value.received == (None if chunked else size)
        seen.append(str(caught.value))

    def view(request: Small) -> Response:
        for name in (first, "data", "text", "stream", "iter_data", "get_data(cache=False)"):
            ask(request, name)
        return Response("done")

    fields = {"Transfer_Encoding": "chunked"} if chunked else {"Content_Length": str(size)}
    environ = environ_of(body, kind, **{f"HTTP_{name}".upper(): value for name, value in fields.items()})
    environ |= {"wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": str(size)}
    app = Application(view, request_class=Small)
    assert answer(app, protocol, environ, scope_of(kind, **fields), receive_of(body)) == (200, b"done")
    assert len(seen) == 6
    assert len(set(seen)) == 1


@both
@pytest.mark.parametrize("way", ["data", "form", "iter_data"])
def test_a_refused_body_is_left_to_others(protocol: str, way: str) -> None:
    """If one request object refuses a body unread, another one with other limits can still read it."""

    @Application
    def app(request: Request) -> Response:
        source = request.environ if protocol == "wsgi" else request.scope
        small = Small(source, None if protocol == "wsgi" else request._asgi_receive, populate_request=False)
        with pytest.raises(RequestEntityTooLarge):
            READERS[way](small)
        return Response(request.get_data())

    kind = URLENCODED if way == "form" else "text/plain"
    environ = environ_of(b"x" * 31, kind, CONTENT_LENGTH="31")
    scope = scope_of(kind, Content_Length="31")
    assert answer(app, protocol, environ, scope, receive_of(b"x" * 31)) == (200, b"x" * 31)


# --- close() ---


UPLOAD = {"form": {"a": "1"}, "files": {"f": ("a.txt", b"12345")}}


@both
@pytest.mark.anyio
async def test_close_keeps_what_was_read(protocol: str) -> None:
    """Closing a request closes its files.

    Its fields and the names of its files are kept, also for other request objects.
    """
    request = Request.from_values(method="POST", protocol=protocol, **UPLOAD)  # type: ignore[arg-type]
    async with request:
        if protocol == "asgi":
            await request.load()
        else:
            assert request.form
    source = (request.environ,) if protocol == "wsgi" else (request.scope, request.receive)
    for other in (request, Request(*source)):
        assert other.form.to_dict() == {"a": "1"}
        assert other.files["f"].filename == "a.txt"
        assert other.files["f"].stream.closed
    request.close()


@pytest.mark.parametrize("kind", ["def", "async"])
@both
def test_a_middleware_takes_nothing_from_the_application(protocol: str, kind: str) -> None:
    """A WSGI or ASGI middleware uses ``with Request(...)`` around the call: the application still gets fields and
    files.
    """

    def view(request: Request) -> Response:
        return Response(request.form["a"] + request.files["f"].filename)

    async def aview(request: Request) -> Response:
        await request.load()
        return view(request)

    app = Application(view if kind == "def" else aview)

    def middleware(environ: Any, start_response: Any) -> Any:
        with Request(environ) as request:
            assert request.form["a"] == "1"
        return app.wsgi_app(environ, start_response)

    async def amiddleware(scope: Any, receive: Any, send: Any) -> None:
        async with Request(scope, receive) as request:
            await request.load()
        await app.asgi_app(scope, request.receive, send)

    builder = RequestBuilder(method="POST", **UPLOAD)
    outer = type("Outer", (), {"wsgi_app": staticmethod(middleware), "asgi_app": staticmethod(amiddleware)})
    assert answer(outer, protocol, builder.environ(), builder.scope(), builder.receive()) == (200, b"1a.txt")


@both
def test_an_application_keeps_the_files_that_it_needs(protocol: str) -> None:
    """If a request object is closed while an application handles the request, the request's files stay open."""

    @Application
    def app(request: Request) -> Response:
        source = request.environ if protocol == "wsgi" else request.scope
        with Request(source, None if protocol == "wsgi" else request._asgi_receive, populate_request=False) as other:
            assert other.form["a"] == "1"
        return Response(request.files["f"].read())

    builder = RequestBuilder(method="POST", **UPLOAD)
    assert answer(app, protocol, builder.environ(), builder.scope(), builder.receive()) == (200, b"12345")


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["load", "aiter_data", "begun"])
async def test_reading_after_aclose_is_an_error(way: str) -> None:
    """If aclose() ends a body of core's request early, reading it raises; it never looks complete."""

    async def body() -> Any:
        yield b"some"
        yield b"more"

    fields = [(b"Transfer-Encoding", b"chunked")]
    request = core.Request(core.RequestHead("POST", headers=fields), body())
    pieces = aiter(request.aiter_data()) if way == "begun" else None
    if pieces is not None:
        assert await anext(pieces) == b"some"

    async def read() -> None:
        if way == "load":
            await request.load()
        else:
            await anext(pieces or aiter(request.aiter_data()))

    await request.aclose()
    for _ in range(2):
        with pytest.raises(BodyConsumed, match=r"aclose\(\)"):
            await read()


@pytest.mark.anyio
async def test_what_was_read_outlives_aclose() -> None:
    """A body that was read to its end can still be used after aclose()."""

    async def body() -> Any:
        yield b"all"

    request = core.Request(core.RequestHead("POST", headers=[(b"Transfer-Encoding", b"chunked")]), body())
    async with request:
        await request.load()
    assert (await request.load()).data == b"all"
    assert [piece async for piece in request.aiter_data()] == [b"all"]


# --- the text of an error ---


@both
@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize(
    ("what", "way"),
    [*product(["left", "too much"], ["get_data", "form", "iter_data", "iter_parts"]), ("broken", "iter_parts")],
)
def test_an_error_says_the_same_on_both_protocols(protocol: str, kind: str, way: str, what: str) -> None:
    """A disconnect, a body over its limit and a broken form give the same errors, however they are read and divided."""
    content_type = WAYS[way]
    body = {"broken": b"--B" + b"x" * 99, "too much": BODIES[content_type] + b"x" * 100}.get(what, BODIES[content_type])
    said = set()

    class Tiny(Request):
        max_content_length = 120 if what == "too much" else None

    app = app_of(kind, way)
    app = Application(app.handler, request_class=Tiny)
    length = str(len(body) + 5)
    for size in (1, 7, 1000):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]

        async def receive(pieces: list[bytes] = pieces) -> Any:
            if pieces:
                return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
            return {"type": "http.disconnect"}

        environ = environ_of(body, content_type)
        if what == "left":
            environ["CONTENT_LENGTH"] = length
            scope = scope_of(content_type, Content_Length=length)
        else:
            environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
            scope = scope_of(content_type, Transfer_Encoding="chunked")
        said.add(answer(app, protocol, environ, scope, receive))
    expected = {
        "left": (400, b"the client disconnected before the request was complete"),
        "too much": (413, b"got more than 120, expected at most 120 (max_content_length)"),
        "broken": (400, b"got b'x' after a boundary, expected CRLF"),
    }[what]
    assert len(said) == 1
    ((status, text),) = said
    assert status == expected[0]
    assert expected[1] in text


@pytest.mark.real_server
@pytest.mark.parametrize(("kind", "expected"), [("cheroot", b"200"), ("wsgiref", b"411")])
def test_on_real_servers(server_pool: ServerPool, kind: str, expected: bytes) -> None:
    """A server that can read chunked bodies gives all of them, also with a Content-Length.

    Any other server gives a 411.
    """
    server = server_pool.get(kind, "tests.contract.apps:app", app_dir=ROOT)
    body = b"0123456789" * 4 + b"0123"
    fields = [b"Host: x", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Connection: close"]
    head = b"POST /def/data HTTP/1.1\r\n" + b"\r\n".join(fields) + b"\r\n\r\n"
    received = b""
    with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port), 30) as client:
        client.sendall(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        while data := client.recv(65536):
            received += data
    assert received[9:12] == expected
    assert (body in received) == (expected == b"200")


class Input:
    """An input that gives these pieces, one for each read, and then nothing more."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def read(self, size: int = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


class Arriving(Input):
    """The same with a method that gives what has arrived."""

    read1 = Input.read


def test_an_input_that_ends_early() -> None:
    """A 400. Only if no byte came at all may other code have read the body before, and the error says so."""
    ways: dict[str, Any] = {
        "get_data": lambda request: request.get_data(),
        "iter_data": lambda request: b"".join(request.iter_data()),
        "stream": lambda request: request.stream.read(),
    }
    for kind, name in product((Input, Arriving), ways):
        for pieces, is_nothing in (((), True), ((b"a",), False), ((b"a", b"b"), False)):
            environ = environ_of(b"", "text/plain", CONTENT_LENGTH="3") | {"wsgi.input": kind(*pieces)}
            request: Request = Request(environ)
            with pytest.raises(ClientDisconnected) as caught:
                ways[name](request)
            assert ("other code has read the body before" in str(caught.value)) == is_nothing, (kind, name, pieces)
            assert request.disconnected


def test_an_input_without_read1_is_read_in_pieces_that_grow() -> None:
    """An input that waits for as many bytes as are asked for (PEP 3333) is asked for few at first, so that a stream
    begins at once, and for no more than have arrived so far. The number of reads grows with the logarithm of the size.
    """
    sizes: list[int] = []

    class Waiting:
        def read(self, size: int = -1) -> bytes:
            sizes.append(size)
            return file.read(size)

    data = bytes(1_000_000)
    file = io.BytesIO(data)
    environ = environ_of(data, "text/plain", CONTENT_LENGTH=str(len(data)))
    environ["wsgi.input"] = Waiting()
    assert b"".join(Request(environ).iter_data()) == data
    assert sizes[0] <= 1024
    assert all(size <= max(1024, sum(sizes[:at])) for at, size in enumerate(sizes))
    assert len(sizes) < 40


@pytest.mark.parametrize("make", [bytearray, memoryview])
def test_an_input_that_gives_no_bytes_object(make: Any) -> None:
    """A ``wsgi.input`` of other code may give any bytes-like object. What a request gives is bytes."""

    class Input(io.BytesIO):
        def read(self, size: int | None = -1) -> Any:
            return make(super().read(size))

        def read1(self, size: int | None = -1) -> Any:
            return make(super().read1(size))

    for read in (Request.get_data, lambda request: request.stream.read(), lambda request: next(request.iter_data())):
        request = Request(RequestBuilder("/", method="POST", data=b"body").environ() | {"wsgi.input": Input(b"body")})
        data = read(request)
        assert (type(data), data) == (bytes, b"body")


def test_an_input_that_tells_of_a_disconnect() -> None:
    """If the input is the stream of a request around this one, its :exc:`ClientDisconnected` says the same here."""

    class Input(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ClientDisconnected

    request = Request(RequestBuilder("/", method="POST", data=b"body").environ() | {"wsgi.input": Input()})
    with pytest.raises(ClientDisconnected):
        request.get_data()
    assert request.disconnected


def test_an_empty_length_is_none() -> None:
    """A server may set CONTENT_LENGTH to an empty text (PEP 3333): no length is declared."""
    environ = RequestBuilder("/", method="POST").environ()
    environ |= {"CONTENT_LENGTH": "", "wsgi.input": io.BytesIO(b"body"), "wsgi.input_terminated": True}
    assert Request(environ).get_data() == b"body"


def test_the_input_after_a_request_has_opened_it() -> None:
    """What replaces ``wsgi.input`` gives the bytes that have arrived, without a wait for all of them. It takes no bytes
    of a body that a request reads.
    """

    class Input(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("this waits for all bytes that are asked for")

    environ = RequestBuilder("/", method="POST", data=b"body").environ() | {"wsgi.input": Input(b"body")}
    open_body(environ, 4)
    assert environ["wsgi.input"].read1(100) == b"body"
    environ = RequestBuilder("/", method="POST", data=b"body").environ() | {"wsgi.input": Input(b"body")}
    pieces = Request(environ).iter_data(1)
    assert next(pieces) == b"b"
    with pytest.raises(BodyConsumed):
        environ["wsgi.input"].read1(100)
    assert b"".join(pieces) == b"ody"


def test_what_a_cancelled_read_has_read_is_given_once() -> None:
    """The bytes that a worker thread has read for a task that was cancelled are those of the next read, in async code
    and in sync code, and of no other.
    """

    async def reads_and_is_cancelled(function: Any, *args: Any) -> None:
        function(*args)
        raise CancelledError

    async def cancelled_read() -> None:
        with pytest.raises(CancelledError):
            await body.aread(3, False)

    async def reads(function: Any, *args: Any) -> None:
        function(*args)

    for way in ("sync", "async"):
        body = InputBody(io.BytesIO(b"abcdefghi"), 9)
        body.run_sync = reads_and_is_cancelled
        anyio.run(cancelled_read)
        body.run_sync = reads
        given = [body.read(3, False) if way == "sync" else anyio.run(body.aread, 3, False) for _ in range(3)]
        assert given == [b"abc", b"def", b"ghi"]
