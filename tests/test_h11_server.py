"""The server of ``examples/h11_server.py``: an application that is served by its core, over real sockets."""

from __future__ import annotations

import socket
import struct
import threading
from functools import partial
from typing import TYPE_CHECKING

import h11_server
import httpx
import pytest

from cardan import Application, Request, Response, send_file
from cardan.exceptions import NotFound
from tests.trio_server import Watched, impatient, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

closed = threading.Event()


def pages(request: Request) -> Response:
    """One page for each way that a request or a response may take."""
    if request.path == "/form":
        return Response(f"{request.form['name']} {request.http_version} {request.remote_addr}")
    if request.path == "/stream":
        response = Response(iter(["a", "b"]))
        response.trailers["Server-Timing"] = "total;dur=12"
        return response
    if request.path == "/file":
        return send_file(__file__, request)
    if request.path == "/large":
        return Response(endless())
    if request.path == "/broken":
        return Response(broken())
    if request.path == "/empty":
        return Response(status=204)
    if request.path == "/error":
        raise LookupError("an error of the handler")
    if request.path == "/echo":
        return Response(request.iter_data())
    if request.path == "/dated":
        return Response("x", headers={"Date": "Mon, 01 Jan 2024 00:00:00 GMT"})
    if request.path == "/first":
        next(request.iter_data())
    if request.path == "/none":
        raise NotFound
    return Response("hello")


async def async_pages(request: Request) -> Response:
    """The same for an ``async def`` handler."""
    if request.path == "/form":
        await request.load()
    if request.path == "/large":
        return Response(async_endless())
    if request.path == "/echo":
        return Response(request.aiter_data())
    if request.path == "/first":
        async for _ in request.aiter_data():
            return Response("hello")
    return pages(request)


def endless() -> Iterator[bytes]:
    try:
        while True:
            yield b"x" * 65536
    finally:
        closed.set()


async def async_endless() -> AsyncIterator[bytes]:
    try:
        while True:
            yield b"x" * 65536
    finally:
        closed.set()


def broken() -> Iterator[str]:
    yield "a"
    raise LookupError("an error of the body")


