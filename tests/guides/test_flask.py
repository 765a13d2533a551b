"""The guide "Moving from Flask": each line of its tables is run in Flask and here, on the same requests."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import io
import json
from typing import TYPE_CHECKING, Any

import flask
import jinja2
import pytest
from werkzeug.exceptions import NotFound as FlaskNotFound
from werkzeug.urls import uri_to_iri
from werkzeug.utils import secure_filename as flask_secure_filename

from cardan import Application, Request, Response, abort, middleware, redirect, send_file
from cardan.compat.werkzeug.routing import Map, Rule
from cardan.compat.werkzeug.utils import secure_filename
from cardan.exceptions import MethodNotAllowed, NotFound
from cardan.files import send_from_directory
from cardan.testing import PROTOCOLS, Client
from tests.guide_tables import HEADERS, TARGET, body_for, rows, section, untested, value_here, view

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from cardan.types import ProtocolName

PAGE = "flask.md"


def flask_app(old: Any) -> flask.Flask:
    """An application of Flask whose every request is answered by one view."""
    app = flask.Flask(__name__, static_folder=None)
    app.add_url_rule("/<path:path>", view_func=lambda path: old(), methods=["GET", "POST"])
    return app


def flask_answer(old: Any, method: str = "GET", **sent: Any) -> httpx.Response:
    with Client(flask_app(old), "wsgi", base_url="http://testserver") as client:
        return client.request(method, TARGET, **sent)


def value_in_flask(old: Any, **sent: Any) -> Any:
    """What a view reads from a request in Flask."""
    got = []

    def read() -> str:
        got.append(old())
        return ""

    assert flask_answer(read, **sent).status_code == 200
    return got[0]


def plain(value: Any) -> Any:
    """Accept values and the like as text, so that those of two libraries can be compared."""
    return value if value is None or isinstance(value, (str, bytes, int, list, dict)) else str(value)


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The request line and the header fields"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reading_the_head(old: str, new: str, protocol: ProtocolName) -> None:
    """In each row, the code of Flask and that of cardan give the same value."""
    theirs = value_in_flask(view(old, {"request": flask.request}, ""), headers=HEADERS)
    ours = value_here(view(new, {}), protocol, headers=HEADERS)
    if "for name, value" in old:  # the client decides about their order and case
        theirs, ours = sorted(map(str.lower, theirs)), sorted(map(str.lower, ours))
    assert plain(ours) == plain(theirs)


@pytest.mark.parametrize(
    ("old", "sync", "asynchronous"), rows(PAGE, "The body"), ids=lambda cell: cell.strip("`").replace("request.", "")
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reading_the_body(old: str, sync: str, asynchronous: str, protocol: ProtocolName, tmp_path: Path) -> None:
    """The three lines give the same value; where they save a file, it has the same bytes."""
    values = []
    for name in ("flask", "def", "async"):
        target = tmp_path / name
        names = {"target": target, "secure_filename": flask_secure_filename if name == "flask" else secure_filename}
        sent = body_for(old)
        if name == "flask":
            value = value_in_flask(view(old, names | {"request": flask.request}, ""), **sent)
        elif name == "def":
            value = value_here(view(sync, names), protocol, **sent)
        else:
            value = value_here(view(asynchronous, names), protocol, load="aiter_data" not in asynchronous, **sent)
        values.append(target.read_bytes() if target.exists() else value)
    assert values[0] == values[1] == values[2]
    assert values[0] not in (None, b"", "")


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The answer"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_answers(old: str, new: str, protocol: ProtocolName, tmp_path: Path) -> None:
    """In each row, the code of Flask and that of cardan send the same status and the same header fields and, unless it
    is an error or a redirect, the same body.
    """
    (tmp_path / "report.txt").write_text("report")
    names = {"path": tmp_path / "report.txt", "folder": tmp_path, "io": io}
    theirs = flask_answer(view(old, vars(flask) | names | {"NotFound": FlaskNotFound}, ""))
    with Client(Application(view(new, OURS | names)), protocol) as client:
        ours = client.get(TARGET)
    assert ours.status_code == theirs.status_code
    assert ours.headers.get("Location") == theirs.headers.get("Location")
    if ours.is_error or ours.is_redirect:  # their pages differ
        return
    for name in ("Content-Type", "X-Tag", "Set-Cookie", "Cache-Control", "Content-Disposition"):
        assert fields(ours, name) == fields(theirs, name), name
    assert ("ETag" in ours.headers) == ("ETag" in theirs.headers)
    if theirs.headers.get("Content-Type") == "application/json":
        assert ours.json() == theirs.json()
    else:
        assert ours.content == theirs.content


OURS = {
    "Response": Response,
    "redirect": redirect,
    "abort": abort,
    "send_file": send_file,
    "send_from_directory": send_from_directory,
    "NotFound": NotFound,
    "jinja": jinja2.Environment(autoescape=True),
}


def fields(answer: httpx.Response, name: str) -> list[str]:
    """The values of a field: their parts in one order, without quotes, and without what the page says that differs."""
    found = []
    for value in answer.headers.get_list(name):
        parts = value.replace('"', "").split("; ")
        if name == "Set-Cookie" and "Max-Age=60" in parts:
            parts = [part for part in parts if not part.startswith("Expires")]
        found.append("; ".join(sorted(parts)))
    if answer.status_code == 204 or found == ["filename=report.txt; inline"]:
        return []
    return found


# What stands around the views


def answers(new: Any, method: str = "GET", app: Any = None, **sent: Any) -> list[httpx.Response]:
    """What a view, or an application, answers here on both protocols."""
    found = []
    for protocol in PROTOCOLS:
        with Client(app or Application(new), protocol, raise_app_exceptions=False) as client:
            found.append(client.request(method, TARGET, **sent))
    return found


def around(text: str) -> None:
    """The table "Around the views" has a row that begins with ``text``."""
    assert any(row[0].startswith(text) for row in rows(PAGE, "Around the views")), text


@pytest.mark.parametrize(
    ("setting", "name", "limit", "sent"),
    [
        ("MAX_CONTENT_LENGTH", "max_content_length", 10, {"content": bytes(11)}),
        ("MAX_FORM_MEMORY_SIZE", "max_form_memory_size", 10, {"files": {"a": (None, "x" * 11)}}),
        ("MAX_FORM_PARTS", "max_form_parts", 1, {"files": {"a": (None, "x"), "b": (None, "x")}}),
    ],
)
def test_limits(setting: str, name: str, limit: int, sent: dict[str, Any]) -> None:
    """The settings of Flask are attributes of the request class. What is over them is a 413 in both."""
    around(f'`app.config["{setting}"]`')

    def old() -> str:
        return flask.request.get_data(as_text=True) if "content" in sent else str(flask.request.form)

    app = flask_app(old)
    app.config[setting] = limit
    with Client(app, "wsgi") as client:
        assert client.post(TARGET, **sent).status_code == 413

    def new(request: Request) -> Response:
        return Response(request.text if "content" in sent else str(request.form))

    request_class = type("Small", (Request,), {name: limit})
    assert [
        answer.status_code for answer in answers(None, "POST", Application(new, request_class=request_class), **sent)
    ] == [413, 413]
    assert [answer.status_code for answer in answers(new, "POST", **sent)] == [200, 200]


def test_trusted_hosts() -> None:
    """A host that is not trusted is a 400 in both."""
    around('`app.config["TRUSTED_HOSTS"]`')
    app = flask_app(lambda: flask.request.host)
    app.config["TRUSTED_HOSTS"] = ["a.example"]
    with Client(app, "wsgi") as client:
        assert client.get(TARGET).status_code == 400

    class Trusting(Request):
        trusted_hosts = ["a.example"]

    mine = Application(lambda request: Response(request.host), request_class=Trusting)
    assert [answer.status_code for answer in answers(None, app=mine)] == [400, 400]


def test_state_of_the_application() -> None:
    """What the lifespan yields is the state of every request."""
    around("`current_app.config[...]`")

    @contextlib.contextmanager
    def lifespan(app: object) -> Iterator[dict[str, str]]:
        yield {"greeting": "Hello"}

    mine = Application(lambda request: Response(request.state["greeting"]), lifespan=lifespan)
    assert [answer.text for answer in answers(None, app=mine)] == ["Hello", "Hello"]


def test_requests_for_tests() -> None:
    """A request can be made without a server; the name of the host is another."""
    around('`with app.test_request_context("/x"):`')
    with flask_app(str).test_request_context("/x?a=1", base_url="http://testserver"):
        theirs = flask.request.url
    assert Request.from_values("/x?a=1").url == theirs


def test_building_urls() -> None:
    """The URL map builds the same URL for the same rule, also below a prefix."""
    around('`url_for("item", number=7)`')
    app = flask_app(str)
    app.add_url_rule("/items/<int:number>", "item", lambda number: "")
    with app.test_request_context("/", base_url="http://testserver/shop"):
        theirs = flask.url_for("item", number=7)
    urls = Map([Rule("/items/<int:number>", endpoint="item")])
    for protocol in PROTOCOLS:
        request = Request.from_values("/", "http://testserver/shop", protocol=protocol)
        assert urls.bind_to_environ(request).build("item", {"number": 7}) == theirs == "/shop/items/7"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_paths_with_views_on_both_sides(protocol: ProtocolName) -> None:
    """Methods that the map does not have go to Flask, with their body; what nobody has is Flask's 405."""
    assert "`except (NotFound, MethodNotAllowed):`" in section(PAGE, "Step by step")

    class Both(Application[Request]):
        old = bridged(lambda: flask.request.form["title"])
        urls = Map([Rule("/shop/items", endpoint=lambda request: Response("new"), methods=["GET"])])

        def resolve(self, request: Request) -> Any:
            try:
                return self.urls.bind_to_environ(request).match()[0]
            except (NotFound, MethodNotAllowed):
                return self.old

    with Client(Both(), protocol) as client:
        assert client.get(TARGET).text == "new"
        assert client.post(TARGET, data={"title": "old"}).text == "old"
        assert client.delete(TARGET).status_code == 405


