"""Application.from_asgi: an ASGI application, served over WSGI. What both bridges share is in test_bridged_sites.py."""

from __future__ import annotations

import contextvars
import io
import logging
import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
import sniffio
from anyio.lowlevel import current_token

import cardan
import cardan.exceptions
from cardan import CORS, Application, Mount, ProxyFix
from cardan._crossing import BackgroundTask, Conversation, portal
from cardan.apps._asgi_bridge import served_by
from cardan.testing import Client, RequestBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

on_both_loops = pytest.mark.parametrize("backend", ["asyncio", "trio"])

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def only_http(app: Callable[..., Any]) -> Any:
    """``app`` without a lifespan."""

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await app(scope, receive, send)

    return outer


def client_of(app: Any, backend: Any = "asyncio", **options: Any) -> Client:
    return Client(Application.from_asgi(only_http(app), backend=backend), "wsgi", **options)


@on_both_loops
@pytest.mark.parametrize("reads", [False, True])
def test_a_client_that_waits_for_100_continue(reads: bool, backend: Any) -> None:
    """To read the body invites the client to send it (RFC 9110 section 10.1.1), so that also a small one is not read
    before the application asks for it.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(stream.tell())
        if reads:
            assert (await receive())["body"] == b"data"
        await send({**START, "status": 200 if reads else 417})
        await send(body(b"x"))

    asked: list[int] = []
    stream = io.BytesIO(b"data")
    environ = RequestBuilder("/", method="POST", data=b"data", headers={"Expect": "100-continue"}).environ()
    environ["wsgi.input"] = stream
    answer: Any = Application.from_asgi(only_http(app), backend=backend).wsgi_app(environ, lambda *_: print)
    assert b"".join(answer) == b"x"
    getattr(answer, "close", lambda: None)()
    assert (asked, stream.tell()) == ([0], 4 if reads else 0)


@on_both_loops
def test_an_upload_is_read_as_it_comes(backend: Any) -> None:
    """Each ``receive()`` gives bytes that have come, and the last one of them says that there are no more."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            await send(body(message["body"], more=more))

    with client_of(app, backend) as client:
        parts = [b"a" * 100_000, b"b" * 10]
        assert client.post("/", content=iter(parts)).content == b"".join(parts)
        assert client.post("/", content=b"".join(parts)).content == b"".join(parts)
        assert client.post("/", content=b"small").content == b"small"
        assert client.get("/").content == b""


