"""Several tasks or threads ask for the body of one request: one of them reads it, and no data is lost."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
import trio

from cardan import Application, Request, Response, core
from cardan.exceptions import BodyConsumed, RequestEntityTooLarge
from cardan.testing import Client, RequestBuilder

from .conftest import IN_PROCESS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

URLENCODED = "application/x-www-form-urlencoded"
UPLOAD = RequestBuilder(method="POST", form={"a": "1"}, files={"f": ("x.bin", bytes(range(256)) * 200)})
UPLOAD_TYPE = dict(UPLOAD.scope()["headers"])[b"content-type"].decode()

backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Source:
    """A body whose pieces are released by :meth:`step`. Counts how many tasks ask for a piece at once."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = list(pieces)
        self.given = anyio.Event()
        self.asked = anyio.Event()

    async def next(self) -> bytes:
        """Wait for :meth:`step`, then take the next piece. A task that is cancelled while it waits takes nothing."""
        self.asked.set()
        await self.given.wait()
        self.given = anyio.Event()
        self.asked = anyio.Event()
        return self.pieces.pop(0) if self.pieces else b""

    def step(self) -> None:
        """Release one piece."""
        self.given.set()

    async def run(self) -> None:
        """Release all pieces."""
        while True:
            await self.asked.wait()
            self.step()
            await anyio.sleep(0)


def pieces_of(body: bytes, count: int = 5) -> list[bytes]:
    """``body`` in ``count`` pieces."""
    size = len(body) // count + 1
    return [body[at : at + size] for at in range(0, len(body), size)]


def asgi_request(source: Source, content_type: str, cls: type[Request] = Request) -> Request:
    """A request whose body comes from ``receive``."""

    async def receive() -> Any:
        piece = await source.next()
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    scope = dict(RequestBuilder(method="POST").scope())
    scope["headers"] = [(b"content-type", content_type.encode()), (b"transfer-encoding", b"chunked")]
    return cls(scope, receive)


async def generated(source: Source) -> AsyncIterator[bytes]:
    """The body as an async generator, which a cancellation would end."""
    while piece := await source.next():
        yield piece


