"""The HTTP errors: how they are raised, sent, copied and pickled."""

from __future__ import annotations

import copy
import http
import json
import pickle
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import cardan.exceptions
from cardan.core import _exceptions as exceptions
from cardan.core._exceptions import (
    BadRequest,
    BadRequestKeyError,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    abort,
    default_exceptions,
)
from cardan.core._problem import problem_details
from cardan.core._response.response import Response
from cardan.core.fields._authorization import Challenge
from cardan.core.fields._www_authenticate import WWWAuthenticate
from cardan.core.structures import Headers

CLASSES = [
    cls
    for name in exceptions.__all__
    if isinstance(cls := getattr(exceptions, name), type) and issubclass(cls, HTTPException)
]


class OutOfStock(HTTPException):
    code = 409
    description = "not enough in stock"
    left: int


class Particular(HTTPException):
    """An error with its own constructor."""

    code = 418

    def __init__(self, left: int) -> None:
        super().__init__(members={"left": left})


class Request:
    def __init__(self, accept: str | None = None, content_type: str | None = None) -> None:
        pairs = [("Accept", accept), ("Content-Type", content_type)]
        self.headers = Headers([(name, value) for name, value in pairs if value is not None])


def body(error: HTTPException, *args: Any) -> tuple[str, str]:
    response = error.get_response(*args)
    return response.headers["Content-Type"], response.get_data(as_text=True)


def problem(error: HTTPException, *args: Any) -> dict[str, Any]:
    kind, text = body(error, *args)
    assert kind == "application/problem+json"
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class(cls: type[HTTPException]) -> None:
    """Each class can be made without arguments and then has a status, a reason phrase and a response."""
    error = cls()
    if cls is HTTPException:
        assert (error.name, error.get_response().status_code) == ("Unknown Error", 500)
        return
    assert 400 <= (error.code or 0) < 600
    assert error.name != "Unknown Error"
    assert error.get_response().status_code == error.code
    assert repr(error) == f"<{cls.__name__} {str(error)!r}>"


@pytest.mark.parametrize("code", sorted(default_exceptions))
def test_abort(code: int) -> None:
    """``abort()`` raises the class of the status code and passes the other arguments to it."""
    with pytest.raises(default_exceptions[code]) as caught:
        abort(code, "why", headers={"X": "y"}, members={"member": 1})
    assert (caught.value.code, caught.value.description, caught.value.members) == (code, "why", {"member": 1})
    assert type(caught.value).__base__ in (HTTPException, exceptions._RetryAfter)


def test_abort_with_a_response() -> None:
    """``abort(response)`` sends this response."""
    response = Response()
    with pytest.raises(HTTPException) as caught:
        abort(response)
    assert caught.value.get_response() is response


@pytest.mark.parametrize("code", [200, 299, 499, 600, 0, -1])
def test_abort_with_what_is_no_error(code: int) -> None:
    """A status code without a class raises a LookupError that lists the valid ones: it is a fault of the program."""
    with pytest.raises(LookupError, match=rf"^got status {code}, expected one of \[400, "):
        abort(code)


def test_text() -> None:
    """The text of an error contains status code, reason phrase and description."""
    assert str(NotFound()) == "404 Not Found: there is nothing at this address"
    assert str(NotFound("")) == "404 Not Found"
    assert str(Particular(3)) == "418 I'm a teapot"


CHOSEN = [
    (None, "text/plain"),
    ("", "text/plain"),
    ("*/*", "text/plain"),
    ("text/*", "text/plain"),
    ("application/*", "application/problem+json"),
    ("application/*, text/plain;q=0", "application/problem+json"),
    ("text/*, text/plain;q=0", "text/html"),
    ("*/*, text/plain;q=0", "application/problem+json"),
    ("*/*, text/plain;q=0, application/*;q=0", "text/html"),
    ("*/*;q=0, text/html", "text/html"),
    ("text/*;q=0.9, application/json;q=0.5", "text/plain"),
    ("text/*;q=0.5, application/json;q=0.9", "application/problem+json"),
    ("text/html;q=0.5, */*", "text/plain"),
    ("text/html;q=0.5, */*;q=0.5", "text/html"),
    ("application/*, */*;q=0.1", "application/problem+json"),
    ("text/*, */*", "text/plain"),
    ("application/json, text/plain, */*", "application/problem+json"),
    ("application/json, text/javascript, */*;q=0.01", "application/problem+json"),
    ("application/problem+json;q=0.1, application/json, text/plain;q=0.5", "text/plain"),
    ("application/json;q=0, application/problem+json", "application/problem+json"),
    ("application/json;q=0, application/vnd.api+json;q=0.1", "application/problem+json"),
    ("text/html;q=0, application/xhtml+xml, text/plain;q=0.1", "text/plain"),
    ("text/plain;format=flowed;q=0, */*;q=0.5", "text/plain"),
    ("text/html;charset=utf-8", "text/html"),
    ("text/plain;q=0", "application/problem+json"),
    ("image/*, text/plain;q=0, application/json;q=0", "text/html"),
    ("*/*;q=0", "text/plain"),
    ("image/png", "text/plain"),
    ("garbage;;", "text/plain"),
    ("text/plain, application/json", "text/plain"),
    ("application/json", "application/problem+json"),
    ("application/problem+json", "application/problem+json"),
    ("Application/Vnd.API+JSON; v=1", "application/problem+json"),
    ("text/html;q=0.5, application/json", "application/problem+json"),
    ("text/html, application/json", "text/html"),
    ("application/json;q=0, */*", "text/plain"),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
    ("application/xhtml+xml", "text/html"),
    ("image/png, text/html;q=0.1", "text/html"),
]


