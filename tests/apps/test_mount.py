"""Mount: several applications below prefixes, on both protocols, with their lifespans and websockets."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import flask
import pytest
import starlette.applications
import starlette.middleware.gzip
import starlette.requests
import starlette.responses
import starlette.routing
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from cardan import CORS, Application, Compression, Dual, Mount, ProxyFix, Request, Response
from cardan.exceptions import WrongMode
from cardan.testing import PROTOCOLS, Client, lint
from tests.testing.apps import chunk, start

both = pytest.mark.parametrize("protocol", PROTOCOLS)


def named(name: str, **options: Any) -> Any:
    """An application that tells its name and what it sees of the URL."""

    @Request.application(**options)
    def app(request: Request) -> Response:
        state = dict(request.state)
        return Response(f"{name} {request.root_path!r} {request.path!r} {request.url}" + (f" {state}" if state else ""))

    return app


def wsgi_app(environ: Any, start_response: Any) -> Any:
    """A plain WSGI application."""
    start_response("200 OK", [])
    return [repr((environ["SCRIPT_NAME"], environ["PATH_INFO"])).encode()]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """A plain ASGI application without lifespan."""
    assert scope["type"] == "http"
    await start(send)
    await chunk(send, repr((scope["root_path"], scope["path"])).encode(), more=False)


SITE = Mount({"/api": named("api"), "/api/v2/": named("v2"), "/": named("site")})
STRICT = Mount({"/api": named("api")})


@both
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "site '' '/' http://testserver/"),
        ("/x?y=1", "site '' '/x' http://testserver/x?y=1"),
        ("/api", "api '/api' '/' http://testserver/api/"),
        ("/api/", "api '/api' '/' http://testserver/api/"),
        ("/api/x/y", "api '/api' '/x/y' http://testserver/api/x/y"),
        ("/apiary", "site '' '/apiary' http://testserver/apiary"),
        ("/api/v2", "v2 '/api/v2' '/' http://testserver/api/v2/"),
        ("/api/v2/x", "v2 '/api/v2' '/x' http://testserver/api/v2/x"),
        ("/api/v20", "api '/api' '/v20' http://testserver/api/v20"),
        ("/API/x", "site '' '/API/x' http://testserver/API/x"),
        ("/%61pi/x", "api '/api' '/x' http://testserver/api/x"),
    ],
)
def test_the_longest_prefix(protocol: Any, path: str, expected: str) -> None:
    """The longest prefix at a slash is chosen. It moves from the path to the root path; the URL stays the same."""
    with Client(SITE, protocol) as client:
        assert client.get(path).text == expected


@both
def test_below_a_root_path(protocol: Any) -> None:
    """The prefix comes behind the root path of the server. Mounts can be nested."""
    app = Mount({"/a": Mount({"/b": named("inner"), "/": named("outer")})})
    with Client(app, protocol, root_path="/site") as client:
        assert client.get("/a/b/c").text == "inner '/site/a/b' '/c' http://testserver/site/a/b/c"
        assert client.get("/a/bc").text == "outer '/site/a' '/bc' http://testserver/site/a/bc"
        assert client.get("/b").status_code == 404


@both
def test_text_beyond_ascii(protocol: Any) -> None:
    """Prefixes are decoded text. Bytes that are not UTF-8 stay what they are for the application."""
    app = Mount({"/é": named("app")})
    with Client(app, protocol) as client:
        assert client.get("/%C3%A9/%C3%A9").text == "app '/é' '/é' http://testserver/é/é"
        assert client.get("/%E9/x").status_code == 404
    seen: list[Any] = []

    def raw(environ: Any, start_response: Any) -> Any:
        seen.append((environ["SCRIPT_NAME"], environ["PATH_INFO"]))
        return wsgi_app(environ, start_response)

    with Client(Mount({"/é": raw})) as client:
        client.get("/", extensions={"target": b"/%C3%A9/%ff"})
    assert seen == [("/\xc3\xa9", "/\xff")]


@both
def test_nothing_there(protocol: Any) -> None:
    """A path that is below no prefix is a 404, a problem document like every error; also for an upload."""
    with Client(STRICT, protocol) as client:
        for path in ("/", "/x", "/apix", "//api"):
            response = client.post(path, content=b"x" * 100_000, headers={"Accept": "application/json"})
            assert (response.status_code, response.json()["title"]) == (404, "Not Found")
    with Client(Mount({}), protocol) as client:
        assert client.get("/").status_code == 404


@both
def test_applications_of_others(protocol: Any) -> None:
    """WSGI, ASGI and dual applications stand side by side. Over the wrong protocol an error says so."""
    app = Mount({"/wsgi": wsgi_app, "/asgi": asgi_app, "/both": named("both")})
    other = "asgi" if protocol == "wsgi" else "wsgi"
    seen = {"wsgi": "('/wsgi', '/x')", "asgi": "('/asgi', '/asgi/x')"}
    with Client(app, protocol) as client:
        assert client.get(f"/{protocol}/x").text == seen[protocol]
        assert client.get("/both/x").status_code == 200
        message = f"got a request over {protocol.upper()} for the application at '/{other}', expected one over"
        with pytest.raises(RuntimeError, match=message):
            client.get(f"/{other}/x")


@both
def test_frameworks(protocol: Any) -> None:
    """Flask and Starlette build their URLs with the prefix."""
    old = flask.Flask("old")

    @old.route("/hello")
    def hello() -> str:
        return flask.url_for("hello", _external=True) + " " + flask.request.url

    async def ahello(request: starlette.requests.Request) -> starlette.responses.Response:
        return starlette.responses.PlainTextResponse(f"{request.url_for('ahello')} {request.url}")

    new = starlette.applications.Starlette(routes=[starlette.routing.Route("/hello", ahello)])
    app = Mount({"/app": old if protocol == "wsgi" else new})
    with Client(app, protocol) as client:
        assert client.get("/app/hello?a=1").text == "http://testserver/app/hello http://testserver/app/hello?a=1"


@both
def test_a_site_of_wsgi_for_both_protocols(protocol: Any) -> None:
    """A WSGI application behind ``Application.from_wsgi`` can be mounted for both protocols, prefixes and all."""
    app = Mount({"/new": named("new"), "/old": Application.from_wsgi(wsgi_app), "/": Application.from_wsgi(wsgi_app)})
    proxied = ProxyFix(app, x_prefix=1)
    with Client(proxied, protocol) as client:
        for path, prefix, expected in (
            ("/old/x", None, "('/old', '/x')"),
            ("/old/%ff", None, "('/old', '/\\xff')"),
            ("/p/x", None, "('', '/p/x')"),
            ("/p/x", "/p", "('/p', '/p/x')"),
            ("/old/x", "/p", "('/p/old', '/x')"),
            ("/old/old/x", "/old", "('/old/old', '/old/x')"),
        ):
            fields = {} if prefix is None else {"X-Forwarded-Prefix": prefix}
            assert client.get(path, headers=fields).text.replace("\xff", "\\xff") == expected
        assert client.get("/new/x").text.startswith("new '/new' '/x'")


PATHS = ["/", "", "/a", "/a/", "/a/x", "/a//x", "/ab", "/a/b", "/a/b/", "/a/b/c", "/a/bc", "//a", "/a/../b"]


@pytest.mark.parametrize("root", ["", "/site"])
@pytest.mark.parametrize("path", PATHS)
def test_as_werkzeug_does(path: str, root: str) -> None:
    """On WSGI, Werkzeug's DispatcherMiddleware chooses the same application and moves the same prefix."""

    def app_of(name: str) -> Any:
        def app(environ: Any, start_response: Any) -> list[Any]:
            return [(name, environ["SCRIPT_NAME"], environ["PATH_INFO"])]

        return app

    a, b, rest = app_of("a"), app_of("b"), app_of("rest")
    oracle = DispatcherMiddleware(rest, {"/a": a, "/a/b": b})
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": root, "PATH_INFO": path}
    ours, theirs = (
        list(app({**environ}, lambda *_: None))  # type: ignore[operator]
        for app in (Mount({"/a": a, "/a/b": b, "/": rest}), oracle)
    )
    assert ours == theirs


