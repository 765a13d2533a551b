"""Trailer fields: which names and values may be set, when they are sent, and what the head says of them."""

from __future__ import annotations

import copy
import pickle
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan.core import Chunk, End, Head, Response, ResponseFinalizer
from cardan.core._response.outgoing import WholeAnswer
from cardan.core._response.trailers import announced, joined, may_follow
from cardan.datastructures import Trailers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

TEXT = [("Content-Type", "text/plain")]


def events(response: Response, method: str = "GET", over: str | None = "2") -> list[Any]:
    """The events of a response, of both generators, which give the same."""
    if not response.is_streamed:

        async def main() -> list[Any]:
            async with aclosing(response.aiter_events(method, trailers_over=over)) as each:
                return [event async for event in each]

        seen = anyio.run(main)
    with closing(response.iter_events(method, trailers_over=over)) as each:
        listed = list(each)
    assert response.is_streamed or seen == listed
    return listed


def test_names_and_values() -> None:
    """A name is found in upper and lower case, and sent as it was set. The order is that of the first setting."""
    trailers = Trailers([("Server-Timing", "a")])
    trailers["X-Rows"] = lambda: "5"
    trailers["server-timing"] = " b "
    assert trailers["SERVER-TIMING"] == "b"
    assert list(trailers) == ["server-timing", "X-Rows"]
    assert trailers.to_list() == [("server-timing", "b"), ("X-Rows", "5")]
    del trailers["x-rows"]
    assert (len(trailers), "X-Rows" in trailers, 5 in trailers, bool(Trailers())) == (1, False, False, False)
    assert repr(trailers) == "Trailers({'server-timing': 'b'})"


@pytest.mark.parametrize(
    "name",
    [
        "Content-Length", "Transfer-Encoding", "Trailer", "TE", "Connection", "Host", "Cache-Control", "Expect",
        "Range", "If-None-Match", "Accept-Encoding", "Authorization", "WWW-Authenticate", "Set-Cookie", "Cookie", "Age",
        "Date",
        "Expires", "Location", "Retry-After", "Vary", "Content-Encoding", "Content-Type", "Content-Range", "accept",
        "Access-Control-Allow-Origin", "Content-Security-Policy", "Strict-Transport-Security", "Sec-WebSocket-Accept",
        # framing and connection (RFC 9110 sections 7.6 and 8.6, RFC 9112 section 7)
        "Keep-Alive", "Proxy-Connection", "Upgrade",
        # routing (sections 7.2 and 7.6, RFC 7239)
        "Forwarded", "Max-Forwards", "Via",
        # modifiers and context of a request (sections 10.1 and 13.1, RFC 6454, RFC 7240, RFC 9218)
        "From", "Origin", "Pragma", "Prefer", "Priority", "Referer", "User-Agent", "If-Match", "If-Modified-Since",
        "If-Unmodified-Since", "If-Range", "Accept-Language", "Accept-CH", "Sec-Fetch-Site", ":status",
        # authentication (section 11, RFC 6265, RFC 2965)
        "Proxy-Authenticate", "Proxy-Authorization", "Set-Cookie2",
        # control data, and what a browser applies before it reads the content
        "Accept-Ranges", "Allow", "Alt-Svc", "Clear-Site-Data", "Cross-Origin-Embedder-Policy",
        "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Content-Security-Policy-Report-Only",
        "Origin-Agent-Cluster", "Permissions-Policy", "Preference-Applied", "Proxy-Status", "Referrer-Policy",
        "Refresh", "Timing-Allow-Origin", "Warning", "X-Content-Type-Options", "X-Frame-Options",
        # format of the content (section 8, RFC 6266)
        "Content-Disposition", "Content-Language", "Content-Location",
    ],
)  # fmt: skip
def test_fields_that_a_client_needs_before(name: str) -> None:
    """RFC 9110 section 6.5.1: no framing, routing, modifiers, authentication, controls and content format."""
    expected = f"^got the trailer field {name}, expected none that a client needs before the body$"
    if not name.startswith(":"):  # no field has such a name
        with pytest.raises(ValueError, match=expected):
            Trailers({name: "a"})
    assert not may_follow(name)
    assert not may_follow(name.upper())


@pytest.mark.parametrize(
    "name", ["Server-Timing", "Content-Digest", "Repr-Digest", "ETag", "grpc-status", "Authentication-Info", "X-Own",
             "Accepted", "Iffy", "Second", "Access-Controls"]
)  # fmt: skip
def test_fields_that_may_follow(name: str) -> None:
    """What tells of the work, of the whole body or of its end, and every field that a program defines itself."""
    assert may_follow(name)
    assert Trailers({name: "a"}).to_list() == [(name, "a")]


