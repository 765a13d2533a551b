"""An upload is read from its start, whatever kind of sink it was written to, on both protocols and with core.

A sink that stays open for its reader and can seek is moved back to where its file began. Any other sink is ended.
"""

# ruff: noqa: SIM115 - sinks are opened to be handed over, and what takes them is held to closing them
from __future__ import annotations

import io
import os
import tempfile
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Request, Response, core
from cardan._crossing import worker
from cardan.core.drive import Close, Open, Read, Write, arun, run
from cardan.core.forms import FormReader
from cardan.core.structures._scope_headers import ScopeHeaders
from cardan.files._spooling import BATCH, SpoolSink
from cardan.testing import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

DATA = os.urandom(70_000)
CT = "multipart/form-data; boundary=B"
HEAD = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
SIZES = [0, 1, 5000, 70_000]
"""An empty file, one that fits into the buffer of a file object, and larger ones."""


def body_of(*sizes: int) -> bytes:
    """A form with files of ``sizes`` bytes."""
    return b"".join([HEAD + DATA[:size] + b"\r\n" for size in sizes]) + b"--B--\r\n"


FOUR_WAYS = body_of(*[size for size in SIZES for _ in range(4)])
"""A file of each size for each way to read it."""


class Owner:
    """A sink that is read from its ``stream``."""

    def __init__(self) -> None:
        self.stream = tempfile.TemporaryFile("w+b")

    def write(self, data: bytes) -> int:
        """Pass ``data`` on."""
        return self.stream.write(data)

    def close(self) -> None:
        """Close the file."""
        self.stream.close()


class Lazy:
    """A sink whose ``stream`` is made of the written data when it is first read."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.made: io.BytesIO | None = None

    def write(self, data: bytes) -> None:
        """Keep ``data``."""
        self.pieces.append(data)

    @property
    def stream(self) -> io.BytesIO:
        """A file with all data that was written."""
        if self.made is None:
            self.made = io.BytesIO(b"".join(self.pieces))
        return self.made

    def close(self) -> None:
        """Delete the data."""
        self.stream.close()


class Flushing(io.BytesIO):
    """A sink with a method that must be called when its file is complete."""

    def finish(self) -> None:
        """Write a mark after the data."""
        self.seek(0, 2)


def with_preface() -> Any:
    """A file that has some content already."""
    file = tempfile.TemporaryFile("w+b")
    file.write(b"preface")
    return file


def appending() -> Any:
    """A file that is opened to append."""
    number, path = tempfile.mkstemp()
    os.write(number, b"before")
    os.close(number)
    file = Path(path).open("a+b")
    os.unlink(path)
    return file


SINKS: dict[str, Callable[[], Any]] = {
    "bytes": io.BytesIO,
    "spooled": lambda: tempfile.SpooledTemporaryFile(max_size=1000),
    "temporary": tempfile.TemporaryFile,
    "rb+": lambda: tempfile.TemporaryFile("rb+"),
    "unbuffered": lambda: tempfile.TemporaryFile(buffering=0),
    "named": tempfile.NamedTemporaryFile,
    "stream": Owner,
    "lazy": Lazy,
    "finish": Flushing,
    "preface": with_preface,
    "append": appending,
}
sinks = pytest.mark.parametrize("sink", SINKS)


class AwaitedFile:
    """A file whose methods are all async, including ``close``, as in libraries that use a thread pool."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile("w+b")
        self.file.write(b"preface")
        self.closed = False

    async def write(self, data: bytes) -> int:
        """As the file does."""
        await anyio.lowlevel.checkpoint()
        return self.file.write(data)

    async def read(self, size: int = -1) -> bytes:
        """As the file does."""
        await anyio.lowlevel.checkpoint()
        return self.file.read(size)

    async def seek(self, position: int, whence: int = 0) -> int:
        """As the file does."""
        await anyio.lowlevel.checkpoint()
        return self.file.seek(position, whence)

    async def tell(self) -> int:
        """As the file does."""
        await anyio.lowlevel.checkpoint()
        return self.file.tell()

    async def seekable(self) -> bool:
        """True."""
        return True

    async def close(self) -> None:
        """As the file does."""
        await anyio.lowlevel.checkpoint()
        self.closed = True
        self.file.close()


async def anyio_file() -> Any:
    """The result of ``anyio.open_file`` for a temporary file."""
    return anyio.wrap_file(tempfile.TemporaryFile("w+b"))