def test_rewriting_a_view_before_it_moves() -> None:
    """A view of Flask makes a request of cardan and returns a response of cardan, also behind the bridge."""
    assert "`request = cardan.Request(flask.request.environ)`" in section(PAGE, "Step by step")

    def half() -> Any:
        request = Request(flask.request.environ)
        with request:
            response = Response(request.form["title"] + request.files["photo"].read().decode(), 201)
        response.set_cookie("theme", "dark")
        return response

    for answer in (flask_answer(half, **body_for("form")), *answers(None, app=bridged(half), **body_for("form"))):
        assert (answer.status_code, answer.text, answer.cookies["theme"]) == (201, "a b12345", "dark")


def bridged(old: Any) -> Any:
    """The application of Flask, for both protocols."""
    return Application.from_wsgi(flask_app(old))


def test_errors_of_flask_without_the_middleware() -> None:
    """An error of Flask is a 500 without the middleware, like every unexpected exception."""
    assert "without it, the error is a 500" in section(PAGE, "Step by step")
    assert [answer.status_code for answer in answers(lambda request: flask.abort(404))] == [500, 500]


# What differs


def differs(text: str) -> None:
    """The table "What differs" has a row that begins with ``text``."""
    assert any(row[0].startswith(text) for row in rows(PAGE, "What differs from Flask")), text


