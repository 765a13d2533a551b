"""FileStorage and safe_filename: an upload for sync and async code; a name to store it under."""

from __future__ import annotations

import asyncio
import copy
import gc
import io
import os
import pickle
import weakref
from errno import ESPIPE
from functools import partial
from typing import Any, BinaryIO

import anyio
import anyio.lowlevel
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from cardan.core import Request, RequestHead, Response
from cardan.core._exceptions import WrongMode
from cardan.core.forms import FileStorage, Form, parse_form, safe_filename
from cardan.core.forms._files import COPY_SIZE, bind, closes_async, is_on_disk, release_all
from cardan.core.forms._sinks import rewind, rewinding, start_of
from tests.core.forms.strange_forms import CT, form, part
from tests.core.forms.test_parts import await_

FILE = 'form-data; name="f"; filename="C:\\x\\a b.txt"'


def upload(data: bytes = b"0123456789", *headers: str) -> FileStorage:
    """An uploaded file."""
    ((name, file),) = parse_form(CT, form(part(FILE, data, *headers))).files
    assert name == file.name == "f"
    return file  # type: ignore[no-any-return]


class OnDisk(io.BytesIO):
    """A file that says of itself that it is on disk."""

    on_disk = True


async def run_sync(function: Any, *args: Any) -> Any:
    """As trio.to_thread.run_sync, without a thread."""
    hops.append(getattr(function, "__name__", "?"))
    return function(*args)


hops: list[str] = []


def test_attributes() -> None:
    """What the part said, and the real size."""
    file = upload(b"0123456789", "Content-Type: Text/Plain; charset=utf-8", "Content-Length: 99")
    assert (file.filename, file.safe_filename) == ("a b.txt", "a b.txt")
    assert (file.mimetype, file.content_type) == ("text/plain", "Text/Plain; charset=utf-8")
    assert (file.size, file.content_length) == (10, 99)
    assert file.headers["content-length"] == "99"
    assert repr(file) == "<FileStorage 'a b.txt' (text/plain)>"
    assert upload(b"", "Content-Length: x").content_length == 0


def test_white_space_around_a_type() -> None:
    """Spaces and tabs are taken off, on files, requests and responses alike. Other white space belongs to the text
    (RFC 9110 section 5.6.3).
    """
    for sent, mimetype in (("Text/Plain \t; a=b", "text/plain"), ("text/plain\xa0;a=b", "text/plain\xa0")):
        head = RequestHead("POST", headers={"Content-Type": sent})
        made = FileStorage(content_type=sent), Request(head), Response(content_type=sent)
        assert [each.mimetype for each in made] == [mimetype] * 3
    assert FileStorage(headers={"Content-Length": "\xa05"}).content_length == 0


def test_truth() -> None:
    """A file is false if no file was chosen, whatever its data are. An empty file that was chosen is true."""
    assert upload(b"")
    assert not FileStorage(filename="")
    assert not FileStorage()


def test_made_by_hand() -> None:
    """As tests and other libraries make one."""
    file = FileStorage(io.BytesIO(b"abc"), "x.txt", "f", "text/plain", headers={"X-A": "b"})
    assert (file.size, file.read(1), file.size, file.read()) == (3, b"a", 3, b"bc")
    assert (file.mimetype, file.headers["X-A"], file.content_length) == ("text/plain", "b", 0)
    assert FileStorage(content_length=5).content_length == 5


def test_reading() -> None:
    """read, iter_data, lines, save: each takes up where the last one left."""
    file = upload(b"ab\ncd\nefgh")
    assert list(file)[:1] == [b"ab\n"]
    file.stream.seek(3)
    assert (file.read(3), list(file.iter_data(3))) == (b"cd\n", [b"efg", b"h"])
    file.stream.seek(0)
    target = io.BytesIO()
    file.save(target)
    assert target.getvalue() == b"ab\ncd\nefgh"
    with pytest.raises(ValueError, match="expected at least 1 byte"):
        list(file.iter_data(0))


def test_core_saves_to_objects_only() -> None:
    """Core opens no path. The error says that the class in cardan takes paths."""
    with pytest.raises(TypeError, match=r"expected an object with write\(\)"):
        upload().save("path")


