"""The guide "Moving from Starlette": each line of its tables is run in Starlette and here, on the same requests."""

from __future__ import annotations

import contextlib
import json
import threading
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urljoin

import fastapi
import jinja2
import pytest
import starlette.responses
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, SimpleUser
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as StarletteRequest
from starlette.routing import Mount as StarletteMount
from starlette.routing import Route
from starlette.staticfiles import StaticFiles as StarletteStaticFiles
from starlette.templating import Jinja2Templates

from cardan import CORS, Application, Compression, Request, Response, StaticFiles, abort, redirect, send_file
from cardan.exceptions import BadRequest, NotFound
from cardan.files import send_from_directory
from cardan.testing import PROTOCOLS, Client, RequestBuilder
from tests.guide_tables import HEADERS, TARGET, body_for, rows, section, untested, value_here, view

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from cardan.types import ProtocolName

PAGE = "starlette.md"


def starlette_app(old: Any, **options: Any) -> Starlette:
    """An application of Starlette whose every request is answered by one view."""

    async def endpoint(request: StarletteRequest) -> Any:
        answer = old(request)
        return await answer if hasattr(answer, "__await__") else answer

    return Starlette(routes=[Route("/{path:path}", endpoint, methods=["GET", "POST"])], **options)


def starlette_answer(old: Any, method: str = "GET", **sent: Any) -> httpx.Response:
    with Client(starlette_app(old), "asgi", raise_app_exceptions=False) as client:
        return client.request(method, TARGET, **sent)


def value_in_starlette(old: Any, **sent: Any) -> Any:
    """What a view reads from a request in Starlette."""
    got = []

    async def read(request: StarletteRequest) -> Any:
        value = old(request)
        got.append(await value if hasattr(value, "__await__") else value)
        await request.close()
        return starlette.responses.Response()

    assert starlette_answer(read, **sent).status_code == 200
    return got[0]


def prose(title: str) -> str:
    """The text of a section, whose line ends are spaces."""
    return " ".join(section(PAGE, title).split())


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
    """In each row, the code of Starlette and that of cardan give the same value."""
    sent = {"method": "POST", "content": b"1234"} if "content-length" in old else {}
    theirs = value_in_starlette(view(old, {}), headers=HEADERS, **sent)
    ours = value_here(view(new, {"urlencode": urlencode}), protocol, headers=HEADERS, **sent)
    if "urlencode" in new:  # the order of the arguments is another
        theirs, ours = ((text.partition("?")[0], sorted(parse_qsl(text.partition("?")[2]))) for text in (theirs, ours))
    assert ours == theirs


