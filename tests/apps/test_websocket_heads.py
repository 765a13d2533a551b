"""The head of a websocket handshake: a request made of its scope, and a response that refuses it."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import anyio
import pytest

from cardan import CORS, Application, Compression, Mount, ProxyFix, Request, Response
from cardan.exceptions import NotFound

SCOPE: dict[str, Any] = {
    "type": "websocket",
    "path": "/chat/room",
    "root_path": "/chat",
    "query_string": b"name=a",
    "headers": [
        (b"host", b"a.example:80"),
        (b"cookie", b"session=s3cret"),
        (b"origin", b"https://a.example"),
    ],
}
DENIAL = {"extensions": {"websocket.http.response": {}}}


def serve(app: Any, **values: Any) -> list[Any]:
    """What ``app`` sends on a websocket scope with these ``values``, to a client that stays."""
    messages = [{"type": "websocket.connect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        if not messages:
            await anyio.sleep_forever()
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(app, {**SCOPE, **values}, receive, send)
    return sent


def test_the_head_of_a_handshake() -> None:
    """A request opens on a websocket scope: cookies, arguments, header fields and URL are those of the handshake."""
    request = Request(dict(SCOPE))
    assert (request.method, request.scheme, request.path, request.root_path) == ("GET", "ws", "/room", "/chat")
    assert request.cookies == {"session": "s3cret"}
    assert request.args == {"name": "a"}
    assert (request.headers["Origin"], request.host) == ("https://a.example", "a.example")
    assert request.url == "ws://a.example/chat/room?name=a"
    assert not request.is_secure


def test_a_secure_handshake() -> None:
    """The scheme of a secure websocket is wss, whose default port is left out of the host."""
    request = Request({**SCOPE, "scheme": "wss", "headers": [(b"host", b"a.example:443")]})
    assert (request.is_secure, request.host, request.root_url) == (True, "a.example", "wss://a.example/chat/")


def test_a_websocket_has_no_body() -> None:
    """The messages of a websocket are no body: nothing is received, whatever is asked for."""

    async def receive() -> Any:
        raise AssertionError("received")

    async def send(message: Any) -> None: ...

    async def main() -> None:
        request = Request(dict(SCOPE), receive, send)
        assert not request.disconnected
        with pytest.raises(RuntimeError, match="got a websocket scope, expected an http scope"):
            await request.load()
        with pytest.raises(RuntimeError, match="got a websocket scope, expected an http scope"):
            request.receive
        await request.aclose()

    anyio.run(main)


def test_the_websocket_application_gets_the_request() -> None:
    """``websocket=`` finds the request of the handshake in its scope, of the class of the application's requests.

    The scope does not refer to the request afterwards: that would be a reference cycle.
    """

    class Own(Request):
        pass

    scopes: list[Any] = []

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        assert type(scope["cardan.request"]) is Own
        await send({"type": "websocket.accept", "subprotocol": scope["cardan.request"].cookies["session"]})

    app = Application(lambda request: Response(""), request_class=Own, websocket=websocket)
    assert serve(app) == [{"type": "websocket.accept", "subprotocol": "s3cret"}]
    assert "cardan.request" not in scopes[0]


def test_the_state_of_the_lifespan() -> None:
    """A websocket sees the state of the lifespan, as every other request does."""
    seen: list[Any] = []

    @contextlib.contextmanager
    def lifespan(app: Any) -> Any:
        yield {"name": "state"}

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["cardan.request"].state["name"])

    app = Application(lambda request: Response(""), lifespan=lifespan, websocket=websocket)

    async def main() -> None:
        started, ended = anyio.Event(), anyio.Event()

        async def receive() -> Any:
            if started.is_set():
                await ended.wait()
                return {"type": "lifespan.shutdown"}
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            started.set()

        async with anyio.create_task_group() as group:
            group.start_soon(app, {"type": "lifespan"}, receive, send)
            await started.wait()
            await app(dict(SCOPE), receive, send)
            ended.set()

    anyio.run(main)
    assert seen == ["state"]


@pytest.mark.parametrize("received", [False, True])
def test_a_response_refuses_a_handshake(received: bool) -> None:
    """A response is what the client gets, whether or not the application has received the connect before."""

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        if received:
            await receive()
        await Response("sign in first", 401, {"WWW-Authenticate": "Basic"})(scope, receive, send)

    start, *bodies = serve(Application(lambda request: Response(""), websocket=websocket), **DENIAL)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert (b"www-authenticate", b"Basic") in start["headers"]
    assert {body["type"] for body in bodies} == {"websocket.http.response.body"}
    assert b"".join(body["body"] for body in bodies) == b"sign in first"
    assert not bodies[-1].get("more_body")


def test_a_streamed_response_refuses_a_handshake() -> None:
    """A streamed response is sent as well, and closed afterwards."""
    closed: list[str] = []

    async def chunks() -> Any:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append("closed")

    sent = serve(Response(chunks(), 403), **DENIAL)
    assert [each["type"].rpartition(".")[2] for each in sent] == ["start", "body", "body", "body"]
    assert closed == ["closed"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("connect", ["received by the application", "not received"])
@pytest.mark.parametrize("kind", ["def", "async"])
def test_a_client_that_leaves_during_a_streamed_refusal(kind: str, connect: str, backend: str) -> None:
    """The body of a refusal is closed as soon as its client has left, also while it waits for its next chunk."""
    log: list[str] = []
    messages = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}]
    begun = threading.Event()
    left = threading.Event()

    def chunks() -> Any:
        try:
            while True:
                yield b"a"
                begun.set()
                left.wait()
        finally:
            log.append("closed")

    async def async_chunks() -> Any:
        try:
            yield b"a"
            begun.set()
            await anyio.sleep_forever()
        finally:
            log.append("closed")

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        if connect == "received by the application":
            await receive()
        response = Response(chunks() if kind == "def" else async_chunks(), 403)
        response.call_on_close(lambda: log.append("hook"))
        await response(scope, receive, send)

    async def receive() -> Any:
        if len(messages) == 1:
            while not begun.is_set():
                await anyio.sleep(0)
            left.set()
        return messages.pop(0)

    async def send(message: Any) -> None:
        assert not message.get("body") or message["more_body"]
        await anyio.sleep(0)

    app = Application(lambda request: Response("x"), websocket=refuse)
    anyio.run(app, {**SCOPE, **DENIAL}, receive, send, backend=backend)
    assert log == ["closed", "hook"]


def test_a_server_without_denial_responses() -> None:
    """Where the server cannot send a response to a handshake, it is refused: the server sends a 403."""
    for response in (Response("no", 401), Response(iter([b"a"]), 401)):
        assert serve(response) == [{"type": "websocket.close", "code": 1000}]


class Guarded(Request):
    trusted_hosts = ("b.example",)


def test_an_http_error_refuses_a_handshake() -> None:
    """An HTTPException that leaves ``websocket=`` before anything was sent is made a response by ``on_error``."""

    class Own(Application):
        def on_error(self, request: Any, error: Any) -> Any:
            seen.append(request.path)
            return Response(f"own {error.code}", error.code)

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise NotFound

    async def open_to_all(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("the host is checked before")

    seen: list[str] = []
    start, *bodies = serve(Own(lambda request: Response(""), websocket=websocket), **DENIAL)
    assert (start["status"], b"".join(body["body"] for body in bodies)) == (404, b"own 404")
    assert seen == ["/room"]
    app = Application(lambda request: Response(""), request_class=Guarded, websocket=open_to_all)
    assert serve(app, **DENIAL)[0]["status"] == 400
    assert serve(app) == [{"type": "websocket.close", "code": 1000}]


@pytest.mark.parametrize("message", [{"type": "websocket.accept"}, {"type": "websocket.close", "code": 1000}])
def test_an_http_error_that_comes_too_late(message: Any) -> None:
    """After the handshake was answered there is no place for a response: the error is the server's."""

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        await send(message)
        raise NotFound

    with pytest.raises(NotFound):
        serve(Application(lambda request: Response(""), websocket=websocket), **DENIAL)


