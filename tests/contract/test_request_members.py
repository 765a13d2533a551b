"""All members of a request in the original design, one test each, on both protocols. Tests have the members' names."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from inspect import getattr_static
from types import NoneType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

import anyio
import msgspec
import orjson
import pytest
from werkzeug.test import EnvironBuilder

from cardan import BaseRequest, Request, Response, core
from cardan.core import BaseRequest as CoreBaseRequest
from cardan.core._request import (
    AcceptMixin,
    AuthorizationMixin,
    CommonRequestDescriptorsMixin,
    ETagRequestMixin,
    UserAgentMixin,
)
from cardan.core.fields import HeaderField
from cardan.core.forms import Field, FileEvent, FileStart, FormBuilder, FormEvent, FormReader
from cardan.core.structures import ImmutableOrderedMultiDict, ImmutableTypeConversionDict
from cardan.datastructures import CombinedMultiDict, ImmutableDict, ImmutableList, ImmutableMultiDict
from cardan.exceptions import (
    BadRequest,
    BodyConsumed,
    BodyNotLoaded,
    MultipartError,
    RequestEntityTooLarge,
    SecurityError,
    UnsupportedMediaType,
    WrongMode,
)
from cardan.testing import Client, RequestBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE_RULES = ["request_rules", "read_only", "populate_request", "shallow", "subclass_and_mixins", "max_content_length",
              "max_form_memory_size", "max_form_parts", "limits_on_class_or_instance", "extend_parsing"]  # fmt: skip
MEMBERS = [
    "environ", "shallow", "_get_file_stream", "access_route", "application", "args", "base_url", "charset",
    "close", "cookies", "data", "dict_storage_class", "disable_data_descriptor", "encoding_errors", "files",
    "form", "form_data_parser", "from_values", "full_path", "get_data", "headers", "host", "host_url",
    "input_stream", "is_multiprocess", "is_multithread", "is_run_once", "is_secure", "is_xhr",
    "list_storage_class", "make_form_data_parser", "max_content_length", "max_form_memory_size",
    "max_form_parts", "method", "parameter_storage_class", "path", "query_string", "remote_addr", "remote_user",
    "scheme", "script_root", "stream", "trusted_hosts", "url", "url_charset", "url_root", "values",
    "want_form_data_parsed",
]  # fmt: skip
MIXINS = [
    "accept_charsets",
    "accept_encodings",
    "accept_languages",
    "accept_mimetypes",
    "authorization",
    "cache_control",
    "if_match",
    "if_none_match",
    "if_range",
    "range",
    "if_modified_since",
    "if_unmodified_since",
    "user_agent",
    "content_encoding",
    "content_length",
    "content_md5",
    "content_type",
    "date",
    "max_forwards",
    "mimetype",
    "mimetype_params",
    "pragma",
    "referrer",
]


def test_every_member_has_a_test() -> None:
    """The list above has all members of the original design."""
    missing = [name for name in (*PAGE_RULES, *MEMBERS, *MIXINS) if f"test_{name}" not in globals()]
    assert missing == []


@pytest.fixture(params=["wsgi", "asgi"])
def protocol(request: pytest.FixtureRequest) -> str:
    """The protocol."""
    return str(request.param)


@pytest.fixture
def make(protocol: str) -> Callable[..., Request]:
    """Makes requests from values.

    On ASGI the body is loaded unless ``load=False``; ``"raw"`` keeps the bytes of a form.
    """

    def maker(*args: Any, cls: Any = Request, load: str | bool = True, **options: Any) -> Request:
        overrides = options.pop("overrides", {})
        builder = RequestBuilder(*args, **options)
        if protocol == "wsgi":
            made: Request = cls(builder.environ(overrides.get("wsgi")))
        else:
            made = cls(builder.scope(overrides.get("asgi")), builder.receive())
            if load:
                anyio.run(lambda: made.load(form=load != "raw"))
        return made

    return maker


Make = "Callable[..., Request]"
POST: dict[str, Any] = {"method": "POST"}


def field(make: Any, name: str, value: str) -> Request:
    """A request with one header field."""
    made: Request = make(headers={name: value}, load=False)
    return made


# --- page-level rules ---


def test_request_rules(make: Make) -> None:
    """A request cannot be pickled or copied, and the error says why. Other attributes can be set. repr never fails."""
    request = make("/x?a=1")
    for action in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="a request cannot be pickled: its body belongs to a connection"):
            action(request)
    request.user = "Ada"
    assert request.user == "Ada"
    assert repr(request) == "<Request GET '/x'>"
    for broken in (Request.__new__(Request), Request({"REQUEST_METHOD": None}), Request({"type": "http"})):
        assert repr(broken).startswith("<Request")


PUBLIC = [name for name in dir(Request) if not name.startswith("_") and not callable(getattr(Request, name))]
SETTINGS = {name for name in PUBLIC if isinstance(getattr(Request, name), (int, float, str, type(None), type(io)))}


def test_read_only(make: Make) -> None:
    """Setting or deleting a documented property raises, and the containers are immutable."""
    request = make(**POST, form={"a": "1"})
    properties = [name for name in PUBLIC if name not in SETTINGS]
    assert len(properties) > 60
    for name in properties:
        with pytest.raises(AttributeError):
            setattr(request, name, "x")
        with pytest.raises(AttributeError):
            delattr(request, name)
    for container in (request.args, request.form, request.files, request.cookies, request.mimetype_params):
        with pytest.raises(TypeError):
            container["a"] = "2"
    with pytest.raises(TypeError):
        request.headers["a"] = "2"
    with pytest.raises(TypeError):
        request.access_route.append("x")
    for tokens in (request.pragma, request.access_control_request_headers):
        with pytest.raises(TypeError):
            tokens.add("x")
    with pytest.raises(TypeError):
        request.values["a"] = "2"


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in SETTINGS])
def test_a_private_attribute_changes_nothing(protocol: str, name: str) -> None:
    """A program may keep values of its own under any name with an underscore: what is documented does not change.

    A computed value is kept under its own name, so that ``request._host = x`` has nothing to do with ``host``.
    """
    fields = {"Accept": "text/plain", "If-None-Match": '"x"'}
    builder = RequestBuilder("/a?b=1", method="POST", json={"a": 1}, headers=fields, client=("1.2.3.4", 5))
    makers: list[Callable[[], core.Request]] = [lambda: core.Request(builder.head(), builder.body)]
    if protocol == "wsgi":
        makers.append(lambda: Request(builder.environ()))
    else:
        makers.append(lambda: Request(builder.scope(), builder.receive()))
    for make in makers:
        plain, marked = make(), make()
        for request in (plain, marked):
            if request._mode == "async":
                anyio.run(request.load)
        setattr(marked, f"_{name}", "mine")
        assert getattr(marked, f"_{name}") == "mine"
        values = [getattr(request, name, "missing") for request in (plain, marked)]
        assert repr(values[0]) == repr(values[1]) or type(values[0]) is type(values[1]) is not str, values


def test_populate_request(protocol: str) -> None:
    """The request stores itself under "cardan.request", unless told not to. A shallow request never does."""
    builder = RequestBuilder("/")
    for options, stored in (({}, True), ({"populate_request": False}, False), ({"shallow": True}, False)):
        place = builder.environ() if protocol == "wsgi" else builder.scope()
        request = Request(place, **options)
        assert (place.get("cardan.request") is request) == stored


def test_shallow(make: Make) -> None:
    """Reading the body raises RuntimeError until `shallow` is set to False."""

    class Shallow(Request):
        shallow = True

    request = make(cls=Shallow, load=False, **POST, data=b"x")
    for name in ("data", "form", "files", "values", "stream", "text", "json"):
        with pytest.raises(RuntimeError, match="shallow"):
            getattr(request, name)
    if request._mode == "async":
        with pytest.raises(RuntimeError, match="shallow"):
            anyio.run(request.load)
    assert request.path == "/"
    request.shallow = False
    assert read(request) == b"x"


def read(request: Request) -> bytes:
    """The body, loaded if the mode needs it."""
    if request._mode == "async":
        anyio.run(request.load)
    return request.data


def test_subclass_and_mixins(protocol: str) -> None:
    """A request class can be made of BaseRequest and some mixins; in core as well, with a head."""

    class Mine(BaseRequest, ETagRequestMixin):
        pass

    builder = RequestBuilder("/", headers={"If-None-Match": '"x"'})
    mine = Mine(builder.environ() if protocol == "wsgi" else builder.scope())
    assert mine.if_none_match.contains("x")
    assert not hasattr(mine, "accept_languages")

    class CoreMine(CoreBaseRequest, ETagRequestMixin):
        pass

    assert CoreMine(builder.head()).if_none_match.contains("x")
    mixins = (AcceptMixin, AuthorizationMixin, ETagRequestMixin, UserAgentMixin, CommonRequestDescriptorsMixin)
    assert all(issubclass(Request, mixin) and issubclass(core.Request, mixin) for mixin in mixins)


class State(TypedDict):
    """What the lifespan below yields."""

    greeting: str


@contextmanager
def lifespan(app: object) -> Iterator[State]:
    """Yields a state."""
    yield {"greeting": "Hello"}


def test_a_request_with_a_typed_state(protocol: str) -> None:
    """``Request[State]`` is for type checkers: at run time it is ``Request``, and a subclass has no further base."""

    class Typed(Request[State]):
        pass

    assert Typed.__mro__ == (Typed, *Request.__mro__)
    assert Request[State].from_values("/x").path == "/x"
    for cls in (Typed, Request[State], Request):

        @cls.application(lifespan=lifespan)
        def app(request: Any) -> Response:
            request.state["name"] = "Ada"
            return Response(f"{request.state['greeting']} {request.state['name']} {type(request).__name__}")

        with Client(app, protocol=protocol) as client:
            assert client.get("/").text == f"Hello Ada {'Typed' if cls is Typed else 'Request'}"

    T = TypeVar("T")

    class Own(Request[T], Generic[T]):
        pass

    class Twice(Own[State]):
        pass

    assert Twice(RequestBuilder("/y").environ()).path == "/y"


def limit_of(make: Any, cls: type[Request], **options: Any) -> str | None:
    """The limit that refuses a form, or None if it is accepted."""
    try:
        assert make(cls=cls, **POST, **options).form is not None
    except RequestEntityTooLarge as error:
        return error.limit
    return None


def test_max_content_length(make: Make) -> None:
    """The default is None. With N, N bytes are accepted and N + 1 are a 413."""
    assert Request.max_content_length is None

    class Small(Request):
        max_content_length = 3

    assert limit_of(make, Small, form={"a": "1"}) is None
    assert limit_of(make, Small, form={"a": "12"}) == "max_content_length"


def test_max_form_memory_size(make: Make) -> None:
    """The default is 500,000. It holds for one field of a urlencoded or multipart form, and never for files."""
    assert Request.max_form_memory_size == 500_000

    class Small(Request):
        max_form_memory_size = 3

    assert limit_of(make, Small, form={"a": "123"}) is None
    assert limit_of(make, Small, form={"a": "1234"}) == "max_form_memory_size"
    assert limit_of(make, Small, form={"a": "1234"}, files={"f": b"1"}) == "max_form_memory_size"
    assert limit_of(make, Small, form={"a": "123"}, files={"f": b"1" * 100}) is None


def test_max_form_parts(make: Make) -> None:
    """The default is 1000. It counts the parts of a multipart form, and the pairs of a urlencoded one."""
    assert Request.max_form_parts == 1000

    class Small(Request):
        max_form_parts = 2

    assert limit_of(make, Small, form={"a": "1", "b": "2"}) is None
    assert limit_of(make, Small, form={"a": "1", "b": "2", "c": "3"}) == "max_form_parts"
    assert limit_of(make, Small, form={"a": "1", "b": "2"}, files={"f": b"1"}) == "max_form_parts"


def test_limits_on_class_or_instance(make: Make) -> None:
    """A class attribute is the default. An instance attribute holds for one request; set it before the first access."""
    request = make(load=False, **POST, data=b"1234")
    request.max_content_length = 3
    with pytest.raises(RequestEntityTooLarge):
        read(request)
    with pytest.raises(RuntimeError):
        request.max_content_length = 4
    assert Request.max_content_length is None


def test_extend_parsing(make: Make) -> None:
    """A hook replaces the parser by any object with `run()`, a generator of steps that returns a Form."""
    test_make_form_data_parser(make)


# --- members ---


def test_environ(make: Make, protocol: str) -> None:
    """The environ on WSGI and the scope on ASGI. The other one raises AttributeError with an explanation."""
    request = make()
    here, there = ("environ", "scope") if protocol == "wsgi" else ("scope", "environ")
    assert getattr(request, here)["cardan.request"] is request
    with pytest.raises(AttributeError, match=f"use request.{here}"):
        getattr(request, there)


@pytest.mark.parametrize("wrong", [{"type": "lifespan"}, {}, None, "text", 5])
def test_constructor_refuses(wrong: Any) -> None:
    """An argument that is neither an environ nor an http or websocket scope raises TypeError."""
    with pytest.raises(TypeError):
        Request(wrong)


def test_scope_without_receive() -> None:
    """Without `receive`, only the request line and the headers can be read."""
    request = Request(RequestBuilder("/x", method="POST", data=b"1").scope())
    assert request.path == "/x"
    with pytest.raises(RuntimeError, match="only the head can be read"):
        anyio.run(request.load)


def test__get_file_stream(make: Make) -> None:
    """The hook that chooses another sink. It has the arguments of the original design, which are given by name."""
    seen: list[Any] = []

    class Storing(Request):
        def _get_file_stream(self, **described: Any) -> Any:
            seen.append(described)
            return io.BytesIO()

    files = {"f": ("a.txt", b"123", "text/x-test")}
    request = make(cls=Storing, **POST, files=files)
    file = request.files["f"]
    assert file.stream.read() == b"123"
    assert seen == [
        {
            "total_content_length": request.content_length,
            "content_type": "text/x-test",
            "filename": "a.txt",
            "content_length": 0,
        }
    ]


def test_make_file_sink(make: Make) -> None:
    """The hook that chooses another sink. It gets the head of the part; `super()` gives the usual sink."""
    seen: list[Any] = []

    class Storing(Request):
        def make_file_sink(self, part: FileStart) -> Any:
            seen.append((part.name, part.filename, part.headers["Content-Type"]))
            return io.BytesIO() if part.filename == "a.txt" else super().make_file_sink(part)

    files = [("f", ("a.txt", b"123", "text/x-test")), ("g", ("b.txt", b"45", "text/plain"))]
    request = make(cls=Storing, **POST, files=files)
    assert type(request.files["f"].stream) is io.BytesIO
    assert (request.files["f"].stream.read(), request.files["g"].stream.read()) == (b"123", b"45")
    assert seen == [("f", "a.txt", "text/x-test"), ("g", "b.txt", "text/plain")]


def original(self: Any, filename: Any, **others: Any) -> io.BytesIO:
    """A hook of the original design."""
    sink = io.BytesIO()
    self.sinks.append(("original", filename))
    return sink


def present(self: Any, part: FileStart) -> Any:
    """A hook that leaves the choice to the class that it inherits from."""
    self.sinks.append(("present", part.filename))
    return Request.make_file_sink(self, part)


OLD = {"_get_file_stream": original}
NEW = {"make_file_sink": present}
FIRST, THEN = ("original", "a.txt"), ("present", "a.txt")


@pytest.mark.parametrize(
    ("outer", "inner", "on_request", "calls"),
    [
        ({}, {}, {}, []),
        (OLD, {}, {}, [FIRST]),
        ({}, OLD, {}, [FIRST]),
        ({}, {}, OLD, [FIRST]),
        (NEW, {}, {}, [THEN]),
        ({}, {}, NEW, [THEN]),
        (OLD, NEW, {}, [FIRST]),
        (NEW, OLD, {}, [THEN, FIRST]),
        (NEW, {}, OLD, [FIRST]),
        (OLD, {}, NEW, [THEN, FIRST]),
        ({**OLD, **NEW}, {}, {}, [THEN, FIRST]),
    ],
)
@pytest.mark.parametrize("way", ["class", "mixin", "later"])
def test_both_hooks_for_sinks(make: Make, way: str, outer: Any, inner: Any, on_request: Any, calls: Any) -> None:
    """An overridden `_get_file_stream` is called, unless `make_file_sink` is overridden nearer to the object.

    It does not matter how it was overridden: in a class, in a mixin, in a class that was changed later, on a request.
    """

    def derive(base: type[Request], own: Any) -> type[Request]:
        if way == "mixin":
            return type("Own", (type("Mixin", (), own), base), {})
        made = type("Own", (base,), own if way == "class" else {})
        for name, value in own.items() if way == "later" else ():
            setattr(made, name, value)
        return made

    cls = derive(derive(type("Base", (Request,), {"sinks": None}), inner), outer)
    request = make(cls=cls, load=False, **POST, files={"f": ("a.txt", b"123", "text/x-test")})
    request.sinks = []
    for name, function in on_request.items():
        setattr(request, name, function.__get__(request))
    if request._mode == "async":
        anyio.run(request.load)
    assert request.files["f"].stream.read() == b"123"
    assert request.sinks == calls


def test_access_route(make: Make) -> None:
    """The addresses of X-Forwarded-For from the client to the last proxy, else the peer, else an empty list."""
    assert field(make, "X-Forwarded-For", "1.1.1.1, 2.2.2.2").access_route == ["1.1.1.1", "2.2.2.2"]
    assert make(client=("9.9.9.9", 1)).access_route == ["9.9.9.9"]
    assert make(overrides={"wsgi": {"REMOTE_ADDR": ""}, "asgi": {"client": None}}).access_route == []


def test_application(protocol: str) -> None:
    """Makes the request, passes it as the last argument, calls the response, and closes the request after sending the
    body.
    """
    files: list[Any] = []

    class Site:
        @Request.application
        def app(self, request: Request) -> Response:
            files.append(request.files["f"])
            return Response(iter([files[0].read(), b"!"]))

    with Client(Site().app, protocol=protocol) as client:
        assert client.post("/", files={"f": ("x", b"12")}).text == "12!"
    assert files[0].stream.closed


def test_args(make: Make) -> None:
    """The query parameters, in order, decoded as UTF-8. Raw bytes never raise."""
    request = make("/", query_string=b"a=1&b=%C3%BC+x&a=2&c&%FF=\xff")
    assert list(request.args.items(multi=True)) == [
        ("a", "1"), ("b", "ü x"), ("a", "2"), ("c", ""), ("\ufffd", "\ufffd"),
    ]  # fmt: skip
    assert type(request.args) is ImmutableMultiDict


def test_base_url(make: Make) -> None:
    """The URL without its query."""
    assert make("/x?y", base_url="http://a.de/app").base_url == "http://a.de/app/x"


def test_charset() -> None:
    """UTF-8; it can be read."""
    assert (Request.charset, Request.url_charset, Request.encoding_errors) == ("utf-8", "utf-8", "replace")


test_url_charset = test_encoding_errors = test_charset


def test_close(make: Make) -> None:
    """Closes the files. It may be called twice. It also works as a context manager, sync and async."""
    for how in ("close", "with", "aclose", "async with"):
        request = make(**POST, files={"f": ("x", b"1" * 600_000)})
        file = request.files["f"]
        if how == "close":
            request.close()
            request.close()
        elif how == "with":
            with request as same:
                assert same is request
        elif how == "aclose":
            anyio.run(request.aclose)
        else:
            anyio.run(_enter, request)
        assert file.stream.closed


@pytest.mark.parametrize("how", ["close", "aclose"])
def test_close_of_another_request(protocol: str, how: str) -> None:
    """The files belong to the body: each of the requests that share it closes them, also one that has not read it."""
    builder = RequestBuilder(**POST, files={"f": ("x", b"1" * 600_000)})
    given: Any = (builder.environ(),) if protocol == "wsgi" else (builder.scope(), builder.receive())

    async def run() -> None:
        reader, other = Request(*given), Request(*given)
        file = (await reader.load() if protocol == "asgi" else reader).files["f"]
        if how == "close":
            other.close()
        else:
            await other.aclose()
        assert file.stream.closed

    anyio.run(run)


async def _enter(request: Request) -> None:
    async with request as same:
        assert same is request


def test_cookies(make: Make) -> None:
    """The cookies. Several fields are read as one (HTTP/2)."""
    assert make(cookies={"a": "1", "b": "2 3"}).cookies.to_dict() == {"a": "1", "b": "2 3"}
    request = field(make, "Cookie", "a=1; b=\xff; a=3")
    assert request.cookies["a"] == "1"
    assert request.cookies.getlist("a") == ["1", "3"]


def test_data(make: Make) -> None:
    """The bytes of the body. They are empty if the body is a form."""
    assert make(**POST, data=b"\x00x").data == b"\x00x"
    assert make(**POST, form={"a": "1"}).data == b""


def test_dict_storage_class(make: Make) -> None:
    """``dict_storage_class`` is the class of ``cookies``."""

    class Own(Request):
        dict_storage_class = ImmutableTypeConversionDict

    assert type(make(cls=Own, cookies={"a": "1"}).cookies) is ImmutableTypeConversionDict
    assert make(cls=Own, cookies={"a": "1"}).cookies.get("a", type=int) == 1


def test_list_storage_class(make: Make) -> None:
    """``list_storage_class`` is the class of ``access_route``."""

    class Own(Request):
        list_storage_class = tuple

    assert make(cls=Own, client=("1.1.1.1", 1)).access_route == ("1.1.1.1",)
    assert type(make().access_route) is ImmutableList


def test_parameter_storage_class(make: Make) -> None:
    """The class of `args` and `form`."""
    for cls in (ImmutableOrderedMultiDict, ImmutableDict, dict):
        own: Any = type("Own", (Request,), {"parameter_storage_class": cls})
        request = make("/?a=1", cls=own, **POST, form={"b": "2"})
        assert (type(request.args), type(request.form)) == (cls, cls)
        assert (request.args["a"], request.form["b"]) == ("1", "2")


def test_disable_data_descriptor(make: Make) -> None:
    """`data` raises AttributeError, so that no body is kept in memory by accident."""

    class NoData(Request):
        disable_data_descriptor = True

    request = make(cls=NoData, **POST, data=b"x")
    assert not hasattr(request, "data")
    assert request.get_data() == b"x"


def test_files(make: Make) -> None:
    """The files of a multipart form, whatever the method; otherwise empty."""
    for method in ("POST", "PUT", "PATCH", "DELETE", "GET"):
        request = make(method=method, files=[("f", ("a", b"1")), ("f", ("b", b"2"))])
        assert [file.filename for file in request.files.getlist("f")] == ["a", "b"]
    assert not make(**POST, form={"a": "1"}).files
    assert not make(**POST, data=b"x").files


def test_form(make: Make) -> None:
    """The fields of a form. The Content-Type decides, whatever the method."""
    for method in ("POST", "PUT", "PATCH", "DELETE", "GET"):
        assert make(method=method, form={"a": ["1", "2"]}).form.getlist("a") == ["1", "2"]
    assert make(**POST, form={"a": "1"}, files={"f": b"1"}).form.to_dict() == {"a": "1"}
    assert not make(**POST, data=b"a=1").form


def test_form_data_parser(make: Make) -> None:
    """`form_data_parser_class` is replaced by the hook `make_form_data_parser`."""
    test_make_form_data_parser(make)


def test_from_values() -> None:
    """Makes a request from the arguments of RequestBuilder, on both protocols."""
    for protocol in ("wsgi", "asgi"):
        request = Request.from_values("/x?a=1", method="PUT", json={"b": 2}, protocol=protocol, headers={"X": "y"})
        assert (request.path, request.args["a"], request.method, request.headers["x"]) == ("/x", "1", "PUT", "y")
        assert read(request) == b'{"b":2}'
        assert request.json == {"b": 2}
        assert Request.from_values(protocol=protocol, json=None, method="POST").content_length == len(b"null")
        assert Request.from_values(protocol=protocol).content_length is None
    with pytest.raises(TypeError, match="unexpected keyword argument 'jsn'"):
        Request.from_values("/x", jsn={"b": 2})  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="got protocol = 'wsig', expected 'wsgi' or 'asgi'"):
        Request.from_values("/x", protocol="wsig")  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_from_values_needs_no_httpx(protocol: str) -> None:
    """Scripts have no httpx: a request is made without it, and only the clients say that they need it."""
    code = f"""