ASYNC_SINKS: dict[str, Callable[[], Any]] = {"anyio": anyio_file, "awaited": AwaitedFile}


def storing(make: Callable[[], Any], opened: list[Any]) -> type[Request]:
    """A request class that writes uploads to the sinks that ``make`` makes."""
    if make is anyio_file:

        class AsyncHook(Request):
            async def make_file_sink(self, part: Any) -> Any:
                opened.append(await make())
                return opened[-1]

        return AsyncHook

    class Hook(Request):
        def make_file_sink(self, part: Any) -> Any:
            opened.append(make())
            return opened[-1]

    return Hook


def read(request: Any) -> Response:
    """How many bytes each way to read a file gives: ``read``, ``save``, ``iter_data``, ``stream``."""
    files = iter(request.files.getlist("f"))
    counts = []
    for one, two, three, four in zip(files, files, files, files):
        two.save(target := io.BytesIO())
        counts += map(count, (one.read(), target.getvalue(), b"".join(three.iter_data(999)), four.stream.read()))
    return Response.from_json(counts)


async def aread(request: Any) -> Response:
    """The same in async code, and ``aread`` in two steps."""
    await request.load()
    files = iter(request.files.getlist("f"))
    counts = []
    for one, two, three, four in zip(files, files, files, files):
        await two.asave(target := io.BytesIO())
        streamed = b"".join([piece async for piece in three.aiter_data(999)])
        halves = await four.aread(100) + await four.aread()
        counts += map(count, (await one.aread(), target.getvalue(), streamed, halves))
    return Response.from_json(counts)


def count(data: bytes) -> int:
    """The number of bytes, if they are equal to those that were sent."""
    return len(data) if data == DATA[: len(data)] else -1


COUNTS = [size for size in SIZES for _ in range(4)]


def post(app: Any, transport: str, body: bytes = FOUR_WAYS) -> Any:
    """Send a form."""
    protocol, _, backend = transport.partition("-")
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:
        return client.post("/", content=body, headers={"Content-Type": CT})


transports = pytest.mark.parametrize("transport", ["wsgi", "asgi-asyncio", "asgi-trio"])


@transports
@sinks
def test_an_upload_is_read_from_its_start(transport: str, kind: str, sink: str) -> None:
    """On both protocols, in ``def`` and ``async def`` handlers. The sinks are closed after the request."""
    opened: list[Any] = []
    app = Application(read if kind == "def" else aread, request_class=storing(SINKS[sink], opened))
    assert post(app, transport).json() == COUNTS
    assert len(opened) == len(COUNTS)
    assert all(getattr(one, "stream", one).closed for one in opened)


@transports
@pytest.mark.parametrize("sink", ASYNC_SINKS)
def test_an_async_file_is_read_from_its_start(transport: str, sink: str) -> None:
    """``seek``, ``read`` and ``close`` of an async file are awaited."""
    opened: list[Any] = []
    assert post(Application(aread, request_class=storing(ASYNC_SINKS[sink], opened)), transport).json() == COUNTS
    assert len(opened) == len(COUNTS)
    assert all(one.closed for one in opened)


@transports
@pytest.mark.parametrize("sink", ["awaited", "owner"])
def test_an_application_inside_leaves_the_files_open(transport: str, sink: str) -> None:
    """The files of a form that an application has loaded stay open for the handler that has called it with its own
    request. They are closed at the end of that request.
    """
    opened: list[Any] = []
    seen: list[Any] = []

    async def load(request: Request) -> Response:
        await request.load()
        return Response(str(len(request.files.getlist("f"))))

    inner = Application(load, request_class=storing(AwaitedFile if sink == "awaited" else Owner, opened))

    def note(told: bytes) -> None:
        seen.append((told, [getattr(one, "stream", one).closed for one in opened]))

    def handler(request: Request) -> Response:
        sent: Any = inner(request.environ, lambda status, headers, exc_info=None: lambda data: None)
        note(b"".join(sent))
        return Response("outer")

    async def ahandler(request: Request) -> Response:
        told: list[bytes] = []

        async def send(message: Any) -> None:
            told.append(message.get("body", b""))

        await inner(request.scope, request.receive, send)
        note(b"".join(told))
        return Response("outer")

    app = Application(handler if transport == "wsgi" else ahandler)
    assert post(app, transport, body_of(1, 5000)).text == "outer"
    assert seen == [(b"2", [False, False])]
    assert [getattr(one, "stream", one).closed for one in opened] == [True, True]


