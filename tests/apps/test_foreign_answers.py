"""What ASGI applications of other libraries send, on every way by which their answer becomes a response."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import CORS, Application, Compression, Mount, ProxyFix, Request, Response, core
from cardan.asgi import _messages
from cardan.asgi._calling import UntilOver
from cardan.asgi._messages import NobodyTakes, comes_of_leaving
from cardan.testing import Client, RequestBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

GUARD = 20
START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
BODY: dict[str, Any] = {"type": "http.response.body", "body": b"x", "more_body": True}
END: dict[str, Any] = {"type": "http.response.body"}
TRAILING: dict[str, Any] = {**START, "trailers": True}
TRAILERS: dict[str, Any] = {"type": "http.response.trailers", "headers": [(b"x-name", b"a")]}


def sending(*messages: dict[str, Any]) -> Any:
    """An ASGI application that sends these messages."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        for message in messages:
            await send(message)

    return app


class Outer(Application[Request]):
    """Gives every request to another application, with something around it."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self.app = Mount({"/": app})

    def resolve(self, request: Request) -> Any:
        return self.app


def by_bridge(app: Any, backend: str) -> None:
    with Client(Application.from_asgi(app, backend=backend), "wsgi") as client:  # type: ignore[arg-type]
        client.get("/")


def by_resolve(app: Any, backend: str) -> None:
    with Client(Outer(app), "asgi", backend=backend) as client:  # type: ignore[arg-type]
        client.get("/")


def by_arespond(app: Any, backend: str) -> None:
    async def main() -> None:
        response = await Outer(app).arespond(core.Request(core.RequestHead()))
        async with aclosing(response.aiter_events("GET")) as events:
            async for _ in events:
                pass

    anyio.run(main, backend=backend)


def by_afrom_app(app: Any, backend: str) -> None:
    anyio.run(Response.afrom_app, app, RequestBuilder("/").scope(), backend=backend)


WAYS = [by_bridge, by_resolve, by_arespond, by_afrom_app]
ways = pytest.mark.parametrize("way", WAYS)
backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@backends
@ways
@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([BODY], "got the message 'http.response.body' out of order, expected 'http.response.start'"),
        ([END], "got the message 'http.response.body' out of order, expected 'http.response.start'"),
        ([TRAILERS], "got the message 'http.response.trailers' out of order, expected 'http.response.start'"),
        ([START, START], "got the message 'http.response.start' out of order, expected 'http.response.body'"),
        ([START, BODY, START], "got the message 'http.response.start' out of order, expected 'http.response.body'"),
        ([START, END, END], "got the message 'http.response.body' out of order, expected none after the last one"),
        ([START, END, TRAILERS], "got the message 'http.response.trailers' out of order, expected none after"),
        ([TRAILING, END, END], "got the message 'http.response.body' out of order, expected 'http.response.trailers'"),
        ([TRAILING, TRAILERS], "got the message 'http.response.trailers' out of order, expected 'http.response.body'"),
        ([{"type": "http.response.debug"}], "got the message 'http.response.debug' out of order"),
        ([{"type": "http.response.start"}], "with the status None, expected an int"),
        ([{**START, "status": "200 OK"}], "with the status '200 OK', expected an int"),
        ([{**START, "headers": [("a", "b")]}], "got str, expected bytes"),
        ([START, {**END, "body": "text"}], "got str, expected bytes"),
        ([START, {**END, "body": ""}], "got str, expected bytes"),
        ([START, {**END, "body": 3}], "got int, expected bytes"),
        ([{"type": "websocket.accept"}], "got the message 'websocket.accept' out of order, expected 'http.response"),
        ([START, {"type": "websocket.send", "bytes": b"x"}], "got the message 'websocket.send' out of order"),
        ([START, {"type": "lifespan.startup.complete"}], "got the message 'lifespan.startup.complete' out of order"),
        ([], "got an application that returned before its response was complete, expected a message"),
        ([START], "expected a message 'http.response.body' with a false more_body"),
        ([START, BODY], "expected a message 'http.response.body' with a false more_body"),
    ],
)
def test_messages_that_are_wrong(way: Callable[[Any, str], None], messages: list[Any], text: str, backend: str) -> None:
    """A wrong message is an error of the application, which says what was got and what was expected."""
    with pytest.raises((RuntimeError, TypeError)) as caught:
        way(sending(*messages), backend)
    assert text in str(caught.value)


@backends
@pytest.mark.parametrize("way", [by_arespond, by_afrom_app])
def test_trailer_fields_that_are_announced_and_never_sent(way: Callable[[Any, str], None], backend: str) -> None:
    """The response is not complete without them."""
    with pytest.raises(RuntimeError, match=r"expected a message 'http\.response\.trailers' with a false more_trailers"):
        way(sending(TRAILING, END), backend)


@backends
@ways
def test_what_may_be_left_out(way: Callable[[Any, str], None], backend: str) -> None:
    """A start without header fields, a body without bytes, and trailers without fields are complete."""
    way(sending({"type": "http.response.start", "status": 204}, END), backend)
    way(sending({**START, "headers": None}, {**END, "body": None}), backend)
    for nothing in ({}, {"headers": None}):
        trailers = {"type": "http.response.trailers", **nothing}
        way(sending(TRAILING, END, {**trailers, "more_trailers": True}, trailers), backend)


@backends
@pytest.mark.parametrize("wrap", [Compression, partial(CORS, origins="*")], ids=["Compression", "CORS"])
def test_what_may_be_left_out_behind_a_wrapper(wrap: Any, backend: Any) -> None:
    """A wrapper changes an answer whose start has no header fields as every other one."""
    for nothing in ({}, {"headers": None}):
        app = wrap(sending({"type": "http.response.start", "status": 200, **nothing}, END))
        with Client(app, "asgi", backend=backend) as client:
            answer = client.get("/", headers={"Origin": "https://a.example", "Accept-Encoding": "gzip"})
        assert (answer.status_code, answer.content) == (200, b"")


@backends
def test_two_tasks_that_send(backend: str) -> None:
    """Tasks of an application may send at the same time: no chunk is lost, and none waits for ever."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send(START)
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(send, BODY)
        await send(END)

    with Client(Outer(app), "asgi", backend=backend) as client:  # type: ignore[arg-type]
        assert client.get("/").content == b"x" * 10


