"""The helpers of Werkzeug do here what they do there: each is called in both packages with the same arguments."""

from __future__ import annotations

import io
from typing import Any

import pytest
import werkzeug.datastructures
import werkzeug.exceptions
import werkzeug.formparser
import werkzeug.test
import werkzeug.utils
import werkzeug.wrappers
import werkzeug.wsgi
from hypothesis import given, settings
from hypothesis import strategies as st

import cardan.compat.werkzeug.datastructures
import cardan.compat.werkzeug.exceptions
import cardan.compat.werkzeug.formparser
import cardan.compat.werkzeug.test
import cardan.compat.werkzeug.utils
import cardan.compat.werkzeug.wrappers
import cardan.compat.werkzeug.wsgi
from cardan.compat.werkzeug.wrappers import Request
from cardan.testing import PROTOCOLS
from tests.compat.werkzeug.test_differences import row

names = st.lists(
    st.sampled_from(
        ["a", ".", "..", "/", "\\", " ", "ä", "日", "con", "NUL", "aux", ".txt", "_", "-", "~", "\0", "\n", "ﬁ", "É"]
    )
    | st.text(max_size=2),
    max_size=6,
).map("".join)


@given(names)
def test_secure_filename(name: str) -> None:
    """A name becomes the same name of a file."""
    assert cardan.compat.werkzeug.utils.secure_filename(name) == werkzeug.utils.secure_filename(name)


calls = st.sampled_from(
    [
        ("read",), ("read", 2), ("read", -1), ("readline",), ("readline", 2), ("readlines",), ("readall",),
        ("exhaust",), ("tell",), ("readable",), ("is_exhausted",), ("readinto",),
    ]
)  # fmt: skip


def called(stream: Any, call: tuple[Any, ...]) -> object:
    """What a call gives, or the type of what it raises."""
    try:
        if call[0] == "is_exhausted":
            return stream.is_exhausted
        if call[0] == "readinto":
            buffer = bytearray(3)
            return stream.readinto(buffer), bytes(buffer)
        return getattr(stream, call[0])(*call[1:])
    except Exception as error:
        return type(error).__name__


@given(st.binary(max_size=8).map(lambda data: data + b"\nx\n"), st.integers(0, 14), st.lists(calls, max_size=6))
def test_limited_streams(data: bytes, limit: int, doing: list[tuple[Any, ...]]) -> None:
    """A stream that ends at its limit gives the same bytes and raises the same errors, whatever is called in turn."""
    here = cardan.compat.werkzeug.wsgi.LimitedStream(io.BytesIO(data), limit)
    there = werkzeug.wsgi.LimitedStream(io.BytesIO(data), limit)
    for call in doing:
        assert called(here, call) == called(there, call)


def test_streams_with_a_maximum() -> None:
    """With ``is_max`` a body that just reaches the limit is whole here, and a longer one is a 413.

    Werkzeug raises 413 at the read that follows the last byte of the limit, and cuts a single read.
    """
    row("`LimitedStream(..., is_max=True)`")
    for module, exact, longer in (
        (werkzeug.wsgi, "RequestEntityTooLarge", b"abc"),
        (cardan.compat.werkzeug.wsgi, b"", "RequestEntityTooLarge"),
    ):
        stream = module.LimitedStream(io.BytesIO(b"abc"), 3, is_max=True)
        assert called(stream, ("read", 3)) == b"abc"
        assert called(stream, ("read", 3)) == exact
        assert called(module.LimitedStream(io.BytesIO(b"abcd"), 3, is_max=True), ("read",)) == longer


@pytest.mark.parametrize("length", ["5", "0", " 5", "5 ", "005"])
@pytest.mark.parametrize("coding", [None, "chunked"])
def test_valid_lengths(length: str, coding: str | None) -> None:
    """A declared length is a number, and there is none for a chunked body."""
    environ = {"CONTENT_LENGTH": length, "REQUEST_METHOD": "POST"}
    if coding is not None:
        environ["HTTP_TRANSFER_ENCODING"] = coding
    found = cardan.compat.werkzeug.wsgi.get_content_length(environ)
    assert found == werkzeug.wsgi.get_content_length(environ)


