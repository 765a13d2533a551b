"""`RequestBuilder` makes equal requests for all protocols from the same arguments."""

from __future__ import annotations

import io
from typing import Any

import anyio
import pytest

from cardan.core.forms import FileStorage, parse_form
from cardan.datastructures import Headers, MultiDict
from cardan.testing import PROTOCOLS, Client, RequestBuilder


def field(builder: RequestBuilder, name: bytes) -> bytes | None:
    values = [value for key, value in builder.opening.headers if key.lower() == name]
    assert len(values) <= 1
    return values[0] if values else None


def test_defaults() -> None:
    """GET / on testserver, no body, no Content-Length."""
    builder = RequestBuilder()
    environ, scope = builder.environ(), builder.scope()
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["HTTP_HOST"]) == ("GET", "/", "testserver")
    assert (scope["method"], scope["path"], scope["headers"]) == ("GET", "/", [(b"host", b"testserver")])
    assert "CONTENT_LENGTH" not in environ
    assert environ["wsgi.input"].read() == b""


def test_equal_requests() -> None:
    """Environ, scope and head have the same values."""
    builder = RequestBuilder(
        "/a b/é?x=1&y=ü",
        base_url="https://example.org:444/my%20app/",
        method="PATCH",
        headers=[("X-One", "1"), ("X-One", "2"), ("x-two", "é€")],
        json={"a": None},
    )
    environ, scope, head = builder.environ(), builder.scope(), builder.head()
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/a b/é"
    assert scope["path"] == "/my app/a b/é"
    assert head.path == "/a b/é"
    assert environ["SCRIPT_NAME"] == scope["root_path"] == head.root_path == "/my app"
    assert scope["raw_path"] == head.raw_path == b"/my%20app/a%20b/%C3%A9"
    assert environ["QUERY_STRING"].encode() == scope["query_string"] == head.query_string == b"x=1&y=%C3%BC"
    assert environ["HTTP_X_ONE"] == "1, 2"
    assert head.headers.getlist("x-one") == ["1", "2"]
    assert (b"x-two", "é€".encode()) in scope["headers"]
    assert environ["HTTP_X_TWO"].encode("latin-1") == "é€".encode()
    assert environ["CONTENT_LENGTH"] == head.headers["content-length"] == "10"
    assert environ["CONTENT_TYPE"] == head.headers["content-type"] == "application/json"
    assert environ["wsgi.input"].read() == builder.body == b'{"a":null}'
    assert environ["HTTP_HOST"] == head.headers["host"] == "example.org:444"
    assert (environ["wsgi.url_scheme"], scope["scheme"], head.scheme) == ("https",) * 3
    assert scope["server"] == head.server == ("example.org", 444)
    assert head.concurrency == (True, False, False)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/a?b=c", None, (b"/a", b"b=c")),
        ("/a", "c=d e", (b"/a", b"c=d%20e")),
        ("/a?b#c?d", None, (b"/a", b"b")),
        ("/a#b?c", None, (b"/a", b"")),
        ("/a%23b", "c#d", (b"/a%23b", b"c%23d")),
        (b"/a#b", None, (b"/a#b", b"")),
        ("http://other/x#y", None, (b"/x", b"")),
        ("/a%2Fb", {"x": ["1", "2"], "y": "ü&"}, (b"/a%2Fb", b"x=1&x=2&y=%C3%BC%26")),
        ("/", [("a", True), ("b", None)], (b"/", b"a=true&b=")),
        (b"/\xff?\xff", None, (b"/\xff", b"\xff")),
        ("/", b"\xff", (b"/", b"\xff")),
        ("*", None, (b"*", b"")),
        ("http://other:8000/x?y", None, (b"/x", b"y")),
        ("https://other", None, (b"/", b"")),
        ("https://other?x=1", None, (b"/", b"x=1")),
        ("https://other#x", None, (b"/", b"")),
        ("?x=1", None, (b"/", b"x=1")),
        ("", "x=1", (b"/", b"x=1")),
        (b"", None, (b"/", b"")),
    ],
)
def test_targets(path: Any, query: Any, expected: Any) -> None:
    """Text is percent-encoded where a URL needs it, and its fragment is dropped. Bytes are used unchanged. For an empty
    path ``/`` is sent (RFC 9112 section 3.2.1).
    """
    opening = RequestBuilder(path, query_string=query).opening
    assert (opening.raw_path, opening.query_string) == expected