@pytest.mark.parametrize("root", ["", "/site"])
@pytest.mark.parametrize("path", [path for path in PATHS if path not in ("", "/a", "/a/b")])
def test_as_starlette_does(path: str, root: str) -> None:
    """On ASGI, Starlette's Mount chooses the same application and makes the same scope.

    They differ in a prefix without its slash, from which Starlette redirects.
    """
    seen: list[Any] = []

    def app_of(name: str) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            seen.append((name, scope["root_path"], scope["path"]))

        return app

    a, b, rest = app_of("a"), app_of("b"), app_of("rest")
    routes = [starlette.routing.Mount(prefix, app) for prefix, app in (("/a/b", b), ("/a", a), ("/", rest))]
    scope = {"type": "http", "method": "GET", "root_path": root, "path": root + path, "headers": []}
    for app in (Mount({"/a": a, "/a/b": b, "/": rest}), starlette.routing.Router(routes)):
        anyio.run(app, {**scope}, None, None)
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_a_server_that_leaves_the_root_path_out() -> None:
    """If ``path`` does not begin with ``root_path``, the path of the application does all the same."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["root_path"], scope["path"]))

    scope = {"type": "http", "method": "GET", "root_path": "/site", "path": "/a/x", "headers": []}
    anyio.run(Mount({"/a": app}), scope, None, None)
    assert seen == [("/site/a", "/site/a/x")]
    assert (scope["root_path"], scope["path"]) == ("/site", "/a/x")


@both
def test_the_asterisk_of_options(protocol: Any) -> None:
    """``OPTIONS *`` is about the whole server: only the prefix of all paths holds it."""
    with Client(SITE, protocol, root_path="") as client:
        assert client.options("/", extensions={"target": b"*"}).text.startswith("site '' '/*'")
    scope = {"type": "http", "method": "OPTIONS", "root_path": "/site", "path": "*", "headers": []}
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["root_path"], scope["path"]))

    anyio.run(Mount({"/": app}), scope, None, None)
    assert seen == [("/site", "*")]


@both
@pytest.mark.parametrize("around", [lambda app: Mount({"/": app}), ProxyFix, Compression, lambda app: CORS(app, "*")])
def test_what_was_read_before_is_known(protocol: Any, around: Any) -> None:
    """A body that was read in front of a mount or of another wrapper, or behind it, is known on the other side, and is
    not read again.
    """
    after: list[Any] = []
    inner = Application(lambda request: Response(request.data))
    app = around(inner)
    serve_wsgi, serve_asgi = app.wsgi_app, app.asgi_app

    def wrapped_wsgi(environ: Any, start_response: Any) -> Any:
        body = serve_wsgi(environ, start_response)
        after.append(Request(environ).data)
        return body

    async def wrapped_asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await serve_asgi(scope, receive, send)
            return
        await serve_asgi(scope, receive, send)
        request = Request(scope, receive, send)
        await request.load()
        after.append(request.data)

    with Client(Dual(wrapped_wsgi, wrapped_asgi), protocol) as client:
        assert client.post("/", content=b"abc").text == "abc"
    assert after == [b"abc"]


# --- mistakes ---


@pytest.mark.parametrize(
    ("apps", "error", "message"),
    [
        ({"api": wsgi_app}, ValueError, "begins with one slash"),
        ({"/a": wsgi_app, "/a/": wsgi_app}, ValueError, "got the prefix '/a/' twice"),
        ({"/a": None}, TypeError, "got an application of type NoneType"),
        ({"/a": lambda request: Response()}, ValueError, "got an application at '/a' that takes neither"),
    ],
)
def test_mistakes(apps: Any, error: type[Exception], message: str) -> None:
    """A wrong prefix, and what is no application, are found when the mount is made."""
    with pytest.raises(error, match=message):
        Mount(apps)


def test_the_applications_can_be_looked_at() -> None:
    """``apps`` is read-only, the longest prefix first."""
    assert list(SITE.apps) == ["/api/v2", "/api", ""]
    with pytest.raises(TypeError):
        SITE.apps["/x"] = wsgi_app  # type: ignore[index]


def test_half_a_wrapper_is_refused() -> None:
    """Middleware of one protocol around a mount must not be missing on the other one, as for every dual application."""
    app = Mount({"/": named("site")})
    app.wsgi_app = lint.wsgi(app.wsgi_app)
    with Client(app, "wsgi") as client:
        assert client.get("/").status_code == 200
    with Client(app, "asgi") as client, pytest.raises(RuntimeError, match="only wsgi_app of this application was"):
        client.get("/")


# --- lifespans ---


def lifespan(log: list[str], name: str, fail: str = "") -> Any:
    """A lifespan that logs, yields its name, and may fail."""

    @contextlib.asynccontextmanager
    async def run(app: object) -> AsyncIterator[dict[str, Any]]:
        log.append(f"{name} up")
        if fail == "startup":
            raise ValueError(f"{name} cannot start")
        yield {"name": name}
        log.append(f"{name} down")
        if fail == "shutdown":
            raise ValueError(f"{name} cannot stop")

    return run


@both
def test_every_lifespan_is_entered_and_left(protocol: Any) -> None:
    """All lifespans are entered, also a sync one, and left in the reverse order. Each application has its own state."""
    log: list[str] = []

    @contextlib.contextmanager
    def sync(app: object) -> Iterator[dict[str, Any]]:
        log.append("c up")
        yield {"name": "c"}
        log.append("c down")

    a, c = named("a", lifespan=lifespan(log, "a")), named("c", lifespan=sync)
    b = Mount({"/": named("b", lifespan=lifespan(log, "b"))})
    app = Mount({"/a": a, "/b": b, "/c": ProxyFix(c), "/d": named("d")})
    for _ in range(2):
        with Client(app, protocol) as client:
            assert client.get("/nothing").status_code == 404
            assert log == ["a up", "b up", "c up"]
            for name in "abc":
                assert client.get(f"/{name}/x").text.endswith(str({"name": name}))
            assert client.get("/d/x").text == "d '/d' '/x' http://testserver/d/x"
        assert log == ["a up", "b up", "c up", "c down", "b down", "a down"]
        log.clear()


@both
def test_an_application_that_is_mounted_twice_has_one_lifespan(protocol: Any) -> None:
    """An application that is mounted under two prefixes is started and stopped once."""
    log: list[str] = []
    app = named("a", lifespan=lifespan(log, "a"))
    with Client(Mount({"/a": app, "/b": app}), protocol) as client:
        assert client.get("/a").text == "a '/a' '/' http://testserver/a/ {'name': 'a'}"
        assert client.get("/b").text == "a '/b' '/' http://testserver/b/ {'name': 'a'}"
    assert log == ["a up", "a down"]


@both
@pytest.mark.parametrize("order", [1, -1])
def test_an_application_has_one_lifespan_wherever_it_is_mounted(protocol: Any, order: int) -> None:
    """Below another mount, behind wrappers of cardan and of others, and behind several of these, the application is
    started and ended once, and all its requests see its state.
    """
    log: list[str] = []
    app = named("a", lifespan=lifespan(log, "a"))
    other = named("b", lifespan=lifespan(log, "b"))
    mount = Mount({"/plain": app, "/wrapped": Compression(CORS(app, origins="*")), "/b": other})
    foreign = Dual(lint.wsgi(app), starlette.middleware.gzip.GZipMiddleware(app))
    places = {"/plain": app, "/wrapped": ProxyFix(app), "/mount": CORS(mount, origins="*"), "/foreign": foreign}
    below = Mount(dict(list(places.items())[::order]))
    for _ in range(2):
        with Client(below, protocol) as client:
            for path in ("/plain", "/wrapped", "/mount/plain", "/mount/wrapped", "/foreign"):
                assert client.get(path).text.endswith("{'name': 'a'}")
            assert client.get("/mount/b").text.endswith("{'name': 'b'}")
        assert sorted(log) == ["a down", "a up", "b down", "b up"]
        log.clear()


def test_an_application_of_others_has_one_lifespan() -> None:
    """An application of Starlette that is mounted several times, also behind wrappers, is started once."""
    log: list[str] = []

    async def page(request: starlette.requests.Request) -> starlette.responses.Response:
        return starlette.responses.PlainTextResponse(request.state.name)

    routes = [starlette.routing.Route("/", page)]
    other = starlette.applications.Starlette(routes=routes, lifespan=lifespan(log, "s"))
    app = Mount({"/a": Compression(other), "/b": Mount({"/c": other}), "/d": CORS(ProxyFix(other), origins="*")})
    with Client(app, "asgi") as client:
        assert [client.get(path).text for path in ("/a/", "/b/c/", "/d/")] == ["s"] * 3
    assert log == ["s up", "s down"]


def test_several_servers_at_once() -> None:
    """Each server has its own state, also in nested mounts, and no name is added to what an application sees."""
    started: list[int] = []

    @contextlib.asynccontextmanager
    async def numbered(app: object) -> AsyncIterator[dict[str, int]]:
        started.append(len(started))
        yield {"number": started[-1]}

    app = Mount({"/a": Mount({"/b": named("b", lifespan=numbered), "/c": named("c")}), "/d": named("d")})
    with Client(app, "asgi") as first, Client(app, "asgi") as second:
        with Client(app, "asgi") as third:
            assert third.get("/a/b").text.endswith("{'number': 2}")
        assert second.get("/a/b").text.endswith("{'number': 1}")
        assert first.get("/a/b").text.endswith("{'number': 0}")
        for path in ("/a/c", "/d"):
            assert first.get(path).text.endswith(f"http://testserver{path}/")


def test_a_server_without_state() -> None:
    """If the server has no lifespan state (ASGI specification, "Lifespan State"), the applications have theirs."""
    app = Mount({"/a": named("a", lifespan=lifespan([], "a"))})
    sent: list[Any] = []

    async def main() -> None:
        asked = iter([{"type": "lifespan.startup"}])
        stop = anyio.Event()

        async def receive() -> Any:
            for message in asked:
                return message
            await stop.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: Any) -> None:
            sent.append(message)
            started.set()

        async def request() -> Any:
            return {"type": "http.request"}

        started = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(app, {"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
            await started.wait()
            scope = {"type": "http", "method": "GET", "path": "/a", "root_path": "", "headers": []}
            await app(scope, request, send)
            stop.set()

    anyio.run(main)
    assert b"{'name': 'a'}" in sent[2]["body"]


def test_lifespans_of_others() -> None:
    """Starlette's lifespan is run as well. An application without one, and a WSGI application, are left alone."""
    log: list[str] = []

    async def page(request: starlette.requests.Request) -> starlette.responses.Response:
        return starlette.responses.PlainTextResponse(request.state.name)

    routes = [starlette.routing.Route("/", page)]
    other = starlette.applications.Starlette(routes=routes, lifespan=lifespan(log, "s"))
    app = Mount({"/a": named("a", lifespan=lifespan(log, "a")), "/s": other, "/no": asgi_app, "/w": wsgi_app})
    with Client(app, "asgi") as client:
        assert client.get("/s/").text == "s"
        assert client.get("/no/x").text == "('/no', '/no/x')"
    assert log == ["a up", "s up", "s down", "a down"]


