"""send_file makes one response for both protocols, and never reads the file into memory."""

from __future__ import annotations

import bz2
import gc
import gzip
import io
import lzma
import os
import tempfile
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cardan import Request, Response, StaticFiles, send_file
from cardan.core import Chunk, ContentLengthError, NotFound
from cardan.core.fields import _dates
from cardan.files import _file_body
from cardan.files._file_body import CHUNK, FileBody
from cardan.files._sending import guess_type, send_from_directory
from cardan.files._temporary import MemoryFile
from cardan.testing import PROTOCOLS, Client, RequestBuilder
from cardan.wsgi._errors import BrokenResponse

DATA = bytes(range(256)) * 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "data.bin"
    file.write_bytes(DATA)
    os.utime(file, (1_000_000_000, 1_000_000_000))
    return file


def get(**headers: str) -> Request:
    builder = RequestBuilder("/", headers={name.replace("_", "-"): value for name, value in headers.items()})
    return Request(builder.environ())


def body_of(response: Response) -> bytes:
    return b"".join(event.data for event in response.iter_events("GET") if isinstance(event, Chunk))


def test_a_path(path: Path) -> None:
    """``send_file(path)`` sets the type, the length, an ETag and Last-Modified, and tells caches to revalidate. No
    Content-Disposition is sent by default.
    """
    response = send_file(path, None)
    assert (response.content_type, response.content_length) == ("application/octet-stream", len(DATA))
    assert response.last_modified == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    assert response.get_etag()[1] is False
    assert response.headers["Cache-Control"] == "no-cache"
    assert "Content-Disposition" not in response.headers
    assert body_of(response) == DATA


def test_options(path: Path) -> None:
    """All options have an effect."""
    response = send_file(
        path,
        None,
        mimetype="text/x",
        etag="mine",
        last_modified=0,
        max_age=60,
        as_attachment=True,
        download_name="x.txt",
    )
    assert (response.content_type, response.get_etag()) == ("text/x; charset=utf-8", ("mine", False))
    assert response.headers["Last-Modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert response.headers["Cache-Control"] == "max-age=60"
    assert response.headers["Content-Disposition"] == 'attachment; filename="x.txt"'
    assert send_file(path, None, etag=False).get_etag() == (None, None)
    assert send_file(path, None, max_age=timedelta(minutes=1)).headers["Cache-Control"] == "max-age=60"
    response.close()


def test_the_request_is_required(path: Path) -> None:
    """A call without the request is a TypeError: it would lose ranges and 304 in silence. None says that there is none.
    So is anything else in its place.
    """
    with pytest.raises(TypeError, match="'request'"):
        send_file(path)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="'request'"):
        send_from_directory(path.parent, path.name)  # type: ignore[call-overload]
    for wrong in ("text/plain", b"", 3, [("a", "b")]):
        with pytest.raises(TypeError, match=rf"^got {type(wrong).__name__}, expected a request, a WSGI environ"):
            send_file(path, wrong)  # type: ignore[call-overload]
    assert "Content-Range" not in send_file(path, None).headers


def test_the_class_of_the_response(path: Path) -> None:
    """``response_class`` is the class of the response."""

    class Mine(Response):
        pass

    assert type(send_file(path, get(), response_class=Mine)) is Mine
    assert type(send_from_directory(path.parent, path.name, None, response_class=Mine)) is Mine


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html"), ("a.css", "text/css"), ("a.json", "application/json"), ("a.png", "image/png"),
        ("a", "application/octet-stream"), ("a.tar.gz", "application/gzip"), ("a.svg", "image/svg+xml"),
        ("a.txt.br", "application/octet-stream"), ("a.csv.bz2", "application/x-bzip2"),
    ],
)  # fmt: skip
def test_types(name: str, kind: str) -> None:
    """The type depends on the name. A compressed file is sent compressed, with the type of the compression."""
    assert guess_type(name) == kind


def test_rfc_8187_name(path: Path) -> None:
    """A name that is not ASCII is sent twice (RFC 6266 section 4.3)."""
    response = send_file(path, None, as_attachment=True, download_name="naïve €.txt")
    value = response.headers["Content-Disposition"]
    assert value.isascii()
    assert "filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt" in value
    response.close()