def test_every_difference_is_tested() -> None:
    """Each row of the table is named by a test in this file."""
    assert untested(PAGE, "What differs from Flask", __file__, "differs") == []


def test_the_request_is_an_argument() -> None:
    """Flask's views get the parts of the path alone; a view here gets the request, too."""
    differs("`request` is a global name")
    assert flask_answer(lambda: flask.request.path).text == "/shop/items"
    assert [answer.text for answer in answers(lambda request: Response(request.path))] == ["/shop/items"] * 2


def test_answers_in_tests() -> None:
    """The client of Flask gives responses of Werkzeug, and that of cardan those of httpx."""
    differs("`response.get_json()` of the test client")
    answer = flask_app(lambda: {"a": 1}).test_client().get(TARGET)
    assert answer.get_json() == {"a": 1}
    for answer in answers(lambda request: Response.from_json({"a": 1})):
        assert answer.json() == {"a": 1}


def test_what_views_return() -> None:
    """A text, a dict, a list and a tuple are answers in Flask, and a TypeError here."""
    differs("A view returns a text")
    for value in ("x", {"a": 1}, [1], ("x", 201)):
        assert flask_answer(lambda value=value: value).is_success
        assert [answer.status_code for answer in answers(lambda request, value=value: value)] == [500, 500]


