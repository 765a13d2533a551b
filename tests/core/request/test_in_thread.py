"""A request with an async body in sync code: ``call_in_thread``."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
import trio

from cardan import core
from cardan.exceptions import RequestEntityTooLarge, WrongMode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

FORM = "application/x-www-form-urlencoded"


async def in_executor(function: Callable[..., Any], *args: Any) -> Any:
    """What a server on plain asyncio has."""
    return await asyncio.to_thread(function, *args)


def of_anyio() -> Any:
    return anyio.to_thread.run_sync, anyio.from_thread.run


def of_asyncio() -> Any:
    loop = asyncio.get_running_loop()
    return in_executor, lambda function, *args: asyncio.run_coroutine_threadsafe(function(*args), loop).result()


def of_trio() -> Any:
    return trio.to_thread.run_sync, trio.from_thread.run


LIBRARIES: dict[str, Any] = {
    "anyio on asyncio": (of_anyio, partial(anyio.run, backend="asyncio")),
    "anyio on trio": (of_anyio, partial(anyio.run, backend="trio")),
    "asyncio": (of_asyncio, partial(anyio.run, backend="asyncio")),
    "trio": (of_trio, partial(anyio.run, backend="trio")),
}


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await anyio.sleep(0)
        yield chunk


def make(*chunks: bytes, kind: str = FORM, cls: type[core.Request] = core.Request) -> core.Request:
    head = core.RequestHead("POST", headers={"Content-Type": kind, "Transfer-Encoding": "chunked"})
    return cls(head, pieces(*chunks))


READS: dict[str, Callable[[core.Request], Any]] = {
    "form": lambda request: request.form["a"],
    "get_data": lambda request: request.get_data(),
    "text": lambda request: request.text,
    "iter_data": lambda request: b"".join(request.iter_data()),
    "stream": lambda request: request.stream.read(),
    "nothing": lambda request: None,
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("way", READS)
def test_sync_code_reads_an_async_body(library: str, way: str) -> None:
    """In the thread every way to the body of sync code works, and those of async code raise. Afterwards it is the other
    way round: the request belongs to async code again.
    """
    crossing, run = LIBRARIES[library]
    seen: list[Any] = []

    def handler(request: core.Request) -> Any:
        seen.append(threading.get_ident())
        with pytest.raises(WrongMode):
            request.aiter_data()
        return READS[way](request)

    async def main() -> None:
        run_sync, wait = crossing()
        request = make(b"a=1", b"2")
        result = await core.call_in_thread(handler, request, run_sync=run_sync, wait=wait)
        assert result in {"12", b"a=12", "a=12", None}
        assert seen != [threading.get_ident()]
        with pytest.raises(WrongMode):
            request.iter_data()
        if way == "nothing":
            assert (await request.load()).form["a"] == "12"
        await request.aclose()

    run(main)


@pytest.mark.parametrize("library", LIBRARIES)
def test_files_are_those_of_the_thread_and_then_of_the_loop(library: str) -> None:
    """A file of a form is read without ``await`` in the thread, and with it afterwards."""
    crossing, run = LIBRARIES[library]
    body = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\ndata\r\n--B--\r\n'

    def handler(request: core.Request) -> bytes:
        return request.files["f"].read(2)

    async def main() -> None:
        run_sync, wait = crossing()
        request = make(body[:40], body[40:], kind="multipart/form-data; boundary=B")
        assert await core.call_in_thread(handler, request, run_sync=run_sync, wait=wait) == b"da"
        assert await request.files["f"].aread() == b"ta"
        with pytest.raises(WrongMode):
            request.files["f"].read()
        await request.aclose()

    run(main)


@pytest.mark.parametrize("library", LIBRARIES)
def test_errors_come_out_of_the_thread(library: str) -> None:
    """An error of the handler, a limit and an error of the body are raised to the caller, and the mode is set back."""
    crossing, run = LIBRARIES[library]

    class Small(core.Request):
        max_content_length = 3

    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise ConnectionResetError("gone")

    def fail(request: core.Request) -> None:
        raise LookupError("of the handler")

    cases: list[tuple[Any, core.Request, type[Exception]]] = [
        (fail, make(b"a"), LookupError),
        (core.Request.get_data, make(b"12", b"34", cls=Small), RequestEntityTooLarge),
        (core.Request.get_data, core.Request(make().head, broken()), ConnectionResetError),
    ]

    async def main() -> None:
        run_sync, wait = crossing()
        for handler, request, error in cases:
            with pytest.raises(error):
                await core.call_in_thread(handler, request, run_sync=run_sync, wait=wait)
            with pytest.raises(WrongMode):
                request.iter_data()
            await request.aclose()

    run(main)


@pytest.mark.parametrize("library", ["anyio on asyncio", "anyio on trio", "trio"])
def test_a_cancellation_ends_the_read(library: str) -> None:
    """A task that is cancelled while its thread waits for bytes ends: the thread gets the cancellation."""
    crossing, run = LIBRARIES[library]
    ended: list[BaseException] = []

    async def silent() -> AsyncIterator[bytes]:
        await anyio.sleep_forever()
        yield b""

    def handler(request: core.Request) -> None:
        try:
            request.get_data()
        except BaseException as error:
            ended.append(error)
            raise

    async def main() -> None:
        run_sync, wait = crossing()
        request = core.Request(make().head, silent())
        with anyio.move_on_after(0.05) as scope:
            await core.call_in_thread(handler, request, run_sync=run_sync, wait=wait)
        assert scope.cancelled_caught
        assert len(ended) == 1

    run(main)


def test_a_request_is_in_one_thread() -> None:
    """A request that sync code has already is refused. Bodies of bytes and of a sync iterable need no loop."""

    async def main() -> None:
        run_sync, wait = of_anyio()

        def again(request: core.Request) -> None:
            wait(lambda: core.call_in_thread(core.Request.get_data, request, run_sync=run_sync, wait=wait))

        with pytest.raises(RuntimeError, match="got a request that sync code handles"):
            await core.call_in_thread(again, make(b"a"), run_sync=run_sync, wait=wait)
        for body in (b"ab", iter([b"a", b"b"])):
            request = core.Request(core.RequestHead("POST"), body)
            assert await core.call_in_thread(core.Request.get_data, request, run_sync=run_sync, wait=wait) == b"ab"

    anyio.run(main)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
def test_early_hints_from_the_thread(library: str, is_async: bool) -> None:
    """The event loop calls ``inform`` for sync code, and awaits it: a server in an event loop has an async one (RFC
    8297). Links that are none are refused in the thread. Afterwards async code sends hints as before.
    """
    crossing, run = LIBRARIES[library]
    seen: list[Any] = []

    def inform(hints: core.Informational) -> None:
        seen.append((hints.headers, threading.get_ident()))

    async def ainform(hints: core.Informational) -> None:
        await anyio.sleep(0)
        inform(hints)

    def handler(request: core.Request) -> None:
        with pytest.raises(TypeError, match="expected an iterable of links"):
            request.send_early_hints("</a.css>")
        request.send_early_hints([])
        request.send_early_hints(["</a.css>"])

    async def main() -> None:
        run_sync, wait = crossing()
        request = core.Request(core.RequestHead(), pieces(b"a"), inform=ainform if is_async else inform)
        await core.call_in_thread(handler, request, run_sync=run_sync, wait=wait)
        await request.asend_early_hints(["</b.css>"])

    run(main)
    here = threading.get_ident()
    assert seen == [([("Link", "</a.css>")], here), ([("Link", "</b.css>")], here)]


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_the_thread_has_taken_reads_no_more_afterwards(library: str) -> None:
    """When the call is over, no thread waits for bytes: what sync code still has of the body raises WrongMode, and
    takes nothing from the async code that has the request again.
    """
    crossing, run = LIBRARIES[library]
    kept: list[Any] = []

    def handler(request: core.Request) -> None:
        kept.append(request.stream)
        kept.append(request.stream.read(1))

    async def main() -> None:
        run_sync, wait = crossing()
        request = make(b"a", b"b")
        await core.call_in_thread(handler, request, run_sync=run_sync, wait=wait)
        with pytest.raises(WrongMode):
            await run_sync(kept[0].read, 1)
        await request.aclose()

    run(main)
    assert kept[1] == b"a"


@pytest.mark.parametrize("library", LIBRARIES)
def test_early_hints_of_a_request_that_needs_no_loop(library: str) -> None:
    """A request of bytes belongs to neither kind of code: after the call in a thread, plain code sends hints at once,
    in any thread.
    """
    crossing, run = LIBRARIES[library]
    seen: list[Any] = []

    async def main() -> None:
        run_sync, wait = crossing()
        request = core.Request(core.RequestHead(), b"a", inform=lambda hints: seen.append(hints.headers))
        await core.call_in_thread(core.Request.get_data, request, run_sync=run_sync, wait=wait)
        request.send_early_hints(["</a.css>"])

    run(main)
    assert seen == [[("Link", "</a.css>")]]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kept_alive", [False, True])
def test_the_body_of_a_response_reads_the_request(library: str, kept_alive: bool) -> None:
    """A ``def`` handler may answer with a generator that reads the upload. If each step of it is called in a thread, it
    reads as the handler does, and so do the hooks of ``call_on_close``. Between two steps the request belongs to async
    code.
    """
    crossing, run = LIBRARIES[library]
    module = trio if library == "trio" else anyio
    seen: list[Any] = []

    def handler(request: core.Request) -> core.Response:
        response = core.Response(piece.upper() for piece in request.iter_data())
        response.keep_alive = 60 if kept_alive else None
        response.call_on_close(partial(hook, request))
        return response

    def hook(request: core.Request) -> None:
        with pytest.raises(WrongMode):
            request.aiter_data()
        seen.append(threading.get_ident())

    async def main() -> None:
        run_sync, wait = crossing()
        request = make(b"ab", b"cd", kind="text/plain")

        def in_thread(function: Callable[..., Any], *args: Any) -> Any:
            return core.call_in_thread(lambda _: function(*args), request, run_sync=run_sync, wait=wait)

        response = await in_thread(handler, request)
        async with aclosing(response.aiter_events("POST", run_sync=in_thread, library=module)) as events:
            async for event in events:
                if isinstance(event, core.Chunk):
                    seen.append(event.data)
                    with pytest.raises(WrongMode):
                        request.iter_data()
        await request.aclose()

    run(main)
    assert seen[:2] == [b"AB", b"CD"]
    assert len(seen) == 3
    assert seen[2] != threading.get_ident()
