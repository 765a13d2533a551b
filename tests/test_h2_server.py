"""The server of ``examples/h2_server.py``: the head and the events of HTTP/1.1 under HTTP/2, over real sockets."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2_server
import pytest
import trio

from cardan import Application, Request, Response
from cardan.exceptions import NotFound
from tests import h2_client
from tests.trio_server import Watched, impatient, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

FORM = ("content-type", "application/x-www-form-urlencoded")
ASKING = [(":method", "GET"), (":scheme", "http"), (":authority", "a.example")]
left = threading.Event()
working = threading.Event()


class Brief(Request):
    drain_timeout = 0.01


def pages(request: Request) -> Response:
    if request.path == "/form":
        return Response(f"{request.form['name']} {request.http_version} {request.host} {request.cookies.get('b')}")
    if request.path == "/stream":
        request.send_early_hints(["</a.css>; rel=preload"])
        response = Response(iter(["a", "b"]))
        response.trailers["Server-Timing"] = "total;dur=12"
        return response
    if request.path == "/large":
        return Response(b"x" * 300_000)
    if request.path == "/error":
        raise LookupError("an error of the handler")
    if request.path == "/broken":
        return Response(broken())
    if request.path == "/endless":
        return Response(endless())
    if request.path == "/echo":
        return Response(request.iter_data())
    if request.path == "/work":
        assert working.wait(100)
    if request.path == "/named":
        return Response("hello", headers={"X-Name": "caf\xe9"})
    if request.path == "/first":
        next(request.iter_data())
    if request.path == "/none":
        raise NotFound
    return Response("hello")


async def async_pages(request: Request) -> Response:
    if request.path == "/form":
        await request.load()
    if request.path == "/stream":
        await request.asend_early_hints(["</a.css>; rel=preload"])
        response = Response(iter(["a", "b"]))
        response.trailers["Server-Timing"] = "total;dur=12"
        return response
    if request.path == "/endless":
        return Response(async_endless())
    if request.path == "/echo":
        return Response(request.aiter_data())
    if request.path == "/work":
        await trio.sleep_forever()
    if request.path == "/first":
        async for _ in request.aiter_data():
            return Response("hello")
    return pages(request)


def broken() -> Iterator[str]:
    yield "a"
    raise LookupError("an error of the body")


def endless() -> Iterator[bytes]:
    try:
        while True:
            yield b"x" * 65536
    finally:
        left.set()


async def async_endless() -> AsyncIterator[bytes]:
    try:
        while True:
            yield b"x" * 65536
    finally:
        left.set()


@pytest.fixture(scope="module", params=[pages, async_pages], ids=["def", "async def"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that runs in a thread."""
    with running(partial(h2_server.serve, Application(request.param, request_class=Brief), 0)) as port:
        yield port


def test_requests(port: int) -> None:
    """Method, path, authority, cookies and body are found in the request; fields, body and status in the response."""
    answer = h2_client.exchange(port, "POST", "/form", [FORM, ("cookie", "a=1"), ("cookie", "b=2")], b"name=Ada")
    assert answer.body == b"Ada 2 a.example 2"
    assert dict(answer.headers)[":status"] == "200"
    assert "date" in dict(answer.headers)
    assert dict(h2_client.get(port, "/none").headers)[":status"] == "404"
    answer = h2_client.exchange(port, "HEAD", "/")
    assert (dict(answer.headers)["content-length"], answer.body) == ("5", b"")


def test_hints_and_trailers(port: int) -> None:
    """Early hints precede the response, trailer fields follow its body."""
    answer = h2_client.get(port, "/stream")
    assert [dict(fields)["link"] for fields in answer.informational] == ["</a.css>; rel=preload"]
    assert (answer.body, answer.trailers) == (b"ab", [("server-timing", "total;dur=12")])


def test_a_response_that_exceeds_the_window(port: int) -> None:
    """The rest is sent when the client has taken what came."""
    assert h2_client.get(port, "/large").body == b"x" * 300_000