@pytest.mark.parametrize(("accept", "kind"), CHOSEN)
def test_the_client_chooses(accept: str | None, kind: str) -> None:
    """The format with the highest quality in Accept is sent; each range gives the quality of what no more specific one
    covers (RFC 9110 section 12.5.1). What Accept names goes before what a wildcard covers, then text goes first. Vary
    tells caches about it.
    """
    response = NotFound("x").get_response(Request(accept))
    assert response.headers["Content-Type"].partition(";")[0] == kind
    assert response.headers["Vary"] == "Accept"


UNDECIDED: list[tuple[str | None, str | None, dict[str, Any], str]] = [
    ("*/*", None, {"left": 3}, "application/problem+json"),
    (None, None, {"left": 3}, "application/problem+json"),
    (None, "application/json", {}, "application/problem+json"),
    ("*/*", "application/merge-patch+json", {}, "application/problem+json"),
    ("text/html", "application/json", {"left": 3}, "text/html"),
    ("text/plain", None, {"left": 3}, "text/plain"),
    ("text/*", None, {"left": 3}, "text/plain"),
    ("text/*, text/plain;q=0", "application/json", {}, "text/html"),
    ("text/html;q=0.5, */*", None, {"left": 3}, "application/problem+json"),
    ("image/png", None, {"left": 3}, "application/problem+json"),
    ("*/*, application/json;q=0, application/problem+json;q=0", None, {"left": 3}, "text/plain"),
    ("application/json;q=0", "application/json", {}, "text/plain"),
    (None, "text/plain", {}, "text/plain"),
]


@pytest.mark.parametrize(("accept", "content_type", "members", "kind"), UNDECIDED)
def test_where_the_client_says_nothing(accept: str | None, content_type: str | None, members: Any, kind: str) -> None:
    """If Accept prefers no format, an error with members and an error for a JSON body give JSON."""
    response = BadRequest(members=members).get_response(Request(accept, content_type))
    assert response.headers["Content-Type"].partition(";")[0] == kind


@pytest.mark.parametrize(
    ("accept", "content_type", "members", "kind"),
    [row for row in [*((accept, None, {}, kind) for accept, kind in CHOSEN), *UNDECIDED] if "*/*" in (row[0] or "")],
)
def test_an_asterisk_alone_is_any_type(accept: str, content_type: str | None, members: Any, kind: str) -> None:
    """Some clients, such as HttpURLConnection of Java, send ``*`` for ``*/*``, or both with one quality. The answer is
    that to ``*/*``.
    """
    ranges = accept.split(", ")
    alone = [each.replace("*/*", "*") for each in ranges]
    both = [each.replace("*/*", "*") + ", " + each if "*/*" in each else each for each in ranges]
    turned = [each + ", " + each.replace("*/*", "*") if "*/*" in each else each for each in ranges]
    for sent in (alone, both, turned):
        response = BadRequest(members=members).get_response(Request(", ".join(sent), content_type))
        assert response.headers["Content-Type"].partition(";")[0] == kind, sent


def test_without_a_request() -> None:
    """Without a request the response is text, or a problem document if there are members, and has no Vary field."""
    assert body(NotFound("x")) == ("text/plain; charset=utf-8", "Not Found\n\nx\n")
    assert body(NotFound("")) == ("text/plain; charset=utf-8", "Not Found\n")
    assert problem(OutOfStock(left=3))["left"] == 3
    assert "Vary" not in NotFound().get_response().headers