def test_awaiting_a_file_in_memory_needs_no_thread() -> None:
    """aread, aiter_data and asave to an async writer."""

    async def use() -> Any:
        file = upload()
        head = await file.aread(2)
        rest = [data async for data in file.aiter_data(4)]
        file.stream.seek(0)
        target = Async()
        await file.asave(target)
        return head, rest, target.getvalue()

    assert await_(use()) == (b"01", [b"2345", b"6789"], b"0123456789")


class Async(io.BytesIO):
    """A writer whose ``write`` is to be awaited."""

    async def write(self, data: bytes) -> int:  # type: ignore[override]
        return super().write(data)


def test_awaiting_a_file_on_disk_goes_through_run_sync() -> None:
    """Given with the call, or bound; without either it is an error rather than a loop that waits for a disk."""
    file = FileStorage(OnDisk(b"0123456789"), "x")
    with pytest.raises(RuntimeError, match="expected run_sync="):
        await_(file.aread())
    hops.clear()
    assert await_(file.aread(3, run_sync=run_sync)) == b"012"
    bind(file, "async", run_sync)
    assert await_(file.aread(3)) == b"345"
    target = io.BytesIO()
    await_(file.asave(target))
    assert (target.getvalue(), hops) == (b"6789", ["read", "read", "_copy"])


def test_the_wrong_twin_raises_where_the_mode_is_known() -> None:
    """Bound to a mode the other twins raise WrongMode when they are called, not when they are awaited; ``stream`` is
    there for libraries that want a file.
    """
    bind(file := upload(), "sync")
    for call in (file.aread, lambda: file.asave(io.BytesIO()), file.aiter_data, file.aclose):
        with pytest.raises(WrongMode, match="in sync code, expected"):
            call()
    bind(file := upload(), "async", run_sync)
    for call in (file.read, file.iter_data, file.readline, lambda: file.seek(0), lambda: file.save(io.BytesIO())):
        with pytest.raises(WrongMode, match=r"in async code, expected (await )?a.*; file.stream for a library"):
            call()
    assert file.stream.read() == b"0123456789"


def test_iteration_in_async_code() -> None:
    """A file of async code is not iterated over in the event loop, but in a thread, as the body of a response."""
    bind(file := upload(b"a\nb"), "async", run_sync)

    async def use() -> None:
        with pytest.raises(WrongMode, match=r"got iteration in async code, expected aiter_data\(\)"):
            iter(file)

    asyncio.run(use())
    trio.run(use)
    assert list(file) == [b"a\n", b"b"]


class OnlyRead:
    """The least that a file object has."""

    def __init__(self, data: bytes) -> None:
        self.read = io.BytesIO(data).read


def test_a_file_object_that_can_only_be_read() -> None:
    """What the file object does not have is told by readable() and the like; readinto() reads by its read()."""
    file = FileStorage(OnlyRead(b"0123456789"), "x")
    assert (file.readable(), file.seekable(), file.writable(), file.closed) == (True, False, False, False)
    buffer = bytearray(4)
    assert (file.readinto(buffer), bytes(buffer)) == (4, b"0123")
    assert (file.readinto(memoryview(buffer)[:8].cast("H")), bytes(buffer)) == (4, b"4567")
    assert (file.readinto(buffer), bytes(buffer), file.readinto(buffer)) == (2, b"8967", 0)
    file.flush()


def test_the_size_after_a_write() -> None:
    """``size`` is that of the file after it was written or cut."""
    file = upload()
    assert file.seek(0, 2) == file.size == 10
    file.writelines([b"ab", bytearray(b"c")])
    assert (file.size, file.tell()) == (13, 13)
    assert (file.truncate(5), file.size) == (5, 5)


def test_every_method_of_a_binary_file_is_there() -> None:
    """Type checkers take an uploaded file for a binary file, so it has all that such a file has."""
    assert [name for name in dir(BinaryIO) if not name.startswith("_") and not hasattr(FileStorage, name)] == []
    assert isinstance(upload().mode, str)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_file_is_not_copied(again: Any) -> None:
    """A file cannot be copied or pickled: its data may be on disk, and end with the request."""
    for file in (upload(), FileStorage(io.BytesIO(b"abc"))):
        with pytest.raises(TypeError, match=r"expected its bytes: file\.read\(\)"):
            again(file)


