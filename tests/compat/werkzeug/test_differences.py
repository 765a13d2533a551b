"""The guide's table "What differs from Werkzeug": each row is true of Werkzeug and of cardan."""

from __future__ import annotations

import io
from typing import Any

import anyio
import pytest
import werkzeug.http
import werkzeug.urls

import cardan
from cardan.exceptions import WrongMode
from tests.house import ROOT

GUIDE = (ROOT / "docs/coming-from/werkzeug.md").read_text("utf-8")
TABLE = GUIDE.partition("## What differs from Werkzeug\n")[2].partition("\n## ")[0]


def row(text: str) -> None:
    """The table has a row that begins with ``text``."""
    assert f"\n| {text}" in TABLE


@pytest.fixture
def theirs(wz: Any) -> bool:
    return bool(wz.package == "werkzeug")


def test_attributes_of_requests_are_read_only(wz: Any, theirs: bool) -> None:
    """The URL and the method of a request cannot be assigned."""
    row("`request.method =")
    request = wz.wrappers.Request(wz.test.create_environ())
    for name in ("method", "path", "stream"):
        if theirs:
            setattr(request, name, "x")
        else:
            with pytest.raises(AttributeError):
                setattr(request, name, "x")
    row("`request.stream = ...`")


def test_headers_are_a_mapping(wz: Any, theirs: bool) -> None:
    """Iterating gives pairs in Werkzeug and names here; ``items()`` gives pairs in both."""
    row("`for name, value in headers`")
    headers = wz.datastructures.Headers([("A", "1"), ("B", "2")])
    assert list(headers) == ([("A", "1"), ("B", "2")] if theirs else ["A", "B"])
    assert list(headers.items()) == [("A", "1"), ("B", "2")]
    row("`headers[0]`")
    assert list(headers.items())[0] == ("A", "1")  # noqa: RUF015 - the line of the guide


def test_a_field_that_was_sent_twice(wz: Any, theirs: bool) -> None:
    """``get`` gives the first value in Werkzeug, and all of them here."""
    row("`headers.get(name)`")
    headers = wz.datastructures.Headers([("A", "1"), ("A", "2")])
    assert headers.get("A") == ("1" if theirs else "1, 2")
    assert headers.getlist("A")[0] == "1"


def test_reason_phrases(wz: Any, theirs: bool) -> None:
    """Werkzeug writes them in capitals."""
    row("`response.status ==")
    response = wz.wrappers.Response(status=404)
    assert response.status == ("404 NOT FOUND" if theirs else "404 Not Found")
    assert response.status_code == 404


def test_headers_of_a_response_are_copied(wz: Any, theirs: bool) -> None:
    """The object that is given is that of the response in Werkzeug only."""
    row("`Response(headers=headers)`")
    headers = wz.datastructures.Headers()
    assert (wz.wrappers.Response(headers=headers).headers is headers) is theirs


def test_characters_of_a_location(wz: Any, theirs: bool) -> None:
    """A field holds characters up to U+00FF; Location takes an IRI in both, and is a URI at once here."""
    row('`response.headers["X-Name"] =')
    response = wz.wrappers.Response()
    if theirs:
        response.headers["X-Name"] = "☃"
        del response.headers["X-Name"]
    else:
        with pytest.raises(ValueError, match="U\\+00FF"):
            response.headers["X-Name"] = "☃"
    response.headers["Location"] = "/☃"
    assert response.headers["Location"] == ("/☃" if theirs else "/%E2%98%83")
    environ = wz.test.create_environ()
    assert dict(response.get_wsgi_headers(environ).items())["Location"] == "/%E2%98%83"


def test_values_of_several_parts(wz: Any, theirs: bool) -> None:
    """A part of WWW-Authenticate can be assigned in Werkzeug; the whole value can be in both."""
    row("`response.www_authenticate.realm")
    response = wz.wrappers.Response(status=401)
    response.www_authenticate = wz.datastructures.WWWAuthenticate("basic", {"realm": "x"})
    assert response.headers["WWW-Authenticate"].replace('"', "") == "Basic realm=x"
    if theirs:
        response.www_authenticate.realm = "y"
    else:
        with pytest.raises(AttributeError):
            response.www_authenticate.realm = "y"


