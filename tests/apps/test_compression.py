"""Compression on both protocols, compared with Starlette's. tests/core/test_compression.py tests what is compressed."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import os
import sys
import threading
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import brotli
import pytest
import starlette.middleware.gzip

from cardan import Application, Compression, Mount, Request, Response, StaticFiles
from cardan.core import ContentLengthError
from cardan.core._compression import Encoder
from cardan.exceptions import NotFound
from cardan.testing import PROTOCOLS, Client, RequestBuilder, lint
from tests import zstd

both = pytest.mark.parametrize("protocol", PROTOCOLS)

TEXT = "a line of some text\n" * 100
GZIP = {"Accept-Encoding": "gzip"}
NONE = {"Accept-Encoding": ""}
VARY = "Accept-Encoding"


def restored(coding: str | None, body: bytes) -> bytes:
    """What a client makes of a body."""
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "br":
        return brotli.decompress(body)  # type: ignore[no-any-return]
    if coding == "zstd":
        return zstd.decompressor()(body)
    assert coding is None
    return body


def answer_of(client: Any, path: str, method: str = "GET", headers: Any = GZIP) -> tuple[Any, bytes]:
    """The response, and its body as it was sent."""
    with client.stream(method, path, headers=headers) as response:
        return response, b"".join(response.iter_raw())


def pieces() -> Iterator[str]:
    yield from (TEXT, "", TEXT)


@Request.application
def site(request: Request) -> Response:
    """Answers of all kinds."""
    match request.path:
        case "/text":
            return Response(TEXT)
        case "/short":
            return Response("short")
        case "/empty":
            return Response("")
        case "/json":
            return Response.from_json({"text": TEXT})
        case "/image":
            return Response(TEXT, mimetype="image/png")
        case "/stream":
            return Response(pieces())
        case "/events":
            return Response(pieces(), mimetype="text/event-stream")
        case "/encoded":
            return Response(TEXT, headers={"Content-Encoding": "br"})
        case "/private":
            return Response(TEXT, headers={"Cache-Control": "no-transform"})
        case "/digest":
            return Response(TEXT, headers={"Content-Digest": "sha-256=:YQ==:"})
        case "/tag":
            response = Response(TEXT)
            response.set_etag("a")
            return response.make_conditional(request, accept_ranges=True)
        case "/nothing":
            return Response(status=204)
    raise NotFound(TEXT)


# what both do: path, method, fields of the request, then Content-Encoding, Vary, ETag, Content-Length is sent
SAME: list[tuple[str, str, dict[str, str], tuple[str | None, str | None, str | None, bool]]] = [
    ("/text", "GET", GZIP, ("gzip", VARY, None, True)),
    ("/text", "GET", NONE, (None, VARY, None, True)),
    ("/text", "GET", {"Accept-Encoding": "br, gzip;q=0.8"}, ("gzip", VARY, None, True)),
    ("/text", "GET", {"Accept-Encoding": "deflate"}, (None, VARY, None, True)),
    ("/text", "POST", GZIP, ("gzip", VARY, None, True)),
    ("/json", "GET", GZIP, ("gzip", VARY, None, True)),
    ("/stream", "GET", GZIP, ("gzip", VARY, None, False)),
    ("/stream", "GET", NONE, (None, VARY, None, False)),
    ("/missing", "GET", GZIP, ("gzip", "Accept, Accept-Encoding", None, True)),
    ("/short", "GET", GZIP, (None, None, None, True)),
    ("/short", "GET", NONE, (None, None, None, True)),
    ("/empty", "GET", GZIP, (None, None, None, True)),
    ("/image", "GET", GZIP, (None, None, None, True)),
    ("/events", "GET", GZIP, (None, None, None, False)),
    ("/encoded", "GET", GZIP, ("br", None, None, True)),
    ("/nothing", "GET", GZIP, (None, None, None, False)),
]

# where they differ: the same for Compression, then for GZipMiddleware
OTHER: list[tuple[str, str, dict[str, str], tuple[Any, ...], tuple[Any, ...]]] = [
    # quality 0, and the wildcard
    ("/text", "GET", {"Accept-Encoding": "gzip;q=0"}, (None, VARY, None, True), ("gzip", VARY, None, True)),
    ("/text", "GET", {"Accept-Encoding": "*"}, ("gzip", VARY, None, True), (None, VARY, None, True)),
    # HEAD
    ("/text", "HEAD", GZIP, ("gzip", VARY, None, False), (None, None, None, True)),
    # entity tags
    ("/tag", "GET", GZIP, ("gzip", VARY, 'W/"a"', True), ("gzip", VARY, '"a"', True)),
    ("/tag", "GET", {**GZIP, "If-None-Match": 'W/"a"'}, (None, VARY, 'W/"a"', False), (None, None, '"a"', False)),
    # ranges
    ("/tag", "GET", {**GZIP, "Range": "bytes=0-999"}, (None, VARY, '"a"', True), (None, None, '"a"', True)),
    # no-transform, and digests
    ("/private", "GET", GZIP, (None, None, None, True), ("gzip", VARY, None, True)),
    ("/digest", "GET", GZIP, (None, None, None, True), ("gzip", VARY, None, True)),
]  # fmt: skip


def seen(app: Any, protocol: Any, path: str, method: str, fields: dict[str, str]) -> tuple[Any, bytes]:
    with Client(app, protocol) as client:
        response, body = answer_of(client, path, method, fields)
        told = response.headers
        if "Content-Length" in told and method != "HEAD":
            assert int(told["Content-Length"]) == len(body)
        coding = told.get("Content-Encoding")
        if body and path != "/encoded":
            body = restored(coding, body)
        return (coding, told.get("Vary"), told.get("ETag"), "Content-Length" in told), body


@pytest.mark.parametrize(("path", "method", "fields", "expected"), SAME)
def test_as_starlette_does(path: str, method: str, fields: dict[str, str], expected: Any) -> None:
    """Compression on WSGI, on ASGI and Starlette's GZipMiddleware give a response the same head and the same text."""
    ours = Compression(site, codings={"gzip": 6})
    theirs = starlette.middleware.gzip.GZipMiddleware(site)
    answers = [
        seen(lint.wsgi(ours), "wsgi", path, method, fields),
        seen(lint.asgi(ours), "asgi", path, method, fields),
        seen(theirs, "asgi", path, method, fields),
    ]
    assert [told for told, _ in answers] == [expected] * 3
    assert answers[0][1] == answers[1][1] == answers[2][1]