def test_the_type_of_a_response() -> None:
    """``Response("x")`` is HTML in Flask and plain text in cardan, unless a class says otherwise."""
    differs('`Response("x")` is HTML')

    class Page(Response):
        default_mimetype = "text/html"

    assert flask.Response("x").mimetype == Page("x").mimetype == "text/html"
    assert Response("x").mimetype == "text/plain"


def test_json() -> None:
    """The two functions in the table write what Flask writes."""
    differs("`jsonify` sorts")
    differs("`jsonify` takes")
    app = flask_app(str)
    with app.app_context():
        theirs = flask.jsonify(b=1, a=[]).get_data()
        dated = flask.jsonify(datetime.date(2026, 11, 29)).get_json()
    assert theirs == b'{"a":[],"b":1}\n'
    assert Response.from_json({"b": 1, "a": []}).data == b'{"b":1,"a":[]}'
    ours = Response.from_json(
        {"b": 1, "a": []}, dumps=lambda value: json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n"
    )
    assert ours.data == theirs
    with pytest.raises(TypeError):
        Response.from_json(datetime.date(2026, 11, 29))
    dumps = flask.json.provider.DefaultJSONProvider(app).dumps
    assert Response.from_json(datetime.date(2026, 11, 29), dumps=dumps).json == dated


def test_characters_of_json() -> None:
    """Flask escapes what is not ASCII; here it is UTF-8, unless another function writes the text."""
    differs("`jsonify` writes")
    app = flask_app(str)
    with app.app_context():
        assert flask.jsonify("ö").get_data() == b'"\\u00f6"\n'
    assert Response.from_json("ö").data == '"ö"'.encode()
    assert Response.from_json("ö", dumps=json.dumps).data == b'"\\u00f6"'


def test_responses_to_unexpected_errors() -> None:
    """after_request sees them in Flask. Middleware does not; a function that both call does."""
    differs("`after_request` sees")
    app = flask_app(lambda: str(1 / 0))
    app.register_error_handler(Exception, lambda error: ("told", 500))

    @app.after_request
    def mark(response: Any) -> Any:
        response.headers["X-Seen"] = "yes"
        return response

    with Client(app, "wsgi") as client:
        assert client.get(TARGET).headers["X-Seen"] == "yes"

    def after(response: Response) -> Response:
        response.headers["X-Seen"] = "yes"
        return response

    @middleware
    def around(request: Request) -> Any:
        after((yield))

    class Silent(Application[Request]):
        middleware = [around]

        def resolve(self, request: Request) -> Any:
            return lambda request: Response(str(1 / 0))

        def on_exception(self, request: Request, error: Exception) -> Response:
            return Response("told", 500)

    class Site(Silent):
        def on_exception(self, request: Request, error: Exception) -> Response:
            return after(super().on_exception(request, error))

    assert [answer.headers.get("X-Seen") for answer in answers(None, app=Silent())] == [None, None]
    assert [answer.headers.get("X-Seen") for answer in answers(None, app=Site())] == ["yes", "yes"]