def test_force_type(wz: Any, theirs: bool) -> None:
    """The response that is given keeps its class here."""
    row("`Response.force_type(response)`")

    class Own(wz.wrappers.Response):  # type: ignore[misc, name-defined]
        pass

    response = wz.wrappers.Response("x")
    made = Own.force_type(response)
    assert (type(made), made.get_data()) == (Own, b"x")
    assert (made is response) is theirs


def test_bodies_of_errors(wz: Any, theirs: bool) -> None:
    """An error is HTML in Werkzeug, whatever the client accepts. In cardan it is what the client prefers."""
    row("The body of an error is HTML")
    environ = wz.test.create_environ(headers={"Accept": "text/plain"})
    assert (wz.exceptions.NotFound().get_response(environ).mimetype == "text/html") is theirs


def test_cookies_that_browsers_refuse(wz: Any, theirs: bool) -> None:
    """A cookie with SameSite=None must be secure."""
    row("`dump_cookie(")
    if theirs:
        assert wz.http.dump_cookie("a", "b", samesite="None")
    else:
        with pytest.raises(ValueError, match="secure=True"):
            wz.http.dump_cookie("a", "b", samesite="None")
    assert "SameSite=None" in wz.http.dump_cookie("a", "b", samesite="None", secure=True)


def test_line_ends_of_multipart(wz: Any, theirs: bool) -> None:
    """A form whose lines end with LF alone is broken here, and so empty."""
    row("line ends other than CRLF")
    body = b'--b\nContent-Disposition: form-data; name="a"\n\n1\n--b--\n'
    environ = wz.test.create_environ(method="POST", data=body, content_type="multipart/form-data; boundary=b")
    assert wz.wrappers.Request(environ).form.to_dict() == ({"a": "1"} if theirs else {})


def test_the_body_is_read_once(wz: Any, theirs: bool) -> None:
    """The body is not silently empty after its stream was read."""
    row("`request.get_data()` is `b")
    request = wz.wrappers.Request(wz.test.create_environ(method="POST", data=b"x", content_type="text/plain"))
    assert request.stream.read() == b"x"
    if theirs:
        assert request.get_data() == b""
    else:
        from cardan.exceptions import BodyConsumed

        with pytest.raises(BodyConsumed):
            request.get_data()


@pytest.mark.parametrize("name", ["form", "data"])
def test_nothing_is_empty_after_the_stream(wz: Any, theirs: bool, name: str) -> None:
    """A form that was read as a stream is not silently empty."""
    row("`request.form` and `request.data` are empty")
    form = {"data": b"a=1", "content_type": "application/x-www-form-urlencoded"}
    request = wz.wrappers.Request(wz.test.create_environ(method="POST", **form))
    assert request.stream.read() == b"a=1"
    if theirs:
        assert not getattr(request, name)
    else:
        from cardan.exceptions import BodyConsumed

        with pytest.raises(BodyConsumed):
            getattr(request, name)


@pytest.mark.parametrize("kept", [False, True])
def test_the_input_after_a_form(wz: Any, theirs: bool, kept: bool) -> None:
    """``wsgi.input`` is not silently empty after a form was parsed; it replays bytes that were kept."""
    row('`environ["wsgi.input"].read()`')
    form = {"data": b"a=1", "content_type": "application/x-www-form-urlencoded"}
    environ = wz.test.create_environ(method="POST", **form)
    request = wz.wrappers.Request(environ)
    if kept:
        request.get_data()
    assert request.form["a"] == "1"
    if theirs:
        assert environ["wsgi.input"].read() == b""
    elif kept:
        assert environ["wsgi.input"].read() == b"a=1"
        assert b"".join(request.iter_data()) == b"a=1"
    else:
        from cardan.exceptions import BodyConsumed

        with pytest.raises(BodyConsumed):
            environ["wsgi.input"].read()
        with pytest.raises(BodyConsumed):
            request.iter_data()


