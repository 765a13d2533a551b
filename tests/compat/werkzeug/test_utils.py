"""cardan.compat.werkzeug.utils: redirects, files, properties, imports."""

from __future__ import annotations

import inspect
import io
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urljoin

import pytest

import cardan.testing
from cardan.compat.werkzeug import utils
from cardan.compat.werkzeug.exceptions import NotFound
from cardan.compat.werkzeug.test import create_environ
from cardan.compat.werkzeug.wrappers import Request, Response


def test_redirect(wz: Any) -> None:
    """The parameters are ``code`` and ``Response``; the default is a 302."""

    class Own(wz.wrappers.Response):  # type: ignore[misc, name-defined]
        pass

    assert (wz.utils.redirect("/a").status_code, wz.utils.redirect("/a").location) == (302, "/a")
    response = wz.utils.redirect("/a?b=1&c=<x>", code=303, Response=Own)
    assert (type(response), response.status_code) == (Own, 303)
    assert b"<x>" not in response.get_data()
    assert wz.utils.redirect("/a", 301, Own).status_code == 301


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [("/a/b", "", "b/"), ("/a/", "", "./"), ("/a", "c=1", "a/?c=1"), ("", "", "./"), ("/\xc3\xb6", "", "%C3%B6/")],
)
def test_append_slash_redirect(wz: Any, path: str, query: str, expected: str) -> None:
    """The location is relative to the last segment of the path."""
    response = wz.utils.append_slash_redirect({"PATH_INFO": path, "QUERY_STRING": query})
    if path == "/\xc3\xb6" and wz.package == "werkzeug":
        expected = "\xc3\xb6/"  # the bytes of the environ, encoded once more when it is sent
    assert (response.status_code, response.location) == (308, expected)


@pytest.mark.parametrize(
    "name", ["http:evil.example", "javascript:x", "a?b", "a#b", "50%", "%2F", "a;b", "\xff", "\\x"]
)
def test_append_slash_redirect_adds_a_slash_only(name: str) -> None:
    """Whatever the last part of a path is, the location is the same path with a slash: what a client sends can neither
    be read as a scheme (RFC 3986 section 4.2) nor as a query, and leads to no other server.
    """
    sent = f"http://localhost/a/{quote(name.encode('latin-1'))}"
    location = utils.append_slash_redirect({"PATH_INFO": f"/a/{name}", "QUERY_STRING": "c=1"}).location
    assert location is not None
    url, _, query = urljoin(sent, location).partition("?")
    assert (unquote_to_bytes(url), query) == (unquote_to_bytes(f"{sent}/"), "c=1")


@pytest.mark.parametrize(
    ("mimetype", "expected"),
    [
        ("text/html", "text/html; charset=latin-1"),
        ("image/svg+xml", "image/svg+xml; charset=latin-1"),
        ("application/javascript", "application/javascript; charset=latin-1"),
        ("application/xml", "application/xml; charset=latin-1"),
        ("application/json", "application/json"),
        ("image/png", "image/png"),
    ],
)
def test_content_type(wz: Any, mimetype: str, expected: str) -> None:
    """Types of text get a charset."""
    assert wz.utils.get_content_type(mimetype, "latin-1") == expected


@pytest.mark.parametrize(
    "name",
    [
        "a.txt",
        "My cool movie.mov",
        "../../../etc/passwd",
        "i contain cool ümläuts.txt",
        ".",
        "..",
        "",
        "__a__",
        "ünï/cödé",
        "c:\\windows\\x",
        "日本",
        "a\tb",
        ".hidden",
        "a..b",
        "%41",
        "ﬁ.txt",
        "a\x00b",
        "~root/.ssh",
        "-rf",
        "a  b",
        "COM1",
        "/",
        "a\u0315\u0300b\u0344.\ufb01\u212b\u1e69\u0323",
        "\u33c2\uff0fx",
    ],
)
def test_secure_filename_is_that_of_werkzeug(name: str) -> None:
    """The result is that of Werkzeug for every name."""
    import werkzeug.utils

    assert utils.secure_filename(name) == werkzeug.utils.secure_filename(name)


