"""The guide "Moving from Falcon": each line of its tables is run in Falcon and here, on the same requests."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import falcon
import falcon.asgi
import falcon.testing
import pytest

from cardan import CORS, Application, Mount, Request, Response, StaticFiles, abort, redirect, send_file
from cardan.core.forms import safe_filename
from cardan.exceptions import MethodNotAllowed
from cardan.testing import PROTOCOLS, Client
from tests.guide_tables import FORM, HEADERS, TARGET, code, rows, untested, value_here, view

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from cardan.types import ProtocolName

PAGE = "falcon.md"
MOMENT = datetime(2026, 11, 29, 6, tzinfo=UTC)


def old_app(responder: Any, *, asynchronous: bool = False) -> Any:
    """An application of Falcon whose every request is answered by one responder, which takes ``req`` and ``resp``."""

    class Resource:
        if asynchronous:

            async def on_get(self, req: Any, resp: Any) -> None:
                await responder(req, resp)

            on_post = on_get
        else:

            def on_get(self, req: Any, resp: Any) -> None:
                responder(req, resp)

            on_post = on_get

    app = falcon.asgi.App() if asynchronous else falcon.App()
    app.add_route("/shop/items", Resource())
    return app


def old_answer(responder: Any, method: str = "GET", *, asynchronous: bool = False, **sent: Any) -> httpx.Response:
    protocol: ProtocolName = "asgi" if asynchronous else "wsgi"
    with Client(old_app(responder, asynchronous=asynchronous), protocol, raise_app_exceptions=False) as client:
        return client.request(method, TARGET, **sent)


def old_value(cell: str, *, asynchronous: bool = False, **sent: Any) -> Any:
    """What a line reads from a request in Falcon."""
    got = []
    read = view(cell, {}, "req")

    async def aread(req: Any, resp: Any) -> None:
        got.append(await read(req))

    responder = aread if asynchronous else lambda req, resp: got.append(read(req))
    assert old_answer(responder, asynchronous=asynchronous, **sent).status_code == 200
    return got[0]


def statements(cell: str, names: dict[str, Any]) -> Any:
    """A responder of Falcon that runs the line in a cell."""
    namespace = dict(names)
    exec(f"def responder(req, resp):\n    {code(cell)}", namespace)
    return namespace["responder"]


def answers(new: Any, method: str = "GET", app: Any = None, **sent: Any) -> list[httpx.Response]:
    """What a view, or an application, answers here on both protocols."""
    found = []
    for protocol in PROTOCOLS:
        with Client(app or Application(new), protocol, raise_app_exceptions=False) as client:
            found.append(client.request(method, TARGET, **sent))
    return found


# Old line, new line


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The request line and the header fields"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reading_the_head(old: str, new: str, protocol: ProtocolName) -> None:
    """In each row, the code of Falcon and that of cardan give the same value, in def and async def responders of
    Falcon.
    """
    sent = {"method": "POST", "content": b"1234"} if "content_length" in old else {}
    ours = value_here(view(new, {}), protocol, headers=HEADERS, **sent)
    assert ours == old_value(old, headers=HEADERS, **sent)
    got = []

    async def aread(req: Any, resp: Any) -> None:
        got.append(view(old, {}, "req")(req))

    old_answer(aread, asynchronous=True, headers=HEADERS, **sent)
    assert got == [ours]


def body_of(line: str) -> dict[str, Any]:
    """The body of the request that a line reads."""
    if "part" in line:
        return {"method": "POST", **FORM}
    if "title" in line or "none" in line or "tag" in line:
        return {"method": "POST", "data": FORM["data"]}
    if "media" in line:
        return {"method": "POST", "json": {"a": [1]}}
    return {"method": "POST", "content": b"caf\xc3\xa9", "headers": {"Content-Type": "text/plain"}}


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The body in a `def` responder"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reading_the_body(old: str, new: str, protocol: ProtocolName) -> None:
    """In each row, the code of Falcon and that of cardan give the same value."""
    ours = value_here(view(new, {}), protocol, **body_of(old))
    assert ours == old_value(old, **body_of(old))
    assert ours not in (None, b"", "")


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The body in an `async def` responder"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reading_the_body_in_async_code(old: str, new: str, protocol: ProtocolName) -> None:
    """In each row, the code of Falcon and that of cardan give the same value in async code."""
    ours = value_here(view(new, {}), protocol, load="aiter_data" not in new, **body_of(old))
    assert ours == old_value(old, asynchronous=True, **body_of(old))
    assert ours not in (None, b"", "")


OURS = {
    "Response": Response,
    "redirect": redirect,
    "abort": abort,
    "send_file": send_file,
    "MethodNotAllowed": MethodNotAllowed,
    "moment": MOMENT,
}


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The answer"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_answers(old: str, new: str, protocol: ProtocolName, tmp_path: Path) -> None:
    """In each row, the code of Falcon and that of cardan send the same status and the same header fields and, unless it
    is an error or a redirect, the same body.
    """
    path = tmp_path / "report.pdf"
    path.write_text("report")
    theirs = old_answer(statements(old, {"falcon": falcon, "moment": MOMENT, "path": path}))
    with Client(Application(view(new, OURS | {"path": path})), protocol) as client:
        ours = client.get(TARGET)
    assert ours.status_code == theirs.status_code
    for name in ("Location", "Retry-After", "Allow"):
        assert ours.headers.get(name) == theirs.headers.get(name)
    if ours.is_error or ours.is_redirect:  # their pages differ
        return
    for name in ("Content-Type", "X-Tag", "Set-Cookie", "Vary", "Content-Disposition"):
        assert fields(ours, name) == fields(theirs, name), name
    if "send_file" not in new:  # it sends more of them
        for name in ("ETag", "Last-Modified", "Cache-Control"):
            assert fields(ours, name) == fields(theirs, name), name
    if theirs.headers.get("Content-Type") == "application/json":
        assert ours.json() == theirs.json()
    else:
        assert ours.content == theirs.content


def fields(answer: httpx.Response, name: str) -> list[str]:
    """The values of a field: their parts in one order, in small letters and without quotes.

    They are without the members that end a cookie, of which cardan sends two.
    """
    found = []
    for value in answer.headers.get_list(name):
        value = re.sub(r"; (Expires=[^;]*|Max-Age=0)", "", value, flags=re.IGNORECASE)
        found.append("; ".join(sorted(re.split("[;,] ", value.replace('"', "").lower()))))
    return found


# What differs


def differs(text: str) -> None:
    """The table "What differs" has a row that begins with ``text``."""
    assert any(row[0].startswith(text) for row in rows(PAGE, "What differs from Falcon")), text


def test_every_difference_is_tested() -> None:
    """Each row of the table is named by a test in this file."""
    assert untested(PAGE, "What differs from Falcon", __file__, "differs") == []


def test_what_is_sent() -> None:
    """A text is JSON there and plain text here; a responder changes a response there and returns one here."""
    differs('`resp.text = "x"` is sent')
    differs("A responder changes `resp`")

    def old(req: Any, resp: Any) -> None:
        resp.text = "x"

    assert old_answer(old).headers["Content-Type"] == "application/json"
    assert {answer.headers["Content-Type"] for answer in answers(lambda request: Response("x"))} == {
        "text/plain; charset=utf-8"
    }
    assert [answer.status_code for answer in answers(lambda request: None)] == [500, 500]


def test_arguments() -> None:
    """The last value there, the first one here; a missing one is a 500 there, and a 400 here."""
    differs('`req.get_param("tag")` of a name')
    differs('`req.params["none"]` is a KeyError')
    differs('`req.get_param_as_int("page")` of a text')
    assert old_value('`req.get_param("tag")`') == "b"
    for protocol in PROTOCOLS:
        assert value_here(lambda request: request.args["tag"], protocol) == "a"
        assert value_here(lambda request: request.args.getlist("tag")[-1], protocol) == "b"
        assert value_here(lambda request: request.args.get("tag", type=int), protocol) is None
    assert old_answer(lambda req, resp: req.params["none"]).status_code == 500
    assert old_answer(lambda req, resp: req.get_param_as_int("tag")).status_code == 400
    assert [answer.status_code for answer in answers(lambda request: Response(request.args["none"]))] == [400, 400]


def test_names_of_fields() -> None:
    """``req.headers`` of Falcon has names in capital letters on WSGI, and in small ones on ASGI. cardan finds a name in
    any case.
    """
    differs("`req.headers` has its names in capital letters")
    assert old_value('`req.headers["X-TAG"]`', headers=HEADERS) == "a"
    got = []

    async def aread(req: Any, resp: Any) -> None:
        got.append(req.headers["x-tag"])

    old_answer(aread, asynchronous=True, headers=HEADERS)
    assert got == ["a"]
    for protocol in PROTOCOLS:
        assert value_here(lambda request: request.headers["x-TAG"], protocol, headers=HEADERS) == "a"


def test_bodies() -> None:
    """A JSON body has no limit there; media handlers read other types; a multipart form can be read once."""
    differs("`req.media` reads a JSON body of any size")
    differs("`req.media` reads whatever its media handlers know")
    differs("A multipart form is iterated once")
    sent: dict[str, Any] = {"json": {"a": "x" * 1000}}

    class Small(Request):
        max_data_memory = 100

    assert old_answer(lambda req, resp: req.media, "POST", **sent).status_code == 200
    small = Application(lambda request: Response(request.json["a"]), request_class=Small)
    assert [answer.status_code for answer in answers(None, "POST", small, **sent)] == [413, 413]
    assert [answer.status_code for answer in answers(lambda request: request.json, "POST", **FORM)] == [415, 415]

    def twice(req: Any, resp: Any) -> None:
        list(req.media)
        list(req.media)

    assert old_answer(twice, "POST", **FORM).status_code in (400, 500)

    def in_any_order(request: Request) -> Response:
        return Response(request.files["photo"].read().decode() + request.form["title"] + request.form["title"])

    assert [answer.text for answer in answers(in_any_order, "POST", **FORM)] == ["12345a ba b"] * 2


def test_ranges_and_etags() -> None:
    """A range has the end of Python here; a conditional answer is made here."""
    differs("`req.range` is `(0, 9)`")
    differs('`resp.etag = "v1"` leaves')
    assert old_value("`req.range`", headers=HEADERS) == (0, 9)
    for protocol in PROTOCOLS:
        assert list(value_here(lambda request: request.range.ranges, protocol, headers=HEADERS)) == [(0, 10)]

    def old(req: Any, resp: Any) -> None:
        resp.etag = "v1"

    def new(request: Request) -> Response:
        response = Response("x")
        response.set_etag("v1")
        return response.make_conditional(request)

    assert old_answer(old, headers=HEADERS).status_code == 200
    assert [answer.status_code for answer in answers(new, headers=HEADERS)] == [304, 304]


def test_cookies_and_file_names() -> None:
    """What is sent without being asked for, and what is safe in a name."""
    differs("`resp.set_cookie` sends `Secure`")
    differs("`part.secure_filename` has")

    def new(request: Request) -> Response:
        response = Response()
        response.set_cookie("a", "1")
        return response

    theirs = old_answer(lambda req, resp: resp.set_cookie("a", "1")).headers["Set-Cookie"]
    assert "Secure" in theirs
    assert "HttpOnly" in theirs
    assert "Path" not in theirs
    assert {answer.headers["Set-Cookie"] for answer in answers(new)} == {"a=1; Path=/"}
    line = '`[part.secure_filename for part in req.media if part.name == "photo"][0]`'
    assert old_value(line, method="POST", **FORM) == "my_photo.png"
    assert safe_filename("my photo.png") == "my photo.png"
    assert safe_filename("my photo.png").replace(" ", "_") == "my_photo.png"


def test_redirects() -> None:
    """A redirect is returned, or raised by ``abort``, in cardan. The guide says that Falcon raises it."""
    differs("A redirect is raised")
    for new in (lambda request: redirect("/there"), lambda request: abort(redirect("/there"))):
        assert {answer.headers["Location"] for answer in answers(new)} == {"/there"}


def test_methods() -> None:
    """HEAD and OPTIONS are answered by Falcon; here the handler gets them."""
    differs("HEAD needs an `on_head`")
    differs("OPTIONS is answered by Falcon")
    assert old_answer(lambda req, resp: None, "HEAD").status_code == 405
    assert "GET" in old_answer(lambda req, resp: None, "OPTIONS").headers["Allow"]
    for answer in answers(lambda request: Response(request.method), "HEAD"):
        assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "4", b"")
    assert [answer.text for answer in answers(lambda request: Response(request.method), "OPTIONS")] == ["OPTIONS"] * 2


def test_errors() -> None:
    """The document of an error has other members in Falcon. An unexpected error is a 500 there, and raised here."""
    differs("Errors are JSON or XML")
    differs("An error that nobody handles")

    def missing(req: Any, resp: Any) -> None:
        raise falcon.HTTPNotFound(description="no such item")

    theirs = old_answer(missing)
    assert theirs.json() == {"title": "404 Not Found", "description": "no such item"}
    for answer in answers(lambda request: abort(404, "no such item"), headers={"Accept": "application/json"}):
        document = answer.json()
        assert (document["title"], document["detail"]) == ("Not Found", "no such item")

    def fails(*args: Any) -> Any:
        raise ZeroDivisionError

    with Client(old_app(fails), "wsgi") as client:
        assert client.get(TARGET).status_code == 500
    for protocol in PROTOCOLS:
        with Client(Application(fails), protocol) as client, pytest.raises(ZeroDivisionError):
            client.get(TARGET)


def test_plain_functions_on_asgi() -> None:
    """Falcon refuses a responder that is a ``def``; here it runs in a thread."""
    differs("`falcon.asgi` takes responders")

    class Resource:
        def on_get(self, req: Any, resp: Any) -> None: ...

    with pytest.raises(TypeError, match="coroutine"):
        falcon.asgi.App().add_route("/", Resource())
    assert [answer.text for answer in answers(lambda request: Response("x"))] == ["x", "x"]


def test_test_clients() -> None:
    """The client here is that of httpx."""
    differs("`result.json` of the test client")

    def old(req: Any, resp: Any) -> None:
        resp.media = {"a": 1}

    assert falcon.testing.TestClient(old_app(old)).simulate_get("/shop/items").json == {"a": 1}
    assert [answer.json() for answer in answers(lambda request: Response.from_json({"a": 1}))] == [{"a": 1}] * 2


# What stands around the responders


def around(text: str) -> None:
    """The table "Around the responders" has a row that begins with ``text``."""
    assert any(row[0].startswith(text) for row in rows(PAGE, "Around the responders")), text


def test_sinks_and_static_files(tmp_path: Path) -> None:
    """A prefix belongs to a sink or a folder there, and to an application of a mount here."""
    around("`app.add_sink(proxy")
    around("`app.add_static_route(")
    (tmp_path / "a.txt").write_text("a")
    old = falcon.App()
    old.add_sink(lambda req, resp: resp.set_header("X-Sink", req.path), "/old")
    old.add_static_route("/static", str(tmp_path))
    sink = Application(lambda request: Response(headers={"X-Sink": request.root_path + request.path}))
    new = Mount({"/old": sink, "/static": StaticFiles(tmp_path)})
    for app, protocol in ((old, "wsgi"), (new, "wsgi"), (new, "asgi")):
        with Client(app, protocol) as client:
            assert client.get("/old/x").headers["X-Sink"] == "/old/x"
            assert client.get("/static/a.txt").text == "a"
            assert client.get("/static/none").status_code == 404


def test_cors() -> None:
    """Every origin may read the answers."""
    around("`falcon.App(cors_enable=True)`")
    old = falcon.App(cors_enable=True)
    old.add_route("/", type("Resource", (), {"on_get": lambda self, req, resp: None})())
    new = CORS(Application(lambda request: Response()), origins="*")
    for app, protocol in ((old, "wsgi"), (new, "wsgi"), (new, "asgi")):
        with Client(app, protocol) as client:
            answer = client.get("/", headers={"Origin": "http://a.example"})
            assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_what_runs_after_the_response() -> None:
    """``schedule`` of Falcon and ``call_on_close`` here run a function after the response."""
    around("`resp.schedule(note)`")
    notes: list[str] = []

    async def later() -> None:
        notes.append("old")

    async def old(req: Any, resp: Any) -> None:
        resp.schedule(later)

    def new(request: Request) -> Response:
        response = Response()
        response.call_on_close(lambda: notes.append("new"))
        return response

    assert old_answer(old, asynchronous=True).status_code == 200
    answers(new)
    assert notes == ["old", "new", "new"]


def test_event_streams() -> None:
    """Each sends the same events."""
    around("`resp.sse = events()`")

    async def old(req: Any, resp: Any) -> None:
        async def events() -> AsyncIterator[Any]:
            yield falcon.asgi.SSEvent(text="a")

        resp.sse = events()

    theirs = old_answer(old, asynchronous=True)
    for answer in answers(lambda request: Response.from_events(["a"])):
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.text.strip() == theirs.text.strip() == "data: a"


def test_the_lifespan_of_falcon_behind_a_bridge() -> None:
    """cardan starts it if the bridge is the application, or stands in a mount; also on WSGI."""
    notes: list[str] = []

    class Noting:
        async def process_startup(self, scope: Any, event: Any) -> None:
            notes.append("up")

        async def process_shutdown(self, scope: Any, event: Any) -> None:
            notes.append("down")

    bridge = Application.from_asgi(falcon.asgi.App(middleware=[Noting()]))
    for app in (bridge, Mount({"/": bridge})):
        for protocol in PROTOCOLS:
            with Client(app, protocol) as client:
                assert client.get("/none").status_code == 404
    assert notes == ["up", "down"] * 4


def test_errors_of_falcon_without_the_middleware() -> None:
    """An error of Falcon is a 500 without the middleware, like every unexpected exception."""

    def new(request: Request) -> Response:
        raise falcon.HTTPNotFound

    assert [answer.status_code for answer in answers(new)] == [500, 500]