def test_the_order_of_values(wz: Any, theirs: bool) -> None:
    """All pairs of a form or a query come in the order in which they were sent; Werkzeug sorts them by name."""
    row("`form.items(multi=True)` groups")
    sent = {"data": b"a=1&b=2&a=3", "content_type": "application/x-www-form-urlencoded"}
    request = wz.wrappers.Request(wz.test.create_environ("/?a=1&b=2&a=3", method="POST", **sent))
    pairs = [("a", "1"), ("a", "3"), ("b", "2")] if theirs else [("a", "1"), ("b", "2"), ("a", "3")]
    for values in (request.form, request.args):
        assert list(values.items(multi=True)) == pairs
        assert list(values.lists()) == [("a", ["1", "3"]), ("b", ["2"])]


def test_cookies_without_a_name(wz: Any, theirs: bool) -> None:
    """A cookie without an equals sign has a name alone in Werkzeug, and a value alone in browsers and here."""
    row("`Cookie: theme` is a cookie")
    request = wz.wrappers.Request(wz.test.create_environ(headers={"Cookie": "theme"}))
    assert request.cookies.to_dict() == ({"theme": ""} if theirs else {"": "theme"})


def test_dates_of_files(wz: Any, theirs: bool) -> None:
    """Werkzeug writes the Date of a file that is sent; here the server does."""
    row("`send_file` sends `Date`")
    response = wz.utils.send_file(io.BytesIO(b"x"), wz.test.create_environ(), mimetype="text/plain")
    assert ("Date" in response.headers) is theirs


def test_texts_of_urls(wz: Any, theirs: bool) -> None:
    """The query of ``full_path`` is decoded here only, and the host of ``url`` in Werkzeug only."""
    row("`request.full_path` has the query as it was sent")
    row("`request.url` of `xn--")
    request = wz.wrappers.Request(wz.test.create_environ("/ö?a=%C3%B6", "http://xn--bcher-kva.example/"))
    assert request.full_path == ("/ö?a=%C3%B6" if theirs else "/ö?a=ö")
    assert f"{request.path}?{request.query_string.decode()}" == "/ö?a=%C3%B6"
    assert request.url == f"http://{'bücher' if theirs else 'xn--bcher-kva'}.example/ö?a=ö"
    assert werkzeug.urls.uri_to_iri(request.url) == "http://bücher.example/ö?a=ö"


def test_bytes_that_are_not_utf_8(wz: Any, theirs: bool) -> None:
    """Werkzeug leaves them percent-encoded in queries and urlencoded forms."""
    row('`request.args["a"]` of `?a=%FF`')
    sent = {"data": b"a=%FF", "content_type": "application/x-www-form-urlencoded"}
    request = wz.wrappers.Request(wz.test.create_environ("/", query_string="a=%FF", method="POST", **sent))
    assert request.args["a"] == request.form["a"] == ("%FF" if theirs else "\ufffd")
    assert request.query_string == b"a=%FF"
    if not theirs:
        assert request.form_bytes["a"] == b"\xff"


def test_parsers_that_are_not_silent(wz: Any, theirs: bool) -> None:
    """A form that is not valid is a 400 here, and a ValueError in Werkzeug."""
    row("`FormDataParser(silent=False)` raises ValueError")
    environ = wz.test.create_environ(method="POST", data=b"--B", content_type="multipart/form-data; boundary=B")
    with pytest.raises(ValueError if theirs else wz.exceptions.BadRequest):
        wz.formparser.FormDataParser(silent=False).parse_from_environ(environ)


def test_redirects_to_iris(wz: Any, theirs: bool) -> None:
    """``location`` is a URI as soon as it is set."""
    row('`redirect("ö")`')
    assert wz.utils.redirect("/ö").location == ("/ö" if theirs else "/%C3%B6")