def test_pages_of_errors() -> None:
    """Flask sends HTML; here the client decides, or the option ``errors``."""
    differs("The body of an error")

    def old() -> Any:
        raise FlaskNotFound

    def new(request: Request) -> Response:
        raise NotFound

    headers = {"Accept": "application/json"}
    assert flask_answer(old, headers=headers).headers["Content-Type"].startswith("text/html")
    for answer in answers(new, headers=headers):
        assert answer.headers["Content-Type"] == "application/problem+json"
    for answer in answers(None, app=Application(new, errors="html"), headers=headers):
        assert answer.headers["Content-Type"].startswith("text/html")


def test_cookies_without_a_name() -> None:
    """A cookie without an equals sign has a name alone in Flask, and a value alone in browsers and here."""
    differs("`Cookie: theme` is a cookie")
    headers = {"Cookie": "theme"}
    assert flask_answer(lambda: flask.request.cookies.to_dict(), headers=headers).json() == {"theme": ""}
    for answer in answers(lambda request: Response.from_json(request.cookies.to_dict()), headers=headers):
        assert answer.json() == {"": "theme"}


def test_dates_of_files() -> None:
    """Flask writes the Date of a file that is sent; here the server does."""
    differs("`send_file` sends `Date`")
    assert "Date" in flask_answer(lambda: flask.send_file(io.BytesIO(b"x"), mimetype="text/plain")).headers
    for answer in answers(lambda request: send_file(io.BytesIO(b"x"), request, mimetype="text/plain")):
        assert "Date" not in answer.headers


def test_texts_of_urls() -> None:
    """The query of ``full_path`` is decoded here only, and the host of ``url`` in Flask only."""
    differs("`request.full_path` has the query as it was sent")
    differs("`request.url` of `xn--")
    where = "/ö?a=%C3%B6", "http://xn--bcher-kva.example/"
    with flask_app(str).test_request_context(*where):
        assert flask.request.full_path == "/ö?a=%C3%B6"
        assert flask.request.url == "http://bücher.example/ö?a=ö"
    for protocol in PROTOCOLS:
        request = Request.from_values(where[0], base_url=where[1], protocol=protocol)
        assert request.full_path == "/ö?a=ö"
        assert f"{request.path}?{request.query_string.decode()}" == "/ö?a=%C3%B6"
        assert uri_to_iri(request.url) == "http://bücher.example/ö?a=ö"


def test_errors_for_json() -> None:
    """An error that answers JSON is a problem document here, unless Accept names another format."""
    differs("An error that answers a JSON body")
    sent: dict[str, Any] = {"json": {}, "headers": {"Accept": "*/*"}}
    app = Application(lambda request: abort(404), errors="html")
    kinds = [
        flask_answer(lambda: flask.abort(404), "POST", **sent),
        *answers(lambda request: abort(404), "POST", **sent),
        *answers(None, "POST", app=app, **sent),
    ]
    found = [answer.headers["Content-Type"].partition(";")[0] for answer in kinds]
    assert found == ["text/html", *["application/problem+json"] * 2, *["text/html"] * 2]


def test_redirects_to_urls_with_a_user() -> None:
    """No Location has a user (RFC 9110 section 4.2.4), and its host is valid."""
    differs('`redirect("http://ada@example.org/")`')
    for url in ("http://ada@example.org/", "http:///x"):
        assert flask_answer(lambda url=url: flask.redirect(url)).headers["Location"] == url
        with pytest.raises(ValueError, match="got URL"):
            redirect(url)


def test_the_same_refusals() -> None:
    """JSON of another type is a 415 and silently None; a missing key is a 400, which names the key here."""
    differs("`request.json` of a body")
    differs("`request.get_json(silent=True)`")
    differs("A missing key")
    sent: dict[str, Any] = {"content": b"{}", "headers": {"Content-Type": "text/plain"}}
    assert flask_answer(lambda: str(flask.request.json), "POST", **sent).status_code == 415
    assert flask_answer(lambda: str(flask.request.get_json(silent=True)), "POST", **sent).text == "None"
    assert flask_answer(lambda: flask.request.args["none"]).status_code == 400
    for answer in answers(lambda request: Response(str(request.json)), "POST", **sent):
        assert answer.status_code == 415
    for answer in answers(lambda request: Response(str(request.get_json(silent=True))), "POST", **sent):
        assert answer.text == "None"
    for answer in answers(lambda request: Response(request.args["none"])):
        assert (answer.status_code, "none" in answer.text) == (400, True)