@pytest.mark.parametrize(("path", "method", "fields", "expected", "by_starlette"), OTHER)
def test_differences_to_starlette(
    path: str, method: str, fields: dict[str, str], expected: Any, by_starlette: Any
) -> None:
    """Compression and GZipMiddleware differ in these answers."""
    ours = Compression(site, codings={"gzip": 6})
    for app, protocol in ((lint.wsgi(ours), "wsgi"), (lint.asgi(ours), "asgi")):
        assert seen(app, protocol, path, method, fields)[0] == expected
    assert seen(starlette.middleware.gzip.GZipMiddleware(site), "asgi", path, method, fields)[0] == by_starlette


@both
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_every_coding(protocol: Any, coding: str) -> None:
    """Whole and streamed bodies by each coding, and by the usual choice of codings."""
    for app in (Compression(site), Compression(site, codings={coding: 1})):
        for path, text in (("/text", TEXT), ("/stream", TEXT * 2)):
            with Client(app, protocol) as client:
                response, body = answer_of(client, path, headers={"Accept-Encoding": coding})
            assert response.headers["Content-Encoding"] == coding
            assert restored(coding, body) == text.encode()
            assert len(body) < len(text) / 4


@both
@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_is_not_held_back(protocol: Any, is_async: bool) -> None:
    """What the handler has given, the client can read, before the handler gives more."""
    log: list[str] = []

    def give() -> Iterator[str]:
        for each in ("one", "two"):
            log.append(each)
            yield each

    async def agive() -> AsyncIterator[str]:
        for each in give():
            yield each

    def handler(request: Request) -> Response:
        return Response(give())

    async def ahandler(request: Request) -> Response:
        return Response(agive())

    app = Compression(Application(ahandler if is_async else handler), codings={"gzip": 6})
    restore = zlib.decompressobj(31).decompress
    with Client(app, protocol) as client, client.stream("GET", "/", headers=GZIP) as response:
        read = b""
        for chunk in response.iter_raw():
            read += restore(chunk)
            if read == b"one":
                log.append("read one")
    assert read == b"onetwo"
    assert "read one" in log