def test_methods_of_errors_get_the_request(wz: Any, theirs: bool) -> None:
    """Under ``Request.application`` an overridden method gets an environ in Werkzeug and the request here."""
    row("An error class overrides")
    seen: list[Any] = []

    class Own(wz.exceptions.NotFound):  # type: ignore[misc, name-defined]
        def get_body(self, environ: Any = None, scope: Any = None) -> str:
            seen.append(environ)
            return "own"

    @wz.wrappers.Request.application  # type: ignore[untyped-decorator]
    def app(request: Any) -> Any:
        raise Own

    assert wz.test.Client(app).get("/x").text == "own"
    assert isinstance(seen[0], dict) is theirs
    if not theirs:
        assert seen[0].path == "/x"
    b"".join(Own()(wz.test.create_environ(), lambda *args: None))
    assert isinstance(seen[1], dict)


def test_a_missing_key_is_named(wz: Any, theirs: bool) -> None:
    """The description names the key, in Werkzeug only with ``show_exception``."""
    row("`BadRequestKeyError.show_exception`")
    assert ("k" in wz.exceptions.BadRequestKeyError("k").get_response().get_data(as_text=True).split("'")) is not theirs


def test_cookies(wz: Any, theirs: bool) -> None:
    """Werkzeug only writes Expires beside Max-Age, and writes paths that browsers ignore."""
    row("`dump_cookie(max_age=5)`")
    assert ("Expires" in wz.http.dump_cookie("a", "b", max_age=5)) is theirs
    row('`dump_cookie(path="x")`')
    if theirs:
        assert "Path=x" in wz.http.dump_cookie("a", "b", path="x")
    else:
        with pytest.raises(ValueError, match="expected one that begins with '/'"):
            wz.http.dump_cookie("a", "b", path="x")


def test_a_host_that_is_not_valid(wz: Any, theirs: bool) -> None:
    """An invalid Host is an empty host in Werkzeug. In cardan the name of the server stands for it."""
    row("`get_host(environ)`")
    environ = {"HTTP_HOST": "a b", "wsgi.url_scheme": "http", "SERVER_NAME": "x", "SERVER_PORT": "80"}
    assert wz.wsgi.get_host(environ) == ("" if theirs else "x")


def test_methods_in_another_case(wz: Any, theirs: bool) -> None:
    """Werkzeug gives every method in upper case; here its case counts (RFC 9110 section 9.1)."""
    row("`request.method` of a request `get`")
    environ = wz.test.create_environ()
    environ["REQUEST_METHOD"] = "get"
    assert wz.wrappers.Request(environ).method == ("GET" if theirs else "get")


def test_a_range_that_cannot_be_served(wz: Any, theirs: bool) -> None:
    """Werkzeug raises the 416; here the response becomes it."""
    row("`make_conditional()` raises 416")
    response = wz.wrappers.Response(b"abc")
    environ = {"REQUEST_METHOD": "GET", "HTTP_RANGE": "bytes=9-"}
    if theirs:
        with pytest.raises(wz.exceptions.RequestedRangeNotSatisfiable):
            response.make_conditional(environ, accept_ranges=True, complete_length=3)
    else:
        assert response.make_conditional(environ, accept_ranges=True, complete_length=3).status_code == 416


def test_files_that_are_sent(wz: Any, theirs: bool) -> None:
    """A file without a name, Expires, and the charset of XML."""
    row("`send_file(BytesIO(data), environ)`")
    row("`send_file(max_age=5)`")
    environ = wz.test.create_environ()
    if theirs:
        with pytest.raises(TypeError):
            wz.utils.send_file(io.BytesIO(b"x"), environ)
    else:
        assert wz.utils.send_file(io.BytesIO(b"x"), environ).mimetype == "application/octet-stream"
    response = wz.utils.send_file(io.BytesIO(b"x"), environ, download_name="a.txt", max_age=5)
    assert ("Expires" in response.headers) is theirs
    row('`send_file("a.xml", environ)`')
    response = wz.utils.send_file(io.BytesIO(b"x"), environ, download_name="a.xml")
    assert ("charset" in response.headers["Content-Type"]) is theirs


