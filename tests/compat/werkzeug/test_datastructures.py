"""cardan.compat.werkzeug.datastructures: files that can be used as files, and a dictionary of files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import anyio
import pytest

import cardan.datastructures
from cardan.compat.werkzeug import datastructures
from cardan.compat.werkzeug.test import EnvironBuilder
from cardan.compat.werkzeug.wrappers import Request
from cardan.exceptions import WrongMode


def test_the_containers_are_those_of_cardan() -> None:
    """Every other name is that of :mod:`cardan.datastructures` or :mod:`cardan.core.structures`."""
    for name in datastructures.__all__:
        if name not in ("FileStorage", "FileMultiDict"):
            home = cardan.datastructures if name in cardan.datastructures.__all__ else cardan.core.structures
            assert getattr(datastructures, name) is getattr(home, name)
    assert issubclass(datastructures.FileStorage, cardan.FileStorage)


def test_a_file_is_used_as_a_file(wz: Any, tmp_path: Path) -> None:
    """The methods of the file in ``stream`` are methods of the FileStorage; ``save`` has a ``buffer_size``."""
    file = wz.datastructures.FileStorage(
        io.BytesIO(b"a\nb\nc"), "x.txt", "field", content_type="Text/Plain; charset=utf-8; X=1"
    )
    assert (file.mimetype, file.mimetype_params) == ("text/plain", {"charset": "utf-8", "x": "1"})
    assert (file.readline(), file.tell(), file.seek(0)) == (b"a\n", 2, 0)
    assert file.readlines() == [b"a\n", b"b\n", b"c"]
    assert (file.seekable(), file.readable(), file.closed) == (True, True, False)
    file.seek(0)
    assert list(file) == [b"a\n", b"b\n", b"c"]
    file.seek(0)
    file.save(tmp_path / "saved", buffer_size=2)
    assert (tmp_path / "saved").read_bytes() == b"a\nb\nc"
    target = io.BytesIO()
    file.seek(2)
    file.save(target, 1)
    assert target.getvalue() == b"b\nc"
    with pytest.raises(AttributeError):
        file.no_such_method
    assert bool(file)
    assert not wz.datastructures.FileStorage()
    file.close()


def test_an_upload_is_used_as_a_file(wz: Any) -> None:
    """Libraries that want a file take an upload."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("a.txt", "inside")
    archive.seek(0)
    request = wz.wrappers.Request(wz.test.create_environ(method="POST", data={"f": (archive, "a.zip")}))
    file = request.files["f"]
    assert isinstance(file, wz.datastructures.FileStorage)
    with zipfile.ZipFile(file) as read:
        assert read.read("a.txt") == b"inside"
    request.close()


def test_uploads_in_async_code() -> None:
    """In async code the twins are awaited; ``read`` is refused as in cardan."""

    async def main() -> None:
        scope, receive = EnvironBuilder(method="POST", data={"f": (io.BytesIO(b"hello"), "x.txt")}).get_scope()
        request = await Request(scope, receive).load()
        file = request.files["f"]
        assert type(file) is datastructures.FileStorage
        with pytest.raises(WrongMode):
            file.read()
        assert await file.aread() == b"hello"
        await request.aclose()

    anyio.run(main)


def test_a_private_name_is_not_that_of_the_stream() -> None:
    """A file has the methods of its stream. Names with an underscore are its own: copying looks for some of them."""
    file = datastructures.FileStorage(io.BytesIO(b"x"))
    assert file.getvalue() == b"x"
    with pytest.raises(AttributeError, match=r"^'FileStorage' object has no attribute '_private'$"):
        file._private


def test_a_dictionary_of_files(wz: Any, tmp_path: Path) -> None:
    """``add_file`` takes a path, an open file and a FileStorage."""
    (tmp_path / "a.png").write_bytes(b"png")
    files = wz.datastructures.FileMultiDict()
    files.add_file("path", str(tmp_path / "a.png"))
    files.add_file("open", io.BytesIO(b"x"), "b.txt")
    files.add_file("typed", io.BytesIO(b"x"), "b.txt", "x/y")
    files.add_file("ready", wz.datastructures.FileStorage(io.BytesIO(b"y"), "c"))
    assert {name: file.content_type for name, file in files.items()} == {
        "path": "image/png", "open": "text/plain", "typed": "x/y", "ready": None,
    }  # fmt: skip
    assert [file.read() for file in files.values()] == [b"png", b"x", b"x", b"y"]
    assert files["path"].filename == str(tmp_path / "a.png")
    files["path"].close()