@backends
def test_an_error_that_comes_of_closing(backend: str) -> None:
    """A response may be closed before its end. What the application raises then because of the OSError of ``send()``
    is not raised, also from a task group; another error is.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send(START)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(send, BODY)
        except BaseException as error:
            if scope["path"] == "/":
                raise RuntimeError("not sent") from error
        raise LookupError("other")

    class Site(Application[Request]):
        asgi_app = staticmethod(ProxyFix(Mount({"/": app})))  # type: ignore[assignment]

    async def close(path: str) -> None:
        with anyio.fail_after(GUARD):
            response = await Site(lambda request: Response("")).arespond(core.Request(core.RequestHead(path=path)))
            await response.aclose()

    anyio.run(close, "/", backend=backend)
    with pytest.raises(LookupError, match="other"):
        anyio.run(close, "/other", backend=backend)


@pytest.mark.parametrize(
    ("backend", "way"),
    [
        ("asyncio", "the client leaves"),
        ("asyncio", "a scope is cancelled"),
        ("asyncio", "the task is cancelled"),
        ("asyncio", "the response is closed"),
        ("trio", "the client leaves"),
        ("trio", "a scope is cancelled"),
        ("trio", "the response is closed"),
    ],
)
@pytest.mark.parametrize("cleans_up", [False, True], ids=["", "and cleans up"])
def test_an_application_that_waits_for_something_else(
    way: str, backend: str, cleans_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When nobody takes the rest of its response, an application that neither receives nor sends is cancelled, once.

    It has a task of its own, which a cancellation of the request does not reach.
    """
    monkeypatch.setattr("cardan._crossing.PATIENCE", 0.01)
    log: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(BODY)
        try:
            log.append("waits")
            waits.set()
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                for _ in range(3 * cleans_up):
                    await anyio.lowlevel.checkpoint()
            log.append("ended")

    async def receive() -> Any:
        if log:
            await (waits if way == "the client leaves" else anyio.Event()).wait()
            return {"type": "http.disconnect"}
        log.append("asked")
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        await anyio.lowlevel.checkpoint()

    async def main() -> None:
        nonlocal waits
        waits = anyio.Event()
        call = Outer(app)(RequestBuilder("/").scope(), receive, send)
        with anyio.fail_after(GUARD):
            if way == "the response is closed":
                call.close()
                response = await Application.from_asgi(app).arespond(core.Request(core.RequestHead()))
                chunks = response.aiter_encoded()
                assert await anext(chunks) == b"x"
                async with anyio.create_task_group() as group:
                    group.start_soon(anext, chunks, None)
                    await waits.wait()
                    group.cancel_scope.cancel()
                await response.aclose()
            elif way == "the client leaves":
                await call
            elif way == "the task is cancelled":
                task = asyncio.ensure_future(call)
                await waits.wait()
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
            else:
                async with anyio.create_task_group() as group:

                    async def serve() -> None:
                        await call

                    group.start_soon(serve)
                    await waits.wait()
                    group.cancel_scope.cancel()

    waits: Any = None
    anyio.run(main, backend=backend)
    assert [each for each in log if each != "asked"] == ["waits", "ended"]