def test_problem_details() -> None:
    """A problem document has the members of RFC 9457 section 3.1, then others, which cannot replace these."""
    error = OutOfStock(left=3, members={"order": 17})
    own = {"type": "about:blank", "title": "Conflict", "status": 409, "detail": "not enough in stock"}
    assert problem(error) == {**own, "left": 3, "order": 17}
    assert list(problem(error)) == ["type", "title", "status", "detail", "left", "order"]
    error.members = {"type": "x", "title": "y", "status": 200, "detail": "z", "instance": "/", "left": 4}
    assert problem(error) == {**own, "left": 3}
    assert problem(Particular(1)) == {"type": "about:blank", "title": "I'm a teapot", "status": 418, "left": 1}
    assert "detail" not in problem(Particular(1))


@pytest.mark.parametrize(
    ("member", "shown"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01 00:00:00+00:00"),
        (float("nan"), "nan"),
        ({1, 2}, "{1, 2}"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        ("é€\ud800", "é€\ud800"),
    ],
)
def test_members_of_any_kind(member: Any, shown: str) -> None:
    """A member that JSON cannot represent is written as text, so that making the response never fails."""
    assert problem(OutOfStock(left=0, members={"member": member}))["member"] == shown


@pytest.mark.parametrize("name", ["type", "title", "instance", "description"])
def test_parameters_of_the_document(name: str) -> None:
    """``type``, ``title`` and ``instance`` are parameters, as the description is. A class may set them, too."""
    options: dict[str, Any] = {name: "/x"}
    given, declared = NotFound(**options), type("Mine", (NotFound,), options)()
    member = "detail" if name == "description" else name
    for error in (given, declared):
        assert getattr(error, name) == "/x"
        assert json.loads(problem_details(error))[member] == "/x"
    assert "instance" not in json.loads(problem_details(NotFound()))


def test_the_title_is_shown() -> None:
    """The title stands in HTML and in plain text as well, in place of the reason phrase. HTML is escaped."""
    error = NotFound("x", title="No <such> page")
    assert body(error, Request("text/plain"))[1] == "No <such> page\n\nx\n"
    text = body(error, Request("text/html"))[1]
    assert "<title>404 No &lt;such&gt; page</title>\n<h1>No &lt;such&gt; page</h1>" in text


def test_a_class_sets_what_every_error_has() -> None:
    """Each parameter of an error can be an attribute of its class."""

    class Late(NotFound):
        headers = {"X": "y"}
        members = {"order": 17}

    assert Late().get_headers() == [("X", "y")]
    assert Late(headers={"Z": "a"}).get_headers() == [("Z", "a")]
    assert problem(Late())["order"] == 17
    Late().members |= {"more": 1}
    assert Late().members == {"order": 17}


def test_members_that_contain_themselves() -> None:
    """Members that contain themselves are written as text."""
    loop: list[Any] = []
    loop.append(loop)
    assert problem(OutOfStock(left=0, members={"loop": loop}))["loop"] == "[[...]]"


def test_html_is_escaped() -> None:
    """Special characters are escaped in HTML, because a description may contain text of the client."""
    kind, text = body(NotFound("<script>alert('&\"')</script>"), Request("text/html"))
    assert kind == "text/html; charset=utf-8"
    assert "<p>&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;</p>" in text
    assert "<title>404 Not Found</title>" in text
    assert "<p>" not in body(NotFound(""), Request("text/html"))[1]


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (NotFound(headers={"X": "y"}), [("X", "y")]),
        (NotFound(headers=[("X", "y"), ("X", "z")]), [("X", "y"), ("X", "z")]),
        (NotFound(headers=Headers([("X", "y"), ("X", "z")])), [("X", "y"), ("X", "z")]),
        (MethodNotAllowed(valid_methods=("GET", "HEAD")), [("Allow", "GET, HEAD")]),
        (MethodNotAllowed(valid_methods=()), [("Allow", "")]),
        (MethodNotAllowed(valid_methods=["GET"], headers={"allow": "POST"}), [("allow", "POST")]),
        (
            Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "x"})),
            [("WWW-Authenticate", 'Basic realm="x"')],
        ),
        (Unauthorized(www_authenticate=[Challenge("a"), Challenge("b")]), [("WWW-Authenticate", "A, B")]),
        (Unauthorized(www_authenticate=Challenge("a")), [("WWW-Authenticate", "A")]),
        (Unauthorized(www_authenticate="Basic"), [("WWW-Authenticate", "Basic")]),
        (Unauthorized(), []),
        (
            exceptions.ProxyAuthenticationRequired(proxy_authenticate=[Challenge("a"), Challenge("b")]),
            [("Proxy-Authenticate", "A, B")],
        ),
        (exceptions.ProxyAuthenticationRequired("who?", None, "Basic"), [("Proxy-Authenticate", "Basic")]),
        (exceptions.ProxyAuthenticationRequired(), []),
        (exceptions.UnsupportedMediaType(accept=["a/b;c=d", "text/*"]), [("Accept", "a/b;c=d, text/*")]),
        (
            exceptions.UnsupportedMediaType(accept=(), accept_encoding=["gzip"]),
            [("Accept", ""), ("Accept-Encoding", "gzip")],
        ),
        (exceptions.UnsupportedMediaType(), []),
        (RequestedRangeNotSatisfiable(length=10), [("Content-Range", "bytes */10")]),
        (RequestedRangeNotSatisfiable(length=0, units="items"), [("Content-Range", "items */0")]),
        (RequestedRangeNotSatisfiable(), []),
        (TooManyRequests(retry_after=5), [("Retry-After", "5")]),
        (TooManyRequests(retry_after=0), [("Retry-After", "0")]),
        (ServiceUnavailable(retry_after=timedelta(minutes=1)), [("Retry-After", "60")]),
        (
            ServiceUnavailable(retry_after=datetime(2026, 1, 1, tzinfo=UTC)),
            [("Retry-After", "Thu, 01 Jan 2026 00:00:00 GMT")],
        ),
        (ServiceUnavailable(), []),
    ],
)
def test_fields(error: HTTPException, headers: list[tuple[str, str]]) -> None:
    """The response has the given header fields, and those that the status requires unless they are given."""
    assert error.get_headers() == headers
    sent = error.get_response().headers.items()
    assert [field for field in sent if field[0] not in ("Content-Type", "Content-Length")] == headers


