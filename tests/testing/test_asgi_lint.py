"""`lint.asgi` reports each broken rule, and nothing else."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from cardan import Application, Request, abort
from cardan.testing import Client, RequestBuilder, lint
from tests.testing.apps import chunk, echo_asgi, read_all, start

EXTENSIONS: dict[str, Any] = {"http.response.trailers": {}, "http.response.pathsend": {}}


def run(
    app: Any,
    method: str = "GET",
    *,
    kind: str = "http",
    messages: Any = (),
    gone: bool = False,
    scope: Any = None,
    **more: Any,
) -> list[Any]:
    """Call the application with one scope, as a server would; returns the messages that it sent."""
    sent: list[Any] = []
    scope = scope or {"type": kind, "method": method, "extensions": EXTENSIONS, **more}
    queue = iter([*messages, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(queue)

    async def send(message: Any) -> None:
        if gone:
            raise OSError("gone")
        sent.append(message)

    async def main() -> None:
        await lint.asgi(app)(scope, receive, send)

    anyio.run(main)
    return sent


def sender(*messages: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


def start_of(status: Any = 200, headers: Any = (), **keys: Any) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers, **keys}


def body_of(body: Any = b"", **keys: Any) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, **keys}


async def swallows(scope: Any, receive: Any, send: Any) -> None:
    try:
        await send(start_of("200"))
    except AssertionError:
        await send(start_of(500))
        await send(body_of())


LENGTH = b"content-length"
END = "got the application's end, expected "
BROKEN: list[tuple[Any, str]] = [
    (sender(), END + "a response before it"),
    (sender(start_of()), END + "the last 'http.response.body'"),
    (sender(start_of(), body_of(more_body=True)), END + "the last 'http.response.body'"),
    (sender(start_of(trailers=True), body_of()), END + "the trailers before it"),
    (swallows, "got status '200', expected int"),
    (sender("start"), "got a message of type str, expected dict"),
    (sender({}), "got message type None, expected str"),
    (
        sender({"type": "http.response.end"}),
        "got message 'http.response.end', expected one of HTTP or of an extension in the scope",
    ),
    (sender(start_of(), start_of()), "got 'http.response.start' twice, expected it once"),
    (sender(body_of()), "got 'http.response.body', expected 'http.response.start' before it"),
    (sender(start_of(), body_of(), body_of()), "got 'http.response.body' after the last one, expected nothing"),
    (sender(start_of(reason=b"OK")), "got key 'reason' in 'http.response.start', expected none such"),
    (sender(start_of(), body_of(more=True)), "got key 'more' in 'http.response.body', expected none such"),
    (sender(start_of(True)), "got status True, expected int"),
    (sender(start_of(100)), "got status 100, expected a final one, 200 to 599"),
    (sender(start_of(trailers=1)), "got trailers 1, expected bool"),
    (sender(start_of(headers=None)), "got headers of type NoneType, expected an iterable"),
    (sender(start_of(headers={"a": "b"})), "got headers {'a': 'b'}, expected an iterable of pairs"),
    (sender(start_of(headers=iter([]))), "got headers that can be read once only, expected a list"),
    (sender(start_of(headers=[b"ab"])), "got header b'ab', expected name and value"),
    (sender(start_of(headers=[("a", b"b")])), "got header name 'a', expected bytes"),
    (sender(start_of(headers=[(b"a", "b")])), "got 'b' as b'a', expected bytes"),
    (sender(start_of(headers=[(b"A", b"b")])), "got header name b'A', expected it lower-case"),
    (sender(start_of(headers=[(b"a:", b"b")])), "got header name 'a:', expected a token"),
    (sender(start_of(headers=[(b"a", b"b\n")])), "got 'b\\n' as a, expected no control characters"),
    (sender(start_of(headers=[(b"te", b"x")])), "got hop-by-hop header te, expected the server to send it"),
    (
        sender(start_of(headers=[(b"connection", b"keep-alive")])),
        "got hop-by-hop header connection, expected the server to send it",
    ),
    (sender(start_of(headers=[(LENGTH, b"x")])), "got Content-Length 'x', expected digits"),
    (sender(start_of(headers=[(LENGTH, b"2")]), body_of(b"a")), "got 1 bytes, expected Content-Length 2"),
    (sender(start_of(headers=[(LENGTH, b"0")]), body_of(b"a")), "got 1 bytes or more, expected Content-Length 0"),
    (sender(start_of(304), body_of(b"a")), "got a body of 1 bytes in a response with status 304, expected none"),
    (sender(start_of(), body_of("a")), "got a body of type str, expected bytes"),
    (sender(start_of(), body_of(more_body=None)), "got more_body None, expected bool"),
    (
        sender(start_of(), {"type": "http.response.trailers"}),
        "got trailers, expected them to be announced in 'http.response.start'",
    ),
    (
        sender({"type": "http.response.pathsend"}),
        "got 'http.response.pathsend', expected 'http.response.start' before it",
    ),
]


@pytest.mark.parametrize(("app", "sentence"), BROKEN, ids=[sentence for _, sentence in BROKEN])
def test_broken(app: Any, sentence: str) -> None:
    """Each broken rule is reported with what was found and what was expected."""
    with pytest.raises(AssertionError) as caught:
        run(app)
    assert str(caught.value) == sentence


def trailers_of(*headers: Any, **keys: Any) -> dict[str, Any]:
    return {"type": "http.response.trailers", "headers": list(headers), **keys}


FORBIDDEN = "got the trailer field {}, expected none that a client needs before the body"


@pytest.mark.parametrize(
    ("trailers", "sentence"),
    [
        (trailers_of(headers=None), "got headers of type NoneType, expected an iterable"),
        (trailers_of(("a", b"b")), "got header name 'a', expected bytes"),
        (trailers_of((b"A", b"b")), "got header name b'A', expected it lower-case"),
        (trailers_of((b"a:", b"b")), "got header name 'a:', expected a token"),
        (trailers_of((b"a", b"b\n")), "got 'b\\n' as a, expected no control characters"),
        (trailers_of((b"a", b" b")), "got ' b' as a, expected no space around it"),
        (trailers_of((b"te", b"x")), "got hop-by-hop header te, expected the server to send it"),
        (trailers_of((b"content-length", b"0")), FORBIDDEN.format("content-length")),
        (trailers_of((b"content-encoding", b"gzip")), FORBIDDEN.format("content-encoding")),
        (trailers_of((b"a", b"b"), (b"set-cookie", b"a=b")), FORBIDDEN.format("set-cookie")),
        (trailers_of((b"a", b"b"), more_trailers=True), END + "the trailers before it"),
    ],
)
def test_trailers(trailers: dict[str, Any], sentence: str) -> None:
    """Trailer fields have the rules of header fields, and are none that a client needs before the body (RFC 9110
    section 6.5.1). All of them are checked, in each message.
    """
    with pytest.raises(AssertionError) as caught:
        run(sender(start_of(trailers=True), body_of(), trailers))
    assert str(caught.value) == sentence
    begun = trailers_of((b"first", b"1"), more_trailers=True)
    with pytest.raises(AssertionError) as caught:
        run(sender(start_of(trailers=True), body_of(), begun, trailers))
    assert str(caught.value) == sentence
    good = trailers_of((b"a", b"b"), (b"server-timing", b"db"))
    assert len(run(sender(start_of(trailers=True), body_of(), begun, good))) == 4


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([trailers_of()], "got trailers, expected them to be announced in 'http.response.start'"),
        ([start_of(trailers=True), trailers_of()], "got trailers, expected the last 'http.response.body' before them"),
        (
            [start_of(trailers=True), body_of(), trailers_of(), trailers_of()],
            "got trailers, expected them to be announced in 'http.response.start'",
        ),
    ],
)
def test_trailers_out_of_order(messages: list[Any], sentence: str) -> None:
    """Trailer fields are announced, and come once, after the body (ASGI extensions, "HTTP Trailers")."""
    with pytest.raises(AssertionError) as caught:
        run(sender(*messages))
    assert str(caught.value) == sentence


def test_head() -> None:
    """An answer to HEAD has no body, and may have a Content-Length."""
    good = sender(start_of(headers=[(LENGTH, b"3")]), body_of())
    assert len(run(good, "HEAD")) == 2
    with pytest.raises(AssertionError, match="got a body of 1 bytes in an answer to HEAD, expected none"):
        run(sender(start_of(), body_of(b"a")), "HEAD")


@pytest.mark.parametrize(
    "messages",
    [
        [start_of(headers=[[b"a", b"\xe9"]]), body_of(b"a", more_body=True), body_of(more_body=False)],
        [{"type": "http.response.start", "status": 200}, {"type": "http.response.body"}],
        [start_of(trailers=True), body_of(), {"type": "http.response.trailers", "headers": [(b"a", b"b")]}],
        [start_of(), {"type": "http.response.pathsend", "path": "/x"}],
    ],
)
def test_good(messages: Any) -> None:
    """Nothing is reported for a correct application."""
    assert run(sender(*messages)) == messages


@pytest.mark.parametrize(("version", "good"), [("1.0", True), ("1.1", True), ("2", False), ("3", False)])
def test_connection_close(version: str, good: bool) -> None:
    """`Connection: close` is a matter of HTTP/1 (RFC 9112 section 9.6); HTTP/2 has no such field (RFC 9113 section
    8.2.2).
    """
    app = sender(start_of(413, headers=[(b"connection", b"close")]), body_of())
    if good:
        assert len(run(app, http_version=version)) == 2
    else:
        with pytest.raises(AssertionError, match="got hop-by-hop header connection"):
            run(app, http_version=version)


def test_an_early_answer_of_cardan() -> None:
    """cardan closes the connection of an upload that it does not read to its end; the lint accepts that."""

    @Application
    async def app(request: Request) -> None:
        abort(413)

    scope = RequestBuilder("/", method="POST", headers={"Content-Length": str(1 << 40)}).scope()
    start = run(app, scope=scope)[0]
    assert (b"connection", b"close") in start["headers"]


def test_disconnected() -> None:
    """After the client has disconnected, an application may end without an answer."""

    async def listens(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await receive()

    async def catches(scope: Any, receive: Any, send: Any) -> None:
        with pytest.raises(OSError, match="gone"):
            await start(send)

    run(listens)
    run(catches, gone=True)


def test_after_the_end() -> None:
    """Sending or receiving after the application has returned is reported."""
    later: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await chunk(send, b"", more=False)
        later.extend([receive, send])

    run(app)
    with pytest.raises(AssertionError, match=r"got send\(\) after the application had returned, expected none"):
        anyio.run(later[1], body_of())
    with pytest.raises(AssertionError, match=r"got receive\(\) after the application had returned, expected none"):
        anyio.run(later[0])


EITHER = "'lifespan.startup.complete' or 'lifespan.startup.failed'"
LIFESPAN: list[tuple[Any, str]] = [
    (sender({"type": "lifespan.startup.complete"}), "got 'lifespan.startup.complete', expected nothing"),
    (sender(1), "got a message of type int, expected dict"),
]


@pytest.mark.parametrize(("app", "sentence"), LIFESPAN)
def test_lifespan_out_of_order(app: Any, sentence: str) -> None:
    """An answer without a question, or a missing answer, is reported."""
    with pytest.raises(AssertionError) as caught:
        run(app, kind="lifespan")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"type": "lifespan.shutdown.complete"}, f"got 'lifespan.shutdown.complete', expected {EITHER}"),
        ({"type": "lifespan.startup.failed", "message": 1}, "got message 1, expected str"),
        (
            {"type": "lifespan.startup.failed", "text": ""},
            "got key 'text' in 'lifespan.startup.failed', expected none such",
        ),
        (None, "got the application's end, expected an answer to 'lifespan.startup' before it"),
    ],
)
def test_lifespan_answers(answer: Any, sentence: str) -> None:
    """Each question has two possible answers."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if answer:
            await send(answer)

    with pytest.raises(AssertionError) as caught:
        run(app, kind="lifespan", messages=[{"type": "lifespan.startup"}])
    assert str(caught.value) == sentence


def test_lifespan_good() -> None:
    """Nothing is reported for a correct lifespan, for an application without one, or for websockets."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for name in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{name}"
            await send({"type": f"lifespan.{name}.complete"})

    questions = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    assert len(run(app, kind="lifespan", messages=questions)) == 2
    assert run(sender(), kind="lifespan") == []
    assert run(sender({"type": "websocket.close"}), kind="websocket") == [{"type": "websocket.close"}]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_attributes_and_client(backend: Any) -> None:
    """The wrapper has the attributes of the application, and the client itself breaks no rule."""

    class App:
        name = "app"

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/stream":
                await read_all(receive)
                await start(send)
                while True:
                    await chunk(send, b"tick")
            await echo_lower(scope, receive, send)

    async def echo_lower(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await chunk(send, await read_all(receive), more=False)

    assert lint.asgi(App()).name == "app"
    with Client(lint.asgi(App()), protocol="asgi", backend=backend) as client:
        assert client.post("/", content=b"abc").content == b"abc"
        with client.stream("GET", "/stream"):
            pass
    with Client(lint.asgi(echo_asgi), protocol="asgi", backend=backend) as client:
        with pytest.raises(AssertionError, match="got header name b'X-Method', expected it lower-case"):
            client.get("/")
