"""``103 Early Hints`` (RFC 8297) on both protocols, in the process and on the servers that can send them."""

from __future__ import annotations

import asyncio
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from cardan import Application, Mount, ProxyFix, Request, Response, core, middleware
from cardan.core._request.exchange import find_exchange
from cardan.datastructures import Link
from cardan.exceptions import WrongMode
from cardan.testing import Client, RequestBuilder, lint
from tests.h2_client import get

from . import hints_app
from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.servers import ServerPool

STYLE = "</a.css>; rel=preload; as=style"
SENT = [[STYLE], ["</b.js>; rel=preload", "</c.js>; rel=preload"]]
OFFERED: Any = {"http.response.early_hint": {}}


def over_wsgi(app: Any, path: str = "/", hint: Any = None, **values: Any) -> tuple[list[list[str]], bytes]:
    """The hints and the body that ``app`` sends to a server with ``wsgi.early_hints``."""
    hints: list[list[str]] = []

    def send(fields: list[tuple[str, str]]) -> None:
        assert {name for name, _ in fields} == {"Link"}
        hints.append([value for _, value in fields])

    def serving(environ: Any, start_response: Any) -> Any:
        environ["wsgi.early_hints"] = hint or send
        return app(environ, start_response)

    with Client(serving, "wsgi", **values) as client:
        return hints, client.get(path).content


def over_asgi(app: Any, path: str = "/", **values: Any) -> tuple[list[list[str]], bytes]:
    """The same over ASGI, on a server with the extension. The lint checks the messages."""
    with Client(lint.asgi(app), "asgi", extensions=OFFERED, **values) as client:
        response = client.get(path)
        messages = response.extensions["asgi"]
        assert {message["type"] for message in messages} <= {"http.response.early_hint"}
        return [[link.decode() for link in message["links"]] for message in messages], response.content


def informing(hints: list[list[str]], path: str, http_version: str) -> core.Request:
    """A request of core that notes the hints which are sent."""

    def inform(response: core.Informational) -> None:
        assert response.status == 103
        assert {name for name, _ in response.headers} == {"Link"}
        hints.append([value for _, value in response.headers])

    return core.Request(core.RequestHead(path=path, http_version=http_version), inform=inform)


def without_a_server(app: Any, path: str = "/", http_version: str = "1.1") -> tuple[list[list[str]], bytes]:
    """The same for a server that is built on core, in sync code."""
    hints: list[list[str]] = []
    with app.respond(informing(hints, path, http_version)) as response:
        return hints, response.get_data()


def without_a_server_async(app: Any, path: str = "/", http_version: str = "1.1") -> tuple[list[list[str]], bytes]:
    """The same for a server that is built on core, in async code."""

    async def main() -> tuple[list[list[str]], bytes]:
        hints: list[list[str]] = []
        async with await app.arespond(informing(hints, path, http_version)) as response:
            return hints, await response.aget_data()

    return anyio.run(main)


@pytest.mark.parametrize("app", [hints_app.plain, hints_app.awaiting], ids=["def", "async"])
@pytest.mark.parametrize("path", ["/", "/stream"])
@pytest.mark.parametrize("serve", [over_wsgi, over_asgi, without_a_server, without_a_server_async])
def test_hints_precede_the_response(app: Any, path: str, serve: Any) -> None:
    """Each call is one 103. The body of a response is too late for hints: nothing is sent from there."""
    assert serve(app, path) == (SENT, b"hello")


def test_on_trio() -> None:
    """Hints are sent in the server's event loop, from a worker thread as well."""
    for app in (hints_app.plain, hints_app.awaiting):
        assert over_asgi(app, backend="trio") == (SENT, b"hello")


@pytest.mark.parametrize("serve", [over_wsgi, over_asgi, without_a_server, without_a_server_async])
def test_http_1_0(serve: Any) -> None:
    """A client of HTTP/1.0 is not sent any (RFC 9110 section 15.2)."""
    assert serve(hints_app.plain, http_version="1.0") == ([], b"hello")


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize("app", [hints_app.plain, hints_app.awaiting], ids=["def", "async"])
def test_servers_that_send_none(app: Any, protocol: Any) -> None:
    """Where the environ or the scope offers no way, nothing is sent and nothing is an error."""
    with Client(app, protocol) as client:
        assert client.get("/").text == "hello"