def run_lifespan(app: Any) -> list[Any]:
    """The messages of a lifespan, and the error that it raises; the server shuts down at once."""
    messages: list[Any] = []
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(asked)}

    async def send(message: Any) -> None:
        messages.append((message["type"], message.get("message")))

    async def main() -> None:
        try:
            await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
        except Exception as error:
            messages.append(error)

    anyio.run(main)
    return messages


def test_a_lifespan_that_fails_at_its_start() -> None:
    """The applications before it are shut down, those after it never start, and the server learns of the failure."""
    log: list[str] = []
    apps = [
        named("a", lifespan=lifespan(log, "a")),
        named("b", lifespan=lifespan(log, "b", "startup")),
        named("c", lifespan=lifespan(log, "c")),
    ]
    failed, error = run_lifespan(Mount({f"/{at}": app for at, app in enumerate(apps)}))
    assert failed == ("lifespan.startup.failed", "ValueError: b cannot start")
    assert repr(error) == "ValueError('b cannot start')"
    assert log == ["a up", "b up", "a down"]

    async def receiving(scope: Any, receive: Any, send: Any) -> None:
        """Receives in a loop, as the example of the specification does."""
        while (await receive())["type"] == "lifespan.startup":
            log.append("b up")
            await send({"type": "lifespan.startup.failed", "message": "b cannot start"})

    log.clear()
    mount = Mount({"/a": apps[0], "/b": receiving, "/c": apps[2]})
    assert run_lifespan(mount) == [("lifespan.startup.failed", "b cannot start")]
    assert log == ["a up", "b up", "a down"]


