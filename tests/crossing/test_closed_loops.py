"""Nothing of cardan keeps an event loop that has ended, or an application that was given up while a loop runs."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cardan import Application, Request, Response
from cardan._crossing import pool
from cardan._crossing.places import Places
from cardan._crossing.worker import DEFAULT_THREADS
from cardan.files import send_file
from cardan.testing import AsyncClient
from tests.crossing.exchange import Exchange, chunk, until


def rows() -> Iterator[str]:
    yield "a"
    yield "b"


async def async_rows() -> AsyncIterator[str]:
    yield "a"
    yield "b"


def upload(request: Request) -> Response:
    return Response(request.files["a"].stream.read())


async def async_upload(request: Request) -> Response:
    await request.load()
    return Response(await request.files["a"].aread())


async def stream(request: Request) -> Response:
    response = Response(rows())
    response.call_on_close(lambda: None)
    return response


HANDLERS: dict[str, Callable[[Request], Any]] = {
    "def": lambda request: Response("x"),
    "def, upload": upload,
    "async def, upload": async_upload,
    "sync stream": stream,
    "async stream": lambda request: Response(async_rows()),
    "file": lambda request: send_file(__file__, request),
}


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_loop_that_has_ended(backend: str, name: str) -> None:
    """A loop in which requests were served, and all that was made for it, is given up when it has ended."""

    class OnDisk(Request):
        max_file_memory = 10

    app = OnDisk.application(HANDLERS[name])
    loops = []
    threads = set(threading.enumerate())

    async def main() -> None:
        loops.append(weakref.ref(anyio.lowlevel.current_token().native_token))  # type: ignore[call-overload]
        async with AsyncClient(app, protocol="asgi") as client:
            for _ in range(2):
                answer = await client.post("/", files={"a": ("a.txt", b"a" * 100)})
                assert answer.status_code == 200
                assert answer.content

    anyio.run(main, backend=backend)
    for thread in set(threading.enumerate()) - threads:
        if thread.name == "cardan worker thread":  # has been told to end
            thread.join(100)
    gc.collect()
    assert [loop() for loop in loops] == [None]


def test_a_loop_that_was_closed_without_its_generators() -> None:
    """A loop that is closed without ``shutdown_asyncgens()`` is given up, and its threads end, when sync code runs in
    the next loop.
    """
    threads = []

    def handler(request: Request) -> Response:
        threads.append(threading.current_thread())
        return Response("x")

    def serve() -> weakref.ref[asyncio.AbstractEventLoop]:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(Exchange(Application(handler), chunk(b"", False), method="GET").run())
        loop.close()
        return weakref.ref(loop)

    first, second = serve(), serve()
    threads[0].join(100)
    assert not threads[0].is_alive()
    gc.collect()
    assert first() is None
    for each in pool._known_pools():
        if each.is_closed:
            each.end()
    threads[1].join(100)
    gc.collect()
    assert second() is None


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_application_that_is_given_up(backend: str) -> None:
    """The places of an application are given up with the application, also if the loop goes on."""

    async def serve() -> None:
        app = Application(lambda request: Response("x"))
        await Exchange(app, chunk(b"", False), method="GET").run()

    async def main() -> None:
        before = places_in_memory()
        for _ in range(3):
            await serve()
        await until(lambda: places_in_memory() <= before)  # a thread may hold the last request a moment longer

    anyio.run(main, backend=backend)


def places_in_memory() -> int:
    """How many :class:`Places` of handlers are in memory, after the collector has run."""
    gc.collect()
    return sum(type(each) is Places and each.total == DEFAULT_THREADS for each in gc.get_objects())
