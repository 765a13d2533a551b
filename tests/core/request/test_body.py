"""The body of core's request: bytes, iterables and async iterables, with no adapter; files, sinks and failures."""

from __future__ import annotations

import gc
import io
import tempfile
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from traceback import walk_tb
from typing import Any

import anyio
import anyio.to_thread
import pytest

import cardan
from cardan import FileStorage
from cardan.core import Request, RequestHead
from cardan.core._request.body import AsyncIterableBody, BytesBody, close_async_files
from cardan.core._request.reading import FormSettings
from cardan.core.forms import Form
from cardan.exceptions import (
    BadRequest,
    BodyConsumed,
    BodyNotLoaded,
    ClientDisconnected,
    RequestEntityTooLarge,
    WrongMode,
)

FORM = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data; boundary=B"
PART = b'--B\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\n%s\r\n'


def head(content_type: bytes = b"", **fields: bytes) -> RequestHead:
    """A head with a Content-Type."""
    pairs = [(name.replace("_", "-").encode(), value) for name, value in fields.items()]
    return RequestHead("POST", headers=[(b"content-type", content_type), *pairs])


def form_of(*files: tuple[bytes, bytes]) -> bytes:
    """A multipart body with these files."""
    return b"".join(PART % file for file in files) + b"--B--\r\n"


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    """An async body."""
    for chunk in chunks:
        await anyio.lowlevel.checkpoint()
        yield chunk


@pytest.mark.parametrize("body", [b"a=1&b=2", bytearray(b"a=1&b=2"), [b"a=", b"", b"1&b=2"], iter([b"a=1&b", b"=2"])])
def test_sync_bodies(body: Any) -> None:
    """Bytes and iterables of bytes are read by the properties themselves."""
    assert Request(head(FORM), body).form.to_dict() == {"a": "1", "b": "2"}


@pytest.mark.parametrize("body", ["text", 5, None])
def test_what_is_no_body(body: Any) -> None:
    """Making a request raises TypeError for text and for other types that are not bodies."""
    with pytest.raises(TypeError, match="expected bytes or an iterable of bytes"):
        Request(head(), body)


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"xyz", [b"x", b"yz"]])
async def test_sync_bodies_in_async_code(body: Any) -> None:
    """Bytes and iterables can be loaded as well, so that code for both kinds of bodies works."""
    request = Request(head(), body)
    assert (await (await request.load()).load()).data == b"xyz"
    assert b"".join([piece async for piece in request.aiter_data(2)]) == b"xyz"


@pytest.mark.anyio
async def test_async_body() -> None:
    """Before ``load()``, every property of an async body raises. After it, all of them work."""
    request = Request(head(FORM), pieces(b"a=", b"1"))
    for name in ("data", "text", "json", "form", "files", "values"):
        with pytest.raises(BodyNotLoaded, match=r"expected `await request.load\(\)` first"):
            getattr(request, name)
    with pytest.raises(WrongMode):
        request.stream
    with pytest.raises(WrongMode):
        request.iter_data()
    await request.load()
    assert request.form["a"] == "1"


@pytest.mark.anyio
async def test_async_stream_exact_sizes() -> None:
    """Each piece but the last has the size that was asked for, however the body was cut."""
    request = Request(head(), pieces(b"1", b"", b"2345", b"6", b"78"))
    assert [piece async for piece in request.aiter_data(3)] == [b"123", b"456", b"78"]
    with pytest.raises(BodyConsumed):
        await request.load()


@pytest.mark.anyio
async def test_async_parts() -> None:
    """Parts are given one by one. The rest of a part that is not read is skipped."""
    body = form_of((b"a", b"1" * 5), (b"b", b"2" * 70_000), (b"c", b"3"))
    request = Request(head(MULTIPART), pieces(*[body[at : at + 1000] for at in range(0, len(body), 1000)]))
    seen = [
        (part.filename, await part.aread() if part.filename != "b" else None) async for part in request.aiter_parts()
    ]
    assert seen == [("a", b"11111"), ("b", None), ("c", b"3")]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fields", "version", "asked"),
    [({}, "1.1", True), ({}, "1.0", True), ({"content_length": b"0"}, "1.1", True), ({}, "2", False),
     ({"content_length": b"2"}, "1.1", False), ({"transfer_encoding": b"chunked"}, "1.1", False),
     ({"content_length": b"x"}, "1.1", False)],
)  # fmt: skip
async def test_the_end_of_a_body_that_nobody_read(fields: dict[str, bytes], version: str, asked: bool) -> None:
    """Closing asks for the end of a body that is empty by its head: a connection goes on after it; no other is read."""
    seen: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        seen.append("asked")
        return
        yield

    names = [(name.replace("_", "-").encode(), value) for name, value in fields.items()]
    for _ in range(2):
        request = Request(RequestHead("GET", headers=names, http_version=version), body())
        await request.aclose()
        await request.aclose()
    assert seen == ["asked"] * 2 * asked


