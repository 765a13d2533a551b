"""Fillers of silent streams on ASGI: one at a time, never inside of a chunk, and none after the end.

The timer is replaced: a test says when a response has been silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Request, Response
from cardan import _crossing as crossing
from cardan.asgi._sending import _Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.anyio

FILLER = b":\n\n"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both loops."""
    return str(request.param)


class Timer:
    """Stands in for :class:`cardan._crossing.Silence`."""

    made: list[Timer]

    def __init__(self, seconds: float, function: Callable[[], object]) -> None:
        self.seconds = seconds
        self.go_off = function
        self.breaks = self.ends = 0
        self.made.append(self)

    def broken(self) -> None:
        """Count it."""
        self.breaks += 1

    def end(self) -> None:
        """Count it."""
        self.ends += 1


@pytest.fixture(autouse=True)
def timers(monkeypatch: pytest.MonkeyPatch) -> list[Timer]:
    """The timers that were made."""
    Timer.made = []
    monkeypatch.setattr(crossing, "Silence", Timer)
    return Timer.made


class Stream:
    """A response whose body gives what a test puts into it, to a client that takes a message when the test says so."""

    def __init__(self, timers: list[Timer]) -> None:
        self.timers = timers
        self.put, self._get = anyio.create_memory_object_stream[bytes](10)
        self.sent: list[bytes | None] = []
        """The pieces of the body that were sent, and None for the end."""
        self.sending = self.at_once = 0
        """How many calls of ``send()`` are not over, and how many there were at most."""
        self.log: list[object] = []
        self.stuck: set[bytes | None] = set()
        """The pieces that the client does not take."""
        self.moved = anyio.Event()
        self.fails = False
        self.stops: list[Callable[[], None]] = []

    @property
    def timer(self) -> Timer:
        """The only timer."""
        (timer,) = self.timers
        return timer

    async def handle(self, request: Request) -> Response:
        """The handler."""

        async def body() -> AsyncIterator[bytes]:
            try:
                with self._get:
                    async for piece in self._get:
                        yield piece
            finally:
                self.log.append("body")

        class Quiet(Response):
            keep_alive = 60
            _keep_alive_chunk = FILLER

        response = Quiet(body())
        response.call_on_close(lambda: self.log.append(("hook", request.disconnected)))
        return response

    async def run(self) -> None:
        """Serve it."""

        async def send(message: Any) -> None:
            if message["type"] != "http.response.body":
                return
            piece = message["body"] if message["more_body"] else None
            self.sending += 1
            self.at_once = max(self.at_once, self.sending)
            try:
                while piece in self.stuck:
                    await self.moved.wait()
            finally:
                self.sending -= 1
            if self.fails:
                raise OSError("the client has left")
            self.sent.append(piece)

        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "http_version": "1.1"}
        app = Application(self.handle)
        app._adapter_when_stopped = lambda: self._register  # type: ignore[method-assign]
        try:
            await app(scope, anyio.sleep_forever, send)
        finally:
            self.log.append("over")

    def _register(self, function: Callable[[], None]) -> Callable[[], object]:
        self.stops.append(function)
        return lambda: self.log.append("forgotten")

    def take(self) -> None:
        """The client takes everything from now on."""
        self.stuck.clear()
        self.moved.set()


async def settle() -> None:
    """Let all tasks go on until they wait."""
    for _ in range(3):
        await anyio.wait_all_tasks_blocked()


async def test_one_filler_for_each_silence(timers: list[Timer]) -> None:
    """The time begins anew with each chunk; the end of the response ends the timer."""
    stream = Stream(timers)
    async with anyio.create_task_group() as group:
        group.start_soon(stream.run)
        await settle()
        assert stream.timer.seconds == 60
        before = stream.timer.breaks
        for count in (1, 2):
            stream.timer.go_off()
            await settle()
            assert stream.sent == [FILLER] * count
        for count in (1, 2):
            await stream.put.send(b"a")
            await settle()
            assert stream.timer.breaks == before + count
        stream.timer.go_off()
        await settle()
        assert stream.timer.ends == 0
        stream.put.close()
    assert stream.sent == [FILLER, FILLER, b"a", b"a", FILLER, None]
    assert stream.timer.ends == 1
    assert stream.log == ["body", "forgotten", ("hook", False), "over"]


async def test_a_client_that_takes_no_filler(timers: list[Timer]) -> None:
    """A client that has not taken a filler gets no second one. What follows waits for the first one: a chunk, and the
    end of the body.
    """
    for last in (b"a", None):
        timers.clear()
        stream = Stream(timers)
        stream.stuck = {FILLER}
        async with anyio.create_task_group() as group:
            group.start_soon(stream.run)
            await settle()
            for _ in range(3):
                stream.timer.go_off()
                stream.timer.go_off()
                await settle()
            if last is not None:
                await stream.put.send(last)
            stream.put.close()
            await settle()
            assert stream.sent == []
            stream.take()
        assert stream.sent == ([FILLER, b"a", None] if last else [FILLER, None])