def test_header_values(wz: Any, theirs: bool) -> None:
    """What the objects of header fields do not have here, and what is there in its place."""
    row('`"*" in Accept(')
    assert ("*" in wz.datastructures.Accept([("asterisk", 1), ("*", 0)])) is theirs
    row("`etags(etag)`")
    etags = wz.datastructures.ETags(["a"])
    assert callable(etags) is theirs
    assert etags.contains_raw('"a"')
    row("`www_authenticate.get(name)`")
    value = wz.datastructures.WWWAuthenticate("basic", {"realm": "x"})
    assert hasattr(value, "get") is theirs
    assert value.parameters.get("realm") == "x"
    row("`headers.keys(lower=True)`")
    headers = wz.datastructures.Headers([("A", "1")])
    if theirs:
        assert list(headers.keys(lower=True)) == ["a"]
    else:
        with pytest.raises(TypeError):
            headers.keys(lower=True)
        with pytest.raises(TypeError):
            headers.items(lower=True)
    row("The Accept classes are lists.")
    assert issubclass(wz.datastructures.Accept, list) is theirs
    assert list(wz.datastructures.Accept([("a", 1)])) == [("a", 1)]


def test_the_best_of_what_is_refused(wz: Any, theirs: bool) -> None:
    """A language with quality 0 is the best one in Werkzeug; here there is none, as without the field."""
    row("`accept_languages.best` of `fr;q=0`")
    request = wz.wrappers.Request(wz.test.create_environ(headers={"Accept-Language": "fr;q=0"}))
    assert request.accept_languages.best == ("fr" if theirs else None)
    assert wz.wrappers.Request(wz.test.create_environ()).accept_languages.best is None


def test_errors_for_json(wz: Any, theirs: bool) -> None:
    """An error that answers JSON is a problem document unless Accept names another format."""
    row("An error that answers a JSON body")
    for accept in ({}, {"Accept": "*/*"}):
        environ = wz.test.create_environ(method="POST", json={}, headers=accept)
        mimetype = wz.exceptions.NotFound().get_response(environ).mimetype
        assert mimetype == ("text/html" if theirs else "application/problem+json")
    if not theirs:
        app = cardan.Application(lambda request: cardan.abort(404), errors="html")
        assert wz.test.Client(app).post("/", json={}).mimetype == "text/html"


@pytest.mark.parametrize("url", ["http://ada@example.org/", "http://a b/", "http:///x"])
def test_redirects_to_urls_that_no_location_has(wz: Any, theirs: bool, url: str) -> None:
    """The URL of a Location has no user, and a host that is valid (RFC 9110 sections 4.2.4 and 10.2.2)."""
    row('`redirect("http://ada@example.org/")`')
    if theirs:
        assert wz.utils.redirect(url).location == url
    else:
        with pytest.raises(ValueError, match="got"):
            wz.utils.redirect(url)


def test_the_page_of_a_redirect(wz: Any, theirs: bool) -> None:
    """The page of a redirect has a link to the new URL in Werkzeug and in cardan, with other words around it."""
    row("`repr(request)`, error texts, the page of a redirect")
    page = wz.utils.redirect("/a?b&c").get_data(as_text=True)
    assert '<a href="/a?b&amp;c">' in page
    assert ("You should be redirected" in page) is theirs


def test_enums_of_policies(wz: Any, theirs: bool) -> None:
    """The members are values of Werkzeug's enum there, and texts here, which also takes the text itself."""
    row("`response.cross_origin_opener_policy =")
    response = wz.wrappers.Response()
    response.cross_origin_opener_policy = wz.http.COOP.SAME_ORIGIN
    response.cross_origin_embedder_policy = wz.http.COEP.REQUIRE_CORP
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert (wz.http.COOP.SAME_ORIGIN == "same-origin") is not theirs
    if theirs:
        return
    response.cross_origin_opener_policy = "same-origin"
    with pytest.raises(TypeError, match="Cross-Origin-Opener-Policy"):
        response.cross_origin_opener_policy = werkzeug.http.COOP.SAME_ORIGIN


