"""cardan.compat.werkzeug.exceptions: the arguments of Werkzeug, and errors that are applications."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import cardan.exceptions
from cardan.compat.werkzeug import exceptions
from cardan.compat.werkzeug.test import create_environ
from cardan.compat.werkzeug.wrappers import Request
from cardan.testing import Client

SIX = ["Unauthorized", "MethodNotAllowed", "RequestedRangeNotSatisfiable", "TooManyRequests", "InternalServerError",
       "ServiceUnavailable"]  # fmt: skip


def headers_of(wz: Any, error: Any) -> dict[str, str]:
    return dict(error.get_response(wz.test.create_environ()).headers.items())


def test_the_positional_arguments(wz: Any) -> None:
    """Each class takes its arguments in the order of Werkzeug."""
    errors = wz.exceptions
    assert headers_of(wz, errors.MethodNotAllowed(["GET", "HEAD"]))["Allow"] == "GET, HEAD"
    assert errors.MethodNotAllowed(["GET"], "read only").description == "read only"
    assert headers_of(wz, errors.RequestedRangeNotSatisfiable(10))["Content-Range"] == "bytes */10"
    assert headers_of(wz, errors.RequestedRangeNotSatisfiable(10, "lines", "no"))["Content-Range"] == "lines */10"
    basic = wz.datastructures.WWWAuthenticate("basic", {"realm": "staff"})
    error = errors.Unauthorized("who?", None, basic)
    assert headers_of(wz, error)["WWW-Authenticate"].lower().startswith("basic realm=")
    assert error.description == "who?"
    assert headers_of(wz, errors.TooManyRequests("slow", None, 20))["Retry-After"] == "20"
    assert headers_of(wz, errors.ServiceUnavailable(retry_after=5))["Retry-After"] == "5"
    cause = ValueError()
    assert errors.InternalServerError("oops", None, cause).original_exception is cause


@pytest.mark.parametrize("status", sorted(exceptions.default_exceptions))
def test_a_response_can_be_given(wz: Any, status: int) -> None:
    """Every error sends the response that it is given, by position or by its name."""
    cls = wz.exceptions.default_exceptions.get(status)
    if cls is None:
        assert wz.package == "werkzeug"
        return
    response = wz.wrappers.Response("own", 299)
    assert cls(response=response).get_response() is response
    if cls.__name__ not in ("MethodNotAllowed", "RequestedRangeNotSatisfiable"):
        assert cls("text", response).get_response(wz.test.create_environ()) is response


def test_an_error_is_a_wsgi_application(wz: Any) -> None:
    """``return error(environ, start_response)`` answers the request, in the format that its Accept asks for."""

    def app(environ: Any, start_response: Any) -> Any:
        try:
            if wz.wrappers.Request(environ).path == "/key":
                wz.wrappers.Request(environ).args["missing"]
            wz.exceptions.abort(405, ["PUT"])
        except wz.exceptions.HTTPException as error:
            return error(environ, start_response)

    with Client(app, protocol="wsgi") as client:
        response = client.get("/", headers={"Accept": "text/html"})
        assert (response.status_code, response.headers["allow"]) == (405, "PUT")
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert client.get("/key").status_code == 400


@pytest.mark.parametrize("accept", ["application/json", "text/html", "text/plain", None])
def test_an_error_is_an_application_on_both_protocols(accept: str | None) -> None:
    """An error that is called with an environ or a scope gives what it gives for a request over it."""

    def wsgi(environ: Any, start_response: Any) -> Any:
        return exceptions.NotFound("none")(environ, start_response)

    async def asgi(scope: Any, receive: Any, send: Any) -> Any:
        await exceptions.NotFound("none")(scope, receive, send)

    @Request.application
    def through(request: Any) -> Any:
        raise exceptions.NotFound("none")

    fields = {"Accept": accept} if accept else {"Content-Type": "application/json", "Accept": "*/*"}
    answers = []
    for app, protocol in ((wsgi, "wsgi"), (asgi, "asgi"), (through, "wsgi"), (through, "asgi")):
        with Client(app, protocol=protocol) as client:  # type: ignore[arg-type]
            response = client.get("/", headers=fields)
            answers.append((response.status_code, response.content, response.headers["content-type"]))
    assert answers == answers[:1] * 4
    assert answers[0][2].partition(";")[0] == ({"application/json": "application/problem+json", None:
                                               "application/problem+json"}.get(accept) or accept)  # fmt: skip


def test_a_body_of_the_program(wz: Any) -> None:
    """A class that overrides ``get_body`` sends that, as HTML unless ``get_headers`` says otherwise."""

    class Page(wz.exceptions.NotFound):  # type: ignore[misc, name-defined]
        def get_body(self, environ: Any = None, scope: Any = None) -> str:
            return f"<h1>ö {self.code}</h1>"

    class Data(Page):
        def get_headers(self, environ: Any = None, scope: Any = None) -> Any:
            return [("Content-Type", "application/json"), ("X-A", "1")]

    for carrier in (None, wz.test.create_environ(headers={"Accept": "text/plain"})):
        for error, content_type in ((Page("x"), "text/html; charset=utf-8"), (Data(), "application/json")):
            response = error.get_response(carrier)
            assert (response.status_code, response.get_data(as_text=True)) == (404, "<h1>ö 404</h1>")
            assert response.headers.getlist("Content-Type") == [content_type]
    assert Data().get_response().headers["X-A"] == "1"


def test_a_class_that_calls_the_methods_it_overrides(wz: Any) -> None:
    """Law: a class may give the environ and the scope to the methods that it overrides."""

    class Limited(wz.exceptions.NotFound):  # type: ignore[misc, name-defined]
        def get_headers(self, environ: Any = None, scope: Any = None) -> Any:
            return [*super().get_headers(environ, scope), ("X-A", "1")]

        def get_body(self, environ: Any = None, scope: Any = None) -> Any:
            return super().get_body(environ, scope)

        def get_response(self, environ: Any = None, scope: Any = None) -> Any:
            return super().get_response(environ, scope)

    @wz.wrappers.Request.application  # type: ignore[untyped-decorator]
    def app(request: Any) -> Any:
        raise Limited

    answer = wz.test.Client(app).get("/")
    assert (answer.status_code, answer.headers["X-A"]) == (404, "1")
    assert ("Allow", "GET") in wz.exceptions.MethodNotAllowed(["GET"]).get_headers({})


def test_the_body_of_an_error() -> None:
    """``get_body`` gives the text that the response has for the same request."""
    for accept in ("text/html", "application/json", "text/plain"):
        environ = create_environ(headers={"Accept": accept})
        error = exceptions.NotFound("none <here>")
        assert error.get_body(environ) == error.get_response(environ).get_data(as_text=True)
    assert error.get_body() == "Not Found\n\nnone <here>\n"


def test_abort(wz: Any) -> None:
    """``abort`` raises the class for the status, or sends a response; an Aborter has a mapping of its own."""
    with pytest.raises(wz.exceptions.NotFound) as caught:
        wz.exceptions.abort(404, "gone")
    assert caught.value.description == "gone"
    response = wz.wrappers.Response("own")
    with pytest.raises(wz.exceptions.HTTPException) as raised:
        wz.exceptions.abort(response)
    assert raised.value.get_response() is response
    with pytest.raises(LookupError):
        wz.exceptions.abort(299)

    class Own(wz.exceptions.HTTPException):  # type: ignore[misc, name-defined]
        code = 499

    with pytest.raises(Own):
        wz.exceptions.Aborter(extra={499: Own})(499)
    with pytest.raises(LookupError):
        wz.exceptions.Aborter({499: Own})(404)


def test_what_cardan_raises_is_found() -> None:
    """``except`` with a class of the module finds the errors that cardan raises, and those of other modules."""
    assert exceptions.HTTPException is cardan.exceptions.HTTPException
    for name in ("BadRequestKeyError", "RequestEntityTooLarge", "ClientDisconnected", "SecurityError", "NotFound"):
        assert getattr(exceptions, name) is getattr(cardan.exceptions, name)
    for name in SIX:
        assert getattr(exceptions, name) is getattr(cardan.exceptions, name)


@pytest.mark.parametrize("name", SIX)
def test_errors_are_copied_and_pickled(name: str) -> None:
    """Copies have the description and the other arguments."""
    error = getattr(exceptions, name)(description="text", headers={"X-A": "1"})
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(again), again.description) == (type(error), "text")
        assert ("X-A", "1") in again.get_headers()


def test_descriptions_as_html(wz: Any) -> None:
    """``get_description`` gives a paragraph; a page has what a class makes of it."""
    environ = wz.test.create_environ(headers={"Accept": "text/html"})
    assert wz.exceptions.NotFound("<none>").get_description() == "<p>&lt;none&gt;</p>"

    class Own(wz.exceptions.NotFound):  # type: ignore[misc, name-defined]
        def get_description(self, environ: Any = None, scope: Any = None) -> str:
            return "<p><b>own</b></p>"

    assert "<p><b>own</b></p>" in Own("x").get_response(environ).get_data(as_text=True)


def test_a_missing_key_with_a_description(wz: Any) -> None:
    """Law: the description of a missing key may be given by position."""
    error = wz.exceptions.BadRequestKeyError("k", "no k")
    assert (error.description, error.args) == ("no k", ("k",))


@pytest.mark.parametrize("status", ["404", "NotFound"])
def test_abort_with_what_is_no_status(wz: Any, status: str) -> None:
    """Law: a text or a class as the status is a LookupError at the call."""
    with pytest.raises(LookupError):
        wz.exceptions.abort(status)
    with pytest.raises(LookupError):
        wz.exceptions.abort(wz.exceptions.NotFound)


@pytest.mark.parametrize("name", ["code", "status", "status_code"])
def test_the_status_as_a_parameter(name: str) -> None:
    """Law: the status of an error is that of its class; an error that is given one leads to abort() and the classes."""
    with pytest.raises(TypeError, match=r"abort\(404\)"):
        cardan.HTTPException(**{name: 404})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"got the number 404 as description.*abort\(404\)"):
        cardan.HTTPException(404)  # type: ignore[arg-type]
