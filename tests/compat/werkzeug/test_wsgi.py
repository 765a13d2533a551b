"""cardan.compat.werkzeug.wsgi: what its functions do, and that those of Werkzeug do the same."""

from __future__ import annotations

import io
from typing import Any

import pytest

from cardan.compat.werkzeug.exceptions import ClientDisconnected, NotFound
from cardan.compat.werkzeug.wrappers import Request, Response
from cardan.compat.werkzeug.wsgi import LimitedStream, responder
from cardan.testing import Client

ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "/app",
    "PATH_INFO": "/f\xc3\xb6\xff",
    "QUERY_STRING": "a=1",
    "SERVER_NAME": "server.example",
    "SERVER_PORT": "8080",
    "wsgi.url_scheme": "http",
}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"host_only": True}, "http://a.example/"),
        ({"root_only": True}, "http://a.example/app/"),
        ({"strip_querystring": True}, "http://a.example/app/n"),
        ({}, "http://a.example/app/n?a=1"),
    ],
)
def test_current_url(wz: Any, options: dict[str, bool], expected: str) -> None:
    """The parts of the URL that are asked for."""
    assert wz.wsgi.get_current_url({**ENVIRON, "PATH_INFO": "/n", "HTTP_HOST": "a.example:80"}, **options) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"HTTP_HOST": "a.example"}, "a.example"),
        ({"HTTP_HOST": "a.example:80"}, "a.example"),
        ({"HTTP_HOST": "a.example:443", "wsgi.url_scheme": "https"}, "a.example"),
        ({"HTTP_HOST": "a.example:8000"}, "a.example:8000"),
        ({"HTTP_X_FORWARDED_HOST": "b.example"}, "server.example:8080"),
        ({"SERVER_PORT": "80"}, "server.example"),
    ],
)
def test_host(wz: Any, fields: dict[str, str], expected: str) -> None:
    """The Host without a default port, else the name of the server."""
    assert wz.wsgi.get_host({**ENVIRON, **fields}) == expected


@pytest.mark.parametrize("fields", [{"HTTP_HOST": "evil.example"}, {}])
def test_a_host_that_is_not_trusted(wz: Any, fields: dict[str, str]) -> None:
    """A host that is not in the list is a SecurityError, in the Host field and as the name of the server."""
    for function in (wz.wsgi.get_host, wz.wsgi.get_current_url):
        with pytest.raises(wz.exceptions.SecurityError):
            function({**ENVIRON, **fields}, trusted_hosts=["a.example"])
    assert wz.wsgi.get_host({**ENVIRON, "HTTP_HOST": "x.a.example"}, trusted_hosts=[".a.example"]) == "x.a.example"
    assert wz.wsgi.get_host(ENVIRON, trusted_hosts=["server.example"]) == "server.example:8080"


@pytest.mark.parametrize(
    ("host", "trusted", "expected"),
    [
        ("a.example", ["a.example"], True),
        ("b.a.example", [".a.example"], True),
        ("b.a.example", ["a.example"], False),
        ("", ["a.example"], False),
        (None, ["a.example"], False),
        ("a.example", "a.example", True),
        ("a.example:80", ["a.example"], True),
    ],
)
def test_host_is_trusted(wz: Any, host: str | None, trusted: Any, expected: bool) -> None:
    """An entry with a leading dot includes subdomains; ports do not matter."""
    assert wz.wsgi.host_is_trusted(host, trusted) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"CONTENT_LENGTH": "3"}, 3),
        ({}, None),
        ({"CONTENT_LENGTH": "x"}, None),
        ({"CONTENT_LENGTH": "-1"}, None),
        ({"CONTENT_LENGTH": "3", "HTTP_TRANSFER_ENCODING": "chunked"}, None),
    ],
)
def test_content_length(wz: Any, fields: dict[str, str], expected: int | None) -> None:
    """The declared length, None if there is none. An invalid one is None, and 0 for Werkzeug."""
    if wz.package == "werkzeug" and fields.get("CONTENT_LENGTH") in ("x", "-1"):
        expected = 0
    assert wz.wsgi.get_content_length(fields) == expected


def test_path_info(wz: Any) -> None:
    """PATH_INFO is decoded as UTF-8."""
    assert wz.wsgi.get_path_info(ENVIRON) == "/fö\ufffd"
    assert wz.wsgi.get_path_info({}) == ""


def test_input_stream_ends_after_the_declared_length(wz: Any) -> None:
    """The stream gives no byte after the declared length, which may belong to the next request."""
    environ = {"wsgi.input": io.BytesIO(b"abcdef"), "CONTENT_LENGTH": "3"}
    assert wz.wsgi.get_input_stream(environ).read() == b"abc"