import sys
sys.modules["httpx"] = sys.modules["httpx2"] = None  # importing them raises ImportError
from cardan import Request
request = Request.from_values("/x", protocol={protocol!r}, method="POST", form={{"a": "b"}}, files={{"f": b"1"}})
assert request.method == "POST"
from cardan.testing import RequestBuilder, lint
assert RequestBuilder("/x").environ()["PATH_INFO"] == "/x"
try:
    from cardan.testing import Client
except ImportError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "cardan.testing needs httpx: pip install 'cardan[testing]'\n"


def test_from_values_has_the_parameters_of_the_builder() -> None:
    """``from_values()`` takes what RequestBuilder takes, with the same types and defaults, and ``protocol`` and what
    servers say. The parameters of Werkzeug's method come first, in its order.
    """
    taken, known = (
        dict(inspect.signature(function).parameters) for function in (Request.from_values, RequestBuilder.__init__)
    )
    original = list(inspect.signature(EnvironBuilder.__init__).parameters)[1:]
    assert list(taken)[: len(original)] == original
    assert [taken[name].kind.name for name in original] == ["POSITIONAL_OR_KEYWORD"] * len(original)
    assert {parameter.kind.name for parameter in list(taken.values())[len(original) :]} == {"KEYWORD_ONLY"}
    assert taken.pop("protocol").annotation == "Literal['wsgi', 'asgi']"
    del known["self"]
    for name in set(original) - set(known):
        assert taken.pop(name).default in (None, name == "multithread")
    assert (taken.pop("json").annotation, known.pop("json").annotation) == ("object", "object")  # defaults: no value
    assert {name: parameter.replace(kind=known[name].kind) for name, parameter in taken.items()} == known