def test_secure_filename_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows the names of devices get an underscore, and backslashes separate."""
    monkeypatch.setattr(utils.os, "name", "nt")
    monkeypatch.setattr(utils.os, "altsep", "\\")
    devices = ["AUX", "CON", "NUL", "PRN", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))]
    for device in devices:
        for name in (device, f"{device.lower()}.txt", f"{device}.tar.gz"):
            assert utils.secure_filename(name) == f"_{name}"
    for name in ("CONIN$", "CONOUT$", "CON$", "COM10", "CONS", "x.con", "NULL.txt"):
        assert utils.secure_filename(name) == ("_CON" if name == "CON$" else name.replace("$", ""))
    assert utils.secure_filename("a\\b") == "a_b"


def test_cached_property(wz: Any) -> None:
    """The value is computed once, can be set, and is computed again after it was deleted."""

    class Slots:
        __slots__ = ("_cache_value", "calls")

        def __init__(self) -> None:
            self.calls = 0

        @wz.utils.cached_property
        def value(self) -> int:
            """The docstring."""
            self.calls += 1
            return self.calls

    class Plain(Slots):
        pass

    for obj in (Plain(), Slots()):
        assert (obj.value, obj.value, obj.calls) == (1, 1, 1)
        obj.value = 10
        assert obj.value == 10
        if isinstance(obj, Plain):
            del obj.value
            assert obj.value == 2
    assert Slots.value.__doc__ == "The docstring."
    assert isinstance(Slots.value, property)
    assert inspect.getdoc(Slots.value) == "The docstring."
    assert Slots.value.__module__ == __name__


def test_environ_property(wz: Any) -> None:
    """An attribute that is a value of the environ; read-only unless the program says otherwise."""

    class Own(wz.wrappers.Request):  # type: ignore[misc, name-defined]
        port = wz.utils.environ_property("SERVER_PORT", load_func=int)
        user = wz.utils.environ_property("app.user", "nobody", read_only=False, doc="The user.")
        bad = wz.utils.environ_property("SERVER_NAME", -1, int)

    request = Own(create_environ("/", "http://a.example:81"))
    assert (request.port, request.user, request.bad) == (81, "nobody", -1)
    request.user = "Ada"
    assert request.environ["app.user"] == "Ada"
    with pytest.raises(AttributeError):
        request.port = 1
    assert Own.user.__doc__ == "The user."
    assert "app.user" in repr(Own.user)


def test_header_property(wz: Any) -> None:
    """An attribute that is a header field."""

    class Own(wz.wrappers.Response):  # type: ignore[misc, name-defined]
        cost = wz.utils.header_property("X-Cost", 0, int, str)
        fixed = wz.utils.header_property("X-Fixed", read_only=True)

    response = Own()
    assert response.cost == 0
    response.cost = 3
    assert (response.headers["X-Cost"], response.cost) == ("3", 3)
    del response.cost
    assert "X-Cost" not in response.headers
    response.headers["X-Cost"] = "many"
    assert response.cost == 0
    with pytest.raises(AttributeError):
        response.fixed = "x"
    with pytest.raises(AttributeError):
        del response.fixed


def test_import_string(wz: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module, or an object in one, by its name; an error in the module itself is not hidden."""
    import xml.sax.saxutils

    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"broken_{len(wz.package)}.py").write_text("{}.x")
    assert wz.utils.import_string("xml.sax.saxutils") is xml.sax.saxutils
    for name in ("xml.sax.saxutils.escape", "xml.sax.saxutils:escape"):
        assert wz.utils.import_string(name) is xml.sax.saxutils.escape
    for name in ("no_such_module", "xml.no", "xml.sax.saxutils.no", "no.such.thing"):
        assert wz.utils.import_string(name, silent=True) is None
        with pytest.raises(wz.utils.ImportStringError) as caught:
            wz.utils.import_string(name)
        assert caught.value.import_name == name
    with pytest.raises(AttributeError):
        wz.utils.import_string(f"broken_{len(wz.package)}")


