"""`Client` with ASGI applications, on asyncio and trio."""

from __future__ import annotations

import io
import threading
from typing import Any

import anyio
import httpx
import pytest

from cardan.testing import Client
from cardan.testing._asgi_exchange import ASGIExchange
from cardan.testing._carriers import _reading
from tests.testing.apps import chunk, echo_asgi, only_http, read_all, start, threads

pytestmark = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def test_answer(backend: Any) -> None:
    """Status, header fields (in order and case) and body arrive as they were sent."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, 201, [(b"X-One", b"a\xe9"), (b"x-one", b"b")])
        await chunk(send, b"made", more=False)

    with Client(app, protocol="asgi", backend=backend) as client:
        response = client.get("/")
    assert (response.status_code, response.content) == (201, b"made")
    assert response.headers.raw == [(b"X-One", b"a\xe9"), (b"x-one", b"b")]
    assert response.http_version == "HTTP/1.1"


def test_scope(backend: Any) -> None:
    """The scope is the one that a server would make for the request (ASGI HTTP spec 2.5)."""
    seen: dict[str, Any] = {}

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)
        await start(send)
        await chunk(send, b"", more=False)

    with Client(app, protocol="asgi", backend=backend, http_version="2", extensions={"tls": {"a": 1}}) as client:
        client.request("PATCH", "https://example.org:444/a%20b/%C3%A9?x=%20&y", headers=[("X-Ab", "1"), ("x-ab", "2")])
    headers = seen.pop("headers")
    assert [pair for pair in headers if pair[0] == b"x-ab"] == [(b"x-ab", b"1"), (b"x-ab", b"2")]
    assert (b"host", b"example.org:444") in headers
    assert seen == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "2",
        "method": "PATCH",
        "scheme": "https",
        "path": "/a b/é",
        "raw_path": b"/a%20b/%C3%A9",
        "query_string": b"x=%20&y",
        "root_path": "",
        "client": ("127.0.0.1", 49152),
        "server": ("example.org", 444),
        "extensions": {"tls": {"a": 1}},
    }


def test_back_pressure(backend: Any) -> None:
    """`send` returns when the client has taken the chunk, not before."""
    ready, sent, blocked = threading.Event(), [0], []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def produce() -> None:
            for _ in range(3):
                await chunk(send, b"x")
                sent[0] += 1

        await start(send)
        async with anyio.create_task_group() as group:
            group.start_soon(produce)
            await anyio.wait_all_tasks_blocked()
            blocked.append(sent[0])
            ready.set()
        await chunk(send, b"", more=False)

    with Client(app, protocol="asgi", backend=backend) as client, client.stream("GET", "/") as response:
        assert ready.wait(60)
        assert blocked == [0]
        for number, _ in enumerate(response.iter_raw(), 1):
            assert sent[0] <= number
    assert sent == [3]


def test_streams_while_the_application_runs(backend: Any) -> None:
    """A chunk reaches the client before the application makes the next one."""
    go = threading.Event()

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await chunk(send, b"one")
        await anyio.to_thread.run_sync(go.wait, 60)
        await chunk(send, b"two", more=False)

    with Client(app, protocol="asgi", backend=backend) as client, client.stream("GET", "/") as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"one"
        go.set()
        assert list(chunks) == [b"two"]


def test_disconnect_while_sending(backend: Any) -> None:
    """If the client disconnects, `send` raises OSError, `receive` gives http.disconnect, and the client waits for the
    end.
    """
    log: list[Any] = []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_all(receive)
        await start(send)
        try:
            while True:
                await chunk(send, b"tick")
        except OSError:
            log.append("gone")
        log.append((await receive())["type"])
        await anyio.sleep(0)
        log.append("end")

    with Client(app, protocol="asgi", backend=backend) as client:
        with client.stream("GET", "/") as response:
            assert next(response.iter_raw()) == b"tick"
        assert log == ["gone", "http.disconnect", "end"]


def test_disconnect_while_idle(backend: Any) -> None:
    """An application that waits in `receive` gets the disconnect there."""
    log: list[Any] = []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_all(receive)
        await start(send)
        await chunk(send, b"hello")
        log.append((await receive())["type"])
        with pytest.raises(OSError, match="the client has left"):
            await chunk(send, b"too late")

    with Client(app, protocol="asgi", backend=backend) as client:
        with client.stream("GET", "/") as response:
            assert next(response.iter_raw()) == b"hello"
        assert log == ["http.disconnect"]


def test_unread_answer(backend: Any) -> None:
    """If a client disconnects without reading the body, an application that lets OSError pass has no error."""
    log: list[str] = []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(chunk, send, b"x")
        finally:
            log.append("end")

    with Client(app, protocol="asgi", backend=backend) as client:
        with client.stream("GET", "/"):
            pass
        assert log == ["end"]


def test_a_group_with_an_error_beside_the_disconnect(backend: Any) -> None:
    """A group of exceptions is raised if one of them does not follow from the disconnect."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        try:
            await chunk(send, b"x")
        except OSError as error:
            errors = [error, LookupError("a defect")] if scope["path"] == "/both" else [error, OSError("x")]
            raise ExceptionGroup("of tasks", errors if scope["path"] != "/one" else [error]) from None

    with Client(app, protocol="asgi", backend=backend) as client:
        for path in ("/both", "/other"):
            with pytest.raises(ExceptionGroup, match="of tasks"), client.stream("GET", path):
                pass
        with client.stream("GET", "/one"):
            pass


