"""Cancellation by asyncio itself (``Task.cancel()``), which passes through the shielded scopes of anyio.

The cancellation is raised in time and unchanged. The body is closed, and every hook runs exactly once. Files stay open
until the thread that uses them has really ended. On trio the same holds for the cancellation of a scope.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cardan import Application, Flow, Request, Response, middleware
from cardan._crossing import cleanup, worker
from cardan.exceptions import ClientDisconnected
from cardan.testing import Client
from tests.crossing.exchange import GONE, UPLOAD, Exchange, chunk, http_scope, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Only asyncio has this kind of cancellation."""
    return "asyncio"


class Blocking:
    """A thread blocks in ``wait`` until the test calls ``go_on``."""

    def __init__(self) -> None:
        self.waits = threading.Event()
        self._go_on = threading.Event()

    def wait(self) -> None:
        """Block the thread."""
        self.waits.set()
        assert self._go_on.wait(100)

    def go_on(self) -> None:
        """Let the thread continue."""
        self._go_on.set()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """In these tests a thread often outlives its task, so the time-outs are short."""
    monkeypatch.setattr("cardan._crossing.cleanup.PATIENCE", 0.05)


@pytest.fixture
def blocking() -> Iterator[Blocking]:
    """A `Blocking` that is released at the end of the test, whatever happens."""
    found = Blocking()
    yield found
    found.go_on()


def get(app: Any) -> Exchange:
    """A GET request without a body."""
    return Exchange(app, chunk(b"", False), method="GET")


async def by_cancel(exchange: Exchange, ready: Callable[[], object]) -> None:
    """Cancel with ``Task.cancel()``."""
    task = asyncio.create_task(exchange.run())
    await until(ready)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_wait_for(exchange: Exchange, ready: Callable[[], object]) -> None:
    """Cancel with ``asyncio.wait_for()``."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(exchange.run(), 0.2)
    assert ready()


async def by_timeout(exchange: Exchange, ready: Callable[[], object]) -> None:
    """Cancel with ``asyncio.timeout()``."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await exchange.run()
    assert ready()


async def by_group(exchange: Exchange, ready: Callable[[], object]) -> None:
    """Cancel with a ``TaskGroup`` in which another task fails."""

    async def fail() -> None:
        await until(ready)
        raise LookupError("enough")

    with pytest.RaisesGroup(LookupError):
        async with asyncio.TaskGroup() as group:
            group.create_task(exchange.run())
            group.create_task(fail())


WAYS = [by_cancel, by_wait_for, by_timeout, by_group]
ways = pytest.mark.parametrize("cancel", WAYS, ids=lambda way: way.__name__[3:])


@ways
async def test_sync_body(cancel: Any, blocking: Blocking) -> None:
    """A step of a sync body is running: after it, the body is closed and the hooks run, once each, in one context."""
    log: list[str] = []

    def body() -> Iterator[str]:
        try:
            yield "first"
            blocking.wait()
            log.append("step ended")
            yield "second"
        finally:
            log.append("closed")

    def handler(request: Request) -> Response:
        response = Response(body())
        response.call_on_close(lambda: log.append("hook 1"))

        @response.call_on_close
        async def hook() -> None:
            await anyio.sleep(0)
            log.append("hook 2")

        response.call_on_close(lambda: log.append("hook 3"))
        return response

    await cancel(get(Application(handler)), blocking.waits.is_set)
    assert log == []
    blocking.go_on()
    await until(lambda: "hook 3" in log)
    await anyio.sleep(0.01)
    assert log == ["step ended", "closed", "hook 1", "hook 2", "hook 3"]


@ways
async def test_sync_handler(cancel: Any, blocking: Blocking) -> None:
    """A ``def`` handler is running: its files stay open until it has ended.

    The body and the hooks of its response end once.
    """
    log: list[Any] = []
    files: list[Any] = []

    def handler(request: Request) -> Response:
        file = request.files["f"]
        files.append(file)
        first = file.read(1)
        blocking.wait()
        log.append(first + file.read(1))

        def body() -> Iterator[str]:
            yield "never asked for"

        class Body:
            def __iter__(self) -> Iterator[str]:
                return body()

            def close(self) -> None:
                log.append("closed")

        response = Response(Body())
        response.call_on_close(lambda: log.append(("hook", file.stream.closed)))
        return response

    form = (
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + b"x" * 1_000_000 + b"\r\n--B--\r\n"
    )
    headers = [
        (b"content-type", b"multipart/form-data; boundary=B"),
        (b"content-length", str(len(form)).encode()),
    ]
    await cancel(Exchange(Application(handler), chunk(form, False), headers=headers), blocking.waits.is_set)
    assert log == []
    blocking.go_on()
    await until(lambda: files[0].stream.closed)
    assert log == [b"xx", "closed", ("hook", False)]


