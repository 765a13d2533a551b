"""Uploaded files are binary files: libraries read them, in memory and on disk. In async code they do not block."""

from __future__ import annotations

import bz2
import codecs
import contextlib
import csv
import email
import errno
import gzip
import hashlib
import io
import json
import lzma
import mmap
import os
import pickle
import plistlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import tomllib
import warnings
import wave
import zipfile
from importlib import import_module
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import anyio
import pytest

import cardan
from cardan import Application, Request, Response, core
from cardan.compat.werkzeug import datastructures, wrappers
from cardan.exceptions import WrongMode
from cardan.files import BlockingFileStorage
from cardan.testing import Client
from tests.guide_tables import section

from .conftest import IN_PROCESS

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "name,age\nÄda,36\nGrace,85\n".encode()


def made(write: Callable[[io.BytesIO], Any]) -> bytes:
    """The bytes that ``write`` writes to a file."""
    write(file := io.BytesIO())
    return file.getvalue()


def zipped(file: Any) -> None:
    """A zip archive with one text."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", TEXT)


def tarred(file: Any) -> None:
    """A compressed tar archive with one text."""
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        member = tarfile.TarInfo("a.csv")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT))


def sounds(file: Any) -> None:
    """A second of silence."""
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(8000))


def workbook(file: Any) -> None:
    """A table with one cell."""
    book = import_module("openpyxl").Workbook()
    book.active["A1"] = "Ada"
    book.save(file)


def read_tar(file: Any) -> Any:
    """The text in the archive."""
    with tarfile.open(fileobj=file) as archive:
        member = archive.extractfile("a.csv")
        assert member is not None
        return member.read()


def append_to_zip(file: Any) -> Any:
    """Adds a file to the archive."""
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("b", b"")
    return zipfile.ZipFile(file).namelist()


def copied(file: Any) -> Any:
    """What shutil.copyfileobj copies."""
    shutil.copyfileobj(file, target := io.BytesIO(), 7)
    return target.getvalue()


def in_parts(file: Any) -> Any:
    """As streams are read: what one call gives. ``getvalue`` gives all at any position."""
    small, large = bytearray(3), bytearray(100)
    first, count = file.read1(5), file.readinto1(small)
    whole, here = file.getvalue(), file.tell()
    return first, count, bytes(small), whole, here, bytes(large[: file.readinto1(large)]), file.read1()


def into(file: Any) -> Any:
    """What readinto() gives for a buffer of five bytes, and for the rest."""
    small, large = bytearray(5), bytearray(100)
    first, rest = file.readinto(small), file.readinto(memoryview(large))
    return first, bytes(small), rest, bytes(large[:rest]), file.readinto(large)


def in_pieces(file: Any) -> Any:
    """As parsers of tables read: a number of bytes at a time."""
    return b"".join(iter(lambda: file.read(3), b""))


def there_and_back(file: Any) -> Any:
    """The position, and what is there."""
    begin = file.tell()
    head = file.read(4)
    here = file.tell()
    end = file.seek(0, io.SEEK_END)
    back = file.seek(-4, io.SEEK_CUR)
    tail = file.read()
    file.seek(0)
    return begin, head, here, end, back, tail, file.read(4)


def twice(file: Any) -> Any:
    """A text file that gives the upload back, so that it can be read again."""
    text = io.TextIOWrapper(file, "utf-8")
    lines = list(text)
    text.seek(0)
    assert list(text) == lines
    text.detach()
    file.seek(0)
    return lines, file.closed, file.readline()


def what_it_is(file: Any) -> Any:
    """The properties of a file."""
    kind = file.readable(), file.seekable(), file.writable(), file.isatty(), file.closed, file.mode, file.name
    file.flush()
    with contextlib.closing(file):
        file.read(1)
    return (*kind, file.closed)


USES: dict[str, tuple[bytes, Callable[[Any], Any], Any]] = {
    "zipfile": (made(zipped), lambda file: zipfile.ZipFile(file).read("a.csv"), TEXT),
    "is_zipfile": (made(zipped), lambda file: (zipfile.is_zipfile(file), file.seek(0)), (True, 0)),
    "a zip archive that grows": (made(zipped), append_to_zip, ["a.csv", "b"]),
    "tarfile": (made(tarred), read_tar, TEXT),
    "gzip": (gzip.compress(TEXT), lambda file: gzip.GzipFile(fileobj=file).read(), TEXT),
    "bz2": (bz2.compress(TEXT), lambda file: bz2.BZ2File(file).readline(), b"name,age\n"),
    "lzma": (lzma.compress(TEXT), lambda file: lzma.open(file).read(), TEXT),  # noqa: SIM115 - it ends with the upload
    "openpyxl": (made(workbook), lambda file: import_module("openpyxl").load_workbook(file).active["A1"].value, "Ada"),
    "wave": (made(sounds), lambda file: wave.open(file).getnframes(), 8000),  # noqa: SIM115
    "json": (b'{"a": 1}', json.load, {"a": 1}),
    "pickle": (pickle.dumps([1, 2]), pickle.load, [1, 2]),
    "tomllib": (b"a = 1", tomllib.load, {"a": 1}),
    "plistlib": (plistlib.dumps({"a": 1}), plistlib.load, {"a": 1}),
    "ElementTree": (b"<a><b/></a>", lambda file: [tag.tag for tag in ElementTree.parse(file).iter()], ["a", "b"]),
    "email": (b"Subject: x\r\n\r\n", lambda file: email.message_from_binary_file(file)["Subject"], "x"),
    "file_digest": (
        TEXT,
        lambda file: hashlib.file_digest(file, "sha256").hexdigest(),  # type: ignore[attr-defined, unused-ignore]
        hashlib.sha256(TEXT).hexdigest(),
    ),
    "csv": (
        TEXT,
        lambda file: list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline=""))),
        [{"name": "Äda", "age": "36"}, {"name": "Grace", "age": "85"}],
    ),
    "text": (TEXT, twice, (["name,age\n", "Äda,36\n", "Grace,85\n"], False, b"name,age\n")),
    "codecs": (TEXT, lambda file: codecs.getreader("utf-8")(file).readlines()[1], "Äda,36\n"),
    "BufferedReader": (TEXT, lambda file: io.BufferedReader(file).peek(4)[:4], b"name"),
    "readline": (TEXT, lambda file: [file.readline(4), file.readline(), file.readline()], [
        b"name", b",age\n", "Äda,36\n".encode()]),
    "readlines": (TEXT, lambda file: (file.readlines(3), len(file.readlines())), ([b"name,age\n"], 2)),
    "iteration": (TEXT, lambda file: [line for line in file], TEXT.splitlines(True)),  # noqa: C416 - the statement
    "next": (TEXT, lambda file: [next(file), *file, next(file, None)], [*TEXT.splitlines(True), None]),
    "copyfileobj": (TEXT, copied, TEXT),
    "readinto": (TEXT, into, (5, TEXT[:5], len(TEXT) - 5, TEXT[5:], 0)),
    "parts": (TEXT, in_parts, (TEXT[:5], 3, TEXT[5:8], TEXT, 8, TEXT[8:], b"")),
    "pieces": (TEXT, in_pieces, TEXT),
    "positions": (TEXT, there_and_back, (0, b"name", 4, len(TEXT), len(TEXT) - 4, b",85\n", b"name")),
    "properties": (TEXT, what_it_is, (True, True, True, False, False, "rb", "f", True)),
    "type": (TEXT, lambda file: (file.mimetype, dict(file.mimetype_params)), ("text/csv", {"charset": "utf-8"})),
}  # fmt: skip

uses = pytest.mark.parametrize("use", USES)
places = pytest.mark.parametrize("place", IN_PROCESS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])
stored = pytest.mark.parametrize("on_disk", [False, True], ids=["memory", "disk"])


class OnDisk(Request):
    """Keeps every file on disk."""

    max_file_memory = 0


class Unguarded(Request):
    """The request of a framework whose handlers read files without ``await``."""

    file_storage_class = BlockingFileStorage


class UnguardedOnDisk(Unguarded):
    """The same, with files on disk."""

    max_file_memory = 0


class CompatFile(datastructures.FileStorage, BlockingFileStorage):
    """The class with Werkzeug's name, unguarded."""