def test_extensions_of_one_request_are_its_own(backend: Any) -> None:
    """What an application changes in the extensions of its scope is not seen by the next request."""
    seen: list[Any] = []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append({name: dict(value) for name, value in scope["extensions"].items()})
        scope["extensions"]["a"]["mine"] = scope["extensions"]["b"]["mine"] = 1
        scope["extensions"]["c"] = {}
        await start(send)
        await send({"type": "http.response.body"})

    offered: dict[str, Any] = {"a": {"x": 1}, "b": None}
    with Client(app, protocol="asgi", backend=backend, extensions=offered) as client:
        for _ in range(2):
            client.get("/")
    assert seen == [{"a": {"x": 1}, "b": {}}] * 2
    assert offered == {"a": {"x": 1}, "b": None}


def test_what_follows_from_leaving(backend: Any) -> None:
    """The OSError of a disconnect, a framework's own exception for it, and what follows from it are not raised again.

    All other exceptions are.
    """

    class ClientDisconnect(Exception):
        pass

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        try:
            await chunk(send, b"x")
        except OSError as error:
            match scope["path"]:
                case "/own":
                    raise ClientDisconnect  # noqa: B904  that it has no cause is what is tested
                case "/from":
                    raise RuntimeError from error
                case "/none":
                    raise ClientDisconnect("none") from None
                case "/defect":
                    undefined  # type: ignore[name-defined]  # noqa: F821
            raise

    with Client(app, protocol="asgi", backend=backend) as client:
        for path in ("/", "/own", "/from"):
            with client.stream("GET", path):
                pass
        for path, kind in {"/none": ClientDisconnect, "/defect": NameError}.items():
            with pytest.raises(kind), client.stream("GET", path):
                pass


def test_old_servers_are_silent(backend: Any) -> None:
    """Before spec 2.4, `send` does nothing after the client has disconnected."""
    log: list[str] = []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        for _ in range(3):
            await chunk(send, b"x")
        log.append(scope["asgi"]["spec_version"])

    with Client(app, protocol="asgi", backend=backend, spec_version="2.3") as client:
        with client.stream("GET", "/"):
            pass
        assert log == ["2.3"]


def test_an_application_that_stays_is_cancelled(backend: Any) -> None:
    """After the grace period the application is cancelled, and a RuntimeWarning is given."""
    log: list[str] = []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        try:
            await anyio.sleep_forever()
        finally:
            log.append("cancelled")

    with Client(app, protocol="asgi", backend=backend, grace=0.01) as client:
        with pytest.warns(RuntimeWarning, match="did not end within 0.01 seconds after the client had left"):
            with client.stream("GET", "/"):
                pass
        assert log == ["cancelled"]


def test_upload_streams(backend: Any) -> None:
    """Each piece of an iterator becomes one message, which is read when the application asks for it."""
    log: list[Any] = []

    def pieces() -> Any:
        for piece in (b"a", b"", b"b"):
            log.append(("made", piece))
            yield piece

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await anyio.wait_all_tasks_blocked()
        assert log == []
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            log.append((message["body"], more))
        await start(send)
        await chunk(send, b"", more=False)

    with Client(app, protocol="asgi", backend=backend) as client:
        client.post("/", content=pieces())
    assert [entry for entry in log if entry[0] != "made"] == [(b"a", True), (b"", True), (b"b", True), (b"", False)]
    assert log.index(("made", b"b")) > log.index((b"a", True))