def test_another_error() -> None:
    """Every other error is the server's, also if ``on_exception`` would answer it: a websocket has no error page."""

    class Own(Application):
        def on_exception(self, request: Any, error: Any) -> Any:
            raise AssertionError("called")

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        serve(Own(lambda request: Response(""), websocket=websocket), **DENIAL)


@pytest.mark.parametrize("wrap", [lambda app: Mount({"/chat": app}), ProxyFix, CORS, Compression, lambda app: app])
def test_behind_every_wrapper(wrap: Any) -> None:
    """Mounts and wrappers pass a websocket on; the request of the handshake is that of the scope they pass."""

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        request = scope["cardan.request"]
        await send({"type": "websocket.accept", "subprotocol": f"{request.url} {request.cookies['session']}"})

    inner = Application(lambda request: Response(""), websocket=websocket)
    app = CORS(inner, "*") if wrap is CORS else wrap(inner)
    path = {"root_path": ""} if isinstance(app, Mount) else {}
    sent = serve(app, **path)
    assert sent == [{"type": "websocket.accept", "subprotocol": "ws://a.example/chat/room?name=a s3cret"}]


@pytest.mark.parametrize("app", [Application(lambda request: Response("")), Mount({"/other": Response("x")})])
def test_a_message_of_another_protocol(app: Any) -> None:
    """A websocket that is refused begins with its connect, or the client has left: another message is an error."""

    def serve_with(kind: str) -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": kind}

        async def send(message: Any) -> None:
            sent.append(message)

        anyio.run(app, {**SCOPE, **DENIAL}, receive, send)
        return sent

    assert serve_with("websocket.disconnect") == []
    with pytest.raises(RuntimeError, match=r"got the message 'http\.request', expected 'websocket\.connect'"):
        serve_with("http.request")


