"""`Client` with WSGI applications."""

from __future__ import annotations

import io
import sys
import threading
from typing import Any

import anyio
import httpx
import pytest

from cardan.testing import AsyncClient, Client, RequestBuilder
from cardan.testing._wsgi_exchange import WSGIExchange
from tests.testing.apps import echo_wsgi, threads


class Body:
    """An iterable that counts the calls of its methods."""

    def __init__(self, chunks: Any) -> None:
        self.chunks = iter(chunks)
        self.made = self.closed = 0

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        chunk: bytes = next(self.chunks)
        self.made += 1
        return chunk

    def close(self) -> None:
        self.closed += 1


def serve(body: Any, status: str = "200 OK", headers: Any = ()) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, list(headers))
        return body

    return app


def test_answer() -> None:
    """Status, reason, header fields (in order and case) and body arrive as they were sent."""
    app = serve([b"ma", b"", b"de"], "201 Made it", [("X-One", "a\xe9"), ("x-one", "b")])
    with Client(app, protocol="wsgi") as client:
        response = client.get("/")
    assert (response.status_code, response.reason_phrase, response.content) == (201, "Made it", b"made")
    assert response.headers.raw == [(b"X-One", b"a\xe9"), (b"x-one", b"b")]


def test_environ() -> None:
    """The environ is the one that a server would make for the request (PEP 3333, "environ Variables")."""
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> Any:
        seen.update(environ)
        seen["body"] = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return []

    with Client(app, protocol="wsgi", http_version="1.0", client=("::1", 5)) as client:
        headers = [("X-Ab", "1"), ("x-ab", "2"), ("X_Ab", "no"), ("Cookie", "a=1"), ("Cookie", "b=2")]
        client.post("https://example.org/a%20b/%C3%A9?x=%20&y", headers=headers, json=[1])
    expected = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/\xc3\xa9",
        "QUERY_STRING": "x=%20&y",
        "REQUEST_URI": "/a%20b/%C3%A9?x=%20&y",
        "RAW_URI": "/a%20b/%C3%A9?x=%20&y",
        "SERVER_NAME": "example.org",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "REMOTE_ADDR": "::1",
        "REMOTE_PORT": "5",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "3",
        "HTTP_HOST": "example.org",
        "HTTP_X_AB": "1, 2",
        "HTTP_COOKIE": "a=1; b=2",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "body": b"[1]",
    }
    assert {key: seen.get(key) for key in expected} == expected
    assert type(seen) is dict


def test_streams_one_chunk_at_a_time() -> None:
    """The next chunk is requested when the client has taken the last one. At the end close() is called once."""
    body = Body([b"a", b"b", b"c"])
    with Client(serve(body), protocol="wsgi") as client:
        with client.stream("GET", "/") as response:
            for number, chunk in enumerate(response.iter_raw(), 1):
                assert len(chunk) == 1
                assert body.made <= number + 1
        assert (body.made, body.closed) == (3, 1)


@pytest.mark.parametrize("read", [0, 1])
def test_leaving_early_closes(read: int) -> None:
    """If the client disconnects, close() is called once, before the block ends."""
    body = Body(b"tick" for _ in iter(int, 1))
    with Client(serve(body), protocol="wsgi") as client:
        with client.stream("GET", "/") as response:
            chunks = response.iter_raw()
            if read:
                assert next(chunks) == b"tick"
            assert body.closed == 0
        assert body.closed == 1
        assert body.made <= read + 1


def test_the_generator_ends_in_the_thread_that_ran_it() -> None:
    """The application, the iteration and close() run in one thread, which is not the client's."""
    seen = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append(threading.current_thread())
        start_response("200 OK", [])
        try:
            seen.append(threading.current_thread())
            yield b"a"
            yield b"b"
        finally:
            seen.append(threading.current_thread())

    with Client(app, protocol="wsgi") as client, client.stream("GET", "/") as response:
        next(response.iter_raw())
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert threading.current_thread() not in seen