class OnePiece:
    """A body of one piece that is no list, as those of Flask and of bridges are."""

    def __iter__(self) -> Iterator[bytes]:
        yield TEXT.encode()

    def close(self) -> None: ...


HEAD = [("Content-Type", "text/plain"), ("Content-Length", str(len(TEXT)))]


def one_piece_over_wsgi(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", HEAD)
    return OnePiece()


async def one_piece_over_asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        headers = [(name.encode(), value.encode()) for name, value in HEAD]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": TEXT.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@both
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
@pytest.mark.parametrize(
    "app", [Application.from_wsgi(one_piece_over_wsgi), Application.from_asgi(one_piece_over_asgi)]
)
def test_a_first_piece_of_the_declared_length(protocol: Any, coding: str, app: Any) -> None:
    """A first piece of the declared length is the whole body (RFC 9110 section 8.6), so the compressed answer declares
    its own length: on both protocols, and over a bridge.
    """
    with Client(Compression(app), protocol) as client:
        response, body = answer_of(client, "/", headers={"Accept-Encoding": coding})
        assert response.headers["Content-Encoding"] == coding
        assert response.headers["Content-Length"] == str(len(body))
        assert restored(coding, body).decode() == TEXT
        plain, body = answer_of(client, "/", headers=NONE)
        assert (plain.headers["Content-Length"], body.decode()) == (str(len(TEXT)), TEXT)
        assert answer_of(client, "/", "HEAD", {"Accept-Encoding": coding})[1] == b""


@both
def test_files(protocol: Any, tmp_path: Path) -> None:
    """The files of a folder: text is compressed and found again by its weak ETag, an image and a range are not."""
    (tmp_path / "a.txt").write_text(TEXT * 100)
    (tmp_path / "a.png").write_bytes(os.urandom(300_000))
    for extensions in ({}, {"http.response.pathsend": {}}):
        with Client(Compression(StaticFiles(tmp_path)), protocol, extensions=extensions) as client:
            response, body = answer_of(client, "/a.txt")
            assert restored(response.headers["Content-Encoding"], body) == TEXT.encode() * 100
            assert "Accept-Ranges" not in response.headers
            tag = response.headers["ETag"]
            assert tag.startswith("W/")
            response, _ = answer_of(client, "/a.txt", headers={**GZIP, "If-None-Match": tag})
            assert (response.status_code, response.headers["ETag"]) == (304, tag)
            response, body = answer_of(client, "/a.txt", headers={**GZIP, "Range": "bytes=2-5"})
            assert (response.status_code, body) == (206, TEXT.encode()[2:6])
            assert response.headers["Vary"] == VARY  # as a 200 has it (RFC 9110 section 15.3.7)
            response, body = answer_of(client, "/a.txt", headers={**GZIP, "Range": "bytes=2-5, 9-11"})
            assert (response.status_code, response.headers["Vary"]) == (206, VARY)
            response, body = answer_of(client, "/a.png", headers={**GZIP, "Range": "bytes=2-5"})
            assert (response.status_code, "Vary" in response.headers) == (206, False)
            response, body = answer_of(client, "/a.txt", headers={**GZIP, "Range": "bytes=2-5", "If-Range": tag})
            assert (response.status_code, response.headers["Content-Encoding"]) == (200, "gzip")
            response, body = answer_of(client, "/a.png")
            assert (len(body), "Content-Encoding" in response.headers) == (300_000, False)


@both
def test_around_a_mount(protocol: Any) -> None:
    """Compression wraps any application of cardan, and can be mounted itself."""
    app = Mount({"/in": Compression(Mount({"/deep": site}))})
    with Client(app, protocol) as client:
        assert client.get("/in/deep/text").text == TEXT
        assert client.get("/in/deep/text").headers["Vary"] == "Accept-Encoding"


@both
def test_an_error_within_the_body(protocol: Any) -> None:
    """The error reaches the server, and the body is closed once."""
    log: list[str] = []

    @Request.application
    def app(request: Request) -> Response:
        def body() -> Iterator[str]:
            try:
                yield TEXT
                raise LookupError("within")
            finally:
                log.append("closed")

        return Response(body())

    with Client(Compression(app), protocol) as client, pytest.raises(LookupError, match="within"):
        answer_of(client, "/")
    assert log == ["closed"]


@both
def test_a_client_that_leaves(protocol: Any) -> None:
    """The body of the application is closed."""
    log: list[str] = []

    @Request.application
    def app(request: Request) -> Response:
        def body() -> Iterator[str]:
            try:
                while True:
                    yield TEXT
            finally:
                log.append("closed")

        return Response(body())

    with Client(Compression(app), protocol) as client:
        with client.stream("GET", "/", headers=GZIP) as response:
            next(response.iter_raw())
        assert log == ["closed"]


# --- WSGI applications of all kinds ---


def exchange(app: Any, **environ: Any) -> tuple[list[Any], list[bytes], Any]:
    """Call a WSGI application as a server does: what it started, the chunks, and its iterable."""
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Any, *exc_info: Any) -> Any:
        if exc_info and started:
            raise exc_info[0][1]
        started.append((status, dict(headers)))
        return written.append

    usual = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_ACCEPT_ENCODING": "gzip"}
    iterable = app({**usual, **environ}, start_response)
    try:
        chunks = list(iterable)
    finally:
        if hasattr(iterable, "close"):
            iterable.close()
    return started, written + chunks, iterable


