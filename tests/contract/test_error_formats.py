"""The format of error responses: ``errors=``, ``problem_response``, pages, and what the default texts say."""

from __future__ import annotations

from typing import Any

import pytest

from cardan import Application, Flow, Request, Response, middleware, problem_response, redirect
from cardan.exceptions import BadRequest, BadRequestKeyError, Gone, HTTPException, MethodNotAllowed, NotFound
from cardan.testing import PROTOCOLS, Client

both = pytest.mark.parametrize("protocol", PROTOCOLS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])

TYPES = {"problem": "application/problem+json", "html": "text/html; charset=utf-8", "text": "text/plain; charset=utf-8"}
ACCEPT = {"problem": "application/json", "html": "text/html", "text": "text/plain"}


class OwnPage(HTTPException):
    """An error that makes its own body."""

    code = 410

    def get_body(self, request: Any = None) -> str:
        """A page."""
        return "<p>own"


class OwnResponse(HTTPException):
    """An error that makes its own response."""

    code = 410

    def get_response(self, request: Any = None) -> Response:
        """A text."""
        return Response("own", 410)


def handler(request: Request) -> Response:
    """Raises the error of the path."""
    if request.path == "/page":
        raise OwnPage
    if request.path == "/response":
        raise OwnResponse
    if request.path == "/given":
        raise NotFound(response=Response("given", 404))
    raise MethodNotAllowed(valid_methods=["PUT"], title="Wrong method", type="urn:x", instance="/1")


async def ahandler(request: Request) -> Response:
    """The same as an ``async def``."""
    return handler(request)


def app_of(kind: str, **options: Any) -> Application:
    return Application(handler if kind == "def" else ahandler, **options)


