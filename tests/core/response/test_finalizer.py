"""The finalizer: what goes on the wire."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core import Chunk, ContentLengthError, End, Head, Response, ResponseFinalizer
from cardan.core._response.final_head import final_fields
from cardan.core._response.trailers import Trailers
from cardan.core.fields import _dates
from cardan.exceptions import MachineStateError
from cardan.http import http_date

TEXT = [("Content-Type", "text/plain")]


def sent(finalizer: ResponseFinalizer, *chunks: bytes) -> bytes:
    events = [event for chunk in chunks for event in finalizer.feed(chunk)] + finalizer.close()
    assert type(events[0]) is Head
    assert type(events[-1]) is End
    return b"".join(event.data for event in events if isinstance(event, Chunk))


def test_head_chunks_and_end() -> None:
    """Head first, a chunk for each that is not empty, End last."""
    finalizer = ResponseFinalizer("GET", 200, TEXT)
    assert finalizer.feed(b"a") == [Head(200, "OK", TEXT), Chunk(b"a")]
    assert finalizer.feed(b"") == []
    assert finalizer.feed(b"b") == [Chunk(b"b")]
    assert finalizer.state == "body"
    assert finalizer.close() == [End()]
    assert finalizer.close() == []
    assert finalizer.state == "done"


def test_fed_after_close() -> None:
    """Wrong use is another error than wrong input."""
    finalizer = ResponseFinalizer("GET", 200, TEXT)
    finalizer.close()
    with pytest.raises(MachineStateError, match=r"got a chunk after close\(\), expected none"):
        finalizer.feed(b"x")


@pytest.mark.parametrize(("method", "status"), [
    ("HEAD", 200), ("GET", 204), ("GET", 205), ("GET", 304), ("HEAD", 404), ("CONNECT", 200), ("CONNECT", 299),
])  # fmt: skip
def test_no_body_is_sent(method: str, status: int) -> None:
    """RFC 9110 sections 9.3.2, 15.3.5, 15.3.6, 15.4.5: no content, whatever the application has."""
    finalizer = ResponseFinalizer(method, status, TEXT, length=4)
    assert not finalizer.sends_body
    assert sent(finalizer, b"body") == b""


@pytest.mark.parametrize(
    ("status", "length", "declared"),
    [(200, 3, "3"), (200, None, None), (204, 3, None), (205, 3, "0"), (304, 3, None), (404, 0, "0")],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_content_length(method: str, status: int, length: int | None, declared: str | None) -> None:
    """Set where the length is known; none on 204 and 304, 0 on 205, and HEAD has that of GET."""
    headers = dict(ResponseFinalizer(method, status, TEXT, length=length).head.headers)
    assert headers.get("Content-Length") == declared


def test_a_declared_length_is_kept_on_head() -> None:
    """RFC 9110 section 8.6: HEAD may say what GET would send."""
    finalizer = ResponseFinalizer("HEAD", 200, [("content-length", "999")], length=0)
    assert finalizer.head.headers == [("Content-Length", "999")]


@pytest.mark.parametrize("chunks", [[b"abcd"], [b"ab", b"cd"], [b"abc", b"d"]])
def test_more_than_declared(chunks: list[bytes]) -> None:
    """A chunk beyond the declared Content-Length raises an error, and every later call raises the same error again."""
    finalizer = ResponseFinalizer("GET", 200, [("Content-Length", "3")])
    for chunk in chunks[:-1]:
        finalizer.feed(chunk)
    with pytest.raises(ContentLengthError, match="expected 3") as caught:
        finalizer.feed(chunks[-1])
    assert finalizer.state == "failed"
    for again in (lambda: finalizer.feed(b""), finalizer.close):
        with pytest.raises(ContentLengthError) as later:
            again()
        assert later.value is caught.value


def test_less_than_declared() -> None:
    """A body that ends early never gets an End: framing would break."""
    finalizer = ResponseFinalizer("GET", 200, [("Content-Length", "3")])
    finalizer.feed(b"ab")
    with pytest.raises(ContentLengthError, match="got a body of 2 bytes, expected 3 as declared"):
        finalizer.close()


def test_known_length_against_the_declared_one() -> None:
    """A buffered body of another length than declared is refused before anything is sent."""
    with pytest.raises(ContentLengthError, match="got a body of 2 bytes, expected 3 as declared"):
        ResponseFinalizer("GET", 200, [("Content-Length", "3")], length=2)


@pytest.mark.parametrize("status", [0, 1, 100, 101, 199, 600, 999, -200])
def test_final_status(status: int) -> None:
    """A final status is from 200 to 599 (RFC 9110 section 15); any other is a ValueError."""
    with pytest.raises(ValueError, match=f"got final status {status}, expected a code from 200 to 599"):
        ResponseFinalizer("GET", status, TEXT)


@pytest.mark.parametrize(
    "pair",
    [
        ("X", "a\r\nb"),
        ("X", "a\nb"),
        ("X", "a\0b"),
        ("X", "a\x01b"),
        ("X", "\x7f"),
        ("X", "\xe9\x1f"),
        ("X", "\u2603"),
        ("X\r\nY", "a"),
        ("X Y", "a"),
        ("", "a"),
        ("é", "a"),
    ],
)
def test_fields_are_checked_once_more(pair: tuple[str, str]) -> None:
    """RFC 9110 section 5: a field that could end itself, or begin another, is refused, and every control character."""
    with pytest.raises(ValueError, match="got header field"):
        ResponseFinalizer("GET", 200, [pair])


@pytest.mark.parametrize("reason", ["OK\r\nX: y", "a\0", "a\x01b", "\x7f", "\u2603"])
def test_reason_phrase_is_checked(reason: str) -> None:
    """RFC 9112 section 4: a reason phrase consists of tabs, spaces, visible characters and bytes beyond ASCII."""
    with pytest.raises(ValueError, match="got reason phrase"):
        ResponseFinalizer("GET", 200, TEXT, reason=reason)
    assert ResponseFinalizer("GET", 200, TEXT, reason="a\tb \xe9").head.reason == "a\tb \xe9"


@pytest.mark.parametrize("value", ["abc", "-5", "+5", "1_0", "5, 5", "\u0665", ""])
def test_bad_content_length(value: str) -> None:
    """RFC 9110 section 8.6: ASCII digits."""
    with pytest.raises(ValueError, match=r"got (Content-Length|header field)"):
        ResponseFinalizer("GET", 200, [("Content-Length", value)])


def test_two_content_lengths() -> None:
    """Equal ones are one, different ones are an error (RFC 9112 section 6.3)."""
    same = [("Content-Length", "3"), ("content-length", "3")]
    assert ResponseFinalizer("GET", 200, same).head.headers == [("Content-Length", "3")]
    with pytest.raises(ValueError, match="got Content-Length 3 and 4, expected one"):
        ResponseFinalizer("GET", 200, [("Content-Length", "3"), ("Content-Length", "4")])


@pytest.mark.parametrize(
    "name",
    ["Connection", "Keep-Alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade", "connection", "Trailer"],
)
def test_the_fields_of_the_connection_are_the_servers(name: str) -> None:
    """Fields of the connection are left out (RFC 9110 section 7.6.1, PEP 3333 "Other HTTP Features", RFC 9113 section
    8.2.2), with every status and in an answer to HEAD.
    """
    for method, status in (("GET", 200), ("HEAD", 200), ("GET", 304), ("GET", 426), ("GET", 500)):
        assert ResponseFinalizer(method, status, [(name, "x"), ("X", "y")]).head.headers == [("X", "y")]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ETag", ['"a"', '"b"']),
        ("ETag", ['"a"', '"a"']),
        ("Content-Type", ["text/plain", "text/html"]),
        ("Location", ["/a", "/b"]),
        ("Content-Location", ["/a", "/b"]),
        ("Content-Disposition", ["inline", "attachment"]),
        ("Retry-After", ["1", "2"]),
        ("Access-Control-Allow-Origin", ["https://a.example", "https://b.example"]),
        ("Strict-Transport-Security", ["max-age=1", "max-age=2"]),
        ("Cross-Origin-Opener-Policy-Report-Only", ["unsafe-none", "same-origin"]),
        ("Service-Worker-Allowed", ["/", "/a"]),
        # each is an item of a structured field, one date, one URL, one number or one word: RFC 9110, RFC 9111,
        # RFC 4918, RFC 7089, RFC 8594, RFC 9745, HTML, Fetch, Service Workers, ECMA-426
        *(
            (name, ["1", "1"])
            for name in (
                "Age",
                "Content-MD5",
                "Content-Range",
                "Server",
                "Access-Control-Allow-Credentials",
                "Access-Control-Max-Age",
                "Cross-Origin-Embedder-Policy",
                "Cross-Origin-Embedder-Policy-Report-Only",
                "Cross-Origin-Opener-Policy",
                "Cross-Origin-Resource-Policy",
                "Deprecation",
                "Lock-Token",
                "Memento-Datetime",
                "Origin-Agent-Cluster",
                "Refresh",
                "SourceMap",
                "Sunset",
            )
        ),
        *((name, ["Sun, 06 Nov 1994 08:49:37 GMT"] * 2) for name in ("Date", "Expires", "Last-Modified")),
    ],
)
def test_a_field_that_is_no_list_is_sent_once(name: str, values: list[str]) -> None:
    """RFC 9110 section 5.3: a sender must not generate several fields of a name that is not defined as a list."""
    pairs = list(zip((name, name.upper()), values, strict=True))
    with pytest.raises(ValueError, match=f"got header field '{name.upper()}' twice, expected it once"):
        ResponseFinalizer("GET", 200, pairs)


@pytest.mark.parametrize(
    "name",
    [
        "Set-Cookie",
        "Vary",
        "Link",
        "Cache-Control",
        "WWW-Authenticate",
        "Content-Security-Policy",
        "X-Own",
        "Allow",
        "Accept-Ranges",
        "Content-Encoding",
        "Content-Language",
        "Server-Timing",
        "Alt-Svc",
        "Via",
        "Warning",
    ],
)
def test_a_list_may_be_several_fields(name: str) -> None:
    """RFC 9110 section 5.3: a list may be sent as several fields, and so may Set-Cookie and fields of a program."""
    pairs = [(name, "a"), (name, "b")]
    assert ResponseFinalizer("GET", 200, pairs).head.headers == pairs


def test_304_drops_the_representation() -> None:
    """Content fields go, Last-Modified too beside an ETag; what updates a cache stays."""
    names = (
        "Content-Type",
        "Content-Length",
        "Content-Encoding",
        "Content-Language",
        "Content-Range",
        "Content-MD5",
        "Content-Digest",
    )
    values = dict.fromkeys(names, "1")
    stay = [("ETag", '"x"'), ("Cache-Control", "no-cache"), ("Vary", "Accept"), ("Content-Location", "/a"), ("X", "y")]
    modified = ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
    headers = ResponseFinalizer("GET", 304, [*values.items(), modified, *stay]).head.headers
    assert sorted(headers) == sorted(stay)
    assert ResponseFinalizer("GET", 304, [modified]).head.headers == [modified]


@pytest.mark.parametrize("name", ["Location", "Content-Location", "location"])
def test_iris_become_uris(name: str) -> None:
    """RFC 3987 section 3.1: what is set as an IRI is sent as a URI."""
    assert ResponseFinalizer("GET", 302, [(name, "/caf\xe9?q=\xfc")]).head.headers == [(name, "/caf%C3%A9?q=%C3%BC")]


@pytest.mark.parametrize("value", ["", "x", "0", "1994-11-06", "Sun, 31 Feb 1994 08:49:37 GMT"])
def test_last_modified_is_a_date(value: str) -> None:
    """RFC 9110 section 8.8.2: Last-Modified is a date of HTTP. Anything else is a ValueError."""
    with pytest.raises(ValueError, match="got Last-Modified"):
        ResponseFinalizer("GET", 200, [("Last-Modified", value)])


@pytest.mark.parametrize(
    "value",
    ["Sun Nov  6 08:49:37 1994", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT; length=5"],
)
def test_last_modified_is_an_imf_fixdate(value: str) -> None:
    """RFC 9110 section 5.6.7: a sender writes dates in one format only, whatever format the program has them in."""
    expected = [("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")]
    assert ResponseFinalizer("GET", 200, [("Last-Modified", value)]).head.headers == expected


def test_last_modified_is_not_in_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110 section 8.8.2.1: a date in the future is replaced by the current time, at each sending."""
    now = 784111777
    monkeypatch.setattr(_dates, "clock", lambda: now + 0.5)
    for name in ("Last-Modified", "last-modified"):
        for ahead, expected in ((-1, -1), (0, 0), (1, 0), (10**6, 0)):
            fields = [(name, http_date(now + ahead))]
            assert ResponseFinalizer("GET", 200, fields).head.headers == [(name, http_date(now + expected))]