def plain(body: Any, *, kind: str = "text/plain", **fields: str) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", kind), *fields.items()])
        return body

    return app


LONG = TEXT.encode()


def test_a_list_becomes_one_chunk() -> None:
    """The length of the compressed body is known, and sent."""
    started, chunks, _ = exchange(Compression(plain([LONG, LONG])))
    assert (len(chunks), gzip.decompress(chunks[0])) == (1, LONG * 2)
    assert started[0][1]["Content-Length"] == str(len(chunks[0]))


def test_an_iterable_is_passed_on_unchanged() -> None:
    """A server that knows a body of its own, a file wrapper for example, gets it."""
    body = [b"short"]
    assert exchange(Compression(plain(body, kind="image/png")))[2] is body

    class ServersWrapper:
        def __init__(self, file: Any, block_size: int = 8192) -> None:
            self.file = file
            self.close = file.close

        def __iter__(self) -> Iterator[bytes]:
            return iter(lambda: self.file.read(10), b"")

    for kind, passed in (("image/png", True), ("text/plain", False)):
        with Path(__file__).open("rb") as file:

            def app(environ: Any, start_response: Any, kind: str = kind, file: Any = file) -> Any:
                start_response("200 OK", [("Content-Type", kind)])
                return environ["wsgi.file_wrapper"](file, 1000)

            _, chunks, iterable = exchange(Compression(app), **{"wsgi.file_wrapper": ServersWrapper})
            assert (type(iterable) is ServersWrapper) is passed
            assert file.closed
        data = b"".join(chunks)
        assert (data if passed else gzip.decompress(data)) == Path(__file__).read_bytes()


def test_a_head_that_comes_with_the_first_chunk() -> None:
    """A generator calls ``start_response`` when it is iterated, and may give empty chunks (PEP 3333)."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        yield b""
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b""
        yield LONG

    started, chunks, _ = exchange(Compression(app))
    assert [status for status, _ in started] == ["200 OK"]
    assert gzip.decompress(b"".join(chunks)) == LONG


def test_the_head_is_there_when_the_application_returns() -> None:
    """granian looks for it then. The body has run to its first chunk only."""
    log: list[str] = []

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        for each in (LONG, LONG):
            log.append("chunk")
            yield each

    environ = {"REQUEST_METHOD": "GET", "HTTP_ACCEPT_ENCODING": "gzip"}
    Compression(app)(environ, lambda status, headers: log.append(status))  # type: ignore[arg-type, return-value]
    assert log == ["chunk", "200 OK"]


def test_the_write_callable() -> None:
    """What ``write()`` sends comes before the iterable, in one compressed stream."""

    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"")
        write(b"one ")
        write(b"two ")
        return [b"three"]

    assert gzip.decompress(b"".join(exchange(Compression(app))[1])) == b"one two three"
    assert b"".join(exchange(Compression(app), HTTP_ACCEPT_ENCODING="")[1]) == b"one two three"


def test_a_write_after_the_whole_body() -> None:
    """``write()`` after a body of the declared length passes its bytes on: the server decides what to do with them."""

    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "1000")])
        yield bytes(1000)
        write(b"more")

    assert b"more" in exchange(Compression(app))[1]


def test_a_body_that_was_read_inside_is_known_outside() -> None:
    """The application gets a copy of the environ, which shares with it what was read of the body."""

    @Request.application
    def reads(request: Request) -> Response:
        return Response(request.get_data())

    environ = RequestBuilder("/", method="POST", data=LONG).environ()
    b"".join(Compression(reads)(environ, lambda *_: print))  # type: ignore[arg-type]
    assert Request(environ).get_data() == LONG


def test_an_error_page_in_place_of_the_body() -> None:
    """``exc_info`` replaces a head that was not sent; afterwards the server raises it."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        if environ["PATH_INFO"] == "/late":
            yield LONG
        error = LookupError("broken")
        start_response("500 Broken", [("Content-Type", "image/png")], (LookupError, error, None))
        yield b"page"

    started, chunks, _ = exchange(Compression(app))
    assert (started, chunks) == ([("500 Broken", {"Content-Type": "image/png"})], [b"page"])
    with pytest.raises(LookupError, match="broken"):
        exchange(Compression(app), PATH_INFO="/late")