def test_the_client_and_file_wrapper(wz: Any, theirs: bool) -> None:
    """Methods that only Werkzeug has."""
    row("`FileWrapper` can seek.")
    assert hasattr(wz.wsgi.FileWrapper, "seek") is theirs


def test_a_corrected_location_that_is_a_fragment(wz: Any, theirs: bool) -> None:
    """Clients keep the query of the URL for a Location that has only a fragment."""
    row("`Location: #part`")

    @wz.wrappers.Request.application  # type: ignore[untyped-decorator]
    def app(request: Any) -> Any:
        response = wz.wrappers.Response(headers={"Location": "#part"})
        response.autocorrect_location_header = True
        return response

    location = wz.test.Client(app).get("/a?x=1").headers["Location"]
    assert location == ("http://localhost/a#part" if theirs else "http://localhost/a?x=1#part")


def test_a_coded_form(wz: Any, theirs: bool) -> None:
    """Coded bytes are not taken for a form. They can be had as they were sent."""
    row("`request.form` of a body with a `Content-Encoding`")
    form = {"data": b"\x0b\x01a=1\x03", "content_type": "application/x-www-form-urlencoded"}
    environ = wz.test.create_environ(method="POST", headers={"Content-Encoding": "br"}, **form)
    if theirs:
        assert list(wz.wrappers.Request(environ).form) == ["\x0b\x01a"]
        return
    request = wz.wrappers.Request(environ)
    with pytest.raises(cardan.exceptions.UnsupportedMediaType):
        _ = request.form
    assert request.get_data() == form["data"]


def test_the_hook_of_the_form(wz: Any) -> None:
    """Werkzeug's Request and that of ``cardan.compat`` call ``_load_form_data()``; ``cardan.Request`` does not."""
    row("A request class overrides `_load_form_data()`.")
    called: list[str] = []

    def own(base: Any) -> Any:
        class Own(base):  # type: ignore[misc]
            def _load_form_data(self) -> None:
                called.append(base.__module__)
                super()._load_form_data()

        return Own

    environ = wz.test.create_environ(method="POST", data={"a": "1"})
    assert own(wz.wrappers.Request)(environ).form["a"] == "1"
    assert len(called) == 1
    own(cardan.Request)(wz.test.create_environ(method="POST", data={"a": "1"})).form["a"]
    assert len(called) == 1


def test_uploads_in_async_handlers(wz: Any, theirs: bool) -> None:
    """Werkzeug's file is read in every code; here async code awaits, or has the class that does not refuse."""
    row("`file.read()` in an `async def` handler")
    upload = {"f": (io.BytesIO(b"data"), "a.txt")}
    if theirs:
        environ = wz.test.create_environ(method="POST", data=upload)
        with wz.wrappers.Request(environ) as request:
            assert request.files["f"].read() == b"data"
        return

    async def main(request_class: Any) -> Any:
        scope, receive = wz.test.EnvironBuilder(method="POST", data={"f": (io.BytesIO(b"data"), "a.txt")}).get_scope()
        request = await request_class(scope, receive).load()
        return request.files["f"].read()

    class Unguarded(wz.wrappers.Request):  # type: ignore[misc, name-defined]
        file_storage_class = cardan.files.BlockingFileStorage

    with pytest.raises(WrongMode):
        anyio.run(main, wz.wrappers.Request)
    assert anyio.run(main, Unguarded) == b"data"