def test_invalid_forms() -> None:
    """An invalid form is empty in Flask and a 400 in cardan, unless the request class says otherwise."""
    differs("A form that is not valid")
    sent: dict[str, Any] = {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}
    assert flask_answer(lambda: str(flask.request.form.to_dict()), "POST", **sent).text == "{}"

    def new(request: Request) -> Response:
        return Response(str(request.form.to_dict()))

    class Silent(Request):
        form_rules = "silent"

    assert [answer.status_code for answer in answers(new, "POST", **sent)] == [400, 400]
    for answer in answers(None, "POST", Application(new, request_class=Silent), **sent):
        assert answer.text == "{}"


def test_coded_bodies() -> None:
    """Flask takes the names of a form from the coded bytes; here the client is told that no coding is accepted."""
    differs("A body with a `Content-Encoding`")
    headers = {"Content-Encoding": "br", "Content-Type": "application/x-www-form-urlencoded"}
    sent: dict[str, Any] = {"content": b"\x0b\x01a=1\x03", "headers": headers}
    old = flask_answer(lambda: repr(list(flask.request.form)), "POST", **sent)
    assert (old.status_code, old.text) == (200, repr(["\x0b\x01a"]))
    for answer in answers(lambda request: Response(repr(list(request.form))), "POST", **sent):
        assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")
    for answer in answers(lambda request: Response(request.get_data()), "POST", **sent):
        assert answer.content == sent["content"]


def test_the_environ() -> None:
    """A request has an ``environ`` in Flask and on WSGI; on ASGI it has a ``scope`` instead."""
    differs("`request.environ`")

    def new(request: Request) -> Response:
        return Response(f"{hasattr(request, 'environ')} {hasattr(request, 'scope')}")

    assert flask_answer(lambda: str(hasattr(flask.request, "environ"))).text == "True"
    assert [answer.text for answer in answers(new)] == ["True False", "False True"]


def test_small_differences() -> None:
    """Reason phrases, the type of an empty answer, Expires of a cookie, and Content-Disposition of a file."""
    differs("`response.status ==")
    assert (flask.Response(status=404).status, Response(status=404).status) == ("404 NOT FOUND", "404 Not Found")
    differs('`Response("", 204)`')
    assert "Content-Type" in flask_answer(lambda: ("", 204)).headers
    for answer in answers(lambda request: Response("", 204)):
        assert "Content-Type" not in answer.headers
    differs("`set_cookie(max_age=60)`")
    for made, expires in ((flask.Response(), True), (Response(), False)):
        made.set_cookie("a", "b", max_age=60)
        assert ("Expires" in made.headers["Set-Cookie"]) is expires
    differs("`add_etag()`")
    digests = set()
    for made in (flask.Response("x"), Response("x")):
        made.add_etag()
        digests.add(made.headers["ETag"])
    assert len(digests) == 2


def test_files_are_shown(tmp_path: Path) -> None:
    """Content-Disposition is sent for a file that is not an attachment in Flask only."""
    differs("`send_file(path)`")
    path = tmp_path / "report.txt"
    path.write_text("x")
    assert flask_answer(lambda: flask.send_file(path)).headers["Content-Disposition"] == "inline; filename=report.txt"
    for answer in answers(lambda request: send_file(path, request)):
        assert "Content-Disposition" not in answer.headers