def test_errors_that_come_of_leaving() -> None:
    """``comes_of_leaving()`` is true of the OSError of ``send()``, of an error with it as context, and of a group of
    only such errors.
    """
    left = NobodyTakes("left")
    wrapped = RuntimeError("wrapped")
    wrapped.__context__ = left
    assert all(map(comes_of_leaving, (left, wrapped, ExceptionGroup("all", [left, wrapped]))))
    others = (None, OSError("other"), ExceptionGroup("some", [left, OSError("other")]))
    assert not any(map(comes_of_leaving, others))


def test_an_application_of_the_other_protocol() -> None:
    """``from_app`` and ``afrom_app`` say which method takes it. A TypeError of the application stays as it is."""

    def wsgi(environ: Any, start_response: Any) -> Any:
        return len(5)  # type: ignore[arg-type]

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        len(5)  # type: ignore[arg-type]

    builder = RequestBuilder("/")
    with pytest.raises(TypeError, match=r"expected a WSGI application: afrom_app\(\) takes an ASGI application"):
        Response.from_app(asgi, builder.environ())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"expected an ASGI application: from_app\(\) takes a WSGI application"):
        anyio.run(Response.afrom_app, wsgi, builder.scope())
    with pytest.raises(TypeError, match="has no len"):
        Response.from_app(wsgi, builder.environ())
    with pytest.raises(TypeError, match="has no len"):
        anyio.run(Response.afrom_app, asgi, builder.scope())


def test_names_of_fields_are_kept_within_a_bound() -> None:
    """Any number of different names is encoded in the same way; only so many of them are kept for the next response."""
    fields = [(f"X-Name-{number}", str(number)) for number in range(600)]
    for _ in range(2):
        assert _messages.encode_headers(fields) == [(b"x-name-%d" % number, b"%d" % number) for number in range(600)]
    assert len(_messages._NAMES) <= 256


@pytest.mark.parametrize("name", [b"connection", b"Connection"])
def test_the_end_of_a_connection_is_told_once(name: bytes) -> None:
    """A response that has the field already keeps its own."""
    start = {"type": "http.response.start", "status": 200, "headers": [(name, b"upgrade")]}
    assert _messages.with_close(start) == start
    assert _messages.with_close({"type": "http.response.start", "status": 200})["headers"] == [
        (b"connection", b"close")
    ]


# --- heads of which no response can be made ---

BROKEN_HEADS = [(99, []), (200, [("X", "a\nb")]), (200, [("X y", "b")])]
broken_heads = pytest.mark.parametrize(("status", "fields"), BROKEN_HEADS)
chunks = pytest.mark.parametrize("chunks", [[], [b"whole"], [b"one", b"two"]])


class Counted:
    """The iterable of a WSGI application, which counts how often it is closed."""

    def __init__(self, given: list[bytes]) -> None:
        self._chunks = iter(given)
        self.closed = 0

    def __iter__(self) -> Any:
        return self._chunks

    def close(self) -> None:
        self.closed += 1


class Mounted(Outer):
    """Gives every request to a WSGI application, over the protocol of the request."""

    def __init__(self, app: Any) -> None:
        super().__init__(Application.from_wsgi(app))


def wsgi_by_bridge(app: Any) -> None:
    with Client(Application.from_wsgi(app), "asgi") as client:
        client.get("/")


