"""cardan.compat.werkzeug.wrappers: the arguments and hooks of a request, and the mixins."""

from __future__ import annotations

import io
from contextlib import nullcontext
from typing import Any

import anyio
import pytest
import werkzeug.test
import werkzeug.wrappers

import cardan
from cardan.compat.werkzeug import wrappers
from cardan.compat.werkzeug.datastructures import FileStorage, MultiDict
from cardan.compat.werkzeug.formparser import FormDataParser
from cardan.compat.werkzeug.test import EnvironBuilder, create_environ
from cardan.compat.werkzeug.wrappers import Request, Response
from cardan.exceptions import BodyConsumed, ClientDisconnected, RequestEntityTooLarge
from cardan.testing import Client

FORM = {"method": "POST", "data": {"a": "1"}}


def test_positional_arguments(wz: Any) -> None:
    """``populate_request`` and ``shallow`` may be given by position and by name."""
    Request = wz.wrappers.Request
    key = "werkzeug.request"
    environ = create_environ()
    request = Request(environ)
    assert environ[key] is request
    for options in ((False,), (True, True), (False, False)):
        assert key not in _opened(Request, *options)[0]
    assert key not in _opened(Request, populate_request=False)[0]
    assert key not in _opened(Request, shallow=True)[0]
    for request in (_opened(Request, False, True)[1], _opened(Request, shallow=True)[1]):
        with pytest.raises(RuntimeError):
            request.form


def _opened(cls: Any, *args: Any, **options: Any) -> tuple[dict[str, Any], Any]:
    environ = create_environ(**FORM)  # type: ignore[arg-type]
    return environ, cls(environ, *args, **options)


def test_an_environ_without_a_method(wz: Any) -> None:
    """An environ of a test may have only what is read."""
    request = wz.wrappers.Request({"HTTP_ACCEPT_LANGUAGE": "de", "QUERY_STRING": "a=1"})
    assert (request.method, request.args["a"], request.accept_languages.best) == ("GET", "1", "de")


def test_from_values(wz: Any) -> None:
    """The arguments are those of EnvironBuilder."""
    request = wz.wrappers.Request.from_values(
        "/a", "http://a.example/root", query_string={"q": "1"}, method="POST", data={"b": "2"},
        environ_overrides={"REMOTE_USER": "Ada"}, environ_base={"REMOTE_ADDR": "1.2.3.4"},
    )  # fmt: skip
    assert (request.url, request.form["b"], request.remote_user, request.remote_addr) == (
        "http://a.example/root/a?q=1", "2", "Ada", "1.2.3.4",
    )  # fmt: skip
    streamed = wz.wrappers.Request.from_values(
        input_stream=io.BytesIO(b"abc"), content_type="text/plain", content_length=3, method="PUT"
    )
    assert streamed.get_data() == b"abc"


def test_user_agent_class(wz: Any) -> None:
    """``user_agent`` is of the class that the program gives."""

    class Browser(type(wz.wrappers.Request(create_environ()).user_agent)):  # type: ignore[misc]
        @property
        def browser(self) -> str:
            return self.string.partition("/")[0]  # type: ignore[no-any-return]

    class Own(wz.wrappers.Request):  # type: ignore[misc, name-defined]
        user_agent_class = Browser

    request = Own(create_environ(headers={"User-Agent": "curl/8"}))
    assert (request.user_agent.browser, request.user_agent.string) == ("curl", "curl/8")
    assert not Own(create_environ()).user_agent


def test_a_broken_form_is_empty(wz: Any) -> None:
    """A form that is not valid is empty, and so is the body after the form was parsed."""
    request = wz.wrappers.Request(
        create_environ(method="POST", data=b"--b\r\nX", content_type="multipart/form-data; boundary=b")
    )
    assert (len(request.form), len(request.files)) == (0, 0)
    request = wz.wrappers.Request(create_environ(**FORM))  # type: ignore[arg-type]
    assert (request.form["a"], request.get_data(), request.data, request.stream.read()) == ("1", b"", b"", b"")


def test_the_body_before_the_form(wz: Any) -> None:
    """A body that was read as bytes is kept for the form, unless ``parse_form_data`` is true."""
    request = wz.wrappers.Request(create_environ(**FORM))  # type: ignore[arg-type]
    assert (request.get_data(), request.form["a"]) == (b"a=1", "1")
    request = wz.wrappers.Request(create_environ(**FORM))  # type: ignore[arg-type]
    assert (request.get_data(parse_form_data=True), request.form["a"]) == (b"", "1")


def test_file_streams_of_the_program(wz: Any) -> None:
    """An overridden ``_get_file_stream`` opens the files."""
    opened: list[Any] = []

    class Own(wz.wrappers.Request):  # type: ignore[misc, name-defined]
        def _get_file_stream(
            self, total_content_length: Any, content_type: Any, filename: Any = None, content_length: Any = None
        ) -> Any:
            opened.append((content_type, filename))
            return io.BytesIO()

    request = Own(create_environ(method="POST", data={"f": (io.BytesIO(b"x"), "x.txt")}))
    assert request.files["f"].read() == b"x"
    assert opened == [("text/plain", "x.txt")]