class UnguardedCompat(wrappers.Request):
    """The request with Werkzeug's name, unguarded."""

    file_storage_class = CompatFile


def post(handler: Any, place: str, data: bytes, request_class: Any = Request) -> Any:
    """Upload ``data`` to a handler; returns what the handler noted."""
    seen: list[Any] = []

    def note(value: Any) -> Response:
        seen.append(value)
        return Response("")

    if handler.__name__.startswith("a"):

        async def app(request: Any) -> Response:
            await request.load()
            return note(await handler(request.files["f"]))
    else:

        def app(request: Any) -> Response:  # type: ignore[misc]
            return note(handler(request.files["f"]))

    protocol, _, backend = place.partition("-")
    application: Any = Application(app, request_class=request_class)
    with Client(application, protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
        assert client.post("/", files={"f": ("a.csv", data, 'text/csv; charset="utf-8"')}).status_code == 200
    return seen[0]


@uses
@stored
@places
def test_libraries_read_an_uploaded_file(use: str, on_disk: bool, place: str) -> None:
    """In a def handler the file is what the library wants, wherever its data are."""
    data, read, expected = USES[use]

    def handler(file: Any) -> Any:
        return read(file)

    assert post(handler, place, data, OnDisk if on_disk else Request) == expected


@uses
@stored
@pytest.mark.parametrize("place", ["wsgi", "asgi-trio"])
def test_a_framework_may_lift_the_guard(use: str, on_disk: bool, place: str) -> None:
    """With ``file_storage_class = BlockingFileStorage`` all of it works in an async handler, too, without ``await``."""
    data, read, expected = USES[use]

    async def ahandler(file: Any) -> Any:
        assert isinstance(file, cardan.FileStorage)
        return read(file)

    assert post(ahandler, place, data, UnguardedOnDisk if on_disk else Unguarded) == expected


@pytest.mark.parametrize("use", sorted(set(USES) - {"properties", "type"}))
@stored
@pytest.mark.parametrize("place", ["wsgi", "asgi-trio"])
def test_libraries_read_the_stream(use: str, on_disk: bool, place: str) -> None:
    """In an async handler ``file.stream`` is what the library wants, in a worker thread."""
    data, read, expected = USES[use]

    async def ahandler(file: Any) -> Any:
        return await anyio.to_thread.run_sync(read, file.stream)

    assert post(ahandler, place, data, OnDisk if on_disk else Request) == expected


@places
def test_the_twins_of_an_unguarded_file(place: str) -> None:
    """The async twins of a file whose guard was lifted can be awaited, and its sync methods called, in an async
    handler. The same holds for the class with Werkzeug's name.
    """

    async def ahandler(file: Any) -> Any:
        head = file.read(4), await file.aread(4)
        assert await file.aseek(0) == 0
        return (*head, file.readline())

    for request_class in (Unguarded, UnguardedOnDisk, UnguardedCompat):
        assert post(ahandler, place, TEXT, request_class) == (b"name", b",age", b"name,age\n")


@stored
@places
def test_the_guard_in_async_handlers(on_disk: bool, place: str) -> None:
    """What may block raises WrongMode when it is called, and the error names the twin and ``file.stream``. What does
    not block works.
    """

    async def ahandler(file: Any) -> Any:
        twin = "; file.stream for a library that wants a blocking file"
        calls = {
            "read() in async code, expected await aread()" + twin: file.read,
            "readinto() in async code, expected await aread()" + twin: lambda: file.readinto(bytearray(2)),
            "readline() in async code, expected await aread()" + twin: file.readline,
            "readlines() in async code, expected await aread()" + twin: file.readlines,
            "iteration in async code, expected aiter_data()" + twin: lambda: list(file),
            "iter_data() in async code, expected aiter_data()" + twin: file.iter_data,
            "seek() in async code, expected await aseek()" + twin: lambda: zipfile.ZipFile(file),
            "save() in async code, expected await asave()" + twin: lambda: file.save(io.BytesIO()),
            "write() in async code, expected file.stream.write() in a worker thread": lambda: file.write(b"x"),
            "truncate() in async code, expected file.stream.truncate() in a worker thread": file.truncate,
            "fileno() in async code, expected file.stream.fileno() in a worker thread": file.fileno,
            "read1() in async code, expected await aread()" + twin: file.read1,
            "readinto1() in async code, expected await aread()" + twin: lambda: file.readinto1(bytearray(2)),
            "getvalue() in async code, expected await aread()" + twin: file.getvalue,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for text, call in calls.items():
                with pytest.raises(WrongMode) as raised:
                    call()
                assert str(raised.value) == f"got {text}"
            with pytest.raises(WrongMode, match=r"got readline\(\)"):
                next(file)
        kind = file.tell(), file.readable(), file.seekable(), file.isatty(), file.closed
        assert kind == (0, True, True, False, False)
        return await file.aread()

    assert post(ahandler, place, TEXT, OnDisk if on_disk else Request) == TEXT


@stored
@places
def test_libraries_in_async_handlers(on_disk: bool, place: str) -> None:
    """A library gets ``file.stream`` in a worker thread. ``aseek`` and ``aread`` go on from where it has stopped."""

    async def ahandler(file: Any) -> Any:
        text = await anyio.to_thread.run_sync(lambda: zipfile.ZipFile(file.stream).read("a.csv"))
        assert await file.aseek(0) == 0
        head = await file.aread(2)
        assert (file.tell(), await file.aseek(2, io.SEEK_CUR)) == (2, 4)
        assert await file.aseek(0, io.SEEK_END) == file.size
        return text, head

    assert post(ahandler, place, made(zipped), OnDisk if on_disk else Request) == (TEXT, b"PK")


@stored
@places
@kinds
def test_an_upload_is_sent_back(on_disk: bool, place: str, kind: str) -> None:
    """An uploaded file is the body of a response, in a def and in an async handler."""

    async def ahandler(request: Any) -> Any:
        await request.load()
        return Response(request.files["f"])

    def handler(request: Any) -> Any:
        return Response(request.files["f"])

    protocol, _, backend = place.partition("-")
    app: Any = Application(handler if kind == "def" else ahandler, request_class=OnDisk if on_disk else Request)
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
        assert client.post("/", files={"f": ("x", TEXT)}).content == TEXT


@places
def test_aseek_is_for_async_code(place: str) -> None:
    """In sync code it raises WrongMode when it is called."""

    def handler(file: Any) -> Any:
        with pytest.raises(WrongMode, match=r"got aseek\(\) in sync code, expected seek\(\)"):
            file.aseek(0)
        return True

    assert post(handler, place, TEXT)


FILES = {
    "memory": Request,
    "disk": OnDisk,
    "blocking": Unguarded,
    "blocking, disk": UnguardedOnDisk,
    "compat": wrappers.Request,
    "compat, blocking": UnguardedCompat,
}


@pytest.mark.parametrize("kind", FILES)
@places
def test_descriptors(place: str, kind: str) -> None:
    """Every file has one, at the present position: a file in memory is moved to disk for it. A child process reads on
    from there, and the handler after the child. The descriptor can be mapped into memory, and ends with the request.
    """
    used = []

    def handler(file: Any) -> Any:
        head = file.readline()
        rest = subprocess.run([sys.executable, "-c", COPY], stdin=file, capture_output=True, check=True).stdout
        end = file.tell(), file.read(), file.seek(0)
        with mmap.mmap(file.fileno(), 0) as mapped:
            whole = bytes(mapped)
        used.extend([file, stat_of(file.fileno())])
        return head, rest, end, whole, file.readlines()

    size = len(TEXT)
    expected = b"name,age\n", TEXT[9:], (size, b"", 0), TEXT, TEXT.splitlines(keepends=True)
    assert post(handler, place, TEXT, FILES[kind]) == expected
    assert used[0].closed
    assert used[0].stream.closed
    assert used[1] not in [stat_of(int(number)) for number in os.listdir("/proc/self/fd")]


COPY = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"


def stat_of(descriptor: int) -> Any:
    """What tells one open file from others; None if the descriptor is closed."""
    with contextlib.suppress(OSError):
        return os.fstat(descriptor).st_dev, os.fstat(descriptor).st_ino


@stored
@places
def test_descriptors_in_async_handlers(on_disk: bool, place: str) -> None:
    """The file itself refuses to touch the disk on the event loop, whatever its size; ``file.stream`` has a descriptor
    for a worker thread. The twins go on behind what was read by it, and an unguarded file has it everywhere.
    """

    def read(stream: Any) -> bytes:
        return subprocess.run([sys.executable, "-c", COPY], stdin=stream, capture_output=True, check=True).stdout

    async def ahandler(file: Any) -> Any:
        for call in (file.fileno, file.rollover):
            with pytest.raises(WrongMode, match=rf"expected file\.stream\.{call.__name__}\(\) in a worker thread"):
                call()
        head = await file.aread(9)
        rest = await anyio.to_thread.run_sync(read, file.stream)
        return head, rest, await file.aread(), await file.aseek(2), await file.aread(), file.size

    async def aunguarded(file: Any) -> Any:
        return read(file), file.tell()

    classes = (OnDisk, UnguardedOnDisk) if on_disk else (Request, Unguarded)
    assert post(ahandler, place, TEXT, classes[0]) == (b"name,age\n", TEXT[9:], b"", 2, TEXT[2:], len(TEXT))
    assert post(aunguarded, place, TEXT, classes[1]) == (TEXT, len(TEXT))


@places
def test_a_file_that_was_moved_to_disk(place: str) -> None:
    """The object in ``stream`` stays the same one, so that those who hold it go on. It can be written and cut."""

    def handler(file: Any) -> Any:
        stream, text = file.stream, io.TextIOWrapper(file.stream, "utf-8", newline="")
        assert (stream.name, stream.mode, next(text)) == (None, "rb", "name,age\n")
        file.seek(0)
        file.rollover()
        assert (file.stream is stream, stream.name) == (True, file.fileno())
        file.rollover()
        assert next(stream) == b"name,age\n"
        assert (bytes(stream.getbuffer()), file.getvalue(), file.tell()) == (TEXT, TEXT, 9)
        file.seek(0, io.SEEK_END)
        assert (file.write(b"x"), file.seek(0), file.read1(4), file.size) == (1, 0, b"name", len(TEXT) + 1)
        assert (file.truncate(), file.seek(0), file.read()) == (4, 0, b"name")
        with open(os.dup(file.fileno()), "rb") as other:
            assert other.seek(0) == 0
            assert other.read() == b"name"
        assert text.detach() is stream
        return True

    assert post(handler, place, TEXT)


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error reaches the caller. The file stays in memory, where it was, and nothing stays open."""

    def full(file: Any, chunks: Any) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    def handler(file: Any) -> Any:
        file.read(5)
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(OSError, match="no space left"):
            file.fileno()
        return len(os.listdir("/proc/self/fd")) == before, file.read(3)

    monkeypatch.setattr("cardan.files._temporary.write_all", full)
    assert post(handler, "wsgi", TEXT) == (True, b"age")


@pytest.mark.parametrize("file_class", [core.FileStorage, cardan.FileStorage, BlockingFileStorage, CompatFile])
def test_the_members_of_a_temporary_file(file_class: type) -> None:
    """Each file class has all that temporary files have, and the files in memory and on disk of the standard library;
    the guide has a table of the few names that it lacks or that mean something else.
    """
    table = section("uploaded-files.md", "What it has of a temporary file", "docs/guides")
    with tempfile.SpooledTemporaryFile() as spooled, tempfile.TemporaryFile() as on_disk:
        for file in (spooled, on_disk, io.BytesIO()):
            names = {name for name in dir(file) if not name.startswith("_")}
            missing = {name for name in names - set(dir(file_class)) if f"`{name}" not in table}
            assert missing == set()


@stored
@places
def test_streams_have_what_files_have(on_disk: bool, place: str) -> None:
    """``file.stream`` has what a temporary file has, and ``getvalue``, wherever the data are."""

    def handler(file: Any) -> Any:
        names = {name for name in dir(tempfile.SpooledTemporaryFile) if not name.startswith("_")}
        missing = {name for name in names if not hasattr(file.stream, name)}
        return sorted(missing), file.stream.rollover(), file.stream.read(2), file.stream.getvalue()

    text_only = ["encoding", "errors", "newlines"]
    assert post(handler, place, TEXT, OnDisk if on_disk else Request) == (text_only, None, TEXT[:2], TEXT)


@places
def test_files_without_a_descriptor(place: str) -> None:
    """A stream of another kind is asked itself: a BytesIO has no descriptor, and a file of the standard library has."""

    class Sinks(Request):
        def make_file_sink(self, part: Any) -> Any:
            return io.BytesIO() if part.filename == "x" else tempfile.SpooledTemporaryFile()

    def handler(request: Any) -> Any:
        with pytest.raises(io.UnsupportedOperation, match="fileno"):
            request.files["memory"].fileno()
        return Response(os.read(request.files["spooled"].fileno(), 99))

    protocol, _, backend = place.partition("-")
    app: Any = Application(handler, request_class=Sinks)
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
        files = {"memory": ("x", TEXT), "spooled": ("y", TEXT)}
        assert client.post("/", files=files).content == TEXT


@places
def test_a_closed_file(place: str) -> None:
    """A text file that ends closes the upload, as it closes every file. Reading it is then a ValueError."""

    def handler(file: Any) -> Any:
        with io.TextIOWrapper(file, "utf-8") as text:
            text.read()
        assert file.closed
        with pytest.raises(ValueError, match="closed file"):
            file.read()
        file.close()
        return True

    for request_class in (Request, OnDisk):
        assert post(handler, place, TEXT, request_class)


def test_a_request_of_core() -> None:
    """A request of cardan.core gives files that are files, too."""
    body = b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n' + TEXT + b"\r\n--B--\r\n"
    head = core.RequestHead("POST", "/", headers=[(b"content-type", b"multipart/form-data; boundary=B")])
    file = core.Request(head, body).files["f"]
    assert next(io.TextIOWrapper(file, "utf-8")) == "name,age\n"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("on_disk", [[False], [True], [False, True], [True, False]], ids=repr)
def test_where_the_files_of_a_form_are_closed(on_disk: list[bool], backend: Any) -> None:
    """On ASGI, closing a file on disk may take long: all files are closed in a worker thread if one of them is on disk,
    and otherwise in the event loop, which needs no thread for that.
    """
    closed: list[int] = []

    class Sink(io.BytesIO):
        on_disk = False

        def close(self) -> None:
            if not self.closed:
                closed.append(threading.get_ident())
            super().close()

    class Sinks(Request):
        def make_file_sink(self, part: Any) -> Any:
            sink = Sink()
            sink.on_disk = part.name.endswith("disk")
            return sink

    async def handler(request: Request) -> Response:
        await request.load()
        return Response(str(threading.get_ident()))

    files = {f"{number} {'disk' if disk else 'memory'}": (str(number), b"data") for number, disk in enumerate(on_disk)}
    app: Any = Application(handler, request_class=Sinks)
    with Client(app, "asgi", backend=backend) as client:
        loop = int(client.post("/", files=files).text)
    assert len(closed) == len(on_disk)
    assert len(set(closed)) == 1
    assert (closed[0] != loop) is any(on_disk)