def test_mistakes_of_a_wsgi_application() -> None:
    """Bytes without a head, no head at all, and two heads."""

    def twice(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        start_response("200 OK", [])

    for app, text in [
        (
            lambda environ, start_response: [b"x"],
            "got bytes of the body before start_response(), expected",
        ),
        (
            lambda environ, start_response: [],
            "got the end of the body without start_response(), ",
        ),
        (twice, "got a second start_response() without exc_info, expected one call"),
    ]:
        with pytest.raises(RuntimeError) as caught:
            exchange(Compression(app))
        assert str(caught.value).startswith(text)


def test_a_server_without_a_file_wrapper() -> None:
    """An application sees a ``wsgi.file_wrapper`` if the server has one, and not otherwise (PEP 3333, "Optional
    Platform-Specific File Handling").
    """
    seen: list[bool] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append("wsgi.file_wrapper" in environ)
        return plain([LONG])(environ, start_response)

    exchange(Compression(app))
    exchange(Compression(app), **{"wsgi.file_wrapper": list})
    assert seen == [False, True]


@pytest.mark.parametrize("kind", ["text/plain", "image/png"])
def test_a_file_that_cannot_be_closed(kind: str) -> None:
    """What an application wraps needs a ``read()`` only, whether it is compressed or left to the server."""

    class File:
        pieces = [LONG, LONG]

        def read(self, size: int) -> bytes:
            return self.pieces.pop() if self.pieces else b""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", kind)])
        return environ["wsgi.file_wrapper"](File())

    def wrapper(file: Any, size: int) -> Any:
        return iter(lambda: file.read(size), b"")

    File.pieces = [LONG, LONG]
    _, chunks, _ = exchange(Compression(app, codings={"gzip": 6}), **{"wsgi.file_wrapper": wrapper})
    data = b"".join(chunks)
    assert (gzip.decompress(data) if kind == "text/plain" else data) == LONG * 2


@pytest.mark.parametrize("status", ["", "abc nonsense", "\u00b2\u00b2\u00b2 OK", "20"])
def test_a_status_that_is_none(status: str) -> None:
    """A server gets the status that the application has given, whatever it is, and refuses it itself."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, [("Content-Type", "text/plain")])
        return [LONG]

    assert exchange(Compression(app))[0][0][0] == status


def test_the_iterable_is_closed_once() -> None:
    """A list with a ``close`` of its own is closed, and so is an iterable whose ``__iter__`` raises."""

    class Body(list[bytes]):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    for given in ([], [LONG], [LONG, LONG]):
        body = Body(given)
        _, _, iterable = exchange(Compression(plain(body)))
        iterable.close()
        assert body.closed == 1

    class Broken(Body):
        def __iter__(self) -> Iterator[bytes]:
            raise LookupError("no iterator")

    body = Broken()
    with pytest.raises(LookupError, match="no iterator"):
        exchange(Compression(plain(body)))
    assert body.closed == 1


@pytest.mark.parametrize("error", [LookupError, SystemExit, KeyboardInterrupt])
def test_an_iterable_that_fails_at_its_first_chunk_is_closed(error: type[BaseException]) -> None:
    """Nobody else can close it, because the server has got nothing yet: also if the process is about to end."""
    closed: list[None] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            raise error
            yield

        def close(self) -> None:
            closed.append(None)

    with pytest.raises(error):
        exchange(Compression(plain(Body())))
    assert closed == [None]


# --- ASGI applications of all kinds ---


def sent_by(*messages: dict[str, Any], **options: Any) -> list[Any]:
    """What the server gets if the application sends ``messages``."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"accept-encoding", b"gzip")], **options}
    served = Compression(app, codings={"gzip": 6})(scope, None, send)  # type: ignore[arg-type]
    with contextlib.suppress(StopIteration):
        served.send(None)
        raise AssertionError("waits")
    return sent


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
HINT = {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]}
TRAILERS = {"type": "http.response.trailers", "headers": []}


