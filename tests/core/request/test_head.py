"""RequestHead: request targets in their four forms, and headers as a parser gives them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

import cardan
from cardan.asgi._head import ScopeHead
from cardan.core import Request, RequestHead
from cardan.core._request.head import CONTENTLESS, announces_body, may_have_body, without_authority
from cardan.core.structures import Headers
from cardan.core.structures._scope_headers import ScopeHeaders

if TYPE_CHECKING:
    from cardan.core.structures._scope_headers import ReceivedHeaders


def test_attributes_of_a_derived_class() -> None:
    """Text of a class derived from str is text, as an enumeration of methods has it."""

    class Method(str):
        __slots__ = ()

    assert RequestHead(Method("PUT"), "/").method == "PUT"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("method", b"GET", "text"),
        ("path", b"/", "text"),
        ("scheme", b"https", "text"),
        ("http_version", b"1.1", "text"),
        ("http_version", 2, "text"),
        ("root_path", b"/dev", "text"),
        ("root_path", None, "text"),
        ("query_string", "a=b", "bytes"),
    ],
)
def test_attributes_of_a_wrong_type(name: str, value: Any, expected: str) -> None:
    """What a parser gives as bytes, such as the version of HTTP, is refused where it is given; not where it is used."""
    message = f"got {name} = {value!r}, expected {expected}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        RequestHead(**{name: value})
    if name in ("scheme", "http_version", "root_path"):
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            RequestHead.from_target("GET", "/", **{name: value})


@pytest.mark.parametrize(
    ("method", "target", "path", "query", "host"),
    [
        ("GET", b"/a%20b?x=1", "/a b", b"x=1", "h.de"),
        ("GET", "/ü", "/ü", b"", "h.de"),
        ("GET", "/€?x", "/€", b"x", "h.de"),
        ("GET", b"http://other.de:81/a?x", "/a", b"x", "other.de:81"),
        ("GET", b"HTTPS://other.de", "/", b"", "other.de"),
        ("GET", b"http://other.de?x", "/", b"x", "other.de"),
        ("CONNECT", b"other.de:443", "/", b"", "h.de"),
        ("OPTIONS", b"*", "/*", b"", "h.de"),
        ("GET", b"/a?b?c#d", "/a", b"b?c#d", "h.de"),
        ("GET", b"//evil/x", "/evil/x", b"", "h.de"),
        ("GET", b"/\xff%ff", "/\ufffd\ufffd", b"", "h.de"),
        ("GET", b"", "/", b"", "h.de"),
    ],
)
def test_from_target(method: str, target: str | bytes, path: str, query: bytes, host: str) -> None:
    """RFC 9112 section 3.2: origin, absolute, authority and asterisk form; the absolute form's authority wins."""
    head = RequestHead.from_target(method, target, [(b"Host", b"h.de"), (b"X", b"1")])
    request = Request(head)
    assert (request.path, request.query_string, request.host) == (path, query, host)
    assert request.headers["x"] == "1"


def test_absolute_form_has_the_scheme() -> None:
    """``https://`` in the target is the scheme, whatever the connection is."""
    head = RequestHead.from_target(b"GET", b"https://a.de/", [], http_version="2")
    assert (Request(head).url, head.http_version, head.method) == ("https://a.de/", "2", "GET")


@pytest.mark.parametrize("scheme", ["coap+tcp", "a-b.c", "h2"])
def test_schemes(scheme: str) -> None:
    """RFC 3986 section 3.1: a scheme may have digits, plus, hyphen and full stop after its first letter."""
    head = RequestHead.from_target("GET", f"{scheme.upper()}://other.de/a", [("Host", "h.de")])
    assert (head.scheme, head.path, head.headers["host"]) == (scheme, "/a", "other.de")
    assert without_authority(f"{scheme}://other.de/a") == "/a"


@pytest.mark.parametrize("target", ["1http://other.de/a", "+a://b/c", "a b://c/d", "ü://b/c", "://b/c"])
def test_no_schemes(target: str) -> None:
    """What stands before ``://`` and is no scheme belongs to the path; the host is that of the header field."""
    head = RequestHead.from_target("GET", target, [("Host", "h.de")])
    assert (head.scheme, head.path, head.headers["host"]) == ("http", target, "h.de")
    assert without_authority(target) == target


@pytest.mark.parametrize("root_path", ["dev", "dev/", "http://a.de/dev"])
def test_a_root_path_begins_with_a_slash(root_path: str) -> None:
    """A root path without a slash could never be removed from a path; it is an error instead of being ignored."""
    message = f"got root_path {root_path!r}, expected an empty one or one that begins with a slash"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        RequestHead.from_target("GET", "/dev/a", root_path=root_path)
    for empty in ("", "/"):
        assert RequestHead.from_target("GET", "/dev/a", root_path=empty).path == "/dev/a"


FIELDS: dict[str, ReceivedHeaders] = {
    "pairs of bytes": [(b"Host", b"a.de"), (b"COOKIE", b"a=1"), (b"cookie", b"b=\xfc")],
    "pairs of buffers": [(bytearray(b"host"), memoryview(b"a.de")), (b"Cookie", bytearray(b"a=1; b=\xfc"))],
    "pairs of text": [("Host", "a.de"), ("Cookie", "a=1"), ("cookie", "b=\xfc")],
    "an iterator": iter([["host", b"a.de"], (b"cookie", "a=1; b=\xfc")]),  # type: ignore[dict-item]
    "a mapping": {"Host": "a.de", "cookie": "a=1; b=\xfc"},
    "a view": ScopeHeaders([(b"host", b"a.de"), (b"cookie", b"a=1; b=\xfc")]),
    "headers": Headers([("Host", "a.de"), ("Cookie", "a=1"), ("Cookie", "b=\xfc")]),
}