def test_conditional(path: Path) -> None:
    """With a request, the status may be 304, 206, 416 or 412. Date is not set, because the server sets it."""
    etag = send_file(path, None).headers["ETag"]
    assert send_file(path, get(if_none_match=etag)).status_code == 304
    assert send_file(path, get(if_modified_since="Sun, 09 Sep 2001 01:46:40 GMT")).status_code == 304
    assert send_file(path, get(if_match='"x"')).status_code == 412
    assert send_file(path, get(if_none_match=etag), conditional=False).status_code == 200
    partial = send_file(path, get(range="bytes=2-5"))
    assert (partial.status_code, partial.headers["Content-Range"]) == (206, f"bytes 2-5/{len(DATA)}")
    assert body_of(partial) == DATA[2:6]
    wrong = send_file(path, get(range="bytes=5000-"))
    assert (wrong.status_code, wrong.headers["Content-Range"]) == (416, f"bytes */{len(DATA)}")
    assert "Cache-Control" not in wrong.headers
    assert body_of(wrong).startswith(b"Range Not Satisfiable")
    assert "Date" not in partial.headers
    several = send_file(path, get(range="bytes=-2,0-1"))
    data = body_of(several)
    assert (several.status_code, len(data)) == (206, several.content_length)
    assert data.index(DATA[-2:] + b"\r\n--") < data.index(DATA[:2] + b"\r\n--")


def test_a_file_that_was_just_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a file that was written in this second is no strong validator (RFC 9110 section 8.8.2.2): If-Range
    with it gives the whole file. With the entity tag it gives the part.
    """
    now = 10**9
    monkeypatch.setattr(_dates, "clock", lambda: now + 0.5)
    os.utime(path, (now, now))
    modified, etag = (send_file(path, None).headers[name] for name in ("Last-Modified", "ETag"))
    part = {"range": "bytes=2-5"}
    assert send_file(path, get(if_range=modified, **part)).status_code == 200
    assert send_file(path, get(if_range=etag, **part)).status_code == 206
    os.utime(path, (now - 10, now - 10))
    modified = send_file(path, None).headers["Last-Modified"]
    assert send_file(path, get(if_range=modified, **part)).status_code == 206


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1])
def test_sizes(tmp_path: Path, size: int) -> None:
    """An empty file, and files that end at the border of a read, are sent completely."""
    file = tmp_path / "x"
    file.write_bytes(b"x" * size)
    response = send_file(file, get())
    assert response.content_length == size
    assert body_of(response) == b"x" * size


def test_never_read_into_memory(tmp_path: Path) -> None:
    """Only one chunk is in memory at a time, whatever the size of the file."""
    file = tmp_path / "large"
    with file.open("wb") as sparse:
        sparse.truncate(50 * CHUNK)
    chunks = iter(send_file(file, None).response)
    assert [len(next(chunks)), len(next(chunks))] == [CHUNK, CHUNK]


def test_a_file_that_grows(path: Path) -> None:
    """If the file grows, only the declared bytes are sent."""
    response = send_file(path, None)
    with path.open("ab") as file:
        file.write(b"more")
    assert body_of(response) == DATA


@pytest.mark.parametrize("size", [0, 10])
def test_a_file_that_shrinks(path: Path, size: int) -> None:
    """If the file shrinks, an error ends the connection. The response never looks complete."""
    response = send_file(path, None)
    os.truncate(path, size)
    with pytest.raises(ContentLengthError, match=f"got a file of {size} bytes, expected {len(DATA)}"):
        body_of(response)


def test_a_file_that_is_replaced(path: Path) -> None:
    """The opened file is sent, even if its name belongs to another file meanwhile, or to none."""
    response = send_file(path, None)
    path.with_name("new").write_bytes(b"other")
    os.replace(path.with_name("new"), path)
    assert body_of(response) == DATA


def test_open_files(path: Path) -> None:
    """An open binary file is sent from its current position, with or without a descriptor, and is closed at the end."""
    for file in (path.open("rb"), io.BytesIO(DATA)):
        file.seek(4)
        response = send_file(file, get(range="bytes=1-2"), mimetype="a/b")
        assert response.headers["Content-Range"] == f"bytes 1-2/{len(DATA) - 4}"
        assert body_of(response) == DATA[5:7]
        assert file.closed
    with path.open() as text, pytest.raises(ValueError, match="got a text file, expected a binary one"):
        send_file(text, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("codec", [gzip, bz2, lzma], ids=["gzip", "bz2", "lzma"])
def test_a_file_that_is_decoded_while_it_is_read(path: Path, codec: Any) -> None:
    """What reading an open file gives is sent, not the bytes behind its descriptor, if those are others."""
    packed = path.with_name("packed")
    with codec.open(packed, "wb") as file:
        file.write(DATA)
    with send_file(codec.open(packed, "rb"), None) as response:
        assert (response.headers["Content-Length"], body_of(response)) == (str(len(DATA)), DATA)
    opened = codec.open(packed, "rb")
    assert opened.read(3) == DATA[:3]
    with send_file(opened, get(range="bytes=2-5")) as response:
        assert (response.status_code, body_of(response)) == (206, DATA[5:9])
    assert opened.closed


def test_a_file_in_memory_stays_there() -> None:
    """Sending a file that is in memory does not move it to disk."""
    upload = MemoryFile(DATA)
    with tempfile.SpooledTemporaryFile(max_size=10_000) as spooled:
        spooled.write(DATA)
        spooled.seek(0)
        for file in (upload, spooled):
            assert body_of(send_file(file, None)) == DATA  # type: ignore[arg-type]
            assert "Content-Length" in send_file(io.BytesIO(DATA), None).headers
        assert not spooled._rolled  # type: ignore[attr-defined]
    assert type(upload) is MemoryFile


@pytest.mark.parametrize("kind", ["TemporaryFile", "NamedTemporaryFile", "unbuffered"])
def test_a_file_on_disk_is_read_by_its_descriptor(path: Path, kind: str) -> None:
    """Files of ``open()`` and of ``tempfile`` are read by position, so that several responses may send one at once.
    When the first of them has closed it, the others read no descriptor that may be that of another file.
    """
    file: Any = path.open("rb", buffering=0) if kind == "unbuffered" else getattr(tempfile, kind)()
    if kind != "unbuffered":
        file.write(DATA)
        file.seek(0)
    first, second = send_file(file, None), send_file(file, None)
    assert "ETag" in first.headers
    assert [b"".join(response.iter_encoded()) for response in (first, second)] == [DATA, DATA]
    assert file.tell() == 0
    first.close()
    with pytest.raises(ValueError, match="got a read of a closed file"):
        b"".join(second.iter_encoded())


def test_a_pipe() -> None:
    """A file that cannot seek is streamed, without a length and without ranges."""
    reading, writing = os.pipe()
    os.write(writing, b"abc")
    os.close(writing)
    response = send_file(os.fdopen(reading, "rb"), get(range="bytes=0-0"), mimetype="a/b")
    assert "Accept-Ranges" not in response.headers
    assert (response.status_code, response.content_length, body_of(response)) == (200, None, b"abc")


def test_a_relative_path(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that opens the file itself gets an absolute path, also if the process goes to another folder."""
    monkeypatch.chdir(path.parent)
    with send_file(path.name, None) as response:
        monkeypatch.chdir("/")
        assert response.response.path_to_send() == str(path)