def test_crossings_of_an_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload whose length is known crosses to the loop once for each 64 KiB, and not once more for its end."""
    crossings: list[Any] = []
    run_sync = Conversation.run_sync

    async def counted(self: Conversation, function: Callable[..., Any], *args: Any) -> Any:
        crossings.append(function)
        return await run_sync(self, function, *args)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message["body"])
            more = message["more_body"]
        await send(START)
        await send(body(b"%d" % size))

    monkeypatch.setattr(Conversation, "run_sync", counted)
    with client_of(app) as client:
        assert client.post("/", content=b"x" * 2**20).content == b"1048576"
    assert len(crossings) == 16


@on_both_loops
def test_an_application_is_not_faster_than_its_client(backend: Any) -> None:
    """``send()`` returns when the server asks for more than it was given."""
    sent: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        for number in range(100):
            await send(body(b"%d\n" % number, more=True))
            sent.append(number)
        await send(body(b""))

    iterable: Any = Application.from_asgi(only_http(app), backend=backend)(
        RequestBuilder("/").environ(), lambda *_: print
    )
    steps = iter(iterable)
    assert [next(steps), next(steps)] == [b"0\n", b"1\n"]
    assert sent == [0]
    assert b"".join(steps) == b"".join(b"%d\n" % number for number in range(2, 100))
    iterable.close()


@on_both_loops
@pytest.mark.parametrize("waits_in", ["send", "receive", "sleep"])
def test_a_client_that_leaves(backend: Any, waits_in: str, caplog: pytest.LogCaptureFixture) -> None:
    """``send()`` raises an OSError and ``receive()`` gives a disconnect; an application that waits for something else
    is cancelled. When the server has closed the response, the application has ended. None of this is logged.
    """
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await receive()
            await send(START)
            async with anyio.create_task_group() as group:
                group.start_soon(tick, send)
                if waits_in == "receive":
                    seen.append((await receive())["type"])
                elif waits_in == "sleep":
                    await anyio.sleep_forever()
        finally:
            seen.append("ended")

    async def tick(send: Any) -> None:
        try:
            await send(body(b"tick\n", more=True))
        except OSError as error:
            seen.append(str(error))
            if waits_in == "send":
                raise

    served = Application.from_asgi(only_http(app), backend=backend)
    iterable: Any = served(RequestBuilder("/").environ(), lambda *_: print)
    assert next(iter(iterable)) == b"tick\n"
    with caplog.at_level(logging.DEBUG, "cardan"):
        iterable.close()
    told = {"the client has left before it had the whole response", "ended"}
    assert set(seen) == (told | {"http.disconnect"} if waits_in == "receive" else told)
    assert seen[-1] == "ended"
    assert not [record for record in caplog.records if record.name == "cardan"]


@on_both_loops
@pytest.mark.parametrize("tasks", [1, 3])
def test_what_is_sent_after_the_client_has_left(tasks: int, backend: Any) -> None:
    """Each later ``send()`` raises the OSError as well, in each task that sends, and none of them holds the event loop
    of the process.
    """
    seen: list[str] = []

    async def tick(send: Any) -> None:
        for _ in range(3):
            try:
                await send(body(b"tick", more=True))
            except OSError:
                seen.append("told")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        async with anyio.create_task_group() as group:
            for _ in range(tasks):
                group.start_soon(tick, send)

    served = Application.from_asgi(only_http(app), backend=backend)
    iterable: Any = served(RequestBuilder("/").environ(), lambda *_: print)
    assert next(iter(iterable)) == b"tick"
    iterable.close()
    assert seen == ["told"] * 3 * tasks


@on_both_loops
def test_a_signal_before_the_first_chunk(backend: Any) -> None:
    """A server may give up on its thread by a signal, whose handler raises: the application is told that the client has
    left, and ends first. Then the error is raised.
    """
    seen: list[str] = []

    def give_up(number: int, frame: object) -> None:
        raise SystemExit(1)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.request"
        while sys._current_frames()[main].f_code.co_name != "listen":
            await anyio.sleep(0.001)
        signal.pthread_kill(main, signal.SIGUSR1)
        seen.append((await receive())["type"])
        await anyio.sleep(0.001)
        seen.append("ended")

    main = threading.get_ident()
    served = Application.from_asgi(only_http(app), backend=backend)
    before = signal.signal(signal.SIGUSR1, give_up)
    try:
        with pytest.raises(SystemExit):
            served(RequestBuilder("/").environ(), lambda *_: print)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == ["http.disconnect", "ended"]


@on_both_loops
def test_a_response_that_is_closed_twice(backend: Any) -> None:
    """The second time does nothing: the application has ended."""
    ended: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send(START)
            await send(body(b"tick", more=True))
        finally:
            ended.append("ended")

    served = Application.from_asgi(only_http(app), backend=backend)
    iterable: Any = served(RequestBuilder("/").environ(), lambda *_: print)
    assert next(iter(iterable)) == b"tick"
    iterable.close()
    iterable.close()
    assert ended == ["ended"]


@on_both_loops
def test_chunks_without_bytes(backend: Any) -> None:
    """A chunk without bytes is not sent, but the other tasks of the loop have their turn when it is given."""
    turns: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(count)
            await send(START)
            for _ in range(50):
                await send(body(b"", more=True))
            group.cancel_scope.cancel()
        await send(body(b"end"))

    async def count() -> None:
        while True:
            turns.append(1)
            await anyio.sleep(0)

    iterable: Any = Application.from_asgi(only_http(app), backend=backend)(
        RequestBuilder("/").environ(), lambda *_: print
    )
    assert list(iterable) == [b"end"]
    iterable.close()
    assert len(turns) >= 10


@pytest.mark.parametrize("own", [False, True])
def test_an_error_after_the_client_has_left(own: bool, caplog: pytest.LogCaptureFixture) -> None:
    """An error that comes of the leaving is no news. Any other one is logged, because nobody else can be told."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        try:
            await send(body(b"tick\n", more=True))
        except OSError:
            if not own:
                raise RuntimeError("made of the OSError") from None
        raise LookupError("of its own")

    iterable: Any = Application.from_asgi(only_http(app))(RequestBuilder("/").environ(), lambda *_: print)
    assert next(iter(iterable)) == b"tick\n"
    iterable.close()
    logged = [record.message for record in caplog.records if record.name == "cardan"]
    assert logged == (["an error after the client has left"] if own else [])