@pytest.mark.parametrize("path", ["/a?b", "/a?", b"/a?b", "http://other/a?b"])
def test_a_query_that_is_given_twice(path: Any) -> None:
    """A query both in the path and as ``query_string`` is an error, also if the two are equal or empty."""
    for query in ("", "b", b"b", {"b": ""}, []):
        with pytest.raises(ValueError, match="got a query in path and a query_string, expected one of them"):
            RequestBuilder(path, query_string=query)


@pytest.mark.parametrize("base_url", ["http://other/?b", "http://other/a#b", "http://other?b=c"])
def test_base_urls(base_url: str) -> None:
    """A base URL has no query and no fragment. An IRI becomes a URI."""
    with pytest.raises(ValueError, match="expected one without query and fragment"):
        RequestBuilder("/", base_url)
    opening = RequestBuilder("/", "http://müller.example/ä").opening
    assert (opening.headers[0][1], opening.raw_path) == (b"xn--mller-kva.example", b"/%C3%A4/")


def test_whole_url() -> None:
    """A whole URL as path gives scheme, host and port."""
    opening = RequestBuilder("https://other:8000/x").opening
    assert (opening.scheme, opening.server, opening.headers) == ("https", ("other", 8000), [(b"Host", b"other:8000")])


@pytest.mark.parametrize(
    "data", ["ä", "ä".encode(), bytearray("ä".encode()), io.BytesIO("ä".encode()), [b"\xc3", b"\xa4"]]
)
def test_raw_bodies(data: Any) -> None:
    """Text, bytes, files and iterables of bytes are bodies without a Content-Type."""
    builder = RequestBuilder(method="POST", data=data)
    assert builder.body == "ä".encode()
    assert (field(builder, b"content-length"), field(builder, b"content-type")) == (b"2", None)


def test_forms() -> None:
    """A form is urlencoded. A mapping as ``data`` is a form, as in Werkzeug."""
    cases: list[Any] = [{"form": {"a": ["1", "ä"], "b": True}}, {"data": {"a": ["1", "ä"], "b": True}}]
    for arguments in cases:
        builder = RequestBuilder(method="POST", **arguments)
        assert builder.body == b"a=1&a=%C3%A4&b=true"
        assert field(builder, b"content-type") == b"application/x-www-form-urlencoded"


FILES: list[Any] = [
    ("../x.png", b"data"),
    ("../x.png", "data"),
    ("../x.png", io.BytesIO(b"data"), "image/png"),
    (io.BytesIO(b"data"), "../x.png"),
    (io.BytesIO(b"data"), "../x.png", "image/png"),
    FileStorage(io.BytesIO(b"data"), "../x.png"),
]


@pytest.mark.parametrize("file", FILES)
def test_multipart(file: Any) -> None:
    """With files the form is multipart. The decoder reads the same values. The same arguments give the same bytes."""
    builder = RequestBuilder(method="POST", form=[("a", "ü"), ("b", b"--cardan-testing-0")], files={"photo": file})
    content_type = field(builder, b"content-type")
    assert content_type == b"multipart/form-data; boundary=cardan-testing-1"
    form = parse_form(content_type.decode(), builder.body)
    assert form.fields == [("a", "ü"), ("b", "--cardan-testing-0")]
    ((name, storage),) = form.files
    assert (name, storage.filename, storage.mimetype, storage.read()) == ("photo", "../x.png", "image/png", b"data")


def test_multipart_from_data() -> None:
    """Files are found in a mapping that is given as ``data``."""
    builder = RequestBuilder(method="POST", data={"a": "1", "f": [("x", b"1", "a/b", {"X-Y": "z"}), ("y", b"")]})
    assert b"\r\nContent-Type: a/b\r\nX-Y: z\r\n\r\n1\r\n" in builder.body
    form = parse_form((field(builder, b"content-type") or b"").decode(), builder.body)
    assert [(name, file.filename) for name, file in form.files] == [("f", "x"), ("f", "y")]


