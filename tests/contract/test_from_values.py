"""Request.from_values: a request on both protocols of what the original design's method takes."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import wrappers as werkzeug

from cardan import Request
from cardan.exceptions import ClientDisconnected
from cardan.testing import PROTOCOLS

both = pytest.mark.parametrize("protocol", PROTOCOLS)

URLENCODED = "application/x-www-form-urlencoded"


def made(protocol: str, *args: Any, **values: Any) -> Request:
    """A request whose body is loaded."""
    request = Request.from_values(*args, protocol=protocol, **values)  # type: ignore[arg-type]
    if protocol == "asgi":
        anyio.run(request.load)
    return request


class Pipe(io.RawIOBase):
    """A file that cannot seek, and that gives three bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self.data.read(min(size, 3) if size > 0 else 3)


VALUES: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (("/",), {}),
    (("/a b?q=%C3%BC", "https://shop.example:8443/root"), {}),
    (("/x", "http://a.example/"), {"query_string": {"q": "1"}}),
    (("/x", "http://a.example/", "q=1&q=2"), {}),
    (("/x", "http://a.example/", {"q": "ü"}, "PUT"), {"data": b"text", "content_type": "text/plain"}),
    (("/x",), {"method": "POST", "data": {"a": "1", "b": "ü"}}),
    (("/x",), {"method": "POST", "data": {"a": "1"}, "content_type": "multipart/form-data"}),
    (("/x",), {"method": "POST", "data": {"a": "1", "f": (io.BytesIO(b"data"), "f.txt")}}),
    (("/x",), {"method": "POST", "data": b"a=1", "content_type": URLENCODED}),
    (("/x",), {"method": "POST", "data": "ü", "mimetype": "text/plain"}),
    (("/x",), {"method": "POST", "json": {"a": [1]}}),
    (("/x",), {"method": "POST", "input_stream": io.BytesIO(b"a=1"), "content_type": URLENCODED}),
    (("/x",), {"environ_base": {"REMOTE_ADDR": "9.9.9.9", "HTTP_X_LEFT": "1"}}),
    (("/x",), {"environ_overrides": {"REMOTE_ADDR": "9.9.9.9", "HTTP_X_MINE": "1", "wsgi.url_scheme": "https"}}),
    (("/x",), {"environ_overrides": {"PATH_INFO": "/y z", "SCRIPT_NAME": "/r", "QUERY_STRING": "q=2"}}),
    (("/x",), {"environ_overrides": {"REQUEST_METHOD": "DELETE", "HTTP_HOST": "b.example", "SERVER_PORT": "81"}}),
    (("/x",), {"headers": {"X-Mine": "1"}, "auth": ("Ada", "secret")}),
]


def described(request: Any, *, is_local: bool) -> dict[str, Any]:
    """What a request says, whichever library has made it. The default host has another name in each, and what each
    decodes in ``url``, which is text to be shown, has tests of its own.
    """
    host = {} if is_local else {"url": unquote(request.url), "host": request.host}
    return {
        **host,
        "path": request.path,
        "root_path": request.root_path,
        "query": unquote_to_bytes(request.query_string),
        "method": request.method,
        "args": list(request.args.items(multi=True)),
        "mimetype": request.mimetype,
        "charset": request.mimetype_params.get("charset"),
        "length": None if request.mimetype == "multipart/form-data" or request.is_json else request.content_length or 0,
        "form": list(request.form.items(multi=True)),
        "files": [(name, file.filename, file.size if hasattr(file, "size") else len(file.read()))
                  for name, file in request.files.items(multi=True)],
        "own": (request.headers.get("X-Mine"), request.headers.get("X-Left")),
        "authorization": request.headers.get("Authorization"),
        "scheme": request.scheme,
    }  # fmt: skip


@both
@pytest.mark.parametrize("number", range(len(VALUES)))
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_it_makes_the_request_that_werkzeug_makes(protocol: str, number: int) -> None:
    """The arguments of the original design give the same request, on both protocols."""
    args, values = VALUES[number]
    is_local = len(args) < 2 and "environ_overrides" not in values

    def fresh() -> dict[str, Any]:
        """The values, with files at their start."""
        stream = values.get("input_stream")
        data = values.get("data")
        again = {"input_stream": io.BytesIO(stream.getvalue())} if stream is not None else {}
        if isinstance(data, dict) and "f" in data:
            again["data"] = {**data, "f": (io.BytesIO(b"data"), "f.txt")}  # type: ignore[dict-item]
        return {**values, **again}

    ours = made(protocol, *args, **fresh())
    theirs = werkzeug.Request.from_values(*args, **fresh())
    expected = described(theirs, is_local=is_local)
    if "environ_overrides" in values and len(args) < 2:  # the name of the default host
        expected["url"] = expected["url"].replace("localhost", "testserver")
        expected["host"] = expected["host"].replace("localhost", "testserver")
    assert described(ours, is_local=is_local) == expected
    if "REMOTE_ADDR" in {**values.get("environ_base", {}), **values.get("environ_overrides", {})}:
        assert ours.remote_addr == theirs.remote_addr == "9.9.9.9"
    if values.get("json") is not None:
        assert ours.json == theirs.json
    ours.close()
    theirs.close()