@pytest.mark.parametrize("serve", [over_wsgi, over_asgi])
def test_from_middleware(serve: Any) -> None:
    """A middleware sends hints for a handler that knows nothing of them."""

    @middleware
    def hinting(request: Request) -> Any:
        request.send_early_hints([Link("/a.css", rel="preload", **{"as": "style"})])
        yield

    app = Application(lambda request: Response("hello"), middleware=[hinting])
    assert serve(app) == ([[STYLE]], b"hello")


class Outer(Application[Request]):
    """Gives every request to a mount."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self.mount: Any = Mount({"/x": ProxyFix(app)})

    def resolve(self, request: Request) -> Any:
        return self.mount


@pytest.mark.parametrize("app", [hints_app.plain, hints_app.awaiting], ids=["def", "async"])
@pytest.mark.parametrize("path", ["/x/", "/x/stream"])
@pytest.mark.parametrize("serve", [over_wsgi, over_asgi])
def test_from_an_application_that_resolve_returns(app: Any, path: str, serve: Any) -> None:
    """Hints of an application in a mount that ``resolve()`` has returned are sent at once."""
    assert serve(Outer(app), path) == (SENT, b"hello")
    assert serve(Outer(Outer(app).mount), f"/x{path}") == (SENT, b"hello")


class OtherRequest(Request):
    """A class of requests that the outer application has not."""


@pytest.mark.parametrize("app", [hints_app.plain, hints_app.awaiting], ids=["def", "async"])
@pytest.mark.parametrize("path", ["/", "/stream"])
@pytest.mark.parametrize("serve", [over_wsgi, over_asgi])
def test_from_requests_of_another_class(app: Any, path: str, serve: Any) -> None:
    """An application that ``resolve()`` has returned sends hints also if its requests have a class of their own."""
    outer = Outer(app)
    outer.mount = Application(app.handler, request_class=OtherRequest)
    assert serve(outer, path) == (SENT, b"hello")


def wsgi_only(app: Any) -> Any:
    """The application for both protocols of a WSGI application."""

    def called(environ: Any, start_response: Any) -> Any:
        return app(environ, start_response)

    return Application.from_wsgi(called)


def asgi_only(app: Any) -> Any:
    """The application for both protocols of an ASGI application."""

    async def called(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)

    return Application.from_asgi(called)


@pytest.mark.parametrize("app", [hints_app.plain, hints_app.awaiting], ids=["def", "async"])
@pytest.mark.parametrize("path", ["/", "/stream"])
@pytest.mark.parametrize("bridge", [wsgi_only, asgi_only])
@pytest.mark.parametrize("serve", [over_wsgi, over_asgi])
def test_across_a_bridge(app: Any, path: str, bridge: Any, serve: Any) -> None:
    """Hints of a bridged application are sent by the server, which speaks the other protocol; after the response has
    begun there are none. Where the server sends none, the environ or the scope offers nothing.
    """
    assert serve(bridge(app), path) == (SENT, b"hello")
    assert serve(bridge(app), path, http_version="1.0") == ([], b"hello")
    with Client(bridge(app), serve.__name__.removeprefix("over_")) as client:
        assert client.get(path).content == b"hello"


def test_other_fields_of_a_bridged_application() -> None:
    """ASGI has hints of links only: other fields that a WSGI application gives to ``wsgi.early_hints`` are left out."""

    def app(environ: Any, start_response: Any) -> Any:
        environ["wsgi.early_hints"]([("X-A", "1"), ("link", STYLE)])
        start_response("200 OK", [("Content-Type", "text/plain")])
        environ["wsgi.early_hints"]([("Link", STYLE)])
        return [b"hello"]

    for backend in ("asyncio", "trio"):
        hints, content = over_asgi(Application.from_wsgi(app), backend=backend)
        assert (hints[0], content) == ([STYLE], b"hello")


def test_late_hints_of_another_library() -> None:
    """The specification allows hints after the start of a response, which servers do not take: they are left out."""

    async def late(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.early_hint", "links": [STYLE.encode()]})
        await send({"type": "http.response.body", "body": b"hello"})

    class Site(Application[Request]):
        def resolve(self, request: Request) -> Any:
            return Mount({"/": late})

    assert over_asgi(Site()) == ([], b"hello")


@pytest.mark.parametrize("serve", [over_wsgi, over_asgi])
def test_a_mistake_is_the_handlers(serve: Any) -> None:
    """A link that must not be sent is an error of the handler, whether or not the server can send hints."""

    @Request.application
    def app(request: Request) -> Response:
        with pytest.raises(ValueError, match="expected no control characters"):
            request.send_early_hints(["</a>\r\n\r\nHTTP/1.1 200 OK"])
        with pytest.raises(WrongMode, match="got asend_early_hints\\(\\) in sync code, expected send_early_hints"):
            request.asend_early_hints([STYLE])
        return Response("hello")

    assert serve(app) == ([], b"hello")


@pytest.mark.parametrize("app", [hints_app.plain, hints_app.awaiting], ids=["def", "async"])
def test_a_client_that_has_left(app: Any) -> None:
    """Sending hints to a client that has left is no error, as with a response."""

    def broken(fields: Any) -> None:
        raise BrokenPipeError("the client has left")

    async def broken_asgi(scope: Any, receive: Any, send: Any) -> None:
        async def breaking(message: Any) -> None:
            if message["type"] == "http.response.early_hint":
                broken(message)
            await send(message)

        await app(scope, receive, breaking)

    assert over_wsgi(app, hint=broken) == ([], b"hello")
    assert over_asgi(broken_asgi) == ([], b"hello")


def test_another_error_of_the_server_is_raised() -> None:
    """An error of sending hints that is no OSError does not say that the client has left, so it is raised."""
    seen: list[bool] = []

    def broken(message: Any) -> None:
        raise ValueError("a mistake of the server")

    def plain(request: Request) -> Response:
        with pytest.raises(ValueError, match="a mistake of the server"):
            request.send_early_hints([STYLE])
        seen.append(request.disconnected)
        return Response("hello")

    async def broken_asgi(scope: Any, receive: Any, send: Any) -> None:
        async def breaking(message: Any) -> None:
            if message["type"] == "http.response.early_hint":
                broken(message)
            await send(message)

        await Application(plain)(scope, receive, breaking)

    assert over_wsgi(Application(plain), hint=broken) == ([], b"hello")
    assert over_asgi(broken_asgi) == ([], b"hello")
    assert seen == [False, False]


def test_a_hint_that_cannot_be_sent_tells_of_a_disconnect() -> None:
    """After a hint that the connection did not take, ``request.disconnected`` is true, on both protocols."""
    seen: list[bool] = []

    def broken(message: Any) -> None:
        raise BrokenPipeError("the client has left")

    def plain(request: Request) -> Response:
        request.send_early_hints([STYLE])
        seen.append(request.disconnected)
        return Response("hello")

    async def awaiting(request: Request) -> Response:
        await request.asend_early_hints([STYLE])
        seen.append(request.disconnected)
        return Response("hello")

    def breaking(app: Any) -> Any:
        async def outer(scope: Any, receive: Any, send: Any) -> None:
            async def inner(message: Any) -> None:
                if message["type"] == "http.response.early_hint":
                    broken(message)
                await send(message)

            await app(scope, receive, inner)

        return outer

    for app in (Application(plain), Application(awaiting)):
        over_wsgi(app, hint=broken)
        over_asgi(breaking(app))
    assert seen == [True] * 4


def test_after_an_application_inside_has_answered() -> None:
    """A handler may ask another application, and send hints afterwards: its own response is still to come."""

    def plain(request: Request) -> Response:
        return Response("inside")

    inside = Application(plain)

    def outer(request: Request) -> Response:
        inside(request.environ, lambda *_: print)  # type: ignore[arg-type]
        request.send_early_hints([STYLE])
        return Response("hello")

    async def aouter(request: Request) -> Response:
        async def nowhere(message: Any) -> None: ...

        await inside(request.scope, request.receive, nowhere)
        await request.asend_early_hints([STYLE])
        return Response("hello")

    assert over_wsgi(Application(outer)) == ([[STYLE]], b"hello")
    assert over_asgi(Application(aouter)) == ([[STYLE]], b"hello")


def test_from_the_second_application() -> None:
    """If code of the server's side gives a request to one application after the other, the second one sends hints: what
    the first one has answered was not sent.
    """

    def never(request: Request) -> Response:
        return Response("not here", 404)

    def plain(request: Request) -> Response:
        request.send_early_hints([STYLE])
        return Response("hello")

    first, second = Application(never), Application(plain)

    def cascade(environ: Any, start_response: Any) -> Any:
        first(environ, lambda *_: print)  # type: ignore[arg-type]
        return second(environ, start_response)

    async def acascade(scope: Any, receive: Any, send: Any) -> None:
        async def nowhere(message: Any) -> None: ...

        if scope["type"] == "http":
            await first(scope, receive, nowhere)
        await second(scope, receive, send)

    assert over_wsgi(cascade) == ([[STYLE]], b"hello")
    assert over_asgi(acascade) == ([[STYLE]], b"hello")


def test_without_an_application() -> None:
    """A request that no application serves sends hints, too."""
    sent: list[Any] = []
    request = Request(RequestBuilder("/").environ({"wsgi.early_hints": sent.append}))
    request.send_early_hints([STYLE])
    assert sent == [[("Link", STYLE)]]


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn-gthread"])
@pytest.mark.parametrize("name", ["plain", "awaiting"])
@pytest.mark.parametrize("path", ["/", "/stream"])
def test_on_gunicorn(kind: str, name: str, path: str, server_pool: ServerPool) -> None:
    """gunicorn sends what ``wsgi.early_hints`` is given, over HTTP/1.1."""
    server = server_pool.get(kind, f"tests.contract.hints_app:{name}", app_dir=ROOT)
    with socket.create_connection(("127.0.0.1", server.port), timeout=100) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while piece := connection.recv(65536):
            data += piece
    first, second, rest = data.decode("latin-1").split("\r\n\r\n", 2)
    assert first.split("\r\n") == ["HTTP/1.1 103 Early Hints", f"Link: {STYLE}"]
    assert second.split("\r\n")[1:] == [f"Link: {link}" for link in SENT[1]]
    assert rest.startswith("HTTP/1.1 200 OK\r\n")
    assert rest.count("103 Early Hints") == 0


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["gunicorn-h2", "uvicorn-h2", "hypercorn-h2", "hypercorn-trio-h2"])
@pytest.mark.parametrize("name", ["plain", "awaiting"])
@pytest.mark.parametrize("path", ["/", "/stream"])
def test_over_http_2(kind: str, name: str, path: str, server_pool: ServerPool) -> None:
    """gunicorn, uvicorn and hypercorn offer hints on HTTP/2, and send what they are given."""
    server = server_pool.get(kind, "tests.contract.h2_app:app", app_dir=ROOT)
    seen = get(server.port, f"/hints/{name}{path}")
    hints = [[value for name, value in fields if name == "link"] for fields in seen.informational]
    assert (hints, {dict(fields)[":status"] for fields in seen.informational}) == (SENT, {"103"})
    assert dict(seen.headers)[":status"] == "200"
    assert seen.body == b"hello"


def test_a_request_of_core() -> None:
    """``inform`` is called at once, in sync code and in async code, where it may be async itself. Without it nothing is
    sent; links are checked all the same.
    """
    seen: list[core.Informational] = []
    links = [Link("/a.css", rel="preload", **{"as": "style"})]
    request = core.Request(core.RequestHead(), inform=seen.append)
    request.send_early_hints(links)
    assert seen == [core.Informational(103, [("Link", STYLE)])]

    async def ainform(response: core.Informational) -> None:
        await anyio.sleep(0)
        seen.append(response)

    async def body() -> AsyncIterator[bytes]:
        yield b""

    for inform in (ainform, seen.append):
        seen.clear()
        asynchronous = core.Request(core.RequestHead(), body(), inform=inform)
        anyio.run(asynchronous.asend_early_hints, links)
        assert seen == [core.Informational(103, [("Link", STYLE)])]
    with pytest.raises(WrongMode):
        asynchronous.send_early_hints(links)
    with pytest.raises(TypeError, match="got an async function inform in sync code"):
        core.Request(core.RequestHead(), inform=ainform).send_early_hints(links)
    silent = core.Request(core.RequestHead())
    silent.send_early_hints(links)
    with pytest.raises(ValueError, match=r"got the link '/a\.css'"):
        silent.send_early_hints(["/a.css"])


def test_a_hint_of_a_bridged_application_that_comes_too_late() -> None:
    """Servers take no hint after the head of the response: the bridge drops one, and the response goes on."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        hint = {"type": "http.response.early_hint", "links": [STYLE.encode()]}
        if scope["path"] == "/early":
            await send(hint)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send(hint)
        await send({"type": "http.response.body", "body": b"x"})

    bridged = Application.from_asgi(app)
    assert over_wsgi(bridged, "/early") == ([[STYLE]], b"x")
    assert over_wsgi(bridged, "/late") == ([], b"x")


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_the_inform_of_a_request_that_an_asgi_application_answers(kind: str) -> None:
    """``inform`` gets the hints of the application, and is awaited if it is async."""
    seen: list[list[str]] = []

    def inform(response: core.Informational) -> None:
        seen.append([value for _, value in response.headers])

    async def ainform(response: core.Informational) -> None:
        await anyio.sleep(0)
        inform(response)

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.early_hint", "links": [STYLE.encode()]})
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    async def main() -> None:
        request = core.Request(
            core.RequestHead(path="/", http_version="2"), inform=inform if kind == "def" else ainform
        )
        async with await Mount({"/": inner}).arespond(request) as response:
            assert response.status_code == 200

    anyio.run(main)
    assert seen == [[STYLE]]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize("more", ["whole", "hook", "middleware", "cancelled"])