def test_large_bodies(wz: Any, theirs: bool) -> None:
    """Werkzeug takes urlencoded forms and bodies of any size; here they have limits, which None switches off."""
    row("a body, and an urlencoded form, may have any size")
    form = "&".join(f"a{number}=1" for number in range(1500))
    large = bytes(17 * 2**20)

    class Unlimited(wz.wrappers.Request):  # type: ignore[misc,name-defined]
        max_data_memory = max_form_memory_size = max_form_parts = None

    def made(cls: Any, data: Any, kind: str) -> Any:
        return cls(wz.test.create_environ(method="POST", data=data, content_type=kind))

    def read(cls: Any) -> list[int]:
        forms = made(cls, form, "application/x-www-form-urlencoded").form
        return [len(forms), len(made(cls, large, "application/octet-stream").get_data())]

    assert read(Unlimited) == [1500, len(large)]
    if theirs:
        assert read(wz.wrappers.Request) == [1500, len(large)]
        return
    for data, kind in ((form, "application/x-www-form-urlencoded"), (large, "application/octet-stream")):
        request = made(wz.wrappers.Request, data, kind)
        with pytest.raises(cardan.exceptions.RequestEntityTooLarge):
            _ = request.form if data is form else request.get_data()


def test_names_that_are_not_in_the_table_are_not_claimed() -> None:
    """Each row of the table is checked by a test of this file, or says what no test can."""
    text = (ROOT / "tests/compat/werkzeug/test_differences.py").read_text("utf-8")
    untested = (
        "`generate_etag(data)`",
        "a form that is not valid",
        "`LimitedStream(",  # test_helpers.py
        "`get_content_length(",  # test_helpers.py
        "`make_form_data_parser",
    )
    rows = [line[2:] for line in TABLE.splitlines() if line.startswith("| ") and "---" not in line][1:]
    checked = [start for start in text.split("row(")[1:] if start[0] in "'\"f"]
    starts = [start[1 : start.index(start[0], 1)] for start in checked]
    assert [line for line in rows if not line.startswith((*starts, *untested))] == []


def test_limits_of_parsers(wz: Any, theirs: bool) -> None:
    """The limits of Werkzeug's parser hold for multipart forms only; those here hold for urlencoded forms, too."""
    row("`parse_form_data(environ, max_form_memory_size=5)`")
    for limits in ({"max_form_memory_size": 5}, {"max_form_parts": 1}):
        sent: dict[str, Any] = {"method": "POST", "data": {"a": "123456", "b": "7"}}
        if theirs:
            assert len(wz.formparser.parse_form_data(wz.test.create_environ(**sent), **limits)[1]) == 2
        else:
            with pytest.raises(cardan.exceptions.RequestEntityTooLarge):
                wz.formparser.parse_form_data(wz.test.create_environ(**sent), **limits)
        environ = wz.test.create_environ(**sent, content_type="multipart/form-data")
        with pytest.raises(wz.exceptions.RequestEntityTooLarge):
            wz.formparser.parse_form_data(environ, **limits)
        limits = dict.fromkeys(limits, None)
        assert len(wz.formparser.parse_form_data(wz.test.create_environ(**sent), **limits)[1]) == 2


def test_challenges_of_errors(wz: Any, theirs: bool) -> None:
    """A single challenge is in a tuple in Werkzeug only. Several are several fields there, and one field here."""
    row("`Unauthorized(...).www_authenticate`")
    basic, bearer = (wz.datastructures.WWWAuthenticate(kind, {"realm": "x"}) for kind in ("basic", "bearer"))
    assert isinstance(wz.exceptions.Unauthorized("x", None, basic).www_authenticate, tuple) is theirs
    fields = [name for name, _ in wz.exceptions.Unauthorized("x", None, [basic, bearer]).get_headers()]
    assert fields.count("WWW-Authenticate") == (2 if theirs else 1)


def test_an_error_without_a_code(wz: Any, theirs: bool) -> None:
    """Werkzeug sends it as a success."""
    row("`HTTPException()` without a code")

    class Own(wz.exceptions.HTTPException):  # type: ignore[misc, name-defined]
        code = 409

    environ = wz.test.create_environ()
    assert wz.exceptions.HTTPException().get_response(environ).status_code == (200 if theirs else 500)
    assert Own().get_response(environ).status_code == 409