@pytest.mark.parametrize("content_type", [None, "image/png"])
@pytest.mark.parametrize("name", ["Content-Type", "content-type"])
def test_the_type_of_a_file_among_its_headers(name: str, content_type: str | None) -> None:
    """A Content-Type among the headers of a file is the only one, in whatever case its name is written, as in httpx."""
    builder = RequestBuilder(method="POST", files={"f": ("x.txt", b"1", content_type, {name: "a/b"})})
    assert b"\r\nContent-Type: a/b\r\n\r\n1\r\n" in builder.body
    assert builder.body.lower().count(b"content-type") == 1


def test_header_fields() -> None:
    """Fields in ``headers`` take precedence over those that follow from the other arguments."""
    builder = RequestBuilder(
        method="POST", data=b"abc", headers={"host": "x", "CONTENT-LENGTH": "-1"}, content_type="text/plain"
    )
    assert field(builder, b"host") == b"x"
    assert field(builder, b"content-length") == b"-1"
    assert field(builder, b"content-type") == b"text/plain"
    assert field(RequestBuilder(method="POST"), b"content-length") == b"0"
    chunked = RequestBuilder(method="POST", data=b"abc", headers={"Transfer-Encoding": "chunked"})
    assert field(chunked, b"content-length") is None


def test_auth_and_cookies() -> None:
    """Basic credentials in UTF-8 (RFC 7617), others as text or with to_header(). Cookies are sent in one field."""

    class Bearer:
        def to_header(self) -> str:
            return "Bearer x"

    assert field(RequestBuilder(auth=("Ä", "b")), b"authorization") == b"Basic w4Q6Yg=="
    assert field(RequestBuilder(auth="Digest x"), b"authorization") == b"Digest x"
    assert field(RequestBuilder(auth=Bearer()), b"authorization") == b"Bearer x"
    assert field(RequestBuilder(cookies={"a": "1", "b": "2"}), b"cookie") == b"a=1; b=2"


@pytest.mark.parametrize(
    "arguments", [{"data": b"", "json": None}, {"form": {}, "json": 1}, {"data": b"", "files": {}}]
)
def test_one_body(arguments: Any) -> None:
    """Two kinds of body at once raise TypeError."""
    with pytest.raises(TypeError, match="got more than one of data, form or files, and json, expected one"):
        RequestBuilder(**arguments)
    with pytest.raises(TypeError, match="got a body of type int, expected bytes, text, a file or an iterable"):
        RequestBuilder(data=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, -1])
def test_a_message_has_bytes(size: int) -> None:
    """A size below 1 is refused: messages of no bytes would never end, or lose the body."""
    with pytest.raises(ValueError, match=f"got size {size}, expected at least 1 byte"):
        RequestBuilder(method="POST", data=b"abc").receive(size)


@pytest.mark.parametrize(("size", "count"), [(None, 1), (2, 2), (1, 3)])
def test_receive(size: Any, count: int) -> None:
    """Each `receive` is new. It gives the body in messages, and then http.disconnect."""
    builder = RequestBuilder(method="POST", data=b"abc")

    async def main() -> list[Any]:
        receive = builder.receive(size)
        return [await receive() for _ in range(count + 1)]

    for _ in range(2):
        *messages, last = anyio.run(main)
        assert b"".join(message["body"] for message in messages) == b"abc"
        assert [message["more_body"] for message in messages] == [True] * (count - 1) + [False]
        assert last == {"type": "http.disconnect"}