class Chunks:
    """An async iterator that is no generator: a body of a server, for example. It never ends by itself."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.waits = anyio.Event()

    def __aiter__(self) -> Chunks:
        return self

    async def __anext__(self) -> bytes:
        if not self.seen:
            self.seen.append("first")
            return b"x"
        self.waits.set()
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            self.seen.append("cancelled")
            raise
        raise AssertionError

    async def aclose(self) -> None:
        self.seen.append("closed")


@pytest.mark.anyio
@pytest.mark.parametrize("read", [0, 1])
async def test_an_iterator_that_can_be_closed_is_closed(read: int) -> None:
    """The end of a request closes an async iterator of any kind that was not read to its end. A later read is an error,
    and not the end of the body.
    """
    chunks = Chunks()
    request = Request(head(transfer_encoding=b"chunked"), chunks)
    data = request.aiter_data()
    for _ in range(read):
        assert await anext(data) == b"x"
    await request.aclose()
    assert chunks.seen == ["first"] * read + ["closed"]
    with anyio.fail_after(100):
        with pytest.raises(BodyConsumed, match=r"^got a read of the body after aclose\(\), expected it before$"):
            await anext(data)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_load_that_is_cancelled_leaves_no_task(backend: str) -> None:
    """``load()`` reads an async body in a task of its own, for other tasks that wait for it. If there are none, that
    task ends with the one that is cancelled: the iterator sees the cancellation.
    """

    async def main() -> list[str]:
        chunks = Chunks()
        request = Request(head(transfer_encoding=b"chunked"), chunks)
        async with anyio.create_task_group() as group:
            group.start_soon(request.load)
            with anyio.fail_after(100):
                await chunks.waits.wait()
            group.cancel_scope.cancel()
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        return list(chunks.seen)  # the end of the loop cancels the task anyway

    assert anyio.run(main, backend=backend) == ["first", "cancelled"]


@pytest.mark.anyio
async def test_stopping_early_is_no_warning() -> None:
    """Iterators that are not used up leave nothing behind: on trio an abandoned async generator is a warning."""
    request = Request(head(), pieces(b"1", b"2"))
    async for _ in request.aiter_data():
        break
    request2 = Request(head(MULTIPART), pieces(form_of((b"a", b"1")), b""))
    async for _ in request2.aiter_parts():
        break
    await request.aclose()
    await request2.aclose()
    del request, request2
    gc.collect()


@pytest.mark.parametrize("size", [0, -1])
def test_chunk_sizes(size: int) -> None:
    """A chunk size below 1 raises ValueError, and consumes nothing of the body."""
    request = Request(head(), b"x")
    with pytest.raises(ValueError, match="expected at least 1 byte"):
        request.iter_data(size)
    assert request.data == b"x"


# --- lengths ---


@pytest.mark.parametrize("access", ["data", "stream", "iter_data", "form"])
def test_truncated(access: str) -> None:
    """A body with fewer bytes than declared raises ClientDisconnected, however it is read. No part of it is given."""
    request = Request(head(FORM if access == "form" else b"", content_length=b"10"), [b"a=1"])
    ask: Any = {"stream": lambda: request.stream.read(), "iter_data": lambda: list(request.iter_data())}
    with pytest.raises(ClientDisconnected):
        ask.get(access, lambda: getattr(request, access))()


def test_more_than_declared() -> None:
    """A body with more bytes than declared raises BadRequest."""
    with pytest.raises(BadRequest):
        Request(head(content_length=b"1"), b"xx").data


@pytest.mark.parametrize("length", [b"abc", b"-5", b"5, 5", b"+5", b"1_0", b"9" * 40, b" ", b"0x1"])
def test_invalid_length(length: bytes) -> None:
    """A Content-Length that is no number is a 400 when the body is read, and None as a property."""
    request = Request(head(content_length=length), b"12345")
    assert request.content_length is None
    for _ in range(2):
        with pytest.raises(BadRequest):
            request.data


def test_empty_form_without_a_body() -> None:
    """A form's Content-Type without a body is an empty form; an announced body that is empty is a broken one."""
    assert not Request(head(MULTIPART), b"").form
    assert not Request(head(MULTIPART, content_length=b"0"), b"").files
    assert list(Request(head(MULTIPART), b"").iter_parts()) == []
    with pytest.raises(BadRequest):
        Request(head(MULTIPART, transfer_encoding=b"chunked"), b"").form


