"""An async body or handler on WSGI: its tasks in the loop of the process, and the thread that serves them."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import pytest

from cardan import Application, Request, Response
from cardan import _crossing as crossing
from cardan.testing import Client, RequestBuilder


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_body_that_is_ended_before_it_began(backend: str) -> None:
    """On WSGI, a body that is ended as soon as its task was started is over, whichever task the loop runs first."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield b"x"

    conversation = crossing.Conversation(crossing.portal(backend))
    for _ in range(300):
        generator = body()
        items, end = conversation.iterate(generator, 0.0, b"filler")
        assert next(items) in (b"x", b"filler")
        end()
        assert generator.ag_frame is None, "the body was not closed"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_is_awaited_after_a_body_that_ended_unseen(backend: str) -> None:
    """On WSGI: the end of one task is not taken for the end of the next one."""
    go_on = threading.Event()

    async def body() -> AsyncIterator[bytes]:
        while not go_on.is_set():
            await anyio.sleep(0.001)
        return
        yield

    async def hook() -> str:
        await anyio.sleep(0.01)
        return "hook"

    portal = crossing.portal(backend)
    conversation = crossing.Conversation(portal)
    items, end = conversation.iterate(body(), 0.001, b"filler")
    assert next(items) == b"filler"
    go_on.set()
    crossing.Conversation(portal).wait(anyio.sleep(0.05))
    end()
    assert conversation.wait(hook()) == "hook"


def test_a_task_that_outlives_its_request() -> None:
    """On WSGI what it asks of the request's thread is refused; it does not wait for ever."""
    told: list[str] = []
    over, done = threading.Event(), threading.Event()

    async def handler(request: Request) -> Response:
        await request.load()
        file = request.files["f"]

        async def late() -> None:
            try:
                while not over.is_set():
                    await anyio.sleep(0.001)
                await file.aread()
            except RuntimeError as error:
                told.append(str(error))
            finally:
                done.set()

        tasks.append(asyncio.get_running_loop().create_task(late()))
        return Response("sent")

    tasks: list[asyncio.Task[None]] = []
    with Client(Application(handler), protocol="wsgi") as client:
        assert client.post("/", files={"f": ("x", bytes(600_000))}).text == "sent"
    over.set()
    assert done.wait(100)
    assert told == ["got blocking work on a request that is over, expected it before the response was sent"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_manager_whose_loop_has_ended(backend: str) -> None:
    """If the loop ends first, it leaves the manager by a cancellation. To leave it again is no error; an error that the
    manager raised meanwhile is raised.
    """
    log: list[str] = []

    async def hold(until: Callable[[str], Awaitable[None]], error: Exception | None) -> None:
        try:
            await until("entered")
        finally:
            log.append("left")
            if error is not None:
                raise error

    portal = crossing.Portal(backend)
    held = crossing.HeldTask(portal, lambda until: hold(until, None))
    broken = crossing.HeldTask(portal, lambda until: hold(until, LookupError("of the manager")))
    assert (held.started(), broken.started()) == ("entered", "entered")
    portal.stop()
    assert log == ["left", "left"]
    held.end()
    with pytest.raises(LookupError, match="of the manager"):
        broken.end()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_manager_that_never_yields(backend: str) -> None:
    """A manager that ends before it yields is an error at its start, which says what was expected. An error of the
    manager itself is raised there, too.
    """

    async def hold(until: Callable[[str], Awaitable[None]]) -> None:
        pass

    async def broken(until: Callable[[str], Awaitable[None]]) -> None:
        raise LookupError("of the manager")

    portal = crossing.portal(backend)
    with pytest.raises(RuntimeError, match="got a lifespan that ended without yielding, expected it to yield once"):
        crossing.HeldTask(portal, hold).started()
    with pytest.raises(LookupError, match="of the manager"):
        crossing.HeldTask(portal, broken).started()


class Endable:
    """An async iterable that can be ended."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("got a step, expected none")

    async def aclose(self) -> None:
        await anyio.sleep(0)
        self.log.append("ended")


class Endless:
    """An async iterable that cannot be ended."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("got a step, expected none")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_body_whose_task_was_never_started(backend: str) -> None:
    """If no item was asked for, the body is ended all the same, once, if it can be ended."""
    conversation = crossing.Conversation(crossing.portal(backend))
    body = Endable()
    conversation.iterate(body)[1]()
    assert body.log == ["ended"]
    conversation.iterate(Endless())[1]()
    assert conversation.listen(0) is crossing.IDLE, "no task was started"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_work_that_is_asked_for_when_the_request_ends(backend: str) -> None:
    """The end refuses what the thread has not done. The work is not done, and the task that asked for it goes on."""
    done: list[str] = []
    told: list[str] = []
    portal = crossing.portal(backend)
    conversation = crossing.Conversation(portal)

    async def ask() -> None:
        try:
            await conversation.run_sync(lambda: done.append("done"))
        except RuntimeError as error:
            told.append(str(error))

    task = conversation.start(ask)
    while conversation._inbox.empty():
        crossing.Conversation(portal).wait(anyio.sleep(0.001))
    conversation.leave()
    while not task.ended:
        crossing.Conversation(portal).wait(anyio.sleep(0.001))
    assert task.outcome() is None
    assert done == []
    assert told == ["got blocking work on a request that is over, expected it before the response was sent"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_signal_ends_the_wait_for_a_handler(backend: str) -> None:
    """On WSGI a server may give up on its thread by a signal, whose handler raises: the ``async def`` handler is
    cancelled and cleans up first. Then the error is raised.
    """
    log: list[str] = []

    def give_up(number: int, frame: object) -> None:
        raise SystemExit(1)

    async def handler(request: Request) -> Response:
        try:
            while sys._current_frames()[main].f_code.co_name != "listen":
                await anyio.sleep(0.001)
            signal.pthread_kill(main, signal.SIGUSR1)
            await anyio.sleep(3600)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.001)
            log.append("clean")
        return Response("late")

    main = threading.get_ident()
    app = Application(handler, backend=backend)
    before = signal.signal(signal.SIGUSR1, give_up)
    try:
        with pytest.raises(SystemExit):
            app(RequestBuilder("/").environ(), lambda status, headers, exc_info=None: bytes)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert log == ["clean"]
