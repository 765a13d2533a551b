"""Checks each sentence of docs/explanation/parity.md about cardan and about servers, beside `test_parity.py`."""

from __future__ import annotations

import contextvars
import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Request, Response
from cardan.asgi import ScopeHead
from cardan.exceptions import LengthRequired, WrongMode
from cardan.testing import PROTOCOLS, Client, RequestBuilder
from cardan.wsgi import EnvironHead
from tests.servers import KINDS

from .conftest import ROOT
from .test_parity import exchange

if TYPE_CHECKING:
    from tests.servers import ServerPool

both = pytest.mark.parametrize("protocol", PROTOCOLS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])


def seen(protocol: Any, look: Callable[[Request], Any], kind: str = "def", **options: Any) -> Any:
    """What ``look`` gives in a handler of this kind, for a request that ``options`` describe."""
    found: list[Any] = []

    def handler(request: Request) -> Response:
        found.append(look(request))
        return Response("")

    async def ahandler(request: Request) -> Response:
        return handler(request)

    changes = options.pop("changes", None)
    app: Any = Application(handler if kind == "def" else ahandler)
    if changes is not None:
        inner = app

        def wsgi(environ: Any, start_response: Any) -> Any:
            return inner({**environ, **changes}, start_response)

        async def asgi(scope: Any, receive: Any, send: Any) -> None:
            await inner({**scope, **changes} if scope["type"] == "http" else scope, receive, send)

        app = wsgi if protocol == "wsgi" else asgi
    with Client(app, protocol) as client:
        client.request(options.pop("method", "POST"), "/a", **{"content": b"body", **options})
    return found[0]


# --- the table ---


@kinds
def test_what_the_server_passed(kind: str) -> None:
    """`environ` on WSGI, `scope` on ASGI; the other one raises AttributeError. The head reads from that object."""
    assert seen("wsgi", lambda request: request.environ["PATH_INFO"], kind) == "/a"
    assert seen("asgi", lambda request: request.scope["path"], kind) == "/a"
    assert seen("wsgi", lambda request: hasattr(request, "scope"), kind) is False
    assert seen("asgi", lambda request: hasattr(request, "environ"), kind) is False
    assert seen("wsgi", lambda request: type(request.head), kind) is EnvironHead
    assert seen("asgi", lambda request: type(request.head), kind) is ScopeHead


def test_the_raw_body() -> None:
    """`input_stream` and `receive` give the body again to an application that is called with it."""

    def handler(request: Request) -> Response:
        assert request.get_data() == b"body"
        return Response(request.input_stream.read())

    async def ahandler(request: Request) -> Response:
        await request.load()
        message = await request.receive()
        return Response(message["body"])

    with Client(Application(handler), "wsgi") as client:
        assert client.post("/", content=b"body").text == "body"
    with Client(Application(ahandler), "asgi") as client:
        assert client.post("/", content=b"body").text == "body"


@both
def test_the_stream(protocol: Any) -> None:
    """A `def` handler has `stream` at any time, an `async def` handler after `load()`."""
    assert seen(protocol, lambda request: request.stream.read()) == b"body"
    found: list[bytes] = []

    async def handler(request: Request) -> Response:
        with pytest.raises(WrongMode):
            request.stream.read()
        await request.load()
        found.append(request.stream.read())
        return Response("")

    with Client(Application(handler), protocol) as client:
        client.post("/", content=b"body")
    assert found == [b"body"]


def test_what_servers_tell() -> None:
    """Values that only an environ can have, and what ASGI has in their place."""

    def look(request: Request) -> Any:
        return request.is_multithread, request.is_multiprocess, request.is_run_once, request.remote_user

    environ = {
        "wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": True, "REMOTE_USER": "ada",
    }  # fmt: skip
    assert seen("wsgi", look, changes=environ) == (False, True, True, "ada")
    assert seen("asgi", look) == (True, False, False, None)
    assert seen("wsgi", lambda request: request.client, changes={"REMOTE_PORT": ""}) == ("127.0.0.1", 0)
    assert seen("asgi", lambda request: request.client, changes={"client": ("::1", 5)}) == ("::1", 5)


@pytest.mark.parametrize("key", ["RAW_URI", "REQUEST_URI"])
def test_the_raw_path(key: str) -> None:
    """`raw_path` is what the server tells, and else None, on both protocols."""
    nothing = {"RAW_URI": None, "REQUEST_URI": None}
    assert seen("wsgi", lambda request: request.raw_path, changes={**nothing, key: "/%61?b"}) == b"/%61"
    assert seen("wsgi", lambda request: request.raw_path, changes=nothing) is None
    assert seen("asgi", lambda request: request.raw_path, changes={"raw_path": b"/%61"}) == b"/%61"
    assert seen("asgi", lambda request: request.raw_path, changes={"raw_path": None}) is None