@pytest.mark.parametrize("field", [("X", "a\r\nb"), ("X", "\u20ac"), ("X Y", "a"), ("", "a"), ("X:", "a")])
def test_fields_that_must_not_go_on_the_wire(field: tuple[str, str]) -> None:
    """A name or value that a header field must not contain (RFC 9110 sections 5.1 and 5.5) is refused when the error is
    made, from a mapping and from pairs, and in the body of a class.
    """
    for headers in (dict([field]), [field], iter([field])):
        with pytest.raises(ValueError, match=r"^got .* in headers, expected "):
            NotFound(headers=headers)
    with pytest.raises(ValueError, match=r"^got .* in headers, expected "):
        type("Mine", (NotFound,), {"headers": [field]})


def test_a_field_that_was_added_later() -> None:
    """A field that was added to the error after it was made is refused when the response is made."""
    error = NotFound(headers=[])
    error.headers = {"X": "a\r\nb"}
    with pytest.raises(ValueError, match=r"^got "):
        error.get_response()


@pytest.mark.parametrize(
    ("description", "text"),
    [
        (404, ("got the number 404 as description, expected a str; "
              "for an error with this status: abort(404), or a class such as NotFound")),
        (b"x", "got bytes as description, expected a str"),
        (["x"], "got list as description, expected a str"),
    ],
)  # fmt: skip
def test_a_description_is_a_text(description: Any, text: str) -> None:
    """Anything else is a TypeError; for a number it says how an error with a status is made."""
    with pytest.raises(TypeError) as caught:
        NotFound(description)
    assert str(caught.value) == text


def test_an_exception_is_no_first_argument() -> None:
    """The classes that take their own parameter first say of an exception what every class says: it would be sent."""
    for cls in (NotFound, MethodNotAllowed, RequestedRangeNotSatisfiable):
        for rest in ((), (None,)):
            with pytest.raises(TypeError, match=r"^got ValueError as description, expected what the client may see"):
                cls(ValueError("secret"), *rest)  # type: ignore[arg-type]


def test_a_ready_response() -> None:
    """``get_response()`` returns the response that was given to the error."""
    response = Response()
    assert NotFound(response=response).get_response(Request("text/html")) is response


CORE_ALONE = """
import sys
from cardan.core import NotFound, Request, RequestHead, Response

class Mine(NotFound):
    response_class = Response

response = Mine(headers={"X": "y"}).get_response(Request(RequestHead("GET", "/")))
print(type(response) is Response, response.status, response.headers["X"])
print([name for name in ("cardan._response", "cardan.wsgi", "cardan.asgi", "cardan._crossing") if name in sys.modules])
response = NotFound().get_response()
print(isinstance(response, Response), callable(response), NotFound.response_class)
"""


def test_the_class_of_the_response() -> None:
    """``response_class`` of an error class is the class of its responses. With the one of core no adapter is imported;
    without it the response is one that every server can call, whatever was imported before.
    """
    lines = subprocess.run([sys.executable, "-c", CORE_ALONE], capture_output=True, text=True, check=True).stdout
    assert lines.splitlines() == ["True 404 Not Found y", "[]", "True True None"]

    class Own(Response):
        pass

    class Mine(NotFound):
        response_class = Own

    assert type(Mine().get_response()) is Own