def test_a_position_beyond_the_end() -> None:
    """An open file whose position is beyond its end has no bytes."""
    file = io.BytesIO(DATA)
    file.seek(2 * len(DATA))
    with send_file(file, None) as response:
        assert (response.headers["Content-Length"], b"".join(response.iter_encoded())) == ("0", b"")


def test_a_file_of_the_future(path: Path) -> None:
    """Last-Modified is never later than the time of the answer (RFC 9110 section 8.8.2.1)."""
    os.utime(path, (200_000_000_000, 200_000_000_000))
    with send_file(path, None) as response:
        assert response.last_modified is not None
        assert response.last_modified <= _dates.utc_now()


def test_only_get_and_head_ask_for_ranges_and_have_conditions(path: Path) -> None:
    """The answer to another method is the whole file (RFC 9110 section 14.2)."""
    for method, status in (("GET", 206), ("HEAD", 200), ("POST", 200), ("PUT", 200)):
        environ = RequestBuilder("/", method=method, headers={"Range": "bytes=1-2"}).environ()
        with send_file(path, Request(environ)) as response:
            assert response.status_code == status


def test_what_is_no_file(tmp_path: Path) -> None:
    """``send_file()`` raises OSError at once for what is no regular file, without waiting for a named pipe."""
    os.mkfifo(tmp_path / "pipe")
    for bad in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(IsADirectoryError, match="expected a regular file"):
            send_file(bad, None)
    with pytest.raises(FileNotFoundError):
        send_file(tmp_path / "none", None)