def test_upload_streams() -> None:
    """`wsgi.input` reads the body piece by piece, and has all methods of a file."""
    go = threading.Event()

    def pieces() -> Any:
        yield b"one\ntw"
        assert go.wait(60)
        yield b""
        yield b"o\nthree"

    def app(environ: Any, start_response: Any) -> Any:
        file = environ["wsgi.input"]
        assert environ["HTTP_TRANSFER_ENCODING"] == "chunked"
        assert "CONTENT_LENGTH" not in environ
        lines = [file.readline()]
        go.set()
        lines += [file.read(2), *file.readlines(), file.read(), file.read(1)]
        start_response("200 OK", [])
        return [repr(lines).encode()]

    with Client(app, protocol="wsgi") as client:
        assert client.post("/", content=pieces()).text == r"[b'one\n', b'tw', b'o\n', b'three', b'', b'']"


def test_an_upload_that_raises() -> None:
    """The client raises the exception of its own request body. The application's read raises OSError."""
    log: list[str] = []

    def pieces() -> Any:
        yield b"a"
        raise LookupError("no more")

    def app(environ: Any, start_response: Any) -> Any:
        with pytest.raises(OSError, match="the client broke its request off"):
            environ["wsgi.input"].read()
        log.append("end")
        start_response("400 Bad Request", [])
        return []

    with Client(app, protocol="wsgi") as client:
        with pytest.raises(LookupError, match="no more"):
            client.post("/", content=pieces())
        assert log == ["end"]


def test_write() -> None:
    """The `write` callable sends at once (PEP 3333, "The write() Callable")."""
    body = Body([b"c"])

    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [])
        write(b"a")
        write(b"b")
        return body

    with Client(app, protocol="wsgi") as client:
        with client.stream("GET", "/") as response:
            chunks = response.iter_raw()
            assert next(chunks) == b"a"
            assert body.made == 0
            assert list(chunks) == [b"b", b"c"]
        with client.stream("GET", "/"):
            pass


def test_exception_before_the_start() -> None:
    """The client raises the exception or gets a 500, also after start_response if nothing was sent."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        raise LookupError("broken")

    with Client(app, protocol="wsgi") as client, pytest.raises(LookupError, match="broken"):
        client.get("/")
    with Client(app, protocol="wsgi", raise_app_exceptions=False) as client:
        response = client.get("/")
    assert (response.status_code, response.text) == (500, "Internal Server Error")


def test_exception_after_the_start() -> None:
    """The client raises the exception while reading, or gets an incomplete response. close() is called anyway."""

    def broken() -> Any:
        yield b"one"
        raise LookupError("broken")

    body = Body(broken())
    with Client(serve(body), protocol="wsgi") as client, client.stream("GET", "/") as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"one"
        with pytest.raises(LookupError, match="broken"):
            next(chunks)
    assert body.closed == 1
    with Client(serve(Body(broken())), protocol="wsgi", raise_app_exceptions=False) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="ended before the response was complete"):
            client.get("/")


def test_exception_in_close() -> None:
    """An exception of close() is raised when the client is done."""

    class Closing(Body):
        def close(self) -> None:
            raise LookupError("close")

    with Client(serve(Closing([b"a"])), protocol="wsgi") as client, pytest.raises(LookupError, match="close"):
        client.get("/")


def test_start_response_again() -> None:
    """A second call needs exc_info. It replaces the head, or raises if the head was sent (PEP 3333)."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/twice":
            start_response("200 OK", [])
        try:
            if environ["PATH_INFO"] == "/late":
                yield b"sent"
            raise LookupError("broken")
        except LookupError:
            start_response("503 Sorry", [], sys.exc_info())
        yield b"sorry"

    with Client(app, protocol="wsgi") as client:
        response = client.get("/")
        assert (response.status_code, response.text) == (503, "sorry")
        with pytest.raises(LookupError, match="broken"):
            client.get("/late")
        with pytest.raises(RuntimeError, match="got start_response twice, expected exc_info the second time"):
            client.get("/twice")


def test_not_wsgi() -> None:
    """A body without a head, and a chunk that is text, are errors."""
    with Client(lambda environ, start_response: [b"a"], protocol="wsgi") as client:
        with pytest.raises(RuntimeError, match="got a body, expected start_response before it"):
            client.get("/")
    with Client(serve(["text"]), protocol="wsgi") as client:
        with pytest.raises(TypeError, match="got a chunk of type str, expected bytes"):
            client.get("/")


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No"), ("GET", "304 No")])
def test_no_body(method: str, status: str) -> None:
    """Responses to HEAD, and with 204 and 304, have no body. The iterable is used up and closed."""
    body = Body([b"abc"] * 3)
    with Client(serve(body, status, [("Content-Length", "9")]), protocol="wsgi") as client:
        assert client.request(method, "/").content == b""
    assert (body.made, body.closed) == (3, 1)