def test_overrides() -> None:
    """Overrides replace values of environ and scope, and each call makes a new one."""
    builder = RequestBuilder()
    assert builder.environ({"wsgi.multithread": False})["wsgi.multithread"] is False
    assert builder.scope({"state": {}})["state"] == {}
    assert "state" not in builder.scope()
    assert builder.scope()["headers"] is not builder.opening.headers


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("host", ["testserver", "[::1]:8000"])
def test_request(protocol: Any, host: str) -> None:
    """If a client sends the request, the application gets the same values as from the builder."""
    builder = RequestBuilder(
        b"/%zz/\xff", base_url=f"http://{host}", query_string=b"\xff", method="PUT", data=b"abc", headers={"X-A": "b"}
    )
    seen: dict[str, Any] = {}

    def wsgi(environ: Any, start_response: Any) -> Any:
        seen.update(environ, body=environ["wsgi.input"].read())
        start_response("200 OK", [])
        return []

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            seen.update(scope, body=(await receive())["body"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body"})

    apps: dict[str, Any] = {"asgi": asgi, "wsgi": wsgi}
    with Client(apps[protocol], protocol=protocol) as client:
        client.send(builder.request())
    assert seen.pop("body") == b"abc"
    expected = {"asgi": builder.scope, "wsgi": builder.environ}[protocol]()
    for values in (seen, expected):
        values.pop("wsgi.input", None)
        values.pop("x-wsgiorg.throw_errors", None)  # the client adds it
    assert seen == expected


def test_values_of_other_mappings() -> None:
    """A MultiDict gives each of its values, in a form as in a query; header fields may be any mapping."""
    values = MultiDict([("a", "1"), ("a", "2"), ("b", "3")])
    assert RequestBuilder("/", query_string=values).scope()["query_string"] == b"a=1&a=2&b=3"
    assert RequestBuilder("/", method="POST", form=values).body == b"a=1&a=2&b=3"
    fields = Headers([("X-A", "1"), ("X-A", "2")])
    sent = RequestBuilder("/", headers=fields).scope()["headers"]
    assert [value for name, value in sent if name == b"x-a"] == [b"1", b"2"]


@pytest.mark.parametrize("base_url", ["http://a.example:65536", "http://a.example:many"])
def test_a_port_that_is_none(base_url: str) -> None:
    """A port is a number from 0 to 65535."""
    with pytest.raises(ValueError, match=r"^got authority 'a\.example:.*', expected a host and perhaps a port$"):
        RequestBuilder("/", base_url=base_url)


def test_a_request_of_httpx_has_these_fields_and_no_others() -> None:
    """Each field as often and in the order as it was given, and none that httpx adds to its requests by itself."""
    for given in (
        RequestBuilder("/", method="POST", headers={"Transfer-Encoding": "chunked"}, data=b"x"),
        RequestBuilder("/", headers=[("X-A", "1"), ("x-b", "2"), ("X-A", "3")], base_url="http://a.example:81"),
        RequestBuilder("/", headers={"Host": "other.example"}),
    ):
        assert given.request().headers.raw == given.opening.headers
    chunked = RequestBuilder("/", method="POST", headers={"Transfer-Encoding": "chunked"}, data=b"x")
    assert "content-length" not in chunked.request().headers


def test_text_in_a_field() -> None:
    """Latin-1 if possible, as RFC 9110 section 5.5 knows it from before; otherwise UTF-8; bytes as they are."""
    fields = [("a", "\xe9"), ("b", "\u20ac"), ("c", b"\xff\xfe"), (b"d", "e")]
    assert RequestBuilder(headers=fields).opening.headers[1:] == [  # after Host
        (b"a", b"\xe9"),
        (b"b", b"\xe2\x82\xac"),
        (b"c", b"\xff\xfe"),
        (b"d", b"e"),
    ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"path": 5}, "got path = 5, expected a str or bytes"),
        ({"base_url": 5}, "got base_url = 5, expected a str or None"),
        ({"base_url": b"http://a"}, "got base_url = b'http://a', expected a str or None"),
        ({"method": b"GET"}, "got method = b'GET', expected a str"),
        ({"root_path": b"/x"}, "got root_path = b'/x', expected a str or None"),
        ({"content_type": b"text/plain"}, "got content_type = b'text/plain', expected a str or None"),
        ({"http_version": 2}, "got http_version = 2, expected a str such as '1.1'"),
        ({"client": "a"}, "got client = 'a', expected a tuple of host and port"),
        ({"headers": {"a": 5}}, "got 5 in a header field, expected a str or bytes"),
    ],
)
def test_values_of_wrong_types(arguments: dict[str, Any], text: str) -> None:
    """The error says what came and what was expected, where the builder is made."""
    with pytest.raises(TypeError) as caught:
        RequestBuilder(**arguments)
    assert str(caught.value) == text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "post", "Put"])