def wsgi_by_resolve(app: Any) -> None:
    with Client(Mounted(app), "wsgi") as client:
        client.get("/")


def wsgi_by_resolve_over_asgi(app: Any) -> None:
    with Client(Mounted(app), "asgi") as client:
        client.get("/")


def wsgi_by_respond(app: Any) -> None:
    Application.from_wsgi(app).respond(core.Request(core.RequestHead())).close()


def wsgi_by_arespond(app: Any) -> None:
    async def main() -> None:
        await (await Application.from_wsgi(app).arespond(core.Request(core.RequestHead()))).aclose()

    anyio.run(main)


def wsgi_by_from_app(app: Any) -> None:
    Response.from_app(app, RequestBuilder("/").environ())


def wsgi_by_buffered_from_app(app: Any) -> None:
    Response.from_app(app, RequestBuilder("/").environ(), buffered=True)


@chunks
@broken_heads
@pytest.mark.parametrize(
    "way",
    [
        wsgi_by_bridge,
        wsgi_by_resolve,
        wsgi_by_resolve_over_asgi,
        wsgi_by_respond,
        wsgi_by_arespond,
        wsgi_by_from_app,
        wsgi_by_buffered_from_app,
    ],
)
def test_a_wsgi_application_whose_head_is_wrong_is_closed(
    way: Callable[[Any], None], status: int, fields: list[tuple[str, str]], chunks: list[bytes]
) -> None:
    """The status or a field must not be sent, so there is no response, but ``close()`` of its iterable is called once
    (PEP 3333, "Specification Details").
    """
    made: list[Counted] = []

    def app(environ: Any, start_response: Any) -> Counted:
        start_response(f"{status} Status", list(fields))
        made.append(Counted(chunks))
        return made[0]

    with pytest.raises(ValueError, match="expected"):
        way(app)
    assert [each.closed for each in made] == [1]


@backends
@pytest.mark.parametrize("chunks", [[], [b"one"], [b"one", b"two"]])
@broken_heads
@ways
def test_an_asgi_application_whose_head_is_wrong_ends(
    way: Callable[[Any, str], None], status: int, fields: list[tuple[str, str]], chunks: list[bytes], backend: str
) -> None:
    """The status or a field must not be sent, so there is no response, but the application has ended before the error
    is raised: nothing waits for a server that takes the next chunk.
    """
    started: list[int] = []
    ended: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        started.append(1)
        try:
            headers = [(name.encode(), value.encode()) for name, value in fields]
            await send({**START, "status": status, "headers": headers})
            for chunk in chunks:
                await send({**BODY, "body": chunk})
            await send(END)
            await anyio.lowlevel.checkpoint()  # what it does after its response
        finally:
            ended.append(1)

    with pytest.raises(ValueError, match="expected"):
        way(app, backend)
    assert ended == started == [1]


@backends
@ways
def test_every_call_of_receive_ends_with_the_response(way: Callable[[Any, str], None], backend: str) -> None:
    """All tasks of an application that wait for a message get the disconnect when the response is complete (ASGI HTTP
    specification 2.5, "Disconnect").
    """
    got: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        while (await receive()).get("more_body"):
            pass

        async def wait() -> None:
            got.append((await receive())["type"])

        with anyio.fail_after(GUARD):
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(wait)
                await anyio.wait_all_tasks_blocked()
                assert got == []
                await send(START)
                await send({**BODY, "more_body": False})

    way(app, backend)
    assert got == ["http.disconnect"] * 3


@backends
def test_no_call_of_receive_is_kept(backend: str) -> None:
    """What an upload of many messages has cost is free again: nothing is kept of a call of ``receive()`` that has
    ended, by a message, by an error, or by a cancellation.
    """
    given: list[Any] = [{"type": "http.request", "more_body": True}] * 3

    async def receive() -> Any:
        if given:
            return given.pop()
        if not failed:
            failed.append(True)
            raise LookupError("no message")
        await anyio.sleep_forever()
        raise AssertionError("nobody wakes this task")

    failed: list[bool] = []

    async def main() -> None:
        messages = UntilOver(receive)
        for _ in range(3):
            await messages()
        with pytest.raises(LookupError, match="no message"):
            await messages()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await messages()
        assert not messages._waiting
        messages.end()
        assert (await messages())["type"] == "http.disconnect"

    anyio.run(main, backend=backend)