class Shouting(FormDataParser):
    """A parser that changes the fields, and knows a type of its own."""

    def parse(self, stream: Any, mimetype: str, content_length: int | None, options: Any = None) -> Any:
        if mimetype == "text/lines":
            return stream, self.cls([("line", line.decode()) for line in stream.read().split()]), self.cls()
        stream, form, files = super().parse(stream, mimetype, content_length, options)
        return stream, self.cls([(name, value.upper()) for name, value in form.items()]), files


class ShoutingRequest(Request):
    form_data_parser_class = Shouting

    @property
    def want_form_data_parsed(self) -> bool:
        return True


class Derived(ShoutingRequest):
    max_content_length = 200


def upload(cls: Any, protocol: str, body: bytes, content_type: str) -> str:
    @cls.application(load=True)
    def app(request: Any) -> Any:
        files = [(name, type(file).__name__, file.read().decode()) for name, file in request.files.items()]
        return Response(f"{sorted(request.form.items())} {files}")

    with Client(app, protocol=protocol) as client:  # type: ignore[arg-type]
        return client.post("/", content=body, headers={"Content-Type": content_type}).text


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_form_data_parser_class(protocol: str) -> None:
    """The parser of the program parses every form, on both protocols, also for classes that are derived."""
    multipart = (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="n"\r\n\r\ndata\r\n--b--\r\n'
    )
    for cls in (ShoutingRequest, Derived):
        assert upload(cls, protocol, b"a=x", "application/x-www-form-urlencoded") == "[('a', 'X')] []"
        assert upload(cls, protocol, multipart, "multipart/form-data; boundary=b") == (
            "[('a', 'X')] [('f', 'FileStorage', 'data')]"
        )
        assert upload(cls, protocol, b"p q", "text/lines") == "[('line', 'p')] []"
    assert upload(Derived, protocol, b"a=" + b"x" * 199, "application/x-www-form-urlencoded").startswith(
        "Content Too Large"
    )


def test_a_parser_of_the_program_has_limits() -> None:
    """The body that is kept for such a parser has at most ``max_data_memory`` bytes."""

    class Small(ShoutingRequest):
        max_data_memory = 10

    with pytest.raises(RequestEntityTooLarge, match="max_data_memory"):
        Small(create_environ(method="POST", data={"a": "x" * 20})).form
    request = Small(create_environ(**FORM))  # type: ignore[arg-type]
    assert (request.form["a"], type(request.form).__name__) == ("1", "ImmutableMultiDict")


def test_mixins_make_classes(wz: Any) -> None:
    """Classes can be made of a base class and the mixins, as in the original design."""

    class OwnRequest(wrappers.BaseRequest, wrappers.ETagRequestMixin, wrappers.AcceptMixin):
        pass

    class OwnResponse(wrappers.BaseResponse, wrappers.ETagResponseMixin, wrappers.WWWAuthenticateMixin):
        pass

    request = OwnRequest(create_environ(headers={"If-None-Match": '"a"', "Accept": "text/html"}))
    assert request.if_none_match.contains("a")
    assert request.accept_mimetypes.best == "text/html"
    assert not hasattr(request, "user_agent")
    response = OwnResponse("x")
    response.set_etag("a")
    assert response.make_conditional(request).status_code == 304
    assert isinstance(wrappers.ResponseStream(Response()), wrappers.ResponseStream)


def test_both_libraries_share_a_request() -> None:
    """The Request of ``cardan`` and the one of ``cardan.compat`` can be made of one environ. Only the first to read the
    form can, unless both have the same settings.
    """
    environ = create_environ("/?q=1", method="POST", data={"a": "1"})
    assert cardan.Request(environ).form["a"] == "1"
    assert Request(environ).args == cardan.Request(environ).args
    with pytest.raises(BodyConsumed):
        Request(environ).form

    class Moving(Request):
        form_rules = "default"
        file_storage_class = cardan.FileStorage

    assert Moving(environ).form["a"] == "1"


def test_on_asgi() -> None:
    """``Request(scope, receive, send)`` is the same class, with the same hooks."""

    async def main() -> None:
        scope, receive = EnvironBuilder(method="POST", data={"a": "1", "f": (io.BytesIO(b"x"), "n")}).get_scope()
        request = Request(scope, receive)
        assert scope["werkzeug.request"] is request
        await request.load()
        assert (request.form["a"], request.get_data()) == ("1", b"")
        assert isinstance(request.files["f"], FileStorage)
        assert isinstance(request.form, MultiDict)
        await request.aclose()

    anyio.run(main)


