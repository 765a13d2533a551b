"""The way out of a response: ``outgoing()`` gives a whole answer or a finalizer, and both follow the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core import Chunk, ContentLengthError, Head, Response, ResponseFinalizer
from cardan.core._response import WholeAnswer
from cardan.core._response.outgoing import closers_of, whole_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardan.core.structures import Headers

URL = "http://h/app/page?a=1"

#: ways to give a body, each with whether it is buffered; ``cut`` is where the bytes are cut in two
BODIES: dict[str, tuple[bool, Callable[[bytes, int], Any]]] = {
    "bytes": (True, lambda data, cut: data),
    "text": (True, lambda data, cut: data.decode("latin-1")),
    "bytearray": (True, lambda data, cut: bytearray(data)),
    "list": (True, lambda data, cut: [data[:cut], data[cut:]]),
    "tuple of both": (True, lambda data, cut: (data[:cut], data[cut:].decode("latin-1"))),
    "iterator": (False, lambda data, cut: iter([data[:cut], data[cut:]])),
    "None": (True, lambda data, cut: None),
}

#: header fields of a response; a second item that is an int means that number more than the length of the body
HEADERS: list[list[tuple[str, Any]]] = [
    [],
    [("X-A", "b")],
    [("Content-Length", 0)],
    [("content-length", 1)],
    [("Content-Length", 0), ("Content-Length", 1)],
    [("Content-Type", "a/b"), ("Vary", "x"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")],
    [("Location", "caf\xe9?q=\xfc"), ("Content-Location", "/x")],
    [("Transfer-Encoding", "chunked"), ("ETag", '"v"'), ("Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT")],
]


def by_finalizer(response: Response, method: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """What is sent if every chunk goes through the finalizer, which is the oracle."""
    events = list(response.iter_events(method, request_url=lambda: URL))
    head = events[0]
    assert isinstance(head, Head)
    return head.status, head.headers, b"".join(event.data for event in events if isinstance(event, Chunk))


def outcome(way: Callable[[Response, str], Any], response: Response, method: str) -> Any:
    try:
        return way(response, method)
    except (ValueError, ContentLengthError) as error:
        return type(error)


@st.composite
def responses(draw: st.DrawFn) -> tuple[bool, Callable[[], Response]]:
    """Whether the body is buffered, and what makes equal responses, one for each way."""
    buffered, body = draw(st.sampled_from(list(BODIES.values())))
    data = draw(st.binary(max_size=9))
    cut = draw(st.integers(0, 9))
    given = body(data, cut)
    length = len(data if given is None or not buffered else Response(given).data)
    headers = [
        (name, str(length + value) if isinstance(value, int) else value)
        for name, value in draw(st.sampled_from(HEADERS))
    ]
    status: Any = draw(st.sampled_from([100, 200, 201, 204, 205, 206, 299, 302, 304, 404, 500, 599, "404 Mine"]))
    kinds = draw(st.sampled_from([{}, {"mimetype": "text/css"}, {"content_type": "a/b; c=d"}]))
    options = draw(
        st.fixed_dictionaries(
            {
                "automatically_set_content_length": st.booleans(),
                "autocorrect_location_header": st.booleans(),
                "direct_passthrough": st.booleans(),
                "default_mimetype": st.sampled_from(["text/plain", None]),
            }
        )
    )
    changes = draw(st.lists(st.sampled_from(["headers", "hook", "response", "data", "append"]), max_size=2))

    def make() -> Response:
        cls = type("Made", (Response,), options)
        response: Response = cls(body(data, cut), status, headers or None, **kinds)  # a list is kept, and changed below
        for change in changes:
            if change == "headers":
                response.headers["X-More"] = "1"
            elif change == "hook":
                response.call_on_close(lambda: None)
            elif change == "response":
                _ = response.response
            elif change == "data" and buffered and not options["direct_passthrough"]:
                response.data = b"new"
            elif change == "append" and isinstance(response.response, list):
                response.response.append(b"more")
        return response

    return buffered, make


@given(case=responses(), method=st.sampled_from(["GET", "HEAD", "POST"]))
def test_a_whole_answer_is_what_the_finalizer_sends(case: tuple[bool, Callable[[], Response]], method: str) -> None:
    """Law: for every response, what ``outgoing()`` gives is sent as the finalizer sends it, or raises as it does."""
    buffered, make = case
    expected = outcome(by_finalizer, make(), method)

    def way(response: Response, method: str) -> Any:
        outgoing = response.outgoing(method, lambda: URL)
        if isinstance(outgoing, WholeAnswer):
            assert buffered
            return outgoing.status, outgoing.headers, outgoing.body
        events = [*(outgoing.feed(chunk) for chunk in response.iter_encoded() if outgoing.sends_body), outgoing.close()]
        data = b"".join(event.data for each in events for event in each if isinstance(event, Chunk))
        return outgoing.head.status, outgoing.head.headers, data

    got = outcome(way, make(), method)
    if isinstance(got, type) or isinstance(expected, type) or make().outgoing(method).__class__ is WholeAnswer:
        assert got == expected
    else:  # nobody knows the length of a body that goes to the server as it is
        assert (got[0], got[2]) == (expected[0], expected[2])
        assert [pair for pair in expected[1] if pair not in got[1]] in ([], [("Content-Length", str(len(got[2])))])


@pytest.mark.parametrize("method", ["GET", "HEAD", "head", "CONNECT", "POST"])
@pytest.mark.parametrize("status", [*range(200, 210), *range(290, 310), 400, 404, 500, 599])
def test_every_status(status: int, method: str) -> None:
    """Law: the fast path of ``outgoing()`` gives for each status what its slow path gives."""
    response = Response("body", status)
    fast = response.outgoing(method)
    _ = response.headers  # a response with a headers object takes the slow path
    assert response.outgoing(method) == fast == WholeAnswer(*by_finalizer(response, method))


@pytest.mark.parametrize("status", [100, 101, 199])
def test_a_status_that_is_not_final_is_refused(status: int) -> None:
    """Law: a response has a final status (RFC 9110 section 15), on both ways."""
    response = Response("body")
    response.status_code = status
    for _ in range(2):
        with pytest.raises(ValueError, match="expected a code from 200 to 599"):
            response.outgoing("GET")
        _ = response.headers


def test_a_stream_gives_a_finalizer() -> None:
    """Law: a body that is not buffered, or that goes to the server as it is, has no whole answer."""
    assert isinstance(Response(iter([b"a"])).outgoing("GET"), ResponseFinalizer)
    assert isinstance(Response([b"a"], direct_passthrough=True).outgoing("GET"), ResponseFinalizer)
    assert isinstance(Response(b"a", direct_passthrough=True).outgoing("GET"), WholeAnswer)


def test_a_declared_length_is_kept() -> None:
    """Law: a buffered body that is not as long as its Content-Length raises before anything is sent."""
    with pytest.raises(ContentLengthError):
        Response("body", headers={"Content-Length": "3"}).outgoing("GET")
    answer = Response("body", headers={"Content-Length": "3"}).outgoing("HEAD")
    assert isinstance(answer, WholeAnswer)
    assert (answer.headers[-1], answer.body) == (("Content-Length", "3"), b"")


@given(case=responses(), method=st.sampled_from(["GET", "HEAD", "POST"]))
def test_an_answer_that_is_sent_at_once(case: tuple[bool, Callable[[], Response]], method: str) -> None:
    """Law: ``whole_answer()`` gives what ``outgoing()`` gives, and nothing of a response with something to close."""
    _, make = case
    answer = outcome(whole_answer, make(), method)
    if answer is None:
        response = make()
        assert (
            closers_of(response)
            or response.autocorrect_location_header
            or isinstance(response.outgoing(method), ResponseFinalizer)
        )
    else:
        assert answer == outcome(Response.outgoing, make(), method)


def test_hooks_and_a_location_are_not_sent_at_once() -> None:
    """Law: a response with a hook, or with a Location that the URL of the request completes, is never sent at once."""
    response = Response("body")
    assert whole_answer(response, "GET") is not None
    response.call_on_close(lambda: None)
    assert whole_answer(response, "GET") is None
    response = Response("body", headers={"Location": "/x"})
    assert whole_answer(response, "GET") is not None
    response.autocorrect_location_header = True
    assert whole_answer(response, "GET") is None


@pytest.mark.parametrize("headers", [None, {"X-A": "b"}])
def test_a_subclass_that_overrides_headers(headers: dict[str, str] | None) -> None:
    """Law: the fields of an overridden ``headers`` are sent of every response, also of one that the fast path takes."""

    class Secure(Response):
        @property
        def headers(self) -> Headers:  # type: ignore[override]
            fields = super().headers
            fields["X-Frame-Options"] = "DENY"
            return fields

    sent = Secure("x", headers=headers).outgoing("GET").headers  # type: ignore[union-attr]
    assert ("X-Frame-Options", "DENY") in sent
    assert WholeAnswer(*by_finalizer(Secure("x", headers=headers), "GET")) == Secure("x", headers=headers).outgoing(
        "GET"
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "QUERY", "get"])
@pytest.mark.parametrize("code", [200, 201, 299, 301, 404, 500, 599])
def test_a_usual_answer_is_made_at_once(method: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most responses have a body of bytes and no field of their own: the slow path is not taken for them, whatever the
    method and the status are. It is for a status without a body, and for a method that opens a tunnel.
    """
    is_on = Response("x")._plain("GET") is not None  # not with ``pytest --slow-paths``
    slow: list[int] = []
    checked = Response._checked
    monkeypatch.setattr(Response, "_checked", lambda self, *given: slow.append(self._code) or checked(self, *given))
    answer = Response("text", code).outgoing(method)
    assert isinstance(answer, WholeAnswer)
    assert (answer.status, answer.body) == (code, b"" if method == "HEAD" else b"text")
    assert slow == ([] if is_on else [code])
    slow.clear()
    for without in (204, 205, 304):
        Response("text", without).outgoing(method)
    Response("text", code).outgoing("CONNECT")
    assert slow == [204, 205, 304, code]