# --- failures ---


def test_a_failure_is_stored() -> None:
    """After a failure, every later access raises the same error again, whatever its name is."""

    class Small(Request):
        max_content_length = 3

    request = Small(head(FORM), [b"a=1", b"&b=2"])
    seen = []
    for _ in range(3):
        for name in ("form", "data", "text", "values", "stream"):
            with pytest.raises(RequestEntityTooLarge) as caught:
                getattr(request, name)
            seen.append((str(caught.value), caught.value.limit, caught.value.allowed))
    assert len(set(seen)) == 1


class Three(Request):
    max_content_length = 3
    max_form_memory_size = 3


def kept_form() -> Request:
    """A request whose form is refused, and whose bytes were kept."""
    request: Request = type("Kept", (Request,), {"max_form_memory_size": 3})(head(FORM), b"a=1234")
    request.get_data()
    return request


KEPT_ERRORS: dict[str, tuple[Callable[[], Request], Callable[[Request], object]]] = {
    "read": (lambda: Three(head(), [b"12", b"34"]), lambda request: request.get_data()),
    "parsed": (lambda: Three(head(FORM), [b"a=1", b"&b=2"]), lambda request: request.form),
    "streamed": (lambda: Three(head(), [b"1234"]), lambda request: list(request.iter_data(4))),
    "declared": (lambda: Three(head(content_length=b"4"), b"1234"), lambda request: request.stream),
    "parsed of kept bytes": (kept_form, lambda request: request.form),
}


@pytest.mark.parametrize("case", KEPT_ERRORS)
def test_each_access_gets_an_error_of_its_own(case: str) -> None:
    """Law: an error that is kept is raised as a copy. What a program has caught is not changed by a later access, and a
    traceback has the frames of one access only.
    """
    make, access = KEPT_ERRORS[case]
    request = make()
    errors: list[BaseException] = []
    depths: list[int] = []
    for _ in range(4):
        with pytest.raises(RequestEntityTooLarge) as caught:
            access(request)
        errors.append(caught.value)
        depths.append(len(list(walk_tb(caught.value.__traceback__))))
    assert len({id(error) for error in errors}) == 4
    assert len({str(error) for error in errors}) == 1
    assert [len(list(walk_tb(error.__traceback__))) for error in errors] == depths
    assert depths[1:] == depths[1:2] * 3


@pytest.mark.parametrize("access", ["data", "form", "files", "stream", "iter_data", "kept"])
def test_a_failure_keeps_nothing_alive(access: str) -> None:
    """An HTTP error and its stored copy make no reference cycle: the request is freed with its last reference."""

    class Small(Request):
        max_content_length = 100
        max_form_memory_size = 3

    multipart = form_of((b"a", b"1" * 99))
    chunks = {"form": [b"a=1", b"234"], "files": [multipart[:50], multipart[50:]], "kept": [b"a=1234"]}
    kind = MULTIPART if access == "files" else FORM if access in ("form", "kept") else b""
    request = Small(head(kind), chunks.get(access, [b"1" * 99, b"22"]))
    if access == "kept":
        request.get_data()
    weak = weakref.ref(request)
    gc.collect()
    gc.disable()
    try:
        try:
            if access == "iter_data":
                for _ in request.iter_data():
                    pass
            elif access == "stream":
                request.stream.read()
            else:
                getattr(request, "form" if access == "kept" else access)
        except RequestEntityTooLarge:
            pass
        else:
            raise AssertionError("no error")
        del request
        assert weak() is None
    finally:
        gc.enable()