paths = st.lists(
    st.sampled_from(["a", "b c", "%20", "%2F", "ä", "?", "x=1", "&", "#", "f", ";", "+", "/", "..", ":"]),
    max_size=6,
).map(lambda parts: "/" + "".join(parts).lstrip("/"))
base_urls = st.sampled_from(
    [
        "http://a.example", "https://a.example:8443/root", "http://a.example/x y/", "http://a.example/ä/",
        "http://a.example/%20", "http://a.example/?q=1", "http://a.example/#f", "http://a.example?", "http://a.example/r#",
        "http://a.example:80/",
    ]
)  # fmt: skip
queries = st.sampled_from(
    [
        None,
        "",
        "q=1",
        "q=1&q=2",
        "ö=ü",
        "a b",
        "q=#",
        "%20",
        "q=a+b",
        {},
        {"q": "1"},
        {"q": ["1", "ü"]},
        [("q", "&="), ("q", "2")],
    ]
)
servers = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.sampled_from([{"X-Mine": "1"}, [("X-Mine", "1"), ("X-Mine", "2")]]),
        "environ_base": st.sampled_from([{"REMOTE_ADDR": "9.9.9.9", "HTTP_X_LEFT": "1"}, {"PATH_INFO": "/wrong"}]),
        "environ_overrides": st.sampled_from(
            [{"HTTP_X_MINE": "3"}, {"PATH_INFO": "/y z", "QUERY_STRING": "q=2"}, {"REQUEST_METHOD": "DELETE"}]
        ),
        "auth": st.just(("Ada", "secret")),
    },
)


@both
@given(paths, base_urls, queries, st.sampled_from(["GET", "PUT", "DELETE"]), servers)
def test_generated_requests(
    protocol: str, path: str, base_url: str, query: Any, method: str, values: dict[str, Any]
) -> None:
    """Whatever the path, the base URL and the query are: the request is the one that Werkzeug makes, or both raise
    ValueError.
    """

    def answer(make: Any) -> Any:
        try:
            return described(make(path, base_url, query, method, **values), is_local=False)
        except ValueError:
            return "ValueError"

    assert answer(lambda *args, **rest: made(protocol, *args, **rest)) == answer(werkzeug.Request.from_values)


BODIES: list[tuple[Any, ...]] = [
    ("POST", io.BytesIO(b"abc"), "text/plain", 3),
    ("POST", io.BytesIO(b"a=1"), URLENCODED, None, io.StringIO(), True, True, True),
    ("PUT", None, "text/plain", None, None, False, False, False, {"X-Mine": "1"}, b"body"),
    ("POST", None, None, None, None, False, False, False, [], {"a": "1"}, {"REMOTE_ADDR": "9.9.9.9"}),
    ("POST", None, None, None, None, False, False, False, None, "x", None, {"HTTP_X_MINE": "1"}, "text/csv"),
    ("POST", None, None, None, None, False, False, False, None, None, None, None, None, {"a": 1}, ("Ada", "secret")),
]


@both
@pytest.mark.parametrize("number", range(len(BODIES)))
def test_arguments_by_position(protocol: str, number: int) -> None:
    """All parameters of the original design are given by position in the order that they have there."""
    request = []
    for make in (lambda *args: made(protocol, *args), werkzeug.Request.from_values):
        values = [
            value if not isinstance(value, io.BytesIO) else io.BytesIO(value.getvalue()) for value in BODIES[number]
        ]
        one = make("/x", "http://a.example/", "q=1", *values)
        environ = one.environ if make is werkzeug.Request.from_values or protocol == "wsgi" else {}
        text = one.get_data() if one.mimetype.startswith("text/") else None
        request.append((described(one, is_local=False), one.is_json and one.json, text))
        if environ:
            assert environ["wsgi.run_once"] == (number == 1)
            assert (environ["wsgi.errors"] in values) == (number == 1)
    assert request[0] == request[1]


@both
@pytest.mark.parametrize("path", ["/a?x=1", "/a?"])
def test_a_query_that_is_given_twice(protocol: str, path: str) -> None:
    """A query both in the path and as ``query_string`` is a ValueError, and so is one in the base URL. A fragment of
    the path is dropped.
    """
    with pytest.raises(ValueError, match="got a query in path and a query_string, expected one of them"):
        made(protocol, path, query_string="y=2")
    with pytest.raises(ValueError, match=r"got base_url = 'http://h/\?q=1', expected one without query and fragment"):
        made(protocol, "/", "http://h/?q=1")
    assert made(protocol, f"{path}#f").url == f"http://testserver{path.rstrip('?')}"