def test_hints_of_code_that_outlives_its_request(more: str, kind: str, backend: str) -> None:
    """When the application has ended, a request that some other code still has sends no hints: on the connection they
    would precede the response to another request. This holds also for a request that was cancelled.
    """
    app, kept, begun, go_on = outlived(kind, more)
    sent: list[Any] = []

    async def receive() -> Any:
        await anyio.sleep_forever()

    async def send(message: Any) -> None:
        sent.append(message)

    async def cancelled(serving: Any) -> None:
        if backend == "asyncio":  # this leaves a thread that runs
            task = asyncio.create_task(serving())
            while not begun:
                await anyio.sleep(0.001)
            task.cancel()
            await asyncio.wait([task])
            go_on.set()
            return
        async with anyio.create_task_group() as group:
            group.start_soon(serving)
            while not begun:
                await anyio.sleep(0.001)
            group.cancel_scope.cancel()
            go_on.set()

    async def main() -> None:
        scope = RequestBuilder("/").scope() | {"extensions": OFFERED}
        serving = partial(app, scope, receive, send)
        with anyio.fail_after(100):
            await (cancelled(serving) if more == "cancelled" else serving())
            exchange = find_exchange(scope)
            while exchange.holders:
                await anyio.sleep(0.001)
            if kind == "def":
                await anyio.to_thread.run_sync(kept[0].send_early_hints, [Link("/a.css", rel="preload")])
            else:
                await kept[0].asend_early_hints([Link("/a.css", rel="preload")])

    anyio.run(main, backend=backend)
    assert [message["type"] for message in sent if "early" in message["type"]] == []