@transports
@pytest.mark.parametrize("sink", ASYNC_SINKS)
def test_an_async_file_is_saved_to_a_path(transport: str, sink: str, tmp_path: Path) -> None:
    """``asave`` accepts a path, whatever file the upload is in, and overwrites an existing file."""
    target = tmp_path / "target"
    target.write_bytes(bytes(100_000))

    async def save(request: Any) -> Response:
        await request.load()
        one, two = request.files.getlist("f")
        await one.asave(target)
        first = target.read_bytes()
        await two.asave(str(target))
        return Response.from_json([count(first), count(target.read_bytes())])

    app = Application(save, request_class=storing(ASYNC_SINKS[sink], []))
    assert post(app, transport, body_of(70_000, 5000)).json() == [70_000, 5000]


@transports
def test_a_named_file_is_complete_under_its_name(transport: str, kind: str) -> None:
    """The buffer of a file is written before the handler gets it, so that another program can read it by its path."""

    def by_name(request: Any) -> Response:
        return Response(Path(request.files["f"].stream.name).read_bytes())

    async def aby_name(request: Any) -> Response:
        await request.load()
        return by_name(request)

    app = Application(by_name if kind == "def" else aby_name, request_class=storing(tempfile.NamedTemporaryFile, []))
    assert post(app, transport, body_of(5000)).content == DATA[:5000]


