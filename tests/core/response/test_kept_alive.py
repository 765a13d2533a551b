"""What a server author gets of ``aiter_events`` and ``iter_events``: generators, closed by the loop around them, with
keep-alive comments where the library for async code is given.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
import trio

from cardan.core import Response
from cardan.core._response import pumping
from cardan.core._response.finalizer import Chunk, End, Head
from cardan.core._response.kept_alive import KeptAlive

if TYPE_CHECKING:
    from cardan.core._response.pumping import AsyncLibrary

pytestmark = pytest.mark.anyio

LIBRARIES: list[Any] = [("asyncio", anyio), ("trio", anyio), ("trio", trio)]
FILLER = b":\n\n"
GUARD = 20


@pytest.fixture(params=LIBRARIES, ids=["asyncio-anyio", "trio-anyio", "trio-trio"])
def case(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def anyio_backend(case: Any) -> str:
    return str(case[0])


@pytest.fixture
def library(case: Any) -> AsyncLibrary:
    found: AsyncLibrary = case[1]
    return found


class Ticks:
    """Events that come when they are told to, and what happened to them."""

    def __init__(self) -> None:
        self.tick = anyio.Event()
        self.seen: list[str] = []

    async def events(self) -> AsyncIterator[int]:
        number = 0
        try:
            while True:
                await self.tick.wait()
                self.tick = anyio.Event()
                number += 1
                yield number
        finally:
            await anyio.sleep(0.001)
            self.seen.append("cleaned up")


async def test_comments_are_sent_while_the_body_waits(library: AsyncLibrary) -> None:
    """After each silence a comment; an event in between is not lost, and the step that waits goes on."""
    ticks = Ticks()
    response = Response.from_events(ticks.events(), keep_alive=0.001)
    got: list[bytes] = []
    with anyio.fail_after(GUARD):
        events = response.aiter_events("GET", library=library)
        async with aclosing(events):
            assert type(await anext(events)) is Head  # before anything has happened
            async for event in events:
                assert isinstance(event, Chunk)
                got.append(event.data)
                if got[-3:] == [FILLER] * 3:
                    ticks.tick.set()
                if got.count(b"data: 2\n\n"):
                    break
        assert ticks.seen == ["cleaned up"]  # by the loop's end, not by the collector
    assert got.count(b"data: 1\n\n") == 1
    assert got.index(b"data: 1\n\n") >= 3


async def test_a_body_that_ends_or_fails(library: AsyncLibrary) -> None:
    """The end of the body is the end of the events; its error is raised as it is."""

    async def body(*, error: BaseException | None) -> AsyncIterator[int]:
        yield 1
        if error is not None:
            raise error

    response = Response.from_events(body(error=None))
    got = [event async for event in response.aiter_events("GET", library=library)]
    assert [type(event) for event in got] == [Head, Chunk, End]
    for error in (LookupError("mine"), SystemExit("mine")):
        response = Response.from_events(body(error=error))
        with pytest.raises(type(error), match="mine"):
            await _collect(response.aiter_events("GET", library=library))


class Stop(BaseException):
    """An exception that is no :exc:`Exception`, as those of test runners are."""


async def test_a_body_that_is_broken_off(library: AsyncLibrary, anyio_backend: str) -> None:
    """A body that waits for something that was cancelled, or that ends by any other exception, has not ended as a
    whole: the exception is raised where the events are asked for, whether there is a keep-alive or not.
    """

    async def body(error: BaseException) -> AsyncIterator[int]:
        yield 1
        raise error

    errors: list[BaseException] = [Stop(), GeneratorExit()]
    if anyio_backend == "asyncio":
        errors.append(asyncio.CancelledError())
    for error in errors:
        for keep_alive in (None, 60):
            got: list[type] = []
            response = Response.from_events(body(error), keep_alive=keep_alive)
            with pytest.raises(type(error)):
                await _gather(response.aiter_events("GET", library=library), got)
            assert got == [Head, Chunk]


async def _gather(events: AsyncIterator[Any], kinds: list[type]) -> None:
    async for event in events:
        kinds.append(type(event))


async def _collect(events: AsyncIterator[Any]) -> list[Any]:
    return [event async for event in events]


@pytest.mark.parametrize("waits", [False, True])
async def test_a_body_that_swallows_its_cancellation(library: AsyncLibrary, waits: bool) -> None:
    """A body that catches its cancellation and yields again is ended there: nobody takes the item, and nobody waits for
    it, also if the body has awaited something meanwhile.
    """
    seen: list[str] = []

    async def body() -> AsyncIterator[int]:
        yield 1
        try:
            waiting.set()
            await anyio.sleep_forever()
        except BaseException:
            seen.append("cancelled")
        if waits:
            await anyio.sleep(0)
        try:
            yield 2
            seen.append("went on")
        finally:
            seen.append("ended")

    waiting = anyio.Event()
    chunks: list[bytes] = []

    async def send() -> None:
        response = Response.from_events(body(), keep_alive=60)
        async with aclosing(response.aiter_events("GET", library=library)) as events:
            async for event in events:
                if isinstance(event, Chunk):
                    chunks.append(event.data)

    async with anyio.create_task_group() as group:
        group.start_soon(send)
        await waiting.wait()
        group.cancel_scope.cancel()
    assert seen == ["cancelled", "ended"]
    assert [chunk for chunk in chunks if chunk[:1] != b":"] == [b"data: 1\n\n"]


async def test_a_body_that_cannot_be_closed(library: AsyncLibrary) -> None:
    """An async iterator without ``aclose()`` needs none, whether it was begun or not. After the end no item comes, and
    ``aclose()`` may be called again.
    """

    class Source:
        def __aiter__(self) -> Source:
            return self

        async def __anext__(self) -> bytes:
            return b"x"

    for steps in (0, 1):
        body = KeptAlive(Source(), 60, b":\n", library)
        assert [await anext(body) for _ in range(steps)] == [b"x"] * steps
        await body.aclose()
        await body.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(body)


@pytest.mark.parametrize("count", [0, 15, 16, 40])
async def test_other_tasks_have_their_turn(library: AsyncLibrary, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each sixteen items of a body that never waits, and not after each one, which would take long."""
    turns: list[int] = []
    sent: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x"

    async def emit(item: bytes) -> None:
        sent.append(item)

    async def checkpoint() -> None:
        turns.append(len(sent))

    monkeypatch.setattr(pumping, "checkpoint", checkpoint)
    assert await pumping.pump(body(), emit, library)
    assert turns == list(range(16, count + 1, 16))


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_the_body_is_closed_once(library: AsyncLibrary, steps: int) -> None:
    """Body and hooks, wherever the loop was left, also before its first step."""
    seen: list[str] = []

    class Source:
        def __aiter__(self) -> Source:
            return self

        async def __anext__(self) -> int:
            return 1

        async def aclose(self) -> None:
            seen.append("body")

    response = Response.from_events(Source())

    @response.call_on_close
    async def hook() -> None:
        await anyio.sleep(0)
        seen.append("hook")

    async with response, aclosing(response.aiter_events("GET", library=library)) as events:
        for _ in range(steps):
            await anext(events)
    assert seen.count("body") == 1
    assert seen.index("body") < seen.index("hook")