def test_nothing_leaks(path: Path) -> None:
    """The file is closed if the response is never sent, after a 304, HEAD and an error, and if sending fails."""
    before = len(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        send_file(path, None)
        send_file(path, get(if_none_match="*")).close()
        list(send_file(path, None).iter_events("HEAD"))
        send_file(path, get(if_match='"x"')).close()
        send_file(path, get(range="bytes=0-0,2-2")).close()
        with pytest.raises(ValueError, match="got etag"):
            send_file(path, None, etag='"')
        gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_a_file_whose_response_cannot_be_made(path: Path, error: type[BaseException]) -> None:
    """The file is closed, whatever is raised: by a function for ``max_age`` for example, or by a signal."""

    def fails(path: str | None) -> int:
        raise error

    before = len(os.listdir("/proc/self/fd"))
    with open(path, "rb") as file:
        with pytest.raises(error):
            send_file(file, None, max_age=fails)
        assert file.closed
    with pytest.raises(error) as caught:
        send_file(path, None, max_age=fails)
    assert len(os.listdir("/proc/self/fd")) == before
    assert caught.traceback  # the file was not closed with the frames of the error


@pytest.mark.parametrize("call", ["seekable", "tell", "seek"])
def test_the_file_is_closed_if_it_cannot_be_measured(call: str) -> None:
    """An open file is closed if a call fails by which its size is found. The error is that of the call."""

    def fail(*args: object) -> Any:
        raise LookupError(call)

    file = io.BytesIO(DATA)
    failing = type("Failing", (io.BytesIO,), {call: fail})(DATA)
    send_file(file, None, mimetype="text/plain").close()
    with pytest.raises(LookupError, match=call):
        send_file(failing, None, mimetype="text/plain")
    assert failing.closed
    assert file.closed


def test_reading_a_closed_file(path: Path) -> None:
    """A response that sends a file can be sent once."""
    response = send_file(path, None)
    assert body_of(response) == DATA
    with pytest.raises(ValueError, match="got a read of a closed file"):
        body_of(response)


def test_for_the_adapters(path: Path) -> None:
    """The adapters get the path and the size of a whole file. A part of a file has neither."""
    whole = send_file(path, None).response
    assert whole.path_to_send() == str(path)
    closed: list[int] = []
    file = whole.as_file(lambda: closed.append(1))
    assert (file.read(3), file.tell(), file.seek(-2, 2), file.read(), file.read(5)) == (
        DATA[:3],
        3,
        1022,
        DATA[-2:],
        b"",
    )
    assert (file.seek(-2000, 2), file.seek(-1), file.read(3)) == (0, 0, DATA[:3])
    for size in (-1, 0, 5, 2000):  # as of every file, nothing is read beyond the end
        file.seek(len(DATA) + 10)
        assert (file.read(size), file.tell()) == (b"", len(DATA) + 10)
    assert os.fstat(file.fileno()).st_size == len(DATA)
    file.close()
    file.close()
    assert closed == [1]
    part = send_file(path, get(range="bytes=1-2")).response
    assert (part.path_to_send(), part.as_file(bool)) == (None, None)
    assert FileBody(io.BytesIO(b""), 0).as_file(bool) is None
    (path.parent / "empty").touch()
    assert send_file(path.parent / "empty", None).response.as_file(bool) is None


def test_a_file_wrapper_that_is_closed_last(path: Path) -> None:
    """A server may close its file wrapper after the response was closed: that is no error, and closes nothing again."""
    whole: Any = send_file(path, None).response
    closed: list[int] = []
    file = whole.as_file(lambda: closed.append(1))
    whole.close()
    os.close(os.open(path, os.O_RDONLY))
    for _ in range(2):
        file.close()
    assert closed == [1]


def test_a_disk_that_fails_behind_a_file_wrapper(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk is not raised as an OSError, which a server takes for the end of its connection."""

    def fails(*args: Any) -> bytes:
        raise OSError(5, "the disk fails")

    monkeypatch.setattr(_file_body, "_pread", fails)
    whole: Any = send_file(path, None).response
    file = whole.as_file(whole.close)
    with pytest.raises(BrokenResponse) as caught:
        file.read(5)
    assert isinstance(caught.value.__cause__, OSError)
    file.close()


@pytest.mark.parametrize("ranges", ["bytes=1-2", "bytes=1-2,9-10"])
def test_a_part_of_a_closed_file_is_not_read(path: Path, ranges: str) -> None:
    """After the response was closed, its descriptor may be that of another file: no part of it is read any more,
    neither by a body that has begun nor by one that begins.
    """
    response = send_file(path, get(range=ranges))
    begun = iter(response.iter_encoded())
    begins = response.iter_encoded()
    assert next(begun)
    response.close()
    other = os.open(__file__, os.O_RDONLY)
    try:
        for body in (begun, begins) if "," in ranges else (begins,):
            with pytest.raises(ValueError, match="got a read of a closed file"):
                b"".join(body)
    finally:
        os.close(other)


def test_parts_of_one_file_are_closed_together(path: Path) -> None:
    """The file belongs to the whole body: closing it, or one of its parts, closes all of them."""
    fd = os.open(path, os.O_RDONLY)
    whole = FileBody(fd, len(DATA))
    parts = [whole.ranged(0, 3), whole.ranged(3, 6)]
    assert [b"".join(part) for part in parts] == [DATA[:3], DATA[3:6]]
    parts[0].close()
    for body in (whole, *parts):
        with pytest.raises(ValueError, match="got a read of a closed file"):
            b"".join(body)
    parts[1].close()


def test_file_that_shrinks_behind_a_file_wrapper(path: Path) -> None:
    """Servers that send by descriptor do not count the bytes. close() raises if the file was too short."""
    whole: Any = send_file(path, None).response
    file = whole.as_file(whole.close)
    os.truncate(path, 3)
    with pytest.raises(ContentLengthError, match="got a file of 3 bytes"):
        file.close()


@pytest.mark.parametrize(
    "name", ["..", "../x", "/etc/passwd", "a\0", "none", "x" * 5000, "data.bin/x", "CON", "..\\data.bin", ""]
)
def test_send_from_directory(path: Path, name: str) -> None:
    """The file with the client's name is found below the directory, or the answer is 404."""
    response = send_from_directory(path.parent, "data.bin", get(range="bytes=0-0"))
    assert (response.status_code, body_of(response)) == (206, b"\0")
    with pytest.raises(NotFound):
        send_from_directory(path.parent, name, None)


@pytest.mark.parametrize(
    "how", ["nothing", "replaced", "appended", "rewritten", "touched", "locked", "gone", "directory"]
)
def test_the_path_of_the_open_file(path: Path, how: str) -> None:
    """A server gets the path only while it names the open file: the same device, inode, size, time and permissions. The
    server opens the path itself, which may be forbidden by now.
    """
    with send_file(path, None) as response:
        body: Any = response.response
        assert body.path_to_send() == str(path)
        if how == "replaced":  # with the same size and time
            other = path.with_name("other")
            other.write_bytes(bytes(len(DATA)))
            os.utime(other, ns=(path.stat().st_mtime_ns,) * 2)
            os.replace(other, path)
        elif how == "appended":
            with path.open("ab") as file:
                file.write(b"more")
            os.utime(path, (10**9, 10**9))
        elif how == "rewritten":
            path.write_bytes(bytes(len(DATA)))
        elif how == "touched":
            os.utime(path, (10**9 + 1, 10**9))
            os.utime(path, ns=(10**18, 10**18 + 1))
        elif how == "locked":
            path.chmod(0o400)
        elif how in ("gone", "directory"):
            path.unlink()
            if how == "directory":
                path.mkdir()
        assert body.path_to_send() == (str(path) if how == "nothing" else None)


#: name -> Content-Type and Content-Encoding of the file
TYPES = {
    "a.txt": ("text/plain; charset=utf-8", None),
    "a.html": ("text/html; charset=utf-8", None),
    "a.js": ("text/javascript; charset=utf-8", None),
    "a.xml": ("text/xml", None),
    "a.svg": ("image/svg+xml", None),
    "a.svgz": ("image/svg+xml", "gzip"),
    "A.SVGZ": ("image/svg+xml", "gzip"),
    "a.xhtml": ("application/xhtml+xml", None),
    "a.atom": ("application/atom+xml", None),
    "a.rss": ("application/rss+xml", None),
    "a.json": ("application/json", None),
    "a.sql": ("application/sql", None),
    "a.png": ("image/png", None),
    "a.tar.gz": ("application/gzip", None),
    "a.svg.gz": ("application/gzip", None),
}


@pytest.mark.parametrize("name", TYPES)
def test_types_and_codings(tmp_path: Path, name: str) -> None:
    """``text/*`` is UTF-8 unless ``charset`` says otherwise. XML claims no charset: the file declares it (RFC 7303
    section 3). A file that is gzip by its definition has that content coding.
    """
    (tmp_path / name).write_bytes(b"x")
    kind, coding = TYPES[name]
    for charset in ("utf-8", "Shift_JIS", None):
        expected = kind.replace("; charset=utf-8", f"; charset={charset}" if charset else "")
        with send_file(tmp_path / name, None, charset=charset) as response:
            assert (response.content_type, response.content_encoding) == (expected, coding)
        for protocol in ("wsgi", "asgi"):
            with Client(StaticFiles(tmp_path, charset=charset), protocol=protocol) as client:  # type: ignore[arg-type]
                for asked in ({}, {"Range": "bytes=0-0"}):
                    answer = client.head(f"/{name}", headers=asked)
                    assert answer.headers["Content-Type"] == expected
                    assert answer.headers.get("Content-Encoding") == coding
    assert send_file(io.BytesIO(b"x"), None, download_name=name).content_encoding == coding


def test_a_type_that_is_given(path: Path) -> None:
    """``mimetype`` is used as it is, with the charset that it names. For bytes that stay packed it is the packing's."""
    for mimetype, name, expected in [
        ("text/plain; charset=latin-1", "a.txt", ("text/plain; charset=latin-1", None)),
        ("text/x", "a.bin", ("text/x; charset=utf-8", None)),
        ("application/xml", "a.bin", ("application/xml", None)),
        ("text/xml-external-parsed-entity", "a.bin", ("text/xml-external-parsed-entity", None)),
        ("application/gzip", "a.svgz", ("application/gzip", None)),
        ("image/svg+xml", "a.svgz", ("image/svg+xml", "gzip")),
        ("", "a.svgz", ("image/svg+xml", "gzip")),
    ]:
        with send_file(path, None, mimetype=mimetype, download_name=name) as response:
            assert (response.content_type, response.content_encoding) == expected
    with send_file(path, None, download_name="a.svgz", as_attachment=True) as response:  # it is saved as it is
        assert (response.content_type, response.content_encoding) == ("image/svg+xml", None)


@pytest.mark.parametrize("as_attachment", [False, True])
def test_the_coding_is_that_of_the_file(tmp_path: Path, as_attachment: bool) -> None:
    """The bytes of a packed file are packed, also if it is shown or saved under a name that does not say so."""
    path = tmp_path / "a.svgz"
    path.write_bytes(b"x")
    for name, expected in [("b.svg", ("image/svg+xml", "gzip")), ("b.gz", ("application/gzip", None))]:
        with send_file(path, None, download_name=name, as_attachment=as_attachment) as response:
            assert (response.content_type, response.content_encoding) == expected
    with send_file(path, None, download_name="b.svg", mimetype="application/gzip") as response:
        assert response.content_encoding is None


@pytest.mark.parametrize("charset", ["", "utf 8", "utf-8; x=y", "utf-8\n", "é", '"utf-8"', 5, b"utf-8", True])
def test_what_is_no_charset(path: Path, charset: Any) -> None:
    """A charset is a name such as IANA registers (RFC 2978 section 2.3)."""
    kind = ValueError if isinstance(charset, str) else TypeError
    for call in (lambda: send_file(path, None, charset=charset), lambda: StaticFiles(path.parent, charset=charset)):
        with pytest.raises(kind, match="got charset = "):
            call()


def test_max_age_of_a_function(path: Path) -> None:
    """``max_age`` may be a function of the path, None for an open file. It gives seconds, a timedelta or None."""
    asked: list[Any] = []

    def max_age(name: str | None) -> Any:
        asked.append(name)
        return {".bin": 60, ".txt": timedelta(minutes=2)}.get(os.path.splitext(name or "")[1])

    text = path.with_name("a.txt")
    text.write_bytes(b"x")
    for file, expected in [(path, "max-age=60"), (str(text), "max-age=120"), (io.BytesIO(b""), "no-cache")]:
        with send_file(file, None, max_age=max_age) as response:
            assert response.headers["Cache-Control"] == expected
    assert asked == [str(path), str(text), None]
    asked.clear()
    for protocol in ("wsgi", "asgi"):
        with Client(StaticFiles(path.parent, max_age=max_age), protocol=protocol) as client:  # type: ignore[arg-type]
            answers = [client.get(f"/{name}").headers["Cache-Control"] for name in ("a.txt", "a.txt", "data.bin")]
            assert answers == ["max-age=120", "max-age=120", "max-age=60"]
    assert asked == [str(text), str(text), str(path)] * 2


@pytest.mark.parametrize("value", [-1, timedelta(seconds=-1), "60", 1.5, True, float("nan"), [60]])
def test_garbage_as_max_age(path: Path, value: Any) -> None:
    """A ``max_age`` that is no time, or a negative one, is refused: where it is set, or where the function gave it. No
    file stays open.
    """
    kind = ValueError if isinstance(value, timedelta) or value == -1 else TypeError
    before = len(os.listdir("/proc/self/fd"))
    for given in (value, lambda name: value):
        with pytest.raises(kind, match="got max_age = "):
            send_file(path, None, max_age=given)
    with pytest.raises(kind, match="got max_age = "):
        StaticFiles(path.parent, max_age=value)
    for protocol in PROTOCOLS:
        client = Client(StaticFiles(path.parent, max_age=lambda name: value), protocol=protocol)
        with client, pytest.raises(kind, match="got max_age = "):
            client.get(f"/{path.name}")
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a\r\nb.txt", 'attachment; filename="a_b.txt"'),
        ("\0a\x7f.txt", 'attachment; filename="_a_.txt"'),
        ("é\x85\u2028.txt", "attachment; filename=\"e_.txt\"; filename*=UTF-8''%C3%A9_.txt"),
        ("a\udc80.txt", 'attachment; filename="a_.txt"'),
        ("日本語.txt", "attachment; filename=\"download.txt\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.txt"),
    ],
)
def test_download_names(path: Path, name: str, header: str) -> None:
    """Control characters in a download name become ``_``, also in the name of the file itself."""
    with send_file(path, None, as_attachment=True, download_name=name) as response:
        assert response.headers["Content-Disposition"] == header
    if "\0" not in name:
        path.rename(path.with_name(name))
        with send_file(path.with_name(name), None, as_attachment=True) as response:
            assert response.headers["Content-Disposition"] == header