def test_a_lifespan_that_fails_on_wsgi() -> None:
    """The request raises the error. The next request tries again, and what has started is not started again."""
    log: list[str] = []
    app = Mount(
        {"/a": named("a", lifespan=lifespan(log, "a")), "/b": named("b", lifespan=lifespan(log, "b", "startup"))}
    )
    with Client(app, "wsgi") as client:
        for _ in range(2):
            with pytest.raises(ValueError, match="b cannot start"):
                client.get("/a")
    assert log == ["a up", "b up", "b up", "a down"]


def test_a_lifespan_that_fails_at_its_end() -> None:
    """All the others are shut down all the same, and the first failure is told."""
    log: list[str] = []
    apps = [named(name, lifespan=lifespan(log, name, "shutdown" if name != "c" else "")) for name in "abc"]
    started, failed, error = run_lifespan(Mount({f"/{at}": app for at, app in enumerate(apps)}))
    assert started == ("lifespan.startup.complete", None)
    assert failed == ("lifespan.shutdown.failed", "ValueError: b cannot stop")
    assert repr(error) == "ValueError('b cannot stop')"
    assert log == ["a up", "b up", "c up", "c down", "b down", "a down"]


def test_odd_lifespans() -> None:
    """Applications that return early, never ask for the shutdown, or ask once more, disturb nobody."""
    log: list[str] = []

    async def returns_at_once(scope: Any, receive: Any, send: Any) -> None:
        log.append("returned")

    async def raises_at_once(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise ValueError("no lifespan here")

    async def never_waits(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})

    async def loops(scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})

    last = named("z", lifespan=lifespan(log, "z"))
    apps = [returns_at_once, raises_at_once, never_waits, loops, last]
    messages = run_lifespan(Mount({f"/{at}": app for at, app in enumerate(apps)}))
    assert messages == [("lifespan.startup.complete", None), ("lifespan.shutdown.complete", None)]
    assert log == ["returned", "z up", "z down"]