def test_full_path(make: Make) -> None:
    """Path, `?` and query. The question mark is always there."""
    assert (make("/x").full_path, make("/x?y=ü").full_path) == ("/x?", "/x?y=ü")


def test_get_data(make: Make) -> None:
    """``get_data()`` keeps the body by default, and the form parser uses what was kept.

    It gives nothing after the form was parsed, unless the body was kept before.
    """
    request = make(load="raw", **POST, data=b"a=1", content_type=FORM)
    assert request.get_data() == b"a=1"
    assert request.get_data(as_text=True) == "a=1"
    assert request.form["a"] == "1"
    parsed = make(**POST, data=b"a=1", content_type=FORM)
    assert parsed.get_data(parse_form_data=True) == b""
    assert parsed.form["a"] == "1"


FORM = "application/x-www-form-urlencoded"


def test_headers(make: Make) -> None:
    """The header fields of a request cannot be changed, are found in any case, and have names in Title-Case."""
    request = make(headers=[("X-Test", "1"), ("x-test", "2"), ("Cookie", "a=1"), ("cookie", "b=2")])
    assert request.headers["X-TEST"] in ("1, 2", "1,2")
    assert request.headers["cookie"] == "a=1; b=2"
    assert "X-Test" in list(request.headers)
    with pytest.raises(KeyError):
        request.headers["nope"]
    with pytest.raises(TypeError, match="cannot be changed"):
        request.headers["X-Test"] = "3"
    assert request.headers is request.headers