def test_unknown_status_has_a_phrase() -> None:
    """RFC 9110 section 15: codes without a registered phrase may be sent."""
    assert ResponseFinalizer("GET", 299, TEXT).head.reason == "Unknown"
    assert ResponseFinalizer("GET", 299, TEXT, reason="Mine").head.reason == "Mine"


@given(st.binary(max_size=30), st.lists(st.integers(0, 30)))
def test_where_chunks_end_does_not_matter(body: bytes, cuts: list[int]) -> None:
    """The bytes that a finalizer gives do not depend on where the chunks of the body end."""
    edges = [0, *sorted(cuts), len(body)]
    chunks = [body[a:b] for a, b in itertools.pairwise(edges)]
    assert sent(ResponseFinalizer("GET", 200, [("Content-Length", str(len(body)))]), *chunks) == body


@pytest.mark.parametrize(("method", "status"), [
    ("head", 200), ("connect", 200), ("CONNECT", 300), ("CONNECT", 404), ("OPTIONS", 200), ("GET", 203), ("GET", 206),
    ("GET", 303), ("GET", 305), ("POST", 599),
])  # fmt: skip
def test_a_body_is_sent(method: str, status: int) -> None:
    """Every other response has its content. Methods are case-sensitive (RFC 9110 section 9.1), and a CONNECT that fails
    opens no tunnel (section 9.3.6).
    """
    finalizer = ResponseFinalizer(method, status, TEXT, length=4)
    assert finalizer.sends_body
    assert sent(finalizer, b"body") == b"body"
    assert ("Content-Length", "4") in finalizer.head.headers