def test_a_cancelled_receive_loses_nothing(backend: Any) -> None:
    """If a `receive` is cancelled, the next one gets the piece that it had asked for."""
    go = threading.Event()

    def pieces() -> Any:
        assert go.wait(60)
        yield b"a"
        yield b"b"

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(receive)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        go.set()
        body = await read_all(receive)
        await start(send)
        await chunk(send, body, more=False)

    with Client(app, protocol="asgi", backend=backend) as client:
        assert client.post("/", content=pieces()).content == b"ab"


def test_the_answer_may_come_before_the_upload_ends(backend: Any) -> None:
    """The bodies of request and response can be transferred at the same time."""
    go = threading.Event()

    def pieces() -> Any:
        yield b"a"
        assert go.wait(60)
        yield b"b"

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            await chunk(send, message["body"].upper(), more=more)

    with (
        Client(app, protocol="asgi", backend=backend) as client,
        client.stream("POST", "/", content=pieces()) as response,
    ):
        chunks = response.iter_raw()
        assert next(chunks) == b"A"
        go.set()
        assert list(chunks) == [b"B"]


def test_truncated_upload(backend: Any) -> None:
    """If a body is shorter than its Content-Length, the application gets http.disconnect; the client still reads the
    answer.
    """

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen = [await receive(), await receive(), await receive()]
        await start(send, 400)
        await chunk(send, repr([message["type"] for message in seen]).encode(), more=False)

    with Client(app, protocol="asgi", backend=backend) as client:
        for body in (iter([b"abc"]), b"abc"):
            response = client.post("/", content=body, headers={"content-length": "5"})
            assert response.status_code == 400
            assert response.text == "['http.request', 'http.disconnect', 'http.disconnect']"


def test_an_upload_that_raises(backend: Any) -> None:
    """The client raises the exception of its own request body. The application sees a disconnect."""
    log: list[str] = []

    def pieces() -> Any:
        yield b"a"
        raise LookupError("no more")

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        log.append((await receive())["type"])

    with Client(app, protocol="asgi", backend=backend) as client:
        with pytest.raises(LookupError, match="no more"):
            client.post("/", content=pieces())
        assert log == ["http.disconnect"]


def test_an_upload_that_raises_late(backend: Any) -> None:
    """If the answer has begun, the client raises it when it reads the answer."""

    def pieces() -> Any:
        yield b"a"
        raise LookupError("no more")

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await chunk(send, (await receive())["body"])
        await receive()

    with Client(app, protocol="asgi", backend=backend) as client:
        with client.stream("POST", "/", content=pieces()) as response:
            chunks = response.iter_raw()
            assert next(chunks) == b"a"
            with pytest.raises(LookupError, match="no more"):
                next(chunks)


def test_leaving_while_the_upload_blocks(backend: Any) -> None:
    """If the request body blocks in its thread, the client can still disconnect."""
    go = threading.Event()

    def pieces() -> Any:
        yield b"a"
        go.wait(60)

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await chunk(send, (await receive())["body"])
        assert (await receive())["type"] == "http.disconnect"

    with Client(app, protocol="asgi", backend=backend) as client:
        with client.stream("POST", "/", content=pieces()) as response:
            chunks = response.iter_raw()
            assert next(chunks) == b"a"
        go.set()


def test_all_open_responses_are_left(backend: Any) -> None:
    """If closing one response raises, the other responses are closed as well."""
    ended: list[str] = []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await start(send)
            await chunk(send, b"a")
        except OSError:
            ended.append(scope["path"])
            raise LookupError("broken") from None

    def main() -> None:
        with Client(app, protocol="asgi", backend=backend) as client:
            for path in ("/1", "/2"):
                client.send(client.build_request("GET", path), stream=True)

    with pytest.raises(LookupError, match="broken"):
        main()
    assert sorted(ended) == ["/1", "/2"]