def test_host(make: Make) -> None:
    """``host`` has no default port, and is empty if the field Host is invalid."""
    assert field(make, "Host", "a.de:8080").host == "a.de:8080"
    assert field(make, "Host", "a.de:80").host == "a.de"
    assert field(make, "Host", "a.de/x").host == ""


def test_host_url(make: Make) -> None:
    """``host_url`` has the scheme and the host, without the path."""
    assert make("/x", base_url="https://a.de:8443/app").host_url == "https://a.de:8443/"


def test_input_stream(make: Make, protocol: str) -> None:
    """`wsgi.input` itself. ASGI has `receive` instead."""
    request = make(load=False, **POST, data=b"x")
    if protocol == "wsgi":
        assert request.input_stream is request.environ["wsgi.input"]
        with pytest.raises(AttributeError, match=r"wsgi\.input replays"):
            request.receive
    else:
        with pytest.raises(AttributeError):
            request.input_stream
        assert callable(request.receive)


def test_is_multithread(make: Make, protocol: str) -> None:
    """The flags of the environ; True, False, False on ASGI."""
    flags = {"wsgi": {"wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": True}}
    request = make(overrides=flags)
    expected = (False, True, True) if protocol == "wsgi" else (True, False, False)
    assert (request.is_multithread, request.is_multiprocess, request.is_run_once) == expected