def test_a_tunnel_has_no_length() -> None:
    """A 2xx to CONNECT has no Content-Length (RFC 9110 section 8.6), whether it was declared or is known."""
    for headers, length in (([], 4), ([("Content-Length", "4")], None)):
        assert ResponseFinalizer("CONNECT", 200, headers, length=length).head.headers == []


def test_what_has_been_sent() -> None:
    """``has_all`` tells whether the server may go on with the next request: all declared bytes, or the end."""
    unknown, known, empty = (ResponseFinalizer("GET", 200, TEXT, length=length) for length in (None, 4, 0))
    nobody = ResponseFinalizer("HEAD", 200, TEXT, length=4)
    machines = [unknown, known, empty, nobody]
    assert [machine.has_all for machine in machines] == [False, False, True, True]
    for machine in (unknown, known, nobody):
        machine.feed(b"bod")
    assert [machine.has_all for machine in machines] == [False, False, True, True]
    for machine in (unknown, known, nobody):
        machine.feed(b"y")
    assert [machine.has_all for machine in machines] == [False, True, True, True]
    assert [machine.declared for machine in machines] == [None, 4, 0, 4]
    for machine in machines:
        machine.close()
    assert [machine.has_all for machine in machines] == [True] * 4


def test_headers_that_can_be_read_once() -> None:
    """Fields from an iterator are read once, with trailer fields as without."""
    pairs = [("X", "y"), ("Trailer", "X-Sum")]
    for trailers in (None, Trailers({"X-Sum": "1"})):
        made, same = (
            ResponseFinalizer("GET", 200, given, trailers=trailers, trailers_over="1.1")
            for given in (iter(pairs), pairs)
        )
        assert made.head == same.head
        assert [name for name, _ in made.head.headers] == (["X"] if trailers is None else ["X", "Trailer"])


