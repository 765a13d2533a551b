"""cardan.compat.werkzeug.test: environs from values, and the client."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
import werkzeug.test

from cardan.compat.werkzeug import datastructures
from cardan.compat.werkzeug.test import Client, EnvironBuilder, encode_multipart, run_wsgi_app
from cardan.compat.werkzeug.wrappers import Request, Response
from cardan.testing import lint

KEYS = {
    "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
    "HTTP_HOST", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_AUTHORIZATION", "HTTP_X_A", "wsgi.url_scheme", "wsgi.version",
    "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once", "REQUEST_URI", "RAW_URI", "a.base", "a.override",
}  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"path": "/f ö?a=ü", "base_url": "https://a.example:8443/röot/"},
        {"query_string": {"a": "ö", "b": ["1", "2"]}, "method": "PUT"},
        {"query_string": "a=1;b", "headers": {"X-A": "1", "Content-Type": "text/x"}},
        {"headers": [("X-A", "1"), ("X-A", "2")], "multithread": True, "run_once": True},
        {"data": "text", "content_type": "text/plain"},
        {"data": b"\xff", "mimetype": "text/html"},
        {"data": io.BytesIO(b"file")},
        {"data": {"a": "1", "b": ["2", "3"]}, "method": "POST"},
        {"json": {"a": [1]}, "method": "POST"},
        {"json": [1], "content_type": "application/x-json"},
        {"input_stream": io.BytesIO(b"stream"), "content_length": 3},
        {"environ_base": {"a.base": 1, "SERVER_NAME": "x"}, "environ_overrides": {"a.override": 2, "PATH_INFO": "/z"}},
        {"auth": ("Ada", "ö")},
        {"base_url": "http://[::1]:5000/"},
    ],
)
def test_environs_are_those_of_werkzeug(values: dict[str, Any]) -> None:
    """EnvironBuilder makes the same environ, with the same body, as Werkzeug's of the same arguments."""
    import werkzeug.test

    if values.get("base_url") == "http://[::1]:5000/":  # Werkzeug cuts the address at its first colon
        assert EnvironBuilder(**values).get_environ()["SERVER_NAME"] == "::1"
        return
    bodies = [values[key] for key in ("data", "input_stream") if hasattr(values.get(key), "seek")]
    results = []
    for builder_class in (werkzeug.test.EnvironBuilder, EnvironBuilder):
        for body in bodies:
            body.seek(0)
        environ = builder_class(**values).get_environ()
        shown = {key: environ[key] for key in KEYS if key in environ}
        results.append({**shown, "body": environ["wsgi.input"].read()})
    if "auth" in values:  # cardan sends what RFC 7617 says
        results[0]["HTTP_AUTHORIZATION"] = "Basic QWRhOsO2"
    assert results[1] == results[0]


def test_files(wz: Any) -> None:
    """A tuple and a binary file are files of a multipart form."""
    named = io.BytesIO(b"2")
    named.name = "b.png"
    builder = wz.test.EnvironBuilder(
        method="POST",
        data={"a": "1", "t": (io.BytesIO(b"1"), "a.txt"), "u": (io.BytesIO(b"3"), "c", "x/y"), "b": named},
    )
    request = builder.get_request(wz.wrappers.Request)
    got = {name: (file.filename, file.mimetype, file.read()) for name, file in request.files.items()}
    assert got == {"t": ("a.txt", "text/plain", b"1"), "u": ("c", "x/y", b"3"), "b": ("b.png", "image/png", b"2")}
    assert request.form["a"] == "1"