class Iterator:
    """The body as an async iterator that is not a generator."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __aiter__(self) -> Iterator:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.source.next()
        if not piece:
            raise StopAsyncIteration
        return piece


class Halves:
    """A filter that holds back the last byte that it got until more comes, as those of content codings do."""

    held = b""

    def feed(self, data: bytes) -> bytes:
        data = self.held + data
        self.held = data[-1:]
        return data[:-1]

    def close(self) -> bytes:
        return self.held


class Filtered(Request):
    def make_body_filter(self) -> Halves:
        return Halves()


class CoreFiltered(core.Request):
    def make_body_filter(self) -> Halves:
        return Halves()


def core_request(
    source: Source,
    content_type: str,
    make: Any = generated,
    *,
    sized: bool = False,
    cls: type[core.Request] = core.Request,
) -> core.Request:
    """A request of core; ``sized``: its head says how long the body is."""
    length = b"%d" % sum(map(len, source.pieces))
    framing = (b"Content-Length", length) if sized else (b"Transfer-Encoding", b"chunked")
    fields = [(b"Content-Type", content_type.encode()), framing]
    return cls(core.RequestHead("POST", headers=fields), make(source), run_sync=anyio.to_thread.run_sync)


MAKERS: dict[str, Callable[[Source, str], Any]] = {
    "asgi": asgi_request,
    "core": core_request,
    "core-iterator": lambda source, kind: core_request(source, kind, Iterator),
    "core-sized": lambda source, kind: core_request(source, kind, sized=True),
    "asgi-filtered": lambda source, kind: asgi_request(source, kind, Filtered),
    "core-filtered": lambda source, kind: core_request(source, kind, cls=CoreFiltered),
    "core-sized-filtered": lambda source, kind: core_request(source, kind, sized=True, cls=CoreFiltered),
}
BODIES = {
    "data": ("text/plain", b"0123456789" * 10),
    "form": (URLENCODED, b"a=1&b=" + b"x" * 90),
    "upload": (UPLOAD_TYPE, UPLOAD.body),
}


async def check(request: Any, what: str) -> None:
    """The body is complete."""
    if what == "data":
        assert request.data == BODIES["data"][1]
    elif what == "form":
        assert request.form.to_dict() == {"a": "1", "b": "x" * 90}
    else:
        assert request.form.to_dict() == {"a": "1"}
        assert await request.files["f"].aread() == bytes(range(256)) * 200
        await request.aclose()


async def stop_after(source: Source, steps: int) -> None:
    """Release ``steps`` pieces, and wait until the next one is requested."""
    for _ in range(steps):
        await source.asked.wait()
        source.step()
        await anyio.wait_all_tasks_blocked()
    await source.asked.wait()


@backends
@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("maker", MAKERS)
def test_others_go_on_with_a_cancelled_read(maker: str, what: str, steps: int, backend: str) -> None:
    """Three tasks load. The two that read are cancelled, one after the other, and the third one gets the whole body."""
    content_type, body = BODIES[what]

    async def main() -> None:
        source = Source(pieces_of(body))
        request = MAKERS[maker](source, content_type)
        scopes = [anyio.CancelScope(), anyio.CancelScope()]
        loaded: list[Any] = []

        async def load(scope: anyio.CancelScope) -> None:
            with scope:
                loaded.append(await request.load())

        async with anyio.create_task_group() as group:
            for scope in (*scopes, anyio.CancelScope()):
                group.start_soon(load, scope)
                await anyio.wait_all_tasks_blocked()
            for scope in scopes:
                await stop_after(source, steps)
                scope.cancel()
                await anyio.wait_all_tasks_blocked()
            with anyio.move_on_after(10) as pump, anyio.CancelScope() as running:
                async with anyio.create_task_group() as pumping:
                    pumping.start_soon(source.run)
                    while not loaded:
                        await anyio.sleep(0.001)
                    running.cancel()
            assert not pump.cancelled_caught
        assert [scope.cancelled_caught for scope in scopes] == [True, True]
        assert loaded == [request]
        await check(request, what)

    anyio.run(main, backend=backend)


@backends
@pytest.mark.parametrize("maker", MAKERS)
def test_a_read_that_all_have_left_is_ended(maker: str, backend: str) -> None:
    """If all tasks are cancelled, opened files are closed, and a later access gives the reason."""
    seen: list[str] = []

    class Sink:
        def write(self, data: bytes) -> int:
            return len(data)

        def would_block(self, size: int) -> bool:
            return False

        def abort(self) -> None:
            seen.append("aborted")

    async def main() -> None:
        source = Source(pieces_of(UPLOAD.body))
        request = MAKERS[maker](source, UPLOAD_TYPE)
        request.make_file_sink = lambda part: Sink()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(request.load)
                    await anyio.wait_all_tasks_blocked()
                await stop_after(source, 2)
                scope.cancel()
        assert seen == ["aborted"]
        for _ in range(2):
            with pytest.raises(BodyConsumed, match="interrupted it"):
                await request.load()

    anyio.run(main, backend=backend)


@backends
@pytest.mark.parametrize("maker", MAKERS)
def test_a_load_that_is_not_over_has_the_body(maker: str, backend: str) -> None:
    """While a task loads, another one cannot read the body as a stream: each would get a part of it."""

    async def main() -> None:
        source = Source(pieces_of(UPLOAD.body))
        request = MAKERS[maker](source, UPLOAD_TYPE)
        async with anyio.create_task_group() as group:
            group.start_soon(request.load)
            await stop_after(source, 2)
            for stream in (request.aiter_data, request.aiter_parts):
                with pytest.raises(BodyConsumed, match=rf"^got {stream.__name__}\(\) while load\(\) reads the body, "):
                    await anext(aiter(stream()))
            with anyio.CancelScope() as running:
                group.start_soon(source.run)
                await request.load()
                running.cancel()
                group.cancel_scope.cancel()
        assert request.form.to_dict() == {"a": "1"}
        await request.aclose()

    anyio.run(main, backend=backend)


@backends
def test_work_on_an_async_sink_is_finished_for_the_others(backend: str) -> None:
    """A task that is cancelled while it awaits a sink finishes this write, because half a write cannot be repeated."""
    written: list[bytes] = []

    class Sink:
        def __init__(self) -> None:
            self.file = io.BytesIO()
            self.stream = self.file

        async def write(self, data: bytes) -> None:
            writing.set()
            await go_on.wait()
            written.append(data)

    class Storing(Request):
        def make_file_sink(self, part: Any) -> Any:
            return Sink()

    writing: Any
    go_on: Any

    async def main() -> None:
        nonlocal writing, go_on
        writing, go_on = anyio.Event(), anyio.Event()
        source = Source(pieces_of(UPLOAD.body, 4))
        request = asgi_request(source, UPLOAD_TYPE, Storing)
        first = anyio.CancelScope()
        done: list[str] = []

        async def load(scope: anyio.CancelScope, name: str) -> None:
            with scope:
                await request.load()
                done.append(name)

        async with anyio.create_task_group() as group:
            group.start_soon(load, first, "first")
            await stop_after(source, 0)
            source.step()
            await writing.wait()
            group.start_soon(load, anyio.CancelScope(), "second")  # it waits after the write has begun
            await anyio.wait_all_tasks_blocked()
            first.cancel()
            await anyio.wait_all_tasks_blocked()
            go_on.set()
            with anyio.CancelScope() as running:
                async with anyio.create_task_group() as pumping:
                    pumping.start_soon(source.run)
                    while not done:
                        await anyio.sleep(0.001)
                    running.cancel()
        assert done == ["second"]
        assert b"".join(written) == bytes(range(256)) * 200

    anyio.run(main, backend=backend)


def test_a_native_cancellation_hands_over_as_well() -> None:
    """If asyncio's own ``Task.cancel()`` cancels the task that loads, a task that waits takes over the load."""

    async def main() -> None:
        source = Source(pieces_of(BODIES["data"][1]))
        request = core_request(source, "text/plain")
        first = asyncio.create_task(request.load())
        await source.asked.wait()
        second = asyncio.create_task(request.load())
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        pump = asyncio.create_task(source.run())
        await asyncio.wait_for(second, 10)
        pump.cancel()
        await check(request, "data")

    asyncio.run(main())


