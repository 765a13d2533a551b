"""``end_streams_on_stop``: a process that is told to stop ends its open streams."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from cardan import Application, Request, Response
from cardan.apps._stopping import Stopping
from cardan.testing import AsyncClient
from tests.servers import HOST, Kind, start

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
GUARD = 20

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@pytest.fixture
def told() -> Iterator[list[int]]:
    """A server's signal handler that records the signals. It must be called as before."""
    seen: list[int] = []

    def handler(number: int, frame: Any) -> None:
        seen.append(number)

    before = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
    yield seen
    for number, was in before.items():
        assert signal.getsignal(number) is handler  # the handler was restored
        signal.signal(number, was)


class Streams:
    """An application whose bodies wait for ever, and records of how they end."""

    def __init__(self, **options: Any) -> None:
        self.ended: list[str] = []
        self.app = Application(self.handle, end_streams_on_stop=True, **options)

    def handle(self, request: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            try:
                yield "begun"
                await anyio.sleep_forever()
            finally:
                await anyio.sleep(0.001)
                self.ended.append("body")

        response = Response.from_events(body()) if request.path == "/events" else Response(body())
        response.call_on_close(lambda: self.ended.append("hook"))
        return response


async def drain(client: httpx.AsyncClient, path: str, received: list[bytes], begun: Callable[[], None]) -> None:
    """Read a response to its end. ``begun`` is called after its first bytes."""
    async with client.stream("GET", path) as response:
        async for data in response.aiter_raw():
            received.append(data)
            begun()


@BACKENDS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("path", ["/events", "/bytes"])
def test_a_signal_ends_open_streams(backend: str, path: str, number: int, told: list[int]) -> None:
    """The body is closed, cleanup and hooks run, the response is complete, and the server's own handler is called."""
    streams = Streams()
    received: list[bytes] = []

    def stop() -> None:
        if not told:
            os.kill(os.getpid(), number)

    async def main() -> None:
        with anyio.fail_after(GUARD):
            async with AsyncClient(streams.app, protocol="asgi") as client:
                for _ in range(2):  # the second one begins after the signal
                    await drain(client, path, received, stop)

    anyio.run(main, backend=backend)
    assert told == [number]
    assert b"begun" in received[0]
    assert streams.ended == ["body", "hook"] * 2


@BACKENDS
@pytest.mark.parametrize("then", ["yields", "returns"])
def test_a_body_that_swallows_its_cancellation(backend: str, then: str, told: list[int]) -> None:
    """A body that swallows its cancellation has ended all the same: what it yields then is not sent, and for the client
    the response is complete.
    """
    log: list[str] = []

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            try:
                yield b"begun"
                os.kill(os.getpid(), signal.SIGTERM)
                try:
                    await anyio.sleep_forever()
                except anyio.get_cancelled_exc_class():
                    log.append("cancelled")
                if then == "returns":
                    return
                yield b"again"
                log.append("asked again")
            finally:
                log.append("closed")

        return Response(body())

    async def main() -> None:
        with anyio.fail_after(GUARD):
            async with AsyncClient(Application(handler, end_streams_on_stop=True), protocol="asgi") as client:
                assert (await client.get("/")).content == b"begun"

    anyio.run(main, backend=backend)
    assert log == ["cancelled", "closed"]


@BACKENDS
def test_without_the_option_nothing_changes(backend: str, told: list[int]) -> None:
    """Without the option, no signal handler is replaced."""

    async def main() -> None:
        before = signal.getsignal(signal.SIGTERM)
        async with AsyncClient(Application(lambda request: Response("")), protocol="asgi"):
            assert signal.getsignal(signal.SIGTERM) is before

    anyio.run(main, backend=backend)


@BACKENDS
def test_a_declared_length_is_kept(backend: str, told: list[int]) -> None:
    """A body with a declared length is not ended early."""
    go_on: list[bool] = []

    async def handler(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"begun"
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(10):
                await anyio.sleep(0.001)
            go_on.append(True)
            yield b" and whole"

        return Response(body(), headers={"Content-Length": 15})

    async def main() -> None:
        with anyio.fail_after(GUARD):
            async with AsyncClient(Application(handler, end_streams_on_stop=True), protocol="asgi") as client:
                assert (await client.get("/")).content == b"begun and whole"

    anyio.run(main, backend=backend)
    assert told == [signal.SIGTERM]
    assert go_on == [True]


def test_a_signal_that_nobody_handles_is_left_alone() -> None:
    """A signal that ends the process is not caught. Outside the main thread, no handler is installed."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    app = Application(lambda request: Response("ok"), end_streams_on_stop=True)
    seen: list[Any] = []

    async def main() -> None:
        async with AsyncClient(app, protocol="asgi") as client:
            seen.append((await client.get("/")).text)
            seen.append(signal.getsignal(signal.SIGTERM))

    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    try:
        anyio.run(main)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        thread = threading.Thread(target=anyio.run, args=(main,))
        thread.start()
        thread.join(GUARD)
    finally:
        for number, was in before.items():
            signal.signal(number, was)
    assert seen == ["ok", signal.SIG_DFL, "ok", signal.default_int_handler]


def test_handlers_that_were_set_later_stay() -> None:
    """A handler that is set during the lifespan stays. If ours is still called, it passes the signal on."""
    seen: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *args: seen.append("server"))
    later: list[Any] = []

    async def main() -> None:
        async with AsyncClient(Application(lambda request: Response(""), end_streams_on_stop=True), protocol="asgi"):
            ours = signal.getsignal(signal.SIGTERM)

            def chained(*args: Any) -> None:
                seen.append("later")
                ours(*args)  # type: ignore[operator, misc]

            later.append(chained)
            signal.signal(signal.SIGTERM, chained)
        assert signal.getsignal(signal.SIGTERM) is chained
        os.kill(os.getpid(), signal.SIGTERM)
        await anyio.sleep(0.001)

    try:
        anyio.run(main)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == ["later", "server"]


@BACKENDS
def test_a_handler_that_outlives_its_loop(backend: str, told: list[int]) -> None:
    """A handler that was set during the lifespan may keep ours, and call it after the event loop has ended: the signal
    is passed on to the handler before, and is no error.
    """
    ours: list[Any] = []

    async def main() -> None:
        stopping = Stopping()
        stopping.begin()
        ours.append(signal.getsignal(signal.SIGTERM))
        stopping.end()

    anyio.run(main, backend=backend)
    ours[0](signal.SIGTERM, None)
    assert told == [signal.SIGTERM]


@BACKENDS
@pytest.mark.parametrize("raises", [False, True])
def test_a_signal_interrupts_the_loop_only(backend: str, raises: bool) -> None:
    """A signal comes in the middle of any code. Streams are therefore told in a turn of the loop of their own, also if
    the handler before raises, as that of SIGINT does.
    """
    seen: list[str] = []

    def handler(number: int, frame: Any) -> None:
        if raises:
            raise KeyboardInterrupt

    async def main() -> None:
        stopping = Stopping()
        stopping.begin()
        stopping.when_told(lambda: seen.append("told"))
        with pytest.raises(KeyboardInterrupt) if raises else nullcontext():
            signal.raise_signal(signal.SIGTERM)
        assert seen == []
        with anyio.fail_after(GUARD):
            while not seen:
                await anyio.sleep(0)
        stopping.end()

    before = signal.signal(signal.SIGTERM, handler)
    try:
        anyio.run(main, backend=backend)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == ["told"]


@BACKENDS
def test_what_ends_while_others_are_told(backend: str, told: list[int]) -> None:
    """A stream that ends when it is told need not be told any more, while the others still are. To say so a second
    time, or of one that was never told, is no error.
    """
    seen: list[str] = []

    async def main() -> None:
        stopping = Stopping()
        stopping.begin()
        cancels: list[Callable[[], object]] = []

        def first() -> None:
            seen.append("first")
            for cancel in (cancels[0], cancels[0], cancels[2]):
                cancel()

        cancels.append(stopping.when_told(first))
        cancels.append(stopping.when_told(lambda: seen.append("second")))
        cancels.append(stopping.when_told(list))
        stopping.when_told(lambda: seen.append("gone"))()
        os.kill(os.getpid(), signal.SIGTERM)
        with anyio.fail_after(100):
            while len(seen) < 2:
                await anyio.sleep(0.001)
        stopping.end()

    anyio.run(main, backend=backend)
    assert seen == ["first", "second"]


def asgi_server(name: str) -> Kind:
    """A server that waits for open connections much longer than the test."""
    arguments = {
        "uvicorn": ["-m", "uvicorn", "--host", HOST, "--timeout-graceful-shutdown", "60", "--port"],
        "hypercorn": ["-m", "hypercorn", "--workers", "0", "--graceful-timeout", "60", "--bind"],
        "granian": ["-m", "granian", "--interface", "asgi", "--host", HOST, "--workers-kill-timeout", "60", "--port"],
    }[name]

    def command(target: str, port: int) -> list[str]:
        return [*arguments, f"{HOST}:{port}" if name == "hypercorn" else str(port), target]

    return Kind(f"{name}-patient", "asgi", (name,), command)


@pytest.mark.real_server
@pytest.mark.parametrize("name", ["uvicorn", "hypercorn", "granian"])
def test_real_servers_stop(name: str, tmp_path: Path) -> None:
    """SIGTERM ends three open streams, each complete, then the lifespan and the process. The server kills nothing."""
    notes = tmp_path / "notes"
    server = start(
        asgi_server(name),
        "tests.contract.stopping_app:app",
        app_dir=ROOT,
        log_dir=tmp_path,
        CARDAN_TEST_NOTES=str(notes),
    )
    bodies: dict[str, bytes] = {}
    begun = threading.Barrier(4)

    def read(path: str) -> None:
        with httpx.stream("GET", server.url + path, timeout=GUARD) as response:
            for number, data in enumerate(response.iter_raw()):
                bodies[path] = bodies.get(path, b"") + data
                if not number:
                    begun.wait(GUARD)

    threads = [threading.Thread(target=partial(read, path)) for path in ("/events", "/ticks", "/download")]
    try:
        for thread in threads:
            thread.start()
        begun.wait(GUARD)
        server.stop()
    finally:
        for thread in threads:
            thread.join(GUARD)
        server.kill()
    assert not server.killed, server.log()
    noted = set(notes.read_text().split())
    # granian ends its loop when the responses are complete, even if tasks of the application still run
    assert noted >= ({"events", "lifespan"} if name == "granian" else {"events", "hook", "lifespan", "ticks"})
    assert bodies["/download"] == b"begun and whole"


def test_a_subinterpreter(told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """In its main thread Python refuses signal handlers. Nothing is changed then, and no error is raised."""

    def refuse(number: int, handler: Any) -> None:
        raise ValueError("signal only works in main thread of the main interpreter")

    async def main() -> None:
        stopping = Stopping()
        before = signal.getsignal(signal.SIGTERM)
        with monkeypatch.context() as patched:
            patched.setattr(signal, "signal", refuse)
            stopping.begin()
        assert signal.getsignal(signal.SIGTERM) is before
        stopping.end()
        assert signal.getsignal(signal.SIGTERM) is before
        assert before is not None

    anyio.run(main)


@pytest.mark.parametrize("when", ["startup", "shutdown"])
def test_a_lifespan_that_fails_restores_the_handlers(when: str, told: list[int]) -> None:
    """The signals are handled as before, also if the lifespan ends by an error."""
    handled = signal.getsignal(signal.SIGTERM)
    seen: list[bool] = []

    @contextmanager
    def lifespan(app: Any) -> Iterator[None]:
        if when == "startup":
            raise LookupError
        yield
        seen.append(signal.getsignal(signal.SIGTERM) is handled)
        raise LookupError

    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(asked)}

    async def send(message: Any) -> None: ...

    app = Application(lambda request: Response("x"), lifespan=lifespan, end_streams_on_stop=True)
    with pytest.raises(LookupError):
        anyio.run(app, {"type": "lifespan"}, receive, send)
    assert seen == ([] if when == "startup" else [False])
    assert signal.getsignal(signal.SIGTERM) is handled