def test_a_stream_that_is_left_before_its_error_keeps_nothing_alive() -> None:
    """The bytes before a 413 are given first. The error that is to follow makes no cycle if nobody asks for it."""
    request = type("Small", (Request,), {"max_content_length": 3})(head(), [b"12", b"345"])
    pieces = request.iter_data()
    assert [next(pieces), next(pieces)] == [b"12", b"3"]
    weak = weakref.ref(request._body)
    gc.collect()
    gc.disable()
    try:
        del request, pieces
        assert weak() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("cut", range(1, 5))
@pytest.mark.parametrize("access", ["form", "data", "load", "load(form=False)"])
def test_bytes_behind_the_declared_length(access: str, cut: int) -> None:
    """A body that is longer than its Content-Length is refused wherever it is cut, also if the first piece is as long
    as declared (RFC 9112 section 6.3): what follows may be another request.
    """
    sent = b"a=1&b"
    request = Request(head(FORM, content_length=b"3"), [sent[:cut], sent[cut:]])
    ask: dict[str, Callable[[], object]] = {
        "form": lambda: request.form,
        "data": lambda: request.data,
        "load": lambda: anyio.run(request.load),
        "load(form=False)": lambda: anyio.run(partial(request.load, form=False)),
    }
    with pytest.raises(BadRequest, match=r"got more bytes than the Content-Length of 3$"):
        ask[access]()


@pytest.mark.parametrize("use", ["data", "stream", "iter_data", "form"])
def test_no_cycles(use: str) -> None:
    """A request and its body are freed by counting references: buffers do not wait for the collector."""
    request = Request(head(MULTIPART if use == "form" else b""), form_of((b"a", b"1")))
    if use == "iter_data":
        next(iter(request.iter_data(1)))
    else:
        value = getattr(request, use)
        if use == "stream":
            value.read(1)
        del value
    weak = weakref.ref(request)
    gc.disable()
    try:
        del request
        assert weak() is None
    finally:
        gc.enable()


# --- files ---


def test_files_in_memory_are_bounded() -> None:
    """Without ``make_file`` files stay in memory, all of them together under ``max_spool_memory``; more is a 413."""

    class Small(Request):
        max_spool_memory = 10

    assert Small(head(MULTIPART), form_of((b"a", b"12345"), (b"b", b"67890"))).files["f"].read() == b"12345"
    with pytest.raises(RequestEntityTooLarge) as caught:
        Small(head(MULTIPART), form_of((b"a", b"12345"), (b"b", b"678901"))).files
    assert caught.value.limit == "max_spool_memory"


def test_make_file() -> None:
    """``make_file`` makes the file of each upload; it is rewound, and closed with the request."""
    with Request(head(MULTIPART), form_of((b"a", b"x" * 100_000)), make_file=tempfile.TemporaryFile) as request:
        file = request.files["f"]
        assert file.read() == b"x" * 100_000
        assert file.size == 100_000
    assert file.stream.closed


@pytest.mark.anyio
async def test_run_sync() -> None:
    """``run_sync`` runs what blocks: writes to files that cannot tell whether they do."""
    calls = []

    async def run_sync(function: Any, *args: Any) -> Any:
        calls.append(getattr(function, "__name__", "call"))
        return await anyio.to_thread.run_sync(function, *args)

    body = pieces(form_of((b"a", b"x" * 100_000)))
    request = Request(head(MULTIPART), body, run_sync=run_sync, make_file=tempfile.TemporaryFile)
    async with request:
        await request.load()
        file = request.files["f"]
        assert await file.aread() == b"x" * 100_000
        assert "write" in calls
    assert file.stream.closed


class Sink:
    """A sink that logs what happens to it."""

    def __init__(self, log: list[Any]) -> None:
        self.log = log

    def write(self, data: bytes) -> int:
        self.log.append(data)
        return len(data)


class ManagedSink(Sink):
    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.log.append(("exit", kind))

    def close(self) -> None:
        raise AssertionError("closing commits")


class AbortingSink(Sink):
    def abort(self) -> None:
        self.log.append("abort")

    def close(self) -> None:
        self.log.append("commit")


class ClosingSink(Sink):
    def close(self) -> None:
        self.log.append("close")