test_is_multiprocess = test_is_run_once = test_is_multithread


def test_is_secure(make: Make) -> None:
    """True if the scheme is https."""
    assert make(base_url="https://a.de").is_secure
    assert not make(base_url="http://a.de").is_secure


def test_is_xhr(make: Make) -> None:
    """True for X-Requested-With: XMLHttpRequest, in any case."""
    assert field(make, "X-Requested-With", "xmlHttpRequest").is_xhr
    assert not make().is_xhr


def test_make_form_data_parser(make: Make) -> None:
    """The hook gets the declared length and returns a parser."""
    lengths: list[int | None] = []

    class Reader(FormReader):
        def run(self) -> Any:
            form = yield from super().run()
            form.fields.append(("extra", "1"))
            return form

    class Own(Request):
        def make_form_data_parser(self, content_length: int | None) -> FormReader:
            lengths.append(content_length)
            return Reader(self.headers["Content-Type"], content_length, limits=self.limits)

    request = make(cls=Own, **POST, form={"a": "1"})
    assert request.form.to_dict() == {"a": "1", "extra": "1"}
    assert lengths[0] == 3


def test_form_reader_class(make: Make) -> None:
    """The class that parses forms, and its builder, are each replaced by one line. The builder gets the same events
    for both kinds of form.
    """

    class Lower(FormBuilder):
        def feed(self, events: list[FormEvent]) -> list[FileEvent]:
            for event in events:
                if isinstance(event, Field):
                    event.name = event.name.lower()
            return super().feed(events)

    class Reader(FormReader):
        builder_class = Lower

    class Own(Request):
        form_reader_class = Reader

    assert make(cls=Own, **POST, form={"A": "1"}).form.to_dict() == {"a": "1"}
    request = make(cls=Own, **POST, form={"A": "1"}, files={"f": ("a.txt", b"data")})
    assert (request.form.to_dict(), request.files["f"].size) == ({"a": "1"}, 4)
    with pytest.raises(TypeError, match=r"form_reader_class = .*, expected a class that is derived from FormReader"):
        make().form_reader_class = FormBuilder  # type: ignore[assignment]