def test_input_stream_of_unknown_length(wz: Any) -> None:
    """Without a length the stream is empty, unless the server ends it or the program wants it as it is."""
    assert wz.wsgi.get_input_stream({"wsgi.input": io.BytesIO(b"abc")}).read() == b""
    assert wz.wsgi.get_input_stream({"wsgi.input": io.BytesIO(b"abc")}, safe_fallback=False).read() == b"abc"
    environ = {"wsgi.input": io.BytesIO(b"abc"), "wsgi.input_terminated": True}
    assert wz.wsgi.get_input_stream(environ).read() == b"abc"


def test_input_stream_with_a_limit(wz: Any) -> None:
    """More declared bytes than the limit are a 413 at once."""
    environ = {"wsgi.input": io.BytesIO(b"abcdef"), "CONTENT_LENGTH": "6"}
    with pytest.raises(wz.exceptions.RequestEntityTooLarge):
        wz.wsgi.get_input_stream(environ, max_content_length=5)


def test_a_longer_body_of_unknown_length_is_a_413() -> None:
    """A stream with ``is_max`` raises 413 when there is a byte after the limit; a body that just reaches it is whole.

    Werkzeug cuts such a body off in silence if it is read by ``read()``.
    """
    assert LimitedStream(io.BytesIO(b"abc"), 3, is_max=True).read() == b"abc"
    from cardan.exceptions import RequestEntityTooLarge

    stream = LimitedStream(io.BytesIO(b"abcd"), 3, is_max=True)
    with pytest.raises(RequestEntityTooLarge, match="expected at most 3"):
        stream.read()


@pytest.mark.parametrize("read", ["read", "readline", "readlines", "readall", "exhaust", "list", "readinto", "read(2)"])
def test_every_way_to_read_a_limited_stream(wz: Any, read: str) -> None:
    """Every method of a file stops at the limit."""
    stream = wz.wsgi.LimitedStream(io.BytesIO(b"a\nbcd\ne"), 5)
    if read == "readinto":
        buffer = bytearray(9)
        assert (stream.readinto(buffer), bytes(buffer[:5])) == (5, b"a\nbcd")
        return
    if read == "read(2)":
        assert [stream.read(2) for _ in range(4)] == [b"a\n", b"bc", b"d", b""]
        assert stream.tell() == 5
        assert stream.is_exhausted
        return
    got = list(stream) if read == "list" else getattr(stream, read)()
    expected = {"readline": b"a\n", "readlines": [b"a\n", b"bcd"], "list": [b"a\n", b"bcd"]}
    assert got == expected.get(read, b"a\nbcd")
    assert stream.readable()


def test_a_limited_stream_that_ends_early(wz: Any) -> None:
    """Fewer bytes than declared, and an error of the source, are ClientDisconnected; the hooks can be overridden."""

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("gone")

        readinto = None  # type: ignore[assignment]
        del readinto

        def readinto(self, buffer: Any) -> int:
            raise OSError("gone")

    class Quiet(wz.wsgi.LimitedStream):  # type: ignore[misc, name-defined]
        def on_disconnect(self, error: Exception | None = None) -> None:
            pass

    for source in (io.BytesIO(b"ab"), Broken()):
        with pytest.raises(wz.exceptions.ClientDisconnected):
            wz.wsgi.LimitedStream(source, 3).read()
    assert Quiet(io.BytesIO(b"ab"), 3).read() == b"ab"
    assert wz.wsgi.LimitedStream(io.BytesIO(b"ab"), 3, is_max=True).read() == b"ab"


def test_closing_iterator(wz: Any) -> None:
    """Closing closes the iterable and then calls the callbacks."""
    closed: list[str] = []

    class Body:
        def __iter__(self) -> Any:
            return iter([b"a", b"b"])

        def close(self) -> None:
            closed.append("body")

    iterator = wz.wsgi.ClosingIterator(Body(), [lambda: closed.append("first"), lambda: closed.append("second")])
    assert list(iterator) == [b"a", b"b"]
    iterator.close()
    assert closed == ["body", "first", "second"]
    one = wz.wsgi.ClosingIterator([b"a"], lambda: closed.append("one"))
    one.close()
    assert closed[-1] == "one"


def test_file_wrapper(wz: Any) -> None:
    """A file becomes an iterable of its pieces."""
    assert list(wz.wsgi.FileWrapper(io.BytesIO(b"abcde"), 2)) == [b"ab", b"cd", b"e"]
    assert list(wz.wsgi.wrap_file({}, io.BytesIO(b"abcde"), 3)) == [b"abc", b"de"]


def test_a_failing_callback_does_not_hide_the_others() -> None:
    """Every callback is called, and the first error is raised."""
    from cardan.compat.werkzeug.wsgi import ClosingIterator

    called: list[int] = []

    def fail() -> None:
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        ClosingIterator([b""], [fail, lambda: called.append(1)]).close()
    assert called == [1]