def test_a_scope_of_another_protocol() -> None:
    """A response answers HTTP requests, handshakes and lifespans; a scope of another type is an error (ASGI 3.0)."""
    with pytest.raises(RuntimeError, match="got a scope of type 'mqtt', expected http, websocket or lifespan"):
        serve(Response("x"), type="mqtt")


def test_a_message_that_was_refused_counts_as_sent() -> None:
    """What the server has done with it is not known: no answer follows, and the error of the application is raised."""
    tried: list[str] = []

    async def chat(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send({"type": "websocket.accept"})
        except OSError:
            raise NotFound from None

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        tried.append(message["type"])
        raise OSError("the client has left")

    app = Application(lambda request: Response("x"), websocket=chat)
    for extensions in ({}, DENIAL):
        with pytest.raises(NotFound):
            anyio.run(app, {**SCOPE, **extensions}, receive, send)
        assert tried == ["websocket.accept"]
        tried.clear()


@pytest.mark.parametrize("kind", ["def", "async"])
def test_a_refusal_whose_body_cannot_be_sent(kind: str) -> None:
    """Without the extension the server answers 403 with a body of its own: that of the response is not run, only
    closed, and the hooks run.
    """
    log: list[str] = []

    class Body:
        def __iter__(self) -> Any:
            log.append("run")
            yield b"x"

        def close(self) -> None:
            log.append("closed")

    class AsyncBody:
        async def __aiter__(self) -> Any:
            log.append("run")
            yield b"x"

        async def aclose(self) -> None:
            log.append("closed")

    class Refused(NotFound):
        def get_response(self, *args: Any, **options: Any) -> Any:
            response = Response(Body() if kind == "def" else AsyncBody(), 404)
            response.call_on_close(lambda: log.append("hook"))
            return response

    async def chat(scope: Any, receive: Any, send: Any) -> None:
        raise Refused

    app = Application(lambda request: Response("x"), websocket=chat)
    assert serve(app) == [{"type": "websocket.close", "code": 1000}]
    assert log == ["closed", "hook"]
    log.clear()
    assert b"".join(message.get("body", b"") for message in serve(app, **DENIAL)) == b"x"
    assert log == ["run", "closed", "hook"]