@both
@kinds
@pytest.mark.parametrize("errors", TYPES)
@pytest.mark.parametrize("accept", [*ACCEPT.values(), "*/*", "image/png"])
def test_the_choice_of_an_application(protocol: Any, kind: str, errors: str, accept: str) -> None:
    """All errors have one format, whatever the client accepts. The fields of the error are kept; Vary is not sent."""
    with Client(app_of(kind, errors=errors), protocol) as client:
        response = client.get("/", headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (405, TYPES[errors])
    assert response.headers["Allow"] == "PUT"
    assert "Vary" not in response.headers
    assert "Wrong method" in response.text


@both
@pytest.mark.parametrize("wanted", TYPES)
def test_auto_is_what_the_client_prefers(protocol: Any, wanted: str) -> None:
    """With ``errors="auto"``, which is the default, an error has the media type that the client prefers."""
    for app in (app_of("def"), app_of("def", errors="auto")):
        with Client(app, protocol) as client:
            response = client.get("/", headers={"Accept": ACCEPT[wanted]})
        assert (response.headers["Content-Type"], response.headers["Vary"]) == (TYPES[wanted], "Accept")


@both
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/*, text/plain;q=0", "problem"),
        ("*/*, application/*;q=0, text/plain;q=0.5", "html"),
        ("text/*;q=0.9, application/json;q=0.5", "text"),
        ("image/png", "text"),
    ],
)
def test_the_whole_accept_field_counts(protocol: Any, accept: str, kind: str) -> None:
    """Wildcards and refusals count (RFC 9110 section 12.5.1). If nothing is acceptable, the error is sent anyway."""
    with Client(app_of("def"), protocol) as client:
        response = client.get("/", headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (405, TYPES[kind])


@both
@pytest.mark.parametrize("errors", TYPES)
def test_an_error_with_its_own_response_keeps_it(protocol: Any, errors: Any) -> None:
    """``errors`` decides about the standard document only. An error with a response or a page of its own keeps it."""
    with Client(app_of("def", errors=errors), protocol) as client:
        assert client.get("/given").text == "given"
        assert client.get("/response").text == "own"
        page = client.get("/page")
        assert (page.text, page.headers["Content-Type"]) == ("<p>own", "text/html; charset=utf-8")


def test_the_choice_on_a_class_and_by_assignment() -> None:
    """``errors`` can be set by a class and by assignment. A misspelt value is a ValueError when it is given."""

    class Api(Application[Request]):
        errors = "problem"

    app = Api(handler)
    assert app.errors == "problem"
    app.errors = "text"
    with Client(app, "wsgi") as client:
        assert client.get("/").headers["Content-Type"] == TYPES["text"]
    expected = r"^got errors='json', expected 'auto', 'problem', 'html' or 'text'$"
    with pytest.raises(ValueError, match=expected):
        Application(handler, errors="json")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=expected):
        app.errors = "json"  # type: ignore[assignment]


@both
def test_problem_response_in_on_error(protocol: Any) -> None:
    """Some requests get problem documents, others what the client prefers."""

    class App(Application[Request]):
        def on_error(self, request: Request, error: HTTPException) -> Response:
            if request.path.startswith("/api/"):
                return problem_response(request, error)
            return super().on_error(request, error)

    with Client(App(handler), protocol) as client:
        api = client.get("/api/x", headers={"Accept": "text/html"})
        page = client.get("/x", headers={"Accept": "text/html"})
    assert api.headers["Content-Type"] == "application/problem+json"
    assert api.json() == {
        "type": "urn:x",
        "title": "Wrong method",
        "status": 405,
        "detail": "the method is not allowed for this address",
        "instance": "/1",
    }
    assert api.headers["Allow"] == "PUT"
    assert page.headers["Content-Type"] == TYPES["html"]


@pytest.mark.parametrize("made", ["error", "redirect"])
def test_pages_can_be_read_on_a_phone_and_at_night(made: str) -> None:
    """HTML has a viewport and both colour schemes."""
    response = NotFound().get_response({"REQUEST_METHOD": "GET", "HTTP_ACCEPT": "text/html"})
    page = (response if made == "error" else redirect("/")).get_data(as_text=True)
    head = page.partition("<h1>")[0]
    assert '<meta name=viewport content="width=device-width, initial-scale=1">' in head
    assert '<meta name=color-scheme content="light dark">' in head
    assert "<meta charset=utf-8>" in head


SOURCES = ("args", "form", "files", "cookies", "headers")


@both
@kinds
@pytest.mark.parametrize("source", [*SOURCES, "values"])
def test_a_missing_key_says_from_where(protocol: Any, kind: str, source: str) -> None:
    """The 400 names the attribute of the request, and the error has it as ``source``."""
    seen: list[BadRequestKeyError] = []

    def look(request: Request) -> Any:
        try:
            return getattr(request, source)["name"]
        except BadRequestKeyError as error:
            seen.append(error)
            raise

    async def alook(request: Request) -> Any:
        await request.load()
        return look(request)

    where = "args or form" if source == "values" else source
    with Client(Application(look if kind == "def" else alook), protocol) as client:
        response = client.post("/?a=b", data={"c": "d"}, headers={"Cookie": "e=f"})
    assert (response.status_code, response.text) == (400, f"Bad Request\n\nmissing key 'name' in {where}\n")
    assert (seen[0].source, seen[0].key) == (where, "name")


def test_values_of_a_get_are_the_args() -> None:
    """The body of a GET is not read, so that the form is not named."""
    with pytest.raises(BadRequestKeyError, match=r"missing key 'a' in args$"):
        Request({"REQUEST_METHOD": "GET", "QUERY_STRING": ""}).values["a"]


def test_a_dict_of_the_program_has_no_source() -> None:
    """The error for a missing key has no ``source`` if the program made the dict, or copied that of the request."""
    request = Request({"REQUEST_METHOD": "GET", "QUERY_STRING": "a=b"})
    for one in (type(request.args)([("a", "b")]), request.args.copy()):
        with pytest.raises(BadRequestKeyError, match=r"missing key 'name'$") as caught:
            one["name"]
        assert caught.value.source is None


@both
@pytest.mark.parametrize("result", ["text", b"bytes", {"a": 1}, ("text", 200), [b"x"], None, 200])
@kinds
def test_a_handler_returns_a_response_and_nothing_else(protocol: Any, result: Any, kind: str) -> None:
    """If a handler returns anything but a Response or an HTTPException, a TypeError names the handler."""

    def gives(request: Request) -> Any:
        return result

    async def agives(request: Request) -> Any:
        return result

    handler: Any = gives if kind == "def" else agives
    with Client(Application(handler), protocol) as client, pytest.raises(TypeError) as caught:
        client.get("/")
    assert str(caught.value) == (
        f"got {type(result).__name__} from {handler.__qualname__}, expected a Response or an HTTPException"
    )


class Untold:
    """A value that has no text."""

    def __str__(self) -> str:
        raise LookupError("no text")


class Unread(dict[str, Any]):
    """A mapping that cannot be read."""

    def items(self) -> Any:
        raise LookupError("not connected")


class Unlisted(list[Any]):
    """A list that cannot be read, as one that is loaded from a database when it is read."""

    def __iter__(self) -> Any:
        raise LookupError("not connected")


def nested(depth: int) -> Any:
    """A list in a list, and so on."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


CIRCULAR: list[Any] = []
CIRCULAR.append(CIRCULAR)


@both
@pytest.mark.parametrize(
    ("value", "written"),
    [
        (10**5000, "int"),
        (nested(500_000), "list"),  # since Python 3.15 json writes much deeper lists than before
        (Untold(), "Untold"),
        ([Untold(), 1], ["Untold", 1]),
        (Unread(a=1), "{'a': 1}"),
        (Unlisted(), "[]"),
        ([Unlisted(), 1], "[[], 1]"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        ({1: 10**5000}, "dict"),
        (float("nan"), "nan"),
        ({"ratio": float("nan"), "of": [1, float("-inf")], "n": 2}, {"ratio": "nan", "of": [1, "-inf"], "n": 2}),
        (CIRCULAR, "[[...]]"),
        (b"x", "b'x'"),
        ("\ud800", "\ud800"),
    ],
    ids=[
        "huge",
        "deep",
        "no text",
        "no text in a list",
        "not read",
        "not listed",
        "not listed in a list",
        "keys",
        "huge in a dict",
        "nan",
        "nan in a dict",
        "circular",
        "bytes",
        "surrogate",
    ],
)
def test_a_member_that_json_cannot_represent(protocol: Any, value: Any, written: Any) -> None:
    """A member that JSON cannot represent is written as text, or as the name of its class if it has no text. All other
    members and the status stay as they are.
    """

    def fails(request: Request) -> Response:
        raise BadRequest("no", members={"odd": value, "left": 3, "more": {"a": [None, True]}})

    with Client(Application(fails, errors="problem"), protocol=protocol) as client:
        answer = client.get("/")
    assert answer.status_code == 400
    usual = {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "no"}
    assert answer.json() == {**usual, "odd": written, "left": 3, "more": {"a": [None, True]}}


@both
@pytest.mark.parametrize("way", ["returned", "raised"])
@kinds
def test_another_error_from_on_error(protocol: Any, way: str, kind: str) -> None:
    """``on_error`` gives a response. An HTTPException is a TypeError that names the remedy, also in middleware, which
    never gets an HTTPException raised at its ``yield``. What the remedy says answers as for the other error.
    """
    seen: list[type[BaseException]] = []

    @middleware
    def watching(request: Request) -> Flow:
        try:
            yield
        except BaseException as error:
            seen.append(type(error))
            raise

    class Mistaken(Application[Request]):
        def on_error(self, request: Request, error: HTTPException) -> Any:
            if way == "raised":
                raise Gone("moved")
            return Gone("moved")

    class Right(Application[Request]):
        def on_error(self, request: Request, error: HTTPException) -> Response:
            return super().on_error(request, Gone("moved"))

    def fails(request: Request) -> Response:
        raise NotFound()

    async def afails(request: Request) -> Response:
        raise NotFound()

    handler: Any = fails if kind == "def" else afails
    text = (
        r"got Gone from .*Mistaken\.on_error, expected a Response: super\(\)\.on_error\(request, error\) makes one of"
    )
    for around in ([], [watching]):
        with Client(Mistaken(handler, middleware=around), protocol) as client, pytest.raises(TypeError, match=text):
            client.get("/")
    assert seen == [TypeError]
    with Client(Right(handler, middleware=[watching]), protocol) as client:
        assert client.get("/").status_code == 410