def test_a_reader_without_a_form(make: Make) -> None:
    """A ``run()`` that does not return the form is told so: the form would look empty otherwise."""

    class Reader(FormReader):
        def run(self) -> Any:
            yield from super().run()

    class Own(Request):
        form_reader_class = Reader

    with pytest.raises(TypeError, match=r"got NoneType from Reader.run\(\), expected the Form"):
        make(cls=Own, **POST, form={"A": "1"}).form

    class Kept(core.Request):
        form_reader_class = Reader

    kept = Kept(core.RequestHead("POST", headers={"Content-Type": "application/x-www-form-urlencoded"}), b"A=1")
    assert kept.get_data() == b"A=1"
    with pytest.raises(TypeError, match="expected the Form"):
        kept.form


def test_method(make: Make) -> None:
    """The method as it was sent: methods are case-sensitive (RFC 9110 section 9.1)."""
    assert make(overrides={"wsgi": {"REQUEST_METHOD": "purge"}, "asgi": {"method": "purge"}}).method == "purge"


def test_path(make: Make) -> None:
    """Decoded, with one slash at its start, without the mount point. Bytes that are not UTF-8 never raise."""
    assert make("/ü/%E2%82%AC").path == "/ü/€"
    assert make(b"/%ff/\xff").path == "/\ufffd/\ufffd"
    assert make(b"//x//y").path == "/x//y"
    request = make("/x", base_url="http://a.de/app")
    assert (request.path, request.root_path) == ("/x", "/app")


def test_query_string(make: Make) -> None:
    """The raw bytes of the query."""
    assert make("/", query_string=b"a=%FF&\xff").query_string == b"a=%FF&\xff"


def test_remote_addr(make: Make) -> None:
    """The address of the client, or None if the server does not give it."""
    assert make(client=("1.2.3.4", 5)).remote_addr == "1.2.3.4"
    assert make(overrides={"wsgi": {"REMOTE_ADDR": ""}, "asgi": {"client": None}}).remote_addr is None


def test_remote_user(make: Make, protocol: str) -> None:
    """REMOTE_USER on WSGI; ASGI has no such value."""
    request = make(overrides={"wsgi": {"REMOTE_USER": "ada"}})
    assert request.remote_user == ("ada" if protocol == "wsgi" else None)
    assert make().remote_user is None


def test_scheme(make: Make) -> None:
    """``scheme`` is the scheme of the request's URL."""
    assert make(base_url="https://a.de").scheme == "https"


def test_script_root(make: Make) -> None:
    """The mount point without a slash at its end. On ASGI it is removed from the path only before a slash."""
    request = make("/x", base_url="http://a.de/app/")
    assert (request.script_root, request.root_path) == ("/app", "/app")


@pytest.mark.parametrize(
    ("root", "path", "expected"),
    [("/api", "/api/x", "/x"), ("/api", "/apiary", "/apiary"), ("/api", "/api", "/"), ("/api", "/x", "/x"),
     ("/api/", "/api/x", "/x"), ("", "/api", "/api"), ("/a b", "/a b/ü", "/ü")],
)  # fmt: skip
def test_root_path_of_a_scope(root: str, path: str, expected: str) -> None:
    """`/api` is never removed from `/apiary`. A path that does not begin with the root path is accepted."""
    assert Request({"type": "http", "method": "GET", "path": path, "root_path": root, "headers": []}).path == expected


def test_stream(make: Make, protocol: str) -> None:
    """A file limited to the body; gone after the form was parsed; a new file over a body that is in memory.

    `make_body_filter` transforms the bytes for all ways to read the body.
    """
    if protocol == "wsgi":
        assert make(**POST, data=b"12\n3").stream.readline() == b"12\n"
    else:
        with pytest.raises(WrongMode, match=r"await request\.load\(\)"):
            make(load=False, **POST, data=b"x").stream
    assert make(**POST, form={"a": "1"}).form is not None
    request = make(**POST, form={"a": "1"})
    assert request.form["a"] == "1"
    with pytest.raises(BodyConsumed, match="load"):
        request.stream.read()

    class Upper:
        def feed(self, data: bytes) -> bytes:
            return data.upper()

        def close(self) -> bytes:
            return b"!"

    class Filtered(Request):
        def make_body_filter(self) -> Upper:
            return Upper()

    filtered = make(cls=Filtered, **POST, data=b"abc")
    assert filtered.get_data() == filtered.stream.read() == b"ABC!"
    kept = make(**POST, data=b"123")
    assert kept.get_data() == b"123"
    assert (kept.stream.read(), kept.stream.read()) == (b"123", b"123")


def test_trusted_hosts(make: Make) -> None:
    """None accepts all hosts. Otherwise a Host that is not in the list raises SecurityError."""

    class Trusting(Request):
        trusted_hosts = [".a.de"]

    good = make(cls=Trusting, base_url="http://x.a.de")
    assert good.host == "x.a.de"
    with pytest.raises(SecurityError):
        make(cls=Trusting, base_url="http://b.de").host


def test_url(make: Make) -> None:
    """The whole URL as an IRI."""
    assert make("/ü x?q=ü", base_url="http://a.de/app").url == "http://a.de/app/ü%20x?q=ü"


def test_url_root(make: Make) -> None:
    """Scheme, host and mount point."""
    assert make("/x", base_url="http://a.de/app").url_root == "http://a.de/app/"
    assert make("/x", base_url="http://a.de/app").root_url == "http://a.de/app/"


def test_values(make: Make) -> None:
    """`args` and `form` combined; without the form for GET and HEAD."""
    request = make("/?a=1", **POST, form={"a": "2", "b": "3"})
    assert (request.values.getlist("a"), request.values["b"]) == (["1", "2"], "3")
    assert type(request.values) is CombinedMultiDict
    for method in ("GET", "HEAD"):
        assert "b" not in make("/?a=1", method=method, form={"b": "3"}).values


def test_want_form_data_parsed(make: Make) -> None:
    """The Content-Type decides. The property can be overridden."""

    class Never(Request):
        want_form_data_parsed = False  # type: ignore[assignment]

    assert make(**POST, form={"a": "1"}).want_form_data_parsed
    assert not make(**POST, data=b"a=1").want_form_data_parsed
    assert make(cls=Never, **POST, form={"a": "1"}).data == b"a=1"


# --- the mixins ---