def test_parameters_of_the_content_type() -> None:
    """``mimetype_params`` has names in lower case, and is empty without a type."""
    file = upload(b"", 'Content-Type: Text/Plain; CharSet="utf-8"; a=b')
    assert dict(file.mimetype_params) == {"charset": "utf-8", "a": "b"}
    assert dict(FileStorage().mimetype_params) == {}


def test_the_end() -> None:
    """At the end of its request a file is closed, unless it was detached; close() closes, and may be called again."""
    with upload() as file:
        stream = file.stream
    assert stream.closed
    file.close()
    file = upload().detach()
    release_all([file])
    assert file.read() == b"0123456789"
    file.close()
    assert file.stream.closed


# --- safe_filename ---


@pytest.mark.parametrize(
    ("filename", "safe"),
    [
        ("a.txt", "a.txt"), ("My Photo (1).JPG", "My Photo (1).JPG"), ("ü☃日本.txt", "ü☃日本.txt"),
        ("../../etc/passwd", "passwd"), ("..\\..\\x", "x"), ("/etc/passwd", "passwd"), ("C:\\dir\\a.txt", "a.txt"),
        ("C:a.txt", "Ca.txt"), ("\\\\host\\share\\a", "a"), ("a/b\\c/d", "d"), ("dir/", "file"), ("dir\\", "file"),
        ("", "file"), (".", "file"), ("..", "file"), ("...", "file"), (" . ", "file"), (None, "file"), ("///", "file"),
        (".htaccess", "htaccess"), ("a.txt.", "a.txt"), ("a.txt ", "a.txt"), (" a", "a"), ("a.", "a"),
        ("CON", "_CON"), ("con.txt", "_con.txt"), ("NUL", "_NUL"), ("nul.tar.gz", "_nul.tar.gz"), ("COM1", "_COM1"),
        ("lpt9.x", "_lpt9.x"), ("COM¹", "_COM¹"), ("AUX .txt", "_AUX .txt"), ("CONIN$", "_CONIN$"),
        ("CONSOLE", "CONSOLE"), ("COM10", "COM10"), ("a\0b.txt", "ab.txt"),
        ("a\r\nb", "ab"), ("a\tb", "ab"), ("\x7f\x80", "file"),
        ('a<b>:"|?*c', "abc"), ("a\u202etxt.exe", "atxt.exe"), ("\ufeffa", "a"), ("a\u200bb", "ab"),
        ("a:stream", "astream"), ("e\u0301.txt", "é.txt"), ("a\udcff", "a"), ("NUL:", "_NUL"), ("a \u3000 b", "a b"),
        ("x" * 300 + ".txt", "x" * 196 + ".txt"), ("☃" * 100 + ".png", "☃" * 65 + ".png"), ("x" * 300, "x" * 200),
        ("a." + "x" * 300, "a." + "x" * 198), ("$(rm -rf)", "$(rm -rf)"), ("-rf", "-rf"),
    ],
)  # fmt: skip
def test_safe_filename(filename: str | None, safe: str) -> None:
    """One component, no device, no control, no path; never empty."""
    assert safe_filename(filename) == safe


@given(st.text(max_size=300))
def test_safe_filename_is_always_safe(filename: str) -> None:
    """Whatever is sent; and what is safe stays as it is."""
    safe = safe_filename(filename)
    assert safe
    assert os.path.basename(safe) == safe
    assert safe not in (".", "..")
    assert not set(safe) & set('/\\:*?"<>|\0\r\n')
    assert len(safe.encode()) <= 200
    assert safe_filename(safe) == safe
    assert safe_filename(filename, default="x")


class Pipe(io.RawIOBase):
    """A sink that has no position, as a pipe."""

    def tell(self) -> int:
        raise OSError(ESPIPE, "a pipe")

    def write(self, data: Any) -> int:
        return len(data)


class Closed(io.BytesIO):
    """A sink that raises ValueError, as a file that was closed."""

    def tell(self) -> int:
        raise ValueError("I/O operation on closed file")


class AsyncSeek:
    """A sink whose position, and whose end, have to be awaited."""

    def __init__(self) -> None:
        self.sought: list[int] = []

    def read(self, size: int = -1) -> bytes:
        return b""

    async def seek(self, position: int) -> int:
        self.sought.append(position)
        return position

    async def close(self) -> None: ...