class AsyncSink:
    def __init__(self, log: list[Any]) -> None:
        self.log = log

    async def write(self, data: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        self.log.append(data)

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        await anyio.lowlevel.checkpoint()
        self.log.append(("aexit", kind))


def sinking(kind: type[Any], log: list[Any]) -> type[Request]:
    """A request class whose files go to such sinks."""

    class Sinking(Request):
        def make_file_sink(self, part: Any) -> Any:
            return kind(log)

    return Sinking


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ManagedSink, ("exit", None), ("exit", "MultipartError")),
        (AbortingSink, "commit", "abort"),
        (ClosingSink, "close", "close"),
    ],
)
def test_how_a_sink_is_left(kind: type[Any], good: Any, bad: Any) -> None:
    """A complete sink is exited or closed. After an error it is exited with the error, else aborted, else closed."""
    log: list[Any] = []
    assert sinking(kind, log)(head(MULTIPART), form_of((b"a", b"1"))).files["f"].filename == "a"
    assert log[-1] == good
    log.clear()
    with pytest.raises(BadRequest):
        sinking(kind, log)(head(MULTIPART), (PART % (b"a", b"1" * 99))[:-2]).files
    left = log[-1]
    assert (left if isinstance(left, str) else (left[0], left[1] and left[1].__name__)) == bad
    assert sum(not isinstance(entry, bytes) for entry in log) == 1


def test_the_end_of_the_request_does_not_close_a_sink_again() -> None:
    """A sink that cannot be read is finished when its file is complete, and never after that."""
    log: list[Any] = []
    with sinking(AbortingSink, log)(head(MULTIPART), form_of((b"a", b"1"))) as request:
        assert request.files["f"].filename == "a"
    assert [entry for entry in log if not isinstance(entry, bytes)] == ["commit"]


def test_a_sink_is_left_once() -> None:
    """A sink whose file was complete before the error is not exited a second time. It only gets ``abort()``."""
    log: list[Any] = []
    broken = PART % (b"a", b"1") + PART[:30]
    with pytest.raises(BadRequest):
        sinking(ManagedSink, log)(head(MULTIPART), broken).files
    assert [entry for entry in log if not isinstance(entry, bytes)] == [("exit", None)]
    log.clear()
    with pytest.raises(BadRequest):
        sinking(AbortingSink, log)(head(MULTIPART), broken).files
    assert log[-2:] == ["commit", "abort"]


@pytest.mark.parametrize("how", ["write", "aexit", "coroutine"])
def test_async_sink_in_sync_code(how: str) -> None:
    """An async sink in sync code is a TypeError when it is opened."""
    log: list[Any] = []

    class OnlyExit(Sink):
        async def __aexit__(self, *details: Any) -> None: ...

    class Factory(Request):
        async def make_file_sink(self, part: Any) -> Any:
            return Sink(log)

    cls = {"write": sinking(AsyncSink, log), "aexit": sinking(OnlyExit, log), "coroutine": Factory}[how]
    with pytest.raises(TypeError, match="got an async sink"):
        cls(head(MULTIPART), form_of((b"a", b"1"))).files
    assert log == []


@pytest.mark.anyio
@pytest.mark.parametrize("whole", [True, False])
async def test_async_sink(whole: bool) -> None:
    """In async code, an async sink is awaited, and exited by ``__aexit__``."""
    log: list[Any] = []
    body = form_of((b"a", b"12345"))
    request = sinking(AsyncSink, log)(head(MULTIPART), pieces(body if whole else body[:-10]))
    if whole:
        await request.load()
    else:
        with pytest.raises(BadRequest):
            await request.load()
    assert b"".join(entry for entry in log if isinstance(entry, bytes))[:3] == b"123"
    assert log[-1][0] == "aexit"
    assert (log[-1][1] is None) == whole


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [ManagedSink, AbortingSink, ClosingSink, AsyncSink])
async def test_cancellation_leaves_no_sink(kind: type[Any]) -> None:
    """If ``load()`` is cancelled, the sink is finished, and later accesses raise BodyConsumed."""
    log: list[Any] = []

    async def stuck() -> AsyncIterator[bytes]:
        yield PART % (b"a", b"1" * 99)
        await anyio.sleep_forever()

    request = sinking(kind, log)(head(MULTIPART), stuck(), run_sync=anyio.to_thread.run_sync)
    with anyio.move_on_after(0.05):
        await request.load()
    if kind is not AsyncSink:  # core knows no event loop that it could shield this from
        assert any(not isinstance(entry, bytes) for entry in log)
    for name in ("form", "data", "text"):
        with pytest.raises(BodyConsumed, match="interrupted it"):
            getattr(request, name)
    with pytest.raises(BodyConsumed):
        await request.load()


