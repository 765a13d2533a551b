"""`AsyncClient` on both protocols, with asyncio and trio."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from cardan.testing import PROTOCOLS, AsyncClient
from cardan.testing._crossings import AsyncPull
from cardan.testing._options import agenerate
from tests.testing.apps import ECHO, chunk, echo_asgi, only_http, read_all, start, threads

pytestmark = [
    pytest.mark.anyio,
    # trio warns about async generators that are not run to their end; those of the client cannot be closed here
    pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning"),
]
both = pytest.mark.parametrize("protocol", PROTOCOLS)


async def pieces() -> Any:
    yield b"a"
    await anyio.sleep(0)
    yield b"b"


@both
async def test_answer(protocol: Any) -> None:
    """Bytes and async iterators are sent, and the answer arrives, on both protocols."""
    async with AsyncClient(ECHO[protocol], protocol=protocol) as client:
        response = await client.post("/", content=b"abc")
        assert (response.status_code, response.content) == (200, b"abc")
        assert response.headers.raw == [(b"content-length", b"3"), (b"X-Method", b"POST")]
        assert (await client.put("/", content=pieces())).content == b"ab"
        assert (await client.post("/", data={"a": "1"})).text == "a=1"


async def test_asgi_leaving_early() -> None:
    """If the client disconnects, `send` raises OSError, and the client waits for the end of the application."""
    log: list[Any] = []

    @only_http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_all(receive)
        await start(send)
        try:
            while True:
                await chunk(send, b"tick")
        finally:
            log.append((await receive())["type"])

    async with AsyncClient(app, protocol="asgi") as client:
        async with client.stream("GET", "/") as response:
            assert await anext(response.aiter_raw()) == b"tick"
        assert log == ["http.disconnect"]


async def test_wsgi_leaving_early() -> None:
    """If the client disconnects, the iterable is closed once, before the block ends."""
    log: list[str] = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        try:
            while True:
                yield b"tick"
        finally:
            log.append("closed")

    async with AsyncClient(app, protocol="wsgi") as client:
        async with client.stream("GET", "/") as response:
            assert await anext(response.aiter_raw()) == b"tick"
        assert log == ["closed"]


@both
async def test_leaving_while_the_upload_waits(protocol: Any) -> None:
    """If the request body waits for ever, the client can still disconnect."""

    async def endless() -> Any:
        yield b"a"
        await anyio.sleep_forever()

    @only_http
    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await chunk(send, (await receive())["body"])
        assert (await receive())["type"] == "http.disconnect"

    def wsgi(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield environ["wsgi.input"].read(1)
        with pytest.raises(OSError, match="the client"):
            environ["wsgi.input"].read(1)

    async with AsyncClient({"asgi": asgi, "wsgi": wsgi}[protocol], protocol=protocol) as client:
        async with client.stream("POST", "/", content=endless()) as response:
            assert await anext(response.aiter_raw()) == b"a"


@both
async def test_exceptions(protocol: Any) -> None:
    """The client raises an exception that occurs before the start, or gets a 500."""

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("broken")

    def wsgi(environ: Any, start_response: Any) -> Any:
        raise LookupError("broken")

    apps: dict[str, Any] = {"asgi": asgi, "wsgi": wsgi}
    app = apps[protocol]
    async with AsyncClient(app, protocol=protocol) as client:
        with pytest.raises(LookupError, match="broken"):
            await client.get("/")
    async with AsyncClient(app, protocol=protocol, raise_app_exceptions=False) as client:
        assert (await client.get("/")).status_code == 500


@both
async def test_an_upload_that_raises(protocol: Any) -> None:
    """The client raises the exception of its own request body."""

    async def broken() -> Any:
        yield b"a"
        raise LookupError("no more")

    async with AsyncClient(ECHO[protocol], protocol=protocol) as client:
        with pytest.raises((LookupError, AssertionError), match="no more"):
            await client.post("/", content=broken())


@both
async def test_cancelled_client(protocol: Any) -> None:
    """If a request is cancelled, the client disconnects, and the application has ended afterwards."""
    log: list[str] = []
    entered, gone = threading.Event(), threading.Event()

    @only_http
    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await read_all(receive)
        entered.set()
        log.append((await receive())["type"])

    def wsgi(environ: Any, start_response: Any) -> Any:
        entered.set()
        assert gone.wait(60)
        start_response("200 OK", [])
        log.append("http.disconnect")
        yield b"late"

    async with AsyncClient({"asgi": asgi, "wsgi": wsgi}[protocol], protocol=protocol) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.get, "/")
            await anyio.to_thread.run_sync(entered.wait, 60)
            gone.set()
            group.cancel_scope.cancel()
        assert log == ["http.disconnect"]


@both
async def test_timeout(protocol: Any) -> None:
    """Waiting longer than the time-out raises httpx.ReadTimeout, before the answer and during it."""
    go = threading.Event()

    @only_http
    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await read_all(receive)
        if scope["path"] == "/begin":
            await start(send)
            await chunk(send, b"a")
        await receive()

    def wsgi(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [])
        if environ["PATH_INFO"] == "/begin":
            write(b"a")
        go.wait(0.5)
        return []

    async with AsyncClient({"asgi": asgi, "wsgi": wsgi}[protocol], protocol=protocol, timeout=0.01) as client:
        for path in ("/", "/begin"):
            with pytest.raises(httpx.ReadTimeout):
                await client.get(path)


@both
async def test_nothing_is_left_behind(protocol: Any) -> None:
    """Open responses are closed, and no task or thread of the client is left."""
    before = threads()
    async with AsyncClient(ECHO[protocol], protocol=protocol) as client:
        await client.post("/", content=pieces())
        await client.send(client.build_request("POST", "/", content=b"abc"), stream=True)
    assert {thread for thread in threads() - before if "AnyIO" not in thread.name} == set()


@both
async def test_needs_its_context(protocol: Any) -> None:
    """Without ``async with`` there is no task group, so a request raises RuntimeError."""
    with pytest.raises(RuntimeError, match="got a request outside of the client's context"):
        await AsyncClient(ECHO[protocol], protocol=protocol).get("/")


async def test_many_requests_at_once() -> None:
    """Many requests at the same time get their own answers."""
    results = {}
    async with AsyncClient(echo_asgi, protocol="asgi") as client:

        async def use(number: int) -> None:
            results[number] = (await client.post("/", content=b"%d" % number)).content

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(use, number)
    assert results == {number: b"%d" % number for number in range(5)}


async def test_application_is_closed_on_leaving() -> None:
    """`app.close()` of a WSGI application is called in a thread."""
    seen = []

    class App:
        def __call__(self, environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            return [b""]

        def close(self) -> None:
            seen.append(threading.current_thread())

    async with AsyncClient(App(), protocol="wsgi") as client:
        await client.get("/")
    assert len(seen) == 1
    assert seen != [threading.current_thread()]


@both
async def test_all_open_responses_are_left(protocol: Any) -> None:
    """If closing one response raises, the other responses are closed as well."""
    ended: list[str] = []

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        try:
            await start(send)
            await chunk(send, b"a")
        except OSError:
            ended.append(scope["path"])
            raise LookupError("broken") from None

    def wsgi(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        try:
            yield b"a"
            yield b"b"
        finally:
            ended.append(environ["PATH_INFO"])
            raise LookupError("broken")

    apps: dict[str, Any] = {"asgi": asgi, "wsgi": wsgi}

    async def main() -> None:
        async with AsyncClient(apps[protocol], protocol=protocol) as client:
            for path in ("/1", "/2"):
                await client.send(client.build_request("GET", path), stream=True)

    with pytest.raises(LookupError, match="broken"):
        await main()
    assert sorted(ended) == ["/1", "/2"]


@both
async def test_a_body_that_is_no_generator(protocol: Any) -> None:
    """Any async iterable may be the body of a request."""

    class Body:
        def __init__(self) -> None:
            self.left = [b"a", b"b"]

        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    async with AsyncClient(ECHO[protocol], protocol=protocol) as client:
        assert (await client.post("/", content=Body())).content == b"ab"


@both
async def test_no_time_out(protocol: Any) -> None:
    """``timeout=None`` waits as long as it takes; each time may be None for itself."""
    for timeout in (None, httpx.Timeout(5, read=None)):
        async with AsyncClient(ECHO[protocol], protocol=protocol, timeout=timeout) as client:
            assert (await client.post("/", content=b"abc")).content == b"abc"


def test_a_body_of_a_loop_that_is_over(anyio_backend_name: str) -> None:
    """An upload is read by the loop of the client. When that loop is over, a thread that still reads is told that the
    client has left, and ending the upload does nothing.
    """

    async def make() -> AsyncPull:
        return AsyncPull(pieces())

    for aborted in (False, True):
        pull = anyio.run(make, backend=anyio_backend_name)
        if aborted:
            pull.abort()
        for _ in range(2):
            with pytest.raises(ConnectionError, match="the client has left"):
                pull()
        pull.abort()


async def test_a_read_that_was_given_up_is_not_started() -> None:
    """If the client leaves before the loop begins with a read, nothing is taken from the upload."""
    upload = pieces()
    pull = AsyncPull(upload)
    future: Any = Future()
    future.set_result(None)
    pull._start(future)
    assert pull._task is None
    assert await anext(upload) == b"a"
    await pull.aclose()


@pytest.mark.parametrize("outcome", [b"a", LookupError("broken"), StopAsyncIteration()], ids=["item", "error", "end"])
async def test_a_client_that_leaves_while_the_upload_gives_an_item(outcome: Any) -> None:
    """The read is told that the client has left. What the upload gives after that, or raises, is dropped without an
    error in the event loop.
    """

    class Upload:
        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> bytes:
            pull.abort()
            if isinstance(outcome, Exception):
                raise outcome
            return bytes(outcome)

    pull = AsyncPull(Upload())
    with pytest.raises(ConnectionError, match="the client has left"):
        await anyio.to_thread.run_sync(pull)
    task = pull._task
    assert task is not None
    await task.wait()
    assert task.result() is None
    await pull.aclose()


async def test_an_async_iterable_becomes_a_generator() -> None:
    """A generator is used as it is, because it can be closed; any other iterable is wrapped in one."""

    class Body:
        async def __aiter__(self) -> Any:
            yield b"a"

    own = pieces()
    assert agenerate(own) is own
    await own.aclose()
    made = agenerate(Body())
    assert [chunk async for chunk in made] == [b"a"]
    await made.aclose()


async def test_a_startup_that_is_given_up() -> None:
    """If the client is cancelled while the application starts, the lifespan of the application is ended."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        try:
            begun.set()
            await anyio.sleep_forever()
        finally:
            seen.append("ended")

    async def enter() -> None:
        async with AsyncClient(app, protocol="asgi"):
            seen.append("entered")

    begun = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(enter)
        await begun.wait()
        group.cancel_scope.cancel()
    assert seen == ["ended"]


async def test_leaving_the_context_twice() -> None:
    """The lifespan is ended once."""
    async with AsyncClient(echo_asgi, protocol="asgi") as client:
        transport: Any = client._transport
        assert (await client.get("/")).status_code == 200
    await transport.__aexit__()
    assert client.is_closed


async def test_the_head_of_a_response_comes_before_its_body() -> None:
    """The client has the status as soon as the application has sent it, whenever the first byte follows."""
    has_head = anyio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await has_head.wait()
        await send({"type": "http.response.body", "body": b"x"})

    with anyio.fail_after(100):
        async with AsyncClient(app) as client, client.stream("GET", "/") as response:
            assert response.status_code == 202
            has_head.set()
            assert await response.aread() == b"x"
