"""The steps of reading and parsing, performed by calling and by awaiting."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import anyio.to_thread
import pytest

from cardan.core._request.body import BytesBody
from cardan.core._request.perform import perform, performer
from cardan.core.drive import Close, Open, Write
from cardan.core.forms import FileStart

PART = FileStart("f", "a.txt", {})


class Later:
    """A sink whose plain ``write()`` returns what has to be awaited."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> Any:
        async def done() -> None:
            await anyio.lowlevel.checkpoint()
            self.written.append(data)

        return done()


class Bare:
    """A sink that only takes bytes: nothing finishes it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.written.append(data)
        return len(data)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("in_thread", [False, True])
def test_what_a_write_returns_is_awaited(backend: str, in_thread: bool) -> None:
    """A plain ``write()`` may return an awaitable; the bytes are written when the step is over, in a worker thread or
    without one.
    """

    async def main() -> list[bytes]:
        sink = Later()
        act = perform(BytesBody(b""), run_sync=anyio.to_thread.run_sync if in_thread else None)
        for data in (b"a", b"b"):
            await act(Write(sink, data))
        return sink.written

    assert anyio.run(main, backend=backend) == [b"a", b"b"]


@pytest.mark.parametrize("error", [None, ValueError("broken"), KeyboardInterrupt()])
def test_a_sink_that_nothing_finishes(error: BaseException | None) -> None:
    """A sink that has no method to finish it is left as it is, at the end of a file and after an error."""
    sink = Bare()

    async def main() -> None:
        await perform(BytesBody(b""))(Close(sink, error))

    anyio.run(main)
    performer(BytesBody(b""))(Close(sink, error))
    assert sink.written == []


def test_reading_a_stream_opens_no_file() -> None:
    """What reads bytes has no sinks. A step that asks for one would be a mistake in the library, and says so."""
    with pytest.raises(AssertionError, match=r"^a stream opens no files$"):
        performer(BytesBody(b""))(Open(PART))

    async def main() -> None:
        with pytest.raises(AssertionError, match=r"^a stream opens no files$"):
            await perform(BytesBody(b""))(Open(PART))

    anyio.run(main)


@pytest.mark.anyio
async def test_a_sink_that_cannot_tell_where_it_is_and_that_nothing_finishes() -> None:
    """The error of ``tell()`` is raised; a sink without a method that ends it is left alone."""

    class Lost(Bare):
        async def tell(self) -> int:
            raise LookupError("no position")

    call = perform(BytesBody(b""), lambda part: Lost())
    with pytest.raises(LookupError, match="no position"):
        await call(Open(PART))


@pytest.mark.anyio
async def test_an_error_of_tell_is_not_hidden_by_one_of_abort() -> None:
    """If ``tell()`` of a sink fails, the sink is aborted, and the error of ``tell()`` is raised, whatever ``abort()``
    raises.
    """
    seen: list[str] = []

    class Lost(Bare):
        async def tell(self) -> int:
            raise LookupError("no position")

        def abort(self) -> None:
            seen.append("aborted")
            raise ZeroDivisionError

    with pytest.raises(LookupError, match="no position"):
        await perform(BytesBody(b""), lambda part: Lost())(Open(PART))
    assert seen == ["aborted"]


class Kept(Bare):
    """A sink that can be read, and that notes in which thread it is moved to its start."""

    def __init__(self) -> None:
        super().__init__()
        self.sought: list[int] = []

    def read(self, size: int = -1) -> bytes:
        return b""

    def seek(self, position: int) -> int:
        self.sought.append(threading.get_ident())
        return position


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", [Kept, Bare])
def test_where_a_complete_file_is_moved_to_its_start(kind: type[Any], backend: str) -> None:
    """Seeking in a file that may block is done in a worker thread, because it writes what the file has buffered. A sink
    that does not stay open needs no thread for that.
    """
    calls: list[Any] = []

    async def run_sync(function: Any, *args: Any) -> Any:
        calls.append(function)
        return await anyio.to_thread.run_sync(function, *args)

    async def main() -> Any:
        sink = kind()
        await perform(BytesBody(b""), run_sync=run_sync)(Close(sink))
        return sink

    sink = anyio.run(main, backend=backend)
    if kind is Bare:
        assert calls == []
    else:
        assert len(calls) == len(sink.sought) == 1
        assert sink.sought != [threading.get_ident()]