@pytest.mark.anyio
async def test_cancelled_stream() -> None:
    """If ``aiter_data()`` is cancelled, the rest is lost, and later accesses raise BodyConsumed."""

    async def stuck() -> AsyncIterator[bytes]:
        yield b"1"
        await anyio.sleep_forever()

    request = Request(head(), stuck())
    with anyio.move_on_after(0.05):
        async for _ in request.aiter_data():
            pass
    with pytest.raises(BodyConsumed, match="interrupted it"):
        request.data


def test_a_body_that_raises() -> None:
    """An exception of the body itself is raised as it is. After it, the body is consumed."""

    def broken() -> Iterator[bytes]:
        yield b"1"
        raise OSError("gone")

    request = Request(head(), broken())
    with pytest.raises(OSError, match="gone"):
        request.data
    with pytest.raises(BodyConsumed, match="OSError interrupted it"):
        request.data


# --- small things ---


def test_shallow() -> None:
    """Everything that would consume the body raises RuntimeError, until ``shallow`` is set to False."""
    request = Request(head(), b"x", shallow=True)
    for name in ("data", "text", "form", "files", "values", "stream", "json"):
        with pytest.raises(RuntimeError, match="shallow"):
            getattr(request, name)
    for call in (request.get_data, request.iter_data, request.aiter_data):
        with pytest.raises(RuntimeError, match="shallow"):
            call()
    request.shallow = False
    assert request.data == b"x"


def test_disable_data_descriptor() -> None:
    """``data`` raises AttributeError. The other ways to read the body work."""

    class NoData(Request):
        disable_data_descriptor = True

    request = NoData(head(), b"x")
    with pytest.raises(AttributeError):
        request.data
    assert request.get_data() == b"x"


def test_stream_is_a_file() -> None:
    """``stream`` is a file with lines, and the same file at each access."""
    request = Request(head(), [b"a\nb", b"\nc"])
    assert request.stream is request.stream
    assert request.stream.readline() == b"a\n"
    assert io.TextIOWrapper(request.stream).read() == "b\nc"


def test_as_text() -> None:
    """Text is decoded as UTF-8. Bytes that are not UTF-8 become U+FFFD, and never raise."""
    assert Request(head(), b"\xc3\xbc\xff").get_data(as_text=True) == "ü\ufffd"


class Closable:
    """A sink that notes that it was closed."""

    def __init__(self, closed: list[str], name: str, error: Exception | None = None) -> None:
        self.closed_ones, self.name, self.error = closed, name, error

    def write(self, data: bytes) -> int:
        return len(data)

    def read(self, size: int = -1) -> bytes:
        return b""

    def close(self) -> None:
        self.closed_ones.append(self.name)
        if self.error is not None:
            raise self.error


class AsyncClosable(Closable):
    """The same, closed by awaiting."""

    async def close(self) -> None:  # type: ignore[override]
        super().close()


def form_with(sink: Any) -> Form:
    """A form with one file."""
    return Form(files=[("f", FileStorage(sink, "a.txt", "f"))])


def test_closing_a_body_closes_the_files_of_all_its_forms() -> None:
    """The files of each form are closed, also behind a filter. Parsing that has failed has left none."""
    closed: list[str] = []
    body, behind = BytesBody(b"x"), BytesBody(b"y")
    body.keep_form("failed", BadRequest())
    body.keep_form("parsed", form_with(Closable(closed, "own")))
    behind.keep_form("parsed", form_with(Closable(closed, "filtered")))
    body.filtered = {"hook": behind}
    assert len(body.files) == 2
    body.close()
    assert closed == ["own", "filtered"]


def test_an_error_of_closing_skips_no_form() -> None:
    """All forms of a body are closed, also behind each filter, even if closing the files of one fails. The first error
    is raised.
    """
    closed: list[str] = []
    body, behind, beside = BytesBody(b"x"), BytesBody(b"y"), BytesBody(b"z")
    body.keep_form("one", form_with(Closable(closed, "a", OSError("the disk is full"))))
    body.keep_form("other", form_with(Closable(closed, "b")))
    behind.keep_form("parsed", form_with(Closable(closed, "c", ValueError("second"))))
    behind.keep_form("again", form_with(Closable(closed, "d")))
    beside.keep_form("parsed", form_with(Closable(closed, "e")))
    body.filtered = {"hook": behind, "another hook": beside}
    with pytest.raises(OSError, match="the disk is full"):
        body.close()
    assert closed == ["a", "b", "c", "d", "e"]