class Pipe:
    """A sink that can be read, but cannot seek."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.data = io.BytesIO()
        self.closed = False
        self.sought = 0

    def write(self, data: bytes) -> int:
        """Keep ``data``."""
        return self.data.write(data)

    def read(self, size: int = -1) -> bytes:
        """The written data."""
        return self.data.getvalue()

    def seekable(self) -> bool:
        """Answer according to the kind of this pipe."""
        return self.how != "says so"

    def seek(self, position: int, whence: int = 0) -> int:
        """Fail according to the kind of this pipe."""
        self.sought += 1
        if self.how == "unsupported":
            raise io.UnsupportedOperation("seek")
        raise OSError(29, "Illegal seek")

    def close(self) -> None:
        """Mark the pipe as closed."""
        self.closed = True


@transports
@pytest.mark.parametrize("how", ["says so", "unsupported", "illegal"])
def test_a_sink_that_cannot_seek_is_left_alone(transport: str, kind: str, how: str) -> None:
    """A sink that cannot seek stays open for its reader, however it says that it cannot seek."""
    opened: list[Any] = []

    def peek(request: Any) -> Response:
        return Response(request.files["f"].stream.read() + b"." + str(opened[0].closed).encode())

    async def apeek(request: Any) -> Response:
        await request.load()
        return peek(request)

    app = Application(peek if kind == "def" else apeek, request_class=storing(lambda: Pipe(how), opened))
    assert post(app, transport, body_of(1)).content == DATA[:1] + b".False"
    assert all(one.closed and one.sought == (how != "says so") for one in opened)


@transports
def test_a_file_that_is_only_written_is_closed_when_it_is_complete(transport: str, kind: str, tmp_path: Path) -> None:
    """A sink that is only written is closed when its file is complete: the data is on disk before the handler runs."""
    opened: list[Any] = []

    def look(request: Any) -> Response:
        assert request.files["f"].size == 5000
        return Response(b"".join([Path(one.name).read_bytes() for one in opened if one.closed]))

    async def alook(request: Any) -> Response:
        await request.load()
        return look(request)

    cls = storing(lambda: (tmp_path / str(len(opened))).open("wb"), opened)
    app = Application(look if kind == "def" else alook, request_class=cls)
    assert post(app, transport, body_of(5000, 5000)).content == DATA[:5000] * 2


class FullDisk(io.BytesIO):
    """A file whose last bytes do not fit on the disk. The error occurs when they are flushed, by seeking."""

    def seek(self, position: int, whence: int = 0) -> int:
        """Fail."""
        raise OSError(28, "No space left on device")


@transports
def test_an_upload_that_cannot_be_flushed_is_an_error(transport: str, kind: str) -> None:
    """The error is raised where the form is read. An incomplete file is never given to the handler."""
    seen: list[Any] = []

    def use(request: Any) -> Response:
        with pytest.raises(OSError, match="No space left"):
            request.files["f"]
        seen.append("def")
        return Response("refused")

    async def ause(request: Any) -> Response:
        with pytest.raises(OSError, match="No space left"):
            await request.load()
        seen.append("async")
        return Response("refused")

    app = Application(use if kind == "def" else ause, request_class=storing(FullDisk, []))
    assert post(app, transport, body_of(10)).text == "refused"
    assert seen == [kind]


# --- where they are written ---


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("own", [True, False], ids=["own", "spooled"])
def test_spooling_has_threads_of_its_own(own: bool, backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """On ASGI, spooled uploads are written in the few threads that are meant for them, because that is work for the
    processor. A sink of the application, which may wait for something else, is written in a thread for file work.
    """
    counts: list[Callable[[], tuple[int, int]]] = []
    seen: list[tuple[int, int]] = []
    write = SpoolSink.write

    def noted(sink: SpoolSink, data: Any) -> int:
        seen.append(counts[0]())
        return write(sink, data)

    class Own(io.BytesIO):
        def write(self, data: Any) -> int:
            seen.append(counts[0]())
            return super().write(data)

    async def handler(request: Request) -> Response:
        spooling, files = worker._spool_places.get(), worker._file_places.get()
        counts.append(lambda: (spooling.total - spooling.free, files.total - files.free))
        await request.load()
        return Response(str(request.files["f"].size))

    monkeypatch.setattr(SpoolSink, "write", noted)
    app = Application(handler, request_class=storing(Own, []) if own else Request)
    size = 3 * BATCH
    with Client(app, "asgi", backend=backend) as client:
        assert client.post("/", files={"f": ("f", bytes(size))}).text == str(size)
    # the writes of a spooled file that only collect bytes are made in the event loop
    assert set(seen) - {(0, 0)} == {(0, 1) if own else (1, 0)}


def test_the_thread_of_a_wsgi_request_writes() -> None:
    """On WSGI, what an async handler loads is written in the thread of its request, which waits for the handler."""
    callers: set[int] = set()
    writers: set[int] = set()

    class Own(io.BytesIO):
        def write(self, data: Any) -> int:
            writers.add(threading.get_ident())
            return super().write(data)

    async def handler(request: Request) -> Response:
        assert threading.get_ident() not in callers
        await request.load()
        return Response("loaded")

    app = Application(handler, request_class=storing(Own, []))

    def called(environ: Any, start_response: Any) -> Any:
        callers.add(threading.get_ident())
        return app.wsgi_app(environ, start_response)

    assert post(called, "wsgi", body_of(5000)).text == "loaded"
    app.close()
    assert writers == callers


def test_aclose_of_a_bare_wsgi_request_needs_no_event_loop() -> None:
    """``aclose()`` closes the files of a request made from an environ at once, also those on disk. Worker threads
    belong to an event loop, and perhaps none is running.
    """

    class Spooled(Request):
        max_file_memory = 0

    request = Spooled.from_values(method="POST", content_type=CT, data=body_of(5000))
    file = request.files["f"]
    with pytest.raises(StopIteration):
        request.aclose().send(None)
    assert file.closed


# --- core alone ---


@sinks
def test_core_request(sink: str) -> None:
    """With ``make_file`` of core's request, every way to read a file begins at its start."""
    with core.Request(HEADERS, FOUR_WAYS, make_file=SINKS[sink]) as request:
        assert read(request).json == COUNTS
    with core.Request(HEADERS, iter([body_of(5000)]), make_file=SINKS[sink]) as request:
        assert list(request.files["f"]) == io.BytesIO(DATA[:5000]).readlines()


HEADERS = core.RequestHead("POST", headers=ScopeHeaders([(b"content-type", CT.encode())]))


@pytest.mark.anyio
@pytest.mark.parametrize("sink", [*SINKS, *ASYNC_SINKS])
async def test_core_request_awaiting(sink: str) -> None:
    """In async code, every way to read a file begins at its start, with async sinks as well. Blocking files are sought
    only in worker threads.
    """

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(FOUR_WAYS), 7000):
            yield FOUR_WAYS[start : start + 7000]

    hops: list[str] = []

    async def run_sync(function: Any, *args: Any) -> Any:
        hops.append(getattr(function, "__name__", "call"))
        return await anyio.to_thread.run_sync(function, *args)

    opened: list[Any] = []

    class Storing(core.Request):
        async def make_file_sink(self, part: Any) -> Any:
            made = (SINKS.get(sink) or ASYNC_SINKS[sink])()
            opened.append(await made if sink == "anyio" else made)
            return opened[-1]

    async with Storing(HEADERS, pieces(), run_sync=run_sync) as request:
        assert (await aread(request)).json == COUNTS
    assert len(opened) == len(COUNTS)
    assert all(getattr(one, "stream", one).closed for one in opened)
    assert hops.count("rewind") == (0 if sink in (*ASYNC_SINKS, "bytes") else len(COUNTS))