@pytest.mark.parametrize(
    "error",
    [
        NotFound(),
        NotFound("x", headers={"A": "b"}, members={"member": [1]}),
        OutOfStock(left=3),
        Particular(4),
        BadRequestKeyError("name"),
        RequestEntityTooLarge(limit="max_files", allowed=1, received=2),
        MethodNotAllowed(valid_methods=["GET"]),
        Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "x"})),
        TooManyRequests(retry_after=5),
    ],
)
def test_copies(error: HTTPException) -> None:
    """A pickle, a copy and a deep copy are equal to the error, whatever arguments its constructor has."""
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert twin.args == error.args
        assert vars(twin) == vars(error)
        assert twin.get_headers() == error.get_headers()


def test_a_missing_key() -> None:
    """A missing key is a KeyError and becomes a 400 response."""
    error = BadRequestKeyError("name")
    assert isinstance(error, KeyError)
    assert (error.args, error.key, str(error)) == (("name",), "name", "400 Bad Request: missing key 'name'")
    assert str(BadRequestKeyError()) == "400 Bad Request: the request could not be understood"


def test_a_limit_has_a_name() -> None:
    """A 413 error tells the name of the limit, its value, and the received size."""
    error = RequestEntityTooLarge(limit="max_files", allowed=1, received=2)
    assert (error.limit, error.allowed, error.received) == ("max_files", 1, 2)
    assert error.description == "got 2, expected at most 1 (max_files)"
    assert RequestEntityTooLarge(limit="max_files", allowed=1).description == (
        "got more than 1, expected at most 1 (max_files)"
    )
    assert RequestEntityTooLarge("own", limit="max_files", allowed=1).description == "own"


@pytest.mark.parametrize("status", ["404", b"404", 404.0, NotFound, NotFound(), HTTPException, Response, None, {}])
def test_abort_refuses_what_is_neither_a_status_code_nor_a_response(status: Any) -> None:
    """``abort()`` raises TypeError at the call, and says what came, for a text, a class, an error and their like."""
    with pytest.raises(TypeError, match=r"got .* as status, expected a status code"):
        abort(status)


@pytest.mark.parametrize("response", ["text", b"x", 5, NotFound(), NotFound, Response, {"a": "b"}])
def test_the_response_of_an_error_is_a_response(response: Any) -> None:
    """``NotFound("%s is missing", name)`` raises TypeError: the second parameter is the response."""
    for give in (
        lambda: NotFound("x", response),
        lambda: NotFound(response=response),
        lambda: abort(404, "x", response=response),
    ):
        with pytest.raises(TypeError, match="as response, expected a response"):
            give()


def test_an_application_as_the_response_of_an_error() -> None:
    """A plain WSGI application is accepted as a response, as in Werkzeug: calling the error runs it."""

    def plain(environ: Any, start_response: Any) -> list[bytes]:
        return [b"answer"]

    application: Any = plain
    with pytest.raises(HTTPException) as caught:
        abort(application)
    error: Any = caught.value
    assert error({}, None) == [b"answer"]


@pytest.mark.parametrize("headers", ["x", "a: b", b"x", 5, ["ab"], [("a",)], [5]])
def test_wrong_headers_of_an_error_are_found_at_the_call(headers: Any) -> None:
    """What holds no header fields raises TypeError when the error is made, not when its response is."""
    for give in (lambda: NotFound(headers=headers), lambda: abort(404, headers=headers)):
        with pytest.raises(TypeError, match=r"got .* headers, expected a|got .* in headers, expected a pair"):
            give()


def test_an_error_keeps_headers_from_an_iterator() -> None:
    """Headers from a generator are read once, so that the error has them in each of its responses."""
    error = NotFound(headers=(pair for pair in [("X", "y")]))
    assert [error.get_response().headers["X"] for _ in range(2)] == ["y", "y"]


@pytest.mark.parametrize("options", [
    (503, {"retry_after": "soon"}), (429, {"retry_after": [5]}), (503, {"retry_after": -1}),
    (405, {"valid_methods": "GET"}), (405, {"valid_methods": 5}), (405, {"valid_methods": [5]}),
    (416, {"length": "5"}), (416, {"length": -5}), (416, {"length": 5, "units": 5}),
    (401, {"www_authenticate": 5}), (401, {"www_authenticate": [5]}), (401, {"www_authenticate": b"Basic"}),
])  # fmt: skip
def test_a_parameter_that_makes_no_field_is_found_at_the_call(options: tuple[Any, Any]) -> None:
    """A value from which the error could not make its header field is an error at the call: "got ..., expected ..."."""
    status, given = options
    with pytest.raises((TypeError, ValueError), match=r"^got .*, expected "):
        abort(status, **given)