def test_methods_that_announce_an_empty_body(method: str) -> None:
    """POST, PUT and PATCH without content declare a length of 0, because they give it a meaning (RFC 9110 section 8.6).
    Other methods declare none.
    """
    assert field(RequestBuilder(method=method), b"content-length") == b"0"
    assert field(RequestBuilder(method=method, headers={"transfer-encoding": "chunked"}), b"content-length") is None
    for other in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "QUERY"):
        assert field(RequestBuilder(method=other), b"content-length") is None


def test_characters_of_a_path_and_a_query() -> None:
    """What a URL allows stays as it is (RFC 3986 section 3.3), and everything else of ASCII is percent-encoded."""
    signs = "/%:;=@!$&'()*+,~-._"
    kept = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"#<>\\^`{|}')
    builder = RequestBuilder(f"/{signs}", query_string=kept)
    assert builder.opening.raw_path == f"/{signs}".encode()
    assert builder.opening.query_string == kept.encode()
    escaped = RequestBuilder('/ "<>\\^`{|}', query_string=' "<>\\^`{|}#').opening
    assert escaped.raw_path == b"/%20%22%3C%3E%5C%5E%60%7B%7C%7D"
    assert escaped.query_string == b"%20%22%3C%3E%5C%5E%60%7B%7C%7D%23"
    assert RequestBuilder(root_path="/a%b", path="/x").opening.raw_path == b"/a%25b/x"


def test_words_of_a_form() -> None:
    """True, False and None are sent as httpx sends them, in a form of either kind and in a query."""
    values = {"a": True, "b": False, "c": None, "d": [1, False]}
    expected = [("a", "true"), ("b", "false"), ("c", ""), ("d", "1"), ("d", "false")]
    assert RequestBuilder(form=values).body == b"a=true&b=false&c=&d=1&d=false"
    assert RequestBuilder(query_string=values).opening.query_string == b"a=true&b=false&c=&d=1&d=false"
    builder = RequestBuilder(form=values, content_type="multipart/form-data", method="POST")
    assert (field(builder, b"content-type") or b"").startswith(b"multipart/form-data; boundary=")
    form = parse_form((field(builder, b"content-type") or b"").decode(), builder.body)
    assert list(form.fields) == expected


@pytest.mark.parametrize(
    ("base_url", "server"),
    [
        ("http://a.example", ("a.example", 80)),
        ("https://a.example", ("a.example", 443)),
        ("ws://a.example", ("a.example", 80)),
        ("wss://a.example", ("a.example", 443)),
        ("http://a.example:443", ("a.example", 443)),
        ("https://a.example:80", ("a.example", 80)),
        ("", ("testserver", 80)),
        (None, ("testserver", 80)),
    ],
)
def test_the_port_of_the_server(base_url: str | None, server: tuple[str, int]) -> None:
    """The port of the server is the default port of the scheme (RFC 9110 sections 4.2.1 and 4.2.2, RFC 6455 section 3),
    unless the URL has another one. A builder and a client say the same to the application, on both protocols.
    """
    builder = RequestBuilder("/", base_url)
    environ = builder.environ()
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (server[0], str(server[1]))
    assert builder.scope()["server"] == builder.head().server == server
    if not base_url or base_url.startswith("ws"):
        return
    seen: list[Any] = []

    def wsgi_app(environ: Any, start_response: Any) -> Any:
        seen.append((environ["SERVER_NAME"], int(environ["SERVER_PORT"])))
        start_response("204 No Content", [])
        return []

    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        seen.append(scope["server"])
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    for app, protocol in ((wsgi_app, PROTOCOLS[0]), (asgi_app, PROTOCOLS[1])):
        with Client(app, protocol, base_url=base_url) as client:
            assert client.get("/").status_code == 204
    assert seen == [server, server]