@pytest.mark.parametrize(("old", "asynchronous", "sync"), rows(PAGE, "The body"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reading_the_body(old: str, asynchronous: str, sync: str, protocol: ProtocolName, tmp_path: Path) -> None:
    """The three lines give the same value; where they save a file, it has the same bytes."""
    values = []
    for name, line in (("starlette", old), ("async", asynchronous), ("def", sync)):
        target = tmp_path / name
        names = {"target": target, "json": json}
        sent = body_for(old)
        if name == "starlette":
            value = value_in_starlette(view(line, names), **sent)
        else:
            load = name == "async" and "aiter_data" not in line
            value = value_here(view(line, names), protocol, load=load, **sent)
        values.append(target.read_bytes() if target.exists() else value)
    assert values[0] == values[1] == values[2]
    assert values[0] not in (None, b"", "")


async def numbers() -> AsyncIterator[str]:
    for number in range(3):
        yield str(number)


TEMPLATES = Jinja2Templates(
    env=jinja2.Environment(loader=jinja2.DictLoader({"item.html": "<p>{{ a }}"}), autoescape=True)
)
OURS = {
    "Response": Response,
    "redirect": redirect,
    "abort": abort,
    "send_file": send_file,
    "partial": partial,
    "numbers": numbers,
    "templates": TEMPLATES,
}
THEIRS = vars(starlette.responses) | {
    "HTTPException": StarletteHTTPException,
    "BackgroundTask": BackgroundTask,
    "numbers": numbers,
    "templates": TEMPLATES,
}


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The answer"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_answers(old: str, new: str, protocol: ProtocolName, tmp_path: Path) -> None:
    """In each row, the code of Starlette and that of cardan send the same status and the same header fields and, unless
    it is an error or a redirect, the same body.
    """
    notes: list[list[str]] = [[], []]
    (tmp_path / "report.csv").write_text("report")
    path = tmp_path / "report.csv"
    theirs = starlette_answer(view(old, THEIRS | {"path": path, "note": notes[0].append}))
    with Client(Application(view(new, OURS | {"path": path, "note": notes[1].append})), protocol) as client:
        ours = client.get(TARGET)
    assert notes[0] == notes[1] == (["sent"] if "note" in old else [])
    assert ours.status_code == theirs.status_code
    assert ours.headers.get("Location") == theirs.headers.get("Location")
    assert ours.headers.get("Retry-After") == theirs.headers.get("Retry-After")
    if ours.is_error or ours.is_redirect:  # their pages differ
        return
    for name in ("Content-Type", "X-Tag", "Set-Cookie", "Vary", "Content-Disposition"):
        assert fields(ours, name) == fields(theirs, name), name
    assert ("ETag" in ours.headers) == ("ETag" in theirs.headers)
    if theirs.headers.get("Content-Type") == "application/json":
        assert ours.json() == theirs.json()
    assert ours.content == theirs.content


def fields(answer: httpx.Response, name: str) -> list[str]:
    """The values of a field: their parts in one order, in small letters, without quotes and without Expires."""
    found = []
    for value in answer.headers.get_list(name):
        parts = value.replace('"', "").lower().split("; ")
        found.append("; ".join(sorted(part for part in parts if not part.startswith("expires"))))
    return found


# What the old side gives


class Backend:
    """Every request is Ada's."""

    async def authenticate(self, connection: object) -> Any:
        return AuthCredentials(["read"]), SimpleUser("Ada")


@contextlib.asynccontextmanager
async def greeting(app: object) -> AsyncIterator[dict[str, str]]:
    yield {"greeting": "Hello"}


@pytest.mark.parametrize(
    ("old", "new"), rows(PAGE, "What the old side gives to views that have moved"), ids=lambda cell: cell.strip("`")
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("asynchronous", [True, False])
def test_what_the_old_side_gives(old: str, new: str, protocol: ProtocolName, asynchronous: bool) -> None:
    """A view that is the endpoint of a route finds what Starlette and its middleware give, behind the bridge, too."""
    got = []

    async def old_endpoint(request: StarletteRequest) -> Any:
        request.session["user"] = "ada"
        got.append(view(old, {})(request))
        return starlette.responses.Response()

    def endpoint(request: Request) -> Response:
        got.append(view(new, {})(request))
        return Response()

    async def async_endpoint(request: Request) -> Response:
        return endpoint(request)

    routes = [
        Route("/old/{number:int}", old_endpoint),
        Route("/items/{number:int}", Application(async_endpoint if asynchronous else endpoint), name="item"),
    ]
    session = Middleware(SessionMiddleware, secret_key="for the test")
    authentication = Middleware(AuthenticationMiddleware, backend=Backend())
    site = Starlette(routes=routes, middleware=[session, authentication], lifespan=greeting)
    with Client(Application.from_asgi(site), protocol) as client:
        assert client.get("/old/7").status_code == 200
        assert client.get("/items/7").status_code == 200
    assert got[0] == got[1]
    assert got[0]


# What stands around the views


def around(text: str) -> None:
    """The table "Around the views" has a row that begins with ``text``."""
    assert any(row[0].startswith(text) for row in rows(PAGE, "Around the views")), text


def test_static_files(tmp_path: Path) -> None:
    """An index is served with ``html=True`` in Starlette, and unless ``index=None`` here."""
    around('`StaticFiles(directory="static")`')
    around('`StaticFiles(directory="site", html=True)`')
    (tmp_path / "index.html").write_text("<p>index")
    (tmp_path / "a.txt").write_text("a")
    pairs = [
        (StarletteStaticFiles(directory=tmp_path), StaticFiles(tmp_path, index=None), 404),
        (StarletteStaticFiles(directory=tmp_path, html=True), StaticFiles(tmp_path), 200),
    ]
    for old, new, status in pairs:
        site = Starlette(routes=[StarletteMount("/", old)])
        for app, protocol in ((site, "asgi"), (new, "asgi"), (new, "wsgi")):
            with Client(app, protocol) as client:
                assert client.get("/").status_code == status
                assert client.get("/a.txt").text == "a"
                assert client.get("/none").status_code == 404


def test_limits_of_forms() -> None:
    """The arguments of ``form()`` are attributes of the request class."""
    around("`request.form(max_files=")
    sent: dict[str, Any] = {"files": [("a", ("a.txt", b"1")), ("b", ("b.txt", b"2"))]}

    async def old(request: StarletteRequest) -> Any:
        form = await request.form(max_files=1)
        return starlette.responses.Response(str(len(form)))

    class Small(Request):
        max_files = 1

    assert starlette_answer(old, "POST", **sent).status_code == 400
    mine = Application(lambda request: Response(str(len(request.files))), request_class=Small)
    assert [answer.status_code for answer in answers(None, "POST", mine, **sent)] == [413, 413]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_views_and_parts_in_fastapi(protocol: ProtocolName) -> None:
    """A view is appended to the routes, and a part is mounted; FastAPI's own views stand beside them."""
    text = section(PAGE, "Step by step")
    assert '`app.router.routes.append(Route("/items/{number:int}", item))`' in text
    assert '`app.mount("/api", api)`' in text
    app = fastapi.FastAPI()

    @app.get("/own/{number}")
    async def own(number: int) -> dict[str, int]:
        return {"number": number}

    @Request.application
    async def item(request: Request) -> Response:
        await request.load()
        return Response(f"{request.scope['path_params']['number']} {request.form.get('title', '')}")

    @Request.application
    def api(request: Request) -> Response:
        return Response(f"{request.root_path} {request.path} {request.form.get('title', '')}")

    app.router.routes.append(Route("/items/{number:int}", item))
    app.mount("/api", api)
    with Client(Application.from_asgi(app), protocol) as client:
        assert client.get("/own/7").json() == {"number": 7}
        assert client.post("/items/7", data={"title": "a"}).text == "7 a"
        assert client.post("/api/users", data={"title": "a"}).text == "/api /users a"
        assert client.get("/openapi.json").status_code == 200


def test_rewriting_a_view_before_it_moves() -> None:
    """A view of Starlette makes a request of cardan and returns a response of cardan, also behind the bridge."""
    assert "`request = cardan.Request(request.scope, request.receive)`" in prose("Step by step")

    async def half(old: StarletteRequest) -> Any:
        request = Request(old.scope, old.receive)
        await request.load()
        async with request:
            response = Response(request.form["title"] + (await request.files["photo"].aread()).decode(), 201)
        response.set_cookie("theme", "dark")
        return response

    app = Application.from_asgi(starlette_app(half))
    for answer in (starlette_answer(half, **body_for("form")), *answers(None, app=app, **body_for("form"))):
        assert (answer.status_code, answer.text, answer.cookies["theme"]) == (201, "a b12345", "dark")


def test_responses_in_fastapi() -> None:
    """A view of FastAPI returns a response of Starlette: one of cardan is an error."""
    assert "The views of FastAPI return responses of Starlette only." in prose("Step by step")
    app = fastapi.FastAPI()
    app.get("/", response_model=None)(lambda: Response("x"))
    with Client(app, "asgi", raise_app_exceptions=False) as client:
        assert client.get("/").text != "x"


def test_errors_of_starlette_without_the_middleware() -> None:
    """An error of Starlette is a 500 without the middleware, like every unexpected exception."""
    assert "without it, the error is a 500" in prose("Step by step")

    def new(request: Request) -> Response:
        raise StarletteHTTPException(404)

    assert [answer.status_code for answer in answers(new)] == [500, 500]


def test_errors_of_views_that_have_moved() -> None:
    """cardan answers them; the handlers of Starlette do not see them."""
    assert "`exception_handlers` of the old side do not see" in prose("Step by step")

    def seen(request: object, error: object) -> Any:
        return starlette.responses.PlainTextResponse("seen", 404)

    @Request.application
    async def missing(request: Request) -> Response:
        raise NotFound("no such item")

    site = Starlette(routes=[Route("/item", missing)], exception_handlers={404: seen})
    with Client(site, "asgi") as client:
        assert client.get("/none").text == "seen"
        answer = client.get("/item")
        assert answer.status_code == 404
        assert "no such item" in answer.text


@pytest.mark.parametrize(("host", "status"), [("a.example", 200), ("b.example", 400)])
def test_trusted_hosts(host: str, status: int) -> None:
    """A host that is not trusted is a 400 in both."""
    around("`TrustedHostMiddleware`")
    trusting = Middleware(TrustedHostMiddleware, allowed_hosts=["a.example"])
    old = starlette_app(lambda request: starlette.responses.Response(), middleware=[trusting])

    class Trusting(Request):
        trusted_hosts = ["a.example"]

    new = Application(lambda request: Response(), request_class=Trusting)
    for app, protocol in ((old, "asgi"), (new, "asgi"), (new, "wsgi")):
        with Client(app, protocol, base_url=f"http://{host}") as client:
            assert client.get("/").status_code == status


def test_cors_and_compression() -> None:
    """The two stand around an application, as the middleware of Starlette does, and send the same."""
    around("`CORSMiddleware`, `GZipMiddleware`")

    def old(request: object) -> Any:
        return starlette.responses.PlainTextResponse("x" * 2000)

    their_cors = Middleware(CORSMiddleware, allow_origins=["http://a.example"])
    theirs = starlette_app(old, middleware=[their_cors, Middleware(GZipMiddleware)])
    ours = CORS(Compression(Application(lambda request: Response("x" * 2000))), origins=["http://a.example"])
    for app, protocol in ((theirs, "asgi"), (ours, "asgi"), (ours, "wsgi")):
        with Client(app, protocol) as client:
            answer = client.get("/", headers={"Origin": "http://a.example", "Accept-Encoding": "gzip"})
            assert answer.headers["Access-Control-Allow-Origin"] == "http://a.example"
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.text == "x" * 2000


def test_asgi_middleware() -> None:
    """Middleware of ASGI takes an application of cardan."""
    around("a pure ASGI middleware")
    mine = Application(lambda request: Response(request.scope["session"].get("user", "nobody")))
    with Client(SessionMiddleware(mine, secret_key="for the test"), "asgi") as client:
        assert client.get("/").text == "nobody"


# What differs


def differs(text: str) -> None:
    """The table "What differs" has a row that begins with ``text``."""
    assert any(row[0].startswith(text) for row in rows(PAGE, "What differs from Starlette")), text


def test_every_difference_is_tested() -> None:
    """Each row of the table is named by a test in this file."""
    assert untested(PAGE, "What differs from Starlette", __file__, "differs") == []


def test_urls_and_state() -> None:
    """The URL is an object there and a text here; the state has attributes there and is a mapping here."""
    differs("`request.url` is an object")
    differs("`request.state.greeting`")
    assert value_in_starlette(lambda request: request.url.path) == "/shop/items"
    app = starlette_app(lambda request: starlette.responses.Response(request.state.greeting), lifespan=greeting)
    with Client(app, "asgi") as client:
        assert client.get("/").text == "Hello"
    for protocol in PROTOCOLS:
        assert isinstance(value_here(lambda request: request.url, protocol), str)
    mine = Application(lambda request: Response(request.state["greeting"]), lifespan=greeting)
    assert [answer.text for answer in answers(None, app=mine)] == ["Hello", "Hello"]


def test_values_that_were_sent_twice() -> None:
    """The last value is given there, and the first here."""
    differs('`request.query_params["tag"]` of a name')
    assert value_in_starlette(lambda request: request.query_params["tag"]) == "b"
    for protocol in PROTOCOLS:
        assert value_here(lambda request: request.args["tag"], protocol) == "a"
        assert value_here(lambda request: request.form["tag"], protocol, **body_for("form")) == "x"


def test_mistakes_of_clients() -> None:
    """A missing key and broken JSON are a 500 there and a 400 here; JSON of another type is a 415 here."""
    differs("A missing key")
    differs("`await request.json()` of a body that is not JSON")
    differs("`await request.json()` reads every type")

    async def old(request: StarletteRequest) -> Any:
        return starlette.responses.JSONResponse(await request.json())

    def new(request: Request) -> Response:
        return Response.from_json(request.json)

    def forced(request: Request) -> Response:
        return Response.from_json(request.get_json(force=True))

    broken: dict[str, Any] = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    text: dict[str, Any] = {"content": b"{}", "headers": {"Content-Type": "text/plain"}}
    assert starlette_answer(lambda request: request.query_params["none"]).status_code == 500
    assert starlette_answer(old, "POST", **broken).status_code == 500
    assert starlette_answer(old, "POST", **text).json() == {}
    assert [answer.status_code for answer in answers(lambda request: Response(request.args["none"]))] == [400, 400]
    assert [answer.status_code for answer in answers(new, "POST", **broken)] == [400, 400]
    assert [answer.status_code for answer in answers(new, "POST", **text)] == [415, 415]
    assert [answer.json() for answer in answers(forced, "POST", **text)] == [{}, {}]


def test_texts_of_urls() -> None:
    """The query of the URL is as it was sent there, and text here."""
    differs("`str(request.url)` has the query as it was sent")
    theirs = str(StarletteRequest(RequestBuilder("/ö?a=%C3%B6").scope()).url)
    assert theirs == "http://testserver/ö?a=%C3%B6"
    for protocol in PROTOCOLS:
        request = Request.from_values("/ö?a=%C3%B6", protocol=protocol)
        assert request.url == "http://testserver/ö?a=ö"
        assert f"{request.base_url}?{request.query_string.decode()}" == theirs


def test_headers_and_cookies_that_were_sent_twice() -> None:
    """The first of several fields there, all of them here; the last of several cookies there, the first here."""
    differs('`request.headers.get("x-tag")` of a field')
    headers = [("X-Tag", "a"), ("X-Tag", "b"), ("Cookie", "theme=x; theme=y")]
    seen = value_in_starlette(lambda request: (request.headers.get("x-tag"), request.cookies["theme"]), headers=headers)
    assert seen == ("a", "y")
    for protocol in PROTOCOLS:
        found = value_here(
            lambda request: (request.headers.get("X-Tag"), request.cookies["theme"]), protocol, headers=headers
        )
        assert (found[0].replace(",", ", ").split(), found[1]) == (["a,", "b"], "x")


def test_pages_of_redirects() -> None:
    """Only here a redirect has a body."""
    differs("`RedirectResponse` has no body")
    assert starlette_answer(lambda request: starlette.responses.RedirectResponse("/there")).content == b""
    assert [b"/there" in answer.content for answer in answers(lambda request: redirect("/there"))] == [True, True]


def test_fields_of_files(tmp_path: Path) -> None:
    """Cache-Control, a Range in another unit, and the redirect to the slash of a directory."""
    differs("`FileResponse` sends no Cache-Control")
    differs("A Range in another unit")
    differs("`StaticFiles(html=True)` sends the URL")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "index.html").write_text("page")
    path = tmp_path / "d" / "index.html"
    theirs = starlette_answer(lambda request: starlette.responses.FileResponse(path))
    assert "Cache-Control" not in theirs.headers
    assert [a.headers["Cache-Control"] for a in answers(lambda r: send_file(path, r))] == ["no-cache"] * 2
    assert [a.headers["Cache-Control"] for a in answers(lambda r: send_file(path, r, max_age=5))] == ["max-age=5"] * 2
    unit = {"headers": {"Range": "lines=1-2"}}
    old = starlette_answer(lambda request: starlette.responses.FileResponse(path), **unit)
    assert old.status_code == 400
    assert [a.status_code for a in answers(lambda r: send_file(path, r), **unit)] == [200, 200]
    site = Starlette(routes=[StarletteMount("/", StarletteStaticFiles(directory=tmp_path, html=True))])
    found = []
    for app, protocol in ((site, "asgi"), (StaticFiles(tmp_path), "asgi"), (StaticFiles(tmp_path), "wsgi")):
        with Client(app, protocol) as client:
            answer = client.get("/d")
            found.append((answer.status_code, urljoin("http://testserver/d", answer.headers["Location"])))
    assert found == [(status, "http://testserver/d/") for status in (307, 308, 308)]


def test_fields_and_files() -> None:
    """One form there, two here. A file that was left empty has no name in both."""
    differs("`await request.form()` has fields and files")
    differs("A file that was left empty")

    async def old(request: StarletteRequest) -> Any:
        form = await request.form()
        found = {name: getattr(value, "filename", value) for name, value in form.items()}
        await form.close()
        return starlette.responses.JSONResponse(found)

    def new(request: Request) -> Response:
        found = [request.form.to_dict(), {name: file.filename for name, file in request.files.items()}]
        return Response.from_json(found)

    content = (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--b\r\nContent-Disposition: form-data; name="f"; filename=""\r\n\r\n\r\n--b--\r\n'
    )
    sent: dict[str, Any] = {"content": content, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}
    assert starlette_answer(old, "POST", **sent).json() == {"a": "1", "f": ""}
    assert [answer.json() for answer in answers(new, "POST", **sent)] == [[{"a": "1"}, {"f": ""}]] * 2


def test_files_are_closed() -> None:
    """The files of a form are closed at the end of the ``with`` block there, and after the response here."""
    differs("`async with request.form() as form`")
    kept: list[Any] = []

    async def old(request: StarletteRequest) -> Any:
        async with request.form() as form:
            kept.append(form["photo"])
        return starlette.responses.Response(str(kept[0].file.closed))

    async def new(request: Request) -> Response:
        await request.load()
        kept.append(request.files["photo"])
        return Response(str(kept[-1].closed))

    sent = body_for("form")
    assert starlette_answer(old, **sent).text == "True"
    assert [answer.text for answer in answers(new, **sent)] == ["False", "False"]
    assert [file.closed for file in kept[1:]] == [True, True]


def test_response_classes() -> None:
    """What ``render`` does for JSON is ``json_module`` or ``dumps`` here; the bytes and the type have other names."""
    differs("A response class overrides `render(content)`")
    differs("`response.body`, `response.media_type`")

    class Theirs(starlette.responses.JSONResponse):
        def render(self, content: Any) -> bytes:
            return json.dumps(content, indent=1).encode()

    class Indented:
        loads = staticmethod(json.loads)
        dumps = staticmethod(partial(json.dumps, indent=1))

    class Ours(Response):
        json_module = Indented

    theirs, ours = Theirs({"a": 1}), Ours.from_json({"a": 1})
    assert theirs.body == ours.data == Response.from_json({"a": 1}, dumps=Indented.dumps).data == b'{\n "a": 1\n}'
    assert theirs.media_type == ours.mimetype == "application/json"


def test_details_of_fastapi() -> None:
    """A detail that is a dict is members of the problem document here."""
    differs("`HTTPException(400, detail=")
    app = fastapi.FastAPI()

    @app.get("/")
    async def old() -> None:
        raise fastapi.HTTPException(400, detail={"field": "a"})

    def new(request: Request) -> Response:
        raise BadRequest(members={"field": "a"})

    with Client(app, "asgi") as client:
        assert client.get("/").json()["detail"] == {"field": "a"}
    assert [answer.json()["field"] for answer in answers(new)] == ["a", "a"]


def test_defaults_of_responses() -> None:
    """The type, the status of a redirection, and SameSite of a cookie."""
    differs('`Response("x")` has no Content-Type')
    assert "content-type" not in starlette.responses.Response("x").headers
    assert Response("x").mimetype == "text/plain"
    differs("`RedirectResponse` is a 307")
    assert (starlette.responses.RedirectResponse("/").status_code, redirect("/").status_code) == (307, 302)
    differs("`set_cookie` sends")
    theirs, ours = starlette.responses.Response(), Response()
    theirs.set_cookie("a", "b")
    ours.set_cookie("a", "b")
    assert ("samesite" in theirs.headers["set-cookie"].lower(), "SameSite" in ours.headers["Set-Cookie"]) == (
        True,
        False,
    )


def test_files_that_do_not_exist(tmp_path: Path) -> None:
    """The error is raised when the response is sent there, and in the view here; one function makes it a 404."""
    differs("`FileResponse(path)` of a file")
    path = tmp_path / "none"
    with Client(starlette_app(lambda request: starlette.responses.FileResponse(path)), "asgi") as client:
        with pytest.raises(RuntimeError):
            client.get("/")

    def new(request: Request) -> Response:
        with pytest.raises(FileNotFoundError):
            send_file(path, request)
        return send_from_directory(tmp_path, "none", request)

    assert [answer.status_code for answer in answers(new)] == [404, 404]


def test_conditions_of_files(tmp_path: Path) -> None:
    """A file that the client has is sent again by a ``FileResponse``; it is a 304 here."""
    differs("`FileResponse` leaves If-None-Match")
    path = tmp_path / "a.txt"
    path.write_text("a")

    def old(request: object) -> Any:
        return starlette.responses.FileResponse(path)

    first = starlette_answer(old)
    assert starlette_answer(old, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    for options, status in (({}, 304), ({"conditional": False}, 200)):
        new = Application(lambda request, options=options: send_file(path, request, **options))
        first = answers(None, app=new)[0]
        again = answers(None, app=new, headers={"If-None-Match": first.headers["ETag"]})
        assert [answer.status_code for answer in again] == [status, status]


def test_errors_of_background_tasks() -> None:
    """The client has the response, and the error is raised to the server, in both."""
    differs("A background task runs")

    def fail() -> None:
        raise ZeroDivisionError

    def old(request: object) -> Any:
        return starlette.responses.PlainTextResponse("x", background=BackgroundTask(fail))

    def new(request: Request) -> Response:
        response = Response("x")
        response.call_on_close(fail)
        return response

    for app, protocol in ((starlette_app(old), "asgi"), (Application(new), "asgi"), (Application(new), "wsgi")):
        with Client(app, protocol) as client, pytest.raises(ZeroDivisionError):
            client.get("/")


def test_errors_for_json() -> None:
    """An error that answers JSON is a problem document here, unless Accept names another format."""
    differs("An error that answers a JSON body")
    sent: dict[str, Any] = {"json": {}, "headers": {"Accept": "*/*"}}

    def old(request: object) -> Any:
        raise StarletteHTTPException(404)

    app = Application(lambda request: abort(404), errors="text")
    kinds = [
        starlette_answer(old, "POST", **sent),
        *answers(lambda request: abort(404), "POST", **sent),
        *answers(None, "POST", app=app, **sent),
    ]
    found = [answer.headers["Content-Type"].partition(";")[0] for answer in kinds]
    assert found == ["text/plain", *["application/problem+json"] * 2, *["text/plain"] * 2]


def test_redirects_to_urls_with_a_user() -> None:
    """No Location has a user (RFC 9110 section 4.2.4), and its host is valid."""
    differs('`RedirectResponse("http://ada@example.org/")`')
    for url in ("http://ada@example.org/", "http:///x"):
        assert starlette.responses.RedirectResponse(url).headers["Location"] == url
        with pytest.raises(ValueError, match="got URL"):
            redirect(url)


def test_pages_of_errors() -> None:
    """Starlette sends plain text; here the client decides, or the option ``errors``."""
    differs("The body of an error")

    def old(request: object) -> Any:
        raise StarletteHTTPException(404)

    def new(request: Request) -> Response:
        raise NotFound

    headers = {"Accept": "text/html"}
    assert starlette_answer(old, headers=headers).headers["Content-Type"].startswith("text/plain")
    for answer in answers(new, headers=headers):
        assert answer.headers["Content-Type"].startswith("text/html")
    for answer in answers(None, app=Application(new, errors="text"), headers=headers):
        assert answer.headers["Content-Type"].startswith("text/plain")
    differs("`HTTPException(status_code=404)`")
    with pytest.raises(NotFound):
        abort(404)


def test_where_sync_views_run() -> None:
    """In a worker thread on ASGI, and in the thread of the server on WSGI."""
    differs("A `def` view runs")
    here = threading.get_ident()

    def old(request: object) -> Any:
        return starlette.responses.PlainTextResponse(str(threading.get_ident() == here))

    with Client(Starlette(routes=[Route("/", old)]), "asgi") as client:
        assert client.get("/").text == "False"
    new = Application(lambda request: Response(str(threading.get_ident() == here)))
    with Client(new, "asgi") as client:
        assert client.get("/").text == "False"
    assert b"".join(new(RequestBuilder("/").environ(), lambda status, headers, exc_info=None: bytes)) == b"True"


def test_redirects_in_tests() -> None:
    """The client of cardan follows them if it is told so."""
    differs("`TestClient` follows")

    def new(request: Request) -> Response:
        return Response("there") if request.path == "/there" else redirect("/there")

    for protocol in PROTOCOLS:
        with Client(Application(new), protocol) as client:
            assert client.get("/").status_code == 302
        with Client(Application(new), protocol, follow_redirects=True) as client:
            assert client.get("/").text == "there"


class Unlimited(Request):
    """A request that keeps bodies of any size in memory."""

    max_data_memory = None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_large_bodies(protocol: Any) -> None:
    """Starlette keeps a body of any size in memory; here there is a limit, which None switches off."""
    differs("`await request.body()` reads a body of any size")
    large = bytes(17 * 2**20)

    async def theirs(request: StarletteRequest) -> Any:
        return starlette.responses.PlainTextResponse(str(len(await request.body())))

    with Client(Starlette(routes=[Route("/", theirs, methods=["POST"])]), "asgi") as client:
        assert client.post("/", content=large).text == str(len(large))

    async def size(request: Request) -> Response:
        await request.load(form=False)
        return Response(str(len(request.get_data())))

    for cls in (Request, Unlimited):
        with Client(cls.application(size), protocol) as client:
            assert client.post("/", content=large).status_code == (413 if cls is Request else 200)