def test_errors(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    """An error before the response is a 500. After the head the stream is reset. Both are logged."""
    assert dict(h2_client.get(port, "/error").headers)[":status"] == "500"
    assert "LookupError: an error of the handler" in capfd.readouterr().err
    with pytest.raises(ConnectionResetError):
        h2_client.get(port, "/broken")
    assert "LookupError: an error of the body" in capfd.readouterr().err


class Client:
    """A connection whose frames a test sends one by one."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=100)
        self.http = h2.connection.H2Connection(h2.config.H2Configuration())
        self.http.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.http.data_to_send())

    def ask(self, number: int, path: str, method: str = "GET", *, end: bool = True) -> None:
        fields = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "a.example"), FORM]
        self.http.send_headers(number, fields, end_stream=end)
        self.flush()

    def until(self, kind: type[Any], number: int) -> list[Any]:
        """The events that come until one of this kind, for this stream."""
        seen: list[Any] = []
        while data := self.socket.recv(65536):
            events = self.http.receive_data(data)
            for event in events:
                if isinstance(event, h2.events.DataReceived):
                    self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.flush()
            seen += events
            if any(isinstance(event, kind) and event.stream_id == number for event in events):
                return seen
        raise ConnectionError("got the end of the connection")

    def data_until(self, kind: type[Any], number: int) -> bytes:
        """The data that comes until then."""
        events = self.until(kind, number)
        return b"".join(event.data for event in events if isinstance(event, h2.events.DataReceived))


def test_streams_side_by_side(port: int) -> None:
    """A request is answered while the upload of another one goes on, which is sent back piece by piece."""
    client = Client(port)
    client.ask(1, "/echo", "POST", end=False)
    client.http.send_data(1, b"one")
    client.flush()
    assert [e.data for e in client.until(h2.events.DataReceived, 1) if isinstance(e, h2.events.DataReceived)] == [
        b"one"
    ]
    client.ask(3, "/")
    client.until(h2.events.StreamEnded, 3)
    client.http.send_data(1, b"two", end_stream=True)
    client.flush()
    assert client.data_until(h2.events.StreamEnded, 1) == b"two"
    client.socket.close()


def test_a_stream_that_the_client_resets(port: int) -> None:
    """Resetting a stream closes its response, and other streams of the connection go on."""
    left.clear()
    client = Client(port)
    client.ask(1, "/endless")
    client.until(h2.events.DataReceived, 1)
    client.http.reset_stream(1, h2.errors.ErrorCodes.CANCEL)
    client.flush()
    assert left.wait(100)
    client.ask(3, "/")
    client.until(h2.events.StreamEnded, 3)
    client.socket.close()


def test_a_client_that_leaves(port: int) -> None:
    """The body of its response is closed."""
    left.clear()
    client = Client(port)
    client.ask(1, "/endless")
    client.until(h2.events.DataReceived, 1)
    client.socket.close()
    assert left.wait(100)


@pytest.mark.parametrize("path", ["/", "/error", "/endless", "/large", "/echo"])
def test_a_client_that_ends_the_connection(port: int, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A client may end the connection in the bytes of its request: what can no longer be sent is no error, and other
    clients are still served.
    """
    for started in (False, True):
        client = Client(port)
        client.http.send_headers(1, [*ASKING, (":path", path)], end_stream=path != "/echo")
        if started:
            client.flush()
            client.until(h2.events.ResponseReceived, 1) if path != "/echo" else None
            client.http.send_headers(3, [*ASKING, (":path", path)], end_stream=False)
        client.http.close_connection()
        client.flush()
        while client.socket.recv(65536):
            pass
        client.socket.close()
    assert h2_client.get(port, "/").body == b"hello"
    assert "ProtocolError" not in capfd.readouterr().err


def test_a_value_that_is_not_ascii(port: int) -> None:
    """A field is sent as HTTP/1.1 would send it: each character is one byte (RFC 9110 section 5.5)."""
    assert ("x-name", "caf\xe9") in h2_client.get(port, "/named").headers


def test_a_connection_that_fails(port: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """An error that nobody has thought of ends its connection, and no other."""

    def fail(*args: object) -> None:
        raise LookupError("nobody has thought of this")

    with monkeypatch.context() as patch:
        patch.setattr(h2_server.Connection, "dispatch", fail)
        with pytest.raises(ConnectionError):
            h2_client.get(port, "/")
    assert "nobody has thought of this" in capfd.readouterr().err
    assert h2_client.get(port, "/").body == b"hello"


def test_an_upload_that_nobody_wants(port: int) -> None:
    """After the answer, and the time to discard its upload, the client is told to stop (RFC 9113 section 8.1)."""
    client = Client(port)
    client.ask(1, "/none", "POST", end=False)
    for _ in range(3):
        client.http.send_data(1, b"x" * 16384)
    client.flush()
    [reset] = [e for e in client.until(h2.events.StreamReset, 1) if isinstance(e, h2.events.StreamReset)]
    assert reset.error_code == h2.errors.ErrorCodes.NO_ERROR
    client.socket.close()


def test_an_upload_that_the_client_breaks_off(port: int) -> None:
    """What nobody has read of it is given back to the connection, for other uploads (RFC 9113 section 6.9.1)."""
    working.clear()
    client = Client(port)
    client.ask(1, "/work", "POST", end=False)
    for _ in range(3):
        client.http.send_data(1, b"x" * 16384)
    client.http.reset_stream(1, h2.errors.ErrorCodes.CANCEL)
    client.flush()
    working.set()
    client.until(h2.events.WindowUpdated, 0)
    assert client.http.outbound_flow_control_window > 2 * 16384
    client.socket.close()


def test_what_is_not_http(port: int) -> None:
    """The server ends a connection that does not speak HTTP/2, and serves others."""
    with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        while connection.recv(65536):
            pass
    assert h2_client.get(port, "/").body == b"hello"


def test_an_upload_that_stops(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that waits for the rest answers that it is not complete."""
    impatient(monkeypatch, h2_server, h2_server.Stream, "body")
    client = Client(port)
    client.ask(1, "/form", "POST", end=False)
    client.http.send_data(1, b"name=")
    client.flush()
    [head] = [e for e in client.until(h2.events.ResponseReceived, 1) if isinstance(e, h2.events.ResponseReceived)]
    assert dict(head.headers)[b":status"] == b"400"
    client.socket.close()


def test_empty_frames(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server keeps no frame without data: a client may send any number of them, whatever its window is."""
    kept: list[int] = []
    dispatch = h2_server.Connection.dispatch

    def noted(self: h2_server.Connection, event: h2.events.Event) -> None:
        dispatch(self, event)
        kept.extend(stream.received.statistics().current_buffer_used for stream in self.streams.values())

    monkeypatch.setattr(h2_server.Connection, "dispatch", noted)
    client = Client(port)
    client.ask(1, "/form", "POST", end=False)
    for _ in range(100):
        client.http.send_data(1, b"")
    client.http.send_data(1, b"name=Ada", end_stream=True)
    client.flush()
    client.until(h2.events.StreamEnded, 1)
    client.socket.close()
    assert max(kept) <= 2  # the data, and the end


def test_a_client_that_takes_nothing_more(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The response is closed when the window of the client has been full for too long."""
    impatient(monkeypatch, h2_server, h2_server.Stream, "send_data")
    left.clear()
    client = Client(port)
    client.ask(1, "/endless")
    assert left.wait(100)
    client.socket.close()


def test_curl(port: int) -> None:
    """A form that curl sends is answered. (Without curl, or with one that has no HTTP/2, nothing is asked.)"""
    told = shutil.which("curl") and subprocess.run(["curl", "--version"], capture_output=True, check=True).stdout
    if told and b"HTTP2" in told:
        url = f"http://127.0.0.1:{port}/form"
        command = ["curl", "--silent", "--http2-prior-knowledge", "--max-time", "20", "--data", "name=Ada", url]
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stdout == f"Ada 2 127.0.0.1:{port} None".encode()


@pytest.mark.parametrize("path", ["/", "/first", "/form", "/error", "/none"])
def test_the_body_of_a_request_is_closed(port: int, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server closes the iterator of the body after the answer, whether the application has read all, a part or
    nothing of it, and whatever the answer is: no async generator is left to the collector.
    """
    closed = threading.Event()
    body = h2_server.Stream.body
    monkeypatch.setattr(h2_server.Stream, "body", lambda self: Watched(body(self), closed))
    h2_client.exchange(port, "POST", path, [FORM], b"a=b&" * 4000)
    assert closed.wait(100)