@pytest.mark.parametrize("how", FIELDS)
def test_headers_as_a_server_has_them(how: str) -> None:
    """The header fields may be given as HTTP parsers, gateways and other header containers have them."""
    request = Request(RequestHead(headers=FIELDS[how]))
    assert request.host == "a.de"
    assert request.headers["cookie"] == "a=1; b=\xfc"


def test_text_beyond_latin_1() -> None:
    """Text that latin-1 does not have is encoded as UTF-8: a client cannot make the server fail by it."""
    head = RequestHead(headers={"X-A": "ü", "X-B": "€", "X-C": "\ud800"})
    assert [head.headers[name].encode("latin-1") for name in ("X-A", "X-B", "X-C")] == [b"\xfc", "€".encode(), b"?"]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ("Host: a", "got headers of type str, expected a mapping or pairs"),
        (3, "got headers of type int, expected a mapping or pairs"),
        (b"Host", "got 72 among the headers, expected a pair"),
        ([("Host",)], r"got \('Host',\) among the headers, expected a pair"),
        (["ab"], "got 'ab' among the headers, expected a pair"),
        ([("Host", 3)], "got 3 among the headers, expected names and values of type str or bytes"),
        ({"Host": None}, "got None among the headers, expected names and values of type str or bytes"),
    ],
)
def test_headers_of_a_wrong_type(headers: Any, message: str) -> None:
    """What are no header fields is a TypeError that says what came, for both ways to make a head."""
    with pytest.raises(TypeError, match=message):
        RequestHead(headers=headers)
    with pytest.raises(TypeError, match=message):
        RequestHead.from_target("GET", "http://a.example/", headers)


@pytest.mark.parametrize(
    ("target", "root", "expected"),
    [
        ("/dev/notes?a", "/dev", ("/dev", "/notes")),
        ("/dev/notes", "/dev/", ("/dev", "/notes")),
        ("/dev", "/dev", ("/dev", "/")),
        ("/dev/", "/dev", ("/dev", "/")),
        ("/devices", "/dev", ("/dev", "/devices")),
        ("/notes", "/dev", ("/dev", "/notes")),
        ("/d%65v/x%2Fy", "/dev", ("/dev", "/x/y")),
        ("/%C3%BC/x", "/ü", ("/ü", "/x")),
        ("http://other.de/dev/x", "/dev", ("/dev", "/x")),
        ("*", "/dev", ("/dev", "/*")),
        ("/a", "", ("", "/a")),
    ],
)
def test_a_root_path_ends_at_a_slash_of_the_path(target: str, root: str, expected: tuple[str, str]) -> None:
    """``root_path`` is removed from a path that is below it, and from no other, as for an ASGI scope."""
    head = RequestHead.from_target("GET", target, root_path=root)
    request = Request(head)
    assert (request.root_path, request.path) == expected
    if target.startswith("/"):
        path = unquote(target).partition("?")[0]
        scope = {"type": "http", "method": "GET", "path": path, "root_path": root, "headers": []}
        assert (ScopeHead(scope).root_path, cardan.Request(scope).path) == expected
    assert head.raw_path == target.replace("http://other.de", "").partition("?")[0].encode()


def test_the_attributes_of_a_head_are_parameters() -> None:
    """Every attribute that a request line does not give is a parameter of ``from_target``, by its name."""
    values: Any = {
        "http_version": "2",
        "scheme": "https",
        "root_path": "/a",
        "server": ("h", 1),
        "client": ("c", 2),
        "remote_user": "ann",
        "concurrency": (True, False, True),
    }
    head = RequestHead.from_target(b"GET", b"/a/b", **values)
    assert {name: getattr(head, name) for name in values} == values
    with pytest.raises(TypeError, match="remote"):
        RequestHead.from_target("GET", "/", remote="ann")  # type: ignore[call-arg]


FRAMING = [
    # Content-Length, Transfer-Encoding, whether they announce a body
    (None, None, False),
    ("", None, False),
    ("0", None, False),
    ("1", None, True),
    (" 7 ", None, True),
    ("-1", None, False),
    ("1, 1", None, False),
    ("nonsense", None, False),
    (None, "chunked", True),
    ("0", "chunked", True),
    ("nonsense", "chunked", True),
]


@pytest.mark.parametrize(("length", "coding", "announced"), FRAMING)
def test_a_body_is_announced_by_a_length_or_a_transfer_coding(
    length: str | None, coding: str | None, announced: bool
) -> None:
    """RFC 9112 section 6.3: a transfer coding announces a body, and so does a valid length that is not 0."""
    assert announces_body(length, coding) is announced


@pytest.mark.parametrize(("length", "coding", "announced"), FRAMING)
@pytest.mark.parametrize("version", ["1.0", "1.1", "2", "2.0", "3"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "QUERY", *sorted(CONTENTLESS)])
def test_a_body_may_follow_unannounced_over_http2_only(
    method: str, version: str, length: str | None, coding: str | None, announced: bool
) -> None:
    """RFC 9113 section 8.1: without either field, a POST over HTTP/2 or HTTP/3 may have a body, and a GET has none."""
    fields = [(b"content-length", length), (b"transfer-encoding", coding)]
    headers = ScopeHeaders([(name, value.encode()) for name, value in fields if value is not None])
    unannounced = not length and coding is None and version >= "2" and method not in CONTENTLESS
    assert may_have_body(method, version, headers) is (announced or unannounced)