@pytest.mark.parametrize("alive", [True, False])
async def test_a_server_that_is_cancelled(library: AsyncLibrary, alive: bool) -> None:
    """The cleanup of body and hooks runs to its end, and has run when the loop is left."""
    ticks = Ticks()
    response = Response.from_events(ticks.events(), keep_alive=60 if alive else None)

    @response.call_on_close
    async def hook() -> None:
        await anyio.sleep(0.001)
        ticks.seen.append("hook")

    with anyio.fail_after(GUARD):
        with anyio.move_on_after(0.01):
            async with aclosing(response.aiter_events("GET", library=library)) as events:
                await _collect(events)
        if alive:
            assert ticks.seen == ["cleaned up", "hook"]
        else:  # a generator of the program's own, cancelled in its own step: as it always is
            assert ticks.seen[-1:] == ["hook"]


async def test_a_sync_body_in_a_thread(library: AsyncLibrary) -> None:
    """A sync body that runs in a thread does not keep the comments back."""
    seen: list[str] = []
    go_on: list[bool] = []

    def ticks() -> Iterator[int]:
        try:
            end = time.monotonic() + GUARD
            while not go_on and time.monotonic() < end:
                time.sleep(0.001)
            yield 1
            yield 2
        finally:
            seen.append("cleaned up")

    response = Response.from_events(ticks(), keep_alive=0.001)
    got: list[bytes] = []
    async with aclosing(response.aiter_events("GET", run_sync=anyio.to_thread.run_sync, library=library)) as events:
        async for event in events:
            if isinstance(event, Chunk):
                got.append(event.data)
                if len(got) == 3:
                    go_on.append(True)
    assert got[:3] == [FILLER] * 3
    assert [data for data in got if data != FILLER] == [b"data: 1\n\n", b"data: 2\n\n"]
    assert seen == ["cleaned up"]


def test_they_are_generators() -> None:
    """``closing`` and ``aclosing`` take them (and type-check), and leaving the loop closes the body at once."""
    seen: list[str] = []

    def body() -> Iterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            seen.append("body")

    with closing(Response(body()).iter_events("GET")) as events:
        for event in events:
            if isinstance(event, Chunk):
                break
    assert seen == ["body"]
    assert inspect.isgenerator(Response("").iter_events("GET"))
    assert inspect.isasyncgen(Response("").aiter_events("GET"))


class Counted:
    """An async iterable of one item that counts its closings. Its passes can be closed as well."""

    def __init__(self) -> None:
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"x"

    async def aclose(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("steps", [1, 2, 9])
async def test_a_kept_body_is_closed_once(library: AsyncLibrary, steps: int) -> None:
    """The task that drives the body closes it, before the hooks run. Nothing else closes it once more, however many
    events were taken.
    """
    body, order = Counted(), list[int]()
    response = Response(body)
    response.keep_alive = 60
    response.call_on_close(lambda: order.append(body.closed))
    with anyio.fail_after(GUARD):
        async with aclosing(response.aiter_events("GET", library=library)) as events:
            for _ in range(steps):
                await anext(events, None)
    assert (body.closed, order) == (1, [1])


def test_a_body_that_nobody_ends() -> None:
    """When the event loop itself ends, on trio, the task of the body ends with it, and the loop raises no error."""
    ended: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await trio.sleep_forever()
        finally:
            ended.append("ended")

    async def main() -> None:
        with anyio.fail_after(100):
            kept = KeptAlive(body(), 0.001, b":", trio)
            assert await kept.__anext__() == b"a"
            assert await kept.__anext__() == b":"

    trio.run(main)
    assert ended == ["ended"]
