"""HTTP errors are applications, which answer over an environ or a scope; their arguments are also those of Werkzeug."""

from __future__ import annotations

from typing import Any

import pytest

from cardan import Request, Response, abort, exceptions
from cardan.compat.werkzeug import exceptions as werkzeug_names
from cardan.datastructures import WWWAuthenticate
from cardan.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    default_exceptions,
)
from cardan.testing import PROTOCOLS, Client, RequestBuilder

both = pytest.mark.parametrize("protocol", PROTOCOLS)

ACCEPT = {
    "application/json": "application/problem+json",
    "text/html": "text/html; charset=utf-8",
    "text/plain": "text/plain; charset=utf-8",
}
BASIC = WWWAuthenticate("basic", {"realm": "staff"})
OWN = Response("own", 299)


def bare(error: HTTPException, protocol: str, **options: Any) -> Client:
    """A client of an application that does nothing but let ``error`` answer."""

    def wsgi(environ: Any, start_response: Any) -> Any:
        try:
            raise error
        except HTTPException as caught:
            return caught(environ, start_response)

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        try:
            raise error
        except HTTPException as caught:
            await caught(scope, receive, send)

    app: Any = wsgi if protocol == "wsgi" else asgi
    return Client(app, protocol=protocol, **options)  # type: ignore[arg-type]


def carrier_of(protocol: str, **options: Any) -> Any:
    """An environ or a scope."""
    builder = RequestBuilder("/", **options)
    return builder.environ() if protocol == "wsgi" else builder.scope()


