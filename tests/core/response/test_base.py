"""BaseResponse: constructor, status, header fields, cookies."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest

import cardan
from cardan.core import BaseResponse, Response
from cardan.core._response import WholeAnswer
from cardan.core.structures import Headers


@pytest.mark.parametrize(
    ("body", "response", "data"),
    [
        (None, [], b""), ("text", [b"text"], b"text"), (b"bytes", [b"bytes"], b"bytes"), ("", [], b""),
        (bytearray(b"ab"), [b"ab"], b"ab"), (memoryview(b"ab"), [b"ab"], b"ab"), (["a", b"b"], ["a", b"b"], b"ab"),
        (("a", "b"), ("a", "b"), b"ab"),
    ],
)  # fmt: skip
def test_response(body: Any, response: Any, data: bytes) -> None:
    """Row constructor: text and bytes count as one item; row response: a list if it was built of a string."""
    assert Response(body).response == response
    assert Response(body).data == data


@pytest.mark.parametrize("body", [3, {"a": 1}, object()])
def test_no_body(body: Any) -> None:
    """What is neither text nor an iterable of it is refused at once; a dict is meant for from_json."""
    with pytest.raises(TypeError, match="expected text, bytes or an iterable of them"):
        Response(body)


def test_headers_are_copied() -> None:
    """The header fields that are passed to the constructor are copied."""
    given = Headers({"X-A": "1"})
    response = Response(headers=given)
    response.headers["X-A"] = "2"
    assert given["X-A"] == "1"
    assert Response(headers=[("X-A", "1"), ("X-A", "2")]).headers.getlist("x-a") == ["1", "2"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "text/plain; charset=utf-8"),
        ({"mimetype": "text/html"}, "text/html; charset=utf-8"),
        ({"mimetype": "TEXT/css; charset=latin-1"}, "TEXT/css; charset=latin-1"),
        ({"mimetype": "application/xml"}, "application/xml; charset=utf-8"),
        ({"mimetype": "application/atom+xml"}, "application/atom+xml; charset=utf-8"),
        ({"mimetype": "application/javascript"}, "application/javascript; charset=utf-8"),
        # their registrations have a charset parameter (RFC 7303, RFC 9239, RFC 6922)
        ({"mimetype": "application/ecmascript"}, "application/ecmascript; charset=utf-8"),
        ({"mimetype": "application/sql"}, "application/sql; charset=utf-8"),
        ({"mimetype": "application/xml-dtd"}, "application/xml-dtd; charset=utf-8"),
        ({"mimetype": "Application/XML; a=b"}, "Application/XML; a=b; charset=utf-8"),
        (
            {"mimetype": "application/xml-external-parsed-entity"},
            "application/xml-external-parsed-entity; charset=utf-8",
        ),
        ({"mimetype": "text/html; Charset=latin-1"}, "text/html; Charset=latin-1"),
        ({"mimetype": "image/svg+xml"}, "image/svg+xml"),
        ({"mimetype": "application/json"}, "application/json"),
        ({"content_type": "text/html"}, "text/html"),
        ({"content_type": "a/b", "mimetype": "text/html"}, "a/b"),
        ({"headers": {"Content-Type": "x/y"}}, "x/y"),
        ({"headers": {"content-type": "x/y"}, "mimetype": "text/html"}, "text/html; charset=utf-8"),
        ({"headers": {"X": "y"}}, "text/plain; charset=utf-8"),
        ({"headers": {}}, "text/plain; charset=utf-8"),
    ],
)
def test_mimetype_and_content_type(options: Any, expected: str) -> None:
    """Row mimetype vs content_type: text gets a charset, content_type is taken as it is and wins."""
    response = Response("x", **options)
    assert response.content_type == response.headers["Content-Type"] == expected
    assert response.headers.getlist("content-type") == [expected]
    assert response.mimetype == expected.partition(";")[0].lower()


def test_mimetype_is_settable() -> None:
    """Row mimetype: settable, adds the charset; None as default_mimetype sends none."""

    class Bare(BaseResponse):
        default_mimetype = None

    assert Bare("x").outgoing("GET") == WholeAnswer(200, [("Content-Length", "1")], b"x")
    response = Response("x")
    response.mimetype = "text/css"
    assert response.content_type == "text/css; charset=utf-8"
    response.content_type = None
    assert response.mimetype is None


@pytest.mark.parametrize("value", ["text/plain\r\nX: y", "a/b\n", "\u2603/x", "a\0b"])
@pytest.mark.parametrize("name", ["mimetype", "content_type"])
def test_content_type_cannot_inject(name: str, value: str) -> None:
    """CR, LF, NUL in values are refused when they are set."""
    with pytest.raises(ValueError, match="for Content-Type, expected"):
        Response("x", **{name: value})


@pytest.mark.parametrize(
    ("status", "code", "line"),
    [
        (None, 200, "200 OK"), (404, 404, "404 Not Found"), (HTTPStatus.IM_A_TEAPOT, 418, "418 I'm a teapot"),
        ("404", 404, "404 Not Found"), ("404 gone fishing", 404, "404 gone fishing"), ("200 OK", 200, "200 OK"),
        (299, 299, "299 Unknown"),
    ],
)  # fmt: skip
def test_status(status: Any, code: int, line: str) -> None:
    """Rows status and status_code: each sets the other."""
    response = Response(status=status)
    assert (response.status_code, response.status) == (code, line)
    response.status_code = 201
    assert response.status == "201 Created"


@pytest.mark.parametrize(
    "status", ["", "  ", "200 OK\r\nX: y", "200 \0", "200 \u2603", "gone", "4040 x", "600", 600, 999, 4040, 99, -1]
)
def test_status_that_must_not_be_sent(status: Any) -> None:
    """A status without a code from 100 to 599 (RFC 9110 section 15), and one that could end itself, are refused."""
    with pytest.raises(ValueError, match="got"):
        Response(status=status)
    response = Response()
    with pytest.raises(ValueError, match="got"):
        response.status = status
    assert response.status == "200 OK"
    if isinstance(status, int):
        with pytest.raises(ValueError, match=r"got the status code .*, expected one from 100 to 599"):
            response.status_code = status
    with pytest.raises(TypeError, match="got the status code '404', expected an int"):
        response.status_code = "404"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="expected an int or a str"):
        Response(status=2.5)  # type: ignore[arg-type]


def test_defaults_are_class_attributes() -> None:
    """Rows default_status, default_mimetype, charset, and the switches."""

    class Created(Response):
        default_status = 201
        default_mimetype = "application/json"

    fields = [("Content-Type", "application/json"), ("Content-Length", "2")]
    assert Created("{}").outgoing("GET") == WholeAnswer(201, fields, b"{}")
    assert Created("{}").status == "201 Created"
    assert (Response.charset, Response.default_status, Response.default_mimetype) == ("utf-8", 200, "text/plain")
    assert Response.autocorrect_location_header is False
    assert Response.automatically_set_content_length is Response.implicit_sequence_conversion is True


def test_a_plain_response_makes_no_headers_object() -> None:
    """The hot path is one list of fields and one bytes object."""
    for response in (Response("x"), Response.from_json([1]), Response("x", 404, mimetype="text/html")):
        fields = [("Content-Type", response.content_type), ("Content-Length", str(len(response.data)))]
        assert response.outgoing("GET") == WholeAnswer(response.status_code, fields, response.data)
        assert response._headers is None


def test_automatically_set_content_length() -> None:
    """Row automatically_set_content_length: where the body is buffered, unless switched off."""
    assert Response("abc").headers["Content-Length"] == "3"
    assert Response("abc", headers={"X": "y"}).content_length == 3
    assert Response(["a", "bc"]).outgoing("GET").headers[-1] == ("Content-Length", "3")  # type: ignore[union-attr]

    class Off(Response):
        automatically_set_content_length = False

    assert Off("abc").outgoing("GET") == WholeAnswer(200, [("Content-Type", "text/plain; charset=utf-8")], b"abc")


def data_after_headers(response: Any) -> None:
    assert response.headers
    response.data = "xy"


def data_for_stream(response: Any) -> None:
    response.response = iter("xyz")
    response.data = "xy"


#: What sets Content-Length, or lets it be sent, by default. ``freeze`` is not among them: it always sets the field.
BUFFERING: dict[str, Callable[[Any], object]] = {
    "reading the headers": lambda response: response.headers,
    "data": lambda response: setattr(response, "data", "xy"),
    "data after the headers": data_after_headers,
    "data for a stream": data_for_stream,
    "add_etag": lambda response: response.add_etag(),
    "make_conditional": lambda response: response.make_conditional({"REQUEST_METHOD": "GET"}),
    "calculate_content_length": lambda response: response.calculate_content_length(),
    "a list": lambda response: setattr(response, "response", ["x", "y"]),
}


@pytest.mark.parametrize("own", [None, "7"])
@pytest.mark.parametrize("way", BUFFERING)
def test_no_content_length_is_set_where_that_is_switched_off(way: str, own: str | None) -> None:
    """Without ``automatically_set_content_length`` nothing that buffers the body sets Content-Length, and one that the
    program has set stays. Otherwise each of them leaves the length of the body.
    """
    response = Response("abc", headers={} if own is None else {"Content-Length": own})
    response.automatically_set_content_length = False
    BUFFERING[way](response)
    assert response.headers.get("Content-Length") == own
    usual = Response("abc")
    BUFFERING[way](usual)
    assert dict(usual.outgoing("GET").headers)["Content-Length"] == str(len(usual.data))  # type: ignore[union-attr]


def test_our_content_length_follows_the_body() -> None:
    """What we wrote is written anew when the body changes; what the program wrote is kept honest."""
    response = Response("abc")
    assert response.content_length == 3
    response.response.append(b"d")
    assert dict(response.outgoing("GET").headers)["Content-Length"] == "4"  # type: ignore[union-attr]
    response.data = "xy"
    assert response.content_length == 2
    response.response = iter(["z"])
    assert response.content_length is None


@pytest.mark.parametrize(
    ("location", "sent"),
    [
        ("/a b", "/a%20b"),
        ("/é?ü=1", "/%C3%A9?%C3%BC=1"),
        ("http://bücher.example/x", "http://xn--bcher-kva.example/x"),
        ("?a", "?a"),
    ],
)
def test_location_becomes_a_uri_when_set(location: str, sent: str) -> None:
    """IRIs become URIs when they are set; relative references are allowed (RFC 9110 10.2.2)."""
    response = Response()
    response.location = location
    response.content_location = location
    assert (response.location, response.content_location) == (sent, sent)
    assert dict(response.outgoing("GET").headers)["Location"] == sent  # type: ignore[union-attr]


@pytest.mark.parametrize("location", ["/a\r\nX: y", "/a\0", "http://[::1/", "http://h:port/"])
def test_bad_location_raises_when_set(location: str) -> None:
    """A bad one raises when it is set, not when it is sent."""
    response = Response()
    with pytest.raises(ValueError, match="got"):
        response.location = location
    assert "Location" not in response.headers


def test_autocorrect_location_header() -> None:
    """Law: True joins Location with the URL of the request, as clients do (RFC 9110 section 10.2.2)."""

    class Absolute(Response):
        autocorrect_location_header = True

    def location(cls: type[Response], value: str) -> str:
        response = cls(status=302)
        response.location = value
        return dict(response.outgoing("GET", lambda: "http://h/app/page?a=1").headers)["Location"]  # type: ignore[union-attr]

    assert location(Response, "x") == "x"
    assert location(Absolute, "x") == "http://h/app/x"
    assert location(Absolute, "/x") == "http://h/x"
    assert location(Absolute, "../x") == "http://h/x"
    assert location(Absolute, "?b=2") == "http://h/app/page?b=2"
    assert location(Absolute, "#part") == "http://h/app/page?a=1#part"
    assert location(Absolute, "http://other/x") == "http://other/x"


def test_cookies() -> None:
    """Rows set_cookie and delete_cookie: attributes as given; deleting expires at once."""
    response = Response()
    response.set_cookie("a", "1", max_age=timedelta(minutes=1), httponly=True, samesite="Lax")
    response.set_cookie("b", "ü", expires=0, path=None, secure=True, partitioned=True)
    response.delete_cookie("c", path="/x", domain="example.org")
    first, second, third = response.headers.getlist("Set-Cookie")
    assert first.split("; ")[0] == "a=1"
    assert {"Max-Age=60", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(first.split("; "))
    assert {"Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Secure", "Partitioned"} <= set(second.split("; "))
    assert {"Max-Age=0", "Domain=example.org", "Path=/x"} <= set(third.split("; "))
    assert len(dict(response.outgoing("GET").headers)) == 3  # type: ignore[union-attr]


@pytest.mark.parametrize("options", [{"key": "a b"}, {"key": "a", "path": "/;x"}, {"key": "a", "domain": "x\r\ny"}])
def test_cookie_attributes_cannot_inject(options: Any) -> None:
    """Control characters and separators in names and attributes are refused."""
    with pytest.raises(ValueError, match="got"):
        Response().set_cookie(**options)


def test_large_cookie_warns() -> None:
    """Browsers may drop what is larger than 4 KB."""
    with pytest.warns(UserWarning, match="got a cookie 'a' of .* bytes, browsers keep 4093"):
        Response().set_cookie("a", "x" * 4090)


def test_repr() -> None:
    """``repr(response)`` shows the size of the body, or that it is streamed, and the status."""
    assert repr(Response("abc")) == "<Response 3 bytes [200 OK]>"
    assert repr(Response(iter(()), 404)) == "<Response streamed [404 Not Found]>"


@pytest.mark.parametrize("cls", [BaseResponse, Response, cardan.BaseResponse, cardan.Response])
def test_charset_has_one_value(cls: Any) -> None:
    """Text is always sent as UTF-8: another charset on a class, a mixin or a response raises TypeError."""
    text = "got charset = 'latin-1', expected 'utf-8': another one would have no effect"
    for bases, own in (((cls,), {"charset": "latin-1"}), ((type("Mixin", (), {"charset": "latin-1"}), cls), {})):
        with pytest.raises(TypeError, match=text):
            type("Own", bases, own)
    response = type("Same", (cls,), {"charset": "utf-8"})()
    assert response.charset == cls.charset == "utf-8"
    with pytest.raises(TypeError, match=text):
        cls().charset = "latin-1"


@pytest.mark.parametrize(("size", "warns"), [(4093, False), (4094, True)])
def test_the_size_of_a_cookie(size: int, warns: bool) -> None:
    """Browsers keep a cookie of 4,093 bytes, its attributes included; a larger one causes a warning."""
    length = size - len("a=; Path=/")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        response = Response()
        response.set_cookie("a", "x" * length)
    assert len(response.headers["Set-Cookie"]) == size
    assert [str(each.message) for each in caught] == ["got a cookie 'a' of 4094 bytes, browsers keep 4093"] * warns