@pytest.fixture(scope="module", params=[pages, async_pages], ids=["def", "async def"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that runs in a thread."""
    with running(partial(h11_server.serve, Application(request.param), 0)) as port:
        yield port


def spoken(port: int, *lines: str, body: bytes = b"", until: bytes = b"") -> bytes:
    """Send a request. Gives what the server sends until it closes the connection, or until these bytes have come."""
    with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
        connection.sendall("".join(f"{line}\r\n" for line in [*lines, "Host: a.example", ""]).encode() + body)
        data = b""
        while not (until and until in data) and (piece := connection.recv(65536)):
            data += piece
    return data


def test_requests_on_one_connection(port: int) -> None:
    """Requests with and without bodies, errors and answers without a body follow each other on a connection."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=100) as client:
        streams = set()
        for _ in range(2):
            response = client.post("/form", data={"name": "Ada"})
            assert response.text == "Ada 1.1 127.0.0.1"
            assert client.get("/").headers["Content-Length"] == "5"
            assert client.get("/stream").text == "ab"
            assert client.get("/none").status_code == 404
            assert (client.get("/empty").status_code, client.head("/").headers["Content-Length"]) == (204, "5")
            response = client.get("/")
            streams.add(response.extensions["network_stream"].get_extra_info("client_addr"))
        assert len(streams) == 1


def test_a_file(port: int) -> None:
    """A file, a part of it, and nothing of it for a client that has it."""
    with open(__file__, "rb") as file:
        data = file.read()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=100) as client:
        response = client.get("/file")
        assert response.content == data
        part = client.get("/file", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, data[10:20])
        assert client.get("/file", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


def test_a_stream_has_trailer_fields(port: int) -> None:
    """HTTP/1.1 has them after the last chunk (RFC 9112 section 7.1.2). HTTP/1.0 and HEAD have neither."""
    data = spoken(port, "GET /stream HTTP/1.1", "Connection: close")
    assert b"\r\nTrailer: Server-Timing\r\n" in data
    assert data.endswith(b"\r\n0\r\nServer-Timing: total;dur=12\r\n\r\n")
    data = spoken(port, "GET /stream HTTP/1.0")
    assert data.endswith(b"\r\n\r\nab")
    assert b"Trailer" not in data
    assert spoken(port, "HEAD /stream HTTP/1.1", "Connection: close").endswith(b"\r\n\r\n")


def test_a_client_that_waits(port: int) -> None:
    """A client that expects 100 Continue is told to send its body when the application asks for it, else not."""
    form = ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 8", "Expect: 100-continue")
    data = spoken(port, "POST /form HTTP/1.1", *form, until=b"\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 100 ")
    data = spoken(port, "POST /none HTTP/1.1", *form)
    assert data.startswith(b"HTTP/1.1 404 ")


def test_an_upload_that_is_not_read(port: int) -> None:
    """The answer comes, and the connection can be used again."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=100) as client:
        for _ in range(2):
            assert client.post("/", content=b"x" * 300_000).text == "hello"


def test_an_error_before_the_response(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    """An error of the handler before the response becomes a 500, and the server reports it."""
    data = spoken(port, "GET /error HTTP/1.1")
    assert data.startswith(b"HTTP/1.1 500 ")
    assert b"an error of the handler" not in data
    assert "LookupError: an error of the handler" in capfd.readouterr().err


def test_an_error_after_the_first_chunk(port: int) -> None:
    """The client sees that the body is not complete."""
    data = spoken(port, "GET /broken HTTP/1.1")
    assert b"200" in data.split(b"\r\n")[0]
    assert b"\r\n0\r\n" not in data


def test_a_client_that_leaves(port: int) -> None:
    """The body of its response is closed."""
    closed.clear()
    assert spoken(port, "GET /large HTTP/1.1", until=b"x" * 1000)
    assert closed.wait(100)


@pytest.mark.parametrize("line", ["not HTTP", "GET / HTTP/1.1\r\nbroken field"])
def test_what_is_not_http(port: int, line: str) -> None:
    """A request that is not HTTP is answered with 400."""
    assert spoken(port, line).startswith(b"HTTP/1.1 400 ")


def reset(port: int, data: bytes) -> None:
    """Send bytes, and end the connection by a reset."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=100)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.sendall(data)
    connection.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff\x16\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
        (
            b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 99\r\n\r\nname="
        ),
        b"GET / HT",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nname=",
    ],
    ids=["no HTTP", "request", "large", "upload", "head", "echo"],
)
def test_a_client_that_resets_its_connection(port: int, data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """A reset at any moment ends one connection and no other one, and is no error of the program."""
    for _ in range(20):
        reset(port, data)
    assert spoken(port, "GET / HTTP/1.1", "Connection: close").endswith(b"hello")
    assert "Traceback" not in capfd.readouterr().err


def test_a_connection_that_fails(port: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """An error that nobody has thought of ends its connection, and no other."""

    def fail(*args: object) -> None:
        raise LookupError("nobody has thought of this")

    with monkeypatch.context() as patch:
        patch.setattr(h11_server.Connection, "answer", fail)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"http://127.0.0.1:{port}/", timeout=100)
    assert "nobody has thought of this" in capfd.readouterr().err
    assert httpx.get(f"http://127.0.0.1:{port}/", timeout=100).text == "hello"


def test_a_date_of_the_handler(port: int) -> None:
    """A response has one Date: that of the handler, if it sets one."""
    answer = spoken(port, "GET /dated HTTP/1.1", "Connection: close")
    assert answer.lower().count(b"\r\ndate:") == 1
    assert b"Mon, 01 Jan 2024" in answer


def test_connect_is_refused(port: int) -> None:
    """CONNECT asks for a tunnel, which this server does not have."""
    assert spoken(port, "CONNECT a.example:443 HTTP/1.1").startswith(b"HTTP/1.1 501 ")


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9", "HTTP/3.0"])
def test_another_version_is_refused(port: int, version: str) -> None:
    """A request line of HTTP/1 names no other major version (RFC 9110 section 15.6.6)."""
    assert spoken(port, f"GET / {version}").startswith(b"HTTP/1.1 505 ")


def test_a_body_with_two_lengths(port: int) -> None:
    """The chunks count, and no further request is answered on this connection (RFC 9112 section 6.1)."""
    fields = ["Transfer-Encoding: chunked", "Content-Length: 6", "Content-Type: application/x-www-form-urlencoded"]
    body = b"8\r\nname=Ada\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
    answer = spoken(port, "POST /form HTTP/1.1", *fields, body=body)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Connection: close\r\n" in answer
    assert b"Ada" in answer


def test_a_bad_length_is_answered(port: int) -> None:
    """A Content-Length that is no length is a 400 if the body is read."""
    answer = spoken(port, "POST /form HTTP/1.1", "Content-Length: " + "9" * 20, "Connection: close")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_body_that_is_no_http(port: int) -> None:
    """Bytes that are no chunk are answered with 400, if nothing was sent yet."""
    fields = ["Transfer-Encoding: chunked", "Content-Type: application/x-www-form-urlencoded"]
    answer = spoken(port, "POST /form HTTP/1.1", *fields, body=b"zz\r\nno chunk\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


def until_closed(port: int, data: bytes) -> bytes:
    """Send bytes that are no whole request. Gives all that the server sends before it closes the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
        connection.sendall(data)
        while piece := connection.recv(65536):
            received += piece
    return received


def test_a_head_that_is_too_long(port: int) -> None:
    """The server bounds what it keeps of a head that does not end."""
    head = b"GET / HTTP/1.1\r\nX-Long: "
    answer = until_closed(port, head + b"x" * (h11_server.MAX_HEAD + 1 - len(head)))
    assert answer.startswith(b"HTTP/1.1 431 ")


UPLOAD = (
    b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\n"
)


@pytest.mark.parametrize("sent", [b"", b"GET / HT"], ids=["", "head"])
def test_a_client_that_sends_nothing_more(port: int, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection of a client that does not send a whole head is closed, without an answer."""
    monkeypatch.setattr(h11_server, "PATIENCE", 0.01)
    assert until_closed(port, sent) == b""


def test_an_upload_that_stops(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An incomplete body is answered with 400, before the connection is closed."""
    impatient(monkeypatch, h11_server, h11_server.Connection, "body")
    assert until_closed(port, UPLOAD + b"name=").startswith(b"HTTP/1.1 400 ")


def test_a_client_that_takes_nothing_more(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The response to a client that takes nothing more is closed."""
    impatient(monkeypatch, h11_server, h11_server.Connection, "send_events")
    closed.clear()
    with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert closed.wait(100)


@pytest.mark.parametrize("path", ["/", "/first", "/form", "/error", "/none"])
def test_the_body_of_a_request_is_closed(port: int, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server closes the iterator of the body after the answer, whether the application has read all, a part or
    nothing of it, and whatever the answer is: no async generator is left to the collector.
    """
    closed = threading.Event()
    body = h11_server.Connection.body
    monkeypatch.setattr(h11_server.Connection, "body", lambda self: Watched(body(self), closed))
    fields = ["Connection: close", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 300000"]
    spoken(port, f"POST {path} HTTP/1.1", *fields, body=b"a=b&" * 75_000)
    assert closed.wait(100)