@pytest.mark.parametrize(
    "line", ["import no_such_module", "from os import no_such_name", "from . import no_such_module"]
)
def test_import_string_of_a_module_that_imports_what_is_not_there(
    line: str, wz: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names what is missing, and its traceback has the line of the module that asks for it."""
    package = tmp_path / f"asking_{wz.package.partition('.')[0]}_{abs(hash(line))}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "asks.py").write_text(line)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(wz.utils.ImportStringError, match="no_such_") as caught:
        wz.utils.import_string(f"{package.name}.asks")
    assert any(entry.path == package / "asks.py" for entry in caught.traceback)


def test_find_modules(wz: Any) -> None:
    """The modules of a package, with and without its packages."""
    modules = ("handlers", "headers", "simple_server", "types", "util", "validate")
    assert list(wz.utils.find_modules("wsgiref")) == [f"wsgiref.{name}" for name in modules]
    found = wz.utils.find_modules
    assert {"xml.dom", "xml.sax"} <= set(found("xml", include_packages=True))
    assert "xml.sax.saxutils" in found("xml", recursive=True)
    assert "xml.sax" not in list(found("xml", recursive=True))
    with pytest.raises(ValueError, match="package"):
        list(found("json.decoder"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a ö.txt").write_bytes(b"0123456789")
    return tmp_path / "a ö.txt"


def test_send_file(wz: Any, file: Path) -> None:
    """A file with its type, length, validators and name."""
    response = wz.utils.send_file(file, create_environ())
    with response:
        response.direct_passthrough = False
        assert response.get_data() == b"0123456789"
        assert (response.mimetype, response.content_length) == ("text/plain", 10)
        assert response.get_etag()[0]
        assert response.last_modified is not None
        assert "no-cache" in response.headers["Cache-Control"]
        assert response.headers["Content-Disposition"].startswith("inline")
        assert "a%20%C3%B6.txt" in response.headers["Content-Disposition"]
    with wz.utils.send_file(file, create_environ(), "image/png", True, "x.png", max_age=60) as response:
        assert response.mimetype == "image/png"
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert "x.png" in response.headers["Content-Disposition"]
        assert (response.cache_control.max_age, response.cache_control.public) == (60, True)
    with wz.utils.send_file(io.BytesIO(b"x"), create_environ(), "text/x", max_age=lambda path: 5) as response:
        assert response.cache_control.max_age == 5


def test_a_file_is_passed_through(wz: Any, file: Path) -> None:
    """``direct_passthrough`` is set, so that a program does not read the file by mistake; it may change this."""
    with wz.utils.send_file(file, create_environ()) as response:
        assert response.direct_passthrough
        with pytest.raises(RuntimeError):
            response.get_data()
        response.direct_passthrough = False
        assert response.get_data() == file.read_bytes()


def test_a_file_that_is_passed_through_is_sent_as_a_file(file: Path) -> None:
    """The server's ``wsgi.file_wrapper`` gets it; on ASGI the client gets it. A range and a 416 are sent as ever."""
    wrapped: list[Any] = []

    def wrapper(file: Any, size: int) -> Any:
        wrapped.append(file)
        return iter(lambda: file.read(size), b"")

    environ = create_environ()
    environ["wsgi.file_wrapper"] = wrapper
    body = utils.send_file(file, environ)(environ, lambda *args: None)
    assert b"".join(body) == file.read_bytes()
    assert len(wrapped) == 1

    @cardan.Request.application
    def app(request: Any) -> Any:
        return utils.send_file(file, request.head.environ if hasattr(request.head, "environ") else request.scope)

    for protocol in cardan.testing.PROTOCOLS:
        with cardan.testing.Client(app, protocol=protocol) as client:
            assert client.get("/").content == file.read_bytes()
            assert client.get("/", headers={"Range": "bytes=0-0"}).content == file.read_bytes()[:1]
            assert client.get("/", headers={"Range": "bytes=999-"}).status_code == 416


def test_send_file_is_conditional(wz: Any, file: Path) -> None:
    """The environ decides about ranges and 304, unless ``conditional`` is False."""
    ranged = create_environ(headers={"Range": "bytes=2-3"})
    with wz.utils.send_file(file, ranged) as response:
        assert response.status_code == 206
    with wz.utils.send_file(file, ranged, conditional=False) as response:
        etag = response.headers["ETag"]
        assert response.status_code == 200
    with wz.utils.send_file(file, create_environ(headers={"If-None-Match": etag})) as response:
        assert response.status_code == 304


def test_the_server_sends_the_file(wz: Any, file: Path) -> None:
    """With ``use_x_sendfile`` the path is in X-Sendfile, and there is no body. A relative path has a root."""
    response = wz.utils.send_file(file.name, create_environ(), use_x_sendfile=True, _root_path=str(file.parent))
    assert response.headers["X-Sendfile"] == str(file)
    assert response.get_data() == b""


def test_send_from_directory(wz: Any, file: Path) -> None:
    """A path that leads out of the directory, or to nothing, is a 404."""
    with wz.utils.send_from_directory(file.parent, "a ö.txt", create_environ(), mimetype="text/x") as response:
        assert response.mimetype == "text/x"
    for path in ("../x", "none.txt", "", ".", "/etc/passwd"):
        with pytest.raises(wz.exceptions.NotFound):
            wz.utils.send_from_directory(file.parent, path, create_environ())
    name = file.parent.name
    with wz.utils.send_from_directory(
        name, "a ö.txt", create_environ(), _root_path=str(file.parent.parent)
    ) as response:
        assert response.status_code == 200


def test_a_scope_can_be_given() -> None:
    """On ASGI the scope, or a request, takes the place of the environ."""
    scope = {"type": "http", "method": "GET", "headers": [(b"range", b"bytes=0-0")]}
    assert utils.send_file(io.BytesIO(b"abc"), scope, "text/x").status_code == 206
    assert issubclass(NotFound, Exception)
    assert utils.redirect("/").__class__ is Response


def test_a_file_that_is_never_fresh(wz: Any) -> None:
    """Law: ``max_age=0`` is written, and is not the same as no ``max_age``."""
    response = wz.utils.send_file(__file__, wz.test.create_environ(), max_age=0)
    assert response.cache_control.max_age == 0
    response.close()


def test_a_cached_property_in_a_slot_is_deleted(wz: Any) -> None:
    """Deleting the value lets the next access compute it again, in a class with ``__slots__`` as in any other."""

    class Slots:
        __slots__ = ("_cache_value", "count")

        def __init__(self) -> None:
            self.count = 0

        @wz.utils.cached_property
        def value(self) -> int:
            self.count += 1
            return self.count

    one = Slots()
    assert (one.value, one.value) == (1, 1)
    del one.value
    assert one.value == 2


def test_a_value_that_is_not_there_has_the_default(wz: Any) -> None:
    """A property of the environ or of the headers gives its default if the key is missing, without a function too."""

    class Own(wz.wrappers.Request):  # type: ignore[misc, name-defined]
        remote = wz.utils.environ_property("own.remote", "nobody")
        number = wz.utils.environ_property("own.number", 0, int)

    request = Own(create_environ())
    assert (request.remote, request.number) == ("nobody", 0)
    request = Own({**create_environ(), "own.remote": "me", "own.number": "5"})
    assert (request.remote, request.number) == ("me", 5)


def test_an_error_of_the_system_is_no_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read for another reason than that it is missing is the error of the server, and no 404."""

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(utils, "send_file", broken)
    with pytest.raises(OSError, match="Too many open files"):
        utils.send_from_directory(tmp_path, "a.txt", create_environ())


def test_the_name_of_a_cached_property(wz: Any) -> None:
    """``name`` is where the value is kept; by default it is that of the function, whose module it has."""

    class Both:
        def _double(self) -> list[int]:
            """Twice."""
            return [2]

        named = wz.utils.cached_property(_double, name="kept", doc="Another text.")
        usual = wz.utils.cached_property(_double)

    both = Both()
    assert both.named is both.named
    assert both.usual is both.usual
    # since Python 3.15 a property has the name of its attribute, unless its class says otherwise
    if sys.version_info < (3, 15) or wz.package != "werkzeug":
        assert both.__dict__ == {"kept": [2], "_double": [2]}
        assert (Both.named.__name__, Both.usual.__name__) == ("kept", "_double")
    assert Both.named.__module__ == Both.usual.__module__ == __name__
    # what tools for documentation look for in every property
    assert Both.named.fget is Both.usual.fget is Both._double
    assert Both.named.fset is Both.usual.fdel is None


def test_the_text_of_a_cached_property() -> None:
    """``doc``, by default that of the function. Some versions of Python ignore that of a subclass of ``property``."""

    def double(self: object) -> list[int]:
        """Twice."""
        return [2]

    assert utils.cached_property(double).__doc__ == "Twice."
    assert utils.cached_property(double, doc="Another text.").__doc__ == "Another text."
    assert utils.cached_property(double, doc="").__doc__ == ""


def test_the_path_for_the_server_is_absolute(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the directory of the process is: the server has another one."""
    monkeypatch.chdir(file.parent)
    for path in (file.name, Path(file.name), f"./{file.name}"):
        response = utils.send_file(path, create_environ(), use_x_sendfile=True)
        assert response.headers["X-Sendfile"] == str(file)
        assert "Content-Length" not in response.headers


def test_only_the_file_itself_is_passed_through(file: Path) -> None:
    """``direct_passthrough`` tells programs that the body is a file. A 416, and what the server sends, have no file."""
    with utils.send_file(file, create_environ()) as whole:
        assert (whole.status_code, whole.direct_passthrough) == (200, True)
    with utils.send_file(file, create_environ(headers={"Range": "bytes=100-200"})) as refused:
        assert (refused.status_code, refused.direct_passthrough) == (416, False)
    assert utils.send_file(file, create_environ(), use_x_sendfile=True).direct_passthrough is False


def test_an_open_file_has_no_path_for_the_server(file: Path) -> None:
    """With ``use_x_sendfile`` an open file is sent as always."""
    with utils.send_file(io.BytesIO(b"data"), create_environ(), "text/plain", use_x_sendfile=True) as response:
        assert "X-Sendfile" not in response.headers
        assert b"".join(response.response) == b"data"


@pytest.mark.parametrize("name", ["os:nothing", "os.nothing", "nothing_at_all", "os.path.join.more"])
def test_every_failed_import_is_one_error(name: str) -> None:
    """ImportStringError with the name and what was raised; None with ``silent``."""
    with pytest.raises(utils.ImportStringError) as caught:
        utils.import_string(name)
    assert (caught.value.import_name, isinstance(caught.value.exception, ImportError)) == (name, True)
    assert utils.import_string(name, silent=True) is None


def test_a_value_that_cannot_be_loaded() -> None:
    """If ``load_func`` raises ValueError or TypeError for a value, the property has its default."""

    class Own(Request):
        number = utils.environ_property("a.number", default=7, load_func=int)
        field = utils.header_property("X-Number", default=8, load_func=int)

    for value in ("five", None, []):
        request = Own({"REQUEST_METHOD": "GET", "a.number": value, "HTTP_X_NUMBER": "five"})
        assert (request.number, request.field) == (7, 8)


def test_a_file_that_caches_may_not_use_is_not_public(tmp_path: Path) -> None:
    """With a ``max_age`` of zero, as without one, Cache-Control does not say ``public``."""
    (tmp_path / "a.txt").write_text("text")
    for max_age, expected in ((0, "max-age=0"), (None, "no-cache"), (5, "max-age=5, public")):
        response = utils.send_file(tmp_path / "a.txt", {"REQUEST_METHOD": "GET"}, max_age=max_age)
        assert response.headers["Cache-Control"] == expected
        response.close()