def body(data: bytes = LONG, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def test_messages_about_other_things_are_passed_on() -> None:
    """Early hints before the head, and trailers after the body. Nothing else is lost of a message."""
    start = {**START, "trailers": True}
    sent = sent_by(HINT, start, body(), TRAILERS)
    assert [message["type"].rpartition(".")[2] for message in sent] == ["early_hint", "start", "body", "trailers"]
    assert (sent[0], sent[1]["trailers"], sent[3]) == (HINT, True, TRAILERS)
    assert b"content-length" not in dict(sent[1]["headers"])  # trailers need a chunked body
    assert gzip.decompress(sent[2]["body"]) == LONG


@both
@pytest.mark.parametrize("sizes", [[4999], [5001], [3000, 1999], [3000, 2001], [1, 5000]], ids=str)
def test_a_body_of_another_length_than_declared(protocol: str, sizes: list[int]) -> None:
    """A server would notice it by the declared length, which a compressed answer has not: so it is an error here, and
    no client takes a body that broke off for a complete one.
    """
    pieces = [b"x" * size for size in sizes]

    def wsgi_site(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5000")])
        return pieces if len(pieces) == 1 else iter(pieces)

    async def asgi_site(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"5000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, piece in enumerate(pieces, 1):
            await send(body(piece, number < len(pieces)))

    site: Any = wsgi_site if protocol == "wsgi" else asgi_site
    with Client(Compression(site), protocol) as client, pytest.raises(ContentLengthError, match="expected 5000"):
        client.get("/", headers=GZIP)


def test_a_file_that_was_cut(tmp_path: Path) -> None:
    """A file that the server would send, and that has become shorter, is an error where it is compressed, too."""
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    head = {**START, "headers": [*START["headers"], (b"content-length", str(len(TEXT) + 1).encode())]}
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(head)
        await send({"type": "http.response.pathsend", "path": str(path)})

    async def send(message: Any) -> None:
        sent.append(message)

    async def main() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"accept-encoding", b"gzip")]}
        with pytest.raises(ContentLengthError, match=f"expected {len(TEXT) + 1}"):
            await Compression(app)(scope, None, send)  # type: ignore[arg-type]

    anyio.run(main)
    assert sent[-1]["more_body"]


def test_an_empty_message_sends_the_head() -> None:
    """An application can send its head before it has data: it sends an empty chunk."""
    sent = sent_by(START, body(b"", True), body(b"x", True), {"type": "http.response.body"})
    assert [message["type"].rpartition(".")[2] for message in sent] == ["start", "body", "body", "body"]
    assert sent[1]["body"] == b""
    assert gzip.decompress(b"".join(message["body"] for message in sent[1:])) == b"x"


def test_an_error_before_the_body() -> None:
    """The head was not sent yet, so that the server can still send a 500."""
    assert sent_by(START) == []


def test_what_the_server_sends_itself(tmp_path: Path) -> None:
    """A file that the server would open (pathsend) is compressed here, or left to it; a descriptor is left to it."""
    descriptor = {"type": "http.response.zerocopysend", "file": 3}
    assert sent_by(START, descriptor) == [START, descriptor]
    assert sent_by(START, descriptor, descriptor) == [START, descriptor, descriptor]
    path = {"type": "http.response.pathsend", "path": str(tmp_path)}
    image = {**START, "headers": [(b"content-type", b"image/png")]}
    assert sent_by(image, path) == [image, path]
    head = sent_by(START, path, method="HEAD")
    assert (dict(head[0]["headers"])[b"content-encoding"], head[1]) == (b"gzip", path)