@ways
async def test_handler_that_waits_for_its_body(cancel: Any) -> None:
    """A waiting ``def`` handler gets ClientDisconnected, and so does every later read. Its places are free."""
    log: list[Any] = []
    begun = threading.Event()

    def handler(request: Request) -> Response:
        begun.set()
        for _ in range(2):
            try:
                request.get_data()
            except ClientDisconnected:
                log.append(request.disconnected)
        return Response("too late")

    app = Application(handler, threads=1, waiting_threads=1)
    await cancel(Exchange(app, chunk(b"x"), headers=UPLOAD), begun.is_set)
    await until(lambda: log == [True, True])
    after = Exchange(app, chunk(b"x" * 1_000_000, False), headers=UPLOAD)
    await after.run()
    assert after.status == 200


@ways
async def test_handler_in_a_foreign_thread_that_waits_for_its_body(cancel: Any) -> None:
    """A thread that the handler has started and that waits for the body also gets ClientDisconnected."""
    log: list[str] = []
    begun = threading.Event()

    def read(request: Request) -> None:
        begun.set()
        try:
            request.get_data()
        except ClientDisconnected as error:
            log.append(type(error).__name__)

    def handler(request: Request) -> Response:
        thread = threading.Thread(target=read, args=(request,))
        thread.start()
        thread.join(100)
        return Response("too late")

    await cancel(Exchange(Application(handler), chunk(b"x"), headers=UPLOAD), begun.is_set)
    await until(lambda: log == ["ClientDisconnected"])


async def test_handler_that_reads_after_the_cancellation(blocking: Blocking) -> None:
    """A ``def`` handler that asks for its body after the cancellation gets ClientDisconnected without waiting."""
    log: list[str] = []

    def handler(request: Request) -> Response:
        blocking.wait()
        try:
            request.get_data()
        except ClientDisconnected as error:
            log.append(type(error).__name__)
        return Response("too late")

    await by_cancel(Exchange(Application(handler), headers=UPLOAD), blocking.waits.is_set)
    blocking.go_on()
    await until(lambda: log == ["ClientDisconnected"])


@pytest.mark.parametrize("kind", ["def", "async"])
@ways
async def test_async_body(cancel: Any, kind: str) -> None:
    """An async body is cancelled once. Its cleanup and the hooks end before the cancellation is raised."""
    log: list[str] = []

    async def body() -> AsyncIterator[str]:
        try:
            yield "first"
            log.append("waits")
            await anyio.sleep(3600)
        except asyncio.CancelledError:
            log.append("told")
            raise
        finally:
            await anyio.sleep(0.01)
            log.append("cleaned up")

    def handler(request: Request) -> Response:
        response = Response(body())

        @response.call_on_close
        async def hook() -> None:
            await anyio.sleep(0.01)
            log.append("hook")

        response.call_on_close(lambda: log.append("last"))
        return response

    async def ahandler(request: Request) -> Response:
        return handler(request)

    await cancel(get(Application(handler if kind == "def" else ahandler)), lambda: "waits" in log)
    assert log == ["waits", "told", "cleaned up", "hook", "last"]


@pytest.mark.parametrize("kind", ["def", "async"])
async def test_cancelled_while_hooks_run(kind: str, blocking: Blocking) -> None:
    """After the first cancellation, every hook runs to its end.

    A second one interrupts a slow async hook; the others run.
    """
    log: list[str] = []
    running, go_on = anyio.Event(), anyio.Event()

    def handler(request: Request) -> Response:
        response = Response("x")

        @response.call_on_close
        async def slow() -> None:
            running.set()
            try:
                await go_on.wait()
                log.append("slow ended")
            except asyncio.CancelledError:
                log.append("slow cut")
                raise

        response.call_on_close(lambda: log.append("sync"))

        @response.call_on_close
        async def last() -> None:
            await anyio.sleep(0.01)
            log.append("last")

        return response

    async def ahandler(request: Request) -> Response:
        return handler(request)

    app = Application(handler if kind == "def" else ahandler)
    for times, ended in ((1, "slow ended"), (2, "slow cut")):
        running, go_on = anyio.Event(), anyio.Event()
        log.clear()
        task = asyncio.create_task(get(app).run())
        await running.wait()
        for _ in range(times):
            task.cancel()
            for _ in range(5):
                await anyio.sleep(0.001)
        if times == 1:
            assert not task.done()
            go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: "last" in log)
        assert log == [ended, "sync", "last"]