def test_where_a_file_begins_in_a_sink() -> None:
    """At the position of the sink, or at its start if it cannot tell."""
    buffer = io.BytesIO(b"0123")
    buffer.seek(3)
    assert [start_of(sink) for sink in (buffer, Pipe(), Closed(), AsyncSeek(), object())] == [3, 0, 0, 0, 0]


def test_rewinding() -> None:
    """A file that stays open is brought back to its start. One that does not stay open is left, and so is one whose
    ``seek`` has to be awaited, when nothing awaits.
    """
    buffer = io.BytesIO(b"0123")
    buffer.read()
    rewind(buffer, 1)
    assert buffer.tell() == 1
    awaited = AsyncSeek()
    rewind(awaited, 1)
    assert awaited.sought == []
    assert list(rewinding(Pipe(), 0)) == []
    buffer.close()
    assert list(rewinding(buffer, 0)) == []
    assert [type(call) for call in rewinding(awaited, 1)] == [partial]


def test_only_a_file_of_a_form_can_be_closed_by_awaiting() -> None:
    """What is no FileStorage is closed by whoever has made it."""
    assert not closes_async(AsyncSeek())
    assert not closes_async(FileStorage(io.BytesIO()))
    assert closes_async(FileStorage(AsyncSeek()))
    assert is_on_disk(object())
    assert not is_on_disk(io.BytesIO())


class Target:
    """A target that may block, as a file on disk does."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


def test_a_target_that_may_block_is_written_through_run_sync() -> None:
    """A file in memory is read at once, but a target that may block is not written on the event loop: without
    ``run_sync`` that is an error.
    """
    target = Target()
    with pytest.raises(RuntimeError, match=r"^got a target that may block in async code, expected run_sync="):
        await_(upload().asave(target))
    assert target.data == b""
    hops.clear()
    await_(upload().asave(target, run_sync=run_sync))
    assert (target.data, hops) == (b"0123456789", ["_copy"])
    bind(file := upload(), "async", run_sync)
    await_(file.asave(target))
    assert (target.data, hops) == (b"0123456789" * 2, ["_copy"] * 2)
    hops.clear()
    await_(upload().asave(io.BytesIO()))
    assert hops == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("way", ["aiter_data", "asave"])
def test_others_have_their_turn_while_a_file_in_memory_is_read(backend: str, way: str) -> None:
    """Nothing has to be waited for, and still each piece lets other tasks run: a large file in memory does not stop the
    event loop.
    """
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async def main() -> None:
        file = FileStorage(io.BytesIO(b"x" * 10 * COPY_SIZE), "x")
        async with anyio.create_task_group() as group:
            group.start_soon(others)
            await anyio.lowlevel.checkpoint()
            if way == "asave":
                await file.asave(Async())
            else:
                assert len([piece async for piece in file.aiter_data(COPY_SIZE)]) == 10
            group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert turns >= 5, "of ten pieces; trio takes the tasks that are ready in an order of its own"


@pytest.mark.parametrize("fold", [b" ", b"\r\n "], ids=["one line", "two lines"])
@pytest.mark.parametrize("name", ["Content-Disposition", "content-disposition", "CONTENT-DISPOSITION"])
def test_the_bytes_of_a_name_that_is_not_utf_8(name: str, fold: bytes) -> None:
    """``filename_bytes`` is what was sent, however the name of the field is written, also in a folded line."""
    head = name.encode() + b': form-data; name="f";' + fold + b'filename="\xe9\xff.txt"'
    body = b"--B\r\n" + head + b"\r\n\r\nx\r\n--B--\r\n"
    ((_, file),) = parse_form("multipart/form-data; boundary=B", body).files
    assert (file.filename, file.filename_bytes) == ("\ufffd\ufffd.txt", b"\xe9\xff.txt")


def test_an_error_while_a_form_is_closed_leaves_no_cycle() -> None:
    """The error is freed with its last reference: its traceback does not refer to what refers to it."""

    class DiskError(OSError):
        """Has weak references, which OSError has not."""

    class Unclosable(io.BytesIO):
        def close(self) -> None:
            if not self.closed:  # the end of the object calls it once more
                super().close()
                raise DiskError

    form = Form([], [("a", FileStorage(Unclosable(), "a"))])
    gc.collect()
    gc.disable()
    try:
        try:
            form.close()
        except DiskError as error:
            died = weakref.ref(error)
        assert died() is None
    finally:
        gc.enable()
