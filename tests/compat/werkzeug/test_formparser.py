"""cardan.compat.werkzeug.formparser: forms without a request object."""

from __future__ import annotations

import gzip
import io
from typing import Any

import anyio
import pytest

from cardan.compat.werkzeug.datastructures import FileStorage, MultiDict
from cardan.compat.werkzeug.exceptions import BadRequest, UnsupportedMediaType
from cardan.compat.werkzeug.formparser import FormDataParser, aparse_form_data, parse_form_data
from cardan.compat.werkzeug.test import EnvironBuilder

BODY = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n'
    b"--b--\r\n"
)
TYPE = "multipart/form-data; boundary=b"


def environ(body: bytes = BODY, content_type: str = TYPE) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body + b"the next request"),
    }


def test_multipart(wz: Any) -> None:
    """The fields and the files of a multipart form."""
    stream, form, files = wz.formparser.parse_form_data(environ())
    assert form.to_dict() == {"a": "1"}
    assert (files["f"].filename, files["f"].content_type, files["f"].read()) == ("x.txt", "text/plain", b"hello")
    assert stream.read() == b""
    assert type(form) is wz.datastructures.MultiDict


def test_urlencoded(wz: Any) -> None:
    """The fields of an urlencoded form; no files."""
    body = b"a=1&a=2&b=%C3%B6"
    _, form, files = wz.formparser.parse_form_data(environ(body, "application/x-www-form-urlencoded"))
    assert form.lists() is not None
    assert {name: form.getlist(name) for name in form} == {"a": ["1", "2"], "b": ["ö"]}
    assert not files


def test_another_type(wz: Any) -> None:
    """A body that is no form is left in the stream, which ends with it."""
    stream, form, files = wz.formparser.parse_form_data(environ(b"text", "text/plain"))
    assert (stream.read(), len(form), len(files)) == (b"text", 0, 0)


@pytest.mark.parametrize(
    "limit", [{"max_form_memory_size": 0}, {"max_content_length": 5}, {"max_form_parts": 1}], ids=str
)
def test_limits(wz: Any, limit: dict[str, int]) -> None:
    """A form that exceeds a limit is a 413; a limit that is not given does not exist."""
    with pytest.raises(wz.exceptions.RequestEntityTooLarge):
        wz.formparser.parse_form_data(environ(), **limit)


def test_no_limit_is_the_default() -> None:
    """Without arguments there are no limits on fields and parts, whatever those of requests are."""
    many = b"&".join(b"a=" + b"x" * 1000 for _ in range(2000))
    _, form, _ = FormDataParser().parse(io.BytesIO(many), "application/x-www-form-urlencoded", len(many))
    assert len(form.getlist("a")) == 2000


def test_a_broken_form_is_empty(wz: Any) -> None:
    """With ``silent`` a form without its end is empty."""
    _, form, files = wz.formparser.parse_form_data(environ(BODY[:-8]))
    assert (len(form), len(files)) == (0, 0)


def test_a_broken_form_that_is_not_silent() -> None:
    """Without ``silent`` a broken form is a BadRequest, where Werkzeug raises ValueError."""
    with pytest.raises(BadRequest):
        FormDataParser(silent=False).parse_from_environ(environ(BODY[:-8]))


LENGTHS = (
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n'
    b"Content-Length: 5\r\n\r\nhello\r\n"
    b'--b\r\nContent-Disposition: form-data; name="f"; filename=""\r\n\r\n\r\n--b--\r\n'
)


@pytest.mark.parametrize("by", ["function", "parser", "request"])
def test_stream_factory(wz: Any, by: str) -> None:
    """The factory opens the file for each upload. Its arguments are given by name; the length of the part is the
    declared one, else 0.
    """
    opened: list[dict[str, Any]] = []

    def factory(**described: Any) -> Any:
        opened.append(described)
        return io.BytesIO()

    class Own(wz.wrappers.Request):  # type: ignore[misc, name-defined]
        def _get_file_stream(self, **described: Any) -> Any:
            return factory(**described)

    if by == "request":
        files = Own(environ(LENGTHS)).files
    elif by == "parser":
        files = wz.formparser.FormDataParser(factory).parse_from_environ(environ(LENGTHS))[2]
    else:
        files = wz.formparser.parse_form_data(environ(LENGTHS), factory)[2]
    total = {"total_content_length": len(LENGTHS)}
    assert opened == [
        {**total, "content_type": "text/plain", "filename": "x.txt", "content_length": 5},
        {**total, "content_type": None, "filename": "", "content_length": 0},
    ]
    assert [file.stream.read() for file in files.getlist("f")] == [b"hello", b""]


def test_the_class_of_the_results(wz: Any) -> None:
    """``cls`` is the class of the fields and of the files."""
    cls = wz.datastructures.ImmutableMultiDict
    _, form, files = wz.formparser.parse_form_data(environ(), cls=cls)
    assert (type(form), type(files)) == (cls, cls)


def test_default_stream_factory(wz: Any) -> None:
    """A file that can be written and read."""
    with wz.formparser.default_stream_factory(None, None, None) as file:
        file.write(b"abc")
        file.seek(0)
        assert file.read() == b"abc"


def test_parse_on_asgi() -> None:
    """The awaiting twin gives the same for a scope, and the body of another type as an async iterator."""

    async def parse(**values: Any) -> tuple[bytes, MultiDict[str, Any], MultiDict[str, Any]]:
        scope, receive = EnvironBuilder(method="POST", **values).get_scope()
        chunks, form, files = await aparse_form_data(scope, receive, max_form_parts=2)
        return b"".join([chunk async for chunk in chunks]), form, files

    async def main() -> None:
        body, form, files = await parse(data={"a": "1", "f": (io.BytesIO(b"hello"), "x.txt")})
        assert (body, form["a"], await files["f"].aread()) == (b"", "1", b"hello")
        assert type(files["f"]) is FileStorage
        assert (await parse(data=b"text", content_type="text/plain"))[0] == b"text"

    anyio.run(main)


@pytest.mark.parametrize("content_type", [TYPE, TYPE.replace("m", "M"), "application/x-www-form-urlencoded"])
def test_a_form_in_a_coding(content_type: str) -> None:
    """The bytes of a form in a content coding are not parsed as a form, on both protocols: that is a 415, as for a
    request (RFC 9110 section 15.5.16).
    """
    body = gzip.compress(BODY)
    coded = {**environ(body, content_type), "HTTP_CONTENT_ENCODING": "gzip"}
    with pytest.raises(UnsupportedMediaType):
        parse_form_data(coded)
    assert not parse_form_data({**environ(b"", content_type), "HTTP_CONTENT_ENCODING": "identity"})[1]

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    headers = [(b"content-type", content_type.encode()), (b"content-encoding", b"gzip")]
    scope: Any = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    with pytest.raises(UnsupportedMediaType):
        anyio.run(aparse_form_data, scope, receive)