def test_the_lifespan_is_that_of_the_specification() -> None:
    """The lint of the protocol finds nothing, and the state of the server reaches every application."""
    log: list[str] = []
    app = lint.asgi(Mount({"/a": named("a", lifespan=lifespan(log, "a")), "/b": named("b")}))
    with Client(app, "asgi", backend="trio") as client:
        assert client.get("/a").text.endswith("{'name': 'a'}")
    assert log == ["a up", "a down"]


def test_close_closes_all() -> None:
    """On WSGI, ``close()`` ends what the applications have started, whatever one of them raises."""
    closed: list[str] = []

    class Closing:
        def __init__(self, name: str) -> None:
            self.name = name

        def __call__(self, environ: Any, start_response: Any) -> Any: ...

        def close(self) -> None:
            closed.append(self.name)
            if self.name != "a":
                raise ValueError(self.name)

    with pytest.raises(ValueError, match="c"):
        Mount({f"/{name}": Closing(name) for name in "abc"} | {"/w": wsgi_app}).close()
    assert closed == ["c", "b", "a"]


def test_close_in_sync_code_awaits_nothing() -> None:
    """An application whose ``close`` has to be awaited is named; the others are closed."""
    closed: list[str] = []

    class Closing:
        def __call__(self, environ: Any, start_response: Any) -> Any: ...

        def close(self) -> None:
            closed.append("a")

    class Awaited(Closing):
        async def close(self) -> None:  # type: ignore[override]
            raise AssertionError

    with pytest.raises(WrongMode, match="async"):
        Mount({"/a": Closing(), "/b": Awaited()}).close()
    assert closed == ["a"]