@pytest.mark.parametrize("length", ["", "x", "-1", "+5", "\u0663"])
def test_other_lengths(length: str) -> None:
    """What is no length is None here: a body of unknown length, and not an empty one."""
    row("`get_content_length(environ)`")
    environ = {"CONTENT_LENGTH": length, "REQUEST_METHOD": "POST"}
    assert werkzeug.wsgi.get_content_length(environ) == 0
    assert cardan.compat.werkzeug.wsgi.get_content_length(environ) is None


ARGUMENTS: list[dict[str, Any]] = [
    {}, {"path": "/a?b=c"}, {"path": "/ä"}, {"base_url": "http://x:81/r/"}, {"query_string": {"a": ["1", "2"]}},
    {"query_string": "a=b"}, {"method": "POST", "data": {"a": "b"}}, {"method": "PUT", "data": b"x"},
    {"json": {"a": 1}}, {"data": {"a": "", "b": ["1", "2"]}}, {"data": "text", "content_type": "text/plain"},
    {"data": {}, "mimetype": "a/x"},
    {"data": "", "method": "POST"}, {"headers": {"X-A": "b"}}, {"environ_base": {"REMOTE_ADDR": "1.1.1.1"}},
    {"environ_overrides": {"HTTP_X": "1"}}, {"auth": ("u", "p")}, {"path": "http://h/x?y=1"}, {"multithread": True},
    {"content_length": 3, "method": "POST"}, {"path": "/", "query_string": "x", "base_url": "https://a.b"},
    {"multiprocess": True, "run_once": True}, {"content_type": "a/b"}, {"data": None, "query_string": None},
]  # fmt: skip


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=repr)
def test_environs(arguments: dict[str, Any]) -> None:
    """An ``EnvironBuilder`` makes the same environ, with the same body, from the same arguments."""
    made = []
    for module in (werkzeug.test, cardan.compat.werkzeug.test):
        environ: dict[str, Any] = dict(module.EnvironBuilder(**arguments).get_environ())  # type: ignore[attr-defined]
        body = environ.pop("wsgi.input").read()
        made.append(
            ({key: value for key, value in environ.items() if isinstance(value, str | bool | tuple | int)}, body)
        )
    assert made[0] == made[1]


OVERRIDES: list[dict[str, Any]] = [
    {"environ_base": {"REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": "4000"}}, {"environ_base": {"REQUEST_METHOD": "PUT"}},
    {"environ_overrides": {"REQUEST_METHOD": "PUT", "wsgi.url_scheme": "https", "REMOTE_ADDR": "192.0.2.1"}},
    {"environ_overrides": {"PATH_INFO": "/\xc3\xa4 b", "SCRIPT_NAME": "/r", "QUERY_STRING": "c=d"}}, {"path": "/a%2Fb"},
    {"environ_overrides": {"HTTP_HOST": "a.example:81", "HTTP_COOKIE": "a=b", "SERVER_PROTOCOL": "HTTP/1.0"}},
    {"environ_overrides": {"SERVER_NAME": "s", "SERVER_PORT": "81", "HTTP_HOST": ""}},
]  # fmt: skip


@pytest.mark.parametrize("arguments", OVERRIDES, ids=repr)
def test_scopes(arguments: dict[str, Any]) -> None:
    """A request made on ASGI has the values of the one that is made on WSGI from the same arguments."""
    names = (
        "method", "scheme", "path", "root_path", "url", "full_path", "query_string", "host", "remote_addr",
        "access_route", "http_version", "client", "server",
    )  # fmt: skip
    here = [Request.from_values(**arguments, protocol=protocol) for protocol in PROTOCOLS]
    there = werkzeug.wrappers.Request.from_values(**arguments)
    for name in names:
        wsgi, asgi = (getattr(request, name) for request in here)
        assert wsgi == asgi, name
        if name in ("method", "scheme", "path", "query_string", "remote_addr"):
            assert wsgi == getattr(there, name), name


FILES: list[Any] = [
    lambda module: {"f": io.BytesIO(b"x")},
    lambda module: {"f": (io.BytesIO(b"x"), "a.txt")},
    lambda module: {"f": module.FileStorage(io.BytesIO(b"x"), "a.txt")},
    lambda module: {"f": module.FileStorage(io.BytesIO(b"x"), "a.txt", content_type="a/b")},
    lambda module: {"f": module.FileStorage(io.BytesIO(b"x"))},
    lambda module: module.MultiDict([("f", module.FileStorage(io.BytesIO(b"x"), "a.txt")), ("a", "1"), ("f", "2")]),
    lambda module: {"f": [(io.BytesIO(b"x"), "a.txt"), (io.BytesIO(b"y"), "b", "c/d")], "a": ["1", "2"]},
]