def test_on_trio_alone() -> None:
    """If a scope of trio, without anyio, cancels the task that loads, a task that waits takes over the load."""

    async def body() -> AsyncIterator[bytes]:
        for number in range(5):
            await trio.sleep(0.001)
            yield str(number).encode() * 10

    async def main() -> None:
        head = core.RequestHead("POST", headers=[(b"Transfer-Encoding", b"chunked")])
        request = core.Request(head, body())
        first = trio.CancelScope()

        async def load() -> None:
            with first:
                await request.load()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(load)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(request.load)
            await trio.testing.wait_all_tasks_blocked()
            first.cancel()
        assert request.data == b"".join(str(number).encode() * 10 for number in range(5))

    trio.run(main)


@pytest.mark.parametrize("ticks", range(8))
@backends
def test_a_chunk_that_arrives_with_the_cancellation(backend: str, ticks: int) -> None:
    """A task that is cancelled when its chunk has just been read leaves the chunk to the task that continues."""

    async def main() -> None:
        gate = anyio.Event()

        async def body() -> AsyncIterator[bytes]:
            await gate.wait()
            yield b"first "
            yield b"second"

        head = core.RequestHead("POST", headers=[(b"Transfer-Encoding", b"chunked")])
        request = core.Request(head, body())
        first = anyio.CancelScope()

        async def load() -> None:
            with first:
                await request.load()

        async with anyio.create_task_group() as group:
            group.start_soon(load)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(request.load)
            await anyio.wait_all_tasks_blocked()
            gate.set()
            for _ in range(ticks):
                await anyio.lowlevel.checkpoint()
            first.cancel()
        assert request.data == b"first second"

    for _ in range(10 if backend == "trio" else 1):  # trio runs the tasks that are ready in random order
        anyio.run(main, backend=backend)