# --- websockets and other scopes ---


def connect(app: Any, path: str, **values: Any) -> list[Any]:
    """The messages that an application sends when a websocket is opened."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(app, {"type": "websocket", "path": path, "root_path": "", "headers": [], **values}, receive, send)
    return sent


def test_websockets() -> None:
    """Websockets go to the applications that have them, with their prefix moved; the others refuse them."""

    async def talk(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept", "subprotocol": f"{scope['root_path']} {scope['path']}"})

    app = Mount({"/foreign": talk, "/own": named("own", websocket=talk), "/none": named("none"), "/wsgi": wsgi_app})
    assert connect(app, "/foreign/x")[0]["subprotocol"] == "/foreign /foreign/x"
    assert connect(app, "/own/x")[0]["subprotocol"] == "/own /own/x"
    for path in ("/none/x", "/wsgi/x", "/nowhere"):
        assert connect(app, path) == [{"type": "websocket.close", "code": 1000}]
        denied = connect(app, path, extensions={"websocket.http.response": {}})
        assert (denied[0]["type"], denied[0]["status"]) == ("websocket.http.response.start", 404)


def test_other_scopes() -> None:
    """A scope of an unknown type is an error, which a server expects (ASGI specification, "Applications")."""
    with pytest.raises(RuntimeError, match="got a scope of type 'ftp', expected http, websocket or lifespan"):
        anyio.run(SITE, {"type": "ftp"}, None, None)


def test_no_state_where_there_is_none() -> None:
    """If no lifespan has run and the server keeps no state, the scope of the application has none, either."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    parts = {"type": "http", "method": "GET", "root_path": "", "path": "/a", "headers": []}
    anyio.run(Mount({"/a": app}), {**parts}, None, None)
    anyio.run(Mount({"/a": app}), {**parts, "state": {"x": 1}}, None, None)
    assert "state" not in scopes[0]
    assert scopes[1]["state"] == {"x": 1}


def test_an_application_without_a_lifespan_sees_no_entry_of_the_mount() -> None:
    """What the mount keeps in the state of the server is not in the state of its applications, if no application below
    it has a lifespan either.
    """
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("no lifespan")
        scopes.append(scope)

    async def receive() -> Any:
        return {"type": next(asked)}

    async def send(message: Any) -> None:
        assert message["type"].endswith(".complete")

    asked = iter(["lifespan.startup", "lifespan.shutdown"])
    mount, state = Mount({"/a": app}), {"x": 1}
    anyio.run(mount, {"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}, receive, send)
    assert len(state) == 2
    parts = {"type": "http", "method": "GET", "root_path": "", "path": "/a", "headers": []}
    anyio.run(mount, {**parts, "state": state}, None, None)
    assert scopes[0]["state"] == {"x": 1}