@both
def test_environs_and_scopes_have_other_keys(protocol: str) -> None:
    """What ``environ_base`` and ``environ_overrides`` say is in the environ. A scope says the same in its own words.

    It also has the keys of programs. The request takes precedence over the base, and the overrides over the request.
    """
    base = {"REMOTE_USER": "Ada", "program.a": 1, "HTTP_HOST": "wrong.example", "REQUEST_METHOD": "PUT"}
    request = made(protocol, "/", environ_base=base, environ_overrides={"program.b": 2, "HTTP_X_A": "1"})
    carrier = request.environ if protocol == "wsgi" else request.scope
    assert (carrier["program.a"], carrier["program.b"]) == (1, 2)
    assert (request.host, request.method, request.headers["X-A"]) == ("testserver", "GET", "1")
    if protocol == "wsgi":
        assert request.remote_user == "Ada"
    else:
        assert not [key for key in carrier if key.isupper() or key.startswith("wsgi.")]
    given = {"REMOTE_ADDR": "9.9.9.9", "REMOTE_PORT": "7"}
    assert made(protocol, environ_base=given).client == ("9.9.9.9", 7)
    assert made(protocol, environ_base=given, client=("8.8.8.8", 1)).client == ("8.8.8.8", 1)
    assert made(protocol, environ_overrides=given, client=("8.8.8.8", 1)).client == ("9.9.9.9", 7)


@both
@pytest.mark.parametrize("translated", [False, True])
def test_input_streams(protocol: str, translated: bool) -> None:
    """The file is read when the body is, and not before. Its rest is the body, and tells the length if it can seek."""
    options: dict[str, Any] = {"method": "POST", "environ_base": {} if translated else None}
    stream = io.BytesIO(b"xxx" + b"1" * 200_000)
    stream.seek(3)
    request = Request.from_values("/", protocol=protocol, input_stream=stream, **options)  # type: ignore[arg-type]
    assert (stream.tell(), request.content_length) == (3, 200_000)
    if protocol == "wsgi":
        assert request.input_stream is stream
    else:
        anyio.run(request.load)
    assert request.get_data() == b"1" * 200_000
    request = made(protocol, input_stream=Pipe(b"0123456789"), **options)
    assert (request.content_length, request.get_data()) == (None, b"0123456789")
    request = made(protocol, input_stream=Pipe(b"0123456789"), content_length=5, **options)
    assert (request.content_length, request.get_data()) == (5, b"01234")


@both
def test_declared_lengths(protocol: str) -> None:
    """``content_length`` is what is declared: a shorter body is cut off there, as servers do, and a longer one is
    missed.
    """
    request = made(protocol, method="POST", data=b"0123456789", content_length=4)
    assert (request.content_length, request.get_data()) == (4, b"0123")
    assert request.headers.getlist("Content-Length") == ["4"]
    with pytest.raises(ClientDisconnected):
        made(protocol, method="POST", data=b"0123456789", content_length=11).get_data()
    assert made(protocol, method="POST", content_length=0).get_data() == b""


def test_what_only_an_environ_says() -> None:
    """The stream for errors and the flags of PEP 3333 are in the environ; a scope has no place for them."""
    values: dict[str, Any] = {
        "errors_stream": io.StringIO(),
        "multithread": False,
        "multiprocess": True,
        "run_once": True,
    }
    request = made("wsgi", **values)
    assert request.environ["wsgi.errors"] is values["errors_stream"]
    assert (request.is_multithread, request.is_multiprocess, request.is_run_once) == (False, True, True)
    assert made("asgi", **values).path == "/"


@both
def test_a_class_of_a_program(protocol: str) -> None:
    """The request is of the class whose method is called."""

    class Own(Request):
        max_content_length = 5

    assert type(Own.from_values("/", protocol=protocol)) is Own  # type: ignore[arg-type]


@both
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"input_stream": io.BytesIO(), "data": b""}, "got input_stream and another body, expected one of them"),
        ({"input_stream": io.BytesIO(), "json": None}, "got input_stream and another body, expected one of them"),
        ({"mimetype": "text/html", "content_type": "x/y"}, "got content_type and mimetype, expected one of them"),
        ({"mimetype": 5}, "got mimetype = 5, expected a str such as 'text/html'"),
        ({"content_type": 5}, "got content_type = 5, expected a str or None"),
        ({"input_stream": b"text"}, "got input_stream = b'text', expected a binary file"),
        ({"errors_stream": 5}, "got errors_stream = 5, expected a text file"),
        ({"content_length": "5"}, "got content_length = '5', expected a number of bytes or None"),
        ({"content_length": -1}, "got content_length = -1, expected at least 0"),
        ({"environ_base": [1]}, "got environ_base = [1], expected a mapping or None"),
        ({"environ_overrides": 5}, "got environ_overrides = 5, expected a mapping or None"),
    ],
)
def test_mistakes(protocol: str, values: dict[str, Any], message: str) -> None:
    """A wrong value is an error where the request is made."""
    with pytest.raises((TypeError, ValueError)) as raised:
        made(protocol, **values)
    assert str(raised.value) == message