def test_exception_before_the_start(backend: Any) -> None:
    """The client raises the exception, or gets a 500."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("broken")

    with Client(app, protocol="asgi", backend=backend) as client, pytest.raises(LookupError, match="broken"):
        client.get("/")
    with Client(app, protocol="asgi", backend=backend, raise_app_exceptions=False) as client:
        response = client.get("/")
    assert (response.status_code, response.text) == (500, "Internal Server Error")


def test_exception_after_the_start(backend: Any) -> None:
    """The client raises the exception while reading, or gets an incomplete response."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await chunk(send, b"one")
        raise LookupError("broken")

    with Client(app, protocol="asgi", backend=backend) as client:
        with client.stream("GET", "/") as response:
            chunks = response.iter_raw()
            assert next(chunks) == b"one"
            with pytest.raises(LookupError, match="broken"):
                next(chunks)
    with Client(app, protocol="asgi", backend=backend, raise_app_exceptions=False) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="ended before the response was complete"):
            client.get("/")


def test_exception_after_the_end(backend: Any) -> None:
    """An exception after the response is raised when the client is done, unless the disconnect caused it."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await chunk(send, b"one", more=False)
        raise LookupError("broken")

    with Client(app, protocol="asgi", backend=backend) as client, pytest.raises(LookupError, match="broken"):
        client.get("/")
    with Client(app, protocol="asgi", backend=backend, raise_app_exceptions=False) as client:
        assert client.get("/").text == "one"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_base_exceptions(backend: Any, error: Any) -> None:
    """Exceptions that would end the event loop are raised in the client, and the loop continues."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/raise":
            raise error
        await start(send)
        await chunk(send, b"", more=False)

    with Client(app, protocol="asgi", backend=backend) as client:
        with pytest.raises(error):
            client.get("/raise")
        assert client.get("/").status_code == 200


def test_no_answer(backend: Any) -> None:
    """An application that returns without an answer gives an error, or a 500."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/half":
            await start(send)

    with Client(app, protocol="asgi", backend=backend) as client:
        with pytest.raises(RuntimeError, match="the application ended without an answer"):
            client.get("/")
        with pytest.raises(httpx.RemoteProtocolError, match="ended before the response was complete"):
            client.get("/half")
    with Client(app, protocol="asgi", backend=backend, raise_app_exceptions=False) as client:
        assert client.get("/").status_code == 500


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (["body"], "got 'http.response.body', expected 'http.response.start'"),
        (["start", "start"], "got 'http.response.start' twice, expected it once"),
        (["start", "body", "body"], "got 'http.response.body' after the response was complete, expected nothing"),
        (["start", "pathsend"], "got 'http.response.pathsend', expected 'http.response.body'"),
        (["trailers"], "got 'http.response.trailers', expected 'http.response.start'"),
        (
            ["start", "body", "trailers"],
            "got 'http.response.trailers' after the response was complete, expected nothing",
        ),
    ],
)
def test_messages_out_of_order(backend: Any, messages: Any, text: str) -> None:
    """A message in the wrong order raises RuntimeError in the application, as with servers. So does a part of the
    response that an extension sends.
    """

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for kind in messages:
            await send({"type": f"http.response.{kind}", "status": 200})

    offered: dict[str, Any] = {"http.response.trailers": {}}
    with Client(app, "asgi", backend=backend, extensions=offered) as client, pytest.raises(RuntimeError) as caught:
        client.get("/")
    assert str(caught.value) == text


@pytest.mark.parametrize(("declared", "text"), [(b"5", "got a body of 3 bytes, expected 5"), (b"2", "3 bytes or more")])
def test_dishonest_length(backend: Any, declared: bytes, text: str) -> None:
    """A body whose length differs from its Content-Length is an incomplete message (RFC 9112, section 8)."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, 200, [(b"content-length", declared)])
        await chunk(send, b"abc", more=False)

    with Client(app, protocol="asgi", backend=backend) as client, pytest.raises(httpx.RemoteProtocolError, match=text):
        client.get("/")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_no_body(backend: Any, method: str, status: int) -> None:
    """Responses to HEAD, and with 204 and 304, have no body, whatever is sent (RFC 9110, section 6.4.1)."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, status, [(b"content-length", b"3")])
        await chunk(send, b"abc", more=False)

    with Client(app, protocol="asgi", backend=backend) as client:
        assert client.request(method, "/").content == b""


def test_timeout(backend: Any) -> None:
    """Waiting longer than the time-out raises httpx.ReadTimeout, before the answer and during it."""

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_all(receive)
        if scope["path"] == "/begin":
            await start(send)
        await receive()

    with Client(app, protocol="asgi", backend=backend, timeout=0.01) as client:
        for path in ("/", "/begin"):
            with pytest.raises(httpx.ReadTimeout, match=r"the application sent nothing for 0\.01 seconds"):
                client.get(path)


def test_extensions(backend: Any, tmp_path: Any) -> None:
    """Messages of offered extensions are accepted: files are sent, trailers end the response, all are stored."""
    path = tmp_path / "file"
    path.write_bytes(b"content")

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.early_hint", "links": [b"</a>"]})
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
        await send({"type": "http.response.pathsend", "path": str(path)})
        await send({"type": "http.response.trailers", "headers": [(b"x", b"y")]})

    offered: dict[str, Any] = {f"http.response.{name}": {} for name in ("early_hint", "pathsend", "trailers")}
    with Client(app, protocol="asgi", backend=backend, extensions=offered) as client:
        response = client.get("/")
    assert response.content == b"content"
    assert [message["type"].rpartition(".")[2] for message in response.extensions["asgi"]] == [
        name.rpartition(".")[2] for name in offered
    ]


def test_without_context(backend: Any) -> None:
    """A client can be used without ``with``, and leaves no thread behind."""
    before = threads()
    client = Client(echo_asgi, protocol="asgi", backend=backend)
    assert client.post("/", content=b"abc").content == b"abc"
    with client.stream("POST", "/", content=b"abc"):
        pass
    assert threads() <= before


def test_nothing_is_left_behind(backend: Any) -> None:
    """No thread is left, even if a response stays open or a test fails."""
    before = threads()

    def fail() -> None:
        with Client(echo_asgi, protocol="asgi", backend=backend) as client:
            client.post("/", content=iter([b"a", b"b"]))
            client.send(client.build_request("POST", "/", content=b"abc"), stream=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert threads() <= before


def test_many_threads_share_a_client(backend: Any) -> None:
    """Several threads can use one client at the same time."""
    results: list[bytes] = []
    with Client(echo_asgi, protocol="asgi", backend=backend) as client:

        def use(number: int) -> None:
            results.append(client.post("/", content=b"%d" % number).content)

        threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(results) == [b"%d" % number for number in range(8)]


def test_an_exchange_that_is_ended_before_it_runs(backend: Any) -> None:
    """The client may give up before the task of the application has begun: the application is cancelled at once."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append("begun")
        await anyio.sleep(0)
        seen.append("went on")

    async def main() -> None:
        exchange = ASGIExchange(app, {"method": "GET"}, b"")
        exchange._kill()
        await exchange.run()
        assert exchange.ended

    anyio.run(main, backend=backend)
    assert seen == ["begun"]