def test_parameters_from_an_iterator_last() -> None:
    """Methods and challenges from a generator are read once, so that each response of the error has them."""
    error = MethodNotAllowed(valid_methods=iter(["GET", "HEAD"]))
    assert [error.get_headers() for _ in range(2)] == [[("Allow", "GET, HEAD")]] * 2


@pytest.mark.parametrize("methods", [["GET, POST"], ["GET", ""], ["a b"], ["é"]])
def test_allowed_methods_are_tokens(methods: list[str]) -> None:
    """Each of the ``valid_methods`` is one method, a token (RFC 9110 sections 9.1 and 10.2.1)."""
    with pytest.raises(ValueError, match=r"^got method .*, expected a token$"):
        MethodNotAllowed(valid_methods=methods)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: exceptions.ProxyAuthenticationRequired(proxy_authenticate=3), TypeError),  # type: ignore[arg-type]
        (lambda: exceptions.ProxyAuthenticationRequired(proxy_authenticate=["Basic"]), TypeError),  # type: ignore[list-item]
        (lambda: exceptions.ProxyAuthenticationRequired(proxy_authenticate="a\nb"), ValueError),
        (lambda: Unauthorized(www_authenticate="a\nb"), ValueError),
        (lambda: exceptions.UnsupportedMediaType(accept="a/b"), TypeError),
        (lambda: exceptions.UnsupportedMediaType(accept=["a/b, c/d"]), ValueError),
        (lambda: exceptions.UnsupportedMediaType(accept=["json"]), ValueError),
        (lambda: exceptions.UnsupportedMediaType(accept=["a/b;\n"]), ValueError),
        (lambda: exceptions.UnsupportedMediaType(accept_encoding=["gzip, br"]), ValueError),
        (lambda: exceptions.UnsupportedMediaType(accept_encoding=[3]), TypeError),  # type: ignore[list-item]
    ],
)
def test_fields_of_a_status_are_checked_where_they_are_given(make: Any, kind: type[Exception]) -> None:
    """What an error class sends in a field of its own is checked when the error is made: challenges (RFC 9110
    section 11.3), media types and content codings (section 15.5.16).
    """
    with pytest.raises(kind, match=r"^got "):
        make()


def test_the_unit_of_a_range_is_a_token() -> None:
    """The range unit of a 416 is a token (RFC 9110 section 14.1)."""
    with pytest.raises(ValueError, match=r"^got range unit 'a b', expected a token$"):
        RequestedRangeNotSatisfiable(10, "a b")


#: the classes whose names are not the reason phrase of their status
OTHER_NAMES = {
    "BadRequestKeyError": 400,
    "ClientDisconnected": 400,
    "MultipartError": 400,
    "SecurityError": 400,
    "UrlencodedError": 400,
    "RequestEntityTooLarge": 413,
    "RequestURITooLarge": 414,
    "RequestedRangeNotSatisfiable": 416,
    "ImATeapot": 418,
    "UnprocessableEntity": 422,
}
#: the registry of IANA (HTTP Status Code Registry): where the phrases of Python's http are older than RFC 9110
PHRASES = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}


CLASSES = {
    name: value
    for name, value in vars(cardan.exceptions).items()
    if isinstance(value, type) and issubclass(value, HTTPException) and value.code is not None
}


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_is_named_after_its_status(name: str) -> None:
    """RFC 9110 section 15: the name of a class is the reason phrase of its status, but for the special cases."""
    code = CLASSES[name].code
    assert code is not None
    phrase = PHRASES.get(code) or http.HTTPStatus(code).phrase
    assert OTHER_NAMES.get(name) == code or name == re.sub(r"[^A-Za-z]", "", phrase)