def test_a_client_that_leaves_while_the_handler_runs() -> None:
    """ASGI tells it while the handler runs, after the whole body was received."""
    found: list[bool] = []

    async def handler(request: Request) -> Response:
        await request.load()
        before = request.disconnected
        try:
            async with request.cancel_on_disconnect():
                await anyio.sleep(20)
        finally:
            found.extend([before, request.disconnected])
        return Response("")

    async def main() -> None:
        messages = iter([{"type": "http.request", "body": b"x"}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            pass

        await Application(handler)(RequestBuilder("/", method="POST", data=b"x").scope(), receive, send)

    anyio.run(main)
    assert found == [False, True]


def test_a_client_that_leaves_on_wsgi() -> None:
    """WSGI tells it when writing fails: the server closes the body before its end."""
    requests: list[Request] = []

    def handler(request: Request) -> Response:
        requests.append(request)
        return Response(b"%d" % number for number in range(5))

    body: Any = Application(handler)(RequestBuilder("/").environ(), lambda status, headers, exc_info=None: int)
    assert next(body) == b"0"
    assert not requests[0].disconnected
    body.close()
    assert requests[0].disconnected


# --- other differences in cardan ---


@both
def test_close_hooks_of_def_handlers(protocol: Any) -> None:
    """A plain hook sees the context variables of the handler on both protocols; on WSGI it also runs in its thread."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")
    found: list[Any] = []

    def handler(request: Request) -> Response:
        variable.set("set")
        response = Response(b"%d" % number for number in range(3))
        thread = threading.get_ident()
        response.call_on_close(lambda: found.append((variable.get(), threading.get_ident() == thread)))
        return response

    with Client(Application(handler), protocol) as client:
        assert client.get("/").text == "012"
    assert found[0][0] == "set"
    assert found[0][1] or protocol == "asgi"


@both
def test_early_answers(protocol: Any) -> None:
    """Only on ASGI does an error to a request that may be too large get `Connection: close`."""

    def handler(request: Request) -> Response:
        return Response("no", 403)

    with Client(Application(handler), protocol) as client:
        answer = client.post("/", content=iter([b"x" * 1000] * 3), headers={"Transfer-Encoding": "chunked"})
        assert answer.headers.get("Connection") == ("close" if protocol == "asgi" else None)
        assert "Connection" not in client.post("/", content=b"x").headers


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_context_variables_of_async_handlers(backend: Any) -> None:
    """On ASGI a sync body sees and sets the variables of an `async def` handler, but cannot reset its tokens."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")
    found: list[Any] = []

    async def handler(request: Request) -> Response:
        token = variable.set("handler")

        def body() -> Any:
            found.append(variable.get())
            variable.set("body")
            yield b"x"
            try:
                variable.reset(token)
            except ValueError:
                found.append("another context")

        response = Response(body())
        response.call_on_close(lambda: found.append(variable.get()))
        return response

    with Client(Application(handler), "asgi", backend=backend) as client:
        client.get("/")
    assert found == ["handler", "another context", "body"]


@both
@kinds
def test_what_only_one_protocol_has(protocol: Any, kind: str) -> None:
    """Early hints need the server, and are silently not sent where it has none: the same call works everywhere."""
    found: list[Any] = []

    def handler(request: Request) -> Response:
        found.append(request.send_early_hints(["</a.css>; rel=preload"]))
        return Response("well")

    async def ahandler(request: Request) -> Response:
        found.append(await request.asend_early_hints(["</a.css>; rel=preload"]))
        return Response("well")

    with Client(Application(handler if kind == "def" else ahandler), protocol) as client:
        assert client.get("/").text == "well"
    assert found == [None]


# --- differences between servers ---

SERVERS = (
    "gunicorn", "waitress", "cheroot", "wsgiref", "granian-wsgi", "uvicorn", "hypercorn", "daphne", "granian-asgi",
)  # fmt: skip
WSGI = SERVERS[:5]
#: these give a name with an underscore as the same name with a hyphen; all others on WSGI drop the field
HYPHENATING = ("cheroot", "wsgiref", "granian-wsgi")


def test_every_server_is_asked() -> None:
    """Each server that the tests can start is in the table, in one of its kinds."""
    assert {name.partition("-")[0] for name in SERVERS} == {name.partition("-")[0] for name in KINDS}


@pytest.fixture
def ask(server_pool: ServerPool) -> Any:
    """``ask(server, lines, body, target)``: the status, and the members of a request that is sent as these lines."""

    def send(server: str, lines: list[bytes], body: bytes = b"", target: bytes = b"/") -> tuple[int, dict[str, Any]]:
        url = server_pool.get(server, "tests.contract.parity_app:app", app_dir=ROOT).url
        method = b"POST" if body else b"GET"
        head = [b"%s %s HTTP/1.1" % (method, target), *lines, b"Connection: close"]
        status, text = exchange(url, b"\r\n".join(head) + b"\r\n\r\n" + body)
        return status, json.loads(text) if status == 200 else {}

    return send


@pytest.mark.real_server
@pytest.mark.parametrize("server", SERVERS)
def test_header_fields_on_servers(server: str, ask: Any) -> None:
    """Repeated fields are joined. Names are in Title-Case; a name with an underscore is not found on WSGI."""
    lines = [b"Host: a.de", b"X-A: 1", b"x-a: 2", b"X_B: 3", b"X-C: \xe9"]
    status, found = ask(server, lines)
    assert status == 200
    fields = dict(map(tuple, found["headers"]))
    assert fields["X-A"].replace(" ", "") == ("2" if server == "cheroot" else "1,2")
    assert all(name == "-".join(part.capitalize() for part in name.split("-")) for name in fields if "_" not in name)
    assert ("X_B" in fields) is (server not in WSGI and server != "daphne")
    assert ("X-B" in fields) is (server in HYPHENATING)
    assert fields["X-C"] == ("" if server == "granian-wsgi" else "\xe9")


@pytest.mark.real_server
@pytest.mark.parametrize("server", SERVERS)
def test_the_address_of_the_client(server: str, ask: Any) -> None:
    """uvicorn takes it from X-Forwarded-For: the last entry that is not one of a trusted proxy. waitress removes it."""
    status, found = ask(server, [b"Host: a.de", b"X-Forwarded-For: 1.1.1.1, 2.2.2.2, 127.0.0.1"])
    assert status == 200
    assert found["remote_addr"] == ("2.2.2.2" if server == "uvicorn" else "127.0.0.1")
    assert ("X-Forwarded-For" in dict(map(tuple, found["headers"]))) is (server != "waitress")


@pytest.mark.real_server
@pytest.mark.parametrize("server", SERVERS)
def test_ports_are_numbers(server: str, server_pool: ServerPool) -> None:
    """``client`` and ``server`` have numbers as ports on every server; granian puts text into the scope."""
    url = server_pool.get(server, "tests.contract.parity_app:connection", app_dir=ROOT).url
    status, text = exchange(url, b"GET / HTTP/1.1\r\nHost: a.de\r\nConnection: close\r\n\r\n")
    found = json.loads(text)
    assert status == 200
    assert [type(found[name][1]) for name in ("client", "server")] == [int, int]


@pytest.mark.real_server
@pytest.mark.parametrize("server", SERVERS)
def test_two_cookie_fields(server: str, ask: Any) -> None:
    """ASGI servers pass them on as they are; WSGI servers may join them into one that cannot be parsed, or drop one."""
    status, found = ask(server, [b"Host: a.de", b"Cookie: a=1", b"Cookie: b=2"])
    assert status == 200
    cookies = {name: value.replace(" ", "") for name, value in found["cookies"]}
    joined = {"gunicorn": {"a": "1,b=2"}, "waitress": {"a": "1,b=2"}, "wsgiref": {"a": "1,b=2"}, "cheroot": {"b": "2"}}
    assert cookies == joined.get(server, {"a": "1", "b": "2"})


@pytest.mark.real_server
@pytest.mark.parametrize("server", SERVERS)
def test_unusual_targets(server: str, ask: Any) -> None:
    """Some servers cut the target at a raw `#`, and most refuse a byte outside of ASCII."""
    status, found = ask(server, [b"Host: a.de"], target=b"/a#b")
    if server == "cheroot":
        assert status == 400
    else:
        cuts = server in ("gunicorn", "waitress", "granian-wsgi", "granian-asgi")
        assert (status, found["url"]) == (200, "http://a.de/a" if cuts else "http://a.de/a%23b")
    status, found = ask(server, [b"Host: a.de"], target=b"/\xe9")
    assert status == (200 if server == "wsgiref" else 400)


@pytest.mark.real_server
@pytest.mark.parametrize("server", SERVERS)
def test_chunked_bodies(server: str, ask: Any) -> None:
    """A chunked body has no Content-Length, but with waitress, which collects it. With wsgiref, reading it is a 411."""
    lines = [b"Host: a.de", b"Transfer-Encoding: chunked", b"Content-Type: text/plain"]
    status, found = ask(server, lines, b"3\r\nabc\r\n0\r\n\r\n")
    assert status == 200
    if server == "wsgiref":
        assert found["data"].startswith(f"raises {LengthRequired.__name__}")
    else:
        assert found["data"] == "abc"
        assert found["content_length"] == (3 if server == "waitress" else None)


@pytest.mark.real_server
@pytest.mark.parametrize("server", SERVERS)
def test_requests_without_host_or_type(server: str, ask: Any) -> None:
    """Without a valid Host, URLs contain the name that the server has for itself, or it refuses the request.

    wsgiref reports `text/plain` for a request without a Content-Type.
    """
    status, found = ask(server, [b"Host: a.de"])
    assert status == 200
    assert found["content_type"] == ("text/plain" if server == "wsgiref" else None)
    status, found = ask(server, [])
    assert status == (400 if server in ("uvicorn", "hypercorn") else 200)
    if status == 200:
        assert found["url"].startswith(("http://127.0.0.1:", "http://localhost", "http://waitress.invalid:"))