def test_dishonest_length() -> None:
    """A body whose length differs from its Content-Length is an incomplete message (RFC 9112, section 8)."""
    with Client(serve([b"abc"], headers=[("Content-Length", "5")]), protocol="wsgi") as client:
        with pytest.raises(httpx.RemoteProtocolError, match="got a body of 3 bytes, expected 5"):
            client.get("/")


def test_file_wrapper() -> None:
    """The server offers wsgi.file_wrapper (PEP 3333, "Optional Platform-Specific File Handling")."""
    file = io.BytesIO(b"x" * 20_000)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](file)

    with Client(app, protocol="wsgi") as client:
        assert client.get("/").content == b"x" * 20_000
    assert file.closed


def test_timeouts() -> None:
    """Waiting longer than the time-out raises httpx.ReadTimeout. A thread that does not end is reported."""
    go = threading.Event()

    def app(environ: Any, start_response: Any) -> Any:
        assert go.wait(60)
        start_response("200 OK", [])
        return []

    with Client(app, protocol="wsgi", timeout=0.01, grace=0.01) as client:
        with (
            pytest.warns(RuntimeWarning, match="did not end within"),
            pytest.raises(httpx.ReadTimeout, match=r"the application sent nothing for 0\.01 seconds"),
        ):
            client.get("/")
        go.set()


def test_application_is_closed_on_leaving() -> None:
    """`app.close()` is called if there is one, after the open responses were closed."""
    body = Body([b"a"])

    class App:
        closed = 0

        def __call__(self, environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            return body

        def close(self) -> None:
            assert body.closed == 1
            self.closed += 1

    app = App()
    with Client(app, protocol="wsgi") as client:
        client.send(client.build_request("GET", "/"), stream=True)
    assert app.closed == 1


def test_nothing_is_left_behind() -> None:
    """No thread is left, even if a response stays open, with and without ``with``."""
    before = threads()

    def fail() -> None:
        with Client(echo_wsgi, protocol="wsgi") as client:
            client.post("/", content=iter([b"a", b"b"]))
            client.send(client.build_request("POST", "/", content=b"abc"), stream=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    Client(echo_wsgi, protocol="wsgi").post("/", content=b"abc")
    assert threads() <= before


def test_a_response_is_closed_once() -> None:
    """Closing what the transport has given again does nothing: the application was closed by the first one."""
    closed: list[str] = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append("closed")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Body([b"x"])

    with Client(app, protocol="wsgi") as client:
        stream: Any = client._transport.handle_request(httpx.Request("GET", "http://testserver/")).stream
        stream.close()
        stream.close()
    assert closed == ["closed"]


def test_an_application_that_reads_while_its_client_leaves() -> None:
    """What was on its way when the client left is not given to the application: it learns that the client has left."""
    seen: list[str] = []

    def app(environ: Any, start_response: Any) -> Any:
        try:
            environ["wsgi.input"].read(1)
        except OSError as error:
            seen.append(str(error))
        start_response("200 OK", [])
        return []

    def pull() -> bytes:
        exchange.left = True
        return b"x"

    exchange = WSGIExchange(app, RequestBuilder("/", method="POST", data=b"x").environ(), pull)
    exchange.start()
    exchange._thread.join()
    assert seen == ["the client has left"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_response_is_left_once(kind: str) -> None:
    """An application that does not end is told of by one warning, however often its response is closed."""
    go = threading.Event()

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        try:
            yield b"x"
        finally:
            go.wait(60)

    def in_sync_code() -> None:
        with Client(app, protocol="wsgi", grace=0) as client:
            stream: Any = client._transport.handle_request(httpx.Request("GET", "http://testserver/")).stream
            for _ in range(3):
                stream.close()

    async def in_async_code() -> None:
        async with AsyncClient(app, protocol="wsgi", grace=0) as client:
            request = httpx.Request("GET", "http://testserver/", content=agenerated())
            stream: Any = (await client._transport.handle_async_request(request)).stream
            for _ in range(3):
                await stream.aclose()

    async def agenerated() -> Any:
        yield b""

    before = threads()
    with pytest.warns(RuntimeWarning, match="the application did not end") as warned:
        in_sync_code() if kind == "sync" else anyio.run(in_async_code)
    go.set()
    for thread in threads() - before:
        thread.join(60)
    assert len(warned) == 1