def outlived(kind: str, more: str) -> tuple[Any, list[Request], list[str], threading.Event]:
    """An application and the requests that it has handled. If it is to be cancelled it tells that it has begun, and a
    thread of it waits until it may go on.
    """
    kept: list[Request] = []
    begun: list[str] = []
    go_on = threading.Event()

    def handler(request: Request) -> Response:
        kept.append(request)
        response = Response("hello")
        if more == "hook":
            response.call_on_close(list)
        begun.append("handler")
        if more == "cancelled":
            assert go_on.wait(100)
        return response

    async def ahandler(request: Request) -> Response:
        kept.append(request)
        begun.append("handler")
        if more == "cancelled":
            await anyio.sleep_forever()
        response = Response("hello")
        if more == "hook":
            response.call_on_close(list)
        return response

    @middleware
    def around(request: Request) -> Any:
        yield

    app = Application(handler if kind == "def" else ahandler, middleware=[around] if more == "middleware" else [])
    return app, kept, begun, go_on


@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize("more", ["whole", "hook", "middleware"])
def test_hints_of_code_that_outlives_its_request_of_wsgi(more: str, kind: str) -> None:
    """When a WSGI server has closed the response, a request that some other code still has sends no hints."""
    app, kept, _, _ = outlived(kind, more)
    hints: list[Any] = []
    environ = RequestBuilder("/").environ() | {"wsgi.early_hints": hints.append}
    body = app(environ, lambda *_: print)
    assert b"".join(body) == b"hello"
    getattr(body, "close", lambda: None)()
    if kind == "def":
        kept[0].send_early_hints([Link("/a.css", rel="preload")])
    else:
        anyio.run(kept[0].asend_early_hints, [Link("/a.css", rel="preload")])
    assert hints == []