@pytest.mark.parametrize("times", [1, 2])
async def test_cancelled_while_a_sync_hook_runs(times: int, blocking: Blocking) -> None:
    """A sync hook cannot be interrupted. After it has ended, the next hooks run in its context."""
    log: list[str] = []

    def handler(request: Request) -> Response:
        response = Response("x")

        @response.call_on_close
        def slow() -> None:
            blocking.wait()
            log.append("slow")

        response.call_on_close(lambda: log.append("sync"))

        @response.call_on_close
        async def last() -> None:
            log.append("last")

        return response

    task = asyncio.create_task(get(Application(handler)).run())
    await until(blocking.waits.is_set)
    for _ in range(times):
        task.cancel()
        await anyio.sleep(0.001)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == []
    blocking.go_on()
    await until(lambda: "last" in log)
    assert log == ["slow", "sync", "last"]


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_hook_that_is_cancelled_before_its_thread_begins(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Each of three plain hooks runs once, no matter which of them is next when the second cancellation arrives."""
    log: list[int] = []
    starts = 0
    real = worker.start

    async def start(job: Any, *rest: Any) -> Any:
        nonlocal starts
        starts += 1
        if starts == at:
            for _ in range(2):  # the first cancellation waits for the hooks, the second one interrupts this wait
                task.cancel()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        return await real(job, *rest)

    async def handler(request: Any) -> Response:
        response = Response("x")
        for number in range(3):
            response.call_on_close(lambda number=number: log.append(number))
        return response

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    monkeypatch.setattr(worker, "start", start)
    task = asyncio.create_task(exchange.run())
    with pytest.raises(asyncio.CancelledError):
        await task
    with anyio.fail_after(100):
        while len(log) < 3:
            await anyio.sleep(0.001)
    assert log == [0, 1, 2]


async def test_an_error_of_a_hook_does_not_replace_the_cancellation(caplog: pytest.LogCaptureFixture) -> None:
    """The error of the hook is logged, and the cancellation is raised."""

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            yield "first"
            await anyio.sleep(3600)

        response = Response(body())

        @response.call_on_close
        def hook() -> None:
            raise ValueError("of a hook")

        return response

    exchange = get(Application(handler))
    await by_cancel(exchange, lambda: exchange.sent)
    await until(lambda: caplog.records)
    assert [record.name for record in caplog.records] == ["cardan"]
    assert "of a hook" in caplog.text


@pytest.mark.parametrize("kind", ["body", "upload"])
async def test_an_error_before_the_cancellation_is_logged(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """The body of a response has failed and its hook runs, or a handler has failed and the upload is discarded: the
    error that is raised afterwards is logged, because the cancellation is raised in its place.
    """
    waits = anyio.Event()

    async def body() -> AsyncIterator[str]:
        yield "first"
        raise LookupError("before")

    async def handler(request: Request) -> Response:
        if kind == "upload":
            waits.set()
            raise LookupError("before")
        response = Response(body())

        @response.call_on_close
        async def hook() -> None:
            waits.set()
            await anyio.sleep(0.01)

        return response

    if kind == "body":
        exchange = get(Application(handler))
    else:
        exchange = Exchange(Application(handler), chunk(b"x"), headers=UPLOAD)
    await by_cancel(exchange, waits.is_set)
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["before"]


@pytest.mark.parametrize("size", [1, 2**20], ids=["the end", "a large body"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_error_of_send_in_a_cancelled_scope(backend: str, size: int) -> None:
    """An early answer is sent while messages are received beside it. An error of ``send()`` is raised, although the
    scope around it is cancelled.
    """

    class Undrained(Request):
        max_drain_size = 0 if size == 1 else 2**16

    async def handler(request: Request) -> Response:
        return Response(b"x" * size)

    async def main() -> None:
        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body":
                scope.cancel()
                raise LookupError("of send()")

        app = Application(handler, request_class=Undrained)
        with anyio.fail_after(20), anyio.CancelScope() as scope:
            await app(http_scope(headers=[(b"content-length", b"60000")]), anyio.sleep_forever, send)

    with pytest.raises(LookupError, match=r"of send\(\)"):
        anyio.run(main, backend=backend)


async def test_an_error_that_the_caller_handles_is_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    """Middleware of ASGI that catches an error answers by an application, whose hook is cancelled: the error is not
    logged, because it was not raised here.
    """
    waits = anyio.Event()

    async def handler(request: Request) -> Response:
        response = Response("x")

        @response.call_on_close
        async def hook() -> None:
            waits.set()
            await anyio.sleep(0.01)

        return response

    async def around(*args: Any) -> None:
        try:
            raise LookupError("handled")
        except LookupError:
            await Application(handler)(*args)

    await by_cancel(get(around), waits.is_set)
    assert not caplog.records


async def test_file_work(blocking: Blocking) -> None:
    """An async handler awaits work on a file in a thread: the file is closed after the thread has ended."""
    log: list[Any] = []
    begun = threading.Event()

    class Slow:
        def write(self, data: bytes) -> int:
            begun.set()
            threading.Event().wait(0.05)
            log.append(files[0].stream.closed)
            return len(data)

    files: list[Any] = []

    async def handler(request: Request) -> Response:
        await request.load()
        files.append(request.files["f"])
        await files[0].asave(Slow())
        return Response("x")

    form = (
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + b"x" * 1_000_000 + b"\r\n--B--\r\n"
    )
    headers = [(b"content-type", b"multipart/form-data; boundary=B"), (b"content-length", str(len(form)).encode())]
    await by_cancel(Exchange(Application(handler), chunk(form, False), headers=headers), begun.is_set)
    assert log
    assert not any(log)
    assert files[0].stream.closed


@pytest.mark.parametrize("size", [10, 1_000_000], ids=["in memory", "on disk"])
async def test_cancelled_while_the_watch_for_a_disconnect_ends(size: int) -> None:
    """The files of the form are closed all the same, and every task that watches for the disconnect is ended, also that
    of a middleware with a ``receive`` of its own.
    """
    files: list[Any] = []
    ended: list[str] = []
    ending, go_on = anyio.Event(), anyio.Event()

    async def watched(name: str) -> Any:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(name)
            ending.set()
            with anyio.CancelScope(shield=True):
                await go_on.wait()

    async def handler(request: Request) -> Response:
        await request.load()
        files.append(request.files["f"])
        own = Request(request.scope, lambda: watched("own"), request.send)
        assert (request.disconnected, own.disconnected) == (False, False)
        await anyio.wait_all_tasks_blocked()
        return Response("x")

    form = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + b"x" * size + b"\r\n--B--\r\n"
    headers = [(b"content-type", b"multipart/form-data; boundary=B"), (b"content-length", str(len(form)).encode())]
    messages = [chunk(form, False)]

    async def receive() -> Any:
        return messages.pop() if messages else await watched("server")

    async def send(message: Any) -> None:
        pass

    task = asyncio.create_task(Application(handler)(http_scope(headers=headers), receive, send))
    await until(ending.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files[0].stream.closed
    go_on.set()
    await until(lambda: sorted(ended) == ["own", "server"])


@pytest.mark.parametrize("after", range(1, 15))
async def test_at_every_step(after: int) -> None:
    """At whichever step of the event loop the request is cancelled, every open file is closed once, and every hook runs
    once.
    """
    log: list[str] = []

    class Body:
        def __iter__(self) -> Iterator[str]:
            yield from ("a", "b", "c")

        def close(self) -> None:
            log.append("closed")

    def handler(request: Request) -> Response:
        log.append("handler")
        response = Response(Body())
        response.call_on_close(lambda: log.append("hook"))
        return response

    task = asyncio.create_task(get(Application(handler)).run())
    for _ in range(after):
        await asyncio.sleep(0)
    threading.Event().wait(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: log in ([], ["handler", "closed", "hook"]))
    await anyio.sleep(0.01)
    assert log in ([], ["handler", "closed", "hook"])


async def test_a_cancellation_while_the_body_of_a_client_that_left_cleans_up() -> None:
    """The first cancellation arrives while the body cleans up after a disconnect. The cleanup is not interrupted."""
    log: list[str] = []
    cleaning, go_on = anyio.Event(), anyio.Event()

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            try:
                yield "first"
                await anyio.sleep(3600)
            finally:
                cleaning.set()
                await go_on.wait()
                log.append("cleaned up")

        response = Response(body())
        response.call_on_close(lambda: log.append("hook"))
        return response

    exchange = get(Application(handler))
    task = asyncio.create_task(exchange.run())
    await exchange.sending.wait()
    await exchange.put.send(GONE)
    await cleaning.wait()
    task.cancel()
    await anyio.sleep(0.01)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["cleaned up", "hook"]


@pytest.mark.parametrize("kind", ["def", "async"])
async def test_middleware_is_told_of_the_cancellation(kind: str) -> None:
    """The middleware sees the cancellation, and cannot turn it into an answer by returning a response."""
    log: list[str] = []
    waits = anyio.Event()

    def around(request: Request) -> Iterator[Any]:
        try:
            yield
        except asyncio.CancelledError:
            log.append("told")
        return Response("an answer to a cancellation")

    async def wait() -> Response:
        waits.set()
        await anyio.sleep(3600)
        return Response("never")

    def handler(request: Request) -> Any:
        return wait()

    async def ahandler(request: Request) -> Response:
        return await wait()

    app = Application(handler if kind == "def" else ahandler, middleware=[around])  # type: ignore[list-item]
    await by_cancel(get(app), waits.is_set)
    assert log == ["told"]


async def test_the_end_of_the_lifespan_waits_for_cleanup() -> None:
    """Some servers cancel requests and end the process right after the lifespan. So its end waits for the cleanup."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            try:
                yield "first"
                await anyio.sleep(3600)
            finally:
                await anyio.sleep(0.02)
                log.append("cleaned up")

        response = Response(body())

        @response.call_on_close
        async def hook() -> None:
            await anyio.sleep(0.02)
            log.append("hook")

        return response

    app = Application(handler)
    put, taken = anyio.create_memory_object_stream[dict[str, Any]](2)
    sent: list[str] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if sent[-1] == "lifespan.shutdown.complete":
            log.append("lifespan")

    with put, taken:
        put.send_nowait({"type": "lifespan.startup"})
        lifespan = asyncio.create_task(app({"type": "lifespan"}, taken.receive, send))  # type: ignore[arg-type]
        exchange = get(app)
        task = asyncio.create_task(exchange.run())
        await exchange.sending.wait()
        task.cancel()
        put.send_nowait({"type": "lifespan.shutdown"})
        await lifespan
        with pytest.raises(asyncio.CancelledError):
            await task
    assert log == ["cleaned up", "hook", "lifespan"]


def test_a_loop_that_ends_waits_for_cleanup() -> None:
    """``asyncio.run()`` cancels every task at its end. The cleanup of a cancelled request still runs."""
    log: list[str] = []

    async def handler(request: Request) -> Response:
        response = Response("x")

        @response.call_on_close
        async def hook() -> None:
            await anyio.sleep(0.02)
            log.append("hook")

        response.call_on_close(lambda: log.append("plain"))
        return response

    async def main() -> None:
        exchange = get(Application(handler))
        task = asyncio.create_task(exchange.run())
        await exchange.sending.wait()
        await anyio.sleep(0.005)
        task.cancel()
        await anyio.sleep(0)

    asyncio.run(main())
    assert log == ["hook", "plain"]


def test_a_timeout_around_a_blocking_call_on_wsgi() -> None:
    """In an async handler on WSGI, a time-out is raised after the request's thread has ended the call that it was asked
    for.
    """
    log: list[str] = []

    class Slow:
        def write(self, data: bytes) -> int:
            threading.Event().wait(0.1)
            log.append("written")
            return len(data)

    async def handler(request: Request) -> Response:
        await request.load()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await request.files["f"].asave(Slow())
        log.append("left")
        return Response("x")

    with Client(Application(handler), protocol="wsgi") as client:
        assert client.post("/", files={"f": ("a", bytes(600_000))}).text == "x"
    assert log[-1] == "left"
    assert log.count("left") == 1
    assert "written" in log


class TestTrio:
    """The same for scopes on trio: the task waits for its threads, and nothing is lost."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Trio's event loop."""
        return "trio"

    async def test_sync_body(self) -> None:
        """A step of a sync body is running: it ends before the body is closed and the hooks run."""
        log: list[str] = []
        begun = threading.Event()

        def body() -> Iterator[str]:
            try:
                yield "first"
                begun.set()
                threading.Event().wait(0.05)
                log.append("step ended")
                yield "second"
            finally:
                log.append("closed")

        def handler(request: Request) -> Response:
            response = Response(body())
            response.call_on_close(lambda: log.append("hook"))
            return response

        async with anyio.create_task_group() as group:
            group.start_soon(get(Application(handler)).run)
            await until(begun.is_set)
            group.cancel_scope.cancel()
        assert log == ["step ended", "closed", "hook"]

    @pytest.mark.parametrize("kind", ["def", "async"])
    async def test_async_body_and_hooks(self, kind: str) -> None:
        """The cleanup of an async body and the hooks run to their ends before the cancellation is raised."""
        log: list[str] = []

        async def body() -> AsyncIterator[str]:
            try:
                yield "first"
                log.append("waits")
                await anyio.sleep(3600)
            finally:
                await anyio.sleep(0.01)
                log.append("cleaned up")

        def handler(request: Request) -> Response:
            response = Response(body())

            @response.call_on_close
            async def hook() -> None:
                await anyio.sleep(0.01)
                log.append("hook")

            response.call_on_close(lambda: log.append("last"))
            return response

        async def ahandler(request: Request) -> Response:
            return handler(request)

        async with anyio.create_task_group() as group:
            group.start_soon(get(Application(handler if kind == "def" else ahandler)).run)
            await until(lambda: "waits" in log)
            group.cancel_scope.cancel()
        assert log == ["waits", "cleaned up", "hook", "last"]


async def test_a_task_that_is_cancelled_as_the_other_one_ends() -> None:
    """A wait for a task is cancelled in the turn of the loop in which that task ends: only the cancellation is told."""
    loop = asyncio.get_running_loop()
    reports: list[Any] = []
    loop.set_exception_handler(lambda loop, report: reports.append(report))
    gate = loop.create_future()

    async def wait() -> None:
        await gate

    inner = asyncio.create_task(wait())
    waiting = asyncio.create_task(cleanup.wait_for_task(inner))
    await anyio.wait_all_tasks_blocked()
    gate.set_result(None)
    loop.call_soon(waiting.cancel)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert inner.done()
    assert not inner.cancelled()
    assert reports == []


async def test_cleanup_that_takes_too_long() -> None:
    """The end of a lifespan waits for the cleanup of requests for so many seconds, and for no more."""
    gate = anyio.Event()
    outer = asyncio.current_task()
    assert outer is not None
    slow = cleanup.start_in_context(outer, gate.wait)
    assert slow is not None
    cleanup.note_cleaning(slow)
    await cleanup.wait_until_clean(0.01)
    assert not slow.done()
    gate.set()
    await cleanup.wait_until_clean(20)
    assert slow.done()


@pytest.mark.parametrize("kind", ["async", "def", "slow", "nested"])
async def test_cleanup_is_waited_for_from_the_cancellation_on(kind: str) -> None:
    """A lifespan that ends in the turn of the loop in which a request was cancelled waits for it, although it has not
    begun to clean up yet. Nothing is kept of it afterwards.
    """
    log: list[str] = []

    async def body() -> AsyncIterator[str]:
        try:
            yield "first"
            await anyio.sleep_forever()
        finally:
            for _ in range(100):
                await anyio.lowlevel.cancel_shielded_checkpoint()
            log.append("closed")

    async def handler(request: Request) -> Response:
        return Response(body())

    async def slow(request: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            try:
                async with asyncio.TaskGroup() as group:  # it waits for its tasks, which are cancelled as well
                    group.create_task(asyncio.sleep(3600))
                    yield "first"
            finally:
                await turns(100)
                log.append("closed")

        response = Response(body())
        response.call_on_close(lambda: log.append("hook"))
        return response

    async def around(depth: int) -> None:  # each group passes a cancellation on in another turn of the loop
        if not depth:
            await exchange.run()
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(around(depth - 1))

    apps = {"async": handler, "def": lambda _: Response(body()), "slow": slow, "nested": handler}
    exchange = get(Application(apps[kind]))
    task = asyncio.create_task(around(6 if kind == "nested" else 0))
    await until(lambda: exchange.body)
    task.cancel()
    await cleanup.wait_until_clean(100)
    assert log == ["closed"] + ["hook"] * (kind == "slow")
    await asyncio.wait([task])
    assert not [task for task in cleanup._cleaning if task.get_loop() is asyncio.get_running_loop()]


async def test_waits_that_are_cancelled_leave_nothing() -> None:
    """A task that others have waited for in vain, again and again, keeps nothing of these waits."""

    class Counting(asyncio.Task[Any]):
        count = 0

        def add_done_callback(self, *args: Any, **options: Any) -> None:
            self.count += 1
            super().add_done_callback(*args, **options)

        def remove_done_callback(self, function: Any, /) -> int:
            self.count -= 1
            return super().remove_done_callback(function)

    task = Counting(asyncio.sleep(3600), loop=asyncio.get_running_loop())
    for _ in range(3):
        waits = asyncio.create_task(cleanup.wait_for_task(task))
        await asyncio.sleep(0)
        assert task.count == 1
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        assert task.count == 0
    task.cancel()


async def test_the_cleanup_of_another_loop_is_not_waited_for() -> None:
    """Each loop waits for its own requests."""
    other = asyncio.new_event_loop()
    task = other.create_task(anyio.Event().wait())
    cleanup.note_cleaning(task)
    try:
        with anyio.fail_after(100):
            await cleanup.wait_until_clean(3600)
    finally:
        cleanup._cleaning.discard(task)
        task.cancel()
        await asyncio.to_thread(other.run_until_complete, asyncio.wait([task]))
        other.close()


class Cleaning:
    """Cleanup that waits until it is told to go on. ``steps`` is how often it was begun, cancelled and ended."""

    def __init__(self, error: Exception | None = None) -> None:
        self.gate = anyio.Event()
        self.steps: list[str] = []
        self._error = error

    async def __call__(self) -> None:
        self.steps.append("begun")
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.steps.append("cancelled")
            raise
        self.steps.append("ended")
        if self._error is not None:
            raise self._error


async def turns(count: int) -> None:
    """Let the loop run so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_no_scope_cancels_cleanup() -> None:
    """In a cancelled scope cleanup runs to its end, however often the loop runs, and is waited for."""
    cleaning = Cleaning()

    async def clean() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await cleanup.run_uncut(cleaning)
            cleaning.steps.append("waited")

    task = asyncio.create_task(clean())
    await turns(50)
    assert cleaning.steps == ["begun"]
    cleaning.gate.set()
    await task
    assert cleaning.steps == ["begun", "ended", "waited"]


@pytest.mark.parametrize("before", [0, 1, 2])
async def test_cleanup_has_all_the_time_after_one_cancellation(before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cancellation while cleanup runs sets no time, nor do those that came before the cleanup. The task sleeps
    meanwhile: it waits once, and once more after the cancellation.
    """
    monkeypatch.setattr(cleanup, "PATIENCE", 0)
    real, waits = cleanup.wait_for_task, 0

    async def counted(task: asyncio.Task[Any], seconds: float | None = None) -> None:
        nonlocal waits
        waits += 1
        await real(task, seconds)

    monkeypatch.setattr(cleanup, "wait_for_task", counted)
    cleaning = Cleaning()

    async def clean() -> None:
        for _ in range(before):
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass
        await cleanup.run_uncut(cleaning)

    task = asyncio.create_task(clean())
    await turns(2)
    for _ in range(before + (before == 0)):
        task.cancel()
        await turns(20)
    await asyncio.sleep(0.01)
    assert cleaning.steps == ["begun"]
    cleaning.gate.set()
    await asyncio.wait([task])
    assert cleaning.steps == ["begun", "ended"]
    assert task.cancelled() == (before == 0)
    assert waits == 1 + (before == 0)


async def test_the_second_cancellation_sets_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cleanup that waits longer after a second cancellation is cancelled, and not before."""
    monkeypatch.setattr(cleanup, "PATIENCE", 0.01)
    cleaning = Cleaning()
    task = asyncio.create_task(cleanup.run_uncut(cleaning))
    for _ in range(2):
        await turns(5)
        assert cleaning.steps == ["begun"]
        task.cancel()
    await asyncio.wait([task])
    assert cleaning.steps == ["begun", "cancelled"]
    assert task.cancelled()


async def test_the_third_cancellation_waits_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cleanup goes on by itself after a third cancellation. A loop that waits for its tasks waits for it, too, although
    the tasks that wait are cancelled.
    """
    monkeypatch.setattr(cleanup, "PATIENCE", 3600)
    before = asyncio.all_tasks()
    cleaning = Cleaning()
    task = asyncio.create_task(cleanup.run_uncut(cleaning))
    for _ in range(3):
        await turns(5)
        assert not task.done()
        task.cancel()
    await turns(5)
    assert task.cancelled()
    assert cleaning.steps == ["begun"]
    waiting = asyncio.all_tasks() - before
    assert len(waiting) == 1
    for each in waiting:
        each.cancel()
    await turns(5)
    assert cleaning.steps == ["begun"]
    assert asyncio.all_tasks() - before == waiting
    cleaning.gate.set()
    await asyncio.wait(waiting)
    assert cleaning.steps == ["begun", "ended"]


@pytest.mark.parametrize("kind", ["of something else", "before", "none"])
async def test_an_error_of_cleanup_is_raised(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Only a cancellation of this task that is being raised replaces it: not one of something that was awaited, and
    none that was caught before.
    """
    error = LookupError("of the cleanup")
    cleaning = Cleaning(error)
    cleaning.gate.set()

    async def clean() -> None:
        if kind == "before":
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass
        if kind == "of something else":
            try:
                raise asyncio.CancelledError
            except asyncio.CancelledError:
                await cleanup.run_uncut(cleaning)
        else:
            await cleanup.run_uncut(cleaning)

    task = asyncio.create_task(clean())
    await turns(1)
    if kind == "before":
        task.cancel()
    await asyncio.wait([task])
    assert task.exception() is error
    assert caplog.records == []


async def test_an_error_of_cleanup_that_was_cancelled_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    """If the task is cancelled while cleanup runs, and cleanup fails then, the cancellation is raised, and the error is
    logged.
    """
    gate = anyio.Event()

    async def clean() -> None:
        await gate.wait()
        raise LookupError("of the cleanup")

    task = asyncio.create_task(cleanup.run_uncut(clean))
    await turns(5)
    task.cancel()
    await turns(5)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await turns(5)
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["of the cleanup"]


async def test_cleanup_sets_no_variable() -> None:
    """The context of the task has the same variables as before."""
    before = dict(contextvars.copy_context())
    await cleanup.run_uncut(anyio.lowlevel.checkpoint)
    assert dict(contextvars.copy_context()) == before


async def test_a_body_that_swallows_its_cancellation() -> None:
    """What a body yields after it has swallowed its cancellation is not sent. The body is asked for nothing more, and
    is closed; the client does not take it for whole.
    """
    log: list[str] = []

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            try:
                yield "first"
                try:
                    await anyio.sleep(3600)
                except asyncio.CancelledError:
                    log.append("swallowed")
                yield "second"
                log.append("asked again")
            finally:
                log.append("closed")

        return Response(body())

    exchange = get(Application(handler))
    await by_cancel(exchange, lambda: exchange.body)
    assert log == ["swallowed", "closed"]
    assert exchange.body == b"first"
    assert all(message["more_body"] for message in exchange.sent[1:])


async def test_sync_handler_inside_middleware(blocking: Blocking) -> None:
    """The response of a handler that ends after the cancellation is closed, as well as the middleware around it."""
    log: list[Any] = []

    @middleware
    def around(request: Request) -> Flow:
        try:
            yield
        finally:
            log.append("middleware")

    def handler(request: Request) -> Response:
        blocking.wait()
        response = Response("x")
        response.call_on_close(lambda: log.append("hook"))
        return response

    await by_cancel(get(Application(handler, middleware=[around])), blocking.waits.is_set)
    assert log == []
    blocking.go_on()
    await until(lambda: "hook" in log)
    assert sorted(log) == ["hook", "middleware"]


class Later:
    """An awaitable that has no ``close()``."""

    def __init__(self, log: list[Any]) -> None:
        self.log = log

    def __await__(self) -> Generator[Any, Any, Response]:
        self.log.append("begun")
        return Response("x")
        yield


@pytest.mark.parametrize("kind", ["coroutine", "other awaitable"])
async def test_a_coroutine_of_a_sync_handler_that_was_cancelled(blocking: Blocking, kind: str) -> None:
    """If a ``def`` handler gives a coroutine after the cancellation, it is not begun, and its middleware is closed, in
    a thread as always, and in the context of the request. The same holds for any other awaitable.
    """
    log: list[Any] = []
    threads: list[int] = []
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

    @middleware
    def around(request: Request) -> Flow:
        variable.set("set")
        try:
            yield
        finally:
            threads.append(threading.get_ident())
            log.append(variable.get("not set"))

    async def later() -> Response:
        log.append("begun")
        return Response("x")

    def handler(request: Request) -> Any:
        blocking.wait()
        return later() if kind == "coroutine" else Later(log)

    await by_cancel(get(Application(handler, middleware=[around])), blocking.waits.is_set)
    blocking.go_on()
    await until(lambda: log)
    assert log == ["set"]
    assert threads != [threading.get_ident()]