def test_generators_have_the_request() -> None:
    """Flask's generators need ``stream_with_context``; here a generator has the argument of the view."""
    differs("`stream_with_context`")

    def old() -> Any:
        return flask.Response(flask.stream_with_context(flask.request.path for _ in "a"))

    def new(request: Request) -> Response:
        return Response(request.path for _ in "a")

    assert [answer.text for answer in (flask_answer(old), *answers(new))] == ["/shop/items"] * 3


def test_where_async_views_run() -> None:
    """On WSGI two requests run in one event loop here, and in two in Flask; on ASGI it is that of the server."""
    differs("An `async def` view")
    loops: list[object] = []

    async def old() -> str:
        loops.append(asyncio.get_running_loop())
        return ""

    app = flask.Flask(__name__)
    app.add_url_rule("/", view_func=old)
    with Client(app, "wsgi") as client:
        client.get("/")
        client.get("/")
    assert loops[0] is not loops[1]
    loops.clear()

    async def new(request: Request) -> Response:
        loops.append(asyncio.get_running_loop())
        return Response()

    for protocol in PROTOCOLS:
        loops.clear()
        with Client(Application(new), protocol) as client:
            client.get("/")
            client.get("/")
        assert loops[0] is loops[1]


def test_errors_of_views_in_tests() -> None:
    """The client raises them, and gives the page if it is told so."""
    differs("An error of a view")

    def new(request: Request) -> Response:
        raise ZeroDivisionError

    for protocol in PROTOCOLS:
        with Client(Application(new), protocol) as client, pytest.raises(ZeroDivisionError):
            client.get("/")
    assert [answer.status_code for answer in answers(new)] == [500, 500]


def test_methods_of_rules() -> None:
    """Flask adds HEAD and OPTIONS to a rule; the URL map adds HEAD."""
    differs("HEAD and OPTIONS")
    app = flask.Flask(__name__)
    app.add_url_rule("/", view_func=lambda: "")
    with Client(app, "wsgi") as client:
        assert (client.head("/").status_code, client.options("/").status_code) == (200, 200)
    rule = Rule("/", endpoint="home", methods=["GET"])
    assert rule.methods == {"GET", "HEAD"}


def test_headers_are_a_mapping() -> None:
    """Iterating gives pairs in Flask and names here."""
    differs("`for name, value in request.headers`")
    pairs = value_in_flask(lambda: list(flask.request.headers), headers={"X-A": "1"})
    for protocol in PROTOCOLS:
        names = value_here(lambda request: list(request.headers), protocol, headers={"X-A": "1"})
        ours = value_here(lambda request: list(request.headers.items()), protocol, headers={"X-A": "1"})
        assert {str(name).lower() for name in names} == {name.lower() for name, _ in pairs}
        assert {(name.lower(), value) for name, value in ours} == {(name.lower(), value) for name, value in pairs}


class Unlimited(Request):
    """A request that keeps bodies of any size in memory."""

    max_data_memory = max_form_memory_size = max_form_parts = None


FORM = "&".join(f"a{number}=1" for number in range(1500))
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_large_bodies(protocol: Any) -> None:
    """Flask takes urlencoded forms and bodies of any size; here they have limits, which None switches off."""
    differs("A body, and an urlencoded form, may have any size")
    app = flask.Flask("x")
    app.add_url_rule("/form", "form", lambda: str(len(flask.request.form)), methods=["POST"])
    app.add_url_rule("/data", "data", lambda: str(len(flask.request.get_data())), methods=["POST"])
    theirs = app.test_client()
    large = bytes(17 * 2**20)
    assert theirs.post("/form", data=FORM, headers=FORM_TYPE).text == "1500"
    assert theirs.post("/data", data=large).text == str(len(large))

    def sizes(request: Request) -> Response:
        return Response(str(len(request.form if request.path == "/form" else request.get_data())))

    for cls in (Request, Unlimited):
        with Client(cls.application(sizes), protocol) as client:
            answers = [client.post("/form", content=FORM, headers=FORM_TYPE), client.post("/data", content=large)]
            assert [answer.status_code for answer in answers] == ([413, 413] if cls is Request else [200, 200])