async def value() -> str:
    return ""


@pytest.mark.parametrize(
    ("name", "value", "error", "text"),
    [
        ("X Y", "a", ValueError, "got field name 'X Y', expected a token (RFC 9110 section 5.6.2)"),
        (":status", "1", ValueError, "got field name ':status', expected a token (RFC 9110 section 5.6.2)"),
        ("X", "a\r\nb", ValueError, "got 'a\\r\\nb' for X, expected no control characters"),
        ("X", "\u20ac", ValueError, "got '\u20ac' for X, expected characters up to U+00FF (ISO 8859-1)"),
        ("X", 5, TypeError, "got a value of type int for X, expected str or a function that gives it"),
        ("X", None, TypeError, "got a value of type NoneType for X, expected str or a function that gives it"),
        ("X", value, TypeError, "got an async function for X, expected one that gives the value at once"),
    ],
)
def test_mistakes(name: str, value: Any, error: type[Exception], text: str) -> None:
    """What must not be sent is refused where it is set."""
    with pytest.raises(error) as caught:
        Response().trailers[name] = value
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (5, TypeError, "got a value of type int for X, expected str or None"),
        ("a\nb", ValueError, "got 'a\\nb' for X, expected no control characters"),
    ],
)
def test_mistakes_of_a_function(value: Any, error: type[Exception], text: str) -> None:
    """What a function gives is checked when it is called. The response then has no end."""
    finalizer = ResponseFinalizer("GET", 200, TEXT, trailers=Trailers({"X": lambda: value}), trailers_over="2")
    for _ in range(2):
        with pytest.raises(error) as caught:
            finalizer.close()
        assert str(caught.value) == text
    assert finalizer.state == "failed"


@pytest.mark.parametrize("over", ["1.1", "2", "2.0", "3"])
def test_a_stream(over: str) -> None:
    """The head announces the names; the end has the values, which are asked for when the body has ended."""
    log: list[str] = []

    def chunks() -> Iterator[str]:
        yield "a"
        log.append("end")

    response = Response(chunks())
    response.trailers = {"X-Log": lambda: ",".join(log), "X-None": lambda: None, "X-Text": "b"}
    head, *rest = events(response, over=over)
    assert isinstance(head, Head)
    assert dict(head.headers)["Trailer"] == "X-Log, X-None, X-Text"
    assert head.trailers == ("X-Log", "X-None", "X-Text")
    assert rest == [Chunk(b"a"), End([("X-Log", "end"), ("X-Text", "b")])]


@pytest.mark.parametrize(
    ("method", "status", "over"),
    [("HEAD", 200, "2"), ("GET", 204, "2"), ("GET", 205, "2"), ("GET", 304, "2"), ("GET", 200, None),
     ("GET", 200, "1.0"), ("GET", 200, "0.9")],
)  # fmt: skip
@pytest.mark.parametrize("body", [lambda: "a", lambda: iter(["a"])])
def test_none_are_sent(method: str, status: int, over: str | None, body: Any) -> None:
    """Trailer fields are neither announced nor computed for HEAD, without a body, or where server or HTTP have none."""
    response = Response(body(), status)
    response.trailers["X"] = lambda: pytest.fail("called")
    head, *_, end = events(response, method, over)
    assert (dict(head.headers).get("Trailer"), head.trailers, end) == (None, (), End())


@pytest.mark.parametrize(("over", "is_sent"), [("1.1", False), ("2", True)])
def test_a_body_with_a_content_length(over: str, is_sent: bool) -> None:
    """HTTP/1.1 has trailer fields after the last chunk only (RFC 9112 section 7.1.2), HTTP/2 after every body."""
    response = Response("hello")
    response.trailers["X"] = "a"
    head, chunk, end = events(response, over=over)
    assert (dict(head.headers)["Content-Length"], chunk.data) == ("5", b"hello")
    assert (end.trailers, dict(head.headers).get("Trailer")) == (([("X", "a")], "X") if is_sent else ([], None))
    assert isinstance(response.outgoing("GET", trailers_over=over), ResponseFinalizer if is_sent else WholeAnswer)
    assert isinstance(response.outgoing("GET"), WholeAnswer)
    assert isinstance(response.outgoing("HEAD", trailers_over=over), WholeAnswer)