def test_a_file_behind_a_file_wrapper_is_closed_although_it_cannot_be_asked(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response is closed, and its hooks run, also if the disk fails when the size of the file is asked for."""
    whole: Any = send_file(path, None).response
    file = whole.as_file(whole.close)

    def fails(number: int) -> Any:
        raise OSError("the disk fails")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", fails)
        with pytest.raises(OSError, match="the disk fails"):
            file.close()
    assert whole._closed


def test_a_system_without_pread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A descriptor is then read by position all the same: two readers of one file get all of it, each."""
    (tmp_path / "f").write_bytes(b"0123456789" * 10)
    monkeypatch.setattr(_file_body, "_pread", None)
    monkeypatch.setattr(_file_body, "CHUNK", 30)
    fd = os.open(tmp_path / "f", os.O_RDONLY)
    body = FileBody(fd, 95, 5)
    first, second = iter(body), iter(body)
    read = [next(first), next(second), *first, *second]
    body.close()
    assert b"".join(read[:1] + read[2:5]) == b"".join(read[1:2] + read[5:]) == (b"0123456789" * 10)[5:]


def test_a_body_of_a_file_shows_what_it_sends(tmp_path: Path) -> None:
    """The path, or else the file, with the bytes that are sent of it."""
    (tmp_path / "f").write_bytes(b"x" * 100)
    with (tmp_path / "f").open("rb") as file:
        whole, part = FileBody(file, 100, path="/srv/f"), FileBody(file, 60, 40)
        assert repr(whole) == "<FileBody '/srv/f' 100 bytes from 0>"
        assert repr(part).startswith("<FileBody <_io.BufferedReader name=")
        assert repr(part).endswith(" 60 bytes from 40>")


@pytest.mark.parametrize("name", ["mimetype", "download_name", "etag", "last_modified", "max_age", "charset"])
def test_an_option_of_another_type(name: str, tmp_path: Path) -> None:
    """An argument of another type is a TypeError that names it."""
    (tmp_path / "a.txt").write_text("x")
    options: Any = {name: [5]}
    with pytest.raises(TypeError, match=name):
        send_file(tmp_path / "a.txt", Request(RequestBuilder("/").environ()), **options)