class Untold(AwaitedFile):
    """An async file whose position cannot be asked for: ``error`` is raised, or nothing ever comes."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.file.seek(0)
        self.error = error
        self.aborted = 0

    async def tell(self) -> int:
        """Fail, or wait without end."""
        if self.error is None:
            await anyio.sleep_forever()
        assert self.error is not None
        raise self.error

    async def abort(self) -> None:
        """Note that the upload has failed."""
        await anyio.lowlevel.checkpoint()
        self.aborted += 1
        await self.close()


@pytest.mark.anyio
@pytest.mark.parametrize("error", [io.UnsupportedOperation("tell"), ValueError("closed"), LookupError("mine"), None])
async def test_an_async_file_that_cannot_tell(error: Exception | None) -> None:
    """The position of an async file is 0 if the file says that it has none, as that of a plain file is. After any other
    error, and after a cancellation, the file is left with ``abort()``, as after an error of its ``write``.
    """
    opened: list[Untold] = []

    class Storing(core.Request):
        def make_file_sink(self, part: Any) -> Any:
            opened.append(Untold(error))
            return opened[-1]

    async def pieces() -> AsyncIterator[bytes]:
        yield body_of(5000)

    request = Storing(HEADERS, pieces(), shield=lambda: anyio.CancelScope(shield=True))
    async with request:
        if error is None:
            with anyio.move_on_after(0.01):
                await request.load()
        elif isinstance(error, LookupError):
            with pytest.raises(LookupError, match="mine"):
                await request.load()
        else:
            await request.load()
            assert await request.files["f"].aread() == DATA[:5000]
    [file] = opened
    assert file.aborted == (error is None or isinstance(error, LookupError))
    assert file.closed


def stepping(source: io.BytesIO, make: Callable[[], Any]) -> Callable[[Any], Any]:
    """Performs the steps as the manual does: it does nothing about a complete file."""

    def perform(step: Any) -> Any:
        match step:
            case Read(size):
                return source.read(size)
            case Open():
                return make()
            case Write(sink, data):
                return sink.write(data)
            case Close():
                return None

    return perform


@pytest.mark.anyio
@sinks
async def test_a_form_reader_alone(sink: str) -> None:
    """With your own function for the steps, by ``run`` and by ``arun``, the parser moves files back to their start."""
    body = body_of(*SIZES)
    form = run(FormReader(CT, len(body)).run(), stepping(io.BytesIO(body), SINKS[sink]))
    assert [file.read() for _, file in form.files] == [DATA[:size] for size in SIZES]
    form.close()
    perform = stepping(io.BytesIO(body), SINKS[sink])

    async def aperform(step: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return perform(step)

    form = await arun(FormReader(CT, len(body)).run(), aperform)
    assert [file.read() for _, file in form.files] == [DATA[:size] for size in SIZES]
    form.close()


@pytest.mark.parametrize("make", [io.BytesIO, lambda: 7])
def test_a_form_reader_leaves_what_was_closed(make: Callable[[], Any]) -> None:
    """A sink that your function closes, or that is not a file, is not sought."""
    source = io.BytesIO(body_of(5))

    def perform(step: Any) -> Any:
        match step:
            case Read(size):
                return source.read(size)
            case Open():
                return make()
            case Close(sink):
                return sink.close() if hasattr(sink, "close") else None

    form = run(FormReader(CT, None).run(), perform)
    assert [file.size for _, file in form.files] == [5]


@pytest.mark.anyio
async def test_closing_a_file_in_async_code() -> None:
    """``aclose()`` awaits an async file, and closes a file with ``run_sync``. ``close()`` closes no async file."""
    hops: list[Any] = []

    async def run_sync(function: Any, *args: Any) -> Any:
        hops.append(function)
        return function(*args)

    awaited = AwaitedFile()
    file = core.FileStorage(awaited)
    file.close()
    assert not awaited.closed
    await file.aclose()
    await file.aclose()
    assert awaited.closed
    on_disk = tempfile.TemporaryFile()
    await core.FileStorage(on_disk).aclose(run_sync=run_sync)
    assert (on_disk.closed, len(hops)) == (True, 1)
    in_memory = io.BytesIO()
    await core.FileStorage(in_memory).aclose(run_sync=run_sync)
    assert (in_memory.closed, len(hops)) == (True, 1)


class Counting:
    """A sink that cannot be read."""

    def __init__(self) -> None:
        self.total = 0

    def write(self, data: bytes) -> None:
        """Count ``data``."""
        self.total += len(data)


class CountingOwner(Owner, Counting):
    """A sink that knows something, and is read from its ``stream``."""

    def __init__(self) -> None:
        Owner.__init__(self)
        self.total = 0

    def write(self, data: bytes) -> int:
        """Count ``data``, and pass it on."""
        Counting.write(self, data)
        return Owner.write(self, data)


@pytest.mark.parametrize("kind", [Counting, CountingOwner])
@pytest.mark.parametrize("load", [False, True], ids=["lazy", "loaded"])
@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_a_handler_finds_its_sink(protocol: Any, load: bool, kind: type[Counting]) -> None:
    """``sink`` of a file is what ``make_file_sink`` has returned, so that the handler learns what the sink knows. This
    includes a sink that is read from another object.
    """
    made: list[Counting] = []

    class Stored(Request):
        def make_file_sink(self, part: Any) -> Any:
            made.append(kind())
            return made[-1]

    def handler(request: Request) -> Response:
        files = request.files.getlist("f")
        assert [file.sink for file in files] == made
        return Response.from_json([file.sink.total for file in files])

    with Client(Stored.application(handler, load=load), protocol=protocol) as client:
        answer = client.post("/", content=body_of(1, 5000), headers={"Content-Type": CT})
    assert answer.json() == [1, 5000]


@transports
def test_an_async_sink_of_a_body_that_is_loaded_first(transport: str) -> None:
    """``load=True`` before an ``async def`` handler awaits the methods of the sinks, on both protocols."""
    opened: list[Any] = []

    async def handler(request: Request) -> Response:
        return Response(str([file.sink is one for file, one in zip(request.files.getlist("f"), opened, strict=True)]))

    app = Application(handler, request_class=storing(AwaitedFile, opened), load=True)
    assert post(app, transport, body_of(1, 5000)).text == "[True, True]"
    assert [one.closed for one in opened] == [True, True]


@transports
def test_a_body_that_is_loaded_first_is_loaded_in_the_context_of_the_request(transport: str) -> None:
    """What ``make_file_sink`` sets in the context is there in the handler."""
    seen: ContextVar[str] = ContextVar("seen", default="")

    class Noting(Request):
        def make_file_sink(self, part: Any) -> Any:
            seen.set("by the sink")
            return io.BytesIO()

    app = Application(lambda request: Response(seen.get()), request_class=Noting, load=True)
    assert post(app, transport, body_of(1)).text == "by the sink"
    assert seen.get() == ""


def test_the_sink_of_a_file_without_a_form() -> None:
    """``sink`` of a file that comes from no form is its ``stream``."""
    stream = io.BytesIO(b"hello")
    assert core.FileStorage(stream).sink is stream
    assert core.FileStorage().sink.getvalue() == b""


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_an_async_sink_with_aclose(protocol: Any) -> None:
    """A sink that cannot be read is finished by ``aclose()``, once, if it has no ``close()``."""
    ended: list[bytes] = []

    class Sink:
        data = b""

        async def write(self, data: bytes) -> None:
            self.data += data

        async def aclose(self) -> None:
            ended.append(self.data)

    class Sinking(Request):
        def make_file_sink(self, part: Any) -> Any:
            return Sink()

    @Sinking.application
    async def app(request: Request) -> Response:
        await request.load()
        return Response(str(len(ended)))

    with Client(app, protocol) as client:
        assert client.post("/", content=body_of(5, 7), headers={"Content-Type": CT}).text == "2"
    assert ended == [DATA[:5], DATA[:7]]


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize(("reads", "closed"), [(False, [True]), (True, [False])], ids=["no read", "read"])
def test_a_method_read_keeps_a_sink_open(protocol: Any, reads: bool, closed: list[bool]) -> None:
    """A sink of one's own that has ``read`` stays open for the handler, as a file does. Another one is closed."""

    class Own(Counting):
        closed = False
        if reads:

            def read(self, size: int = -1) -> bytes:
                return b""

        def close(self) -> None:
            self.closed = True

    class Stored(Request):
        def make_file_sink(self, part: Any) -> Any:
            return Own()

    @Stored.application
    def handler(request: Request) -> Response:
        return Response.from_json([request.files["f"].sink.closed])

    with Client(handler, protocol=protocol) as client:
        assert client.post("/", content=body_of(5), headers={"Content-Type": CT}).json() == closed