def test_final_fields_is_a_new_list() -> None:
    """A response may be sent several times: what one sending adds, no other sees."""
    fields = list(TEXT)
    assert final_fields("GET", 200, fields, 3) == ([*TEXT, ("Content-Length", "3")], 3)
    assert fields == TEXT


@pytest.mark.parametrize(
    ("status", "kept", "declared"), [(200, True, None), (203, True, None), (204, False, None), (205, True, 0)]
)
def test_the_head_without_a_body(status: int, kept: bool, declared: int | None) -> None:
    """A 204 has no Content-Type, because PEP 3333's validator refuses it; a 205 declares 0 bytes (RFC 9110 section
    15.3.6), and that is what is told as its length.
    """
    fields, length = final_fields("GET", status, [("content-type", "text/plain"), ("X", "y")], None)
    expected = [("content-type", "text/plain")] * kept + [("X", "y")] + [("Content-Length", "0")] * (status == 205)
    assert (fields, length) == (expected, declared)


@pytest.mark.parametrize("method", [b"HEAD", None])
def test_a_method_that_is_not_text(method: Any) -> None:
    """A method in bytes, as parsers have it, is refused by the finalizer and by the events of a response: compared with
    "HEAD" it would be another method, and a body would follow the head.
    """

    async def first() -> None:
        async with aclosing(Response("a").aiter_events(method)) as events:
            await anext(events)

    for send in (
        lambda: ResponseFinalizer(method, 200, TEXT),
        lambda: next(Response("a").iter_events(method)),
        lambda: asyncio.run(first()),
    ):
        with pytest.raises(TypeError, match=f"got method = {method!r}, expected text"):
            send()