@pytest.mark.parametrize("call", ["open", "read", "close"])
@pytest.mark.parametrize(
    ("backend", "native"), [("asyncio", False), ("asyncio", True), ("trio", False)], ids=["asyncio", "native", "trio"]
)
def test_a_file_is_closed_if_the_request_is_cancelled(
    backend: str, native: bool, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is compressed here is closed when the request ends, also if this is while a thread works on it."""
    (tmp_path / "a.txt").write_text(TEXT * 1000)
    files: list[Any] = []
    cancel: list[Any] = []

    def at(name: str) -> None:
        if name == call:
            anyio.from_thread.run_sync(cancel[0])

    class File(io.FileIO):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            files.append(self)
            at("open")

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            at("read")
            return data or b""

        def close(self) -> None:
            if not self.closed:
                at("close")
            super().close()

    monkeypatch.setattr("cardan.asgi._reshaping.open", File, raising=False)
    scope = RequestBuilder("/a.txt", headers=GZIP).scope()
    scope["extensions"] = {"http.response.pathsend": {}}

    async def receive() -> Any:
        await anyio.sleep_forever()

    async def send(message: Any) -> None:
        pass

    async def main() -> None:
        app = Compression(StaticFiles(tmp_path))
        if native:
            task = asyncio.ensure_future(app(scope, receive, send))
            cancel.append(task.cancel)
            await asyncio.wait([task])
            assert task.cancelled()
        else:
            with anyio.CancelScope() as around:
                cancel.append(around.cancel)
                await app(scope, receive, send)
                await anyio.lowlevel.checkpoint()
            assert around.cancelled_caught
        assert [file.closed for file in files] == [True]

    anyio.run(main, backend=backend)


def test_a_message_after_the_end_is_passed_on() -> None:
    """The server says that a message is out of order, also to an application whose answer was compressed."""
    late = body(b"late")
    for pieces in ([body()], [body(LONG[:9], True), body(LONG[9:])]):
        assert sent_by(START, *pieces, late)[-1] == late


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("size", [500_000, 5000], ids=["large", "small"])
@pytest.mark.parametrize("kind", ["whole", "stream"])
def test_a_large_body_is_compressed_in_a_thread(
    kind: str, size: int, backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compressing a large piece would keep the event loop from other requests. A small one takes less time than to
    change the thread.
    """
    data = os.urandom(size).hex()
    threads: set[int] = set()
    for name in ("take", "feed", "close"):
        method = getattr(Encoder, name)

        def noted(*args: Any, method: Any = method) -> Any:
            if len(args) > 1 and args[1]:  # it has something to compress
                threads.add(threading.get_ident())
            return method(*args)

        monkeypatch.setattr(Encoder, name, noted)

    async def handler(request: Request) -> Response:
        async def chunks() -> AsyncIterator[str]:
            yield data
            yield data

        threads.clear()
        loops.append(threading.get_ident())
        return Response(chunks() if kind == "stream" else data * 2)

    loops: list[int] = []
    with Client(Compression(Application(handler)), "asgi", backend=backend) as client:
        assert client.get("/", headers=GZIP).text == data * 2
    assert threads
    assert (threads == set(loops)) is (size == 5000)
    assert (threads.isdisjoint(loops)) is (size != 5000)


def test_other_scopes_are_passed_on() -> None:
    """Lifespans and websockets reach the application."""
    seen_types: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen_types.append(scope["type"])

    for kind in ("lifespan", "websocket"):
        with contextlib.suppress(StopIteration):
            Compression(app)({"type": kind}, None, None).send(None)  # type: ignore[arg-type]
    assert seen_types == ["lifespan", "websocket"]


def test_an_empty_piece_that_is_written_begins_nothing() -> None:
    """The head may be replaced until the application gives its first bytes (PEP 3333, "Error Handling"): ``write(b"")``
    gives none.
    """
    heads: list[tuple[str, Any]] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"")
        assert not heads
        try:
            raise LookupError
        except LookupError:
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"x"]

    def start(status: str, headers: Any, exc_info: Any = None) -> Any:
        heads.append((status, headers))
        return lambda data: None

    served: Any = Compression(app)
    assert b"".join(served(RequestBuilder("/").environ(), start)) == b"x"
    assert [status for status, _ in heads] == ["500 Internal Server Error"]