#: What the client is told by an error that is given no description. Programs show these texts, and tests compare them.
DESCRIPTIONS = {
    "BadRequest": "the request could not be understood",
    "ClientDisconnected": "the client disconnected before the request was complete",
    "RequestEntityTooLarge": "the request is larger than the server allows",
    "Unauthorized": "credentials are missing or were not accepted",
    "PaymentRequired": "payment is required",
    "Forbidden": "you may not do that here",
    "NotFound": "there is nothing at this address",
    "MethodNotAllowed": "the method is not allowed for this address",
    "NotAcceptable": "nothing here is of a kind that the request accepts",
    "ProxyAuthenticationRequired": "the proxy wants credentials",
    "RequestTimeout": "the request did not arrive in time",
    "Conflict": "the request conflicts with the state of the resource",
    "Gone": "what was at this address is gone for good",
    "LengthRequired": "a Content-Length is required",
    "PreconditionFailed": "a precondition of the request does not hold",
    "RequestURITooLarge": "the address is longer than the server allows",
    "UnsupportedMediaType": "the body is of a media type that is not supported here",
    "RequestedRangeNotSatisfiable": "none of the requested ranges can be satisfied",
    "ExpectationFailed": "the expectation in the request cannot be met",
    "ImATeapot": "this is a teapot, it does not brew coffee",
    "MisdirectedRequest": "this server does not answer for the requested authority",
    "UnprocessableEntity": "the request is well formed, but what it asks for is not possible",
    "Locked": "the resource is locked",
    "FailedDependency": "another action, on which this one depends, failed",
    "TooEarly": "the request might be a replay and is not processed early",
    "UpgradeRequired": "another protocol is required",
    "PreconditionRequired": "the request must be conditional, e.g. with If-Match",
    "TooManyRequests": "too many requests came in a given time",
    "RequestHeaderFieldsTooLarge": "the header fields are larger than the server allows",
    "UnavailableForLegalReasons": "unavailable for legal reasons",
    "InternalServerError": "the server met an error",
    "NotImplemented": "the server does not support this method",
    "BadGateway": "the server behind this one gave an invalid response",
    "ServiceUnavailable": "the service is not available right now",
    "GatewayTimeout": "the server behind this one did not answer in time",
    "HTTPVersionNotSupported": "this version of HTTP is not supported",
    "VariantAlsoNegotiates": "the chosen variant negotiates in its turn",
    "InsufficientStorage": "there is no room to store what was sent",
    "LoopDetected": "the resource contains itself",
    "NetworkAuthenticationRequired": "the network wants credentials",
}


def test_the_description_of_each_class() -> None:
    """Each class of errors has its own text for the client; a special 400 has that of BadRequest."""
    plain = {name: cls().description for name, cls in CLASSES.items()}
    special = ("BadRequestKeyError", "MultipartError", "SecurityError", "UrlencodedError")
    assert plain == DESCRIPTIONS | dict.fromkeys(special, DESCRIPTIONS["BadRequest"]) | {
        newer: DESCRIPTIONS[older] for newer, older in NEWER_NAMES.items()
    }


#: the names after the phrases of RFC 9110, and the older names of the same classes
NEWER_NAMES = {
    "ContentTooLarge": "RequestEntityTooLarge",
    "URITooLong": "RequestURITooLarge",
    "RangeNotSatisfiable": "RequestedRangeNotSatisfiable",
    "UnprocessableContent": "UnprocessableEntity",
}


@pytest.mark.parametrize(("newer", "older"), NEWER_NAMES.items())
def test_a_newer_name_is_that_of_the_same_class(newer: str, older: str) -> None:
    """RFC 9110 renamed four phrases: the class has the name of both."""
    assert CLASSES[newer] is CLASSES[older]


def test_the_page() -> None:
    """The page of an error, letter by letter: it names its language and encoding, and fits phones and the night."""
    head = (
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
        '<meta name=viewport content="width=device-width, initial-scale=1">\n'
        '<meta name=color-scheme content="light dark">\n'
    )
    kind, text = body(NotFound("a <b>"), Request("text/html"))
    assert kind == "text/html; charset=utf-8"
    assert text == f"{head}<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>a &lt;b&gt;</p>\n"
    assert body(NotFound(""), Request("text/html"))[1] == f"{head}<title>404 Not Found</title>\n<h1>Not Found</h1>\n"


def test_an_error_without_a_status() -> None:
    """HTTPException itself is sent as a 500, whatever the format."""
    error = HTTPException("x")
    assert problem(error, Request("application/json")) == {
        "type": "about:blank", "title": "Unknown Error", "status": 500, "detail": "x",
    }  # fmt: skip
    assert "<title>500 Unknown Error</title>\n<h1>Unknown Error</h1>" in body(error, Request("text/html"))[1]
    assert body(error, Request("text/plain"))[1] == "Unknown Error\n\nx\n"