@pytest.mark.parametrize("piece", [b"a", None])
async def test_no_filler_inside_of_a_chunk(piece: bytes | None, timers: list[Timer]) -> None:
    """While a client does not take a chunk, or the end, no filler is sent, nor afterwards for that time."""
    stream = Stream(timers)
    stream.stuck = {piece}
    async with anyio.create_task_group() as group:
        group.start_soon(stream.run)
        await settle()
        if piece is not None:
            await stream.put.send(piece)
        else:
            stream.put.close()
        await settle()
        stream.timer.go_off()
        await settle()
        stream.take()
        await settle()
        stream.put.close()
    assert stream.sent == ([b"a", None] if piece else [None])


@pytest.mark.parametrize("what", ["a filler", "a chunk", "the end"])
async def test_the_client_leaves(what: str, timers: list[Timer]) -> None:
    """The body is closed although it waits, the hooks run, and the request says that the client has left."""
    stream = Stream(timers)
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(stream.run)
            await settle()
            stream.fails = True
            if what == "a filler":
                stream.timer.go_off()
            elif what == "a chunk":
                await stream.put.send(b"a")
            else:
                stream.put.close()
    stream.put.close()
    assert stream.sent == []
    assert stream.log == ["body", "forgotten", ("hook", True), "over"]
    assert stream.timer.ends == 1


@pytest.mark.parametrize("how", ["a stop", "a scope"])
async def test_an_end_during_a_filler(how: str, timers: list[Timer]) -> None:
    """A filler that the client does not take is given up: a stop sends the end of the response in place of it, not
    beside it, and the end of the request waits for no client.
    """
    stream = Stream(timers)
    stream.stuck = {FILLER}
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(stream.run)
            await settle()
            stream.timer.go_off()
            await settle()
            if how == "a stop":
                stream.stops[0]()
            else:
                group.cancel_scope.cancel()
    stream.put.close()
    assert stream.sent == ([None] if how == "a stop" else [])
    assert stream.log == ["body", "forgotten", ("hook", False), "over"]
    assert stream.timer.ends >= 1
    assert stream.at_once == 1
    sent = stream.sent.copy()
    stream.take()
    await settle()
    assert stream.sent == sent


async def test_a_stop_while_the_end_waits_for_a_filler(timers: list[Timer]) -> None:
    """The body has ended, and its end waits for a filler that the client does not take: a stop sends the end."""
    stream = Stream(timers)
    stream.stuck = {FILLER}
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(stream.run)
            await settle()
            stream.timer.go_off()
            stream.put.close()
            await settle()
            stream.stops[0]()
    assert stream.sent == [None]
    assert stream.at_once == 1


async def test_a_stop_while_the_end_is_sent(timers: list[Timer]) -> None:
    """The end is not interrupted, and is sent once."""
    stream = Stream(timers)
    stream.stuck = {None}
    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(stream.run)
            await settle()
            stream.put.close()
            await settle()
            stream.stops[0]()
            await settle()
            stream.take()
    assert stream.sent == [None]


@pytest.mark.parametrize("turns", range(9))
async def test_a_silence_while_a_stream_is_stopped(turns: int, timers: list[Timer]) -> None:
    """Whenever the timer goes off meanwhile, the end is sent: on asyncio a filler may be given up before it begins."""
    stream = Stream(timers)
    stream.stuck = {FILLER}
    token = crossing.current_token()

    def later(count: int) -> None:
        if count:
            crossing.call_soon(lambda: later(count - 1), token)
        elif not stream.timer.ends:
            stream.timer.go_off()

    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(stream.run)
            await settle()
            stream.stops[0]()
            later(turns)
    stream.put.close()
    assert stream.sent == [None]


async def test_a_filler_that_is_given_up_before_it_begins(timers: list[Timer]) -> None:
    """What is sent next does not wait for it, although on asyncio its task never runs."""

    class NoBody:
        def feed(self, chunk: bytes) -> list[Any]:
            return []

    finalizer: Any = NoBody()
    wire = _Wire(lambda message: anyio.sleep_forever(), finalizer, lambda: None)
    keep_alive = wire.keep_alive(60, FILLER, crossing.Interruptible())
    timers[0].go_off()
    await keep_alive.end()
    with anyio.fail_after(100):
        await wire.filled()
    assert wire.begin_filler()