@pytest.mark.parametrize("small", [True, False])
@backends
def test_tasks_of_a_handler_on_wsgi(backend: str, small: bool) -> None:
    """On WSGI the read itself blocks and cannot be cancelled. Its data goes to the task that continues."""
    pieces = pieces_of(b"0123456789" * 10)
    started, go_on = threading.Event(), threading.Event()

    class Input:
        def read(self, size: int = -1) -> bytes:
            started.set()
            assert go_on.wait(100)
            piece, rest = pieces[0][:size], pieces[0][size:]
            pieces[:1] = [rest] if rest else []
            return piece

        def read1(self, size: int = -1) -> bytes:
            return self.read(size) if pieces else b""

    async def handler(request: Request) -> Response:
        scope = anyio.CancelScope()

        async def load() -> None:
            with scope:
                await request.load()

        async with anyio.create_task_group() as group:
            group.start_soon(load)
            await anyio.sleep(0)
            while not started.is_set():
                await anyio.sleep(0.001)
            group.start_soon(request.load)
            await anyio.sleep(0)
            scope.cancel()
            go_on.set()
        assert scope.cancelled_caught
        return Response(request.data)

    environ = RequestBuilder(method="POST").environ({"wsgi.input": Input(), "wsgi.input_terminated": True})
    environ["CONTENT_TYPE"] = "text/plain"
    if small:
        pieces[:] = [b"".join(pieces)]
        environ["CONTENT_LENGTH"] = "100"
    else:
        environ.pop("CONTENT_LENGTH", None)
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    app = Application(handler, backend=backend)
    assert b"".join(app.wsgi_app(environ, lambda *args: None)) == b"0123456789" * 10


@backends
def test_a_failure_after_the_hand_over_is_shared(backend: str) -> None:
    """An error of the read is raised in all waiting tasks, whichever task was reading."""

    class Small(Request):
        max_content_length = 50

    async def main() -> None:
        source = Source(pieces_of(b"x" * 100))
        request = asgi_request(source, "text/plain", Small)
        scope, errors = anyio.CancelScope(), []

        async def load(own: anyio.CancelScope) -> None:
            with own:
                try:
                    await request.load()
                except RequestEntityTooLarge as error:
                    errors.append(str(error))

        async with anyio.create_task_group() as group:
            group.start_soon(load, scope)
            await anyio.wait_all_tasks_blocked()
            for _ in range(2):
                group.start_soon(load, anyio.CancelScope())
            await stop_after(source, 1)
            scope.cancel()
            await anyio.wait_all_tasks_blocked()
            for _ in range(2):
                source.step()
                await anyio.wait_all_tasks_blocked()
        assert errors == ["413 Content Too Large: got more than 50, expected at most 50 (max_content_length)"] * 2

    anyio.run(main, backend=backend)


# --- threads ---


ASK: dict[str, Callable[[Request], Any]] = {
    "data": lambda request: request.get_data(),
    "form": lambda request: request.form["a"].encode(),
    "files": lambda request: len(request.files),
    "iter_data": lambda request: b"".join(request.iter_data()),
    "stream": lambda request: request.stream.read(),
}