def test_text_that_utf_8_does_not_have() -> None:
    """A lone surrogate is a question mark in text and HTML, and an escape in JSON (RFC 8259 section 8.2): an
    error in the text of an error would hide it.
    """
    error = NotFound("a\ud800b")
    assert body(error, Request("text/plain"))[1] == "Not Found\n\na?b\n"
    assert "<p>a?b</p>" in body(error, Request("text/html"))[1]
    assert problem(error, Request("application/json"))["detail"] == "a\ud800b"


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ({"REQUEST_METHOD": "GET", "CONTENT_TYPE": "application/json"}, "application/problem+json"),
        ({"REQUEST_METHOD": "GET", "HTTP_CONTENT_TYPE": "application/json"}, "text/plain"),
        ({"REQUEST_METHOD": "GET", "HTTP_ACCEPT": "text/html"}, "text/html"),
        ({"REQUEST_METHOD": "GET"}, "text/plain"),
        ({"type": "http", "headers": [(b"content-type", b"application/json")]}, "application/problem+json"),
        ({"type": "http", "headers": [(b"accept", b"image/png"), (b"accept", b"text/html")]}, "text/html"),
        ({"type": "http", "headers": []}, "text/plain"),
        ({"type": "http", "headers": None}, "text/plain"),
        ({"type": "http"}, "text/plain"),
    ],
)
def test_the_fields_of_an_environ_and_of_a_scope(request_: dict[str, Any], kind: str) -> None:
    """Accept and Content-Type of a request are found in an environ (PEP 3333) and in a scope, whose fields of one name
    are one list (RFC 9110 section 5.3).
    """
    assert body(NotFound("x"), request_)[0].partition(";")[0] == kind


def test_members_that_json_cannot_name_or_hold() -> None:
    """A number that JSON does not have is a text wherever it stands; so is a name that is no text."""
    nan, inf = float("nan"), float("inf")
    members: Any = {"a": (nan, [inf, 1.5]), "b": {"c": (-inf,)}, (1, 2): {3}, "d": {4: nan}}
    found = problem(NotFound(members=members))
    assert [found[name] for name in ("a", "b", "(1, 2)", "d")] == [
        ["nan", ["inf", 1.5]], {"c": ["-inf"]}, "{3}", {"4": "nan"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: NotFound("a", None, 5), "got 3 positional arguments for NotFound, expected at most 2"),
        (lambda: NotFound("a", None, 5, 6), "got 4 positional arguments for NotFound, expected at most 2"),
        (
            lambda: TooManyRequests("a", None, 5, 6),
            "got 4 positional arguments for TooManyRequests, expected at most 3",
        ),
        (lambda: TooManyRequests("a", None, 5, retry_after=6), "got retry_after by position and by its name"),
        (
            lambda: exceptions.InternalServerError("a", None, KeyError(), original_exception=KeyError()),
            "got original_exception by position and by its name",
        ),
        (
            lambda: MethodNotAllowed(["GET"], "a", None, None),
            "got 4 positional arguments for MethodNotAllowed, expected",
        ),
        (lambda: MethodNotAllowed(["GET"], valid_methods=["PUT"]), "got valid_methods by position and by its name"),
        (
            lambda: RequestedRangeNotSatisfiable(5, "bytes", "a", None, None),
            "got 5 positional arguments for RequestedRangeNotSatisfiable, expected at most 4",
        ),
        (lambda: RequestedRangeNotSatisfiable(5, "bytes", units="items"), "got units by position and by its name"),
    ],
)
def test_too_many_arguments(make: Any, text: str) -> None:
    """An argument that has no place, and one that is given twice, is a TypeError with the name of the class."""
    with pytest.raises(TypeError) as caught:
        make()
    assert str(caught.value).startswith(text)


def test_arguments_by_position() -> None:
    """The description and the response come first; some classes take a third argument, or their own ones before."""
    response, cause = Response(), KeyError()
    assert vars(NotFound("a", response)) == {"description": "a", "response": response, "members": {}}
    assert TooManyRequests("a", None, 5).retry_after == 5
    assert exceptions.InternalServerError("a", None, cause).original_exception is cause
    assert Unauthorized("a", None, "Basic").www_authenticate == "Basic"
    for args, expected in {
        (): (None, MethodNotAllowed.description, None),
        (None,): (None, MethodNotAllowed.description, None),
        ("a",): (None, "a", None),
        ("a", response): (None, "a", response),
        (None, response): (None, MethodNotAllowed.description, response),
        (("GET",),): (("GET",), MethodNotAllowed.description, None),
        (("GET",), "a"): (("GET",), "a", None),
        (("GET",), None, response): (("GET",), MethodNotAllowed.description, response),
        (None, "a"): (None, "a", None),
        (None, "a", response): (None, "a", response),
    }.items():
        error = MethodNotAllowed(*args)
        assert (error.valid_methods, error.description, error.response) == expected, args
    error = RequestedRangeNotSatisfiable(None, "items", "a", response)
    assert (error.length, error.units, error.description, error.response) == (None, "items", "a", response)
    assert RequestedRangeNotSatisfiable(5, "items").get_headers() == [("Content-Range", "items */5")]
    assert RequestedRangeNotSatisfiable("a").description == "a"
