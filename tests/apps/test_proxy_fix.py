"""ProxyFix: an application behind proxies, on both protocols. tests/core/test_proxies.py tests what is believed."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any

import anyio
import flask
import pytest
import werkzeug.middleware.proxy_fix
from hypothesis import given
from hypothesis import strategies as st

from cardan import Mount, ProxyFix, Request, Response
from cardan.testing import PROTOCOLS, Client, RequestBuilder, lint

both = pytest.mark.parametrize("protocol", PROTOCOLS)

FIELDS = {
    "X-Forwarded-For": "6.6.6.6, [2001:db8::1]:4711",
    "X-Forwarded-Proto": "http, https",
    "X-Forwarded-Host": "evil.example, www.example.com",
    "X-Forwarded-Port": "1, 443",
    "X-Forwarded-Prefix": "/evil, /app",
}


@Request.application
def site(request: Request) -> Response:
    """Tells what it sees of the connection."""
    return Response.from_json(
        {
            "client": request.client,
            "route": request.access_route,
            "url": request.url,
            "host": request.host,
            "root": request.root_path,
            "path": request.path,
            "secure": request.is_secure,
            "server": request.server,
        }
    )


@both
def test_all_fields(protocol: Any) -> None:
    """Address, scheme, host, port and prefix are those that the client asked for, on both protocols."""
    app = ProxyFix(site, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)
    with Client(app, protocol) as client:
        assert client.get("/x?y=1", headers=FIELDS).json() == {
            "client": ["2001:db8::1", 4711],
            "route": ["2001:db8::1"],
            "url": "https://www.example.com/app/x?y=1",
            "host": "www.example.com",
            "root": "/app",
            "path": "/x",
            "secure": True,
            "server": ["www.example.com", 443],
        }


@both
def test_the_defaults_are_werkzeugs(protocol: Any) -> None:
    """Without options one proxy is trusted to tell the address and the scheme. The client's ports stay unknown."""
    with Client(ProxyFix(site), protocol) as client:
        told = client.get("/", headers=FIELDS | {"X-Forwarded-For": "6.6.6.6, 1.1.1.1"}).json()
    assert (told["client"], told["url"], told["server"]) == (
        ["1.1.1.1", 0],
        "https://testserver/",
        ["testserver", 80],
    )


@both
def test_rfc_7239(protocol: Any) -> None:
    """Forwarded in place of the others, with an IPv6 host."""
    fields = FIELDS | {"Forwarded": 'for=6.6.6.6, for="_hidden:_x";host="[2001:db8::2]:8443";proto=https'}
    with Client(ProxyFix(site, forwarded=1), protocol) as client:
        told = client.get("/", headers=fields).json()
    assert (told["client"], told["route"]) == (["_hidden", 0], ["_hidden"])
    assert (told["url"], told["server"]) == ("https://[2001:db8::2]:8443/", ["2001:db8::2", 8443])


@both
def test_peers(protocol: Any) -> None:
    """Only a request from one of the networks is believed. What another one lists is not shown."""
    app = ProxyFix(site, x_host=1, peers=["10.0.0.0/8"])
    with Client(app, protocol, client=("10.1.2.3", 5)) as client:
        assert client.get("/", headers=FIELDS).json()["host"] == "www.example.com"
    with Client(app, protocol, client=("11.1.2.3", 5)) as client:
        told = client.get("/", headers=FIELDS).json()
    assert (told["client"], told["route"], told["url"]) == (["11.1.2.3", 5], ["11.1.2.3"], "http://testserver/")


@both
def test_a_host_that_is_not_valid(protocol: Any) -> None:
    """The host that the client sent through the proxy is checked as one that it sends directly."""

    class Strict(Request):
        trusted_hosts = ["testserver"]

    @Strict.application
    def app(request: Strict) -> Response:
        return Response(request.host)

    with Client(ProxyFix(app, x_host=1), protocol) as client:
        assert client.get("/").text == "testserver"
        for host in ("evil.example", "testserver/evil", "a b"):
            assert client.get("/", headers={"X-Forwarded-Host": host}).status_code == 400


@both
def test_the_original_stays(protocol: Any) -> None:
    """The application has the environ or scope of the server under a key; that one is not changed."""
    seen: list[Any] = []

    @Request.application
    def app(request: Request) -> Response:
        carrier = request.environ if protocol == "wsgi" else request.scope
        original = carrier["cardan.proxy_fix.original"]
        seen.append(original.get("REMOTE_ADDR") or original["client"][0])
        return Response(request.remote_addr)

    with Client(ProxyFix(app), protocol) as client:
        assert client.get("/", headers={"X-Forwarded-For": "1.1.1.1"}).text == "1.1.1.1"
    assert seen == ["127.0.0.1"]