@pytest.mark.parametrize("place", IN_PROCESS)
@pytest.mark.parametrize("way", ASK)
def test_threads_that_ask_at_once(place: str, way: str) -> None:
    """One of several threads reads the body. The others get it, or an error that says that another thread reads."""
    protocol, _, backend = place.partition("-")
    interval = sys.getswitchinterval()

    @Request.application
    def app(request: Request) -> Response:
        barrier = threading.Barrier(4)
        got: list[Any] = []
        said: list[str] = []

        def work() -> None:
            barrier.wait()
            try:
                got.append(ASK[way](request))
            except BodyConsumed as error:
                said.append(str(error))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)
        whole = {"data": b"a=" + b"1" * 100, "form": b"1" * 100, "files": 0}.get(way, b"a=" + b"1" * 100)
        if way not in ("stream", "iter_data"):
            assert got
            assert got == [whole] * len(got)
        elif way == "iter_data":
            assert got == [whole]
        assert all("in another thread or task" in text or "consumed by" in text for text in said), said
        assert not any("other settings" in text for text in said)
        return Response(f"{len(got) + len(said)}")

    sys.setswitchinterval(1e-6)
    try:
        with Client(app, protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
            for length in (True, False):
                body = b"a=" + b"1" * 100
                content = body if length else iter([body[:50], body[50:]])
                assert client.post("/", content=content, headers={"Content-Type": URLENCODED}).text == "4"
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("way", ["data", "form", "stream", "iter_data"])
@pytest.mark.parametrize("first", ["data", "form"])
def test_the_reason_that_another_thread_gets(first: str, way: str) -> None:
    """While one thread waits for the client, another one gets this reason as an error. Later it gets the body."""
    reading, go_on = threading.Event(), threading.Event()

    class Input:
        def read(self, size: int = -1) -> bytes:
            reading.set()
            assert go_on.wait(100)
            return b"a=1"

    environ = RequestBuilder(method="POST").environ({"wsgi.input": Input(), "CONTENT_LENGTH": "3"})
    environ["CONTENT_TYPE"] = URLENCODED
    request = Request(environ)
    thread = threading.Thread(target=ASK[first], args=(request,))
    thread.start()
    assert reading.wait(100)
    reader = {"data": r"get_data\(\)", "form": "form"}[first]
    with pytest.raises(BodyConsumed, match=f"while {reader} reads the body in another thread or task"):
        ASK[way](Request(environ))
    go_on.set()
    thread.join(100)
    assert request.form["a"] == "1"
    assert Request(environ).form["a"] == "1"


class Slow:
    """A sink whose calls block, so that they are made in worker threads."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def write(self, data: bytes) -> None:
        """Note the call."""
        self.calls.append(f"write {len(data)}")

    def close(self) -> None:
        """Note the call."""
        self.calls.append("close")

    def abort(self) -> None:
        """Note the call."""
        self.calls.append("abort")


@backends
@pytest.mark.parametrize("where", ["open", "write", "close"])
def test_a_cancellation_while_a_sink_works(backend: str, where: str) -> None:
    """If the task that loads is cancelled while its sink is opened, written or closed, and another task waits by then,
    the work goes on: the other task gets the whole form.
    """
    sink = Slow()

    async def main() -> None:
        working, go_on = anyio.Event(), anyio.Event()

        async def reach(place: str) -> None:
            if place == where:
                working.set()
                await go_on.wait()

        class Storing(core.Request):
            async def make_file_sink(self, part: Any) -> Any:
                await reach("open")
                return sink

        async def run_sync(function: Callable[..., Any], *args: Any) -> Any:
            await reach("write" if args else "close")
            return function(*args)

        head = core.RequestHead("POST", headers={"Content-Type": UPLOAD_TYPE})
        shield = lambda: anyio.CancelScope(shield=True)  # noqa: E731
        request = Storing(head, UPLOAD.body, run_sync=run_sync, shield=shield)
        first = anyio.CancelScope()

        async def load_first() -> None:
            with first:
                await request.load()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(load_first)
            await working.wait()
            tasks.start_soon(request.load)
            await anyio.wait_all_tasks_blocked()
            first.cancel()
            await anyio.wait_all_tasks_blocked()
            go_on.set()
        assert request.form.to_dict() == {"a": "1"}
        assert request.files["f"].size == 256 * 200
        await request.aclose()

    anyio.run(main, backend=backend)
    assert sink.calls == ["write 51200", "close"]


@backends
def test_a_task_that_was_cancelled_before_it_writes(backend: str) -> None:
    """A task that is cancelled before its first step leaves the steps to a task that waits, which does each of them
    once.
    """
    sinks: list[Slow] = []

    class Storing(core.Request):
        def make_file_sink(self, part: Any) -> Any:
            sinks.append(Slow())
            return sinks[-1]

    async def main() -> None:
        for _ in range(5):  # trio starts tasks in any order
            request = Storing(
                core.RequestHead("POST", headers={"Content-Type": UPLOAD_TYPE}),
                UPLOAD.body,
                run_sync=anyio.to_thread.run_sync,
                shield=lambda: anyio.CancelScope(shield=True),
            )
            await load_together(request)
            assert request.files["f"].size == 256 * 200
            await request.aclose()

    async def load_together(request: core.Request) -> None:
        async def load_cancelled() -> None:
            with anyio.CancelScope() as scope:
                scope.cancel()
                await request.load()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(load_cancelled)
            tasks.start_soon(request.load)
            tasks.start_soon(request.load)

    anyio.run(main, backend=backend)
    assert [sink.calls for sink in sinks] == [["write 51200", "close"]] * 5


@backends
def test_a_sink_is_shielded_for_those_that_wait_only(backend: str) -> None:
    """Work on a sink is not cancelled with the task that does it while another task waits for the body. When that one
    has left, it is: nobody needs the form any more.
    """
    sink = Slow()

    async def main() -> None:
        working = anyio.Event()
        shielded: list[Any] = []

        async def run_sync(function: Callable[..., Any], *args: Any) -> Any:
            if args:
                working.set()
                await anyio.sleep_forever()
            return function(*args)

        class Storing(core.Request):
            def make_file_sink(self, part: Any) -> Any:
                return sink

        def shield() -> Any:
            shielded.append(anyio.CancelScope(shield=True))
            return shielded[-1]

        head = core.RequestHead("POST", headers={"Content-Type": UPLOAD_TYPE})
        request = Storing(head, UPLOAD.body, run_sync=run_sync, shield=shield)
        first, second = anyio.CancelScope(), anyio.CancelScope()
        ended: list[str] = []

        async def load(scope: anyio.CancelScope, name: str) -> None:
            with scope:
                await request.load()
            ended.append(name)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(load, first, "first")
            await working.wait()
            tasks.start_soon(load, second, "second")
            await anyio.wait_all_tasks_blocked()
            first.cancel()
            await anyio.wait_all_tasks_blocked()
            assert ended == []
            second.cancel()
            with anyio.fail_after(100):
                while len(ended) < 2:
                    await anyio.sleep(0.001)
        await request.aclose()

    anyio.run(main, backend=backend)
    assert sink.calls == ["abort"]


@backends
def test_a_read_that_the_last_one_has_left_asks_for_nothing_more(backend: str) -> None:
    """If the task that reads is cancelled, and then the one that waits, no task is left that reads the next piece."""
    ended: list[str] = []

    async def left() -> None:
        asked = anyio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            try:
                asked.set()
                await anyio.sleep_forever()
                yield b""
            finally:
                ended.append("read")

        async def load(scope: anyio.CancelScope) -> None:
            with scope:
                await request.load()

        head = core.RequestHead("POST", headers={"Transfer-Encoding": "chunked"})
        request = core.Request(head, pieces())
        first, second = anyio.CancelScope(), anyio.CancelScope()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(load, first)
            await asked.wait()
            tasks.start_soon(load, second)
            await anyio.wait_all_tasks_blocked()
            first.cancel()
            second.cancel()

    async def main() -> None:
        for count in range(1, 21):  # trio resumes tasks in any order
            await left()
            with anyio.fail_after(100):
                while len(ended) < count:
                    await anyio.sleep(0.001)

    anyio.run(main, backend=backend)
    assert ended == ["read"] * 20