@both
@pytest.mark.parametrize("accept", ACCEPT)
def test_an_error_is_an_application(protocol: str, accept: str) -> None:
    """``error(environ, start_response)`` and ``await error(scope, receive, send)`` answer in the format that the client
    prefers, with the fields of the error.
    """
    with bare(MethodNotAllowed(["GET", "HEAD"], "read only"), protocol) as client:
        answer = client.post("/", headers={"Accept": accept})
        head = client.head("/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.headers["Content-Type"] == ACCEPT[accept]
    assert "read only" in answer.text
    assert (head.status_code, head.content, head.headers["Content-Type"]) == (405, b"", ACCEPT[accept])


@both
@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_every_error_is_an_application(protocol: str, status: int) -> None:
    """The error of every status answers with that status, and with a response if it was given one."""
    error = default_exceptions[status]
    with bare(error(), protocol) as client:
        assert client.get("/").status_code == status
    with bare(error(response=OWN), protocol) as client:
        assert client.get("/").text == "own"


@both
def test_what_an_application_of_cardan_sends(protocol: Any) -> None:
    """A bare error sends what an Application sends for it."""

    @Request.application
    def app(request: Request) -> Response:
        raise NotFound("none")

    answers = []
    with Client(app, protocol) as inside, bare(NotFound("none"), protocol) as outside:
        for client in (inside, outside):
            answer = client.get("/", headers={"Accept": "text/html"})
            answers.append((answer.status_code, answer.content, sorted(answer.headers.multi_items())))
    assert answers[0] == answers[1]


@both
@pytest.mark.parametrize("accept", ACCEPT)
def test_responses_are_made_for_an_environ_a_scope_or_a_request(protocol: str, accept: str) -> None:
    """``get_response`` and ``get_body`` take a request, an environ or a scope, by position or by name."""
    carrier = carrier_of(protocol, headers={"Accept": accept})
    error = NotFound("none <here>")
    expected = error.get_response(Request(carrier))
    assert expected.headers["Content-Type"] == ACCEPT[accept]
    for response in (
        error.get_response(carrier),
        error.get_response(carrier, None),
        error.get_response(None, carrier),
        error.get_response(scope=carrier),
        error.get_response(environ=carrier),
        error.get_response(environ=None, scope=carrier),
    ):
        assert response.get_data() == expected.get_data()
        assert list(response.headers.items()) == list(expected.headers.items())
    for body in (
        error.get_body(Request(carrier)),
        error.get_body(carrier),
        error.get_body(scope=carrier),
        error.get_body(environ=carrier),
    ):
        assert body == expected.get_data(as_text=True)
    refused = MethodNotAllowed(["PUT"])
    assert refused.get_headers(carrier, None) == refused.get_headers(environ=carrier) == [("Allow", "PUT")]
    assert error.get_description(environ=carrier) == error.get_description(scope=carrier) == error.get_description()


FIELDS: list[tuple[Any, dict[str, str], str | None]] = [
    (lambda: MethodNotAllowed(["GET", "HEAD"]), {"Allow": "GET, HEAD"}, None),
    (lambda: MethodNotAllowed(("GET",), "read only"), {"Allow": "GET"}, "read only"),
    (lambda: MethodNotAllowed({"GET": 1}.keys(), description="read only"), {"Allow": "GET"}, "read only"),
    (lambda: MethodNotAllowed(None, "read only"), {}, "read only"),
    (lambda: MethodNotAllowed("read only", valid_methods=iter(["GET"])), {"Allow": "GET"}, "read only"),
    (lambda: MethodNotAllowed([]), {"Allow": ""}, None),
    (lambda: abort(405, ["GET"], "read only"), {"Allow": "GET"}, "read only"),
    (lambda: abort(405, "read only", valid_methods=["GET"]), {"Allow": "GET"}, "read only"),
    (lambda: RequestedRangeNotSatisfiable(10), {"Content-Range": "bytes */10"}, None),
    (lambda: RequestedRangeNotSatisfiable(0, "lines", "no"), {"Content-Range": "lines */0"}, "no"),
    (lambda: RequestedRangeNotSatisfiable(None, "lines", "no"), {}, "no"),
    (lambda: RequestedRangeNotSatisfiable("no", length=10), {"Content-Range": "bytes */10"}, "no"),
    (lambda: abort(416, 10), {"Content-Range": "bytes */10"}, None),
    (lambda: Unauthorized("who?", None, BASIC), {"WWW-Authenticate": 'Basic realm="staff"'}, "who?"),
    (lambda: Unauthorized(None, None, [BASIC]), {"WWW-Authenticate": 'Basic realm="staff"'}, None),
    (lambda: abort(401, "who?", None, BASIC), {"WWW-Authenticate": 'Basic realm="staff"'}, "who?"),
    (lambda: TooManyRequests("slow", None, 20), {"Retry-After": "20"}, "slow"),
    (lambda: ServiceUnavailable("later", None, 5), {"Retry-After": "5"}, "later"),
    (lambda: abort(503, "later", None, 5), {"Retry-After": "5"}, "later"),
]


@both
@pytest.mark.parametrize("number", range(len(FIELDS)))
def test_arguments_by_position(protocol: str, number: int) -> None:
    """The parameters that an error class has besides those of every error may be given by position: methods and the
    length of a range before the description, all others after the response. The field is sent.
    """
    make, fields, description = FIELDS[number]
    try:
        error = make()
    except HTTPException as raised:
        error = raised
    assert error.description == (type(error).description if description is None else description)
    with bare(error, protocol) as client:
        answer = client.get("/")
    assert {name: answer.headers[name] for name in fields} == fields
    assert [name for name in ("Allow", "Content-Range") if name in answer.headers and name not in fields] == []


@both
def test_a_response_by_position(protocol: str) -> None:
    """The response is the argument after the description, in every class."""
    cause = ValueError("secret")
    for error in (
        NotFound("x", OWN),
        NotFound(None, OWN),
        HTTPException("x", OWN),
        MethodNotAllowed(["GET"], "x", OWN),
        MethodNotAllowed("x", OWN),
        MethodNotAllowed(None, None, OWN),
        MethodNotAllowed(None, OWN),
        RequestedRangeNotSatisfiable(10, "bytes", "x", OWN),
        RequestedRangeNotSatisfiable(None, "bytes", None, OWN),
        RequestedRangeNotSatisfiable("x", OWN),
        Unauthorized("x", OWN, BASIC),
        TooManyRequests("x", OWN, 5),
        InternalServerError("x", OWN, cause),
        exceptions.BadRequestKeyError("key", "x", OWN),
    ):
        assert error.get_response(carrier_of(protocol)) is OWN
    with pytest.raises(HTTPException) as raised:
        abort(404, "x", OWN)
    assert raised.value.get_response() is OWN
    assert InternalServerError("x", None, cause).original_exception is cause


@pytest.mark.parametrize("value", [5, ["GET"], b"text", {"a": 1}, OWN, BASIC, 1.5, True])
def test_a_description_is_a_text(value: Any) -> None:
    """Another object as the description is a TypeError where the error is made, by position or by its name."""
    for error in (NotFound, HTTPException, Unauthorized, InternalServerError, exceptions.RequestEntityTooLarge):
        with pytest.raises(TypeError, match=r"^got .* as description, expected a str"):
            error(value)
    for error in (MethodNotAllowed, RequestedRangeNotSatisfiable, NotFound):
        with pytest.raises(TypeError, match=r"^got .* as description, expected a str"):
            error(description=value)
    with pytest.raises(TypeError, match=r"^got .* as description, expected a str"):
        MethodNotAllowed(["GET"], value)
    with pytest.raises(TypeError, match=r"^got .* as description, expected a str"):
        RequestedRangeNotSatisfiable(10, "bytes", value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MethodNotAllowed(5), "got 5 as valid_methods, expected an iterable of methods"),  # type: ignore[call-overload]
        (lambda: MethodNotAllowed([5]), "got 5 in valid_methods, expected a str"),  # type: ignore[list-item]
        (lambda: MethodNotAllowed(b"GET"), "got b'GET' as valid_methods, expected an iterable of methods"),  # type: ignore[call-overload]
        (
            lambda: MethodNotAllowed(["GET"], valid_methods=["PUT"]),  # type: ignore[call-overload]
            "got valid_methods by position and by its name, expected it once",
        ),
        (
            lambda: MethodNotAllowed(["GET"], "x", OWN, 5),  # type: ignore[call-overload]
            "got 4 positional arguments for MethodNotAllowed, expected at most 3",
        ),
        (
            lambda: RequestedRangeNotSatisfiable(-1),
            "got -1 as length, expected an int of at least 0",
        ),
        (
            lambda: Unauthorized("x", None, BASIC, 5),  # type: ignore[call-arg]
            "got 4 positional arguments for Unauthorized, expected at most 3",
        ),
        (
            lambda: Unauthorized("x", None, BASIC, www_authenticate=BASIC),  # type: ignore[misc]
            "got www_authenticate by position and by its name, expected it once",
        ),
        (
            lambda: InternalServerError("x", None, None, original_exception=ValueError()),  # type: ignore[misc]
            "got original_exception by position and by its name, expected it once",
        ),
        (
            lambda: NotFound("x", None, 5),  # type: ignore[call-arg]
            "got 3 positional arguments for NotFound, expected at most 2",
        ),
        (lambda: NotFound("x", "y"), "got 'y' as response, expected a response"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments(call: Any, message: str) -> None:
    """A wrong argument by position is an error that names the parameter, where the error is made."""
    with pytest.raises(TypeError) as raised:
        call()
    assert str(raised.value) == message


def test_classes_that_are_derived_take_the_same_arguments() -> None:
    """A class of a program takes what its base takes, and its own members as keywords."""

    class ReadOnly(MethodNotAllowed):
        until: str

    class Closed(ServiceUnavailable):
        until: str = "noon"

    error: Any = ReadOnly
    assert error(["GET"], until="noon").get_headers() == [("Allow", "GET")]
    assert error(["GET"], until="noon").get_members() == {"until": "noon"}
    assert Closed("later", None, 5).get_headers() == [("Retry-After", "5")]
    assert Closed("later", None, 5).get_members() == {"until": "noon"}


@pytest.mark.parametrize(
    ("name", "older", "status"),
    [
        ("ContentTooLarge", "RequestEntityTooLarge", 413),
        ("URITooLong", "RequestURITooLarge", 414),
        ("RangeNotSatisfiable", "RequestedRangeNotSatisfiable", 416),
        ("UnprocessableContent", "UnprocessableEntity", 422),
    ],
)
def test_the_names_of_rfc_9110(name: str, older: str, status: int) -> None:
    """The classes whose reason phrases RFC 9110 has renamed have both names, also in the module of Werkzeug's names."""
    error = getattr(exceptions, name)
    assert error is getattr(exceptions, older)
    assert error is getattr(werkzeug_names, name)
    assert error is getattr(werkzeug_names, older)
    assert error is default_exceptions[status]
    assert error().name.replace(" ", "") == name