@on_both_loops
def test_errors(backend: Any) -> None:
    """An error before the first chunk reaches the server, which answers 500; one after it breaks the response off. To
    return before the response is complete is an error.
    """

    async def before(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        raise LookupError("before")

    async def after(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"tick", more=True))
        raise LookupError("after")

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        pass

    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"tick", more=True))

    async def twice(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(START)

    early = "got an application that returned before its response was complete"
    for app, kind, text in [
        (before, LookupError, "before"),
        (after, LookupError, "after"),
        (nothing, RuntimeError, early),
        (half, RuntimeError, early),
        (twice, RuntimeError, "got the message 'http.response.start' out of order"),
    ]:
        with client_of(app, backend) as client, pytest.raises(kind, match=text):
            client.post("/", content=b"x" * 1_000_000)
    with client_of(before, backend, raise_app_exceptions=False) as client:
        assert client.post("/", content=b"x" * 1_000_000).status_code == 500


@on_both_loops
@pytest.mark.parametrize("fails", [True, False])
def test_a_task_that_outlives_its_application(fails: bool, backend: Any) -> None:
    """A task that waits for a message after its application has ended gets a disconnect, also if the application has
    failed.
    """
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/seen":
            await anyio.wait_all_tasks_blocked()
            await send(START)
            await send(body(repr(seen).encode()))
            return

        async def watches() -> None:
            assert (await receive())["type"] == "http.request"
            seen.append("waits")
            seen.append((await receive())["type"])

        tasks.append(BackgroundTask(watches))
        await anyio.wait_all_tasks_blocked()
        if fails:
            raise LookupError("of the application")

    tasks: list[BackgroundTask] = []
    with client_of(app, backend) as client:
        with pytest.raises(LookupError if fails else RuntimeError):
            client.get("/")
        assert client.get("/seen").text == "['waits', 'http.disconnect']"


@on_both_loops
def test_what_an_application_does_after_its_response(backend: Any) -> None:
    """The thread waits for its end; ``receive()`` gives a disconnect; an error is the server's to log."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"done"))
        await anyio.sleep(0.01)
        seen.append((await receive())["type"])
        seen.append((await receive())["type"])
        if scope["path"] == "/broken":
            raise LookupError("later")

    with client_of(app, backend) as client:
        assert client.get("/").content == b"done"
        assert seen == ["http.request", "http.disconnect"]
        with pytest.raises(LookupError, match="later"):
            client.get("/broken")


@on_both_loops
def test_the_head_of_an_answer_without_a_body(backend: Any) -> None:
    """In answer to HEAD an application may leave out the body, whose length is then not declared as 0."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b""))

    with client_of(app, backend) as client:
        assert "Content-Length" not in client.head("/").headers
        assert client.get("/").headers["Content-Length"] == "0"


@on_both_loops
def test_a_whole_answer_whose_head_is_wrong(backend: Any) -> None:
    """The application runs to its end before the error is raised: nothing of it outlives the request."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({**START, "status": 99})
        await send(body(b"whole"))
        await anyio.sleep(0.001)
        seen.append("ended")

    with client_of(app, backend) as client, pytest.raises(ValueError, match="99"):
        client.get("/")
    assert seen == ["ended"]


@on_both_loops
def test_what_is_received_after_the_response(backend: Any) -> None:
    """After the end of the response ``receive()`` gives a disconnect, also if the upload was not read, and each time it
    gives other tasks their turn. Hints that come after the head are left out.
    """
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]})
        await send(body(b"whole"))
        seen.append((await receive())["type"])
        with anyio.CancelScope() as scope_of_reads:
            scope_of_reads.cancel()
            await receive()
        seen.append(scope_of_reads.cancelled_caught)

    environ = RequestBuilder("/", method="POST", data=bytes(100_000)).environ()
    environ["wsgi.early_hints"] = seen.append
    answer: Any = Application.from_asgi(only_http(app), backend=backend)(environ, lambda *_: print)
    assert b"".join(answer) == b"whole"
    answer.close()
    assert seen == ["http.disconnect", True]


@on_both_loops
def test_two_tasks_that_send(backend: Any) -> None:
    """Tasks of an application may send at the same time: no chunk is lost, and none waits for ever."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(send, body(b"x", more=True))
        await send(body(b"."))

    with client_of(app, backend) as client:
        assert client.get("/").content == b"x" * 10 + b"."


@on_both_loops
def test_one_context(backend: Any) -> None:
    """A request has one context, from its start to what follows the response. The server's is seen, and not changed."""
    variable = contextvars.ContextVar("variable", default="none")
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(variable.get())
        token = variable.set("own")
        await send(START)
        for _ in range(3):
            await send(body(b"x", more=True))
        await send(body(b""))
        await anyio.sleep(0)
        seen.append(variable.get())
        variable.reset(token)

    variable.set("server")
    served: Any = Application.from_asgi(only_http(app), backend=backend)
    for _ in range(2):
        iterable = served(RequestBuilder("/").environ(), lambda *_: print)
        assert b"".join(iterable) == b"xxx"
        iterable.close()
    assert seen == ["server", "own"] * 2
    assert variable.get() == "server"


@on_both_loops
def test_the_lifespan(backend: Any) -> None:
    """The first request starts it, each request has a copy of its state, and ``close()`` ends it. A mount does this for
    the applications below it.
    """
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            assert (await receive())["type"] == "lifespan.startup"
            scope["state"]["word"] = "started"
            await send({"type": "lifespan.startup.complete"})
            seen.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
            return
        seen.append(dict(scope["state"]))
        scope["state"]["word"] = "changed"
        await send(START)
        await send(body(b""))

    for served in (Application.from_asgi(app, backend=backend), Mount({"/": Application.from_asgi(app)})):
        seen.clear()
        with Client(served, "wsgi") as client:
            client.get("/")
            client.get("/")
        assert seen == [{"word": "started"}, {"word": "started"}, "lifespan.shutdown"]


@pytest.mark.parametrize("how", ["message", "error"])
def test_a_lifespan_that_fails(how: str) -> None:
    """The request that has started it fails with the reason, and so does the next one, which tries again."""
    tries: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        tries.append(how)
        await send({"type": "lifespan.startup.failed", "message": "no database"})
        if how == "error":
            raise LookupError("no database at all")

    served = Application.from_asgi(app)
    for _ in range(2):
        with pytest.raises((RuntimeError, LookupError), match="no database"):
            served(RequestBuilder("/").environ(), lambda *_: print)
    assert tries == [how] * 2


def test_websockets() -> None:
    """WSGI has none: a handshake over WSGI is an ordinary request. Over ASGI it reaches the application."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        seen.append(scope["type"])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 426, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def nothing(*message: Any) -> Any: ...

    bridged = Application.from_asgi(app)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    with Client(bridged, "wsgi") as client:
        assert client.get("/", headers=upgrade).status_code == 426
    anyio.run(bridged, {"type": "websocket", "path": "/", "query_string": b"", "headers": []}, nothing, nothing)
    assert seen == ["http", "websocket"]


@on_both_loops
@pytest.mark.parametrize("how", ["sends", "reads first", "goes on"])
def test_an_application_that_takes_a_lifespan_for_a_request(how: str, backend: Any) -> None:
    """An application that answers a lifespan as it answers a request has no lifespan: its message is refused, and the
    error that it then raises, or does not raise, fails nothing (ASGI specification of lifespans, "Scope").
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if how == "reads first":
            await receive()
        try:
            await send(START)
            await send(body(scope["path"].encode()))
        except RuntimeError:
            if how != "goes on":
                raise

    bridged = Application.from_asgi(app, backend=backend)
    for served, protocol in ((bridged, "wsgi"), (Mount({"/": bridged}), "wsgi"), (Mount({"/": app}), "asgi")):
        with Client(served, protocol) as client:
            assert client.get("/a").text == "/a"


def test_a_wrong_message_after_the_start_of_a_lifespan() -> None:
    """A wrong message is refused. If the application raises this error it has failed, because it has a lifespan."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.complete"})
        await send(START)

    for served, protocol in ((Application.from_asgi(app), "wsgi"), (Mount({"/": app}), "asgi")):
        with pytest.raises(RuntimeError, match=r"got the message .* in a lifespan, expected one"):
            with Client(served, protocol) as client:
                client.get("/")


@on_both_loops
@pytest.mark.parametrize("phase", ["startup", "shutdown"])
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_lifespan_that_exits(kind: type[BaseException], phase: str, backend: Any) -> None:
    """An exit is raised by the request that starts the lifespan, or by ``close()``. It does not end the event loop of
    the process: a request that waits there gets its answer.
    """

    async def exits(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            if phase == "startup":
                raise kind
            await send({"type": "lifespan.startup.complete"})
            await receive()
            raise kind
        await send(START)
        await send(body(b""))

    waits, release = threading.Event(), threading.Event()

    async def patient(request: cardan.Request) -> cardan.Response:
        waits.set()
        await anyio.to_thread.run_sync(release.wait, 10)
        return cardan.Response("answered")

    answers: list[bytes] = []
    other: Any = Application(patient, backend=backend)
    thread = threading.Thread(target=lambda: answers.extend(other(RequestBuilder("/").environ(), lambda *_: print)))
    thread.start()
    try:
        assert waits.wait(100)
        served: Any = Application.from_asgi(exits, backend=backend)
        start = partial(served, RequestBuilder("/").environ(), lambda *_: print)
        if phase == "shutdown":
            start()
        with pytest.raises(kind):
            (start if phase == "startup" else served.close)()
    finally:
        release.set()
        thread.join(100)
    assert answers == [b"answered"]


def test_the_scope() -> None:
    """The scope says what the environ says, and has the environ itself."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)
        await send({"type": "http.response.start", "status": 204})
        await send(body(b""))

    fields = {"X-A": "1", "Cookie": "a=1", "Content-Type": "text/plain"}
    with client_of(app, root_path="/b\xe4low", client=("1.2.3.4", 5)) as client:
        assert client.post("/\xe4/b%2Fc?x=%C3%A4", headers=fields, content=b"1").status_code == 204
    assert (seen["path"], seen["root_path"]) == ("/b\xe4low/\xe4/b/c", "/b\xe4low")
    assert seen["query_string"] == b"x=%C3%A4"
    assert (seen["method"], seen["scheme"], seen["http_version"]) == ("POST", "http", "1.1")
    assert (seen["client"], seen["server"]) == (("1.2.3.4", 5), ("testserver", 80))
    assert {(b"x-a", b"1"), (b"cookie", b"a=1"), (b"content-type", b"text/plain")} <= set(seen["headers"])
    assert (b"content-length", b"1") in seen["headers"]
    assert seen["raw_path"].startswith(b"/b%C3%A4low/%C3%A4/b")
    assert seen["wsgi.environ"]["REQUEST_METHOD"] == "POST"


def test_the_raw_path_below_a_prefix_that_was_not_sent() -> None:
    """A prefix that a proxy has removed is part of the path again, and an escaped slash stays escaped."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(scope["raw_path"]))

    fixed = ProxyFix(Application.from_asgi(only_http(app)), x_prefix=1)
    with Client(fixed, "wsgi") as client:
        assert client.get("/a/x%2Fy", headers={"X-Forwarded-Prefix": "/pre"}).text == "/pre/a/x%2Fy"


UPLOAD = 200_000


def cut_off(app: Any, size: int, backend: Any) -> tuple[list[str], list[bytes], list[BaseException]]:
    """What ``app`` answers to an upload that ends after ``size`` bytes: status, chunks, error."""
    environ = RequestBuilder("/", method="POST", data=b"x" * UPLOAD).environ()
    environ["wsgi.input"] = io.BytesIO(b"x" * size)
    environ.pop("wsgi.input_terminated", None)
    status: list[str] = []
    chunks: list[bytes] = []
    errors: list[BaseException] = []

    def start_response(line: str, headers: Any, exc_info: Any = None) -> Any:
        status.append(line)

    iterable: Any = Application.from_asgi(only_http(app), backend=backend)(environ, start_response)
    try:
        chunks.extend(iterable)
    except Exception as error:
        errors.append(error)
    finally:
        getattr(iterable, "close", lambda: None)()
    return status, chunks, errors


@on_both_loops
@pytest.mark.parametrize("then", ["answers", "returns", "raises what send raised", "chains an error of its own"])
def test_a_client_that_breaks_its_upload_off(then: str, backend: Any, caplog: pytest.LogCaptureFixture) -> None:
    """``receive()`` gives a disconnect if the body ends before its declared length, and ``send()`` raises an OSError.
    An application that gives up then has made no error: the answer is the 400 of every handler that reads such a body.
    """
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        seen.append(message["type"])
        if then == "returns":
            return
        try:
            await send(START)
            await send(body(b"."))
        except OSError as error:
            seen.append(str(error))
            if then == "chains an error of its own":
                raise RuntimeError("cannot answer") from error
            raise

    for size in (0, 1, 150_000, UPLOAD - 1):
        seen.clear()
        status, chunks, errors = cut_off(app, size, backend)
        assert (status, errors) == (["400 Bad Request"], [])
        assert b"the client disconnected" in b"".join(chunks)
        assert seen[0] == "http.disconnect"
        assert seen[1:] == ([] if then == "returns" else ["the client has left before it had the whole response"])
    assert caplog.records == []


@on_both_loops
def test_an_upload_that_breaks_off_while_it_is_answered(backend: Any) -> None:
    """After the start of the response, it is broken off, with the error that tells why."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"begun", more=True))
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass

    status, chunks, errors = cut_off(app, 150_000, backend)
    assert (status, chunks) == (["200 OK"], [b"begun"])
    assert [type(error) for error in errors] == [cardan.exceptions.ClientDisconnected]


@on_both_loops
def test_an_error_of_its_own_when_an_upload_breaks_off(backend: Any) -> None:
    """An error that does not come of the leaving is an error of the application."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        raise LookupError("of its own")

    with pytest.raises(LookupError, match="of its own"):
        cut_off(app, 150_000, backend)


def test_one_side_alone() -> None:
    """``cardan.wsgi.from_asgi`` gives the WSGI side, and ``cardan.asgi.from_wsgi`` the ASGI side."""

    async def new(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"new"))

    def old(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"old"

    with Client(cardan.wsgi.from_asgi(only_http(new)), "wsgi") as client:
        assert client.get("/").content == b"new"
    with Client(cardan.asgi.from_wsgi(old), "asgi") as client:
        assert client.get("/").content == b"old"


@on_both_loops
def test_a_body_that_somebody_has_closed(backend: Any) -> None:
    """Code that holds the body of a response may close it. The end of the response closes it again: nothing happens."""
    ended: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send(START)
            await send(body(b"tick", more=True))
        finally:
            ended.append("ended")

    answer = served_by(app, lambda: portal(backend))
    response = answer(cardan.Request(RequestBuilder("/").environ()))
    response.response.close()  # type: ignore[attr-defined]
    response.close()
    assert ended == ["ended"]


@on_both_loops
def test_the_loop_that_was_asked_for(backend: Any) -> None:
    """Requests and the lifespan run in one event loop of ``backend``, also if a wrapper or a mount stands around it."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((sniffio.current_async_library(), current_token()))
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    made = [
        Application.from_asgi(app, backend=backend),
        Mount({"/": CORS(Application.from_asgi(app, backend=backend), "*")}),
    ]
    for each in made:
        with Client(each, "wsgi") as client:
            assert client.get("/").status_code == 204
    assert [library for library, _ in seen] == [backend] * 4
    assert len({token for _, token in seen}) == 1