@pytest.mark.anyio
async def test_files_that_are_closed_by_awaiting() -> None:
    """All files that are closed by awaiting are closed, even if closing one fails; the first error is raised. Other
    files are left alone.
    """
    closed: list[str] = []
    files = [
        FileStorage(AsyncClosable(closed, "a")),
        FileStorage(Closable(closed, "sync")),
        FileStorage(AsyncClosable(closed, "b", OSError("the disk is full"))),
        FileStorage(AsyncClosable(closed, "c", ValueError("second"))),
        FileStorage(AsyncClosable(closed, "d")),
    ]
    with pytest.raises(OSError, match="the disk is full"):
        await close_async_files(files)
    assert closed == ["a", "b", "c", "d"]


def test_an_async_body_is_not_read_without_awaiting() -> None:
    """Where nothing can await the next chunk, a read says what to do. Nothing is lost, and nothing has to be ended."""
    body = AsyncIterableBody(pieces(b"a"))
    with pytest.raises(WrongMode, match=r"^got a sync read of an async body, expected `await request.load\(\)`"):
        body.read(1, False)
    body.abandon()
    assert anyio.run(body.aread, 1, False) == b"a"


def test_an_error_after_the_first_bytes_is_kept() -> None:
    """A property of the request may raise after the first bytes were read. They are lost: a later access says so, and
    does not take the rest for the whole body.
    """

    class Odd(Request):
        asked = 0

        @property
        def form_rules(self) -> Any:  # type: ignore[override]
            if body_was_read:
                raise LookupError("no rules")
            return "default"

    body_was_read: list[bool] = []

    async def body() -> AsyncIterator[bytes]:
        body_was_read.append(True)
        yield b"a=1"
        yield b"&b=2"

    async def main() -> None:
        request = Odd(head(FORM, content_length=b"7"), body())
        with pytest.raises(LookupError):
            await request.load()
        body_was_read.clear()
        with pytest.raises(BodyConsumed, match="LookupError interrupted it"):
            await request.load()

    anyio.run(main)


def test_a_form_that_was_refused_is_refused_again() -> None:
    """Two request objects parse the bytes that were kept with the same settings: both get the error, each its own."""
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "multipart/form-data; boundary=B",
        "CONTENT_LENGTH": "7",
        "wsgi.input": io.BytesIO(b"garbage"),
    }
    errors = []
    assert cardan.Request(environ).get_data() == b"garbage"
    for _ in range(2):
        with pytest.raises(BadRequest) as caught:
            cardan.Request(environ).form
        errors.append(caught.value)
    assert str(errors[0]) == str(errors[1])
    assert errors[0] is not errors[1]


def test_settings_are_equal_if_they_parse_alike() -> None:
    """Two request classes share a form if all that decides how it is parsed is equal. Nothing else equals settings."""

    class Same(Request):
        pass

    class Strict(Request):
        max_files = 1

    settings = FormSettings((Request, "default", "", None))
    equal = [FormSettings((cls, "default", "", own)) for cls in (Request, Same) for own in (None, {})]
    assert [settings == other for other in equal] == [True] * 4
    others = [FormSettings((Strict, "default", "", None)), FormSettings((Request, "strict", "", None)), None, "x"]
    assert [settings == other for other in others] == [False] * 4


def test_a_mistake_of_the_program_is_no_failure_of_the_body() -> None:
    """A RuntimeError in the middle of ``iter_parts()`` is raised as it is. The body is not said to be broken: it was
    consumed by the access that began.
    """

    def body() -> Iterator[bytes]:
        yield form_of((b"a", b"1"))[:-10]
        raise RuntimeError("a mistake")

    request = Request(head(MULTIPART), body())
    parts = request.iter_parts()
    with pytest.raises(RuntimeError, match=r"^a mistake$"):
        [part.read() for part in parts]
    with pytest.raises(BodyConsumed, match=r"consumed by iter_parts\(\)"):
        request.get_data()


def test_when_a_body_waits() -> None:
    """Nothing was read yet; or one of the two ways to load it is not over, whatever the other one says."""
    body = BytesBody(b"x")
    assert body.waits
    body.take("iter_data()")
    assert not body.waits
    body.driven = True
    assert body.waits
    assert body.busy
    body.driven, body.unfinished = False, object()  # type: ignore[assignment]
    assert body.waits
    assert body.busy