def test_what_a_builder_has_can_be_changed(wz: Any) -> None:
    """The parameters are attributes, and setting one of them changes the environ."""
    builder = wz.test.EnvironBuilder("/a", data={"a": "1"}, query_string={"q": "1"}, method="POST")
    assert (builder.mimetype, builder.server_name, builder.server_port) == (
        "application/x-www-form-urlencoded", "localhost", 80,
    )  # fmt: skip
    builder.args["r"] = "2"
    builder.form["b"] = "2"
    builder.path = "/b"
    builder.headers["X-A"] = "1"
    builder.files.add_file("f", io.BytesIO(b"x"), "f.txt")
    builder.base_url = "https://a.example/root"
    assert (builder.mimetype, builder.script_root, builder.server_port) == ("multipart/form-data", "/root", 443)
    request = builder.get_request(wz.wrappers.Request)
    assert request.url == "https://a.example/root/b?q=1&r=2"
    assert (request.form.to_dict(), request.files["f"].read()) == ({"a": "1", "b": "2"}, b"x")
    builder.input_stream = io.BytesIO(b"raw")
    builder.content_type = "text/plain; charset=x"
    assert builder.mimetype_params["charset"] == "x"
    builder.mimetype_params["charset"] = "utf-8"
    assert builder.content_type == "text/plain; charset=utf-8"
    for name in ("form", "files"):
        with pytest.raises(AttributeError):
            getattr(builder, name)
    builder.query_string = "z=1"
    with pytest.raises(AttributeError):
        builder.args
    assert builder.get_environ()["QUERY_STRING"] == "z=1"
    assert builder.get_environ()["wsgi.input"].read() == b"raw"


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"path": "/?a=1", "query_string": "b=2"}, ValueError),
        ({"data": "a", "json": 1}, TypeError),
        ({"data": "a", "input_stream": io.BytesIO()}, TypeError),
        ({"base_url": "http://a.example/?a=1"}, ValueError),
    ],
)
def test_contradictions(wz: Any, values: dict[str, Any], error: type[Exception]) -> None:
    """Arguments that contradict each other are errors."""
    with pytest.raises(error):
        wz.test.EnvironBuilder(**values)


def test_from_environ(wz: Any) -> None:
    """A builder that was made from an environ makes an equal one."""
    before = wz.test.create_environ(
        "/f ö/%2F?a=%26", "https://a.example/röot", method="PATCH", data="x", headers={"X-A": "1"}
    )
    after = wz.test.EnvironBuilder.from_environ(before).get_environ()
    ignored = {"REQUEST_URI", "RAW_URI", "wsgi.input"}
    assert {k: v for k, v in after.items() if k not in ignored} == {k: v for k, v in before.items() if k not in ignored}


