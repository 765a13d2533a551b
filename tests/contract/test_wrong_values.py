"""A wrong value is an error where the program gives it: it says what came and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import cardan
from cardan import (
    CORS,
    Application,
    Compression,
    Dual,
    HTTPException,
    Limits,
    Mount,
    ProxyFix,
    Request,
    Response,
    ServerSentEvent,
    StaticFiles,
    asgi,
    middleware,
    problem_response,
    redirect,
    safe_join,
    send_file,
    wsgi,
)
from cardan.apps import foreign_error
from cardan.datastructures import Headers
from cardan.exceptions import NotFound
from cardan.files import send_from_directory
from cardan.http import dump_cookie
from cardan.testing import AsyncClient, Client, RequestBuilder

SAYS = r"^got .*(, expected |: did you mean )"
FILE = Path(__file__)


def handler(request: Request) -> Response:
    return Response("x")


async def coroutine(request: Request) -> None: ...


def raises(call: Callable[[], object], kinds: Any = TypeError) -> None:
    with pytest.raises(kinds, match=SAYS):
        call()


OPTIONS: list[tuple[str, Any]] = [
    ("handler", 5), ("handler", Response), ("handler", NotFound()), ("handler", NotFound), ("request_class", 5),
    ("request_class", dict), ("request_class", NotFound),
    ("middleware", 5), ("middleware", handler), ("middleware", "abc"), ("middleware", [5]),
    ("middleware", [Response("x")]), ("middleware", [Application(handler)]),
    ("websocket", 5), ("lifespan", 5), ("load", "no"), ("load", 1), ("end_streams_on_stop", "no"),
    ("threads", "x"), ("threads", 1.5), ("threads", True), ("waiting_threads", "x"), ("stream_threads", 1.5),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), OPTIONS)
def test_options_of_applications(name: str, value: Any) -> None:
    """The value of an option is checked when it is given, when it is assigned, and in the body of a class."""
    raises(lambda: Application(**{"handler": handler, name: value}))
    app = Application(handler)
    before = getattr(app, name)
    raises(lambda: setattr(app, name, value))
    raises(lambda: type("App", (Application,), {name: value}))
    assert getattr(app, name) is before
    assert Client(app).get("/").text == "x"


def test_middleware_that_can_be_read_once() -> None:
    """An iterator of middleware is read once, and what it gives is checked."""
    raises(lambda: Application(handler, middleware=iter([5])))  # type: ignore[arg-type]

    @middleware
    def around(request: Request) -> Any:
        response = yield
        response.headers["X-Around"] = "1"

    app = Application(handler, middleware=iter([around]))  # type: ignore[arg-type]
    assert [Client(app).get("/").headers["X-Around"] for _ in range(2)] == ["1", "1"]


@pytest.mark.parametrize(
    "name",
    [
        "request_clas",
        "resolv",
        "midleware",
        "middlewares",
        "on_eror",
        "lifspan",
        "handlr",
        "laod",
        "backnd",
        "websoket",
    ],
)
def test_misspelt_options(name: str) -> None:
    """A near miss of an option or method of an application is an error, in the body of a class and assigned."""
    raises(lambda: type("App", (Application,), {name: handler}))
    raises(lambda: setattr(Application(handler), name, handler))


def test_names_of_a_program_are_free() -> None:
    """A subclass, and an object, may have any other attributes."""

    class App(Application[Request]):
        router = None
        resolver = None
        handlers = ()
        _resolv = None
        settings: dict[str, str] = {}

        def handle(self) -> None: ...

    app = App(handler)
    app.resolver = app.extra = 5  # type: ignore[assignment, attr-defined]
    assert Client(app).get("/").text == "x"


@pytest.mark.parametrize("function", [5, None, "f", coroutine])
def test_middleware(function: Any) -> None:
    """``@middleware`` takes a generator function: an async one is found where it is decorated."""
    if function is not None:  # that is how the decorator is called with options
        raises(lambda: middleware(function))
    raises(lambda: middleware(buffer=True)(function))
    raises(lambda: middleware(buffer="no"))  # type: ignore[call-overload]


def test_dual() -> None:
    """``Dual()``, ``from_wsgi()`` and assignments to ``wsgi_app`` and ``asgi_app`` accept only what can be called."""
    app: Any = Dual
    for pair in ((5, 6), (handler, 6), (5, handler), (None, handler)):
        raises(lambda pair=pair: app(*pair))  # type: ignore[misc]
    for name in ("wsgi_app", "asgi_app"):
        raises(lambda name=name: setattr(Application(handler), name, 5))  # type: ignore[misc]
    for wrong in (5, None, "x"):
        raises(lambda wrong=wrong: Application.from_wsgi(wrong))  # type: ignore[misc]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Request.application(5), lambda: Request.application(load="no")(handler), lambda: Mount([handler]),
        lambda: Mount(5),
        lambda: Request(5), lambda: Request(None), lambda: Request("x"), lambda: Request({}), lambda: Request([]),
        lambda: Limits(5), lambda: redirect(5), lambda: redirect(b"/"), lambda: redirect("/", response_class=5),
        lambda: redirect("/", response_class=dict), lambda: cardan.core.redirect(5),
    ],
)  # fmt: skip
def test_other_constructors(make: Callable[[], object]) -> None:
    """What cannot work raises TypeError at the call."""
    with pytest.raises(TypeError, match=r"^got .*, expected |takes 1 positional argument"):
        make()


class Foreign(Exception):
    code = 404

    def get_response(self, environ: Any) -> Any: ...


def wsgi_app(environ: Any, start_response: Any) -> Any: ...


async def asgi_app(scope: Any, receive: Any, send: Any) -> None: ...


APP = Application(handler)
ORIGIN = "https://a.example"
NO_LISTS: tuple[Any, ...] = (5, True, b"a", object())
#: the wrappers of applications, their options, and values that are wrong for them
WRAPPERS: list[tuple[Callable[..., Any], str, tuple[Any, ...]]] = [
    *((ProxyFix, name, (-1, True, "1", 1.5, None, []))
      for name in ("x_for", "x_proto", "x_host", "x_port", "x_prefix", "forwarded")),
    (ProxyFix, "peers", (*NO_LISTS, "10.0.0.0/8", [5], [b"a"], [None], ["x"], ["10.0.0.1/8"], [""])),
    (Compression, "minimum", (-1, True, "1", 1.5, None)),
    (Compression, "codings", (*NO_LISTS, "gzip", ["gzip"], {"gzip": "6"}, {"gzip": 10}, {"zip": 1}, {5: 1}, {"": 1})),
    (Compression, "types", (*NO_LISTS, "text/html", [5], ["text"], [""], ["*/*"], [b"text/html"])),
    (CORS, "origins", (*NO_LISTS, None, "", [""], [5], [ORIGIN + "/"], "a.example", [None], re.compile(b"x"))),
    *((CORS, name, (*NO_LISTS, None, "GET", "", [5], [""], ["a b"], [None]))
      for name in ("methods", "headers", "expose")),
    (CORS, "max_age", (-1, "5", True, 1.5, [], timedelta(seconds=-1))),
    (CORS, "credentials", (None, "no", 1)), (CORS, "private_network", (None, "no", 1)),
]  # fmt: skip


@pytest.mark.parametrize(("wrapper", "name", "values"), WRAPPERS)
def test_options_of_wrappers(wrapper: Any, name: str, values: Any) -> None:
    """A wrong type, an empty name, and a value that can never match are errors when the wrapper is made."""
    required = {"origins": [ORIGIN]} if wrapper is CORS else {}
    wrapper(APP, **required)
    for value in values:
        raises(lambda value=value: wrapper(APP, **{**required, name: value}), (TypeError, ValueError))  # type: ignore[misc]


def test_what_everybody_may_have() -> None:
    """A policy that would give every site what users see is an error; so is one that browsers would not understand."""
    for options in ({"origins": "*"}, {"origins": ["*", ORIGIN]}, {"origins": [ORIGIN], "expose": "*"}):
        raises(lambda options=options: CORS(APP, credentials=True, **options), ValueError)  # type: ignore[misc]


@pytest.mark.parametrize("wrapper", [ProxyFix, Compression, lambda app: CORS(app, ORIGIN), Application.from_wsgi,
                                     Application.from_asgi, asgi.from_wsgi, wsgi.from_asgi, Client,
                                     lambda app: Mount({"/": app})])  # fmt: skip
@pytest.mark.parametrize("app", [5, None, "app", b"app", [], lambda request: None, handler, lambda: None])
def test_applications(wrapper: Any, app: Any) -> None:
    """What is to be wrapped must be an application, and not a handler."""
    raises(lambda: wrapper(app), (TypeError, ValueError))


@pytest.mark.parametrize("app", [Response, Application, Mount])
def test_classes_of_applications(app: Any) -> None:
    """A class of applications is none. A class whose objects answer one request each is one (PEP 3333)."""

    class Answer:
        def __init__(self, environ: Any, start_response: Any) -> None: ...

    for wrapper in (ProxyFix, Compression, Client, lambda app: Mount({"/": app})):
        raises(lambda wrapper=wrapper: wrapper(app), ValueError)  # type: ignore[misc]
        wrapper(Answer)


@pytest.mark.parametrize(
    ("bridge", "app", "other"),
    [
        (Application.from_wsgi, asgi_app, "from_asgi"), (asgi.from_wsgi, asgi_app, "from_asgi"),
        (Application.from_asgi, wsgi_app, "from_wsgi"), (wsgi.from_asgi, wsgi_app, "from_wsgi"),
    ],
)  # fmt: skip
def test_the_wrong_bridge(bridge: Any, app: Any, other: str) -> None:
    """An application that shows the other protocol is an error, which names the bridge to use."""
    with pytest.raises(TypeError, match=rf"^got an? .* application, expected an? .*: Application\.{other}\(\)"):
        bridge(app)
    bridge(APP)


@pytest.mark.parametrize(
    "apps",
    [{5: APP}, {None: APP}, {b"/x": APP}, {"x": APP}, {"//": APP}, {"/a": APP, "/a/": APP}, {"": APP, "/": APP},
     {"/": 5}, {"/": None}, {("/a",): APP}, [("/", APP)], "/", 5, None, {"/a\ud800": APP}],
)  # fmt: skip
def test_mounts(apps: Any) -> None:
    """Prefixes are text that begins with one slash, each is given once, and each has an application."""
    raises(lambda: Mount(apps), (TypeError, ValueError))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("directory", (5, None, b"/tmp", [], True)), ("index", (5, True, b"x", [])),
        ("precompressed", (5, None, True, ["zip"], [5], b"gzip")), ("max_age", ("5", 1.5, True, [], -1)),
        ("charset", (5, "a b")),
        ("follow_symlinks", (5, None, "no")), ("hidden", (1, None, "no")),
    ],
)  # fmt: skip
def test_static_files(name: str, values: Any) -> None:
    """The options of StaticFiles are checked when they are given and when they are assigned."""
    for value in values:
        raises(lambda value=value: StaticFiles(**{"directory": FILE.parent, name: value}), (TypeError, ValueError))  # type: ignore[misc]
        if name != "directory":
            app = StaticFiles(FILE.parent)
            raises(lambda app=app, value=value: setattr(app, name, value), (TypeError, ValueError))  # type: ignore[misc]


@pytest.mark.parametrize(
    "make",
    [
        *(lambda name=name, value=value: ServerSentEvent("x", **{name: value})
          for name in ("event", "id", "comment") for value in (5, True, b"x", [], ["x"])),
        *(lambda value=value: ServerSentEvent("x", retry=value) for value in ("5", b"5", [])),
        *(lambda value=value: Response("x").set_etag(value) for value in (5, None, b"x", True, ["x"])),
        lambda: Response("x").set_etag("a", "no"), lambda: Response("x").add_etag("no"),
        lambda: Response("x").add_etag(weak="no"),
        *(lambda value=value: Response("x", direct_passthrough=value) for value in ("no", None, 1, 0)),
        *(lambda value=value: safe_join(value, "x") for value in (5, None, b"/srv", ["x"], True)),
        *(lambda value=value: safe_join("/srv", value) for value in (5, None, b"x", ["x"])),
        *(lambda value=value: Response("x").make_conditional(value) for value in ({}, 5, None, {"a": 1})),
        *(lambda value=value: problem_response(None, value) for value in (5, None, "x", NotFound, ValueError())),
        *(lambda value=value: NotFound().get_response(value) for value in (5, b"x", [], object())),
        *(lambda value=value: foreign_error(value, Request.from_values("/")) for value in (5, None, ValueError())),
        *(lambda value=value: foreign_error(Foreign(), value) for value in (5, None, {})),
        *(lambda value=value: Response.from_app(value, {}) for value in (5, None, "app", [])),
        *(lambda value=value: setattr(Response("x"), "trailers", value) for value in (5, "ab", ["ab"], [("a",)])),
        *(lambda value=value: redirect("/", value) for value in ("302", None, [], 302.0, True)),
        *(lambda value=value: APP.respond(value) for value in (5, None, "/", {})),
        *(lambda value=value: Request.from_values("/").send_early_hints(value) for value in (5, None, "x", b"x", [5])),
    ],
)  # fmt: skip
def test_other_values(make: Callable[[], object]) -> None:
    """A value of a wrong type is an error at the call, not when the response is sent."""
    raises(make)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("path", (5, None, [], True)), ("method", (5, None, b"GET")), ("base_url", (5, b"x", True)),
        ("headers", (5, "ab", b"ab", ["ab"], [("a", "b", "c")], {"a": 5}, {5: "a"})), ("data", (5, True, object())),
        ("form", (5, "ab", ["ab"], [("a",)], True)), ("files", (5, "ab", ["ab"], [("a",)])),
        ("query_string", (5, ["ab"], [("a",)], True)), ("auth", (5, [], True)),
    ],
)  # fmt: skip
def test_made_requests(name: str, values: Any) -> None:
    """Requests that a test or a script makes: ``Request.from_values`` and ``RequestBuilder``."""
    for value in values:
        raises(lambda value=value: Request.from_values(**{name: value}))  # type: ignore[misc]
        raises(lambda value=value: RequestBuilder(**{name: value}))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("protocol", ("http", 5, b"asgi")), ("base_url", (5, None, b"x")), ("root_path", (5, None, "x", "/x/", b"/x")),
        ("raise_app_exceptions", ("no", None, 1)), ("client", (5, None, "127.0.0.1", ("127.0.0.1",))),
        ("http_version", (1.1, None, b"1.1")), ("extensions", (5, "x", ["x"])),
        ("spec_version", (2.4, None, "x", "", "2.")), ("grace", ("5", None, True)),
    ],
)  # fmt: skip
def test_clients(name: str, values: Any) -> None:
    """The options of the test clients are checked when a client is made."""
    for value in values if name != "protocol" else (*values, ""):
        for client in (Client, AsyncClient):
            raises(lambda value=value, client=client: client(APP, **{name: value}), (TypeError, ValueError))  # type: ignore[misc]
    raises(lambda: Client(APP, "asgi", backend="tokio"), ValueError)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["5", -5, 5.5, True, b"5"])
def test_limits(value: Any) -> None:
    """A limit is None or an int of at least 0, also in the value class."""
    raises(lambda: Limits(max_files=value), ValueError)
    raises(lambda: cardan.core.Limits(max_boundary_size=value), ValueError)
    assert Limits(max_files=None, max_file_size=0).max_file_size == 0


FIELDS: list[Any] = [5, "a: b", b"a: b", "text/html", ["ab"], [("a", "b", "c")], [("a",)], [5], {"a": "b"}.keys()]


@pytest.mark.parametrize("fields", FIELDS)
def test_headers(fields: Any) -> None:
    """Headers are a mapping or pairs. A text of two letters is no pair, although it can be unpacked."""
    for call in (Headers, Headers().extend, Headers().update, lambda given: Response("x", headers=given)):
        raises(lambda call=call: call(fields))  # type: ignore[misc]
    response = Response("x")
    raises(lambda: setattr(response, "headers", fields))
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_pairs_of_other_kinds() -> None:
    """A pair may be any iterable of two: a list, for example."""
    assert Headers([["A", "b"]]).to_wsgi_list() == [("A", "b")]  # type: ignore[list-item]
    assert Headers(iter([("A", "b"), ("C", 1)])).to_wsgi_list() == [("A", "b"), ("C", "1")]


def test_the_third_parameter_is_no_mimetype() -> None:
    """``Response(body, 200, "text/html")`` says that headers were expected."""
    with pytest.raises(TypeError, match=r"^got str as headers, expected a mapping"):
        Response("x", 200, "text/html")  # type: ignore[arg-type]


ASSIGNED: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        ("autocorrect_location_header", "direct_passthrough", "implicit_sequence_conversion"), ("no", None, 1, [])
    ),
    "keep_alive": ("5", True, b"x", [1], -1, float("inf"), float("nan")),
    "max_cookie_size": ("5", True, None, 1.5, -1),
    **dict.fromkeys(
        ("accept_ranges", "access_control_allow_origin", "content_encoding", "content_length", "content_md5",
         "cross_origin_opener_policy", "cross_origin_embedder_policy", "cross_origin_resource_policy"),
        (b"x", [1], 3.5, True, {"a"}),
    ),
    "access_control_allow_credentials": (1, 0, b"x", [1]),
}  # fmt: skip


@pytest.mark.parametrize("name", ASSIGNED)
def test_attributes_of_a_response(name: str) -> None:
    """An attribute of a response is checked when it is assigned, on every class; a refused value changes nothing."""

    class Mixed:
        direct_passthrough = True

    class Own(Mixed, Response):
        max_cookie_size = 0

    assert (Own("x").direct_passthrough, Own.max_cookie_size, Response.direct_passthrough) == (True, 0, False)
    for value in ASSIGNED[name]:
        for response in (Response("x"), Own("x"), cardan.core.Response("x")):
            before = getattr(response, name)
            raises(lambda response=response, value=value: setattr(response, name, value), (TypeError, ValueError))  # type: ignore[misc]
            assert getattr(response, name) == before


def test_settings_of_a_response_that_are_right() -> None:
    """A right setting can be assigned and deleted, and is copied. A property of a subclass is left as it is."""

    class Own(Response):
        @property
        def direct_passthrough(self) -> bool:  # type: ignore[override]
            return True

    response = Response("x")
    response.keep_alive, response.implicit_sequence_conversion = 1.5, False
    assert (copy(response).keep_alive, copy(response).implicit_sequence_conversion) == (1.5, False)
    del response.implicit_sequence_conversion
    assert response.implicit_sequence_conversion is True
    with pytest.raises(AttributeError):
        del response.implicit_sequence_conversion
    assert Own("x").direct_passthrough is True


@pytest.mark.parametrize("value", ["no", None, 1])
def test_whether_a_length_is_set(value: Any) -> None:
    """A wrong value of ``automatically_set_content_length`` is an error when the response is sent."""
    for body in ("x", iter("x")):
        response = Response(body)
        response.automatically_set_content_length = value
        raises(lambda response=response: response.outgoing("GET"))  # type: ignore[misc]


@pytest.mark.parametrize("value", [5, b"text/html", True])
@pytest.mark.parametrize("name", ["content_type", "mimetype"])
def test_media_types(name: str, value: Any) -> None:
    """A media type is a str. A number is none, although it can be a field value."""
    raises(lambda: Response("x", **{name: value}))
    raises(lambda: Response("x", headers={"A": "b"}, **{name: value}))
    raises(lambda: setattr(Response("x"), name, value))


COOKIES: list[tuple[dict[str, Any], Any]] = [
    ({"key": 5}, TypeError), ({"key": b"a"}, TypeError), ({"value": 5}, TypeError), ({"value": b"x"}, TypeError),
    ({"value": None}, TypeError), ({"samesite": True}, TypeError), ({"path": 5}, TypeError), ({"domain": 5}, TypeError),
    ({"max_age": "5"}, TypeError), ({"max_age": True}, TypeError), ({"secure": "no"}, TypeError),
    ({"httponly": "no"}, TypeError), ({"partitioned": "no"}, TypeError), ({"expires": b"x"}, TypeError),
    ({"expires": True}, TypeError), ({"expires": "tomorrow"}, ValueError), ({"expires": ""}, ValueError),
]  # fmt: skip


@pytest.mark.parametrize(("options", "kind"), COOKIES)
def test_cookies(options: dict[str, Any], kind: Any) -> None:
    """Each parameter of a cookie is checked; a text as ``expires`` has to be a date."""
    options = {"key": "a", "value": "b", **options}
    raises(lambda: Response("x").set_cookie(**options), kind)
    raises(lambda: dump_cookie(**options), kind)


def test_the_value_of_a_cookie_is_not_shown() -> None:
    """The error does not contain the value of a cookie, which may be a secret."""
    with pytest.raises(TypeError) as caught:
        dump_cookie("id", b"secret")  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "expires",
    [0, 1.5, date(2030, 1, 1), datetime(2030, 1, 1, tzinfo=UTC), "Tue, 01 Jan 2030 00:00:00 GMT",
     "Tue, 01-Jan-2030 00:00:00 GMT"],
)  # fmt: skip
def test_the_end_of_a_cookie(expires: Any) -> None:
    """Every way to give a date is accepted as ``expires``."""
    assert "; Expires=" in dump_cookie("a", "b", expires=expires)
    assert "; Max-Age=5" in dump_cookie("a", "b", max_age=timedelta(seconds=5))


@pytest.mark.parametrize(
    "options",
    [{"last_modified": "x"}, {"last_modified": True}, {"mimetype": 5}, {"download_name": 5}, {"max_age": "x"},
     {"etag": 5}, {"etag": None}, {"response_class": 5}, {"response_class": dict}],
)  # fmt: skip
def test_options_of_files(options: dict[str, Any]) -> None:
    """The options of send_file are checked before the file is opened."""
    raises(lambda: send_file(FILE, None, **options))
    raises(lambda: send_file("there/is/none", None, **options))
    raises(lambda: send_from_directory(FILE.parent, FILE.name, None, **options))


@pytest.mark.parametrize("file", [b"x", bytearray(b"x"), 5, None, ["x"]])
def test_what_is_no_file(file: Any) -> None:
    """A file is a path or an open binary file. Neither bytes nor a number is one."""
    raises(lambda: send_file(file, None))
    raises(lambda: send_file(FILE, 5))  # type: ignore[call-overload]
    raises(lambda: send_from_directory(b"/srv", "x", None))  # type: ignore[call-overload]


ERRORS: list[tuple[dict[str, Any], Any]] = [
    ({"cod": 404}, TypeError), ({"desciption": "x"}, TypeError), ({"titel": "x"}, TypeError),
    ({"tilte": "x"}, TypeError), ({"header": {}}, TypeError), ({"member": {}}, TypeError),
    ({"description": 5}, TypeError), ({"title": 5}, TypeError), ({"type": 5}, TypeError), ({"instance": 5}, TypeError),
    ({"headers": "a: b"}, TypeError), ({"headers": 5}, TypeError), ({"members": 5}, TypeError),
    ({"response_class": 5}, TypeError), ({"code": "404"}, TypeError), ({"code": True}, TypeError),
    ({"code": 200}, ValueError), ({"code": 4090}, ValueError), ({"code": 0}, ValueError), ({"code": 600}, ValueError),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind"), ERRORS)
def test_classes_of_errors(body: dict[str, Any], kind: Any) -> None:
    """The settings in the body of an error class are checked when the class is made."""
    raises(lambda: type("Own", (HTTPException,), body), kind)
    raises(lambda: type("Own", (NotFound,), body), kind)


def test_error_classes_of_a_program() -> None:
    """Members, methods, properties and other names are not mistaken for settings."""

    class Moved(HTTPException):
        code = 308
        codes = (1, 2)
        types: list[str]
        titel: str = "a declared member"

        @property
        def description(self) -> str:  # type: ignore[override]
            return "made"

        def cod(self) -> None: ...

    assert Moved(types=["a"]).get_members() == {"types": ["a"], "titel": "a declared member"}  # type: ignore[call-arg]


RESPONSES: list[tuple[dict[str, Any], Any]] = [
    ({"defalt_mimetype": "x"}, TypeError), ({"default_mimetyp": "x"}, TypeError), ({"default_staus": 201}, TypeError),
    ({"max_cooky_size": 5}, TypeError), ({"json_modul": 5}, TypeError), ({"default_mimetype": 5}, TypeError),
    ({"default_status": "404"}, TypeError), ({"default_status": 4040}, ValueError),
    ({"max_cookie_size": "5"}, TypeError),
    ({"automatically_set_content_length": "no"}, TypeError), ({"implicit_sequence_conversion": 0}, TypeError),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind"), RESPONSES)
@pytest.mark.parametrize("base", [Response, cardan.core.Response, cardan.BaseResponse])
def test_classes_of_responses(base: type, body: dict[str, Any], kind: Any) -> None:
    """The settings in the body of a response class are checked when the class is made."""
    raises(lambda: type("Own", (base,), body), kind)
