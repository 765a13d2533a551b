"""cardan.compat.werkzeug.routing: the map of Werkzeug, with the errors of cardan."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import pytest

from cardan.compat.werkzeug import routing
from cardan.compat.werkzeug.exceptions import NotFound
from cardan.compat.werkzeug.routing import Map, Rule
from cardan.compat.werkzeug.test import create_environ
from cardan.compat.werkzeug.wrappers import Request, Response
from cardan.testing import PROTOCOLS, Client, RequestBuilder


@pytest.fixture
def urls(wz: Any) -> Any:
    rule = wz.routing.Rule
    return wz.routing.Map([
        rule("/", endpoint="index"),
        rule("/notes/", endpoint="notes", methods=["GET", "POST"]),
        rule("/notes/<int:number>", endpoint="note"),
        rule("/old/<int:number>", redirect_to="notes/<number>"),
    ])  # fmt: skip


def test_match(wz: Any, urls: Any) -> None:
    """A URL gives its endpoint and values, or one of the errors of the library whose names the program imports."""
    adapter = urls.bind("a.example", "/app")
    assert type(adapter) is wz.routing.MapAdapter
    assert adapter.match("/notes/5") == ("note", {"number": 5})
    assert adapter.match("/notes/5", return_rule=True)[0].endpoint == "note"
    with pytest.raises(wz.exceptions.NotFound):
        adapter.match("/none")
    with pytest.raises(wz.exceptions.MethodNotAllowed) as refused:
        adapter.match("/notes/", method="PUT")
    assert set(refused.value.valid_methods) == {"GET", "HEAD", "POST"}
    for path, target in (("/notes", "http://a.example/app/notes/"), ("/old/5", "http://a.example/app/notes/5")):
        with pytest.raises(wz.routing.RequestRedirect) as moved:
            adapter.match(path)
        assert moved.value.new_url == target
        response = moved.value.get_response(create_environ())
        assert (response.status_code, response.headers["Location"]) == (308, target)
    assert adapter.build("note", {"number": 7}) == "/app/notes/7"
    with pytest.raises(wz.routing.BuildError):
        adapter.build("none")


def test_building_from_several_values(wz: Any) -> None:
    """``build`` takes the ``args`` of a request: a name with several values is written several times."""
    adapter = wz.routing.Map([wz.routing.Rule("/<int:v>", endpoint="a"), wz.routing.Rule("/", endpoint="b")]).bind("h")
    args = wz.test.EnvironBuilder("/?v=1&w=2&w=3").get_request().args
    assert adapter.build("b", args) == "/?v=1&w=2&w=3"
    values = wz.datastructures.MultiDict([("v", 1), ("w", 2)])
    values.setlist("x", [])
    assert adapter.build("a", values) == "/1?w=2"


def test_a_redirect_with_another_status(wz: Any) -> None:
    """The status of a redirect is its ``code``, which a program may set."""
    moved = wz.routing.RequestRedirect("http://a.example/new")
    moved.code = 307
    response = moved.get_response(wz.test.create_environ())
    assert (response.status_code, response.headers["Location"]) == (307, "http://a.example/new")


def test_what_the_map_says_without_raising(urls: Any) -> None:
    """``test`` and ``allowed_methods`` raise nothing."""
    adapter = urls.bind("a.example")
    assert [adapter.test(path) for path in ("/", "/notes", "/none")] == [True, True, False]
    assert not adapter.test("/notes/", method="PUT")
    assert set(adapter.allowed_methods("/notes/")) == {"GET", "HEAD", "POST"}
    assert list(adapter.allowed_methods("/none")) == []


def test_dispatch(wz: Any, urls: Any) -> None:
    """The function is called with endpoint and values; a redirect is returned, and with the option every error."""
    adapter = urls.bind("a.example")
    assert adapter.dispatch(lambda endpoint, values: (endpoint, values), "/notes/1") == ("note", {"number": 1})
    assert isinstance(adapter.dispatch(print, "/notes"), wz.routing.RequestRedirect)
    with pytest.raises(wz.exceptions.NotFound):
        adapter.dispatch(print, "/none")
    assert isinstance(adapter.dispatch(print, "/none", catch_http_exceptions=True), wz.exceptions.NotFound)


def test_a_host_that_is_not_valid(wz: Any, urls: Any) -> None:
    """A host that cannot be one is a BadRequest."""
    with pytest.raises(wz.exceptions.BadRequest):
        urls.bind("a" * 64 + ".example")


def test_environs_and_requests(wz: Any, urls: Any) -> None:
    """A map is bound to an environ or to a request."""
    environ = create_environ("/notes/?a=1", "https://a.example/app", method="POST")
    for carrier in (environ, wz.wrappers.Request(environ)):
        adapter = urls.bind_to_environ(carrier)
        assert adapter.match() == ("notes", {})
        assert adapter.build("index", force_external=True) == "https://a.example/app/"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_on_both_protocols(protocol: Any) -> None:
    """A map that is bound to a request gives the same on both protocols."""
    urls = Map([Rule("/ö/<name>", endpoint="named", methods=["GET"]), Rule("/dir/", endpoint="dir")])

    @Request.application
    def app(request: Any) -> Any:
        adapter = urls.bind_to_environ(request)
        endpoint, values = adapter.match()
        return Response(f"{endpoint} {values} {adapter.build('named', {'name': 'ü'}, force_external=True)}")

    with Client(app, protocol, root_path="/app") as client:
        built = "http://testserver/app/%C3%B6/%C3%BC"
        assert client.get("/ö/x y").text in (
            f"named {{'name': 'x y'}} {built}", "named {'name': 'x y'} http://testserver/app/ö/ü",
        )  # fmt: skip
        assert client.get("/dir?a=1").headers["Location"] == "http://testserver/app/dir/?a=1"
        assert (client.post("/ö/x").status_code, client.get("/none").status_code) == (405, 404)
        assert set(client.post("/ö/x").headers["Allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("host", "subdomain"),
    [
        ("shop.example", ""),
        ("api.shop.example:80", "api"),
        ("other.example", None),
        ("notshop.example", None),
        ("1.2.3.4", None),
    ],
)
def test_subdomains(wz: Any, host: str, subdomain: str | None) -> None:
    """The subdomain of a request is what its host has before the name of the server. A host of another name is found by
    no rule, with a warning that names the program that has bound the map.
    """
    urls = wz.routing.Map([wz.routing.Rule("/", endpoint="end", subdomain="<sub>")])
    environ = wz.test.create_environ("/", f"http://{host}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        adapter = urls.bind_to_environ(environ, server_name="shop.example:80")
    assert adapter.subdomain == ("<invalid>" if subdomain is None else subdomain)
    assert [str(each.message)[:19] for each in caught] == ([] if subdomain is not None else ["Current server name"])
    assert {each.filename for each in caught} <= {__file__}


def test_an_error_of_the_program() -> None:
    """An error of a class that only Werkzeug knows is not changed."""
    import werkzeug.exceptions

    class Own(werkzeug.exceptions.HTTPException):
        code = 499

    class Refusing(routing.BaseConverter):
        def to_python(self, value: str) -> Any:
            raise Own if value == "own" else werkzeug.exceptions.NotFound("no such thing")

    urls = Map([Rule("/<refusing:x>", endpoint="x")], converters={"refusing": Refusing})
    with pytest.raises(Own):
        urls.bind("a.example").match("/own")
    with pytest.raises(NotFound, match="no such thing"):
        urls.bind("a.example").match("/other")


def test_without_werkzeug() -> None:
    """Only this module needs Werkzeug, and its error says so."""
    code = (
        "import sys; sys.modules['werkzeug'] = None;"
        "import cardan.compat.werkzeug as wz;"
        "wz.wrappers, wz.datastructures, wz.http, wz.exceptions, wz.wsgi, wz.formparser, wz.test, wz.utils;"
        "wz.routing"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stderr.strip().endswith("cardan.compat.werkzeug.routing needs Werkzeug: pip install werkzeug")


def test_the_classes_of_the_errors(wz: Any) -> None:
    """Law: a redirect is a RoutingException, and a host that is not valid is a BadHost, as in Werkzeug."""
    urls = wz.routing.Map([wz.routing.Rule("/a/", endpoint="a")])
    assert issubclass(wz.routing.BuildError, wz.routing.RoutingException)
    with pytest.raises(wz.routing.RoutingException) as caught:
        urls.bind("localhost").match("/a")
    assert caught.value.new_url == "http://localhost/a/"
    with pytest.raises(wz.exceptions.BadHost):
        urls.bind("a..b")


def test_a_rule_for_websockets(wz: Any) -> None:
    """Law: a request that only a rule for WebSockets matches is a WebsocketMismatch, which is a BadRequest."""
    urls = wz.routing.Map([wz.routing.Rule("/a", endpoint="a", websocket=True)])
    with pytest.raises(wz.routing.WebsocketMismatch) as caught:
        urls.bind("localhost").match("/a")
    assert isinstance(caught.value, wz.exceptions.BadRequest)
    assert urls.bind("localhost", url_scheme="ws").match("/a") == ("a", {})


def test_the_subdomain(wz: Any) -> None:
    """What the host has before the name of the server is the subdomain. A host that is another one gives a warning that
    names the caller.
    """
    urls = wz.routing.Map([wz.routing.Rule("/", endpoint="index", subdomain="<name>")])

    def bound(host: str, name: str) -> Any:
        return urls.bind_to_environ(create_environ("/", f"http://{host}/"), name)

    for host, name in (
        ("a.b.example", "b.example"),
        ("a.b.example:80", "B.example:80"),
        ("a.b.example:5", "b.example:5"),
    ):
        assert bound(host, name).match() == ("index", {"name": "a"})
    assert bound("b.example", "b.example").subdomain == ""
    for host in ("ab.example", "127.0.0.1", "b.example:5"):
        with pytest.warns(UserWarning, match="Current server name") as warned:
            assert bound(host, "b.example").subdomain == "<invalid>"
        assert warned[0].filename == __file__


@pytest.mark.parametrize(
    ("scheme", "server", "bound"),
    [
        ("http", ("a.example", 8080), "a.example:8080"),
        ("http", ("a.example", 80), "a.example"),
        ("https", ("a.example", 443), "a.example"),
        ("https", ("a.example", 80), "a.example:80"),
    ],
)
def test_a_scope_without_a_host(scheme: str, server: tuple[str, int], bound: str) -> None:
    """The map is bound to the name and the port of the server, as for an environ: a default port is left out."""
    urls = Map([Rule("/x", endpoint="x")])
    parts = {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b"", "scheme": scheme}
    adapter = urls.bind_to_environ(Request({**parts, "server": server}))
    assert (adapter.server_name, adapter.url_scheme) == (bound, scheme)
    environ = create_environ("/x", f"{scheme}://{server[0]}:{server[1]}/")
    del environ["HTTP_HOST"]
    assert urls.bind_to_environ(environ).server_name == bound


@pytest.mark.parametrize("scheme", ["https", "wss", "http", "ws"])
def test_the_default_port_of_a_server_name(scheme: str) -> None:
    """The name of the server may have the default port of the scheme, which a websocket has as well (RFC 6455 section
    3). With any other port the host is another one.
    """
    urls = Map([Rule("/", endpoint="x", subdomain="api")])
    default, other = (443, 80) if scheme in ("https", "wss") else (80, 443)
    environ = {**create_environ("/", f"{scheme}://api.b.example/"), "wsgi.url_scheme": scheme}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert urls.bind_to_environ(environ, f"b.example:{default}").subdomain == "api"
    with pytest.warns(UserWarning, match="Current server name"):
        assert urls.bind_to_environ(environ, f"b.example:{other}").subdomain == "<invalid>"


REQUESTS: list[dict[str, Any]] = [
    {"headers": {"Host": "b.example"}},
    {"headers": {"Host": "b.example:8080"}},
    {"headers": {"Host": "b.example:443"}, "base_url": "https://a.example"},
    {"headers": {"Host": "api.b.example"}},
    {"path": "/\xf6/x%20y?a=%C3%BC&b", "base_url": "http://a.example:81/r%C3%B6ot"},
    {"method": "PUT", "client": ("192.0.2.1", 5)},
    {"headers": {"Upgrade": "websocket", "Connection": "Upgrade"}},
    {"headers": {"Upgrade": "websocket", "Connection": "keep-alive"}},
    {"headers": {"Upgrade": "h2c", "Connection": "Upgrade"}},
]


@pytest.mark.parametrize("values", REQUESTS)
def test_a_scope_binds_as_an_environ(values: dict[str, Any]) -> None:
    """A map that is bound to a request on ASGI has what it has for the environ of the same request: the Host that the
    client has sent, and not the name of the server; the path and its root; the query; the method; the scheme.
    """
    urls = Map([Rule("/", endpoint="x")])
    builder = RequestBuilder(**values)
    names = ["server_name", "script_name", "path_info", "subdomain", "default_method", "url_scheme", "query_args",
             "websocket"]  # fmt: skip
    environ, request = builder.environ(), Request(builder.scope())
    for server_name in (None, "b.example"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bound = [urls.bind_to_environ(carrier, server_name) for carrier in (environ, request)]
        assert [getattr(bound[1], name) for name in names] == [getattr(bound[0], name) for name in names]
    host = values.get("headers", {}).get("Host")
    if host is not None:
        assert urls.bind_to_environ(request).server_name == host.removesuffix(":443")
