"""RequestHead: request targets in their four forms, and headers as a parser gives them."""

from __future__ import annotations

import pytest

from cardan.core import Request, RequestHead
from cardan.core._request.head import CONTENTLESS, announces_body, may_have_body
from cardan.core.structures._scope_headers import ScopeHeaders


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


def test_headers_as_pairs_of_bytes() -> None:
    """Headers may be given as HTTP parsers have them."""
    request = Request(RequestHead(headers=[(b"Host", b"a.de"), (b"COOKIE", b"a=1"), (b"cookie", b"b=2")]))  # type: ignore[arg-type]
    assert request.host == "a.de"
    assert request.cookies.to_dict() == {"a": "1", "b": "2"}


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