@pytest.mark.parametrize(("location", "absolute"), [
    ("test", "http://localhost/a/b/test"), ("../test", "http://localhost/a/test"), ("/test", "http://localhost/test"),
    ("?page=2", "http://localhost/a/b/c?page=2"), ("http://other/x", "http://other/x"),
])  # fmt: skip
def test_a_corrected_location_leads_to_the_same_place(wz: Any, location: str, absolute: str) -> None:
    """Law: ``autocorrect_location_header`` joins a Location with the URL of the request, as clients do."""

    @wz.wrappers.Request.application  # type: ignore[untyped-decorator]
    def app(request: Any) -> Any:
        response = wz.wrappers.Response(status=302, headers={"Location": location})
        response.autocorrect_location_header = True
        return response

    assert wz.test.Client(app).get("/a/b/c?x=1").headers["Location"] == absolute


def test_a_body_that_other_code_has_read() -> None:
    """Law: the error for a body of which no byte comes says that other code may have read it."""
    environ = werkzeug.test.create_environ(method="POST", data={"a": "1"})
    assert werkzeug.wrappers.Request(environ).form["a"] == "1"
    with pytest.raises(ClientDisconnected, match=r"got no byte of the body: the client .* or other code"):
        cardan.Request(environ).form


def test_a_host_that_is_assigned(wz: Any) -> None:
    """``request.host = ...``, which Flask writes, changes the URLs, too."""
    request = wz.wrappers.Request(create_environ("/x", "http://a.example/"))
    request.host = "b.example"
    assert (request.host, request.url, request.host_url) == ("b.example", "http://b.example/x", "http://b.example/")


def test_files_get_another_class(wz: Any) -> None:
    """A program may give the dictionary of files a class that is derived from its own, as Flask does for debugging."""
    files = wz.wrappers.Request(create_environ(method="POST", data={"a": "1"})).files

    class Explains(type(files)):  # type: ignore[misc]
        def __getitem__(self, key: str) -> Any:
            return f"no {key}"

    files.__class__ = Explains
    assert files["a"] == "no a"


@pytest.mark.parametrize("name", ["host", "host_url", "root_url", "base_url", "url"])
def test_an_assigned_host_is_that_of_the_urls(name: str) -> None:
    """As Flask does: a Host that is assigned counts for every URL, also for one that was read before."""
    request = Request(create_environ("/a", "http://old.example/"))
    assert "old.example" in getattr(request, name)
    request.host = "new.example"
    assert "new.example" in getattr(request, name)


class Closing(io.BytesIO):
    """A file that counts how often it is closed."""

    count = 0

    def close(self) -> None:
        self.count += 1
        super().close()


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_from_values_closes_the_files(wz: Any, protocol: str) -> None:
    """The files of the values belong to the request that is made of them: they are read and closed, also if the request
    refuses what it is made of.
    """
    options = {} if wz.package == "werkzeug" else {"protocol": protocol}

    class Refusing(wz.wrappers.Request):  # type: ignore[misc]
        def __init__(self, *args: Any) -> None:
            raise LookupError

    for cls in (wz.wrappers.Request, Refusing):
        file = Closing(b"data")
        with pytest.raises(LookupError) if cls is Refusing else nullcontext():
            cls.from_values(method="POST", data={"f": (file, "a.txt")}, **options)
        assert file.closed
        assert file.count >= 1


def test_settings_of_a_class_are_checked() -> None:
    """A class of requests is checked when it is written, as one of cardan is: its settings, and its keywords."""
    for base in (cardan.Request, Request, wrappers.BaseRequest):
        with pytest.raises(TypeError, match="takes no keyword arguments"):
            type("Own", (base,), {}, no_such_option=1)
        with pytest.raises((TypeError, ValueError), match="max_content_length"):
            type("Own", (base,), {"max_content_length": "5"})


def test_the_keywords_of_a_class_are_passed_on() -> None:
    """A mixin may take keywords of the classes that inherit from it, beside a class of requests or before it."""

    class Registered:
        def __init_subclass__(cls, *, key: str = "", **options: Any) -> None:
            super().__init_subclass__(**options)
            keys.append(key)

    keys: list[str] = []
    for bases in ((Request, Registered), (Registered, Request), (cardan.Request, Registered)):
        keys.clear()
        type("Own", bases, {}, key="mine")
        assert keys == ["mine"]


@pytest.mark.parametrize("caught", [True, False])
def test_the_hook_reads_the_form_itself(wz: Any, caught: bool) -> None:
    """An override of ``_load_form_data()`` can catch the error of the form: it is raised where the hook is called."""

    class Own(wz.wrappers.Request):  # type: ignore[misc]
        max_content_length = 5

        def _load_form_data(self) -> None:
            try:
                super()._load_form_data()
            except wz.exceptions.RequestEntityTooLarge:
                seen.append("too large")
                if caught:
                    raise LookupError from None
                raise

    seen: list[str] = []
    request = Own(create_environ(method="POST", data={"a": "x" * 100}))
    with pytest.raises(LookupError if caught else wz.exceptions.RequestEntityTooLarge):
        request.form
    assert seen == ["too large"]