def test_accept_charsets(make: Make) -> None:
    """``accept_charsets`` chooses the charset that the client prefers."""
    assert (
        field(make, "Accept-Charset", "utf-8;q=0.5, latin1").accept_charsets.best_match(["utf-8", "latin1"]) == "latin1"
    )


def test_accept_encodings(make: Make) -> None:
    """``accept_encodings`` chooses the content coding that the client prefers."""
    assert field(make, "Accept-Encoding", "gzip;q=0, br").accept_encodings.best_match(["gzip", "br"]) == "br"


def test_accept_languages(make: Make) -> None:
    """``accept_languages`` chooses the language that the client prefers."""
    assert field(make, "Accept-Language", "fr, de-CH;q=0.5").accept_languages.best_match(["en", "de"]) == "de"


def test_accept_mimetypes(make: Make) -> None:
    """``accept_mimetypes`` chooses the media type that the client prefers."""
    accept = field(make, "Accept", "text/html;q=0.5, application/json").accept_mimetypes
    assert accept.best_match(["text/html", "application/json"]) == "application/json"


def test_authorization(make: Make) -> None:
    """``authorization`` has the credentials, and is None without them or if they cannot be read."""
    credentials = make(auth=("ada", "sécret:x")).authorization
    assert (credentials.type, credentials.username, credentials.password) == ("basic", "ada", "sécret:x")
    assert make().authorization is None
    assert field(make, "Authorization", "Basic \xe9\xe9").authorization is None


def test_cache_control(make: Make) -> None:
    """A RequestCacheControl, which is immutable."""
    control = field(make, "Cache-Control", "Max-Age=5, no-store").cache_control
    assert (control.max_age, control.no_store) == (5, True)


def test_sec_fetch_user(make: Make) -> None:
    """True only if the browser says that the user has caused the request: False without the field."""
    assert field(make, "Sec-Fetch-User", "?1").sec_fetch_user is True
    assert field(make, "Sec-Fetch-User", "?0").sec_fetch_user is False
    assert make().sec_fetch_user is False


def test_if_match(make: Make) -> None:
    """``if_match`` has the entity tags of the field, and is empty without it."""
    assert field(make, "If-Match", '"a", W/"b"').if_match.contains("a")
    assert not make().if_match


def test_if_none_match(make: Make) -> None:
    """``if_none_match`` contains every entity tag if the field is a star."""
    assert field(make, "If-None-Match", "*").if_none_match.contains("anything")


def test_if_range(make: Make) -> None:
    """An entity tag or a date."""
    assert field(make, "If-Range", '"a"').if_range.etag == "a"
    assert field(make, "If-Range", DATE).if_range.date == WHEN


def test_range(make: Make) -> None:
    """``range`` has the ranges, and is None without the field or if it is not valid."""
    assert field(make, "Range", "bytes=0-4").range.ranges == [(0, 5)]
    assert make().range is None
    assert field(make, "Range", "bytes=x").range is None


DATE, WHEN = "Thu, 01 Jan 2026 00:00:00 GMT", datetime(2026, 1, 1, tzinfo=UTC)

SENT = {
    "Authorization": "Basic YTpi",
    "Date": DATE,
    "If-Modified-Since": DATE,
    "If-Unmodified-Since": DATE,
    "Range": "bytes=0-4",
}


@pytest.mark.parametrize("headers", [{}, SENT], ids=["missing", "sent"])
def test_a_field_is_parsed_once(make: Make, headers: dict[str, str]) -> None:
    """Each access to the value of a field gives the same object, also if the field is missing."""
    request = make(headers=headers, load=False)
    fields = [(name, getattr_static(Request, name)) for name in dir(Request)]
    objects = {
        name: value
        for name, each in fields
        if isinstance(each, HeaderField)
        and not isinstance(value := HeaderField.__get__(each, request), str | int | NoneType)
    }
    assert len(objects) > 10 + len(headers)
    for name, value in objects.items():
        assert getattr_static(Request, name).__get__(request) == value
        assert getattr_static(Request, name).__get__(request) is getattr_static(Request, name).__get__(request), name


@pytest.mark.parametrize("name", ["if_modified_since", "if_unmodified_since", "date"])
def test_dates(make: Make, name: str) -> None:
    """Datetimes with a time zone. An invalid or overflowing date is None."""
    header = name.replace("_", "-")
    assert getattr(field(make, header, DATE), name) == WHEN
    for wrong in ("x", "", "Thu, 10 Dec 2009 13:57:29999999999999999999999 GMT"):
        assert getattr(field(make, header, wrong), name) is None


test_if_modified_since = test_if_unmodified_since = test_date = test_dates


def test_user_agent(make: Make) -> None:
    """The field as sent, not parsed."""
    agent = field(make, "User-Agent", "curl/8").user_agent
    assert (agent, agent.string, agent.to_header(), repr(agent)) == (
        "curl/8",
        "curl/8",
        "curl/8",
        "UserAgent('curl/8')",
    )
    assert make().user_agent == ""


def test_forwarded(make: Make) -> None:
    """The proxies' entries, the one nearest to the client first. Empty without the field."""
    hops = field(make, "Forwarded", "for=192.0.2.60;proto=https, for=198.51.100.17").forwarded
    assert [hop.for_ for hop in hops] == ["192.0.2.60", "198.51.100.17"]
    assert len(make().forwarded) == 0


def test_content_encoding(make: Make) -> None:
    """The field as sent. The body is not decoded."""
    assert field(make, "Content-Encoding", "gzip").content_encoding == "gzip"


def test_content_length(make: Make) -> None:
    """An int, or None if there is no valid one."""
    assert make(**POST, data=b"123").content_length == 3
    assert make().content_length is None
    for wrong in ("abc", "-5", "5, 5", "+5", "1_0", "9" * 40):
        assert field(make, "Content-Length", wrong).content_length is None


def test_content_md5(make: Make) -> None:
    """``content_md5`` is the text of the field as it was sent."""
    assert field(make, "Content-MD5", "abc=").content_md5 == "abc="


def test_content_type(make: Make) -> None:
    """The field as sent, or None."""
    assert field(make, "Content-Type", "Text/HTML; Charset=x").content_type == "Text/HTML; Charset=x"
    assert make().content_type is None