@pytest.mark.parametrize("data", FILES)
def test_files_of_forms(data: Any) -> None:
    """``Request.from_values()`` makes the same fields and files of ``data`` as in Werkzeug."""
    found = []
    for wrappers, module in (
        (werkzeug.wrappers, werkzeug.datastructures),
        (cardan.compat.werkzeug.wrappers, cardan.compat.werkzeug.datastructures),
    ):
        with wrappers.Request.from_values(method="POST", data=data(module)) as request:  # type: ignore[attr-defined]
            files = [(name, file.filename, file.content_type, file.read()) for name, file in request.files.items()]
            found.append((request.form.to_dict(flat=False), files))
    assert found[0] == found[1]


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4)
# The builder of Werkzeug writes quotes as they are. cardan reads %22, %0D and %0A as the escapes of WHATWG HTML.
names_of_parts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), min_size=1, max_size=4
).filter(lambda name: not any(escape in name for escape in ("%22", "%0D", "%0A")))
uploads = st.tuples(st.binary(max_size=5), names_of_parts, st.sampled_from(["text/plain", "a/b"]))
forms = st.dictionaries(names_of_parts, st.lists(texts, min_size=1, max_size=2), max_size=3)
sent_files = st.dictionaries(names_of_parts, st.lists(uploads, min_size=1, max_size=2), max_size=2)


def built(module: Any, fields: dict[str, list[str]], files: dict[str, list[Any]]) -> dict[str, Any]:
    data = {**fields, **{name: [(io.BytesIO(one), *rest) for one, *rest in many] for name, many in files.items()}}
    return dict(module.EnvironBuilder(method="POST", data=data).get_environ())


@settings(max_examples=30)
@given(forms, sent_files, st.sampled_from(["length", "ended", "unknown"]), st.booleans(), st.booleans())
def test_forms_of_environs(fields: Any, files: Any, end: str, own_files: bool, silent: bool) -> None:
    """``parse_form_data`` gives the same fields and files for each environ that either builder makes, whether the
    server tells the length of the body, ends it, or does neither. A factory is called in the same way.
    """
    for builder in (werkzeug.test, cardan.compat.werkzeug.test):
        made = built(builder, fields, files)
        body = made.pop("wsgi.input").read()
        if end != "length":
            made.pop("CONTENT_LENGTH", None)
        found = []
        for parsing in (werkzeug.formparser, cardan.compat.werkzeug.formparser):
            opened: list[Any] = []

            def factory(opened: list[Any] = opened, **described: Any) -> io.BytesIO:
                opened.append(described)
                return io.BytesIO()

            environ = {**made, "wsgi.input": io.BytesIO(body)}
            if end == "ended":
                environ["wsgi.input_terminated"] = True
            options = {"stream_factory": factory} if own_files else {}
            silent = silent or end == "unknown"
            stream, form, parts = parsing.parse_form_data(environ, silent=silent, **options)  # type: ignore[attr-defined]
            uploaded = [
                (name, file.filename, file.name, file.content_type, file.content_length, file.read())
                for name in parts
                for file in parts.getlist(name)
            ]
            found.append((form.to_dict(flat=False), uploaded, stream.read(), opened))
            for name in parts:
                for file in parts.getlist(name):
                    file.close()
        assert found[0] == found[1]


@pytest.mark.parametrize("answer", ["response", "error"])
def test_responders(answer: str) -> None:
    """What a function returns is called as an application. The function may have arguments before the environ."""
    for wrappers, exceptions, wsgi in (
        (werkzeug.wrappers, werkzeug.exceptions, werkzeug.wsgi),
        (cardan.compat.werkzeug.wrappers, cardan.compat.werkzeug.exceptions, cardan.compat.werkzeug.wsgi),
    ):

        class Program:
            @wsgi.responder  # type: ignore[untyped-decorator]
            def __call__(self, environ: Any, start_response: Any) -> Any:
                return exceptions.Gone("x") if answer == "error" else wrappers.Response(environ["PATH_INFO"])  # noqa: B023

        body, status, _ = werkzeug.test.run_wsgi_app(Program(), werkzeug.test.create_environ("/a"), buffered=True)
        assert status[:3] == ("410" if answer == "error" else "200")
        assert (b"".join(body) == b"/a") is (answer == "response")
