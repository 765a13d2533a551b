"""A request of core without the parts of an event loop: all works but what needs one, and the error names it."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import trio

from cardan import core

FORM = (
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nfile\r\n'
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'
)


async def pieces() -> AsyncIterator[bytes]:
    yield FORM[:9]
    yield FORM[9:]


BODIES: dict[str, Callable[[], Any]] = {"bytes": lambda: FORM, "iterable": lambda: iter([FORM]), "async": pieces}


def without_loop(main: Callable[[], Awaitable[Any]]) -> Any:
    """What no library for async code drives: nothing is awaited that would wait."""
    steps = main().__await__()
    try:
        next(steps)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("this waits for an event loop")


LOOPS: dict[str, Callable[..., Any]] = {
    "no loop": without_loop,
    "asyncio": lambda main: asyncio.run(main()),
    "trio": trio.run,
}


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return LOOPS[request.param]


@pytest.fixture(params=BODIES)
def make(request: pytest.FixtureRequest) -> Callable[..., core.Request]:
    def made(**arguments: Any) -> core.Request:
        fields = {"Content-Type": "multipart/form-data; boundary=B", "Content-Length": str(len(FORM))}
        return core.Request(core.RequestHead("POST", headers=fields), BODIES[request.param](), **arguments)

    return made


class AsyncTarget:
    """A target whose ``write`` is awaited."""

    def __init__(self) -> None:
        self.data = b""

    async def write(self, data: bytes) -> None:
        self.data += data


def test_async_code(run: Callable[..., Any], make: Callable[..., core.Request]) -> None:
    """Body, form, files in memory, parts and early hints need no argument, whatever the event loop is."""

    async def main() -> None:
        async with make() as request:
            await request.load()
            file = request.files["f"]
            assert (request.form["a"], file.size) == ("1", 4)
            assert await file.aread() == b"file"
            assert await file.aseek(0) == 0
            assert [piece async for piece in file.aiter_data(3)] == [b"fil", b"e"]
            in_memory, awaited = io.BytesIO(), AsyncTarget()
            await file.aseek(0)
            await file.asave(in_memory)
            await file.aseek(0)
            await file.asave(awaited)
            assert (in_memory.getvalue(), awaited.data) == (b"file", b"file")
            await file.aclose()
        async with make() as request:
            await request.load(form=False)
            assert request.get_data() == request.stream.read() == FORM
        async with make() as request:
            assert b"".join([piece async for piece in request.aiter_data()]) == FORM
        async with make() as request:
            assert [(part.name, await part.aread()) async for part in request.aiter_parts()] == [
                ("f", b"file"),
                ("a", b"1"),
            ]
        async with make() as request:
            target = io.BytesIO()
            async for part in request.aiter_parts():
                await part.asave(target)
            assert target.getvalue() == b"file1"
        async with make() as request:
            await request.asend_early_hints(["</a.css>; rel=preload"])
            assert not request.disconnected
            assert request.state == {}

    run(main)


def test_files_on_disk(run: Callable[..., Any], make: Callable[..., core.Request]) -> None:
    """In async code they need ``run_sync``, and so does a target on disk. The error names it."""

    async def refused(function: Callable[[], Awaitable[Any]], what: str) -> None:
        with pytest.raises(RuntimeError, match=f"got {what} in async code, expected .*run_sync="):
            await function()

    async def main() -> None:
        async with make(make_file=tempfile.TemporaryFile) as request:
            await request.load()
            file = request.files["f"]
            for function in (
                file.aread,
                lambda: file.aseek(0),
                lambda: anext(aiter(file.aiter_data())),
                lambda: file.asave(io.BytesIO()),
                lambda: file.asave(AsyncTarget()),
            ):
                await refused(function, "a file on disk")
            await file.aclose()
        with tempfile.TemporaryFile() as target:
            async with make() as request:
                await request.load()
                file = request.files["f"]
                await refused(lambda: file.asave(target), "a target that may block")
            async with make() as request:
                async for part in request.aiter_parts():
                    await refused(partial(part.asave, target), "a target that may block")
                    break

    run(main)


def test_run_sync_is_all_they_need(run: Callable[..., Any], make: Callable[..., core.Request]) -> None:
    """With ``run_sync`` files on disk are read and written, given to the request or to the call."""

    async def run_sync(function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    async def main() -> None:
        for given, asked in (({"run_sync": run_sync}, {}), ({}, {"run_sync": run_sync})):
            async with make(make_file=tempfile.TemporaryFile, **given) as request:
                await request.load()
                file = request.files["f"]
                with tempfile.TemporaryFile() as target:
                    await file.asave(target, **asked)
                    target.seek(0)
                    assert target.read() == b"file"

    run(main)


@pytest.mark.parametrize("make_file", [None, tempfile.TemporaryFile])
@pytest.mark.parametrize("body", [lambda: FORM, lambda: iter([FORM])], ids=["bytes", "iterable"])
def test_sync_code(body: Callable[[], Any], make_file: Any) -> None:
    """Sync code needs no argument at all, also with files on disk."""
    fields = {"Content-Type": "multipart/form-data; boundary=B", "Content-Length": str(len(FORM))}
    head = core.RequestHead("POST", headers=fields)
    with core.Request(head, body(), make_file=make_file) as request, tempfile.TemporaryFile() as target:
        file = request.files["f"]
        assert (request.form["a"], file.size, file.read()) == ("1", 4, b"file")
        file.seek(0)
        file.save(target)
        assert target.tell() == 4
        request.send_early_hints(["</a.css>; rel=preload"])
    with core.Request(head, body(), make_file=make_file) as request:
        assert [(part.name, part.read()) for part in request.iter_parts()] == [("f", b"file"), ("a", b"1")]


def test_an_event_where_no_loop_is_known() -> None:
    """Two tasks that load one body need an event. Without a loop that is known the error names ``make_event``."""

    async def never() -> AsyncIterator[bytes]:
        await Suspended()
        yield b""

    class Suspended:
        def __await__(self) -> Any:
            yield

    request = core.Request(core.RequestHead("POST", headers={"Transfer-Encoding": "chunked"}), never())
    first = request.load()
    first.send(None)
    with pytest.raises(RuntimeError, match="expected one, or a request made with make_event="):
        request.load().send(None)
    first.close()