def test_max_forwards(make: Make) -> None:
    """An int, if the field consists of digits."""
    assert field(make, "Max-Forwards", "10").max_forwards == 10
    for wrong in ("-1", "1_0", "x", "9" * 30):
        assert field(make, "Max-Forwards", wrong).max_forwards is None


def test_mimetype(make: Make) -> None:
    """In lower case, without parameters."""
    assert field(make, "Content-Type", "Text/HTML ; charset=x").mimetype == "text/html"
    assert make().mimetype == ""


def test_mimetype_params(make: Make) -> None:
    """The parameters of the type. An invalid field never raises."""
    assert field(make, "Content-Type", 'text/html; Charset="x y"').mimetype_params == {"charset": "x y"}
    assert make().mimetype_params == {}
    mixed = field(make, "Content-Type", "text/plain; a*0*=ISO-8859-15''x; a*=ISO-8859-1''y")
    assert isinstance(mixed.mimetype_params, dict)


def test_pragma(make: Make) -> None:
    """``pragma`` is a set of directives, which are found in any case."""
    assert "no-cache" in field(make, "Pragma", "No-Cache, x").pragma


def test_referrer(make: Make) -> None:
    """``referrer`` is the field Referer."""
    assert field(make, "Referer", "http://b.de/").referrer == "http://b.de/"


# --- JSON ---


def test_json(make: Make) -> None:
    """Parsed once. Another type is a 415, invalid JSON a 400."""
    request = make(**POST, json={"a": 1})
    assert request.is_json
    assert request.json is request.json
    with pytest.raises(UnsupportedMediaType):
        make(**POST, data=b"{}").json
    for body in (b"{", b"NaN", b"[Infinity]", b"[-1e999]", b"\xff", b"", b"[" * 100_000, b"1" * 5000):
        with pytest.raises(BadRequest):
            make(**POST, data=body, content_type="application/json").json
    assert make(**POST, data=b'\xef\xbb\xbf{"a":1,"a":2}', content_type="application/x+json").json == {"a": 2}


def test_get_json(make: Make) -> None:
    """`force` ignores the type, `silent` gives None. The hook and another JSON module are used."""
    assert make(**POST, data=b"1").get_json(force=True) == 1
    assert make(**POST, data=b"1").get_json(silent=True) is None
    assert make(**POST, data=b"{", content_type="application/json").get_json(silent=True) is None

    class Own(Request):
        json_module = type("module", (), {"loads": staticmethod(lambda data: ["own", data])})

        def on_json_loading_failed(self, error: Exception | None) -> Any:
            return error

    assert make(cls=Own, **POST, json=1).json == ["own", b"1"]
    assert make(cls=Own, **POST, data=b"1").json is None


@pytest.mark.parametrize("module", [orjson, SimpleNamespace(loads=msgspec.json.decode)], ids=["orjson", "msgspec"])
def test_json_modules_of_bytes(make: Make, protocol: str, module: Any) -> None:
    """A ``json_module`` gets the bytes of the body, without a byte order mark (RFC 8259 section 8.1). What it refuses
    with a ValueError is a 400.
    """

    class Own(Request):
        json_module = module

    kind = "application/json"
    for data in ('{"a":["ö",1]}'.encode(), b'\xef\xbb\xbf{"a":["\xc3\xb6",1]}'):
        assert make(cls=Own, **POST, data=data, content_type=kind).json == {"a": ["ö", 1]}
    for data in (b"", b"{", b"[NaN]", b'"\xff"', '"ö"'.encode("latin-1"), "1".encode("utf-16")):
        with pytest.raises(BadRequest):
            make(cls=Own, **POST, data=data, content_type=kind).json


def test_json_before_load(protocol: str) -> None:
    """In async code, BodyNotLoaded is raised first, whatever the Content-Type."""
    request = Request.from_values(method="POST", data=b"x", protocol="asgi")
    for name in ("json", "form", "files", "values", "data", "text"):
        with pytest.raises(BodyNotLoaded):
            getattr(request, name)
    with pytest.raises(BodyNotLoaded):
        request.get_json(silent=True)


def test_modes(make: Make, protocol: str) -> None:
    """A method for the other mode, sync or async, raises when it is called."""
    request = make(load=False, **POST, data=b"x")
    wrong: list[Callable[[], Any]]
    wrong = [request.iter_data, request.iter_parts] if protocol == "asgi" else [request.aiter_data, request.aiter_parts]
    for call in wrong:
        with pytest.raises(WrongMode):
            call()
    if protocol == "wsgi":
        with pytest.raises(WrongMode, match="they read"):
            request.load()


@pytest.mark.parametrize("size", [5, 100_000, 600_000])
def test_modes_of_files(make: Make, protocol: str, size: int) -> None:
    """A method of a file for the other mode, sync or async, raises when it is called, whatever the size of the file."""
    request = make(**POST, files={"f": ("x", b"1" * size)})
    file = request.files["f"]
    calls: list[Callable[[], Any]]
    if protocol == "asgi":
        calls = [file.read, lambda: file.save(io.BytesIO())]
    else:
        calls = [file.aread, lambda: file.asave(io.BytesIO()), file.aiter_data, file.aclose]
    for call in calls:
        with pytest.raises(WrongMode):
            call()
    request.close()


def test_forms_modes(make: Make) -> None:
    """`silent` gives an empty form for a broken one."""

    class Silent(Request):
        form_rules = "silent"

    options: dict[str, Any] = {**POST, "data": b"--B\r\nx", "content_type": "multipart/form-data; boundary=B"}
    assert not make(cls=Silent, **options).form
    with pytest.raises(MultipartError):
        make(**options).form


def test_json_that_is_not_kept() -> None:
    """``get_json(cache=False)`` keeps neither the value nor the bytes: the next call has nothing to parse."""
    request = Request(RequestBuilder("/", method="POST", json={"a": [1]}).environ())
    assert request.get_json(cache=False) == {"a": [1]}
    with pytest.raises(BodyConsumed):
        request.get_json()


@pytest.mark.parametrize(
    ("carrier", "got"), [({"type": "lifespan"}, "an ASGI scope of type 'lifespan'"), ({}, "dict"), (5, "int")]
)
def test_what_is_no_request(carrier: Any, got: str) -> None:
    """The error names what came: the type of a scope, or the class of another object."""
    with pytest.raises(TypeError, match=rf"^got {got}, expected a WSGI environ or an ASGI http or websocket scope$"):
        Request(carrier)