def test_responder(wz: Any) -> None:
    """The result of the function is called as the application."""

    @wz.wsgi.responder
    def application(environ: Any, start_response: Any) -> Any:
        return wz.wrappers.Response(wz.wrappers.Request(environ).args["name"])

    with Client(application, protocol="wsgi") as client:
        assert client.get("/?name=Ada").text == "Ada"
    assert application.__name__ == "application"


def test_responder_on_asgi() -> None:
    """An ``async def`` function gives an ASGI application; errors are applications there, too."""

    @responder
    async def application(scope: Any, receive: Any, send: Any) -> Any:
        request = Request(scope, receive, send)
        if request.path == "/none":
            return NotFound()
        await request.load()
        return Response(request.form["name"])

    with Client(application, protocol="asgi") as client:
        assert client.post("/", data={"name": "Ada"}).text == "Ada"
        assert client.get("/none").status_code == 404


def test_an_input_that_ends_by_itself_has_a_limit(wz: Any) -> None:
    """A body of unknown length that the server ends is limited by ``max_content_length``, and only then."""
    environ = {**ENVIRON, "wsgi.input": io.BytesIO(b"0123456789"), "wsgi.input_terminated": True}
    assert wz.wsgi.get_input_stream(environ) is environ["wsgi.input"]
    stream = wz.wsgi.get_input_stream(environ, max_content_length=20)
    assert stream is not environ["wsgi.input"]
    assert stream.read() == b"0123456789"


def test_reading_into_nothing() -> None:
    """A buffer without room gets nothing, also at the end: that is no attempt to read more than there is."""
    stream = LimitedStream(io.BytesIO(b"ab"), 2)
    assert stream.readinto(bytearray()) == 0
    assert stream.read() == b"ab"
    assert stream.readinto(bytearray()) == 0
    assert stream.readinto(bytearray(1)) == 0


def test_a_source_that_fails() -> None:
    """An error while the input is read means that the client has left, and so does an early end."""

    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError("connection reset")

    with pytest.raises(ClientDisconnected):
        LimitedStream(Broken(), 2).read()
    with pytest.raises(ClientDisconnected):  # also if the limit was reached, and the body may be longer
        LimitedStream(Broken(), 0, is_max=True).read()

    class Lenient(LimitedStream):
        def on_disconnect(self, error: Exception | None = None) -> None:
            reasons.append(str(error))

    reasons: list[str] = []
    assert Lenient(Broken(), 2).readinto(bytearray(2)) == 0
    assert Lenient(Broken(), 0, is_max=True).readinto(bytearray(2)) == 0
    assert reasons == ["connection reset"] * 2


@pytest.mark.parametrize("hostname", [None, ""])
@pytest.mark.parametrize("trusted", [None, [], ["a.example"], "", [""], [".a.example"]])
def test_no_host_is_never_trusted(wz: Any, hostname: str | None, trusted: Any) -> None:
    """Whatever is trusted, a request that names no host is not."""
    if not (wz.package == "werkzeug" and trusted is None):  # there the list must be given
        assert not wz.wsgi.host_is_trusted(hostname, trusted)


def test_the_first_error_of_a_close_is_raised(wz: Any) -> None:
    """All callbacks are called, in their order; cardan raises the first error when all were."""
    called: list[str] = []

    def fails(name: str) -> Any:
        def callback() -> None:
            called.append(name)
            raise LookupError(name)

        return callback

    iterator = wz.wsgi.ClosingIterator([], [fails("a"), fails("b"), lambda: called.append("c")])
    with pytest.raises(LookupError, match="a"):
        iterator.close()
    assert called == (["a"] if wz.package == "werkzeug" else ["a", "b", "c"])


@pytest.mark.parametrize("read", ["read", "readall", "exhaust", "read(3)", "readline", "readinto", "next"])
def test_the_hook_of_an_exhausted_stream(wz: Any, read: str) -> None:
    """``on_exhausted()`` is called by a read after the last byte, and not by the one that gets that byte."""

    class Own(wz.wsgi.LimitedStream):  # type: ignore[misc]
        def on_exhausted(self) -> None:
            raise EOFError

    stream: Any = Own(io.BytesIO(b"ab\ncd"), 3)
    calls: dict[str, Any] = {
        "read(3)": lambda: stream.read(3),
        "readinto": lambda: stream.readinto(bytearray(3)),
        "next": lambda: next(stream),
    }
    call = calls.get(read) or getattr(stream, read)
    assert call() == (3 if read == "readinto" else b"ab\n")
    if read == "exhaust":
        assert call() == b""
        return
    with pytest.raises(EOFError):
        call()