def test_a_name_that_comes_too_late() -> None:
    """A name that is set while the body is sent cannot be announced: that is an error, also where none is sent."""
    for over in (None, "1.1", "2"):
        response = Response()

        def chunks(response: Response = response) -> Iterator[str]:
            yield "a"
            response.trailers["X-Late"] = "b"

        response.response = chunks()
        expected = "^got the trailer field X-Late after the head was made, expected it before$"
        with pytest.raises(RuntimeError, match=expected):
            events(response, over=over)


def test_a_value_that_is_set_while_the_body_is_sent() -> None:
    """The value of a name that was announced may be set until the body has ended."""
    response = Response()
    response.trailers["X"] = "a"

    def chunks() -> Iterator[str]:
        yield "a"
        response.trailers["X"] = "b"

    response.response = chunks()
    assert events(response)[-1] == End([("X", "b")])


def test_an_async_stream() -> None:
    """Trailer fields are sent after an async body, too."""

    async def chunks() -> AsyncIterator[str]:
        yield "a"

    async def main() -> list[Any]:
        response = Response(chunks())
        response.trailers["X"] = "b"
        async with aclosing(response.aiter_events("GET", trailers_over="1.1")) as each:
            return [event async for event in each]

    assert anyio.run(main)[-1] == End([("X", "b")])


def test_a_field_trailer_of_the_program() -> None:
    """A ``Trailer`` that the program has set stays as it is."""
    response = Response(iter(["a"]), headers={"Trailer": "X, Y"})
    response.trailers["X"] = "b"
    head = events(response)[0]
    assert [value for name, value in head.headers if name == "Trailer"] == ["X, Y"]


@pytest.mark.parametrize("body", ["a", ["a"], iter(["a"])])
def test_a_field_trailer_without_trailer_fields(body: Any) -> None:
    """A field ``Trailer`` is left out without trailer fields: it would announce fields that do not follow, and the
    server alone may send it (PEP 3333, "Other HTTP Features").
    """
    response = Response(body, headers={"trailer": "X"})
    assert [name for name, _ in events(response)[0].headers if name.lower() == "trailer"] == []


def test_a_body_that_is_cut() -> None:
    """After ``drop_trailers()`` the end has none, and no function is called."""
    trailers = Trailers({"X": lambda: pytest.fail("called")})
    finalizer = ResponseFinalizer("GET", 200, TEXT, trailers=trailers, trailers_over="2")
    finalizer.feed(b"a")
    finalizer.drop_trailers()
    assert finalizer.close() == [End()]


def test_copies() -> None:
    """A copy has trailer fields of its own. They are pickled with the response."""
    response = Response("a")
    response.trailers["X"] = "b"
    for twin in (copy.copy(response), copy.deepcopy(response), pickle.loads(pickle.dumps(response))):
        assert twin.trailers == response.trailers
        twin.trailers["Y"] = "c"
        assert events(twin)[-1] == End([("X", "b"), ("Y", "c")])
    assert events(response)[-1] == End([("X", "b")])


def test_names_that_are_announced() -> None:
    """Spaces and tabs around a name are taken off (RFC 9110 section 5.6.1); what is no token then is left out."""
    assert announced(["\tX-A , X-B\xa0", "\x85X-C,X-D"]) == ["X-A", "X-D"]


def test_what_another_application_sends() -> None:
    """Values of one name are one list. What must not stand behind a body is left out."""
    assert joined([("x", "a"), ("date", "b"), ("y", "c"), ("x", "d")]) == {"x": "a, d", "y": "c"}
    assert announced(["X, Date", " y ,, a b"]) == ["X", "y"]


def test_trailers_that_are_assigned_while_the_body_runs() -> None:
    """An assignment counts until the end of the body, as a change does; its names must have been announced."""

    def body(fields: dict[str, str]) -> Iterator[str]:
        yield "a"
        response.trailers = fields
        yield "b"

    response = Response(body({"X-Rows": "5"}))
    response.trailers = {"X-Rows": "0"}
    *_, end = response.iter_events("GET", trailers_over="1.1")
    assert isinstance(end, End)
    assert end.trailers == [("X-Rows", "5")]

    for before in ({"X-Rows": "0"}, {}):
        response = Response(body({"X-Other": "5"}))
        response.trailers = before
        with pytest.raises(RuntimeError, match="got the trailer field X-Other after the head was made"):
            list(response.iter_events("GET", trailers_over="1.1"))


def test_equality() -> None:
    """Trailers are equal to a mapping with the same fields, whatever the case of their names, and to nothing else."""
    trailers = Trailers({"X-Log": "a"})
    assert trailers == Trailers({"x-log": "a"})
    assert trailers == {"X-LOG": "a"}
    assert trailers != {"X-Log": "b"}
    assert trailers != [("X-Log", "a")]