@both
def test_with_a_mount(protocol: Any) -> None:
    """ProxyFix around a mount: the prefix of the proxy comes first. Bodies, lifespans and state go through both."""
    log: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[dict[str, str]]:
        log.append("up")
        yield {"word": "hello"}
        log.append("down")

    @Request.application(load=True, lifespan=lifespan)
    async def app(request: Request) -> Response:
        return Response(f"{request.state['word']} {request.form['a']} {request.url}")

    with Client(ProxyFix(Mount({"/api": app}), x_prefix=1), protocol) as client:
        response = client.post("/api/x", data={"a": "1"}, headers={"X-Forwarded-Prefix": "/p"})
        assert response.text == "hello 1 http://testserver/p/api/x"
    assert log == ["up", "down"]


def test_on_wsgi() -> None:
    """The variables of PEP 3333 and RFC 3875 that an application of another framework reads."""
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> Any:
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    proxied = lint.wsgi(ProxyFix(app, 1, 1, 1, 1, 1))
    fields = FIELDS | {"X-Forwarded-Host": "[2001:db8::2]", "X-Forwarded-Prefix": "/\xc3\xa9".encode("latin-1")}
    with Client(proxied, "wsgi") as client:
        client.get("/x", headers=fields)  # type: ignore[arg-type]
    assert {name: seen[name] for name in ("REMOTE_ADDR", "REMOTE_PORT", "HTTP_X_FORWARDED_FOR")} == {
        "REMOTE_ADDR": "2001:db8::1",
        "REMOTE_PORT": "4711",
        "HTTP_X_FORWARDED_FOR": "2001:db8::1",
    }
    assert (seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == ("https", "[2001:db8::2]")
    assert (seen["SERVER_NAME"], seen["SERVER_PORT"]) == ("[2001:db8::2]", "443")
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == ("/\xc3\xa9", "/x")
    with Client(proxied, "wsgi") as client:
        client.get("/x", headers={"X-Forwarded-For": "1.1.1.1"})
    assert (seen["REMOTE_ADDR"], seen["REMOTE_PORT"]) == ("1.1.1.1", ""), "the proxy does not tell the port"


def test_on_asgi() -> None:
    """The keys of the ASGI specification; ``path`` includes the prefix."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            seen.update(scope)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    with Client(lint.asgi(ProxyFix(app, 1, 1, 1, 1, 1)), "asgi", root_path="/old") as client:
        client.get("/x", headers=FIELDS)
    assert (seen["client"], seen["server"], seen["scheme"]) == (
        ("2001:db8::1", 4711),
        ("www.example.com", 443),
        "https",
    )
    assert (seen["root_path"], seen["path"], seen["raw_path"]) == ("/app", "/app/x", b"/old/x")
    fields = dict(seen["headers"])
    assert (fields[b"host"], fields[b"x-forwarded-for"]) == (b"www.example.com", b"2001:db8::1")


#: options with which no field of the request below is believed
UNBELIEVED: list[Any] = [{"x_for": 0, "x_proto": 0, "x_host": 1}, {"x_for": 3, "x_proto": 2}, {"peers": ["10.0.0.0/8"]}]
#: what servers tell of the connection: all of it, no port of the client, a Unix socket
ENVIRONS: list[dict[str, Any]] = [
    {"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": "5000"},
    {"REMOTE_ADDR": "127.0.0.1"},
    {"REMOTE_ADDR": "::ffff:127.0.0.1", "SCRIPT_NAME": "/root"},
    {"REMOTE_ADDR": ""},
    {"SERVER_NAME": "/run/x.sock", "SERVER_PORT": ""},
    {"SERVER_NAME": "::1", "SERVER_PORT": 80},
    {},
]
SCOPES: list[dict[str, Any]] = [
    {"client": ("127.0.0.1", 5000), "server": ("127.0.0.1", 80), "root_path": ""},
    {"client": ["127.0.0.1", 0], "server": ["/run/x.sock", None], "root_path": "/root", "path": "/root/x"},
    {"client": None, "server": None},
    {},
]


@pytest.mark.parametrize("options", UNBELIEVED)
@pytest.mark.parametrize("told", ENVIRONS)
def test_an_environ_of_which_nothing_is_believed(told: Any, options: Any) -> None:
    """The variables of the server stay as they are, and none is added. Only X-Forwarded-For is removed."""
    seen: list[Any] = []
    builder = RequestBuilder("/x", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"})
    changing = ("REMOTE_ADDR", "REMOTE_PORT", "SCRIPT_NAME")
    environ = {key: value for key, value in builder.environ().items() if key not in changing} | told
    before = environ.copy()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.append({key: value for key, value in environ.items() if not key.startswith("cardan.")})
        return []

    ProxyFix(app, **options)(environ, start_response)
    del before["HTTP_X_FORWARDED_FOR"]
    assert seen == [before]


@pytest.mark.parametrize("options", UNBELIEVED)
@pytest.mark.parametrize("told", SCOPES)
def test_a_scope_of_which_nothing_is_believed(told: Any, options: Any) -> None:
    """The keys of the scope stay as they are, and none is added, although some are optional. Only X-Forwarded-For is
    removed.
    """
    seen: list[Any] = []
    builder = RequestBuilder("/x", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"})
    scope = {
        key: value for key, value in builder.scope().items() if key not in ("client", "server", "root_path")
    } | told
    before = {key: value for key, value in scope.items() if not key.startswith("cardan.")}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append({key: value for key, value in scope.items() if not key.startswith("cardan.")})

    call = ProxyFix(app, **options)(scope, no_receive, no_send)
    with pytest.raises(StopIteration):  # the application awaits nothing
        call.send(None)
    before["headers"] = [(name, value) for name, value in before["headers"] if name != b"x-forwarded-for"]
    assert seen == [before]


@pytest.mark.parametrize(("own", "scheme"), [("ws", "wss"), (None, "wss"), ("wss", "wss")])
def test_websockets(own: str | None, scheme: str) -> None:
    """The scope of a websocket is changed as well; its scheme is that of websockets."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    scope = {"type": "websocket", "path": "/", "headers": [(b"x-forwarded-proto", b"https"), (b"host", b"a.example")]}
    if own is not None:
        scope["scheme"] = own
    anyio.run(ProxyFix(app), scope, None, None)
    assert (seen["scheme"], seen["headers"]) == (scheme, [(b"x-forwarded-proto", b"https"), (b"host", b"a.example")])


def test_the_wrong_protocol() -> None:
    """An application of one protocol stays one. Over the other one an error says so."""
    async_app = ProxyFix(lint.asgi(lambda scope, receive, send: None))
    environ = RequestBuilder().environ()
    with pytest.raises(RuntimeError, match="got a request over WSGI for the application behind ProxyFix, expected one"):
        async_app(environ, lambda *_: None)  # type: ignore[call-overload]
    app = ProxyFix(flask.Flask("x"))
    with pytest.raises(RuntimeError, match="got a request over ASGI for the application behind ProxyFix, expected one"):
        anyio.run(app, RequestBuilder().scope(), None, None)


@pytest.mark.parametrize(
    ("app", "options", "error", "message"),
    [
        (site, {"x_for": -1}, ValueError, "got x_for=-1"),
        (site, {"peers": "10.0.0.0/8"}, TypeError, "expected an iterable of networks"),
        (None, {}, TypeError, "got an application of type NoneType"),
    ],
)
def test_mistakes(app: Any, options: Any, error: type[Exception], message: str) -> None:
    """Mistakes are found when the application is made."""
    with pytest.raises(error, match=message):
        ProxyFix(app, **options)


def test_close() -> None:
    """``close()`` closes the application, if it can be closed."""
    closed: list[bool] = []

    class App:
        def __call__(self, environ: Any, start_response: Any) -> Any: ...

        def close(self) -> None:
            closed.append(True)

    ProxyFix(App()).close()
    ProxyFix(flask.Flask("x")).close()
    assert closed == [True]


PIECES = st.lists(
    st.sampled_from(
        [
            *("1.1.1.1", "[2001:db8::1]:80", "2001:db8::1", "unknown", "_hid", "443", "0", "99999", "https", "ws"),
            *("a.example", "a.example:443", "/p", "/p/", "//p", "\xc3\xa9", "\xff"),
            *(",", ", ", ";", "=", "for=", "proto=", "host=", '"', "\\", " ", "\t"),
        ]
    )
).map("".join)
NAMES = ("Host", "Forwarded", *(f"X-Forwarded-{name}" for name in ("For", "Proto", "Host", "Port", "Prefix")))
COUNT = st.integers(0, 3)


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
    """Ignores its arguments."""


async def no_receive() -> Any:
    """Nothing comes."""


async def no_send(message: Any) -> None:
    """Nothing is sent."""


@given(
    fields=st.dictionaries(st.sampled_from(NAMES), PIECES),
    counts=st.tuples(COUNT, COUNT, COUNT, COUNT, COUNT, COUNT),
    peers=st.sampled_from([None, ["127.0.0.0/8"], ["10.0.0.0/8"]]),
    root=st.sampled_from(["", "/root"]),
)
def test_both_protocols_see_the_same(fields: Any, counts: Any, peers: Any, root: str) -> None:
    """Whatever is sent, nothing is raised, and every attribute of the request is the same over WSGI and over ASGI."""
    seen: list[Request] = []

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(Request(environ))
        return []

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        seen.append(Request(scope))

    headers = [(name, value.encode("latin-1")) for name, value in fields.items()]
    builder = RequestBuilder("/x", root_path=root, headers=headers)
    ProxyFix(wsgi, *counts, peers)(builder.environ(), start_response)
    call = ProxyFix(asgi, *counts, peers)(builder.scope(), no_receive, no_send)
    with pytest.raises(StopIteration):  # the application awaits nothing
        call.send(None)
    names = ("client", "scheme", "server", "host", "url", "root_path", "path", "raw_path", "access_route", "is_secure")
    assert [getattr(seen[0], name) for name in names] == [getattr(seen[1], name) for name in names]


# --- Werkzeug's ---

VALUES: dict[str, list[str | None]] = {
    "X-Forwarded-For": [None, "1.1.1.1", "6.6.6.6, 1.1.1.1", "2001:db8::1,1.1.1.1 , 2.2.2.2"],
    "X-Forwarded-Proto": [None, "https", "http,https"],
    "X-Forwarded-Host": [None, "a.example", "b.example:8443, a.example:8080", "[2001:db8::1]"],
    "X-Forwarded-Port": [None, "8443", "81, 8001"],
    "X-Forwarded-Prefix": [None, "/app", "/a, /b"],
}
COUNTS = [(1, 1, 0, 0, 0), (1, 1, 1, 1, 1), (2, 1, 2, 1, 2), (0, 0, 1, 0, 0), (3, 2, 1, 2, 1)]


@pytest.mark.parametrize("counts", COUNTS)
def test_as_werkzeug_does(counts: tuple[int, ...]) -> None:
    """Werkzeug's ProxyFix believes the same entries.

    It differs in three things: default ports are left out of Host; SERVER_NAME and SERVER_PORT always belong
    together; a port that belongs to the proxy's connection is not kept beside the address of the client.
    """
    seen: list[dict[str, Any]] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(dict(environ))
        return []

    ours, theirs = ProxyFix(app, *counts), werkzeug.middleware.proxy_fix.ProxyFix(app, *counts)
    same = ["REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME", "PATH_INFO"]
    for values in itertools.product(*VALUES.values()):
        fields = {name: value for name, value in zip(VALUES, values, strict=True) if value is not None}
        environ = RequestBuilder("/x", headers={"Host": "inner:8000", **fields}).environ()
        seen.clear()
        list(ours(dict(environ), lambda *_: None))  # type: ignore[arg-type]
        list(theirs(dict(environ), lambda *_: None))  # type: ignore[arg-type]
        assert [seen[0][name] for name in same] == [seen[1][name] for name in same], (fields, counts)


@pytest.mark.parametrize("spelt", [str.lower, str.upper, str.title])
def test_names_in_a_scope_in_any_case(spelt: Any) -> None:
    """The application sees the trusted entries only, also if a server or a middleware has written the names otherwise
    than the specification of ASGI says.
    """
    told = {"X-Forwarded-For": "6.6.6.6, 1.1.1.1", "Host": "evil.example", "X-Forwarded-Host": "www.example.com"}
    scope = RequestBuilder("/").scope()
    scope["headers"] = [(spelt(name).encode(), value.encode()) for name, value in told.items()]
    seen: list[Request] = []

    @Request.application
    async def app(request: Request) -> Response:
        seen.append(request)
        assert request.headers.getlist("X-Forwarded-For") == ["1.1.1.1"]
        assert request.headers.getlist("Host") == ["www.example.com"]
        return Response("x")

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None: ...

    anyio.run(ProxyFix(app, x_host=1), scope, receive, send)
    assert len(seen) == 1