def test_encode_multipart(wz: Any) -> None:
    """The parts of a form, with a boundary that was given."""
    values = wz.datastructures.MultiDict([("a", "1"), ("f", wz.datastructures.FileStorage(io.BytesIO(b"x"), "f.txt"))])
    boundary, body = wz.test.encode_multipart(values, boundary="xyz")
    assert boundary == "xyz"
    assert body.lstrip().startswith(b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n')
    assert b'filename="f.txt"' in body or b"filename=f.txt" in body
    stream, length, _ = wz.test.stream_encode_multipart({"a": "1"}, boundary="xyz")
    assert len(stream.read()) == length


def test_files_that_are_encoded(tmp_path: Path) -> None:
    """An open file has its name for a filename, a nameless one is a field; the type is guessed, or that of the file."""
    path = tmp_path / "a.png"
    path.write_bytes(b"data")
    typed = datastructures.FileStorage(io.BytesIO(b"x"), "b.png", content_type="image/webp")
    with path.open("rb") as opened:
        values = {"f": [opened, typed], "g": io.BytesIO(b"y"), "h": io.BytesIO(b"")}
        _, body = encode_multipart(datastructures.MultiDict(values), boundary="xyz")
    parts = [part.partition(b"\r\n\r\n") for part in body.split(b"--xyz")[1:-1]]
    assert [data.removesuffix(b"\r\n") for _, _, data in parts] == [b"data", b"x", b"y", b""]
    heads = [head.decode() for head, _, _ in parts]
    assert ["filename" in head for head in heads] == [True, True, False, False]
    assert "a.png" in heads[0]
    assert "Content-Type: image/png" in heads[0]
    assert "Content-Type: image/webp" in heads[1]


def test_scopes() -> None:
    """``from_values()`` on ASGI and on WSGI make requests with equal values of the same arguments."""

    async def main() -> None:
        values: dict[str, Any] = {"base_url": "https://a.example/röot", "method": "POST", "data": {"a": "ö"}}
        request = Request.from_values("/f ö?q=1", protocol="asgi", **values)
        same = Request.from_values("/f ö?q=1", **values)
        await request.load()
        for name in ("url", "path", "root_path", "method", "host", "content_type", "content_length", "form", "args"):
            assert getattr(request, name) == getattr(same, name), name
        assert same.form["a"] == "ö"

    anyio.run(main)


def test_an_environ_is_only_read(wz: Any) -> None:
    """A builder takes its values from an environ, and leaves it as it was."""
    environ = wz.test.create_environ("/a", method="POST", data={"a": "1"})
    before = dict(environ)
    wz.test.EnvironBuilder.from_environ(environ)
    assert environ == before


def test_httpx_is_not_needed() -> None:
    """The module works where httpx is not installed."""
    code = (
        "import sys; sys.modules['httpx'] = sys.modules['httpx2'] = None;"
        "from cardan.compat.werkzeug.test import Client, create_environ;"
        "from cardan.compat.werkzeug.wrappers import Request, Response;"
        "assert Client(Response('x')).get('/').text == 'x';"
        "assert Request.from_values('/a').path == '/a'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- the client ---


def make_app(wz: Any) -> Any:
    """An application of Werkzeug's kind, of the classes of one of the two libraries."""
    Request, Response = wz.wrappers.Request, wz.wrappers.Response
    redirect = wz.utils.redirect

    @Request.application
    def app(request: Any) -> Any:
        path = request.path
        if path == "/login":
            response = redirect("/hello")
            response.set_cookie("user", request.form["name"])
            return response
        if path == "/deep/login":
            response = Response("in")
            response.set_cookie("user", "deep", path="/deep")
            return response
        if path == "/logout":
            response = Response("bye")
            response.delete_cookie("user")
            return response
        if path == "/loop":
            return redirect("/loop")
        if path == "/away":
            return redirect("http://other.example/")
        if path == "/sub":
            return redirect("http://sub.localhost/hello")
        if path == "/again":
            return redirect("/echo?x=1", 307)
        if path == "/up":
            return redirect("echo")
        if path == "/echo":
            return Response(f"{request.method} {request.get_data(as_text=True)} {request.query_string.decode()}")
        return Response(f"Hello {request.cookies.get('user')} at {request.host}{request.script_root}")

    return app


@pytest.fixture
def client(wz: Any) -> Any:
    return wz.test.Client(make_app(wz))


def test_a_response_has_its_request(wz: Any, client: Any) -> None:
    """The client gives a TestResponse with status, header fields, body and the request."""
    response = client.get("/hello")
    assert isinstance(response, wz.test.TestResponse)
    assert (response.status_code, response.text) == (200, "Hello None at localhost")
    assert (response.request.path, response.history) == ("/hello", ())


def test_cookies(client: Any) -> None:
    """Cookies are kept, sent to the paths and domains that they are for, and deleted."""
    client.post("/login", data={"name": "Ada"})
    assert client.get("/").text == "Hello Ada at localhost"
    assert client.get_cookie("user").value == "Ada"
    assert client.get("/", base_url="http://other.example").text == "Hello None at other.example"
    client.get("/deep/login")
    assert client.get_cookie("user", path="/deep").value == "deep"
    assert client.get("/").text == "Hello Ada at localhost"
    client.get("/logout")
    assert client.get_cookie("user") is None
    client.set_cookie("user", "Bob")
    assert client.get("/").text == "Hello Bob at localhost"
    client.delete_cookie("user")
    assert client.get("/").text == "Hello None at localhost"
    client.set_cookie("user", "Eve", domain="a.example", origin_only=False)
    assert client.get("/", base_url="http://x.a.example").text == "Hello Eve at x.a.example"


@pytest.mark.parametrize(
    ("attributes", "is_kept"),
    [
        ("Max-Age=60", True),
        ("Max-Age=0", False),
        ("Max-Age=-1", False),
        ("Max-Age=-60; Expires=Fri, 01 Jan 9999 00:00:00 GMT", False),
        ("Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", True),
        ("Max-Age=soon", True),
        ("Max-Age=", True),
        ("Max-Age=--1", True),
        ("Max-Age=1.5; Expires=Thu, 01 Jan 1970 00:00:00 GMT", False),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", False),
        ("Expires=Tue, 01 Jan 2002 00:00:00 GMT", False),
        ("Expires=Fri, 01 Jan 9999 00:00:00 GMT", True),
        ("Expires=never", True),
    ],
)
def test_how_long_a_cookie_is_kept(attributes: str, is_kept: bool) -> None:
    """A cookie whose time is over is deleted. Max-Age counts before Expires, and a value that is not valid is no value
    (RFC 6265 sections 5.2.2 and 5.3).
    """
    client = cookie_client(f"a=1; {attributes}")
    client.set_cookie("a", "before")
    client.get("/")
    cookie = client.get_cookie("a")
    assert (cookie is not None and cookie.value == "1") is is_kept


@pytest.mark.parametrize(
    ("attributes", "is_sent_to"),
    [
        ("", ["a.example"]),
        ("; Domain=", ["a.example"]),
        ("; Domain=a.example", ["a.example", "x.a.example"]),
        ("; Domain=.a.example", ["a.example", "x.a.example"]),
        ("; Domain=A.Example", ["a.example", "x.a.example"]),
    ],
)
def test_the_hosts_that_a_cookie_is_sent_to(attributes: str, is_sent_to: list[str]) -> None:
    """A domain covers its subdomains, with a dot before it or without, in upper or lower case. Without a domain the
    cookie is for one host (RFC 6265 sections 5.1.3 and 5.2.3).
    """
    client = cookie_client(f"a=1{attributes}")
    client.get("/", base_url="http://a.example")
    hosts = ["a.example", "x.a.example", "xa.example", "example"]
    assert [host for host in hosts if client.get("/", base_url=f"http://{host}").text == "a=1"] == is_sent_to


@pytest.mark.parametrize("path", ["", "; Path=", "; Path", "; Path=x", "; Path=deep/"])
def test_a_cookie_without_a_path_that_is_valid(path: str) -> None:
    """A path that does not begin with a slash is none: the cookie is for the folder of the URL (RFC 6265 section
    5.2.4).
    """
    client = cookie_client(f"a=1{path}")
    client.get("/deep/page")
    assert [url for url in ("/deep", "/deep/x/y", "/deeper", "/") if client.get(url).text] == ["/deep", "/deep/x/y"]


def cookie_client(header: str) -> Client:
    """A client of an application that sets a cookie in answer to the first request, and shows the cookies it gets."""
    fields = iter([[("Set-Cookie", header)]])

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", next(fields, []))
        return [environ.get("HTTP_COOKIE", "").encode()]

    return Client(app)


def test_the_user_of_a_url_is_not_part_of_the_host() -> None:
    """What precedes the ``@`` of a URL is for the client alone: Host does not have it (RFC 9110 section 7.2), neither
    in the first request nor after a redirect.
    """

    def app(environ: Any, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/":
            start_response("302 Found", [("Location", "http://ada:secret@localhost:81/next")])
            return []
        start_response("200 OK", [])
        return [environ["HTTP_HOST"].encode()]

    client = Client(app)
    assert client.get("/", follow_redirects=True).text == "localhost:81"
    assert client.get("/x", base_url="http://ada:secret@a.example").text == "a.example"


def test_several_fields_of_one_name_are_joined() -> None:
    """Several fields of one name are one, parted by commas, and cookies by semicolons (RFC 9110 section 5.3, RFC 9113
    section 8.2.3).
    """
    fields = [("X-A", "1"), ("Cookie", "a=1"), ("X-A", "2"), ("Cookie", "b=2")]
    request = EnvironBuilder(headers=fields).get_request()
    assert request.headers["X-A"] == "1, 2"
    assert dict(request.cookies) == {"a": "1", "b": "2"}


def test_the_history_of_several_redirects(wz: Any) -> None:
    """The history has the responses before the last one in their order. A GET that follows a POST has neither a body
    nor a field that tells of one (RFC 9110 section 15.4).
    """
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        fields = ("CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_TRANSFER_ENCODING")
        seen.append((environ["REQUEST_METHOD"], [name for name in fields if environ.get(name) not in (None, "", "0")]))
        step = len(seen)
        start_response("303 See Other" if step < 3 else "200 OK", [("Location", f"/{step}")] if step < 3 else [])
        return [str(step).encode()]

    client = wz.test.Client(app)
    response = client.post("/", data="body", headers={"Transfer-Encoding": "chunked"}, follow_redirects=True)
    assert [before.text for before in response.history] == ["1", "2"]
    assert [before.request.path for before in response.history] == ["/", "/1"]
    assert (response.text, response.request.path) == ("3", "/2")
    assert [method for method, _ in seen] == ["POST", "GET", "GET"]
    assert seen[1][1] == seen[2][1] == []


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_a_body_that_fails_while_it_is_read_is_closed(error: type[BaseException]) -> None:
    """If the body is read at once, it is closed, whatever it raises."""
    closed: list[int] = []

    class Body:
        def __iter__(self) -> Any:
            yield b"some"
            raise error

        def close(self) -> None:
            closed.append(1)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Body()

    with pytest.raises(error):
        run_wsgi_app(app, EnvironBuilder().get_environ(), buffered=True)
    assert closed == [1]


def test_a_client_without_cookies(wz: Any) -> None:
    """With ``use_cookies=False`` no cookie is kept, and asking for one is an error."""
    client = wz.test.Client(make_app(wz), use_cookies=False)
    client.post("/login", data={"name": "Ada"})
    assert client.get("/").text == "Hello None at localhost"
    with pytest.raises(TypeError):
        client.get_cookie("user")


def test_redirects(wz: Any, client: Any) -> None:
    """Redirects are followed; the responses before the last one are its history."""
    response = client.post("/login", data={"name": "Ada"}, follow_redirects=True)
    assert (response.text, response.request.path) == ("Hello Ada at localhost", "/hello")
    assert [before.status_code for before in response.history] == [302]
    assert client.post("/again", data="body", follow_redirects=True).text == "POST body x=1"
    assert client.get("/up", follow_redirects=True).text.startswith("GET")
    mounted = client.post("/login", base_url="http://localhost/app", data={"name": "Ada"}, follow_redirects=True)
    assert mounted.request.path == "/hello"
    with pytest.raises(wz.test.ClientRedirectError):
        client.get("/loop", follow_redirects=True)
    for path in ("/away", "/sub"):
        with pytest.raises(RuntimeError):
            client.get(path, follow_redirects=True)
    client.allow_subdomain_redirects = True
    assert client.get("/sub", follow_redirects=True).text == "Hello None at sub.localhost"


def test_a_client_of_a_framework(wz: Any) -> None:
    """A subclass of the client sees every request, also those that follow redirects, and may use its cookies."""
    opened: list[Any] = []

    class Own(wz.test.Client):  # type: ignore[misc, name-defined]
        def open(self, *args: Any, **options: Any) -> Any:
            opened.append(args[0] if isinstance(args[0], str) else type(args[0]).__name__)
            return super().open(*args, **options)

    @wz.wrappers.Request.application  # type: ignore[untyped-decorator]
    def app(request: Any) -> Any:
        if request.path == "/end":
            return wz.wrappers.Response(request.cookies.get("a", "none"))
        response = wz.utils.redirect("/end")
        response.set_cookie("a", "1")
        return response

    client = Own(app)
    assert client.get("/", follow_redirects=True).text == "1"
    assert opened == ["/", "EnvironBuilder"]
    environ = wz.test.create_environ("/")
    client._add_cookies_to_wsgi(environ)
    assert environ["HTTP_COOKIE"] == "a=1"
    client._update_cookies_from_response("localhost", "/", ["b=2; Path=/"])
    assert client.get_cookie("b").value == "2"


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch", "options", "trace"])
def test_methods(client: Any, method: str) -> None:
    """There is a function for each method."""
    assert getattr(client, method)("/echo").text.split(" ")[0] == method.upper()
    assert client.head("/echo").data == b""


def test_what_open_takes(wz: Any, client: Any) -> None:
    """A builder, an environ and a request can be sent in place of the arguments of a builder."""
    builder = wz.test.EnvironBuilder("/echo", method="PUT", data="x")
    assert client.open(builder).text == "PUT x "
    assert client.open(wz.test.create_environ("/echo", method="PUT", data="x")).text == "PUT x "
    assert client.open(wz.test.EnvironBuilder("/echo", method="PUT", data="x").get_request()).text == "PUT x "


def test_the_class_of_the_response(wz: Any) -> None:
    """The response is also of the class that the program gives."""

    class Own(wz.wrappers.Response):  # type: ignore[misc, name-defined]
        def first(self) -> bytes:
            return bytes(self.get_data()[:5])

    response = wz.test.Client(make_app(wz), Own).get("/")
    assert isinstance(response, Own)
    assert isinstance(response, wz.test.TestResponse)
    assert response.first() == b"Hello"


def test_run_wsgi_app(wz: Any) -> None:
    """An application is called; what it writes by ``write()`` is part of the body; ``close()`` is called."""
    closed: list[str] = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])(b"a")

        class Body:
            def __iter__(self) -> Any:
                return iter([b"b"])

            def close(self) -> None:
                closed.append("closed")

        return Body()

    body, status, headers = wz.test.run_wsgi_app(app, wz.test.create_environ())
    assert (b"".join(body), status, headers["Content-Type"]) == (b"ab", "200 OK", "text/plain")
    body.close()
    assert closed == ["closed"]
    body, _, _ = wz.test.run_wsgi_app(app, wz.test.create_environ(), buffered=True)
    assert closed == ["closed", "closed"]
    assert type(body) is list


@pytest.mark.parametrize("buffered", [False, True])
@pytest.mark.parametrize(("fields", "chunks"), [([("X", "a\nb")], [b"a"]), ([], ["text"])])
def test_an_application_whose_answer_is_wrong_is_closed(
    fields: list[tuple[str, str]], chunks: list[Any], buffered: bool
) -> None:
    """A field that must not be sent, or a chunk of text, is an error. ``close()`` is called once all the same."""
    closed: list[str] = []

    class Body:
        def __iter__(self) -> Any:
            return iter([b"first", *chunks])

        def close(self) -> None:
            closed.append("closed")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", fields)
        return Body()

    def call() -> None:
        body, _, _ = run_wsgi_app(app, EnvironBuilder().get_environ(), buffered=buffered)
        with closing(cast("Any", body)):
            list(body)

    with pytest.raises((TypeError, ValueError)):
        call()
    assert closed == ["closed"]


def test_an_application_that_yields_nothing(wz: Any) -> None:
    """A generator may call ``start_response`` when its first item is asked for, and then yield none (PEP 3333)."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("204 No Content", [])
        yield from ()

    body, status, _ = wz.test.run_wsgi_app(app, wz.test.create_environ())
    assert (list(body), status) == ([], "204 No Content")
    assert Response.from_app(app, EnvironBuilder().get_environ()).status_code == 204


def test_the_client_follows_the_protocol() -> None:
    """The environs of the client, and how it calls an application, follow PEP 3333."""
    application = lint.wsgi(Response("x"))
    with Client(application).post("/", data="x") as response:
        assert response.text == "x"


def test_a_request_of_another_library() -> None:
    """Law: a request or a builder that is not of cardan is a TypeError that names its class."""
    client = Client(lambda environ, start_response: [])
    for given in (werkzeug.test.EnvironBuilder("/").get_request(), werkzeug.test.EnvironBuilder("/"), 5):
        with pytest.raises(TypeError, match=r"got (werkzeug\.|builtins\.int).*, expected a path"):
            client.open(given)


def test_a_builder_says_what_cannot_be_read(wz: Any) -> None:
    """A query that was given as text has no ``args``, and a body that was given as a stream no form and no files."""
    builder = wz.test.EnvironBuilder(query_string="a=1", input_stream=io.BytesIO(b"x"))
    for name in ("args", "form", "files"):
        with pytest.raises(AttributeError):
            getattr(builder, name)
    builder.query_string = None
    builder.args["b"] = "2"
    assert builder.get_environ()["QUERY_STRING"] == "b=2"


def test_a_form_that_is_assigned_takes_the_place_of_the_stream(wz: Any) -> None:
    """Fields and files may be assigned as a whole. The body is then the form that they are."""
    builder = wz.test.EnvironBuilder(method="POST", input_stream=io.BytesIO(b"x"))
    builder.form = wz.datastructures.MultiDict({"a": "1"})
    assert builder.get_request().form.to_dict() == {"a": "1"}
    builder = wz.test.EnvironBuilder(method="POST", input_stream=io.BytesIO(b"x"))
    files = wz.datastructures.FileMultiDict()
    files.add_file("f", io.BytesIO(b"data"), "a.txt")
    builder.files = files
    request = builder.get_request()
    assert (request.files["f"].filename, request.files["f"].read()) == ("a.txt", b"data")


def test_credentials_may_be_an_object(wz: Any) -> None:
    """``auth`` is a pair of name and password, or the Authorization itself."""
    token = wz.datastructures.Authorization("bearer", token="abc")
    for auth, field in ((token, "Bearer abc"), (("a", "b"), "Basic YTpi")):
        assert wz.test.EnvironBuilder(auth=auth).get_environ()["HTTP_AUTHORIZATION"] == field


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_the_port_of_a_host_without_a_valid_one(scheme: str, port: int) -> None:
    """A host whose port is no number has the default port of its scheme."""
    builder = EnvironBuilder(base_url=f"{scheme}://a.example")
    builder.host = "a.example:many"
    assert (builder.server_name, builder.server_port) == ("a.example", port)


def test_a_stream_that_cannot_be_measured(wz: Any) -> None:
    """A stream without a position is passed on as it is, with the length that the program has given."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    environ = wz.test.EnvironBuilder(method="POST", input_stream=Pipe(b"data"), content_length=4).get_environ()
    assert environ["CONTENT_LENGTH"] == "4"
    assert environ["wsgi.input"].read() == b"data"


@pytest.mark.parametrize("buffered", [False, True])
def test_the_body_of_a_redirect(wz: Any, buffered: bool) -> None:
    """Before a redirect is followed its body is read and closed, once, whether the responses are buffered or not."""
    closed: list[str] = []

    class Body:
        def __init__(self, path: str) -> None:
            self.path = path

        def __iter__(self) -> Any:
            yield b"x"

        def close(self) -> None:
            closed.append(self.path)

    def app(environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path == "/":
            start_response("302 Found", [("Location", "/next")])
        else:
            start_response("200 OK", [])
        return Body(path)

    response = wz.test.Client(app).get("/", follow_redirects=True, buffered=buffered)
    assert (response.status_code, response.get_data()) == (200, b"x")
    response.close()
    assert closed.count("/") == closed.count("/next") == 1


def test_a_body_is_sent_again_after_a_redirect() -> None:
    """After a 307 the body is sent again from its start, if it has one. The method stays."""
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append((environ["REQUEST_METHOD"], environ["wsgi.input"].read(4)))
        redirects = environ["PATH_INFO"] == "/"
        start_response(
            "307 Temporary Redirect" if redirects else "200 OK", [("Location", "/next")] if redirects else []
        )
        return [b""]

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    client = Client(app)
    for stream, again in ((io.BytesIO(b"data"), b"data"), (Pipe(b"data"), b"")):
        seen.clear()
        client.post("/", input_stream=stream, content_length=4, follow_redirects=True)
        assert seen == [("POST", b"data"), ("POST", again)]
    seen.clear()
    client.post("/", follow_redirects=True)
    assert seen == [("POST", b""), ("POST", b"")]


def test_a_client_shows_its_application() -> None:
    """``repr(client)`` shows which application the client calls."""
    app = object()
    assert repr(Client(app)) == f"<Client {app!r}>"


def test_a_path_is_a_request(wz: Any, client: Any) -> None:
    """A text alone is the path of the request."""
    assert wz.test.Client(client.application).open("/hello").request.path == "/hello"


def test_a_length_that_is_given_with_the_data(wz: Any) -> None:
    """The program may say another length than that of its data, to test what a server does with it."""
    environ = wz.test.EnvironBuilder(method="POST", data=b"data", content_length=2).get_environ()
    assert environ["CONTENT_LENGTH"] in ("2", "4")
    assert EnvironBuilder(method="POST", data=b"data", content_length=2).content_length == 2


def test_a_head_stays_a_head(wz: Any) -> None:
    """A redirect of a HEAD request is followed by a HEAD request, and every other 302 by a GET."""
    seen: list[str] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append(environ["REQUEST_METHOD"])
        if environ["PATH_INFO"] == "/":
            start_response("302 Found", [("Location", "/next")])
        else:
            start_response("200 OK", [])
        return [b""]

    for method in ("HEAD", "POST"):
        wz.test.Client(app).open("/", method=method, follow_redirects=True)
    assert seen == ["HEAD", "HEAD", "POST", "GET"]


def test_a_response_class_for_tests_is_used_itself(wz: Any) -> None:
    """A class that is already one of responses of tests needs no other made of it."""

    class Own(wz.test.TestResponse):  # type: ignore[misc, name-defined]
        pass

    assert wz.test.Client(object(), Own).response_wrapper is Own


def test_where_a_redirect_leads(wz: Any) -> None:
    """The request that follows has the scheme and the host of the Location. If its path is not below that of the
    application, it is one without such a path.
    """

    @wz.wrappers.Request.application  # type: ignore[untyped-decorator]
    def app(request: Any) -> Any:
        to = request.args.get("to")
        if to is None:
            return wz.wrappers.Response(f"{request.url} {request.root_path} {request.path}")
        return wz.utils.redirect(to)

    client = wz.test.Client(app)
    for to, expected in (
        ("https://localhost/app/x", "https://localhost/app/x /app /x"),
        ("http://localhost:8080/app/x", None),
        ("http://localhost/app/", "http://localhost/app/ /app /"),
        ("http://localhost/app", "http://localhost/app/ /app /"),
        ("http://localhost/apple", "http://localhost/apple  /apple"),
        ("http://localhost/other?a=1", "http://localhost/other?a=1  /other"),
    ):
        asked = {"base_url": "http://localhost/app", "query_string": {"to": to}, "follow_redirects": True}
        told = client.get("/deep/page", **asked).text
        assert told == (expected or "http://localhost:8080/app/x /app /x"), to


def test_a_location_that_is_relative() -> None:
    """A relative Location is resolved against the URL of the request before it (RFC 3986 section 5.2)."""

    @Request.application
    def app(request: Request) -> Response:
        to = request.args.get("to")
        return Response(request.url) if to is None else Response("", 302, {"Location": to})

    for to, expected in (("x", "/app/deep/x"), ("?a=1", "/app/deep/page?a=1"), ("../x", "/app/x"), ("/x", "/x")):
        asked: dict[str, Any] = {"base_url": "http://localhost/app", "query_string": {"to": to}}
        assert Client(app).get("/deep/page", follow_redirects=True, **asked).text == f"http://localhost{expected}"