def test_a_receive_of_an_environ_ends_with_a_disconnect(backend: Any) -> None:
    """After the body of a scope that was made of an environ, the client has left."""

    async def main() -> list[Any]:
        receive = _reading(io.BytesIO(b"abc"), None)
        return [await receive() for _ in range(4)]

    whole, end, *left = anyio.run(main, backend=backend)
    assert (whole["body"], whole["more_body"], end["body"], end["more_body"]) == (b"abc", True, b"", False)
    assert left == [{"type": "http.disconnect"}] * 2


def test_leaving_twice(backend: Any) -> None:
    """Closing a response, or a transport, again does nothing."""
    with Client(echo_asgi, protocol="asgi", backend=backend) as client:
        with client.stream("GET", "/") as response:
            pass
        response.close()
        transport: Any = client._transport
    transport.__exit__()
    assert response.is_closed


def test_a_response_is_closed_once(backend: Any) -> None:
    """Closing what the transport has given again does nothing: the event loop of the client is still there for its
    next request, and for the shutdown of the application.
    """
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await echo_asgi(scope, receive, send)
            return
        for name in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{name}"
            await send({"type": f"lifespan.{name}.complete"})
            seen.append(name)

    with Client(app, protocol="asgi", backend=backend) as client:
        request = httpx.Request("GET", "http://testserver/")
        stream: Any = client._transport.handle_request(request).stream
        for _ in range(3):
            stream.close()
        assert client.post("/", content=b"next").text == "next"
    assert seen == ["startup", "shutdown"]


def test_leaving_a_client_twice(backend: Any) -> None:
    """The application is shut down once."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for name in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{name}"
            seen.append(name)
            await send({"type": f"lifespan.{name}.complete"})

    with Client(app, "asgi", backend=backend) as client:
        transport: Any = client._transport
    transport.__exit__(None, None, None)
    client.close()
    assert seen == ["startup", "shutdown"]
